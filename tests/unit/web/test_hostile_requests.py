"""Numbers and characters that no row can have: each address and form answers below 500."""

from collections import Counter

import pytest

from tests.support.pages.hostile_requests import HOSTILE_TEXTS, hostile_requests
from tests.support.runs.tiers import by_form

BOTH = ["sqlite", "postgres"]
DATABASES = by_form(["postgres"], ["postgres"], BOTH)  # only PostgreSQL stores no null character


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
@pytest.mark.parametrize("first", range(0, len(HOSTILE_TEXTS), 2))
def test_no_request_is_an_error_of_the_hub(owner, first):
    """Each case gives each argument another text."""
    answers = answers_to(owner, HOSTILE_TEXTS[first:] + HOSTILE_TEXTS[:first])
    assert answers.total() > 100
    assert answers[200] > 10


@pytest.mark.proof(small=0)
@pytest.mark.parametrize("owner", DATABASES, indirect=True)
def test_a_null_character_is_refused(owner):
    answers = answers_to(owner, ["\0"])
    assert answers[400] > 50
