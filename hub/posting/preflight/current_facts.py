"""Update the stored data on which held postings depend, by reading it from QuickBooks again."""

from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import select

from hub.db.engine import read_only_session
from hub.errors import HubError, Refused
from hub.models import ConnectedCompany, Posting
from hub.models.enums import ConnectionState, PostingState
from hub.qbo import changes, company, record_download
from hub.qbo.client import Client


def refresh_facts(posting_ids: Sequence[int]) -> None:
    """Read preferences and changed records of the companies of held or skipped postings.

    A person who opens a period or corrects a record in QuickBooks, and then presses Retry, expects
    the hub to see it. Without this, preferences, tax codes and tax rates are read once a day,
    because QuickBooks does not report their changes. The cost is five reads per company, however
    many postings there are. If QuickBooks cannot be reached, the stored data is kept.
    """
    for company_id in _load_connected_companies(posting_ids):
        client = Client(company_id)
        with suppress(HubError):
            company.read(company_id, client)
            with suppress(Refused):  # of one kind or list; the others are read
                changes.poll(company_id, client)
            record_download.refresh(company_id, changes.UNREPORTED_LISTS, client)


def _load_connected_companies(posting_ids: Sequence[int]) -> Sequence[int]:
    """Return the connected companies of those of the postings that are held or skipped."""
    query = (
        select(Posting.company_id)
        .join(ConnectedCompany, ConnectedCompany.id == Posting.company_id)
        .where(
            Posting.id.in_(posting_ids),
            Posting.state.in_((PostingState.HELD, PostingState.SKIPPED)),
            ConnectedCompany.state == ConnectionState.CONNECTED,
        )
        .distinct()
    )
    with read_only_session() as session:
        return session.scalars(query).all()
