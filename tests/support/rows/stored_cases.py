"""Cases as tests compare and store them; stored texts are from before there were codes."""

from hub.context import current_hub
from hub.models import Case, Posting
from hub.reasons.texts import STORED_TEXT, CaseText, dump


def stored_reasons(text):
    """Return a posting's reasons for a sentence; none if it is empty."""
    return dump(CaseText(STORED_TEXT, text=text)) if text else []


def open_stored_case(
    session, cause, *, title, reason="", action, instruction="", postings=(), **row
):
    """Open a case with its own texts; `postings` are postings or their ids."""
    case = Case(
        cause=cause,
        stored_title=title,
        stored_reason=reason,
        stored_action=action,
        stored_instruction=instruction,
        opened_at=current_hub().clock.now(),
        **row,
    )
    for posting in postings:
        case.postings.append(
            session.get_one(Posting, posting) if isinstance(posting, int) else posting
        )
    session.add(case)
    session.flush()
    return case


class CaseTitle(str):
    """The title of a case; it equals its plain text and is shown with the reason."""

    reason: str

    @classmethod
    def of(cls, case: Case) -> "CaseTitle":
        title = cls(case.title)
        title.reason = case.reason
        return title

    def __repr__(self) -> str:
        return f"{super().__repr__()} ({self.reason})"
