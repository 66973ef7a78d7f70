"""Faults of QuickBooks: each shape is parsed and explained with a next step."""

import json
import os
import re
from pathlib import Path

import pytest

from hub.qbo.faults import (
    EXPIRED_CODES,
    FAULT_EXPLANATIONS,
    FORBIDDEN_CODES,
    POSSIBLY_EXECUTED_CODES,
    THROTTLED_CODES,
    Fault,
    explain_refusal,
    parse,
)

EVIDENCE = Path(os.environ.get("HUB_EVIDENCE", Path(__file__).parents[3] / "../shared/evidence"))
XML = b"""<IntuitResponse time="x" xmlns="http://schema.intuit.com/finance/v3">
<Fault type="ValidationFault">
<Error code="2030" element="Id"><Message>Invalid ID</Message>
<Detail>Id should be a number</Detail></Error>
<Error code="610"><Message>Object Not Found</Message></Error></Fault></IntuitResponse>"""


def test_the_application_shape_is_read():
    body = {
        "Fault": {
            "Error": [{"Message": "m", "Detail": "d", "code": "6140", "element": ""}],
            "type": "ValidationFault",
        }
    }
    assert parse(json.dumps(body).encode()) == (Fault("6140", "", "m", "d", "ValidationFault"),)


def test_the_gateway_shape_is_read():
    body = {
        "fault": {
            "error": [{"message": "m", "detail": None, "code": "003200", "element": None}],
            "type": "A",
        }
    }
    assert parse(json.dumps(body).encode()) == (Fault("3200", "", "m", "", "A"),)


def test_xml_is_read_for_any_requested_format():
    assert [(fault.code, fault.element) for fault in parse(XML)] == [
        ("2030", "Id"),
        ("610", ""),
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"Fault": 3}',
        b'{"Fault": {"Error": ["x", 1]}}',
        b"<html>Fault</html",
        b"<!DOCTYPE a>",
    ],
)
def test_a_body_without_faults_has_none(body):
    assert parse(body) == ()


def test_xml_that_declares_entities_is_not_read():
    body = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><Fault><Error code="1">&a;</Error></Fault>'
    assert parse(body) == ()


@pytest.mark.parametrize(
    "holder",
    [
        "TxnType=Journal Entry with TxnId=17984",
        "DocNumber=7 is assigned to TxnType=Bill with TxnId=17984",
    ],
)
def test_a_duplicate_number_names_its_holder(holder):
    assert Fault("6140", detail=f"This number has already been used. {holder}").holder[1] == "17984"


def test_the_holder_is_found_in_other_languages_too():
    assert Fault("6140", detail="Le numéro est déjà utilisé : TxnId=42").holder == ("", "42")
    assert Fault("6140", detail="Le numéro est déjà utilisé").holder is None


def test_the_sentence_of_a_fault_has_the_words_of_quickbooks_and_the_next_step():
    text = explain_refusal(
        (Fault("6210", message="Closed", detail="The account period has closed."),)
    )
    assert text == (
        "Its date lies in a closed period. "
        "Open the period in QuickBooks or change the date at the source. "
        "(QuickBooks says: The account period has closed; code 6210.)"
    )


@pytest.mark.parametrize("entry", ["name", "product or service"])
def test_a_list_that_someone_else_changes_is_no_rule_that_forbids_the_change(entry):
    detail = f"Business Validation Error: You can only add or edit one {entry} at a time."
    text = explain_refusal((Fault("6000", detail=f"{detail} Please try again."),))
    assert text.startswith("Somebody changed the same list in QuickBooks at the same moment.")
    assert "A rule of this company" not in text


def test_an_unknown_code_still_makes_a_sentence():
    assert "code 9999, field Line" in explain_refusal((Fault("9999", "Line", "what"),))
    assert "without a reason" in explain_refusal(())


@pytest.mark.parametrize(
    "code",
    sorted(POSSIBLY_EXECUTED_CODES | THROTTLED_CODES | EXPIRED_CODES | FORBIDDEN_CODES),
)
def test_a_code_that_is_no_refusal_does_not_ask_for_a_correction(code):
    assert "Correct what it names" not in explain_refusal((Fault(code),)), (
        f"Explain {code} in FAULT_EXPLANATIONS of hub/qbo/faults.py: nobody can correct it."
    )


@pytest.mark.parametrize("code", sorted(FAULT_EXPLANATIONS))
def test_every_known_code_ends_with_a_next_step(code):
    assert FAULT_EXPLANATIONS[code].count(".") >= 1
    assert not re.search(r"\b(failed|error|SyncToken|VendorRef)\b", FAULT_EXPLANATIONS[code])


def test_every_recorded_fault_is_read():
    if not EVIDENCE.exists():
        pytest.skip("the recorded answers are not here (HUB_EVIDENCE)")
    texts = [path.read_text() for path in EVIDENCE.joinpath("recorded-xml").rglob("*.xml")]
    bodies = [text.encode() for text in texts if re.search(r"<Error code=", text)]
    assert bodies
    assert all(parse(body)[0].code for body in bodies)


@pytest.mark.parametrize("code", ["610", "2500"])
def test_a_reference_to_something_inactive_names_the_buttons_that_find_it(code):
    text = explain_refusal((Fault(code),))
    assert "Press Refresh lists under Companies, then Retry" in text
