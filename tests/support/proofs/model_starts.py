"""The starts of the model's histories, and the judge of their ends."""

import os

from hub.models.enums import CHANGE_OPERATIONS
from hub.posting.protocol.history import History
from tests.support.proofs.protocol_model import KEYS, MARK, PARTY, TOTAL, ModelState, Transaction
from tests.support.runs.tiers import FULL

EVENTS = int(os.environ.get("PROOF_EVENTS") or (3 if FULL else 2))
POSTED_BEFORE = (Transaction("1", 0, -1000),)
BILL = {"operation": "create", "marker": MARK, "party": PARTY, "total": TOTAL}
STARTS = {
    "a bill": (BILL, ()),
    "a bill that may go in a batch": (BILL, ()),
    "a bill after a restore, not posted before": ({**BILL, "after_restore": True}, ()),
    "a bill after a restore, posted before": ({**BILL, "after_restore": True}, POSTED_BEFORE),
    "a supplier": ({**BILL, "kind": "vendor"}, ()),
    "a file": ({"operation": "attach", "kind": "file"}, ()),
    "a change": ({**BILL, "operation": "update", "base": "1:0"}, POSTED_BEFORE),
    "a deletion": ({**BILL, "operation": "delete", "base": "1:0"}, POSTED_BEFORE),
    "a void": ({**BILL, "operation": "void", "base": "1:0"}, POSTED_BEFORE),
}
# The meaning of a repeated key combined with that of a repeated batch.
APART = [*zip(KEYS, KEYS[2:] + KEYS[:2], strict=True)][:: 2 if EVENTS < 3 else 1]
MEANINGS = {"a bill that may go in a batch": APART}


def start(name, keys, batches, lag):
    about, transactions = STARTS[name]
    return ModelState(
        keys, lag, History(**about), transactions=transactions, generation=1, batches=batches
    )


def find_problem(end, model):
    """Return the reason why an end breaks the promise, or ""."""
    own_transactions = [
        transaction
        for transaction in model.own_transactions
        if transaction.visible_from <= model.now
    ]
    if any(transaction.visible_from > model.now for transaction in model.transactions):
        return "it came to rest while something could still land"
    if any(transaction.overwrote_edit for transaction in model.transactions):
        return "a person's change was overwritten unseen"
    if len(own_transactions) > 1:
        return "twice in the books"
    if model.history.operation in CHANGE_OPERATIONS:
        return _find_wrong_change(end, model)
    if end in ("held", "withdrawn") and own_transactions:
        return "in the books and held as refused"
    return _find_wrong_creation(model, len(own_transactions)) if end == "posted" else ""


def _find_wrong_creation(model, own_count):
    """Return the reason why a created document is not in the books as our own, or ""."""
    if all(transaction.state != "live" for transaction in model.transactions):
        return "said to be posted, and not in the books"
    if model.history.kind == "bill" and own_count != 1:
        return "posted as what a person entered"
    return ""


def _find_wrong_change(end, model):
    """Return the reason why a change is not in the books, or ""."""
    id = model.history.base.partition(":")[0]
    (transaction,) = [candidate for candidate in model.transactions if candidate.id == id]
    conditions = {
        "update": transaction.text == "second",
        "delete": transaction.state != "live",
        "void": transaction.state != "live",
    }
    if end == "posted" and not conditions[model.history.operation]:
        return "said to be written, and it is not"
    return ""
