"""Invoices and suppliers as the API shows them, with the ids and names of pushed lists."""

from decimal import ROUND_HALF_UP, Decimal

from hub_costtracker.sandbox import files
from hub_costtracker.sandbox.company import ADDRESSES, LISTS, may_update
from hub_costtracker.sandbox.lists import get_rate

CENT = Decimal("0.01")
FOREIGN_CURRENCIES = {"s21": "EUR", "s22": "SEK"}
SLOTS_BY_ID = {kind: {slot.id: slot for slot in slots} for kind, slots in LISTS.items()}
LIST_KINDS_BY_FIELD = {
    "account": "accounts",
    "location": "locations",
    "class": "classes",
    "customer": "customers",
}


def invoice(lists, raw):
    """Return one invoice with lines, orders, approvals and files."""
    lines = [_view_line(lists, line) for line in raw["lines"]]
    net = _sum(lines, "net")
    tax = _sum(lines, "tax")
    copied_fields = (
        "id",
        "version",
        "status",
        "kind",
        "invoice_number",
        "reference",
        "invoice_date",
        "due_date",
    )
    return {
        **{name: raw[name] for name in copied_fields},
        "supplier": supplier(lists, raw["supplier"]),
        "currency": raw.get("currency") or currency(lists, raw["supplier"]),
        "net_total": net,
        "tax_total": tax + Decimal(raw.get("tax_off", 0)),
        "gross_total": net + tax + Decimal(raw.get("gross_off", 0)),
        "po_numbers": raw["po_numbers"],
        "approvals": raw["approvals"],
        "lines": lines,
        "attachments": [
            {"id": id, **files.describe(kind, text)} for id, kind, text in attachments(raw)
        ],
        **_get_ocr_confidence(raw),
        "updated_at": raw["updated_at"],
        "deleted_at": raw["updated_at"] if raw.get("deleted") else None,
    }


def total_offsets(lists, raw, corrected_totals):
    """Return the differences between corrected totals and the sums of the lines."""
    lines = [_view_line(lists, line) for line in raw["lines"]]
    tax = _sum(lines, "tax")
    sums = {"gross_total": _sum(lines, "net") + tax, "tax_total": tax}
    fields = {"gross_total": "gross_off", "tax_total": "tax_off"}
    result = {}
    for name, text in corrected_totals.items():
        result[fields[name]] = str(Decimal(text) - sums[name])
    return result


def attachments(raw):
    """Return (id, kind, text) of an invoice's files."""
    title = f"Faktura {raw['invoice_number'] or raw['id']}"
    files = []
    for number, kind in enumerate(raw["files"], 1):
        files.append((f"{raw['id']}-f{number}", kind, title))
    return files


def supplier(lists, slot):
    """Return a supplier as an invoice names it."""
    record = lists.pushed_record("suppliers", slot)
    slot_entry = SLOTS_BY_ID["suppliers"][slot]
    name, external = (record["name"], record["external_id"]) if record else (slot_entry.name, None)
    number = 910_000_000 + 111_111 * int(slot[1:])
    return {
        "id": slot_entry.id,
        "external_id": external,
        "name": name,
        "org_number": str(number),
    }


def edit(lists, raw):
    """Return a supplier's edit, with its author and whether that person may change accounting."""
    fields = {name: raw[name] for name in ("user", "email", "phone", "version", "updated_at")}
    name = {"name": raw["name"]} if raw.get("name") else {}
    return {
        **supplier(lists, raw["id"]),
        **name,
        **fields,
        "address": ADDRESSES.get(raw["id"]),
        "can_update_accounting_suppliers": may_update(raw["user"]),
    }


def currency(lists, slot):
    """Return the supplier's currency in the books, or else its own."""
    record = lists.pushed_record("suppliers", slot) or {}
    return record.get("currency") or FOREIGN_CURRENCIES.get(slot) or lists.home_currency() or "NOK"


def _view_line(lists, line):
    """Return a line with its tax, rounded by itself."""
    net = Decimal(line["net"])
    tax = net * _get_rate(lists, line["tax_code"]) / 100
    return {
        "id": line["id"],
        "description": line["description"],
        "net": net,
        "tax": tax.quantize(CENT, ROUND_HALF_UP),
        "tax_code": _get_external_id(lists, "tax-codes", line["tax_code"]),
        **{
            field: _get_external_id(lists, kind, line[field])
            for field, kind in LIST_KINDS_BY_FIELD.items()
        },
        "po": line["po"],
    }


def _get_external_id(lists, kind, slot):
    """Return the external id of a record, or the account's own number or name before a push.

    A text that begins with "=" is an external id that a person chose.
    """
    if slot is None:
        return None
    if slot.startswith("="):
        return slot.removeprefix("=")
    record = lists.pushed_record(kind, slot)
    if record:
        return record["external_id"]
    if kind != "accounts" and lists.is_pushed(kind):
        return None
    slot_entry = SLOTS_BY_ID[kind][slot]
    return slot_entry.number or slot_entry.name


def _get_rate(lists, slot):
    """Return the rate of a tax code: of the pushed one, or of the account's own."""
    record = lists.pushed_record("tax-codes", slot)
    if record:
        return get_rate(record)
    if lists.is_pushed("tax-codes"):
        return Decimal(0)
    return Decimal(SLOTS_BY_ID["tax-codes"][slot].rate)


def _get_ocr_confidence(raw):
    """Return the confidence of OCR for each field, if it read the invoice."""
    shares = raw.get("ocr")
    if not shares:
        return {}
    return {"ocr": {name: Decimal(share) for name, share in shares.items()}}


def _sum(lines, name):
    """Return the sum of a field of lines."""
    return sum((line[name] for line in lines), Decimal(0))
