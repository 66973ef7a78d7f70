"""The events of a few linked documents: at the source, in the hub, in QuickBooks, on the way."""

from collections import Counter
from contextlib import suppress
from decimal import Decimal as D
from pathlib import Path

from sqlalchemy import select

from hub import Gone, Unreadable, outbox
from hub.cases import discrepancies, inbox
from hub.db.engine import db, read_only_session, transaction
from hub.errors import HubError
from hub.installations import early_documents, enable, matches
from hub.models import Case, Installation, Posting, SourceDocument, case_posting
from hub.models.enums import PostingState
from hub.outbox import approvals
from hub.outbox.plan_values import get_target_id
from hub.payloads.entities import ENTITY_BY_KIND
from hub.posting.actions import manual, overwrites, put_back, retries, undo
from hub.posting.actions.undecided import list_candidates_in_question
from hub.posting.outcome import batch_sizing
from hub.scheduling import runner
from hub.web.cases import case_acts
from qbo_sandbox.accounting.refusals import Refusal
from tests.proofs.linked_documents import FLAWLESS, OPEN_CODE, LinkedDocuments
from tests.support.processes import restored_database
from tests.support.processes.killed_calls import run_until_killed
from tests.support.proofs.resting_postings import load_undecided
from tests.support.sources.every_kind_source import SLUG

VOIDABLE = ("Invoice", "Payment", "BillPayment")
PAYABLE = ("Invoice", "Bill")
ROUNDS = 8  # within which everything comes to rest


class LinkedHistory:
    """A history of groups of documents by name, from the starting point on.

    Each event is a method; an event that is impossible at its moment does nothing.
    """

    def __init__(self, starting_point, groups):
        starting_point.reset()
        self.starting_point = starting_point
        self.shop, self.quickbooks = starting_point.shop, starting_point.quickbooks
        self.clock = starting_point.clock
        self.groups = {name: LinkedDocuments(name, group) for name, group in groups.items()}
        # Source ids of documents that a person left out, and of which a person wants a second one.
        self.left_out, self.doubled = set(), set()
        # Source ids of documents of which a person removed a transaction, or closed a case.
        self.removed, self.accepted = set(), set()
        self.back_up()  # so that a restore always has an earlier state

    @property
    def backup(self):
        return Path(db.engine.url.database).with_name("linked.backup")

    # -- the source --------------------------------------------------------------------------------

    def change(self, name, kind, fact, value):
        self.groups[name].change(kind, **{fact: value})
        self._put(name, kind)

    def correct(self, name, kind):
        """Remove what stops a document at its source."""
        self.groups[name].change(kind, **FLAWLESS)
        self._put(name, kind)

    def revert(self, name, kind, place):
        self.groups[name].revert(kind, place)
        self._put(name, kind)

    def _put(self, name, kind):
        self.shop.put(self.groups[name].build(kind))

    def leave(self, name, kind):
        source_id = self.groups[name].source_id(kind)
        if source_id in self.shop.source.items:
            self.shop.put(Gone(source_id=source_id))

    def garble(self, name, kind):
        source_id = self.groups[name].source_id(kind)
        self.shop.put(Unreadable(source_id=source_id, reason="A row is cut off."))

    # -- the hub -----------------------------------------------------------------------------------

    def sync(self, wait=False):
        with suppress(HubError):
            runner.sync(self.shop.id, requested_by="kari", wait=wait)

    def sync_until_killed(self, call_number, is_done):
        run_until_killed(self.sync, call_number, is_done=is_done)
        self.starting_point.restart()

    def job(self, kind):
        runner.run_company_job(kind, 1, requested_by="kari")

    def pass_time(self, seconds):
        self.clock.advance(seconds)

    # -- people at the pages -----------------------------------------------------------------------

    def choose_mode(self, mode):
        enable.change(1, SLUG, {}, who="kari", mode=mode)

    def send_by(self, mode):
        batch_sizing.store_mode(1, mode, "kari")

    def approve(self, people=("kari", "ola")):
        with transaction() as session:
            in_review = select(Posting.id).where(Posting.state == PostingState.REVIEW)
            ids = list(session.scalars(in_review))
            for who in people:
                approvals.add(session, ids, who)
                outbox.approve(session, ids, who)

    def limit_approvals(self, limit):
        enable.change(1, SLUG, {"second_approval_above": limit}, who="kari")

    def switch_app(self, is_on):
        if is_on:
            enable.enable(1, SLUG, {}, who="kari")
        else:
            enable.disable(1, SLUG, who="kari")

    def begin_on(self, day):
        enable.change(1, SLUG, {"start_date": day}, who="kari")

    def include_early(self):
        with transaction() as session:
            ids = list(session.scalars(select(SourceDocument.id)))
            row = session.get_one(Installation, self.shop.id)
            early_documents.include(session, row, ids, who="kari")

    def match(self, record):
        ids = {account["Name"]: account["Id"] for account in self.shop.books("Account")}
        with transaction() as session:
            row = session.get_one(Installation, self.shop.id)
            matches.store_decision(session, row, "cost", OPEN_CODE, ids.get(record, ""), who="kari")

    def take_back_skips(self):
        """Take back every skip; what is not skipped any more is in the books again."""
        for name, group in self.groups.items():
            for kind in group.kinds:
                for id, state in self._load_postings(name, kind):
                    if state == PostingState.SKIPPED:
                        with suppress(HubError):
                            retries.take_back_skip(id, "kari")
                states = {state for _, state in self._load_postings(name, kind)}
                if PostingState.SKIPPED not in states:
                    self.left_out -= {group.source_id(kind)} - self.removed

    def decide(self, name, kind, decision, place=0):
        """Decide about one of the newest postings of a document."""
        ids = [id for id, _ in self._load_postings(name, kind)]
        if ids:
            with suppress(HubError):
                getattr(self, f"_{decision}")(name, kind, ids[-1 - place % len(ids)])

    def decide_case(self, decision, place):
        """Decide about a posting that has an open case, or that somebody skipped."""
        with read_only_session() as session:
            rows = load_undecided(session)
        if rows:
            posting, source_id = rows[place % len(rows)]
            kind, _, name = source_id.partition(":")
            if name in self.groups:
                with suppress(HubError):
                    getattr(self, f"_{decision}")(name, kind, posting.id)

    def _load_postings(self, name, kind):
        """Return the id and the state of each posting of a document, oldest first."""
        source_id = self.groups[name].source_id(kind)
        query = select(Posting.id, Posting.state).join(SourceDocument).order_by(Posting.id)
        with read_only_session() as session:
            return session.execute(query.where(SourceDocument.source_id == source_id)).all()

    def _list_in_question(self, id):
        """Return the ids of the transactions that may be the document, as open cases ask."""
        with read_only_session() as session:
            return list_candidates_in_question(session, id, of_overwrites=False)

    def _retry(self, name, kind, id):
        retries.retry(id, "kari")

    def _post_again(self, name, kind, id):
        retries.post_again(id, "kari")

    def _skip(self, name, kind, id):
        manual.skip(id, "Not ours", "kari")
        self.left_out.add(self.groups[name].source_id(kind))

    def _undo(self, name, kind, id):
        undo.undo(undo.plan_posting(id), "kari")
        source_id = self.groups[name].source_id(kind)
        self.left_out.add(source_id)
        self.removed.add(source_id)

    def _adopt(self, name, kind, id):
        for row in self._own(name, kind)[-1:]:
            manual.adopt(id, row["Id"], "kari")

    def _reject(self, name, kind, id):
        in_question = self._list_in_question(id)
        for row in self._own(name, kind)[-1:]:
            manual.reject_match(id, row["Id"], "kari")
            if row["Id"] in in_question:
                self.doubled.add(self.groups[name].source_id(kind))

    def _permit(self, name, kind, id):
        with read_only_session() as session:
            target = get_target_id(session.get_one(Posting, id).base)
        for row in self._own(name, kind):
            if row["Id"] == target:
                overwrites.permit(id, row["SyncToken"], "kari")

    def _accept(self, name, kind, id):
        """Close the cases of a posting that a person may close."""
        with transaction() as session:
            of_posting = case_posting.c.posting_id == id, Case.closed_at.is_(None)
            for case in session.scalars(select(Case).join(case_posting).where(*of_posting)).all():
                if case_acts.is_closable(case, is_blocking=case_acts.is_blocking(session, case.id)):
                    inbox.close(session, case.cause, "kari")
                    discrepancies.compare_again(session, case.cause)
                    self.accepted.add(self.groups[name].source_id(kind))

    def _put_back(self, name, kind, id):
        with read_only_session() as session:
            quickbooks_id = session.get_one(Posting, id).quickbooks_id
        for row in self.live(name, kind):
            if row["Id"] == quickbooks_id:
                put_back.put_back(id, row["SyncToken"], "kari")

    # -- people in QuickBooks ----------------------------------------------------------------------

    def touch(self, name, kind, act, place=0):
        """Edit, void, delete or pay one of the transactions of a document."""
        rows, entity = self.live(name, kind), ENTITY_BY_KIND[kind]
        if not rows or (act == "pay" and entity not in PAYABLE):
            return
        row = rows[place % len(rows)]
        edits = {
            "edit amount": lambda: _raise_amount(row),
            "edit memo": lambda: {"PrivateNote": "Written over"},
            "edit day": lambda: {"TxnDate": "2026-03-05"},
        }
        more = {}
        if act in edits:
            act, more = "edit", {"set": edits[act]()}
        if act == "void" and entity not in VOIDABLE:
            act = "delete"
        with suppress(Refusal):
            self.quickbooks.act(act, kind=entity, id=row["Id"], **more)

    def close_books(self, day):
        self.quickbooks.act("close_books", date=day)

    # -- the network -------------------------------------------------------------------------------

    def fault(self, kind, call, commit):
        # What a creation refuses as stale was not created; a change may have been made by itself.
        is_refused = kind == "stale_object" and call.endswith(".create")
        more = {"code": "2020"} if kind == "refusal" else {"commit": commit and not is_refused}
        self.quickbooks.add_fault(kind, call, **more)

    def index_late(self, seconds):
        self.quickbooks.switch(index_lag=seconds)

    # -- the machine -------------------------------------------------------------------------------

    def back_up(self):
        restored_database.back_up(self.backup)

    def restore(self):
        restored_database.restore_from(self.backup)
        self.starting_point.restart()

    # -- the books ---------------------------------------------------------------------------------

    def live(self, name, kind):
        """Return the live transactions of a document, oldest first."""
        rows = self._own(name, kind)
        return [row for row in rows if not row.get("PrivateNote", "").startswith("Voided")]

    def _own(self, name, kind):
        """Return the transactions of a document, oldest first: their numbers name its group."""
        rows = []
        for row in self.shop.books(ENTITY_BY_KIND[kind]):
            number = row.get("DocNumber") or row.get("PaymentRefNum") or ""
            if number.partition("-")[0] == name:
                rows.append(row)
        return rows

    def count_files(self, name, kind):
        """Return how often each file is attached to the live transactions of a document."""
        owners = {(ENTITY_BY_KIND[kind], row["Id"]) for row in self.live(name, kind)}
        counts = Counter()
        for file in self.shop.books("Attachable"):
            (owner,) = file["AttachableRef"]
            reference = owner["EntityRef"]
            if (reference["type"], reference["value"]) in owners:
                counts[file["FileName"]] += 1
        return counts

    def describe(self, name, kind):
        """Return place, total, party and number of links of each live transaction."""
        targets = {
            (ENTITY_BY_KIND[other], row["Id"])
            for other in self.groups[name].kinds
            for row in self.live(name, other)
        }
        facts = []
        for row in self.live(name, kind):
            party = row.get("VendorRef") or row.get("CustomerRef") or {}
            links = 0
            for part in row["Line"]:
                found = {(link["TxnType"], link["TxnId"]) for link in part.get("LinkedTxn", ())}
                links += bool(found & targets)
            place = row.get("DepartmentRef", {}).get("value")
            facts.append((place, D(str(row["TotalAmt"])), party.get("name"), links))
        return facts

    # -- the end -----------------------------------------------------------------------------------

    def settle(self):
        """Repair everything but the documents, and run until nothing changes any more."""
        self.quickbooks.faults.clear()
        self.close_books(None)
        self.index_late(0)
        self.switch_app(is_on=True)
        self.limit_approvals("")
        self.begin_on("2026-01-01")
        self.choose_mode("auto")
        if self.starting_point.is_new:
            self.job("lists")
        self._come_to_rest()
        self.clock.advance(100_000)
        self.job("reconcile")
        self._come_to_rest()

    def _come_to_rest(self):
        for _ in range(ROUNDS):
            self.approve()
            self.clock.advance(4000)
            self.job("changes")
            before = self._snapshot()
            runner.sync(self.shop.id, requested_by="kari", wait=True)
            if self._snapshot() == before:
                return
        raise AssertionError(f"it does not come to rest: {before}")

    @staticmethod
    def _snapshot():
        columns = Posting.id, Posting.state, Posting.revision, Posting.reasons
        with read_only_session() as session:
            return session.execute(select(*columns)).all()


def _raise_amount(row):
    """Return the fields of a transaction that is ten more, in its first line if it has one.

    A payment has no line once its invoice was voided.
    """
    lines = [dict(part) for part in row["Line"] if part.get("DetailType") != "SubTotalLineDetail"]
    total = {"TotalAmt": float(D(str(row["TotalAmt"])) + 10)}
    if not lines:
        return total
    lines[0]["Amount"] = float(D(str(lines[0]["Amount"])) + 10)
    detail = lines[0].get("SalesItemLineDetail")
    if detail:
        calculated = ("Qty", "UnitPrice")
        kept = {name: value for name, value in detail.items() if name not in calculated}
        lines[0]["SalesItemLineDetail"] = kept
    return {"Line": lines} | ({} if "DetailType" in lines[0] else total)
