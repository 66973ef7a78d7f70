"""Fields of a transaction that belong to its party: addresses, and the state of the mailing."""

from typing import Any

from hub.payloads.entities import read_ref_id

EMAIL_FIELDS = ("BillEmail", "POEmail")
# What QuickBooks or people entered for a party, by the field that names it.
FIELDS_OF_PARTY = {
    "CustomerRef": (
        "BillAddr",
        "ShipAddr",
        "BillEmail",
        "BillEmailCc",
        "BillEmailBcc",
        "EmailStatus",
        "ProjectRef",
    ),
    "VendorRef": ("VendorAddr", "POEmail", "EmailStatus"),
    "EntityRef": ("RemitToAddr",),
}


def list_fields_of_former_party(update: dict[str, Any], current: dict[str, Any]) -> list[str]:
    """Return the fields to empty if an update names another party: addresses of the former one.

    QuickBooks fills in those of the new party, as for a new transaction.
    """
    names: list[str] = []
    for party, fields in FIELDS_OF_PARTY.items():
        if _is_other(party, update, current):
            names += [name for name in fields if name in current and name not in update]
    return names


def drop_projects_of_former_customer(update: dict[str, Any], current: dict[str, Any]) -> None:
    """Leave out the projects of lines if an update names another customer than theirs.

    The hub itself sets none.
    """
    if "Line" in update and _is_other("CustomerRef", update, current):
        update["Line"] = [_drop_project(line) for line in update["Line"]]


def _drop_project(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name != "ProjectRef"}


def keep_mailing(update: dict[str, Any], current: dict[str, Any]) -> None:
    """Leave the e-mail address and its status unchanged if QuickBooks has one of the same party."""
    if any(_is_other(party, update, current) for party in FIELDS_OF_PARTY):
        return
    has_address = any(current.get(name) for name in EMAIL_FIELDS)
    if not has_address:
        return
    for name in (*EMAIL_FIELDS, "EmailStatus"):
        update.pop(name, None)


def _is_other(party: str, update: dict[str, Any], current: dict[str, Any]) -> bool:
    """Return whether an update names another party in a field than QuickBooks has there."""
    former = read_ref_id(current, party)
    return bool(former) and party in update and read_ref_id(update, party) != former
