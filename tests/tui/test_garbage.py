"""When garbage is collected: never by chance, and nothing is forgotten."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from tui import garbage
from tui.garbage import Collector


class Loop:
    """What only a collection frees: it holds itself."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    before = gc.get_threshold()
    gc.disable()  # as `modeltui` starts
    yield
    gc.set_threshold(*before)
    gc.enable()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock, to be set."""
    at = [100.0]
    monkeypatch.setattr(garbage, "monotonic", lambda: at[0])
    return at


def lost() -> weakref.ref[Loop]:
    return weakref.ref(Loop())


def test_it_begins_where_the_start_left_collection_off_and_leaves_others_alone() -> None:
    Collector().begin()
    assert gc.isenabled()
    frozen = gc.get_freeze_count()
    Collector().begin()  # collection is on: another app of the process has it in hand
    assert gc.get_freeze_count() == frozen


def test_between_two_frames_the_young_are_collected_once_there_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    collector = Collector()
    collector.begin()
    monkeypatch.setattr(gc, "get_count", lambda: (0, garbage.LOOKS - 1, 0))
    gone = lost()
    collector.between()
    assert gone() is not None
    monkeypatch.setattr(gc, "get_count", lambda: (0, garbage.LOOKS, 0))
    collector.between()
    assert gone() is None


def test_the_old_are_collected_when_nothing_was_pressed_for_a_while(
    now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = Collector()
    blocks = [1_000_000]
    monkeypatch.setattr(garbage.sys, "getallocatedblocks", lambda: blocks[0])
    collector.begin()
    held = Loop()
    gc.collect(1)  # what outlives two looks is old
    gc.collect(1)
    gone = weakref.ref(held)
    del held
    blocks[0] += garbage.FEW + 1
    collector.touched()
    now[0] += garbage.REST_SECONDS - 0.1
    collector.poll()
    assert gone() is not None, "somebody may go on typing"
    now[0] += 0.2
    collector.poll()
    assert gone() is None


def test_what_was_read_in_masses_is_never_looked_at(now: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    collector = Collector()
    blocks = [1_000_000]
    monkeypatch.setattr(garbage.sys, "getallocatedblocks", lambda: blocks[0])
    collector.begin()
    records = [[n] for n in range(1_000)]
    frozen = gc.get_freeze_count()
    now[0] += garbage.REST_SECONDS + 1
    blocks[0] += garbage.MANY + 1
    collector.poll()
    assert gc.get_freeze_count() >= frozen + len(records)
    after = gc.get_freeze_count()
    collector.poll()
    assert gc.get_freeze_count() == after, "once"
