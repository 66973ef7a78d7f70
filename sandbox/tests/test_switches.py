"""Tests of the switches for behavior that Intuit does not document: each choice differs."""

from contextlib import ExitStack
from dataclasses import fields
from itertools import combinations
from urllib.parse import quote

import pytest

from qbo_sandbox import NORWAY, US, Switches, create
from qbo_sandbox.kit import Clock, ConnectionFault, json_answer, send_request

NOON = 1_800_000_000.0
MANY = {"per_second": 100_000, "per_minute": 100_000}


def line(amount="100", **detail):
    line_detail = {"AccountRef": {"value": "7"}, **detail}
    return {
        "Amount": amount,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": line_detail,
    }


def bill(number="", **fields):
    return {"VendorRef": {"value": "1"}, "DocNumber": number, "Line": [line()], **fields}


def code(answer):
    body = answer.json()
    return (body.get("Fault") or body.get("fault") or {"Error": [{"code": ""}]}).get(
        "Error", [{"code": "gate"}]
    )[0]["code"]


def count(books, kind="Bill"):
    return len(books.company.table(kind))


def send(books, key, body=None, **headers):
    return books.ask("POST", f"bill?requestid={key}", body or bill(), **headers)


def twice(books):
    return code(send(books, "k")), code(send(books, "k")), count(books)


def ages(repeat):
    """Return a probe that tells, per number of hours, whether a repeated request is done again."""

    def probe(books):
        repeats = []
        for hours in (0.5, 2, 30, 200):
            repeat(books, f"k{hours}")
            before = count(books)
            books.clock.advance(hours * 3600)
            repeat(books, f"k{hours}")
            repeats.append(count(books) > before)
        return repeats

    return probe


def batch(books, key, *items):
    batch_items = items or [{"bId": "a", "operation": "create", "Bill": bill()}]
    return books.ask("POST", f"batch?requestid={key}", {"BatchItemRequest": list(batch_items)})


def other_body(books):
    send(books, "k")
    return code(send(books, "k", bill("other"))), count(books)


def under_way(books):
    books.add_fault("commit_late", "bill.create", seconds=90)
    with pytest.raises(ConnectionFault):
        send(books, "k")
    second = code(send(books, "k"))
    books.clock.advance(100)
    return second, count(books)


def batch_twice(books):
    return ["Fault" in batch(books, "k").text for _ in range(2)], count(books)


def batch_then_single(books):
    batch(books, "k")
    return send(books, "ka").status, count(books)


def lengths(books):
    short, long = "k" * 30, "k" * 40
    response = batch(books, short, {"bId": "b" * 15, "operation": "create", "Bill": bill()}).json()
    return "Fault" in response["BatchItemResponse"][0], batch(books, long).status


def same_bids(books):
    return batch(books, "k", *[{"bId": "a", "Query": "select count(*) from Vendor"}] * 2).status


def after_refusal(books):
    return code(send(books, "k", {"Line": []})), send(books, "k").status


def guarded_update(books):
    send(books, "made")
    change = {**bill("new"), "Id": "1", "SyncToken": "0"}
    return [code(books.ask("POST", "bill?requestid=u", change)) for _ in range(2)]


def file_twice(books):
    part = b'--x\r\nContent-Disposition: form-data; name="file_content_01"; filename="a.txt"\r\n'
    body = part + b"Content-Type: text/plain\r\n\r\nhello\r\n--x--\r\n"
    for _ in range(2):
        books.ask(
            "POST", "upload?requestid=f", body, content_type="multipart/form-data; boundary=x"
        )
    return count(books, "Attachable")


def seen_by_query(books):
    books.ask("POST", "bill", bill())
    results = [books.select("select count(*) from Bill")["totalCount"]]
    for _ in range(2):
        books.clock.advance(4)
        results.append(books.select("select count(*) from Bill")["totalCount"])
    return results


def seen_by_change_data(books):
    books.switch(index_lag=30)
    books.ask("POST", "bill", bill())
    path = "cdc?entities=Bill&changedSince=2027-01-15T00:00:00Z"
    first = books.ask("GET", path).text
    books.clock.advance(31)
    return '"Bill"' in first, '"Bill"' in books.ask("GET", path).text


def limited(times, request, pause=0.0, **switches):
    """Return a probe of the status of the last of a number of requests."""

    def probe(books):
        books.switch(**{"throttle": True} | switches)
        for _ in range(times - 1):
            books.clock.advance(pause)
            request(books)
        return request(books).status

    return probe


def ask_preferences(books):
    return books.ask("GET", "preferences")


def of_thirty(books):
    return batch(
        books, "", *[{"bId": str(n), "Query": "select count(*) from Term"} for n in range(30)]
    )


def one_query(books):
    return batch(books, "", {"bId": "1", "Query": "select count(*) from Term"})


def refresh(books, token):
    form = f"grant_type=refresh_token&refresh_token={token}&client_id={books.client_id}"
    answer = send_request(
        books.wsgi,
        "POST",
        "/oauth2/v1/tokens/bearer",
        f"{form}&client_secret={books.client_secret}",
    )
    return answer.json().get("refresh_token", "")


def old_token(books):
    books.switch(rotate="always")
    old = books.refresh_tokens[US.realm]
    new = refresh(books, old)
    again = bool(refresh(books, old))
    books.clock.advance(2 * 86400)
    after_days = bool(refresh(books, old))
    refresh(books, new)
    return again, after_days


def rotation(books):
    old = books.refresh_tokens[US.realm]
    return refresh(books, old) == old


def same_number(books):
    """Return the error code of a duplicate number, with the company's warning on and off."""
    results = []
    for warned in (True, False):
        books.control.company("POST", {"realm": US.realm, "warn_duplicate_bills": warned})
        books.ask("POST", "bill", bill(f"N{warned}"))
        results.append(code(books.ask("POST", "bill", bill(f"N{warned}"))))
    return results


def of_two_apps(books):
    grant = books.app.grants.grant("another", US.realm, "com.intuit.quickbooks.accounting")
    send(books, "k")
    send(books, "k", authorization=f"Bearer {books.app.grants.issue(grant)}")
    return count(books)


def inactive(books):
    books.act("deactivate", kind="Vendor", id="1")
    return code(books.ask("POST", "bill", bill()))


def billable(books):
    entity = books.ask("POST", "bill", bill(Line=[line(CustomerRef={"value": "41"})])).json()[
        "Bill"
    ]
    return entity["Line"][0]["AccountBasedExpenseLineDetail"].get("BillableStatus")


def norwegian(books, **fields):
    body = {
        "VendorRef": {"value": "1"},
        "Line": [line("1000", AccountRef={"value": "30"}, TaxCodeRef={"value": "5"})],
    }
    return books.ask("POST", "bill", body | fields, NORWAY.realm)


def inclusive(books):
    response = norwegian(books, GlobalTaxCalculation="TaxInclusive", CurrencyRef={"value": "NOK"})
    return str(response.json()["Bill"]["TotalAmt"])


def stated(books, **tax):
    """Return the total of a bill of 1,000 with a tax of 249 instead of 250."""
    fields = {"CurrencyRef": {"value": "NOK"}, "GlobalTaxCalculation": "TaxExcluded"}
    tax_detail = {"TotalTax": 249, **tax}
    response = norwegian(books, **fields, TxnTaxDetail=tax_detail)
    return str(response.json()["Bill"]["TotalAmt"])


def noted(books):
    body = {"DisplayName": "Ada Ltd", "Notes": "Call first"}
    return "Notes" in books.ask("POST", "vendor", body).json()["Vendor"]


def sparse_change(books, kind, body, change):
    """Return an object after a sparse update of it."""
    entity = books.ask("POST", kind.lower(), body).json()[kind]
    key = {"Id": entity["Id"], "SyncToken": "0", "sparse": True}
    return books.ask("POST", kind.lower(), {**key, **change}).json()[kind]


def emptied(books):
    customer = {"CustomerRef": {"value": "41"}}
    sold = {"ItemRef": {"value": "2"}}
    sale = {"Amount": 9, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": sold}
    owed = books.ask("POST", "invoice", {**customer, "Line": [sale]}).json()["Invoice"]
    paid = {"Amount": 9, "LinkedTxn": [{"TxnId": owed["Id"], "TxnType": "Invoice"}]}
    body = {**customer, "TotalAmt": 9, "Line": [paid]}
    return str(sparse_change(books, "Payment", body, {"Line": []})["UnappliedAmt"])


def paid_version(books):
    """Return the version of a bill after a payment of it."""
    entity = books.ask("POST", "bill", bill()).json()["Bill"]
    books.act("pay", kind="Bill", id=entity["Id"])
    return books.ask("GET", f"bill/{entity['Id']}").json()["Bill"]["SyncToken"]


def retaxed(books):
    customer = {"CustomerRef": {"value": "41"}}
    sold = {"ItemRef": {"value": "2"}, "TaxCodeRef": {"value": "TAX"}}
    sale = {"Amount": 100, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": sold}
    change = {"Line": [{**sale, "Amount": 200}]}
    return str(sparse_change(books, "Invoice", {**customer, "Line": [sale]}, change)["TotalAmt"])


def sizes(books):
    books.clock.advance(1)
    items = [{"bId": str(n), "Query": "select count(*) from Term"} for n in range(51)]
    return [batch(books, "", *items[:size]).status for size in (11, 26, 31, 51)]


def far_back(books):
    return books.ask("GET", "cdc?entities=Bill&changedSince=2020-01-01").status


def order_of_changes(books):
    ids = []
    for number in ("1", "2"):
        books.clock.advance(10)
        ids.append(books.ask("POST", "bill", bill(number)).json()["Bill"]["Id"])
    answer = books.ask("GET", "cdc?entities=Bill&changedSince=2027-01-15T00:00:00Z").json()
    (changed,) = answer["CDCResponse"][0]["QueryResponse"]
    return [ids.index(row["Id"]) for row in changed["Bill"]]


def sorted_by_id(books):
    for number in ("1", "2"):
        books.clock.advance(10)
        books.ask("POST", "bill", bill(number))
    response = books.ask("GET", f"query?query={quote('select * from Bill orderby Id')}").json()
    return [row["Id"] for row in response.get("QueryResponse", {}).get("Bill", ())]


def foreign(books):
    """Return the exchange rate of a journal entry in euros that states none."""
    lines = []
    for side, account in (("Debit", "30"), ("Credit", "31")):
        detail = {"PostingType": side, "AccountRef": {"value": account}}
        entry = {"Amount": 9, "DetailType": "JournalEntryLineDetail"}
        lines.append({**entry, "JournalEntryLineDetail": detail})
    body = {"CurrencyRef": {"value": "EUR"}, "Line": lines}
    response = books.ask("POST", "journalentry", body, NORWAY.realm).json()
    return str(response["JournalEntry"]["ExchangeRate"])


def at_once(books):
    books.switch(throttle=True, **MANY)
    with ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(
                books.app.limits.count_running(
                    books.control.switches, US.realm, books.client_id, "bill.read", None
                )
            )
        return books.ask("GET", "preferences").status


def reads(books):
    books.switch(throttle=True, **MANY)
    results = []
    for so_far in (99, 100, 500_000):
        books.app.limits.meter["reads", books.client_id, "2027-01"] = so_far
        results.append(books.ask("GET", "preferences").status)
    return results


def mailed(books):
    books.switch(throttle=True, **MANY)
    sale = {
        "Amount": 5,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
    }
    entity = books.ask("POST", "invoice", {"CustomerRef": {"value": "41"}, "Line": [sale]}).json()[
        "Invoice"
    ]
    return [
        books.ask("POST", f"invoice/{entity['Id']}/send?sendTo=a@example.com").status
        for _ in range(3)
    ]


def throttled(books):
    books.switch(throttle=True, per_second=1)
    ask_preferences(books)
    answer = ask_preferences(books)
    return answer.headers["content-type"].partition(";")[0], answer.headers.get("retry-after")


def told_after(books):
    """Return the seconds until the webhook of a change arrives."""
    arrived = []

    def receive(environ, start):
        arrived.append(books.clock.now() - NOON)
        return json_answer(start, 200, {})

    books.webhooks.subscribe("http://receiver.test/", wsgi=receive)
    books.ask("POST", "bill", bill())
    books.clock.advance(1000)
    return arrived


def long_name(books):
    return code(books.ask("POST", "vendor", {"DisplayName": "n" * 150}))


def long_number(books):
    entity = {"Name": "New", "AcctNum": "1234567890", "AccountType": "Expense"}
    return code(books.ask("POST", "account", entity))


PROBES = {
    "name_length": long_name,
    "account_number_length": long_number,
    "webhook_delay": told_after,
    "requestid": twice,
    "requestid_hours": ages(lambda books, key: send(books, key)),
    "requestid_other_body": other_body,
    "requestid_in_flight": under_way,
    "requestid_batch": batch_twice,
    "requestid_batch_hours": ages(lambda books, key: batch(books, key)),
    "requestid_batch_keys": batch_then_single,
    "requestid_batch_length": lengths,
    "requestid_refusals": after_refusal,
    "requestid_guards": guarded_update,
    "requestid_uploads": file_twice,
    "index_lag": seen_by_query,
    "cdc_lag": seen_by_change_data,
    "batch_counts": limited(2, of_thirty, per_minute=50),
    "previous_refresh_token": old_token,
    "duplicate_bills": same_number,
    "requestid_per_app": of_two_apps,
    "rotate": rotation,
    "inactive_reference": inactive,
    "duplicate_number": same_number,
    "billable_by_customer": billable,
    "inclusive_amount": inclusive,
    "sparse_empty_list": emptied,
    "stated_tax": stated,
    "linked_version": paid_version,
    "vendor_notes": noted,
    "sparse_tax": retaxed,
    "currency_required": lambda books: norwegian(books, GlobalTaxCalculation="TaxExcluded").status,
    "batch_size": sizes,
    "batch_bids": same_bids,
    "cdc_window": far_back,
    "cdc_order": order_of_changes,
    "sort_by_id": sorted_by_id,
    "exchange_rate": foreign,
    "throttle": lambda books: [ask_preferences(books).status for _ in range(11)][-1],
    "per_second": limited(6, ask_preferences),
    "per_minute": limited(101, ask_preferences, 0.5),
    "batches_per_app": limited(11, one_query, 1),
    "batches_per_company": limited(11, one_query, 1, batches_per_app=1000),
    "at_once": at_once,
    "monthly_reads": reads,
    "emails_a_day": mailed,
    "throttle_body": throttled,
    "retry_after": throttled,
}


@pytest.mark.parametrize("name", [field.name for field in fields(Switches)])
def test_each_answer_behaves_like_no_other(name):
    companies = [US, NORWAY] if name in OF_NORWAY else [US]
    choices = [choice for choice in Switches().page()[name]["choices"] if choice != "any number"]
    results = {}
    for choice in choices:
        books = create(companies=companies, clock=Clock(NOON, frozen=True))
        books.switch(**{name: choice})
        results[choice] = PROBES[name](books)
    assert len(results) > 1
    equal = [pair for pair in combinations(choices, 2) if results[pair[0]] == results[pair[1]]]
    assert equal == []


OF_NORWAY = ("inclusive_amount", "currency_required", "stated_tax", "exchange_rate")


@pytest.mark.parametrize(("percent_based", "total"), [(False, "1249.00"), (True, "1250.00")])
def test_a_tax_that_is_not_based_on_a_percentage_is_taken(percent_based, total):
    books = create(companies=[NORWAY], clock=Clock(NOON, frozen=True))
    books.switch(stated_tax="computed")
    fields = {"CurrencyRef": {"value": "NOK"}, "GlobalTaxCalculation": "TaxExcluded"}
    computed = norwegian(books, **fields).json()["Bill"]["TxnTaxDetail"]["TaxLine"]
    rate = computed[0]["TaxLineDetail"]["TaxRateRef"]
    detail = {"TaxRateRef": rate, "PercentBased": percent_based}
    line = {"Amount": 249, "DetailType": "TaxLineDetail", "TaxLineDetail": detail}
    assert stated(books, TaxLine=[line]) == total


def test_every_question_that_only_intuit_can_answer_is_a_switch(figure):
    switches = Switches().page()
    assert {f"X{n}" for n in range(1, 14)} <= {
        switch["says"].split()[0] for switch in switches.values()
    }
    figure("switches of the QuickBooks stand-in", len(switches), 30)


def test_the_control_door_lists_the_choices_and_what_is_chosen():
    books = create(clock=Clock(NOON, frozen=True))
    switches = send_request(
        books.wsgi, "POST", "/_sandbox/switches", {"requestid": "refuse", "index_lag": "2.5"}
    ).json()
    assert switches["requestid"]["is"] == "refuse"
    assert switches["requestid"]["choices"] == ["replay", "refuse", "duplicate", "ignore"]
    assert send_request(books.wsgi, "GET", "/_sandbox/switches").json()["index_lag"]["is"] == 2.5


@pytest.mark.parametrize(
    ("body", "words"), [({"requestid": "perhaps"}, "ignore"), ({"throttle": 7}, "true")]
)
def test_an_answer_that_there_is_not_is_refused_with_those_there_are(body, words):
    answer = send_request(
        create(clock=Clock(NOON, frozen=True)).wsgi, "POST", "/_sandbox/switches", body
    )
    assert answer.status == 400
    assert words in answer.json()["error"]
