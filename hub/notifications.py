"""Mail new cases, each cause once and several in one message, and files on demand."""

import datetime as dt
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub.context import current, hide_secrets, mask_secrets
from hub.contract.documents import value_object
from hub.db.engine import reading, transaction
from hub.errors import NotNow, Retry
from hub.models import Case, Company, Installation, User
from hub.security import hub_settings, one_time_codes, password_resets
from hub.security import people as people_of_hub
from hub.security.rights import Rights, Subject, is_enough, rights_of

COLLECTING_PERIOD = dt.timedelta(minutes=1)  # so that many causes of one run make one message
SECONDS = 30.0
LOCAL = ("localhost", "127.0.0.1", "::1")
MAX_CASES = 30
MAX_TITLE, MAX_REASON = 200, 1000  # characters of a case in a mail


@value_object
class File:
    """A file that goes with a message."""

    name: str
    mime: str
    content: bytes


def is_set() -> bool:
    """Tell whether a mail server is configured; a demo sends no mail."""
    return bool(hub_settings.mail_url()) and not current().is_demo


def send_invitation(address: str, rights: Sequence[str], who: str, code: str) -> None:
    """Mail an invitation; raise Retry or NotNow as `send` does."""
    public_url = current().config.public_url
    text = (
        f"{who} invites you to the QuickBooks hub at {public_url} as {' and '.join(rights)}.\n\n"
        f"Open {public_url}/invitation and enter your address and this code:\n\n"
        f"    {code}\n\n"
        "You choose a password there. The code is valid for seven days and can be used once.\n"
    )
    send([address], "Your invitation to the QuickBooks hub", text)


def send_password_code(person: User, code: str, validity: str) -> None:
    """Mail the code with which a person sets a new password; raise Retry or NotNow as `send`."""
    public_url = current().config.public_url
    text = (
        f"Somebody asked for a new password for {person.username} at the QuickBooks hub.\n\n"
        f"Open {public_url}/new-password and enter your address and this code:\n\n"
        f"    {code}\n\n"
        f"The code is valid for {validity} and can be used once. If it was not you, do nothing:\n"
        "your password stays as it is.\n"
    )
    send([people_of_hub.mail_address(person)], "Your code for a new password", text)


def answer_password_requests() -> int:
    """Mail a code to everyone who forgot their password; return how many messages were sent.

    Stop at the first message that the mail server does not take; it is tried again later.
    """
    with reading() as session:
        requests = password_resets.due_requests(session)
    count = 0
    for request in requests:
        with reading() as session:
            person = password_resets.recipient(session, request) if is_set() else None
        code = one_time_codes.generate()
        if person is not None:
            try:
                send_password_code(person, code, "one hour")
            except Retry:
                with transaction() as session:
                    password_resets.postpone_request(session, request)
                raise
            count += 1
        with transaction() as session:
            if person is not None:
                validity = password_resets.MAILED_CODE_VALID_FOR
                who = str(person.username)
                password_resets.store_code(session, person, code, validity, who)
            password_resets.forget_request(session, request)
    return count


def mailbox(installation: Installation) -> str:
    """Return the address that an app's comparisons and cases are mailed to, "" if there is none."""
    app = current().plugins.apps.get(installation.slug)
    if app is None or not app.mailbox:
        return ""
    return str(installation.settings.get(app.mailbox) or "")


def send(to: Sequence[str], subject: str, text: str, files: Sequence[File] = ()) -> None:
    """Send one message; raise Retry if the mail server does not accept it.

    Raise NotNow if no mail server is set.
    """
    if current().is_demo:
        raise NotNow("The demo sends no mail.")
    mail_url = hub_settings.mail_url()
    if not mail_url:
        raise NotNow(
            f"This hub cannot send mail to {', '.join(to)}: no mail server is set."
            " An owner enters one under Set up → Mail."
        )
    server_url = urlsplit(mail_url)
    host = server_url.hostname or ""
    message = _message(_sender(server_url.query), to, subject, text, files)
    try:
        with _server(server_url.scheme, host, server_url.port) as server:
            if server_url.username:
                _require_encryption(server, host)
                user = unquote(server_url.username)
                password = unquote(server_url.password or "")
                hide_secrets((password,))
                server.login(user, password)
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        problem = mask_secrets(str(error))
        if isinstance(error, smtplib.SMTPAuthenticationError):
            problem = type(error).__name__  # its text may repeat what was typed
        raise Retry(
            f"The mail server {host} did not take the message ({problem}). Check its"
            " settings under Set up → Mail."
        ) from None


def digest() -> int:
    """Mail the cases that were not mailed yet to everyone who can act; return how many messages."""
    if not is_set():
        return 0
    with reading() as session:
        news = _load_news(session)
    count = 0
    for address, cases in _recipients(news):
        subject = _subject(cases, news.company_names)
        send([address], subject, _text(cases, news.company_names))
        count += 1
    ids = [case.id for case in news.cases]
    with transaction() as session:
        mailed = update(Case).where(Case.id.in_(ids)).values(mailed_at=current().clock.now())
        session.execute(mailed)
    return count


@dataclass
class _News:
    """The cases to mail, and what decides who receives them.

    `apps`, `owners` and `mailboxes` are those of the apps by installation; `people` holds name and
    rights by address.
    """

    cases: list[Case]
    people: dict[str, tuple[str, Rights]] = field(default_factory=dict)
    apps: dict[int, Subject] = field(default_factory=dict)
    owners: dict[int, str] = field(default_factory=dict)
    mailboxes: dict[int, str] = field(default_factory=dict)
    company_names: dict[int, str] = field(default_factory=dict)


def _load_news(session: Session) -> _News:
    """Read the open cases that have waited long enough for others of the same run."""
    query = select(Case).where(
        Case.closed_at.is_(None),
        Case.mailed_at.is_(None),
        Case.opened_at <= current().clock.now() - COLLECTING_PERIOD,
    )
    news = _News(list(session.scalars(query.order_by(Case.id))))
    if not news.cases:
        return news
    news.people = _people(session)
    for installation in session.scalars(select(Installation)):
        news.apps[installation.id] = Subject(installation.company_id, installation.slug)
        news.owners[installation.id] = installation.owner
        news.mailboxes[installation.id] = mailbox(installation)
    for company in session.scalars(select(Company)):
        news.company_names[company.id] = company.name or company.realm
    return news


def _recipients(news: _News) -> Iterator[tuple[str, list[Case]]]:
    """Yield each address with its cases: people first, then the mailboxes of apps.

    A mailbox that is also the address of a person is left out, so that nobody receives two
    messages.
    """
    for address, (name, rights) in news.people.items():
        cases = _cases_of_person(news, name, rights)
        if cases:
            yield address, cases
    app_mailboxes = set(news.mailboxes.values()) - {"", *news.people}
    for address in sorted(app_mailboxes):
        cases = _cases_of_apps(news, news.mailboxes, address)
        if cases:
            yield address, cases


def _cases_of_person(news: _News, name: str, rights: Rights) -> list[Case]:
    """Return the cases on which a person can act.

    A person who is an app owner for a case receives it only if the app is their own.
    """
    cases = []
    for case in news.cases:
        installation_id = case.installation_id or 0
        subject = news.apps.get(installation_id, Subject(case.company_id))
        role = rights.role(subject)
        if role == "app-owner" and news.owners.get(installation_id) != name:
            continue
        if is_enough(role, "operator"):
            cases.append(case)
    return cases


def _cases_of_apps(news: _News, by_installation: dict[int, str], recipient: str) -> list[Case]:
    """Return the cases of those apps that have this owner or mailbox.

    A case of a whole company belongs to no app, so it is not among them.
    """
    cases = []
    for case in news.cases:
        if by_installation.get(case.installation_id or 0) == recipient:
            cases.append(case)
    return cases


def _people(session: Session) -> dict[str, tuple[str, Rights]]:
    """Return name and rights of the active people who have an address, by address."""
    people = {}
    is_active = cast(Any, User.active)
    for person in session.scalars(select(User).where(is_active)):
        address = people_of_hub.mail_address(person)
        if address:
            name = str(person.username or address)
            people[address] = (name, rights_of(person))
    return people


def _subject(cases: Sequence[Case], names: dict[int, str]) -> str:
    """Return the title of the only case, or the number of cases; with the company if it is one."""
    companies = set()
    for case in cases:
        if case.company_id in names:
            companies.add(names[case.company_id])
    company = ""
    if len(companies) == 1:
        company = f" ({companies.pop()})"
    if len(cases) == 1:
        return f"{_cut(cases[0].title, MAX_TITLE)}{company}"
    return f"{len(cases)} things need a person{company}"


def _text(cases: Sequence[Case], names: dict[int, str]) -> str:
    """Return the text of a message: each case with its reason, next step and address."""
    inbox_url = f"{current().config.public_url}/inbox/"
    parts = []
    for case in cases[:MAX_CASES]:
        lines = [_cut(case.title, MAX_TITLE)]
        if case.company_id in names:
            lines.append(names[case.company_id])
        lines.append(_cut(case.reason, MAX_REASON))
        lines.append(f"What to do: {case.instruction}")
        lines.append(f"{inbox_url}{case.id}\n")
        parts.append("\n".join(lines))
    if len(cases) > MAX_CASES:
        parts.append(f"And {len(cases) - MAX_CASES} more.\n")
    parts.append(f"All that is open: {inbox_url}\n")
    return "\n".join(parts)


def _cut(text: str, length: int) -> str:
    """Return a text with at most this many characters; it can repeat a long text of a source."""
    return text if len(text) <= length else f"{text[:length]}…"


def _sender(query: str) -> str:
    """Return the sender that the mail server's address names, or else hub@ at the public host."""
    public_url = urlsplit(current().config.public_url)
    default = f"hub@{public_url.hostname}"
    addresses = parse_qs(query).get("from", [default])
    return addresses[0]


def _message(
    sender: str, to: Sequence[str], subject: str, text: str, files: Sequence[File]
) -> EmailMessage:
    """Build a message; line breaks in its headers become spaces."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = ", ".join(" ".join(address.split()) for address in to)
    message["Subject"] = " ".join(subject.split())
    message["Date"] = format_datetime(current().clock.now())
    message["Message-ID"] = make_msgid(domain="hub.invalid")
    message.set_content(text)
    for file in files:
        kind, _, sub = file.mime.partition("/")
        message.add_attachment(file.content, maintype=kind, subtype=sub, filename=file.name)
    return message


def _server(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    """Connect to the mail server: TLS at once for smtps://, STARTTLS if possible for smtp://.

    A log-in requires TLS.
    """
    if scheme == "smtps":
        return smtplib.SMTP_SSL(
            host, port or 465, timeout=SECONDS, context=ssl.create_default_context()
        )
    server = smtplib.SMTP(host, port or 587, timeout=SECONDS)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=ssl.create_default_context())
        server.ehlo()
    return server


def _require_encryption(server: smtplib.SMTP, host: str) -> None:
    """Raise Retry if a password could be read on the way.

    The connection must have TLS, or stay on this machine.
    """
    if not isinstance(server.sock, ssl.SSLSocket) and host not in LOCAL:
        raise Retry(
            f"The mail server {host} speaks no TLS, so the password is not sent."
            " Check the mail server under Set up → Mail."
        )
