"""CostCertified invoices and payments, from its stand-in to QuickBooks."""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from hub_costcertified.sandbox import company, encoding

from hub.errors import AccessNeeded
from hub.installations import enable, full_reading
from hub.scheduling import runner
from hub.security.secrets import SiteSecrets
from tests.support.sources.costcertified_site import ACCOUNTS, CLEARING, CostCertifiedSite

pytestmark = pytest.mark.end_to_end

SNAPSHOTS = {}
NAMESAKES = {"a client with a namesake", "the namesake"}  # whoever of them comes first has the name


@pytest.fixture
def site(app, quickbooks, clock):
    return CostCertifiedSite(app, quickbooks, clock)


@pytest.fixture
def first_day(request):
    """Provide QuickBooks after the seed's story, by case; `TOLD` also holds it a day later."""
    if not SNAPSHOTS:
        site = CostCertifiedSite(
            *(request.getfixturevalue(name) for name in ("app", "quickbooks", "clock")),
            documents=44,
        )
        site.enable(**CLEARING)
        site.sync()
        SNAPSHOTS["first"] = snapshot(site)
        a_day_goes_by(site)
        site.watch()
        site.sync()
        SNAPSHOTS["later"] = snapshot(site)
    return SNAPSHOTS["first"]


@pytest.fixture
def later(first_day):
    return SNAPSHOTS["later"]


def snapshot(site):
    """Return the source and QuickBooks by case."""
    rows = site.books.rows
    invoices = {record["DocNumber"]: record for record in site.all("Invoice")}
    payments = {record["PaymentRefNum"]: record for record in site.all("Payment")}
    result = SimpleNamespace(
        **{name: {} for name in ("invoices", "source", "waits", "payments", "receipts", "reasons")}
    )
    for id, row in rows["invoices"].items():
        case = row["case"]
        result.invoices.setdefault(case, invoices.get(row["number"][:21]))
        result.source.setdefault(case, site.books.row("invoices", id))
        result.waits.setdefault(case, site.waits(f"invoice:{id}"))
        result.receipts.setdefault(case, site.reported_states("invoices", id))
        result.reasons.setdefault(
            case, site.posting(f"invoice:{id}").reason if site.posting(f"invoice:{id}") else ""
        )
        for payment in site.books.payments_of.get(id, ()):
            result.payments.setdefault(case, payments.get(rows["payments"][payment]["reference"]))
    result.payouts = [site.books.row("payouts", id) for id in rows["payouts"]]
    result.deposits, result.refunds = site.all("Deposit"), site.all("RefundReceipt")
    result.cases = " ".join(site.cases().values())
    result.refused = [
        entry for entry in site.source.wsgi.log.entries("status") if entry["status"] >= 400
    ]
    return result


def a_day_goes_by(site):
    """Change documents in CostCertified and QuickBooks as people do in a day.

    Clients pay, payments are refunded, contractors edit, and a bookkeeper edits in QuickBooks.
    """
    case = {}
    for id, row in site.books.rows["invoices"].items():
        case.setdefault(row["case"], id)
    payment = {
        name: site.books.payments_of[id][0]
        for name, id in case.items()
        if site.books.payments_of.get(id)
    }
    site.do("settle", payment=payment["processing"])
    site.do("refund", payment=payment["paid by card"], amount="54.00", tax="4.00", reason="Door")
    site.do("fail", payment=payment["paid by bank transfer"])
    site.do("edit", invoice=case["sent"], fields={"lines": [site.line("200.00")]})
    site.do(
        "edit",
        invoice=case["fee borne by the contractor"],
        fields={"lines": [site.line("300.00")]},
    )
    site.do("void", invoice=case["percentage of the total"])
    site.do("delete", things="invoices", id=case["percentage of what remained"])
    credit = next(id for id, row in site.books.rows["payments"].items() if not row["allocations"])
    site.do(
        "allocate",
        payment=credit,
        invoice=case["paid in advance and not used yet"],
        amount="100.00",
    )
    site.pay_out()
    invoices = {row["DocNumber"]: row["Id"] for row in site.all("Invoice")}
    edited, deleted = (
        invoices[f"CC-{case[name]}"] for name in ("letters and quotes", "edited after it was sent")
    )
    site.quickbooks.act("edit", kind="Invoice", id=edited, set={"DueDate": "2026-05-01"})
    site.quickbooks.act("delete", kind="Invoice", id=deleted)


def lines(invoice):
    """Return (product or service, amount, description, taxed or not) of each line."""
    results = [
        (line, line["SalesItemLineDetail"])
        for line in invoice["Line"]
        if "SalesItemLineDetail" in line
    ]
    return [
        (it["ItemRef"]["name"], line["Amount"], line["Description"], it["TaxCodeRef"]["value"])
        for line, it in results
    ]


# -- what arrives ----------------------------------------------------------------------------------


@pytest.mark.row("CC-S2", "CC-S9", "CC-S12", "CC-S14", "CC-S15")
def test_every_invoice_that_was_sent_arrives_with_its_number_in_product_service(first_day):
    for case, source in first_day.source.items():
        invoice = first_day.invoices[case]
        if (
            source["sent_via"] == "costcertified"
            and source["status"] != "void"
            and not source["deleted_at"]
            and invoice
        ):
            items = {item for item, *_ in lines(invoice)} - {"Transaction fee"}
            assert (items, invoice["TotalAmt"]) == ({source["number"]}, source["total"])
    absent = {case for case, invoice in first_day.invoices.items() if invoice is None}
    assert absent - NAMESAKES == {
        "draft",
        "handed over by another way",
        "voided",
        "deleted",
        "a date that is none",
    }


@pytest.mark.row("CC-S14")
def test_each_invoice_has_its_client_and_amount_in_quickbooks(first_day):
    listed, expected = {}, {}
    for case, invoice in first_day.invoices.items():
        if invoice and case not in NAMESAKES:
            source = first_day.source[case]
            client = source["client"]
            name = client["company"] or f"{client['fname']} {client['lname']}"
            listed[case] = invoice["CustomerRef"]["name"], invoice["TotalAmt"]
            expected[case] = name, 0 if source["status"] == "void" else source["total"]
    assert listed == expected
    names = {name for name, _ in listed.values()}
    assert {"Grant & Daughters Bakery", "Ines Okafor"} < names
    assert len(listed) > 15


@pytest.mark.row("CC-S10", "CC-S11")
@pytest.mark.parametrize(
    ("case", "why"),
    [("draft", "was generated and not sent yet"), ("handed over by another way", "by another way")],
)
def test_invoices_that_costcertified_did_not_send_stay_out_with_a_reason(first_day, case, why):
    assert (first_day.invoices[case], why in first_day.waits[case]) == (None, True)


@pytest.mark.row("CC-B2")
def test_a_fee_that_the_client_bears_is_a_line_of_the_invoice_and_another_is_not(first_day):
    *_, (item, amount, text, taxed) = lines(first_day.invoices["fee borne by the client"])
    (fee,) = first_day.source["fee borne by the client"]["fees"]
    assert (item, amount, text, taxed) == ("Transaction fee", fee["amount"], fee["kind"], "NON")
    assert len(lines(first_day.invoices["fee borne by the contractor"])) == 1


@pytest.mark.row("CC-B1")
def test_the_basis_of_a_progress_invoice_is_in_the_memo(first_day):
    assert (
        "30 % of the project total" in first_day.invoices["percentage of the total"]["PrivateNote"]
    )
    assert (
        "50 % of what remained" in first_day.invoices["percentage of what remained"]["PrivateNote"]
    )


@pytest.mark.row("CC-B1")
def test_a_percentage_keeps_its_decimals_and_an_amount_has_none(site):
    site.enable()
    for basis, value in (("percent_remaining", "33.75"), ("amount", "100.00"), ("amount", None)):
        site.invoice(basis=basis, basis_value=value)
    site.sync()
    invoices = sorted(site.all("Invoice"), key=lambda row: row["DocNumber"])
    memos = [invoice["PrivateNote"].partition("\n[hub:")[0] for invoice in invoices]
    project = "Project: Porch 900, 9 Elm"
    assert memos == [f"{project}\n33.75 % of what remained of the project", project, project]


@pytest.mark.row("CC-B1")
def test_an_invoice_above_what_its_project_may_cost_is_posted_with_a_warning(site):
    site.enable()
    within = site.invoice("5000.00")
    site.sync()
    beyond = site.invoice("0.01")
    site.sync()
    postings = [site.posting(f"invoice:{id}") for id in (within, beyond)]
    assert [posting.state for posting in postings] == ["posted"] * 2
    warning = "Porch 900 is invoiced for 5,000.01 in all, more than its total of 5,000.00."
    assert [posting.warnings for posting in postings] == [[], [warning]]


@pytest.mark.row("CC-B5")
def test_an_item_whose_tax_was_changed_is_a_line_of_its_own(first_day):
    invoice = first_day.invoices["tax of one item changed"]
    assert {taxed for *_, taxed in lines(invoice)} == {"TAX", "NON"}
    assert (
        invoice["TxnTaxDetail"]["TotalTax"]
        == first_day.source["tax of one item changed"]["tax_total"]
    )


@pytest.mark.row("CC-B5")
def test_items_with_two_taxes_have_the_tax_code_of_each(site):
    site.connect("canada", currency="USD", multicurrency=False, currencies=())
    site.enable()
    taxes = ("GST", "5"), ("HST ON", "13"), ("GST", "5")
    items = []
    for id, (name, rate) in enumerate(taxes, 1):
        tax = {"tax_name": name, "tax_rate": rate}
        items.append({"id": str(id), "description": f"Item {id}", "amount": "100.00", **tax})
    site.invoice(lines=items)
    site.sync()
    ids = {row["Name"]: row["Id"] for row in site.select("TaxCode")}
    invoice = site.one("Invoice")
    assert [row[1:] for row in lines(invoice)] == [
        (200, "Item 1; Item 3", ids["GST"]),
        (100, "Item 2", ids["HST ON"]),
    ]
    assert (invoice["TxnTaxDetail"]["TotalTax"], invoice["TotalAmt"]) == (23, 323)


@pytest.mark.row("CC-B7")
def test_each_payout_is_one_deposit_of_its_amount_less_what_was_kept_and_given_back(first_day):
    assert sorted(deposit["TotalAmt"] for deposit in first_day.deposits) == sorted(
        deposit["amount"] for deposit in first_day.payouts
    )
    refund = [
        line["Amount"]
        for deposit in first_day.deposits
        for line in deposit["Line"]
        if line["Description"].startswith("Refund")
    ]
    assert refund == [-108]


@pytest.mark.row("CC-S13", "CC-B11")
def test_a_client_with_the_name_of_another_needs_a_decision(later):
    assert "QuickBooks has that name with another e-mail address" in later.cases
    first = [row["CustomerRef"]["name"] for case in NAMESAKES if (row := later.invoices[case])]
    assert first == ["Jordan Mercer"]
    assert later.invoices["letters and quotes"]["CustomerRef"]["name"] == 'Beatrix Vålé "B" & Søn'


# -- a day later -----------------------------------------------------------------------------------


@pytest.mark.row("CC-S16", "CC-B4")
def test_processing_is_not_paid_and_paid_pays_both_sides(first_day, later):
    assert (first_day.payments["processing"], first_day.invoices["processing"]["Balance"] > 0) == (
        None,
        True,
    )
    payment = later.payments["processing"]
    assert (later.source["processing"]["status"], later.invoices["processing"]["Balance"]) == (
        "paid",
        0,
    )
    assert (payment["TotalAmt"], payment["UnappliedAmt"]) == (
        later.source["processing"]["total"],
        0,
    )


@pytest.mark.row("CC-B6")
def test_money_given_back_is_a_refund_and_the_payment_stays(first_day, later):
    assert [row["TotalAmt"] for row in first_day.refunds] == [108]
    (refund,) = [row for row in later.refunds if row["TotalAmt"] == 54]
    assert (refund["TxnTaxDetail"]["TotalTax"], refund["DepositToAccountRef"]["name"]) == (
        4,
        "Petty Cash",
    )
    paid = later.payments["paid by card"]
    assert (paid["TotalAmt"], later.invoices["paid by card"]["Balance"]) == (
        first_day.source["paid by card"]["total"],
        0,
    )


@pytest.mark.row("CC-B6", "CC-B7")
def test_a_bank_transfer_that_comes_back_voids_the_payment_and_opens_the_invoice(first_day, later):
    case = "paid by bank transfer"
    assert first_day.invoices[case]["Balance"] == 0
    assert ("Voided" in later.payments[case]["PrivateNote"], later.payments[case]["TotalAmt"]) == (
        True,
        0,
    )
    assert later.invoices[case]["Balance"] == later.source[case]["total"]
    back = [
        line["Amount"]
        for deposit in later.deposits
        for line in deposit["Line"]
        if "Returned" in line["Description"]
    ]
    assert -later.source[case]["total"] in back


@pytest.mark.row("CC-B9")
def test_money_taken_in_advance_is_a_credit_that_an_invoice_uses_later(first_day, later):
    case = "paid in advance and not used yet"
    assert first_day.invoices[case]["Balance"] == first_day.source[case]["total"]
    assert later.invoices[case]["Balance"] == first_day.source[case]["total"] - 100
    assert (later.payments[case]["TotalAmt"], later.payments[case]["UnappliedAmt"]) == (1500, 1400)


@pytest.mark.row("CC-B10")
def test_a_change_updates_the_same_invoice_until_it_is_paid(first_day, later):
    assert later.invoices["sent"]["Id"] == first_day.invoices["sent"]["Id"]
    assert later.invoices["sent"]["TotalAmt"] == 216
    paid = "fee borne by the contractor"
    assert later.invoices[paid]["TotalAmt"] == first_day.invoices[paid]["TotalAmt"]
    assert "a payment or credit was applied to it" in later.reasons[paid]


@pytest.mark.row("CC-B8")
def test_an_invoice_that_is_voided_or_deleted_is_voided(first_day, later):
    for case in ("percentage of the total", "percentage of what remained"):
        assert (first_day.invoices[case]["TotalAmt"] > 0, later.invoices[case]["TotalAmt"]) == (
            True,
            0,
        )


@pytest.mark.row("CC-S18")
def test_no_invoice_is_mailed_by_quickbooks_and_each_says_where_it_is_managed(first_day):
    posted = {case: invoice for case, invoice in first_day.invoices.items() if invoice}
    assert sum(bool(first_day.source[case]["client"]["email"]) for case in posted) > 15
    notes = {invoice["CustomerMemo"]["value"] for invoice in posted.values()}
    assert notes == {"This invoice is managed and paid in CostCertified."}
    assert {invoice.get("EmailStatus", "NotSet") for invoice in posted.values()} == {"NotSet"}
    assert [case for case, invoice in posted.items() if "BillEmail" in invoice] == []


@pytest.mark.row("CC-S17", "CC-S18")
def test_changes_in_quickbooks_are_shown_in_the_hub_and_not_reported(later):
    invoice = later.invoices["letters and quotes"]
    assert "BillEmail" not in invoice
    assert invoice["CustomerMemo"]["value"] == "This invoice is managed and paid in CostCertified."
    assert ("was changed in QuickBooks" in later.cases, "is no longer there" in later.cases) == (
        True,
        True,
    )
    assert [
        later.receipts[case] for case in ("letters and quotes", "edited after it was sent")
    ] == [["posted"]] * 2
    assert {state for states in later.receipts.values() for state in states} == {"posted", "held"}
    assert later.refused == []  # nothing else was even tried to be told


# -- clients ---------------------------------------------------------------------------------------


@pytest.mark.row("CC-S13")
def test_a_client_whose_currency_changed_is_held_and_nothing_is_sent(site, monkeypatch):
    site.connect("us", multicurrency=True, currencies=("EUR",))
    site.enable()
    site.invoice()
    site.sync()
    (before,) = site.all("Invoice")
    assert before["CurrencyRef"]["value"] == "USD"
    monkeypatch.setattr(company, "CURRENCY", "EUR")
    later = site.invoice()
    sent = len(site.quickbooks.log.entries("invoice.create"))
    site.sync()
    assert len(site.quickbooks.log.entries("invoice.create")) == sent
    posting = site.posting(f"invoice:{later}")
    assert posting.state == "held"
    assert "is kept in USD in QuickBooks" in posting.reason
    assert [invoice["Id"] for invoice in site.all("Invoice")] == [before["Id"]]


@pytest.mark.row("CC-S13", "CC-B11")
def test_a_client_is_found_by_id_then_address_then_name_else_made(site):
    site.make(
        "Customer",
        DisplayName="Ellison household",
        PrimaryEmailAddr={"Address": "Marta.Ellison@example.com"},
    )
    site.make("Customer", DisplayName="Samir Haddad")
    site.enable()
    site.invoice()
    site.invoice(client=company.CLIENTS[7])
    site.invoice(client=company.CLIENTS[2])
    site.sync()
    site.invoice(client={**company.CLIENTS[2], "email": "new@example.com", "lname": "Okafor-Smith"})
    site.sync()
    names = [
        row["CustomerRef"]["name"]
        for row in sorted(site.all("Invoice"), key=lambda row: row["DocNumber"])
    ]
    assert names == ["Ellison household", "Samir Haddad", "Ines Okafor", "Ines Okafor"]
    (customer,) = [row for row in site.all("Customer") if row["DisplayName"] == "Ines Okafor"]
    assert customer["PrimaryEmailAddr"]["Address"] == "ines.okafor@example.com"
    assert (customer["BillAddr"]["Line1"], customer["PrimaryPhone"]["FreeFormNumber"]) == (
        "3 Pine Street",
        "555-0103",
    )


@pytest.mark.row("CC-B11")
def test_jobs_with_the_address_of_their_customer_are_no_other_clients(site):
    address = {"Address": "marta.ellison@example.com"}
    customer = site.make("Customer", DisplayName="Marta Ellison", PrimaryEmailAddr=address)
    for name in ("Kitchen", "Bath"):
        parent = {"value": customer["Id"]}
        site.make(
            "Customer", DisplayName=name, ParentRef=parent, Job=True, PrimaryEmailAddr=address
        )
    site.enable()
    site.invoice()
    site.sync()
    assert site.cases() == {}
    assert site.one("Invoice")["CustomerRef"]["value"] == customer["Id"]


@pytest.mark.row("CC-B11")
def test_the_address_of_a_client_counts_before_the_name(site):
    client = company.CLIENTS[0]
    site.make("Customer", DisplayName=f"{client['fname']} {client['lname']}")
    site.make("Customer", DisplayName="Home owner", PrimaryEmailAddr={"Address": client["email"]})
    site.enable()
    site.invoice(client=client)
    site.sync()
    assert site.one("Invoice")["CustomerRef"]["name"] == "Home owner"


@pytest.mark.row("CC-B11")
def test_a_similar_name_is_held_until_a_person_decides(site):
    similar = site.make("Customer", DisplayName="Marta Elison")
    site.enable()
    site.invoice()
    site.sync()
    assert "a similar name: Marta Elison" in site.cases()["match:1:client:client:k1"]
    site.match("client", "client:k1", similar["Id"])
    site.sync()
    assert (site.one("Invoice")["CustomerRef"]["name"], site.cases()) == ("Marta Elison", {})


@pytest.mark.row("CC-S15")
def test_each_line_of_an_invoice_has_its_one_service(site):
    site.enable(lines="each")
    site.invoice("100.00", "50.00")
    site.sync()
    assert [row[:2] for row in lines(site.one("Invoice"))] == [("CC-1001", 100), ("CC-1001", 50)]
    (item,) = [row for row in site.all("Item") if row["Name"].startswith("CC-1001")]
    assert (item["Type"], item["IncomeAccountRef"]["value"]) == (
        "Service",
        ACCOUNTS["income_account"],
    )


@pytest.mark.row("CC-S12", "CC-S15")
def test_a_number_that_another_invoice_has_is_asked_about_and_not_used_again(site):
    other = site.make("Customer", DisplayName="Somebody else")
    detail = {"SalesItemLineDetail": {"ItemRef": {"value": _service(site)}}}
    line = {"Amount": 5, "DetailType": "SalesItemLineDetail", **detail}
    site.make("Invoice", CustomerRef={"value": other["Id"]}, DocNumber="CC-1001", Line=[line])
    site.enable()
    id = site.invoice()
    sent = len(site.quickbooks.log.entries("invoice.create"))
    site.sync()
    assert len(site.quickbooks.log.entries("invoice.create")) == sent
    assert site.posting(f"invoice:{id}").state == "held"
    assert "CC-1001" in site.posting(f"invoice:{id}").reason
    invoices = site.select("Invoice", "DocNumber = 'CC-1001'")
    assert [invoice["TotalAmt"] for invoice in invoices] == [5]


@pytest.mark.row("CC-S15")
def test_a_service_that_has_the_number_already_is_asked_about(site):
    site.make("Item", Name="CC-1001", Type="Service", IncomeAccountRef={"value": "79"})
    site.enable()
    site.invoice()
    site.sync()
    assert (
        "the name is taken in QuickBooks: CC-1001" in site.cases()["match:1:service:number:CC-1001"]
    )
    assert site.all("Invoice") == []


@pytest.mark.row("CC-S15")
def test_a_fixed_service_may_be_used_on_every_invoice(site):
    site.enable(item_mode="fixed_item", item=_service(site), lines="each")
    site.invoice("100.00", "50.00")
    site.sync()
    amounts = lines(site.one("Invoice"))
    assert ([row[1] for row in amounts], amounts[0][2]) == ([100, 50], "Invoice CC-1001 · Work")
    assert not [row for row in site.all("Item") if row["Name"] == "CC-1001"]


def _service(site):
    return site.make("Item", Name="Client work", Type="Service", IncomeAccountRef={"value": "79"})[
        "Id"
    ]


# -- money -----------------------------------------------------------------------------------------


@pytest.mark.row("CC-S16")
def test_a_payment_that_cannot_be_posted_is_seen_and_tried_again(site):
    site.enable(**CLEARING)
    payment = site.pay(site.invoice())
    site.quickbooks.add_fault("status", call="payment.create", status=503)
    counts = site.sync()
    assert counts["unknown"] == 1
    site.clock.advance(400)
    site.sync()
    assert [row["TotalAmt"] for row in site.all("Payment")] == [108]
    assert site.reported_states("payments", payment)[-1] == "posted"


@pytest.mark.row("CC-S16")
def test_one_payment_pays_each_of_its_invoices(site):
    site.enable()
    payment = site.pay(None, "324.00")
    for amount in ("100.00", "200.00"):
        id = site.invoice(amount)
        total = site.books.row("invoices", id)["total"]
        site.do("allocate", payment=payment, invoice=id, amount=str(total))
    site.sync()
    assert [invoice["Balance"] for invoice in site.all("Invoice")] == [0, 0]
    paid = site.one("Payment")
    assert (paid["TotalAmt"], paid["UnappliedAmt"]) == (324, 0)


@pytest.mark.row("CC-S10", "CC-S16")
def test_a_payment_of_an_invoice_that_is_not_in_the_books_says_why_it_waits(site):
    site.enable(**CLEARING, start_date="2026-03-01")
    early = site.pay(site.invoice(invoice_date="2026-02-10"))
    other = site.pay(site.invoice(sent="other"))
    site.sync()
    waiting, early_posting = (site.posting(f"payment:{id}") for id in (other, early))
    assert waiting.state == "waiting"
    assert "handed to the client by another way" in waiting.reason
    assert early_posting.state == "held"
    assert "before 01 Mar 2026, the first day that counts" in early_posting.reason
    assert ["press Skip" in reason for reason in site.cases().values()] == [True]


@pytest.mark.row("CC-B3")
def test_with_post_on_paid_nothing_is_posted_before_it_is_paid(site):
    site.enable(post_when="paid")
    invoice = site.invoice()
    site.sync()
    assert (
        site.all("Invoice"),
        "until something of it is paid" in site.waits(f"invoice:{invoice}"),
    ) == ([], True)
    site.pay(invoice)
    site.sync()
    site.sync()
    assert (site.one("Invoice")["Balance"], site.one("Payment")["TotalAmt"]) == (0, 108)


@pytest.mark.row("CC-S8", "CC-B2", "CC-B6", "CC-B7")
def test_a_first_sync_posts_payments_to_undeposited_funds_until_their_payout(
    site,
):
    row = site.enable()
    assert SiteSecrets(row.id)[
        "renewed_token"
    ]  # what was renewed while the settings were tried counts from then on
    first = site.pay(site.invoice(client=company.CLIENTS[1]))
    site.pay(site.invoice("200.00"), "216.00")
    site.pay_out()
    assert (site.sync()["posted"], site.cases(), row.settings["post_when"]) == (5, {}, "sent")
    deposit = site.one("Deposit")
    linked = [line["LinkedTxn"][0]["TxnType"] for line in deposit["Line"] if line.get("LinkedTxn")]
    assert (linked, deposit["DepositToAccountRef"]["name"]) == (["Payment"] * 2, "Checking")
    assert deposit["TotalAmt"] == Decimal("314.61")
    (kept,) = [line for line in deposit["Line"] if not line.get("LinkedTxn")]
    account = kept["DepositLineDetail"]["AccountRef"]["value"]
    assert (kept["Amount"], account) == (Decimal("-9.39"), ACCOUNTS["fee_account"])
    site.do("refund", payment=first, amount="54.00", tax="4.00", reason=None)
    site.sync()
    assert any(
        "Choose the account for money on its way" in reason for reason in site.cases().values()
    )
    enable.change(1, "costcertified", CLEARING, who="kari")
    site.sync()
    assert site.one("RefundReceipt")["TotalAmt"] == 54


@pytest.mark.row("CC-B6")
def test_a_refund_without_its_amount_is_a_case_and_the_payment_stays(site, monkeypatch):
    site.enable(**CLEARING)
    payment = site.pay(site.invoice(client=company.CLIENTS[1]))
    site.sync()
    before = site.one("Payment")
    encode = encoding.encode

    def encode_without_refunds(name, row, books):
        encoded = encode(name, row, books)
        return encoded | {"refunds": []} if name == "payments" else encoded

    monkeypatch.setattr(encoding, "encode", encode_without_refunds)
    site.do("refund", payment=payment, amount="108.00", tax="8.00", reason=None)
    site.sync()
    (reason,) = site.cases().values()
    assert "CostCertified does not say how much was given back" in reason
    assert site.one("Payment") == before


@pytest.mark.row("CC-B2", "CC-B12")
def test_payments_booked_singly_have_their_fee_as_an_expense(site):
    site.enable(payouts="payment", expenses=True, payable_account="33", paid_from="35")
    site.pay(site.invoice())
    site.pay_out()
    site.sync()
    fee = site.one("Purchase")
    assert (fee["TotalAmt"], fee["AccountRef"]["name"], fee["Line"][0]["Description"]) == (
        Decimal("3.13"),
        "Checking",
        "Card fee 2.9 %",
    )
    assert (site.one("Payment")["DepositToAccountRef"]["name"], site.all("Deposit")) == (
        "Checking",
        [],
    )
    assert {bill["DocNumber"]: bill["Balance"] for bill in site.all("Bill")} == {
        "X-unpaid bill": 420,
        "X-receipt": 0,
    }
    assert site.one("BillPayment")["TotalAmt"] == 420
    assert any("choose the vendor" in reason for reason in site.cases().values())


@pytest.mark.row("CC-B2")
def test_a_payout_that_arrives_after_its_payments_are_to_go_to_the_bank_singly(site):
    site.enable(payouts="deposit", **CLEARING)
    site.pay(site.invoice())
    payout = str(site.do("payout"))
    site.sync()
    assert site.one("Payment")["DepositToAccountRef"]["name"] == "Petty Cash"
    enable.change(1, "costcertified", {"payouts": "payment"}, who="kari")
    site.do("arrive", payout=payout)
    site.sync()
    assert site.one("Payment")["DepositToAccountRef"]["name"] == "Checking"
    assert site.one("Purchase")["TotalAmt"] == Decimal("3.13")
    assert site.all("Deposit") == []


@pytest.mark.row("CC-B2")
def test_a_payout_that_arrives_after_it_is_to_be_one_deposit_has_its_payments_and_fees_once(site):
    site.enable(payouts="payment", **CLEARING)
    site.pay(site.invoice())
    payout = str(site.do("payout"))
    site.sync()
    assert site.one("Payment")["DepositToAccountRef"]["name"] == "Checking"
    enable.change(1, "costcertified", {"payouts": "deposit"}, who="kari")
    site.do("arrive", payout=payout)
    site.sync()
    assert site.one("Payment")["DepositToAccountRef"]["name"] == "Petty Cash"
    assert site.one("Deposit")["TotalAmt"] == Decimal("104.87")
    assert "It is still in QuickBooks" in " ".join(site.cases().values()), (
        "the fee is to be deleted"
    )


@pytest.mark.row("CC-B12")
def test_a_receipt_that_becomes_a_bill_is_not_paid_any_more(site):
    site.enable(voided="void", expenses=True, payable_account="33", paid_from="35")
    site.sync()
    assert site.one("BillPayment")["TotalAmt"] == 420
    site.do("edit_expense", expense="e2", fields={"type": "bill"})
    site.sync()
    assert site.find_document("expense-payment:e2").gone is not None
    balances = {bill["DocNumber"]: bill["Balance"] for bill in site.all("Bill")}
    assert balances["X-receipt"] == 420


@pytest.mark.row("CC-B2")
def test_a_fee_that_becomes_zero_is_removed(site):
    site.enable(payouts="payment", voided="void", expenses=False)
    payment = site.pay(site.invoice())
    site.sync()
    assert site.one("Purchase")["TotalAmt"] == Decimal("3.13")
    site.books.put("payments", {"at": "2026-12-30T00:00:00.000Z"}, payment, fees=[])
    site.sync()
    fee = site.find_document(f"fee:{payment}")
    assert (fee.gone is not None, site.find_document(f"payment:{payment}").gone) == (True, None)


@pytest.mark.row("CC-B6")
def test_a_refund_that_its_payment_no_longer_has_is_asked_about(site):
    site.enable(payouts="payment", voided="void", expenses=False)
    payment = site.pay(site.invoice())
    refund = site.do("refund", payment=payment, amount="54.00", tax="4.00", reason="Door")
    site.sync()
    assert site.one("RefundReceipt")["TotalAmt"] == 54
    site.books.put("payments", {"at": "2026-12-30T00:00:00.000Z"}, payment, refunds=[])
    site.sync()
    assert site.cases() == {}, "one reading is no proof"
    site.clock.advance(3700)
    site.sync()
    assert site.find_document(f"refund:{payment}/{refund}").gone is not None
    assert site.find_document(f"payment:{payment}").gone is None
    assert "It is still in QuickBooks" in " ".join(site.cases().values())


@pytest.mark.row("CC-B9")
def test_an_advance_that_one_invoice_uses_twice_pays_it_in_full(site):
    site.enable()
    payment, invoice = site.pay(None, "108.00"), site.invoice()
    for amount, balance in (("50.00", 58), ("58.00", 0)):
        site.do("allocate", payment=payment, invoice=invoice, amount=amount)
        site.sync()
        assert site.one("Invoice")["Balance"] == balance
    assert site.cases() == {}


@pytest.mark.row("CC-B2", "CC-B6")
def test_the_fee_and_the_refund_of_a_deleted_payment_are_removed_with_it(site):
    site.enable(payouts="payment", voided="void", expenses=False)
    payment = site.pay(site.invoice())
    site.do("refund", payment=payment, amount="54.00", tax="4.00", reason="Door")
    site.sync()
    assert (site.one("Purchase")["TotalAmt"], site.one("RefundReceipt")["TotalAmt"]) == (
        Decimal("3.13"),
        54,
    )
    site.do("delete", things="payments", id=payment)
    site.sync()
    source_ids = [f"{prefix}:{payment}" for prefix in ("payment", "fee")]
    assert [site.find_document(id).gone is None for id in source_ids] == [False, False]
    titles = " ".join(site.cases().values())
    assert titles.count("It is still in QuickBooks") == 2, "QuickBooks voids neither of them"


@pytest.mark.row("CC-B2")
@pytest.mark.parametrize("is_deleted", [True, False])
def test_a_fee_posted_before_payouts_became_deposits_goes_with_its_payment(site, is_deleted):
    site.enable(payouts="payment", voided="void", expenses=False, **CLEARING)
    payment = site.pay(site.invoice())
    site.sync()
    assert site.one("Purchase")["TotalAmt"] == Decimal("3.13")
    enable.change(1, "costcertified", {"payouts": "deposit"}, who="kari")
    if is_deleted:
        site.do("delete", things="payments", id=payment)
    else:
        site.do("fail", payment=payment)
    site.sync()
    assert site.find_document(f"fee:{payment}").gone is not None
    assert "It is still in QuickBooks" in " ".join(site.cases().values()), "the fee is a Purchase"


@pytest.mark.row("CC-B2")
def test_everything_read_again_after_payouts_became_deposits_has_each_fee_once(site):
    site.enable(payouts="payment", **CLEARING)
    payment = site.pay(site.invoice())
    site.pay_out()
    site.sync()
    assert site.one("Purchase")["TotalAmt"] == Decimal("3.13")
    enable.change(1, "costcertified", {"payouts": "deposit"}, who="kari")
    full_reading.start_over(site.row.id, "kari")
    site.sync()
    assert site.one("Deposit")["TotalAmt"] == Decimal("104.87")
    assert site.find_document(f"fee:{payment}").gone is not None
    assert "It is still in QuickBooks" in " ".join(site.cases().values()), "the fee is a Purchase"


@pytest.mark.row("CC-B6", "CC-B7")
@pytest.mark.parametrize(
    ("before", "now", "account_before", "account_now"),
    [
        ("payment", "deposit", "Checking", "Petty Cash"),
        ("deposit", "payment", "Petty Cash", "Checking"),
    ],
)
def test_a_refund_after_a_change_of_payouts_moves_all_of_its_payout_and_nothing_else(
    site, before, now, account_before, account_now
):
    site.enable(payouts=before, voided="void", **CLEARING)
    first, second = site.pay(site.invoice()), site.pay(site.invoice())
    site.pay_out()
    third = site.pay(site.invoice())
    site.do("refund", payment=second, amount="10.80", tax="0.80", reason="Paint")
    site.pay_out()
    site.sync()
    enable.change(1, "costcertified", {"payouts": now}, who="kari")
    site.do("refund", payment=first, amount="54.00", tax="4.00", reason="Door")
    site.sync()
    records = [*site.all("Payment"), *site.all("RefundReceipt")]
    accounts = [(row["TotalAmt"], row["DepositToAccountRef"]["name"]) for row in records]
    assert sorted(accounts) == sorted(
        [
            (108, account_now),
            (108, account_now),
            (108, account_before),
            (54, account_now),
            (Decimal("10.80"), account_before),
        ]
    )
    are_fees_posted = [_is_present(site, f"fee:{id}") for id in (first, second, third)]
    payout, other_payout = site.books.rows["payouts"]
    if now == "deposit":
        assert site.one("Deposit")["TotalAmt"] == Decimal("209.74")
        assert are_fees_posted == [False, False, True]
    else:
        assert are_fees_posted == [True, True, False]
        assert [_is_present(site, f"payout:{id}") for id in (payout, other_payout)] == [False, True]
    assert "It is still in QuickBooks" in " ".join(site.cases().values()), "none can be voided"


@pytest.mark.row("CC-B6", "CC-B7")
def test_a_payment_that_came_back_before_payouts_became_deposits_was_in_a_deposit_too(site):
    site.enable(payouts="payment", voided="void", **CLEARING)
    payment = site.pay(site.invoice())
    site.pay_out()
    site.do("fail", payment=payment)
    site.sync()
    enable.change(1, "costcertified", {"payouts": "deposit"}, who="kari")
    site.pay(site.invoice("200.00"), "216.00")
    site.pay_out()
    site.sync()
    came_in, taken_back = Decimal("104.87"), Decimal("101.74")  # 216.00 less 6.26, less 108.00
    assert sorted(row["TotalAmt"] for row in site.all("Deposit")) == [taken_back, came_in]


def _is_present(site, source_id):
    """Return whether a document was read, and may be in the books."""
    row = site.find_document(source_id)
    return row is not None and row.gone is None and row.stage != "closed"


# -- later life ------------------------------------------------------------------------------------


@pytest.mark.row("CC-B10")
def test_a_change_in_a_closed_period_is_refused_with_the_date(site):
    site.enable()
    invoice = site.invoice(invoice_date="2026-02-10")
    site.sync()
    site.close_books("2026-02-28")
    site.do("edit", invoice=invoice, fields={"lines": [site.line("200.00")]})
    site.sync()
    assert site.one("Invoice")["TotalAmt"] == 108
    assert any("dated in that period" in reason for reason in site.cases().values())


@pytest.mark.row("CC-B8")
@pytest.mark.parametrize("voided", ["leave", "case"])
def test_an_invoice_that_is_voided_or_deleted_may_be_left_or_asked_about(site, voided):
    site.enable(voided=voided)
    first, second = site.invoice(), site.invoice()
    site.sync()
    site.do("void", invoice=first)
    site.do("delete", things="invoices", id=second)
    site.sync()
    assert [invoice["TotalAmt"] for invoice in site.all("Invoice")] == [108, 108]
    assert len(site.cases()) == (2 if voided == "case" else 0)


# -- setting it up ---------------------------------------------------------------------------------


@pytest.mark.row("CC-S1", "CC-S3", "CC-S6", "CC-S7")
def test_the_app_needs_payments_of_clients_to_be_enabled_and_to_go_on(site):
    site.do("enable", on=False)
    with pytest.raises(AccessNeeded, match="Ask CostCertified support, in its chat or by a ticket"):
        site.enable()
    site.do("enable", on=True)
    assert site.enable().tenant_name == "Ridgeline Renovations LLC"
    site.do("enable", on=False)
    assert "Switch payments on there again" in runner.sync(site.row.id, requested_by="kari").error
    assert len(site.cases()) == 1
    site.do("enable", on=True)
    site.sync()
    assert site.cases() == {}


DESKTOP = "QuickBooks Desktop is not supported"


@pytest.mark.row("CC-S4")
@pytest.mark.end_to_end(False)
def test_the_tile_and_the_settings_page_say_that_desktop_is_not_supported(visitor):
    visitor.log_in("arne")
    tiles = visitor.page("/apps/").split('<li class="tile')
    (tile,) = (part for part in tiles if "/apps/costcertified" in part)
    assert DESKTOP in tile
    assert DESKTOP in visitor.page(f"/apps/costcertified/{visitor.story.company}/configure")


@pytest.mark.row("CC-S5", "CC-S6")
@pytest.mark.end_to_end(False)
def test_the_settings_page_names_the_entry_in_costcertified_and_whom_to_ask_without_it(visitor):
    visitor.log_in("arne")
    page = " ".join(visitor.page(f"/apps/costcertified/{visitor.story.company}/configure").split())
    assert (
        "set up payments of clients first: then its menu shows “Accounting export settings”" in page
    )
    assert "If that entry is missing, ask CostCertified in its chat or open a ticket" in page
