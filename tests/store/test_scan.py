"""Scanning: which literals count, which files are read, and that nothing outside the paths is."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import pytest

from store.catalog import Catalog
from store.engine import new_uid
from store.records import Deployment, Lineage, UseCase, Version
from store.scan import Known, Scan, ScanError, is_configuration, matches, names, scan

A, B = "azure-openai/gpt-4o@2024-05-13", "azure-openai/gpt-4o@2024-11-20"
KNOWN = names(
    [
        Version("1", A, api_ids=("azure/gpt-4o-2024-05-13",)),
        Version("2", B),
        Version("3", "openai/gpt-4o", alias_of=("openai/gpt-4o@2024-11-20",), api_ids=("gpt-4o",)),
        Version("4", "mlflow/churn@7", own=True, lineage=Lineage(artifact="models:/churn/7")),
        Version("5", "cohere/command"),
    ],
    [Deployment("6", "oai-growth/support-ptu"), Deployment("7", "chat")],
)


def found(text: str, *, bare: bool = False) -> list[tuple[int, str, str]]:
    return [(line, literal, meaning.kind) for line, literal, meaning in matches(text, KNOWN, bare=bare)]


@pytest.mark.parametrize(
    ("text", "literals"),
    [
        ('x = "gpt-4o-2024-05-13"', ["gpt-4o-2024-05-13"]),
        ("x = 'azure/gpt-4o-2024-05-13'; y = `models:/churn/7`", ["azure/gpt-4o-2024-05-13", "models:/churn/7"]),
        ('["gpt-4o","azure-openai/gpt-4o@2024-05-13"]', ["gpt-4o", A]),
        (r'"source": ["m = \"gpt-4o-2024-05-13\"\n"]', ["gpt-4o-2024-05-13"]),
        ('url = f"https://x/openai/deployments/support-ptu/chat"', ["support-ptu"]),
        ("# we left gpt-4o-2024-05-13", []),
        ('"gpt-4o-2024-05-13-tuned" "xgpt-4o" "gpt-4o mini" "command" "chat"', []),
    ],
)
def test_in_source_only_whole_quoted_literals_count(text: str, literals: list[str]) -> None:
    assert [literal for _, literal, _ in found(text)] == literals


@pytest.mark.parametrize(
    ("text", "literals"),
    [
        ("model: gpt-4o-2024-05-13\n# model: gpt-4o\n", ["gpt-4o-2024-05-13"]),
        ("MODEL=gpt-4o-2024-05-13\nEMPTY=\n", ["gpt-4o-2024-05-13"]),
        ('{"model": "gpt-4o", "deployment": "support-ptu"}', ["gpt-4o", "support-ptu"]),
        ("models: [gpt-4o-2024-05-13, mygpt-4o, gpt-4o-mini]", ["gpt-4o-2024-05-13"]),
    ],
)
def test_in_configuration_bare_values_count_and_comments_do_not(text: str, literals: list[str]) -> None:
    assert [literal for _, literal, _ in found(text, bare=True)] == literals


def test_the_version_beside_a_models_name_decides_which_it_is() -> None:
    text = "model: {\n  format: 'OpenAI'\n  name: 'gpt-4o'\n  version: '2024-05-13'\n}\n"
    ((line, literal, meaning),) = matches(text, KNOWN, bare=True)
    assert (line, literal, meaning) == (3, "gpt-4o", Known("version", (A,)))
    ((_, _, alone),) = matches("name: gpt-4o", KNOWN, bare=True)
    assert alone.kind == "alias"
    assert {A, B, "openai/gpt-4o"} <= set(alone.keys)


def test_names_that_mean_anything_are_left_out() -> None:
    assert "command" not in KNOWN
    assert "chat" not in KNOWN
    assert "churn" not in KNOWN
    assert KNOWN["oai-growth/support-ptu"].deployment == "oai-growth/support-ptu"
    assert [is_configuration(Path(p)) for p in (".env", ".env.prod", "a.YML", "a.ipynb", "a.py")] == [
        True, True, True, False, False,
    ]  # fmt: skip


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "code"
    outside = tmp_path / "outside"
    for path, text in {
        root / "app.py": 'A = 1\nMODEL = "gpt-4o-2024-05-13"\n',
        root / "deploy/values.yaml": "model: gpt-4o-2024-05-13\n",
        root / "build/out.py": '"gpt-4o"',
        root / "logs/keep.log": '"gpt-4o"',
        root / "logs/drop.log": '"gpt-4o"',
        root / ".git/config": '"gpt-4o"',
        root / "node_modules/x.js": '"gpt-4o"',
        root / ".gitignore": "build/\n*.log\n",
        root / "logs/.gitignore": "!keep.log\n",
        outside / "secret.py": '"gpt-4o"',
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "link").symlink_to(outside)
    (root / "link.py").symlink_to(outside / "secret.py")
    (root / "binary.py").write_bytes(b'\0"gpt-4o"')
    (root / "large.py").write_text('"gpt-4o"' + " " * 1_000_001)
    return root


def test_ignored_linked_binary_and_large_files_are_not_read(tree: Path) -> None:
    result = scan([tree], KNOWN)
    places = [(Path(hit.path).relative_to(tree).as_posix(), hit.line) for hit in result.hits]
    assert places == [("app.py", 2), ("deploy/values.yaml", 1), ("logs/keep.log", 1)]
    assert dict(result.skipped) == {
        "ignored directory": 3, "ignored": 1, "symbolic link": 2, "binary": 1, "larger than 1 MB": 1,
    }  # fmt: skip
    assert len(scan([tree, tree / "app.py"], KNOWN).hits) == 3, "nothing counts twice"
    assert scan([tree], KNOWN).hash == result.hash


def test_the_ignore_files_of_the_checkout_hold_in_a_part_of_it(tree: Path) -> None:
    assert [Path(hit.path).name for hit in scan([tree / "logs"], KNOWN).hits] == ["keep.log"]


def test_a_scan_is_bounded_and_says_so(tree: Path) -> None:
    result = scan([tree], KNOWN, max_files=2)
    assert result.files == 2
    assert "too many files" in result.cut
    with pytest.raises(ScanError, match="nowhere cannot be scanned: no such file"):
        scan([tree / "nowhere"], KNOWN)
    seen: list[int] = []

    def watch(so_far: Scan) -> bool:
        seen.append(so_far.files)
        return len(seen) < 3

    result = scan([tree], KNOWN, watch=watch)
    assert (seen, result.files) == ([0, 1, 2], 2)
    assert result.cut == "stopped by hand after 2 files"


def test_a_tree_deeper_than_python_recurses_is_read_to_its_end(tmp_path: Path) -> None:
    deep = tmp_path / "/".join("d" * 300)
    deep.mkdir(parents=True)
    (deep / "deep.py").write_text('"gpt-4o-2024-05-13"')
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 100)  # deeper ones would break what clears temporary directories
    try:
        found = scan([tmp_path], KNOWN)
    finally:
        sys.setrecursionlimit(limit)
    assert [hit.line for hit in found.hits] == [1]


def test_a_scan_is_evidence_for_the_register_and_later_that_the_old_id_is_gone(catalog: Catalog, tree: Path) -> None:
    catalog.add_use_case(UseCase(new_uid(), "support", owner="ann"))
    catalog.assign("support", A, place=Deployment(new_uid(), "default", platform="azure", sku="GlobalStandard"))
    catalog.start_upgrade("support", B, template="azure-standard")
    uid = catalog.upgrade("support").uid
    known = names(catalog.versions.values())
    first = scan([tree], known)
    _, item = catalog.attach_scan(uid, first)
    assert item == "D01"
    shown = catalog.upgrades[uid].items["D01"].evidence[-1]
    assert "app.py:2 gpt-4o-2024-05-13" in shown.text
    assert shown.hash == first.hash
    (tree / "call.py").write_text('url = "https://x/openai/deployments/support-ptu/chat"\n')
    place = Deployment(new_uid(), "support-ptu", platform="azure", sku="GlobalStandard")
    catalog.add_use_case(UseCase(new_uid(), "other", owner="ann"))
    catalog.assign("other", A, deployment="support-ptu", place=place)
    catalog.start_upgrade("other", B, template="azure-standard")
    _, places = catalog.scan_for(
        catalog.upgrade("other"), scan([tree], names(catalog.versions.values(), catalog.deployments.values()))
    )
    assert [hit.literal for hit in places].count("support-ptu") == 1, "who calls the deployment uses the version"
    (tree / "call.py").unlink()
    catalog.promote(uid, "go", force=True)
    catalog.attach_scan(uid, scan([tree], known))
    left = catalog.upgrades[uid].items["X02"]
    assert not left.evidence
    assert "2 places" in left.comments[-1].text
    for path in (tree / "app.py", tree / "deploy/values.yaml"):
        path.write_text(path.read_text().replace("2024-05-13", "2024-11-20"))
    catalog.attach_scan(uid, scan([tree], known, max_files=1))
    left = catalog.upgrades[uid].items["X02"]
    assert not left.evidence, "what was not read to its end proves nothing"
    assert "too many files" in left.comments[-1].text
    catalog.attach_scan(uid, scan([tree], known, max_bytes=300))
    assert "1 not read" in catalog.upgrades[uid].items["X02"].comments[-1].text
    (tree / "large.py").unlink()
    _, item = catalog.attach_scan(uid, scan([tree], known))
    assert item == "X02"
    assert f"no place names {A}" in catalog.upgrades[uid].items["X02"].evidence[-1].text
