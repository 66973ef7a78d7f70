"""An independent CostTracker server with faults; it imports only the standard library.

    python tests/support/sources/independent_costtracker.py INVOICES [PORT]      prints its address

It follows the interface that the CostTracker plugin describes and shares no code with the plugin's
stand-in. `POST /_other/fault` with `{"kind": …}` sets how it misbehaves until the next such call,
`GET /_other/invoices` shows each invoice with the status that it was last told.
"""

import base64
import json
import re
import secrets
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

CLIENT = ("costtracker-stand-in", "stand-in-secret-1f0c")
SUPPLIERS = 24
ACCOUNTS = [str(number) for number in (*range(5000, 5050, 10), *range(6000, 6070, 10))]
LOGIN_PAGE = "<!doctype html><title>Sign in</title><p>Please sign in.</p>"
NOT_HERE = "<html><head><title>404 Not Found</title></head><body>nginx</body></html>"
CALLS_IN_A_WINDOW, WINDOW_SECONDS = 12, 0.4
EVERY_NTH = 5  # number of the call that an intermittent fault breaks
SLOW_SECONDS = 1.0
# Faults that answer instead of carrying out the call: status, body and content type.
FAULT_ANSWERS = {
    "not_found": (404, {"error": "not found"}, "application/json"),
    "other_web_server": (404, NOT_HERE, "text/html"),
    "login_page": (200, LOGIN_PAGE, "text/html"),
    "server_error": (500, {"error": "internal error"}, "application/json"),
    "unavailable": (503, {"error": "try later"}, "application/json"),
    "receipts_refused": (500, {"error": "internal error"}, "application/json"),
}


def amount(number: int) -> str:
    """Return an amount with cents that differs from invoice to invoice."""
    return f"{100 + number * 17}.{(number * 37) % 100:02}"


class Account:
    """Invoices, lists and tokens of one customer of CostTracker, in memory."""

    def __init__(self, count: int) -> None:
        self.lock = threading.RLock()
        self.tokens: set[str] = set()
        self.lists: dict[str, dict[str, str]] = {}  # external ids of pushed lists by name or number
        self.status: dict[str, dict] = {}
        self.invoices = {str(number): self._invoice(number) for number in range(1, count + 1)}
        self.fault, self.calls, self.window = "", 0, (0.0, 0)

    def _invoice(self, number: int) -> dict:
        return {
            "id": str(number),
            "version": 1,
            "status": "approved",
            "kind": "invoice",
            "invoice_number": f"X-{1000 + number}",
            "invoice_date": f"2026-03-{1 + number % 28:02}",
            "due_date": f"2026-04-{1 + number % 28:02}",
            "currency": "USD",
            "supplier": f"Supplier {number % SUPPLIERS:02} & Sons, Inc.",
            "account": ACCOUNTS[number % len(ACCOUNTS)],
            "net": amount(number),
        }

    def invoice_row(self, raw: dict) -> dict:
        """Return an invoice as the API shows it; ids of pushed lists replace names."""
        suppliers, accounts = self.lists.get("suppliers"), self.lists.get("accounts")
        line = {"id": "1", "description": f"Delivery {raw['id']}", "net": raw["net"], "tax": "0.00"}
        line["account"] = accounts[raw["account"]] if accounts else raw["account"]
        supplier = {"id": f"s{raw['supplier'][9:11]}", "name": raw["supplier"]}
        supplier["external_id"] = suppliers[raw["supplier"]] if suppliers else None
        names = ("id", "version", "status", "kind", "invoice_number", "invoice_date", "due_date")
        return {
            **{name: raw[name] for name in (*names, "currency")},
            "supplier": supplier,
            "gross_total": raw["net"],
            "tax_total": "0.00",
            "lines": [line],
            "attachments": [],
            "po_numbers": [],
            "approvals": [],
            "deleted_at": None,
        }

    def page(self, cursor: str, limit: int) -> dict:
        """Return one page of invoices in the order of their numbers."""
        start = int(cursor or 0)
        invoices = list(self.invoices.values())
        rows = invoices[start : start + limit]
        items = [self.invoice_row(row) for row in rows]
        if self.fault == "repeated_rows" and start:
            items.insert(0, self.invoice_row(invoices[start - 1]))
        if self.fault == "broken_row" and items:
            items[0] = {"id": items[0]["id"], "status": 7, "lines": "none"}
        end = start + len(rows)
        return {"items": items, "has_more": end < len(self.invoices), "next_cursor": str(end)}

    def take_list(self, kind: str, items: list[dict]) -> dict:
        """Store a pushed list; return the ids of its entries here."""
        entries = self.lists.setdefault(kind, {})
        imported = []
        for item in items:
            name = item["number"] if kind == "accounts" and item.get("number") else item["name"]
            entries[name] = item["external_id"]
            own_id = f"s{item['name'][9:11]}" if kind == "suppliers" else item["external_id"]
            imported.append({"external_id": item["external_id"], "id": own_id})
        return {"imported": imported}

    def is_throttled(self) -> bool:
        """Count a call and return whether it exceeds the limit of this window."""
        now = time.monotonic()
        began, calls = self.window
        if now > began + WINDOW_SECONDS:
            began, calls = now, 0
        self.window = (began, calls + 1)
        return calls >= CALLS_IN_A_WINDOW


class Handler(BaseHTTPRequestHandler):
    """The handler of one API call."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_PUT(self) -> None:
        self._handle()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path).path
        account: Account = self.server.account
        if path.startswith("/_other/"):
            with account.lock:
                self._answer(200, self._control(account, path, body))
            return
        with account.lock:
            account.calls += 1
            fault = account.fault
            intermittent = account.calls % EVERY_NTH == 0
        if self._fails_at_once(account, fault, intermittent):
            return
        with account.lock:
            status, result = self._carry_out(account, path, body)
        if fault == "lost_receipts" and path.endswith("/accounting-status"):
            self.close_connection = True
            return
        if fault == "truncated" and intermittent:
            self._answer(status, result, cut=True)
            return
        self._answer(status, result)

    def _fails_at_once(self, account: Account, fault: str, intermittent: bool) -> bool:
        """Answer with the fault before anything is carried out; return whether it did."""
        if intermittent and fault == "expired_tokens":
            account.tokens.clear()
            return False
        if intermittent and fault == "slow":
            time.sleep(SLOW_SECONDS)
            return False
        if intermittent and fault == "hangs_up":
            self.close_connection = True
            return True
        if fault == "throttled" and account.is_throttled():
            self._answer(429, {"error": "too many requests"}, headers={"Retry-After": "1"})
            return True
        is_due = {
            "unavailable": intermittent,
            "receipts_refused": self.command == "PUT",
        }
        if fault not in FAULT_ANSWERS or not is_due.get(fault, True):
            return False
        status, body, kind = FAULT_ANSWERS[fault]
        self._answer(status, body, kind=kind)
        return True

    def _carry_out(self, account: Account, path: str, body: bytes) -> tuple[int, object]:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        if path == "/oauth/token":
            return self._token(account)
        if self.headers.get("Authorization", "").removeprefix("Bearer ") not in account.tokens:
            return 401, {"error": "invalid_token"}
        if path == "/v1/account":
            return 200, {"id": "77", "name": "Elsewhere Builders", "integrations_enabled": True}
        if path == "/v1/invoices":
            return 200, account.page(query.get("cursor", ""), min(int(query.get("limit", 20)), 20))
        if path == "/v1/suppliers":
            return 200, {"items": [], "has_more": False, "next_cursor": None}
        if match := re.fullmatch(r"/v1/master-data/([a-z-]+)", path):
            return 200, account.take_list(match[1], json.loads(body)["items"])
        if match := re.fullmatch(r"/v1/invoices/([^/]+)/accounting-status", path):
            account.status[match[1]] = json.loads(body)
            return 200, {}
        if (match := re.fullmatch(r"/v1/invoices/([^/]+)", path)) and match[1] in account.invoices:
            return 200, account.invoice_row(account.invoices[match[1]])
        return 404, {"error": "not found"}

    def _token(self, account: Account) -> tuple[int, object]:
        credentials = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic "))
        if tuple(credentials.decode().split(":")) != CLIENT:
            return 401, {"error": "invalid_client"}
        token = secrets.token_urlsafe(20)
        account.tokens.add(token)
        return 200, {"access_token": token, "token_type": "bearer", "expires_in": 3600}

    def _control(self, account: Account, path: str, body: bytes) -> object:
        if path.endswith("/fault"):
            account.fault = json.loads(body)["kind"]
            account.window = (0.0, 0)
            return {"calls": account.calls}
        return [{**row, "told": account.status.get(id, {})} for id, row in account.invoices.items()]

    def _answer(
        self,
        status: int,
        body: object,
        *,
        kind: str = "application/json",
        headers: dict[str, str] | None = None,
        cut: bool = False,
    ) -> None:
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        if cut:
            self.close_connection = True


class Server(ThreadingHTTPServer):
    """A server for the account on loopback."""

    daemon_threads = True
    request_queue_size = 100

    def __init__(self, invoices: int, port: int = 0) -> None:
        self.account = Account(invoices)
        super().__init__(("127.0.0.1", port), Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore callers that closed the connection."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


if __name__ == "__main__":
    served = Server(*map(int, sys.argv[1:]))
    print(f"http://127.0.0.1:{served.server_address[1]}", flush=True)  # noqa: T201
    served.serve_forever(0.05)
