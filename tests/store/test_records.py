from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import reference
from store.records import Assignment, Fact, Key, Measurement, Version, best_fact, first_day, from_doc, to_doc

visible = st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"))
word = st.text(visible, min_size=1, max_size=20)


@given(word.filter(lambda s: "/" not in s), word, st.none() | word.filter(lambda s: "@" not in s))
def test_any_unicode_key_round_trips(provider: str, model: str, version: str | None) -> None:
    key = Key(provider, model, version)
    assert Key.parse(str(key)) == key


def test_every_shipped_id_round_trips() -> None:
    ids = [doc["key"] for doc in reference.version_docs()]
    assert len(ids) == 774
    assert [str(Key.parse(i)) for i in ids] == ids


@pytest.mark.parametrize("text", ["", "gpt-4o", "/gpt-4o", "openai/", "openai/@1", "openai/gpt@", "a/b\x1b[31m"])
def test_what_is_no_key_says_so(text: str) -> None:
    with pytest.raises(ValueError, match="is not a key"):
        Key.parse(text)


def test_the_provider_ends_at_the_first_slash_and_the_version_starts_after_the_last_at() -> None:
    assert Key.parse("hf/meta/llama@3@v1") == Key("hf", "meta/llama@3", "v1")
    assert str(Key("hf", "100%@home", None)) == "hf/100%25%40home"


def test_documents_leave_defaults_out_and_come_back() -> None:
    version = Version("u1", "a/b@1", facts={"price_input": (Fact(2.5, "litellm", "2026-11"),)}, tags=("x",))
    doc = to_doc(version)
    assert doc == {
        "uid": "u1",
        "key": "a/b@1",
        "facts": {"price_input": [{"value": 2.5, "source": "litellm", "as_of": "2026-11"}]},
        "tags": ["x"],
    }
    assert from_doc(Version, doc | {"from_the_future": 1}) == version


def test_a_stage_is_written_even_at_its_default() -> None:
    assert to_doc(Assignment("u", "churn", "a/b"))["stage"] == "Production"


def test_values_that_json_cannot_hold_survive() -> None:
    for value in (float("inf"), float("-inf")):
        assert from_doc(Measurement, to_doc(Measurement("u", "m", value, "a/b"))).value == value
    nan = from_doc(Measurement, to_doc(Measurement("u", "m", float("nan"), "a/b"))).value
    assert nan != nan


def test_the_local_claim_wins_then_the_imported_then_the_newest_remote() -> None:
    old = Fact(1, "s1", "2026-01", origin="reference")
    new = Fact(2, "s2", "2026-05", origin="litellm")
    imported = Fact(3, "file", "2025-01", layer="imported", origin="import:x.csv")
    local = Fact(4, "own", "2024-01", layer="local", origin="local")
    assert best_fact(()) is None
    assert best_fact((old, new)) == new
    assert best_fact((old, new, imported)) == imported
    assert best_fact((old, imported, local, new)) == local
    second = replace(old, value=9, as_of="2026-12")
    assert best_fact((old, second)) == old, "of one origin the first is the one that it chose"


def test_a_month_means_its_first_day() -> None:
    assert first_day("2026-02").isoformat() == "2026-02-01"
    assert first_day("2026").isoformat() == "2026-01-01"
    with pytest.raises(ValueError, match="invalid literal"):
        first_day("soon")
