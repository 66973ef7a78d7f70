"""The display names of documents and postings in the language of the person who reads them.

Names are stored in English, as `hub.models.display_names` builds them, within the reasons of cases
and in the results of runs. A translation is found by the form of a name. So that no other text is
taken for one, its number has to be a single word with a digit.
"""

import re
from collections.abc import Iterable
from gettext import NullTranslations

CONTEXT = "display name"  # context of the texts of this module in the catalog
AND = " and "  # between names
FILE = "File of %(name)s"
FILE_OF = "file of "  # before the kind of the document
NOUNS = (
    "Bill",
    "Supplier credit",
    "Vendor credit",  # as earlier versions stored it
    "Expense",
    "Purchase order",
    "Invoice",
    "Credit memo",
    "Payment",
    "Refund",
    "Bill payment",
    "Deposit",
    "Document",
)
# As a reason names a kind of documents, or of records, perhaps after an article.
KINDS = frozenset((*(noun.lower() for noun in NOUNS), "supplier", "customer", "item"))
ARTICLE = re.compile(r"\Aan? ")
# A transaction in QuickBooks within a sentence: bill 12, or bill 12 (transaction 345).
TRANSACTION = re.compile(
    rf"(?P<kind>{'|'.join(noun.lower() for noun in NOUNS)})"
    r" (?P<number>\S*\d\S*?)(?: \(transaction (?P<id>\w+)\))?"
)
WITH_ID = "%(kind)s %(number)s (transaction %(quickbooks_id)s)"
NAME = re.compile(
    r"(?P<file>File of )?"
    rf"(?P<noun>{'|'.join(NOUNS)}|{'|'.join(noun.lower() for noun in NOUNS)})"
    r" (?P<label>\S*\d\S*?)(?: of (?P<party>.+))?"
)


def list_catalog_texts() -> list[str]:
    """Return the texts of names that a catalog translates."""
    forms = [FILE, AND]
    for noun in NOUNS:
        forms += [_plural_form(noun, has_party=False), _plural_form(noun, has_party=True)]
    return forms


def translate(text: str, catalog: NullTranslations) -> str:
    """Return a name, several with "and" between them, or a kind; another text as it is.

    A kind has no article in the language of the catalog: its gender differs from kind to kind.
    """
    kind = ARTICLE.sub("", text, count=1)
    if kind in KINDS:
        noun = catalog.gettext(kind)
        return text if noun == kind else noun
    names = text.split(AND)
    if len(names) > 1:
        translations = _translate_all(names, catalog)
        if translations:
            return catalog.pgettext(CONTEXT, AND).join(translations)
    return _translate(text, catalog) or _translate_transactions(text, catalog) or text


def _translate_all(names: Iterable[str], catalog: NullTranslations) -> list[str]:
    """Return several names by a catalog; none if one of the texts has not the form of a name."""
    translations = []
    for name in names:
        text = _translate(name, catalog)
        if text is None:
            return []
        translations.append(text)
    return translations


def _translate(text: str, catalog: NullTranslations) -> str | None:
    """Return one name by a catalog; None if the text has not the form of a name."""
    match = NAME.fullmatch(text)
    if match is None or match["noun"][0].islower() != bool(match["file"]):
        return None
    kind = match["noun"].lower()
    if match["file"]:
        kind = FILE_OF + kind
    return format_name(kind, match["label"], match["party"] or "", catalog)


def format_name(kind: str, label: str, party: str, catalog: NullTranslations) -> str:
    """Return the name with these parts, which need not have the form by which one is recognized."""
    noun = kind.removeprefix(FILE_OF).capitalize()
    form = _plural_form(noun, has_party=bool(party))
    name = catalog.pgettext(CONTEXT, form) % {"label": label, "party": party}
    if not kind.startswith(FILE_OF):
        return name
    return catalog.pgettext(CONTEXT, FILE) % {"name": name[:1].lower() + name[1:]}


def _translate_transactions(text: str, catalog: NullTranslations) -> str | None:
    """Return transactions such as "bill 12, expense 13" by a catalog; None for another text."""
    translations = []
    for part in text.split(", "):
        match = TRANSACTION.fullmatch(part)
        if match is None:
            return None
        kind = match["kind"].replace("vendor credit", "supplier credit")
        values = {
            "kind": catalog.gettext(kind),
            "number": match["number"],
            "quickbooks_id": match["id"],
        }
        form = catalog.gettext(WITH_ID) if match["id"] else "%(kind)s %(number)s"
        translations.append(form % values)
    return ", ".join(translations)


def _plural_form(noun: str, *, has_party: bool) -> str:
    return f"{noun} %(label)s of %(party)s" if has_party else f"{noun} %(label)s"
