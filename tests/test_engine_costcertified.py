"""CostCertified's invoices and payments in the books, from its stand-in through the hub into QuickBooks."""

from decimal import Decimal

import pytest
from hub_costcertified.sandbox import company

from hub import enabling
from hub.engine import run
from hub.errors import AccessNeeded, NeedsAttention
from tests.costcertified_works import ACCOUNTS, CLEARING, COSTCERTIFIED, Works

TOLD = {}
NAMESAKES = {"a client with a namesake", "the namesake"}  # whoever of them comes first has the name


@pytest.fixture
def works(app, quickbooks, clock):
    return Works(app, quickbooks, clock)


@pytest.fixture
def told(request):
    """What the seed's story came to in the books: the invoices by case, and what was said of the others."""
    if not TOLD:
        parts = (request.getfixturevalue(name) for name in ("app", "quickbooks", "clock"))
        works = Works(*parts, documents=44)
        works.enable(**CLEARING)
        works.sync()
        works.sync()
        cases = {row["case"]: row for row in works.books.rows["invoices"].values()}
        numbers = {one["DocNumber"]: one for one in works.all("Invoice")}
        TOLD["invoices"] = {case: numbers.get(row["number"][:21]) for case, row in cases.items()}
        TOLD["source"] = {case: works.books.row("invoices", row["id"]) for case, row in cases.items()}
        TOLD["waits"] = {case: works.waits(f"invoice:{row['id']}") for case, row in cases.items()}
        TOLD["deposits"], TOLD["cases"] = works.all("Deposit"), works.cases()
        TOLD["payouts"] = [works.books.row("payouts", id) for id in works.books.rows["payouts"]]
    return TOLD


def lines(invoice):
    """(product or service, amount, description, taxed or not) of each line."""
    found = [(line, line["SalesItemLineDetail"]) for line in invoice["Line"] if "SalesItemLineDetail" in line]
    return [
        (it["ItemRef"]["name"], line["Amount"], line["Description"], it["TaxCodeRef"]["value"]) for line, it in found
    ]


# -- what arrives ----------------------------------------------------------------------------------------------------


@pytest.mark.row("CC-S2", "CC-S9", "CC-S12", "CC-S14", "CC-S15")
def test_every_invoice_that_was_sent_arrives_with_its_number_in_product_service(told):
    for case, source in told["source"].items():
        made = told["invoices"][case]
        if source["sent_via"] == "costcertified" and source["status"] != "void" and not source["deleted_at"] and made:
            items = {item for item, *_ in lines(made)} - {"Transaction fee"}
            assert (items, made["TotalAmt"]) == ({source["number"]}, source["total"])
    absent = {case for case, made in told["invoices"].items() if made is None}
    assert absent - NAMESAKES == {"draft", "handed over by another way", "voided", "deleted", "a date that is none"}


@pytest.mark.row("CC-S10", "CC-S11")
@pytest.mark.parametrize(
    ("case", "why"), [("draft", "was generated and not sent yet"), ("handed over by another way", "by another way")]
)
def test_what_costcertified_did_not_send_stays_out_and_says_so(told, case, why):
    assert (told["invoices"][case], why in told["waits"][case]) == (None, True)


@pytest.mark.row("CC-B2")
def test_a_fee_that_the_client_bears_is_a_line_of_the_invoice_and_another_is_not(told):
    *_, (item, amount, text, taxed) = lines(told["invoices"]["fee borne by the client"])
    (fee,) = told["source"]["fee borne by the client"]["fees"]
    assert (item, amount, text, taxed) == ("Transaction fee", fee["amount"], fee["kind"], "NON")
    assert len(lines(told["invoices"]["fee borne by the contractor"])) == 1


@pytest.mark.row("CC-B1")
def test_the_basis_of_a_progress_invoice_stands_in_the_memo(told):
    assert "30 % of the project total" in told["invoices"]["percentage of the total"]["PrivateNote"]
    assert "50 % of what remained" in told["invoices"]["percentage of what remained"]["PrivateNote"]


@pytest.mark.row("CC-B5")
def test_an_item_whose_tax_was_changed_is_a_line_of_its_own(told):
    made = told["invoices"]["tax of one item changed"]
    assert {taxed for *_, taxed in lines(made)} == {"TAX", "NON"}
    assert made["TxnTaxDetail"]["TotalTax"] == told["source"]["tax of one item changed"]["tax_total"]


@pytest.mark.row("CC-B7")
def test_each_payout_is_one_deposit_of_its_amount_less_what_was_kept_and_given_back(told):
    assert sorted(one["TotalAmt"] for one in told["deposits"]) == sorted(one["amount"] for one in told["payouts"])
    refund = [
        line["Amount"] for one in told["deposits"] for line in one["Line"] if line["Description"].startswith("Refund")
    ]
    assert refund == [-108]


@pytest.mark.row("CC-S13", "CC-B11")
def test_a_client_with_the_name_of_another_is_asked_about(told):
    assert any("Jordan Mercer" in reason for reason in told["cases"].values())
    first = [made["CustomerRef"]["name"] for case in NAMESAKES if (made := told["invoices"][case])]
    assert first == ["Jordan Mercer"]
    assert told["invoices"]["letters and quotes"]["CustomerRef"]["name"] == 'Beatrix Vålé "B" & Søn'


# -- clients ---------------------------------------------------------------------------------------------------------


@pytest.mark.row("CC-S13", "CC-B11")
def test_a_client_is_found_by_id_then_address_then_name_else_made(works):
    works.make("Customer", DisplayName="Ellison household", PrimaryEmailAddr={"Address": "Marta.Ellison@example.com"})
    works.make("Customer", DisplayName="Samir Haddad")
    works.enable()
    works.invoice()
    works.invoice(client=company.CLIENTS[7])
    works.invoice(client=company.CLIENTS[2])
    works.sync()
    works.invoice(client={**company.CLIENTS[2], "email": "new@example.com", "lname": "Okafor-Smith"})
    works.sync()
    names = [one["CustomerRef"]["name"] for one in sorted(works.all("Invoice"), key=lambda one: one["DocNumber"])]
    assert names == ["Ellison household", "Samir Haddad", "Ines Okafor", "Ines Okafor"]
    (made,) = [one for one in works.all("Customer") if one["DisplayName"] == "Ines Okafor"]
    assert made["PrimaryEmailAddr"]["Address"] == "ines.okafor@example.com"
    assert (made["BillAddr"]["Line1"], made["PrimaryPhone"]["FreeFormNumber"]) == ("3 Pine Street", "555-0103")


@pytest.mark.row("CC-B11")
def test_a_name_that_is_nearly_there_is_asked_about_until_a_person_decides(works):
    theirs = works.make("Customer", DisplayName="Marta Elison")
    works.enable()
    works.invoice()
    works.sync()
    assert "a near name: Marta Elison" in works.cases()["match:1:client:client:k1"]
    works.decide("client", "client:k1", theirs["Id"])
    works.sync()
    assert (works.one("Invoice")["CustomerRef"]["name"], works.cases()) == ("Marta Elison", {})


@pytest.mark.row("CC-S15")
def test_a_service_that_has_the_number_already_and_a_number_in_use_are_asked_about(works):
    works.make("Item", Name="CC-1001", Type="Service", IncomeAccountRef={"value": "79"})
    works.enable()
    works.invoice()
    works.sync()
    assert "the name is taken in QuickBooks: CC-1001" in works.cases()["match:1:service:number:CC-1001"]
    assert works.all("Invoice") == []


@pytest.mark.row("CC-S15")
def test_a_fixed_service_may_stand_on_every_invoice(works):
    works.enable(item_mode="fixed_item", item=_service(works), lines="each")
    works.invoice("100.00", "50.00")
    works.sync()
    made = lines(works.one("Invoice"))
    assert ([one[1] for one in made], made[0][2]) == ([100, 50], "Invoice CC-1001 · Work")
    assert not [one for one in works.all("Item") if one["Name"] == "CC-1001"]


def _service(works):
    return works.make("Item", Name="Client work", Type="Service", IncomeAccountRef={"value": "79"})["Id"]


# -- money -----------------------------------------------------------------------------------------------------------


@pytest.mark.row("CC-S16", "CC-B4")
def test_processing_is_not_paid_and_paid_pays_both_sides(works):
    works.enable()
    invoice = works.invoice()
    payment = works.pay(invoice, settled=False)
    works.sync()
    assert (works.all("Payment"), works.one("Invoice")["Balance"]) == ([], 108)
    assert "processing is not paid" in works.waits(f"payment:{payment}")
    works.do("settle", payment=payment)
    works.sync()
    made = works.one("Payment")
    assert (works.one("Invoice")["Balance"], made["TotalAmt"], made["UnappliedAmt"]) == (0, 108, 0)
    assert (works.books.row("invoices", invoice)["status"], works.told("payments", payment)[-1]) == ("paid", "posted")


@pytest.mark.row("CC-S16")
def test_a_payment_that_cannot_be_posted_is_seen_and_tried_again(works):
    works.enable(**CLEARING)
    works.pay(works.invoice())
    works.quickbooks.add_fault("status", call="payment.create", status=503)
    counts = works.sync()
    assert counts["unknown"] == 1
    works.clock.advance(400)
    works.sync()
    assert [one["TotalAmt"] for one in works.all("Payment")] == [108]


@pytest.mark.row("CC-B3")
def test_with_post_on_paid_nothing_is_posted_before_it_is_paid(works):
    works.enable(post_when="paid")
    invoice = works.invoice()
    works.sync()
    assert (works.all("Invoice"), "until something of it is paid" in works.waits(f"invoice:{invoice}")) == ([], True)
    works.pay(invoice)
    works.sync()
    works.sync()
    assert (works.one("Invoice")["Balance"], works.one("Payment")["TotalAmt"]) == (0, 108)


@pytest.mark.row("CC-B6")
def test_money_given_back_is_a_refund_and_the_payment_stays(works):
    works.enable(**CLEARING)
    payment = works.pay(works.invoice())
    works.sync()
    works.do("refund", payment=payment, amount="54.00", tax="4.00", reason="Door")
    works.sync()
    made = works.one("RefundReceipt")
    assert (made["TotalAmt"], made["TxnTaxDetail"]["TotalTax"], made["DepositToAccountRef"]["name"]) == (
        54,
        4,
        "Petty Cash",
    )
    assert (works.one("Payment")["TotalAmt"], works.one("Invoice")["Balance"]) == (108, 0)


@pytest.mark.row("CC-B6")
def test_without_an_account_for_money_on_its_way_a_refund_says_what_to_choose(works):
    works.enable()
    payment = works.pay(works.invoice())
    works.do("refund", payment=payment, amount="54.00", tax="4.00", reason=None)
    works.sync()
    assert any("Choose the account for money on its way" in reason for reason in works.cases().values())
    enabling.change(1, "costcertified", CLEARING, who="kari")
    works.sync()
    assert works.one("RefundReceipt")["TotalAmt"] == 54


@pytest.mark.row("CC-B6", "CC-B7")
def test_a_bank_transfer_that_comes_back_voids_the_payment_and_opens_the_invoice(works):
    works.enable(**CLEARING)
    payment = works.pay(works.invoice(), method="ach")
    works.pay_out()
    works.sync()
    works.do("fail", payment=payment)
    works.pay(works.invoice("500.00"), "540.00")
    works.pay_out()
    works.sync()
    voided, other = sorted(works.all("Payment"), key=lambda one: one["TotalAmt"])
    assert ("Voided" in voided["PrivateNote"], voided["TotalAmt"], other["TotalAmt"]) == (True, 0, 540)
    assert sorted(one["Balance"] for one in works.all("Invoice")) == [0, 108]
    back = [line["Amount"] for one in works.all("Deposit") for line in one["Line"] if "Returned" in line["Description"]]
    assert back == [-108]


@pytest.mark.row("CC-B9")
def test_money_taken_in_advance_is_a_credit_that_an_invoice_uses_before_and_after_it_was_paid_out(works):
    works.enable(**CLEARING)
    payment = works.pay(None, "500.00")
    works.sync()
    assert works.one("Payment")["UnappliedAmt"] == 500
    works.do("allocate", payment=payment, invoice=works.invoice(), amount="108.00")
    works.sync()
    assert works.one("Payment")["UnappliedAmt"] == 392
    works.pay_out()
    works.do("allocate", payment=payment, invoice=works.invoice("200.00"), amount="216.00")
    works.sync()
    assert (works.one("Payment")["UnappliedAmt"], [one["Balance"] for one in works.all("Invoice")]) == (176, [0, 0])


@pytest.mark.row("CC-B7")
def test_payments_out_of_undeposited_funds_are_grouped_into_the_deposit_of_their_payout(works):
    works.enable()
    for amount in ("100.00", "200.00"):
        works.pay(works.invoice(amount), str(Decimal(amount) * Decimal("1.08")))
    works.pay_out()
    works.sync()
    made = works.one("Deposit")
    linked = [line["LinkedTxn"][0]["TxnType"] for line in made["Line"] if line.get("LinkedTxn")]
    assert (linked, made["TotalAmt"], made["DepositToAccountRef"]["name"]) == (
        ["Payment"] * 2,
        Decimal("314.61"),
        "Checking",
    )


@pytest.mark.row("CC-B2")
def test_where_payments_stand_for_themselves_the_fee_is_an_expense(works):
    works.enable(payouts="payment")
    works.pay(works.invoice())
    works.pay_out()
    works.sync()
    fee = works.one("Purchase")
    assert (fee["TotalAmt"], fee["AccountRef"]["name"], fee["Line"][0]["Description"]) == (
        Decimal("3.13"),
        "Checking",
        "Card fee 2.9 %",
    )
    assert (works.one("Payment")["DepositToAccountRef"]["name"], works.all("Deposit")) == ("Checking", [])


# -- later life ------------------------------------------------------------------------------------------------------


@pytest.mark.row("CC-B10")
def test_a_change_updates_the_same_invoice_until_it_is_paid(works):
    works.enable()
    invoice = works.invoice()
    works.sync()
    works.do("edit", invoice=invoice, fields={"lines": [works.line("200.00")]})
    works.sync()
    assert (works.one("Invoice")["TotalAmt"], works.cases()) == (216, {})
    works.pay(invoice, "216.00")
    works.sync()
    works.do("edit", invoice=invoice, fields={"lines": [works.line("300.00")]})
    works.sync()
    assert works.one("Invoice")["TotalAmt"] == 216
    assert any("a payment or credit was applied to it" in reason for reason in works.cases().values())


@pytest.mark.row("CC-B10")
def test_a_change_in_a_closed_period_is_refused_with_the_date(works):
    works.enable()
    invoice = works.invoice(invoice_date="2026-02-10")
    works.sync()
    works.close_books("2026-02-28")
    works.do("edit", invoice=invoice, fields={"lines": [works.line("200.00")]})
    works.sync()
    assert works.one("Invoice")["TotalAmt"] == 108
    assert any("dated in that period" in reason for reason in works.cases().values())


@pytest.mark.row("CC-B8")
@pytest.mark.parametrize(("voided", "total"), [("void", 0), ("leave", 108), ("case", 108)])
def test_an_invoice_that_is_voided_or_deleted_is_voided_left_or_asked_about(works, voided, total):
    works.enable(voided=voided)
    first, second = works.invoice(), works.invoice()
    works.sync()
    works.do("void", invoice=first)
    works.do("delete", things="invoices", id=second)
    works.sync()
    assert [one["TotalAmt"] for one in works.all("Invoice")] == [total, total]
    assert len(works.cases()) == (2 if voided == "case" else 0)


@pytest.mark.row("CC-S17", "CC-S18")
def test_what_is_changed_in_quickbooks_is_shown_here_and_never_told(works):
    works.enable()
    ids = [works.invoice(), works.invoice()]
    works.sync()
    made = {one["DocNumber"]: one for one in works.all("Invoice")}
    assert not any("BillEmail" in one for one in made.values())
    assert {one["CustomerMemo"]["value"] for one in made.values()} == {
        "This invoice is managed and paid in CostCertified."
    }
    edited, deleted = (made[f"CC-{id}"]["Id"] for id in ids)
    works.quickbooks.act("edit", kind="Invoice", id=edited, set={"DueDate": "2026-05-01"})
    works.quickbooks.act("delete", kind="Invoice", id=deleted)
    works.watch()
    works.sync()
    said = " ".join(works.cases().values())
    assert ("was changed in QuickBooks" in said, "is no longer there" in said) == (True, True)
    assert [works.told("invoices", id) for id in ids] == [["posted"], ["posted"]]


@pytest.mark.row("CC-B12")
def test_expenses_are_bills_and_receipts_are_paid_ones(works):
    works.enable(expenses=True, payable_account="33", paid_from="35")
    works.sync()
    bills = {one["DocNumber"]: one["Balance"] for one in works.all("Bill")}
    assert bills == {"X-unpaid bill": 420, "X-receipt": 0}
    assert works.one("BillPayment")["TotalAmt"] == 420
    assert any("choose the vendor" in reason for reason in works.cases().values())


# -- setting it up ---------------------------------------------------------------------------------------------------


@pytest.mark.row("CC-S1", "CC-S3", "CC-S6", "CC-S7")
def test_the_app_cannot_be_enabled_before_clients_can_pay(works):
    works.do("enable", on=False)
    with pytest.raises(AccessNeeded, match="Ask CostCertified support, in its chat or by a ticket"):
        works.enable()
    works.do("enable", on=True)
    assert works.enable().tenant_name == "Ridgeline Renovations LLC"


@pytest.mark.row("CC-S3")
def test_payments_switched_off_later_are_one_case_that_clears_itself(works):
    works.enable()
    works.sync()
    works.do("enable", on=False)
    assert "Switch payments on there again" in run.sync(works.row.id, asked_by="kari").error
    assert len(works.cases()) == 1
    works.do("enable", on=True)
    works.sync()
    assert works.cases() == {}


@pytest.mark.row("CC-S8")
def test_nothing_has_to_be_matched_to_begin_with(works):
    row = works.enable()
    works.pay(works.invoice(client=company.CLIENTS[1]))
    works.pay_out()
    assert (works.sync()["posted"], works.cases()) == (3, {})
    assert row.settings["post_when"] == "sent"
    with pytest.raises(NeedsAttention):
        enabling.enable(
            1, "costcertified", {**works.source.settings(COSTCERTIFIED), **ACCOUNTS, "client_secret": "x"}, who="kari"
        )


@pytest.mark.row("CC-S4", "CC-S5", "CC-S6")
def test_the_tile_says_where_the_export_is_found_and_that_desktop_is_not_supported(plugins):
    text = plugins.apps["costcertified"].help
    assert "QuickBooks Desktop is not supported" in text
    assert "Accounting export settings" in text
    assert "open a ticket" in text
