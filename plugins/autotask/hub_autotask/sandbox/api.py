"""The API: zones, credentials, queries, single rows, changes, and metadata."""

import base64
import json
import re
from urllib.parse import unquote, urlencode

from hub_autotask.sandbox import picklists
from hub_autotask.sandbox.limits import Limits, answer_later
from hub_autotask.sandbox.msp import CALLS_PER_HOUR, DATABASE_ID, ZONE_NAME
from hub_autotask.sandbox.query import Query, decode_token, encode_token
from hub_autotask.sandbox.refusals import Refusal, bad_request, unauthorized
from hub_autotask.sandbox.schema import ENTITIES_BY_PATH
from qbo_sandbox.kit import json_answer, json_of, pdf, query_of, site_of, text_answer

ROOT_PATH = re.compile(r"/atservicesrest(/v1\.0)?/(.*)", re.IGNORECASE)
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
PUBLIC_CALLS = ("zone", "versions")
UNVERSIONED_PATHS = ("zoneinformation", "versioninformation")
CALLOUT_ENTITIES = ("Companies", "Contacts")  # entities with webhooks
WRITE_ONCE_FIELDS = {("Companies", "currencyID")}


def find_route(environ):
    """Return (name of the call, its arguments).

    The name is empty if there is no such call, and `other` for another verb.
    """
    root = ROOT_PATH.fullmatch(environ.get("PATH_INFO", ""))
    path = root[2].rstrip("/").lower() if root else ""
    if root and not root[1] and path not in UNVERSIONED_PATHS:
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
    """Return the name of a call for faults and the log: `Invoices.query`, `zone`, or `page`."""
    name, arguments = find_route(environ)
    entity = ENTITIES_BY_PATH.get(arguments[0]) if arguments else None
    return f"{entity.name}.{name}" if entity else name or "page"


class Api:
    """A WSGI application over the books."""

    def __init__(self, books, clock):
        self._books = books
        self.limits = Limits(clock, CALLS_PER_HOUR)

    def __call__(self, environ, start):
        name, arguments = find_route(environ)
        try:
            answer = self._answer(environ, name, arguments)
        except Refusal as refusal:
            if not refusal.errors:
                return text_answer(start, refusal.status, "", headers=refusal.headers)
            return json_answer(
                start, refusal.status, {"errors": list(refusal.errors)}, refusal.headers
            )
        pause = self.limits.pause() if name not in PUBLIC_CALLS else 0
        if pause:
            return answer_later(pause, json_answer, 200, answer)
        return json_answer(start, 200, answer)

    def _answer(self, environ, name, arguments):
        """Return the answer to a call; raise Refusal if there is none."""
        if name == "":
            raise Refusal(404, "No HTTP resource was found that matches the request.")
        if name == "other":
            raise Refusal(405, "The requested resource does not support this method.")
        if name in PUBLIC_CALLS:
            return getattr(self, f"_{name}")(environ)
        self._admit(environ)
        with self.limits.admit(call_of(environ)):
            return getattr(self, f"_{name}")(environ, *arguments)

    def _admit(self, environ):
        """Refuse a call without the credentials of the API user."""
        headers = ("HTTP_APIINTEGRATIONCODE", "HTTP_USERNAME", "HTTP_SECRET")
        credentials = [environ.get(name, "") for name in headers]
        if credentials != self._books.credentials:
            raise unauthorized()

    # -- its description ------------------------------------------------------------------------

    def _zone(self, environ):
        """Answer the zone of the database that a user belongs to."""
        user = query_of(environ).get("user", "").lower()
        if user != self._books.credentials[1].lower():
            raise Refusal(500, "Zone information could not be determined")
        address = self._address(environ)
        return {
            "zoneName": ZONE_NAME,
            "url": f"{address}/ATServicesRest/",
            "webUrl": f"{address}/",
            "ci": DATABASE_ID,
        }

    def _address(self, environ):
        """Return the address of the database's zone."""
        return f"{site_of(environ)}{self._books.zone}"

    def _versions(self, environ):
        """Answer the versions of the API."""
        return {"apiVersions": ["1.0"]}

    def _version(self, environ):
        """Answer the version of Autotask."""
        return {"majorVersion": 2026, "minorVersion": 3, "build": 1, "customerType": "Production"}

    def _threshold(self, environ):
        """Answer the calls of this hour and their limit."""
        used_calls = self.limits.count_calls()
        return {
            "externalRequestThreshold": self.limits.page("GET", None)["requests"],
            "requestThresholdTimeframe": 60,
            "currentTimeframeRequestCount": used_calls,
        }

    def _information(self, environ, name):
        """Answer what Autotask and the user's security level allow for an entity."""
        entity = self._entity(name, "")
        info = {
            "name": entity.name,
            "canDelete": False,
            "userAccessForDelete": 0,
            "hasUserDefinedFields": False,
            "supportsWebhookCallouts": entity.name in CALLOUT_ENTITIES,
        }
        for verb in ("create", "query", "update"):
            info[f"can{verb.title()}"] = verb in entity.rights
            info[f"userAccessFor{verb.title()}"] = self._access(entity, verb)
        return {"info": info}

    def _access(self, entity, verb):
        """Return 1 if the user's security level allows a verb, else 0."""
        return int(verb in entity.rights and entity.name not in self._books.lacking)

    def _fields(self, environ, name):
        """Answer the fields of an entity with their picklists."""
        fields = []
        for field in self._entity(name).fields.values():
            values = picklists.list_picklist_values(name, field.name)
            fields.append(_describe_field(field, values))
        return {"fields": fields}

    def _own_fields(self, environ, name):
        """Answer that an entity has no fields of the customer's own."""
        self._entity(name)
        return {"fields": []}

    # -- rows -----------------------------------------------------------------------------------

    def _entity(self, name, right="query"):
        """Return an entity; refuse one that is unknown or that the user has no right to."""
        entity = ENTITIES_BY_PATH.get(name)
        if entity is None or (right and right not in entity.rights):
            raise Refusal(404, "No HTTP resource was found that matches the request.")
        if right and entity.name in self._books.lacking:
            raise bad_request(
                f"The logged in Resource does not have the adequate permissions to {right}"
                " this entity type"
                f" ({entity.name})."
            )
        return entity

    def _get(self, environ, name, id):
        """Answer one row."""
        entity = self._entity(name)
        return {"item": self._books.rows(entity.name).get(int(id))}

    def _read_query(self, environ):
        """Return the query of a call, from its body or its address."""
        if environ["REQUEST_METHOD"] == "POST":
            return _read_body(environ)
        try:
            return json.loads(query_of(environ).get("search", "null"))
        except ValueError:
            raise bad_request("The query is not JSON.") from None

    def _query(self, environ, name, after=-1):
        """Answer the rows that match a query, one page of them."""
        entity = self._entity(name)
        verb = environ["REQUEST_METHOD"]
        query = Query(entity, self._read_query(environ))
        rows, has_more = query.page(self._books.rows(entity.name), after)
        page_details = {
            "count": len(rows),
            "requestCount": query.size,
            "prevPageUrl": None,
            "nextPageUrl": None,
        }
        if has_more:
            parameters = {"paging": encode_token(entity.name, verb, rows[-1]["id"])}
            if verb == "GET":
                parameters["search"] = query_of(environ)["search"]
            path = f"ATServicesRest/V1.0/{entity.name}/query/next?{urlencode(parameters)}"
            page_details["nextPageUrl"] = f"{self._address(environ)}/{path}"
        return {"items": [query.present(row) for row in rows], "pageDetails": page_details}

    def _next(self, environ, name):
        """Answer the next page, which must be requested with the verb of the first."""
        verb, after = decode_token(query_of(environ).get("paging", ""), self._entity(name))
        if verb != environ["REQUEST_METHOD"]:
            raise Refusal(405, "The requested resource does not support this method.")
        return self._query(environ, name, after)

    def _count(self, environ, name):
        """Answer how many rows match a query."""
        entity = self._entity(name)
        query = Query(entity, self._read_query(environ))
        rows = self._books.rows(entity.name)
        return {"queryCount": query.count(rows)}

    def _change(self, environ, name, id=None):
        """Change fields of a row; a PUT empties those that it leaves out."""
        entity = self._entity(name, "update")
        fault = environ.get("sandbox.fault")
        if fault and environ["REQUEST_METHOD"] == "PATCH":
            raise Refusal(fault.status or 404)
        if entity.parent:
            raise Refusal(405, "The requested resource does not support this method.")
        body = _read_body(environ)
        self._check(entity, body)
        fields = {}
        if environ["REQUEST_METHOD"] == "PUT":
            fields = dict.fromkeys(entity.writable())
        fields |= {field: value for field, value in body.items() if field != "id"}
        if fields:
            self._books.do("put", entity=entity.name, id=body["id"], fields=fields)
        return {"itemId": body["id"]}

    def _check(self, entity, body):
        """Refuse a change of a row that is not there, or of its fields."""
        is_row = isinstance(body, dict) and isinstance(body.get("id"), int)
        if not is_row or body["id"] not in self._books.rows(entity.name):
            raise bad_request("No matching records found, or the id of the record is missing.")
        row = self._books.rows(entity.name)[body["id"]]
        for name, value in body.items():
            self._check_field(entity, row, name, value)

    def _check_field(self, entity, row, name, value):
        """Refuse a value that a field does not accept."""
        field = entity.fields.get(name)
        if field is None:
            raise bad_request(f"Could not find member {name} on the {entity.name} entity.")
        if field.read_only and name != "id":
            raise bad_request(f"The field {name} of {entity.name} is read-only.")
        if (entity.name, name) in WRITE_ONCE_FIELDS and value != row[name]:
            raise bad_request(f"The {name} of {entity.name} cannot be changed once it is set.")
        if not field.accepts(value):
            raise bad_request(
                f"The value of {name} is not of its type, or is longer than {field.length}."
            )

    def _pdf(self, environ, id):
        """Answer an invoice as a PDF."""
        invoice = self._books.rows("Invoices").get(int(id))
        if invoice is None:
            raise bad_request("No matching records found.")
        title = f"Invoice {invoice['invoiceNumber'] or id}"
        data = pdf([title])
        item = {
            "id": int(id),
            "contentType": "application/pdf",
            "fileName": f"{title}.pdf",
            "fileSize": len(data),
            "data": base64.b64encode(data).decode(),
        }
        return {"item": item}


def _read_body(environ):
    """Return the JSON in the body; refuse any other content."""
    if not environ.get("CONTENT_TYPE", "").startswith("application/json"):
        raise Refusal(
            415, "The request contains an entity body of a media type that is not supported."
        )
    try:
        return json_of(environ)
    except ValueError:
        raise bad_request("The body is not JSON.") from None


def _describe_field(field, values):
    """Return a field as Autotask describes it."""
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
