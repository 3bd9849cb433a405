"""The query language: what it reads, what it says about what it cannot read, and that it prints back what it read."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.fields import FIELDS, literal, metric_field, natural, spellings
from store.matching import predicate
from store.query import And, Compare, Has, Not, Or, Query, Word, parse

TODAY = date(2026, 11, 23)
NAMES = spellings(
    [
        *FIELDS.values(),
        metric_field("accuracy", "Accuracy"),
        metric_field("aider.pass_rate_2", "Aider"),
        metric_field("val acc (macro)", "Named by somebody else"),
        metric_field("has", "A metric named like a prefix"),
    ]
)


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("", And()),
        ("gpt-4o", Word("gpt-4o")),
        ('"exact words" x', And((Word("exact words"), Word("x")))),
        ("stage:production", Compare("stage", ":", "production")),
        ("STAGE:Production", Compare("stage", ":", "Production")),
        ("start-by:today", Compare("start_by", ":", "today")),
        ("date>2026", Compare("released", ">", "2026")),
        ("retires<60d", Compare("retires", "<", "60d")),
        ("retires:<60d", Compare("retires", "<", "60d")),
        ("price_in:<=1", Compare("price_in", "<=", "1")),
        ("price_in≤1", Compare("price_in", "<=", "1")),
        ("accuracy>=0.8", Compare("accuracy", ">=", "0.8")),
        ("aider.pass_rate_2>50%", Compare("aider.pass_rate_2", ">", "50%")),
        ('"val acc (macro)">0.5', Compare("val acc (macro)", ">", "0.5")),
        ("owner==ann", Compare("owner", "=", "ann")),
        ('owner:"Ann Lee"', Compare("owner", ":", "Ann Lee")),
        ("has:upgrade", Has("upgrade")),
        ("missing:price_in", Not(Has("price_in"))),
        ("-has:owner", Not(Has("owner"))),
        ("-missing:owner", Has("owner")),
        ("not:gpt-4o", Not(Word("gpt-4o"))),
        ("not gpt-4o", Not(Word("gpt-4o"))),
        ("--x", Word("x")),
        ("-(a b)", Not(And((Word("a"), Word("b"))))),
        ("a b or c", Or((And((Word("a"), Word("b"))), Word("c")))),
        ("a (b or c)", And((Word("a"), Or((Word("b"), Word("c")))))),
        ("((a)) and a", Word("a")),
        ("stage:prod,stag", Or((Compare("stage", ":", "prod"), Compare("stage", ":", "stag")))),
        ("retires:..60d", Compare("retires", "<=", "60d")),
        ("price_in:1..5", And((Compare("price_in", ">=", "1"), Compare("price_in", "<=", "5")))),
        ("https://x.org/a", Word("https://x.org/a")),
        ("colour:red", Word("colour:red")),
        ('"or" "-x"', And((Word("or"), Word("-x")))),
        (r'"a \"b\" \\ c"', Word(r'a "b" \ c')),
    ],
)
def test_reads(text, node):
    query = parse(text, NAMES)
    assert query.node == node
    assert query.error is None


@pytest.mark.parametrize(
    ("text", "left", "position", "says"),
    [
        ("x retires:<", "x", 2, "retires needs a value"),
        ("x retires:soon", "x", 10, "'soon' does not fit retires; write a day such as 2026-12-31"),
        ("retires<2026-02-30", "", 8, "write a day"),
        ("retires<60", "", 8, "60d"),
        ("price_in<cheap x", "x", 9, "an amount in USD"),
        ("own:maybe", "", 4, "yes or no"),
        ("has:ownr x", "x", 4, "'ownr' is no field; did you mean owner?"),
        ("missing:", "", 8, "missing: needs a field"),
        ('owner:""', "", 6, "missing:owner"),
        ("a or", "a", 2, "both sides"),
        ("or a", "a", 0, "both sides"),
        ("a or or b", "a or b", 2, "both sides"),
        ("(a b", "a b", 0, "never closed"),
        ("a) b", "a b", 1, "closes nothing"),
        ("() a", "a", 0, "nothing stands between"),
        ("a -", "a", 2, "nothing follows"),
        ("- a", "a", 0, "nothing follows"),
        ("not or b", "b", 0, "nothing follows"),
        ('a "b c', 'a "b c"', 2, "never closed"),
        ("(" * 40 + "a" + ")" * 40, "a", 30, "deeper"),
    ],
)
def test_says_what_it_left_out(text, left, position, says):
    query = parse(text, NAMES)
    assert str(query) == left
    assert query.error is not None
    assert query.error.position == position
    assert says in str(query.error)


def test_a_slip_in_a_field_name_is_a_word_with_a_hint():
    query = parse("stagee:production", NAMES)
    assert query.node == Word("stagee:production")
    assert query.error is None
    assert query.hint is not None
    assert query.hint.suggestion == "did you mean stage:?"
    assert parse("https://x", NAMES).hint is None


TERMS = st.one_of(
    st.sampled_from(
        ["a", "gpt-4o", '"two words"', '"or"', '"-x"', '"q\\"q"', "or", "and", "not", "NOT ", "-", "(", ")"]
    ),
    st.sampled_from(
        ["has:owner", "missing:price_in", "not:", "has:5", '"has">5', "has:", '"val acc (macro)"', ":", "<"]
    ),
    st.builds(
        "{}{}{}".format,
        st.sampled_from(
            ["stage", "price_in", "retires", "tag", "own", "days", "accuracy", "nope", '"val acc (macro)"']
        ),
        st.sampled_from([":", "=", "!=", ":<", "<=", ">", ":>="]),
        st.sampled_from(
            ["", "prod,stag", '"x y"', "1..5", "..", "60d", "2026-12", "-2w", "$5k", "80%", "yes", "1,5", ","]
        ),
    ),
)


def assert_prints_back(text):
    query = parse(text, NAMES)
    printed = str(query)
    again = parse(printed, NAMES)
    assert again == query, printed
    assert again.error is None
    assert str(again) == printed
    for place in filter(None, (query.error, query.hint)):
        assert 0 <= place.position <= len(text)
        assert place.message


@settings(max_examples=400)
@given(st.lists(TERMS, max_size=12), st.sampled_from([" ", ""]))
def test_prints_back_what_it_read(terms, between):
    assert_prints_back(between.join(terms))


@settings(max_examples=300)
@given(st.text(max_size=60) | st.text(alphabet='ab"\\()-:<>=!,. ort\t\n', max_size=60))
def test_no_text_crashes_it(text):
    assert_prints_back(text)


@pytest.mark.parametrize(
    "text", ["(" * 5000, "-" * 5000, "not " * 5000, '"' * 5001, "a or " * 3000, "x:" * 5000, "\ud800", "\0"]
)
def test_no_length_or_depth_crashes_it(text):
    assert_prints_back(text)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("price_in", "$2.50", 2.5),
        ("price_in", "5k", 5000.0),
        ("context", "1M", 1e6),
        ("context", "2m", 2e6),
        ("context", "128,000", 128000.0),
        ("accuracy", "80%", 0.8),
        ("share", "50%", 50.0),
        ("days", "14", 14.0),
        ("days", "2w", 14.0),
        ("days", "3m", 90.0),
        ("start_in", "-1y", -365.0),
        ("own", "Yes", True),
        ("own", "off", False),
        ("owner", "Ann", "ann"),
    ],
)
def test_units_depend_on_the_kind(field, text, value):
    assert literal(NAMES[field], text, TODAY) == value


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("today", date(2026, 11, 23), None),
        ("60d", date(2027, 1, 22), None),
        ("-2w", date(2026, 11, 9), None),
        ("3m", date(2027, 2, 23), None),
        ("-1y", date(2025, 11, 23), None),
        ("2026-12-09", date(2026, 12, 9), None),
        ("2027-02", date(2027, 2, 1), date(2027, 2, 28)),
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_days_and_spans(text, first, last):
    assert literal(NAMES["retires"], text, TODAY) == (first, last or first)


def test_a_month_ends_with_the_shorter_month_and_time_ends_with_the_calendar():
    assert literal(NAMES["retires"], "1m", date(2027, 1, 31)) == (date(2027, 2, 28),) * 2
    assert literal(NAMES["retires"], "90y", date(9999, 1, 1)) == (date.max,) * 2
    with pytest.raises(ValueError, match="does not fit retires"):
        literal(NAMES["retires"], "999999d", TODAY)


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        ("retires<2026-12", date(2026, 11, 30), True),
        ("retires<2026-12", date(2026, 12, 1), False),
        ("retires>2026-12", date(2026, 12, 31), False),
        ("retires<=2026-12", date(2026, 12, 31), True),
        ("retires:2026-12", date(2026, 12, 15), True),
        ("retires!=2026-12", date(2026, 12, 15), False),
        ("lifecycle:ga", "legacy", False),
        ("lifecycle:ga", "ga (listed)", True),
        ("lifecycle=ga", "ga (listed)", False),
        ("on_the_day:no-date", "no_date", True),
        ("provider:azure", "azure-openai", True),
        ("provider=azure", "azure-openai", False),
        ("model:GPT", "gpt-4o", True),
        ("version>=7", "10", True),
        ("version<v10", "v9", True),
        ("tag:eu", ("us", "eu-west"), True),
        ("tag=eu", ("us", "eu-west"), False),
        ("tag!=eu", ("us", "eu-west"), True),
        ("own:no", False, True),
        ("own!=no", False, False),
        ("accuracy:0.8", 0.8, True),
        ("accuracy=80%", 0.8, True),
    ],
)
def test_comparisons(text, value, holds):
    term = parse(text, NAMES).node
    assert isinstance(term, Compare)
    assert predicate(term, NAMES[term.field], TODAY)(value) is holds


def test_narrower():
    def narrows(new, old):
        return parse(new, NAMES).narrows(parse(old, NAMES))

    assert narrows("gpt-4o", "gpt")
    assert narrows("stage:prod gpt-4", "GPT stage:prod")
    assert narrows("x", "")
    assert not narrows("gpt", "gpt-4")
    assert not narrows("price_in<90", "price_in<9")
    assert not narrows("gpt or x", "gpt")
    assert not narrows("-gpt-4", "-gpt")


def test_natural_order():
    assert sorted(["v10", "V2", "v1", "x", ""], key=natural) == ["", "v1", "V2", "v10", "x"]
    assert natural("1" * 9000) < natural("2" * 9000)


def test_an_error_does_not_make_queries_differ():
    assert parse("a (") == parse("a") == Query(Word("a"))
