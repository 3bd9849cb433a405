"""What moves the traffic once a promotion or a revert is recorded: the command to run, or the sentence to follow.

The catalog only records; nothing here is carried out. Values of others are quoted for the shell.
"""

from __future__ import annotations

import shlex

from store.records import Deployment, Version
from store.review.lifecycle import is_azure
from store.values import dataclass
from tui.text import clean

RECORDED = "Recorded. Traffic has not moved."


@dataclass(frozen=True, slots=True)
class Move:
    """How to move the traffic: `command` to copy ("" where the platform has none) and what to know beside it."""

    command: str
    note: str


def move(version: Version, place: Deployment | None, use_case: str, share: float | None = 100) -> Move:
    """How a use case comes to run a version on a deployment (None: not described), with a share of its traffic."""
    whole = _move(version, place, use_case)
    if share is None or share == 100:
        return whole
    part = "a copy of the traffic, answers unused" if share == 0 else f"{share:g} % of the traffic"
    return Move(whole.command, f"{whole.note} Then send it {part}: the gateway or the client of {use_case} divides.")


def _move(version: Version, place: Deployment | None, use_case: str) -> Move:
    if version.own:
        artifact = version.lineage.artifact
        what = f"artifact {clean(artifact)}" if artifact else "its artifact (none is recorded)"
        where = f" on {clean(place.name)}" if place is not None else ""
        return Move("", f"Serve {clean(version.key)}{where}: point the server of {use_case} at {what}.")
    if is_azure(version, place):
        return Move(_azure(version, place), _azure_note(place))
    name = version.api_ids[0] if version.api_ids else version.model
    return Move("", f"Set the model of {use_case} to {clean(name)} in its configuration and roll that out.")


def _azure(version: Version, place: Deployment | None) -> str:
    publisher = version.value("publisher")
    asked = {
        "deployment-name": place.name if place is not None else "",
        "model-name": version.model,
        "model-version": version.version or "",
        "model-format": publisher if isinstance(publisher, str) and publisher else "OpenAI",
        "sku-name": place.sku if place is not None else "",
        "sku-capacity": f"{place.units:g}" if place is not None and place.units is not None else "",
    }
    variables = {"deployment-name": '"$DEPLOYMENT"', "sku-name": '"$SKU"', "sku-capacity": '"$CAPACITY"'}
    parts = ['az cognitiveservices account deployment create --resource-group "$RESOURCE_GROUP" --name "$ACCOUNT"']
    for option, value in asked.items():
        if value:
            parts.append(f"--{option} {shlex.quote(clean(value))}")
        elif option in variables:
            parts.append(f"--{option} {variables[option]}")
    return " ".join(parts)


def _azure_note(place: Deployment | None) -> str:
    open_names = ["RESOURCE_GROUP", "ACCOUNT"]
    if place is None:
        open_names.append("DEPLOYMENT")
    if place is None or not place.sku:
        open_names.append("SKU")
    if place is None or place.units is None:
        open_names.append("CAPACITY")
    return f"Set {', '.join(open_names)} first: the catalog does not know them."


def reminder(what: Move) -> str:
    """The text after a promotion or a revert."""
    lines = [RECORDED, "", what.command, "", what.note] if what.command else [RECORDED, "", what.note]
    lines += ["", "The catalog reads “recorded, not seen” until a sync finds it, or until you confirm it with D."]
    return "\n".join(lines)
