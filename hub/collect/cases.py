"""Why a posting is held, in sentences, and the cases that say which act solves it."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.contract.documents import noun
from hub.mapping import Missing
from hub.models import Case, Installation, Posting, SourceDocument, case_posting

LONGEST_CAUSE = 400
ACTS = {
    "match": "Choose the record of QuickBooks that it is, or make it there and refresh the lists.",
    "settings": "Choose another record in the settings of the app.",
    "source": "Correct it at the source; the next syncs read it again, Retry does at once.",
    "either": "Do what it says, at the source or in the settings of the app; the next syncs read it again.",
    "differ": "Correct it at the source, or choose in the settings of the app what happens when lines differ.",
    "void": "Void it in QuickBooks too, or leave it as it is.",
    "delete": "Leave it as it is, or delete it in QuickBooks too.",
    "retry": "Press Retry to do it, or Skip to leave QuickBooks as it is.",
}


@noun
class Held:
    """One reason: `cause` stands for a code and is shared, else it is the posting's own and ends with `own`."""

    cause: str = ""
    own: str = ""
    title: str
    reason: str
    act: str = "source"
    details: dict[str, Any]

    def of(self, posting: Posting) -> str:
        """The cause of the case."""
        return _short(self.cause or f"posting:{posting.id}:{self.own}")


def cause_of(installation: Installation, field: str, code: str) -> str:
    """Return the cause of the case about a code."""
    return _short(f"match:{installation.id}:{field}:{code}")


def _short(cause: str) -> str:
    if len(cause) <= LONGEST_CAUSE:
        return cause
    return cause[: LONGEST_CAUSE - 17] + ":" + hashlib.sha256(cause.encode()).hexdigest()[:16]


def called(row: SourceDocument) -> str:
    """The document as a person knows it."""
    kind = (row.kind or "document").replace("_", " ").capitalize()
    if row.made_for and row.party:
        return f"{kind} {row.party}"
    return " ".join(
        filter(None, (kind, row.number or row.source_id, f"of {row.party}" if row.party else ""))
    )


def own(name: str, title: str, reason: str, act: str = "source") -> Held:
    """A reason of one posting alone."""
    return Held(own=name, title=title, reason=reason, act=act, details={})


def of_missing(installation: Installation, missing: Missing, called: str) -> Held:
    """A code that cannot be posted yet; one without a code is the document's own trouble."""
    details = {
        "field": missing.field, "label": missing.label, "role": missing.role, "code": missing.code,
        "name": missing.name, "number": missing.number,
        "suggestions": [{"id": ref.id, "name": ref.name, "type": ref.type} for ref in missing.suggestions],
    }  # fmt: skip
    if not missing.code:
        return Held(
            own=missing.field,
            title=called,
            reason=sentence(missing),
            act=missing.act,
            details=details,
        )
    cause = cause_of(installation, missing.field, missing.code)
    title = f"{missing.label} {_named(missing)} cannot be posted yet"
    return Held(
        cause=cause, title=title, reason=sentence(missing), act=missing.act, details=details
    )


def sentence(missing: Missing) -> str:
    """What is missing and why."""
    about = f"{missing.label} {_named(missing)}: " if missing.code else f"{missing.label}: "
    return about + missing.why


def _named(missing: Missing) -> str:
    shown = " ".join(dict.fromkeys(filter(None, (missing.number, missing.name or missing.code))))
    return f"“{shown}”"


def keep(
    session: Session, installation: Installation, held: Iterable[tuple[Posting, tuple[Held, ...]]]
) -> None:
    """Gives each held posting exactly the cases of its reasons."""
    wanted = {posting: reasons for posting, reasons in held if posting.state == "held"}
    if not wanted:
        return
    session.flush()
    attached = _attached(session, [posting.id for posting in wanted])
    fresh: dict[str, tuple[Held, list[Posting]]] = {}
    for posting, reasons in wanted.items():
        causes = {reason.of(posting): reason for reason in reasons}
        if attached[posting.id].keys() - causes.keys():
            inbox.release(session, posting, keep=causes)
        for cause, reason in causes.items():
            if attached[posting.id].get(cause) != reason.reason:
                fresh.setdefault(cause, (reason, []))[1].append(posting)
    for cause, (reason, postings) in fresh.items():
        _open(session, installation, cause, reason, postings)


def _attached(session: Session, ids: list[int]) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = defaultdict(dict)
    link = case_posting.c
    rows = select(link.posting_id, Case.cause, Case.reason).join(Case, Case.id == link.case_id)
    for id, cause, reason in session.execute(
        rows.where(link.posting_id.in_(ids), Case.closed_at.is_(None))
    ):
        found[id][cause] = reason
    return found


def _open(
    session: Session, installation: Installation, cause: str, reason: Held, postings: list[Posting]
) -> None:
    inbox.open(
        session,
        cause,
        title=reason.title,
        reason=reason.reason,
        act=reason.act,
        do=ACTS[reason.act],
        company_id=installation.company_id,
        installation_id=installation.id,
        details=reason.details,
        postings=postings,
    )
