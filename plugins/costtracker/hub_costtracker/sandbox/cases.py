"""Invoices with special cases: each case has a name and the fields that differ."""

import datetime as dt

from hub_costtracker.sandbox.company import ACCOUNTANT

LONG_NUMBER_LENGTH = 30


def _fields(**changes):
    """Return a change of these fields of an invoice."""
    return lambda invoice, earlier_invoices, today: changes


def _lines(**changes):
    """Return a change of these fields of every line."""
    return lambda invoice, earlier_invoices, today: {
        "lines": [{**line, **changes} for line in invoice["lines"]]
    }


def _foreign_supplier(supplier):
    """Return a change to a foreign supplier, whose lines have no tax."""

    def change(invoice, earlier_invoices, today):
        home = {"tax_code": "zero", "customer": None}
        return {"supplier": supplier, "lines": [{**line, **home} for line in invoice["lines"]]}

    return change


def _two_locations(invoice, earlier_invoices, today):
    """Give an invoice two lines with different locations."""
    first = invoice["lines"][0]
    second = {
        **first,
        "id": f"{invoice['id']}-b",
        "location": "l2",
        "net": "480.00",
        "po": None,
    }
    return {"lines": [{**first, "location": "l1"}, second]}


def _rejected(invoice, earlier_invoices, today):
    """Reject an invoice."""
    rejection = invoice["approvals"][:1]
    approvals = [{**approval, "decision": "rejected"} for approval in rejection]
    return {"status": "rejected", "approvals": approvals}


def _sent_for_approval(invoice, earlier_invoices, today):
    """Send an invoice for approval; its approvers have not decided yet."""
    approvals = [
        {"user": approval["user"], "decision": None, "at": None}
        for approval in invoice["approvals"]
    ]
    return {"status": "sent_for_approval", "approvals": approvals}


def _approved_by_accounting(invoice, earlier_invoices, today):
    """Keep one approval, by a person of Accounting."""
    last = invoice["approvals"][-1]
    approval = {**last, "user": ACCOUNTANT, "role": "Accounting"}
    return {"approvals": [approval]}


def _duplicate(invoice, earlier_invoices, today):
    """Repeat the newest plain invoice with another id."""
    invoices = [
        earlier_invoice
        for earlier_invoice in earlier_invoices
        if earlier_invoice["status"] == "approved"
    ]
    twin = [
        earlier_invoice for earlier_invoice in invoices if earlier_invoice["supplier"] != "s29"
    ][-1]
    names = ("supplier", "invoice_number", "invoice_date", "due_date", "lines", "reference", "kind")
    return {name: twin[name] for name in names}


def _closed_period(invoice, earlier_invoices, today):
    """Date an invoice before the current fiscal year."""
    date = today - dt.timedelta(days=400)
    return {
        "invoice_date": date.isoformat(),
        "due_date": (date + dt.timedelta(days=30)).isoformat(),
    }


def _long_number(invoice, earlier_invoices, today):
    """Give an invoice a number of 30 characters."""
    number = f"{invoice['invoice_number']}-KID-{invoice['id']:0>30}"
    return {"invoice_number": number[:LONG_NUMBER_LENGTH]}


def _special_characters(invoice, earlier_invoices, today):
    """Give an invoice special characters."""
    text = """Dører "Ærlig" 7' × 2½ – blå/gråmalt, levert på Åsen & Ås <hjørnet>"""
    return {
        "reference": 'Øst\'s "blå" hus; 50 % & mer',
        "lines": [{**x, "description": text} for x in invoice["lines"]],
    }


def _tax_rounded_per_line(invoice, earlier_invoices, today):
    """Set a tax of 0.005 on two lines: rounded line by line it is one more than on the sum."""
    first = {**invoice["lines"][0], "tax_code": "standard", "net": "100.02"}
    second = {**first, "id": f"{invoice['id']}-b"}
    return {"lines": [first, second]}


CASES = (
    ("credit note", _fields(kind="credit_note")),
    ("not sent for approval yet", _fields(status="validated", approvals=[])),
    ("foreign currency", _foreign_supplier("s21")),
    ("locations that differ", _two_locations),
    ("a supplier that QuickBooks does not know", _fields(supplier="s29")),
    ("number of 30 characters", _long_number),
    ("sum off by one øre", _fields(gross_off="0.01")),
    ("rejected", _rejected),
    ("dated in a closed period", _closed_period),
    ("the same supplier and number twice", _duplicate),
    ("an account that was never pushed", _lines(account="a1999")),
    ("letters and quotes", _special_characters),
    ("hidden account", _lines(account="a6810")),
    ("changed after approval", _fields(version=3)),
    ("its file is missing", _fields(files=["missing"])),
    ("its file is a web page", _fields(files=["pdf", "html"])),
    ("its file is too large", _fields(files=["large"])),
    ("waits for its approvers", _sent_for_approval),
    ("draft", _fields(status="draft", approvals=[], invoice_number=None, due_date=None)),
    ("deleted after approval", _fields(version=2, deleted=True)),
    ("foreign currency, another", _foreign_supplier("s22")),
    ("tax off by one øre", _fields(tax_off="0.01")),
    ("tax rounded on each line", _tax_rounded_per_line),
    ("read by OCR", _fields(ocr={"invoice_number": "0.97", "gross_total": "0.88"})),
    ("a date that is none", _fields(invoice_date="31.02.2026")),
    ("credit note to an order", _fields(kind="credit_note", files=["pdf"])),
    ("approved by Accounting alone", _approved_by_accounting),
    ("draft without lines", _fields(status="draft", approvals=[], lines=[], files=[])),
)
# `hub demo` loses the response of QuickBooks to this invoice, to show how the hub recovers.
LOST_RESPONSE = ("its response is lost", _fields(invoice_number="LOST-RESPONSE"))
# These would open cases that the demo has already, or that a newcomer does not need to see.
LEFT_OUT_OF_DEMO = frozenset(
    {
        "locations that differ",
        "its file is a web page",
        "its file is too large",
        "tax off by one øre",
        "a date that is none",
    }
)
