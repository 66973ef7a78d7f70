"""Ontraccr fulfills the contract."""

from hub.testing.contract import contract

TestContract = contract(
    "ontraccr",
    wrong_keys={"client_secret": "wrong"},
    change=("/payables/{id}/edit", {"number": "changed"}),
    delete=("/payables/{id}/delete", {}),
    not_ready={"hold_from_quickbooks": (True,), "deleted_at": ("2026-03-01T00:00:00Z",)},
    unstated={"currency": "Payables of Ontraccr have the currency of the company."},
    unreadable={"payable:2050": "“31.02.2026” is not a date"},
    unpostable={
        "payable:2024": "0.01 USD off",
        "payable:2056": "Its total is negative",
        "payable:2058": "It is in EUR, and its vendor vendor:v2 would be created in USD",
    },
    unavailable={"payable:2060": "no longer has this file"},
    purchase_account="35",
)
