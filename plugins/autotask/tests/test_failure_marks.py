"""The mark of a failure in place of a number: when it is set, and what clearing it means."""

import pytest


@pytest.mark.row("AT-I4")
def test_a_mark_that_is_cleared_before_the_next_poll_brings_the_invoice_again(
    invoices, poll_cases, change_row
):
    words = "labour and a licence"
    _, cursor = poll_cases(invoices)
    for _ in range(2):
        invoices.report(invoices.case(words), "failed")
        change_row(invoices, words, invoiceNumber="")
        items, cursor = poll_cases(invoices, cursor)
        assert set(items) == {words}
    assert poll_cases(invoices, cursor)[0] == {}


@pytest.mark.row("AT-I4")
def test_a_mark_that_is_cleared_after_a_preview_brings_the_invoice_again(
    invoices, poll_cases, change_row
):
    words = "labour and a licence"
    _, cursor = poll_cases(invoices)
    invoices.report(invoices.case(words), "failed")
    poll_cases(invoices)  # all invoices, as `hub read` shows them
    change_row(invoices, words, invoiceNumber=None)
    items, cursor = poll_cases(invoices, cursor)
    assert set(items) == {words}
    assert poll_cases(invoices, cursor)[0] == {}


@pytest.mark.row("AT-I4")
def test_the_number_of_a_posted_invoice_stays_if_a_change_of_it_fails(invoices, source_row):
    document = invoices.case("labour and a licence")
    invoices.report(document, "posted", number="1052", id="9")
    for state in ("held", "failed"):
        invoices.report(invoices.case("labour and a licence"), state, number="1052", id="9")
    assert source_row(invoices, "labour and a licence")["invoiceNumber"] == "1052"
