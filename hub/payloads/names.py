"""Names of suppliers, customers and items, and the fields that suppliers and customers share."""

from typing import Any

from hub.contract.documents import Party
from hub.contract.unicode_forms import compose
from hub.errors import Sentence
from hub.payloads.builder import PayloadBuilder, clean, drop_empty
from hub.payloads.memo_lengths import KIND_WITHOUT_MEMO, MAX_NOTES_LENGTH
from hub.payloads.shared_fields import (
    build_address,
    is_email_address,
    iter_texts,
    put_texts_into_memo,
)

MAX_PARTY_LENGTH = 500
MAX_ITEM_LENGTH = 100
MAX_NAME_PART_LENGTH = 100
MAX_PHONE_LENGTH = 30
MAX_TAX_NUMBER_LENGTH = 20


def build_name(builder: PayloadBuilder, text: str, max_length: int = MAX_PARTY_LENGTH) -> str:
    """Return a name on one line; report one that QuickBooks does not accept.

    Accented letters are composed, because QuickBooks only recognizes an existing name in this form.
    """
    plain = " ".join(compose(clean(text)).split())
    if ":" in plain:
        builder.report(
            Sentence(
                "QuickBooks allows no colon in a name: %(name)s. Rename it at the source, or"
                " match it.",
                name=plain,
            ),
            "match",
        )
    if len(plain) > max_length:
        builder.problems.append(
            Sentence(
                "QuickBooks allows %(max_length)s characters in a name. Shorten %(name)s… at"
                " the source.",
                max_length=max_length,
                name=plain[:40],
            )
        )
    return plain


def build_party_fields(
    builder: PayloadBuilder, details: Party, number_field: str
) -> dict[str, Any]:
    """Return the fields of suppliers and customers; the marker is in the notes, not in the name.

    `number_field` is the field for the organisation number. Suppliers are sent notes as well,
    although QuickBooks drops them.
    """
    first, last = _split_contact(details)
    email = _build_email(builder, details)
    phone = (details.phone or "").strip()
    currency = details.currency or builder.document.currency
    has_currency = bool(currency) and builder.facts.multicurrency
    if builder.document.kind == KIND_WITHOUT_MEMO:
        _warn_of_texts(builder)
    else:
        put_texts_into_memo(builder)
    fields = drop_empty(
        DisplayName=build_name(builder, details.name),
        GivenName=builder.fit(first, MAX_NAME_PART_LENGTH, Sentence("First name")),
        FamilyName=builder.fit(last, MAX_NAME_PART_LENGTH, Sentence("Last name")),
        PrimaryEmailAddr=drop_empty(Address=email),
        PrimaryPhone=drop_empty(
            FreeFormNumber=builder.fit(phone, MAX_PHONE_LENGTH, Sentence("Phone"))
        ),
        BillAddr=build_address(builder, details.address),
        CurrencyRef={"value": currency} if has_currency else None,
    )
    number = drop_empty(**{number_field: _get_tax_number(details)})
    return fields | number | {"Notes": builder.memo(MAX_NOTES_LENGTH)}


def _split_contact(details: Party) -> tuple[str, str]:
    """Return the first and the last name of the contact, on one line and without colons.

    QuickBooks refuses these signs in them as in any name, but no record is found by them.
    """
    words = clean(details.contact or "").replace(":", " ").split()
    if len(words) < 2:
        return " ".join(words), ""
    return " ".join(words[:-1]), words[-1]


def _build_email(builder: PayloadBuilder, details: Party) -> str:
    """Return the e-mail address; "" for one that QuickBooks does not take."""
    email = (details.email or "").strip()
    if not email or is_email_address(email):
        return email
    builder.warnings.append(
        Sentence(
            "QuickBooks does not take the e-mail address %(email)s, so it is left out. Correct it"
            " at the source.",
            email=email,
        )
    )
    return ""


def _warn_of_texts(builder: PayloadBuilder) -> None:
    """Warn of texts of the document that QuickBooks keeps for no supplier."""
    for label, text in iter_texts(builder.document):
        if clean(text or ""):
            builder.warnings.append(
                Sentence(
                    "QuickBooks keeps no notes of suppliers, so %(label)s is left out.",
                    label=label,
                )
            )


def _get_tax_number(details: Party) -> str:
    """Return the organisation number; "" if it is too long, because a part is another number."""
    number = clean(details.number or "").strip()
    return number if len(number) <= MAX_TAX_NUMBER_LENGTH else ""
