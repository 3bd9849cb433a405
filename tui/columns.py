"""The columns of the catalog: what each one is called, how wide it is, when it leaves, and how its value reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, get_args

from store.values import dataclass
from tui import text
from tui.widgets.table import Column

if TYPE_CHECKING:
    from store.rows import Row
    from tui.state import View
    from tui.text import Cell


@dataclass(frozen=True, slots=True)
class CatalogColumn:
    """A column with how its cell is made; `field` is what a click on its head sorts by."""

    column: Column
    field: str
    cell: Callable[[Row, View], Cell]

    @property
    def name(self) -> str:
        """The column's name, as in settings."""
        return self.column.name


def _plain(field: str) -> Callable[[Row, View], Cell]:
    def cell(row: Row, _view: View) -> Cell:
        value = row.get(field)
        return str(value) if value is not None else text.MISSING

    return cell


def _day(field: str) -> Callable[[Row, View], Cell]:
    def cell(row: Row, view: View) -> Cell:
        value = row.get(field)
        return text.day(value if isinstance(value, date) else None, view.today)

    return cell


def _price(field: str) -> Callable[[Row, View], Cell]:
    def cell(row: Row, _view: View) -> Cell:
        value = row.get(field)
        return text.money(float(value)) if isinstance(value, (int, float)) else text.MISSING

    return cell


def key_cell(row: Row, _view: View) -> Cell:
    """The key, quiet where it only says who serves it."""
    version = f"@{row.version}" if row.version is not None else ""
    return [text.Styled(f"{row.provider}/", "dim"), text.Styled(row.model, "key"), text.Styled(version, "key")]


def _use_case(row: Row, view: View) -> Cell:
    if row.use_case is None:
        return text.Styled("—", "dim")
    worst = min((f.severity for f in view.index.findings(row)), default=9)
    return text.Styled(row.use_case, "strong" if worst <= 2 else "")


def on_the_day(row: Row, view: View) -> Cell:
    """What happens when it retires."""
    kind = row.get("on_the_day")
    status = view.statuses.get(row.id)
    target = status.outcome.target if status is not None else None
    return text.on_the_day(kind if kind in get_args(text.Outcome) else "unknown", target)  # type: ignore[arg-type]


def retires(row: Row, view: View) -> Cell:
    """The announced date with its certainty."""
    when, certainty = row.get("retires"), row.get("certainty")
    if not isinstance(when, date):
        return text.MISSING
    sure = certainty if certainty in ("planned", "tentative", "not_before", "user") else "planned"
    return text.retirement(when, view.today, sure, column=True)  # type: ignore[arg-type]  # narrowed just above


def start_by(row: Row, view: View, *, column: bool = True) -> Cell:
    """When work must start; the column form leaves the day out."""
    status = view.statuses.get(row.id)
    if status is None:
        return text.NONE
    stay = status.decision.until if status.decision is not None else None
    return text.start_by(
        status.start_by, status.start_in, view.today, squeezed=status.squeezed, stay_until=stay, column=column
    )


def _headline(row: Row, _view: View) -> Cell:
    found = row.headline
    if found is None:
        return text.MISSING
    metric, measured = found
    return [text.value(measured.value, metric), text.Styled(f" {metric.title}", "dim")]


def _metric_column(field: str) -> Callable[[Row, View], Cell]:
    def cell(row: Row, _view: View) -> Cell:
        value = row.get(field)
        return text.number(value) if isinstance(value, float) else text.MISSING

    return cell


def _stage(row: Row, _view: View) -> Cell:
    return text.stage(row.assignment.stage, row.assignment.share) if row.assignment else text.Styled("—", "dim")


def lifecycle(row: Row, _view: View) -> Cell:
    """The provider's stage; nothing for a model that we host."""
    if row.head.own:
        return text.Styled("· ours", "dim")
    stage = str(row.get("lifecycle") or "unknown")
    return text.lifecycle(stage, listed=stage == "ga (listed)")


def _changes(row: Row, _view: View) -> Cell:
    value = row.get("changes")
    return str(value).splitlines()[0] if value else text.MISSING


def _finding(row: Row, view: View) -> Cell:
    found = view.index.findings(row)
    return text.Styled(found[0].kind.replace("_", " "), "bad" if found[0].severity <= 1 else "warn") if found else ""


def _c(
    name: str, title: str, width: int, drop: int, cell: Callable[[Row, View], Cell], *,
    field: str = "", least: int = 0, right: bool = False, grow: int = 0, start: bool = False,
) -> CatalogColumn:  # fmt: skip
    column = Column(name, title, width, least, "right" if right else "left", drop, grow, "start" if start else "end")
    return CatalogColumn(column, field or name, cell)


COLUMNS: dict[str, CatalogColumn] = {
    c.name: c
    for c in (
        _c("use_case", "Use case", 20, 0, _use_case, least=17, grow=1),
        _c("key", "Model @ version", 38, 0, key_cell, least=22, grow=2, start=True),
        _c("on_the_day", "On the day", 23, 80, on_the_day, least=9),
        _c("retires", "Retires", 19, 0, retires),
        _c("start_by", "Start by", 19, 90, start_by, least=11),
        _c("stage", "Stage", 9, 60, _stage, least=4),
        _c("lifecycle", "Lifecycle", 11, 55, lifecycle),
        _c("headline", "Headline", 22, 50, _headline, least=14),
        _c("latency", "Latency", 8, 38, _metric_column("latency"), right=True),
        _c("speed", "Speed", 8, 30, _metric_column("speed"), right=True),
        _c("price_in", "In /1M", 8, 40, _price("price_in"), right=True),
        _c("price_out", "Out /1M", 8, 35, _price("price_out"), right=True),
        _c("cost", "Cost /mo", 10, 45, _price("cost"), right=True),
        _c("released", "Date", 11, 30, _day("released")),
        _c("owner", "Owner", 14, 25, _plain("owner"), least=8),
        _c("deployment", "Deployment", 14, 24, _plain("deployment"), least=8),
        _c("data", "Data", 12, 23, _plain("data"), least=8),
        _c("finding", "Needs", 14, 65, _finding),
        _c("provider", "Provider", 14, 22, _plain("provider"), least=8),
        _c("model", "Model", 20, 21, _plain("model"), least=8),
        _c("version", "Version", 12, 20, _plain("version"), least=8),
        _c("changes", "Changes", 30, 15, _changes, least=10),
    )
}
"""Every column that can be chosen, by name."""

IN_USE: Sequence[str] = (
    "use_case", "key", "on_the_day", "retires", "start_by", "stage", "headline", "latency", "price_in", "price_out",
    "cost", "owner",
)  # fmt: skip
ALL: Sequence[str] = (
    "key", "lifecycle", "retires", "use_case", "stage", "headline", "price_in", "price_out", "released",
)  # fmt: skip


def worth_showing(view: View, names: Sequence[str]) -> list[str]:
    """The columns that say something about at least one row in use; the pinned ones always."""
    rows = view.index.rows_in_use()
    return [n for n in names if n in ("use_case", "key", "retires", "start_by") or _says(view, rows, COLUMNS[n])]


def _says(view: View, rows: Sequence[Row], column: CatalogColumn) -> bool:
    return any(text.plain(column.cell(row, view)) not in ("", "—", "–") for row in rows)


class CatalogRows:
    """The rows of the index as a table's source."""

    def __init__(self, view: View, names: Sequence[str]) -> None:
        self._view = view
        self._columns = [COLUMNS[n] for n in names]

    def __len__(self) -> int:
        return len(self._view.index.rows)

    def key(self, row: int) -> str:
        """The row's id: the assignment, or the version that no use case runs."""
        return self._view.index.rows[row].id

    def row(self, key: str) -> int | None:
        """The number of a row."""
        return self._view.index.position(key)

    def cells(self, row: int) -> Sequence[Cell]:
        """The cells of a row that came into sight."""
        found = self._view.index.rows[row]
        return [c.cell(found, self._view) for c in self._columns]
