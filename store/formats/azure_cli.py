"""The output of `az cognitiveservices account deployment list -o json` (or the REST answer behind it) as deployments.

A deployment is named `account/deployment`, because the same name stands in many accounts. What it serves becomes its
`remote_version`: `azure-openai/<model>@<version>`, or `azure-foundry/…` for a model that is not OpenAI's. The region is
not in that output and stays unknown.
"""

from __future__ import annotations

import json
import re
from typing import Any

from store.formats.parsed import Fault, Parsed
from store.formats.times import moment
from store.records import Deployment, Key
from store.validation import Invalid, check

MAX_DEPLOYMENTS = 20_000
OPTIONS = ("OnceNewDefaultVersionAvailable", "OnceCurrentVersionExpired", "NoAutoUpgrade")
_ACCOUNT = re.compile(r"/accounts/([^/]+)/deployments/", re.IGNORECASE)
_PLACE = {"sku": "sku.name", "units": "sku.capacity", "remote_version": "properties.model"}


def looks_like(document: Any) -> bool:
    """True where a JSON document can be such an output."""
    rows = document.get("value") if isinstance(document, dict) else document
    return isinstance(rows, list) and (not rows or (isinstance(rows[0], dict) and "properties" in rows[0]))


def parse_azure(content: bytes, seen_at: str = "") -> Parsed:
    """Read the deployments; everything that does not fit is a fault with the row's number as its line.

    Args:
        content: JSON, a list or the REST answer with `value`.
        seen_at: the moment it was asked for, kept as `remote_seen_at`.
    """
    found = Parsed()
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        found.faults.append(Fault(0, "", "", "this is not UTF-8 text; save it as UTF-8"))
        return found
    except (ValueError, RecursionError) as error:
        found.faults.append(Fault(0, "", "", f"this is no JSON: {error}"))
        return found
    if isinstance(document, dict) and document.get("modeltui") == "export":
        reason = "this is an export of modeltui itself; to go back to what was, see: modeltui restore --help"
        found.faults.append(Fault(0, "", "", reason))
        return found
    if not looks_like(document):
        reason = (
            "this is no list of deployments; use the output of az cognitiveservices account deployment list -o json"
        )
        found.faults.append(Fault(0, "", "", reason))
        return found
    rows = document["value"] if isinstance(document, dict) else document
    if len(rows) > MAX_DEPLOYMENTS:
        found.faults.append(Fault(0, "", "", f"it has more than {MAX_DEPLOYMENTS:,} deployments; split it"))
        return found
    for number, row in enumerate(rows, 1):
        try:
            deployment = _deployment(row, seen_at)
        except Invalid as error:
            found.faults += [Fault(number, _PLACE.get(name, name), "", reason) for name, reason in error.faults]
            continue
        if deployment.name in found.deployments:
            found.faults.append(Fault(number, "name", deployment.name, "this deployment stands there twice"))
        found.deployments[deployment.name] = deployment
        found.given["deployments", deployment.name] = frozenset(
            ("platform", "sku", "units", "upgrade_option", "upgrade_option_known", "fine_tuned", "remote_version",
             "remote_seen_at", "remote_changed_at", "tags")
        )  # fmt: skip
    return found


def _deployment(row: Any, seen_at: str) -> Deployment:
    if not isinstance(row, dict):
        raise Invalid([("", "this is no deployment")])
    sku, properties = _table(row, "sku"), _table(row, "properties")
    model = _table(properties, "model")
    name, version = _text(model, "name"), _text(model, "version")
    account = _ACCOUNT.search(_text(row, "id"))
    option = properties.get("versionUpgradeOption")
    if option is not None and option not in OPTIONS:
        raise Invalid([("properties.versionUpgradeOption", f"{option!r} is none of {', '.join(OPTIONS)}")])
    if not name or not _text(row, "name"):
        raise Invalid([("name" if name else "properties.model.name", "the name is missing")])
    provisioned = "provisioned" in _text(sku, "name").casefold()
    return check(
        Deployment,
        {
            "uid": "",
            "name": f"{account[1]}/{_text(row, 'name')}" if account else _text(row, "name"),
            "platform": "azure",
            "sku": _text(sku, "name"),
            # a standard SKU's capacity is its quota in thousand tokens a minute, no provisioned units
            "units": sku.get("capacity") if provisioned else None,
            "upgrade_option": option,
            "upgrade_option_known": True,
            "fine_tuned": ".ft-" in name,
            "remote_version": str(Key(_provider(_text(model, "format")), name, version or None)),
            "remote_seen_at": seen_at,
            "remote_changed_at": moment(_text(_table(row, "systemData"), "lastModifiedAt")),
            "tags": tuple(f"{k}={v}" for k, v in _table(row, "tags").items() if isinstance(v, str)),
        },
    )


def _provider(format_: str) -> str:
    return "azure-openai" if format_.casefold() in ("openai", "") else "azure-foundry"


def _table(row: dict[str, Any], name: str) -> dict[str, Any]:
    value = row.get(name)
    if value is not None and not isinstance(value, dict):
        raise Invalid([(name, f"{name} is no table")])
    return value or {}


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if value is not None and not isinstance(value, str):
        raise Invalid([(name, f"{name} is no text")])
    return value or ""
