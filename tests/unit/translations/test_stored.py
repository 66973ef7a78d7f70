"""Sentences that were stored in English are translated by the texts of the catalog they fit."""

import time
from collections.abc import Iterator

import pytest

from hub.errors import Sentence
from hub.translations import catalogs, messages, stored
from hub.translations.messages import Reader
from hub.translations.numbers import SPACE_AND_COMMA
from tools import translations

SPACE = "\N{NO-BREAK SPACE}"


@pytest.fixture
def norwegian() -> Iterator[None]:
    """Read in Norwegian."""
    reader = Reader("nb", catalogs.hub_catalog("nb"), SPACE_AND_COMMA)
    token = messages.find_reader.set(lambda: reader)
    yield
    messages.find_reader.reset(token)


@pytest.mark.usefixtures("norwegian")
@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (Sentence("Collected: %(counts)s.", counts="3 new, 1 held"), "Hentet: 3 nye, 1 stoppet."),
        ("Result: 28 new to approve.", "Resultat: 28 nye til godkjenning."),
        ("Result: 1 new to approve.", "Resultat: 1 ny til godkjenning."),
        (
            "Collected: 1 document, 1 new, 1 not final yet, 1 unreadable.",
            "Hentet: 1 dokument, 1 nytt, 1 ikke endelig ennå, 1 uleselig.",
        ),
        (
            "Collected: 6 documents, 2 new, 2 not final yet, 2 unreadable.",
            "Hentet: 6 dokumenter, 2 nye, 2 ikke endelige ennå, 2 uleselige.",
        ),
        (
            Sentence(
                "Result: %(counts)s.",
                counts="1,200 posted, 1 customer created, 2 files attached, 1 newly held",
            ),
            f"Resultat: 1{SPACE}200 bokført, 1 kunde opprettet, 2 filer vedlagt, 1 stoppet nå.",
        ),
        (
            "1,204 of 1,205 documents match QuickBooks. Difference −20.10 USD in 1 document.",
            f"1{SPACE}204 av 1{SPACE}205 dokumenter stemmer med QuickBooks."
            " Differanse −20.10 USD i 1 dokument.",
        ),
        (
            "QuickBooks has “Ola” as the party instead of “Hara”. QuickBooks has “Kari” as the"
            " party instead of “Olga”.",
            "QuickBooks har “Ola” som parten i stedet for “Hara”."
            " QuickBooks har “Kari” som parten i stedet for “Olga”.",
        ),
        (
            Sentence(
                "%(app)s allows %(rate)s, which are used up. Nothing was lost; the next call is"
                " possible in %(duration)s.",
                app="100 % Bygg",
                rate="10/s",
                duration=Sentence("%(count)s minutes", count=1200),
            ),
            "100 % Bygg tillater 10/s, som er brukt opp. Ingenting gikk tapt; neste kall er mulig"
            f" om 1{SPACE}200 minutter.",
        ),
        (
            "CostTracker lost it. Upload it there again, or attach it in QuickBooks.",
            "CostTracker lost it. Upload it there again, or attach it in QuickBooks.",
        ),
        (
            "Hara lost it. Its number is already used in QuickBooks. (QuickBooks says: Twice; code"
            " 6140.)",
            "Hara lost it. Nummeret er allerede brukt i QuickBooks. (QuickBooks sier: Twice; kode"
            " 6140.)",
        ),
        (
            str(
                Sentence(
                    "It is in %(currency)s, but this company keeps books in %(home_currency)s"
                    " only. Switch on several currencies in QuickBooks, or fix this at the source.",
                    currency="USD",
                    home_currency="NOK",
                )
            )
            + " It has no date. Complete it at the source.",
            "Det er i USD, men dette firmaet fører regnskap bare i NOK. Slå på flere valutaer i"
            " QuickBooks, eller rett dette i kilden. Det har ingen dato. Fyll det ut i kilden.",
        ),
        (
            Sentence(
                "%(name)s: the source says %(source_total)s, %(posted_total)s was posted.",
                name="Supplier credit 26M-12 of Hara AS",
                source_total="100.00 NOK",
                posted_total="99.00 NOK",
            ),
            "Kreditnota 26M-12 fra Hara AS: kilden sier 100.00 NOK, 99.00 NOK ble bokført.",
        ),
        ("Bill 12 of Hara Co.", "Leverandørfaktura 12 fra Hara Co."),
        (
            "Payment term “Net 30 Days” is not in QuickBooks; posted without it.",
            "Payment term «Net 30 Days» finnes ikke i QuickBooks; bokført uten.",
        ),
        (
            "the lines differ, and a bill in QuickBooks has only one: line 1: Oslo; line 2:"
            " Bergen.",
            "linjene er ulike, og dokumentet i QuickBooks (leverandørfaktura) har bare én: linje 1:"
            " Oslo; linje 2: Bergen.",
        ),
        (
            Sentence("%(names)s and %(count)s more", names="bill 12 (transaction 7)", count=1203),
            f"leverandørfaktura 12 (transaksjon 7) og 1{SPACE}203 til",
        ),
        (
            "Line 3 has to settle an invoice or a credit memo, with an amount above zero, or below"
            " it for a credit that is used up. Fix this at the source.",
            "Linje 3 må gjøre opp faktura eller kreditnota, med et beløp over null, eller under"
            " null for en kreditt som brukes. Rett dette i kilden.",
        ),
        ("What a person wrote 100 % themselves.", "What a person wrote 100 % themselves."),
        ("", ""),
    ],
)
def test_a_stored_sentence_is_translated(sentence: str, expected: str) -> None:
    assert stored.translate(str(sentence)) == expected


def test_a_stored_sentence_stays_english_for_anyone_else() -> None:
    assert stored.translate("Collected: 3 new.") == "Collected: 3 new."


@pytest.mark.usefixtures("norwegian")
def test_every_sentence_of_an_error_is_recognized_when_it_was_stored() -> None:
    unchanged = []
    for path in sorted(translations.ROOT.glob("hub/**/*.py")):
        for template in translations.sentences_of(path):
            names = stored.PLACEHOLDER.findall(template)
            if names and stored.is_recognized(template):
                values = {name: "1,204" if "count" in name else "Zq" for name in names}
                english = template % values
                if stored.translate(english) == english:
                    unchanged.append(template)
    assert unchanged == []


@pytest.mark.usefixtures("norwegian")
@pytest.mark.parametrize("text", ["No 1 is bad. " * 150, "What? " * 400, "is refused: " * 5000])
def test_a_long_text_of_somebody_else_is_not_compared_with_the_catalog(text: str) -> None:
    """The page of an e-invoice with a reference of 400 short sentences took 18 seconds."""
    begin = time.process_time()
    assert stored.translate(text) == text
    assert time.process_time() - begin < 1
