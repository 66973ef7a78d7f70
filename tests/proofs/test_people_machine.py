"""Random actions of people, crashes and restores: books, cases, counts and receipts agree."""

import base64
import hashlib
import hmac
import json
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal as D
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule
from sqlalchemy import select

from hub import Attachment, Code, Field, Gone, Party, hookimpl, outbox
from hub.db.engine import db, read_only_session, transaction
from hub.installations import early_documents, enable
from hub.models import Approval, Attempt, Case, Installation, Posting, SourceDocument, case_posting
from hub.models.enums import CHANGE_OPERATIONS
from hub.outbox import approvals
from hub.payloads.entities import ENTITY_BY_KIND
from hub.posting.actions import manual, overwrites, put_back, retries, undo
from hub.qbo import webhooks
from hub.scheduling import runner
from qbo_sandbox import factory as sandbox_factory
from qbo_sandbox.accounting.refusals import Refusal
from tests.proofs import shop_machine as base
from tests.support.processes import restored_database
from tests.support.processes.killed_calls import run_until_killed
from tests.support.rows import document_states
from tests.support.runs.tiers import by_form
from tests.support.sources.every_kind_source import (
    CLIENT,
    PRODUCT,
    SLUG,
    SUPPLIER,
    ShopSource,
    document,
    line,
)

pytestmark = pytest.mark.proof
SEEDS, EXAMPLES, STEPS = by_form(small=(1, 1, 20), full=(2, 2, 30), long=(20, 15, 50))
SAVED_HISTORIES = Path(__file__).parents[1] / "golden" / "people_machine"
RECEIPTS = ("queued", "posted", "part_paid", "paid", "held", "failed", "changed", "missing")
IN_QUICKBOOKS = ("posted", "part_paid", "paid", "changed")
KINDS = ("bill", "purchase_order", "invoice", "bill", "vendor_credit", "payment", "expense")
BOOK_KINDS = sorted({ENTITY_BY_KIND[kind] for kind in (*KINDS, "credit_memo")})
OTHER_KIND = {"bill": "vendor_credit", "vendor_credit": "bill", "invoice": "credit_memo"}
OTHER_SUPPLIER = Code(id="s2", name="Sea Timber", create=Party(name="Sea Timber"))
OTHER_CLIENT = Code(id="c2", name="Hill Homes", create=Party(name="Hill Homes"))
# The list entries that the documents name: kind, field of the name, name.
ENTRIES = (
    ("Vendor", "DisplayName", SUPPLIER.name),
    ("Vendor", "DisplayName", OTHER_SUPPLIER.name),
    ("Customer", "DisplayName", CLIENT.name),
    ("Customer", "DisplayName", OTHER_CLIENT.name),
    ("Item", "Name", PRODUCT.name),
    ("Account", "Name", "Fuel"),
)
SCAN = Attachment(id="f", name="scan.pdf", mime="application/pdf")
# How a version of a document differs from the usual one, by name.
VERSIONS = {
    "usual": {},
    "other number": {"number": "M-1"},
    "other day": {"date": date(2026, 3, 9)},
    "early": {"date": date(2025, 12, 9)},
    "pending": {"stage": "pending"},
    "closed": {"stage": "closed"},
    "change only": {"stage": "update_only"},
    "held": {"hold": "The source is not sure."},
    "other currency": {"currency": "EUR"},
    "with file": {"attachments": (SCAN,)},
    "other party": {},
    "other kind": {},
    "split": {},
    "wrong total": {},
}
slots, amounts = st.integers(0, len(KINDS) - 1), base.amounts
versions = st.sampled_from(sorted(VERSIONS))


class PeopleSource(ShopSource):
    """A shop with files, whose documents are split by customer."""

    @hookimpl
    def hub_fields(self, app):
        created = {"match": ("id", "name"), "missing": "create"}
        return [
            Field(name="client", label="Client", role="customer", differ="split", **created),
            Field(name="supplier", label="Supplier", role="vendor", **created),
            Field(name="product", label="Product", role="item", **created),
            Field(name="cost", label="Cost code", role="account", match=("id", "name")),
        ]

    @hookimpl
    def hub_attachment(self, app, site, document, attachment):
        return b"%PDF-1.4 the paper"


def source_id_of(slot):
    return f"{KINDS[slot]}:{slot}"


def version_of(slot, amount, version):
    """Return the document of a slot in a version."""
    kind, total = KINDS[slot], D(amount)
    facts = {"number": f"N-{slot}"} | VERSIONS[version]
    if version == "other kind":
        kind = OTHER_KIND.get(kind, kind)
    client = OTHER_CLIENT if version == "other party" else CLIENT
    supplier = OTHER_SUPPLIER if version == "other party" else SUPPLIER
    if kind in ("invoice", "credit_memo"):
        lines = [line("1", total, product=PRODUCT, client=client)]
        if version == "split":
            lines.append(line("2", "5.00", product=PRODUCT, client=OTHER_CLIENT))
        facts["client"] = client
    elif kind == "payment":
        facts.pop("attachments", None)
        lines, facts["client"] = [line("1", total, pays="invoice:2")], client
    else:
        lines = [line("1", total, cost="Fuel")]
        payer = {"payment_account": "41"} if kind == "expense" else {"supplier": supplier}
        facts |= payer
    total = sum(part.amount for part in lines) + (version == "wrong total")
    return document(kind, source_id_of(slot), *lines, total=total, **facts)


class PeopleMachine(base.Machine):
    """A history with what people decide and do; at its end everything that is said is true."""

    def __init__(self):
        super().__init__()
        self.shop.source.receipts.clear()
        self.backup.unlink(missing_ok=True)
        self.mode, self.limit, self.is_restored = "auto", None, False
        self.meddled = self.touched = self.skipped  # ids that people decided about or changed
        self.only_skipped = set[str]()  # those of them that a person only skipped

    @property
    def backup(self):
        return Path(db.engine.url.database).with_name("people.backup")

    # -- the source --------------------------------------------------------------------------------

    @initialize(mode=st.sampled_from(["batch", "single"]), amount=amounts)
    def start_approval(self, mode, amount):
        self.send_by(mode)
        self.arrive_together(amount)

    @rule(slot=slots, amount=amounts, version=versions)
    def arrive_or_revise(self, slot, amount, version):
        self.shop.put(version_of(slot, amount, version))

    @rule(amount=amounts)
    def arrive_together(self, amount):
        self.shop.put(*(version_of(slot, amount + slot, "usual") for slot in range(len(KINDS))))

    @rule(slot=slots, amount=amounts, version=versions)
    def name_existing(self, slot, amount, version):
        """Put a document that names the newest transaction of its kind, often of another one."""
        wanted = version_of(slot, amount, version)
        entities = self.shop.books(ENTITY_BY_KIND[wanted.kind])
        if entities and wanted.kind != "payment":
            self.shop.put(replace(wanted, quickbooks_id=entities[-1]["Id"]))

    @rule(slot=slots)
    def delete_at_the_source(self, slot):
        if source_id_of(slot) in self.shop.source.items:
            self.shop.put(Gone(source_id=source_id_of(slot)))

    # -- runs, each of which posts only what is approved -------------------------------------------

    @rule(wait=st.booleans(), seconds=st.sampled_from([0, 300, 4000]))
    def sync(self, wait, seconds=0):
        self.clock.advance(seconds)
        earlier = self.postings_sent()
        self.attempt(lambda: runner.sync(self.shop.id, requested_by="kari", wait=wait))
        with read_only_session() as session:
            for id in self.postings_sent() - earlier:
                self.check_approval(session, session.get_one(Posting, id))

    @rule(slot=slots, amount=amounts, version=versions, wait=st.booleans())
    def revise_and_sync(self, slot, amount, version, wait):
        self.arrive_or_revise(slot, amount, version)
        self.sync(wait)

    @rule(call_number=st.integers(1, 40), is_done=st.booleans())
    def sync_until_killed(self, call_number, is_done):
        run_until_killed(
            lambda: self.attempt(lambda: runner.sync(self.shop.id, requested_by="kari")),
            call_number,
            is_done=is_done,
        )
        self.restart()

    @rule(kind=st.sampled_from(["reconcile", "changes", "lists"]))
    def run_company_job(self, kind):
        runner.run_company_job(kind, 1, requested_by="kari")

    @staticmethod
    def postings_sent():
        with read_only_session() as session:
            return set(session.scalars(select(Attempt.posting_id)))

    def check_approval(self, session, posting):
        """Check that a person approved a posting in review mode, and two above the limit."""
        if posting.operation == "attach" or posting.document.made_for:
            return
        where = posting.document.source_id, posting.operation, posting.state
        assert self.mode != "review" or posting.approved_by, where
        if self.limit is None or posting.total is None or posting.total <= self.limit:
            return
        query = select(Approval.who).where(
            Approval.posting_id == posting.id, Approval.content == posting.planned
        )
        assert len(set(session.scalars(query))) >= approvals.REQUIRED_APPROVERS, where

    # -- the hub's people --------------------------------------------------------------------------

    @rule(mode=st.sampled_from(["auto", "review"]))
    def choose_mode(self, mode):
        self.mode = mode
        super().choose_mode(mode)

    @rule(limit=st.sampled_from([None, 0, 500]))
    def limit_approvals(self, limit):
        self.limit = limit
        with transaction() as session:
            row = session.get_one(Installation, self.shop.id)
            row.second_approval_above = None if limit is None else D(limit)

    @rule(people=st.sampled_from([["kari"], ["ola"], ["kari", "ola"]]))
    def approve_as(self, people):
        with transaction() as session:
            in_review = select(Posting.id).where(Posting.state == "review")
            ids = list(session.scalars(in_review))
            for who in people:
                approvals.add(session, ids, who)
                outbox.approve(session, ids, who)

    def decide(self, slot, act):
        posting = self.shop.posting(source_id_of(slot))
        if posting:
            self.attempt(lambda: act(posting))

    def meddle(self, id):
        """Note that a person decided about a document, or changed its transaction."""
        self.meddled.add(id)
        self.only_skipped.discard(id)

    @rule(slot=slots)
    def skip(self, slot):
        def skip(posting):
            manual.skip(posting.id, "Not ours", "kari")
            id = source_id_of(slot)
            if id not in self.meddled:
                self.only_skipped.add(id)
            self.meddled.add(id)

        self.decide(slot, skip)

    @rule(slot=slots)
    def take_back_skip(self, slot):
        def take_back(posting):
            retries.take_back_skip(posting.id, "kari")
            id = source_id_of(slot)
            if id in self.only_skipped:
                self.only_skipped.discard(id)
                self.meddled.discard(id)

        self.decide(slot, take_back)

    @rule(slot=slots)
    def post_again(self, slot):
        self.decide(slot, lambda posting: retries.post_again(posting.id, "kari"))

    @rule(slot=slots, place=st.integers(1, 4), is_taken=st.booleans())
    def compare_with(self, slot, place, is_taken):
        """Take one of the newest transactions for the document, or reject it."""

        def compare(posting):
            entities = self.shop.books(ENTITY_BY_KIND[posting.kind])[-place:]
            if entities and is_taken:
                manual.adopt(posting.id, entities[0]["Id"], "kari")
                self.meddle(source_id_of(slot))
            elif entities and posting.operation in CHANGE_OPERATIONS:
                overwrites.permit(posting.id, entities[0]["SyncToken"], "kari")
            elif entities:
                manual.reject_match(posting.id, entities[0]["Id"], "kari")
                if self.markers()[source_id_of(slot)] in entities[0].get("PrivateNote", ""):
                    self.meddle(source_id_of(slot))

        self.decide(slot, compare)

    @rule(slot=slots)
    def put_back(self, slot):
        def restore(posting):
            for entity in self.shop.books(ENTITY_BY_KIND[posting.kind]):
                if entity["Id"] == posting.quickbooks_id:
                    put_back.put_back(posting.id, entity["SyncToken"], "kari")

        self.decide(slot, restore)

    @rule()
    def undo_newest_run(self):
        query = select(Posting.run_id).where(Posting.run_id.is_not(None))
        with read_only_session() as session:
            run_id = session.scalars(query.order_by(Posting.run_id.desc())).first()
        if run_id:
            self.attempt(lambda: undo.undo(undo.plan_run(run_id), "kari"))

    @rule()
    def include_early(self):
        with transaction() as session:
            ids = list(session.scalars(select(SourceDocument.id)))
            row = session.get_one(Installation, self.shop.id)
            early_documents.include(session, row, ids, who="kari")

    @rule(is_on=st.booleans())
    def switch_app(self, is_on):
        if is_on:
            self.attempt(lambda: enable.enable(1, SLUG, {}, who="kari"))
        else:
            enable.disable(1, SLUG, who="kari")

    # -- people in QuickBooks ----------------------------------------------------------------------

    @rule(entry=st.sampled_from(ENTRIES), act=st.sampled_from(["deactivate", "rename", "restore"]))
    def change_entry(self, entry, act):
        kind, field, name = entry
        for entity in self.shop.books(kind):
            if not entity.get(field, "").startswith(name):
                continue
            with suppress(Refusal):
                if act == "deactivate":
                    self.quickbooks.act("deactivate", kind=kind, id=entity["Id"])
                    return
                self.quickbooks.act("activate", kind=kind, id=entity["Id"])
                new_name = f"{name} North" if act == "rename" else name
                self.quickbooks.act("edit", kind=kind, id=entity["Id"], set={field: new_name})

    @rule(slot=slots)
    def enter_by_hand(self, slot):
        """Enter a bill of the number and supplier of a document, which may be that document."""
        for entity in self.shop.books("Vendor"):
            if entity["DisplayName"] == SUPPLIER.name and KINDS[slot] == "bill":
                detail = {"AccountRef": {"value": "7"}}
                bill_line = {"Amount": 40, "DetailType": "AccountBasedExpenseLineDetail"}
                bill_line["AccountBasedExpenseLineDetail"] = detail
                bill = {"VendorRef": {"value": entity["Id"]}, "DocNumber": f"N-{slot}"}
                with suppress(Refusal):
                    self.quickbooks.act("create", kind="Bill", set=bill | {"Line": [bill_line]})

    def find_live(self, slot):
        marker = self.markers().get(source_id_of(slot), "?")
        return next(iter(self.marked_transactions().get(marker, [])), None)

    def marked_transactions(self):
        entities = defaultdict(list)
        for kind in BOOK_KINDS:
            for entity in self.shop.books(kind):
                note = entity.get("PrivateNote", "")
                if "[hub:" in note and not note.startswith("Voided"):
                    entities[note.rpartition("[hub:")[2].rstrip("]")].append((kind, entity))
        return entities

    @rule(slot=slots, act=st.sampled_from(["edit", "void", "delete", "pay"]))
    def touch(self, slot, act):
        kind, entity = self.find_live(slot) or ("", {})
        if not kind or (act == "pay" and kind not in ("Invoice", "Bill")):
            return
        if act == "void" and kind not in ("Invoice", "Payment"):
            act = "delete"
        more = {"set": {"TxnDate": "2026-02-27"}} if act == "edit" else {}
        with suppress(Refusal):  # the books are closed, or it is paid already
            self.quickbooks.act(act, kind=kind, id=entity["Id"], **more)
            if act != "pay":
                self.meddle(source_id_of(slot))

    @rule(slot=slots, operation=st.sampled_from(["Create", "Update", "Delete"]))
    def webhook_twice(self, slot, operation):
        kind, entity = self.find_live(slot) or ("Bill", {"Id": "99"})
        event = {"name": kind, "id": entity["Id"], "operation": operation}
        event["lastUpdated"] = self.clock.now().isoformat()
        change = {"realmId": self.quickbooks.realm, "dataChangeEvent": {"entities": [event]}}
        body = json.dumps({"eventNotifications": [change]}).encode()
        seal = hmac.new(sandbox_factory.WEBHOOK_VERIFIER.encode(), body, hashlib.sha256).digest()
        for _ in range(2):
            webhooks.receive({"intuit-signature": base64.b64encode(seal).decode()}, body)

    # -- the machine -------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0, 30, 200]))
    def index_late(self, seconds):
        self.quickbooks.switch(index_lag=seconds)

    @rule()
    def back_up(self):
        restored_database.back_up(self.backup)

    @rule()
    def restore_backup(self):
        if not self.backup.exists():
            return
        self.is_restored = True
        restored_database.restore_from(self.backup)
        self.restart()
        with read_only_session() as session:
            row = session.get_one(Installation, self.shop.id)
            self.mode, self.limit = row.mode, row.second_approval_above

    # -- the end -----------------------------------------------------------------------------------

    def settle_all(self):
        self.switch_app(is_on=True)
        super().settle_all()

    def teardown(self):
        self.quickbooks.switch(index_lag=0)
        for entry in ENTRIES:
            self.change_entry(entry, "restore")
        self.limit_approvals(None)
        for _ in range(2):
            self.settle_all()
            self.clock.advance(100_000)  # what waits for longer than a day needs a case
        self.run_company_job("reconcile")
        self.settle_all()
        with read_only_session() as session:
            states = document_states.load_states(session, self.shop.id)
            self.check_counts(session, Counter(states.values()))
            self.check_cases(session)
            for document_id, state in states.items():
                row = session.get_one(SourceDocument, document_id)
                self.check_receipt(row, state)
                self.check_document(session, row, state)

    def check_counts(self, session, states):
        """Check that the numbers of the pages are those of the documents."""
        counts = outbox.count_documents(session, self.shop.id)
        assert counts["documents"] == states.total(), (counts, states)
        for state in ("posted", "held", "missing", "removed", "skipped", "withdrawn"):
            assert counts[state] == states[state], (counts, states)

    def check_cases(self, session):
        """Check that each held posting has an open case, and that no case is about nothing."""
        query = select(Case, Posting).join(case_posting, case_posting.c.case_id == Case.id)
        query = query.join(Posting, Posting.id == case_posting.c.posting_id)
        stopped = set()
        for case, posting in session.execute(query.where(Case.closed_at.is_(None))):
            assert posting.state not in ("skipped", "withdrawn"), (case.cause, posting.state)
            stopped.add(posting.id)
        held = session.scalars(select(Posting).where(Posting.state == "held"))
        assert {posting.id for posting in held} <= stopped

    def check_receipt(self, row, state):
        """Check that the source was told last whether QuickBooks has a document that it wants."""
        wanted = self.shop.source.items.get(row.source_id)
        if self.is_restored or wanted is None or isinstance(wanted, Gone):
            return
        told = dict(self.shop.source.receipts).get(row.source_id)
        if state == "posted":
            assert told in IN_QUICKBOOKS, (row.source_id, told)
        elif state == "missing":
            assert told == "missing", (row.source_id, told)

    def check_document(self, session, row, state):
        """Check that a document is in the books as in the source, unless a person meddled."""
        wanted = self.shop.source.items.get(row.source_id)
        transactions = self.marked_transactions().get(row.marker, [])
        where = row.source_id, state, transactions
        if wanted is None or row.source_id in self.meddled:
            return
        if state == "posted":
            assert not isinstance(wanted, Gone), where
            assert transactions, where
            if wanted.stage != "pending" and not self.is_said_to_differ(session, row):
                amounts = [D(str(entity["TotalAmt"])) for _, entity in transactions]
                assert sum(amounts) == wanted.total, where
        elif state not in ("held", "waiting"):
            assert state in ("withdrawn", "skipped", "removed", "missing"), where
            assert not transactions, where

    @staticmethod
    def is_said_to_differ(session, row):
        """Return whether an open case says that the transaction differs from the document."""
        query = select(Case.id).join(case_posting).join(Posting)
        is_about = Posting.document_id == row.id, Case.code == "outcome.differs"
        return session.scalars(query.where(*is_about, Case.closed_at.is_(None))).first()


@pytest.mark.parametrize("path", sorted(SAVED_HISTORIES.glob("*.txt")), ids=lambda path: path.stem)
def test_a_history_of_people_that_is_kept_ends_in_what_is_true(
    app, quickbooks, clock, tmp_path, path
):
    source = PeopleSource(gone="delete", wants=RECEIPTS)
    PeopleMachine.starting_point = base.StartingPoint(app, quickbooks, clock, source=source)
    base.replay(PeopleMachine(), path)


@pytest.mark.parametrize("number", range(SEEDS))
def test_whatever_people_do_what_the_hub_says_is_true(
    app, quickbooks, clock, tmp_path, figure, number
):
    source = PeopleSource(gone=("delete", "case")[number % 2], wants=RECEIPTS)
    starting_point = base.StartingPoint(app, quickbooks, clock, number, source)
    count = base.run_histories(PeopleMachine, starting_point, number, EXAMPLES, STEPS)
    figure(f"histories of {STEPS} steps with people, seed {number}", count, EXAMPLES)
