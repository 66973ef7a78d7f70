"""The result of mapping: a document with the records of its codes, or what is missing."""

from collections.abc import Mapping
from dataclasses import field
from typing import cast

from hub.contract.documents import Document, Item, Kind, Line, Party, Role
from hub.contract.value_object import value_object
from hub.reasons.catalogue.collecting import NOTHING_FITS
from hub.reasons.texts import render


@value_object
class Ref:
    """A record of QuickBooks as a payload refers to it.

    An id that starts with @ stands for a record that is still to be created.
    """

    role: Role
    id: str
    name: str = ""
    type: str = ""
    currency: str = ""
    email: str = ""


@value_object
class Link:
    """A transaction in QuickBooks that a line applies to.

    An id that starts with @ stands for a transaction that is still to be posted. `lines` are the
    ids that QuickBooks gave its lines, by the source's ids of them.
    """

    kind: Kind
    id: str
    lines: Mapping[str, str] = field(default_factory=dict)


@value_object
class NewRecord:
    """A party or item to create in QuickBooks before the document that names it."""

    field: str
    role: Role
    code: str
    details: Party | Item

    @property
    def kind(self) -> Kind:
        """Return the kind of the record; a category is an item."""
        return "item" if self.role == "category" else cast(Kind, self.role)


@value_object
class MatchedParty:
    """A party of QuickBooks that may lack contact data which its code has."""

    field: str
    role: Role
    code: str
    id: str
    details: Party


@value_object
class Missing:
    """A code that cannot be posted yet, and the records that it may stand for.

    - `solution`: the next step: to "match" the code, to change the "settings", to correct it at the
      "source", "either" of these two, or to decide about lines that "differ".
    - `exact`: the id of the only suggestion that equals the code by id, number or full name.
    - `new_name`: the name under which a record would be created, if the source states it.
    - `fits_several`: whether several records fit the code, so that a person has to choose one.
    """

    field: str
    label: str
    role: Role | None = None
    code: str
    name: str = ""
    number: str = ""
    problem: str
    solution: str = "match"
    suggestions: tuple[Ref, ...] = ()
    exact: str = ""
    new_name: str = ""
    fits_several: bool = False

    @property
    def title(self) -> str:
        """Return the label and the code's number and name, such as Account “4000 Material”."""
        parts: list[str] = []
        for part in (self.number, self.name or self.code):
            if part and part not in parts:
                parts.append(part)
        code = " ".join(parts)
        return f"{self.label} “{code}”"

    @property
    def explanation(self) -> str:
        """Explain why there is no record; if none fits, what QuickBooks lacks and what to do."""
        if not self.code or self.problem not in NOTHING_FITS:
            return self.problem
        text = render(f"code.{self.solution}", {"code": self.title, "problem": self.problem})
        return f"{text.title}. {text.instruction}"


@value_object
class MappedLine:
    """A line and the records of its codes.

    `applied` is the transaction that the line pays, credits or bills.
    """

    line: Line
    refs: Mapping[Role, Ref]
    applied: Link | None = None


@value_object
class MappedDocument:
    """A document and the records of its codes.

    - `remarks`: lines of the memo, for codes that the kind of document has no place for. The
      builder of the payload adds others, which depend on the settings of the company.
    - `parts`: the parts as which the document is posted if it is split, each with the name of its
      part.
    - `number_suffix`: the end of the number of a part. It stays if the number is cut, so that no
      two parts have the same number.
    """

    document: Document
    header: Mapping[Role, Ref]
    lines: tuple[MappedLine, ...] = ()
    new_records: tuple[NewRecord, ...] = ()
    matched_parties: tuple[MatchedParty, ...] = ()
    warnings: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    part: str = ""
    number_suffix: str = ""
    parts: tuple["MappedDocument", ...] = ()
