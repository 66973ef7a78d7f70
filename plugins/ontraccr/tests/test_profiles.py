"""Profiles and their links: from QuickBooks, decided by a person, or not linked."""

from dataclasses import replace

import pytest
from hub_ontraccr import hub_fields
from hub_ontraccr.client import Ontraccr
from hub_ontraccr.profiles import Profiles, build_profile_code

from hub import Party, Record, Refused
from hub.testing.fakes.answers import change_answers
from qbo_sandbox.kit import Fault


def linked(bench, kind, id):
    row = bench.books.profiles.rows[kind][id]
    return row["external_id"], row["external_type"]


def links(codes):
    return {code.id: code.quickbooks_id for code in codes}


@pytest.mark.row("ON-B2")
def test_lists_fill_the_profiles_and_come_back_linked(bench):
    fields = {field: links(codes) for field, codes in bench.push_lists().items()}
    assert fields["project"] == {
        **{f"project:p{n}": f"9{n}" for n in range(1, 6)},
        "project:p109": "96",
        "project:p8": "",
        "project:p9": "990001",
    }
    assert "cost_code:c1" in fields["cost_code"]
    assert (fields["purchase_account"], fields["class"]) == ({}, {})


@pytest.mark.row("ON-B2")
def test_the_same_lists_again_change_nothing(bench):
    bench.push_lists()
    before = {kind: dict(rows) for kind, rows in bench.books.profiles.rows.items()}
    bench.push_lists()
    assert {kind: dict(rows) for kind, rows in bench.books.profiles.rows.items()} == before


@pytest.mark.row("ON-S7", "ON-S8")
def test_purchase_accounts_are_offered_with_their_default_and_inactive_ones_are_not(bench):
    bench.push_lists()
    assert [entry["name"] for entry in bench.books.list("div-1", "purchase-accounts")] == [
        "Checking",
        "Mastercard",
    ]
    assert bench.books.default["div-1"] == "35"
    assert [entry["name"] for entry in bench.books.list("div-1", "tax-codes")] == ["GST"]


@pytest.mark.row("ON-B3")
def test_only_customers_below_another_are_projects(bench):
    bench.push_lists()
    projects = bench.books.profiles.rows["projects"].values()
    assert "Client" not in [row["name"] for row in projects]


@pytest.mark.row("ON-S3")
def test_the_kind_of_a_linked_record_is_read_in_any_case(bench):
    bench.push_lists()
    for kind, id, word in (("projects", "p1", "project"), ("cost-codes", "c1", "ITEM")):
        bench.books.profiles.rows[kind][id]["external_type"] = word
    bench.allow_undescribed_answers()
    projects, cost_codes = (links(bench.codes(field)) for field in ("project", "cost_code"))
    assert projects["project:p1"] == "91"
    assert "linked to" not in cost_codes["cost_code:c1"]


@pytest.mark.row("ON-S3")
@pytest.mark.parametrize(("link", "expected"), [(" 91 ", "91"), ("  ", None), ("", None)])
def test_spaces_around_a_link_do_not_count(bench, link, expected):
    row = bench.books.profiles.rows["vendors"]["v1"] | {"external_id": link}
    code = build_profile_code(bench.site, "vendor", row | {"external_type": " Vendor "})
    assert code.quickbooks_id == expected


@pytest.mark.row("ON-B3")
def test_a_project_is_never_created(bench):
    bench.push_lists()
    lines = bench.case("a project that is not linked").lines
    assert lines
    for line in lines:
        code = line.codes["project"]
        assert (code.quickbooks_id, code.create) == ("", None)
    fields = {field.name: field for field in hub_fields(app="ontraccr")}
    assert fields["project"].missing == "hold"


@pytest.mark.row("ON-S3")
def test_a_record_that_vanished_archives_its_profile(bench):
    bench.push_lists()
    gone = [replace(record, active=record.id != "91") for record in bench.lists["project"]]
    bench.push_lists(project=gone)
    assert bench.books.profiles.rows["projects"]["p1"]["archived"]


@pytest.mark.row("ON-S3", "ON-B1")
def test_links_to_the_records_of_another_company_are_a_warning(bench):
    bench.push_lists()
    own_vendors = bench.lists["vendor"]
    others = [replace(record, name=f"Other {record.id}") for record in own_vendors]
    bench.push_lists(vendor=[*own_vendors[:-1], others[-1]])
    assert bench.check().warnings == (), "a record may have been renamed"
    bench.push_lists(vendor=others)
    (warning,) = bench.check().warnings
    assert "name other records than QuickBooks has under their ids" in warning
    bench.push_lists(vendor=own_vendors)
    assert bench.check().warnings == ()


@pytest.mark.row("ON-S4")
def test_a_match_decided_in_the_hub_is_pushed_and_a_link_is_not(bench):
    bench.push_lists()
    entries = bench.lists["project"]
    decided = [
        replace(entry, code="project:p8", decided_codes=("project:p8",) * (entry.id == "92"))
        for entry in entries
        if entry.id in ("92", "93")
    ]
    bench.push("project", decided)
    assert linked(bench, "projects", "p8") == ("92", "Project")


@pytest.mark.row("ON-S4")
def test_a_link_that_is_refused_is_a_warning_and_the_others_are_made(bench):
    bench.push_lists()
    chosen = {"91": "p8", "92": "p9", "93": "p109"}
    records = []
    for record in bench.lists["project"]:
        profile = chosen.get(record.id)
        codes = (f"project:{profile}",) if profile else ()
        records.append(replace(record, decided_codes=codes))
    bench.stand_in.faults.add(Fault(kind="status", call="link", status=422))
    codes = links(bench.push("project", records))
    made = [linked(bench, "projects", profile)[0] for profile in chosen.values()]
    assert sum(id in chosen for id in made) == 2
    assert [codes[f"project:{profile}"] or None for profile in chosen.values()] == made
    (warning,) = bench.check().warnings
    assert "Ontraccr did not link “" in warning
    bench.push("project", records)
    assert bench.check().warnings == ()


@pytest.mark.row("ON-S3", "ON-S4")
def test_a_match_decided_in_the_hub_replaces_a_link_to_another_kind_with_the_same_id(bench):
    item = Record(id="7", name="Item 7", use="both", decided_codes=("cost_code:c9",))
    bench.push("cost_code", [item])
    assert linked(bench, "cost-codes", "c9") == ("7", "Item")


def test_a_profile_of_the_same_name_is_not_made_twice_and_waits_for_a_person(bench):
    bench.books.do("profile", kind="projects", id="p8", fields={"name": "JOB  1"})
    links_by_profile = links(bench.push_lists()["project"])
    assert "91" not in links_by_profile.values()
    assert links_by_profile["project:p8"] == ""


@pytest.mark.row("ON-B4")
def test_a_vendor_may_be_made_and_is_known_by_name_where_it_has_no_link(connected):
    code = connected.case("a vendor that QuickBooks does not know").codes["vendor"]
    assert (code.quickbooks_id, code.create) == (None, Party(name="Great Northern Glazing Ltd."))


def test_a_deleted_profile_holds_what_names_it(bench):
    bench.push_lists()
    del bench.books.profiles.rows["projects"]["p1"]
    document = bench.case("a plain bill")
    assert document.lines[0].codes["project"].name == "p1 (deleted in Ontraccr)"


@pytest.mark.row("ON-B2", "ON-B5")
def test_lists_that_are_not_wanted_stay_away(open_bench):
    bench = open_bench(import_projects=False, import_cost_codes=False, import_vendors=False)
    bench.push_lists()
    profiles = [row for rows in bench.books.profiles.rows.values() for row in rows.values()]
    assert [row for row in profiles if row["linked_by"] == "the hub"] == []
    assert bench.books.list("div-1", "classes") == []


def test_a_list_of_accounts_that_is_refused_is_asked_for_again(bench, monkeypatch):
    """Without the types of accounts an expense would be paid in cash instead of by check."""

    def refuse(self, field):
        raise Refused("No list.")

    monkeypatch.setattr(Ontraccr, "choices", refuse)
    cached_profiles = Profiles(Ontraccr(bench.site), reads_whole_lists=True)
    for _ in range(2):
        with pytest.raises(Refused):
            cached_profiles.account_type("35")


@pytest.mark.row("ON-S9")
def test_the_ids_of_offered_accounts_may_be_numbers(bench, monkeypatch):
    accounts = {"items": [{"external_id": 35, "name": "Checking", "type": "Bank"}]}
    monkeypatch.setattr(Ontraccr, "get", lambda self, path, **query: accounts)
    cached_profiles = Profiles(Ontraccr(bench.site), reads_whole_lists=True)
    assert cached_profiles.account_type("35") == "Bank"


@pytest.mark.parametrize("row", [{}, {"id": None, "name": "Roofing"}, {"id": "x"}, "Roofing"])
def test_a_profile_that_cannot_be_read_stops_no_payable_and_no_list(bench, row):
    bench.push_lists()
    before = bench.read()

    def add_row(answer):
        if "items" in answer:
            answer["items"].insert(0, row)

    with change_answers(bench, lambda path, body: "/profiles/" in path, add_row):
        assert bench.read() == before
        assert "cost_code:c1" in links(bench.push_lists()["cost_code"])
