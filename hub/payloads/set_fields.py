"""List the fields that a body sets and its summary does not contain, to empty them later."""

from typing import Any

TEXT_FIELDS = ("CustomerMemo", "Memo", "ShipAddr")
CUSTOM_PREFIX = "CustomField:"


def list_set_fields(body: dict[str, Any]) -> tuple[str, ...]:
    """Return the names of the texts and custom fields that a body sets."""
    texts = [name for name in TEXT_FIELDS if name in body]
    custom = [f"{CUSTOM_PREFIX}{field['DefinitionId']}" for field in body.get("CustomField") or ()]
    return (*texts, *custom)


def find_custom_ids(set_fields: tuple[str, ...]) -> set[str]:
    """Return the ids of the custom fields among the names of fields."""
    names = [name for name in set_fields if name.startswith(CUSTOM_PREFIX)]
    return {name.removeprefix(CUSTOM_PREFIX) for name in names}
