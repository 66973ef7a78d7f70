"""Files for those who run the hub: units of systemd, alert rules, compose file, nginx."""

import datetime as dt
import fnmatch
import ipaddress
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from hub.cli import main
from hub.cli.transfer import FILE_NAME
from hub.config import IN_FILES, SETTING_NAMES
from hub.db.engine import MAX_CONNECTIONS
from hub.metrics.gauges import GAUGES
from hub.models.enums import ConnectionState, RunOutcome, SendOutcome
from hub.qbo.responses import DEFAULT_PAUSE_SECONDS
from hub.scheduling import folder_lock
from hub.telemetry.counts import COUNTERS, HISTOGRAMS
from hub.web.serving.body_limits import FORM_LIMIT, UPLOAD_LIMIT
from hub.web.serving.server import DEFAULT_LIMITS
from tests.support.servers import alert_rules

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
SERVERS = [unit for unit in UNITS if unit.name != "hub-backup.service"]
TIMER = DEPLOY / "systemd" / "hub-backup.timer"
COMMAND = DEPLOY / "systemd" / "hub-command"
# What an administrator types behind hub-command, also with characters that systemd reads.
WORDS = ["users", "add", "Kari Ås", "pa$$word", "$5 of ${total}", "two\\lines"]
# In place of systemd-run: writes down its options, and runs the command with the words that systemd
# makes of it. It replaces ${name} anywhere, and $name as a word of its own, by a variable, and $$
# by a dollar.
SYSTEMD_RUN = r"""
import os, re, sys

def expand(word):
    if re.match(r"\$[^${{]", word):
        return os.environ.get(word[1:], "").split()
    value = lambda match: "$" if match[0] == "$$" else os.environ.get(match[1], "")
    return [re.sub(r"\$\$|\$\{{([^}}]*)\}}", value, word)]

words = sys.argv[1:]
count = next(place for place, word in enumerate(words) if not word.startswith("--"))
with open({options!r}, "w") as file:
    print(*words[:count], sep="\n", file=file)
command = [part for word in words[count:] for part in expand(word)]
os.environ["CREDENTIALS_DIRECTORY"] = {credentials!r}
os.execv(command[0], command)
"""
COMPOSE = yaml.safe_load((DEPLOY / "container" / "compose.yaml").read_text())
HUB_SERVICES = ("tables", "web", "worker-1", "worker-2", "backup")
CONNECTIONS_OF_A_QUEUE = 10  # of a worker, beside those of the engine (docs/operate.md)
RESERVED_CONNECTIONS = 10  # for upgrades, backups and PostgreSQL's own reserve
INSTALLED = "/opt/hub/.venv/bin/hub"


def check_command(words: list[str]) -> None:
    """Parse a command of the hub as the command line does, without running it."""
    assert words[0] == "hub"
    with main.make_context("hub", words[1:], resilient_parsing=False) as context:
        assert isinstance(main, click.Group)
        name, command, arguments = main.resolve_command(context, words[1:])
        assert command is not None
        command.make_context(name, arguments, parent=context)


# -- systemd ---------------------------------------------------------------------------------------


def entries(unit: Path) -> Iterator[tuple[str, str]]:
    for line in unit.read_text().splitlines():
        if "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            yield name, value


def environment(unit: Path) -> dict[str, str]:
    pairs = [
        word for name, value in entries(unit) if name == "Environment" for word in value.split()
    ]
    return dict(pair.split("=", 1) for pair in pairs)


def test_there_are_units_for_both_engines() -> None:
    names = {unit.name for unit in SERVERS}
    assert names == {"hub.service", "hub-web.service", "hub-worker@.service"}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_a_command_that_exists_with_settings_that_exist(unit: Path) -> None:
    started = dict(entries(unit))["ExecStart"].replace(INSTALLED, "hub")
    assert set(environment(unit)) <= set(SETTING_NAMES)
    is_distributed = environment(unit).get("HUB_ENGINE") == "distributed"
    assert is_distributed == (unit.name in ("hub-web.service", "hub-worker@.service"))
    check_command(shlex.split(started))


@pytest.mark.parametrize("unit", SERVERS, ids=lambda unit: unit.name)
def test_a_server_restarts_always(unit: Path) -> None:
    assert dict(entries(unit))["Restart"] == "always"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_gets_keys_as_credentials_only(unit: Path) -> None:
    assert dict(entries(unit))["ProtectSystem"] == "strict"
    loaded = {value.partition(":")[0] for name, value in entries(unit) if name == "LoadCredential"}
    used = {value.removeprefix("%d/") for value in environment(unit).values() if "%d/" in value}
    assert loaded == used
    secrets = {name for name in environment(unit) if name.removesuffix("_FILE") in IN_FILES}
    assert secrets, "no secret is given"
    assert all(name.endswith("_FILE") for name in secrets)


@pytest.mark.parametrize("unit", [*UNITS, TIMER], ids=lambda unit: unit.name)
def test_systemd_understands_a_unit(unit: Path, tmp_path: Path) -> None:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not installed")
    for started in {unit, unit.with_suffix(".service")}:  # a timer needs what it starts
        text = started.read_text().replace(INSTALLED, sys.executable)
        (tmp_path / started.name).write_text(text)
    copy = tmp_path / unit.name
    checked = subprocess.run(
        [tool, "verify", "--man=no", str(copy)], capture_output=True, text=True, timeout=60
    )
    problems = [line for line in checked.stderr.splitlines() if unit.stem.rstrip("@") in line]
    assert problems == []


def test_the_check_of_systemd_can_fail(tmp_path: Path) -> None:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not installed")
    wrong = tmp_path / "hub.service"
    text = UNITS[0].read_text().replace(INSTALLED, sys.executable)
    wrong.write_text(text.replace("ProtectSystem=strict", "ProtectSystem=very"))
    checked = subprocess.run(
        [tool, "verify", "--man=no", str(wrong)], capture_output=True, text=True, timeout=60
    )
    assert "hub.service" in checked.stderr


def test_a_backup_is_made_each_night_where_the_old_ones_are_deleted() -> None:
    single = dict(entries(UNITS[0]))
    assert UNITS[0].stem == TIMER.stem
    assert single["Type"] == "oneshot"
    folder = shlex.split(single["ExecStart"])[-1]
    find, where, *rest = shlex.split(single["ExecStartPost"])
    assert (find, where, rest[-1]) == ("/usr/bin/find", f"{folder}/", "-delete")
    name = FILE_NAME.format(dt.datetime(2026, 11, 22, 2, tzinfo=dt.UTC))
    assert fnmatch.fnmatch(name, rest[rest.index("-name") + 1])
    assert folder.removeprefix("%S/") in single["StateDirectory"].split()
    assert dict(entries(TIMER))["OnCalendar"] == "*-*-* 02:00"


def test_the_embedded_hub_and_its_commands_know_that_they_are_on_one_machine() -> None:
    """Otherwise they count as two data folders, and `hub sync` is refused on PostgreSQL."""
    assert folder_lock.BOOT_ID.is_relative_to("/proc/sys")
    hides_all_but_processes = dict(entries(DEPLOY / "systemd" / "hub.service")).get("ProcSubset")
    assert (hides_all_but_processes, "ProcSubset" in COMMAND.read_text()) == (None, False)


@pytest.mark.parametrize("is_distributed", [False, True])
def test_a_command_runs_as_the_service_does(tmp_path: Path, is_distributed: bool) -> None:
    """Replace systemd-run by a script that writes down its options and runs the command.

    As systemd does, it replaces variables in the words of the command.
    """
    credentials, options = tmp_path / "credentials", tmp_path / "options"
    credentials.mkdir()
    unit, names = "hub.service", ["secret.key", "vault.keys"]
    if is_distributed:
        (credentials / "database.url").touch()
        unit, names = "hub-web.service", ["database.url", *names]
    (credentials / "HUB_QBO_CLIENT_SECRET").touch()  # a secret that the administrator added
    names.append("HUB_QBO_CLIENT_SECRET")
    program = SYSTEMD_RUN.format(options=str(options), credentials=str(credentials))
    write_program(tmp_path / "systemd-run", f"#!{sys.executable}", program)
    write_program(tmp_path / "hub", "env | grep ^HUB_ | sort", r"""printf '%s\n' "$@" """)
    text = COMMAND.read_text().replace("/etc/hub/credentials", str(credentials))
    write_program(tmp_path / "hub-command", text.replace(INSTALLED, str(tmp_path / "hub")))
    ran = subprocess.run(
        [str(tmp_path / "hub-command"), *WORDS],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    settings = {
        name: value.replace("%d", str(credentials))
        for name, value in environment(DEPLOY / "systemd" / unit).items()
        if "%d" in value and "METRICS" not in name
    }
    settings["HUB_QBO_CLIENT_SECRET_FILE"] = f"{credentials}/HUB_QBO_CLIENT_SECRET"
    if is_distributed:
        settings["HUB_ENGINE"] = "distributed"
    expected = [f"{name}={settings[name]}" for name in sorted(settings)]
    assert ran.stdout.splitlines() == [*expected, *WORDS]
    single = dict(entries(DEPLOY / "systemd" / unit))
    properties = {f"--property=LoadCredential={name}:{credentials}/{name}" for name in names}
    for name in ("User", "DynamicUser", "StateDirectoryMode", "UMask"):
        properties.add(f"--property={name}={single[name]}")
    backup = dict(entries(DEPLOY / "systemd" / "hub-backup.service"))
    assert single["StateDirectory"] in backup["StateDirectory"].split()
    properties.add(f"--property=StateDirectory={backup['StateDirectory']}")
    properties.add(f"--property=EnvironmentFile={single['EnvironmentFile']}")
    properties.add("--setenv=HUB_DATA=/var/lib/hub")
    option_names = set(options.read_text().splitlines())
    assert option_names - {"--quiet", "--wait", "--collect", "--pty", "--pipe"} == properties


def write_program(path: Path, *lines: str) -> None:
    """Write a shell script that can be run."""
    path.write_text("\n".join(lines if lines[0].startswith("#!") else ("#!/bin/sh", *lines)))
    path.chmod(0o700)


# -- Prometheus ------------------------------------------------------------------------------------

# The values of labels on which alerts depend.
LABEL_VALUES: dict[tuple[str, str], set[str]] = {
    ("up", "job"): {"hub"},
    ("hub_oldest_unposted_document_age_seconds", "waits_for"): {"hub", "person"},
    ("hub_connections", "state"): set(ConnectionState),
    ("hub_quickbooks_calls_total", "outcome"): set(SendOutcome),
    ("hub_run_duration_seconds_count", "outcome"): set(RunOutcome),
    ("hub_web_requests_total", "status"): {str(status.value) for status in HTTPStatus},
}


def figures() -> dict[str, set[str]]:
    """Return the labels of each sample that /metrics may show."""
    results: dict[str, set[str]] = {"up": {"job", "instance"}}
    for metric in (*GAUGES, *COUNTERS):
        results[metric.name] = {*metric.labels}
    for histogram in HISTOGRAMS:
        for part in ("count", "sum", "bucket"):
            results[f"{histogram.name}_{part}"] = {*histogram.labels, "le"}
    return results


@pytest.mark.parametrize("rule", alert_rules.read_rules(), ids=lambda rule: str(rule["alert"]))
def test_an_alert_uses_figures_and_labels_that_exist(rule: dict[str, Any]) -> None:
    label_sets = figures()
    names = alert_rules.find_metrics(rule["expr"])
    assert names, "the rule asks for no figure"
    assert names <= set(label_sets)
    labels: set[str] = set().union(*(label_sets[name] for name in names)) | {"instance", "job"}
    for matcher in alert_rules.find_matchers(rule["expr"]):
        assert matcher.label in label_sets[matcher.metric]
        possible = LABEL_VALUES[matcher.metric, matcher.label]
        for value in matcher.values:
            assert any(re.fullmatch(value, one) for one in possible), value
    by = re.findall(r"by \(([^)]*)\)", rule["expr"])
    assert {label.strip() for part in by for label in part.split(",")} <= labels
    texts = " ".join(rule["annotations"].values())
    label_names = set(re.findall(r"\$labels\.(\w+)", texts))
    assert label_names <= labels
    if by or "sum(" in rule["expr"]:
        assert label_names <= {label.strip() for part in by for label in part.split(",")}
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert set(rule["annotations"]) == {"summary", "description"}


def test_alerts_have_names_of_their_own_and_cover_what_matters() -> None:
    rules = alert_rules.read_rules()
    names = [rule["alert"] for rule in rules]
    assert len(names) == len(set(names))
    used = alert_rules.find_metrics(" ".join(rule["expr"] for rule in rules))
    assert used >= {
        "hub_oldest_unposted_document_age_seconds",
        "hub_connection_days_left",
        "hub_postings_in_doubt",
        "hub_last_run_end_timestamp_seconds",
        "hub_oldest_run_age_seconds",
    }


def _read_rule(name: str) -> dict[str, Any]:
    """Return the rule of an alert."""
    (rule,) = [rule for rule in alert_rules.read_rules() if rule["alert"] == name]
    return rule


def test_the_alert_about_runs_that_stop_sees_a_run_of_every_hour() -> None:
    """Between two runs there is no share of those that stopped, and the alert begins anew."""
    hours = re.findall(r"\[(\d+)h\]", _read_rule("HubRunsFail")["expr"])
    assert len(hours) == 2
    assert min(map(int, hours)) > 1


def test_the_alert_about_throttling_sees_one_company() -> None:
    """It pauses after each call that QuickBooks refuses, so there is one in each pause."""
    limit = float(_read_rule("HubThrottled")["expr"].rpartition(">")[2])
    assert 0 < limit < 1 / DEFAULT_PAUSE_SECONDS


@pytest.mark.parametrize(
    ("name", "time", "words"),
    [("HubReceiptsWait", "6h", "in the last six hours"), ("HubQueueGrows", "15m", "15 minutes")],
)
def test_an_alert_about_what_waits_is_as_old_as_it_says(name: str, time: str, words: str) -> None:
    """The least value of a range is known at once where the figure is read for the first time."""
    rule = _read_rule(name)
    assert "_over_time" not in rule["expr"]
    assert rule["for"] == time
    assert words in rule["annotations"]["description"]


def test_the_scrape_configuration_reads_the_rules_and_sends_a_token() -> None:
    scrape = yaml.safe_load((DEPLOY / "prometheus" / "scrape.yaml").read_text())
    assert all((DEPLOY / "prometheus" / name).exists() for name in scrape["rule_files"])
    (job,) = scrape["scrape_configs"]
    assert job["job_name"] == "hub"
    assert job["authorization"]["type"] == "Bearer"


# -- containers ------------------------------------------------------------------------------------


def test_the_compose_file_has_every_part() -> None:
    assert set(COMPOSE["services"]) == {"database", *HUB_SERVICES, "daily-backup", "proxy"}


@pytest.mark.parametrize(
    "name", ["database", "web", "worker-1", "worker-2", "daily-backup", "proxy"]
)
def test_a_service_that_serves_restarts_always(name: str) -> None:
    assert COMPOSE["services"][name]["restart"] == "always"


@pytest.mark.parametrize("name", HUB_SERVICES)
def test_a_service_of_the_hub_runs_a_command_with_settings_that_exist(name: str) -> None:
    service = COMPOSE["services"][name]
    settings = service["environment"]
    assert set(settings) <= set(SETTING_NAMES)
    assert settings["HUB_ENGINE"] == "distributed"
    files = {value for name, value in settings.items() if name.endswith("_FILE")}
    assert files == {f"/run/secrets/{secret}" for secret in service["secrets"]}
    assert not set(IN_FILES) & set(settings), "a secret is in the file itself"
    assert service["read_only"]
    check_command(service["command"])


def test_secrets_and_networks_of_the_compose_file_are_declared() -> None:
    for service in COMPOSE["services"].values():
        assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"])
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        for other in service.get("depends_on", ()):
            assert other in COMPOSE["services"]
    (range_,) = COMPOSE["networks"]["inside"]["ipam"]["config"]
    proxies = COMPOSE["services"]["web"]["environment"]["HUB_TRUSTED_PROXY"]
    assert ipaddress.ip_network(proxies) == ipaddress.ip_network(range_["subnet"])
    assert "outside" not in COMPOSE["services"]["web"]["networks"]
    assert "ports" not in COMPOSE["services"]["web"]


def test_postgresql_of_the_compose_file_allows_all_connections_of_the_processes() -> None:
    services = COMPOSE["services"]
    (limit,) = re.findall(r"max_connections=(\d+)", " ".join(services["database"]["command"]))
    needed = 0
    for name in HUB_SERVICES:
        command = services[name]["command"]
        if "worker" in command:
            needed += MAX_CONNECTIONS + CONNECTIONS_OF_A_QUEUE
        elif "--workers" in command:
            needed += int(command[command.index("--workers") + 1]) * MAX_CONNECTIONS
    assert needed == 200
    assert int(limit) >= needed + RESERVED_CONNECTIONS


def test_the_container_recipe_copies_what_exists_and_starts_a_command_that_exists() -> None:
    recipe = (DEPLOY / "container" / "Containerfile").read_text()
    settings = set(re.findall(r"\b(HUB_[A-Z_]+)=", recipe))
    assert settings
    assert settings <= set(SETTING_NAMES)
    root = DEPLOY.parent
    for name in re.findall(r"-r (\S+\.lock)", recipe) + re.findall(r"plugins/\w+", recipe):
        assert (root / name).exists(), name
    plugins = {path.parent.name for path in root.glob("plugins/*/pyproject.toml")}
    assert set(re.findall(r"plugins/(\w+)", recipe)) == plugins
    (command,) = re.findall(r"^CMD \[(.*)\]$", recipe, re.MULTILINE)
    check_command(re.findall(r'"([^"]*)"', command))


def test_data_of_a_hub_is_neither_copied_into_an_image_nor_committed() -> None:
    """A folder that belongs to the user of the containers would even stop the build."""
    folders = {Path(secret["file"]).parts[0] for secret in COMPOSE["secrets"].values()}
    mounts = COMPOSE["services"]["backup"]["volumes"]
    folders |= set(re.findall(r":-\./(\w+)", " ".join(mounts)))
    assert folders == {"secrets", "backups"}
    kept = {"hub-data", "hub-demo", "hub-dev"}
    kept |= {f"deploy/container/{folder}" for folder in folders}
    for name in (".containerignore", ".gitignore"):
        lines = (DEPLOY.parent / name).read_text().splitlines()
        assert kept <= {line.rstrip("/") for line in lines}, name


def test_the_compose_file_makes_a_backup_each_day_and_deletes_old_ones() -> None:
    service, once = COMPOSE["services"]["daily-backup"], COMPOSE["services"]["backup"]
    assert "profiles" not in service
    assert service["volumes"] == once["volumes"]
    shell, option, script = service["command"]
    assert (shell, option) == ("sh", "-c")
    (backup,) = [line for line in script.splitlines() if "hub backup" in line]
    assert shlex.split(backup.partition("||")[0]) == once["command"]
    (find,) = [line for line in script.splitlines() if "-delete" in line]
    name = FILE_NAME.format(dt.datetime(2026, 11, 22, 2, tzinfo=dt.UTC))
    words = shlex.split(find)
    assert fnmatch.fnmatch(name, words[words.index("-name") + 1])
    assert words[words.index("-mtime") :] == ["-mtime", "+30", "-delete"]


def test_a_daily_backup_that_fails_is_tried_again_soon(tmp_path: Path) -> None:
    _, _, script = COMPOSE["services"]["daily-backup"]["command"]
    steps = tmp_path / "steps"
    write_program(tmp_path / "hub", f"echo backup >> {steps}", f"grep -q 600 {steps}")
    write_program(tmp_path / "find", f"echo find >> {steps}")
    write_program(tmp_path / "sleep", f'echo $1 >> {steps}; [ "$1" = 600 ] || kill $PPID')
    path = f"{tmp_path}:/usr/bin:/bin"
    subprocess.run(["sh", "-c", script], env={"PATH": path}, check=False, timeout=60)
    assert steps.read_text().split() == ["backup", "600", "backup", "find", "86400"]
    unit = dict(entries(DEPLOY / "systemd" / "hub-backup.service"))
    assert (unit["Restart"], unit["RestartSec"]) == ("on-failure", "10min")


def test_the_role_of_the_hub_is_no_superuser() -> None:
    database = COMPOSE["services"]["database"]
    assert "POSTGRES_USER" not in database["environment"], "the image makes it a superuser"
    statements = (DEPLOY / "container" / "database.sql").read_text()
    assert "CREATE ROLE hub LOGIN" in statements
    assert "SUPERUSER" not in statements
    (mounted,) = [mount for mount in database["volumes"] if "database.sql" in mount]
    assert mounted.startswith("./database.sql:/docker-entrypoint-initdb.d/")


def test_every_image_can_be_named_by_its_digest_and_the_guide_says_how() -> None:
    variables = set()
    for service in COMPOSE["services"].values():
        variable = re.fullmatch(r"\$\{(HUB_\w+_IMAGE|HUB_IMAGE):-[a-z0-9.:-]+\}", service["image"])
        assert variable, service["image"]
        variables.add(variable[1])
    assert len(variables) == 3
    recipe = (DEPLOY / "container" / "Containerfile").read_text()
    assert set(re.findall(r"^FROM (\S+)", recipe, re.MULTILINE)) == {"${PYTHON_IMAGE}"}
    assert recipe.index("ARG PYTHON_IMAGE=") < recipe.index("FROM ")
    guide = (DEPLOY.parent / "docs" / "operate.md").read_text()
    for variable in (*variables, "PYTHON_IMAGE"):
        assert f"{variable}=" in guide


# -- nginx -----------------------------------------------------------------------------------------


def directives(path: Path) -> dict[str, list[str]]:
    results: dict[str, list[str]] = {}
    for name, value in re.findall(r"^\s*(\w+) ([^;{]+);", path.read_text(), re.MULTILINE):
        results.setdefault(name, []).append(value.strip())
    return results


def test_nginx_has_the_limits_of_the_hub() -> None:
    result = directives(DEPLOY / "nginx" / "hub.conf")
    assert result["client_max_body_size"] == ["1m", "25m"]
    assert UPLOAD_LIMIT <= 25 * 1024**2
    assert FORM_LIMIT <= 1024**2
    assert result["client_header_timeout"] == [f"{DEFAULT_LIMITS.header_seconds:g}s"]
    number, size = result["large_client_header_buffers"][0].split()
    assert int(number) * int(size.removesuffix("k")) * 1024 == DEFAULT_LIMITS.header_bytes
    assert result["limit_conn"] == [f"hub_clients {DEFAULT_LIMITS.connections_per_client}"]
    to_hub = int(result["keepalive_timeout"][0].removesuffix("s"))
    assert to_hub < DEFAULT_LIMITS.idle_seconds, "nginx would use connections that the hub closes"
    assert "X-Forwarded-For $remote_addr" in result["proxy_set_header"]
    assert "X-Request-ID $request_id" in result["proxy_set_header"]


@pytest.mark.parametrize(
    ("address", "may_ask"),
    [
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("172.18.0.1", True),
        ("192.168.1.20", True),
        ("fd12::1", True),
        ("172.32.0.1", False),
        ("203.0.113.7", False),
        ("2001:db8::1", False),
    ],
)
def test_only_private_addresses_may_ask_nginx_for_figures(address: str, may_ask: bool) -> None:
    configuration = (DEPLOY / "nginx" / "hub.conf").read_text()
    location = configuration.partition("location = /metrics {")[2].partition("}")[0]
    networks = map(ipaddress.ip_network, re.findall("allow (.+);", location))
    assert any(ipaddress.ip_address(address) in network for network in networks) is may_ask
    assert "deny all;" in location


def test_the_container_has_the_same_nginx() -> None:
    own = (DEPLOY / "nginx" / "hub.conf").read_text()
    contained = (DEPLOY / "container" / "nginx.conf").read_text()
    logged = own.replace("access_log /var/log/nginx/hub.log ", "access_log /dev/stdout ")
    assert logged != own
    assert contained == logged.replace("server 127.0.0.1:8080;", "server web:8080;")
    assert contained != logged


def test_the_logs_of_containers_do_not_fill_the_disk() -> None:
    for service in COMPOSE["services"].values():
        assert service["logging"]["options"] == {"max-size": "50m", "max-file": "5"}


def test_the_proxy_starts_again_with_the_pages_whose_address_it_looked_up() -> None:
    assert COMPOSE["services"]["proxy"]["depends_on"]["web"]["restart"] is True


def test_a_service_that_others_wait_for_has_a_check_of_its_own() -> None:
    """An image in the format of OCI has no HEALTHCHECK, and podman builds such an image."""
    services = COMPOSE["services"]
    waited_for = set()
    for service in services.values():
        for name, condition in service.get("depends_on", {}).items():
            if condition["condition"] == "service_healthy":
                waited_for.add(name)
    assert waited_for == {"database", "web"}
    for name in waited_for:
        assert services[name]["healthcheck"]["test"]
    recipe = (DEPLOY / "container" / "Containerfile").read_text()
    *_, program = services["web"]["healthcheck"]["test"]
    assert program in recipe


def test_backups_of_the_compose_file_leave_the_container() -> None:
    service = COMPOSE["services"]["backup"]
    folder = service["command"][-1]
    (volume,) = service["volumes"]
    assert volume.endswith(f":{folder}")
    assert service["restart"] == "no"
    assert service["profiles"], "it would start with the others"
