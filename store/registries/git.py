"""Plain git as a subprocess: bounded, without questions at the terminal, and only with what a reader needs.

Credentials are git's own: its credential helpers, ssh agent and proxy settings. Nothing here asks for a password, runs
another protocol handler (`ext::`) or starts a program that a repository names.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from store.formats.gto import Tag, parse_name
from store.registries.errors import Kind, RemoteError
from store.values import dataclass

LOCAL_SECONDS = 120.0
REMOTE_SECONDS = 900.0
MAX_OUTPUT = 256 * 1024 * 1024
MAX_BLOB = 4 * 1024 * 1024
"""A larger file is no description of a model; it is passed over."""

_SET: tuple[str, ...] = ("protocol.ext.allow=never", "core.fsmonitor=false", "core.quotePath=false", "gc.auto=0")
SHOWN_BYTES, SHOWN_LINES = 200_000, 2000
"""How much of a commit is shown."""
_HASH = re.compile(r"[0-9a-f]{7,64}")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_SCP = re.compile(r"(?:[\w.-]+@)?[\w.-]+:(?!\\)[^\s]+")
_SECRET = re.compile(r"(//)[^/@\s]+@")
_NO_NAME = "needs a name for its tags: git config user.name and user.email, or --set author='Name <mail>'"
_TROUBLE: tuple[tuple[str, Kind, str], ...] = (
    ("dubious ownership", "forbidden", "belongs to somebody else; let git trust it: git config --global --add "
     "safe.directory PATH"),
    ("not a git repository", "not_found", "is no git repository; check the address"),
    ("does not appear to be a git repository", "not_found", "is no git repository; check the address"),
    ("repository not exported", "not_found", "is not served there; check the address"),
    ("not found", "not_found", "is not there; check the address, and that you may read it"),
    ("does not exist", "not_found", "is not there; check the address"),
    ("Authentication failed", "unauthorized", "does not accept git's credentials; sign in with git first"),
    ("could not read Username", "unauthorized", "wants credentials; set up git's credential helper first"),
    ("could not read Password", "unauthorized", "wants credentials; set up git's credential helper first"),
    ("Permission denied", "unauthorized", "does not let you in; check your ssh key or its permissions"),
    ("Host key verification failed", "certificate", "has a host key that ssh does not know; connect once with ssh"),
    ("Could not resolve host", "unreachable", "has a host name that is not found; check it and the network"),
    ("Connection refused", "unreachable", "does not answer; is it running, and can it be reached from here?"),
    ("unable to access", "unreachable", "cannot be reached; check the address and the network"),
    ("Could not read from remote repository", "unreachable", "cannot be read; check the address and your access"),
    ("non-fast-forward", "refused", "has changed meanwhile; sync first, then publish again"),
    ("already exists", "refused", "has that tag already; sync first, then publish again"),
    ("tell me who you are", "settings", _NO_NAME),
    ("empty ident name", "settings", _NO_NAME),
    ("auto-detection", "settings", _NO_NAME),
    ("hook declined", "refused", "is not allowed to send that: a rule of the server declined it"),
    ("[remote rejected]", "refused", "is not allowed to send that: the server rejected it"),
    ("[rejected]", "refused", "rejected it; sync first, then publish again"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Commit:
    """Who made a commit when: `moment` ISO 8601 in UTC with seconds since 1970 beside it."""

    hash: str
    subject: str = ""
    author: str = ""
    at: int = 0


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository on this machine. `shown` names it in sentences, without credentials; `mirror` is our own copy."""

    path: Path
    shown: str
    mirror: bool = False

    async def run(
        self, *arguments: str, given: bytes = b"", seconds: float = LOCAL_SECONDS, environ: Mapping[str, str] = {}
    ) -> bytes:
        """What a git command writes.

        Raises:
            RemoteError: it failed, took too long, or wrote too much; with one sentence.
        """
        safe = ("-c", "safe.directory=*") if self.mirror else ()
        command = ("-C", str(self.path), *safe, *arguments)
        return await run(command, self.shown, given=given, seconds=seconds, environ=environ)

    async def tags(self) -> list[Tag]:
        """All annotated tags of a GTO registry that point to a commit."""
        end = secrets.token_hex(16)
        fields = ("refname:strip=2", "objecttype", "*objecttype", "*objectname", "taggerdate:unix", "taggername")
        form = "%00".join(f"%({name})" for name in (*fields, "taggeremail:trim", "contents"))
        output = await self.run("for-each-ref", f"--format={form}%00{end}", "refs/tags")
        found = []
        for record in output.decode("utf-8", "replace").split(f"\0{end}\n"):
            ref, kind, target, commit, at, who, mail, message = (*record.split("\0", 7), *[""] * 7)[:8]
            name = parse_name(ref)
            if name is not None and kind == "tag" and target == "commit":
                found.append(Tag(ref, name, commit, int(at or 0), who, mail, message.strip()))
        return found

    async def objects(self, names: Iterable[str]) -> dict[str, bytes]:
        """The contents of objects by name (`COMMIT` or `COMMIT:path`) in one process; what is missing is left out."""
        wanted = [n for n in dict.fromkeys(names) if "\n" not in n and "\r" not in n]
        if not wanted:
            return {}
        output = await self.run("cat-file", "--batch", given="".join(f"{n}\n" for n in wanted).encode())
        return await asyncio.to_thread(_batch, output, wanted)

    async def commits(self, hashes: Iterable[str]) -> dict[str, Commit]:
        """Commits by their hash; what is missing is left out."""
        return {name: read_commit(name, raw) for name, raw in (await self.objects(hashes)).items()}


async def run(
    arguments: Sequence[str],
    shown: str,
    *,
    given: bytes = b"",
    seconds: float = LOCAL_SECONDS,
    environ: Mapping[str, str] = {},
) -> bytes:
    """Run git; see `Repository.run`."""
    program = shutil.which("git")
    if program is None:
        raise RemoteError("settings", "git is not installed, or not on the PATH; this registry is read with it")
    options = [part for setting in _SET for part in ("-c", setting)]
    process = await asyncio.create_subprocess_exec(
        program, *options, *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env=_environ() | dict(environ),
    )  # fmt: skip
    try:
        async with asyncio.timeout(seconds):
            output, said = await _communicate(process, given, shown)
            code = await process.wait()
    except TimeoutError as error:
        raise RemoteError("too_slow", f"git did not finish with {shown} within {seconds:g} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code:
        raise _trouble(shown, said)
    return output


async def _communicate(process: asyncio.subprocess.Process, given: bytes, shown: str) -> tuple[bytes, str]:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    stdin, stdout, stderr = process.stdin, process.stdout, process.stderr

    async def feed() -> None:
        try:
            stdin.write(given)
            await stdin.drain()
            stdin.close()
        except (BrokenPipeError, ConnectionResetError):
            return  # git ended early; its exit code says why

    async def take(stream: asyncio.StreamReader, most: int) -> bytes:
        parts, size = [], 0
        while chunk := await stream.read(1 << 16):
            size += len(chunk)
            if size > most:
                raise RemoteError("too_large", f"{shown} has more than {most >> 20:,} MB to read; it was not read on")
            parts.append(chunk)
        return b"".join(parts)

    _, output, said = await asyncio.gather(feed(), take(stdout, MAX_OUTPUT), take(stderr, 1 << 24))
    return output, said.decode("utf-8", "replace")


def _environ() -> dict[str, str]:
    """Our environment without what would point git elsewhere, and without questions at the terminal."""
    kept = {
        k: v for k, v in os.environ.items()
        if not k.startswith("GIT_") or k in ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_SSL_NO_VERIFY")
        or k.startswith(("GIT_AUTHOR", "GIT_COMMITTER", "GIT_CONFIG"))
    }  # fmt: skip
    fixed = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
    quiet = {} if "GIT_SSH" in kept or "GIT_SSH_COMMAND" in kept else {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes"}
    return kept | fixed | quiet


def _trouble(shown: str, said: str) -> RemoteError:
    for words, kind, sentence in _TROUBLE:
        if words.casefold() in said.casefold():
            told = [line[7:].strip() for line in said.splitlines() if line.startswith("remote:") and line[7:].strip()]
            reason = f" ({_one_line(told[0])})" if told and kind == "refused" else ""
            return RemoteError(kind, f"{shown} {sentence}{reason}")
    lines = [line for line in said.splitlines() if line.startswith(("fatal:", "error:"))] or said.splitlines()
    return RemoteError("broken", f"git cannot read {shown}: {_one_line((lines or ['no message'])[-1])}")


def _one_line(text: str) -> str:
    return hide("".join(c for c in text if c.isprintable()))[:200]


def hide(text: str) -> str:
    """A text without the credentials of the addresses in it."""
    return _SECRET.sub(r"\1", text)


async def commit_of(path: str, commit: str) -> Commit | None:
    """A commit of a clone on this machine, None where the clone does not have it.

    Raises:
        RemoteError: the path is no clone.
    """
    repository = await local(path)
    return (await repository.commits([commit])).get(commit) if _HASH.fullmatch(commit) else None


async def shown(path: str, commit: str) -> str:
    """What `git show` says of a commit: message, files, and the first of the changes.

    Raises:
        RemoteError: the path is no clone, or it does not have the commit.
    """
    repository = await local(path)
    if not _HASH.fullmatch(commit):
        raise RemoteError("not_found", f"'{commit[:60]}' is no commit")
    options = (
        "--no-color",
        "--no-ext-diff",
        "--no-textconv",
        "--no-show-signature",
        "--stat",
        "--patch",
        "--format=fuller",
    )
    output = await repository.run("show", *options, f"{commit}^{{commit}}", "--")
    lines = output[:SHOWN_BYTES].decode("utf-8", "replace").splitlines()
    return "\n".join(lines[:SHOWN_LINES] + (["…"] if len(lines) > SHOWN_LINES or len(output) > SHOWN_BYTES else []))


def clone_of(repository: str, clones: Mapping[str, str]) -> str:
    """The clone that the settings name for a repository, "" where they name none; `.git` and a last / do not count."""
    wanted = _plain(repository)
    return next((path for address, path in clones.items() if wanted and _plain(address) == wanted), "")


def _plain(address: str) -> str:
    return hide(address.strip()).rstrip("/").removesuffix(".git").casefold()


# ── reading what git writes ──


def _batch(output: bytes, wanted: Sequence[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    at = 0
    for name in wanted:
        end = output.index(b"\n", at)
        head = output[at:end].rsplit(b" ", 2)
        at = end + 1
        if head[-1] in (b"missing", b"ambiguous"):
            continue
        size = int(head[-1])
        if head[-2] in (b"blob", b"commit") and size <= MAX_BLOB:
            found[name] = output[at : at + size]
        at += size + 1
    return found


def read_commit(name: str, raw: bytes) -> Commit:
    """A commit object."""
    head, _, message = raw.decode("utf-8", "replace").partition("\n\n")
    author, at = "", 0
    for line in head.split("\n"):
        if line.startswith("author "):
            who, _, when = line[7:].rpartition("> ")
            author = who.partition(" <")[0]
            at = int(when.split()[0]) if when.split() and when.split()[0].isdigit() else 0
    return Commit(name, message.strip().partition("\n")[0].strip(), author, at)


# ── where a repository is ──


def is_remote(address: str) -> bool:
    """True for what has to be copied first: an URL or host:path; a path on this machine or file:// is none.

    Raises:
        RemoteError: kind `settings`, it is an address that git must not be given.
    """
    text = address.strip()
    if not text:
        raise RemoteError("settings", "a repository has no address; give it a path or an URL")
    if text.startswith("-") or re.match(r"[a-z0-9+.-]+::", text, re.IGNORECASE):
        raise RemoteError("settings", f"'{hide(text)[:60]}' is no address of a repository; give it a path or an URL")
    if text.casefold().startswith("file://"):
        return True
    if _URL.match(text):
        if text.partition("://")[0].casefold() not in ("http", "https", "ssh", "git"):
            raise RemoteError("settings", f"'{hide(text)[:60]}' is none of https, ssh, git and file addresses")
        userinfo = text.partition("://")[2].partition("/")[0].rpartition("@")[0]
        if ":" in userinfo:
            raise RemoteError("secret", "leave the password out of the address; git's credential helper gives it")
        return True
    return not Path(text).expanduser().exists() and _SCP.fullmatch(text) is not None


async def local(address: str) -> Repository:
    """A clone, a bare repository, or a directory in one.

    Raises:
        RemoteError: it is not there, or no repository.
    """
    path = Path(address.strip()).expanduser()
    if not path.is_dir():
        raise RemoteError("not_found", f"there is no directory {path}; check the address")
    found = Repository(path, str(path))
    await found.run("rev-parse", "--git-dir")
    return found


async def mirrored(address: str, directory: Path) -> tuple[Repository, int]:
    """A bare copy of a remote repository, brought up to date where its refs moved; and how often it was asked.

    Large files are left out of the copy where the server can do that.

    Raises:
        RemoteError: it cannot be read.
    """
    shown = hide(address)
    path = directory / f"{hashlib.sha256(address.encode()).hexdigest()[:24]}.git"
    refs = await run(
        ("ls-remote", "--heads", "--tags", "--", address), shown, seconds=REMOTE_SECONDS, environ=_transport(address)
    )
    stamp = hashlib.sha256(refs).hexdigest()
    kept = path / "modeltui-refs"
    found = Repository(path, shown, mirror=True)
    try:
        if kept.exists() and kept.read_text("ascii").strip() == stamp:
            return found, 1
        if not (path / "HEAD").exists():
            directory.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(path, ignore_errors=True)
            await run(
                ("clone", "--quiet", "--bare", "--filter=blob:limit=4m", "--", address, str(path)),
                shown, seconds=REMOTE_SECONDS, environ=_transport(address),
            )  # fmt: skip
        else:
            specs = ("+refs/tags/*:refs/tags/*", "+refs/heads/*:refs/heads/*")
            await found.run(
                "fetch", "--quiet", "--prune", "--no-tags", "--", address, *specs,
                seconds=REMOTE_SECONDS, environ=_transport(address),
            )  # fmt: skip
        kept.write_text(stamp, "ascii")
    except OSError as error:
        raise RemoteError("broken", f"the copy of {shown} cannot be kept in {directory}: {error.strerror}") from error
    return found, 2


def _transport(address: str) -> dict[str, str]:
    """The one protocol that this address speaks."""
    scheme = address.partition("://")[0].casefold() if "://" in address else "ssh"
    return {"GIT_ALLOW_PROTOCOL": scheme if scheme != "http" else "http:https"}
