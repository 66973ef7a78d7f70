"""Every page that links lead to, as a Norwegian reads it: no text of hub or plugins is English.

The other tests of translations look for texts that are not marked. These look at the result, so
they also find texts that are stored, raised or returned by plugins and that fit no template.
"""

import re
from collections import deque
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from hub.cases import inbox
from hub.context import current_hub
from hub.db.engine import transaction
from hub.models import Attempt, Installation, Posting, Run, RunLine, SourceDocument
from hub.reasons.catalogue import CATALOGUE
from hub.reasons.texts import CaseText
from hub.translations import catalogs, stored
from tests.support.pages.page_texts import PageTexts
from tests.support.pages.page_visitor import Visitor
from tools import translations

NORWEGIAN = {"Accept-Language": "nb-NO"}
LINK = re.compile(r'href="([^"]+)"')
NEXT_PAGE = re.compile(r'rel="next" href="([^"]+)"')
NUMBER = re.compile(r"\d+")
PAGES_OF_A_KIND = 3
FEWEST_PAGES = 60
NEVER_OPENED = ("/logout", "/help", "/static", "/api", "/support", "/privacy", "/metrics")
# Words of English sentences that no Norwegian sentence has.
ENGLISH = re.compile(
    r"\b(?:the|and|which|this|that|with|was|were|are|from|its|has|have|not|cannot|there|nothing"
    r"|what|when|only|must|should|again|then|your|they|been|would|could)\b",
    re.IGNORECASE,
)
# What the rows of the story hold in English: names, texts of a source and of QuickBooks.
DATA = re.compile(
    r"(?:The reason|The next|A bill (?:is|was)|An order has|QuickBooks (?:has|no|refused)"
    r"|The (?:credit|locations|sum) )[\w ,.0-9]*|“[^”]*”|«[^»]*»|\d+ documents were read\."
    r"|CostTracker does not answer\.|No answer within 100 s\.|[\w-]+@[\w.-]+|https?://\S+|HUB_\w+"
    r"|It was dated [\d-]+, before [\d-]+\.|Supplier Byggmakker Aas is not in QuickBooks"
    r"|\(Settings, .*?\)"
    r"|Nothing in QuickBooks fits the supplier\.|End-user license agreement URL|Privacy policy URL"
)
# Values of placeholders that are sentences or words of the hub; every other one is a name.
VALUES = {
    "code": "Supplier “Hara”",
    "record": "Supplier “Hara”",
    "name": "Bill B-12 of Hara",
    "document": "Bill B-12 of Hara",
    "documents": "Bill B-12 of Hara and Bill B-13 of Hara",
    "date": "02 Mar 2026",
    "lines_total": "1,204.50 NOK",
    "problems": "Its total is negative; the amounts of a credit must be positive. Fix this at the"
    " source.",
    "answer": "Its number is already used in QuickBooks. (QuickBooks says: “Duplicate”;"
    " code 6140.)",
    "differences": "QuickBooks has “Ola” as the party instead of “Hara”. On line 2:"
    " QuickBooks has 12.00 NOK as the account instead of 4300.",
    "dependent": "a payment or credit was applied to it",
    "next_attempt": "The next sync tries again.",
}
LOG = (
    "Collected: 117 new, 1 held, 3 documents.",
    "Result: 12 posted, 2 suppliers created, 3 files attached, 1 newly in doubt.",
    "Noticed in QuickBooks: 2 changed, 1 gone.",
    "3 of 4 documents match QuickBooks. Difference −20.10 USD in 1 document.",
    "1 of 4 documents match QuickBooks. Difference −20.10 USD in 3 documents. 2 need attention",
    "CostTracker no longer has this file. Upload it there again, or attach it in QuickBooks.",
)


def case_texts() -> Iterator[CaseText]:
    """Yield a text for each code of the catalogue, and for each problem with texts of its own."""
    for code, template in CATALOGUE.items():
        if not template.title:
            continue
        values = {name: VALUES.get(name, "Zq") for name in template.parameters}
        yield CaseText(code, **values)
        for problem in template.special:
            yield CaseText(code, **values | {"problem": problem})


@pytest.fixture
def norwegian(visitor: Visitor) -> Visitor:
    """Return an owner who reads Norwegian, with a case of each kind and stored sentences."""
    visitor.log_in("olga")
    with visitor.app.app_context(), transaction() as session:
        installation = session.get_one(Installation, visitor.story.installation)
        about = {"company_id": installation.company_id, "installation_id": installation.id}
        for number, text in enumerate(case_texts()):
            details = {"file": 1} if text.code.startswith("file.") else {}
            inbox.open(session, f"nb:{number}", text, details=details, **about)
        installation.company.state_reason = "The company is disconnected."
        run = session.get_one(Run, next(iter(visitor.story.runs.values())))
        for line in LOG:
            session.add(
                RunLine(run_id=run.id, at=current_hub().clock.now(), level="info", text=line)
            )
    return visitor


def crawl(visitor: Visitor, start: list[str]) -> Iterator[tuple[str, str]]:
    """Follow the links of some addresses, and yield address and text of a few pages of each kind.

    All pages of a list are read.
    """
    pending, visited = deque(start), set(start)
    counts: dict[str, int] = {}
    while pending:
        address = pending.popleft()
        with visitor.get(address, headers=NORWEGIAN) as answer:
            links = [answer.location] if answer.location else []
            if answer.status_code == 200 and answer.mimetype == "text/html":
                page = answer.text
                yield address, page
                links = [unescape(link) for link in LINK.findall(page)]
                pending.extend(unescape(link) for link in NEXT_PAGE.findall(page))
        for link in links:
            target = urlsplit(urljoin(f"http://localhost{address}", link))
            path = target._replace(scheme="", netloc="", fragment="").geturl()
            kind = NUMBER.sub("0", target.path)
            is_new = path not in visited and counts.get(kind, 0) < PAGES_OF_A_KIND
            if target.netloc == "localhost" and is_new and not path.startswith(NEVER_OPENED):
                visited.add(path)
                counts[kind] = counts.get(kind, 0) + 1
                pending.append(path)


def is_english(text: str, untranslated: frozenset[str]) -> bool:
    """Return whether a text is one of the catalog in English, or has English words beside data."""
    return text in untranslated or bool(ENGLISH.search(DATA.sub("", text)))


def catalog_paths() -> list[Path]:
    """Return the Norwegian catalogs of the hub and of its plugins."""
    plugins = [translations.plugin_path(name, "nb") for name in translations.plugin_packages()]
    return [translations.own_path("nb"), *plugins]


def english_messages() -> frozenset[str]:
    """Return the texts of the catalogs in English that no Norwegian text equals."""
    english: set[str] = set()
    norwegian: set[str] = set()
    for path in catalog_paths():
        for message in translations.read_catalog(path, "nb"):
            if isinstance(message.id, str) and " " in message.id:
                english.add(message.id)
                norwegian.add(str(message.string))
    return frozenset(english - norwegian)


@pytest.mark.proof(small=0)
def test_no_page_shows_english_to_a_norwegian(norwegian: Visitor) -> None:
    untranslated = english_messages()
    # The list shows title, reason and next step of each case.
    start = ["/", "/inbox/", *(f"/inbox/{id}" for id in norwegian.story.cases.values())]
    start += [f"/documents/{id}" for id in norwegian.story.documents.values()]
    start += [f"/runs/{id}" for id in norwegian.story.runs.values()]
    english: dict[str, str] = {}
    pages = 0
    for address, page in crawl(norwegian, start):
        pages += 1
        for text in PageTexts(page).texts:
            if is_english(text, untranslated):
                english.setdefault(text, address)
    assert english == {}
    assert pages > FEWEST_PAGES


def test_answers_of_quickbooks_are_norwegian_in_the_history(norwegian: Visitor) -> None:
    """A stored text of two sentences is translated sentence by sentence."""
    with norwegian.app.app_context(), transaction() as session:
        attempt = session.query(Attempt).first()
        assert attempt
        document_id = session.get_one(Posting, attempt.posting_id).document_id
        attempt.text = (
            "QuickBooks answered with status 504 and no reason."
            " The hub looks up whether it was done."
        )
    page = norwegian.get(f"/documents/{document_id}", headers=NORWEGIAN).text
    assert "Om det ble gjort, slås opp." in page
    assert "QuickBooks answered" not in page


def test_facts_of_a_source_are_norwegian(norwegian: Visitor) -> None:
    approvals = "Kari (Manager): approved 2026-03-18T23:03; Ola: not decided yet"
    with norwegian.app.app_context(), transaction() as session:
        document = session.get_one(SourceDocument, norwegian.story.documents["posted"])
        document.body = {
            **document.body,
            "facts": {"Approvals": approvals},
            "hold": "The supplier was deleted in CostTracker.",
        }
    page = norwegian.get(f"/documents/{document.id}", headers=NORWEGIAN).text
    assert "Kari (Manager): godkjent 18. mars 2026 23:03; Ola: ikke avgjort ennå" in page
    assert "The supplier was deleted" not in page


def test_the_end_of_a_posting_is_norwegian_in_the_history(norwegian: Visitor) -> None:
    for state, label in (("skipped", "Hoppet over"), ("withdrawn", "Trukket tilbake")):
        page = norwegian.get(f"/documents/{norwegian.story.documents[state]}", headers=NORWEGIAN)
        history = page.text[page.text.index("Hva som har skjedd") :]
        assert label in history
        assert state.capitalize() not in history


def sentences() -> list[str]:
    """Return every sentence of the hub and of its plugins, with a name for each placeholder."""
    filled = set()
    for path in catalog_paths():
        for template in catalogs.list_sentences(catalogs.read(path, "nb")):
            names = stored.PLACEHOLDER.findall(template)
            values = {name: "12" if "count" in name else "Zq" for name in names}
            filled.add(template % values if names else template)
    return sorted(filled)


def test_every_sentence_that_is_stored_reads_norwegian(norwegian: Visitor) -> None:
    with norwegian.app.test_request_context(headers=NORWEGIAN):
        norwegian.app.preprocess_request()
        english = [text for text in sentences() if ENGLISH.search(stored.translate(text))]
    assert english == []
    assert len(sentences()) > 500


def test_english_is_recognised() -> None:
    catalog = frozenset({"Pick one"})
    assert is_english("CostTracker no longer has this file.", catalog)
    assert is_english("Pick one", catalog)
    assert not is_english("Leverandøren finnes ikke i QuickBooks.", catalog)
    assert not is_english("QuickBooks sier: “The number was used”.", catalog)
    assert catalogs.list_sentences(catalogs.hub_catalog("nb"))


def test_the_account_of_received_files_has_its_name_in_norwegian(visitor: Visitor) -> None:
    with visitor.app.app_context(), transaction() as session:
        installation = session.get_one(Installation, visitor.story.installation)
        installation.tenant_name = "Received files"
        slug = installation.slug
    visitor.log_in("vera")
    for path in (f"/installations/{visitor.story.installation}/", f"/apps/{slug}"):
        assert "Mottatte filer" in visitor.get(path, headers=NORWEGIAN).text
