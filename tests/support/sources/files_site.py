"""The app for files, enabled for a company of the stand-in of QuickBooks."""

from sqlalchemy import select

from hub.db.engine import read_only_session
from hub.installations import enable
from hub.models import Case, Installation
from hub.models.enums import FileWay
from hub.scheduling import runner
from hub.sources import file_intake

CSV = """\
Vendor,Bill no,Bill date,Amount,Description
Alder Ridge Lumber,B-1,2026-03-02,"1,200.50",Timber
Alder Ridge Lumber,B-1,2026-03-02,99.50,Screws
Canyon Steel Works,B-2,2026-03-03,-40.00,Returned plants
Nobody Knows Inc.,B-3,2026-03-04,10.00,Something
"""
ANSWERS = {
    "holds": "bill",
    "party": "Vendor",
    "number": "Bill no",
    "date": "Bill date",
    "amount": "Amount",
    "description": "Description",
    "dates": "ymd",
    "decimal": ".",
    "amounts": "exclusive",
}


class FilesSite:
    """The app for files, and the QuickBooks company that its documents go to."""

    def __init__(self, quickbooks, **settings):
        self.quickbooks = quickbooks
        self.id = enable.enable(1, "files", settings, who="kari", mode="auto").id

    @property
    def installation(self):
        with read_only_session() as session:
            row = session.get_one(Installation, self.id)
            assert row.company.realm
        return row

    def record(self, kind, name):
        """Return the id of an entry of a QuickBooks list."""
        for row in self.quickbooks.books()[self.quickbooks.realm][kind]:
            if name in (row.get("DisplayName"), row.get("Name")):
                return row["Id"]
        raise LookupError(name)

    def first(self, kind):
        """Return the id of the first entry of a QuickBooks list."""
        return self.quickbooks.books()[self.quickbooks.realm][kind][0]["Id"]

    def receive(self, name, content):
        content = content if isinstance(content, bytes) else content.encode()
        return file_intake.receive(self.installation, name, content, way=FileWay.UPLOAD, who="kari")

    def sync(self):
        run = runner.sync(self.id, requested_by="kari")
        assert run.error == ""

    def books(self, kind):
        """Return our transactions of a kind by number."""
        rows = self.quickbooks.books()[self.quickbooks.realm].get(kind, [])
        ours = {}
        for row in rows:
            if "[hub:" in row.get("PrivateNote", ""):
                assert row["DocNumber"] not in ours, "posted twice"
                ours[row["DocNumber"]] = row
        return ours

    def files_of(self, kind, number):
        """Return the names of the files that are attached to one of our transactions."""
        id = self.books(kind)[number]["Id"]
        names = []
        for row in self.quickbooks.books()[self.quickbooks.realm].get("Attachable", []):
            for ref in row.get("AttachableRef", []):
                if ref["EntityRef"] == {"type": kind, "value": id}:
                    names.append(row["FileName"])
        return names

    def cases(self):
        with read_only_session() as session:
            cases = session.scalars(select(Case).where(Case.closed_at.is_(None)))
            return [case.title for case in cases]
