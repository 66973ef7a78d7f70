"""Calls to Autotask, and the errors of those that fail."""

import pytest
from hub_autotask.client import Autotask, where
from hub_autotask.sandbox.api import Api
from hub_autotask.sandbox.refusals import bad_request

from hub import NeedsAttention, Refused, Retry
from qbo_sandbox.kit import Fault


@pytest.fixture
def source(invoices):
    return Autotask(invoices.site)


def test_the_zone_is_asked_for_once(invoices, source):
    for _ in range(2):
        source.get("Companies", 0)
        Autotask(invoices.site).get("Companies", 0)
    assert invoices.count_calls("zone") == 1


def test_a_database_that_moved_is_found_again(invoices, source):
    source.get("Companies", 0)
    invoices.books.do("move", zone="/zone2")
    assert source.get("Companies", 0)["companyName"] == "Brightwater Managed IT"
    assert "/zone2/" in invoices.secrets["zone"]


@pytest.mark.row("AT-C14")
def test_a_secret_that_was_renewed_ends_the_run_and_leaves_nothing_half_marked(invoices):
    before, document = dict(invoices.books.rows("Invoices")), invoices.case("labour and a licence")
    invoices.books.do("credentials", values=[*invoices.books.credentials[:2], "renewed"])
    with pytest.raises(NeedsAttention, match="refused the API user"):
        invoices.read()
    with pytest.raises(NeedsAttention):
        invoices.report(document, "posted", number="5")
    assert dict(invoices.books.rows("Invoices")) == before


def test_lines_of_many_invoices_are_asked_for_at_once(open_bench):
    bench = open_bench("invoices", documents=600, days_back=60)
    bench.read()
    assert (bench.count_calls("Invoices.query"), bench.count_calls("Invoices.next")) == (1, 1)
    assert bench.count_calls("BillingItems.query") == 2


def test_picklists_are_known_by_their_labels(source):
    assert source.picklist_number("ExpenseReports", "status", "Approved for Payment") == 14
    assert source.picklist_label("PurchaseOrders", "status", 22) == "Submitted"
    with pytest.raises(NeedsAttention, match=r"no entry .Closed"):
        source.picklist_number("PurchaseOrders", "status", "Closed")


def test_a_refusal_has_the_words_of_autotask(source):
    with pytest.raises(Refused, match=r"Autotask refused this for Invoices: .*read-only"):
        source.update("Invoices", 4001, invoiceTotal=1)
    with pytest.raises(Refused, match="Unable to find colour"):
        list(source.rows("Invoices", where("colour", "eq", 1)))


@pytest.mark.parametrize("status", [404, 405])
def test_a_zone_that_knows_no_patch_is_sent_every_field(
    invoices, source, source_row, change_row, status
):
    change_row(invoices, "numbered already", paidDate="2026-03-01T00:00:00Z")
    before = source_row(invoices, "numbered already")
    fault = Fault(kind="no_patch", call="Invoices.change", status=status)
    invoices.stand_in.faults.add(fault)
    source.update("Invoices", before["id"], invoiceNumber="7")
    assert source_row(invoices, "numbered already") == {**before, "invoiceNumber": "7"}
    assert invoices.count_calls("Invoices.change") == 2


@pytest.mark.parametrize("answer", [{}, {"itemId": None}, {"itemId": 4002}, {"message": "No."}])
@pytest.mark.parametrize("has_patch", [True, False])
def test_a_write_whose_answer_names_another_row_or_none_is_repeated(
    invoices, source, monkeypatch, answer, has_patch
):
    if not has_patch:
        invoices.stand_in.faults.add(Fault(kind="no_patch", call="Invoices.change", count=0))
    change = Api._change

    def answer_otherwise(self, *args):
        change(self, *args)
        return answer

    monkeypatch.setattr(Api, "_change", answer_otherwise)
    with pytest.raises(Retry, match="an answer of another form for Invoices"):
        source.update("Invoices", 4001, invoiceNumber="7")


def test_a_row_that_was_deleted_is_refused_where_a_zone_knows_no_patch(invoices, source):
    invoices.stand_in.faults.add(Fault(kind="no_patch", call="Invoices.change"))
    with pytest.raises(Refused, match="somebody deleted it"):
        source.update("Invoices", 999_999, invoiceNumber="7")


def test_a_busy_server_is_tried_again(invoices, source):
    invoices.stand_in.faults.add(Fault(kind="status", call="Invoices.*", status=500))
    with pytest.raises(Retry, match="cannot answer for Invoices now"):
        source.get("Invoices", 4001)


@pytest.mark.parametrize(
    "text",
    [
        "Execution Timeout Expired. The timeout period elapsed prior to completion.",
        "The operation has timed out.",
        "Transaction (Process ID 71) was deadlocked on lock resources. Rerun the transaction.",
        "An error has occurred.",
        "Object reference not set to an instance of an object.",
        "The service is temporarily unavailable.",
        "An unexpected error has been encountered.",
        "A transport-level error has occurred when receiving results from the server.",
        "The underlying connection was closed: The connection was closed unexpectedly.",
        "A network-related error occurred while establishing a connection to SQL Server.",
        "An existing connection was forcibly closed by the remote host.",
    ],
)
def test_a_failure_of_the_server_is_no_refusal(invoices, source, monkeypatch, text):
    def fail(self, environ, name):
        raise bad_request(text)

    document = invoices.case("labour and a licence")
    monkeypatch.setattr(Api, "_change", fail)
    with pytest.raises(Retry, match="cannot answer for Invoices now"):
        invoices.report(document, "posted", number="1052")


@pytest.mark.parametrize(
    "text",
    [
        "Unexpected character encountered while parsing value: A. Path 'filter[0].value'.",
        "Unexpected field: colour.",
        "Unable to find connectionType in the Invoice Entity.",
        "The value Connection does not exist for the required field transportMode.",
    ],
)
def test_a_refusal_with_a_word_of_a_failure_is_not_repeated(invoices, source, monkeypatch, text):
    def refuse(self, environ, name):
        raise bad_request(text)

    monkeypatch.setattr(Api, "_change", refuse)
    with pytest.raises(Refused, match="Autotask refused this for Invoices"):
        source.update("Invoices", 4001, invoiceNumber="7")


def test_a_busy_server_is_not_taken_for_one_that_does_not_know_the_user(invoices, source):
    invoices.stand_in.faults.add(Fault(kind="status", call="zone", status=500))
    with pytest.raises(Retry, match="cannot answer for ZoneInformation now"):
        source.get("Companies", 0)


def test_a_page_that_leads_to_itself_ends_the_reading(source, monkeypatch):
    stuck = {
        "items": [],
        "pageDetails": {
            "nextPageUrl": "https://source.test/below/ATServicesRest/V1.0/Invoices/query"
        },
    }
    monkeypatch.setattr(
        "hub_autotask.sandbox.api.Api._query", lambda self, environ, name, after=-1: stuck
    )
    with pytest.raises(Retry, match="the same page of its list twice"):
        list(source.rows("Invoices"))


@pytest.mark.parametrize(
    ("app", "settings"),
    [
        ("invoices", {}),
        ("expenses", {}),
        ("purchase-orders", {"post_as": "purchase_order"}),
        ("purchase-orders", {"post_as": "bill_per_receipt"}),
    ],
)
def test_a_field_that_an_answer_leaves_out_is_null(open_bench, monkeypatch, app, settings):
    query = Api._query

    def query_without_nulls(self, environ, name, after=-1):
        answer = query(self, environ, name, after)
        items = [
            {field: value for field, value in row.items() if value is not None}
            for row in answer["items"]
        ]
        return answer | {"items": items}

    bench = open_bench(app, **settings)
    before = bench.read()
    monkeypatch.setattr(Api, "_query", query_without_nulls)
    assert bench.read() == before
