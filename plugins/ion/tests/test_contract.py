"""ION fulfills the contract."""

import os

from hub.testing.contract import contract

TestContract = contract(
    "ion",
    wrong_keys={"client_secret": "wrong"},
    change=("/orders/{id}/receive", {"quantity": "1"}),
    delete=("/orders/{id}/delete", {}),
    many=10_000 if os.environ.get("HUB_PROOF") == "full" else 120,
    not_ready={"status": ("DRAFT", "IN_REVIEW", "APPROVED", "CANCELED")},
    derived={"total": "ION states no total of an order."},
    write_back="attribute",
    import_orders=True,
    payable_account="33",
    income_account="79",
    asset_account="81",
    expense_account="80",
)
