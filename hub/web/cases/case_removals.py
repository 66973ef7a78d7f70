"""The page on which a removal from QuickBooks is confirmed."""

from collections.abc import Sequence

from flask import render_template
from sqlalchemy.orm import Session

from hub.models import Case, Posting
from hub.models.enums import Operation
from hub.web.lists import case_list


def render(
    session: Session,
    case: Case,
    postings: Sequence[Posting],
    address: str,
    sync_token: str | None = None,
) -> str:
    """Draw the page for the removals of a case; its form is sent to `address`.

    `sync_token` is the version that may be removed, if somebody has changed the transaction.
    """
    [row] = case_list.build_rows(session, [case])
    voids = case.action == "void" or postings[0].operation == Operation.VOID
    return render_template(
        "case_removal.html",
        case=case,
        row=row,
        postings=postings,
        voids=voids,
        address=address,
        sync_token=sync_token,
        next_arguments=case_list.build_arguments() | {"then": "next"},
    )
