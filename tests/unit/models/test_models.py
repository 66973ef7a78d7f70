"""Constraints of the tables on both databases."""

import datetime as dt

import pytest
from sqlalchemy.exc import IntegrityError

from hub.db import engine
from hub.models import Case, ConnectedCompany, Installation, Posting, Run, Schedule, SourceDocument

NOW = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)


@pytest.fixture
def add_rows(either_app):
    """Return a function that writes rows in a transaction of their own.

    A company with an installation, a document and a schedule exists already.
    """

    def add_rows(*rows):
        with engine.transaction() as session:
            session.add_all(rows)

    add_rows(ConnectedCompany(id=1, realm="1", connected_at=NOW))
    add_rows(installation(1), Schedule(id=1, name="a", kind="sync", every="15m"))
    add_rows(document(1))
    return add_rows


def installation(id, slug="costtracker"):
    return Installation(id=id, company_id=1, slug=slug, created_at=NOW)


def document(id, tenant="t"):
    return SourceDocument(
        id=id,
        installation_id=1,
        company_id=1,
        slug="costtracker",
        tenant=tenant,
        source_id="invoice:1",
        marker="M",
        seen_at=NOW,
    )


def posting(requestid="k", **more):
    values = {
        "document_id": 1,
        "company_id": 1,
        "installation_id": 1,
        "kind": "bill",
        "operation": "create",
        "state": "ready",
        "created_at": NOW,
        "changed_at": NOW,
    }
    return Posting(requestid=requestid, **{**values, **more})


def case(cause="match:1:job:J1", **more):
    return Case(
        cause=cause,
        stored_title="t",
        stored_reason="r",
        stored_action="match",
        opened_at=NOW,
        **more,
    )


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(lambda: [ConnectedCompany(realm="1", connected_at=NOW)], id="a company twice"),
        pytest.param(lambda: [installation(2)], id="an app twice for one company"),
        pytest.param(lambda: [document(2)], id="a document twice"),
        pytest.param(lambda: [posting(), posting()], id="a request id twice"),
        pytest.param(lambda: [case(), case()], id="a cause open twice"),
        pytest.param(
            lambda: [Run(kind="sync", schedule_id=1, due_at=NOW) for _ in range(2)],
            id="a due time run twice",
        ),
        pytest.param(lambda: [posting(document_id=99)], id="a posting without its document"),
        pytest.param(lambda: [posting(company_id=99)], id="a posting without its company"),
    ],
)
def test_the_database_does_not_take(add_rows, rows):
    with pytest.raises(IntegrityError):
        add_rows(*rows())


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(lambda: [document(2, tenant="other")], id="the same id of another tenant"),
        pytest.param(lambda: [posting("a"), posting("b")], id="two operations on one document"),
        pytest.param(
            lambda: [case(closed_at=NOW), case(closed_at=NOW), case()],
            id="a cause that was closed before",
        ),
        pytest.param(
            lambda: [Run(kind="sync") for _ in range(2)], id="two runs that a person asked for"
        ),
    ],
)
def test_the_database_takes(add_rows, rows):
    add_rows(*rows())
