"""The index: what a query finds equals what a plain reading of the records finds."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st
from search_samples import SMALL, TODAY, claim, found, snapshot

from store.query import And, Compare, Has, Not, Or, Word, parse
from store.records import Assignment, Measurement, UseCase, Version
from store.rows import Head, Traits, head_of, heads_of
from store.search import Index

PRICES = (None, 0.5, 1, 1.5, 10)
DAYS = (None, "2025-01-31", "2026-02", "2026-11-23")
NAMED = ("a-1", "a-2", "b", "Straße", "x y", "[/b]", "\u202eevil")


@st.composite
def catalogs(draw):
    versions = {}
    for n in range(draw(st.integers(0, 8))):
        key = f"{draw(st.sampled_from(('openai', 'azure-openai', 'mlflow')))}/{draw(st.sampled_from(NAMED))}@{n}"
        price, day = draw(st.sampled_from(PRICES)), draw(st.sampled_from(DAYS))
        facts = {"price_input": claim(price)} if price is not None else {}
        facts |= {"release_date": claim(day)} if day else {}
        tags = tuple(draw(st.lists(st.sampled_from(("eu", "us", "Alpha")), unique=True, max_size=2)))
        versions[key] = Version(str(n), key, own=draw(st.booleans()), tags=tags, facts=facts)
    use_cases = [UseCase("u1", "support", owner="Ann"), UseCase("u2", "churn", owner="")]
    picked = draw(st.lists(st.sampled_from(sorted(versions)), max_size=4)) if versions else []
    stages = st.sampled_from(("Production", "Staging", "Archived"))
    assignments = [
        Assignment(f"a{n}", draw(st.sampled_from(("support", "churn"))), key, stage=draw(stages))
        for n, key in enumerate(picked)
    ]
    return snapshot(versions.values(), use_cases, assignments=assignments)


QUERIES = st.lists(
    st.sampled_from(
        ["a", "A-1", "STRASSE", "[/b]", "evil", '"x y"', "support", "ann", "production", "zz", "or", "-", "not:",
         "(", ")", "stage:prod", "stage=Staging", "-stage:arch", "stage:prod,stag", "provider:azure",
         "provider=openai", "model=b", "price_in<=1", "price_in:0.5", "price_in!=1", "price_in:1..5",
         "missing:price_in", "has:price_in", "-price_in>1", "released<2026", "released:2026-02", "released>=-1m",
         "tag:eu", "tag!=eu", "has:tag", "own:yes", "own:no", "has:own", "owner:ann", "missing:owner",
         "use_case:churn", "has:use_case", "version>3"]
    ),
    max_size=6,
).map(" ".join)  # fmt: skip


def read(catalog, key, assignment, name):
    """The value of a field, straight from the records."""
    version, use_case = catalog.versions[key], catalog.use_cases[assignment.use_case] if assignment else None
    provider, rest = key.split("/", 1)
    model, number = rest.rsplit("@", 1)
    released = version.value("release_date")
    return {
        "provider": provider,
        "model": model,
        "version": number,
        "price_in": version.value("price_input"),
        "released": date.fromisoformat((released + "-01")[:10]) if released else None,
        "tag": version.tags or None,
        "own": version.own,
        "stage": assignment.stage if assignment else None,
        "use_case": use_case.name if use_case else None,
        "owner": (use_case.owner or None) if use_case else None,
    }[name]


def holds(catalog, key, assignment, node):
    match node:
        case Word(text):
            words = [key, *catalog.versions[key].tags]
            if assignment:
                use_case = catalog.use_cases[assignment.use_case]
                words += [assignment.stage, use_case.name, use_case.owner, assignment.deployment]
            return any(text.casefold() in word.casefold() for word in words)
        case Not(inner):
            return not holds(catalog, key, assignment, inner)
        case And(nodes):
            return all(holds(catalog, key, assignment, n) for n in nodes)
        case Or(nodes):
            return any(holds(catalog, key, assignment, n) for n in nodes)
        case Has(name):
            return read(catalog, key, assignment, name) not in (None, False)
        case Compare(name, op, wanted):
            value = read(catalog, key, assignment, name)
            return value is not None and COMPARED[name, op, wanted](value)


COMPARED = {
    ("stage", ":", "prod"): lambda v: v == "Production",
    ("stage", ":", "stag"): lambda v: v == "Staging",
    ("stage", ":", "arch"): lambda v: v == "Archived",
    ("stage", "=", "Staging"): lambda v: v == "Staging",
    ("provider", ":", "azure"): lambda v: "azure" in v,
    ("provider", "=", "openai"): lambda v: v == "openai",
    ("model", "=", "b"): lambda v: v == "b",
    ("price_in", "<=", "1"): lambda v: v <= 1,
    ("price_in", ":", "0.5"): lambda v: v == 0.5,
    ("price_in", "!=", "1"): lambda v: v != 1,
    ("price_in", ">=", "1"): lambda v: v >= 1,
    ("price_in", "<=", "5"): lambda v: v <= 5,
    ("price_in", ">", "1"): lambda v: v > 1,
    ("released", "<", "2026"): lambda v: v.year < 2026,
    ("released", ":", "2026-02"): lambda v: (v.year, v.month) == (2026, 2),
    ("released", ">=", "-1m"): lambda v: v >= date(2026, 10, 23),
    ("tag", ":", "eu"): lambda v: "eu" in v,
    ("tag", "!=", "eu"): lambda v: "eu" not in v,
    ("own", ":", "yes"): lambda v: v,
    ("own", ":", "no"): lambda v: not v,
    ("owner", ":", "ann"): lambda v: v == "Ann",
    ("use_case", ":", "churn"): lambda v: v == "churn",
    ("version", ">", "3"): lambda v: int(v) > 3,
}


@settings(max_examples=300)
@given(catalogs(), st.lists(QUERIES, min_size=1, max_size=4))
def test_finds_what_a_plain_reading_finds(catalog, queries):
    index = Index(catalog, TODAY)
    rows = [(a.uid, a.version, a) for a in catalog.assignments if a.in_use]
    used = {key for _, key, _ in rows}
    rows += [("v:" + key, key, None) for key in catalog.versions if key not in used]
    for text in queries:  # one index, so that later queries may narrow what earlier ones found
        query = parse(text)
        expected = {uid for uid, key, a in rows if holds(catalog, key, a, query.node)}
        selection = index.select(text, "all", include_retired=True)
        assert selection.fuzzy == (bool(selection.hits) and not expected)
        if not selection.fuzzy:
            assert {index.rows[i].id for i in selection.hits} == expected, text


@settings(max_examples=60)
@given(catalogs(), QUERIES)
def test_typing_finds_what_the_whole_text_finds(catalog, text):
    typed = Index(catalog, TODAY)
    for end in range(len(text) + 1):
        letters = typed.select(text[:end], "all")
    assert found(Index(catalog, TODAY), text) == [typed.rows[i].id for i in letters.hits]


@settings(max_examples=100)
@given(catalogs(), catalogs(), st.booleans())
def test_following_a_change_equals_building_anew(before, after, ask_first):
    index = Index(before, TODAY)
    facets = ("provider", "stage", "tag", "owner", "use_case", "lifecycle")
    if ask_first:
        index.select("price_in>0 owner:ann", "all", [("price_in", True)])
        for facet in facets:
            index.counts_of(facet, "", "all")
    changed = [("versions", k) for k in {*before.versions, *after.versions}]
    changed = [c for c in changed if before.versions.get(c[1]) != after.versions.get(c[1])]
    changed += [("assignments", a.uid) for a in (*before.assignments, *after.assignments)]
    index.update(after, changed)
    anew = Index(after, TODAY)
    for text in ("", "price_in>0", "owner:ann", "tag:eu", "stage:prod", "a"):
        assert found(index, text, include_retired=True) == found(anew, text, include_retired=True)
        for facet in facets:
            plain = anew.counts(facet, anew.select(text, "all", nearly=False).hits)
            assert index.counts_of(facet, text, "all") == plain


def test_what_takes_longer_than_a_frame_is_known_beforehand():
    versions = [Version(str(n), f"mlflow/m@{n}", own=True) for n in range(2_000)]
    index = Index(snapshot(versions), TODAY)
    assert index.is_swift("m@4", "in_use", [("price_in", True)]), "no row is in use"
    assert not index.is_swift("", "all"), "2,000 rows were never put in order"
    index.select("", "all")
    assert index.is_swift("m@4 provider:mlflow", "all")
    assert not index.is_swift("price_in>0", "all")
    assert not index.is_swift("", "all", [("price_in", True)])
    index.select("has:price_in", "all", [("price_in", True)])
    assert index.is_swift("price_in>0 m", "all", [("price_in", True)])
    index.update(index.snapshot, [("use_cases", "x")])
    assert index.is_swift("price_in>0", "all"), "what stayed as it was is still known"


def test_an_update_keeps_what_other_rows_know_and_refreshes_what_it_touches():
    index = Index(SMALL, TODAY)
    ann, churn = index.select("support")[0], index.select("mlflow/churn@2")[0]
    assert (ann.get("owner"), churn.get("accuracy")) == ("Ann", 0.8)
    bob = replace(SMALL, use_cases={**SMALL.use_cases, "support": UseCase("u1", "support", owner="Bob")})
    index.update(bob, [("use_cases", "support")])
    assert found(index, "owner:bob", "in_use") == found(index, "bob", "in_use") == ["a1"]
    assert index.select("mlflow/churn@2")[0] is churn
    better = Measurement("m7", "accuracy", 0.99, "mlflow/churn@2", measured_on=TODAY)
    measured = replace(bob, measurements={**bob.measurements, "mlflow/churn@2": [better]})
    index.update(measured, [("measurements", "m7")])
    assert churn.get("accuracy") == 0.99
    index.update(bob, [("measurements", "m7")], measured=["openai/gpt-5@2026-08-01"])
    assert churn.get("accuracy") == 0.99
    index.update(bob, [("measurements", "m7")], measured=["mlflow/churn@2"])
    assert churn.get("accuracy") == 0.8
    index.update(replace(measured, upgrades={}), [("upgrades", "g1")])
    assert found(index, "has:upgrade") == []
    index.update(replace(measured, metrics={}), [("metric_definitions", "accuracy")])
    assert "accuracy" not in index.spellings


# ── laziness ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Counted(Mapping[str, Version]):
    """Versions that count how often one is decoded."""

    def __init__(self, versions: Mapping[str, Version]) -> None:
        self.versions, self.decoded = versions, 0

    def __getitem__(self, key: str) -> Version:
        found = self.versions[key]
        self.decoded += 1
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.versions)

    def __len__(self) -> int:
        return len(self.versions)


def test_words_and_cheap_fields_decode_nothing():
    versions = Counted({f"mlflow/m@{n}": Version(str(n), f"mlflow/m@{n}", own=True) for n in range(50)})
    index = Index(
        replace(snapshot(), versions=versions),
        TODAY,
        heads=[Head(key, traits=Traits(own=True, lives_to="")) for key in versions],
    )
    index.select("m@4 provider:mlflow own:yes -tag:eu", "all", [("provider", True), ("key", False)])
    index.counts("provider", range(50))
    assert versions.decoded == 0
    assert len(index.select("m@4 missing:price_in", "all")) == 11
    assert versions.decoded == 11


def test_heads_from_raw_documents_equal_those_of_records():
    raw = [
        b'{"uid":"1","key":"a/b","tags":["eu"],"api_ids":["bb"],"own":true,"registry":"r","unheard_of":1}',
        b'{"uid":"2","key":"a/c","observations":[{"kind":"retire"}]}',
        b"not json",
        b'{"uid":"3"}',
    ]
    first = Version("1", "a/b", own=True, tags=("eu",), api_ids=("bb",), registry="r")
    assert list(heads_of(raw)) == [head_of(first), Head("a/c")]
