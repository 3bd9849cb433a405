"""`completion bash | zsh | fish`: commands, their words and options, completed by the shell."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from tui.commands import COMMANDS as ALL
from tui.commands import GROUPS, Command
from tui.exits import DONE
from tui.session import Options

if TYPE_CHECKING:
    from tui.output import Output

_BASH = """\
# modeltui completion bash; load it with: eval "$(modeltui completion bash)"
_modeltui() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} command= last= word
    for word in "${{COMP_WORDS[@]:1:$((COMP_CWORD-1))}}"; do
        case $last in {valued}) last=; continue ;; esac
        last=$word
        [[ $word == -* ]] && continue
        case $command in
            '') command=$word ;;
            {groups}) command="$command $word" ;;
            *) break ;;
        esac
    done
    case $before in {valued}) return ;; esac
    case "$command $before" in
{choices}
    esac
    case $command in
{cases}
    esac
}}
complete -o default -F _modeltui modeltui
"""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="whose script to print")


def _completion(args: argparse.Namespace, _options: Options, out: Output) -> int:
    if args.shell == "fish":
        out.text("\n".join(_fish()))
    else:
        zsh = "autoload -U +X bashcompinit && bashcompinit\n" if args.shell == "zsh" else ""
        parts = {"choices": "\n".join(_choices()), "cases": "\n".join(_cases())}
        out.text(zsh + _BASH.format(groups="|".join(GROUPS), valued="|".join(_GLOBAL), **parts))
    return DONE


_GLOBAL = ("--store", "--config", "--today", "--as")
"""Options that may stand before a command and take a value, which is no command."""


def _first_words() -> list[str]:
    return [*(name for name in ALL if " " not in name), *GROUPS]


def _second_words(group: str) -> list[str]:
    return [name.split()[1] for name in ALL if name.startswith(f"{group} ")]


class _Option(NamedTuple):
    """An option of a command: its name, whether a value follows, and which ones if they are few."""

    name: str
    valued: bool
    choices: tuple[str, ...]


def _options_of(name: str) -> list[_Option]:
    from tui.cli import parser_of

    return [
        _Option(word, action.nargs != 0, tuple(map(str, action.choices or ())))
        for action in parser_of(name)._actions
        for word in action.option_strings
        if word.startswith("--")
    ]


def _words_of(name: str) -> tuple[str, ...]:
    """The words that may stand behind a command, where they are few."""
    from tui.cli import parser_of

    if name == "help":
        from tui.commands.help import TOPICS

        return (*_first_words(), *TOPICS)
    found = [action.choices for action in parser_of(name)._actions if not action.option_strings and action.choices]
    return tuple(str(word) for choices in found for word in choices)


def _offer(pattern: str, offered: Iterable[str], end: str = "") -> str:
    return f"        '{pattern}') COMPREPLY=($(compgen -W '{' '.join(offered)}' -- \"$cur\")){end} ;;"


def _choices() -> Iterator[str]:
    """The values of an option; where they are any, the shell offers file names."""
    for name in ALL:
        free = [f"'{name} {option.name}'" for option in _options_of(name) if option.valued and not option.choices]
        yield from (_offer(f"{name} {o.name}", o.choices, "; return") for o in _options_of(name) if o.choices)
        if free:
            yield f"        {'|'.join(free)}) return ;;"


def _cases() -> Iterator[str]:
    yield _offer("", [*_first_words(), "--help", "--version", *_GLOBAL, "--offline", "--json", "--quiet", "--demo"])
    yield from (_offer(group, [*_second_words(group), "--help"]) for group in GROUPS)
    # without a leading dash the shell's own completion of file names takes over
    yield from (_offer(name, [*_words_of(name), *(option.name for option in _options_of(name))]) for name in ALL)


def _fish() -> Iterator[str]:
    yield "# modeltui completion fish; load it with: modeltui completion fish | source"
    first = f"'not __fish_seen_subcommand_from {' '.join(_first_words())}'"  # behind `--store PATH` too
    for name in _first_words():
        about = ALL[name].help if name in ALL else GROUPS[name]
        yield f"complete -c modeltui -n {first} -f -a {name} -d {_quoted(about)}"
    for name in _GLOBAL:
        yield f"complete -c modeltui -n {first} -l {name[2:]} -r"
    for group in GROUPS:
        words = _second_words(group)
        seen = f"__fish_seen_subcommand_from {group}; and not __fish_seen_subcommand_from {' '.join(words)}"
        for word in words:
            about = _quoted(ALL[f"{group} {word}"].help)
            yield f"complete -c modeltui -n {_quoted(seen)} -f -a {word} -d {about}"
    for name in ALL:
        seen = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in name.split())
        if " " not in name:  # `upgrade check` is not `check`
            seen += f"; and not __fish_seen_subcommand_from {' '.join(GROUPS)}"
        for option in _options_of(name):
            more = f" -x -a '{' '.join(option.choices)}'" if option.choices else " -r" if option.valued else ""
            yield f"complete -c modeltui -n {_quoted(seen)} -l {option.name[2:]}{more}"
        if fixed := _words_of(name):
            yield f"complete -c modeltui -n {_quoted(seen)} -f -a '{' '.join(fixed)}'"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


COMMANDS: Mapping[str, Command] = {"completion": Command(_arguments, _completion)}
