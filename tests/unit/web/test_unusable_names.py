"""A record whose name holds the separator of the source cannot be chosen for a code."""

import dataclasses
import io

import pytest
from sqlalchemy import select

from hub.collect.run import collect
from hub.contract.documents import Code
from hub.db.engine import read_only_session, transaction
from hub.installations import enable
from hub.models import Match
from hub.qbo import record_download
from tests.support.pages.page_texts import compact
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import Story, add_people
from tests.support.sources.small_source import SLUG, bill

HERE = "/installations/1/matching"
REASON = (
    "The record cannot be used: its name in QuickBooks, Telco~West, holds “~”, which separates"
    " nothing there. Rename it in QuickBooks and refresh the lists."
)


@pytest.fixture
def app(source, make_source_pages):
    source.fields[0] = dataclasses.replace(source.fields[0], separator="~")
    app = make_source_pages(source)
    with app.app_context():
        yield app


@pytest.fixture
def visitor(app, quickbooks):
    """Log in an app owner of an app whose source separates parts of names with a tilde."""
    enable.enable(1, SLUG, {"start_date": "2025-01-01"}, who="olga", mode="auto")
    with transaction() as session:
        add_people(session)
    visitor = Visitor(app, Story(1, 1))
    visitor.log_in("olga")
    return visitor


@pytest.fixture
def vendor_id(visitor, quickbooks):
    """Provide a supplier in QuickBooks with the separator in its name."""
    answer = quickbooks.ask(
        "POST", "vendor", {"DisplayName": "Telco~West"}, content_type="application/json"
    )
    assert answer.status == 200, answer.text
    record_download.refresh(1, ["vendor"])
    return answer.json()["Vendor"]["Id"]


def matched_codes():
    with read_only_session() as session:
        return list(session.scalars(select(Match.code)))


def test_the_page_of_a_code_says_why_nothing_was_matched(visitor, vendor_id):
    answer = visitor.post(f"{HERE}/code", field="supplier", code="s1", record=vendor_id)
    assert (answer.status_code, REASON in compact(answer.text)) == (400, True)
    assert matched_codes() == []


@pytest.mark.parametrize("column", ["quickbooks_id", "quickbooks_name"])
def test_the_preview_of_a_file_says_why_a_row_cannot_be_used(visitor, vendor_id, column):
    value = vendor_id if column == "quickbooks_id" else "Telco~West"
    content = f"field,code,{column}\nsupplier,s1,{value}\n".encode()
    page = visitor.press(f"{HERE}/import", file=(io.BytesIO(content), "m.csv"))
    assert ("1 row cannot be used." in page, REASON in page) == (True, True)


def test_a_record_with_such_a_name_is_no_suggestion_that_can_be_accepted(
    visitor, vendor_id, source
):
    code = Code(id="s1", name="Telco~West")
    source.items = [bill(supplier=code)]
    collect(1)
    page = visitor.page(f"{HERE}/?show=open&field=supplier")
    assert "Telco~West" in page
    assert f'value="{vendor_id}"' not in page
    answer = visitor.press(f"{HERE}/accept?list=show%3Dopen", threshold="100")
    assert ("No code was matched." in answer, REASON in answer) == (True, False)
    assert matched_codes() == []
