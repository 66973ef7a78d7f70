"""Requests with hostile texts wherever one may stand."""

import re
from itertools import cycle
from urllib.parse import quote

PART = re.compile("<[^>]+>")  # of a route: where an id or a name stands
# Arguments of pages and fields of forms.
NAMES = (
    "act",
    "after",
    "amount",
    "app",
    "batches",
    "before",
    "code",
    "company",
    "draft",
    "email",
    "field",
    "from",
    "ids",
    "installation",
    "kind",
    "listed",
    "mine",
    "mode",
    "name",
    "next",
    "on",
    "password",
    "posting",
    "q",
    "quickbooks_id",
    "reason",
    "record",
    "role",
    "selected",
    "show",
    "state",
    "sure",
    "to",
    "total",
    "until",
    "which",
    "who",
)
HOSTILE_TEXTS = (
    str(2**63),
    "9" * 400,
    f"[{2**63}]",
    f"{2**63}:0011223344556677",
    "²",  # a digit that is no number
    "\ud800",  # half of a pair of surrogates
    "2026-02-30",
    "x" * 5000,
)


def hostile_requests(app, texts):
    """Yield method, address and form of requests with hostile texts wherever one may stand."""
    encoded = [quote(text.encode("utf-8", "surrogatepass")) for text in texts]
    arguments = "&".join(
        f"{name}={text}" for name, text in zip(NAMES, cycle(encoded), strict=False)
    )
    parts = cycle(encoded)
    for rule in app.url_map.iter_rules():
        if "logout" in rule.rule or "static" in rule.rule:
            continue
        usual_address = PART.sub("1", rule.rule)
        hostile_address = PART.sub(lambda match: next(parts), rule.rule)
        for method in sorted(rule.methods & {"GET", "POST"}):
            if rule.arguments:
                yield method, hostile_address, ""
            if method == "GET":
                yield method, f"{usual_address}?{arguments}", ""
            else:
                yield method, usual_address, arguments
