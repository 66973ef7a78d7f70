"""The three Autotask apps fulfill the contract."""

from hub.testing.contract import MANY_DOCUMENTS, contract

WRONG = {"secret": "wrong"}
# The numbers of the stand-in's picklists: in progress, awaiting approval, rejected; new, canceled.
EXPENSES_NOT_READY, ORDERS_NOT_READY = (11, 12, 15), (21, 25)
WITHOUT_FILES = {"hub_attachment": "Only invoices have a file."}
SOME = (
    MANY_DOCUMENTS if MANY_DOCUMENTS > 1_000 else 300
)  # for each of three apps; the full proof reads many more
TestInvoices = contract(
    "autotask-invoices",
    wrong_keys=WRONG,
    change=("/invoices/{id}/number", {"number": "77"}),
    many=SOME,
    paged=520 if MANY_DOCUMENTS > 1_000 else 110,
    not_ready={"isVoided": (True,)},
    variants=[{"negative": "credit_memo", "attach_pdf": True}],
    days_back=3650,
    income_account="1",
    numbering="quickbooks",
)
TestExpenses = contract(
    "autotask-expenses",
    wrong_keys=WRONG,
    change=("/expense-reports/{id}/reject", {"reason": "changed"}),
    many=SOME,
    unused=WITHOUT_FILES,
    not_ready={"status": EXPENSES_NOT_READY},
    days_back=3650,
    payable_account="33",
)
TestOrders = contract(
    "autotask-purchase-orders",
    wrong_keys=WRONG,
    change=("/purchase-orders/{id}/receive", {"number": "R-1"}),
    many=SOME,
    unused=WITHOUT_FILES,
    not_ready={"status": ORDERS_NOT_READY},
    derived={"total": "Autotask states no total of an order."},
    variants=[{"post_as": "bill"}],
    days_back=3650,
    payable_account="33",
    expense_account="60",
    income_account="1",
)
