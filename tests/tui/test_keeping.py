"""The app and the disk: what is saved and when it says so, a catalog that does not open, the way out."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from textual.widgets import OptionList
from walking import TODAY, driving

from store import backup, sync
from store.catalog import Catalog, StoreFull, fixed_clock
from store.journal import index
from store.records import UseCase, Version
from tui.app import ModelTui
from tui.prompt import kept_line
from tui.screens.recovery import Recovery
from tui.session import Options


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "catalog.json"
    with Catalog.open(found, actor="ann", clock=fixed_clock(TODAY)) as catalog:
        catalog.add_use_case(UseCase("u1", "support", owner="ann"))
        catalog.add_use_case(UseCase("u2", "claims", owner="ann"))
        catalog.backup("manual")
    return found


def damage(path: Path) -> bytes:
    data = path.read_bytes().replace(b'"support"', b'"supp0rt"', 1)
    path.write_bytes(data)
    return data


async def test_saved_is_said_after_the_commit_and_a_full_disk_stays_in_sight(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with driving(path) as it:
        assert "saved" not in it.screen()
        assert await it.app.carry_out(lambda c: c.add_use_case(UseCase("u3", "churn", owner="bo")))
        await it.settle()
        assert f"saved {it.app.saved_at:%H:%M}" in it.screen()

        catalog = it.app.catalog
        assert catalog is not None
        with monkeypatch.context() as full:

            def no_room(*_: object) -> None:
                raise StoreFull("The disk is full; nothing was changed.")

            full.setattr(catalog._db.storage, "_commit", no_room)
            assert not await it.app.carry_out(
                lambda c: c.add_use_case(UseCase("u4", "late", owner="bo")), "late is in."
            )
            await it.settle()
            assert "NOT saved: The disk is full" in it.screen()
            assert "late" not in catalog.use_cases
        assert await it.app.carry_out(lambda c: c.add_use_case(UseCase("u5", "other", owner="bo")))
        await it.settle()
        assert "NOT saved" in it.screen()  # another edit went through; this one did not
        await it.press("ctrl+r")
        await it.settle()
        assert "late" in catalog.use_cases
        assert "NOT saved" not in it.screen()


async def test_the_shell_prompt_s_line_follows_the_edits_of_the_app(demo_path: Path) -> None:
    async with driving(demo_path) as it:
        assert kept_line(it.app.options) == "claims-extraction stopped 4 d ago +4"
        assert await it.app.carry_out(lambda c: c.remove_use_case("claims-extraction"))
        await it.settle()
        assert kept_line(it.app.options) == "support-assistant late 51 d +3"
    assert kept_line(it.app.options) == "support-assistant late 51 d +3"  # the journal was folded meanwhile


async def test_the_first_opening_of_a_day_makes_a_backup(path: Path) -> None:
    for old in backup.list_backups(path):
        old.path.unlink()
    async with driving(path) as it:
        await it.app.workers.wait_for_complete([w for w in it.app.workers if w.group == "settling"])
    assert [b.kind for b in backup.list_backups(path)] == ["daily"]


async def test_the_first_view_reads_what_it_shows_and_damage_elsewhere_is_found_behind_it(
    demo_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "LEAST", 0)
    async with driving(demo_path) as it:
        await it.app.workers.wait_for_complete([w for w in it.app.workers if w.group == "settling"])
    assert index.read(demo_path) is not None
    for made in backup.list_backups(demo_path):
        made.path.unlink()
    seen, at = demo_path.stat(), demo_path.read_bytes().index(b'"release_date"')
    with demo_path.open("r+b") as file:
        file.seek(at)
        file.write(b"X")
    os.utime(demo_path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    async with driving(demo_path, size=(160, 40)) as it:
        assert "claims-extraction" in it.screen()
        await it.app.workers.wait_for_complete([w for w in it.app.workers if w.group == "settling"])
        await it.settle()
        assert "read-only" in it.screen()
        assert any("checksum does not match" in said for said in it.toasts())
        assert not await it.app.carry_out(lambda c: c.remove_use_case("claims-extraction"))
    assert not backup.list_backups(demo_path), "a damaged file was copied as a backup"


async def test_the_first_command_knows_who_acts_however_early_it_comes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ModelTui, "_settle_in", lambda *_: None)  # as if nothing was idle yet
    app = ModelTui(Options(store=path, today=TODAY, actor="ann"))
    async with app.run_test() as pilot:
        while app.view is None:
            await pilot.pause(0.01)
        assert app.catalog is not None
        assert not app.catalog.actor
        assert await app.carry_out(lambda c: c.add_use_case(UseCase("u9", "early", owner="bo")))
        assert app.catalog.events()[-1].actor == "ann"


async def test_notices_of_the_store_are_toasts(path: Path) -> None:
    async with driving(path) as it:
        assert it.app.catalog is not None
        it.app.catalog.notices.append("A process died while it saved.")
        it.app.tell_notices()
        it.app.tell_notices()
        await it.settle()
        assert it.toasts().count("A process died while it saved.") == 1


async def test_a_newer_file_is_only_read_and_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.journal.migrations.SCHEMA", 0)
    async with driving(path, size=(160, 40)) as it:
        assert "read-only: a newer modeltui wrote it" in it.screen()
        assert any("update modeltui" in said for said in it.toasts())


@pytest.mark.parametrize(("way", "known"), [("repaired", True), ("read", True), ("backup", True), ("quit", False)])
async def test_a_damaged_catalog_opens_as_the_user_chooses(path: Path, way: str, known: bool) -> None:
    damaged = damage(path)
    app = ModelTui(Options(store=path, today=TODAY, actor="ann"))
    async with app.run_test(size=(120, 40)) as pilot:
        for _ in range(200):
            await pilot.pause(0.02)
            if isinstance(app.screen, Recovery) and app.screen.query("#ways") and app.screen.query("#about"):
                break
        asked = app.screen
        assert isinstance(asked, Recovery)
        assert path.read_bytes() == damaged  # nothing was written before the choice
        ways = asked.query_one("#ways", OptionList)
        names = [str(option.id) for option in ways.options]
        assert "Can be read:" in str(asked.query_one("#about").render())
        ways.highlighted = next(i for i, n in enumerate(names) if n == way or (way == "backup" and "manual" in n))
        await pilot.press("enter")
        for _ in range(200):
            await pilot.pause(0.02)
            if app.view is not None or not app.is_running:
                break
        assert (app.view is not None) is known
        if app.catalog is not None:
            assert "claims" in app.catalog.use_cases
            assert bool(app.catalog.read_only) is (way == "read")
    if way in ("read", "quit"):
        assert path.read_bytes() == damaged
    else:
        assert list((path.parent / "recovery").iterdir())
    assert app.return_code in ((5,) if way == "quit" else (0, None))


async def test_what_a_repair_in_the_app_cannot_use_is_moved_aside_and_said(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"name":"support","owner":"ann"', b'"name":"support","owner":{"a":1}'))
    app = ModelTui(Options(store=path, today=TODAY, actor="ann"))
    async with app.run_test(size=(80, 24)) as pilot:
        for _ in range(200):
            await pilot.pause(0.02)
            if isinstance(app.screen, Recovery) and any(ways.size for ways in app.screen.query("#ways")):
                break
        ways = app.screen.query_one("#ways", OptionList)
        assert ways.size.height >= 3, "the choices are in sight on a small screen"
        assert app.screen.query_one(".hint").region.bottom <= 23
        await pilot.press("enter")
        for _ in range(200):
            await pilot.pause(0.02)
            if any("modeltui doctor names them" in str(note.message) for note in app._notifications):
                break
        assert app.catalog is not None
        assert list(app.catalog.use_cases) == ["claims"]
        assert b"owner" in b"".join(raw for _, raw in app.catalog.raw("quarantine"))
        assert any("1 document is spoiled" in str(note.message) for note in app._notifications)


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_sigterm_ends_it_in_order(path: Path) -> None:
    pexpect = pytest.importorskip("pexpect")
    child = pexpect.spawn(
        sys.executable,
        ["-m", "tui.cli", "--store", str(path), "--today", "2026-11-23"],
        dimensions=(30, 120),
        timeout=30,
    )
    child.expect("in use")
    child.kill(signal.SIGTERM)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 128 + signal.SIGTERM
    assert not path.with_name(path.name + ".journal").exists()


def test_a_sync_is_preceded_by_a_backup_unless_nothing_changed(path: Path) -> None:
    with Catalog.open(path, actor="ann", clock=fixed_clock(TODAY)) as catalog:
        catalog.add_use_case(UseCase("u9", "churn", owner="bo"))
        wanted = sync.plan(catalog, "price-list", sync.Delivery(versions=[Version("v1", "acme/m@1")]))
        wanted.wanted |= {"acme/m@1"}
        assert sync.apply(catalog, wanted) is not None
        assert catalog.safeguard("before-sync") is not None  # the sync itself changed something
        assert catalog.safeguard("before-sync") is None
    assert [b.kind for b in backup.list_backups(path)].count("before-sync") == 2
