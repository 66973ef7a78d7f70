"""Names: one person for all spellings, addresses for new people, and reserved names."""

import pytest

from hub.db.engine import db, read_only_session, transaction
from hub.errors import Refused
from hub.security import names, people

PASSWORD = "correct horse battery staple"


@pytest.mark.parametrize(
    "spelling",
    [
        "kari@example.com",
        "Kari@Example.COM",
        "  kari@example.com\n",
        "ｋａｒｉ@example.com",
        "KARI@ｅxample.com",
    ],
)
def test_every_spelling_of_a_name_is_one_person(app_with_pages, spelling):
    new = people.prepare("Kari@example.com", PASSWORD)
    with transaction() as session:
        people.add(session, new, "viewer")
    with read_only_session() as session:
        person = people.find(session, spelling)
        assert person is not None
        assert person.username == "Kari@example.com"
    with pytest.raises(Refused, match="already a person named Kari@"):
        people.prepare(spelling, PASSWORD)


def test_a_name_that_was_taken_during_the_hash_is_refused(app_with_pages):
    both = [people.prepare(name, PASSWORD) for name in ("kari@example.com", "KARI@example.com")]
    with transaction() as session:
        people.add(session, both[0], "viewer")
    with transaction() as session, pytest.raises(Refused, match="already a person named kari@"):
        people.add(session, both[1], "viewer")


def test_a_domain_is_found_in_both_of_its_forms(app_with_pages):
    new = people.prepare("kari@blåbær.no", PASSWORD)
    with transaction() as session:
        person = people.add(session, new, "viewer")
        assert person.username == person.email == "kari@xn--blbr-roah.no"
    with read_only_session() as session:
        assert people.find(session, "Kari@Blåbær.no").id == person.id


@pytest.mark.parametrize(
    "name",
    [
        "hub",
        "Hub ",
        "ＨＵＢ",
        "admin",
        "root",
        "system",
        "costtracker",
        "CostTracker",
        "QuickBooks",
        "demo",
    ],
)
def test_names_that_the_audit_log_uses_for_others_are_reserved(app_with_pages, name):
    with pytest.raises(Refused, match="is reserved for the hub"):
        names.require_address(name)


@pytest.mark.parametrize(
    "name",
    [
        "Kari",
        "һub",
        "kari@",
        "@example.com",
        "kari@intranet",
        "kаri@example.com",
        "kari@example.com\nBcc: eva@example.com",
        "kari@example.com, eva@example.com",
        "Kari <kari@example.com>",
        '"kari smith"@example.com',
        "kari@[127.0.0.1]",
        "kari\ud800@example.com",
        "kari\0@example.com",
        "kari\u200b@example.com",
        f"{'k' * 250}@example.com",
        "olga@hub.invalid",
        "Olga@HUB.invalid",
    ],
)
def test_a_new_name_is_an_address_in_ascii(app_with_pages, name):
    with pytest.raises(Refused, match="their e-mail address, such as"):
        names.require_address(name)


@pytest.mark.parametrize("name", ["", "   "])
def test_an_empty_name_is_refused(app_with_pages, name):
    with pytest.raises(Refused, match="Enter the e-mail address"):
        names.require_address(name)


@pytest.mark.parametrize("name", ["", "\ud800", "a\0b", "x" * 100_000, "nobody@example.com"])
def test_texts_that_are_no_name_find_nobody(app_with_pages, name):
    with read_only_session() as session:
        assert people.find(session, name) is None


def test_a_new_name_fits_into_every_column_with_names_of_people(app_with_pages):
    domain = ".".join(["d" * 45] * 3)
    for local_length, is_accepted in ((200 - len(f"@{domain}.no"), True), (64, False)):
        address = f"{'k' * local_length}@{domain}.no"
        if is_accepted:
            assert names.require_address(address) == address
            continue
        assert len(address) < names.MAX_ADDRESS_LENGTH
        with pytest.raises(Refused, match="more than 200 characters"):
            names.require_address(address)


def test_the_names_of_people_have_the_length_of_every_column_for_them():
    written = ("approved_by", "closed_by", "decided_by", "invited_by", "requested_by", "who")
    for table in db.metadata.tables.values():
        for column in table.c:
            if column.name in written:
                assert column.type.length == names.MAX_NAME_LENGTH, column
