"""Numbers and characters that no row can have: each address and form answers below 500."""

import re
from collections import Counter
from itertools import cycle
from urllib.parse import quote

import pytest

from tests.support.runs.tiers import by_form

BOTH = ["sqlite", "postgres"]
DATABASES = by_form(["postgres"], ["postgres"], BOTH)  # only PostgreSQL stores no null character
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
TEXTS = (
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


def answers_to(owner, texts):
    """Return how many requests were answered with each status, and check that none is an error."""
    answers = Counter()
    for method, address, form in hostile_requests(owner.app, texts):
        body = f"csrf_token={owner._token}&{form}"
        answer = owner.client.open(
            address, method=method, data=body, content_type="application/x-www-form-urlencoded"
        )
        assert answer.status_code < 500, f"{method} {address[:200]}: {answer.status}"
        answers[answer.status_code] += 1
        answer.close()
    return answers


@pytest.mark.proof(small=0, full=1)
@pytest.mark.parametrize("first", range(0, len(TEXTS), 2))
def test_no_request_is_an_error_of_the_hub(owner, first):
    """Each case gives each argument another text."""
    answers = answers_to(owner, TEXTS[first:] + TEXTS[:first])
    assert answers.total() > 100
    assert answers[200] > 10


@pytest.mark.proof(small=0)
@pytest.mark.parametrize("owner", DATABASES, indirect=True)
def test_a_null_character_is_refused(owner):
    answers = answers_to(owner, ["\0"])
    assert answers[400] > 50
