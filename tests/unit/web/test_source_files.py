"""Files of documents: fetched from the source, and harmless in the browser."""

from typing import Any

import pytest

from hub import demo
from hub.contract.registry import Plugins
from hub.db import engine
from hub.models import SourceDocument
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import runner
from hub.web import source_files
from tests.support.page_visitor import Visitor

PDF = b"%PDF-1.7 a bill"


@pytest.fixture
def document(outside: Visitor) -> SourceDocument:
    """A document of CostTracker with a file."""
    with outside.app.app_context():
        quickbooks = outside.quickbooks
        token = quickbooks.refresh_tokens[quickbooks.realm]
        company = oauth_connect.connect_with_refresh_token(quickbooks.realm, token)
        record_download.refresh(company.id)
        demo.enable(company, "costtracker", outside.costtracker)
        runner.sync(1, requested_by="kari")
        with engine.reading() as session:
            for row in session.query(SourceDocument):
                if row.body.get("attachments"):
                    return row
    pytest.fail("No document has a file.")


def _path(document: SourceDocument, id: str = "") -> str:
    return f"/documents/{document.id}/file?id={id or document.body['attachments'][0]['id']}"


def test_a_file_of_the_source_opens_without_any_rights(
    outside: Visitor, document: SourceDocument
) -> None:
    answer = outside.get(_path(document))
    assert answer.status_code == 200
    assert answer.data.startswith(b"%PDF-")
    assert answer.mimetype == "application/pdf"
    headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert "no-store" in headers["Cache-Control"]


def test_a_viewer_and_an_unknown_file_are_refused(
    outside: Visitor, document: SourceDocument
) -> None:
    assert outside.get(_path(document, "other")).status_code == 404
    viewer = Visitor(outside.app, outside.story)
    viewer.log_in("vera")
    assert viewer.get(_path(document)).status_code == 403


@pytest.mark.parametrize(
    ("content", "type", "is_saved"),
    [
        (PDF, "application/pdf", False),
        (b"<html><script>alert(1)</script>", "application/octet-stream", True),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "application/octet-stream", True),
        (b"\xff\xd8\xff\xe0", "image/jpeg", False),
    ],
)
def test_what_a_file_holds_decides_whether_it_opens(
    outside: Visitor,
    document: SourceDocument,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
    type: str,
    is_saved: bool,
) -> None:
    call = Plugins.call

    def answer(self: Plugins, app: str, hook: str, **values: Any) -> Any:
        return content if hook == "hub_attachment" else call(self, app, hook, **values)

    monkeypatch.setattr(Plugins, "call", answer)
    got = outside.get(_path(document))
    assert got.mimetype == type
    assert got.headers["Content-Disposition"].startswith("attachment" if is_saved else "inline")
    assert source_files.opened_as(content) == ("" if is_saved else type)


def test_a_source_without_content_says_so(
    outside: Visitor, document: SourceDocument, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = Plugins.call

    def answer(self: Plugins, app: str, hook: str, **values: Any) -> Any:
        return None if hook == "hub_attachment" else call(self, app, hook, **values)

    monkeypatch.setattr(Plugins, "call", answer)
    got = outside.get(_path(document))
    assert got.status_code >= 400
    assert "CostTracker has no content for" in got.text


def test_the_page_of_a_bill_leads_to_its_files_and_shows_a_picture(visitor: Visitor) -> None:
    address = f"/postings/{visitor.story.postings['review']}/review"
    file = f"/documents/{visitor.story.documents['review']}/file?id=a1"
    visitor.log_in("oda")
    page = visitor.page(address)
    assert f'href="{file}" target="_blank" rel="noopener"' in page
    assert "beside the form" not in page
    with visitor.app.app_context(), engine.transaction() as session:
        document = session.get_one(SourceDocument, visitor.story.documents["review"])
        picture = {"id": "a1", "name": "faktura.jpg", "mime": "image/jpeg"}
        document.body = {**document.body, "attachments": [picture]}
    assert "Show faktura.jpg beside the form" in visitor.page(address)
    assert f'<img class="bill-file" src="{file}"' in visitor.page(f"{address}?file=a1")
    viewer = Visitor(visitor.app, visitor.story)
    viewer.log_in("vera")
    assert file not in viewer.page(f"{address}?file=a1")
