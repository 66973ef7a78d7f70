"""The instruction of each case names only buttons that its page shows."""

import re
from itertools import groupby

import pytest
from sqlalchemy import update

from hub.cases import inbox
from hub.db.engine import transaction
from hub.models import Posting
from hub.posting.case_texts import OVERWRITE_QUESTIONS
from hub.reasons.catalogue import CATALOGUE
from hub.reasons.template import CaseAction
from hub.reasons.texts import CaseText

# The buttons that overwrite a transaction are shown only once it was read from QuickBooks, which
# `test_inbox` does.
CODES = [
    code
    for code, template in CATALOGUE.items()
    if template.instruction and code not in OVERWRITE_QUESTIONS
]
# By the first part of the code; the cases of a family are opened in one hub.
FAMILIES = {
    family: [*codes] for family, codes in groupby(sorted(CODES), lambda code: code.split(".")[0])
}
# What a case page may offer. Each is looked for in the middle of a sentence, where only a label
# has a capital letter.
LABELS = (
    "Check again",
    "Close",
    "Companies",
    "Delete in QuickBooks",
    "Leave as it is",
    "Match codes",
    "Open settings",
    "Reconnect",
    "Retry",
    "Skip",
    "Void in QuickBooks",
)
CONTROL = re.compile(r"<(button|a|summary)\b([^>]*)>(.*?)</\1>", re.DOTALL)
STOPS_NOTHING = ("connection.", "file.", "source.")
# These are about what is in the books; every other case stops something.
ABOUT_POSTED = ("posted.", "marker.", "outcome.differs", "outcome.file_differs", "outcome.late")


PRESSED = re.compile(r"\b[Pp]ress ([A-Z]\w+(?: again)?)")


def labels_named_in(instruction):
    """Return the labels that an instruction names: in quotes, after "press", or as one of ours."""
    quoted = re.findall("“([^”]+)”", instruction)
    pressed = PRESSED.findall(instruction)
    own = [label for label in LABELS if re.search(rf"(?<=[a-z0-9,;] ){label}\b", instruction)]
    return {*quoted, *pressed, *own}


def controls_of(page):
    """Return the text of each button, link and summary of a page, and its address if any."""
    main = page[page.index("<main") :]
    controls = {}
    for _, attributes, content in CONTROL.findall(main):
        text = " ".join(re.sub(r"<[^>]+>", "", content).split()).removesuffix(" …")
        href = re.search(r'href="([^"]+)"', attributes)
        controls[text] = href[1] if href else ""
    return controls


def open_case(visitor, code):
    """Open a case of a code with a posting as the hub does; return its address."""
    template = CATALOGUE[code]
    story = visitor.story
    is_posted = code.startswith(ABOUT_POSTED)
    posting_id = story.postings["posted" if is_posted else "held"]
    details = {}
    if template.action is CaseAction.CHOOSE:
        details = {"candidates": ["145"]}
    if code.startswith("file."):
        details = {"file": 1}
    if code.startswith("code."):
        details = {"field": "supplier", "code": "s1", "name": "Byggmakker Aas"}
    with visitor.app.app_context(), transaction() as session:
        held_by_quickbooks = update(Posting).where(Posting.id == story.postings["held"])
        session.execute(held_by_quickbooks.values(held_by="quickbooks"))
        case = inbox.open(
            session,
            f"instruction:{code}",
            CaseText(code, **{name: f"<{name}>" for name in template.parameters}),
            company_id=story.company,
            installation_id=story.installation,
            details=details,
            postings=[] if code.startswith(STOPS_NOTHING) else [posting_id],
        )
        return f"/inbox/{case.id}"


def labels_offered(visitor, code):
    """Return the labels on the page of a case, and on the pages that its instruction leads to."""
    controls = controls_of(visitor.page(open_case(visitor, code)))
    labels = {*controls}
    for label in labels_named_in(CATALOGUE[code].instruction) & labels:
        if controls[label]:
            labels |= {*controls_of(visitor.page(controls[label]))}
    return labels


@pytest.mark.proof(small=3, full=6)
@pytest.mark.parametrize("family", FAMILIES)
def test_an_instruction_names_only_buttons_that_the_page_of_its_case_shows(visitor, family):
    visitor.log_in("olga")
    absent = {}
    for code in FAMILIES[family]:
        named = labels_named_in(CATALOGUE[code].instruction)
        named |= {*PRESSED.findall(CATALOGUE[code].reason)}
        labels = named - labels_offered(visitor, code)
        if labels:
            absent[code] = labels
    assert absent == {}


def test_buttons_are_recognised_in_instructions():
    assert labels_named_in("Press Retry to send it, or Skip to leave it out.") == {"Retry", "Skip"}
    assert labels_named_in("Press Post again, or Skip.") == {"Post again", "Skip"}
    assert labels_named_in("Press “This is it” on the one; press Undo.") == {"This is it", "Undo"}
    assert labels_named_in("Open it; the next syncs read it again, Check again does at once.") == {
        "Check again"
    }
    assert labels_named_in("Match its code to the right record, or close this.") == set()


def test_most_instructions_with_a_button_are_checked():
    assert sum(bool(labels_named_in(CATALOGUE[code].instruction)) for code in CODES) > 35


def test_a_name_that_is_used_can_be_sent_again_after_a_record_was_renamed(visitor):
    address = open_case(visitor, "outcome.name_used")
    visitor.log_in("oda")
    retry = re.search(rf'action="({address}/\d+/retry)[?"]', visitor.page(address))
    assert retry
    assert "Retried " in visitor.press(retry[1])
