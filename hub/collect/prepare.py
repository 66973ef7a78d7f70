"""Prepare a collect: bind the app to its account, and download what is missing or old."""

import datetime as dt

from sqlalchemy import func, select

from hub.collect.setup import Setup, load_setup
from hub.context import current_hub
from hub.db import engine
from hub.models import Installation, SourceDocument
from hub.models.enums import StartRule
from hub.qbo import record_download, transaction_download
from hub.sources.calls import check
from hub.sources.site import get_app

# How far back QuickBooks is searched for documents of an app without a first day.
DEFAULT_SEARCH_PERIOD = dt.timedelta(days=365)


def prepare(installation_id: int) -> Setup:
    """Return the setup of a collect; ask the source and QuickBooks for what is missing or old."""
    with engine.read_only_session() as session:
        installation = session.get_one(Installation, installation_id)
    if installation.tenant is None:
        check(installation)
    company_id = installation.company_id
    record_download.refresh_outdated(company_id)
    transaction_download.download_missing(
        company_id, get_app(installation).posts, _find_search_start(installation)
    )
    return load_setup(installation_id)


def _find_search_start(installation: Installation) -> dt.date:
    """Return the day from which QuickBooks is searched for documents that it already has.

    It is the start date, or earlier if a person included documents from before that.
    """
    start = installation.start_date
    if start is None:
        today = current_hub().clock.now().date()
        return today - DEFAULT_SEARCH_PERIOD
    included = select(func.min(SourceDocument.date)).where(
        SourceDocument.installation_id == installation.id,
        SourceDocument.before_start == StartRule.INCLUDED,
    )
    with engine.read_only_session() as session:
        earliest = session.scalar(included)
    if earliest is None:
        return start
    return min(start, earliest)
