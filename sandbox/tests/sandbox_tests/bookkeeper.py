"""A random bookkeeper for the stand-in, and the invariants that its books must satisfy."""

import json
import random
from collections import Counter, defaultdict
from decimal import Decimal

from qbo_sandbox.accounting.booking import list_entries, open_amounts
from qbo_sandbox.accounting.kinds import KINDS, LIST_KINDS, TXN_KINDS
from qbo_sandbox.accounting.ledger import Ledger
from qbo_sandbox.accounting.reference_names import REFERENCES
from qbo_sandbox.entities.payments import LINKED_KINDS, sum_settled_amounts

PURCHASE_KINDS, SALES_KINDS = (
    ("Bill", "VendorCredit", "PurchaseOrder"),
    ("Invoice", "Estimate", "CreditMemo"),
)
PAID_KINDS = {"Payment": ("Invoice", "CreditMemo"), "BillPayment": ("Bill", "VendorCredit")}


class Bookkeeper:
    """Carries out random operations over the API; `told` counts the accepted and refused ones."""

    def __init__(self, quickbooks, realm, seed):
        self.quickbooks, self.realm = quickbooks, realm
        self.company = quickbooks.companies[realm]
        self.random = random.Random(seed)
        self.outcomes = Counter()
        self.acts = [
            *[self.buy] * 4,
            *[self.sell] * 4,
            *[self.pay] * 6,
            *[self.spend] * 2,
            self.receipt,
            self.deposit,
            self.transfer,
            self.journal,
            self.adjust,
            *[self.change] * 4,
            *[self.drop] * 3,
            self.void,
            self.rename,
            self.billed,
        ]

    def step(self):
        self.random.choice(self.acts)()

    def post(self, kind, body, query=""):
        answer = self.quickbooks.ask("POST", f"{KINDS[kind].path}{query}", body, self.realm)
        assert answer.status in (200, 400), answer.text
        if answer.status == 200:
            self.outcomes[kind] += 1
            return answer.json()[kind]
        self.outcomes["refused"] += 1
        self.outcomes[answer.json()["Fault"]["Error"][0]["code"]] += 1
        return None

    def pick(self, kind, fits=lambda data: True):
        rows = list(self.company.table(kind).rows.values())
        for row in self.random.sample(rows, len(rows)):
            if row.active and fits(row.read()):
                return row.read()
        return None

    def amount(self):
        return str(Decimal(self.random.randint(1, 99999)) / 100)

    def money(self, party):
        """Return the currency of a party, mostly with a rate if it is a foreign one."""
        if not self.company.options.multicurrency:
            return {}
        code = party["CurrencyRef"]["value"]
        rate = {}
        if code != self.company.options.currency:
            rate["ExchangeRate"] = str(self.random.randint(500, 1500) / 100)
        has_rate = self.random.random() < 0.8
        return {"CurrencyRef": {"value": code}, **(rate if has_rate else {})}

    def taxed(self):
        if self.company.options.tax != "codes":
            return {}
        return {
            "GlobalTaxCalculation": self.random.choice(
                ["TaxExcluded", "TaxInclusive", "NotApplicable"]
            )
        }

    def code(self, side):
        if self.company.options.tax == "codes":
            return {"TaxCodeRef": {"value": self.random.choice(["5", "6", "8"])}}
        return (
            {"TaxCodeRef": {"value": self.random.choice(["TAX", "NON"])}} if side == "sell" else {}
        )

    def account(self, *types):
        home = self.company.options.currency
        row = self.pick(
            "Account",
            lambda data: data["AccountType"] in types and data["CurrencyRef"]["value"] == home,
        )
        return {"value": (row or {"Id": self.company.control_account(types[0], home)})["Id"]}

    def bought_line(self):
        detail = {"AccountRef": self.account("Expense", "Cost of Goods Sold"), **self.code("buy")}
        return {
            "Amount": self.amount(),
            "DetailType": "AccountBasedExpenseLineDetail",
            "AccountBasedExpenseLineDetail": detail,
        }

    def stocked_line(self):
        item = self.pick("Item", lambda data: data["Type"] == "Inventory")
        quantity, price = self.random.randint(1, 9), self.random.randint(1, 50)
        detail = {
            "ItemRef": {"value": item["Id"]},
            "Qty": quantity,
            "UnitPrice": price,
            **self.code("buy"),
        }
        line = {"Amount": quantity * price, "DetailType": "ItemBasedExpenseLineDetail"}
        return line | {"ItemBasedExpenseLineDetail": detail}

    def sold_line(self):
        item = self.pick("Item", lambda data: data["Type"] in ("Service", "Inventory"))
        quantity, price = self.random.randint(1, 9), self.random.randint(1, 50)
        detail = {
            "ItemRef": {"value": item["Id"]},
            "Qty": quantity,
            "UnitPrice": price,
            **self.code("sell"),
        }
        return {
            "Amount": quantity * price,
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": detail,
        }

    def lines(self, *makers):
        return [self.random.choice(makers)() for _ in range(self.random.randint(1, 3))]

    def buy(self):
        vendor = self.pick("Vendor")
        body = {
            "VendorRef": {"value": vendor["Id"]},
            "Line": self.lines(self.bought_line, self.stocked_line),
        }
        self.post(self.random.choice(PURCHASE_KINDS), body | self.money(vendor) | self.taxed())

    def sell(self):
        customer = self.pick("Customer")
        body = {"CustomerRef": {"value": customer["Id"]}, "Line": self.lines(self.sold_line)}
        self.post(self.random.choice(SALES_KINDS), body | self.money(customer) | self.taxed())

    def billed(self):
        """Post a bill for some or all lines of a purchase order."""
        order = self.pick("PurchaseOrder")
        if order:
            lines = [dict(line) for line in order["Line"]]
            for line in lines:
                line_id = line.pop("Id")
                line["LinkedTxn"] = [
                    {"TxnId": order["Id"], "TxnType": "PurchaseOrder", "TxnLineId": line_id}
                ]
            head = {
                key: order[key]
                for key in ("VendorRef", "CurrencyRef", "GlobalTaxCalculation")
                if key in order
            }
            self.post("Bill", head | {"Line": lines[: self.random.randint(1, len(lines))]})

    def pay(self):
        """Pay an open document, perhaps together with another one of the same party."""
        kind = self.random.choice(list(PAID_KINDS))
        party = TXN_KINDS[kind].party
        main_kind, credit_kind = PAID_KINDS[kind]
        owed = self.pick(main_kind, lambda data: data["Balance"])
        if owed is None:
            return
        other_kind = self.random.choice([main_kind, credit_kind])
        other = self.pick(other_kind, lambda data: data[party] == owed[party])
        documents = [(main_kind, owed)]
        if other and other["Id"] != owed["Id"]:
            documents.append((other_kind, other))

        lines, total = [], Decimal(0)
        for document_kind, data in documents:
            share = self.random.choice([1, 1, Decimal("0.4")])
            amount = (Decimal(data["Balance"]) * share).quantize(Decimal("0.01"))
            link = {"TxnId": data["Id"], "TxnType": document_kind}
            lines.append({"Amount": str(amount), "LinkedTxn": [link]})
            total += amount if document_kind == main_kind else -amount
        total = max(total, Decimal(0)) + self.random.choice([0, 0, 5])
        body = {party: owed[party], "TotalAmt": str(total), "Line": lines, **self.money(owed)}
        bank = {"PayType": "Check", "CheckPayment": {"BankAccountRef": self.account("Bank")}}
        self.post(kind, body | (bank if kind == "BillPayment" else {}))

    def spend(self):
        sort = self.random.choice(["Cash", "Check", "CreditCard"])
        account = self.account("Credit Card" if sort == "CreditCard" else "Bank")
        lines = self.lines(self.bought_line, self.stocked_line)
        extra = {"Credit": True} if self.random.random() < 0.3 else {}
        self.post(
            "Purchase",
            {"PaymentType": sort, "AccountRef": account, "Line": lines, **extra, **self.taxed()},
        )

    def receipt(self):
        home = (
            {"CurrencyRef": {"value": self.company.options.currency}}
            if self.company.options.multicurrency
            else {}
        )
        body = {"Line": self.lines(self.sold_line), **home, **self.taxed()}
        if self.random.random() < 0.5:
            self.post("RefundReceipt", body | {"DepositToAccountRef": self.account("Bank")})
        else:
            self.post("SalesReceipt", body)

    def deposit(self):
        kind = self.random.choice(["Payment", "SalesReceipt"])
        waiting = self.pick(kind)
        detail = {"AccountRef": self.account("Income")}
        lines = [
            {
                "Amount": self.amount(),
                "DetailType": "DepositLineDetail",
                "DepositLineDetail": detail,
            }
        ]
        if waiting:
            lines.append(
                {
                    "Amount": 1,
                    "LinkedTxn": [{"TxnId": waiting["Id"], "TxnType": kind, "TxnLineId": "0"}],
                }
            )
        currency = self.money(waiting) if waiting else {}
        self.post(
            "Deposit", {"DepositToAccountRef": self.account("Bank"), "Line": lines, **currency}
        )

    def transfer(self):
        body = {
            "FromAccountRef": self.account("Bank"),
            "ToAccountRef": self.account("Bank"),
            "Amount": self.amount(),
        }
        card = {
            "CreditCardAccountRef": self.account("Credit Card"),
            "BankAccountRef": self.account("Bank"),
        }
        if self.random.random() < 0.5:
            self.post("Transfer", body)
        else:
            self.post("CreditCardPaymentTxn", card | {"Amount": self.amount()})

    def journal(self):
        customer = self.pick("Customer")
        code = customer["CurrencyRef"]["value"]
        receivable = {"value": self.company.control_account("Accounts Receivable", code)}
        whom = {"Type": "Customer", "EntityRef": {"value": customer["Id"]}}
        parts = [
            ("Debit", {"AccountRef": receivable, "Entity": whom}),
            ("Credit", {"AccountRef": self.account("Income")}),
        ]
        amount, third = Decimal(self.random.randint(3, 9999)), Decimal("0.33")
        lines = [self._side(side, detail, amount) for side, detail in parts]
        lines += [
            self._side(side, {"AccountRef": self.account("Expense")}, third)
            for side in ("Debit", "Credit")
        ]
        self.post("JournalEntry", {"Line": lines, **self.money(customer)})

    def adjust(self):
        """Correct the quantities of one to three items in stock."""
        account = self.account("Expense", "Cost of Goods Sold", "Equity")
        lines = self.lines(self.adjusted_line)
        self.post("InventoryAdjustment", {"AdjustAccountRef": account, "Line": lines})

    def adjusted_line(self):
        item = self.pick("Item", lambda data: data["Type"] == "Inventory")
        detail = {"ItemRef": {"value": item["Id"]}, "QtyDiff": self.random.randint(-9, 9)}
        return {
            "DetailType": "ItemAdjustmentLineDetail",
            "ItemAdjustmentLineDetail": detail,
        }

    def _side(self, side, detail, amount):
        body = {"PostingType": side, **detail}
        return {
            "Amount": str(amount),
            "DetailType": "JournalEntryLineDetail",
            "JournalEntryLineDetail": body,
        }

    def chosen(self):
        kinds = [
            kind for kind in TXN_KINDS if self.company.table(kind).rows and kind != "TimeActivity"
        ]
        kind = self.random.choice(kinds) if kinds else ""
        return (kind, self.pick(kind)) if kind else ("", None)

    def change(self):
        """Update a random transaction, sparse or in full: its note, rate, lines or number."""
        kind, data = self.chosen()
        if data is None:
            return
        body = json.loads(
            self.quickbooks.ask("GET", f"{KINDS[kind].path}/{data['Id']}", realm=self.realm).text
        )[kind]
        body["PrivateNote"] = f"note {self.random.random()}"
        if body.get("ExchangeRate", 1) != 1:
            body["ExchangeRate"] = self.random.randint(500, 1500) / 100
        if kind in (*PURCHASE_KINDS, "Purchase") and self.random.random() < 0.5:
            body["Line"] = [*body["Line"], self.bought_line()]
        for field in ("PurchaseEx", "MetaData", "TxnTaxDetail"):
            body.pop(field, None)
        self.post(kind, body | {"sparse": self.random.random() < 0.5})

    def drop(self):
        kind, data = self.chosen()
        if data:
            self.post(kind, {"Id": data["Id"], "SyncToken": data["SyncToken"]}, "?operation=delete")

    def void(self):
        kind, data = self.chosen()
        if data and TXN_KINDS[kind].voids:
            self.post(kind, {"Id": data["Id"], "SyncToken": data["SyncToken"]}, "?operation=void")

    def rename(self):
        kind = self.random.choice(["Vendor", "Customer", "Account", "Item"])
        data = self.pick(kind)
        name = f"{kind} {self.random.randint(0, 10**9)}"
        field = LIST_KINDS[kind].field
        body = {"Id": data["Id"], "SyncToken": data["SyncToken"], "sparse": True, field: name}
        if kind in ("Vendor", "Customer"):
            body |= {"Active": True}
        self.post(kind, body)


def objects(company):
    return [(kind, row) for kind in KINDS for row in company.table(kind).rows.values()]


def check_sum(company):
    """Check that the trial balance sums to zero."""
    assert sum(company.ledger.accounts.values()) == 0


def check(company):
    """Recompute a company's books from its objects and check every invariant."""
    check_sum(company)
    _check_ledger(company)
    _parties(company)
    _check_links(company)
    _references(company)


def _check_ledger(company):
    """Check that the ledger is what a new booking of every transaction gives."""
    fresh = Ledger()
    for kind in TXN_KINDS:
        for row in company.table(kind).rows.values():
            data = row.read()
            booked = list_entries(company, kind, data)
            assert sum(entry.home for entry in booked) == 0, (kind, row.id)
            fresh.book(booked, open_amounts(company, kind, data), 1)
    for row in company.table("Item").rows.values():
        fresh.book(row.booked, (), 1)
    for name in ("accounts", "own", "parties", "stock"):
        expected = getattr(fresh, name)
        actual = getattr(company.ledger, name)
        assert without_zeros(expected) == without_zeros(actual), name


def without_zeros(sums):
    return {key: value for key, value in sums.items() if value}


def _parties(company):
    """Check that the parties' balances equal the control accounts in every currency."""
    for kind, sort, sign in (
        ("Customer", "Accounts Receivable", 1),
        ("Vendor", "Accounts Payable", -1),
    ):
        owed = defaultdict(Decimal)
        for row in company.table(kind).rows.values():
            owed[row.read()["CurrencyRef"]["value"]] += company.ledger.parties.get(
                row.id, Decimal(0)
            )
        booked = defaultdict(Decimal)
        for row in company.table("Account").rows.values():
            if row.read()["AccountType"] == sort:
                booked[row.read()["CurrencyRef"]["value"]] += sign * company.ledger.own.get(
                    row.id, Decimal(0)
                )
        assert without_zeros(owed) == without_zeros(booked), kind


def _check_links(company):
    """Check that each open balance is the total less its payments, and that links go both ways."""
    payments = _payments_by_transaction(company)
    for kind, rule in TXN_KINDS.items():
        for row in company.table(kind).rows.values():
            data = row.read()
            if rule.open_field and not rule.pays:
                open_amount = Decimal(data[rule.open_field])
                expected_amount = Decimal(data[rule.total]) - payments[kind, row.id]
                assert open_amount == expected_amount, (kind, row.id)
                assert open_amount >= 0, (kind, row.id)
            for link in data.get("LinkedTxn", ()):
                label = link["TxnType"]
                other_kind = LINKED_KINDS.get(label, label)
                assert company.row(other_kind, link["TxnId"]), (kind, row.id)


def _payments_by_transaction(company):
    """Return what is paid of each transaction; check that it links back to its payments."""
    payments = defaultdict(Decimal)
    for kind in PAID_KINDS:
        for row in company.table(kind).rows.values():
            for (other_kind, other_id), amount in sum_settled_amounts(row.read()).items():
                payments[other_kind, other_id] += amount
                other = company.table(other_kind).rows[other_id].read()
                linked_ids = [link["TxnId"] for link in other["LinkedTxn"]]
                assert row.id in linked_ids, (kind, row.id)
    return payments


def _references(company):
    for kind, row in objects(company):
        for sort, reference in _references_in(row.read()):
            assert company.row(sort, reference["value"]), (kind, row.id, sort, reference)


def _references_in(value):
    """Yield (kind, reference) of every reference in a value, at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from _references_in(item)
    elif isinstance(value, dict):
        for key, inner in value.items():
            is_reference = isinstance(inner, dict) and "value" in inner
            if is_reference and key in REFERENCES:
                yield REFERENCES[key], inner
            else:
                yield from _references_in(inner)
