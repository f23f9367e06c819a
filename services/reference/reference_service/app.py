"""The HTTP interface: /livez, /readyz, /health, /health/COMPONENT, /metrics.

Plain ASGI: for five fixed paths a framework would be a third of the time that a start takes.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from reference_service.health import Component, Declared
from reference_service.health_document import MEDIA_TYPE, SCHEMA_VERSION, health_document, http_status
from reference_service.monitor import Board
from reference_service.requests import Requests

_PATHS = ("/livez", "/readyz", "/health", "/metrics")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

_DESCRIPTION = "reference service: health only, until the application is installed"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes
    media_type: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


def create_app(service_id: str, board: Board, declared: Mapping[str, Declared]) -> Application:
    """Make the application that tells what `board` knows. `declared`: see health_document."""
    requests = Requests()

    async def application(scope: Message, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        answer = await _answer(scope["method"], scope["path"], service_id, board, declared, requests)
        headers = [
            (b"content-type", answer.media_type.encode()),
            (b"content-length", str(len(answer.body)).encode()),
            *answer.headers,
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        # The server leaves the body out where HEAD was asked.
        await send({"type": "http.response.body", "body": answer.body})
        method = scope["method"] if scope["method"] in _METHODS else "other"
        requests.record(_route(scope["path"]), method, answer.status, time.perf_counter() - started)

    return application


def _route(path: str) -> str:
    if path in _PATHS:
        return path
    return "/health/COMPONENT" if path.startswith("/health/") else "other"


async def _answer(
    method: str, path: str, service_id: str, board: Board, declared: Mapping[str, Declared], requests: Requests
) -> _Answer:
    name = path.removeprefix("/health/")
    if path not in _PATHS and (name == path or not name or "/" in name):
        return _json({"detail": "Not Found"}, 404, "application/json")
    if method not in ("GET", "HEAD"):
        return _json({"detail": "Method Not Allowed"}, 405, "application/json", ((b"allow", b"GET, HEAD"),))
    if path == "/livez":
        return _json({"schemaVersion": SCHEMA_VERSION, "status": "pass", "serviceId": service_id}, 200)
    if path == "/metrics":
        from reference_service import metrics

        return _Answer(200, await asyncio.to_thread(metrics.render, board, requests), metrics.MEDIA_TYPE)
    components = board.components()
    if path.startswith("/health/"):
        components = [component for component in components if component.name == name]
        if not components:
            return _json({"schemaVersion": SCHEMA_VERSION, "status": "fail", "serviceId": service_id}, 404)
    return _health(service_id, components, declared)


def _health(service_id: str, components: list[Component], declared: Mapping[str, Declared]) -> _Answer:
    document = health_document(service_id, _DESCRIPTION, components, declared)
    return _json(document, http_status(document["status"]))


def _json(
    document: dict[str, Any],
    status: int,
    media_type: str = MEDIA_TYPE,
    headers: tuple[tuple[bytes, bytes], ...] = ((b"cache-control", b"no-store"),),
) -> _Answer:
    return _Answer(status, json.dumps(document, separators=(",", ":")).encode(), media_type, headers)
