"""Mapping: the record of a code by the order of the rules, and all missing matches at once."""

import datetime as dt
import unicodedata
from dataclasses import replace
from decimal import Decimal

import pytest

from hub import Code, Document, Field, Item, Line, Party
from hub.contract.documents import Applied
from hub.mapping import (
    EMPTY,
    NEW,
    Decision,
    Entry,
    Link,
    MappedDocument,
    MatchIndex,
    Missing,
    NewRecord,
    RecordIndex,
    Ref,
    find,
    find_existing_record,
    resolve,
)

ACCOUNTS = (
    Entry(id="7", name="Materials", full_name="Job costs:Materials", number="4010"),
    Entry(id="8", name="Transport", full_name="Job costs:Transport"),
    Entry(id="9", name="Materials", full_name="Overhead:Materials", number="6010"),
    Entry(id="10", name="Overhead", full_name="Overhead"),
    Entry(id="11", name="Closed", full_name="Closed", active=False),
)
VENDORS = (
    Entry(id="31", name="Norsk Stål AS", email="post@stal.no, faktura@stal.no", currency="NOK"),
    Entry(id="32", name="Bygg & Co"),
    Entry(id="33", name="Old Supplier", active=False),
)
ITEMS = (
    Entry(id="71", name="820412-001 Rev B", full_name="Parts:820412-001 Rev B"),
    Entry(id="72", name="1820412-001 Rev B", full_name="Parts:1820412-001 Rev B"),
    Entry(id="73", name="820412-001 Rev BA", full_name="Parts:820412-001 Rev BA"),
    Entry(id="74", name="Bracket 55 Rev A steel"),
    Entry(id="75", name="Bracket 55 Rev A brass"),
)


def book(**matches):
    decisions = {tuple(key.split("__")): decision for key, decision in matches.items()}
    lists = {
        "account": ACCOUNTS,
        "payable_account": ACCOUNTS,
        "vendor": VENDORS,
        "item": ITEMS,
        "customer": (Entry(id="41", name="Kunde AS"),),
        "term": (Entry(id="81", name="Net 30"),),
        "location": (Entry(id="61", name="Oslo"), Entry(id="62", name="Bergen")),
        "class": (Entry(id="51", name="Field"),),
        "payment_account": (Entry(id="91", name="Visa"),),
    }
    return MatchIndex(decisions, {role: RecordIndex(entries) for role, entries in lists.items()})


def account(*match, **more):
    return Field(
        name="account",
        label="Account",
        role="account",
        match=match or ("id", "number", "name"),
        **more,
    )


def supplier(*match, **more):
    return Field(
        name="supplier", label="Supplier", role="vendor", match=match or ("id", "name"), **more
    )


def id_or_reason(field, code, use=None):
    """Return the id of the record, or the reason why there is none."""
    result = find(field, code, use or book())
    return result.id if isinstance(result, Ref) else result


# -- which record ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "id"),
    [
        ("7", "7"),  # a plain string is first an id …
        ("4010", "7"),  # … then a number
        ("job costs:  TRANSPORT", "8"),  # … then a name, case and spaces aside
        ("Job costs : Transport", "8"),
        ("transport", "8"),  # a leaf, if only one has it
        ("overhead", "10"),  # a full name goes before a leaf
        (Code(id="x", number="6010"), "9"),
        (Code(id="x", quickbooks_id="8"), "8"),
        (Code(id="x", name="Overhead:Materials"), "9"),
    ],
)
def test_a_code_is_found_by_id_then_number_then_name(code, id):
    assert id_or_reason(account(), code) == id


def test_the_ways_go_in_the_order_that_the_field_names():
    code = Code(id="x", number="4010", name="Transport")
    assert (
        id_or_reason(account("number", "name"), code),
        id_or_reason(account("name", "number"), code),
    ) == (
        "7",
        "8",
    )


def test_several_hits_hold_and_name_them_all():
    result = find(account(), Code(id="x", name="Materials"), book())
    assert "Job costs:Materials, Overhead:Materials" in result.problem
    assert {ref.id for ref in result.suggestions} == {"7", "9"}


def test_a_wide_colon_in_the_name_of_a_record_separates_nothing():
    client = Field(name="client", label="Client", role="customer", match=("name",))
    use = MatchIndex({}, {"customer": RecordIndex([Entry(id="42", name="工事：A棟")])})
    assert isinstance(find(client, Code(id="x", name="A棟"), use), Missing)
    assert id_or_reason(client, Code(id="y", name="工事: A棟"), use) == "42"


def test_a_blank_number_or_name_matches_nothing():
    for code in (Code(id="x", number="", name=" "), Code(id="x", number=" ")):
        assert isinstance(find(account("number", "name", "words"), code, book()), Missing)


@pytest.mark.parametrize(
    ("id", "why"), [("999", "no account with the id 999"), ("11", "Closed is inactive")]
)
def test_an_id_of_no_active_record_holds_even_if_the_name_would_fit(id, why):
    result = find(account(), Code(id="x", quickbooks_id=id, name="Transport"), book())
    assert why in result.problem


def test_a_vendor_is_found_by_any_of_its_addresses():
    code = Code(id="x", create=Party(name="Stål", email="Faktura@stal.no"))
    assert id_or_reason(supplier("email"), code) == "31"


ACME = Entry(id="43", name="Acme", email="post@acme.example")
KITCHEN = Entry(id="44", name="Kitchen", full_name="Acme:Kitchen", email="post@acme.example")
PHASE = Entry(id="45", name="Phase", full_name="Acme:Bath:Phase", email="post@acme.example")
WIDE = Entry(id="46", name="Acme：Yard", email="post@acme.example")


@pytest.mark.parametrize(
    ("name", "entries", "id"),
    [
        ("Acme", (ACME, KITCHEN, PHASE), "43"),
        ("Acme Homes", (PHASE, KITCHEN, ACME), "43"),
        ("Kitchen", (KITCHEN,), "44"),
        ("Kitchen", (ACME, KITCHEN), None),  # it may be the job as well
        ("Acme:Kitchen", (ACME, KITCHEN), None),
        ("Acme", (KITCHEN, PHASE), None),  # their customer has another address
        ("Acme", (ACME, WIDE), None),  # a colon of full width separates nothing
    ],
)
def test_a_job_that_only_has_the_address_of_its_customer_is_no_other_candidate(name, entries, id):
    field = Field(name="client", label="Client", role="customer", match=("email", "name"))
    code = Code(id="x", name=name, create=Party(name=name, email="post@acme.example"))
    result = find(field, code, MatchIndex({}, {"customer": RecordIndex(entries)}))
    if id:
        assert result.id == id
    else:
        assert result.problem.startswith("several records in QuickBooks fit")


def test_a_namesake_with_another_address_needs_a_decision():
    field = supplier("email", "name")
    theirs, own, none = (
        Party(name="Norsk Stål AS", email=email) for email in ("a@b.no", "post@stal.no", None)
    )
    assert (
        "another e-mail address"
        in id_or_reason(field, Code(id="x", name="Norsk Stål AS", create=theirs)).problem
    )
    assert id_or_reason(field, Code(id="x", name="Norsk Stål AS", create=own)) == "31"
    assert id_or_reason(field, Code(id="x", name="Norsk Stål AS", create=none)) == "31"
    use = book()
    use.created_for = {("supplier", "31"): "another code"}
    assert (
        "another e-mail address or code"
        in id_or_reason(field, Code(id="x", name="Norsk Stål AS", create=none), use).problem
    )


@pytest.mark.parametrize(
    ("number", "created_for", "shown", "id"),
    [
        ("987 654 321", "other", "XXXXXX678", None),
        ("987 654 321", "other", "XXXXXX321", "34"),
        ("987 654 321", "x", "XXXXXX678", "34"),  # its own record, whatever number it has
        ("987 654 321", "other", "", "34"),
        (None, "other", "XXXXXX678", "34"),
    ],
)
def test_a_namesake_that_was_created_for_a_party_of_another_number_needs_a_decision(
    number, created_for, shown, id
):
    record = Entry(id="34", name="Sol AS", tax_numbers=shown)
    use = MatchIndex({}, {"vendor": RecordIndex([record])})
    use.created_for = {("supplier", "34"): created_for}
    code = Code(id="x", name="Sol AS", create=Party(name="Sol AS", number=number))
    result = find(supplier("name", missing="create"), code, use)
    if id:
        assert result.id == id
    else:
        assert (
            result.problem == "QuickBooks has that name with another organisation number: Sol AS."
        )


@pytest.mark.parametrize(("one", "other"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_names_in_either_unicode_form_are_one_name(one, other):
    name, same_name = (unicodedata.normalize(form, "Norsk Stål AS") for form in (one, other))
    use = MatchIndex({}, {"vendor": RecordIndex([Entry(id="31", name=name)])})
    code = Code(id="x", name=same_name, create=Party(name=same_name))
    assert id_or_reason(supplier(missing="create"), code, use) == "31"
    inactive = RecordIndex([Entry(id="31", name=name, active=False)])
    use = MatchIndex({}, {"vendor": inactive})
    result = find(supplier(missing="create"), code, use)
    assert "the name is taken" in result.problem


@pytest.mark.parametrize(("one", "other"), [("NFC", "NFD"), ("NFD", "NFC")])
@pytest.mark.parametrize("field", [supplier("email", "name"), supplier("name", "words")])
def test_codes_in_either_unicode_form_have_the_record_that_was_created_for_one(field, one, other):
    id, same_id = (unicodedata.normalize(form, "Stål") for form in (one, other))
    use = MatchIndex({}, {"vendor": RecordIndex([Entry(id="31", name="Stål")])})
    use.created_for = {("supplier", "31"): id}
    assert id_or_reason(field, Code(id=same_id, name=same_id), use) == "31"


@pytest.mark.parametrize(("one", "other"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_codes_in_either_unicode_form_have_one_decision(one, other):
    id, same_id = (unicodedata.normalize(form, "Stål") for form in (one, other))
    code = Code(id=same_id, name="Something else", create=Party(name="Something else"))
    matched = book(**{f"supplier__{id}": Decision(record="32", match_method="decided")})
    assert id_or_reason(supplier(), code, matched) == "32"
    left_out = book(**{f"supplier__{id}": Decision(record=EMPTY, match_method="decided")})
    assert find(supplier(), code, left_out) is None
    both = {f"supplier__{id}": "32", f"supplier__{same_id}": "31"}
    decisions = {key: Decision(record=to, match_method="decided") for key, to in both.items()}
    assert id_or_reason(supplier(), code, book(**decisions)) == "31"


def test_a_record_to_create_is_that_of_one_code_only():
    id, other_id = (unicodedata.normalize(form, "Stål") for form in ("NFC", "NFD"))
    use = book(**{f"supplier__{id}": Decision(record=NEW, match_method="decided")})
    code = Code(id=other_id, name="Unheard of", create=Party(name="Unheard of"))
    assert isinstance(find(supplier(), code, use), Missing)


def test_words_are_whole_words_within_the_name():
    field = Field(name="part", label="Part", role="item", match=("words",))
    assert id_or_reason(field, Code(id="x", name="820412-001 Rev B")) == "71"
    assert "several" in find(field, Code(id="x", name="Bracket 55 Rev A"), book()).problem


def test_a_decision_goes_before_everything():
    use = book(account__4010=Decision(record="8", match_method="decided"))
    assert id_or_reason(account(), "4010", use) == "8"


def test_a_link_goes_before_the_rules():
    use = book(supplier__s1=Decision(record="32", match_method="link"))
    assert id_or_reason(supplier(), Code(id="s1", name="Norsk Stål AS"), use) == "32"


@pytest.mark.row("ON-S3", "ON-S4")
def test_a_decision_precedes_the_link_of_the_document_which_precedes_a_stored_link():
    linked, decided = (
        book(supplier__s1=Decision(record="32", match_method=how)) for how in ("link", "decided")
    )
    linked_code, unlinked_code = (
        Code(id="s1", name="Norsk Stål AS", quickbooks_id=id) for id in ("31", "")
    )
    by_id = Field(name="supplier", label="Supplier", role="vendor")
    assert [id_or_reason(by_id, linked_code, use) for use in (linked, decided)] == ["31", "32"]
    assert (
        find(by_id, unlinked_code, linked).problem == "it is not linked to anything in QuickBooks."
    )
    assert id_or_reason(by_id, unlinked_code, decided) == "32"


def test_a_decision_for_a_record_that_is_inactive_now_holds():
    use = book(supplier__s1=Decision(record="33", match_method="decided"))
    assert (
        "Old Supplier is inactive"
        in find(supplier(), Code(id="s1", name="Norsk Stål AS"), use).problem
    )


def test_a_person_may_leave_a_code_out():
    assert (
        find(
            supplier(),
            Code(id="s1", name="Norsk Stål AS"),
            book(supplier__s1=Decision(record=EMPTY, match_method="decided")),
        )
        is None
    )


def test_a_code_that_the_source_holds_back_is_solved_there_or_in_the_settings():
    result = find(
        supplier(), Code(id="s1", name="Norsk Stål AS", hold="It is not approved."), book()
    )
    assert (result.solution, result.problem) == ("either", "It is not approved.")


def test_the_default_comes_last():
    assert id_or_reason(account(default="8"), "nothing like it") == "8"
    assert find(account(default="11"), "nothing like it", book()).solution == "settings"


def test_a_missing_record_may_only_warn():
    field = Field(name="term", label="Term", role="term", match=("name",), missing="warn")
    assert (
        find(field, Code(id="x", name="Net 90"), book())
        == "Term “Net 90” is not in QuickBooks; posted without it."
    )


def test_suggestions_name_the_records_that_come_near():
    result = find(supplier(), Code(id="x", name="Norsk Staal"), book())
    assert [ref.name for ref in result.suggestions][:1] == ["Norsk Stål AS"]


FEES = (
    Entry(id="1", name="Line of Credit", number="2100"),
    Entry(id="2", name="Freight", full_name="Costs:Freight", number="5100"),
    Entry(id="3", name="Rebates", number="5200"),
    Entry(id="4", name="Rebates", full_name="Sales:Rebates", number="3200"),
    Entry(id="5", name="Rebate", number=""),
)


@pytest.mark.parametrize(
    ("code", "exact"),
    [
        (Code(id="x", name="Freight"), ""),  # only a part of the name
        (Code(id="x", name="costs: freight"), "2"),
        (Code(id="x", name="Line of credits"), ""),
        (Code(id="1", name="Credit"), ""),  # the source's own id means nothing in QuickBooks
        (Code(id="x", name="Haulage", number="5100"), "2"),
        (Code(id="x", name="Rebates", number="9999"), ""),  # the same name with another number
        (Code(id="x", name="Rebates", number="5200"), "3"),
        (Code(id="x", name="rebate"), "5"),
        ("Rebate", "5"),
    ],
)
def test_only_a_suggestion_with_the_same_id_number_or_full_name_is_exact(code, exact):
    field = Field(name="fee", label="Fee", role="account", match=("email",))
    missing = find(field, code, MatchIndex({}, {"account": RecordIndex(FEES)}))
    assert missing.exact == exact


def test_of_several_suggestions_with_the_same_number_none_is_exact():
    entries = (Entry(id="1", name="Rent", number="10"), Entry(id="2", name="Lease", number="10"))
    field = Field(name="fee", label="Fee", role="account", match=("number",))
    missing = find(
        field, Code(id="x", number="10"), MatchIndex({}, {"account": RecordIndex(entries)})
    )
    assert ({ref.id for ref in missing.suggestions}, missing.exact) == ({"1", "2"}, "")


def test_a_namesake_with_another_address_is_suggested_but_not_exact():
    code = Code(
        id="s1", name="Norsk Stål AS", create=Party(name="Norsk Stål AS", email="ny@example.no")
    )
    missing = find(supplier("email", "name"), code, book())
    assert ([ref.id for ref in missing.suggestions], missing.exact) == (["31"], "")


def test_a_customer_that_has_the_name_is_not_suggested_as_a_vendor():
    missing = find(supplier("name", missing="create"), making("Kunde AS"), book())
    assert "taken" in missing.problem
    assert "41" not in {ref.id for ref in missing.suggestions}


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("Bracket 56 Rev A steel", set()),
        ("Bracket 55 Rev B steel", {"74", "75"}),
        ("Bracket Rev A steel", {"74", "75"}),
        ("01-500 Rev B", set()),
    ],
)
def test_a_record_with_another_number_is_not_suggested(name, ids):
    result = find(
        Field(name="item", label="Item", role="item", match=("name",)),
        Code(id="x", name=name),
        book(),
    )
    assert {ref.id for ref in result.suggestions} & {"71", "72", "73", "74", "75"} == ids


# -- making one ------------------------------------------------------------------------------------


def making(name):
    return Code(id="s1", name=name, create=Party(name=name))


def test_a_party_that_is_not_there_is_made():
    result = find(supplier("name", missing="create"), making("Helt Ny AS"), book())
    assert isinstance(result, NewRecord)
    assert (result.role, result.code, result.details.name) == ("vendor", "s1", "Helt Ny AS")


@pytest.mark.parametrize("name", ["Norsk Stal AS", "NORSK STÅL", "Bygg og Co.", "Old Suplier"])
def test_a_near_name_holds_instead_of_making_a_double(name):
    assert isinstance(find(supplier("name", missing="create"), making(name), book()), Missing)


def test_a_person_may_say_that_a_near_name_is_new():
    use = book(supplier__s1=Decision(record=NEW, match_method="decided"))
    assert isinstance(
        find(supplier("name", missing="create"), making("Norsk Stal AS"), use), NewRecord
    )


def test_entered_details_are_created_instead_of_those_of_the_source():
    entered = Party(name="Nordstål AS", email="post@nordstal.example")
    decision = Decision(record=NEW, match_method="decided", details=entered)
    for code in (making("Norsk Stal AS"), Code(id="s1", name="Norsk Stal AS")):
        result = find(supplier("name"), code, book(supplier__s1=decision))
        assert isinstance(result, NewRecord)
        assert result.details == entered


def test_an_entered_name_that_a_customer_has_is_not_created():
    entered = Party(name="Kunde AS")
    decision = Decision(record=NEW, match_method="decided", details=entered)
    result = find(supplier("name"), making("Norsk Stal AS"), book(supplier__s1=decision))
    assert isinstance(result, Missing)
    assert "taken" in result.problem


def test_a_name_that_a_customer_has_is_not_made_a_vendor():
    assert "taken" in find(supplier("name", missing="create"), making("Kunde AS"), book()).problem


def part(name, id="p1"):
    return Code(id=id, name=name, create=Item(name=name))


def test_parts_whose_names_are_near_are_parts_of_their_own():
    field = Field(name="part", label="Part", role="item", match=("name", "words"), missing="create")
    assert isinstance(find(field, part("820412-001 Rev C"), book()), NewRecord)


def test_a_record_made_for_one_code_is_not_matched_by_words_to_another():
    field, use = Field(name="part", label="Part", role="item", match=("words",)), book()
    use.created_for = {("part", "74"): "p9", ("part", "75"): "p1"}
    assert id_or_reason(field, part("Bracket 55 Rev A"), use) == "75"


@pytest.mark.parametrize("missing", ["create", "hold"])
def test_an_item_made_for_a_code_is_not_that_of_a_code_that_differs_in_case(missing):
    field = Field(name="part", label="Part", role="item", match=("name", "words"), missing=missing)
    use = book()
    use.created_for = {("part", "71"): "p9"}
    problem = "the name is taken" if missing == "create" else "nothing in QuickBooks fits it"
    assert problem in find(field, part("820412-001 rev b"), use).problem
    assert id_or_reason(field, part("820412-001 Rev B"), use) == "71"
    assert id_or_reason(field, part("820412-001 rev b", "p9"), use) == "71"
    assert id_or_reason(field, part("1820412-001 rev b"), use) == "72"


def test_an_existing_record_is_found_without_creating_one():
    field = Field(name="part", label="Part", role="item", match=("name",), missing="create")
    use = book(
        part__p2=Decision(record="73", match_method="decided"),
        part__p3=Decision(record=NEW, match_method="decided"),
    )
    codes = (
        part("820412-001 Rev B"),
        part("x", "p2"),
        part("820412-001 Rev B", "p3"),
        part("Nothing like it"),
    )
    assert [
        ref and ref.id for ref in (find_existing_record(field, code, use) for code in codes)
    ] == [
        "71",
        "73",
        None,
        None,
    ]


# -- the whole document ----------------------------------------------------------------------------

FIELDS = (
    supplier(missing="create"),
    account(),
    Field(name="part", label="Part", role="item", match=("id",)),
    Field(name="location", label="Location", role="location", match=("id",)),
    Field(name="class", label="Class", role="class", match=("id",)),
    Field(name="card", label="Purchase account", role="payment_account", match=("id",)),
)


def line(id, amount="10", **codes):
    return Line(id=id, amount=None if amount is None else Decimal(amount), codes=codes)


def bill(*lines, kind="bill", **values):
    values.setdefault("codes", {"supplier": "31"})
    return Document(kind=kind, source_id="b1", date=dt.date(2026, 2, 1), lines=lines, **values)


def mapped(document, fields=FIELDS, **options):
    result = resolve(document, fields, book(), **options)
    assert isinstance(result, MappedDocument), result
    return result


def missing(document, fields=FIELDS):
    result = resolve(document, fields, book())
    assert isinstance(result, list), result
    return result


def ids(refs):
    return {role: ref.id for role, ref in refs.items()}


def test_codes_go_to_the_head_or_the_lines():
    result = mapped(
        bill(
            line("1", account="7"),
            line("2", account="8"),
            codes={"supplier": "31", "payable_account": "10"},
        )
    )
    assert ids(result.header) == {"vendor": "31", "payable_account": "10"}
    assert [ids(mapped_line.refs) for mapped_line in result.lines] == [
        {"account": "7"},
        {"account": "8"},
    ]


def test_everything_that_is_missing_is_reported_at_once():
    missing_codes = missing(
        bill(
            line("1", account="x"),
            line("2", account="x"),
            line("3", part="y"),
            codes={"supplier": "z"},
        )
    )
    assert [(code.field, code.code) for code in missing_codes] == [
        ("supplier", "z"),
        ("account", "x"),
        ("part", "y"),
    ]


def test_a_role_as_key_takes_an_id_from_the_settings():
    assert (
        missing(bill(line("1", account="7"), codes={"supplier": "31", "payable_account": "11"}))[
            0
        ].solution
        == "settings"
    )


def test_a_code_without_a_place_goes_into_the_memo_by_name():
    result = mapped(bill(line("1", account="7"), codes={"supplier": "31", "card": "91"}))
    assert result.remarks == ("Purchase account: Visa",)
    assert "payment_account" not in result.header


def test_an_item_and_an_account_on_one_line_hold():
    assert "line 1 names both" in missing(bill(line("1", account="7", part="71")))[0].problem


def test_a_code_of_the_header_applies_to_lines_without_one():
    result = mapped(
        bill(
            line("1"), line("2", part="71"), codes={"supplier": "31", "account": "8", "class": "51"}
        )
    )
    assert [ids(mapped_line.refs) for mapped_line in result.lines] == [
        {"account": "8", "class": "51"},
        {"item": "71", "class": "51"},
    ]


def test_text_lines_need_no_codes():
    result = mapped(bill(line("1", account="7"), line("2", amount=None, account="nonsense")))
    assert [ids(mapped_line.refs) for mapped_line in result.lines] == [{"account": "7"}, {}]


def test_a_key_that_the_app_does_not_declare_is_reported():
    assert missing(bill(line("1", account="7"), codes={"suplier": "31"}))[0].field == "suplier"


def test_lines_of_one_location_lift_it_to_the_head():
    result = mapped(bill(line("1", account="7", location="61"), line("2", account="7")))
    assert ids(result.header) == {"vendor": "31", "location": "61"}


def differing(policy, taxes=(None, None), amounts=("60", "40"), **values):
    fields = tuple(field for field in FIELDS if field.name != "location")
    place = Field(name="location", label="Location", role="location", match=("id",), differ=policy)
    lines = (
        replace(line("1", amounts[0], account="7", location="61"), tax=taxes[0]),
        replace(line("2", amounts[1], account="7", location="62"), tax=taxes[1]),
        line("3", None),
    )
    return resolve(bill(*lines, **values), (*fields, place), book())


def test_differing_locations_hold_and_list_the_lines():
    (case,) = differing("hold")
    assert "line 1: Oslo; line 2: Bergen" in case.problem


def test_differing_locations_may_take_the_first():
    result = differing("first")
    assert (ids(result.header)["location"], len(result.warnings)) == ("61", 1)


def test_differing_locations_may_split_to_the_cent():
    result = differing("split", total=Decimal(100), number="F1")
    assert [(part.part, part.document.total, part.document.number) for part in result.parts] == [
        ("location:61", Decimal(60), "F1"),
        ("location:62", Decimal(40), "F1-2"),
    ]
    assert [[mapped_line.line.id for mapped_line in part.lines] for part in result.parts] == [
        ["1", "3"],
        ["2"],
    ]


def test_lines_that_differ_in_two_records_to_split_by_hold_and_lose_neither():
    fields = [field for field in FIELDS if field.role not in ("location", "payable_account")]
    for role in ("location", "payable_account"):
        fields.append(Field(name=role, label=role, role=role, match=("id",), differ="split"))
    lines = (
        line("1", "60", account="7", location="61", payable_account="7"),
        line("2", "40", account="7", location="62", payable_account="8"),
    )
    (case,) = resolve(bill(*lines), fields, book())
    assert (case.field, case.solution) == ("payable_account", "differ")
    assert "line 1: Job costs:Materials; line 2: Job costs:Transport" in case.problem


def test_a_document_that_states_its_tax_on_its_lines_only_may_split():
    result = differing("split", total=Decimal(125), taxes=(Decimal(15), Decimal(10)))
    assert [part.document.total for part in result.parts] == [Decimal(75), Decimal(50)]


def test_a_split_of_amounts_that_include_tax_leaves_the_tax_of_each_part_to_quickbooks():
    stated = {"tax_mode": "inclusive", "total": Decimal(100), "tax_total": Decimal(20)}
    result = differing("split", **stated)
    assert [(part.document.total, part.document.tax_total) for part in result.parts] == [
        (Decimal(60), None),
        (Decimal(40), None),
    ]
    assert all("works out that of each part" in part.warnings[-1] for part in result.parts)
    by_line = differing("split", **stated, taxes=(Decimal(12), Decimal(8)))
    assert [part.document.tax_total for part in by_line.parts] == [12, 8]


def test_a_split_keeps_that_tax_is_stated_although_none_applies():
    result = differing("split", tax_mode="none", total=Decimal(100), tax_total=Decimal(20))
    assert [part.document.tax_total for part in result.parts] == [20, 20]


def test_a_split_rounds_a_quantity_times_a_price_as_it_is_posted():
    fields = tuple(field for field in FIELDS if field.name != "location")
    place = Field(name="location", label="Location", role="location", match=("id",), differ="split")
    priced = replace(
        line("1", None, account="7", location="61"),
        quantity=Decimal(3),
        unit_price=Decimal("0.335"),
    )
    other = line("2", "10.00", account="7", location="62")
    result = resolve(bill(priced, other, total=Decimal("11.01")), (*fields, place), book())
    assert [part.document.total for part in result.parts] == [Decimal("1.01"), Decimal("10.00")]


def test_a_split_that_would_lose_a_cent_holds():
    (case,) = differing("split", total=Decimal("100.01"))
    assert "do not add up" in case.problem
    (case,) = differing("split", total=Decimal(125), tax_total=Decimal(25))
    assert "tax" in case.problem


@pytest.mark.parametrize(
    ("amounts", "name"),
    [(("60", "-40"), "Bergen"), (("-60", "40"), "Oslo"), (("0", "-1"), "Bergen")],
)
def test_a_split_with_a_part_below_zero_holds_the_whole_document(amounts, name):
    (case,) = differing("split", amounts=amounts)
    assert f"its lines of {name} come to -" in case.problem
    returned = differing("split", amounts=amounts, kind="expense")
    assert len(returned.parts) == 2


def test_a_record_to_create_is_referred_to_by_a_placeholder():
    result = mapped(bill(line("1", account="7"), codes={"supplier": making("Helt Ny AS")}))
    assert result.header["vendor"].id == "@vendor:s1"
    assert [creation.code for creation in result.new_records] == ["s1"]


def test_a_line_that_applies_to_a_document_gets_its_transaction():
    paying = Line(id="1", amount=Decimal(10), applied=Applied(document="invoice:1"))
    document = Document(
        kind="bill_payment", source_id="p1", codes={"supplier": "31"}, lines=(paying,)
    )
    link = Link(kind="bill", id="500")
    assert mapped(document, links={"invoice:1": link}).lines[0].applied == link


def test_an_expense_keeps_its_customer_at_the_head_only_without_a_vendor():
    fields = (*FIELDS, Field(name="customer", label="Customer", role="customer", match=("id",)))
    values = {"kind": "expense", "source_id": "e1", "lines": (line("1", account="7"),)}
    alone = mapped(Document(codes={"customer": "41"}, **values), fields)
    both = mapped(Document(codes={"customer": "41", "supplier": "31"}, **values), fields)
    assert (ids(alone.header), ids(both.lines[0].refs)) == (
        {"customer": "41"},
        {"account": "7", "customer": "41"},
    )


def test_an_item_to_be_made_brings_its_accounts():
    field = Field(name="part", label="Part", role="item", match=("name",), missing="create")
    part = Code(id="p1", name="Bolt M8", create=Item(name="Bolt M8", codes={"account": "7"}))
    assert mapped(bill(line("1", part=part)), (supplier(), field)).new_records[0].details.codes == {
        "account": "7"
    }
