"""Decisions: pure functions of records and `today`.

Opening a catalog needs few of them. Who commands it writes `from store import review` and asks `review.checks`: a
module is imported when it is first asked for.
"""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.review import breakage as breakage
    from store.review import checklist as checklist
    from store.review import checks as checks
    from store.review import comparison as comparison
    from store.review import conditions as conditions
    from store.review import context as context
    from store.review import costs as costs
    from store.review import drift as drift
    from store.review import questions as questions
    from store.review import record as record
    from store.review import record_html as record_html
    from store.review import record_json as record_json
    from store.review import record_seal as record_seal
    from store.review import rollback as rollback
    from store.review import verdict as verdict


def __getattr__(name: str) -> ModuleType:
    """A module of this package, imported now."""
    if name.startswith("_") or find_spec(f"{__name__}.{name}") is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")
