"""Runs: started by a button, followed while they run, and listed afterwards."""

import datetime as dt
import re
from html import escape, unescape
from urllib.parse import urlencode

import pytest

from hub.db import engine
from hub.installations import act_log
from hub.models import ConnectedCompany, Installation, Posting, ReceiptRow, Run, RunLine, Schedule
from hub.scheduling import pending_work, run_log
from hub.security import audit
from hub.testing.clock import FakeClock
from tests.support.pages.page_texts import compact
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import add_company, add_installation


def test_run_now_asks_for_a_run_and_shows_it(operator: Visitor) -> None:
    page = operator.press(f"/installations/{operator.story.installation}/run")
    assert "It starts as soon as the engine is free." in page
    run = operator.row(Run, max(operator.story.runs.values()) + 1)
    assert (run.kind, run.requested_by) == ("sync", "oda")


def test_a_paused_app_is_not_run(operator: Visitor) -> None:
    with operator.app.app_context(), engine.transaction() as session:
        session.get_one(Installation, operator.story.installation).mode = "paused"
    assert "It is paused." in operator.press(f"/installations/{operator.story.installation}/run")
    assert "It is paused." in operator.press(
        f"/installations/{operator.story.installation}/matching/apply"
    )


def test_no_run_is_offered_for_an_app_of_a_disconnected_company(operator: Visitor) -> None:
    here = f"/installations/{operator.story.installation}/"
    pages = (here, f"{here}review/")
    assert all("Run now</button>" in operator.page(page) for page in pages)
    with operator.app.app_context(), engine.transaction() as session:
        session.get_one(ConnectedCompany, operator.story.company).state = "disconnected"
    for page in pages:
        assert "Run now" not in operator.page(page)
    assert "is disconnected, so nothing is read or posted. An owner connects it again" in compact(
        operator.page(here)
    )
    assert "is disconnected. An owner connects it again" in operator.press(f"{here}run")


def test_the_log_of_a_run_says_how_long_it_is_and_offers_the_rest(
    operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.web.runs.MAX_LINES", 3)
    run_id = operator.story.runs["running"]
    here = f"/runs/{run_id}"
    with operator.app.app_context(), engine.transaction() as session:
        session.query(RunLine).filter_by(run_id=run_id).delete()
        at = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
        for number in range(1, 8):
            text = f"Document {number} is held."
            session.add(RunLine(run_id=run_id, at=at, level="info", text=text))
            session.flush()

    def read(page: str) -> list[str]:
        return re.findall(r"Document (\d) is held", page)

    def follow(page: str, label: str) -> str:
        (address,) = re.findall(rf'href="({here}\?[^"]+)">[^<]*{label}', page)
        return operator.page(unescape(address).partition("#")[0])

    page = operator.page(here)
    assert (read(page), "The newest 3 of 7 lines" in page) == (["5", "6", "7"], True)
    assert "Later lines" not in page
    part = operator.get(f"{here}/progress?announced=x", headers={"HX-Request": "true"}).text
    assert read(follow(part, "Earlier lines")) == ["2", "3", "4"]
    middle = follow(page, "Earlier lines")
    assert (read(middle), "3 of 7 lines" in middle) == (["2", "3", "4"], True)
    assert "every 2s" not in middle
    first = follow(middle, "Earlier lines")
    assert (read(first), "Earlier lines" in first) == (["1"], False)
    assert read(follow(first, "Later lines")) == ["2", "3", "4"]


def test_a_screen_reader_hears_the_state_of_a_run_only_when_it_changes(operator: Visitor) -> None:
    run_id = operator.story.runs["running"]
    here = f"/runs/{run_id}"
    htmx = {"HX-Request": "true"}
    said = re.compile(r'<div id="said"[^>]*>(.*?)</div>', re.DOTALL)

    def poll(announced: str) -> tuple[list[str], str]:
        part = operator.get(f"{here}/progress?{urlencode({'announced': announced})}", headers=htmx)
        (field,) = re.findall(r'name="announced" value="([^"]*)"', part.text)
        return [compact(text) for text in said.findall(part.text)], unescape(field)

    page = operator.page(here)
    (announced,) = re.findall(r'name="announced" value="([^"]*)"', page)
    assert "hx-include" in page
    assert poll(announced) == ([], announced)
    first, _ = poll("queued:")
    assert len(first) == 1
    with operator.app.app_context(), engine.transaction() as session:
        session.get_one(Run, run_id).phase = "posting"
    texts, later = poll(announced)
    assert (texts, later) == (["Running: posting"], "running:posting")
    assert poll(later) == ([], later)


def test_a_run_in_progress_renews_itself_every_two_seconds(operator: Visitor) -> None:
    here = f"/runs/{operator.story.runs['running']}"
    page = operator.page(here)
    assert f'hx-get="{here}/progress" hx-trigger="every 2s"' in page
    assert "40 of 120" in page
    part = operator.get(f"{here}/progress", headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert "<html" not in part.text
    assert 'hx-swap-oob="innerHTML">Running: post<' in compact(part.text)


@pytest.mark.parametrize(
    ("phase", "language", "shown"),
    [
        ("lists to costtracker", "en", "Lists to CostTracker"),
        ("check costtracker", "nb", "Kontroll av CostTracker"),
        ("check what waits", "en", "Check what waits"),
        ("post", "nb", "Bokfører"),
    ],
)
def test_a_step_names_the_app_that_it_is_about(
    operator: Visitor, phase: str, language: str, shown: str
) -> None:
    run_id = operator.story.runs["running"]
    with operator.app.app_context(), engine.transaction() as session:
        session.get_one(Run, run_id).phase = phase
    page = operator.get(f"/runs/{run_id}", headers={"Accept-Language": language}).text
    assert f'<strong class="ms-2">{shown}</strong>' in page


def test_a_run_that_ended_stops_the_renewal(operator: Visitor) -> None:
    here = f"/runs/{operator.story.runs['done']}"
    assert "hx-get" not in operator.page(here)
    assert operator.get(f"{here}/progress").status_code == 286


def test_a_run_leads_to_the_documents_that_it_posted(operator: Visitor) -> None:
    run_id, other_id = operator.story.runs["done"], operator.story.runs["running"]
    with operator.app.app_context(), engine.transaction() as session:
        for name, id in (("posted", run_id), ("held", run_id), ("unknown", other_id)):
            session.get_one(Posting, operator.story.postings[name]).run_id = id
        number = session.get_one(Posting, operator.story.postings["posted"]).document.number
    address = f"/documents?run={run_id}&installation={operator.story.installation}"
    link = f'href="{escape(address)}"'
    assert link in operator.page(f"/runs/{run_id}")
    # It may end while its page is open.
    assert link in compact(operator.get(f"/runs/{run_id}/progress").text)
    page = operator.page(address)
    assert re.findall(r'class="number[^>]*>\s*<a [^>]*>([^<]+)<', page) == [number]
    assert f'name="run" value="{run_id}"' in page
    assert number in operator.page(f"/documents/export?format=csv&run={run_id}")


def test_a_run_leads_to_its_documents_whichever_company_is_chosen(operator: Visitor) -> None:
    run_id, document_id = operator.story.runs["done"], operator.story.documents["posted"]
    with operator.app.app_context(), engine.transaction() as session:
        session.get_one(Posting, operator.story.postings["posted"]).run_id = run_id
        other = add_company(session, "9138", "Aas AS").id
    operator.press("/companies/choose", company=str(other), next="/")
    link = re.search(r'href="(/documents\?[^"]*)"', operator.page(f"/runs/{run_id}"))
    assert link
    assert f'href="/documents/{document_id}"' in operator.page(unescape(link[1]))


def test_a_run_shows_its_result_and_its_log(operator: Visitor) -> None:
    page = operator.page(f"/runs/{operator.story.runs['done']}")
    figures = page[page.index('class="figures"') : page.index(">Log<")]
    texts = re.findall(r"<li>(.*?)</li>", figures, re.DOTALL)
    assert [" ".join(re.sub(r"<[^>]*>", " ", text).split()) for text in texts] == [
        "1 Posted",
        "2 Newly held",
        "1,250.50 NOK Amount posted",
    ]
    assert re.search(r"<dt>Took</dt><dd>[\d.]+ s</dd>", page)
    assert "1 posted, 2 newly held" in operator.page("/runs/")
    assert "120 documents were read." in page


def test_a_stopped_run_says_why_and_when_it_is_tried_again(
    operator: Visitor, clock: FakeClock
) -> None:
    here = f"/runs/{operator.story.runs['stopped']}"
    page = operator.page(here)
    assert "CostTracker does not answer." in page
    assert "Next try" not in page
    due = clock.now() + dt.timedelta(minutes=7)
    with operator.app.app_context(), engine.transaction() as session:
        schedule = {"name": "sync of the test", "kind": "sync", "every": "15m", "next_due": due}
        session.add(Schedule(installation_id=operator.story.installation, **schedule))
    assert f'<dt>Next try</dt><dd><time class="when" datetime="{due.isoformat()}"' in (
        operator.page(here)
    )
    assert "Next try" not in operator.page(f"/runs/{operator.story.runs['done']}")


@pytest.mark.parametrize("kind", ["lists", "reconcile"])
def test_a_stopped_run_of_a_company_says_when_it_is_tried_again(
    operator: Visitor, clock: FakeClock, kind: str
) -> None:
    now, company_id = clock.now(), operator.story.company
    due = now + dt.timedelta(hours=18)
    with operator.app.app_context(), engine.transaction() as session:
        times = {"started_at": now, "ended_at": now}
        run = Run(kind=kind, company_id=company_id, outcome="stopped", **times)
        session.add(run)
        schedule = {"name": f"{kind} of the test", "every": "30 3 * * *", "next_due": due}
        session.add(Schedule(company_id=company_id, kind=kind, **schedule))
        session.flush()
        run_id = run.id
    assert f'<dt>Next try</dt><dd><time class="when" datetime="{due.isoformat()}"' in (
        operator.page(f"/runs/{run_id}")
    )


def test_a_stopped_run_that_posts_says_when_it_is_tried_again(
    operator: Visitor, clock: FakeClock
) -> None:
    now, story = clock.now(), operator.story
    with operator.app.app_context(), engine.transaction() as session:
        ended = {"ended_at": now - dt.timedelta(hours=1), "outcome": "done"}
        session.query(Run).filter(Run.ended_at.is_(None)).update(ended)
        about = {"company_id": story.company, "installation_id": story.installation}
        times = {"started_at": now, "ended_at": now}
        run = Run(kind="post", outcome="stopped", **about, **times)
        session.add(run)
        session.flush()
        here = f"/runs/{run.id}"
    due = now + pending_work.PAUSE_AFTER_STOP
    assert f'<dt>Next try</dt><dd><time class="when" datetime="{due.isoformat()}"' in (
        operator.page(here)
    )
    with operator.app.app_context(), engine.transaction() as session:
        session.query(Posting).update({"state": "posted"})
        session.query(ReceiptRow).delete()
    assert "Next try" not in operator.page(here), "nothing is left to post"


@pytest.mark.row("CT-S19")
def test_the_last_download_of_the_lists_is_shown_with_the_app(operator: Visitor) -> None:
    with operator.app.app_context(), engine.transaction() as session:
        now = session.get_one(Installation, operator.story.installation).created_at
        about = {"company_id": operator.story.company, "kind": "lists", "requested_by": "schedule"}
        session.add(Run(**about, started_at=now, ended_at=now, outcome="done"))
    page = operator.page(f"/installations/{operator.story.installation}/")
    master = page[page.index("Master data") :]
    assert "then every night" in master
    assert "by the schedule" in master


@pytest.mark.parametrize(("state", "count"), [("done", 1), ("stopped", 1), ("running", 1), ("", 3)])
def test_the_history_is_filtered_by_state(operator: Visitor, state: str, count: int) -> None:
    page = operator.page(f"/runs/?state={state}&installation={operator.story.installation}")
    assert len(re.findall(r'href="/runs/\d+"', page)) == count


@pytest.mark.parametrize(
    ("query", "listed_names"),
    [
        ("", {"changes olga", "lists schedule stopped"}),
        ("?kind=all", {"changes", "tokens", "changes olga", "lists schedule stopped"}),
        ("?kind=changes", {"changes", "changes olga"}),
        ("?kind=tokens", {"tokens"}),
    ],
)
def test_housekeeping_is_hidden_unless_it_failed_or_was_requested(
    operator: Visitor, query: str, listed_names: set[str]
) -> None:
    names = {}
    with operator.app.app_context(), engine.transaction() as session:
        now = session.get_one(Installation, operator.story.installation).created_at
        for name, kind, requested_by, outcome in (
            ("changes", "changes", run_log.SCHEDULE, "done"),
            ("tokens", "tokens", run_log.ENGINE, "done"),
            ("changes olga", "changes", "olga", "done"),
            ("lists schedule stopped", "lists", run_log.SCHEDULE, "stopped"),
        ):
            run = Run(
                company_id=operator.story.company,
                kind=kind,
                requested_by=requested_by,
                started_at=now,
                ended_at=now,
                outcome=outcome,
            )
            session.add(run)
            session.flush()
            names[run.id] = name
    page = operator.page(f"/runs/{query}")
    listed = {int(id) for id in re.findall(r'href="/runs/(\d+)"', page)}
    assert {name for id, name in names.items() if id in listed} == listed_names
    exported = operator.get(f"/runs/export?format=json{query.replace('?', '&')}").json
    assert {row["id"] for row in exported} & set(names) == listed & set(names)


@pytest.mark.row("CT-S19")
def test_lists_that_enabling_put_into_the_app_are_the_last_download_too(operator: Visitor) -> None:
    with operator.app.app_context(), engine.transaction() as session:
        installation = session.get_one(Installation, operator.story.installation)
        audit.record(
            session,
            "arne",
            act_log.LISTS_PUSHED_ACTION,
            act_log.format_audit_subject(installation),
            supplier=5,
        )
    page = operator.page(f"/installations/{operator.story.installation}/")
    master = page[page.index("Master data") :]
    assert "by arne, when the app was enabled" in master
    assert "Refresh master data now" in master


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("oda", "put into it: first by this button, then every night."),
        ("vera", "put into it every night."),
    ],
)
def test_the_text_about_lists_names_the_button_only_where_it_is(
    visitor: Visitor, name: str, sentence: str
) -> None:
    visitor.log_in(name)
    page = visitor.page(f"/installations/{visitor.story.installation}/")
    master = page[page.index("Master data") :].partition("</section>")[0]
    assert sentence in master
    assert ("<button" in master) == (name == "oda")


def test_a_disabled_app_does_not_say_that_it_collects(operator: Visitor) -> None:
    here = f"/installations/{operator.story.installation}/"
    assert "Collects on schedule; nothing is posted until a person" in operator.page(here)
    with operator.app.app_context(), engine.transaction() as session:
        session.get_one(Installation, operator.story.installation).enabled = False
    page = operator.page(here)
    assert "Nothing runs while the app is disabled. Enable it again under Settings." in page
    assert "on schedule" not in page


def test_a_paused_app_asks_nobody_to_run_it(operator: Visitor) -> None:
    request = "Press Run now to collect the first documents."
    with operator.app.app_context(), engine.transaction() as session:
        company = add_company(session, "9130002", "Fjord & Sons Construction")
        installation_id = add_installation(session, company).id
    assert request in operator.page(f"/installations/{installation_id}/")
    with operator.app.app_context(), engine.transaction() as session:
        session.get_one(Installation, installation_id).mode = "paused"
    assert request not in operator.page(f"/installations/{installation_id}/")


@pytest.mark.parametrize(
    ("requester", "words"),
    [("schedule", "the schedule"), ("engine", "the hub"), ("webhook", "a webhook")],
)
def test_a_run_that_no_person_asked_for_says_so_in_words(
    operator: Visitor, requester: str, words: str
) -> None:
    id = operator.story.runs["done"]
    with operator.app.app_context(), engine.transaction() as session:
        session.get_one(Run, id).requested_by = requester
    assert f"<dd>{words}</dd>" in operator.page(f"/runs/{id}")
    assert f">{words}</td>" in operator.page("/runs/")
