"""A scheduled sync beside an open catalog: both go on, the change is seen at the next look, and no edit is lost."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from store.catalog import Catalog, Changed, wall_clock
from store.records import Registry
from tui.keeping import POLL_SECONDS

SYNC = "import sys; from tui.cli import main; raise SystemExit(main(sys.argv[1:]))"


def offer(path: Path, changes: str, size: int) -> None:
    versions = [
        {"key": f"ml/churn@{n}", "own": True, "changes": changes, "facts": {"size": size}, "tags": [changes]}
        for n in range(1, 30)
    ]
    path.write_text(json.dumps({"versions": versions}))


def from_cron(store: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SYNC, "--store", str(store), "--as", "cron", "sync", "--yes"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_a_sync_from_cron_beside_the_open_app_is_seen_and_no_edit_of_either_is_lost(tmp_path: Path) -> None:
    source, store = tmp_path / "ours.json", tmp_path / "c.json"
    offer(source, "first", 1)
    told: list[Changed] = []
    with Catalog.open(store, actor="ann", clock=wall_clock) as app:
        app.add_registry(Registry("", "ml", kind="file", address=str(source)))
        app.subscribe(told.append)
        first = from_cron(store)
        said, _ = first.communicate(timeout=60)
        assert first.returncode == 0, said
        assert "ml/churn@1" not in app.versions, "not looked yet"
        assert POLL_SECONDS < 1, "how often the open app looks"
        assert app.refresh(), "one look is enough"
        assert told[-1].foreign
        assert ("versions", "ml/churn@29") in told[-1].records
        assert app.version("ml/churn@1").changes == "first"

        offer(source, "second", 2)
        second = from_cron(store)
        edits = 0
        while second.poll() is None or edits < 5:
            number = edits % 29 + 1
            version = app.version(f"ml/churn@{number}")
            # another field each time, some of which the sync wants to change as well
            app.set_fact(version.key, f"edit_{edits}", edits)
            app.set_fact(version.key, "size", 100 + number)
            edits += 1
            time.sleep(0.01)  # as fast as nobody types; faster only makes the test long
        said = second.stdout.read() if second.stdout is not None else ""
        assert second.returncode == 0, said
        app.refresh()
        seen = {key: app.version(key) for key in app.versions}

    with Catalog.open(store, actor="bob", clock=wall_clock) as after:
        assert {key: after.version(key) for key in after.versions} == seen, "both have the same before them"
        assert not after.versions.broken
        for number in range(edits):
            version = after.version(f"ml/churn@{number % 29 + 1}")
            assert version.value(f"edit_{number}") == number, "no edit is lost"
            assert version.value("size") == 100 + number % 29 + 1, "and none is overwritten"
        assert {after.version(f"ml/churn@{n}").changes for n in range(1, 30)} == {"second"}, "nor what came in"
        actors = [event.actor for event in after.events()]
        assert actors.count("cron") == 2
        assert actors.count("ann") == 1 + edits + min(edits, 29), "each edit that says something new"
