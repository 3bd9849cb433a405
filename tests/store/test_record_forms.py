"""The change record as Markdown, HTML and JSON: opened, parsed, sealed and verified; and what providers promise."""

from __future__ import annotations

import json
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest

from store.catalog import Catalog, fixed_clock
from store.promises import promises
from store.records import Deployment, Version
from store.review.record_html import page
from store.review.record_seal import Form, RecordError, seal, verify

TODAY = date(2026, 11, 23)
HOSTILE = '<script>alert("x")</script> | ** # --> &amp; `a`'


class Page(HTMLParser):
    """Collects tags, addresses and text, and fails on tags that do not close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def records(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[Form, str]:
    """The record of the demo's late upgrade in every form, with a file and a hostile note as evidence."""
    path = tmp_path_factory.mktemp("record") / "catalog.json"
    path.write_bytes(demo.read_bytes())
    with Catalog.open(path, actor="ann", clock=fixed_clock(TODAY)) as catalog:
        uid = catalog.upgrade("support-assistant").uid
        catalog.add_evidence(uid, "D02", "file", "in--ventory.csv", "5f1c" * 16)
        catalog.add_evidence(uid, "D02", "note", HOSTILE)
        forms: tuple[Form, ...] = ("md", "html", "json")
        made = {form: catalog.change_record(uid, form) for form in forms}
        assert made == {form: catalog.change_record(uid, form) for form in made}, "the same catalog, the same bytes"
    return made


def test_every_form_is_sealed_and_a_change_of_one_letter_shows(records: dict[Form, str]) -> None:
    for form, text in records.items():
        found = verify(text)
        assert (found.form, found.intact) == (form, True)
        assert found.evidence == {"in--ventory.csv": "5f1c" * 16}
        assert not verify(text.replace("support-assistant", "support-assistent", 1)).intact
        assert not verify(text.replace("5f1c5f1c", "5f1c5f1d")).intact
    assert verify(records["md"].replace("\n", "\r\n")).intact, "line ends that git changed are no change"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# a page", "no sealed change record"),
        ("{}", "it has no hash"),
        ('{"sha256": "x", "format": 9}', "format 9; this version reads format 1"),
        ('{"sha256": "x", "format": 1, "evidence": {}}', "it has other fields"),
        ("{", "cannot be read"),
        (seal("a", {}).replace('"evidence":{}', '"evidence":[]'), "evidence is no table"),
    ],
)
def test_what_is_no_record_is_said(text: str, words: str) -> None:
    with pytest.raises(RecordError, match=words):
        verify(text)


def test_the_html_is_one_file_without_network_that_says_what_the_markdown_says(records: dict[Form, str]) -> None:
    parsed = Page()
    parsed.feed(records["html"])
    assert parsed.open == []
    assert not {"script", "img", "link", "iframe"} & set(parsed.tags)
    assert all(link.startswith("https://") for link in parsed.links)
    assert "alert" in parsed.text, "as words"
    assert "default-src 'none'" in records["html"]
    assert [t for t in parsed.tags if t in ("h1", "h2")].count("h2") == records["md"].count("\n## ")
    assert parsed.tags.count("li") == sum(line.lstrip().startswith("- ") for line in records["md"].splitlines())
    for said in ("Change record: support-assistant", "GA versions live 18 months", "No abort rules are written down."):
        assert said in parsed.text


def test_the_json_has_all_parts(records: dict[Form, str]) -> None:
    told = json.loads(records["json"])["record"]
    assert told["upgrade"]["use_case"] == "support-assistant"
    assert told["plan"]["start_by"] == "2026-10-03"
    assert told["plan"]["start_in"] == -51
    assert told["dates"]["azure-openai/gpt-4o@2024-05-13"]["announced"] == "2026-12-09"
    assert told["upgrade"]["items"]["D02"]["evidence"][-1]["text"] == HOSTILE
    assert told["verdict"]["word"]
    assert told["comparison"]["rows"]
    assert told["events"]
    assert told["ran"]


def test_markdown_of_our_own_becomes_html_and_all_else_is_text() -> None:
    shown = page(
        "# A \\# b\n\nsee <https://x.example/?a=1&b=2> and **c \\*\\* d** `e<f`\n\n- [x] one\n  - two\n- three\n"
    )
    assert "<h1>A # b</h1>" in shown
    assert '<a href="https://x.example/?a=1&amp;b=2">' in shown
    assert "<strong>c ** d</strong> <code>e&lt;f</code>" in shown
    assert "<ul>\n<li>[x] one</li>\n<ul>\n<li>two</li>\n</ul>\n<li>three</li>\n</ul>" in shown
    assert "<script>" not in page("<script>x</script>")


def test_promises_are_those_in_force_for_what_it_is_and_where_it_runs() -> None:
    azure = Version("u", "azure-openai/gpt-4o@2024-05-13")
    ptu = Deployment("d", "d", platform="azure", sku="GlobalProvisionedManaged")
    said = "\n".join(promises(azure, ptu, "ga", TODAY))
    assert "GA versions live 18 months" in said
    assert "notice before retirement at least 60 days" in said
    assert "no extension of a date" in said
    assert "[AZ-POL, 2026-10-05]" in said
    assert "provisioned: stops on the day" in said
    assert "preview" not in said
    assert "Government" not in said
    standard = "\n".join(promises(azure, Deployment("d", "d", sku="GlobalStandard"), "preview", TODAY))
    assert "Global Standard: upgraded automatically on the day" in standard
    assert "preview versions live typically 90 days" in standard
    assert "GA versions" not in standard
    then = "\n".join(promises(azure, ptu, "ga", date(2025, 3, 1)))
    assert "GA versions live 12 months" in then
    assert "18 months" not in then
    assert promises(Version("u", "mlflow/churn@1", own=True), None, "ga", TODAY) == []
