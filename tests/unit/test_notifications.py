"""Mail: one message for each person and cause; errors of the server are shown and retried."""

import datetime as dt
import shutil
import sqlite3
from collections import Counter
from contextlib import contextmanager
from decimal import Decimal
from email.header import decode_header, make_header

import pytest
from sqlalchemy import event, select

from hub import notifications
from hub.cases import inbox
from hub.db import engine
from hub.db.engine import read_only_session, transaction
from hub.errors import DatabaseUnavailable, Retry, Sentence
from hub.models import Case, Notice, Schedule, User
from hub.notifications import case_news, mail_timing, smtp, waiting_messages
from hub.notifications.deliveries import note_refused_address
from hub.reasons.texts import CaseText
from hub.security import hub_settings, rights
from hub.security.people import hash_new, insert
from hub.sources import outage
from hub.translations.messages import gettext
from tests.support.rows.page_rows import PASSWORD, add_company, add_document, add_installation
from tests.support.rows.stored_cases import open_stored_case
from tests.support.servers.mail_server import mail_url


@pytest.fixture
def hub(mail, make_app, make_config, empty_database):
    config = make_config(HUB_MAIL_URL=mail_url(mail), HUB_PUBLIC_URL="https://hub.example.com")
    shutil.copy(empty_database, config.data / "hub.db")
    with make_app(config, pages=True).app_context():
        with transaction() as session:
            for name, role in (
                ("kari@example.com", "operator"),
                ("per", "owner"),
                ("ola@example.com", "viewer"),
            ):
                insert(session, name, hash_new(PASSWORD), [rights.Right(role)])
        yield


def open_case(cause="match:1", title="Cost code 12 has no match"):
    with transaction() as session:
        open_stored_case(
            session,
            cause,
            title=title,
            reason="It holds 3 bills.",
            action="match",
            instruction="Choose its account.",
        )


def test_a_new_case_is_mailed_once_with_the_next_step(hub, mail, clock):
    open_case()
    assert notifications.mail_digest() == 0
    clock.advance(60)
    assert [notifications.mail_digest(), notifications.mail_digest()] == [1, 0]
    (message,) = mail.messages
    assert (message["To"], message["Subject"]) == ("kari@example.com", "Cost code 12 has no match")
    assert message["Auto-Submitted"] == "auto-generated"
    text = message.get_payload()
    assert "What to do: Choose its account." in text
    assert "https://hub.example.com/inbox/1" in text


def test_a_case_from_before_the_clock_was_set_back_is_mailed(hub, mail, clock):
    open_case()
    clock.set(clock.now() - dt.timedelta(days=30))
    assert [notifications.mail_digest(), notifications.mail_digest()] == [1, 0]


def test_a_zone_that_can_no_longer_be_read_stops_no_mail(hub, mail, clock):
    with transaction() as session:
        app = add_installation(session, add_company(session), zone="Mars/Olympus")
        due = clock.now() + dt.timedelta(hours=1)
        fields = {"name": "sync", "kind": "sync", "every": "0 * * * *", "next_due": due}
        session.add(Schedule(**fields, installation_id=app.id, enabled=True))
        session.flush()
        app_id = app.id
    for _ in range(outage.MAX_FAILED_SYNCS):
        outage.note_failure(app_id, Retry("The source is away."))
    outage.report()
    clock.advance(60)
    assert notifications.mail_digest() == 1
    (message,) = mail.messages
    assert "(UTC)" in message.get_payload()


def test_a_case_is_mailed_only_to_those_with_a_role_for_its_company_and_app(hub, mail, clock):
    with transaction() as session:
        companies = [add_company(session, realm, name) for realm, name in (("1", "A"), ("2", "B"))]
        apps = [add_installation(session, company, owner="") for company in companies]
        for name, company_id, slug in (
            ("of-a@example.com", companies[0].id, None),
            ("of-app@example.com", None, "costtracker"),
            ("of-other-app@example.com", None, "ion"),
        ):
            right = rights.Right("operator", rights.Subject(company_id, slug))
            insert(session, name, hash_new(PASSWORD), [right])
        for company, app in zip(companies, apps, strict=True):
            about = {"company_id": company.id, "action": "retry", "reason": "Why."}
            open_stored_case(session, f"app:{app.id}", title="App", installation_id=app.id, **about)
            open_stored_case(session, f"company:{company.id}", title="Company", **about)
        open_stored_case(session, "hub", title="Hub", action="retry", reason="Why.")
    clock.advance(60)
    notifications.mail_digest()
    sent = {message["To"]: message["Subject"] for message in mail.messages}
    assert sent == {
        "kari@example.com": "5 cases need attention",
        "of-a@example.com": "2 cases need attention (A)",
        "of-app@example.com": "2 cases need attention",
    }


def test_many_causes_of_one_run_make_one_message(hub, mail, clock):
    for number in range(40):
        open_case(f"match:{number}", f"Code {number}")
    clock.advance(60)
    notifications.mail_digest()
    assert [message["Subject"] for message in mail.messages] == ["40 cases need attention"]
    assert "And 10 more." in mail.messages[0].get_payload()


def test_more_cases_than_a_statement_has_parameters_are_mailed(hub, mail, clock):
    add_operator("pia@example.com")
    choose(mail_timing.DAILY, "pia@example.com")
    limit = 100
    engine.db.engine.dispose()
    event.listen(
        engine.db.engine,
        "connect",
        lambda connection, _: connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, limit),
    )
    for number in range(limit + 50):
        open_case(f"match:{number}", f"Code {number}")
    clock.advance(60)
    assert [notifications.mail_digest(), notifications.mail_digest()] == [1, 0]
    clock.advance(86_400)
    assert [notifications.mail_digest(), notifications.mail_digest()] == [1, 0]
    assert recipients(mail) == ["kari@example.com", "pia@example.com"]
    for message in mail.messages:
        assert message["Subject"] == "150 cases need attention"
        assert "And 120 more." in message.get_payload()


def test_a_long_text_of_a_source_is_cut(hub, mail, clock):
    open_case(title="Cost code " + "x" * 1_000_000)
    clock.advance(60)
    assert notifications.mail_digest() == 1
    (message,) = mail.messages
    assert message["Subject"].startswith("Cost code ")
    assert len(message.as_string()) < 4000


def test_a_server_that_refuses_is_named_and_the_message_comes_later(hub, mail, clock):
    open_case()
    clock.advance(60)
    mail.full = True
    with pytest.raises(Retry, match=r"127\.0\.0\.1 did not accept the message .*452"):
        notifications.mail_digest()
    mail.full = False
    assert notifications.mail_digest() == 1


def add_operator(name):
    with transaction() as session:
        insert(session, name, hash_new(PASSWORD), [rights.Right("operator")])


def recipients(mail):
    return sorted(message["To"] for message in mail.messages)


def test_a_refused_address_keeps_nobody_else_from_their_mail(hub, mail, clock):
    for name in ("left@example.com", "third@example.com"):
        add_operator(name)
    mail.replies["left@example.com"] = "550 no such user"
    open_case()
    clock.advance(60)
    assert [notifications.mail_digest() for _ in range(3)] == [2, 0, 0]
    assert recipients(mail) == ["kari@example.com", "third@example.com"]
    assert notifications.load_refused_addresses() == {"left@example.com": "550 no such user"}


def test_an_address_that_the_server_cannot_write_keeps_nobody_else_from_their_mail(
    hub, mail, clock
):
    for name in ("kåre@example.com", "third@example.com"):
        add_operator(name)
    open_case()
    clock.advance(60)
    assert [notifications.mail_digest(), notifications.mail_digest()] == [2, 0]
    assert recipients(mail) == ["kari@example.com", "third@example.com"]
    assert list(notifications.load_refused_addresses()) == ["kåre@example.com"]


def test_a_text_that_is_no_address_keeps_nobody_else_from_their_mail(hub, mail, clock, monkeypatch):
    mailboxes = {1: "aa@", 2: "third@example.com"}
    with transaction() as session:
        company = add_company(session, "1", "A")
        apps = [add_installation(session, company, slug=slug) for slug in ("costtracker", "ion")]
        about = {"company_id": company.id, "action": "retry", "reason": "Why."}
        for app in apps:
            open_stored_case(session, f"app:{app.id}", title="App", installation_id=app.id, **about)
    monkeypatch.setattr(case_news, "find_mailbox", lambda installation: mailboxes[installation.id])
    clock.advance(60)
    assert [notifications.mail_digest(), notifications.mail_digest()] == [2, 0]
    assert recipients(mail) == ["kari@example.com", "third@example.com"]
    assert notifications.load_refused_addresses() == {"aa@": "not an e-mail address"}


@pytest.mark.parametrize(
    ("mailbox", "expected"),
    [
        ("ola@example.com", {"kari@example.com": 1, "ola@example.com": 1}),  # who may only look
        ("kari@example.com", {"kari@example.com": 1}),
        ("Kari@Example.com", {"kari@example.com": 1}),
    ],
)
def test_the_mailbox_of_an_app_may_be_the_address_of_a_person(
    hub, mail, clock, monkeypatch, mailbox, expected
):
    with transaction() as session:
        app = add_installation(session, add_company(session), owner="")
        about = {"company_id": app.company_id, "action": "retry", "reason": "Why."}
        open_stored_case(session, "app", title="App", installation_id=app.id, **about)
    monkeypatch.setattr(case_news, "find_mailbox", lambda installation: mailbox)
    clock.advance(60)
    assert [notifications.mail_digest(), notifications.mail_digest()] == [len(expected), 0]
    assert Counter(recipients(mail)) == expected


def test_a_sender_that_is_no_address_is_named(make_app, make_config, mail, empty_database):
    url = mail_url(mail).replace("hub@example.com", "hub@")
    with (
        make_app(make_config(HUB_MAIL_URL=url)).app_context(),
        pytest.raises(Retry, match=r"The sender hub@ is not an e-mail address\."),
    ):
        notifications.send(["a@example.com"], "x", "y")


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_log_in_may_have_letters_beyond_ascii(
    make_app, make_config, mail, empty_database, mechanism
):
    mail.logins, mail.mechanism = [], mechanism
    port = mail.server_address[1]
    url = f"smtp://bj%C3%B8rn:bl%C3%A5b%C3%A6r@127.0.0.1:{port}?from=hub@example.com"
    config = make_config(HUB_MAIL_URL=url)
    shutil.copy(empty_database, config.data / "hub.db")
    with make_app(config).app_context():
        notifications.send(["a@example.com"], "x", "y")
    assert mail.logins == [("bjørn", "blåbær")]
    assert recipients(mail) == ["a@example.com"]


@contextmanager
def full_disk():
    """Refuse every transaction that writes."""
    raise DatabaseUnavailable("the database", "the disk is full")
    yield


def test_a_mail_is_sent_once_although_that_cannot_be_stored(hub, mail, clock, monkeypatch):
    add_operator("third@example.com")
    note_refused_address("third@example.com", "550 no such user")
    open_case()
    with transaction() as session:
        kari = session.scalars(select(User).where(User.email == "kari@example.com")).one()
        rights.assign(session, kari, "owner")
        waiting_messages.add(session, kari.id, "Request", "An app is requested.\n", is_daily=False)
    clock.advance(60)
    with monkeypatch.context() as patch:
        for module in ("mail", "deliveries"):
            patch.setattr(f"hub.notifications.{module}.transaction", full_disk)
        patch.setattr("hub.db.engine.transaction", full_disk)
        for _ in range(6):
            with pytest.raises(DatabaseUnavailable):
                notifications.mail_digest()
    notifications.mail_digest()
    assert notifications.mail_digest() == 0
    assert sorted((message["To"], message["Subject"]) for message in mail.messages) == [
        ("kari@example.com", "Cost code 12 has no match"),
        ("kari@example.com", "Request"),
        ("third@example.com", "Cost code 12 has no match"),
    ]
    open_case("match:2", "Cost code 13 has no match")
    clock.advance(60)
    notifications.mail_digest()
    assert (hub_settings.has_accepted_mail(), notifications.load_refused_addresses()) == (True, {})


def test_an_accepted_address_is_no_longer_shown_as_refused(hub, mail, clock):
    add_operator("left@example.com")
    mail.replies["left@example.com"] = "550 no such user"
    open_case()
    clock.advance(60)
    notifications.mail_digest()
    mail.replies.clear()
    open_case("match:2", "Cost code 13 has no match")
    clock.advance(60)
    assert notifications.mail_digest() == 2
    assert notifications.load_refused_addresses() == {}


def test_a_deferred_address_gets_its_mail_later_and_the_others_get_theirs_once(hub, mail, clock):
    for name in ("late@example.com", "third@example.com"):
        add_operator(name)
    mail.replies["late@example.com"] = "450 try again later"
    open_case()
    clock.advance(60)
    for _ in range(2):
        with pytest.raises(Retry, match=r"takes no message for late@example\.com now"):
            notifications.mail_digest()
    open_case("match:2", "Cost code 13 has no match")
    clock.advance(60)
    mail.replies.clear()
    assert [notifications.mail_digest(), notifications.mail_digest()] == [3, 0]
    subjects = {}
    for message in mail.messages:
        subjects.setdefault(message["To"], []).append(message["Subject"])
    each = ["Cost code 12 has no match", "Cost code 13 has no match"]
    assert subjects == {
        "kari@example.com": each,
        "third@example.com": each,
        "late@example.com": ["2 cases need attention"],
    }


def test_a_case_that_is_snoozed_while_a_mail_waits_is_mailed_to_the_others_once(hub, mail, clock):
    choose(mail_timing.DAILY)
    for name in ("late@example.com", "third@example.com"):
        add_operator(name)
    mail.replies["late@example.com"] = "450 try again later"
    open_case()
    clock.advance(60)
    with pytest.raises(Retry):
        notifications.mail_digest()
    with transaction() as session:
        case = session.scalars(select(Case)).one()
        inbox.change(session, [case.id], {"snoozed_until": clock.now() + dt.timedelta(hours=1)})
    mail.replies.clear()
    open_case("match:2", "Cost code 13 has no match")
    clock.advance(60)
    assert [notifications.mail_digest(), notifications.mail_digest()] == [2, 0]
    clock.advance(3600)
    assert [notifications.mail_digest(), notifications.mail_digest()] == [1, 0]
    assert Counter(recipients(mail)) == {"third@example.com": 2, "late@example.com": 2}
    with read_only_session() as session:
        assert sorted(session.scalars(select(Notice.case_id))) == [1, 2]
    assert hub_settings.read(hub_settings.UNDELIVERED_MAIL) == ""


def test_an_address_that_is_deferred_for_a_day_is_given_up(hub, mail, clock):
    add_operator("late@example.com")
    mail.replies["late@example.com"] = "450 try again later"
    open_case()
    clock.advance(60)
    with pytest.raises(Retry):
        notifications.mail_digest()
    clock.advance(25 * 3600)
    with pytest.raises(Retry):
        notifications.mail_digest()
    mail.replies.clear()
    assert notifications.mail_digest() == 0
    assert recipients(mail) == ["kari@example.com"]


def test_an_address_that_is_deferred_after_a_long_outage_gets_its_mail(hub, mail, clock):
    """The day begins with the first deferral, however old the case is by then."""
    add_operator("late@example.com")
    open_case()
    mail.full = True
    for seconds in (60, 25 * 3600):
        clock.advance(seconds)
        with pytest.raises(Retry, match="did not accept the message"):
            notifications.mail_digest()
    mail.full = False
    mail.replies["late@example.com"] = "450 try again later"
    with pytest.raises(Retry, match=r"takes no message for late@example\.com now"):
        notifications.mail_digest()
    mail.replies.clear()
    clock.advance(60)
    assert [notifications.mail_digest(), notifications.mail_digest()] == [1, 0]
    assert recipients(mail) == ["kari@example.com", "late@example.com"]


def test_nobody_is_given_up_because_the_server_goes_away_after_a_deferral(hub, mail, clock):
    for name in ("late@example.com", "third@example.com"):
        add_operator(name)

    class Replies(dict):
        """Answers after the first of which the server takes no message at all."""

        def get(self, address, usual):
            mail.full = address in self
            return super().get(address, usual)

    mail.replies = Replies({"late@example.com": "450 try again later"})
    open_case()
    for seconds in (60, 25 * 3600):
        clock.advance(seconds)
        mail.full = False
        with pytest.raises(Retry, match="did not accept the message"):
            notifications.mail_digest()
    mail.full, mail.replies = False, {}
    assert notifications.mail_digest() == 1
    assert recipients(mail) == ["kari@example.com", "third@example.com"]


def test_a_message_waits_for_a_refused_person_only_until_it_was_refused(hub, mail):
    for name in ("left@example.com", "third@example.com"):
        add_operator(name)
    mail.replies["left@example.com"] = "550 no such user"
    with transaction() as session:
        for person in session.scalars(select(User).where(User.email.like("%example.com"))):
            rights.assign(session, person, "owner")
            waiting_messages.add(
                session, person.id, "Request", "An app is requested.\n", is_daily=False
            )
    assert [notifications.mail_digest(), notifications.mail_digest()] == [3, 0]
    with read_only_session() as session:
        assert session.scalars(select(Notice)).all() == []


def test_a_closed_case_is_not_mailed(hub, mail, clock):
    open_case()
    with transaction() as session:
        inbox.close(session, "match:1")
    clock.advance(60)
    assert notifications.mail_digest() == 0


def test_a_snoozed_case_is_mailed_on_its_day(hub, mail, clock):
    """One was snoozed before anybody was mailed, and one before the mail of the day."""
    clock.set(dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC))
    snooze("match:1", dt.datetime(2026, 3, 5, 0, 0, tzinfo=dt.UTC))
    clock.advance(60)
    assert notifications.mail_digest() == 0
    choose(mail_timing.DAILY)
    open_case("match:2", "Code 2")
    clock.advance(60)
    assert notifications.mail_digest() == 0
    snooze("match:2", dt.datetime(2026, 3, 4, 0, 0, tzinfo=dt.UTC))
    for day in (3, 4, 5, 6):
        clock.set(dt.datetime(2026, 3, day, 7, 1, tzinfo=dt.UTC))
        notifications.mail_digest()
    assert [(message["Date"][5:7], message["Subject"]) for message in mail.messages] == [
        ("04", "Code 2"),
        ("06", "Cost code 12 has no match"),
    ]


@pytest.mark.parametrize("is_over", [False, True])
def test_the_daily_mail_names_a_case_that_was_snoozed_for_long(hub, mail, clock, is_over):
    clock.set(dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC))
    choose(mail_timing.DAILY)
    open_case()
    clock.advance(60)
    assert notifications.mail_digest() == 0
    snooze("match:1", dt.datetime(2026, 5, 4, 0, 0, tzinfo=dt.UTC))
    clock.set(dt.datetime(2026, 4, 20, 7, 1, tzinfo=dt.UTC))
    open_case("match:2", "Code 2")
    clock.advance(60)
    notifications.mail_digest()
    clock.set(dt.datetime(2026, 5, 4, 7, 1, tzinfo=dt.UTC) + is_over * dt.timedelta(days=30))
    notifications.mail_digest()
    titles = [message["Subject"] for message in mail.messages]
    assert titles == ([] if is_over else ["2 cases need attention"])


def test_a_daily_message_from_before_the_clock_was_set_back_is_mailed(hub, mail, clock):
    choose(mail_timing.DAILY)
    open_case()
    clock.advance(60)
    assert notifications.mail_digest() == 0
    clock.set(clock.now() - dt.timedelta(days=30))
    assert [notifications.mail_digest(), notifications.mail_digest()] == [1, 0]


def snooze(cause, until):
    """Snooze the open case of a cause, which is opened if there is none."""
    with read_only_session() as session:
        is_open = inbox.is_open(session, cause)
    if not is_open:
        open_case(cause)
    with transaction() as session:
        case = session.scalars(select(Case).where(Case.cause == cause)).one()
        inbox.change(session, [case.id], {"snoozed_until": until})


def test_a_file_goes_with_a_message(hub, mail):
    notifications.send(
        ["per@example.com"],
        "Compare",
        "See the file.",
        [notifications.File(name="a.csv", mime="text/csv", content=b"x")],
    )
    assert [part.get_filename() for part in mail.messages[0].walk()][-1] == "a.csv"


def test_no_password_is_sent_over_an_unencrypted_connection(
    make_app, make_config, mail, empty_database, monkeypatch
):
    url = f"smtp://name:word@127.0.0.1:{mail.server_address[1]}"
    monkeypatch.setattr(smtp, "LOCAL_HOSTS", ())
    with (
        make_app(make_config(HUB_MAIL_URL=url)).app_context(),
        pytest.raises(Retry, match="speaks no TLS"),
    ):
        notifications.send(["a@example.com"], "x", "y")


def test_without_a_mail_server_nothing_is_mailed(app, clock):
    open_case()
    clock.advance(60)
    assert notifications.mail_digest() == 0


def test_a_demo_writes_its_mail_into_a_folder(make_app, make_config, mail, empty_database):
    config = make_config(HUB_MAIL_URL=mail_url(mail))
    with make_app(config, is_demo=True).app_context():
        notifications.send(["a@example.com"], "x", "y")
    assert mail.messages == []
    message = (config.data / "mail" / "0001.eml").read_text()
    assert "To: a@example.com" in message


def choose(timing, name="kari@example.com", installation=None):
    with transaction() as session:
        person = session.scalars(select(User).where(User.username == name)).one()
        mail_timing.store(session, person.id, {installation: timing})


def choose_for_company(timing, company_id, name="kari@example.com"):
    with transaction() as session:
        person = session.scalars(select(User).where(User.username == name)).one()
        mail_timing.store_for_companies(session, person.id, {company_id: timing})


def test_a_person_gets_one_mail_a_day_with_what_is_still_open(hub, mail, clock):
    clock.set(dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC))
    choose(mail_timing.DAILY)
    for number in range(3):
        open_case(f"match:{number}", f"Code {number}")
    clock.advance(60)
    assert notifications.mail_digest() == 0
    with transaction() as session:
        inbox.close(session, "match:1")
    clock.set(dt.datetime(2026, 3, 3, 6, 59, tzinfo=dt.UTC))
    assert notifications.mail_digest() == 0
    clock.set(dt.datetime(2026, 3, 3, 7, 0, tzinfo=dt.UTC))
    assert [notifications.mail_digest(), notifications.mail_digest()] == [1, 0]
    (message,) = mail.messages
    assert message["Subject"] == "2 cases need attention"
    text = message.get_payload()
    assert ("Code 0" in text, "Code 1" in text, "Code 2" in text) == (True, False, True)
    with read_only_session() as session:
        assert session.scalars(select(Notice)).all() == []


@pytest.mark.parametrize(
    ("zone", "opened", "before", "due"),
    [
        # In summer time since 29 March: seven is 06:00 the day before, and 05:00 from then on.
        ("Europe/Oslo", "2026-03-28T08:00", "2026-03-29T04:59", "2026-03-29T05:00"),
        ("Europe/Oslo", "2026-03-27T08:00", "2026-03-28T05:59", "2026-03-28T06:00"),
        # Summer time ends on 25 October.
        ("Europe/Oslo", "2026-10-24T08:00", "2026-10-25T05:59", "2026-10-25T06:00"),
        ("America/New_York", "2026-03-02T12:30", "2026-03-03T11:59", "2026-03-03T12:00"),
        ("Pacific/Auckland", "2026-03-01T18:30", "2026-03-02T17:59", "2026-03-02T18:00"),
        (None, "2026-03-02T09:00", "2026-03-03T06:59", "2026-03-03T07:00"),
        ("Nowhere/Gone", "2026-03-02T09:00", "2026-03-03T06:59", "2026-03-03T07:00"),
    ],
)
def test_the_daily_mail_comes_at_seven_in_the_zone_of_the_person(
    hub, mail, clock, zone, opened, before, due
):
    clock.set(dt.datetime.fromisoformat(f"{opened}+00:00"))
    choose(mail_timing.DAILY)
    with transaction() as session:
        person = session.scalars(select(User).where(User.username == "kari@example.com")).one()
        person.zone = zone
    open_case()
    clock.advance(60)
    assert notifications.mail_digest() == 0
    clock.set(dt.datetime.fromisoformat(f"{before}+00:00"))
    assert notifications.mail_digest() == 0
    clock.set(dt.datetime.fromisoformat(f"{due}+00:00"))
    assert notifications.mail_digest() == 1
    assert len(mail.messages) == 1


def test_a_choice_for_one_app_counts_before_that_for_everything_else(hub, mail, clock):
    with transaction() as session:
        app = add_installation(session, add_company(session), owner="")
        about = {"installation_id": app.id, "company_id": app.company_id, "action": "retry"}
        open_stored_case(session, "app", title="App", reason="Why.", **about)
    choose(mail_timing.OFF)
    choose(mail_timing.NOW, installation=app.id)
    open_case(title="Hub")
    clock.advance(60)
    assert notifications.mail_digest() == 1
    assert "App" in mail.messages[0]["Subject"]


def test_a_choice_for_a_company_is_that_of_its_connection_and_its_apps(hub, mail, clock):
    with transaction() as session:
        for place, name in enumerate(("Quiet AS", "Loud AS")):
            company = add_company(session, f"913{place}", name)
            app = add_installation(session, company, owner="", tenant=f"t{place}")
            about = {"company_id": company.id, "action": "retry", "reason": "Why."}
            open_stored_case(session, f"connection:{place}", title=f"{name} expires", **about)
            about["installation_id"] = app.id
            open_stored_case(session, f"app:{place}", title=f"{name} bills", **about)
            if name == "Quiet AS":
                quiet_id = company.id
    choose_for_company(mail_timing.OFF, quiet_id)
    clock.advance(60)
    assert notifications.mail_digest() == 1
    text = mail.messages[0].get_payload()
    assert ("Loud AS expires" in text, "Loud AS bills" in text) == (True, True)
    assert "Quiet AS" not in text


def test_a_request_for_access_follows_the_choice_for_its_company(hub, clock):
    with transaction() as session:
        insert(session, "eva@example.com", hash_new(PASSWORD), [rights.Right("owner")])
        quiet, loud = add_company(session, "9130"), add_company(session, "9131", "Loud AS")
        quiet_id, loud_id = quiet.id, loud.id
    choose_for_company(mail_timing.OFF, quiet_id, "eva@example.com")
    with transaction() as session:
        for company_id, count in ((quiet_id, 0), (loud_id, 1)):
            subject = rights.Subject(company_id, "costtracker")
            assert (
                waiting_messages.add_for_owners(session, subject, lambda: ("Title", "Text"))
                == count
            )


def test_a_request_for_access_is_not_mailed_to_a_former_owner(hub, mail):
    with transaction() as session:
        insert(session, "eva@example.com", hash_new(PASSWORD), [rights.Right("owner")])
        subject = rights.Subject(add_company(session, "9130").id, "costtracker")
        waiting_messages.add_for_owners(session, subject, lambda: ("Title", "Text"))
        queued = session.scalars(select(Notice)).all()
        assert len(queued) == 1
        eva = session.scalars(select(User).where(User.username == "eva@example.com")).one()
        rights.assign(session, eva, "operator")
    assert notifications.mail_digest() == 0
    with transaction() as session:
        rights.assign(session, session.merge(eva), "owner")
    assert notifications.mail_digest() == 1
    assert [message["To"] for message in mail.messages] == ["eva@example.com"]


def test_a_daily_mail_leaves_out_what_a_person_may_not_see_any_more(hub, mail, clock):
    choose(mail_timing.DAILY)
    open_case()
    clock.advance(60)
    notifications.mail_digest()
    with transaction() as session:
        person = session.scalars(select(User).where(User.username == "kari@example.com")).one()
        person.assignments = []
    clock.advance(86_400)
    assert notifications.mail_digest() == 0
    assert mail.messages == []


def test_a_daily_mail_leaves_out_what_a_person_no_longer_wants(hub, mail, clock):
    choose(mail_timing.DAILY)
    open_case()
    clock.advance(60)
    notifications.mail_digest()
    choose(mail_timing.OFF)
    clock.advance(86_400)
    assert notifications.mail_digest() == 0
    assert mail.messages == []


def test_a_mail_says_how_much_a_case_stops(hub, mail, clock):
    with transaction() as session:
        app = add_installation(session, add_company(session), owner="")
        postings = [add_document(session, app, "held", place)[1] for place in range(2)]
        about = {"installation_id": app.id, "company_id": app.company_id, "action": "retry"}
        open_stored_case(
            session,
            "app",
            title="App",
            reason="Why.",
            postings=[posting.id for posting in postings],
            **about,
        )
    clock.advance(60)
    notifications.mail_digest()
    text = mail.messages[0].get_payload(decode=True).decode()
    assert "2 documents · 2,538.00 NOK" in text


def test_a_mail_names_documents_and_sums_less_credits(hub, mail, clock):
    with transaction() as session:
        installation = add_installation(session, add_company(session))
        bill, credit, file = (
            add_document(session, installation, "held", place)[1] for place in (1, 2, 3)
        )
        bill.total, credit.total = Decimal("1000.00"), Decimal("250.50")
        credit.kind = "vendor_credit"
        file.operation, file.total, file.document.total = "attach", None, Decimal("9.00")
        about = {"action": "retry", "reason": "Why.", "company_id": installation.company_id}
        open_stored_case(session, "one", title="One", postings=[bill, credit], **about)
        open_stored_case(session, "two", title="Two", postings=[file], **about)
    clock.advance(60)
    notifications.mail_digest()
    (message,) = mail.messages
    text = message.get_payload()
    assert "2 documents · 749.50 NOK" in text
    assert "1 document · 9.00 NOK" in text


def choose_language(name, language):
    with transaction() as session:
        person = session.scalars(select(User).where(User.username == name)).one()
        person.language = language


def open_case_of_the_catalogue():
    """Open a case whose texts come from the catalogue of reasons."""
    text = CaseText("code.match", code="Supplier “Hara”", problem="nothing in QuickBooks fits it.")
    with transaction() as session:
        inbox.open(session, "match:1", text)


def subject_of(message):
    return str(make_header(decode_header(message["Subject"])))


def text_of(message):
    return message.get_payload(decode=True).decode()


def test_each_person_is_mailed_in_their_own_language(hub, mail, clock):
    with transaction() as session:
        insert(session, "eva@example.com", hash_new(PASSWORD), [rights.Right("operator")])
    choose_language("kari@example.com", "nb")
    open_case_of_the_catalogue()
    clock.advance(60)
    assert notifications.mail_digest() == 2
    mails = {message["To"]: message for message in mail.messages}
    english, norwegian = mails["eva@example.com"], mails["kari@example.com"]
    assert subject_of(english) == "QuickBooks has no supplier called “Hara”"
    assert subject_of(norwegian) == "QuickBooks har ingen leverandør som heter «Hara»"
    assert "What to do: Pick the matching supplier" in text_of(english)
    assert "All open cases: " in text_of(english)
    assert "Dette gjør du: Velg riktig leverandør" in text_of(norwegian)
    assert "Alle åpne avvik: " in text_of(norwegian)
    assert "Leverandør «Hara» har ingen kobling i QuickBooks." in text_of(norwegian)


def test_amounts_in_a_mail_are_written_as_the_person_writes_them(hub, mail, clock):
    choose_language("kari@example.com", "nb")
    with transaction() as session:
        app = add_installation(session, add_company(session), owner="")
        posting = add_document(session, app, "held", 0)[1]
        about = {"installation_id": app.id, "company_id": app.company_id, "action": "retry"}
        open_stored_case(session, "app", title="App", postings=[posting.id], **about)
    clock.advance(60)
    assert notifications.mail_digest() == 1
    assert "1 dokument · 1\N{NO-BREAK SPACE}250,50 NOK" in text_of(mail.messages[0])


def test_a_daily_mail_is_in_the_language_of_its_person(hub, mail, clock):
    clock.set(dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC))
    choose_language("kari@example.com", "nb")
    choose(mail_timing.DAILY)
    open_case_of_the_catalogue()
    open_case("match:2")
    clock.advance(60)
    assert notifications.mail_digest() == 0
    clock.set(dt.datetime(2026, 3, 3, 7, 0, tzinfo=dt.UTC))
    assert notifications.mail_digest() == 1
    (message,) = mail.messages
    assert subject_of(message) == "2 avvik må sees på"
    last = text_of(message).splitlines()[-1]
    assert last == "Alle åpne avvik: https://hub.example.com/inbox/"
    assert "QuickBooks har ingen leverandør som heter «Hara»" in text_of(message)
    assert "Dette gjør du: " in text_of(message)


def test_a_code_for_a_new_password_is_mailed_in_the_language_of_its_person(hub, mail):
    choose_language("kari@example.com", "nb")
    with read_only_session() as session:
        person = session.scalars(select(User).where(User.username == "kari@example.com")).one()
    notifications.send_password_code(person, "ABCD", Sentence("one hour"))
    (message,) = mail.messages
    assert subject_of(message) == "Koden din for et nytt passord"
    assert "Koden gjelder i én time" in text_of(message)
    assert gettext("Inbox") == "Inbox", "what follows is English again"
