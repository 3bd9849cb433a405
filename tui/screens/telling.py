"""`w Y O`: why, copy as Markdown, open a link."""

from __future__ import annotations

import asyncio

from textual import work
from textual.content import Content

from tui.screens.acting import Acting
from tui.widgets.preview import content


class Telling(Acting):
    """What tells about the selection, or takes it elsewhere."""

    def action_why(self) -> object:
        """Every date with source and age, what counts and why, what is to be done."""
        return self._why()

    @work(exclusive=True, group="tell")
    async def _why(self) -> None:
        from tui.detail.history import ran
        from tui.screens.dialogs import Reader
        from tui.why import why

        key = self.version_here("ask why") if self.model.view is not None else ""
        if key:
            lines = await asyncio.to_thread(why, key, self.run_here(), self.seen)
            lines += await asyncio.to_thread(ran, self.catalog, key)
            await self.asked(Reader(f"Why · {key}", Content("\n").join(content(line) for line in lines)))

    @work(exclusive=True, group="tell")
    async def action_copy_markdown(self) -> None:
        """Copy the selected versions as Markdown: dates, figures and what runs them, with sources."""
        from tui.why import markdown

        if self.model.view is None or not self.version_here("copy it"):
            return
        keys = self.selection()
        self.app.copy_to_clipboard(await asyncio.to_thread(markdown, keys, self.seen))
        self.model.say(f"Copied {keys[0] if len(keys) == 1 else f'{len(keys)} versions'} as Markdown.")

    @work(exclusive=True, group="tell")
    async def action_open_link(self) -> None:
        """Open one of the version's pages, or of its provider's."""
        from store.reference import providers
        from tui.screens.dialogs import Choose

        key = self.version_here("open its pages") if self.model.view is not None else ""
        version = self.seen.records.versions.get(key) if key else None
        if version is None:
            return
        known = (await asyncio.to_thread(providers)).get(version.provider)
        found = [(link.url, f"{link.rel}: {link.title or link.url}") for link in version.links]
        found += [(link.url, f"{link.rel}: {link.title} · {link.url}") for link in (known.links if known else ())]
        for name in ("repository", "run", "artifact"):
            reference = getattr(version.lineage, name)
            if reference.startswith(("http://", "https://")):
                found.append((reference, f"{name}: {reference}"))
        pages = dict(found)
        if not pages:
            self.model.say(f"No page of {key} is known: e adds links.", "warning")
            return
        url = await self.asked(Choose(f"Open which page of {key}?", list(pages.items())))
        if url is not None:
            self.app.open_url(url)
