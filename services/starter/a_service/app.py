"""The application: its interface over HTTP, and what runs beside it, from start to end."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import psycopg
from event_store import WrongVersionError, follow, read_stream
from event_store.connect import connection_arguments
from event_store.health import failure_code
from event_store.pool import ConnectionPool, make_pool
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from .consumer import consume, handler
from .health import Health, watch_postgres
from .items import STREAM, ItemName, NoSuchItemError, add_item, rename_item
from .metrics import App, Metrics
from .notify import keep_watchdog, notify
from .projection import ItemsProjection, list_items
from .settings import Settings

log = logging.getLogger(__name__)


def create_app(settings: Settings, pool: ConnectionPool | None = None) -> App:
    """Make the application. `pool`: a test's own."""
    pool = pool or _pool(settings)
    parts = ["postgres", "projection", *(["rabbitmq"] if settings.rabbitmq_host else [])]
    health = Health(parts)
    metrics = Metrics(health)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # Not waited for: without its database the service starts all the same, and says what it lacks.
        await pool.open()
        tasks = [asyncio.create_task(work) for work in _work(settings, pool, health, metrics)]
        notify("READY=1")
        log.info("serving on port %d", settings.service_port)
        yield
        notify("STOPPING=1")
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=2)
        await pool.close(timeout=2)

    app = FastAPI(title=settings.service_name, lifespan=lifespan)
    _add_own_routes(app, health, metrics)
    _add_item_routes(app, pool)

    @app.exception_handler(psycopg.OperationalError)
    async def database_away(_: Request, error: psycopg.OperationalError) -> JSONResponse:
        log.warning("the database failed a request: %s", failure_code(error) or "unreachable")
        return JSONResponse({"detail": "the event store can't be reached"}, 503, headers={"retry-after": "1"})

    return metrics.measured(app)


def _pool(settings: Settings) -> ConnectionPool:
    arguments = connection_arguments(
        host=settings.postgres_host,
        port=settings.postgres_port,
        database=settings.postgres_database,
        user=settings.postgres_user,
        password=settings.postgres_password.get_secret_value(),
        client=settings.service_name,
    )
    return make_pool(arguments, max_size=settings.postgres_pool)


def _work(settings: Settings, pool: ConnectionPool, health: Health, metrics: Metrics) -> list[Any]:
    def at(position: int) -> None:
        # While it catches up it is well, and not ready.
        health.tell("projection", "ok", ready=False)
        metrics.position.set(position)

    def caught_up(_: int) -> None:
        health.tell("projection", "ok")

    def failed(error: Exception) -> None:
        if isinstance(error, psycopg.OperationalError):
            health.tell("projection", "waiting")
            return
        health.tell("projection", "failing")
        log.error("the projection can't go on: %s", type(error).__name__, exc_info=error)

    work: list[Any] = [
        keep_watchdog(),
        watch_postgres(pool, health),
        follow(pool, ItemsProjection(), at=at, caught_up=caught_up, failed=failed),
    ]
    if settings.rabbitmq_host:

        def settled(outcome: str) -> None:
            metrics.messages.labels(outcome).inc()

        work.append(consume(settings, handler(pool), health, settled))
    return work


def _add_own_routes(app: FastAPI, health: Health, metrics: Metrics) -> None:
    # The stack's agent asks this: 200 is well, 503 is not.
    @app.get("/health", include_in_schema=False)
    async def tell_health() -> Response:
        status, body = health.document()
        return JSONResponse(body, status, media_type="application/health+json", headers={"cache-control": "no-store"})

    # For who sends requests: all parts have worked since the start, and the read model has caught up.
    @app.get("/ready", include_in_schema=False)
    async def tell_ready() -> Response:
        status, body = health.ready()
        return JSONResponse(body, status, headers={"cache-control": "no-store"})

    @app.get("/metrics", include_in_schema=False)
    async def tell_metrics() -> Response:
        return Response(metrics.render(), media_type=CONTENT_TYPE_LATEST)


def _add_item_routes(app: FastAPI, pool: ConnectionPool) -> None:
    @app.post("/items", status_code=201)
    async def add(body: ItemName) -> dict[str, Any]:
        """Add an item; `position` tells when the read model has it."""
        async with pool.connection() as connection:
            item, appended = await add_item(connection, body.name)
        return {"id": item, "version": appended.event_version, "position": appended.global_position}

    @app.put("/items/{item}/name")
    async def rename(item: UUID, body: ItemName) -> dict[str, Any]:
        """Rename an item."""
        async with pool.connection() as connection:
            try:
                renamed = await rename_item(connection, item, body.name)
            except NoSuchItemError:
                raise HTTPException(404, "there is no such item") from None
            except WrongVersionError:
                raise HTTPException(409, "somebody else has changed it meanwhile: look again") from None
        return {"id": item, "name": renamed.name, "version": renamed.version}

    @app.get("/items")
    async def items() -> dict[str, Any]:
        """List items, as the read model has them."""
        async with pool.connection() as connection:
            try:
                return await list_items(connection)
            except psycopg.errors.UndefinedTable:
                return {"position": 0, "items": []}

    @app.get("/items/{item}/events")
    async def events(item: UUID) -> list[dict[str, Any]]:
        """List an item's events, as the store has them."""
        async with pool.connection() as connection:
            found = await read_stream(connection, STREAM, str(item))
        if not found:
            raise HTTPException(404, "there is no such item")
        return [
            {"type": one.event_type, "version": one.event_version, "data": one.event_data, "at": one.created_at}
            for one in found
        ]
