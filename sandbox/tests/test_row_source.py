"""The stand-in of a source with rows: its API, the form of a person, its journal and its pages."""

import base64
import hmac
from typing import ClassVar

import pytest

from qbo_sandbox.kit import (
    Clock,
    Rows,
    RowSource,
    Tokens,
    WebhookSender,
    bearer_of,
    json_of,
    linked_page,
    numbered_page,
    send_request,
)

FORM = "application/x-www-form-urlencoded"
FIVE = [
    {"id": f"r{n}", "version": 1, "updated_at": f"2026-03-02T10:0{n}:00Z", "note": ""}
    for n in range(1, 6)
]
CLIENT = {"client_id": "C", "client_secret": "S", "refresh_token": "R"}


class Shed(RowSource):
    name = "shed"
    rate = "3/10s"
    access: ClassVar[dict[str, str]] = {"token": "T"}

    def answer(self, environ, method, path):
        if bearer_of(environ) != self.access["token"]:
            return 401, {}
        if path == ["rentals"]:
            items, link = linked_page(environ, self.rows.changed_since(""), 2)
            return 200, {"items": items, "next": link}
        row = self.rows.get(path[1])
        if row and method == "PUT":
            self.store({**row, "accounting": json_of(environ)})
        return (200, self.rows[path[1]]) if row else (404, {})

    def changed(self, row):
        self.send_event("rental.changed", row["id"], "the secret")


class DeletingShed(Shed):
    def edit(self, row, form):
        return None


def get(shed, target, token="T"):
    return send_request(shed.wsgi, "GET", target, authorization=f"Bearer {token}", host="shed.test")


def edit(shed, id, body):
    return send_request(shed.wsgi, "POST", f"/rentals/{id}/edit", body, content_type=FORM)


def ids(rows):
    return [row["id"] for row in rows]


def test_the_api_answers_with_the_date_of_the_clock():
    shed = Shed(None, FIVE)
    shed.clock.set(1_800_000_000, frozen=True)
    answer = get(shed, "/rentals/r1")
    assert answer.json() == FIVE[0]
    assert answer.headers["date"] == "Fri, 15 Jan 2027 08:00:00 GMT"
    assert get(shed, "/rentals/r1", token="X").status == 401
    assert shed.settings("http://shed.test") == {"base_url": "http://shed.test", "token": "T"}


def test_more_calls_than_the_rate_are_refused_with_the_time_to_wait():
    shed = Shed(None, FIVE)
    shed.clock.set(1_800_000_000, frozen=True)
    assert [get(shed, "/rentals/r1").status for _ in range(4)] == [200, 200, 200, 429]
    assert get(shed, "/rentals/r1").headers["retry-after"] == "10"
    assert send_request(shed.wsgi, "GET", "/_sandbox/limit").json()["requests"] == 3


def test_links_lead_through_all_pages():
    shed = Shed(None, FIVE)
    target, read = "/rentals?size=2", []
    while target:
        page = get(shed, target).json()
        read += ids(page["items"])
        target = (page["next"] or "").removeprefix("http://shed.test")
        assert not target or target.startswith("/rentals?size=2&page=")
    assert read == ids(FIVE)


def test_a_page_that_is_no_number_is_invalid():
    assert get(Shed(None, FIVE), "/rentals?page=last").status == 422


def test_a_person_changes_a_row_which_is_kept(tmp_path):
    shed = Shed(tmp_path, FIVE)
    assert edit(shed, "r2", "note=late").status == 200
    send_request(shed.wsgi, "PUT", "/rentals/r3", {"state": "posted"}, authorization="Bearer T")
    row = shed.rows["r2"]
    assert (row["note"], row["version"], row["updated_at"] > "2026-03-02") == ("late", 2, True)
    again = Shed(tmp_path, FIVE)
    assert again.rows == shed.rows
    assert again.rows["r3"]["accounting"] == {"state": "posted"}
    assert ids(again.rows.changed_since(""))[-1] == "r2"
    assert edit(shed, "r9", "note=late").status == 404


def test_the_rows_with_which_it_begins_may_change_although_something_was_reported_to_them(tmp_path):
    shed = Shed(tmp_path, FIVE)
    send_request(shed.wsgi, "PUT", "/rentals/r1", {"state": "posted"}, authorization="Bearer T")
    edit(shed, "r2", "note=late")
    corrected = [{**row, "note": "new", "total": "999.00"} for row in FIVE]
    again = Shed(tmp_path, corrected)
    assert again.rows["r1"] == {**corrected[0], "accounting": {"state": "posted"}}
    assert again.rows["r2"] == {**shed.rows["r2"], "total": "999.00"}


def test_a_field_that_was_removed_stays_away(tmp_path):
    shed = Shed(tmp_path, FIVE)
    shed.store({"id": "r1", "updated_at": FIVE[0]["updated_at"]})
    shed.store({"id": "r9", "updated_at": "2026-03-02T11:00:00Z"})
    again = Shed(tmp_path, FIVE)
    assert again.rows == shed.rows
    assert again.rows["r1"] == {"id": "r1", "updated_at": FIVE[0]["updated_at"]}


def test_a_row_that_is_changed_in_place_is_kept(tmp_path):
    shed = Shed(tmp_path, [{**FIVE[0], "lines": [{"price": "1.00"}]}])
    row = shed.rows["r1"]
    row["lines"][0]["price"] = "2.00"
    shed.store(row)
    assert Shed(tmp_path, FIVE).rows["r1"]["lines"] == [{"price": "2.00"}]
    row["lines"][0]["price"] = "1.00"
    shed.store(row)
    assert "lines" not in Shed(tmp_path, FIVE).rows["r1"]


def test_a_row_that_was_deleted_and_comes_back_is_kept(tmp_path):
    shed = Shed(tmp_path, FIVE)
    shed.store({"id": "r1", "deleted": True})
    shed.store({"id": "r1", "updated_at": "2026-03-02T11:00:00Z"})
    assert Shed(tmp_path, FIVE).rows == shed.rows


class AnnouncingShed(RowSource):
    name, rate = "shed", "100/s"
    lists: ClassVar[dict[str, str]] = {"/rentals": "rental"}
    deletions, since = "/gone/rows", "from"


def test_deletions_are_listed_at_a_path_of_their_own_also_after_a_start(tmp_path):
    rows = [{**row, "type": "rental"} for row in FIVE]
    shed = AnnouncingShed(tmp_path, rows)
    shed.clock.set(1_800_000_000, frozen=True)
    assert send_request(shed.wsgi, "GET", "/gone/rows").json() == []
    edit(shed, "r2", "delete=yes")
    shed.clock.advance(60)
    edit(shed, "r4", "delete=yes")
    for stand_in in (shed, AnnouncingShed(tmp_path, rows)):
        deleted = send_request(stand_in.wsgi, "GET", "/gone/rows").json()
        first = {"id": "r2", "type": "rental", "updated_at": "2027-01-15T08:00:00Z"}
        assert (ids(deleted), deleted[0]) == (["r2", "r4"], first)
        later = send_request(stand_in.wsgi, "GET", "/gone/rows?from=2027-01-15T08:01:00Z").json()
        assert ids(later) == ["r4"]
        assert ids(send_request(stand_in.wsgi, "GET", "/rentals").json()) == ["r1", "r3", "r5"]
    shed.store(rows[1])
    assert ids(send_request(shed.wsgi, "GET", "/gone/rows").json()) == ["r4"]


def test_a_journal_with_whole_rows_is_read(tmp_path):
    (tmp_path / "shed.jsonl").write_text('{"id": "r1", "updated_at": "2026-04-01", "note": "a"}\n')
    assert Shed(tmp_path, FIVE).rows["r1"] == {**FIVE[0], "updated_at": "2026-04-01", "note": "a"}


def test_a_person_deletes_a_row_for_good(tmp_path):
    edit(DeletingShed(tmp_path, FIVE), "r2", "")
    again = DeletingShed(tmp_path, FIVE)
    assert ids(again.rows.changed_since("")) == ["r1", "r3", "r4", "r5"]
    assert edit(again, "r2", "").status == 404


def test_a_form_with_delete_deletes_a_row(tmp_path):
    edit(Shed(tmp_path, FIVE), "r2", "delete=yes")
    assert "r2" not in Shed(tmp_path, FIVE).rows


def test_a_call_can_have_a_signed_time_by_the_clock_of_the_source():
    calls = WebhookSender("X-Signature", timestamp="X-Time")
    shed = Shed(None, FIVE, calls=calls)
    shed.webhook_url = "http://hub.test/hook"
    calls.habits["held"] = True
    shed.clock.set(1_772_442_000, frozen=True)
    edit(shed, "r1", "note=a")
    shed.clock.advance(60)
    [call] = send_request(shed.wsgi, "GET", "/_sandbox/webhooks").json()["waiting"]
    signed = f"1772442000.{call['body']}".encode()
    assert call["headers"]["X-Time"] == "1772442000"
    expected = hmac.new(b"the secret", signed, "sha256").hexdigest()
    assert call["headers"]["X-Signature"] == expected


def test_a_change_is_sent_to_the_webhook_address_if_there_is_one():
    calls = WebhookSender("X-Signature")
    calls.habits["held"] = True
    shed = Shed(None, FIVE, calls=calls)
    edit(shed, "r1", "note=a")
    assert calls.events == []
    shed.webhook_url = "http://hub.test/hook"
    edit(shed, "r1", "note=b")
    [event] = send_request(shed.wsgi, "GET", "/_sandbox/webhooks").json()["events"]
    assert (event["to"], event["said"]["id"]) == ("http://hub.test/hook", "r1")


def test_a_cursor_leads_through_the_changes():
    rows = Rows()
    for row in FIVE:
        rows.put(row)
    first, cursor, has_more = rows.page_after("", 3)
    rest, end, has_rest = rows.page_after(cursor, 3)
    assert (ids(first), has_more, ids(rest), has_rest) == (
        ["r1", "r2", "r3"],
        True,
        ["r4", "r5"],
        False,
    )
    assert rows.page_after(end, 3) == ([], end, False)
    with pytest.raises(ValueError, match="no cursor"):
        rows.page_after(base64.b64encode(b"r3").decode(), 3)


def test_a_cursor_leads_through_the_rows_that_are_listed_since_a_moment():
    rows = Rows()
    for row in FIVE:
        rows.put(row)
    options = {"since": "2026-03-02T10:02:00Z", "is_listed": lambda row: row["id"] != "r4"}
    first, cursor, has_more = rows.page_after("", 2, **options)
    assert (ids(first), has_more) == (["r2", "r3"], True)
    rest, _, has_more = rows.page_after(cursor, 2, **options)
    assert (ids(rest), has_more) == (["r5"], False)


def test_the_field_that_holds_the_version_is_counted_up():
    class Revised(Shed):
        version = "revision"

    shed = Revised(None, [{**FIVE[0], "revision": 4}])
    edited = edit(shed, "r1", "note=a").json()
    assert (edited["revision"], edited["version"]) == (5, 1)


class NumberedShed(Shed):
    """A source whose rows have numbers as ids, and whose time of change has another name."""

    changed_at = "modified"


def test_rows_may_have_the_names_and_numbers_of_the_source(tmp_path):
    rows = [{"id": n, "modified": f"2026-03-02T10:00:0{n}Z"} for n in (7, 8)]
    shed = NumberedShed(tmp_path, rows)
    assert edit(shed, "7", "note=late").status == 200
    assert edit(shed, "8", "delete=yes").status == 200
    assert edit(shed, "9", "note=late").status == 404
    again = NumberedShed(tmp_path, rows)
    [row] = again.rows.changed_since("2026-03-02T10:01:00Z")
    assert (row["id"], row["note"]) == (7, "late")
    page, cursor, _ = again.rows.page_after("", 1)
    assert (ids(page), again.rows.page_after(cursor, 1)[0]) == ([7], [])


class ClosedShed(Shed):
    """A source that issues tokens, and signs its webhooks."""

    rate = "9/s"
    token_path, open_paths = "/oauth/token", ("/files",)
    signature = "X-Signature"
    access: ClassVar[dict[str, str]] = {**CLIENT, "webhook_secret": "W"}

    def answer(self, environ, method, path):
        return 200, {}

    def changed(self, row):
        self.send_event("rental.changed", row["id"])


def test_a_source_with_a_path_for_tokens_admits_only_calls_with_one():
    shed = ClosedShed(None, FIVE)
    assert [get(shed, path).status for path in ("/rentals", "/filesystem")] == [401, 401]
    assert get(shed, "/files/r1?signature=1").status == 200
    form = "grant_type=refresh_token&refresh_token=R&client_id=C&client_secret=S"
    issued = send_request(shed.wsgi, "POST", "/oauth/token", form, content_type=FORM).json()
    assert get(shed, "/rentals", token=issued["access_token"]).status == 200
    again = send_request(shed.wsgi, "POST", "/oauth/token", form, content_type=FORM)
    assert again.json() == {"error": "invalid_grant"}


def test_a_source_with_a_signature_signs_its_calls_with_its_secret():
    shed = ClosedShed(None, FIVE)
    shed.webhook_url = "http://hub.test/hook"
    shed.calls.habits["held"] = True
    edit(shed, "r1", "note=a")
    [call] = send_request(shed.wsgi, "GET", "/_sandbox/webhooks").json()["waiting"]
    expected = hmac.new(b"W", call["body"].encode(), "sha256").hexdigest()
    assert call["headers"]["X-Signature"] == expected


def test_numbered_pages_divide_a_list():
    assert numbered_page("abcde", "2", 2) == (["c", "d"], 3)
    assert numbered_page("", "1", 2) == ([], 1)


def ask_for_token(tokens, form, secret="S"):
    basic = base64.b64encode(f"C:{secret}".encode()).decode()
    return ask_unnamed(tokens, form, authorization=f"Basic {basic}")


def ask_unnamed(tokens, form, **headers):
    answers = []

    def app(environ, start):
        answers.append(tokens.answer(environ))
        start("200 OK", [])
        return []

    send_request(app, "POST", "/token", form, content_type=FORM, **headers)
    return answers[0]


def test_a_client_gets_tokens_by_its_credentials_and_by_its_refresh_token():
    tokens = Tokens.of_client(Clock(), **CLIENT, rotate=True)
    status, body = ask_for_token(tokens, "grant_type=client_credentials")
    assert (status, list(body)) == (200, ["access_token"])
    refresh = "grant_type=refresh_token&refresh_token=R"
    status, body = ask_for_token(tokens, refresh)
    assert (status, sorted(body)) == (200, ["access_token", "refresh_token"])
    assert ask_for_token(tokens, refresh) == (400, {"error": "invalid_grant"})
    assert ask_for_token(tokens, "grant_type=magic") == (400, {"error": "unsupported_grant_type"})
    assert ask_for_token(tokens, refresh, secret="X") == (401, {"error": "invalid_client"})


def test_a_client_gets_tokens_by_an_authorization_code_once():
    client = {**CLIENT, "refresh_token": ""}
    tokens = Tokens.of_client(Clock(), **client, rotate=True, authorization_code="A")
    code = "grant_type=authorization_code&code=A&redirect_uri=https%3A%2F%2Flocalhost%2F"
    assert ask_for_token(tokens, code, secret="X") == (401, {"error": "invalid_client"})
    status, body = ask_for_token(tokens, code)
    assert (status, sorted(body)) == (200, ["access_token", "refresh_token"])
    assert ask_for_token(tokens, code) == (400, {"error": "invalid_grant"})
    refresh = f"grant_type=refresh_token&refresh_token={body['refresh_token']}"
    assert ask_for_token(tokens, refresh)[0] == 200
    assert ask_for_token(tokens, refresh) == (400, {"error": "invalid_grant"})


def test_a_client_may_name_itself_in_the_form():
    tokens = Tokens.of_client(Clock(), **CLIENT)
    form = "grant_type=client_credentials&client_id=C&client_secret="
    status, body = ask_unnamed(tokens, f"{form}S")
    assert (status, list(body)) == (200, ["access_token"])
    assert ask_unnamed(tokens, f"{form}X") == (401, {"error": "invalid_client"})


class Yard(RowSource):
    name = "yard"
    rate = "100/10s"
    lists: ClassVar[dict[str, str]] = {"/v1/rentals": "rental", "/v1/returns": "return", "/all": ""}

    def answer(self, environ, method, path):
        if path == ["yard"]:
            return 200, {"name": "Yard"}
        return super().answer(environ, method, path)

    def page(self, environ, rows):
        return {"items": rows}


@pytest.fixture
def yard():
    kinds = ("rental", "return", "rental")
    return Yard(None, [{"id": n, "type": kind} for n, kind in enumerate(kinds, 1)])


def list_ids(yard, target):
    return ids(send_request(yard.wsgi, "GET", target).json()["items"])


def test_lists_that_are_named_are_served_with_the_rows_of_their_type(yard):
    assert list_ids(yard, "/v1/rentals") == [1, 3]
    assert list_ids(yard, "/v1/returns") == [2]
    assert list_ids(yard, "/all") == [1, 2, 3]
    assert send_request(yard.wsgi, "GET", "/yard").json() == {"name": "Yard"}


def test_rows_without_a_time_changed_one_after_the_other(yard):
    moments = [row["updated_at"] for row in yard.rows.values()]
    assert moments == ["2026-01-05T08:00:00Z", "2026-01-05T08:10:00Z", "2026-01-05T08:20:00Z"]
    assert list_ids(yard, f"/v1/rentals?updated_since={moments[1]}") == [3]


def test_a_row_is_below_the_list_of_its_type(yard):
    row = send_request(yard.wsgi, "GET", "/v1/rentals/3")
    assert (row.status, row.json()["type"]) == (200, "rental")
    missing = ["/v1/rentals/2", "/v1/rentals/9", "/v1/rentals/3/notes", "/v1", "/v1/others"]
    assert {send_request(yard.wsgi, "GET", target).status for target in missing} == {404}


def test_a_body_sent_below_a_row_is_stored_with_the_row(yard):
    sent = b'{"state": "posted"}'
    assert send_request(yard.wsgi, "PUT", "/v1/returns/2/books", sent).status == 200
    assert yard.rows[2]["books"] == {"state": "posted"}
    assert send_request(yard.wsgi, "PUT", "/v1/rentals/2/books", sent).status == 404
    assert send_request(yard.wsgi, "PUT", "/v1/returns/2/books/1", sent).status == 404
    assert send_request(yard.wsgi, "DELETE", "/v1/returns/2/books").status == 404


class Archive(RowSource):
    """A source with files, whose lists name the next page in a header."""

    name, rate = "archive", "100/s"
    lists: ClassVar[dict[str, str]] = {"/papers": ""}
    deletions = "/removed"

    def answer(self, environ, method, path):
        match path:
            case ["papers", _, "file"]:
                return 200, ("application/pdf", b"%PDF-1.7\xff")
            case ["papers", _, "text"]:
                return 200, ("text/plain", "A paper.")
            case ["papers", _, "bare"]:
                return 200, b"%PDF-1.7"
            case ["papers", _, "nested"]:
                return 200, {"content": b"%PDF-1.7"}
            case ["papers", _, "state"]:
                return 409, {"state": "locked"}, {"X-Reason": "locked"}
            case ["cover"]:
                return 200, ("image/png", b"\x89PNG"), {"ETag": '"7"'}
        return super().answer(environ, method, path)

    def page(self, environ, rows):
        items, link = linked_page(environ, rows, 2)
        return items, {"Link": f'<{link}>; rel="next"'} if link else {}


@pytest.fixture
def archive():
    return Archive(None, [{"id": f"p{n}"} for n in range(1, 4)])


def test_a_file_is_answered_with_its_type(archive):
    answer = send_request(archive.wsgi, "GET", "/papers/p1/file")
    assert (answer.status, answer.body) == (200, b"%PDF-1.7\xff")
    assert answer.headers["content-type"] == "application/pdf"
    assert "date" in answer.headers
    assert send_request(archive.wsgi, "GET", "/papers/p1/text").text == "A paper."


@pytest.mark.parametrize("name", ["bare", "nested"])
def test_bytes_that_are_no_file_are_refused(archive, name):
    with pytest.raises(TypeError, match="Answer a file as a pair of its type and"):
        send_request(archive.wsgi, "GET", f"/papers/p1/{name}")


def test_an_answer_may_have_headers(archive):
    answer = send_request(archive.wsgi, "GET", "/papers/p1/state")
    assert (answer.status, answer.json()) == (409, {"state": "locked"})
    assert answer.headers["x-reason"] == "locked"
    cover = send_request(archive.wsgi, "GET", "/cover")
    assert (cover.body, cover.headers["etag"]) == (b"\x89PNG", '"7"')


def test_a_page_may_name_the_next_one_in_a_header(archive):
    first = send_request(archive.wsgi, "GET", "/papers", host="archive.test")
    assert ids(first.json()) == ["p1", "p2"]
    assert first.headers["link"] == '<http://archive.test/papers?page=2>; rel="next"'
    last = send_request(archive.wsgi, "GET", "/papers?page=2", host="archive.test")
    assert (ids(last.json()), "link" in last.headers) == (["p3"], False)
    for id in ("p1", "p2", "p3"):
        send_request(archive.wsgi, "POST", f"/papers/{id}/edit", "delete=yes", content_type=FORM)
    removed = send_request(archive.wsgi, "GET", "/removed", host="archive.test")
    assert removed.headers["link"] == '<http://archive.test/removed?page=2>; rel="next"'


class Dock(RowSource):
    """A source with rows in an envelope, related rows on request, and times in seconds."""

    name, rate = "dock", "100/s"
    lists: ClassVar[dict[str, str]] = {"/v1/jobs": "job"}
    envelope, times, since = "data", "unix", "changed_since"
    related, hidden = ("client",), ("type",)
    writable, deleted_flag = ("reference",), "is_deleted"


@pytest.fixture
def dock():
    rows = [
        {"id": "j1", "type": "job", "client": {"id": "c1"}, "reference": "", "version": 1},
        {"id": "j2", "type": "job", "client": {"id": "c1"}, "updated_at": 1_772_452_800},
    ]
    stand_in = Dock(None, rows)
    stand_in.clock.set(1_800_000_000, frozen=True)
    return stand_in


def test_rows_are_shown_in_an_envelope_with_the_time_in_seconds(dock):
    second = {"id": "j2", "updated_at": 1_772_452_800}
    assert send_request(dock.wsgi, "GET", "/v1/jobs/j2").json() == {"data": second}
    assert ids(send_request(dock.wsgi, "GET", "/v1/jobs").json()["data"]) == ["j1", "j2"]
    since = "/v1/jobs?changed_since=1772452800"
    assert send_request(dock.wsgi, "GET", since).json() == {"data": [second]}
    assert send_request(dock.wsgi, "GET", "/v1/jobs?changed_since=1772452801").json() == {
        "data": []
    }
    assert send_request(dock.wsgi, "GET", "/v1/jobs?changed_since=monday").status == 422


def test_times_may_be_milliseconds():
    class Quay(Dock):
        times = "unix_ms"

    rows = [{"id": "j1", "type": "job", "updated_at": 1_772_452_800_000}]
    quay = Quay(None, rows)
    shown = {"id": "j1", "updated_at": 1_772_452_800_000}
    for since, expected in (("1772452800123", [shown]), ("1772452801000", [])):
        answer = send_request(quay.wsgi, "GET", f"/v1/jobs?changed_since={since}")
        assert answer.json() == {"data": expected}


def test_related_rows_are_shown_if_a_call_asks_for_them(dock):
    for path, first in (("/v1/jobs/j1", dict), ("/v1/jobs", lambda rows: rows[0])):
        with_client = send_request(dock.wsgi, "GET", f"{path}?include=site,client").json()["data"]
        assert first(with_client)["client"] == {"id": "c1"}
        assert "client" not in first(send_request(dock.wsgi, "GET", path).json()["data"])


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_fields_that_may_be_written_are_written(dock, method):
    answer = send_request(dock.wsgi, method, "/v1/jobs/j1", b'{"reference": "N-1"}')
    row = answer.json()["data"]
    assert (answer.status, row["reference"], row["version"]) == (200, "N-1", 2)
    assert row["updated_at"] == 1_800_000_000
    assert ids(send_request(dock.wsgi, "GET", "/v1/jobs").json()["data"]) == ["j2", "j1"]


def test_other_fields_and_other_methods_are_refused(dock, yard):
    refused = send_request(
        dock.wsgi, "PUT", "/v1/jobs/j1", b'{"reference": "N-1", "referense": "N-2"}'
    )
    assert (refused.status, "referense" in refused.json()["message"]) == (422, True)
    assert send_request(dock.wsgi, "PUT", "/v1/jobs/j1", b"[]").status == 422
    assert dock.rows["j1"]["reference"] == ""
    assert send_request(dock.wsgi, "DELETE", "/v1/jobs/j1").status == 404
    assert send_request(yard.wsgi, "PUT", "/v1/returns/2", b'{"note": "a"}').status == 404


@pytest.mark.parametrize("flag", ["is_deleted", "deleted"])
def test_a_row_with_a_flag_for_deletions_stays_in_its_list(tmp_path, flag):
    class Flagged(Dock):
        deleted_flag = flag

    rows = [{"id": "j1", "type": "job", flag: False}]
    edit(Flagged(tmp_path, rows), "j1", "delete=yes")
    again = Flagged(tmp_path, rows)
    assert send_request(again.wsgi, "GET", "/v1/jobs").json()["data"][0][flag] is True
    edit(again, "j1", "deleted=&note=a")
    assert again.rows["j1"]["note"] == "a"


def test_a_webhook_names_the_row_whose_flag_was_set():
    class Calling(Dock):
        signature = "X-Signature"
        access: ClassVar[dict[str, str]] = {"webhook_secret": "W"}

        def changed(self, row):
            assert row["is_deleted"]
            self.send_event("job.deleted", row["id"])

    dock = Calling(None, [{"id": "j1", "type": "job"}])
    dock.webhook_url = "http://hub.test/hook"
    dock.calls.habits["held"] = True
    edit(dock, "j1", "delete=yes")
    [event] = send_request(dock.wsgi, "GET", "/_sandbox/webhooks").json()["events"]
    assert event["said"]["id"] == "j1"


def test_a_browser_is_shown_the_rows_and_a_program_the_answer_of_the_api():
    shed = Shed(None, [*FIVE, {"id": "<r6>"}])
    page = send_request(shed.wsgi, "GET", "/", accept="text/html,*/*;q=0.8", host="shed.test")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    text = page.body.decode()
    assert "curl -d field=value http://shed.test/ID/edit" in text
    assert ("r5" in text, "&lt;r6&gt;" in text, "<r6>" in text) == (True, True, False)
    assert send_request(shed.wsgi, "GET", "/", accept="application/json").status == 401
    assert send_request(shed.wsgi, "GET", "/rentals", accept="text/html").status == 401
