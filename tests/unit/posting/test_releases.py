"""Releases: postings that waited become ready, or are no longer needed."""

import datetime as dt

import pytest

from hub.context import current_hub
from hub.db.engine import transaction
from hub.mapping import EMPTY, NEW
from hub.models import Attempt, Match, Posting
from hub.posting import releases
from tests.support.rows.small_outbox import get, now


@pytest.mark.parametrize(
    ("about", "state"),
    [
        ({}, "withdrawn"),
        ({"record": NEW}, "ready"),
        ({"record": EMPTY}, "ready"),
        ({"scope": "ion"}, "ready"),
        ({"outcome": "refused"}, "ready"),
        ({"outcome": "declined"}, "withdrawn"),
    ],
)
def test_no_record_is_created_for_a_code_that_was_matched_meanwhile(box, about, state):
    id = box("v1", kind="vendor", made_for="supplier")
    match = {"scope": "costtracker", "record": "7"} | about
    outcome = match.pop("outcome", "")
    code_values = {
        "company_id": 1,
        "tenant": "t1",
        "field": "supplier",
        "code": "v1",
        "role": "vendor",
    }
    with transaction() as session:
        session.get_one(Posting, id).document.slug = "costtracker"
        session.add(Match(**match, **code_values, match_method="link", who="hub", at=now()))
        if outcome:
            session.add(
                Attempt(
                    posting_id=id,
                    generation=0,
                    requestid="r",
                    fence="f",
                    sent_at=now(),
                    outcome=outcome,
                )
            )
        releases.withdraw_superseded(session, 1)
    assert get(id).state == state


def wake():
    return releases.release_waiting(1, now())


def test_a_posting_that_waits_for_a_time_is_released_then(box):
    id = box(state="waiting")
    with transaction() as session:
        session.get_one(Posting, id).next_try_at = now() + dt.timedelta(minutes=1)
    assert wake() == 0
    current_hub().clock.advance(61)
    assert (wake(), get(id).state) == (1, "ready")


def test_a_file_is_keyed_by_the_id_of_its_parent(box):
    main = box(state="ready")
    file = box(part="scan", operation="attach", state="waiting", after_id=main)
    assert wake() == 0
    before = get(file).requestid
    with transaction() as session:
        parent = session.get_one(Posting, main)
        parent.state, parent.quickbooks_id = "posted", "500"
    assert wake() == 1
    assert (get(file).base, get(file).state) == ("500", "ready")
    assert get(file).requestid != before


def test_a_file_of_a_document_that_is_not_posted_is_withdrawn(box):
    main = box(state="withdrawn")
    file = box(part="scan", operation="attach", state="waiting", after_id=main)
    wake()
    assert get(file).state == "withdrawn"


def test_a_payload_waits_until_all_its_ids_are_known(box):
    one = box("v1", kind="vendor", state="posted", quickbooks_id="31")
    two = box("p1", kind="item")
    payload = f'{{"a":"@posting:{one}","b":"@posting:{two}"}}'.encode()
    id = box(state="waiting", after_id=one, payload=payload)
    assert (wake(), get(id).after_id) == (0, two)
    with transaction() as session:
        row = session.get_one(Posting, two)
        row.state, row.quickbooks_id = "posted", "71"
    assert (wake(), get(id).payload) == (1, b'{"a":"31","b":"71"}')
