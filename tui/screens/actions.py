"""The keys that mean the same on every screen and act on what is selected there: `n e ctrl+e d s m t D i x Y O w`."""

from __future__ import annotations

from tui.screens.bringing import Bringing
from tui.screens.external import External
from tui.screens.telling import Telling


class Edits(Bringing, External, Telling):
    """All shared actions; `Place` has them, and a screen overrides those for which it lists something else."""
