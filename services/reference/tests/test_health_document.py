"""What /health says: the draft's field names, a flat list, and nothing confidential."""

import json
from datetime import UTC, datetime

import pytest

from reference_service.health import Declared, Result, Status, assess
from reference_service.health_document import health_document, http_status

DECLARED = {
    "postgres": Declared("datastore", "postgres:roundtrip"),
    "redis": Declared("datastore", "redis:cluster"),
}
WHEN = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def result(status: Status = "pass", code: str = "ok") -> Result:
    return Result(status, code, latency=0.0123456, finished=100.0, time=WHEN)


def test_a_document_has_the_drafts_checks_and_a_flat_list_of_components():
    document = health_document("event-bus", "text", [assess("postgres", result(), now=101.5, interval=2)], DECLARED)
    assert document == {
        "schemaVersion": 1,
        "status": "pass",
        "serviceId": "event-bus",
        "description": "text",
        "checks": {
            "postgres:roundtrip": [
                {
                    "componentId": "postgres",
                    "componentType": "datastore",
                    "status": "pass",
                    "observedValue": 12.346,
                    "observedUnit": "ms",
                    "time": "2026-03-01T12:00:00.250Z",
                }
            ]
        },
        "components": [{"name": "postgres", "status": "pass", "code": "ok", "latencyMs": 12.346, "ageMs": 1500}],
    }


def test_before_the_first_result_a_component_fails_as_starting():
    document = health_document("event-bus", "", [assess("redis", None, now=1, interval=2)], DECLARED)
    assert document["components"] == [
        {"name": "redis", "status": "fail", "code": "starting", "latencyMs": 0, "ageMs": 0}
    ]
    assert "observedValue" not in document["checks"]["redis:cluster"][0]
    json.dumps(document)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (0, ("pass", "ok")),
        (5, ("pass", "ok")),
        (5.1, ("warn", "stale")),
        (10, ("warn", "stale")),
        (10.1, ("fail", "stale")),
    ],
)
def test_a_pass_turns_warn_after_two_and_a_half_intervals_and_fail_after_five(age: float, expected: tuple[str, str]):
    component = assess("redis", result(), now=100 + age, interval=2)
    assert (component.status, component.code) == expected


def test_a_failure_keeps_its_own_code_however_old():
    component = assess("redis", result("fail", "refused"), now=1000, interval=2)
    assert (component.status, component.code) == ("fail", "refused")


@pytest.mark.parametrize(
    ("statuses", "expected", "http"),
    [
        (["pass", "pass"], "pass", 200),
        (["pass", "warn"], "warn", 200),
        (["warn", "fail", "pass"], "fail", 503),
    ],
)
def test_the_worst_component_decides_status_and_http_status(statuses: list[Status], expected: Status, http: int):
    names = ["postgres", "redis", "rabbitmq"]
    components = [
        assess(name, result(status), now=100, interval=2) for name, status in zip(names, statuses, strict=False)
    ]
    document = health_document("event-bus", "", components, DECLARED)
    assert document["status"] == expected
    assert http_status(document["status"]) == http


def test_of_a_component_that_is_not_declared_its_name_is_told():
    document = health_document("event-bus", "", [assess("rabbitmq", result(), now=101, interval=2)], DECLARED)
    assert document["checks"]["rabbitmq"][0]["componentType"] == "component"
