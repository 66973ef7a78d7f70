"""Cases whose texts are stored, as they were opened before cases had codes."""

from hub.context import current
from hub.models import Case, Posting


def open_stored_case(
    session, cause, *, title, reason="", action, instruction="", postings=(), **row
):
    """Open a case with texts of its own; `postings` are postings or their ids."""
    case = Case(
        cause=cause,
        stored_title=title,
        stored_reason=reason,
        stored_action=action,
        stored_instruction=instruction,
        opened_at=current().clock.now(),
        **row,
    )
    for one in postings:
        case.postings.append(session.get_one(Posting, one) if isinstance(one, int) else one)
    session.add(case)
    session.flush()
    return case
