"""Calls to an API: the credentials go with each one, and to no other server."""

import datetime as dt
from contextlib import contextmanager
from decimal import Decimal
from types import SimpleNamespace

import pytest

from hub import (
    ApiClient,
    App,
    BoundSecrets,
    ChangeCursor,
    ClientCredentials,
    NeedsAttention,
    RefreshToken,
    Refused,
    Retry,
    read_changes,
)
from hub.errors import AddressUnusable
from hub.testing.bench import URL, SecretsInMemory, open_http
from hub.testing.clock import FakeClock
from qbo_sandbox.kit import Clock, Tokens, basic_of, form_of, json_answer, query_of

CODE, REDIRECT_URI = "the code after a sign-in", "https://localhost/signed-in"
CLIENT, SECRET, FIRST_TOKEN = "the client", "its secret", "the first refresh token"
NOW = dt.datetime(2026, 3, 2, 9, 55, tzinfo=dt.UTC)
DATE = "Mon, 02 Mar 2026 11:00:00 +0100"


class Source:
    """A source that answers what it was called with."""

    def __init__(self, *, rotate=False):
        self.tokens = Tokens(Clock(), {CLIENT: SECRET}, rotate=rotate)
        self.tokens.issue_code("account", CLIENT, CODE)
        self.tokens.issue_refresh("account", CLIENT, FIRST_TOKEN)
        self.token_calls = []
        self.has_tokens = True
        self.date = DATE

    def wsgi(self, environ, start):
        path = environ["PATH_INFO"]
        if path.endswith("/token"):
            return json_answer(start, *self.token(environ, path))
        if path == "/nothing":
            return json_answer(start, 404, {})
        grant = self.tokens.holder(environ)
        about = {
            "path": path,
            "query": query_of(environ),
            "basic": basic_of(environ),
            "authorization": environ.get("HTTP_AUTHORIZATION", ""),
            "key": environ.get("HTTP_X_KEY"),
            "holder": grant and grant.client,
        }
        status = 401 if path == "/closed" and grant is None else 200
        return json_answer(start, status, about, (("Date", self.date),))

    def token(self, environ, path):
        form = form_of(environ)
        self.token_calls.append((path, form))
        client, secret = basic_of(environ)
        if "client_id" in form:
            client, secret = form["client_id"], form["client_secret"]
        if not self.tokens.knows(client, secret):
            return 401, {"error": "invalid_client"}
        if not self.has_tokens:
            return 200, {}
        if form["grant_type"] == "client_credentials":
            return 200, {"access_token": self.tokens.issue("account", client)}
        if form["grant_type"] == "authorization_code":
            pair = self.tokens.exchange(form["code"], client)
        else:
            pair = self.tokens.refresh(form["refresh_token"], client)
        if pair is None:
            return 400, {"error": "invalid_grant"}
        if not self.tokens.rotate and form["grant_type"] == "refresh_token":
            return 200, {"access_token": pair[0]}
        return 200, {"access_token": pair[0], "refresh_token": pair[1]}


@pytest.fixture
def source():
    return Source()


def site_of(source, **secrets):
    app = App(
        slug="shed", name="Shed", summary="", posts=("bill",), settings=dict, hosts=("{base_url}",)
    )
    settings = {"base_url": f"{URL}/", "client_id": CLIENT}
    return SimpleNamespace(
        settings=settings,
        secrets=SecretsInMemory({"client_secret": SECRET, "refresh_token": FIRST_TOKEN, **secrets}),
        http=open_http(app, settings, source.wsgi, FakeClock()),
        now=NOW,
    )


def test_a_bearer_token_and_headers_go_with_each_call(source):
    api = ApiClient(site_of(source), "Shed", bearer="T", headers={"X-Key": "K"})
    answer = api.get("/rentals", limit=3, cursor=None)
    assert (answer["authorization"], answer["key"]) == ("Bearer T", "K")
    assert (answer["path"], answer["query"]) == ("/rentals", {"limit": "3"})


def test_a_name_and_a_password_go_with_each_call(source):
    api = ApiClient(site_of(source), "Shed", basic=("me", "secret"))
    assert api.find("/rentals/7")["basic"] == ["me", "secret"]


def test_find_returns_none_for_a_missing_row(source):
    assert ApiClient(site_of(source), "Shed").find("/nothing") is None


def test_find_sends_parameters(source):
    row = ApiClient(site_of(source), "Shed").find("/rentals/7", include="owner", state=None)
    assert (row["path"], row["query"]) == ("/rentals/7", {"include": "owner"})


def test_rows_in_an_envelope_are_found_with_parameters(source):
    find = ApiClient(site_of(source), "Shed").row_finder("", envelope="query", include="owner")
    assert list(find(["7", "nothing"])) == [{"include": "owner"}, None]


def test_rows_below_a_path_are_found_by_their_ids():
    source = Source()
    find = ApiClient(site_of(source), "Shed").row_finder("")
    first, missing, odd = find(["7", "nothing", "a?b=1"])
    assert (first["path"], missing) == ("/7", None)
    assert (odd["path"], odd["query"]) == ("/a?b=1", {})


def reply_of(status, body):
    """Return the reply of a source that answers every call with this body."""

    def wsgi(environ, start):
        start(f"{status} Status", [("Content-Type", "application/json")])
        return [body]

    api = ApiClient(site_of(SimpleNamespace(wsgi=wsgi)), "Shed")
    return api, api.call("PUT", "/rentals/7", json={"state": "posted"})


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null"])
def test_a_write_that_is_answered_without_content_is_confirmed(body):
    api, reply = reply_of(200, body)
    assert api.confirm(reply, "state") == {}


def test_a_write_that_is_answered_with_its_field_is_confirmed():
    api, reply = reply_of(201, b'{"state": null, "amount": 0.1}')
    assert api.confirm(reply, "state") == {"state": None, "amount": Decimal("0.1")}


@pytest.mark.parametrize(
    "body", [b'{"error": "locked"}', b'["locked"]', b'"locked"', b"false", b"0"]
)
def test_a_write_that_is_answered_with_something_else_is_repeated(body):
    api, reply = reply_of(200, body)
    with pytest.raises(Retry) as caught:
        api.confirm(reply, "state")
    assert caught.value.text == (
        f"Shed does not say that it accepted what the hub wrote ({body.decode()}). It is written"
        " again later."
    )


def test_the_page_of_another_server_confirms_no_write():
    api, reply = reply_of(200, b"<html>Sign in</html>")
    with pytest.raises(Retry, match="not JSON"):
        api.confirm(reply, "state")


def test_a_refused_write_is_refused():
    api, reply = reply_of(422, b'{"state": "posted"}')
    with pytest.raises(Refused):
        api.confirm(reply, "state")


def test_the_date_of_an_answer_is_a_moment_in_utc(source):
    api = ApiClient(site_of(source), "Shed")
    api.get("/rentals")
    assert api.date == "2026-03-02T10:00:00Z"
    source.date = "yesterday"
    api.get("/rentals")
    assert api.date == "2026-03-02T10:00:00Z"


def test_without_a_date_of_the_source_it_is_a_little_before_the_time_of_the_hub(source):
    api = ApiClient(site_of(source), "Shed")
    assert api.date == ""
    source.date = ""
    api.get("/rentals")
    assert api.date == "2026-03-02T09:45:00.000Z"
    source.date = DATE
    api.get("/rentals")
    assert api.date == "2026-03-02T10:00:00Z"


def test_a_row_from_the_future_hides_no_later_change_of_a_source_without_a_date(source):
    source.date = ""
    api = ApiClient(site_of(source), "Shed")

    def read_pages(since, page):
        api.get("/rentals")
        yield [{"id": "1", "at": "2099-01-01T00:00:00.000Z"}], ""

    def version(row):
        return row["id"], row["at"], row["at"]

    *_, checkpoint = read_changes(
        read_pages, "", lambda row: row, version=version, now=lambda: api.date
    )
    assert ChangeCursor.parse(checkpoint.cursor).since == "2026-03-02T09:45:00.000Z"


def test_a_link_of_the_source_is_called_and_one_to_another_server_is_not(source):
    api = ApiClient(site_of(source), "Shed", bearer="T")
    assert api.get(f"{URL}/rentals?page=2")["query"] == {"page": "2"}
    assert api.get("/rentals?next=http://other.test/")["path"] == "/rentals"
    for link in (f"{URL}.other.test/rentals", "https://other.test/rentals", "https://[/rentals"):
        with pytest.raises(Refused, match="Shed sent a link to another address"):
            api.get(link)


@pytest.mark.parametrize(
    ("base_url", "link"),
    [
        (f"{URL}/rentals", f"{URL}/rentals?page=2"),
        (URL.replace("https://s", "Https://S"), f"{URL}/rentals?page=2"),
        (URL, f"{URL.replace('.test', '.Test')}/rentals?page=2"),
    ],
)
def test_a_link_may_be_the_address_itself_and_write_the_host_in_another_case(
    source, base_url, link
):
    api = ApiClient(site_of(source), "Shed", base_url=base_url, bearer="T")
    answer = api.get(link)
    assert (answer["path"], answer["query"]) == ("/rentals", {"page": "2"})


def test_a_link_to_another_path_of_the_server_is_not_called(source):
    api = ApiClient(site_of(source), "Shed", base_url=f"{URL}/api", bearer="T")
    for link in (f"{URL}/rentals", f"{URL}/API/rentals", f"{URL}/api2?page=2"):
        with pytest.raises(Refused, match="Shed sent a link to another address"):
            api.get(link)


def test_a_path_may_begin_without_a_slash(source):
    api = ApiClient(site_of(source), "Shed", bearer="T")
    assert api.get("rentals/7")["path"] == "/rentals/7"


@pytest.mark.parametrize(
    ("grant", "options", "name"),
    [
        (ClientCredentials, {}, "client_secret"),
        (RefreshToken, {}, "refresh_token"),
        (RefreshToken, {"redirect_uri": REDIRECT_URI}, "authorization_code"),
    ],
)
def test_a_grant_names_the_secret_that_the_app_does_not_have(source, grant, options, name):
    site = site_of(source)
    site.secrets.pop(name, None)
    with pytest.raises(KeyError, match=f"there is no secret '{name}'; the app needs a required"):
        grant(site, "Shed", **options)


def test_tokens_of_client_credentials_are_issued_stored_and_renewed(source):
    site = site_of(source)

    def holder():
        api = ApiClient(site, "Shed", tokens=ClientCredentials(site, "Shed"))
        return api.get("/closed")["holder"]

    assert [holder(), holder()] == [CLIENT, CLIENT]
    assert source.token_calls == [("/oauth/token", {"grant_type": "client_credentials"})]
    source.tokens.revoke("account")
    assert holder() == CLIENT
    assert len(source.token_calls) == 2


def test_credentials_may_be_fields_of_the_form_at_another_address(source):
    site = site_of(source)
    tokens = ClientCredentials(
        site, "Shed", token_url=f"{URL}/keys/token", form={"audience": "A"}, in_form=True
    )
    assert ApiClient(site, "Shed", tokens=tokens).get("/closed")["holder"] == CLIENT
    form = {"grant_type": "client_credentials", "audience": "A"}
    credentials = {"client_id": CLIENT, "client_secret": SECRET}
    assert source.token_calls == [("/keys/token", {**form, **credentials})]


@pytest.mark.parametrize("grant", [ClientCredentials, RefreshToken])
def test_wrong_credentials_need_a_person(source, grant):
    site = site_of(source, client_secret="wrong")
    with pytest.raises(NeedsAttention, match="Shed does not accept the access"):
        grant(site, "Shed").renew()
    with pytest.raises(NeedsAttention, match=r"^Ask your landlord\.$"):
        grant(site, "Shed", refused="Ask your landlord.").renew()


@pytest.mark.parametrize("grant", [ClientCredentials, RefreshToken])
def test_a_token_is_requested_again_after_a_response_without_one(source, grant):
    source.has_tokens = False
    with pytest.raises(Retry, match="Shed answered without an access token"):
        grant(site_of(source), "Shed").renew()


@pytest.mark.parametrize("rotate", [False, True])
def test_the_newest_refresh_token_is_used_until_the_admin_enters_another_one(rotate):
    source = Source(rotate=rotate)
    site = site_of(source)
    for _ in range(3):
        RefreshToken(site, "Shed").renew()
    used = [form["refresh_token"] for _, form in source.token_calls]
    assert (used[0], len(set(used))) == (FIRST_TOKEN, 3 if rotate else 1)
    site.secrets["refresh_token"] = "another one"
    with pytest.raises(NeedsAttention):
        RefreshToken(site, "Shed").renew()
    assert source.token_calls[-1][1]["refresh_token"] == "another one"


@pytest.mark.parametrize("rotate", [False, True])
def test_an_authorization_code_is_used_once_and_then_the_newest_refresh_token(rotate):
    source = Source(rotate=rotate)
    site = site_of(source, authorization_code=CODE)
    del site.secrets["refresh_token"]
    for _ in range(3):
        RefreshToken(site, "Shed", redirect_uri=REDIRECT_URI).renew()
    (_, first), *others = source.token_calls
    assert first["code"] == CODE
    assert first["redirect_uri"] == REDIRECT_URI
    assert [form["grant_type"] for _, form in others] == ["refresh_token", "refresh_token"]
    assert len({form["refresh_token"] for _, form in others}) == (2 if rotate else 1)


def test_another_authorization_code_begins_anew(source):
    site = site_of(source, authorization_code=CODE)
    RefreshToken(site, "Shed", redirect_uri=REDIRECT_URI).renew()
    site.secrets["authorization_code"] = "used before"
    with pytest.raises(NeedsAttention, match="Shed does not accept the access"):
        RefreshToken(site, "Shed", redirect_uri=REDIRECT_URI).renew()
    site.secrets["authorization_code"] = source.tokens.issue_code("account", CLIENT)
    RefreshToken(site, "Shed", redirect_uri=REDIRECT_URI).renew()
    assert source.token_calls[-1][1]["grant_type"] == "authorization_code"


def test_the_new_refresh_token_is_stored_before_the_access_token():
    site = site_of(Source(rotate=True))
    stored = []
    put = site.secrets.__class__.__setitem__

    class Watched(SecretsInMemory):
        def __setitem__(self, name, value):
            stored.append(name)
            put(self, name, value)

    site.secrets = Watched(site.secrets)
    RefreshToken(site, "Shed").renew()
    assert stored == ["renewed_token", "access_token"]
    bound = BoundSecrets(site.secrets, URL, CLIENT, SECRET, FIRST_TOKEN)
    assert bound.get("renewed_token")


def test_a_token_that_another_process_has_renewed_meanwhile_is_used():
    source = Source(rotate=True)
    site = site_of(source)
    other = RefreshToken(site, "Shed")
    other.renew()

    class Waiting(SecretsInMemory):
        @contextmanager
        def lock(self):
            if not renewed:
                renewed.append(other.renew())
                self.update(site.secrets)
            yield

    renewed = []
    waiting = SimpleNamespace(**{**vars(site), "secrets": Waiting(site.secrets)})
    assert RefreshToken(waiting, "Shed").renew() == renewed[0]
    assert len(source.token_calls) == 2


def download_from(location):
    """Return a downloaded file, and the address and the credentials of each call for it."""
    calls = []

    def wsgi(environ, start):
        calls.append((environ["PATH_INFO"], environ.get("HTTP_AUTHORIZATION")))
        if environ["PATH_INFO"] == "/api/files/7" and location is not None:
            start("302 Found", [("Location", location)] if location else [])
            return [b"elsewhere"]
        start("404 Not Found" if environ["PATH_INFO"].endswith("/gone") else "200 OK", [])
        return [b"the file"]

    site = site_of(SimpleNamespace(wsgi=wsgi))
    api = ApiClient(site, "Shed", base_url=f"{URL}/api", bearer="T")
    return api.download("/files/7"), calls


@pytest.mark.parametrize(
    ("location", "second"),
    [
        (None, []),
        (f"{URL}/store/7?signature=s", [("/store/7", None)]),
        ("/below/store/7", [("/store/7", None)]),
        (f"{URL}/api/raw/7", [("/api/raw/7", "Bearer T")]),
        ("../raw/7", [("/api/raw/7", "Bearer T")]),
    ],
)
def test_a_file_is_downloaded_where_the_source_redirects_to(location, second):
    content, calls = download_from(location)
    assert (content, calls) == (b"the file", [("/api/files/7", "Bearer T"), *second])


@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("", Retry),
        (f"{URL}/store/gone", Refused),
        ("https://files.other.example/7", AddressUnusable),
    ],
)
def test_what_is_no_file_is_not_downloaded(location, error):
    with pytest.raises(error):
        download_from(location)
