"""Mutants of the Autotask rows about expense reports and purchase orders."""

from tests.proofs.mutants.mutant import Mutant

PLUGIN = "plugins/autotask/hub_autotask"

AUTOTASK_PURCHASES: tuple[Mutant, ...] = (
    Mutant(
        row="AT-E1",
        place=f"{PLUGIN}/expenses.py",
        old='APPROVED = "Approved for Payment"',
        new='APPROVED = "Paid"',
        bug="Reports are posted once they are paid.",
    ),
    Mutant(
        row="AT-E1",
        place=f"{PLUGIN}/expenses.py",
        old='fresh("approvedDate", self.window(), *MARK.open())',
        new='fresh("approvedDate", self.window())',
        bug="Reports that have a reference are read too.",
    ),
    Mutant(
        row="AT-E2",
        place=f"{PLUGIN}/expenses.py",
        old='(lists.clean(row["lastName"]), lists.clean(row["firstName"]))',
        new='(lists.clean(row["firstName"]), lists.clean(row["lastName"]))',
        bug="The vendor is named by first and last name.",
    ),
    Mutant(
        row="AT-E3",
        place=f"{PLUGIN}/expenses.py",
        old='name = "category_billable" if billed else "category"',
        new='name = "category"',
        bug="What is billed to a customer goes to the account of the rest.",
    ),
    Mutant(
        row="AT-E4",
        place=f"{PLUGIN}/expenses.py",
        old="            billable=billed,\n",
        new='            billable=bool(item["companyID"]),\n',
        bug="Each expense for a customer is billable.",
    ),
    Mutant(
        row="AT-E4",
        place=f"{PLUGIN}/expenses.py",
        old=(
            '                "customer": '
            'self.lists.organisation(item["companyID"])\n                if '
            'item["companyID"]\n                else None,\n'
        ),
        new="",
        bug="An expense for a customer does not name it.",
    ),
    Mutant(
        row="AT-E5",
        place=f"{PLUGIN}/expenses.py",
        old="amount = -to_cents(self.advance, self.currency)",
        new="amount = to_cents(self.advance, self.currency)",
        bug="A cash advance is added instead of taken off.",
    ),
    Mutant(
        row="AT-E5",
        place=f"{PLUGIN}/expenses.py",
        old="        if self.advance > sum(",
        new="        if False and self.advance > sum(",
        bug="An advance above the expenses is posted.",
    ),
    Mutant(
        row="AT-E6",
        place=f"{PLUGIN}/expenses.py",
        old='if item["isReimbursable"] and not item["isRejected"]]',
        new='if not item["isRejected"]]',
        bug="What the company paid itself is repaid.",
    ),
    Mutant(
        row="AT-E6",
        place=f"{PLUGIN}/expenses.py",
        old='if item["isReimbursable"] and not item["isRejected"]]',
        new='if item["isReimbursable"]]',
        bug="Rejected expenses are repaid.",
    ),
    Mutant(
        row="AT-E7",
        place=f"{PLUGIN}/expenses.py",
        old='text = lists.clean(self.row["departmentNumber"])',
        new='text = lists.clean(self.row["name"])',
        bug="The class is looked for by the report's name.",
    ),
    Mutant(
        row="AT-E7",
        place=f"{PLUGIN}/expenses.py",
        old='lists.field("department", "Department", "class", missing="warn"),',
        new='lists.field("department", "Department", "class"),',
        bug="A department that is no class holds the report.",
    ),
    Mutant(
        row="AT-E8",
        place=f"{PLUGIN}/expenses.py",
        old="source.change(ENTITY, id, **{MARK.field: receipt.number or receipt.id})",
        new="source.change(ENTITY, id, **{MARK.field: receipt.id})",
        bug="QuickBooks' id is written instead of the bill's number.",
    ),
    Mutant(
        row="AT-E8",
        place=f"{PLUGIN}/expenses.py",
        old="        source.change(ENTITY, id, **{MARK.field: MARK.error})",
        new="        pass",
        bug="A failure is not written to the report.",
    ),
    Mutant(
        row="AT-E9",
        place=f"{PLUGIN}/expenses.py",
        old='        return money(item["internalCurrencyExpenseAmount"] if own is None else own)',
        new='        return money(item["expenseCurrencyExpenseAmount"])',
        bug="A foreign expense is posted with its foreign amount.",
    ),
    Mutant(
        row="AT-E9",
        place=f"{PLUGIN}/expenses.py",
        old="        foreign = self._foreign()\n",
        new="        foreign = None\n",
        bug="Repayment in another currency is posted in Autotask's own.",
    ),
    Mutant(
        row="AT-E10",
        place=f"{PLUGIN}/expenses.py",
        old='entity, prefix = ENTITY, "expense_report:"',
        new='entity, prefix = ENTITY, "report:"',
        bug="A chosen report is not found by its id.",
    ),
    Mutant(
        row="AT-P1",
        place=f"{PLUGIN}/purchase_orders.py",
        old='SUBMITTED, CANCELED = "Submitted", "Canceled"',
        new='SUBMITTED, CANCELED = "New", "Canceled"',
        bug="New orders are posted.",
    ),
    Mutant(
        row="AT-P1",
        place=f"{PLUGIN}/purchase_orders.py",
        old=(
            'ready = {"op": "and", "items": [submitted, *fresh("createDateTime", '
            "since, *MARK.open())]}"
        ),
        new='ready = {"op": "and", "items": [submitted, either(*MARK.open())]}',
        bug="Orders from before the days back are posted.",
    ),
    Mutant(
        row="AT-P2",
        place=f"{PLUGIN}/purchase_orders.py",
        old='kind="purchase_order" if self.settings["post_as"] == "purchase_order" else "bill",',
        new='kind="purchase_order",',
        bug="Orders are purchase orders although the settings want bills.",
    ),
    Mutant(
        row="AT-P2",
        place=f"{PLUGIN}/settings.py",
        old="A bill, as older versions posted it, is a",
        new="A bill is posted as a",
        bug="The settings do not explain how a bill differs from a purchase order.",
    ),
    Mutant(
        row="AT-P3",
        place=f"{PLUGIN}/purchase_orders.py",
        old='codes={**self._bought(product), "customer": self._buyer()},',
        new="codes=self._bought(product),",
        bug="The customer does not stand on the lines.",
    ),
    Mutant(
        row="AT-P3",
        place=f"{PLUGIN}/purchase_orders.py",
        old='lists.field("vendor", "Vendor", "vendor", missing=FromSetting("create_parties")),',
        new='lists.field("vendor", "Vendor", "vendor"),',
        bug="A missing vendor is not made.",
    ),
    Mutant(
        row="AT-P4",
        place=f"{PLUGIN}/purchase_orders.py",
        old="if buyer and _is_same_name(buyer, self.vendor):",
        new="if buyer and buyer.name == self.vendor.name:",
        bug="A vendor and a customer whose names differ by case alone are sent to QuickBooks.",
    ),
    Mutant(
        row="AT-P5",
        place=f"{PLUGIN}/purchase_orders.py",
        old='            unit_price=cost,\n            description=item["memo"]',
        new='            unit_price=None,\n            description=item["memo"]',
        bug="Items have no cost.",
    ),
    Mutant(
        row="AT-P5",
        place=f"{PLUGIN}/purchase_orders.py",
        old=(
            '        return {"account": account} if account else {"product": '
            "held}\n\n    def _freight"
        ),
        new='        return {"product": held}\n\n    def _freight',
        bug="An item without a product is held whatever the settings say.",
    ),
    Mutant(
        row="AT-P6",
        place=f"{PLUGIN}/purchase_orders.py",
        old='            tax_mode="none",\n',
        new="",
        bug="Tax is left to QuickBooks.",
    ),
    Mutant(
        row="AT-P7",
        place=f"{PLUGIN}/purchase_orders.py",
        old='MARK = Mark("externalPONumber", "External P.O. Number")',
        new='MARK = Mark("vendorInvoiceNumber", "External P.O. Number")',
        bug="The number is written to another field.",
    ),
    Mutant(
        row="AT-P7",
        place=f"{PLUGIN}/purchase_orders.py",
        old="        source.change(ENTITY, id, **{MARK.field: MARK.error})",
        new="        pass",
        bug="A failure is not written to the order.",
    ),
    Mutant(
        row="AT-P8",
        place=f"{PLUGIN}/purchase_orders.py",
        old='            city=row["shipToCity"] or None,\n',
        new="            city=None,\n",
        bug="The city of the ship-to address is missing.",
    ),
    Mutant(
        row="AT-P8",
        place=f"{PLUGIN}/purchase_orders.py",
        old='                "term": self.lists.term(row["paymentTerm"]),\n',
        new="",
        bug="The payment term is missing.",
    ),
    Mutant(
        row="AT-P8",
        place=f"{PLUGIN}/purchase_orders.py",
        old=(
            "        if not amount:\n            return ()\n        account = "
            'self.settings["freight_account"]'
        ),
        new='        return ()\n        account = self.settings["freight_account"]',
        bug="Freight is left out.",
    ),
    Mutant(
        row="AT-P8",
        place=f"{PLUGIN}/purchase_orders.py",
        old='filter(None, (said, self.row["generalMemo"]))',
        new="filter(None, (said,))",
        bug="The memo is missing.",
    ),
    Mutant(
        row="AT-P9",
        place=f"{PLUGIN}/purchase_orders.py",
        old="        if foreign != self.currency:\n",
        new="        if False:\n",
        bug="An order to a vendor in another currency is posted.",
    ),
    Mutant(
        row="AT-P10",
        place=f"{PLUGIN}/purchase_orders.py",
        old="            bills[order, number].append(receipt)\n",
        new='            bills[order, ""].append(receipt)\n',
        bug="All that was received of an order is one bill.",
    ),
)
