"""A text is found in a column in whatever capitals, on every database."""

import pytest
from sqlalchemy import literal, select

from hub.db.engine import read_only_session
from hub.db.text_search import MAX_LETTERS, contains_text

MANY = "".join(chr(code) for code in range(0x430, 0x450))  # more letters than are compared


@pytest.mark.parametrize(
    ("column", "text", "is_found"),
    [
        ("Ås Rør AS", "ås RØR", True),
        ("ÅS RØR", "Ås Rør", True),
        ("ås rør", "ÅS", True),
        ("Aas", "ås", False),
        ("As", "ås", False),
        ("Øre 100 %_\\", "øre 100 %_\\", True),
        ("Øre 100", "øre%", False),
        ("Weiß", "weiß", True),
        ("Irmak ışık", "irmak ışık", True),
        (f"АА {MANY}", MANY, True),
        (MANY.upper()[:MAX_LETTERS], MANY[:MAX_LETTERS], True),
        ("", "ø", False),
    ],
)
@pytest.mark.parametrize("url", ["sqlite", "postgres"])
def test_a_text_is_found_in_whatever_capitals(
    request, make_app, make_config, url, column, text, is_found
):
    if url == "sqlite":
        app = request.getfixturevalue("app")
    else:
        app = make_app(make_config(HUB_DATABASE_URL=request.getfixturevalue("postgres_url")))
    with app.app_context(), read_only_session() as session:
        assert bool(session.scalar(select(contains_text(literal(column), text)))) is is_found
