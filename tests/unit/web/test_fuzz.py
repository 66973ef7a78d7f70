"""Random hostile requests to all routes, with a fixed seed: none causes an error of the hub."""

import io
import re
from collections import Counter
from pathlib import Path
from random import Random
from urllib.parse import quote_from_bytes

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

import hub
from tests.support.runs.tiers import by_form

SEED = 20261122
BOTH = ["sqlite", "postgres"]
DATABASES = by_form(["postgres"], BOTH, BOTH)  # PostgreSQL refuses more than SQLite
REQUESTS = by_form(200, 200, 10_000)
PART = re.compile("<[^>]+>")
FIELD = re.compile(r"""(?:form|args|values|files)(?:\.get(?:list)?\(|\[)["']([\w-]+)["']""")
FORM = "application/x-www-form-urlencoded"
BOUNDARY = "edge"

# Each is a part of an address, an argument, a field, a header or a cookie.
HOSTILE = [
    b"\xed\xa0\x80",  # half of a pair of surrogates
    b"\xff\xfe\x00a",
    b"\xc3",
    b"\xf4\x90\x80\x80",  # beyond the last character
    b"9" * 400,
    b"-1",
    b"-9223372036854775809",
    b"1e999999",
    b"-1E+999999999999",
    b"1e-999999",
    b"NaN",
    b"sNaN",
    b"-Infinity",
    b"0x10",
    b"1_000",
    "²".encode(),
    "٣".encode(),
    b"2026-02-30",
    b"0000-00-00",
    b"0001-01-01",
    b"9999-12-31",
    b"10000-01-01",
    b"2026-02-28T25:61:61+99:99",
    b"\r\nX-Injected: 1",
    b"\x00",
    b"\x1b[31m\x7f\x85",
    b"../../etc/passwd",
    b"..%2f..%2f",
    b"//evil.example.com",
    b"http://[",
    b"%",
    b"%zz%ED%A0%80",
    b"' OR 1=1 --",
    b"{{ 7 * 7 }}",
    b"<script>alert(1)</script>",
    b"[" * 5000,
    b'{"a":' * 2000,
    b'{"a": 1, "a": 2}',
    b"[9223372036854775808, 1e400, null]",
    rb'["\ud800", 1]',
    rb'["2026-03-01T00:00:00+00:00", 1]',
    rb'["\u0000", 1]',
    "\u202e\u2066é\U0001f4a9".encode(),
    b"x" * 20_000,
    b"",
]
CONTENT_TYPES = [
    FORM,
    f"{FORM}; charset=utf-16",
    f"{FORM}; charset=nonsense",
    "application/json",
    "application/json; charset=utf-7",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    f"multipart/form-data; boundary={'b' * 500}",
    f"multipart/form-data; boundary={BOUNDARY}",
    "multipart/mixed; boundary=x",
    "text/plain",
    "\xff/\xfe;;;=",
    "",
]
HEADERS = [
    "ACCEPT",
    "ACCEPT_LANGUAGE",
    "AUTHORIZATION",
    "CONTENT_ENCODING",
    "HOST",
    "HX_REQUEST",
    "HX_TARGET",
    "IF_MODIFIED_SINCE",
    "IF_NONE_MATCH",
    "ORIGIN",
    "RANGE",
    "REFERER",
    "USER_AGENT",
    "X_FORWARDED_FOR",
    "X_CSRFTOKEN",
]


def field_names():
    """Return the names of arguments and fields that the pages read."""
    folder = Path(hub.__file__).parent / "web"
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.py"))]
    return sorted({name for text in texts for name in FIELD.findall(text)} - {"csrf_token"})


class Fuzzer:
    """Makes and sends hostile requests for one person."""

    def __init__(self, owner, seed):
        self.app, self.owner = owner.app, owner
        self.random = Random(seed)
        self.names = field_names()
        self.take_session()
        rules = [rule for rule in self.app.url_map.iter_rules() if "logout" not in rule.rule]
        self.rules = sorted(rules, key=lambda rule: (rule.rule, sorted(rule.methods)))

    def take_session(self):
        """Send the cookies and the token of the owner from now on."""
        jar = self.owner.client._cookies
        self.cookies = "; ".join(f"{key[2]}={cookie.value}" for key, cookie in jar.items())
        self.token = self.owner._token

    def stay_logged_in(self):
        """Log in again if one of the requests has ended the session."""
        if self.owner.get("/").status_code != 200:
            self.owner.log_in("olga")
            assert self.owner.get("/").status_code == 200
            self.take_session()

    def text(self):
        return self.random.choice(HOSTILE)

    def pairs(self, count):
        """Return arguments or fields as bytes, most of them ordinary ones."""
        names = self.random.choices(self.names, k=count)
        values = [self.text() if self.random.random() < 0.8 else b"1" for _ in range(count)]
        return "&".join(
            f"{name}={quote_from_bytes(value)}" for name, value in zip(names, values, strict=True)
        )

    def multipart(self):
        """Return a multipart body, whole or broken, with a hostile file."""
        content = self.text() * self.random.choice([1, 10])
        parts = [
            b'Content-Disposition: form-data; name="csrf_token"\r\n\r\n' + self.token.encode(),
            b'Content-Disposition: form-data; name="file"; filename="'
            + self.text().replace(b"\n", b"")[:300]
            + b'"\r\nContent-Type: text/csv\r\n\r\n'
            + content,
        ]
        body = b"".join(b"--edge\r\n" + part + b"\r\n" for part in parts) + b"--edge--\r\n"
        cut = self.random.choice([len(body), self.random.randrange(len(body))])
        return body[:cut]

    def body(self):
        """Return a content type and a body."""
        kind = self.random.randrange(5)
        if kind == 0:
            return f"multipart/form-data; boundary={BOUNDARY}", self.multipart()
        if kind == 1:
            return self.random.choice(CONTENT_TYPES), self.text()
        if kind == 2:
            many = "&".join(f"selected={number}" for number in range(3000))
            return FORM, f"csrf_token={self.token}&{many}".encode()
        fields = f"csrf_token={self.token}&{self.pairs(self.random.randrange(1, 12))}"
        return FORM, fields.encode()

    def request(self, number):
        """Return a WSGI environment."""
        rule = self.rules[number % len(self.rules)]
        methods = sorted(rule.methods & {"GET", "POST"})
        method = self.random.choice([*methods, self.random.choice(["HEAD", "POST", "PUT"])])
        is_usual = self.random.random() < 0.6
        path = PART.sub(lambda match: "1" if is_usual else self.text().decode("latin-1"), rule.rule)
        environ = EnvironBuilder(path="/", method=method).get_environ()
        environ["PATH_INFO"] = path[:60_000]
        environ["HTTP_COOKIE"] = self.cookies
        if self.random.random() < 0.7:
            environ["QUERY_STRING"] = self.pairs(self.random.randrange(1, 12))
        if method in ("POST", "PUT"):
            content_type, body = self.body()
            environ["CONTENT_TYPE"] = content_type
            environ["CONTENT_LENGTH"] = str(len(body))
            environ["wsgi.input"] = io.BytesIO(body)
        if self.random.random() < 0.3:
            name = self.random.choice(HEADERS)
            environ[f"HTTP_{name}"] = self.text().decode("latin-1")[:8000]
        if self.random.random() < 0.1:
            cookie = self.random.choice(["hub", "hub-browser", "remember_token"])
            value = self.text().decode("latin-1")[:3000]
            environ["HTTP_COOKIE"] = f"{cookie}={value}; {self.cookies}"
        return environ


def status_of(app, environ):
    """Send a request and read the response to its end."""
    parts, status, _ = run_wsgi_app(app, environ, buffered=True)
    for _ in parts:
        pass
    return int(status.split()[0])


def described(environ):
    form = environ["wsgi.input"]
    form.seek(0)
    return (
        f"{environ['REQUEST_METHOD']} {environ['PATH_INFO'][:80]!r}"
        f" ?{environ.get('QUERY_STRING', '')[:300]} {environ.get('CONTENT_TYPE')}"
        f" {form.read()[:300]!r}"
    )


# A multipart body that is cut leaves the file of its last part to the garbage collector.
@pytest.mark.proof
@pytest.mark.parametrize("owner", DATABASES, indirect=True)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_no_random_request_is_an_error_of_the_hub(owner):
    fuzzer = Fuzzer(owner, SEED)
    assert len(fuzzer.names) > 30
    statuses, errors = Counter(), []
    for number in range(REQUESTS):
        if number % 100 == 0:
            fuzzer.stay_logged_in()
        environ = fuzzer.request(number)
        status = status_of(owner.app, environ)
        statuses[status] += 1
        if status >= 500:
            errors.append(described(environ))
    assert errors == []
    # Enough of them reach a page. A new route changes which ones do, so the shares vary.
    assert statuses[200] > REQUESTS / 30
    assert statuses[302] + statuses[303] > REQUESTS / 100
    assert statuses[400] > REQUESTS / 40
