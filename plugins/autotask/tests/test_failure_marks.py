"""The mark of a failure in place of a number: when it is set, and what clearing it means."""

import threading

import pytest
from hub_autotask.stored_ids import MARKED_AS_FAILED

from hub.testing.bench import SecretsInMemory


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


class InterruptedSecrets(SecretsInMemory):
    """Secrets whose marks another thread changes as soon as they are read the second time."""

    def __init__(self, secrets, change):
        super().__init__(secrets)
        self.plain_settings = secrets.plain_settings
        self.reads = 0
        self.change = change
        self.thread = threading.Thread(target=self._run)

    def get(self, name, default=None):
        value = super().get(name, default)
        self.reads += name == MARKED_AS_FAILED and threading.current_thread() != self.thread
        if self.reads == 2 and not self.thread.ident:
            self.thread.start()
            assert self.news.wait(30)  # it has changed them, or has to wait for the lock
        return value

    def _run(self):
        self.change()
        self.news.set()


@pytest.mark.row("AT-I4")
def test_a_mark_that_is_set_while_a_poll_ends_is_remembered(invoices, poll_cases, change_row):
    words, other = "labour and a licence", "a line of zero"
    items, cursor = poll_cases(invoices)
    invoices.report(items[words], "failed")
    secrets = InterruptedSecrets(invoices.secrets, lambda: invoices.report(items[other], "failed"))
    invoices.secrets = secrets
    _, cursor = poll_cases(invoices, cursor)
    secrets.thread.join(30)
    change_row(invoices, other, invoiceNumber=None)
    items, _ = poll_cases(invoices, cursor)
    assert set(items) == {other}
