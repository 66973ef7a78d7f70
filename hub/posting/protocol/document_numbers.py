"""Compare the numbers of documents as QuickBooks compares them."""

import unicodedata


def fold_number(number: str) -> str:
    """Return the key of a number: without case, and without surrounding and repeated spaces.

    Letters with accents have one key, whether they are composed (NFC) or not (NFD).
    """
    return unicodedata.normalize("NFC", " ".join(number.split()).casefold())
