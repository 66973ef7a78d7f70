"""Random values that nobody may guess have at least 128 bits."""

import ast
from pathlib import Path

import hub
from hub.security import one_time_codes

FOLDER = Path(hub.__file__).parent
FUNCTIONS = ("token_hex", "token_urlsafe", "token_bytes")
MIN_BYTES = 16
# Names that tell things apart and are no secrets, with the nonce of AES-GCM.
NO_SECRETS = {
    ("context.py", "8"),  # of a process
    ("crypto/keys.py", "4"),  # of a key, and of a file that is written again
    ("crypto/vault.py", "NONCE_BYTES"),
    ("rate_limits/shared_limiter.py", "8"),  # of a process
}
CONSTANTS = {"KEY_BYTES": 32}


def random_values() -> list[tuple[str, str]]:
    """Return file and length of every random value that the hub creates."""
    values = []
    for path in sorted(FOLDER.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if not any(function in text for function in FUNCTIONS):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in FUNCTIONS:
                name = path.relative_to(FOLDER).as_posix()
                values.append((name, ast.unparse(node.args[0]) if node.args else "32"))
    return values


def test_each_random_value_has_128_bits() -> None:
    values = random_values()
    assert ("security/login_sessions.py", "32") in values
    short = {
        (name, length)
        for name, length in values
        if int(length if length.isdigit() else CONSTANTS.get(length, 0)) < MIN_BYTES
    }
    assert short == NO_SECRETS


def test_codes_that_people_type_have_128_bits() -> None:
    assert len(one_time_codes.ALPHABET) ** one_time_codes.CODE_LENGTH >= 2**128


def test_nothing_random_comes_from_a_predictable_generator() -> None:
    modules = {
        alias.name
        for path in (FOLDER / "security").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert "secrets" in modules
    assert "random" not in modules
