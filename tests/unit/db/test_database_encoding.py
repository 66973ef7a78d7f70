"""A PostgreSQL database that cannot hold every text is refused before it has tables."""

import secrets

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy.engine import make_url

from hub.cli import main
from hub.db.session_settings import require_usable_sessions
from hub.errors import ConfigurationError


@pytest.fixture(params=["LATIN1", "SQL_ASCII"])
def encoding(request):
    """Return an encoding other than UTF-8."""
    return request.param


@pytest.fixture
def encoded_url(postgres, encoding):
    """Create a database with the encoding and return its address."""
    name = f"hub_{secrets.token_hex(6)}"
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute(
            f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0"
            " LC_COLLATE 'C' LC_CTYPE 'C'"
        )
        yield make_url(postgres).set(database=name).render_as_string(hide_password=False)
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_no_tables_are_created_in_a_database_of_another_encoding(encoded_url, encoding, tmp_path):
    settings = {"HUB_DATA": str(tmp_path / "data"), "HUB_DATABASE_URL": encoded_url}
    result = CliRunner().invoke(main, ["init"], env=settings)
    sentence = f"HUB_DATABASE_URL names a database with the encoding {encoding}"
    assert (result.exit_code, sentence in result.output) == (1, True), result.output
    with psycopg.connect(encoded_url) as connection:
        (count,) = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    assert count == (0,)


def test_a_hub_with_such_a_database_does_not_start(encoded_url, encoding, make_app, make_config):
    app = make_app(make_config(HUB_DATABASE_URL=encoded_url))
    sentence = f"the encoding {encoding}, which cannot"
    with app.app_context(), pytest.raises(ConfigurationError, match=sentence):
        require_usable_sessions()
