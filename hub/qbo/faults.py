"""Errors that QuickBooks reports: read from JSON and XML, and explained with a next step."""

import codecs
import json
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

from hub.errors import Sentence
from hub.models.enums import LIST_IN_USE

# The outcome of a call by the codes of its faults; any other code is a refusal. Each of these codes
# needs an entry in FAULT_EXPLANATIONS. `hub.qbo.responses` has the outcomes by status.
POSSIBLY_EXECUTED_CODES = {"10000", "600", "6002"}  # Intuit says of these that the work may be done
MISROUTED_CODES = {"7001"}  # Intuit's gateway found no server of the company
# Not done; repeated after a pause of all calls to the company, so never for one document alone.
THROTTLED_CODES = {"3001", "130", "140", "150"}
EXPIRED_CODES = {"3200", "100", "110"}  # not done; a new access token may help
RECONNECT_CODES = {"3100", "120"}  # not done; a person has to reconnect
SUBSCRIPTION_CODES = {"6190"}  # not done; a person has to renew the subscription
FORBIDDEN_CODES = RECONNECT_CODES | SUBSCRIPTION_CODES
ACCESS_CODES = EXPIRED_CODES | FORBIDDEN_CODES
BUSINESS_RULE_CODE = "6000"  # also used for errors inside QuickBooks
INTERNAL_ERROR_CODE = "10000"
HOLDER_PATTERN = re.compile(
    r"TxnType=(?P<type>[^=]+?)\s+with\s+TxnId=(?P<id>\d+)|TxnId=(?P<only>\d+)"
)
INTERNAL_ERROR = re.compile(r"-30000|unexpected (internal )?error", re.IGNORECASE)
# The server that got the request does not have the address. Seen with the codes 500 and 10000.
UNKNOWN_ADDRESS = re.compile(r"could not find resource for relative", re.IGNORECASE)
ONE_AT_A_TIME = re.compile(r"add or edit one .+ at a time", re.IGNORECASE)  # with code 6000
NOT_ACCEPTED = Sentence("QuickBooks did not accept the connection. It is retried automatically.")
SLOW_DOWN = Sentence("QuickBooks asks to slow down. It is retried automatically.")
UNKNOWN_ERROR = Sentence("QuickBooks reports an error that the hub does not know.")
UNEXPLAINED_FAULT = Sentence(
    "QuickBooks does not accept it as it is. Correct what it names, then retry."
)
MISROUTED = Sentence("Intuit passed the request to a server that does not have this company.")
SIMULTANEOUS_CHANGE = Sentence(
    "Somebody changed the same list in QuickBooks at the same moment. The hub tries it again some"
    " times; after that, retry when they are done."
)
FAULT_EXPLANATIONS = {
    "100": NOT_ACCEPTED,
    "110": NOT_ACCEPTED,
    "130": Sentence(
        "QuickBooks has moved this company to another server. It is retried automatically."
    ),
    "140": Sentence(
        "QuickBooks has locked this company for the moment. It is retried automatically."
    ),
    "150": Sentence(
        "QuickBooks is doing maintenance on this company. It is retried automatically."
    ),
    "500": Sentence(
        "QuickBooks does not support this request: the hub and the QuickBooks of this company"
        " do not fit together."
    ),
    "600": Sentence("The id of the request is already in use at QuickBooks."),
    "610": Sentence(
        "Something it refers to was made inactive or deleted in QuickBooks. Press Refresh lists"
        " under Companies, then Retry: the hub names what is missing."
    ),
    "620": Sentence(
        "It names a transaction that belongs to someone else or cannot be linked. Check the"
        " document it refers to."
    ),
    "1040": Sentence("Too many documents were sent at once. Send fewer in one batch."),
    "2010": Sentence(
        "QuickBooks does not know a field that was sent. This is a defect of the hub, please"
        " report it."
    ),
    "2020": Sentence(
        "Something that QuickBooks requires is missing. Complete it at the source or in the"
        " settings."
    ),
    "2040": Sentence(
        "A text has characters that QuickBooks does not accept. Fix this at the source."
    ),
    "2050": Sentence("A text is longer than QuickBooks allows. Shorten it at the source."),
    "2500": Sentence(
        "It refers to an entry that this company has not, or no longer uses. Press Refresh lists"
        " under Companies, then Retry: the hub names what is missing."
    ),
    "3001": SLOW_DOWN,
    "3100": Sentence(
        "QuickBooks no longer lets the hub work in this company. Open Companies and press"
        " Reconnect."
    ),
    "3200": NOT_ACCEPTED,
    "120": Sentence(
        "The person who connected this company is no longer its administrator. Press Reconnect"
        " as one who is."
    ),
    "5010": Sentence(
        "Somebody changed it in QuickBooks at the same moment. The hub reads it again and tries it"
        " some times; after that, retry when they are done."
    ),
    "5020": Sentence(
        "This edition of QuickBooks does not have such documents. Upgrade QuickBooks, or post"
        " another kind."
    ),
    "5030": Sentence(
        "This edition of QuickBooks does not have what is needed. Upgrade QuickBooks, or"
        " switch the field off."
    ),
    "6000": Sentence(
        "A rule of this company forbids it. Correct what QuickBooks names, then retry."
    ),
    "6002": Sentence("QuickBooks did not finish the request in time."),
    "6070": Sentence(
        "An amount is not its quantity times its price. Correct the line at the source."
    ),
    "6100": Sentence("A line needs the tax code TAX or NON. Match the tax code again."),
    "6140": Sentence("Its number is already used in QuickBooks."),
    "6160": Sentence(
        "A tax code cannot be used here. Match the tax code to one for this kind of document."
    ),
    "6190": Sentence(
        "The QuickBooks subscription of this company has ended, so it can only be read. Renew"
        " it at QuickBooks."
    ),
    "6200": Sentence(
        "Its date lies in a closed period. Open the period in QuickBooks or change the date at"
        " the source."
    ),
    "6210": Sentence(
        "Its date lies in a closed period. Open the period in QuickBooks or change the date at"
        " the source."
    ),
    "6240": Sentence(
        "The name is already used by a customer, supplier or employee. Match it to that one, or"
        " create it under another name."
    ),
    "6270": Sentence(
        "Its date is before the day stock of an item began. Change the date, or the item's"
        " first day."
    ),
    "6430": Sentence(
        "An account is of the wrong type for its place. Choose another account in the settings"
        " or the matching."
    ),
    "6440": Sentence("A line has neither item nor account. Match the line's code."),
    "6540": Sentence(
        "It was deposited in QuickBooks and cannot be changed. Take it out of the deposit first."
    ),
    INTERNAL_ERROR_CODE: Sentence("QuickBooks had an internal problem."),
}
# For what is not in QuickBooks yet. Intuit documents 5010 for changes only; seen as well with a
# closed period, so the words of QuickBooks give the reason.
EXPLANATIONS_FOR_NEW = FAULT_EXPLANATIONS | {"5010": Sentence("QuickBooks did not save it.")}


@dataclass(frozen=True)
class Fault:
    """One error; programs rely on `code`, because the texts are in the company's language."""

    code: str
    element: str = ""
    message: str = ""
    detail: str = ""
    type: str = ""

    @property
    def quote(self) -> str:
        """Return the words of QuickBooks; not the detail about a token, which may contain it."""
        text = self.detail or self.message
        if self.code in EXPIRED_CODES:
            text = self.message
        return text.strip().rstrip(".")

    @property
    def decisive_code(self) -> str:
        """Return the code by which the hub decides: one of its own if the text says more."""
        text = f"{self.message} {self.detail}"
        if self.code == BUSINESS_RULE_CODE and ONE_AT_A_TIME.search(text):
            return LIST_IN_USE
        return self.code

    @property
    def is_misrouted(self) -> bool:
        """Return whether Intuit passed the request to the wrong server, as during outages."""
        text = f"{self.message} {self.detail}"
        return self.code in MISROUTED_CODES or bool(UNKNOWN_ADDRESS.search(text))

    @property
    def is_inconclusive(self) -> bool:
        """Return whether the work may have been done, or was not the reason of the error."""
        if self.code in POSSIBLY_EXECUTED_CODES or self.is_misrouted:
            return True
        if self.code != BUSINESS_RULE_CODE:
            return False
        return bool(INTERNAL_ERROR.search(f"{self.message} {self.detail}"))

    @property
    def holder(self) -> tuple[str, str] | None:
        """Return the label and id of the transaction that a duplicate number names."""
        match = HOLDER_PATTERN.search(self.detail)
        if match is None:
            return None
        label = match["type"] or ""
        return label, match["id"] or match["only"]


def parse(body: bytes) -> tuple[Fault, ...]:
    """Return the faults in a body, in JSON or XML; none if it has none that can be read."""
    text = body.removeprefix(codecs.BOM_UTF8).lstrip()
    if text.startswith((b"{", b"[")):
        try:
            return parse_faults(json.loads(text, parse_float=Decimal))
        except (ValueError, RecursionError):
            return ()
    if text.startswith(b"<") and (b"Fault" in text or b"fault" in text):
        return _parse_xml(text)
    return ()


def parse_faults(body: Any) -> tuple[Fault, ...]:
    """Return the faults in a JSON response, or in one item of a batch or upload."""
    if not isinstance(body, dict):
        return ()
    fault = _get_in_any_case(body, "Fault")
    if not isinstance(fault, dict):
        return ()
    type = str(fault.get("type") or "")
    errors = _get_in_any_case(fault, "Error")
    if not isinstance(errors, list):
        errors = [errors]
    return tuple(_parse_fault(error, type) for error in errors if isinstance(error, dict))


def _get_in_any_case(content: dict[str, Any], name: str) -> Any:
    """Return a value by its name, which some services of Intuit write with a small letter."""
    return content.get(name) or content.get(name.lower())


def _parse_fault(error: dict[str, Any], type: str) -> Fault:
    """Return one error as a fault; the case of its keys differs between services of Intuit."""
    texts = {}
    for name, value in error.items():
        key = str(name).lower()
        texts[key] = "" if value is None else str(value)
    return Fault(
        code=texts.get("code", "").lstrip("0"),
        element=texts.get("element", ""),
        message=texts.get("message", ""),
        detail=texts.get("detail", ""),
        type=type,
    )


def _parse_xml(text: bytes) -> tuple[Fault, ...]:
    """Return the faults in an XML response, as Intuit's gateway sends it; none if it is no XML."""
    if b"<!DOCTYPE" in text:
        return ()
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  (no entities, see above)
    except ElementTree.ParseError:
        return ()
    return tuple(_iter_xml_errors(root))


def _iter_xml_errors(root: ElementTree.Element) -> Iterator[Fault]:
    """Yield the errors with the type of the first fault; their facts are attributes or elements."""
    type = _find_type_of_fault(root)
    for node in root.iter():
        if _get_local_name(node) != "Error":
            continue
        error = dict(node.attrib)
        for child in node:
            name = _get_local_name(child).lower()
            error[name] = (child.text or "").strip()
        yield _parse_fault(error, type)


def _find_type_of_fault(root: ElementTree.Element) -> str:
    """Return the type of the first fault; "" if it has none."""
    for node in root.iter():
        if _get_local_name(node) == "Fault":
            return node.get("type", "")
    return ""


def _get_local_name(node: ElementTree.Element) -> str:
    """Return the name of an element without its namespace."""
    return node.tag.rpartition("}")[2]


def explain_refusal(faults: tuple[Fault, ...], *, is_new: bool = False) -> str:
    """Explain why QuickBooks refused something, with its own words and the next step.

    `is_new` is whether it was to be created.
    """
    if not faults:
        return Sentence(
            "QuickBooks refused it without a reason. Retry; if it is refused again, report it."
        )
    explanations = EXPLANATIONS_FOR_NEW if is_new else FAULT_EXPLANATIONS
    return explain(faults, UNEXPLAINED_FAULT, explanations=explanations)


def explain(
    faults: tuple[Fault, ...],
    default: str,
    *,
    internal_codes: Set[str] = frozenset(),
    explanations: Mapping[str, str] = FAULT_EXPLANATIONS,
) -> str:
    """Return an explanation of faults, with the words of QuickBooks.

    `default` explains codes that `explanations` does not have. Without faults, return it.
    `internal_codes` are codes that stand for an internal problem of QuickBooks here.
    """
    sentences = list(
        dict.fromkeys(
            _explain_fault(fault, default, internal_codes, explanations) for fault in faults
        )
    )
    if not sentences:
        return default
    return sentences[0] if len(sentences) == 1 else " ".join(sentences)


def quote_reasons(faults: tuple[Fault, ...]) -> str:
    """Return the reason that QuickBooks itself gives, in brackets; "" if it gives none."""
    if not faults:
        return ""
    return f"({_quote_sentence(faults[0])})"


def _quote_sentence(fault: Fault, details: str = "") -> str:
    """Return a sentence that quotes QuickBooks on a fault and names its code."""
    return Sentence(
        "QuickBooks says: %(words)s; code %(code)s%(details)s.",
        words=fault.quote or Sentence("nothing"),
        code=fault.code or Sentence("none"),
        details=details,
    )


def _explain_fault(
    fault: Fault, default: str, internal_codes: Set[str], explanations: Mapping[str, str]
) -> str:
    """Return an explanation of a fault and what to do about it, with the words of QuickBooks."""
    is_failed_rule = fault.code == BUSINESS_RULE_CODE and fault.is_inconclusive
    is_internal = is_failed_rule or fault.code in internal_codes
    code = INTERNAL_ERROR_CODE if is_internal else fault.code
    explanation = explanations.get(code, default)
    if fault.decisive_code == LIST_IN_USE:
        explanation = SIMULTANEOUS_CHANGE
    if fault.is_misrouted:
        explanation = MISROUTED
    field = Sentence(", field %(name)s", name=fault.element) if fault.element else ""
    quote = _quote_sentence(fault, field)
    return Sentence("%(explanation)s (%(quote)s)", explanation=explanation, quote=quote)
