"""CostCertified holds to the contract."""

from hub.testing.contract import contract

ACCOUNTS = {"income_account": "79", "bank_account": "35", "fee_account": "9"}
CHANGE = ("/invoices/{id}/edit", {"amount": "12.50", "description": "changed"})
TestContract = contract(
    "costcertified", wrong_keys={"client_secret": "wrong"}, change=CHANGE, **ACCOUNTS
)
