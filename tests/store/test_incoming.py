"""Files of every kind come in through one door: what they become, what is refused, and that nothing is half done."""

from __future__ import annotations

import copy
import io
import json
import random
import string
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest

from store import incoming
from store.catalog import Catalog
from store.formats.cells import guarded, unguarded
from store.formats.columns import published
from store.incoming import Incoming, Reading
from store.records import UseCase

PAGE = """# Retirements

| Model | Version | Retirement date | Replacement | Notes |
|:------|---------|-----------------|-------------|-------|
| `gpt-4o` | 2024-05-13 | No earlier than March 3, 2027 | [gpt-4.1](https://x.example) | see [^1] |
| gpt-4o | 2024-08-06 | — | gpt-4.1 | |
| o3 | 2025-04-16 | **14 Nov 2027** | | a \\| b |

Text between.

Model | Shutdown date
--- | ---
gpt-4-0314 | 2026-12-01
"""


def read(catalog: Catalog, content: str | bytes, name: str, **how: Any) -> Incoming:
    raw = content.encode() if isinstance(content, str) else content
    return incoming.read(catalog, raw, name, Reading(**how))


def bring(catalog: Catalog, content: str | bytes, name: str, **how: Any) -> incoming.Plan:
    file = read(catalog, content, name, **how)
    assert [str(f) for f in file.faults] == []
    plan = incoming.plan(catalog, file)
    assert file.faults == []
    incoming.apply(catalog, plan, file)
    return plan


def sheet(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


ROWS = [
    ["key", "price_input", "released", "own"],
    ["own/m@1", 2.5, "2026-10-01", "yes"],
    ["own/m@2", 3, "2026-11-01", "yes"],
]
SAME: dict[str, Callable[[], bytes]] = {
    "t.csv": lambda: "\n".join(",".join(map(str, row)) for row in ROWS).encode(),
    "t.tsv": lambda: "\n".join("\t".join(map(str, row)) for row in ROWS).encode(),
    "t.md": lambda: "\n".join(f"| {' | '.join(map(str, r))} |" for r in [ROWS[0], ["---"] * 4, *ROWS[1:]]).encode(),
    "t.json": lambda: json.dumps([dict(zip(ROWS[0], row, strict=True)) for row in ROWS[1:]]).encode(),
    "t.jsonl": lambda: "\n".join(json.dumps(dict(zip(ROWS[0], row, strict=True))) for row in ROWS[1:]).encode(),
    "t.xlsx": lambda: sheet([*ROWS[:2], ["own/m@2", 3, datetime(2026, 11, 1), True]]),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_rows_in_any_form_are_the_same_records(catalog: Catalog, name: str) -> None:
    content = SAME[name]()
    assert read(catalog, content, name).form == name.partition(".")[2].replace("md", "markdown")
    bring(catalog, content, name)
    found = [catalog.version(key) for key in ("own/m@1", "own/m@2")]
    assert [(v.value("price_input"), v.value("release_date"), v.own) for v in found] == [
        (2.5, "2026-10-01", True),
        (3, "2026-11-01", True),
    ]
    assert incoming.plan(catalog, read(catalog, content, name)).empty


def test_tables_of_a_retirement_page(catalog: Catalog) -> None:
    file = read(catalog, PAGE, "page.md", names={"Notes": "skip"})
    assert file.needs_provider
    bring(catalog, PAGE, "page.md", names={"notes": "skip"}, provider="azure-openai")
    old = catalog.version("azure-openai/gpt-4o@2024-05-13")
    mine = [o for o in old.observations if o.origin == "import:page.md"]
    assert [(o.kind, o.value, o.certainty) for o in mine] == [("retire", date(2027, 3, 3), "not_before")]
    assert old.value("replacement") == "gpt-4.1"
    assert not [
        o for o in catalog.version("azure-openai/gpt-4o@2024-08-06").observations if o.origin == "import:page.md"
    ]
    assert "azure-openai/gpt-4-0314" in catalog.versions
    later = read(
        catalog, PAGE.replace("March 3", "April 3"), "page.md", names={"notes": "skip"}, provider="azure-openai"
    )
    plan = incoming.plan(catalog, later)
    assert [(c.key, c.field.partition(".")[0]) for c in plan.changed] == [(old.key, "observations")]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-12-09", (date(2026, 12, 9), "planned")),
        ("December 9, 2026", (date(2026, 12, 9), "planned")),
        ("9 Dec 2026", (date(2026, 12, 9), "planned")),
        ("not before Jan 1st, 2027", (date(2027, 1, 1), "not_before")),
        ("June 2027", (date(2027, 6, 1), "not_before")),
        ("2027-01-31 (tentative)", (date(2027, 1, 31), "tentative")),
        ("TBD", None),
        ("—", None),
    ],
)
def test_published_dates_as_pages_write_them(text: str, wanted: object) -> None:
    assert published(text) == wanted


@pytest.mark.parametrize("text", ["12/9/2026", "soon", "2026-13-01", "0", "9999999999"])
def test_a_date_that_could_be_two_days_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="not a date"):
        published(text)


def test_columns_are_mapped_and_unknown_ones_named(catalog: Catalog) -> None:
    text = "Kennung,Preis rein,Bemerkung,odd\nown/m@1,2.5,x,y\n"
    file = read(catalog, text, "t.csv")
    assert file.unknown_columns == ["Kennung", "Preis rein", "Bemerkung", "odd"]
    bring(
        catalog,
        text,
        "t.csv",
        names={"kennung": "key", "Preis rein": "price_input", "Bemerkung": "note", "odd": "skip"},
    )
    made = catalog.version("own/m@1")
    assert (made.value("price_input"), made.note) == (2.5, "x")


# ── catalogs and registries in files ──────────────────────────────────────────────────────────────────────────────

LITELLM = {"gpt-4o-2024-08-06": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 9e-06},
           "brand-new": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06}}  # fmt: skip
MODELSDEV = {"openai": {"models": {"gpt-4o-2024-08-06": {"cost": {"input": 9}}, "brand-new": {"cost": {"input": 1}}}}}
MLFLOW = {
    "registered_models": [{"name": "risk", "aliases": [{"alias": "champion", "version": "3"}]}],
    "model_versions": [
        {
            "name": "risk",
            "version": "3",
            "run_id": "r1",
            "current_stage": "Production",
            "creation_timestamp": 1790000000000,
            "source": "models:/risk/3",
        }
    ],
    "runs": [
        {
            "info": {"run_id": "r1"},
            "data": {"metrics": [{"key": "auc", "value": 0.91}], "params": [{"key": "d", "value": "7"}]},
        }
    ],
}


@pytest.mark.parametrize(("document", "form"), [(LITELLM, "litellm"), (MODELSDEV, "modelsdev")])
def test_public_catalogs_change_what_is_known_and_add_nothing(catalog: Catalog, document: Any, form: str) -> None:
    count = len(catalog.versions)
    assert read(catalog, json.dumps(document), "prices.json").form == form
    plan = bring(catalog, json.dumps(document), "prices.json")
    fact = catalog.version("openai/gpt-4o@2024-08-06").fact("price_input")
    assert fact is not None
    assert (fact.value, fact.layer, fact.origin) == (9, "imported", "import:prices.json")
    assert len(catalog.versions) == count
    assert any("1 version that is not known here is left out" in note for note in plan.notes)


def test_files_of_mlflow(catalog: Catalog) -> None:
    tool = {"mlflow": {"registered_model": {"name": "risk", "versions": MLFLOW["model_versions"]}}}
    assert read(catalog, json.dumps(tool), "model.json").form == "mlflow"
    bring(catalog, json.dumps(MLFLOW), "registry.json", provider="prod")
    made = catalog.version("prod/risk@3")
    assert (made.own, made.lineage.run, made.lineage.parameters) == (True, "r1", {"d": "7"})
    assert made.value("remote_stage") == "Production"
    assert [(m.metric, m.value) for m in catalog.measurements_of("prod/risk@3")] == [("auc", 0.91)]
    assert catalog.runs_in("risk") == []  # their stage is a fact, never what runs here
    catalog.undo()
    assert "prod/risk@3" not in catalog.versions


def test_the_form_of_a_file_is_seen(catalog: Catalog) -> None:
    assert read(catalog, '{"versions": [{"key": "own/x@1"}]}', "x.json").form == "records"
    assert read(catalog, '[{"name": "a", "properties": {}}]', "x.json").form == "azure"
    assert read(catalog, '{"modeltui": "export", "format": 1}', "x.json").form == "export"
    assert read(catalog, '{"key": "own/x@1"}\n{"key": "own/x@2"}\n', "-").form == "jsonl"
    assert read(catalog, "# Page\n\n| key |\n|---|\n| own/x@1 |\n", "-").form == "markdown"
    assert read(catalog, "key;note\nown/x@1;| a |\n", "-").form == "csv"
    assert "it is empty" in str(read(catalog, " \n", "x.csv").faults[0])


# ── refusing ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_bad_row_is_named_by_its_line_or_entry(catalog: Catalog) -> None:
    assert str(read(catalog, '[{"key": "own/x@1"}, {"key": "x"}, 7]', "x.json").faults[0]).startswith(
        "entry 3: it is no object"
    )
    assert str(read(catalog, '[{"key": "own/x@1"}, {"key": "x"}]', "x.json").faults[0]).startswith(
        "entry 2, column key: 'x'"
    )
    assert str(read(catalog, '{"key": "own/x@1"}\n{oops\n', "x.jsonl").faults[0]).startswith("line 2: it is no object")
    assert "line 4, column price_input" in str(
        read(catalog, "| key | price_input |\n|--|--|\n| a/b@1 | 1 |\n| a/b@2 | x |", "x.md").faults[0]
    )
    assert "line 2, column price_input" in str(
        read(catalog, sheet([["key", "price_input"], ["a/b@1", "x"]]), "x.xlsx").faults[0]
    )
    assert "right of the header" in str(read(catalog, sheet([["key"], ["a/b@1", "x"]]), "x.xlsx").faults[0])
    assert "cannot be read (BadZipFile)" in str(read(catalog, b"PK\x03\x04rubbish", "x.xlsx").faults[0])


def test_without_openpyxl_one_sentence_says_what_to_do(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    (fault,) = read(catalog, b"PK\x03\x04", "x.xlsx").faults
    assert "pip install 'modeltui[xlsx]'" in str(fault)


def test_guarded_cells_come_back_unchanged() -> None:
    rng = random.Random(3)
    texts = ["=1+1", "'=1", "''=1", "+x", "-5", "@a", "'", "''", "plain", "'plain", "\tx", "-", "=", ""]
    texts += ["".join(rng.choices("'=+-@ax", k=rng.randint(0, 6))) for _ in range(500)]
    for text in texts:
        cell = guarded(text)
        assert unguarded(cell) == text
        assert cell[:1] not in ("=", "+", "-", "@", "\t")
    assert [guarded(v) for v in (-5, -1.5, None, True)] == [-5, -1.5, "", "true"]


# ── mutated files ─────────────────────────────────────────────────────────────────────────────────────────────────


def seeds(catalog: Catalog) -> list[tuple[str, bytes]]:
    from store.transfer import document

    azure = [
        {
            "name": "chat",
            "sku": {"name": "Standard", "capacity": 3},
            "properties": {"model": {"format": "OpenAI", "name": "gpt-4o", "version": "2024-05-13"}},
        }
    ]
    records = {
        "versions": [{"key": "own/x@1", "facts": {"price_input": 3}}],
        "measurements": [{"metric": "f1", "value": 0.5, "version": "own/x@1"}],
    }
    part = document(catalog, ["azure-openai/gpt-4o@2024-05-13"], "x")
    table = (
        "key,use_case,owner,stage,share,since,accuracy,n,retires\n"
        "own/a@1,u,me,Production,60,2026-01-01,0.9,40,2027-01-01\nown/a@2,u,,Staging,,,,,\n"
    )
    made: list[tuple[str, Any]] = [
        ("a.json", azure), ("r.json", records), ("l.json", LITELLM), ("d.json", MODELSDEV),
        ("m.json", MLFLOW), ("e.json", part),
    ]  # fmt: skip
    return [
        *((name, json.dumps(content).encode()) for name, content in made),
        *((name, make()) for name, make in SAME.items()),
        ("t.csv", table.encode()),
        ("p.md", PAGE.encode()),
    ]


def mutated(rng: random.Random, content: bytes) -> bytes:
    """The content with some damage: bytes and pieces changed, doubled, cut, put elsewhere."""
    raw = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        at, size = rng.randrange(len(raw) + 1), rng.randint(1, 24)
        match rng.randrange(7):
            case 0 if raw:
                raw[min(at, len(raw) - 1)] = rng.randrange(256)
            case 1:
                del raw[at : at + size]
            case 2:
                raw[at:at] = raw[max(at - size, 0) : at]
            case 3:
                raw[at:at] = rng.choice(
                    [
                        b'"',
                        b"{",
                        b"]",
                        b",",
                        b"|",
                        b"\n",
                        b"\x00",
                        b"\xff",
                        b"'=",
                        b"1e999",
                        b"null",
                        b"-1",
                        b"@",
                        b"nan",
                        b"\xe2\x80\xae",
                    ]
                )
            case 4:
                del raw[at:]
            case 5:
                raw[at:at] = "".join(rng.choices(string.printable, k=size)).encode()
            case _:
                piece = bytes(raw[at : at + size])
                del raw[at : at + size]
                spot = rng.randrange(len(raw) + 1)
                raw[spot:spot] = piece
    return bytes(raw)


ODD = (
    None,
    "",
    "x",
    "=1",
    "-",
    0,
    -1,
    1e308,
    float("nan"),
    True,
    [],
    {},
    [[]],
    ["a"],
    {"a": 1},
    "2026-13-40",
    "a/b@",
    "\ud800",
    10**30,
)


def twisted(rng: random.Random, content: bytes) -> bytes:
    """A JSON document in which something else stands in one or two places."""
    document = json.loads(content)
    for _ in range(rng.randint(1, 2)):
        here = document
        while True:
            places = list(here) if isinstance(here, dict) else list(range(len(here)))
            if not places:
                break
            at = rng.choice(places)
            deeper = isinstance(here[at], dict | list) and rng.random() < 0.85
            if not deeper:
                here[at] = copy.deepcopy(rng.choice(ODD))
                break
            here = here[at]
    return json.dumps(document).encode()


def try_files(catalog: Catalog, count: int, seed: int) -> tuple[int, int]:
    """How many mutated files were imported and refused; each is taken back, and then everything is as it was."""
    rng = random.Random(seed)
    files = seeds(catalog)
    tables = ("versions", "use_cases", "deployments", "assignments", "measurements", "metric_definitions", "upgrades")

    def state() -> dict[str, int]:
        return {name: len(catalog.table(name)) for name in tables}

    before, imported, refused = state(), 0, 0
    for _ in range(count):
        name, content = rng.choice(files)
        form = rng.choice(incoming.FORMATS) if rng.random() < 0.1 else ""
        how = Reading(form, {"odd": "skip", "Notes": "skip"}, rng.choice(["", "p", "openai"]))
        damage = twisted if content[:1] in b"[{" and name != "t.jsonl" and rng.random() < 0.6 else mutated
        file = incoming.read(catalog, damage(rng, content), name, how)
        plan = incoming.plan(catalog, file) if not file.faults else None
        assert state() == before
        if plan is None or file.faults:
            refused += 1
            assert all(str(fault) for fault in file.faults)
        elif incoming.apply(catalog, plan, file) is not None:
            imported += 1
            catalog.undo()
            assert state() == before
    return imported, refused


@pytest.fixture
def unguarded_catalog(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    """Without a backup before each of hundreds of imports."""
    monkeypatch.setattr(Catalog, "safeguard", lambda _self, _kind: None)
    catalog.add_use_case(UseCase("u0", "other"))
    return catalog


def test_mutated_files_are_imported_whole_or_not_at_all(unguarded_catalog: Catalog) -> None:
    imported, refused = try_files(unguarded_catalog, 300, 11)
    assert imported > 20
    assert refused > 50


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(50))
def test_ten_thousand_mutated_files(unguarded_catalog: Catalog, seed: int) -> None:
    imported, refused = try_files(unguarded_catalog, 200, 1000 + seed)
    assert imported > 10
    assert refused > 20
