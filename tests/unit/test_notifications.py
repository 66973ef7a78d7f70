"""Mail: one message for each person and cause; errors of the server are shown and retried."""

import shutil

import pytest

from hub import notifications
from hub.cases import inbox
from hub.db.engine import transaction
from hub.errors import NotNow, Retry
from hub.security import rights
from hub.security.people import hash_new, insert
from tests.support.mail_server import mail_server, mail_url
from tests.support.page_rows import PASSWORD, add_company, add_installation
from tests.support.stored_cases import open_stored_case


@pytest.fixture
def server():
    with mail_server() as made:
        yield made


@pytest.fixture
def hub(server, make_app, make_config, empty_database):
    config = make_config(HUB_MAIL_URL=mail_url(server), HUB_PUBLIC_URL="https://hub.example.com")
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


def opened(cause="match:1", title="Cost code 12 has no match"):
    with transaction() as session:
        open_stored_case(
            session,
            cause,
            title=title,
            reason="It holds 3 bills.",
            action="match",
            instruction="Choose its account.",
        )


def test_a_cause_is_told_once_to_those_who_can_act_with_what_to_do(hub, server, clock):
    opened()
    assert notifications.digest() == 0
    clock.advance(60)
    assert [notifications.digest(), notifications.digest()] == [1, 0]
    (message,) = server.taken
    assert (message["To"], message["Subject"]) == ("kari@example.com", "Cost code 12 has no match")
    text = message.get_payload()
    assert "What to do: Choose its account." in text
    assert "https://hub.example.com/inbox/1" in text


def test_a_case_is_mailed_only_to_those_with_a_role_for_its_company_and_app(hub, server, clock):
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
    notifications.digest()
    sent = {message["To"]: message["Subject"] for message in server.taken}
    assert sent == {
        "kari@example.com": "5 things need a person",
        "of-a@example.com": "2 things need a person (A)",
        "of-app@example.com": "2 things need a person",
    }


def test_many_causes_of_one_run_make_one_message(hub, server, clock):
    for number in range(40):
        opened(f"match:{number}", f"Code {number}")
    clock.advance(60)
    notifications.digest()
    assert [message["Subject"] for message in server.taken] == ["40 things need a person"]
    assert "And 10 more." in server.taken[0].get_payload()


def test_a_long_text_of_a_source_is_cut(hub, server, clock):
    opened(title="Cost code " + "x" * 1_000_000)
    clock.advance(60)
    assert notifications.digest() == 1
    (message,) = server.taken
    assert message["Subject"].startswith("Cost code ")
    assert len(message.as_string()) < 4000


def test_a_server_that_refuses_is_named_and_the_message_comes_later(hub, server, clock):
    opened()
    clock.advance(60)
    server.full = True
    with pytest.raises(Retry, match=r"127\.0\.0\.1 did not take the message .*452"):
        notifications.digest()
    server.full = False
    assert notifications.digest() == 1


def test_a_closed_cause_is_not_told(hub, server, clock):
    opened()
    with transaction() as session:
        inbox.close(session, "match:1")
    clock.advance(60)
    assert notifications.digest() == 0


def test_a_file_goes_with_a_message(hub, server):
    notifications.send(
        ["per@example.com"],
        "Compare",
        "See the file.",
        [notifications.File(name="a.csv", mime="text/csv", content=b"x")],
    )
    assert [part.get_filename() for part in server.taken[0].walk()][-1] == "a.csv"


def test_no_password_is_said_over_an_open_line(
    make_app, make_config, server, empty_database, monkeypatch
):
    url = f"smtp://name:word@127.0.0.1:{server.server_address[1]}"
    monkeypatch.setattr(notifications, "LOCAL", ())
    with (
        make_app(make_config(HUB_MAIL_URL=url)).app_context(),
        pytest.raises(Retry, match="speaks no TLS"),
    ):
        notifications.send(["a@example.com"], "x", "y")


def test_without_a_mail_server_nothing_is_told(app, clock):
    opened()
    clock.advance(60)
    assert notifications.digest() == 0


def test_a_demo_sends_no_mail(make_app, make_config, server, empty_database):
    config = make_config(HUB_MAIL_URL=mail_url(server))
    with make_app(config, is_demo=True).app_context():
        assert not notifications.is_set()
        with pytest.raises(NotNow, match="demo sends no mail"):
            notifications.send(["a@example.com"], "x", "y")
    assert server.taken == []
