import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.openapi.models import OpenAPI

from api.app import create_api, openapi_document
from api.signal import SignalIn
from tests.support.contract import Operation, operations

DOCUMENT = openapi_document()
OPERATIONS = [pytest.param(o, id=f"{o.method} {o.path}") for o in operations(DOCUMENT)]
GUARDED = {
    "/signals",
    "/signal-batches",
    "/signals/{localId}",
    "/cases",
    "/cases/{caseId}",
    "/entries",
    "/agreements",
    "/generations",
    "/generations/newest",
    "/blocks/{height}/body",
    "/worklist",
    "/approvals",
    "/reviews",
    "/absences",
    "/cases/{caseId}/file",
    "/cases/{caseId}/assignee",
    "/cases/{caseId}/handovers",
    "/cases/{caseId}/confirmations",
    "/cases/{caseId}/outcomes",
    "/cases/{caseId}/coordinators",
    "/cases/{caseId}/messages",
    "/cases/{caseId}/contentions",
    "/cases/{caseId}/endings",
    "/cases/{caseId}/requests",
    "/cases/{caseId}/requests/{requestId}/readings",
    "/cases/{caseId}/requests/{requestId}/refusals",
    "/cases/{caseId}/requests/{requestId}/preparations",
    "/cases/{caseId}/requests/{requestId}/approvals",
    "/cases/{caseId}/requests/{requestId}/broken-glasses",
    "/cases/{caseId}/requests/{requestId}/reviews",
}
READ_BY_STRANGERS = {"/checkpoint", "/consortium/chain", "/receipts/{height}"}
CAMEL = re.compile(r"[a-z][a-zA-Z0-9]*")
PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

each_operation = pytest.mark.parametrize("operation", OPERATIONS)


def everything_in(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a document, whatever its depth."""
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from everything_in(child)
    if isinstance(node, list):
        for child in node:
            yield from everything_in(child)


def test_document_is_openapi_3_1() -> None:
    document = OpenAPI.model_validate(DOCUMENT)

    assert document.openapi.startswith("3.1.")


def test_every_reference_leads_to_a_schema() -> None:
    references = {node["$ref"] for node in everything_in(DOCUMENT) if "$ref" in node}

    named = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert references == named


def test_servers_are_https_and_end_in_the_major_version() -> None:
    assert [server["url"] for server in DOCUMENT["servers"]] == ["https://signaalketen.example/v1"]


def test_document_of_a_node_names_that_node() -> None:
    document = create_api("https://uwv.example").openapi()

    assert document["servers"] == [{"url": "https://uwv.example/v1"}]


def test_contact_has_a_name_an_address_and_a_mailbox() -> None:
    contact = DOCUMENT["info"]["contact"]

    assert contact.keys() == {"name", "url", "email"}
    assert all(contact.values())


def test_version_is_a_whole_semantic_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", DOCUMENT["info"]["version"])


@each_operation
def test_every_response_documents_the_header_with_the_version(operation: Operation) -> None:
    assert operation.responses
    for response in operation.responses.values():
        assert response["headers"]["API-Version"]["schema"] == {"type": "string"}


@each_operation
def test_every_operation_says_what_it_is_for(operation: Operation) -> None:
    content = operation.content

    assert content["summary"]
    assert content["description"].endswith(".")
    assert len(content["tags"]) == 1


def test_operation_ids_differ() -> None:
    ids = [operation.content["operationId"] for operation in operations(DOCUMENT)]

    assert len(ids) == len(set(ids))


@each_operation
def test_an_operation_that_reads_anything_documents_a_bad_request(operation: Operation) -> None:
    reads = "parameters" in operation.content or "requestBody" in operation.content

    assert ("400" in operation.responses) == reads


@each_operation
def test_an_operation_with_a_body_documents_that_it_can_be_too_long(operation: Operation) -> None:
    assert ("413" in operation.responses) == ("requestBody" in operation.content)


@each_operation
def test_every_error_is_documented_as_a_problem(operation: Operation) -> None:
    errors = [r for status, r in operation.responses.items() if status >= "400"]

    assert errors
    assert all(error["content"] == PROBLEM for error in errors)


def test_nothing_is_left_of_the_errors_that_the_framework_invents() -> None:
    text = str(DOCUMENT)

    assert "422" not in text
    assert "ValidationError" not in text


@each_operation
def test_who_may_ask_is_documented(operation: Operation) -> None:
    ways: list[dict[str, list[str]]] = [{"HTTPBearer": []}, {}]
    count = 1 if operation.path in GUARDED else 2 if operation.path in READ_BY_STRANGERS else 0

    assert operation.content.get("security", []) == ways[:count]


def test_scheme_of_callers_is_a_bearer_token() -> None:
    scheme = DOCUMENT["components"]["securitySchemes"]["HTTPBearer"]

    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


@each_operation
def test_an_operation_for_one_role_documents_both_refusals(operation: Operation) -> None:
    if operation.path in GUARDED:
        assert {"401", "403"} <= operation.responses.keys()
    elif operation.path in READ_BY_STRANGERS:
        assert "401" in operation.responses
        assert "403" not in operation.responses


def test_every_name_of_a_field_is_camel_case() -> None:
    schemas = DOCUMENT["components"]["schemas"].values()

    names = {name for schema in schemas for name in schema["properties"]}

    assert {"caseReference", "localId", "invalidParams"} <= names
    assert [name for name in names if not CAMEL.fullmatch(name)] == []


@each_operation
def test_every_name_of_a_parameter_is_camel_case(operation: Operation) -> None:
    parameters = operation.content.get("parameters", [])

    names = [p["name"] for p in parameters if p["in"] != "header"]

    assert all(CAMEL.fullmatch(name) for name in names)


@each_operation
def test_every_path_is_made_of_small_letters_and_dashes(operation: Operation) -> None:
    parts = operation.path.split("/")[1:]

    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*|\{[a-z][A-Za-z]*\}", part) for part in parts)


def test_every_string_and_list_of_a_field_is_bounded() -> None:
    fields = list(everything_in(DOCUMENT["components"]["schemas"]))

    strings = [f for f in fields if f.get("type") == "string"]
    lists = [f for f in fields if f.get("type") == "array"]
    assert [f for f in strings if "maxLength" not in f and "enum" not in f] == []
    assert [f for f in lists if "maxItems" not in f] == []


def test_every_model_is_closed() -> None:
    schemas = DOCUMENT["components"]["schemas"]

    assert {name for name, s in schemas.items() if s.get("additionalProperties") is not False} == (
        set()
    )


def test_examples_make_a_signal_that_can_be_posted() -> None:
    properties = DOCUMENT["components"]["schemas"]["SignalIn"]["properties"]

    example = {name: schema["examples"][0] for name, schema in properties.items()}

    posting = SignalIn.model_validate(example).to_domain()
    assert posting.bsn.digits.startswith("9999")


def test_a_batch_is_documented_as_signals() -> None:
    signals = DOCUMENT["components"]["schemas"]["BatchIn"]["properties"]["signals"]

    assert signals["items"] == {"$ref": "#/components/schemas/SignalIn"}
    assert (signals["minItems"], signals["maxItems"]) == (1, 100)
