"""A look takes in a small commit where it stands, and makes all rows anew after a large one."""

from datetime import date
from pathlib import Path

from store.catalog import Catalog, Changed, fixed_clock
from store.engine import new_uid
from store.records import Version
from tui.state import MANY, Looker

TODAY = date(2026, 11, 23)


def test_many_changes_make_an_index_anew_and_few_keep_it(tmp_path: Path) -> None:
    with Catalog.open(tmp_path / "catalog.json", actor="ann", clock=fixed_clock(TODAY)) as catalog:
        told: list[Changed] = []
        catalog.subscribe(told.append)
        looker = Looker(catalog)
        first = looker.decide(TODAY)(None).index
        with catalog.command("deliver") as draft:
            for number in range(MANY + 1):
                draft.create(Version(new_uid(), f"own/m@{number}", own=True))
        many = looker.decide(TODAY, told[-1])(told[-1]).index
        assert many is not first
        assert len(many.rows) == MANY + 1
        catalog.tag(["own/m@7"], ["chosen"])
        few = looker.decide(TODAY, told[-1])(told[-1]).index
        assert few is many
        assert [few.rows[i].key for i in few.select("tag=chosen", "all").hits] == ["own/m@7"]
