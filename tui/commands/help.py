"""`help [COMMAND | TOPIC]`: what a command does, and what several of them share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from tui.commands import COMMANDS as ALL
from tui.commands import GROUPS, Command
from tui.exits import DONE
from tui.session import Options

if TYPE_CHECKING:
    from tui.output import Output

_QUERY = """\
A query stands behind list, check and export, and behind / in the app.

  gpt-4o "exact words"        plain words, anywhere in a row, whatever the case
  stage:production            a field contains the text, is the number, falls into the day or month
  provider=azure-openai       is exactly that; != is anything else
  retires:<60d price_in<=1    compare with < <= > >=, with or without the colon
  retires:2026-12..2027-03    a range; an end may be left out
  provider:openai,google      either
  has:upgrade missing:owner   known, unknown
  not:gpt-4o -stage:staging   everything else
  owner:ann or owner:bob      side by side is "and"; "or" binds weaker; ( ) group

What is unknown fits no comparison. Days are 2026-12-31, 2026-12, today, 60d, -2w, 3m or 1y; amounts 2.50, $5k or 80%.
A shell takes < > ( ) and | for itself: put the query in quotes.

fields, which --sort takes too, and every metric by its name:"""

_EXIT_CODES = """\
   0  done: PASS, PASS_UNPROVEN, WARN, WAIVED; also where nobody reads the output on
   1  a finding, FAIL
   2  bad usage or input, ERROR
   3  INCONCLUSIVE
   4  stale or unknown facts
   5  the catalog or a remote cannot be reached, read or written
  70  our own fault; the path of a report is said
 130  interrupted

Of several outcomes at once the first of 70, 5, 2, 1, 4, 3, 0 counts."""

_PROMPT = """\
`modeltui next --short` says the most urgent finding in one line, and nothing if all is well.

  bash  PS1='$(modeltui next --short 2>/dev/null) \\w \\$ '
  zsh   setopt prompt_subst; PROMPT='$(modeltui next --short 2>/dev/null) %~ %# '
  fish  function fish_right_prompt; modeltui next --short 2>/dev/null; end

Its answer is kept until the catalog or the day changes."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("topic", nargs="*", metavar="COMMAND|TOPIC", help=f"a command, or {', '.join(TOPICS)}")


def _run(args: argparse.Namespace, options: Options, out: Output) -> int:
    topic = " ".join(args.topic)
    if topic in TOPICS:
        for line in TOPICS[topic](options):
            out.line(line)
        return DONE
    if args.topic and args.topic[0] not in (*ALL, *GROUPS):
        from tui.cli import unknown
        from tui.exits import UsageError

        raise UsageError(unknown(topic, [*ALL, *GROUPS, *TOPICS]))
    from tui.cli import main

    return main([*args.topic, "--help"])


def _query(_options: Options) -> Iterator[str]:
    from store.fields import FIELDS

    yield from _QUERY.splitlines()
    width = max(map(len, FIELDS))
    for name, field in FIELDS.items():
        choices = f": {', '.join(field.choices)}" if field.choices else ""
        yield f"  {name:<{width}}  {field.help or field.title}{choices}"


def _files(options: Options) -> Iterator[str]:
    yield f"catalog    {options.store_path}"
    yield "           --store, else $MODELTUI_STORE; while somebody works, a .journal lies beside it"
    yield f"backups    {options.store_path.parent / 'backups'}"
    yield f"settings   {options.config_path}"
    yield "           --config, else $MODELTUI_CONFIG; TOML, which may be missing"
    yield f"templates  {options.config_path.parent / 'templates'}"
    yield ""
    yield "$MODELTUI_USER says who acts, $NO_COLOR takes the colours away; secrets are read from the environment"
    yield "variables and keyring entries that `registries add --secret` names, and are kept nowhere."


def _kinds(_options: Options) -> Iterator[str]:
    from store.registries.adapter import KINDS, adapter

    yield "A registry is added with: modeltui registries add NAME KIND [ADDRESS] [--set K=V] [--secret K=env:VAR]"
    for kind in KINDS:
        found = adapter(kind)
        yield ""
        yield f"{kind}: {found.title}"
        words = [("address", found.address)] if found.address else []
        words += [(f"--set {name}", said) for name, said in found.settings.items()]
        words += [(f"--secret {name}", said) for name, said in found.secrets.items()]
        yield from (f"  {word:<24}  {said}" for word, said in words)


TOPICS: Mapping[str, Callable[[Options], Iterator[str]]] = {
    "query": _query,
    "exit-codes": lambda _: iter(_EXIT_CODES.splitlines()),
    "files": _files,
    "kinds": _kinds,
    "prompt": lambda _: iter(_PROMPT.splitlines()),
}

COMMANDS: Mapping[str, Command] = {"help": Command(_arguments, _run)}
