"""The display name of a document and of its postings, as cases, mail and pages show it."""

from typing import NamedTuple, Protocol

from hub.contract.document_kinds import LIST_KINDS, words_of
from hub.models.enums import Operation


# The kinds whose words differ from their names.
class NamedDocument(Protocol):
    """The attributes from which the name of a document is built; models and rows have them."""

    @property
    def kind(self) -> str: ...

    @property
    def number(self) -> str: ...

    @property
    def source_id(self) -> str: ...

    @property
    def party(self) -> str: ...


class NamedPosting(Protocol):
    """The attributes from which the name of a posting is built; models and rows have them."""

    @property
    def kind(self) -> str: ...

    @property
    def operation(self) -> str: ...

    @property
    def document(self) -> NamedDocument: ...


class DisplayName(NamedTuple):
    """The parts of a name: the kind in words, the number or name, and the party.

    An entry of a list is known by its own name and has no party, because the id of a code at the
    source says nothing to a person.
    """

    kind: str
    label: str
    party: str = ""

    def __str__(self) -> str:
        """Return the name as a title has it, such as Bill 12 of Hara."""
        title = f"{self.kind.capitalize()} {self.label}"
        if self.party:
            return f"{title} of {self.party}"
        return title

    @classmethod
    def of_document(cls, document: NamedDocument) -> "DisplayName":
        """Return the name of a document; one that was never readable has no kind."""
        return cls._of_kind(document.kind or "document", document)

    @classmethod
    def of_posting(cls, posting: NamedPosting) -> "DisplayName":
        """Return the name of a posting: that of its document with the posting's own kind."""
        if posting.operation == Operation.ATTACH:
            name = cls.of_document(posting.document)
            return name._replace(kind=f"file of {name.kind}")
        return cls._of_kind(posting.kind, posting.document)

    @classmethod
    def _of_kind(cls, kind: str, document: NamedDocument) -> "DisplayName":
        words = words_of(kind)
        if kind in LIST_KINDS and document.party:
            return cls(words, document.party)
        label = document.number or readable_id(document.source_id)
        party = "" if document.party == label else document.party
        return cls(words, label, party)


def readable_id(source_id: str) -> str:
    """Return an id of the source without the kind that a plugin writes before it: 8010.

    Sources that number each kind on its own have ids such as purchase_order:8010. The display name
    states the kind already.
    """
    kind, _, own_id = source_id.partition(":")
    is_kind = kind.isidentifier() and kind.islower()
    return own_id if own_id and is_kind else source_id


def format_document_name(document: NamedDocument) -> str:
    """Return the kind, number and party of a document, as a title shows it."""
    return str(DisplayName.of_document(document))


def format_posting_name(posting: NamedPosting) -> str:
    """Return the kind, number and party of a posting, as a title shows it."""
    return str(DisplayName.of_posting(posting))
