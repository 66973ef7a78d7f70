"""kill -9 at every boundary of a run, and in the run that recovers: the same books as if nothing had happened."""

import os
import signal
from collections import Counter, defaultdict
from dataclasses import replace
from decimal import Decimal as D

import pytest
from sqlalchemy import func, select

from hub import Attachment, Code, Item, Party, hookimpl
from hub.engine import run
from hub.models import Attempt, Posting, Proof, SourceDocument
from hub.posting.protocol import NEVER_ARRIVED
from hub.qbo import oauth, records
from hub.store import db, reading
from tests import conftest, small_shop
from tests.crashing import World
from tests.small_shop import CLIENT, DAY, Shop, Till, document, everything, line
from tests.test_posting_kinds import alone

FULL = os.environ.get("HUB_PROOF") == "full"
EVERY = bool(os.environ.get("PROOF_EVENTS"))  # the long proof kills at each boundary, the full one at each third
LATER = 400
WOBBLE = 100  # boundaries that a run may pass more or fewer: a thread asks again for the token that another renews
FRESH = Code(id="s2", name="Fresh Supplier", create=Party(name="Fresh Supplier"))
SCAN = Attachment(id="f", name="scan.pdf", mime="application/pdf")


class Filed(Shop):
    """The shop, which has a file for every bill."""

    @hookimpl
    def hub_attachment(self, app, site, document, attachment):
        return b"%PDF-1.4 the paper"


def another(kind, **more):
    """A second document of a kind, which the books do not hold yet."""
    given = alone(kind)
    return replace(given, **{"source_id": f"{given.source_id}b", "number": None, **more})


TOGETHER = "five kinds in one batch"
PAYS = line("1", "60.00", pays="invoice:1b")
STORIES = {
    "bill with file, new vendor": [another("bill", codes={"supplier": FRESH}, attachments=(SCAN,))],
    "vendor credit, expense": [another("vendor_credit"), another("expense")],
    "invoice, payment": [another("invoice"), document("payment", "payment:1b", PAYS, total="75.00", client=CLIENT)],
    TOGETHER: [another(kind) for kind in ("bill", "vendor_credit", "expense", "purchase_order", "invoice")],
    "purchase order": [another("purchase_order")],
    "item, vendor": [
        another("item", details=Item(name="Nail", type="inventory", cost=D("1.20"), start=DAY)),
        another("vendor", details=Party(name="A third one")),
    ],
}
GROUPS = [[name] for name in STORIES] if FULL else [[*list(STORIES)[:2], TOGETHER]]
pytestmark = pytest.mark.timeout(1500)


class Shown:
    """A shop whose books hold one of everything, and a world in which its next documents are posted."""

    def __init__(self, app, quickbooks, clock, folder, url=lambda: ""):
        self.till = Till(app, quickbooks, clock)
        assert set(self.till.run(*everything()).values()) == {"posted"}
        clock.advance(5 * 3600)  # the access token is over, so that every story begins with a new one
        self.world = World(app, quickbooks, clock, folder, url)

    def tell(self, name):
        self.till.shop.items = {item.source_id: item for item in STORIES[name]}
        self.world.reset()
        if name == TOGETHER:
            self.world.change("UPDATE company SET batches = 'batch'")

    def sync(self):
        """One run to its rest; what stands afterwards."""
        run.sync(self.till.id, asked_by="kari", wait=True)
        with reading() as session:
            rows = select(SourceDocument.source_id, Posting.part, Posting.operation, Posting.state)
            standing = sorted(map(tuple, session.execute(rows.join(SourceDocument))))
            return standing, self.till.reasons(), self.till.cases(), unproved_keys(session), torn_batches(session)

    def undisturbed(self, name):
        """What one run makes of a story, and the boundaries that it passes."""
        self.tell(name)
        told = self.world.run(self.sync)
        assert {state for *_, state in told.made[0]} == {"posted"}, told.made
        return told, self.world.ledger()


def unproved_keys(session):
    """Postings sent under more keys than they have proofs; only a refusal with no doubt before it needs none."""
    proofs = dict(session.execute(select(Proof.posting_id, func.count()).group_by(Proof.posting_id)).all())
    sends = select(Attempt).where(Attempt.outcome.not_in(NEVER_ARRIVED)).order_by(Attempt.id)
    keys, doubted = defaultdict(dict), set()  # of each posting its keys, and whether a new one needed a proof
    for one in session.scalars(sends):
        keys[one.posting_id].setdefault(one.requestid, one.posting_id in doubted)
        if one.outcome != "refused":
            doubted.add(one.posting_id)
    return [id for id, needed in keys.items() if sum(needed.values()) > proofs.get(id, 0)]


def torn_batches(session):
    """Batches of which a part was sent, and postings that went in another batch after a doubt."""
    sends, torn, doubted = defaultdict(lambda: defaultdict(list)), [], set()
    for one in session.scalars(select(Attempt).order_by(Attempt.id)):
        sends[one.batch][one.fence].append((one.requestid, one.posting_id))
        torn += [one.batch] if one.batch and one.posting_id in doubted else []
        doubted |= {one.posting_id} if one.outcome in ("sent", "doubt") else set()
    torn += [batch for batch, sent in sends.items() if batch and len({tuple(items) for items in sent.values()}) > 1]
    return torn


@pytest.fixture
def filed(monkeypatch):
    monkeypatch.setattr(small_shop, "Shop", Filed)


@pytest.fixture
def shown(filed, app, quickbooks, clock, tmp_path):
    quickbooks.switch(previous_refresh_token="grace", requestid="ignore")
    return Shown(app, quickbooks, clock, tmp_path / "world")


@pytest.fixture
def shown_on_postgres(filed, pg_app, postgres, clock, tmp_path):
    quickbooks = conftest.mount_quickbooks(pg_app, clock)
    quickbooks.switch(previous_refresh_token="grace", requestid="ignore")
    company = oauth.connect_with_refresh_token(quickbooks.realm, quickbooks.refresh_tokens[quickbooks.realm])
    records.refresh(company.id)
    base, copies = db.engine.url.database, []

    def copy():
        for name in copies:
            conftest._drop(postgres, name)
        copies[:] = [f"{base}_copy"]
        conftest._run(postgres, f"CREATE DATABASE {copies[0]} TEMPLATE {base} STRATEGY file_copy")
        return conftest._named(postgres, copies[0])

    yield Shown(pg_app, quickbooks, clock, tmp_path / "world", copy)
    for name in copies:
        conftest._drop(postgres, name)


def killed(shown, at, where):
    """Whether it was killed there; a run that ended a few boundaries sooner passed on fewer waits of its threads."""
    told = shown.world.run(shown.sync, at=at)
    if told.code == -signal.SIGKILL:
        return True
    assert (told.code, at - len(told.names) <= WOBBLE) == (0, True), f"{where}: it was never reached"
    return False


def kill_at(shown, name, at, right, second=0):
    """Killed there, and perhaps again in the run that recovers; then a run that nobody disturbs, and the last kill."""
    shown.tell(name)
    where = f"{name}, killed at {at}" + (f" and then at {second}" if second else "")
    for boundary in filter(None, (at, second)):
        reached = killed(shown, boundary, where)
        if boundary % 3 or second:
            shown.world.clock.advance(LATER)  # so that the doubt need not be waited for
    told, books = shown.world.run(shown.sync), shown.world.ledger()
    assert (told.made, books - right[1], right[1] - books) == (right[0].made, Counter(), Counter()), where
    return told, reached


def kill_all(shown, stories, share):
    """Kills at every boundary of stories, or at each so manieth; at which sorts of boundaries."""
    counted = Counter()
    for number, name in enumerate(stories):
        right = shown.undisturbed(name)
        for at in range(1 + number * 7, len(right[0].names) + 1, share):
            _, reached = kill_at(shown, name, at, right)
            counted[right[0].names[at - 1]] += reached
    return counted


@pytest.mark.parametrize("stories", GROUPS, ids=" and ".join)
def test_a_kill_at_any_boundary_leaves_the_books_right(shown, figure, stories):
    reached = kill_all(shown, stories, 1 if EVERY else 3 if FULL else 250)
    figure(
        f"boundaries of {', '.join(stories)} killed at on SQLite", reached.total(), 100 if EVERY else 30 if FULL else 3
    )
    if EVERY:
        assert {"before send", "sent", "after answer", "before fsync", "after do_commit"} <= set(reached)


@pytest.mark.parametrize("stories", GROUPS if FULL else [list(STORIES)[:1]], ids=" and ".join)
def test_on_postgresql_as_well(shown_on_postgres, figure, stories):
    reached = kill_all(shown_on_postgres, stories, 4 if EVERY else 12 if FULL else 250)
    figure(
        f"boundaries of {', '.join(stories)} killed at on PostgreSQL",
        reached.total(),
        30 if EVERY else 8 if FULL else 1,
    )


@pytest.mark.parametrize("name", STORIES if FULL else list(STORIES)[:1])
def test_a_kill_in_the_run_that_recovers_changes_nothing(shown, figure, name):
    right = shown.undisturbed(name)
    first = max(at for at, passed in enumerate(right[0].names, 1) if passed == "sent")  # its answer never comes
    recovering, _ = kill_at(shown, name, first, right)
    chosen = range(1, len(recovering.names) + 1, 6 if EVERY else 15 if FULL else 200)
    reached = sum(kill_at(shown, name, first, right, second)[1] for second in chosen)
    figure(f"boundaries of the run that recovers {name} killed at", reached, 15 if EVERY else 5 if FULL else 1)
