"""Parts of a body that several kinds have: addresses, custom fields, and to whom it is mailed."""

from collections.abc import Mapping
from typing import Any

from hub.contract.documents import Address, Role
from hub.qbo.payloads.builder import PayloadBuilder, clean, without_empty

LONGEST_CUSTOM, STREETS = 31, 5


def address(found: Address | None) -> dict[str, Any]:
    """A postal address in QuickBooks' words."""
    if found is None:
        return {}
    lines = [line for line in (found.name, *found.lines) if line]
    if len(lines) > STREETS:
        lines = [*lines[: STREETS - 1], ", ".join(lines[STREETS - 1 :])]
    streets = {f"Line{number}": line[:500] for number, line in enumerate(lines, start=1)}
    return streets | without_empty(
        City=found.city, CountrySubDivisionCode=found.region, PostalCode=(found.postal_code or "")[:30],
        Country=found.country,
    )  # fmt: skip


def custom(builder: PayloadBuilder, known: Mapping[str, str]) -> list[dict[str, str]]:
    """The custom fields that the company has; what it has not, stands in the note."""
    ids = {name.casefold(): (id, name) for name, id in known.items()}
    made = []
    for name, value in builder.document.custom.items():
        text = clean(value)
        id, label = ids.get(name.strip().casefold(), ("", name))
        if text and (not id or len(text) > LONGEST_CUSTOM):
            builder.remarks.append(f"{label}: {text}")
        if text and not id:
            builder.warnings.append(
                f"QuickBooks has no custom field {name}; it stands in the memo."
            )
        elif text:
            kept = text[:LONGEST_CUSTOM]
            made.append(
                {"DefinitionId": id, "Name": label, "Type": "StringType", "StringValue": kept}
            )
    return made


def mailing(builder: PayloadBuilder, role: Role, place: str) -> dict[str, Any]:
    """To whom it is to be mailed: the address that QuickBooks has, else the document's, else to nobody."""
    wanted, party = builder.document.email_to, builder.mapped.header.get(role)
    if wanted is None:
        return {}
    to = (party.email if party else "") or wanted.strip()
    if not to:
        builder.warnings.append(
            "It is not mailed, for neither QuickBooks nor the source has an address."
        )
        return {}
    return {place: {"Address": to}, "EmailStatus": "NeedToSend"}
