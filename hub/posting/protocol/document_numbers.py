"""Compare the numbers of documents as QuickBooks compares them."""


def fold_number(number: str) -> str:
    """Return the key of a number: without case, and without surrounding and repeated spaces."""
    return " ".join(number.split()).casefold()
