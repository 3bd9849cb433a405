from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.records import Assignment, Deployment, Measurement, UseCase, Version
from store.validation import Invalid, check, fault

FREE = {"value": "free", "source": "x", "as_of": "2026"}


@pytest.mark.parametrize(
    ("kind", "values", "sentence"),
    [
        (UseCase, {"uid": "u", "name": "Support Bot"}, "is not a use-case name: write small letters"),
        (UseCase, {"uid": "u"}, "name is missing"),
        (UseCase, {"uid": "u", "name": "a", "calls_per_month": "many"}, "calls_per_month: 'many' is not a number"),
        (UseCase, {"uid": "u", "name": "a", "calls_per_month": -1}, "is less than zero"),
        (UseCase, {"uid": "u", "name": "a", "cached_share": 30}, "does not lie between 0 and 1"),
        (UseCase, {"uid": "u", "name": "a", "criticality": "urgent"}, "is not one of 'low', 'normal' or 'high'"),
        (UseCase, {"uid": "u", "name": "a", "review_by": "soon"}, "is not a date; write it as 2026-12-09"),
        (UseCase, {"uid": "u", "name": "a", "criteria": {"metrics": {"f1": {"margin": -1}}}}, "is zero or more"),
        (UseCase, {"uid": "u", "name": "a", "freeze": [["2026-12-24", "2026-12-01"]]}, "ends on 2026-12-01 before"),
        (Assignment, {"uid": "u", "use_case": "a", "version": "gpt-4o"}, "'gpt-4o' is not a key"),
        (Assignment, {"uid": "u", "use_case": "a", "version": "o/g", "share": 120}, "between 0 and 100"),
        (Measurement, {"uid": "u", "metric": "f1", "version": "o/g", "value": "good"}, "value: 'good' is not a number"),
        (Measurement, {"uid": "u", "metric": "f1", "version": "o/g", "value": 1, "n": 1.5}, "is not a whole number"),
        (Deployment, {"uid": "u", "name": " "}, "name is empty"),
        (Version, {"uid": "u", "key": "o/g", "facts": {"price_input": [FREE]}}, "is not a price"),
        (Version, {"uid": "u", "key": "o/g", "note": "x" * 100_001}, "more than 100,000 characters"),
    ],
)  # fmt: skip
def test_each_fault_is_one_sentence_that_names_place_and_remedy(kind: type, values: dict, sentence: str) -> None:
    with pytest.raises(Invalid) as caught:
        check(kind, values, place="line 3")
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("line 3: ")
    assert "\n" not in str(caught.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        check(UseCase, {"uid": "u", "name": "A!", "tokens_in": -1, "cached_share": 2})
    assert {name for name, _ in caught.value.faults} == {"name", "tokens_in", "cached_share"}


def test_control_characters_and_direction_marks_are_dropped() -> None:
    made = check(UseCase, {"uid": "u", "name": "a", "title": "ev\x1b[31mil\u202e\x00", "note": "two\nlines\t"})
    assert made.title == "ev[31mil"
    assert made.note == "two\nlines\t"


def test_texts_of_a_form_become_typed_values() -> None:
    made = check(UseCase, {"uid": "u", "name": "a", "calls_per_month": "2.5e6", "regulated": "true", "languages": "3"})
    assert (made.calls_per_month, made.regulated, made.languages) == (2_500_000, True, 3)


def test_a_form_asks_for_the_sentence_of_one_field() -> None:
    assert "is not a number" in fault(UseCase, "tokens_in", {"uid": "u", "name": "a", "tokens_in": "x"})
    assert fault(UseCase, "name", {"uid": "u", "name": "a", "tokens_in": "x"}) == ""


json_value: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.sampled_from([Version, UseCase, Assignment, Measurement, Deployment]),
    st.dictionaries(
        st.sampled_from(
            ["uid", "name", "key", "value", "version", "use_case", "metric", "facts", "criteria", "share", "tags"]
        ),
        json_value,
    ),
)
def test_hostile_values_are_accepted_or_refused_but_never_crash(kind: type, values: dict) -> None:
    try:
        record = check(kind, values)
    except Invalid:
        return
    assert isinstance(record, kind)
