"""Addresses with several servers: which the hub reads, and what it says about the others."""

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import make_url

from hub.db.several_hosts import find_problem, write_hosts_as_options


@pytest.mark.parametrize(
    ("url", "form"),
    [
        ("postgresql://hub@a:1,b:2/hub", "postgresql://hub@/hub?host=a:1&host=b:2"),
        ("postgres://a:1,b:2", "postgres:///?host=a:1&host=b:2"),
        (
            "postgresql+psycopg://hub:pa,ss/w?rd@a:1,b/hub?password=secret&sslmode=require",
            "postgresql://hub:password@/hub?host=a:1&host=b&sslmode=require",
        ),
        ("postgresql://hub@a,b:2/hub", "postgresql://hub@/hub?host=a&host=b:2"),
        ("postgresql://[::1],b:2/hub", "postgresql:///hub?host=::1,b&port=,2"),
        ("postgresql://[::1]:1,[fe80::2]/hub", "postgresql:///hub?host=::1,fe80::2&port=1,"),
        ("postgresql://hub@a,b/hub", ""),
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


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://a:1,b:2/hub",
        "postgresql://a,b:2/hub",
        "postgresql://a:1,b/hub",
        "postgresql://[::1]:1,b/hub",
    ],
)
def test_the_form_means_the_same_to_the_driver_as_the_address(url: str) -> None:
    address = make_url(write_hosts_as_options(url)).set(drivername="postgresql+psycopg")
    _, arguments = address.get_dialect()().create_connect_args(address)
    meaning = conninfo_to_dict(url)
    assert (arguments["host"], arguments["port"]) == (meaning["host"], meaning["port"])


@pytest.mark.parametrize(
    "query",
    [
        "host=a,b:6432",
        "host=a:5432,b:6432",
        "host=a,b&host=c",
        "host=a,b&port=6432",
        "host=a&host=b&port=6432",
        "host=a:x&host=b",
        "host=[::1]:5432&host=b",
        "port=x",
    ],
)
def test_options_that_do_not_say_which_server_has_which_port_are_a_problem(query: str) -> None:
    assert "which server has which port" in find_problem(f"postgresql://hub@/hub?{query}")


@pytest.mark.parametrize("place", ["c", "c:6432", ":6432"])
def test_a_server_before_the_options_that_name_several_is_a_problem(place: str) -> None:
    url = f"postgresql://hub@{place}/hub?host=a&host=b"
    assert "which server has which port" in find_problem(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://hub@/hub?host=a:5432&host=b:6432",
        "postgresql://hub@/hub?host=a&host=b:6432",
        "postgresql://hub@/hub?host=a,b",
        "postgresql://hub@/hub?host=a,b&port=5432,6432",
        "postgresql://hub@/hub?host=::1,b&port=5432,",
        "postgresql://hub@/hub?host=/run/a&host=/run/b",
        "postgresql://hub@/hub?host=/run/postgresql&port=6432",
        "postgresql://hub@a,b/hub",
        "postgresql://hub@a,b/hub?port=6432",
        "postgresql://hub@[::1]:6432/hub",
        "postgres://hub@a:6432/hub",
        "sqlite:////var/lib/hub.db?host=a,b:1",
        "nonsense",
    ],
)
def test_other_addresses_are_no_problem(url: str) -> None:
    assert find_problem(url) == ""
