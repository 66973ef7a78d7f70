"""A model of QuickBooks, workers, people and backups that enumerates histories of `decide`.

It enumerates every history up to a number of events and runs exactly `decide`; it uses neither a
database nor HTTP.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

from hub.models.enums import CHANGE_OPERATIONS, LIST_KINDS
from hub.posting.protocol.decisions import decide, is_batchable, is_doubtful
from hub.posting.protocol.history import (
    FORGOTTEN,
    Ask,
    Doubt,
    History,
    Hold,
    Posted,
    QuickBooksObject,
    QuietPeriod,
    Read,
    Reconnect,
    Requeue,
    Search,
    Send,
    SendAttempt,
    Wait,
    Withdraw,
)

T = TypeVar("T")
KEYS = ("kept", "kept for a day", "not while it runs", "refused when repeated", "ignored")
SECONDS, DEADLINE, LEASE, QUIET, DAY = 1, 100, 150, 180, 86_400
MARK, PARTY, TOTAL = "OURS", "vendor 1", 100

# The possible outcomes of a send: (does it land, does its process die, what the hub is told). The
# first is not counted as an event.
SENDS = {
    "fine": (True, False, "answer"),
    "refused": (False, False, "refused/6210"),
    "throttled": (False, False, "throttled"),
    "unauthorised": (False, False, "unauthorised"),
    "never sent": (False, False, "unsent"),
    "request lost": (False, False, "doubt"),
    "answer lost": (True, False, "doubt"),
    "broken answer, done": (True, False, "refused/10000"),
    "broken answer, not done": (False, False, "refused/10000"),
    "killed before the send": (False, True, ""),
    "killed after it": (True, True, ""),
    "killed, back in two days": (True, True, "days"),
    "done late": ("late", False, "doubt"),
    "frozen past its lease, sent then": ("frozen", True, ""),
    "frozen, and its answer comes": ("frozen", True, "late answer"),
}
TOGETHER = {**SENDS, "refused whole": (False, False, "declined")}
BATCH = -1  # key of an item in a batch: the same whenever it is sent with the same other items
IDENTIFYING_FIELDS = {"vendor": "name", "file": "file"}
PEOPLE = ("edited", "voided", "deleted", "entered by hand")


def replace(value: T, **changes: Any) -> T:
    """Copy a dataclass with changes, faster than dataclasses.replace; called millions of times."""
    kind = type(value)
    copy = object.__new__(kind)
    if not hasattr(kind, "__slots__"):
        object.__setattr__(copy, "__dict__", vars(value) | changes)
        return copy
    read, write = _slots(kind)
    for setter, part in zip(write.values(), read(value), strict=True):
        setter(copy, part)
    for name, part in changes.items():
        write[name](copy, part)
    return copy


@cache
def _slots(
    kind: type,
) -> tuple[Callable[[Any], tuple[Any, ...]], dict[str, Callable[[Any, Any], None]]]:
    """Return a getter of all fields of a class with slots, and the setter of each."""
    names: tuple[str, ...] = kind.__slots__  # type: ignore[attr-defined]
    return attrgetter(*names), {name: getattr(kind, name).__set__ for name in names}


@dataclass(frozen=True)
class Thing:
    """A transaction in QuickBooks: its key, when it becomes visible, and what a person changed."""

    id: str
    key: int | None
    lands: int
    state: str = "live"
    mark: str = MARK
    text: str = "first"
    token: int = 0
    trampled: bool = False  # one of our changes overwrote a person's change


@dataclass(frozen=True)
class World:
    """Everything outside the decision, and the state stored by the engine."""

    keys: str
    lag: int
    history: History
    now: int = 0
    things: tuple[Thing, ...] = ()
    answers: tuple[
        tuple[int, int, str, str], ...
    ] = ()  # key, time, "landed" or the code of a refusal, id
    generation: int = 0
    batches: str = ""  # the meaning of a repeated batch, if a batch is allowed
    own_doubt_end: int | None = None  # when the doubt of this very process ended
    other_doubt_start: int | None = None  # when this process first saw another one's doubt
    late: tuple[tuple[int, int, str], ...] = ()  # late answers: time, index of the send, id
    path: tuple[str, ...] = ()

    def after(self, *events: str, **changes: Any) -> "World":
        return replace(self, path=(*self.path, *events), **changes)

    def with_history(self, **changes: Any) -> "World":
        return replace(self, history=replace(self.history, **changes))

    @property
    def own_things(self) -> list[Thing]:
        """Return the live transactions that our sends created."""
        return [thing for thing in self.things if thing.key is not None and thing.state == "live"]


End = tuple[str, World]


def histories(world: World, events: int) -> Iterator[End]:
    """Yield every end that this many events can lead to."""
    assert len(world.path) < 60, f"endless history: {world.path}"
    world = _arrived(world)
    step = decide(replace(world.history, quiet_period=_quiet(world)))
    match step:
        case Posted(id):
            yield from _posted(world, id, events)
        case Withdraw():
            yield "withdrawn", world
        case Hold():
            yield from _hold(world, events)
        case Ask(_, candidates):
            yield from _answer(world, candidates, events)
        case Doubt():
            yield from histories(_doubted(world), events)
        case Requeue() | Reconnect():
            yield from histories(
                replace(
                    world.with_history(state="ready", current=None, search_results=None),
                    now=world.now + 60,
                ),
                events,
            )
        case Wait():
            seconds = _quiet(world).seconds_left()
            yield from histories(replace(world, now=world.now + max(1, round(seconds))), events)
        case Search():
            yield from _looked(world, events)
        case Read(id):
            yield from histories(world.with_history(current=_current_object(world, id)), events)
        case Send() if world.history.state == "unknown":
            yield from histories(_proved(world, step), events)
        case Send():
            yield from _sent(world, step, events)
            if world.batches and is_batchable(world.history):
                yield from _sent_in_batch(world, events)


def _doubted(world: World) -> World:
    first = (
        world.now
        if world.own_doubt_end is None and world.other_doubt_start is None
        else world.other_doubt_start
    )
    return replace(
        world.with_history(state="unknown", current=None, search_results=None),
        other_doubt_start=first,
    )


def _quiet(world: World) -> QuietPeriod:
    if world.own_doubt_end is not None:
        return QuietPeriod(is_own_call=True, local_seconds=world.now - world.own_doubt_end)
    return QuietPeriod(
        is_own_call=False,
        local_seconds=world.now
        - (world.other_doubt_start if world.other_doubt_start is not None else world.now),
    )


def _arrived(world: World) -> World:
    """Record the ids of answers that came after their worker had lost the posting."""
    if not world.late:
        return world
    sends, pending = list(world.history.sends), []
    for when, place, id in world.late:
        if when > world.now:
            pending.append((when, place, id))
        elif sends[place].outcome in ("sent", "doubt"):
            sends[place] = replace(sends[place], outcome="landed", id=id)
    return replace(world.with_history(sends=tuple(sends)), late=tuple(pending))


# -- one send --------------------------------------------------------------------------------------


def _sent(world: World, step: Send, events: int) -> Iterator[End]:
    if step.renew:
        world = replace(
            world.with_history(rekey=False, proved_absences=0, current=None, search_results=None),
            generation=world.generation + 1,
        )
    if step.rebase is not None:
        id = world.history.base.rpartition(":")[0]
        world = replace(
            world.with_history(base=f"{id}:{step.rebase}"), generation=world.generation + 100
        )
    for name, (lands, dies, report) in SENDS.items():
        if name == "fine" or events:
            outcome = _carried_out(world, lands)
            yield from histories(_answered(outcome, name, dies, report), events - (name != "fine"))
    if events:
        for person in PEOPLE[:3]:
            changed = _person(world, person)
            if changed and world.history.operation in CHANGE_OPERATIONS:
                yield from histories(
                    _answered(_carried_out(changed, True), person, False, "answer"), events - 1
                )


def _sent_in_batch(world: World, events: int) -> Iterator[End]:
    for name, (lands, dies, report) in TOGETHER.items():
        if name == "fine" or events:
            outcome = _carried_out(world, lands, BATCH)
            after = _answered(outcome, f"in a batch: {name}", dies, report, batched=True)
            yield from histories(after, events - (name != "fine"))


def _carried_out(world: World, lands: object, key: int | None = None) -> tuple[World, str, str]:
    """Carry out a send in QuickBooks; return the new world, the outcome and the id."""
    key = world.generation if key is None else key
    meaning = world.batches if key == BATCH else world.keys
    if not lands:
        return world, "", ""
    delay = {True: 0, "late": 119, "frozen": DEADLINE + 120}[lands]  # type: ignore[index]
    stored = _remembered(world, key, meaning)
    if stored:
        _, _, what, id = stored
        if meaning == "refused when repeated":
            return world, "refused/6000", ""
        return world, "landed" if what == "landed" else f"refused/{what}", id
    if world.history.operation in CHANGE_OPERATIONS:
        return _written(world, delay)
    if world.history.kind in LIST_KINDS and any(thing.state == "live" for thing in world.things):
        return world, "refused/6240", ""
    id = str(len(world.things) + 1)
    thing = Thing(id, key, world.now + delay)
    answers = (*world.answers, (key, world.now + delay, "landed", id))
    return replace(world, things=(*world.things, thing), answers=answers), "landed", id


def _remembered(world: World, key: int, meaning: str) -> tuple[int, int, str, str] | None:
    """Return QuickBooks' stored answer for a key, if any."""
    answer_found = next((answer for answer in world.answers if answer[0] == key), None)
    if answer_found is None or meaning == "ignored":
        return None
    if meaning == "kept for a day" and world.now - answer_found[1] > DAY:
        return None
    return None if meaning == "not while it runs" and answer_found[1] > world.now else answer_found


def _written(world: World, delay: int) -> tuple[World, str, str]:
    """Carry out a change if its token is current; a late change counts as written at once."""
    operation = world.history.operation
    id, _, token = world.history.base.rpartition(":")
    thing = next(thing_there for thing_there in world.things if thing_there.id == id)
    if thing.state == "deleted":
        return world, "refused/610", ""
    if str(thing.token) != token:
        return world, "refused/5010", ""
    trampled = thing.trampled or thing.text == "a person's"
    state = {"update": thing.state, "delete": "deleted", "void": "voided"}[operation]
    text = "second" if operation == "update" else thing.text
    after = replace(thing, token=thing.token + 1, text=text, state=state, trampled=trampled)
    answers = (*world.answers, (world.generation, world.now + delay, "landed", id))
    return replace(world, things=_with(world, after), answers=answers), "landed", id


def _answered(
    outcome: tuple[World, str, str], name: str, dies: bool, report: str, batched: bool = False
) -> World:
    """Store the attempt, and what its process still knows."""
    world, answer, id = outcome
    send, place = (
        SendAttempt(generation=world.generation, batched=batched),
        len(world.history.sends),
    )
    text = answer if report == "answer" else report
    if not dies:
        kind, _, code = text.partition("/")
        landed_id = id if kind == "landed" else None
        send = replace(send, outcome=kind, code=code, id=landed_id)  # type: ignore[arg-type]
        now = world.now + (SECONDS if report != "doubt" or name.endswith("done late") else DEADLINE)
        after = world.after(name, now=now, own_doubt_end=now, other_doubt_start=None)
    else:
        now = world.now + {"days": 2 * DAY}.get(report, LEASE)
        late = (
            (*world.late, (now + DEADLINE, place, id))
            if report == "late answer" and id
            else world.late
        )
        after = world.after(name, now=now, own_doubt_end=None, other_doubt_start=now, late=late)
    sends = (*world.history.sends, send)
    state = "unknown" if dies else "sending"
    return after.with_history(sends=sends, state=state, current=None, search_results=None)


# -- searching -------------------------------------------------------------------------------------


def _looked(world: World, events: int) -> Iterator[End]:
    results = tuple(
        result for thing in world.things if (result := _search_result(world, thing)) is not None
    )
    yield from histories(world.with_history(search_results=results), events)
    if not events:
        return
    yield from histories(world.after("query fails", now=world.now + 30), events - 1)
    yield from histories(
        world.after("killed while it looks", own_doubt_end=None, other_doubt_start=world.now),
        events - 1,
    )
    for person in PEOPLE if world.history.kind == "bill" else PEOPLE[3:]:
        changed = _person(world, person)
        if changed:
            yield from histories(changed, events - 1)


def _search_result(world: World, thing: Thing) -> QuickBooksObject | None:
    if thing.lands > world.now - world.lag:
        return None
    if thing.state == "deleted":
        return QuickBooksObject(id=thing.id, state="deleted", content_known=False)
    marker = thing.mark if world.history.marker else ""
    edited = thing.text == "a person's"
    return QuickBooksObject(
        id=thing.id,
        state=thing.state,
        token=str(thing.token),
        marker=marker,
        party=PARTY,  # type: ignore[arg-type]
        total=None if edited else TOTAL,
        agreements=_same(world, thing),
        foreign=False,  # type: ignore[arg-type]
    )


def _same(world: World, thing: Thing) -> frozenset[str]:
    if world.history.kind in IDENTIFYING_FIELDS:
        return frozenset(
            {IDENTIFYING_FIELDS[world.history.kind]} if thing.mark != "another" else ()
        )
    if world.history.operation in ("delete", "void"):
        return frozenset({"known"} if thing.text == "first" else ())
    names = (
        {"first": "known", "second": "meant"}
        if world.history.operation == "update"
        else {"first": "meant"}
    )
    return frozenset({names[thing.text]} if thing.text in names else ())


def _current_object(world: World, id: str) -> QuickBooksObject:
    """Return an object by id; unlike searches, such a read is always current."""
    thing = next(
        (
            thing_there
            for thing_there in world.things
            if thing_there.id == id and thing_there.lands <= world.now
        ),
        None,
    )
    if thing is None or thing.state == "deleted":
        return QuickBooksObject(id=id, state="deleted")
    result = _search_result(replace(world, lag=0), thing)
    assert result
    return result


def _person(world: World, what: str) -> World | None:
    """Let a person act in QuickBooks: change what has landed, or enter something."""
    if what == "entered by hand":
        if world.history.kind in LIST_KINDS and any(
            thing.state == "live" for thing in world.things
        ):
            return None
        twin = Thing(str(len(world.things) + 1), None, world.now, mark="")
        return world.after(what, things=(*world.things, twin))
    there = [
        thing_there
        for thing_there in world.things
        if thing_there.key is not None
        and thing_there.state == "live"
        and thing_there.lands <= world.now
    ]
    if not there:
        return None
    thing = there[-1]
    changes = {
        "edited": replace(thing, text="a person's", mark="", token=thing.token + 1),
        "voided": replace(thing, state="voided", token=thing.token + 1),
        "deleted": replace(thing, state="deleted", token=thing.token + 1),
    }[what]
    return world.after(what, things=_with(world, changes))


def _with(world: World, thing: Thing) -> tuple[Thing, ...]:
    return tuple(thing if other.id == thing.id else other for other in world.things)


def _proved(world: World, step: Send) -> World:
    """Store the proof of absence, so that the posting may be sent again."""
    history = world.history
    proofs = 0 if step.renew else history.proved_absences + 1
    after = world.with_history(
        state="ready",
        current=None,
        search_results=None,
        sends_at_proof=len(history.sends),
        proved_absences=proofs,
        rekey=False,
    )
    return replace(after, generation=world.generation + step.renew)


# -- the ends --------------------------------------------------------------------------------------


def _posted(world: World, id: str, events: int) -> Iterator[End]:
    yield "posted", world
    if events and world.history.operation == "create" and world.history.kind == "bill":
        blank = replace(
            world.history,
            state="ready",
            sends=(),
            current=None,
            search_results=None,
            after_restore=True,
            sends_at_proof=None,
            proved_absences=0,
            rejected_ids=frozenset(),
        )
        back = world.after(
            "backup put back",
            history=blank,
            own_doubt_end=None,
            other_doubt_start=world.now,
            late=(),
        )
        yield from histories(back, events - 1)
        yield from histories(_revised(world, id), events - 1)


def _revised(world: World, id: str) -> World:
    """Change the document at the source after it was posted."""
    thing = next(thing_there for thing_there in world.things if thing_there.id == id)
    history = History(
        operation="update", marker=MARK, party=PARTY, total=TOTAL, base=f"{id}:{thing.token}"
    )  # type: ignore[arg-type]
    return world.after(
        "revised",
        history=history,
        generation=world.generation + 1000,
        own_doubt_end=None,
        other_doubt_start=None,
    )


def _hold(world: World, events: int) -> Iterator[End]:
    yield "held", world
    if events:
        rejected = world.history.rejected_ids | {FORGOTTEN.id}
        sure = not is_doubtful(world.history)
        state = "ready" if sure else "unknown"
        again = world.with_history(
            state=state, rekey=True, current=None, search_results=None, rejected_ids=rejected
        )
        yield from histories(again.after("a person tries again"), events - 1)


def _answer(world: World, candidates: tuple[str, ...], events: int) -> Iterator[End]:
    """Let a person answer truthfully: our own transaction is the document, others are not."""
    own_things = [
        thing for thing in world.own_things if thing.id in candidates and thing.lands <= world.now
    ]
    if own_things:
        yield "adopted", world
        return
    yield "skipped", world
    if events and world.history.operation == "create":
        rejected = world.history.rejected_ids | set(candidates) | {FORGOTTEN.id}
        once_ours = any(thing.id in candidates and thing.key is not None for thing in world.things)
        answers = world.with_history(
            state="unknown",
            current=None,
            search_results=None,
            rejected_ids=rejected,
            rekey=once_ours,
        )
        yield from histories(answers.after("not this one"), events - 1)
