"""The dry run predicts the result of posting and changes nothing."""

import shutil

import pytest

from hub.collect import run as collect_run
from hub.contract.registry import Plugins
from hub.db.engine import transaction
from hub.errors import NotNow
from hub.models import ConnectedCompany
from hub.scheduling import dry_run
from tests.support.sources.small_source import (
    SmallSource,
    bill,
    document,
    install_small_source,
    postings,
)


@pytest.fixture
def check(make_app, make_config, empty_database):
    """Return a function that collects a bill that is not final yet and checks it."""
    source, config = SmallSource(), make_config()
    shutil.copy(empty_database, config.data / "hub.db")
    with make_app(config, plugins=Plugins.load([source], installed=False)).app_context():
        id = install_small_source()
        company(country="US")

        def checked(**about):
            source.items = [bill(stage="pending", **about)]
            collect_run.collect(id)
            return dry_run.check(document().id)

        yield checked


def company(**values):
    with transaction() as session:
        for name, value in values.items():
            setattr(session.query(ConnectedCompany).one(), name, value)


@pytest.mark.row("CT-B6")
def test_nothing_stops_what_quickbooks_would_take(check):
    assert check() == ()


@pytest.mark.row("CT-B6")
def test_a_code_without_a_record_is_reported_before_the_approval(check):
    (warning,) = check(account="9999")
    assert "9999" in warning


@pytest.mark.row("CT-B6")
def test_a_dry_run_reports_what_quickbooks_would_refuse(check):
    company(preferences={"AccountingInfoPrefs": {"BookCloseDate": "2026-12-31"}})
    assert [
        warning.startswith("The books are closed up to 31 Dec 2026") for warning in check()
    ] == [True]


def test_a_check_stores_nothing(check):
    check(account="9999")
    assert (postings(), document().stage) == ([], "pending")


def test_a_document_that_is_gone_is_not_checked(check):
    check()
    with transaction() as session:
        session.merge(document()).gone = "deleted"
    with pytest.raises(NotNow, match="nothing to check"):
        dry_run.check(document().id)
