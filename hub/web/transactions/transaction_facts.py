"""The facts of a transaction in QuickBooks as pairs of label and text, and where to open it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.config import API_URLS
from hub.context import current_hub
from hub.contract.document_kinds import PARTY_ROLES
from hub.models import StoredRecord, TransactionHead
from hub.models.enums import TransactionState
from hub.qbo import deep_links, display, intuit_keys
from hub.translations.messages import gettext, gettext_noop
from hub.web.frame.moments import format_day, format_moment
from hub.web.frame.source_view import format_dates, format_money

# What the hub adds to the facts of a transaction.
HUB_LABELS = (gettext_noop("State"), gettext_noop("Marker"), gettext_noop("Created"))
DATE_LABELS = (gettext_noop("Date"), gettext_noop("Due"))


def list_stored_facts(
    session: Session, head: TransactionHead, currency: str
) -> list[tuple[str, str]]:
    """Return the facts of a transaction as pairs of label and text, without empty ones."""
    party = _find_record_name(session, head, PARTY_ROLES, head.party)
    pairs = {
        gettext_noop("Party"): party,
        gettext_noop("Number"): head.number,
        gettext_noop("Date"): format_day(head.date),
        gettext_noop("Account"): _find_record_name(session, head, ("account",), head.account),
        gettext_noop("Total"): format_money(head.total, currency),
        gettext_noop("State"): _format_state(head.state),
        gettext_noop("Marker"): f"[hub:{head.marker}]" if head.marker else gettext("none"),
        gettext_noop("Created"): format_moment(head.created_at) if head.created_at else "",
    }
    return [(label, text) for label, text in pairs.items() if text]


def _format_state(state: str) -> str:
    """Return a state that a transaction seldom has, deleted or voided; "" for any other."""
    return "" if state == TransactionState.LIVE else gettext(state.capitalize())


def list_present_facts(
    present: display.TransactionView, currency: str, hub_facts: list[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Return the facts in QuickBooks now, and those that only the hub knows."""
    facts = format_dated_facts(present)
    if present.total is not None:
        total = format_money(present.total, present.currency or currency)
        facts.append((gettext_noop("Total"), total))
    for label, text in hub_facts:
        if label in HUB_LABELS:
            facts.append((label, text))
    return facts


def format_dated_facts(view: display.TransactionView) -> list[tuple[str, str]]:
    """Return the facts with their dates as a person writes them.

    Only the labels of dates are touched: a number may look like a date.
    """
    facts = []
    for label, text in view.facts:
        if label in DATE_LABELS:
            text = format_dates(text)
        facts.append((label, text))
    return facts


def _find_record_name(
    session: Session, head: TransactionHead, lists: tuple[str, ...], id: str
) -> str:
    """Return the name of a record, or its id if the hub does not have it."""
    if not id:
        return ""
    query = select(StoredRecord.full_name).where(
        StoredRecord.company_id == head.company_id,
        StoredRecord.list.in_(lists),
        StoredRecord.quickbooks_id == id,
    )
    return session.scalar(query) or id


def find_page(kind: str, id: str) -> str | None:
    """Return where a person opens the transaction; None while a stand-in replaces QuickBooks."""
    environment = get_environment_with_pages()
    return deep_links.build_page_address(kind, id, environment) if environment else None


def get_environment_with_pages() -> str:
    """Return the environment of Intuit whose pages show transactions; "" for a stand-in."""
    if current_hub().mounts:  # a stand-in within this process
        return ""
    keys = intuit_keys.read()
    return keys.environment if keys.api_url in API_URLS.values() else ""
