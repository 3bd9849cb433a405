from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from store.catalog import Catalog, fixed_clock
from store.review.attention import attention
from store.review.checklist import progress
from store.review.rollback import runs_history

TODAY = date(2026, 11, 23)


@pytest.fixture
def told(demo_path: Path) -> Iterator[Catalog]:
    with Catalog.open(demo_path, actor="ann", clock=fixed_clock(TODAY)) as catalog:
        yield catalog


def test_one_is_late_one_due_one_stopped_and_one_has_years(told: Catalog) -> None:
    found = {(f.kind, f.use_case) for f in attention(told.snapshot(), TODAY)}
    assert ("stopped", "claims-extraction") in found
    assert ("late", "support-assistant") in found
    assert ("due", "code-review") in found
    assert not any(u == "product-search" and k in ("late", "due", "stopped") for k, u in found)
    assert len(told.use_cases) == 6


def test_each_use_case_has_own_figures_on_two_versions(told: Catalog) -> None:
    for name in told.use_cases:
        measured = {m.version for m in told.measurements.records() if m.use_case == name}
        assert len(measured) >= 2, name


def test_our_own_model_was_promoted_and_reverted_with_a_reason(told: Catalog) -> None:
    stints = runs_history("churn", told.events(naming="churn"), list(told.assignments.records()))
    in_production = [s.version for s in stints if s.stage == "Production"]
    assert in_production == [f"mlflow/churn@{n}" for n in (3, 5, 7, 8, 7)]
    assert "latency" in stints[-1].why or "latency" in next(s.why for s in reversed(stints) if s.stage == "Production")
    assert len({told.version(f"mlflow/churn@{n}").lineage.data for n in range(3, 9)}) == 3


def test_one_upgrade_is_half_done(told: Catalog) -> None:
    upgrade = told.upgrade("support-assistant")
    done = progress(upgrade.items, TODAY)
    assert 5 <= done.done < done.applicable
    assert {"done", "waived", "doing", "todo"} <= {i.state for i in upgrade.items.values()}


def test_owners_are_roles(told: Catalog) -> None:
    assert all(u.owner and "@" not in u.owner for u in told.use_cases.records())


def test_it_tells_the_same_story_every_time(told: Catalog, tmp_path: Path) -> None:
    from store.demo import fill

    fill(tmp_path / "again.json", today=TODAY)
    with Catalog.open(tmp_path / "again.json", actor="ann", clock=fixed_clock(TODAY)) as again:
        assert [(e.command, e.at[:10]) for e in again.events()] == [(e.command, e.at[:10]) for e in told.events()]
        assert sorted(m.value for m in again.measurements.records()) == sorted(
            m.value for m in told.measurements.records()
        )
