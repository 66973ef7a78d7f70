"""The sample company: what client libraries' live tests expect in a new sandbox company of Intuit.

Its lists come from books/sample.txt like those of every company, its transactions from
books/sample_transactions.txt. Each transaction is written by the rules of the API on its own day,
so that the books, balances and reports are those of a company that has worked for three months.
"""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from importlib.resources import files

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import ACCOUNT_LINE, ITEM_LINE, SALES_LINE, TXN_KINDS
from qbo_sandbox.accounting.values import round_money
from qbo_sandbox.entities import operations
from qbo_sandbox.entities.lists import write_entry
from qbo_sandbox.kit.json_object import JsonObject

DAY_SECONDS = 86400
Body = JsonObject
MISSING_FIELDS = [""] * 6  # rows may leave out the last fields
STOCK_SINCE = "2015-01-01"


# -- lists ---------------------------------------------------------------------------------------


def _write_item(company: Company, fields: list[str]) -> None:
    """Write an item; one in stock begins with its quantity."""
    id, name, kind, price, income, expense, quantity, cost = fields[:8]
    data: Body = {
        "Name": name,
        "Type": kind,
        "UnitPrice": Decimal(price),
        "IncomeAccountRef": {"value": income},
    }
    if expense:
        data["ExpenseAccountRef"] = {"value": expense}
        data["PurchaseCost"] = Decimal(cost)
    if kind == "Inventory":
        data["AssetAccountRef"] = {"value": "81"}
        data["TrackQtyOnHand"] = True
        data["QtyOnHand"] = Decimal(quantity)
        data["InvStartDate"] = STOCK_SINCE
    write_entry(company, "Item", data, id)


def _write_customer(company: Company, fields: list[str]) -> None:
    """Write a customer, or a job below another one."""
    id, name, parent = fields[:3]
    data: Body = {
        "DisplayName": name,
        "BillAddr": _build_address(company, id),
        "PrimaryEmailAddr": {"Address": f"customer{id}@example.com"},
    }
    if parent:
        data["ParentRef"] = {"value": parent}
        data["Job"] = True
    else:
        data["CompanyName"] = name
    write_entry(company, "Customer", data, id)


def _write_vendor(company: Company, fields: list[str]) -> None:
    """Create a vendor of the sample company."""
    id, name = fields[:2]
    data: Body = {
        "DisplayName": name,
        "CompanyName": name,
        "BillAddr": _build_address(company, id),
    }
    write_entry(company, "Vendor", data, id)


def _write_employee(company: Company, fields: list[str]) -> None:
    """Create an employee of the sample company."""
    id, first, last = fields[:3]
    data: Body = {
        "GivenName": first,
        "FamilyName": last,
        "PrimaryAddr": _build_address(company, id),
    }
    write_entry(company, "Employee", data, id)


def _build_address(company: Company, number: str) -> Body:
    """Return an address, with the next id of addresses as QuickBooks gives one."""
    return {
        "Id": str(company.counters.get("addresses", 1) + 1),
        "Line1": f"{number} Garden Way",
        "City": "Bayshore",
        "CountrySubDivisionCode": "CA",
        "PostalCode": "94326",
    }


def _write_special_tax_code(company: Company, fields: list[str]) -> None:
    """Write a tax code whose id is not a number, which queries show on each page."""
    name = fields[0]
    data = {
        "Name": name,
        "Description": name,
        "Taxable": True,
        "TaxGroup": True,
    }
    write_entry(company, "TaxCode", data, name)


LIST_WRITERS: dict[str, Callable[[Company, list[str]], None]] = {
    "SampleItem": _write_item,
    "SampleCustomer": _write_customer,
    "SampleVendor": _write_vendor,
    "SampleEmployee": _write_employee,
    "SpecialTaxCode": _write_special_tax_code,
}


# -- transactions --------------------------------------------------------------------------------


def write_transactions(company: Company) -> None:
    """Write the transactions, each on its day, and the templates and budgets as of today."""
    now = company.now()
    for row in _read_rows():
        kind, *fields = row
        if kind not in TXN_KINDS:
            write = OTHER_WRITERS[kind]
            write(company, fields)
            continue
        id, days_ago, *more = fields
        day = now - int(days_ago) * DAY_SECONDS
        with company.clock.pretend(day):
            _write_transaction(company, kind, id, more)


def _read_rows() -> list[list[str]]:
    """Return the fields of each transaction of the sample company."""
    file = files(__package__) / "books" / "sample_transactions.txt"
    rows = []
    for line in file.read_text("utf-8").splitlines():
        is_comment = line.startswith("#")
        if line and not is_comment:
            rows.append([*line.split("|"), *MISSING_FIELDS])
    return rows


def _write_transaction(company: Company, kind: str, id: str, fields: list[str]) -> None:
    """Write a transaction that gets this id."""
    company.counters["transactions"] = int(id) - 1
    party, number, *rest = fields
    body: Body = {"TxnDate": company.today()}
    if number:
        body["DocNumber"] = number
    rule = TXN_KINDS[kind]
    if party and rule.party:
        body[rule.party] = {"value": party}
    build = BODY_BUILDERS[kind]
    body |= build(party, *rest)
    operations.write(company, kind, body, {})


def _build_sale(party: str, lines: str, account: str = "", *rest: str) -> Body:
    """Return a sale; a receipt is deposited to the account."""
    sales_lines = [_parse_sales_line(text) for text in lines.split(",")]
    body: Body = {"Line": sales_lines}
    if account:
        body["DepositToAccountRef"] = {"value": account}
    return body


def _parse_sales_line(text: str) -> Body:
    """Return a line that sells an item."""
    return _parse_item_line(SALES_LINE, text)


def _build_order(party: str, lines: str, *rest: str) -> Body:
    """Return a purchase order."""
    order_lines = [_parse_order_line(text) for text in lines.split(",")]
    return {"APAccountRef": {"value": "33"}, "Line": order_lines}


def _parse_order_line(text: str) -> Body:
    """Return a line that orders an item."""
    return _parse_item_line(ITEM_LINE, text)


def _parse_item_line(kind: str, text: str) -> Body:
    """Read "4x4.5at75": item, quantity and price."""
    item, _, rest = text.partition("x")
    quantity_text, _, price_text = rest.partition("at")
    quantity = Decimal(quantity_text)
    price = Decimal(price_text)
    amount = round_money(quantity * price)
    detail = {"ItemRef": {"value": item}, "Qty": quantity, "UnitPrice": price}
    return _build_line(kind, amount, detail)


def _build_bill(party: str, lines: str, *rest: str) -> Body:
    """Return a bill with lines on accounts."""
    account_lines = [_parse_account_line(text) for text in lines.split(",")]
    return {"Line": account_lines}


def _parse_account_line(text: str) -> Body:
    """Read "13=75": account and amount."""
    account, _, amount = text.partition("=")
    detail = {"AccountRef": {"value": account}}
    return _build_line(ACCOUNT_LINE, Decimal(amount), detail)


def _build_line(kind: str, amount: Decimal, detail: Body) -> Body:
    """Return a line of a transaction."""
    return {"DetailType": kind, "Amount": amount, kind: detail}


def _build_purchase(party: str, payment: str, lines: str, *rest: str) -> Body:
    """Read "Check:35:12": how it was paid, from which account, and the number of a check."""
    kind, _, source = payment.partition(":")
    account, _, number = source.partition(":")
    body = _build_bill(party, lines)
    body["PaymentType"] = kind
    body["AccountRef"] = {"value": account}
    body["EntityRef"] = {"type": "Vendor", "value": party}
    if number:
        body["DocNumber"] = number
    return body


def _build_payment(party: str, links: str, account: str, *rest: str) -> Body:
    """Return a customer's payment of invoices."""
    lines = _read_link(links, "Invoice")
    return {
        "PaymentMethodRef": {"value": "2"},
        "DepositToAccountRef": {"value": account},
        "Line": lines,
        "TotalAmt": sum((line["Amount"] for line in lines), Decimal(0)),
    }


def _build_bill_payment(party: str, payment: str, links: str, *rest: str) -> Body:
    """Return a payment of bills, by check or by card."""
    kind, account = payment.split(":")
    lines = _read_link(links, "Bill")
    total = sum((line["Amount"] for line in lines), Decimal(0))
    body: Body = {"PayType": kind, "Line": lines, "TotalAmt": total}
    if kind == "Check":
        body["CheckPayment"] = {"BankAccountRef": {"value": account}}
    else:
        body["CreditCardPayment"] = {"CCAccountRef": {"value": account}}
    return body


def _read_link(links: str, kind: str) -> list[Body]:
    """Read "13=85": the id of what is paid and the amount."""
    lines = []
    for text in links.split(","):
        id, _, amount = text.partition("=")
        link = {"TxnId": id, "TxnType": kind}
        lines.append({"Amount": Decimal(amount), "LinkedTxn": [link]})
    return lines


def _build_deposit(party: str, account: str, links: str, *rest: str) -> Body:
    """Return a deposit of payments and receipts."""
    lines = []
    for text in links.split(","):
        kind, id = text.split(":")
        link = {"TxnId": id, "TxnType": kind, "TxnLineId": "0"}
        lines.append({"Amount": 0, "LinkedTxn": [link]})
    return {"DepositToAccountRef": {"value": account}, "Line": lines}


def _build_journal(party: str, lines: str, *rest: str) -> Body:
    """Read "35=200,34=-200": amounts above zero are debits."""
    journal_lines = []
    for text in lines.split(","):
        account, amount = text.split("=")
        journal_lines.append(_build_journal_line(account, Decimal(amount)))
    return {"Line": journal_lines}


def _build_journal_line(account: str, amount: Decimal) -> Body:
    """Return a line that debits or credits an account."""
    side = "Debit" if amount > 0 else "Credit"
    detail = {"PostingType": side, "AccountRef": {"value": account}}
    return _build_line("JournalEntryLineDetail", abs(amount), detail)


def _create_movement_builder(source_field: str, target_field: str) -> Callable[..., Body]:
    """Return the builder of a transaction that moves an amount between two accounts: "36>35"."""

    def build(party: str, accounts: str, amount: str, *rest: str) -> Body:
        """Return the transaction."""
        source, _, target = accounts.partition(">")
        return {
            source_field: {"value": source},
            target_field: {"value": target},
            "Amount": Decimal(amount),
        }

    return build


def _build_time_activity(party: str, unused: str, customer: str, hours: str, *rest: str) -> Body:
    """Return hours that an employee worked for a customer."""
    return {
        "NameOf": "Employee",
        "EmployeeRef": {"value": party},
        "CustomerRef": {"value": customer},
        "ItemRef": {"value": "2"},
        "Hours": int(hours),
        "Minutes": 0,
    }


BODY_BUILDERS: dict[str, Callable[..., Body]] = {
    **dict.fromkeys(
        ("Invoice", "Estimate", "SalesReceipt", "CreditMemo", "RefundReceipt"), _build_sale
    ),
    **dict.fromkeys(("Bill", "VendorCredit"), _build_bill),
    "PurchaseOrder": _build_order,
    "Purchase": _build_purchase,
    "Payment": _build_payment,
    "BillPayment": _build_bill_payment,
    "Deposit": _build_deposit,
    "Transfer": _create_movement_builder("FromAccountRef", "ToAccountRef"),
    "CreditCardPaymentTxn": _create_movement_builder("BankAccountRef", "CreditCardAccountRef"),
    "JournalEntry": _build_journal,
    "TimeActivity": _build_time_activity,
}


# -- templates and budgets -----------------------------------------------------------------------


def _write_template(company: Company, fields: list[str]) -> None:
    """Write a template of a recurring transaction."""
    kind, party, name, interval, lines = fields[:5]
    body = BODY_BUILDERS[kind](party, lines)
    body[TXN_KINDS[kind].party] = {"value": party}
    body["RecurringInfo"] = {
        "Name": name,
        "RecurType": "Automated",
        "Active": True,
        "ScheduleInfo": {
            "IntervalType": interval,
            "NumInterval": 1,
            "DayOfMonth": 1,
            "StartDate": company.today(),
        },
    }
    operations.write(company, "RecurringTransaction", {kind: body}, {})


def _write_budget(company: Company, fields: list[str]) -> None:
    """Write a budget of this year: the same amount of an account in each month."""
    id, name, lines = fields[:3]
    year = dt.date.fromisoformat(company.today()).year
    pairs = [text.split("=") for text in lines.split(",")]
    details = [
        {
            "BudgetDate": f"{year}-{month:02}-01",
            "Amount": Decimal(amount),
            "AccountRef": {"value": account},
        }
        for account, amount in pairs
        for month in range(1, 13)
    ]
    body = {
        "Name": name,
        "BudgetType": "ProfitAndLoss",
        "BudgetEntryType": "Monthly",
    }
    body |= {"StartDate": f"{year}-01-01", "EndDate": f"{year}-12-31"}
    write_entry(company, "Budget", body | {"BudgetDetail": details}, id)


OTHER_WRITERS: dict[str, Callable[[Company, list[str]], None]] = {
    "RecurringTransaction": _write_template,
    "Budget": _write_budget,
}
