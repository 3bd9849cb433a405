"""Azure's models and deployments as records (pure: decoded answers in, records out).

The API's words are not the portal's: `Deprecating` is what people read as Deprecated, `Deprecated` is Retired, and
`deprecation.inference` is the day of retirement. Facts carry the portal's words. Every published date is an
observation of Microsoft; one of a SKU keeps that SKU, and where regions disagree each keeps its own. Deployments are
named `account/deployment` and say by key what they serve; only the tag `use_case` makes an assignment.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from store.delivery import USE_CASE_TAG, Delivery, tagged_use_case
from store.formats import azure_wire as wire
from store.formats.azure_prices import Tariff, priced
from store.formats.times import day_of_iso, day_of_seconds, moment
from store.records import Assignment, Certainty, Deployment, Doc, Fact, Json, Key, Observation, Scope, Version, to_doc
from store.validation import Invalid, check
from store.values import dataclass

SOURCE = "azure-api"
"""What Azure itself says; its dates are Microsoft's and are trusted above what pages repeat."""
RANK = 95

WORDS: Mapping[str, str] = {
    "stable": "GA",
    "generallyavailable": "GA",
    "preview": "Preview",
    "legacy": "Legacy",
    "deprecating": "Deprecated",
    "deprecated": "Retired",
}
"""The API's word for a lifecycle, in small letters without dashes, and the portal's."""

TRAINING = "training stops"
"""How the note of a fine-tuning date begins: nothing that runs stops that day (see `store.review.ledger`)."""

_DATED = re.compile(r"(.+?)-(20\d\d-[01]\d-[0-3]\d|(?:0[1-9]|1[0-2])[0-3]\d(?:-preview)?)")


@dataclass(frozen=True, slots=True)
class Seen:
    """Whose answer it is: the registry's name, and the moment it was given (ISO 8601, UTC)."""

    registry: str
    at: str

    @property
    def day(self) -> str:
        """The day of it."""
        return self.at[:10]


def key_of(model: wire.ModelName) -> str:
    """The key of a model: OpenAI's are `azure-openai/…`, all others `azure-foundry/…`."""
    openai = (model.format or "OpenAI").casefold() == "openai"
    return str(Key("azure-openai" if openai else "azure-foundry", model.name, model.version or None))


def label(word: str | None) -> str:
    """The portal's word for a lifecycle; a new word of the API stays as it is, none stays unknown."""
    return WORDS.get((word or "").casefold().replace("-", ""), word or "")


# ── models of regions ──


def models(
    seen: Seen, listings: Mapping[str, Sequence[wire.Model]], tariff: Tariff | None = None, split: Collection[str] = ()
) -> Delivery:
    """The versions that regions offer.

    Args:
        seen: whose answer it is.
        listings: the models by region, the most important region first.
        tariff: retail prices, where they were asked for.
        split: keys whose dates have differed between regions before; a date of a region counts before one without, so
            they keep being given by region.
    """
    by_key: dict[str, dict[str, wire.Model]] = {}
    for region, listed in listings.items():
        for model in listed:
            at = by_key.setdefault(key_of(model), {})
            at[region] = _both(at[region], model) if region in at else model
    versions, notes, parted = [], [], set(split)
    for key, by_region in by_key.items():
        try:
            dates, differ = _dates(seen, by_region, key in split)
            versions.append(_version(seen, key, _facts(by_region, tariff or Tariff()), dates))
        except Invalid as error:
            notes.append(f"a model was left out: {error}")
            continue
        if differ:
            parted.add(key)
    state: dict[str, Json] = {"split": sorted(parted)} if parted else {}
    return Delivery(versions=versions, notes=tuple(notes), complete=not notes, state=state)


def fine_tuned(seen: Seen, found: Iterable[wire.Model]) -> Delivery:
    """The versions that only an account knows: fine-tuned models, with the model they were made from."""
    versions, notes = [], []
    for model in found:
        facts = _facts({"": model}, Tariff())
        if model.base_model is not None:
            facts["base_model"] = key_of(model.base_model)
        try:
            versions.append(_version(seen, key_of(model), facts, _dates(seen, {"": model}, False)[0]))
        except Invalid as error:
            notes.append(f"a fine-tuned model was left out: {error}")
    return Delivery(versions=versions, notes=tuple(notes), complete=not notes)


def _version(seen: Seen, key: str, facts: Mapping[str, Json], dates: Iterable[Observation]) -> Version:
    values: Doc = {
        "uid": "",
        "key": key,
        "facts": {
            name: [to_doc(Fact(value, SOURCE, seen.day, origin=seen.registry))]
            for name, value in facts.items()
            if value is not None and value != ""
        },
        "observations": [to_doc(o) for o in dates],
    }
    return check(Version, values)


def _both(one: wire.Model, other: wire.Model) -> wire.Model:
    """One model out of its rows for several kinds of account: what either says, and the SKUs of both."""
    known = {sku.name: sku for sku in one.skus or ()}
    skus = [*known.values(), *(sku for sku in other.skus or () if sku.name not in known)]
    said, more = one.deprecation or wire.Deprecation(), other.deprecation or wire.Deprecation()
    return wire.Model(
        name=one.name,
        format=one.format,
        version=one.version,
        publisher=one.publisher or other.publisher,
        is_default_version=one.is_default_version if one.is_default_version is not None else other.is_default_version,
        lifecycle_status=one.lifecycle_status or other.lifecycle_status,
        deprecation=wire.Deprecation(
            said.inference or more.inference,
            said.fine_tune or more.fine_tune,
            said.deprecation_status or more.deprecation_status,
        ),
        replacement_config=one.replacement_config or other.replacement_config,
        capabilities={**(other.capabilities or {}), **(one.capabilities or {})},
        skus=skus,
        system_data=one.system_data or other.system_data,
        base_model=one.base_model or other.base_model,
    )


# ── facts ──


def _facts(by_region: Mapping[str, wire.Model], tariff: Tariff) -> dict[str, Json]:
    """What the regions say; where they differ the first one counts."""
    facts: dict[str, Json] = {}
    for model in by_region.values():
        for name, value in _of_one(model).items():
            if facts.get(name) in (None, ""):
                facts[name] = value
    skus = sorted({sku.name for model in by_region.values() for sku in model.skus or ()})
    if skus:
        facts["skus"] = skus
    if regions := sorted(filter(None, by_region)):
        facts["regions"] = regions
    facts |= priced([sku for model in by_region.values() for sku in model.skus or ()], tariff)
    return facts


def _of_one(model: wire.Model) -> dict[str, Json]:
    able = model.capabilities or {}
    moves, born = model.replacement_config or wire.Replacement(), model.system_data or wire.SystemData()
    target = moves.target_model_name or ""
    if target and moves.target_model_version:
        target = f"{target} ({moves.target_model_version})"
    created = day_of_iso(born.created_at)
    return {
        "lifecycle_label": label(model.lifecycle_status),
        "publisher": model.publisher or model.format,
        "created": created.isoformat() if created else None,
        "is_default_version": model.is_default_version,
        "replacement": [target] if target else None,
        "auto_upgrade_target": target,
        "upgrade_on_expiry_lead_time_days": moves.upgrade_on_expiry_lead_time_days,
        "context_window": _count(able.get("maxContextToken")),
        "max_output_tokens": _count(able.get("maxOutputToken")),
        "kind": _kind({name for name, said in able.items() if said.casefold() == "true"}),
        "azure_capabilities": sorted(n for n, said in able.items() if said.casefold() == "true") or None,
    }


def _kind(able: Collection[str]) -> str:
    if "realtime" in able:
        return "realtime"
    if "embeddings" in able:
        return "embedding"
    return "chat" if "chatCompletion" in able or "chat_completion" in able else ""


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and 0 < len(text) < 12 else None


# ── dates ──

_Dated = tuple[str, str | None]


def _dates(seen: Seen, by_region: Mapping[str, wire.Model], split: bool) -> tuple[list[Observation], bool]:
    """Every published date once where the regions agree, else by region; and whether any differ."""
    said: dict[_Dated, dict[str, tuple[date, Certainty]]] = {}
    for region, model in by_region.items():
        for what, value in _published(model).items():
            said.setdefault(what, {})[region] = value
    found: list[Observation] = []
    differ = False
    for (kind, sku), by_place in said.items():
        agreed = len(set(by_place.values())) == 1
        differ = differ or not agreed
        if agreed:
            found.append(_observation(seen, kind, Scope(sku, None, _tuned(kind)), next(iter(by_place.values()))))
        if not agreed or split:
            found += [
                _observation(seen, kind, Scope(sku, region or None, _tuned(kind)), value)
                for region, value in by_place.items()
            ]
    return found, differ


def _tuned(kind: str) -> bool | None:
    return True if kind == "fine_tune_retire" else None


def _published(model: wire.Model) -> dict[_Dated, tuple[date, Certainty]]:
    end, moves = model.deprecation or wire.Deprecation(), model.replacement_config or wire.Replacement()
    certainty: Certainty = "tentative" if (end.deprecation_status or "").casefold() == "tentative" else "planned"
    found: dict[_Dated, tuple[date, Certainty]] = {}
    for what, text in (
        (("retire", None), end.inference),
        (("fine_tune_retire", None), end.fine_tune),
        (("auto_upgrade_start", None), moves.auto_upgrade_start_date),
        *((("retire", sku.name), sku.deprecation_date) for sku in model.skus or ()),
    ):
        day = day_of_iso(text)
        if day is not None:
            found[what] = (day, "planned" if what[0] == "auto_upgrade_start" else certainty)
    return found


def _observation(seen: Seen, kind: str, scope: Scope, value: tuple[date, Certainty]) -> Observation:
    values: Doc = {
        "kind": kind,
        "value": value[0],
        "certainty": value[1],
        "source": SOURCE,
        "publisher": "Microsoft",
        "observed_at": seen.day,
        "scope": to_doc(scope),
        "rank": RANK,
        "note": TRAINING if kind == "fine_tune_retire" else "",
        "origin": seen.registry,
    }
    return check(Observation, values)


# ── what we run ──


def deployments(
    seen: Seen, account: wire.Account, found: Iterable[wire.Deployment], tuned: Collection[str] = ()
) -> Delivery:
    """The deployments of an account; `tuned` are the keys that are known to be fine-tuned."""
    records: list[Deployment] = []
    assigned: list[Assignment] = []
    notes: list[str] = []
    faults: list[str] = []
    for raw in found:
        try:
            record = _deployment(seen, account, raw, tuned)
        except Invalid as error:
            faults.append(f"a deployment of {account.name} was left out: {error}")
            continue
        records.append(record)
        if USE_CASE_TAG not in (raw.tags or {}):
            continue
        name = tagged_use_case(raw.tags or {})
        if not name:
            notes.append(
                f"the tag {USE_CASE_TAG} of {record.name} is no use-case name (small letters, digits, hyphens)"
            )
        elif raw.state:
            notes.append(f"{record.name} is tagged {USE_CASE_TAG}={name} but does not run; it was not assigned")
        else:
            assigned.append(Assignment("", name, record.remote_version, deployment=record.name))
    return Delivery(deployments=records, assignments=assigned, notes=(*notes, *faults), complete=not faults)


def _deployment(seen: Seen, account: wire.Account, raw: wire.Deployment, tuned: Collection[str]) -> Deployment:
    served = key_of(raw.properties.model)
    tags = {**(raw.tags or {}), **({"state": raw.state} if raw.state else {})}
    values: Doc = {
        "uid": "",
        "name": f"{account.name}/{raw.name}" if raw.name.strip() else "",
        "platform": "azure",
        "region": account.location,
        "sku": raw.sku.name or "",
        "units": raw.sku.capacity,
        "upgrade_option": raw.properties.version_upgrade_option or None,
        "upgrade_option_known": True,
        "fine_tuned": served in tuned or ".ft-" in raw.properties.model.name,
        "remote_version": served,
        "remote_seen_at": seen.at,
        "remote_changed_at": moment(raw.system_data.last_modified_at) if raw.system_data is not None else "",
        "tags": tuple(f"{name}={value}" for name, value in sorted(tags.items())),
    }
    return check(Deployment, values)


# ── with a key only ──


def data_plane(seen: Seen, found: Iterable[wire.DataPlaneModel]) -> Delivery:
    """The models that an endpoint lists for a key: lifecycle and dates, but neither SKUs nor deployments.

    A version is read off the end of an id only where it is a date as Microsoft writes them; else there is none.
    """
    versions: dict[str, Version] = {}
    notes: list[str] = []
    for model in found:
        dated = _DATED.fullmatch(model.id)
        key = str(Key("azure-openai", dated[1] if dated else model.id, dated[2] if dated else None))
        able = {name for name, can in (model.capabilities or {}).items() if can}
        end = model.deprecation or wire.DataPlaneDeprecation()
        created = day_of_seconds(model.created_at)
        facts: dict[str, Json] = {
            "lifecycle_label": label(model.lifecycle_status),
            "created": created.isoformat() if created else None,
            "kind": _kind(able),
        }
        ends = (("retire", end.inference), ("fine_tune_retire", end.fine_tune))
        dates = [
            _observation(seen, kind, Scope(fine_tuned=_tuned(kind)), (day, "planned"))
            for kind, stamp in ends
            if (day := day_of_seconds(stamp)) is not None
        ]
        try:
            versions[key] = _version(seen, key, facts, dates)
        except Invalid as error:
            notes.append(f"a model was left out: {error}")
    note = "a key alone shows models, not deployments; for those sign in with an identity that may read the account"
    return Delivery(versions=list(versions.values()), complete=False, notes=(note, *notes))
