"""Reasons of cases in Norwegian, with the words of the hub that are values in them."""

from collections.abc import Iterator

import pytest

from hub.errors import Sentence
from hub.reasons import texts
from hub.reasons.texts import CaseText
from hub.translations import catalogs, messages, reasons
from hub.translations.messages import Reader
from hub.translations.numbers import SPACE_AND_COMMA

NAME = "Bill B-1 of Hara"


@pytest.fixture
def norwegian() -> Iterator[None]:
    """Read in Norwegian."""
    reader = Reader("nb", catalogs.hub_catalog("nb"), SPACE_AND_COMMA)
    token = messages.find_reader.set(lambda: reader)
    reasons_token = texts.translate.set(lambda text: reasons.translate(text, lambda label: label))
    yield
    texts.translate.reset(reasons_token)
    messages.find_reader.reset(token)


@pytest.mark.usefixtures("norwegian")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            CaseText(
                "document.kind_changed", document=NAME, previous_kind="a bill", kind="an expense"
            ),
            "Det er i QuickBooks som leverandørfaktura, men er utgift i kilden nå."
            " Fjern en av de to for hånd.",
        ),
        (
            CaseText("document.gone_delete", document=NAME, reason="Borte.", kind="deposit"),
            "Borte. Det er fortsatt i QuickBooks. QuickBooks kan ikke annullere dokumenter av typen"
            " bankinnskudd.",
        ),
        (
            CaseText(
                "source.unreachable",
                app="Hara",
                problem="hara.test answered with the status 503.",
                next_attempt=Sentence(
                    "Next try: %(time)s (%(zone)s).", time="02 May 2026, 08:05", zone="Europe/Oslo"
                ),
            ),
            "hara.test answered with the status 503. Neste forsøk: 2. mai 2026, 08:05"
            " (Europe/Oslo).",
        ),
        (
            CaseText("document.wanted_again", document=NAME, departure="voided in"),
            "Det ble annullert i QuickBooks, og kilden vil ha det igjen. Trykk Bokfør på nytt eller"
            " Hopp over.",
        ),
        (
            CaseText(
                "check.link_not_live", name=NAME, transaction="Supplier credit 12", state="deleted"
            ),
            "Leverandørfaktura B-1 fra Hara viser til den, men den ble slettet i QuickBooks.",
        ),
        (
            CaseText("check.other_kind", name=NAME, transactions="expense 12, vendor credit 13"),
            "Leverandørfaktura B-1 fra Hara ble ikke sendt: QuickBooks har allerede utgift 12,"
            " kreditnota fra leverandør 13 med merket til dette dokumentet.",
        ),
        (
            CaseText("marker.unknown", transactions="bill F-1 (transaction 12)"),
            "QuickBooks har leverandørfaktura F-1 (transaksjon 12) med et merke som ingen"
            " dokumenter i denne huben har.",
        ),
        (
            CaseText(
                "document.unreadable",
                document=NAME,
                problem=f"{NAME} was received before. Nothing was added.",
            ),
            "Leverandørfaktura B-1 fra Hara er mottatt før. Ingenting ble lagt til.",
        ),
    ],
)
def test_a_reason_is_norwegian_with_its_values(text: CaseText, expected: str) -> None:
    assert text.reason == expected


@pytest.mark.usefixtures("norwegian")
@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (
            CaseText("record.named", label="Supplier", name="Hara"),
            "Leverandør Hara er inaktiv i QuickBooks",
        ),
        (
            CaseText("record.with_id", label="Tax code", id="12"),
            "Mva-kode med id-en 12 er inaktiv i QuickBooks",
        ),
    ],
)
def test_a_record_is_named_in_norwegian(record: CaseText, expected: str) -> None:
    assert CaseText("check.record_inactive", name=NAME, record=record).title == expected


@pytest.mark.parametrize(
    ("kind", "expected"), [("bill", "a bill"), ("expense", "an expense"), ("invoice", "an invoice")]
)
def test_a_kind_has_its_article_in_english(kind: str, expected: str) -> None:
    text = CaseText("document.gone_delete", document=NAME, reason="Gone.", kind=kind)
    assert text.reason.endswith(f"QuickBooks cannot void {expected}.")
