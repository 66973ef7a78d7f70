"""Ontraccr's API over `site.http`: every call of the app, and what it assumes about it."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from hub import (
    ApiClient,
    ClientCredentials,
    NeedsAttention,
    Page,
    Refused,
    Reply,
    Row,
    Sentence,
    Site,
    iter_chunks,
    read_pages,
)
from hub_ontraccr import names

Pages = Iterator[tuple[list[Row], str | None]]  # rows, and the cursor after them
PAGE_SIZE = 100
BATCH_SIZE = 200  # profiles that one import takes
RATE = "1000/30s"  # as assumed in openapi.yaml
PROFILES = {"project": "projects", "cost_code": "cost-codes", "vendor": "vendors"}
LISTS = {"purchase_account": "purchase-accounts", "class": "classes", "tax_code": "tax-codes"}
# Where the integration is activated, as Ontraccr's help says.
PLACE = "Settings → Integrations → QuickBooks"
INACTIVE = b"integration_inactive"
WEBHOOK = "/v1/integration/webhook"
OUTDATED_STATUS = 409  # the status of an answer to a receipt for an older version


class Ontraccr(ApiClient):
    """The calls for one division, with a bearer token that is renewed when it is rejected."""

    def __init__(self, site: Site) -> None:
        self._division = site.settings["division"] or site.tenant
        self._credentials = ClientCredentials(
            site,
            "Ontraccr",
            refused=Sentence(
                "Ontraccr does not accept the client id and secret. Check them in the"
                " settings of the app, or ask Ontraccr for new ones."
            ),
        )
        super().__init__(site, "Ontraccr", tokens=self._credentials)

    # -- the company --

    def company(self) -> Row:
        """Return the company behind the credentials; its QuickBooks integration must be active."""
        self._credentials.renew()
        company: Row = self.get("/v1/integration")
        return company

    def divisions(self) -> list[Row]:
        """Return every division of the company."""
        divisions: list[Row] = []
        for rows, _ in self._pages("/v1/divisions", None):
            divisions += rows
        return divisions

    def subscribe(self, url: str) -> str:
        """Have Ontraccr call this address; return the secret that signs its calls."""
        body = {names.Webhook.URL: url}
        reply = self.call("PUT", WEBHOOK, params=self._of_division(), json=body)
        answer = reply.check().json()
        return str(answer[names.Webhook.SECRET])

    def unsubscribe(self) -> None:
        """Have Ontraccr call no address any more."""
        reply = self.call("DELETE", WEBHOOK, params=self._of_division())
        reply.check()

    # -- payables --

    def payables(self, cursor: str | None = None) -> Pages:
        """Yield (rows, cursor after them) of the division, oldest change first, with deleted."""
        query = {names.Page.INCLUDE_DELETED: "1", **self._of_division()}
        return self._pages("/v1/payables", cursor, query)

    def payable(self, id: str) -> Row | None:
        """Return one payable of the division, or None if it does not have it."""
        row: Row | None = self.find(_payable_path(id))
        if not row or str(row.get(names.Payable.DIVISION_ID)) != self._division:
            return None
        return row

    def attachment(self, payable: str, id: str) -> bytes:
        """Return the bytes of a file."""
        path = f"{_payable_path(payable)}/attachments/{quote(id, safe='')}"
        reply = self.call("GET", path)
        if reply.not_found:
            raise Refused(
                "Ontraccr no longer has this file. Upload it there again, or attach it in"
                " QuickBooks."
            )
        return reply.check().body

    def set_status(self, payable: str, status: Row) -> bool:
        """Report a state to a payable; return False if Ontraccr has a newer one."""
        path = f"{_payable_path(payable)}/accounting-status"
        reply = self.call("PUT", path, json=status)
        if reply.status == OUTDATED_STATUS:
            return False
        reply.check()
        return True

    # -- profiles --

    def profiles(self, kind: str) -> list[Row]:
        """Return every profile of a kind, archived ones too."""
        path = f"/v1/profiles/{PROFILES[kind]}"
        profiles: list[Row] = []
        for rows, _ in self._pages(path, None, self._of_division()):
            profiles += rows
        return profiles

    def profile(self, kind: str, id: str) -> Row | None:
        """Return one profile, or None if Ontraccr does not have it."""
        row: Row | None = self.find(_profile_path(kind, id))
        return row

    def link(self, kind: str, id: str, external_id: str, name: str, record_type: str) -> None:
        """Link a profile to a record of QuickBooks."""
        body = {
            names.Link.EXTERNAL_ID: external_id,
            names.Link.EXTERNAL_NAME: name,
            names.Link.EXTERNAL_TYPE: record_type,
        }
        path = f"{_profile_path(kind, id)}/link"
        self.call("PUT", path, json=body).check()

    def import_profiles(self, kind: str, items: Sequence[Row]) -> None:
        """Create profiles of new entries, and update those that are linked, some in each call."""
        path = f"/v1/profiles/{PROFILES[kind]}/import"
        for chunk in iter_chunks(items, BATCH_SIZE):
            body = {names.ImportedProfile.ITEMS: chunk}
            reply = self.call("POST", path, params=self._of_division(), json=body)
            reply.check()

    # -- lists of QuickBooks that Ontraccr offers --

    def offer_choices(self, field: str, items: Sequence[Row], more: Row) -> None:
        """Replace the whole list that Ontraccr has; `more` are further fields beside its items."""
        body = {names.Choice.ITEMS: items, **more}
        path = f"/v1/integration/{LISTS[field]}"
        reply = self.call("PUT", path, params=self._of_division(), json=body)
        reply.check()

    def choices(self, field: str) -> list[Row]:
        """Return the items of the list that Ontraccr has."""
        path = f"/v1/integration/{LISTS[field]}"
        answer = self.get(path, **self._of_division())
        items: list[Row] = answer[names.Choice.ITEMS]
        return items

    # -- one call --

    def _of_division(self) -> Row:
        """Return the parameter that names the division."""
        return {names.Page.DIVISION: self._division}

    def _pages(self, path: str, cursor: str | None, query: Row | None = None) -> Pages:
        """Yield (rows, cursor after them) of a list, from a cursor on."""

        def fetch(cursor: str | None) -> Page[Row]:
            """Return the page after a cursor."""
            params = {names.Page.LIMIT: PAGE_SIZE, names.Page.CURSOR: cursor, **(query or {})}
            page = self.get(path, **params)
            return Page(
                page[names.Page.ITEMS],
                page[names.Page.NEXT_CURSOR],
                page[names.Page.HAS_MORE],
            )

        return read_pages(fetch, cursor, "Ontraccr")

    def call(self, method: str, path: str, **request: Any) -> Reply:
        """Send a request; raise NeedsAttention if the integration is not activated."""
        reply = super().call(method, path, **request)
        if reply.status == 403 and INACTIVE in reply.body:
            raise NeedsAttention(
                "The QuickBooks integration is not activated in Ontraccr, so nothing"
                " is synced. Let an admin activate it there under %(place)s.",
                place=PLACE,
            )
        return reply


def _payable_path(id: str) -> str:
    """Return the path of a payable in the API."""
    return f"/v1/payables/{quote(id, safe='')}"


def _profile_path(kind: str, id: str) -> str:
    """Return the path of a profile in the API."""
    return f"/v1/profiles/{PROFILES[kind]}/{quote(id, safe='')}"
