"""Random histories of sources, admins, bookkeepers and networks, which end with right books."""

import shutil
from contextlib import suppress
from decimal import Decimal as D
from pathlib import Path

from sqlalchemy import select

from hub import Gone, outbox
from hub.db.engine import db, read_only_session, transaction
from hub.errors import HubError
from hub.installations import matches
from hub.models import Attempt, Installation, Posting, SourceDocument
from hub.payloads.entities import ENTITY_BY_KIND
from hub.posting.actions import retries, undo
from hub.posting.outcome import batch_sizing
from hub.qbo.oauth import connect as oauth_connect
from hub.rate_limits.limiter import LIMITERS
from hub.scheduling import runner
from hub.security import audit_check
from qbo_sandbox import factory as sandbox_factory
from qbo_sandbox.accounting.refusals import Refusal
from tests.support.proofs.random_histories import BEGINNING, step
from tests.support.proofs.sent_keys import torn_batches, unproved_keys
from tests.support.rows import document_states
from tests.support.runs import prepared_state
from tests.support.servers.unsynced_database import make_volatile
from tests.support.sources.every_kind_source import SUPPLIER, ShopSite, document, invoice, line

OPEN_CODE = "K-9"  # a cost code that matches no name in the books
FAULTS = (
    "lose_request",
    "lose_answer",
    "reset",
    "truncate",
    "server_error",
    "unavailable",
    "bad_gateway",
    "internal",
    "bid_missing",
    "bid_twice",
)
# The first ones more often: most requests are creations, alone or in batches.
CALLS = (
    "*.create",
    "*.create",
    "batch",
    "batch",
    "vendor.create",
    "*.update",
    "*.delete",
    "*.void",
    "query*",
    "cdc",
    "token.refresh",
)
KINDS = ("bill", "purchase_order", "invoice")
KINDS_WITHOUT_VOID = ("Bill", "PurchaseOrder")  # kinds that QuickBooks cannot void
SLOTS, AMOUNTS, BOOLEANS = range(5), range(1, 901), (True, False)
SENDING_MODES = ("batch", "batch", "single")


class StartingPoint:
    """A hub with the shop installed, the starting point of every history.

    With an odd number the hub has collected before and reads its lists only when they are old; with
    an even one it is new and reads them before the end.
    """

    def __init__(self, app, quickbooks, clock, number=0, source=None):
        self.app, self.quickbooks, self.clock = make_volatile(app), quickbooks, clock
        quickbooks.switch(previous_refresh_token="grace")
        self.shop = ShopSite(app, quickbooks, clock, source=source, gone="delete")
        self.is_new = number % 2 == 0
        self.parts = set(app.extensions) - {LIMITERS}  # what a new process has at once
        if not self.is_new:
            self.shop.run()
        head = Path(db.engine.url.database).parent / "audit.head"
        self.head = head.read_bytes() if head.exists() else b""
        self.start_state = prepared_state.store(quickbooks)
        self.start = clock.now()
        self.batches = 0

    def reset(self):
        """Restore the starting point and forget the process's state."""
        self.clock.set(self.start)
        self.quickbooks.faults.clear()
        path = Path(db.engine.url.database)
        for name in ("hub.db", "hub.db-wal", "hub.db-shm"):
            (path.parent / name).unlink(missing_ok=True)
        prepared_state.restore(self.quickbooks, self.start_state)
        shutil.rmtree(path.parent / "sends", ignore_errors=True)
        (path.parent / "audit.head").unlink(missing_ok=True)
        if self.head:
            (path.parent / "audit.head").write_bytes(self.head)
        self.shop.source.items.clear()
        self.restart()

    def restart(self):
        for name in set(self.app.extensions) - self.parts:
            self.app.extensions.pop(name)


def document_of(slot, amount, code):
    """Return the document of a slot in its current version."""
    kind, id, total = KINDS[slot % 3], f"{KINDS[slot % 3]}:{slot}", str(D(amount))
    if kind == "invoice":
        return invoice(id, total, number=f"N-{slot}")
    body = line("1", total, cost=code)
    return document(kind, id, body, total=total, supplier=SUPPLIER, number=f"N-{slot}")


class Machine:
    """A history; at its end all work settles and the books are compared."""

    starting_point: StartingPoint

    def __init__(self):
        self.starting_point.reset()
        self.shop, self.quickbooks, self.clock = (
            self.starting_point.shop,
            self.starting_point.quickbooks,
            self.starting_point.clock,
        )
        self.skipped = set()  # source ids that a person chose not to post or not to remove
        self.touched = set()  # source ids that a person changed in QuickBooks

    # -- the source --------------------------------------------------------------------------------

    @step(8, is_usual=True, slot=SLOTS, amount=AMOUNTS, code=("Fuel", "Fuel", OPEN_CODE))
    def arrive_or_revise(self, slot, amount, code):
        self.shop.put(document_of(slot, amount, code))

    @step(6, is_usual=True, amount=AMOUNTS)
    def arrive_together(self, amount):
        self.shop.put(*(document_of(slot, amount + slot, "Fuel") for slot in range(len(KINDS))))

    @step(3, slot=SLOTS)
    def delete_at_the_source(self, slot):
        id = document_of(slot, 1, "Fuel").source_id
        if id in self.shop.source.items:
            self.shop.put(Gone(source_id=id))

    # -- the admin ---------------------------------------------------------------------------------

    @step(2, record=("Fuel", "Advertising", ""))
    def match(self, record):
        accounts = {account["Name"]: account["Id"] for account in self.shop.books("Account")}
        with transaction() as session:
            row = session.get_one(Installation, self.shop.id)
            matches.store_decision(
                session, row, "cost", OPEN_CODE, accounts.get(record, ""), who="kari"
            )

    @step(2, mode=("auto", "auto", "review"))
    def choose_mode(self, mode):
        with transaction() as session:
            session.get_one(Installation, self.shop.id).mode = mode
            if mode == "review":
                outbox.return_to_review(session, self.shop.id)

    @step(BEGINNING, mode=SENDING_MODES, amount=AMOUNTS)
    def start_approval(self, mode, amount):
        self.send_by(mode)
        self.arrive_together(amount)

    @step(2, mode=SENDING_MODES)
    def send_by(self, mode):
        batch_sizing.store_mode(1, mode, "kari")

    @step(3)
    def approve_all(self):
        with transaction() as session:
            outbox.approve_all(session, self.shop.id, "kari")

    @step(12, is_usual=True, wait=BOOLEANS)
    def sync(self, wait):
        check_run(runner.sync(self.shop.id, requested_by="kari", wait=wait))

    @step(2)
    def poll_changes(self):
        check_run(runner.run_company_job("changes", 1, requested_by="kari"))

    @step(3, slot=SLOTS)
    def retry(self, slot):
        self.decide(slot, lambda posting, id: retries.retry(posting.id, "kari"))

    @step(2, slot=SLOTS)
    def skip(self, slot):
        def skip(posting, id):
            with transaction() as session:
                outbox.skip(session, session.get_one(Posting, posting.id), "kari", "Not ours")
            self.skipped.add(id)

        self.decide(slot, skip)

    @step(2, slot=SLOTS)
    def undo(self, slot):
        self.decide(slot, lambda posting, id: undo.undo(undo.plan_posting(posting.id), "kari"))

    @step()
    def disconnect(self):
        self.attempt(lambda: oauth_connect.disconnect(1, "kari"))

    @step(3, is_usual=True)
    def reconnect(self):
        scope, realm = "com.intuit.quickbooks.accounting", self.quickbooks.realm
        grant = self.quickbooks.app.grants.grant(sandbox_factory.CLIENT_ID, realm, scope)
        self.attempt(lambda: oauth_connect.connect_with_refresh_token(realm, grant.refresh))

    # -- a person in QuickBooks --------------------------------------------------------------------

    @step(6, slot=SLOTS, act=("edit", "void", "delete"))
    def touch(self, slot, act):
        transaction = self.find_live(document_of(slot, 1, "Fuel"))
        if transaction:
            more = {"set": {"TxnDate": "2026-02-27"}} if act == "edit" else {}
            act = "delete" if act == "void" and transaction[0] in KINDS_WITHOUT_VOID else act
            with suppress(Refusal):  # the books are closed
                self.quickbooks.act(act, kind=transaction[0], id=transaction[1]["Id"], **more)
                self.touched.add(document_of(slot, 1, "Fuel").source_id)

    @step(2, is_usual=True, date=(None, None, "2026-12-31"))
    def close_period(self, date):
        self.quickbooks.act("close_books", date=date)

    # -- the network -------------------------------------------------------------------------------

    @step(10, kind=FAULTS, call=CALLS, commit=BOOLEANS)
    def fault(self, kind, call, commit):
        self.quickbooks.add_fault(kind, call, commit=commit)

    @step()
    def restart(self):
        self.starting_point.restart()

    @step(3, seconds=(1, 200, 4000, 90_000))
    def pass_time(self, seconds):
        self.clock.advance(seconds)

    # -- helpers -----------------------------------------------------------------------------------

    def decide(self, slot, act):
        """Decide about the newest posting of a document; `act` gets it and the source id."""
        id = self.source_id_of(slot)
        posting = self.shop.posting(id)
        if posting:
            self.attempt(lambda: act(posting, id))

    def source_id_of(self, slot):
        return document_of(slot, 1, "Fuel").source_id

    @staticmethod
    def attempt(act):
        """Call a function that may be refused with a HubError."""
        with suppress(HubError):
            act()

    def find_live(self, source_document):
        """Return the live transaction with the marker of a document."""
        entities = self.marked_transactions().get(
            self.markers().get(source_document.source_id, "?"), []
        )
        return entities[0] if entities else None

    def marked_transactions(self):
        """Return the transactions with our markers by marker, voided ones excluded."""
        entities = {}
        for kind in map(ENTITY_BY_KIND.__getitem__, KINDS):
            for entity in self.shop.books(kind):
                note = entity.get("PrivateNote", "")
                if "[hub:" in note and not note.startswith("Voided"):
                    entities.setdefault(note.rpartition("[hub:")[2].rstrip("]"), []).append(
                        (kind, entity)
                    )
        return entities

    def markers(self):
        with read_only_session() as session:
            return dict(
                session.execute(select(SourceDocument.source_id, SourceDocument.marker)).all()
            )

    # -- the end -----------------------------------------------------------------------------------

    def teardown(self):
        self.settle_all()
        self.compare()
        with read_only_session() as session:
            self.starting_point.batches += len(
                set(session.scalars(select(Attempt.batch).where(Attempt.batch != "")))
            )
            assert unproved_keys(session) == []
            assert torn_batches(session) == []
            audit_check.verify(session)

    def settle_all(self):
        """Repair network, connection and mode, then approve and sync until nothing changes."""
        self.quickbooks.faults.clear()
        self.close_period(None)
        self.reconnect()
        self.choose_mode("auto")
        if self.starting_point.is_new:
            check_run(runner.run_company_job("lists", 1, requested_by="kari"))
        for _ in range(6):
            self.approve_all()
            self.clock.advance(4000)
            check_run(runner.run_company_job("changes", 1, requested_by="kari"))
            before = self.snapshot()
            check_run(runner.sync(self.shop.id, requested_by="kari", wait=True))
            if self.snapshot() == before:
                return
        raise AssertionError(f"it does not come to rest: {before}")

    def snapshot(self):
        with read_only_session() as session:
            return session.execute(
                select(Posting.id, Posting.state, Posting.revision, Posting.reasons)
            ).all()

    def compare(self):
        """Check that each document is in the books once as in the source, or has a reason."""
        marked, markers = self.marked_transactions(), self.markers()
        assert all(len(transactions) == 1 for transactions in marked.values()), marked
        assert set(marked) <= set(markers.values()), "a marker without a document"
        with read_only_session() as session:
            states = document_states.load_states(session, self.shop.id)
            rows = {
                row.source_id: row
                for row in session.scalars(select(SourceDocument))
                if row.id in states
            }
            query = select(Posting).where(Posting.state == "held")
            reasons = [(posting.document_id, posting.reason) for posting in session.scalars(query)]
        for id, row in rows.items():
            texts = [reason for document, reason in reasons if document == row.id]
            self.compare_document(id, states[row.id], marked.get(row.marker, []), texts)

    def compare_document(self, id, state, transactions, reasons):
        """Check that a document is in the books if it is said to be, and not twice."""
        where = (id, state, transactions, reasons)
        if state == "held":
            assert reasons, where
            assert all(reasons), where
        elif state == "posted":
            self.compare_posted(id, transactions, where)
        elif state == "missing":
            assert id in self.touched, where
        else:
            assert state in ("withdrawn", "skipped", "removed"), where
            assert not transactions or state == "skipped" or id in self.touched, where

    def compare_posted(self, id, transactions, where):
        """Check that a posted document has the source's amount, unless a person changed it."""
        expected = self.shop.source.items[id]
        assert transactions or id in self.touched, where
        assert isinstance(expected, Gone) <= (id in self.skipped), where
        is_changed_by_person = not transactions or id in self.touched | self.skipped
        if not is_changed_by_person:
            assert D(str(transactions[0][1]["TotalAmt"])) == expected.total, where


def check_run(run):
    """Check that no step of a run failed because of a defect of the hub."""
    assert "because of a defect" not in run.error, run.error
