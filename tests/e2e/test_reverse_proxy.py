"""Tests of the hub behind nginx with the configuration in deploy/nginx, over https.

The hostile requests of the suite for the application and its matrix of rights are repeated here:
what nginx and the server understand in different ways shows only with both.
"""

import random
import re
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from flask import Flask

from hub.models import AuditEntry
from hub.web.serving import server
from hub.web.serving.body_limits import FORM_LIMIT
from tests.support.pages.access_matrix import API, FILLED, SMALL_FORM, cells_of, hollow_views
from tests.support.pages.hostile_requests import HOSTILE_TEXTS, hostile_requests
from tests.support.pages.page_visitor import TOKEN, Visitor
from tests.support.rows.page_rows import PASSWORD, Story
from tests.support.rows.rights_rows import ANYONE, TwoCompanies
from tests.support.runs.tiers import by_form
from tests.support.servers.nginx import CLIENT, NGINX, PUBLIC, FromClient, proxy_in_front

METRICS_TOKEN = "0123456789abcdef0123456789abcdef"
SETTINGS = {
    "HUB_PUBLIC_URL": PUBLIC,
    "HUB_TRUSTED_PROXY": "127.0.0.1",
    "HUB_METRICS_TOKEN": METRICS_TOKEN,
}
SAMPLE = by_form(small=4, full=4, long=1)  # every so many hostile requests one is sent


class Site:
    """A browser in front of nginx."""

    def __init__(self, visitor: Visitor, folder: Path, http: int, https: int) -> None:
        self.visitor, self.folder, self.http = visitor, folder, http
        self.url = f"https://127.0.0.1:{https}"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(folder / "certificate.pem")
        self.session.headers.update({"Host": "hub.example.com", "Referer": f"{PUBLIC}/login"})
        self.session.mount("https://", FromClient())

    def call(self, method: str, path: str, **options: object) -> requests.Response:
        options.setdefault("allow_redirects", False)
        url = self.url + path
        return self.session.request(method, url, timeout=60, **options)  # type: ignore[arg-type]

    def handshake(self, newest: ssl.TLSVersion) -> str | None:
        """Return the version of TLS that is agreed on with a client of up to a version."""
        context = ssl.create_default_context(cafile=str(self.folder / "certificate.pem"))
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = newest
        with self._connect(context) as line:
            return line.version()

    def send(self, request: str) -> str:
        """Send the exact text of a request and return the whole answer."""
        context = ssl.create_default_context(cafile=str(self.folder / "certificate.pem"))
        answer = b""
        with self._connect(context) as line:
            line.sendall(request.replace("\n", "\r\n").encode())
            while part := line.recv(65536):
                answer += part
        return answer.decode("latin-1")

    def _connect(self, context: ssl.SSLContext) -> ssl.SSLSocket:
        """Connect to the proxy over TLS."""
        address = ("127.0.0.1", int(self.url.rpartition(":")[2]))
        return context.wrap_socket(
            socket.create_connection(address, timeout=60), server_hostname="hub.example.com"
        )

    def log_in(self, name: str = "olga", **headers: str) -> requests.Response:
        form = self.call("GET", "/login").text
        match = TOKEN.search(form) or re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
        assert match, form[:500]
        credentials = {"email": name, "password": PASSWORD, "csrf_token": match[1]}
        self.token = match[1]
        return self.call("POST", "/login", data=credentials, headers=headers)


@contextmanager
def served_behind_proxy(app: Flask, folder: Path) -> Iterator[tuple[int, int]]:
    """Serve an application behind nginx; yield the ports of http and https."""
    listener = server.listen("127.0.0.1", 0)
    web = server.create_server(app, "127.0.0.1", 0, listener)
    web.start()
    try:
        with proxy_in_front(web.port, folder) as ports:
            yield ports
    finally:
        web.stop()


@pytest.fixture
def site(open_pages: Callable[..., Visitor], tmp_path: Path) -> Iterator[Site]:
    """Serve a hub with documents in every state behind nginx."""
    if NGINX is None:
        pytest.skip("nginx is not installed")
    visitor = open_pages(**SETTINGS)
    folder = tmp_path / "nginx"
    with served_behind_proxy(visitor.app, folder) as (http, https):
        yield Site(visitor, folder, http, https)


def test_a_person_works_through_the_proxy(site: Site) -> None:
    plain = requests.get(f"http://127.0.0.1:{site.http}/inbox/?q=1", allow_redirects=False)
    assert (plain.status_code, plain.headers["Location"]) == (301, f"{PUBLIC}/inbox/?q=1")

    answer = site.log_in(**{"X-Forwarded-For": "198.51.100.1"})
    assert answer.status_code == 302, answer.text
    cookies = {cookie.name: cookie for cookie in site.session.cookies}
    assert cookies["__Host-hub"].secure
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    entry = site.visitor.row(AuditEntry, 1)
    assert (entry.what, entry.detail["address"]) == ("logged in", CLIENT)

    home = site.call("GET", "/")
    assert home.status_code == 200
    assert "Nordvik Bygg" in home.text
    run = site.visitor.story.runs.get("done", 1)
    part = site.call("GET", f"/runs/{run}/progress", headers={"HX-Request": "true"})
    # 286 tells htmx to stop polling, because the run has ended
    assert part.status_code in (200, 286)
    assert site.call("GET", "/static/hub.css").status_code in (200, 404)
    assert site.call("POST", "/logout", data={"csrf_token": site.token}).status_code == 302


def test_requests_are_limited_in_size_and_have_an_id(site: Site) -> None:
    answer = site.call("GET", "/healthz", headers={"X-Request-ID": "chosen-by-the-client"})
    request_id = answer.headers["X-Request-ID"]
    assert re.fullmatch(r"[0-9a-f]{32}", request_id)
    site.call("GET", "/nowhere?token=secret")
    too_large = site.call("POST", "/webhooks/1", data=b"x" * (1024**2 + 1))
    assert too_large.status_code == 413
    large = site.call("POST", "/webhooks/1", data=b"x" * FORM_LIMIT)
    assert (large.status_code, large.headers["Content-Type"]) == (
        401,
        "text/plain; charset=utf-8",
    )
    assert site.call("POST", "/login", data=b"x" * 100_000).status_code == 413
    long = site.call("GET", "/healthz", headers={"X-Long": "x" * 40_000})
    assert long.status_code == 400
    log = (site.folder / "access.log").read_text()
    assert "/nowhere 404" in log
    assert "secret" not in log


def test_figures_need_the_token_through_the_proxy(site: Site) -> None:
    assert site.call("GET", "/metrics").status_code == 401
    metrics = site.call("GET", "/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    assert metrics.status_code == 200
    assert "hub_documents" in metrics.text


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")  # the old version is meant
def test_the_proxy_speaks_no_version_of_tls_before_1_2(site: Site) -> None:
    assert site.handshake(ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    with pytest.raises(ssl.SSLError, match=r"protocol.version"):
        site.handshake(ssl.TLSVersion.TLSv1_1)


@pytest.mark.proof(small=0)
def test_no_hostile_request_is_an_error_behind_the_proxy(site: Site) -> None:
    assert site.log_in().status_code == 302
    answers: Counter[int] = Counter()
    short = [
        text for text in HOSTILE_TEXTS if len(text) < 1000
    ]  # the proxy refuses longer addresses
    requests_of_suite = [*hostile_requests(site.visitor.app, short)]
    # A shuffled sample: one of every few in order would always meet the same texts.
    sample = random.Random(1).sample(requests_of_suite, len(requests_of_suite) // SAMPLE)
    for method, address, form in sample:
        body = f"csrf_token={site.token}&{form}" if method == "POST" else None
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = site.call(method, address, data=body, headers=headers)
        assert answer.status_code < 500, f"{method} {address[:200]}: {answer.status_code}"
        answers[answer.status_code] += 1
        if answer.is_redirect and site.call("GET", "/").is_redirect:
            site.log_in()  # a request of the suite ended the session
    assert answers.total() > 50
    assert answers[200] > answers.total() / 10
    assert site.call("GET", "/").status_code == 200


@pytest.mark.parametrize(
    "request_text",
    [
        "POST /login HTTP/1.1\nHost: hub.example.com\nContent-Length: 4\n"
        "Transfer-Encoding: chunked\nConnection: close\n\n0\n\n",
        "POST /login HTTP/1.1\nHost: hub.example.com\nContent-Length: 0\n"
        "Content-Length: 4\nConnection: close\n\n",
        "GET /login HTTP/1.1\nHost: hub.example.com\nHost: evil.example.com\nConnection: close\n\n",
        "GET /login HTTP/1.1\nHost: evil.example.com/x\nConnection: close\n\n",
        "GET /login HTTP/1.1\nConnection: close\n\n",
    ],
    ids=["length and chunks", "two lengths", "two hosts", "no host name", "no host"],
)
def test_a_request_with_two_meanings_is_refused(site: Site, request_text: str) -> None:
    assert site.send(request_text).startswith("HTTP/1.1 400 ")


def test_no_address_of_an_answer_comes_from_the_client(site: Site) -> None:
    forged = dict.fromkeys(("X-Forwarded-Host", "X-Original-URL", "X-Rewrite-URL"), "evil.example")
    answer = site.call("GET", "/inbox/?q=1", headers={**forged, "Forwarded": "host=evil.example"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login?next=/inbox/?q%3D1")
    assert "evil.example" not in f"{answer.headers} {answer.text}"


@pytest.mark.proof(small=0)
def test_the_matrix_of_rights_holds_behind_the_proxy(
    open_two_companies: Callable[..., TwoCompanies],
    tmp_path: Path,
    figure: Callable[[str, float, float], None],
) -> None:
    if NGINX is None:
        pytest.skip("nginx is not installed")
    companies = open_two_companies(**SETTINGS)
    folder = tmp_path / "nginx"
    addresses = companies.app.url_map.bind("hub.example.com")
    wrong = []
    with served_behind_proxy(companies.app, folder) as (http, https):
        browsers = {}
        for person in (ANYONE, *SMALL_FORM):
            browsers[person] = Site(Visitor(companies.app, Story(0, 0)), folder, http, https)
            if person:
                assert browsers[person].log_in(person).status_code == 302
        hollow_views(companies.app)
        cells = cells_of(companies.app, companies.rows, browsers)[:: by_form(9, 9, 1)]
        for cell in cells:
            values = {**FILLED, **cell.row.values}
            path = addresses.build(cell.endpoint, values, method=cell.method, append_unknown=False)
            headers = {}
            if cell.endpoint.startswith(API) and cell.person:
                headers["Authorization"] = f"Bearer {companies.token(cell.person)}"
            answer = browsers[cell.person].call(cell.method, path, headers=headers)
            if answer.status_code != cell.expected:
                wrong.append((cell, answer.status_code))
    assert wrong == []
    figure(
        "cells of the matrix of rights behind nginx, none of them wrong",
        len(cells),
        by_form(130, 130, 400),
    )
