"""The parts that all resources of the API share: addresses, declarations and lists."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

from flask_smorest import Blueprint, abort
from marshmallow import RAISE, Schema, fields, validate

from hub.errors import NotFound
from hub.security import api_tokens
from hub.translations.messages import translate
from hub.web.api import problems
from hub.web.api.arguments import ArgumentParser
from hub.web.authentication.access import require_role
from hub.web.frame.paging import ListPage

PREFIX = "/api/v1"
MAX_TEXT = 300  # characters of a filter, code or name
STORABLE_PATTERN = "^[^\\u0000]*$"  # PostgreSQL stores no text with the character U+0000
View = Callable[..., Any]
# The least role of an operation -> the scope that a token needs for it unless it names another.
SCOPE_BY_ROLE = {
    "viewer": api_tokens.READ,
    "operator": api_tokens.OPERATE,
    "app-owner": api_tokens.CONFIGURE,
}
# Answers that every operation may give besides its own.
REFUSAL_STATUSES = (400, 401, 403, 404, 405, 409, 413, 429, 500, 503)
UNPROCESSABLE = 422


def build_text_field(
    description: str = "", *, least: int = 0, most: int = MAX_TEXT, is_required: bool = False
) -> fields.String:
    """Return a field for text that a database can store, with a least and greatest length."""
    return fields.String(
        required=is_required,
        validate=[validate.Length(min=least, max=most), validate.Regexp(STORABLE_PATTERN)],
        metadata={"description": description},
    )


def build_formatted_field(
    description: str, *, text_format: str, check: Callable[[str], None] | None = None
) -> fields.String:
    """Return a field for text of a format that only the description explains.

    `check` raises a `ValidationError` for other text. Without it the view checks the text.
    """
    return fields.String(
        validate=[validate.Length(max=MAX_TEXT), check or validate.Regexp(STORABLE_PATTERN)],
        metadata={"description": description, "format": text_format},
    )


class Amount(fields.String):
    """An amount of money as decimal text, with the cents of most currencies at least."""

    def _serialize(self, value: Any, *args: Any, **options: Any) -> str | None:
        if value is None:
            return None
        cents = round(value, 2)
        return f"{cents if cents == value else value.normalize():f}"


class Resource(Blueprint):  # type: ignore[misc]
    """A resource of the API, whose document describes how each operation may be refused.

    It describes that when the document is built: a description at each operation, of which
    flask-smorest keeps several copies, would take 9 MB and a seventh of the start of a process.
    """

    ARGUMENTS_PARSER = ArgumentParser()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._prepare_doc_cbks.insert(0, self._describe_refusals)

    @staticmethod
    def _describe_refusals(
        doc: dict[str, Any], operation: dict[str, Any], **_: Any
    ) -> dict[str, Any]:
        """Add the refusals to the responses of an operation."""
        refusals = [*REFUSAL_STATUSES]
        if "arguments" in operation:
            refusals.append(UNPROCESSABLE)
        for code in refusals:
            refusal = {
                "schema": problems.ProblemSchema,
                "content_type": problems.MIME,
                "description": problems.STATUS_SENTENCES[code],
            }
            operation["response"]["responses"][code] = [refusal]
        return doc


class PageQuery(Schema):
    """The filters of a list that has pages."""

    before = build_formatted_field("from the address `next` of a list", text_format="cursor")
    after = build_formatted_field("from the address `previous` of a list", text_format="cursor")


class ConfirmationSchema(Schema):
    """That a person knows what is removed from QuickBooks."""

    confirmed = fields.Boolean(load_default=False)


def operation(
    resource: Resource,
    rule: str,
    *,
    role: str,
    response: type[Schema] | Schema,
    method: str = "GET",
    of: str = "",
    status: int = 200,
    query: type[Schema] | None = None,
    body: type[Schema] | None = None,
    scope: str = "",
) -> Callable[[View], View]:
    """Return a decorator that declares a view: its address, role, arguments and answers.

    `role` and `of` are those of `hub.web.authentication.access.require_role`. A token needs
    `scope`, or without one the scope of the role. The view gets what was sent as `query` and
    `body`.
    """

    def declare(view: View) -> View:
        endpoint = require_role(role, of)(view)
        cast(Any, endpoint).needs_scope = scope or SCOPE_BY_ROLE[role]
        endpoint = resource.response(status, response)(endpoint)
        if query is not None:
            # A filter that was misspelled must not choose every row.
            options = {"location": "query", "arg_name": "query", "unknown": RAISE}
            endpoint = resource.arguments(query, **options)(endpoint)
        if body is not None:
            endpoint = resource.arguments(body, arg_name="body")(endpoint)
        registered_view: View = resource.route(rule, methods=[method])(endpoint)
        return registered_view

    return declare


@contextmanager
def name_unknown_value(field: str) -> Iterator[None]:
    """Abort with 422 and this field of the body if its value names nothing that exists.

    With 404 a program would take the address for wrong.
    """
    try:
        yield
    except NotFound as error:
        abort(422, messages={"json": {field: [translate(error.sentence)]}})


@cache
def list_of(item: type[Schema]) -> Schema:
    """Return the schema of one page of a list."""
    name = item.__name__.removesuffix("Schema")
    members: dict[str, fields.Field[Any]] = {
        "data": fields.List(fields.Nested(item), required=True),
        "next": fields.String(
            required=True,
            allow_none=True,
            metadata={"description": "the address of the next page, null on the last one"},
        ),
        "previous": fields.String(
            required=True,
            allow_none=True,
            metadata={"description": "the address of the page before, null on the first one"},
        ),
    }
    return Schema.from_dict(members, name=f"{name}ListSchema")()


def to_list(page: ListPage, rows: Iterable[Any]) -> dict[str, Any]:
    """Return a page of a list with the addresses beside it.

    Abort with 422 if the cursor in the address fits no row: a program that got the first page
    again would read the same rows for ever.
    """
    if page.ignored_cursor:
        sentence = "This is no address of a page. Take it from next or previous of a list."
        abort(422, messages={"query": {page.ignored_cursor: [sentence]}})
    return {"data": list(rows), "next": page.older or None, "previous": page.newer or None}


def build_whole_list(rows: Iterable[Any]) -> dict[str, Any]:
    """Return a list that has one page."""
    return {"data": list(rows), "next": None, "previous": None}


def build_choice_field(choices: Iterable[str], description: str = "") -> fields.String:
    """Return a field that takes one of some values."""
    values = [choice for choice in choices if choice]
    return fields.String(
        validate=validate.OneOf(values),
        metadata={"description": description},
    )


def build_id_field(description: str, *, is_required: bool = False) -> fields.Integer:
    """Return a field for the id of a row."""
    return fields.Integer(
        required=is_required,
        validate=validate.Range(1, 2**31 - 1),
        metadata={"description": description},
    )
