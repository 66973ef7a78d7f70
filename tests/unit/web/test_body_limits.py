"""How large a body may be: by the route, and by whether somebody is logged in."""

import pytest

from hub.web.serving.body_limits import (
    ANONYMOUS_LIMIT,
    FORM_LIMIT,
    UPLOAD_LIMIT,
    WEBHOOK_LIMIT,
    get_limit,
)


@pytest.mark.parametrize(
    ("method", "path", "anonymous", "logged_in"),
    [
        ("POST", "/login", ANONYMOUS_LIMIT, ANONYMOUS_LIMIT),
        ("POST", "/installations/1/matching/import", ANONYMOUS_LIMIT, FORM_LIMIT),
        ("POST", "/people/add", ANONYMOUS_LIMIT, FORM_LIMIT),
        ("POST", "/webhooks/1", WEBHOOK_LIMIT, WEBHOOK_LIMIT),
        ("POST", "/webhooks/quickbooks", WEBHOOK_LIMIT, WEBHOOK_LIMIT),
        ("POST", "/nothing", ANONYMOUS_LIMIT, ANONYMOUS_LIMIT),
        ("POST", "/\xed\xa0\x80", ANONYMOUS_LIMIT, ANONYMOUS_LIMIT),
        ("BREW", "/login", ANONYMOUS_LIMIT, ANONYMOUS_LIMIT),
    ],
)
def test_a_route_has_one_limit_for_strangers_and_one_for_people(
    visitor, method, path, anonymous, logged_in
):
    def limit():
        with visitor.client as client:
            cookies = [f"{name}={cookie.value}" for (_, _, name), cookie in client._cookies.items()]
        return get_limit(visitor.app, method, path, "; ".join(cookies))

    visitor.get("/login")
    assert limit() == anonymous
    visitor.log_in("olga")
    assert limit() == logged_in


@pytest.mark.parametrize("cookies", ["", "hub=forged", "hub=.", "hub=\xff; hub=²", "=" * 5000])
def test_a_forged_session_is_anonymous(visitor, cookies):
    path = "/installations/1/matching/import"
    assert get_limit(visitor.app, "POST", path, cookies) == ANONYMOUS_LIMIT


def test_the_application_refuses_a_larger_body_under_any_server(visitor):
    def status(path, size):
        return visitor.client.post(path, data=b"x" * size).status_code

    assert status("/login", ANONYMOUS_LIMIT + 1) == 413
    assert status("/people/add", ANONYMOUS_LIMIT + 1) == 413
    assert status("/webhooks/1", WEBHOOK_LIMIT + 1) == 413
    visitor.log_in("olga")
    assert status("/people/add", FORM_LIMIT + 1) == 413
    large_form = {"name": "x" * (FORM_LIMIT - 200)}
    assert visitor.post("/people/add", **large_form).status_code == 400


def test_the_refusal_of_a_body_names_the_limit_of_its_page(visitor):
    visitor.log_in("olga")
    for path, limit, text in (
        ("/people/add", FORM_LIMIT, "at most 1 MB"),
        (f"/installations/{visitor.story.installation}/files/", UPLOAD_LIMIT, "at most 25 MB"),
    ):
        answer = visitor.client.post(path, environ_overrides={"CONTENT_LENGTH": str(limit + 1)})
        assert (answer.status_code, text in answer.text) == (413, True), path
