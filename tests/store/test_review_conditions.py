"""Conditions: what can be written reads back the same, nothing crashes, unknown stays unknown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.records import Deployment, Fact, Json, UseCase, Version
from store.review.conditions import (
    KEYWORDS,
    NAMES,
    Always,
    And,
    Compare,
    Condition,
    ConditionError,
    In,
    Name,
    Not,
    Or,
    Value,
    evaluate,
    names_in,
    parse,
    show,
)
from store.review.context import context

# The conditions of the 54 shipped items, T05, T10, T11, T15 and R09 as rewritten by DECISIONS 9.
SHIPPED = {
    "D01 D02 D04 D05 P01 P02 P03 P04 A01 A03 A05 A08 T01 T06 T09 T10 T13 V01 V03 V04 V06 R02 R03 R07 R09 X01 X02 X04 "
    "X05 X06": "always",
    "D03 R06": "platform == azure",
    "A02": "platform in (azure, aws-bedrock, google-vertex)",
    "A04": "deployment_type == provisioned",
    "A06": "to.max_input_tokens < from.max_input_tokens or to.max_output_tokens < from.max_output_tokens or "
    "deployment_type == provisioned",
    "A07": "from.knowledge_cutoff != to.knowledge_cutoff or use_case.languages > 1",
    "A09": "regulated == true or from.publisher != to.publisher",
    "T02 T04": "to.reasoning == true",
    "T03": "to.accepts_temperature == false",
    "T05": "from.publisher != to.publisher or from.reasoning != to.reasoning",
    "T07": "use_case.tools == true",
    "T08": "use_case.structured_output == true",
    "T11": "from.kind == embedding",
    "T12": "fine_tuned == true",
    "T14": "use_case.caching or use_case.batch or use_case.priority_tier",
    "T15": "use_case.modalities contains image or use_case.modalities contains audio or use_case.modalities contains "
    "file",
    "V02": "risk in (high, regulated)",
    "V05": "user_facing == true or risk in (high, regulated)",
    "R01": "deployment_strategy == side_by_side",
    "R04": "deployment_type == provisioned and deployment_strategy == in_place",
    "R05": "deployment_type == batch",
    "R08": "user_facing == true",
    "X03": "deployment_type == provisioned or budgeted == true",
}
CONDITIONS = {item: text for items, text in SHIPPED.items() for item in items.split()}


def version(key: str, **values: Json) -> Version:
    facts: dict[str, tuple[Fact, ...]] = {name: (Fact(value, "test", "2026-11-01"),) for name, value in values.items()}
    return Version(uid=key, key=key, facts=facts)


OLD = version(
    "azure-openai/gpt-4o@2024-05-13", kind="chat", publisher="OpenAI", capabilities=["tools"], max_input_tokens=128000,
    max_output_tokens=4096, knowledge_cutoff="2023-10", accepts_temperature=True,
)  # fmt: skip
NEW = version(
    "azure-openai/gpt-5.6-sol@2026-08-01", kind="chat", publisher="OpenAI", capabilities=["tools", "reasoning"],
    max_input_tokens=272000, max_output_tokens=128000, knowledge_cutoff="2023-10", accepts_temperature=False,
)  # fmt: skip
SUPPORT = UseCase(
    "u1", "support", criticality="normal", uses=("tools",), modalities=("text", "image"), languages=1, regulated=False,
    user_facing=True, budgeted=False, caching=False, batch=False, priority_tier=False,
)  # fmt: skip
PROVISIONED = Deployment("d1", "ptu", platform="azure", sku="GlobalProvisionedManaged", fine_tuned=False)


def test_every_shipped_condition_is_decided_when_all_is_known() -> None:
    values = context(SUPPORT, OLD, NEW, PROVISIONED, strategy="in_place")
    answers = {item: evaluate(parse(text), values) for item, text in CONDITIONS.items()}
    assert len(answers) == 54
    assert None not in answers.values()
    left_out = "A07 A09 T08 T11 T12 T14 V02 R01 R05"
    assert sorted(item for item, applies in answers.items() if not applies) == sorted(left_out.split())


def test_every_shipped_condition_keeps_its_item_when_nothing_is_known() -> None:
    values = context(None, None, None, None)
    for item, text in CONDITIONS.items():
        assert evaluate(parse(text), values) is (True if text == "always" else None), item
        assert parse(show(parse(text))) == parse(text)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("regulated or user_facing", True),
        ("budgeted or regulated", None),
        ("budgeted and regulated", False),
        ("not (budgeted and regulated)", True),
        ("user_facing and regulated", None),
        ("not budgeted and not user_facing", False),
        ("not budgeted == true", True),
        ("use_case.languages > 1", True),
        ("use_case.languages > english", None),
        ("user_facing == yes", None),
        ("user_facing < true", None),
        ("kind", None),
        ("kind in (embedding, chat)", True),
        ("kind in (embedding, to.kind)", None),
        ("from.kind == kind", False),
        ("use_case.modalities contains audio", False),
        ("kind contains chat", None),
        ('kind == "chat" or to.kind == chat', True),
        ("retirement > 2026-11-23", True),
        ("user_facing or budgeted and regulated", True),
        ("(user_facing or budgeted) and regulated", None),
    ],
)
def test_three_answers(text: str, answer: bool | None) -> None:
    values: dict[str, Json] = {
        "user_facing": True, "budgeted": False, "regulated": None, "use_case.languages": 3, "kind": "chat",
        "from.kind": "chat", "use_case.modalities": ["text", "image"], "retirement": "2026-12-09",
    }  # fmt: skip
    assert evaluate(parse(text), values) is answer


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", 1, "a name"),
        ("platform = azure", 10, "'=='"),
        ("platform == ", 13, "a value or a name, but it ends"),
        ("platform in azure", 13, "'(' after 'in'"),
        ("platform in (azure", 19, "',' or ')'"),
        ("(regulated or budgeted", 23, "')'"),
        ("regulated budgeted", 11, "'and', 'or' or the end"),
        ("regulatd == true", 1, "nearest: regulated"),
        ("from.family != to.family", 1, "'from.family' is not a known name"),
        ("from.kind != to.kindd", 14, "nearest: to.kind"),
        ("from.kind != to.kind or unknown", 25, "'unknown' is not a known name"),
        ("retirement is in the future", 12, "'and', 'or' or the end"),
        ('platform == "azure', 13, "a closing quote"),
        ("not " * 50 + "regulated", 165, "levels"),
        ("(" * 5000, 42, "levels"),
    ],
)
def test_an_unreadable_condition_says_where_and_what(text: str, place: int, words: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse(text)
    assert f"at character {place} " in str(caught.value)
    assert words in str(caught.value)


def test_what_a_condition_speaks_of() -> None:
    assert names_in(parse("not (risk in (high, kind) or from.kind != to.kind) and budgeted")) == {
        "risk", "from.kind", "to.kind", "budgeted",
    }  # fmt: skip


def test_context_keeps_unknown_apart_from_no() -> None:
    known = context(UseCase("u", "u", uses=()), version("openai/a@1"), version("azure-openai/a@1"), None)
    assert known["use_case.tools"] is False
    assert known["from.reasoning"] is None
    assert known["platform"] is None, "two platforms: the items of both stay"
    assert context(UseCase("u", "u", criticality="normal"), None, None, None)["risk"] is None
    assert context(UseCase("u", "u", criticality="high"), None, None, None)["risk"] == "high"
    answered = context(SUPPORT, OLD, NEW, None, answers={"fine_tuned": True, "regulated": True, "other": True})
    assert (answered["fine_tuned"], answered["regulated"]) == (True, False), "a field goes before an answer"
    assert set(answered) == NAMES


names = st.sampled_from(sorted(NAMES)).map(Name)
scalars = st.one_of(
    st.booleans(),
    st.integers(-(10**29), 10**29),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(sorted(KEYWORDS | NAMES | {"1e999", "-3", "a\\", '"', "from.nobody", "aws-bedrock"})),
)
operands = names.filter(lambda name: "." in name.path) | scalars.map(Value)
leaves = st.one_of(
    st.just(Always()),
    names,
    st.builds(Compare, names, st.sampled_from(["==", "!=", "<", ">", "contains"]), operands),
    st.builds(In, names, st.lists(operands, min_size=1, max_size=3).map(tuple)),
)


def grow(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    many = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, inner) | st.builds(And, many) | st.builds(Or, many)


conditions = st.recursive(leaves, grow, max_leaves=8)
values = st.dictionaries(
    st.sampled_from(sorted(NAMES)),
    st.none() | scalars | st.lists(scalars, max_size=3) | st.dictionaries(scalars, scalars),
)


@given(conditions)
def test_what_is_written_reads_back_the_same(condition: Condition) -> None:
    assert parse(show(condition)) == condition


@given(conditions, values)
def test_evaluation_never_fails_and_knowing_more_never_turns_an_answer(
    condition: Condition, known: dict[str, Json]
) -> None:
    full = evaluate(condition, known)
    assert full in (True, False, None)
    less = evaluate(condition, dict(list(known.items())[1:]))
    assert less is None or less is full


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from(sorted(KEYWORDS | NAMES | set('()<>,="! '))), max_size=20).map(" ".join)
)
def test_any_text_parses_or_is_refused_in_one_sentence(text: str) -> None:
    try:
        read = show(parse(text))
    except ConditionError as refused:
        read = ""
        where = str(refused)
    else:
        where = "at character"
    assert "at character" in where
    assert not read or show(parse(read)) == read
