"""The expense reports of the stand-in: in every status, and with special cases."""

import datetime as dt
from decimal import Decimal

from hub_autotask.sandbox.msp import EURO, HOME_CURRENCY
from hub_autotask.sandbox.picklists import EXPENSE_STATUS, PAYMENT_TYPES, get_number
from hub_autotask.sandbox.schema import ENTITIES
from hub_autotask.sandbox.selection import select_cases

FIRST_ID, FIRST_ITEM = 7001, 70_001
APPROVED = "Approved for Payment"


def build_item(category, amount, paid="Cash", company=None, billable=False, **more):
    """Return an expense of a case."""
    return {
        "category": category,
        "amount": amount,
        "paid": paid,
        "company": company,
        "billable": billable,
        "more": more,
    }


def build_case(name, person, age, *items, status=APPROVED, advance="0", department=None, **more):
    """Return a report: person, days since its approval, expenses."""
    return {
        "name": name,
        "person": person,
        "age": age,
        "items": items,
        "status": status,
        "advance": advance,
        "department": department,
        "more": more,
    }


TRIP = (
    build_item(
        831,
        "38.40",
        company=177,
        billable=True,
        miles="58.6",
        origin="Office",
        destination="Bayview Apartments",
    ),
    build_item(832, "21.60"),
)
CASES = (
    build_case("a trip to a customer", 41, 2, *TRIP, department="Service"),
    build_case(
        "one person with one name", 42, 3, build_item(833, "145.00"), build_item(834, "12.50")
    ),
    build_case("with a cash advance", 43, 3, build_item(833, "120.00"), advance="50"),
    build_case("an advance above the total", 43, 3, build_item(832, "20.00"), advance="50"),
    build_case(
        "paid with the company's card only", 41, 4, build_item(833, "210.00", "Company Credit Card")
    ),
    build_case(
        "card and cash",
        41,
        4,
        build_item(833, "210.00", "Company Credit Card"),
        build_item(834, "8.00"),
    ),
    build_case("a category that nobody mapped", 42, 4, build_item(835, "60.00")),
    build_case(
        "a department that QuickBooks has not",
        42,
        5,
        build_item(834, "9.00"),
        department="Logistics",
    ),
    build_case(
        "a tilde in the department", 42, 5, build_item(834, "9.00"), department="Sales~East"
    ),
    build_case(
        "a customer that QuickBooks has not",
        41,
        5,
        build_item(834, "15.00", company=176, billable=True),
    ),
    build_case(
        "spent in euro",
        41,
        5,
        build_item(832, "27.60", expenseCurrencyID=EURO, expenseCurrencyExpenseAmount="30.00"),
    ),
    build_case("repaid in euro", 42, 5, build_item(832, "27.60"), reimbursementCurrencyID=EURO),
    build_case(
        "a rejected line",
        43,
        6,
        build_item(832, "18.00"),
        build_item(834, "99.00", isRejected=True),
    ),
    build_case(
        "referenced already", 41, 6, build_item(834, "15.00"), quickBooksReferenceNumber="EXP-88"
    ),
    build_case(
        "marked with ERROR", 41, 6, build_item(834, "15.00"), quickBooksReferenceNumber="ERROR"
    ),
    build_case("waits for approval", 42, 1, build_item(834, "7.00"), status="Awaiting Approval"),
    build_case("in progress", 42, 1, build_item(834, "7.00"), status="In Progress"),
    build_case("rejected", 42, 1, build_item(834, "7.00"), status="Rejected"),
    build_case("paid", 42, 9, build_item(834, "7.00"), status="Paid"),
    build_case("approved fourteen days ago", 41, 14, *TRIP),
    build_case("approved fifteen days ago", 41, 15, *TRIP),
)
# These need a person; the demo has none of them.
LEFT_OUT_OF_DEMO = frozenset(
    {
        "with a cash advance",
        "an advance above the total",
        "a category that nobody mapped",
        "a tilde in the department",
        "repaid in euro",
    }
)


def _build_plain_report(n):
    return build_case("plain", 41 + n % 3, n % 13, build_item(834, f"{n % 40 + 1}.25"))


def iter_rows(documents, at, demo=False):
    """Yield (entity, row) of every report and expense; `case` has the case's name."""
    item_id = FIRST_ITEM
    cases = select_cases(CASES, LEFT_OUT_OF_DEMO, _build_plain_report, documents, demo)
    for id, seed_case in enumerate(cases, FIRST_ID):
        items = [
            _build_item_row(item_id + n, id, seed_case, fields, at)
            for n, fields in enumerate(seed_case["items"])
        ]
        item_id += len(items)
        yield "ExpenseReports", _report(id, seed_case, items, at)
        for row in items:
            yield "ExpenseItems", row


def _report(id, seed_case, items, at):
    day = at.date() - dt.timedelta(days=seed_case["age"])
    advance = Decimal(seed_case["advance"])
    due = sum(
        (row["internalCurrencyReimbursementAmount"] for row in items if row["isReimbursable"]),
        Decimal(0),
    )
    is_approved = seed_case["status"] in (APPROVED, "Paid", "Transferred to QuickBooks")
    values = {
        "id": id,
        "name": f"Week {day:%V}, {seed_case['name']}",
        "submitterID": seed_case["person"],
        "weekEnding": f"{day}T00:00:00.000Z",
        "status": get_number(EXPENSE_STATUS, seed_case["status"]),
        "submitDate": f"{day}T08:30:00.000Z",
        "approverID": 43 if is_approved else None,
        "approvedDate": f"{day}T14:10:00.500Z" if is_approved else None,
        "departmentNumber": seed_case["department"],
        "internalCurrencyCashAdvanceAmount": advance,
        "amountDue": due - advance,
        "internalCurrencyExpenseTotal": sum(
            (row["internalCurrencyExpenseAmount"] for row in items), Decimal(0)
        ),
        "reimbursementCurrencyID": HOME_CURRENCY,
        "reimbursementCurrencyAmountDue": due - advance,
    }
    return {
        **ENTITIES["ExpenseReports"].row(**{**values, **seed_case["more"]}),
        "case": seed_case["name"],
    }


def _build_item_row(id, report, seed_case, fields, at):
    amount = Decimal(fields["amount"])
    reimbursable = fields["paid"] != "Company Credit Card"
    is_rejected = bool(fields["more"].get("isRejected"))
    reimbursement = amount if reimbursable and not is_rejected else Decimal(0)
    values = {
        "id": id,
        "expenseReportID": report,
        "description": f"Expense {id}",
        "expenseDate": f"{at.date() - dt.timedelta(days=seed_case['age'] + 2)}T00:00:00.000Z",
        "expenseCategory": fields["category"],
        "paymentType": get_number(PAYMENT_TYPES, fields["paid"]),
        "expenseCurrencyID": HOME_CURRENCY,
        "expenseCurrencyExpenseAmount": amount,
        "internalCurrencyExpenseAmount": amount,
        "internalCurrencyReimbursementAmount": reimbursement,
        "isReimbursable": reimbursable,
        "isRejected": False,
        "isBillableToCompany": fields["billable"],
        "haveReceipt": True,
        "companyID": fields["company"],
    }
    more = {
        name: Decimal(value) if name in ("miles", "expenseCurrencyExpenseAmount") else value
        for name, value in fields["more"].items()
    }
    return ENTITIES["ExpenseItems"].row(**{**values, **more})
