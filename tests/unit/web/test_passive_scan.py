"""Passive security rules for every page of an owner and every address without a log-in."""

import re
from collections import deque
from urllib.parse import urljoin, urlsplit

import pytest

from tests.support.pages.page_texts import compact
from tests.support.pages.page_visitor import Visitor
from tests.support.pages.passive_scan import (
    HOST,
    RULES,
    Exchange,
    cookies,
    elements,
    findings,
    links,
)
from tests.support.rows.page_rows import PASSWORD

HERE = f"https://{HOST}"
FEWEST_PAGES = 40
UNUSED_METHODS = ("TRACE", "TRACK", "CONNECT", "DEBUG", "PUT", "DELETE", "PATCH", "PROPFIND")
NEVER_OPENED = ("/logout",)  # ends the session with which the rest is read
PART = re.compile(r"\d+")


@pytest.fixture
def owner(open_pages) -> Visitor:
    """Provide an owner in front of a hub at a public https address."""
    visitor = open_pages(HUB_PUBLIC_URL=HERE)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', fetch(visitor, "/login").body)
    form = {"email": "olga", "password": PASSWORD, "csrf_token": token[1]}
    assert fetch(visitor, "/login", "POST", data=form).status == 302
    return visitor


def fetch(visitor: Visitor, path: str, method: str = "GET", **options) -> Exchange:
    """Send one request, and return it with its answer."""
    headers = {"Referer": f"{HERE}/", **options.pop("headers", {})}
    options |= {"method": method, "headers": headers, "base_url": HERE}
    with visitor.client.open(path, **options) as answer:
        body = answer.get_data().decode("utf-8", "replace")
        headers = list(answer.headers)
        return Exchange(method, urljoin(HERE, path), answer.status_code, headers, body)


def kind_of(path: str) -> str:
    """Return a path without its numbers: pages of one kind have the same."""
    return PART.sub("0", path)


def crawl(visitor: Visitor, start: list[str], of_a_kind: int = 3) -> list[Exchange]:
    """Follow every link from some addresses, a few pages of each kind."""
    pending, visited = deque(start), set(start)
    counts: dict[str, int] = {}
    exchanges = []
    while pending:
        path = pending.popleft()
        kind = kind_of(urlsplit(path).path)
        if counts.get(kind, 0) >= of_a_kind:
            continue
        counts[kind] = counts.get(kind, 0) + 1
        exchange = fetch(visitor, path)
        exchanges.append(exchange)
        for link in [*links(exchange), exchange.header("Location")]:
            target = urlsplit(urljoin(exchange.url, link))
            address = target._replace(scheme="", netloc="", fragment="").geturl()
            if target.netloc == HOST and address not in visited and target.path not in NEVER_OPENED:
                visited.add(address)
                pending.append(address)
    return exchanges


def routes_without_parameters(visitor: Visitor) -> list[str]:
    rules = visitor.app.url_map.iter_rules()
    paths = [rule.rule for rule in rules if "GET" in rule.methods and not rule.arguments]
    return sorted(set(paths) - set(NEVER_OPENED))


@pytest.mark.proof(small=0)
def test_every_page_of_an_owner_passes_the_scan(owner, figure):
    story = owner.story
    pages = [f"/documents/{id}" for id in story.documents.values()]
    pages += [f"/inbox/{id}" for id in story.cases.values()]
    pages += [f"/runs/{id}" for id in story.runs.values()]
    exchanges = crawl(owner, [*pages, *routes_without_parameters(owner)])
    read = [exchange for exchange in exchanges if exchange.is_page and exchange.status == 200]
    assert findings(exchanges) == []
    figure("pages scanned without a finding", len(read), FEWEST_PAGES)
    figure("rules of the scan", len(RULES), 17)


def test_pages_without_a_login_pass_the_scan(open_pages):
    stranger = open_pages(HUB_PUBLIC_URL=HERE)
    paths = [*routes_without_parameters(stranger), "/nothing-here", "/documents/1", "/inbox/1"]
    exchanges = crawl(stranger, paths)
    exchanges += [fetch(stranger, "/login", "POST", data={"email": "a", "password": "b"})]
    exchanges += [
        fetch(stranger, f"/webhooks/{end}", "POST", data=b"{}") for end in ("quickbooks", "1", "x")
    ]
    assert findings(exchanges) == []
    assert {exchange.status for exchange in exchanges} >= {200, 302, 404}


def test_every_cookie_is_bound_to_the_host_and_closed_to_scripts(open_pages):
    visitor = open_pages(HUB_PUBLIC_URL=HERE)
    form = fetch(visitor, "/login")
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form.body)[1]
    credentials = {"email": "olga", "password": PASSWORD, "csrf_token": token}
    log_in = fetch(visitor, "/login", "POST", data=credentials)
    colors = {"theme": "dark", "csrf_token": token}
    choice = fetch(visitor, "/appearance", "POST", data=colors)
    exchanges = [form, log_in, choice]
    set_cookies = [cookie for exchange in exchanges for cookie in exchange.all("Set-Cookie")]
    assert {cookie.partition("=")[0] for cookie in set_cookies} == {
        "__Host-hub",
        "__Host-hub-browser",
        "__Host-hub-person",
        "__Host-hub-theme",
    }
    assert [text for exchange in exchanges for text in cookies(exchange)] == []
    page = compact(fetch(visitor, "/account/").body)
    assert 'value="dark" aria-pressed="true"' in page


def test_errors_pass_the_scan(owner):
    exchanges = [
        fetch(owner, "/nothing-here"),
        fetch(owner, "/documents/999999"),
        fetch(owner, "/documents?from=yesterday"),
        fetch(owner, "/people/add", "POST", data={"name": "x"}),
        fetch(owner, "/assets/nothing.css"),
        fetch(owner, "/assets/../../config.py"),
        fetch(owner, "/password", "POST", data=b"x" * 1_100_000),
    ]
    assert findings(exchanges) == []
    assert {exchange.status for exchange in exchanges} >= {400, 404, 413}


@pytest.mark.parametrize("method", UNUSED_METHODS)
def test_methods_that_no_page_uses_are_refused(owner, method):
    for path in ("/", "/login", "/documents", "/webhooks/quickbooks", "/assets/hub.css"):
        exchange = fetch(owner, path, method, headers={"X-Canary": "echoed-canary"})
        assert exchange.status in (405, 501), path
        assert "echoed-canary" not in exchange.body
        assert findings([exchange]) == []


@pytest.mark.proof(small=0)
def test_the_scan_opens_pages_of_every_kind(owner):
    kinds = {kind_of(urlsplit(exchange.url).path) for exchange in crawl(owner, ["/"], of_a_kind=1)}
    for kind in ("/documents/0", "/inbox/0", "/runs/0", "/installations/0/settings", "/people/"):
        assert kind in kinds
    assert any(kind.startswith("/assets/") for kind in kinds)


# -- every rule can find something -----------------------------------------------------------------

GOOD = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("X-Frame-Options", "DENY"),
    ("X-Content-Type-Options", "nosniff"),
    ("Strict-Transport-Security", "max-age=31556926; includeSubDomains"),
    (
        "Content-Security-Policy",
        "default-src 'self'; base-uri 'none'; object-src 'none'; "
        "frame-ancestors 'none'; form-action 'self'",
    ),
    ("Permissions-Policy", "camera=()"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Referrer-Policy", "same-origin"),
    ("Set-Cookie", "__Host-hub=x; HttpOnly; Secure; Path=/; SameSite=Lax"),
]


def answer(
    body: str = "<p>fine</p>", status: int = 200, url: str = "/", **headers: str
) -> Exchange:
    """Return a good answer with some headers replaced; an empty one is left out."""
    names = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    good_headers = [(name, value) for name, value in GOOD if name.lower() not in names]
    added = [(name, value) for name, value in names.items() if value]
    return Exchange("GET", urljoin(HERE, url), status, good_headers + added, body)


WEAK = {
    "cookies": answer(set_cookie="hub=x; Path=/"),
    "caching": answer(cache_control="max-age=60"),
    "framing": answer(x_frame_options=""),
    "sniffing": answer(x_content_type_options=""),
    "transport": answer(strict_transport_security="max-age=60"),
    "banners": answer(server="waitress"),
    "content_policy": answer(content_security_policy="default-src 'self' 'unsafe-inline'"),
    "isolation": answer(access_control_allow_origin="*"),
    "referrers": answer(referrer_policy="unsafe-url"),
    "foreign_content": answer('<script src="https://cdn.example.net/x.js"></script>'),
    "inline_code": answer('<p onclick="x()">a</p>'),
    "forms": answer('<form method="post" action="/x"><input name="a"></form>'),
    "new_windows": answer('<a href="https://example.net" target="_blank">x</a>'),
    "addresses": answer(url="/reset?token=abc"),
    "redirects": answer("", 302, location="https://evil.example.net/"),
    "errors": answer("Traceback (most recent call last)", 500),
    "disclosures": answer("<p>192.168.3.4</p>"),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_rule_of_the_scan_finds_its_weakness(rule):
    assert list(rule(WEAK[rule.__name__]))
    assert findings([answer()]) == []


def test_the_scan_sees_the_forms_of_the_pages(owner):
    assert any(
        e.attributes.get("type") == "password" for e in elements(fetch(owner, "/password"), "input")
    )
