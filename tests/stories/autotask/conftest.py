"""Fixtures of the stories about Autotask: the desk of an app in a hub with stand-ins."""

import pytest

from tests.support.autotask_site import Desk, prefer


@pytest.fixture
def open_desk(app, quickbooks, clock):
    """Return a function that opens the desk of an app."""
    return lambda name, documents=None: Desk(app, quickbooks, clock, name, documents)


@pytest.fixture
def invoices(open_desk, quickbooks):
    """Provide the invoice app; QuickBooks assigns the numbers itself."""
    prefer(quickbooks, "SalesFormsPrefs", CustomTxnNumbers=False)
    return open_desk("invoices")
