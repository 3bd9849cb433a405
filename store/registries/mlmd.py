"""ML Metadata: the SQLite file of TFX or Kubeflow, read directly and read-only.

Nothing of ml-metadata is needed, and nothing is migrated: a store of a schema that was never looked at is refused. Its
gRPC service is not asked: it gives a hundred rows at a time and needs generated code with hostile version pins.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from store.delivery import Delivery
from store.formats.mlmd import ARTIFACT_STATES, Graph, Node, deliver, is_model
from store.records import Json, Registry
from store.registries.adapter import Connection, Progress
from store.registries.errors import RemoteError
from store.registries.local import local_path

if TYPE_CHECKING:
    from store.registries.http import Client

OLDEST, NEWEST = 6, 10
"""The schema versions whose tables are as read here."""
BUSY_SECONDS = 5.0
MAX_ROWS = 5_000_000
_MAGIC = b"SQLite format 3\0"
_STRUCT = "mlmd-struct::"
_VALUES = ("int_value", "double_value", "string_value", "bool_value", "byte_value", "proto_value")


class MlmdAdapter:
    """See the module."""

    kind: ClassVar[str] = "mlmd"
    title: ClassVar[str] = "ML Metadata of TFX or Kubeflow, as an SQLite file"
    address: ClassVar[str] = "the path of the SQLite file, such as metadata.sqlite"
    default_address: ClassVar[str] = ""
    own_provider: ClassVar[bool] = True
    settings: ClassVar[Mapping[str, str]] = {
        "model_types": "more types of artifacts that are models, separated by commas",
    }
    secrets: ClassVar[Mapping[str, str]] = {}

    def connection(self, registry: Registry, environ: Mapping[str, str]) -> Connection:  # noqa: ARG002 -- protocol
        """Nowhere that is asked; the address is checked."""
        _path(registry)
        return Connection("")

    async def fetch(self, registry: Registry, client: Client, progress: Progress) -> AsyncIterator[Delivery]:
        """All models with their evaluations."""
        graph = await asyncio.to_thread(read, _path(registry))
        progress("artifacts", len(graph.artifacts), len(graph.artifacts))
        yield await asyncio.to_thread(deliver, registry.name, graph, client.today, _types(registry))

    async def probe(self, registry: Registry, client: Client) -> str:  # noqa: ARG002 -- protocol
        """How many models there are."""
        graph = await asyncio.to_thread(read, _path(registry))
        models = sum(is_model(a, _types(registry)) for a in graph.artifacts.values())
        return f"{_path(registry)} can be read; {models} models among {len(graph.artifacts):,} artifacts"


def _path(registry: Registry) -> Path:
    if not registry.address.strip():
        raise RemoteError("settings", f"{registry.name} has no address; give it the path of the SQLite file")
    found = local_path(registry.address)
    if found is None:
        raise RemoteError("settings", f"{registry.name}: an SQLite file is read from a path, not over http")
    return found


def _types(registry: Registry) -> list[str]:
    return [t.strip() for t in str(registry.settings.get("model_types", "")).split(",") if t.strip()]


def read(path: Path) -> Graph:
    """The graph in a store; the file is not changed, whatever state it is in.

    Raises:
        RemoteError: it is no store of a known schema, or it cannot be read now.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(16)
    except FileNotFoundError as error:
        raise RemoteError("not_found", f"there is no file {path}; check the address") from error
    except OSError as error:
        raise RemoteError("forbidden", f"{path} cannot be read: {error.strerror}") from error
    if magic != _MAGIC:
        empty = "is empty" if not magic else "is no SQLite file, or it is encrypted"
        raise RemoteError("not_an_api", f"{path} {empty}; give the metadata store itself, unencrypted")
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=BUSY_SECONDS)) as db:
            db.row_factory = sqlite3.Row
            _check_schema(db, path)
            # one transaction, so that all tables are of the same moment
            db.execute("BEGIN")
            return _graph(db, path)
    except sqlite3.Error as error:
        raise _trouble(path, error) from error


def _trouble(path: Path, error: sqlite3.Error) -> RemoteError:
    said = str(error).casefold()
    if "locked" in said or "busy" in said:
        return RemoteError("throttled", f"{path} is locked by a program that writes to it; try again later")
    if "not a database" in said or "encrypted" in said:
        return RemoteError("not_an_api", f"{path} is encrypted or damaged; give the metadata store itself, unencrypted")
    if "unable to open" in said or "readonly" in said:
        return RemoteError(
            "forbidden", f"{path} cannot be opened for reading; copy it with its -wal file and read that"
        )
    if "no such" in said:
        return RemoteError("not_an_api", f"{path} has not the tables of ML Metadata ({str(error)[:80]})")
    return RemoteError("broken", f"{path} is damaged ({str(error)[:80]}); give a good copy of it")


def _check_schema(db: sqlite3.Connection, path: Path) -> None:
    if not _columns(db, "MLMDEnv"):
        raise RemoteError("not_an_api", f"{path} is an SQLite file, but no store of ML Metadata (no table MLMDEnv)")
    found = db.execute("SELECT schema_version FROM MLMDEnv").fetchone()
    version = found[0] if found is not None else None
    if not isinstance(version, int) or not OLDEST <= version <= NEWEST:
        newer = isinstance(version, int) and version > NEWEST
        todo = "a newer modeltui may read it" if newer else "let ml-metadata upgrade a copy of it, and read that"
        raise RemoteError(
            "not_an_api", f"{path} has schema version {version}; {OLDEST} to {NEWEST} can be read; {todo}"
        )


def _columns(db: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in db.execute(f"PRAGMA table_info({table})")]


def _graph(db: sqlite3.Connection, path: Path) -> Graph:
    names = {row["id"]: str(row["name"]) for row in db.execute("SELECT id, name FROM Type")}
    bases = {row[0]: names.get(row[1], "") for row in db.execute("SELECT type_id, parent_type_id FROM ParentType")}
    if db.execute("SELECT count(*) FROM ArtifactProperty").fetchone()[0] > MAX_ROWS:
        raise RemoteError("too_large", f"{path} has more than {MAX_ROWS:,} properties; it was not read")

    def nodes(table: str) -> dict[int, Node]:
        values = _properties(db, table)
        return {
            row["id"]: _node(row, names, bases, values.get(row["id"], {}))
            for row in db.execute(f"SELECT * FROM {table}")
        }

    return Graph(
        nodes("Artifact"),
        nodes("Execution"),
        nodes("Context"),
        [(r[0], r[1], r[2] or 0) for r in db.execute("SELECT artifact_id, execution_id, type FROM Event ORDER BY id")],
        _pairs(db, "SELECT context_id, artifact_id FROM Attribution ORDER BY id"),
        _pairs(db, "SELECT context_id, execution_id FROM Association ORDER BY id"),
        _pairs(db, "SELECT context_id, parent_context_id FROM ParentContext"),
    )


def _pairs(db: sqlite3.Connection, query: str) -> list[tuple[int, int]]:
    return [(row[0], row[1]) for row in db.execute(query)]


def _node(row: sqlite3.Row, names: Mapping[int, str], bases: Mapping[int, str], values: Mapping[str, Json]) -> Node:
    known = row.keys()
    state = row["state"] if "state" in known else None
    return Node(
        row["id"],
        names.get(row["type_id"], ""),
        row["name"] or "",
        values,
        row["create_time_since_epoch"] or 0,
        row["last_update_time_since_epoch"] or 0,
        (row["uri"] or "") if "uri" in known else "",
        ARTIFACT_STATES[state] if isinstance(state, int) and 0 <= state < len(ARTIFACT_STATES) else "",
        bases.get(row["type_id"], ""),
    )


def _properties(db: sqlite3.Connection, table: str) -> dict[int, dict[str, Json]]:
    """The properties of each row; a custom property counts before one of the type."""
    own, owner = f"{table}Property", f"{table.lower()}_id"
    columns = [c for c in _VALUES if c in _columns(db, own)]
    found: dict[int, dict[str, Json]] = {}
    query = f"SELECT {owner}, name, {', '.join(columns)} FROM {own} ORDER BY {owner}, is_custom_property, name"
    boolean = columns.index("bool_value") if "bool_value" in columns else -1
    for row in db.execute(query):
        cells = tuple(row)[2:]
        value = bool(cells[boolean]) if boolean >= 0 and cells[boolean] is not None else _first(cells)
        # a struct (a nested document as protobuf) and bytes say nothing that a catalog keeps
        if value is not None and not isinstance(value, bytes) and not str(value).startswith(_STRUCT):
            found.setdefault(row[0], {})[row[1]] = value
    return found


def _first(cells: Sequence[Json]) -> Json:
    return next((cell for cell in cells if cell is not None), None)


ADAPTER = MlmdAdapter()
