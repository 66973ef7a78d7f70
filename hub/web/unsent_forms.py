"""Show a form again that was sent after its session had run out, with what was entered into it.

Nothing of it is carried out: the person has to press the button again. A form that was refused
comes back in the same way; a message of the page says why.
"""

from flask import Flask, Response, render_template, request
from flask_security import current_user

from hub.web import filled_form, form_drafts
from hub.web.access import person_name


def init_app(app: Flask) -> None:
    """Fill in forms of pages whose address names a draft."""
    app.after_request(_fill)


def _fill(response: Response) -> Response:
    """Fill in the form of the draft, if the page of the response is the one that it was on."""
    token = request.args.get("draft", "")
    is_page = request.method == "GET" and response.status_code == 200
    if not (token and is_page and response.mimetype == "text/html" and not response.is_streamed):
        return response
    if not current_user.is_authenticated:
        return response
    draft = form_drafts.load(token, person_name())
    if not draft.get("page"):
        return response
    form = form_drafts.form_of(draft)
    entries = [(name, value) for name, value in form.items(multi=True) if value]
    context = {"has_files": draft["has_files"], "entries": entries}
    note = note_without_form = ""
    if not draft.get("was_refused"):
        note = render_template("unsent_form.html", is_shown=True, **context)
        note_without_form = render_template("unsent_form.html", is_shown=False, **context)
    page = filled_form.fill(
        response.get_data(as_text=True),
        draft["path"],
        form,
        note,
        note_without_form=note_without_form,
    )
    response.set_data(page)
    return response
