"""Payloads of every kind compared with their golden files, to the cent."""

import datetime as dt
import json
import re
from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from hub import payloads
from hub.contract.documents import Address, Applied, Document, Item, Line, Party
from hub.mapping import Link, MappedDocument, MappedLine, Ref
from hub.models import TransactionSummary
from hub.qbo.client import Client
from hub.qbo.oauth import connect as oauth_connect
from hub.testing.golden import golden
from tests.support.rows.payload_cases import MARKER, NO, US, line, mapped, refs

GOLDEN = Path(__file__).parents[2] / "golden" / "payloads"
COMMERCIAL = "5000000000000000002"
SITE = Address(
    name="Site office", lines=("12 Elm Street",), city="Riverton", region="CA", postal_code="94001"
)
FIELDS = replace(US, sales_fields={"P.O. Number": "1"}, order_fields={"Crew": "2"})
ORG = Party(
    name="Fjord Homes",
    email="ap@fjord.example",
    phone="555 0100",
    contact="Kari Nord",
    address=SITE,
    number="NO 910 111 111 MVA",
)


def account(role: str, id: str, type: str, name: str = "") -> dict[Any, Ref]:
    return {role: Ref(role=role, id=id, name=name or type, type=type)}  # type: ignore[arg-type]


CHECKING, CARD = (
    account("payment_account", "35", "Bank"),
    account("payment_account", "41", "Credit Card"),
)


def spent(
    *lines: tuple[Line, dict[Any, Ref]], paid: dict[Any, Ref] = CHECKING, **document: Any
) -> MappedDocument:
    header = refs(vendor="3") | paid
    return mapped(*lines, **{"kind": "expense", "number": None, "header": header} | document)


def sold(*lines: tuple[Line, dict[Any, Ref]], **document: Any) -> MappedDocument:
    return mapped(*lines, **{"kind": "invoice", "header": refs(customer="41")} | document)


def settled(
    kind: str, *amounts: tuple[str, str, str], header: dict[Any, Ref], **document: Any
) -> MappedDocument:
    """Return lines of (kind, id, amount)."""
    rows = [
        MappedLine(
            line=Line(id=str(place), amount=D(worth), applied=Applied(document=f"s{place}")),
            refs={},
            applied=Link(kind=what, id=id),  # type: ignore[arg-type]
        )
        for place, (what, id, worth) in enumerate(amounts, start=1)
    ]
    about = {"source_id": "p1", "date": dt.date(2026, 3, 9), "number": "4711"} | document
    return MappedDocument(
        document=Document(kind=kind, lines=tuple(row.line for row in rows), **about),
        header=header,
        lines=tuple(rows),
    )


def entry(kind: str, details: Party | Item, header: dict[Any, Ref] | None = None) -> MappedDocument:
    return MappedDocument(
        document=Document(kind=kind, source_id="c1", details=details), header=header or {}
    )


INVENTORY = refs(income_account="79", expense_account="80", asset_account="81")
NORWAY = refs(customer="41")
CASES: dict[str, tuple[Any, MappedDocument]] = {
    "expense_cash": (US, spent(line("1", "12.10", account="7"), total=D("12.10"))),
    "expense_check": (
        US,
        spent(line("1", "12.10", account="7"), payment_type="check", number="1001"),
    ),
    "expense_card": (
        US,
        spent(
            line("1", "70.00", "Studs", item="3", quantity=2, unit_price=35, class_=COMMERCIAL),
            line("2", "8.00", "Fuel", account="56", customer="41", billable=True, markup=D("12.5")),
            paid=CARD,
            payment_type="Credit Card",
            memo="Trip 7",
        ),
    ),
    "expense_credit": (
        US,
        spent(line("1", "-50.00", "Returned", account="7"), paid=CARD, total=D("-50.00")),
    ),
    "expense_nobody": (US, spent(line("1", "5", account="7"), header=CHECKING)),
    "expense_norway": (
        NO,
        spent(
            line("1", "100.00", account="30", tax_code="5", tax=D(25)),
            header=refs(vendor="1") | account("payment_account", "3", "Bank"),
            total=D(125),
        ),
    ),
    "purchase_order_full": (
        FIELDS,
        mapped(
            line("1", "42.00", "Resistor", item="3", quantity=10000, unit_price=D("0.0042")),
            line("2", "1.00", "Thirds", item="4", quantity=3, unit_price=D("0.3333")),
            line(
                "3", "99.00", "Tooling (5 x 19.80)", account="7", class_=COMMERCIAL, customer="41"
            ),
            line("4", "12.50", "Freight", account="8"),
            kind="purchase_order",
            header=refs(vendor="2", payable_account="33", term="3", location="2"),
            number="20",
            due=dt.date(2026, 4, 1),
            message="Deliver to gate B",
            memo="ION production, version 2",
            ship_to=SITE,
            custom={"crew": "North", "Buyer": "Ola"},
            total=D("154.50"),
        ),
    ),
    "purchase_order_euro": (
        NO,
        mapped(
            line("1", "80.00", account="30", tax_code="8"),
            kind="purchase_order",
            header=refs(vendor="37", payable_account="64"),
            currency="EUR",
        ),
    ),
    "invoice_plain": (
        US,
        sold(line("1", "100.00", item="1"), total=D(100), due=dt.date(2026, 4, 1)),
    ),
    "invoice_full": (
        FIELDS,
        sold(
            line(
                "1",
                "250.00",
                "Design",
                item="12",
                quantity=D("2.5"),
                unit_price=100,
                class_=COMMERCIAL,
            ),
            line("2", None, "As agreed on site"),
            line("3", "-30.00", "Hours from the block", item="2", quantity=1, unit_price=-30),
            line("4", "0", "Free of charge", item="9", quantity=1, unit_price=0),
            header=refs(customer="41", term="3", location="2"),
            message="Thank you",
            memo="Order 77",
            email_to="owner@example.com",
            ship_to=SITE,
            custom={"P.O. Number": "77"},
            total=D(220),
        ),
    ),
    "invoice_taxed": (
        US,
        sold(
            line("1", "100.00", item="1", tax=D("8.00")),
            line("2", "50.00", item="2", tax=D(0)),
            tax_total=D("8.00"),
            total=D("158.00"),
        ),
    ),
    "invoice_taxed_by_region": (
        US,
        sold(
            line("1", "100.00", item="1", tax_code="3", tax=D("2.00")),
            line("2", "10.00", item="1", tax_code="NON"),
            tax_total=D("2.00"),
            total=D("112.00"),
        ),
    ),
    "invoice_computed": (
        US,
        sold(line("1", "100.00", item="1"), tax_mode="computed", total=D("108.00")),
    ),
    "invoice_inclusive": (
        US,
        sold(
            line("1", "108.00", item="1", quantity=1, unit_price=108, tax=D(8)),
            tax_mode="inclusive",
            total=D(108),
        ),
    ),
    "invoice_discount": (
        US,
        sold(
            line("1", "-10.00", "Ten off", account="86"),
            line("2", "100.00", item="1"),
            line("3", "-5.50", "Loyal customer"),
            total=D("84.50"),
        ),
    ),
    "invoice_norway": (
        NO,
        sold(
            line("1", "100.10", item="1", tax_code="5", tax=D("25.03")),
            line("2", "10.00", item="2", tax_code="6", tax=D("1.50")),
            line("3", None, "Takk"),
            header=NORWAY,
            tax_total=D("26.53"),
            total=D("136.63"),
        ),
    ),
    "invoice_norway_inclusive": (
        NO,
        sold(
            line("1", "125.00", item="1", tax_code="5", quantity=5, unit_price=25),
            header=NORWAY,
            tax_mode="inclusive",
            total=D(125),
        ),
    ),
    "invoice_norway_no_tax": (
        NO,
        sold(line("1", "80.00", item="1"), header=NORWAY, tax_mode="none", total=D(80)),
    ),
    "invoice_norway_discount": (
        NO,
        sold(
            line("1", "100.00", item="1", tax_code="5"),
            line("2", "-20.00", "Rabatt"),
            header=NORWAY,
            tax_total=D("20.00"),
            total=D("100.00"),
        ),
    ),
    "credit_memo": (US, sold(line("1", "15.50", item="1"), kind="credit_memo", total=D("15.50"))),
    "refund": (
        US,
        sold(
            line("1", "15.50", item="1"),
            kind="refund",
            header=refs(customer="41", payment_method="5")
            | account("deposit_account", "35", "Bank"),
        ),
    ),
    "payment": (
        US,
        settled(
            "payment",
            ("invoice", "@posting:1", "60.00"),
            ("invoice", "@posting:2", "25.10"),
            header=refs(customer="41", payment_method="5")
            | account("deposit_account", "4", "Other Current Asset"),
            total=D("100.00"),
            memo="ACH of 9 March",
        ),
    ),
    "payment_with_credit": (
        US,
        settled(
            "payment",
            ("invoice", "@posting:1", "60.00"),
            ("credit_memo", "@posting:3", "-15.00"),
            header=refs(customer="41"),
            total=D("45.00"),
        ),
    ),
    "payment_on_account": (
        US,
        settled("payment", header=refs(customer="41"), total=D("10.00"), message="Deposit"),
    ),
    "bill_payment_check": (
        US,
        settled(
            "bill_payment",
            ("bill", "@posting:4", "40.00"),
            ("vendor_credit", "@posting:5", "-5.00"),
            header=refs(vendor="3", payable_account="33") | CHECKING,
            total=D("35.00"),
        ),
    ),
    "bill_payment_card": (
        US,
        settled("bill_payment", ("bill", "@posting:4", "40.00"), header=refs(vendor="3") | CARD),
    ),
    "bill_payment_by_credit": (
        US,
        settled(
            "bill_payment",
            ("bill", "@posting:4", "5.00"),
            ("vendor_credit", "@posting:5", "-5.00"),
            header=refs(vendor="3"),
        ),
    ),
    "deposit": (
        US,
        MappedDocument(
            document=Document(
                kind="deposit",
                source_id="payout:1",
                date=dt.date(2026, 3, 11),
                number="PO-9",
                total=D("57.10"),
                lines=(Line(id="p", amount=D(60)), Line(id="f", amount=D("-2.90"))),
            ),
            header=account("deposit_account", "35", "Bank") | refs(location="2"),
            lines=(
                MappedLine(
                    line=Line(id="p", amount=D(60)),
                    refs={},
                    applied=Link(kind="payment", id="@posting:6"),
                ),
                MappedLine(
                    line=Line(id="f", amount=D("-2.90"), description="Card fee"),
                    refs=refs(account="8", vendor="38", class_=COMMERCIAL),
                ),
            ),
        ),
    ),
    "customer_full": (US, entry("customer", ORG, refs(term="3", tax_code="NON"))),
    "customer_job": (US, entry("customer", Party(name="Fjord Homes phase 2"), refs(customer="41"))),
    "customer_euro": (NO, entry("customer", replace(ORG, currency="EUR"))),
    "item_service": (
        US,
        entry("item", Item(name="INV-1"), refs(income_account="1", tax_code="TAX")),
    ),
    "item_bought": (
        US,
        entry(
            "item",
            Item(name="Drill", type="non_inventory", cost=D("9.5")),
            refs(expense_account="80", vendor="2"),
        ),
    ),
    "item_inventory": (
        US,
        entry(
            "item",
            Item(
                name="820412-001 Rev B",
                type="inventory",
                sku="820412-001",
                description="Bracket",
                price=D("12.50"),
                cost=D("4.20"),
                start=dt.date(2026, 1, 1),
                on_hand=D(3),
            ),
            INVENTORY,
        ),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_payload_is_as_its_golden_file_says(name):
    facts, what = CASES[name]
    built = payloads.build(what, facts, MARKER)
    golden(
        GOLDEN / f"{name}.json",
        {"body": built.body, "meaning": built.summary.dump(), "warnings": built.warnings},
    )
    assert built.problems == ()


FIRST = {
    "1": sold(line("1", "60.00", item="1")),
    "2": sold(line("1", "30.00", item="1"), number="A-2"),
    "3": sold(line("1", "15.00", item="1"), kind="credit_memo"),
    "4": mapped(line("1", "40.00", account="7"), header=refs(vendor="3")),
    "5": mapped(line("1", "5.00", account="7"), kind="vendor_credit", header=refs(vendor="3")),
    "6": settled("payment", header=refs(customer="41"), total=D(60)),
}


PLACEHOLDER = re.compile(r'"(@[^"]+)"')


def fill_placeholders(client: Client, built: payloads.Payload) -> tuple[bytes, dict[str, Any]]:
    """Return the bytes and the summary of a payload, once its placeholders are filled."""
    ids = {}
    body = payloads.encode(built.body).decode()
    for place in sorted(set(PLACEHOLDER.findall(body))):
        first = FIRST[place[-1]]
        answer = client.create(
            first.document.kind,
            payloads.encode(payloads.build(first, US, "M").body),
            place[-1] * 32,
        )
        assert answer.id, answer.text
        ids[place] = answer.id
    summary_json = json.dumps(built.summary.dump())
    for place, id in ids.items():
        summary_json = summary_json.replace(f'"{place}"', f'"{id}"')
    return payloads.encode(payloads.fill(built.body, ids)), TransactionSummary.load(
        json.loads(summary_json)
    )


@pytest.mark.proof(small=10)
@pytest.mark.parametrize("name", CASES)
def test_quickbooks_accepts_each_body_and_returns_the_same_summary(intuit, name):
    facts, what = CASES[name]
    realm = list(intuit.companies)[facts.country == "NO"]
    client = Client(
        oauth_connect.connect_with_refresh_token(realm, intuit.refresh_tokens[realm]).id
    )
    body, expected = fill_placeholders(client, payloads.build(what, facts, MARKER))
    answer = client.create(what.document.kind, body, "a" * 32)
    assert answer.outcome == "landed", answer.text
    result = payloads.summarize(what.document.kind, answer.entity, facts.currency)
    assert payloads.describe_differences(expected, result) == []
    total = what.document.total
    assert total is None or result.total == total
