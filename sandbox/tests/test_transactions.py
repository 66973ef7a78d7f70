"""Tests of bills and vendor credits: sums, defaults, numbers, periods, tax, currency, versions."""

from decimal import Decimal

import pytest

from qbo_sandbox import NORWAY, US, create
from qbo_sandbox.kit import Clock

NOON = 1_800_000_000.0
ADVERTISING = "7"


@pytest.fixture
def quickbooks():
    return create(companies=[US, NORWAY], clock=Clock(NOON, frozen=True))


def line(amount="100.00", account=ADVERTISING, **detail):
    body = {"AccountRef": {"value": account}, **detail}
    return {
        "Amount": amount,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": body,
    }


def item_line(amount, item="1", **detail):
    body = {"ItemRef": {"value": item}, **detail}
    return {
        "Amount": amount,
        "DetailType": "ItemBasedExpenseLineDetail",
        "ItemBasedExpenseLineDetail": body,
    }


def post(quickbooks, body, kind="bill", realm=None, query=""):
    return quickbooks.ask("POST", f"{kind}{query}", body, realm)


def save(quickbooks, body, kind="Bill", realm=None, query=""):
    answer = post(quickbooks, body, kind.lower(), realm, query)
    assert answer.status == 200, answer.text
    return answer.json()[kind]


def expect_refusal(quickbooks, body, kind="bill", realm=None, query=""):
    answer = post(quickbooks, body, kind, realm, query)
    assert answer.status == 400, answer.text
    error = answer.json()["Fault"]["Error"][0]
    return error["code"], error.get("element"), error["Detail"]


def bill(*lines, vendor="1", **fields):
    return {"VendorRef": {"value": vendor}, "Line": list(lines) or [line()], **fields}


def test_a_bill_gets_what_quickbooks_fills_in(quickbooks):
    body = save(
        quickbooks, bill(line("639"), DocNumber="17", TxnDate="2027-01-02", DueDate="2027-02-02")
    )
    assert set(body) == {
        "DueDate",
        "Balance",
        "domain",
        "sparse",
        "Id",
        "SyncToken",
        "MetaData",
        "DocNumber",
        "TxnDate",
        "CurrencyRef",
        "Line",
        "VendorRef",
        "APAccountRef",
        "TotalAmt",
    }
    assert (body["TotalAmt"], body["Balance"], body["SyncToken"]) == (
        Decimal("639.00"),
        Decimal("639.00"),
        "0",
    )
    assert body["VendorRef"] == {"value": "1", "name": "Alder Ridge Lumber"}
    assert body["APAccountRef"] == {"value": "33", "name": "Accounts Payable (A/P)"}
    [row] = body["Line"]
    assert (row["Id"], row["LineNum"]) == ("1", 1)
    detail = row["AccountBasedExpenseLineDetail"]
    assert (detail["BillableStatus"], detail["TaxCodeRef"]) == ("NotBillable", {"value": "NON"})


def test_a_bought_line_keeps_the_code_that_was_sent(quickbooks):
    taxed = line("10")
    taxed["AccountBasedExpenseLineDetail"]["TaxCodeRef"] = {"value": "TAX"}
    body = save(quickbooks, bill(taxed, line("5")))
    codes = [
        line_row["AccountBasedExpenseLineDetail"]["TaxCodeRef"]["value"]
        for line_row in body["Line"]
    ]
    assert (codes, body["TotalAmt"]) == (["TAX", "NON"], Decimal("15.00"))


def test_money_has_two_decimals_unless_it_is_nothing(quickbooks):
    text = post(
        quickbooks, bill(line(639), line(0), item_line("33.30", "2", Qty=3, UnitPrice="11.10"))
    ).text
    assert '"TotalAmt":672.30' in text
    assert '"Amount":639.00' in text
    assert '"Amount":0,' in text
    assert '"UnitPrice":11.1,"Qty":3' in text or '"Qty":3,"UnitPrice":11.1' in text


def test_an_empty_text_is_no_value(quickbooks):
    body = bill(
        line(ClassRef={"value": ""}, BillableStatus=""),
        DueDate="",
        DocNumber="",
        SalesTermRef={"value": ""},
    )
    entity = save(quickbooks, body)
    assert "DocNumber" not in entity
    assert entity["DueDate"] == entity["TxnDate"]
    assert entity["Line"][0]["AccountBasedExpenseLineDetail"]["BillableStatus"] == "NotBillable"


def test_nought_times_nought_is_no_price(quickbooks):
    body = save(quickbooks, bill(item_line("100", "2", Qty=0, UnitPrice=0)))
    assert body["TotalAmt"] == 100
    assert "Qty" not in body["Line"][0]["ItemBasedExpenseLineDetail"]


def test_dates_default_to_today_and_the_terms_of_payment(quickbooks):
    body = save(quickbooks, bill(SalesTermRef={"value": "3"}))
    assert (body["TxnDate"], body["DueDate"]) == ("2027-01-15", "2027-02-14")


def test_read_only_fields_are_ignored(quickbooks):
    body = save(
        quickbooks,
        bill(TotalAmt=7, Balance=7, MetaData={"CreateTime": "2001-01-01T00:00:00Z"}, SyncToken="9"),
    )
    assert (body["TotalAmt"], body["SyncToken"]) == (100, "0")
    assert body["MetaData"]["CreateTime"] == "2027-01-15T00:00:00-08:00"


@pytest.mark.parametrize(
    ("body", "code", "element"),
    [
        ({"Line": [line()]}, "2020", "VendorRef"),
        ({"VendorRef": {"value": "1"}}, "2020", "Line"),
        (bill({"Amount": 1}), "2020", "Line.DetailType"),
        (
            bill({"DetailType": "AccountBasedExpenseLineDetail", "Amount": 1}),
            "2020",
            "Line.AccountBasedExpenseLineDetail",
        ),
        (bill(line(None)), "2020", "Line.Amount"),
        (bill(line("1", account="")), "2020", "AccountRef"),
        (bill(DocNumber="x" * 33), "2050", "DocNumber"),
        (bill(PrivateNote="x" * 4001), "2050", "PrivateNote"),
        (bill(TxnDate="yesterday"), "2060", "TxnDate"),
        (bill(TxnDate="20270110"), "2060", "TxnDate"),
        (bill(DueDate="2027-W02-7"), "2060", "DueDate"),
        (bill(line("ten")), "2070", "Amount"),
        (bill(line("NaN")), "2070", "Amount"),
        (bill(line("1e30")), "2090", "Amount"),
        (bill(line(), Colour="red"), "2010", None),
        (bill(line(DepartmentRef={"value": "1"})), "2010", None),
        (bill(line(BillableStatus="Maybe")), "2170", "BillableStatus"),
        (bill(line(BillableStatus="Billable")), "6000", ""),
        (bill(vendor="999"), "2500", ""),
        (bill(line(account="999")), "2500", ""),
        (bill(line(ClassRef={"value": "7"})), "2500", ""),
        (bill(DepartmentRef={"value": "77"}), "2500", ""),
        (bill(line(account="33")), "6430", "AccountRef"),
        (bill(APAccountRef={"value": "35"}), "6430", "APAccountRef"),
        (bill(item_line("100", "2", Qty=3, UnitPrice="33.33")), "6070", "Line.Amount"),
        (bill(item_line("100", "1")), "6000", ""),
        (bill(line(TaxCodeRef={"value": "5"})), "2500", ""),
        (bill(line(TaxCodeRef={"value": "2"})), "6100", ""),
        (bill(line("-5")), "6000", ""),
        (bill(CurrencyRef={"value": "EUR"}), "2500", ""),
    ],
)
def test_a_bad_bill_is_refused_with_code_and_field(quickbooks, body, code, element):
    assert expect_refusal(quickbooks, body)[:2] == (code, element)
    assert quickbooks.select("select count(*) from Bill") == {"totalCount": 0}


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (bill(line(account="999")), "Invalid Reference Id : Accounts element id 999 not found"),
        (
            bill(line(ClassRef={"value": "7"})),
            "Invalid Reference Id : Klasses element id 7 not found",
        ),
        (
            bill(DepartmentRef={"value": "77"}),
            "Invalid Reference Id : Depts element id 77 not found",
        ),
        (bill(vendor="999"), "Invalid Reference Id : Names element id 999 not found"),
        (
            bill(DocNumber="x" * 33),
            (
                "String length specified does not match the supported length. Min:0 Max:21 "
                "supported. Supplied length:33"
            ),
        ),
    ],
)
def test_the_texts_that_clients_match(quickbooks, body, detail):
    assert expect_refusal(quickbooks, body)[2] == detail


def test_broken_json_is_an_unsupported_property(quickbooks):
    assert expect_refusal(quickbooks, b"{not json")[0] == "2010"


@pytest.mark.parametrize(("answer", "code"), [("610", "610"), ("2500", "2500")])
def test_an_inactive_reference_is_refused_in_either_way(quickbooks, answer, code):
    quickbooks.switch(inactive_reference=answer)
    quickbooks.act("deactivate", kind="Vendor", id="1")
    refusal, _, detail = expect_refusal(quickbooks, bill())
    assert refusal == code
    assert "made inactive" in detail


def test_exact_prices_give_exact_amounts(quickbooks):
    body = save(quickbooks, bill(item_line("100", "2", Qty=3, UnitPrice="33.333333")))
    assert body["TotalAmt"] == Decimal("100.00")


def test_a_number_of_the_same_vendor_is_used_once(quickbooks):
    first = save(quickbooks, bill(DocNumber="A-17"))
    code, element, detail = expect_refusal(quickbooks, bill(DocNumber="a-17"))
    assert (code, element) == ("6140", "")
    assert detail.endswith(f"DocNumber=a-17 is assigned to TxnType=Bill with TxnId={first['Id']}")
    save(quickbooks, bill(DocNumber="A-17", vendor="2"))
    save(quickbooks, bill(DocNumber="A-17"), query="?include=allowduplicatedocnum")


def test_without_the_warning_numbers_may_repeat(quickbooks):
    quickbooks.control.company("POST", {"realm": US.realm, "warn_duplicate_bills": False})
    for _ in range(2):
        save(quickbooks, bill(DocNumber="A-17"))


def test_a_deleted_bill_frees_its_number_and_its_balance(quickbooks):
    first = save(quickbooks, bill(DocNumber="A-17"))
    deletion = post(
        quickbooks, {"Id": first["Id"], "SyncToken": "0"}, query="?operation=delete"
    ).json()["Bill"]
    assert deletion == {"domain": "QBO", "status": "Deleted", "Id": first["Id"]}
    assert quickbooks.ask("GET", "vendor/1").json()["Vendor"]["Balance"] == 0
    code, _, detail = expect_refusal(
        quickbooks, {"Id": first["Id"], "SyncToken": "0"}, query="?operation=delete"
    )
    assert (code, detail) == (
        "610",
        "Object Not Found : Another user has deleted this transaction.",
    )
    save(quickbooks, bill(DocNumber="A-17"))


def test_a_bill_cannot_be_voided(quickbooks):
    first = save(quickbooks, bill())
    assert (
        expect_refusal(quickbooks, {"Id": first["Id"], "SyncToken": "0"}, query="?operation=void")[
            0
        ]
        == "500"
    )


def test_a_closed_period_takes_nothing_and_gives_nothing(quickbooks):
    old = save(quickbooks, bill(TxnDate="2026-12-20"))
    quickbooks.act("close_books", date="2026-12-31")
    assert expect_refusal(quickbooks, bill(TxnDate="2026-12-31"))[0] == "6210"
    assert expect_refusal(quickbooks, {**bill(), "Id": old["Id"], "SyncToken": "0"})[0] == "6210"
    assert (
        expect_refusal(quickbooks, {"Id": old["Id"], "SyncToken": "0"}, query="?operation=delete")[
            0
        ]
        == "6210"
    )
    save(quickbooks, bill(TxnDate="2027-01-01"))


def test_an_update_keeps_the_lines_it_names_and_numbers_new_ones_on(quickbooks):
    first = save(quickbooks, bill(line("10"), line("20")))
    line_ids = {**line("15"), "Id": "2"}
    body = save(quickbooks, {**bill(line_ids, line("30")), "Id": first["Id"], "SyncToken": "0"})
    assert [(row["Id"], row["LineNum"], row["Amount"]) for row in body["Line"]] == [
        ("2", 1, 15),
        ("3", 2, 30),
    ]
    assert (body["TotalAmt"], body["Balance"], body["SyncToken"]) == (45, 45, "1")


def test_two_lines_cannot_claim_one_id(quickbooks):
    first = save(quickbooks, bill(line("10")))
    line_id = {**line("20"), "Id": "1"}
    body = save(quickbooks, {**bill(line_id, line_id), "Id": first["Id"], "SyncToken": "0"})
    assert [row["Id"] for row in body["Line"]] == ["1", "2"]


def test_a_full_update_takes_away_and_a_sparse_one_leaves(quickbooks):
    first = save(quickbooks, bill(PrivateNote="keep", SalesTermRef={"value": "3"}))
    sparse = {
        "Id": first["Id"],
        "SyncToken": "0",
        "sparse": True,
        "VendorRef": {"value": "1"},
        "DocNumber": "5",
    }
    body = save(quickbooks, sparse)
    assert (body["PrivateNote"], body["SalesTermRef"]["value"], body["DocNumber"]) == (
        "keep",
        "3",
        "5",
    )
    body = save(quickbooks, {**bill(), "Id": first["Id"], "SyncToken": "1"})
    assert not {"PrivateNote", "SalesTermRef", "DocNumber"} & set(body)


def test_an_update_needs_the_newest_version(quickbooks):
    first = save(quickbooks, bill())
    assert expect_refusal(quickbooks, {**bill(), "Id": first["Id"], "SyncToken": "3"})[0] == "5010"
    assert expect_refusal(quickbooks, {**bill(), "Id": first["Id"]})[:2] == ("2020", "SyncToken")


def test_a_paid_bill_shows_its_payment_and_cannot_be_deleted(quickbooks):
    first = save(quickbooks, bill())
    quickbooks.act("pay", id=first["Id"], amount="40")
    payment = quickbooks.ask("GET", f"bill/{first['Id']}").json()["Bill"]
    assert (payment["Balance"], payment["TotalAmt"], payment["SyncToken"]) == (60, 100, "1")
    assert payment["LinkedTxn"][0]["TxnType"] == "BillPaymentCheck"
    assert quickbooks.ask("GET", "vendor/1").json()["Vendor"]["Balance"] == 60
    assert (
        expect_refusal(
            quickbooks, {"Id": first["Id"], "SyncToken": "1"}, query="?operation=delete"
        )[0]
        == "800"
    )


def test_a_vendor_credit_lowers_what_is_owed(quickbooks):
    save(quickbooks, bill(line("300")))
    credit = save(quickbooks, bill(line("120"), DocNumber="C1"), "VendorCredit")
    assert (credit["TotalAmt"], credit["Balance"]) == (120, 120)
    assert quickbooks.ask("GET", "vendor/1").json()["Vendor"]["Balance"] == 180
    assert quickbooks.ask("GET", "account/33").json()["Account"]["CurrentBalance"] == 180
    assert (
        quickbooks.ask("GET", f"account/{ADVERTISING}").json()["Account"]["CurrentBalance"] == 180
    )


def test_a_line_with_a_customer_is_billable_by_default(quickbooks):
    body = save(
        quickbooks,
        bill(
            line(CustomerRef={"value": "41"}),
            line(CustomerRef={"value": "41"}, BillableStatus="NotBillable"),
        ),
    )
    states = [row["AccountBasedExpenseLineDetail"]["BillableStatus"] for row in body["Line"]]
    assert states == ["Billable", "NotBillable"]


def test_a_message_to_a_customer_has_at_most_a_thousand_characters(quickbooks):
    sale_line = {
        "DetailType": "SalesItemLineDetail",
        "Amount": 1,
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
    }
    body = {
        "CustomerRef": {"value": "41"},
        "Line": [sale_line],
        "CustomerMemo": {"value": "x" * 1000},
    }
    assert quickbooks.ask("POST", "invoice", body).status == 200
    body["CustomerMemo"]["value"] += "x"
    refusal = quickbooks.ask("POST", "invoice", body).json()["Fault"]["Error"][0]
    assert (refusal["code"], refusal["element"]) == ("2050", "Customer Memo")


def test_a_company_without_classes_drops_them(quickbooks):
    klass = quickbooks.select("select * from Class")["Class"][0]["Id"]
    assert (
        "ClassRef"
        in save(quickbooks, bill(line(ClassRef={"value": klass})))["Line"][0][
            "AccountBasedExpenseLineDetail"
        ]
    )
    quickbooks.control.company("POST", {"realm": US.realm, "classes": "off", "departments": False})
    body = save(quickbooks, bill(line(ClassRef={"value": klass}), DepartmentRef={"value": "1"}))
    assert "ClassRef" not in body["Line"][0]["AccountBasedExpenseLineDetail"]
    assert "DepartmentRef" not in body


def test_an_ended_subscription_can_only_be_read(quickbooks):
    quickbooks.control.company("POST", {"realm": US.realm, "subscribed": False})
    code, _, detail = expect_refusal(quickbooks, bill())
    assert code == "6190"
    assert detail.startswith("Subscription period has ended or canceled or there was a billing")
    assert quickbooks.select("select count(*) from Bill") == {"totalCount": 0}


def norwegian(*lines, how="TaxExcluded", currency="NOK", vendor="1", **fields):
    return bill(
        *lines, vendor=vendor, GlobalTaxCalculation=how, CurrencyRef={"value": currency}, **fields
    )


def coded(amount, code="5", **detail):
    return line(amount, "30", TaxCodeRef={"value": code}, **detail)


def test_tax_comes_on_top_by_the_code_of_each_line(quickbooks):
    body = save(quickbooks, norwegian(coded("1000"), coded("200", "6")), realm=NORWAY.realm)
    assert (body["TxnTaxDetail"]["TotalTax"], body["TotalAmt"]) == (280, 1480)
    tax = [
        (row["Amount"], row["TaxLineDetail"]["TaxPercent"])
        for row in body["TxnTaxDetail"]["TaxLine"]
    ]
    assert tax == [(250, 25), (30, 15)]


def test_tax_inside_the_amount_is_taken_out_of_it(quickbooks):
    body = save(quickbooks, norwegian(coded("1250"), how="TaxInclusive"), realm=NORWAY.realm)
    detail = body["Line"][0]["AccountBasedExpenseLineDetail"]
    assert (body["TotalAmt"], body["Line"][0]["Amount"], detail["TaxInclusiveAmt"]) == (
        1250,
        1000,
        1250,
    )


def test_a_rate_applies_by_the_date_of_the_transaction(quickbooks):
    """A rate lists its percentages with their first and last days."""
    reference = quickbooks.select("select * from TaxCode where Id = '5'", realm=NORWAY.realm)
    details = reference["TaxCode"][0]["PurchaseTaxRateList"]["TaxRateDetail"]
    periods = [
        {
            "RateValue": 25,
            "EffectiveDate": "1970-01-01T00:00:00-08:00",
            "EndDate": "2026-12-31T00:00:00-08:00",
        },
        {"RateValue": 20, "EffectiveDate": "2027-01-01T00:00:00-08:00"},
    ]
    quickbooks.act(
        "edit",
        realm=NORWAY.realm,
        kind="TaxRate",
        id=details[0]["TaxRateRef"]["value"],
        set={"RateValue": 20, "EffectiveTaxRate": periods},
    )
    totals = {}
    for date in ("2026-12-31", "2027-01-01"):
        body = save(quickbooks, norwegian(coded("1000"), TxnDate=date), realm=NORWAY.realm)
        totals[date] = body["TotalAmt"]
    assert totals == {"2026-12-31": 1250, "2027-01-01": 1200}


def test_an_inclusive_amount_may_be_net(quickbooks):
    quickbooks.switch(inclusive_amount="net")
    body = save(quickbooks, norwegian(coded("1000"), how="TaxInclusive"), realm=NORWAY.realm)
    assert body["TotalAmt"] == 1250


def test_inclusive_sums_are_exact_however_they_round(quickbooks):
    lines = [coded("33.33") for _ in range(7)]
    body = save(quickbooks, norwegian(*lines, how="TaxInclusive"), realm=NORWAY.realm)
    assert body["TotalAmt"] == Decimal("233.31")


def test_the_tax_a_client_states_wins(quickbooks):
    tax_detail = {"TotalTax": "250.01"}
    body = save(quickbooks, norwegian(coded("1000"), TxnTaxDetail=tax_detail), realm=NORWAY.realm)
    assert body["TotalAmt"] == Decimal("1250.01")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (bill(coded("1"), CurrencyRef={"value": "NOK"}), "2020"),
        (norwegian(line("1", "30")), "6000"),
        (norwegian(coded("1"), how="NotApplicable", TxnTaxDetail={"TotalTax": 5}), "6170"),
        (norwegian(coded("1", "55")), "2500"),
        (norwegian(coded("1"), how="Perhaps"), "2170"),
        (bill(coded("1"), GlobalTaxCalculation="TaxExcluded"), "2020"),
        (norwegian(coded("1"), currency="EUR"), "6000"),
        (norwegian(coded("1"), vendor="37"), "6000"),
        (norwegian(coded("1"), currency="GBP", vendor="37"), "2500"),
        (norwegian(coded("1"), currency="EUR", vendor="37", APAccountRef={"value": "1"}), "6000"),
    ],
)
def test_a_company_with_tax_codes_and_currencies_refuses_bills_that_do_not_fit(
    quickbooks, body, code
):
    assert expect_refusal(quickbooks, body, realm=NORWAY.realm)[0] == code


def test_a_foreign_bill_carries_its_rate_and_its_own_payables(quickbooks):
    body = norwegian(coded("1000", "8"), currency="EUR", vendor="37", ExchangeRate="11.5")
    entity = save(quickbooks, body, realm=NORWAY.realm)
    assert (entity["TotalAmt"], entity["HomeBalance"], entity["ExchangeRate"]) == (
        1000,
        11500,
        Decimal("11.5"),
    )
    assert entity["APAccountRef"]["name"].endswith("EUR")
    vendor = quickbooks.ask("GET", "vendor/37", realm=NORWAY.realm).json()["Vendor"]
    assert (vendor["Balance"], vendor["CurrencyRef"]["value"]) == (1000, "EUR")


def test_a_home_bill_has_the_rate_one(quickbooks):
    assert save(quickbooks, norwegian(coded("10")), realm=NORWAY.realm)["ExchangeRate"] == 1


def test_every_booking_balances(quickbooks):
    save(quickbooks, norwegian(coded("1000"), coded("7.77", "6")), realm=NORWAY.realm)
    save(
        quickbooks,
        norwegian(coded("99.99"), currency="EUR", vendor="37", ExchangeRate="11.4567"),
        realm=NORWAY.realm,
    )
    save(quickbooks, norwegian(coded("55.55")), "VendorCredit", realm=NORWAY.realm)
    ledger = quickbooks.companies[NORWAY.realm].ledger
    assert sum(ledger.accounts.values()) == 0
    assert any(ledger.accounts.values())
