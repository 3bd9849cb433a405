"""Files whose checksum is right and whose content is not, as other programs make them: always a sentence."""

import contextlib
import io
import json
import random
import re
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from store import checkup, repair
from store.catalog import Catalog, CommandError, StoreError, fixed_clock
from store.changes import Conflict
from store.journal import open_db
from store.records import Deployment, Fact, Measurement, Observation, UseCase, Version
from tui.cli import main
from tui.prompting import needs_decision

TODAY = date(2026, 11, 23)
NOISE = b'{}",:\n0a\x00\xff[1-'
VALUES: list[Any] = [None, 1, -1, 2.5, True, "", "x", [], {}, ["a"], {"a": 1}, [None], 10**18, "2026-13-45", "\u202e"]


def sealed(body: bytes) -> bytes:
    return body + b',"crc":"%08x"}\n}\n}\n' % zlib.crc32(body)


def body_of(path: Path) -> bytes:
    data = path.read_bytes()
    body = data[: data.rindex(b',"crc":"')]
    assert sealed(body) == data
    return body


def noisy(body: bytes, rng: random.Random) -> bytes:
    """The body with a few bytes changed, removed or added before its description."""
    end = body.rindex(b'"_meta":{')
    data = bytearray(body[:end])
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(data))
        data[at : at + rng.randint(0, 1)] = bytes([rng.choice(NOISE)]) if rng.random() < 0.7 else b""
    return bytes(data) + body[end:]


def described(body: bytes, **values: object) -> bytes:
    """The body with another description."""
    start = body.rindex(b'"1":{') + 4
    meta = json.loads(body[start:] + b"}")
    return body[:start] + json.dumps(meta | values).encode()[:-1]


def test_a_layout_that_is_none_is_refused_or_read_but_never_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "catalog.json"
    with open_db(path) as db:
        db.table("versions").insert_multiple([{"n": 1}, {"n": 2}])
        db.table("events").insert({"a": 1})
    body, rng = body_of(path), random.Random(4)
    wrong = [described(body, schema=0), described(body, schema=-3), described(body, next_id={"versions": "x"})]
    wrong += [described(body, next_id=[]), described(body, counts=5), described(body, base_seq=None)]
    refused = repaired = 0
    for data in [*wrong, *(noisy(body, rng) for _ in range(120))]:
        path.write_bytes(sealed(data))
        try:
            open_db(path, read_only=True).close()
        except StoreError:
            refused += 1
        with contextlib.suppress(StoreError):
            repaired += not repair.salvage(path, datetime(2026, 11, 23, tzinfo=UTC)).healthy
            open_db(path).close()
    assert refused > 40
    assert repaired > 40


# ── documents ─────────────────────────────────────────────────────────────────────────────────────────────────────


def fill(path: Path) -> None:
    with Catalog.open(path, actor="ann", clock=fixed_clock(TODAY)) as catalog:
        seen = Observation("retire", date(2026, 12, 9), "user", "own", "own", "2026-11")
        fact = Fact(1.5, "own", "2026-11-01")
        for key in ("a/m@1", "a/m@2"):
            catalog.add_version(Version(key, key, facts={"price_in": (fact,)}, observations=(seen,)))
        catalog.add_use_case(UseCase("u", "support", owner="ann"))
        catalog.assign("support", "a/m@1", deployment="east", place=Deployment("d", "east", platform="azure"))
        catalog.measure(Measurement("x", "f1", 0.5, "a/m@1", use_case="support", as_of="2026-11-02"))
        catalog.start_upgrade("support", "a/m@2", template="short")


def documents(lines: list[bytes]) -> Iterator[int]:
    """The lines that hold a document."""
    for number, line in enumerate(lines):
        if line.startswith(b'"') and not line.endswith(b":{") and b'"catalog_id"' not in line:
            yield number


def spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place inside a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inner:
        yield (*path, name)
        yield from spots(part, (*path, name))


def edited(body: bytes, rng: random.Random) -> bytes:
    """The body with one or two documents that a hand has spoiled."""
    lines = body.split(b"\n")
    for number in rng.sample(list(documents(lines)), rng.randint(1, 2)):
        found = re.fullmatch(rb'("\d+":)(.*?)(,?)', lines[number])
        assert found is not None
        head, raw, comma = found.groups()
        if rng.random() < 0.15:
            raw = rng.choice([b"5", b"[]", b'"x"', b"null", b"{", b"{}", raw[:-3]])
        else:
            doc = json.loads(raw)
            *way, last = rng.choice(list(spots(doc)))
            place = doc
            for step in way:
                place = place[step]
            place[last] = rng.choice(VALUES)
            raw = json.dumps(doc).encode()
        lines[number] = head + raw + comma
    return b"\n".join(lines)


def test_spoiled_documents_are_named_moved_aside_and_stand_in_nobodys_way(tmp_path: Path) -> None:
    path = tmp_path / "catalog.json"
    fill(path)
    body, rng, found = body_of(path), random.Random(9), 0
    for _ in range(100):
        path.write_bytes(sealed(edited(body, rng)))
        with Catalog.open(path, actor="ann", clock=fixed_clock(TODAY)) as catalog:
            wrong = list(checkup.faults(catalog))
            found += any(fault.rule == "unreadable" for fault in wrong)
            needs_decision(catalog)
            catalog.history("support", TODAY)
            with contextlib.suppress(CommandError, Conflict):
                catalog.undo()
            moved = [fault for fault in checkup.faults(catalog) if fault.doc_id]
            catalog.set_aside(moved)
            rest = list(checkup.faults(catalog))
            assert not [fault for fault in rest if fault.rule in ("unreadable", "index") and fault.doc_id]
            assert sum(fault.rule == "quarantine" for fault in rest) == len({(f.table, f.doc_id) for f in moved})
    assert found > 25


@pytest.mark.parametrize("where", [b'"name":"support"', b'"key":"a/m@2"', b'"metric":"f1"', b'"command":"assign '])
def test_bytes_that_are_no_text_are_a_document_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], where: bytes
) -> None:
    path = tmp_path / "catalog.json"
    monkeypatch.setenv("MODELTUI_CONFIG", str(tmp_path / "settings.toml"))
    fill(path)
    body = body_of(path)
    at = body.rindex(where) + len(where) - 2
    path.write_bytes(sealed(body[:at] + b"\xff" + body[at:]))
    for line in ("list", "list --all", "history", "next", "show a/m@1", "export -", "doctor", "undo"):
        assert main(["--store", str(path), *line.split()]) != 70, f"{line}: {capsys.readouterr().err}"
    capsys.readouterr()
    main(["--store", str(path), "doctor", "--repair"])
    assert "moved to quarantine" in capsys.readouterr().out
    assert main(["--store", str(path), "list", "--all"]) == 0


def test_an_export_leaves_out_what_cannot_be_read_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "catalog.json"
    monkeypatch.setenv("MODELTUI_CONFIG", str(tmp_path / "settings.toml"))
    fill(path)
    body = body_of(path)
    at = body.index(b'{"uid":"a/m@2","key":"a/m@2"', body.index(b'"versions":{'))
    path.write_bytes(sealed(body[: at + 40] + body[body.index(b"\n", at) :]))  # it begins as a version does
    assert main(["--store", str(path), "export", "-"]) == 0
    told = capsys.readouterr()
    assert [doc["key"] for doc in json.loads(told.out)["versions"] if doc["key"].startswith("a/")] == ["a/m@1"]
    assert "1 document left out that cannot be read" in told.err


@pytest.mark.soak
def test_no_command_meets_a_spoiled_document_with_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "catalog.json"
    monkeypatch.setenv("MODELTUI_CONFIG", str(tmp_path / "settings.toml"))
    fill(path)
    assert main(["--store", str(path), "doctor", "--compact"]) == 0
    body, rng = body_of(path), random.Random(5)
    for _ in range(200):
        data = sealed(edited(body, rng))
        path.write_bytes(data)
        for line in (
            "list", "list --all --json", "history", "history support --at 2026-11-28", "history --full", "next",
            "check", "upgrade list", "show a/m@1", "compare a/m@1 a/m@2", "doctor", "undo",
            "export -", "review", "digest --since 2026-11-01", "doctor --repair", "doctor --json", "undo",
        ):  # fmt: skip
            said = io.StringIO()
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
                code = main(["--store", str(path), *line.split()])
            assert code != 70, f"{line}: {said.getvalue()} {data!r}"
