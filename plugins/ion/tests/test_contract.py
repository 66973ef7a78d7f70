"""ION fulfills the contract."""

from hub.testing.contract import MANY_DOCUMENTS, contract

TestContract = contract(
    "ion",
    wrong_keys={"client_secret": "wrong"},
    change=("/orders/{id}/receive", {"quantity": "1"}),
    delete=("/orders/{id}/delete", {}),
    many=MANY_DOCUMENTS if MANY_DOCUMENTS > 1_000 else 120,
    not_ready={"status": ("DRAFT", "IN_REVIEW", "APPROVED", "CANCELED")},
    derived={"total": "ION states no total of an order."},
    write_back="attribute",
    import_orders=True,
    payable_account="33",
    income_account="79",
    asset_account="81",
    expense_account="80",
)
