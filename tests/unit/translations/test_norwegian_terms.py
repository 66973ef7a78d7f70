"""Norwegian words: one for each term, in the catalog of the hub and in those of the plugins."""

import re

import pytest

from tools import translations

# By the English text: the Norwegian words that are another term, or none.
OTHER_TERMS = (
    ("", r"\bhubben\b|\bører\b|hører også til dem|\bavgiftskode"),
    (r"\bbills?\b", r"(?<!reise)\bregning"),
    (r"\bheld\b(?! back)|^hold\b", r"\bhold\w* .*tilbake"),
    (r"\bplugin\b", r"\butvidelse"),
    (r"\brecords?\b", r"\boppføring"),
    (r"(?<!under )\breview\b", r"\bgjennomgang"),
    (r"\bserver\b", r"\w*tjener(en)?\b"),
    (r"^tax (code|rate|of)\b", r"^avgift"),
    (r"\bstays? in (Autotask|CostTracker)\b", r"\bblir i\b"),
)
# What a sentence says to press, and how long the label of a button may be.
PRESS = re.compile(r"\b[Pp]ress(?:es|ing)? [“\"]?(?P<rest>[A-Z].*)", re.DOTALL)
MAX_LABEL_LENGTH = 45


def _list_texts() -> list[tuple[str, str]]:
    """Return the English texts of all catalogs with their Norwegian ones."""
    paths = [translations.own_path("nb")]
    paths += [translations.plugin_path(name, "nb") for name in translations.plugin_packages()]
    texts = []
    for path in paths:
        for message in translations.read_catalog(path, "nb"):
            if isinstance(message.id, tuple):
                texts += list(zip(message.id, message.string, strict=True))
            elif message.id:
                texts.append((message.id, str(message.string)))
    return texts


@pytest.mark.parametrize(("english", "other"), OTHER_TERMS)
def test_a_term_has_one_norwegian_word(english: str, other: str) -> None:
    found = [
        text
        for source, text in _list_texts()
        if re.search(english, source, re.IGNORECASE) and re.search(other, text, re.IGNORECASE)
    ]
    assert found == []


def test_the_norwegian_help_has_the_words_of_the_pages() -> None:
    text = (translations.own_path("nb").parents[1] / "help.md").read_text(encoding="utf-8")
    assert re.findall(r"(?<!reise)\bregning\w*|avgiftskode\w*|utvidelse\w*|hubben", text) == []
    records = re.findall(r"\w+ oppføring\w*(?! er forseglet)", text)
    assert records == []


def test_a_sentence_says_to_press_what_the_button_is_called() -> None:
    texts = _list_texts()
    labels = {
        source.rstrip("…"): text.rstrip("…")
        for source, text in texts
        if len(source) < MAX_LABEL_LENGTH and not source.endswith(".")
    }
    pressed = set()
    wrong = []
    for source, text in texts:
        match = PRESS.search(source)
        if match is None:
            continue
        label = max(filter(match["rest"].startswith, labels), key=len)
        pressed.add(label)
        if labels[label] not in text:
            wrong.append((label, text))
    assert wrong == []
    assert {"Retry", "Reconnect", "Skip"} <= pressed
