"""Fixtures of the stories about Autotask: the site of an app in a hub with stand-ins."""

import pytest

from tests.support.sources.autotask_site import AutotaskSite, prefer


@pytest.fixture
def open_site(app, quickbooks, clock):
    """Return a function that opens the site of an app."""
    return lambda name, documents=None: AutotaskSite(app, quickbooks, clock, name, documents)


@pytest.fixture
def invoices(open_site, quickbooks):
    """Provide the invoice app; QuickBooks assigns the numbers itself."""
    prefer(quickbooks, "SalesFormsPrefs", CustomTxnNumbers=False)
    return open_site("invoices")
