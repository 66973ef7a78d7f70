"""Errors compose sentences of the object, the other system and the next step."""

import inspect

import pytest

from hub import errors
from hub.errors import (
    AccessNeeded,
    Busy,
    ConfigurationError,
    DatabaseUnavailable,
    HostNotAllowed,
    HubError,
    NotFound,
    OtherCompany,
    OtherTenant,
    PluginBroken,
    PluginFault,
    RateReached,
    ReconnectNeeded,
    Refused,
    Retry,
    SettingsInvalid,
    TooOften,
)
from hub.security.audit_errors import AuditBroken
from hub.transfer import errors as transfer_errors

KINDS = [
    kind
    for module in (errors, transfer_errors)
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if kind.__module__ == module.__name__ and issubclass(kind, Exception)
]
SENTENCES = {
    AccessNeeded(
        "ION is open to partners only.", "sales@ion.test"
    ): "Ask sales@ion.test for access.",
    AuditBroken(
        7, "was changed"
    ): "The audit log is not intact: entry 7 was changed. Keep this database and compare",
    Busy("The company"): "The company is in use by another process. The hub tries again when",
    ConfigurationError("HUB_X", "is not a setting"): "HUB_X is not a setting.",
    DatabaseUnavailable(
        "sqlite:///x", "it is locked"
    ): "The database sqlite:///x cannot be used: it is locked. Nothing was lost",
    HostNotAllowed("ION", "evil.test"): "ION tried to call evil.test, which it does not declare.",
    OtherCompany(
        "Fjord AS", "Sons Inc"
    ): "Nothing was changed: press Reconnect again and choose Fjord AS",
    OtherTenant(
        "ION", "Fjord AS", "Sons Inc"
    ): "The settings of ION now lead to the account Sons Inc",
    TooOften("ion.test", "ION", 30): "The server ion.test asks ION to slow down.",
    PluginBroken("hub-x", "it is late."): "hub-x cannot be used: it is late.",
    PluginFault(
        "ION", "reading", KeyError("id")
    ): "ION's plugin failed while reading (KeyError: 'id').",
    RateReached(
        "ION", "100 calls in 15 seconds", 11.2
    ): "ION allows 100 calls in 15 seconds, which are used up. Nothing was lost; the next call is"
    " possible in 12 seconds.",
    ReconnectNeeded("Fjord AS", "it expired"): "Open Companies and press Reconnect.",
    SettingsInvalid(
        "ION", {"key": ["Is missing."]}
    ): "The settings of ION were not saved. key: Is missing.",
}


@pytest.mark.parametrize(
    ("error", "sentence"), SENTENCES.items(), ids=lambda value: type(value).__name__
)
def test_an_error_says_what_happened_and_what_next(error, sentence):
    assert sentence in error.text


@pytest.mark.parametrize("error", SENTENCES, ids=lambda error: type(error).__name__)
def test_an_error_reads_as_whole_sentences(error):
    assert error.text[0].isupper() or error.text.startswith("hub-")
    assert error.text.endswith((".", "?"))


def test_every_error_says_in_its_class_what_it_is():
    for kind in KINDS:
        assert kind.__doc__, kind


def test_every_deliberate_error_is_a_hub_error_and_ends_a_command_with_one():
    assert all(issubclass(kind, HubError) and kind.exit_code == 1 for kind in KINDS)


def test_a_name_that_does_not_exist_is_answered_with_the_near_one_or_all():
    assert (
        NotFound("app", "costraker", ["costtracker", "ion"]).text
        == "There is no app “costraker”. Did you mean costtracker?"
    )
    assert (
        NotFound("app", "x", ["ion", "costtracker"]).text
        == "There is no app “x”. There is: costtracker, ion."
    )
    assert NotFound("app", "x").text == "There is no app “x”."


def test_a_retry_carries_its_pause():
    assert (Retry("Later.", 12.5).after, Retry("Later.").after) == (12.5, None)


def test_a_refused_host_is_a_refusal():
    assert isinstance(HostNotAllowed("ION", "evil.test"), Refused)


def test_settings_keep_each_sentence_by_its_field():
    assert SettingsInvalid("ION", {"key": ["Is missing."]}).fields == {"key": ["Is missing."]}


def test_several_settings_that_do_not_fit_are_sentences_one_after_the_other():
    problems = {"key": ["Is missing."], "port": ["Not a valid integer"]}
    assert SettingsInvalid("ION", problems).text == (
        "The settings of ION were not saved. key: Is missing. port: Not a valid integer."
    )


def test_the_reason_why_a_database_cannot_be_used_is_one_clause():
    """PostgreSQL's driver writes several lines, the last of which is a question."""
    why = "connection refused\n\tIs the server running and accepting connections?"
    assert DatabaseUnavailable("postgresql://db/hub", why).text == (
        "The database postgresql://db/hub cannot be used: connection refused; Is the server running"
        " and accepting connections. Nothing was lost; solve that and run again."
    )
