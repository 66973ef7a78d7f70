"""The JSON API answers generated requests as its OpenAPI document says."""

import datetime as dt
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import sampled_from
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
)

from hub.context import current_hub, get_hub
from hub.db.engine import db, transaction
from hub.models import Run
from hub.web.api import application, case_decisions, problems
from tests.support.pages.api_client import PREFIX, ApiClient
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.large_data import RECONCILED
from tests.support.rows.page_rows import Story
from tests.support.runs.tiers import by_form

EXAMPLES = by_form(small=2, full=2, long=150)  # of each operation, valid ones and others
SECONDS_APART = 60  # between operations; a token then has its whole rate again
METHODS = {"get", "post", "put", "patch", "delete"}
DOCUMENT = f"{PREFIX}/openapi.json"
CONVERTER = re.compile(r"<(?:int:)?(\w+)>")
# Which settings an app has, which fields a record, which values they take, and what a value of the
# body names, depends on the row.
KNOWN_BY_ROWS = (
    "PUT /api/v1/cases/{case_id}/assignee",
    "POST /api/v1/cases/{case_id}/postings/{posting_id}/adopt",
    "PUT /api/v1/installations/{installation_id}/matches/",
    "POST /api/v1/cases/{case_id}/create",
    "PATCH /api/v1/installations/{installation_id}/settings",
    "PUT /api/v1/companies/{company_id}/apps/{slug}",
)
CODE = {"field": "supplier", "code": "s1"}
schemathesis.openapi.format("amounts", sampled_from(["", "1250.50", "1000-2000", "-5 to 5"]))
OF_BILLS = {"app": "costtracker", "kind": "bill", "currency": "NOK", "source": "10.00"}
AMOUNTS = {"posted": "10.00", "quickbooks": "7.50", "difference": "-2.50"}
TEXTS = {"document": "Bill F-1", "why": "total", "reason": "It differs.", "quickbooks_id": "145"}
RECONCILIATION = {
    "kind": "reconcile",
    "ended_at": dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
    "counts": RECONCILED
    | {
        "proved_at": "2026-03-01T00:00:00+00:00",
        "troubles": 1,
        "totals": [{**OF_BILLS, **AMOUNTS, "period": "2026-03", "documents": 3, "differing": 1}],
        "wrong": [
            {**OF_BILLS, **AMOUNTS, **TEXTS, "posting": 1, "number": "F-1", "party": "Maler Østby"}
            | {"date": "2026-03-02", "accepted": False}
        ],
    },
}


@pytest.fixture
def program(visitor: Visitor) -> ApiClient:
    """Provide a program with the rights of an owner."""
    return ApiClient.of(visitor.app, "olga")


def test_the_openapi_document_is_valid_and_has_every_operation(program: ApiClient) -> None:
    document = program.read(DOCUMENT)
    OpenAPIV31SpecValidator(document).validate()
    names = {blueprint.name for blueprint in application.BLUEPRINTS}
    operations = set()
    for rule in program.app.url_map.iter_rules():
        if rule.endpoint.split(".")[0] in names:
            path = CONVERTER.sub(r"{\1}", rule.rule)
            methods = {method.lower() for method in rule.methods or ()}
            operations |= {(path, method) for method in methods & METHODS}
    documented = set()
    for path, item in document["paths"].items():
        documented |= {(path, method) for method in item.keys() & METHODS}
    assert documented == operations


def test_the_names_of_an_object_have_documented_limits(program: ApiClient) -> None:
    schemas = program.read(DOCUMENT)["components"]["schemas"]
    values = schemas["NewRecord"]["properties"]["values"]
    assert values["propertyNames"]["minLength"] == 1
    assert (values["minProperties"], values["maxProperties"]) == (
        1,
        case_decisions.MAX_RECORD_FIELDS,
    )
    assert not {"minLength", "maxLength"} & values.keys()


def test_a_start_makes_no_schema_of_the_refusals_that_only_the_document_describes() -> None:
    code = (
        "import gc; from hub.web.api import application, problems;"
        "made = [one for one in gc.get_objects() if isinstance(one, problems.ProblemSchema)];"
        "print(len(made))"
    )
    counted = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert int(counted.stdout) == 0


@pytest.mark.proof(small=1)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_operation_answers_generated_requests_as_documented(
    program: ApiClient,
    visitor: Visitor,
    mode: GenerationMode,
    figure: Callable[[str, float, float], None],
) -> None:
    caller = GeneratedCalls(program, visitor.story, mode)
    schema = schemathesis.openapi.from_wsgi(DOCUMENT, program.app)
    rejects = schema.config.checks.negative_data_rejection
    rejects.expected_statuses = [*rejects.expected_statuses, "413"]
    about_rows = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        answers = [answer for answer in caller.call(operation) if is_about_a_row(answer)]
        if mode == GenerationMode.POSITIVE:
            assert answers, operation.label
            is_read = any(answer.status_code == 200 for answer in answers)
            assert is_read or operation.method != "get", operation.label
        about_rows += len(answers)
    kind = "valid" if mode == GenerationMode.POSITIVE else "invalid"
    figure(f"{kind} calls of the JSON API answered as its OpenAPI document says", about_rows, 40)


def is_about_a_row(answer: Any) -> bool:
    """Return whether an answer is another one than that there is nothing at the address."""
    return answer.status_code != 404 or answer.json()["detail"] != problems.STATUS_SENTENCES[404]


def is_ignored(mutation: Any) -> bool:
    """Return whether an invalid part of a call is none for the hub, or is replaced before it.

    Arguments that the document does not name are ignored, ids are those of rows that exist, and the
    token is always a valid one.
    """
    if mutation.parameter_location == ParameterLocation.QUERY:
        return set(mutation.keywords) == {"additionalProperties"}
    return mutation.parameter_location != ParameterLocation.BODY


class GeneratedCalls:
    """Generated calls of operations, half of them about rows that exist."""

    def __init__(self, program: ApiClient, story: Story, mode: GenerationMode) -> None:
        self.program, self.mode = program, mode
        self.headers = {"Authorization": f"Bearer {program.token}"}
        with program.app.app_context(), transaction() as session:
            reconciliation = Run(**RECONCILIATION, company_id=story.company)
            session.add(reconciliation)
            session.flush()
            self.reconciliation_id = reconciliation.id
        self.ids: dict[str, list[Any]] = {
            "company_id": [story.company],
            "installation_id": [story.installation],
            "document_id": [story.documents["held"], *story.documents.values()],
            "case_id": [*story.cases.values()],
            "posting_id": [story.postings["held"], *story.postings.values()],
            "run_id": [*story.runs.values()],
            "slug": ["costtracker"],
        }
        self._save_rows()

    def call(self, operation: Any) -> list[Any]:
        """Call an operation with generated arguments; return the answers, as documented."""
        answers: list[Any] = []
        self._restore_rows()
        get_hub(self.program.app).clock.sleep(SECONDS_APART)

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=self.mode))
        def check(case: Any) -> None:
            if operation.method != "get":
                self._restore_rows()
            excluded = [positive_data_acceptance] if operation.label in KNOWN_BY_ROWS else []
            if all(map(is_ignored, case.meta.phase.data.mutations)):
                excluded.append(negative_data_rejection)
            if self.mode == GenerationMode.POSITIVE:
                self._leave_out_cursors(case)
            if len(answers) % 2 == 0:
                self._name_existing_rows(case, len(answers) // 2)
            answers.append(case.call_and_validate(headers=self.headers, excluded_checks=excluded))

        check()
        return answers

    @staticmethod
    def _leave_out_cursors(case: Any) -> None:
        """Remove generated cursors: one that fits a list comes from an answer."""
        if isinstance(case.query, dict):
            for name in ("before", "after"):
                case.query.pop(name, None)

    def _name_existing_rows(self, case: Any, place: int) -> None:
        """Replace the ids in the path of a call, and a code, by those of rows that exist."""
        for name in case.path_parameters:
            ids = self.ids[name]
            if case.operation.path.endswith("/reconciliations/{run_id}"):
                ids = [self.reconciliation_id]
            case.path_parameters[name] = ids[place % len(ids)]
        if self.mode == GenerationMode.POSITIVE:
            for arguments in (case.query, case.body):
                if isinstance(arguments, dict) and arguments.keys() >= CODE.keys():
                    arguments.update(CODE)

    def _save_rows(self) -> None:
        """Keep a copy of the database."""
        with self.program.app.app_context():
            db.engine.dispose()
            database = current_hub().config.data / "hub.db"
        self.database, self.saved = database, database.with_suffix(".saved")
        shutil.copy(self.database, self.saved)

    def _restore_rows(self) -> None:
        """Take back what calls changed."""
        with self.program.app.app_context():
            db.engine.dispose()
        shutil.copy(self.saved, self.database)
