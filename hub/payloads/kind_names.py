"""The kinds of documents as they are named within a sentence."""

from hub.errors import Sentence

THE_KINDS = {
    "bill": Sentence("the bill"),
    "vendor_credit": Sentence("the supplier credit"),
    "expense": Sentence("the expense"),
    "purchase_order": Sentence("the purchase order"),
    "invoice": Sentence("the invoice"),
    "credit_memo": Sentence("the credit memo"),
    "payment": Sentence("the payment"),
    "refund": Sentence("the refund"),
    "bill_payment": Sentence("the bill payment"),
    "deposit": Sentence("the deposit"),
}
