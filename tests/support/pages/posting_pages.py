"""A hub with pages and two posted bills, for tests of what pages do with postings."""

import pytest

from hub.db.engine import transaction
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import Story, add_people
from tests.support.rows.posting_bench import PostingBench


@pytest.fixture
def app(app_with_pages):
    """Return a hub with its pages."""
    return app_with_pages


@pytest.fixture
def bench(app, quickbooks, clock):
    """Return two posted bills of this hub, and a visitor of its pages."""
    new_bench = PostingBench(app, quickbooks, clock)
    new_bench.ids = [new_bench.bill(f"A-{n}", total=f"{n}0.10") for n in range(1, 3)]
    new_bench.drain()
    with transaction() as session:
        add_people(session)
    new_bench.visitor = Visitor(app, Story(new_bench.company_id, new_bench.installation_id))
    return new_bench
