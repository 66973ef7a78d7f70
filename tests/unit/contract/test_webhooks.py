"""Signed webhook calls: verified before they are parsed, refused in a sentence."""

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
