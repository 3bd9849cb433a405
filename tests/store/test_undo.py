"""Taking back what was changed or needed by others since, and commands that meet an edit of somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from store import checkup
from store.catalog import Catalog, CommandError, fixed_clock
from store.changes import Conflict, NotTakenBack, Settled
from store.engine import new_uid
from store.records import UseCase

TODAY = date(2026, 11, 23)


def opened(path: Path, actor: str) -> Catalog:
    return Catalog.open(path, actor=actor, clock=fixed_clock(TODAY))


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Catalog, Catalog]]:
    """Ann and Bob have one file open."""
    path = tmp_path / "catalog.json"
    with opened(path, "ann") as ann, opened(path, "bob") as bob:
        ann.add_use_case(UseCase(new_uid(), "support", owner="ann"))
        bob.refresh()
        yield ann, bob


def titled(catalog: Catalog, title: str, **more: str) -> None:
    catalog.refresh()
    now = catalog.use_case("support")
    catalog.edit_use_case(replace(now, title=title, **more), now)


def test_all_fields_that_both_changed_are_one_question_and_the_answer_decides(both: tuple[Catalog, Catalog]) -> None:
    ann, bob = both
    for mine, title, note in ((True, "ann's", "n1"), (False, "bob's", "n2")):
        base = ann.use_case("support")
        titled(bob, "bob's", owner="bob", approver=note)
        edited = replace(base, title="ann's", owner="eve", note=note)
        with pytest.raises(Conflict, match="1 more field as well") as caught:
            ann.edit_use_case(edited, base)
        assert {(c.field, c.mine, c.theirs) for c in caught.value.clashes} == {
            ("title", "ann's", "bob's"), ("owner", "eve", "bob"),
        }  # fmt: skip
        with ann.settling(Settled(caught.value.clashes, mine)):
            ann.edit_use_case(edited, base)
        now = ann.use_case("support")
        assert (now.title, now.note, now.approver) == (title, note, note), "the other fields are those of both"
        last = ann.last_change("support", "approver")
        assert last is not None
        assert last.actor == "bob"
        titled(ann, "back", owner="ann")
        bob.refresh()


def test_an_answer_holds_only_for_what_was_shown(both: tuple[Catalog, Catalog]) -> None:
    ann, bob = both
    base = ann.use_case("support")
    titled(bob, "one")
    with pytest.raises(Conflict) as caught:
        ann.edit_use_case(replace(base, title="mine"), base)
    titled(bob, "two")
    with ann.settling(Settled(caught.value.clashes, mine=True)), pytest.raises(Conflict, match="'two'"):
        ann.edit_use_case(replace(base, title="mine"), base)
    with pytest.raises(Conflict):
        ann.edit_use_case(replace(base, title="mine"), base)  # the answer is not remembered


def test_undo_of_what_was_changed_since_says_so_and_can_leave_it(both: tuple[Catalog, Catalog]) -> None:
    ann, bob = both
    titled(ann, "first", note="n")
    titled(bob, "second")
    with pytest.raises(NotTakenBack, match="'title' of support is 'second' now, not the 'first' it set") as caught:
        ann.undo()
    with ann.settling(Settled(caught.value.clashes, mine=False)):
        ann.undo()
    assert (ann.use_case("support").title, ann.use_case("support").note) == ("second", "")
    ann.redo()
    assert (ann.use_case("support").title, ann.use_case("support").note) == ("second", "n")
    ann.undo()
    with pytest.raises(NotTakenBack) as again:
        ann.undo()
    with ann.settling(Settled(again.value.clashes, mine=True)):
        ann.undo()
    assert not ann.use_cases, "all the same: the use case that the others edited is gone"
    assert ann.redo() is not None


def test_undo_leaves_no_name_without_its_record_and_goes_on_behind_it(both: tuple[Catalog, Catalog]) -> None:
    ann, bob = both
    ann.register("own/other@1")
    ann.register("own/x@1")
    bob.refresh()
    bob.assign("support", "own/x@1", stage="Staging")
    with pytest.raises(NotTakenBack, match=r"own/x@1 cannot go: it is named by support · own/x@1") as caught:
        ann.undo()
    for mine in (True, False):
        with ann.settling(Settled(caught.value.clashes, mine)):
            if mine:
                with pytest.raises(NotTakenBack):
                    ann.undo()
            else:
                passed = ann.undo()
    assert passed is not None
    assert not passed.changes
    assert "own/x@1" in ann.versions
    ann.undo()
    assert "own/other@1" not in ann.versions, "undo went on with the one before"
    assert list(checkup.faults(ann)) == []


def test_redo_of_a_run_whose_version_is_gone_is_refused(both: tuple[Catalog, Catalog]) -> None:
    ann, bob = both
    bob.register("own/x@1")
    ann.refresh()
    ann.assign("support", "own/x@1")
    ann.undo()
    bob.delete_version("own/x@1")
    with pytest.raises(NotTakenBack, match="names own/x@1, which is not in the catalog"):
        ann.redo()
    assert list(checkup.faults(ann)) == []


def test_a_name_that_was_given_again_is_not_taken_by_undo(both: tuple[Catalog, Catalog]) -> None:
    ann, bob = both
    ann.remove_use_case("support")
    bob.add_use_case(UseCase(new_uid(), "support", owner="bob"))
    with pytest.raises(NotTakenBack, match="support is there already"):
        ann.undo()
    assert ann.use_case("support").owner == "bob"


def test_what_another_process_just_began_to_use_cannot_be_deleted(both: tuple[Catalog, Catalog]) -> None:
    ann, bob = both  # neither looks before a command: that sees what is on the disk
    ann.register("own/x@1")
    bob.assign("support", "own/x@1", stage="Staging")
    with pytest.raises(CommandError, match="cannot be deleted: support names it"):
        ann.delete_version("own/x@1")
    ann.register("own/y@1")
    ann.delete_version("own/y@1")
    with pytest.raises(CommandError, match="there is no version 'own/y@1'"):
        bob.assign("support", "own/y@1")
