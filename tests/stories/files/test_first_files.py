"""A new user has a CSV, an Excel sheet and three e-invoices in the books, on the pages alone."""

import io
import re
from decimal import Decimal as D
from html import unescape
from urllib.parse import quote, unquote_plus

import pytest
from hub_files.columns import iter_mapping_fields
from mapped_tables import workbook
from sqlalchemy import select

from hub.db.engine import read_only_session
from hub.models import Installation, Run
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import runner
from tests.support.sources.three_senders import COFFEE, PLUMBING, SCAFFOLDING

CSV = """\
Leverandør;Fakturanr;Dato;Beløp;Tekst;MVA-sats;MVA
Norsk Maskinutleie;9001;02.02.2026;1 200,50;Gravemaskin;25 %;300,13
Norsk Maskinutleie;9001;02.02.2026;99,50;Transport;25 %;24,88
Kontorland;K-55;05.02.2026;640,00;Papir;25 %;160,00
"""
SALES = [
    ["Customer", "Invoice no", "Date", "Amount", "Description", "VAT rate", "VAT"],
    ["Havna Borettslag", "5001", "2026-02-11", "18000.00", "Fasade, februar", "25 %", "4500.00"],
]
# What each document comes to in the books, by kind and number.
BOOKS = {
    ("Bill", "9001"): D("1625.01"),
    ("Bill", "K-55"): D("800.00"),
    ("Invoice", "5001"): D("22500.00"),
    ("Bill", "88021"): D("5156.25"),
    ("VendorCredit", "KN-2026-14"): D("286.35"),
    ("Bill", "7/2026"): D("1933.13"),
}
FILES = {
    ("Bill", "9001"): ["leverandører.csv"],
    ("Bill", "K-55"): ["leverandører.csv"],
    ("Invoice", "5001"): ["salg.xlsx"],
    ("Bill", "88021"): ["88021.pdf", "stillas.xml"],
    ("VendorCredit", "KN-2026-14"): ["kaffe.xml"],
    ("Bill", "7/2026"): ["rør.xml"],
}
VENDORS = {  # by the name in a file: the supplier that a person chooses
    "Norsk Maskinutleie": "Bærum Glass",
    "Kontorland": "Bygg & Bolig Proff",
    "Lofoten Stillas AS": "Aas Trelast AS",
    "Kaffehuset Sentrum": "Betong Øst AS",
    "Rørlegger Strand & Sønn": "Brødrene Dahle Rør",
}
ACCEPTED_FROM = "90"  # percent of likeness of a suggestion


class FirstDay:
    """An owner at the pages, and a Norwegian company that is connected."""

    def __init__(self, visitor):
        self.visitor, self.quickbooks = visitor, visitor.quickbooks
        self.realm = self.quickbooks.open("norway")
        with visitor.app.app_context():
            token = self.quickbooks.refresh_tokens[self.realm]
            self.company_id = oauth_connect.connect_with_refresh_token(self.realm, token).id
            record_download.refresh(self.company_id)

    def table(self, kind):
        return self.quickbooks.books()[self.realm].get(kind, [])

    def record(self, kind, name):
        """Return the id of an entry of a QuickBooks list; of its first one without a name."""
        for row in self.table(kind):
            if name in ("", row.get("DisplayName"), row.get("Name")):
                return row["Id"]
        raise LookupError(name)

    def enable(self):
        """Enable the app with the form of its settings."""
        here = f"/apps/files/{self.company_id}/configure"
        self.saved = self.visitor.press_save(
            here,
            mode="review",
            account=self.record("Account", "Materialkjøp"),
            item=self.record("Item", "Timer"),
            attach="1",
            suppliers="hold",
            customers="hold",
            start_date="2026-01-01",
            interval="",
            zone="Europe/Oslo",
        )
        with self.visitor.app.app_context(), read_only_session() as session:
            query = select(Installation).where(Installation.slug == "files")
            self.installation_id = session.scalars(query).one().id
        self.here = f"/installations/{self.installation_id}"

    def upload(self, **files):
        """Upload files on the page of the app; return the page that follows."""
        parts = [(io.BytesIO(content), name) for name, content in files.items()]
        return self.visitor.press(f"{self.here}/files/", file=parts)

    def map_columns(self, page):
        """Send the columns of a table as the page suggests them."""
        action = re.search(r'action="([^"]+/columns)"', page)[1]
        form = {}
        for name, options in re.findall(
            r'<select[^>]*name="(field:\w+)"[^>]*>(.*?)</select>', page, re.DOTALL
        ):
            chosen = re.search(r'<option value="([^"]*)" selected', options)
            form[name] = unescape(chosen[1]) if chosen else ""
        name = unescape(re.search(r'name="name"[^>]*value="([^"]*)"', page)[1])
        return self.visitor.press(action, name=name, **form)

    def run(self):
        """Execute all runs that wait."""
        with self.visitor.app.app_context():
            while True:
                with read_only_session() as session:
                    waiting = session.scalars(select(Run.id).where(Run.started_at.is_(None)))
                    ids = list(waiting)
                if not ids:
                    return
                for id in ids:
                    runner.execute(id)
                    with read_only_session() as session:
                        assert session.get_one(Run, id).error == ""

    def match(self, kind, field, name, record):
        """Match a code that the list of open codes shows with a record, on the page of the code."""
        page = self.visitor.page(f"{self.here}/matching/?show=open&q={quote(name)}")
        [code] = re.findall(rf'code\?field={field}&amp;code=([^"&]+)["&]', page)
        code = unquote_plus(unescape(code))
        form = {"field": field, "code": code, "record": self.record(kind, record)}
        assert "Matched" in self.visitor.press(f"{self.here}/matching/code", **form)

    def books(self):
        """Return the total of each of our transactions."""
        totals = {}
        for kind in ("Bill", "VendorCredit", "Invoice"):
            for row in self.table(kind):
                if "[hub:" in row.get("PrivateNote", ""):
                    assert (kind, row["DocNumber"]) not in totals, "posted twice"
                    totals[kind, row["DocNumber"]] = D(str(row["TotalAmt"]))
        return totals

    def files(self):
        """Return the names of the files of each of our transactions."""
        names = {}
        for kind, number in self.books():
            [id] = [row["Id"] for row in self.table(kind) if row.get("DocNumber") == number]
            names[kind, number] = sorted(
                row["FileName"]
                for row in self.table("Attachable")
                for ref in row.get("AttachableRef", [])
                if ref["EntityRef"] == {"type": kind, "value": id}
            )
        return names


@pytest.fixture
def day(visitor_with_stand_ins):
    day = FirstDay(visitor_with_stand_ins)
    day.enable()
    return day


def test_an_app_that_only_receives_files_names_no_source_that_answers(day):
    assert "Files is enabled." in day.saved
    overview = day.visitor.page(f"{day.here}/")
    assert ("answers" in day.saved, "Webhook address" in overview) == (False, False)


def test_the_columns_of_a_table_are_asked_for_in_norwegian(day):
    day.visitor.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "nb"
    page = day.upload(**{"leverandører.csv": CSV.encode()})
    labels = {" ".join(text.split()) for text in re.findall(r'for="field-\w+">([^<]+)', page)}
    assert {"Radene er linjer i", "Datoer skrives som", "Desimaler kommer etter"} <= labels
    assert not labels & {field.label for field in iter_mapping_fields()}
    assert "Bills from suppliers" not in page


def test_a_new_users_first_files_are_in_the_books_to_the_cent(day):
    page = day.upload(**{"leverandører.csv": CSV.encode()})
    assert "Norsk Maskinutleie" in page  # the preview of the first rows
    assert "2 documents in leverandører.csv." in day.map_columns(page)
    page = day.upload(**{"salg.xlsx": workbook(SALES)})
    assert "1 document in salg.xlsx." in day.map_columns(page)
    e_invoices = {"stillas.xml": SCAFFOLDING, "kaffe.xml": COFFEE, "rør.xml": PLUMBING}
    day.upload(**{name: text.encode() for name, text in e_invoices.items()})
    day.run()
    assert day.books() == {}
    for name, vendor in VENDORS.items():
        day.match("Vendor", "supplier", name, vendor)
    day.match("Customer", "customer", "Havna Borettslag", "")
    day.visitor.press(f"{day.here}/matching/accept", threshold=ACCEPTED_FROM)
    day.visitor.press(f"{day.here}/matching/apply")
    day.run()
    review = day.visitor.page(f"{day.here}/review/")
    assert all(number in review for _, number in BOOKS)
    assert day.books() == {}
    day.visitor.approve(day.installation_id)
    day.run()
    assert day.books() == BOOKS
    assert day.files() == FILES
    day.visitor.press(f"/companies/{day.company_id}/reconcile")
    day.run()
    page = " ".join(re.sub(r"<[^>]+>", " ", day.visitor.page("/reconciliations/")).split())
    assert "6 of 6 documents match QuickBooks. No difference." in page
