"""Which invoices are posted, and their content."""

import pytest
from hub_costcertified import codes
from hub_costcertified.sandbox import encoding
from marshmallow import ValidationError

from hub import Checkpoint, Document, Gone, Unreadable, parse_date, readable


@pytest.mark.row("CC-B1")
def test_a_project_that_is_invoiced_for_more_than_its_total_is_warned_of(open_bench):
    bench = open_bench(documents=3)
    bench.books.do(
        "edit",
        invoice="1001",
        fields={
            "lines": [{**bench.books.rows["invoices"]["1001"]["lines"][0], "amount": "99000.00"}]
        },
    )
    assert "more than its total" in bench.read(ids=["invoice:1001"])[0].warnings[0]


@pytest.mark.row("CC-B3")
def test_with_post_on_paid_an_invoice_waits_until_something_of_it_is_paid(open_bench):
    bench = open_bench(post_when="paid")
    assert [
        bench.case(case).stage for case in ("sent", "processing", "paid in part", "paid by card")
    ] == [
        "pending",
        "pending",
        "ready",
        "ready",
    ]


@pytest.mark.row("CC-B3")
def test_a_paid_invoice_need_not_say_how_much_was_paid(open_bench, monkeypatch):
    bench = open_bench(post_when="paid")
    encode = encoding.encode

    def encode_without_amounts(name, row, site):
        encoded = encode(name, row, site)
        return {key: encoded[key] for key in encoded if key not in ("paid_total", "paid_at")}

    monkeypatch.setattr(encoding, "encode", encode_without_amounts)
    assert bench.case("paid by card").stage == "ready"
    assert bench.case("sent").stage == "pending"


def test_a_payment_does_not_change_the_content_of_an_invoice(open_bench):
    bench = open_bench(documents=3)
    before = bench.read(ids=["invoice:1001"])[0]
    bench.books.do("edit", invoice="1001", fields={"paid_at": "2026-03-19T00:00:00Z"})
    after = bench.read(ids=["invoice:1001"])[0]
    assert (after.lines, after.memo, after.total, after.version) == (
        before.lines,
        before.memo,
        before.total,
        "3",
    )


def test_a_status_that_is_unknown_is_reported(open_bench):
    bench = open_bench(documents=3)
    bench.allow_undescribed_answers()
    bench.books.do("edit", invoice="1001", fields={"state": "lost"})
    assert "its status “lost” is none of draft" in bench.read(ids=["invoice:1001"])[0].reason


def test_a_fixed_item_has_to_be_chosen(open_bench):
    with pytest.raises(ValidationError, match="every invoice gets"):
        open_bench(item_mode="fixed_item")


@pytest.mark.row("CC-S13")
def test_a_client_comes_with_all_that_is_known(shared_bench):
    raw = {
        "id": "k1",
        "fname": "Ida",
        "lname": "Ek",
        "company": "Ek AB",
        "email": "i@ek.se",
        "phone": "1",
        "address": "A 1",
    }
    party = codes.build_client_code(raw | {"suite": "2", "city": "Lund", "postal": "22100"}).create
    assert (party.name, party.contact, party.email, party.phone) == (
        "Ek AB",
        "Ida Ek",
        "i@ek.se",
        "1",
    )
    assert (party.address.lines, party.address.city, party.address.postal_code) == (
        ("A 1", "2"),
        "Lund",
        "22100",
    )


@pytest.mark.row("CC-S13")
def test_an_address_without_a_street_comes_too(shared_bench):
    row = {"id": "k1", "company": "Ek AB", "city": "Lund", "postal": "22100"}
    address = codes.build_client_code(row).create.address
    assert (address.lines, address.city, address.postal_code) == ((), "Lund", "22100")


def test_a_day_is_one_where_the_company_is(shared_bench):
    assert str(parse_date("2026-03-01T03:00:00.000Z", shared_bench.site.zone)) == "2026-02-28"
    assert str(parse_date("2026-03-08T09:30:00.000Z", shared_bench.site.zone)) == "2026-03-08"


@pytest.mark.parametrize("name", [None, "", " "])
def test_a_client_without_a_name_says_that_it_has_none(name):
    row = {"id": "k1", "fname": name, "lname": None, "company": name, "email": None}
    item = readable("invoice:1", codes.build_client_code, row)
    assert "its client has no name, company or e-mail address" in item.reason


@pytest.mark.parametrize("code_of", [codes.build_client_code, codes.build_vendor_code])
def test_a_party_without_an_id_is_not_taken_for_another_one(code_of):
    """Two parties with the code "client:None" would be matched with the same record."""
    row = {"id": None, "name": "Ek AB", "company": "Ek AB"}
    assert readable("invoice:1", code_of, row).reason == "The source sent no “id” for it."


@pytest.mark.parametrize("source_id", ["invoice:?", "payment:?", "payout:?", "expense:?"])
def test_a_row_without_an_id_stays_unreadable(shared_bench, source_id):
    (item,) = shared_bench.read(ids=[source_id])
    assert (item.source_id, item.reason) == (source_id, "CostCertified sent a row without an id.")


OPTIONAL_FIELDS = {
    "invoices": (
        "sent_via",
        "basis",
        "basis_value",
        "due_date",
        "currency",
        "paid_total",
        "paid_at",
        "fees",
        "project",
    ),
    "payments": ("method", "currency", "fees", "refunds", "project"),
    "payouts": ("currency",),
    "expenses": ("push", "number", "due_date", "project", "currency"),
}
OPTIONAL_LINE_FIELDS = ("description", "tax_name", "category", "fee")


def _without_optional_fields(list_name, row, site):
    """Return a row as a source sends it that leaves out what it has no value for."""
    encoded = encoding.ENCODERS[list_name](row)
    fields = {name: encoded[name] for name in encoded if name not in OPTIONAL_FIELDS[list_name]}
    if "lines" in fields:
        fields["lines"] = [
            {name: line[name] for name in line if name not in OPTIONAL_LINE_FIELDS}
            for line in fields["lines"]
        ]
    return fields


def test_rows_without_their_optional_fields_are_read(open_bench, monkeypatch):
    bench = open_bench(expenses=True, payable_account="33", paid_from="35")
    unreadable_ids = {item.source_id for item in bench.read() if isinstance(item, Unreadable)}
    bench.allow_undescribed_answers()
    monkeypatch.setattr(encoding, "encode", _without_optional_fields)
    items = bench.read()
    assert {item.source_id for item in items if isinstance(item, Unreadable)} == unreadable_ids
    assert {item.currency for item in items if isinstance(item, Document)} == {"USD"}


def test_an_invoice_that_does_not_say_how_it_was_sent_is_posted_if_it_was(open_bench, monkeypatch):
    bench = open_bench()
    bench.allow_undescribed_answers()
    monkeypatch.setattr(encoding, "encode", _without_optional_fields)
    assert [bench.case(case).stage for case in ("sent", "draft")] == ["ready", "pending"]


def test_numbers_of_documents_may_be_numbers(open_bench, monkeypatch):
    encode = encoding.encode

    def encode_with_numbers(list_name, row, site):
        return _numbers_for_digits(encode(list_name, row, site))

    bench = open_bench()
    before = bench.read()
    bench.allow_undescribed_answers()
    monkeypatch.setattr(encoding, "encode", encode_with_numbers)
    assert bench.read() == before


def _numbers_for_digits(value):
    """Return a value with whole numbers for the ids and numbers in it that are digits only."""
    if isinstance(value, list):
        return [_numbers_for_digits(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    fields = {name: _numbers_for_digits(inner) for name, inner in value.items()}
    for name in ("id", "number", "reference", "phone", "postal"):
        if str(fields.get(name, "")).isdecimal():
            fields[name] = int(fields[name])
    return fields


def test_fixed_words_are_read_in_any_case_and_between_spaces(open_bench, monkeypatch):
    encode = encoding.encode

    def encode_loosely(list_name, row, site):
        encoded = encode(list_name, row, site)
        for name in ("status", "sent_via", "basis", "type", "method"):
            if encoded.get(name):
                encoded[name] = f" {encoded[name].upper()} "
        return encoded

    bench = open_bench()
    before = [item for item in bench.read() if isinstance(item, Document)]
    bench.allow_undescribed_answers()
    monkeypatch.setattr(encoding, "encode", encode_loosely)
    after = [item for item in bench.read() if isinstance(item, Document)]
    assert [(item.source_id, item.stage, item.memo) for item in after] == [
        (item.source_id, item.stage, item.memo) for item in before
    ]


def _change_payments(bench, day, changes):
    """Let payments change on a day of December."""
    for payment, fields in changes.items():
        bench.books.put("payments", {"at": f"2026-12-{day}T00:00:00.000Z"}, payment, **fields)


def _read_refunds(bench, cursors):
    """Read on, and return what is yielded of refunds."""
    items = bench.read(cursors)
    refunds = {}
    for item in items:
        if isinstance(item, Checkpoint):
            cursors[item.stream] = item.cursor
        elif item.source_id.startswith("refund:"):
            refunds[item.source_id] = type(item)
    return refunds


def test_refunds_that_payments_no_longer_have_are_gone(open_bench):
    bench = open_bench(documents=3)
    payments = []
    for amounts in (("5.00", "7.00"), ("9.00",), ("11.00",)):
        bench.page("/payments", {"client": "k1", "amount": "50"})
        payments.append(list(bench.books.rows["payments"])[-1])
        bench.books.do("settle", payment=payments[-1])
        for amount in amounts:
            bench.books.do(
                "refund", payment=payments[-1], amount=amount, tax="0", reason="Too much"
            )
    several, deleted, other = payments
    refunds = {id: bench.books.rows["payments"][id]["refunds"] for id in payments}
    ids = {id: [f"refund:{id}/{refund['id']}" for refund in refunds[id]] for id in payments}
    cursors = {}
    read = _read_refunds(bench, cursors)
    assert read.keys() >= {*ids[several], *ids[deleted], *ids[other]}
    changes = {
        several: {"refunds": refunds[several][1:]},
        deleted: {"refunds": [], "deleted": True},
    }
    first, second = ids[several]
    _change_payments(bench, 11, changes)
    assert _read_refunds(bench, cursors) == {
        first: Gone,
        second: Document,
        ids[deleted][0]: Gone,
    }
    _change_payments(bench, 12, {several: {}})
    assert _read_refunds(bench, cursors) == {first: Gone, second: Document}
    _change_payments(bench, 13, {several: {"refunds": []}})
    assert _read_refunds(bench, cursors) == {second: Gone}
