"""Exchanges recorded from the real service, and their replay against the stand-in."""

import datetime as dt
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from qbo_sandbox.accounting.kinds import KINDS
from qbo_sandbox.kit import Answer
from sandbox_tests import recorded_ledger
from sandbox_tests.official import EVIDENCE
from sandbox_tests.recorded_company import SAMPLE, Body, Stage

RECORDED = EVIDENCE / "recorded-json"
ENVELOPES = ("QueryResponse", "CDCResponse", "AttachableResponse")
JSON = "application/json"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Options of the company of 2017 in the fixtures, and of the one in the receipts, without sales tax.
FIXTURE_COMPANY = {"classes": "off", "departments": False}
COMPANY_OPTIONS: dict[str, Body] = {
    "preferences": FIXTURE_COMPANY,
    "item": FIXTURE_COMPANY,
    "sales_receipt": {"tax": "off", "crew": False},
}


@dataclass
class Exchange:
    """A request to the real service and its response."""

    name: str
    method: str
    path: str
    body: Any
    kind: str
    status: int
    answer: Body

    @property
    def creates(self) -> bool:
        """Return whether the request created the objects in the response."""
        return (
            self.method == "POST"
            and "?operation" not in self.path
            and all(row["SyncToken"] == "0" for _, row in objects(self.answer))
        )

    @property
    def moment(self) -> float:
        time = self.answer.get("time") or self.answer["Header"]["Time"]
        return dt.datetime.fromisoformat(time).timestamp()


def objects(answer: Body) -> Iterator[tuple[str, Body]]:
    """Yield the kind and body of every entity in a response."""
    for name, value in answer.items():
        for each in value if isinstance(value, list) else [value]:
            is_object = name in KINDS and isinstance(each, dict)
            if is_object and each.get("status") != "Deleted":
                yield name, each
            elif name in ENVELOPES:
                yield from objects(each)


def tapes() -> dict[str, list[Exchange]]:
    """Return the exchanges of each cassette, in their recorded order."""
    paths = sorted(RECORDED.glob("*/*.yml"))
    return {f"{path.parent.name}/{path.stem}": list(_tape(path)) for path in paths}


def _tape(path: Path) -> Iterator[Exchange]:
    for number, pair in enumerate(yaml.load(path.read_text(), LOADER)["http_interactions"], 1):
        request, response = pair["request"], pair["response"]
        target = re.sub(r"https://[^/]+/v3/", "", request["uri"]).replace(
            "-COMPANY_ID-", SAMPLE.realm
        )
        kind = request["headers"].get("Content-Type", [JSON])[0]
        answer = json.loads(
            response["body"]["string"].replace("-COMPANY_ID-", SAMPLE.realm), parse_float=Decimal
        )
        name = f"{path.parent.name}/{path.stem}#{number}"
        status = response["status"]["code"]
        yield Exchange(
            name, request["method"].upper(), target, request["body"]["string"], kind, status, answer
        )


def fixtures() -> Iterator[Exchange]:
    """Yield an exchange for each response recorded without its request.

    The request is the one that the tests of the recording's own client send.
    """
    for name, (method, path, body) in REQUESTS.items():
        is_shared = name.startswith("json/")
        folder = EVIDENCE / "recorded-xml" if is_shared else RECORDED / "elixir-client"
        answer = json.loads((folder / f"{name}.json").read_text(), parse_float=Decimal)
        entity = {} if "Fault" in answer else next(iter(objects(answer)))[1]
        if body == ANSWERED_BODY:
            body = {key: value for key, value in entity.items() if key != "MetaData"}
        if "create" in name and isinstance(body, dict):
            body = {key: value for key, value in body.items() if key not in ("Id", "SyncToken")}
        status = 400 if "Fault" in answer else 200
        yield Exchange(
            name, method, f"company/{SAMPLE.realm}/{path}", _encode(body), JSON, status, answer
        )


def _encode(body: Any) -> str:
    return "" if body is None else json.dumps(body, default=float)


ANSWERED_BODY = "what the answer shows"
SALE = {"ItemRef": {"value": "3"}, "Qty": 1, "UnitPrice": 0}
RECEIPT = {"DetailType": "SalesItemLineDetail", "Amount": 0, "SalesItemLineDetail": SALE}
TAXED = {
    "TaxCode": "New",
    "TaxRateDetails": [{"TaxRateName": "California", "RateValue": "8", "TaxAgencyId": "1"}],
}
REQUESTS: dict[str, tuple[str, str, Any]] = {
    "api/query": ("GET", "query?query=SELECT%20*%20FROM%20Item", None),
    "api/query_error": ("GET", "query?query=SELECT%20*%20FROM%20null", None),
    "item/create_item": ("POST", "item", ANSWERED_BODY),
    "item/create_item_error": ("POST", "item", {"Type": "Inventory"}),
    "item/read_item": ("GET", "item/11", None),
    "item/read_item_error": ("GET", "item/999", None),
    "item/update_item": ("POST", "item", ANSWERED_BODY),
    "item/update_item_error": ("POST", "item", {"Id": "11", "SyncToken": "0", "Name": "Pump"}),
    "preferences/read_preferences": ("GET", "preferences", None),
    "preferences/update_preferences": ("POST", "preferences", ANSWERED_BODY),
    "preferences/update_preferences_error": ("POST", "preferences", {"Id": "1", "SyncToken": "3"}),
    "sales_receipt/create_sales_receipt": ("POST", "salesreceipt", {"Line": [RECEIPT]}),
    "sales_receipt/create_sales_receipt_error": ("POST", "salesreceipt", {"Line": [{"Amount": 1}]}),
    "sales_receipt/void_sales_receipt": (
        "POST",
        "salesreceipt?operation=void",
        {"Id": "6", "SyncToken": "0"},
    ),
    "json/tax_service_error_dup": ("POST", "taxservice/taxcode", TAXED),
    "sales_receipt/void_sales_receipt_error": (
        "POST",
        "salesreceipt?operation=void",
        {"Id": "6", "SyncToken": "9"},
    ),
}
# Recordings that show which objects must exist before an exchange, where its own do not.
STATE_RECORDINGS = {
    "attachment/delete_attachment": "attachment/read_attachment",
    "item/update_item_error": "item/read_item",
    "preferences/update_preferences_error": "preferences/read_preferences",
    "sales_receipt/void_sales_receipt": "sales_receipt/create_sales_receipt",
    "sales_receipt/void_sales_receipt_error": "sales_receipt/create_sales_receipt",
}


def replayed(name: str, all: dict[str, list[Exchange]]) -> Iterator[tuple[Exchange, Answer]]:
    """Yield each exchange with the stand-in's answer, in a company with the state it requires."""
    exchanges = all[name]
    stage = Stage(exchanges[0].moment - 60, **COMPANY_OPTIONS.get(name.partition("/")[0], {}))
    recordings = [] if name in STATE_RECORDINGS else exchanges
    before = [
        *all.get(STATE_RECORDINGS.get(name, ""), []),
        *(each for each in recordings if not each.creates),
    ]
    stage.rebuild([entity for each in before for entity in objects(each.answer)])
    if name == "reports/gl":
        recorded_ledger.book(stage, exchanges[0].answer)
    for exchange in exchanges:
        if exchange.creates:
            for kind, row in objects(exchange.answer):
                stage.await_one(kind, row)
                if "DocNumber" in row:
                    stage.company.counters[f"number:{kind}"] = int(row["DocNumber"]) - 1
        request = (exchange.moment, exchange.method, exchange.path, exchange.body, exchange.kind)
        yield exchange, stage.ask(*request)


def differences(path: str, actual: Any, expected: Any) -> Iterator[str]:
    """Yield the differences between two bodies; lists are compared by position."""
    if isinstance(actual, dict) and isinstance(expected, dict):
        yield from _missing_keys(f"lacks {path}", actual, expected)
        yield from _missing_keys(f"adds {path}", expected, actual)
        for key in expected:
            if key in actual:
                yield from differences(f"{path}{key}.", actual[key], expected[key])
    elif isinstance(actual, list) and isinstance(expected, list):
        if len(actual) != len(expected):
            yield f"has {len(actual)} for {len(expected)} of {path[:-1]}"
        for left_item, right_item in zip(actual, expected, strict=False):
            yield from differences(path, left_item, right_item)
    elif actual != expected:
        yield f"differs in {path[:-1]} ({actual!r}, not {expected!r})"


def _missing_keys(prefix: str, body: Body, other: Body) -> Iterator[str]:
    """Yield the keys of the other body that a body does not have, after a prefix."""
    for key in other:
        if key not in body:
            yield prefix + key
