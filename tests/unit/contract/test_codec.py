"""Contract values survive a round trip through JSON."""

import datetime as dt
import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub import NOT_LINKED, Address, Applied, Attachment, Code, Document, Item, Line, Party, Receipt
from hub.contract.codec import dump, load
from tests.support.runs.tiers import FULL, SAME_EXAMPLES

texts = st.text(min_size=1).filter(str.strip)
maybe = st.none() | texts
amounts = st.decimals(allow_nan=False, allow_infinity=False, places=4)
dates = st.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1))
addresses = st.builds(
    Address, name=maybe, lines=st.lists(texts).map(tuple), city=maybe, country=maybe
)
parties = st.builds(Party, name=texts, email=maybe, address=st.none() | addresses, currency=maybe)
items = st.builds(
    Item,
    name=texts,
    type=st.sampled_from(["service", "inventory"]),
    sku=maybe,
    price=st.none() | amounts,
    start=st.none() | dates,
    codes=st.dictionaries(texts, texts, max_size=2),
)
codes = st.builds(
    Code,
    id=texts,
    name=maybe,
    number=maybe,
    quickbooks_id=maybe | st.just(NOT_LINKED),
    create=st.none() | parties | items,
    hold=maybe,
)
code_maps = st.dictionaries(texts, codes | texts, max_size=2)
facts = st.dictionaries(texts, texts, max_size=2)
lines = st.builds(
    Line,
    id=texts,
    amount=st.none() | amounts,
    quantity=st.none() | amounts,
    description=maybe,
    codes=code_maps,
    billable=st.booleans(),
    facts=facts,
    applied=st.none() | st.builds(Applied, document=texts, line=maybe),
)
files = st.builds(
    Attachment, id=texts, name=texts, mime=st.text(), size=st.none() | st.integers(0), sha256=maybe
)
documents = st.builds(
    Document,
    kind=st.sampled_from(["bill", "invoice", "vendor"]),
    source_id=texts,
    quickbooks_id=maybe,
    version=maybe,
    stage=st.sampled_from(["ready", "pending"]),
    hold=maybe,
    date=st.none() | dates,
    number=maybe,
    email_to=maybe | st.just(""),
    codes=code_maps,
    lines=st.lists(lines, max_size=3, unique_by=lambda line: line.id).map(tuple),
    details=st.none() | parties | items,
    total=st.none() | amounts,
    tolerance=amounts.map(abs),
    ship_to=st.none() | addresses,
    custom=facts,
    attachments=st.lists(files, max_size=2, unique_by=lambda file: file.id).map(tuple),
    warnings=st.lists(texts, max_size=2).map(tuple),
    facts=facts,
)


@pytest.mark.proof
@settings(
    max_examples=100 if FULL else 10,
    deadline=None,
    derandomize=SAME_EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow],  # a busy machine is slow, but no data differs
)
@given(documents)
def test_any_document_survives_dump_and_load(document):
    assert load(Document, json.loads(json.dumps(dump(document)))) == document


def test_amounts_are_kept_as_text_and_dates_in_iso():
    data = dump(
        Document(kind="bill", source_id="1", total=Decimal("10.50"), date=dt.date(2026, 3, 2))
    )
    assert (data["total"], data["date"]) == ("10.50", "2026-03-02")


def test_fields_without_a_value_are_left_out():
    data = dump(Document(kind="bill", source_id="1"))
    assert data == {
        "kind": "bill",
        "source_id": "1",
        "stage": "ready",
        "tax_mode": "exclusive",
        "tolerance": "0",
    }


def test_an_empty_text_that_has_a_meaning_is_not_taken_for_none():
    """A code without a link would match by its name, and an invoice would not be mailed."""
    code = Code(id="project:1", name="Pier", quickbooks_id=NOT_LINKED)
    document = Document(kind="invoice", source_id="1", email_to="", codes={"project": code})
    assert load(Document, json.loads(json.dumps(dump(document)))) == document


def test_zero_and_no_are_values():
    data = dump(Line(id="1", amount=Decimal(0)))
    assert (data["amount"], data["billable"]) == ("0", False)


def test_a_receipt_keeps_its_moment():
    receipt = Receipt(
        state="paid", at=dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC), paid=Decimal("1.00")
    )
    assert load(Receipt, dump(receipt)) == receipt


def test_a_field_that_a_later_version_wrote_is_passed_over():
    assert load(Attachment, {"id": "1", "name": "a", "mime": "b", "colour": "red"}) == Attachment(
        id="1", name="a", mime="b"
    )


def test_a_file_of_which_the_source_does_not_say_the_type_stays_without_it():
    file = Attachment(id="1", name="scan.pdf", mime="")
    assert load(Attachment, dump(file)) == file


def test_the_details_of_a_code_stay_a_party_or_an_item():
    for details in (Party(name="Kari"), Item(name="Kari"), Item(name="Kari", type="inventory")):
        assert load(Code, dump(Code(id="1", create=details))).create == details
