"""Ontraccr fulfills the contract."""

from hub.testing.contract import contract

TestContract = contract(
    "ontraccr",
    wrong_keys={"client_secret": "wrong"},
    change=("/payables/{id}/edit", {"number": "changed"}),
    unreadable={"payable:2050": "“31.02.2026” is no date"},
    purchase_account="35",
)
