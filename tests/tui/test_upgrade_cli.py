"""Upgrades on the command line: one plan everywhere, bad input in one sentence, templates and scans as exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from store.catalog import Catalog
from tui.cli import main


class Line:
    """Runs command lines on one catalog."""

    def __init__(self, store: Path, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.given = ["--today", "2026-11-23", "--as", "ann", "--store", str(store), "--config", str(config)]
        self.capsys = capsys

    def __call__(self, *words: str, code: int = 0) -> str:
        found = main([*self.given, *words])
        said = self.capsys.readouterr()
        assert found == code, said.err
        if code == 2 and said.err:
            assert said.err.count("\n") == 1, said.err
        return said.out + said.err

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self(*words, "--json", code=code))


@pytest.fixture
def line(demo_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Line:
    config = tmp_path / "settings.toml"
    config.write_text("")
    return Line(demo_path, config, capsys)


def test_list_upgrade_and_plan_say_the_same_days(line: Line) -> None:
    row = next(r for r in line.json("list")["versions"] if r["use_case"] == "support-assistant")
    upgrade = line.json("upgrade", "show", "support-assistant")
    plan = line.json("plan", "support-assistant")["plans"][0]
    assert plan["plan"] == upgrade["plan"]
    assert (row["start_by"], row["start_in"]) == (plan["plan"]["start_by"], plan["plan"]["start_in"])
    assert plan["deadline"] == upgrade["deadline"] == row["deadline"]
    assert any("AZ-POL, 2026-10-05" in said for said in plan["promises"])
    text = line("plan", "support-assistant")
    assert "51 d late" in text
    assert "do not fit into the 16 left" in text


def test_use_cases_of_one_owner_in_one_week_collide(line: Line) -> None:
    for name in ("billing", "triage"):
        line("use-case", "add", name, "--owner", "mira")
        line("assign", name, "azure-openai/gpt-4o@2024-05-13", "--sku", "GlobalStandard")
    found = line.json("plan", "billing")["collisions"]
    assert [c["use_case"] for c in found[0]["cutovers"]] == ["billing", "triage"]
    assert "collision  mira" in line("plan", "triage")


def test_a_plan_of_nobody_and_of_nothing(line: Line) -> None:
    assert "did you mean support-assistant" in line("plan", "support-asistant", code=2)
    line("use-case", "add", "idle")
    assert "nothing in Production" in line("plan", "idle")


def test_evidence_that_is_not_there_leaves_the_item_as_it_was(line: Line, demo_path: Path) -> None:
    said = line("upgrade", "tick", "support-assistant", "D02", "--file", "nowhere.csv", code=2)
    assert "nowhere.csv cannot be read: no such file" in said
    with Catalog.open(demo_path, actor="ann") as catalog:
        assert catalog.upgrade("support-assistant").items["D02"].state == "todo"


def test_what_has_retired_is_recorded_but_not_without_a_word_and_never_promoted(line: Line) -> None:
    gone = "azure-openai/o3@2025-04-16"
    assert f"{gone} cannot be called: " in line("assign", "code-review", gone)
    assert "cannot be called" not in line("assign", "code-review", "openai/gpt-5.4-mini@2026-03-17")
    line("upgrade", "target", "support-assistant", gone)
    before = line.json("upgrade", "show", "support-assistant")
    said = line("upgrade", "promote", "support-assistant", "--reason", "go", code=2)
    assert f"The target {gone} cannot be called" in said
    assert line.json("upgrade", "show", "support-assistant") == before


def test_an_item_is_given_to_somebody_remarked_on_and_next_for_its_owner(line: Line) -> None:
    line("upgrade", "owner", "support-assistant", "P04", "mira")
    line("upgrade", "comment", "support-assistant", "P04", "who tests it?")
    assert "no item 'Z9'" in line("upgrade", "owner", "support-assistant", "Z9", "mira", code=2)
    item = next(i for i in line.json("upgrade", "show", "support-assistant")["items"] if i["id"] == "P04")
    assert (item["owner"], [c["text"] for c in item["comments"]]) == ("mira", ["who tests it?"])
    assert [i["id"] for i in line.json("upgrade", "next", "--owner", "Mira")["items"]] == ["P04"]
    said = line("upgrade", "next", "--limit", "2")
    assert "mira  1 to do" in said
    assert "and 34 more" in said
    assert "Nothing is to be done by kai" in line("upgrade", "next", "--owner", "kai")


def test_promotion_by_steps_reminds_of_the_traffic_and_goes_back(line: Line) -> None:
    line("upgrade", "steps", "support-assistant", "shadow,10,100", "--abort", "more than 1 % of answers refused")
    said = line("upgrade", "promote", "support-assistant", "--next", "--reason", "look at it first")
    assert "as shadow" in said
    assert "az cognitiveservices account deployment create" in said
    assert "Next step: 10 %" in said
    assert "Go back when: more than 1 % of answers refused" in said
    assert "cannot be promoted yet" in line(
        "upgrade", "promote", "support-assistant", "--next", "--reason", "x", code=2
    )
    said = line("upgrade", "promote", "support-assistant", "--next", "--reason", "late", "--force")
    assert "with 10 % of the traffic" in said
    shown = line.json("upgrade", "show", "support-assistant")
    assert (shown["share"], shown["state"], shown["forced"]) == (10, "promoted", True)
    assert "promoted 23 Nov 2026 forced" in line("upgrade", "list")
    told = line("upgrade", "show", "support-assistant")
    assert "promoted 23 Nov 2026 forced" in told
    assert "is held open until 9 Dec 2026" in told
    assert "10 % of the traffic recorded, not seen" in told
    assert "start by" not in told
    assert "? applies" in told
    assert "not allowed with" in line("upgrade", "promote", "support-assistant", "--next", "--share", "5", code=2)
    said = line("revert", "support-assistant", "--reason", "refusals")
    assert "Recorded. Traffic has not moved." in said
    assert "--model-version 2024-05-13" in said
    shown = line.json("upgrade", "show", "support-assistant")
    assert (shown["state"], shown["outcome"]) == ("rolled_back", "refusals")
    assert "rolled back 23 Nov 2026 forced" in line("upgrade", "list", "--all"), "for good"
    assert "forced past the gate" in line("upgrade", "record", "support-assistant")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('titel = "x"', "unknown field 'titel'"),
        ('[[extra]]\nid = "MY1"\nphase = "Assess"\ntitle = "x"\napplies_when = "platform =="', "cannot be read"),
        ('[[extra]]\nid = "MY1"\nphase = "Assess"\ntitle = "x"\nafter = ["MY1"]', "wait for each other"),
        ('only = ["Z99"]', "unknown item 'Z99'"),
    ],
)
def test_a_template_that_cannot_be_used_is_one_sentence_and_exit_2(
    line: Line, tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "ours.toml").write_text(text)
    checked = line.json("template", "check", "ours", code=2)["checked"][0]
    assert not checked["valid"]
    assert words in checked["message"]
    assert words in line("template", "list", code=2)
    assert words in line("template", "show", "ours", code=2)
    assert words in line("upgrade", "new", "code-review", "--template", "ours", code=2)
    assert line.json("template", "list", code=2)["broken"][0]["message"] == checked["message"]


def test_an_own_template_is_begun_used_and_its_newer_version_taken_over(line: Line, tmp_path: Path) -> None:
    line("template", "new", "ours", "--from", "short")
    file = tmp_path / "templates" / "ours.toml"
    assert line.json("template", "show", "ours")["items"] == line.json("template", "show", "short")["items"]
    line("upgrade", "new", "code-review", "--template", "ours")
    assert line.json("upgrade", "show", "code-review")["template_newer"] is None
    file.write_text(file.read_text().replace("Update code", "Update the code"))
    shown = line.json("upgrade", "show", "code-review")
    assert shown["template_newer"] != shown["template_hash"]
    assert "is newer" in line("upgrade", "show", "code-review")
    line("upgrade", "template", "code-review")
    titles = {item["id"]: item["title"] for item in line.json("upgrade", "show", "code-review")["items"]}
    assert titles["S04"].startswith("Update the code")


def test_records_are_written_by_ending_and_verified_with_their_files(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list.csv").write_text("a,b\n")
    line("upgrade", "tick", "support-assistant", "D02", "--file", "list.csv")
    for name in ("r.md", "r.html", "r.json"):
        line("upgrade", "record", "support-assistant", "--output", name)
        found = line.json("upgrade", "verify", name)
        assert found["intact"]
        assert found["evidence"][0] | {"sha256": ""} == {"file": "list.csv", "sha256": "", "state": "unchanged"}
    Path("list.csv").write_text("a,c\n")
    assert "changed" in line("upgrade", "verify", "r.html", code=1)
    Path("r.md").write_text(Path("r.md").read_text().replace("Owner", "0wner", 1))
    assert "was changed after it was sealed" in line("upgrade", "verify", "r.md", code=1)
    assert "no sealed change record" in line("upgrade", "verify", "list.csv", code=2)


def test_a_scan_fails_on_what_is_retired_and_is_kept_as_evidence(line: Line, tmp_path: Path) -> None:
    code = tmp_path / "src"
    code.mkdir()
    (code / "a.py").write_text('M = "azure-openai/gpt-4o@2024-05-13"\n')
    assert "retiring" in line("scan", str(code), "--fail-on", "retired")
    line("scan", str(code), "--fail-on", "retiring", code=1)
    (code / "b.yaml").write_text("model: azure-openai/o3@2025-04-16\n")
    found = line.json("scan", str(code), "--fail-on", "retired", code=1)["places"]
    assert [(Path(p["file"]).name, p["line"], p["status"]) for p in found] == [
        ("a.py", 1, "retiring"), ("b.yaml", 1, "retired"),
    ]  # fmt: skip
    assert line.json("scan", str(code), "--upgrade", "support-assistant")["attached_to"] == "D01"
    assert "1 place in 2 files" in str(line.json("upgrade", "show", "support-assistant")["items"][0]["evidence"])
    assert "cannot be scanned: no such file" in line("scan", "nowhere", code=2)
