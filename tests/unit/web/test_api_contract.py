"""The JSON API answers generated requests as its OpenAPI document says."""

import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
)

from hub.web.api import application, case_decisions
from tests.support.api_client import PREFIX, ApiClient
from tests.support.page_visitor import Visitor
from tests.support.tiers import by_form

EXAMPLES = by_form(small=2, full=10, long=150)  # of each operation, valid ones and others
METHODS = {"get", "post", "put", "patch", "delete"}
DOCUMENT = f"{PREFIX}/openapi.json"
CONVERTER = re.compile(r"<(?:int:)?(\w+)>")
# Which settings there are, and which values they take, only the app says.
KNOWN_BY_APPS = (
    "PATCH /api/v1/installations/{installation_id}/settings",
    "PUT /api/v1/companies/{company_id}/apps/{slug}",
)


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
    assert (values["minProperties"], values["maxProperties"]) == (1, case_decisions.MAX_FIELDS)
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
    program: ApiClient, mode: GenerationMode, figure: Callable[[str, float, float], None]
) -> None:
    schema = schemathesis.openapi.from_wsgi(DOCUMENT, program.app)
    calls = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        calls += answers_as_documented(operation, program, mode)
    kind = "valid" if mode == GenerationMode.POSITIVE else "invalid"
    figure(f"{kind} calls of the JSON API answered as its OpenAPI document says", calls, 40)


def answers_as_documented(operation: Any, program: ApiClient, mode: GenerationMode) -> int:
    """Call an operation with generated arguments; return how often it was called."""
    # Arguments that the document does not name are ignored, and the token is always a valid one.
    excluded = [negative_data_rejection]
    if operation.label in KNOWN_BY_APPS:
        excluded.append(positive_data_acceptance)
    headers = {"Authorization": f"Bearer {program.token}"}
    calls = 0

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        nonlocal calls
        calls += 1
        case.call_and_validate(headers=headers, excluded_checks=excluded)

    check()
    return calls
