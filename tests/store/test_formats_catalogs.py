"""Public catalogs and files of our form: what their entries become, and what is passed over."""

from __future__ import annotations

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.formats.catalogs import per_million, split
from store.formats.litellm import parse_litellm
from store.formats.modelsdev import parse_modelsdev
from store.formats.records_file import RecordsFault, parse_records
from store.records import Key, Version

FIXTURES = Path(__file__).parents[1] / "fixtures" / "registries"
DAY = "2026-11-23"


def litellm(**entries: Any) -> dict[str, Version]:
    document = entries or json.loads((FIXTURES / "litellm.json").read_text())
    return parse_litellm(document, origin="prices", as_of=DAY).versions


def modelsdev() -> dict[str, Version]:
    return parse_modelsdev(json.loads((FIXTURES / "modelsdev.json").read_text()), origin="mdev", as_of=DAY).versions


def test_litellm_prices_are_per_token_and_dates_are_retirements() -> None:
    found = litellm()
    version = found["azure-openai/gpt-5.4@2026-03-05"]
    assert version.value("price_input") == 2.5
    assert version.value("price_output") == 15
    assert version.value("price_cached_input") == 0.25
    assert version.value("price_batch_input") == 1.25
    assert version.value("price_input_datazone_us") == 2.75
    assert version.value("max_input_tokens") == 922000
    assert version.value("kind") == "chat"
    assert "tools" in version.value("capabilities")
    (ends,) = version.observations
    assert (ends.kind, ends.value, ends.publisher, ends.source) == ("retire", date(2027, 9, 2), "litellm", "litellm")
    (claim,) = version.facts["price_input"]
    assert (claim.source, claim.as_of, claim.origin, claim.layer) == ("litellm", DAY, "prices", "remote")


def test_a_region_alone_gives_its_prices_and_neither_the_price_nor_a_date() -> None:
    version = litellm()["azure-openai/gpt-4o@2024-11-20"]
    assert version.value("price_input_datazone_eu") == 2.75
    assert version.value("price_input") is None
    assert version.observations == ()


def test_what_is_no_model_is_passed_over_and_counted() -> None:
    parsed = parse_litellm(json.loads((FIXTURES / "litellm.json").read_text()), origin="p", as_of=DAY)
    assert not any("sample" in key or "fallback" in key or "1024" in key or "ft:" in key for key in parsed.versions)
    assert parsed.skipped == {"no model": 2, "prices of a picture size or of fine-tuning": 2}
    assert all("passed over" in note for note in parsed.notes)


def test_free_is_not_unknown() -> None:
    chat = {"litellm_provider": "x", "mode": "chat"}
    found = litellm(
        free={**chat, "input_cost_per_token": 0.0, "output_cost_per_token": 0},
        unknown=chat,
        odd={**chat, "input_cost_per_token": "0.1", "output_cost_per_token": -1, "max_input_tokens": True},
        pictures={"litellm_provider": "x", "input_cost_per_token": 0.0, "output_cost_per_image": 0.04},
    )
    assert found["x/free"].value("price_input") == 0
    assert found["x/free"].value("price_output") == 0
    for name in ("unknown", "odd", "pictures"):
        assert found[f"x/{name}"].value("price_input") is None
        assert found[f"x/{name}"].value("price_output") is None
    assert found["x/odd"].value("max_input_tokens") is None
    assert litellm()["openai/whisper-1"].value("price_input") is None


@given(st.floats(min_value=0, max_value=1, allow_nan=False))
def test_a_price_per_token_becomes_one_per_million_without_noise(price: float) -> None:
    million = per_million(price)
    assert million is not None
    assert million == pytest.approx(price * 1e6, rel=1e-12)
    assert per_million(2.5e-06) == 2.5
    assert per_million(1.1e-06) == 1.1
    for wrong in (float("nan"), float("inf"), 10**400, -1, "1", True, None):
        assert per_million(wrong) is None


def test_an_id_without_a_date_is_unversioned() -> None:
    assert split("a", "gpt-4o-2024-08-06") == Key("a", "gpt-4o", "2024-08-06")
    assert split("a", "claude-3-opus-20240229") == Key("a", "claude-3-opus", "20240229")
    assert split("a", "gpt-4-0613") == Key("a", "gpt-4-0613")
    assert split("a", "2024-08-06") == Key("a", "2024-08-06")


def test_models_dev_prices_are_per_million_and_a_missing_cost_is_unknown() -> None:
    found = modelsdev()
    version = found["openai/gpt-4o"]
    assert (version.value("price_input"), version.value("price_output")) == (2.5, 10)
    assert version.value("price_cached_input") == 1.25
    assert version.value("release_date") == "2024-05-13"
    assert version.value("knowledge_cutoff") == "2023-09"
    assert version.value("context_window") == 128000
    assert {"tools", "vision", "pdf", "prompt_caching"} <= set(version.value("capabilities"))
    picture = found["openai/chatgpt-image-latest"]
    assert picture.value("price_input") is None
    assert picture.value("context_window") is None, "a limit of zero is none"
    assert found["azure-foundry/grok-4-1-fast-reasoning"].value("lifecycle_label") == "Preview"
    assert "azure-openai/gpt-4o" in found
    assert "azure-foundry/claude-opus-4-6" in found


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("\x1b[31m/@%"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60)
@given(st.data())
def test_wrong_types_anywhere_are_passed_over_and_never_raise(data: st.DataObject) -> None:
    document = copy.deepcopy(json.loads((FIXTURES / "litellm.json").read_text()))
    name = data.draw(st.sampled_from(sorted(document)))
    field = data.draw(st.sampled_from(sorted(document[name])))
    document[name][field] = data.draw(JUNK)
    document[data.draw(st.text(max_size=10))] = data.draw(JUNK)
    parse_litellm(document, origin="p", as_of=DAY)
    other = copy.deepcopy(json.loads((FIXTURES / "modelsdev.json").read_text()))
    model = other["openai"]["models"]["gpt-4o"]
    model[data.draw(st.sampled_from(sorted(model)))] = data.draw(JUNK)
    other["openai"]["models"][data.draw(st.text(max_size=10))] = data.draw(JUNK)
    other[data.draw(st.text(max_size=10))] = data.draw(JUNK)
    for version in parse_modelsdev(other, origin="m", as_of=DAY).versions.values():
        assert version.key.isprintable()


# ── files in our form ──


def records(document: object) -> Any:
    return parse_records(json.dumps(document).encode(), origin="ml", today=date(2026, 11, 23))


def test_a_file_may_say_facts_plainly_and_only_what_it_knows() -> None:
    found = records(
        {
            "versions": [
                {
                    "key": "ml/churn@8", "uid": "theirs", "registry": "other", "local": ["tags"],
                    "facts": {"framework": "xgboost", "size": {"value": 3, "as_of": "2026-10"}, "langs": ["de", "en"],
                              "unknown": None},
                    "observations": [{"value": "2027-03-31"}],
                    "lineage": {"commit": "5f1c"},
                }
            ],
            "measurements": [{"metric": "accuracy", "value": 0.87, "version": "ml/churn@8"}],
        }
    )  # fmt: skip
    (version,) = found.versions
    assert (version.uid, version.registry, version.local) == ("", "", ())
    assert {n: (c[0].value, c[0].as_of, c[0].origin) for n, c in version.facts.items()} == {
        "framework": ("xgboost", DAY, "ml"),
        "size": (3, "2026-10", "ml"),
        "langs": (["de", "en"], DAY, "ml"),
    }
    assert (version.observations[0].kind, version.observations[0].origin) == ("retire", "ml")
    (measured,) = found.measurements
    again = records({"measurements": [{"metric": "accuracy", "value": 0.9, "version": "ml/churn@8"}]})
    assert [m.uid for m in again.measurements] == [measured.uid], "a value of the same series replaces itself"


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"rows": []}, "none of the tables"),
        ({"versions": {}}, "no list"),
        ({"versions": [1]}, "entry 1, column versions: it is no object"),
        ({"versions": [{"key": "churn"}]}, "entry 1, column versions.key: 'churn' is not a key"),
        ({"versions": [{"key": "a/b", "facts": {"price_input": -1}}]}, "not a price"),
        ({"versions": [{"key": "a/\x1b[31mred"}], "measurements": [{"metric": "m"}]}, "column measurements.value"),
        ({"assignments": [{"use_case": "u", "version": "a/b", "share": 300}]}, "between 0 and 100"),
    ],
)
def test_a_file_with_a_fault_is_refused_with_the_place(document: object, said: str) -> None:
    with pytest.raises(RecordsFault, match=said.replace("[", r"\[")):
        records(document)


def test_a_csv_is_read_as_import_reads_it() -> None:
    table = b"key,use_case,stage,deployment,metric:auc,price_in\nml/churn@8,churn,Staging,blue,0.9,2.5\n"
    found = parse_records(table, origin="ml", today=date(2026, 11, 23))
    (version,) = found.versions
    assert version.facts["price_input"][0].layer == "remote"
    assert [(a.use_case, a.deployment) for a in found.assignments] == [("churn", "blue")]
    for bad in (b"", b"   ", b"name\nx\n", b"\xff\xfe"):
        with pytest.raises(RecordsFault):
            parse_records(bad, origin="ml", today=date(2026, 11, 23))
