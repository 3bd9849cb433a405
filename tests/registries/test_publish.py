"""Publishing and syncing from a second store: a folder, a real git repository, and MLflow's API."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from gto_repositories import Made, git, made, stream
from remotes import TODAY

from store import publish, sync
from store.catalog import Catalog, fixed_clock
from store.formats import folder
from store.outgoing import Writes
from store.publish import Result
from store.records import Deployment, Lineage, Registry, UseCase, Version
from store.sync_run import connector, read, record_runs

HOW = connector(environ={"HOME": "/nonexistent"}, today=TODAY)


def catalog_of(path: Path, actor: str) -> Catalog:
    return Catalog.open(path, actor=actor, clock=fixed_clock(TODAY))


@pytest.fixture
def ann(tmp_path: Path) -> Iterator[Catalog]:
    with catalog_of(tmp_path / "ann.json", "ann") as catalog:
        yield catalog


@pytest.fixture
def ben(tmp_path: Path) -> Iterator[Catalog]:
    with catalog_of(tmp_path / "ben.json", "ben") as catalog:
        yield catalog


async def synced(catalog: Catalog, name: str = "team", take: bool = False) -> sync.Plan:
    run = await read(catalog.registry(name), HOW)
    assert run.error == ""
    assert run.delivery is not None
    wanted = sync.plan(catalog, name, run.delivery)
    if take:
        wanted.take = {c.at for c in wanted.conflicts}
    sync.apply(catalog, wanted)
    return wanted


async def published(catalog: Catalog, name: str = "team", **how: bool) -> tuple[Writes, Result]:
    registry = catalog.registry(name)
    wanted = await publish.plan(catalog, registry, HOW, **how)
    done = await publish.carry_out(catalog, registry, HOW, wanted, **how)
    return wanted, done


def told(catalog: Catalog, name: str, key: str) -> str:
    """What a catalog says of a version of a registry, as it is published."""
    (said,) = (s.said.text for s in publish.outgoing(catalog, catalog.registry(name)).standings if s.version.key == key)
    return said


def stages(catalog: Catalog) -> dict[tuple[str, str, str], str]:
    return {(a.use_case, a.version, a.deployment): a.stage for a in catalog.assignments.records()}


# ── a folder ──


def filled(catalog: Catalog, where: Path) -> None:
    catalog.add_registry(Registry("", "team", kind="folder", address=str(where)))
    catalog.add_version(Version("v7", "ml/churn@7", own=True))
    catalog.add_version(Version("v8", "ml/churn@8", own=True))
    catalog.add_use_case(UseCase("u1", "churn", owner="ann"))
    catalog.save_deployment(Deployment("d1", "blue green/1", platform="own"))
    catalog.assign("churn", "ml/churn@7", deployment="blue green/1")
    catalog.start_upgrade("churn", "ml/churn@8")
    upgrade = catalog.upgrade("churn")
    catalog.tick_item(upgrade.uid, next(iter(upgrade.items)), "done it")


async def test_a_folder_gives_a_second_store_the_same_stages_and_checklist(
    ann: Catalog, ben: Catalog, tmp_path: Path
) -> None:
    where = tmp_path / "team"
    where.mkdir()
    filled(ann, where)
    wanted, done = await published(ann)
    assert (done.error, done.left, done.differs) == ("", [], [])
    assert len(wanted.writes) == 3
    assert (await publish.plan(ann, ann.registry("team"), HOW)).writes == [], "published again, nothing is written"
    ben.add_registry(Registry("", "team", kind="folder", address=str(where)))
    assert "ml/churn@7" in " ".join((await synced(ben)).notes), "a version that Ben has not yet is named"
    assert stages(ben) == stages(ann)
    one, two = ann.upgrade("churn"), ben.upgrade("churn")
    assert one.uid == two.uid
    assert one.items == two.items
    assert (await synced(ben)).empty

    # what each changes goes to the other, what both change is a conflict
    ann.edit_use_case(replace(ann.use_case("churn"), title="Churn"), ann.use_case("churn"))
    ben.edit_use_case(replace(ben.use_case("churn"), owner="ben", note="from Ben"), ben.use_case("churn"))
    await published(ann)
    wanted, done = await published(ben)
    assert any("title" in note for note in wanted.notes), "Ben is told that there is news"
    plan = await synced(ben)
    assert [(c.field, c.after) for c in plan.updates] == [("title", "Churn")]
    await synced(ann)
    assert (ann.use_case("churn").owner, ann.use_case("churn").title) == ("ben", "Churn")
    ann.edit_use_case(replace(ann.use_case("churn"), owner="cleo"), ann.use_case("churn"))
    ben.edit_use_case(replace(ben.use_case("churn"), owner="dora"), ben.use_case("churn"))
    await published(ann)
    wanted, done = await published(ben)
    assert [(w.field, w.before, w.after, w.conflict) for w in wanted.writes] == [("owner", "cleo", "dora", True)]
    assert done.written == []
    plan = await synced(ben)
    assert [(c.field, c.before, c.after) for c in plan.conflicts] == [("owner", "dora", "cleo")]
    assert ben.use_case("churn").owner == "dora", "ours stays until it is decided"
    plan = await synced(ben, take=True)
    assert ben.use_case("churn").owner == "cleo"
    assert (await synced(ben)).empty


async def test_two_who_never_met_agree_where_they_say_the_same(ann: Catalog, ben: Catalog, tmp_path: Path) -> None:
    where = tmp_path / "team"
    where.mkdir()
    for catalog in (ann, ben):
        catalog.add_registry(Registry("", "team", kind="folder", address=str(where)))
        catalog.add_use_case(UseCase("u1", "churn", owner="ann"))
    mine = ben.use_case("churn")
    ben.edit_use_case(replace(mine, approver="dora"), mine)
    await published(ann)
    plan = await synced(ben)
    assert plan.empty, "what only Ben says is no news, and no conflict"
    run = await read(ben.registry("team"), HOW)
    record_runs(ben, [run], {"team": plan.state})
    wanted, _ = await published(ben)
    assert [(w.field, w.after, w.conflict) for w in wanted.writes] == [("approver", "dora", False)]
    mine = ben.use_case("churn")
    ben.edit_use_case(replace(mine, owner="ben"), mine)
    wanted, _ = await published(ben)
    assert [(w.field, w.conflict) for w in wanted.writes] == [("owner", False)], "they had agreed on it"
    plan = await synced(ann)
    assert plan.conflicts == []
    assert (ann.use_case("churn").owner, ann.use_case("churn").approver) == ("ben", "dora")


async def test_what_differs_when_two_meet_is_a_conflict_and_two_open_upgrades_are_named(
    ann: Catalog, ben: Catalog, tmp_path: Path
) -> None:
    where = tmp_path / "team"
    where.mkdir()
    filled(ann, where)
    filled(ben, where)
    mine = ben.use_case("churn")
    ben.edit_use_case(replace(mine, owner="ben"), mine)
    await published(ann)
    plan = await synced(ben)
    assert [(c.field, c.before, c.after) for c in plan.conflicts] == [("owner", "ben", "ann")]
    assert any("has an upgrade of ml/churn@7 open here already" in note for note in plan.notes)


async def test_two_that_put_different_versions_in_production_do_not_add_up_to_more_than_all_traffic(
    ann: Catalog, ben: Catalog, tmp_path: Path
) -> None:
    where = tmp_path / "team"
    where.mkdir()
    for number, catalog in enumerate((ann, ben), 7):
        catalog.add_registry(Registry("", "team", kind="folder", address=str(where)))
        catalog.add_version(Version("v7", "ml/churn@7", own=True))
        catalog.add_version(Version("v8", "ml/churn@8", own=True))
        catalog.add_use_case(UseCase("u1", "churn", owner="ann"))
        catalog.assign("churn", f"ml/churn@{number}")
    await published(ann)
    wanted, done = await published(ben)
    (conflict,) = wanted.writes
    assert (conflict.field, conflict.conflict) == ("runs.ml/churn@8 on default", True)
    assert done.written == []
    plan = await synced(ben)
    assert any("ml/churn@7 on default is in Production there" in note for note in plan.notes)
    assert {a.version: a.stage for a in ben.runs_in("churn")} == {"ml/churn@8": "Production"}
    ben.assign("churn", "ml/churn@7", force=True)
    _, done = await published(ben)
    assert (done.error, done.differs) == ("", [])
    await synced(ann)
    assert stages(ann) == stages(ben)
    assert {a.version: a.stage for a in ann.runs_in("churn")} == {"ml/churn@7": "Production", "ml/churn@8": "Archived"}


async def test_a_conflict_may_be_written_over_and_a_failure_in_the_middle_goes_on(
    ann: Catalog, ben: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = tmp_path / "team"
    where.mkdir()
    filled(ann, where)
    (where / "deployments").write_text("in the way")
    _, done = await published(ann)
    assert "cannot be written" in done.error
    assert [w.subject for w in done.written] == ["use-cases/churn.json"]
    assert len(done.left) == 2
    (where / "deployments").unlink()
    wanted, done = await published(ann)
    assert len(wanted.writes) == len(done.written) == 2, "what was written before is not written again"
    path = where / "use-cases" / "churn.json"
    doc = json.loads(path.read_text())
    path.write_text(folder.text(doc | {"owner": "ben", "of_a_newer_version": [1]}))
    ann.edit_use_case(replace(ann.use_case("churn"), owner="cleo"), ann.use_case("churn"))
    await published(ann, take_ours=True)
    doc = json.loads(path.read_text())
    assert (doc["owner"], doc["of_a_newer_version"]) == ("cleo", [1]), "what we do not know stays"


async def test_git_merges_the_edits_of_two_people_field_by_field(ann: Catalog, tmp_path: Path) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    filled(ann, root)
    await published(ann)
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "one")
    git(root, "checkout", "-q", "-b", "theirs")
    path = root / "use-cases" / "churn.json"
    doc = json.loads(path.read_text())
    names = list(dict.fromkeys(sorted(doc)))
    near = names.index("owner")
    path.write_text(folder.text(doc | {names[near + 1]: 7, "tags": ["x"]}))
    git(root, "commit", "-q", "-am", "theirs")
    git(root, "checkout", "-q", "main")
    ann.edit_use_case(replace(ann.use_case("churn"), owner="cleo", title="Churn"), ann.use_case("churn"))
    await published(ann)
    git(root, "commit", "-q", "-am", "ours")
    git(root, "merge", "-q", "theirs")
    both = json.loads(path.read_text())
    assert (both["owner"], both[names[near + 1]], both["title"], both["tags"]) == ("cleo", 7, "Churn", ["x"])


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("use-cases/churn.json", "<<<<<<< HEAD\n{}", "git's conflict marks"),
        ("use-cases/churn.json", "<!doctype html>", "is no JSON"),
        ("use-cases/churn.json", "[]", "is no JSON object"),
        ("use-cases/churn.json", '{"name": "Not A Name"}', "use-cases/churn.json"),
        ("use-cases/churn.json", '{"name": "other"}', "belongs in use-cases/other.json"),
        ("use-cases/churn.json", '{"name": "churn", "runs": {"x": {}}}', "is not VERSION on DEPLOYMENT"),
        ("upgrades/x.json", '{"uid": "a"}', "upgrades/x.json"),
        ("use-cases/churn.json", "[" * 100_000, "is no JSON"),
    ],
)
async def test_files_that_cannot_be_used_have_a_sentence(
    ann: Catalog, tmp_path: Path, path: str, content: str, said: str
) -> None:
    (tmp_path / "team" / path).parent.mkdir(parents=True)
    (tmp_path / "team" / path).write_text(content)
    run = await read(Registry("r", "team", kind="folder", address=str(tmp_path / "team")), HOW)
    assert said in run.error
    assert run.delivery is None


# ── git ──


def with_versions(catalog: Catalog, address: Path | str, commits: list[str], **settings: str) -> None:
    catalog.add_registry(
        Registry("", "ml", kind="dvc", address=str(address), settings={"author": "Ann <ann@example.com>", **settings})
    )
    for number, commit in enumerate(commits[:2]):
        made_from = Lineage(commit=commit)
        catalog.add_version(Version(f"v{number}", f"ml/churn@v1.{number}.0", own=True, lineage=made_from))
    catalog.add_use_case(UseCase("u1", "churn", owner="ann"))
    catalog.assign("churn", "ml/churn@v1.0.0")


async def test_git_carries_stages_progress_and_verdict_to_a_second_store(
    ann: Catalog, ben: Catalog, tmp_path: Path
) -> None:
    bare = made(tmp_path / "origin.git", stream(3, [Made("other@v0.1.0", 0, 1_767_603_700)]), bare=True)
    commits = git(bare, "log", "--format=%H", "--reverse", "main").split()
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(bare), str(clone)], check=True)
    with_versions(ann, clone, commits)
    wanted, done = await published(ann, "ml")
    assert [(w.field, w.after) for w in wanted.writes] == [("version", "v1.0.0"), ("stage production", "v1.0.0")]
    assert (done.error, done.differs) == ("", [])
    assert "churn@" not in git(bare, "tag"), "nothing leaves the clone unasked"
    wanted, done = await published(ann, "ml", push=True)
    assert [w.field for w in wanted.writes] == ["push"]
    assert git(bare, "tag").split() == ["churn#production#1", "churn@v1.0.0", "other@v0.1.0"]
    assert git(bare, "cat-file", "-t", "churn@v1.0.0").strip() == "tag", "annotated, as GTO wants it"
    assert (await publish.plan(ann, ann.registry("ml"), HOW, push=True)).writes == []

    ben.add_registry(
        Registry("", "ml", kind="dvc", address=f"file://{bare}", settings={"cache": str(tmp_path / "cache")})
    )
    await synced(ben, "ml")
    assert stages(ben) == stages(ann) == {("churn", "ml/churn@v1.0.0", "default"): "Production"}
    assert (await synced(ben, "ml")).empty

    ann.start_upgrade("churn", "ml/churn@v1.1.0")
    upgrade = ann.upgrade("churn")
    ann.tick_item(upgrade.uid, next(iter(upgrade.items)), "done")
    ann.assign("churn", "ml/churn@v1.1.0", stage="Staging")
    await synced(ann, "ml")
    await published(ann, "ml", push=True)
    await synced(ben, "ml")
    said = ben.version("ml/churn@v1.1.0").value("published_churn")
    verdict = ann.verdict_of(ann.upgrade("churn"))
    assert verdict is not None
    assert said == told(ann, "ml", "ml/churn@v1.1.0"), "the same words: stage, verdict, progress, hash of the record"
    assert said.startswith(f"Staging · {verdict.verdict} · checklist 1/")
    assert f"/{sum(i.state != 'not_applicable' for i in upgrade.items.values())} · record " in said
    assert stages(ben) == {("churn", "ml/churn@v1.0.0", "default"): "Production"}, "Ben's own record is not moved"
    ann.assign("churn", "ml/churn@v1.1.0", stage="Production", force=True)
    await synced(ann, "ml")
    wanted, done = await published(ann, "ml", push=True)
    assert done.error == ""
    fields = [(w.field, w.before, w.after) for w in wanted.writes if w.subject == "churn"]
    assert ("stage production", "v1.0.0", "v1.1.0") in fields
    assert ("stage production", "v1.0.0", None) in fields, "what we archived gives its stage back"
    plan = await synced(ben, "ml")
    assert any(d.use_case == "churn" for d in plan.drift), "Ben sees that another version runs there"


async def test_a_stage_that_somebody_moved_in_git_is_a_conflict(ann: Catalog, tmp_path: Path) -> None:
    clone = made(tmp_path / "clone", stream(3, []))
    commits = git(clone, "log", "--format=%H", "--reverse", "main").split()
    with_versions(ann, clone, commits, production="prod")
    await published(ann, "ml")
    await synced(ann, "ml")
    git(clone, "tag", "-a", "-m", "two", "churn@v9.0.0", commits[2])
    git(clone, "tag", "-a", "-m", "moved", "churn#prod#9", commits[2])
    ann.assign("churn", "ml/churn@v1.1.0")
    wanted, done = await published(ann, "ml")
    (conflict,) = [w for w in wanted.writes if w.conflict]
    assert (conflict.field, conflict.before, conflict.after) == ("stage prod", "v9.0.0", "v1.1.0")
    assert conflict not in done.written
    _, done = await published(ann, "ml", take_ours=True)
    assert (done.error, done.differs) == ("", [])
    assert "churn#prod#11" in git(clone, "tag").split()


async def test_a_push_that_fails_leaves_the_tags_and_goes_on_when_origin_answers(ann: Catalog, tmp_path: Path) -> None:
    bare = made(tmp_path / "origin.git", stream(2, []), bare=True)
    commits = git(bare, "log", "--format=%H", "--reverse", "main").split()
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(bare), str(clone)], check=True)
    with_versions(ann, clone, commits)
    wanted = await publish.plan(ann, ann.registry("ml"), HOW, push=True)
    assert [w.field for w in wanted.writes] == ["version", "stage production", "push"]
    hook = bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho reviewed tags only >&2\nexit 1\n")
    hook.chmod(0o755)
    done = await publish.carry_out(ann, ann.registry("ml"), HOW, wanted, push=True, why="release")
    assert done.error.endswith("a rule of the server declined it (reviewed tags only)")
    assert [w.field for w in done.written] == ["version", "stage production"]
    assert [w.field for w in done.left] == ["push"]
    event = ann.events()[-1]
    assert (event.command, event.why) == ("publish ml: 2 written", "release")
    hook.unlink()
    again, done = await published(ann, "ml", push=True)
    assert [w.field for w in again.writes] == ["push"], "what was made before is only sent"
    assert (done.error, done.differs) == ("", [])
    assert git(bare, "tag").split() == ["churn#production#1", "churn@v1.0.0"]


async def test_what_cannot_be_tagged_is_said(ann: Catalog, tmp_path: Path) -> None:
    clone = made(tmp_path / "clone", stream(1, []))
    with_versions(ann, clone, ["0" * 40, "1" * 40])
    ann.add_version(Version("odd", "ml/churn@seven", own=True))
    ann.add_use_case(UseCase("u2", "other"))
    ann.assign("other", "ml/churn@seven")
    wanted, _ = await published(ann, "ml")
    assert wanted.writes == []
    assert any("has no commit that this repository has" in note for note in wanted.notes)
    assert any("cannot be a tag" in note for note in wanted.notes)
    remote = replace(ann.registry("ml"), address=f"file://{clone}/.git", settings={"cache": str(tmp_path / "c")})
    commit = git(clone, "log", "--format=%H").strip()
    known = ann.version("ml/churn@v1.0.0")
    ann.edit_version(replace(known, lineage=Lineage(commit=commit)), known)
    found = await publish.plan(ann, remote, HOW)
    done = await publish.carry_out(ann, remote, HOW, found)
    assert "publish with --push" in done.error
    assert (done.written, len(done.left)) == ([], 2)


async def test_a_kind_that_is_only_read_says_so(ann: Catalog, tmp_path: Path) -> None:
    registry: Any = Registry("r", "x", kind="litellm")
    with pytest.raises(Exception, match="is only read; publish to mlflow, dvc, folder"):
        await publish.plan(ann, registry, HOW)
