"""The one table of commands: key, name, word, help, where. Footer, help screen and command palette read it.

One letter has one meaning on every screen: a screen may word it for its subject (`space` marks a row, steps an item)
but not give it another sense. Letters and digits act only outside inputs, because a focused Textual `Input` or
`TextArea` takes every printable key before any binding is tried; keys that must work inside inputs are no letters.

A screen binds its own scope (`BINDINGS = bindings("catalog")`) and writes one `action_<name>` for each command; the App
binds `everywhere`; tables bind `lists`. Other scopes do not repeat those two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Literal, get_args

from store.values import dataclass

if TYPE_CHECKING:
    from textual import events
    from textual.binding import BindingType

Scope = Literal[
    "everywhere", "lists", "catalog", "detail", "compare", "checklist", "upgrades", "timeline", "sync", "use_cases",
    "review", "forms",
]  # fmt: skip
SCOPES: tuple[Scope, ...] = get_args(Scope)

Group = Literal["move", "screens", "view", "change", "upgrade", "sync", "copy", "general"]
GROUPS: Mapping[Group, str] = {
    "move": "Move",
    "screens": "Screens",
    "view": "See",
    "change": "Change",
    "upgrade": "Decide and upgrade",
    "sync": "Synchronise",
    "copy": "Copy",
    "general": "Always",
}


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `name` is the action, `title` the footer's word, `help` one sentence.

    `keys` are Textual key names, the first one is shown; `"g g"` is two presses; none where only the palette has it.
    `words` gives a scope its own title and help for the same meaning. `native` keys are handled by Textual: listed, not
    bound. `asks` commands show their effect first and ask a reason.
    """

    keys: tuple[str, ...]
    name: str
    title: str
    help: str
    where: frozenset[Scope]
    group: Group
    words: Mapping[Scope, tuple[str, str]] = field(default_factory=dict)
    native: bool = False
    asks: bool = False

    def title_in(self, scope: Scope) -> str:
        """The footer's word on one screen."""
        return self.words[scope][0] if scope in self.words else self.title

    def help_in(self, scope: Scope) -> str:
        """The help sentence on one screen."""
        return self.words[scope][1] if scope in self.words else self.help

    @property
    def first(self) -> str:
        """The first key as a person reads it: `/`, `space`, `^p`; `:` is the palette's."""
        return _SHOWN.get(self.keys[0], self.keys[0]).replace("ctrl+", "^") if self.keys else ":"

    @property
    def shown(self) -> str:
        """The keys as a person reads them: `j ↓`, `g g`, `ctrl+d`."""
        return " ".join(_SHOWN.get(key, key).replace("g g", "gg") for key in self.keys) or ":"


_SHOWN = {
    "up": "↑", "down": "↓", "left": "←", "right": "→", "slash": "/", "backslash": "\\", "asterisk": "*",
    "left_square_bracket": "[", "right_square_bracket": "]", "exclamation_mark": "!", "full_stop": ".", "comma": ",",
    "question_mark": "?", "colon": ":", "plus": "+", "minus": "-", "equals_sign": "=", "less_than_sign": "<",
    "greater_than_sign": ">", "escape": "esc", "pagedown": "pgdn", "pageup": "pgup",
}  # fmt: skip


def _on(*scopes: Scope) -> frozenset[Scope]:
    return frozenset(scopes)


_ALL = _on("everywhere")
_LISTS = _on("lists")
_VERSIONS = _on("catalog", "detail", "compare", "upgrades", "timeline", "use_cases", "review")
_LISTING = _on("catalog", "upgrades", "timeline", "sync", "use_cases")


def _c(
    keys: str, name: str, title: str, text: str, where: frozenset[Scope], group: Group, *,
    native: bool = False, asks: bool = False, **words: tuple[str, str],
) -> Command:  # fmt: skip
    named: dict[Scope, tuple[str, str]] = {scope: words[scope] for scope in SCOPES if scope in words}
    return Command(tuple(keys.split("|")) if keys else (), name, title, text, where, group, named, native, asks)


COMMANDS: tuple[Command, ...] = (
    # lists
    _c("j|down", "cursor_down", "down", "Go one line down.", _LISTS, "move"),
    _c("k|up", "cursor_up", "up", "Go one line up.", _LISTS, "move"),
    _c("h|left", "cursor_left", "left", "Fold the section, or scroll to the left.", _LISTS, "move",
       compare=("column", "Go to the column on the left; in pictures, another figure across.")),
    _c("l|right", "cursor_right", "right", "Unfold the section, or scroll to the right.", _LISTS, "move",
       compare=("column", "Go to the column on the right; in pictures, another figure across.")),
    _c("g g|home", "first", "first", "Go to the first line.", _LISTS, "move"),
    _c("G|end", "last", "last", "Go to the last line.", _LISTS, "move"),
    _c("ctrl+d", "half_page_down", "half page down", "Go half a page down.", _LISTS, "move"),
    _c("ctrl+u", "half_page_up", "half page up", "Go half a page up.", _LISTS, "move"),
    _c("pagedown", "page_down", "page down", "Go one page down.", _LISTS, "move"),
    _c("pageup", "page_up", "page up", "Go one page up.", _LISTS, "move"),
    _c("enter", "open", "open", "Open the thing under the cursor, or fold its section.", _LISTS, "move"),
    _c("space", "tick", "mark", "Mark the line, or take the mark away.", _LISTS, "change",
       checklist=("step", "Take the item one step on: to do, doing, done.")),
    _c("asterisk", "tick_all", "mark all", "Mark all shown lines, or take all marks away.", _LISTS, "change"),
    # everywhere
    _c("escape", "back", "back", "Go exactly one step back; what was selected stays selected.",
       _ALL | _on("forms"), "general", forms=("cancel", "Leave the form; it asks if something was changed.")),
    _c("q", "quit", "quit", "Leave modeltui.", _ALL, "general"),
    _c("1", "show_catalog", "catalog", "Catalog: what we run, and all that is known.", _ALL, "screens"),
    _c("2", "show_upgrades", "upgrades", "Upgrades, running and past.", _ALL, "screens"),
    _c("3", "show_timeline", "timeline", "Timeline: twelve months, a lane per use case.", _ALL, "screens"),
    _c("4", "show_sync", "sync", "Sync: registries, plans, conflicts.", _ALL, "screens"),
    _c("5", "show_use_cases", "use cases", "Use cases: list and form.", _ALL, "screens"),
    _c("tab", "next_pane", "next pane", "Go to the next pane; shift+tab goes to the one before.",
       _ALL, "move", native=True),
    _c("left_square_bracket", "previous_tab", "tab before", "Go to the tab before.", _on("detail"), "move"),
    _c("right_square_bracket", "next_tab", "next tab", "Go to the next tab.", _on("detail"), "move"),
    _c("z", "undo", "undo", "Take the last change back; a message says what.", _ALL, "general"),
    _c("Z", "redo", "redo", "Do again what undo took back.", _ALL, "general"),
    _c("ctrl+r", "save_again", "save again", "Save again what could not be saved, such as for a full disk.",
       _ALL, "general"),
    _c("exclamation_mark", "review", "review", "Start or resume the review of what needs a decision.",
       _ALL, "upgrade"),
    _c("T", "what_if", "what-if date", "See everything as on another date; nothing is written.", _ALL, "general"),
    _c("question_mark", "help", "help", "Show the keys of this screen.", _ALL, "general"),
    _c("ctrl+p", "command_palette", "all", "Find every command by its name.", _ALL, "general", native=True),
    _c("colon", "palette", "all", "Find every command by its name, as ctrl+p does.", _ALL, "general"),
    # see
    _c("v", "next_view", "view", "Show the next view.",
       _on("catalog", "compare", "timeline", "detail", "upgrades"), "view",
       upgrades=("to do", "Change between the upgrades and what each owner has to do next, across all of them."),
       catalog=("in use/all", "Change between what is in use and all known versions."),
       compare=("view", "Show the next view: table, bars, scatter, trend."),
       timeline=("zoom", "Show another span of time.")),
    _c("slash", "filter", "filter", "Filter as you type.", _LISTING, "view"),
    _c("o", "order", "order", "Choose the order of the lines.", _LISTING, "view"),
    _c("backslash", "columns", "columns", "Choose which columns are shown, and where.", _LISTING, "view"),
    _c("ctrl+s", "save", "save view", "Save what is shown as a view of your own: query, columns, order, groups.",
       _on("catalog") | _on("forms"), "view", forms=("save", "Save the form.")),
    _c("f", "filters", "filters", "Show or fold the filters.", _on("catalog"), "view"),
    _c("p", "preview", "preview", "Show or fold the preview.", _on("catalog", "checklist"), "view"),
    _c("w", "why", "why", "Say why: the rule, its sources and their ages.", _VERSIONS | _on("checklist", "sync"),
       "view"),
    # change
    _c("n", "new", "new", "Add a new one of what is listed.", _VERSIONS | _on("sync"), "change"),
    _c("e", "edit", "edit", "Edit the thing under the cursor.", _VERSIONS | _on("checklist", "sync"), "change",
       catalog=("edit", "Edit the thing under the cursor; with several marked, set a field of all of them.")),
    _c("ctrl+e", "edit_as_text", "in editor", "Open the thing under the cursor as TOML in $VISUAL or $EDITOR.",
       _VERSIONS, "change"),
    _c("d", "delete", "delete", "Delete the thing under the cursor; it says what goes, and can be undone.",
       _VERSIONS | _on("sync"), "change"),
    _c("s", "set", "set", "Set what runs: version, stage, share, deployment.", _VERSIONS | _on("checklist", "sync"),
       "change", checklist=("target", "Set the upgrade's target."),
       sync=("assign", "Assign the deployment to a use case.")),
    _c("m", "note", "note", "Write a note.", _VERSIONS | _on("checklist"), "change",
       checklist=("evidence", "Add evidence or a note to the item.")),
    _c("t", "tags", "tags", "Edit the tags.", _on("catalog", "detail", "use_cases"), "change"),
    _c("i", "import", "results in", "Bring results or a file in.", _VERSIONS | _on("checklist", "sync"), "change",
       checklist=("scan", "Search code and configuration for the old version; what is found becomes evidence.")),
    _c("", "scan", "scan", "Search code and configuration for models of the catalog.", _VERSIONS | _on("sync"),
       "change"),
    _c("x", "export", "export", "Write a record or what is shown to a file.",
       _VERSIONS | _on("checklist", "sync"), "change", checklist=("record", "Write the change record."),
       review=("minutes", "Write the minutes of this review to a file.")),
    # decide and upgrade
    _c("c", "compare", "compare", "Compare the marked versions; with none marked, with the replacement.",
       _VERSIONS - _on("compare"), "upgrade"),
    _c("u", "upgrade", "upgrade", "Start the upgrade, or open the running one.", _VERSIONS, "upgrade"),
    _c("D", "decide", "decide", "Decide: upgrade, stay until, replace, stop by, later.",
       _VERSIONS | _on("checklist"), "upgrade"),
    _c("full_stop", "review_next", "next", "Go to the next finding of the review.", _on("review"), "upgrade"),
    _c("comma", "review_previous", "previous", "Go to the finding before.", _on("review"), "upgrade"),
    _c("S", "decide_stay", "stay", "Decide to stay until a day, then look again.", _on("review"), "upgrade"),
    _c("E", "decide_replace", "replace", "Decide to exchange it for another model.", _on("review"), "upgrade"),
    _c("X", "decide_stop", "stop", "Decide to stop the use case by a day.", _on("review"), "upgrade"),
    _c("F", "decide_later", "later", "Put the decision off for later, to a day.", _on("review"), "upgrade"),
    _c("a", "reviewed", "as it is", "Leave all as it is: reviewed, nothing decided.", _on("review"), "upgrade"),
    _c("plus", "add_column", "add", "Add a version as a column.", _on("compare"), "view"),
    _c("minus", "remove_column", "remove", "Remove the column.", _on("compare"), "view"),
    _c("b", "baseline", "baseline", "Make this column the baseline.", _on("compare"), "view"),
    _c("H", "move_left", "column left", "Move the column to the left.", _on("compare"), "view"),
    _c("L", "move_right", "column right", "Move the column to the right.", _on("compare"), "view"),
    _c("equals_sign", "differences", "differences", "Show only rows that differ, or all.", _on("compare"), "view"),
    _c("W", "waive", "waive", "Waive a failing metric or an item: who, why, until when.",
       _on("compare", "checklist", "review"), "upgrade", asks=True),
    _c("N", "not_applicable", "not applicable", "Say that the item does not apply, and why.",
       _on("checklist"), "upgrade"),
    _c("r", "run", "run", "Run it without changing anything.", _on("checklist", "compare", "sync"), "upgrade",
       compare=("judge", "Judge the candidates again, such as after a stop."),
       checklist=("run checks", "Run the automatic checks."),
       sync=("plan", "Ask the registries and show what would change.")),
    _c("A", "approve", "approve", "Approve it in your name.", _on("checklist", "sync"), "upgrade",
       checklist=("sign", "Sign the item or the upgrade."), sync=("apply", "Apply the plan that is shown.")),
    _c("P", "promote", "promote", "Promote: shows the effect first and asks a reason.",
       _on("checklist", "detail"), "upgrade", asks=True),
    _c("R", "revert", "revert", "Go back to the version before: shows the effect first and asks a reason.",
       _on("checklist", "detail"), "upgrade", asks=True),
    # sync
    _c("less_than_sign", "keep_local", "keep ours", "Keep our value in this conflict.", _on("sync"), "sync"),
    _c("greater_than_sign", "keep_remote", "take theirs",
       "Take the registry's value in this conflict; elsewhere, give up a value of your own for it.",
       _on("sync", "detail"), "sync",
       detail=("take theirs", "Give up a value of your own for the registry's; shows the effect first.")),
    _c("U", "publish", "publish", "Publish to the registry: shows the effect first and asks a reason.",
       _on("sync"), "sync", asks=True),
    # copy
    _c("y", "copy_key", "copy key", "Copy the key.", _VERSIONS | _on("checklist", "sync"), "copy"),
    _c("Y", "copy_markdown", "copy as Markdown", "Copy what is shown as Markdown.",
       _VERSIONS | _on("checklist", "sync"), "copy"),
    _c("O", "open_link", "open link", "Open the link in the browser.", _VERSIONS | _on("checklist", "sync"), "copy"),
    # forms
)  # fmt: skip
"""Every command of the TUI, in the order of the help screen."""


FOOTERS: Mapping[Scope, str] = {
    "catalog": "filter tick compare open upgrade set new review next_view undo filters preview",
    "detail": "next_tab compare upgrade set note why open promote revert undo",
    "compare": "next_view add_column remove_column baseline differences import why waive decide export undo",
    "checklist": "tick note why waive not_applicable run approve set promote revert export",
    "upgrades": "next_view filter open new compare why undo",
    "timeline": "next_view open upgrade decide why",
    "sync": "run approve open keep_local keep_remote set publish new edit why undo",
    "use_cases": "filter open new edit set upgrade delete undo",
    "review": "upgrade decide_stay decide_replace decide_stop decide_later reviewed review_next review_previous open "
    "compare note export",
    "forms": "save back",
}
"""What the footer of a screen names, most important first; `help` and `palette` always stand at its end."""


def footer(scope: Scope) -> list[Command]:
    """The commands that the footer of a screen names, most important first."""
    named = {command.name: command for command in for_screen(scope)}
    return [named[name] for name in FOOTERS.get(scope, "").split()]


def for_screen(scope: Scope) -> list[Command]:
    """All commands that act on a screen: its own, those of lists, and those of everywhere."""
    scopes = _on("forms") if scope == "forms" else _on(scope, "lists", "everywhere")
    return [command for command in COMMANDS if command.where & scopes]


def bindings(scope: Scope, words: Scope | None = None) -> list[BindingType]:
    """The Textual bindings of one scope. `words` takes the wording of another: `bindings("lists", "checklist")`.

    Two-press keys are left out: `Chords` handles them. What a footer names is also shown by Textual's own.
    """
    from textual.binding import Binding

    order = [*FOOTERS.get(words or scope, "").split(), "tick", "open", "review", "undo", "help"]
    mine = [c for c in COMMANDS if scope in c.where and c.keys and not c.native]
    mine.sort(key=lambda c: order.index(c.name) if c.name in order else len(order))
    return [
        Binding(
            ",".join(key for key in c.keys if " " not in key),
            c.name,
            c.title_in(words or scope),
            show=c.name in order,
            key_display=_SHOWN.get(c.keys[0]),
            tooltip=c.help_in(words or scope),
            id=f"{scope}.{c.name}",
        )
        for c in mine
    ]


def named_bindings(scope: Scope, *names: str) -> list[BindingType]:
    """Some bindings of a scope: those whose action a screen has itself, and not the App."""
    return [b for b in bindings(scope) if getattr(b, "action", "") in names]


def help_text(scope: Scope) -> str:
    """The keys of a screen as plain text, by group, one line a command."""
    commands = for_screen(scope)
    width = max(len(c.shown) for c in commands)
    blocks = []
    for group, title in GROUPS.items():
        lines = [f"  {c.shown:<{width}}  {c.help_in(scope)}" for c in commands if c.group == group]
        if lines:
            blocks.append("\n".join([title, *lines]))
    return "\n\n".join(blocks)


def clashes(commands: Iterable[Command] = COMMANDS) -> list[str]:
    """Sentences about keys with two meanings, names with two commands, and keys that a two-press key hides."""
    found: list[str] = []
    owner: dict[str, Command] = {}
    names: set[str] = set()
    every = list(commands)
    for command in every:
        if command.name in names:
            found.append(f"{command.name} is defined twice")
        names.add(command.name)
        for key in command.keys:
            other = owner.setdefault(key, command)
            if other is not command:
                found.append(f"{key} means {other.name} and {command.name}")
    for key in owner:
        first, _, second = key.partition(" ")
        if second and first in owner:
            found.append(f"{first} means {owner[first].name} and begins {key}")
    return found


class Chords:
    """Mixin for a widget with an `action_first`: `g` then `g` goes to the first line; any other key forgets the `g`.

    Textual's bindings know single keys only, so the first `g` is held back here.
    """

    _begun = False

    def action_first(self) -> None:
        """Go to the first line."""
        raise NotImplementedError

    def on_key(self, event: events.Key) -> None:
        """Watch for the second `g`."""
        if event.key != "g":
            self._begun = False
            return
        event.stop()
        event.prevent_default()
        if self._begun:
            self.action_first()
        self._begun = not self._begun
