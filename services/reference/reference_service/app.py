"""The HTTP interface: /livez, /readyz, /health, /health/COMPONENT, /metrics."""

import asyncio
import json
from typing import Any

from fastapi import FastAPI, Response

from reference_service.health import Component
from reference_service.health_document import MEDIA_TYPE, SCHEMA_VERSION, health_document, http_status
from reference_service.monitor import Board

_DESCRIPTION = "reference service: health only, until the application is installed"


def create_app(service_id: str, board: Board) -> FastAPI:
    """Make the application that tells what `board` knows."""
    # The interface is five fixed paths: no pages and no schema to generate, and nothing leaves by OpenTelemetry.
    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
    )

    def answer(components: list[Component]) -> Response:
        document = health_document(service_id, _DESCRIPTION, components)
        return _json(document, http_status(document["status"]))

    @app.api_route("/livez", methods=["GET", "HEAD"])
    async def livez() -> Response:
        return _json({"schemaVersion": SCHEMA_VERSION, "status": "pass", "serviceId": service_id}, 200)

    @app.api_route("/readyz", methods=["GET", "HEAD"])
    @app.api_route("/health", methods=["GET", "HEAD"])
    async def health() -> Response:
        return answer(board.components())

    @app.api_route("/health/{name}", methods=["GET", "HEAD"])
    async def component_health(name: str) -> Response:
        components = [component for component in board.components() if component.name == name]
        if not components:
            return _json({"schemaVersion": SCHEMA_VERSION, "status": "fail", "serviceId": service_id}, 404)
        return answer(components)

    @app.api_route("/metrics", methods=["GET", "HEAD"])
    async def metrics() -> Response:
        from reference_service import metrics as exposition

        body = await asyncio.to_thread(exposition.render, board)
        return Response(body, media_type=exposition.MEDIA_TYPE)

    return app


def _json(document: dict[str, Any], status: int) -> Response:
    body = json.dumps(document, separators=(",", ":"))
    return Response(body, status, headers={"cache-control": "no-store"}, media_type=MEDIA_TYPE)
