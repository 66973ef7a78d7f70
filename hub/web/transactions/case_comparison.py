"""Compare what we post, or have posted, with the transactions in QuickBooks of a case."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases.causes import is_discrepancy, is_marker, is_response_difference
from hub.cases.discrepancies import Discrepancy
from hub.models import Case, Posting, SourceDocument, TransactionHead
from hub.models.enums import CHANGE_OPERATIONS, Operation
from hub.outbox.states import REMOVALS
from hub.posting.case_texts import OVERWRITE_QUESTIONS
from hub.posting.protocol.history import FORGOTTEN
from hub.posting.reconcile.posted_documents import load_posted
from hub.qbo import display
from hub.qbo.transaction_index import strip_markers
from hub.reasons.template import CaseAction
from hub.translations.messages import gettext, gettext_noop
from hub.web.frame.source_view import format_money
from hub.web.transactions.case_transactions import (
    Entities,
    Key,
    list_candidate_keys,
    list_unexpected_keys,
)
from hub.web.transactions.compared_facts import (
    COMPARED_LABELS,
    MARKER,
    PARTY_LABELS,
    STATE,
    ComparedFact,
    compare_fact,
)
from hub.web.transactions.compared_lines import ComparedLines, align
from hub.web.transactions.compared_transactions import (
    Transaction,
    build_transaction,
    find_document_of_marker,
)
from hub.web.transactions.transaction_facts import format_dated_facts

MEMO = "Memo"


@dataclass(frozen=True)
class Side:
    """A posting and the transactions that it is or may be; with `asks` a person must say which."""

    posting: Posting | None
    ours: display.TransactionView | None
    transactions: list[Transaction]
    title: str = gettext_noop("Is it this document?")
    asks: bool = True
    # The version in QuickBooks that a person may write over with what was posted; "" for none.
    put_back_token: str = ""
    asks_to_overwrite: bool = False

    @property
    def has_only_foreign(self) -> bool:
        """Return whether every transaction in question is that of another document.

        A person may have said so with “Not this one”; such transactions are not listed.
        """
        if not self.asks:
            return False
        if not self.transactions:
            return self.has_rejected
        return all(transaction.is_foreign for transaction in self.transactions)

    @property
    def has_rejected(self) -> bool:
        """Return whether a person said of a transaction that it is another document."""
        if self.posting is None:
            return False
        return any(rejected_id != FORGOTTEN.id for rejected_id in self.posting.rejected_ids)

    @property
    def is_change(self) -> bool:
        """Return whether the posting changes or removes a transaction instead of creating one."""
        return self.posting is not None and self.posting.operation in CHANGE_OPERATIONS

    def may_adopt(self, transaction: Transaction) -> bool:
        """Return whether a person may say that a transaction is the document.

        A change is of a transaction that is known already.
        """
        if self.posting is not None and transaction.kind != self.posting.kind:
            return False
        return transaction.can_be_adopted and not self.is_change

    @property
    def is_removal(self) -> bool:
        """Return whether the posting removes a transaction from QuickBooks."""
        return self.posting is not None and self.posting.operation in REMOVALS

    def may_overwrite(self, transaction: Transaction) -> bool:
        """Return whether a person may let the posting overwrite what was changed."""
        return self.asks_to_overwrite and self.is_change and transaction.is_in_books

    @property
    def overwritable_token(self) -> str:
        """Return the version that put back, or the change, may write over; "" for none."""
        for transaction in self.transactions:
            if self.may_overwrite(transaction):
                return transaction.sync_token
        return self.put_back_token

    def explain_rejection(self, transaction: Transaction) -> str:
        """Return a sentence about what happens to the posting if a transaction is rejected."""
        if self.is_removal:
            return gettext("The hub checks whether the transaction is still to be removed.")
        if not transaction.is_in_books:
            return gettext("The document is posted again, as a new transaction.")
        return gettext(
            "Transaction %(id)s is another document. This one is posted beside it.",
            id=transaction.id,
        )

    def describe_difference(self, row: ComparedFact, index: int) -> str:
        """Return how a fact of a transaction differs; of totals, by how much."""
        difference = row.cells[index].difference
        if row.label == "Total" and difference:
            return self._format_total_difference(self.transactions[index]) or difference
        return difference

    def _format_total_difference(self, transaction: Transaction) -> str:
        """Return by how much the total in QuickBooks is above ours; "" if it is not.

        Totals in two currencies have no difference.
        """
        our_total = _get_total(self.ours)
        present_total = _get_total(transaction.present)
        if self.posting is None or our_total is None or present_total is None:
            return ""
        if _get_currency(transaction) not in ("", self.posting.currency):
            return ""
        difference = present_total - our_total
        if not difference:
            return ""
        sign = "+" if difference > 0 else ""
        return f"{sign}{format_money(difference, self.posting.currency)}"

    @property
    def rows(self) -> list[ComparedFact]:
        """Compare fact by fact, those that are always compared first."""
        our_facts: dict[str, str] = {}
        if self.ours and self.posting:
            our_facts = _list_posting_facts(self.ours, self.posting)
        party = _find_party_label(our_facts)
        columns = [_list_transaction_facts(transaction, party) for transaction in self.transactions]
        if our_facts and not self.asks:
            our_facts |= _find_posted_state(columns)
        labels = _order_labels([our_facts, *columns])
        return [
            compare_fact(label, our_facts, columns, is_present=self._is_present) for label in labels
        ]

    @property
    def _is_present(self) -> bool:
        """Return whether QuickBooks could be asked for every transaction."""
        return bool(self.transactions) and all(
            transaction.present for transaction in self.transactions
        )

    def lines(self, transaction: Transaction) -> list[ComparedLines]:
        """Align our lines with those of a transaction: equal ones beside each other, in order.

        A transaction that could not be read from QuickBooks has no lines to compare.
        """
        if not transaction.present:
            return []
        ours = self.ours.lines if self.ours else ()
        return align(ours, transaction.present.lines)


def _get_total(view: display.TransactionView | None) -> Decimal | None:
    """Return the total of a transaction, None if it is unknown."""
    return view.total if view else None


def _get_currency(transaction: Transaction) -> str:
    """Return the currency of a transaction in QuickBooks; "" if it is unknown."""
    if transaction.present and transaction.present.currency:
        return transaction.present.currency
    return transaction.head.currency if transaction.head else ""


def _list_posting_facts(ours: display.TransactionView, posting: Posting) -> dict[str, str]:
    """Return the facts of our side, with the total in the posting's currency."""
    facts = _remove_markers(format_dated_facts(ours))
    if ours.total is not None:
        facts["Total"] = format_money(ours.total, posting.currency)
    facts[MARKER] = f"[hub:{posting.document.marker}]"
    return facts


def _find_party_label(facts: Mapping[str, str]) -> str:
    """Return the label of the posting's party; "Party" if it names none."""
    for label in PARTY_LABELS:
        if label in facts:
            return label
    return PARTY_LABELS[-1]


def _find_posted_state(columns: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return the state of what we posted, if a transaction was deleted or voided since."""
    return {STATE: gettext("Posted")} if any(STATE in facts for facts in columns) else {}


def _list_transaction_facts(transaction: Transaction, party: str) -> dict[str, str]:
    """Return the facts of a transaction, its party under the label of the posting."""
    facts = _remove_markers(transaction.facts)
    if "Party" in facts:
        facts[party] = facts.pop("Party")
    return facts


def _remove_markers(facts: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return facts with the memo as people wrote it: the hub's markers are no difference."""
    texts = dict(facts)
    if MEMO in texts:
        texts[MEMO] = strip_markers(texts[MEMO])
    return texts


def _order_labels(columns: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the labels of all columns, those that are always compared first."""
    labels: dict[str, None] = {}  # a dict, because it keeps the order in which labels come
    for facts in columns:
        labels.update(dict.fromkeys(facts))
    always = [label for label in labels if label in COMPARED_LABELS]
    others = [label for label in labels if label not in COMPARED_LABELS]
    return always + others


def build_sides(
    session: Session, case: Case, postings: list[Posting], entities: Entities
) -> list[Side]:
    """Return the pairs that a person compares in a case.

    For a question, this is each posting beside its candidates; for a difference, the two sides.
    """
    if case.action == CaseAction.CHOOSE:
        asks_to_overwrite = case.code in OVERWRITE_QUESTIONS
        return [
            _build_candidate_side(
                session, case, posting, entities, asks_to_overwrite=asks_to_overwrite
            )
            for posting in postings
        ]
    if is_discrepancy(case.cause):
        differs = is_discrepancy(case.cause, Discrepancy.DIFFERS)
        return [
            _build_posted_side(session, posting, entities, may_be_put_back=differs)
            for posting in postings
        ]
    if is_response_difference(case.cause):
        return [_build_planned_side(session, posting, entities) for posting in postings]
    if is_marker(case.cause):
        return _build_marked_sides(session, case, entities)
    return []


def _build_candidate_side(
    session: Session,
    case: Case,
    posting: Posting,
    entities: Entities,
    *,
    asks_to_overwrite: bool,
) -> Side:
    """Compare the planned payload with the transactions in QuickBooks that it may be."""
    ours = display.view_payload(session, posting.company_id, posting.kind, posting.payload)
    keys = list_candidate_keys(case, posting)
    transactions = [build_transaction(session, key, entities, posting) for key in keys]
    if asks_to_overwrite and posting.operation in REMOVALS:
        first_write = _find_first_write(session, posting, keys)
        if first_write:
            ours = _build_written_view(session, first_write)
        title = gettext("What was posted, and what is there now")
        return Side(posting, ours, transactions, title, asks_to_overwrite=True)
    if asks_to_overwrite:
        title = gettext("What we would write, and what is there now")
        return Side(posting, ours, transactions, title, asks_to_overwrite=True)
    return Side(posting, ours, transactions)


def _find_first_write(session: Session, removal: Posting, keys: Sequence[Key]) -> Posting | None:
    """Return the posting that created the transaction of a removal, which has no facts itself."""
    quickbooks_ids = [quickbooks_id for _, _, quickbooks_id in keys]
    query = (
        select(Posting)
        .where(
            Posting.document_id == removal.document_id,
            Posting.operation == Operation.CREATE,
            Posting.quickbooks_id.in_(quickbooks_ids),
        )
        .order_by(Posting.id.desc())
        .limit(1)
    )
    return session.scalars(query).first()


def _build_posted_side(
    session: Session, posting: Posting, entities: Entities, *, may_be_put_back: bool
) -> Side:
    """Compare what was written last with what is in QuickBooks now."""
    key = (posting.company_id, posting.kind, str(posting.quickbooks_id))
    transaction = build_transaction(session, key, entities, posting)
    written_view = _build_written_view(session, posting)
    title = gettext("What was posted, and what is there now")
    token = transaction.sync_token if may_be_put_back and transaction.is_in_books else ""
    return Side(posting, written_view, [transaction], title, asks=False, put_back_token=token)


def _build_planned_side(session: Session, posting: Posting, entities: Entities) -> Side:
    """Compare what was planned with what is in QuickBooks now.

    The two differ if QuickBooks changed it, or if a person accepted a transaction as the document.
    """
    key = (posting.company_id, posting.kind, str(posting.quickbooks_id))
    transaction = build_transaction(session, key, entities, posting)
    planned_view = display.view_payload(session, posting.company_id, posting.kind, posting.payload)
    title = gettext("What was planned, and what is there now")
    return Side(posting, planned_view, [transaction], title, asks=False)


def _build_written_view(session: Session, posting: Posting) -> display.TransactionView | None:
    """Return the transaction as the hub last wrote it: the response, or else the payload."""
    company_id, kind = posting.company_id, posting.kind
    documents = load_posted(session, company_id, [Posting.id == posting.id])
    response = posting.answer
    if documents:
        response = documents[0].last_write.answer
    if response.get("Line"):
        return display.view_entity(session, company_id, kind, response)
    return display.view_payload(session, company_id, kind, posting.payload)


def _build_marked_sides(session: Session, case: Case, entities: Entities) -> list[Side]:
    """Compare each transaction that bears a marker of ours with the posting it names."""
    sides = []
    for key in list_unexpected_keys(case):
        head = session.get(TransactionHead, key)
        document = find_document_of_marker(session, head)
        posting = _find_creating_posting(session, document) if document else None
        transaction = build_transaction(session, key, entities, posting)
        written_view = None
        title = gettext("A transaction with a mark")
        if posting:
            written_view = _build_written_view(session, posting)
            title = gettext("What was posted, and other transactions with its marker")
        sides.append(Side(posting, written_view, [transaction], title, asks=False))
    return sides


def _find_creating_posting(session: Session, document: SourceDocument) -> Posting | None:
    """Return the posting that created a document's transaction."""
    query = (
        select(Posting)
        .where(
            Posting.document_id == document.id,
            Posting.part == "",
            Posting.operation == Operation.CREATE,
        )
        .order_by(Posting.id.desc())
        .limit(1)
    )
    return session.scalars(query).first()
