"""Payables and profiles as the API shows them."""

from decimal import Decimal

from hub_ontraccr.sandbox import files

ZERO = Decimal(0)
CREDIT_CARD = "Credit Card"


def payable(books, raw):
    """Return one payable with lines and files."""
    lines = [_view_line(line) for line in raw["lines"]]
    subtotal, tax, retainage = (_sum(lines, name) for name in ("amount", "tax", "retainage"))
    total = subtotal + tax + Decimal(raw.get("total_off", 0))
    if raw.get("net"):
        total -= retainage
    account = get_chosen_account(books, raw)
    return {
        "id": raw["id"],
        "version": raw["version"],
        "division_id": raw["division"],
        "type": raw["type"],
        "purchase_account_external_id": account,
        "purchase_account_name": _get_account_name(books, raw, account),
        "tax_code_external_id": _get_tax_code(books, raw),
        "vendor": _view_vendor(books, raw["vendor"]) if raw["vendor"] else None,
        "number": raw["number"],
        "invoice_date": raw["date"],
        "due_date": raw["due"],
        "description": raw["description"],
        "currency": raw.get("currency") or books.currency,
        "subtotal": subtotal,
        "tax": tax,
        "retainage": retainage or None,
        "total": total,
        "hold_from_quickbooks": bool(raw.get("held_by")),
        "held_by": raw.get("held_by") or None,
        "lines": lines,
        "attachments": [
            {"id": id, **files.describe(kind, text)} for id, kind, text in attachments(raw)
        ],
        "uploaded_by": raw["uploaded_by"],
        "uploaded_at": raw["uploaded_at"],
        "updated_at": raw["updated_at"],
        "deleted_at": raw["updated_at"] if raw.get("deleted") else None,
    }


def attachments(raw):
    """Return (id, kind, text) of a payable's files."""
    title = f"Invoice {raw['number'] or raw['id']}".replace("/", "-")
    files = []
    for number, kind in enumerate(raw["files"], 1):
        files.append((f"{raw['id']}-f{number}", kind, title))
    return files


def get_chosen_account(books, raw):
    """Return the id of the purchase account that the uploader chose, or None.

    It is stored as "=id"; "second" means the first credit card account.
    """
    choice = raw.get("account")
    if choice == "second":
        entries = [
            account
            for account in books.list(raw["division"], "purchase-accounts")
            if account.get("type") == CREDIT_CARD
        ]
        return entries[0]["external_id"] if entries else None
    return choice and choice.removeprefix("=")


def profile(books, kind, row):
    """Return one profile with its link."""
    fields = {name: value for name, value in row.items() if name != "class"}
    view = {**fields, "name": books.profiles.name(kind, row["id"])}
    if kind != "projects":
        return view
    view |= {"class_external_id": None, "class_name": None}
    for entry in books.list(row["division_id"], "classes"):
        if entry["external_id"] == row["class"]:
            view |= {"class_external_id": entry["external_id"], "class_name": entry.get("name")}
    return view


def _view_line(line):
    """Return a line with its amounts as numbers."""
    retainage = {"retainage": Decimal(line["retainage"])} if line.get("retainage") else {}
    return {
        "id": line["id"],
        "project_id": line["project"],
        "cost_code_id": line["cost_code"],
        "description": line["description"],
        "quantity": Decimal(line["quantity"]),
        "unit_cost": Decimal(line["unit_cost"]),
        "amount": Decimal(line["amount"]),
        "tax": Decimal(line["tax"]),
        **retainage,
        "is_retainage_release": bool(line.get("release")),
    }


def _view_vendor(books, id):
    """Return the vendor of a payable with its link."""
    row = profile(books, "vendors", books.profiles.rows["vendors"][id])
    return {
        name: row.get(name)
        for name in ("id", "name", "email", "currency", "external_id", "external_type")
    }


def _get_tax_code(books, raw):
    """Return the id of the tax code that the uploader chose, or None; "first" is the first one."""
    entries = books.list(raw["division"], "tax-codes")
    if raw["tax_code"] == "first":
        return entries[0]["external_id"] if entries else None
    return raw["tax_code"]


def _get_account_name(books, raw, id):
    """Return the name of a purchase account, or None if the list does not have it."""
    for entry in books.list(raw["division"], "purchase-accounts"):
        if entry["external_id"] == id:
            return entry["name"]
    return None


def _sum(lines, name):
    """Return the sum of a field of lines."""
    return sum((line.get(name, ZERO) for line in lines), ZERO)
