"""Decide the next step of a posting from its history: pure functions that tests can enumerate.

`decide` is the whole protocol. The engine carries out the step that it names, adds the result to
the history and calls it again. No other module decides whether a posting is sent, a refusal is
believed, an object is adopted or a person is asked.
"""

from collections.abc import Iterable
from typing import Literal

from hub.posting.protocol.history import (
    FORGOTTEN,
    Ask,
    Back,
    Doubt,
    History,
    Hold,
    Look,
    Posted,
    QuickBooksObject,
    Read,
    Reconnect,
    Send,
    SendAttempt,
    Step,
    Trouble,
    Wait,
    Withdraw,
)

CHANGES = ("update", "delete", "void")  # written against an existing object, with its SyncToken
NAMES = ("vendor", "customer", "item")  # QuickBooks allows a name only once
NEVER_ARRIVED = ("throttled", "unauthorised", "unsent", "declined")
# Refusals that say nothing about whether an earlier send, or this very one, has landed.
UNBELIEVABLE = ("600", "10000")
NUMBER_USED, NAME_USED, STALE, MISSING = "6140", "6240", "5010", "610"
MAX_PROVED_ABSENCES = 5  # after so many, only a person can have it sent again


def decide(history: History) -> Step:
    """Return the next step of a posting.

    The posting is ready, has an answer to its send (`sending`), or is in doubt (`unknown`).
    """
    if history.state == "sending":
        return _after_send(history)
    if history.state == "unknown":
        return _in_doubt(history)
    return _before_send(history)


def is_doubtful(history: History, sends: Iterable[SendAttempt] | None = None) -> bool:
    """Tell whether the posting, or these sends of it, may have landed without the hub knowing.

    Sends of every generation count, even if absence was proved since.
    """
    if history.restored and history.operation not in CHANGES:
        return True
    candidates = history.sends if sends is None else sends
    return any(
        send.outcome in ("sent", "doubt") or send.code in UNBELIEVABLE for send in candidates
    )


def is_refusal_credible(history: History) -> bool:
    """Tell whether the refusal that ended the newest send proves that nothing landed."""
    if history.sends[-1].code in UNBELIEVABLE:
        return False
    return not is_doubtful(history, history.sends[:-1])


def is_batchable(history: History) -> bool:
    """Tell whether the next send may go in a batch.

    Only new transactions go in batches, and only if no send of them was ever in doubt or declined.
    """
    if history.operation != "create" or history.kind in NAMES or history.rekey:
        return False
    declined = any(send.outcome == "declined" for send in history.sends)
    return not (declined or is_doubtful(history))


def verdict(history: History) -> Literal["absent", "present", "alike", "several"]:
    """Return the result of a complete search, as it is stored."""
    own = _own_objects(history)
    if len(own) > 1:
        return "several"
    if own:
        return "present"
    return "alike" if _similar_objects(history) else "absent"


def _before_send(history: History) -> Step:
    may_be_there = is_doubtful(history) or history.again
    if may_be_there and not _is_absence_proved(history):
        return Doubt()
    if _landed_ids(history) and history.operation not in CHANGES:
        return Doubt()
    if history.gone and history.operation == "create":
        return Withdraw()
    if history.operation in CHANGES:
        return _change_after_comparing(history)
    if history.recorded_id and history.recorded_id not in history.rejected:
        return _adopt_recorded(history, history.recorded_id)
    return Send(resend=is_doubtful(history), renew=history.rekey)


def _adopt_recorded(history: History, recorded_id: str) -> Step:
    """Adopt the object whose id the source has stored, unless it belongs to another document."""
    current = history.read
    if current is None:
        return Read(recorded_id)
    if current.state == "live" and not _belongs_elsewhere(history, current):
        return Posted(recorded_id, adopted=True)
    return Ask(_trouble(current), (recorded_id,))


def _after_send(history: History) -> Step:
    last = history.sends[-1]
    if last.outcome in ("throttled", "unsent", "declined"):
        return Back()
    if last.outcome == "unauthorised":
        return Reconnect()
    if last.outcome == "refused" and is_refusal_credible(history):
        return _after_refusal(history, last)
    if last.outcome == "landed" and last.id:
        # The answer to a repeated key may be a replay and describe the past, so read the object.
        if is_doubtful(history, history.sends[:-1]):
            return _confirm_landed(history, last.id)
        return Posted(last.id)
    return Doubt()


def _in_doubt(history: History) -> Step:
    last = history.sends[-1] if history.sends else SendAttempt()
    if last.outcome == "refused" and is_refusal_credible(history) and not history.rekey:
        return _after_refusal(history, last)
    is_change = history.operation in CHANGES
    landed = _landed_ids(history)
    if len(landed) > 1 and not is_change:
        return Ask("several", tuple(sorted(landed)))
    if landed and (not is_change or last.outcome == "landed"):
        return _confirm_landed(history, landed.pop())
    if is_change:
        return _change_in_doubt(history) if history.quiet.is_over() else Wait()
    return _follow_hint(history) or _search(history)


def _landed_ids(history: History) -> set[str]:
    """Return the ids that answers to its sends named, except those that a person rejected."""
    landed = {send.id for send in history.sends if send.outcome == "landed" and send.id}
    return landed - history.rejected


def _follow_hint(history: History) -> Step | None:
    """Check the object whose id an unreliable answer showed; None if there is no such id."""
    hints = []
    for send in history.sends:
        if send.outcome == "doubt" and send.id is not None and send.id not in history.rejected:
            hints.append(send.id)
    if not hints or history.looked is not None:
        return None
    if history.read is None:
        return Read(hints[-1])
    if _is_live_and_own(history, history.read):
        return Posted(history.read.id)
    return None


def _search(history: History) -> Step:
    may_be_under_way = history.sends or history.restored or not history.again
    if may_be_under_way and not history.quiet.is_over():
        return Wait()
    return Look() if history.looked is None else _judge_search(history)


def _confirm_landed(history: History, id: str) -> Step:
    """Check the object that an answer named: the answer may be a replay and describe the past."""
    current = history.read
    if current is None:
        return Read(id)
    if history.operation in CHANGES:
        is_confirmed = _is_change_visible(history, current)
    else:
        is_confirmed = current.state == "live" and not _belongs_elsewhere(history, current)
    return Posted(id) if is_confirmed else Ask(_trouble(current), (id,))


def _after_refusal(history: History, last: SendAttempt) -> Step:
    """Return the step after a credible refusal: nothing landed."""
    if history.operation in CHANGES:
        return _after_refused_change(history, last)
    if last.code == NUMBER_USED:
        if last.id and last.id not in history.rejected:
            return _check_number_holder(history, last.id)
        return Hold("number_used")
    if last.code == NAME_USED and history.kind in NAMES:
        return _look_for_name(history)
    return Hold("refused")


def _after_refused_change(history: History, last: SendAttempt) -> Step:
    if last.code == MISSING:
        if history.operation == "delete":
            return Posted(history.target)
        return Ask("deleted", (history.target,))
    if last.code != STALE:
        return Hold("refused")
    step = _change_after_comparing(history)
    if isinstance(step, Send) and step.rebase is None:
        return Hold("refused")
    return step


def _check_number_holder(history: History, holder: str) -> Step:
    current = history.read
    if current is None:
        return Read(holder)
    if _is_live_and_own(history, current):
        return Posted(holder, adopted=True)
    return Hold("number_used", (holder,))


def _look_for_name(history: History) -> Step:
    if history.looked is None:
        return Look()
    own = _own_objects(history)
    if len(own) == 1 and own[0].state == "live":
        return Posted(own[0].id, adopted=True)
    return Hold("name_used", tuple(candidate.id for candidate in own))


def _judge_search(history: History) -> Step:
    """Return the step after a complete search.

    Adopt a single own object. Ask a person about several own objects or similar ones. If there is
    none, absence is proved.
    """
    own = _own_objects(history)
    if len(own) > 1:
        return Ask("several", tuple(candidate.id for candidate in own))
    if own:
        if own[0].state == "live":
            return Posted(own[0].id, adopted=True)
        return Ask(_trouble(own[0]), (own[0].id,))
    similar = _similar_objects(history)
    if similar == [FORGOTTEN]:
        return Ask("forgotten")
    if similar:
        return Ask("alike", tuple(candidate.id for candidate in similar))
    return _after_absence(history)


def _after_absence(history: History) -> Step:
    """Return the step after a proof that the posting is not in QuickBooks."""
    if history.gone and history.operation == "create":
        return Withdraw()
    arrived = [send for send in history.sends if send.outcome not in NEVER_ARRIVED]
    last = arrived[-1] if arrived else None
    if history.rekey or (last and last.batched):
        return Send(resend=True, renew=True)
    if last and last.outcome == "refused" and last.code not in UNBELIEVABLE:
        return Hold("refused")
    if history.proofs + 1 >= MAX_PROVED_ABSENCES:
        return Hold("rounds")
    return Send(resend=True)


def _own_objects(history: History) -> list[QuickBooksObject]:
    """Return the found objects that carry the marker, else those of the same name or file."""
    candidates = []
    for candidate in history.looked or ():
        if candidate.id not in history.rejected and not candidate.foreign:
            candidates.append(candidate)
    marked = [one for one in candidates if one.marker and one.marker == history.marker]
    if marked:
        return marked
    return [one for one in candidates if not one.marker and one.same & {"name", "file"}]


def _similar_objects(history: History) -> list[QuickBooksObject]:
    """Return the objects that may be the posting, edited, voided or deleted by a person since."""
    if history.kind in NAMES or history.operation == "attach":
        return []
    return [candidate for candidate in history.looked or () if _may_be(history, candidate)]


def _may_be(history: History, candidate: QuickBooksObject) -> bool:
    if candidate.id in history.rejected or _belongs_elsewhere(history, candidate):
        return False
    if candidate.state == "voided" or not candidate.content_known:
        return True
    if candidate.party and candidate.party == history.party:
        return True
    if candidate.number and candidate.number == history.number:
        return True
    return candidate.total is not None and candidate.total == history.total


def _belongs_elsewhere(history: History, candidate: QuickBooksObject) -> bool:
    has_other_marker = bool(candidate.marker) and candidate.marker != history.marker
    return candidate.foreign or has_other_marker


def _is_live_and_own(history: History, candidate: QuickBooksObject) -> bool:
    has_own_marker = bool(candidate.marker) and candidate.marker == history.marker
    return candidate.state == "live" and has_own_marker and not candidate.foreign


def _change_after_comparing(history: History) -> Step:
    """Write a change only onto a version the hub knows; never overwrite a person's edit unseen."""
    current = history.read
    if current is None:
        return Read(history.target)
    if current.state != "live":
        return _after_vanishing(history, current)
    if current.token == history.token:
        return Send(resend=is_doubtful(history), renew=history.rekey)
    if "known" in current.same or current.id in history.rejected:
        return Send(resend=is_doubtful(history), rebase=current.token)
    if _is_change_visible(history, current):
        return Posted(current.id)
    return Ask("changed", (current.id,))


def _change_in_doubt(history: History) -> Step:
    """Decide a change in doubt by the token (anything written?) and the content (by the hub?)."""
    current = history.read
    if current is None:
        return Read(history.target)
    if current.state != "live":
        return _after_vanishing(history, current)
    if current.token == history.token:
        return _after_absence(history)
    if _is_change_visible(history, current):
        return Posted(current.id)
    if "known" in current.same or current.id in history.rejected:
        return _after_absence(history)
    return Ask("changed", (current.id,))


def _after_vanishing(history: History, current: QuickBooksObject) -> Step:
    if _is_change_visible(history, current):
        return Posted(history.target)
    return Ask(_trouble(current), (history.target,))


def _is_change_visible(history: History, current: QuickBooksObject) -> bool:
    """Tell whether QuickBooks shows the state that the change was to bring about."""
    if history.operation == "update":
        return current.state == "live" and "meant" in current.same
    if history.operation == "void" and current.state == "voided":
        return True
    return current.state == "deleted"


def _trouble(current: QuickBooksObject) -> Trouble:
    if current.state != "live":
        return current.state
    return "foreign" if current.foreign or current.marker else "changed"


def _is_absence_proved(history: History) -> bool:
    """Tell whether absence was proved after the last send that may have arrived."""
    if history.proved is None:
        return False
    return all(send.outcome in NEVER_ARRIVED for send in history.sends[history.proved :])
