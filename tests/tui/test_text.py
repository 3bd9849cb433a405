"""How values read: the table of SCREENS.md, form by form, and that no input breaks a line."""

from __future__ import annotations

import math
import subprocess
import sys
import unicodedata
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from store.records import Metric
from tui import text
from tui.text import Styled

TODAY = date(2026, 11, 23)
ACCURACY = Metric("accuracy", "Accuracy", unit="%", scale=100, direction="up", kind="rate")
LATENCY = Metric("latency_p95_ms", "Latency p95", unit="ms", direction="down", kind="quantile")
COST = Metric("infrastructure_cost_month", "Infrastructure", unit="USD/month", direction="down", kind="money")
SCORE = Metric("elo", "Elo", format=",.1f")

FORMS: list[tuple[Styled, str, str]] = [
    (text.verdict("PASS"), "✔ PASS", "good"),
    (text.verdict("FAIL"), "✘ FAIL", "bad"),
    (text.verdict("INCONCLUSIVE"), "◌ INCONCLUSIVE", "warn"),
    (text.verdict("WARN"), "! WARN", "warn"),
    (text.verdict("STALE"), "⏲ STALE", "warn"),
    (text.verdict("UNKNOWN"), "? UNKNOWN", "warn"),
    (text.verdict("PASS_UNPROVEN"), "✔ PASS unproven", "warn"),
    (text.verdict("WAIVED"), "⚑ WAIVED", "accent"),
    (text.verdict("ERROR"), "✖ ERROR", "bad"),
    (text.verdict("fine?"), "? fine?", "warn"),
    (text.verdict(""), "? UNKNOWN", "warn"),
    (text.verdict_glyph("FAIL"), "✘", "bad"),
    (text.on_the_day("stops"), "■ stops", "bad"),
    (text.on_the_day("stopped"), "■ stopped", "bad"),
    (text.on_the_day("upgrades", "gpt-5.6-sol"), "⇢ upgrades → gpt-5.6-sol", "warn"),
    (text.on_the_day("upgrades"), "⇢ upgrades → ?", "warn"),
    (text.on_the_day("no_date"), "? no date", "warn"),
    (text.on_the_day("unknown"), "? unknown", "warn"),
    (text.on_the_day("own"), "· ours", "dim"),
    (text.retirement(date(2026, 12, 9), TODAY), "9 Dec 2026 · 16 d", "warn"),
    (text.retirement(date(2026, 12, 9), TODAY, column=True), "9 Dec · 16 d", "warn"),
    (text.retirement(date(2027, 2, 1), TODAY, "tentative"), "~ 1 Feb 2027 · 70 d", ""),
    (text.retirement(date(2027, 2, 1), TODAY, "not_before"), "≥ 1 Feb 2027 · 70 d", ""),
    (text.retirement(date(2026, 6, 17), TODAY, "not_before"), "≥ 17 Jun 2026 · passed, no date", "warn"),
    (text.retirement(date(2026, 11, 17), TODAY, "tentative", column=True), "~ 17 Nov · passed", "warn"),
    (text.retirement(date(2026, 11, 19), TODAY, column=True), "19 Nov · 4 d ago", "bad"),
    (text.retirement(TODAY, TODAY, "user"), "23 Nov 2026 · today", "bad"),
    (text.retirement(None, TODAY), "—", "dim"),
    (text.moved(195), "moved ▸ +195 d", ""),
    (text.moved(-30), "moved ◂ −30 d", "bad"),
    (text.moved(0), "–", "dim"),
    (text.start_by(date(2026, 10, 3), -51, TODAY), "3 Oct · 51 d late", "bad"),
    (text.start_by(date(2026, 10, 3), -51, TODAY, column=True), "51 d late", "bad"),
    (text.start_by(TODAY, 0, TODAY), "today", "warn"),
    (text.start_by(date(2026, 12, 7), 14, TODAY), "14 d", "warn"),
    (text.start_by(date(2026, 12, 27), 34, TODAY), "34 d", ""),
    (text.start_by(date(2026, 10, 3), -51, TODAY, squeezed=(30, 67)), "squeezed 30 of 67 d", "warn"),
    (text.start_by(date(2026, 10, 3), -51, TODAY, stay_until=date(2027, 2, 1)), "stay until 1 Feb", ""),
    (text.start_by(None, None, TODAY), "–", "dim"),
    (text.delta(-180, "down", "ms"), "▼ 180 ms +", "good"),
    (text.delta(90, "down", "ms"), "▲ 90 ms −", "bad"),
    (text.delta(-0.015, "up", "pp", 100, digits=1), "▼ 1.5 pp −", "bad"),
    (text.delta(0, "up"), "= 0", ""),
    (text.delta(12, "none", "words"), "▲ 12 words", ""),
    (text.delta(math.nan, "up"), "—", "dim"),
    (text.metric_delta(-0.015, ACCURACY), "▼ 1.5 pp −", "bad"),
    (text.metric_delta(0.028, ACCURACY), "▲ 2.8 pp +", "good"),
    (text.metric_delta(0.0001, ACCURACY), "▲ 0.01 pp +", "good"),
    (text.metric_delta(-180, LATENCY, unit=False), "▼ 180 +", "good"),
    (text.metric_delta(300, COST), "▲ $300 /mo −", "bad"),
    (text.value(0.874, ACCURACY), "87.4 %", ""),
    (text.value(820, LATENCY), "820 ms", ""),
    (text.value(820, LATENCY, unit=False), "820", ""),
    (text.value(1240.4, COST), "$1,240 /mo", ""),
    (text.value(1312.26, SCORE), "1,312.3", ""),
    (text.value(None, ACCURACY), "—", "dim"),
    (text.value(math.inf, LATENCY), "∞", "warn"),
    (text.value(-math.inf, LATENCY), "−∞", "warn"),
    (text.value(math.nan, ACCURACY), "NaN", "warn"),
    (text.measured(0.874), "0.874", ""),
    (text.measured(math.nan), "NaN", "warn"),
    (text.money(2.5, "1M"), "$2.50 / 1M", ""),
    (text.money(1240, "mo"), "$1,240 /mo", ""),
    (text.money(0.075, "1M"), "$0.075 / 1M", ""),
    (text.money(0.00012, "call"), "$0.00012 / call", ""),
    (text.money(0, "1M"), "$0 / 1M", ""),
    (text.money(-5), "−$5.00", ""),
    (text.money(None, "1M"), "—", "dim"),
    (text.money_range(1100, 1600, "mo"), "$1.1k–1.6k /mo", ""),
    (text.money_range(690, 1010, "mo"), "$690–1.0k /mo", ""),
    (text.money_range(690, 690, "mo"), "$690 /mo", ""),
    (text.money_range(2_400_000, 3_100_000, "mo"), "$2.4M–3.1M /mo", ""),
    (text.money_range(None, 690, "mo"), "—", "dim"),
    (text.age(11, 30), "11 d old", "dim"),
    (text.age(31, 30), "31 d old", "warn"),
    (text.age(None), "age unknown", "warn"),
    (text.age(0), "today", "dim"),
    (text.stage("Production"), "PROD", "strong"),
    (text.stage("Production", 70), "PROD 70 %", "strong"),
    (text.stage("Staging", 100), "STAG", ""),
    (text.stage("Archived"), "ARCH", "dim"),
    (text.stage("canary\x1b[1m"), "CANARY", ""),
    (text.number(128000), "128,000", ""),
    (text.number(0.874), "0.874", ""),
    (text.number(-4.25), "−4.25", ""),
    (text.number(0), "0", ""),
    (text.number(None), "—", "dim"),
    (text.percent(0.7), "70 %", ""),
    (text.percent(0.015), "1.5 %", ""),
    (text.change(0.12), "+12 %", ""),
    (text.change(-0.035), "−3.5 %", ""),
    (text.factor(1.5), "× 1.5", ""),
    (text.day(date(2026, 12, 9)), "9 Dec 2026", ""),
    (text.day(date(2026, 12, 9), TODAY), "9 Dec", ""),
    (text.day(date(2027, 11, 23), TODAY), "23 Nov 2027", ""),
    (text.days(16), "16 d", ""),
    (text.duration(0.82), "820 ms", ""),
    (text.duration(2.4), "2.4 s", ""),
    (text.duration(180), "3 min", ""),
    (text.duration(7500), "2 h 5 min", ""),
    (text.lifecycle("ga"), "GA", ""),
    (text.lifecycle("ga", listed=True), "◦ GA listed", "dim"),
    (text.lifecycle("unknown"), "? unknown", "dim"),
    (text.item_state("doing"), "◐ doing", "accent"),
    (text.item_state("done", stale=True), "⏲ stale", "warn"),
]


@pytest.mark.parametrize(("shown", "reads", "means"), FORMS, ids=[f"{n}:{form[1]}" for n, form in enumerate(FORMS)])
def test_reads(shown: Styled, reads: str, means: str) -> None:
    assert shown == (reads, means)


def test_progress_is_full_only_when_all_is_done() -> None:
    assert text.plain(text.progress(9, 31, 2)) == "▰▰▱▱▱▱ 9/31 · 2 late"
    assert text.plain(text.progress(30, 31)).startswith("▰▰▰▰▰▱")
    assert text.plain(text.progress(1, 100)).startswith("▰▱")
    assert text.plain(text.progress(0, 0)) == "no items"


def test_joined_leaves_empty_parts_out() -> None:
    assert text.plain(text.joined(["a", "", Styled("b", "good"), []])) == "a · b"


def test_outside_text_is_neutralised_but_kept() -> None:
    assert text.clean("a\x1b[31mred\x1b[0m\x07") == "ared"
    assert text.clean("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\") == "link"
    assert text.clean("user\u202egnp.exe\u2066\ufeff\u200b") == "usergnp.exe"
    assert text.clean("two\nlines\tand\u3000more") == "two lines and more"
    assert text.clean("[/foo] [bold]é漢") == "[/foo] [bold]é漢"


def readable(shown: Styled, width: int) -> None:
    assert shown.text.strip() == shown.text
    assert shown.text
    assert shown.style in text.STYLES
    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in shown.text)
    assert cell_len(shown.text) <= width, shown.text


any_number = st.none() | st.floats() | st.integers(-(10**18), 10**18)
any_date = st.none() | st.dates(date(1990, 1, 1), date(2100, 1, 1))
any_metric = st.builds(
    Metric,
    name=st.just("m"),
    title=st.just("M"),
    unit=st.sampled_from(["", "%", "ms", "USD", "USD/month", "tokens/s\x1b"]),
    scale=st.sampled_from([1, 100, 1e-3]),
    direction=st.sampled_from(["up", "down", "none"]),
    format=st.sampled_from(["", ".3f", ",.0f", "d", "%s", "}{"]),
)


@given(any_number, any_number, any_metric)
def test_any_number_reads_on_one_short_line(v: float | None, other: float | None, metric: Metric) -> None:
    for shown in (text.number(v), text.percent(v), text.change(v), text.factor(v), text.duration(v)):
        readable(shown, 40)
    for shown in (text.money(v, "1M"), text.money_range(v, other, "mo")):
        readable(shown, 40)
    for shown in (text.value(v, metric), text.metric_delta(v, metric), text.delta(v, metric.direction, "ms")):
        readable(shown, 40)


@given(st.floats(-1e9, 1e9), st.sampled_from(["up", "down", "none"]))
def test_the_arrow_is_the_way_of_the_number_and_the_sign_the_judgement(v: float, direction: str) -> None:
    shown = text.delta(v, direction, "ms")  # type: ignore[arg-type]
    assert shown.text[0] == ("=" if v == 0 else "▲" if v > 0 else "▼")
    if v == 0 or direction == "none":
        assert shown.style == ""
        assert shown.text[-1] not in "+−"
    else:
        better = (v > 0) == (direction == "up")
        assert (shown.text[-1], shown.style) == (("+", "good") if better else ("−", "bad"))


@given(any_date, st.integers(-5000, 5000), st.sampled_from(["planned", "tentative", "not_before", "user"]))
def test_any_date_reads_on_one_short_line(when: date | None, start_in: int, certainty: str) -> None:
    readable(text.retirement(when, TODAY, certainty), 40)  # type: ignore[arg-type]
    readable(text.start_by(when, start_in, TODAY), 30)
    readable(text.start_by(when, start_in, TODAY, squeezed=(0, 67)), 30)
    readable(text.day(when, TODAY), 11)


@given(st.integers(0, 720), st.integers(0, 720))
def test_a_date_without_its_year_means_one_day_only(a: int, b: int) -> None:
    first, second = (TODAY + timedelta(days=n - 360) for n in (a, b))
    assert (text.day(first, TODAY) == text.day(second, TODAY)) == (first == second)


@given(st.text())
def test_clean_is_one_printable_line_and_final(raw: str) -> None:
    shown = text.clean(raw)
    assert text.clean(shown) == shown
    assert len(shown.splitlines()) <= 1
    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in shown)


def test_the_command_line_reads_values_without_loading_a_screen() -> None:
    code = "import sys, tui.text; sys.exit(bool({'textual', 'rich'} & {m.split('.')[0] for m in sys.modules}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
