"""`--verbose`: what is opened and asked, on standard error; addresses without their query, never a header."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from tui.figures import clean

if TYPE_CHECKING:
    from tui.session import Options


class _Requests(logging.Handler):
    """Says each request that was answered: method, host and path, status. Queries and user parts may hold secrets."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        given = record.args if isinstance(record.args, tuple) else ()
        if len(given) >= 4:
            method, url, _version, status = given[:4]
            place = str(url).partition("?")[0]
            scheme, _, rest = place.partition("://")
            _say(f"{method} {scheme}://{rest.rpartition('@')[2]} {status}")


def tell_all(options: Options) -> None:
    """Say which files and which day are used, and every request from now on."""
    _say(f"catalog {'of the demo' if options.demo else options.store_path}")
    _say(f"settings {options.config_path}")
    if options.today is not None:
        _say(f"clock {options.today}")
    logger = logging.getLogger("httpx")
    logger.setLevel(logging.INFO)
    logger.handlers = [_Requests()]
    logger.propagate = False


def _say(text: str) -> None:
    sys.stderr.write(f"modeltui: {clean(text)}\n")
