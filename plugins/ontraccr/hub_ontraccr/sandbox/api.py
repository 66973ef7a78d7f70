"""The API itself: token, the integration, payables with their files, profiles with their links, lists."""

import secrets

from hub.sandboxing import accounting, form_of, json_answer, query_of, text_answer
from hub.sandboxing.strict import Wrong, invalid, json_body, page, paged, routed
from hub.sandboxing.tokens import basic_of
from hub_ontraccr.sandbox import checks, files, views
from hub_ontraccr.sandbox.company import CLIENT, DIVISIONS, KINDS, NAME

LIFETIME = 86400
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
ANSWERS_ANYWAY = ("integration", "divisions")


def route(environ):
    """(name of the call, its arguments); None for the name when there is no such call."""
    return routed(ROUTES, environ)


class Api:
    """A WSGI application over the books."""

    def __init__(self, books, tokens, limits):
        self._books, self._tokens, self._limits = books, tokens, limits

    def __call__(self, environ, start):
        name, arguments = route(environ)
        try:
            self._admit(environ, name)
            answer = getattr(self, f"_{name}")(environ, *arguments)
        except Wrong as wrong:
            headers = (("Retry-After", str(self._limits.wait())),) if wrong.status == 429 else ()
            return json_answer(start, wrong.status, wrong.body, headers)
        if isinstance(answer, tuple):
            mime, content = answer
            return text_answer(start, 200, content, mime)
        return json_answer(start, 200, answer)

    def _admit(self, environ, name):
        if name is None:
            raise Wrong(404, "not_found", "There is no such call.")
        if not self._limits.admit():
            raise Wrong(429, "too_many_requests", "Too many requests; wait.")
        if name == "token":
            return
        if self._tokens.holder(environ) is None:
            raise Wrong(401, "unauthorized", "The bearer token is missing, unknown or expired.")
        if not self._books.activated:
            raise Wrong(403, "integration_inactive", "The QuickBooks integration is not activated.")

    def _token(self, environ):
        if form_of(environ) != {"grant_type": "client_credentials"}:
            raise Wrong(400, "unsupported_grant_type", "Only client_credentials is supported.", "grant_type")
        client, secret = basic_of(environ)
        if not self._tokens.knows(client, secret):
            raise Wrong(401, "invalid_client", "The client id or secret is wrong.")
        return {"access_token": self._tokens.issue(CLIENT, client), "token_type": "Bearer", "expires_in": LIFETIME}

    # -- the company -------------------------------------------------------------------------------------------------

    def _integration(self, environ):
        return {"name": NAME, "system": "quickbooks_online", "activated": self._books.activated}

    def _divisions(self, environ):
        after, limit = page(query_of(environ))
        rows = [{**one, "updated_at": ""} for one in DIVISIONS if after is None or one["id"] > after[1]]
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
        after, limit = page(query, "division", "include_deleted")
        return paged(query, *self._books.changed(division, after, limit, query.get("include_deleted") == "1"))

    def _payable(self, environ, id):
        return views.payable(self._books, self._known(id))

    def _known(self, id):
        if id not in self._books.payables:
            raise Wrong(404, "not_found", f"There is no payable {id}.")
        return self._books.payables[id]

    def _attachment(self, environ, id, file):
        for known, sort, text in views.attachments(self._known(id)):
            content = files.content(sort, text)
            if known == file and content is not None:
                return files.described(sort, text)["mime"], content
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
        return paged(query, *self._books.profiles_of(kind, division, *page(query, "division")))

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
