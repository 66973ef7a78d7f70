"""The books of an independent QuickBooks, written from published behavior and recordings.

This module shares no code with the hub or with the stand-in that the hub ships, so that a
misunderstanding common to both is detected.
"""

import datetime as dt
import itertools
import json
import re
import sqlite3
import threading
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
REALM = "9341450000000001"
OFFSET = dt.timezone(dt.timedelta(hours=-8))  # time zone of the company
BOUGHT = ("Bill", "VendorCredit", "PurchaseOrder", "Purchase")
SOLD = ("Invoice", "CreditMemo", "SalesReceipt", "RefundReceipt", "Estimate")
MONEY = ("Payment", "BillPayment", "Deposit")
TXNS = (*BOUGHT, *SOLD, *MONEY)
NAMES = ("Vendor", "Customer", "Employee")
LISTS = (
    *NAMES,
    "Item",
    "Account",
    "Class",
    "Department",
    "Term",
    "PaymentMethod",
    "TaxCode",
    "TaxRate",
)
KINDS = (*TXNS, *LISTS, "Attachable")
PATHS = {kind.lower(): kind for kind in KINDS}
REFS = {
    "VendorRef": "Vendor",
    "CustomerRef": "Customer",
    "APAccountRef": "Account",
    "AccountRef": "Account",
    "ItemRef": "Item",
    "ClassRef": "Class",
    "DepartmentRef": "Department",
    "SalesTermRef": "Term",
    "DepositToAccountRef": "Account",
    "PaymentMethodRef": "PaymentMethod",
    "IncomeAccountRef": "Account",
    "ExpenseAccountRef": "Account",
    "AssetAccountRef": "Account",
    "BankAccountRef": "Account",
}
INTERNAL = {
    "Account": "Accounts",
    "Class": "Klasses",
    "Department": "Depts",
    "Vendor": "Names",
    "Customer": "Names",
}
DETAILS = {
    "AccountBasedExpenseLineDetail",
    "ItemBasedExpenseLineDetail",
    "SalesItemLineDetail",
    "DescriptionOnly",
    "DiscountLineDetail",
    "GroupLineDetail",
    "SubTotalLineDetail",
    "DepositLineDetail",
}
COMMON = {
    "Id",
    "SyncToken",
    "MetaData",
    "sparse",
    "domain",
    "status",
    "Active",
    "CustomField",
    "TotalAmt",
    "Balance",
}
TXN_FIELDS = (
    COMMON
    | set(REFS)
    | {
        "DocNumber",
        "TxnDate",
        "DueDate",
        "PrivateNote",
        "Line",
        "CurrencyRef",
        "ExchangeRate",
        "LinkedTxn",
        "TxnTaxDetail",
        "GlobalTaxCalculation",
        "CustomerMemo",
        "BillAddr",
        "ShipAddr",
        "BillEmail",
        "EmailStatus",
        "POStatus",
        "Memo",
        "POEmail",
        "ShipTo",
        "PaymentType",
        "EntityRef",
        "Credit",
        "PaymentRefNum",
        "UnappliedAmt",
        "PayType",
        "CheckPayment",
        "CreditCardPayment",
        "VendorAddr",
        "ApplyTaxAfterDiscount",
        "PrintStatus",
        "AllowOnlineCreditCardPayment",
        "AllowOnlineACHPayment",
        "AllowIPNPayment",
        "AllowOnlinePayment",
        "ProcessPayment",
        "TxnStatus",
    }
)
LIST_FIELDS = (
    COMMON
    | set(REFS)
    | {
        "DisplayName",
        "CompanyName",
        "GivenName",
        "MiddleName",
        "FamilyName",
        "Title",
        "Suffix",
        "PrintOnCheckName",
        "PrimaryEmailAddr",
        "PrimaryPhone",
        "BillAddr",
        "ShipAddr",
        "CurrencyRef",
        "AcctNum",
        "Notes",
        "Vendor1099",
        "Name",
        "FullyQualifiedName",
        "ParentRef",
        "Type",
        "Sku",
        "Description",
        "PurchaseDesc",
        "UnitPrice",
        "PurchaseCost",
        "TrackQtyOnHand",
        "QtyOnHand",
        "InvStartDate",
        "SubItem",
        "Taxable",
        "AccountType",
        "AccountSubType",
        "Classification",
        "TermRef",
        "WebAddr",
        "Mobile",
        "Fax",
        "AlternatePhone",
    }
)
FILE_FIELDS = COMMON | {
    "FileName",
    "Note",
    "Category",
    "ContentType",
    "Tag",
    "AttachableRef",
    "Size",
}
TXN_FILTERS = {
    "Id",
    "MetaData.CreateTime",
    "MetaData.LastUpdatedTime",
    "TxnDate",
    "DocNumber",
    "TotalAmt",
    "Balance",
    "CustomerRef",
    "VendorRef",
    "DueDate",
    "APAccountRef",
    "PaymentRefNum",
    "SyncToken",
}
LIST_FILTERS = {
    "Id",
    "MetaData.CreateTime",
    "MetaData.LastUpdatedTime",
    "Active",
    "Name",
    "DisplayName",
    "Type",
    "Sku",
    "FullyQualifiedName",
    "AccountType",
    "Balance",
    "GivenName",
    "FamilyName",
    "CompanyName",
}
FILE_FILTERS = {
    "Id",
    "MetaData.CreateTime",
    "MetaData.LastUpdatedTime",
    "FileName",
    "AttachableRef.EntityRef.Type",
    "AttachableRef.EntityRef.value",
}
UNIQUE = {"Vendor": NAMES, "Customer": NAMES, "Employee": NAMES}
FORBIDDEN = "The name cannot include tabs, new lines, or colons"
NAME_IS_USED = (
    "Another customer, vendor or employee is already using this name. Please use a different name."
)


class Refused(Exception):
    """A fault in Intuit's form: code, message, detail, and the element if there is one."""

    def __init__(self, code, message, detail="", element=None):
        super().__init__(message)
        error = {"Message": message, "Detail": detail or message, "code": code}
        self.error = error if element is None else {**error, "element": element}


def missing(name):
    """Return the fault for a required element that is missing."""
    return Refused(
        "2020",
        "Required param missing, need to supply the required value for the API",
        f"Required parameter {name} is missing in the request",
        name,
    )


def money(value):
    """Return an amount with two decimals, or a plain 0."""
    amount = Decimal(str(value or 0)).quantize(CENT, ROUND_HALF_UP)
    return amount if amount else 0


class Books:
    """The books of one company, written to a file before each answer."""

    def __init__(self, file, duplicates="answered", ahead=dt.timedelta):
        self.lock, self.ahead = threading.RLock(), ahead
        self.db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self.db.execute("pragma journal_mode=wal")
        self.db.execute("pragma synchronous=off")
        self.db.execute(
            "create table if not exists object (kind, id, body, primary key (kind, id))"
        )
        self.db.execute("create table if not exists answer (requestid primary key, status, body)")
        self.db.execute("create table if not exists kept (name primary key, value)")
        self.rows, self.newest, self.numbers = {kind: {} for kind in KINDS}, {}, {}
        for kind, _, body in self.db.execute("select kind, id, body from object order by rowid"):
            self._note(kind, json.loads(body, parse_float=Decimal))
        self.duplicates = duplicates
        if not self.rows["Account"]:
            self._create_lists()

    # -- storage -----------------------------------------------------------------------------------

    def read_value(self, name, usual=""):
        row = self.db.execute("select value from kept where name = ?", [name]).fetchone()
        return row[0] if row else usual

    def store_value(self, name, value):
        self.db.execute("insert or replace into kept values (?, ?)", [name, str(value)])

    def now(self):
        return dt.datetime.now(OFFSET) + self.ahead()

    def stamp(self):
        return self.now().replace(microsecond=0).isoformat()

    def put(self, kind, body):
        self.db.execute(
            "insert or replace into object values (?, ?, ?)", [kind, body["Id"], dumps(body)]
        )
        return self._note(kind, body)

    def _note(self, kind, body):
        before = self.rows[kind].get(body["Id"])
        if before:
            self.numbers.pop(self._number_key(kind, before), None)
        self.rows[kind][body["Id"]] = body
        self.numbers[self._number_key(kind, body)] = body["Id"]
        if body["Id"].isdigit():
            self.newest[self._group(kind)] = max(
                int(body["Id"]), self.newest.get(self._group(kind), 0)
            )
        return body

    def _next(self, kind):
        first = 5000000000000000000 if kind == "Attachable" else 0
        return str(max(first, self.newest.get(self._group(kind), 0)) + 1)

    @staticmethod
    def _group(kind):
        """Return the counter of a kind: transactions share one, and so do names."""
        return "transaction" if kind in TXNS else "name" if kind in NAMES else kind

    @staticmethod
    def _number_key(kind, body):
        party = None if kind in SOLD else str((body.get("VendorRef") or {}).get("value"))
        return kind, party, str(body.get("DocNumber") or "")

    def _create_lists(self):
        """Create the company's accounts, suppliers and lists."""
        for kind, entries in START.items():
            for entry in entries:
                self.put(
                    kind,
                    self._with_id_and_times(
                        entry.get("Id") or self._next(kind), entry | {"Active": True}
                    ),
                )

    def _with_id_and_times(self, id, body):
        times = {"CreateTime": self.stamp(), "LastUpdatedTime": self.stamp()}
        return {
            "domain": "QBO",
            "sparse": False,
            "Id": id,
            "SyncToken": "0",
            "MetaData": times,
        } | body

    # -- writing -----------------------------------------------------------------------------------

    def run_once(self, requestid, act):
        """Carry out a request once and return the stored answer for a repeated id.

        Refusals are not stored.
        """
        with self.lock:
            row = self.db.execute(
                "select body from answer where requestid = ?", [requestid]
            ).fetchone()
            if requestid and row and self.duplicates == "answered":
                return json.loads(row[0], parse_float=Decimal)
            if requestid and row and self.duplicates == "refused":
                raise Refused(
                    "6000",
                    "A business validation error has occurred while processing your request",
                    "Business Validation Error: Duplicate request",
                    "",
                )
            self.db.execute("begin")
            try:
                result = act()
                if requestid:
                    self.db.execute(
                        "insert or replace into answer values (?, 200, ?)",
                        [requestid, dumps(result)],
                    )
            except BaseException:
                self.db.execute("rollback")
                raise
            self.db.execute("commit")
            return result

    def write(self, kind, body, operation=""):
        if operation == "delete":
            return self._delete(kind, body)
        if operation in ("void", "update/void"):
            return self._void(kind, body)
        return self._update(kind, body) if body.get("Id") else self._create(kind, body)

    def _create(self, kind, body):
        self._check(kind, body)
        read_only = (
            "SyncToken",
            "MetaData",
            "sparse",
            "UnappliedAmt" if kind in MONEY else "TotalAmt",
            "Balance",
        )
        entity = {
            name: value
            for name, value in body.items()
            if value not in (None, "") and name not in read_only
        }
        return self.put(
            kind, self._complete(kind, self._with_id_and_times(self._next(kind), entity))
        )

    def _update(self, kind, body):
        before = self._current(kind, body)
        sparse = str(body.get("sparse", "")).lower() == "true"
        fields = before if sparse or kind == "Attachable" else {}
        after = {**fields, **{name: value for name, value in body.items() if value is not None}}
        self._check(kind, after, before)
        if kind in LISTS and not after.get("Active", True) and before.get("Active", True):
            name_field = "Name" if "Name" in after else "DisplayName"
            after[name_field] += " (deleted)"
        times = before["MetaData"] | {"LastUpdatedTime": self.stamp()}
        token = str(int(before["SyncToken"]) + 1)
        fixed = {
            "Id": before["Id"],
            "SyncToken": token,
            "MetaData": times,
            "sparse": False,
            "domain": "QBO",
        }
        usual = {"Active": True} if kind in LISTS else {}
        return self.put(kind, self._complete(kind, usual | after | fixed))

    def _delete(self, kind, body):
        before = self._current(kind, body)
        if kind in LISTS:
            raise Refused(
                "500", "Unsupported Operation", f"Operation Delete is not supported for {kind}"
            )
        times = before["MetaData"] | {"LastUpdatedTime": self.stamp()}
        self.put(
            kind, {"Id": before["Id"], "status": "Deleted", "domain": "QBO", "MetaData": times}
        )
        return {"domain": "QBO", "status": "Deleted", "Id": before["Id"]}

    def _void(self, kind, body):
        before = self._current(kind, body)
        if kind in BOUGHT:
            raise Refused(
                "500", "Unsupported Operation", f"Operation Void is not supported for {kind}"
            )
        zero = [{**line, "Amount": 0} for line in before.get("Line", ())]
        after = {**before, "Line": zero, "TotalAmt": 0, "Balance": 0, "PrivateNote": "Voided"}
        times = before["MetaData"] | {"LastUpdatedTime": self.stamp()}
        return self.put(
            kind, after | {"SyncToken": str(int(before["SyncToken"]) + 1), "MetaData": times}
        )

    def _current(self, kind, body):
        before = self.read(kind, str(body["Id"]))
        if body.get("SyncToken") is None:
            raise missing("SyncToken")
        if str(body["SyncToken"]) != before["SyncToken"]:
            raise Refused(
                "5010",
                "Stale Object Error",
                "Stale Object Error : You and QuickBooks Support "
                "were working on this at the same time. "
                "QuickBooks Support finished before you did, so your work was not saved.",
                "",
            )
        return before

    def read(self, kind, id):
        if not id.isdigit() and kind not in ("TaxCode",):
            raise Refused(
                "2030", "Invalid ID", f"Id should be a valid number. Supplied value:{id}", "Id"
            )
        row = self.rows[kind].get(id)
        if row is None or row.get("status") == "Deleted":
            raise Refused(
                "610",
                "Object Not Found",
                "Object Not Found : Something you're trying to use "
                "has been made inactive. Check the fields "
                "with accounts, customers, items, vendors or employees.",
            )
        return row

    # -- rules -------------------------------------------------------------------------------------

    def _check(self, kind, body, before=None):
        fields = (
            TXN_FIELDS if kind in TXNS else FILE_FIELDS if kind == "Attachable" else LIST_FIELDS
        )
        for name in body:
            if name not in fields and not (before and name in before):
                raise Refused(
                    "2010",
                    "Request has invalid or unsupported property",
                    f'Property Name:Unrecognized field "{name}" (class '
                    f"com.intuit.schema.finance.v3.{kind}), "
                    f"not marked as ignorable ({len(fields)} known properties: ])",
                )
        if kind in TXNS:
            self._check_txn(kind, body, before)
        elif kind != "Attachable":
            self._check_name(kind, body, before)
        self._check_references(body)

    def _check_txn(self, kind, body, before):
        if kind in ("Bill", "VendorCredit", "PurchaseOrder") and not body.get("VendorRef"):
            raise missing("VendorRef")
        if kind in (*BOUGHT, *SOLD) and not body.get("Line"):
            raise missing("Line")
        if kind == "Purchase" and body.get("PaymentType") not in ("Cash", "Check", "CreditCard"):
            raise missing("PaymentType")
        number = str(body.get("DocNumber") or "")
        if len(number) > 21:
            raise Refused(
                "2050",
                "String is either too short or too long",
                "String length specified does not match the "
                "supported length. Min:0 Max:21 supported. "
                f"Supplied length:{len(number)}",
                "DocNumber",
            )
        for line in body.get("Line") or ():
            self._check_line(line)
        self._check_number(kind, body, number, before)
        closed = self.read_value("closed")
        if closed and str(body.get("TxnDate") or "9999") <= closed:
            raise Refused(
                "6210",
                "Account Period Closed, Cannot Update Through Services API",
                "The account period has closed and the account "
                "books cannot be updated through the QBO "
                "Services API. Please use the QBO website to make these changes.",
                "",
            )

    def _check_line(self, line):
        kind = line.get("DetailType")
        if kind not in DETAILS:
            raise Refused("2170", "Invalid Enumeration", f"Invalid Enumeration : {kind}")
        if kind == "DescriptionOnly":
            return
        if line.get("Amount") is None:
            raise missing("Line.Amount")
        detail = line.get(kind) or {}
        if "DepartmentRef" in detail or "DepartmentRef" in line:
            raise Refused(
                "2010", "Request has invalid or unsupported property", "Property Name:DepartmentRef"
            )
        quantity, price = detail.get("Qty"), detail.get("UnitPrice")
        if (
            quantity is not None
            and price is not None
            and money(Decimal(str(quantity)) * Decimal(str(price))) != money(line["Amount"])
        ):
            raise Refused(
                "6070", "Amount is not equal to UnitPrice * Qty", "Amount calculation incorrect", ""
            )

    def _check_number(self, kind, body, number, before):
        """Check that a number is unique for its supplier, or among the invoices."""
        holder = self.numbers.get(self._number_key(kind, body)) if number else None
        if holder and holder != (before or {}).get("Id"):
            raise Refused(
                "6140",
                "Duplicate Document Number Error",
                "Duplicate Document Number Error : You must specify "
                "a different number. This number has "
                f"already been used. DocNumber={number} is assigned to TxnType={kind} with "
                f"TxnId={holder}",
                "",
            )

    def _check_name(self, kind, body, before):
        field = "DisplayName" if kind in NAMES else "Name"
        name = str(
            body.get(field)
            or " ".join(filter(None, (body.get("GivenName"), body.get("FamilyName"))))
        )
        if not name:
            raise missing(field)
        if re.search("[:\t\n]", name):
            raise Refused(
                "6000",
                "A business validation error has occurred while processing your request",
                f"Business Validation Error: {FORBIDDEN}",
                "",
            )
        body.setdefault(field, name)
        for other in UNIQUE.get(kind, (kind,)):
            for row in self.rows[other].values():
                is_same = before and other == kind and row["Id"] == before["Id"]
                if not is_same and str(row.get(field) or "").casefold() == name.casefold():
                    raise Refused(
                        "6240",
                        "Duplicate Name Exists Error",
                        f"The name supplied already exists. : {NAME_IS_USED}",
                    )

    def _check_references(self, value):
        """Check that every reference names an existing, active entry."""
        for name, inner in value.items():
            if name in REFS and isinstance(inner, dict):
                self._check_reference(REFS[name], inner)
                continue
            for item in inner if isinstance(inner, list) else [inner]:
                if isinstance(item, dict):
                    self._check_references(item)

    def _check_reference(self, kind, reference):
        """Check that a reference names an existing, active entry, and add its name."""
        id = reference.get("value")
        row = self.rows[kind].get(str(id))
        if row is None or not row.get("Active", True):
            detail = f"Invalid Reference Id : {INTERNAL.get(kind, kind)} element id {id} not found"
            raise Refused("2500", "Invalid Reference Id", detail)
        reference["name"] = (
            row.get("FullyQualifiedName") or row.get("DisplayName") or row.get("Name")
        )

    # -- values that the server adds ---------------------------------------------------------------

    def _complete(self, kind, body):
        if kind in TXNS:
            return self._complete_txn(kind, body)
        if kind in NAMES:
            name = body["DisplayName"]
            usual = {"Balance": 0, "PrintOnCheckName": name, "Active": True, "CurrencyRef": DOLLARS}
            return {
                **usual,
                **({"Vendor1099": False} if kind == "Vendor" else {"FullyQualifiedName": name}),
                **body,
            }
        if kind == "Attachable":
            return self._complete_file(body)
        return {"Active": True, "FullyQualifiedName": body["Name"], **body}

    def _complete_txn(self, kind, body):
        usual = {"TxnDate": self.now().date().isoformat(), "CurrencyRef": DOLLARS}
        if kind in ("Bill", "VendorCredit", "PurchaseOrder"):
            usual["APAccountRef"] = {"value": "33", "name": "Accounts Payable (A/P)"}
        if kind == "Bill":
            usual["DueDate"] = body.get("TxnDate", usual["TxnDate"])
        if kind == "PurchaseOrder":
            usual["POStatus"] = "Open"
        if kind in SOLD:
            usual |= {
                "LinkedTxn": [],
                "EmailStatus": "NotSet",
                "PrintStatus": "NeedToPrint",
                "CustomField": [],
            }
        if kind == "Purchase":
            usual["CustomField"] = []
            usual["PurchaseEx"] = {
                "any": [
                    {
                        "name": "{http://schema.intuit.com/finance/v3}NameValue",
                        "value": {"Name": "TxnType", "Value": "54"},
                    }
                ]
            }
        body = {**usual, **body}
        lines = [
            line for line in body.get("Line", ()) if line.get("DetailType") != "SubTotalLineDetail"
        ]
        fresh = itertools.count(
            1 + max((int(line["Id"]) for line in lines if line.get("Id")), default=0)
        )
        body["Line"] = [
            self._line(kind, line, number, fresh) for number, line in enumerate(lines, 1)
        ]
        total = sum(Decimal(str(line.get("Amount") or 0)) for line in lines)
        tax = Decimal(str((body.get("TxnTaxDetail") or {}).get("TotalTax") or 0))
        if kind in SOLD:
            body["Line"].append(
                {
                    "Amount": money(total),
                    "DetailType": "SubTotalLineDetail",
                    "SubTotalLineDetail": {},
                }
            )
            body["TxnTaxDetail"] = {"TotalTax": money(tax), **(body.get("TxnTaxDetail") or {})}
        body["TotalAmt"] = money(
            body["TotalAmt"] if kind in ("Payment", "BillPayment") else total + tax
        )
        if kind in ("Bill", "Invoice", "VendorCredit", "CreditMemo"):
            body["Balance"] = body["TotalAmt"]
        return body

    def _line(self, kind, line, number, fresh):
        full_line = {
            "Id": line.get("Id") or str(next(fresh)),
            **({} if kind == "Purchase" else {"LineNum": number}),
            **line,
        }
        if "Amount" in full_line:
            full_line["Amount"] = money(full_line["Amount"])
        detail = full_line.get(str(full_line.get("DetailType")))
        if isinstance(detail, dict) and kind in BOUGHT:
            full_line[full_line["DetailType"]] = {
                "BillableStatus": "NotBillable",
                "TaxCodeRef": {"value": "NON"},
                **detail,
            }
        return full_line

    def _complete_file(self, body):
        path = f"/v3/company/{REALM}/download/{body['Id']}"
        return {
            "FileAccessUri": path,
            "TempDownloadUri": f"https://files.example.com/{body['Id']}?X-Amz-Expires=900",
            **body,
        }

    # -- reading -----------------------------------------------------------------------------------

    def query(self, text):
        kind, counts, conditions, order, start, most = parse(text)
        rows = self._select(kind, conditions)
        if counts:
            return {"totalCount": len(rows)}
        rows = sort(kind, rows, order)[start - 1 : start - 1 + most]
        return {kind: rows, "startPosition": start, "maxResults": len(rows)} if rows else {}

    def _select(self, kind, conditions):
        """Return the rows that meet all conditions; inactive ones only if a condition asks."""
        with self.lock:
            rows = [row for row in self.rows[kind].values() if row.get("status") != "Deleted"]
        if not any(field == "Active" for field, _, _ in conditions):
            rows = [row for row in rows if row.get("Active", True)]
        for condition in conditions:
            rows = [row for row in rows if fits(row, *condition)]
        return rows

    def changed(self, kinds, since):
        """Return change data: whole objects and the ids of deleted ones, a thousand at most."""
        answers, room = [], 1000
        for kind in kinds:
            with self.lock:
                rows = [
                    row
                    for row in self.rows[kind].values()
                    if moment(at(row, "MetaData.LastUpdatedTime")) >= since
                ]
            rows = sorted(rows, key=lambda row: moment(at(row, "MetaData.LastUpdatedTime")))[:room]
            room -= len(rows)
            response = {kind: rows, "startPosition": 1, "maxResults": len(rows)} if rows else {}
            answers.append(response)
        return {"CDCResponse": [{"QueryResponse": answers}]}


# -- the query language ----------------------------------------------------------------------------

SELECT = re.compile(
    r"\s*select\s+(?P<what>\*|count\s*\(\s*\*\s*\)|[\w.,\s]+?)\s+from\s+(?P<kind>\w+)"
    r"(?:\s+where\s+(?P<where>.*?))?(?:\s+order\s*by\s+(?P<order>"
    r"[\w.]+(?:\s+(?:asc|desc))?(?:\s*,\s*[\w.]+(?:\s+(?:asc|desc))?)*))?"
    r"(?P<page>(?:\s+(?:startposition|maxresults)\s+\d+)*)\s*$",
    re.IGNORECASE | re.DOTALL,
)
CONDITION = re.compile(
    r"\s*(?P<field>[\w.]+)\s*(?P<op><=|>=|<|>|=|\bin\b|\blike\b)\s*"
    r"(?P<value>\((?:[^()']|'(?:\\.|[^'\\])*')*\)|'(?:\\.|[^'\\])*'|[\w.:+-]+)\s*(?P<more>"
    r"\band\b|$)",
    re.IGNORECASE | re.DOTALL,
)
NUMBER = re.compile(r'"\\u0000([^"]*)\\u0000"')
VALUE = re.compile(r"'((?:\\.|[^'\\])*)'|([\w.:+-]+)")


def parse(text):
    """Parse a query into kind, count, conditions, order, start and maximum."""
    match = SELECT.match(text)
    kind = next(
        (name for name in KINDS if match and name.lower() == match["kind"].lower()),
        "",
    )
    if not match:
        raise Refused("4000", "Error parsing query", f"QueryParserError: Encountered {text[:40]!r}")
    if not kind:
        raise Refused(
            "4001",
            "Invalid query",
            f"QueryValidationError: invalid context declaration: {match['kind']}",
        )
    conditions = list(_conditions(kind, match["where"] or ""))
    order = [part.split() for part in (match["order"] or "").split(",") if part.strip()]
    for part in order:
        _check_field(kind, part[0])
    page = dict(zip(*[iter(match["page"].lower().split())] * 2, strict=True))
    start, most = int(page.get("startposition", 1)), int(page.get("maxresults", 100))
    if start < 1 or most > 1000:
        raise Refused(
            "4001",
            "Invalid query",
            f"QueryValidationError: value {start} is too small. Min allowed value is 1",
        )
    return kind, match["what"].lower().startswith("count"), conditions, order, start, most


def _conditions(kind, where):
    remainder = where
    while remainder.strip():
        match = CONDITION.match(remainder)
        if not match:
            raise Refused(
                "4000",
                "Error parsing query",
                f"QueryParserError: Encountered {remainder.strip()[:40]!r}",
            )
        _check_field(kind, match["field"])
        values = [
            re.sub(r"\\(.)", r"\1", quoted) or plain
            for quoted, plain in VALUE.findall(match["value"])
        ]
        yield match["field"], match["op"].lower(), values or [""]
        remainder = remainder[match.end() :]
        if match["more"] and not remainder.strip():
            raise Refused("4000", "Error parsing query", "QueryParserError: Encountered <EOF>")


def _check_field(kind, field):
    fields = TXN_FILTERS if kind in TXNS else FILE_FILTERS if kind == "Attachable" else LIST_FILTERS
    if field.lower() not in {name.lower() for name in fields}:
        raise Refused(
            "4001",
            "Invalid query",
            f"QueryValidationError: property '{field}' is not queryable for Entity {kind}",
        )


def at(row, field):
    """Return the value at a path such as MetaData.CreateTime, ignoring case."""
    for part in field.split("."):
        if not isinstance(row, dict):
            return None
        row = next((value for name, value in row.items() if name.lower() == part.lower()), None)
    return row["value"] if isinstance(row, dict) and "value" in row else row


def fits(row, field, op, values):
    """Return whether a row meets a condition."""
    if field.lower().startswith("attachableref."):
        current = [
            at(reference, field.partition(".")[2]) for reference in row.get("AttachableRef") or ()
        ]
        return any(str(reference).lower() == values[0].lower() for reference in current)
    current = at(row, field)
    if current is None:
        return field == "Active" and "true" in [value.lower() for value in values]
    if op == "in":
        return str(current).lower() in [value.lower() for value in values]
    if op == "like":
        pattern = ".*".join(map(re.escape, values[0].split("%")))
        return bool(re.fullmatch(pattern, str(current), re.IGNORECASE))
    left_value, right_value = comparable(field, current), comparable(field, values[0])
    return {
        "=": left_value == right_value,
        "<": left_value < right_value,
        ">": left_value > right_value,
        "<=": left_value <= right_value,
        ">=": left_value >= right_value,
    }[op]


def comparable(field, value):
    """Return a value in a form that compares as the service compares this field."""
    if field.lower().startswith("metadata."):
        return moment(str(value))
    if field in ("TotalAmt", "Balance"):
        return Decimal(str(value))
    return int(value) if field == "Id" and str(value).isdigit() else str(value).lower()


def moment(text):
    """Parse a time; one without an offset is in the company's zone."""
    read = dt.datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=OFFSET)


def sort(kind, rows, order):
    """Sort rows by an order; by default lists by name, transactions by the last change first."""
    if not order:
        if kind in LISTS:
            return sorted(
                rows, key=lambda row: str(row.get("FullyQualifiedName") or row.get("DisplayName"))
            )
        return sorted(
            rows, key=lambda row: moment(at(row, "MetaData.LastUpdatedTime")), reverse=True
        )
    for field, *way in reversed(order):
        down = bool(way) and way[0].lower() == "desc"
        rows = sorted(rows, key=lambda row: comparable(field, at(row, field) or ""), reverse=down)
    return rows


def dumps(value):
    """Return JSON that keeps the digits of every decimal: 639.00 and not 639.0."""
    text = json.dumps(
        value, default="\x00{:f}\x00".format, ensure_ascii=False, separators=(",", ":")
    )
    return NUMBER.sub(r"\1", text)


# -- the company at the start ----------------------------------------------------------------------

DOLLARS = {"value": "USD", "name": "United States Dollar"}


def _accounts():
    for id, number, name, sort, part in (
        ("33", "", "Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable"),
        ("35", "", "Checking", "Bank", "Checking"),
        ("42", "", "Visa", "Credit Card", "CreditCard"),
        ("79", "", "Sales of Product Income", "Income", "SalesOfProductIncome"),
        ("4", "", "Undeposited Funds", "Other Current Asset", "UndepositedFunds"),
        *(
            (
                str(100 + n),
                str(5000 + 10 * n),
                f"Job cost {n}",
                "Cost of Goods Sold",
                "SuppliesMaterialsCogs",
            )
            for n in range(5)
        ),
        *(
            (
                str(120 + n),
                str(6000 + 10 * n),
                f"Overhead {n}",
                "Expense",
                "OfficeGeneralAdministrativeExpenses",
            )
            for n in range(7)
        ),
    ):
        about = {"AcctNum": number} if number else {}
        yield {
            "Id": id,
            "Name": name,
            "FullyQualifiedName": name,
            "AccountType": sort,
            "AccountSubType": part,
            "SubAccount": False,
            "CurrentBalance": 0,
            "CurrentBalanceWithSubAccounts": 0,
            "CurrencyRef": DOLLARS,
            **about,
        }


def _named_entries(*names):
    return [{"Name": name, "FullyQualifiedName": name} for name in names]


def _parties(kind, *names):
    more = (
        {"Vendor1099": False}
        if kind == "Vendor"
        else {"Job": False, "BillWithParent": False, "Taxable": True}
    )
    return [
        {
            "DisplayName": name,
            "FullyQualifiedName": name,
            "PrintOnCheckName": name,
            "Balance": 0,
            "CurrencyRef": DOLLARS,
            **more,
        }
        for name in names
    ]


START = {
    "Account": list(_accounts()),
    "Vendor": _parties(
        "Vendor", *(f"Supplier {n:02} & Sons, Inc." for n in range(24)), 'O\'Neil "Rebar" Works'
    ),
    "Customer": _parties(
        "Customer", "North tower", "School gym", "Amy's Bird Sanctuary", "Harbour offices", "Depot"
    ),
    "Class": _named_entries("New build", "Renovation", "Service", "Civil works"),
    "Department": _named_entries("Oakland", "Berkeley", "Fremont"),
    "Term": [
        {"Name": "Net 30", "Type": "STANDARD", "DueDays": 30},
        {"Name": "Net 15", "Type": "STANDARD", "DueDays": 15},
    ],
    "PaymentMethod": [
        {"Name": "Cash", "Type": "NON_CREDIT_CARD"},
        {"Name": "Visa", "Type": "CREDIT_CARD"},
    ],
    "TaxCode": [
        {"Id": id, "Name": id, "Description": id, "Taxable": id == "TAX", "TaxGroup": False}
        for id in ("TAX", "NON")
    ],
    "Item": [
        {
            "Name": "Hours",
            "FullyQualifiedName": "Hours",
            "Type": "Service",
            "UnitPrice": 0,
            "TrackQtyOnHand": False,
            "IncomeAccountRef": {"value": "79", "name": "Sales of Product Income"},
        }
    ],
}
