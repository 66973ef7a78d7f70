"""The nightly proof: what is posted stands there with its total, and every mark belongs to one posting."""

import pytest

from hub.posting.reconcile import reconcile
from tests.desk import Desk


@pytest.fixture
def desk(app, quickbooks, clock):
    made = Desk(app, quickbooks, clock)
    made.ids = [made.bill(f"A-{n}", total=f"{n}0.10") for n in range(1, 4)]
    made.drain()
    return made


def bill(desk, n):
    return desk.posting(desk.ids[n]).quickbooks_id


def test_all_is_there_and_the_sums_agree(desk):
    proved = reconcile(desk.company_id)
    assert (proved["documents"], proved["found"], proved["wrong"], proved["strangers"]) == (3, 3, [], [])
    (line,) = proved["totals"]
    assert (line["app"], line["kind"], line["posted"], line["quickbooks"]) == ("bench", "bill", "60.30", "60.30")
    assert line["difference"] == "0.00"


def test_the_proof_costs_few_reads(desk):
    assert reconcile(desk.company_id)["requests"] == {"writes": 0, "reads": 2}


def test_a_deleted_one_is_told_with_its_sum_and_has_a_case(desk):
    desk.quickbooks.act("delete", kind="Bill", id=bill(desk, 1))
    proved = reconcile(desk.company_id)
    assert (proved["found"], [told["why"] for told in proved["wrong"]]) == (2, ["missing"])
    assert proved["totals"][0]["difference"] == "-20.10"
    assert desk.cases() == ["No longer in QuickBooks"]


def test_a_changed_total_is_told_and_ends_when_it_is_put_right(desk):
    body = desk.body("A-3", total="31.10")
    desk.edit(bill(desk, 2), Line=[{**body["Line"][0], "Amount": 31.10}])
    assert [told["why"] for told in reconcile(desk.company_id)["wrong"]] == ["differs"]
    assert desk.cases() == ["Changed in QuickBooks"]
    desk.edit(bill(desk, 2), Line=[{**body["Line"][0], "Amount": 30.10}])
    assert reconcile(desk.company_id)["wrong"] == []
    assert desk.cases() == []


def test_a_change_that_we_posted_is_what_is_expected(desk):
    desk.change(desk.ids[0], total="11.00")
    desk.drain()
    proved = reconcile(desk.company_id)
    assert (proved["wrong"], proved["totals"][0]["quickbooks"]) == ([], "61.20")


def test_what_we_deleted_is_not_missed(desk):
    desk.change(desk.ids[0], "delete")
    desk.drain()
    proved = reconcile(desk.company_id)
    assert (proved["documents"], proved["wrong"]) == (2, [])


def test_a_second_one_with_our_mark_is_found(desk):
    desk.quickbooks.switch(requestid="ignore")
    desk.quickbooks.act("edit", kind="Bill", id=bill(desk, 0), set={"DocNumber": "X"})
    desk.quickbooks.ask("POST", "bill", desk.body("A-1"))
    proved = reconcile(desk.company_id)
    assert [told["document"] for told in proved["strangers"]] == ["A-1"]
    assert desk.cases() == ["Changed in QuickBooks", "Perhaps twice in QuickBooks"]
    twin = next(one for one in desk.bills() if one["DocNumber"] == "A-1")
    desk.quickbooks.act("delete", kind="Bill", id=twin["Id"])
    reconcile(desk.company_id)
    assert desk.cases() == ["Changed in QuickBooks"]
