"""Answers of QuickBooks in forms that its documentation allows, or that other servers choose."""

import datetime as dt
import json
import re
from decimal import Decimal

import pytest
from sqlalchemy import select

from hub.db.engine import read_only_session
from hub.models import Case
from hub.qbo import record_download
from hub.qbo.oauth import connect
from hub.scheduling import runner
from tests.support.sources.every_kind_source import SUPPLIER, ShopSite, document, line

TIME = re.compile(r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d"')
DAY = re.compile(r'"(TxnDate|DueDate)":"(\d{4}-\d\d-\d\d)"')
NULLS = dict.fromkeys(("LinkedTxn", "CustomField", "DueDate", "DepartmentRef", "status"))
UNKNOWN = {"Links": {"self": ["/v3"], "next": None}}


class Answer:
    """An answer of the stand-in, which is changed before the hub receives it."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.text = status, headers, body.decode()

    def change_objects(self, change):
        if self.text.startswith("{"):
            self.text = json.dumps(change_objects(json.loads(self.text), change))


def change_objects(value, change):
    """Change each JSON object, the inner ones first."""
    if isinstance(value, list):
        return [change_objects(item, change) for item in value]
    if not isinstance(value, dict):
        return value
    return change({name: change_objects(item, change) for name, item in value.items()})


def without_date(answer):
    answer.headers = [pair for pair in answer.headers if pair[0] != "Date"]


def null_fields(answer):
    answer.change_objects(lambda item: {**NULLS, **item} if "SyncToken" in item else item)


def unknown_fields(answer):
    answer.change_objects(lambda item: {**UNKNOWN, **item})


def numbers_as_ids(answer):
    answer.text = re.sub(r'"(Id|SyncToken|value)":"(\d+)"', r'"\1":\2', answer.text)


def amounts_with_exponents(answer):
    answer.text = re.sub(
        r"(?<=:)\d+\.\d\d(?=[,}])", lambda match: f"{float(match[0]):e}", answer.text
    )


def sums_of_binary_fractions(answer):
    """Answer 13.100000000000001 for 13.10, as a server that adds up binary fractions does."""
    answer.text = re.sub(r"(?<=:)(\d+\.\d\d)(?=[,}])", r"\g<1>0000000000001", answer.text)


def lines_in_another_order(answer):
    """Reverse the lines: a user of the API found them in another order than he had sent them.

    Source: https://github.com/IntuitDeveloper/SampleApp-CRUD-Java/issues/7
    """
    answer.change_objects(reverse_lines)


def reverse_lines(item):
    lines = item.get("Line")
    return {**item, "Line": lines[::-1]} if isinstance(lines, list) else item


def times_in_utc(answer):
    def to_utc(match):
        moment = dt.datetime.fromisoformat(match[0].strip('"')).astimezone(dt.UTC)
        return f'"{moment:%Y-%m-%dT%H:%M:%S}.1234567Z"'

    answer.text = TIME.sub(to_utc, answer.text)


def without_currency(answer):
    """Intuit's examples of companies with one currency leave it out."""
    answer.change_objects(lambda item: {name: item[name] for name in item.keys() - {"CurrencyRef"}})


def days_with_a_zone(answer):
    """Intuit's pages of the transactions: a date follows the XML Schema standard."""
    answer.text = DAY.sub(r'"\1":"\2-08:00"', answer.text)


FORMS = [
    without_date,
    without_currency,
    days_with_a_zone,
    null_fields,
    unknown_fields,
    numbers_as_ids,
    amounts_with_exponents,
    sums_of_binary_fractions,
    lines_in_another_order,
    times_in_utc,
]


@pytest.fixture
def change_answers(app):
    """Return a function that sets how the answers of the API are changed."""
    adapter = app.extensions["hub"].mounts["https://quickbooks.test"]
    inner = adapter.app

    def set_change(change):
        def answer_changed(environ, start):
            if not environ["PATH_INFO"].startswith("/v3/"):
                return inner(environ, start)
            begun = []
            parts = inner(environ, lambda *head: begun.extend(head))
            answer = Answer(begun[0], begun[1], b"".join(parts))
            change(answer)
            body = answer.text.encode()
            others = [pair for pair in answer.headers if pair[0] != "Content-Length"]
            start(answer.status, [*others, ("Content-Length", str(len(body)))])
            return [body]

        adapter.app = answer_changed

    return set_change


def bill(total):
    rest = str(Decimal(total) - 10)
    return document(
        "bill",
        "bill:1",
        line("1", "10.00", "Diesel", cost="Fuel"),
        line("2", rest, "Bank fee", cost="Bank Charges"),
        total=total,
        supplier=SUPPLIER,
        number="B-1",
    )


@pytest.mark.parametrize("form", FORMS)
def test_a_document_is_posted_once_changed_and_missed_whatever_form_answers_have(
    shop, change_answers, clock, form
):
    """An answer may have nulls, unknown fields, other numbers and times, no date and no currency.

    Intuit's JSON examples leave out empty fields; its schema makes nearly all of them optional.
    """
    change_answers(form)
    shop.quickbooks.add_fault("lose_answer", "bill.create")
    for _ in range(3):
        shop.run(bill("13.10"), wait=True)
        clock.advance(400)
    assert [entity["DocNumber"] for entity in shop.ours("Bill")] == ["B-1"]

    shop.run(bill("14.20"), wait=True)
    assert (shop.states()["bill:1"], shop.reasons()) == ("posted", [])
    assert shop.book("Bill", "bill:1")["TotalAmt"] == 14.2

    shop.quickbooks.act("delete", kind="Bill", id=shop.posting("bill:1").quickbooks_id)
    clock.advance(4000)
    runner.run_company_job("changes", 1, requested_by="kari")
    assert shop.cases() == ["Missing in QuickBooks"]


def deletions_without_a_date(answer):
    """Intuit documents only the status of deleted objects, and makes their times optional."""
    answer.change_objects(
        lambda item: (
            {"Id": item["Id"], "status": "Deleted"} if item.get("status") == "Deleted" else item
        )
    )


def test_a_deletion_without_a_date_does_not_stop_a_search(shop, change_answers, clock):
    change_answers(deletions_without_a_date)
    shop.run(bill("13.10"), wait=True)
    shop.quickbooks.act("delete", kind="Bill", id=shop.posting("bill:1").quickbooks_id)
    clock.advance(400)
    shop.quickbooks.add_fault("lose_answer", "bill.create")
    other = line("1", "5.00", cost="Fuel")
    for _ in range(3):
        shop.run(document("bill", "bill:2", other, total="5.00", supplier=SUPPLIER), wait=True)
        clock.advance(400)
    assert shop.states()["bill:2"] == "posted"
    assert [entity["TotalAmt"] for entity in shop.ours("Bill")] == [5]


def test_what_somebody_deleted_at_an_unknown_time_is_not_posted_again_unasked(
    shop, change_answers, clock
):
    """Its response was lost, and the deletion of a bill that nobody knows may be its own."""
    shop.quickbooks.switch(requestid="ignore")
    change_answers(deletions_without_a_date)
    shop.quickbooks.add_fault("lose_answer", "bill.create")
    shop.run(bill("13.10"))
    (entity,) = shop.ours("Bill")
    shop.quickbooks.act("delete", kind="Bill", id=entity["Id"])
    for _ in range(3):
        clock.advance(400)
        shop.run(bill("13.10"), wait=True)
    assert (shop.states()["bill:1"], shop.ours("Bill")) == ("held", [])


def test_a_bill_is_linked_to_the_line_of_the_order_that_it_bills(shop, change_answers, clock):
    change_answers(lines_in_another_order)
    ordered = (line("a", "20.00", "Diesel", cost="Fuel"), line("b", "30.00", cost="Advertising"))
    order = document("purchase_order", "order:1", *ordered, total="50.00", supplier=SUPPLIER)
    billed = line("1", "30.00", cost="Advertising", pays="order:1", of="b")
    shop.run(order, document("bill", "bill:1", billed, total="30.00", supplier=SUPPLIER), wait=True)
    clock.advance(400)
    assert (set(shop.states().values()), shop.cases()) == ({"posted"}, [])
    (link,) = shop.book("Bill", "bill:1")["Line"][0]["LinkedTxn"]
    amounts = {part["Id"]: part["Amount"] for part in shop.book("PurchaseOrder", "order:1")["Line"]}
    assert amounts[link["TxnLineId"]] == 30


def test_an_amount_that_was_edited_is_in_the_currency_of_the_company(
    app, quickbooks, clock, change_answers
):
    realm = quickbooks.open("united-kingdom", tax="off", multicurrency=False)
    company = connect.connect_with_refresh_token(realm, quickbooks.refresh_tokens[realm])
    record_download.refresh(company.id)
    shop = ShopSite(app, quickbooks, clock, company=company)
    change_answers(without_currency)
    lines = (line("1", "10.00", cost="Fuel"), line("2", "3.10", cost="Fuel"))
    shop.run(document("bill", "bill:1", *lines, total="13.10", supplier=SUPPLIER), wait=True)
    clock.advance(400)
    (stored,) = shop.ours("Bill")
    edited = [
        {**part, "Amount": amount} for part, amount in zip(stored["Line"], (9, 4.1), strict=True)
    ]
    quickbooks.act("edit", realm=realm, kind="Bill", id=stored["Id"], set={"Line": edited})
    clock.advance(4000)
    runner.run_company_job("changes", company.id, requested_by="kari")
    with read_only_session() as session:
        (case,) = session.scalars(select(Case).where(Case.closed_at.is_(None)))
    assert "9.00 GBP" in case.reason
    assert "USD" not in case.reason
