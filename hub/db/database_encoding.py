"""Refuse a PostgreSQL database that cannot hold every text of a source."""

from sqlalchemy import Engine, text

from hub.errors import ConfigurationError

UNICODE = "UTF8"
_SELECT_ENCODING = text("SELECT current_setting('server_encoding')")


def require_unicode(engine: Engine, setting: str) -> None:
    """Raise ConfigurationError, which names the setting, if the encoding is not UTF-8.

    LATIN1 has no Polish letters, for example. SQL_ASCII, which a server with the locale C has by
    itself, counts bytes as characters, so that a text may be too long for its column.
    """
    if engine.dialect.name != "postgresql":
        return
    with engine.connect() as connection:
        encoding = connection.scalar(_SELECT_ENCODING)
    if encoding != UNICODE:
        engine.dispose()  # nothing works with it
        raise ConfigurationError(
            setting,
            f"names a database with the encoding {encoding}, which cannot hold every text of a"
            " source. Name one that was created with `CREATE DATABASE hub OWNER hub"
            f" ENCODING '{UNICODE}' TEMPLATE template0`",
        )
