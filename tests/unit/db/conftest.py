"""Fixtures for tests of the database."""

from tests.support.servers.database_server import make_server, own_server  # noqa: F401 (fixtures)
