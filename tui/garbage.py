"""When garbage is collected: in small pieces while somebody works, the rest when nobody does.

By default Python looks at all that is young after every few frames, 5 to 16 ms in the middle of the next, and now and
then at everything, which takes seconds in a very large catalog. Here a look takes under 3 ms; what outlives it waits
until nothing was pressed for a while; and what was read in masses, which stays as long as the app, is never looked at.
"""

from __future__ import annotations

import gc
import sys
from time import monotonic

REST_SECONDS = 5.0
"""How long nothing is pressed before all is collected."""
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
        """The start is over: what it made stays, and Python collects only what is young by itself."""
        if gc.isenabled():
            return
        self._ours = True
        self._stays()
        gc.set_threshold(2_000, 5, 1_000_000)
        gc.enable()

    def touched(self) -> None:
        """A key, the mouse or a command: somebody is at work."""
        self._touched = monotonic()

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
