"""What suppliers, customers and items share: a name that QuickBooks takes, and people's names in parts."""

from typing import Any

from hub.contract.documents import Party
from hub.qbo.payloads.builder import PayloadBuilder, clean, without_empty
from hub.qbo.payloads.shared_fields import address

LONGEST_PARTY, LONGEST_ITEM, LONGEST_PART = 500, 100, 100


def name(builder: PayloadBuilder, given_name: str, longest: int = LONGEST_PARTY) -> str:
    """The name as QuickBooks takes it: one line, no colon."""
    plain = " ".join(clean(given_name).split())
    if ":" in plain:
        builder.problems.append(
            f"QuickBooks takes no colon in a name: {plain}. Rename it at the source, or match it."
        )
    if len(plain) > longest:
        builder.problems.append(
            f"QuickBooks takes {longest} characters of a name. Shorten {plain[:40]}… at the source."
        )
    return plain


def party(builder: PayloadBuilder, details: Party) -> dict[str, Any]:
    """Return the fields of suppliers and customers; the marker is in the notes, not in the name."""
    first, _, last = (details.contact or "").strip().rpartition(" ")
    if not first:
        first, last = last, ""
    currency = details.currency or builder.document.currency
    has_currency = bool(currency) and builder.facts.multicurrency
    return without_empty(
        DisplayName=name(builder, details.name),
        GivenName=first[:LONGEST_PART],
        FamilyName=last[:LONGEST_PART],
        PrimaryEmailAddr=without_empty(Address=(details.email or "").strip()),
        PrimaryPhone=without_empty(FreeFormNumber=(details.phone or "").strip()[:30]),
        BillAddr=address(details.address),
        CurrencyRef={"value": currency} if has_currency else None,
        Notes=builder.note(),
    )
