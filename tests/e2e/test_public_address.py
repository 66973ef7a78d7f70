"""Tests of the public address of `hub serve`, requested over real HTTP."""

import re
import time
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.support.pages.page_texts import compact
from tests.support.processes.command_processes import MAX_WAIT_SECONDS

PASSWORD = "a long enough password"
PUBLIC = "https://hub.example.com"


@pytest.fixture
def serve(hub):
    """Start `hub serve` on a free port with an owner who may log in; return its local address."""

    def start(**settings):
        hub.environ |= settings
        hub.run("init")
        file = hub.folder / "password"
        file.write_text(PASSWORD)
        hub.run("users", "add", "olga@example.com", "--role", "owner", "--password-file", str(file))
        served = hub.fork_server.start("serve", "--port", "0", "--no-engine", environ=hub.environ)
        end = time.monotonic() + MAX_WAIT_SECONDS
        while not (served.out.exists() and served.out.read_text().endswith("\n")):
            assert hub.fork_server.poll(served) is None, served.err.read_text()
            assert time.monotonic() < end
            time.sleep(0.05)
        return served.out.read_text().partition("serves ")[2].strip()

    return start


@pytest.fixture
def browser():
    """Open a session that keeps cookies as a browser does."""
    with requests.Session() as session:
        yield session


def token_of(page):
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[1]


def log_in(browser, url):
    form = browser.get(f"{url}/login", timeout=MAX_WAIT_SECONDS)
    credentials = {"email": "olga@example.com", "password": PASSWORD, "csrf_token": token_of(form)}
    return browser.post(
        f"{url}/login", data=credentials, timeout=MAX_WAIT_SECONDS, allow_redirects=False
    )


def test_the_consent_comes_back_to_the_port_that_is_served(hub, serve, browser):
    url = serve()
    redirect_uri = f"{url}/quickbooks/callback"
    assert (urlsplit(url).hostname, urlsplit(url).port != 8080) == ("localhost", True)
    assert log_in(browser, url).status_code == 302
    page = browser.get(f"{url}/companies", timeout=MAX_WAIT_SECONDS)
    assert f'must list: <span class="mono">{redirect_uri}</span>' in compact(page.text)
    consent = browser.post(
        f"{url}/companies/connect",
        data={"csrf_token": token_of(page)},
        timeout=MAX_WAIT_SECONDS,
        allow_redirects=False,
    ).headers["Location"]
    assert parse_qs(urlsplit(consent).query)["redirect_uri"] == [redirect_uri]
    form = {"user": "admin", "realm": hub.realm, "decision": "connect"}
    back = requests.post(consent, data=form, timeout=MAX_WAIT_SECONDS, allow_redirects=False)
    assert back.headers["Location"].startswith(redirect_uri)
    assert "is connected" in browser.get(back.headers["Location"], timeout=MAX_WAIT_SECONDS).text

    claim = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
    page = requests.get(f"{url}/login", headers=claim, timeout=MAX_WAIT_SECONDS)
    assert "Strict-Transport-Security" not in page.headers, (
        "a client's header made the address https"
    )
    assert "Secure" not in page.headers["Set-Cookie"]


PROXIES = {
    "tells everything": {
        "Host": "hub.example.com",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "203.0.113.7",
    },
    "keeps the host": {"Host": "hub.example.com"},
    "tells nothing": {},
    "tells something else": {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "elsewhere.test"},
}


def test_behind_a_proxy_the_pages_are_those_of_an_https_site(serve):
    url = serve(HUB_PUBLIC_URL=PUBLIC)
    for headers in PROXIES.values():
        form = requests.get(f"{url}/login", headers=headers, timeout=MAX_WAIT_SECONDS)
        cookie = form.headers["Set-Cookie"]
        assert "max-age=" in form.headers["Strict-Transport-Security"]
        assert (cookie.startswith("__Host-hub="), "; Secure" in cookie) == (True, True)
        referrers = {}, {"Referer": "https://evil.example/"}, {"Referer": f"{url}/login"}
        answers = [post_login(url, form, headers | referrer) for referrer in referrers]
        assert answers == [400, 400, 400]
        assert post_login(url, form, headers | {"Referer": f"{PUBLIC}/login"}) == 302


def post_login(url, form, headers):
    """Log in as a browser behind the proxy does, with cookie and form token; return the status."""
    return requests.post(
        f"{url}/login",
        data={"email": "olga@example.com", "password": PASSWORD, "csrf_token": token_of(form)},
        headers=headers | {"Cookie": form.headers["Set-Cookie"].partition(";")[0]},
        timeout=MAX_WAIT_SECONDS,
        allow_redirects=False,
    ).status_code
