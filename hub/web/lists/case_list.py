"""The list of cases: its filters, groups and order, and what a row shows of each case."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from flask import request
from sqlalchemy import BigInteger, ColumnElement, Select, cast, func, select, type_coerce
from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.context import current_hub
from hub.db import bulk
from hub.models import Case, ConnectedCompany, Installation, SourceDocument, case_posting
from hub.models.enums import CaseDecision
from hub.outbox import apply_sign, case_amounts
from hub.reasons.template import CaseAction
from hub.translations.catalogs import ENGLISH
from hub.translations.messages import gettext, gettext_noop
from hub.web.authentication.access import (
    find_chosen_company_id,
    load_rights_scope,
    load_scope,
    load_shown_scope,
    person_name,
)
from hub.web.frame import moments, open_cases, paging, viewer
from hub.web.frame.case_titles import format_headline, load_closed_postings, load_subjects
from hub.web.frame.kind_labels import format_document_count
from hub.web.lists import continued_cases
from hub.web.request import row_ids

ACTION_LABELS: Mapping[str, str] = {
    CaseAction.RECONNECT: gettext_noop("Reconnect"),
    CaseAction.CONNECTION: gettext_noop("Check the connection"),
    CaseAction.SETTINGS: gettext_noop("Change settings"),
    CaseAction.CHOOSE: gettext_noop("Compare with QuickBooks"),
    CaseAction.MATCH: gettext_noop("Match codes"),
    CaseAction.VOID: gettext_noop("Void or leave"),
    CaseAction.DELETE: gettext_noop("Leave or delete"),
    CaseAction.RETRY: gettext_noop("Correct and retry"),
    CaseAction.OPEN_PERIOD: gettext_noop("Open the period"),
    CaseAction.SOURCE: gettext_noop("Fix at the source"),
    CaseAction.EITHER: gettext_noop("Fix at the source or in settings"),
    CaseAction.DIFFER: gettext_noop("Lines differ"),
    CaseAction.FILE: gettext_noop("Map columns"),
    CaseAction.NONE: gettext_noop("To look at"),
}
CASE_LISTS = {
    "": gettext_noop("Open"),
    "mine": gettext_noop("Assigned to me"),
    "snoozed": gettext_noop("Snoozed"),
    "closed": gettext_noop("Closed"),
}
SORT_ORDERS = {
    "": gettext_noop("Newest first"),
    "oldest": gettext_noop("Oldest first"),
    "amount": gettext_noop("Largest amount first"),
    "due": gettext_noop("Due first"),
}
FILTER_NAMES = ("show", "act", "company", "installation", "words", "sort")
NO_DUE_DATE = dt.date(9999, 12, 31)  # cases without a due date come last
MAX_COMPANIES = 20  # in the filter; if there are more, the switcher of the frame chooses one
ROWS_PER_PAGE = 25
MAX_TICKED = 300  # cases ticked on other pages of the list, as in selection.js
NEWEST_FIRST = Case.id.desc()
Filters = Mapping[str, str]


@dataclass
class CaseRow:
    """A case as a row of the list shows it: whose it is, and the documents that it stops."""

    case: Case
    subject: str = ""
    installation: Installation | None = None
    company: ConnectedCompany | None = None
    documents: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)  # by currency
    due: dt.date | None = None
    party: str = ""
    parties: int = 0
    is_retried_in_vain: bool = False  # a person has retried it, and its cause is still there

    @property
    def headline(self) -> str:
        """Return the headline: a few words about the problem."""
        return format_headline(self.case)

    @property
    def about(self) -> list[str]:
        """Return whom the case is about, and its document or their number."""
        texts = []
        if self.parties:
            texts.append(self.party or gettext("%(count)s parties", count=self.parties))
        if self.documents > 1:
            texts.append(format_document_count(self.documents))
        elif self.subject and not (self.party and self.party in self.subject):
            texts.append(self.subject)
        return texts

    @property
    def age(self) -> str:
        """Return for how long the case has been open, in days, hours or minutes."""
        end = self.case.closed_at or current_hub().clock.now()
        minutes = int((end - self.case.opened_at).total_seconds()) // 60
        if minutes >= 24 * 60:
            return gettext("%(count)s d", count=minutes // (24 * 60))
        if minutes >= 60:
            return gettext("%(count)s h", count=minutes // 60)
        return gettext("%(count)s min", count=max(minutes, 0))

    @property
    def is_overdue(self) -> bool:
        """Return whether the earliest document should have been paid by now."""
        if self.due is None:
            return False
        return self.due < moments.today()


def read_filters() -> dict[str, str]:
    """Return the filters of the address; those that it lacks, or that mean nothing, are empty."""
    filters = {name: request.args.get(name, "").strip() for name in FILTER_NAMES}
    for name, choices in (("show", CASE_LISTS), ("sort", SORT_ORDERS), ("act", ACTION_LABELS)):
        if filters[name] not in choices:
            filters[name] = ""
    return filters


def build_arguments() -> dict[str, Any]:
    """Return the arguments of an address that lead back to the same list, filters and page."""
    arguments: dict[str, Any] = {**paging.drop_unset(read_filters())}
    for name in ("before", "after", "then"):
        if request.args.get(name):
            arguments[name] = request.args[name]
    return arguments


def read_ticked_ids() -> list[int]:
    """Return the cases that were ticked on other pages of the list, as the address names them."""
    ids = map(row_ids.parse, request.args.get("ticked", "").split(",")[:MAX_TICKED])
    return [id for id in ids if id is not None]


def build_conditions(
    session: Session, filters: Filters, *, with_group: bool = True
) -> list[ColumnElement[bool]]:
    """Return the conditions of the cases that the person may see and the filters choose.

    Without the group they are those of all groups, for the counts beside them.
    """
    installation_id = row_ids.parse(filters["installation"])
    visible = load_shown_scope() if installation_id is None else load_rights_scope()
    conditions: list[ColumnElement[bool]] = [
        *visible.cases(),
        *_build_tab_conditions(filters["show"]),
    ]
    if installation_id is not None:
        conditions.append(Case.installation_id == installation_id)
    company_id = row_ids.parse(filters["company"])
    if company_id is not None:
        conditions.append(Case.company_id == company_id)
    if filters["words"]:
        ids = _find_ids_with_words(session, select(Case).where(*conditions), filters["words"])
        conditions.append(Case.id.in_(ids))
    if with_group and filters["act"]:
        conditions.append(inbox.is_solved_by(filters["act"]))
    return conditions


def _find_ids_with_words(session: Session, query: Select[Case], words: str) -> list[int]:
    """Return the ids of those cases of a query that have these words, newest first.

    Their texts are searched in English and, if it is another one, in the person's language.
    """
    ids = inbox.search(session, query, words)
    if viewer.language() == ENGLISH:
        return ids
    with viewer.translate_reasons():
        ids += inbox.search(session, query, words)
    return sorted(set(ids), reverse=True)[: inbox.MAX_SEARCH_HITS]


class OrderedCases(NamedTuple):
    """The query for a list of cases, the key of its order, and whether the highest comes first."""

    query: Select[Any]
    key: list[Any]
    is_descending: bool


def order_cases(session: Session, filters: Filters) -> OrderedCases:
    """Return the query for the list, and its order."""
    query = select(Case).where(*build_conditions(session, filters))
    sort = filters["sort"]
    if sort not in ("amount", "due"):
        key = [Case.closed_at, Case.id] if filters["show"] == "closed" else [Case.id]
        return OrderedCases(query, key, is_descending=sort != "oldest")
    totals = _select_totals(is_open=filters["show"] != "closed")
    query = query.outerjoin(totals, totals.c.case_id == Case.id)
    if sort == "amount":
        amount = cast(func.abs(func.coalesce(totals.c.amount, 0)), BigInteger)
        return OrderedCases(query, [amount, Case.id], is_descending=True)
    due = func.coalesce(totals.c.due, NO_DUE_DATE)
    return OrderedCases(query, [due, Case.id], is_descending=False)


def load_page(session: Session, filters: Filters) -> paging.ListPage:
    """Return one page of the cases that the filters choose."""
    query, key, is_descending = order_cases(session, filters)
    return paging.load_page(
        session, query, order_by=key, is_descending=is_descending, size=ROWS_PER_PAGE
    )


def find_next_case_id(session: Session, filters: Filters, case_id: int) -> int | None:
    """Return the case that follows another one in the list; None for the last one.

    Cases that a person has matched or retried are passed over while a sync continues with them.
    """
    query, key, is_descending = order_cases(session, filters)
    own = session.execute(query.with_only_columns(*key).where(Case.id == case_id)).first()
    order = [column.desc() if is_descending else column.asc() for column in key]
    following = query.where(Case.id != case_id, ~continued_cases.is_continued())
    if own is not None:
        following = following.where(paging.is_after(key, list(own), is_descending=is_descending))
    return session.scalar(following.with_only_columns(Case.id).order_by(*order).limit(1))


def build_rows(session: Session, cases: Sequence[Case]) -> list[CaseRow]:
    """Return the rows of cases, in a number of queries that does not depend on how many they are.

    Only documents that the person may see are counted.
    """
    names = load_subjects(session, cases)
    rows = {case.id: CaseRow(case, names.get(case.id, "")) for case in cases}
    _add_owners(session, rows)
    _add_documents(session, rows)
    _add_closed_documents(session, rows)
    ids = [case.id for case in cases if case.decision == CaseDecision.RETRIED]
    for case_id in continued_cases.find_retried_in_vain(session, ids) if ids else ():
        rows[case_id].is_retried_in_vain = True
    return list(rows.values())


def load_open_rows(session: Session, case_ids: Collection[int]) -> list[CaseRow]:
    """Return the rows of those of some cases that are open and that the person may see."""
    if not case_ids:
        return []
    is_open = Case.id.in_(case_ids), Case.closed_at.is_(None), *load_rights_scope().cases()
    return build_rows(session, session.scalars(select(Case).where(*is_open)).all())


def count_snoozed(session: Session, filters: Filters | None = None) -> int:
    """Count the snoozed cases that the filters choose, at most one more than are shown."""
    all_filters = (
        dict.fromkeys(FILTER_NAMES, "") | dict(filters or {}) | {"show": "snoozed", "act": ""}
    )
    snoozed_cases = select(Case.id).where(*build_conditions(session, all_filters))
    return bulk.count_rows(session, snoozed_cases.limit(open_cases.MAX_COUNTED + 1))


def is_of_other_company() -> bool:
    """Return whether a form for all cases of a list was opened for another company than now.

    The person may have chosen another one in a second window. A list of one app does not depend on
    the choice.
    """
    text = request.form.get("of_company")
    if text is None or request.args.get("installation") or request.form.get("which") != "all":
        return False
    return row_ids.parse(text) != find_chosen_company_id()


def list_companies(session: Session, filter_value: str) -> list[ConnectedCompany]:
    """Return the companies that the filter offers; of many only the chosen one.

    Where the whole hub is limited to one company, there is nothing to filter.
    """
    if find_chosen_company_id() is not None:
        return []
    visible = select(ConnectedCompany).where(*load_scope().companies())
    by_name = visible.order_by(ConnectedCompany.name, ConnectedCompany.id).limit(MAX_COMPANIES + 1)
    companies = list(session.scalars(by_name))
    if len(companies) <= MAX_COMPANIES:
        return companies
    company_id = row_ids.parse(filter_value)
    return list(session.scalars(visible.where(ConnectedCompany.id == (company_id or 0))))


def _build_tab_conditions(show: str) -> list[ColumnElement[bool]]:
    """Return the conditions of a tab."""
    if show == "closed":
        return [Case.closed_at.is_not(None)]
    is_open: list[ColumnElement[bool]] = [Case.closed_at.is_(None)]
    if show == "snoozed":
        return [*is_open, Case.snoozed_until > current_hub().clock.now()]
    if show == "mine":
        is_open.append(Case.assignee == person_name())
    return [*is_open, inbox.is_awake()]


def _select_links_to_documents(*columns: Any) -> Select[Any]:
    """Select from the links of cases to documents that the person may see."""
    return case_amounts.select_documents(*columns).where(*load_scope().postings())


def _select_totals(*, is_open: bool) -> Any:
    """Return the amount, in millionths, and the earliest due date of each case.

    The amounts only order the list. So amounts of several currencies are added up without
    conversion, and credits count as positive.
    """
    amount = func.sum(type_coerce(case_amounts.signed_amount(), BigInteger)).label("amount")
    due = func.min(SourceDocument.due).label("due")
    query = _select_links_to_documents(amount, due).join(Case, Case.id == case_posting.c.case_id)
    is_listed = Case.closed_at.is_(None) if is_open else Case.closed_at.is_not(None)
    return query.where(is_listed).group_by(case_posting.c.case_id).subquery()


def _add_owners(session: Session, rows: Mapping[int, CaseRow]) -> None:
    """Add the apps that the person may see, and the companies."""
    installation_ids = set()
    company_ids = set()
    for row in rows.values():
        installation_ids.add(row.case.installation_id)
        company_ids.add(row.case.company_id)
    installations: dict[int | None, Installation] = {}
    is_visible = Installation.id.in_(installation_ids), *load_scope().installations()
    for installation in session.scalars(select(Installation).where(*is_visible)):
        installations[installation.id] = installation
    companies: dict[int | None, ConnectedCompany] = {}
    of_cases = select(ConnectedCompany).where(
        ConnectedCompany.id.in_(company_ids), *load_scope().companies()
    )
    for company in session.scalars(of_cases):
        companies[company.id] = company
    for row in rows.values():
        row.installation = installations.get(row.case.installation_id)
        row.company = companies.get(row.case.company_id)


def _add_documents(session: Session, rows: Mapping[int, CaseRow]) -> None:
    """Add number, amounts, earliest due date and parties of the documents of each case."""
    query = _select_links_to_documents(
        case_amounts.CURRENCY,
        func.count(),
        func.sum(case_amounts.signed_amount()),
        func.min(SourceDocument.due),
    )
    of_rows = query.where(case_posting.c.case_id.in_(list(rows)))
    for case_id, code, count, amount, due in session.execute(
        of_rows.group_by(case_posting.c.case_id, case_amounts.CURRENCY)
    ):
        row = rows[case_id]
        row.documents += count
        if amount is not None:
            row.amounts[code] = row.amounts.get(code, Decimal(0)) + amount
        if due:
            row.due = min(row.due, due) if row.due else due
    _add_parties(session, rows)


def _add_parties(session: Session, rows: Mapping[int, CaseRow]) -> None:
    """Add the number of the parties of each case, and the name of a single one."""
    party = func.nullif(SourceDocument.party, "")
    query = _select_links_to_documents(func.count(party.distinct()), func.min(party))
    of_rows = query.where(case_posting.c.case_id.in_(list(rows)))
    for case_id, count, name in session.execute(of_rows.group_by(case_posting.c.case_id)):
        rows[case_id].parties = count
        rows[case_id].party = name if count == 1 else ""


def _add_closed_documents(session: Session, rows: Mapping[int, CaseRow]) -> None:
    """Add amount, due date and party of the document that each closed case was about.

    Only cases that an earlier version closed are without links to documents.
    """
    without_links = [row.case for row in rows.values() if not row.documents]
    of_cases = load_closed_postings(session, without_links)
    for case_id, posting in of_cases.items():
        row = rows[case_id]
        if not load_scope().has_installation(posting.installation_id):
            continue
        row.documents = row.parties = 1
        row.party, row.due = posting.document.party, posting.document.due
        if posting.total is not None:
            row.amounts[posting.currency] = apply_sign(posting.kind, posting.total)
