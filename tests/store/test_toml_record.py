"""Records as TOML: written and read back the same, faults with their line, facts of registries out of reach."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from store.catalog import Catalog, fixed_clock
from store.formats.toml_record import RecordFault, read_record, write_record
from store.records import Assignment, Fact, Lineage, Link, UseCase, Version

TODAY = date(2026, 11, 23)
OWN = Fact(2.5, "contract", "2026-11-01", layer="local", origin="local")
LISTED = Fact(5.0, "litellm", "2026-11-12")
VERSION = Version(
    "u", "mlflow/chürn@7", own=True, changes='# seven\n\n"""quotes""" and \\ \u202e', tags=("a", "b c"),
    links=(Link("documentation", "https://example.org/a?b=c#d", "T"),), facts={"price_input": (OWN, LISTED)},
    lineage=Lineage(data="customers", parameters={"depth": 6, "eta.1": 0.05, "on": True}),
)  # fmt: skip


def test_every_record_of_the_demo_comes_back_as_it_was(demo_path: Path) -> None:
    with Catalog.open(demo_path, actor="x", clock=fixed_clock(TODAY)) as catalog:
        keys = [k for k in catalog.versions if k.startswith(("mlflow/", "azure-openai/"))]
        tables = ([catalog.versions[k] for k in keys], *(t.records() for t in (
            catalog.use_cases, catalog.deployments, catalog.assignments)))  # fmt: skip
        found = [record for table in tables for record in table]
        assert len(found) > 100
        for record in found:
            assert read_record(write_record(record), record, TODAY) == record


def test_what_a_person_may_say_comes_back_and_days_and_windows_are_days() -> None:
    made = read_record(write_record(VERSION), VERSION, TODAY)
    assert made.lineage == VERSION.lineage
    assert made.changes == '# seven\n\n"""quotes""" and \\ '
    use_case = UseCase("u", "churn", freeze=((date(2026, 12, 15), date(2027, 1, 6)),), review_by=date(2027, 1, 1))
    assert "freeze = [[2026-12-15, 2027-01-06]]" in write_record(use_case)
    assert read_record(write_record(use_case), use_case, TODAY) == use_case


def test_own_facts_can_be_set_and_given_back_those_of_registries_stay() -> None:
    text = write_record(VERSION)
    assert "#    price_input = 5.0   litellm, 2026-11-12" in text
    assert "\nprice_input = 2.5\n" in text
    back = read_record(text.replace("\nprice_input = 2.5\n", "\n"), VERSION, TODAY)
    assert back.facts == {"price_input": (LISTED,)}
    other = read_record(text.replace("= 2.5\n", "= 2\nrelease_date = 2026-11-20\n"), VERSION, TODAY)
    fact = other.fact("price_input")
    assert fact is not None
    assert (fact.value, fact.source, fact.as_of) == (2, "contract", "2026-11-23")
    assert other.value("release_date") == "2026-11-20"


@pytest.mark.parametrize(("text", "said"), [
    ('own = true\nnote = """\nown = 3\n"""\nown = 1\n', "line 5: this is no TOML: cannot overwrite a value"),
    ("tags = [\n", "line 1: this is no TOML"),
    ("\nnoet = 1", "line 2: 'noet' is no field of version; did you mean note?"),
    ('key = "x/y"', "line 1: key is not edited here: it names the record"),
    ("tags = 3", "line 1: tags: 3 is not a list"),
    ('note = """\ntags = 1\n"""\n\n[[links]]\nrel = "a"\nurl = "b"\n[[links]]\nrel = 1\nurl = "x"',
     "line 9: links.1.rel: 1 is not a text"),
    ('[lineage]\nseed = "1"\ncomit = "x"', "line 3: 'comit' is no part of a lineage; did you mean commit?"),
    ('[facts]\nkind = ""', "line 2: kind is empty; take the line out to give it back to the registries"),
    ('[facts]\nkind = "chat"\nprice_input = -1', "line 3: price_input: -1 is not a price"),
    ("facts = 1", "line 1: facts is a table"),
])  # fmt: skip
def test_a_fault_names_its_line(text: str, said: str) -> None:
    with pytest.raises(RecordFault) as raised:
        read_record(text, VERSION, TODAY)
    assert said in str(raised.value)


def test_stage_and_share_are_not_edited_as_text() -> None:
    run = Assignment("u", "churn", "mlflow/churn@7", settings={"temperature": 0.2})
    assert read_record(write_record(run), run, TODAY) == run
    with pytest.raises(RecordFault, match="s sets the stage"):
        read_record('stage = "Archived"', run, TODAY)
