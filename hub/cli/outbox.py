"""What is on its way and what needs a person: `hub outbox`, `hub cases`."""

from typing import Any

import click

from hub.cli.console import (
    as_json,
    company,
    inside,
    moment,
    print_json,
    realm_option,
    row_count,
    say,
    table,
)

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
OF_DOCUMENTS = ("missing", "removed")  # states that a posting alone does not have
COLUMNS = ("id", "app", "kind", "number", "party", "date", "total", "currency", "state", "reason")


@click.command()
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@click.option("--app", "slug", metavar="SLUG", help="Only those of this app.")
@click.option(
    "--limit", type=row_count, default=1000, show_default=True, help="How many, newest first."
)
@as_json
@inside
def outbox(state: str | None, slug: str | None, limit: int, as_json: bool) -> None:
    """List what is to be posted or was, newest first.

    The states missing and removed are those of documents: of each such document its main posting is
    listed.
    """
    from sqlalchemy import select

    from hub.db.engine import reading
    from hub.models import Posting, SourceDocument
    from hub.outbox import listing

    wanted = select(Posting).join(SourceDocument, SourceDocument.id == Posting.document_id)
    if state in OF_DOCUMENTS:
        mains = listing.documents_with_posting().with_only_columns(Posting.id)
        wanted = wanted.where(Posting.id.in_(mains.where(listing.in_state(state))))
    elif state:
        wanted = wanted.where(Posting.state == state)
    if slug:
        wanted = wanted.where(SourceDocument.slug == slug)
    with reading() as session:
        found = session.scalars(wanted.order_by(Posting.id.desc()).limit(limit)).all()
        states = listing.document_states(session, [row.document_id for row in found])
        rows = [_posting(row, states[row.document_id]) for row in found]
    if slug and not rows:
        _require_app(slug)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        row["kind"] = "file" if row["operation"] == "attach" else row["kind"]
        row["state"] = row["document_state"] if state in OF_DOCUMENTS else row["state"]
    table(COLUMNS, [[row[name] for name in COLUMNS] for row in rows], "Nothing is there.")


def _require_app(slug: str) -> None:
    """Raise NotFound if no app of this name is installed or was."""
    from sqlalchemy import select

    from hub.context import current
    from hub.db.engine import reading
    from hub.errors import NotFound
    from hub.models import Installation

    with reading() as session:
        known = {*current().plugins.apps, *session.scalars(select(Installation.slug))}
    if slug not in known:
        raise NotFound("app", slug, known)


def _posting(row: Any, document_state: str) -> dict[str, Any]:
    from hub.money import to_cents

    document = row.document
    return {
        "id": row.id,
        "app": document.slug,
        "source_id": document.source_id,
        "kind": row.kind,
        "operation": row.operation,
        "part": row.part,
        "number": row.number or document.number,
        "party": document.party,
        "date": document.date,
        "total": None
        if row.total is None
        else str(to_cents(row.total, row.currency) if row.currency else row.total),
        "currency": row.currency,
        "state": row.state,
        "document_state": document_state,
        "reason": row.reason,
        "quickbooks_id": row.quickbooks_id,
        "warnings": row.warnings,
    }


@click.command()
@realm_option
@as_json
@inside
def cases(realm: str | None, as_json: bool) -> None:
    """List what needs attention, why, and what to do."""
    from hub.scheduling import summary

    if realm is not None:
        company(realm)
    found = summary.open_cases(realm)
    if as_json:
        print_json(found)
        return
    for row in found:
        about = [f"Case {row['id']}", row["app"] or "QuickBooks", f"since {moment(row['opened'])}"]
        if row["postings"]:
            about.append(f"postings {_ids(row['postings'])}")
        say(", ".join(about))
        say(f"  {row['title'].rstrip('.')}. {row['reason']}".rstrip())
        say(f"  {row['do']}")
    if not found:
        say("No case is open.")


def _ids(postings: list[int]) -> str:
    more = f" and {len(postings) - 3} more" if len(postings) > 3 else ""
    return ", ".join(map(str, postings[:3])) + more
