"""What a person calls a record, and the errors about names."""

from __future__ import annotations

from store.records import Doc


class CommandError(Exception):
    """A command that cannot be carried out, in one sentence for the user; nothing was changed."""


class UnknownName(CommandError):
    """A key or name that is not in the catalog; the message lists the nearest ones."""


def natural_key(table: str, doc: Doc) -> str:
    """What a person calls the record of a document: its key, its name, or what it joins."""
    if table == "assignments":
        return f"{doc.get('use_case')} · {doc.get('version')}"
    if table == "measurements":
        return f"{doc.get('metric')} · {doc.get('version')}"
    if table == "upgrades":
        return f"{doc.get('use_case')} · {doc.get('from_version')}"
    return str(doc.get("key") or doc.get("name") or doc.get("uid") or "")
