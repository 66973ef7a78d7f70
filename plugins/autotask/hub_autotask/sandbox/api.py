"""The API itself: zones, credentials, queries, single rows, changes, and its description."""

import base64
import json
import re
from urllib.parse import unquote, urlencode

from hub_autotask.sandbox import picklists
from hub_autotask.sandbox.limits import Limits, later
from hub_autotask.sandbox.msp import ALLOWANCE, CI, ZONE
from hub_autotask.sandbox.query import Query, place_of, token
from hub_autotask.sandbox.refusals import Refusal, stranger, wrong
from hub_autotask.sandbox.schema import BY_PATH
from qbo_sandbox.kit import json_answer, json_of, pdf, query_of, site_of, text_answer

ROOT = re.compile(r"/atservicesrest(/v1\.0)?/(.*)", re.IGNORECASE)
ROUTES = (
    ("GET", r"zoneinformation", "zone"),
    ("GET", r"versioninformation", "versions"),
    ("GET", r"version", "version"),
    ("GET", r"thresholdinformation", "threshold"),
    ("GET", r"invoices/(\d+)/invoicepdf", "pdf"),
    ("POST|GET", r"(\w+)/query", "query"),
    ("POST|GET", r"(\w+)/query/count", "count"),
    ("POST|GET", r"(\w+)/query/next", "next"),
    ("GET", r"(\w+)/entityinformation", "information"),
    ("GET", r"(\w+)/entityinformation/fields", "fields"),
    ("GET", r"(\w+)/entityinformation/userdefinedfields", "own_fields"),
    ("GET", r"(\w+)/(\d+)", "get"),
    ("PATCH|PUT", r"(\w+)", "change"),
    ("PUT", r"(\w+)/(\d+)", "change"),
)
OPEN = ("zone", "versions")
OUTSIDE = ("zoneinformation", "versioninformation")  # what is there below no version, too
CALLOUT_ENTITIES = ("Companies", "Contacts")  # Autotask calls out only their changes
FINAL = {("Companies", "currencyID")}


def route(environ):
    """Return (name of the call, its arguments).

    The name is empty if there is no such call, and `other` for another verb.
    """
    root = ROOT.fullmatch(environ.get("PATH_INFO", ""))
    path = root[2].rstrip("/").lower() if root else ""
    if root and not root[1] and path not in OUTSIDE:
        return "", []
    other = "other" if "/" in path else ""
    for verbs, pattern, name in ROUTES:
        match = re.fullmatch(pattern, path)
        if not match:
            continue
        if environ["REQUEST_METHOD"] in verbs.split("|"):
            arguments = map(unquote, match.groups())
            return name, list(arguments)
        other = "other"
    return other, []


def call_of(environ):
    """Return the call as faults and log name it: `Invoices.query`, `zone`; `page` for people."""
    name, arguments = route(environ)
    entity = BY_PATH.get(arguments[0]) if arguments else None
    return f"{entity.name}.{name}" if entity else name or "page"


class Api:
    """A WSGI application over the books."""

    def __init__(self, books, clock):
        self._books = books
        self.limits = Limits(clock, ALLOWANCE)

    def __call__(self, environ, start):
        name, arguments = route(environ)
        try:
            answer = self._answer(environ, name, arguments)
        except Refusal as refusal:
            if not refusal.errors:
                return text_answer(start, refusal.status, "", headers=refusal.headers)
            return json_answer(
                start, refusal.status, {"errors": list(refusal.errors)}, refusal.headers
            )
        pause = self.limits.pause() if name not in OPEN else 0
        return later(pause, json_answer, 200, answer) if pause else json_answer(start, 200, answer)

    def _answer(self, environ, name, arguments):
        if name == "":
            raise Refusal(404, "No HTTP resource was found that matches the request.")
        if name == "other":
            raise Refusal(405, "The requested resource does not support this method.")
        if name in OPEN:
            return getattr(self, f"_{name}")(environ)
        self._admit(environ)
        with self.limits.admit(call_of(environ)):
            return getattr(self, f"_{name}")(environ, *arguments)

    def _admit(self, environ):
        credentials = [
            environ.get(f"HTTP_{name}", "") for name in ("APIINTEGRATIONCODE", "USERNAME", "SECRET")
        ]
        if credentials != self._books.credentials:
            raise stranger()

    # -- what it tells of itself ----------------------------------------------------------------

    def _zone(self, environ):
        user = query_of(environ).get("user", "").lower()
        if user != self._books.credentials[1].lower():
            raise Refusal(500, "Zone information could not be determined")
        address = self._address(environ)
        return {
            "zoneName": ZONE,
            "url": f"{address}/ATServicesRest/",
            "webUrl": f"{address}/",
            "ci": CI,
        }

    def _address(self, environ):
        return f"{site_of(environ)}{self._books.zone}"

    def _versions(self, environ):
        return {"apiVersions": ["1.0"]}

    def _version(self, environ):
        return {"majorVersion": 2026, "minorVersion": 3, "build": 1, "customerType": "Production"}

    def _threshold(self, environ):
        used = self.limits.count_calls()
        return {
            "externalRequestThreshold": self.limits.page("GET", None)["requests"],
            "requestThresholdTimeframe": 60,
            "currentTimeframeRequestCount": used,
        }

    def _information(self, environ, name):
        entity = self._entity(name, "")
        marks = {
            f"can{verb.title()}": verb in entity.rights for verb in ("create", "query", "update")
        }
        access = {
            f"userAccessFor{verb.title()}": self._access(entity, verb)
            for verb in ("create", "query", "update")
        }
        more = {"canDelete": False, "userAccessForDelete": 0, "hasUserDefinedFields": False}
        calls = {"supportsWebhookCallouts": entity.name in CALLOUT_ENTITIES}
        return {"info": {"name": entity.name, **marks, **access, **more, **calls}}

    def _access(self, entity, verb):
        return int(verb in entity.rights and entity.name not in self._books.lacking)

    def _fields(self, environ, name):
        return {
            "fields": [
                _describe_field(field, picklists.of(name, field.name))
                for field in self._entity(name).fields.values()
            ]
        }

    def _own_fields(self, environ, name):
        self._entity(name)
        return {"fields": []}

    # -- rows -----------------------------------------------------------------------------------

    def _entity(self, name, right="query"):
        entity = BY_PATH.get(name)
        if entity is None or (right and right not in entity.rights):
            raise Refusal(404, "No HTTP resource was found that matches the request.")
        if right and entity.name in self._books.lacking:
            raise wrong(
                f"The logged in Resource does not have the adequate permissions to {right}"
                " this entity type"
                f" ({entity.name})."
            )
        return entity

    def _get(self, environ, name, id):
        entity = self._entity(name)
        return {"item": self._books.rows(entity.name).get(int(id))}

    def _read_query(self, environ):
        if environ["REQUEST_METHOD"] == "POST":
            return _body(environ)
        try:
            return json.loads(query_of(environ).get("search", "null"))
        except ValueError:
            raise wrong("The query is not JSON.") from None

    def _query(self, environ, name, after=-1):
        entity = self._entity(name)
        verb = environ["REQUEST_METHOD"]
        query = Query(entity, self._read_query(environ))
        rows, more = query.page(self._books.rows(entity.name), after)
        about = {
            "count": len(rows),
            "requestCount": query.size,
            "prevPageUrl": None,
            "nextPageUrl": None,
        }
        if more:
            place = {"paging": token(entity.name, verb, rows[-1]["id"])}
            parameters = place | ({"search": query_of(environ)["search"]} if verb == "GET" else {})
            below = f"ATServicesRest/V1.0/{entity.name}/query/next?{urlencode(parameters)}"
            about["nextPageUrl"] = f"{self._address(environ)}/{below}"
        return {"items": [query.present(row) for row in rows], "pageDetails": about}

    def _next(self, environ, name):
        """Answer the next page, which must be requested with the verb of the first."""
        verb, after = place_of(query_of(environ).get("paging", ""), self._entity(name))
        if verb != environ["REQUEST_METHOD"]:
            raise Refusal(405, "The requested resource does not support this method.")
        return self._query(environ, name, after)

    def _count(self, environ, name):
        entity = self._entity(name)
        return {
            "queryCount": Query(entity, self._read_query(environ)).count(
                self._books.rows(entity.name)
            )
        }

    def _change(self, environ, name, id=None):
        entity = self._entity(name, "update")
        if environ.get("sandbox.fault") and environ["REQUEST_METHOD"] == "PATCH":
            raise Refusal(404)
        if entity.parent:
            raise Refusal(405, "The requested resource does not support this method.")
        body = _body(environ)
        self._check(entity, body)
        fields = {}
        if environ["REQUEST_METHOD"] == "PUT":
            fields = dict.fromkeys(entity.writable())
        fields |= {field: value for field, value in body.items() if field != "id"}
        if fields:
            self._books.do("put", entity=entity.name, id=body["id"], fields=fields)
        return {"itemId": body["id"]}

    def _check(self, entity, body):
        is_row = isinstance(body, dict) and isinstance(body.get("id"), int)
        if not is_row or body["id"] not in self._books.rows(entity.name):
            raise wrong("No matching records found, or the id of the record is missing.")
        row = self._books.rows(entity.name)[body["id"]]
        for name, value in body.items():
            self._check_field(entity, row, name, value)

    def _check_field(self, entity, row, name, value):
        field = entity.fields.get(name)
        if field is None:
            raise wrong(f"Could not find member {name} on the {entity.name} entity.")
        if field.read_only and name != "id":
            raise wrong(f"The field {name} of {entity.name} is read-only.")
        if (entity.name, name) in FINAL and value != row[name]:
            raise wrong(f"The {name} of {entity.name} cannot be changed once it is set.")
        if not field.accepts(value):
            raise wrong(
                f"The value of {name} is not of its type, or is longer than {field.length}."
            )

    def _pdf(self, environ, id):
        invoice = self._books.rows("Invoices").get(int(id))
        if invoice is None:
            raise wrong("No matching records found.")
        data = pdf([f"Invoice {invoice['invoiceNumber'] or id}"])
        name = f"Invoice {invoice['invoiceNumber'] or id}.pdf"
        encoded = base64.b64encode(data).decode()
        about = {
            "id": int(id),
            "contentType": "application/pdf",
            "fileName": name,
            "fileSize": len(data),
        }
        return {"item": {**about, "data": encoded}}


def _body(environ):
    """Return the JSON in the body; refuse any other content."""
    if not environ.get("CONTENT_TYPE", "").startswith("application/json"):
        raise Refusal(
            415, "The request contains an entity body of a media type that is not supported."
        )
    try:
        return json_of(environ)
    except ValueError:
        raise wrong("The body is not JSON.") from None


def _describe_field(field, values):
    return {
        "name": field.name,
        "dataType": field.type,
        "length": field.length,
        "isRequired": field.required,
        "isReadOnly": field.read_only,
        "isQueryable": field.queryable,
        "isReference": bool(field.reference),
        "referenceEntityType": field.reference,
        "isPickList": field.picklist,
        "picklistValues": values,
        "picklistParentValueField": "",
        "isSupportedWebhookField": False,
    }
