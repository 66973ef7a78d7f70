"""The addresses inside objects: QuickBooks gives each an id of its own."""

from qbo_sandbox.kit.json_object import JsonObject

ADDRESS_FIELDS = (
    "BillAddr",
    "ShipAddr",
    "PrimaryAddr",
    "VendorAddr",
    "RemitToAddr",
    "ShipFromAddr",
)


def find_highest_id(data: JsonObject) -> int:
    """Return the highest id of an address in an object."""
    highest = 0
    for address in _list_addresses(data):
        id = str(address.get("Id", ""))
        if id.isdigit():
            highest = max(highest, int(id))
    return highest


def assign_ids(data: JsonObject, old: JsonObject | None, last: int) -> None:
    """Give addresses their ids: the one they had, or one that follows `last`."""
    for field in ADDRESS_FIELDS:
        address = data.get(field)
        if not isinstance(address, dict) or address.get("Id"):
            continue
        id = None
        if old and old.get(field):
            id = old[field].get("Id")
        if not id:
            last += 1
            id = str(last)
        data[field] = {"Id": id, **address}


def _list_addresses(data: JsonObject) -> list[JsonObject]:
    """Return the addresses in an object."""
    contents = [data.get(field) for field in ADDRESS_FIELDS]
    return [content for content in contents if isinstance(content, dict)]
