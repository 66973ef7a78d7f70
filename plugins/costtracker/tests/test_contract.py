"""CostTracker fulfills the contract."""

from hub.testing.contract import contract

TestContract = contract(
    "costtracker",
    wrong_keys={"client_secret": "wrong"},
    change=("/invoices/{id}/edit", {"reference": "changed"}),
    delete=("/invoices/{id}/delete", {}),
    unreadable={"invoice:1100": "“31.02.2026” is not a date"},
    unpostable={"invoice:1028": "0.01 NOK off"},
    unavailable={"invoice:1060": "no longer has this file"},
    not_ready={"status": ("draft", "validated", "sent_for_approval", "rejected")},
    variants=[{"update_suppliers": True}],
    webhook=("/hub", {"address": "{url}"}),
    payable_account="33",
)
