"""Random histories of a few linked documents: each is in the books once and right, or in a case."""

import random
from collections import Counter

import pytest
from sqlalchemy import select

from hub import Gone, Unreadable, hookimpl
from hub.db.engine import read_only_session
from hub.errors import Retry
from hub.models import Posting, Run, SourceDocument
from tests.proofs.linked_documents import FACTS, GROUPS
from tests.proofs.linked_history import LinkedHistory
from tests.proofs.shop_machine import StartingPoint
from tests.support.proofs.resting_postings import judge_posting, list_cases, load_cases
from tests.support.proofs.sent_keys import torn_batches
from tests.support.rows import document_states
from tests.support.runs.tiers import by_form
from tests.support.sources.every_kind_source import SplittingSource

pytestmark = pytest.mark.proof
HISTORIES, STEPS = by_form(small=(1, 3), full=(2, 8), long=(100, 14))
DOCUMENT_EVENTS = {
    "change": 8,
    "correct": 3,
    "revert": 4,
    "leave": 2,
    "garble": 1,
    "decide": 6,
    "touch": 5,
}
OTHER_EVENTS = {
    "decide_case": 8,
    "pass_time": 4,
    "job": 2,
    "sync_until_killed": 2,
    "choose_mode": 2,
    "send_by": 1,
    "approve": 1,
    "match": 1,
    "close_books": 2,
    "index_late": 1,
    "take_back_skips": 2,
    "limit_approvals": 1,
    "switch_app": 1,
    "begin_on": 1,
    "include_early": 1,
    "back_up": 2,
    "restore": 2,
}
DECISIONS = (
    "retry",
    "post_again",
    "skip",
    "undo",
    "adopt",
    "reject",
    "put_back",
    "permit",
    "accept",
)
ACTS = ("edit amount", "edit memo", "edit day", "void", "delete", "delete", "pay")
FAULTS = (
    "lose_request",
    "lose_answer",
    "lose_answer",
    "truncate",
    "server_error",
    "throttled",
    "refusal",
    "stale_object",
    "internal",
)
CALLS = ("*.create", "*.create", "*.update", "*.delete", "*.void", "batch", "query*", "cdc")


class FiledSource(SplittingSource):
    """A source with files, one of which is late for a long time."""

    @hookimpl
    def hub_attachment(self, app, site, document, attachment):
        if attachment.id == "late":
            raise Retry("It is not scanned yet.")
        return b"%PDF-1.4 the paper"


def choose_events(number, steps, groups):
    """Return random events with their arguments; most documents begin and end without a defect.

    In each step some documents have an event, the hub has one or two, and the network perhaps one.
    """
    pick = random.Random(number)
    documents = [(name, kind) for name, group in groups.items() for kind in GROUPS[group]]
    corrections = [("correct", {"name": name, "kind": kind}) for name, kind in documents]
    events = [event for event in corrections if pick.random() < 0.8]
    events.append(("sync", {"wait": True}))
    for _ in range(steps):
        for name, group in groups.items():
            if pick.random() < 0.6:
                where = {"name": name, "kind": pick.choice(GROUPS[group])}
                events.append(choose_event(pick, DOCUMENT_EVENTS, **where))
        if pick.random() < 0.8:
            events.append(choose_event(pick, OTHER_EVENTS))
        if pick.random() < 0.6:
            events.append(choose_event(pick, {"fault": 1}))
        if pick.random() < 0.7:
            events.append(("sync", {"wait": pick.random() < 0.5}))
    return events + [event for event in corrections if pick.random() < 0.7]


def choose_event(pick, weights, **where):
    """Return a random event; `where` are the first arguments of events of a document."""
    (name,) = pick.choices(list(weights), list(weights.values()))
    return name, where | choose_arguments(pick, name)


def choose_arguments(pick, event):
    """Return random arguments of an event."""
    fact = pick.choice(list(FACTS))
    choices = {
        "change": {"fact": (fact,), "value": FACTS[fact]},
        "revert": {"place": range(8)},
        "sync_until_killed": {"call_number": range(1, 30), "is_done": (True, False)},
        "job": {"kind": ("changes", "reconcile", "lists")},
        "pass_time": {"seconds": (1, 200, 200, 4000, 90_000)},
        "choose_mode": {"mode": ("auto", "auto", "review", "review", "paused")},
        "approve": {"people": (("kari",), ("ola",), ("kari", "ola"))},
        "limit_approvals": {"limit": ("", "0", "70")},
        "switch_app": {"is_on": (True, False)},
        "begin_on": {"day": ("2026-01-01", "2026-03-05")},
        "send_by": {"mode": ("batch", "single")},
        "match": {"record": ("Fuel", "Advertising", "")},
        "decide": {"decision": DECISIONS, "place": (0, 0, 0, 1, 2)},
        "decide_case": {"decision": DECISIONS, "place": range(20)},
        "touch": {"act": ACTS, "place": range(3)},
        "close_books": {"day": (None, "2026-12-31")},
        "fault": {"kind": FAULTS, "call": CALLS, "commit": (True, False)},
        "index_late": {"seconds": (0, 30, 200)},
    }
    return {argument: pick.choice(values) for argument, values in choices.get(event, {}).items()}


def play(starting_point, groups, events):
    """Play a history to its end; return what is wrong, as sentences."""
    history = LinkedHistory(starting_point, groups)
    for name, arguments in events:
        getattr(history, name)(**arguments)
    history.settle()
    return judge(history)


def judge(history):
    """Return what is wrong with the postings and with the documents."""
    with read_only_session() as session:
        cases = load_cases(session)
        postings = session.scalars(select(Posting).order_by(Posting.id)).all()
        by_id = {posting.id: posting for posting in postings}
        problems = [text for posting in postings for text in judge_posting(posting, by_id, cases)]
        problems += session.scalars(select(Run.error).where(Run.error.contains("a defect")))
        problems += [f"a batch was sent in part: {batch}" for batch in torn_batches(session)]
        states = document_states.load_states(session, history.shop.id)
        rows = session.scalars(select(SourceDocument).where(SourceDocument.made_for == "")).all()
        present = {
            id for id, item in history.shop.source.items.items() if not isinstance(item, Gone)
        }
        problems += [f"never read: {id}" for id in present - {row.source_id for row in rows}]
        for row in rows:
            own = [posting for posting in postings if posting.document_id == row.id]
            about = list_cases(own, by_id, cases)
            problems += judge_document(history, row.source_id, states.get(row.id), about)
    return problems


def judge_document(history, source_id, state, about):
    """Return what is wrong with a document at rest; `about` are its cases."""
    kind, _, name = source_id.partition(":")
    wanted = history.shop.source.items[source_id]
    live, expected = history.describe(name, kind), history.groups[name].describe(kind)
    where = f"{source_id} is {state}, cases {about}, live {live}"
    is_as_wanted = Counter(live) == expected
    copies = max(Counter(place for place, *_ in live).values(), default=0)
    if copies > 1 and source_id not in history.doubled and "marker.twice" not in about:
        return [f"twice in the books: {where}"]
    if isinstance(wanted, Unreadable):
        is_known = about or source_id in history.left_out | history.accepted
        return [] if is_known else [f"unreadable without a case: {where}"]
    is_unwanted = isinstance(wanted, Gone) or wanted.stage == "closed"
    if about:
        is_flawless = not is_unwanted and wanted.stage == "ready" and not wanted.hold
        is_fine = is_flawless and state == "posted" and is_as_wanted
        # Its day or its memo may be edited, also before it is found there; a file may be late.
        others = set(about) - {"posted.edited", "outcome.differs", "outcome.file_delayed"}
        return [f"a case about nothing: {where}"] if is_fine and others else []
    if source_id in history.left_out | history.doubled | history.accepted:
        return []
    if is_unwanted:
        return [f"not removed: {where}"] if live else []
    if wanted.stage == "ready" and (wanted.hold or not is_as_wanted):
        return [f"not as at the source, {dict(expected)}: {where}"]
    files = history.count_files(name, kind)
    missing = {file.name for file in wanted.attachments} - files.keys()
    if (wanted.stage == "ready" and missing) or max(files.values(), default=0) > 1:
        return [f"has other files than at the source, {files}: {where}"]
    return []


@pytest.mark.parametrize("number", range(HISTORIES))
def test_linked_documents_are_in_the_books_once_or_in_a_case(app, quickbooks, clock, number):
    source = FiledSource(gone=("delete", "case")[number % 2])
    starting_point = StartingPoint(app, quickbooks, clock, number, source)
    groups = {f"x{place}": group for place, group in enumerate(GROUPS)}
    assert play(starting_point, groups, choose_events(number, STEPS, groups)) == []
