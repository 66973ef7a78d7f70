"""Files of documents: read from the source, and harmless in the browser."""

from typing import Any

import pytest
from sqlalchemy import select

from hub import demo
from hub.contract.registry import Plugins
from hub.db import engine
from hub.models import ConnectedCompany, SourceDocument, User
from hub.scheduling import runner
from hub.security import rights
from hub.web.documents import source_files
from tests.support.pages.page_visitor import Visitor

PDF = b"%PDF-1.7 a bill"


@pytest.fixture
def document(connected_visitor: Visitor) -> SourceDocument:
    """Provide a document of CostTracker with a file."""
    with connected_visitor.app.app_context():
        with engine.read_only_session() as session:
            company = session.get_one(ConnectedCompany, 1)
        demo.enable(company, "costtracker", connected_visitor.costtracker)
        runner.sync(1, requested_by="kari")
        with engine.read_only_session() as session:
            for row in session.query(SourceDocument):
                if row.body.get("attachments"):
                    return row
    pytest.fail("No document has a file.")


def _path(document: SourceDocument, id: str = "") -> str:
    return f"/documents/{document.id}/file?id={id or document.body['attachments'][0]['id']}"


def test_a_file_of_the_source_opens_without_any_rights(
    connected_visitor: Visitor, document: SourceDocument
) -> None:
    answer = connected_visitor.get(_path(document))
    assert answer.status_code == 200
    assert answer.data.startswith(b"%PDF-")
    assert answer.mimetype == "application/pdf"
    headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert "no-store" in headers["Cache-Control"]


def test_a_viewer_opens_a_file_and_nobody_an_unknown_one(
    connected_visitor: Visitor, document: SourceDocument
) -> None:
    assert connected_visitor.get(_path(document, "other")).status_code == 404
    viewer = Visitor(connected_visitor.app, connected_visitor.story)
    viewer.log_in("vera")
    for path in (_path(document), _path(document).replace("/file?", "/file/frame?")):
        answer = viewer.get(path)
        assert (answer.status_code, answer.mimetype) == (200, "application/pdf")


def test_a_viewer_of_another_app_opens_no_file(
    connected_visitor: Visitor, document: SourceDocument
) -> None:
    with connected_visitor.app.app_context(), engine.transaction() as session:
        person = session.scalars(select(User).where(User.username == "vera")).one()
        person.assignments = []
        rights.assign(session, person, "viewer", rights.Subject(slug="ontraccr"))
    viewer = Visitor(connected_visitor.app, connected_visitor.story)
    viewer.log_in("vera")
    assert viewer.get(_path(document)).status_code == 404


@pytest.mark.proof(small=2)
@pytest.mark.parametrize(
    ("content", "type", "is_saved"),
    [
        (PDF, "application/pdf", False),
        (b"<html><script>alert(1)</script>", "application/octet-stream", True),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "application/octet-stream", True),
        (b"\xff\xd8\xff\xe0", "image/jpeg", False),
    ],
)
def test_the_content_of_a_file_decides_whether_it_opens(
    connected_visitor: Visitor,
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
    got = connected_visitor.get(_path(document))
    assert got.mimetype == type
    assert got.headers["Content-Disposition"].startswith("attachment" if is_saved else "inline")
    assert source_files.find_opened_type(content) == ("" if is_saved else type)


def test_a_source_without_content_says_so(
    connected_visitor: Visitor, document: SourceDocument, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = Plugins.call

    def answer(self: Plugins, app: str, hook: str, **values: Any) -> Any:
        return None if hook == "hub_attachment" else call(self, app, hook, **values)

    monkeypatch.setattr(Plugins, "call", answer)
    got = connected_visitor.get(_path(document))
    assert got.status_code >= 400
    assert "CostTracker has no content for" in got.text


def _answering(monkeypatch: pytest.MonkeyPatch, content: bytes | None) -> None:
    """Let the source answer with this content of a file."""
    call = Plugins.call

    def answer(self: Plugins, app: str, hook: str, **values: Any) -> Any:
        return content if hook == "hub_attachment" else call(self, app, hook, **values)

    monkeypatch.setattr(Plugins, "call", answer)


def test_only_our_own_pages_show_a_file_in_a_frame(
    connected_visitor: Visitor, document: SourceDocument
) -> None:
    answer = connected_visitor.get(_path(document).replace("/file?", "/file/frame?"))
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "script-src" not in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "no-store" in headers["Cache-Control"]
    assert headers["Content-Disposition"].startswith("inline")


@pytest.mark.proof(small=1)
@pytest.mark.parametrize("content", [b"<html><script>alert(1)</script>", b"PK", None])
def test_nothing_else_is_shown_or_saved_in_a_frame(
    connected_visitor: Visitor,
    document: SourceDocument,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes | None,
) -> None:
    _answering(monkeypatch, content)
    answer = connected_visitor.get(_path(document).replace("/file?", "/file/frame?"))
    assert answer.mimetype == "text/plain"
    assert "Content-Disposition" not in answer.headers
    assert "<script>" not in answer.text


def test_only_the_pages_with_a_file_may_have_frames(
    connected_visitor: Visitor, document: SourceDocument
) -> None:
    page = connected_visitor.get(f"/documents/{document.id}")
    file = document.body["attachments"][0]
    assert f'src="/documents/{document.id}/file/frame?id={file["id"]}"' in page.text
    assert f"Show {file['name']} here" in page.text
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "DENY"
    for path in ("/", "/documents", "/inbox/"):
        assert "frame-src 'none'" in connected_visitor.get(path).headers["Content-Security-Policy"]


def test_the_page_of_a_bill_shows_its_first_pdf_or_picture(visitor: Visitor) -> None:
    address = f"/postings/{visitor.story.postings['review']}/review"
    file = f"/documents/{visitor.story.documents['review']}/file?id=a1"
    visitor.log_in("oda")
    page = visitor.page(address)
    assert f'href="{file}" target="_blank" rel="noopener"' in page
    assert f'src="{file.replace("/file?", "/file/frame?")}"' in page
    assert "beside the form" not in page
    with visitor.app.app_context(), engine.transaction() as session:
        document = session.get_one(SourceDocument, visitor.story.documents["review"])
        picture = {"id": "a1", "name": "faktura.jpg", "mime": "image/jpeg"}
        text = {"id": "a0", "name": "faktura.html", "mime": "text/html"}
        pdf = {"id": "a2", "name": "faktura.pdf", "mime": "application/pdf"}
        document.body = {**document.body, "attachments": [text, picture, pdf]}
    page = visitor.page(address)
    assert "/file/frame?id=a2" in page
    assert "Show faktura.jpg beside the form" in page
    assert "/file/frame?id=a1" in visitor.page(f"{address}?file=a1")
    assert "/file/frame?id=a2" in visitor.page(f"{address}?file=a0")
    viewer = Visitor(visitor.app, visitor.story)
    viewer.log_in("vera")
    assert "/file/frame?id=a1" in viewer.page(f"{address}?file=a1")
