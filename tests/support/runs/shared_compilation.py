"""Compiled statements, templates and routes, shared by all hubs of a test run.

Each test has a hub of its own. Compiling the same statements for each of them took half of the
time of a run; templates and routes took a few per cent each.
"""

from typing import Any

from flask import Flask
from jinja2 import Environment
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg
from werkzeug.routing import Rule

from hub.db import engine as db_engine

STATEMENTS: dict[Any, Any] = {}
TEMPLATES: dict[Any, Any] = {}
ROUTES: dict[Any, dict[str, Any]] = {}
COMPILED_ATTRIBUTES = ("_parts", "_trace", "_converters", "arguments", "_build", "_build_unknown")
compile_route = Rule.compile
bind_database = db_engine.init_app
create_environment = Environment.__init__


class Templates(BytecodeCache):
    """Compiled templates, which every hub of a run shares."""

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = TEMPLATES.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        TEMPLATES[bucket.key, bucket.checksum] = bucket.code


def share_compilation(app: Flask) -> None:
    """Let a hub use what other hubs have compiled, and add to it."""
    share_statements(app)
    app.jinja_env.bytecode_cache = Templates()


def share_among_all() -> None:
    """Let every hub of this process and of its forks share compilation from now on."""
    db_engine.init_app = _bind_database
    Environment.__init__ = _create_environment  # type: ignore[method-assign]


def _bind_database(app: Flask, *args: Any, **options: Any) -> None:
    bind_database(app, *args, **options)
    share_statements(app)


def share_statements(app: Flask) -> None:
    """Let a hub use the statements that other hubs have compiled, and add to them."""
    with app.app_context():
        db_engine.db.engine.update_execution_options(compiled_cache=STATEMENTS)


def _create_environment(environment: Environment, *args: Any, **options: Any) -> None:
    create_environment(environment, *args, **options)
    if environment.bytecode_cache is None:
        environment.bytecode_cache = Templates()


def _compile_route(rule: Rule) -> None:
    """Compile a route, or take over what an equal route was compiled to."""
    key = rule.rule, rule.subdomain, rule.host, repr(rule.defaults), rule.merge_slashes
    if key not in ROUTES:
        compile_route(rule)
        ROUTES[key] = {name: getattr(rule, name) for name in COMPILED_ATTRIBUTES}
    vars(rule).update(ROUTES[key])


def _is_same_dialect(dialect: object, other: object) -> bool:
    return type(dialect) is type(other)


def _dialect_hash(dialect: object) -> int:
    return hash(type(dialect))


Rule.compile = _compile_route  # type: ignore[method-assign]
# SQLAlchemy stores compiled statements by dialect, and each engine has a dialect object of its own.
for dialect in (sqlite.dialect, psycopg.dialect):
    dialect.__eq__ = _is_same_dialect  # type: ignore[method-assign,assignment]
    dialect.__hash__ = _dialect_hash  # type: ignore[method-assign,assignment]
