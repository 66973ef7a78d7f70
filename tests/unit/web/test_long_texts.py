"""A text of a megabyte from a source: pages and mails stay small, and forms keep their values."""

import re

import pytest
from sqlalchemy import update

from hub.db import engine
from hub.models import Case, Posting, SeenCode, SourceDocument, StoredRecord
from hub.web.frame.long_texts import (
    MAX_DETAIL_LENGTH,
    MAX_LENGTH,
    print_breakable,
    print_breakable_address,
)
from tests.support.runs.tiers import by_form

LONG = "Ålesund " * by_form(25_000, 25_000, 125_000)  # a megabyte, or a fifth of it
# The whole details of a document; usual pages are far below, and three whole texts are above.
LARGEST_PAGE = by_form(600_000, 600_000, 900_000)
PART = re.compile("<[^>]+>")


@pytest.fixture
def visitor_of_long_texts(visitor):
    """Provide an owner of a hub whose source writes a megabyte into every text."""
    with visitor.app.app_context(), engine.transaction() as session:
        session.execute(update(SourceDocument).values(party=LONG, number=LONG))
        for document in session.query(SourceDocument):
            facts = {**document.body.get("facts", {}), "memo": LONG}
            document.body = {**document.body, "facts": facts}
        session.execute(update(Posting).values(payload=f'{{"PrivateNote": "{LONG}"}}'.encode()))
        session.execute(update(SeenCode).values(name=LONG))
        session.execute(update(StoredRecord).values(name=LONG))
        for case in session.query(Case):
            case.params = dict.fromkeys(case.params, LONG)
            if not case.code:
                case.stored_title = case.stored_reason = case.stored_instruction = LONG
    visitor.enter("olga")
    return visitor


def addresses(app):
    for rule in app.url_map.iter_rules():
        is_page = "GET" in rule.methods and not re.search(
            "static|assets|logout|csv|xlsx|export", rule.rule
        )
        if is_page:
            yield PART.sub("1", rule.rule)


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("Fjord Homes:Phase 2:Kitchen", "Fjord Homes:<wbr>Phase 2:<wbr>Kitchen"),
        ("A&B <i>:4010 Tak", "A&amp;B &lt;i&gt;:<wbr>4010 Tak"),
        ("Note: 10:30", "Note: 10:30"),
        ("https://books.test", "https://books.test"),
        (LONG, f"{LONG[:MAX_LENGTH].rstrip()}…"),
    ],
    ids=["levels", "markup", "time", "address", "long"],
)
def test_a_line_may_end_between_the_levels_of_a_name(name, printed):
    assert print_breakable(name) == printed


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("https://hub.test/quickbooks/callback", "https://hub.test/<wbr>quickbooks/<wbr>callback"),
        ("set by HUB_QBO_ENVIRONMENT", "set by HUB_<wbr>QBO_<wbr>ENVIRONMENT"),
        ("accounts@hub.test", "accounts@<wbr>hub.test"),
        ("A&B <i>/x", "A&amp;B &lt;i&gt;/<wbr>x"),
    ],
    ids=["address", "setting", "mail", "markup"],
)
def test_a_line_may_end_between_the_parts_of_an_address_or_setting(text, printed):
    assert print_breakable_address(text) == printed


def test_names_of_several_levels_may_break_after_a_colon(visitor):
    visitor.enter("oda")
    with visitor.app.app_context(), engine.transaction() as session:
        session.execute(update(SourceDocument).values(party="Fjord Homes:Phase 2:Kitchen"))
    posting = visitor.story.postings["review"]
    name = "Fjord Homes:<wbr>Phase 2:<wbr>Kitchen"
    assert name in visitor.get("/documents").text
    assert name in visitor.get(f"/installations/{visitor.story.installation}/review/").text
    assert "Solbakken borettslag:<wbr>Tak" in visitor.get(f"/postings/{posting}/review").text


@pytest.mark.proof(small=0)
def test_every_page_stays_small(visitor_of_long_texts):
    sizes = {}
    for address in addresses(visitor_of_long_texts.app):
        answer = visitor_of_long_texts.get(address)
        assert answer.status_code < 500, address
        sizes[address] = len(answer.data)
        answer.close()
    assert {address: size for address, size in sizes.items() if size > LARGEST_PAGE} == {}
    assert sizes["/documents"] < 200_000


def test_the_details_of_a_document_show_more_of_a_text(visitor_of_long_texts):
    id = visitor_of_long_texts.story.documents["posted"]
    page = visitor_of_long_texts.page(f"/documents/{id}")
    memo = max(re.findall(r"<dd>([^<]*)</dd>", page), key=len)
    assert MAX_LENGTH < len(memo) <= MAX_DETAIL_LENGTH + 1
    assert memo.endswith("…")


def test_the_value_of_a_field_is_never_cut(visitor):
    visitor.enter("olga")
    long_value = "x" * 3 * MAX_LENGTH
    with visitor.app.test_request_context():
        template = visitor.app.jinja_env.from_string(
            '{{ value }} <input value="{{ value|full_text }}">'
        )
        text = template.render(value=long_value)
    assert len(text.partition(" ")[0]) == MAX_LENGTH + 1
    assert f'value="{long_value}"' in text


def test_markup_is_escaped_all_the_same(visitor):
    with visitor.app.test_request_context():
        template = visitor.app.jinja_env.from_string("{{ v }}{{ v|full_text }}{{ v|long_text }}")
        assert "<script>" not in template.render(v="<script>")


def test_a_long_message_does_not_end_the_session(visitor):
    """Browsers drop a cookie above 4 KB, and the log-in with it."""
    from flask import flash

    @visitor.app.post("/long-message")
    def long_message():
        for _ in range(3):
            flash(LONG)
        return "saved"

    long_message.needs = "viewer"
    visitor.enter("olga")
    answer = visitor.post("/long-message")
    assert answer.status_code == 200
    assert all(len(cookie) < 4093 for cookie in answer.headers.getlist("Set-Cookie"))
    assert "Ålesund" in visitor.page("/documents")
