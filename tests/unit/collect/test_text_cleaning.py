"""Cleaning texts of a source: control characters and lone surrogates are removed."""

from decimal import Decimal

from hub import Code, Document, Line, Party, readable
from hub.collect.text_cleaning import clean


def document(**more):
    lines = (
        Line(
            id="1",
            amount=Decimal("1.00"),
            description="a\0b",
            codes={"cost": Code(id="7", name="Fu\x07el")},
        ),
    )
    return Document(kind="bill", source_id="b:1", lines=lines, **more)


def test_every_text_at_any_depth_is_cleaned():
    result = clean(document(memo="x\ud800y", facts={"k\0": "v\x1f"}))
    assert (result.memo, result.facts) == ("x\ufffdy", {"k": "v"})
    assert (result.lines[0].description, result.lines[0].codes["cost"].name) == ("ab", "Fuel")


def test_a_clean_document_is_returned_unchanged():
    fine = Document(kind="bill", source_id="b:1", memo="line one\nשלום\t=1+1 😀")
    assert clean(fine) is fine


def test_a_text_of_nothing_else_makes_the_document_unreadable():
    odd = Document(kind="bill", source_id="b:1", codes={"supplier": Code(id="\0")})
    assert readable("b:1", clean, odd).reason


def test_currencies_are_written_in_capitals_at_any_depth():
    supplier = Code(id="7", create=Party(name="Fuel Ltd", currency="nok"))
    result = clean(document(currency="nok", codes={"supplier": supplier}))
    assert (result.currency, result.codes["supplier"].create.currency) == ("NOK", "NOK")


def test_zero_has_no_sign():
    """A plugin that multiplies an amount by the sign of a credit makes a zero negative."""
    minus_zero = Decimal("0.00") * -1
    row = Line(id="1", amount=minus_zero, quantity=Decimal("-0"), tax=minus_zero)
    result = clean(Document(kind="credit_memo", source_id="c:1", lines=(row,), total=minus_zero))
    line = result.lines[0]
    assert [str(line.amount), str(line.quantity), str(line.tax)] == ["0.00", "0", "0.00"]
    assert str(result.total) == "0.00"
    assert clean(Decimal("-0.01")) == Decimal("-0.01")
