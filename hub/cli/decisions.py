"""Decisions about postings: `hub retry`, `adopt`, `overwrite`, `skip`, `approve` and others."""

from typing import TYPE_CHECKING

import click

from hub.cli.console import handle_end_signals, row_id, with_hub, with_process_lock
from hub.cli.selection import MAX_ROW_ID
from hub.cli.terminal import get_account_name, say

if TYPE_CHECKING:
    from hub.posting.actions.undo import UndoPlan

ids_argument = click.argument(
    "ids",
    metavar="ID...",
    nargs=-1,
    required=True,
    type=row_id,
    callback=lambda context, parameter, ids: tuple(dict.fromkeys(ids)),  # each once
)
id_argument = click.argument("id_", metavar="ID", type=row_id)


@click.command()
@ids_argument
@click.option("--yes", is_flag=True, help="Do not ask before a transaction is deleted.")
@with_hub
def retry(ids: tuple[int, ...], yes: bool) -> None:
    """Retry held or skipped postings.

    A posting that may have arrived in QuickBooks is looked for there first, so nothing is posted
    twice. Before a transaction is deleted that its source no longer has, you are asked.
    """
    from hub.errors import NotNow
    from hub.posting.actions import retries

    names = retries.list_unconfirmed_deletions(_require_postings(*ids))
    if names and not yes:
        for name in names:
            say(f"would be deleted in QuickBooks: {name}.")
        click.confirm(f"Delete {len(names):,} in QuickBooks?", abort=True)
    reasons = retries.retry_each(ids, get_account_name())
    for id_ in ids:
        if id_ not in reasons:
            say(f"The next sync tries {id_} again.")
    if reasons:
        raise NotNow(" ".join(reasons.values()))


@click.command()
@id_argument
@click.argument("quickbooks_id")
@with_hub
@with_process_lock
def adopt(id_: int, quickbooks_id: str) -> None:
    """Link a posting to a transaction in QuickBooks."""
    from hub.posting.actions import manual

    _require_postings(id_)
    manual.adopt(id_, quickbooks_id, get_account_name())
    say(f"{id_} is {quickbooks_id} in QuickBooks; it is not posted again.")


@click.command("not-this")
@id_argument
@click.argument("quickbooks_id")
@with_hub
@with_process_lock
def not_this(id_: int, quickbooks_id: str) -> None:
    """Record that a transaction is not this document."""
    from hub.posting.actions import manual

    _require_postings(id_)
    manual.reject_match(id_, quickbooks_id, get_account_name())
    say(f"{quickbooks_id} is not posting {id_}; the next sync goes on without it.")


@click.command()
@id_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_hub
@with_process_lock
def overwrite(id_: int, yes: bool) -> None:
    """Let a change overwrite an edit in QuickBooks.

    It also permits a change of a transaction that a bank reconciliation covers. The transaction is
    read and shown, and you are asked. If it is edited again before the change is sent, nothing is
    written.
    """
    from hub.posting.actions import overwrites

    _require_postings(id_)
    current = overwrites.read_target(id_)
    total = "" if current.total is None else f", total {current.total:,}"
    say(f"QuickBooks has {current.id} in version {current.token}, number {current.number}{total}.")
    if not yes:
        click.confirm("Overwrite or remove this version?", abort=True)
    overwrites.permit(id_, current.token, get_account_name())
    say(f"The next sync sends {id_} again.")


@click.command()
@id_argument
@click.option(
    "--reason",
    required=True,
    metavar="T",
    help="Why it is not to be posted; kept in the audit log.",
)
@with_hub
def skip(id_: int, reason: str) -> None:
    """Leave posting ID out of the books, with a reason."""
    from hub.posting.actions import manual

    _require_postings(id_)
    manual.skip(id_, reason, get_account_name())
    say(f"{id_} is skipped.")


@click.command()
@ids_argument
@with_hub
def approve(ids: tuple[int, ...]) -> None:
    """Approve postings in review.

    Exactly what they hold now is posted; if it changes before, it comes back.
    """
    from sqlalchemy import select

    from hub import outbox
    from hub.db.engine import transaction
    from hub.errors import NotNow
    from hub.models import Posting
    from hub.models.enums import PostingState
    from hub.outbox import approvals
    from hub.security import audit

    _require_postings(*ids)
    with transaction() as session:
        query = select(Posting.id, Posting.state).where(Posting.id.in_(ids)).order_by(Posting.id)
        for id_, state in session.execute(query.with_for_update()):
            if state != PostingState.REVIEW:
                raise NotNow(f"{id_} is {state}, not in review; nothing was approved.")
        if lacking := approvals.find_lacking(session, ids):
            text = ", ".join(map(str, sorted(lacking)))
            raise NotNow(
                f"{text}: above the app's amount two people must approve, each on the page Review"
                " under their own name; nothing was approved."
            )
        outbox.approve(session, ids, get_account_name())
        audit.record_each(
            session, get_account_name(), "posting approved", {str(id_): {} for id_ in ids}
        )
    say(
        f"Approved {len(ids)}. The next sync posts them; what needs a new supplier, customer or"
        " item that is still in review waits for that."
    )


@click.command()
@click.argument("target", metavar="RUN_OR_ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_hub
@with_process_lock
def undo(target: str, yes: bool) -> None:
    """Remove postings from QuickBooks.

    ID is a posting, run:ID all that a run posted. Transactions are removed that are still as they
    were posted, unpaid, unreconciled and in an open period. The others are listed with the reason.
    """
    from hub.context import current_hub
    from hub.posting.actions import undo as undoing

    kind, _, number = target.rpartition(":")
    if kind not in ("", "run") or not number.isdecimal() or not 0 < int(number) <= MAX_ROW_ID:
        raise click.UsageError(
            f"{target!r} is neither the id of a posting nor run:ID; `hub outbox` and `hub runs`"
            " list them."
        )
    plan = undoing.plan_run(int(number)) if kind else undoing.plan_posting(int(number))
    _print_plan(plan)
    if not plan.removable:
        say(_describe_empty_plan(plan, kind or "posting", number))
        raise SystemExit(3)
    if not yes:
        click.confirm(f"Remove {len(plan.removable):,} from QuickBooks?", abort=True)
    ending = current_hub().ending
    with handle_end_signals():
        count = undoing.undo(plan, get_account_name(), ending.is_set)
    say(f"The next sync removes {count:,} from QuickBooks.")
    if ending.is_set():
        say("It was told to end. What else could be removed stays; run this again for the rest.")
        raise SystemExit(1)


def _print_plan(plan: "UndoPlan") -> None:
    """Print what cannot be removed, with the reasons, and what can."""
    from hub.models.display_names import format_posting_name

    for obstacle in plan.blocked:
        say(f"can't be removed: {obstacle.name}. {obstacle.reason}")
    for removable in plan.removable:
        posting = removable.posting
        name = format_posting_name(posting)
        say(f"can be removed: {name}, transaction {posting.quickbooks_id}.")


def _describe_empty_plan(plan: "UndoPlan", kind: str, number: str) -> str:
    """Say that nothing can be removed; why not, unless each posting was listed with its reason."""
    if plan.blocked:
        return "Nothing can be removed."
    return f"Nothing can be removed: no transaction of {kind} {number} is posted."


def _require_postings(*ids: int) -> tuple[int, ...]:
    """Return the ids; raise Refused if one of them is not the id of a posting."""
    from hub.db.engine import read_only_session
    from hub.errors import Refused
    from hub.models import Posting

    with read_only_session() as session:
        missing = [str(id_) for id_ in ids if session.get(Posting, id_) is None]
    if missing:
        raise Refused(
            f"There is no posting {', '.join(missing)}; `hub outbox` lists them with their ids."
        )
    return ids
