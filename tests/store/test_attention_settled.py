"""Every kind of finding goes away by the action that it names, done with the commands that people have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from store.artifacts import gone, missing
from store.catalog import Catalog, fixed_clock
from store.changes import NotTakenBack
from store.engine import new_uid
from store.records import (
    Assignment,
    Decision,
    Deployment,
    Fact,
    Lineage,
    Measurement,
    Metric,
    Observation,
    UseCase,
    Version,
)
from store.review.attention import SEVERITY, attention
from store.review.checks import inputs_now

TODAY = date(2026, 11, 23)
GPT, NEXT, AZURE = "openai/gpt-4o@2024-05-13", "openai/gpt-5@2026-01-01", "azure-openai/gpt-4o@2024-05-13"
OURS = "mlflow/churn@7"
HERE = Path(__file__).parent
Step = Callable[[Catalog], object]


def seen(day: str, on: str = "2026-11-12", source: str = "litellm", kind: Any = "retire") -> Observation:
    return Observation(kind, date.fromisoformat(day), "planned", source, source, on)


def version(key: str, *dates: Observation, released: str = "", **more: Any) -> Version:
    facts = {"release_date": (Fact(released, "litellm", "2026-11-12"),)} if released else {}
    return Version(new_uid(), key, observations=dates, facts=facts | more.pop("facts", {}), **more)


def measured(key: str, value: float = 0.9, metric: str = "accuracy", day: date = TODAY) -> Measurement:
    return Measurement(new_uid(), metric, value, key, use_case="support", measured_on=day, source="own")


def runs(key: str, *dates: Observation, **more: Any) -> Step:
    """A use case with a version in Production that nothing is to be said about, but for its dates."""

    def make(c: Catalog) -> None:
        c.add_version(version(key, *dates, **more))
        c.add_version(version(NEXT, seen("2029-01-01")))
        c.add_use_case(UseCase(new_uid(), "support", owner="Ada"))
        c.assign("support", key)
        c.measure(measured(key))

    return make


def edited(**more: Any) -> Step:
    def edit(c: Catalog) -> None:
        was = c.use_case("support")
        c.edit_use_case(replace(was, **more), was)

    return edit


def decided(kind: Any, until: str) -> Step:
    def decide(c: Catalog) -> None:
        run = c.runs_in("support")[0]
        moment = c.clock().isoformat(timespec="seconds")
        c.decide("support", Decision(kind, moment, "Ada", run.uid, date.fromisoformat(until)))

    return decide


def then(*steps: Step) -> Step:
    def all_of(c: Catalog) -> None:
        for step in steps:
            step(c)

    return all_of


def changed(key: str, **more: Any) -> Step:
    return lambda c: c.edit_version(replace(c.version(key), **more), c.version(key))


def assigned(key: str) -> Step:
    return lambda c: c.assign("support", key, why="so")


def upgrading(to: str = NEXT) -> Step:
    return lambda c: c.start_upgrade("support", to)


def item(act: Callable[[Catalog, str, str], object]) -> Step:
    def do(c: Catalog) -> None:
        uid = next(iter(c.upgrades))
        act(c, uid, next(i.id for i in c.upgrades[uid].items.values() if not i.check))

    return do


def overdue(c: Catalog, uid: str, name: str) -> None:
    c.change_item(uid, name, lambda i: replace(i, due=TODAY - timedelta(1)), "move")


def waived_until(day: date) -> Callable[[Catalog, str, str], object]:
    return lambda c, uid, name: c.waive_item(uid, name, by="Ada", why="so", until=day)


def on_azure(**more: Any) -> Step:
    def make(c: Catalog) -> None:
        runs(AZURE, FAR, seen("2026-12-01", kind="default_change"))(c)
        c.save_deployment(Deployment(new_uid(), "prod", platform="azure", sku="GlobalStandard", **more))
        c.unassign(c.runs_in("support")[0].uid)
        c.assign("support", AZURE, deployment="prod")

    return make


def repinned(option: str) -> Step:
    def save(c: Catalog) -> None:
        place = c.deployments["prod"]
        c.save_deployment(replace(place, upgrade_option=option, upgrade_option_known=True), place)

    return save


def mistyped(c: Catalog) -> None:
    runs(GPT, FAR)(c)
    c.assign("support", GPT)
    c._db.table("assignments").update({"version": "openai/gpt-4p@1"})  # by another program: no command does that


def corrected(c: Catalog) -> None:
    run: Assignment = c.runs_in("support")[0]
    c.edit_assignment(replace(run, version=GPT), run)


def own(**more: Any) -> Step:
    lineage = more.pop("lineage", Lineage(data="d", data_hash="1", commit="c"))
    return runs(OURS, own=True, lineage=lineage, **more)


def better(c: Catalog) -> None:
    own()(c)
    c.define_metric(Metric("auc", "AUC", direction="up", rank=1))
    c.add_version(version("mlflow/churn@8", own=True))
    for key, value in ((OURS, 0.8), ("mlflow/churn@8", 0.9)):
        c.measure(measured(key, value, "auc", TODAY - timedelta(3)))


FAR = seen("2028-01-01")
BEFORE = date(2026, 11, 2)
"""The day on which the catalogs begin."""

CASES: list[tuple[str, Step, Step, Step]] = [
    # kind, made on the first day, changed on it or later, the action of today
    ("stopped", runs(GPT, seen("2026-11-19")), then(), assigned(NEXT)),
    ("late", runs(GPT, seen("2026-12-09")), then(), decided("stay_until", "2026-12-01")),
    ("due", runs(GPT, seen("2027-02-12")), then(), decided("later", "2026-11-30")),
    ("squeezed", runs(GPT, seen("2026-12-30"), facts={"replacement": (Fact(["5"], "x", "2026-11-12"),)}),
     then(upgrading("openai/late@1")), decided("stop_by", "2026-12-20")),
    ("moved_earlier", runs(GPT, seen("2028-06-01", "2026-11-01")),
     lambda c: changed(GPT, observations=(*c.version(GPT).observations, FAR))(c), lambda c: c.reviewed("support")),
    ("lapsed", runs(GPT, seen("2026-11-10", "2026-10-01", "sunset"), seen("2028-01-01", "2026-11-01")), then(),
     lambda c: c.observe(GPT, date(2028, 1, 1))),
    ("lapsed", runs(GPT, seen("2026-11-10", "2026-10-01", "sunset"), seen("2028-01-01", "2026-11-01")), then(),
     lambda c: c.observe(GPT, date(2026, 11, 10))),
    ("default_change", on_azure(upgrade_option="OnceNewDefaultVersionAvailable", upgrade_option_known=True), then(),
     repinned("NoAutoUpgrade")),
    ("unknown_model", mistyped, then(), corrected),
    ("unknown_model", mistyped, then(), lambda c: c.register("openai/gpt-4p@1")),
    ("no_date", runs(GPT), then(), lambda c: c.observe(GPT, None)),
    ("no_date", runs(GPT), then(), lambda c: c.observe(GPT, date(2028, 1, 1))),
    ("drift", on_azure(remote_version=NEXT), then(), lambda c: c.accept_drift(c.runs_in("support")[0].uid)),
    ("drift", on_azure(missing_since=TODAY), then(), lambda c: c.assign("support", AZURE, stage="Archived",
                                                                        deployment="prod")),
    ("target_retires", runs(GPT, FAR), then(lambda c: c.add_version(version("openai/short@1", seen("2027-12-30"))),
                                            upgrading("openai/short@1")),
     lambda c: c.set_target(next(iter(c.upgrades)), NEXT)),
    ("target_retires", runs(GPT, FAR), then(lambda c: c.add_version(version("openai/short@1", seen("2028-02-01"))),
                                            upgrading("openai/short@1")),
     lambda c: edited(criteria=replace(c.use_case("support").criteria, runway_days=30))(c)),
    ("waiver_expired", runs(GPT, FAR), then(upgrading(), item(waived_until(date(2026, 11, 20)))),
     item(waived_until(date(2026, 12, 20)))),
    ("item_overdue", runs(GPT, FAR), then(upgrading(), item(overdue)), item(lambda c, u, n: c.tick_item(u, n, "ok"))),
    ("unreachable", own(registry="mlflow", missing_since=BEFORE), then(), assigned(NEXT)),
    ("unreachable", own(registry="mlflow", missing_since=BEFORE), then(), changed(OURS, missing_since=None)),
    ("unreachable", own(lineage=Lineage(data="d", commit="c", artifact=f"{HERE}/gone/churn.onnx")), then(),
     changed(OURS, lineage=Lineage(data="d", commit="c", artifact=f"file://{HERE}/test_attention_settled.py"))),
    ("stale_evidence", runs(GPT, FAR), then(upgrading(), lambda c: c.measure(measured(NEXT, day=BEFORE))),
     lambda c: c.measure(measured(NEXT))),
    ("unmeasured", then(runs(GPT, FAR), lambda c: c.delete_measurement(next(iter(c.measurements.records())))), then(),
     lambda c: c.measure(measured(GPT))),
    ("review_past", then(runs(GPT, FAR), edited(review_by=date(2026, 11, 20))), then(),
     lambda c: c.reviewed("support")),
    ("review_past", then(runs(GPT, FAR), edited(review_by=date(2026, 11, 20))), then(),
     edited(review_by=date(2027, 1, 20))),
    ("stale_dates", runs(GPT, seen("2028-01-01", "2026-09-01")), then(), lambda c: c.observe(GPT, date(2028, 1, 1))),
    ("newer_better", better, then(), lambda c: c.reviewed("support")),
    ("newer_better", better, then(), assigned("mlflow/churn@8")),
    ("newer_version", runs(GPT, FAR, released="2024-05-13"),
     lambda c: c.add_version(version("openai/gpt-4o@2026-11-10", released="2026-11-10")),
     lambda c: c.reviewed("support")),
    ("no_lineage", own(lineage=Lineage()), then(), changed(OURS, lineage=Lineage(data_hash="1", commit="c"))),
    ("no_owner", then(runs(GPT, FAR), edited(owner="")), then(), edited(owner="Ada")),
]  # fmt: skip


@contextmanager
def on(path: Path, day: date) -> Iterator[Catalog]:
    with Catalog.open(path, actor="Ada", clock=fixed_clock(day)) as c:
        yield c


def kinds(c: Catalog) -> set[str]:
    records = c.snapshot()
    found = attention(
        records, c.today, c.began(), inputs=lambda u: inputs_now(u, records, c.today), unreachable=missing(records)
    )
    assert all(f.action for f in found)
    return {f.kind for f in found}


@pytest.mark.parametrize(("kind", "make", "change", "settle"), CASES, ids=[case[0] for case in CASES])
def test_its_action_settles_it(tmp_path: Path, kind: str, make: Step, change: Step, settle: Step) -> None:
    path = tmp_path / "catalog.json"
    with on(path, BEFORE) as c:
        c.add_version(version("openai/late@1", seen("2029-01-01"), released="2026-11-20"))
        make(c)
        change(c)
    with on(path, TODAY) as c:
        assert kind in kinds(c)
        settle(c)
        assert kind not in kinds(c)
        if kind == "unknown_model":
            with pytest.raises(NotTakenBack, match=r"is named by|is not in the catalog"):
                c.undo()  # no command leaves a name without its record
            return
        c.undo()
        assert kind in kinds(c)


@pytest.mark.parametrize(("artifact", "found"), [
    (f"{HERE}/gone.onnx", True), (f"file://{HERE}/gone%20away/x.onnx", True), (f"{HERE}/hostile.py", False),
    ("/nowhere/at/all/x.onnx", False), ("s3://bucket/x", False), ("models:/churn/7", False), ("x.onnx", False),
    ("file://elsewhere/x", False), ("file://[", False), (f"{HERE}/{'x' * 5000}", False), ("/x\0y/z/w", False),
    ("", False),
])  # fmt: skip
def test_only_what_should_be_on_this_machine_is_missed(artifact: str, found: bool) -> None:
    assert gone([version(OURS, own=True, lineage=Lineage(artifact=artifact))]) == [OURS] * found


def test_no_kind_is_left_out() -> None:
    assert {case[0] for case in CASES} == set(SEVERITY)
