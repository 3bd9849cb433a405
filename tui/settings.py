"""The user's settings: a TOML file that people edit by hand and the app remembers choices in.

    user = "mira@example.com"           # recorded with every edit
    theme = "modeltui-light"
    columns = ["use_case", "key", "retires", "start_by"]
    offline = true                      # ask no remote, as --offline does
    [import_map]                        # columns of files: theirs = ours, "skip" passes over one
    "Retirement date" = "retires"
    [repositories]                      # clones on this machine: the commits of versions are shown from there
    "https://git.example.com/ml/churn" = "/home/mira/churn"
    [keys]
    upgrade = "u"
    [registries.prod-mlflow]            # settings of the registry follow in its own table
    kind = "mlflow"

What this version does not know is kept in the file and passed over.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from store.values import dataclass
from tui.exits import UsageError


@dataclass(frozen=True, slots=True)
class Settings:
    """What the settings file says; the defaults where it says nothing.

    `keys` maps a command's name to its key, `registries` names the configured remotes. `views` are saved views of the
    catalog, `shown` how it was last shown by scope (`tui.shown`), `queries` what was asked, oldest first.
    `import_map` has our name of a column by that of files, `repositories` the path of a clone by its address.
    """

    user: str = ""
    theme: str = ""
    offline: bool = False
    columns: tuple[str, ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict)
    registries: tuple[str, ...] = ()
    views: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    shown: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    queries: tuple[str, ...] = ()
    import_map: Mapping[str, str] = field(default_factory=dict)
    repositories: Mapping[str, str] = field(default_factory=dict)


def load(path: Path, *, wanted: bool = False) -> Settings:
    """Read the settings; none at all where the file is missing.

    Args:
        path: the file.
        wanted: the user named this file, so that it must be there.

    Raises:
        UsageError: it cannot be read, is no TOML (with the line), or a setting has the wrong type.
    """
    document = _read(path, wanted)
    text = {name: _typed(path, document, name, str, "a text in quotes") for name in ("user", "theme")}
    columns = _typed(path, document, "columns", list, 'a list of names, such as ["use_case", "retires"]') or []
    keys = _typed(path, document, "keys", dict, "a table [keys]") or {}
    registries = _typed(path, document, "registries", dict, "tables such as [registries.prod]") or {}
    views = {
        name: _typed(path, document, name, dict, f"tables such as [{name}.late]") or {} for name in ("views", "shown")
    }
    import_map = _typed(path, document, "import_map", dict, "a table [import_map]") or {}
    clones = _typed(path, document, "repositories", dict, "a table [repositories]") or {}
    queries = _typed(path, document, "queries", list, "a list of texts") or []
    return Settings(
        views=_tables(path, "views", views["views"]),
        shown=_tables(path, "shown", views["shown"]),
        queries=tuple(str(q) for q in queries),
        import_map={str(theirs): str(ours) for theirs, ours in import_map.items()},
        repositories={str(address): str(clone) for address, clone in clones.items()},
        user=text["user"] or "",
        theme=text["theme"] or "",
        offline=bool(_typed(path, document, "offline", bool, "true or false")),
        columns=tuple(str(name) for name in columns),
        keys={str(name): str(key) for name, key in keys.items()},
        registries=tuple(str(name) for name in registries),
    )


def _tables(path: Path, name: str, found: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    for key, table in found.items():
        if not isinstance(table, dict):
            raise UsageError(f"the setting '{name}.{key}' in {path} is {table!r}; write a table [{name}.{key}]")
    return found


def remember(path: Path, name: str, value: str | list[str] | dict[str, Any]) -> None:
    """Set one setting in the file, whose comments and other settings stay; makes the file where there is none.

    Raises:
        UsageError: the file cannot be read or written.
    """
    import tempfile

    import tomlkit

    _read(path, wanted=False)
    try:
        document = tomlkit.parse(path.read_text("utf-8") if path.exists() else "")
        document[name] = value
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".new")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(tomlkit.dumps(document))
        Path(temporary).replace(path)
    except OSError as error:
        raise UsageError(f"the settings in {path} cannot be written: {error.strerror}; see its permissions") from error


def _read(path: Path, wanted: bool) -> dict[str, Any]:
    text = ""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        if wanted:
            raise UsageError(
                f"there is no settings file {path}; leave --config out, or name one that exists"
            ) from error
        return {}
    except OSError as error:
        raise UsageError(f"the settings in {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the settings in {path} are not UTF-8 text; save the file as UTF-8") from error
    if not text.strip():
        return {}
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        why = str(error).replace("at end of document", f"at line {len(text.splitlines())}, its end")
        raise UsageError(f"the settings in {path} are no valid TOML: {why}; correct it there") from error


def _typed(path: Path, document: Mapping[str, Any], name: str, kind: type, expected: str) -> Any:
    value = document.get(name)
    if value is None or isinstance(value, kind):
        return value
    raise UsageError(f"the setting '{name}' in {path} is {value!r}; write {expected}")
