"""Drafts of forms that were not saved.

They are kept sealed in the database for a short time, under a random token. Only the person
who entered a form can read its draft, in the same browser: others with the token see nothing.
"""

import datetime as dt
import json
import re
import secrets as tokens
from collections.abc import Mapping
from typing import Any

from flask import request
from flask import session as cookie
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.models import Secret
from hub.security import secrets
from hub.translations.messages import gettext

DRAFT_LIFETIME = dt.timedelta(minutes=30)
MAX_DRAFTS = 200  # so that a stranger cannot fill the database with forms
MAX_LENGTH = 20_000  # characters of one draft
PREFIX = "form:"
BROWSER_KEY = "browser"  # key of the browser's random name in the signed cookie
TOKEN_PATTERN = re.compile(r"(\d{12})-[\w-]{43}")
NOT_KEPT = ("csrf_token", "test", "draft", "listed")
SECRET_WORDS = ("password", "secret", "token", "code", "credential")  # in the names of fields


def save(content: Mapping[str, Any], owner: str) -> str:
    """Store a draft for a person and return its token; "" if it is too long to be stored."""
    browser = cookie.setdefault(BROWSER_KEY, tokens.token_urlsafe(32))
    text = json.dumps({"owner": owner, "browser": browser, "content": content})
    if len(text) > MAX_LENGTH:
        return ""
    now = current_hub().clock.now()
    expires = _format_time(now + DRAFT_LIFETIME)
    random_part = tokens.token_urlsafe(32)
    token = f"{expires}-{random_part}"
    with transaction() as session:
        _remove_surplus(session, now)
        secrets.put(session, _get_storage_name(token), text)
    return token


def _remove_surplus(session: Session, now: dt.datetime) -> None:
    """Remove the drafts that have expired, and the oldest ones that leave no room for one more.

    A token begins with the time of its expiry, so drafts sort by age.
    """
    is_draft = Secret.place.startswith(PREFIX)
    expired_before = _get_storage_name(_format_time(now))
    deletion = delete(Secret).where(is_draft, Secret.place < expired_before)
    session.execute(deletion)
    newest = (
        select(Secret.place).where(is_draft).order_by(Secret.place.desc()).offset(MAX_DRAFTS - 1)
    )
    surplus = list(session.scalars(newest))
    session.execute(delete(Secret).where(Secret.place.in_(surplus)))


def load(token: str, owner: str) -> dict[str, Any]:
    """Return a recent draft of the person, else nothing.

    A token that is mistyped, expired, of another browser or somebody else's has no draft.
    """
    match = TOKEN_PATTERN.fullmatch(token)
    if match is None:
        return {}
    expires = match[1]
    if expires < _format_time(current_hub().clock.now()):
        return {}
    with read_only_session() as session:
        text = secrets.get(session, _get_storage_name(token))
    if not text:
        return {}
    draft: dict[str, Any] = json.loads(text)
    is_own = draft["owner"] == owner and draft.get("browser") == cookie.get(BROWSER_KEY)
    if not is_own:
        return {}
    return dict(draft["content"])


def forget(token: str) -> None:
    """Remove a draft that is no longer needed."""
    if TOKEN_PATTERN.fullmatch(token):
        with transaction() as session:
            secrets.forget(session, _get_storage_name(token))


def save_posted(
    owner: str, secret_names: set[str], page: str = "", *, was_refused: bool = False
) -> str:
    """Store this request's form, without its secrets, for the person who sent it.

    - `page`: the address of the page with the form, unless that is the form's own address.
    - `was_refused`: the person has been told why the form was refused.

    Return the token of the draft; "" for a form of nobody, and for one that another site sent.
    """
    if not owner or not _is_own_form():
        return ""
    left_out = {*NOT_KEPT, *secret_names}
    lists = {name: values for name, values in request.form.lists() if name not in left_out}
    if not (lists or page):
        return ""
    has_files = any(file.filename for file in request.files.values())
    content = {"form": lists, "path": request.path, "page": page, "has_files": has_files}
    content["was_refused"] = was_refused
    return save(content, owner)


def find_secret_names() -> set[str]:
    """Return the fields of this request's form that are secret by their names."""
    names = set()
    for name in request.form:
        if any(word in name.lower() for word in SECRET_WORDS):
            names.add(name)
    return names


def load_posted(token: str, owner: str) -> MultiDict[str, str]:
    """Return the form that was stored of a request to this path; empty if there is none."""
    draft = load(token, owner)
    if draft.get("path") != request.path:
        return MultiDict()
    return build_form(draft)


def build_form(draft: Mapping[str, Any]) -> MultiDict[str, str]:
    """Return the fields of a draft as a request has them."""
    form: MultiDict[str, str] = MultiDict()
    for name, values in draft["form"].items():
        form.setlist(name, values)
    return form


def explain_expired_form() -> str:
    """Say that a form is shown again: the page was open too long, or its person had to confirm."""
    return gettext("The form was not saved yet. Check it and save it again.")


def _is_own_form() -> bool:
    """Return whether the browser says that the form is one of our own pages.

    An old browser may say nothing.
    """
    origin = request.headers.get("Origin")
    if origin not in (None, request.host_url.rstrip("/")):
        return False
    return request.headers.get("Sec-Fetch-Site") in (None, "same-origin")


def _get_storage_name(token: str) -> str:
    """Return the name under which a draft is stored."""
    return PREFIX + token


def _format_time(moment: dt.datetime) -> str:
    """Return the time as a text that sorts by age."""
    return f"{int(moment.timestamp()):012d}"
