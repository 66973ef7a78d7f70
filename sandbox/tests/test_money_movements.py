"""Tests of money movements: deposits, card payments, check numbers, orders billed in part."""

import pytest

from qbo_sandbox import US, create
from qbo_sandbox.kit import Clock

CHECKING, VISA, UNDEPOSITED, ADVERTISING = "35", "42", "4", "7"
CUSTOMER = {"CustomerRef": {"value": "41"}}
TO_BANK = {"DepositToAccountRef": {"value": CHECKING}}


@pytest.fixture
def quickbooks():
    return create(companies=[US], clock=Clock(1_800_000_000.0, frozen=True))


def post(quickbooks, path, kind, query="", **body):
    answer = quickbooks.ask("POST", f"{path}{query}", body)
    assert answer.status == 200, answer.text
    return answer.json()[kind]


def expect_refusal(quickbooks, path, query="", **body):
    answer = quickbooks.ask("POST", f"{path}{query}", body)
    assert answer.status == 400, answer.text
    return answer.json()["Fault"]["Error"][0]["code"]


def balances(quickbooks, *accounts):
    return [quickbooks.company.ledger.accounts[id] for id in accounts]


def expense_line(amount=100, **more):
    detail = {"AccountRef": {"value": ADVERTISING}}
    kind = "AccountBasedExpenseLineDetail"
    return {"Amount": amount, "DetailType": kind, kind: detail, **more}


def paid_in(quickbooks, amount=80, **more):
    return post(quickbooks, "payment", "Payment", **CUSTOMER, TotalAmt=amount, **more)


def waiting(data, kind="Payment"):
    return {"Amount": 1, "LinkedTxn": [{"TxnId": data["Id"], "TxnType": kind, "TxnLineId": "0"}]}


def other(amount, account=ADVERTISING):
    return {
        "Amount": amount,
        "DetailType": "DepositLineDetail",
        "DepositLineDetail": {"AccountRef": {"value": account}},
    }


def test_a_card_that_was_paid_can_be_read_as_a_transfer(quickbooks):
    body = {
        "BankAccountRef": {"value": CHECKING},
        "CreditCardAccountRef": {"value": VISA},
        "Amount": 9,
    }
    payment = post(quickbooks, "creditcardpayment", "CreditCardPaymentTxn", **body)
    entity = quickbooks.ask("GET", f"transfer/{payment['Id']}").json()["Transfer"]
    assert (entity["Id"], entity["Amount"], entity["TxnDate"]) == (
        payment["Id"],
        9,
        payment["TxnDate"],
    )
    ends = entity["FromAccountRef"]["value"], entity["ToAccountRef"]["value"]
    assert (ends, "BankAccountRef" in entity) == ((CHECKING, VISA), False)
    assert quickbooks.select("select * from Transfer") == {}


def test_a_deposit_takes_whole_payments_and_gives_cash_back(quickbooks):
    payment = paid_in(quickbooks)
    back = {"AccountRef": {"value": ADVERTISING}, "Amount": 20, "Memo": "petty cash"}
    entity = post(
        quickbooks,
        "deposit",
        "Deposit",
        **TO_BANK,
        Line=[waiting(payment), other(15)],
        CashBack=back,
    )
    assert (entity["TotalAmt"], [line["Amount"] for line in entity["Line"]]) == (75, [80, 15])
    assert balances(quickbooks, CHECKING, UNDEPOSITED, ADVERTISING) == [75, 0, 5]


def test_a_deposit_is_less_by_a_refund_from_undeposited_funds(quickbooks):
    kind = "SalesItemLineDetail"
    sold = {"Amount": 30, "DetailType": kind, kind: {"ItemRef": {"value": "1"}}}
    source = {"DepositToAccountRef": {"value": UNDEPOSITED}}
    refund = post(quickbooks, "refundreceipt", "RefundReceipt", **CUSTOMER, **source, Line=[sold])
    lines = [waiting(paid_in(quickbooks)), waiting(refund, "RefundReceipt")]
    entity = post(quickbooks, "deposit", "Deposit", **TO_BANK, Line=lines)
    assert (entity["TotalAmt"], [line["Amount"] for line in entity["Line"]]) == (50, [80, -30])
    assert balances(quickbooks, CHECKING, UNDEPOSITED) == [50, 0]
    assert expect_refusal(quickbooks, "deposit", **TO_BANK, Line=lines[1:]) == "620"
    key = {"Id": refund["Id"], "SyncToken": "0"}
    assert expect_refusal(quickbooks, "refundreceipt", "?operation=delete", **key) == "6540"


@pytest.mark.parametrize(
    ("path", "amount"), [("refundreceipt", {}), ("salesreceipt", {}), ("payment", {"TotalAmt": 5})]
)
def test_money_of_a_customer_is_in_a_bank_or_another_current_asset(quickbooks, path, amount):
    kind = "SalesItemLineDetail"
    sold = {"Amount": 5, "DetailType": kind, kind: {"ItemRef": {"value": "1"}}}
    body = {**CUSTOMER, "DepositToAccountRef": {"value": ADVERTISING}, **amount}
    if not amount:
        body["Line"] = [sold]
    assert expect_refusal(quickbooks, path, **body) == "6430"


def test_a_deposit_deleted_sets_its_payments_free(quickbooks):
    payment = paid_in(quickbooks)
    entity = post(quickbooks, "deposit", "Deposit", **TO_BANK, Line=[waiting(payment)])
    key = {"Id": payment["Id"], "SyncToken": "0"}
    assert expect_refusal(quickbooks, "payment", "?operation=delete", **key) == "6540"
    post(quickbooks, "deposit", "Deposit", "?operation=delete", Id=entity["Id"], SyncToken="0")
    assert balances(quickbooks, CHECKING, UNDEPOSITED) == [0, 80]
    post(quickbooks, "payment", "Payment", "?operation=delete", **key)


def test_nothing_is_deposited_twice_or_from_elsewhere(quickbooks):
    payment = paid_in(quickbooks)
    post(quickbooks, "deposit", "Deposit", **TO_BANK, Line=[waiting(payment)])
    assert expect_refusal(quickbooks, "deposit", **TO_BANK, Line=[waiting(payment)]) == "620"
    straight = paid_in(quickbooks, **TO_BANK)
    assert expect_refusal(quickbooks, "deposit", **TO_BANK, Line=[waiting(straight)]) == "620"
    assert (
        expect_refusal(quickbooks, "deposit", DepositToAccountRef={"value": VISA}, Line=[other(1)])
        == "6430"
    )
    assert (
        expect_refusal(
            quickbooks, "deposit", **TO_BANK, Line=[{"Amount": 1, "DepositLineDetail": {}}]
        )
        == "2020"
    )


def test_a_line_of_a_deposit_with_a_link_has_no_detail(quickbooks):
    line = waiting(paid_in(quickbooks)) | {"DetailType": "DepositLineDetail"}
    answer = quickbooks.ask("POST", "deposit", {**TO_BANK, "Line": [line]})
    assert "Line.DepositLineDetail.AccountRef is missing" in answer.text
    line["DepositLineDetail"] = {"PaymentMethodRef": {"value": "1"}}
    assert expect_refusal(quickbooks, "deposit", **TO_BANK, Line=[line]) == "2020"


def test_a_change_of_a_deposit_names_its_account(quickbooks):
    deposit = post(quickbooks, "deposit", "Deposit", **TO_BANK, Line=[other(5)])
    key = {"Id": deposit["Id"], "SyncToken": "0", "sparse": True, "PrivateNote": "Cash"}
    assert expect_refusal(quickbooks, "deposit", **key) == "2020"
    assert post(quickbooks, "deposit", "Deposit", **key, **TO_BANK)["TotalAmt"] == 5


def test_a_card_is_paid_from_the_bank(quickbooks):
    body = {
        "CreditCardAccountRef": {"value": VISA},
        "BankAccountRef": {"value": CHECKING},
        "Amount": "12.5",
    }
    entity = post(quickbooks, "creditcardpayment", "CreditCardPaymentTxn", **body)
    assert balances(quickbooks, CHECKING, VISA) == [entity["Amount"] * -1, entity["Amount"]]
    payments = quickbooks.select("select * from creditcardpayment")["CreditCardPaymentTxn"]
    assert [row["Id"] for row in payments] == [entity["Id"]]
    wrong = body | {"CreditCardAccountRef": {"value": CHECKING}}
    assert expect_refusal(quickbooks, "creditcardpayment", **wrong) == "6430"
    key = {"Id": entity["Id"], "SyncToken": "0"}
    post(quickbooks, "creditcardpayment", "CreditCardPaymentTxn", "?operation=delete", **key)
    assert balances(quickbooks, CHECKING, VISA) == [0, 0]


def check(**more):
    return {
        "PaymentType": "Check",
        "AccountRef": {"value": CHECKING},
        "Line": [expense_line()],
        **more,
    }


def test_checks_share_their_numbers_with_bills_paid_by_check(quickbooks):
    owed = post(quickbooks, "bill", "Bill", VendorRef={"value": "1"}, Line=[expense_line()])
    line = {"Amount": 40, "LinkedTxn": [{"TxnId": owed["Id"], "TxnType": "Bill"}]}
    bank = {"CheckPayment": {"BankAccountRef": {"value": CHECKING}}, "PayType": "Check"}
    body = {"VendorRef": {"value": "1"}, "TotalAmt": 40, "Line": [line], **bank}
    first = post(quickbooks, "billpayment", "BillPayment", **body, DocNumber="501")
    answer = quickbooks.ask("POST", "purchase", check(DocNumber="501")).json()["Fault"]["Error"][0]
    assert answer["Detail"].endswith(f"TxnType=Bill Payment (Check) with TxnId={first['Id']}")
    payment = post(quickbooks, "purchase", "Purchase", **check(DocNumber="502"))
    answer = quickbooks.ask("POST", "billpayment", {**body, "DocNumber": "502"}).json()["Fault"][
        "Error"
    ][0]
    assert answer["Detail"].endswith(f"TxnType=Check with TxnId={payment['Id']}")
    cash = check(PaymentType="Cash", DocNumber="501")
    post(quickbooks, "purchase", "Purchase", **cash)
    post(
        quickbooks,
        "purchase",
        "Purchase",
        "?include=allowduplicatedocnum",
        **check(DocNumber="501"),
    )


def order(quickbooks, *amounts):
    lines = [expense_line(amount) for amount in amounts]
    return post(quickbooks, "purchaseorder", "PurchaseOrder", VendorRef={"value": "1"}, Line=lines)


def bill_of_order(quickbooks, placed, line, amount):
    link = [{"TxnId": placed["Id"], "TxnType": "PurchaseOrder", "TxnLineId": line}]
    return post(
        quickbooks,
        "bill",
        "Bill",
        VendorRef={"value": "1"},
        Line=[expense_line(amount, LinkedTxn=link)],
    )


def state(quickbooks, placed):
    entity = quickbooks.ask("GET", f"purchaseorder/{placed['Id']}").json()["PurchaseOrder"]
    return entity["POStatus"], len(entity.get("LinkedTxn", ()))


def test_a_line_billed_in_parts_closes_with_the_last_of_them(quickbooks):
    placed = order(quickbooks, 60, 40)
    bill_of_order(quickbooks, placed, "1", 60)
    bill_of_order(quickbooks, placed, "2", 15)
    assert state(quickbooks, placed) == ("Open", 2)
    last = bill_of_order(quickbooks, placed, "2", 25)
    assert state(quickbooks, placed) == ("Closed", 3)
    post(quickbooks, "bill", "Bill", "?operation=delete", Id=last["Id"], SyncToken="0")
    assert state(quickbooks, placed) == ("Open", 2)


def test_an_invoice_deleted_opens_its_estimate_as_it_was(quickbooks):
    line = {
        "Amount": 9,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
    }
    accepted = {"TxnStatus": "Accepted", "AcceptedDate": "2027-01-01"}
    offer = post(quickbooks, "estimate", "Estimate", **CUSTOMER, Line=[line], **accepted)
    link = [{"TxnId": offer["Id"], "TxnType": "Estimate"}]
    invoice = post(quickbooks, "invoice", "Invoice", **CUSTOMER, Line=[line], LinkedTxn=link)
    post(quickbooks, "invoice", "Invoice", "?operation=delete", Id=invoice["Id"], SyncToken="0")
    entity = quickbooks.ask("GET", f"estimate/{offer['Id']}").json()["Estimate"]
    assert (entity["TxnStatus"], entity.get("LinkedTxn", [])) == ("Accepted", [])


def test_a_bill_payment_beyond_its_bills_leaves_a_credit(quickbooks):
    owed = post(quickbooks, "bill", "Bill", VendorRef={"value": "1"}, Line=[expense_line()])
    line = {"Amount": 100, "LinkedTxn": [{"TxnId": owed["Id"], "TxnType": "Bill"}]}
    bank = {"CheckPayment": {"BankAccountRef": {"value": CHECKING}}, "PayType": "Check"}
    body = {"VendorRef": {"value": "1"}, "Line": [line], **bank}
    assert expect_refusal(quickbooks, "billpayment", **body, TotalAmt=90) == "6000"
    post(quickbooks, "billpayment", "BillPayment", **body, TotalAmt=130)
    assert quickbooks.ask("GET", "vendor/1").json()["Vendor"]["Balance"] == -30
    rows = quickbooks.ask("GET", "reports/VendorBalance").json()["Rows"]["Row"]
    assert rows[-1]["Summary"]["ColData"][1]["value"] == "-30.00"


def test_a_discount_before_tax_lowers_the_tax(quickbooks):
    taxed = {"ItemRef": {"value": "1"}, "TaxCodeRef": {"value": "TAX"}}
    goods = {"Amount": 200, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": taxed}
    off = {
        "DetailType": "DiscountLineDetail",
        "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": 50},
    }
    totals = [
        post(
            quickbooks,
            "invoice",
            "Invoice",
            **CUSTOMER,
            Line=[goods, off],
            ApplyTaxAfterDiscount=after,
        )["TotalAmt"]
        for after in (False, True)
    ]
    assert totals == [116, 108]
