"""`completion bash | zsh | fish`: commands, their words and options, completed by the shell."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tui.commands import COMMANDS as ALL
from tui.commands import GROUPS, Command
from tui.exits import DONE
from tui.session import Options

if TYPE_CHECKING:
    from tui.output import Output

_BASH = """\
# modeltui completion bash; load it with: eval "$(modeltui completion bash)"
_modeltui() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} command= word
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        [[ $word == -* ]] && continue
        case $command in
            '') command=$word ;;
            {groups}) command="$command $word" ;;
            *) break ;;
        esac
    done
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
        out.text(zsh + _BASH.format(groups="|".join(GROUPS), cases="\n".join(_cases())))
    return DONE


def _first_words() -> list[str]:
    return [*(name for name in ALL if " " not in name), *GROUPS]


def _second_words(group: str) -> list[str]:
    return [name.split()[1] for name in ALL if name.startswith(f"{group} ")]


def _options_of(name: str) -> list[str]:
    from tui.cli import parser_of

    return list(dict.fromkeys(re.findall(r"--[a-z][a-z-]*", parser_of(name).format_usage())))


def _cases() -> Iterator[str]:
    def case(command: str, offered: list[str]) -> str:
        return f"        '{command}') COMPREPLY=($(compgen -W '{' '.join(offered)}' -- \"$cur\")) ;;"

    yield case(
        "", [*_first_words(), "--help", "--version", "--store", "--config", "--today", "--as", "--json", "--demo"]
    )
    yield from (case(group, [*_second_words(group), "--help"]) for group in GROUPS)
    # without a leading dash the shell's own completion of file names takes over
    yield from (case(name, _options_of(name)) for name in ALL)


def _fish() -> Iterator[str]:
    yield "# modeltui completion fish; load it with: modeltui completion fish | source"
    for name in _first_words():
        about = ALL[name].help if name in ALL else GROUPS[name]
        yield f"complete -c modeltui -n __fish_use_subcommand -f -a {name} -d {_quoted(about)}"
    for group in GROUPS:
        words = _second_words(group)
        seen = f"__fish_seen_subcommand_from {group}; and not __fish_seen_subcommand_from {' '.join(words)}"
        for word in words:
            about = _quoted(ALL[f"{group} {word}"].help)
            yield f"complete -c modeltui -n {_quoted(seen)} -f -a {word} -d {about}"
    for name in ALL:
        seen = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in name.split())
        yield from (f"complete -c modeltui -n {_quoted(seen)} -l {option[2:]}" for option in _options_of(name))


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


COMMANDS: Mapping[str, Command] = {"completion": Command(_arguments, _completion)}
