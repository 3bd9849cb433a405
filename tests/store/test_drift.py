"""What we say runs against what a deployment or a registry says, and accepting it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from store.catalog import Catalog, CommandError, fixed_clock
from store.records import Deployment, Fact, Observation, UseCase, Version
from store.review.attention import attention
from store.review.drift import stages_said

TODAY = date(2026, 11, 23)
OLD, NEW = "azure-openai/gpt-x@1", "azure-openai/gpt-x@2"


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(tmp_path / "c.json", actor="ann", clock=fixed_clock(TODAY)) as opened:
        opened.add_use_case(UseCase("u1", "churn", owner="ann"))
        yield opened


def staged(stage: str) -> dict[str, tuple[Fact, ...]]:
    return {"remote_stage": (Fact(stage, "ml", "2026-11-20", origin="ml"),)}


def own(catalog: Catalog, number: int, stage: str = "") -> str:
    key = f"ml/churn@{number}"
    facts = staged(stage) if stage else {}
    catalog.add_version(Version(f"v{number}", key, own=True, registry="ml", facts=facts))
    return key


def drifting(catalog: Catalog) -> list[str]:
    return [f.why for f in attention(catalog.snapshot(), TODAY) if f.kind == "drift"]


def deployed(catalog: Catalog, option: str | None, *observed: Observation) -> None:
    catalog.add_version(Version("a", OLD, observations=observed))
    catalog.add_version(Version("b", NEW))
    place = Deployment(
        "d", "chat", platform="azure", upgrade_option=option, upgrade_option_known=True, remote_version=NEW,
        remote_seen_at="2026-11-22T08:00:00Z", registry="az",
    )  # fmt: skip
    catalog.save_deployment(place)
    catalog.assign("churn", OLD, deployment="chat")


@pytest.mark.parametrize(
    ("option", "kind", "said"),
    [
        ("OnceNewDefaultVersionAvailable", "default_change", "Probably auto-upgraded under OnceNewDefaultVersion"),
        (None, "retire", "Probably auto-upgraded under OnceCurrentVersionExpired on 2026-11-10."),
        ("OnceNewDefaultVersionAvailable", "deprecate", "Perhaps auto-upgraded under OnceNewDefaultVersionAvailable"),
        ("NoAutoUpgrade", "retire", "Somebody moved the deployment"),
    ],
)
def test_a_deployment_that_moved_has_its_likely_cause(
    catalog: Catalog, option: str | None, kind: str, said: str
) -> None:
    seen = Observation(kind, date(2026, 11, 10), "planned", "page", "azure", "2026-10-01")  # type: ignore[arg-type]
    deployed(catalog, option, seen)
    (why,) = drifting(catalog)
    assert why.startswith(f"chat serves {NEW} (seen 2026-11-22), recorded is {OLD}. {said}")


def test_what_runs_is_accepted_without_its_measurements_and_undone(catalog: Catalog) -> None:
    deployed(catalog, "OnceNewDefaultVersionAvailable")
    (run,) = catalog.runs_in("churn")
    event = catalog.accept_drift(run.uid)
    assert event is not None
    assert "auto-upgraded" in event.why
    assert {a.version: (a.stage, a.seen) for a in catalog.runs_in("churn")} == {
        OLD: ("Archived", False),
        NEW: ("Production", True),
    }
    assert catalog.measurements_of(NEW) == []
    assert drifting(catalog) == []
    with pytest.raises(CommandError, match="nothing to accept"):
        catalog.accept_drift(next(a.uid for a in catalog.runs_in("churn") if a.version == NEW))
    catalog.undo()
    assert [a.version for a in catalog.runs_in("churn") if a.in_use] == [OLD]


def test_archived_here_but_still_served_there_is_drift(catalog: Catalog) -> None:
    deployed(catalog, None)
    catalog.assign("churn", NEW, deployment="chat")
    assert drifting(catalog) == []
    catalog.assign("churn", NEW, stage="Archived", deployment="chat")
    (why,) = drifting(catalog)
    assert why.startswith(f"{NEW} is still served by chat. It was archived here")
    run = next(a for a in catalog.runs_in("churn") if a.version == NEW)
    catalog.accept_drift(run.uid)
    assert [a.version for a in catalog.runs_in("churn") if a.in_use] == [NEW]


def test_an_alias_or_stage_that_points_elsewhere(catalog: Catalog) -> None:
    seven, eight = own(catalog, 7, "Archived"), own(catalog, 8, "@champion @latest")
    catalog.assign("churn", seven)
    (why,) = drifting(catalog)
    assert why == f"ml says {eight}, recorded is {seven}. ml has @champion @latest on {eight}."
    catalog.accept_drift(catalog.runs_in("churn")[0].uid)
    assert [a.version for a in catalog.runs_in("churn") if a.in_use] == [eight]
    assert drifting(catalog) == []


def test_another_stage_of_the_same_version(catalog: Catalog) -> None:
    key = own(catalog, 7, "staging")
    catalog.assign("churn", key)
    assert drifting(catalog) == [f"ml says Staging, recorded is {key} Production."]
    run = catalog.runs_in("churn")[0]
    catalog.accept_drift(run.uid)
    assert catalog.runs_in("churn")[0].stage == "Staging"


def test_what_says_nothing_is_no_drift(catalog: Catalog) -> None:
    catalog.assign("churn", own(catalog, 7, "@mine"))
    own(catalog, 8, "@production-other")
    own(catalog, 9)
    assert drifting(catalog) == []
    gone = catalog.version("ml/churn@8")
    moved = replace(gone, facts=staged("@production"), missing_since=date(2026, 11, 1))
    catalog.edit_version(moved, gone)
    assert drifting(catalog) == [], "a version that is gone there runs nothing there"


def test_words_of_registries() -> None:
    assert stages_said("prod, staging") == {"Production", "Staging"}
    assert stages_said("@Champion @v3") == {"Production"}
    assert stages_said("@production-churn", "churn") == {"Production"}
    assert stages_said("@production-churn", "other") == stages_said("Not blessed") == stages_said(None) == frozenset()
