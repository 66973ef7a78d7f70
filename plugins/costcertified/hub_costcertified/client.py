"""CostCertified's API over `site.http`: every call that the app makes, and every assumption about their form."""

import hashlib
from urllib.parse import quote

from hub import NeedsAttention, Retry
from hub_costcertified import names

PAGE = 100
SUPPORT = "CostCertified support, in its chat or by a ticket"
CLOSED = b"payments_disabled"


class CostCertified:
    """The calls, each with a bearer token; the refresh token behind it changes with every use.

    Of two refresh tokens the newer one counts, and the one before it until then: an answer that was lost costs nothing.
    """

    def __init__(self, site):
        self._http, self._secrets = site.http, site.secrets
        self._base = site.settings["base_url"].rstrip("/")
        self._client = (site.settings["client_id"], site.secrets["client_secret"])
        self._given = site.secrets["refresh_token"]

    def account(self):
        """The account that gave the access: its name, currency, and whether it takes payments of clients."""
        self._renew(self._token())
        return self._call("GET", "/v1/account").check().json()

    def pages(self, things, cursor=None):
        """(rows, cursor after them) of invoices, payments, payouts or expenses, oldest change first."""
        more = True
        while more:
            params = {names.Page.LIMIT: PAGE} | ({names.Page.CURSOR: cursor} if cursor else {})
            page = self._call("GET", f"/v1/{things}", params=params).check().json()
            before, cursor = cursor, page[names.Page.NEXT_CURSOR] or cursor
            more = page[names.Page.HAS_MORE]
            if more and cursor == before:
                raise Retry(
                    "CostCertified sent the same page of its list twice; it is asked again later."
                )
            yield page[names.Page.ITEMS], cursor

    def one(self, things, id):
        """One row, or None when CostCertified does not have it."""
        reply = self._call("GET", f"/v1/{things}/{quote(id, safe='')}")
        return None if reply.not_found else reply.check().json()

    def set_status(self, things, id, status):
        """Tells a row what became of it; False when CostCertified already knows something newer."""
        reply = self._call(
            "PUT", f"/v1/{things}/{quote(id, safe='')}/accounting-status", json=status
        )
        return reply.status != 409 and bool(reply.check())

    def _call(self, method, path, **what):
        token = self._token() or self._renew("")
        reply = self._send(method, path, token, **what)
        if reply.status == 401:
            reply = self._send(method, path, self._renew(token), **what)
        if reply.status == 403 and CLOSED in reply.body:
            raise NeedsAttention(
                "The account no longer takes payments of clients through CostCertified, so nothing is exported. Switch"
                f" payments on there again, or ask {SUPPORT}."
            )
        return reply

    def _send(self, method, path, token, **what):
        return self._http.request(
            method, self._base + path, headers={"Authorization": f"Bearer {token}"}, **what
        )

    # -- tokens ------------------------------------------------------------------------------------------------------

    def _token(self):
        return self._kept("access_token")

    def _renew(self, old):
        """A new access token, unless another process has brought one since; the new refresh token is kept first."""
        with self._secrets.lock():
            token = self._token()
            if token and token != old:
                return token
            form = {
                "grant_type": "refresh_token",
                "refresh_token": self._kept("renewed_token") or self._given,
            }
            reply = self._http.request(
                "POST", f"{self._base}/oauth/token", auth=self._client, data=form
            )
            if reply.status in (400, 401):
                raise NeedsAttention(
                    "CostCertified does not accept the access any more. Check client id, secret and refresh"
                    f" token in the settings of the app, or ask for new ones: {SUPPORT}."
                )
            made = reply.check().json()
            self._secrets["renewed_token"] = f"{self._owner()} {made['refresh_token']}"
            self._secrets["access_token"] = f"{self._owner()} {made['access_token']}"
            return made["access_token"]

    def _kept(self, name):
        """A token kept for this access; that of a former one is forgotten with it."""
        owner, _, token = self._secrets.get(name, "").partition(" ")
        return token if owner == self._owner() else ""

    def _owner(self):
        return hashlib.sha256(
            "\n".join((self._base, *self._client, self._given)).encode()
        ).hexdigest()[:16]
