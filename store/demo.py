"""The demo: a filled catalog that tells the same story every year.

Six use cases on real versions, with dates and prices as shipped; the owners, measurements and events are invented.
Everything is entered through the same commands as a user's own edits, on the days on which the story has them, and
the catalog's clock ends on the as-of day of the shipped facts.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from store import reference
from store.catalog import Catalog, fixed_clock
from store.engine import new_uid
from store.records import Criteria, Criterion, Deployment, Lineage, Measurement, UseCase
from store.review.items import tick, waive
from store.sync import load_reference

ACTOR = "demo"


def fill(path: Path, *, today: date | None = None) -> None:
    """Write the demo catalog to a new file; its story ends on `today` (default: the shipped facts' as-of day)."""
    end = today or reference.as_of()
    with Catalog.open(path, actor=ACTOR, clock=fixed_clock(end - timedelta(days=420))) as catalog:
        load_reference(catalog)
        story = Story(catalog, end)
        story.support()
        story.claims()
        story.code_review()
        story.contracts()
        story.product_search()
        story.churn()


class Story:
    """Enters the demo; `ago` counts days before its last day."""

    def __init__(self, catalog: Catalog, end: date) -> None:
        self.catalog = catalog
        self.end = end
        self._random = random.Random(20261123)

    @contextmanager
    def ago(self, days: int) -> Iterator[date]:
        """Act as of some days before the end."""
        day = self.end - timedelta(days=days)
        self.catalog.clock = fixed_clock(day)
        yield day
        self.catalog.clock = fixed_clock(self.end)

    # ── use cases ──

    def support(self) -> None:
        """Azure provisioned, late, with an upgrade half done."""
        old, new = "azure-openai/gpt-4o@2024-05-13", "azure-openai/gpt-5.4@2026-03-05"
        with self.ago(410):
            self._use_case(
                UseCase(
                    new_uid(), "support-assistant", title="Answers first-level questions", owner="support platform",
                    approver="head of support", criticality="normal", calls_per_month=420_000, tokens_in=1_400,
                    tokens_out=260, cached_share=0.3, retry_share=0.02, peak_tokens_per_minute=95_000,
                    uses=("tools", "structured_output"), modalities=("text",),
                    languages=4, headline="accuracy", regulated=False, user_facing=True, budgeted=True,
                    criteria=Criteria(metrics={
                        "accuracy": Criterion("critical", margin=0.02),
                        "hallucination_rate": Criterion("critical", ceiling=0.05),
                        "latency_p95_ms": Criterion("warn", relative=0.10),
                    }),
                )
            )  # fmt: skip
            place = Deployment(
                new_uid(), "support-ptu", platform="azure", region="swedencentral", sku="GlobalProvisionedManaged",
                units=50, unit_month=260, fine_tuned=False, upgrade_option_known=True,
            )  # fmt: skip
            self.catalog.assign("support-assistant", old, deployment="support-ptu", place=place, seen=True)
        with self.ago(20):
            self.catalog.start_upgrade("support-assistant", new, why="the old version stops on Azure")
            self._work_off("support-assistant", 11)
        with self.ago(6):
            right_before, right_after = self._pair(400, both=340, only_first=22, only_second=16)
            self._measure(old, "accuracy", "support-assistant", items=right_before, dataset="support-400")
            self._measure(new, "accuracy", "support-assistant", items=right_after, dataset="support-400")
            self._measure(old, "hallucination_rate", "support-assistant", 0.031, n=400, dataset="support-400")
            self._measure(new, "hallucination_rate", "support-assistant", 0.018, n=400, dataset="support-400")
            for key, mean in ((old, 610), (new, 520)):
                self._latency(key, "support-assistant", mean, "support-400")
            self._measure(old, "user_satisfaction", "support-assistant", 4.1, n=1_912, period="2026-10")
            self._measure(old, "savings_month", "support-assistant", 38_500, period="2026-10")
        upgrade = self.catalog.upgrade("support-assistant")
        self.catalog.set_target(upgrade.uid, new, why="planned again: the first plan had run out")

    def claims(self) -> None:
        """Azure standard, pinned: it stopped some days ago."""
        old, new = "azure-openai/o3@2025-04-16", "azure-openai/gpt-5.4-mini@2026-03-17"
        with self.ago(300):
            self._use_case(
                UseCase(
                    new_uid(), "claims-extraction", title="Reads damage reports", owner="claims automation",
                    criticality="high", calls_per_month=61_000, tokens_in=5_200, tokens_out=900,
                    cached_share=0.0, retry_share=0.01,
                    uses=("structured_output",), regulated=True, user_facing=False, headline="f1",
                )
            )  # fmt: skip
            place = Deployment(
                new_uid(), "claims-std", platform="azure", region="westeurope", sku="GlobalStandard",
                upgrade_option="NoAutoUpgrade", upgrade_option_known=True, fine_tuned=False,
            )  # fmt: skip
            self.catalog.assign("claims-extraction", old, deployment="claims-std", place=place, seen=True)
        with self.ago(60):
            for key, f1, p95 in ((old, 0.912, 8_400), (new, 0.921, 3_900)):
                self._measure(key, "f1", "claims-extraction", f1, n=250, dataset="claims-250")
                self._measure(key, "latency_p95_ms", "claims-extraction", p95, n=250, dataset="claims-250")

    def code_review(self) -> None:
        """OpenAI, low criticality: work must start within two weeks."""
        old, new = "openai/gpt-4.1@2025-04-14", "openai/gpt-5.4-mini@2026-03-17"
        with self.ago(250):
            self._use_case(
                UseCase(
                    new_uid(), "code-review", title="Comments on pull requests", owner="developer tools",
                    criticality="low", calls_per_month=9_500, tokens_in=7_800, tokens_out=640, uses=("tools",),
                    cached_share=0.4, retry_share=0.02,
                    regulated=False, user_facing=False, headline="pass_rate",
                )
            )  # fmt: skip
            self.catalog.assign("code-review", old, seen=True)
        with self.ago(45):
            for key, rate, speed in ((old, 0.64, 71.0), (new, 0.71, 118.0)):
                self._measure(key, "pass_rate", "code-review", rate, n=200, dataset="reviews-200")
                self._measure(key, "tokens_per_second", "code-review", speed, dataset="reviews-200")

    def contracts(self) -> None:
        """Anthropic, with a not-before date far enough away."""
        old, new = "anthropic/claude-sonnet-5", "anthropic/claude-opus-5"
        with self.ago(120):
            self._use_case(
                UseCase(
                    new_uid(), "contract-summaries", title="Summaries for the legal team", owner="legal operations",
                    criticality="normal", calls_per_month=3_200, tokens_in=21_000, tokens_out=1_500,
                    cached_share=0.0, retry_share=0.0,
                    regulated=True, user_facing=False, headline="accuracy",
                )
            )  # fmt: skip
            self.catalog.assign("contract-summaries", old, seen=True)
            for key, accuracy in ((old, 0.93), (new, 0.95)):
                self._measure(key, "accuracy", "contract-summaries", accuracy, n=120, dataset="contracts-120")
                self._measure(key, "error_rate", "contract-summaries", 0.004, n=120, dataset="contracts-120")

    def product_search(self) -> None:
        """A Google embedding model with years to go."""
        old, new = "google/gemini-embedding@001", "google/gemini-embedding-2"
        with self.ago(200):
            self._use_case(
                UseCase(
                    new_uid(), "product-search", title="Search over 1.2 million products", owner="search team",
                    criticality="normal", calls_per_month=2_400_000, tokens_in=24, tokens_out=0, batch=True,
                    cached_share=0.0, retry_share=0.0,
                    regulated=False, user_facing=True, headline="recall",
                )
            )  # fmt: skip
            self.catalog.assign("product-search", old, seen=True)
            for key, recall, p95 in ((old, 0.874, 62.0), (new, 0.889, 58.0)):
                self._measure(key, "recall", "product-search", recall, n=1_000, dataset="queries-1000")
                self._measure(key, "latency_p95_ms", "product-search", p95, n=1_000, dataset="queries-1000")
            self._measure(old, "click_through_rate", "product-search", 0.183, n=48_211, period="2026-09")

    def churn(self) -> None:
        """Our own classical model: six versions, three data versions, a promotion and a revert."""
        with self.ago(400):
            self._use_case(
                UseCase(
                    new_uid(), "churn", title="Who is about to leave", owner="customer analytics", headline="f1",
                    criticality="low", calls_per_month=180_000, regulated=False, user_facing=False,
                )
            )  # fmt: skip
        trained = (
            (3, 390, 0, 0.781, 0.862, 8.2), (4, 330, 0, 0.788, 0.867, 8.1), (5, 260, 1, 0.803, 0.874, 8.4),
            (6, 190, 1, 0.809, 0.879, 8.3), (7, 110, 2, 0.824, 0.889, 9.0), (8, 40, 2, 0.831, 0.886, 14.6),
        )  # fmt: skip
        data = ("customers-2025-06", "customers-2025-12", "customers-2026-05")
        for number, ago, source, f1, auc, latency in trained:
            with self.ago(ago) as day:
                key = f"mlflow/churn@{number}"
                self.catalog.register(
                    key,
                    released=day,
                    changes=f"Trained on {data[source]}."
                    + (" New features from the call centre." if number == 8 else ""),
                    lineage=Lineage(
                        data=data[source],
                        data_hash=f"md5:{self._random.getrandbits(48):012x}",
                        repository="https://git.example.com/analytics/churn",
                        branch="main",
                        commit=f"{self._random.getrandbits(160):040x}",
                        run=f"{self._random.getrandbits(64):016x}",
                        parameters={"max_depth": 6, "learning_rate": 0.05},
                        environment=f"sha256:{self._random.getrandbits(64):016x}" if number != 5 else "",
                        artifact=f"models:/churn/{number}",
                        seed="7",
                    ),
                )
                for name, value, n in (("f1", f1, 5_000), ("auc", auc, 5_000), ("latency_p95_ms", latency, 5_000)):
                    self._measure(key, name, "churn", value, n=n, dataset="holdout-2025")
                self._measure(key, "maintenance_cost_month", "churn", 140 + 10 * source)
                self._measure(key, "infrastructure_cost_month", "churn", 310)
        for number, ago in ((3, 385), (5, 250), (7, 100)):
            with self.ago(ago):
                self.catalog.assign("churn", f"mlflow/churn@{number}", seen=True, why="better F1 on the holdout")
        with self.ago(30):
            self.catalog.assign("churn", "mlflow/churn@8", seen=True, why="best F1 so far")
        with self.ago(26):
            self.catalog.revert("churn", "p95 latency 14.6 ms breaks the 10 ms budget of the web shop")

    # ── pieces ──

    def _use_case(self, use_case: UseCase) -> None:
        self.catalog.add_use_case(use_case)

    def _pair(
        self, n: int, *, both: int, only_first: int, only_second: int
    ) -> tuple[dict[str, float], dict[str, float]]:
        outcomes = [(1.0, 1.0)] * both + [(1.0, 0.0)] * only_first + [(0.0, 1.0)] * only_second
        outcomes += [(0.0, 0.0)] * (n - len(outcomes))
        self._random.shuffle(outcomes)
        ids = [f"q{i:03d}" for i in range(n)]
        return dict(zip(ids, (a for a, _ in outcomes), strict=True)), dict(
            zip(ids, (b for _, b in outcomes), strict=True)
        )

    def _latency(self, key: str, use_case: str, mean: float, dataset: str) -> None:
        items = {f"q{i:03d}": round(self._random.lognormvariate(0, 0.35) * mean, 1) for i in range(400)}
        p95 = sorted(items.values())[379]
        self._measure(key, "latency_p95_ms", use_case, p95, items=items, dataset=dataset)

    def _measure(
        self,
        key: str,
        metric: str,
        use_case: str,
        value: float | None = None,
        *,
        n: int | None = None,
        items: dict[str, float] | None = None,
        dataset: str = "",
        period: str = "",
    ) -> None:
        given = items or {}
        self.catalog.measure(
            Measurement(
                new_uid(),
                metric,
                value if value is not None else sum(given.values()) / len(given),
                key,
                dataset=dataset,
                source="own",
                use_case=use_case,
                n=n if n is not None else (len(given) or None),
                measured_on=self.catalog.today,
                period=period,
                items=given,
            )
        )

    def _work_off(self, use_case: str, count: int) -> None:
        """Tick the first items of the running upgrade, waive one, leave the rest."""
        catalog = self.catalog
        uid = catalog.upgrade(use_case).uid
        at = catalog.clock().isoformat(timespec="seconds")
        open_items = [i for i in catalog.upgrade(use_case).items.values() if not i.check and i.state == "todo"]
        for item in open_items[:count]:
            note = f"{item.wanted.rstrip('.')}: filed." if item.wanted else "Checked."
            catalog.change_item(uid, item.id, partial(tick, by="support platform", at=at, note=note), "tick")
        late = open_items[count]
        until = self.end + timedelta(days=30)
        why = "the contract with the old provider runs on until then"
        catalog.change_item(
            uid, late.id, lambda i: waive(i, by="head of support", why=why, at=at, until=until), "waive", why
        )
        first = next(i for i in open_items[count + 1 :])
        catalog.change_item(uid, first.id, lambda i: replace(i, state="doing"), "start")
