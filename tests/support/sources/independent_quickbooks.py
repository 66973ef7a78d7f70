"""An independent QuickBooks server with faults; it imports only the standard library.

    python tests/support/sources/independent_quickbooks.py FOLDER [PORT]      prints its address

Its books are stored in the folder. It answers in the form of the recordings: chunked, gzipped if
the client accepts that, faults in both of Intuit's forms. `POST /_other/mischief` sets the rates of
its faults, `POST /_other/clock` its time; `GET /_other/books/REALM` returns the content of a
company.
"""

import base64
import datetime as dt
import gzip
import json
import random
import re
import secrets
import socket
import socketserver
import struct
import sys
import threading
import time
from collections import Counter
from decimal import Decimal
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, str(Path(__file__).parent))
from independent_books import KINDS, PATHS, REALM, TXNS, Books, Refused, dumps, moment

CLIENT = ("an-app", "its-secret")
REFRESH = "a-refresh-token-of-the-tests"
HOURS = 8_726_400  # lifetime of a refresh token in seconds
QUIET = {
    "lose": 0.0,
    "reset": 0.0,
    "stall": 0.0,
    "late": 0.0,
    "burst": 0.0,
    "seconds": 0.0,
    "seed": 1,
    "long": 0,
    "unauthorized_every": 0,  # every how many calls get a 401 although their token is valid
    "unauthorized_in_a_row": 1,
    "token_errors": 0,  # this many requests for a token are answered with a 500
    "lost_tokens": 0,  # this many are carried out without an answer
    "web_page": 0.0,
    "unavailable": 0.0,
    "most_a_document": 0,  # this many calls about one document may stay unanswered; 0 is unlimited
}


DRAWN = ("lose", "reset", "stall", "late", "burst", "web_page", "unavailable")
UNANSWERED = ("lose", "reset", "stall", "late", "web_page")
DOCUMENT_NUMBER = re.compile(r'"DocNumber": ?"([^"]+)"')


class Gone(Exception):
    """Raised to close the connection without an answer."""


class Mischief:
    """The outcome of each call, drawn from a seed: most calls are answered, many are not."""

    def __init__(self):
        self.set({})

    def set(self, rates):
        self.rates = {**QUIET, **rates}
        self.chance, self.lock = random.Random(self.rates["seed"]), threading.Lock()
        self.burst, self.after, self.long = 0.0, "", self.rates["long"]
        self.calls = self.unauthorized = 0
        self.token_errors, self.lost_tokens = self.rates["token_errors"], self.rates["lost_tokens"]
        self.done = dict.fromkeys((*DRAWN, "answered"), 0)
        self.unanswered = Counter()

    def draw(self, body):
        """Return one of lose, reset, stall, late, burst, answered."""
        with self.lock:
            what = self._draw_outcome()
            if what in UNANSWERED and self._is_spared(body):
                what = "answered"
            self.done[what] += 1
            return what

    def _is_spared(self, body):
        """Return whether a document has had enough unanswered calls; count this one if not."""
        most = self.rates["most_a_document"]
        numbers = DOCUMENT_NUMBER.findall(body) if most else ()
        if any(self.unanswered[number] >= most for number in numbers):
            return True
        self.unanswered.update(numbers)
        return False

    def _draw_outcome(self):
        if time.monotonic() < self.burst:
            return "burst"
        point = self.chance.random()
        for name in DRAWN:
            point -= self.rates[name]
            if point < 0:
                if name == "burst":
                    self._begin_burst()
                return name
        return "answered"

    def is_unauthorized(self):
        """Count a call of the service and return whether it gets a 401 despite a valid token."""
        with self.lock:
            every = self.rates["unauthorized_every"]
            self.calls += 1
            if every and self.calls % every == 0:
                self.unauthorized = self.rates["unauthorized_in_a_row"]
            self.unauthorized -= 1
            return self.unauthorized >= 0

    def token_error(self):
        """Return whether this request for a token gets an error."""
        with self.lock:
            self.token_errors -= 1
            return self.token_errors >= 0

    def loses_token(self):
        """Return whether the answer to this request for a token is lost."""
        with self.lock:
            self.lost_tokens -= 1
            return self.lost_tokens >= 0

    def _begin_burst(self):
        """Leave all calls unanswered for a moment; the first `long` bursts send no Retry-After."""
        self.burst = time.monotonic() + self.chance.uniform(0.2, 0.9)
        self.after = "" if self.long else "1"
        self.long = max(0, self.long - 1)


class Server(socketserver.ThreadingTCPServer):
    """A server for books, tokens and faults."""

    allow_reuse_address = daemon_threads = True
    request_queue_size = 100

    def __init__(self, folder, port=0, token_seconds=3600, duplicates="answered"):
        self.ahead, self.duplicates = dt.timedelta(), duplicates
        self.books, self.mischief = (
            Books(f"{folder}/books.db", duplicates, lambda: self.ahead),
            Mischief(),
        )
        self.companies, self.opening = {REALM: self.books}, threading.Lock()
        self.token_seconds = token_seconds
        super().__init__(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def company(self, realm):
        """Return the books of a company; all but the first are in memory only."""
        with self.opening:
            if realm not in self.companies:
                self.companies[realm] = Books(":memory:", self.duplicates, lambda: self.ahead)
            return self.companies[realm]

    def handle_error(self, request, client_address):
        """Ignore callers that closed the connection."""
        if not isinstance(sys.exc_info()[1], (OSError, Gone)):
            super().handle_error(request, client_address)


class Handler(socketserver.BaseRequestHandler):
    """The handler of a connection's calls."""

    def handle(self):
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        while (call := self._read()) is not None:
            try:
                self._answer(*call)
            except Gone:
                return

    def _read(self):
        while b"\r\n\r\n" not in self.buffer:
            if not (more := self.request.recv(65536)):
                return None
            self.buffer += more
        head, _, remainder = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        size = int(headers.get("content-length", 0))
        while len(remainder) < size:
            if not (more := self.request.recv(65536)):
                return None
            remainder += more
        self.buffer = remainder[size:]
        method, target, _ = first.split(" ")
        return method, target, headers, remainder[:size]

    def _answer(self, method, target, headers, body):
        path, parameters = urlsplit(target).path, parse_qs(urlsplit(target).query)
        query = {name: values[0] for name, values in parameters.items()}
        if path.startswith("/_other/"):
            return self._send_response(200, dumps(self._control(path, body)), headers)
        what = (
            "answered"
            if "x-person" in headers
            else self.server.mischief.draw(body.decode("utf-8", "replace"))
        )  # people retry by themselves
        if what == "burst":
            return self._throttled(headers)
        if what == "reset":
            self._reset()
        if what == "stall":
            time.sleep(self.server.mischief.rates["seconds"] * 1.1)
        if what == "late":
            late = (
                self.server.mischief.chance.uniform(0.2, 0.9)
                * self.server.mischief.rates["seconds"]
            )
            threading.Timer(
                late, self._respond_to_call, (method, path, query, headers, body)
            ).start()
            self._reset() if late * 10 % 1 < 0.5 else self._hang_up()
        if what == "web_page":
            return self._send_response(
                200, "<html><title>Maintenance</title></html>", headers, kind="text/html"
            )
        if what == "unavailable":
            return self._send_response(503, "", headers)
        status, text = self._respond_to_call(method, path, query, headers, body)
        if path.startswith("/oauth2/") and status == 200 and self.server.mischief.loses_token():
            self._reset()
        if what == "lose":
            self._lose_response(status, text, headers)
        return self._send_response(status, text, headers)

    def _respond_to_call(self, method, path, query, headers, body):
        """Return status and body of a call that is carried out."""
        if path.startswith("/oauth2/"):
            if self.server.mischief.token_error():
                return 500, '{"error":"server_error"}'
            return self._tokens(headers, body)
        if path.startswith("/v2/"):
            return 200, ""
        match = re.fullmatch(r"/v3/company/(\d+)/(.+)", path)
        token = headers.get("authorization", "").removeprefix("Bearer ")
        if not match or not self._is_valid_token(token) or self.server.mischief.is_unauthorized():
            return 401, json.dumps(
                gateway(
                    "3200",
                    "message=AuthenticationFailed; errorCode=003200; statusCode=401",
                    "Token expired: AB01",
                    "AUTHENTICATION",
                )
            )
        try:
            self.books = self.server.company(match[1])
            response = self._carry_out(method, match[2], query, headers, body)
        except Refused as no:
            response = {
                "Fault": {"Error": [no.error], "type": "ValidationFault"},
                "time": self._time(),
            }
            return 400, dumps(response)
        return 200, dumps({**response, "time": self._time()})

    def _time(self):
        return self.server.books.now().isoformat(timespec="milliseconds")

    # -- the calls ---------------------------------------------------------------------------------

    def _carry_out(self, method, path, query, headers, body):
        books, operation = self.books, query.get("operation", "")
        first, _, id = path.partition("/")
        if first == "query":
            return {
                "QueryResponse": books.query(
                    body.decode() if method == "POST" else query.get("query", "")
                )
            }
        if first == "cdc":
            kinds = [PATHS.get(name.strip().lower()) for name in query["entities"].split(",")]
            return books.changed([kind for kind in kinds if kind], moment(query["changedSince"]))
        if first in ("companyinfo", "preferences"):
            return (
                {"CompanyInfo": COMPANY} if first == "companyinfo" else {"Preferences": PREFERENCES}
            )
        if first == "batch":
            return self._batch(json.loads(body, parse_float=Decimal), query.get("requestid", ""))
        if first == "upload":
            return books.run_once(query.get("requestid"), lambda: self._upload(headers, body))
        if first not in PATHS:
            raise Refused("500", "Unsupported Operation", f"Operation {first} is not supported.")
        kind = PATHS[first]
        if method == "GET":
            return {kind: books.read(kind, id)}
        if operation == "update" and query.get("include") == "void":
            operation = "void"
        parameters = self._body(body)
        return books.run_once(
            query.get("requestid"), lambda: {kind: books.write(kind, parameters, operation)}
        )

    @staticmethod
    def _body(body):
        try:
            content = json.loads(body, parse_float=Decimal)
        except ValueError:
            raise Refused(
                "2010", "Request has invalid or unsupported property", "the body is no JSON"
            ) from None
        return content

    def _batch(self, request, requestid):
        items = request["BatchItemRequest"]
        if len(items) > 30:
            raise Refused("1040", "Batch too large", "The batch has more than 30 items.")
        return {"BatchItemResponse": [self._item(item, requestid) for item in items]}

    def _item(self, item, requestid):
        books, bid = self.books, item["bId"]
        try:
            if requestid and len(requestid + bid) > 50:
                raise Refused(
                    "2130",
                    "Invalid request id",
                    f"the request id has {len(requestid + bid)} characters",
                    "",
                )
            if "Query" in item:
                return {"QueryResponse": books.query(item["Query"]), "bId": bid}
            kind = next(name for name in item if name in KINDS)
            operation = (
                "void"
                if item.get("optionsData") == "void"
                else {"delete": "delete"}.get(item["operation"], "")
            )

            def act():
                return {kind: books.write(kind, item[kind], operation)}

            return books.run_once(requestid and requestid + bid, act) | {"bId": bid}
        except Refused as no:
            error = {"element": "", **no.error}
            return {"Fault": {"Error": [error], "type": "ValidationFault"}, "bId": bid}

    def _upload(self, headers, body):
        """Store a file with its metadata; errors are part of an answer with status 200."""
        boundary = re.search(r"boundary=\"?([^\";]+)", headers["content-type"])[1].encode()
        parts = {}
        for part in body.split(b"--" + boundary)[1:-1]:
            head, _, content = part.lstrip(b"\r\n").partition(b"\r\n\r\n")
            name = re.search(rb'name="?([^";\r\n]+)', head)[1].decode()
            content = content.removesuffix(b"\r\n")
            parts[name] = base64.b64decode(content) if b"base64" in head.lower() else content
        about = json.loads(
            next(value for name, value in parts.items() if name.startswith("file_metadata"))
        )
        size = len(next(value for name, value in parts.items() if name.startswith("file_content")))
        for link in about.get("AttachableRef", ()):
            kind = PATHS.get(link["EntityRef"]["type"].lower(), "")
            row = self.books.rows.get(kind, {}).get(link["EntityRef"]["value"])
            if row is None or row.get("status") == "Deleted":
                error = {
                    "Message": (
                        "A business validation error has occurred while processing your request"
                    ),
                    "Detail": (
                        "Business Validation Error: The entity that you "
                        "are trying to link does not exist."
                    ),
                    "code": "6000",
                    "element": "",
                }
                return {
                    "AttachableResponse": [{"Fault": {"Error": [error], "type": "ValidationFault"}}]
                }
        attachment = self.books.write("Attachable", {**about, "Size": size})
        return {"AttachableResponse": [{"Attachable": attachment}]}

    # -- tokens ------------------------------------------------------------------------------------

    def _tokens(self, headers, body):
        credentials = base64.b64decode(
            headers.get("authorization", "").removeprefix("Basic ")
        ).decode()
        if tuple(credentials.split(":")) != CLIENT:
            return 401, '{"error":"invalid_client"}'
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        with self.server.books.lock:
            if form.get("refresh_token") != self.server.books.read_value("refresh", REFRESH):
                return (
                    400,
                    (
                        '{"error":"invalid_grant","error_description":"Incorrect or invalid '
                        'refresh token"}'
                    ),
                )
            access = f"eyJ{secrets.token_urlsafe(40)}"
            self.server.books.store_value(
                f"token {access}", time.time() + self.server.token_seconds
            )
        return 200, json.dumps(
            {
                "token_type": "bearer",
                "access_token": access,
                "expires_in": 3600,
                "refresh_token": form["refresh_token"],
                "x_refresh_token_expires_in": HOURS,
            }
        )

    def _is_valid_token(self, token):
        with self.server.books.lock:
            return time.time() < float(self.server.books.read_value(f"token {token}", "0"))

    # -- answers and faults ------------------------------------------------------------------------

    def _send_response(self, status, text, headers, extra=(), kind=""):
        self.request.sendall(self._encode_response(status, text, headers, extra, kind))

    def _encode_response(self, status, text, headers, extra=(), kind=""):
        body, tid = text.encode(), f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
        if not kind:
            kind = "application/json;charset=utf-8" if status == 200 else "application/json"
        lines = [
            f"HTTP/1.1 {status} {'OK' if status == 200 else 'No'}",
            "Server: nginx",
            f"Date: {formatdate(self.server.books.now().timestamp(), usegmt=True)}",
            f"intuit_tid: {tid}",
            f"Content-Type: {kind}",
            "Connection: keep-alive",
            "Cache-Control: max-age=0, no-cache, no-store, must-revalidate, private",
            "Transfer-Encoding: chunked",
            *extra,
        ]
        if status == 401:
            lines.append('WWW-Authenticate: Bearer realm="Intuit", error="invalid_token"')
        if "gzip" in headers.get("accept-encoding", "") and len(body) > 500:
            lines.append("Content-Encoding: gzip")
            body = gzip.compress(body, 1)
        chunk = f"{len(body):x}\r\n".encode() + body + b"\r\n" if body else b""
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + chunk + b"0\r\n\r\n"

    def _throttled(self, headers):
        """Return a throttling fault as recorded: in XML, whatever format was requested."""
        after = self.server.mischief.after
        text = (
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><IntuitResponse '
            'time="2026-01-01T00:00:00Z" '
            'xmlns="http://schema.intuit.com/finance/v3"><Fault '
            'type="SERVICE"><Error code="3001"><Message>'
            "message=ThrottleExceeded; errorCode=003001; "
            "statusCode=429</Message><Detail>The request limit was "
            "reached.  Try again later</Detail></Error></Fault></IntuitResponse>"
        )
        self._send_response(
            429, text, headers, [f"Retry-After: {after}"] if after else (), "application/xml"
        )

    def _lose_response(self, status, text, headers):
        """Close the connection after a call was carried out, with at most half of the answer."""
        manner = self.server.mischief.chance.randrange(3)
        if manner == 0:
            self._reset()
        if manner == 1:
            response = self._encode_response(status, text, headers)
            self.request.sendall(response[: len(response) // 2])
        self._hang_up()

    def _hang_up(self):
        raise Gone

    def _reset(self):
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.request.close()
        raise Gone

    # -- for tests ---------------------------------------------------------------------------------

    def _control(self, path, body):
        if path.endswith("/mischief"):
            counts = self.server.mischief.done
            if body:
                self.server.mischief.set(json.loads(body))
            return counts
        if path.endswith("/clock"):
            now = dt.datetime.fromisoformat(json.loads(body)["now"])
            self.server.ahead = now - dt.datetime.now(dt.UTC)
            return {}
        books = self.server.company(path.partition("books/")[2] or REALM)
        with books.lock:
            rows = books.rows
            return {kind: list(rows[kind].values()) for kind in (*TXNS, "Vendor", "Attachable")}


def gateway(code, message, detail, kind):
    """Return a fault of the gateway in front of the service, in its lower-case form."""
    error = {"message": message, "detail": detail, "code": code, "element": None}
    return {
        "warnings": None,
        "intuitObject": None,
        "fault": {"error": [error], "type": kind},
        "report": None,
        "queryResponse": None,
        "batchItemResponse": [],
        "attachableResponse": [],
        "syncErrorResponse": None,
        "requestId": None,
        "time": int(time.time() * 1000),
        "status": None,
        "cdcresponse": [],
    }


COMPANY = {
    "CompanyName": "Larry's Landscapes of Elsewhere",
    "LegalName": "Larry's Landscapes of Elsewhere",
    "CompanyAddr": {
        "Id": "1",
        "Line1": "2600 Marine Way",
        "City": "Mountain View",
        "Country": "USA",
        "CountrySubDivisionCode": "CA",
        "PostalCode": "94043",
    },
    "CompanyStartDate": "2020-01-01",
    "FiscalYearStartMonth": "January",
    "Country": "US",
    "Email": {"Address": "books@example.com"},
    "WebAddr": {},
    "SupportedLanguages": "en",
    "NameValue": [
        {"Name": "NeoEnabled", "Value": "true"},
        {"Name": "IndustryType", "Value": "Construction"},
        {"Name": "SubscriptionStatus", "Value": "PAID"},
        {"Name": "OfferingSku", "Value": "QuickBooks Online Plus"},
    ],
    "domain": "QBO",
    "sparse": False,
    "Id": "1",
    "SyncToken": "4",
    "MetaData": {
        "CreateTime": "2020-01-01T10:11:12-08:00",
        "LastUpdatedTime": "2026-01-02T10:11:12-08:00",
    },
}
PREFERENCES = {
    "AccountingInfoPrefs": {
        "UseAccountNumbers": True,
        "TrackDepartments": True,
        "ClassTrackingPerTxn": False,
        "ClassTrackingPerTxnLine": True,
        "FirstMonthOfFiscalYear": "January",
        "DepartmentTerminology": "Location",
        "CustomerTerminology": "Customers",
    },
    "ProductAndServicesPrefs": {
        "ForSales": True,
        "ForPurchase": True,
        "QuantityWithPriceAndRate": True,
        "QuantityOnHand": True,
    },
    "SalesFormsPrefs": {"CustomTxnNumbers": False, "AllowDeposit": True, "CustomField": []},
    "VendorAndPurchasesPrefs": {
        "TrackingByCustomer": True,
        "BillableExpenseTracking": True,
        "POCustomField": [],
    },
    "TaxPrefs": {"UsingSalesTax": False},
    "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": "USD"}},
    "OtherPrefs": {"NameValue": [{"Name": "ProjectsEnabled", "Value": "true"}]},
    "domain": "QBO",
    "sparse": False,
    "Id": "1",
    "SyncToken": "6",
    "MetaData": {
        "CreateTime": "2020-01-01T10:11:12-08:00",
        "LastUpdatedTime": "2026-01-02T10:11:12-08:00",
    },
}


def start(folder, **options):
    """Start a server in a thread of this process."""
    server = Server(folder, **options)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


if __name__ == "__main__":
    folder, *more = sys.argv[1:]
    served = Server(folder, *map(int, more))
    print(served.url, flush=True)  # noqa: T201  (its caller reads it)
    served.serve_forever(0.05)
