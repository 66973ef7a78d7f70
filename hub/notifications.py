"""Mail: new cases, each cause once and all of a time in one message; and files on demand."""

import datetime as dt
import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

from sqlalchemy import select, update

from hub.context import current
from hub.contract.documents import value_object
from hub.db.engine import reading, transaction
from hub.errors import NotNow, Retry
from hub.models import Case, Company, Installation, User

NOWHERE = "@hub.invalid"  # stands in for the address of a person who has none
SETTLES = dt.timedelta(minutes=1)  # many causes of one run make one message
SECONDS = 30.0
LOCAL = ("localhost", "127.0.0.1", "::1")
SHOWN = 30


@value_object
class File:
    """A file that goes with a message."""

    name: str
    mime: str
    content: bytes


def is_set() -> bool:
    """Whether mail can be sent at all."""
    return bool(current().config.mail_url)


def mailbox(installation: Installation) -> str:
    """Return the address that an app's comparisons and cases are mailed to, "" if there is none."""
    app = current().plugins.apps.get(installation.slug)
    return str(installation.settings.get(app.mailbox) or "") if app and app.mailbox else ""


def send(to: Sequence[str], subject: str, text: str, files: Sequence[File] = ()) -> None:
    """Hands one message to the mail server; Retry says what to look at when it does not take it."""
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
        settled = Case.opened_at <= current().clock.now() - SETTLES
        new = (
            select(Case)
            .where(Case.closed_at.is_(None), Case.mailed_at.is_(None), settled)
            .order_by(Case.id)
        )
        cases = list(session.scalars(new))
        people = _people(session) if cases else {}
        installations = list(session.scalars(select(Installation))) if cases else []
        owners = {one.id: one.owner for one in installations}
        mailboxes = {one.id: mailbox(one) for one in installations}
        names = (
            {one.id: one.name or one.realm for one in session.scalars(select(Company))}
            if cases
            else {}
        )
    sent = 0
    for address, (name, role) in people.items():
        of_app = [
            case
            for case in cases
            if role != "app-owner" or owners.get(case.installation_id or 0) == name
        ]
        if of_app:
            send([address], _subject(of_app, names), _text(of_app, names))
            sent += 1
    for address in sorted(set(mailboxes.values()) - {"", *people}):
        of_app = [case for case in cases if mailboxes.get(case.installation_id or 0) == address]
        if of_app:
            send([address], _subject(of_app, names), _text(of_app, names))
            sent += 1
    with transaction() as session:
        marked = update(Case).where(Case.id.in_([case.id for case in cases]))
        session.execute(marked.values(mailed_at=current().clock.now()))
    return sent


def _people(session: Any) -> dict[str, tuple[str, str]]:
    """Name and role of those who can act, by their address."""
    able = ("operator", "app-owner", "owner")
    people = {}
    for person in session.scalars(select(User).where(cast(Any, User.active))):
        role = next((role.name for role in person.roles if role.name in able), "")
        if role and not person.email.endswith(NOWHERE):
            people[str(person.email)] = (str(person.username or person.email), role)
    return people


def _subject(cases: Sequence[Case], names: dict[int, str]) -> str:
    companies = {names[case.company_id] for case in cases if case.company_id in names}
    company = f" ({companies.pop()})" if len(companies) == 1 else ""
    return (
        f"{cases[0].title}{company}"
        if len(cases) == 1
        else f"{len(cases)} things need a person{company}"
    )


def _text(cases: Sequence[Case], names: dict[int, str]) -> str:
    base = current().config.public_url
    parts = []
    for case in cases[:SHOWN]:
        company = f"{names[case.company_id]}\n" if case.company_id in names else ""
        link = f"{base}/inbox/{case.id}"
        parts.append(
            f"{case.title}\n{company}{case.reason}\nWhat to do: {case.instruction}\n{link}\n"
        )
    if len(cases) > SHOWN:
        parts.append(f"And {len(cases) - SHOWN} more.\n")
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
