"""New cases in a channel of Slack or Teams; the address of the webhook is a secret."""

import json
import logging
from typing import Any

import pytest
from flask import Flask, request
from sqlalchemy import select

from hub import notifications
from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.models import AuditEntry, Case, Notice, Secret
from hub.notifications import chat, waiting_messages
from hub.security import people
from qbo_sandbox.kit.wsgi import WSGIAdapter
from tests.support.pages.page_visitor import Visitor

SLACK = "https://hooks.slack.com"
TEAMS = "https://nordvik.webhook.office.com"
GATEWAY = "https://chat.nordvik.example:8443"
PATH = "/services/T0001/B0001/canary4chat5address6"


class Channel:
    """A chat that receives messages."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.status = 200
        self.app = Flask("chat")
        self.app.post("/<path:path>")(self._take)

    def _take(self, path: str) -> tuple[str, int]:
        self.messages.append(json.loads(request.data))
        return "ok", self.status


@pytest.fixture
def channel(visitor: Visitor) -> Channel:
    new_channel = Channel()
    with visitor.app.app_context():
        for prefix in (SLACK, TEAMS, GATEWAY):
            current_hub().mounts[prefix] = WSGIAdapter(new_channel.app.wsgi_app, prefix)
    visitor.enter("olga")
    return new_channel


def _digest(visitor: Visitor) -> None:
    with visitor.app.app_context():
        notifications.mail_digest()


def test_new_cases_are_posted_once_without_a_mail_server(
    visitor: Visitor, channel: Channel, clock: Any
) -> None:
    page = visitor.press("/setup/chat", chat_secret=SLACK + PATH)
    assert "New cases are posted to hooks.slack.com." in page
    assert PATH not in page
    clock.advance(60)
    _digest(visitor)
    _digest(visitor)
    (message,) = channel.messages
    assert message["text"].startswith("10 cases need attention (Nordvik Bygg AS)")
    assert "/inbox/1" in message["text"]


def test_a_text_of_a_source_mentions_nobody_and_hides_no_address(
    visitor: Visitor, channel: Channel, clock: Any
) -> None:
    link = "https://evil.example"
    title = f"Supplier <!channel> & <{link}|QuickBooks> [QuickBooks]({link})"
    for prefix in (SLACK, TEAMS):
        visitor.press("/setup/chat", chat_secret=prefix + PATH)
        with visitor.app.app_context(), transaction() as session:
            case = session.get_one(Case, 1)
            case.code, case.stored_title, case.mailed_at = "", title, None
        clock.advance(60)
        _digest(visitor)
    slack, teams = channel.messages
    assert f"Supplier &lt;!channel&gt; &amp; &lt;{link}|" in slack["text"]
    text = teams["attachments"][0]["content"]["body"][0]["text"]
    assert f"[QuickBooks] ({link})" in text
    assert "Supplier <!channel> & <" in text


def test_a_test_message_is_recorded_with_the_host_alone(visitor: Visitor, channel: Channel) -> None:
    tests = select(AuditEntry).where(AuditEntry.what == "connection tested")
    visitor.press("/setup/chat/test")
    with visitor.app.app_context(), read_only_session() as session:
        assert list(session.scalars(tests)) == []
    visitor.press("/setup/chat", chat_secret=SLACK + PATH)
    visitor.press("/setup/chat/test")
    with visitor.app.app_context(), read_only_session() as session:
        (entry,) = session.scalars(tests)
    assert (entry.who, entry.subject) == ("olga", "hooks.slack.com")
    assert PATH not in str(entry.detail)


def test_teams_gets_a_card(visitor: Visitor, channel: Channel) -> None:
    visitor.press("/setup/chat", chat_secret=TEAMS + PATH)
    assert "accepted the test message" in visitor.press("/setup/chat/test")
    (message,) = channel.messages
    (card,) = message["attachments"]
    assert card["contentType"] == chat.ADAPTIVE_CARD
    assert card["content"]["body"][0]["text"] == "Test message of the QuickBooks hub"


def test_an_address_with_a_port_is_called_there(visitor: Visitor, channel: Channel) -> None:
    visitor.press("/setup/chat", chat_secret=GATEWAY + PATH)
    assert "accepted the test message" in visitor.press("/setup/chat/test")
    assert len(channel.messages) == 1


def test_the_address_is_sealed_and_is_in_no_error_and_no_log(
    visitor: Visitor, channel: Channel, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    visitor.press("/setup/chat", chat_secret=SLACK + PATH)
    channel.status = 500
    page = visitor.press("/setup/chat/test")
    assert "hooks.slack.com did not accept the message" in page
    clock.advance(60)
    with caplog.at_level(logging.WARNING):
        _digest(visitor)
    assert "did not accept the message" in caplog.text
    assert "canary4chat5address6" not in page + caplog.text
    with visitor.app.app_context(), read_only_session() as session:
        assert all(PATH.encode() not in row.sealed for row in session.scalars(select(Secret)))
        entries = " ".join(
            f"{row.subject} {row.detail}" for row in session.scalars(select(AuditEntry))
        )
        assert "hooks.slack.com" in entries
        assert PATH not in entries
        assert session.scalars(select(Case.id).where(Case.mailed_at.is_(None))).all() == []


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_a_message_for_a_webhook_that_was_removed_does_not_count_as_accepted(
    visitor: Visitor, channel: Channel, status: int
) -> None:
    visitor.press("/setup/chat", chat_secret=SLACK + PATH)
    channel.status = status
    page = visitor.press("/setup/chat/test")
    assert "hooks.slack.com did not accept the message" in page
    assert "accepted the test message" not in page
    assert "canary4chat5address6" not in page


@pytest.mark.parametrize(
    "address",
    [
        "http://hooks.slack.com/x",
        "https://",
        "hooks.slack.com/x",
        "https://[",
        "https://hooks.slack.com:port/x",
        "https://olga:secret@hooks.slack.com/x",
        "x" * 2000,
    ],
)
def test_an_address_that_is_none_of_slack_or_teams_is_not_stored(
    visitor: Visitor, channel: Channel, address: str
) -> None:
    assert "begins with https://" in visitor.press("/setup/chat", chat_secret=address)
    assert "No address of Slack or Teams is stored." in visitor.press("/setup/chat/test")


def test_a_private_address_is_refused(visitor: Visitor, channel: Channel) -> None:
    visitor.press("/setup/chat", chat_secret="https://127.0.0.1/hook")
    assert "did not accept the message" in visitor.press("/setup/chat/test")
    assert channel.messages == []


def test_an_empty_address_ends_messages_to_the_chat(
    visitor: Visitor, channel: Channel, clock: Any
) -> None:
    visitor.press("/setup/chat", chat_secret=SLACK + PATH)
    assert "Nothing is posted" in visitor.press("/setup/chat", chat_secret="")
    with visitor.app.app_context():
        assert chat.address() == ""
    clock.advance(60)
    _digest(visitor)
    assert channel.messages == []


def test_messages_for_daily_mails_are_dropped_after_thirty_days_without_a_mail_server(
    visitor: Visitor, channel: Channel, clock: Any
) -> None:
    visitor.press("/setup/chat", chat_secret=SLACK + PATH)
    with visitor.app.app_context(), transaction() as session:
        person = people.get(session, "olga")
        waiting_messages.add(session, person.id, "Request", "An app is requested.", is_daily=True)
    clock.advance(29 * 86400)
    _digest(visitor)
    assert _count_notices(visitor) == 1
    clock.advance(2 * 86400)
    _digest(visitor)
    assert _count_notices(visitor) == 0


def _count_notices(visitor: Visitor) -> int:
    with visitor.app.app_context(), read_only_session() as session:
        return len(session.scalars(select(Notice.id).where(Notice.title == "Request")).all())
