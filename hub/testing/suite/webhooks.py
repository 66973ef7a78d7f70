"""Contract tests of webhooks: calls with the signature of the source are accepted, others not."""

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import pytest

from hub.contract.documents import Yielded
from hub.contract.settings_schema import get_schema
from hub.contract.types import Signal
from hub.errors import Refused
from hub.testing.bench import Bench
from hub.testing.exchanges.hook_calls import call_hook, exception_failure
from hub.testing.outcomes.items import identity
from hub.testing.recording import record
from hub.testing.suite.document_change import DocumentChange
from hub.testing.suite.hooks import TIMESTAMP, HookTests

UNSIGNED_HEADERS = ("content-type", "content-length", "user-agent", "host")
OTHER_BODY = b'{"topic": "made up", "id": "1"}'
OTHER_FORMS: tuple[object, ...] = ([], [7], [None], "changed", 7, None, True)
DAY = 86_400  # seconds
MAX_CLOCK_DIFFERENCE = 3_600  # seconds by which the time in a header may differ from the clock
TIME = re.compile(r"\d{13}|\d{10}|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)")
UNVERIFIED = (
    "Anybody could send it. Verify the signature before you use the body; signed_json does, and"
    " raises Refused."
)
OLD_CALL = (
    "Somebody who has recorded it could send it again. Verify that the time is signed, and compare"
    " it with site.now; signed_json does both with timestamp= and now=. If the source does not sign"
    " the time: contract(…, unused={'timestamp': reason})."
)


OTHER_FORM = (
    "Raise Refused for JSON that is no object, as signed_json does, or return no signals; then the"
    " hub collects as on the schedule."
)


class SignedCall(NamedTuple):
    """A webhook call, as the hub passes it to a plugin."""

    headers: Mapping[str, str]
    body: bytes


class WebhookTests(HookTests, DocumentChange):
    """Tests with calls that the stand-in signs; an app without webhooks passes them.

    `webhook` is the form of the stand-in's pages in which a person enters the address of the hub,
    for an app without `hub_subscribe`: a path, and the fields with {url} in them.
    """

    webhook: tuple[str, Mapping[str, str]] | None

    def test_a_signed_webhook_call_is_accepted(self, bench: Bench) -> None:
        """Let the stand-in announce a change; look for a signal that brings the document."""
        if not self._uses("hub_webhook"):
            return
        changed_ids, calls = self._announce_change(bench)
        ids: list[str] = []
        is_collected = False
        for call in calls:
            for signal in self._accept(bench, call):
                ids += signal.ids
                is_collected |= signal == Signal.collect()
        if not is_collected and changed_ids.isdisjoint(ids):
            pytest.fail(
                f"hub_webhook of {self.slug} was told that {', '.join(changed_ids)} has changed,"
                f" and its signals read {', '.join(ids) or 'nothing'}. Return"
                " Signal.read(source_id) or Signal.collect()."
            )
        if ids:
            self._check_ids(bench, ids)

    def _check_ids(self, bench: Bench, ids: Sequence[str]) -> None:
        """Fail unless the ids that a signal names are answered."""
        answered_ids = [identity(item) for item in bench.read(ids=ids)]
        if sorted(answered_ids) != sorted(ids):
            pytest.fail(
                f"hub_webhook of {self.slug} asks for {', '.join(ids)}, and hub_documents answers"
                f" these ids with {', '.join(answered_ids) or 'nothing'}. Pass source ids to"
                " Signal.read, with the prefix of the list."
            )

    def test_a_forged_webhook_call_is_refused(self, bench: Bench) -> None:
        """Call without a signature, with a wrong one, and with that of another call or secret."""
        if not self._uses("hub_webhook"):
            return
        _, calls = self._announce_change(bench)
        right = calls[0]
        self._accept(bench, right)
        for title, call in _forge_calls(right).items():
            self._expect_refusal(bench, title, call)
        for name, value in bench.secrets.items():
            bench.secrets[name] = f"{value}-renewed"
        self._expect_refusal(bench, "with the signature of a secret that was replaced", right)
        _remove_optional_secrets(bench)
        unsigned_call = right._replace(headers={})
        self._expect_refusal(bench, "without a signature while no secret is stored", unsigned_call)
        record.note(record.WEBHOOK, self.slug)

    def test_a_webhook_call_with_another_form_of_body_is_no_error(self, bench: Bench) -> None:
        """Let the stand-in sign JSON that is no object; the plugin refuses it or reads nothing.

        The hub answers any other exception with an internal error.
        """
        if not self._uses("hub_webhook"):
            return
        self._announce_change(bench)
        for content in OTHER_FORMS:
            call = self._sign(bench, content)
            try:
                bench.webhook(*call)
            except Refused:
                continue
            except Exception as error:
                body = json.dumps(content)
                what = f"hub_webhook of {self.slug}, for a signed call with the body {body},"
                raise exception_failure(what, error, advice=OTHER_FORM) from error

    def test_a_webhook_call_with_an_old_timestamp_is_refused(self, bench: Bench) -> None:
        """Repeat a call on the next day, unchanged and with the time of that day.

        A source sends no time if no header of its call has the time of the stand-in's clock.
        """
        if not self._uses("hub_webhook") or TIMESTAMP in self.unused:
            return
        _, calls = self._announce_change(bench)
        right = calls[0]
        self._accept(bench, right)
        later = _postpone_call(right, bench.clock.now())
        if later.headers == right.headers:
            return
        bench.clock.advance(DAY)
        self._expect_refusal(bench, "that was sent a day before", right, OLD_CALL)
        self._expect_refusal(bench, "of the day before, with the time of today", later, OLD_CALL)

    def test_hub_subscribe_turns_webhook_calls_off(self, bench: Bench) -> None:
        """Turn the calls on and off again, then change a document: no call may follow."""
        if not self._uses("hub_subscribe"):
            return
        self._subscribe(bench, True)
        self._subscribe(bench, False)
        bench.drive("webhooks", {"held": True})
        self._require_change()
        self._change(bench, self._list_changed_items())
        if self._list_waiting_calls(bench):
            pytest.fail(
                f"hub_subscribe of {self.slug} was called with on=False, and the stand-in calls the"
                " hub all the same. End the subscription at the source."
            )

    def _accept(self, bench: Bench, call: SignedCall) -> Sequence[Signal]:
        """Pass a call that is right; return its signals, of which none means to collect."""
        what = f"hub_webhook of {self.slug}, for a call that its stand-in signed,"
        signals = call_hook(partial(bench.webhook, *call), what)
        return signals or (Signal.collect(),)

    def _announce_change(self, bench: Bench) -> tuple[set[str], list[SignedCall]]:
        """Return the document that was changed at the source, and the calls about it."""
        self._list_waiting_calls(bench)
        bench.drive("webhooks", {"held": True})
        if self._uses("hub_subscribe"):
            self._subscribe(bench, True)
        if self.webhook:
            path, fields = self.webhook
            url = bench.webhook_url or ""
            form = {name: text.replace("{url}", url) for name, text in fields.items()}
            assert bench.press(path, **form), f"the stand-in of {self.slug} refuses {path}"
        self._require_change()
        changed_ids = self._change(bench, self._list_changed_items())
        calls = self._list_waiting_calls(bench)
        bench.clock.set(_read_time(bench))
        if not calls:
            pytest.fail(
                f"The stand-in of {self.slug} calls nobody after {', '.join(changed_ids)} has"
                " changed. Let it call the address that hub_subscribe gives it; if a person enters"
                " the address there, name that form: contract(…, webhook=(path, {field: '{url}'}))."
            )
        return changed_ids, calls

    def _sign(self, bench: Bench, content: object) -> SignedCall:
        """Let the stand-in sign any JSON; return the call."""
        bench.drive("webhooks", {"content": content})
        for call in self._list_waiting_calls(bench):
            if call.body == json.dumps(content).encode():
                return call
        pytest.fail(
            f"The stand-in of {self.slug} does not sign a body that the suite gives it. Send its"
            " calls with the WebhookSender of qbo_sandbox.kit, or let its page /_sandbox/webhooks"
            ' take {"content": …} as that does.'
        )

    def _list_changed_items(self) -> list[Yielded]:
        """Return the documents of the stand-in, of which one is changed."""
        return [plan.document for plan in self._plan_each()[0]]

    def _subscribe(self, bench: Bench, on: bool) -> None:
        """Turn the calls on or off."""
        what = f"hub_subscribe of {self.slug}, with on={on},"
        call_hook(lambda: bench.subscribe(on), what)

    def _require_change(self) -> None:
        """Fail if the suite does not know how a person changes a document."""
        if self.change is None:
            pytest.fail(
                f"The plugin of {self.slug} takes webhooks; say how a document changes at the"
                " stand-in, so that it calls: contract(…, change=(path with {id}, fields))."
            )

    def _list_waiting_calls(self, bench: Bench) -> list[SignedCall]:
        """Return the calls that the stand-in holds back."""
        page = bench.look("webhooks")
        if not isinstance(page, dict) or "waiting" not in page:
            pytest.fail(
                f"The plugin of {self.slug} takes webhooks, but its stand-in has no page"
                " /_sandbox/webhooks that shows signed calls. Send them with the WebhookSender"
                " of qbo_sandbox.kit, and pass its page to the Harness as pages={'webhooks': …}. If"
                " this app of the plugin gets none: contract(…, unused={'hub_webhook': reason})."
            )
        return [
            SignedCall(_lower_header_names(call["headers"]), call["body"].encode())
            for call in page["waiting"]
        ]

    def _expect_refusal(
        self, bench: Bench, title: str, call: SignedCall, advice: str = UNVERIFIED
    ) -> None:
        """Fail unless a call is refused."""
        what = f"hub_webhook of {self.slug}, for a call {title},"
        try:
            answer = bench.webhook(*call)
        except Refused:
            return
        except Exception as error:
            raise exception_failure(what, error, instead_of="Refused") from error
        pytest.fail(f"{what} returned {answer!r}. {advice}")


def _remove_optional_secrets(bench: Bench) -> None:
    """Remove what an admin need not enter, and what the plugin stored itself."""
    fields = get_schema(bench.app).fields
    for name in list(bench.secrets):
        if name not in fields or not fields[name].required:
            del bench.secrets[name]


def _lower_header_names(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers as a server passes them on, whatever their case was."""
    return {
        "-".join(part.capitalize() for part in name.split("-")): value
        for name, value in headers.items()
    }


def _forge_calls(right: SignedCall) -> dict[str, SignedCall]:
    """Return calls that are not the source's, by what is wrong with each."""
    plain: dict[str, str] = {}
    signed_headers: dict[str, str] = {}
    for name, value in right.headers.items():
        target = plain if name.lower() in UNSIGNED_HEADERS else signed_headers
        target[name] = value
    wrong = {name: "".join(_iter_other_characters(value)) for name, value in signed_headers.items()}
    empty = dict.fromkeys(signed_headers, "")
    return {
        "without a signature": SignedCall(plain, right.body),
        "with an empty signature": SignedCall(plain | empty, right.body),
        "with a wrong signature": SignedCall(plain | wrong, right.body),
        "with the signature of an earlier call": SignedCall(right.headers, OTHER_BODY),
        "with the signature of a longer body": SignedCall(right.headers, right.body + b" "),
    }


def _iter_other_characters(text: str) -> Iterator[str]:
    """Yield the characters of a text with other digits, so that it is of the same form."""
    for character in text:
        yield str((int(character) + 1) % 10) if character.isdecimal() else character


def _read_time(bench: Bench) -> dt.datetime:
    """Return the time by the stand-in's clock; that of the bench if it has no such page."""
    page = bench.look("clock")
    if not isinstance(page, dict) or "epoch" not in page:
        return bench.clock.now()
    return dt.datetime.fromtimestamp(page["epoch"], dt.UTC)


def _postpone_call(call: SignedCall, now: dt.datetime) -> SignedCall:
    """Return a call with the time of the next day in each header that has the present time."""

    def postpone(match: re.Match[str]) -> str:
        text = match[0]
        scale = 10 ** (len(text) - 10)
        try:
            seconds = int(text) / scale if text.isdecimal() else _parse(text).timestamp()
        except ValueError:
            return text
        if abs(seconds - now.timestamp()) > MAX_CLOCK_DIFFERENCE:
            return text
        if text.isdecimal():
            return str(int(text) + DAY * scale)
        return (_parse(text) + dt.timedelta(seconds=DAY)).isoformat()

    headers = {name: TIME.sub(postpone, value) for name, value in call.headers.items()}
    return SignedCall(headers, call.body)


def _parse(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
