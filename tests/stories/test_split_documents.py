"""A document that is split into several transactions keeps their numbers apart."""

from dataclasses import replace
from decimal import Decimal as D

import pytest
from sqlalchemy import select

from hub import Attachment, outbox
from hub.collect.part_numbers import find_positions
from hub.db.engine import read_only_session, transaction
from hub.installations import enable
from hub.models import Posting
from hub.posting.actions import document_repetition, manual, retries
from hub.scheduling import runner
from tests.support.sources.every_kind_source import (
    SUPPLIER,
    ShopSite,
    SplittingSource,
    document,
    line,
)


@pytest.fixture
def shop(app, quickbooks, clock):
    return ShopSite(app, quickbooks, clock, source=SplittingSource())


def bill(*places, number="F1", version="1"):
    """Return a bill with a line for each place, of 40.00 and as many more as the number of it."""
    rows = []
    for id, place in enumerate(places):
        row = line(str(id), f"4{place}.00", cost="Fuel")
        rows.append(replace(row, codes={**row.codes, "place": place}))
    total = str(sum(D(f"4{place}.00") for place in places))
    values = {"supplier": SUPPLIER, "number": number, "version": version, "total": total}
    return document("bill", "bill:1", *rows, **values)


def numbers(shop):
    return {row["DepartmentRef"]["value"]: row["DocNumber"] for row in shop.ours("Bill")}


def test_a_long_number_does_not_become_the_same_for_all_parts(shop):
    assert shop.run(bill("1", "2", number="N" * 21))["bill:1"] == "posted"
    assert numbers(shop) == {"1": "N" * 21, "2": f"{'N' * 19}-2"}


def test_parts_keep_their_numbers_if_the_order_of_the_lines_changes(shop):
    shop.run(bill("1", "2"))
    assert shop.run(bill("2", "1", version="2"))["bill:1"] == "posted"
    assert (numbers(shop), shop.cases(), shop.reasons()) == ({"1": "F1", "2": "F1-2"}, [], [])


def test_a_new_part_that_comes_first_gets_a_free_number(shop):
    shop.run(bill("1", "2"))
    shop.run(bill("3", "1", "2", version="2"))
    assert (numbers(shop), shop.cases()) == ({"1": "F1", "2": "F1-2", "3": "F1-3"}, [])


def test_a_new_part_that_comes_first_is_not_the_transaction_that_the_source_names(shop):
    shop.run(bill("1", "2"))
    (first,) = (row for row in shop.ours("Bill") if row["DocNumber"] == "F1")
    named = replace(bill("3", "1", "2", version="2"), quickbooks_id=first["Id"])
    assert (shop.run(named)["bill:1"], shop.cases()) == ("posted", [])
    assert numbers(shop) == {"1": "F1", "2": "F1-2", "3": "F1-3"}


def test_parts_that_keep_their_places_get_the_new_number_of_the_document(shop):
    shop.run(bill("1", "2"))
    shop.run(bill("2", "1", number="F9", version="2"))
    assert (numbers(shop), shop.cases()) == ({"1": "F9", "2": "F9-2"}, [])


def total_in_quickbooks(shop):
    return sum(row["TotalAmt"] for row in shop.ours("Bill"))


def test_a_line_that_moves_to_another_part_is_not_in_the_books_twice(shop):
    shop.run(bill("1", "2", "3"))
    moved = bill("1", "2", "2", version="2")
    (first, second, third) = moved.lines
    third = replace(third, amount=D("43.00"))
    moved = replace(moved, lines=(first, second, third), total=D("126.00"))
    shop.run(moved)
    assert (total_in_quickbooks(shop), len(shop.cases())) == (126, 2)
    (former,) = (row for row in shop.ours("Bill") if row["DepartmentRef"]["value"] == "3")
    shop.quickbooks.act("delete", kind="Bill", id=former["Id"])
    runner.run_company_job("changes", 1, requested_by="kari")
    shop.run()
    assert (total_in_quickbooks(shop), shop.cases(), shop.reasons()) == (126, [], [])
    assert [row["TotalAmt"] for row in shop.ours("Bill")] == [41, 85]


def test_a_part_below_zero_keeps_all_parts_out_until_the_source_has_corrected_it(shop):
    right = bill("1", "2")
    (first, second) = right.lines
    wrong = replace(right, lines=(first, replace(second, amount=D("-20.00"))), total=D("21.00"))
    assert (shop.run(wrong)["bill:1"], total_in_quickbooks(shop)) == ("held", 0)
    assert "come to -20.00, and no total may be negative." in shop.reasons()[0]
    assert (shop.run(right)["bill:1"], total_in_quickbooks(shop), shop.cases()) == (
        "posted",
        83,
        [],
    )


@pytest.mark.parametrize("places", [("3", "2"), ("2", "2"), ("3",)])
@pytest.mark.parametrize("number", ["F1", None])
def test_a_line_of_a_part_in_doubt_is_not_posted_with_another_part(shop, places, number):
    shop.quickbooks.add_fault("lose_answer", "bill.create")
    shop.run(bill("1", "2", number=number))
    moved = bill(*places, number=number, version="2")
    for _ in range(3):
        shop.run(moved, wait=True)
    assert (total_in_quickbooks(shop), set(shop.states().values())) == (41, {"posted", "held"})
    (former,) = shop.ours("Bill")
    shop.quickbooks.act("delete", kind="Bill", id=former["Id"])
    runner.run_company_job("changes", 1, requested_by="kari")
    shop.run()
    assert (total_in_quickbooks(shop), shop.cases()) == (moved.total, [])


def delete_part(shop, place):
    """Delete the bill of a place in QuickBooks; return the posting that created it."""
    (stored,) = (row for row in shop.ours("Bill") if row["DepartmentRef"]["value"] == place)
    shop.quickbooks.act("delete", kind="Bill", id=stored["Id"])
    runner.run_company_job("changes", 1, requested_by="kari")
    created = select(Posting.id).where(Posting.quickbooks_id == stored["Id"])
    with read_only_session() as session:
        return session.scalars(created.where(Posting.operation == "create")).one()


def post_again(shop, posting_id):
    retries.post_again(posting_id, "kari")
    shop.run(wait=True)
    return sorted(numbers(shop))


def test_a_part_that_a_person_skipped_stays_out_when_another_one_is_posted_again(shop):
    shop.run(bill("1", "2"))
    missing, skipped = delete_part(shop, "1"), delete_part(shop, "2")
    manual.skip(skipped, "Not ours", "kari")
    assert (post_again(shop, missing), shop.cases()) == (["1"], [])
    assert post_again(shop, skipped) == ["1", "2"]


def test_a_part_that_is_skipped_after_another_one_was_requested_again_stops_only_itself(shop):
    shop.run(bill("1", "2"))
    requested, skipped = delete_part(shop, "1"), delete_part(shop, "2")
    retries.post_again(requested, "kari")
    manual.skip(skipped, "Not ours", "kari")
    shop.run(wait=True)
    assert (sorted(numbers(shop)), shop.cases()) == (["1"], [])


def test_a_request_that_is_taken_back_by_a_skip_does_not_post_another_part(shop):
    shop.run(bill("1", "2"))
    undecided, requested = delete_part(shop, "1"), delete_part(shop, "2")
    retries.post_again(requested, "kari")
    manual.skip(requested, "Not ours", "kari")
    shop.run(wait=True)
    assert (numbers(shop), shop.cases()) == ({}, ["Missing in QuickBooks"])
    manual.skip(undecided, "Not ours", "kari")


def test_a_document_of_which_all_parts_were_skipped_is_posted_again_as_a_whole(shop):
    shop.run(bill("1", "2"))
    parts = delete_part(shop, "1"), delete_part(shop, "2")
    for part in parts:
        manual.skip(part, "Not ours", "kari")
    assert (post_again(shop, parts[0]), shop.cases()) == (["1", "2"], [])


def test_a_part_about_which_a_case_asks_is_not_posted_again_with_another_one(shop):
    shop.run(bill("1", "2"))
    requested, undecided = delete_part(shop, "1"), delete_part(shop, "2")
    assert post_again(shop, requested) == ["1"]
    assert shop.cases() == ["Missing in QuickBooks"]
    assert (post_again(shop, undecided), shop.cases()) == (["1", "2"], [])


def test_the_page_of_a_document_posts_all_of_its_parts_again(shop):
    shop.run(bill("1", "2"))
    main, _ = delete_part(shop, "1"), delete_part(shop, "2")
    document_repetition.post_document_again(main, "kari")
    shop.run(wait=True)
    assert (sorted(numbers(shop)), shop.cases()) == (["1", "2"], [])


def test_a_part_that_was_posted_again_and_left_again_stays_out_although_another_is_held(shop):
    shop.run(bill("1", "2"))
    shop.quickbooks.add_fault("refusal", "bill.create", code="2020")
    shop.run(bill("1", "2", "3", version="2"))
    assert shop.states()["bill:1"] == "held"
    assert post_again(shop, delete_part(shop, "1")) == ["1", "2"]
    delete_part(shop, "1")
    shop.run(wait=True)
    assert sorted(numbers(shop)) == ["2"]
    assert "Missing in QuickBooks" in shop.cases()


SCAN = Attachment(id="scan", name="scan.pdf", mime="application/pdf")


def with_scan(shop, *places, **more):
    shop.source.files = {"scan": b"%PDF-1.4 scan"}
    return replace(bill(*places, **more), attachments=(SCAN,))


def places_of_files(shop):
    """Return the place of the bill of each file in QuickBooks."""
    places = {row["Id"]: row["DepartmentRef"]["value"] for row in shop.ours("Bill")}
    files = [row["AttachableRef"][0]["EntityRef"]["value"] for row in shop.ours("Attachable")]
    return [places[id] for id in files]


@pytest.mark.parametrize("places", [("2", "1"), ("3", "1", "2"), ("1", "2")])
@pytest.mark.parametrize("number", ["F1", None])
def test_the_files_stay_with_their_part_if_the_order_of_the_lines_changes(shop, places, number):
    shop.run(with_scan(shop, "1", "2", number=number))
    assert places_of_files(shop) == ["1"]
    shop.run(with_scan(shop, *places, number=number, version="2"))
    shop.run()
    assert (places_of_files(shop), shop.cases(), shop.reasons()) == (["1"], [], [])


def test_a_file_that_waits_for_its_part_keeps_waiting_for_it(shop):
    enable.set_mode(shop.id, "review", who="kari")
    shop.run(with_scan(shop, "1", "2"))
    shop.run(with_scan(shop, "2", "1", version="2"))
    approve_all(shop)
    assert places_of_files(shop) == ["1"]


def test_a_file_that_the_source_removed_is_not_attached_to_a_part(shop):
    enable.set_mode(shop.id, "review", who="kari")
    shop.run(with_scan(shop, "1", "2"))
    shop.run(bill("1", "2", version="2"))
    approve_all(shop)
    assert (len(shop.ours("Bill")), places_of_files(shop), shop.cases()) == (2, [], [])


def approve_all(shop):
    for _ in range(2):  # the supplier, then the bills
        with transaction() as session:
            outbox.approve_all(session, shop.id, "kari")
        shop.run()


@pytest.mark.parametrize(
    ("numbers", "positions"),
    [
        ({}, {}),
        ({"a": "F-12"}, {"a": 1}),
        ({"a": "F-12", "b": "F-12-2"}, {"a": 1, "b": 2}),
        ({"b": "F1-2", "c": "F1-3"}, {"b": 2, "c": 3}),
        ({"a": "F1", "b": "G1-2"}, {"a": 1}),
    ],
)
def test_the_positions_of_parts_are_known_by_their_numbers(numbers, positions):
    assert find_positions(numbers) == positions
