"""The command `modeltui`: finds the command, opens what it needs, and says in one sentence what went wrong.

A command's module is imported only when it runs; without a command the app opens. Exit codes are in `tui.exits`.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from tui import exits
from tui.commands import COMMANDS, GROUPS, Command, Entry
from tui.exits import UsageError
from tui.figures import clean
from tui.output import Output
from tui.session import Options, clock

_ABOUT = "What model versions do we run, what changes when, is the next one good enough, what is left to do?"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and answer its exit code; never raises, never shows a traceback."""
    words = list(sys.argv[1:] if argv is None else argv)
    if sys.stdout is None:  # closed by who started us: nobody wants to read it
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 -- stays open until the process ends
    try:
        code = _run(words)
        sys.stdout.flush()
    except SystemExit as left:  # --help and --version
        code = left.code if isinstance(left.code, int) else exits.DONE
    except BrokenPipeError:
        # who read our output has enough; what the interpreter still flushes at its end has nowhere to go
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 -- stays open until the process ends
        code = exits.DONE
    except BaseException as error:  # noqa: BLE001 -- the last place that can turn an error into a sentence
        code = _said(error, words)
    return code


def _run(words: list[str]) -> int:
    at = _command_at(words)
    head = _parser("modeltui", _ABOUT).parse_args(words[:at])
    if at == len(words):
        return _open_app(_options(head))
    name, rest = _named(words[at:])
    args = parser_of(name).parse_intermixed_args(rest, namespace=head)
    options = _options(args)
    if options.verbose:
        from tui.requests_told import tell_all

        tell_all(options)
    return _command(name).run(args, options, Output(quiet=options.quiet))


def _command(name: str) -> Command:
    found: Command = import_module(f"tui.commands.{COMMANDS[name].module}").COMMANDS[name]
    return found


def parser_of(name: str) -> argparse.ArgumentParser:
    """The parser of one command, with the global options in it."""
    parser = _parser(f"modeltui {name}", COMMANDS[name].help, COMMANDS[name])
    _command(name).arguments(parser)
    return parser


def _open_app(options: Options) -> int:
    served = "TEXTUAL_DRIVER" in os.environ  # by `modeltui serve`, which shows it in a browser
    if not served and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the app needs a terminal; for scripts see: modeltui --help")
    import gc

    gc.disable()  # no rubbish is made until the first view is shown, but much that is kept; the app turns it on again
    from tui.app import run

    return run(options)


# ── parsing ───────────────────────────────────────────────────────────────────────────────────────────────────────


class _Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are one sentence and our exit code."""

    def error(self, message: str) -> NoReturn:
        hint = f"see: {self.prog} --help"
        words = message.removeprefix("unrecognized arguments: ").split()
        if words and message.startswith("unrecognized arguments: --"):
            import difflib

            known = [option for option in self._option_string_actions if option.startswith("--")]
            near = difflib.get_close_matches(words[0].partition("=")[0], known, 2, 0.6)
            hint = f"did you mean {' or '.join(near)}?" if near else hint
        raise UsageError(f"{self.prog}: {message}; {hint}")


_VALUED = ("--store", "--config", "--today", "--as")
"""Global options that take a value."""


def _parser(prog: str, about: str, entry: Entry | None = None) -> _Parser:
    parser = _Parser(
        prog=prog,
        description=about if entry is None else f"{about[:1].upper()}{about[1:]}.",
        epilog=_overview() if entry is None else f"example:\n  {entry.example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        usage="modeltui [options] [COMMAND …]" if entry is None else None,
    )
    common = parser.add_argument_group("options of every command")
    missing = argparse.SUPPRESS
    common.add_argument(
        "--store", type=Path, metavar="PATH", default=missing, help="the catalog's file ($MODELTUI_STORE)"
    )
    common.add_argument(
        "--config", type=Path, metavar="PATH", default=missing, help="the settings file ($MODELTUI_CONFIG)"
    )
    common.add_argument(
        "--today", type=clock, metavar="DATE", default=missing, help="set the clock: decide for this day"
    )
    common.add_argument("--as", dest="actor", metavar="NAME", default=missing, help="who acts ($MODELTUI_USER)")
    common.add_argument("--offline", action="store_true", default=missing, help="ask no remote")
    common.add_argument("--json", action="store_true", default=missing, help="answer as JSON (docs/cli.md)")
    common.add_argument("--quiet", action="store_true", default=missing, help="no text for people; errors stay")
    common.add_argument("--verbose", action="store_true", default=missing, help="tell what is opened and asked")
    common.add_argument("--demo", action="store_true", default=missing, help="work on a filled throw-away catalog")
    if entry is None:
        common.add_argument("--version", action=_Version)
    return parser


class _Version(argparse.Action):
    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="show the version and leave")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        sys.stdout.write(f"modeltui {version('modeltui')}\n")
        parser.exit()


def _options(args: argparse.Namespace) -> Options:
    given = vars(args)
    return Options(**{f.name: given[f.name] for f in fields(Options) if f.name in given})


def _command_at(words: list[str]) -> int:
    """Where the command stands: behind the global options that were given before it."""
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in _VALUED else 1
    return min(at, len(words))


def _named(words: list[str]) -> tuple[str, list[str]]:
    """The command that the words begin with, and the words behind it."""
    first, rest = words[0], words[1:]
    if first in COMMANDS:
        return first, rest
    if first not in GROUPS:
        raise UsageError(unknown(first, [*COMMANDS, *GROUPS]))
    ours = [name.split()[1] for name in COMMANDS if name.startswith(f"{first} ")]
    if not rest:
        raise UsageError(f"modeltui {first} needs one more word: {', '.join(ours)}; see: modeltui {first} --help")
    if rest[0] in ("-h", "--help"):
        sys.stdout.write(f"{GROUPS[first]}\n\n{_listed([f'{first} {word}' for word in ours])}")
        raise SystemExit(exits.DONE)
    if rest[0] not in ours:
        raise UsageError(unknown(rest[0], ours, f"modeltui {first}"))
    return f"{first} {rest[0]}", rest[1:]


def unknown(word: str, names: Sequence[str], prog: str = "modeltui") -> str:
    """The sentence about a word that is no command, with those that were perhaps meant."""
    import difflib

    near = difflib.get_close_matches(word, names, 2, 0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"see: {prog} --help"
    return f"there is no command '{prog.removeprefix('modeltui')} {word}'; {hint}".replace("' ", "'")


def _overview() -> str:
    names = [name for name in COMMANDS if " " not in name]
    listed = _listed([*names, *GROUPS])
    return f"commands (modeltui COMMAND --help tells more):\n{listed}\nWithout a command the app opens."


def _listed(names: Sequence[str]) -> str:
    about = {**{name: entry.help for name, entry in COMMANDS.items()}, **GROUPS}
    width = max(map(len, names))
    return "".join(f"  {name:<{width}}  {about[name]}\n" for name in names)


# ── what went wrong ───────────────────────────────────────────────────────────────────────────────────────────────


_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
"""What standard output says where it goes to a full or broken disk; files that are named say so themselves."""


def _said(error: BaseException, words: list[str]) -> int:
    code = exits.of_error(error)
    if isinstance(error, OSError) and error.filename is None and error.errno in _UNWRITABLE:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 -- what the interpreter still flushes has nowhere to go
        code, sentence = exits.STORE, f"the output cannot be written: {os.strerror(error.errno).lower()}"
    elif isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        code, sentence = exits.BAD_INPUT, f"'{clean(str(error.filename)[:40])}…' is too long for the name of a file"
    elif code == exits.FAULT:
        report = _report(error, words)
        sentence = f"our own fault ({type(error).__name__}); nothing is half written; the report is in {report}"
    elif code == exits.INTERRUPTED:
        sentence = "interrupted"
    else:
        sentence = "\n".join(clean(line) for line in str(error).removeprefix("modeltui: ").splitlines())
    try:
        sys.stderr.write(f"modeltui: {sentence}\n")
        sys.stderr.flush()
    except BrokenPipeError:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 -- stays open until the process ends
    return code


def _report(error: BaseException, words: list[str]) -> str:
    """Write the traceback to a file of the user's own; the command line's values are left out, they may be private."""
    import platform
    import tempfile
    import traceback

    names = [word for word in words if word.startswith("--") or word in COMMANDS or word in GROUPS]
    head = f"modeltui on Python {platform.python_version()}, {platform.system()}\ncommand: {' '.join(names)}\n\n"
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    with tempfile.NamedTemporaryFile(
        "w", prefix=f"modeltui-fault-{stamp}-", suffix=".txt", delete=False, encoding="utf-8", errors="replace"
    ) as file:
        file.write(head + "".join(traceback.format_exception(error)))
    return file.name


if __name__ == "__main__":
    sys.exit(main())
