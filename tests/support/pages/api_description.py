"""The OpenAPI document of the JSON API as the hub serves it, and what one lacks of an earlier one.

A file in `tests/baseline/public` stores it for each minor version. This writes it:
`python -m tests.support.pages.api_description tests/baseline/public/api/0.1.json`.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hub import config as configuration
from hub.app import create_app
from hub.db import engine
from hub.web.api.application import PREFIX
from tests.support.rows.page_rows import add_people
from tests.support.runs.hub_environment import SECRET_KEY, VAULT_KEYS

ADDRESS = f"{PREFIX}/openapi.json"
# Parts that explain, or that an addition may change.
EXPLAINED = frozenset({"description", "summary", "info", "tags", "example", "examples", "title"})
REQUIRED = "required"


def read_served() -> dict[str, Any]:
    """Return the document that a new hub serves."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {
            "HUB_DATA": folder,
            "HUB_SECRET_KEY": SECRET_KEY,
            "HUB_VAULT_KEYS": VAULT_KEYS,
        }
        app = create_app(configuration.load(environ))
        engine.upgrade(app)
        with app.app_context(), engine.transaction() as session:
            add_people(session)  # without an owner every address leads to the set-up
        answer = app.test_client().get(ADDRESS)
    served: dict[str, Any] = json.loads(answer.data)
    return served


def list_losses(before: Any, now: Any, place: str = "") -> Iterator[str]:
    """Yield what a program could send or read before, and now cannot in the same way.

    Additions are no loss, except a member of a request that is required now.
    """
    if isinstance(before, dict):
        if not isinstance(now, dict):
            yield f"{place}: is another value"
            return
        for name, value in before.items():
            here = f"{place}/{name}"
            if name in EXPLAINED and not place.endswith("/properties"):
                continue
            if name not in now:
                yield f"{here}: is removed"
            else:
                yield from list_losses(value, now[name], here)
        yield from _list_new_demands(before, now, place)
    elif isinstance(before, list):
        yield from _list_lost_entries(before, now, place)
    elif before != now:
        yield f"{place}: was {before!r}, is {now!r}"


def _list_lost_entries(before: list[Any], now: Any, place: str) -> Iterator[str]:
    """Yield the entries of a list that are gone; parameters are compared by their names."""
    entries = now if isinstance(now, list) else []
    named = {_name_of(entry): entry for entry in entries}
    for entry in before:
        name = _name_of(entry)
        if name not in named:
            yield f"{place}/{name}: is removed"
        elif isinstance(entry, dict):
            yield from list_losses(entry, named[name], f"{place}/{name}")


def _list_new_demands(before: dict[str, Any], now: dict[str, Any], place: str) -> Iterator[str]:
    """Yield members of a body and parameters that must be sent now and need not be before."""
    earlier, present = before.get(REQUIRED, []), now.get(REQUIRED, [])
    if isinstance(present, list) and isinstance(earlier, list) and "properties" in before:
        for name in present:
            if name not in earlier:
                yield f"{place}/{name}: is required"
    for parameter in now.get("parameters", []):
        names = {_name_of(entry) for entry in before.get("parameters", [])}
        if parameter.get(REQUIRED) and _name_of(parameter) not in names:
            yield f"{place}/parameters/{_name_of(parameter)}: is required"


def _name_of(entry: Any) -> str:
    """Return what distinguishes an entry of a list from the others."""
    if isinstance(entry, dict) and "name" in entry:
        return f"{entry.get('in', '')} {entry['name']}".strip()
    return json.dumps(entry, sort_keys=True)


def format_document(document: dict[str, Any]) -> str:
    """Return a document as its file stores it."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(format_document(read_served()), encoding="utf-8")
