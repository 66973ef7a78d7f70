"""The result of a reconciliation, and how its run stores it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hub.contract.document_kinds import words_of
from hub.errors import Sentence
from hub.models import Run
from hub.models.enums import RunKind
from hub.money import round_amount
from hub.posting.reconcile.totals_lines import (
    TotalsLine,
    count_differing,
    open_currencies,
    sum_differences,
)
from hub.reasons import texts
from hub.reasons.texts import StoredReason

TROUBLES_KEY = "troubles"  # the key of the number by which runs are selected


@dataclass(frozen=True, kw_only=True)
class DocumentDifference:
    """A document that differs from QuickBooks; the amounts of credits are negative.

    A reconciliation of an older version stored only its name and the reason, as an English text.
    """

    posting_id: int
    document: str
    discrepancy: str
    is_accepted: bool
    reasons: Sequence[StoredReason] = ()
    stored_reason: str = ""
    slug: str = ""
    kind: str = ""
    number: str = ""
    party: str = ""
    date: str = ""
    currency: str = ""
    source: Decimal | None = None
    posted: Decimal | None = None
    quickbooks: Decimal | None = None
    quickbooks_id: str = ""

    @property
    def reason(self) -> str:
        """Return how it differs, in the language in which texts are rendered."""
        return texts.join_reasons(self.reasons) or self.stored_reason

    @classmethod
    def load(cls, entry: Mapping[str, Any]) -> "DocumentDifference":
        """Return the difference that `dump` or an older version stored."""
        return cls(
            posting_id=entry["posting"],
            document=entry["document"],
            discrepancy=entry["why"],
            is_accepted=bool(entry["accepted"]),
            **_load_reasons(entry),
            slug=entry.get("app", ""),
            kind=entry.get("kind", ""),
            number=entry.get("number", ""),
            party=entry.get("party", ""),
            date=entry.get("date", ""),
            currency=entry.get("currency", ""),
            source=_load_amount(entry.get("source")),
            posted=_load_amount(entry.get("posted")),
            quickbooks=_load_amount(entry.get("quickbooks")),
            quickbooks_id=entry.get("quickbooks_id") or "",
        )

    def dump(self) -> dict[str, Any]:
        """Return the difference as plain JSON, money as text."""
        return {
            "posting": self.posting_id,
            "document": self.document,
            "why": self.discrepancy,
            **_dump_reasons(self.reasons, self.reason),
            "accepted": self.is_accepted,
            "app": self.slug,
            "kind": self.kind,
            "number": self.number,
            "party": self.party,
            "date": self.date,
            "currency": self.currency,
            "quickbooks_id": self.quickbooks_id,
            "source": _dump_amount(self.source),
            "posted": _dump_amount(self.posted),
            "quickbooks": _dump_amount(self.quickbooks),
        }


@dataclass(frozen=True, kw_only=True)
class MarkerDifference:
    """A transaction with an unexpected marker, or more than one document, and the open case."""

    quickbooks_id: str
    kind: str
    document: str
    reasons: Sequence[StoredReason] = ()
    stored_reason: str = ""  # the English text that an older version stored
    case_id: int | None = None

    @property
    def reason(self) -> str:
        """Return the reasons as one text, in the language in which texts are rendered."""
        return texts.join_reasons(self.reasons) or self.stored_reason

    @classmethod
    def load(cls, entry: Mapping[str, Any]) -> "MarkerDifference":
        """Return the finding that `dump` or an older version stored."""
        return cls(
            quickbooks_id=entry.get("id", ""),
            kind=entry.get("kind", ""),
            document=entry.get("document", ""),
            case_id=entry.get("case"),
            **_load_reasons(entry),
        )

    def dump(self) -> dict[str, Any]:
        """Return the finding as plain JSON."""
        return {
            "id": self.quickbooks_id,
            "kind": self.kind,
            "document": self.document,
            **_dump_reasons(self.reasons, self.reason),
            "case": self.case_id,
        }


@dataclass(frozen=True)
class OtherSourceTotal:
    """A document whose total at the source differs from the posted one."""

    posting_id: int
    reason: str

    @classmethod
    def load(cls, entry: Mapping[str, Any]) -> "OtherSourceTotal":
        """Return the entry that `dump` stored."""
        return cls(entry["posting"], entry["reason"])

    def dump(self) -> dict[str, Any]:
        """Return the document as plain JSON."""
        return {"posting": self.posting_id, "reason": self.reason}


@dataclass(frozen=True, kw_only=True)
class ReconciliationResult:
    """The result of a reconciliation; each of its lists has at most a thousand entries.

    `troubles` is the number of differences and marker findings that nobody has accepted, and
    `changing` the number of documents that were being changed. `unread` is the number of documents
    by kind that could not be compared, because QuickBooks refused to list the kind.
    """

    reconciled_at: dt.datetime
    documents: int
    found: int
    changing: int = 0
    accepted: int
    unread: Mapping[str, int] = field(default_factory=dict)
    troubles: int
    totals: Sequence[TotalsLine]
    differences: Sequence[DocumentDifference] = ()
    marker_differences: Sequence[MarkerDifference] = ()
    other_source_totals: Sequence[OtherSourceTotal] = ()
    writes: int = 0
    reads: int = 0

    @classmethod
    def load(cls, result: Mapping[str, Any]) -> "ReconciliationResult":
        """Return the result that `dump` or an older version stored."""
        requests = result.get("requests", {})
        return cls(
            reconciled_at=dt.datetime.fromisoformat(result["proved_at"]),
            documents=result["documents"],
            found=result["found"],
            changing=result.get("under_way", 0),
            accepted=result["accepted"],
            unread=result.get("unread", {}),
            troubles=result[TROUBLES_KEY],
            totals=[TotalsLine.load(line) for line in result["totals"]],
            differences=[DocumentDifference.load(entry) for entry in result.get("wrong", ())],
            marker_differences=[
                MarkerDifference.load(entry) for entry in result.get("strangers", ())
            ],
            other_source_totals=[OtherSourceTotal.load(entry) for entry in result.get("apart", ())],
            writes=requests.get("writes", 0),
            reads=requests.get("reads", 0),
        )

    def dump(self) -> dict[str, Any]:
        """Return the result as plain JSON."""
        return {
            "proved_at": self.reconciled_at.isoformat(),
            "documents": self.documents,
            "found": self.found,
            "under_way": self.changing,
            "accepted": self.accepted,
            "unread": dict(self.unread),
            TROUBLES_KEY: self.troubles,
            "totals": [line.dump() for line in self.totals],
            "wrong": [difference.dump() for difference in self.differences],
            "strangers": [difference.dump() for difference in self.marker_differences],
            "apart": [document.dump() for document in self.other_source_totals],
            "requests": {"writes": self.writes, "reads": self.reads},
        }

    @property
    def matching(self) -> int:
        """Return how many documents match QuickBooks.

        Results of older versions lack the number of documents that differ by an amount; it counts
        as zero.
        """
        return min(self.found, self.documents - count_differing(self.totals))

    @property
    def summary(self) -> str:
        """Return the result for a person, in some sentences."""
        counts = {"matching": self.matching, "documents": self.documents}
        sentences = [Sentence("%(matching)s of %(documents)s documents match QuickBooks", **counts)]
        if self.documents == 1:
            one = Sentence("%(matching)s of %(documents)s document matches QuickBooks", **counts)
            sentences = [one]
        difference = _format_differences(self.totals, self.accepted)
        if difference:
            sentences.append(difference)
        if self.troubles:
            needs = Sentence("%(count)s need attention", count=self.troubles)
            if self.troubles == 1:
                needs = Sentence("%(count)s needs attention", count=1)
            sentences.append(needs)
        if self.accepted:
            sentence = Sentence("%(count)s accepted although different", count=self.accepted)
            sentences.append(sentence)
        if self.changing:
            changing = Sentence("%(count)s being changed just now", count=self.changing)
            sentences.append(changing)
        for kind, count in sorted(self.unread.items()):
            unread = Sentence(
                "%(count)s of the kind “%(kind)s” not compared, because QuickBooks does not list"
                " them",
                count=count,
                kind=Sentence(words_of(kind)),
            )
            sentences.append(unread)
        return ". ".join(sentences)


def load_result(run: Run) -> ReconciliationResult | None:
    """Return the result that a reconciliation stored.

    Return None for a run of another kind, and for one that has not ended or was stopped.
    """
    if run.kind != RunKind.RECONCILE or not run.counts.get("proved_at"):
        return None
    return ReconciliationResult.load(run.counts)


def needs_attention(run: Run) -> bool:
    """Return whether a reconciliation found something that nobody has accepted."""
    return bool(run.counts.get(TROUBLES_KEY))


def _format_differences(totals: Sequence[TotalsLine], accepted_count: int) -> Sentence | None:
    """State the differences by currency, and in how many documents; None if there are none.

    Documents whose difference a person accepted are left out.
    """
    sums = sum_differences(totals)
    amounts = []
    for currency in open_currencies(totals):
        amounts.append(_format_difference(sums[currency], currency))
    if not amounts:
        return None
    text = " and ".join(amounts)
    differing = max(count_differing(totals) - accepted_count, 0)
    if not differing:
        return Sentence("Difference %(amounts)s", amounts=text)
    if differing == 1:
        return Sentence("Difference %(amounts)s in %(count)s document", amounts=text, count=1)
    return Sentence("Difference %(amounts)s in %(count)s documents", amounts=text, count=differing)


def _format_difference(amount: Decimal, currency: str) -> str:
    """Return a difference with its sign and currency, as "−20.10 USD"."""
    digits = f"{round_amount(amount, currency):,}" if currency else f"{amount:,}"
    return f"{digits} {currency}".strip().replace("-", "\N{MINUS SIGN}")


def _load_reasons(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the reasons of a difference, or the text that an older version stored for them."""
    reasons = entry.get("reasons", ())
    return {"reasons": reasons, "stored_reason": "" if reasons else entry["reason"]}


def _dump_reasons(reasons: Sequence[StoredReason], text: str) -> dict[str, Any]:
    """Return reasons as plain JSON, with the text that an older version reads."""
    return {"reason": text, "reasons": list(reasons)}


def _load_amount(text: str | None) -> Decimal | None:
    """Return an amount that is stored as text, None if there is none."""
    return None if text is None else Decimal(text)


def _dump_amount(amount: Decimal | None) -> str | None:
    """Return an amount as text, None if there is none."""
    return None if amount is None else str(amount)
