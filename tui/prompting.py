"""The catalog of one run of modeltui: when it is closed after an edit, it keeps the shell prompt's line anew.

An edit costs a little more for that, and the prompts behind it nothing; what other programs changed is worked out by
the first prompt that sees it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from store.catalog import Catalog, StoreError
from tui import prompt

if TYPE_CHECKING:
    from store.catalog import Changed
    from store.review.attention import Finding
    from tui.session import Options


def needs_decision(catalog: Catalog) -> list[Finding]:
    """What needs a decision, as the app lists it."""
    from store.artifacts import missing
    from store.review.attention import attention
    from store.review.checks import inputs_now

    records, today = catalog.snapshot(), catalog.today
    return attention(
        records, today, catalog.began(), inputs=lambda upgrade: inputs_now(upgrade, records, today),
        unreachable=missing(records),
    )  # fmt: skip


class PromptingCatalog(Catalog):
    """A catalog that keeps the line of `next --short` right for its own edits."""

    options: Options | None = None
    _edited = False

    def keep_prompt_line(self, options: Options) -> None:
        """From now on, keep the line of these options when edits were made."""
        self.options = options
        self.subscribe(self._note)

    def _note(self, changed: Changed) -> None:
        self._edited = self._edited or not changed.foreign

    def close(self) -> None:
        """Fold the journal and let go of the file; its line then holds for the folded file too."""
        options, line = self.options, None
        self.options = None
        if options is not None and self._edited:
            line = self._line(options)
        seq = self.seq
        super().close()
        journal = self.path.with_name(f"{self.path.name}.journal")
        if options is not None and line is not None and self.seq == seq and not journal.exists():
            prompt.keep_line(options, line, prompt.state(options))

    def _line(self, options: Options) -> str | None:
        """The line for what is on disk now; None where it cannot be said: the next prompt works it out."""
        seen = prompt.state(options)
        try:
            self.refresh()
        except StoreError:
            return None  # the edit is on disk; whoever reads the file next says what became of it
        line = prompt.kept_line(options)
        if line is None:
            line = prompt.line_of(needs_decision(self))
        prompt.keep_line(options, line, seen)
        return line if prompt.state(options) == seen else None
