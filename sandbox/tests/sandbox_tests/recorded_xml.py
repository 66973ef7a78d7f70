"""Objects recorded in XML, converted to JSON and created again in the stand-in."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from qbo_sandbox.accounting.kinds import KINDS, LIST_KINDS, TXN_KINDS
from sandbox_tests.official import EVIDENCE, SPACE, official
from sandbox_tests.recorded_company import ACCOUNT_TYPES, READ_ONLY, Stage

RECORDED = EVIDENCE / "recorded-xml"
MOMENT = 1_600_000_000.0
COMPUTED = ("TotalAmt", "Balance", "HomeBalance", "HomeTotalAmt", "FullyQualifiedName", "FullName")
Body = dict[str, Any]


def to_json(kind: str, element: ElementTree.Element) -> Any:
    """Return an element as JSON, converted by the types of the schema."""
    schema = official()
    if kind not in schema.types or kind == "IntuitAnyType":
        return _plain(schema.plain.get(kind, kind), (element.text or "").strip())
    fields = schema.types[kind]
    body: Body = {}
    for name, text in element.attrib.items():
        if name in fields:
            body[name] = _plain(schema.plain.get(fields[name].type, fields[name].type), text)
    if (
        "value" in fields
        and fields["value"].type != ""
        and not len(element)
        and not fields["value"].attribute
    ):
        return {"value": (element.text or "").strip(), **body}
    for child in element:
        name = child.tag.removeprefix(SPACE)
        field = schema.field(kind, name)
        if field is None:
            continue
        value = to_json(field.type, child)
        if field.is_list:
            body.setdefault(name, []).append(value)
        else:
            body[name] = value
    return body


def _plain(base: str, text: str) -> Any:
    if base == "boolean":
        return text == "true"
    if base in ("decimal", "int", "long", "positiveInteger"):
        return Decimal(text or 0)
    return text


def entities(path: Path) -> Iterator[tuple[str, Body]]:
    """Yield the kind and body of every entity in a file; raise ParseError if it is not XML."""
    yield from _inside(ElementTree.fromstring(path.read_bytes().strip()))


def _inside(element: ElementTree.Element) -> Iterator[tuple[str, Body]]:
    name = element.tag.removeprefix(SPACE)
    kind = official().objects.get(name, "")
    if name in KINDS and kind:
        yield name, to_json(kind, element)
    else:
        for child in element:
            yield from _inside(child)


class Shop(Stage):
    """A company in which recorded objects are created again, with the objects they refer to."""

    def __init__(self, currency: str, coded: bool, rated: str) -> None:
        more: Body = {"tax": "codes", "country": "NZ"} if coded else {}
        more |= {"multicurrency": True, "currencies": (rated,)} if rated else {}
        super().__init__(MOMENT, crew=False, warn_duplicate_bills=False, currency=currency, **more)

    def make(self, kind: str, row: Body) -> Body:
        """Create a recorded object and return the stand-in's response."""
        total_fields = ("TotalAmt",) if kind in ("Payment", "BillPayment") else ()
        body = sendable(
            {key: value for key, value in row.items() if key not in COMPUTED or key in total_fields}
        )
        self.refer(body)
        self.settle(body)
        self.mend(body)
        if "ParentRef" in body:
            self.stand_for(kind, "", body["ParentRef"])
        if kind not in TXN_KINDS:
            self.make_way(
                kind, str(body.get(LIST_KINDS[kind].field, "")).removesuffix(" (deleted)")
            )
        return self.write(kind, body)

    def mend(self, value: Any) -> None:
        """Replace references to accounts of the wrong type by accounts of the right type."""
        if not isinstance(value, dict):
            return
        for name, inner in value.items():
            account_type = TYPES.get(name)
            if name == "AccountRef" and value.get("PaymentType") == "CreditCard":
                account_type = "Credit Card"
            if account_type:
                self._mend_reference(inner, account_type)
            for each in inner if isinstance(inner, list) else [inner]:
                self.mend(each)

    def _mend_reference(self, reference: Any, account_type: str) -> None:
        """Point a reference to the first account of a type, unless its account is of this type."""
        types = {}
        for id, row in self.company.table("Account").rows.items():
            types[id] = row.read()["AccountType"]
        if types[reference["value"]] != account_type:
            reference["value"] = next(id for id in types if types[id] == account_type)

    def settle(self, row: Body) -> None:
        """Create the transactions that the lines link to, with a large enough open balance."""
        for line in row.get("Line", ()):
            for link in line.get("LinkedTxn", ()):
                if self.company.row(link["TxnType"], link["TxnId"]) is None:
                    self.open_one(link["TxnType"], link["TxnId"], row, line["Amount"])

    def open_one(self, kind: str, id: str, row: Body, amount: Decimal) -> None:
        for party in ("Customer", "Vendor"):
            self.stand_for(party, "", {"value": "1"})
        sale_line = {
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
        }
        self.stand_for("Item", "", {"value": "1", "name": "Services"})
        party = {"CustomerRef": {"value": "1"}, "VendorRef": {"value": "1"}} | row
        body = {
            key: party[key]
            for key in ("VendorRef" if kind in PURCHASE_KINDS else "CustomerRef", "CurrencyRef")
            if key in party
        }
        line = (ACCOUNT_LINE if kind in PURCHASE_KINDS else sale_line) | {
            "Amount": amount + (1000 if kind in ("Bill", "Invoice") else 0)
        }
        self.count_to(kind, id)
        self.write(
            kind, body | ({"TotalAmt": amount} if kind == "Payment" else {"Line": [line]}), id
        )


def sendable(value: Any) -> Any:
    """Return the fields that a client may send, without extensions and read-only fields."""
    if isinstance(value, list):
        return [sendable(each) for each in value]
    if not isinstance(value, dict):
        return value
    fields = {}
    for key, inner in value.items():
        is_extension = key.endswith("Ex")
        if not is_extension and key not in READ_ONLY[:-1]:
            fields[key] = sendable(inner)
    return fields


TYPES = {
    name: kind
    for name, kind in ACCOUNT_TYPES.items()
    if name in ("APAccountRef", "ARAccountRef", "CCAccountRef")
}
ACCOUNT_LINE = {
    "DetailType": "AccountBasedExpenseLineDetail",
    "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}},
}
PURCHASE_KINDS = ("Bill", "VendorCredit", "PurchaseOrder")
