"""Calls of sources: their site, account, codes and pushed lists."""

import re
import shutil
from dataclasses import replace

import pytest
from sqlalchemy import select

from hub import BoundSecrets, Code, FromSetting, Signal, hookimpl, sources
from hub.contract.registry import Plugins
from hub.db.engine import read_only_session, transaction
from hub.errors import OtherTenant, PluginFault, Refused, Retry, SettingsInvalid
from hub.models import Case, Installation, Match, SourceDocument
from hub.security.secrets import SiteSecrets
from hub.sources.record_push import push_lists
from tests.support.rows.page_rows import add_document
from tests.support.sources.small_source import SmallSource, install_small_source


@pytest.fixture
def source():
    return SmallSource()


@pytest.fixture
def installed(source, make_app, make_config, empty_database):
    """Install the small source; return a function that reads its row again."""
    config = make_config(HUB_PUBLIC_URL="https://hub.example")
    shutil.copy(empty_database, config.data / "hub.db")
    with make_app(config, plugins=Plugins.load([source], installed=False)).app_context():
        id = install_small_source(
            zone="Europe/Oslo", settings={"default_class": "51", "token": "not here"}
        )
        yield lambda: read(id)


def read(id):
    with read_only_session() as session:
        return session.get_one(Installation, id)


def open_cases():
    with read_only_session() as session:
        return [
            (case.cause, case.reason)
            for case in session.scalars(select(Case).where(Case.closed_at.is_(None)))
        ]


def test_a_site_shows_settings_company_and_where_to_call(installed):
    site = sources.build_site(installed())
    assert (site.settings["default_class"], site.settings["differ"]) == ("51", "hold")
    assert (site.company.country, site.company.currency, str(site.zone)) == (
        "NO",
        "NOK",
        "Europe/Oslo",
    )
    assert site.webhook_url == f"https://hub.example/webhooks/{installed().id}"


def test_settings_that_do_not_fit_are_a_sentence(installed):
    with pytest.raises(SettingsInvalid, match="differ"):
        sources.build_site(installed(), settings={"differ": ["no"]})


def test_a_setting_that_the_app_does_not_have_is_named(installed):
    settings = sources.build_site(installed()).settings
    with pytest.raises(KeyError, match="the app has no setting 'diffr'; did you mean differ"):
        settings["diffr"]
    assert settings.get("diffr") is None


def test_fields_take_their_texts_from_the_settings(installed, source):
    field = source.fields[2]
    source.fields = [
        type(field)(
            name="class",
            label="Class",
            role="class",
            default="{default_class}",
            differ=FromSetting("differ"),
            missing="{differ}",
        )
    ]
    (filled,) = sources.load_fields(installed(), sources.build_site(installed()))
    assert (filled.default, filled.differ, filled.missing) == ("51", "hold", "hold")


def test_secrets_that_are_typed_go_before_those_that_are_kept(installed):
    site_secrets = SiteSecrets(installed().id)
    site_secrets["key"], site_secrets["other"] = "old", "kept"
    site = sources.build_site(installed(), secrets={"key": "new"})
    assert (site.secrets["key"], site.secrets["other"], set(site.secrets)) == (
        "new",
        "kept",
        {"key", "other"},
    )
    site.secrets["key"] = "newer"
    assert site_secrets["key"] == "old"


def test_a_token_that_is_replaced_during_a_check_of_unsaved_settings_is_stored(installed):
    stored = BoundSecrets(SiteSecrets(installed().id), "client", "secret")
    stored.put("refresh_token", "first")
    site = sources.build_site(installed(), settings={"differ": "first"}, secrets={"key": "new"})
    bound = BoundSecrets(site.secrets, "client", "secret")
    bound.put("refresh_token", "second")
    assert stored.get("refresh_token") == bound.get("refresh_token") == "second"


def test_a_token_of_other_credentials_is_not_stored_before_they_are_saved(installed):
    stored = BoundSecrets(SiteSecrets(installed().id), "client", "secret")
    stored.put("refresh_token", "first")
    typed = {"key": "new"}
    site = sources.build_site(installed(), secrets=typed)
    other = BoundSecrets(site.secrets, "client", "another secret")
    other.put("refresh_token", "of another account")
    other.put("refresh_token", "its next one")
    assert stored.get("refresh_token") == "first"
    assert other.get("refresh_token") == "its next one"
    assert typed["refresh_token"].endswith("its next one")


def test_a_check_binds_the_account(installed):
    assert sources.check(installed()).id == "t1"
    assert (installed().tenant, installed().tenant_name) == ("t1", "Account t1")


def test_another_account_is_refused_and_nothing_changes(installed, source):
    sources.check(installed())
    source.tenant = "t2"
    with pytest.raises(OtherTenant, match="Account t2, but its documents belong to Account t1"):
        sources.check(installed())
    assert installed().tenant == "t1"


def test_a_check_of_unsaved_settings_binds_nothing(installed):
    sources.check(installed(), settings={"differ": "first"})
    assert installed().tenant is None


def test_warnings_are_cases_until_they_cease(installed, source):
    source.warnings = ("No user may update suppliers.", "The plan ends soon.")
    sources.check(installed())
    assert {reason for _, reason in open_cases()} == set(source.warnings)
    source.warnings = source.warnings[:1]
    sources.check(installed())
    assert [reason for _, reason in open_cases()] == ["No user may update suppliers."]


def test_codes_are_nouns_also_when_the_plugin_says_plain_ids(installed, source):
    source.codes = ["4010", Code(id="x", name="X")]
    assert sources.read_codes(installed(), "account") == [Code(id="4010"), Code(id="x", name="X")]


def test_a_defect_of_a_plugin_names_its_app(installed, source):
    source.codes = KeyError("rows")
    with pytest.raises(
        PluginFault,
        match=r"^Small's plugin failed while listing its account codes",
    ):
        sources.read_codes(installed(), "account")


def test_an_answer_that_names_no_account_is_no_defect_of_the_plugin(installed, source):
    source.check_fails = KeyError("name")
    with pytest.raises(Retry, match=r"^Small answered with something else than its account"):
        sources.check(installed())
    assert installed().tenant is None


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ("t1", "str 't1', not Tenant"),
        (7, "int 7, not Tenant"),
        ({"id": "t1"}, "dict, not Tenant"),
        (None, "None, not Tenant; is a return missing"),
    ],
)
def test_an_account_of_another_type_is_a_defect_of_the_plugin(installed, source, result, words):
    source.results["hub_check"] = result
    defect = f"hub_check returned {words}"
    with pytest.raises(PluginFault, match=rf"^Small's plugin failed .*\(TypeError: {defect}"):
        sources.check(installed())
    assert installed().tenant is None


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ([7], "int 7 in its list, not Code or str"),
        ([("4010", "Rent")], "tuple in its list, not Code or str"),
        ([None], "None in its list, not Code or str"),
        ({"4010": "Rent"}, "dict, not a list of Code or str"),
        ("4010", "str '4010', not a list of Code or str"),
        (Code(id="4010"), "Code, not a list of Code or str; write [Code(…)]"),
    ],
)
def test_codes_of_another_type_are_a_defect_of_the_plugin(installed, source, result, words):
    source.codes = result
    with pytest.raises(PluginFault, match=re.escape(f"hub_codes returned {words}")):
        sources.read_codes(installed(), "account")


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (["invoice:1"], "str 'invoice:1' in its list, not Signal"),
        ("invoice:1", "str 'invoice:1', not a list of Signal"),
        ([None], "None in its list, not Signal"),
        (Signal.collect(), "Signal, not a list of Signal; write [Signal(…)]"),
    ],
)
def test_signals_of_another_type_are_a_defect_of_the_plugin(installed, source, result, words):
    source.results["hub_webhook"] = result
    SiteSecrets(installed().id)["key"] = "k"
    with pytest.raises(PluginFault, match=re.escape(f"hub_webhook returned {words}")) as caught:
        sources.interpret_webhook(installed(), {"X-Key": "k"}, b"invoice:1")
    assert "failed while reading a call of its source" in caught.value.text


def test_links_of_another_type_are_a_defect_of_the_plugin(installed, source):
    sources.check(installed())
    source.links = ["S-1"]
    with pytest.raises(PluginFault, match="hub_records returned str 'S-1' in its list, not"):
        push_lists(installed(), ["supplier"])
    assert matches() == {}


def matches():
    with read_only_session() as session:
        return {
            (match.field, match.code): (match.record, match.match_method)
            for match in session.scalars(select(Match))
        }


def test_lists_are_pushed_whole_and_what_comes_back_is_linked(installed, source):
    sources.check(installed())
    source.links = [Code(id="S-1", quickbooks_id="31"), Code(id="S-2")]
    assert push_lists(installed(), ["supplier"]) == {"supplier": 2}
    assert {record.id: record.active for record in source.pushed["supplier"]} == {
        "31": True,
        "32": False,
    }
    assert matches() == {("supplier", "S-1"): ("31", "link")}
    push_lists(installed(), ["supplier"])
    assert {record.id: record.code for record in source.pushed["supplier"]} == {
        "31": "S-1",
        "32": None,
    }


class RefusingSuppliers(dict):
    """The lists that a source takes in, which are all but the list of suppliers."""

    def __setitem__(self, field, records):
        if field == "supplier":
            raise Refused("Suppliers are not taken in.")
        super().__setitem__(field, records)


def test_a_list_that_the_source_refuses_does_not_keep_the_others_back(installed, source):
    sources.check(installed())
    source.pushed = RefusingSuppliers()
    with pytest.raises(Refused, match="Suppliers are not taken in"):
        push_lists(installed())
    assert set(source.pushed) == {field.name for field in source.fields} - {"supplier"}


def test_a_link_that_the_source_does_not_have_any_more_is_forgotten(installed, source):
    sources.check(installed())
    source.links = [Code(id="S-1", quickbooks_id="31")]
    push_lists(installed(), ["supplier"])
    source.links = [Code(id="S-1", quickbooks_id=""), Code(id="S-2", quickbooks_id="")]
    push_lists(installed(), ["supplier"])
    assert matches() == {}


@pytest.mark.parametrize("link", ["", "32"])
def test_documents_that_wait_are_read_again_after_a_link_was_deleted_or_moved(
    installed, source, link
):
    sources.check(installed())
    source.links = [Code(id="S-1", quickbooks_id="31")]
    push_lists(installed(), ["supplier"])
    with transaction() as session:
        installation = session.get_one(Installation, installed().id)
        document, _ = add_document(session, installation, "review", 50)
        document_id = document.id
    push_lists(installed(), ["supplier"])
    assert not is_to_be_reread(document_id)
    source.links = [Code(id="S-1", quickbooks_id=link)]
    push_lists(installed(), ["supplier"])
    assert is_to_be_reread(document_id)


class SourceWithTwoApps(SmallSource):
    """A source with a second app, which shares the matches of the first one."""

    @hookimpl
    def hub_apps(self):
        (app,) = super().hub_apps()
        return [app, replace(app, slug="annex", name="Annex")]


@pytest.mark.parametrize("source", [SourceWithTwoApps()])
@pytest.mark.parametrize("link", ["", "32"])
def test_documents_of_another_app_are_read_again_after_a_shared_link_was_deleted_or_moved(
    installed, source, clock, link
):
    sources.check(installed())
    with transaction() as session:
        annex = Installation(company_id=1, slug="annex", tenant="t1", created_at=clock.now())
        session.add(annex)
        session.flush()
        document, _ = add_document(session, annex, "review", 50)
        document_id = document.id
    source.links = [Code(id="S-1", quickbooks_id="31")]
    push_lists(installed(), ["supplier"])
    assert not is_to_be_reread(document_id)
    source.links = [Code(id="S-1", quickbooks_id=link)]
    push_lists(installed(), ["supplier"])
    assert is_to_be_reread(document_id)


def is_to_be_reread(document_id):
    with read_only_session() as session:
        return session.get_one(SourceDocument, document_id).reread


def test_a_decision_outlives_what_comes_back_from_a_push(installed, source):
    sources.check(installed())
    source.links = [Code(id="S-1", quickbooks_id="31")]
    push_lists(installed(), ["supplier"])
    with transaction() as session:
        match = session.scalar(select(Match))
        match.record, match.match_method = "32", "decided"
    source.links = [Code(id="S-1", quickbooks_id="")]
    push_lists(installed(), ["supplier"])
    assert matches() == {("supplier", "S-1"): ("32", "decided")}
    assert {record.id: record.decided for record in source.pushed["supplier"]} == {
        "31": False,
        "32": True,
    }


@pytest.mark.parametrize("header", ["X-Key", "x-key"])
def test_a_call_of_the_source_is_read_by_its_plugin(installed, header):
    SiteSecrets(installed().id)["key"] = "k"
    assert sources.interpret_webhook(installed(), {header: "k"}, b"invoice:1") == [
        Signal(ids=("invoice:1",))
    ]
    with pytest.raises(Refused, match="not signed"):
        sources.interpret_webhook(installed(), {"X-Key": "other"}, b"invoice:1")


def test_the_source_gets_the_address_of_the_webhook(installed, source):
    sources.subscribe(installed(), on=True)
    assert source.subscribed == sources.build_webhook_url(installed())
