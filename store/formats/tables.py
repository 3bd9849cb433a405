"""Tables with a header in our field names: versions, what runs where, and measurements.

A row is about the version in its column `key`. With a `use_case` it also says what runs there (in Production, unless
`stage` says otherwise); a row with values of metrics and no stage only measures. A column named like a metric holds its
values; `metric` and `value` are the long form. `docs/cli.md` lists the columns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from store.formats.catalogs import split
from store.formats.cells import unguarded
from store.formats.columns import ALIASES, COLUMNS, PARTS, Column, number, plain_number
from store.formats.grids import MAX_FAULTS, Grid, grids
from store.formats.parsed import Fault, Parsed, cut
from store.records import Assignment, Deployment, Key, Measurement, Metric, UseCase, Version
from store.validation import Invalid, check, cleaned

MAX_COLUMNS = 500
PASSED_OVER = "skip"
"""To this our name a column is mapped that shall be passed over."""


def parse_table(
    content: bytes,
    metrics: Mapping[str, Metric],
    *,
    origin: str,
    today: date,
    form: str = "csv",
    names: Mapping[str, str] | None = None,
    provider: str = "",
) -> Parsed:
    """Read a file with rows and columns.

    Args:
        content: the file; in CSV cells stand between commas, semicolons or tabs.
        metrics: the known metrics by name; their names are columns.
        origin: the name under which its facts are kept, so that the same file may replace them later.
        today: the day on which its facts were true and its measurements made, where it does not say.
        form: as `store.formats.grids.grids` has them.
        names: our name by the file's own name of a column, `skip` for one to pass over.
        provider: whose models they are, where the rows have `model` (and `version`) instead of a key.
    """
    table = _Table(metrics, origin, today, names or {}, provider)
    for grid in grids(content, form):
        table.take(grid)
    return table.parsed


def unknown_columns(parsed: Parsed) -> list[str]:
    """The columns that nobody knows, as the file has them: what a mapping has to say."""
    return list(dict.fromkeys(f.column for f in parsed.faults if f.reason.startswith(_NEITHER)))


_NEITHER = "this is neither a field nor a known metric"
_COLUMN_OF = {"name": "use_case", "version": "key"}
"""The column behind a record's field, where it is called otherwise."""


class _Table:
    """The records of a table while it is read."""

    def __init__(
        self, metrics: Mapping[str, Metric], origin: str, today: date, names: Mapping[str, str], provider: str
    ) -> None:
        self.parsed = Parsed()
        self._metrics, self._origin, self._today, self._provider = metrics, origin, today, provider
        self._names = {_spelled(theirs): ours for theirs, ours in names.items()}
        self._columns: dict[str, Column] = {}
        self._unit = "line"
        self._said: dict[tuple[str, str], dict[str, tuple[int, Any]]] = {}
        self._places: set[tuple[str, str, str]] = set()
        self._measured: dict[str, int] = {}

    def fault(self, line: int, column: str, value: str, reason: str) -> None:
        """Note a fault."""
        self.parsed.faults.append(Fault(line, column, value, reason, self._unit))

    def take(self, grid: Grid) -> None:
        """Take in one table of the file."""
        self._unit = grid.unit
        before = len(self.parsed.faults)
        self.parsed.faults += grid.faults
        if grid.faults and not grid.header:
            return
        self._columns = {}
        columns = self.columns(grid.header, grid.first)
        for line, cells in grid.rows if len(self.parsed.faults) == before + len(grid.faults) else ():
            self.row(line, dict(zip(columns, cells, strict=True)))
            if len(self.parsed.faults) >= MAX_FAULTS:
                self.fault(0, "", "", "and there may be more faults; correct these first")
                break

    def columns(self, header: Sequence[str], line: int = 1) -> list[str]:
        """The names of the columns as we know them; faults for those that we do not."""
        names = [self._known(cell.strip(), line) for cell in header[:MAX_COLUMNS]]
        if "key" in names:
            for part in PARTS:
                self._columns.pop(part, None)  # the key says it
        elif "model" not in names:
            reason = "there is no column key; it holds provider/model@version, such as openai/gpt-4o@2024-08-06"
            self.fault(line, "", "", reason)
        elif "provider" not in names and not self._provider:
            self.fault(line, "model", "", "whose models are these? Say it with --provider, or in a column provider")
        for name in names:
            twice = name != PASSED_OVER and names.count(name) > 1
            if twice and not any(f.column == name for f in self.parsed.faults):
                self.fault(line, name, "", "this column stands there twice")
        if len(header) > MAX_COLUMNS:
            self.fault(line, "", "", f"it has more than {MAX_COLUMNS} columns")
        return names

    def _known(self, cell: str, line: int) -> str:
        given = self._names.get(_spelled(cell))
        if given == PASSED_OVER:
            return PASSED_OVER
        cell = given or cell
        name = _spelled(cell)
        name = ALIASES.get(name, name)
        if name in COLUMNS:
            self._columns[name] = COLUMNS[name]
        elif cell in self._metrics or cell.startswith("metric:"):
            metric = self._metrics.get(cell.removeprefix("metric:"))
            read = number if metric is not None and metric.in_percent else plain_number
            self._columns[cell] = Column("metric", cell.removeprefix("metric:"), read)
            return cell
        else:
            import difflib

            shown = cut(cell)
            near = difflib.get_close_matches(cut(name), [*COLUMNS, *ALIASES, *self._metrics], 1, 0.7)
            hint = f"did you mean {near[0]}?" if near else f"a metric nobody defined is written metric:{shown}"
            self.fault(
                line, cell, "", f"{_NEITHER}; {hint} --map OURS='{shown}' names it, --map skip='{shown}' passes over it"
            )
        return name

    # ── one row ──

    def row(self, line: int, cells: Mapping[str, str]) -> None:
        """Take in one row, or note what is wrong with it."""
        before = len(self.parsed.faults)
        values: dict[str, dict[str, Any]] = {}
        for name, cell in cleaned(cells).items():
            column, text = self._columns.get(name), unguarded(cell.strip())
            if column is None or not text:
                continue
            try:
                values.setdefault(column.target, {})[column.field] = column.read(text)
            except (ValueError, ArithmeticError) as error:
                self.fault(line, name, text, str(error))
        key = values.get("key", {}).get("key", "") or self._joined(line, values.get("part", {}))
        if not key and not any(f.line == line and f.column == "key" for f in self.parsed.faults[before:]):
            self.fault(line, "key", "", "the key is empty")
        if len(self.parsed.faults) > before:
            return
        try:
            self._version(line, key, values)
            use_case = self._use_case(line, values)
            measured = self._measurements(line, key, use_case, values)
            if use_case and (not measured or "stage" in values.get("assignment", {})):
                self._assignment(line, key, use_case, values)
            elif not use_case and values.get("assignment"):
                self.fault(line, "use_case", "", "a stage, share or date of use needs a use case")
            elif not use_case and "name" in values.get("deployment", {}):
                self._deployment(line, key, "", values)
        except Invalid as error:
            for field, reason in error.faults:
                name = _COLUMN_OF.get(field, field)
                self.fault(line, name, cells.get(name, ""), reason)

    def _joined(self, line: int, parts: Mapping[str, str]) -> str:
        """The key of a row that has its parts in columns of their own."""
        provider, model = parts.get("provider") or self._provider, parts.get("model", "")
        if not model or not provider:
            return ""
        if "/" in provider:
            self.fault(line, "provider", provider, "a provider has no /; write it as in openai/gpt-4o")
            return ""
        version = parts.get("version", "")
        return str(Key(provider, model, version) if version else split(provider, model))

    def _merged(self, line: int, table: str, key: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """What this and earlier rows say about one record; a contradiction is a fault."""
        said = self._said.setdefault((table, key), {})
        for name, value in given.items():
            earlier = said.setdefault(name, (line, value))
            if earlier[1] != value:
                self.fault(
                    line, name.rpartition(".")[2], str(value), f"line {earlier[0]} says {earlier[1]} about {key}"
                )
        return {name: value for name, (_, value) in said.items()}

    def _version(self, line: int, key: str, values: Mapping[str, Mapping[str, Any]]) -> None:
        given = {f"fact.{n}": v for n, v in values.get("fact", {}).items()}
        given |= {f"lineage.{n}": v for n, v in values.get("lineage", {}).items()}
        given |= {f"date.{n}": v for n, v in values.get("date", {}).items() if v is not None}
        given |= values.get("version", {})
        old = self.parsed.versions.get(key)
        if old is not None and not given:
            return
        said = self._merged(line, "versions", key, given)
        facts = {n[5:]: [self._fact(v)] for n, v in said.items() if n.startswith("fact.")}
        lineage = {n[8:]: v for n, v in said.items() if n.startswith("lineage.")}
        dates = [self._observation(n[5:], *v) for n, v in said.items() if n.startswith("date.")]
        plain = {n: v for n, v in said.items() if "." not in n}
        wanted = {"uid": "", "key": key, "facts": facts, "observations": dates, "lineage": lineage, **plain}
        self.parsed.versions[key] = check(Version, wanted)
        self.parsed.given["versions", key] = frozenset(plain)

    def _fact(self, value: Any) -> dict[str, Any]:
        kept = list(value) if isinstance(value, tuple) else value
        as_of = self._today.isoformat()
        return {"value": kept, "source": self._origin, "as_of": as_of, "layer": "imported", "origin": self._origin}

    def _observation(self, kind: str, value: date, certainty: str) -> dict[str, Any]:
        seen = {"kind": kind, "value": value, "certainty": certainty, "observed_at": self._today.isoformat()}
        return {**seen, "source": self._origin, "publisher": self._origin, "origin": self._origin}

    def _use_case(self, line: int, values: Mapping[str, Mapping[str, Any]]) -> str:
        given = dict(values.get("use_case", {}))
        name = given.pop("name", "")
        if not name:
            if given:
                self.fault(line, "use_case", "", f"{', '.join(given)} needs a use case")
            return ""
        said = self._merged(line, "use_cases", name, given) if given else {}
        if name not in self.parsed.use_cases or given:
            self.parsed.use_cases[name] = check(UseCase, {"uid": "", "name": name, **said})
            self.parsed.given["use_cases", name] = frozenset(said)
        return str(name)

    def _deployment(self, line: int, key: str, use_case: str, values: Mapping[str, Mapping[str, Any]]) -> str:
        given = dict(values.get("deployment", {}))
        name = given.pop("name", "") or (use_case if given else "default")
        if name == "default" and not given:
            return "default"
        if "upgrade_option" in given:
            option = given["upgrade_option"]
            given["upgrade_option_known"] = True
            given["upgrade_option"] = None if option.casefold() in ("absent", "none", "null") else option
        if given and "platform" not in given:
            provider = key.partition("/")[0]
            given["platform"] = "azure" if provider.startswith("azure") else provider
        said = self._merged(line, "deployments", name, given) if given else {}
        if name not in self.parsed.deployments or given:
            self.parsed.deployments[name] = check(Deployment, {"uid": "", "name": name, **said})
            self.parsed.given["deployments", name] = frozenset(said)
        return str(name)

    def _assignment(self, line: int, key: str, use_case: str, values: Mapping[str, Mapping[str, Any]]) -> None:
        deployment = self._deployment(line, key, use_case, values)
        if (use_case, key, deployment) in self._places:
            self.fault(line, "key", key, f"an earlier line says already what it does in {use_case} on {deployment}")
            return
        self._places.add((use_case, key, deployment))
        wanted = {"uid": "", "use_case": use_case, "version": key, "deployment": deployment}
        self.parsed.assignments.append(check(Assignment, {**wanted, **values.get("assignment", {})}))

    def _measurements(self, line: int, key: str, use_case: str, values: Mapping[str, Mapping[str, Any]]) -> bool:
        series = dict(values.get("measurement", {}))
        metric, value = series.pop("metric", None), series.pop("value", None)
        if (metric is None) != (value is None):
            missing = "value" if value is None else "metric"
            self.fault(line, missing, "", "metric and value belong together")
        pairs = dict(values.get("metric", {}))
        if metric is not None and value is not None:
            pairs[metric] = value
        if series and not pairs:
            self.fault(line, next(iter(series)), "", "this needs a value of a metric in the same row")
        for name, measured in pairs.items():
            self._measurement(line, name, measured, {"version": key, "use_case": use_case, **series})
        return bool(pairs)

    def _measurement(self, line: int, metric: str, value: float, series: Mapping[str, Any]) -> None:
        definition = self._metrics.get(metric)
        if definition is not None and definition.kind == "rate" and not 0 <= value <= 1:
            self.fault(line, metric, f"{value:g}", "a rate lies between 0 and 1; write 0.87 or 87%")
            return
        values = {"source": "own", "measured_on": self._today, **series, "metric": metric, "value": value}
        uid = _identity(self._origin, metric, values)
        if uid in self._measured:
            self.fault(line, metric, f"{value:g}", f"line {self._measured[uid]} has a value of the same series and day")
            return
        self._measured[uid] = line
        self.parsed.measurements.append(check(Measurement, {"uid": uid, "origin": self._origin, **values}))


def _identity(origin: str, metric: str, values: Mapping[str, Any]) -> str:
    """The same for the same measurement of the same file, so that importing it again adds nothing."""
    parts = [origin, metric, *(f"{n}={values[n]}" for n in sorted(values) if n not in ("value", "n", "sd"))]
    return "import-" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def _spelled(name: str) -> str:
    """A column's name as we write it: small letters, _ between words."""
    return name.strip().casefold().replace(" ", "_").replace("-", "_") if name.strip() != PASSED_OVER else name.strip()
