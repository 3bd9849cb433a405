"""`publish` on the command line: plan, write, conflict, failure, JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from store.catalog import Catalog, fixed_clock
from store.records import Registry, UseCase
from tui.cli import main


@pytest.fixture
def team(store_path: Path, tmp_path: Path) -> Path:
    from datetime import date

    where = tmp_path / "team"
    where.mkdir()
    with Catalog.open(store_path, actor="ann", clock=fixed_clock(date(2026, 11, 23))) as catalog:
        catalog.add_registry(Registry("", "team", kind="folder", address=str(where)))
        catalog.add_registry(Registry("", "prices", kind="litellm"))
        catalog.add_use_case(UseCase("u1", "churn", owner="ann"))
    return where


def run(store: Path, *words: str) -> int:
    return main(["--store", str(store), "--today", "2026-11-23", *words])


def test_plan_write_again_conflict_and_the_way_out(
    team: Path, store_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(store_path, "publish", "team", "--dry-run") == 0
    assert "use-cases/churn.json" in capsys.readouterr().out
    assert list(team.iterdir()) == []
    assert run(store_path, "publish", "team", "--json", "--yes") == 0
    answer = json.loads(capsys.readouterr().out)
    assert [w["subject"] for w in answer["written"]] == ["use-cases/churn.json"]
    assert (answer["left"], answer["differs"], answer["error"]) == ([], [], None)
    assert run(store_path, "publish", "team", "--yes") == 0
    assert "Nothing to publish" in capsys.readouterr().out

    file = team / "use-cases" / "churn.json"
    file.write_text(file.read_text().replace('"owner": "ann"', '"owner": "ben"'))
    assert run(store_path, "use-case", "edit", "churn", "--owner", "cleo") == 0
    assert run(store_path, "publish", "team", "--yes") == 1
    assert "owner: ben → cleo  (changed there since the last sync; --ours writes it)" in capsys.readouterr().out
    assert '"owner": "ben"' in file.read_text()
    assert run(store_path, "use-case", "edit", "churn", "--title", "Churn") == 0
    assert run(store_path, "publish", "team", "--dry-run", "--ours") == 0
    said = capsys.readouterr().out
    assert "title: — → Churn" in said, "each field with what stands there"
    assert "owner: ben → cleo" in said
    assert run(store_path, "publish", "team", "--yes", "--ours") == 0
    assert '"owner": "cleo"' in file.read_text()


def test_what_cannot_be_published_has_a_sentence(
    team: Path, store_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(store_path, "publish", "prices", "--yes") == 2
    assert "is only read; publish to mlflow, dvc, folder" in capsys.readouterr().err
    assert run(store_path, "publish", "nobody") == 2
    (team / "use-cases").write_text("in the way")
    assert run(store_path, "publish", "team", "--yes") == 5
    said = capsys.readouterr().out
    assert "Wrote 0 to team, then stopped" in said
    assert "Still to do: 1." in said
