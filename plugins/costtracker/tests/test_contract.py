"""CostTracker holds to the contract."""

from hub.testing.contract import contract

TestContract = contract(
    "costtracker",
    wrong_keys={"client_secret": "wrong"},
    change=("/invoices/{id}/edit", {"reference": "changed"}),
    payable_account="33",
)
