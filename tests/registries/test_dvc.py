"""GTO and DVC read from real git repositories: the captured one, random ones, bare ones and remotes."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import gto_capture
import pytest
from gto_repositories import ENVIRON, Made, git, made, stream
from remotes import FIXTURES, collect, probe

from store.delivery import Delivery
from store.formats import published
from store.formats.dvc_files import declared, locked, metrics, read_yaml
from store.formats.gto import EVENT, PRIORITY, Tag, artifacts, history, holders, latest
from store.records import Registry, Version
from store.registries.dvc import ADAPTER
from store.registries.errors import RemoteError
from store.registries.git import is_remote, local
from store.registries.git import shown as shown_commit

CAPTURED = FIXTURES / "dvc_gto"


@pytest.fixture
def captured(tmp_path: Path) -> Path:
    return made(tmp_path / "churn", (CAPTURED / "repo.fast-export.txt").read_bytes())


def registry(address: Path | str, **settings: str) -> Registry:
    return Registry("r", "ml", kind="dvc", address=str(address), settings=settings)


def shown(tags: list[Tag], *, deprecated: bool = False) -> dict[str, Any]:
    """What `gto show --json` prints, from our reading."""
    stages = sorted({t.name.stage for t in tags if t.name.action == "assign"})
    return {
        name: {
            "version": latest(artifact),
            "stage": {s: held[s][0][0].name if s in held else None for s in stages},
            "registered": bool(artifact.versions),
            "active": not artifact.deprecated,
        }
        for name, artifact in artifacts(tags).items()
        if (deprecated or not artifact.deprecated) and (held := holders(artifact)) is not None
    }


def versions(found: Delivery) -> dict[str, Version]:
    return {v.key: v for v in found.versions}


async def test_the_captured_repository_reads_as_gto_reads_it(captured: Path) -> None:
    tags = await (await local(str(captured))).tags()
    assert shown(tags) == json.loads((CAPTURED / "gto_show.json").read_text())
    every = json.loads((CAPTURED / "gto_show_with_deprecated.json").read_text())
    assert shown(tags, deprecated=True) == every
    assert told(tags) == json.loads((CAPTURED / "gto_history.json").read_text())


def told(tags: list[Tag]) -> list[dict[str, Any]]:
    """What `gto history --json` prints, from our reading."""
    versions = {
        tag.ref: state.name
        for artifact in artifacts(tags).values()
        for state in artifact.versions
        for held in state.stages.values()
        for tag in held
    }
    return [
        {
            "timestamp": t.moment, "artifact": t.name.artifact, "event": EVENT[t.name.action],
            "priority": PRIORITY[t.name.action], "version": t.name.version or versions.get(t.ref),
            "stage": t.name.stage or None, "commit": t.commit, "author": t.author, "author_email": t.email,
            "message": t.message, "ref": t.ref,
        }
        for t in history(tags)
    ]  # fmt: skip


def agreed(seed: int, tags: list[Tag], theirs: dict[str, Any]) -> None:
    """Ours is what GTO answers, apart from the documented differences.

    Where a commit has two versions and a stage, GTO stops (ManyVersions) and answers nothing about any artifact; ours
    leaves that stage out, says so, and shows the rest. And GTO lets nobody take a stage back from a commit that was
    never registered: it goes on showing that stage there, ours does not.
    """
    known = artifacts(tags)
    if "raised" in theirs:
        assert theirs["raised"] == "ManyVersions", (seed, theirs)
        assert any(artifact.unclear for artifact in known.values()), seed
        return
    assert not any(artifact.unclear for artifact in known.values()), seed
    for deprecated, name in ((False, "show"), (True, "deprecated")):
        ours = shown(tags, deprecated=deprecated)
        assert ours.keys() == theirs[name].keys(), seed
        for artifact, answer in theirs[name].items():
            kept = {s for s in answer["stage"] if not _taken_back_from_a_bare_commit(tags, artifact, s)}
            mine = ours[artifact]["stage"]
            assert {s: mine.get(s) for s in kept} == {s: answer["stage"][s] for s in kept}, (seed, artifact)
            assert ours[artifact] | {"stage": 0} == answer | {"stage": 0}, (seed, artifact)


def _taken_back_from_a_bare_commit(tags: list[Tag], artifact: str, stage: str) -> bool:
    registered = {t.commit for t in tags if t.name.artifact == artifact and t.name.version}
    return any(
        (t.name.artifact, t.name.stage, t.name.action) == (artifact, stage, "unassign") and t.commit not in registered
        for t in tags
    )


async def test_random_repositories_read_as_gto_reads_them(tmp_path: Path) -> None:
    """Against the kept answers of the real GTO."""
    answers = json.loads(gto_capture.KEPT.read_text())
    assert sum("raised" in answer for answer in answers) < 10
    for theirs in answers:
        found = await (await local(str(gto_capture.repository(tmp_path / str(theirs["seed"]), theirs["seed"])))).tags()
        agreed(theirs["seed"], found, theirs)
        if "history" in theirs:
            assert [[event[name] for name in gto_capture.TOLD] for event in told(found)] == theirs["history"]


@pytest.mark.soak
async def test_more_random_repositories_read_as_gto_reads_them(tmp_path: Path, gto_home: Path) -> None:
    """Against the real GTO, run now; and the kept answers are still its answers."""
    seeds = [*gto_capture.SEEDS, *range(1000, 1060)]
    where = [gto_capture.repository(tmp_path / str(seed), seed) for seed in seeds]
    answers = gto_capture.asked(gto_home, where)
    kept = json.loads(gto_capture.KEPT.read_text())
    assert [a | {"seed": s} for s, a in zip(seeds, map(gto_capture.short, answers), strict=True)][: len(kept)] == kept
    for seed, path, theirs in zip(seeds, where, answers, strict=True):
        found = await (await local(str(path))).tags()
        agreed(seed, found, theirs)
        if "history" in theirs:
            assert told(found) == theirs["history"], seed


async def test_everything_about_a_version_comes_from_its_commit(captured: Path) -> None:
    found, client = await collect(ADAPTER, registry(captured, production="prod"))
    known = versions(found)
    assert set(known) == {f"ml/churn@{v}" for v in ("v0.9.0", "v1.0.0", "v1.1.0", "v1.2.0-rc.1")} | {
        "ml/nlp:summariser@v0.1.0"
    }
    one = known["ml/churn@v1.0.0"]
    assert one.own
    assert one.changes == "More trees\n\nAdds 100 estimators."
    assert one.value("created") == "2026-11-23"
    assert one.value("remote_stage") == "prod, staging", "a version may be in several stages"
    assert known["ml/churn@v0.9.0"].value("remote_status") == "deregistered"
    assert one.lineage.commit == "7b169e0dc53a29cb9b3ea52411c5df60b44bcb31"
    assert (one.lineage.data, one.lineage.data_hash) == ("data.csv", "391e7a9d60104ea16322a4dd4ccbad3b")
    assert one.lineage.parameters == {"n_estimators": 300}
    assert one.lineage.artifact == "models/churn.pkl@86552ccab7199ccd18ae7c0a221045f0"
    assert one.lineage.repository == str(captured)
    assert "tabular" in one.tags
    assert {m.metric: m.value for m in found.measurements if m.version == one.key} == {
        "accuracy": 0.861, "f1": 0.833, "latency_ms": 6.0,
    }  # fmt: skip
    assert found.assignments == [], "'customer churn' is no use-case name, so it waits for a person"
    assert any("meta.use_case" in note for note in found.notes)
    assert client.usage.requests == 0


YAML = """artifacts:
  churn: {path: m.pkl, type: model, meta: {use_case: churn}}
metrics: [scores/eval.toml]
"""


async def test_a_remote_is_copied_once_and_fetched_when_a_ref_moved(tmp_path: Path) -> None:
    tags = [Made("churn@v1.0.0", 0, 1_767_603_700), Made("churn#live#1", 0, 1_767_603_701)]
    files = [("dvc.yaml", YAML), ("scores/eval.toml", "accuracy = 0.8{n}\n[train]\nloss = 1.5\n")]
    where = made(tmp_path / "there.git", stream(2, tags, files), bare=True)
    git(where, "tag", "churn@v9.9.9", "main")
    git(where, "update-ref", "refs/heads/main", "main")
    asked = registry(f"file://{where}", cache=str(tmp_path / "cache"), production="live")
    found, client = await collect(ADAPTER, asked)
    assert list(versions(found)) == ["ml/churn@v1.0.0"], "a lightweight tag is no version"
    assert {m.metric: m.value for m in found.measurements} == {"accuracy": 0.80, "train.loss": 1.5}
    assert [(a.use_case, a.version, a.stage) for a in found.assignments] == [("churn", "ml/churn@v1.0.0", "Production")]
    assert client.usage.requests == 2
    _, again = await collect(ADAPTER, asked)
    assert again.usage.requests == 1, "nothing moved: only the refs are looked at"
    git(where, "tag", "-a", "-m", "second", "churn@v1.1.0", "main")
    git(where, "tag", "-d", "churn#live#1")
    found, _ = await collect(ADAPTER, asked)
    assert sorted(versions(found)) == ["ml/churn@v1.0.0", "ml/churn@v1.1.0"]
    assert versions(found)["ml/churn@v1.0.0"].value("remote_stage") is None
    shutil.rmtree(where)
    with pytest.raises(RemoteError, match="is no git repository"):
        await collect(ADAPTER, asked)


async def test_two_thousand_tags_take_four_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tags = [Made(f"m{n % 40}@v1.{n}.0", n % 200, 1_767_700_000 + n) for n in range(1600)]
    tags += [Made(f"m{n % 40}#prod#{n}", n % 200, 1_767_710_000 + n) for n in range(400)]
    where = made(tmp_path / "big", stream(200, tags, [("dvc.yaml", YAML)]))
    from store.registries import git as plain

    ran: list[str] = []
    run = plain.run

    async def counted(arguments: Any, shown: str, **more: Any) -> bytes:
        ran.append(arguments[2])
        return await run(arguments, shown, **more)

    monkeypatch.setattr(plain, "run", counted)
    found, _ = await collect(ADAPTER, registry(where))
    assert len(versions(found)) == 1600
    assert sorted(ran) == ["cat-file", "config", "for-each-ref", "rev-parse"], "no metrics file, so no second look"


def test_dvc_files_as_people_write_them() -> None:
    dvc_yaml = read_yaml(
        b"stages:\n  train:\n    outs: [{models/a.pkl: {persist: true}}]\n    metrics: [{m.json: {cache: false}}]\n"
        b"  other:\n    metrics: [o.json]\nmetrics: ['${x}/m.yaml', top.yaml]\nartifacts:\n"
        b"  a: {path: models/a.pkl}\n  b: {path: elsewhere.bin}\n",
        "dvc.yaml",
    )
    one, two = declared(dvc_yaml, "a", "sub"), declared(dvc_yaml, "b")
    assert one is not None
    assert two is not None
    assert one.metrics == ("sub/m.json",), "the metrics of the stage that makes it"
    assert two.unclear, "what stands beside may be of the other model"
    assert two.metrics == ()
    assert declared(dvc_yaml, "c") is None
    lock = read_yaml(
        b"stages:\n  train:\n    deps: [{path: train.py, md5: aa}, {path: d, md5: bb.dir}]\n"
        b"    params: {params.yaml: {a.b: 1}, other.toml: {lr: 0.1}}\n    outs: [{path: models/a.pkl, md5: cc}]\n",
        "dvc.lock",
    )
    made_from = locked(lock, one, dvc_yaml)
    assert made_from.data == {"d": "bb.dir"}
    assert made_from.parameters == {"a.b": 1, "other.toml:lr": 0.1}
    assert made_from.artifact_hash == "cc"
    assert metrics(b"a: 1\nb: {c: 2.5, d: text, e: true}\n", "m.yaml") == {"a": 1.0, "b.c": 2.5}


@pytest.mark.parametrize(
    "content", [b"a: [", b"- x", b"\xff\xfe\x00", b"a: " + b"[" * 3000, b"!!python/object:os.x {}"]
)
async def test_a_file_that_is_no_yaml_is_said_and_the_rest_is_read(tmp_path: Path, content: bytes) -> None:
    where = made(tmp_path / "odd", stream(1, [Made("churn@v1.0.0", 0, 1_767_603_700)]))
    git(where, "checkout", "-q", "main")
    (where / "dvc.yaml").write_bytes(content)
    git(where, "add", "dvc.yaml")
    git(where, "commit", "-q", "-m", "odd")
    git(where, "tag", "-a", "-m", "Registering artifact churn", "churn@v1.1.0")
    found, _ = await collect(ADAPTER, registry(where))
    assert versions(found)["ml/churn@v1.1.0"].changes == "odd", "the default message says nothing, the subject does"
    assert any(note.startswith("dvc.yaml is no ") for note in found.notes)


async def test_bad_addresses_have_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    for address, said in [
        (tmp_path / "nothing", "there is no directory"),
        (plain, "is no git repository"),
        (f"file://{tmp_path}/nowhere.git", "is no git repository|is not there"),
        ("ext::sh -c touch% /tmp/x", "no address of a repository"),
        ("--upload-pack=x", "no address of a repository"),
        ("ftp://host/x", "is none of https, ssh, git and file"),
        ("https://ann:word@host/x.git", "leave the password out"),
        ("", "has no address"),
    ]:
        with pytest.raises(RemoteError, match=said) as raised:
            await probe(ADAPTER, registry(address, cache=str(tmp_path / "cache")))
        assert "word" not in str(raised.value) or "password" in str(raised.value)
    with pytest.raises(RemoteError, match="a stage has letters"):
        await probe(ADAPTER, registry(plain, production="a b"))
    assert is_remote("git@host:ml/churn.git")
    assert not is_remote(str(plain))
    with pytest.raises(RemoteError, match="offline"):
        await collect(ADAPTER, registry("https://host/x.git"), offline=True)
    monkeypatch.setenv("PATH", str(plain))
    with pytest.raises(RemoteError, match="git is not installed"):
        await probe(ADAPTER, registry(plain))


async def test_git_runs_with_the_settings_that_keep_it_safe_and_quiet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A git in front of git notes how it is called; and a clone whose settings would run programs runs none."""
    where = made(tmp_path / "there.git", stream(1, [Made("churn@v1.0.0", 0, 1_767_603_700)]), bare=True)
    program, noted = shutil.which("git"), tmp_path / "calls"
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    names = (
        "GIT_TERMINAL_PROMPT",
        "GIT_OPTIONAL_LOCKS",
        "GIT_NO_LAZY_FETCH",
        "LC_ALL",
        "GIT_DIR",
        "GIT_ALLOW_PROTOCOL",
    )
    said = " ".join(f"{name}=${{{name}-}}" for name in names)
    fake.write_text(f'#!/bin/sh\necho "{said} | $*" >> {noted}\nexec {program} "$@"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:/usr/bin:/bin")
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", f"touch {tmp_path}/ran")
    await collect(ADAPTER, registry(f"file://{where}", cache=str(tmp_path / "cache")))
    ran = tmp_path / "ran"
    clone = tmp_path / "clone"
    subprocess.run([str(program), "clone", "-q", str(where), str(clone)], check=True, env=ENVIRON)
    for name in ("core.fsmonitor", "core.pager", "diff.external", "gpg.program", "core.sshCommand"):
        git(clone, "config", name, f"touch {ran}; false")
    git(clone, "config", "log.showSignature", "true")
    await collect(ADAPTER, registry(clone))
    assert "commit 0" in await shown_commit(str(clone), git(clone, "rev-parse", "HEAD").strip())
    assert not ran.exists()
    calls = noted.read_text().splitlines()
    assert len(calls) > 8
    always = "GIT_TERMINAL_PROMPT=0 GIT_OPTIONAL_LOCKS=0 GIT_NO_LAZY_FETCH=1 LC_ALL=C GIT_DIR= "
    assert all(call.startswith(always) for call in calls)
    assert all("-c protocol.ext.allow=never -c core.fsmonitor=false" in call for call in calls)
    network = [call for call in calls if " ls-remote " in call or " clone " in call]
    assert len(network) == 2
    assert all(f" -- file://{where}" in call and "GIT_ALLOW_PROTOCOL=file " in call for call in network)
    trusting = [call for call in calls if "safe.directory=*" in call]
    assert trusting, "our own copy may belong to another user"
    assert not any(str(clone) in call for call in trusting)


def test_what_is_published_reads_back_from_tags_and_messages() -> None:
    said = published.Published("churn", "Production", "eu", "40", "u1", "PASS", "7/12", "ab" * 32)
    assert published.of_tags(published.tags(said)) == [said]
    text, found = published.of_message(f"Assigning stage prod\n\n{published.trailers(said)}\n")
    assert (text, found) == ("Assigning stage prod", [said])
    assert said.text == "Production 40 % on eu · PASS · checklist 7/12 · record abababababab"
    mine = said.assignment("ml/churn@1")
    assert (mine.stage, mine.share, mine.deployment) == ("Production", 40, "eu")
    assert published.of_tags({"modeltui.Not A Name.stage": "x", "modeltui.a.verdict": "PASS"}) == []
