"""Language, number format and time zone of the person who views a page."""

import re
from decimal import Decimal

import pytest

from hub.models import User
from hub.translations.catalogs import LANGUAGES
from hub.translations.numbers import FORMATS
from tests.support.pages.page_visitor import Visitor

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
LANGUAGE = re.compile(r'<html lang="([^"]+)">')


def language(page: str) -> str:
    """Return the language that a page declares."""
    match = LANGUAGE.search(page)
    assert match, page[:200]
    return match[1]


@pytest.mark.parametrize(
    ("requested", "expected"),
    [
        ("nb-NO,nb;q=0.9,en;q=0.5", "nb"),
        ("no", "nb"),
        ("nn-NO, en;q=0.1", "nb"),
        ("nb_NO", "nb"),
        ("en-GB,nb;q=0.9", "en"),
        ("de,nb;q=0.3,en;q=0.2", "nb"),
        ("de, fr", "en"),
        ("nb;q=0", "en"),
        ("*", "en"),
        ("", "en"),
        (",;q=nb,=;,en;q=,nb;q=99999999999999999999,\t", "en"),
        ("nb" * 4000, "en"),
        ('"><script>,../../nb,nb/../en,\u00ff', "en"),
    ],
)
def test_the_log_in_has_the_language_that_the_browser_asks_for(
    visitor: Visitor, requested: str, expected: str
) -> None:
    answer = visitor.get("/login", headers={"Accept-Language": requested})
    assert answer.status_code == 200
    assert language(answer.text) == expected


def test_a_person_without_a_choice_has_the_language_of_the_browser(visitor: Visitor) -> None:
    visitor.enter("vera")
    assert language(visitor.page("/documents")) == "en"
    norwegian = visitor.get("/documents", headers={"Accept-Language": "nb"}).text
    assert language(norwegian) == "nb"


def test_the_choice_of_a_person_counts_more_than_the_browser(visitor: Visitor) -> None:
    visitor.enter("vera")
    page = visitor.press("/account/formats", language="nb", number_format="", zone="")
    assert language(page) == "nb"
    assert re.search(r'<option value="nb" lang="nb" selected>', page)
    english_browser = visitor.get("/", headers={"Accept-Language": "en"}).text
    assert language(english_browser) == "nb"
    again = visitor.press("/account/formats", language="", number_format="", zone="")
    assert language(again) == "en"


def amounts(page: str) -> list[str]:
    """Return the texts of the cells with amounts."""
    cells = re.findall(r'<td class="amount">([^<]+)</td>', page)
    return [cell for cell in cells if any(character.isdigit() for character in cell)]


@pytest.mark.parametrize(
    ("choice", "thousands", "decimal"),
    [("comma", ",", "."), ("space", NO_BREAK_SPACE, ","), ("point", ".", ",")],
)
def test_amounts_and_counts_have_the_chosen_format(
    visitor: Visitor, choice: str, thousands: str, decimal: str
) -> None:
    visitor.enter("vera")
    usual = amounts(visitor.page("/documents"))
    assert usual
    assert any("," in text for text in usual)
    visitor.post("/account/formats", language="", number_format=choice, zone="")
    marks = str.maketrans(",.", thousands + decimal)
    assert amounts(visitor.page("/documents")) == [text.translate(marks) for text in usual]


def test_the_language_decides_about_numbers_and_dates(visitor: Visitor) -> None:
    visitor.enter("vera")
    english = visitor.page("/documents")
    norwegian = visitor.get("/documents", headers={"Accept-Language": "nb"}).text
    marks = str.maketrans(",.", f"{NO_BREAK_SPACE},")
    assert amounts(norwegian) == [text.translate(marks) for text in amounts(english)]
    dates = re.findall(r'<td class="when">(\d\d) (\w{3}) (\d{4})</td>', english)
    assert dates
    translated = re.findall(r'<td class="when">(\d{1,2})\. (\w{3,4})\.? (\d{4})</td>', norwegian)
    assert [(int(day), year) for day, _, year in translated] == [
        (int(day), year) for day, _, year in dates
    ]


def test_files_and_values_of_fields_stay_as_they_are(visitor: Visitor) -> None:
    visitor.enter("vera")
    file = visitor.get("/documents/export?format=csv")
    filters = "/documents?from=2026-01-01&amount=1000.50-2000"
    visitor.post("/account/formats", language="nb", number_format="", zone="Asia/Tokyo")
    assert visitor.get("/documents/export?format=csv").data == file.data
    page = visitor.page(filters)
    assert 'value="2026-01-01"' in page
    assert 'value="1000.50-2000"' in page


def test_times_are_shown_in_the_zone_that_the_person_chose(visitor: Visitor) -> None:
    visitor.enter("vera")
    here = f"/installations/{visitor.story.installation}/"
    before = visitor.page(here)
    assert "Oslo time" in before
    visitor.post("/account/formats", language="", number_format="", zone="Asia/Tokyo")
    after = visitor.page(here)
    assert "Tokyo time (JST)" in after
    assert "Oslo time" not in after
    stamp = re.compile(r'<time class="when" datetime="([^"]+)" title="([^"]+)"')
    assert [moment for moment, _ in stamp.findall(after)] == [
        moment for moment, _ in stamp.findall(before)
    ]
    assert stamp.findall(after)
    assert all(title.endswith(" JST") for _, title in stamp.findall(after))


@pytest.mark.parametrize("zone", ["Mars/Base", "../../etc/passwd", "Europe", "x" * 5000, "Europe/"])
def test_an_unknown_zone_is_refused(visitor: Visitor, zone: str) -> None:
    visitor.enter("vera")
    assert "There is no time zone" in visitor.press("/account/formats", language="nb", zone=zone)
    assert visitor.row(User, 2).zone is None


def test_an_unknown_language_or_format_is_no_choice(visitor: Visitor) -> None:
    visitor.enter("vera")
    page = visitor.press("/account/formats", language="../nb", number_format="<b>", zone="")
    assert language(page) == "en"


def test_the_example_of_a_format_is_what_it_makes_of_a_number() -> None:
    million = Decimal("-8200000.5")
    texts = {name: number_format.amount(million, 2) for name, number_format in FORMATS.items()}
    assert texts == {
        "comma": "\N{MINUS SIGN}8,200,000.50",
        "space": f"\N{MINUS SIGN}8{NO_BREAK_SPACE}200{NO_BREAK_SPACE}000,50",
        "point": "\N{MINUS SIGN}8.200.000,50",
    }
    assert FORMATS["space"].count(8200) == f"8{NO_BREAK_SPACE}200"
    assert set(LANGUAGES) == {"en", "nb"}
