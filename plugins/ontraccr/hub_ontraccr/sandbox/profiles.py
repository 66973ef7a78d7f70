"""The profiles of the company, their links, and the import of lists from QuickBooks."""

from hub_ontraccr.sandbox.company import EASTERN_PROFILES, PROFILES, RECORD_TYPES_BY_KIND, WEST
from qbo_sandbox.kit import Rows

NO_LINK = {
    "external_id": None,
    "external_name": None,
    "external_type": None,
    "linked_by": None,
    "linked_at": None,
}


class Profiles:
    """Rows of each kind; a linked row also has who linked it and when."""

    def __init__(self):
        """Begin without rows."""
        self.rows = {kind: Rows() for kind in RECORD_TYPES_BY_KIND}
        self._replaceable_ids = set()

    def begin(self, at):
        """Add the profiles that the company has from the start."""
        for division, own in ((WEST, PROFILES), ("div-2", EASTERN_PROFILES)):
            for kind, profiles in own.items():
                for profile in profiles:
                    self._add(
                        kind,
                        division,
                        profile.id,
                        profile.name,
                        at,
                        number=profile.number,
                        **self._fields_of(profile, at),
                    )
                    if profile.is_replaceable:
                        self._replaceable_ids.add(profile.id)

    @staticmethod
    def _fields_of(profile, at):
        """Return the link that a profile has from the start."""
        if profile.link is None:
            return {}
        id, record_type = profile.link
        return {
            "external_id": id,
            "external_type": record_type,
            "linked_by": "Tom Beauchamp",
            "linked_at": at,
        }

    def _add(self, kind, division, id, name, at, **more):
        """Add a profile that is not linked."""
        row = {
            "id": id,
            "division_id": division,
            "name": name,
            "number": None,
            "archived": False,
            "email": None,
        }
        own = {"class": None} if kind == "projects" else {}
        self.rows[kind].put({**row, **NO_LINK, **own, **more, "updated_at": at})

    def change(self, kind, id, at, **changes):
        """Change fields of a profile."""
        self.rows[kind].put({**self.rows[kind][id], **changes, "updated_at": at})

    def link(self, kind, id, at, external_id, external_name, external_type, who):
        """Link a profile to a record of QuickBooks."""
        link_fields = {
            "external_id": external_id,
            "external_name": external_name,
            "external_type": external_type,
        }
        self.change(kind, id, at, **link_fields, linked_by=who, linked_at=at)

    def unlink(self, kind, id, at):
        """Remove the link of a profile."""
        self.change(kind, id, at, **NO_LINK)

    def bring(self, kind, division, items, at):
        """Import records: update linked profiles, or use replaceable or new ones."""
        return [
            {"external_id": item["external_id"], "id": self._bring(kind, division, item, at)}
            for item in items
        ]

    def _bring(self, kind, division, item, at):
        """Import a record; return the id of its profile, or None if no profile takes it."""
        rows = [row for row in self.rows[kind].values() if row["division_id"] == division]
        fields = {name: item[name] for name in ("email", "currency") if name in item}
        active = item.get("active", True)
        external_id = item["external_id"]
        for row in rows:
            if (row["external_id"], row["external_type"]) == (
                external_id,
                RECORD_TYPES_BY_KIND[kind],
            ):
                self._update(kind, row, at, {**fields, "archived": not active})
                return row["id"]
        namesake = self._namesake(rows, item["name"])
        if namesake:
            return namesake["id"] if namesake["external_id"] == external_id else None
        if not active:
            return None
        id = self._replaceable_id(rows) or self._add_unnamed(kind, division, at)
        self._replaceable_ids.discard(id)
        self.change(kind, id, at, name=item["name"], **fields)
        self.link(
            kind, id, at, external_id, item["external_name"], RECORD_TYPES_BY_KIND[kind], "the hub"
        )
        return id

    def _namesake(self, rows, name):
        """Return the first row with this name that may not be replaced, or None."""
        for row in rows:
            if (
                _normalize(row["name"]) == _normalize(name)
                and row["id"] not in self._replaceable_ids
            ):
                return row
        return None

    def _replaceable_id(self, rows):
        """Return the id of the first profile that a record may replace, or None."""
        for row in rows:
            if row["id"] in self._replaceable_ids:
                return row["id"]
        return None

    def _update(self, kind, row, at, fields):
        """Change fields of a profile, unless it has these values already."""
        current = {name: row.get(name) for name in fields}
        if current != fields:
            self.change(kind, row["id"], at, **fields)

    def _add_unnamed(self, kind, division, at):
        """Add a profile without a name; return its id."""
        id = f"{kind[0]}{100 + len(self.rows[kind])}"
        self._add(kind, division, id, "", at)
        return id

    def name(self, kind, id):
        """Return the name of a profile; a similar one is named after the other."""
        rows = self.rows[kind]
        for profile in PROFILES[kind]:
            if profile.id == id and profile.similar_to:
                return f"{rows[profile.similar_to]['name']} Inc."
        return rows[id]["name"]


def _normalize(name):
    """Return a name without case and double spaces, for comparisons."""
    return " ".join(name.casefold().split())
