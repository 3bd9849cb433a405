"""The lines of the list of upgrades: what moves where, how late, how far, what is next, what it waits for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from store.catalog import Catalog
from store.records import Upgrade
from store.review.todo import RUNNING
from store.values import dataclass
from tui import text
from tui.screens import checklist_look as looks
from tui.screens.checklist_look import Look
from tui.state import View
from tui.text import Cell, Styled
from tui.widgets.table import Column, Section, measured
from tui.widgets.table_rows import Rows, Wide

COLUMNS = (
    Column("use_case", "Use case", 24, 12),
    Column("move", "From → to", 43, 30, grow=1, shorten="start"),
    Column("start_by", "Start by", 12, 10),
    Column("progress", "Progress", 18, 12, drop=4),
    Column("next", "Next", 24, 10, grow=2, drop=3),
    Column("blocked", "Waits for", 9, drop=2),
    Column("owner", "Owner", 13, 8, drop=1),
    Column("state", "State", 18, 9),
)


@dataclass(frozen=True, slots=True)
class Line:
    """An upgrade with what its line says."""

    look: Look
    owner: str

    @property
    def upgrade(self) -> Upgrade:
        """The upgrade."""
        return self.look.upgrade

    @property
    def urgency(self) -> tuple[int, str]:
        """Days until it must start, unknown last."""
        plan = self.look.plan
        return (plan.start_in if plan is not None else 99_999, self.upgrade.use_case)

    @property
    def words(self) -> str:
        """What a filter finds it by."""
        u = self.upgrade
        said = (u.use_case, u.from_version, u.to_version, self.owner, u.state, u.outcome, u.deployment, u.template)
        return " ".join((*said, self.look.progress.next or "")).casefold()


ORDERS: dict[str, tuple[str, Callable[[Line], tuple[int, str]]]] = {
    "start_by": ("start by: what must start first", lambda line: line.urgency),
    "progress": ("progress: the least done first",
                 lambda line: (100 * line.look.progress.done // max(line.look.progress.applicable, 1), line.owner)),
    "blocked": ("waits for: the nearest to its gate first", lambda line: (len(line.look.blockers), line.owner)),
    "owner": ("owner", lambda line: (0, line.owner)),
    "use_case": ("use case", lambda line: (0, line.upgrade.use_case)),
}  # fmt: skip


class UpgradeRows(Rows):
    """The lines of the list; the same object over time, so that the table keeps its cursor."""

    columns: Sequence[int] = range(len(COLUMNS))

    def put(self, running: list[Line], past: list[Line]) -> list[Section]:
        """Take in the upgrades; the sections to show."""
        self._rows = [
            (line.upgrade.uid, [said[n] for n in self.columns])
            for line, said in ((line, cells(line)) for line in (*running, *past))
        ]
        sections = []
        if running:
            late = sum(line.urgency[0] < 0 and line.upgrade.state == "open" for line in running)
            title: list[Styled] = [Styled(f"Running  {len(running)}")]
            title += [Styled(" · ", "dim"), Styled(f"{late} late", "bad")] if late else []
            sections.append(Section(range(len(running)), "running", title))
        if past:
            rows = range(len(running), len(running) + len(past))
            sections.append(Section(rows, "past", Styled(f"Past  {len(past)}")))
        return sections

    def fitting(self) -> list[Column]:
        """The columns that are shown, no wider than the first lines need."""
        sample = [said for _, said in self._rows[:60] if not isinstance(said, Wide)]
        return measured([COLUMNS[n] for n in self.columns], sample)


def lines(catalog: Catalog, view: View) -> dict[str, Line]:
    """Every upgrade with what its line says; some milliseconds each, so not on the event loop."""
    found = {}
    for upgrade in view.records.upgrades.values():
        use_case = view.records.use_cases.get(upgrade.use_case)
        owner = use_case.owner if use_case is not None else ""
        found[upgrade.uid] = Line(looks.look(catalog, view, upgrade, ask=False), owner)
    return found


def cells(line: Line) -> list[Cell]:
    """An upgrade as a line."""
    seen, upgrade = line.look, line.upgrade
    running = upgrade.state in RUNNING
    item = upgrade.items.get(seen.progress.next or "") if running else None
    next_: Cell = [Styled(item.id, "accent"), Styled(f" {item.title}")] if item is not None else text.NONE
    if not running:
        next_ = Styled(upgrade.outcome or "—", "dim")
    waits: Cell = text.NONE
    if running:
        waits = Styled(str(len(seen.blockers)), "warn") if seen.blockers else Styled("✔ nothing", "good")
    return [
        Styled(upgrade.use_case, "strong" if running else ""),
        looks.route(upgrade, providers=False),
        _start(line),
        text.progress(
            seen.progress.done, seen.progress.applicable, len(seen.progress.overdue) if running else 0, width=3
        ),
        next_,
        waits,
        Styled(line.owner) if line.owner else Styled("nobody", "warn"),
        _state(upgrade, seen.today),
    ]


def _start(line: Line) -> Cell:
    upgrade, plan = line.upgrade, line.look.plan
    if upgrade.state != "open":
        return text.NONE
    if plan is None:
        return text.MISSING
    return text.start_by(plan.shown["start_by"], plan.start_in, line.look.today, squeezed=plan.squeezed, column=True)


def _state(upgrade: Upgrade, today: date) -> Cell:
    """The state with its day."""
    styles: dict[str, text.Style] = {"open": "accent", "promoted": "good", "closed": "good", "rolled_back": "warn"}
    day = upgrade.promoted_on if upgrade.state == "promoted" else upgrade.closed_on
    word = Styled(upgrade.state.replace("_", " "), styles.get(upgrade.state, "dim"))
    when = Styled(text.day(day, today).text, "dim") if day is not None else ""
    return text.joined([word, Styled("forced", "bad") if upgrade.forced else "", when])
