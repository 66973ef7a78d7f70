"""CostCertified holds to the contract."""

from hub.testing.contract import contract

ACCOUNTS = {"income_account": "79", "bank_account": "35", "fee_account": "9"}
TestContract = contract("costcertified", wrong_keys={"client_secret": "wrong"}, **ACCOUNTS)
