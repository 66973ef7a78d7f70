"""The codes that documents use: those of one field, each once."""

from hub import Checkpoint, Code, Document, Line, Unreadable, codes_in_use


def document(id, supplier, *accounts):
    return Document(
        kind="bill",
        source_id=id,
        codes={"supplier": supplier},
        lines=tuple(
            Line(id=str(place), codes={"account": account})
            for place, account in enumerate(accounts)
        ),
    )


def test_codes_of_headers_and_lines_come_once_in_the_order_of_their_first_use():
    items = [
        document("1", Code(id="s1", name="Old name"), "4000", "4010"),
        Unreadable(source_id="2", reason="any"),
        document("3", Code(id="s1", name="New name"), "4000", None, ""),
        Checkpoint(cursor="end"),
    ]
    assert codes_in_use(items, "supplier") == [Code(id="s1", name="New name")]
    assert codes_in_use(items, "account") == ["4000", "4010"]
    assert codes_in_use(items, "class") == []
