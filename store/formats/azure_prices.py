"""Azure's retail prices as facts: normalised to US dollars per million tokens, and joined by meter only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from store.formats import azure_wire as wire
from store.records import Json
from store.values import dataclass

PTU_METERS: Mapping[str, str] = {
    "Provisioned Managed Global": "GlobalProvisionedManaged",
    "Provisioned Managed Data Zone": "DataZoneProvisionedManaged",
    "Provisioned Managed Regional": "ProvisionedManaged",
}
"""The retail price list's names of a provisioned unit's hour, and the SKU it pays for."""

_PER_MILLION = {"1K": 1000.0, "1M": 1.0}


@dataclass(frozen=True, slots=True)
class Tariff:
    """Retail prices: US dollars by meter per million tokens, and of a provisioned unit's hour by SKU."""

    tokens: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, float] = field(default_factory=dict)


def tariff(found: Iterable[wire.Price]) -> Tariff:
    """Retail prices in our units; what is neither for tokens nor for a provisioned unit's hour is passed over."""
    tokens: dict[str, float] = {}
    units: dict[str, float] = {}
    for price in found:
        if price.retail_price is None or not 0 <= price.retail_price < 1e6 or price.currency_code != "USD":
            continue
        if price.unit_of_measure in _PER_MILLION:
            tokens.setdefault(price.meter_id, round(price.retail_price * _PER_MILLION[price.unit_of_measure], 9))
        elif price.unit_of_measure == "1/Hour" and price.sku_name in PTU_METERS:
            units.setdefault(PTU_METERS[price.sku_name], price.retail_price)
    return Tariff(tokens, units)


def priced(skus: Sequence[wire.Sku], known: Tariff) -> dict[str, Json]:
    """The price facts of a model's SKUs, joined by meter: meter names are too irregular to be read.

    Global prices count before regional ones; `ptu_hour` maps provisioned SKUs to the price of a unit's hour.
    """
    facts: dict[str, Json] = {}
    for sku in sorted(skus, key=lambda s: s.name != "GlobalStandard"):
        if sku.name not in ("GlobalStandard", "Standard"):
            continue
        for cost in sku.cost or ():
            name, price = _price_name(cost.name or ""), known.tokens.get(cost.meter_id or "")
            if name and price is not None:
                facts.setdefault(name, price)
    hours = {sku.name: known.units[sku.name] for sku in skus if sku.name in known.units}
    if hours:
        facts["ptu_hour"] = hours
    return facts


def _price_name(meter: str) -> str:
    words = meter.casefold()
    side = "output" if "outp" in words else "input" if "inp" in words else ""
    if not side:
        return ""
    if "cache" in words:
        return "price_cached_input" if side == "input" else ""
    return f"price_batch_{side}" if "batch" in words else f"price_{side}"
