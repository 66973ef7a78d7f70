"""Prepare a collect: bind the app to its account, and download missing or outdated lists."""

import datetime as dt
from dataclasses import replace

from sqlalchemy import func, select

from hub.cases.other_account import leads_to_other_account
from hub.collect.setup import Setup, load_setup_to_plan
from hub.context import current_hub
from hub.contract.document_kinds import add_twins
from hub.db import engine
from hub.models import ConnectedCompany, Installation, SourceDocument
from hub.models.enums import StartRule
from hub.outbox.unsearched_kinds import UnsearchedKind, load_unsearched, note_unsearched
from hub.qbo import record_download, transaction_download
from hub.sources.calls import check
from hub.sources.site import get_app

# How far back QuickBooks is searched for documents of an app without a first day.
DEFAULT_SEARCH_PERIOD = dt.timedelta(days=365)
# How much further back than an older document QuickBooks is searched, so that the next older ones
# do not need a search each.
SEARCH_MARGIN = dt.timedelta(days=180)
EARLIEST_SEARCH_START = dt.date(1970, 1, 1)  # a document with an earlier date has a wrong one


def prepare(installation_id: int) -> Setup:
    """Return the setup of a collect, after missing or outdated lists were downloaded.

    After a check has found another account, nothing is read until one finds the account of the app.
    """
    with engine.read_only_session() as session:
        installation = session.get_one(Installation, installation_id)
        is_other = leads_to_other_account(session, installation_id)
    if installation.tenant is None or is_other:
        check(installation)
    company_id = installation.company_id
    record_download.refresh_outdated(company_id)
    searched_since = _find_search_start(installation)
    _download_transactions(installation, searched_since)
    setup = load_setup_to_plan(installation_id)
    setup.searched_since = searched_since
    return setup


def search_back_to(setup: Setup, day: dt.date) -> None:
    """Download the transactions since an earlier day, which older documents are compared with."""
    since = max(day, EARLIEST_SEARCH_START)
    _download_transactions(setup.installation, since, margin=SEARCH_MARGIN)
    setup.searched_since = day


def _download_transactions(
    installation: Installation, since: dt.date, *, margin: dt.timedelta = dt.timedelta(0)
) -> None:
    """Download the transactions that documents are compared with.

    Among them are those that may be the same documents entered as another kind. If QuickBooks
    refuses to list a kind, this is stored: documents of the kind are held, and the others are
    posted.
    """
    company_id = installation.company_id
    posts = get_app(installation).posts
    kinds = add_twins(posts)
    refusals = transaction_download.download_missing(company_id, kinds, since, margin=margin)
    with engine.read_only_session() as session:
        company = session.get_one(ConnectedCompany, company_id)
        unsearched_kinds = load_unsearched(company)
    for kind, refusal in refusals.items():
        if kind not in posts:
            continue  # no document of the kind is held for it
        reason = UnsearchedKind(company.first_connected_at, refusal.text, is_indexed=False)
        note_unsearched(company_id, kind, reason)
    for kind, reason in unsearched_kinds.items():
        if kind not in refusals and not reason.is_indexed:
            note_unsearched(company_id, kind, replace(reason, is_indexed=True))


def _find_search_start(installation: Installation) -> dt.date:
    """Return the day from which QuickBooks is searched for documents that it already has.

    It is the start date, or earlier if a person included documents from before that.
    """
    start = installation.start_date
    if start is None:
        today = current_hub().clock.now().date()
        return today - DEFAULT_SEARCH_PERIOD
    query = select(func.min(SourceDocument.date)).where(
        SourceDocument.installation_id == installation.id,
        SourceDocument.before_start == StartRule.INCLUDED,
    )
    with engine.read_only_session() as session:
        earliest = session.scalar(query)
    if earliest is None:
        return start
    return min(start, earliest)
