"""Is it this document? What we would post beside each transaction in QuickBooks that may be it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.models import Case, Head, Posting, Record
from hub.qbo import shown
from hub.web.frame import day, moment


@dataclass(frozen=True)
class Side:
    """A posting and one transaction that it may be."""

    posting: Posting
    meant: shown.Shown | None
    found: list[tuple[str, list[tuple[str, str]], Head | None]]


def of_case(session: Session, case: Case, postings: list[Posting]) -> list[Side]:
    """For each posting that a person must decide: what is meant, and what was found."""
    if case.act != "choose":
        return []
    ids = candidates(case.details)
    return [
        Side(
            posting,
            shown.payload(session, posting.company_id, posting.kind, posting.payload),
            [_found(session, posting, id) for id in ids],
        )
        for posting in postings
    ]


def candidates(details: dict[str, Any]) -> list[str]:
    """The QuickBooks ids that a case names."""
    given = details.get("candidates") or details.get("ids") or details.get("quickbooks_id") or []
    listed = given if isinstance(given, list) else [given]
    return [str(one.get("id") if isinstance(one, dict) else one) for one in listed if one]


def _found(session: Session, posting: Posting, id: str) -> tuple[str, list[tuple[str, str]], Head | None]:
    head = session.get(Head, (posting.company_id, posting.kind, id))
    return id, _facts(session, head) if head else [], head


def _facts(session: Session, head: Head) -> list[tuple[str, str]]:
    party = _name(session, head, ("vendor", "customer"), head.party)
    pairs = {
        "Party": party,
        "Number": head.number,
        "Date": day(head.date),
        "Account": _name(session, head, ("account",), head.account),
        "Currency": head.currency,
        "State": {"live": ""}.get(head.state, head.state),
        "Marker": f"[hub:{head.marker}]" if head.marker else "none",
        "Created": moment(head.created_at) if head.created_at else "",
    }
    return [(label, text) for label, text in pairs.items() if text]


def _name(session: Session, head: Head, lists: tuple[str, ...], id: str) -> str:
    mine = Record.company_id == head.company_id, Record.list.in_(lists), Record.quickbooks_id == id
    return (session.scalar(select(Record.full_name).where(*mine)) or id) if id else ""
