"""Compare the numbers of documents as QuickBooks compares them."""

from hub.contract.unicode_forms import compose


def fold_number(number: str) -> str:
    """Return the key of a number: without case, and without surrounding and repeated spaces.

    Letters with accents have one key, whether they are composed (NFC) or not (NFD).
    """
    return compose(" ".join(number.split()).casefold())
