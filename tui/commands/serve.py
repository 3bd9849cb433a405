"""`serve`: the app in a browser, through textual-serve."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tui.commands import Command
from tui.exits import DONE, UsageError
from tui.session import Options

if TYPE_CHECKING:
    from tui.output import Output


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--host", default="localhost", metavar="H", help="where to listen (localhost: this machine only)"
    )
    parser.add_argument("--port", type=_port, default=8000, metavar="N", help="the port (8000)")


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"'{text}' is no port; write a number such as 8000")
    return int(text)


def _serve(args: argparse.Namespace, options: Options, out: Output) -> int:
    try:
        from textual_serve.server import Server
    except ImportError as error:
        raise UsageError("serving needs textual-serve; install it with: pip install 'modeltui[serve]'") from error
    out.remark(f"http://{args.host}:{args.port} shows the app to whoever can reach it; ctrl+c ends it")
    Server(command_of(options), host=args.host, port=args.port, title="modeltui").serve()
    return DONE


def command_of(options: Options) -> str:
    """The command line that opens the same catalog."""
    words = [sys.executable, "-m", "tui.cli"]
    for option, value in (
        ("--store", options.store),
        ("--config", options.config),
        ("--today", options.today),
        ("--as", options.actor),
    ):
        words += [option, str(value)] if value else []
    words += [f"--{name}" for name in ("offline", "demo") if getattr(options, name)]
    return shlex.join(words)


COMMANDS: Mapping[str, Command] = {"serve": Command(_arguments, _serve)}
