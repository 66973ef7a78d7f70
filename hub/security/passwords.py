"""The rules for passwords, the same wherever one is set."""

import unicodedata

from hub.errors import Sentence
from hub.exact_json import is_storable
from hub.security import breached_passwords
from hub.security.password_hashing import (
    MAX_PASSWORD_LENGTH,
    PasswordRefused,
    PasswordTooLong,
)

MIN_LENGTH = 12
MIN_ZXCVBN_SCORE = 4  # zxcvbn rates from 0 to 4; for 3 a season, a year and two marks are enough
MIN_REMAINING_LENGTH = 8  # characters that a password needs beside the person's and the hub's name
ANALYSED_LENGTH = 72  # the time of zxcvbn grows faster than the length
SHORTEST_WORD = 3
OWN_WORDS = ("quickbooks", "intuit", "hub", "qbo")
# zxcvbn knows common passwords and English words only.
NORWEGIAN_WORDS = (
    "desember",
    "fredag",
    "hemmelig",
    "høst",
    "jul",
    "mandag",
    "norge",
    "passord",
    "regnskap",
    "sommer",
    "velkommen",
    "vinter",
    "vår",
)
TOO_EASY = Sentence("This password is too easy to guess. %(advice)s")
TOO_EASY_BECAUSE = Sentence("This password is too easy to guess. %(warning)s %(advice)s")
LEAKED_MESSAGE = Sentence("This password is in a list of passwords that were leaked. %(advice)s")
PASSWORD_ADVICE = Sentence("Use several words that do not belong together, or a password manager.")


def normalize(password: str) -> str:
    """Return the form of a password that is hashed, the same for every way of typing it."""
    return unicodedata.normalize("NFKD", password)


def require_hashable(password: str) -> None:
    """Raise PasswordRefused for a text that no password can be, so that it is not hashed."""
    if len(password) > MAX_PASSWORD_LENGTH:
        raise PasswordTooLong(MAX_PASSWORD_LENGTH)
    if not is_storable(password):
        raise PasswordRefused(
            "The password contains a character that cannot be stored. Choose another password."
        )


def find_problem(password: str, *words: str) -> str:
    """Return the reason why this cannot be a new password, as a sentence; "" if it can.

    `words` are texts that others can know, such as the name of the person.
    """
    if len(password) < MIN_LENGTH:
        return Sentence("The password needs at least %(length)s characters.", length=MIN_LENGTH)
    known_words = _list_texts_and_words(words)
    if _count_remaining(password, known_words) < MIN_REMAINING_LENGTH:
        return Sentence(
            "This password is little more than your name or the name of the hub. %(advice)s",
            advice=PASSWORD_ADVICE,
        )
    reason = _explain_guessable(password, known_words)
    if reason:
        return reason
    if breached_passwords.is_listed(password):
        return Sentence(LEAKED_MESSAGE, advice=PASSWORD_ADVICE)
    return ""


def require_good(password: str, *words: str) -> None:
    """Raise PasswordRefused, with the reason, for a password that cannot be a new one."""
    require_hashable(password)
    reason = find_problem(password, *words)
    if reason:
        raise PasswordRefused(reason)


def _explain_guessable(password: str, known_words: set[str]) -> str:
    """Return the sentence about a password that is easy to guess, "" for a good one."""
    from zxcvbn import zxcvbn  # only now: its word lists take a tenth of a second to load

    inputs = sorted({*known_words, *NORWEGIAN_WORDS})
    result = zxcvbn(password[:ANALYSED_LENGTH], user_inputs=inputs)
    if result["score"] >= MIN_ZXCVBN_SCORE:
        return ""
    warning = result["feedback"]["warning"]
    if not warning:
        return Sentence(TOO_EASY, advice=PASSWORD_ADVICE)
    return Sentence(TOO_EASY_BECAUSE, warning=warning, advice=PASSWORD_ADVICE)


def _list_texts_and_words(texts: tuple[str, ...]) -> set[str]:
    """Return texts and the words in them, in lower case."""
    parts = set(OWN_WORDS)
    for text in texts:
        folded_text = normalize(text).casefold()
        separated_text = "".join(char if char.isalnum() else " " for char in folded_text)
        parts |= {folded_text, *separated_text.split()}
    return {part for part in parts if len(part) >= SHORTEST_WORD}


def _count_remaining(password: str, known_words: set[str]) -> int:
    """Return the number of characters that are left of a password without these words."""
    text = normalize(password).casefold()
    for word in sorted(known_words, key=len, reverse=True):
        text = text.replace(word, "")
    return len(text)
