"""Azure moves deployments between two syncs: drift with its likely cause, settled with one key, from the screen."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import pytest
from remotes import FIXTURES
from servers.azure_double import AzureDouble
from walking import Driver, driving

from store import sync
from store.catalog import Catalog, fixed_clock
from store.engine import new_uid
from store.records import Criteria, Criterion, Measurement, Registry, UseCase
from store.sync_run import connector, read_all

SUBSCRIPTION = json.loads((FIXTURES / "azure/config.json").read_text())["subscription"]
BEFORE, AFTER = date(2026, 11, 23), date(2026, 11, 28)
MINI, CHAT, LEGACY = "oai-growth/mini", "oai-growth/chat-prod", "oai-growth/legacy"
OLD_MINI, NEW_MINI = "azure-openai/gpt-5-mini@2025-08-07", "azure-openai/gpt-5-mini@2026-11-10"
OLD_CHAT, NEW_CHAT = "azure-openai/gpt-4o@2024-05-13", "azure-openai/gpt-4o@2024-11-20"


@asynccontextmanager
async def synced(store: Path, today: date) -> AsyncIterator[Driver]:
    """The app after `r` and `A` on the Sync screen."""
    async with driving(store, today=today) as app:
        await app.press("4", "r")
        await app.until("az  1 running otherwise")
        await app.press("A")
        await app.told("Applied")
        yield app


@pytest.fixture
async def running(store_path: Path, azure: AzureDouble, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalog that was synced on Monday; three use cases run on the deployments, one measured."""
    monkeypatch.setenv("OUR_TOKEN", "test-token")
    with Catalog.open(store_path, actor="ann", clock=fixed_clock(BEFORE)) as catalog:
        settings, secrets = {"subscription": SUBSCRIPTION}, {"access_token": "env:OUR_TOKEN"}
        catalog.add_registry(Registry("", "az", kind="azure", address=azure.base, settings=settings, secrets=secrets))
        asked = Criteria(metrics={"accuracy": Criterion(margin=0.02)})
        catalog.add_use_case(UseCase("u1", "support", owner="ann", criteria=asked))
        catalog.add_use_case(UseCase("u2", "triage", owner="ann"))
        catalog.add_use_case(UseCase("u3", "old-forms", owner="ann"))
        (run,) = await read_all([catalog.registry("az")], connector(today=BEFORE))
        assert run.delivery is not None, run.error
        sync.apply(catalog, sync.plan(catalog, "az", run.delivery))
        catalog.assign("support", OLD_MINI, deployment=MINI)
        catalog.assign("triage", OLD_CHAT, deployment=CHAT)
        catalog.assign("old-forms", "azure-openai/gpt-35-turbo@0301", deployment=LEGACY)
        catalog.measure(Measurement(new_uid(), "accuracy", 0.9, OLD_MINI, use_case="support", n=400))
    return store_path


async def at(app: Driver, words: str) -> None:
    """Put the cursor on the line with these words."""
    await app.press("g", "g")
    for _ in range(60):
        line = app.app.screen.line_here()  # type: ignore[attr-defined]
        if line is not None and words in str(line.thing):
            return
        await app.press("j")
    raise AssertionError(f"no line has {words}:\n{app.screen()}")


def unwrapped(app: Driver) -> str:
    """The words of the screen without the frames and breaks of lines."""
    return " ".join(re.sub(r"[^\w\s.,:;@/()-]", " ", app.screen()).split())


async def test_a_deployment_that_azure_upgraded_is_accepted_and_proves_nothing(
    running: Path, azure: AzureDouble, capsys: pytest.CaptureFixture[str]
) -> None:
    azure.new_default("gpt-5-mini", "2026-11-10")
    azure.auto_upgrade("mini", "2026-11-10", "2026-11-26T02:15:00.1234567Z")
    async with synced(running, AFTER) as app:
        await at(app, "support")
        assert "running otherwise than recorded" in app.screen()
        await app.press("w")
        await app.until("Probably auto-upgraded to the new default under OnceNewDefaultVersionAvailable on 2026-11-26.")
        await app.press("escape", "s")
        await app.until("it is what runs")
        await app.press("enter")
        await app.told("is recorded as it runs")
        catalog = app.app.catalog
        assert catalog is not None
        runs = {a.version: (a.stage, a.seen) for a in catalog.runs_in("support")}
        assert runs == {OLD_MINI: ("Archived", False), NEW_MINI: ("Production", True)}
        assert catalog.measurements_of(NEW_MINI) == [], "nothing measured is carried over"
        assert "support · oai-growth/mini" not in app.screen()
        event = catalog.events()[-1]
        assert "auto-upgraded to the new default" in event.why, "the history keeps why"
    from tui.cli import main

    given = ["--store", str(running), "--today", AFTER.isoformat()]
    assert main([*given, "gate", "--use-case", "support", "--from", OLD_MINI, "--to", NEW_MINI]) == 3
    assert "INCONCLUSIVE" in capsys.readouterr().out


async def test_or_it_is_recorded_with_an_upgrade_back(running: Path, azure: AzureDouble) -> None:
    azure.auto_upgrade("chat-prod", "2024-11-20", "2026-11-26T02:15:00Z")
    async with synced(running, AFTER) as app:
        await at(app, "triage")
        await app.press("w")
        await app.until("Probably auto-upgraded under OnceCurrentVersionExpired on 2026-11-25.")
        assert "The deployment was changed there on 2026-11-26." in unwrapped(app)
        await app.press("escape", "s")
        await app.until("open an upgrade back")
        await app.press("down", "enter")
        await app.told("An upgrade back")
        catalog = app.app.catalog
        assert catalog is not None
        upgrade = catalog.upgrade("triage")
        assert (upgrade.from_version, upgrade.to_version, upgrade.deployment) == (NEW_CHAT, OLD_CHAT, CHAT)
        assert {a.version: a.stage for a in catalog.runs_in("triage")} == {OLD_CHAT: "Archived", NEW_CHAT: "Production"}
        await app.press("r")
        await app.until("Nothing new")
        assert "running otherwise" not in app.screen()


async def test_archived_here_but_still_deployed_there_until_it_is_deleted_there(
    running: Path, azure: AzureDouble
) -> None:
    with Catalog.open(running, actor="ann", clock=fixed_clock(AFTER)) as catalog:
        catalog.assign("old-forms", "azure-openai/gpt-35-turbo@0301", stage="Archived", deployment=LEGACY)
    async with driving(running, today=AFTER) as app:
        await app.press("4", "r")
        await app.until("still served by oai-growth")
        await at(app, "old-forms")
        await app.press("w")
        await app.until("It was archived here, but the deployment was never moved or deleted.")
        await app.press("escape")
        azure.delete("legacy")
        await app.press("r")
        await app.until("gone at the source")
        await app.press("A")
        await app.told("Applied")
        await app.press("r")
        await app.until("Nothing new")
        assert "still served" not in app.screen()
