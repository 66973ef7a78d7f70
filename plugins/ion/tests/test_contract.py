"""ION holds to the contract."""

from hub.testing.contract import contract

TestContract = contract(
    "ion",
    wrong_keys={"client_secret": "wrong"},
    payable_account="33",
    income_account="79",
    asset_account="81",
    expense_account="80",
)
