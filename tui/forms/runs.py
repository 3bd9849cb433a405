"""The forms of what runs in a use case: a version's stage, share and place, and how it is called there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date

from store.engine import new_uid
from store.records import Assignment, Deployment, Key
from store.review.rollout import make_room
from store.values import dataclass
from tui.forms import deployments as deployments_form
from tui.forms.deployments import Keys
from tui.forms.reading import Given, typed_value, written
from tui.screens.form import FormField, Values


@dataclass(frozen=True, slots=True)
class Wanted:
    """What shall run: a version's stage in a use case, on a deployment. `place` describes a deployment anew."""

    use_case: str
    version: str
    stage: str
    share: float
    deployment: str
    since: date | None
    place: Deployment | None
    seen: bool
    why: str


def runs_fields(
    use_case: str,
    version: str,
    *,
    use_cases: Sequence[str],
    versions: Keys,
    stages: Sequence[str],
    deployments: Mapping[str, Deployment],
    now: Assignment | None = None,
) -> list[FormField]:
    """What runs in a use case. `now` is the assignment that stands; details of other known deployments are not asked.

    A version of Azure asks for the deployment's type and upgrade option, because they decide what happens on the day.
    """
    name = now.deployment if now is not None and now.deployment != "default" else ""

    def described(values: Mapping[str, str]) -> bool:
        typed = values.get("deployment", "")
        return typed == name or typed not in deployments

    return [
        FormField("use_case", "Use case", use_case, choices=[(u, "") for u in use_cases], locked=bool(use_case)),
        FormField("version", "Version", version, choices=versions, hint="provider/model@version"),
        FormField("stage", "Stage", now.stage if now else "Production", choices=[(s, "") for s in stages], free=True),
        FormField(
            "share", "Share of traffic", written(now.share if now else 100.0),
            hint="percent; below 100 keeps the others, lowered to fit", when=lambda v: v.get("stage") == "Production",
        ),
        FormField(
            "deployment", "Deployment", name, choices=[(d, deployments_form.brief(p)) for d, p in deployments.items()],
            free=True, hint="empty: none in particular", group="Where",
        ),
        *deployments_form.place_fields(deployments.get(name), group="Where", when=described),
        FormField("since", "Since", hint="today", group="When and why"),
        FormField(
            "seen", "Traffic seen", kind="yes_no", group="When and why",
            hint="yes once you saw it run; recording moves no traffic",
        ),
        FormField("why", "Reason", hint="kept in the history", group="When and why"),
    ]  # fmt: skip


def wanted(
    values: Values, *, use_case: str, deployments: Mapping[str, Deployment], known: Mapping[str, object], today: date
) -> Wanted:
    """What the form asks to run.

    `known` holds the versions there are. A place described without a name is called as the use case: what is said
    here must not hold for all that stands on "default".

    Raises:
        Faults: at each field that cannot be read or does not hold.
    """
    given = Given(values, today)
    name = use_case or given.needed("use_case", "pick the use case that it runs in")
    version = given.needed("version", "pick the version that runs")
    if version and version not in known:
        given.refuse("version", f"there is no version '{version}'; press ↓ to find it, or add it with n")
    stage = given.needed("stage", "write Staging, Production, Archived or a stage of your own")
    share = Given({"share": given.text("share").rstrip("% ")}).number("share")
    if share is None and given.text("share"):
        given.refuse("share", f"'{given.text('share')}' is no percentage; write 30 for 30 % of the traffic")
    if share is not None and not 0 < share <= 100:
        given.refuse("share", f"{share:g} is no percentage of the traffic; write a number above 0, up to 100")
    described = deployments_form.described(given)
    typed = given.text("deployment")
    told = (
        any(described[n] not in ("", None, False) for n in deployments_form.PLACE) or described["upgrade_option_known"]
    )
    place = None
    if told:
        if not described["platform"] and version in known:
            provider = Key.parse(version).provider
            described["platform"] = "azure" if provider.startswith("azure") else provider
        target = typed if typed not in ("", "default") else name
        place = given.make(Deployment, {"uid": new_uid(), "name": target or "?", **described})
    since = given.day("since")
    seen = given.yes_no("seen")
    given.finish()
    at = place.name if place is not None else typed or "default"
    if place is not None and (old := deployments.get(at)) is not None and _same_place(place, old):
        place = None
    return Wanted(
        name, version, stage, 100 if share is None else share, at, since, place, bool(seen), given.text("why")
    )


def _same_place(new: Deployment, old: Deployment) -> bool:
    return all(getattr(new, name) == getattr(old, name) for name in (*deployments_form.PLACE, "upgrade_option_known"))


def effect(wanted: Wanted, runs: Sequence[Assignment]) -> list[str]:
    """What setting this does to the other assignments of the use case, a sentence a line."""
    where = "" if wanted.deployment == "default" else f" on {wanted.deployment}"
    share = f" with {wanted.share:g} % of the traffic" if wanted.stage == "Production" else ""
    said = [f"{wanted.version} is in {wanted.stage}{share}{where}."]
    others = [
        a for a in runs
        if a.deployment == wanted.deployment and a.version != wanted.version and a.stage == "Production"
    ]  # fmt: skip
    if wanted.stage == "Production" and wanted.share == 100:
        said += [f"Archived: {a.version} (was {a.share:g} % of Production)." for a in others]
    elif wanted.stage == "Production":
        kept = make_room(others, wanted.share)
        for a in others:
            if kept[a.uid] < a.share:
                said.append(f"Lowered to make room: {a.version} from {a.share:g} % to {kept[a.uid]:g} %.")
            else:
                said.append(f"Stays in Production: {a.version} with {a.share:g} %.")
        total = wanted.share + sum(kept.values())
        if total < 100:
            said.append(f"Together that is {total:g} % of the traffic; {100 - total:g} % are not accounted for.")
    apart = [a for a in runs if a.in_use and a.deployment != wanted.deployment]
    said += [f"Not touched: {a.version} in {a.stage} on {a.deployment}." for a in apart]
    if wanted.place is not None:
        known = deployments_form.brief(wanted.place)
        option = wanted.place.upgrade_option or ("no upgrade option" if wanted.place.upgrade_option_known else "")
        said.append(f"Deployment {wanted.deployment}: {' · '.join(p for p in (known, option) if p)}.")
    if wanted.stage == "Production" and not wanted.seen:
        said.append("This records what runs; it moves no traffic.")
    return said


# ── how it is called ──────────────────────────────────────────────────────────────────────────────────────────────


def assignment_fields(base: Assignment) -> list[FormField]:
    """How the version is called in its use case."""
    settings = "\n".join(f"{name}={value}" for name, value in base.settings.items())
    return [
        FormField("version", "Version", base.version, locked=True),
        FormField("settings", "Request settings", settings, "long", hint="a line each: temperature=0.2"),
        FormField("prompt", "Prompt", base.prompt, hint="reference: a file, a commit, a registry entry"),
        FormField("prompt_hash", "Prompt hash", base.prompt_hash),
        FormField("seen", "Traffic seen", written(base.seen), "yes_no"),
        FormField("note", "Note", base.note, "long"),
    ]


def assignment(values: Values, base: Assignment) -> Assignment:
    """The assignment with what the form says.

    Raises:
        Faults: at each field that cannot be read or does not hold.
    """
    given = Given(values)
    before = {name: str(value) for name, value in base.settings.items()}
    typed = given.pairs("settings", "temperature=0.2")
    # a setting that was not touched keeps its type
    settings = {n: base.settings[n] if before.get(n) == text else typed_value(text) for n, text in typed.items()}
    seen = given.yes_no("seen")
    kept = {f.name: getattr(base, f.name) for f in fields(base)}
    changed = {
        "settings": settings,
        "prompt": given.text("prompt"),
        "prompt_hash": given.text("prompt_hash"),
        "note": given.text("note"),
        "seen": base.seen if seen is None else seen,
    }
    return given.make(Assignment, kept | changed)
