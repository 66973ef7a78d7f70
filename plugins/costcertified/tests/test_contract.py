"""CostCertified fulfills the contract."""

from hub.testing.contract import contract

ACCOUNTS = {"income_account": "79", "bank_account": "35", "fee_account": "9"}
CHANGE = ("/invoices/{id}/edit", {"amount": "12.50", "description": "changed"})
EXPENSES = {"expenses": True, "payable_account": "33", "paid_from": "35", "holding_account": "92"}
NO_STATE = "CostCertified shows the state of invoices and their payments only."
SILENT_KINDS = ("bill", "bill_payment", "deposit", "expense", "refund")
TestContract = contract(
    "costcertified",
    wrong_keys={"client_secret": "wrong"},
    change=CHANGE,
    delete=("/invoices/{id}/delete", {}),
    unreadable={"invoice:1040": "“2026-02-31” is not a date"},
    not_ready={"status": ("draft", "void", "failed", "in_transit")},
    variants=[EXPENSES, {"payouts": "payment"}],
    unreported=dict.fromkeys(SILENT_KINDS, NO_STATE),
    webhook=("/hub", {"address": "{url}"}),
    **ACCOUNTS,
)
