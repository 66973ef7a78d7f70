"""CostTracker fulfills the contract."""

from hub.testing.contract import contract

TestContract = contract(
    "costtracker",
    wrong_keys={"client_secret": "wrong"},
    change=("/invoices/{id}/edit", {"reference": "changed"}),
    unreadable={"invoice:1100": "“31.02.2026” is no date"},
    variants=[{"update_suppliers": True}],
    payable_account="33",
)
