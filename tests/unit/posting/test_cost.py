"""The cost of posting a bill: requests, reads, statements and database work."""

from collections import Counter
from decimal import Decimal

import pytest
from sqlalchemy import func, select, text

from hub import Line, hookimpl
from hub.collect.run import collect
from hub.contract.registry import Plugins
from hub.db.engine import read_only_session, transaction
from hub.installations import enable
from hub.models import Attempt, Posting, ReceiptRow, SourceDocument, TransactionHead
from hub.posting import receipt_delivery
from hub.posting.outcome.session import PostingSession
from hub.posting.reconcile import markers
from hub.posting.send.run import drain
from hub.scheduling import runner
from tests.support.servers.counted_statements import count_statements
from tests.support.sources.small_source import SLUG, SmallSource, bill, make_page

BILLS, LINES, TIMES = 30, 5, 2**5
STATEMENTS = 7  # for a bill, from the source to the books and back, at most
LISTS = ("/inbox", "/runs")
CROWD = (SourceDocument, Posting, Attempt, TransactionHead, ReceiptRow)
NEXT, LAST_YEAR = "id + :by", "strftime('%Y-%m-%d %H:%M:%f000', changed_at, '-1 year')"
COPIED = {
    "source_document": {
        "id": NEXT,
        "source_id": "source_id || '+' || :by",
        "marker": "substr(:by || marker, 1, 12)",
    },
    "posting": {
        "id": NEXT,
        "document_id": "document_id + :by",
        "requestid": "requestid || :by",
        "quickbooks_id": "quickbooks_id || '+' || :by",
        "changed_at": LAST_YEAR,
    },
    "attempt": {"id": NEXT, "posting_id": "posting_id + :by"},
    "head": {
        "quickbooks_id": "quickbooks_id || '+' || :by",
        "number": "number || '+' || :by",
        "total": "total + :by",
        "marker": "substr(:by || marker, 1, 12)",
    },
    "receipt_row": {"id": NEXT, "document_id": "document_id + :by"},
}


class Curious(SmallSource):
    """A plugin that wants every receipt."""

    @hookimpl
    def hub_report(self, app, site, document, receipt):
        self.pushed[document.source_id] = receipt.state


@pytest.fixture
def source(app, quickbooks):
    new_source = Curious(wants=("queued", "posted", "held", "failed"))
    object.__setattr__(
        app.extensions["hub"], "plugins", Plugins.load([new_source], installed=False)
    )
    new_source.installation = enable.enable(1, SLUG, {}, who="kari", mode="auto").id
    return new_source


def offer(source, first, count=BILLS):
    """Add new bills to the source; the company's settings give tax, project and location."""
    source.items = make_page(
        *(_bill(number) for number in range(first, first + count)), cursor=str(first)
    )


def _bill(number):
    worth = Decimal("100.00") + number
    lines = [Line(id=str(place), amount=worth, codes={"account": "7"}) for place in range(LINES)]
    return bill(str(number), total=str(worth * LINES), supplier="1", lines=lines)


def take(source):
    """Collect, post and report everything, as a run does."""
    collect(source.installation)
    result = drain(1, installation_ids=[source.installation])
    receipt_delivery.deliver(source.installation)
    return result


def multiply():
    """Double the rows of the tables repeatedly.

    Every copy is posted, as another document of last year.
    """
    by = 1000
    while by < 1000 * TIMES:
        with transaction() as session:
            for table in (model.__table__ for model in CROWD):
                names = [column.name for column in table.columns]
                copies = ", ".join(COPIED[table.name].get(name, name) for name in names)
                columns = ", ".join(names)
                rows = f"SELECT {copies} FROM {table.name} WHERE 1"
                insert = f"INSERT INTO {table.name} ({columns}) {rows}"
                session.execute(text(insert), {"by": by})
        by *= 2


def test_a_bill_is_one_request_and_no_read(source, quickbooks):
    offer(source, 0)
    runner.sync(source.installation, requested_by="kari")
    before = len(quickbooks.log.entries())
    offer(source, BILLS)
    run = runner.sync(source.installation, requested_by="kari")
    assert (run.outcome, run.counts["posted"], len(source.pushed)) == (
        "done",
        2 * BILLS,
        2 * BILLS,
    )
    assert run.counts["requests"] == {"writes": BILLS, "reads": 0}
    assert len(quickbooks.log.entries()) - before <= 1.02 * BILLS


def test_a_bill_is_few_statements_and_no_more_work_among_a_thousand_others(source):
    offer(source, 0)
    take(source)
    offer(source, BILLS)
    with count_statements() as (times, few):
        assert take(source).counts["posted"] == BILLS
    assert times.total() / BILLS <= STATEMENTS, times.most_common(5)
    multiply()
    offer(source, 2 * BILLS)
    with count_statements() as (_, many):
        assert take(source).counts["posted"] == BILLS
    assert many.total() <= 1.1 * few.total(), largest_increases(many, few)


def test_the_marks_of_a_thousand_are_proved_by_no_more_work_for_each(source):
    offer(source, 0)
    take(source)
    with count_statements() as (_, few):
        check_markers()
    multiply()
    with count_statements() as (_, many):
        check_markers()
    assert many.total() <= 1.2 * TIMES * few.total(), largest_increases(many, few)


def check_markers():
    with transaction() as session:
        assert markers.check(session, PostingSession(1)) == []


def test_first_pages_cost_no_more_with_many_documents_except_what_an_index_counts(visitor):
    visitor.log_in("olga")
    with visitor.app.app_context():
        few = count_first_page_steps(visitor)
        multiply()
        many = count_first_page_steps(visitor)
        with read_only_session() as session:
            documents = session.scalar(select(func.count()).select_from(SourceDocument))
            is_waiting = Posting.state.in_(("held", "review", "unknown"))
            waiting = session.scalar(select(func.count()).where(is_waiting))
    assert {path: many[path].total() for path in LISTS} == {
        path: few[path].total() for path in LISTS
    }
    # Home adds up the amounts of what waits for a person, so it reads those documents.
    added_up = pop_sums_of_waiting(many["/"]) - pop_sums_of_waiting(few["/"])
    assert 0 < added_up <= 100 * waiting
    # Documents that cannot be read are found among those that are read again, as waiting ones are.
    unreadable = pop_sum_of_unreadable(many["/"]) - pop_sum_of_unreadable(few["/"])
    assert 0 < unreadable <= 25 * waiting
    # Without statistics SQLite takes the first of equal indexes. Alembic creates those of a copied
    # table in another order in each process, and the worse choice costs ten steps a document.
    assert many["/"].total() - few["/"].total() <= 60 * documents, largest_increases(
        many["/"], few["/"]
    )


def pop_sums_of_waiting(steps):
    """Remove the statements that add up the amounts of open documents; return their steps."""
    find_documents = [
        statement
        for statement in steps
        if statement.startswith("SELECT DISTINCT posting.document_id")
    ]
    add_up = [statement for statement in steps if " AS rank, " in statement]
    assert len(find_documents) == 1
    assert len(add_up) == 3
    return sum(steps.pop(statement) for statement in (*find_documents, *add_up))


def pop_sum_of_unreadable(steps):
    """Remove the statement that adds up the documents that cannot be read; return its steps."""
    (statement,) = [
        statement
        for statement in steps
        if statement.startswith("SELECT source_document.kind, coalesce(")
    ]
    return steps.pop(statement)


def count_first_page_steps(visitor):
    """Return the steps of the statements of each of the first pages."""
    steps_by_path = {}
    for path in ("/", *LISTS):
        visitor.page(path)
        with count_statements() as (_, steps_by_path[path]):
            visitor.page(path)
    return steps_by_path


def largest_increases(many, few):
    """Return the statements that take more steps than before, and how many more."""
    return Counter(
        {statement: steps - few[statement] for statement, steps in many.items()}
    ).most_common(3)
