"""Invoices and suppliers as the API shows them, in the words of whatever lists were pushed."""

from decimal import ROUND_HALF_UP, Decimal

from hub_costtracker.sandbox import files
from hub_costtracker.sandbox.company import ADDRESSES, LISTS, may_update
from hub_costtracker.sandbox.lists import rate

CENT = Decimal("0.01")
ABROAD = {"s21": "EUR", "s22": "SEK"}
SLOTS = {kind: {slot.id: slot for slot in slots} for kind, slots in LISTS.items()}
FIELDS = {
    "account": "accounts",
    "location": "locations",
    "class": "classes",
    "customer": "customers",
}


def invoice(lists, raw):
    """Return one invoice with lines, orders, approvals and files."""
    lines = [_line(lists, line) for line in raw["lines"]]
    net = _sum(lines, "net")
    tax = _sum(lines, "tax")
    plain = (
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
        **{name: raw[name] for name in plain},
        "supplier": supplier(lists, raw["supplier"]),
        "currency": raw.get("currency") or currency(lists, raw["supplier"]),
        "net_total": net,
        "tax_total": tax + Decimal(raw.get("tax_off", 0)),
        "gross_total": net + tax + Decimal(raw.get("gross_off", 0)),
        "po_numbers": raw["po_numbers"],
        "approvals": raw["approvals"],
        "lines": lines,
        "attachments": [
            {"id": id, **files.describe(sort, text)} for id, sort, text in attachments(raw)
        ],
        **_ocr(raw),
        "updated_at": raw["updated_at"],
        "deleted_at": raw["updated_at"] if raw.get("deleted") else None,
    }


def offsets(lists, raw, typed):
    """Return how far the typed totals are from the sums of the lines."""
    lines = [_line(lists, line) for line in raw["lines"]]
    tax = _sum(lines, "tax")
    sums = {"gross_total": _sum(lines, "net") + tax, "tax_total": tax}
    fields = {"gross_total": "gross_off", "tax_total": "tax_off"}
    result = {}
    for name, text in typed.items():
        result[fields[name]] = str(Decimal(text) - sums[name])
    return result


def attachments(raw):
    """Return (id, sort, text) of an invoice's files."""
    title = f"Faktura {raw['invoice_number'] or raw['id']}"
    files = []
    for number, sort in enumerate(raw["files"], 1):
        files.append((f"{raw['id']}-f{number}", sort, title))
    return files


def supplier(lists, slot):
    """Return a supplier as an invoice names it."""
    pushed = lists.of("suppliers", slot)
    own = SLOTS["suppliers"][slot]
    name, external = (pushed["name"], pushed["external_id"]) if pushed else (own.name, None)
    number = 910_000_000 + 111_111 * int(slot[1:])
    return {
        "id": own.id,
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
    pushed = lists.of("suppliers", slot) or {}
    return pushed.get("currency") or ABROAD.get(slot) or lists.home() or "NOK"


def _line(lists, line):
    """Return a line with its tax, rounded by itself."""
    net = Decimal(line["net"])
    tax = net * _rate(lists, line["tax_code"]) / 100
    return {
        "id": line["id"],
        "description": line["description"],
        "net": net,
        "tax": tax.quantize(CENT, ROUND_HALF_UP),
        "tax_code": _code(lists, "tax-codes", line["tax_code"]),
        **{field: _code(lists, kind, line[field]) for field, kind in FIELDS.items()},
        "po": line["po"],
    }


def _code(lists, kind, slot):
    """Return the external id if the list was pushed or an id chosen ("=id").

    Before that it is the account's own number or name.
    """
    if slot is None:
        return None
    if slot.startswith("="):
        return slot.removeprefix("=")
    pushed = lists.of(kind, slot)
    if pushed:
        return pushed["external_id"]
    if kind != "accounts" and lists.is_pushed(kind):
        return None
    own = SLOTS[kind][slot]
    return own.number or own.name


def _rate(lists, slot):
    """Return the rate of a tax code: of the pushed one, or of the account's own."""
    pushed = lists.of("tax-codes", slot)
    if pushed:
        return rate(pushed)
    if lists.is_pushed("tax-codes"):
        return Decimal(0)
    return Decimal(SLOTS["tax-codes"][slot].rate)


def _ocr(raw):
    """Return how sure OCR was of each field, if it read the invoice."""
    shares = raw.get("ocr")
    if not shares:
        return {}
    return {"ocr": {name: Decimal(share) for name, share in shares.items()}}


def _sum(lines, name):
    """Return the sum of a field of lines."""
    return sum((line[name] for line in lines), Decimal(0))
