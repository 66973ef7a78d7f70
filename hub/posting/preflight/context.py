"""The data of the checks before a send, loaded once for many postings."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from operator import attrgetter

from hub.cases.findings import Finding
from hub.contract.value_object import value_object
from hub.mapping.placeholders import is_placeholder
from hub.models import StoredRecord, TransactionHead
from hub.money import ZERO
from hub.payloads.company_facts import CompanyFacts
from hub.payloads.entities import KIND_BY_ENTITY
from hub.posting.party_lists import get_party_list
from hub.posting.preflight.bank_reconciliation import ReconciledMonths
from hub.posting.preflight.postings import CheckedPosting
from hub.reasons.texts import CaseText

ACCOUNT_FIELDS = (
    "payable_account",
    "payment_account",
    "deposit_account",
    "income_account",
    "expense_account",
    "asset_account",
)
# The beginnings of the causes of cases that several postings share; see `build_cause`.
SHARED_PROBLEMS = (
    "account_currency",
    "closed",
    "edition",
    "item",
    "record",
    "sort",
    "unlisted",
)
# The list of QuickBooks that a field of a line, or of the whole transaction, refers to.
LISTS_OF_LINE_FIELDS = {
    "account": "account",
    "item": "item",
    "class_": "class",
    "customer": "customer",
    "tax_code": "tax_code",
}
LISTS_OF_FIELDS = dict.fromkeys(ACCOUNT_FIELDS, "account") | {
    "location": "location",
    "class_": "class",
    "term": "term",
    "payment_method": "payment_method",
}
_ids_of_fields = attrgetter(*LISTS_OF_FIELDS)
_ids_of_line = attrgetter(*LISTS_OF_LINE_FIELDS)
RecordKey = tuple[str, str]  # list and id
TransactionKey = tuple[str, str]  # kind and id


@value_object
class Namesake:
    """A record with the name of a new supplier or customer; without an id, it is still planned."""

    list: str
    id: str = ""
    name: str


@dataclass(frozen=True)
class RelatedTransactions:
    """Transactions in QuickBooks that a posting may be, or that it settles."""

    by_number: Mapping[tuple[str, str], Sequence[TransactionHead]] = field(default_factory=dict)
    by_total: Mapping[tuple[str, Decimal | None], Sequence[TransactionHead]] = field(
        default_factory=dict
    )
    by_id: Mapping[TransactionKey, TransactionHead] = field(default_factory=dict)
    by_marker: Mapping[str, Sequence[TransactionHead]] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckContext:
    """The data of the checks for many postings of one company."""

    facts: CompanyFacts
    company_id: int
    lists: frozenset[str]  # the lists that were read from QuickBooks
    records: Mapping[RecordKey, StoredRecord]
    related: RelatedTransactions
    # By posting: the transaction that a change is written against.
    targets: Mapping[int, TransactionHead]
    # By posting: the removal of a transaction that depends on its target, which is sent first.
    removals: Mapping[int, int]
    # By posting: the records that it refers to.
    refs: Mapping[int, set[RecordKey]]
    # By kind that QuickBooks refused to list: why it could not be searched.
    unsearched_kinds: Mapping[str, str] = field(default_factory=dict)
    # By installation: why there is no account for supplier invoices.
    missing_accounts: Mapping[int, CaseText] = field(default_factory=dict)
    # By installation: why it may not post yet, if it has never posted.
    first_posting_blocks: Mapping[int, CaseText] = field(default_factory=dict)
    # By posting that creates a supplier or customer: another record with the same name.
    namesakes: Mapping[int, Namesake] = field(default_factory=dict)
    # By document: how far its total may be from the sum of its lines.
    tolerances: Mapping[int, Decimal] = field(default_factory=dict)
    # The months of the transactions that changes are written against.
    reconciled_months: ReconciledMonths = field(default_factory=dict)

    def build_cause(self, problem: str, posting: CheckedPosting, *subjects: str) -> str:
        """Return the cause of a case that all postings with this problem share.

        Each app has a case of its own: the reason names a document, which only people with a role
        for the app may see.
        """
        parts = (problem, str(self.company_id), str(posting.installation_id), *subjects)
        return ":".join(parts)


Check = Callable[[CheckedPosting, CheckContext], Iterator[Finding]]


def list_record_refs(posting: CheckedPosting) -> set[RecordKey]:
    """Return the records that a posting refers to, without those that are still to be created."""
    summary = posting.summary
    parties = get_party_list(posting.kind, summary)
    candidates = {(parties, summary.party), (posting.kind, summary.parent)}
    candidates.update(zip(LISTS_OF_FIELDS.values(), _ids_of_fields(summary), strict=True))
    for line in summary.lines:
        candidates.update(zip(LISTS_OF_LINE_FIELDS.values(), _ids_of_line(line), strict=True))

    refs = set()
    for list_name, id in candidates:
        if id and not is_placeholder(id):
            refs.add((list_name, id))
    return refs


def sum_settled_amounts(posting: CheckedPosting) -> dict[TransactionKey, Decimal]:
    """Return the amount that a posting settles or bills, by transaction.

    Transactions that are still to be created are left out, because they have no balance yet.
    """
    amounts: dict[TransactionKey, Decimal] = {}
    for line in posting.summary.lines:
        kind = KIND_BY_ENTITY.get(line.linked_type)
        if not line.linked or not kind or is_placeholder(line.linked):
            continue
        key = (kind, line.linked)
        previous = amounts.get(key, ZERO)
        amounts[key] = previous + line.amount
    return amounts
