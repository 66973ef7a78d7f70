"""The API: token, integration, payables with files, profiles with links, lists."""

import secrets

from hub_ontraccr import names
from hub_ontraccr.sandbox import checks, encoding, files, views
from hub_ontraccr.sandbox.company import CLIENT_ID, DIVISIONS, NAME, RECORD_TYPES_BY_KIND
from qbo_sandbox import kit
from qbo_sandbox.kit import accounting, decode_row, query_of, site_of
from qbo_sandbox.kit.strict import CallRefused, invalid, json_body, page, paginate

_KIND_PATTERN, _LIST_PATTERN = (
    f"({'|'.join(RECORD_TYPES_BY_KIND)})",
    "(purchase-accounts|classes|tax-codes)",
)
ROUTES = (
    ("POST", r"/oauth/token", "token"),
    ("GET", r"/v1/integration", "integration"),
    ("PUT", r"/v1/integration/webhook", "subscribe"),
    ("DELETE", r"/v1/integration/webhook", "unsubscribe"),
    ("GET", rf"/v1/integration/{_LIST_PATTERN}", "list_choices"),
    ("PUT", rf"/v1/integration/{_LIST_PATTERN}", "offer"),
    ("GET", r"/v1/divisions", "divisions"),
    ("GET", r"/v1/payables", "payables"),
    ("GET", r"/v1/payables/([^/]+)", "payable"),
    ("GET", r"/v1/payables/([^/]+)/attachments/([^/]+)", "attachment"),
    ("PUT", r"/v1/payables/([^/]+)/accounting-status", "status"),
    ("GET", rf"/v1/profiles/{_KIND_PATTERN}", "profiles"),
    ("GET", rf"/v1/profiles/{_KIND_PATTERN}/([^/]+)", "profile"),
    ("POST", rf"/v1/profiles/{_KIND_PATTERN}/import", "import"),
    ("PUT", rf"/v1/profiles/{_KIND_PATTERN}/([^/]+)/link", "link"),
    ("DELETE", rf"/v1/profiles/{_KIND_PATTERN}/([^/]+)/link", "unlink"),
)
DIVISION_PARAMETER = (names.Page.DIVISION,)
PAGE_PARAMETERS = (names.Page.CURSOR, names.Page.LIMIT)
PARAMETERS = {
    "divisions": PAGE_PARAMETERS,
    "payables": (*PAGE_PARAMETERS, *DIVISION_PARAMETER, names.Page.INCLUDE_DELETED),
    "profiles": (*PAGE_PARAMETERS, *DIVISION_PARAMETER),
    **dict.fromkeys(
        ("subscribe", "unsubscribe", "list_choices", "offer", "import"), DIVISION_PARAMETER
    ),
}


class Api(kit.Api):
    """A WSGI application over the books."""

    routes = ROUTES
    parameters = PARAMETERS

    def __init__(self, books, tokens, limits):
        super().__init__(tokens, limits)
        self._books = books

    def admit(self, name):
        """Refuse every call while the integration is not activated."""
        if not self._books.is_activated:
            raise CallRefused(
                403, "integration_inactive", "The QuickBooks integration is not activated."
            )

    def _token(self, environ):
        """Answer a new token for the client id and secret."""
        return self.grant_token(environ, CLIENT_ID)

    # -- the company ----------------------------------------------------------------------------

    def _integration(self, environ):
        """Answer the company and whether its integration is activated."""
        return encoding.integration(NAME, self._books.is_activated)

    def _divisions(self, environ):
        """Answer a page of the divisions, by their ids."""
        query = query_of(environ)
        after, limit = page(query, names.Page)
        rows = []
        for row in DIVISIONS:
            if after is None or row["id"] > after[1]:
                rows.append(encoding.division(row))
        has_more = len(rows) > limit
        return paginate(query, rows[:limit], has_more, names.Page, names.Division)

    def _subscribe(self, environ):
        """Store the address to call; answer its secret, which stays the same."""
        division = _get_division(environ)
        url = checks.read_address(json_body(environ))
        old = self._books.hubs.get(division, {})
        secret = old.get("secret") or secrets.token_urlsafe(24)
        if old.get("url") != url:
            self._books.do("call", division=division, url=url, secret=secret)
        return encoding.webhook(url, secret)

    def _unsubscribe(self, environ):
        """Forget the address to call."""
        self._books.do("call", division=_get_division(environ), url="", secret="")
        return {}

    def _list_choices(self, environ, name):
        """Answer a list of QuickBooks as the hub sent it last."""
        rows = self._books.list(_get_division(environ), name)
        return encoding.choices(rows)

    def _offer(self, environ, name):
        """Replace a list of QuickBooks."""
        body = json_body(environ)
        division = _get_division(environ)
        items = [decode_row(item, encoding.CHOICE) for item in checks.read_list(name, body)]
        list_fields = {
            "default": body.get(names.Choice.DEFAULT_EXTERNAL_ID),
            "currency": body.get(names.Choice.CURRENCY),
        }
        self._books.do("offer", division=division, list=name, items=items, **list_fields)
        return encoding.choices(items)

    # -- payables -------------------------------------------------------------------------------

    def _payables(self, environ):
        """Answer a page of the payables of a division, the oldest change first."""
        query = query_of(environ)
        division = _get_division(environ)
        after, limit = page(query, names.Page)
        include_deleted = query.get(names.Page.INCLUDE_DELETED, "0")
        if include_deleted not in ("0", "1"):
            raise invalid(names.Page.INCLUDE_DELETED, "0 or 1 is needed.")
        rows, has_more = self._books.list_changes(division, after, limit, include_deleted == "1")
        site = site_of(environ)
        items = [encoding.payable(row, site) for row in rows]
        return paginate(query, items, has_more, names.Page, names.Payable)

    def _payable(self, environ, id):
        """Answer one payable."""
        row = views.payable(self._books, self._require_payable(id))
        return encoding.payable(row, site_of(environ))

    def _require_payable(self, id):
        """Return a payable, or answer that there is none with this id."""
        if id not in self._books.payables:
            raise CallRefused(404, "not_found", f"There is no payable {id}.")
        return self._books.payables[id]

    def _attachment(self, environ, id, file):
        """Answer the bytes of a file."""
        attachments = views.attachments(self._require_payable(id))
        file_content = files.find_file(attachments, file)
        if not file_content:
            raise CallRefused(404, "not_found", f"Payable {id} has no file {file}.")
        return file_content

    def _status(self, environ, id):
        """Store the status of a payable in accounting."""
        self._require_payable(id)
        return accounting.store_status(
            environ,
            self._books.status(id),
            "this payable",
            names.Status,
            lambda status: self._books.do("status", payable=id, status=status),
        )

    # -- profiles -------------------------------------------------------------------------------

    def _profiles(self, environ, kind):
        """Answer a page of the profiles of a kind, the oldest change first."""
        query = query_of(environ)
        division = _get_division(environ)
        after, limit = page(query, names.Page)
        rows, has_more = self._books.profiles_of(kind, division, after, limit)
        items = [encoding.profile(row) for row in rows]
        return paginate(query, items, has_more, names.Page, names.Profile)

    def _profile(self, environ, kind, id):
        """Answer one profile."""
        row = views.profile(self._books, kind, self._require_profile(kind, id))
        return encoding.profile(row)

    def _require_profile(self, kind, id):
        """Return a profile, or answer that there is none with this id."""
        profiles = self._books.profiles.rows[kind]
        if id not in profiles:
            raise CallRefused(404, "not_found", f"There is no profile {id} among the {kind}.")
        return profiles[id]

    def _import(self, environ, kind):
        """Take in records of QuickBooks as profiles."""
        division = _get_division(environ)
        rows = checks.read_records(json_body(environ))
        items = [decode_row(item, encoding.IMPORTED) for item in rows]
        results = self._books.do("bring", kind=kind, division=division, items=items)
        return encoding.import_answer(results)

    def _link(self, environ, kind, id):
        """Link a profile to a record; a link that it already has changes nothing."""
        profile = self._require_profile(kind, id)
        link = decode_row(checks.read_link(json_body(environ)), encoding.LINK)
        if link.items() - profile.items():
            self._books.do("link", kind=kind, id=id, link={**link, "who": "the hub"})
        return self._profile(environ, kind, id)

    def _unlink(self, environ, kind, id):
        """Remove the link of a profile."""
        self._require_profile(kind, id)
        self._books.do("unlink", kind=kind, id=id)
        return self._profile(environ, kind, id)


def _get_division(environ):
    """Return the division that a call names; each of these calls needs one."""
    division = query_of(environ).get(names.Page.DIVISION)
    if division not in {row["id"] for row in DIVISIONS}:
        raise invalid(names.Page.DIVISION, "One of the company's divisions is needed.")
    return division
