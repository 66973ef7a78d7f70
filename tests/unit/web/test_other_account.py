"""The page that asks whether an app is to continue with another account at its source."""

import re
from html import unescape

from sqlalchemy import select

from hub.db.engine import read_only_session, transaction
from hub.models import AuditEntry, Installation, SourceDocument
from tests.support.pages.costtracker_pages import ENABLE_PAGE, settings_form
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import add_document

HERE = "/installations/1/settings"
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
START_DATE = re.compile(r'name="start_date"\s+value="([^"]*)"')


def replace_account(visitor: Visitor) -> tuple[dict[str, str], int]:
    """Enable the app, and let its documents belong to another account than its access.

    Return the fields of the form, and the id of a posted document of that account.
    """
    visitor.press(ENABLE_PAGE, **settings_form(visitor))
    with visitor.app.app_context(), transaction() as session:
        row = session.get_one(Installation, 1)
        row.tenant, row.tenant_name = "former", "Former Ltd"
        add_document(session, row, "review", 1)
        document, _ = add_document(session, row, "posted", 0)
        document.tenant = "former"
        document.body |= {"attachments": [{"id": "f1", "name": "Invoice.pdf", "mime": "x/y"}]}
        document_id = document.id
    return settings_form(visitor), document_id


def test_the_app_continues_with_another_account_once_a_person_has_confirmed_it(
    connected_visitor: Visitor,
) -> None:
    form, document_id = replace_account(connected_visitor)
    answer = connected_visitor.post(HERE, **form)
    page = unescape(answer.text)
    assert "Another account of CostTracker" in page
    assert "1 document of Former Ltd waits and is left out of the books" in " ".join(page.split())
    assert form["client_secret"] not in page
    assert connected_visitor.row(Installation, 1).tenant == "former"

    fields = dict(HIDDEN.findall(answer.text))
    assert fields.pop("shown")
    assert "start_date" not in fields
    (today,) = START_DATE.findall(answer.text)
    without_tick = {**fields, "start_date": today}
    assert "Another account" in connected_visitor.save(HERE, **without_tick).text
    assert connected_visitor.row(Installation, 1).tenant == "former"

    saved = connected_visitor.press_save(HERE, **without_tick, sure="1")
    row = connected_visitor.row(Installation, 1)
    assert f"{row.tenant_name} answers" in unescape(saved)
    assert (row.tenant == "former", row.start_date.isoformat()) == (False, today)
    document = connected_visitor.page(f"/documents/{document_id}")
    assert "It is of a former account" in document
    assert f"/documents/{document_id}/file" not in document
    refused = connected_visitor.get(f"/documents/{document_id}/file?id=f1")
    assert "in an account that CostTracker does not read any more" in unescape(refused.text)
    with connected_visitor.app.app_context(), read_only_session() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.what == "account replaced")
        ).one()
        assert (entry.detail["was"], entry.detail["count"]) == ("Former Ltd", 1)
    audit_log = connected_visitor.page("/audit")
    assert "continue with another account" in audit_log


def test_the_question_leads_back_to_the_form(connected_visitor: Visitor) -> None:
    form, _ = replace_account(connected_visitor)
    answer = connected_visitor.post(HERE, **form)
    assert "Continue with" in answer.text
    fields = dict(HIDDEN.findall(answer.text))
    page = connected_visitor.post(HERE, **fields, edit="1").text
    assert "Test connection" in page
    with connected_visitor.app.app_context(), read_only_session() as session:
        assert session.scalar(select(SourceDocument.gone).where(SourceDocument.id == 1)) is None
