"""The addresses inside objects: QuickBooks gives each an id of its own."""

from typing import Any

FIELDS = ("BillAddr", "ShipAddr", "PrimaryAddr", "VendorAddr", "RemitToAddr", "ShipFromAddr")


def highest_id(data: dict[str, Any]) -> int:
    """Return the highest id of an address in an object."""
    return max(
        (int(each["Id"]) for each in _inside(data) if str(each.get("Id", "")).isdigit()), default=0
    )


def assign_ids(data: dict[str, Any], old: dict[str, Any] | None, last: int) -> None:
    """Give addresses their ids: the one they had, or one that follows `last`."""
    for field in FIELDS:
        address = data.get(field)
        if not isinstance(address, dict) or address.get("Id"):
            continue
        before = (old or {}).get(field) or {}
        id = before.get("Id")
        if not id:
            last += 1
            id = str(last)
        data[field] = {"Id": id, **address}


def _inside(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the addresses in an object."""
    return [data[field] for field in FIELDS if isinstance(data.get(field), dict)]
