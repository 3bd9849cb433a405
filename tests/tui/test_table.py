"""The table: what is shown, where the cursor goes, what survives a change of the view, what never crashes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.events import MouseScrollDown
from textual.message import Message
from textual.pilot import Pilot

from tui.text import Cell, Styled, plain
from tui.theme import THEMES, variable_defaults
from tui.widgets.table import Column, Rows, RowSource, Section, Table, Wide, measured
from tui.widgets.table_layout import fit, fitted
from tui.widgets.table_rows import Lines

COLUMNS = [
    Column("key", "Key", 12, 8, shorten="start", grow=1),
    Column("stage", "Stage", 6, drop=2),
    Column("price", "Price", 8, align="right", drop=1),
    Column("end", "Retires", 10),
]


class Source:
    """Rows made on demand; remembers which were asked for."""

    def __init__(self, count: int, first: int = 0) -> None:
        self.count = count
        self.first = first
        self.asked: set[int] = set()
        self.found = 0

    def __len__(self) -> int:
        return self.count

    def key(self, row: int) -> str:
        return f"k{row + self.first}"

    def row(self, key: str) -> int | None:
        self.found += 1
        row = int(key[1:]) - self.first
        return row if 0 <= row < self.count else None

    def cells(self, row: int) -> Sequence[Cell]:
        self.asked.add(row)
        return [self.key(row), Styled("PROD", "strong"), str(row), [Styled("9 Dec", "warn"), Styled(" · 16 d")]]


class TableApp(App[None]):
    CSS_PATH = Path(__file__).parents[2] / "screens.css"

    def __init__(self, table: Table) -> None:
        super().__init__()
        self.table = table
        self.said: list[Message] = []
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(self.current_theme)

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.table.focus()

    def on_table_highlighted(self, message: Table.Highlighted) -> None:
        self.said.append(message)

    def on_table_opened(self, message: Table.Opened) -> None:
        self.said.append(message)

    def on_table_ticked(self, message: Table.Ticked) -> None:
        self.said.append(message)

    def on_table_sort_requested(self, message: Table.SortRequested) -> None:
        self.said.append(message)

    def heard(self, kind: type[Message]) -> list[Message]:
        return [message for message in self.said if type(message) is kind]


def app_of(source: RowSource | None = None, **options: object) -> TableApp:
    return TableApp(Table(COLUMNS, Source(100) if source is None else source, **options))  # type: ignore[arg-type]


def line_of(table: Table, key: str) -> int:
    """The line of the screen, header included, that shows a key."""
    return next(n for n, line in enumerate(table.to_text().split("\n")) if key in line.split())


# ── painting ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_shows_header_rows_and_asks_only_for_rows_in_sight() -> None:
    source = Source(100_000)
    app = app_of(source)
    async with app.run_test(size=(60, 10)) as pilot:
        first, second, *_ = app.table.to_text().split("\n")
        assert first.split() == ["Key", "Stage", "Price", "Retires"]
        assert second.split() == ["k0", "PROD", "0", "9", "Dec", "·", "1…"]
        await pilot.press("G")
        app.table.show(range(99_999, -1, -1))
        app.table.show(range(0, 100_000, 7))
        await pilot.pause()
        assert len(source.asked) < 60


async def test_the_page_that_comes_next_is_painted_while_nothing_is_pressed() -> None:
    source = Source(1_000)
    app = app_of(source)
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press("pagedown", "pagedown")
        page, top = app.table.page, app.table.scroll_offset.y
        below = {*range(top + page, top + 2 * page)}
        for _ in range(100):
            if below <= source.asked:
                break
            await pilot.pause(0.02)
        assert below <= source.asked
        assert max(source.asked) < top + 2 * page
        await pilot.press("G")
        await pilot.pause(0.2)  # at the end nothing comes next
        assert max(source.asked) == 999


async def test_hostile_text_is_shown_as_text_and_never_breaks_a_line() -> None:
    hostile = ["[/foo] [red]", "a\x1b[2J\x07b", "\u202eabc", "漢字漢字漢字漢字漢字", "x\ny", "👩‍👩‍👧 é", ""]
    rows = Rows((f"{n}", [text, "", Styled(text, "bad"), text]) for n, text in enumerate(hostile))
    app = app_of(rows)
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.press("j", "space", "j")
        for y in range(12):
            strip = app.table.render_line(y)
            assert strip.cell_length == app.table.scrollable_content_region.width
            assert all(c.isprintable() or c == " " for c in strip.text)
        assert "[/foo] …" in app.table.to_text()


async def test_the_sorted_column_has_an_arrow_and_a_click_on_its_head_asks_for_another_order() -> None:
    app = app_of()
    async with app.run_test(size=(60, 10)) as pilot:
        app.table.set_sorted("price", True)
        await pilot.pause()
        header = app.table.to_text().split("\n")[0]
        assert "Price ↓" in header
        app.table.set_columns([replace(c, width=6, grow=0) for c in COLUMNS])
        app.table.set_sorted("end")
        await pilot.pause()
        header = app.table.to_text().split("\n")[0]
        assert "Ret… ↑" in header
        await pilot.click(app.table, offset=(header.index("Ret…"), 0))
        assert [m.column for m in app.heard(Table.SortRequested)] == ["end"]  # type: ignore[attr-defined]


async def test_an_empty_view_says_what_to_do() -> None:
    app = app_of(empty="Press n to name a use case, or i to import what you run, and more words than fit on a line.")
    async with app.run_test(size=(40, 10)) as pilot:
        app.table.show([])
        await pilot.press("j", "G", "space", "enter", "asterisk", "h", "l", "ctrl+d")
        text = " ".join(app.table.to_text().split())
        assert "more words than fit on a line." in text
        assert app.table.cursor_key is None
        app.table.show([5])
        await pilot.pause()
        assert app.table.cursor_key == "k5"


async def test_to_text_can_give_the_whole_view() -> None:
    app = app_of()
    async with app.run_test(size=(30, 5)):
        assert len(app.table.to_text().split("\n")) == 5
        assert len(app.table.to_text(whole=True).split("\n")) == 101


@pytest.mark.parametrize("theme", ["modeltui-dark", "modeltui-light", "textual-dark", "ansi-dark"])
async def test_meanings_become_colours_of_the_theme_and_the_cursor_line_is_seen(theme: str) -> None:
    app = app_of()
    async with app.run_test(size=(60, 6)) as pilot:
        app.theme = theme
        await pilot.pause()
        cursor, other = app.table.render_line(1), app.table.render_line(2)
        styles = {segment.text.strip(): segment.style for segment in other if segment.text.strip()}
        assert styles["9 Dec"] != styles["PROD"] != styles["k1"]
        grounds = [(s.style.bgcolor, s.style.reverse) for line in (cursor, other) for s in line if s.style]
        assert grounds[0] != grounds[-1]


async def test_without_colours_the_cursor_line_is_reversed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_of()
    async with app.run_test(size=(60, 6)):
        assert all(segment.style and segment.style.reverse for segment in app.table.render_line(1))
        assert not any(segment.style and segment.style.reverse for segment in app.table.render_line(2))


# ── cursor and marks ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("keys", "key"),
    [
        ("j j k", "k1"),
        ("down up up", "k0"),
        ("G", "k99"),
        ("G g g", "k0"),
        ("end home j", "k1"),
        ("pagedown", "k9"),
        ("pagedown pageup", "k0"),
        ("ctrl+d ctrl+d ctrl+u", "k4"),
        ("g j", "k1"),
        ("g j g", "k1"),
    ],
)
async def test_keys_move_the_cursor_and_keep_it_in_sight(keys: str, key: str) -> None:
    app = app_of()
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.press(*keys.split())
        assert app.table.cursor_key == key
        assert line_of(app.table, key) >= 1
        assert app.heard(Table.Highlighted)[-1].key == key  # type: ignore[attr-defined]


async def test_the_cursor_stays_on_its_key_and_height_when_the_view_changes_else_at_its_place() -> None:
    app = app_of()
    async with app.run_test(size=(60, 10)) as pilot:
        app.table.move_to("k30")
        height = line_of(app.table, "k30")
        app.table.show(range(99, -1, -1))
        await pilot.pause()
        assert (app.table.cursor_key, line_of(app.table, "k30")) == ("k30", height)
        app.table.show([1, 3, 5, 7])
        await pilot.pause()
        assert app.table.cursor_key == "k7"
        app.table.show(range(100))
        await pilot.pause()
        assert app.table.cursor_key == "k7"
        assert line_of(app.table, "k7")


async def test_the_cursor_finds_its_key_in_other_data() -> None:
    app = app_of()
    async with app.run_test(size=(60, 10)) as pilot:
        assert app.table.move_to("k40")
        app.table.set_source(Source(100, first=20))
        await pilot.pause()
        assert (app.table.cursor_key, app.table.cursor_row) == ("k40", 20)
        app.table.set_source(Rows([("z", ["z"] * 4), ("k40", ["k40"] * 4)]))
        assert (app.table.cursor_key, app.table.cursor_row) == ("k40", 1)
        app.table.set_source(Rows([("z", ["z"] * 4)]))
        assert app.table.cursor_key == "z"
        assert not app.table.move_to("k40")


async def test_marks_belong_to_keys_and_survive_filtering() -> None:
    app = app_of()
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.press("space", "j", "j", "space")
        assert app.table.marks == ("k0", "k2")
        assert app.table.to_text().count("▎") == 2
        app.table.show([2, 4])
        await pilot.press("asterisk")
        assert app.table.marks == ("k0", "k2", "k4")
        await pilot.press("asterisk")
        assert app.table.marks == ("k0",)
        assert "▎" not in app.table.to_text()
        app.table.show(range(100))
        assert app.table.to_text().count("▎") == 1


async def test_a_table_without_marks_only_says_that_a_row_was_ticked() -> None:
    app = app_of(markable=False)
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.press("j", "space", "asterisk")
        assert [m.key for m in app.heard(Table.Ticked)] == ["k1"]  # type: ignore[attr-defined]
        assert app.table.marks == ()


async def test_the_mouse_selects_marks_opens_and_scrolls() -> None:
    app = app_of()
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.click(app.table, offset=(5, 4))
        assert app.table.cursor_key == "k3"
        await pilot.click(app.table, offset=(0, 2))
        assert app.table.marks == ("k1",)
        await pilot.click(app.table, offset=(5, 6), times=2)
        assert [m.key for m in app.heard(Table.Opened)] == ["k5"]  # type: ignore[attr-defined]
        app.animation_level = "none"
        app.table.post_message(MouseScrollDown(app.table, 5, 5, 0, 1, 0, False, False, False))
        await pilot.pause()
        assert app.table.scroll_offset.y > 0
        assert app.table.cursor_key == "k5"


# ── sections ──────────────────────────────────────────────────────────────────────────────────────────────────────


def sections() -> list[Section]:
    return [Section(range(n * 5, n * 5 + 5), f"s{n}", [Styled(f"Phase {n}")]) for n in range(4)]


async def test_sections_fold_with_their_headings_and_stay_folded() -> None:
    app = app_of()
    async with app.run_test(size=(60, 30)) as pilot:
        app.table.show_sections(sections())
        await pilot.press("g", "g", "j", "j", "j")
        assert (app.table.cursor_key, app.table.cursor_section) == ("k2", "s0")
        await pilot.press("h")
        assert (app.table.cursor_key, app.table.cursor_section, app.table.line_count) == (None, "s0", 19)
        app.table.show_sections(sections())
        assert app.table.line_count == 19
        assert "▸ Phase 0" in app.table.to_text()
        await pilot.press("j", "j")
        assert app.table.cursor_key == "k5"
        await pilot.press("k", "enter", "k", "l")
        assert (app.table.line_count, app.table.cursor_section) == (19, "s0")
        assert "▸ Phase 1" in app.table.to_text()


async def test_the_cursor_passes_over_wide_rows() -> None:
    rows = Rows([("a", Wide("why it is so")), ("b", ["b"] * 4), ("c", Wide("a reason")), ("d", ["d"] * 4)])
    app = app_of(rows)
    async with app.run_test(size=(60, 10)) as pilot:
        assert app.table.cursor_key == "b"
        await pilot.press("j")
        assert app.table.cursor_key == "d"
        await pilot.press("g", "g")
        assert app.table.cursor_key == "b"
        await pilot.press("asterisk")
        assert app.table.marks == ("b", "d")
        assert "a reason" in app.table.to_text()


async def test_lines_after_the_last_row_of_the_cursor_come_into_sight() -> None:
    made = [(str(n), [str(n)] * 4) for n in range(20)]
    app = app_of(Rows([*made, ("why", Wide("the reason")), ("more", Wide("its source"))]))
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.press("G")
        assert app.table.cursor_key == "19"
        assert "its source" in app.table.to_text()


# ── width ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_columns_leave_in_their_order_when_the_terminal_narrows_and_come_back() -> None:
    app = app_of()
    async with app.run_test(size=(60, 10)) as pilot:
        for width, names in (
            (60, "key stage price end"),
            (30, "key stage end"),
            (25, "key end"),
            (60, "key stage price end"),
        ):
            await pilot.resize_terminal(width, 10)
            await pilot.pause()
            assert app.table.shown_columns == names.split(), width
            assert not app.table.show_horizontal_scrollbar


async def test_what_may_not_leave_scrolls_sideways_beside_the_pinned_columns() -> None:
    columns = [replace(c, drop=0, min_width=0, grow=0) for c in COLUMNS]
    app = TableApp(Table(columns, Source(3), gap=" │ ", pin_gap=" ┃ "))
    async with app.run_test(size=(30, 8)) as pilot:
        assert app.table.to_text().split("\n")[0].rstrip().startswith(" Key          ┃ Stage")
        await pilot.press("l")
        assert app.table.to_text().split("\n")[1].startswith(" k0           ┃        0")
        await pilot.press("l", "l", "l")
        assert "Retires" in app.table.to_text()
        await pilot.press("h", "h", "h", "h")
        assert app.table.scroll_offset.x == 0


@given(
    st.lists(
        st.builds(
            Column,
            st.text("abc", min_size=1),
            st.just("T"),
            st.integers(1, 40),
            st.integers(0, 20),
            drop=st.integers(0, 3),
            grow=st.integers(0, 2),
        ),
        min_size=1,
        max_size=8,
    ),
    st.integers(0, 200),
    st.integers(0, 3),
)
def test_any_columns_fit_any_width_unless_they_may_not_leave(columns: list[Column], width: int, pinned: int) -> None:
    layout = fit(columns, width, pinned=pinned, gap=3, pin_gap=1)
    end = 0
    for place in layout.places:
        assert place.x > end or (end == 0 and place.x == 1)
        assert place.width >= place.column.least
        end = place.x + place.width
    assert layout.width == max(end, 1)
    assert layout.width <= width or not any(place.column.drop for place in layout.places)
    assert {place.nth for place in layout.places} >= {n for n, column in enumerate(columns) if not column.drop}


@given(st.text(max_size=30), st.integers(0, 30), st.sampled_from(["left", "right"]), st.sampled_from(["end", "start"]))
def test_a_cell_takes_exactly_its_width(raw: str, width: int, align: str, shorten: str) -> None:
    shown = fitted([Styled(raw), Styled(raw, "bad")], width, align, shorten)  # type: ignore[arg-type]
    assert sum(cell_len(text) for text, _ in shown) == width


def test_a_long_key_keeps_its_end() -> None:
    assert plain(fitted("azure-openai/gpt-4o@2024-05-13", 18, shorten="start")) == "…gpt-4o@2024-05-13"
    assert plain(fitted("support-assistant", 10)) == "support-a…"


def test_measured_narrows_to_a_sample_within_the_declared_bounds() -> None:
    columns = [Column("a", "A", 20, 5), Column("b", "Title", 20), Column("c", "C", 4)]
    assert [c.width for c in measured(columns, [["ab", "", "long text"]])] == [5, 7, 4]


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.booleans()), max_size=6))
def test_lines_and_rows_agree(shape: list[tuple[int, bool, bool]]) -> None:
    made: list[Section] = []
    for n, (rows, titled, _) in enumerate(shape):
        made.append(Section(range(n * 10, n * 10 + rows), str(n), f"T{n}" if titled else None))
    folded = {str(n) for n, (_, _, fold) in enumerate(shape) if fold}
    lines = Lines(made, folded)
    seen = [lines.at(line) for line in range(len(lines))]
    for line, (section, row) in enumerate(seen):
        assert lines.heading(section.key) == line if row is None else lines.row(row) == line
    expected = [
        r for s in made for r in ([None] if s.title else []) + ([] if s.title and s.key in folded else [*s.rows])
    ]
    assert [row for _, row in seen] == expected


# ── anything ──────────────────────────────────────────────────────────────────────────────────────────────────────

KEYS = ["j", "k", "h", "l", "g", "G", "ctrl+d", "ctrl+u", "pagedown", "pageup", "space", "asterisk", "enter", "right"]
steps = st.lists(
    st.one_of(
        st.sampled_from(KEYS),
        st.lists(st.integers(0, 99), unique=True, max_size=30),
        st.sampled_from(["sections", "source", "small", "large"]),
    ),
    max_size=25,
)


async def follow(pilot: Pilot[None], table: Table, step: object) -> None:
    if isinstance(step, list):
        table.show(step)
    elif step == "sections":
        table.show_sections(sections())
    elif step == "source":
        table.set_source(Source(100, first=7))
    elif step in ("small", "large"):
        await pilot.resize_terminal(*((20, 4) if step == "small" else (90, 20)))
    else:
        await pilot.press(str(step))


@settings(max_examples=10)
@given(steps)
@example(["j", [0, 1], "small", "sections"])  # the bar for scrolling sideways took the cursor's line
def test_no_sequence_of_keys_and_views_breaks_it(run_of: list[object]) -> None:
    async def run() -> None:
        app = app_of()
        async with app.run_test(size=(60, 10)) as pilot:
            for step in run_of:
                await follow(pilot, app.table, step)
            await pilot.pause()
            text = app.table.to_text()
            assert (app.table.cursor_key is None) or app.table.cursor_key in text.replace("…", "k")

    asyncio.run(run())
