"""Pages with lists: their rows, links to other pages and statements, and cases to be listed."""

import datetime as dt
import re
from decimal import Decimal

from sqlalchemy import event

from hub.db.engine import db, transaction
from hub.models import Installation
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import add_document
from tests.support.rows.stored_cases import open_stored_case

ROW = re.compile(r"<tr>\s*(?:<td class=\"(?:amount|tick)\">|<th scope=\"row\">).*?</tr>", re.DOTALL)
ADDRESS = re.compile(r'href="/inbox/(\d+)')


def add_case(visitor: Visitor, number: int, amount: str, *, due: str = "", **values: object) -> int:
    """Open a case that stops one new bill; return its id."""
    with visitor.app.app_context(), transaction() as session:
        installation = session.get_one(Installation, values.pop("installation", 1))
        document, posting = add_document(session, installation, "held", 100 + number)
        document.total = posting.total = Decimal(amount)
        document.currency = posting.currency = str(values.pop("currency", "NOK"))
        document.due = dt.date.fromisoformat(due) if due else None
        posting.held_by = "preflight"
        case = open_stored_case(
            session,
            f"listed:{number}",
            title=values.pop("title", f"Case {number}"),
            reason="It is.",
            action=values.pop("action", "retry"),
            postings=[posting],
            company_id=installation.company_id,
            installation_id=installation.id,
            **values,
        )
        return case.id


def rows_of(page: str) -> dict[int, str]:
    """Return the rows of a page by the id of their case, as text."""
    rows = {}
    for row in ROW.findall(page):
        match = ADDRESS.search(row)
        assert match
        rows[int(match[1])] = " ".join(re.sub(r"<[^>]+>", " ", row).split())
    return rows


def link(page: str, text: str) -> str:
    """Return the address of a link of the pager, "" if there is none."""
    match = re.search(rf'href="([^"]+)">(?:← )?{text}', page)
    return match[1].replace("&amp;", "&") if match else ""


def queries_of(visitor: Visitor, path: str) -> int:
    """Return how many statements a page executes."""
    statements = []

    def note(connection, cursor, statement, *rest) -> None:
        statements.append(statement)

    with visitor.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    visitor.page(path)
    event.remove(engine, "before_cursor_execute", note)
    assert statements
    return len(statements)
