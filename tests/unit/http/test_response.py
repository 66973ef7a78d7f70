"""Responses of a source: read exactly, or an error that says what to do."""

import datetime as dt
from email.utils import format_datetime

import pytest

from hub.errors import NeedsAttention, Refused, Retry
from hub.http.exchange import HttpResponse
from hub.http.response import HttpReply, MaskedCall, parse_limit_wait, parse_wait


def reply(status, body=b"", path="/v1/invoices", **headers):
    call = MaskedCall("CostTracker", "GET", f"https://api.example.com{path}")
    return HttpReply(
        call,
        HttpResponse(
            status, {name.replace("_", "-"): text for name, text in headers.items()}, body
        ),
    )


def test_an_answer_below_400_is_itself():
    assert reply(204).check().status == 204


@pytest.mark.parametrize(
    "body", [b"<html>down for tea</html>", b"", b'{"a": Nothing}', b"\xff\xfe", b"[" * 100_000]
)
def test_an_answer_that_is_not_json_is_tried_again_with_a_sentence(body):
    with pytest.raises(Retry) as caught:
        reply(200, body, Content_Type="text/html; charset=utf-8").json()
    text = (
        "api.example.com (GET /v1/invoices) answered with something that is not JSON (text/html, "
    )
    assert caught.value.text.startswith(text)


@pytest.mark.parametrize(
    ("status", "error", "sentence"),
    [
        (
            401,
            NeedsAttention,
            "api.example.com did not accept the sign-in of CostTracker. Check its keys",
        ),
        (403, NeedsAttention, "(GET /v1/invoices) is not allowed to the account of CostTracker."),
        (
            404,
            Refused,
            "does not exist there (status 404). Check whether it was deleted there, and the",
        ),
        (410, Refused, "does not exist there (status 410)."),
        (422, Refused, "was refused with status 422."),
    ],
)
def test_a_status_becomes_the_error_that_says_what_to_do(status, error, sentence):
    with pytest.raises(error) as caught:
        reply(status).check()
    assert sentence in caught.value.text


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"message": "Division 7 is closed"}', ": \u201cDivision 7 is closed\u201d"),
        (b'{"error": {"message": "no such page"}}', ": \u201cno such page\u201d"),
        (b'{"errors": ["date: required"]}', "date: required"),
        (b"plain words", ": \u201cplain words\u201d"),
        (b"x" * 5000, "x" * 200 + "\u2026"),
        (b"", "status 400."),
    ],
)
def test_the_message_of_the_source_is_passed_on_shortened(body, message):
    with pytest.raises(Refused) as caught:
        reply(400, body).check()
    assert message in caught.value.text
    assert len(caught.value.text) < 400


def test_a_page_of_html_is_not_passed_on():
    with pytest.raises(Refused) as caught:
        reply(400, b"<html><script>", Content_Type="text/html").check()
    assert "<" not in caught.value.text


def test_retry_after_is_read_as_seconds_or_as_a_date(clock):
    then = format_datetime(clock.now() + dt.timedelta(seconds=90), usegmt=True)
    past = format_datetime(clock.now() - dt.timedelta(seconds=90), usegmt=True)
    table = {
        "12": 12,
        "1.5": 1.5,
        "0": 0,
        then: 90,
        past: 0,
        "soon": None,
        "-5": None,
        "": None,
        "9" * 12: 86400,
    }
    assert {text: parse_wait({"Retry-After": text}, clock.now()) for text in table} == table
    assert parse_wait({}, clock.now()) is None


START = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)


@pytest.mark.parametrize("name", ["RateLimit-Reset", "X-RateLimit-Reset", "X-Rate-Limit-Reset"])
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30),
        ("0", 0),
        (str(int(START.timestamp()) + 45), 45),
        (str((int(START.timestamp()) + 45) * 1000), 45),
        (str(int(START.timestamp()) - 45), 0),
        (str(int(START.timestamp()) + 90_000), 86400),
        ("soon", None),
        ("-5", None),
    ],
)
def test_a_limit_may_say_when_it_ends_in_place_of_the_time_to_wait(name, text, seconds):
    assert parse_limit_wait({name: text}, START) == seconds
    assert parse_wait({name: text}, START) is None
    assert parse_limit_wait({name: text, "Retry-After": "7"}, START) == 7


def test_a_key_that_is_in_the_path_is_masked():
    with pytest.raises(Refused, match=r"\(GET /hooks/…/invoices\)"):
        reply(404, path="/hooks/Zx81kq0PzR7mWv2tYb4nLc6d9/invoices").check()


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"code": "not_found"}', True),
        (b"", True),
        (b"<html><h1>404 Not Found</h1></html>", False),
        (b"404 page not found\n", False),
        (b'"no"', False),
    ],
)
def test_only_an_api_says_that_something_is_not_there(status, body, says):
    answer = reply(status, body, Content_Type="text/html")
    assert answer.not_found is says
    with pytest.raises(Refused) as caught:
        answer.check()
    assert ("is not that of an API. Check the address" in caught.value.text) is not says


@pytest.mark.parametrize("status", [200, 400, 403, 422])
def test_another_status_is_not_read_as_not_found(status):
    assert not reply(status, b'{"code": "not_found"}').not_found
