"""Show a form again that was sent after its session had run out, with what was entered into it.

Nothing of it is carried out: the person has to press the button again. A form that was refused
comes back in the same way; a message of the page says why.
"""

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, render_template, request
from flask_security import current_user

from hub.web.authentication.access import person_name
from hub.web.request import filled_form, form_drafts


def init_app(app: Flask) -> None:
    """Fill in forms of pages whose address names a draft."""
    app.after_request(_fill)


def _fill(response: Response) -> Response:
    """Fill in the form of the draft, if the page of the response is the one that it was on."""
    token = request.args.get("draft", "")
    if not (token and _is_whole_page(response) and current_user.is_authenticated):
        return response
    draft = form_drafts.load(token, person_name())
    if draft.get("page"):
        response.set_data(_fill_page(response.get_data(as_text=True), draft))
    return response


def _is_whole_page(response: Response) -> bool:
    """Return whether a response is a page that was opened, not a file and not an error."""
    if request.method != "GET" or response.status_code != 200:
        return False
    return response.mimetype == "text/html" and not response.is_streamed


def _fill_page(page: str, draft: Mapping[str, Any]) -> str:
    """Return a page with the values of a draft in its form, and a note unless it has one."""
    form = form_drafts.build_form(draft)
    if draft.get("was_refused"):
        return filled_form.fill(page, draft["path"], form, "", note_without_form="")
    entries = [(name, value) for name, value in form.items(multi=True) if value]
    context = {"has_files": draft["has_files"], "entries": entries}
    return filled_form.fill(
        page,
        draft["path"],
        form,
        render_template("unsent_form.html", is_filled_in=True, **context),
        note_without_form=render_template("unsent_form.html", is_filled_in=False, **context),
    )
