"""Mail new cases, each cause once and several in one message, and files on demand."""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from hub import notices
from hub.context import current
from hub.contract.documents import value_object
from hub.db.engine import reading, transaction
from hub.errors import HubError, NotNow, Retry
from hub.models import Case, Company, Installation, User, case_posting
from hub.money import format_amount
from hub.notices import chat, smtp
from hub.outbox import case_amounts
from hub.security import hub_settings, one_time_codes, password_resets
from hub.security import people as people_of_hub
from hub.security.rights import Rights, Subject, is_enough, rights_of

COLLECTING_PERIOD = dt.timedelta(minutes=1)  # so that many causes of one run make one message
MAX_CASES = 30
DEMO_FOLDER = "mail"
log = logging.getLogger(__name__)
MAX_TITLE, MAX_REASON = 200, 1000  # characters of a case in a mail


@value_object
class File:
    """A file that goes with a message."""

    name: str
    mime: str
    content: bytes


def is_set() -> bool:
    """Tell whether a mail server is configured; a demo writes its mail into a folder."""
    return bool(hub_settings.mail_url()) or current().is_demo


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

    Raise NotNow if no mail server is set. A demo writes the message into a folder.
    """
    if current().is_demo:
        _write(_message(_sender(""), to, subject, text, files))
        return
    mail_url = hub_settings.mail_url()
    if not mail_url:
        raise NotNow(
            f"This hub cannot send mail to {', '.join(to)}: no mail server is set."
            " An owner enters one under Set up → Mail."
        )
    message = _message(_sender(urlsplit(mail_url).query), to, subject, text, files)
    smtp.deliver(mail_url, message)


def digest() -> int:
    """Mail new cases to everyone who can act, and other messages that are due; count the mails.

    People who want one mail a day get the cases in that.
    """
    if not is_set() and not chat.is_set():
        return 0
    with reading() as session:
        news = _load_news(session)
    count = 0
    for address, cases in _recipients(news) if is_set() else ():
        subject = _subject(cases, news.company_names)
        send([address], subject, _text(cases, news))
        count += 1
    if news.cases:
        _mark_as_mailed(news)
        _post_to_chat(news)
    return count + (_send_notices() if is_set() else 0)


def _send_notices() -> int:
    """Mail the messages that are due, one mail for each person; return how many mails."""
    with reading() as session:
        due = notices.due(session)
    count = 0
    for person, messages in due:
        address = people_of_hub.mail_address(person)
        if address:
            title = messages[0].title
            if len(messages) > 1:
                title = f"{len(messages)} messages of the QuickBooks hub"
            send([address], title, "\n".join(message.text for message in messages))
            count += 1
        with transaction() as session:
            notices.drop(session, messages)
    if not due:
        notices.drop_old()
    return count


@dataclass
class _News:
    """The cases to mail, and what decides who receives them.

    `apps`, `owners` and `mailboxes` are those of the apps by installation; `people` holds name and
    rights by address, and `ids` their ids. `amounts` has what each case stops, by its id.
    """

    cases: list[Case]
    people: dict[str, tuple[str, Rights]] = field(default_factory=dict)
    apps: dict[int, Subject] = field(default_factory=dict)
    owners: dict[int, str] = field(default_factory=dict)
    mailboxes: dict[int, str] = field(default_factory=dict)
    company_names: dict[int, str] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    amounts: dict[int, str] = field(default_factory=dict)
    timings: notices.Timings = field(default_factory=lambda: notices.Timings({}))

    def timing(self, address: str, case: Case) -> str:
        """Return when the person with an address is mailed about a case."""
        return self.timings.of(self.ids[address], case.installation_id)


def _mark_as_mailed(news: _News) -> None:
    """Record that cases were mailed, and add them to the daily mails of those who want these."""
    ids = [case.id for case in news.cases]
    with transaction() as session:
        mailed = update(Case).where(Case.id.in_(ids)).values(mailed_at=current().clock.now())
        session.execute(mailed)
        for person_id, case in _daily_cases(news):
            title, text = _cut(case.title, MAX_TITLE), _case_text(case, news)
            notices.add(session, person_id, title, text, is_daily=True, case_id=case.id)


def _post_to_chat(news: _News) -> None:
    """Post new cases to the channel, once: a message that is not accepted is not repeated."""
    if not chat.is_set():
        return
    title = _subject(news.cases, news.company_names)
    try:
        chat.post(f"{title}\n\n{_text(news.cases, news)}")
    except HubError as error:
        log.warning("%s", error.text)


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
    news.people, news.ids = _people(session)
    news.timings = notices.load(session)
    news.amounts = _amounts(session, [case.id for case in news.cases])
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
        cases = []
        for case in _cases_of_person(news, name, rights):
            if news.timing(address, case) == notices.NOW:
                cases.append(case)
        if cases:
            yield address, cases
    app_mailboxes = set(news.mailboxes.values()) - {"", *news.people}
    for address in sorted(app_mailboxes):
        cases = _cases_of_apps(news, news.mailboxes, address)
        if cases:
            yield address, cases


def _daily_cases(news: _News) -> Iterator[tuple[int, Case]]:
    """Yield the id of each person who wants one mail a day, with each case for it."""
    for address, (name, rights) in news.people.items():
        for case in _cases_of_person(news, name, rights):
            if news.timing(address, case) == notices.DAILY:
                yield news.ids[address], case


def _amounts(session: Session, case_ids: Sequence[int]) -> dict[int, str]:
    """Return how many documents each case stops, and their sums less credits, as text."""
    columns = case_amounts.CURRENCY, func.count(), func.sum(case_amounts.amount())
    query = (
        case_amounts.select_documents(*columns)
        .where(case_posting.c.case_id.in_(case_ids))
        .group_by(case_posting.c.case_id, case_amounts.CURRENCY)
        .order_by(case_posting.c.case_id, case_amounts.CURRENCY)
    )
    counts: dict[int, int] = defaultdict(int)
    sums: dict[int, list[str]] = defaultdict(list)
    for case_id, currency, count, total in session.execute(query):
        counts[case_id] += count
        if total and currency:
            sums[case_id].append(format_amount(Decimal(total), currency))
    texts = {}
    for case_id, count in counts.items():
        documents = "1 document" if count == 1 else f"{count:,} documents"
        texts[case_id] = " · ".join([documents, *sums[case_id]])
    return texts


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


def _people(session: Session) -> tuple[dict[str, tuple[str, Rights]], dict[str, int]]:
    """Return name and rights, and the ids, of the active people with an address, by address."""
    people = {}
    ids = {}
    is_active = cast(Any, User.active)
    for person in session.scalars(select(User).where(is_active)):
        address = people_of_hub.mail_address(person)
        if address:
            name = str(person.username or address)
            people[address] = (name, rights_of(person))
            ids[address] = int(person.id)
    return people, ids


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
    return f"{len(cases)} items need attention{company}"


def _text(cases: Sequence[Case], news: _News) -> str:
    """Return the text of a message: each case with its reason, next step and address."""
    inbox_url = f"{current().config.public_url}/inbox/"
    parts = [_case_text(case, news) for case in cases[:MAX_CASES]]
    if len(cases) > MAX_CASES:
        parts.append(f"And {len(cases) - MAX_CASES} more.\n")
    parts.append(f"All that is open: {inbox_url}\n")
    return "\n".join(parts)


def _case_text(case: Case, news: _News) -> str:
    """Return a case as a message has it: what it is, what it stops, why, and what to do."""
    lines = [_cut(case.title, MAX_TITLE)]
    about = (news.company_names.get(case.company_id or 0), news.amounts.get(case.id))
    lines += [text for text in about if text]
    lines.append(_cut(case.reason, MAX_REASON))
    lines.append(f"What to do: {case.instruction}")
    lines.append(f"{current().config.public_url}/inbox/{case.id}\n")
    return "\n".join(lines)


def _write(message: EmailMessage) -> None:
    """Write a message into the folder of the demo's mail."""
    folder = current().config.data / DEMO_FOLDER
    folder.mkdir(exist_ok=True)
    number = len(list(folder.glob("*.eml"))) + 1
    (folder / f"{number:04}.eml").write_bytes(bytes(message))


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
