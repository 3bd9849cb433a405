"""One door for files: what a file is, what it says, what that would change, and changing it, all or nothing.

The app and the command line both come through here. A file becomes a plan of `store.intake` (tables, Azure's list), of
`store.sync` (catalogs and registries written to a file) or of `store.transfer` (an export of modeltui itself).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from store import intake, sync, transfer
from store.catalog import Catalog, CommandError
from store.changes import Clash, Outdated
from store.delivery import Delivery, joined
from store.formats.export import Export, is_export, parse_export
from store.formats.parsed import Fault, Parsed
from store.formats.tables import parse_table, unknown_columns
from store.records import Event
from store.sync import Plan
from store.values import dataclass

FORMATS = (
    "csv", "tsv", "markdown", "json", "jsonl", "xlsx", "azure", "records", "litellm", "modelsdev", "mlflow", "export",
)  # fmt: skip
_TABLES = ("csv", "tsv", "markdown", "json", "jsonl", "xlsx")
_BLANK = b"\xef\xbb\xbf \t\r\n"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is to be read. `names` gives our name of a column by the file's own; `provider` where keys lack it."""

    form: str = ""
    names: Mapping[str, str] | None = None
    provider: str = ""


@dataclass(slots=True)
class Incoming:
    """A file that was read: one of `parsed`, `delivery`, `export` has what it says."""

    origin: str
    form: str
    parsed: Parsed | None = None
    delivery: Delivery | None = None
    export: Export | None = None
    broken: Sequence[Fault] = ()

    @property
    def faults(self) -> list[Fault]:
        """What is wrong with it; with a single one nothing is imported."""
        inside = (made.faults for made in (self.parsed, self.export) if made is not None)
        return [*self.broken, *(fault for faults in inside for fault in faults)]

    @property
    def unknown_columns(self) -> list[str]:
        """Columns of a table that a mapping would have to name."""
        return unknown_columns(self.parsed) if self.parsed else []

    @property
    def needs_provider(self) -> bool:
        """True where the rows name models, and nothing says whose they are."""
        return any("--provider" in fault.reason for fault in self.faults)


def form_of(content: bytes, name: str) -> str:
    """Which of the forms a file has: by its content, and by its name where that leaves it open."""
    head = content.lstrip(_BLANK)
    ending = name.rpartition(".")[2].casefold()
    if head[:4] == b"PK\x03\x04":
        return "xlsx"
    if head[:1] in (b"{", b"["):
        return _form_of_json(content)
    if ending in ("md", "markdown") or head[:1] == b"|":
        return "markdown"
    if ending == "tsv":
        return "tsv"
    from store.formats.grids import is_markdown

    is_page = head[:1] in (b"#", b"-", b"<") and is_markdown(content.decode("utf-8-sig", errors="replace"))
    return "markdown" if is_page else "csv"


def _form_of_json(content: bytes) -> str:
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return "jsonl" if content.lstrip(_BLANK)[:1] == b"{" and b"\n" in content.strip() else "json"
    return _form_of_document(document)


def _form_of_document(document: Any) -> str:
    from store.formats import azure_cli, mlflow_export

    if is_export(document):
        return "export"
    if azure_cli.looks_like(document):
        return "azure"
    if not isinstance(document, dict):
        return "json"
    if mlflow_export.looks_like_mlflow(document):
        return "mlflow"
    if any(
        isinstance(document.get(n), list) for n in ("versions", "measurements", "metrics", "deployments", "assignments")
    ):
        return "records"
    inner = [value for value in document.values() if isinstance(value, dict)]
    if any("litellm_provider" in value for value in inner):
        return "litellm"
    if any(isinstance(value.get("models"), dict) for value in inner):
        return "modelsdev"
    return "jsonl" if "key" in document or "model" in document else "json"


def read(catalog: Catalog, content: bytes, name: str, how: Reading | None = None) -> Incoming:
    """Read a file; whatever is wrong is in `faults`, nothing is raised.

    Args:
        catalog: for the metrics it knows, and its clock.
        content: the file.
        name: its name without directories; "-" for standard input.
        how: what the user said about it.
    """
    how = how or Reading()
    origin = "import:standard input" if name == "-" else f"import:{name}"
    if not content.strip(_BLANK):
        return Incoming(origin, how.form or "csv", broken=_whole("it is empty; there is nothing to import"))
    form = how.form or form_of(content, name)
    found = Incoming(origin, form)
    if form in _TABLES:
        found.parsed = parse_table(
            content,
            catalog.metrics,
            origin=origin,
            today=catalog.today,
            form=form,
            names=how.names,
            provider=how.provider,
        )
    elif form == "azure":
        from store.formats.azure_cli import parse_azure

        found.parsed = parse_azure(content, catalog.clock().isoformat(timespec="seconds"))
    else:
        _document(found, content, catalog, how)
    return found


def _document(found: Incoming, content: bytes, catalog: Catalog, how: Reading) -> None:
    """The forms that are one JSON object."""
    from store.formats.records_file import RecordsFault, parse_records
    from store.formats.wire import WireFault

    try:
        document = json.loads(content.decode("utf-8-sig"), parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        found.broken = _whole(f"this is no JSON: {str(error)[:120]}")
        return
    if not isinstance(document, dict):
        found.broken = _whole("this JSON is no object, and so none of the forms that modeltui knows")
        return
    try:
        if found.form == "export":
            found.export = parse_export(document)
        elif found.form == "records":
            found.delivery = parse_records(content, origin=found.origin, today=catalog.today)
        elif found.form == "mlflow":
            from store.formats.mlflow_export import parse_mlflow

            found.delivery = parse_mlflow(document, how.provider or "mlflow")
        else:
            found.delivery = _public(found, document, catalog)
    except RecordsFault as error:
        found.broken = error.faults
    except WireFault as error:
        found.broken = _whole(str(error))


def _whole(reason: str) -> list[Fault]:
    return [Fault(0, "", "", reason)]


def _refused(word: str) -> None:
    raise ValueError(f"{word} is no number that JSON has")


def _public(found: Incoming, document: Mapping[str, Any], catalog: Catalog) -> Delivery:
    from store.formats.litellm import parse_litellm
    from store.formats.modelsdev import parse_modelsdev

    parse = parse_litellm if found.form == "litellm" else parse_modelsdev
    parsed = parse(document, origin=found.origin, as_of=catalog.today.isoformat())
    if not parsed.versions:
        found.broken = _whole(f"it holds no models as {found.form} lists them")
    return Delivery(list(parsed.versions.values()), known_only=True, notes=parsed.notes)


def plan(catalog: Catalog, file: Incoming) -> Plan:
    """What the file would change; changes nothing. `file.faults` grows where it contradicts the catalog."""
    if file.parsed is not None:
        return intake.plan(catalog, file.parsed, file.origin)
    if file.export is not None:
        return transfer.plan(catalog, file.export, file.origin)
    if file.delivery is None:
        return Plan(file.origin)
    found = sync.plan(catalog, file.origin, _imported(file.delivery, file.origin))
    if count := len(found.unmatched):
        many = "1 version that is" if count == 1 else f"{count:,} versions that are"
        found.notes.append(f"{many} not known here {'is' if count == 1 else 'are'} left out")
    found.notes += [f"{d.use_case} runs {d.recorded}, the file says {d.remote}" for d in found.drift]
    return found


def _imported(delivery: Delivery, origin: str) -> Delivery:
    """A delivery as an import: above what registries say, never a list of all there is."""
    delivery = joined([delivery])  # a key that stands there twice counts as it came last
    versions = [
        replace(
            version,
            facts={
                name: tuple(replace(c, layer="imported", origin=origin) for c in claims)
                for name, claims in version.facts.items()
            },
        )
        for version in delivery.versions
    ]
    return replace(delivery, versions=versions, complete=False)


def apply(catalog: Catalog, shown: Plan, file: Incoming, why: str = "") -> Event | None:
    """Carry out a plan that a person saw and agreed to, as one undoable event; None when there was nothing to do.

    It is made once more while nobody else can write, so that what others wrote since it was shown neither gets lost
    nor stops it; only a value that nobody saw who agreed is never replaced.

    Raises:
        Outdated: the file would replace such a value; nothing was changed.
        CommandError: it contradicts what is here now, or was to be taken over whole; nothing was changed.
    """
    if isinstance(shown, transfer.TransferPlan) and shown.whole is not None:
        transfer.take_over(catalog, shown.whole)
        return None
    if file.delivery is not None:
        delivery = _imported(file.delivery, file.origin)
        return sync.apply_anew(catalog, shown, delivery, command=_command(shown), why=why)
    if shown.empty:
        return None
    catalog.safeguard("before-import")
    with catalog.command(_command(shown), why) as draft:
        fresh = plan(catalog, file)
        if file.faults:
            raise CommandError(f"nothing was imported: {file.faults[0]}")
        _refuse_unseen(shown, fresh)
        sync.decide_as(shown, fresh)
        sync.write(catalog, draft, fresh, quiet=False)
    return draft.event


def _command(wanted: Plan) -> str:
    return f"import {wanted.origin.removeprefix('import:')}"


_NOBODY_S = ("facts", "observations", "local", "remote_seen_at")
"""Fields that are only added to, or that no person sets."""


def _refuse_unseen(shown: Plan, fresh: Plan) -> None:
    """Claims and dates are only added; all else that the file replaces must have been before somebody's eyes."""
    seen = {c.at: c.before for c in shown.changed}
    for c in fresh.changed:
        added = c.kept or c.before is None or c.field.partition(".")[0] in _NOBODY_S
        if not added and (c.at not in seen or seen[c.at] != c.before):
            raise Outdated([Clash(c.key, c.field, c.after, c.before, seen.get(c.at))])


def waiting(plans: Iterable[Plan]) -> list[Any]:
    """The deployments that nothing runs on yet: what is to be assigned."""
    return [
        d for wanted in plans for d in (wanted.to_assign if isinstance(wanted, intake.IntakePlan) else wanted.inbox)
    ]
