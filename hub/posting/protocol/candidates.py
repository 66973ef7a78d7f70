"""Judge which objects in QuickBooks are a posting, may be it, or belong to another document."""

from hub.models.enums import Operation, SearchVerdict, TransactionState
from hub.posting.protocol.history import LIST_KINDS, Agreement, History, QuickBooksObject


def verdict(history: History) -> SearchVerdict:
    """Return the result of a complete search, as it is stored."""
    own = own_objects(history)
    if len(own) > 1:
        return SearchVerdict.SEVERAL
    if own:
        return SearchVerdict.PRESENT
    return SearchVerdict.ALIKE if similar_objects(history) else SearchVerdict.ABSENT


def own_objects(history: History) -> list[QuickBooksObject]:
    """Return the search results that carry the marker, else those of the same name or file."""
    candidates = _possible_objects(history)
    marked = [candidate for candidate in candidates if _has_own_marker(history, candidate)]
    if marked:
        return marked

    return [candidate for candidate in candidates if _is_unmarked_namesake(candidate)]


def similar_objects(history: History) -> list[QuickBooksObject]:
    """Return the objects that may be the posting, edited, voided or deleted by a person since."""
    if history.kind in LIST_KINDS or history.operation == Operation.ATTACH:
        return []
    results = history.search_results or ()
    return [candidate for candidate in results if _is_similar(history, candidate)]


def _possible_objects(history: History) -> list[QuickBooksObject]:
    """Return the search results that neither a person nor another document excludes."""
    candidates = []
    for candidate in history.search_results or ():
        if candidate.foreign:
            continue
        if candidate.id not in history.rejected_ids:
            candidates.append(candidate)
    return candidates


def _is_unmarked_namesake(candidate: QuickBooksObject) -> bool:
    if candidate.marker:
        return False
    identifying = {Agreement.SAME_NAME, Agreement.SAME_FILE}
    return bool(candidate.agreements & identifying)


def _is_similar(history: History, candidate: QuickBooksObject) -> bool:
    if candidate.id in history.rejected_ids or belongs_elsewhere(history, candidate):
        return False
    if candidate.state == TransactionState.VOIDED or not candidate.content_known:
        return True
    return _shares_content(history, candidate)


def _shares_content(history: History, candidate: QuickBooksObject) -> bool:
    """Tell whether an object has the party, the number or the total of the posting."""
    if candidate.party and candidate.party == history.party:
        return True
    if candidate.number and candidate.number == history.number:
        return True
    return candidate.total is not None and candidate.total == history.total


def _has_own_marker(history: History, candidate: QuickBooksObject) -> bool:
    return bool(candidate.marker) and candidate.marker == history.marker


def belongs_elsewhere(history: History, candidate: QuickBooksObject) -> bool:
    """Tell whether an object is the posting of another document."""
    has_other_marker = bool(candidate.marker) and candidate.marker != history.marker
    return candidate.foreign or has_other_marker


def is_live_and_own(history: History, candidate: QuickBooksObject) -> bool:
    """Tell whether an object is live and carries the marker of the posting."""
    if candidate.state != TransactionState.LIVE or candidate.foreign:
        return False
    return _has_own_marker(history, candidate)
