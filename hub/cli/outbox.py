"""List postings and open cases: `hub outbox`, `hub cases`."""

from typing import TYPE_CHECKING, Any

import click

from hub.cli import person
from hub.cli.console import as_json, only_realm_option, row_count, with_hub
from hub.cli.selection import find_company
from hub.cli.terminal import format_moment, print_json, print_json_list, print_table, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from hub.models import ConnectedCompany, Posting

# The values of `DocumentState`, which is not imported here: `hub --help` loads no tables.
STATES = (
    "held",
    "waiting",
    "review",
    "ready",
    "sending",
    "unknown",
    "posted",
    "missing",
    "removed",
    "skipped",
    "withdrawn",
)
MAX_IDS = 3  # postings that the list of cases names
DOCUMENT_STATES = ("missing", "removed")  # states that a posting alone does not have
COLUMNS = (
    "id",
    "app",
    "company",
    "kind",
    "number",
    "party",
    "date",
    "total",
    "currency",
    "state",
    "reason",
)


@click.command()
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@click.option("--app", "slug", metavar="SLUG", help="Only those of this app.")
@click.option(
    "--limit", type=row_count, default=1000, show_default=True, help="How many, newest first."
)
@as_json
@with_hub
def outbox(state: str | None, slug: str | None, limit: int, as_json: bool) -> None:
    """List postings, newest first.

    The states missing and removed are those of documents: of each such document its main posting is
    listed.
    """
    from hub.db.engine import read_only_session
    from hub.outbox import listing

    with read_only_session() as session:
        postings = session.scalars(_select_newest(state, slug, limit)).all()
        states = listing.load_document_states(session, [row.document_id for row in postings])
        companies = _load_companies(session, postings)
        rows = [
            _build_posting_json(row, companies[row.company_id], states[row.document_id])
            for row in postings
        ]
    if slug is not None and not rows:
        _require_app(slug)
    if as_json:
        print_json(rows)
        return
    for posting, row in zip(postings, rows, strict=True):
        _reword_for_people(row, posting)
        if state in DOCUMENT_STATES:
            row["state"] = row["document_state"]
    cells = [[row[name] for name in COLUMNS] for row in rows]
    print_table(COLUMNS, cells, "Nothing is there.")


def _select_newest(state: str | None, slug: str | None, limit: int) -> "Select[Posting]":
    """Return the query for the newest postings, of a state and an app if these are given."""
    from sqlalchemy import select

    from hub.models import Posting, SourceDocument
    from hub.outbox import listing

    query = select(Posting).join(SourceDocument, SourceDocument.id == Posting.document_id)
    query = query.where(*person.visible_rows("viewer").postings())
    if state in DOCUMENT_STATES:
        mains = listing.select_documents_with_posting().with_only_columns(Posting.id)
        query = query.where(Posting.id.in_(mains.where(listing.in_state(state))))
    elif state:
        query = query.where(Posting.state == state)
    if slug is not None:
        query = query.where(SourceDocument.slug == slug)
    return query.order_by(Posting.id.desc()).limit(limit)


def _load_companies(
    session: "Session", postings: "Sequence[Posting]"
) -> "dict[int, ConnectedCompany]":
    """Return the companies of postings by their ids."""
    from sqlalchemy import select

    from hub.models import ConnectedCompany

    ids = {posting.company_id for posting in postings}
    query = select(ConnectedCompany).where(ConnectedCompany.id.in_(ids))
    return {company.id: company for company in session.scalars(query)}


def _require_app(slug: str) -> None:
    """Raise NotFound if no app of this name is installed or was."""
    from sqlalchemy import select

    from hub.context import current_hub
    from hub.contract.app_lookup import build_missing_error
    from hub.db.engine import read_only_session
    from hub.models import Installation

    plugins = current_hub().plugins
    with read_only_session() as session:
        slugs = {*plugins.apps, *session.scalars(select(Installation.slug))}
    if slug not in slugs:
        raise build_missing_error(plugins, slug, slugs)


def _reword_for_people(row: dict[str, Any], posting: "Posting") -> None:
    """Replace the values in a row of the JSON output that are shown to people in another form."""
    from hub.models.enums import Operation

    row["total"] = _get_signed_total(posting)
    if posting.operation == Operation.ATTACH:
        row["kind"] = "file"


def _get_signed_total(posting: "Posting") -> str:
    """Return a posting's total as the pages list it: a credit is negative; "" if it has none."""
    from hub.outbox import apply_sign

    if posting.total is None:
        return ""
    return _round_for_json(apply_sign(posting.kind, posting.total), posting.currency)


def _round_for_json(amount: "Decimal", currency: str) -> str:
    """Return an amount with the decimals of its currency, if that is known."""
    from hub.money import round_amount

    return str(round_amount(amount, currency) if currency else amount)


def _build_posting_json(
    row: "Posting", company: "ConnectedCompany", document_state: str
) -> dict[str, Any]:
    """Return a posting as the JSON output has it."""
    document = row.document
    total = None
    if row.total is not None:
        total = _round_for_json(row.total, row.currency)
    return {
        "id": row.id,
        "app": document.slug,
        "company": company.display_name,
        "realm": company.realm,
        "source_id": document.source_id,
        "kind": row.kind,
        "operation": row.operation,
        "part": row.part,
        "number": row.number or document.number,
        "party": document.party,
        "date": document.date,
        "total": total,
        "currency": row.currency,
        "state": row.state,
        "document_state": document_state,
        "reason": row.reason,
        "quickbooks_id": row.quickbooks_id,
        "warnings": row.warnings,
    }


@click.command()
@only_realm_option
@as_json
@with_hub
def cases(realm: str | None, as_json: bool) -> None:
    """List the open cases with their reason and the next step."""
    from hub.scheduling.open_cases import iter_open_cases

    if realm is not None:
        find_company(realm)
    rows = iter_open_cases(realm, person.visible_rows("viewer").cases())
    if as_json:
        print_json_list(rows)
        return
    is_any = False
    for row in rows:
        is_any = True
        heading = [
            f"Case {row['id']}",
            row["app"] or "QuickBooks",
            row["company"] or "",
            f"since {format_moment(row['opened'])}",
        ]
        if row["postings"]:
            heading.append(f"postings {_join_first_ids(row['postings'])}")
        for currency, amount in row["amounts"].items():
            heading.append(f"{amount} {currency}".rstrip())
        say(", ".join(filter(None, heading)))
        say(f"  {row['title'].rstrip('.')}. {row['reason']}".rstrip())
        say(f"  {row['do']}")
    if not is_any:
        say("No case is open.")


def _join_first_ids(postings: list[int]) -> str:
    """Return the first ids, and how many more there are."""
    first = [str(id) for id in postings[:MAX_IDS]]
    text = ", ".join(first)
    surplus = len(postings) - MAX_IDS
    if surplus > 0:
        return f"{text} and {surplus} more"
    return text
