"""The page that follows a decision in review: the next preview, or the same page."""

from collections.abc import Mapping
from typing import Any

from flask import redirect, request, url_for
from werkzeug import Response

from hub.web.frame import listed_rows
from hub.web.request import row_ids

PAGE_ARGUMENTS = ("before", "after")  # they name a page of the list
OPEN_ARGUMENT = "opens"  # the posting whose preview is opened after the decision about another one


def read_return_arguments() -> dict[str, str]:
    """Return those arguments of this address that tell where to go on, for the next address."""
    names = (*PAGE_ARGUMENTS, OPEN_ARGUMENT)
    return {name: request.args[name] for name in names if request.args.get(name)}


def build_list_address(
    installation_id: int, arguments: Mapping[str, str], seals: Mapping[int, str] | None = None
) -> str:
    """Return the address of the page of the list that the arguments name, with what is ticked."""
    page: dict[str, Any] = {name: arguments[name] for name in PAGE_ARGUMENTS if name in arguments}
    if seals:
        page["ticked"] = listed_rows.encode_some(seals)
    return url_for("review.show", installation_id=installation_id, **page)


def redirect_after_decision(installation_id: int, *, is_done: bool) -> Response:
    """Redirect to the next preview if the decision was carried out from one, else to the list."""
    arguments = read_return_arguments()
    posting_id = row_ids.parse(arguments.get(OPEN_ARGUMENT, ""))
    if is_done and posting_id is not None:
        return redirect(url_for("preview.show", posting_id=posting_id))
    return redirect(build_list_address(installation_id, arguments))
