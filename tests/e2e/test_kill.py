"""Tests of a hub killed at any moment of a run: the next run leaves the same books."""

import random
import re
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing

import pytest

from hub import config, demo
from hub.app import create_app
from hub.context import current_hub
from hub.db import engine
from tests.support.runs.tiers import by_form

pytestmark = pytest.mark.proof(small=0)
PARTS, KILLS = by_form(small=(1, 40), full=(1, 8), long=(4, 50))
DOCUMENTS, DOCUMENTS_OF_OTHERS = by_form(small=(20, 2), full=(40, 8), long=(120, 24))
LARGEST_APP = "costtracker"  # the app with more documents than the others
SHORT = {"HUB_DEADLINE_SECONDS": "2", "HUB_LEASE_SECONDS": "2.5", "HUB_QUIET_SECONDS": "3"}
MARKER = re.compile(r"\[hub:([A-Z2-7]{12})\]")
KINDS = (
    "Bill",
    "VendorCredit",
    "Purchase",
    "PurchaseOrder",
    "Invoice",
    "CreditMemo",
    "Payment",
    "Deposit",
)
PAST_DOUBT_SECONDS = (
    60  # seconds to advance QuickBooks' clock, past the time limit of a killed process's doubt
)
DELAYS_AFTER_START, DELAYS_AFTER_CLAIM = (
    (0.0, 0.3),
    (0.0, 0.05),
)  # range of the delay before a kill, after the start or after the first claim


@pytest.mark.parametrize("part", range(1, PARTS + 1))
def test_kills_at_any_moment_leave_the_books_that_an_undisturbed_run_leaves(
    hub, stand_in, figure, part
):
    hub.environ |= SHORT
    hub.run("init")
    sources = []
    apps = _enable_all_apps(
        hub, lambda *args: sources.append(stand_in(*args)) or sources[-1], seed=10 + part
    )
    kills = _kill_often(hub, sources, apps, random.Random(6 + part))
    figure(
        f"kills of a hub syncing all its apps, the books right afterwards, part {part} of {PARTS}",
        kills,
        KILLS,
    )
    figure(f"sends left in doubt by these kills, part {part} of {PARTS}", _count_doubts(hub), KILLS)
    code, report, errors = hub.sync()
    assert code == 3, errors
    if _has_open_documents(report):  # an answer took longer than the short deadline
        hub.sync()
    last_attempt = _get_last_attempt(hub)
    _, report, _ = hub.sync()
    assert _list_attempts(hub, after=last_attempt) == []
    assert set(report["apps"]) == apps
    for slug, app in report["apps"].items():
        assert (app["unknown"], app["waiting"], app["requests"]["writes"]) == (0, 0, 0), slug
        assert all(
            sums["source"] == sums["posted"] == sums["quickbooks"] for sums in app["sums"].values()
        )
    assert _count_markers(hub) == (_count_posted(hub), 1)


def _has_open_documents(report):
    """Return whether a run left documents in doubt or waiting for the next one."""
    return any(app["unknown"] or app["waiting"] for app in report["apps"].values())


def _get_last_attempt(hub):
    """Return the id of the newest send."""
    with closing(sqlite3.connect(hub.folder / "data" / "hub.db")) as database:
        return database.execute("select max(id) from attempt").fetchone()[0]


def _list_attempts(hub, after):
    """Return each send after an id, with the results of earlier sends of its posting."""
    query = """
        select posting.kind, posting.operation, posting.number, attempt.outcome, attempt.text,
            (select group_concat(coalesce(earlier.outcome, 'none') || ' ' || earlier.text, '; ')
             from attempt earlier where earlier.posting_id = posting.id and earlier.id <= :after)
        from attempt join posting on posting.id = attempt.posting_id where attempt.id > :after
    """
    with closing(sqlite3.connect(hub.folder / "data" / "hub.db")) as database:
        return database.execute(query, {"after": after}).fetchall()


def _enable_all_apps(hub, stand_in, seed):
    """Enable every app on a stand-in of its own, for the company of its country."""
    with create_app(config.load(hub.environ)).app_context():
        plugins = current_hub().plugins
        companies = {
            connected_company.country: connected_company
            for connected_company in map(demo.connect, hub.quickbooks.ask("books"))
        }
        slugs = {slug for slug in plugins.apps if plugins.has(slug, "hub_sandbox")}
        for slug in sorted(slugs):
            stand_in_app = plugins.open_stand_in(slug, folder=None, documents=1, seed=0)
            many = DOCUMENTS if slug == LARGEST_APP else DOCUMENTS_OF_OTHERS
            url = stand_in(slug, "--documents", str(many), "--seed", str(seed)).url
            settings = dict(stand_in_app.settings(url))
            if slug == "autotask-invoices":
                settings["numbering"] = "autotask_id"  # the company does not number invoices itself
            company = companies.get(stand_in_app.country, next(iter(companies.values())))
            demo.enable(company, slug, settings)
        engine.db.engine.dispose()
    return slugs


def _kill_often(hub, sources, apps, chance):
    """Kill syncs of one app or all, at any time or while sending; return the number of kills.

    A send that loses its answer five times is a case for a person. So of the syncs of an app only
    every third one is killed while sending.
    """
    kills = 0
    whats = [*([slug] for slug in sorted(apps, key=LARGEST_APP.__ne__)), []]
    for turn in range(2 * KILLS):
        lap, place = divmod(turn, len(whats))
        what = whats[place]
        sign, within = _count_runs, DELAYS_AFTER_START
        if (lap + place) % 3 == 0:
            sign, within = _claims, DELAYS_AFTER_CLAIM
        before = sign(hub)
        started = hub.fork_server.start("sync", *what, "--json", environ=hub.environ)
        while hub.fork_server.poll(started) is None and sign(hub) == before:
            time.sleep(0.005)
        time.sleep(chance.uniform(*within))
        kills += hub.fork_server.kill(started) == -signal.SIGKILL
        if kills == KILLS:
            break
        for server in (hub.quickbooks, *sources):
            server.pass_time(PAST_DOUBT_SECONDS)
    return kills


def _count_runs(hub):
    """Return the number of runs started."""
    with closing(sqlite3.connect(hub.folder / "data" / "hub.db")) as database:
        return database.execute("select count(*) from run").fetchone()


def _count_doubts(hub):
    """Return the number of sends interrupted by a kill."""
    with closing(sqlite3.connect(hub.folder / "data" / "hub.db")) as database:
        return database.execute("select count(*) from attempt where ended_at is null").fetchone()[0]


def _count_posted(hub):
    """Return the number of documents posted; list entries carry no marker and are not counted."""
    condition = (
        "state = 'posted' and operation = 'create' and kind not in ('vendor', 'customer', 'item')"
    )
    with closing(sqlite3.connect(hub.folder / "data" / "hub.db")) as database:
        return database.execute(
            f"select count(distinct document_id) from posting where {condition}"
        ).fetchone()[0]


def _claims(hub):
    """Return the claims of sends of each company: the bytes of the next send follow a change."""
    return [
        file.read_text()
        for file in sorted((hub.folder / "data" / "sends").glob("*"))
        if file.suffix != ".draft"
    ]


def _count_markers(hub):
    """Return the number of different markers in the books, and the highest count of one marker."""
    books = hub.quickbooks.ask("books").values()
    rows = [row for company_books in books for kind in KINDS for row in company_books.get(kind, ())]
    marks: Counter[str] = Counter()
    for row in rows:
        marks.update(MARKER.findall(row.get("PrivateNote") or ""))
    return len(marks), max(marks.values())
