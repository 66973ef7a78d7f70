"""A document in QuickBooks' terms, and what is missing when it cannot be put so."""

from collections.abc import Mapping
from dataclasses import field

from hub.contract.documents import Document, Item, Kind, Line, Party, Role, value_object


@value_object
class Ref:
    """A record of QuickBooks as a payload needs it; an id that starts with @ stands for one still to be created."""

    role: Role
    id: str
    name: str = ""
    type: str = ""
    currency: str = ""
    email: str = ""


@value_object
class Link:
    """A transaction in QuickBooks that a line applies to; an id that starts with @ is still to be posted.

    `lines` are the ids that QuickBooks gave its lines, by the source's ids of them.
    """

    kind: Kind
    id: str
    lines: Mapping[str, str] = field(default_factory=dict)


@value_object
class Create:
    """A party or item to be made in QuickBooks before the document that names it."""

    field: str
    role: Role
    code: str
    details: Party | Item


@value_object
class Fill:
    """A party of QuickBooks that gets the contact data of its code which it lacks."""

    field: str
    role: Role
    code: str
    id: str
    details: Party


@value_object
class Missing:
    """A code that cannot be posted yet: why, whose act solves it, and the records it may be.

    `exact` is the id of the one suggestion that equals the code by id, number or full name.
    """

    field: str
    label: str
    role: Role | None = None
    code: str
    name: str = ""
    number: str = ""
    why: str
    act: str = "match"
    suggestions: tuple[Ref, ...] = ()
    exact: str = ""


@value_object
class MappedLine:
    """A line and the records of its codes; `applied` is the transaction that it pays, credits or bills."""

    line: Line
    refs: Mapping[Role, Ref]
    applied: Link | None = None


@value_object
class Mapped:
    """A document and the records of its codes; with `parts` it is posted as these, each under its part's name."""

    document: Document
    header: Mapping[Role, Ref]
    lines: tuple[MappedLine, ...] = ()
    creates: tuple[Create, ...] = ()
    fills: tuple[Fill, ...] = ()
    warnings: tuple[str, ...] = ()
    memo_extra: tuple[str, ...] = ()
    part: str = ""
    parts: tuple["Mapped", ...] = ()
