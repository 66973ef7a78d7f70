"""Bills of purchase orders: QuickBooks links the lines of an order one by one."""

from decimal import Decimal as D

import pytest

from hub import payloads
from hub.contract.documents import Applied, Document, Line
from hub.mapping import MappedDocument, MappedLine
from hub.mapping.mapped import Link
from tests.support.rows.payload_cases import MARKER, US, refs

ORDER = {"TxnId": "700", "TxnType": "PurchaseOrder"}
STAYS_OPEN = (
    "Line 1 bills order:1 as a whole. QuickBooks links orders line by line only, so the order"
    " stays open there until somebody closes it."
)


def build_bill(order_lines, **applied):
    billed = Line(id="1", amount=D(50), applied=Applied(document="order:1", **applied))
    link = Link(kind="purchase_order", id="700", lines=order_lines)
    row = MappedLine(line=billed, refs=refs(account="7"), applied=link)
    bill = Document(kind="bill", source_id="bill:1", number="A-1", lines=(billed,))
    return payloads.build(
        MappedDocument(document=bill, header=refs(vendor="1"), lines=(row,)), US, MARKER
    )


@pytest.mark.parametrize("applied", [{}, {"line": "a"}])
def test_the_only_line_of_an_order_is_linked_also_if_the_order_is_billed_as_a_whole(applied):
    built = build_bill({"a": "3"}, **applied)
    assert built.body["LinkedTxn"] == [ORDER]
    assert built.body["Line"][0]["LinkedTxn"] == [ORDER | {"TxnLineId": "3"}]
    assert built.warnings == ()


@pytest.mark.parametrize("order_lines", [{}, {"a": "3", "b": "4"}])
def test_a_warning_says_that_an_order_of_several_lines_stays_open(order_lines):
    built = build_bill(order_lines)
    assert built.body["LinkedTxn"] == [ORDER]
    assert "LinkedTxn" not in built.body["Line"][0]
    assert built.warnings == (STAYS_OPEN,)


def test_of_several_lines_that_bill_a_whole_order_none_is_linked():
    link = Link(kind="purchase_order", id="700", lines={"a": "3"})
    billed = [Line(id=id, amount=D(50), applied=Applied(document="order:1")) for id in ("1", "2")]
    rows = [MappedLine(line=line, refs=refs(account="7"), applied=link) for line in billed]
    bill = Document(kind="bill", source_id="bill:1", number="A-1", lines=tuple(billed))
    mapped = MappedDocument(document=bill, header=refs(vendor="1"), lines=tuple(rows))
    built = payloads.build(mapped, US, MARKER)
    assert [line.get("LinkedTxn") for line in built.body["Line"]] == [None, None]
    assert built.body["LinkedTxn"] == [ORDER]
    assert built.warnings[0] == STAYS_OPEN


def test_a_deposited_payment_keeps_its_line_if_quickbooks_answers_with_a_type():
    link = {"TxnId": "7", "TxnType": "Payment", "TxnLineId": "0"}
    ours = {"Amount": D(10), "LinkedTxn": [link]}
    detail = {"DetailType": "DepositLineDetail", "DepositLineDetail": {}}
    stored = {"Id": "1", "Amount": D(10), "LinkedTxn": [link], **detail}
    current = {"Id": "9", "SyncToken": "0", "Line": [stored]}
    update = payloads.build_update_body({"Line": [ours]}, current)
    assert [line["Id"] for line in update["Line"]] == ["1"]
