"""When garbage is collected: in small pieces between two frames, the rest when nobody is at work.

By default Python looks at all that is young after every few frames, 5 to 16 ms in the middle of the next, and now and
then at everything, which takes seconds in a very large catalog. Here it looks after the frame that a key led to, for
under 3 ms; what outlives that waits until nothing was pressed for a while; and what was read in masses, which stays as
long as the app, is never looked at.
"""

from __future__ import annotations

import gc
import sys
from time import monotonic

REST_SECONDS = 5.0
"""How long nothing is pressed before all is collected."""
LOOKS = 3
"""Looks at 2,000 of the youngest each, after which what outlived them is looked at: once more some thousands."""
FEW, MANY = 50_000, 400_000
"""Blocks of memory that came since the last time: fewer than the first are left alone; more than the second are
records, and looking at them would take longer (0.1 s) than a person who comes back should wait."""


class Collector:
    """Collects for an app that started without collection; one that collects already is left alone."""

    def __init__(self) -> None:
        self._touched = monotonic()
        self._known = 0
        self._ours = False

    def begin(self) -> None:
        """The start is over: what it made stays, and Python looks by itself only at what is youngest (0.2 ms)."""
        if gc.isenabled():
            return
        self._ours = True
        self._stays()
        gc.set_threshold(2_000, 20, 1_000_000)
        gc.enable()

    def touched(self) -> None:
        """A key, the mouse or a command: somebody is at work."""
        self._touched = monotonic()

    def between(self) -> None:
        """Called after a frame: collect what is young, if that is worth it."""
        if self._ours and gc.get_count()[1] >= LOOKS:
            gc.collect(1)

    def poll(self) -> None:
        """Called every second or so: collect all when nothing happened for a while and much was made."""
        if not self._ours or monotonic() - self._touched < REST_SECONDS:
            return
        grown = sys.getallocatedblocks() - self._known
        if grown > MANY:
            self._stays()
        elif grown > FEW:
            gc.collect()
            self._known = sys.getallocatedblocks()

    def _stays(self) -> None:
        gc.freeze()
        self._known = sys.getallocatedblocks()
