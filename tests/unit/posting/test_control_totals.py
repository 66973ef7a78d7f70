"""Control totals by app, kind, month and currency, to the cent."""

import datetime as dt
from decimal import Decimal

from hub.models import Posting, SourceDocument, TransactionHead
from hub.posting.reconcile.control_totals import Totals
from hub.posting.reconcile.posted_documents import PostedDocument


def posted_document(kind="bill", day="2026-03-02", currency="USD", books_total="10.10", **more):
    document = SourceDocument(slug="bench", total=Decimal("10.10"), date=dt.date(2026, 1, 1))
    posting = Posting(
        document=document,
        kind=kind,
        part="",
        stored_summary={"date": day},
        currency=currency,
        posted_total=Decimal("10.10"),
    )
    return PostedDocument(
        posting,
        posting,
        TransactionHead(kind=kind, total=Decimal(books_total), state="live", currency=currency),
        **more,
    )


def lines(*all_, **more):
    totals = Totals()
    for document in all_:
        totals.add(document.summary, **more)
    return [line.dump() for line in totals.lines()]


def test_months_kinds_and_currencies_have_lines_of_their_own():
    result = lines(
        posted_document(),
        posted_document(),
        posted_document(day="2026-04-30"),
        posted_document("vendor_credit"),
        posted_document(currency="JPY"),
    )
    assert [
        (line["kind"], line["period"], line["currency"], line["posted"]) for line in result
    ] == [
        ("bill", "2026-03", "JPY", "10"),
        ("bill", "2026-03", "USD", "20.20"),
        ("bill", "2026-04", "USD", "10.10"),
        ("vendor_credit", "2026-03", "USD", "-10.10"),
    ]


def test_a_difference_is_reported_to_the_cent_and_what_is_open_of_it_beside_it():
    (line,) = lines(posted_document(books_total="10.11"))
    assert (line["difference"], line["open"]) == ("0.01", "0.01")
    (line,) = lines(posted_document(books_total="10.11"), is_accepted=True)
    assert (line["difference"], line["differing"], line["apart"], line["open"]) == (
        "0.01",
        1,
        "0.01",
        "0.00",
    )
    assert line["unaccepted"] == "0.00"


def test_differences_that_cancel_out_are_still_counted_and_added_up():
    (line,) = lines(
        posted_document(books_total="15.10"),
        posted_document(books_total="5.10"),
        posted_document(),
    )
    assert (line["documents"], line["difference"], line["differing"], line["apart"]) == (
        3,
        "0.00",
        2,
        "10.00",
    )


def test_a_document_that_is_being_changed_counts_as_no_difference():
    (line,) = lines(posted_document(books_total="99.00", is_changing=True))
    assert (line["difference"], line["differing"], line["apart"]) == ("0.00", 0, "0.00")
