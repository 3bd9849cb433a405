"""The tables of the docs are those of the kept figures."""

from tests.bench import report
from tests.bench.result import Bar, Result, Row


def test_the_docs_show_what_was_kept() -> None:
    kept = report.load()
    assert kept
    assert report.PAGE.read_text(encoding="utf-8") == report.page(kept)
    text = report.README.read_text(encoding="utf-8")
    assert report.with_bars(text, kept) == text


def test_a_bar_that_is_missed_is_said_to_be() -> None:
    result = Result("store", ["modeltui"], [Row("open", 10, "ms", {"modeltui": 2.0})], [Bar("open / x", 1.5, 1.2)])
    kept = {"store": {"measured": "2026-11-28", "environment": {"cores": 2}} | report.vars_of(result)}
    assert "| store: open / x | 1.50 | 1.2 | ✘ missed |" in report.bars(kept)
    assert "bar 1.2: MISSED" in report.page(kept)
    assert report.result_of(kept["store"]) == result
