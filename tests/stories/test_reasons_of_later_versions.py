"""Pages and commands show postings and cases whose reasons only a later version has."""

import pytest
from click.testing import CliRunner

from hub.cli import main
from hub.db.engine import transaction
from hub.reasons.catalogue import CATALOGUE
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import Story, add_people
from tests.support.rows.posting_bench import PostingBench

SENTENCE = (
    "A newer version of the hub stored the reason “{code}”, which this version does not know."
)


@pytest.fixture
def app(app_with_pages):
    return app_with_pages


@pytest.fixture
def bench(app, quickbooks, clock):
    bench = PostingBench(app, quickbooks, clock)
    with transaction() as session:
        add_people(session)
    bench.visitor = Visitor(app, Story(bench.company_id, bench.installation_id))
    bench.visitor.log_in("oda")
    return bench


def test_a_reason_of_a_later_version_is_shown_as_such(bench, monkeypatch):
    id = bench.bill(vendor="99999")
    bench.drain()
    (stored,) = bench.posting(id).reasons
    monkeypatch.delitem(CATALOGUE, stored["code"])
    sentence = SENTENCE.format(code=stored["code"])

    document = f"/documents/{bench.posting(id).document_id}"
    assert sentence in bench.visitor.page(document)
    assert sentence in bench.visitor.page("/documents")
    inbox = bench.visitor.page("/inbox/")
    assert "A newer version of the hub gives the reason" in inbox
    assert sentence in bench.visitor.page("/inbox/?q=newer")
    for path in ("/", f"/installations/{bench.installation_id}/", "/runs/"):
        bench.visitor.page(path)
    result = CliRunner().invoke(main, ["outbox", "--json"], obj=bench.app)
    assert sentence in result.stdout

    monkeypatch.undo()  # as after the upgrade
    assert "newer version" not in bench.visitor.page(document)
