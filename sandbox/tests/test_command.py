"""Tests of the command `qbo-sandbox`: its output is enough to connect."""

import shlex

import pytest
import requests
from click.testing import CliRunner

from qbo_sandbox import create
from qbo_sandbox.command import main
from qbo_sandbox.kit import Server
from sandbox_tests.command import running


def word_after(lines, label):
    return next(line for line in lines if line.strip().startswith(label)).split(label)[1].split()[0]


def test_the_printed_lines_are_enough_to_connect(tmp_path):
    with running("--folder", str(tmp_path), "--company", "us") as lines:
        url, realm = lines[0], word_after(lines, "company ")
        token = word_after(lines, "access token ")
        company = f"{url}/v3/company/{realm}/companyinfo/{realm}"
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        assert requests.get(company, headers=headers, timeout=30).status_code == 200

        discovery = requests.get(word_after(lines, "discovery document "), timeout=30).json()
        curl = shlex.split(lines[-1])
        client = tuple(curl[curl.index("-u") + 1].split(":"))
        assert client == (word_after(lines, "client id "), word_after(lines, "client secret "))
        assert curl[-1] == discovery["token_endpoint"]
        answer = requests.post(
            curl[-1],
            data=curl[curl.index("-d") + 1],
            auth=client,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            timeout=30,
        )
        headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        assert requests.get(company, headers=headers, timeout=30).status_code == 200
    assert (tmp_path / "journal.jsonl").exists()


def test_its_help_lists_companies_faults_and_switches():
    text = CliRunner().invoke(main, ["--help"]).output
    for word in ("norway", "lose_answer", "bid_twice", "requestid_hours"):
        assert word in text


def test_a_port_in_use_is_a_sentence():
    with Server(lambda environ, start: []) as server:
        result = CliRunner().invoke(main, ["--port", str(server.port)])
    assert result.exit_code == 2
    assert f"Port {server.port} is in use." in result.output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--host", "nobody.invalid"), "nobody.invalid"),
        (("--host", "192.0.2.1"), "192.0.2.1"),
        (("--folder", "/dev/null/books"), "/dev/null/books: Not a directory"),
    ],
)
def test_an_address_or_folder_that_cannot_be_used_is_a_sentence(options, words):
    result = CliRunner().invoke(main, options)
    assert result.exit_code == 2
    assert words in result.output


def test_an_ipv6_address_can_be_listened_on():
    quickbooks = create()
    with Server(quickbooks.wsgi, host="::1") as server:
        discovery = requests.get(f"{server.url}/.well-known/openid_configuration", timeout=30)
    assert server.url == f"http://[::1]:{server.port}"
    assert discovery.json()["token_endpoint"] == f"{server.url}/oauth2/v1/tokens/bearer"


def test_a_folder_in_use_is_a_sentence(tmp_path):
    with running("--folder", str(tmp_path)):
        result = CliRunner().invoke(main, ["--folder", str(tmp_path)])
    assert result.exit_code == 2
    assert "is in use by another stand-in" in result.output


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--fault", "nonsense@bill.create", "nonsense"),
        ("--switch", "requestid=perhaps", "requestid"),
        ("--company", "atlantis", "atlantis"),
    ],
)
def test_a_choice_that_does_not_exist_is_a_sentence(option, value, words):
    result = CliRunner().invoke(main, [option, value])
    assert result.exit_code == 2
    assert words in result.output
    assert "Traceback" not in result.output
