"""A company of the stand-in, restored to the state of the real one at the time of a recording."""

import itertools
import json
from collections import defaultdict
from decimal import Decimal
from typing import Any

from qbo_sandbox import US, QuickBooks, create
from qbo_sandbox.accounting.company import Change
from qbo_sandbox.accounting.kinds import LIST_KINDS
from qbo_sandbox.accounting.reference_names import REFERENCES
from qbo_sandbox.entities.repeated_fields import DUE_FIELDS
from qbo_sandbox.kit import Answer, Clock, send_request
from qbo_sandbox.seeding.seed import write_entry

READ_ONLY = ("domain", "sparse", "status", "Id", "SyncToken", "MetaData", "Level", "LinkedTxn")
FILE = ("FileAccessUri", "TempDownloadUri", "Size")
Body = dict[str, Any]
# The sample company of 2020: it numbers documents itself, allows duplicate numbers, and has a
# custom field "Crew #" on its forms.
SAMPLE = US.changed(
    {
        "seeded": False,
        "custom_numbers": False,
        "warn_duplicate_sales": False,
        "account_numbers": False,
    }
)
CREW = {"Name": "SalesFormsPrefs.SalesCustomName1", "Type": "StringType", "StringValue": "Crew #"}
USED = {"Name": "SalesFormsPrefs.UseSalesCustom1", "Type": "BooleanType", "BooleanValue": True}
WHEN = {"CreateTime": "2015-10-01T12:00:00-07:00", "LastUpdatedTime": "2015-10-01T12:00:00-07:00"}
ACCOUNT_TYPES = {
    "IncomeAccountRef": "Income",
    "ExpenseAccountRef": "Cost of Goods Sold",
    "AssetAccountRef": "Other Current Asset",
    "APAccountRef": "Accounts Payable",
    "ARAccountRef": "Accounts Receivable",
    "DiscountAccountRef": "Income",
    "CCAccountRef": "Credit Card",
}


class Stage:
    """A company in its state before an exchange."""

    def __init__(self, moment: float, crew: bool = True, **options: Any) -> None:
        self.quickbooks: QuickBooks = create(
            companies=[SAMPLE.changed(options)],
            clock=Clock(moment, frozen=True),
            cdc_window=False,  # in 2020 changes since 2011 were answered
        )
        self.company = self.quickbooks.company
        self.spare = itertools.count(1001)
        if crew:
            self._crew()
        write_entry(self.company, "TaxRate", {"Name": "California", "RateValue": 8}, "3")
        code = self.company.table("TaxCode").rows["2"].read()
        code["SalesTaxRateList"]["TaxRateDetail"][0]["TaxRateRef"]["value"] = "3"

    def _crew(self) -> None:
        preferences = self.company.table("Preferences").rows["1"].read()
        forms = preferences["SalesFormsPrefs"] | {
            "CustomField": [{"CustomField": [USED]}, {"CustomField": [CREW]}]
        }
        self.company.commit([Change("Preferences", "1", preferences | {"SalesFormsPrefs": forms})])

    def ask(self, moment: float, method: str, path: str, body: Any, kind: str) -> Answer:
        """Send a recorded request at its recorded time."""
        self.quickbooks.clock.set(moment)
        token = f"Bearer {self.quickbooks.token(SAMPLE.realm)}"
        headers = {"authorization": token, "accept": "application/json", "content_type": kind}
        return send_request(self.quickbooks.wsgi, method, f"/v3/{path}", body, **headers)

    def rebuild(self, rows: list[tuple[str, Body]]) -> None:
        """Create the recorded objects under their own ids, from the writable fields."""
        first = {(kind, row["Id"]): row for kind, row in reversed(rows)}
        for (kind, _), row in sorted(first.items(), key=lambda each: "ParentRef" in each[1]):
            self.put(kind, row)
        for (kind, id), row in first.items():
            self.owe(kind, id, row.get("Balance") or Decimal(0))
        self.link([(kind, row) for (kind, _), row in first.items()])
        for (kind, id), row in first.items():
            self.stamp(kind, id, row)

    def put(self, kind: str, row: Body) -> None:
        self.await_one(kind, row)
        if kind in ("Attachable", "Preferences"):
            self.file(row) if kind == "Attachable" else self.prefer(row)
            return
        body = {key: value for key, value in row.items() if key not in READ_ONLY}
        self.write(kind, body, row["Id"])

    def prefer(self, row: Body) -> None:
        """Set the company's preferences as a client would."""
        sections = {key: value for key, value in row.items() if key.endswith("Prefs")}
        self.write("Preferences", {"Id": "1", "SyncToken": "0", **sections})

    def write(self, kind: str, body: Body, id: str = "") -> Body:
        answer = self.quickbooks.ask("POST", kind.lower(), json.dumps(body, default=float))
        assert answer.status == 200, (kind, body, answer.text)
        entity: Body = answer.json()[kind]
        assert not id or id == entity["Id"], (kind, id, entity)
        return entity

    def await_one(self, kind: str, row: Body) -> None:
        """Create the objects that a new object refers to, and reserve its recorded id."""
        self.refer(row)
        for reference in row.get("AttachableRef", ()):
            self.stand_for(reference["EntityRef"]["type"], "", reference["EntityRef"])
        self.count_to(kind, row["Id"])

    def file(self, row: Body) -> None:
        """Upload an attached file."""
        metadata = json.dumps(
            {key: value for key, value in row.items() if key not in (*READ_ONLY, *FILE)}
        )
        parts = [
            f'name="file_metadata_01"\r\n\r\n{metadata}',
            f'name="file_content_01"\r\n\r\n{"x" * row["Size"]}',
        ]
        body = (
            "".join(f"--b\r\nContent-Disposition: form-data; {part}\r\n" for part in parts)
            + "--b--"
        )
        response = self.quickbooks.ask(
            "POST", "upload", body, content_type="multipart/form-data; boundary=b"
        ).json()
        assert response["AttachableResponse"][0]["Attachable"]["Id"] == row["Id"], response

    def stamp(self, kind: str, id: str, row: Body) -> None:
        """Set an object's version, times and line ids to the recorded ones."""
        body = self.company.table(kind).rows[id].read()
        values = {key: row[key] for key in ("SyncToken", "MetaData")}
        # Only a user can say that the shipping address differs.
        if "BillAddr" in row and "ShipAddr" not in row:
            body = {key: value for key, value in body.items() if key != "ShipAddr"}
        if "Line" in row:
            pairs = zip(body["Line"], row["Line"], strict=True)
            values["Line"] = [
                line | ({"Id": was["Id"]} if "Id" in was else {}) for line, was in pairs
            ]
        with self.quickbooks.clock.pretend(
            self.company.seconds(row["MetaData"]["LastUpdatedTime"])
        ):
            self.company.commit([Change(kind, id, body | values)])

    def count_to(self, kind: str, id: str) -> None:
        """Set the counters so that the next object of a kind gets this id."""
        now, before = int(self.company.next_id(kind)), defaultdict(int, self.company.counters)
        for counter in (kind, "transactions", "names"):
            self.company.counters[counter] = before[counter] + int(id) - now
            if self.company.next_id(kind) == id:
                return
            self.company.counters[counter] = before[counter]

    def refer(self, value: Any) -> None:
        """Create every object that a value refers to and that does not exist yet."""
        if not isinstance(value, dict):
            return
        for name, inner in value.items():
            kind = REFERENCES.get(name, "")
            if name in ("Entity", "EntityRef"):
                kind = _stated_kind(inner) or kind
            if kind and name != "ParentRef":
                self.stand_for(kind, name, inner)
            for each in inner if isinstance(inner, list) else [inner]:
                self.refer(each)

    def stand_for(self, kind: str, name: str, reference: dict[str, str]) -> None:
        """Create an object with the id and name of a reference, unless it exists."""
        if self.company.row(kind, reference.get("value")) is not None:
            return
        if kind in PLACED:
            write_entry(
                self.company,
                kind,
                PLACED[kind] | {"Name": f"{kind} {reference['value']}"},
                reference["value"],
            )
            return
        self.make_way(kind, reference.get("name", ""))
        above, _, called = reference.get("name", f"{kind} {reference['value']}").rpartition(":")
        body = dict(STANDS_FOR[kind])
        if kind == "Account":
            body["AccountType"] = ACCOUNT_TYPES.get(name, "Bank")
        if name == "Category":
            body["Type"] = "Category"
        for field in ("Name", "DisplayName"):
            if body.get(field) == "":
                body[field] = called
        if above:
            body["ParentRef"] = {"value": self.parent(kind, name, above)}
        self.put(kind, body | {"Id": reference["value"]})

    def make_way(self, kind: str, called: str) -> None:
        """Rename an existing entry of the stand-in that has this name."""
        if kind not in LIST_KINDS:
            return
        entry = self.company.names.get((LIST_KINDS[kind].space, called.casefold()))
        if entry:
            row = self.company.table(kind).rows[entry[1]]
            body = {"Id": row.id, "SyncToken": str(row.token), "sparse": True}
            body[LIST_KINDS[kind].field] = f"Other {next(self.spare)}"
            stored = row.read()
            for name in DUE_FIELDS.values():  # every update of a term repeats one of them
                if name in stored:
                    body[name] = stored[name]
            self.write(kind, body)

    def parent(self, kind: str, name: str, called: str) -> str:
        """Return the id of a parent entry, creating it if needed."""
        entry = self.company.names.get((LIST_KINDS[kind].space, called.casefold()))
        if entry:
            return entry[1]
        reference = {"value": str(next(self.spare)), "name": called}
        self.stand_for(kind, "Category" if kind == "Item" else name, reference)
        return reference["value"]

    def link(self, rows: list[tuple[str, Body]]) -> None:
        """Create the transactions that objects link to, as the deposit of receipts."""
        transactions = defaultdict(list)
        for kind, row in rows:
            for link in row.get("LinkedTxn", ()):
                transactions[link["TxnType"], link["TxnId"]].append(
                    (row, {"TxnId": row["Id"], "TxnType": kind})
                )
        for (kind, id), parts in transactions.items():
            self.count_to(kind, id)
            row, link = parts[0]
            body = {"CustomerRef": row.get("CustomerRef"), "Line": row["Line"], "LinkedTxn": [link]}
            if kind == "Deposit":
                lines = [
                    {"Amount": row["TotalAmt"], "LinkedTxn": [link | {"TxnLineId": "0"}]}
                    for row, link in parts
                ]
                body = {"DepositToAccountRef": {"value": "35"}, "Line": lines}
            self.write(kind, body, id)

    def apart(self) -> None:
        """Move the counter of ids so that preparations do not use recorded ones."""
        counters = self.company.counters
        counters["transactions"] = max(counters.get("transactions", 0), 1000)

    def owe(self, kind: str, id: str, amount: Decimal) -> None:
        """Give a vendor or customer an open balance."""
        self.apart()
        detail = {"AccountRef": {"value": "7"}}
        line = {
            "Amount": amount,
            "DetailType": "AccountBasedExpenseLineDetail",
            "AccountBasedExpenseLineDetail": detail,
        }
        sale = {
            "Amount": amount,
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
        }
        if amount and kind == "Vendor":
            self.write("Bill", {"VendorRef": {"value": id}, "Line": [line]})
        elif amount and kind == "Customer":
            self.stand_for("Item", "", {"value": "1", "name": "Services"})
            self.write("Invoice", {"CustomerRef": {"value": id}, "Line": [sale]})


SOLD = {
    "DetailType": "SalesItemLineDetail",
    "Amount": 1,
    "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
}
RATES = {
    "TaxRateDetail": [
        {"TaxRateRef": {"value": "1"}, "TaxTypeApplicable": "TaxOnAmount", "TaxOrder": 0}
    ]
}
PLACED: dict[str, Body] = {
    "TaxRate": {"RateValue": 8},
    "TaxCode": {"SalesTaxRateList": RATES, "PurchaseTaxRateList": RATES},
    "CustomerType": {},
}
STANDS_FOR: dict[str, Body] = {
    "Account": {"Name": ""},
    "Customer": {"DisplayName": ""},
    "Vendor": {"DisplayName": ""},
    "Employee": {"DisplayName": ""},
    "Item": {
        "Name": "",
        "Type": "Service",
        "IncomeAccountRef": {"value": "79"},
        "ExpenseAccountRef": {"value": "80"},
    },
    "PaymentMethod": {"Name": "", "Type": "NON_CREDIT_CARD"},
    "Term": {"Name": "", "DueDays": 30},
    "Class": {"Name": ""},
    "Department": {"Name": ""},
    "Invoice": {"CustomerRef": {"value": "1"}, "Line": [SOLD]},
}


def _stated_kind(reference: Any) -> str:
    """Return the kind that the reference to an entity states; "" if it states none."""
    if not isinstance(reference, dict):
        return ""
    return str(reference.get("type") or "").capitalize()
