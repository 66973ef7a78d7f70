"""Suggest records for a code, from which a person chooses."""

from hub.contract.documents import Code, Party
from hub.mapping.index import MAX_SUGGESTIONS, Entry, RecordIndex
from hub.mapping.names import fold_name


def find_suggestions(code: Code, records: RecordIndex, hits: list[Entry]) -> list[Entry]:
    """Return the records with the organisation number of the code, then the hits of this role.

    Without hits, the records that are similar to the code follow. Hits of other roles are left out,
    such as a customer of that name where a supplier is needed.
    """
    suggestions = records.find_by_tax_number(get_organisation_number(code))[:MAX_SUGGESTIONS]
    further_entries = [entry for entry in hits if records.get_active(entry.id) is entry]
    if not further_entries:
        further_entries = _find_similar_records(records, code.name or "", code.number or "")
    for entry in further_entries:
        if entry not in suggestions:
            suggestions.append(entry)
    return suggestions


def get_organisation_number(code: Code | str | None) -> str:
    """Return the organisation number that the source has of a party; "" for none, and for items."""
    if isinstance(code, Code) and isinstance(code.create, Party):
        return code.create.number or ""
    return ""


def get_party_email(code: Code) -> str:
    """Return the e-mail address that the source has of a party; "" for none, and for items."""
    if not isinstance(code.create, Party):
        return ""
    return code.create.email or ""


def _find_similar_records(records: RecordIndex, name: str, number: str) -> list[Entry]:
    """Return the records with this number, then those with a similar name or number."""
    entries = list(records.find_by_number(number))
    for entry in records.suggest(name, number):
        if entry not in entries:
            entries.append(entry)
    return entries


def is_exact(code: Code, entry: Entry) -> bool:
    """Return whether id, number or full name is equal; a name is not enough if numbers differ."""
    if code.quickbooks_id:
        return code.quickbooks_id == entry.id
    number = fold_name(code.number or "")
    if number and number == fold_name(entry.number):
        return True
    name = fold_name(code.name or "")
    if not name or name != fold_name(entry.qualified_name):
        return False

    # A plain code stands for its number and its name alike.
    is_plain = number == name
    if is_plain:
        return True
    have_both_numbers = bool(number) and bool(entry.number)
    return not have_both_numbers
