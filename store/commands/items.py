"""Commands on the items of a running checklist: step, tick, evidence, waive, not applicable, sign.

Whatever settles an item keeps the hashes of what it rests on, so that it reads stale when one of them changes
(DECISIONS 9). Who acts is the catalog's actor; a waiver may name another person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Literal

from store import review
from store.commands.rollout import RolloutCommands
from store.engine import CommandError, UnknownName
from store.records import Event, Evidence, Item, ItemState, Snapshot, Upgrade
from store.review import items
from store.review.lifecycle import lifecycle

if TYPE_CHECKING:
    from store.review.comparison import Comparison
    from store.review.record_seal import Form
    from store.review.verdict import Verdict
    from store.scan import Hit, Scan

REGISTER, LEFTOVERS = ("D01", "S04"), ("X02", "S06")
"""The items that a scan is evidence for: register every use, and search for leftovers (in `short`: its nearest)."""
Shown = tuple[Literal["link", "file"], str, str]
"""A piece of evidence as given: its kind, the address or the file's name, the file's SHA-256 or ""."""
MAX_LISTED = 20
"""Places that the evidence of a scan names; the rest is counted."""


def scan_evidence(found: Scan, places: Sequence[Hit], key: str) -> str:
    """What a scan found about one version, in one line."""
    where = ", ".join(found.paths)
    cut = f"; {found.cut}" if found.cut else ""
    cut += f"; {found.unread} not read (too large, or no right to)" if found.unread else ""
    if not places:
        return f"scan of {where}: no place names {key}, {found.files} files read{cut}"
    listed = ", ".join(f"{hit.path}:{hit.line} {hit.literal}" for hit in places[:MAX_LISTED])
    more = f" and {len(places) - MAX_LISTED} more" if len(places) > MAX_LISTED else ""
    count = "1 place" if len(places) == 1 else f"{len(places)} places"
    return f"scan of {where}: {count} in {found.files} files: {listed}{more}{cut}"


class ItemCommands(RolloutCommands):
    """What may be done to one item of an upgrade; each raises `CommandError` where the item does not allow it."""

    def inputs(self, uid: str) -> dict[str, str]:
        """The inputs of an upgrade with their hashes as of now: what staleness is judged by."""
        return review.checks.inputs_now(self._open_upgrade(uid), self.snapshot(), self.today)

    def step_item(self, uid: str, item_id: str, seen: ItemState | None = None) -> Event | None:
        """The next ordinary state: to do, under way, done, and open again.

        `seen` is the state that whoever steps it had before their eyes: where somebody else has moved it on meanwhile,
        nothing is written, so that what they did is not undone by the same key.
        """
        upgrade = self._open_upgrade(uid)
        if seen is not None and item_id in upgrade.items and upgrade.items[item_id].state != seen:
            raise CommandError(self._changed_meanwhile(uid, item_id))
        rests, now = self._rests_on(uid, item_id), self._now()
        return self.change_item(uid, item_id, lambda i: items.step(i, by=self.actor, at=now, inputs=rests), "step")

    def tick_item(self, uid: str, item_id: str, note: str = "", shown: Sequence[Shown] = ()) -> Event | None:
        """Done, with a note as its evidence, and with links and files before it; one event."""
        rests, now = self._rests_on(uid, item_id), self._now()

        def done(item: Item) -> Item:
            for kind, text, file_hash in shown:
                item = items.add_evidence(item, Evidence(kind, text.strip(), now, self.actor, file_hash, rests))
            return items.tick(item, by=self.actor, at=now, note=note, inputs=rests)

        return self.change_item(uid, item_id, done, "tick", note)

    def reopen_item(self, uid: str, item_id: str, why: str = "") -> Event | None:
        """Back to do; evidence stays, waiver, reason and signature go."""
        return self.change_item(uid, item_id, items.reopen, "reopen", why)

    def block_item(self, uid: str, item_id: str, why: str) -> Event | None:
        """Something stands in the way of an item."""
        return self.change_item(uid, item_id, lambda i: items.block(i, why), "block", why)

    def add_evidence(
        self, uid: str, item_id: str, kind: Literal["note", "link", "file"], text: str, file_hash: str = ""
    ) -> Event | None:
        """What shows that an item is done; `file_hash` is the SHA-256 of a file, which itself is not kept."""
        shown = Evidence(kind, text.strip(), self._now(), self.actor, file_hash, self._rests_on(uid, item_id))
        return self.change_item(uid, item_id, lambda i: items.add_evidence(i, shown), "add evidence to")

    def comment_item(self, uid: str, item_id: str, text: str) -> Event | None:
        """A remark that proves nothing."""
        now = self._now()
        return self.change_item(uid, item_id, lambda i: items.comment(i, by=self.actor, at=now, text=text), "comment")

    def give_item(self, uid: str, item_id: str, owner: str) -> Event | None:
        """Say who does an item; empty for nobody yet."""
        return self.change_item(uid, item_id, lambda i: items.assign_to(i, owner), "give")

    def waive_item(self, uid: str, item_id: str, *, by: str, why: str, until: date | None) -> Event | None:
        """A named person accepts that an item stays open, for a reason, up to and including a day."""
        now = self._now()
        return self.change_item(
            uid, item_id, lambda i: items.waive(i, by=by, why=why, at=now, until=until), "waive", why
        )

    def skip_item(self, uid: str, item_id: str, why: str) -> Event | None:
        """An item has no meaning here."""
        return self.change_item(uid, item_id, lambda i: items.not_applicable(i, why), "not applicable:", why)

    def sign_item(self, uid: str, item_id: str) -> Event | None:
        """The actor stands for a settled item; where the policy asks for two persons, the author may not."""
        upgrade, now = self._open_upgrade(uid), self._now()
        use_case = self.use_cases.get(upgrade.use_case)
        author = upgrade.author if use_case is not None and use_case.criteria.two_persons else ""
        return self.change_item(uid, item_id, lambda i: items.sign(i, by=self.actor, at=now, not_by=author), "sign")

    def attach_scan(self, uid: str, found: Scan) -> tuple[Event | None, str]:
        """Keep what a scan found as evidence; the event, and the item that has it ("" where none fits).

        Before the switch it goes to the item that registers every use. Afterwards a scan that read everything and
        finds no version by its own id is evidence that the old id is gone; any other is a remark there.
        """
        upgrade, now = self._open_upgrade(uid), self._now()
        item_id, places = self.scan_for(upgrade, found)
        if not item_id:
            return None, ""
        told = scan_evidence(found, places, upgrade.from_version)
        if upgrade.state == "promoted" and (places or found.cut or found.unread):
            event = self.change_item(
                uid, item_id, lambda i: items.comment(i, by=self.actor, at=now, text=told), "comment"
            )
            return event, item_id
        shown = Evidence("check", told, now, self.actor, found.hash, self._rests_on(uid, item_id))
        return self.change_item(uid, item_id, lambda i: items.add_evidence(i, shown), "attach scan to"), item_id

    @staticmethod
    def scan_for(upgrade: Upgrade, found: Scan) -> tuple[str, list[Hit]]:
        """The item that a scan is about, "" where there is none, and the places that count there.

        Registering takes every name of the old version and its deployment; afterwards only its own ids are leftovers.
        """
        over = upgrade.state == "promoted"
        item_id = next((name for name in (LEFTOVERS if over else REGISTER) if name in upgrade.items), "")
        if not over:
            return item_id, found.naming([upgrade.from_version], upgrade.deployment)
        return item_id, [hit for hit in found.naming([upgrade.from_version]) if hit.known.kind == "version"]

    # ── checks, verdict, record ──

    def run_checks(self, uid: str, verdict: str | None = None) -> Event | None:
        """Run the automatic checks and keep their results as evidence; what passes is done.

        `verdict` is the gate's word for this move where the caller has one; else the gate is asked.
        """
        upgrade = self._open_upgrade(uid)
        found = None if verdict is not None else self.verdict_of(upgrade)
        word = found.verdict if found is not None else verdict
        now = self._now()
        results = review.checks.run_checks(upgrade, self.snapshot(), self.today, word)
        if found is not None:
            asked = {i.id for i in upgrade.items.values() if i.check == "verdict"}
            told = {item_id: f"{results[item_id].text}: {found.reason}" for item_id in asked}
            results |= {item_id: replace(results[item_id], text=text) for item_id, text in told.items()}
        after = dict(upgrade.items)
        for item_id, result in results.items():
            after[item_id] = review.checks.take_result(after[item_id], result, now)
        checked = replace(upgrade, items=after)
        use_case = self.use_cases.get(upgrade.use_case)
        policy = found.criteria if found is not None else use_case.criteria if use_case is not None else None
        if word is not None and (word, policy) != (upgrade.verdict, upgrade.criteria):
            checked = replace(checked, verdict=word, verdict_at=now, criteria=policy)
        with self.command(f"run checks of {upgrade.use_case}") as draft:
            draft.put(checked, upgrade)
        return draft.event

    def verdict_of(self, upgrade: Upgrade) -> Verdict | None:
        """The gate's verdict on the move, by the policy of its use case; None while one of the two is not known.

        May take seconds where per-item results are compared: call it off the event loop.
        """
        records = self.snapshot()
        old, new = records.versions.get(upgrade.from_version), records.versions.get(upgrade.to_version)
        use_case = records.use_cases.get(upgrade.use_case)
        if old is None or new is None or use_case is None:
            return None
        place = self.deployments.get(upgrade.deployment)
        cost = review.costs.cost_in_place(new, old, use_case, place, records.measurements, records.metrics)
        return review.verdict.gate(
            old, new, records.measurements, records.metrics, use_case.criteria, self.today,
            use_case=use_case, waivers=upgrade.waivers, ranges=review.costs.budget_ranges(cost),
        )  # fmt: skip

    def change_record(self, uid: str, form: Form = "md") -> str:
        """The sealed change record of an upgrade, with its comparison, plan, and the verdict with its reasons.

        `form` is md, html (one file that needs no network) or json. The same records give the same bytes.

        Raises:
            UnknownName: there is no such upgrade.
        """
        upgrade = self.upgrades.get(uid)
        if upgrade is None:
            raise UnknownName(f"there is no upgrade '{uid}'")
        records = self.snapshot()
        judged = self.verdict_of(upgrade) if upgrade.state == "open" else None
        word = None if judged is None else judged.verdict
        reasons = () if judged is None else [f"{row.metric or row.verdict}: {row.reason}" for row in judged.rows]
        events, compared = self.events(naming=upgrade.use_case), self._compared(upgrade, records)
        way, promised = self.plan_of(upgrade), self.promises_of(upgrade)
        evidence = review.record_seal.evidence_files(upgrade)
        if form == "json":
            told = review.record_json.plain_record(
                upgrade, records, events, self.today, word, compared, reasons, way, promised
            )
            return review.record_seal.sealed_json(told, evidence)
        text = review.record.change_record(upgrade, records, events, self.today, word, compared, reasons, way, promised)
        return review.record_seal.seal(text if form == "md" else review.record_html.page(text), evidence)

    def promises_of(self, upgrade: Upgrade) -> list[str]:
        """What the provider of the version that is left promises, in words with sources."""
        from store.promises import promises

        old, place = self.versions.get(upgrade.from_version), self.deployments.get(upgrade.deployment)
        return [] if old is None else promises(old, place, lifecycle(old, self.today, place).status, self.today)

    def _compared(self, upgrade: Upgrade, records: Snapshot) -> Comparison | None:
        old, new = records.versions.get(upgrade.from_version), records.versions.get(upgrade.to_version)
        if old is None or new is None:
            return None
        use_case = records.use_cases.get(upgrade.use_case)
        return review.comparison.compare(
            [old, new], records.measurements, records.metrics, baseline=old.key, use_case=use_case
        )

    def _rests_on(self, uid: str, item_id: str) -> dict[str, str]:
        """What evidence given now rests on; nothing for an item that is not there, which `change_item` refuses."""
        item = self._open_upgrade(uid).items.get(item_id)
        return {} if item is None else review.checks.relied_on(item, self.inputs(uid))
