"""Payloads equal their golden files, are accepted by the stand-in and read back unchanged."""

import datetime as dt
import json
import time
from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from hub import payloads
from hub.contract.documents import Address, Attachment, Document, Party
from hub.db import engine
from hub.mapping import MappedDocument, Ref
from hub.mapping.split import split
from hub.models import TransactionSummary
from hub.payloads.company_facts import CompanyFacts
from hub.qbo import company as qbo_company
from hub.qbo import transaction_index
from hub.qbo.client import Client
from hub.qbo.oauth import connect as oauth_connect
from hub.testing.golden import golden
from tests.support.rows.payload_cases import MARKER, NO, US, line, mapped, norwegian, refs

GOLDEN = Path(__file__).parents[2] / "golden" / "payloads"
FULL_HEADER = refs(vendor="2", payable_account="33", term="3", location="2")
HANSEN = Party(
    name="Hansen  Rør",
    email="post@hansen.example",
    phone="+47 22 00 00 00",
    contact="Kari Nord Hansen",
    address=Address(
        name="c/o Ås", lines=("Gata 1", "Loft"), city="Oslo", postal_code="0155", country="NO"
    ),
    currency="NOK",
)
CASES: dict[str, tuple[CompanyFacts, MappedDocument]] = {
    "bill_plain": (
        US,
        mapped(line("1", "100.10", account="7"), total=D("100.10"), memo="Reference: 4711"),
    ),
    "bill_full": (
        US,
        mapped(
            line(
                "1",
                "70.00",
                "Studs",
                item="3",
                quantity=D("2"),
                unit_price=D("35"),
                class_="5000000000000000002",
            ),
            line("2", "30.10", 'Labour Ø & "Å"', account="7", customer="41", billable=True),
            line("3", None, "Thank you"),
            header=FULL_HEADER,
            due=dt.date(2026, 4, 1),
            number="N" * 30,
            memo="First\nSecond",
            total=D("100.10"),
        ),
    ),
    "bill_price_beside_amount": (
        US,
        mapped(line("1", "100.00", item="3", quantity=D(3), unit_price=D("33.33"))),
    ),
    "bill_price_worked_out": (US, mapped(line("1", "100.00", item="3", quantity=D(3)))),
    "bill_us_with_tax": (
        US,
        mapped(
            line("1", "100.00", account="7", tax=D("8.25")), tax_total=D("8.25"), total=D("108.25")
        ),
    ),
    "bill_norway": (
        NO,
        norwegian(
            line("1", "100.10", account="30", tax_code="5", tax=D("25.03")),
            line("2", "10.00", account="30", tax_code="6", tax=D("1.50")),
            tax_total=D("26.53"),
            total=D("136.63"),
        ),
    ),
    "bill_norway_tax_by_header": (
        NO,
        norwegian(
            line("1", "100.10", account="30", tax_code="5"), tax_total=D("25.02"), total=D("125.12")
        ),
    ),
    "bill_norway_inclusive": (
        NO,
        norwegian(
            line("1", "125.00", account="30", tax_code="5"),
            tax_mode="inclusive",
            tax_total=D("25.00"),
            total=D(125),
        ),
    ),
    "bill_norway_computed": (
        NO,
        norwegian(line("1", "80.00", account="30", tax_code="5"), tax_mode="computed"),
    ),
    "bill_norway_no_tax": (
        NO,
        norwegian(line("1", "80.00", account="30", tax_code="5"), tax_mode="none", total=D(80)),
    ),
    "bill_euro": (
        NO,
        mapped(
            line("1", "80.00", account="30", tax_code="8"),
            header=refs(vendor="37", payable_account="64"),
            currency="EUR",
        ),
    ),
    "bill_euro_exchange_rate": (
        NO,
        mapped(
            line("1", "80.00", account="30", tax_code="8"),
            header=refs(vendor="37", payable_account="64"),
            currency="EUR",
            exchange_rate=D("11.4567"),
        ),
    ),
    "vendor_credit_plain": (
        US,
        mapped(line("1", "15.50", account="7"), kind="vendor_credit", total=D("15.50")),
    ),
    "vendor_credit_norway": (
        NO,
        norwegian(
            line("1", "100.00", account="30", tax_code="5", tax=D(25)),
            kind="vendor_credit",
            tax_total=D(25),
            total=D(125),
        ),
    ),
    "vendor_full": (
        NO,
        MappedDocument(
            document=Document(kind="vendor", source_id="supplier:7", details=HANSEN),
            header=refs(term="3"),
        ),
    ),
    "vendor_plain": (
        US,
        MappedDocument(
            document=Document(
                kind="vendor", source_id="supplier:8", details=Party(name="Plain Co")
            ),
            header={},
        ),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_payload_is_as_its_golden_file_says(name):
    facts, what = CASES[name]
    built = payloads.build(what, facts, MARKER)
    fields = {
        "body": built.body,
        "meaning": built.summary.dump(),
        "warnings": built.warnings,
        "problems": built.problems,
    }
    golden(GOLDEN / f"{name}.json", fields)


@pytest.mark.parametrize("name", CASES)
def test_quickbooks_accepts_each_body_and_returns_the_same_summary(intuit, name):
    facts, what = CASES[name]
    realm = list(intuit.companies)[facts.country == "NO"]
    client = Client(
        oauth_connect.connect_with_refresh_token(realm, intuit.refresh_tokens[realm]).id
    )
    built = payloads.build(what, facts, MARKER)
    answer = client.create(what.document.kind, payloads.encode(built.body), "a" * 32)
    assert answer.outcome == "landed", answer.text
    assert (
        payloads.describe_differences(
            built.summary, payloads.summarize(what.document.kind, answer.entity, facts.currency)
        )
        == []
    )


def build(what: MappedDocument, facts: CompanyFacts = US) -> payloads.Payload:
    return payloads.build(what, facts, MARKER)


def test_amounts_are_plain_numbers_in_the_bytes():
    sent = payloads.encode({"a": D("1E+3"), "b": D("0.10"), "c": [D("-7")], "ø": 'x"'})
    assert sent == '{"a":1000,"b":0.10,"c":[-7],"ø":"x\\""}'.encode()


def test_a_binary_fraction_is_refused():
    with pytest.raises(TypeError):
        payloads.encode({"a": 0.1})


def test_the_bytes_do_not_depend_on_the_order_of_keys():
    assert payloads.encode({"b": 1, "a": 2}) == payloads.encode({"a": 2, "b": 1})


def test_a_note_is_cut_before_its_marker():
    note = build(mapped(line("1", "1", account="7"), memo="ø" * 5000)).body["PrivateNote"]
    assert len(note) <= 4000
    assert transaction_index.extract_marker(note) == MARKER


def test_a_marker_that_a_source_writes_does_not_pass_for_ours():
    note = build(mapped(line("1", "1", account="7"), memo="[hub:AAAAAAAAAAAA]")).body["PrivateNote"]
    assert transaction_index.extract_marker(note) == MARKER


def test_a_long_number_is_cut_and_complete_in_the_memo():
    built = build(mapped(line("1", "1", account="7"), number="N" * 30))
    assert built.body["DocNumber"] == "N" * 21
    assert f"Number: {'N' * 30}" in built.body["PrivateNote"]
    assert built.warnings


@pytest.mark.parametrize("length", [19, 20, 21, 40])
def test_the_parts_of_a_document_with_a_long_number_have_different_numbers(length):
    whole = mapped(line("1", "1", account="7"), line("2", "2", account="7"), line("3", "3"))
    whole = replace(whole, document=replace(whole.document, number="N" * length))
    places = {str(n): Ref(role="location", id=f"6{n}") for n in (1, 2, 3)}
    parts = split(whole, "location", places)
    numbers = [build(part).body["DocNumber"] for part in parts]
    assert numbers[0] == "N" * min(length, 21)
    assert [number[-2:] for number in numbers[1:]] == ["-2", "-3"]
    assert max(map(len, numbers)) <= 21


def test_classes_that_are_switched_off_go_into_the_note():
    plain = CompanyFacts()
    built = build(
        mapped(line("1", "1", account="7", class_="5"), header=refs(vendor="1", location="2")),
        plain,
    )
    assert "DepartmentRef" not in built.body
    assert "ClassRef" not in json.dumps(built.body, default=str)
    assert "Class: the class_" in built.body["PrivateNote"]
    assert "Location: the location" in built.body["PrivateNote"]
    assert len(built.warnings) == 2


@pytest.mark.row("CT-B2")
@pytest.mark.parametrize(("tolerance", "is_held"), [("0", True), ("0.01", False)])
def test_sums_that_differ_hold_the_document(tolerance, is_held):
    built = build(
        mapped(line("1", "100.00", account="7"), total=D("100.01"), tolerance=D(tolerance))
    )
    assert bool(built.problems) is is_held


@pytest.mark.parametrize(
    ("what", "word"),
    [
        (
            mapped(line("1", "1", account="7"), header={"term": Ref(role="term", id="1")}),
            "supplier",
        ),
        (mapped(line("1", "1", account="7"), date=None), "date"),
        (mapped(line("1", None)), "amount"),
        (mapped(line("1", "1")), "neither account nor item"),
        (mapped(line("1", "-1", account="7")), "negative"),
    ],
)
def test_values_that_quickbooks_would_refuse_are_problems(what, word):
    assert any(word in problem for problem in build(what).problems)


@pytest.mark.row("CT-B12")
def test_a_foreign_currency_in_a_company_with_only_one_holds_the_document():
    assert (
        "several currencies"
        in build(mapped(line("1", "1", account="7"), currency="EUR")).problems[0]
    )


def test_a_line_without_tax_code_holds_the_document_where_tax_codes_are_required():
    assert (
        "Line 1 has no tax code" in build(norwegian(line("1", "1", account="30")), NO).problems[0]
    )


def test_a_customer_alone_never_makes_a_line_billable():
    body = build(mapped(line("1", "1", account="7", customer="41"))).body
    assert body["Line"][0]["AccountBasedExpenseLineDetail"]["BillableStatus"] == "NotBillable"


def test_a_price_that_does_not_yield_the_amount_is_replaced_and_stays_in_the_description():
    row = build(CASES["bill_price_beside_amount"][1]).body["Line"][0]
    assert row["ItemBasedExpenseLineDetail"]["UnitPrice"] == D("33.3333333")
    assert row["Description"] == "Work (3 x 33.33)"


def test_a_colon_in_a_vendors_name_holds_the_vendor():
    party = Document(kind="vendor", source_id="s", details=Party(name="A: B"))
    assert build(MappedDocument(document=party, header={})).problems


def test_placeholders_of_records_are_filled():
    body = build(
        mapped(line("1", "1", account="7"), header=refs(vendor="@vendor:7"), memo="@home: later")
    ).body
    filled = payloads.fill(body, {"@vendor:7": "12"})
    assert filled == body | {"VendorRef": {"value": "12"}}


def test_a_file_names_its_transaction():
    payload = payloads.build_file_metadata(
        Attachment(id="f", name="a\nb.pdf", mime="application/pdf"), "bill", "12", MARKER
    )
    assert payload["FileName"] == "a b.pdf"
    assert payload["AttachableRef"][0]["EntityRef"] == {"type": "Bill", "value": "12"}


# -- read back -------------------------------------------------------------------------------------

ENTITY: dict[str, Any] = {
    "VendorRef": {"value": "1"},
    "DocNumber": "A-1",
    "TxnDate": "2026-03-02",
    "TotalAmt": D("10"),
    "Line": [
        {
            "Id": "1",
            "Amount": D("10"),
            "DetailType": "AccountBasedExpenseLineDetail",
            "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}},
        }
    ],
}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"TotalAmt": D("10.01")}, "total"),
        ({"VendorRef": {"value": "2"}}, "party"),
        ({"DocNumber": "B"}, "number"),
        ({"TxnDate": "2026-03-03"}, "date"),
        ({"Line": []}, "lines"),
        ({"Line": [{**ENTITY["Line"][0], "Amount": D("9")}]}, "line 1"),
        (
            {
                "Line": [
                    {
                        **ENTITY["Line"][0],
                        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "8"}},
                    }
                ]
            },
            "account",
        ),
    ],
)
def test_each_differing_fact_is_reported(change, word):
    expected, actual = (
        payloads.summarize("bill", ENTITY, "USD"),
        payloads.summarize("bill", ENTITY | change, "USD"),
    )
    assert payloads.describe_differences(expected, expected) == []
    assert any(word in sentence for sentence in payloads.describe_differences(expected, actual))


def test_lines_in_another_order_are_compared_with_those_that_they_fit():
    first = ENTITY["Line"][0]
    second = first | {"Amount": D("2.50")}
    expected = payloads.summarize("bill", ENTITY | {"Line": [first, second]}, "USD")
    reordered = payloads.summarize("bill", ENTITY | {"Line": [second, first]}, "USD")
    assert payloads.describe_differences(expected, reordered) == []
    detail = first["AccountBasedExpenseLineDetail"] | {"TaxCodeRef": {"value": "NON"}}
    filled = [row | {"AccountBasedExpenseLineDetail": detail} for row in (second, first)]
    answer = payloads.summarize("bill", ENTITY | {"Line": filled}, "USD")
    assert payloads.describe_differences(expected, answer) == []
    edited = [second | {"Amount": D("3.50")}, first]
    actual = payloads.summarize("bill", ENTITY | {"Line": edited}, "USD")
    assert payloads.describe_differences(expected, actual) == [
        "QuickBooks has 3.50 USD on line 2 instead of 2.50 USD."
    ]


def test_an_unbilled_line_differs_only_from_what_quickbooks_has_answered():
    """A company without billable expenses may answer NotBillable to what was sent."""
    line = {
        "Amount": 10,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {
            "AccountRef": {"value": "7"},
            "CustomerRef": {"value": "3"},
            "BillableStatus": "Billable",
        },
    }
    detail = line["AccountBasedExpenseLineDetail"] | {"BillableStatus": "NotBillable"}
    unbilled_line = line | {"AccountBasedExpenseLineDetail": detail}
    sent, answer = (
        payloads.summarize("bill", {"Line": [each], "TotalAmt": 10}, "USD")
        for each in (line, unbilled_line)
    )
    assert payloads.describe_differences(sent, answer) == []
    assert payloads.describe_differences(answer, answer, compares_billing=True) == []
    assert payloads.describe_differences(sent, answer, compares_billing=True) == [
        "On line 1: QuickBooks does not bill it to the customer."
    ]


def test_an_amount_with_tax_of_zero_that_quickbooks_returns_is_none():
    """QuickBooks returned it on lines of bills and sales receipts that it was not sent for."""
    line = ENTITY["Line"][0]
    detail = line["AccountBasedExpenseLineDetail"] | {"TaxInclusiveAmt": D("0.0")}
    answer = ENTITY | {"Line": [line | {"AccountBasedExpenseLineDetail": detail}]}
    expected = payloads.summarize("bill", ENTITY, "USD")
    assert payloads.describe_differences(expected, payloads.summarize("bill", answer, "USD")) == []


def test_values_that_quickbooks_fills_in_are_no_difference():
    result = ENTITY | {
        "DueDate": "2026-04-01",
        "Balance": D(10),
        "SalesTermRef": {"value": "3"},
        "DepartmentRef": {"value": "1"},
    }
    assert (
        payloads.describe_differences(
            payloads.summarize("bill", ENTITY), payloads.summarize("bill", result)
        )
        == []
    )


# -- updates ---------------------------------------------------------------------------------------


@pytest.fixture
def posted_bill(quickbooks):
    """Provide a bill of two lines as QuickBooks stores it."""
    body = build(
        mapped(
            line("1", "70.00", "Studs", account="7"),
            line("2", "30.00", "Nails", account="7"),
            header=FULL_HEADER,
        )
    ).body
    return Client(1).create("bill", payloads.encode(body), "a" * 32).entity


def update(
    current: dict[str, Any], what: MappedDocument, last: TransactionSummary | None = None
) -> dict[str, Any]:
    body = payloads.build_update_body(build(what).body, current, last)
    answer = Client(1).update("bill", payloads.encode(body), "b" * 32)
    assert answer.landed, answer.text
    return answer.entity


def test_an_update_keeps_the_ids_of_its_lines(posted_bill):
    what = mapped(
        line("2", "30.00", "Nails", account="7"),
        line("1", "75.00", "Studs", account="7"),
        header=FULL_HEADER,
    )
    ids = {row["Description"]: row["Id"] for row in update(posted_bill, what)["Line"]}
    assert ids == {"Nails": "2", "Studs": "1"}


@pytest.mark.parametrize("change", ["text", "amount", "text and amount", "order"])
def test_the_lines_of_a_very_long_document_are_paired_in_seconds(change):
    count = 4000
    lines = [line(str(n), f"{n + 1}.00", f"Delivery {n}", account="7") for n in range(count)]
    body = payloads.build(mapped(*lines), US, MARKER).body
    stored = [row | {"Id": str(place)} for place, row in enumerate(body["Line"], start=1)]
    for row in stored:
        if "text" in change:
            row["Description"] += " (corrected)"
        if "amount" in change:
            row["Amount"] += count
    if change == "order":
        stored.reverse()
    started_at = time.process_time()
    update = payloads.build_update_body(body, body | {"Id": "1", "SyncToken": "0", "Line": stored})
    assert time.process_time() - started_at < 3
    assert [row["Id"] for row in update["Line"]] == [str(n + 1) for n in range(count)]


def test_a_line_that_is_new_gets_an_id_of_its_own(posted_bill):
    lines = [
        line("1", "70.00", "Studs", account="7"),
        line("3", "5.00", "Glue", account="7"),
        line("2", "30.00", "Nails", account="7"),
    ]
    ids = {
        row["Description"]: row["Id"]
        for row in update(posted_bill, mapped(*lines, header=FULL_HEADER))["Line"]
    }
    assert (ids["Studs"], ids["Nails"]) == ("1", "2")
    assert ids["Glue"] not in ("1", "2")


def test_an_update_leaves_alone_what_a_person_added(quickbooks, posted_bill):
    note = f"{posted_bill['PrivateNote']}\nPaid in cash, says Kari"
    quickbooks.act(
        "edit",
        kind="Bill",
        id=posted_bill["Id"],
        set={"PrivateNote": note, "SalesTermRef": {"value": "4"}},
    )
    current = Client(1).read("bill", posted_bill["Id"]).entity
    header = {role: ref for role, ref in FULL_HEADER.items() if role != "term"}
    changed = update(
        current, mapped(line("1", "80.00", "Studs", account="7"), header=header, memo="New memo")
    )
    assert "Paid in cash, says Kari" in changed["PrivateNote"]
    assert "New memo" in changed["PrivateNote"]
    assert transaction_index.extract_marker(changed["PrivateNote"]) == MARKER
    assert changed["SalesTermRef"]["value"] == "4"


@pytest.mark.parametrize(
    ("customer", "billable", "status", "project"),
    [
        ("41", True, "HasBeenBilled", "41"),
        ("41", False, "HasBeenBilled", "41"),
        ("42", True, "Billable", None),
    ],
)
def test_a_line_that_was_billed_to_its_customer_is_not_billed_again(
    quickbooks, customer, billable, status, project
):
    billed = line("1", "70.00", "Studs", account="7", customer="41", billable=True)
    body = build(mapped(billed, header=FULL_HEADER)).body
    current = Client(1).create("bill", payloads.encode(body), "a" * 32).entity
    kind = "AccountBasedExpenseLineDetail"
    (row,) = current["Line"]
    row = row | {
        "ProjectRef": {"value": "41"},
        kind: row[kind] | {"BillableStatus": "HasBeenBilled"},
    }
    quickbooks.act("edit", kind="Bill", id=current["Id"], set={"Line": [row]})
    current = Client(1).read("bill", current["Id"]).entity
    corrected = line("1", "75.00", "Studs", account="7", customer=customer, billable=billable)
    (row,) = update(current, mapped(corrected, header=FULL_HEADER))["Line"]
    assert (row["Amount"], row[kind]["BillableStatus"]) == (75, status)
    assert row.get("ProjectRef", {}).get("value") == project


def test_an_update_takes_back_what_the_hub_wrote_before_and_nothing_else(posted_bill):
    theirs = {"PrivateNote": f"Reference: 1\nPaid in cash\n[hub:{MARKER}]"}
    body = build(mapped(line("1", "1", account="7"), memo="Reference: 2")).body
    before = TransactionSummary(memo=f"Reference: 1\n[hub:{MARKER}]")
    note = payloads.build_update_body(body, posted_bill | theirs, before)["PrivateNote"]
    assert note == f"Reference: 2\nPaid in cash\n[hub:{MARKER}]"


def test_a_full_memo_loses_text_of_the_source_before_that_of_people(posted_bill):
    memo = "\n".join(f"Line {number}: {'x' * 90}" for number in range(50))
    body = build(mapped(line("1", "1", account="7"), memo=memo)).body
    before = TransactionSummary(memo=body["PrivateNote"])
    added = "Paid in cash\n…\nApproved by Ola"
    *ours, marker = body["PrivateNote"].splitlines()
    theirs = {"PrivateNote": "\n".join([*ours[:30], added, marker])}
    first = payloads.build_update_body(body, posted_bill | theirs, before)["PrivateNote"]
    assert first.startswith(ours[0])
    assert first.endswith(f"…\n{added}\n[hub:{MARKER}]")
    assert len(first) <= 4000
    again = payloads.build_update_body(body, posted_bill | {"PrivateNote": first}, before)
    assert again["PrivateNote"] == first


def summarize_without_term(entity):
    """Return the summary of a bill whose terms are those that QuickBooks has for its vendor."""
    return payloads.summarize("bill", entity)._replace(term="")


def test_a_change_is_written_against_the_newest_version(posted_bill):
    header = {role: ref for role, ref in FULL_HEADER.items() if role != "location"}
    body = build(mapped(line("1", "70.00", "Studs", account="7"), header=header)).body
    last = summarize_without_term(posted_bill)
    first = payloads.build_update_body(body, posted_bill, last)
    again = payloads.build_update_body(
        first, posted_bill | {"SyncToken": "5", "SalesTermRef": {"value": "4"}}, last
    )
    assert (again["SyncToken"], again["SalesTermRef"]) == ("5", {"value": "4"})


def test_an_update_can_empty_what_the_source_has_no_more(posted_bill):
    header = {role: ref for role, ref in FULL_HEADER.items() if role != "location"}
    what = mapped(line("1", "70.00", "Studs", account="7"), header=header)
    changed = update(posted_bill, what, summarize_without_term(posted_bill))
    assert "DepartmentRef" not in changed
    assert changed["SalesTermRef"]["value"] == "3"


CUSTOM_FIELDS = [
    {"DefinitionId": "1", "Name": "Crew", "Type": "StringType", "StringValue": "Hansen"},
    {"DefinitionId": "2", "Name": "Site", "Type": "StringType", "StringValue": "Kai 4"},
]


def test_an_update_empties_only_the_custom_fields_that_the_hub_had_set():
    current = {"Id": "7", "SyncToken": "0", "CustomField": CUSTOM_FIELDS}
    last = TransactionSummary(set_fields=("CustomField:1",))
    first = payloads.build_update_body({"TotalAmt": D(1)}, current, last)
    for body in (first, payloads.build_update_body(first, current, last)):
        values = {field["Name"]: field.get("StringValue") for field in body["CustomField"]}
        assert values == {"Crew": None, "Site": "Kai 4"}
    assert "sparse" not in first


def test_an_update_leaves_the_custom_fields_of_people_alone():
    current = {"Id": "7", "SyncToken": "0", "CustomField": CUSTOM_FIELDS}
    body = payloads.build_update_body({"TotalAmt": D(1)}, current, TransactionSummary())
    assert ("CustomField" in body, body["sparse"]) == (False, True)


@pytest.mark.row("CT-S11")
def test_a_vendor_is_updated_without_touching_a_persons_notes(quickbooks):
    quickbooks.act("edit", kind="Vendor", id="1", set={"Notes": "Call Kari", "AcctNum": "77"})
    client = Client(1)
    current = client.read("vendor", "1").entity
    document = Document(
        kind="vendor",
        source_id="s",
        details=Party(name=current["DisplayName"], email="new@example.com"),
    )
    body = payloads.build_update_body(
        build(MappedDocument(document=document, header={})).body, current
    )
    changed = client.update("vendor", payloads.encode(body), "b" * 32).entity
    assert (changed["PrimaryEmailAddr"]["Address"], changed["Notes"], changed["AcctNum"]) == (
        "new@example.com",
        "Call Kari",
        "77",
    )


def test_facts_of_a_company_come_from_its_preferences(quickbooks):
    with engine.read_only_session() as session:
        facts = qbo_company.load_facts(session, 1)
    assert (facts.country, facts.class_per_line, facts.locations, facts.tax_codes) == (
        "US",
        True,
        True,
        False,
    )


def test_a_bill_in_another_currency_leaves_the_payable_account_to_quickbooks():
    payable = Ref(role="payable_account", id="1", name="2400 Leverandørgjeld", currency="NOK")
    header = {**refs(vendor="9"), "payable_account": payable}
    line_ = line("1", "10.00", account="60", tax_code="8")
    payload = payloads.build(mapped(line_, header=header, currency="EUR"), NO, MARKER)
    assert "APAccountRef" not in payload.body
    assert payload.warnings == (
        "2400 Leverandørgjeld is kept in NOK; QuickBooks uses its account for EUR.",
    )
    same = payloads.build(mapped(line_, header=header, currency="NOK"), NO, MARKER)
    assert same.body["APAccountRef"] == {"value": "1"}


def test_the_rate_of_the_source_is_compared_and_quickbooks_own_rate_is_not():
    facts, what = CASES["bill_euro_exchange_rate"]
    ours = payloads.build(what, facts, MARKER).summary
    assert TransactionSummary.load(ours.dump()).dump() == ours.dump()
    for rate, sentences in (
        (D("11.4567"), []),
        (D("11.456701"), []),
        (
            D("11.46"),
            ["QuickBooks has 11.46 as the exchange rate of EUR instead of 11.4567."],
        ),
        (None, ["QuickBooks has 1 as the exchange rate of EUR instead of 11.4567."]),
    ):
        assert payloads.describe_differences(ours, ours._replace(exchange_rate=rate)) == sentences
    without = ours._replace(exchange_rate=None)
    assert payloads.describe_differences(without, ours) == []


@pytest.mark.parametrize(("currency", "facts"), [("NOK", NO), ("USD", US)])
def test_a_rate_is_sent_for_a_foreign_currency_only(currency, facts):
    line_ = line("1", "80.00", account="30")
    what = mapped(line_, currency=currency, exchange_rate=D("1.5"))
    assert "ExchangeRate" not in build(what, facts).body


def test_the_rate_of_the_home_currency_is_no_rate():
    assert payloads.summarize("bill", {"ExchangeRate": 1, "Line": []}).exchange_rate is None
