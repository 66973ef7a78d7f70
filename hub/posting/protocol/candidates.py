"""Decide which objects in QuickBooks are a posting, may be one, or belong to another document.

Also find sends in the history, and the ids named in their responses.
"""

from hub.contract.document_kinds import LIST_KINDS
from hub.models.enums import (
    CHANGE_OPERATIONS,
    LIST_IN_USE,
    UNPROCESSED_OUTCOMES,
    Operation,
    SearchVerdict,
    SendOutcome,
    TransactionState,
)
from hub.posting.protocol.document_numbers import fold_number
from hub.posting.protocol.history import (
    Agreement,
    AskReason,
    History,
    QuickBooksObject,
    SendAttempt,
)

STALE_OBJECT = "5010"  # QuickBooks' error code
MAX_CONFLICTING_SENDS = 5  # consecutive sends that fail because others write the same data


def decide_search_verdict(history: History) -> SearchVerdict:
    """Return the result of a complete search, as it is stored."""
    own = find_own_objects(history)
    if len(own) > 1:
        return SearchVerdict.SEVERAL
    if own:
        return SearchVerdict.PRESENT
    return SearchVerdict.ALIKE if find_similar_objects(history) else SearchVerdict.ABSENT


def find_own_objects(history: History) -> list[QuickBooksObject]:
    """Return the search results with the own marker, or else those of the same name or file."""
    candidates = _list_possible_objects(history)
    marked_objects = [candidate for candidate in candidates if _has_own_marker(history, candidate)]
    if marked_objects:
        return marked_objects

    return [candidate for candidate in candidates if _is_unmarked_namesake(candidate)]


def find_similar_objects(history: History) -> list[QuickBooksObject]:
    """Return the objects that may be the posting, including edited, voided and deleted ones."""
    if history.kind in LIST_KINDS or history.operation == Operation.ATTACH:
        return []
    results = history.search_results or ()
    return [candidate for candidate in results if _is_similar(history, candidate)]


def belongs_elsewhere(history: History, candidate: QuickBooksObject) -> bool:
    """Return whether an object is the posting of another document."""
    if candidate.foreign:
        return True
    return bool(candidate.marker) and candidate.marker != history.marker


def is_live_and_own(history: History, candidate: QuickBooksObject) -> bool:
    """Return whether an object is live and carries the marker of the posting."""
    if candidate.state != TransactionState.LIVE or candidate.foreign:
        return False
    return _has_own_marker(history, candidate)


def may_overwrite(history: History, current: QuickBooksObject) -> bool:
    """Return whether a change may overwrite the current version.

    It may if the content is what the hub last wrote, or if a person permitted overwriting this
    version. The permission does not cover later versions, which the person has not seen.
    """
    is_as_posted = Agreement.AS_LAST_POSTED in current.agreements
    is_permitted = history.overwrite_permitted == f"{current.id}:{current.token}"
    return is_as_posted or is_permitted


def is_change_visible(history: History, current: QuickBooksObject) -> bool:
    """Return whether QuickBooks shows the intended result of the change.

    A removal also counts as done if somebody deleted the object instead of voiding it, or the
    reverse: either way, nothing of it is left in the books.
    """
    if history.operation == Operation.UPDATE:
        is_live = current.state == TransactionState.LIVE
        has_new_content = Agreement.AS_CHANGED in current.agreements
        return is_live and has_new_content
    return current.state in (TransactionState.VOIDED, TransactionState.DELETED)


def find_reason_to_ask(history: History, current: QuickBooksObject) -> AskReason:
    """Return why an object cannot be adopted without asking a person."""
    if current.state != TransactionState.LIVE:
        return AskReason(current.state)
    if belongs_elsewhere(history, current):
        return AskReason.FOREIGN
    return AskReason.CHANGED


def find_landed_ids(history: History) -> set[str]:
    """Return the ids in successful responses to the posting's sends.

    Ids that a person rejected are left out, and so is a transaction that a person permitted to
    overwrite: an earlier response about it does not show that the change is in the books.
    """
    landed_ids = set()
    for send in history.sends:
        if send.outcome == SendOutcome.LANDED and send.id:
            landed_ids.add(send.id)
    permitted_id = history.overwrite_permitted.rpartition(":")[0]
    return landed_ids - history.rejected_ids - {permitted_id}


def find_newest_hint(history: History) -> str | None:
    """Return the id in the newest unreliable response, unless a person rejected it."""
    for send in reversed(history.sends):
        if send.outcome != SendOutcome.DOUBT or send.id is None:
            continue
        if send.id not in history.rejected_ids:
            return send.id
    return None


def find_last_processed(history: History) -> SendAttempt | None:
    """Return the newest send that QuickBooks may have processed."""
    for send in reversed(history.sends):
        if send.outcome not in UNPROCESSED_OUTCOMES:
            return send
    return None


def is_write_conflict(history: History) -> bool:
    """Return whether the newest send failed only because others were writing the same data.

    After `MAX_CONFLICTING_SENDS` such failures in a row, the response counts as an ordinary
    refusal.
    """
    newest = history.sends[-MAX_CONFLICTING_SENDS:]
    conflicts = [send for send in newest if _is_conflicting_send(history, send)]
    is_conflict = _is_conflicting_send(history, newest[-1])
    return is_conflict and len(conflicts) < MAX_CONFLICTING_SENDS


def _is_conflicting_send(history: History, send: SendAttempt) -> bool:
    """Return whether a send failed because others were writing its list or a linked transaction.

    QuickBooks calls something new stale if what it is linked to changes meanwhile: seen with files
    (routablehq/python-quickbooks issue 127) and deposits (consolibyte/quickbooks-php issue 151).
    """
    if send.code == LIST_IN_USE:
        return True
    return history.operation not in CHANGE_OPERATIONS and send.code == STALE_OBJECT


def _list_possible_objects(history: History) -> list[QuickBooksObject]:
    """Return the search results that no person rejected and that no other document owns."""
    candidates = []
    for candidate in history.search_results or ():
        if candidate.foreign:
            continue
        if candidate.id not in history.rejected_ids:
            candidates.append(candidate)
    return candidates


def _has_own_marker(history: History, candidate: QuickBooksObject) -> bool:
    """Return whether an object carries the marker of the posting; an empty marker never matches."""
    if not candidate.marker:
        return False
    return candidate.marker == history.marker


def _is_unmarked_namesake(candidate: QuickBooksObject) -> bool:
    if candidate.marker:
        return False
    identifying = {Agreement.SAME_NAME, Agreement.SAME_FILE}
    return bool(candidate.agreements & identifying)


def _is_similar(history: History, candidate: QuickBooksObject) -> bool:
    """Return whether an object may be the posting.

    A voided object, or one whose content is not known, always may be.
    """
    if candidate.id in history.rejected_ids:
        return False
    if belongs_elsewhere(history, candidate):
        return False
    if history.was_posted_before and not history.after_restore:
        return _may_have_been_entered_by_hand(history, candidate)
    if candidate.state == TransactionState.VOIDED or not candidate.content_known:
        return True
    return _shares_content(history, candidate)


def _may_have_been_entered_by_hand(history: History, candidate: QuickBooksObject) -> bool:
    """Return whether a person may have re-entered a document by hand after it left QuickBooks.

    The hub has not sent the document since then, so a voided or deleted transaction is another one.
    """
    if candidate.state != TransactionState.LIVE:
        return False
    return _has_same_number(history, candidate) or _has_same_total(history, candidate)


def _shares_content(history: History, candidate: QuickBooksObject) -> bool:
    """Return whether an object has the party, the number or the total of the posting."""
    if candidate.party and candidate.party == history.party:
        return True
    return _has_same_number(history, candidate) or _has_same_total(history, candidate)


def _has_same_number(history: History, candidate: QuickBooksObject) -> bool:
    """Return whether an object has the number of the posting."""
    if not candidate.number:
        return False
    return fold_number(candidate.number) == fold_number(history.number)


def _has_same_total(history: History, candidate: QuickBooksObject) -> bool:
    """Return whether an object has the total of the posting."""
    return candidate.total is not None and candidate.total == history.total
