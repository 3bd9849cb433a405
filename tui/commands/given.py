"""Reading what was given on a command line: numbers as people write them, lists, files; and saying what was done."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tui.exits import DONE, UsageError
from tui.text import Cell

if TYPE_CHECKING:
    from store.records import Event
    from tui.output import Output
    from tui.session import Options

MAX_FILE = 64 * 1024 * 1024
"""Bytes that any one file given on the command line may have."""


def amount(text: str) -> float:
    """A number such as 400, 0.8, 80%, 5k or 2.1M."""
    from datetime import date

    from store.fields import Field, literal

    try:
        value = literal(Field("number", "", "number"), text, date.min)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number; write 400, 0.8, 80%, 5k or 2.1M") from None
    return float(str(value))


def traffic(text: str) -> float:
    """A part of the traffic in percent, above 0 and up to 100: 30, 30%."""
    value = amount(text.strip().removesuffix("%").strip())
    if not 0 < value <= 100:
        raise argparse.ArgumentTypeError(f"'{text}' is no part of the traffic; write percent above 0, up to 100")
    return value


def whole(text: str) -> int:
    """A whole number that is not negative, such as 400 or 5k."""
    value = amount(text)
    if value < 0 or value != int(value):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number")
    return int(value)


def words(text: str) -> tuple[str, ...]:
    """Words between commas; "" is none of them."""
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


def read_bytes(path: str) -> bytes:
    """The content of a file, "-" for standard input.

    Raises:
        UsageError: it cannot be read, or is too large.
    """
    try:
        if path == "-":
            content = sys.stdin.buffer.read(MAX_FILE + 1)
        else:
            with Path(path).open("rb") as file:
                content = file.read(MAX_FILE + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}; check the name") from error
    if len(content) > MAX_FILE:
        raise UsageError(f"{path} has more than {MAX_FILE // 2**20} MB; split it")
    return content


def read_records(path: str) -> bytes:
    """The content of a file with records; of the file of another catalog, what it holds as an export.

    Raises:
        UsageError: it cannot be read, is too large, or is a catalog that cannot be used.
    """
    content = read_bytes(path)
    from store.formats.export import is_catalog

    if not is_catalog(content):
        return content
    import msgspec

    from store.catalog import StoreError
    from store.transfer import of_another

    try:
        return msgspec.json.encode(of_another(None if path == "-" else Path(path), content))
    except StoreError as error:
        raise UsageError(f"{path} cannot be brought in: {error}") from error


def read_lines(path: str) -> Iterator[bytes]:
    """The lines of a file one by one, "-" for standard input; the file is open while they are read.

    Raises:
        UsageError: it cannot be read, or a line is too long.
    """
    try:
        with sys.stdin.buffer if path == "-" else Path(path).open("rb") as file:
            while line := file.readline(MAX_FILE + 1):
                if len(line) > MAX_FILE:
                    raise UsageError(f"{path} has a line of more than {MAX_FILE // 2**20} MB; split it")
                yield line
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}; check the name") from error


def read_text(path: str) -> str:
    """The text of a UTF-8 file.

    Raises:
        UsageError: it cannot be read or is no UTF-8 text.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text; save it as UTF-8") from error


def write_text(path: str, text: str) -> None:
    """Write a file.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        Path(path).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {(error.strerror or str(error)).lower()}") from error


def digest(content: bytes) -> str:
    """The hash that stands for a file."""
    return hashlib.sha256(content).hexdigest()


def done(out: Output, options: Options, event: Event | None, *said: Cell) -> int:
    """Answer an edit: the event as JSON, or a line that says what is recorded now."""
    if options.json:
        from tui.commands import shapes

        out.json({"event": None if event is None else shapes.event(event)})
    elif event is None:
        out.line("Nothing changed: it is so already.")
    else:
        out.line(*said)
    return DONE
