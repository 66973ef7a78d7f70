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
from sqlalchemy import select

from hub import Attachment, Code, Document, Field, Gone, Party, hookimpl, outbox
from hub.db.engine import db, read_only_session, transaction
from hub.installations import early_documents, enable
from hub.models import Approval, Attempt, Case, Installation, Posting, SourceDocument, case_posting
from hub.models.enums import CHANGE_OPERATIONS
from hub.outbox import approvals
from hub.payloads.entities import ENTITY_BY_KIND
from hub.posting.actions import manual, overwrites, put_back, retries, undo
from hub.posting.actions.undecided import list_candidates_in_question
from hub.qbo import webhooks
from hub.scheduling import runner
from hub.security import audit_check
from qbo_sandbox import factory as sandbox_factory
from qbo_sandbox.accounting.refusals import Refusal
from tests.proofs import shop_machine as base
from tests.support.processes import restored_database
from tests.support.processes.killed_calls import run_until_killed
from tests.support.proofs.random_histories import BEGINNING, replay, run_histories, step
from tests.support.proofs.resting_postings import (
    judge_posting,
    list_cases,
    load_cases,
    load_undecided,
)
from tests.support.proofs.sent_keys import torn_batches, unproved_keys
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
SEEDS, HISTORIES, STEPS = by_form(small=(2, 1, 20), full=(2, 2, 40), long=(20, 15, 50))
SAVED_HISTORIES = Path(__file__).parents[1] / "golden" / "people_machine"
MOST_PARTS = 2  # of a document that is split
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
    "open code": {},
}
GONE = "gone"
# Most versions of a document are the usual one.
CHOSEN_VERSIONS = (*sorted(VERSIONS), *["usual"] * len(VERSIONS))
LATER_VERSIONS = (GONE, GONE, "closed", "closed", *sorted(VERSIONS))
SLOTS, AMOUNTS, BOOLEANS = range(len(KINDS)), base.AMOUNTS, base.BOOLEANS
INVOICE, PAYMENT = KINDS.index("invoice"), KINDS.index("payment")
WRITES = ("*.create", "batch", "*.update", "*.delete")


DECISIONS = ("skip", "take_back_skip", "retry", "post_again", "take", "reject", "put_back")


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
        lines = [line("1", total, cost=base.OPEN_CODE if version == "open code" else "Fuel")]
        payer = {"payment_account": "41"} if kind == "expense" else {"supplier": supplier}
        facts |= payer
    total = sum(part.amount for part in lines) + (version == "wrong total")
    return document(kind, source_id_of(slot), *lines, total=total, **facts)


class PeopleMachine(base.Machine):
    """A history with what people decide and do; at its end everything that is said is true."""

    def __init__(self):
        super().__init__()
        self.shop.source.receipts.clear()
        self.mode, self.limit, self.is_restored = "auto", None, False
        self.meddled = self.touched = self.skipped  # ids that people decided about or changed
        self.only_skipped = set[str]()  # those of them that a person only skipped
        self.left_out = set[str]()  # those that a person skipped
        self.doubled = set[str]()  # those of which a person wants a second transaction
        self.back_up()  # so that a restore always has an earlier state

    @property
    def backup(self):
        return Path(db.engine.url.database).with_name("people.backup")

    # -- the source --------------------------------------------------------------------------------

    @step(BEGINNING, mode=base.SENDING_MODES, amount=AMOUNTS)
    def start_approval(self, mode, amount):
        self.send_by(mode)
        self.arrive_together(amount)

    @step(4, is_usual=True, slot=SLOTS, amount=AMOUNTS, version=CHOSEN_VERSIONS)
    def arrive_or_revise(self, slot, amount, version):
        self.shop.put(version_of(slot, amount, version))

    @step(amount=AMOUNTS)
    def arrive_together(self, amount):
        self.shop.put(*(version_of(slot, amount + slot, "usual") for slot in range(len(KINDS))))

    @step(slot=SLOTS, amount=AMOUNTS, version=CHOSEN_VERSIONS)
    def name_existing(self, slot, amount, version):
        """Put a document that names the newest transaction of its kind, often of another one."""
        wanted = version_of(slot, amount, version)
        entities = self.shop.books(ENTITY_BY_KIND[wanted.kind])
        if entities and wanted.kind != "payment":
            self.shop.put(replace(wanted, quickbooks_id=entities[-1]["Id"]))

    @step(3, slot=SLOTS)
    def delete_at_the_source(self, slot):
        if source_id_of(slot) in self.shop.source.items:
            self.shop.put(Gone(source_id=source_id_of(slot)))

    # -- runs, each of which posts only what is approved -------------------------------------------

    @step(8, is_usual=True, wait=BOOLEANS, seconds=(0, 300, 4000))
    def sync(self, wait, seconds=0):
        self.clock.advance(seconds)
        earlier = self.postings_sent()
        self.attempt(
            lambda: base.check_run(runner.sync(self.shop.id, requested_by="kari", wait=wait))
        )
        with read_only_session() as session:
            for id in self.postings_sent() - earlier:
                self.check_approval(session, session.get_one(Posting, id))

    @step(12, is_usual=True, slot=SLOTS, amount=AMOUNTS, version=CHOSEN_VERSIONS, wait=BOOLEANS)
    def revise_and_sync(self, slot, amount, version, wait):
        self.arrive_or_revise(slot, amount, version)
        self.sync(wait)

    @step(6, slot=SLOTS, amount=AMOUNTS, kind=base.FAULTS, call=WRITES, commit=BOOLEANS)
    def revise_and_fail(self, slot, amount, kind, call, commit):
        self.fault(kind, call, commit)
        self.revise_and_sync(slot, amount, "usual", wait=False)

    @step(3)
    def pay_invoice(self):
        """Put a payment of the invoice, of which the source has usually another amount."""
        paid = self.shop.source.items.get(source_id_of(INVOICE))
        if isinstance(paid, Document):
            self.shop.put(version_of(PAYMENT, paid.total, "usual"))

    @step(3, call_number=range(1, 41), is_done=BOOLEANS)
    def sync_until_killed(self, call_number, is_done):
        run_until_killed(
            lambda: self.attempt(
                lambda: base.check_run(runner.sync(self.shop.id, requested_by="kari"))
            ),
            call_number,
            is_done=is_done,
        )
        self.restart()

    @step(3, kind=("reconcile", "changes", "lists"))
    def run_company_job(self, kind):
        base.check_run(runner.run_company_job(kind, 1, requested_by="kari"))

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

    @step(2, mode=("auto", "auto", "review"))
    def choose_mode(self, mode):
        self.mode = mode
        super().choose_mode(mode)

    @step(limit=(None, 0, 500))
    def limit_approvals(self, limit):
        self.limit = limit
        with transaction() as session:
            row = session.get_one(Installation, self.shop.id)
            row.second_approval_above = None if limit is None else D(limit)

    @step(3, people=(["kari"], ["ola"], ["kari", "ola"]))
    def approve_as(self, people):
        with transaction() as session:
            in_review = select(Posting.id).where(Posting.state == "review")
            ids = list(session.scalars(in_review))
            for who in people:
                approvals.add(session, ids, who)
                outbox.approve(session, ids, who)

    def source_id_of(self, slot):
        return source_id_of(slot)

    def meddle(self, id):
        """Note that a person decided about a document, or changed its transaction."""
        self.meddled.add(id)
        self.only_skipped.discard(id)

    @step(8, decision=DECISIONS, place=range(20))
    def decide_case(self, decision, place):
        """Decide about a posting that has an open case, or that somebody skipped."""
        with read_only_session() as session:
            rows = load_undecided(session)
        if rows:
            posting, source_id = rows[place % len(rows)]
            self.attempt(lambda: getattr(self, f"_{decision}")(posting, source_id))

    @step(slot=SLOTS)
    def skip(self, slot):
        self.decide(slot, self._skip)

    def _skip(self, posting, id):
        manual.skip(posting.id, "Not ours", "kari")
        if id not in self.meddled:
            self.only_skipped.add(id)
        self.meddled.add(id)
        self.left_out.add(id)

    @step(slot=SLOTS)
    def take_back_skip(self, slot):
        self.decide(slot, self._take_back_skip)

    def _take_back_skip(self, posting, id):
        retries.take_back_skip(posting.id, "kari")
        self.left_out.discard(id)
        if id in self.only_skipped:
            self.only_skipped.discard(id)
            self.meddled.discard(id)

    def _retry(self, posting, id):
        retries.retry(posting.id, "kari")

    @step(slot=SLOTS)
    def post_again(self, slot):
        self.decide(slot, self._post_again)

    def _post_again(self, posting, id):
        retries.post_again(posting.id, "kari")

    @step(slot=SLOTS, place=range(1, 5), is_taken=BOOLEANS)
    def compare_with(self, slot, place, is_taken):
        """Take one of the newest transactions for the document, or reject it."""

        def compare(posting, id):
            entities = self.shop.books(ENTITY_BY_KIND[posting.kind])[-place:]
            if entities:
                self.compare(posting, id, entities[0], is_taken)

        self.decide(slot, compare)

    def compare(self, posting, id, entity, is_taken):
        if is_taken:
            manual.adopt(posting.id, entity["Id"], "kari")
            self.meddle(id)
        elif posting.operation in CHANGE_OPERATIONS:
            overwrites.permit(posting.id, entity["SyncToken"], "kari")
        else:
            is_in_question = entity["Id"] in self.list_in_question(posting)
            manual.reject_match(posting.id, entity["Id"], "kari")
            if is_in_question and self.markers()[id] in entity.get("PrivateNote", ""):
                self.meddle(id)
                self.doubled.add(id)

    def _take(self, posting, id):
        self.compare_in_question(posting, id, is_taken=True)

    def _reject(self, posting, id):
        self.compare_in_question(posting, id, is_taken=False)

    def compare_in_question(self, posting, id, *, is_taken):
        """Decide about the transaction that an open case of the posting asks about."""
        ids = self.list_in_question(posting)
        for entity in self.shop.books(ENTITY_BY_KIND[posting.kind]):
            if entity["Id"] in ids:
                self.compare(posting, id, entity, is_taken)
                return

    @staticmethod
    def list_in_question(posting):
        """Return the ids of the transactions that the open cases of a posting ask about."""
        of_overwrites = posting.operation in CHANGE_OPERATIONS
        with read_only_session() as session:
            return list_candidates_in_question(session, posting.id, of_overwrites=of_overwrites)

    @step(2, slot=SLOTS)
    def put_back(self, slot):
        self.decide(slot, self._put_back)

    def _put_back(self, posting, id):
        for entity in self.shop.books(ENTITY_BY_KIND[posting.kind]):
            if entity["Id"] == posting.quickbooks_id:
                put_back.put_back(posting.id, entity["SyncToken"], "kari")

    @step()
    def undo_newest_run(self):
        query = select(Posting.run_id).where(Posting.run_id.is_not(None))
        with read_only_session() as session:
            run_id = session.scalars(query.order_by(Posting.run_id.desc())).first()
        if run_id:
            self.attempt(lambda: undo.undo(undo.plan_run(run_id), "kari"))

    @step()
    def include_early(self):
        with transaction() as session:
            ids = list(session.scalars(select(SourceDocument.id)))
            row = session.get_one(Installation, self.shop.id)
            early_documents.include(session, row, ids, who="kari")

    @step(is_usual=True, is_on=(True, True, False))
    def switch_app(self, is_on):
        if is_on:
            self.attempt(lambda: enable.enable(1, SLUG, {}, who="kari"))
        else:
            enable.disable(1, SLUG, who="kari")

    # -- people in QuickBooks ----------------------------------------------------------------------

    @step(2, entry=ENTRIES, act=("deactivate", "rename", "restore", "restore"))
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

    @step(slot=SLOTS)
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

    @step(6, slot=SLOTS, act=("edit", "void", "delete", "pay"))
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

    @step(slot=SLOTS, operation=("Create", "Update", "Delete"))
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

    @step(seconds=(0, 30, 200))
    def index_late(self, seconds):
        self.quickbooks.switch(index_lag=seconds)

    @step(2)
    def back_up(self):
        restored_database.back_up(self.backup)

    @step(2)
    def restore_backup(self):
        if not self.backup.exists():
            return
        self.is_restored = True
        restored_database.restore_from(self.backup)
        self.restart()
        with read_only_session() as session:
            row = session.get_one(Installation, self.shop.id)
            self.mode, self.limit = row.mode, row.second_approval_above

    @step(BEGINNING, is_lost=BOOLEANS, slot=SLOTS, version=LATER_VERSIONS)
    def start_with_lost_run(self, is_lost, slot, version):
        """Restore a backup from before the documents were approved, one of which changes later."""
        if not is_lost:
            return
        self.choose_mode("review")
        self.sync(wait=False)
        self.back_up()
        self.choose_mode("auto")
        self.approve_all()
        self.sync(wait=True)
        if version == GONE:
            self.delete_at_the_source(slot)
        else:
            self.arrive_or_revise(slot, 77, version)
        self.restore_backup()

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
            self.check_sends(session)
            self.check_copies(session)
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
        cases = load_cases(session)
        by_id = {posting.id: posting for posting in session.scalars(select(Posting))}
        for posting in by_id.values():
            assert judge_posting(posting, by_id, cases) == []

    def check_sends(self, session):
        """Check the keys and the batches of what was sent, and the audit log."""
        assert torn_batches(session) == []
        if not self.is_restored:  # a restored database lacks proofs, and entries of the audit log
            assert unproved_keys(session) == []
            audit_check.verify(session)

    def check_copies(self, session):
        """Check that no document is in the books twice or without a row, unless a case says so."""
        codes = set(session.scalars(select(Case.code).where(Case.closed_at.is_(None))))
        ids_by_marker = {marker: id for id, marker in self.markers().items()}
        for marker, transactions in self.marked_transactions().items():
            id = ids_by_marker.get(marker)
            if id is None:
                assert "marker.unknown" in codes, (marker, transactions)
                continue
            # The parts of a document that is split differ in their customer.
            customers = Counter(str(entity.get("CustomerRef")) for _, entity in transactions)
            is_twice = max(customers.values()) > 1 or len(transactions) > MOST_PARTS
            assert not is_twice or id in self.doubled or "marker.twice" in codes, transactions

    def check_receipt(self, row, state):
        """Check that the source was told last whether QuickBooks has a document that it wants."""
        wanted = self.shop.source.items.get(row.source_id)
        if self.is_restored or wanted is None or isinstance(wanted, Gone):
            return
        if wanted.stage == "closed":
            return
        told = dict(self.shop.source.receipts).get(row.source_id)
        if state == "posted":
            assert told in IN_QUICKBOOKS, (row.source_id, told)
        elif state == "missing":
            assert told == "missing", (row.source_id, told)

    def check_document(self, session, row, state):
        """Check that a document is in the books as in the source, unless people decided otherwise.

        What people changed in QuickBooks is as in the source, or has a case.
        """
        wanted = self.shop.source.items.get(row.source_id)
        transactions = self.marked_transactions().get(row.marker, [])
        where = row.source_id, state, transactions
        if wanted is None or row.source_id in self.left_out | self.doubled:
            return
        if row.source_id in self.meddled and self.has_case(session, row):
            return
        if state == "posted":
            assert not isinstance(wanted, Gone), where
            assert transactions, where
            if wanted.stage != "pending" and not self.is_said_to_differ(session, row):
                amounts = [D(str(entity["TotalAmt"])) for _, entity in transactions]
                assert sum(amounts) == wanted.total, where
        elif state not in ("held", "waiting"):
            assert state in ("withdrawn", "skipped", "removed", "missing"), where
            ids = {entity["Id"] for _, entity in transactions}
            assert ids <= self.list_strangers(session), where

    @staticmethod
    def list_strangers(session):
        """Return the ids of the transactions that open cases of the reconciliation are about."""
        is_about_stranger = Case.cause.startswith("stranger:")
        query = select(Case.cause).where(Case.closed_at.is_(None), is_about_stranger)
        return {cause.rpartition(":")[2] for cause in session.scalars(query)}

    @staticmethod
    def has_case(session, row):
        """Return whether a posting of a document, or one that it waits for, has an open case."""
        by_id = {posting.id: posting for posting in session.scalars(select(Posting))}
        own = [posting for posting in by_id.values() if posting.document_id == row.id]
        return bool(list_cases(own, by_id, load_cases(session)))

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
    replay(PeopleMachine(), path)


@pytest.mark.parametrize("number", range(SEEDS))
def test_whatever_people_do_what_the_hub_says_is_true(
    app, quickbooks, clock, tmp_path, figure, number
):
    source = PeopleSource(gone=("delete", "case")[number % 2], wants=RECEIPTS)
    PeopleMachine.starting_point = base.StartingPoint(app, quickbooks, clock, number, source)
    count = run_histories(PeopleMachine, number, HISTORIES, STEPS)
    figure(f"histories of {STEPS} steps with people, seed {number}", count, HISTORIES)
