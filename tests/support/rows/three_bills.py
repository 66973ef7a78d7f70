"""Three posted bills, for tests of reconciliation and of undoing."""

import pytest
from sqlalchemy import select

from hub.db.engine import transaction
from hub.models import Case
from tests.support.rows.posting_bench import PostingBench


@pytest.fixture
def bench(app, quickbooks, clock):
    """Return three posted bills."""
    new_bench = PostingBench(app, quickbooks, clock)
    new_bench.ids = [new_bench.bill(f"A-{n}", total=f"{n}0.10") for n in range(1, 4)]
    new_bench.drain()
    return new_bench


def bill(bench, n=0):
    """Return the id in QuickBooks of one of the bills."""
    return bench.posting(bench.ids[n]).quickbooks_id


def close_cases(bench):
    """Close every case as a person does."""
    with transaction() as session:
        for case in session.scalars(select(Case).where(Case.closed_at.is_(None))):
            case.closed_at, case.closed_by = bench.clock.now(), "kari"
