"""Fields that several kinds have: addresses, custom fields, and the address for mailing."""

from collections.abc import Iterator, Mapping
from typing import Any

from hub.contract.documents import Address, Document, Role
from hub.errors import Sentence
from hub.payloads.builder import PayloadBuilder, clean, drop_empty

MAX_CUSTOM_LENGTH = 31
MAX_STREET_LINES = 5
MAX_STREET_LENGTH = 500
MAX_PLACE_LENGTH = 255  # a city, a region or a country
MAX_POSTAL_CODE_LENGTH = 30
MAX_EMAIL_LENGTH = 100


def is_email_address(text: str) -> bool:
    """Return whether QuickBooks may take a text as an e-mail address; it refuses all others."""
    return "@" in text and "." in text and len(text) <= MAX_EMAIL_LENGTH


def build_address(builder: PayloadBuilder, source: Address | None) -> dict[str, Any]:
    """Return a postal address; street lines for which there is no room are joined."""
    if source is None:
        return {}
    lines = _list_street_lines(source)
    if len(lines) > MAX_STREET_LINES:
        last = MAX_STREET_LINES - 1
        lines = [*lines[:last], ", ".join(lines[last:])]
    fields = {}
    for number, line in enumerate(lines, start=1):
        fields[f"Line{number}"] = builder.fit(line, MAX_STREET_LENGTH, Sentence("Address"))
    city, region, country = source.city or "", source.region or "", source.country or ""
    postal_code = source.postal_code or ""
    return fields | drop_empty(
        City=builder.fit(city, MAX_PLACE_LENGTH, Sentence("City")),
        CountrySubDivisionCode=builder.fit(region, MAX_PLACE_LENGTH, Sentence("State or region")),
        PostalCode=builder.fit(postal_code, MAX_POSTAL_CODE_LENGTH, Sentence("Postal code")),
        Country=builder.fit(country, MAX_PLACE_LENGTH, Sentence("Country")),
    )


def _list_street_lines(source: Address) -> list[str]:
    """Return the lines above the city: the name and the street."""
    return [line for line in (source.name, *source.lines) if line]


def format_address(source: Address | None) -> str:
    """Format a postal address on one line; "" if there is none."""
    if source is None:
        return ""
    place = (source.city, source.region, source.postal_code, source.country)
    parts = [*_list_street_lines(source), *place]
    return ", ".join(part for part in parts if part)


def build_custom_fields(builder: PayloadBuilder, ids: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the custom fields that the company has; others and long texts go into the memo.

    `ids` are the ids of the fields by their names.
    """
    by_key = {name.casefold(): (id, name) for name, id in ids.items()}
    fields = []
    for name, text in _iter_custom_texts(builder):
        id, label = by_key.get(name.strip().casefold(), ("", name))
        if not id:
            _put_custom_text_into_memo(builder, name, text)
            continue
        fields.append(
            {
                "DefinitionId": id,
                "Name": label,
                "Type": "StringType",
                "StringValue": builder.fit(text, MAX_CUSTOM_LENGTH, label),
            }
        )
    return fields


def put_texts_into_memo(builder: PayloadBuilder) -> None:
    """Put message, delivery address and custom fields into the memo.

    This is for kinds that have no fields for them. Invoices, credit memos, refunds and purchase
    orders have such fields.
    """
    document = builder.document
    builder.put_into_memo(message=document.message, ship_to=format_address(document.ship_to))
    for name, text in _iter_custom_texts(builder):
        _put_custom_text_into_memo(builder, name, text)


def iter_texts(document: Document) -> Iterator[tuple[str, str | None]]:
    """Yield the label and the text of each text of a document that some kinds have no field for."""
    yield Sentence("memo"), document.memo
    yield Sentence("message"), document.message
    yield Sentence("delivery address"), format_address(document.ship_to)
    yield from document.custom.items()


def _iter_custom_texts(builder: PayloadBuilder) -> Iterator[tuple[str, str]]:
    """Yield name and text of the document's custom fields that are not empty."""
    for name, value in builder.document.custom.items():
        text = clean(value)
        if text:
            yield name, text


def _put_custom_text_into_memo(builder: PayloadBuilder, name: str, text: str) -> None:
    """Put the text of a custom field that QuickBooks does not have into the memo."""
    builder.remarks.append(f"{name}: {text}")
    builder.warnings.append(
        Sentence("QuickBooks has no custom field %(name)s; it goes into the memo.", name=name)
    )


def build_mailing_fields(builder: PayloadBuilder, role: Role, field: str) -> dict[str, Any]:
    """Return the fields for mailing the document, if it is to be mailed.

    The address that QuickBooks has of the party takes precedence over that of the document.
    """
    requested_address = builder.document.email_to
    party = builder.mapped.header.get(role)
    if requested_address is None:
        return {}
    addresses = [party.email, requested_address.strip()] if party else [requested_address.strip()]
    to = next(filter(is_email_address, addresses), "")
    if not to:
        builder.warnings.append(
            Sentence("It is not mailed, because neither QuickBooks nor the source has an address.")
        )
        return {}
    return {field: {"Address": to}, "EmailStatus": "NeedToSend"}
