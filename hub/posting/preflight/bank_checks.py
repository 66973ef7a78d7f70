"""Check changes of transactions that a bank reconciliation in QuickBooks covers."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping

from hub.cases.findings import Finding
from hub.errors import Sentence
from hub.models import TransactionHead
from hub.models.display_names import format_posting_name
from hub.models.enums import CHANGE_OPERATIONS, TransactionState
from hub.outbox.states import REMOVALS
from hub.posting import case_texts
from hub.posting.preflight.bank_reconciliation import BANK_KINDS, ReconciledMonth
from hub.posting.preflight.context import CheckContext
from hub.posting.preflight.postings import CheckedPosting
from hub.reasons.texts import CaseText


def check_bank_reconciliation(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find changes of reconciled transactions that the bank account would show.

    QuickBooks carries them out without a question, and the reconciliation then no longer adds up.
    """
    head = context.targets.get(posting.id)
    month = _find_month(posting, context)
    if head is None or month is None or month.is_refused:
        return
    change = "removal" if posting.operation in REMOVALS else "change"
    name = format_posting_name(posting)
    if month.problem is not None:
        code = f"check.perhaps_reconciled_{change}"
        text = CaseText(code, name=name, answer=month.problem)
    elif head.quickbooks_id in month.ids:
        text = CaseText(f"check.reconciled_{change}", name=name)
    else:
        return
    candidates = [case_texts.describe_candidate(head.quickbooks_id, head)]
    yield Finding(key="reconciled", text=text, details={"candidates": candidates})


def find_warning(posting: CheckedPosting, context: CheckContext) -> Sentence | None:
    """Return a warning if a change is sent without knowing whether its transaction is reconciled.

    That is so if QuickBooks refuses the report, which a person cannot change.
    """
    month = _find_month(posting, context)
    if month is None or not month.is_refused:
        return None
    return Sentence(
        "%(problem)s So the hub cannot tell whether a bank reconciliation covers the transaction.",
        problem=month.problem,
    )


def _find_month(posting: CheckedPosting, context: CheckContext) -> ReconciledMonth | None:
    """Return the month of the transaction of a change that a bank account would show."""
    first_day = find_changed_month(posting, context.targets)
    return context.reconciled_months.get(first_day) if first_day else None


def find_changed_month(
    posting: CheckedPosting, targets: Mapping[int, TransactionHead]
) -> dt.date | None:
    """Return the first day of the month of a transaction, for a change that the bank would show.

    `targets` are the transactions that postings change, by posting.
    """
    head = targets.get(posting.id)
    if head is None or head.date is None or not is_bank_change(posting, head):
        return None
    return head.date.replace(day=1)


def may_change_bank(operations: Iterable[tuple[str, str]]) -> bool:
    """Return whether a bank account may show one of these changes, each a kind and an operation."""
    return any(
        kind in BANK_KINDS and operation in CHANGE_OPERATIONS for kind, operation in operations
    )


def is_bank_change(posting: CheckedPosting, head: TransactionHead) -> bool:
    """Return whether a change alters what a bank account shows of its transaction.

    That is a removal, or another date, total or account. It is none if a person has permitted to
    overwrite the transaction.
    """
    if not may_change_bank([(posting.kind, posting.operation)]):
        return False
    permitted_id = posting.overwrite_permitted.rpartition(":")[0]
    if head.state != TransactionState.LIVE or permitted_id == head.quickbooks_id:
        return False
    if posting.operation in REMOVALS:
        return True
    summary = posting.summary
    account = summary.payment_account or summary.deposit_account
    if account and account != head.account:
        return True
    return summary.parsed_date != head.date or summary.total != head.total
