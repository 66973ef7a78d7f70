"""Mail of the Autotask apps to each app's mailbox, and the page of an app."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from hub import notifications, spreadsheets
from hub.db import engine
from hub.models import Case, Installation, Run, User
from hub.scheduling import runner
from hub.testing.clock import FakeClock
from tests.support.pages.autotask_pages import INVOICES, connect, enable, form
from tests.support.pages.page_visitor import Visitor
from tests.support.servers.mail_server import mail_url
from tests.support.sources.autotask_site import AutotaskSite, prefer

MAILBOX = "accounting@brightwater.example"
COMPARE = "/installations/1/compare/"


@pytest.fixture
def owner(open_pages: Callable[..., Visitor], mail: Any) -> Visitor:
    """Provide Olga before a company and an Autotask stand-in, at a hub that can send mail."""
    visitor = open_pages("people", HUB_MAIL_URL=mail_url(mail))
    connect(visitor)
    visitor.log_in("olga")
    return visitor


@pytest.fixture
def without_mail(open_pages: Callable[..., Visitor]) -> Visitor:
    """Provide the same at a hub without a mail server."""
    visitor = open_pages("people")
    connect(visitor)
    visitor.log_in("olga")
    return visitor


def sync(visitor: Visitor, clock: FakeClock) -> None:
    """Run a sync, and send the mail that follows it."""
    with visitor.app.app_context():
        runner.sync(1, requested_by="clock")
        clock.advance(60)
        notifications.mail_digest()


def warnings(visitor: Visitor) -> list[str]:
    with visitor.app.app_context(), engine.read_only_session() as session:
        open_ones = Case.closed_at.is_(None), Case.cause.startswith("warning:")
        return [case.reason for case in session.scalars(select(Case).where(*open_ones))]


@pytest.mark.row("AT-I7", "AT-C10")
@pytest.mark.end_to_end
def test_a_comparison_goes_to_the_mailbox_of_its_app_as_the_file_that_the_page_offers(
    owner: Visitor, mail: Any
) -> None:
    enable(owner, mailbox=MAILBOX)
    assert f"Mail to {MAILBOX}" in owner.page(COMPARE)
    assert f"on its way to {MAILBOX}" in owner.press(f"{COMPARE}mail")
    (message,) = mail.messages
    assert (message["To"], message["Subject"]) == (
        MAILBOX,
        "Autotask invoices compared with QuickBooks",
    )
    text, file = message.get_payload()
    counts = text.get_payload(decode=True).decode().splitlines()
    assert {"Organisation: 1 not usable", "Payment term: 1 differs"} <= set(counts)
    assert file.get_filename() == "compare.csv"
    sent = spreadsheets.decode(file.get_payload(decode=True))
    assert sent == spreadsheets.decode(owner.get(f"{COMPARE}compare.csv").data)
    assert ("customer", "not usable") in {(row["field"], row["state"]) for row in sent[1]}


def test_a_comparison_for_a_mailbox_is_english_whoever_sends_it(owner: Visitor, mail: Any) -> None:
    enable(owner, mailbox=MAILBOX)
    owner.press("/account/formats", language="nb")
    owner.press(f"{COMPARE}mail")
    (message,) = mail.messages
    assert message["Subject"] == "Autotask invoices compared with QuickBooks"
    text = message.get_payload()[0].get_payload(decode=True).decode()
    assert "Organisation: 1 not usable" in text


@pytest.mark.row("AT-C10")
@pytest.mark.end_to_end
def test_errors_go_to_the_mailbox_once_and_are_in_the_inbox_and_in_the_run(
    owner: Visitor, mail: Any, clock: FakeClock
) -> None:
    with owner.app.app_context():
        prefer(owner.quickbooks, "SalesFormsPrefs", CustomTxnNumbers=False)
    enable(owner, mailbox=MAILBOX)
    for _ in range(3):
        sync(owner, clock)
    (message,) = mail.messages
    assert message["To"] == MAILBOX
    text = " ".join(message.get_payload(decode=True).decode().split())
    refusal = "has a negative total; QuickBooks accepts that only as a credit memo"
    assert refusal in text
    assert refusal in owner.page("/inbox/?installation=1")
    with owner.app.app_context(), engine.read_only_session() as session:
        ids = list(session.scalars(select(Run.id).where(Run.kind == "sync")))
    assert len(ids) == 3
    assert re.search(r"\d+ held", owner.page(f"/runs/{ids[0]}"))


@pytest.mark.row("AT-I4")
@pytest.mark.end_to_end
def test_an_invoice_that_quickbooks_refuses_is_mailed_and_logged(
    owner: Visitor, mail: Any, clock: FakeClock
) -> None:
    case, refusal = "fourteen days old", "Something is wrong"
    owner.quickbooks.add_fault("refusal", call="invoice.create", code="6000", detail=refusal)
    with owner.app.app_context():
        prefer(owner.quickbooks, "SalesFormsPrefs", CustomTxnNumbers=False)
        site = AutotaskSite(owner.app, owner.quickbooks, clock, "invoices").keep(case)
        site.enable(mailbox=MAILBOX).confirm()
        clock.advance(60)
        notifications.mail_digest()
        assert site.row_of(case)["invoiceNumber"] == "ERROR"
        document = site.of(case).document_id
    letters = [message for message in mail.messages if refusal in body(message)]
    assert [message["To"] for message in letters] == [MAILBOX]
    assert "<strong>1</strong>Newly held" in owner.page("/runs/1")
    log = owner.page(f"/documents/{document}").partition("What happened")[2]
    assert ("QuickBooks refused it" in log, refusal in log) == (True, True)
    assert "Reported to the source: failed" in log


def body(message: Any) -> str:
    """Return the text of a message."""
    return " ".join(message.get_payload(decode=True).decode().split())


@pytest.mark.row("AT-C10")
def test_the_mailbox_of_one_app_gets_nothing_of_another(
    owner: Visitor, mail: Any, clock: FakeClock
) -> None:
    enable(owner, mailbox=MAILBOX)
    with owner.app.app_context(), engine.transaction() as session:
        installation = session.get_one(Installation, 1)
        other = Installation(
            company_id=1, slug="ion", mode="paused", created_at=clock.now(), settings={}
        )
        session.add(other)
        session.flush()
        for row in (installation, other):
            session.add(
                Case(
                    cause=f"test:{row.slug}",
                    stored_title=f"Trouble of {row.slug}",
                    stored_reason="Something.",
                    stored_action="source",
                    stored_instruction="Act.",
                    details={},
                    company_id=1,
                    installation_id=row.id,
                    opened_at=clock.now(),
                )
            )
    clock.advance(60)
    with owner.app.app_context():
        notifications.mail_digest()
    text = " ".join(str(message) for message in mail.messages)
    assert f"Trouble of {INVOICES}" in text
    assert "Trouble of ion" not in text


@pytest.mark.row("AT-C10")
@pytest.mark.end_to_end
def test_without_a_mailbox_a_comparison_is_mailed_to_the_person_who_asks(
    owner: Visitor, mail: Any
) -> None:
    enable(owner)
    assert "neither this app nor you have an e-mail address" in owner.page(COMPARE)
    assert owner.post(f"{COMPARE}mail").status_code == 400
    with owner.app.app_context(), engine.transaction() as session:
        olga = session.scalars(select(User).where(User.username == "olga")).one()
        olga.email = "olga@example.com"
    assert "on its way to olga@example.com" in owner.press(f"{COMPARE}mail")
    assert [message["To"] for message in mail.messages] == ["olga@example.com"]


@pytest.mark.row("AT-C10")
@pytest.mark.end_to_end
def test_a_mailbox_without_a_mail_server_is_reported_on_the_page_and_in_the_inbox(
    without_mail: Visitor,
) -> None:
    without_mail.press(f"/apps/{INVOICES}/1/grant")
    address = f"/apps/{INVOICES}/1/configure"
    assert "cannot send mail" in without_mail.press(address, test="1", **form(mailbox=MAILBOX))
    enable(without_mail, mailbox=MAILBOX)
    assert [text for text in warnings(without_mail) if MAILBOX in text and "Set up → Mail" in text]
    assert f"cannot be mailed to {MAILBOX}: this hub has no mail server" in without_mail.page(
        COMPARE
    )
    assert f"cannot send mail to {MAILBOX}" in without_mail.press(f"{COMPARE}mail")
    without_mail.press_save("/installations/1/settings", **form(mailbox=""))
    assert [text for text in warnings(without_mail) if MAILBOX in text] == []


def test_a_setting_that_is_emptied_on_the_page_is_empty_or_its_default_again(
    without_mail: Visitor,
) -> None:
    fields = {"order_field": "Crew", "default_item": "1", "mailbox": MAILBOX, "tolerance": "0.10"}
    enable(without_mail, **fields)
    stored_settings = without_mail.row(Installation, 1).settings
    assert {name: stored_settings[name] for name in fields} == fields
    without_mail.press_save("/installations/1/settings", **form(**dict.fromkeys(fields, "")))
    stored_settings = without_mail.row(Installation, 1).settings
    assert {name: stored_settings[name] for name in fields} == {
        "order_field": "",
        "default_item": "",
        "mailbox": "",
        "tolerance": "0.05",
    }


def test_an_amount_has_the_currency_of_the_company_and_may_have_a_decimal_comma(
    without_mail: Visitor,
) -> None:
    enable(without_mail)
    page = without_mail.page("/installations/1/settings")
    pattern = r'name="tolerance"[^>]*value="0.05"[^>]*>\s*<span class="input-group-text">(\w+)<'
    assert re.findall(pattern, page) == ["USD"]
    without_mail.press_save("/installations/1/settings", **form(tolerance="0,10"))
    assert without_mail.row(Installation, 1).settings["tolerance"] == "0.10"
    refused = without_mail.post("/installations/1/settings", **form(tolerance="1,000"))
    assert "Enter an amount such as 1000.50." in refused.text
    assert without_mail.row(Installation, 1).settings["tolerance"] == "0.10"


def test_a_mailbox_that_is_no_address_is_refused_beside_its_field(without_mail: Visitor) -> None:
    assert "Not a valid email address" in enable(without_mail, mailbox="accounting")


@pytest.mark.row("AT-C4")
@pytest.mark.parametrize(
    ("slug", "name"),
    [
        ("autotask-invoices", "Autotask invoices"),
        ("autotask-expenses", "Autotask expense reports"),
        ("autotask-purchase-orders", "Autotask purchase orders"),
    ],
)
def test_the_page_of_an_app_says_what_comes_first_and_how_to_request_access(
    without_mail: Visitor, slug: str, name: str
) -> None:
    page = " ".join(without_mail.page(f"/apps/{slug}").split())
    assert "finish your Autotask implementation first" in page
    assert (
        "open a ticket with Kaseya&#39;s helpdesk (helpdesk.kaseya.com) and name the app,"
        f" “{name}”" in page
    )
    assert "granted by Kaseya&#39;s helpdesk" in page
    assert "Kaseya&#39;s helpdesk" in without_mail.press(f"/apps/{slug}/1/ask")
