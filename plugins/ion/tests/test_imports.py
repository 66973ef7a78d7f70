"""Orders of QuickBooks that are created in ION, whatever ION answers."""

import pytest

from hub import Code, Document, Line, Record, Retry, money
from hub.testing.fakes.answers import change_answers

ORDER = Document(
    kind="purchase_order",
    source_id="145",
    currency="USD",
    codes={"vendor": Code(id="31", name="Canyon Steel Works")},
    lines=(
        Line(
            id="1",
            amount=money(10),
            quantity=money(4),
            unit_price=money("2.5"),
            codes={"item": Code(id="71", name="GLOVES-M Rev A")},
        ),
    ),
)
RECORDS = [Record(id="145", name="H-17", number="H-17", order=ORDER)]


@pytest.fixture
def importing(open_bench):
    """Open a bench that takes over orders of QuickBooks."""
    return open_bench(import_orders=True)


def remove_id(bench, operation, text):
    """Let ION send null as the id of the row with a text in the answers to a query."""

    def change(answer):
        for edge in answer["data"]["rows"]["edges"]:
            if text in edge["node"].values():
                edge["node"]["id"] = None

    name = f"query {operation}".encode()
    return change_answers(bench, lambda path, query: name in query, change)


@pytest.mark.row("ION-40")
@pytest.mark.parametrize(
    ("operation", "text", "missing"),
    [
        ("Suppliers", "Canyon Steel Works", "supplier “Canyon Steel Works”"),
        ("PartNames", "GLOVES-M", "part “GLOVES-M Rev A”"),
        ("Currencies", "USD", "currency USD"),
    ],
)
def test_an_order_waits_for_a_record_that_ion_sends_without_its_id(
    importing, operation, text, missing
):
    before = len(importing.books.rows("orders"))
    with remove_id(importing, operation, text):
        assert importing.push("order", RECORDS) == []
    assert missing in "".join(importing.check().warnings)
    assert len(importing.books.rows("orders")) == before
    (code,) = importing.push("order", RECORDS)
    assert code.quickbooks_id == "145"


@pytest.mark.row("ION-40")
def test_an_imported_order_without_its_id_is_not_created_once_more(importing):
    codes = importing.push("order", RECORDS)
    before = len(importing.books.rows("orders"))
    without_id = remove_id(importing, "References", "QuickBooks 145: H-17")
    with without_id, pytest.raises(Retry, match="one of its rows"):
        importing.push("order", RECORDS)
    assert importing.push("order", RECORDS) == codes
    assert len(importing.books.rows("orders")) == before
