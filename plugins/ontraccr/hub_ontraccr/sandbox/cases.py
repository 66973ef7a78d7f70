"""Payables with special cases: each case has a name and the fields that differ."""

import datetime as dt
from decimal import Decimal

from hub_ontraccr.sandbox.company import LOST_RECORD_ID


def _fields(**changes):
    """Return a change of these fields of a payable."""
    return lambda payable, earlier_payables, today: changes


def _lines(**changes):
    """Return a change of every line."""
    return lambda payable, earlier_payables, today: {
        "lines": [{**line, **changes} for line in payable["lines"]]
    }


def _change_first_line(payable, **changes):
    """Return the lines of a payable with other values in the first one."""
    first, *others = payable["lines"]
    return [{**first, **changes}, *others]


def _build_single_piece_line(payable, amount, **overrides):
    """Return the first line of a payable with a quantity of one and this amount."""
    return {
        **payable["lines"][0],
        "quantity": "1",
        "unit_cost": amount,
        "amount": amount,
        **overrides,
    }


def _same_shape(kind):
    """Return a change to a payable of one line, with a fixed vendor, project and cost code."""

    def change(payable, earlier_payables, today):
        other = {
            "description": "Same goods",
            "id": f"{payable['id']}-1",
            "project": "p1",
            "cost_code": "c1",
        }
        return {
            "type": kind,
            "vendor": "v1",
            "lines": [_build_single_piece_line(payable, "1250.00", **other)],
            "files": [],
        }

    return change


def _without_cost_code(payable, earlier_payables, today):
    """Take the cost code from the first line."""
    return {"lines": _change_first_line(payable, cost_code=None)}


def _several_projects(payable, earlier_payables, today):
    """Give the lines several projects, and one of them none."""
    lines = [
        _build_single_piece_line(payable, f"{n}10.10", id=f"{payable['id']}-{n}", project=f"p{n}")
        for n in range(1, 4)
    ]
    return {
        "lines": [
            *lines,
            _build_single_piece_line(payable, "0.40", id=f"{payable['id']}-4", project=None),
        ]
    }


def _add_tax(payable, earlier_payables, today):
    """Add a tax of five per cent to every line."""
    lines = []
    for line in payable["lines"]:
        tax = Decimal(line["amount"]) * 5 / 100
        lines.append({**line, "tax": f"{tax:.2f}"})
    return {"lines": lines}


def _with_retainage(net):
    """Keep back ten per cent; the total is net of it, or not."""

    def change(payable, earlier_payables, today):
        lines = [
            _build_single_piece_line(payable, "8000.00", retainage="800.00"),
            _build_single_piece_line(payable, "500.05", retainage="50.01", project="p2"),
        ]
        lines[1]["id"] = f"{payable['id']}-2"
        return {"type": "bill", "lines": lines, "net": net, "due": None}

    return change


def _retainage_release(payable, earlier_payables, today):
    """Release the retainage of earlier payables in one line."""
    return {
        "type": "bill",
        "lines": [
            _build_single_piece_line(
                payable, "850.01", cost_code=None, release=True, description="Holdback"
            )
        ],
    }


def _duplicate(payable, earlier_payables, today):
    """Repeat the newest plain bill with another id."""
    twin = next(
        earlier_payable
        for earlier_payable in reversed(earlier_payables)
        if earlier_payable["case"] == "a plain bill"
    )
    names = ("type", "vendor", "number", "date", "due", "lines", "description")
    return {name: twin[name] for name in names}


def _closed_period(payable, earlier_payables, today):
    """Date a payable before the current fiscal year."""
    date = today - dt.timedelta(days=400)
    return {
        "type": "bill",
        "date": date.isoformat(),
        "due": (date + dt.timedelta(days=30)).isoformat(),
    }


def _long_number(payable, earlier_payables, today):
    """Give a payable a number of 30 characters."""
    return {"number": f"{payable['number']}-{payable['id']:0>30}"[:30]}


def _special_characters(payable, earlier_payables, today):
    """Give a payable special characters."""
    return {"description": 'Déjà payé; "Étage" 7\' × 2½ – <front> & back', "number": 'Ö-12/"A"'}


CASES = (
    ("a bill of the same shape", _same_shape("bill")),
    ("an expense of the same shape", _same_shape("expense")),
    ("a cost code that is not linked", _lines(cost_code="c8")),
    ("a project that is not linked", _lines(project="p8")),
    ("another purchase account", _fields(type="expense", account="second")),
    ("a purchase account that is gone", _fields(type="expense", account=f"={LOST_RECORD_ID}")),
    ("held back", _fields(held_by="Priya Nair")),
    ("a vendor that QuickBooks does not know", _fields(type="bill", vendor="v10")),
    ("a vendor with a near name", _fields(vendor="v11")),
    ("a line without a cost code", _without_cost_code),
    ("with tax", _add_tax),
    ("total off by one cent", _fields(total_off="0.01")),
    ("several projects", _several_projects),
    ("retainage taken off", _with_retainage(net=True)),
    ("retainage not taken off", _with_retainage(net=False)),
    ("retainage released", _retainage_release),
    ("a cost code linked to a vendor", _lines(cost_code="c9")),
    ("a project that QuickBooks lost", _lines(project="p9")),
    ("the same vendor and number twice", _duplicate),
    ("number of 30 characters", _long_number),
    ("letters and quotes", _special_characters),
    ("dated in a closed period", _closed_period),
    ("changed after upload", _fields(version=3)),
    ("deleted after upload", _fields(version=2, deleted=True)),
    ("a date that is none", _fields(date="31.02.2026")),
    ("no vendor", _fields(type="bill", vendor=None)),
    ("an expense without a vendor", _fields(type="expense", vendor=None)),
    ("a negative total", _lines(quantity="1", unit_cost="-40.00", amount="-40.00")),
    ("foreign currency", _fields(currency="EUR")),
    ("its file is missing", _fields(files=["missing"])),
    ("its file is a web page", _fields(files=["pdf", "html"])),
    ("its file is too large", _fields(files=["large"])),
    ("no lines", _fields(lines=[])),
    ("its own tax code", _fields(tax_code="first")),
)
# These need a person; of such payables the demo has only the vendor with a near name.
LEFT_OUT_OF_DEMO = frozenset(
    {
        "a cost code that is not linked",
        "a project that is not linked",
        "a purchase account that is gone",
        "a line without a cost code",
        "total off by one cent",
        "retainage taken off",
        "retainage not taken off",
        "retainage released",
        "a cost code linked to a vendor",
        "a project that QuickBooks lost",
        "the same vendor and number twice",
        "a date that is none",
        "no vendor",
        "a negative total",
        "foreign currency",
        "its file is missing",
        "its file is a web page",
        "its file is too large",
        "no lines",
    }
)
