"""Ontraccr holds to the contract."""

from hub.testing.contract import contract

TestContract = contract(
    "ontraccr",
    wrong_keys={"client_secret": "wrong"},
    change=("/payables/{id}/edit", {"number": "changed"}),
    purchase_account="35",
)
