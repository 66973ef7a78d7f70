"""The page of the audit log: names, links, filters and the export, also on the command line."""

import datetime as dt
import json
import re

import pytest
from click.testing import CliRunner

from hub import spreadsheets
from hub.cli import main
from hub.db import engine
from hub.installations import act_log, matches
from hub.models import Installation, Posting, StoredRecord
from hub.models.document_terms import DocumentTerm
from hub.scheduling import retention
from hub.security import audit
from hub.web.audit_log import audit_details, audit_search, audit_subjects, audit_wording
from tests.support.pages.api_client import ApiClient
from tests.support.pages.audit_acts import recorded_acts, recorded_details
from tests.support.pages.page_texts import PageTexts
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import add_company


@pytest.fixture
def owner(visitor: Visitor) -> Visitor:
    visitor.enter("olga")
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
    assert f'href="/documents/{document}#posting-{posting}">bill F-2026' in page
    assert f'<td>Approved <a href="/documents/{document}' in page
    assert "<td>Connected <a" in page
    assert ">posting approved<" not in page
    assert 'href="/people/">oda</a>' in page
    assert 'href="/people/">vera</a>' in page
    assert f">posting {posting}<" not in page


def test_a_decision_about_a_code_names_the_record_and_leads_to_the_code(owner):
    place = f"/installations/{owner.story.installation}/matching/code"
    address = {"field": "supplier", "code": "s1"}
    query = "?field=supplier&amp;code=s1"
    owner.post(f"{place}?field=supplier&code=s1", **address, record="v1")
    page = owner.page("/audit/?what=code+matched")
    link = f'<a href="{place}{query}">Supplier “Byggmakker Aas” (CostTracker)</a>'
    assert f"<td>Matched {link}</td>" in page
    assert '<span class="soft">matched to</span> Byggmakker Ås' in page


def test_the_name_of_a_code_is_quoted_as_the_language_of_the_page_does(owner):
    place = f"/installations/{owner.story.installation}/matching/code"
    owner.post(f"{place}?field=supplier&code=s1", field="supplier", code="s1", record="v1")
    page = owner.get("/audit/?what=code+matched", headers={"Accept-Language": "nb"}).text
    assert "Leverandør «Byggmakker Aas» (CostTracker)</a>" in page


def test_a_code_that_only_a_list_of_the_source_named_has_this_name(owner):
    with owner.app.app_context(), engine.transaction() as session:
        row = session.get_one(Installation, owner.story.installation)
        matches.store_decision(
            session, row, "supplier", "s77", "v1", who="oda", name="Nordvik Stål AS"
        )
    page = owner.page("/audit/?what=code+matched")
    assert ">Supplier “Nordvik Stål AS” (CostTracker)</a></td>" in page
    assert "s77</a>" not in page


def test_a_code_that_nothing_named_is_called_as_it_was_recorded(owner):
    details = {"record": "v1", "installation": owner.story.installation}
    record(owner, "oda", "match removed", "costtracker supplier s99", **details)
    record(owner, "oda", "match removed", "costtracker supplier s1", record="v1")
    page = owner.page("/audit/?what=match+removed")
    assert ">Supplier “s99” (CostTracker)</a></td>" in page
    assert "<td>Removed the match of supplier “s1” (CostTracker)</td>" in page


def test_every_act_that_the_code_records_has_a_wording():
    acts = set(recorded_acts())
    assert acts >= {"posting retried", "app enabled", "case snoozed", "lists pushed", "logged in"}
    assert acts == set(audit_wording.WORDINGS)


def test_every_detail_that_the_code_records_has_a_label(owner):
    details = recorded_details()
    assert details >= {"reason", "factor", "quickbooks_id", "invited_by", "via"}
    with owner.app.app_context():
        details |= {rule.name for rule in retention.list_rules()}
    internal = audit_subjects.HIDDEN_DETAILS | {
        "record"
    }  # `record` is shown as what it is the id of
    assert details - internal - set(audit_details.DETAIL_LABELS) == set()


def test_the_token_of_an_act_is_named_in_the_language_of_the_person(owner):
    program = ApiClient.of(owner.app, "oda", "operate")
    assert program.call("PUT", "/cases/1/assignee", {"assignee": "oda"}).status_code == 200
    page = owner.get("/audit/?what=case+assigned", headers={"Accept-Language": "nb"}).text
    assert '<span class="soft">API-nøkkel</span> of oda operate' in page


def test_details_are_in_the_language_of_the_person(owner):
    story = owner.story
    record(owner, "olga", "role changed", "vera", role="operator")
    record(owner, "olga", "right added", "vera", right="viewer of CostTracker in Fjordbygg AS")
    record(owner, "olga", "batches chosen", "9130001", before="single", after="batch")
    record(owner, "hub", "data pruned", "database", **{"run lines": 3})
    record(owner, "nobody", "log-in failed", "unknown name")
    record(owner, "vera", "second factor added", "vera", factor="authenticator")
    record(owner, "olga", "mail server changed", "mail.example.com", changed=["host", "password"])
    record(owner, "command line", "backup made", "hub.zip", keys=True)
    record(owner, "command line", "keys rotated", "12 secrets", key="k2")
    record(owner, "oda", "posting skipped", str(story.postings["held"]), reason="Paid in cash")
    day = "2026-03-04 00:00:00+01:00"  # as the page of a case stores it
    record(owner, "oda", "case snoozed", f"case {story.cases['choose']}", snoozed_until=day)
    page = owner.get("/audit/", headers={"Accept-Language": "nb-NO"}).text
    texts = " ".join(PageTexts(page).texts)
    for expected in (
        "rolle behandler",
        "leser for CostTracker i Fjordbygg AS",
        "før Én og én",
        "etter I bunker",
        "linjer i kjøringer 3",
        "ukjent navn",
        "faktor autentiseringsapp",
        "endret vert, passord",
        "med nøklene ja",
        "12 hemmeligheter",
        "grunn Paid in cash",
        "utsatt til 4. mars 2026",
    ):
        assert expected in texts, expected
    assert "ingen" in texts
    assert "kommandolinjen" in texts
    for english in ("operator", "authenticator", "unknown name", "command line", "before"):
        assert f" {english} " not in f" {texts} ", english


def test_an_empty_list_of_details_is_called_nothing(owner):
    record(owner, "olga", "connection tested", str(owner.story.installation), addresses=[])
    assert "addresses nothing" in " ".join(re.sub(r"<[^>]+>", " ", owner.page("/audit/")).split())


def test_an_act_of_another_version_is_named_as_it_was_recorded(owner):
    record(owner, "oda", "moon landed on", "Tranquility")
    assert "<td>Moon landed on: Tranquility</td>" in owner.page("/audit/")


def test_changed_settings_read_from_old_to_new(owner):
    changes = {"schedule": {"from": "15m", "to": "2h"}, "client_secret": "changed"}
    record(owner, "oda", "settings changed", "x", changes=changes)
    page = owner.page("/audit/?what=settings+changed")
    assert "schedule: 15m → 2h" in page
    assert "client secret: changed" in page


def test_settings_that_were_saved_without_a_change_have_no_raw_values(owner):
    with owner.app.app_context(), engine.read_only_session() as session:
        subject = act_log.format_audit_subject(
            session.get_one(Installation, owner.story.installation)
        )
    record(owner, "olga", "settings changed", subject, changes={}, mode="auto")
    changes = {"access_token": "changed"}  # the source renewed it
    record(owner, "olga", "settings changed", subject, changes=changes, mode="auto")
    page = owner.page("/audit/?what=settings+changed")
    assert page.count("Nothing changed") == 2
    assert "access token" not in page
    assert ">changes<" not in page


def test_changes_of_settings_have_the_words_of_the_form_and_names_of_records(owner):
    changes = {
        "schedule": {"from": "15m", "to": "2h"},
        "mode": {"from": "review", "to": "auto"},
        "attach_files": {"from": True, "to": False},
        "payable_account": {"from": None, "to": "84"},
        "reference_to": {"from": "private_note", "to": "number"},
        "client_secret": "changed",
    }
    with owner.app.app_context(), engine.read_only_session() as session:
        installation = session.get_one(Installation, owner.story.installation)
        subject = act_log.format_audit_subject(installation)
    record(owner, "olga", "settings changed", subject, changes=changes, mode="auto")
    record(owner, "olga", "mode changed", subject, before="auto", after="paused")
    page = owner.page("/audit/")
    assert "<div>Mode: Automatic → Paused</div>" in page
    texts = re.findall(r"<div>([^<]+)</div>", owner.page("/audit/?what=settings+changed"))
    assert texts == [
        "Schedule: every 15 minutes → every 2 hours",
        "Mode: Review → Automatic",
        "Attach files: on → off",
        "Credit account: none → 84",
        "Put the Reference into: the memo → the bill number",
        "Client secret changed",
    ]
    with owner.app.app_context(), engine.transaction() as session:
        account = {"company_id": owner.story.company, "list": "account", "quickbooks_id": "84"}
        about = {
            "name": "Creditors",
            "number": "2400",
            "read_at": dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
        }
        session.merge(StoredRecord(**account, **about))
    page = owner.page("/audit/?what=settings+changed")
    assert "<div>Credit account: none → 2400 Creditors</div>" in page


def test_many_changes_of_settings_are_folded(owner):
    with owner.app.app_context(), engine.read_only_session() as session:
        installation = session.get_one(Installation, owner.story.installation)
        subject = act_log.format_audit_subject(installation)
    for count in (5, 6):
        change = {"from": False, "to": True}
        changes = {f"setting_{number}": change for number in range(count)}
        record(owner, "oda", "settings changed", subject, changes=changes)
    page = owner.page("/audit/")
    assert re.findall(r"<summary>(\d+) changes</summary>", page) == ["6"]
    assert page.count("<details>") == 1


def test_entries_are_chosen_by_person_act_day_and_text(owner, clock):
    record(owner, "oda", "code matched", "one")
    clock.advance(2 * 86400)
    owner.log_in("olga")
    record(owner, "arne", "match removed", "two")
    today = clock.now().date().isoformat()

    def subjects(query):
        page = owner.page(f"/audit/?{query}")
        return [
            name
            for name in ("one", "two")
            if re.search(rf"<td>(Matched|Removed the match of) {name}</td>", page)
        ]

    assert subjects("who=arne") == ["two"]
    assert subjects("what=code+matched") == ["one"]
    assert subjects(f"from={today}") == ["two"]
    assert subjects("to=2020-01-01") == []
    assert subjects("q=on") == ["one"]
    assert subjects("from=nonsense&to=9999-12-31") == ["one", "two"]
    assert "nonsense is not a day of the calendar" in owner.page("/audit/?from=nonsense")
    assert owner.get("/audit/export?from=nonsense").status_code == 400
    assert subjects("from=0001-01-01") == ["one", "two"]


def test_entries_are_found_by_what_the_page_shows_for_an_id(owner):
    postings = owner.story.postings
    with owner.app.app_context(), engine.read_only_session() as session:
        document = session.get_one(Posting, postings["held"]).document
        number, party = document.number, document.party
    several = f"{postings['review']}, {postings['held']}, 999999"
    record(owner, "oda", "posting approved", str(postings["held"]), reason="one")
    record(owner, "oda", "postings undone", several, reason="two")
    record(owner, "oda", "posting approved", f"{postings['held']}0", reason="three")
    record(owner, "oda", "code matched", "costtracker supplier s1", reason="four")

    def find_reasons(text, **headers):
        page = owner.get("/audit/", query_string={"q": text}, headers=headers).text
        return re.findall(r"</span> (one|two|three|four)\b", page)

    assert find_reasons(number) == ["two", "one"]
    assert "one" in find_reasons(party)
    assert find_reasons("byggmakker aas") == ["four"]
    assert find_reasons("Removed") == ["two"]
    assert find_reasons("Fjernet", **{"Accept-Language": "nb"}) == ["two"]
    exported = owner.get("/audit/export", query_string={"format": "csv", "q": number}).data
    assert len(spreadsheets.decode(exported)[1]) == 2


def test_a_word_that_many_documents_have_finds_the_newest(owner, monkeypatch):
    monkeypatch.setattr(audit_search, "MAX_POSTINGS", 1)
    ids = sorted(owner.story.postings.values())
    with owner.app.app_context(), engine.transaction() as session:
        for id in ids:
            document_id = session.get_one(Posting, id).document_id
            session.merge(DocumentTerm(document_id=document_id, term="kransen"))
    for id in ids:
        record(owner, "oda", "posting approved", str(id))
    page = owner.page("/audit/?q=kransen")
    assert re.findall(r"#posting-(\d+)", page) == [str(ids[-1])]


def test_the_filter_shows_where_acts_name_what_they_were_about(owner):
    record(owner, "oda", "set-up code refused", "the hub")
    record(owner, "oda", "access granted", "costtracker for Site")
    page = owner.page("/audit/")
    assert re.search(r">Entered a wrong set-up code for …\s*</option>", page)
    assert re.search(r">Marked access to … as approved\s*</option>", page)


def test_the_export_has_what_the_filters_choose_and_no_formulas(owner):
    record(owner, "oda", "code matched", "=cmd()", record="@x")
    record(owner, "arne", "match removed", "two")
    answer = owner.get("/audit/export?format=csv&who=oda")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert "'=cmd()" in answer.text
    assert "\n=cmd()" not in answer.text
    assert ",=" not in answer.text
    _, rows = spreadsheets.decode(answer.data)
    assert [(row["who"], row["subject"]) for row in rows] == [("oda", "=cmd()")]
    assert json.loads(rows[0]["detail"]) == {"record": "@x"}


def test_the_exported_list_names_acts_as_the_page_does(owner):
    record(owner, "oda", "code matched", "ION 7")
    record(owner, "oda", "of a later version", "two")
    text = owner.page("/audit/export?format=csv&who=oda")
    _, rows = spreadsheets.decode(text.encode())
    assert [(row["what"], row["action"]) for row in rows] == [
        ("of a later version", "Of a later version: two"),
        ("code matched", "Matched ION 7"),
    ]


def test_the_export_of_an_apps_list_names_its_company_whichever_is_chosen(owner):
    with owner.app.app_context(), engine.transaction() as session:
        other = add_company(session, "9138", "Aas AS").id
    owner.press("/companies/choose", company=str(other), next="/")
    for installation in ("", owner.story.installation):
        path = f"/documents/export?installation={installation}"
        assert owner.get(path).status_code == 200
    page = owner.page("/audit/?what=data+exported")
    assert re.findall("Exported the documents of (.*?) as CSV", page) == [
        "Nordvik Bygg AS",
        "Aas AS",
    ]


EXPORTS = {
    "/documents/export?state=held&q=maler": (
        "Exported the documents of Nordvik Bygg AS as CSV",
        "Eksporterte dokumentene til Nordvik Bygg AS som CSV",
    ),
    "/inbox/export?act=match&format=xlsx": (
        "Exported the cases of Nordvik Bygg AS as XLSX",
        "Eksporterte avvikene til Nordvik Bygg AS som XLSX",
    ),
    "/installations/{installation}/matching/matches.csv": (
        "Exported the matches of CostTracker for Nordvik Bygg AS as CSV",
        "Eksporterte koblingene til CostTracker for Nordvik Bygg AS som CSV",
    ),
    "/reports/export?table=approvals&format=json": (
        "Exported the report “Posted by whom” of Nordvik Bygg AS as JSON",
        "Eksporterte rapporten «Bokført av hvem» til Nordvik Bygg AS som JSON",
    ),
    "/audit/export": (
        "Exported the audit log as CSV",
        "Eksporterte revisjonsloggen som CSV",
    ),
}


@pytest.mark.parametrize("path", EXPORTS)
def test_an_export_is_named_by_what_was_exported(owner, path):
    english, norwegian = EXPORTS[path]
    assert owner.get(path.format(installation=owner.story.installation)).status_code == 200
    assert f"<td>{english}</td>" in owner.page("/audit/?what=data+exported")
    answer = owner.get("/audit/?what=data+exported", headers={"Accept-Language": "nb-NO"})
    assert f"<td>{norwegian}</td>" in answer.text
    _, rows = spreadsheets.decode(owner.get("/audit/export?what=data+exported").data)
    assert english in [row["action"] for row in rows]


def test_the_filters_of_an_export_are_named(owner):
    owner.get(f"/documents/export?state=held&q=maler&installation={owner.story.installation}")
    owner.get("/inbox/export?act=match")
    texts = " ".join(PageTexts(owner.page("/audit/?what=data+exported")).texts)
    assert "state Held" in texts
    assert "search maler" in texts
    assert "app CostTracker" in texts
    assert "next step Match codes" in texts


def test_exports_of_earlier_versions_are_named_as_far_as_they_were_recorded(owner):
    for subject in (
        "GET /documents/export",
        "GET /installations/7/matching/matches.xlsx",
        "GET /reconciliations/4/report.pdf",
        "GET /a/page/of/an/earlier/version",
        "matches of costtracker",
        "audit log",
    ):
        record(owner, "olga", "data exported", subject)
    page = owner.page("/audit/?what=data+exported")
    for sentence in (
        "Exported the documents",
        "Exported the matches as XLSX",
        "Exported a reconciliation as PDF",
        "Exported GET /a/page/of/an/earlier/version",
        "Exported the matches of CostTracker",
        "Exported the audit log",
    ):
        assert f"<td>{sentence}</td>" in page


def test_a_large_log_is_streamed_in_parts():
    rows = [[number, "x" * 100] for number in range(5000)]
    parts = list(spreadsheets.stream(["id", "text"], rows))
    assert len(parts) > 3
    assert b"".join(parts) == spreadsheets.encode(["id", "text"], rows)


def test_only_an_owner_of_everything_reads_the_audit_log(visitor):
    visitor.enter("arne")
    assert visitor.get("/audit/").status_code == 403
    assert visitor.get("/audit/export?format=csv").status_code == 403


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


def test_the_command_lists_times_for_people(owner):
    record(owner, "oda", "code matched", "one")
    command = CliRunner().invoke(main, ["audit", "list", "--who", "oda"], obj=owner.app)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\dZ  oda  code matched  one\n", command.output)
