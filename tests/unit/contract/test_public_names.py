"""What plugins of an earlier minor version may use is there today, with the same arguments."""

import copy
import json
from pathlib import Path

import pytest

import hub
from tests.support import public_names

STORED = sorted((Path(__file__).parents[2] / "baseline" / "public").glob("*.json"))


@pytest.fixture(scope="module")
def today():
    return public_names.describe_all()


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_nothing_public_of_an_earlier_version_is_lost(path, today):
    assert list(public_names.list_losses(json.loads(path.read_text()), today)) == []


def test_the_stored_names_are_those_of_the_page_about_compatibility():
    [first, *_] = STORED
    places = json.loads(first.read_text())
    assert first.stem == "0.1"
    assert len(places["hub"]) > 80
    assert {"app", "site", "cursors", "ids"} == {
        argument["name"] for argument in places["hooks"]["hub_documents"]["arguments"]
    }
    page = (Path(hub.__file__).parents[1] / "docs" / "compatibility.md").read_text()
    for place, names in places.items():
        assert f"`{place}`" in page or place == "hooks"
        assert [name for name in names if f"`{name}`" not in page] == []


def argument(described, name):
    """Return an argument of a function or class by its name."""
    [found] = [argument for argument in described["arguments"] if argument["name"] == name]
    return found


def lose_name(now):
    del now["hub"]["money"]


def lose_argument(now):
    now["hub"]["money"]["arguments"].pop()


def lose_field(now):
    document = now["hub"]["Document"]
    document["arguments"].remove(argument(document, "memo"))


def lose_default(now):
    argument(now["hub"]["Document"], "memo")["default"] = public_names.REQUIRED


def change_default(now):
    argument(now["hub"]["ApiClient"], "base_url")["default"] = "'/v1'"


def move_argument(now):
    now["hub"]["ApiClient"]["arguments"][:2] = now["hub"]["ApiClient"]["arguments"][1::-1]


def need_argument(now):
    new = {"name": "new", "kind": "keyword_only", "default": public_names.REQUIRED}
    now["hub"]["money"]["arguments"].append(new)


def lose_method(now):
    del now["hub"]["ApiClient"]["members"]["call"]


def lose_value(now):
    del now["hub"]["Kind"]["values"]["bill"]


def lose_hook(now):
    del now["hooks"]["hub_report"]


def lose_argument_of_hook(now):
    now["hooks"]["hub_report"]["arguments"].pop()


@pytest.mark.parametrize(
    ("lose", "loss"),
    [
        (lose_name, "hub: money"),
        (lose_argument, "hub: money: "),
        (lose_field, "hub: Document: memo"),
        (lose_default, "hub: Document: memo is no longer None"),
        (change_default, "hub: ApiClient: base_url is no longer ''"),
        (move_argument, "hub: ApiClient: site has moved"),
        (need_argument, "hub: money: new is needed"),
        (lose_method, "hub: ApiClient.call"),
        (lose_value, "hub: Kind: bill"),
        (lose_hook, "hooks: hub_report"),
        (lose_argument_of_hook, "hooks: hub_report: receipt"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_loss_is_named(today, lose, loss):
    now = copy.deepcopy(today)
    lose(now)
    losses = list(public_names.list_losses(today, now))
    assert losses
    assert losses[0].startswith(loss)


def test_an_added_name_with_a_default_is_no_loss(today):
    now = copy.deepcopy(today)
    new = {"name": "new", "kind": "keyword_only", "default": "None"}
    now["hub"]["new_function"] = {"arguments": [new]}
    now["hub"]["Document"]["arguments"].append(new)
    now["hooks"]["hub_report"]["arguments"].append({**new, "default": public_names.REQUIRED})
    now["hub"]["Kind"]["values"]["estimate"] = "estimate"
    assert list(public_names.list_losses(today, now)) == []


def test_a_function_that_takes_another_argument_has_lost_one(monkeypatch, today):
    def money(amount):
        """Take the amount by another name."""

    monkeypatch.setattr(hub, "money", money)
    now = public_names.describe_all()
    losses = list(public_names.list_losses(today, now))
    assert losses
    assert all(loss.startswith("hub: money: ") for loss in losses)


def test_a_renamed_name_whose_earlier_name_still_works_is_no_loss(monkeypatch, today):
    renamed = dict(hub.RENAMED)
    monkeypatch.setattr(hub, "__all__", [name for name in hub.__all__ if name != "money"])
    monkeypatch.setattr(hub, "RENAMED", {**renamed, "money": "round_amount"})
    lost = {
        loss.split(":")[1] for loss in public_names.list_losses(today, public_names.describe_all())
    }
    assert lost <= {" money"}
    monkeypatch.setattr(hub, "RENAMED", renamed)
    losses = public_names.list_losses(today, public_names.describe_all())
    assert list(losses) == ["hub: money"]
