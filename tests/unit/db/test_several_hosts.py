"""The form of an address with several servers that the hub reads, without the password."""

import pytest
from sqlalchemy.engine import make_url

from hub.db.several_hosts import write_hosts_as_options


@pytest.mark.parametrize(
    ("url", "form"),
    [
        ("postgresql://hub@a:1,b:2/hub", "postgresql://hub@/hub?host=a:1&host=b:2"),
        ("postgres://a:1,b:2", "postgres:///?host=a:1&host=b:2"),
        (
            "postgresql+psycopg://hub:pa,ss/w?rd@a:1,b/hub?password=secret&sslmode=require",
            "postgresql://hub:password@/hub?host=a:1&host=b&sslmode=require",
        ),
        ("postgresql://hub:1,b/c@a:1", ""),
        ("postgresql://hub:1,b?c@a:1", ""),
        ("postgresql://hub@a:1/hub", ""),
        ("mysql://hub@a:1,b:2/hub", ""),
    ],
)
def test_the_hosts_become_options(url: str, form: str) -> None:
    assert write_hosts_as_options(url) == form


def test_the_form_names_every_server() -> None:
    form = write_hosts_as_options("postgresql://hub@a.example.com:5432,b:5433/hub")
    address = make_url(form)
    assert address.query["host"] == ("a.example.com:5432", "b:5433")
    assert (address.username, address.database) == ("hub", "hub")
