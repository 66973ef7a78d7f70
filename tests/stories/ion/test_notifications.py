"""Mail about differences between ION and QuickBooks: one for each cause."""

import shutil

import pytest

from hub import notifications
from hub.db.engine import transaction
from hub.security.people import hash_new, insert
from hub.security.rights import Right, Subject
from tests.support.servers.mail_server import mail_url
from tests.support.sources.ion_site import EVERYTHING, IonSite

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def app(mail, make_app, make_config, empty_database):
    config = make_config(HUB_MAIL_URL=mail_url(mail))
    shutil.copy(empty_database, config.data / "hub.db")
    app = make_app(config, pages=True)
    with app.app_context():
        with transaction() as session:
            insert(
                session, "kari@example.com", hash_new("a password of length"), [Right("operator")]
            )
        yield app


@pytest.mark.row("ION-22")
def test_several_causes_that_stop_many_orders_make_one_message_and_no_second_one(
    app, quickbooks, clock, mail
):
    site = IonSite(app, quickbooks, company_id=1)
    site.enable(**EVERYTHING)
    for _ in range(12):
        site.order({"account": "9876"})
        site.order({"account": "6300", "section": "Launch"})
    for _ in range(2):
        site.sync()
        clock.advance(120)
        notifications.mail_digest()
    (message,) = mail.messages
    assert message["Subject"].startswith("2 ")
    text = message.get_payload(decode=True).decode()
    assert text.count("QuickBooks has no expense account called “9876”") == 1
    assert text.count("QuickBooks has no class called “Launch”") == 1
    assert "Pick the matching class, or create it in QuickBooks." in text


@pytest.mark.row("ION-22")
def test_people_who_cannot_act_are_not_mailed(app, quickbooks, clock, mail):
    site = IonSite(app, quickbooks, company_id=1)
    other = site.connect_another()
    rights = {
        "viewer@example.com": Right("viewer"),
        "costtracker@example.com": Right("operator", Subject(1, "costtracker")),
        "elsewhere@example.com": Right("operator", Subject(other.company_id)),
        "owner-of-none@example.com": Right("app-owner", Subject(1, "ion")),
        "left@example.com": Right("owner"),
        "ion@example.com": Right("operator", Subject(1, "ion")),
    }
    with transaction() as session:
        for name, right in rights.items():
            person = insert(session, name, hash_new("a password of length"), [right])
            person.active = name != "left@example.com"
    site.enable(**EVERYTHING)
    site.order({"account": "9876"})
    site.sync()
    clock.advance(120)
    notifications.mail_digest()
    addresses = sorted(message["To"] for message in mail.messages)
    assert addresses == ["ion@example.com", "kari@example.com"]
