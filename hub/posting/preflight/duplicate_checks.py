"""Checks whether a document stands in QuickBooks already, by its number or by its looks."""

import datetime as dt
from collections.abc import Iterator

from hub.models import Head, Posting
from hub.posting import case_texts
from hub.posting.preflight.context import CheckContext, Finding, date_of, total_of

ONE_SPACE = (
    "invoice",
    "credit_memo",
    "refund",
    "purchase_order",
)  # of a number there is one, whoever the party is
BANK_FEED = dt.timedelta(days=5)  # between an expense and the day on which the bank tells of it


def used(posting: Posting, context: CheckContext) -> Iterator[Finding]:
    """Find transactions with the number of a document, else similar ones without a marker."""
    number = str((posting.meaning or {}).get("number") or "")
    numbered = context.heads.numbered.get((posting.kind, number), ())
    same = [head for head in numbered if _is_same(head, posting)]
    if same:
        yield _choose(posting, "used", "Number already used", "already has its number", same)
        return
    candidates = context.heads.alike.get((posting.kind, total_of(posting)), ())
    alike = [head for head in candidates if _is_alike(head, posting)]
    if alike:
        yield _choose(posting, "twin", "Perhaps in QuickBooks already", _looks(posting), alike)


def _is_same(head: Head, posting: Posting) -> bool:
    """Whether it has the number where one may stand only once; a payment's is a mere reference."""
    party = posting.kind in ONE_SPACE or head.party == _party(posting)
    return (
        party
        and _is_other(head, posting)
        and (posting.kind != "payment" or head.total == total_of(posting))
    )


def _is_alike(head: Head, posting: Posting) -> bool:
    """Tell whether an unmarked transaction has the date and party of a posting."""
    day = date_of(posting)
    currency = (posting.meaning or {}).get("currency")
    if head.marker or not _is_other(head, posting):
        return False
    if head.currency not in ("", currency):
        return False
    if not day or not head.date:
        return False
    if posting.kind == "expense" and _same_account(head, posting):
        return abs(head.date - day) <= BANK_FEED and head.party in ("", _party(posting))
    return head.date == day and head.party == _party(posting)


def _same_account(head: Head, posting: Posting) -> bool:
    """Whether both were paid from the same account, as far as is known: only there the bank feed shows it."""
    return head.account in ("", str((posting.meaning or {}).get("payment_account") or head.account))


def _is_other(head: Head, posting: Posting) -> bool:
    live = head.kind == posting.kind and head.state == "live"
    return (
        live
        and head.marker != posting.document.marker
        and head.quickbooks_id not in (posting.not_these or ())
    )


def _party(posting: Posting) -> str:
    return str((posting.meaning or {}).get("party") or "")


def _looks(posting: Posting) -> str:
    days = " within five days" if posting.kind == "expense" else ""
    return f"has one of the same total{days}" if days else "has one of the same day and total"


def _choose(posting: Posting, own: str, title: str, what: str, heads: list[Head]) -> Finding:
    party = f" of {posting.document.party}" if posting.document.party else ""
    kind = posting.kind.replace("_", " ")
    ids = ", ".join(head.quickbooks_id for head in heads)
    return Finding(
        own=own,
        title=title,
        reason=f"{case_texts.called(posting)} was not sent: in QuickBooks a {kind}{party} {what} (transaction {ids}).",
        act="choose",
        do="Press “This is it” when they are the same document; “Not this one” posts it anyway.",
        details={"candidates": [case_texts.candidate(head.quickbooks_id, head) for head in heads]},
    )
