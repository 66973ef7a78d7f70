"""What changed since a place, page by page, so that nothing is skipped wherever the reading breaks off."""

import datetime as dt
from dataclasses import dataclass, field

from hub import Checkpoint, Unreadable, readable
from hub_ion import orders, parts, queries, schema

OVERLAP = dt.timedelta(
    minutes=2
)  # for clocks that differ, and changes committed after they were stamped
MOST = 300  # rows of the overlap that are remembered, so that they do not come again
AT_ONCE = 50
OPEN = ("ORDERED", "PARTIALLY_RECEIVED")
PARTS, SWEEP = "parts", "sweep"


@dataclass
class Place:
    """How far a list is read: changes since `since`; `after` and `begun` tell of a reading that is under way.

    Of `begun` a cursor keeps the day: a reading that is taken up again reads what changed since then once more.
    """

    since: str = ""
    after: str = ""
    begun: str = ""
    newest: str = ""
    known: dict = field(default_factory=dict)
    read: set = field(default_factory=set)

    @classmethod
    def of(cls, site, text):
        """The place that a cursor stands for; without one, the installation's first day."""
        if not text:
            start = site.start and dt.datetime.combine(site.start, dt.time(), site.zone)
            return cls(
                since=start.astimezone(dt.UTC).isoformat().replace("+00:00", "Z") if start else ""
            )
        since, after, begun, newest, known = (text.split("|", 4) + [""] * 4)[:5]
        return cls(
            since,
            after,
            begun,
            newest,
            dict(one.split(".", 1) for one in known.split(",") if "." in one),
        )

    def __str__(self):
        known = ",".join(f"{id}.{etag}" for id, etag in self.known.items())
        return "|".join((self.since, self.after, self.begun[:10], self.newest, known))

    def filters(self):
        """What is asked of ION."""
        return {"updated": {"gte": _earlier(self.since)}} if self.since else {}

    def see(self, row, kind=""):
        """Remembers a row; whether it is new since the place."""
        id, etag = f"{kind}{row['id']}", row["etag"][:8]
        self.newest = max(self.newest, row["updated"] or "")
        return self.known.get(id) != etag

    def done(self, rows):
        """The place behind everything: what changed while it was read comes again."""
        since = min(filter(None, (self.newest or self.since, self.begun)), default="")
        late = [(id, row) for id, row in rows if since and row["updated"] >= _earlier(since)]
        known = {id: row["etag"][:8] for id, row in late}
        return Place(since=since, newest=since, known=known if len(known) <= MOST else {})


def _earlier(moment):
    try:
        at = dt.datetime.fromisoformat(moment) - OVERLAP
    except ValueError:
        return moment
    return at.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _place(site, ion, text, news):
    """Return where to read on; the beginning where ION does not tell when a row changed."""
    return Place() if ion.lacks & news else Place.of(site, text)


def changed_orders(site, ion, text):
    """Every order changed since the cursor, also by its lines alone."""
    place, seen = _place(site, ion, text, schema.ORDER_NEWS), []
    yield from _changed(site, ion, queries.ORDERS, place, "", seen, read_orders)
    if place.since and not ion.lacks & schema.LINE_NEWS:
        yield from _by_lines(site, ion, place, seen)
    yield Checkpoint(cursor=str(place.done(seen)))


def changed_parts(site, ion, text):
    """Every part changed since the cursor."""
    place, seen = _place(site, ion, text, schema.PART_NEWS), []
    yield from _changed(site, ion, queries.PARTS, place, PARTS, seen, read_parts)
    yield Checkpoint(cursor=str(place.done(seen)), stream=PARTS)


def exactly(site, ion, ids):
    """The orders and parts with these source ids, in their order."""
    for first in range(0, len(ids), AT_ONCE):
        wanted = ids[first : first + AT_ONCE]
        found = {item.source_id: item for item in _exactly(site, ion, wanted)}
        yield from (found.get(id) or orders.gone(id) for id in wanted)


def read_orders(site, ion, rows):
    """The documents of some orders."""
    named = {
        part["id"]: part for row in rows for line in row["lines"] or () if (part := line["part"])
    }
    twins = parts.twins(ion, named.values(), queries.PART_NAMES)
    for row in rows:
        yield _read(orders, site, row, twins)


def read_parts(site, ion, rows):
    """The documents of some parts."""
    twins = parts.twins(ion, rows, queries.PART_NAMES)
    for row in rows:
        yield _read(parts, site, row, twins)


def noted(items, text):
    """The same; each order that came is kept for the sweep, which would not miss one that was soon deleted."""
    day, _, kept = text.partition("|")
    known = _ids(kept)
    before = len(known)
    for item in items:
        if not isinstance(item, Checkpoint):
            known.add(int(item.source_id.removeprefix(orders.PREFIX)))
        elif len(known) > before:
            before = len(known)
            yield Checkpoint(cursor=f"{day}|{_ranges(known)}", stream=SWEEP)
        yield item


def swept(site, ion, text):
    """Once a day: which orders are there no more, and every open order anew, whatever its time of change says.

    ION announces no deletion: that an order is missing among all ids may also be for a right that was taken away.
    """
    day, _, kept = text.partition("|")
    if day == site.today.isoformat():
        return
    there = {row["id"] for row in ion.rows(queries.ORDER_IDS)}
    missing = sorted(_ids(kept) - there)
    yield from (orders.gone(f"{orders.PREFIX}{id}", inferred=True) for id in missing)
    for page in ion.pages(queries.ORDERS, {"status": {"in": list(OPEN)}}) if text else ():
        yield from read_orders(site, ion, page.rows)
    yield Checkpoint(cursor=f"{site.today.isoformat()}|{_ranges(there)}", stream=SWEEP)


def _changed(site, ion, query, place, stream, seen, read):
    """Pages in the order of ids; after each the place from which an interrupted reading begins again."""
    kind = "" if query == queries.ORDERS else "p"
    for page in ion.pages(query, place.filters(), place.after or None):
        place.begun = place.begun or ion.date
        fresh = [row for row in page.rows if place.see(row, kind)]
        seen += _versions(page.rows, kind)
        for row in fresh:
            seen += _versions(row.get("lines") or (), "l")
        place.read |= {row["id"] for row in fresh}
        yield from read(site, ion, fresh)
        if page.start:
            place.after = page.start
            yield Checkpoint(cursor=str(place), stream=stream)


def _versions(rows, kind):
    """What tells whether a row has changed since."""
    return [
        (f"{kind}{row['id']}", {"updated": row["updated"] or "", "etag": row["etag"]})
        for row in rows
    ]


def _by_lines(site, ion, place, seen):
    """Orders whose own row did not change, but one of their lines did: an attribute, the expected day."""
    had = set(place.read)
    for page in ion.pages(queries.LINE_CHANGES, place.filters()):
        fresh = [row for row in page.rows if place.see(row, "l")]
        seen += _versions(page.rows, "l")
        ids = sorted({row["order"] for row in fresh} - had)
        had |= set(ids)
        yield from _some(site, ion, queries.ORDERS, ids, read_orders)


def _exactly(site, ion, wanted):
    for module, query, read in (
        (orders, queries.ORDERS, read_orders),
        (parts, queries.PARTS, read_parts),
    ):
        ids = [id.removeprefix(module.PREFIX) for id in wanted if id.startswith(module.PREFIX)]
        yield from _some(site, ion, query, ids, read)


def _some(site, ion, query, ids, read):
    for first in range(0, len(ids), AT_ONCE):
        rows = ion.rows(query, {"id": {"in": [str(id) for id in ids[first : first + AT_ONCE]]}})
        yield from read(site, ion, rows)


def _read(module, site, row, twins):
    source_id = f"{module.PREFIX}{row['id']}"
    if row.get("broken"):
        return Unreadable(
            source_id=source_id, reason=f"ION could not tell all of it ({row['broken']})."
        )
    return readable(source_id, module.document, site, row, twins)


def _ranges(ids):
    """Numbers as text that stays short however many they are: 1-5,8."""
    spans = []
    for id in sorted(ids):
        if spans and spans[-1][1] == id - 1:
            spans[-1][1] = id
        else:
            spans.append([id, id])
    return ",".join(f"{first}-{last}" for first, last in spans)


def _ids(text):
    spans = (span.split("-") for span in text.split(",") if span)
    return {id for first, last in spans for id in range(int(first), int(last) + 1)}
