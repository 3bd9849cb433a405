"""What the real GTO says about repositories; runs in GTO's own environment: gto_answers.py REPOSITORY… (JSON out)."""

import json
import logging
import sys

from gto.api import history, show

logging.disable(logging.CRITICAL)


def answer(repository):
    """`gto show --json`, `gto show --json --deprecated` and `gto history --json`, or the name of what it raised."""
    try:
        return {
            "show": show(repository, table=False),
            "deprecated": show(repository, deprecated=True, table=False),
            "history": history(repository, table=False),
        }
    except Exception as error:  # noqa: BLE001 -- what it raises is the answer
        return {"raised": type(error).__name__, "said": str(error)}


json.dump([answer(repository) for repository in sys.argv[1:]], sys.stdout, default=lambda value: value.isoformat())
