"""Configuration: complete, validated, with errors that explain what is wrong."""

import re
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from hub import config
from hub.config import Config
from hub.crypto.keys import create_key
from hub.errors import ConfigurationError


@pytest.fixture
def make_config(tmp_path):
    """Return a function that loads a configuration with only the folder and the keys set."""

    def make(**values):
        config.initialise(tmp_path / "data", {})
        return config.load({"HUB_DATA": str(tmp_path / "data"), **values})

    return make


def test_settings_that_are_not_set_have_their_defaults(make_config, tmp_path):
    configuration = make_config()
    assert configuration.data == tmp_path / "data"
    assert configuration.database_url == f"sqlite:///{tmp_path / 'data' / 'hub.db'}"
    assert configuration.qbo_environment == "sandbox"
    assert (
        configuration.deadline_seconds,
        configuration.lease_seconds,
        configuration.quiet_seconds,
    ) == (100, 150, 180)
    assert configuration.allow_hosts == frozenset()


def test_production_calls_another_address_than_the_sandbox(make_config):
    assert make_config().qbo_api_url == "https://sandbox-quickbooks.api.intuit.com"
    assert (
        make_config(HUB_QBO_ENVIRONMENT="production").qbo_api_url
        == "https://quickbooks.api.intuit.com"
    )


def test_the_public_address_is_the_served_one_unless_it_is_set(make_config):
    environ = {"HUB_DATA": str(make_config().data)}
    assert config.load(environ).public_url == "http://localhost:8080"
    assert config.load(environ, "http://localhost:18080").public_url == "http://localhost:18080"
    environ["HUB_PUBLIC_URL"] = "https://hub.example.com/"
    assert config.load(environ, "http://localhost:18080").public_url == "https://hub.example.com"


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("HTTPS://Hub.Example.com:443/", "https://hub.example.com"),
        ("https://hub.example.com:8443", "https://hub.example.com:8443"),
        ("http://localhost:80", "http://localhost"),
    ],
)
def test_the_public_address_is_compared_as_browsers_write_it(make_config, value, address):
    assert make_config(HUB_PUBLIC_URL=value).public_url == address


@pytest.mark.parametrize(
    ("value", "entries"),
    [
        ("", ()),
        ("127.0.0.1", ("127.0.0.1",)),
        ("::1, 10.0.0.0/8  2001:db8::/32", ("::1", "10.0.0.0/8", "2001:db8::/32")),
        ("*", ("*",)),
    ],
)
def test_trusted_proxies_are_addresses_and_networks(make_config, value, entries):
    assert make_config(HUB_TRUSTED_PROXY=value).trusted_proxy == entries


def test_an_address_given_wins_over_the_environments(make_config):
    configuration = make_config(
        HUB_QBO_ENVIRONMENT="production", HUB_QBO_API_URL="http://127.0.0.1:9001/"
    )
    assert configuration.qbo_api_url == "http://127.0.0.1:9001"


def test_a_setting_that_is_empty_counts_as_not_set(make_config):
    assert make_config(HUB_QBO_PER_SECOND="").qbo_per_second == 10


def test_the_engine_is_embedded_unless_a_database_for_many_machines_is_named(make_config):
    url = "postgresql://hub:password@db.example.com/hub"
    distributed = make_config(HUB_ENGINE="distributed", HUB_DATABASE_URL=url)
    assert (distributed.engine, distributed.is_distributed) == ("distributed", True)
    embedded = make_config(HUB_ENGINE="embedded")
    assert (embedded.engine, embedded.is_distributed) == ("embedded", False)
    assert make_config() == make_config(HUB_ENGINE="")
    assert not make_config().is_distributed


def test_a_distributed_engine_without_postgresql_is_refused_with_the_next_step(make_config):
    with pytest.raises(ConfigurationError, match="HUB_DATABASE_URL to its address, such as postgr"):
        make_config(HUB_ENGINE="distributed", HUB_DATABASE_URL="sqlite:///x.db")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "HUB_QBO_CLIENT_SECRETS",
            "x",
            "is not a setting of the hub. Did you mean HUB_QBO_CLIENT_SECRET?",
        ),
        (
            "HUB_ENGINE",
            "distributed",
            "HUB_ENGINE is distributed, which needs PostgreSQL: set HUB_DATABASE_URL",
        ),
        ("HUB_ENGINE", "celery", "HUB_ENGINE must be one of: embedded, distributed"),
        (
            "HUB_PUBLIC_URL",
            "hub.example.com",
            "HUB_PUBLIC_URL is not an address such as https://hub.example.com.",
        ),
        ("HUB_PUBLIC_URL", "http://[", "HUB_PUBLIC_URL is not an address such as"),
        (
            "HUB_PUBLIC_URL",
            "https://hub.example.com:port",
            "HUB_PUBLIC_URL is not an address such as",
        ),
        (
            "HUB_PUBLIC_URL",
            "https://example.com/hub",
            "HUB_PUBLIC_URL must be an address without a path, such as https://hub.example.com",
        ),
        (
            "HUB_PUBLIC_URL",
            "https://hub.example.com/?from=mail",
            "HUB_PUBLIC_URL must be an address without a path",
        ),
        ("HUB_PUBLIC_URL", "https://hub.example.com ", "HUB_PUBLIC_URL is not an address such as"),
        (
            "HUB_MAIL_URL",
            "smtp://me:secret@mail.example.com:port",
            "HUB_MAIL_URL is not the address of a mail server",
        ),
        (
            "HUB_TRUSTED_PROXY",
            "proxy.example.com",
            "HUB_TRUSTED_PROXY is not a list of IP addresses",
        ),
        (
            "HUB_TRUSTED_PROXY",
            "10.0.0.1 10.0.0.1/8",
            "HUB_TRUSTED_PROXY is not a list of IP addresses",
        ),
        ("HUB_OIDC_ISSUER", "login.example.com", "HUB_OIDC_ISSUER is not an address"),
        (
            "HUB_OIDC_ISSUER",
            "https://login.example.com",
            "HUB_OIDC_ISSUER is set, so HUB_OIDC_CLIENT_ID and HUB_OIDC_CLIENT_SECRET must be",
        ),
        ("HUB_OIDC_NAME", "x" * 41, "HUB_OIDC_NAME must have at most 40 characters."),
        ("HUB_OIDC_SECOND_FACTOR", "both", "HUB_OIDC_SECOND_FACTOR must be one of: hub, provider"),
        ("HUB_QBO_TOKEN_URL", "file:///etc/passwd", "HUB_QBO_TOKEN_URL is not an address"),
        ("HUB_QBO_PER_SECOND", "0", "HUB_QBO_PER_SECOND must be a whole number above 0."),
        ("HUB_CONFIRM_APPROVALS_ABOVE", "-1", "HUB_CONFIRM_APPROVALS_ABOVE must be 0 or more."),
        ("HUB_DEADLINE_SECONDS", "soon", "HUB_DEADLINE_SECONDS must be a number of seconds."),
        ("HUB_DEADLINE_SECONDS", "0", "HUB_DEADLINE_SECONDS must be a number of seconds above 0."),
        ("HUB_LEASE_SECONDS", "nan", "HUB_LEASE_SECONDS must be a number of seconds."),
        ("HUB_QUIET_SECONDS", "1e13", "HUB_QUIET_SECONDS must be at most 1000000 seconds."),
        ("HUB_KEEP_RUNS_DAYS", "1000000", "HUB_KEEP_RUNS_DAYS must be at most 36500 days, a"),
        (
            "HUB_SECOND_FACTOR_GRACE_DAYS",
            "9999999999",
            "HUB_SECOND_FACTOR_GRACE_DAYS must be at most 36500 days, a hundred years.",
        ),
        (
            "HUB_LEASE_SECONDS",
            "180",
            "HUB_LEASE_SECONDS (180), and that below HUB_QUIET_SECONDS (180)",
        ),
        (
            "HUB_LEASE_SECONDS",
            "100",
            "HUB_DEADLINE_SECONDS (100) must be below HUB_LEASE_SECONDS (100)",
        ),
        (
            "HUB_SECRET_KEY",
            "short",
            "is too short: it needs 32 characters; `hub init` makes a good one.",
        ),
        (
            "HUB_SECRET_KEY",
            "change-me-change-me-change-me-1234",
            "HUB_SECRET_KEY is a default or could be guessed",
        ),
        ("HUB_SECRET_KEY", "a" * 64, "HUB_SECRET_KEY is a default or could be guessed"),
        (
            "HUB_SECRET_KEY_FILE",
            "/nowhere/key",
            "HUB_SECRET_KEY_FILE names /nowhere/key, which cannot be read",
        ),
        (
            "HUB_ALLOW_HOSTS_FILE",
            "/nowhere/hosts",
            "HUB_ALLOW_HOSTS_FILE names /nowhere/hosts, which cannot be read",
        ),
        (
            "HUB_CONFIG",
            "/nowhere/hub.toml",
            "HUB_CONFIG names /nowhere/hub.toml, which cannot be read",
        ),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(make_config, name, value, sentence):
    with pytest.raises(ConfigurationError) as caught:
        make_config(**{name: value})
    assert sentence in caught.value.text


def test_a_secret_given_twice_is_refused(make_config):
    with pytest.raises(
        ConfigurationError, match="is set, and HUB_MAIL_URL_FILE as well: keep one of them"
    ):
        make_config(HUB_MAIL_URL="smtp://a", HUB_MAIL_URL_FILE="/run/mail")


def test_names_that_only_the_tests_know_are_no_error(make_config):
    assert make_config(
        HUB_PROOF="full", HUB_EVIDENCE="evidence", HUB_TEST_PG="", HUB_REQUIRE_BROWSER="1"
    )


def test_names_of_others_are_none_of_the_hubs_business(make_config):
    assert make_config(HUBBLE="telescope", PATH="/bin")


def test_a_secret_may_be_in_a_file(make_config, tmp_path):
    (tmp_path / "client").write_text("from-a-file\n")
    configuration = make_config(HUB_QBO_CLIENT_SECRET_FILE=str(tmp_path / "client"))
    assert configuration.qbo_client_secret == "from-a-file"


@pytest.mark.parametrize("name", config.IN_FILES)
def test_a_file_of_a_secret_without_content_is_refused(make_config, tmp_path, name):
    """It may have been cut off; the hub would work with another database, or without the token."""
    path = tmp_path / "secret"
    path.write_text("\n")
    path.chmod(0o600)
    sentence = f"{name}_FILE names {path}, which is empty. Write the value into it, or unset this."
    with pytest.raises(ConfigurationError, match=f"^{re.escape(sentence)}$"):
        make_config(**{f"{name}_FILE": str(path)})


def test_a_key_file_that_others_may_read_is_refused(tmp_path):
    path = tmp_path / "key"
    path.write_text("n7Qd-2kVw_9sLx4TzB8mRj5YpC1hGf6E")
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match=r"may be read by others.*mode 0640.*chmod 600"):
        config.load({"HUB_DATA": str(tmp_path), "HUB_SECRET_KEY_FILE": str(path)})


def test_a_toml_file_sets_what_the_environment_does_not(make_config, tmp_path):
    path = tmp_path / "hub.toml"
    path.write_text("HUB_QBO_PER_MINUTE = 90\nHUB_DEADLINE_SECONDS = 1.5\nHUB_LEASE_SECONDS = 2\n")
    configuration = make_config(HUB_CONFIG=str(path), HUB_LEASE_SECONDS="3")
    assert (
        configuration.qbo_per_minute,
        configuration.deadline_seconds,
        configuration.lease_seconds,
    ) == (90, 1.5, 3.0)


def test_an_unknown_name_in_the_toml_file_is_refused_too(make_config, tmp_path):
    path = tmp_path / "hub.toml"
    path.write_text('HUB_DATABASE = "sqlite:///x"\n')
    with pytest.raises(ConfigurationError, match="Did you mean HUB_DATABASE_URL"):
        make_config(HUB_CONFIG=str(path))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('HUB_TRUSTED_PROXY = ["127.0.0.1"]', "HUB_TRUSTED_PROXY must be one text in quotes."),
        ("HUB_KEEP_RUNS_DAYS = inf", "HUB_KEEP_RUNS_DAYS must be 0 or more."),
        ("HUB_SECRET_KEY_FILE = 5", "HUB_SECRET_KEY_FILE names 5, which cannot be read: "),
    ],
)
def test_a_value_of_another_type_in_the_toml_file_is_named(make_config, tmp_path, line, sentence):
    path = tmp_path / "hub.toml"
    path.write_text(f"{line}\n")
    with pytest.raises(ConfigurationError, match=f"^{re.escape(sentence)}"):
        make_config(HUB_CONFIG=str(path))


def test_a_toml_file_that_is_none_is_reported(make_config, tmp_path):
    path = tmp_path / "hub.toml"
    path.write_text("HUB_DATA: hub-data")
    with pytest.raises(
        ConfigurationError, match=r"HUB_CONFIG names .*hub\.toml, which cannot be read"
    ):
        make_config(HUB_CONFIG=str(path))


def test_allowed_hosts_are_read_line_by_line(make_config, tmp_path):
    path = tmp_path / "hosts"
    path.write_text("Intranet.example  # the old ERP\n\n10.0.0.5:8080\n# nothing else\n")
    assert make_config(HUB_ALLOW_HOSTS_FILE=str(path)).allow_hosts == {
        "intranet.example",
        "10.0.0.5:8080",
    }


def test_before_init_the_sentence_says_what_to_run(tmp_path):
    with pytest.raises(ConfigurationError, match=r"there is no folder .*/none\. .*`hub init`"):
        config.load({"HUB_DATA": str(tmp_path / "none")})
    with pytest.raises(
        ConfigurationError, match=r"there is no .*secret\.key; `hub init` makes one"
    ):
        config.load({"HUB_DATA": str(tmp_path)})


@pytest.mark.parametrize("file", ["secret.key", "vault.keys"])
def test_an_empty_key_file_is_named_with_a_step_that_helps(tmp_path, file):
    """`hub init` replaces no file that is there, so it is not the next step."""
    config.initialise(tmp_path, {})
    (tmp_path / file).write_text("")
    with pytest.raises(ConfigurationError) as caught:
        config.load({"HUB_DATA": str(tmp_path)})
    assert caught.value.text.startswith(f"{tmp_path / file} ")
    assert caught.value.text.endswith(
        ". Put the file back from your copy of the keys; if there is none, remove it and run"
        " `hub init --new-keys`."
    )


def test_after_init_nothing_else_needs_to_be_set(tmp_path):
    config.initialise(tmp_path / "hub", {})
    configuration = config.load({"HUB_DATA": str(tmp_path / "hub")})
    assert len(configuration.vault_keys[0][1]) == 32


def test_a_new_vault_key_goes_into_the_hubs_own_file_and_nowhere_else(make_config, tmp_path):
    before = make_config().vault_keys
    environ = {"HUB_DATA": str(tmp_path / "data")}
    added = config.add_vault_key(environ)
    assert [name for name, _ in make_config().vault_keys] == [added, before[0][0]]
    assert config.add_vault_key({**environ, "HUB_VAULT_KEYS": create_key()}) is None


def test_the_data_folder_is_known_before_there_is_a_key(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert config.data_folder({}) == tmp_path / "hub-data"
    assert config.data_folder({"HUB_DATA": "~/books"}) == Path.home() / "books"


def test_no_secret_shows_when_a_configuration_is_printed(make_config):
    configuration = make_config(
        HUB_QBO_CLIENT_SECRET="s3cr3t-1",
        HUB_DATABASE_URL="postgresql://ann:s3cr3t-2@db/hub",
        HUB_MAIL_URL="smtp://ann:s3cr3t-3@mail",
        HUB_QBO_WEBHOOK_TOKEN="s3cr3t-4",
    )
    assert "s3cr3t" not in repr(configuration)
    assert configuration.secret_key not in repr(configuration)


def test_a_configuration_does_not_change(make_config):
    with pytest.raises(FrozenInstanceError):
        make_config().qbo_per_minute = 5


def test_every_field_can_be_set_or_is_made_from_one_that_can():
    fields = set(Config.__dataclass_fields__)
    settable = {name.removeprefix("HUB_").lower() for name in config.NAMES}
    assert fields ^ settable == {
        "allow_hosts",
        "allow_hosts_file",
        "allowed_plugins",
        "given_settings",
        "plugins_file",
        "vault_keys_file",
    }
