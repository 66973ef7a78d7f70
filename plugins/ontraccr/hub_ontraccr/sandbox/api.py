"""The API itself: token, the integration, payables with their files, profiles with their links, lists."""

import secrets

from hub import sandboxing
from hub.sandboxing import accounting, query_of
from hub.sandboxing.strict import PAGED, Wrong, invalid, json_body, page, paged
from hub_ontraccr.sandbox import checks, files, views
from hub_ontraccr.sandbox.company import CLIENT, DIVISIONS, KINDS, NAME

_KIND, _LIST = f"({'|'.join(KINDS)})", "(purchase-accounts|classes|tax-codes)"
ROUTES = (
    ("POST", r"/oauth/token", "token"),
    ("GET", r"/v1/integration", "integration"),
    ("PUT", r"/v1/integration/webhook", "subscribe"),
    ("DELETE", r"/v1/integration/webhook", "unsubscribe"),
    ("GET", rf"/v1/integration/{_LIST}", "offered"),
    ("PUT", rf"/v1/integration/{_LIST}", "offer"),
    ("GET", r"/v1/divisions", "divisions"),
    ("GET", r"/v1/payables", "payables"),
    ("GET", r"/v1/payables/([^/]+)", "payable"),
    ("GET", r"/v1/payables/([^/]+)/attachments/([^/]+)", "attachment"),
    ("PUT", r"/v1/payables/([^/]+)/accounting-status", "status"),
    ("GET", rf"/v1/profiles/{_KIND}", "profiles"),
    ("GET", rf"/v1/profiles/{_KIND}/([^/]+)", "profile"),
    ("POST", rf"/v1/profiles/{_KIND}/import", "import"),
    ("PUT", rf"/v1/profiles/{_KIND}/([^/]+)/link", "link"),
    ("DELETE", rf"/v1/profiles/{_KIND}/([^/]+)/link", "unlink"),
)
_HERE = ("division",)
ASKED = {
    "divisions": PAGED, "payables": (*PAGED, *_HERE, "include_deleted"), "profiles": (*PAGED, *_HERE),
    **dict.fromkeys(("subscribe", "unsubscribe", "offered", "offer", "import"), _HERE),
}  # fmt: skip


class Api(sandboxing.Api):
    """A WSGI application over the books."""

    routes = ROUTES
    asked = ASKED

    def __init__(self, books, tokens, limits):
        super().__init__(tokens, limits)
        self._books = books

    def admit(self, name):
        if not self._books.activated:
            raise Wrong(403, "integration_inactive", "The QuickBooks integration is not activated.")

    def _token(self, environ):
        return self.granted(environ, CLIENT)

    # -- the company -------------------------------------------------------------------------------------------------

    def _integration(self, environ):
        return {"name": NAME, "system": "quickbooks_online", "activated": self._books.activated}

    def _divisions(self, environ):
        after, limit = page(query_of(environ))
        rows = [
            {**one, "updated_at": ""} for one in DIVISIONS if after is None or one["id"] > after[1]
        ]
        return paged(query_of(environ), rows[:limit], len(rows) > limit)

    def _subscribe(self, environ):
        division, url = _division(environ), checks.address(json_body(environ))
        known = self._books.hubs.get(division, {})
        secret = known.get("secret") or secrets.token_urlsafe(24)
        if known.get("url") != url:
            self._books.do("call", division=division, url=url, secret=secret)
        return {"url": url, "secret": secret}

    def _unsubscribe(self, environ):
        self._books.do("call", division=_division(environ), url="", secret="")
        return {}

    def _offered(self, environ, name):
        return {"items": self._books.list(_division(environ), name)}

    def _offer(self, environ, name):
        body, division = json_body(environ), _division(environ)
        items = checks.offered(name, body)
        more = {"default": body.get("default_external_id"), "currency": body.get("currency")}
        self._books.do("offer", division=division, list=name, items=items, **more)
        return {"items": items}

    # -- payables ----------------------------------------------------------------------------------------------------

    def _payables(self, environ):
        query, division = query_of(environ), _division(environ)
        after, limit = page(query)
        deleted = query.get("include_deleted", "0")
        if deleted not in ("0", "1"):
            raise invalid("include_deleted", "0 or 1 is needed.")
        return paged(query, *self._books.changed(division, after, limit, deleted == "1"))

    def _payable(self, environ, id):
        return views.payable(self._books, self._known(id))

    def _known(self, id):
        if id not in self._books.payables:
            raise Wrong(404, "not_found", f"There is no payable {id}.")
        return self._books.payables[id]

    def _attachment(self, environ, id, file):
        found = files.handed_out(views.attachments(self._known(id)), file)
        if found:
            return found
        raise Wrong(404, "not_found", f"Payable {id} has no file {file}.")

    def _status(self, environ, id):
        self._known(id)
        told = accounting.status(json_body(environ), self._books.status(id), "this payable")
        if told != self._books.status(id):
            self._books.do("status", payable=id, status=told)
        return told

    # -- profiles ----------------------------------------------------------------------------------------------------

    def _profiles(self, environ, kind):
        query, division = query_of(environ), _division(environ)
        return paged(query, *self._books.profiles_of(kind, division, *page(query)))

    def _profile(self, environ, kind, id):
        return views.profile(self._books, kind, self._own(kind, id))

    def _own(self, kind, id):
        if id not in self._books.profiles.rows[kind]:
            raise Wrong(404, "not_found", f"There is no profile {id} among the {kind}.")
        return self._books.profiles.rows[kind][id]

    def _import(self, environ, kind):
        division, items = _division(environ), checks.brought(json_body(environ))
        return {"imported": self._books.do("bring", kind=kind, division=division, items=items)}

    def _link(self, environ, kind, id):
        known, told = self._own(kind, id), checks.link(json_body(environ))
        if any(known[name] != value for name, value in told.items()):
            self._books.do("link", kind=kind, id=id, link={**told, "who": "the hub"})
        return self._profile(environ, kind, id)

    def _unlink(self, environ, kind, id):
        self._own(kind, id)
        self._books.do("unlink", kind=kind, id=id)
        return self._profile(environ, kind, id)


def _division(environ):
    division = query_of(environ).get("division")
    if division not in {one["id"] for one in DIVISIONS}:
        raise invalid("division", "One of the company's divisions is needed.")
    return division
