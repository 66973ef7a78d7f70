"""The matching page: what a code is, a person's word on it, and files of them."""

import io
from typing import Any

import pytest

from hub import store
from hub.mapping import Entry, Ref
from hub.models import Match
from hub.web import matches
from tests.visitor import Visitor


@pytest.fixture
def operator(visitor: Visitor) -> Visitor:
    visitor.log_in("oda")
    return visitor


def _here(visitor: Visitor) -> str:
    return f"/installations/{visitor.story.installation}/matching/"


def _decide(visitor: Visitor, code: str, **form: Any) -> str:
    return visitor.press(f"{_here(visitor)}code", field="supplier", code=code, **form)


def test_each_code_shows_what_it_is_or_what_may_fit(operator: Visitor) -> None:
    page = operator.page(_here(operator))
    rows = {code: page[page.index(f">{code}<") :].split("</tr>")[0] for code in ("s1", "s2", "s3")}
    assert "Not matched" in rows["s1"]
    assert "Byggmakker Ås" in rows["s1"]
    assert "Not matched" in rows["s2"]
    assert "By its name or number" in rows["s3"]


def test_a_decision_is_kept_shown_and_can_be_taken_back(operator: Visitor) -> None:
    assert "is Byggmakker Ås." in _decide(operator, "s1", record="v1")
    page = operator.page(_here(operator))
    assert "by oda," in page
    _decide(operator, "s1", forget="1")
    assert _matches(operator) == {}


def test_a_code_may_be_left_out(operator: Visitor) -> None:
    assert "is left out." in _decide(operator, "s2", record="")
    assert _matches(operator) == {"s2": ""}


def test_the_search_reaches_every_record_by_words_of_its_name(operator: Visitor) -> None:
    page = operator.page(f"{_here(operator)}code?field=supplier&code=s2&q=sønner+rør")
    assert "Rørlegger Næss &amp; Sønner" in page
    assert "No active record holds" in operator.page(
        f"{_here(operator)}code?field=supplier&code=s2&q=zzz"
    )


def test_codes_are_filtered_by_name_field_and_state(operator: Visitor) -> None:
    assert "Helt Ny" in operator.page(f"{_here(operator)}?q=helt")
    assert "Helt Ny" not in operator.page(f"{_here(operator)}?show=open")
    assert "Byggmakker Aas" in operator.page(f"{_here(operator)}?show=open")
    assert "No code fits" in operator.page(f"{_here(operator)}?show=decided")
    assert "No code fits" in operator.page(f"{_here(operator)}?field=account")


def test_matches_go_out_and_come_back_as_a_file(visitor: Visitor) -> None:
    visitor.log_in("arne")
    _decide(visitor, "s1", record="v1")
    file = visitor.get(f"{_here(visitor)}matches.csv")
    assert file.headers["Content-Disposition"].endswith("matches-costtracker-9130001.csv")
    assert "supplier,s1,Byggmakker Aas,v1,Byggmakker Ås" in file.text
    changed = file.text.replace("v1,Byggmakker Ås", "v2,")
    page = visitor.press(f"{_here(visitor)}import", file=(io.BytesIO(changed.encode()), "m.csv"))
    assert "Kept" in page
    assert _matches(visitor)["s1"] == "v2"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"field,code,quickbooks_id\nsupplier,s1,nope\n", "Line 2:"),
        (b"a,b\n", "lacks the column"),
        (b"\xff\xfe\x00", "no CSV in UTF-8"),
        (b"", "lacks the column"),
    ],
)
def test_a_wrong_file_keeps_nothing_and_says_why(
    visitor: Visitor, content: bytes, said: str
) -> None:
    visitor.log_in("arne")
    assert said in visitor.press(f"{_here(visitor)}import", file=(io.BytesIO(content), "m.csv"))
    assert _matches(visitor) == {}


def _matches(visitor: Visitor) -> dict[str, str]:
    with visitor.app.app_context(), store.reading() as session:
        return {match.code: match.record for match in session.query(Match)}


def test_records_are_offered_without_a_search(operator: Visitor) -> None:
    page = operator.page(f"{_here(operator)}code?field=supplier&code=s2")
    assert "Rørlegger Næss &amp; Sønner" in page
    assert "leave it out" not in page


def test_of_a_long_list_the_first_are_offered_and_suggestions_only_once() -> None:
    entries = [Entry(id=str(place), name=f"Account {place:03d}") for place in range(300)]
    assert [one.id for one in matches.offered(entries, "")] == [str(place) for place in range(20)]
    near = Ref(role="account", id="1", name="Account 001")
    assert [one.id for one in matches.offered(entries[:3], "", [near])] == ["0", "2"]
