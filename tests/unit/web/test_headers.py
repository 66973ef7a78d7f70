"""Security headers of the pages, and how their assets are served."""

import gzip
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import SECRET

AUTHORIZE = "https://quickbooks.test"  # as in tests.support.runs.hub_environment


def test_nothing_inline_and_nothing_foreign_may_run(visitor: Visitor) -> None:
    policy = visitor.get("/login").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert f"form-action 'self' {AUTHORIZE}" in policy
    assert "frame-ancestors 'none'" in policy


def test_no_page_holds_a_script_or_style_of_its_own(visitor: Visitor) -> None:
    visitor.log_in("olga")
    for path in (
        "/",
        "/inbox/",
        "/documents",
        f"/installations/{visitor.story.installation}/settings",
    ):
        page = visitor.page(path)
        assert "<style" not in page
        assert " style=" not in page
        assert "<script>" not in page
        assert " onclick=" not in page


def test_the_session_cookie_is_closed_to_scripts_and_other_sites(visitor: Visitor) -> None:
    cookie = visitor.log_in("olga").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_over_https_cookies_are_secure_and_bound_to_the_host(
    make_app: Callable[..., Flask], make_config: Callable[..., Any], visitor: Visitor
) -> None:
    app = make_app(make_config(HUB_PUBLIC_URL="https://hub.example.com"), pages=True)
    answer = app.test_client().get("/login")
    assert answer.headers["Set-Cookie"].startswith("__Host-hub=")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_pages_are_not_stored_and_assets_are(visitor: Visitor) -> None:
    assert visitor.get("/login").headers["Cache-Control"] == "no-store"
    with visitor.get("/assets/hub.css") as asset:
        assert "max-age=3600" in asset.headers["Cache-Control"]


def test_assets_have_versions_and_are_kept_for_a_year(visitor: Visitor) -> None:
    addresses = set(
        re.findall(r'(?:href|src)="(/(?:assets|bootstrap)/[^"#]+)', visitor.page("/login"))
    )
    assert len(addresses) >= 4
    for address in addresses:
        assert re.search(r"\?v=[0-9a-f]{12}$", address), address
        with visitor.get(address) as asset:
            assert asset.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        with visitor.get(address.replace("?v=", "?v=0")) as asset:
            assert "immutable" not in asset.headers["Cache-Control"]


def test_assets_are_compressed_and_pages_are_not(visitor: Visitor) -> None:
    client, accepts = visitor.app.test_client(), {"Accept-Encoding": "gzip"}
    address = "/bootstrap/static/css/bootstrap.min.css"
    with client.get(address) as plain:
        content = plain.data
        assert "Content-Encoding" not in plain.headers
    with client.get(address, headers=accepts) as asset:
        assert gzip.decompress(asset.data) == content
        assert len(asset.data) < len(content) / 4
        assert "Accept-Encoding" in asset.headers["Vary"]
        tag = asset.headers["ETag"]
    with client.get(address, headers=accepts | {"If-None-Match": tag}) as again:
        assert (again.status_code, again.data) == (304, b"")
    assert "Content-Encoding" not in client.get("/login", headers=accepts).headers
    font_address = "/bootstrap/static/css/font/fonts/bootstrap-icons.woff2"
    with client.get(font_address, headers=accepts) as font:
        assert font.status_code == 200
        assert "Content-Encoding" not in font.headers


def test_log_out_clears_the_pages_in_the_browser_and_keeps_its_cookie(visitor: Visitor) -> None:
    visitor.log_in("vera")
    assert "Clear-Site-Data" not in visitor.get("/").headers
    assert visitor.post("/logout").headers["Clear-Site-Data"] == '"cache", "storage"'


@pytest.mark.parametrize(
    "path", ["/assets/htmx.min.js", "/assets/icon.svg", "/bootstrap/static/css/bootstrap.min.css"]
)
def test_every_asset_is_served_from_here(visitor: Visitor, path: str) -> None:
    with visitor.get(path) as asset:
        assert asset.status_code == 200


def test_a_secret_is_on_no_page(visitor: Visitor) -> None:
    from hub.security.secrets import SiteSecrets

    story = visitor.story
    with visitor.app.app_context():
        SiteSecrets(story.installation)["client_secret"] = SECRET
    visitor.log_in("olga")
    pages = [f"/documents/{id}" for id in story.documents.values()] + [
        f"/inbox/{id}" for id in story.cases.values()
    ]
    here = f"/installations/{story.installation}"
    pages += [
        "/",
        "/companies",
        "/audit/",
        "/plugins/",
        f"{here}/",
        f"{here}/settings",
        f"{here}/matching/matches.csv",
    ]
    assert [path for path in pages if SECRET in visitor.page(path)] == []


def test_a_body_over_a_megabyte_is_refused(visitor: Visitor) -> None:
    visitor.log_in("olga")
    answer = visitor.post(
        f"/installations/{visitor.story.installation}/matching/import", file="x" * 1_100_000
    )
    assert answer.status_code == 413
