"""The entities of the stand-in with their fields and types, from `entities.txt`."""

import datetime as dt
import re
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.resources import files

NUMBER_TYPES = {"long": int, "integer": int, "decimal": (int, Decimal)}


@dataclass(frozen=True)
class Field:
    """A field of an entity."""

    name: str
    type: str
    length: int = 0
    read_only: bool = False
    required: bool = False
    queryable: bool = True
    picklist: bool = False
    reference: str = ""

    def accepts(self, value):
        """Return whether the field may have this value; None empties it."""
        if value is None:
            return not self.required
        if isinstance(value, bool):
            return self.type == "boolean"
        if self.type in NUMBER_TYPES:
            return isinstance(value, NUMBER_TYPES[self.type])
        return self.type != "boolean" and self._accepts_text(value)

    def _accepts_text(self, value):
        if not isinstance(value, str):
            return False
        if self.length and len(value) > self.length:
            return False
        return self.type != "datetime" or _is_moment(value)


@dataclass
class Entity:
    """An entity with its fields and rights; rows of a `parent` cannot be changed directly."""

    name: str
    rights: tuple[str, ...]
    parent: str = ""
    fields: dict[str, Field] = field(default_factory=dict)

    def writable(self):
        """Return the names of the fields that may be changed."""
        return [field.name for field in self.fields.values() if not field.read_only]

    def find_field(self, name):
        """Return the field of a name in any case; None if there is none."""
        return next(
            (field for field in self.fields.values() if field.name.lower() == str(name).lower()),
            None,
        )

    def row(self, **values):
        """Return a row with every field; fields without a value are empty."""
        assert values.keys() <= self.fields.keys(), values.keys() - self.fields.keys()
        return {name: values.get(name) for name in self.fields}


def _is_moment(text):
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _parse_field(line):
    name, type_, *more = line.split()
    kind, length = re.fullmatch(r"([a-z]+)(\d*)", type_).groups()
    marks = next((part for part in more if not part.startswith(">")), "")
    reference = next((part[1:] for part in more if part.startswith(">")), "")
    return Field(
        name,
        kind,
        int(length or 0),
        "r" in marks,
        "q" in marks,
        "n" not in marks,
        "p" in marks,
        reference,
    )


def _read_entities():
    entities = {}
    for line in (files(__package__) / "entities.txt").read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        if not line.startswith(" "):
            name, _, rest = line.partition(":")
            rights, _, parent = rest.partition(" of ")
            entity = entities[name] = Entity(name, tuple(rights.split()), parent)
        else:
            field = _parse_field(line)
            entity.fields[field.name] = field
    return entities


ENTITIES = _read_entities()
ENTITIES_BY_PATH = {name.lower(): entity for name, entity in ENTITIES.items()}
