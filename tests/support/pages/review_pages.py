"""Documents in review, for tests of the pages that approve them."""

from typing import Any

from hub.db import engine
from hub.models import Installation, Posting
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import add_document


def add_in_review(visitor: Visitor, count: int, **more: Any) -> list[int]:
    """Add this number of documents in review; return the ids of their postings."""
    with visitor.app.app_context(), engine.transaction() as session:
        installation = session.get_one(Installation, visitor.story.installation)
        first = 100 + session.query(Posting).count()
        places = range(first, first + count)
        ids = [add_document(session, installation, "review", place)[1] for place in places]
        for posting in ids:
            for name, value in more.items():
                setattr(posting, name, value)
        return [posting.id for posting in ids]
