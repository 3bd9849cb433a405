"""Own templates: what people write is checked, an upgrade keeps the version it was made from."""

from __future__ import annotations

import random
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pytest

from store import reference
from store.catalog import Catalog, CommandError, UnknownName
from store.engine import new_uid
from store.records import Deployment, UseCase, Version, from_doc
from store.review.breakage import RISK_ITEM
from store.review.context import BRIEF, brief, context
from store.templates import TemplateError, check, draft, library, read, uncovered

TODAY = date(2026, 11, 23)
OLD, NEW = "azure-openai/gpt-4o@2024-05-13", "azure-openai/gpt-4.1@2025-04-14"
PLAIN, REASONING = "openai/gpt-4.1@2025-04-14", "openai/o3@2025-04-16"
ITEM = '[[extra]]\nid = "MY1"\nphase = "Assess"\ntitle = "Ask the works council"\n'
GOOD = 'title = "Ours"\nonly = ["A01", "T02", "MY1"]\n[durations]\nassess = 9\n' + ITEM


@pytest.fixture
def own(catalog: Catalog, tmp_path: Path) -> Path:
    """A directory of own templates, known to a catalog with a use case that runs."""
    directory = tmp_path / "templates"
    directory.mkdir()
    catalog.template_directory = directory
    catalog.add_use_case(UseCase(new_uid(), "support", owner="ann"))
    place = Deployment(new_uid(), "ptu", platform="azure", sku="GlobalProvisionedManaged")
    catalog.assign("support", OLD, deployment="ptu", place=place)
    return directory


def own_ids(catalog: Catalog) -> set[str]:
    """The items of the template, without those that break risks of the target add."""
    return {name for name in catalog.upgrade("support").items if not name.startswith(RISK_ITEM)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('titel = "x"', "unknown field 'titel'; did you mean title?"),
        (ITEM + 'sgner = "x"', "the item MY1 has an unknown field 'sgner'; did you mean signer?"),
        (ITEM + 'applies_when = "platform = azure"', "applies_when of the item MY1 cannot be read: .*'=='"),
        (ITEM + 'applies_when = "from.reasonin == true"', "applies_when of the item MY1 cannot be read: .*reasoning"),
        (ITEM + 'after = ["MY2"]\n' + ITEM.replace("MY1", "MY2") + 'after = ["MY1"]', "wait for each other: MY1 → MY2"),
        (ITEM + 'after = ["Z99"]', "MY1 comes after Z99, which is not in this checklist"),
        ('only = ["A01", "D0"]', "'only' names an unknown item 'D0'"),
        ('omit = ["D011"]', "'omit' names an unknown item 'D011'; did you mean D01"),
        ('only = ["A01"]\nomit = ["A02"]', "both 'only' and 'omit'"),
        ('only = ["A01"]\n' + ITEM, "MY1 is described, but 'only' does not name it"),
        (ITEM.replace("MY1", "D01"), "D01 is an item of the shipped checklist already"),
        (ITEM + ITEM, "two items MY1"),
        (ITEM.replace("Assess", "Later"), "no phase 'Later'"),
        (ITEM + 'check = "verdikt"', "unknown check 'verdikt'; did you mean verdict?"),
        (ITEM + 'gate = "open"', "no gate 'open'"),
        (ITEM + "offset = true", "'offset' of the item MY1 is True: write a whole number"),
        ("[durations]\nadpt = 3", r"\[durations\] has an unknown step 'adpt'; did you mean adapt?"),
        ("[durations]\nadapt = -3", "'adapt' of .* is -3"),
        ('[context]\nplattform = ["azure"]', r"\[context\] has an unknown name 'plattform'; did you mean platform"),
        ('[context]\nplatform = "azure"', "write a list of values"),
        ('[covers]\nupdate_code = ["Z1"]', "names 'Z1', which is no item of this template"),
        ('name = "No Name"', "'No Name' is no name"),
        ("title = ", "is no valid TOML"),
        ('extra = ["x"]', "write a table"),
    ],
)
def test_what_is_wrong_in_a_template_is_said_in_one_sentence(text: str, words: str) -> None:
    with pytest.raises(TemplateError, match=words) as caught:
        check(text.encode(), Path("ours.toml"))
    assert str(caught.value).startswith("ours.toml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("times", [150, pytest.param(10_000, marks=pytest.mark.soak)])
def test_a_mutilated_template_is_read_or_refused_in_one_sentence(times: int) -> None:
    chance = random.Random(7)
    sources = [reference.template_source(name) for name in reference.templates()]
    pieces = [
        "", "", '"', "[", "]", "=", "\n", "true", "-1", "1e999", "nan", "1979-05-27", "[[extra]]", "[covers]", "9" * 30,
        "'", "\0", "not not", "é", "only", "[durations]", "check = 1", "after = []", "\\",
    ]  # fmt: skip
    good, refused = 0, []
    for _ in range(times):
        text = chance.choice(sources)
        for _ in range(chance.randint(1, 5)):
            at = chance.randrange(len(text) + 1)
            text = (
                text[:at] + (chance.choice(pieces) if chance.random() < 0.6 else "") + text[at + chance.randint(0, 9) :]
            )
        try:
            good += bool(check(text.encode(), Path("ours.toml")).items())
        except TemplateError as error:
            refused.append(str(error))
    assert good + len(refused) == times
    assert good
    assert refused
    assert not [said for said in refused if "\n" in said]


def test_bytes_that_are_no_text_and_a_file_that_is_not_there() -> None:
    with pytest.raises(TemplateError, match="not UTF-8"):
        check(b"\xff\xfe", Path("x.toml"))
    with pytest.raises(TemplateError, match="cannot be read: no such file"):
        read(Path("nowhere.toml"))
    assert check(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode(), Path("ours.toml")).name == "ours"


def test_every_shipped_template_passes_the_check_and_can_be_begun_from() -> None:
    for name, template in reference.templates().items():
        source = reference.template_source(name)
        assert check(source.encode(), Path(f"{name}.toml")).items() == template.items()
        mine = check(draft("mine", template, source).encode(), Path("mine.toml"))
        assert (mine.name, mine.items(), uncovered(mine)) == ("mine", template.items(), [])
    with pytest.raises(TemplateError, match="no name of a template"):
        draft("../x", reference.templates()["short"], "")


def test_a_broken_file_is_set_aside_and_an_own_one_stands_in_for_a_shipped_one(own: Path) -> None:
    (own / "ours.toml").write_text(GOOD)
    (own / "bad.toml").write_text("titel = 1")
    (own / "short.toml").write_text('title = "Our short one"\nonly = ["A01", "V01"]\n')
    known = library(own)
    assert known.found["short"].title == "Our short one"
    assert [path.name for path in known.broken] == ["bad.toml"]
    assert set(known.own) == {"ours", "short"}
    (own / "twice.toml").write_text('name = "ours"\n' + GOOD)
    assert any("has the name 'ours' already" in why for why in library(own).broken.values())


def test_the_own_template_whose_context_fits_goes_first_and_a_broken_one_is_not_passed_over(
    own: Path, catalog: Catalog
) -> None:
    (own / "ours.toml").write_text(GOOD.replace("[durations]", '[context]\nplatform = ["azure"]\n[durations]'))
    (own / "bad.toml").write_text("titel = 1")
    with pytest.raises(TemplateError, match=r"bad.toml.*correct it, or name a template"):
        catalog.start_upgrade("support", NEW)
    with pytest.raises(TemplateError, match="titel"):
        catalog.start_upgrade("support", NEW, template="bad")
    with pytest.raises(UnknownName, match=r"no template 'nope'; there are .*ours"):
        catalog.start_upgrade("support", NEW, template="nope")
    assert not list(catalog.upgrades.records())
    (own / "bad.toml").unlink()
    catalog.start_upgrade("support", NEW)
    upgrade = catalog.upgrade("support")
    assert (upgrade.template, own_ids(catalog)) == ("ours", {"A01", "MY1"})
    assert upgrade.durations == asdict(catalog.template("ours").durations)


def test_an_upgrade_keeps_its_template_version_until_the_newer_one_is_taken_over(own: Path, catalog: Catalog) -> None:
    file = own / "ours.toml"
    file.write_text(GOOD)
    catalog.start_upgrade("support", PLAIN, template="ours")
    uid = catalog.upgrade("support").uid
    before = catalog.plan_of(catalog.upgrade("support"))
    catalog.tick_item(uid, "MY1", "agreed")
    file.write_text('title = "Ours"\nonly = ["A01", "D01"]\n[durations]\nassess = 30\n')
    kept = catalog.upgrade("support")
    assert (newer := catalog.newer_template(kept)) is not None
    assert newer.hash != kept.template_hash
    assert before is not None
    assert catalog.plan_of(kept) == before, "its days are those of its own version"
    assert "T02" not in kept.items
    catalog.set_target(uid, REASONING)
    assert "T02" in catalog.upgrade("support").items, "of its own version, though the file no longer has it"
    file.unlink()
    catalog.set_target(uid, PLAIN)
    assert own_ids(catalog) == {"A01", "MY1"}

    file.write_text('title = "Ours"\nonly = ["A01", "D01"]\n[durations]\nassess = 30\n')
    catalog.set_template(uid)
    taken = catalog.upgrade("support")
    assert own_ids(catalog) == {"A01", "D01", "MY1"}, "what was worked on stays"
    assert taken.items["MY1"].state == "done"
    assert catalog.newer_template(taken) is None
    after = catalog.plan_of(taken)
    assert after is not None
    assert after.start_in == before.start_in - 21
    with pytest.raises(CommandError, match="already"):
        catalog.set_template(uid)
    catalog.undo()
    assert own_ids(catalog) == {"A01", "MY1"}


def test_catalog_checklist_and_plan_count_the_same_days(own: Path, catalog: Catalog) -> None:
    from store.review.status import status

    (own / "ours.toml").write_text(GOOD.replace("[durations]", '[context]\nplatform = ["azure"]\n[durations]'))
    run = next(a for a in catalog.runs_in("support"))
    before = status(run, catalog.snapshot(), catalog.today)
    assert before.plan is not None
    assert before.plan.durations.assess == 9, "the template that would apply"
    catalog.start_upgrade("support", NEW)
    upgrade = catalog.upgrade("support")
    assert catalog.plan_of(upgrade) == status(run, catalog.snapshot(), catalog.today).plan
    catalog.set_template(upgrade.uid, "short")
    assert catalog.plan_of(catalog.upgrade("support")) == status(run, catalog.snapshot(), catalog.today).plan
    catalog.set_target(upgrade.uid, "")
    assert catalog.plan_of(catalog.upgrade("support")) == status(run, catalog.snapshot(), catalog.today).plan


def test_what_many_rows_choose_by_is_what_one_upgrade_chooses_by() -> None:
    known = [from_doc(Version, doc) for doc in reference.version_docs()][::37]
    places = [None, *(Deployment("d", "d", platform="azure", sku=sku) for sku in ("Standard", "GlobalBatch", ""))]
    for version in known:
        for place in places:
            for weight in ("low", "high", None):
                use_case = UseCase("u", "u", criticality=weight)
                whole, short = context(use_case, version, None, place), brief(use_case, version, place)
                assert short == {name: whole[name] for name in BRIEF}
                assert reference.template_for(short) == reference.template_for(whole)
