"""The times of each system, in its own notation: a day in UTC; what is no time is refused or unknown, never a day."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.delivery import Delivery
from store.formats import azure, azure_wire, mlflow, mlflow_wire, mlmd, modeldb
from store.formats.azure_cli import parse_azure
from store.formats.litellm import parse_litellm
from store.formats.modelsdev import parse_modelsdev
from store.formats.wire import WireFault, shaped

SEEN = azure.Seen("az", "2026-11-23T08:30:00Z")
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))

Read = Callable[[Any], Any]


# ── what each system says of a time, as it stands in its answer, and the day that is kept ──


def created(found: Delivery) -> Any:
    (version,) = found.versions
    return version.value("created")


def of_mlflow(stamp: Any) -> Any:
    rows = {"model_versions": [{"name": "m", "version": "1", "creation_timestamp": stamp}]}
    page = mlflow_wire.answer(mlflow_wire.VersionsPage, json.dumps(rows).encode(), "versions")
    return created(mlflow.deliver(mlflow.Source("ml"), [mlflow.Row(v) for v in page.model_versions or ()]))


def of_modeldb(stamp: Any) -> Any:
    models = [modeldb.Model("1", "m")]
    rows = {"model_versions": [{"id": "2", "registered_model_id": "1", "version": "v", "time_created": stamp}]}
    page = shaped(modeldb.VersionsPage, json.loads(json.dumps(rows)), "versions")
    return created(modeldb.of_registry("verta", models, page.model_versions, {}))


def of_mlmd(stamp: Any) -> Any:
    graph = mlmd.Graph(artifacts={1: mlmd.Node(1, "Model", "m", {}, created=stamp)})
    return created(mlmd.deliver("ml", graph, date(2026, 11, 23)))


def of_azure(text: Any) -> Any:
    row = {"name": "gpt-4o", "version": "2024-05-13", "deprecation": {"inference": text}}
    row["systemData"] = {"createdAt": text}
    row["replacementConfig"] = {"autoUpgradeStartDate": text}
    row["skus"] = [{"name": "Standard", "deprecationDate": text}]
    page = shaped(azure_wire.LocationModels, {"value": [{"model": row}]}, "models")
    found = azure.models(SEEN, {"swedencentral": [row.model for row in page.value]})
    (version,) = found.versions
    days = {o.value.isoformat() for o in version.observations}
    assert days == ({version.value("created")} if days else set()), "the four dates of a model are read alike"
    return version.value("created")


def of_a_deployment(text: Any) -> Any:
    rows = [{
        "name": "chat", "id": "/accounts/a/deployments/chat", "properties": {"model": {"name": "m", "version": "1"}},
        "systemData": {"lastModifiedAt": text},
    }]  # fmt: skip
    listed = parse_azure(json.dumps(rows).encode())
    if listed.faults:
        raise WireFault(str(listed.faults[0]))
    page = shaped(azure_wire.Deployments, {"value": rows}, "deployments")
    found = azure.deployments(SEEN, azure_wire.Account("/", "a"), page.value, ())
    changed = [d.remote_changed_at for d in (*listed.deployments.values(), *found.deployments)]
    assert changed[0] == changed[1]
    assert changed[0] in (text, "")
    return datetime.fromisoformat(changed[0]).astimezone(UTC).date().isoformat() if changed[0] else None


def of_a_data_plane(stamp: Any) -> Any:
    rows = {"data": [{"id": "gpt-4o", "created_at": stamp, "deprecation": {"inference": stamp}}]}
    found = azure.data_plane(SEEN, shaped(azure_wire.DataPlaneModels, rows, "models").data)
    (version,) = found.versions
    assert [o.value.isoformat() for o in version.observations] == [d for d in [version.value("created")] if d]
    return version.value("created")


def of_litellm(text: Any) -> Any:
    entry = {"litellm_provider": "openai", "input_cost_per_token": 1e-06, "deprecation_date": text}
    (version,) = parse_litellm({"gpt-4o": entry}, origin="prices", as_of="2026-11-23").versions.values()
    return next((o.value.isoformat() for o in version.observations), None)


def of_modelsdev(text: Any) -> Any:
    models = {"gpt-4o": {"name": "x", "release_date": text, "knowledge": text}}
    (version,) = parse_modelsdev({"openai": {"models": models}}, origin="d", as_of="2026-11-23").versions.values()
    assert version.value("knowledge_cutoff") == version.value("release_date")
    return version.value("release_date")


# ── the notations ──


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def iso(at: datetime, offset: int, digits: int, z: bool) -> str:
    """As Azure writes it: a fraction of up to nine digits, Z or an offset in minutes."""
    there = at.astimezone(UTC if z else timezone(timedelta(minutes=offset)))
    fraction = f".{at.microsecond:06d}123"[: digits + 1] if digits else ""
    return f"{there:%Y-%m-%dT%H:%M:%S}{fraction}{'Z' if z else there.isoformat()[-6:]}"


STAMPS: dict[str, tuple[Read, Callable[[datetime], Any]]] = {
    "MLflow, a number": (of_mlflow, ms),
    "MLflow, text": (of_mlflow, lambda at: str(ms(at))),
    "ModelDB, text": (of_modeldb, lambda at: str(ms(at))),
    "ModelDB, a number": (of_modeldb, ms),
    "ML Metadata": (of_mlmd, ms),
    "Azure's data plane": (of_a_data_plane, lambda at: int(at.timestamp())),
}
TEXTS: dict[str, Read] = {"Azure's models": of_azure, "Azure's deployments": of_a_deployment, "LiteLLM": of_litellm}


@pytest.mark.parametrize("system", STAMPS)
@given(at=MOMENTS)
def test_a_number_since_1970_is_its_day_in_utc(system: str, at: datetime) -> None:
    read, write = STAMPS[system]
    assert read(write(at)) == at.date().isoformat()


@pytest.mark.parametrize("system", TEXTS)
@given(at=MOMENTS, offset=st.integers(-14 * 60, 14 * 60), digits=st.integers(0, 9), z=st.booleans())
def test_a_moment_is_its_day_in_utc_with_any_offset_and_fraction(
    system: str, at: datetime, offset: int, digits: int, z: bool
) -> None:
    assert TEXTS[system](iso(at, offset, digits, z)) == at.date().isoformat()


@given(day=st.dates(date(1000, 1, 1)))
def test_a_day_is_itself_and_a_month_or_year_stays_one(day: date) -> None:
    assert of_azure(day.isoformat()) == of_litellm(day.isoformat()) == day.isoformat()
    for written in (day.isoformat(), f"{day:%Y-%m}", f"{day:%Y}"):
        assert of_modelsdev(written) == written
    assert of_litellm(f"{day:%Y-%m}") is None, "a month is no day on which something stops"


NO_STAMPS: list[Any] = [
    None, 0, -1, -(10**15), 10**15, 10**30, 10**400, 1.5e300, "", "soon", "-1", "0", "1e400", "NaN", "2026-02-03",
    "٣", True, [], {}, [1795405430688],
]  # fmt: skip
NO_TEXTS: list[Any] = [
    None, "", "soon", "0", "1795405430", "2026-13-01", "2026-02-30", "2026-02-30T10:00:00Z", "0000-01-01",
    "2026-02-03T99:00:00Z", "2026-02-03; echo", "2026-02-03\x1b[2J", "٢٠٢٦-٠٢-٠٣", "2026-W05-1",
    "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", " 2026-02-03",
    "2_26-02-03", "+026-02-03", 20260203, 1.5, True, [], {}, ["2026-02-03"],
]  # fmt: skip


@pytest.mark.parametrize("system", STAMPS)
def test_what_is_no_number_since_1970_is_no_day(system: str) -> None:
    for wrong in NO_STAMPS:
        if system != "ML Metadata" or isinstance(wrong, int | float | None):
            assert nothing(STAMPS[system][0], wrong), wrong


@pytest.mark.parametrize("system", TEXTS)
def test_what_is_no_moment_is_no_day(system: str) -> None:
    for wrong in NO_TEXTS:
        assert nothing(TEXTS[system], wrong), wrong


@given(wrong=st.text(max_size=12) | st.sampled_from(NO_TEXTS))
def test_what_is_no_part_of_a_day_is_unknown(wrong: Any) -> None:
    found = of_modelsdev(wrong)
    assert found is None or (found == wrong and wrong.isascii() and wrong[:4].isdigit() and len(wrong) in (4, 7, 10))


def nothing(read: Read, wrong: Any) -> bool:
    """True where it is unknown, or the whole answer is refused with a sentence."""
    try:
        return read(wrong) is None
    except WireFault as refused:
        return str(refused).isprintable()
