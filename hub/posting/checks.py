"""What QuickBooks would refuse, or a person should see first: one small check each, over records and mirror alone."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hub.documents import noun
from hub.models import Head, Posting, Record
from hub.money import is_exact, shown
from hub.posting import words
from hub.posting.protocol import CHANGES
from hub.qbo.company import CompanyFacts

LISTS = {"account": "account", "item": "item", "class": "class", "customer": "customer", "tax_code": "tax_code"}
BOUGHT = ("bill", "vendor_credit", "expense", "purchase_order", "bill_payment")


@noun
class Problem:
    """Why a posting is not sent; `cause` is shared by all that it stops, without one it is the posting's own."""

    own: str = ""
    cause: str = ""
    title: str
    reason: str
    act: str
    do: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Known:
    """What the checks look at, loaded once for many postings."""

    facts: CompanyFacts
    company_id: int
    lists: frozenset[str]
    records: Mapping[tuple[str, str], Record]
    numbered: Mapping[tuple[str, str], list[Head]]  # by party and number
    dated: Mapping[tuple[str, dt.date | None, Decimal | None], list[Head]]  # by party, day and total
    targets: Mapping[int, Head]  # by posting: what a change is written against
    unset: Mapping[int, str] = field(default_factory=dict)  # by installation: why its payable account is missing


Check = Callable[[Posting, Known], Iterator[Problem]]


def problems(posting: Posting, known: Known) -> list[Problem]:
    """Everything that stops a posting, at once."""
    if posting.operation == "attach":
        return []
    checks = CHANGE_CHECKS if posting.operation in CHANGES else CREATE_CHECKS
    return [problem for check in checks for problem in check(posting, known)]


def party_list(kind: str) -> str:
    """The list that the party of a kind stands in."""
    return "vendor" if kind in BOUGHT else "customer"


def refs(posting: Posting) -> set[tuple[str, str]]:
    """The records that a posting names, by list and id."""
    meant = posting.meaning or {}
    found = {(party_list(posting.kind), str(meant.get("party") or "")), ("location", str(meant.get("location") or ""))}
    for line in meant.get("lines") or ():
        found |= {(LISTS[name], str(line.get(name) or "")) for name in LISTS}
    return {(name, id) for name, id in found if id and not id.startswith("@")}


def _closed(posting: Posting, known: Known) -> Iterator[Problem]:
    closed, dates = known.facts.closed_to, [_date(posting)]
    if target := known.targets.get(posting.id):
        dates.append(target.date)
    if closed and any(date and date <= closed for date in dates):
        yield Problem(
            cause=f"closed:{known.company_id}",
            title=f"The books are closed up to {closed:%d %b %Y}",
            reason=f"{words.called(posting)} is dated in that period, and QuickBooks would refuse it.",
            act="open_period",
            do="Open the period in QuickBooks (Settings, Advanced, Accounting), or change the date at the source.",
        )


def _records(posting: Posting, known: Known) -> Iterator[Problem]:
    for name, id in sorted(refs(posting)):
        record = known.records.get((name, id))
        if name not in known.lists or (record and record.active):
            continue
        label = name.replace("_", " ")
        called = f"{label} {record.full_name or record.name}" if record else f"{label} with id {id}"
        state = "is inactive in QuickBooks" if record else "does not exist in QuickBooks"
        yield Problem(
            cause=f"record:{known.company_id}:{name}:{id}",
            title=f"{called[:1].upper()}{called[1:]} {state}",
            reason=f"{words.called(posting)} uses it, and QuickBooks would refuse that.",
            act="match",
            do="Make it active in QuickBooks and refresh the lists, or match its code to another record.",
            details={"list": name, "id": id},
        )


def _tax(posting: Posting, known: Known) -> Iterator[Problem]:
    if not known.facts.tax_codes or "lines" not in (posting.meaning or {}):
        return
    bare = [place for place, line in enumerate(posting.meaning["lines"], start=1) if not line.get("tax_code")]
    if bare:
        lines = ", ".join(map(str, bare))
        yield Problem(
            own="tax",
            title="A tax code is missing",
            reason=f"{words.called(posting)} has no tax code on line {lines}, and QuickBooks wants one on every line.",
            act="match",
            do="Match the tax codes of the source, or set a default tax code in the settings of the app.",
        )


def _currency(posting: Posting, known: Known) -> Iterator[Problem]:
    meant = posting.meaning or {}
    party = known.records.get((party_list(posting.kind), str(meant.get("party") or "")))
    currency = str(meant.get("currency") or known.facts.currency)
    if party is None or not party.currency or party.currency == currency:
        return
    yield Problem(
        own="currency",
        title=f"{party.name} is not paid in {currency}",
        reason=f"{words.called(posting)} is in {currency}, but {party.name} is kept in {party.currency} in QuickBooks,"
        " and one transaction has one currency.",
        act="match",
        do=f"Match it to a {party_list(posting.kind)} in {currency}, or correct the currency at the source.",
    )


def _payable(posting: Posting, known: Known) -> Iterator[Problem]:
    if posting.kind in ("bill", "vendor_credit") and (why := known.unset.get(posting.installation_id)):
        yield Problem(
            cause=f"settings:{posting.installation_id}:payable_account",
            title="No account for supplier invoices",
            reason=why,
            act="settings",
            do="Open the settings of the app and choose the credit account (accounts payable).",
        )


def _used(posting: Posting, known: Known) -> Iterator[Problem]:
    """The same number for the same party, or the same day and total without our mark: perhaps it is there already."""
    meant = posting.meaning or {}
    party, total = str(meant.get("party") or ""), meant.get("total")
    same = [head for head in known.numbered.get((party, meant.get("number") or ""), ()) if _other(head, posting)]
    day = (party, _date(posting), Decimal(str(total))) if total is not None and meant.get("date") else None
    alike = (
        [head for head in known.dated.get(day, ()) if _other(head, posting) and _unmarked(head, meant)] if day else []
    )
    if same:
        yield _choose(posting, "used", "Number already used", "already has its number", same)
    elif alike:
        yield _choose(posting, "twin", "Perhaps in QuickBooks already", "has one of the same day and total", alike)


def _choose(posting: Posting, own: str, title: str, what: str, heads: list[Head]) -> Problem:
    party = f" of {posting.document.party}" if posting.document.party else ""
    kind = posting.kind.replace("_", " ")
    ids = ", ".join(head.quickbooks_id for head in heads)
    return Problem(
        own=own,
        title=title,
        reason=f"{words.called(posting)} was not sent: in QuickBooks a {kind}{party} {what} (transaction {ids}).",
        act="choose",
        do="Press “This is it” when they are the same document; “Not this one” posts it anyway.",
        details={"candidates": [words.candidate(head.quickbooks_id, head) for head in heads]},
    )


def _other(head: Head, posting: Posting) -> bool:
    mine = head.kind == posting.kind and head.state == "live"
    return mine and head.marker != posting.document.marker and head.quickbooks_id not in (posting.not_these or ())


def _unmarked(head: Head, meant: Mapping[str, Any]) -> bool:
    return not head.marker and head.currency in ("", meant.get("currency"))


def _sums(posting: Posting, known: Known) -> Iterator[Problem]:
    said, meant = posting.document.body.get("total"), (posting.meaning or {}).get("total")
    if said is None or meant is None or posting.part:
        return
    wanted, made = Decimal(str(said)), Decimal(str(meant))
    if abs(wanted - made) > Decimal(str(posting.document.body.get("tolerance", 0))):
        currency = posting.currency or known.facts.currency
        yield Problem(
            own="sum",
            title="The lines do not add up",
            reason=f"{words.called(posting)}: its lines come to {shown(made, currency)}, its total is"
            f" {shown(wanted, currency)}.",
            act="source",
            do="Correct it at the source; it is read again with the next sync.",
        )


def _decimals(posting: Posting, known: Known) -> Iterator[Problem]:
    meant = posting.meaning or {}
    currency = str(meant.get("currency") or known.facts.currency)
    amounts = [line.get("amount") for line in meant.get("lines") or ()] + [meant.get("total")]
    odd = [amount for amount in amounts if amount is not None and not is_exact(Decimal(str(amount)), currency)]
    if odd:
        yield Problem(
            own="decimals",
            title="More decimals than the currency has",
            reason=f"{words.called(posting)} has the amount {odd[0]}, which is no amount in {currency}.",
            act="source",
            do="Correct it at the source; it is read again with the next sync.",
        )


def _paid(posting: Posting, known: Known) -> Iterator[Problem]:
    target = known.targets.get(posting.id)
    if target is None or target.balance is None or target.total is None or target.balance == target.total:
        return
    yield Problem(
        own="paid",
        title="Changed after it was paid",
        reason=f"{words.called(posting)} was changed at the source, but it is paid in QuickBooks"
        f" (open: {shown(target.balance, target.currency or known.facts.currency)}).",
        act="retry",
        do="Remove the payment in QuickBooks and press Retry, or press Skip to leave QuickBooks as it is.",
    )


def _date(posting: Posting) -> dt.date | None:
    text = (posting.meaning or {}).get("date")
    return dt.date.fromisoformat(text) if text else None


CREATE_CHECKS: tuple[Check, ...] = (_closed, _records, _payable, _tax, _currency, _used, _sums, _decimals)
CHANGE_CHECKS: tuple[Check, ...] = (_closed, _records, _tax, _currency, _decimals, _paid)
