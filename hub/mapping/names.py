"""Names of records and codes as keys: folded, simplified, and compared by their numbers."""

import re
import unicodedata

_COLON = re.compile(r"\s*:\s*")
_SEPARATORS = re.compile(r"[,;\s]+")
_WORDS = re.compile(r"\w+")
_NUMBERS = re.compile(r"[1-9]\d*")
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "đ": "d", "ł": "l", "&": " "})
_LEGAL_FORM_WORDS = """
    and og und et the as asa ans da ltd limited llc llp inc incorporated corp corporation co company
    gmbh ag kg ab oy aps bv nv sa sarl sas srl spa plc pty pte
"""
_LEGAL_FORMS = frozenset(_LEGAL_FORM_WORDS.split())


def fold_name(text: str) -> str:
    """Return the key of a name: without case, repeated spaces, and spaces beside a colon."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    single_spaced = " ".join(plain.split())
    return _COLON.sub(":", single_spaced)


def simplify_name(text: str) -> str:
    """Return a name without accents, punctuation, legal forms and the word for and."""
    return simplify_key(fold_name(text))


def has_other_email(first: str, second: str) -> bool:
    """Return whether two parties have e-mail addresses, and none in common."""
    addresses, other_addresses = split_addresses(first), split_addresses(second)
    return bool(addresses and other_addresses) and addresses.isdisjoint(other_addresses)


def split_addresses(text: str) -> set[str]:
    """Return the keys of the e-mail addresses in a text."""
    return set(filter(None, _SEPARATORS.split(fold_name(text))))


def simplify_key(name_key: str) -> str:
    """Return the simplified name of a name, given by its key from `fold_name`."""
    transliterated_key = name_key.translate(_LETTERS)
    decomposed_key = unicodedata.normalize("NFKD", transliterated_key)
    for mark in (".", *filter(unicodedata.combining, set(decomposed_key))):
        decomposed_key = decomposed_key.replace(mark, "")
    words = _WORDS.findall(decomposed_key)
    essential = [word for word in words if word not in _LEGAL_FORMS]
    return " ".join(essential or words)


def have_different_numbers(name: str, other_name: str) -> bool:
    """Return whether two names differ in their numbers, such as Lot 12 and Lot 13.

    They differ if the longest number of each is missing in the other.
    """
    numbers = _NUMBERS.findall(name)
    other_numbers = _NUMBERS.findall(other_name)
    if not numbers or not other_numbers:
        return False
    longest = max(numbers, key=len)
    other_longest = max(other_numbers, key=len)
    return longest not in other_numbers and other_longest not in numbers
