"""The interface, with no database there."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from event_store.pool import ConnectionPool
from fastapi.testclient import TestClient

from a_service.app import create_app
from a_service.settings import Settings

ITEM = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def client(settings: Settings, absent_pool: ConnectionPool) -> Any:
    with TestClient(create_app(settings, absent_pool)) as client:  # type: ignore[arg-type]
        yield client


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def test_without_its_database_it_runs_and_says_what_it_lacks(client: TestClient):
    def codes() -> dict[str, str]:
        components = client.get("/health").json()["components"]
        return {component["name"]: component["code"] for component in components}

    assert eventually(lambda: codes() == {"postgres": "refused", "projection": "waiting"})
    assert client.get("/health").status_code == 503
    assert client.get("/ready").json() == {"ready": False, "waitingFor": ["postgres", "projection"]}


@pytest.mark.parametrize("method_and_path", ["GET /items", f"GET /items/{ITEM}/events", "POST /items"])
def test_a_request_that_needs_it_is_a_503_with_a_hint_when_to_come_again(client: TestClient, method_and_path: str):
    method, path = method_and_path.split()
    answer = client.request(method, path, json={"name": "a"} if method == "POST" else None)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": 1}, []])
def test_a_body_that_is_no_item_is_refused_before_anything_is_done(client: TestClient, body: Any):
    assert client.post("/items", json=body).status_code == 422


def test_metrics_count_requests_by_pattern_not_by_path(client: TestClient):
    client.get(f"/items/{ITEM}/events")
    client.get("/nowhere/at/all")
    text = client.get("/metrics").text
    assert 'http_requests_total{method="GET",route="/items/{item}/events",status="503"} 1.0' in text
    assert 'http_requests_total{method="GET",route="other",status="404"} 1.0' in text
    assert 'health_component_status{component="postgres",status="fail"} 1.0' in text
