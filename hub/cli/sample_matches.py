"""Matches of the codes of a stand-in, so that an author of a plugin sees what is posted."""

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

from hub.cli.likely_records import find_likely_records

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from hub.contract.documents import Role
    from hub.models import ConnectedCompany, Installation, StoredRecord

MAX_EXAMPLES = 3
# Roles of accounts that QuickBooks keeps in the company's currency, whatever that of a document is.
HOME_CURRENCY_ROLES = ("account", "income_account", "expense_account", "asset_account")


class Choice(NamedTuple):
    """A record for an open code; none if QuickBooks' stand-in has no record in this currency.

    `reason` says why it is this record.
    """

    field: str
    label: str
    code: str
    currency: str
    record: str
    reason: str


class SampleMatches:
    """Match each code that has no record with some record of QuickBooks' stand-in.

    This is for `hub dev` alone, because only the codes of a stand-in mean nothing. Decisions of a
    person stay. A code whose documents are held despite its match is tried once.
    """

    def __init__(self, find_installations: Callable[[], list["Installation"]], who: str) -> None:
        """Prepare to match the codes of some installations in the name of a person."""
        self._find_installations = find_installations
        self._who = who
        self._tried: set[tuple[int, str, str]] = set()

    def is_waiting(self) -> bool:
        """Return whether a run is under way or waits, so that there may be more codes soon."""
        from sqlalchemy import select

        from hub.db.engine import read_only_session
        from hub.models import Run

        with read_only_session() as session:
            return session.scalar(select(Run.id).where(Run.ended_at.is_(None)).limit(1)) is not None

    def describe_new(self) -> str:
        """Match codes that have no record, request a sync, and return what was done as text."""
        from hub.models.enums import RunKind
        from hub.scheduling import run_log

        texts = []
        for row in self._find_installations():
            choices = self._choose_new(row)
            sentences = self._match(row, choices)
            if sentences:
                run_log.request(RunKind.SYNC, row.id, self._who)
                texts.append(_describe(row, sentences))
            texts += _describe_missing(choices)
        return "\n".join(texts)

    def _choose_new(self, row: "Installation") -> list[Choice]:
        """Return the choices for the codes of an installation that were not tried before."""
        choices = []
        for choice in _choose_records(row):
            key = (row.id, choice.field, choice.code)
            if key not in self._tried:
                self._tried.add(key)
                choices.append(choice)
        return choices

    def _match(self, row: "Installation", choices: Iterable[Choice]) -> list[str]:
        """Match codes with the records that were chosen; return a sentence about each."""
        from hub.errors import HubError
        from hub.web.codes import code_decisions

        sentences = []
        for choice in choices:
            if not choice.record:
                continue
            with suppress(HubError):  # this record does not fit; the code stays open
                text = code_decisions.decide(
                    row.id, choice.field, choice.code, choice.record, self._who
                )
                sentences.append(f"{text} {choice.reason}")
        return sentences


def _choose_records(row: "Installation") -> list[Choice]:
    """Return a choice for each open code: the likeliest record, or else the next."""
    from sqlalchemy import select

    from hub.db.engine import read_only_session
    from hub.models import ConnectedCompany, SeenCode
    from hub.web.codes import code_lookup, code_view
    from hub.web.codes.code_view import CodeState

    choices = []
    counts: Counter[str] = Counter()
    with read_only_session() as session:
        company = session.get_one(ConnectedCompany, row.company_id)
        fields_by_name = code_lookup.load_fields_by_name(row)
        match_index = code_lookup.load_match_index(session, row)
        suitable_records = cache(partial(_list_suitable_records, session, company))
        codes = select(SeenCode).where(SeenCode.installation_id == row.id)
        for source_code in session.scalars(codes.order_by(SeenCode.field, SeenCode.code)).all():
            field = fields_by_name.get(source_code.field)
            if field is None:
                continue
            view = code_view.view_code(session, row, source_code, field, match_index)
            document = code_lookup.find_held_document(session, row, source_code)
            # A code that holds nothing needs no match: its record may be created with the document.
            if view.state != CodeState.OPEN or document is None:
                continue
            currency = document.currency or company.currency
            likely = find_likely_records(
                source_code,
                field.role,
                document.kind,
                suitable_records(field.role, currency),
                [suggestion.id for suggestion in view.suggestions],
            )
            id, reason = likely.pick(counts[source_code.field])
            counts[source_code.field] += not likely.is_known
            choices.append(
                Choice(source_code.field, field.label, source_code.code, currency, id, reason)
            )
    return choices


def _list_suitable_records(
    session: "Session", company: "ConnectedCompany", role: "Role", currency: str
) -> list["StoredRecord"]:
    """Return the records that may take a role in documents of a currency."""
    from hub.qbo import records

    currencies = {"", currency}
    if role in HOME_CURRENCY_ROLES:
        currencies.add(company.currency)
    choices = records.list_choices(session, company.id, role)
    return [record for record in choices if record.currency in currencies]


def _describe(row: "Installation", texts: list[str]) -> str:
    """Return how many codes were matched, some of them, and the page to change them on."""
    from hub.context import current_hub

    examples = texts[:MAX_EXAMPLES]
    others = len(texts) - len(examples)
    noun = "code" if len(texts) == 1 else "codes"
    lines = [f"Matched {len(texts)} {noun} with some record, so that their documents are posted:"]
    lines += [f"  {text}" for text in examples]
    if others:
        lines.append(f"  and {others} more")
    url = current_hub().config.public_url.rstrip("/")
    lines.append(f"  Change them at {url}/installations/{row.id}/matching/")
    return "\n".join(lines)


def _describe_missing(choices: Iterable[Choice]) -> list[str]:
    """Return a line for each field and currency of which QuickBooks' stand-in has no record."""
    missing = Counter((choice.label, choice.currency) for choice in choices if not choice.record)
    return [
        f"Not matched: {count} × {label}. QuickBooks' stand-in has no record for it that takes"
        f" documents in {currency}. Let the documents of your stand-in have the currency of a"
        " company there (USD in the United States, NOK in Norway), and name its country in Sandbox."
        for (label, currency), count in sorted(missing.items())
    ]
