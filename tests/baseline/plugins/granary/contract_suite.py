"""Granary holds to the contract."""

from hub.testing.contract import contract

TestContract = contract("granary", wrong_keys={"key": "wrong"})
