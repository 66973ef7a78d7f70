"""Call Ontraccr's assumed API over `site.http`."""

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
    Retry,
    Row,
    Sentence,
    Site,
    iter_chunks,
    numbers_as_text,
    read_pages,
)
from hub_ontraccr import names

RowPages = Iterator[tuple[list[Row], str | None]]  # rows, and the cursor after them
PAGE_SIZE = 100
BATCH_SIZE = 200  # profiles in one import
RATE_LIMIT = "1000/30s"  # as assumed in openapi.yaml
PROFILE_PATHS = {"project": "projects", "cost_code": "cost-codes", "vendor": "vendors"}
LIST_PATHS = {"purchase_account": "purchase-accounts", "class": "classes", "tax_code": "tax-codes"}
# Where an admin activates the integration, according to Ontraccr's help.
ACTIVATION_PLACE = "Settings → Integrations → QuickBooks"
INACTIVE_CODE = b"integration_inactive"
WEBHOOK_PATH = "/v1/integration/webhook"
OUTDATED_STATUS = 409  # the HTTP status if Ontraccr has a newer version


class Ontraccr(ApiClient):
    """Calls for one division, with a bearer token that is renewed when Ontraccr rejects it."""

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

    def company_name(self) -> str | None:
        """Return the name of the company, if Ontraccr says it; its integration must be active."""
        self._credentials.renew()
        company: Row = self.find("/v1/integration") or {}
        if company.get(names.Integration.ACTIVATED) is False:
            raise _build_inactive_error()
        return company.get(names.Integration.NAME)

    def divisions(self) -> list[Row]:
        """Return every division of the company."""
        divisions: list[Row] = []
        for rows, _ in self._pages("/v1/divisions", None):
            divisions += rows
        return divisions

    def subscribe(self, url: str) -> str:
        """Have Ontraccr call this address; return the secret that signs its calls.

        Raise Refused if Ontraccr sends no secret, because its calls could not be verified.
        """
        body = {names.Webhook.URL: url}
        reply = self.call("PUT", WEBHOOK_PATH, params=self._division_parameter(), json=body)
        answer = reply.check().json()
        secret = answer.get(names.Webhook.SECRET)
        if not secret:
            self.unsubscribe()
            raise Refused(
                "Ontraccr sent no secret with which it signs its calls. To ask for them again,"
                " disable the app and enable it."
            )
        return str(secret)

    def unsubscribe(self) -> None:
        """Remove the address that Ontraccr calls."""
        reply = self.call("DELETE", WEBHOOK_PATH, params=self._division_parameter())
        reply.check()

    # -- payables --

    def payables(self, cursor: str | None = None) -> RowPages:
        """Yield (rows, cursor after them) of the division, with deleted ones, by time of change."""
        query = {names.Page.INCLUDE_DELETED: "1", **self._division_parameter()}
        return self._pages("/v1/payables", cursor, query)

    def payable(self, id: str) -> Row | None:
        """Return one payable of the division, or None if it does not have it."""
        row: Row | None = numbers_as_text(self.find(_build_payable_path(id)), names.TEXTS)
        is_foreign = isinstance(row, dict) and not self.is_own(row)
        return None if is_foreign else row

    def is_own(self, row: Row) -> bool:
        """Return whether a payable belongs to the division, as one that names none does."""
        division = row.get(names.Payable.DIVISION_ID)
        return not division or not self._division or str(division) == self._division

    def attachment(self, payable: str, id: str) -> bytes:
        """Return the bytes of a file."""
        path = f"{_build_payable_path(payable)}/attachments/{quote(id, safe='')}"
        reply = self.call("GET", path)
        if reply.not_found:
            raise Refused(
                "Ontraccr no longer has this file. Upload it there again, or attach it in"
                " QuickBooks."
            )
        return reply.check().body

    def set_status(self, payable: str, status: Row) -> bool:
        """Report a state to a payable; return False if Ontraccr has a newer one."""
        path = f"{_build_payable_path(payable)}/accounting-status"
        reply = self.call("PUT", path, json=status)
        if reply.status == OUTDATED_STATUS:
            return False
        self.confirm(reply, names.Status.STATE)
        return True

    # -- profiles --

    def profiles(self, kind: str) -> list[Row]:
        """Return every profile of a kind, archived ones too.

        What has no id or name is left out, so that it stops none of the others.
        """
        path = f"/v1/profiles/{PROFILE_PATHS[kind]}"
        profiles: list[Row] = []
        for rows, _ in self._pages(path, None, self._division_parameter()):
            profiles += filter(_is_profile, rows)
        return profiles

    def profile(self, kind: str, id: str) -> Row | None:
        """Return one profile, or None if Ontraccr does not have it."""
        row: Row | None = numbers_as_text(self.find(_build_profile_path(kind, id)), names.TEXTS)
        return row

    def link(self, kind: str, id: str, external_id: str, name: str, record_type: str) -> None:
        """Link a profile to a record of QuickBooks; raise Retry if the answer has another link."""
        body = {
            names.Link.EXTERNAL_ID: external_id,
            names.Link.EXTERNAL_NAME: name,
            names.Link.EXTERNAL_TYPE: record_type,
        }
        path = f"{_build_profile_path(kind, id)}/link"
        reply = self.call("PUT", path, json=body)
        profile = self.confirm(reply, names.Profile.EXTERNAL_ID)
        if profile and str(profile[names.Profile.EXTERNAL_ID]) != external_id:
            raise Retry(
                "Ontraccr did not link its profile to “%(name)s” of QuickBooks. It is linked again"
                " later.",
                name=name,
            )

    def import_profiles(self, kind: str, items: Sequence[Row]) -> None:
        """Create profiles of new entries, and update linked ones, up to BATCH_SIZE in each call."""
        path = f"/v1/profiles/{PROFILE_PATHS[kind]}/import"
        for chunk in iter_chunks(items, BATCH_SIZE):
            body = {names.ImportedProfile.ITEMS: chunk}
            reply = self.call("POST", path, params=self._division_parameter(), json=body)
            self.confirm(reply, names.ImportedProfile.IMPORTED)

    # -- lists of QuickBooks that Ontraccr offers --

    def offer_choices(self, field: str, items: Sequence[Row], extra_fields: Row) -> None:
        """Replace a list that Ontraccr offers; `extra_fields` are sent beside its items.

        It may offer no tax codes: then payables get the one of the settings.
        """
        body = {names.Choice.ITEMS: items, **extra_fields}
        path = f"/v1/integration/{LIST_PATHS[field]}"
        reply = self.call("PUT", path, params=self._division_parameter(), json=body)
        if field == "tax_code" and reply.not_found:
            return
        self.confirm(reply, names.Choice.ITEMS)

    def choices(self, field: str) -> list[Row]:
        """Return the items of the list that Ontraccr has."""
        path = f"/v1/integration/{LIST_PATHS[field]}"
        answer = self.get(path, **self._division_parameter())
        items: list[Row] = numbers_as_text(answer[names.Choice.ITEMS] or [], names.TEXTS)
        return items

    # -- one call --

    def _division_parameter(self) -> Row:
        """Return the parameter that names the division."""
        return {names.Page.DIVISION: self._division}

    def _pages(self, path: str, cursor: str | None, query: Row | None = None) -> RowPages:
        """Yield (rows, cursor after them) of a list, from a cursor on."""

        def fetch(cursor: str | None) -> Page[Row]:
            """Return the page after a cursor."""
            params = {names.Page.LIMIT: PAGE_SIZE, names.Page.CURSOR: cursor, **(query or {})}
            page = self.get(path, **params)
            return Page(
                numbers_as_text(page[names.Page.ITEMS] or [], names.TEXTS),
                page.get(names.Page.NEXT_CURSOR),
                page.get(names.Page.HAS_MORE),
            )

        return read_pages(fetch, cursor, "Ontraccr")

    def call(self, method: str, path: str, **request: Any) -> Reply:
        """Send a request; raise NeedsAttention if the integration is not activated."""
        reply = super().call(method, path, **request)
        if reply.status == 403 and INACTIVE_CODE in reply.body:
            raise _build_inactive_error()
        return reply


def _build_inactive_error() -> NeedsAttention:
    """Return the error for a company that has not activated the integration."""
    return NeedsAttention(
        "The QuickBooks integration is not activated in Ontraccr, so nothing"
        " is synced. Let an admin activate it there under %(place)s.",
        place=ACTIVATION_PLACE,
    )


def _build_payable_path(id: str) -> str:
    """Return the path of a payable in the API."""
    return f"/v1/payables/{quote(id, safe='')}"


def _is_profile(row: object) -> bool:
    """Return whether a row of a list is a profile with an id and a name."""
    if not isinstance(row, dict) or not row.get(names.Profile.ID):
        return False
    name = row.get(names.Profile.NAME)
    return isinstance(name, str) and bool(name.strip())


def _build_profile_path(kind: str, id: str) -> str:
    """Return the path of a profile in the API."""
    return f"/v1/profiles/{PROFILE_PATHS[kind]}/{quote(id, safe='')}"
