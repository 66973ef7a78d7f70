"""Call ION's API over `site.http`: tokens, pages, etags and errors."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from hub import (
    ApiClient,
    ClientCredentials,
    NeedsAttention,
    Refused,
    Reply,
    Retry,
    Row,
    Sentence,
    Site,
    is_transient,
    require_id,
)
from hub_ion import queries, schema
from hub_ion.answers import (
    complete_row,
    find_broken_row,
    get_attribute_etag,
    get_errors,
    get_message,
    get_next_cursor,
    has_changed_rows,
    is_about_schema,
    is_page,
    read_page,
    read_types,
)
from hub_ion.queries import Listing, ShortList

log = logging.getLogger(__name__)
PAGE_SIZE = 100
ABSENT_FIELDS_KEY = "fields that its schema lacks"
MAX_TRIES = 3


def _get_environment(label: str, api: str, auth: str) -> tuple[str, str, str]:
    """Return the label of an environment, the address of its API, and that of its tokens."""
    return (
        label,
        f"https://{api}/graphql",
        f"https://{auth}/realms/api-keys/protocol/openid-connect/token",
    )


ENVIRONMENTS = {
    "production": _get_environment("Production", "api.buildwithion.com", "auth.buildwithion.com"),
    "sandbox": _get_environment(
        "Sandbox", "staging-api.buildwithion.com", "staging-auth.buildwithion.com"
    ),
    "gov": _get_environment("Government", "api.ion-gov.com", "auth.ion-gov.com/auth"),
    "gov_sandbox": _get_environment(
        "Government sandbox", "staging-api.ion-gov.com", "staging-auth.ion-gov.com"
    ),
    "australia": _get_environment(
        "Australia", "api-production-aus.buildwithion.com", "auth.ion-aus.com/auth"
    ),
    "australia_sandbox": _get_environment(
        "Australia sandbox", "api-staging-aus.buildwithion.com", "staging-auth.ion-aus.com"
    ),
    "custom": ("Custom", "", ""),
}
HOSTS = ("*.buildwithion.com", "*.ion-gov.com", "*.ion-aus.com", "{api_url}", "{token_url}")
CONFLICT_MESSAGE = re.compile(r"etag|stale|been (updated|modified|changed) since", re.IGNORECASE)
FORBIDDEN_MESSAGE = re.compile(r"permission|forbidden|not (allowed|authori[sz]ed)", re.IGNORECASE)
# How ION may say in an answer with status 200 that a token has run out.
TOKEN_MESSAGE = re.compile(
    r"token\b.*\b(expired|invalid)|(expired|invalid)\b.*\btoken|signature has expired"
    r"|unauthenticated|not authenticated",
    re.IGNORECASE,
)


class Conflict(Retry):
    """A row was changed after its etag was read, so that ION refuses to change it."""

    def __init__(self) -> None:
        super().__init__("What the hub wanted to change in ION has changed there meanwhile.")


class NotAnswered(Retry):
    """ION failed to answer a query, or to carry out a mutation."""


class MutationForbidden(Refused):
    """ION refuses a mutation that the rights of the key do not allow."""


class SchemaMismatch(NeedsAttention):
    """ION's schema lacks something that a query uses."""


@dataclass(frozen=True)
class Page:
    """Rows in the order of their ids; `start` is the cursor that reads this page again."""

    rows: list[Row]
    start: str | None


class Ion:
    """Calls to ION, each with a bearer token that is renewed when ION rejects it."""

    def __init__(self, site: Site) -> None:
        self._secrets = site.secrets
        self._settings = site.settings
        self.environment, api, token = ENVIRONMENTS[site.settings["environment"]]
        self._url = api or site.settings["api_url"]
        self._tokens = ClientCredentials(
            site,
            "ION",
            base_url=self._url,
            token_url=token or site.settings["token_url"],
            refused=Sentence(
                "ION did not accept these API keys in its environment %(environment)s. %(pair)s",
                environment=self.environment,
                pair=self._explain_keys(),
            ),
            form={"audience": self._url},
            in_form=True,
        )
        self.api = ApiClient(site, "ION", base_url=self._url, tokens=self._tokens)
        self.absent_fields = frozenset(self._secrets.get(ABSENT_FIELDS_KEY, "").split())
        # The first part of each name without case, as far as parts were read over this client.
        self.first_part_ids: dict[tuple[str, str], Any] = {}

    def organization(self) -> tuple[str, str]:
        """Return the id and name of the organization that the keys belong to."""
        self._tokens.renew()
        user = self.ask(queries.CURRENT_USER)["me"] or {}
        organization = user.get("organization")
        if not organization:
            raise NeedsAttention(
                "ION does not say to which organization these keys belong. Make new ones in ION."
            )
        id = require_id(organization, "id")
        return id, organization["domain"] or f"organization {id}"

    def read_schema(self) -> frozenset[str]:
        """Read ION's schema; return the requested fields that it does not have, as `Type.field`.

        From then on queries leave out those that orders can be posted without, unless the schema
        lacks others too, as an incomplete one does.
        """
        data, errors = self._parse_answer(queries.SCHEMA, {})
        if errors:
            self._refuse(queries.SCHEMA, errors[0])
        absent_fields = schema.find_absent_fields(read_types(data))
        if not schema.list_missing_requirements(absent_fields, self._settings):
            self.absent_fields = absent_fields
            self._secrets[ABSENT_FIELDS_KEY] = " ".join(sorted(absent_fields))
        return absent_fields

    def pages(
        self, query: Listing, filters: Row | None = None, after: str | None = None
    ) -> Iterator[Page]:
        """Yield every page of a list, each row once, even if rows move between pages.

        A page is read again after the next one: if a row was deleted meanwhile, the first row of
        the next page has moved to it. ION's count does not show that if a row was added as well.
        """
        ids_read: set[Any] = set()
        is_first = True
        before: str | None = None
        while True:
            rows, info = self._read_page(query, filters, after)
            if not is_first:
                again, _ = self._read_page(query, filters, before)
                rows = [*again, *rows]
            new_rows = {row["id"]: row for row in rows if row["id"] not in ids_read}
            yield Page(list(new_rows.values()), after)
            ids_read.update(new_rows)
            if not info["hasNextPage"]:
                return
            before, after, is_first = after, get_next_cursor(info, after), False

    def rows(self, query: Listing, filters: Row | None = None) -> list[Row]:
        """Return the rows of all pages."""
        rows: list[Row] = []
        for page in self.pages(query, filters):
            rows += page.rows
        return rows

    def write_number(self, id: str, key: str, text: str) -> None:
        """Write an order's number in QuickBooks to External Reference or the attribute `key`."""
        query = queries.ORDER_ATTRIBUTES if key else queries.ORDER_REFERENCE
        for _ in range(MAX_TRIES):
            order = self.ask(query, id=id)["order"]
            if order is None or _get_current_text(order, key) == text:
                return
            etag = get_attribute_etag(order, key) if key else order["etag"]
            try:
                self._write_text(id, etag, key, text)
                return
            except Conflict:
                continue
        raise Retry("Order %(id)s changed in ION while the hub wrote to it.", id=str(id))

    def _write_text(self, id: str, etag: str, key: str, text: str) -> None:
        """Write to an attribute of an order, or to its External Reference if the key is empty."""
        if key:
            self.ask(queries.SET_ATTRIBUTE, key=key, id=id, etag=etag, text=text)
        else:
            self.ask(queries.SET_REFERENCE, id=id, etag=etag, text=text)

    # -- one request --

    def ask(self, query: str, **variables: Any) -> Any:
        """Return the data of a query; raise Conflict or Refused for a rejected mutation.

        A mutation that returns its row was carried out, even if the answer has errors as well, such
        as those of a rule that allows it. Raise Retry if neither a row nor an error comes.
        """
        data, errors = self._parse_answer(query, variables)
        is_mutation = query.startswith("mutation")
        if is_mutation and has_changed_rows(data):
            return data
        if errors:
            self._refuse(query, errors[0])
        if is_mutation or data is None:
            raise Retry(
                "ION answered without an error and without saying that it did what it was asked;"
                " it is asked again later."
            )
        return data

    def list_short(self, query: ShortList) -> list[Row]:
        """Return the rows of a short list, in whichever form ION gives it."""
        try:
            return self._list_pages(query)
        except SchemaMismatch:
            return list(self.ask(query.text(is_paged=False))["rows"] or ())

    def _list_pages(self, query: ShortList) -> list[Row]:
        """Return the rows of all pages of a short list."""
        rows: list[Row] = []
        after: str | None = None
        while True:
            page = self.ask(query.text(is_paged=True), first=PAGE_SIZE, after=after)["rows"]
            page_rows, info = read_page(page)
            rows += [row for row in page_rows if row is not None]
            if not info["hasNextPage"]:
                return rows
            after = get_next_cursor(info, after)

    def _read_page(
        self, query: Listing, filters: Row | None, after: str | None
    ) -> tuple[list[Row], Row]:
        """Return (rows, page info) of one page; mark rows that ION could not return completely."""
        variables = {"filters": filters or {}, "first": PAGE_SIZE, "after": after}
        data, errors = self._answer_list(query, variables)
        if not data or not data.get("rows"):
            error = errors[0] if errors else {"message": "no rows"}
            self._refuse(query.text(self.absent_fields), error)
        rows, info = read_page(data["rows"])
        for error in errors:
            self._mark_unreadable(rows, error)
        complete_rows = []
        for row in rows:
            if row is None:
                raise Retry("ION could not return one of its rows; it is asked again later.")
            complete_rows.append(complete_row(query, row, self.absent_fields))
        return complete_rows, info

    def _answer_list(self, query: Listing, variables: Row) -> tuple[Any, list[Row]]:
        """Ask for a page; if ION rejects the query, read its schema and ask again."""
        try:
            return self._parse_answer(query.text(self.absent_fields), variables)
        except SchemaMismatch:
            before = self.absent_fields
            self.read_schema()
            if self.absent_fields == before:
                raise
            return self._parse_answer(query.text(self.absent_fields), variables)

    def _mark_unreadable(self, rows: list[Row | None], error: Row) -> None:
        """Mark the row that ION could not return completely; the other rows are complete."""
        row = find_broken_row(rows, error)
        if row is None:
            raise Retry(
                "ION could not answer (%(message)s); it is asked again later.",
                message=str(error.get("message")),
            )
        row["broken"] = error.get("message") or Sentence("it gave no reason")

    def _parse_answer(self, query: str, variables: Row) -> tuple[Any, list[Row]]:
        """Send a query, and return (data, errors) of the answer."""
        reply = self._send({"query": query, "variables": variables})
        if reply.status == 403 and not is_page(reply):
            raise self._refusal(query, get_message(reply))
        if reply.status == 409:
            raise Conflict()
        answer = reply.json() if reply.status in (400, 422) else reply.check().json()
        errors = get_errors(answer)
        if errors and "data" not in answer:
            if reply.status == 400 or is_about_schema(errors[0]):
                self._refuse_query(errors[0])
            self._refuse(query, errors[0])
        if errors:
            trace = reply.headers.get("x-b3-trace-id")
            log.warning("ION, trace %s: %s", trace, errors[0].get("message"))
        return answer.get("data"), errors

    def _send(self, body: Row) -> Reply:
        """Send a query; if the answer rejects the token in its errors, renew it and repeat."""
        reply = self.api.call("POST", "", json=body)
        if _rejects_token(reply):
            self._tokens.renew()
            reply = self.api.call("POST", "", json=body)
        if reply.status == 401 or _rejects_token(reply):
            raise NeedsAttention(
                "ION's API does not accept its own tokens. %(pair)s", pair=self._explain_keys()
            )
        return reply

    def _refuse_query(self, error: Row) -> NoReturn:
        """Raise SchemaMismatch for a query that ION rejects as a whole."""
        raise SchemaMismatch(
            "ION does not understand what it is asked (%(message)s). Its API has"
            " changed: press Test connection in the settings of ION to see what is"
            " missing, and install the newest version of this app.",
            message=str(error.get("message")),
        )

    def _refuse(self, query: str, error: Row) -> NoReturn:
        """Raise the error for a query or mutation that ION did not carry out."""
        message = str(error.get("message") or "no reason given")
        if CONFLICT_MESSAGE.search(message):
            raise Conflict()
        if FORBIDDEN_MESSAGE.search(message):
            raise self._refusal(query, message)
        if query.startswith("mutation") and not is_transient(message):
            raise Refused(
                "ION did not accept what the hub wrote: “%(message)s”. Solve that in ION, or enter"
                " there by hand what is missing.",
                message=message,
            )
        raise NotAnswered(
            "ION could not answer (%(message)s); it is asked again later.", message=message
        )

    def _refusal(self, query: str, message: str) -> MutationForbidden | NeedsAttention:
        """Return the error for a missing right; without the right to read, everything waits."""
        reason = Sentence(
            "The API key may not do that in ION (%(message)s). A key has the rights"
            " that its maker had when it was made: make a new one with a user who has"
            " the right, and put it into the settings of ION.",
            message=message,
        )
        return MutationForbidden(reason) if query.startswith("mutation") else NeedsAttention(reason)

    # -- tokens --

    def _explain_keys(self) -> str:
        """Return a sentence that says that a key belongs to one environment."""
        return Sentence(
            "A key belongs to the one environment that it was made in: choose that one"
            " in place of %(environment)s, or make a new key there under Settings →"
            " API Keys.",
            environment=self.environment,
        )


def _rejects_token(reply: Reply) -> bool:
    """Return whether an answer with status 200 has no data because of the token."""
    if reply.status != 200 or b'"errors"' not in reply.body:
        return False
    answer = reply.json()
    errors = get_errors(answer)
    if not errors or any((answer.get("data") or {}).values()):
        return False
    return bool(TOKEN_MESSAGE.search(str(errors[0].get("message"))))


def _get_current_text(order: Row, key: str) -> str | None:
    """Return an attribute of an order, or its External Reference if the key is empty."""
    if not key:
        reference: str | None = order["reference"]
        return reference
    for attribute in order["attributes"] or ():
        if attribute["key"] == key:
            value: str | None = attribute["value"]
            return value
    return None
