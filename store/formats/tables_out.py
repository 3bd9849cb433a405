"""Our records as the table that `modeltui import` reads: versions with what runs them, then what was measured."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from store.formats.cells import guarded
from store.formats.columns import COLUMNS
from store.formats.grids import text_of
from store.records import Assignment, Deployment, Measurement, UseCase, Version

Row = dict[str, Any]


def table_text(
    versions: Sequence[Version],
    runs: Mapping[str, Sequence[Assignment]],
    use_cases: Mapping[str, UseCase],
    deployments: Mapping[str, Deployment],
    measurements: Mapping[str, Sequence[Measurement]],
) -> str:
    """CSV with the columns that have anything in them, a line per version and use case, then one per measurement.

    Args:
        versions: in the order in which they shall stand.
        runs: the assignments to write, by key.
        use_cases: all, by name.
        deployments: all, by name.
        measurements: what to write, by key.
    """
    rows: list[Row] = []
    told: set[tuple[str, str]] = set()
    for version in versions:
        rows += _version_rows(version, runs.get(version.key, ()), use_cases, deployments, told)
    for version in versions:
        rows += [_measured(m) for m in measurements.get(version.key, ()) if math.isfinite(m.value)]
    used = {name for row in rows for name, value in row.items() if value not in (None, "")}
    header = [name for name in COLUMNS if name in used]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(row.get(name)) for name in header] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return guarded(value if isinstance(value, int | float) and not isinstance(value, bool) else _text(value))


def _text(value: Any) -> Any:
    return None if value is None else text_of(value)


def _version_rows(
    version: Version,
    runs: Sequence[Assignment],
    use_cases: Mapping[str, UseCase],
    deployments: Mapping[str, Deployment],
    told: set[tuple[str, str]],
) -> Iterator[Row]:
    """What is known of the version stands in its first row only, a use case and a place in their first ones."""
    about = {name: _value(version, name) for name, c in COLUMNS.items() if c.target in ("fact", "lineage", "version")}
    for run in runs or (None,):
        row: Row = {"key": version.key, **about}
        about = {}
        if run is not None:
            row |= {"use_case": run.use_case, "stage": run.stage, "share": run.share, "since": run.since}
            row |= {"prompt": run.prompt, "prompt_hash": run.prompt_hash}
            row["deployment"] = "" if run.deployment == "default" else run.deployment
            row |= _once(told, "use_case", run.use_case, use_cases.get(run.use_case))
            row |= _once(told, "deployment", run.deployment, deployments.get(run.deployment))
        yield row


def _value(version: Version, name: str) -> Any:
    column = COLUMNS[name]
    if column.target == "fact":
        return version.value(column.field)
    if column.target == "lineage":
        return getattr(version.lineage, column.field)
    return getattr(version, column.field) or None


def _once(told: set[tuple[str, str]], target: str, name: str, record: UseCase | Deployment | None) -> Row:
    if record is None or (target, name) in told:
        return {}
    told.add((target, name))
    row = {n: getattr(record, c.field) for n, c in COLUMNS.items() if c.target == target and c.field != "name"}
    if isinstance(record, Deployment) and record.upgrade_option_known and record.upgrade_option is None:
        row["upgrade_option"] = "absent"
    return row


def _measured(m: Measurement) -> Row:
    row = {n: getattr(m, c.field) for n, c in COLUMNS.items() if c.target == "measurement"}
    return {"key": m.version, "use_case": m.use_case, **row}
