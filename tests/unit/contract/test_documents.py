"""Documents: immutable, keyword-only, and invalid values raise errors that name them."""

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import get_type_hints

import pytest

import hub
from hub import (
    Address,
    Applied,
    Attachment,
    Checkpoint,
    Code,
    Document,
    Field,
    FileContent,
    Gone,
    Item,
    Line,
    NeedsAttention,
    Party,
    Refused,
    Sandbox,
    Signal,
    Stage,
    Tenant,
    Unreadable,
    parse_date,
    readable,
)
from hub.contract.codec import dump, load
from hub.contract.documents import iter_codes
from hub.contract.site_settings import SiteSettings
from hub.errors import BadDocument


def bill(**more):
    return Document(kind="bill", source_id="invoice:1", **more)


def scan(name):
    return Attachment(id="f1", name=name, mime="application/pdf")


def test_a_file_that_is_listed_twice_is_one_file():
    assert len(bill(attachments=(scan("a.pdf"), scan("a.pdf"))).attachments) == 2


@pytest.mark.parametrize(
    ("name", "mime", "completed"),
    [
        ("Faktura 1042", "application/pdf", ("Faktura 1042.pdf", "application/pdf")),
        ("Faktura nr. 1042", "IMAGE/JPEG; q=1", ("Faktura nr. 1042.jpg", "IMAGE/JPEG; q=1")),
        ("scan.PDF", "", ("scan.PDF", "application/pdf")),
        ("scan.pdf", "application/octet-stream", ("scan.pdf", "application/pdf")),
        ("scan.pdf", None, ("scan.pdf", "application/pdf")),
        ("scan.pdf", 7, ("scan.pdf", "application/pdf")),
        ("page.html", "application/pdf", ("page.html", "application/pdf")),
        ("scan", "application/octet-stream", ("scan", "application/octet-stream")),
        ("scan", "", ("scan", "")),
    ],
)
def test_a_file_gets_the_suffix_of_its_type_and_the_type_of_its_suffix(name, mime, completed):
    file = Attachment(id="1", name=name, mime=mime)
    assert (file.name, file.mime) == completed
    assert load(Attachment, dump(file)) == file


def test_a_noun_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        bill().number = "2"


def test_a_noun_takes_keywords_only():
    with pytest.raises(TypeError):
        Document("bill", "invoice:1")


def test_every_noun_says_what_it_is():
    for name in (
        "Document",
        "Line",
        "Code",
        "Party",
        "Item",
        "Attachment",
        "Gone",
        "Unreadable",
        "Checkpoint",
        "Receipt",
    ):
        assert getattr(hub, name).__doc__


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (
            lambda: Document(kind="bil", source_id="1"),
            "'bil' is not a kind of document. There is bill, vendor_credit,",
        ),
        (
            lambda: Document(kind="bill", source_id=" "),
            "A document needs source_id as text, not ' '.",
        ),
        (lambda: Document(kind="bill", source_id=7), "A document needs source_id as text, not 7."),
        (lambda: bill(stage="later"), "'later' is not a stage."),
        (lambda: bill(tax_mode="vat"), "'vat' is not a tax mode."),
        (
            lambda: bill(total=10.5),
            "total of invoice:1 must be a Decimal, not 10.5. Read it with money().",
        ),
        (lambda: bill(total=Decimal("NaN")), "total of invoice:1 is not a number: NaN."),
        (
            lambda: bill(currency="EUR", exchange_rate=11.5),
            "exchange_rate of invoice:1 must be a Decimal, not 11.5.",
        ),
        (
            lambda: bill(currency="EUR", exchange_rate=Decimal(0)),
            "exchange_rate of invoice:1 must be above 0, not 0.",
        ),
        (
            lambda: bill(exchange_rate=Decimal("11.5")),
            "exchange_rate of invoice:1 needs the currency that it is for.",
        ),
        (
            lambda: bill(tolerance=Decimal("Infinity")),
            "tolerance of invoice:1 is not a number: Infinity.",
        ),
        (
            lambda: bill(date="2026-03-02"),
            "date of invoice:1 must be a date without a time, not '2026-03-02'. Read it with"
            " parse_date().",
        ),
        (
            lambda: bill(due=dt.datetime(2026, 3, 2, tzinfo=dt.UTC)),
            "due of invoice:1 must be a date without a time",
        ),
        (
            lambda: bill(lines=(Line(id="1"), Line(id="1"))),
            "Two lines of invoice:1 have the same id.",
        ),
        (
            lambda: bill(attachments=(scan("a.pdf"), scan("b.pdf"))),
            "Two files of invoice:1 have the same id, 'f1'.",
        ),
        (lambda: Line(id=""), "A line needs id as text"),
        (lambda: Line(id="1", amount=1), "amount of line 1 must be a Decimal, not 1."),
        (lambda: Line(id="1", tax=Decimal("-Infinity")), "tax of line 1 is not a number"),
        (lambda: Code(id=""), "A code needs id as text"),
        (lambda: Item(name=""), "An item needs name as text"),
        (lambda: Party(name=" "), "A party needs name as text, not ' '."),
        (lambda: Party(name=7), "A party needs name as text, not 7."),
        (lambda: Party(name="Acme", email=7), "email of party Acme must be a text, not 7."),
        (
            lambda: Party(name="Acme", address="12 Road"),
            "address of party Acme must be an Address, not '12 Road'.",
        ),
        (lambda: Address(postal_code=1234), "postal_code of an address must be a text, not 1234."),
        (lambda: Address(lines="12 Road"), "lines of an address must be a tuple, not '12 Road'."),
        (lambda: Address(lines=(12,)), "A line of an address must be a text, not 12."),
        (lambda: Code(id="7", number=4010), "number of code 7 must be a text, not 4010."),
        (lambda: Code(id="7", quickbooks_id=51), "quickbooks_id of code 7 must be a text, not 51."),
        (
            lambda: bill(codes={"owner": 7}),
            "The code 'owner' of invoice:1 must be a Code, a QuickBooks id as text or None, not 7.",
        ),
        (
            lambda: Line(id="1", codes={"tool": {"id": "7"}}),
            "The code 'tool' of line 1 must be a Code, a QuickBooks id as text or None, not {'id':",
        ),
        (lambda: bill(number=12), "number of invoice:1 must be a text, not 12."),
        (lambda: bill(quickbooks_id=12), "quickbooks_id of invoice:1 must be a text, not 12."),
        (lambda: bill(url=7), "url of invoice:1 must be a text, not 7."),
        *[
            (lambda url=url: bill(url=url), "url of invoice:1 must be an https address")
            for url in (
                "http://source.test/1",
                "javascript:alert(1)",
                "//source.test/1",
                "https:///1",
                "https://kari@source.test/1",
                "https://source.test/a b",
                'https://source.test/"><script>',
                "https://source.test:none/1",
                "https://source.test/" + "x" * 2000,
                "",
            )
        ],
        (lambda: bill(tolerance=None), "tolerance of invoice:1 must be 0 or more, not None; leave"),
        (lambda: bill(tolerance=Decimal("-0.01")), "tolerance of invoice:1 must be 0 or more, not"),
        (lambda: bill(tolerance=0.01), "tolerance of invoice:1 must be a Decimal, not 0.01."),
        (
            lambda: bill(custom={"PO": None}),
            "The custom field 'PO' of invoice:1 must be a text, not None; leave out one without a",
        ),
        (
            lambda: bill(custom={"PO": 7}),
            "The custom field 'PO' of invoice:1 must be a text, not 7",
        ),
        (lambda: bill(custom={7: "a"}), "The custom field 7 of invoice:1 must be a text, not 'a'"),
        (lambda: bill(custom=["PO"]), "custom of invoice:1 must be a mapping, not ['PO']."),
        (
            lambda: Attachment(id="3", name=None, mime=""),
            "attachment 3 needs name as text, not None.",
        ),
        (lambda: bill(warnings="late"), "warnings of invoice:1 must be a tuple, not 'late'."),
        (
            lambda: bill(lines=(Line(id=id) for id in "12")),
            "lines of invoice:1 must be a tuple, not <generator",
        ),
        (lambda: bill(facts=["a"]), "facts of invoice:1 must be a mapping, not ['a']."),
        (lambda: bill(codes="v1"), "codes of invoice:1 must be a mapping, not 'v1'."),
        (lambda: Line(id="1", codes="v1"), "codes of line 1 must be a mapping, not 'v1'."),
        (lambda: Applied(document=12), "Applied needs document as text, not 12."),
        (lambda: Attachment(id=3, name="a.pdf", mime=""), "An attachment needs id as text, not 3."),
        (lambda: Gone(source_id=3), "Gone needs source_id as text, not 3."),
        (lambda: Unreadable(source_id=3, reason="?"), "Unreadable needs source_id as text, not 3."),
        (lambda: Checkpoint(cursor=25), "cursor of a Checkpoint must be a text, not 25."),
        (
            lambda: Checkpoint(cursor=None),
            "must be a text, not None. If the source sends none with its last page, pass the",
        ),
        (
            lambda: Checkpoint(cursor="25", stream=101 * "s"),
            "stream of a Checkpoint has at most 100 characters, not 101.",
        ),
        (
            lambda: bill(lines=({"id": "1"},)),
            "Each of the lines of invoice:1 must be a Line, not {'id': '1'}.",
        ),
        (
            lambda: bill(attachments=("a.pdf",)),
            "Each of the attachments of invoice:1 must be an Attachment, not 'a.pdf'.",
        ),
        (
            lambda: bill(ship_to="12 Road"),
            "ship_to of invoice:1 must be an Address, not '12",
        ),
        (lambda: bill(details="Acme"), "details of invoice:1 must be a Party or an Item, not 'Ac"),
        (lambda: bill(closed="no"), "closed of invoice:1 must be True or False, not 'no'."),
        (lambda: Line(id="1", billable="false"), "billable of line 1 must be True or False, not"),
        (lambda: Line(id="1", description=5), "description of line 1 must be a text, not 5."),
        (lambda: Line(id="1", applied="i:1"), "applied of line 1 must be an Applied, not 'i:1'."),
        (lambda: Applied(document="i:1", line=7), "line of Applied must be a text, not 7."),
        (lambda: Code(id="7", create="Acme"), "create of code 7 must be a Party or an Item, not"),
        (lambda: Item(name="Bolt", type="stock"), "'stock' is not a type of item. There is ser"),
        (lambda: Item(name="Bolt", sku=12), "sku of Bolt must be a text, not 12."),
        (
            lambda: Item(name="Bolt", start=dt.datetime(2026, 3, 2, tzinfo=dt.UTC)),
            "start of Bolt must be a date without a time, not",
        ),
        (lambda: Gone(source_id="1", reason=7), "reason of Gone 1 must be a text, not 7."),
        (
            lambda: Tenant(id="1", name="Shed", warnings="The key ends."),
            "needs its warnings as a tuple, such as ('The key ends.',), not 'The key ends.'.",
        ),
        (lambda: Sandbox(wsgi=object()), "A Sandbox needs wsgi as a WSGI application, not object."),
        (
            lambda: Sandbox(wsgi=print, settings={"key": "k"}),
            "A Sandbox needs settings as a function that gets the address",
        ),
        (lambda: FileContent(documents="1001"), "documents as a tuple of source ids, which are"),
        (lambda: FileContent(documents=(1001,)), "documents as a tuple of source ids, which are"),
        (lambda: FileContent(table=("No",)), "A FileContent needs table as a FileTable, not ('No"),
        (
            lambda: Field(name="tool", label="Tool", role="account", match=("nr",)),
            "unknown way to match: 'nr'. There is id, number, name, email, words.",
        ),
        (lambda: Tenant(id=5, name="Shed"), "A Tenant needs its id as text, not 5."),
        (
            lambda: Tenant(id=201 * "t", name="Shed"),
            "The id of a Tenant has at most 200 characters, not 201.",
        ),
        (lambda: Signal(ids="r17"), "A Signal needs its ids as a tuple of texts, not 'r17'."),
        (lambda: Signal.read(17), "A Signal needs its ids as a tuple of texts, not (17,)."),
        (
            lambda: Field(name="tool", label="Tool", role="account", match="number"),
            "match of field tool must be a tuple, such as ('number',).",
        ),
        (lambda: Item(name="Bolt", price=0.1), "price of Bolt must be a Decimal, not 0.1."),
    ],
)
def test_a_document_that_breaks_the_contract_names_the_value(build, sentence):
    with pytest.raises(BadDocument) as caught:
        build()
    assert sentence in caught.value.text


def test_every_code_is_found_with_its_line():
    line = Line(id="1", codes={"job": "J1", "class": None, "cost": ""})
    document = bill(codes={"supplier": Code(id="S1"), "term": None}, lines=(line,))
    assert list(iter_codes(document)) == [("supplier", Code(id="S1"), None), ("job", "J1", line)]


TEXT = "abc"
WRONG_KIND = "The source sent a value of another kind than usual, such as a text in place of a "


def test_a_row_that_can_be_read_becomes_what_was_built():
    assert readable("1", lambda: bill()) == bill()
    assert readable("1", lambda id: Gone(source_id=id), "1") == Gone(source_id="1")


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: {}["supplier"], "The source sent no “supplier” for it."),
        (
            lambda: bill(total=0.1),
            "total of invoice:1 must be a Decimal, not 0.1. Read it with money().",
        ),
        (lambda: Decimal("12,5"), "The source sent something else where a number belongs."),
        (
            lambda: dt.date.fromisoformat("31.12.2026"),
            "The source sent something that cannot be read: Invalid isoformat",
        ),
        (lambda: "abc".get("id"), "The source sent 'abc' where a group of fields belongs."),
        (lambda: (5.0).items(), "The source sent 5.0 where a group of fields belongs."),
        (lambda: None.strip(), "The source sent None where another kind of value belongs."),
        (lambda: [][0], WRONG_KIND),
        (lambda: list(7), WRONG_KIND),
        (lambda: TEXT[TEXT], WRONG_KIND),
        (lambda: ", ".join([1]), WRONG_KIND),
        (
            lambda: parse_date(20261224),
            "The source sent something that cannot be read: “20261224” ",
        ),
    ],
)
def test_a_row_that_cannot_be_read_says_why(build, reason):
    item = readable("1", build)
    assert isinstance(item, Unreadable)
    assert item.source_id == "1"
    assert item.reason.startswith(reason)


KIND_OF_LETTER = {"b": "bill"}
PLACES = {"day": ()}
SETTINGS = SiteSettings({"account": "7"}, {"key"})


def needs_two(one, two):
    return bill()


@pytest.mark.parametrize(
    ("build", "error"),
    [
        (lambda: needs_two(1), "TypeError: needs_two() missing 1 required positional argument"),
        (lambda: bill(colour="red"), "TypeError: "),
        (lambda: dt.nothing(), "AttributeError: module 'datetime' has no attribute 'nothing'"),
        (lambda: bill().nothing, "AttributeError: 'Document' object has no attribute 'nothing'"),
        (lambda: bill()(), "TypeError: 'Document' object is not callable"),
        (lambda: KIND_OF_LETTER["c"], "KeyError: 'c'"),
        (
            lambda: SETTINGS["acount"],
            "UnknownSetting: the app has no setting 'acount'; did you mean account?",
        ),
        (
            lambda: SETTINGS["key"],
            "UnknownSetting: key is a secret; read it with site.secrets['key']",
        ),
        (lambda: Decimal(5) * 1.1, "TypeError: unsupported operand type(s) for *: 'decimal.Dec"),
        (lambda: 1.1 - Decimal(5), "TypeError: unsupported operand type(s) for -: 'float' and"),
        (lambda: bill(date=PLACES["day"][0]), "IndexError: tuple index out of range"),
    ],
)
def test_a_mistake_in_the_plugin_is_reported_as_its_defect(build, error, caplog):
    item = readable("1", build)
    package = __name__.partition(".")[0]
    assert item.reason.startswith(f"The plugin {package} has a defect ({error}")
    assert item.reason.endswith("Report it to the plugin's author; the log has the details.")
    assert "Traceback" in caplog.text


def test_a_refusal_of_the_source_is_the_reason():
    def refuse():
        raise Refused("The invoice is locked.")

    assert readable("1", refuse).reason == "The invoice is locked."


def test_the_whole_of_the_source_failing_is_no_matter_of_one_row():
    def fail():
        raise NeedsAttention("Sign in again.")

    with pytest.raises(NeedsAttention):
        readable("1", fail)


@pytest.mark.parametrize("stage", ["pending", Stage.PENDING])
def test_a_stage_may_be_a_plain_word_and_is_read_as_a_member(stage):
    assert bill(stage=stage).stage is Stage.PENDING


def optional_texts():
    return [name for name, hint in get_type_hints(Document).items() if hint == str | None]


@pytest.mark.parametrize("name", optional_texts())
def test_an_optional_text_of_a_document_must_be_a_text(name):
    with pytest.raises(BadDocument, match=f"{name} of invoice:1 must be a text, not 12."):
        bill(**{name: 12})
