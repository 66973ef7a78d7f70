"""Tests of expenses, orders, sales, payments, deposits and journal entries, and their links."""

from decimal import Decimal

import pytest

from qbo_sandbox import NORWAY, US, create
from qbo_sandbox.kit import Clock

NOON = 1_800_000_000.0
CHECKING, VISA, UNDEPOSITED, ADVERTISING, PAYABLE, RECEIVABLE = "35", "42", "4", "7", "33", "84"
CUSTOMER = "41"


@pytest.fixture
def quickbooks():
    return create(companies=[US, NORWAY], clock=Clock(NOON, frozen=True))


def ask(quickbooks, kind, body, query=""):
    return quickbooks.ask("POST", f"{kind.lower()}{query}", body)


def post(quickbooks, kind, query="", **body):
    answer = ask(quickbooks, kind, body, query)
    assert answer.status == 200, answer.text
    return answer.json()[kind]


def expect_refusal(quickbooks, kind, query="", **body):
    answer = ask(quickbooks, kind, body, query)
    assert answer.status == 400, answer.text
    error = answer.json()["Fault"]["Error"][0]
    return error["code"], error.get("element")


def read(quickbooks, kind, id):
    return quickbooks.ask("GET", f"{kind.lower()}/{id}").json()[kind]


def account(quickbooks, id):
    return read(quickbooks, "Account", id)["CurrentBalance"]


def expense_line(amount="100", account=ADVERTISING, **more):
    detail = {"AccountRef": {"value": account}}
    return {
        "Amount": amount,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": detail,
        **more,
    }


def sale_line(amount="100", item="1", **detail):
    body = {"ItemRef": {"value": item}, **detail}
    return {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": body}


def pays(kind, id, amount):
    return {"Amount": amount, "LinkedTxn": [{"TxnId": id, "TxnType": kind}]}


def invoice(quickbooks, *lines, **more):
    return post(
        quickbooks,
        "Invoice",
        CustomerRef={"value": CUSTOMER},
        Line=list(lines) or [sale_line()],
        **more,
    )


def bill(quickbooks, *lines, **more):
    return post(
        quickbooks, "Bill", VendorRef={"value": "1"}, Line=list(lines) or [expense_line()], **more
    )


def expense(quickbooks, kind="Cash", account=CHECKING, **more):
    more.setdefault("Line", [expense_line()])
    return post(quickbooks, "Purchase", PaymentType=kind, AccountRef={"value": account}, **more)


def balanced(quickbooks):
    return sum(quickbooks.company.ledger.accounts.values()) == 0


def test_an_expense_comes_from_its_account(quickbooks):
    entity = expense(quickbooks, EntityRef={"value": "1", "type": "Vendor"})
    assert entity["EntityRef"] == {"value": "1", "name": "Alder Ridge Lumber", "type": "Vendor"}
    assert entity["PurchaseEx"]["any"][0]["value"] == {"Name": "TxnType", "Value": "54"}
    assert (entity["CustomField"], "LineNum" in entity["Line"][0], entity["Line"][0]["Id"]) == (
        [],
        False,
        "1",
    )
    assert (account(quickbooks, CHECKING), account(quickbooks, ADVERTISING)) == (-100, 100)


def test_a_card_refund_goes_the_other_way(quickbooks):
    entity = expense(quickbooks, "CreditCard", VISA, Credit=True)
    assert entity["Credit"] is True
    assert account(quickbooks, ADVERTISING) == -100
    assert "Credit" not in expense(quickbooks, "Cash", CHECKING, Credit=True)


@pytest.mark.parametrize(
    ("body", "code", "element"),
    [
        ({"AccountRef": {"value": CHECKING}, "Line": [expense_line()]}, "2020", "PaymentType"),
        ({"PaymentType": "Cash", "Line": [expense_line()]}, "2020", "AccountRef"),
        (
            {"PaymentType": "Cash", "AccountRef": {"value": VISA}, "Line": [expense_line()]},
            "6430",
            "AccountRef",
        ),
        (
            {
                "PaymentType": "CreditCard",
                "AccountRef": {"value": CHECKING},
                "Line": [expense_line()],
            },
            "6430",
            "AccountRef",
        ),
        (
            {"PaymentType": "Other", "AccountRef": {"value": CHECKING}, "Line": [expense_line()]},
            "2170",
            "PaymentType",
        ),
    ],
)
def test_a_bad_expense_is_refused(quickbooks, body, code, element):
    assert expect_refusal(quickbooks, "Purchase", **body) == (code, element)


def test_check_numbers_are_used_once(quickbooks):
    expense(quickbooks, "Check", DocNumber="1001")
    body = {
        "PaymentType": "Check",
        "AccountRef": {"value": CHECKING},
        "Line": [expense_line()],
        "DocNumber": "1001",
    }
    assert expect_refusal(quickbooks, "Purchase", **body)[0] == "6140"
    expense(quickbooks, "Cash", DocNumber="1001")


def test_the_payment_type_of_an_expense_stays(quickbooks):
    entity = expense(quickbooks)
    body = {"Id": entity["Id"], "SyncToken": "0", "sparse": True, "PaymentType": "Check"}
    assert expect_refusal(quickbooks, "Purchase", **body)[0] == "6000"


def order(quickbooks, *lines, **more):
    return post(
        quickbooks,
        "PurchaseOrder",
        VendorRef={"value": "1"},
        Line=list(lines) or [expense_line()],
        **more,
    )


def from_order(order, line, amount):
    link = {"TxnId": order["Id"], "TxnType": "PurchaseOrder", "TxnLineId": line}
    return expense_line(amount, LinkedTxn=[link])


def test_an_order_moves_no_balance(quickbooks):
    entity = order(quickbooks)
    assert (entity["POStatus"], entity["TotalAmt"]) == ("Open", 100)
    assert account(quickbooks, ADVERTISING) == 0


def test_an_order_is_closed_once_bills_have_taken_all_its_lines(quickbooks):
    placed = order(quickbooks, expense_line("60"), expense_line("40"))
    first = bill(quickbooks, from_order(placed, "1", "60"))
    half = read(quickbooks, "PurchaseOrder", placed["Id"])
    assert (half["POStatus"], half["LinkedTxn"]) == (
        "Open",
        [{"TxnId": first["Id"], "TxnType": "Bill"}],
    )
    second = bill(quickbooks, from_order(placed, "2", "40"))
    assert read(quickbooks, "PurchaseOrder", placed["Id"])["POStatus"] == "Closed"
    quickbooks.act("delete", kind="Bill", id=second["Id"])
    assert read(quickbooks, "PurchaseOrder", placed["Id"])["POStatus"] == "Open"


def test_a_bill_that_is_linked_to_a_whole_order_bills_none_of_its_lines(quickbooks):
    placed = order(quickbooks)
    bill(quickbooks, LinkedTxn=[{"TxnId": placed["Id"], "TxnType": "PurchaseOrder"}])
    assert read(quickbooks, "PurchaseOrder", placed["Id"])["POStatus"] == "Open"


def test_only_a_new_line_of_a_bill_is_linked_to_an_order(quickbooks):
    placed = order(quickbooks)
    owed = bill(quickbooks)
    line = from_order(placed, "1", "100")
    body = {"Id": owed["Id"], "VendorRef": {"value": "1"}, "sparse": True}
    entity = post(quickbooks, "Bill", **body, SyncToken="0", Line=[line | {"Id": "1"}])
    assert "LinkedTxn" not in entity["Line"][0]
    assert read(quickbooks, "PurchaseOrder", placed["Id"])["POStatus"] == "Open"
    entity = post(quickbooks, "Bill", **body, SyncToken=entity["SyncToken"], Line=[line])
    assert entity["Line"][0]["LinkedTxn"] == line["LinkedTxn"]
    assert read(quickbooks, "PurchaseOrder", placed["Id"])["POStatus"] == "Closed"


def test_a_link_to_a_line_that_an_order_has_not_is_left_out(quickbooks):
    placed = order(quickbooks, expense_line("60"), expense_line("40"))
    whole = [{"TxnId": placed["Id"], "TxnType": "PurchaseOrder"}]
    lost = bill(quickbooks, from_order(placed, "9", "60"), LinkedTxn=whole)
    assert not lost.get("LinkedTxn")
    assert "LinkedTxn" not in lost["Line"][0]
    assert not read(quickbooks, "PurchaseOrder", placed["Id"]).get("LinkedTxn")
    lines = [from_order(placed, "1", "60"), from_order(placed, "9", "40")]
    half = bill(quickbooks, *lines, LinkedTxn=whole)
    assert half["LinkedTxn"] == whole
    assert [bool(line.get("LinkedTxn")) for line in half["Line"]] == [True, False]
    assert read(quickbooks, "PurchaseOrder", placed["Id"])["POStatus"] == "Open"


@pytest.mark.parametrize(
    ("vendor", "link", "code"),
    [
        ("1", {"TxnId": "99", "TxnType": "PurchaseOrder", "TxnLineId": "1"}, "620"),
        ("2", {"TxnId": "1", "TxnType": "PurchaseOrder", "TxnLineId": "1"}, "620"),
        ("1", {"TxnId": "1", "TxnType": "PurchaseOrder"}, "2020"),
    ],
)
def test_only_an_order_of_the_vendor_can_be_billed(quickbooks, vendor, link, code):
    order(quickbooks)
    assert (
        expect_refusal(
            quickbooks, "Bill", VendorRef={"value": vendor}, Line=[expense_line(LinkedTxn=[link])]
        )[0]
        == code
    )


def test_an_edition_may_lack_orders(quickbooks):
    quickbooks.control.company("POST", {"realm": US.realm, "purchase_orders": False})
    assert (
        expect_refusal(
            quickbooks, "PurchaseOrder", VendorRef={"value": "1"}, Line=[expense_line()]
        )[0]
        == "5020"
    )


def test_an_invoice_gets_what_was_recorded(quickbooks):
    quickbooks.control.company("POST", {"realm": US.realm, "custom_numbers": False})
    entity = invoice(quickbooks)
    assert set(entity) == {
        "AllowIPNPayment",
        "AllowOnlinePayment",
        "AllowOnlineCreditCardPayment",
        "AllowOnlineACHPayment",
        "domain",
        "sparse",
        "Id",
        "SyncToken",
        "MetaData",
        "CustomField",
        "DocNumber",
        "TxnDate",
        "CurrencyRef",
        "LinkedTxn",
        "Line",
        "TxnTaxDetail",
        "CustomerRef",
        "DueDate",
        "TotalAmt",
        "ApplyTaxAfterDiscount",
        "PrintStatus",
        "EmailStatus",
        "Balance",
    }
    assert (entity["DocNumber"], entity["DueDate"], entity["LinkedTxn"]) == (
        "1001",
        "2027-02-14",
        [],
    )
    goods, subtotal = entity["Line"]
    assert goods["SalesItemLineDetail"]["TaxCodeRef"] == {"value": "NON"}
    assert subtotal == {"Amount": 100, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}


def test_custom_numbers_are_the_clients_or_none(quickbooks):
    assert "DocNumber" not in invoice(quickbooks)
    invoice(quickbooks, DocNumber="7")
    assert (
        expect_refusal(
            quickbooks,
            "Invoice",
            CustomerRef={"value": CUSTOMER},
            Line=[sale_line()],
            DocNumber="7",
        )[0]
        == "6140"
    )


def test_a_sales_line_without_an_item_gets_the_usual_one(quickbooks):
    line = {"Amount": 5, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {}}
    assert invoice(quickbooks, line)["Line"][0]["SalesItemLineDetail"]["ItemRef"] == {
        "value": "1",
        "name": "Services",
    }


def test_a_discount_lowers_the_total(quickbooks):
    detail = {"PercentBased": True, "DiscountPercent": 10, "DiscountAccountRef": {"value": "86"}}
    line = {"DetailType": "DiscountLineDetail", "DiscountLineDetail": detail}
    entity = invoice(quickbooks, sale_line("200"), line)
    assert (entity["TotalAmt"], entity["Line"][-1]["Amount"]) == (180, 20)
    assert balanced(quickbooks)


def test_sales_tax_is_worked_out_on_what_is_taxed(quickbooks):
    entity = invoice(quickbooks, sale_line("100", TaxCodeRef={"value": "TAX"}), sale_line("50"))
    assert (entity["TxnTaxDetail"]["TotalTax"], entity["TotalAmt"]) == (8, 158)
    assert account(quickbooks, "90") == 8


def test_an_invoice_is_mailed_only_with_an_address(quickbooks):
    body = {"CustomerRef": {"value": CUSTOMER}, "Line": [sale_line()], "EmailStatus": "NeedToSend"}
    assert expect_refusal(quickbooks, "Invoice", **body) == ("2020", "BillEmail")


def test_a_payment_lowers_what_an_invoice_has_open(quickbooks):
    owed = invoice(quickbooks)
    payment = post(
        quickbooks,
        "Payment",
        CustomerRef={"value": CUSTOMER},
        TotalAmt=150,
        Line=[pays("Invoice", owed["Id"], 60)],
    )
    assert (payment["UnappliedAmt"], payment["DepositToAccountRef"]["value"]) == (90, UNDEPOSITED)
    after = read(quickbooks, "Invoice", owed["Id"])
    assert (after["Balance"], after["SyncToken"]) == (40, "1")
    assert after["LinkedTxn"] == [{"TxnId": payment["Id"], "TxnType": "Payment"}]
    assert read(quickbooks, "Customer", CUSTOMER)["Balance"] == -50
    assert (account(quickbooks, UNDEPOSITED), account(quickbooks, RECEIVABLE)) == (150, -50)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"TotalAmt": None}, "6000"),
        ({"Line": [pays("Invoice", "99", 1)]}, "620"),
        ({"Line": [pays("Invoice", "1", 101)]}, "6000"),
        ({"Line": [pays("Invoice", "1", 60)], "TotalAmt": 50}, "6000"),
        ({"CustomerRef": {"value": "43"}, "Line": [pays("Invoice", "1", 1)]}, "620"),
        ({"Line": [{"Amount": 1}]}, "2020"),
    ],
)
def test_a_bad_payment_is_refused(quickbooks, change, code):
    invoice(quickbooks)
    body = {"CustomerRef": {"value": CUSTOMER}, "TotalAmt": 200, "Line": []} | change
    assert expect_refusal(quickbooks, "Payment", **body)[0] == code
    assert read(quickbooks, "Invoice", "1")["Balance"] == 100


def test_a_credit_memo_is_used_up_by_a_payment(quickbooks):
    owed = invoice(quickbooks)
    credit = post(quickbooks, "CreditMemo", CustomerRef={"value": CUSTOMER}, Line=[sale_line("30")])
    lines = [pays("Invoice", owed["Id"], 30), pays("CreditMemo", credit["Id"], 30)]
    post(quickbooks, "Payment", CustomerRef={"value": CUSTOMER}, TotalAmt=0, Line=lines)
    after = read(quickbooks, "CreditMemo", credit["Id"])
    assert (after["RemainingCredit"], after["Balance"]) == (0, 0)
    assert read(quickbooks, "Customer", CUSTOMER)["Balance"] == 70


def test_a_deleted_payment_gives_back_what_it_paid(quickbooks):
    owed = invoice(quickbooks)
    payment = quickbooks.act("pay", kind="Invoice", id=owed["Id"])
    assert read(quickbooks, "Invoice", owed["Id"])["Balance"] == 0
    quickbooks.act("delete", kind="Payment", id=payment["Id"])
    after = read(quickbooks, "Invoice", owed["Id"])
    assert (after["Balance"], after["LinkedTxn"]) == (100, [])


def test_a_voided_payment_stays_for_nothing(quickbooks):
    owed = invoice(quickbooks)
    payment = quickbooks.act("pay", kind="Invoice", id=owed["Id"])
    entity = post(
        quickbooks,
        "Payment",
        "?operation=update&include=void",
        Id=payment["Id"],
        SyncToken="0",
        sparse=True,
    )
    assert (entity["TotalAmt"], entity["PrivateNote"], entity["SyncToken"]) == (0, "Voided", "1")
    assert read(quickbooks, "Invoice", owed["Id"])["Balance"] == 100
    assert balanced(quickbooks)


def test_a_voided_invoice_keeps_its_number_and_frees_its_payments(quickbooks):
    owed = invoice(quickbooks, DocNumber="17")
    payment = quickbooks.act("pay", kind="Invoice", id=owed["Id"], amount="40")
    entity = post(quickbooks, "Invoice", "?operation=void", Id=owed["Id"], SyncToken="1")
    assert (
        entity["DocNumber"],
        entity["TotalAmt"],
        entity["Balance"],
        entity["Line"][0]["Amount"],
    ) == (
        "17",
        0,
        0,
        0,
    )
    assert read(quickbooks, "Payment", payment["Id"])["UnappliedAmt"] == 40
    assert account(quickbooks, RECEIVABLE) == -40


def test_a_person_voids_an_invoice(quickbooks):
    owed = invoice(quickbooks)
    assert quickbooks.act("void", kind="Invoice", id=owed["Id"])["PrivateNote"] == "Voided"


def test_voiding_keeps_the_note_after_the_word(quickbooks):
    owed = invoice(quickbooks, PrivateNote="By order")
    entity = post(quickbooks, "Invoice", "?operation=void", Id=owed["Id"], SyncToken="0")
    assert entity["PrivateNote"] == "Voided - By order"


def test_a_note_raises_the_version_of_what_it_is_linked_to(quickbooks):
    owed = bill(quickbooks)
    note = {"AttachableRef": [{"EntityRef": {"type": "bill", "value": owed["Id"]}}]}
    entity = post(quickbooks, "Attachable", Note="Seen", **note)
    after = read(quickbooks, "Bill", owed["Id"])
    assert (after["SyncToken"], after["Line"]) == ("1", owed["Line"])
    change = {"VendorRef": {"value": "1"}, "Line": [expense_line("90")], "Id": owed["Id"]}
    assert expect_refusal(quickbooks, "Bill", **change, SyncToken="0")[0] == "5010"
    post(quickbooks, "Attachable", Id=entity["Id"], SyncToken="0", Note="Seen again", **note)
    quickbooks.ask("POST", "attachable?operation=delete", {"Id": entity["Id"], "SyncToken": "1"})
    assert read(quickbooks, "Bill", owed["Id"])["SyncToken"] == "1"


@pytest.mark.parametrize(
    ("kind", "fields", "required"),
    [
        ("VendorCredit", {"VendorRef": {"value": "1"}, "Line": [expense_line()]}, "VendorRef"),
        (
            "Transfer",
            {
                "FromAccountRef": {"value": CHECKING},
                "ToAccountRef": {"value": "36"},
                "Amount": 5,
            },
            "FromAccountRef",
        ),
        ("Class", {"Name": "North"}, "Name"),
        ("Department", {"Name": "Yard"}, "Name"),
        ("Term", {"DueDays": 45, "Name": "Net 45"}, "Name"),
        ("Term", {"DayOfMonthDue": 5, "Name": "Each fifth"}, "Name"),
    ],
)
def test_a_sparse_update_repeats_what_quickbooks_requires(quickbooks, kind, fields, required):
    entity = post(quickbooks, kind, **fields)
    version = {"Id": entity["Id"], "SyncToken": "0", "sparse": True}
    change = {"PrivateNote": "x"} if "Line" in fields or "Amount" in fields else {"Active": False}
    assert expect_refusal(quickbooks, kind, **version, **change) == ("2020", required)
    repeated = {name: fields[name] for name in fields if name != "Line"}
    assert post(quickbooks, kind, **version, **change, **repeated)["SyncToken"] == "1"


@pytest.mark.parametrize("field", ["DueDays", "DayOfMonthDue"])
def test_a_sparse_update_of_a_term_repeats_when_it_is_due(quickbooks, field):
    term = post(quickbooks, "Term", Name="Net 12", **{field: 12})
    change = {"Id": term["Id"], "SyncToken": "0", "sparse": True, "Name": "Net twelve"}
    assert expect_refusal(quickbooks, "Term", **change) == ("2020", field)
    assert post(quickbooks, "Term", **change, **{field: 12})["Name"] == "Net twelve"


def test_a_client_cannot_write_away_what_was_paid(quickbooks):
    owed = bill(quickbooks)
    payment = quickbooks.act("pay", id=owed["Id"], amount="40")
    body = {"VendorRef": {"value": "1"}, "Line": [expense_line("90")], "LinkedTxn": []}
    entity = post(quickbooks, "Bill", **body, Id=owed["Id"], SyncToken="1")
    assert (entity["TotalAmt"], entity["Balance"]) == (90, 50)
    assert entity["LinkedTxn"] == [{"TxnId": payment["Id"], "TxnType": "BillPaymentCheck"}]
    assert (
        expect_refusal(
            quickbooks,
            "Bill",
            **body | {"Line": [expense_line("30")]},
            Id=owed["Id"],
            SyncToken="2",
        )[0]
        == "6000"
    )


def test_new_lines_get_new_tax(quickbooks):
    owed = invoice(quickbooks, sale_line("100", TaxCodeRef={"value": "TAX"}))
    change = {
        "Id": owed["Id"],
        "SyncToken": "0",
        "sparse": True,
        "CustomerRef": {"value": CUSTOMER},
    }
    entity = post(
        quickbooks, "Invoice", **change, Line=[sale_line("200", TaxCodeRef={"value": "TAX"})]
    )
    assert (entity["TxnTaxDetail"]["TotalTax"], entity["TotalAmt"]) == (16, 216)


def test_a_bill_payment_settles_a_bill_with_a_credit(quickbooks):
    owed = bill(quickbooks)
    credit = post(quickbooks, "VendorCredit", VendorRef={"value": "1"}, Line=[expense_line("30")])
    lines = [pays("Bill", owed["Id"], 100), pays("VendorCredit", credit["Id"], 30)]
    bank = {"BankAccountRef": {"value": CHECKING}}
    body = {
        "VendorRef": {"value": "1"},
        "PayType": "Check",
        "CheckPayment": bank,
        "TotalAmt": 70,
        "Line": lines,
    }
    payment = post(quickbooks, "BillPayment", **body)
    assert payment["CheckPayment"]["BankAccountRef"]["name"] == "Checking"
    after = read(quickbooks, "Bill", owed["Id"])
    assert (after["Balance"], after["LinkedTxn"][0]["TxnType"]) == (0, "BillPaymentCheck")
    assert read(quickbooks, "Vendor", "1")["Balance"] == 0
    assert (account(quickbooks, PAYABLE), account(quickbooks, CHECKING)) == (0, -70)


@pytest.mark.parametrize(
    ("change", "code", "element"),
    [
        ({"PayType": "Cash"}, "2170", "PayType"),
        ({"CheckPayment": {}}, "2020", "BankAccountRef"),
        ({"CheckPayment": {"BankAccountRef": {"value": VISA}}}, "6430", "BankAccountRef"),
        ({"Line": []}, "2020", "Line"),
        ({"Line": [{"Amount": 1}]}, "2020", "LinkedTxn"),
        ({"TotalAmt": None}, "6000", ""),
    ],
)
def test_a_bad_bill_payment_is_refused(quickbooks, change, code, element):
    owed = bill(quickbooks)
    bank = {"BankAccountRef": {"value": CHECKING}}
    body = {"VendorRef": {"value": "1"}, "PayType": "Check", "CheckPayment": bank, "TotalAmt": 10}
    body |= {"Line": [pays("Bill", owed["Id"], 10)]} | change
    assert expect_refusal(quickbooks, "BillPayment", **body) == (code, element)


def test_receipts_and_refunds_move_the_bank(quickbooks):
    post(
        quickbooks, "SalesReceipt", Line=[sale_line("80")], DepositToAccountRef={"value": CHECKING}
    )
    body = {"DepositToAccountRef": {"value": CHECKING}, "CustomerRef": {"value": CUSTOMER}}
    post(quickbooks, "RefundReceipt", Line=[sale_line("30")], **body)
    assert account(quickbooks, CHECKING) == 50
    assert (
        expect_refusal(quickbooks, "RefundReceipt", Line=[sale_line()])[1] == "DepositToAccountRef"
    )


def test_a_deposited_sales_receipt_is_frozen(quickbooks):
    receipt = post(quickbooks, "SalesReceipt", Line=[sale_line("80")])
    link = {
        "Amount": 80,
        "LinkedTxn": [{"TxnId": receipt["Id"], "TxnType": "SalesReceipt", "TxnLineId": "0"}],
    }
    post(quickbooks, "Deposit", DepositToAccountRef={"value": CHECKING}, Line=[link])
    assert read(quickbooks, "SalesReceipt", receipt["Id"])["LinkedTxn"][0]["TxnType"] == "Deposit"
    assert (account(quickbooks, CHECKING), account(quickbooks, UNDEPOSITED)) == (80, 0)
    assert (
        expect_refusal(
            quickbooks, "SalesReceipt", "?operation=delete", Id=receipt["Id"], SyncToken="0"
        )[0]
        == "6540"
    )


def test_a_transfer_moves_money(quickbooks):
    body = {
        "FromAccountRef": {"value": CHECKING},
        "ToAccountRef": {"value": "36"},
        "Amount": "12.50",
    }
    post(quickbooks, "Transfer", **body)
    assert (account(quickbooks, CHECKING), account(quickbooks, "36")) == (
        Decimal("-12.50"),
        Decimal("12.50"),
    )


def entry(side, account, amount, **more):
    detail = {"PostingType": side, "AccountRef": {"value": account}, **more}
    return {
        "Amount": amount,
        "DetailType": "JournalEntryLineDetail",
        "JournalEntryLineDetail": detail,
    }


def test_a_journal_entry_balances_and_counts_its_lines_from_nought(quickbooks):
    entity = post(
        quickbooks,
        "JournalEntry",
        Line=[entry("Debit", ADVERTISING, 9), entry("Credit", CHECKING, 9)],
    )
    assert ([line["Id"] for line in entity["Line"]], entity["Adjustment"]) == (["0", "1"], False)
    assert "LineNum" not in entity["Line"][0]
    assert account(quickbooks, CHECKING) == -9


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([entry("Debit", ADVERTISING, 9), entry("Credit", CHECKING, 8)], "2300"),
        ([entry("Debit", RECEIVABLE, 9), entry("Credit", CHECKING, 9)], "6000"),
        ([entry("Sideways", ADVERTISING, 9)], "2170"),
        ([entry("", ADVERTISING, 9)], "2020"),
    ],
)
def test_a_bad_journal_entry_is_refused(quickbooks, lines, code):
    assert expect_refusal(quickbooks, "JournalEntry", Line=lines)[0] == code


def test_an_invoice_closes_the_estimate_it_is_made_from(quickbooks):
    offer = post(quickbooks, "Estimate", CustomerRef={"value": CUSTOMER}, Line=[sale_line()])
    assert offer["TxnStatus"] == "Pending"
    made_from = [{"TxnId": offer["Id"], "TxnType": "Estimate"}]
    invoices = invoice(quickbooks, LinkedTxn=made_from)
    after = read(quickbooks, "Estimate", offer["Id"])
    assert (after["TxnStatus"], after["SyncToken"]) == ("Closed", "0")
    assert after["LinkedTxn"] == [{"TxnId": invoices["Id"], "TxnType": "Invoice"}]
    assert account(quickbooks, RECEIVABLE) == 100


def test_a_foreign_bill_is_paid_from_the_bank_at_home(quickbooks):
    realm = NORWAY.realm
    line = expense_line("100", "30")
    line["AccountBasedExpenseLineDetail"]["TaxCodeRef"] = {"value": "8"}
    body = {
        "VendorRef": {"value": "37"},
        "CurrencyRef": {"value": "EUR"},
        "GlobalTaxCalculation": "TaxExcluded",
    }
    owed = quickbooks.ask(
        "POST", "bill", {**body, "ExchangeRate": "11.5", "Line": [line]}, realm
    ).json()["Bill"]
    quickbooks.act("pay", realm=realm, id=owed["Id"])
    after = quickbooks.ask("GET", f"bill/{owed['Id']}", realm=realm).json()["Bill"]
    assert (after["Balance"], after["HomeBalance"]) == (0, 0)
    assert sum(quickbooks.companies[realm].ledger.accounts.values()) == 0
