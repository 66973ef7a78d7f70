"""Masking of secrets in texts: every form in which a server may repeat one."""

import base64
import html
import json
import secrets
from urllib.parse import quote, quote_plus

import pytest

from hub.crypto import masking
from hub.crypto.masking import SecretMask, find_token

SECRET = "Zq7-canary+Kf3/9x&<b>\"2 ø'Xw="
TOKEN = "eyJlbmMiOiJBMTI4.Q0JDLUhTMjU2.aGk5Xz-" + "9fKd3" * 20
FORMS = {
    "plain": lambda text: text,
    "upper case": str.upper,
    "lower case": str.lower,
    "address": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "address, lower case": lambda text: quote(text, safe="").lower(),
    "twice for an address": lambda text: quote(quote(text, safe=""), safe=""),
    "each byte for an address": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "json": json.dumps,
    "json in json": lambda text: json.dumps(json.dumps(text)),
    "json with slashes": lambda text: json.dumps(text).replace("/", "\\/"),
    "each character for json": lambda text: "".join(f"\\u{ord(sign):04x}" for sign in text),
    "repr": repr,
    "repr of bytes": lambda text: repr(text.encode()),
    "html": html.escape,
    "html of json": lambda text: html.escape(json.dumps(text)),
    "each character for html": lambda text: "".join(f"&#{ord(sign)};" for sign in text),
    "each as hex for html": lambda text: "".join(f"&#x{ord(sign):X};" for sign in text),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 without padding": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 in an address": lambda text: quote(base64.b64encode(text.encode()).decode(), safe=""),
    "base64 of user and password": lambda text: base64.b64encode(f"u:{text}".encode()).decode(),
    "base64 of a form": lambda text: base64.b64encode(f"ab={text}&c=d".encode()).decode(),
    "base64 of json": lambda text: base64.b64encode(f"abc{text}ef".encode()).decode(),
}
CUTS = {
    "beginning": lambda text: text[:12] + "…",
    "end": lambda text: "…" + text[-12:],
    "middle": lambda text: text[5:28],
    "wrapped": lambda text: "\n".join(text[at : at + 20] for at in range(0, len(text), 20)),
}


def parts_left(text, form):
    """Return the parts of a form, of nine characters, that a text still contains."""
    folded, text = form.lower(), text.lower()
    parts = {folded[at : at + 9] for at in range(len(folded) - 8)}
    return sorted(part for part in parts if part in text)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("secret", [SECRET, TOKEN], ids=["password", "token"])
def test_no_part_of_a_secret_stays_in_any_form(secret, form):
    repeated = FORMS[form](secret)
    cleaned = SecretMask([secret]).clean(f"The key {repeated} is not accepted (code 17).")
    assert "***" in cleaned
    assert cleaned.startswith("The key ")
    assert cleaned.endswith(" is not accepted (code 17).")
    # At its edges, base64 of a longer text has characters that hold bits of the neighbors as well.
    longest = max(
        cleaned.removeprefix("The key ").removesuffix(" is not accepted (code 17).").split("***"),
        key=len,
    )
    assert len(longest) <= 8, cleaned
    assert parts_left(cleaned, repeated) == []


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("form", ["plain", "hex", "base64", "json", "address"])
def test_no_part_of_a_token_that_was_cut_stays(form, cut):
    repeated = CUTS[cut](FORMS[form](TOKEN))
    cleaned = SecretMask([TOKEN]).clean(f"Token {repeated} has expired")
    assert "***" in cleaned
    assert parts_left(cleaned, FORMS[form](TOKEN)) == []


def test_ordinary_words_stay_although_a_secret_contains_them():
    mask = SecretMask(["costtracker-sandbox-secret", "invoice-department-key"])
    text = "CostTracker does not know the department of invoice 4711; ask the sandbox."
    assert mask.clean(text) == text
    assert mask.clean("It got costtracker-sandbox-secret.") == "It got ***."
    assert mask.clean("It got CostTracker-Sandbox…") == "It got ***…"


def test_a_secret_shorter_than_four_characters_is_no_secret():
    assert SecretMask(["abc"]).clean("The abc of it") == "The abc of it"
    assert SecretMask(["abcd"]).clean("The abcd of it") == "The *** of it"


@pytest.mark.parametrize(
    "message",
    [
        "The latest test message was tested",
        "Wrong password or user name",
        "Test: the password is missing",
        '{"password": ["Missing data"], "test": 1}',
        "password=missing&user=anna",
    ],
)
def test_a_secret_that_is_a_common_word_leaves_messages_readable(message):
    assert SecretMask(["test", "Password", "user"]).clean(message) == message


@pytest.mark.parametrize(
    "form", [form for form in FORMS if form not in ("html", "plain", "form", "hex", "HEX")]
)
@pytest.mark.parametrize("word", ["password", "Sandbox"])
def test_a_secret_that_is_a_common_word_is_masked_where_it_is_a_value(word, form):
    mask = SecretMask([word])
    for value in (f"key={word}", f"://hub:{word}@example.com", f'{{"key": "{word}"}}'):
        cleaned = mask.clean(FORMS[form](f"a {value} b"))
        assert cleaned != FORMS[form](f"a {value} b"), value


@pytest.mark.parametrize(
    ("message", "masked"),
    [
        ("https://hub:test@example.com/?key=test", "https://hub:***@example.com/?key=***"),
        ('{"key": "test", "name": "a test"}', '{"key": "***", "name": "a test"}'),
        ('{\\"key\\": \\"test\\"}', '{\\"key\\": \\"***\\"}'),
        ("X-Api-Key: Test", "X-Api-Key: ***"),
        ("Authorization: Bearer test", "Authorization: Bearer ***"),
        ("key%3Dtest%26a%3D1", "key%3D***%26a%3D1"),
        ("('hub', 'test')", "('hub', '***')"),
        ("<key>test</key>", "<key>***</key>"),
        ("it got 74657374", "it got ***"),
    ],
)
def test_the_value_of_a_common_word_is_masked(message, masked):
    assert SecretMask(["test"]).clean(message) == masked


def test_only_single_common_words_stay_in_messages():
    mask = SecretMask(["hunter", "test1", "testtest", "mytest"])
    assert mask.clean("hunter test1 testtest mytest test") == "*** *** *** *** test"


def test_a_value_with_the_name_of_a_secret_is_masked_without_being_registered():
    clean = SecretMask().clean
    assert clean('{"access_token": "k3Jd-92hXs-Zz81"}') == '{"access_token": "***"}'
    assert clean("Authorization: Bearer k3Jd92hXsZz81") == "Authorization: Bearer ***"
    assert clean("got Basic dXNlcjpwYXNzd29yZA==") == "got Basic ***"
    assert clean("client_secret: missing data for required field") == (
        "client_secret: missing data for required field"
    )


def test_only_the_secrets_used_last_are_remembered(monkeypatch):
    monkeypatch.setattr(masking, "MAX_SECRETS", 3)
    mask = SecretMask(["first-1111", "second-2222", "third-3333"])
    mask.add(["first-1111"])
    mask.add(["fourth-4444"])
    assert mask.clean("first-1111 second-2222 third-3333 fourth-4444") == "*** second-2222 *** ***"


def test_a_very_long_text_is_cut_off():
    text = "x " * masking.MAX_TEXT_LENGTH
    assert len(SecretMask(["secret-1"]).clean(text)) == masking.MAX_TEXT_LENGTH + 1


def test_many_tokens_cost_little():
    mask = SecretMask(secrets.token_urlsafe(800) for _ in range(20))
    token = secrets.token_urlsafe(800)
    mask.add([token])
    assert mask.clean(f"a {token} b") == "a *** b"


SECRET_ADDRESSES = [
    "https://hooks.example.com/services/T0001/Zq7SUPERcanary93kf",
    "https://user:Zq7SUPER@example.com/",
    "https://example.com/?key=Zq7SUPER",
    "https://example.com/#Zq7SUPERkey",
]


@pytest.mark.parametrize(
    ("value", "token"),
    [
        ("yes", ""),
        ("471100", ""),
        ("123456789012", ""),
        ("The account Materials is missing", ""),
        ("0123456789abcdef k3Jd92hXsZz81", "k3Jd92hXsZz81"),
        ("k3Jd92hXsZz81", "k3Jd92hXsZz81"),
        ("0123456789abcdef https://webservices5.autotask.net/ATServicesRest/", ""),
        ("http://127.0.0.1:8080", ""),
        *((value, value) for value in SECRET_ADDRESSES),
    ],
)
def test_a_value_that_a_plugin_stores_is_a_token_or_a_plain_fact(value, token):
    assert find_token(value) == token
