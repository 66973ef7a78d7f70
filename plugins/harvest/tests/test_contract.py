"""Harvest fulfills the contract."""

from hub.testing.contract import contract

TestContract = contract(
    "harvest",
    wrong_keys={"token": "wrong"},
    change=("/invoices/{id}/edit", {"subject": "changed"}),
    deposit_account="35",
)
