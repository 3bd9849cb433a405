"""`import`, `export`, `digest`, `doctor --compact`, `serve` and the options of every command, as a script uses them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest

from store.catalog import Catalog
from store.fields import FIELDS
from store.registries.adapter import KINDS, adapter
from tests.conftest import TODAY
from tui.cli import main
from tui.commands import COMMANDS
from tui.commands.serve import command_of
from tui.prompt import kept_line
from tui.session import Options
from tui.settings import load

Run = Callable[..., str]
PAGE = "| Model | Shutdown | Hint |\n|---|---|---|\n| gpt-99 | 2027-03-31 | x |\n"


@pytest.fixture
def run(demo_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("MODELTUI_STORE", str(demo_path))
    monkeypatch.setenv("MODELTUI_CONFIG", str(tmp_path / "settings.toml"))
    monkeypatch.setenv("MODELTUI_USER", "ann")
    monkeypatch.chdir(tmp_path)

    def command(*words: str, code: int = 0) -> str:
        left = main(["--today", "2026-11-23", *words])
        said = capsys.readouterr()
        assert left == code, said.err
        return said.out or said.err

    return command


# ── import ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_mapping_is_given_once_and_remembered(run: Run, tmp_path: Path) -> None:
    Path("page.md").write_text(PAGE)
    said = run("import", "page.md", "--yes", code=2)
    assert "whose models are these? Say it with --provider" in said
    assert "line 1, column Hint: this is neither a field nor a known metric" in said
    words = ("import", "page.md", "--provider", "openai", "--yes")
    assert "maps no column" in run(*words, "--map", "Hint", code=2)
    assert "Nothing was changed" in run(*words, "--map", "skip=Hint", "--dry-run")
    assert load(tmp_path / "settings.toml").import_map == {}
    assert "1 version new" in run(*words, "--map", "skip=Hint")
    assert load(tmp_path / "settings.toml").import_map == {"Hint": "skip"}
    assert "nothing that is not here already" in run(*words)
    shown = json.loads(run("show", "openai/gpt-99", "--json"))
    assert [(d["value"], d["source"]) for d in shown["dates"]] == [("2027-03-31", "import:page.md")]
    run("undo")
    assert "there is no version" in run("show", "openai/gpt-99", code=2)


def test_an_export_makes_a_new_catalog_the_same(run: Run, tmp_path: Path) -> None:
    run("export", "one.json")
    new = str(tmp_path / "new.json")
    said = run("import", "one.json", "--yes", "--store", new)
    assert "the catalog is the exported one now, with its history" in said
    run("export", "two.json", "--store", new)
    assert Path("one.json").read_bytes() == Path("two.json").read_bytes()
    assert "nothing that is not here already" in run("import", "one.json", "--yes")
    assert "imported by itself" in run("import", "one.json", "two.json", "--yes", code=2)


def test_several_files_are_all_checked_before_the_first_is_applied(run: Run) -> None:
    Path("a.csv").write_text("key\nown/a@1\n")
    Path("b.csv").write_text("key,price_in\nown/b@1,x\n")
    assert "b.csv: line 2, column price_input" in run("import", "a.csv", "b.csv", "--yes", code=2)
    assert "there is no version" in run("show", "own/a@1", code=2)
    Path("b.csv").write_text("key\nown/b@1\n")
    assert json.loads(run("import", "a.csv", "b.csv", "--json"))["applied"] is True
    assert json.loads(run("import", "a.csv", "b.csv", "--json"))["applied"] is False


# ── export ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("form", ["json", "csv", "markdown", "html", "latex", "ics"])
def test_every_export_is_the_same_text_twice(run: Run, form: str) -> None:
    first = run("export", "-", "--format", form)
    assert first == run("export", "-", "--format", form)
    assert len(first) > 500


def test_csv_comes_back_unchanged(run: Run, tmp_path: Path) -> None:
    run("use-case", "edit", "churn", "--title", "=HYPERLINK(1)")
    run("register", "mlflow/churn@7", "--changes", "-5 % fewer\n'=quoted")
    run("export", "one.csv", "--all", "churn")
    table = list(csv.DictReader(io.StringIO(Path("one.csv").read_text(), newline="")))
    assert "'=HYPERLINK(1)" in {row["title"] for row in table}
    assert "'-5 % fewer\n'=quoted" in {row["changes"] for row in table}
    new = str(tmp_path / "new.json")
    run("import", "one.csv", "--yes", "--store", new)
    run("export", "two.csv", "--all", "churn", "--store", new)
    assert Path("one.csv").read_text() == Path("two.csv").read_text()
    assert (
        json.loads(run("use-case", "show", "churn", "--json", "--store", new))["use_cases"][0]["title"]
        == "=HYPERLINK(1)"
    )


def test_the_whole_demo_as_csv_comes_back_unchanged(run: Run, tmp_path: Path) -> None:
    run("export", "one.csv", "--all")
    new = str(tmp_path / "new.json")
    said = run("import", "one.csv", "--yes", "--store", new)
    assert "2024-01-25, now from another source too" in said  # the shipped facts say the same
    run("export", "two.csv", "--all", "--store", new)
    assert Path("one.csv").read_text() == Path("two.csv").read_text()


def test_who_writes_while_the_import_asks_is_heard(
    run: Run, demo_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fact under the file's own comes in beside it; a value that the file would replace unseen stops it."""
    key = "azure-openai/gpt-4.1@2025-04-14"

    class Asked(io.StringIO):
        def isatty(self) -> bool:
            return True

        def readline(self, *_: Any) -> str:
            with Catalog.open(demo_path, actor="ben") as beside:
                next(edits)(beside)
            return "y\n"

    def priced(beside: Catalog) -> None:
        beside.set_fact(key, "price_input", 7.0)

    def noted(beside: Catalog) -> None:
        version = beside.version(key)
        beside.edit_version(replace(version, changes="by Ben"), version)

    edits = iter((priced, noted))
    monkeypatch.setattr(sys, "stdin", Asked())
    Path("a.csv").write_text(f"key,price_in,changes\n{key},6.5,from the file\n")
    assert "Imported" in run("import", "a.csv")
    shown = json.loads(run("show", key, "--json"))
    assert (shown["facts"]["price_input"]["value"], shown["changes"]) == (7.0, "from the file")

    Path("b.csv").write_text(f"key,price_out,changes\n{key},9.5,from b\n")
    assert main(["--today", "2026-11-23", "import", "b.csv"]) == 2
    assert "'changes' was changed elsewhere to 'by Ben'" in capsys.readouterr().err
    assert json.loads(run("show", key, "--json"))["changes"] == "by Ben"


def test_every_bad_row_is_listed_however_many(run: Run) -> None:
    Path("bad.csv").write_text("key,price_input\n" + "own/a@1,x\n" * 300)
    said = run("import", "bad.csv", "--yes", code=2)
    assert said.count("column price_input: this is not a number") == said.count("(it has 'x')") == 300
    assert "bad.csv: line 301, column" in said
    Path("bad.json").write_text(json.dumps({"versions": [{"key": f"no key {n}"} for n in range(300)]}))
    said = run("import", "bad.json", "--yes", code=2)
    assert said.count("is not a key") == 300
    assert said.index("entry 9, column versions.key") < said.index("entry 10, column versions.key")
    assert "300 things are wrong" in said


class _Page(HTMLParser):
    VOID = ("meta", "rect", "line", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "action")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.VOID

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_html_report_is_one_file_with_pictures_and_no_network(run: Run) -> None:
    run("use-case", "edit", "churn", "--owner", "<script>alert(1)</script>")
    page = _Page()
    text = run("export", "-", "--format", "html")
    page.feed(text)
    assert page.open == []
    assert page.addresses == []
    assert "script" not in page.tags
    assert page.tags.count("svg") == 2  # the year ahead, and the comparison of the running upgrade
    assert "&lt;script&gt;" in text
    assert {"What needs a decision", "What runs", "What is due"} <= set(re.findall(r"<h2>(.*?)</h2>", text))
    assert "product-search" not in run("export", "-", "use_case:churn", "--format", "html")


def test_the_words_in_pictures_stand_apart(run: Run) -> None:
    pictures = re.findall(r"<svg .*?</svg>", run("export", "-", "--format", "html"), re.DOTALL)
    for picture in pictures:
        width = int(re.findall(r'width="(\d+)"', picture)[0])
        rows: dict[float, list[tuple[float, str]]] = {}
        for x, y, text in re.findall(r'<text x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>', picture):
            rows.setdefault(float(y), []).append((float(x), unescape(text)))
        assert rows
        for row in rows.values():
            ends = [x + 6 * len(text) for x, text in sorted(row)]  # a letter is about half as wide as high
            starts = [*[x for x, _ in sorted(row)][1:], width]
            assert all(end <= start for end, start in zip(ends, starts, strict=True)), row


def test_the_latex_table_of_a_comparison(run: Run) -> None:
    text = run("export", "-", "--format", "latex", "--use-case", "support-assistant")
    assert text.startswith("% \\usepackage{array,longtable}\n")
    assert text.count(r"\begin{longtable}") == text.count(r"\end{longtable}") == text.count(r"\begingroup") == 1
    columns = re.findall(r"p\{([\d.]+)\\linewidth\}", text.splitlines()[2])
    assert len(columns) == 3
    assert sum(map(float, columns)) + 2 * len(columns) * 0.01 <= 1  # as wide as the page's text
    body = text[text.index(r"\endfoot") : text.index(r"\end{longtable}")]
    assert {line.count(" & ") for line in body.splitlines() if line.endswith(r"\\")} == {2}
    assert not re.search(r"(?<!\\)[%#]", text.partition("\n")[2])
    bare = re.sub(r"\\[{}]", "", text)
    assert bare.count("{") == bare.count("}")
    assert "make no comparison" in run("export", "-", "use_case:churn", "--format", "latex", code=2)


# ── digest, care, serve, options ──────────────────────────────────────────────────────────────────────────────────


def test_a_digest_says_what_happened_since_a_day(run: Run) -> None:
    run("observe", "openai/gpt-4.1@2025-04-14", "2026-12-24", "--reason", "a letter")
    found: Any = json.loads(run("digest", "--since", "2026-11-16", "--json"))
    assert [(m["key"], m["before"], m["after"]) for m in found["moved"]] == [
        ("openai/gpt-4.1@2025-04-14", "2027-01-14", "2026-12-24")
    ]
    assert found["done"][-1]["why"] == "a letter"
    news = {(f["rule"], f["use_case"]): f["new"] for f in found["findings"]}
    assert news["stopped", "claims-extraction"] is True  # it stopped on the 19th
    assert news["late", "support-assistant"] is False
    said = run("digest", "--since", "2026-11-16")
    assert "- **new** stopped: claims-extraction" in said
    assert "a letter" not in run("digest", "--since", "2026-11-23")


def test_a_digest_finds_stale_evidence_as_next_does(run: Run) -> None:
    run("upgrade", "check", "support-assistant")
    run("observe", "azure-openai/gpt-4o@2024-05-13", "2027-01-14")
    for command in (("next", "--limit", "50"), ("digest", "--since", "2026-11-16")):
        found = json.loads(run(*command, "--json"))["findings"]
        assert "stale_evidence" in {f["rule"] for f in found if f["use_case"] == "support-assistant"}, command


def test_compacting_folds_the_journal(run: Run, demo_path: Path) -> None:
    run("use-case", "add", "u")
    answer = json.loads(run("doctor", "--compact", "--json"))
    assert answer["before"] >= answer["after"] == demo_path.stat().st_size
    assert not demo_path.with_name("catalog.json.journal").exists()
    assert "All is well" in run("doctor")


def test_serve_says_what_is_missing_and_opens_the_same_catalog(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "textual_serve.server", None)
    assert "pip install 'modeltui[serve]'" in run("serve", code=2)
    assert "is no port" in run("serve", "--port", "x", code=2)
    line = command_of(Options(store=Path("a b.json"), today=TODAY, actor="me", offline=True))
    assert line.endswith("-m tui.cli --store 'a b.json' --today 2026-11-23 --as me --offline")


def test_what_serve_starts_shows_the_app_to_a_browser(demo_path: Path) -> None:
    """As textual-serve does it: the app without a terminal, its screen as packets on standard output."""
    options = Options(store=demo_path, today=TODAY, offline=True)
    env = os.environ | {"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver", "COLUMNS": "120", "ROWS": "40"}
    with subprocess.Popen(
        shlex.split(command_of(options)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env
    ) as app:
        assert app.stdout is not None
        shown = b""
        while b"support-assistant" not in shown and (more := app.stdout.read1(65536)):
            shown += more
        app.terminate()
        _, said = app.communicate(timeout=30)
    assert shown.startswith(b"__GANGLION__")
    assert b"support-assistant" in shown, said


def test_quiet_leaves_json_and_errors(run: Run) -> None:
    assert run("use-case", "add", "u", "--quiet") == ""
    assert run("check", "--quiet", code=1) == ""
    assert json.loads(run("use-case", "show", "u", "--json", "--quiet"))["use_cases"][0]["name"] == "u"
    assert "there is no use case" in run("use-case", "show", "nobody", "--quiet", code=2)


def test_verbose_names_what_is_opened_and_asked_without_secrets(
    run: Run, capsys: pytest.CaptureFixture[str], demo_path: Path
) -> None:
    main(["use-case", "show", "churn", "--verbose"])
    assert f"modeltui: catalog {demo_path}" in capsys.readouterr().err
    transport = httpx.MockTransport(lambda _: httpx.Response(204))
    with httpx.Client(transport=transport) as client:
        client.get(
            "https://user:hidden@registry.example/api/2.0?token=hidden", headers={"Authorization": "Bearer hidden"}
        )
    said = capsys.readouterr().err
    assert said == "modeltui: GET https://registry.example/api/2.0 204\n"


def kept() -> str | None:
    return kept_line(Options(today=TODAY))


def test_the_prompt_line_is_kept_until_something_changes(
    run: Run, demo_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run("next", "--short")
    assert first == "claims-extraction stopped 4 d ago +4\n"
    with monkeypatch.context() as patched:
        patched.setattr("tui.commands.read.open_catalog", None)  # the second one does not open the catalog
        assert run("next", "--short") == first
    assert run("next", "--short", "--today", "2026-11-24") != first
    assert kept() is None
    run("next", "--short")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "ours.toml").write_text("", "utf-8")
    assert kept() is None  # how long an upgrade takes may be another
    run("next", "--short")
    os.utime(demo_path, ns=(0, 0))
    assert kept() is None  # the file is another one


def test_an_edit_keeps_the_prompt_line_of_what_it_made(run: Run, demo_path: Path) -> None:
    run("use-case", "remove", "claims-extraction")
    assert kept() == "support-assistant late 51 d +3"
    with Catalog.open(demo_path, actor="bob") as elsewhere:
        run("undo")
        assert kept() == "claims-extraction stopped 4 d ago +4"
        run("use-case", "add", "new")
        assert elsewhere.refresh()
        assert kept() == "claims-extraction stopped 4 d ago +4"
        elsewhere.remove_use_case("claims-extraction")
        assert kept() is None  # whoever knows nothing of prompts keeps none
    assert run("next", "--short") == "support-assistant late 51 d +3\n"


def test_every_command_s_help_has_its_example_and_every_shell_completes_it(run: Run) -> None:
    shells = {shell: run("completion", shell) for shell in ("bash", "zsh", "fish")}
    for name, entry in COMMANDS.items():
        assert entry.example in run(*name.split(), "--help"), name
        assert all(name.split()[-1] in script for script in shells.values()), name
    assert all("baseline" in script and "quiet" in script for script in shells.values())


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("li", "list"),
        ("--store x.json li", "list"),
        ("--store cat", ""),  # a file: the shell's own completion
        ("upgrade sh", "show"),
        ("check --format ", "text json github junit sarif"),
        ("check --fail-on er", "error"),
        ("check --output x", ""),
        ("check --fa", "--fail-on"),
        ("registries add ml ml", "mlflow mlmd"),
        ("help q", "query"),
    ],
)
def test_bash_completes(completions: Path, typed: str, offered: str) -> None:
    words = ["modeltui", *typed.split(" ")]
    line = f"source {completions}; COMP_WORDS=({' '.join(map(repr, words))}); COMP_CWORD={len(words) - 1}; _modeltui; "
    done = subprocess.run(
        ["bash", "-c", line + 'echo "${COMPREPLY[*]}"'], capture_output=True, text=True, check=True, timeout=30
    )
    assert (done.stdout.strip(), done.stderr) == (offered, "")


@pytest.fixture(scope="module")
def completions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("completion") / "modeltui.bash"
    with path.open("w") as file, contextlib.redirect_stdout(file):
        assert main(["completion", "bash"]) == 0
    return path


def test_help_knows_topics_and_names_every_field(run: Run, demo_path: Path) -> None:
    told = run("help", "query")
    assert all(f"  {name} " in told for name in FIELDS)
    assert "130  interrupted" in run("help", "exit-codes")
    assert str(demo_path) in run("help", "files")
    assert "next --short" in run("help", "prompt")
    kinds = run("help", "kinds")
    for kind in map(adapter, KINDS):
        assert f"{kind.kind}: {kind.title}" in kinds
        assert all(f"--set {name} " in kinds for name in kind.settings)
        assert all(f"--secret {name} " in kinds for name in kind.secrets)
    assert run("help", "list") == run("list", "--help")
    assert "did you mean query or" in run("help", "qurey", code=2)
