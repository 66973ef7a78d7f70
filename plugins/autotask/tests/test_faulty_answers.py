"""Answers with values of another kind than Autotask's: they stop no other row and no later run."""

import pytest

from hub import Company, Document, Refused, Retry, Unreadable
from hub.testing.fakes.answers import change_answers
from hub.testing.outcomes.items import last_cursors, unique_ids


def change_rows(bench, entity, change):
    """Let Autotask send the rows of an entity as `change` leaves them."""
    return change_answers(
        bench,
        lambda path, body: path.endswith(f"/{entity}/query"),
        lambda answer: change(answer["items"]),
    )


def add_row_without_id(bench, entity, id):
    """Let Autotask send a further row of an entity, with null or an empty text as its id."""
    return change_rows(bench, entity, lambda rows: rows.append({**rows[0], "id": id}))


def unreadable_ids(items):
    return [item.source_id for item in items if isinstance(item, Unreadable)]


@pytest.mark.parametrize("id", [None, "abc", [], {}, True])
def test_an_invoice_without_a_number_as_its_id_stops_no_other_invoice(invoices, id):
    whole = unique_ids(invoices.read())
    with change_rows(invoices, "Invoices", lambda rows: rows[2].update(id=id)):
        items = invoices.read()
    assert unique_ids(items) == whole - {"invoice:4003"} | {"invoice:None"}
    assert unreadable_ids(items) == ["invoice:None"]
    later = invoices.read(last_cursors(items))
    assert unique_ids(later) == {"invoice:4003"}


@pytest.mark.parametrize("id", [None, ""])
def test_a_database_without_an_id_is_not_taken_for_another_one(invoices, id):
    with (
        change_answers(
            invoices,
            lambda path, _: path.endswith("/zoneInformation"),
            lambda answer: answer.update(ci=id),
        ),
        pytest.raises(LookupError, match="ci"),
    ):
        invoices.check()


@pytest.mark.parametrize("id", [None, ""])
@pytest.mark.parametrize(
    ("app", "entity", "prefix"),
    [
        ("invoices", "BillingItems", "invoice:"),
        ("expenses", "ExpenseItems", "expense_report:"),
        ("purchase-orders", "PurchaseOrderItems", "purchase_order:"),
    ],
)
def test_a_line_without_an_id_stops_no_other_document(open_bench, app, entity, prefix, id):
    bench = open_bench(app)
    whole = unique_ids(bench.read())
    bench = open_bench(app)
    with change_rows(bench, entity, lambda rows: rows[0].update(id=id)):
        items = bench.read()
    assert unique_ids(items) == whole
    [broken] = [item for item in items if isinstance(item, Unreadable)]
    assert broken.source_id.startswith(prefix)
    assert broken.reason == "The source sent no “id” for it."


@pytest.mark.parametrize("id", [None, ""])
@pytest.mark.parametrize("settings", [{}, {"default_item": "7"}])
def test_a_billing_code_without_an_id_is_not_that_of_lines_without_one(open_bench, settings, id):
    words = "a line without billing code"
    bench = open_bench("invoices", **settings)
    expected = bench.case(words)
    with add_row_without_id(bench, "BillingCodes", id):
        assert bench.case(words) == expected


@pytest.mark.parametrize("id", [None, ""])
def test_a_payment_term_without_an_id_is_not_that_of_invoices_without_one(invoices, change_row, id):
    change_row(invoices, "labour and a licence", paymentTerm=None)
    with add_row_without_id(invoices, "PaymentTerms", id):
        assert invoices.case("labour and a licence").codes["term"] is None


@pytest.mark.parametrize("id", [None, ""])
@pytest.mark.parametrize(
    ("app", "entity", "field"),
    [
        ("invoices", "PaymentTerms", "term"),
        ("invoices", "TaxCategories", "tax_category"),
        ("expenses", "Resources", "person"),
        ("purchase-orders", "Products", "product"),
    ],
)
def test_what_has_no_id_is_not_among_the_codes(open_bench, app, entity, field, id):
    bench = open_bench(app)
    whole = bench.codes(field)
    with add_row_without_id(bench, entity, id):
        assert bench.codes(field) == whole


@pytest.mark.parametrize("row", [None, 7, "abc", [["a"]]])
def test_something_other_than_a_row_stops_no_other_row(invoices, row):
    def change(rows):
        rows[2] = row

    with change_rows(invoices, "Invoices", change):
        assert unreadable_ids(invoices.read()) == ["invoice:None"]


@pytest.mark.parametrize("field", ["companyID", "createDateTime", "paymentTerm", "invoiceTotal"])
@pytest.mark.parametrize("value", [["x"], {"a": 1}, "abc"])
def test_a_field_of_another_kind_stops_no_other_invoice(invoices, field, value):
    whole = unique_ids(invoices.read())
    with change_rows(invoices, "Invoices", lambda rows: rows[2].update({field: value})):
        items = invoices.read()
    assert unique_ids(items) == whole
    assert set(unreadable_ids(items)) <= {"invoice:4003"}


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("companyID", "its organisation None is not shown to the API user"),
        ("invoiceTotal", "The source sent nothing where an amount belongs."),
    ],
)
def test_an_invoice_that_lacks_a_field_says_so(invoices, field, words):
    with change_rows(invoices, "Invoices", lambda rows: rows[2].update({field: None})):
        [broken] = [item for item in invoices.read() if isinstance(item, Unreadable)]
    assert (broken.source_id, words in broken.reason) == ("invoice:4003", True)


def test_an_invoice_asked_for_by_its_id_is_not_gone_because_its_row_has_none(invoices):
    with change_rows(invoices, "Invoices", lambda rows: rows[0].update(id="abc")):
        items = invoices.read(ids=["invoice:4002", "invoice:4003"])
    assert unreadable_ids(items) == ["invoice:4002"]
    assert isinstance(items[1], Document)


def test_an_invoice_whose_mark_is_no_day_stops_no_other_invoice(open_bench):
    company = Company(country="US", currency="USD", custom_numbers=True)
    bench = open_bench("invoices", numbering="autotask_number", company=company)
    whole = unique_ids(bench.read())
    with change_rows(bench, "Invoices", lambda rows: rows[1].update(webServiceDate="soon")):
        items = bench.read()
    assert unique_ids(items) == whole
    [broken] = unreadable_ids(items)
    assert isinstance(bench.read(ids=[broken])[0], Document)
    assert broken in unique_ids(bench.read(last_cursors(items)))


def test_lines_of_no_invoice_that_was_asked_for_are_asked_for_again(invoices):
    with (
        change_rows(invoices, "BillingItems", lambda rows: rows[0].update(invoiceID="abc")),
        pytest.raises(Retry, match="a row of BillingItems that it was not asked for"),
    ):
        invoices.read()


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"id": "abc"},
        {"purchaseOrderItemID": []},
        {"vendorInvoiceNumber": ["ING-501"]},
        {"vendorInvoiceNumber": True},
    ],
)
def test_a_receipt_that_cannot_be_read_is_read_later(open_bench, change):
    bench = open_bench("purchase-orders", post_as="bill_per_receipt")
    whole = unique_ids(open_bench("purchase-orders", post_as="bill_per_receipt").read())
    reads = "PurchaseOrderItemReceiving"
    with change_rows(bench, reads, lambda rows: rows and rows[0].update(change)):
        try:
            items = bench.read()
        except Retry:
            items = []
    assert not any(isinstance(item, Document) for item in items if "ING-501" in str(item))
    later = bench.read(last_cursors(items))
    broken = [id for id in unreadable_ids(items) if not id.endswith(":None")]
    again = bench.read(ids=broken) if broken else []
    assert {item.source_id for item in [*later, *again] if isinstance(item, Document)} == whole


def test_ids_that_are_no_numbers_in_what_is_stored_stop_no_run(open_bench):
    bench = open_bench("purchase-orders", post_as="bill_per_receipt")
    whole = bench.read()
    stored = bench.secrets["vendor invoice numbers of receipts"]
    bench.secrets["vendor invoice numbers of receipts"] = stored.replace("{", '{"":"=None",', 1)
    bench.secrets["orders received before they were read"] = "complete|=None"
    assert unique_ids(bench.read({"receipts": '{"open":"=None"}'})) == unique_ids(whole)


@pytest.mark.parametrize("address", ["https://elsewhere.example/", "https://[/", "x://"])
def test_an_address_that_cannot_be_called_is_asked_for_again(invoices, address):
    def change(answer):
        answer["url"] = address

    with (
        change_answers(invoices, lambda path, _: path.endswith("/zoneInformation"), change),
        pytest.raises(Refused),
    ):
        invoices.read()
    assert invoices.read()


@pytest.mark.parametrize("label", [None, 7])
def test_a_status_without_its_label_is_asked_for_again(orders, label):
    def change(answer):
        for field in answer["fields"]:
            for value in field.get("picklistValues") or ():
                value["label"] = label

    with (
        change_answers(orders, lambda path, _: path.endswith("/fields"), change),
        pytest.raises(Retry, match="an answer of another form for PurchaseOrders"),
    ):
        orders.read()


def test_a_row_that_is_sent_twice_is_one_row(open_bench):
    def send_twice(rows):
        rows[:] = [row for row in rows for _ in range(2)]

    for app, entity, settings in (
        ("invoices", "BillingItems", {}),
        ("expenses", "ExpenseItems", {}),
        ("purchase-orders", "PurchaseOrderItems", {}),
        ("purchase-orders", "PurchaseOrderItemReceiving", {"post_as": "bill_per_receipt"}),
    ):
        whole = open_bench(app, **settings).read()
        bench = open_bench(app, **settings)
        with change_rows(bench, entity, send_twice):
            assert bench.read() == whole


def test_ids_and_codes_may_be_texts_or_numbers(open_bench):
    def swap(rows):
        for row in rows:
            for name in ("paymentTerm", "billToZipCode", "postalCode", "id"):
                value = row.get(name)
                if value is not None:
                    row[name] = str(value) if isinstance(value, int) else int(value)

    bench = open_bench("invoices")
    whole = bench.read()
    with change_rows(bench, "Invoices", swap), change_rows(bench, "Companies", swap):
        assert bench.read() == whole


@pytest.mark.parametrize(
    ("data", "error"), [(None, Refused), ("", Refused), ("JVBERi0xA", Retry), (7, Retry)]
)
def test_a_pdf_that_cannot_be_read_is_no_defect_of_the_plugin(open_bench, data, error):
    bench = open_bench("invoices", attach_pdf=True)
    document = bench.case("labour and a licence")
    with (
        change_answers(
            bench,
            lambda path, _: path.endswith("/InvoicePDF"),
            lambda answer: answer["item"].update(data=data),
        ),
        pytest.raises(error, match="PDF"),
    ):
        bench.attachment(document, document.attachments[0])
