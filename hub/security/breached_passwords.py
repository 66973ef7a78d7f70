"""Leaked passwords: an optional list of their hashes, in a file of this machine.

No service is asked, so that nobody learns anything about a password.
"""

import hashlib
import logging
import unicodedata
from pathlib import Path
from typing import Literal

from flask import has_app_context

from hub.context import current_hub
from hub.crypto.hash_list import HashList
from hub.errors import Refused

# The forms in which a password may have been hashed, beside the one that was typed.
UNICODE_FORMS: tuple[Literal["NFC", "NFKD"], ...] = ("NFC", "NFKD")
log = logging.getLogger(__name__)


def is_listed(password: str) -> bool:
    """Return whether a password is in the list; without a list none is.

    Raise Refused if the list cannot be read, so that no password passes unchecked.
    """
    path = current_hub().config.breached_passwords_file if has_app_context() else ""
    if not path:
        return False
    texts = {password, *(unicodedata.normalize(form, password) for form in UNICODE_FORMS)}
    hashes = HashList(Path(path))
    try:
        return any(hashes.contains(_hash_password(text)) for text in texts)
    except OSError as error:
        log.error("The list of leaked passwords cannot be read: %s", error)
        raise Refused(
            "New passwords cannot be checked at the moment, because the hub cannot read its list of"
            " leaked passwords (HUB_BREACHED_PASSWORDS_FILE). Ask whoever runs the hub."
        ) from error


def _hash_password(text: str) -> str:
    """Return the hash of a password as lists of leaked passwords have it."""
    return hashlib.sha1(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
