"""The pages that drive the stand-in: each button acts as people do in Autotask."""

import pytest

from qbo_sandbox.kit import send_request


def press(bench, path, form="", **headers):
    return send_request(bench.stand_in.wsgi, "POST", path, form, **headers)


def test_each_table_shows_its_cases_and_finds_by_them(invoices):
    page = send_request(invoices.stand_in.wsgi, "GET", "/invoices?search=four+decimals").text
    assert ("Alder Dental Group</td>" in page, "taxed in California" in page) == (True, False)
    assert (
        "Approved for Payment"
        in send_request(invoices.stand_in.wsgi, "GET", "/expense-reports").text
    )
    assert (
        "Received Partial"
        in send_request(invoices.stand_in.wsgi, "GET", "/purchase-orders/8014").text
    )
    assert "1041" in send_request(invoices.stand_in.wsgi, "GET", "/invoices/4006").text


def test_work_that_is_approved_and_posted_becomes_an_invoice(invoices):
    press(invoices, "/invoices", "company=177&code=801&quantity=2&rate=99.5&text=Support")
    results = [item for item in invoices.read() if getattr(item, "source_id", "") == "invoice:4033"]
    assert (results[0].total, results[0].lines[0].description) == (199, "Support")
    refused = press(invoices, "/invoices", "quantity=many")
    assert (refused.status, "Quantity and rate are numbers" in refused.text) == (422, True)
    assert max(invoices.books.rows("Invoices")) == 4033


def test_automatic_numbering_numbers_what_is_posted(invoices):
    press(invoices, "/doors", "automatic=yes")
    press(invoices, "/invoices")
    assert invoices.books.rows("Invoices")[4033]["invoiceNumber"] == "4033"


@pytest.mark.parametrize(
    ("path", "form", "entity", "id", "field", "value"),
    [
        ("/invoices/4001/void", "", "Invoices", 4001, "isVoided", True),
        ("/invoices/4001/number", "number=77", "Invoices", 4001, "invoiceNumber", "77"),
        ("/invoices/4006/clear-number", "", "Invoices", 4006, "invoiceNumber", ""),
        ("/expense-reports/7016/approve", "", "ExpenseReports", 7016, "status", 14),
        (
            "/expense-reports/7001/reject",
            "reason=no",
            "ExpenseReports",
            7001,
            "rejectionReason",
            "no",
        ),
        ("/purchase-orders/8009/submit", "", "PurchaseOrders", 8009, "status", 22),
        ("/purchase-orders/8001/cancel", "", "PurchaseOrders", 8001, "status", 25),
        (
            "/billing-codes/805/external-number",
            "number=Labor",
            "BillingCodes",
            805,
            "externalNumber",
            "Labor",
        ),
        ("/purchase-orders/8001/receive", "number=ING-9", "PurchaseOrders", 8001, "status", 24),
    ],
)
def test_every_act_changes_its_row(invoices, path, form, entity, id, field, value):
    assert press(invoices, path, form).status == 303
    assert invoices.books.rows(entity)[id][field] == value


def test_the_options_of_the_stand_in_apply_to_later_calls(invoices):
    assert "Doors" in send_request(invoices.stand_in.wsgi, "GET", "/doors").text
    press(invoices, "/doors", "lacking=Contacts&secret=new&zone=%2Fzone2")
    books = invoices.books
    assert (books.lacking, books.credentials[2], books.zone) == ({"Contacts"}, "new", "/zone2")


def test_a_billing_code_is_found_from_the_menu_and_named_on_the_lines_that_use_it(invoices):
    assert 'href="/billing-codes"' in send_request(invoices.stand_in.wsgi, "GET", "/").text
    assert (
        "/billing-codes/805" in send_request(invoices.stand_in.wsgi, "GET", "/billing-codes").text
    )
    assert (
        "external-number" in send_request(invoices.stand_in.wsgi, "GET", "/billing-codes/805").text
    )
    invoice = send_request(invoices.stand_in.wsgi, "GET", "/invoices/4012").text
    assert "billingCodeID\n  Remote Support" in invoice


@pytest.mark.parametrize("path", ["/nothing", "/invoices/99", "/invoices/4001/fly"])
def test_a_page_of_a_missing_row_is_not_found(invoices, path):
    assert press(invoices, path).status == 404


def test_a_form_of_another_site_is_refused(invoices):
    assert press(invoices, "/invoices/4001/void", sec_fetch_site="cross-site").status == 403
