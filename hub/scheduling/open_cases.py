"""The open cases as the commands print them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases import advice
from hub.contract.chunks import iter_chunks
from hub.db.engine import read_only_session
from hub.models import Case, ConnectedCompany, Installation, case_posting
from hub.outbox import case_amounts
from hub.security.rights import Condition

CASES_AT_ONCE = 500


def iter_open_cases(realm: str | None, visible: Condition) -> Iterator[dict[str, Any]]:
    """Yield every open case, of one company or of all, oldest first; read some at a time.

    `visible` is the condition of the cases that a person may see.
    """
    query = select(Case).where(Case.closed_at.is_(None), *visible)
    query = query.order_by(Case.id).limit(CASES_AT_ONCE)
    if realm is not None:
        query = query.join(ConnectedCompany, ConnectedCompany.id == Case.company_id).where(
            ConnectedCompany.realm == realm
        )
    last_id = 0
    while True:
        with read_only_session() as session:
            rows = session.scalars(query.where(Case.id > last_id)).all()
            cases = load(session, rows)
        for row, case in zip(rows, cases, strict=True):
            yield {**case, "id": row.id, "opened": row.opened_at}
        if len(rows) < CASES_AT_ONCE:
            return
        last_id = rows[-1].id


def load(session: Session, cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Return cases as `hub cases --json` prints them; few queries read the postings of all."""
    installation_ids = {case.installation_id for case in cases}
    slugs = select(Installation.id, Installation.slug).where(Installation.id.in_(installation_ids))
    slug_by_installation: dict[int, str] = dict(iter(session.execute(slugs)))
    company_by_id = _load_companies(session, cases)
    columns = case_posting.c
    links = select(columns.case_id, columns.posting_id).order_by(columns.posting_id)
    postings: dict[int, list[int]] = defaultdict(list)
    ids = [case.id for case in cases]
    for chunk in iter_chunks(ids, CASES_AT_ONCE):
        of_cases = links.where(columns.case_id.in_(chunk))
        for case_id, posting_id in session.execute(of_cases):
            postings[case_id].append(posting_id)
    rows = []
    amounts = case_amounts.sum_by_case(session, ids)
    for case in cases:
        slug = slug_by_installation.get(case.installation_id or 0)
        company = company_by_id.get(case.company_id or 0)
        rows.append(
            {
                "app": slug,
                "company": company.display_name if company else None,
                "realm": company.realm if company else None,
                "cause": case.cause,
                "title": case.title,
                "reason": advice.drop_instruction(case.reason, case.instruction),
                "postings": postings[case.id],
                "amounts": amounts[case.id],
                "do": advice.get_instruction(case, slug),
            }
        )
    return rows


def _load_companies(session: Session, cases: Sequence[Case]) -> dict[int, ConnectedCompany]:
    """Return the companies of cases by their ids."""
    ids = {case.company_id for case in cases}
    query = select(ConnectedCompany).where(ConnectedCompany.id.in_(ids))
    return {company.id: company for company in session.scalars(query)}
