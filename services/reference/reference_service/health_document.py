"""The health document: field names of draft-inadarei-api-health-check-06, and a flat list for monitors.

Whoever can reach the port can read it, so it holds names, status words, codes and times only:
no message, no path, no version.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from reference_service.health import Component, Declared, Status, worst

SCHEMA_VERSION = 1
MEDIA_TYPE = "application/health+json"

_HTTP_STATUS: dict[Status, int] = {"pass": 200, "warn": 200, "fail": 503}


def http_status(status: Status) -> int:
    """Return the HTTP status code that goes with a document's status."""
    return _HTTP_STATUS[status]


def health_document(
    service_id: str, description: str, components: Sequence[Component], declared: Mapping[str, Declared]
) -> dict[str, Any]:
    """Return the document about `components`; its status is the worst of theirs.

    `declared` is what each is called; of one that isn't there no more than its name is known.
    """
    return {
        "schemaVersion": SCHEMA_VERSION,
        "status": worst([component.status for component in components]),
        "serviceId": service_id,
        "description": description,
        "checks": dict(_check(component, declared.get(component.name)) for component in components),
        "components": [_flat(component) for component in components],
    }


def _check(component: Component, declared: Declared | None) -> tuple[str, list[dict[str, Any]]]:
    check: dict[str, Any] = {
        "componentId": component.name,
        "componentType": declared.kind if declared else "component",
        "status": component.status,
    }
    if component.result:
        check["observedValue"] = _milliseconds(component.result.latency)
        check["observedUnit"] = "ms"
        check["time"] = component.result.time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return declared.check if declared else component.name, [check]


def _flat(component: Component) -> dict[str, Any]:
    return {
        "name": component.name,
        "status": component.status,
        "code": component.code,
        "latencyMs": _milliseconds(component.result.latency) if component.result else 0,
        "ageMs": 0 if component.age is None else round(component.age * 1000),
    }


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)
