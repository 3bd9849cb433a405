"""The preview beside the catalog: what matters about the row under the cursor, in a dozen lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui import columns, text
from tui.text import Styled

if TYPE_CHECKING:
    from store.rows import Row
    from tui.state import View
    from tui.text import Cell


class Preview(VerticalScroll, can_focus=False):
    """Follows the cursor; shows the row's dates, next version, figures, upgrade and findings."""

    def __init__(self) -> None:
        super().__init__(id="preview")
        self._said = Content()
        self._fits = False

    def compose(self) -> ComposeResult:
        """One text."""
        yield Static(id="preview-text")

    def tell(self, row: Row | None, view: View) -> None:
        """Show a row."""
        said = Content("\n").join(content(line) for line in ([] if row is None else _lines(row, view)))
        if said == self._said:
            return
        self._said = said
        self.border_title = "" if row is None else text.clean(row.use_case or row.model)
        shown = self.query_one("#preview-text", Static)
        before, room = self._fits, self.size
        self._fits = bool(room) and said.get_height(shown.styles.get_render_rules(), room.width) <= room.height
        # the text is as high as the pane: only where it scrolls, or did, is there anything to lay out
        shown.update(said, layout=not (before and self._fits))


def content(cell: Cell) -> Content:
    """A cell as Textual content, with the stylesheet's colours by meaning; nothing is read as markup."""
    return Content.assemble(*((text.clean(p.text), _LOOK.get(p.style, "")) for p in text.pieces(cell)))


_LOOK = {
    "good": "$good", "warn": "$warn", "bad": "$bad", "dim": "$dim", "accent": "$accent-text", "key": "$key-text",
    "strong": "bold $strong",
}  # fmt: skip


def labelled(label: str, cell: Cell, width: int = 11) -> Cell:
    """A line of label and value."""
    return [Styled(f"{label:<{width}}", "dim"), *text.pieces(cell)]


def _lines(row: Row, view: View) -> list[Cell]:
    status = view.statuses.get(row.id)
    lines: list[Cell] = [columns.key_cell(row, view)]
    place = row.deployment_record
    where = " · ".join(p for p in (place.platform, place.sku, place.region) if p) if place is not None else ""
    said: list[Cell] = [columns.lifecycle(row, view)]
    if row.assignment is not None:
        said.append(text.stage(row.assignment.stage, row.assignment.share))
    lines.append(text.joined([*said, Styled(where, "dim")]))
    lines.append("")
    lines.append(labelled("Retires", columns.retires(row, view)))
    lines.append(labelled("On the day", columns.on_the_day(row, view)))
    if status is not None:
        dates = status.ledger
        if dates.risk is not None and dates.effective is not None and dates.risk.value != dates.effective.value:
            lines.append(
                labelled("Plan for", [*text.pieces(text.day(dates.risk.value)), Styled(f" {dates.risk.source}", "dim")])
            )
        if dates.moves:
            lines.append(labelled("", Styled(f"moved {len(dates.moves)}×", "warn")))
        lines.append(labelled("Start by", columns.start_by(row, view, column=False)))
    replacement = row.get("replacement")
    if replacement:
        lines.append(labelled("Vendor →", Styled(str(replacement))))
    lines.append("")
    lines += _figures(row)
    lines += _prices(row)
    if status is not None and status.upgrade is not None:
        from store.review.checklist import progress

        done = progress(status.upgrade.items, view.today)
        lines += ["", labelled("Upgrade", text.progress(done.done, done.applicable, len(done.overdue)))]
        lines.append(labelled("", Styled(status.upgrade.to_version or "no target yet", "key")))
    found = view.index.findings(row)
    if found:
        lines.append("")
        for finding in found[:4]:
            lines.append(
                Styled(f"{finding.kind.replace('_', ' ')}: {finding.why}", "bad" if finding.severity <= 1 else "warn")
            )
            lines.append(Styled(f"→ {finding.action}", "accent"))
    return lines


def _figures(row: Row) -> list[Cell]:
    found = row.headline
    if found is None:
        return [labelled("Measured", Styled("no measurement", "warn"))]
    metric, measured = found
    detail = f" n {measured.n:,}" if measured.n else ""
    return [labelled(metric.title[:9], [text.value(measured.value, metric), Styled(detail, "dim")])]


def _prices(row: Row) -> list[Cell]:
    price_in, price_out = row.get("price_in"), row.get("price_out")
    if price_in is None and price_out is None:
        return []
    shown = [
        text.money(float(p))
        if isinstance(p, (int, float))
        else Styled(text.MISSING.text if hasattr(text.MISSING, "text") else "—")
        for p in (price_in, price_out)
    ]
    return [labelled("In / out", [shown[0], Styled(" · ", "dim"), shown[1], Styled(" / 1M", "dim")])]
