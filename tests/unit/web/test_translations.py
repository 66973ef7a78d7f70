"""Pages in Norwegian: no text of the hub stays English, and plugins bring their catalogs."""

import json
import re
import shutil
import sys
from collections.abc import Callable, Collection, Iterator
from gettext import NullTranslations
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path

import pytest
from flask import Flask

from hub.cases import inbox
from hub.config import Config
from hub.context import current_hub
from hub.contract.registry import Plugins
from hub.db.engine import transaction
from hub.errors import NotFound, Refused, Sentence
from hub.models import RunLine, SourceDocument, User
from hub.notifications import languages
from hub.reasons.texts import CaseText, render
from hub.translations.messages import gettext, ngettext, translate
from hub.web.frame import viewer
from hub.web.frame.plugin_texts import list_texts_of_plugin
from hub.web.frame.source_view import build_source_view
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import Story
from tools import translations

NORWEGIAN = {"Accept-Language": "nb-NO"}
OPENING, CLOSING = "⟦", "⟧"
HIDDEN = ("script", "style", "pre", "datalist")
SHOWN_ATTRIBUTES = ("aria-label", "title", "placeholder", "alt")
# What pages show that is no text of the hub: names, codes and texts of the story's database, of
# its sources and of QuickBooks, sentences that are stored, addresses, formats and zones.
DATA = re.compile(
    r"""
    (?:The\ reason|The\ next|A\ bill\ (?:is|was)|An\ order\ has|QuickBooks\ (?:has|no|refused)
      |Supplier|The\ (?:credit|locations|sum)\ )[\w\ ,.0-9]*
    |[\w.-]*(?:arne|oda|olga|vera)\b|(?:viewer|operator|owner)\ of\ \w+
    |Nordvik\ Bygg(?:\ AS)?|Nybygg|Byggmakker\ [AÅ]a?s|Rørlegger\ Næss\ &\ Sønner|Stål\ "Nord"\ AS
    |Helt\ Ny\ Leverandør\ ENK|O'Hara\ Elektro|Maler\ Østby|Solbakken\ borettslag:Tak
    |Trelast\ 48x198(?:,\ 12\ meter)?|Kari\ Nordmann:\ approved|faktura\.pdf
    |CostTracker(?:\ does\ not\ answer\.)?|CostCertified|Ontraccr|ION|Harvest|Autotask(?:\ \w+)*
    |F-\w+|NOK|QuickBooks(?:\ hub|\ Online)?|Intuit|CSV|XLSX|JSON|PDF|SKU
    |[a-z-]*qbo-hub-\w+(?:\ [\d.]+)?|hub_\w+|HUB_\w+|hub\ \w+(?:\ \w+)*|\w+:\w+
    |https?://\S+|\*?[\w.*-]+\.(?:com|net|example|org)
    |Innkjøp\ varer|Leverandørgjeld|Werkzeug/[\d.]+|No\ answer\ within\ 100\ s\.
    |\d+\ documents\ were\ read\.
    |(?:jan|feb|mars|apr|mai|juni|juli|aug|sep|okt|nov|des)\b|CET|CEST
    |[A-Z]\w+/[\w/]+|English|Norsk\ bokmål|GMT\S*|UTC|info|MARKER\d+
    |[0-9a-f]{20,}|invoice|via|password|address|Redirect\ URI|Host\ domain
    |(?:Launch|Disconnect|Reconnect|Webhook)\ \w+
    |End-user\ license\ agreement\ URL|Privacy\ policy\ URL|ABstandinclient\d+|Newly\ held|Posted
    |localhost|127\.0\.0\.1|autotask-[\w-]+|costtracker|costcertified|ontraccr|ion|harvest
    |Files|files  # the app for files, and its slug
    |openapi\.yaml
    |ffff\w*|inclient\w*|\(it\ is\ disconnected\)\.\ Open\ Companies\ and\ press\ Reconnect\.
    """,
    re.VERBOSE,
)
WORD = re.compile(r"[A-Za-z]{3,}")


class Marked(NullTranslations):
    """A catalog that marks every text that is looked up in it and that one of some catalogs has."""

    def __init__(self, texts: Collection[str]) -> None:
        super().__init__()
        self.texts = texts

    def gettext(self, message: str) -> str:
        """Return the text between the marks; as it is if no catalog has it."""
        return f"{OPENING}{message}{CLOSING}" if message in self.texts else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the text of this number between the marks."""
        return self.gettext(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        """Return the text between the marks."""
        return self.gettext(message)


class Texts(HTMLParser):
    """The texts of a page that stand outside of marks, and those of its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = self.depth = 0
        self.unmarked: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the texts of attributes; skip what people do not read."""
        self.hidden += tag in HIDDEN
        for name, value in attrs:
            if name in SHOWN_ATTRIBUTES and value:
                self.note(value)

    def handle_endtag(self, tag: str) -> None:
        """Read on after what people do not read."""
        self.hidden -= tag in HIDDEN

    def handle_data(self, data: str) -> None:
        """Note a text; a mark may open in one and close in a later one."""
        if not self.hidden:
            self.note(data)

    def note(self, text: str) -> None:
        """Note the parts of a text outside of the marks."""
        part = ""
        for character in text:
            if self.depth == 0 and character not in (OPENING, CLOSING):
                part += character
            self.depth += (character == OPENING) - (character == CLOSING)
        if part.strip():
            self.unmarked.append(" ".join(part.split()))


def texts_of_catalogs() -> set[str]:
    """Return the texts of the hub's catalog and of those of the plugins."""
    paths = [translations.own_path("nb")]
    paths += [translations.plugin_path(name, "nb") for name in translations.plugin_packages()]
    texts: set[str] = set()
    for path in paths:
        for message in translations.read_catalog(path, "nb"):
            forms = message.id if isinstance(message.id, tuple) else (message.id,)
            texts.update(forms)
    return texts


def own_words(page: str) -> set[str]:
    """Return the texts of a page that are neither translated nor data."""
    texts = Texts()
    texts.feed(page.replace("<wbr>", ""))
    return {text for text in texts.unmarked if WORD.search(DATA.sub("", text))}


def addresses(story: Story) -> list[str]:
    """Return every kind of page with data on it."""
    here = f"/installations/{story.installation}"
    page_addresses = [
        "/",
        "/inbox/",
        "/inbox/?show=closed",
        "/documents",
        "/runs/",
        "/reports/",
        "/apps/",
    ]
    page_addresses += [
        "/apps/costtracker",
        "/companies",
        "/people/",
        "/people/1/rights/",
        "/password",
    ]
    page_addresses += [
        "/account/",
        "/account/notifications",
        "/setup/intuit",
        "/choose-app?list=runs",
    ]
    page_addresses += [
        "/documents?amount=x",
        "/nowhere",
        "/privacy",
        "/support",
        "/reconciliations/",
    ]
    page_addresses += [
        f"{here}/{page}" for page in ("", "settings", "matching/", "review/", "readiness/")
    ]
    page_addresses += [f"{here}/{page}" for page in ("earlier/", "review/approve?which=all")]
    page_addresses += [f"{here}/matching/code?field=supplier&code=s1"]
    page_addresses += [f"/documents/{id}" for id in story.documents.values()]
    page_addresses += [f"/inbox/{id}" for id in story.cases.values()]
    return page_addresses + [f"/runs/{id}" for id in story.runs.values()]


def test_every_text_of_the_pages_goes_through_the_catalog(visitor: Visitor) -> None:
    visitor.enter("olga")
    read = visitor.app.extensions.setdefault(languages.CATALOGS_KEY, {})
    plugins = visitor.app.extensions["hub"].plugins
    packages = {plugins.package(slug) for slug in plugins.apps}
    marked = Marked(texts_of_catalogs())
    read.update({(package, "nb"): marked for package in (*packages, languages.HUB_PACKAGE)})
    page_addresses: dict[str, str] = {}
    for path in addresses(visitor.story):
        page = visitor.get(path, headers=NORWEGIAN, follow_redirects=True).text
        assert OPENING in page, path
        for text in own_words(page):
            page_addresses.setdefault(text, path)
    assert page_addresses == {}


ENGLISH_NAVIGATION = ("Inbox", "Documents", "Companies", "People", "Settings", "Log out", "Home")


@pytest.mark.parametrize("path", ["/", "/inbox/", "/documents", "/runs/", "/companies", "/people/"])
def test_main_pages_are_in_norwegian(visitor: Visitor, path: str) -> None:
    visitor.enter("olga")
    page = visitor.get(path, headers=NORWEGIAN).text
    texts = Texts()
    texts.feed(page.replace("<wbr>", ""))
    assert {"Hjem", "Innboks", "Dokumenter", "Firmaer", "Brukere", "Logg ut"} <= set(texts.unmarked)
    assert set(ENGLISH_NAVIGATION) & set(texts.unmarked) == set()
    english = Texts()
    english.feed(visitor.page(path))
    assert set(ENGLISH_NAVIGATION) - {"Settings"} <= set(english.unmarked)


def test_the_log_in_is_in_the_language_of_the_browser(visitor: Visitor) -> None:
    page = visitor.get("/login", headers=NORWEGIAN).text
    assert "Navn eller e-post" in page
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token
    wrong = {"email": "olga", "password": "wrong", "csrf_token": token[1]}
    assert "Navn eller passord er feil." in visitor.client.post(
        "/login", data=wrong, headers=NORWEGIAN
    ).get_data(as_text=True)


def test_an_error_is_in_the_language_of_the_browser(visitor: Visitor) -> None:
    assert "Det er ingenting på denne adressen." in visitor.get("/x", headers=NORWEGIAN).text


def test_numbers_choose_the_form_of_a_text(app_with_pages: Flask) -> None:
    forms = ("%(count)s document", "%(count)s documents")
    assert [ngettext(*forms, count) for count in (0, 1, 2, 1234)] == [
        "0 documents",
        "1 document",
        "2 documents",
        "1,234 documents",
    ]
    with app_with_pages.test_request_context(headers=NORWEGIAN):
        app_with_pages.preprocess_request()
        assert [ngettext(*forms, count) for count in (0, 1, 2, 1234)] == [
            "0 dokumenter",
            "1 dokument",
            "2 dokumenter",
            "1\N{NO-BREAK SPACE}234 dokumenter",
        ]
    assert gettext("Inbox") == "Inbox"  # the request has ended


REASON = {"code": "Supplier “Hara”", "problem": "nothing in QuickBooks fits it."}


def test_a_reason_is_translated_only_while_a_page_is_written(app_with_pages: Flask) -> None:
    english = "QuickBooks has no supplier called “Hara”"
    with app_with_pages.test_request_context(headers=NORWEGIAN):
        app_with_pages.preprocess_request()
        assert render("code.match", REASON).title == english
        with viewer.translate_reasons():
            text = render("code.match", REASON)
        assert text.title == "QuickBooks har ingen leverandør som heter «Hara»"
        assert text.reason == "Leverandør «Hara» har ingen kobling i QuickBooks."
        assert render("code.match", REASON).title == english


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (
            "it would be created, but QuickBooks has a similar name: Hara AS.",
            "den ville blitt opprettet, men QuickBooks har et lignende navn: Hara AS.",
        ),
        (
            "the name is taken in QuickBooks: Hara (inactive).",
            "navnet er i bruk i QuickBooks: Hara (inaktiv).",
        ),
        (
            "it was matched to a record that cannot be used: Hara is inactive in QuickBooks.",
            "den ble koblet til en post som ikke kan brukes: Hara er inaktiv i QuickBooks.",
        ),
        ("What the source wrote of Hara.", "What the source wrote of Hara."),
    ],
)
def test_why_a_code_has_no_record_is_in_the_language_of_the_person(
    app_with_pages: Flask, problem: str, expected: str
) -> None:
    values = {**REASON, "problem": problem}
    with app_with_pages.test_request_context(headers=NORWEGIAN):
        app_with_pages.preprocess_request()
        assert render("code.match", values).reason.endswith(problem)
        with viewer.translate_reasons():
            assert render("code.match", values).reason == f"Leverandør «Hara»: {expected}"


def test_a_transaction_with_the_same_number_is_named_in_the_language_of_the_person(
    app_with_pages: Flask,
) -> None:
    document = CaseText("posting.kind_of_party", kind="supplier credit", party="Hara")
    text = CaseText("check.number_used", name="Bill 1", transactions="7", document=document)
    with app_with_pages.test_request_context(headers=NORWEGIAN):
        app_with_pages.preprocess_request()
        with viewer.translate_reasons():
            assert text.reason.endswith("transaksjon 7 (kreditnota fra leverandør, Hara).")


def test_an_amount_in_a_reason_has_the_format_of_the_person(app_with_pages: Flask) -> None:
    values = {"name": "Bill 1 of Hara", "lines_total": "59,469.60 NOK", "total": "-1,000.00 NOK"}
    with app_with_pages.test_request_context(headers=NORWEGIAN):
        app_with_pages.preprocess_request()
        with viewer.translate_reasons():
            reason = render("check.total", values).reason
    assert "59\N{NO-BREAK SPACE}469,60 NOK" in reason
    assert "\N{MINUS SIGN}1\N{NO-BREAK SPACE}000,00 NOK" in reason


def test_a_date_in_a_reason_has_the_format_of_the_person(app_with_pages: Flask) -> None:
    values = {"name": "Bill 1 of Hara 02 Mar 2026", "date": "02 Mar 2026"}
    with app_with_pages.test_request_context(headers=NORWEGIAN):
        app_with_pages.preprocess_request()
        with viewer.translate_reasons():
            text = render("check.books_closed", values)
    assert "2. mars 2026" in text.title
    assert text.title.count("02 Mar 2026") + text.reason.count("02 Mar 2026") == (
        text.title + text.reason
    ).count("Hara 02 Mar 2026"), "a name stays as it is"


def test_a_date_of_iso_in_a_reason_has_the_format_of_the_person(app_with_pages: Flask) -> None:
    values = {"date": "2026-03-02", "start": "2026-31-31", "app": "Fjord"}
    with app_with_pages.test_request_context(headers=NORWEGIAN):
        app_with_pages.preprocess_request()
        with viewer.translate_reasons():
            reason = render("posting.dated_too_early", values).reason
    assert "2. mars 2026" in reason
    assert "2026-31-31" in reason


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (NORWEGIAN, ("1. nov. 2026", "11. okt. 2026", "2. des. 2026")),
        ({}, ("has 01 Nov 2026 as the date", "of 11 Oct 2026.", "has 02 Dec 2026 as the due date")),
    ],
)
def test_compared_dates_have_the_format_of_the_person(
    app_with_pages: Flask, headers: dict[str, str], expected: tuple[str, ...]
) -> None:
    values = {
        "name": "Bill 1 of Hara",
        "differences": "QuickBooks has 2026-11-01 as the date instead of 2026-10-11. QuickBooks"
        " has 2026-12-02 as the due date instead of nothing. QuickBooks has “2026-11-09” as the"
        " number instead of “2026-10-08”.",
    }
    with app_with_pages.test_request_context(headers=headers):
        app_with_pages.preprocess_request()
        with viewer.translate_reasons():
            reason = render("posted.edited", values).reason
    assert all(date in reason for date in expected), reason
    assert "2026-11-09" in reason, "a number stays as it is"
    assert "2026-10-11" not in reason


def test_amounts_and_dates_within_a_sentence_have_the_format_of_the_person(
    app_with_pages: Flask,
) -> None:
    sentence = "It says 1,234.50 NOK of 02 Mar 2026, not USD 7.00; ION 500 and 31 Feb 2026 stay."
    with app_with_pages.test_request_context(headers=NORWEGIAN):
        app_with_pages.preprocess_request()
        with viewer.translate_reasons():
            reason = render("posting.stored_text", {"text": sentence}).reason
    assert reason == (
        "It says 1\N{NO-BREAK SPACE}234,50 NOK of 2. mars 2026, not USD 7,00; ION 500 and"
        " 31 Feb 2026 stay."
    )


def test_an_error_from_below_the_pages_is_translated_where_it_is_shown(
    app_with_pages: Flask,
) -> None:
    error = NotFound("role", "vewer", ["viewer", "owner"])
    inner = Refused(
        "Line %(number)s: %(text)s Nothing was imported.", number=3, text=error.sentence
    )
    english = "Line 3: There is no role “vewer”. Did you mean viewer? Nothing was imported."
    assert (str(inner), inner.text, translate(inner.sentence)) == (english, english, english)
    with app_with_pages.test_request_context(headers=NORWEGIAN):
        app_with_pages.preprocess_request()
        assert str(inner) == inner.text == english, "what is stored stays English"
        assert translate(inner.sentence) == (
            "Linje 3: Fant ikke rolle «vewer». Mente du viewer? Ingenting ble importert."
        )
        assert translate(Refused("100 % sure").sentence) == "100 % sure"


def test_an_error_in_which_a_secret_was_masked_shows_the_masked_text(app_with_pages: Flask) -> None:
    error = Refused("Line %(number)s: %(text)s Nothing was imported.", number=3, text="hunter2")
    with app_with_pages.test_request_context(headers=NORWEGIAN):
        app_with_pages.preprocess_request()
        assert "hunter2" in translate(error.sentence)
        error.args = ("Line 3: *** Nothing was imported.",)
        assert translate(error.sentence) == "Line 3: *** Nothing was imported."


def test_a_refusal_is_shown_in_the_language_of_the_person(visitor: Visitor) -> None:
    visitor.enter("olga")
    with visitor.app.app_context(), transaction() as session:
        person = session.query(User).filter_by(username="olga").one()
        person.language = "nb"
        person_id = person.id
    page = visitor.post(f"/people/{person_id}/role", role="viewer").get_data(as_text=True)
    assert "er den eneste eieren. Gjør en annen til eier først." in page


def test_the_log_of_a_run_is_in_the_language_of_the_person(visitor: Visitor) -> None:
    visitor.enter("olga")
    run_id = next(iter(visitor.story.runs.values()))
    with visitor.app.app_context(), transaction() as session:
        now = current_hub().clock.now()
        text = str(Sentence("Collected: %(counts)s.", counts="3 new"))
        session.add(RunLine(run_id=run_id, at=now, level="info", text=text))
    assert "Hentet: 3 nye." in visitor.get(f"/runs/{run_id}", headers=NORWEGIAN).text
    assert "Collected: 3 new." in visitor.page(f"/runs/{run_id}")


def test_a_value_of_a_text_is_escaped_in_every_language(app_with_pages: Flask) -> None:
    template = app_with_pages.jinja_env.from_string(
        "{% trans name=name %}Lists of {{ name }}{% endtrans %} "
        "{{ _('Lists of %(name)s', name=name) }} {{ _(name) }}"
    )
    for headers in (NORWEGIAN, {}):
        with app_with_pages.test_request_context(headers=headers):
            app_with_pages.preprocess_request()
            page = template.render(name="<script>'\"")
        assert "<script>" not in page
        assert page.count("&lt;script&gt;") == 3


PLUGIN = """
from marshmallow import Schema

from hub import App, Checkpoint, Field, hookimpl, setting


class Settings(Schema):
    address = setting.address("Address of Fjord", "Fjord", "Where Fjord answers.", required=True)


@hookimpl
def hub_apps():
    summary = "Boats become bills."
    return [App(slug="fjord", name="Fjord", summary=summary, posts=("bill",), settings=Settings)]


@hookimpl
def hub_fields(app):
    return [Field(name="boat", label="Boat", role="vendor")]


@hookimpl
def hub_documents(app, site, cursors, ids):
    yield Checkpoint(cursor="")
"""
CATALOG = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8"

msgid "Boats become bills."
msgstr "Båter blir leverandørfakturaer."

msgid "Boat"
msgstr "Båt"
"""


@pytest.fixture
def fjord(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugins]:
    """Return a plugin with a catalog of its own."""
    folder = tmp_path / "hub_fjord" / "translations" / "nb" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (tmp_path / "hub_fjord" / "__init__.py").write_text(PLUGIN)
    (folder / "hub_fjord.po").write_text(CATALOG)
    monkeypatch.syspath_prepend(tmp_path)
    yield Plugins.load([import_module("hub_fjord")], installed=False)
    del sys.modules["hub_fjord"]


def test_a_plugin_brings_its_own_catalog(
    make_app: Callable[..., Flask],
    make_config: Callable[..., Config],
    empty_database: Path,
    fjord: Plugins,
) -> None:
    assert fjord.broken == ()
    config = make_config()
    shutil.copy(empty_database, config.data / "hub.db")
    app = make_app(config, pages=True, plugins=fjord)
    texts = ("Boats become bills.", "Boat", "Where Fjord answers.", "Address")
    with app.test_request_context(headers=NORWEGIAN):
        app.preprocess_request()
        assert [viewer.translate_for_app(text, "fjord") for text in texts] == [
            "Båter blir leverandørfakturaer.",
            "Båt",
            "Where Fjord answers.",  # not translated
            "Adresse",  # a text of the hub, too
        ]
        with viewer.translate_reasons():
            missing = render("code.match", {**REASON, "code": "Boat “Fram”"})
        assert missing.title == "QuickBooks har ingen båt som heter «Fram»"
    with app.test_request_context():
        assert viewer.translate_for_app("Boat", "fjord") == "Boat"


def test_the_name_of_a_document_is_in_the_language_of_the_person(visitor: Visitor) -> None:
    visitor.enter("olga")
    with visitor.app.app_context(), transaction() as session:
        values = {"name": "Bill F-77 of Hara", "date": "02 Mar 2026"}
        case = inbox.open(
            session,
            "posting:77:closed",
            CaseText("check.books_closed", **values),
            company_id=visitor.story.company,
            installation_id=visitor.story.installation,
        )
        address = f"/inbox/{case.id}"
    norwegian = visitor.get(address, headers=NORWEGIAN).text
    assert "Leverandørfaktura F-77 fra Hara" in norwegian
    assert "Bill F-77 of Hara" not in norwegian
    assert "Bill F-77 of Hara" in visitor.page(address), "what is stored stays English"


def test_the_document_beside_a_case_is_in_the_language_of_the_person(visitor: Visitor) -> None:
    visitor.enter("olga")
    norwegian = visitor.get("/inbox/", headers=NORWEGIAN).text
    english = visitor.page("/inbox/")
    names = re.findall(r"\bBill (F-\w+) of ", english)
    assert names
    assert re.findall(r"\bBill (F-\w+) of ", norwegian) == []
    assert set(re.findall(r"\bLeverandørfaktura (F-\w+) fra ", norwegian)) == set(names)


def test_an_error_names_a_document_in_the_language_of_the_person(app_with_pages: Flask) -> None:
    error = Refused("%(name)s is paused.", name="Bill 12 of Hara")
    with app_with_pages.test_request_context(headers=NORWEGIAN):
        app_with_pages.preprocess_request()
        assert "Leverandørfaktura 12 fra Hara" in translate(error.sentence)
        assert str(error) == "Bill 12 of Hara is paused."


def test_the_labels_of_what_a_source_says_are_those_of_its_plugin(visitor: Visitor) -> None:
    visitor.enter("olga")
    address = f"/documents/{visitor.story.documents['posted']}"
    norwegian = visitor.get(address, headers=NORWEGIAN).text
    assert "<dt>Godkjenninger</dt>" in norwegian
    assert "<dt>Approvals</dt>" not in norwegian
    assert "<dt>Approvals</dt>" in visitor.page(address)


def test_labels_of_facts_are_extracted_however_they_are_written(tmp_path: Path) -> None:
    module = tmp_path / "plugin.py"
    module.write_text(
        'facts = {"Sent": 1, name: 2}\nfacts["Fees"] = 3\nother = {"Left": 4}\n'
        'Document(facts={"Edited by": user} if user else {})\n'
    )
    assert sorted(translations.labels_of_facts(module)) == ["Edited by", "Fees", "Sent"]


# Labels of plugins that Norwegians write like the English: names of products, and words of both.
SAME_LABELS = frozenset({"Australia", "Autotask", "External Number", "Person", "QuickBooks"})
PLUGIN_FOLDERS = Path(__file__).parents[3] / "plugins"


def codes_of_golden_documents(package: str) -> Iterator[SourceDocument]:
    """Yield the documents that the tests of a plugin expect it to yield."""
    folder = PLUGIN_FOLDERS / package.removeprefix("hub_") / "tests" / "golden"
    for path in folder.glob("*.json"):
        for item in json.loads(path.read_text()):
            if isinstance(item, dict) and "kind" in item:
                yield SourceDocument(body=item, currency=item.get("currency") or "NOK")


def labels_of_documents(package: str, names: dict[str, str]) -> Iterator[str]:
    """Yield the labels that pages show for the codes of golden documents."""
    for document in codes_of_golden_documents(package):
        view = build_source_view(document, field_labels=names)
        for codes in (view.codes, *(line["codes"] for line in view.lines)):
            for label, _ in codes:
                yield label


def test_every_label_of_every_plugin_is_in_norwegian(visitor: Visitor) -> None:
    plugins = visitor.app.extensions["hub"].plugins
    names: dict[str, dict[str, str]] = {}
    untranslated = set()
    with visitor.app.test_request_context(headers=NORWEGIAN):
        visitor.app.preprocess_request()
        for slug in plugins.apps:
            package = plugins.package(slug)
            fields = plugins.call(slug, "hub_fields") or ()
            names.setdefault(package, {}).update({field.name: field.label for field in fields})
        for slug in plugins.apps:
            package = plugins.package(slug)
            labels = {*names[package].values(), *labels_of_documents(package, names[package])}
            labels.update(list_texts_of_plugin(plugins, package))
            for label in labels - SAME_LABELS - {plugins.apps[slug].name}:
                if viewer.translate_for_app(label, slug) == label:
                    untranslated.add((slug, label))
    assert untranslated == set()
    assert any(True for _ in codes_of_golden_documents("hub_ontraccr"))
