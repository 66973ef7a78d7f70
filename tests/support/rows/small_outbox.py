"""An outbox of one small app, on each database in turn, and functions that fill and read it."""

from decimal import Decimal

import pytest

from hub import outbox
from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.models import ConnectedCompany, Installation, Posting, SourceDocument
from hub.posting.claims import Claim, claim_postings

REALM = "9130"


@pytest.fixture(params=["sqlite", "postgres"])
def box(request):
    """Provide an empty outbox on each database in turn; return a function that adds a posting."""
    request.getfixturevalue("app" if request.param == "sqlite" else "pg_app")
    now = current_hub().clock.now()
    with transaction() as session:
        company = ConnectedCompany(realm=REALM, currency="NOK", connected_at=now, newest_date=now)
        session.add(Installation(id=1, company=company, slug="small", tenant="t1", created_at=now))
    return posting


def posting(
    source_id="invoice:1", *, state="ready", kind="bill", source=Decimal(100), made_for="", **values
):
    """Add a posting of a document, and the document if there is none; return the posting's id."""
    values = {
        "operation": "create",
        "payload": b"{}",
        "stored_summary": {},
        "currency": "NOK",
        **values,
    }
    landed = {
        name: values.pop(name) for name in ("quickbooks_id", "posted_total") if name in values
    }
    with transaction() as session:
        row = session.query(SourceDocument).filter_by(source_id=source_id).one_or_none() or row_of(
            source_id
        )
        row.kind, row.total, row.made_for = kind, source, made_for
        row.installation = session.get_one(Installation, 1)
        session.add(row)
        session.flush()
        posting_row = outbox.plan_posting(session, row, plan_of(kind=kind, state=state, **values))
        for name, value in landed.items():
            setattr(posting_row, name, value)
        session.flush()
        return posting_row.id


def plan_of(
    *, operation, kind, state, held_by="", reasons=(), part="", base="0", again="", **content
):
    """Return the plan of a posting."""
    return outbox.PostingPlan(
        operation=outbox.PartOperation(operation=operation, part=part, base=base, repetition=again),
        content=outbox.Content(kind=kind, **content),
        disposition=outbox.Disposition(state=state, holder=held_by, reasons=reasons),
    )


def check(*ids):
    """Mark postings as checked, as the preflight does; return the revision of each."""
    with transaction() as session:
        postings = [session.get_one(Posting, id) for id in ids]
        for posting in postings:
            posting.checked_at = now()
        return {posting.id: posting.revision for posting in postings}


def claim(session, revisions, fence="f1"):
    """Claim postings that have these revisions."""
    return claim_postings(session, revisions, Claim(fence=fence, claimed_at=now()))


def row_of(source_id):
    return SourceDocument(
        company_id=1,
        slug="small",
        tenant="t1",
        source_id=source_id,
        marker="M",
        seen_at=current_hub().clock.now(),
    )


def now():
    return current_hub().clock.now()


def get(id):
    with read_only_session() as session:
        return session.get_one(Posting, id)
