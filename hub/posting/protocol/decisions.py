"""Decide the next step of a posting from its history: pure functions that tests can enumerate.

`decide` is the whole protocol. The engine carries out the step that it names, adds the result to
the history and calls it again. No other module decides whether a posting is sent, a refusal is
believed, an object is adopted or a person is asked.
"""

from collections.abc import Iterable

from hub.contract.document_kinds import LIST_KINDS
from hub.models.enums import (
    CHANGE_OPERATIONS,
    UNPROCESSED_OUTCOMES,
    Operation,
    PostingState,
    SendOutcome,
    TransactionState,
)
from hub.posting.protocol.candidates import (
    STALE_OBJECT,
    belongs_elsewhere,
    find_landed_ids,
    find_last_processed,
    find_newest_hint,
    find_own_objects,
    find_reason_to_ask,
    find_similar_objects,
    is_change_visible,
    is_live_and_own,
    is_write_conflict,
    may_overwrite,
)
from hub.posting.protocol.history import (
    FORGOTTEN,
    Ask,
    AskReason,
    Doubt,
    History,
    Hold,
    HoldReason,
    Posted,
    QuickBooksObject,
    Read,
    Reconnect,
    Requeue,
    Search,
    Send,
    SendAttempt,
    Step,
    Wait,
    Withdraw,
)

# Refusals after which this send or an earlier one may still have landed. `hub.qbo.faults` decides
# by code which responses are refusals; these codes also matter for sends that are stored already.
UNRELIABLE_REFUSAL_CODES = ("600", "10000")
# QuickBooks' error codes
DUPLICATE_NUMBER = "6140"
DUPLICATE_NAME = "6240"
OBJECT_NOT_FOUND = "610"
OUTDATED_CODES = (STALE_OBJECT, OBJECT_NOT_FOUND)  # refusals of changes that may be outdated
UNANSWERED_OUTCOMES = (SendOutcome.SENT, SendOutcome.DOUBT)
MAX_PROVED_ABSENCES = 5  # then the posting is sent again only if a person retries it
MAX_OUTDATED_SENDS = 5  # consecutive sends of a change that fail because its transaction changed


def decide(history: History) -> Step:
    """Return the next step of a posting.

    The posting is ready, has a response to its send (`SENDING`), or is in doubt (`UNKNOWN`).
    """
    if history.state == PostingState.SENDING:
        return _decide_after_send(history)
    if history.state == PostingState.UNKNOWN:
        return _decide_in_doubt(history)
    return _decide_before_send(history)


def is_doubtful(history: History, sends: Iterable[SendAttempt] | None = None) -> bool:
    """Return whether the posting, or these sends of it, may have landed without the hub knowing.

    Sends of every generation count, even if absence was proved since.
    """
    if history.after_restore and not _is_change(history):
        return True
    candidates = history.sends if sends is None else sends
    return any(_may_have_landed(send) for send in candidates)


def is_refusal_credible(history: History) -> bool:
    """Return whether the refusal that ended the newest send proves that nothing landed."""
    last = history.sends[-1]
    if last.code in UNRELIABLE_REFUSAL_CODES:
        return False
    earlier_sends = history.sends[:-1]
    return not is_doubtful(history, earlier_sends)


def is_batchable(history: History) -> bool:
    """Return whether the next send may go in a batch.

    Only new transactions go in batches, and only if no send of them was ever in doubt or declined.
    """
    if history.operation != Operation.CREATE or history.kind in LIST_KINDS or history.rekey:
        return False
    was_declined = any(send.outcome == SendOutcome.DECLINED for send in history.sends)
    return not (was_declined or is_doubtful(history))


def _decide_before_send(history: History) -> Step:
    if _needs_proof_of_absence(history):
        return Doubt()
    if _is_change(history):
        return _decide_change_after_comparing(history)
    return _decide_before_creation(history)


def _needs_proof_of_absence(history: History) -> bool:
    """Return whether the posting may be in QuickBooks already, with no proof of the contrary."""
    may_be_there = is_doubtful(history) or history.was_posted_before
    if not may_be_there:
        return False
    return not _is_absence_proved(history)


def _decide_before_creation(history: History) -> Step:
    """Send a creation, unless it has landed, is no longer wanted or is in QuickBooks already."""
    if find_landed_ids(history):
        return Doubt()
    if history.is_unwanted and history.operation == Operation.CREATE:
        return Withdraw()
    recorded_id = history.recorded_id
    if recorded_id and recorded_id not in history.rejected_ids:
        return _adopt_recorded(history, recorded_id)
    return Send(resend=is_doubtful(history), renew=history.rekey)


def _adopt_recorded(history: History, recorded_id: str) -> Step:
    """Adopt the object whose id the source has stored, unless it belongs to another document."""
    current = history.current
    if current is None:
        return Read(recorded_id)
    is_live = current.state == TransactionState.LIVE
    if is_live and not belongs_elsewhere(history, current):
        return Posted(recorded_id, adopted=True)
    return Ask(find_reason_to_ask(history, current), (recorded_id,))


def _decide_after_send(history: History) -> Step:
    """Decide what follows from the response to the newest send."""
    last = history.sends[-1]
    if last.outcome == SendOutcome.UNAUTHORISED:
        return Reconnect()
    if last.outcome in UNPROCESSED_OUTCOMES:
        return Requeue()
    if last.outcome == SendOutcome.REFUSED and is_refusal_credible(history):
        return _decide_after_refusal(history, last)
    if last.outcome == SendOutcome.LANDED and last.id:
        # The response to a repeated key may be a replay and describe the past, so read the object.
        if is_doubtful(history, history.sends[:-1]):
            return _confirm_landed(history, last.id)
        return Posted(last.id)
    return Doubt()


def _decide_in_doubt(history: History) -> Step:
    """Decide a posting in doubt; a credible refusal of its newest send ends the doubt."""
    last = history.sends[-1] if history.sends else SendAttempt()
    is_refused = last.outcome == SendOutcome.REFUSED and is_refusal_credible(history)
    if is_refused and not history.rekey:
        return _decide_after_refusal(history, last)
    if _is_change(history):
        return _decide_change_in_doubt(history, last)
    return _decide_creation_in_doubt(history)


def _decide_creation_in_doubt(history: History) -> Step:
    """Decide a creation in doubt by the ids in earlier responses, or else by a search."""
    landed_ids = find_landed_ids(history)
    if len(landed_ids) > 1:
        return Ask(AskReason.SEVERAL, tuple(sorted(landed_ids)))
    if landed_ids:
        return _confirm_landed(history, landed_ids.pop())
    return _follow_hint(history) or _search(history)


def _follow_hint(history: History) -> Step | None:
    """Check the object whose id an unreliable response showed; None if there is no such id."""
    hint = find_newest_hint(history)
    if hint is None or history.search_results is not None:
        return None
    if history.current is None:
        return Read(hint)
    if is_live_and_own(history, history.current):
        return Posted(history.current.id)
    return None


def _search(history: History) -> Step:
    """Wait for the quiet time, then search and decide by the results."""
    may_be_in_progress = history.sends or history.after_restore or not history.was_posted_before
    if may_be_in_progress and not history.quiet_period.is_over():
        return Wait()
    if history.search_results is None:
        return Search()
    return _judge_search(history)


def _confirm_landed(history: History, id: str) -> Step:
    """Check the object named in a response, because the response may be a replay of an old one."""
    current = history.current
    if current is None:
        return Read(id)
    if _is_change(history):
        is_confirmed = is_change_visible(history, current)
    else:
        is_live = current.state == TransactionState.LIVE
        is_confirmed = is_live and not belongs_elsewhere(history, current)
    if is_confirmed:
        return Posted(id)
    return Ask(find_reason_to_ask(history, current), (id,))


def _decide_after_refusal(history: History, last: SendAttempt) -> Step:
    """Return the step after a credible refusal, which proves that nothing landed."""
    if is_write_conflict(history):
        return Requeue(renew=True)
    if _is_change(history):
        return _decide_after_refused_change(history, last)
    hold = _hold_after_refusal(history, last)
    if hold.reason == HoldReason.DUPLICATE_NAME:
        return _look_for_name(history)
    return _check_number_holder(history, hold)


def _decide_after_refused_change(history: History, last: SendAttempt) -> Step:
    """Return the step after a credible refusal of a change.

    After "stale" or "not found", the object is read first, because "not found" may refer to another
    object. The change is sent again only if there is a newer SyncToken to base it on.
    """
    if last.code not in OUTDATED_CODES:
        return Hold(HoldReason.REFUSED)
    step = _decide_change_after_comparing(history)
    newest = history.sends[-MAX_OUTDATED_SENDS:]
    outdated_count = sum(send.code in OUTDATED_CODES for send in newest)
    if isinstance(step, Send) and (step.rebase is None or outdated_count == MAX_OUTDATED_SENDS):
        return Hold(HoldReason.REFUSED)
    return step


def _check_number_holder(history: History, hold: Hold) -> Step:
    """Adopt the transaction that has the number already if it is this document, else hold it."""
    if not hold.candidates:
        return hold
    (holder_id,) = hold.candidates
    current = history.current
    if current is None or current.id != holder_id:
        return Read(holder_id)
    if is_live_and_own(history, current):
        return Posted(holder_id, adopted=True)
    # A transaction of another kind is no candidate: checks of all kinds share one number range.
    return hold if current.content_known else Hold(hold.reason)


def _look_for_name(history: History) -> Step:
    """Adopt the list entry that has the name already if it is the only one and active.

    Otherwise hold the posting and name the entries.
    """
    if history.search_results is None:
        return Search()
    own = find_own_objects(history)
    if len(own) == 1 and own[0].state == TransactionState.LIVE:
        return Posted(own[0].id, adopted=True)
    return Hold(HoldReason.DUPLICATE_NAME, _list_ids(own))


def _judge_search(history: History) -> Step:
    """Return the step after a complete search.

    Adopt a single own object. Ask a person about several own objects or similar ones. If there is
    none, absence is proved.
    """
    own = find_own_objects(history)
    if len(own) > 1:
        return Ask(AskReason.SEVERAL, _list_ids(own))
    if own:
        if own[0].state == TransactionState.LIVE:
            return Posted(own[0].id, adopted=True)
        return Ask(find_reason_to_ask(history, own[0]), _list_ids(own))
    similar = find_similar_objects(history)
    if similar == [FORGOTTEN]:
        return Ask(AskReason.FORGOTTEN)
    if similar:
        return Ask(AskReason.ALIKE, _list_ids(similar))
    return _decide_after_absence(history)


def _decide_after_absence(history: History) -> Step:
    """Return the step after a proof that the posting is not in QuickBooks."""
    if history.is_unwanted and history.operation == Operation.CREATE:
        return Withdraw()
    last = find_last_processed(history)
    if history.rekey or (last and (last.batched or is_write_conflict(history))):
        return Send(resend=True, renew=True)
    if last and _is_conclusive_refusal(last):
        # The search may have missed the holder of the number: QuickBooks' index may lag behind.
        return _check_number_holder(history, _hold_after_refusal(history, last))
    if history.proved_absences + 1 >= MAX_PROVED_ABSENCES:
        return Hold(HoldReason.NO_ANSWER)
    return Send(resend=True)


def _hold_after_refusal(history: History, last: SendAttempt) -> Hold:
    """Hold a refused posting: its number or name is already used, or there is another reason.

    The only candidate is the transaction with the same number, unless a person rejected it.
    """
    if _is_change(history):
        return Hold(HoldReason.REFUSED)
    if last.code == DUPLICATE_NUMBER:
        if last.id and last.id not in history.rejected_ids:
            return Hold(HoldReason.DUPLICATE_NUMBER, (last.id,))
        return Hold(HoldReason.DUPLICATE_NUMBER)
    if last.code == DUPLICATE_NAME and history.kind in LIST_KINDS:
        return Hold(HoldReason.DUPLICATE_NAME)
    return Hold(HoldReason.REFUSED)


def _is_conclusive_refusal(send: SendAttempt) -> bool:
    """Return whether QuickBooks refused a send for certain."""
    return send.outcome == SendOutcome.REFUSED and send.code not in UNRELIABLE_REFUSAL_CODES


def _may_have_landed(send: SendAttempt) -> bool:
    """Return whether a send may have landed without a response that says so."""
    if send.outcome in UNANSWERED_OUTCOMES:
        return True
    return send.code in UNRELIABLE_REFUSAL_CODES


def _decide_change_after_comparing(history: History) -> Step:
    """Decide a change by the current version; overwrite an edit only if a person permitted it."""
    current = history.current
    if current is None:
        return Read(history.target)
    if current.state != TransactionState.LIVE:
        return _decide_after_vanishing(history, current)
    if current.token == history.token:
        return Send(resend=is_doubtful(history), renew=history.rekey)
    if may_overwrite(history, current):
        return Send(resend=is_doubtful(history), rebase=current.token)
    if is_change_visible(history, current):
        return Posted(current.id)
    return Ask(AskReason.CHANGED, (current.id,))


def _decide_change_in_doubt(history: History, last: SendAttempt) -> Step:
    """Decide a change in doubt: by token (was anything written?) and content (by the hub?)."""
    landed_ids = find_landed_ids(history)
    if landed_ids and last.outcome == SendOutcome.LANDED:
        return _confirm_landed(history, landed_ids.pop())
    if not history.quiet_period.is_over():
        return Wait()
    current = history.current
    if current is None:
        return Read(history.target)
    if current.state != TransactionState.LIVE:
        return _decide_after_vanishing(history, current)
    if current.token == history.token:
        return _decide_after_absence(history)
    if is_change_visible(history, current):
        return Posted(current.id)
    if may_overwrite(history, current):
        return _decide_after_absence(history)
    return Ask(AskReason.CHANGED, (current.id,))


def _decide_after_vanishing(history: History, current: QuickBooksObject) -> Step:
    """Decide a change whose object has been voided, deleted or made inactive."""
    if is_change_visible(history, current):
        return Posted(history.target)
    return Ask(find_reason_to_ask(history, current), (history.target,))


def _is_absence_proved(history: History) -> bool:
    """Return whether absence was proved after the last send that may have arrived."""
    if history.sends_at_proof is None:
        return False
    later_sends = history.sends[history.sends_at_proof :]
    return all(send.outcome in UNPROCESSED_OUTCOMES for send in later_sends)


def _is_change(history: History) -> bool:
    return history.operation in CHANGE_OPERATIONS


def _list_ids(objects: Iterable[QuickBooksObject]) -> tuple[str, ...]:
    return tuple(each.id for each in objects)
