"""`ctrl+e`: a record as TOML in the user's own editor, checked and merged when it comes back."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import work
from textual.app import SuspendNotSupported

from tui.exits import UsageError
from tui.screens.changing import Changing

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.records import Event

Write = Callable[["Catalog", Any, Any], "Event | None"]


class External(Changing):
    """What edits outside the app."""

    @work(exclusive=True, group="edit")
    async def action_edit_as_text(self) -> None:
        """Open what is under the cursor as TOML in $VISUAL or $EDITOR."""
        if not self.may_write():
            return
        key, name, run, records = self.key_here(), self.use_case_here(), self.run_here(), self.seen.records
        found: dict[str, tuple[str, Any, Write]] = {}
        if key in records.versions:
            found["version"] = (f"version {key}", self.catalog.version(key), _version)
        if name in records.use_cases:
            found["use_case"] = (f"use case {name}", self.catalog.use_case(name), _use_case)
        if run is not None:
            found["run"] = (f"how {run.use_case} calls {run.version}", run, _assignment)
            if run.deployment in records.deployments:
                place = self.catalog.deployments[run.deployment]
                found["deployment"] = (f"deployment {run.deployment}", place, _deployment)
        if not found:
            self.model.say("Nothing is selected to edit.", "warning")
            return
        what = await self.chosen("Open what in your editor?", [(n, label) for n, (label, _, _) in found.items()])
        if what is not None:
            await self._edit_as_text(*found[what])

    async def _edit_as_text(self, label: str, base: Any, write: Write) -> None:
        """Until it is saved or left: the editor, then what is wrong with its text and the way back into it."""
        from store.formats.toml_record import RecordFault, read_record, write_record

        before = text = await asyncio.to_thread(write_record, base)
        while True:
            try:
                text = self._through_the_editor(text, label)
            except UsageError as error:
                self.model.say(str(error), "error")
                return
            if text == before or not text.strip():
                self.model.say(f"Nothing was changed: {label} is as it was.")
                return
            try:
                made = await asyncio.to_thread(read_record, text, base, self.catalog.today)
            except RecordFault as fault:
                wrong = str(fault).splitlines()
            else:
                if made == base:
                    self.model.say(f"Nothing was changed: {label} is as it was.")
                    return
                record = made

                def command(catalog: Catalog, record: Any = record) -> Event | None:
                    return write(catalog, record, base)

                if await self.model.carry_out(command, f"{label[:1].upper()}{label[1:]} is saved; z takes it back."):
                    return
                wrong = ["It was not saved: the message says why.", "Set the field as it is now, or as it was."]
            if not await self._back_to_the_editor(label, wrong):
                self.model.say(f"Left: {label} is as it was.")
                return

    async def _back_to_the_editor(self, label: str, wrong: list[str]) -> bool:
        from tui.screens.dialogs import Confirm

        return (
            await self.asked(
                Confirm(f"The text of {label} is not saved yet", wrong, ask_reason=False, verb="go back to the editor")
            )
            is not None
        )

    def _through_the_editor(self, text: str, label: str) -> str:
        """The text as it comes back from the editor, which has the terminal meanwhile.

        Raises:
            UsageError: there is no editor, it failed, or the terminal cannot be left to it.
        """
        try:
            with tempfile.TemporaryDirectory(prefix="modeltui-") as directory:
                path = Path(directory) / (re.sub(r"[^A-Za-z0-9.@-]+", "-", label).strip("-")[:80] + ".toml")
                path.write_text(text, "utf-8")
                self._leave_to(editor(), path)
                return path.read_text("utf-8-sig")
        except UnicodeDecodeError as error:
            raise UsageError("The editor saved no UTF-8 text, so nothing was changed.") from error
        except OSError as error:
            raise UsageError(
                f"The text to edit cannot be kept in a file: {error.strerror}; nothing was changed."
            ) from error

    def _leave_to(self, command: list[str], path: Path) -> None:
        """Let the editor have the terminal until it ends."""
        try:
            with self.app.suspend():
                done = subprocess.run([*command, str(path)], check=False)
        except SuspendNotSupported as error:
            raise UsageError("This terminal cannot be left to an editor; e opens a form instead.") from error
        except OSError as error:
            said = f"The editor '{command[0]}' cannot be started: {error.strerror}; set VISUAL or EDITOR."
            raise UsageError(said) from error
        self.app.refresh()
        if done.returncode:
            raise UsageError(f"The editor left with {done.returncode}, so nothing was changed.")


def editor() -> list[str]:
    """The user's editor and its arguments: `VISUAL`, else `EDITOR`, else vi."""
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        return shlex.split(named) or ["vi"]
    except ValueError:
        return [named]


def _version(catalog: Catalog, record: Any, base: Any) -> Event | None:
    return catalog.edit_version(record, base)


def _use_case(catalog: Catalog, record: Any, base: Any) -> Event | None:
    return catalog.edit_use_case(record, base)


def _assignment(catalog: Catalog, record: Any, base: Any) -> Event | None:
    return catalog.edit_assignment(record, base)


def _deployment(catalog: Catalog, record: Any, base: Any) -> Event | None:
    return catalog.save_deployment(record, base)
