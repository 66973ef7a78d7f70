"""A payable of Ontraccr as the bill or expense that it is to become."""

import datetime as dt

from hub import Attachment, Code, Document, Line, money
from hub_ontraccr import profiles

PREFIX = "payable:"
TYPES = ("bill", "expense")
ZERO = money(0)


def document(site, known, row):
    """The bill or expense that a payable is to become; `known` are the profiles that it names."""
    kind = str(row["type"]).lower()
    if kind not in TYPES:
        raise ValueError(f"its type {row['type']!r} is none of {', '.join(TYPES)}")
    lines = tuple(_line(site, known, row, line) for line in row["lines"])
    held = row.get("hold_from_quickbooks")
    return Document(
        kind=kind,
        source_id=f"{PREFIX}{row['id']}",
        version=str(row["version"]),
        stage="pending" if held else "ready",
        hold=_held(row) if held else _lacks(site, row, kind),
        date=_date(row["invoice_date"]),
        due=_date(row.get("due_date")) if kind == "bill" else None,
        received=_received(site, row),
        number=row.get("number") or None,
        memo=row.get("description") or None,
        currency=row.get("currency") or None,
        codes={"vendor": _vendor(site, row), **_purchase_account(site, row)},
        lines=(*lines, *_withheld(site, known, row)),
        total=money(row["total"]),
        tax_total=money(row.get("tax") or 0),
        payment_type=_payment_type(site, known, row, kind),
        attachments=_attachments(site, row),
        facts=_facts(row),
    )


def _called(row):
    return f"Payable {row.get('number') or row['id']}"


def _held(row):
    who = f" by {row['held_by']}" if row.get("held_by") else ""
    return f"{_called(row)} is held back from QuickBooks in Ontraccr{who}. Release it there to have it posted."


def _lacks(site, row, kind):
    """What keeps a payable from the books whatever its profiles are linked to."""
    if kind == "bill" and not row.get("vendor"):
        return f"{_called(row)} names no vendor. Choose one in Ontraccr, or make it an expense."
    if kind == "bill" and money(row["total"]) < 0:
        return f"{_called(row)} has a negative total, and a bill cannot. Enter the credit in QuickBooks, or correct it."
    if not row["lines"]:
        return f"{_called(row)} has no lines. Add them in Ontraccr, or delete it there."
    bare = [
        str(n)
        for n, line in enumerate(row["lines"], 1)
        if not line.get("cost_code_id") and not _is_release(line)
    ]
    if bare and not site.settings["line_account"]:
        return (
            f"{_called(row)}: line {', '.join(bare)} has no cost code. Give it one in Ontraccr, or choose an account"
            " for such lines in the settings of Ontraccr."
        )
    return _without_account(site, row)


def _without_account(site, row):
    moves = _is_net(row) or any(_is_release(line) for line in row["lines"])
    if moves and not site.settings["retainage_account"]:
        return f"{_called(row)} has retainage. Choose the account of retainage in the settings of Ontraccr."
    return None


# -- head ------------------------------------------------------------------------------------------------------------


def _vendor(site, row):
    return profiles.code(site, "vendor", row["vendor"]) if row.get("vendor") else None


def _purchase_account(site, row):
    """What the uploader chose, else the default of the settings; a bill has no place for it but its memo."""
    chosen = row.get("purchase_account_external_id")
    if chosen:
        return {
            "purchase_account": Code(
                id=chosen, name=row.get("purchase_account_name"), quickbooks_id=chosen
            )
        }
    return {"payment_account": site.settings["purchase_account"]}


def _payment_type(site, known, row, kind):
    """How an expense was paid, where the account does not say it: a bank account may be paid from by check."""
    if kind == "bill" or site.settings["bank_payments"] == "cash":
        return None
    account = row.get("purchase_account_external_id") or site.settings["purchase_account"]
    return "check" if known.account_type(account) == "Bank" else None


def _attachments(site, row):
    files = row.get("attachments") or () if site.settings["attach_files"] else ()
    return tuple(
        Attachment(
            id=str(f["id"]),
            name=f["name"],
            mime=f["mime"],
            size=f.get("size"),
            sha256=f.get("sha256"),
        )
        for f in files
    )


def _facts(row):
    """What a reviewer wants to see and QuickBooks has no place for."""
    kept = row.get("retainage")
    facts = {
        "Uploaded by": row.get("uploaded_by"),
        "Retainage": f"{money(kept):f}, {'taken off the total' if _is_net(row) else 'not taken off'}"
        if kept
        else None,
    }
    return {label: text for label, text in facts.items() if text}


def _received(site, row):
    at = row.get("uploaded_at")
    return dt.datetime.fromisoformat(at).astimezone(site.zone).date() if at else None


def _date(text):
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError(f"“{text}” is no date") from None


# -- lines -----------------------------------------------------------------------------------------------------------


def _line(site, known, row, line):
    return Line(
        id=str(line["id"]),
        amount=money(line["amount"]),
        quantity=_number(line.get("quantity")),
        unit_price=_number(line.get("unit_cost")),
        tax=_number(line.get("tax")),
        description=line.get("description") or None,
        codes={**_what(site, known, line), **_where(site, known, line), **_tax(site, row)},
        facts={"Retainage": f"{money(line['retainage']):f}"} if line.get("retainage") else {},
    )


def _number(value):
    return None if value is None else money(value)


def _is_release(line):
    return bool(line.get("is_retainage_release"))


def _what(site, known, line):
    """The item of the cost code; without one the account for such lines."""
    if _is_release(line):
        return {"account": site.settings["retainage_account"]}
    if line.get("cost_code_id"):
        return {
            "cost_code": profiles.code(
                site, "cost_code", known.get("cost_code", str(line["cost_code_id"]))
            )
        }
    return {"account": site.settings["line_account"]}


def _where(site, known, line):
    """The project, and if that is wanted the class that its profile names."""
    if not line.get("project_id"):
        return {}
    project = known.get("project", str(line["project_id"]))
    named = project.get("class_external_id") if site.settings["project_class"] else None
    own = (
        {"class": Code(id=named, name=project.get("class_name"), quickbooks_id=named)}
        if named
        else {}
    )
    return {"project": profiles.code(site, "project", project), **own}


def _tax(site, row):
    own = row.get("tax_code_external_id")
    return (
        {"tax_code": Code(id=own, quickbooks_id=own)}
        if own
        else {"tax_code": site.settings["tax_code"]}
    )


# -- retainage -------------------------------------------------------------------------------------------------------


def _is_net(row):
    """Whether the total is what remains after retainage; else nothing of it is booked."""
    kept = money(row.get("retainage") or 0)
    return (
        bool(kept)
        and money(row["total"]) == money(row["subtotal"]) + money(row.get("tax") or 0) - kept
    )


def _withheld(site, known, row):
    """What each project's lines keep back, as a line of its own on the account of retainage."""
    kept = {}
    for line in row["lines"] if _is_net(row) else ():
        if line.get("retainage"):
            project = line.get("project_id")
            kept[project] = kept.get(project, ZERO) + money(line["retainage"])
    for project, amount in kept.items():
        yield Line(
            id=f"retainage:{project or ''}",
            amount=ZERO - amount,
            tax=ZERO,
            description="Retainage held",
            codes={
                "account": site.settings["retainage_account"],
                **_where(site, known, {"project_id": project}),
                **_tax(site, row),
            },
        )
