"""Read again from QuickBooks what the reasons of held postings depend on."""

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
    """Read preferences and changed records of each company that has held postings among these.

    Otherwise preferences, tax codes and tax rates, of which QuickBooks reports no changes, are read
    once a day. A person who opened a period or corrected a record in QuickBooks and presses Retry
    expects the hub to see it. This costs five reads for each company, whatever the number of
    postings. If QuickBooks cannot be asked, the stored facts stay.
    """
    for company_id in _load_connected_companies(posting_ids):
        client = Client(company_id)
        with suppress(HubError):
            company.read(company_id, client)
            with suppress(Refused):  # of one kind or list; the others are read
                changes.poll(company_id, client)
            record_download.refresh(company_id, changes.UNREPORTED_LISTS, client)


def _load_connected_companies(posting_ids: Sequence[int]) -> Sequence[int]:
    """Return the connected companies of those of the postings that are held."""
    query = (
        select(Posting.company_id)
        .join(ConnectedCompany, ConnectedCompany.id == Posting.company_id)
        .where(
            Posting.id.in_(posting_ids),
            Posting.state == PostingState.HELD,
            ConnectedCompany.state == ConnectionState.CONNECTED,
        )
        .distinct()
    )
    with read_only_session() as session:
        return session.scalars(query).all()
