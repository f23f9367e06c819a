import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

PREFIXES = ("STACK_", "SERVICE_", "HEALTH_", "POSTGRES_", "REDIS_", "RABBITMQ_", "CREDENTIALS_", "NOTIFY_", "WATCHDOG_")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIXES)]:
        monkeypatch.delenv(name)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """A whole, valid environment with its secrets on disk."""
    secrets = {"postgres": "pg-s3cret", "redis": "redis-s3cret", "rabbitmq": "mq-s3cret"}
    for name, secret in secrets.items():
        (tmp_path / f"{name}_password").write_text(secret + "\n")
    values = {
        "STACK_NAME": "stock-analysis",
        "SERVICE_NAME": "event-bus",
        "SERVICE_PORT": "8003",
        "POSTGRES_HOST": "127.0.0.1",
        "POSTGRES_DATABASE": "store",
        "POSTGRES_USER": "svc",
        "REDIS_NODES": "127.0.0.1:6379,127.0.0.1:6380",
        "RABBITMQ_HOST": "127.0.0.1",
        "RABBITMQ_USER": "svc",
        "RABBITMQ_VHOST": "/stock-analysis",
        "RABBITMQ_QUEUE": "event-bus",
        "STACK_SECRETS_DIR": str(tmp_path),
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


class StalledServer:
    """Accepts connections, reads what is sent, and never answers."""

    port: int = 0
    accepted: int = 0
    open: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self.open += 1
        try:
            while await reader.read(4096):
                pass
        except ConnectionError:
            pass
        finally:
            self.open -= 1
            writer.close()


@pytest.fixture
def stalled_server() -> Callable[[], AbstractAsyncContextManager[StalledServer]]:
    @asynccontextmanager
    async def start() -> AsyncIterator[StalledServer]:
        stalled = StalledServer()
        server = await asyncio.start_server(stalled.serve, "127.0.0.1", 0)
        stalled.port = server.sockets[0].getsockname()[1]
        try:
            yield stalled
        finally:
            server.close()

    return start


@pytest.fixture
def unused_tcp_port_number() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
