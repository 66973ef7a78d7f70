"""Call Autotask's REST API over `site.http`."""

import base64
import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from hub import (
    BoundSecrets,
    NeedsAttention,
    Refused,
    Reply,
    Retry,
    Row,
    Sentence,
    Site,
    format_moment,
    is_transient,
    iter_chunks,
    read_linked_pages,
    require_id,
)
from hub_autotask.entity_rows import are_fields, drop_repeated, names_row, read_labels, read_row

DEFAULT_ADDRESS = "https://webservices.autotask.net"
# Half of what Autotask allows a database, for the three apps together. All integrations of the
# database share the allowance, and from half of it on Autotask slows every call down ("REST API
# supportability, query thresholds, and latency" in Autotask's developer help).
RATE_LIMIT = "5000/h"
MAX_RECORDS = 500
NOT_SUPPORTED: Row = {}  # stands for the answer to a call that a zone does not support
# Autotask refuses a query or a change with this status; the reasons are in the body.
REFUSED_STATUS = 500
CREDENTIALS_ADVICE = Sentence(
    "Autotask does not say which part is wrong: check the user name, its secret and"
    " the tracking identifier of the integration vendor “Autotask - QuickBooks"
    " Online”, that the user is active, and that its security level is API User"
    " (system) or a copy of it."
)


def is_blank(field: str) -> Row:
    """Return the condition that a text field is empty: null, or an empty text."""
    is_null = {"op": "notExist", "field": field}
    return {"op": "or", "items": [is_null, where(field, "eq", "")]}


def where(field: str, op: str, value: Any) -> Row:
    """Return one condition of a query."""
    return {"op": op, "field": field, "value": value}


def any_of(*conditions: Any) -> Row:
    """Return the condition that at least one of these holds."""
    return {"op": "or", "items": list(conditions)}


def all_of(*conditions: Any) -> Row:
    """Return the condition that all of these hold."""
    return {"op": "and", "items": list(conditions)}


def is_label(text: str, *labels: str) -> bool:
    """Return whether a text is one of these labels of a picklist, ignoring case."""
    return text.casefold() in {label.casefold() for label in labels}


def start_of_day(date: dt.date, zone: ZoneInfo) -> str:
    """Return the first moment of a day in the source's zone, as Autotask writes moments."""
    moment = dt.datetime.combine(date, dt.time(0), zone)
    return format_moment(moment)


class Autotask:
    """Calls to the zone of the user's database."""

    def __init__(self, site: Site) -> None:
        self._http = site.http
        self._home = site.settings["address"].rstrip("/")
        self._user = site.settings["username"]
        self._bound = BoundSecrets(site.secrets, self._home, self._user)
        self._headers = {
            "ApiIntegrationCode": site.settings["integration_code"],
            "UserName": self._user,
            "Secret": site.secrets["secret"],
        }
        self._fields_by_entity: dict[str, list[Row]] = {}

    def account(self) -> tuple[str, str]:
        """Return the id and name of the database; raise NeedsAttention for wrong credentials."""
        zone = self._discover()
        own = self.get("Companies", 0) or {}
        name = own.get("companyName") or zone["zoneName"]
        return require_id(zone, "ci"), name

    def pages(
        self, entity: str, *conditions: Any, fields: tuple[str, ...] = ()
    ) -> Iterator[list[Row]]:
        """Yield the rows that meet all conditions, page by page, in the order of their ids.

        A row that comes twice, such as one that moved to the next page, is yielded once.
        """
        body = {
            "filter": list(conditions) or [where("id", "gte", 0)],
            "MaxRecords": MAX_RECORDS,
        }
        if fields:
            body["IncludeFields"] = list(fields)

        def fetch(link: str) -> tuple[list[Row], str | None]:
            """Return the rows of a page, and the link to the next one."""
            page = self._read_json("POST", link or f"{entity}/query", entity, json=body)
            rows: list[Row] = [*map(read_row, _require_list(page["items"]))]
            return rows, page["pageDetails"].get("nextPageUrl")

        ids_read: set[Any] = set()
        for rows, _ in read_linked_pages(fetch, "", "Autotask"):
            yield drop_repeated(rows, ids_read)

    def rows(self, entity: str, *conditions: Any, fields: tuple[str, ...] = ()) -> Iterator[Row]:
        """Yield the rows that meet all conditions, in the order of their ids."""
        for page in self.pages(entity, *conditions, fields=fields):
            yield from page

    def rows_with(
        self, entity: str, field: str, values: Iterable[int | str | None]
    ) -> Iterator[Row]:
        """Yield the rows whose field has one of these values, in queries of up to MAX_RECORDS.

        None, the id of a row without one, and an id that is no number are not asked for.
        """
        present = sorted(value for value in values if isinstance(value, int))
        for chunk in iter_chunks(present, MAX_RECORDS):
            yield from self.rows(entity, where(field, "in", chunk))

    def parts_of(self, entity: str, field: str, values: Iterable[int | None]) -> Iterator[Row]:
        """Yield the rows whose field has one of these values, such as the lines of invoices.

        Raise Retry for a row with another value: it is missing where it belongs.
        """
        expected_values = set(values)
        for row in self.rows_with(entity, field, expected_values):
            if row[field] is None or row[field] not in expected_values:
                raise Retry(
                    "Autotask sent a row of %(entity)s that it was not asked for; it is asked"
                    " again later.",
                    entity=entity,
                )
            yield row

    def get(self, entity: str, id: int) -> Row | None:
        """Return one row, or None if Autotask does not have it."""
        answer = self._read_json("GET", f"{entity}/{id}", entity)
        row: Row | None = answer.get("item")
        return None if row is None else read_row(row)

    def update(self, entity: str, id: int, **fields: Any) -> None:
        """Write these fields of a row; raise Retry if the answer does not name the row.

        One zone does not support PATCH: there, the whole row is written.
        """
        changes = {"id": id, **fields}
        answer = self._read_json("PATCH", entity, entity, json=changes, absent=NOT_SUPPORTED)
        if answer is NOT_SUPPORTED:
            answer = self._write_whole_row(entity, id, changes)
        if not names_row(answer, id):
            raise _build_wrong_answer(entity)

    def _write_whole_row(self, entity: str, id: int, changes: Row) -> Row:
        """Write all fields of a row that can be written, some of them changed."""
        row = self.get(entity, id)
        if row is None:
            raise Refused("Autotask no longer has this: somebody deleted it there.")
        writable = [field["name"] for field in self._fields(entity) if not field["isReadOnly"]]
        present = {name: row[name] for name in writable}
        return self._read_json("PUT", f"{entity}/{id}", entity, json={**present, **changes})

    def picklist_label(self, entity: str, field: str, value: Any) -> str:
        """Return the label of a number in a picklist of this database."""
        labels = self.picklist(entity, field)
        return labels.get(str(value), "")

    def picklist_number(self, entity: str, field: str, label: str) -> int:
        """Return the number of a label in a picklist of this database, ignoring case."""
        for value, existing in self.picklist(entity, field).items():
            if is_label(existing, label):
                return int(value)
        raise NeedsAttention(
            "%(field)s of %(entity)s in Autotask has no entry “%(label)s”. Somebody"
            " renamed or removed it; put it back.",
            field=field,
            entity=entity,
            label=label,
        )

    def picklist(self, entity: str, field: str) -> dict[str, str]:
        """Return the labels of a picklist by their numbers, which are text.

        Raise Retry if one of them is missing: rows would have another status than theirs.
        """
        for column in self._fields(entity):
            if column["name"].lower() == field.lower():
                labels = read_labels(column)
                if labels is None:
                    raise _build_wrong_answer(entity)
                return labels
        return {}

    def rights(self, entity: str) -> set[str] | None:
        """Return the verbs that the user's level allows for an entity; None if there is none."""
        path = f"{entity}/entityInformation"
        answer = self._read_json("GET", path, entity, absent=NOT_SUPPORTED)
        if answer is NOT_SUPPORTED:
            return None
        info = answer["info"]
        rights = set()
        for verb in ("Query", "Create", "Update"):
            if info.get(f"can{verb}") and info.get(f"userAccessFor{verb}"):
                rights.add(verb.lower())
        return rights

    def call_usage(self) -> tuple[int, int]:
        """Return the number of calls of this hour and its limit, for the whole database."""
        usage = self._read_json("GET", "ThresholdInformation", "ThresholdInformation")
        return usage["currentTimeframeRequestCount"], usage["externalRequestThreshold"]

    def pdf(self, invoice: str) -> bytes:
        """Return the bytes of an invoice as Autotask prints it."""
        item = self._read_json("GET", f"Invoices/{invoice}/InvoicePDF", "Invoices").get("item")
        data = item.get("data") if isinstance(item, dict) else None
        if not data:
            raise Refused(
                "Autotask has no PDF of this invoice. Print it there once, then press Retry."
            )
        try:
            return base64.b64decode(data)
        except (ValueError, TypeError):
            raise Retry("Autotask sent a PDF that cannot be read; it is fetched again.") from None

    # -- one call --

    def _fields(self, entity: str) -> list[Row]:
        """Return Autotask's description of an entity's fields, requested once a run."""
        if entity not in self._fields_by_entity:
            answer = self._read_json("GET", f"{entity}/entityInformation/fields", entity)
            if not are_fields(answer.get("fields")):
                raise _build_wrong_answer(entity)
            self._fields_by_entity[entity] = answer["fields"]
        return self._fields_by_entity[entity]

    def _read_json(
        self,
        method: str,
        path: str,
        entity: str,
        json: Row | None = None,
        absent: Row | None = None,
    ) -> Row:
        """Return the JSON of an answer; `absent` if there is no such call or row.

        After a 401, if the database was moved to another zone, repeat the call there.
        """
        reply = self._send(method, path, json)
        if reply.status == 401 and self._has_moved():
            reply = self._send(method, path, json)
        if reply.status == 401:
            raise NeedsAttention(
                "Autotask refused the API user %(user)s. %(who)s",
                user=self._user,
                who=CREDENTIALS_ADVICE,
            )
        if reply.status in (404, 405) and absent is not None:
            return absent
        answer: Row = reply.json() if reply.status == REFUSED_STATUS else reply.check().json()
        errors = _get_errors(answer)
        if errors or reply.status == REFUSED_STATUS:
            raise self._build_refusal(entity, errors)
        if not isinstance(answer, dict):
            raise _build_wrong_answer(entity)
        return answer

    def _send(self, method: str, path: str, json: Row | None) -> Reply:
        """Send a request to the zone of the database; the path may be a whole address."""
        url = path if "://" in path else f"{self._zone()}v1.0/{path}"
        try:
            return self._http.request(
                method,
                url,
                headers=self._headers,
                json=json,
                answers=(REFUSED_STATUS,),
            )
        except Refused:  # the zone's address cannot be called: the next call asks for it again
            self._bound.put("zone", "")
            raise

    def _build_refusal(self, entity: str, errors: Any) -> NeedsAttention | Refused | Retry:
        """Return the exception for these errors of an answer."""
        message = " ".join(map(str, errors or ())) or "nothing more"
        if "adequate permissions" in message:
            return NeedsAttention(
                "The security level of %(user)s lacks a right to %(entity)s in"
                " Autotask. Give it that right under Admin, Security Levels, or use"
                " the level API User (system).",
                user=self._user,
                entity=entity,
            )
        if is_transient(message) or not errors:
            return Retry(
                "Autotask cannot answer for %(entity)s now (%(message)s).",
                entity=entity,
                message=message,
            )
        return Refused(
            "Autotask refused this for %(entity)s: %(message)s",
            entity=entity,
            message=message,
        )

    def _zone(self) -> str:
        """Return the address of the database's zone, which is stored for this user."""
        address: str = self._bound.get("zone") or self._discover()["url"]
        return address

    def _discover(self) -> Row:
        """Ask Autotask for the zone of the user's database, and store its address."""
        url = f"{self._home}/atservicesrest/v1.0/zoneInformation"
        reply = self._http.request(
            "GET",
            url,
            params={"user": self._user},
            answers=(REFUSED_STATUS,),
        )
        if reply.status == REFUSED_STATUS:
            refusal = self._build_refusal("ZoneInformation", _get_errors(reply.json()))
            if isinstance(refusal, Retry):
                raise refusal
            raise NeedsAttention(
                "Autotask knows no user %(user)s. Check the user name of the API user"
                " in the settings of the app.",
                user=self._user,
            )
        zone: Row = reply.check().json()
        address = zone.get("url") if isinstance(zone, dict) else None
        if not isinstance(address, str) or "://" not in address:
            raise _build_wrong_answer("ZoneInformation")
        zone["url"] = address.rstrip("/") + "/"
        self._bound.put("zone", zone["url"])
        return zone

    def _has_moved(self) -> bool:
        """Return whether the database is in another zone than before."""
        former_address = self._zone()
        zone = self._discover()
        return bool(zone["url"] != former_address)


def _build_wrong_answer(entity: str) -> Retry:
    """Return the error for an answer of another form than Autotask's."""
    return Retry(
        "Autotask sent an answer of another form for %(entity)s; it is asked again later.",
        entity=entity,
    )


def _require_list(rows: Any) -> list[Any]:
    """Return the rows of a page; raise TypeError for anything but a list."""
    if not isinstance(rows, list):
        raise TypeError("no list")
    return rows


def _get_errors(answer: Any) -> Any:
    """Return the sentences of an answer about what was refused; None if it has none."""
    errors = answer.get("errors") if isinstance(answer, dict) else None
    return errors if errors is None or isinstance(errors, list) else [errors]
