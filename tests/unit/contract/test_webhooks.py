"""Signed webhook calls: verified before they are parsed, refused in a sentence."""

import base64
import datetime as dt
import hashlib
import hmac

import pytest

from hub import Refused, signed_json

BODY = b'{"topic": "bill.changed", "id": "7"}'
SECRET = "shared"


def signature(body=BODY, secret=SECRET):
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def verify(headers, body=BODY, secret=SECRET, **more):
    return signed_json(
        headers, body, secret, header="X-Shed-Signature", signed_with="the key of Shed", **more
    )


@pytest.mark.parametrize("name", ["X-Shed-Signature", "x-shed-signature"])
def test_a_signed_body_is_returned_as_json(name):
    assert verify({name: signature()}) == {"topic": "bill.changed", "id": "7"}


@pytest.mark.parametrize("text", [f"sha256={signature()}", signature(), signature().upper()])
def test_a_prefix_and_capitals_are_accepted(text):
    assert verify({"X-Shed-Signature": text}, prefix="sha256=")["id"] == "7"


def test_a_signature_may_be_written_in_base64():
    text = base64.b64encode(bytes.fromhex(signature())).decode()
    assert text != text.lower()
    headers = {"X-Shed-Signature": f"v1={text}"}
    assert verify(headers, prefix="v1=", encoding="base64")["id"] == "7"
    for other in (text.lower(), signature(), text[:-1], ""):
        with pytest.raises(Refused, match="This call is not signed with the key of Shed"):
            verify({"X-Shed-Signature": other}, encoding="base64")
    with pytest.raises(Refused, match="This call is not signed with the key of Shed"):
        verify({"X-Shed-Signature": text})


@pytest.mark.parametrize(
    ("headers", "secret"),
    [
        ({}, SECRET),
        ({"X-Other": signature()}, SECRET),
        ({"X-Shed-Signature": signature(secret="guess")}, SECRET),
        ({"X-Shed-Signature": signature(BODY + b" ")}, SECRET),
        ({"X-Shed-Signature": f"sha1={signature()}"}, SECRET),
        ({"X-Shed-Signature": "ø"}, SECRET),
        ({"X-Shed-Signature": signature(secret="")}, ""),
        ({"X-Shed-Signature": signature(secret="")}, None),
    ],
)
def test_any_other_call_is_refused(headers, secret):
    with pytest.raises(Refused, match="This call is not signed with the key of Shed"):
        verify(headers, secret=secret)


def test_a_signed_body_that_is_not_json_is_refused():
    with pytest.raises(Refused, match="its body is not JSON"):
        verify({"X-Shed-Signature": signature(b"no")}, body=b"no")


@pytest.mark.parametrize("body", [b"[]", b'["7"]', b'"seven"', b"7", b"null", b"true"])
def test_a_signed_body_that_is_no_object_is_refused(body):
    headers = {"X-Shed-Signature": signature(body)}
    with pytest.raises(Refused, match="its body is not a JSON object"):
        verify(headers, body=body)


def test_a_list_is_returned_to_a_plugin_that_reads_lists():
    headers = {"X-Shed-Signature": signature(b'[{"id": "7"}]')}
    assert verify(headers, body=b'[{"id": "7"}]', may_be_list=True) == [{"id": "7"}]
    with pytest.raises(Refused, match="its body is not a JSON object"):
        verify({"X-Shed-Signature": signature(b"7")}, body=b"7", may_be_list=True)


NOW = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
SENT = {"timestamp": "X-Shed-Time", "now": NOW}


def headers_of(seconds_before, signed_before=None):
    """Return the headers of a call; its signature may be that of another time."""
    moment = int(NOW.timestamp()) - seconds_before
    signed_moment = moment if signed_before is None else int(NOW.timestamp()) - signed_before
    signed = f"{signed_moment}.".encode() + BODY
    return {"X-Shed-Time": str(moment), "X-Shed-Signature": signature(signed)}


@pytest.mark.parametrize("seconds", [0, 300, -300])
def test_a_call_with_a_signed_time_is_accepted_for_five_minutes(seconds):
    assert verify(headers_of(seconds), **SENT)["id"] == "7"


@pytest.mark.parametrize("seconds", [301, -301, 86_400])
def test_a_call_of_another_time_is_refused(seconds):
    with pytest.raises(Refused, match="was not sent within the last five minutes"):
        verify(headers_of(seconds), **SENT)


@pytest.mark.parametrize(
    "headers",
    [headers_of(0, signed_before=400), {"X-Shed-Signature": signature()}],
)
def test_a_time_that_is_not_signed_is_refused(headers):
    with pytest.raises(Refused, match="This call is not signed"):
        verify(headers, **SENT)


def test_a_text_in_place_of_the_time_is_refused():
    headers = {"X-Shed-Time": "noon", "X-Shed-Signature": signature(b"noon." + BODY)}
    with pytest.raises(Refused, match="was not sent within"):
        verify(headers, **SENT)


def test_a_time_is_compared_with_that_of_the_site_only():
    with pytest.raises(ValueError, match=r"needs now=site\.now"):
        verify(headers_of(0), timestamp="X-Shed-Time")


IN_ONE_HEADER = {"timestamp": "t=", "prefix": "v1=", "now": NOW}


@pytest.mark.parametrize(
    "form",
    ["t={time},v1={right}", "t={time}, v1={wrong}, v1={right}", "v0=7;v1={right};t={time}"],
)
def test_a_signature_and_its_time_may_be_in_one_header(form):
    time = int(NOW.timestamp())
    right = signature(f"{time}.".encode() + BODY)
    headers = {"X-Shed-Signature": form.format(time=time, right=right, wrong=signature(b""))}
    assert verify(headers, **IN_ONE_HEADER)["id"] == "7"


@pytest.mark.parametrize(
    ("form", "age", "reason"),
    [
        ("t={time},v1={right}", 301, "was not sent within the last five minutes"),
        ("t=1{time},v1={right}", 0, "is not signed"),
        ("v1={right}", 0, "is not signed"),
        ("t={time},v0={right}", 0, "is not signed"),
        ("t={time}", 0, "is not signed"),
        ("", 0, "is not signed"),
    ],
)
def test_a_header_without_the_signature_of_its_time_is_refused(form, age, reason):
    time = int(NOW.timestamp()) - age
    right = signature(f"{time}.".encode() + BODY)
    headers = {"X-Shed-Signature": form.format(time=time, right=right)}
    with pytest.raises(Refused, match=reason):
        verify(headers, **IN_ONE_HEADER)
