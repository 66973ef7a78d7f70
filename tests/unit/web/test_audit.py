"""The page of the audit log: names and links, filters, and the export; the same on the command line."""

import json

import pytest
from click.testing import CliRunner

from hub import spreadsheets
from hub.cli import main
from hub.db import engine
from hub.security import audit
from tests.support.page_visitor import Visitor


@pytest.fixture
def owner(visitor: Visitor) -> Visitor:
    visitor.log_in("olga")
    return visitor


def record(visitor, who, what, subject, **detail):
    with visitor.app.app_context(), engine.transaction() as session:
        audit.record(session, who, what, subject, **detail)


def test_ids_are_names_with_links(owner):
    posting = owner.story.postings["review"]
    document = owner.story.documents["review"]
    record(owner, "oda", "posting approved", str(posting))
    record(owner, "oda", "company connected", "9130001")
    record(
        owner, "oda", "mode changed", "costtracker for Fjordbygg AS", before="review", after="auto"
    )
    record(owner, "olga", "role changed", "vera", role="operator")
    page = owner.page("/audit/")
    assert f'href="/documents/{document}#posting-{posting}">Bill F-2026' in page
    assert 'href="/people/">oda</a>' in page
    assert 'href="/people/">vera</a>' in page
    assert f">posting {posting}<" not in page


def test_changed_settings_read_from_old_to_new(owner):
    changes = {"schedule": {"from": "15m", "to": "2h"}, "client_secret": "changed"}
    record(owner, "oda", "settings changed", "x", changes=changes)
    page = owner.page("/audit/?what=settings+changed")
    assert "schedule: 15m → 2h" in page
    assert "client secret: changed" in page


def test_entries_are_chosen_by_person_act_day_and_text(owner, clock):
    record(owner, "oda", "code matched", "one")
    clock.advance(2 * 86400)
    owner.log_in("olga")
    record(owner, "arne", "match removed", "two")
    today = clock.now().date().isoformat()

    def subjects(query):
        page = owner.page(f"/audit/?{query}")
        return [name for name in ("one", "two") if f"<td>{name}</td>" in page]

    assert subjects("who=arne") == ["two"]
    assert subjects("what=code+matched") == ["one"]
    assert subjects(f"from={today}") == ["two"]
    assert subjects("to=2020-01-01") == []
    assert subjects("q=on") == ["one"]
    assert subjects("from=nonsense&to=9999-12-31") == ["one", "two"]


def test_the_export_has_what_the_filters_choose_and_no_formulas(owner):
    record(owner, "oda", "code matched", "=cmd()", record="@x")
    record(owner, "arne", "match removed", "two")
    answer = owner.get("/audit/audit-log.csv?who=oda")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert "'=cmd()" in answer.text
    _, rows = spreadsheets.decode(answer.data)
    assert [(row["who"], row["subject"]) for row in rows] == [("oda", "=cmd()")]
    assert json.loads(rows[0]["detail"]) == {"record": "@x"}


def test_a_large_log_is_streamed_in_parts():
    rows = [[number, "x" * 100] for number in range(5000)]
    parts = list(spreadsheets.stream(["id", "text"], rows))
    assert len(parts) > 3
    assert b"".join(parts) == spreadsheets.encode(["id", "text"], rows)


def test_only_an_owner_of_everything_reads_it(visitor):
    visitor.log_in("arne")
    assert visitor.get("/audit/").status_code == 403
    assert visitor.get("/audit/audit-log.csv").status_code == 403


def test_the_command_lists_entries(owner):
    record(owner, "oda", "code matched", "one", record="=1")
    command = CliRunner().invoke(main, ["audit", "list", "--who", "oda", "--json"], obj=owner.app)
    row = json.loads(command.output)
    assert (row["who"], row["subject"], row["detail"]) == ("oda", "one", {"record": "=1"})
    command = CliRunner().invoke(
        main, ["audit", "list", "--what", "code matched", "--csv"], obj=owner.app
    )
    _, rows = spreadsheets.decode(command.stdout_bytes)
    assert [row["subject"] for row in rows] == ["one"]
    assert CliRunner().invoke(main, ["audit", "list"], obj=owner.app).exit_code == 0
