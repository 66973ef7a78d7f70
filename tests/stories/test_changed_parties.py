"""A transaction that its source moves to another party keeps nothing of the former one."""

import pytest

from hub import Address, Code, Party
from tests.support.sources.every_kind_source import invoice


def find_client(number, street):
    party = Party(
        name=f"Client {number}",
        email=f"{number}@client.example",
        address=Address(lines=(street,), city="Riverton"),
    )
    return Code(id=f"c{number}", name=party.name, create=party)


FORMER, NEW = find_client(1, "1 Elm Street"), find_client(2, "2 Oak Street")


def read_addresses(shop):
    assert (shop.states()["invoice:1"], shop.reasons(), shop.cases()) == ("posted", [], [])
    entity = shop.book("Invoice", "invoice:1")
    email = (entity.get("BillEmail") or {}).get("Address")
    return entity["CustomerRef"]["name"], entity["BillAddr"]["Line1"], email, entity["EmailStatus"]


@pytest.mark.parametrize("email_to", [None, ""])
def test_an_invoice_of_another_customer_has_its_addresses(shop, email_to):
    mailing = "NotSet" if email_to is None else "NeedToSend"
    for client, number, street in ((FORMER, 1, "1 Elm Street"), (NEW, 2, "2 Oak Street")):
        shop.run(invoice(client=client, email_to=email_to))
        email = None if email_to is None else f"{number}@client.example"
        assert read_addresses(shop) == (f"Client {number}", street, email, mailing)
