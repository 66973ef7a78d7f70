"""Read the bodies and filters of calls of the API."""

from typing import Any

from flask import Request
from flask_smorest import abort
from marshmallow import Schema
from webargs.flaskparser import FlaskParser

JSON_NEEDED = "The body is not read without the header Content-Type: application/json."
SENT_TWICE = "It was sent more than once. Make a call for each value."


class ArgumentParser(FlaskParser):
    """Read the arguments of a call, and refuse what would be read as less than was sent.

    A body of another type than JSON would count as empty, and of a filter that is sent twice only
    the first value would: the answer would look like success.
    """

    def load_json(self, req: Request, schema: Schema) -> Any:
        """Return the body; abort with 400 if there is one that is not declared as JSON."""
        has_body = req.content_length or req.get_data()  # the data of a form is read already
        if has_body and not req.is_json:
            abort(400, messages={"json": [JSON_NEEDED]})
        return super().load_json(req, schema)

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """Return the filters of a list; abort with 422 if one of them has several values."""
        repeated = [name for name, values in req.args.lists() if len(values) > 1]
        if repeated:
            abort(422, messages={"query": {name: [SENT_TWICE] for name in repeated}})
        return super().load_querystring(req, schema)
