"""What an import does to the catalog: only what the file says, all or nothing, undone in one step, twice the same."""

from __future__ import annotations

from dataclasses import replace

from store import intake
from store.catalog import Catalog
from store.formats.azure_cli import parse_azure
from store.formats.tables import parse_table
from store.records import UseCase
from tests.conftest import TODAY

GPT4O = "azure-openai/gpt-4o@2024-05-13"
GPT41 = "azure-openai/gpt-4.1@2025-04-14"


def read(catalog: Catalog, text: str, name: str = "import:t.csv") -> intake.IntakePlan:
    parsed = parse_table(text.encode(), catalog.metrics, origin=name, today=TODAY)
    found = intake.plan(catalog, parsed, name)
    assert parsed.faults == []
    return found


def documents(catalog: Catalog) -> dict[str, object]:
    """Everything but the counters of edits."""
    tables = (catalog.versions, catalog.use_cases, catalog.deployments, catalog.assignments, catalog.measurements)
    return {t.name: {k: {n: v for n, v in t.document(k).items() if n != "rev"} for k in t} for t in tables}


def test_an_import_is_one_event_that_undo_takes_back(catalog: Catalog) -> None:
    before, events = documents(catalog), len(catalog.events())
    wanted = read(
        catalog,
        f"key,use_case,owner,deployment,sku,price_in,accuracy,stage\n{GPT4O},u,lead,chat,Standard,4,0.9,Production\n"
        "mlflow/x@1,v,,,,,,Staging\n",
    )
    assert intake.counts(wanted) == {
        "versions": (1, 1), "use_cases": (2, 0), "deployments": (1, 0), "assignments": (2, 0), "measurements": (1, 0),
    }  # fmt: skip
    assert documents(catalog) == before
    intake.apply(catalog, wanted, "first fill")
    assert len(catalog.events()) == events + 1
    assert catalog.version(GPT4O).value("price_input") == 4  # imported wins over the shipped fact
    assert catalog.version("mlflow/x@1").own
    assert [(a.version, a.deployment, a.since) for a in catalog.runs_in("u")] == [(GPT4O, "chat", TODAY)]
    catalog.undo()
    assert documents(catalog) == before


def test_the_same_file_again_changes_nothing(catalog: Catalog) -> None:
    head = "key,use_case,title,tags,price_in,accuracy,n,share,stage,since"
    text = f"{head}\n{GPT4O},u,T,a|b,4,0.9,400,60,Production,2026-01-01\n"
    intake.apply(catalog, read(catalog, text))
    again = read(catalog, text)
    assert again.empty
    assert intake.apply(catalog, again) is None


def test_only_what_the_file_says_is_touched_and_own_edits_stay(catalog: Catalog) -> None:
    catalog.add_use_case(UseCase("u1", "u", owner="lead", criticality="high"))
    catalog.set_fact(GPT4O, "price_input", 9)
    catalog.register(GPT41, changes="Ours to say.")
    wanted = read(catalog, f"key,use_case,title,price_in,tags\n{GPT4O},u,New title,4,x\n{GPT41},,,,y\n")
    assert [(c.field, c.before, c.after) for c in wanted.conflicts] == [("facts.price_input", 9, 4)]
    intake.apply(catalog, wanted)
    use_case = catalog.use_case("u")
    assert (use_case.title, use_case.owner, use_case.criticality) == ("New title", "lead", "high")
    assert catalog.version(GPT4O).value("price_input") == 9
    assert catalog.version(GPT4O).tags == ("x",)
    assert catalog.version(GPT41).changes == "Ours to say."


def test_production_archives_its_predecessor_and_shares_may_not_exceed_100(catalog: Catalog) -> None:
    catalog.add_use_case(UseCase("u1", "u"))
    catalog.assign("u", GPT4O)
    intake.apply(catalog, read(catalog, f"key,use_case,stage\n{GPT41},u,Production\n"))
    assert {a.version: a.stage for a in catalog.runs_in("u")} == {GPT4O: "Archived", GPT41: "Production"}
    parsed = parse_table(
        f"key,use_case,stage,share\n{GPT4O},u,Production,60\n".encode(), {}, origin="import:t.csv", today=TODAY
    )
    intake.plan(catalog, parsed, "import:t.csv")
    assert "would exceed 100 %" in str(parsed.faults[0])


def test_unknown_keys_are_added_and_said(catalog: Catalog) -> None:
    wanted = read(catalog, "key\nazure-openai/gpt-4o@2024-05-31\nlocal/mine@1\n")
    assert [v.own for v in wanted.added] == [False, True]
    (note,) = wanted.notes
    assert "azure-openai/gpt-4o@2024-05-31, which is not known here; nearest: " in note


def test_azure_deployments_wait_to_be_assigned_and_keep_our_notes(catalog: Catalog) -> None:
    document = (
        b'[{"name": "chat", "sku": {"name": "Standard"}, "properties": {"model": {"format": "OpenAI", "name": "gpt-4o",'
        b' "version": "2024-05-13"}, "versionUpgradeOption": "NoAutoUpgrade"}}]'
    )
    wanted = intake.plan(catalog, parse_azure(document, "2026-11-23T08:00:00Z"), "import:az.json")
    assert [d.name for d in wanted.to_assign] == ["chat"]
    intake.apply(catalog, wanted)
    place = catalog.deployments["chat"]
    catalog.save_deployment(replace(place, region="swedencentral", note="ours"), place)
    catalog.add_use_case(UseCase("u1", "u"))
    catalog.assign("u", GPT4O, deployment="chat")
    later = parse_azure(document, "2026-11-24T08:00:00Z")
    again = intake.plan(catalog, later, "import:az.json")
    assert again.empty
    assert again.to_assign == []
    moved = parse_azure(document.replace(b"NoAutoUpgrade", b"OnceCurrentVersionExpired"), "2026-11-25T08:00:00Z")
    intake.apply(catalog, intake.plan(catalog, moved, "import:az.json"))
    place = catalog.deployments["chat"]
    assert (place.upgrade_option, place.region, place.note) == ("OnceCurrentVersionExpired", "swedencentral", "ours")
