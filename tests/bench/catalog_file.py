"""A catalog file of any size: the shipped facts, versions as registries deliver them, and what 40 use cases run."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from store.catalog import Catalog, fixed_clock
from store.journal import open_db
from store.records import Assignment, Deployment, Measurement, UseCase, to_doc
from store.sync import load_reference
from tests.bench.records import version

TODAY = date(2026, 11, 23)
USE_CASES = 40
RUNS = 120
STAGES = ("Production", "Production", "Staging")
METRICS = ("accuracy", "f1", "latency_p95_ms")


def write_catalog(path: Path, size: int) -> None:
    """Write a catalog with `size` versions besides the shipped ones, folded and ready to be opened.

    `size` 0 gives the empty catalog: the shipped facts alone.
    """
    with open_db(path) as db:
        if size:
            db.table("versions").insert_multiple(version(number) for number in range(1, size + 1))
            db.table("use_cases").insert_multiple(to_doc(use_case) for use_case in use_cases())
            db.table("deployments").insert_multiple(to_doc(place) for place in deployments(size))
            db.table("assignments").insert_multiple(to_doc(run) for run in runs(size))
            db.table("measurements").insert_multiple(measurements(size))
        db.storage.checkpoint()
    with Catalog.open(path, actor="bench", clock=fixed_clock(TODAY)) as catalog:
        load_reference(catalog)
        catalog._storage.checkpoint()  # type: ignore[attr-defined]


def use_cases() -> Iterator[UseCase]:
    for n in range(USE_CASES):
        yield UseCase(
            f"uc{n:03d}", f"use-case-{n:02d}", title=f"Use case {n}", owner=f"team-{n % 7}",
            calls_per_month=100_000 * (n + 1), tokens_in=900, tokens_out=200, cached_share=0.2, retry_share=0.01,
            headline="accuracy",
        )  # fmt: skip


def deployments(size: int) -> Iterator[Deployment]:
    for n in range(min(RUNS, size)):
        yield Deployment(f"de{n:04d}", f"d{n}", platform="azure", region="swedencentral", sku="Standard")


def runs(size: int) -> Iterator[Assignment]:
    for n in range(min(RUNS, size)):
        key = version(n * 37 % size + 1)["key"]
        yield Assignment(f"as{n:04d}", f"use-case-{n % USE_CASES:02d}", key, stage=STAGES[n % 3], deployment=f"d{n}")


def measurements(size: int) -> Iterator[dict[str, Any]]:
    """Three figures for each version that runs, and for one in ten of the others."""
    wanted = dict.fromkeys([n * 37 % size + 1 for n in range(min(RUNS, size))] + list(range(1, size + 1, 10)))
    for number in wanted:
        for nth, metric in enumerate(METRICS):
            value = 180.0 + number % 90 if metric.endswith("_ms") else 0.7 + number * (nth + 1) % 29 / 100
            yield to_doc(
                Measurement(f"me{number:06d}{nth}", metric, value, version(number)["key"], n=500, source="bench")
            )
