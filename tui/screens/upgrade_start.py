"""`u` on every place: open the running upgrade of what is selected, or start one with its plan shown first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from store.catalog import Catalog, CommandError
from store.commands.upgrades import Strategy
from store.engine import new_uid
from store.records import Assignment, Event, Snapshot, Upgrade
from store.review.collisions import collisions
from store.review.context import context
from store.review.ledger import ledger
from store.review.plan import Plan
from store.review.rollback import PRODUCTION
from store.values import dataclass
from tui import text
from tui.screens.acting import LOOKING
from tui.screens.base import Place
from tui.screens.checklist_actions import STRATEGIES
from tui.screens.dialogs import Choose, Confirm
from tui.screens.form import Faults, Form, FormField, Values
from tui.screens.upgrade_targets import Ranked, ranked
from tui.state import View


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a form says about an upgrade to start."""

    target: str
    strategy: Strategy
    template: str
    together: bool = False


async def open_or_start(place: Place) -> None:
    """Open the upgrade of what is selected on a place, or start one; asks where it is not clear of what."""
    from tui.screens.checklist import ChecklistScreen

    view = place.model.view
    if view is None:
        return
    run = await _which(place, view.records)
    if run is None:
        return
    running = upgrade_of(run, view.records)
    if running is not None:
        place.app.push_screen(ChecklistScreen(running.uid))
        return
    uid = await start(place, view, run)
    if uid:
        place.app.push_screen(ChecklistScreen(uid, ask=True))


def upgrade_of(run: Assignment, records: Snapshot) -> Upgrade | None:
    """The open upgrade away from an assignment, else the promoted one to it that is not closed."""
    here = [u for u in records.upgrades.values() if u.use_case == run.use_case and u.deployment == run.deployment]
    leaving = [u for u in here if u.state == "open" and u.from_version == run.version]
    return next((u for u in reversed([*_arrived(here, run), *leaving])), None)


def _arrived(here: Sequence[Upgrade], run: Assignment) -> list[Upgrade]:
    return [u for u in here if u.state == "promoted" and run.version in (u.to_version, u.from_version)]


async def _which(place: Place, records: Snapshot) -> Assignment | None:
    """The assignment that is meant: what is selected, in its use case."""
    use_case, chosen = place.use_case_here(), place.selection()
    runs = [a for a in records.assignments if a.in_use and use_case in ("", a.use_case)]
    meant = [a for a in runs if a.version in chosen] or (runs if use_case else [])
    meant = [a for a in meant if a.stage == PRODUCTION] or meant
    if not meant:
        if use_case:
            place.model.say(f"{use_case} runs nothing yet: press s to set what runs.", "warning")
        else:
            what = f"No use case runs {chosen[0]}" if chosen else "Nothing is selected"
            place.model.say(f"{what}: an upgrade starts from what a use case runs.", "warning")
        return None
    if len(meant) == 1:
        return meant[0]
    options = [(a.uid, f"{a.use_case} · {a.version} · {a.deployment}") for a in meant]
    uid = await place.app.push_screen_wait(Choose("Upgrade which?", options))
    return next((a for a in meant if a.uid == uid), None)


async def start(place: Place, view: View, run: Assignment) -> str:
    """Ask target, strategy and template, show the plan, ask the reason; the uid of the upgrade, "" for none."""
    old = view.records.versions.get(run.version)
    if not place.may_write():
        return ""
    if old is None:
        place.model.say(f"{run.version} is not in the catalog: add it first (n).", "warning")
        return ""
    for why in place.catalog.templates().broken.values():
        place.model.say(f"{why}; until then it is passed over.", "warning")
    found = await place.patiently(LOOKING, ranked, run, view)
    draft = _draft(run, place.catalog)
    wanted: Wanted | None = await place.app.push_screen_wait(_form(place, run, found, draft))
    if wanted is None:
        return ""
    draft = Upgrade(
        draft.uid, run.use_case, run.version, wanted.target, deployment=run.deployment, template=wanted.template
    )
    effect = _effect(draft, wanted, place.catalog, view)
    title = f"Start the upgrade of {run.use_case}?"
    reason = await place.app.push_screen_wait(Confirm(title, effect, verb="start"))
    if reason is None:
        return ""
    done: list[Event | None] = []

    def begin(catalog: Catalog) -> Event | None:
        if wanted.together:
            done.append(
                catalog.start_upgrades(
                    run.deployment, wanted.target, strategy=wanted.strategy, template=wanted.template, why=reason
                )
            )
            return done[0]
        event = catalog.start_upgrade(
            run.use_case, wanted.target, from_key=run.version, deployment=run.deployment,
            strategy=wanted.strategy, template=wanted.template, why=reason,
        )  # fmt: skip
        done.append(event)
        return event

    if not await place.model.carry_out(begin) or done[0] is None:
        return ""
    mine = (change.uid for change in done[0].changes if change.key.startswith(f"{run.use_case} ·"))
    return next(mine, done[0].changes[0].uid)


def together(run: Assignment, catalog: Catalog) -> list[Assignment]:
    """What else is in Production on the deployment and has no open upgrade; a deployment without a name is nobody's."""
    if run.deployment == "default":
        return []
    leaving = {(u.use_case, u.from_version) for u in catalog.upgrades.records() if u.state == "open"}
    return [
        a
        for a in catalog.assignments.records()
        if (a.deployment, a.stage) == (run.deployment, PRODUCTION)
        and a.use_case != run.use_case
        and (a.use_case, a.version) not in leaving
    ]


def _draft(run: Assignment, catalog: Catalog) -> Upgrade:
    """The upgrade as it would be with what fits best: the template by what is known, the strategy by the platform."""
    place, old = catalog.deployments.get(run.deployment), catalog.versions[run.version]
    strategy: Strategy = "in_place" if place is not None and "provisioned" in place.sku.lower() else "side_by_side"
    announced = ledger(old, catalog.today, place).effective
    known = context(
        catalog.use_cases.get(run.use_case), old, None, place,
        strategy=strategy, retirement=None if announced is None else announced.value,
    )  # fmt: skip
    template = catalog.templates().fitting(known).name
    return Upgrade(
        new_uid(), run.use_case, run.version, deployment=run.deployment, strategy=strategy, template=template
    )


def _form(place: Place, run: Assignment, found: Ranked, draft: Upgrade) -> Form:
    catalog, options = place.catalog, found.options
    chosen = (key for key in place.selection() if key != run.version and key in dict(options))
    proposed = next(chosen, found.proposed)
    known = catalog.templates()
    templates = [(t.name, f"{t.name} · {t.title} · {len(t.items())} items") for t in known.found.values()]
    others = together(run, place.catalog)
    fields = [
        FormField("target", "To", proposed, choices=options, free=True, hint="empty: decide later"),
        FormField("strategy", "Strategy", draft.strategy, choices=STRATEGIES),
        FormField("template", "Template", draft.template, choices=templates),
    ]
    if others:
        said = f"{run.use_case} and {', '.join(a.use_case for a in others)}: linked, a verdict each"
        choices = [("one", f"{run.use_case} alone"), ("all", said)]
        fields.append(FormField("together", f"On {run.deployment}", "one", choices=choices))

    def check(values: Values) -> Wanted:
        faults: dict[str, str] = {}
        target = values["target"]
        if target == run.version:
            faults["target"] = "that is what runs already; pick another version, or leave it empty"
        elif target:
            try:
                version = catalog.version(target)
            except CommandError as error:
                faults["target"] = str(error)
            else:
                if version.alias_of:
                    faults["target"] = f"a moving alias of {', '.join(version.alias_of)}: pick a pinned version"
        if values["template"] not in known.found:
            broken = [why for path, why in known.broken.items() if path.stem == values["template"]]
            faults["template"] = next(iter(broken), f"no such template; there are {', '.join(sorted(known.found))}")
        match values["strategy"]:
            case "in_place" | "side_by_side" as strategy if not faults:
                return Wanted(target, strategy, values["template"], values.get("together") == "all")
            case "in_place" | "side_by_side":
                raise Faults(faults)
            case other:
                raise Faults(faults | {"strategy": f"'{other}' is no strategy: in_place or side_by_side"})

    title = f"Upgrade {run.use_case} from {run.version}"
    hint = "↓ choices, the best candidate first · ctrl+s go on to the plan · esc cancel"
    return Form(title, fields, check, hint=hint)


def _effect(draft: Upgrade, wanted: Wanted, catalog: Catalog, view: View) -> list[str]:
    """What starts, and the plan back from the deadline."""
    template = catalog.templates().found[wanted.template]
    lines = [
        f"from           {draft.from_version} on {draft.deployment}",
        f"to             {wanted.target or 'decided later'}",
        f"checklist      {template.title}: up to {len(template.items())} items and the target's break risks",
        f"strategy       {wanted.strategy.replace('_', ' ')}",
        *([f"together       one upgrade for each use case on {draft.deployment}, linked"] if wanted.together else []),
        "",
    ]
    plan = catalog.plan_of(draft, view.today)
    if plan is None:
        return [
            *lines,
            "plan           no date is known, so items have no due dates; nothing says how long it will answer",
        ]
    return [*lines, *planned(plan, view.today), *colliding(draft.use_case, view)]


def planned(plan: Plan, today: date) -> list[str]:
    """The plan in words, with what can be compressed where it is late."""
    start = text.start_by(plan.shown["start_by"], plan.start_in, today, squeezed=plan.squeezed).text
    steps = (("validated by", "validated_by"), ("roll out from", "rollout_start"), ("cut over by", "cutover_by"))
    lines = [f"start by       {start}"]
    lines += [f"{title:<14} {text.day(plan.shown[name]).text}" for title, name in steps]
    return [*lines, f"ends           {text.day(plan.deadline).text}", "", plan.why, *plan.advice]


def colliding(use_case: str, view: View) -> list[str]:
    """Other use cases of the same owner that are to cut over in the same week."""
    lines = []
    for found in collisions(view.statuses.values()):
        others = [f"{name} {text.day(day).text}" for name, day in found.cutovers if name != use_case]
        if use_case in found.use_cases:
            week = text.day(found.week).text
            lines.append(f"collision      {found.owner} also cuts over in the week of {week}: {', '.join(others)}")
    return ["", *lines] if lines else []
