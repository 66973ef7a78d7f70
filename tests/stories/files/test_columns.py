"""The columns of a table are changed after its documents were planned or posted."""

import os

import pytest
from sqlalchemy import select

from hub import Refused, outbox
from hub.db.engine import read_only_session, transaction
from hub.installations import enable
from hub.models import Case, Posting
from hub.posting.actions import undo
from hub.sources import file_folder, file_mapping
from tests.support.sources.files_site import ANSWERS

WITH_ORDERS = """\
Vendor,Order,Bill no,Bill date,Amount,Description
Alder Ridge Lumber,O-1,B-1,2026-03-02,10.00,Timber
Canyon Steel Works,O-2,B-2,2026-03-03,40.00,Plants
"""


@pytest.fixture
def by_orders(site):
    """Receive a table whose numbers were taken from the wrong column; return the id of the file."""
    file_id = site.receive("bills.csv", WITH_ORDERS).id
    choose_columns(site, file_id, number="Order")
    return file_id


def choose_columns(site, file_id, **answers):
    file_mapping.apply(site.installation, file_id, "Old system", {**ANSWERS, **answers}, "kari")


def approve_all(site):
    with transaction() as session:
        outbox.approve(session, list(session.scalars(select(Posting.id))), "kari")


def test_documents_of_former_columns_are_not_posted_even_if_they_are_approved(
    site, by_orders, clock
):
    enable.set_mode(site.id, "review", who="kari")
    site.sync()
    choose_columns(site, by_orders)
    approve_all(site)
    for _ in range(3):
        site.sync()
        approve_all(site)
        clock.advance(2 * 3600)
    site.sync()
    assert sorted(site.books("Bill")) == ["B-1", "B-2"]
    assert site.cases() == []


def test_columns_stay_while_quickbooks_has_documents_that_would_be_others(site, by_orders):
    site.sync()
    with pytest.raises(Refused, match=r"2 documents of bills\.csv, such as Bill O-1 of Alder"):
        choose_columns(site, by_orders)
    with read_only_session() as session:
        ids = list(session.scalars(select(Posting.id).where(Posting.operation == "create")))
    undo.undo(undo.plan_posting(ids[0]), "kari")
    site.sync()
    with pytest.raises(Refused, match=r"Bill O-2 of Canyon Steel Works would be another document"):
        choose_columns(site, by_orders)
    undo.undo(undo.plan_posting(ids[1]), "kari")
    site.sync()
    choose_columns(site, by_orders)
    site.sync()
    assert sorted(site.books("Bill")) == ["B-1", "B-2"]


def test_columns_change_if_the_documents_stay_the_same(site, by_orders):
    site.sync()
    choose_columns(site, by_orders, number="Order", memo="Bill no")
    site.sync()
    bills = site.books("Bill")
    assert sorted(bills) == ["O-1", "O-2"]
    assert bills["O-1"]["PrivateNote"].startswith("B-1")


def test_columns_stay_if_another_file_has_the_documents_in_quickbooks(site, by_orders):
    other = site.receive("more.csv", WITH_ORDERS + "Canyon Steel Works,O-3,B-3,2026-03-04,1,Oil\n")
    assert other.documents == 3
    site.sync()
    with pytest.raises(Refused, match="Remove them from QuickBooks first"):
        choose_columns(site, by_orders)
    assert sorted(site.books("Bill")) == ["O-1", "O-2", "O-3"]


def write_bill(amount, columns="Vendor,Order,Bill no,Bill date,Amount,Description"):
    return f"{columns}\nAlder Ridge Lumber,O-1,B-1,2026-03-02,{amount},Timber\n"


def read_total(site):
    (bill,) = site.books("Bill").values()
    return bill["TotalAmt"]


def test_columns_that_change_do_not_take_back_what_a_later_file_corrected(site):
    file_id = site.receive("first.csv", write_bill("10.00")).id
    choose_columns(site, file_id)
    site.sync()
    site.receive("second.csv", write_bill("12.00"))
    site.sync()
    site.receive("third.csv", write_bill("12.00") + "Canyon Steel Works,O-2,,2026-03-03,40.00,\n")
    assert read_total(site) == 12
    choose_columns(site, file_id, memo="Order")
    site.sync()
    assert read_total(site) == 12


def test_a_file_that_is_mapped_late_does_not_take_back_what_a_later_file_has(site):
    first = site.receive("first.csv", write_bill("10.00"))
    other_columns = "Vendor,Purchase,Bill no,Bill date,Amount,Description"
    second = site.receive("second.csv", write_bill("12.00", other_columns))
    choose_columns(site, second.id)
    site.sync()
    choose_columns(site, first.id)
    site.sync()
    assert read_total(site) == 12
    site.receive("fourth.csv", write_bill("14.00"))
    site.sync()
    assert read_total(site) == 14


def test_a_file_that_arrives_again_after_a_correction_says_that_the_correction_stays(site):
    choose_columns(site, site.receive("first.csv", write_bill("10.00")).id)
    site.receive("second.csv", write_bill("12.00"))
    site.sync()
    again = site.receive("first.csv", write_bill("10.00"))
    assert (again.is_new, again.outdated) == (False, 1)
    text = again.describe_repetition("first.csv")
    assert "stay as they are there: 1. To go back to this file, change anything in it" in text
    latest = site.receive("second.csv", write_bill("12.00"))
    assert latest.describe_repetition("second.csv").endswith("before. Nothing was added.")
    site.sync()
    assert read_total(site) == 12


def place_in_folder(site, name, content):
    """Place a file in the watched folder, as another program does, and sync."""
    folder = file_folder.get_folder(site.installation)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content)
    os.utime(folder / name, (0, 0))
    site.sync()


def test_a_former_file_in_the_watched_folder_opens_a_case_once(site):
    choose_columns(site, site.receive("first.csv", write_bill("10.00")).id)
    site.receive("second.csv", write_bill("12.00"))
    site.sync()
    place_in_folder(site, "back.csv", write_bill("10.00"))
    assert (read_total(site), site.cases()) == (12, ["back.csv was received before"])
    with transaction() as session:
        (case,) = session.scalars(select(Case).where(Case.closed_at.is_(None)))
        case.closed_at, case.closed_by = case.opened_at, "kari"
    place_in_folder(site, "back.csv", write_bill("10.00"))
    assert site.cases() == []


def test_the_case_of_a_former_file_closes_when_it_arrives_with_a_change(site):
    choose_columns(site, site.receive("first.csv", write_bill("10.00")).id)
    site.receive("second.csv", write_bill("12.00"))
    site.sync()
    place_in_folder(site, "back.csv", write_bill("10.00"))
    place_in_folder(site, "back.csv", write_bill("10.00") + "\n")
    assert (read_total(site), site.cases()) == (10, [])
