"""New cases that nobody was mailed about: who receives them, and how a message describes them."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from hub.cases import advice, inbox
from hub.context import current_hub
from hub.db.bulk import is_among
from hub.models import Case, ConnectedCompany, Installation, User, case_posting
from hub.money import format_amount
from hub.notifications import mail_timing
from hub.outbox import case_amounts
from hub.security import people as people_of_hub
from hub.security.names import normalize
from hub.security.rights import Rights, Subject, get_rights, is_enough
from hub.translations.messages import gettext, ngettext
from hub.translations.reasons import amounts_within

COLLECTING_PERIOD = dt.timedelta(minutes=1)  # so that many causes of one run make one message
MAX_CASES = 30
MAX_TITLE, MAX_REASON = 200, 1000  # characters of a case in a message


@dataclass
class News:
    """The cases to mail, and the facts that decide who receives them.

    - `apps`, `owners` and `mailboxes`: those of the apps, by installation.
    - `people`: name and rights, by address; `ids`: their ids.
    - `persons`: the people by id, in whose language they are mailed.
    - `amounts`: the documents that each case stops and their sums as text, by the id of the case.
    """

    cases: list[Case]
    people: dict[str, tuple[str, Rights]] = field(default_factory=dict)
    apps: dict[int, Subject] = field(default_factory=dict)
    owners: dict[int, str] = field(default_factory=dict)
    mailboxes: dict[int, str] = field(default_factory=dict)
    company_names: dict[int, str] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    persons: dict[int, User] = field(default_factory=dict)
    amounts: dict[int, tuple[int, list[str]]] = field(default_factory=dict)
    timings: mail_timing.Timings = field(default_factory=lambda: mail_timing.Timings({}, {}))

    def choose_timing(self, address: str, case: Case) -> str:
        """Return when the person with an address is mailed about a case."""
        subject = self.apps.get(case.installation_id or 0, Subject(case.company_id))
        return self.timings.of(self.ids[address], case.installation_id, subject.company_id)

    def person(self, address: str) -> User | None:
        """Return the person with an address; None if it is the mailbox of an app."""
        return self.persons.get(self.ids.get(address, 0))


def load(session: Session) -> News:
    """Read the open cases that have waited long enough for others of the same run.

    A case in the future was opened before the clock was set back. A case that was snoozed before it
    was mailed is mailed on its day.
    """
    now = current_hub().clock.now()
    has_waited = or_(
        Case.opened_at <= now - COLLECTING_PERIOD,
        Case.opened_at > now + COLLECTING_PERIOD,
    )
    is_new = Case.closed_at.is_(None), Case.mailed_at.is_(None), inbox.is_awake()
    query = select(Case).where(*is_new, has_waited)
    news = News(list(session.scalars(query.order_by(Case.id))))
    if not news.cases:
        return news
    _add_people(session, news)
    news.timings = mail_timing.load(session)
    news.amounts = _count_and_sum(session, [case.id for case in news.cases])
    for installation in session.scalars(select(Installation)):
        news.apps[installation.id] = Subject(installation.company_id, installation.slug)
        news.owners[installation.id] = installation.owner
        news.mailboxes[installation.id] = find_mailbox(installation)
    for company in session.scalars(select(ConnectedCompany)):
        news.company_names[company.id] = company.display_name
    return news


def iter_recipients(news: News) -> Iterator[tuple[str, list[Case]]]:
    """Yield each address with its cases: people first, then the mailboxes of apps.

    A mailbox that is also the address of a person, in whatever spelling, gets no case on which the
    person can act, so that nobody receives a case twice.
    """
    for address, (name, rights) in news.people.items():
        cases = []
        for case in _select_cases_of_person(news, name, rights):
            if news.choose_timing(address, case) == mail_timing.NOW:
                cases.append(case)
        if cases:
            yield address, cases
    people = {normalize(address): person for address, person in news.people.items()}
    for address in sorted(set(news.mailboxes.values()) - {""}):
        person = people.get(normalize(address), ("", Rights()))
        own = _select_cases_of_person(news, *person)
        cases = [case for case in _select_cases_of_apps(news, address) if case not in own]
        if cases:
            yield address, cases


def iter_daily_cases(news: News) -> Iterator[tuple[int, Case]]:
    """Yield the id of each person who wants one mail a day, with each case for it."""
    for address, (name, rights) in news.people.items():
        for case in _select_cases_of_person(news, name, rights):
            if news.choose_timing(address, case) == mail_timing.DAILY:
                yield news.ids[address], case


def compose_title(cases: Sequence[Case], names: dict[int, str]) -> str:
    """Return the title of the only case, or the number of cases; with the company if it is one."""
    companies = set()
    for case in cases:
        if case.company_id in names:
            companies.add(names[case.company_id])
    company = ""
    if len(companies) == 1:
        company = f" ({companies.pop()})"
    if len(cases) == 1:
        return f"{cut(cases[0].title, MAX_TITLE)}{company}"
    return compose_count(len(cases)) + company


def compose_count(count: int) -> str:
    """Return the title of a message about several cases."""
    return gettext("%(count)s cases need attention", count=count)


def _compose_link() -> str:
    """Return the last line of a message about cases: where all of them are."""
    url = f"{current_hub().config.public_url}/inbox/"
    return gettext("All open cases: %(url)s", url=url) + "\n"


def compose_text(cases: Sequence[Case], news: News) -> str:
    """Return the text of a message: each case with its reason, next step and address."""
    texts = [build_case_text(case, news) for case in cases[:MAX_CASES]]
    return join_case_texts(texts, len(cases))


def join_case_texts(texts: Sequence[str], count: int) -> str:
    """Join the texts of the first of `count` cases; add how many more there are, and the link."""
    parts = list(texts[:MAX_CASES])
    if count > MAX_CASES:
        more = gettext("And %(count)s more.", count=count - MAX_CASES)
        parts.append(f"{more}\n")
    return "\n".join([*parts, _compose_link()])


def build_case_text(case: Case, news: News) -> str:
    """Return a case as a message has it: what it is, what it stops, why, and what to do."""
    lines = [cut(case.title, MAX_TITLE)]
    about = (news.company_names.get(case.company_id or 0), _format_amounts(news, case))
    lines += [text for text in about if text]
    reason = advice.drop_instruction(case.reason, case.instruction)
    lines.append(cut(reason, MAX_REASON))
    subject = news.apps.get(case.installation_id or 0)
    next_step = advice.get_instruction(case, subject.slug if subject else "")
    lines.append(gettext("What to do: %(instruction)s", instruction=next_step))
    lines.append(f"{current_hub().config.public_url}/inbox/{case.id}\n")
    return "\n".join(lines)


def find_mailbox(installation: Installation) -> str:
    """Return the address that an app's comparisons and cases are mailed to, "" if there is none."""
    app = current_hub().plugins.apps.get(installation.slug)
    if app is None or not app.mailbox:
        return ""
    return str(installation.settings.get(app.mailbox) or "")


def _format_amounts(news: News, case: Case) -> str:
    """Return how many documents a case stops, and their sums; "" if it stops none."""
    if case.id not in news.amounts:
        return ""
    count, sums = news.amounts[case.id]
    documents = ngettext("%(count)s document", "%(count)s documents", count=count)
    return " · ".join([documents, *map(amounts_within, sums)])


def _count_and_sum(session: Session, case_ids: Sequence[int]) -> dict[int, tuple[int, list[str]]]:
    """Return how many documents each case stops, and their sums less credits, as text."""
    columns = case_amounts.CURRENCY, func.count(), func.sum(case_amounts.signed_amount())
    query = (
        case_amounts.select_documents(*columns)
        .where(is_among(case_posting.c.case_id, "ids"))
        .group_by(case_posting.c.case_id, case_amounts.CURRENCY)
        .order_by(case_posting.c.case_id, case_amounts.CURRENCY)
    )
    counts: dict[int, int] = defaultdict(int)
    sums: dict[int, list[str]] = defaultdict(list)
    for case_id, currency, count, total in session.execute(query, {"ids": list(case_ids)}):
        counts[case_id] += count
        if total and currency:
            sums[case_id].append(format_amount(Decimal(total), currency))
    return {case_id: (count, sums[case_id]) for case_id, count in counts.items()}


def _select_cases_of_person(news: News, name: str, rights: Rights) -> list[Case]:
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


def _select_cases_of_apps(news: News, mailbox: str) -> list[Case]:
    """Return the cases of those apps that have this mailbox.

    A case of a whole company belongs to no app, so it is not among them.
    """
    cases = []
    for case in news.cases:
        if news.mailboxes.get(case.installation_id or 0) == mailbox:
            cases.append(case)
    return cases


def _add_people(session: Session, news: News) -> None:
    """Add the active people with an address, with their names and rights."""
    for person in session.scalars(select(User).where(User.active)):
        address = people_of_hub.mail_address(person)
        if address:
            name = person.username or address
            news.people[address] = (name, get_rights(person))
            news.ids[address] = person.id
            news.persons[person.id] = person


def cut(text: str, length: int) -> str:
    """Return a text with at most this many characters; it can repeat a long text of a source."""
    return text if len(text) <= length else f"{text[:length]}…"
