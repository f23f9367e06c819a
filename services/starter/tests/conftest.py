import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
from event_store.pool import ConnectionPool

from a_service.settings import Settings

PREFIXES = ("SERVICE_", "POSTGRES_", "RABBITMQ_", "CREDENTIALS_", "STACK_", "NOTIFY_", "WATCHDOG_")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIXES)]:
        monkeypatch.delenv(name)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """A whole environment, with its secrets on disk."""
    for name in ("postgres", "rabbitmq"):
        (tmp_path / f"{name}_password").write_text(f"{name}-s3cret\n")
    values = {
        "SERVICE_PORT": "8099",
        "POSTGRES_HOST": "127.0.0.1",
        "POSTGRES_DATABASE": "store",
        "POSTGRES_USER": "app",
        "RABBITMQ_HOST": "127.0.0.1",
        "RABBITMQ_USER": "app",
        "RABBITMQ_QUEUE": "stack-a-service",
        "RABBITMQ_QUEUE_TYPE": "quorum",
        "CREDENTIALS_DIRECTORY": str(tmp_path),
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


@pytest.fixture
def settings() -> Settings:
    return Settings.model_validate(
        {"postgres_host": "127.0.0.1", "postgres_database": "d", "postgres_user": "u", "postgres_password": "p"}
    )


class AbsentPool:
    """A pool whose database is away."""

    async def open(self) -> None:
        pass

    async def close(self, timeout: float = 0) -> None:
        pass

    @asynccontextmanager
    async def connection(self, timeout: float = 0) -> AsyncIterator[Any]:
        raise psycopg.OperationalError("connection refused: Connection refused")
        yield


@pytest.fixture
def absent_pool() -> ConnectionPool:
    return cast(ConnectionPool, AbsentPool())
