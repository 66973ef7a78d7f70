"""Tests of request ids, alone and in batches, under each of their possible meanings."""

import pytest

from qbo_sandbox import US, create
from qbo_sandbox.kit import Clock

NOON = 1_800_000_000.0


@pytest.fixture
def quickbooks():
    return create(clock=Clock(NOON, frozen=True))


def bill(number, amount="100", account="7"):
    line = {
        "Amount": amount,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": account}},
    }
    return {"VendorRef": {"value": "1"}, "DocNumber": number, "Line": [line]}


def send(quickbooks, body, key="key-1"):
    return quickbooks.ask("POST", f"bill?requestid={key}", body)


def batch(quickbooks, *items, key=""):
    target = f"batch?requestid={key}" if key else "batch"
    answer = quickbooks.ask("POST", target, {"BatchItemRequest": list(items)})
    return answer.json().get("BatchItemResponse", answer.json())


def creating(bid, number, **rest):
    return {"bId": bid, "operation": "create", "Bill": bill(number, **rest)}


def count(quickbooks):
    return quickbooks.select("select count(*) from Bill")["totalCount"]


def code(answer):
    return answer.json()["Fault"]["Error"][0]["code"]


def test_a_repeated_id_gets_the_first_answer_again(quickbooks):
    first = send(quickbooks, bill("A"))
    quickbooks.clock.advance(7200)
    again = send(quickbooks, bill("B", "999"))
    assert (again.body, count(quickbooks)) == (first.body, 1)


def test_a_replay_describes_the_past(quickbooks):
    created = send(quickbooks, bill("A")).json()["Bill"]
    quickbooks.act("edit", kind="Bill", id=created["Id"], set={"PrivateNote": "changed since"})
    assert send(quickbooks, bill("A")).json()["Bill"]["SyncToken"] == "0"


def test_without_an_id_the_same_body_is_booked_twice(quickbooks):
    for _ in range(2):
        quickbooks.ask("POST", "bill", bill(""))
    assert count(quickbooks) == 2


def test_updates_and_deletes_are_guarded_too(quickbooks):
    created = send(quickbooks, bill("A")).json()["Bill"]
    for _ in range(2):
        deletion = quickbooks.ask(
            "POST", "bill?operation=delete&requestid=gone", {"Id": created["Id"], "SyncToken": "0"}
        )
        assert deletion.json()["Bill"]["status"] == "Deleted"


@pytest.mark.parametrize(("answer", "error_code"), [("refuse", "6000"), ("duplicate", "600")])
def test_a_repeated_id_may_be_refused(quickbooks, answer, error_code):
    quickbooks.switch(requestid=answer)
    send(quickbooks, bill("A"))
    assert code(send(quickbooks, bill("B"))) == error_code


def test_ids_may_mean_nothing(quickbooks):
    quickbooks.switch(requestid="ignore")
    send(quickbooks, bill("A"))
    send(quickbooks, bill("B"))
    assert count(quickbooks) == 2


def test_ids_may_be_forgotten(quickbooks):
    quickbooks.switch(requestid_hours=24)
    send(quickbooks, bill("A"))
    quickbooks.clock.advance(23 * 3600)
    send(quickbooks, bill("B"))
    assert count(quickbooks) == 1
    quickbooks.clock.advance(2 * 3600)
    send(quickbooks, bill("B"))
    assert count(quickbooks) == 2


@pytest.mark.parametrize(("guarded", "booked"), [("guards", 1), ("ignored", 2)])
def test_a_request_under_way_may_guard_its_id_or_not(quickbooks, guarded, booked):
    quickbooks.switch(requestid_in_flight=guarded)
    quickbooks.add_fault("commit_late", "bill.create", seconds=90, status=504)
    assert send(quickbooks, bill("A")).status == 504
    send(quickbooks, bill("B"))
    quickbooks.clock.advance(90)
    assert count(quickbooks) == booked


@pytest.mark.parametrize(("remembered", "status"), [(True, 400), (False, 200)])
def test_a_refusal_may_be_remembered(quickbooks, remembered, status):
    quickbooks.switch(requestid_refusals=remembered)
    assert code(send(quickbooks, bill("A", account="999"))) == "2500"
    assert send(quickbooks, bill("A")).status == status


def test_an_id_over_fifty_characters_is_refused(quickbooks):
    assert send(quickbooks, bill("A"), "k" * 50).status == 200
    assert code(send(quickbooks, bill("B"), "k" * 51)) == "2130"


def test_the_log_marks_replays(quickbooks):
    send(quickbooks, bill("A"))
    send(quickbooks, bill("A"))
    response = [
        (entry["requestid"], entry["replayed"]) for entry in quickbooks.log.entries("bill.create")
    ]
    assert response == [("key-1", False), ("key-1", True)]


def test_each_item_of_a_batch_has_its_own_answer(quickbooks):
    created, wrong, counted = batch(
        quickbooks,
        creating("a", "A"),
        creating("b", "B", account="999"),
        {"bId": "c", "Query": "select count(*) from Vendor"},
    )
    response = quickbooks.log.entries("batch")[-1]
    assert (response["items"], response["items_refused"]) == (3, 1)
    assert (created["bId"], created["Bill"]["DocNumber"]) == ("a", "A")
    assert (wrong["bId"], wrong["Fault"]["Error"][0]["code"]) == ("b", "2500")
    assert counted == {"QueryResponse": {"totalCount": 40}, "bId": "c"}


def test_in_a_batch_every_error_names_an_element(quickbooks):
    [wrong] = batch(
        quickbooks,
        {"bId": "a", "operation": "create", "Vendor": {"DisplayName": "Alder Ridge Lumber"}},
    )
    assert wrong["Fault"]["Error"][0]["element"] == ""


def test_a_batch_updates_deletes_and_allows_a_number_twice(quickbooks):
    [created] = batch(quickbooks, creating("a", "A"))
    id = created["Bill"]["Id"]
    twice = {**creating("b", "A"), "optionsData": "allowduplicatedocnum"}
    change = {
        "Id": id,
        "SyncToken": "0",
        "sparse": True,
        "VendorRef": {"value": "1"},
        "PrivateNote": "x",
    }
    updated, again = batch(quickbooks, {"bId": "u", "operation": "update", "Bill": change}, twice)
    assert (updated["Bill"]["SyncToken"], again["Bill"]["DocNumber"]) == ("1", "A")
    [deletion] = batch(
        quickbooks, {"bId": "d", "operation": "delete", "Bill": {"Id": id, "SyncToken": "1"}}
    )
    assert deletion["Bill"]["status"] == "Deleted"


def test_thirty_items_fit_and_no_more(quickbooks):
    assert len(batch(quickbooks, *[creating(str(n), f"N{n}") for n in range(30)])) == 30
    response = batch(quickbooks, *[creating(str(n), f"M{n}") for n in range(31)])
    assert response["Fault"]["Error"][0]["code"] == "1040"


@pytest.mark.parametrize("item", [{"bId": "a"}, {"bId": "a", "operation": "create", "Dream": {}}])
def test_an_item_of_no_known_kind_is_refused_alone(quickbooks, item):
    wrong, created = batch(quickbooks, item, creating("b", "B"))
    assert wrong["Fault"]["Error"][0]["code"] == "2000"
    assert created["Bill"]["Id"]


@pytest.mark.parametrize(("meaning", "booked"), [("replay", 1), ("refuse", 1), ("ignore", 2)])
def test_a_repeated_batch_has_every_plausible_meaning(quickbooks, meaning, booked):
    quickbooks.switch(requestid_batch=meaning)
    quickbooks.control.company("POST", {"realm": US.realm, "warn_duplicate_bills": False})
    first = batch(quickbooks, creating("a", "A"), key="batch-1")
    again = batch(quickbooks, creating("a", "A"), key="batch-1")
    assert count(quickbooks) == booked
    assert ("Fault" in again[0]) is (meaning == "refuse")
    assert (again == first) is (meaning == "replay")


def test_a_single_create_may_repeat_an_item_of_a_batch(quickbooks):
    batch(quickbooks, creating("a", "A"), key="batch-1")
    assert send(quickbooks, bill("B"), "batch-1a").json()["Bill"]["DocNumber"] == "A"


@pytest.mark.parametrize(("key", "bid"), [("k" * 37, "a"), ("k" * 36, "b" * 11)])
def test_ids_of_a_batch_may_have_lengths_of_their_own(quickbooks, key, bid):
    quickbooks.switch(requestid_batch_length="separate")
    response = batch(quickbooks, creating(bid, "A"), key=key)
    fault = response["Fault"] if "Fault" in response else response[0]["Fault"]
    assert fault["Error"][0]["code"] == "2130"


@pytest.mark.parametrize(
    ("kind", "ids"),
    [("bid_missing", ["a"]), ("bid_twice", ["a", "b", "b"]), ("bid_foreign", ["a", "b", "nobody"])],
)
def test_a_batch_can_answer_with_the_wrong_items(quickbooks, kind, ids):
    quickbooks.add_fault(kind, "batch")
    response = batch(quickbooks, creating("a", "A"), creating("b", "B"))
    assert [item["bId"] for item in response] == ids
    assert count(quickbooks) == 2


def statuses(quickbooks, times):
    return [quickbooks.ask("GET", "preferences").status for _ in range(times)]


def test_the_limits_count_by_second_and_by_minute(quickbooks):
    quickbooks.switch(throttle=True)
    assert statuses(quickbooks, 11) == [200] * 10 + [429]
    for _ in range(49):
        quickbooks.clock.advance(1)
        assert statuses(quickbooks, 10) == [200] * 10
    quickbooks.clock.advance(1)
    assert statuses(quickbooks, 1) == [429]
    quickbooks.clock.advance(60)
    assert statuses(quickbooks, 1) == [200]


def test_forty_batches_a_minute_are_allowed(quickbooks):
    quickbooks.switch(throttle=True, batch_counts="one")
    query = {"BatchItemRequest": [{"bId": "1", "Query": "select count(*) from Term"}]}
    response = []
    for _ in range(41):
        quickbooks.clock.advance(1)
        response.append(quickbooks.ask("POST", "batch", query).status)
    assert response == [200] * 40 + [429]


def test_throttled_the_answer_is_the_gateways(quickbooks):
    quickbooks.switch(throttle=True, retry_after=30)
    statuses(quickbooks, 10)
    answer = quickbooks.ask("GET", "preferences")
    error = answer.json()["fault"]["error"][0]
    assert (error["code"], answer.json()["fault"]["type"], answer.headers["retry-after"]) == (
        "3001",
        "SERVICE",
        "30",
    )
    assert error["message"] == "message=ThrottleExceeded; errorCode=003001; statusCode=429"
    quickbooks.switch(throttle_body="xml")
    assert (
        b'<Error code="3001"><Message>message=ThrottleExceeded'
        in quickbooks.ask("GET", "preferences").body
    )
