"""CostTracker holds to the contract."""

from hub.testing.contract import contract

TestContract = contract("costtracker", wrong_keys={"client_secret": "wrong"}, payable_account="33")
