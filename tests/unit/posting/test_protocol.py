"""The decisions of the posting protocol, one by one."""

from decimal import Decimal

import pytest

from hub.posting.protocol.candidates import decide_search_verdict
from hub.posting.protocol.decisions import decide, is_batchable, is_doubtful, is_refusal_credible
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
    Step,
    Wait,
    Withdraw,
)

OWN_MARKER = "ABCDEFGHJKMN"
LONG_AGO = QuietPeriod(is_own_call=True, local_seconds=181)
JUST_NOW = QuietPeriod(is_own_call=True, local_seconds=179)


def parse_sends(*outcomes: str) -> tuple[SendAttempt, ...]:
    """Return sends from words: `landed:7`, `refused/6140:17`, `doubt`; `+doubt` is batched."""
    results = []
    for word in outcomes:
        rest, _, id = word.removeprefix("+").partition(":")
        outcome, _, code = rest.partition("/")
        results.append(
            SendAttempt(outcome=outcome, code=code, id=id or None, batched=word.startswith("+"))
        )
    return tuple(results)


def create(*outcomes: str, state: str = "ready", **more) -> History:
    defaults = {
        "operation": "create",
        "marker": OWN_MARKER,
        "number": "A-1",
        "party": "56",
        "total": Decimal("100.00"),
    }
    return History(**{**defaults, "state": state, "sends": parse_sends(*outcomes), **more})


def unknown(
    *outcomes: str, search_results: tuple[QuickBooksObject, ...] | None = None, **more
) -> History:
    return create(
        *outcomes,
        state="unknown",
        **{"quiet_period": LONG_AGO, "search_results": search_results, **more},
    )


def answered(*outcomes: str, **more) -> History:
    return create(*outcomes, state="sending", **more)


def change(operation: str, *outcomes: str, state: str = "ready", **more) -> History:
    return create(
        *outcomes,
        state=state,
        **{"operation": operation, "base": "7:2", "quiet_period": LONG_AGO, **more},
    )


def live_object(id: str = "7", **more) -> QuickBooksObject:
    return QuickBooksObject(id=id, **more)


OURS, PLAIN, OTHERS = (
    live_object(marker=OWN_MARKER),
    live_object(),
    live_object(marker="ZZZZZZZZZZZZ", party="56"),
)
AT_BASE, AS_KNOWN, AS_PLANNED = (
    live_object(token="2"),
    live_object(token="3", agreements={Agreement.AS_LAST_POSTED}),
    live_object(token="3", agreements={Agreement.AS_CHANGED}),
)
EDITED, GONE, VOID = (
    live_object(token="3"),
    live_object(state="deleted"),
    live_object(state="voided"),
)

FIRST_SEND = [
    ("nothing happened yet", create(), Send()),
    ("only sends that never arrived", create("unsent", "throttled", "unauthorised"), Send()),
    (
        "a believed refusal, and a new key asked for",
        create("refused/6210", rekey=True),
        Send(renew=True),
    ),
    ("a refusal of an older key, never in doubt", create("refused/6210"), Send()),
    ("a doubt without proof of absence", create("doubt"), Doubt()),
    ("a crash while sending", create("sent"), Doubt()),
    ("a doubt with its proof", create("doubt", sends_at_proof=1), Send(resend=True)),
    (
        "a doubt, its proof, then a send that never arrived",
        create("doubt", "throttled", sends_at_proof=1),
        Send(resend=True),
    ),
    ("a doubt after the proof", create("doubt", "doubt", sends_at_proof=1), Doubt()),
    (
        "corrected content after refused and absent again",
        create("doubt", "refused", sends_at_proof=2),
        Send(resend=True),
    ),
    (
        "an answer that came too late named it",
        create("doubt", "landed:7", sends_at_proof=1),
        Doubt(),
    ),
    (
        "that one was deleted, and a person wants it again",
        create("landed:7", rejected_ids={"7"}, rekey=True),
        Send(renew=True),
    ),
    ("a restore, never sent", create(after_restore=True), Doubt()),
    (
        "a restore, absence proved since",
        create(after_restore=True, sends_at_proof=0),
        Send(resend=True),
    ),
    (
        "a restore, gone at the source, absence proved",
        create(after_restore=True, sends_at_proof=0, is_unwanted=True),
        Withdraw(),
    ),
    ("a restore, gone at the source", create(after_restore=True, is_unwanted=True), Doubt()),
    ("gone at the source, never sent", create(is_unwanted=True), Withdraw()),
    ("a doubt of a batch with its proof", create("+doubt", sends_at_proof=1), Send(resend=True)),
    ("a batch that was refused whole", create("+declined"), Send()),
    ("an id that the source kept", create(recorded_id="7"), Read("7")),
    ("a kept id that is there", create(recorded_id="7", current=PLAIN), Posted("7", adopted=True)),
    ("a kept id that is ours", create(recorded_id="7", current=OURS), Posted("7", adopted=True)),
    (
        "a kept id of another document",
        create(recorded_id="7", current=OTHERS),
        Ask("foreign", ("7",)),
    ),
    ("a kept id that was deleted", create(recorded_id="7", current=GONE), Ask("deleted", ("7",))),
    ("a kept id that a person rejected", create(recorded_id="7", rejected_ids={"7"}), Send()),
]

ANSWERS = [
    ("success on the first send", answered("landed:7"), Posted("7")),
    ("success after sends that never arrived", answered("unsent", "landed:7"), Posted("7")),
    ("success after a believed refusal", answered("refused", "landed:7"), Posted("7")),
    ("success on a re-send is read", answered("doubt", "landed:7"), Read("7")),
    ("success on a re-send, still there", answered("doubt", "landed:7", current=OURS), Posted("7")),
    (
        "success on a re-send, note edited",
        answered("doubt", "landed:7", current=PLAIN),
        Posted("7"),
    ),
    (
        "success on a re-send, deleted since",
        answered("doubt", "landed:7", current=GONE),
        Ask("deleted", ("7",)),
    ),
    (
        "success on a re-send, voided since",
        answered("doubt", "landed:7", current=VOID),
        Ask("voided", ("7",)),
    ),
    ("success after a restore is read", answered("landed:7", after_restore=True), Read("7")),
    ("success without an id", answered("landed"), Doubt()),
    ("throttled", answered("throttled"), Requeue()),
    ("no byte left", answered("unsent"), Requeue()),
    ("the whole batch throttled", answered("+throttled"), Requeue()),
    ("the whole batch refused", answered("+declined/1040"), Requeue()),
    ("an item refused", answered("+refused/6210"), Hold("refused")),
    ("an item done", answered("+landed:7"), Posted("7")),
    ("an item lost", answered("+doubt"), Doubt()),
    ("refused alone after a doubt of its batch", answered("+doubt", "refused/6210"), Doubt()),
    ("not let in", answered("unauthorised"), Reconnect()),
    ("no answer", answered("doubt"), Doubt()),
    ("found while sending by another process", answered("sent"), Doubt()),
    ("refused on the first send", answered("refused/6210"), Hold("refused")),
    ("refused after another refusal", answered("refused/2500", "refused/6210"), Hold("refused")),
    ("refused on a re-send", answered("doubt", "refused/6210"), Doubt()),
    ("refused in a later generation of a doubt", answered("doubt", "refused", "refused"), Doubt()),
    ("refused after a crash", answered("sent", "refused/2500"), Doubt()),
    ("refused after a restore", answered("refused/2500", after_restore=True), Doubt()),
    ("system failure", answered("refused/10000"), Doubt()),
    ("duplicate request id", answered("refused/600"), Doubt()),
    ("number used, named", answered("refused/6140:17"), Read("17")),
    (
        "number used by ours",
        answered("refused/6140:17", current=live_object("17", marker=OWN_MARKER)),
        Posted("17", adopted=True),
    ),
    (
        "number used by another",
        answered("refused/6140:17", current=live_object("17")),
        Hold("number_used", ("17",)),
    ),
    (
        "number used, gone",
        answered("refused/6140:17", current=live_object("17", state="deleted")),
        Hold("number_used", ("17",)),
    ),
    (
        "number used by another kind",
        answered(
            "refused/6140:17", current=live_object("17", state="deleted", content_known=False)
        ),
        Hold("number_used"),
    ),
    ("number used, not named", answered("refused/6140"), Hold("number_used")),
    ("number used on a re-send", answered("doubt", "refused/6140:17"), Doubt()),
    (
        "somebody else writes the list",
        answered("refused/6000-list", kind="vendor"),
        Requeue(renew=True),
    ),
    (
        "somebody else writes the list for the fourth time",
        answered(*["refused/6000-list"] * 4, kind="vendor"),
        Requeue(renew=True),
    ),
    (
        "somebody else writes the list for the fifth time",
        answered(*["refused/6000-list"] * 5, kind="vendor"),
        Hold("refused"),
    ),
    (
        "somebody else writes the list on a re-send",
        answered("doubt", "refused/6000-list", kind="vendor"),
        Doubt(),
    ),
    ("name used", answered("refused/6240", kind="vendor"), Search()),
    (
        "name used by the same vendor",
        answered(
            "refused/6240",
            kind="vendor",
            search_results=(live_object(agreements={Agreement.SAME_NAME}),),
        ),
        Posted("7", adopted=True),
    ),
    (
        "name used by an inactive one",
        answered(
            "refused/6240",
            kind="vendor",
            search_results=(live_object(state="inactive", agreements={Agreement.SAME_NAME}),),
        ),
        Hold("name_used", ("7",)),
    ),
    (
        "name used by a customer",
        answered("refused/6240", kind="vendor", search_results=()),
        Hold("name_used"),
    ),
]

DOUBTS = [
    ("quiet time not over", unknown("doubt", quiet_period=JUST_NOW), Wait()),
    ("quiet time over", unknown("doubt"), Search()),
    ("an id was seen: no waiting", unknown("landed:7", quiet_period=JUST_NOW), Read("7")),
    ("an id was seen and is there", unknown("landed:7", current=OURS), Posted("7")),
    ("an id was seen and was deleted", unknown("landed:7", current=GONE), Ask("deleted", ("7",))),
    ("two ids were seen", unknown("landed:7", "landed:8"), Ask("several", ("7", "8"))),
    (
        "two ids were seen, one rejected",
        unknown("landed:7", "landed:8", rejected_ids={"8"}),
        Read("7"),
    ),
    ("an id in an answer not believed", unknown("doubt:7", quiet_period=JUST_NOW), Read("7")),
    ("that id is ours", unknown("doubt:7", quiet_period=JUST_NOW, current=OURS), Posted("7")),
    (
        "that id is not ours, not quiet",
        unknown("doubt:7", quiet_period=JUST_NOW, current=PLAIN),
        Wait(),
    ),
    ("that id is not ours, quiet", unknown("doubt:7", current=PLAIN), Search()),
    (
        "that id is not ours, nothing there",
        unknown("doubt:7", current=PLAIN, search_results=()),
        Send(resend=True),
    ),
    (
        "a believed refusal still to be read",
        unknown("refused/6140:17", quiet_period=JUST_NOW),
        Read("17"),
    ),
    ("a refusal's id is not ours", unknown("doubt", "refused/6140:17"), Search()),
    (
        "number used on a re-send, and the search found nothing of ours",
        unknown("doubt", "refused/6140:17", search_results=()),
        Read("17"),
    ),
    (
        "number used on a re-send by ours, which the search missed",
        unknown(
            "doubt",
            "refused/6140:17",
            search_results=(),
            current=live_object("17", marker=OWN_MARKER),
        ),
        Posted("17", adopted=True),
    ),
    (
        "number used on a re-send by another",
        unknown("doubt", "refused/6140:17", search_results=(), current=live_object("17")),
        Hold("number_used", ("17",)),
    ),
    (
        "number used on a re-send, after another one was read",
        unknown("doubt:7", "refused/6140:17", search_results=(), current=PLAIN),
        Read("17"),
    ),
    (
        "number used on a re-send by one that was rejected",
        unknown("doubt", "refused/6140:17", search_results=(), rejected_ids={"17"}),
        Hold("number_used"),
    ),
    (
        "name used on a re-send, and nothing of ours there",
        unknown("doubt", "refused/6240", kind="vendor", search_results=()),
        Hold("name_used"),
    ),
    ("one with our marker", unknown("doubt", search_results=(OURS,)), Posted("7", adopted=True)),
    (
        "ours among others",
        unknown("doubt", search_results=(live_object("9", party="56"), OURS)),
        Posted("7", adopted=True),
    ),
    (
        "two with our marker",
        unknown("doubt", search_results=(OURS, live_object("8", marker=OWN_MARKER))),
        Ask("several", ("7", "8")),
    ),
    (
        "two, one rejected",
        unknown(
            "doubt", search_results=(OURS, live_object("8", marker=OWN_MARKER)), rejected_ids={"8"}
        ),
        Posted("7", True),
    ),
    (
        "ours, voided",
        unknown("doubt", search_results=(live_object(state="voided", marker=OWN_MARKER),)),
        Ask("voided", ("7",)),
    ),
    (
        "ours, deleted",
        unknown("doubt", search_results=(live_object(state="deleted", marker=OWN_MARKER),)),
        Ask("deleted", ("7",)),
    ),
    (
        "unmarked of the same party",
        unknown("doubt", search_results=(live_object(party="56"),)),
        Ask("alike", ("7",)),
    ),
    (
        "unmarked of the same number",
        unknown("doubt", search_results=(live_object(number="A-1"),)),
        Ask("alike", ("7",)),
    ),
    (
        "unmarked of the same total",
        unknown("doubt", search_results=(live_object(total=Decimal(100)),)),
        Ask("alike", ("7",)),
    ),
    (
        "unmarked, nothing in common",
        unknown("doubt", search_results=(live_object(party="1", number="B"),)),
        Send(resend=True),
    ),
    (
        "unmarked and empty",
        unknown("doubt", party="", number="", search_results=(live_object(),)),
        Send(resend=True),
    ),
    ("a voided one", unknown("doubt", search_results=(VOID,)), Ask("alike", ("7",))),
    (
        "a deleted one never seen",
        unknown("doubt", search_results=(live_object(state="deleted", content_known=False),)),
        Ask("alike", ("7",)),
    ),
    (
        "a deleted one known to differ",
        unknown("doubt", search_results=(live_object(state="deleted", party="1"),)),
        Send(resend=True),
    ),
    ("another identity's marker", unknown("doubt", search_results=(OTHERS,)), Send(resend=True)),
    (
        "another document's posting",
        unknown("doubt", search_results=(live_object(party="56", foreign=True),)),
        Send(resend=True),
    ),
    (
        "alike but rejected",
        unknown("doubt", search_results=(live_object(party="56"),), rejected_ids={"7"}),
        Send(resend=True),
    ),
    (
        "deleted longer ago than QuickBooks remembers",
        unknown("doubt", search_results=(FORGOTTEN,)),
        Ask("forgotten"),
    ),
    ("nothing there", unknown("doubt", search_results=()), Send(resend=True)),
    (
        "deleted, a person wants it again",
        unknown("landed:7", search_results=(GONE,), rejected_ids={"7"}, rekey=True),
        Send(resend=True, renew=True),
    ),
    (
        "nothing there, a person asked again",
        unknown("doubt", search_results=(), rekey=True),
        Send(resend=True, renew=True),
    ),
    (
        "nothing there, gone at the source",
        unknown("doubt", search_results=(), is_unwanted=True),
        Withdraw(),
    ),
    ("refused and absent", unknown("doubt", "refused/6210", search_results=()), Hold("refused")),
    (
        "refused, throttled and absent",
        unknown("doubt", "refused/6210", "throttled", search_results=()),
        Hold("refused"),
    ),
    (
        "refused, then in doubt, and absent",
        unknown("refused", "doubt", search_results=()),
        Send(resend=True),
    ),
    (
        "duplicate request id and absent",
        unknown("refused/600", search_results=()),
        Send(resend=True),
    ),
    (
        "sent in a batch, and absent",
        unknown("+doubt", search_results=()),
        Send(resend=True, renew=True),
    ),
    (
        "a killed batch, and absent",
        unknown("+sent", search_results=()),
        Send(resend=True, renew=True),
    ),
    (
        "absent after the batch, then alone",
        unknown("+doubt", "doubt", sends_at_proof=1, search_results=()),
        Send(resend=True),
    ),
    (
        "sent in a batch, and there",
        unknown("+doubt", search_results=(OURS,)),
        Posted("7", adopted=True),
    ),
    (
        "somebody else wrote the list on a re-send, and absent",
        unknown("doubt", "refused/6000-list", kind="vendor", search_results=()),
        Send(resend=True, renew=True),
    ),
    (
        "somebody else wrote the list on the fifth re-send, and absent",
        unknown("doubt", *["refused/6000-list"] * 5, kind="vendor", search_results=()),
        Hold("refused"),
    ),
    ("the fourth round", unknown("doubt", search_results=(), proved_absences=3), Send(resend=True)),
    ("the fifth round", unknown("doubt", search_results=(), proved_absences=4), Hold("rounds")),
    ("restored and absent", unknown(after_restore=True, search_results=()), Send(resend=True)),
    (
        "restored and there",
        unknown(after_restore=True, search_results=(OURS,)),
        Posted("7", adopted=True),
    ),
    (
        "a vendor of that name",
        unknown(
            "doubt", kind="vendor", search_results=(live_object(agreements={Agreement.SAME_NAME}),)
        ),
        Posted("7", True),
    ),
    (
        "an inactive vendor of that name",
        unknown(
            "doubt",
            kind="vendor",
            search_results=(live_object(state="inactive", agreements={Agreement.SAME_NAME}),),
        ),
        Ask("inactive", ("7",)),
    ),
    (
        "other vendors",
        unknown("doubt", kind="vendor", search_results=(live_object(party="56"),)),
        Send(resend=True),
    ),
    (
        "a file",
        unknown(
            "doubt",
            operation="attach",
            search_results=(live_object(agreements={Agreement.SAME_FILE}),),
        ),
        Posted("7", adopted=True),
    ),
    (
        "two such files",
        unknown(
            "doubt",
            operation="attach",
            search_results=(
                live_object(agreements={Agreement.SAME_FILE}),
                live_object("8", agreements={Agreement.SAME_FILE}),
            ),
        ),
        Ask("several", ("7", "8")),
    ),
    ("no such file", unknown("doubt", operation="attach", search_results=()), Send(resend=True)),
]

CHANGED = [
    (
        "somebody else writes the list of the entry to change",
        change("update", "refused/6000-list", state="sending", kind="vendor"),
        Requeue(renew=True),
    ),
    ("looked at first", change("update"), Read("7")),
    ("as we left it", change("update", current=AT_BASE), Send()),
    ("written to, content as known", change("update", current=AS_KNOWN), Send(rebase="3")),
    ("already as meant", change("update", current=AS_PLANNED), Posted("7")),
    ("edited by a person", change("update", current=EDITED), Ask("changed", ("7",))),
    (
        "edited, and a person says: write over it",
        change("update", current=EDITED, overwrite_permitted="7:3"),
        Send(rebase="3"),
    ),
    (
        "edited again after a person said: write over it",
        change("update", current=live_object(token="4"), overwrite_permitted="7:3"),
        Ask("changed", ("7",)),
    ),
    (
        "another transaction was rejected, not this version",
        change("update", current=EDITED, rejected_ids={"7"}),
        Ask("changed", ("7",)),
    ),
    ("voided by a person", change("update", current=VOID), Ask("voided", ("7",))),
    ("deleted by a person", change("update", current=GONE), Ask("deleted", ("7",))),
    ("success", change("update", "landed:7", state="sending"), Posted("7")),
    (
        "success on a re-send is read",
        change("update", "doubt", "landed:7", state="sending"),
        Read("7"),
    ),
    (
        "re-sent and as meant",
        change("update", "doubt", "landed:7", state="sending", current=AS_PLANNED),
        Posted("7"),
    ),
    (
        "re-sent and edited",
        change("update", "doubt", "landed:7", state="sending", current=EDITED),
        Ask("changed", ("7",)),
    ),
    (
        "re-sent and edited, with the marker of the document",
        change(
            "update",
            "doubt",
            "landed:7",
            state="sending",
            current=live_object(token="3", marker=OWN_MARKER),
        ),
        Ask("changed", ("7",)),
    ),
    ("stale token", change("update", "refused/5010", state="sending"), Read("7")),
    (
        "stale, as known",
        change("update", "refused/5010", state="sending", current=AS_KNOWN),
        Send(rebase="3"),
    ),
    (
        "stale, as meant",
        change("update", "refused/5010", state="sending", current=AS_PLANNED),
        Posted("7"),
    ),
    (
        "stale, edited",
        change("update", "refused/5010", state="sending", current=EDITED),
        Ask("changed", ("7",)),
    ),
    (
        "called stale but is not",
        change("update", "refused/5010", state="sending", current=AT_BASE),
        Hold("refused"),
    ),
    (
        "stale for the fourth time",
        change("update", *["refused/5010"] * 4, state="sending", current=AS_KNOWN),
        Send(rebase="3"),
    ),
    (
        "stale for the fifth time",
        change("update", *["refused/5010"] * 5, state="sending", current=AS_KNOWN),
        Hold("refused"),
    ),
    ("stale on a re-send", change("update", "doubt", "refused/5010", state="sending"), Doubt()),
    ("refused", change("update", "refused/6210", state="sending"), Hold("refused")),
    ("something is missing", change("update", "refused/610", state="sending"), Read("7")),
    (
        "it is missing",
        change("update", "refused/610", state="sending", current=GONE),
        Ask("deleted", ("7",)),
    ),
    (
        "it is there, so what it refers to is missing",
        change("update", "refused/610", state="sending", current=AT_BASE),
        Hold("refused"),
    ),
    ("a restore does not touch it", change("update", after_restore=True), Read("7")),
    (
        "in doubt, not quiet",
        change("update", "doubt", state="unknown", quiet_period=JUST_NOW),
        Wait(),
    ),
    ("in doubt", change("update", "doubt", state="unknown"), Read("7")),
    (
        "in doubt, not written",
        change("update", "doubt", state="unknown", current=AT_BASE),
        Send(resend=True),
    ),
    (
        "in doubt, written as meant",
        change("update", "doubt", state="unknown", current=AS_PLANNED),
        Posted("7"),
    ),
    (
        "in doubt, another wrote it",
        change("update", "doubt", state="unknown", current=AS_KNOWN),
        Send(resend=True),
    ),
    (
        "in doubt, edited",
        change("update", "doubt", state="unknown", current=EDITED),
        Ask("changed", ("7",)),
    ),
    (
        "in doubt, deleted",
        change("update", "doubt", state="unknown", current=GONE),
        Ask("deleted", ("7",)),
    ),
    (
        "refused, not written",
        change("update", "doubt", "refused", state="unknown", current=AT_BASE),
        Hold("refused"),
    ),
    (
        "fifth round",
        change("update", "doubt", state="unknown", current=AT_BASE, proved_absences=4),
        Hold("rounds"),
    ),
    ("proved absent, looked at again", change("update", "doubt", sends_at_proof=1), Read("7")),
    (
        "proved absent, same token",
        change("update", "doubt", sends_at_proof=1, current=AT_BASE),
        Send(resend=True),
    ),
    (
        "proved absent, new token",
        change("update", "doubt", sends_at_proof=1, current=AS_KNOWN),
        Send(resend=True, rebase="3"),
    ),
    ("delete: as known", change("delete", current=AT_BASE), Send()),
    ("delete: edited", change("delete", current=EDITED), Ask("changed", ("7",))),
    ("delete: voided by a person", change("delete", current=VOID), Posted("7")),
    ("delete: gone already", change("delete", current=GONE), Posted("7")),
    ("delete: something is missing", change("delete", "refused/610", state="sending"), Read("7")),
    (
        "delete: it is missing",
        change("delete", "refused/610", state="sending", current=GONE),
        Posted("7"),
    ),
    (
        "delete: it is there, so what it refers to is missing",
        change("delete", "refused/610", state="sending", current=AT_BASE),
        Hold("refused"),
    ),
    (
        "delete: in doubt and gone",
        change("delete", "doubt", state="unknown", current=GONE),
        Posted("7"),
    ),
    (
        "delete: in doubt and there",
        change("delete", "doubt", state="unknown", current=AT_BASE),
        Send(resend=True),
    ),
    ("void: voided already", change("void", current=VOID), Posted("7")),
    (
        "void: in doubt and voided",
        change("void", "doubt", state="unknown", current=VOID),
        Posted("7"),
    ),
    ("void: deleted by a person", change("void", current=GONE), Posted("7")),
]


@pytest.mark.parametrize(
    ("history", "step"),
    [
        pytest.param(history, step, id=f"{table}-{name}")
        for table, rows in [
            ("first", FIRST_SEND),
            ("answer", ANSWERS),
            ("doubt", DOUBTS),
            ("change", CHANGED),
        ]
        for name, history, step in rows
    ],
)
def test_each_history_of_the_tables_leads_to_its_step(history: History, step: Step) -> None:
    assert decide(history) == step


@pytest.mark.parametrize(
    ("quiet", "passed"),
    [
        (QuietPeriod(is_own_call=True, local_seconds=179.9), False),
        (QuietPeriod(is_own_call=True, local_seconds=180), True),
        (QuietPeriod(is_own_call=True, local_seconds=0, remote_seconds=10_000), False),
        (QuietPeriod(is_own_call=False, local_seconds=180), False),
        (QuietPeriod(is_own_call=False, local_seconds=279.9), False),
        (QuietPeriod(is_own_call=False, local_seconds=280), True),
        (QuietPeriod(is_own_call=False, local_seconds=0, remote_seconds=279.9), False),
        (QuietPeriod(is_own_call=False, local_seconds=0, remote_seconds=280), True),
        (QuietPeriod(is_own_call=False, local_seconds=0, remote_seconds=None), False),
        (
            QuietPeriod(is_own_call=False, local_seconds=3, deadline_seconds=1, quiet_seconds=2),
            True,
        ),
    ],
)
def test_how_long_nothing_may_be_under_way(quiet: QuietPeriod, passed: bool) -> None:
    assert quiet.is_over() is passed


def test_a_refusal_is_believed_only_when_nothing_before_it_was_in_doubt() -> None:
    assert is_refusal_credible(answered("unsent", "throttled", "refused/2500", "refused/6210"))
    assert not is_refusal_credible(answered("doubt", "throttled", "refused/6210"))
    assert not is_refusal_credible(answered("refused/10000"))


def test_a_doubt_is_remembered_after_its_absence_was_proved() -> None:
    assert is_doubtful(create("doubt", "refused", sends_at_proof=2, proved_absences=2))


@pytest.mark.parametrize(
    "history", [create(), create("+throttled", "unauthorised"), create("refused/6210")]
)
def test_a_first_send_of_a_new_transaction_may_go_in_a_batch(history: History) -> None:
    assert is_batchable(history)


ALONE = [
    create("doubt", sends_at_proof=1),
    create("+doubt", sends_at_proof=1),
    create("sent"),
    create("+declined"),
    create(rekey=True),
    create(after_restore=True, sends_at_proof=0),
    create(kind="vendor"),
    change("update"),
    create(operation="attach"),
]


@pytest.mark.parametrize("history", ALONE)
def test_postings_once_in_doubt_or_not_new_transactions_are_not_batched(history: History) -> None:
    assert not is_batchable(history)


@pytest.mark.parametrize(
    ("search_results", "word"),
    [
        ((), "absent"),
        ((OURS,), "present"),
        ((live_object(party="56"),), "alike"),
        ((OURS, live_object("8", marker=OWN_MARKER)), "several"),
    ],
)
def test_a_search_has_a_verdict(search_results: tuple[QuickBooksObject, ...], word: str) -> None:
    assert decide_search_verdict(unknown("doubt", search_results=search_results)) == word
