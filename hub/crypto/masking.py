"""Mask secrets in texts, in the forms in which another server may repeat them."""

import base64
import html
import re
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

MASK = "***"
MIN_SECRET_LENGTH = 4  # shorter ones occur in ordinary words
HEAD_LENGTH = MIN_SECRET_LENGTH  # no part of a secret is shorter
PART_LENGTH = 8  # the shortest part of a random secret that is masked
WORD_PART_LENGTH = 16  # the same of a secret that consists of words
MIN_BASE64_LENGTH = 6
MAX_SECRET_LENGTH = 8192
MAX_TEXT_LENGTH = 100_000
MAX_SECRETS = 200
MAX_PLACES = 8  # forms of secrets that share a part
MAX_ROUNDS = 3  # how often a text may be escaped, one escape around the other
MIN_TOKEN_LENGTH = 12
# An address without a name, a query, or a part that is long enough to be a secret.
PLAIN_ADDRESS = re.compile(r"https?://[\w.-]+(?::\d{1,5})?(?:/[\w.-]{0,15})*", re.ASCII)
DIGEST_PREFIX = re.compile(r"[0-9a-f]{16} ")  # before the values of `BoundSecrets`
DIGIT = re.compile(r"\d")
NO_LETTERS = re.compile(r"[\W_]+")
# A character escaped for JSON, Python, an address or HTML.
ESCAPE_PATTERN = re.compile(
    r"\\u(?P<unicode>[0-9a-f]{4})|\\x(?P<byte>[0-9a-f]{2})|%(?P<percent>[0-9a-f]{2})"
    r"|&#x(?P<hex>[0-9a-f]{1,6});|&#(?P<decimal>[0-9]{1,7});|&(?P<entity>[a-z]{2,8});"
    r"|\\(?P<plain>[\\/\"'])",
    re.IGNORECASE,
)
# A value that its name, or the scheme before it, calls secret.
LABELED_SECRET = re.compile(
    r"(?P<label>(?:token|secret|passw(?:or)?d|api[ _-]?key|authorization)"
    r"[\"'\\]*\s*[:=]\s*[\"'\\]*(?:(?:bearer|basic)\s+)?|\b(?:bearer|basic)\s+)"
    r"(?P<value>[\w.~+/=%-]{12,})",
    re.IGNORECASE,
)
# Words of ordinary messages, and the first ones that anyone guesses. If each of them were masked
# wherever it stands, nobody could read a message, and everybody could tell the secret from it.
COMMON_WORDS = frozenset(
    [
        "account",
        "admin",
        "administrator",
        "application",
        "bill",
        "client",
        "code",
        "company",
        "connection",
        "customer",
        "demo",
        "document",
        "example",
        "guest",
        "hemmelig",
        "integration",
        "invoice",
        "login",
        "none",
        "null",
        "owner",
        "passord",
        "password",
        "public",
        "quickbooks",
        "sandbox",
        "secret",
        "server",
        "service",
        "source",
        "string",
        "supplier",
        "test",
        "tester",
        "testing",
        "token",
        "user",
        "username",
        "value",
    ]
)
# Where a common word stands as a value: after a sign of an address, a header, a form or JSON.
BEFORE_VALUE = r"(?:[=:]\s{0,3}|[\"'/@&?;,(\[{<>]|\b(?:bearer|basic)\s)[\"'\\]{0,3}"
AFTER_VALUE = r"(?![\w=-])(?![\"'\\]{1,3}\s?:)"  # neither a part of another word nor a name in JSON


class _Text(NamedTuple):
    """A text as the bytes of its encoding, and the place in the original text of each byte."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


class SecretMask:
    """Replace the secrets that were added, and parts of them, by ***.

    A secret is recognized as it is, in another case, as hex digits, in base64 (also within a longer
    text that was encoded), and escaped for JSON, HTML or an address, up to three times over. Parts
    of a random secret are masked from eight characters on, because servers cut long values. A
    secret that is a common word is masked only where it stands as a value.
    """

    __slots__ = ("_lock", "_parts", "_secrets", "_sizes", "_words")

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._secrets: dict[str, None] = {}
        # Parts by their first characters: at most places of a text none begins.
        self._parts: dict[str, dict[str, list[tuple[str, int]]]] = {}
        self._sizes: list[int] = []
        self._words: dict[str, re.Pattern[str]] = {}
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Add secrets; of more than MAX_SECRETS forget those that were not used for longest."""
        with self._lock:
            for secret in secrets:
                text = secret.strip()[:MAX_SECRET_LENGTH]
                if len(text) < MIN_SECRET_LENGTH:
                    continue
                is_new = text not in self._secrets
                self._secrets.pop(text, None)
                self._secrets[text] = None
                if is_new and self._parts:
                    self._index(text)
            if len(self._secrets) > MAX_SECRETS:
                surplus = len(self._secrets) - MAX_SECRETS
                for text in list(self._secrets)[:surplus]:
                    del self._secrets[text]
                    self._forget(text)

    def clean(self, text: str) -> str:
        """Return a text in which each secret is replaced by ***; a very long text is cut off."""
        if len(text) > MAX_TEXT_LENGTH:
            text = f"{text[:MAX_TEXT_LENGTH]}…"
        with self._lock:
            if self._secrets and not self._parts:
                for secret in self._secrets:
                    self._index(secret)
            spans = list(self._find_spans(text)) if self._secrets else []
        return LABELED_SECRET.sub(_mask_value, _replace(text, spans))

    def _index(self, secret: str) -> None:
        """Index the parts of each form of a secret by which it is recognized."""
        if secret.lower() in COMMON_WORDS:
            self._words[secret] = _compile_word(secret)
        for part, place in _iter_parts(secret):
            parts = self._parts.setdefault(part[:HEAD_LENGTH], {})
            places = parts.setdefault(part, [])
            if len(places) < MAX_PLACES:  # tokens of one issuer begin alike
                places.append(place)
            if len(part) not in self._sizes:
                self._sizes = sorted({*self._sizes, len(part)}, reverse=True)

    def _forget(self, secret: str) -> None:
        """Remove the parts of a secret from the index; to index all others again takes long."""
        self._words.pop(secret, None)
        for part, place in _iter_parts(secret):
            head = part[:HEAD_LENGTH]
            parts = self._parts.get(head, {})
            places = parts.get(part, [])
            if place in places:
                places.remove(place)
            if not places:
                parts.pop(part, None)
            if not parts:
                self._parts.pop(head, None)

    def _find_spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the places of secrets in a text, also of those in its escapes."""
        current = _encode(text)
        yield from self._find_places(current)
        for _ in range(MAX_ROUNDS):
            decoded_text = _decode(current)
            if decoded_text is None:
                return
            current = decoded_text
            yield from self._find_places(current)

    def _find_places(self, encoded_text: _Text) -> Iterator[tuple[int, int]]:
        """Yield the places of secrets, to the end of each."""
        text = encoded_text.text.lower()
        starts, ends = encoded_text.starts, encoded_text.ends
        for pattern in self._words.values():
            for match in pattern.finditer(text):
                yield starts[match.start("value")], ends[match.end("value") - 1]
        position = 0
        while position < len(text):
            if text[position : position + HEAD_LENGTH] not in self._parts:
                position += 1  # as at most places: a call for each would take most of the time
                continue
            runs = [_extend(text, position, *place) for place in self._get_places(text, position)]
            if not runs:
                position += 1
                continue
            start = min(run[0] for run in runs)
            end = max(run[1] for run in runs)
            yield starts[start], ends[end - 1]
            position = end

    def _get_places(self, text: str, position: int) -> Sequence[tuple[str, int]]:
        """Return the forms of secrets that have a part at this position, and its place in them."""
        parts = self._parts.get(text[position : position + HEAD_LENGTH])
        if parts is None:
            return ()
        for size in self._sizes:
            places = parts.get(text[position : position + size])
            if places:
                return places
        return ()


def find_token(value: str) -> str:
    """Return the secret part of a value that a plugin stores; "" if it does not look like a token.

    Plugins also store plain facts, such as the last number that they have read or the address of a
    server. If these were masked, errors would lack the name of the host.
    """
    text = DIGEST_PREFIX.sub("", value, count=1)
    if PLAIN_ADDRESS.fullmatch(text):
        return ""
    is_token = len(text) >= MIN_TOKEN_LENGTH and not any(sign.isspace() for sign in text)
    return text if is_token and not text.isdigit() else ""


def _list_encoded_forms(secret: str) -> set[str]:
    """Return the forms of a secret other than escaped ones: as it is, in hex and in base64."""
    encoded_secret = secret.encode("utf-8", "replace")
    plain = encoded_secret.decode("latin-1")
    forms = {plain, plain.replace(" ", "+"), encoded_secret.hex()}
    for offset in range(3):
        # Of a text around it, the first and last characters hold bits of the neighbors.
        padded_secret = b"\0" * offset + encoded_secret
        first = -(-offset * 8 // 6)
        last = len(padded_secret) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            form = encode(padded_secret).decode()[first:last]
            if len(form) >= MIN_BASE64_LENGTH:
                forms.add(form)
    return forms


def _compile_word(word: str) -> re.Pattern[str]:
    """Return a pattern for a common word in small letters where it stands as a value."""
    return re.compile(f"{BEFORE_VALUE}(?P<value>{re.escape(word.lower())}){AFTER_VALUE}")


def _iter_parts(secret: str) -> Iterator[tuple[str, tuple[str, int]]]:
    """Yield each part by which a secret is recognized, with its form and its place in that."""
    is_word = secret.lower() in COMMON_WORDS
    for form in _list_encoded_forms(secret):
        if is_word and form == secret:
            continue
        for start, size in _iter_indexed_parts(form):
            yield form[start : start + size].lower(), (form.lower(), start)


def _iter_indexed_parts(form: str) -> Iterator[tuple[int, int]]:
    """Yield start and size of the parts by which a form of a secret is recognized.

    Every longer part of the form contains one of them.
    """
    if len(form) <= PART_LENGTH:
        yield 0, len(form)
        return
    starts = [*range(0, len(form) - PART_LENGTH, PART_LENGTH), len(form) - PART_LENGTH]
    for start in starts:
        if _is_random(form[start : start + PART_LENGTH]):
            yield start, PART_LENGTH
            continue
        size = min(WORD_PART_LENGTH, len(form))
        yield min(start, len(form) - size), size


def _is_random(part: str) -> bool:
    """Return whether a part is unlike a word: it has a digit, or capitals within."""
    if DIGIT.search(part):
        return True
    letters = NO_LETTERS.sub("", part)
    spellings = (letters.lower(), letters.upper(), letters.title())
    return letters not in spellings


def _encode(text: str) -> _Text:
    """Return a text as the bytes of its encoding, with their places."""
    if text.isascii():
        return _Text(text, range(len(text)), range(1, len(text) + 1))
    starts: list[int] = []
    for index, sign in enumerate(text):
        starts += [index] * len(sign.encode("utf-8", "replace"))
    return _Text(_encode_as_latin1(text), starts, [start + 1 for start in starts])


def _decode(encoded_text: _Text) -> _Text | None:
    """Replace each escape by the bytes that it stands for; return None if there is none."""
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    position = 0
    for match in ESCAPE_PATTERN.finditer(encoded_text.text):
        plain = _decode_escape(match)
        if plain is None:
            continue
        parts += [encoded_text.text[position : match.start()], plain]
        starts += encoded_text.starts[position : match.start()]
        ends += encoded_text.ends[position : match.start()]
        starts += [encoded_text.starts[match.start()]] * len(plain)
        ends += [encoded_text.ends[match.end() - 1]] * len(plain)
        position = match.end()
    if not position:
        return None
    parts.append(encoded_text.text[position:])
    starts += encoded_text.starts[position:]
    ends += encoded_text.ends[position:]
    return _Text("".join(parts), starts, ends)


def _decode_escape(match: re.Match[str]) -> str | None:
    """Return the bytes for which an escape stands; None if it stands for nothing."""
    digits = match["byte"] or match["percent"]
    if digits:
        return chr(int(digits, 16))
    if match["plain"]:
        return match["plain"]
    if match["entity"]:
        character = html.unescape(match[0])
        return None if character == match[0] else _encode_as_latin1(character)
    return _decode_numbered_character(match)


def _decode_numbered_character(match: re.Match[str]) -> str | None:
    """Return the bytes of a character that an escape names by its number; None without one."""
    digits = match["unicode"] or match["hex"]
    code = int(digits, 16) if digits else int(match["decimal"])
    return _encode_as_latin1(chr(code)) if code <= sys.maxunicode else None


def _encode_as_latin1(text: str) -> str:
    """Return a text as the bytes of its encoding, one character for each."""
    return text.encode("utf-8", "replace").decode("latin-1")


def _extend(text: str, position: int, form: str, offset: int) -> tuple[int, int]:
    """Return start and end of the secret in a text, from a position that is inside the secret."""
    start, first = position, offset
    while start > 0 and first > 0 and text[start - 1] == form[first - 1]:
        start, first = start - 1, first - 1
    end, last = position, offset
    while end < len(text) and last < len(form) and text[end] == form[last]:
        end, last = end + 1, last + 1
    return start, end


def _replace(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Replace places in a text by ***, overlapping and adjacent ones by one."""
    parts: list[str] = []
    position = 0
    for start, end in sorted(spans):
        if start > position or not parts:
            parts += [text[position:start], MASK]
        position = max(position, end)
    return "".join(parts) + text[position:]


def _mask_value(match: re.Match[str]) -> str:
    """Mask a value that is labeled as a secret if it looks like one."""
    if not _is_random(match["value"]):
        return match[0]
    return f"{match['label']}{MASK}"
