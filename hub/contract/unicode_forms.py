"""The forms in which Unicode writes a letter with an accent: composed (NFC) or decomposed (NFD).

Systems differ in the form that they write, so texts are compared in one of them.
"""

import unicodedata


def compose(text: str) -> str:
    """Return a text with composed letters (NFC); some systems write an accent after its letter."""
    return unicodedata.normalize("NFC", text)


def fold_case(text: str) -> str:
    """Return a text for comparisons that ignore case, with composed letters."""
    return compose(text).casefold()


def list_forms(text: str) -> tuple[str, str]:
    """Return a text with composed letters, and with decomposed ones (NFD)."""
    return compose(text), unicodedata.normalize("NFD", text)
