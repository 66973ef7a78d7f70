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

from hub.context import current
from hub.contract.documents import value_object
from hub.db.engine import reading, transaction
from hub.errors import NotNow, Retry
from hub.models import Case, Company, Installation, User

NO_ADDRESS = "@hub.invalid"  # the end of the address of a person who has none
ROLES_THAT_ACT = ("operator", "app-owner", "owner")
COLLECTING_PERIOD = dt.timedelta(minutes=1)  # so that many causes of one run make one message
SECONDS = 30.0
LOCAL = ("localhost", "127.0.0.1", "::1")
MAX_CASES = 30


@value_object
class File:
    """A file that goes with a message."""

    name: str
    mime: str
    content: bytes


def is_set() -> bool:
    """Tell whether a mail server is configured."""
    return bool(current().config.mail_url)


def mailbox(installation: Installation) -> str:
    """Return the address that an app's comparisons and cases are mailed to, "" if there is none."""
    app = current().plugins.apps.get(installation.slug)
    return str(installation.settings.get(app.mailbox) or "") if app and app.mailbox else ""


def send(to: Sequence[str], subject: str, text: str, files: Sequence[File] = ()) -> None:
    """Send one message; raise Retry if the mail server does not accept it."""
    if not is_set():
        raise NotNow(
            f"This hub cannot send mail to {', '.join(to)}: no mail server is set."
            " Set HUB_MAIL_URL."
        )
    where = urlsplit(current().config.mail_url)
    host = where.hostname or ""
    sender = parse_qs(where.query).get(
        "from", [f"hub@{urlsplit(current().config.public_url).hostname}"]
    )[0]
    message = _message(sender, to, subject, text, files)
    try:
        with _server(where.scheme, host, where.port) as server:
            if where.username:
                _must_be_secret(server, host)
                server.login(unquote(where.username), unquote(where.password or ""))
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        why = type(error).__name__ if isinstance(error, smtplib.SMTPAuthenticationError) else error
        raise Retry(
            f"The mail server {host} did not take the message ({why}). Check HUB_MAIL_URL."
        ) from None


def digest() -> int:
    """Mail the cases that were not mailed yet to everyone who can act; return how many messages."""
    if not is_set():
        return 0
    with reading() as session:
        news = _load_news(session)
    count = 0
    for address, cases in _recipients(news):
        send([address], _subject(cases, news.company_names), _text(cases, news.company_names))
        count += 1
    with transaction() as session:
        mailed = update(Case).where(Case.id.in_([case.id for case in news.cases]))
        session.execute(mailed.values(mailed_at=current().clock.now()))
    return count


@dataclass
class _News:
    """The cases to mail, and what decides who receives them.

    `owners` and `mailboxes` are those of the apps by installation; `people` holds name and role by
    address.
    """

    cases: list[Case]
    people: dict[str, tuple[str, str]] = field(default_factory=dict)
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
        news.owners[installation.id] = installation.owner
        news.mailboxes[installation.id] = mailbox(installation)
    for company in session.scalars(select(Company)):
        news.company_names[company.id] = company.name or company.realm
    return news


def _recipients(news: _News) -> Iterator[tuple[str, list[Case]]]:
    """Yield each address with its cases: people first, then the mailboxes of apps.

    An app owner receives the cases of their own apps, everyone else all cases.
    """
    for address, (name, role) in news.people.items():
        cases = news.cases
        if role == "app-owner":
            cases = [case for case in cases if news.owners.get(case.installation_id or 0) == name]
        if cases:
            yield address, cases
    for address in sorted(set(news.mailboxes.values()) - {"", *news.people}):
        cases = []
        for case in news.cases:
            if news.mailboxes.get(case.installation_id or 0) == address:
                cases.append(case)
        if cases:
            yield address, cases


def _people(session: Session) -> dict[str, tuple[str, str]]:
    """Return name and role of the people who can act, by address."""
    people = {}
    for person in session.scalars(select(User).where(cast(Any, User.active))):
        roles = [role.name for role in person.roles if role.name in ROLES_THAT_ACT]
        if roles and not person.email.endswith(NO_ADDRESS):
            people[str(person.email)] = (str(person.username or person.email), roles[0])
    return people


def _subject(cases: Sequence[Case], names: dict[int, str]) -> str:
    """Return the title of the only case, or the number of cases; with the company if it is one."""
    companies = {names[case.company_id] for case in cases if case.company_id in names}
    company = f" ({companies.pop()})" if len(companies) == 1 else ""
    if len(cases) == 1:
        return f"{cases[0].title}{company}"
    return f"{len(cases)} things need a person{company}"


def _text(cases: Sequence[Case], names: dict[int, str]) -> str:
    """Return the text of a message: each case with its reason, next step and address."""
    base = current().config.public_url
    parts = []
    for case in cases[:MAX_CASES]:
        company = f"{names[case.company_id]}\n" if case.company_id in names else ""
        link = f"{base}/inbox/{case.id}"
        parts.append(
            f"{case.title}\n{company}{case.reason}\nWhat to do: {case.instruction}\n{link}\n"
        )
    if len(cases) > MAX_CASES:
        parts.append(f"And {len(cases) - MAX_CASES} more.\n")
    return "\n".join([*parts, f"All that is open: {base}/inbox/\n"])


def _message(
    sender: str, to: Sequence[str], subject: str, text: str, files: Sequence[File]
) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = (
        sender,
        ", ".join(to),
        " ".join(subject.split()),
    )
    message["Date"], message["Message-ID"] = (
        format_datetime(current().clock.now()),
        make_msgid(domain="hub.invalid"),
    )
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


def _must_be_secret(server: smtplib.SMTP, host: str) -> None:
    """A password is not said over a line that anyone can read."""
    if not isinstance(server.sock, ssl.SSLSocket) and host not in LOCAL:
        raise Retry(
            f"The mail server {host} speaks no TLS, so the password is not sent."
            " Check HUB_MAIL_URL."
        )
