"""A supplier."""

from typing import Any

from hub.documents import Address, Party
from hub.errors import BadDocument
from hub.qbo.payloads.work import Work, clean, given

LONGEST_NAME = 500


def body(work: Work) -> dict[str, Any]:
    """The vendor as QuickBooks takes it; the marker stands in its notes, never in its name."""
    party = work.document.details
    if not isinstance(party, Party):
        raise BadDocument(f"{work.document.source_id} is a vendor without a name and address.")
    first, _, last = (party.contact or "").strip().rpartition(" ")
    currency = party.currency or work.document.currency
    return given(
        DisplayName=name(work, party),
        GivenName=first[:100] or last[:100],
        FamilyName=last[:100] if first else None,
        PrimaryEmailAddr=given(Address=(party.email or "").strip()),
        PrimaryPhone=given(FreeFormNumber=(party.phone or "").strip()[:30]),
        BillAddr=address(party.address),
        CurrencyRef={"value": currency} if currency and work.facts.multicurrency else None,
        TermRef=work.header("term"),
        APAccountRef=work.header("payable_account"),
        Notes=work.note(),
    )


def name(work: Work, party: Party) -> str:
    """The name as QuickBooks takes it: one line, no colon."""
    plain = " ".join(clean(party.name).split())
    if ":" in plain:
        work.problems.append(f"QuickBooks takes no colon in a name: {plain}. Rename it at the source, or match it.")
    if len(plain) > LONGEST_NAME:
        work.problems.append(
            f"QuickBooks takes {LONGEST_NAME} characters of a name. Shorten {plain[:40]}… at the source."
        )
    return plain


def address(found: Address | None) -> dict[str, Any]:
    """A postal address in QuickBooks' words."""
    if found is None:
        return {}
    lines = [line for line in (found.name, *found.lines) if line]
    if len(lines) > 5:
        lines = [*lines[:4], ", ".join(lines[4:])]
    streets = {f"Line{number}": line[:500] for number, line in enumerate(lines, start=1)}
    return streets | given(
        City=found.city, CountrySubDivisionCode=found.region, PostalCode=(found.postal_code or "")[:30],
        Country=found.country,
    )  # fmt: skip
