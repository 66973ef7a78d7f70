"""The sums that an approval posts, by account and by party, for each currency."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import outbox
from hub.models import Posting
from hub.money import ZERO
from hub.qbo import display, display_labels
from hub.translations.messages import gettext, gettext_noop
from hub.web.transactions.compared_facts import PARTY_LABELS

MONEY_LABELS = ("Deposit account", "Account")  # the account that a payment changes
PAYMENTS_LABEL = gettext_noop("Payments")
REMAINDER_LABEL = gettext_noop("Tax and rounding")
NO_PARTY = gettext_noop("Without a party")
# The currency and the name of an account or a party -> the sum of it.
Totals = dict[tuple[str, str], Decimal]


class SummedPosting(Protocol):
    """The facts of a posting that are known before its payload is read."""

    @property
    def id(self) -> int:
        """Return the id of the posting."""

    @property
    def operation(self) -> str:
        """Return the operation of the posting."""

    @property
    def kind(self) -> str:
        """Return the kind of its transaction."""

    @property
    def total(self) -> Decimal | None:
        """Return its total, None if QuickBooks works it out."""

    @property
    def currency(self) -> str:
        """Return the currency of the total."""

    @property
    def party(self) -> str:
        """Return the name of its party at the source."""


@dataclass(frozen=True)
class Breakdown:
    """The sums of an approval: by account or item with the tax, and by party."""

    accounts: list[tuple[str, str, Decimal]]
    parties: list[tuple[str, str, Decimal]]

    @classmethod
    def of(cls, session: Session, company_id: int, rows: Sequence[SummedPosting]) -> "Breakdown":
        """Add up the lines and totals of what is posted; what is removed does not count."""
        rows_by_id = {row.id: row for row in rows if row.operation not in outbox.REMOVALS}
        accounts: Totals = {}
        parties: Totals = {}
        for id, view in _build_views(session, company_id, rows_by_id).items():
            row = rows_by_id[id]
            sign = outbox.get_sign_of_kind(row.kind)
            rest = row.total or ZERO
            for line in view.lines:
                if line.amount:
                    rest -= line.amount
                    _add(accounts, row.currency, _find_account(view, line), sign * line.amount)
            if row.total is not None:
                _add(accounts, row.currency, gettext(REMAINDER_LABEL), sign * rest)
                party = _find_party(view.facts, row.party)
                _add(parties, row.currency, party, sign * row.total)
        return cls(_sort_totals(accounts), _sort_totals(parties))


def _build_views(
    session: Session, company_id: int, ids: Iterable[int]
) -> Mapping[int, display.TransactionView]:
    """Return views of the payloads of postings, by their ids."""
    query = select(Posting.id, Posting.kind, Posting.payload).where(Posting.id.in_(list(ids)))
    payloads = {id: (kind, payload) for id, kind, payload in session.execute(query)}
    return display.view_payloads(session, company_id, payloads)


def _find_account(view: display.TransactionView, line: display.TransactionLineView) -> str:
    """Return the account or item of a line; for a line of a payment, the account of the money."""
    if not line.linked_type:
        return line.posts_to
    facts = dict(view.facts)
    for label in MONEY_LABELS:
        if facts.get(label):
            return facts[label]
    return gettext(PAYMENTS_LABEL)


def _find_party(facts: Iterable[tuple[str, str]], source_party: str) -> str:
    """Return the name of the supplier or customer among the facts of a transaction.

    A party that is still to be created has the name that its source gives.
    """
    texts = dict(facts)
    for label in PARTY_LABELS:
        if label not in texts:
            continue
        if texts[label] == display_labels.PLACEHOLDER_TEXT and source_party:
            return source_party
        return texts[label]
    return gettext(NO_PARTY)


def _add(totals: Totals, currency: str, name: str, amount: Decimal) -> None:
    """Add an amount to the sum of a name in a currency."""
    key = currency, name
    totals[key] = totals.get(key, ZERO) + amount


def _sort_totals(totals: Totals) -> list[tuple[str, str, Decimal]]:
    """Return currency, name and sum, the largest sum of each currency first, without zeros."""
    rows = [(currency, name, amount) for (currency, name), amount in totals.items() if amount]
    rest = gettext(REMAINDER_LABEL)
    return sorted(rows, key=lambda row: (row[0], row[1] == rest, -abs(row[2]), row[1]))
