"""Contract tests of the account that an app is bound to: another account has another id."""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from hub.errors import HubError
from hub.testing.bench import Bench
from hub.testing.exchanges.response_recording import without_rate_limit
from hub.testing.exchanges.response_values import ResponseValue, identify, iter_values, parse
from hub.testing.fakes.wsgi import BufferedResponse
from hub.testing.values.changed_responses import another_value, replace_value

MAX_VALUES = 200  # values of the answers to `hub_check` that are changed one after the other
WORD = r"[\w.-]+"  # a value in an answer that is no JSON, such as a text in XML


class AccountTests:
    """Tests of the id of the Tenant that `hub_check` returns."""

    slug: str

    def test_hub_check_tells_accounts_apart(self, bench: Bench) -> None:
        """Look for the id of the account in the settings, or in what the source answers.

        An id that is always the same lets the credentials of another account pass, whose documents
        would be taken for those of the first one.
        """
        id = bench.check().id
        if any(text in id for text in _iter_names_of_account(bench.settings)):
            return
        source = _AccountSource(bench)
        if not any(source.check(value) not in (None, id) for value in source.values[:MAX_VALUES]):
            pytest.fail(
                f"hub_check of {self.slug} has returned a Tenant with the id {id!r}, which is in no"
                " setting, and stays as it is whatever the source answers. Then the hub cannot"
                " notice credentials of another account, whose documents may have the same ids."
                " Take the id of the account from the source's answer, or else the address in the"
                " settings."
            )


def _iter_names_of_account(settings: Any) -> Iterator[str]:
    """Yield the settings that may name an account; of an address its host is enough."""
    for value in settings.values():
        if value and isinstance(value, str):
            yield urlsplit(value).hostname or value


class _AccountSource:
    """Passes calls to the stand-in, records the values of its responses and changes one."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._stand_in = without_rate_limit(bench)
        self._original: ResponseValue | None = None
        self._words: set[ResponseValue] = set()
        self.values: list[ResponseValue] = []
        self._is_recording = True
        id = self._check()
        self._is_recording = False
        self.values += sorted(word for word in self._words if word.value in id)

    def check(self, value: ResponseValue) -> str | None:
        """Return the id of the account while a value is another; None if the hook raises."""
        self._original = value
        try:
            return self._check()
        except (HubError, ValueError, TypeError, LookupError):
            return None

    def _check(self) -> str:
        """Return the id of the account."""
        with self._bench.replaced_by(self._serve):
            return self._bench.check().id

    def _serve(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Pass a call to the stand-in; change the value in the response if it has it."""
        call = identify(environ)
        response = BufferedResponse(self._stand_in, environ)
        content = parse(response.body)
        if self._is_recording:
            for path, value in iter_values(content):
                self.values.append(ResponseValue(call, path, value))
            if content is None:
                words = re.findall(WORD, response.body.decode(errors="replace"))
                self._words |= {ResponseValue(call, (), word) for word in words}
        original = self._original
        if original is None or original.call != call:
            return response.send(start)
        changed = original._replace(value=another_value(original.value))
        if content is None:
            return response.send(start, _replace_word(response.body, original.value, changed.value))
        return response.send_json(start, replace_value(content, changed))


def _replace_word(body: bytes, word: str, other: str) -> bytes:
    """Return an answer that is no JSON with another word in place of one, wherever it is whole."""
    whole_word = rf"(?<![\w.-]){re.escape(word)}(?![\w.-])"
    text = body.decode(errors="replace")
    return re.sub(whole_word, lambda _: other, text).encode()
