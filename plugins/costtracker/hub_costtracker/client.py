"""CostTracker's API over `site.http`: every call that the app makes, and every assumption about their form."""

import hashlib
from urllib.parse import quote

from hub import AccessNeeded, NeedsAttention, Refused, Retry
from hub_costtracker import names

PAGE = 100
SUPPORT = "CostTracker support (support@costtracker.no, or the integration section in CostTracker)"
CLOSED = b"integrations_disabled"


class CostTracker:
    """The calls, each with a bearer token that is asked for when there is none or it no longer counts."""

    def __init__(self, site):
        self._http, self._secrets = site.http, site.secrets
        self._base = site.settings["base_url"].rstrip("/")
        self._client = (site.settings["client_id"], site.secrets["client_secret"])

    def account(self):
        """The account behind the credentials; says who opens the integration where it is closed."""
        self._new_token()
        account = self._call("GET", "/v1/account").check().json()
        if not account.get(names.Account.INTEGRATIONS_ENABLED, True):
            raise AccessNeeded(
                f"The CostTracker account {account[names.Account.NAME]} does not have integrations"
                " yet.",
                SUPPORT,
            )
        return account

    def invoices(self, cursor=None):
        """(rows, cursor after them), page by page, oldest change first."""
        return self._pages("/v1/invoices", cursor)

    def invoice(self, id):
        """One invoice, or None when CostTracker does not have it."""
        reply = self._call("GET", f"/v1/invoices/{quote(id, safe='')}")
        return None if reply.not_found else reply.check().json()

    def attachment(self, invoice, id):
        """The bytes of a file."""
        reply = self._call(
            "GET", f"/v1/invoices/{quote(invoice, safe='')}/attachments/{quote(id, safe='')}"
        )
        if reply.not_found:
            raise Refused(
                "CostTracker no longer has this file. Upload it there again, or attach it in QuickBooks."
            )
        return reply.check().body

    def set_status(self, invoice, status):
        """Tells the invoice what became of it; False when CostTracker already knows something newer."""
        reply = self._call(
            "PUT", f"/v1/invoices/{quote(invoice, safe='')}/accounting-status", json=status
        )
        return reply.status != 409 and bool(reply.check())

    def suppliers(self, cursor=None):
        """(rows, cursor after them) of the suppliers that people edited in CostTracker."""
        return self._pages("/v1/suppliers", cursor)

    def push(self, kind, items):
        """Puts entries of a list into CostTracker; returns the ids it gave them by ours."""
        body = {names.Record.ITEMS: items}
        answer = self._call("PUT", f"/v1/master-data/{kind}", json=body).check().json()
        imported = answer[names.Record.IMPORTED]
        return {row[names.Record.EXTERNAL_ID]: str(row[names.Record.ID]) for row in imported}

    def _pages(self, path, cursor):
        more = True
        while more:
            params = {names.Page.LIMIT: PAGE} | ({names.Page.CURSOR: cursor} if cursor else {})
            page = self._call("GET", path, params=params).check().json()
            before, cursor = cursor, page[names.Page.NEXT_CURSOR] or cursor
            more = page[names.Page.HAS_MORE]
            if more and cursor == before:
                raise Retry(
                    "CostTracker sent the same page of its list twice; it is asked again later."
                )
            yield page[names.Page.ITEMS], cursor

    def _call(self, method, path, **what):
        reply = self._send(method, path, self._token() or self._new_token(), **what)
        if reply.status == 401:
            reply = self._send(method, path, self._new_token(), **what)
        if reply.status == 403 and CLOSED in reply.body:
            raise NeedsAttention(
                "The CostTracker account has no integrations any more, so nothing is read or told."
                f" Ask {SUPPORT} for access."
            )
        return reply

    def _send(self, method, path, token, **what):
        return self._http.request(
            method, self._base + path, headers={"Authorization": f"Bearer {token}"}, **what
        )

    def _token(self):
        """The token kept for these credentials; that of former ones is forgotten with them."""
        owner, _, token = self._secrets.get("access_token", "").partition(" ")
        return token if owner == self._owner() else ""

    def _new_token(self):
        reply = self._http.request(
            "POST",
            f"{self._base}/oauth/token",
            auth=self._client,
            data={"grant_type": "client_credentials"},
        )
        if reply.status in (400, 401):
            raise NeedsAttention(
                "CostTracker does not accept the client id and secret. Check them in the settings of"
                f" the app, or ask {SUPPORT} for new ones."
            )
        token = reply.check().json()["access_token"]
        self._secrets["access_token"] = f"{self._owner()} {token}"
        return token

    def _owner(self):
        return hashlib.sha256("\n".join((self._base, *self._client)).encode()).hexdigest()[:16]
