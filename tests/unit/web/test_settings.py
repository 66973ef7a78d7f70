"""Enabling an app and changing its settings with a generated form."""

import datetime as dt
import re
from decimal import Decimal
from html import escape, unescape

import pytest
from sqlalchemy import select

from hub.contract import settings_schema
from hub.db.engine import read_only_session, transaction
from hub.installations import enable
from hub.models import (
    AuditEntry,
    ConnectedCompany,
    Cursor,
    Installation,
    Run,
    Secret,
    SourceDocument,
)
from hub.security.secrets import SiteSecrets
from hub.testing.clock import FakeClock
from hub.web.apps import setting_preview
from tests.support.pages.costtracker_pages import ENABLE_PAGE, OWN, settings_form
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import PASSWORD, add_company, add_installation


@pytest.mark.row("CT-S13")
@pytest.mark.row("CT-S23")
@pytest.mark.end_to_end("connection")
def test_an_app_is_enabled_with_its_account_checked_and_shown(connected_visitor: Visitor) -> None:
    page = connected_visitor.press(ENABLE_PAGE, **settings_form(connected_visitor))
    row = connected_visitor.row(Installation, 1)
    assert f"CostTracker is enabled; {escape(row.tenant_name)} answers." in page
    assert (row.mode, row.owner, row.zone) == ("review", "olga", "Europe/Oslo")
    assert row.settings["transfer_locations"] is False


def test_the_next_app_is_offered_the_time_zone_of_the_first(connected_visitor: Visitor) -> None:
    zone = re.compile(r'name="zone"[^>]* value="([^"]+)"')
    before = zone.findall(connected_visitor.page("/apps/ontraccr/1/configure"))
    connected_visitor.press(ENABLE_PAGE, **settings_form(connected_visitor))
    assert (before, zone.findall(connected_visitor.page("/apps/ontraccr/1/configure"))) == (
        ["UTC"],
        ["Europe/Oslo"],
    )


START_DATE = re.compile(r'name="start_date"\s+value="([^"]*)"')


def test_a_new_app_is_suggested_to_begin_today_in_its_zone(
    connected_visitor: Visitor, clock: FakeClock
) -> None:
    clock.set(dt.datetime(2026, 3, 2, 11, 30, tzinfo=dt.UTC))
    connected_visitor.log_in("olga")
    assert START_DATE.findall(connected_visitor.page(ENABLE_PAGE)) == ["2026-03-02"]
    form = settings_form(connected_visitor, start_date="2026-03-02", zone="Pacific/Auckland")
    connected_visitor.press(ENABLE_PAGE, **form)
    assert START_DATE.findall(connected_visitor.page("/installations/1/settings")) == ["2026-03-02"]
    assert START_DATE.findall(connected_visitor.page("/apps/ontraccr/1/configure")) == [
        "2026-03-03"
    ]


def test_a_start_date_that_was_emptied_is_not_suggested_again(connected_visitor: Visitor) -> None:
    answer = connected_visitor.post(
        ENABLE_PAGE, **settings_form(connected_visitor, start_date="", schedule="often")
    )
    assert START_DATE.findall(answer.text) == [""]


@pytest.mark.parametrize(
    ("start", "warning"),
    [("2026-03-02", ""), ("2026-03-01", "from 01 Mar 2026 on"), ("", "of any date")],
)
def test_a_start_date_in_the_past_is_warned_of(
    connected_visitor: Visitor, start: str, warning: str
) -> None:
    page = connected_visitor.press(
        ENABLE_PAGE, **settings_form(connected_visitor, start_date=start)
    )
    assert (f"Documents {warning} will be posted." in page) == bool(warning)
    again = connected_visitor.press_save(
        "/installations/1/settings", **settings_form(connected_visitor, start_date=start)
    )
    assert "will be posted." not in again


def test_a_demo_suggests_the_date_of_the_first_document(visitor: Visitor) -> None:
    object.__setattr__(visitor.app.extensions["hub"], "is_demo", True)
    visitor.log_in("olga")
    with visitor.app.app_context(), transaction() as session:
        company = add_company(session, "9130002", "Another AS")
        session.scalars(select(SourceDocument)).first().date = dt.date(2026, 1, 7)
    page = visitor.page(f"/apps/costtracker/{company.id}/configure")
    assert START_DATE.findall(page) == ["2026-01-07"]
    assert START_DATE.findall(visitor.page(f"/apps/ontraccr/{company.id}/configure")) == [""]


@pytest.mark.row("CT-S23")
def test_only_payable_accounts_are_offered_as_credit_account(connected_visitor: Visitor) -> None:
    page = connected_visitor.page(ENABLE_PAGE)
    select = page[
        page.index('id="payable_account"') : page.index(
            "</select>", page.index('id="payable_account"')
        )
    ]
    assert select.count("<option") == 1


def test_test_connection_says_what_answers_and_keeps_nothing(connected_visitor: Visitor) -> None:
    page = connected_visitor.post(ENABLE_PAGE, **settings_form(connected_visitor), test="1").text
    assert "The connection works:" in page
    assert "Nothing is saved yet" in page
    assert connected_visitor.get("/installations/1/").status_code == 404


def test_wrong_keys_are_reported_and_the_form_keeps_its_values(connected_visitor: Visitor) -> None:
    answer = connected_visitor.post(
        ENABLE_PAGE, **settings_form(connected_visitor, client_secret="wrong", schedule="2h")
    )
    assert answer.status_code == 400
    assert 'role="status"' in answer.text
    assert 'value="2h"' in answer.text
    assert connected_visitor.get("/installations/1/").status_code == 404


@pytest.mark.row("CT-S22")
@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("payable_account", "", "This is needed."),
        ("base_url", "not an address", "Not a valid URL."),
        ("schedule", "often", "isn't a valid schedule"),
        ("zone", "Mars/Olympus", "isn't a valid time zone"),
        ("start_date", "31.01.2026", "isn't a valid date"),
    ],
)
def test_an_invalid_value_is_reported_beside_its_question(
    connected_visitor: Visitor, field: str, value: str, message: str
) -> None:
    answer = connected_visitor.post(
        ENABLE_PAGE, **settings_form(connected_visitor, **{field: value})
    )
    assert answer.status_code == 400
    about = answer.text[answer.text.index(f'id="{field}-about"') :][:700]
    assert message in about.replace("&#39;", "'")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("base_url", "not an address", "Ikke en gyldig adresse."),
        ("start_date", "31.01.2026", "er ikke en gyldig dato. Skriv den som 2026-01-31."),
    ],
)
def test_an_invalid_value_is_reported_in_the_language_of_the_page(
    connected_visitor: Visitor, field: str, value: str, message: str
) -> None:
    connected_visitor.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "nb-NO"
    answer = connected_visitor.post(
        ENABLE_PAGE, **settings_form(connected_visitor, **{field: value})
    )
    assert answer.status_code == 400
    about = answer.text[answer.text.index(f'id="{field}-about"') :][:700]
    assert message in about


def test_a_secret_left_empty_is_kept_and_never_shown(connected_visitor: Visitor) -> None:
    form = settings_form(connected_visitor)
    connected_visitor.press(ENABLE_PAGE, **form)
    page = connected_visitor.page("/installations/1/settings")
    assert form["client_secret"] not in page
    assert "Leave empty to keep it" in page
    connected_visitor.press_save(
        "/installations/1/settings", **{**form, "client_secret": "", "mode": "auto"}
    )
    assert connected_visitor.row(Installation, 1).mode == "auto"
    with connected_visitor.app.app_context():
        assert SiteSecrets(1)["client_secret"] == form["client_secret"]


def test_everything_is_read_again_after_a_tick(connected_visitor: Visitor) -> None:
    here = "/installations/1/"
    connected_visitor.press(ENABLE_PAGE, **settings_form(connected_visitor))
    with connected_visitor.app.app_context(), transaction() as session:
        session.add_all(
            Cursor(installation_id=1, stream=stream, value="A") for stream in ("", "deletions")
        )
    assert f'action="{here}from-start"' in connected_visitor.page(here)
    connected_visitor.press(f"{here}from-start")
    assert _list_streams(connected_visitor) == ["", "deletions"]
    page = connected_visitor.press(f"{here}from-start", sure="1")
    assert "The next sync reads everything again." in page
    assert _list_streams(connected_visitor) == ["deletions"]
    assert "from the beginning" in connected_visitor.page("/audit/")
    connected_visitor.press("/installations/1/disable", sure="1")
    assert f'action="{here}from-start"' not in connected_visitor.page(here)
    assert "It is disabled." in connected_visitor.press(f"{here}from-start", sure="1")


def _list_streams(visitor: Visitor) -> list[str]:
    with visitor.app.app_context(), read_only_session() as session:
        return sorted(session.scalars(select(Cursor.stream)))


def test_disabling_keeps_settings_and_says_so(connected_visitor: Visitor) -> None:
    connected_visitor.press(ENABLE_PAGE, **settings_form(connected_visitor))
    assert "kept" in connected_visitor.press("/installations/1/disable", sure="1")
    row = connected_visitor.row(Installation, 1)
    assert (row.enabled, bool(row.settings)) == (False, True)


def test_a_page_that_shows_an_app_as_enabled_does_not_enable_it_again(
    connected_visitor: Visitor,
) -> None:
    here = "/installations/1/settings"
    form = settings_form(connected_visitor)
    connected_visitor.press(ENABLE_PAGE, **form)
    page = connected_visitor.page(here)
    assert '<input type="hidden" name="shown_enabled" value="1">' in page
    connected_visitor.press("/installations/1/disable", sure="1")
    answer = connected_visitor.save(here, **form, shown_enabled="1")
    assert answer.status_code == 400
    assert "Not saved. CostTracker was disabled in the meantime." in answer.text
    assert not connected_visitor.row(Installation, 1).enabled

    page = connected_visitor.page(here)
    assert "shown_enabled" not in page
    assert "Enable CostTracker</button>" in page
    assert "CostTracker is enabled" in connected_visitor.press_save(here, **form)
    assert connected_visitor.row(Installation, 1).enabled
    assert "Enable CostTracker</button>" not in connected_visitor.page(here)


def test_an_app_owner_changes_only_what_is_theirs(visitor: Visitor) -> None:
    here = f"/installations/{visitor.story.installation}"
    visitor.log_in("arne")
    page = visitor.press(f"{here}/owner", owner="olga")
    assert "olga now owns this app" in page
    assert visitor.post(f"{here}/settings", **OWN).status_code == 403
    assert "olga or an owner of the hub may change them" in visitor.page(f"{here}/settings")
    assert visitor.row(AuditEntry, 2).what == "app handed over"


NEXT = "Next: download the master data.</p>"


@pytest.mark.row("CT-S18")
@pytest.mark.end_to_end("connection")
def test_after_enabling_the_first_download_is_one_press_away(connected_visitor: Visitor) -> None:
    page = connected_visitor.press(ENABLE_PAGE, **settings_form(connected_visitor))
    assert "Download master data now" in page
    assert "Last: never" in page
    assert NEXT in connected_visitor.page("/installations/1/")
    assert "Lists of QuickBooks" in connected_visitor.press("/installations/1/lists")
    page = connected_visitor.page("/installations/1/")
    assert "Refresh master data now" in page
    assert NEXT not in page


def test_lists_are_put_into_the_app_again_once_its_settings_changed_and_only_then(
    connected_visitor: Visitor,
) -> None:
    form = settings_form(connected_visitor)
    connected_visitor.press(ENABLE_PAGE, **form)
    kinds = []
    for changes in ({}, {"transfer_locations": "1"}):
        connected_visitor.press_save("/installations/1/settings", **{**form, **changes})
        with connected_visitor.app.app_context(), read_only_session() as session:
            kinds.append(sorted(session.scalars(select(Run.kind)).all()))
    assert kinds == [["sync"], ["lists", "sync"]]


SHOWN_DRAFT = re.compile(r'name="draft" value="([^"]+)"')


def _resend(answer: str, form: dict[str, str], **more: str) -> dict[str, str]:
    """Return the form as a browser sends it the next time, with empty password fields."""
    match = SHOWN_DRAFT.search(answer)
    return {**form, "client_secret": "", "draft": match[1] if match else "", **more}


@pytest.mark.parametrize("first", [{"test": "1"}, {"schedule": "often"}])
def test_a_secret_that_was_typed_is_kept_until_the_form_is_saved(
    connected_visitor: Visitor, first: dict[str, str]
) -> None:
    form = settings_form(connected_visitor)
    answer = connected_visitor.post(ENABLE_PAGE, **{**form, **first}).text
    assert form["client_secret"] not in answer
    assert "Entered, not saved yet. Leave empty to keep it." in answer
    page = connected_visitor.press(ENABLE_PAGE, **_resend(answer, form))
    assert "CostTracker is enabled" in page
    with connected_visitor.app.app_context(), read_only_session() as session:
        assert SiteSecrets(1)["client_secret"] == form["client_secret"]
        assert not session.scalars(select(Secret.place).where(Secret.place.like("form:%"))).all()


def test_a_kept_secret_is_sealed_and_sent_to_no_other_address(connected_visitor: Visitor) -> None:
    form = settings_form(connected_visitor)
    answer = connected_visitor.post(ENABLE_PAGE, **form, test="1").text
    with connected_visitor.app.app_context(), read_only_session() as session:
        row = session.scalars(select(Secret).where(Secret.place.like("form:%"))).one()
        assert form["client_secret"].encode() not in row.sealed
    again = connected_visitor.post(
        ENABLE_PAGE, **_resend(answer, form, base_url="http://elsewhere.test")
    )
    about = again.text[again.text.index('id="client_secret-about"') :][:400]
    assert (again.status_code, "Enter this again: the address has changed" in about) == (400, True)


def test_a_secret_that_its_app_can_do_without_is_not_dropped_silently(
    connected_visitor: Visitor,
) -> None:
    form = settings_form(connected_visitor, webhook_secret="a-secret-of-calls")
    elsewhere = {**form, "base_url": "http://elsewhere.test", "zone": "Mars/Olympus"}
    answer = connected_visitor.post(ENABLE_PAGE, **elsewhere).text
    corrected = {**_resend(answer, form), "webhook_secret": "", "payable_account": ""}
    corrected["client_secret"] = form["client_secret"]
    again = connected_visitor.post(ENABLE_PAGE, **corrected)
    assert again.status_code == 400
    for field, message in (
        ("webhook_secret", "Enter this again: the address has changed"),
        ("payable_account", "This is needed."),
    ):
        about = again.text[again.text.index(f'id="{field}-about"') :][:400]
        assert message in about


def test_a_kept_secret_is_forgotten_after_half_an_hour(
    connected_visitor: Visitor, clock: FakeClock
) -> None:
    form = settings_form(connected_visitor)
    answer = connected_visitor.post(ENABLE_PAGE, **form, test="1").text
    for seconds in (900, 901):
        clock.advance(seconds)
        connected_visitor.page("/")
    again = connected_visitor.post(ENABLE_PAGE, **_resend(answer, form))
    assert (again.status_code, "This is needed." in again.text) == (400, True)


@pytest.mark.parametrize("how", ["another token", "logged out", "after half a day"])
def test_a_form_that_was_open_too_long_is_shown_again_with_its_values(
    connected_visitor: Visitor, clock: FakeClock, how: str
) -> None:
    form = settings_form(connected_visitor, schedule="3h")
    if how == "after half a day":
        clock.advance(13 * 3600)
    elif how == "logged out":
        connected_visitor.post("/logout")
    token = {"csrf_token": "x"} if how == "another token" else {}
    answer = connected_visitor.post(ENABLE_PAGE, **form, **token)
    assert answer.status_code in (302, 303)
    if how != "another token":
        login = connected_visitor.get(answer.location, follow_redirects=True)
        assert "Log in" in login.text
        address = re.search(r'<form action="([^"]+)"', login.text)
        assert address
        answer = connected_visitor.log_in("olga", next=unescape(address[1]))
    page = connected_visitor.page(answer.location)
    assert "Check it and save it again." in page
    assert 'value="3h"' in page
    assert form["client_secret"] not in page


def test_a_form_that_another_site_sends_is_not_kept(connected_visitor: Visitor) -> None:
    sent = {**settings_form(connected_visitor), "csrf_token": "x"}
    headers = {"Origin": "https://elsewhere.test"}
    assert connected_visitor.client.post(ENABLE_PAGE, data=sent, headers=headers).status_code == 400
    with connected_visitor.app.app_context(), read_only_session() as session:
        assert not session.scalars(select(Secret.place).where(Secret.place.like("form:%"))).all()


def test_changed_settings_are_recorded_field_by_field_without_secrets(
    connected_visitor: Visitor,
) -> None:
    form = settings_form(connected_visitor)
    connected_visitor.press(ENABLE_PAGE, **form)
    connected_visitor.press_save(
        "/installations/1/settings", **{**form, "schedule": "2h", "transfer_locations": "1"}
    )
    with connected_visitor.app.app_context(), read_only_session() as session:
        entries = list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    enabled = next(entry.detail["changes"] for entry in entries if entry.what == "app enabled")
    changed = next(entry.detail["changes"] for entry in entries if entry.what == "settings changed")
    assert enabled["client_secret"] == "changed"
    assert "hidden_accounts" not in enabled  # a setting that was left empty
    changed.pop("access_token", None)  # the source may have renewed it meanwhile
    assert changed == {
        "schedule": {"from": "15m", "to": "2h"},
        "transfer_locations": {"from": False, "to": True},
    }
    recorded = " ".join(str(entry.detail) for entry in entries)
    assert form["client_secret"] not in recorded


def test_changed_settings_are_named_and_stay_in_the_history(connected_visitor: Visitor) -> None:
    first_form = settings_form(connected_visitor)
    connected_visitor.press(ENABLE_PAGE, **first_form)
    form = {**first_form, "often": "daily", "daily_at": "06:30", "transfer_locations": "1"}
    page = unescape(connected_visitor.press_save("/installations/1/settings", **form))
    assert "Changed: Schedule: every 15 minutes → at 06:30 every day; " in page
    assert "off → on" in page
    assert connected_visitor.row(Installation, 1).schedule == "30 6 * * *"
    history = unescape(
        connected_visitor.page("/installations/1/settings").partition('id="history"')[2]
    )
    assert "Settings saved" in history
    assert "Schedule: every 15 minutes → at 06:30 every day" in history
    norwegian = connected_visitor.get(
        "/installations/1/settings", headers={"Accept-Language": "nb"}
    )
    translated = unescape(norwegian.text.partition('id="history"')[2])
    assert "Tidsplan: hvert 15. minutt → " in translated
    assert "Kreditkonto: ingen → 2000 Accounts Payable (A/P)" in translated
    assert "Credit account: none → 2000 Accounts Payable (A/P)" in history
    assert "Access token" not in history
    assert "olga" in history
    assert "Client secret changed" in history
    assert first_form["client_secret"] not in history
    again = connected_visitor.press_save("/installations/1/settings", **form)
    assert "Changed:" not in again


def test_the_history_is_that_of_one_app_whatever_its_company_is_called(
    connected_visitor: Visitor,
) -> None:
    connected_visitor.press(ENABLE_PAGE, **settings_form(connected_visitor))

    def read_history() -> str:
        return connected_visitor.page("/installations/1/settings").partition('id="history"')[2]

    with connected_visitor.app.app_context(), transaction() as session:
        session.get_one(ConnectedCompany, 1).name = "Nordvik Bygg og Anlegg AS"
    assert "Enabled" in read_history()
    with connected_visitor.app.app_context():
        with transaction() as session:
            namesake = add_company(session, "9130077", "Nordvik Bygg og Anlegg AS")
            other_id = add_installation(session, namesake).id
        enable.set_mode(other_id, "paused", who="somebody-else")
    assert "Enabled" in read_history()
    assert "somebody-else" not in read_history()


def test_the_history_is_not_for_viewers(connected_visitor: Visitor) -> None:
    connected_visitor.press(ENABLE_PAGE, **settings_form(connected_visitor))
    connected_visitor.post("/logout")
    connected_visitor.log_in("vera")
    assert 'id="history"' not in connected_visitor.page("/installations/1/settings")


def test_fields_to_fix_are_counted_and_linked(connected_visitor: Visitor) -> None:
    form = settings_form(connected_visitor, often="custom", schedule="often", zone="Mars/Olympus")
    page = connected_visitor.post(ENABLE_PAGE, **form).text
    alert = page.partition('role="alert"')[2].partition("</div>")[0]
    assert "Not saved. Please fix 2 fields: " in alert
    assert '<a href="#schedule">How often</a>,' in alert
    assert '<a href="#zone">Time zone</a>.' in alert


def test_all_fields_to_fix_are_named_at_once(connected_visitor: Visitor) -> None:
    wrong = {"base_url": "not an address", "client_id": "", "zone": "Mars/Olympus"}
    form = settings_form(connected_visitor, **wrong)
    page = connected_visitor.post(ENABLE_PAGE, **form).text
    alert = page.partition('role="alert"')[2].partition("</div>")[0]
    assert re.findall(r'href="#(\w+)"', alert) == list(wrong)
    connected_visitor.press(ENABLE_PAGE, **settings_form(connected_visitor))
    page = connected_visitor.post("/installations/1/settings", **form).text
    alert = page.partition('role="alert"')[2].partition("</div>")[0]
    assert set(re.findall(r'href="#(\w+)"', alert)) == {"base_url", "zone"}


def test_a_test_names_the_fields_without_which_nothing_is_tested(
    connected_visitor: Visitor,
) -> None:
    form = settings_form(connected_visitor, client_secret="")
    page = connected_visitor.post(ENABLE_PAGE, **form, test="1").text
    alert = page.partition('role="alert"')[2].partition("</div>")[0]
    assert "Not saved" not in alert
    assert "The connection was not tested. Please fix 1 field: " in " ".join(alert.split())
    assert '<a href="#client_secret">Client secret</a>.' in alert


def test_the_zones_of_the_company_come_first(connected_visitor: Visitor) -> None:
    connected_visitor.press(
        ENABLE_PAGE, **settings_form(connected_visitor, zone="Pacific/Auckland")
    )
    page = connected_visitor.page("/apps/ontraccr/1/configure")
    zones = page.partition('id="zone-list">')[2]
    assert zones.startswith('<option value="Pacific/Auckland">')
    assert zones.count('value="Pacific/Auckland"') == 1


def test_changes_are_shown_and_only_what_was_shown_is_saved(connected_visitor: Visitor) -> None:
    connected_visitor.press(ENABLE_PAGE, **settings_form(connected_visitor))
    form = settings_form(connected_visitor, mode="auto", schedule="2h", start_date="2025-12-01")
    page = unescape(connected_visitor.post("/installations/1/settings", **form).text)
    assert "<li>Mode: Review → Automatic</li>" in page
    assert "<li>Schedule: every 15 minutes → every 2 hours</li>" in page
    assert setting_preview.WITHOUT_REVIEW in page
    assert form["client_secret"] not in page
    assert connected_visitor.row(Installation, 1).mode == "review"
    fields = _hidden(page)
    other = {**fields, "schedule": "3h"}
    assert "every 3 hours" in connected_visitor.post("/installations/1/settings", **other).text
    assert connected_visitor.row(Installation, 1).schedule == "15m"
    assert connected_visitor.post("/installations/1/settings", **fields).status_code == 302
    row = connected_visitor.row(Installation, 1)
    assert (row.mode, row.schedule) == ("auto", "2h")
    with connected_visitor.app.app_context():
        assert SiteSecrets(1)["client_secret"] == form["client_secret"]


def test_the_preview_of_changes_leads_back_to_the_form(connected_visitor: Visitor) -> None:
    connected_visitor.press(ENABLE_PAGE, **settings_form(connected_visitor))
    form = settings_form(connected_visitor, schedule="2h", client_secret="another one")
    fields = _hidden(connected_visitor.post("/installations/1/settings", **form).text)
    page = connected_visitor.post("/installations/1/settings", **fields, edit="1").text
    assert 'value="2h"' in page
    assert "Entered, not saved yet. Leave empty to keep it." in page
    assert connected_visitor.row(Installation, 1).schedule == "15m"


def test_settings_that_do_not_change_are_saved_at_once(connected_visitor: Visitor) -> None:
    connected_visitor.press(ENABLE_PAGE, **settings_form(connected_visitor))
    answer = connected_visitor.post("/installations/1/settings", **settings_form(connected_visitor))
    assert answer.status_code == 302


@pytest.mark.proof(small=2)
@pytest.mark.parametrize(
    ("before", "after", "consequence"),
    [
        ({}, {"start_date": "2026-01-05"}, "Documents from before 05 Jan 2026"),
        ({"start_date": "2026-01-05"}, {"start_date": "2026-01-04"}, "from 04 Jan 2026 on will"),
        ({"start_date": "2026-01-05"}, {"start_date": ""}, "of any date will be posted"),
        ({}, {"mode": "paused"}, "Nothing runs."),
        ({"mode": "auto"}, {"mode": "review"}, "nothing is posted until a person has approved"),
        ({"second_approval_above": "10"}, {"second_approval_above": "20"}, "with one approval"),
        ({}, {"transfer_locations": "1"}, ""),
    ],
)
def test_the_page_names_the_consequences_while_one_edits(
    connected_visitor: Visitor, before: dict[str, str], after: dict[str, str], consequence: str
) -> None:
    connected_visitor.press(ENABLE_PAGE, **settings_form(connected_visitor, **before))
    here = "/installations/1/settings/changes"
    part = connected_visitor.post(here, **settings_form(connected_visitor, **before)).text
    assert part.strip() == ""
    part = unescape(
        connected_visitor.post(here, **settings_form(connected_visitor, **{**before, **after})).text
    )
    assert "What changes" in part
    assert consequence in part
    assert ('class="wrong' in part) == bool(consequence)
    match = re.search(r'name="shown" value="([^"]+)"', part)
    assert match
    form = settings_form(connected_visitor, **{**before, **after}, shown=match[1])
    assert connected_visitor.post("/installations/1/settings", **form).status_code == 302
    if "start_date" in after:
        assert consequence in connected_visitor.page("/installations/1/")


@pytest.mark.parametrize(
    ("values", "sentences"),
    [
        ({"start_date": "2026-03-02"}, []),
        ({"start_date": "2026-03-01"}, ["from 01 Mar 2026 on will be posted"]),
        ({"start_date": "", "mode": "auto"}, [setting_preview.WITHOUT_REVIEW, "of any date"]),
    ],
)
def test_a_new_app_warns_of_what_it_would_post_while_one_edits(
    connected_visitor: Visitor, values: dict[str, str], sentences: list[str]
) -> None:
    part = connected_visitor.post(
        f"{ENABLE_PAGE}/changes", **settings_form(connected_visitor, **values)
    ).text
    assert part.count('class="wrong') == len(sentences)
    for sentence in sentences:
        assert sentence in part
    assert "What changes</strong>" not in part


def test_a_form_that_cannot_be_saved_has_no_changes_to_show(connected_visitor: Visitor) -> None:
    connected_visitor.press(ENABLE_PAGE, **settings_form(connected_visitor))
    form = settings_form(connected_visitor, schedule="often")
    answer = connected_visitor.post("/installations/1/settings/changes", **form)
    assert (answer.status_code, answer.text) == (200, "")


@pytest.mark.parametrize("place", ["", "/changes"])
def test_a_form_with_a_mode_that_does_not_exist_is_refused(
    connected_visitor: Visitor, place: str
) -> None:
    first = settings_form(connected_visitor, mode="nonsense")
    assert connected_visitor.post(f"{ENABLE_PAGE}{place}", **first).status_code == 400
    connected_visitor.press(ENABLE_PAGE, **settings_form(connected_visitor))
    later = settings_form(connected_visitor, mode="nonsense")
    answer = connected_visitor.post(f"/installations/1/settings{place}", **later)
    assert answer.status_code == 400
    connected_visitor.page("/installations/1/settings")


FIELD = re.compile(
    r'<div\s+class="field"([^>]*)>\s*(?:<div class="form-check">\s*<input[^>]*'
    r'id="(\w+)"|<label class="form-label" for="(\w+)")'
)


def _hidden_fields(page: str) -> set[str]:
    """Return the names of the fields that do not apply."""
    fields = FIELD.findall(page)
    assert len(fields) > 5
    return {name or other for attributes, name, other in fields if " hidden" in attributes}


def test_only_the_fields_that_apply_are_shown(connected_visitor: Visitor) -> None:
    new = "/apps/ontraccr/1/configure"
    page = connected_visitor.page(new)
    assert _hidden_fields(page) == {"item_account"}
    assert "data-only-if=" in page
    page = connected_visitor.post(new, unlinked_items="create", edit="1").text
    assert _hidden_fields(page) == set()
    page = connected_visitor.post(new, unlinked_items="hold", edit="1").text
    assert _hidden_fields(page) == {"item_account"}


@pytest.mark.parametrize(
    ("wrong", "first"),
    [
        ({"often": "custom", "schedule": "often", "zone": "Mars/Olympus"}, "schedule"),
        ({"base_url": "x", "payable_account": ""}, "base_url"),
    ],
)
def test_the_first_field_to_fix_has_the_focus(
    connected_visitor: Visitor, wrong: dict[str, str], first: str
) -> None:
    page = connected_visitor.post(ENABLE_PAGE, **settings_form(connected_visitor, **wrong)).text
    assert re.findall(r'id="(\w+)"[^>]* autofocus', page) == [first]
    assert "autofocus" not in connected_visitor.page(ENABLE_PAGE)


def test_after_a_test_the_message_has_the_focus(connected_visitor: Visitor) -> None:
    page = connected_visitor.post(ENABLE_PAGE, **settings_form(connected_visitor), test="1").text
    assert re.search(r"autofocus>\s*<p>The connection works:", page)
    assert page.count("autofocus") == 1


CONFIRM = "Confirm that it is you"
LATER = 10 * 60


def _hidden(page: str) -> dict[str, str]:
    """Return the fields that the confirmation page sends again."""
    pairs = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in pairs if name != "csrf_token"}


def test_automatic_mode_asks_who_it_is_and_loses_nothing_that_was_entered(
    connected_visitor: Visitor, clock: FakeClock
) -> None:
    connected_visitor.press(ENABLE_PAGE, **settings_form(connected_visitor))
    clock.advance(LATER)
    form = settings_form(connected_visitor, mode="auto", schedule="2h", start_date="2026-02-03")
    page = connected_visitor.save("/installations/1/settings", **form).text
    assert CONFIRM in page
    assert connected_visitor.row(Installation, 1).mode == "review"
    fields = _hidden(page)
    secret_names = settings_schema.list_secret_names(
        connected_visitor.app.extensions["hub"].plugins.apps["costtracker"]
    )
    assert secret_names & form.keys()
    for name in secret_names & form.keys():
        assert name not in fields
        assert form[name] not in page
    wrong = connected_visitor.save(
        "/installations/1/settings", **fields, confirm_password="no"
    ).text
    assert "password is not right" in wrong
    after = connected_visitor.press_save(
        "/installations/1/settings", **_hidden(wrong), confirm_password=PASSWORD
    )
    assert "CostTracker is saved" in after
    row = connected_visitor.row(Installation, 1)
    assert (row.mode, row.schedule, row.start_date) == ("auto", "2h", dt.date(2026, 2, 3))
    assert "saved" in connected_visitor.press_save("/installations/1/settings", **form), (
        "asked once"
    )


def test_a_new_app_in_automatic_mode_asks_and_keeps_the_secrets(
    connected_visitor: Visitor, clock: FakeClock
) -> None:
    form = settings_form(connected_visitor, mode="auto")
    clock.advance(LATER)
    page = connected_visitor.post(ENABLE_PAGE, **form).text
    assert CONFIRM in page
    with connected_visitor.app.app_context(), read_only_session() as session:
        assert session.scalars(select(Installation)).all() == []
    assert "is enabled" in connected_visitor.press(
        ENABLE_PAGE, **_hidden(page), confirm_password=PASSWORD
    )
    assert connected_visitor.row(Installation, 1).mode == "auto"


@pytest.mark.proof(small=2)
@pytest.mark.parametrize(
    ("before", "after", "asks"),
    [
        ("1000", "1000.01", True),
        ("1000", "", True),
        ("1000", "1 000.00", False),
        ("1000", "1000,00", False),
        ("1000", "1 000,01", True),
        ("1000", "1,000", False),
        ("1000", "10", False),
        ("", "10", False),
        ("1000", "much", False),
    ],
)
def test_a_weaker_limit_for_two_people_asks_who_it_is(
    connected_visitor: Visitor, clock: FakeClock, before: str, after: str, asks: bool
) -> None:
    connected_visitor.press(
        ENABLE_PAGE, **settings_form(connected_visitor, second_approval_above=before)
    )
    stored = connected_visitor.row(Installation, 1).second_approval_above
    clock.advance(LATER)
    form = settings_form(connected_visitor, second_approval_above=after)
    page = connected_visitor.save("/installations/1/settings", **form).text
    assert (CONFIRM in page) == asks
    if asks:
        assert connected_visitor.row(Installation, 1).second_approval_above == stored
        page = connected_visitor.press_save(
            "/installations/1/settings", **_hidden(page), confirm_password=PASSWORD
        )
        assert "CostTracker is saved" in page
        assert connected_visitor.row(Installation, 1).second_approval_above != stored


def test_the_change_of_the_limit_for_two_people_is_an_amount(connected_visitor: Visitor) -> None:
    address = "/installations/1/settings"
    form = settings_form(connected_visitor, second_approval_above="1000.50")
    connected_visitor.press(ENABLE_PAGE, **form)
    form = settings_form(connected_visitor, second_approval_above="900")
    page = connected_visitor.press_save(address, **form)
    assert "Two people approve above: 1,000.50 → 900.00" in page


@pytest.mark.parametrize("mode", ["review", "manual", "paused"])
def test_a_careful_mode_and_a_test_of_the_connection_do_not_ask(
    connected_visitor: Visitor, clock: FakeClock, mode: str
) -> None:
    connected_visitor.press(ENABLE_PAGE, **settings_form(connected_visitor, mode="auto"))
    clock.advance(LATER)
    form = settings_form(connected_visitor, mode=mode)
    assert connected_visitor.save("/installations/1/settings", **form).status_code == 302
    tested = connected_visitor.save(
        "/installations/1/settings", **{**form, "mode": "auto", "test": "1"}
    )
    assert "The connection works" in tested.text


def test_automatic_posting_after_a_first_approval_asks_who_it_is(
    visitor: Visitor, clock: FakeClock
) -> None:
    visitor.log_in("olga")
    visitor.approve(visitor.story.installation)
    clock.advance(LATER)
    address = f"/installations/{visitor.story.installation}/review/automatic"
    assert CONFIRM in visitor.post(address).text
    assert visitor.row(Installation, visitor.story.installation).mode == "review"
    visitor.press(address, confirm_password=PASSWORD)
    assert visitor.row(Installation, visitor.story.installation).mode == "auto"


@pytest.mark.parametrize(
    ("after", "is_saved"), [("1001", False), ("", False), ("999", True), ("1000", True)]
)
def test_only_an_owner_raises_the_limit_for_two_people(
    connected_visitor: Visitor, after: str, is_saved: bool
) -> None:
    app_owner = Visitor(connected_visitor.app, connected_visitor.story)
    app_owner.log_in("arne")
    app_owner.press(ENABLE_PAGE, **settings_form(connected_visitor, second_approval_above="1000"))
    form = settings_form(connected_visitor, second_approval_above=after)
    answer = app_owner.save("/installations/1/settings", **form)
    limit = connected_visitor.row(Installation, 1).second_approval_above
    if is_saved:
        assert (answer.status_code, limit) == (302, Decimal(after))
        return
    assert (answer.status_code, limit) == (400, 1000)
    assert "Only an owner may raise or remove it." in answer.text
