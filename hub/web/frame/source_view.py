"""Show a source document and a payload as a person reads them: facts and lines."""

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.contract.document_kinds import LIST_KINDS
from hub.models import Posting, SourceDocument
from hub.money import ZERO, precision
from hub.outbox import get_sign_of_kind
from hub.qbo.display_labels import PLACEHOLDER_TEXT
from hub.translations import dates, stored
from hub.translations.messages import gettext, gettext_noop, pgettext
from hub.web.frame import viewer

HIDDEN_FIELDS = (
    "lines",
    "codes",
    "attachments",
    "warnings",
    "facts",
    "details",
    "kind",
    "url",
    "source_id",
    "stage",
    "version",
    "tolerance",
)
# Labels of fields whose names would read badly; any other is its name with spaces.
FIELD_LABELS = {
    "hold": gettext_noop("Reason"),
    "quickbooks_id": gettext_noop("QuickBooks id"),
    "payment_type": gettext_noop("Paid by"),
    "email_to": gettext_noop("Mailed to"),
}
# Labels of codes that an app names by their role and declares no field for.
ROLE_LABELS: Mapping[str, str] = {
    "vendor": gettext_noop("Supplier"),
    "customer": gettext_noop("Customer"),
    "item": gettext_noop("Item"),
    "account": gettext_noop("Account"),
    "class": gettext_noop("Class"),
    "location": gettext_noop("Location"),
    "term": gettext_noop("Term"),
    "tax_code": gettext_noop("Tax code"),
    "payment_method": gettext_noop("Payment method"),
    "payable_account": gettext_noop("Payable account"),
    "payment_account": gettext_noop("Payment account"),
    "deposit_account": gettext_noop("Deposit account"),
    "income_account": gettext_noop("Income account"),
    "asset_account": gettext_noop("Asset account"),
    "expense_account": gettext_noop("Expense account"),
    "purchase_order": gettext_noop("Purchase order"),
    "category": gettext_noop("Category"),
}
NUMBER_PATTERN = re.compile(r'"\\u0000([^"\\]+)\\u0000"')
PLAIN_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
DATE_PATTERN = re.compile(r"\b(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::[\d.]+)?(?:Z|[+-]\d\d:\d\d)?)?\b")
AMOUNT_FIELDS = ("total", "tax_total")
DATE_FIELDS = ("date", "due", "received")
ADDRESS_FIELDS = ("ship_to", "address")
PRICE_FIELDS = ("price", "cost")
# What a new supplier, customer or item is created from, with its labels.
RECORD_LABELS = {
    "name": gettext_noop("Name"),
    "type": gettext_noop("Type"),
    "sku": gettext_noop("SKU"),
    "description": gettext_noop("Description"),
    "price": gettext_noop("Price"),
    "cost": gettext_noop("Cost"),
    "on_hand": gettext_noop("On hand"),
    "email": gettext_noop("E-mail"),
    "phone": gettext_noop("Phone"),
    "contact": gettext_noop("Contact"),
    "address": gettext_noop("Address"),
    "currency": gettext_noop("Currency"),
}
DATE_FACTS = ("Date", "Due")  # labels of `hub.qbo.display`
WORD_FACTS = ("Amounts", "Billable", "Paid by", "Status", "Stock is tracked", "Type")
NUMBER_FACTS = ("Price", "Cost", "On hand", "Exchange rate")
# The types of items, as a source states them.
ITEM_TYPES = {
    "service": gettext_noop("Service"),
    "inventory": gettext_noop("Inventory"),
    "non_inventory": gettext_noop("Non-inventory"),
    "category": gettext_noop("Category"),
}
MILLION = 1_000_000
TAX_LABELS = {
    "exclusive": gettext_noop("amounts without tax"),
    "inclusive": gettext_noop("amounts with tax"),
    "none": gettext_noop("no tax applies"),
    "computed": gettext_noop("QuickBooks works out the tax"),
}
# From a field and an id to the name of the record, "" if it is not known.
RecordName = Callable[[str, str], str]


@dataclass(frozen=True)
class View:
    """Facts by name, lines as rows of cells, and what else the document says."""

    facts: list[tuple[str, Any]]
    lines: list[dict[str, Any]]
    codes: list[tuple[str, str]]
    attachments: list[dict[str, Any]]
    warnings: list[str]


def build_source_view(
    document: SourceDocument,
    record_name: RecordName = lambda field, code: "",
    field_labels: Mapping[str, str] = ROLE_LABELS,
) -> View:
    """Return a document as its source described it; ids are replaced by the names of records.

    `field_labels` are what the app calls its codes.
    """
    body = document.body or {}
    if body.get("kind") in LIST_KINDS:
        facts = _list_record_facts(body.get("details") or {})
    else:
        facts = _list_document_facts(body, document.known_currency)
    for name, value in body.get("facts", {}).items():
        facts.append((_format_label(name), stored.translate(format_dates(str(value)))))
    lines = []
    for line in body.get("lines", []):
        codes_of_line = _list_codes(line.get("codes", {}), record_name, field_labels)
        lines.append({**line, "codes": codes_of_line})
    return View(
        facts=facts,
        lines=lines,
        codes=_list_codes(body.get("codes", {}), record_name, field_labels),
        attachments=body.get("attachments", []),
        warnings=body.get("warnings", []),
    )


def _list_document_facts(body: Mapping[str, Any], currency: str) -> list[tuple[str, Any]]:
    """Return the fields of a document that are not shown elsewhere on its page."""
    facts = []
    for name, value in body.items():
        if value and name not in HIDDEN_FIELDS:
            label = FIELD_LABELS.get(name) or _format_label(name)
            text = _format_field(name, value, currency)
            facts.append((label, stored.translate(text) if name == "hold" else text))
    return facts


def _list_record_facts(details: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return labels and texts of a supplier, customer or item, as the source has them."""
    facts = []
    for name, label in RECORD_LABELS.items():
        if details.get(name):
            facts.append((label, _format_field(name, details[name], details.get("currency") or "")))
    return facts


def format_payload(posting: Posting) -> str:
    """Return the exact payload, indented, its digits untouched.

    A payload that is not JSON is returned as it is.
    """
    text = bytes(posting.payload).decode("utf-8", "replace")
    try:
        document = json.dumps(
            json.loads(text, parse_float=_mark_number), indent=2, ensure_ascii=False
        )
    except ValueError:
        return text
    return NUMBER_PATTERN.sub(r"\1", document)


def _mark_number(digits: str) -> str:
    """Return a number as text for `NUMBER_PATTERN`; as a float, 10.10 would become 10.1."""
    return f"\0{digits}\0"


def format_amount(value: Decimal | str | None, currency: str = "") -> str:
    """Format an amount with thousands separators and at least its currency's decimals."""
    if not value and value != 0:
        return ""
    number = Decimal(str(value)) or ZERO  # which has no sign
    least = precision(currency) if currency else 2
    exponent = int(number.normalize().as_tuple().exponent)
    places = max(least, -exponent)
    return viewer.number_format().amount(number, places)


def format_quantity(value: Decimal | str | None) -> str:
    """Format a quantity with the decimals that it has; None is empty."""
    if not value and value != 0:
        return ""
    return viewer.number_format().localize(f"{Decimal(str(value)):f}")


def format_money(value: Decimal | None, currency: str) -> str:
    """Format an amount with its currency; None is empty."""
    if value is None:
        return ""
    return f"{format_amount(value, currency)} {currency}".strip()


def apply_sign_of_kind(value: Decimal | None, kind: str) -> Decimal | None:
    """Return a total with the sign that it has in the sums above a list: credits are negative."""
    return None if value is None else get_sign_of_kind(kind) * value


def format_sums(sums: Mapping[str, Decimal]) -> list[str]:
    """Return sums by currency as texts, one for each whose sum is not zero."""
    return [format_money(total, currency) for currency, total in sorted(sums.items()) if total]


def format_short_money(value: Decimal, currency: str) -> str:
    """Format an amount with its currency briefly, as "8.2 M NOK"; below a million without cents."""
    numbers = viewer.number_format()
    if abs(value) < MILLION:
        return f"{numbers.amount(value, 0)} {currency}".strip()
    millions = numbers.amount(value / MILLION, 1)
    return gettext("%(millions)s M %(currency)s", millions=millions, currency=currency).strip()


def _format_field(name: str, value: Any, currency: str) -> str:
    """Return the text of a simple value: an amount, a date or a label."""
    if name in AMOUNT_FIELDS or name in PRICE_FIELDS:
        return format_amount(value, currency)
    if name == "tax_mode":
        mode = str(value)
        return gettext(TAX_LABELS.get(mode, mode))
    if name in ("type", "payment_type"):
        return _format_choice(name, str(value))
    if name in ADDRESS_FIELDS and isinstance(value, dict):
        return _format_address(value)
    text = _format_value(value)
    if name in DATE_FIELDS:
        return format_dates(text)
    return text


def _format_choice(name: str, text: str) -> str:
    """Return the word for how a document was paid, or for the type of an item."""
    words = text.replace("_", " ")
    if name == "type":
        return gettext(ITEM_TYPES.get(text, words))
    return _list_words("Paid by").get(words.capitalize(), text)


def _format_address(address: dict[str, Any]) -> str:
    """Return the parts of an address that are not empty on one line."""
    parts = [_format_value(part) for part in address.values() if part]
    return ", ".join(parts)


def format_fact(text: str, label: str) -> str:
    """Return the value of a fact in QuickBooks: a date, a number, or a word for a choice."""
    if not text:
        return text
    if label in DATE_FACTS:
        return format_dates(text)
    if label in NUMBER_FACTS and PLAIN_NUMBER.fullmatch(text):
        return viewer.number_format().localize(text)
    if label in WORD_FACTS or text == PLACEHOLDER_TEXT:
        return _list_words(label).get(text, gettext(text))
    return text


def _list_words(label: str) -> Mapping[str, str]:
    """Return the words for values of a fact that mean something else elsewhere."""
    if label == "Paid by":
        return {
            "Cash": pgettext("paid by", "Cash"),
            "Check": pgettext("paid by", "Check"),
            "Credit card": pgettext("paid by", "Credit card"),
        }
    if label == "Status":
        return {"Open": pgettext("order", "Open"), "Closed": pgettext("order", "Closed")}
    if label == "Stock is tracked":
        return {"True": gettext("yes")}
    return {}


def format_dates(text: str) -> str:
    """Return the text with its dates as a person writes them."""
    return DATE_PATTERN.sub(_format_date, text)


def _format_date(match: re.Match[str]) -> str:
    """Return a date as a person reads it, with the time that follows it."""
    try:
        day = dt.date.fromisoformat(match[1])
    except ValueError:
        return match[0]
    time = f" {match[2]}" if match[2] else ""
    return f"{dates.date(day)}{time}"


def _list_codes(
    codes: dict[str, Any], record_name: RecordName, field_labels: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Return the codes of a document as pairs of label and text."""
    texts = []
    for key, code in codes.items():
        if code:
            label = field_labels.get(key) or ROLE_LABELS.get(key) or _format_label(key)
            texts.append((label, _format_code(key, code, record_name)))
    return texts


def _format_code(key: str, code: Any, record_name: RecordName) -> str:
    """Return the number and name of a code.

    If it has neither, or both only repeat its id, return the name of the record that it is.
    """
    parts = code if isinstance(code, dict) else {"id": str(code)}
    id = str(parts.get("id", ""))
    names = []
    for name in ("number", "name"):
        if parts.get(name):
            names.append(str(parts[name]))
    if any(name != id for name in names):
        return " ".join(names)
    return record_name(key, id) or id


def _format_label(name: str) -> str:
    """Return a name as a label; capitals that its plugin wrote stay."""
    text = name.replace("_", " ")
    first_letter = text[:1].upper()
    return first_letter + text[1:]


def _format_value(value: Any) -> str:
    """Return a value as text, without braces and brackets, as "width: 2, height: 3".

    Values within it are shown in the same way.
    """
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_format_value(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(_format_value, value))
    return str(value)
