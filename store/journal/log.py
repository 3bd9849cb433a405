"""The open journal file: reading what others appended, and appending durably."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path

from store.journal import disk
from store.journal.format import Header, StoreCorrupt, StoreError, header_line, parse_header, split_lines
from store.journal.lock import try_lock
from store.journal.snapshot import write_all


class Poisoned(StoreError):
    """The journal is in an unknown state; only opening the catalog again can tell what is on the disk."""


class Log:
    """`catalog.json.journal`, which exists only while it holds transactions.

    `position` is the end of the last line read or written, `identity` the inode of the open file. All
    methods but `close` are called under the lock.
    """

    def __init__(self, path: Path, *, writable: bool):
        self.path = path
        self.writable = writable
        self.position = 0
        self.identity: int | None = None
        self.header: Header | None = None
        self._file: FileIO | None = None

    def open(self) -> bool:
        """Open the file of that name, if there is one, at its start."""
        self.close()
        try:
            self._adopt(FileIO(self.path, "r+" if self.writable else "r"))
        except FileNotFoundError:
            return False
        return True

    def _adopt(self, file: FileIO) -> None:
        self._file, self.identity = file, os.fstat(file.fileno()).st_ino
        self.position, self.header = 0, None

    @property
    def is_open(self) -> bool:
        """True while there is a journal."""
        return self._file is not None

    def read(self) -> tuple[list[bytes], bytes]:
        """The transactions behind `position` as JSON, and what follows the last complete line.

        Raises:
            StoreCorrupt: valid lines follow a damaged one, or the first line is none.
        """
        if self._file is None:
            return [], b""
        self._file.seek(self.position)
        data = self._file.readall()
        lines = split_lines(data)
        if lines.broken:
            raise StoreCorrupt(
                f"{self.path} is damaged at byte {self.position + lines.length}, and saved edits follow; "
                "`modeltui doctor --repair` keeps all that is readable."
            )
        payloads = lines.payloads
        if payloads and self.header is None:
            self.header = parse_header(payloads.pop(0))
        self.position += lines.length
        return payloads, data[lines.length :]

    def set_tail_aside(self, tail: bytes) -> Path:
        """Keep what follows the last complete line, which a process left that died, in a file; then cut it off."""
        kept = self.path.with_name(f"{self.path.name}.torn-{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z")
        try:
            with FileIO(disk.create(kept, 0o600), "w") as file:
                write_all(file, tail)
            if self._file is not None:
                self._file.truncate(self.position)
        except OSError as error:
            raise disk.refusal(kept, error, "The catalog could not be opened") from error
        return kept

    def append(self, line: bytes) -> None:
        """Append one line and wait until it is on the disk.

        Raises:
            StoreError: it was not written, and nothing of it is left.
            Poisoned: whether it is on the disk is unknown.
        """
        file = self._file
        if file is None:
            raise StoreError(f"{self.path} is not open.")
        try:
            file.seek(self.position)
            write_all(file, line)
        except OSError as error:
            self._take_back(error)
            raise disk.refusal(self.path, error, "The edit was not saved") from error
        try:
            disk.sync(file.fileno())
        except OSError as error:
            # After a failed sync the kernel may drop the pages and report success next time: never retry.
            self._take_back(error)
            raise Poisoned(f"The disk failed while saving ({error.strerror}); open the catalog again.") from error
        self.position += len(line)

    def _take_back(self, cause: OSError) -> None:
        if self._file is None:
            return
        try:
            self._file.truncate(self.position)
        except OSError as error:
            raise Poisoned(f"The disk failed while saving ({cause.strerror}); open the catalog again.") from error

    def start(self, catalog: str, base: int, line: bytes, mode: int) -> None:
        """Create the journal with a first transaction, durably.

        Raises:
            StoreError: it could not be written, and nothing is left of it.
        """
        self.close()
        head = header_line(catalog, base)
        try:
            self._adopt(FileIO(disk.create(self.path, mode), "r+"))
            self._write_new(head + line)
            disk.sync_directory(self.path.parent)
        except OSError as error:
            if self.is_open:
                self._discard(error)
            raise disk.refusal(self.path, error, "The edit was not saved") from error
        self.position, self.header = len(head) + len(line), Header(catalog, base)

    def _write_new(self, data: bytes) -> None:
        if self._file is not None:
            write_all(self._file, data)
            disk.sync(self._file.fileno())

    def _discard(self, cause: OSError) -> None:
        self.close()
        try:
            self.path.unlink()
        except OSError as error:
            raise Poisoned(f"The disk failed while saving ({cause.strerror}); open the catalog again.") from error

    def restart(self, catalog: str, base: int, lines: bytes, mode: int) -> None:
        """Replace the journal, durably, by one that starts after transaction `base` with `lines`. It is to be reopened.

        Raises:
            StoreError: the disk refused; the journal is as it was.
        """
        path = disk.temporary(self.path)
        try:
            fd = disk.create(path, mode)
            try:
                try_lock(fd)  # Tells `disk.sweep` that its writer lives.
                with FileIO(fd, "w", closefd=False) as file:
                    write_all(file, header_line(catalog, base) + lines)
                disk.sync(fd)
                path.replace(self.path)
            finally:
                os.close(fd)
            disk.sync_directory(self.path.parent)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise disk.refusal(path, error, "The journal was not shortened; every edit is safe") from error

    def remove(self) -> None:
        """Remove the journal, durably.

        Raises:
            StoreError: the disk refused.
        """
        self.close()
        try:
            self.path.unlink(missing_ok=True)
            disk.sync_directory(self.path.parent)
        except OSError as error:
            raise disk.refusal(self.path, error, "The journal was not removed; every edit is safe") from error

    def tail(self, start: int) -> bytes:
        """The bytes from `start` to `position`."""
        if self._file is None:
            return b""
        self._file.seek(start)
        return self._file.read(self.position - start) or b""

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
        self._file = self.identity = self.header = None
        self.position = 0
