"""Enabling an app: nothing is stored before settings, source and account are verified."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from hub import outbox, sources
from hub.collect.run import collect
from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.errors import NeedsAttention, NotFound, NotNow, OtherTenant, Refused, SettingsInvalid
from hub.installations import act_log
from hub.installations import enable as installations_enable
from hub.models import AuditEntry, Cursor, Installation, Match, Posting, SourceDocument
from hub.models.enums import PostingState
from hub.scheduling import runner
from hub.security.secrets import SiteSecrets
from qbo_sandbox.kit import Fault
from qbo_sandbox.kit.wsgi import WSGIAdapter

URL = "http://costtracker.test"
EVERY_MINUTE = f"{','.join(map(str, range(60)))} * * * *"


@pytest.fixture
def costtracker(quickbooks):
    stand_in = current_hub().plugins.open_stand_in("costtracker", folder=None, documents=8, seed=1)
    current_hub().mounts[URL] = WSGIAdapter(stand_in.wsgi, URL)
    return stand_in


@pytest.fixture
def settings(costtracker):
    return {**costtracker.settings(URL), "payable_account": "Accounts Payable (A/P)"}


def stored_installation():
    with read_only_session() as session:
        return session.scalars(select(Installation)).one_or_none()


def enable(settings, **options):
    return installations_enable.enable(1, "costtracker", settings, who="kari", **options)


def test_an_app_starts_in_review_bound_to_its_account(settings):
    row = enable(
        {**settings, "start_date": "2026-01-31", "schedule": "30 6 * * 1-5", "zone": "Europe/Oslo"}
    )
    assert (row.mode, row.owner, row.tenant_name) == ("review", "kari", "Fjord & Fjell Bygg AS")
    assert (row.start_date.isoformat(), row.schedule, row.zone) == (
        "2026-01-31",
        "30 6 * * 1-5",
        "Europe/Oslo",
    )


@pytest.fixture
def during_next_check(monkeypatch):
    """Return a function that lets something happen while the next settings are tried."""
    check = sources.check

    def arrange(act):
        def check_later(*args, **options):
            monkeypatch.setattr(sources, "check", check)
            act()
            return check(*args, **options)

        monkeypatch.setattr(sources, "check", check_later)

    return arrange


@pytest.fixture
def enable_meanwhile(settings, during_next_check):
    """Return a function that lets a person enable the app while the next settings are tried."""

    def arrange(who):
        during_next_check(lambda: installations_enable.enable(1, "costtracker", settings, who=who))

    return arrange


def test_a_form_that_is_sent_twice_enables_the_app_once(settings, enable_meanwhile):
    enable_meanwhile("kari")
    assert enable({**settings, "schedule": "2h"}).schedule == "2h"
    assert stored_installation().schedule == "2h"


def test_an_app_that_another_person_enabled_in_the_meantime_stays_theirs(
    settings, enable_meanwhile
):
    enable_meanwhile("ola")
    with pytest.raises(Refused, match="CostTracker was enabled by ola in the meantime"):
        enable({**settings, "schedule": "2h"})
    row = stored_installation()
    assert (row.owner, row.schedule == "2h") == ("ola", False)


def test_secrets_are_sealed_and_choices_kept_by_id(settings):
    row = enable(settings)
    assert "client_secret" not in row.settings
    assert SiteSecrets(row.id)["client_secret"] == settings["client_secret"]
    assert row.settings["payable_account"].isdigit()


@pytest.mark.parametrize(
    ("wrong", "name", "says"),
    [
        ({"client_sceret": "x"}, "client_sceret", "The nearest name is client_secret"),
        ({"schedule": "often"}, "schedule", "isn't a valid schedule"),
        ({"schedule": EVERY_MINUTE}, "schedule", "at most 100 characters"),
        ({"zone": "Oslo"}, "zone", "isn't a valid time zone"),
        ({"start_date": "soon"}, "start_date", "Write it like 2026-01-31"),
        ({"payable_account": "Petty cash"}, "payable_account", "no “Petty cash” in the list"),
    ],
)
def test_an_invalid_setting_is_named_and_nothing_is_stored(settings, wrong, name, says):
    with pytest.raises(SettingsInvalid, match=says) as error:
        enable(settings | wrong)
    assert (list(error.value.fields), stored_installation()) == ([name], None)


def test_keys_that_the_source_refuses_are_not_kept(settings):
    with pytest.raises(NeedsAttention, match="does not accept the client id and secret"):
        enable(settings | {"client_secret": "wrong"})
    assert stored_installation() is None


def test_a_change_keeps_the_other_settings(settings):
    enable(settings)
    row = installations_enable.change(
        1, "costtracker", {"attach_files": False, "schedule": "2h"}, who="ola", mode="auto"
    )
    assert (row.settings["attach_files"], row.schedule, row.mode, row.owner) == (
        False,
        "2h",
        "auto",
        "kari",
    )
    assert SiteSecrets(row.id)["client_secret"] == settings["client_secret"]


CONFLICTS = {
    "a setting": lambda: change({"attach_files": False}),
    "the mode": lambda: change({}, mode="paused"),
    "disabled": lambda: installations_enable.disable(1, "costtracker", who="ola"),
}


def change(answers, **options):
    return installations_enable.change(1, "costtracker", answers, who="ola", **options)


@pytest.mark.parametrize("conflict", CONFLICTS)
def test_a_change_made_during_the_test_of_settings_is_not_overwritten(
    settings, during_next_check, conflict
):
    enable(settings)
    during_next_check(CONFLICTS[conflict])
    with pytest.raises(NotNow, match="settings of CostTracker were changed in the meantime"):
        change({**settings, "schedule": "2h"}, mode="auto")
    row = stored_installation()
    assert row.schedule != "2h"
    assert (not row.settings["attach_files"]) == (conflict == "a setting")
    assert row.mode == ("paused" if conflict == "the mode" else "review")
    assert row.enabled == (conflict != "disabled")


def test_a_change_that_is_sent_twice_is_no_conflict(settings, during_next_check):
    enable(settings)
    answers = {**settings, "attach_files": False, "schedule": "2h"}
    during_next_check(lambda: change(answers, mode="auto"))
    row = change(answers, mode="auto")
    assert (row.settings["attach_files"], row.schedule, row.mode) == (False, "2h", "auto")


def test_an_invalid_change_changes_nothing(settings):
    enable(settings)
    with pytest.raises(NeedsAttention):
        installations_enable.change(1, "costtracker", {"client_secret": "wrong"}, who="ola")
    assert SiteSecrets(stored_installation().id)["client_secret"] == settings["client_secret"]


def test_another_account_at_the_source_is_refused(settings):
    enable(settings)
    with transaction() as session:
        session.scalars(select(Installation)).one().tenant = "another"
    with pytest.raises(OtherTenant):
        installations_enable.change(
            1, "costtracker", {"client_id": settings["client_id"]}, who="ola"
        )


@pytest.mark.row("CT-S19")
def test_the_lists_are_put_into_the_source_and_linked(settings):
    row = enable(settings)
    counts = installations_enable.push_first_lists(row)
    assert counts["supplier"] > 30
    with read_only_session() as session:
        assert session.scalar(
            select(Match).where(Match.field == "supplier", Match.match_method == "link")
        )
        assert session.scalar(
            select(AuditEntry).where(AuditEntry.what == act_log.LISTS_PUSHED_ACTION)
        ).detail == {**counts, "installation": row.id}


def test_another_first_day_rereads_everything_and_keeps_deletions(settings):
    row = enable({**settings, "start_date": "2026-01-31"})
    with transaction() as session:
        session.add(Cursor(installation_id=row.id, stream="", value="A"))
        session.add(Cursor(installation_id=row.id, stream="rental:deletions", value="B"))
    installations_enable.change(1, "costtracker", {"schedule": "1h"}, who="kari")
    with read_only_session() as session:
        assert set(session.scalars(select(Cursor.value))) == {"A", "B"}
    installations_enable.change(1, "costtracker", {"start_date": "2026-01-01"}, who="kari")
    with read_only_session() as session:
        assert session.scalars(select(Cursor.value)).all() == ["B"]


def test_a_start_date_that_is_emptied_leaves_nothing_out(settings):
    enable({**settings, "start_date": "2026-01-31"})
    installations_enable.change(1, "costtracker", {"schedule": "1h"}, who="kari")
    assert stored_installation().start_date is not None
    installations_enable.change(1, "costtracker", {"start_date": ""}, who="kari")
    assert stored_installation().start_date is None


def test_disabling_keeps_the_settings(settings):
    row = enable(settings)
    installations_enable.disable(1, "costtracker", who="ola")
    assert (stored_installation().enabled, stored_installation().settings) == (False, row.settings)


def test_every_act_is_in_the_audit_log(settings):
    enable(settings)
    installations_enable.disable(1, "costtracker", who="ola")
    with read_only_session() as session:
        rows = [
            (entry.who, entry.what)
            for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        ]
    assert rows[-2:] == [("kari", "app enabled"), ("ola", "app disabled")]


@pytest.mark.row("ON-S2", "ON-B15")
@pytest.mark.end_to_end
def test_the_apps_own_switch_stops_automatic_posting_and_resumes_it(settings, monkeypatch):
    apps = current_hub().plugins.apps
    monkeypatch.setitem(apps, "costtracker", replace(apps["costtracker"], automatic="attach_files"))
    row = enable({**settings, "attach_files": False}, mode="auto")
    installations_enable.push_first_lists(row)
    states = []
    for on in (None, True, False):
        if on is not None:
            installations_enable.change(1, "costtracker", {"attach_files": on}, who="olga")
        collect(row.id)
        with read_only_session() as session:
            rows = session.scalars(select(Posting).where(Posting.operation == "create")).all()
        states.append({(row.state, row.approved_by) for row in rows if not row.held_by})
    assert states == [{("review", None)}, {("ready", "olga")}, {("ready", "olga")}]


def test_an_unknown_app_is_answered_with_the_near_one(quickbooks):
    with pytest.raises(NotFound, match="Did you mean costtracker"):
        installations_enable.enable(1, "costracker", {}, who="kari")


@pytest.mark.parametrize("answers", [{"start_date": "2030-01-01"}, {"zone": "Pacific/Auckland"}])
def test_waiting_documents_are_read_again_after_a_new_start_date_or_zone(
    settings, costtracker, answers
):
    row = enable({**settings, "start_date": "2025-01-01"}, mode="review")
    installations_enable.push_first_lists(row)
    runner.sync(row.id, requested_by="kari")
    installations_enable.change(1, "costtracker", answers, who="kari")
    with transaction() as session:
        assert outbox.approve_all(session, row.id, "kari")
    costtracker.wsgi.faults.add(Fault.read({"kind": "status", "status": 503, "count": 0}))
    runner.sync(row.id, requested_by="kari")
    assert posted_documents() == 0, "the source cannot be read"

    costtracker.wsgi.faults.clear()
    runner.sync(row.id, requested_by="kari")
    assert (posted_documents() == 0) is ("start_date" in answers)


def posted_documents():
    """Return how many documents of the source are posted."""
    query = select(func.count()).select_from(Posting).join(SourceDocument)
    query = query.where(SourceDocument.made_for == "", Posting.state == PostingState.POSTED)
    with read_only_session() as session:
        return session.scalar(query)
