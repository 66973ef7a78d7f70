"""Send mail: new cases, each cause once and several in one message, and files on demand."""

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from flask import current_app

from hub.cases import inbox
from hub.context import current_hub
from hub.contract.value_object import value_object
from hub.db.engine import read_only_session, transaction
from hub.errors import HubError, NotNow, Retry, Sentence
from hub.models import Notice, User
from hub.notifications import case_news, chat, languages, smtp, waiting_messages
from hub.notifications.deliveries import (
    CHAT,
    DAILY,
    Deliveries,
    forget_deferred_addresses,
    note_accepted_address,
    note_deferred_address,
    note_refused_address,
)
from hub.notifications.smtp import AddressDeferred, AddressRefused, UnreadableAddress
from hub.security import hub_settings, one_time_codes, password_resets
from hub.security import people as people_of_hub
from hub.translations.messages import gettext, translate

DEMO_FOLDER = "mail"
SENT_NOTICES_KEY = "hub_sent_notices"  # key among the extensions of the application
# What Python raises for the header of an address that it cannot read, such as "kari@".
UNREADABLE_ADDRESS = (AttributeError, IndexError, ValueError)
# How long a server may defer an address before a case is not mailed to it any more.
MAX_DEFERRAL = dt.timedelta(days=1)
log = logging.getLogger(__name__)


@value_object
class File:
    """A file that goes with a message."""

    name: str
    mime: str
    content: bytes


def is_set() -> bool:
    """Return whether a mail server is configured; a demo writes its mail into a folder."""
    return bool(hub_settings.mail_url()) or current_hub().is_demo


def demo_folder() -> Path | None:
    """Return the folder into which a demo writes its mail; None if this hub is no demo."""
    return current_hub().config.data / DEMO_FOLDER if current_hub().is_demo else None


def send_invitation(address: str, rights: Sequence[str], who: str, code: str) -> None:
    """Mail an invitation, in the language of the inviter; raise Retry or NotNow as `send` does.

    The language of the new person is not known before their first log-in.
    """
    public_url = current_hub().config.public_url
    right_names = gettext(" and ").join(translate(right) for right in rights)
    parts = (
        gettext(
            "%(who)s invites you to the QuickBooks hub at %(url)s as %(rights)s.",
            who=who,
            url=public_url,
            rights=right_names,
        ),
        gettext(
            "Open %(url)s and enter your address and this code:", url=f"{public_url}/invitation"
        ),
        f"    {code}",
        gettext(
            "You choose a password there. The code is valid for seven days and can be used once."
        ),
    )
    send([address], gettext("Your invitation to the QuickBooks hub"), _format_letter(parts))


def send_password_code(
    person: User, code: str, validity: Sentence, language: str | None = None
) -> None:
    """Mail the code with which a person sets a new password; raise Retry or NotNow as `send`.

    It is in the given language if the person has chosen none.
    """
    url = f"{current_hub().config.public_url}/new-password"
    with languages.use_language_of(person, otherwise=language):
        parts = (
            gettext(
                "Somebody asked for a new password for %(name)s at the QuickBooks hub.",
                name=person.username,
            ),
            gettext("Open %(url)s and enter your address and this code:", url=url),
            f"    {code}",
            gettext(
                "The code is valid for %(validity)s and can be used once. If it was not you, do"
                " nothing: your password stays as it is.",
                validity=translate(validity),
            ),
        )
        title = gettext("Your code for a new password")
    send([people_of_hub.mail_address(person)], title, _format_letter(parts))


def answer_password_requests() -> int:
    """Mail a code to everyone who forgot their password; return how many messages were sent.

    Stop at the first message that the mail server does not accept; it is tried again later.
    """
    with read_only_session() as session:
        requests = password_resets.list_due_requests(session)
    count = 0
    for request in requests:
        with read_only_session() as session:
            person = password_resets.find_recipient(session, request) if is_set() else None
        code = one_time_codes.generate()
        if person is not None:
            # Before the mail: otherwise a database that cannot be written now, for example on a
            # full disk, would lead to a mail with a useless code every few seconds.
            with transaction() as session:
                password_resets.postpone_request(session, request)
            try:
                send_password_code(person, code, Sentence("one hour"), request.language)
            except AddressRefused as error:
                note_refused_address(people_of_hub.mail_address(person), error.problem)
                person = None  # no code can reach them
        if person is not None:
            count += 1
        with transaction() as session:
            if person is not None:
                validity = password_resets.MAILED_CODE_LIFETIME
                who = str(person.username)
                password_resets.store_code(session, person, code, validity, who)
            password_resets.forget_request(session, request)
    return count


def send(to: Sequence[str], subject: str, text: str, files: Sequence[File] = ()) -> None:
    """Send one message; raise Retry if the mail server does not accept it.

    Raise NotNow if no mail server is set. A demo writes the message into a folder.
    """
    folder = demo_folder()
    if folder:
        _write(folder, _build_message(_build_sender(""), to, subject, text, files))
        return
    mail_url = hub_settings.mail_url()
    if not mail_url:
        raise NotNow(
            "This hub cannot send mail to %(names)s: no mail server is set. An owner enters "
            "one under Set up → Mail.",
            names=", ".join(to),
        )
    message = _build_message(_build_sender(urlsplit(mail_url).query), to, subject, text, files)
    smtp.deliver(mail_url, message)
    hub_settings.note_accepted_mail(mail_url)


def mail_digest() -> int:
    """Mail new cases to everyone who can act, and other messages that are due; count the mails.

    Cases are part of the daily mail for people who chose that. An address that the mail server
    refuses does not stop the other mails. Raise Retry if some message has to be sent again later.
    """
    if not is_set() and not chat.is_set():
        return 0
    with read_only_session() as session:
        news = case_news.load(session)
    deliveries = Deliveries()
    outcome = _MailOutcome()
    if is_set():
        _mail_cases(news, deliveries, outcome)
    if news.cases:
        _hand_on(news, deliveries)
        if outcome.problem is None:
            _mark_as_mailed(news)
            deliveries.forget_mailed()
            forget_deferred_addresses()
    if not is_set():
        waiting_messages.drop_old()
    elif not outcome.is_server_down:
        _send_notices(outcome)
    if outcome.problem is not None:
        raise outcome.problem
    return outcome.count


@dataclass
class _MailOutcome:
    """The number of mails sent, and the problem that requires to send one again.

    It is that of the server if the server takes no message any more, else that of the first
    address that the server defers.
    """

    count: int = 0
    problem: Retry | None = None

    @property
    def is_server_down(self) -> bool:
        """Return whether the server takes no message at all."""
        return self.problem is not None and not isinstance(self.problem, AddressDeferred)


def _mail_cases(news: case_news.News, deliveries: Deliveries, outcome: _MailOutcome) -> None:
    """Mail the cases that each recipient has not got; stop if the server takes no message."""
    oldest = current_hub().clock.now() - MAX_DEFERRAL
    for address, cases in case_news.iter_recipients(news):
        missing = deliveries.select_missing(address, cases)
        if not missing:
            continue
        with languages.use_language_of(news.person(address)):
            subject = case_news.compose_title(missing, news.company_names)
            text = case_news.compose_text(missing, news)
        if _try_to_send(address, subject, text, outcome):
            deliveries.note(address, missing)
        elif outcome.is_server_down:
            return
        elif note_deferred_address(address) < oldest:
            deliveries.note(address, [case for case in missing if case.opened_at < oldest])


def _try_to_send(address: str, subject: str, text: str, outcome: _MailOutcome) -> bool:
    """Send a message to one address; return whether that is settled.

    It is also settled if the server refuses the address, which is recorded.
    """
    try:
        send([address], subject, text)
    except AddressRefused as error:
        log.warning("%s", error.text)
        note_refused_address(address, error.problem)
        return True
    except Retry as error:
        if outcome.problem is None or not isinstance(error, AddressDeferred):
            outcome.problem = error
        return False
    note_accepted_address(address)
    outcome.count += 1
    return True


def _send_notices(outcome: _MailOutcome) -> None:
    """Mail the messages that are due, one mail for each person.

    Messages that were sent and could not be removed from the queue are remembered, so that they are
    sent once.
    """
    with read_only_session() as session:
        due = waiting_messages.list_due_messages(session)
    sent_ids: set[int] = current_app.extensions.setdefault(SENT_NOTICES_KEY, set())
    sent_ids.intersection_update(message.id for _, messages in due for message in messages)
    for person, messages in due:
        unsent = [message for message in messages if message.id not in sent_ids]
        if _try_to_send_notices(person, unsent, outcome):
            sent_ids.update(message.id for message in unsent)
            with transaction() as session:
                waiting_messages.drop(session, messages)
        elif outcome.is_server_down:
            return
    if not due:
        waiting_messages.drop_old()


def _try_to_send_notices(person: User, messages: Sequence[Notice], outcome: _MailOutcome) -> bool:
    """Send messages to a person in one mail; return whether that is settled."""
    address = people_of_hub.mail_address(person)
    if not address or not messages:
        return True
    with languages.use_language_of(person):
        title, text = _compose_notices(messages)
    return _try_to_send(address, title, text, outcome)


def _compose_notices(messages: Sequence[Notice]) -> tuple[str, str]:
    """Return the title and the text of one mail for several messages."""
    case_texts: list[str] = []
    texts: list[str] = []
    for message in messages:
        part = texts if message.case_id is None else case_texts
        part.append(message.text)
    case_count = len(case_texts)
    if case_count:
        texts.append(case_news.join_case_texts(case_texts, case_count))
    title = messages[0].title
    if len(messages) > 1 and case_count == len(messages):
        title = case_news.compose_count(case_count)
    elif len(messages) > 1:
        title = gettext("%(count)s messages of the QuickBooks hub", count=len(messages))
    return title, "\n".join(texts)


def _hand_on(news: case_news.News, deliveries: Deliveries) -> None:
    """Add new cases to the mails of the day, and post them to the channel, each once."""
    for recipient, deliver in ((DAILY, _add_to_daily_mails), (CHAT, _post_to_chat)):
        missing = deliveries.select_missing(recipient, news.cases)
        if missing:
            deliver(replace(news, cases=missing))
            deliveries.note(recipient, missing)


def _mark_as_mailed(news: case_news.News) -> None:
    """Record that cases were mailed."""
    ids = [case.id for case in news.cases]
    with transaction() as session:
        inbox.change(session, ids, {"mailed_at": current_hub().clock.now()})


def _add_to_daily_mails(news: case_news.News) -> None:
    """Add cases to the mails of the day of those who want these."""
    with transaction() as session:
        for person_id, case in case_news.iter_daily_cases(news):
            with languages.use_language_of(news.persons[person_id]):
                title = case_news.compose_title([case], news.company_names)
                text = case_news.build_case_text(case, news)
            waiting_messages.add(session, person_id, title, text, is_daily=True, case_id=case.id)


def _post_to_chat(news: case_news.News) -> None:
    """Post new cases to the channel, once: a message that is not accepted is not repeated."""
    if not chat.is_set():
        return
    title = case_news.compose_title(news.cases, news.company_names)
    try:
        chat.post(f"{title}\n\n{case_news.compose_text(news.cases, news)}")
    except HubError as error:
        log.warning("%s", error.text)


def _format_letter(parts: Sequence[str]) -> str:
    """Return the text of a message, with an empty line between its parts."""
    return "\n\n".join(parts) + "\n"


def _write(folder: Path, message: EmailMessage) -> None:
    """Write a message into the folder of the demo's mail."""
    folder.mkdir(exist_ok=True)
    number = len(list(folder.glob("*.eml"))) + 1
    (folder / f"{number:04}.eml").write_bytes(bytes(message))


def _build_sender(query: str) -> str:
    """Return the sender that the mail server's address names, or else hub@ at the public host."""
    public_url = urlsplit(current_hub().config.public_url)
    default = f"hub@{public_url.hostname}"
    addresses = parse_qs(query).get("from", [default])
    return addresses[0]


def _build_message(
    sender: str, to: Sequence[str], subject: str, text: str, files: Sequence[File]
) -> EmailMessage:
    """Build a message; line breaks in its headers become spaces.

    Raise AddressRefused for a text that is no address, and Retry if that is the sender.
    """
    message = EmailMessage()
    try:
        message["From"] = sender
    except UNREADABLE_ADDRESS:
        raise Retry(
            "The sender %(sender)s is not an e-mail address. Correct it under Set up → Mail.",
            sender=sender,
        ) from None
    recipients = ", ".join(" ".join(address.split()) for address in to)
    try:
        message["To"] = recipients
    except UNREADABLE_ADDRESS:
        raise UnreadableAddress(recipients) from None
    message["Subject"] = " ".join(subject.split())
    message["Date"] = format_datetime(current_hub().clock.now())
    message["Message-ID"] = make_msgid(domain="hub.invalid")
    message["Auto-Submitted"] = "auto-generated"  # no reply about absence, as RFC 3834 says
    message.set_content(text)
    for file in files:
        kind, _, sub = file.mime.partition("/")
        message.add_attachment(file.content, maintype=kind, subtype=sub, filename=file.name)
    return message
