"""A model of QuickBooks, workers, people and backups that enumerates histories of `decide`.

It enumerates every history up to a number of events and runs exactly `decide`; it uses neither a
database nor HTTP.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

from hub.contract.document_kinds import LIST_KINDS
from hub.models.enums import CHANGE_OPERATIONS
from hub.posting.protocol.decisions import decide, is_batchable, is_doubtful
from hub.posting.protocol.history import (
    FORGOTTEN,
    Agreement,
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
BATCH_SENDS = {**SENDS, "refused whole": (False, False, "declined")}
BATCH = -1  # key of an item in a batch: the same whenever it is sent with the same other items
IDENTIFYING_AGREEMENTS = {"vendor": Agreement.SAME_NAME, "file": Agreement.SAME_FILE}
MANUAL_ACTS = ("edited", "voided", "deleted", "entered by hand")


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
class Transaction:
    """A transaction in QuickBooks: its key, when it becomes visible, and what a person changed."""

    id: str
    key: int | None
    visible_from: int
    state: str = "live"
    mark: str = MARK
    text: str = "first"
    token: int = 0
    overwrote_edit: bool = False  # one of our changes overwrote a person's change


@dataclass(frozen=True)
class ModelState:
    """Everything outside the decision, and the state stored by the engine."""

    keys: str
    lag: int
    history: History
    now: int = 0
    transactions: tuple[Transaction, ...] = ()
    answers: tuple[
        tuple[int, int, str, str], ...
    ] = ()  # key, time, "landed" or the code of a refusal, id
    generation: int = 0
    batches: str = ""  # the meaning of a repeated batch, if a batch is allowed
    own_doubt_end: int | None = None  # when the doubt of this very process ended
    other_doubt_start: int | None = None  # when this process first saw another one's doubt
    late: tuple[tuple[int, int, str], ...] = ()  # late answers: time, index of the send, id
    path: tuple[str, ...] = ()

    def after(self, *events: str, **changes: Any) -> "ModelState":
        return replace(self, path=(*self.path, *events), **changes)

    def with_history(self, **changes: Any) -> "ModelState":
        return replace(self, history=replace(self.history, **changes))

    @property
    def own_transactions(self) -> list[Transaction]:
        """Return the live transactions that our sends created."""
        return [
            transaction
            for transaction in self.transactions
            if transaction.key is not None and transaction.state == "live"
        ]


End = tuple[str, ModelState]


def histories(model: ModelState, events: int) -> Iterator[End]:
    """Yield every end that this many events can lead to."""
    assert len(model.path) < 60, f"endless history: {model.path}"
    model = _record_late_answers(model)
    step = decide(replace(model.history, quiet_period=_quiet_period(model)))
    match step:
        case Posted(id):
            yield from _continue_after_posting(model, id, events)
        case Withdraw():
            yield "withdrawn", model
        case Hold():
            yield from _hold(model, events)
        case Ask(_, candidates):
            yield from _answer(model, candidates, events)
        case Doubt():
            yield from histories(_enter_doubt(model), events)
        case Requeue() | Reconnect():
            yield from histories(
                replace(
                    model.with_history(state="ready", current=None, search_results=None),
                    now=model.now + 60,
                ),
                events,
            )
        case Wait():
            seconds = _quiet_period(model).seconds_left()
            yield from histories(replace(model, now=model.now + max(1, round(seconds))), events)
        case Search():
            yield from _search(model, events)
        case Read(id):
            yield from histories(model.with_history(current=_current_object(model, id)), events)
        case Send() if model.history.state == "unknown":
            yield from histories(_store_proof(model, step), events)
        case Send():
            yield from _send(model, step, events)
            if model.batches and is_batchable(model.history):
                yield from _send_in_batch(model, events)


def _enter_doubt(model: ModelState) -> ModelState:
    first = model.other_doubt_start
    if model.own_doubt_end is None and first is None:
        first = model.now
    return replace(
        model.with_history(state="unknown", current=None, search_results=None),
        other_doubt_start=first,
    )


def _quiet_period(model: ModelState) -> QuietPeriod:
    if model.own_doubt_end is not None:
        return QuietPeriod(is_own_call=True, local_seconds=model.now - model.own_doubt_end)
    start = model.now if model.other_doubt_start is None else model.other_doubt_start
    return QuietPeriod(is_own_call=False, local_seconds=model.now - start)


def _record_late_answers(model: ModelState) -> ModelState:
    """Record the ids of answers that came after their worker had lost the posting."""
    if not model.late:
        return model
    sends, pending = list(model.history.sends), []
    for when, place, id in model.late:
        if when > model.now:
            pending.append((when, place, id))
        elif sends[place].outcome in ("sent", "doubt"):
            sends[place] = replace(sends[place], outcome="landed", id=id)
    return replace(model.with_history(sends=tuple(sends)), late=tuple(pending))


# -- one send --------------------------------------------------------------------------------------


def _send(model: ModelState, step: Send, events: int) -> Iterator[End]:
    if step.renew:
        model = replace(
            model.with_history(rekey=False, proved_absences=0, current=None, search_results=None),
            generation=model.generation + 1,
        )
    if step.rebase is not None:
        id = model.history.base.rpartition(":")[0]
        model = replace(
            model.with_history(base=f"{id}:{step.rebase}"), generation=model.generation + 100
        )
    for name, (lands, dies, report) in SENDS.items():
        if name == "fine" or events:
            outcome = _carry_out(model, lands)
            yield from histories(
                _store_attempt(outcome, name, dies, report), events - (name != "fine")
            )
    if events:
        for person in MANUAL_ACTS[:3]:
            changed = _act_as_person(model, person)
            if changed and model.history.operation in CHANGE_OPERATIONS:
                yield from histories(
                    _store_attempt(_carry_out(changed, True), person, False, "answer"), events - 1
                )


def _send_in_batch(model: ModelState, events: int) -> Iterator[End]:
    for name, (lands, dies, report) in BATCH_SENDS.items():
        if name == "fine" or events:
            outcome = _carry_out(model, lands, BATCH)
            after = _store_attempt(outcome, f"in a batch: {name}", dies, report, batched=True)
            yield from histories(after, events - (name != "fine"))


def _carry_out(
    model: ModelState, lands: object, key: int | None = None
) -> tuple[ModelState, str, str]:
    """Carry out a send in QuickBooks; return the new world, the outcome and the id."""
    key = model.generation if key is None else key
    meaning = model.batches if key == BATCH else model.keys
    if not lands:
        return model, "", ""
    delay = {True: 0, "late": 119, "frozen": DEADLINE + 120}[lands]  # type: ignore[index]
    stored = _find_stored_answer(model, key, meaning)
    if stored:
        _, _, what, id = stored
        if meaning == "refused when repeated":
            return model, "refused/6000", ""
        return model, "landed" if what == "landed" else f"refused/{what}", id
    if model.history.operation in CHANGE_OPERATIONS:
        return _write_change(model, delay)
    if model.history.kind in LIST_KINDS and any(
        transaction.state == "live" for transaction in model.transactions
    ):
        return model, "refused/6240", ""
    id = str(len(model.transactions) + 1)
    transaction = Transaction(id, key, model.now + delay)
    answers = (*model.answers, (key, model.now + delay, "landed", id))
    return (
        replace(model, transactions=(*model.transactions, transaction), answers=answers),
        "landed",
        id,
    )


def _find_stored_answer(
    model: ModelState, key: int, meaning: str
) -> tuple[int, int, str, str] | None:
    """Return QuickBooks' stored answer for a key, if any."""
    stored = next((answer for answer in model.answers if answer[0] == key), None)
    if stored is None or meaning == "ignored":
        return None
    _, time, _, _ = stored
    is_forgotten = meaning == "kept for a day" and model.now - time > DAY
    is_running = meaning == "not while it runs" and time > model.now
    return None if is_forgotten or is_running else stored


def _write_change(model: ModelState, delay: int) -> tuple[ModelState, str, str]:
    """Carry out a change if its token is current; a late change counts as written at once."""
    operation = model.history.operation
    id, _, token = model.history.base.rpartition(":")
    transaction = next(other for other in model.transactions if other.id == id)
    if transaction.state == "deleted":
        return model, "refused/610", ""
    if str(transaction.token) != token:
        return model, "refused/5010", ""
    overwrote_edit = transaction.overwrote_edit or transaction.text == "a person's"
    state = {"update": transaction.state, "delete": "deleted", "void": "voided"}[operation]
    text = "second" if operation == "update" else transaction.text
    after = replace(
        transaction,
        token=transaction.token + 1,
        text=text,
        state=state,
        overwrote_edit=overwrote_edit,
    )
    answers = (*model.answers, (model.generation, model.now + delay, "landed", id))
    return (
        replace(model, transactions=_replace_transaction(model, after), answers=answers),
        "landed",
        id,
    )


def _store_attempt(
    outcome: tuple[ModelState, str, str], name: str, dies: bool, report: str, batched: bool = False
) -> ModelState:
    """Store the attempt, and what its process still knows."""
    model, answer, id = outcome
    send, place = (
        SendAttempt(generation=model.generation, batched=batched),
        len(model.history.sends),
    )
    text = answer if report == "answer" else report
    if not dies:
        kind, _, code = text.partition("/")
        landed_id = id if kind == "landed" else None
        send = replace(send, outcome=kind, code=code, id=landed_id)  # type: ignore[arg-type]
        now = model.now + (SECONDS if report != "doubt" or name.endswith("done late") else DEADLINE)
        after = model.after(name, now=now, own_doubt_end=now, other_doubt_start=None)
    else:
        now = model.now + {"days": 2 * DAY}.get(report, LEASE)
        late = (
            (*model.late, (now + DEADLINE, place, id))
            if report == "late answer" and id
            else model.late
        )
        after = model.after(name, now=now, own_doubt_end=None, other_doubt_start=now, late=late)
    sends = (*model.history.sends, send)
    state = "unknown" if dies else "sending"
    return after.with_history(sends=sends, state=state, current=None, search_results=None)


# -- searching -------------------------------------------------------------------------------------


def _search(model: ModelState, events: int) -> Iterator[End]:
    results = tuple(
        result
        for transaction in model.transactions
        if (result := _search_result(model, transaction)) is not None
    )
    yield from histories(model.with_history(search_results=results), events)
    if not events:
        return
    yield from histories(model.after("query fails", now=model.now + 30), events - 1)
    yield from histories(
        model.after("killed while it looks", own_doubt_end=None, other_doubt_start=model.now),
        events - 1,
    )
    for person in MANUAL_ACTS if model.history.kind == "bill" else MANUAL_ACTS[3:]:
        changed = _act_as_person(model, person)
        if changed:
            yield from histories(changed, events - 1)


def _search_result(model: ModelState, transaction: Transaction) -> QuickBooksObject | None:
    if transaction.visible_from > model.now - model.lag:
        return None
    if transaction.state == "deleted":
        return QuickBooksObject(id=transaction.id, state="deleted", content_known=False)
    marker = transaction.mark if model.history.marker else ""
    edited = transaction.text == "a person's"
    return QuickBooksObject(
        id=transaction.id,
        state=transaction.state,
        token=str(transaction.token),
        marker=marker,
        party=PARTY,  # type: ignore[arg-type]
        total=None if edited else TOTAL,
        agreements=_agreements(model, transaction),
        foreign=False,  # type: ignore[arg-type]
    )


def _agreements(model: ModelState, transaction: Transaction) -> frozenset[Agreement]:
    identifying = IDENTIFYING_AGREEMENTS.get(model.history.kind)
    if identifying:
        return frozenset({identifying} if transaction.mark != "another" else ())
    if model.history.operation in ("delete", "void"):
        by_text = {"first": Agreement.AS_LAST_POSTED}
    elif model.history.operation == "update":
        by_text = {"first": Agreement.AS_LAST_POSTED, "second": Agreement.AS_CHANGED}
    else:
        by_text = {"first": Agreement.AS_CHANGED}
    return frozenset({by_text[transaction.text]} if transaction.text in by_text else ())


def _current_object(model: ModelState, id: str) -> QuickBooksObject:
    """Return an object by id; unlike searches, such a read is always current."""
    transaction = next(
        (
            other
            for other in model.transactions
            if other.id == id and other.visible_from <= model.now
        ),
        None,
    )
    if transaction is None or transaction.state == "deleted":
        return QuickBooksObject(id=id, state="deleted")
    result = _search_result(replace(model, lag=0), transaction)
    assert result
    return result


def _act_as_person(model: ModelState, what: str) -> ModelState | None:
    """Let a person act in QuickBooks: change what has landed, or enter something."""
    if what == "entered by hand":
        if model.history.kind in LIST_KINDS and any(
            transaction.state == "live" for transaction in model.transactions
        ):
            return None
        twin = Transaction(str(len(model.transactions) + 1), None, model.now, mark="")
        return model.after(what, transactions=(*model.transactions, twin))
    there = [
        other
        for other in model.transactions
        if other.key is not None and other.state == "live" and other.visible_from <= model.now
    ]
    if not there:
        return None
    transaction = there[-1]
    changes = {
        "edited": replace(transaction, text="a person's", mark="", token=transaction.token + 1),
        "voided": replace(transaction, state="voided", token=transaction.token + 1),
        "deleted": replace(transaction, state="deleted", token=transaction.token + 1),
    }[what]
    return model.after(what, transactions=_replace_transaction(model, changes))


def _replace_transaction(model: ModelState, transaction: Transaction) -> tuple[Transaction, ...]:
    return tuple(
        transaction if other.id == transaction.id else other for other in model.transactions
    )


def _store_proof(model: ModelState, step: Send) -> ModelState:
    """Store the proof of absence, so that the posting may be sent again."""
    history = model.history
    proofs = 0 if step.renew else history.proved_absences + 1
    after = model.with_history(
        state="ready",
        current=None,
        search_results=None,
        sends_at_proof=len(history.sends),
        proved_absences=proofs,
        rekey=False,
    )
    return replace(after, generation=model.generation + step.renew)


# -- the ends --------------------------------------------------------------------------------------


def _continue_after_posting(model: ModelState, id: str, events: int) -> Iterator[End]:
    yield "posted", model
    if events and model.history.operation == "create" and model.history.kind == "bill":
        blank = replace(
            model.history,
            state="ready",
            sends=(),
            current=None,
            search_results=None,
            after_restore=True,
            sends_at_proof=None,
            proved_absences=0,
            rejected_ids=frozenset(),
        )
        back = model.after(
            "backup put back",
            history=blank,
            own_doubt_end=None,
            other_doubt_start=model.now,
            late=(),
        )
        yield from histories(back, events - 1)
        yield from histories(_revise(model, id), events - 1)


def _revise(model: ModelState, id: str) -> ModelState:
    """Change the document at the source after it was posted."""
    transaction = next(other for other in model.transactions if other.id == id)
    history = History(
        operation="update", marker=MARK, party=PARTY, total=TOTAL, base=f"{id}:{transaction.token}"
    )  # type: ignore[arg-type]
    return model.after(
        "revised",
        history=history,
        generation=model.generation + 1000,
        own_doubt_end=None,
        other_doubt_start=None,
    )


def _hold(model: ModelState, events: int) -> Iterator[End]:
    yield "held", model
    if events:
        rejected = model.history.rejected_ids | {FORGOTTEN.id}
        sure = not is_doubtful(model.history)
        state = "ready" if sure else "unknown"
        again = model.with_history(
            state=state, rekey=True, current=None, search_results=None, rejected_ids=rejected
        )
        yield from histories(again.after("a person tries again"), events - 1)


def _answer(model: ModelState, candidates: tuple[str, ...], events: int) -> Iterator[End]:
    """Let a person answer truthfully: our own transaction is the document, others are not."""
    own_transactions = [
        transaction
        for transaction in model.own_transactions
        if transaction.id in candidates and transaction.visible_from <= model.now
    ]
    if own_transactions:
        yield "adopted", model
        return
    yield "skipped", model
    if events and model.history.operation == "create":
        rejected = model.history.rejected_ids | set(candidates) | {FORGOTTEN.id}
        once_ours = any(
            transaction.id in candidates and transaction.key is not None
            for transaction in model.transactions
        )
        answers = model.with_history(
            state="unknown",
            current=None,
            search_results=None,
            rejected_ids=rejected,
            rekey=once_ours,
        )
        yield from histories(answers.after("not this one"), events - 1)
