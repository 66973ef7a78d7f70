"""What to do next with a posting, decided from what has happened to it so far: pure, so that it can be enumerated.

`decide` is the whole protocol. The engine carries out the step it names, adds what came of it to the history and
asks again; nothing outside this module decides whether something is sent, believed, adopted or put to a person.
"""

from collections.abc import Iterable
from typing import Literal

from hub.posting.protocol.history import (
    FORGOTTEN,
    Ask,
    Back,
    Doubt,
    Found,
    History,
    Hold,
    Look,
    Posted,
    Read,
    Reconnect,
    Send,
    Sent,
    Step,
    Trouble,
    Wait,
    Withdraw,
)

CHANGES = ("update", "delete", "void")  # written against an object that is there, with its token
NAMES = ("vendor", "customer", "item")  # unique by name
NEVER_ARRIVED = ("throttled", "unauthorised", "unsent", "declined")
UNBELIEVABLE = ("600", "10000")  # refusals that say nothing about an earlier or this very send
NUMBER_USED, NAME_USED, STALE, MISSING = "6140", "6240", "5010", "610"
ROUNDS = 5  # doubts with proved absence, after which only a person goes on


def decide(history: History) -> Step:
    """The next step for a posting that is ready, has an answer to its send (`sending`), or is in doubt (`unknown`)."""
    if history.state == "sending":
        return _after_send(history)
    return _in_doubt(history) if history.state == "unknown" else _before_send(history)


def doubted(history: History, sends: Iterable[Sent] | None = None) -> bool:
    """Whether it, or those sends of it, may have landed unseen, in any generation, absence proved since or not."""
    chosen = history.sends if sends is None else sends
    restored = history.restored and history.operation not in CHANGES
    return restored or any(
        send.outcome in ("sent", "doubt") or send.code in UNBELIEVABLE for send in chosen
    )


def believed(history: History) -> bool:
    """Whether the refusal that ended the newest send proves that nothing landed."""
    return history.sends[-1].code not in UNBELIEVABLE and not doubted(history, history.sends[:-1])


def shareable(history: History) -> bool:
    """Whether its next send may go in a batch: a new transaction of which nothing ever was in doubt or declined."""
    declined = any(send.outcome == "declined" for send in history.sends)
    new = history.operation == "create" and history.kind not in NAMES
    return new and not (history.rekey or declined or doubted(history))


def verdict(history: History) -> Literal["absent", "present", "alike", "several"]:
    """What a complete look found, as it is stored."""
    ours = _ours(history)
    if ours:
        return "present" if len(ours) == 1 else "several"
    return "alike" if _alike(history) else "absent"


def _before_send(history: History) -> Step:
    if ((doubted(history) or history.again) and not _proved(history)) or (
        _landed_ids(history) and history.operation not in CHANGES
    ):
        return Doubt()
    if history.gone and history.operation == "create":
        return Withdraw()
    if history.operation in CHANGES:
        return _compared(history)
    if history.kept and history.kept not in history.rejected:
        return _kept(history, history.kept)
    return Send(resend=doubted(history), renew=history.rekey)


def _kept(history: History, kept: str) -> Step:
    found = history.read
    if found is None:
        return Read(kept)
    if found.state == "live" and not _belongs_elsewhere(history, found):
        return Posted(kept, adopted=True)
    return Ask(_trouble(found), (kept,))


def _after_send(history: History) -> Step:
    last = history.sends[-1]
    if last.outcome in ("throttled", "unsent", "declined"):
        return Back()
    if last.outcome == "unauthorised":
        return Reconnect()
    if last.outcome == "refused" and believed(history):
        return _refused(history, last)
    if last.outcome == "landed" and last.id:
        return (
            _landed(history, last.id) if doubted(history, history.sends[:-1]) else Posted(last.id)
        )
    return Doubt()


def _in_doubt(history: History) -> Step:
    last = history.sends[-1] if history.sends else Sent()
    if last.outcome == "refused" and believed(history) and not history.rekey:
        return _refused(history, last)
    landed = _landed_ids(history)
    if len(landed) > 1 and history.operation not in CHANGES:
        return Ask("several", tuple(sorted(landed)))
    if landed and not (history.operation in CHANGES and last.outcome != "landed"):
        return _landed(history, landed.pop())
    if history.operation in CHANGES:
        return _compared_in_doubt(history) if history.quiet.passed() else Wait()
    return _hinted(history) or _searched(history)


def _landed_ids(history: History) -> set[str]:
    """The Ids that answers to its sends named, unless a person said that it is not that one."""
    return {
        send.id for send in history.sends if send.outcome == "landed" and send.id
    } - history.rejected


def _hinted(history: History) -> Step | None:
    """An answer that could not be believed showed an Id: what stands there may be it."""
    shown = [
        send.id
        for send in history.sends
        if send.outcome == "doubt" and send.id not in (None, *history.rejected)
    ]
    if not shown or history.looked is not None:
        return None
    if history.read is None:
        return Read(str(shown[-1]))
    found = history.read
    ours = (
        found.state == "live"
        and found.marker
        and found.marker == history.marker
        and not found.foreign
    )
    return Posted(found.id) if ours else None


def _searched(history: History) -> Step:
    under_way = history.sends or history.restored or not history.again
    if under_way and not history.quiet.passed():
        return Wait()
    return Look() if history.looked is None else _judged(history)


def _landed(history: History, id: str) -> Step:
    """An answer named its Id, but the answer may be a replay and describe the past."""
    found = history.read
    if found is None:
        return Read(id)
    if history.operation in CHANGES:
        return Posted(id) if _done(history, found) else Ask(_trouble(found), (id,))
    if found.state == "live" and not _belongs_elsewhere(history, found):
        return Posted(id)
    return Ask(_trouble(found), (id,))


def _refused(history: History, last: Sent) -> Step:
    """A refusal that is believed: nothing landed."""
    if history.operation in CHANGES:
        return _refused_change(history, last)
    if last.code == NUMBER_USED and last.id and last.id not in history.rejected:
        return _number_used(history, last.id)
    if last.code == NAME_USED and history.kind in NAMES:
        return _name_used(history)
    return Hold("number_used" if last.code == NUMBER_USED else "refused")


def _refused_change(history: History, last: Sent) -> Step:
    if last.code == MISSING:
        return (
            Posted(history.target)
            if history.operation == "delete"
            else Ask("deleted", (history.target,))
        )
    step = _compared(history) if last.code == STALE else Hold("refused")
    return Hold("refused") if isinstance(step, Send) and step.rebase is None else step


def _number_used(history: History, named: str) -> Step:
    found = history.read
    if found is None:
        return Read(named)
    if (
        found.state == "live"
        and found.marker
        and found.marker == history.marker
        and not found.foreign
    ):
        return Posted(named, adopted=True)
    return Hold("number_used", (named,))


def _name_used(history: History) -> Step:
    if history.looked is None:
        return Look()
    ours = _ours(history)
    if len(ours) == 1 and ours[0].state == "live":
        return Posted(ours[0].id, adopted=True)
    return Hold("name_used", tuple(found.id for found in ours))


def _judged(history: History) -> Step:
    """After a complete look: one is it, several or similar ones go to a person, none proves absence."""
    ours = _ours(history)
    if len(ours) > 1:
        return Ask("several", tuple(found.id for found in ours))
    if ours:
        found = ours[0]
        return (
            Posted(found.id, adopted=True)
            if found.state == "live"
            else Ask(_trouble(found), (found.id,))
        )
    alike = _alike(history)
    if alike == [FORGOTTEN]:
        return Ask("forgotten")
    return Ask("alike", tuple(found.id for found in alike)) if alike else _absent(history)


def _absent(history: History) -> Step:
    if history.gone and history.operation == "create":
        return Withdraw()
    answered = [send for send in history.sends if send.outcome not in NEVER_ARRIVED]
    if history.rekey or (answered and answered[-1].batched):
        return Send(resend=True, renew=True)
    if answered and answered[-1].outcome == "refused" and answered[-1].code not in UNBELIEVABLE:
        return Hold("refused")
    return Hold("rounds") if history.proofs + 1 >= ROUNDS else Send(resend=True)


def _ours(history: History) -> list[Found]:
    found = [
        one for one in history.looked or () if one.id not in history.rejected and not one.foreign
    ]
    marked = [one for one in found if one.marker and one.marker == history.marker]
    return marked or [one for one in found if not one.marker and one.same & {"name", "file"}]


def _alike(history: History) -> list[Found]:
    """Those that a person may have edited, voided or deleted after we posted them."""
    if history.kind in NAMES or history.operation == "attach":
        return []
    return [found for found in history.looked or () if _may_be(history, found)]


def _may_be(history: History, found: Found) -> bool:
    if found.id in history.rejected or _belongs_elsewhere(history, found):
        return False
    if found.state == "voided" or not found.seen:
        return True
    return bool(
        (found.party and found.party == history.party)
        or (found.number and found.number == history.number)
        or (found.total is not None and found.total == history.total)
    )


def _belongs_elsewhere(history: History, found: Found) -> bool:
    return found.foreign or bool(found.marker and found.marker != history.marker)


def _compared(history: History) -> Step:
    """A change is written only onto what we last knew; what a person changed since is never overwritten unseen."""
    found = history.read
    if found is None:
        return Read(history.target)
    if found.state != "live":
        return _vanished(history, found)
    if found.token == history.token:
        return Send(resend=doubted(history), renew=history.rekey)
    if "known" in found.same or found.id in history.rejected:
        return Send(resend=doubted(history), rebase=found.token)
    return Posted(found.id) if _done(history, found) else Ask("changed", (found.id,))


def _compared_in_doubt(history: History) -> Step:
    """The token tells whether anything was written since; what is there tells whether that was ours."""
    found = history.read
    if found is None:
        return Read(history.target)
    if found.state != "live":
        return _vanished(history, found)
    moved = found.token != history.token
    if moved and _done(history, found):
        return Posted(found.id)
    unknown = moved and "known" not in found.same and found.id not in history.rejected
    return Ask("changed", (found.id,)) if unknown else _absent(history)


def _vanished(history: History, found: Found) -> Step:
    return (
        Posted(history.target) if _done(history, found) else Ask(_trouble(found), (history.target,))
    )


def _done(history: History, found: Found) -> bool:
    """Whether QuickBooks shows what the change was to bring about."""
    if history.operation == "update":
        return found.state == "live" and "meant" in found.same
    return found.state == "deleted" or (history.operation == "void" and found.state == "voided")


def _trouble(found: Found) -> Trouble:
    if found.state != "live":
        return found.state
    return "foreign" if found.foreign or found.marker else "changed"


def _proved(history: History) -> bool:
    """Whether absence was proved after the last send that may have arrived."""
    if history.proved is None:
        return False
    return all(send.outcome in NEVER_ARRIVED for send in history.sends[history.proved :])
