"""Cases that need a person: one per cause, open while anything is stopped by it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from hub.cases.findings import Finding
from hub.context import current_hub
from hub.contract.chunks import iter_chunks
from hub.contract.unicode_forms import fold_case
from hub.db import bulk, engine
from hub.models import Case, Posting, case_former_posting, case_posting
from hub.models.enums import CaseDecision
from hub.reasons.catalogue import find_action
from hub.reasons.texts import CaseText, list_codes, list_reposting_codes, render

POSTINGS_PER_QUERY = 1000
MAX_SEARCH_HITS = 10_000  # cases that a search returns


def open(
    session: Session,
    cause: str,
    text: CaseText,
    *,
    company_id: int | None = None,
    installation_id: int | None = None,
    details: dict[str, Any] | None = None,
    postings: Iterable[Posting | int] = (),
) -> Case:
    """Open the case of a cause, or update the open one; add the postings to it and return it."""
    content = {"code": text.code, "params": text.params, "details": details or {}}
    new_case = {
        **content,
        "cause": cause,
        "company_id": company_id,
        "installation_id": installation_id,
        "opened_at": current_hub().clock.now(),
    }
    case = _open_and_lock(session, cause, new_case)
    if not has_reason(case, text):
        # The decision was about another reason.
        case.decision = case.decision_note = case.decided_by = ""
    if case.code not in ("", text.code):
        case.snoozed_until = None  # another problem was snoozed
    for name, value in content.items():
        if getattr(case, name) != value:
            setattr(case, name, value)
    _attach(session, case, postings)
    return case


def open_for_finding(session: Session, finding: Finding, postings: Sequence[Posting]) -> Case:
    """Open the case of a finding, or update the open one; add postings of one app to it."""
    first = postings[0]
    return open(
        session,
        finding.build_cause(first.id),
        finding.text,
        company_id=first.company_id,
        installation_id=first.installation_id,
        details=dict(finding.details),
        postings=postings,
    )


def _open_and_lock(session: Session, cause: str, new_case: dict[str, Any]) -> Case:
    """Return the open case of a cause, a new one if there is none.

    The case is locked until this transaction ends, so that nobody closes it before postings are
    added to it.
    """
    same_cause = {"index_elements": [Case.cause], "index_where": Case.closed_at.is_(None)}
    insert = engine.insert(session, Case).values(new_case).on_conflict_do_nothing(**same_cause)
    locked_case = _select_open_case(cause).with_for_update(read=True, key_share=True)
    case: Case | None = None
    while case is None:  # another transaction may close it between the two statements
        session.execute(insert)
        case = session.scalars(locked_case).one_or_none()
    return case


def is_open(session: Session, cause: str) -> bool:
    """Return whether there is an open case of a cause.

    A case that a person closed does not count; see `is_dismissed`.
    """
    has_open_case = _select_open_case(cause).exists()
    return session.scalar(select(has_open_case)) or False


def find_open(session: Session, cause: str) -> Case | None:
    """Return the open case of a cause; None if there is none."""
    return session.scalars(_select_open_case(cause)).one_or_none()


def find_newest(session: Session, cause: str) -> Case | None:
    """Return the newest case of a cause, open or closed; None if there never was one."""
    newest = select(Case).where(Case.cause == cause).order_by(Case.id.desc()).limit(1)
    return session.scalars(newest).one_or_none()


def close(session: Session, cause: str, by: str = "hub") -> bool:
    """Close the open case of a cause; return whether there was one."""
    case = session.scalars(_select_open_case(cause).with_for_update()).one_or_none()
    if case is None:
        return False
    case.closed_at = current_hub().clock.now()
    case.closed_by = by
    _move_links(session, case_former_posting, case_posting, [case.id])
    return True


def record_decision(
    session: Session, case_ids: Iterable[int], decision: CaseDecision, by: str, note: str = ""
) -> None:
    """Record what a person decided about cases, which close when a run has acted on it."""
    values = {"decision": decision, "decision_note": note, "decided_by": by}
    change(session, case_ids, values)


def forget_decision(session: Session, case_ids: Iterable[int]) -> None:
    """Forget what a person decided about cases, because it does not count any more."""
    change(session, case_ids, {"decision": "", "decision_note": "", "decided_by": ""})


def explain_closing(session: Session, case_ids: Iterable[int], decision: CaseDecision) -> None:
    """Record why the hub has closed cases; those that are still open are left out."""
    ids = list(case_ids)
    closed_ids = select(Case.id).where(Case.id.in_(ids), Case.closed_at.is_not(None))
    record_decision(session, session.scalars(closed_ids).all(), decision, by="")


def change(session: Session, case_ids: Iterable[int], values: Mapping[str, Any]) -> None:
    """Change columns of many cases; they are locked in the order of their ids."""
    is_chosen = bulk.is_locked_in_order(Case.id, bulk.is_among(Case.id, "ids"))
    session.execute(update(Case).where(is_chosen).values(**values), {"ids": list(case_ids)})


def is_awake() -> ColumnElement[bool]:
    """Return the condition that a case is not snoozed at present."""
    now = current_hub().clock.now()
    return or_(Case.snoozed_until.is_(None), Case.snoozed_until <= now)


def is_dismissed(session: Session, cause: str, text: CaseText) -> bool:
    """Return whether a person closed the newest case of a cause with this same reason."""
    case = find_newest(session, cause)
    if case is None or case.closed_by in (None, "hub"):
        return False
    return has_reason(case, text)


def has_reason(case: Case, text: CaseText) -> bool:
    """Return whether this is the reason of a case already.

    A case without a code, from an earlier version, is compared by the wording of its reason.
    """
    if case.code:
        return text.is_stored_as(case.code, case.params)
    return case.stored_reason == text.reason


def is_solved_by(action: str) -> ColumnElement[bool]:
    """Return the condition that an action solves a case."""
    has_code = Case.code.in_(list_codes(action))
    # The case was opened before there were codes.
    is_stored = and_(Case.code == "", Case.stored_action == action)
    return or_(has_code, is_stored)


def detach(session: Session, posting: Posting | int, keep: Iterable[str] = ()) -> None:
    """Remove a posting from its cases; close cases that stop nothing more.

    `keep` holds the causes of the cases that still stop it.
    """
    id = _get_posting_id(posting)
    detach_all(session, [id], keep)


def detach_all(session: Session, ids: Iterable[int], keep: Iterable[str] = ()) -> None:
    """Remove postings from their cases, except those of the causes `keep`.

    Close cases that stop nothing more, and link a closed case to all postings that it has stopped.
    This waits for transactions that add postings to the cases.
    """
    is_theirs = case_posting.c.posting_id.in_(list(ids))
    open_cases = (
        select(Case.id)
        .where(
            Case.id.in_(select(case_posting.c.case_id).where(is_theirs)),
            Case.closed_at.is_(None),
            Case.cause.not_in(list(keep)),
        )
        .order_by(Case.id)
        .with_for_update()
    )
    case_ids = set(session.scalars(open_cases))
    if not case_ids:
        return
    stops_others = case_posting.c.case_id.in_(case_ids) & ~is_theirs
    still_open = select(case_posting.c.case_id).where(stops_others).distinct()
    open_ids = set(session.scalars(still_open))
    if open_ids:
        _move_links(session, case_posting, case_former_posting, open_ids, is_theirs)
    closed_ids = case_ids - open_ids
    if closed_ids:
        values = {"closed_at": current_hub().clock.now(), "closed_by": "hub"}
        session.execute(update(Case).where(Case.id.in_(closed_ids)).values(values))
        _move_links(session, case_former_posting, case_posting, closed_ids)


def find_postings_to_decide(session: Session, ids: Sequence[int]) -> set[int]:
    """Return the postings whose retry would repeat a transaction that somebody may have removed.

    An open case asks a person about each of them.
    """
    query = (
        select(case_posting.c.posting_id)
        .join(Case, Case.id == case_posting.c.case_id)
        .where(Case.closed_at.is_(None), Case.code.in_(list_reposting_codes()))
    )
    to_decide: set[int] = set()
    for chunk in iter_chunks(ids, POSTINGS_PER_QUERY):
        of_chunk = query.where(case_posting.c.posting_id.in_(chunk))
        to_decide.update(session.scalars(of_chunk))
    return to_decide


def list_open_cases(session: Session, posting_id: int) -> Sequence[Case]:
    """Return the open cases that stop a posting, the oldest first."""
    query = (
        select(Case)
        .join(case_posting, case_posting.c.case_id == Case.id)
        .where(case_posting.c.posting_id == posting_id, Case.closed_at.is_(None))
    )
    return session.scalars(query.order_by(Case.id)).all()


def list_open_causes(session: Session, prefix: str) -> list[str]:
    """Return the causes of the open cases that begin with a prefix."""
    has_prefix = Case.cause.startswith(prefix, autoescape=True)
    query = select(Case.cause).where(has_prefix, Case.closed_at.is_(None)).order_by(Case.cause)
    return list(session.scalars(query))


def count_by_action(
    session: Session, conditions: Iterable[ColumnElement[bool]] = ()
) -> Counter[str]:
    """Return the number of open cases that meet the conditions, by the action that solves them.

    The action of a code is looked up in the catalogue; a case without a code has a stored one.
    """
    columns = Case.code, Case.stored_action
    query = select(*columns, func.count()).where(Case.closed_at.is_(None), *conditions)
    query = query.group_by(*columns)
    counts: Counter[str] = Counter()
    for code, stored_action, number in session.execute(query):
        action = find_action(code) if code else stored_action
        counts[action] += number
    return counts


def search(session: Session, query: Select[Case], words: str) -> list[int]:
    """Return the ids of those cases of a query whose title or reason contains these words.

    The texts are rendered when they are read, so they are searched outside the database. Only the
    newest `MAX_SEARCH_HITS` are returned, newest first, because a query takes a limited number of
    ids.
    """
    folded_words = fold_case(words)
    texts_of_cases = query.with_only_columns(
        Case.id,
        Case.code,
        Case.params,
        Case.stored_title,
        Case.stored_reason,
    ).order_by(Case.id.desc())
    ids: list[int] = []
    for id, code, params, title, reason in session.execute(texts_of_cases):
        if len(ids) == MAX_SEARCH_HITS:
            break
        if code:
            text = render(code, params)
            title, reason = text.title, text.reason
        if folded_words in fold_case(title) or folded_words in fold_case(reason):
            ids.append(id)
    return ids


def _select_open_case(cause: str) -> Select[Case]:
    """Return the query for the open case of a cause; there is at most one."""
    return select(Case).where(Case.cause == cause, Case.closed_at.is_(None))


def _move_links(
    session: Session,
    source: Table,
    target: Table,
    case_ids: Iterable[int],
    *conditions: ColumnElement[bool],
) -> None:
    """Move links of cases to postings from one table to the other: present and former ones."""
    is_moved = and_(source.c.case_id.in_(list(case_ids)), *conditions)
    links = select(source.c.case_id, source.c.posting_id).where(is_moved)
    insert = engine.insert(session, target).from_select(["case_id", "posting_id"], links)
    session.execute(insert.on_conflict_do_nothing())
    session.execute(delete(source).where(is_moved))


def _attach(session: Session, case: Case, postings: Iterable[Posting | int]) -> None:
    """Add postings to a case; skip those that it has already."""
    ids = {_get_posting_id(posting) for posting in postings}
    if not ids:
        return
    rows = [{"case_id": case.id, "posting_id": id} for id in sorted(ids)]
    insert = engine.insert(session, case_posting).values(rows)
    session.execute(insert.on_conflict_do_nothing())


def _get_posting_id(posting: Posting | int) -> int:
    """Return the id of a posting, which may be passed as its id already."""
    if isinstance(posting, int):
        return posting
    return posting.id
