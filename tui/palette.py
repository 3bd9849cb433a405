"""The command palette: every command of the screen in front, by its name, from the one table of keys."""

from __future__ import annotations

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from tui import keys
from tui.keys import Command, Scope


class KeyCommands(Provider):
    """Commands of `tui.keys` that act on the screen below the palette."""

    @property
    def _scope(self) -> Scope:
        scope: Scope = getattr(self.screen, "scope", "everywhere")
        return scope

    def _commands(self) -> list[Command]:
        return [c for c in keys.for_screen(self._scope) if not c.native and c.name != "palette"]

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for command in self._commands():
            yield DiscoveryHit(self._words(command), partial(self._run, command), help=command.help)

    async def search(self, query: str) -> Hits:
        """Those whose words match."""
        matcher = self.matcher(query)
        for command in self._commands():
            words = self._words(command)
            score = matcher.match(f"{words} {command.help}")
            if score:
                yield Hit(score, matcher.highlight(words), partial(self._run, command), help=command.help)

    def _words(self, command: Command) -> str:
        return f"{command.title_in(self._scope)}  ({command.shown})"

    async def _run(self, command: Command) -> None:
        focused = self.screen.focused
        for target in (focused, self.screen, self.app):
            if target is not None and hasattr(target, f"action_{command.name}"):
                await target.run_action(command.name) if target is not self.app else await self.app.run_action(
                    command.name
                )
                return
