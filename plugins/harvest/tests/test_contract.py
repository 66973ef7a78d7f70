"""Harvest fulfills the contract."""

from hub.testing.contract import contract

TestContract = contract(
    "harvest",
    wrong_keys={"token": "wrong"},
    change=("/invoices/{id}/edit", {"subject": "changed"}),
    delete=("/invoices/{id}/edit", {"delete": "yes"}),
    not_ready={"state": ("draft",)},
    unreported={"payment": "Harvest has messages of invoices only."},
    receipt_address="books@example.com",
    deposit_account="35",
)
