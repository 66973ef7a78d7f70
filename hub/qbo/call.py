"""A call to QuickBooks: where it goes, what it carries and what a good response contains."""

from collections.abc import Callable
from dataclasses import dataclass

from hub.qbo.responses import Expected, QuickBooksResponse

# Responses of servers that read no query from the body of a POST. QuickBooks documents GET and
# POST; compatible servers may support only GET.
NO_POST_STATUSES = {404, 405, 415, 501}
BAD_REQUEST_STATUS = 400  # without a fault, it does not say that it is about the query
UNREAD_CODES = {"500", "4000"}  # the operation is not supported, or there is no query to parse
QUERY_ERROR_CODES = {"4000", "4001", "4002"}  # the text of a query was refused
BY_ID = "Id"
BY_CREATION = "MetaData.CreateTime"


@dataclass(frozen=True)
class Call:
    """A call: where it goes, what it carries, and what a good response to it contains."""

    method: str
    path: str
    params: dict[str, str]
    expected: Expected
    body: bytes | None = None
    content_type: str = "application/json"
    items: int = 0  # items of a batch
    slow: bool = False  # takes long to upload, so connecting may take all the time there is

    @property
    def writes(self) -> bool:
        """Return whether the call may change something in QuickBooks."""
        return "requestid" in self.params

    @property
    def kind(self) -> str:
        """Return the kind of the call: "read" or "write", or the path of a batch or a file."""
        if self.is_envelope:
            return self.path
        return "write" if self.writes else "read"

    @property
    def is_envelope(self) -> bool:
        """Return whether the response contains a response to each of its items."""
        return self.path in ("batch", "upload")


def build_read_call(path: str, expectation: Expected, params: dict[str, str] | None = None) -> Call:
    """Return a call that only reads."""
    return Call("GET", path, params or {}, expectation)


def build_query_call(text: str, *, by_get: bool) -> Call:
    """Return a call for a query: in the body, where it may be long, or in the address."""
    expectation = Expected("QueryResponse")
    if by_get:
        return build_read_call("query", expectation, {"query": text})
    return Call("POST", "query", {}, expectation, text.encode(), "application/text")


def is_query_unread(response: QuickBooksResponse) -> bool:
    """Return whether a server may have refused a query because it came by POST."""
    if response.status in NO_POST_STATUSES or response.code in UNREAD_CODES:
        return True
    return response.status == BAD_REQUEST_STATUS and not response.faults


class PageQueries:
    """The queries for pages of objects, in an order that QuickBooks accepts.

    No two objects have the same id, so pages are sorted by it. Intuit's developer blog announced on
    1 December 2025 that the id will no longer be a sortable field of any entity, so such a query
    may be refused one day. Every entity can be sorted by its creation.
    """

    def __init__(self) -> None:
        self._order = BY_ID

    def run(
        self,
        query: Callable[[str], QuickBooksResponse],
        entity: str,
        where: str,
        start: int,
        size: int,
    ) -> QuickBooksResponse:
        """Query one page of the objects of an entity; `start` counts from 1."""
        page = f"STARTPOSITION {start} MAXRESULTS {size}"
        objects = f"SELECT * FROM {entity} WHERE {where}"  # noqa: S608  (no SQL)
        response = query(f"{objects} ORDERBY {self._order} {page}")
        if self._order == BY_CREATION or response.code not in QUERY_ERROR_CODES:
            return response
        by_creation = query(f"{objects} ORDERBY {BY_CREATION} {page}")
        if not by_creation.landed:
            return response
        self._order = BY_CREATION
        return by_creation
