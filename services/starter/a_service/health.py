"""What is known of each part's health. Requests are answered from it: no number of them asks a database."""

import asyncio
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from event_store.health import failure_code, probe_query
from event_store.pool import ConnectionPool
from psycopg_pool import PoolTimeout

log = logging.getLogger(__name__)

Status = Literal["pass", "fail"]

_INTERVAL = 2.0
_TIMEOUT = 1.5


@dataclass(frozen=True)
class Found:
    """A part's state; `code` is a stable word that monitors may rely on. `at` is of the monotonic clock."""

    status: Status
    code: str
    at: float


class Health:
    """The last word of every part. One that says nothing for too long counts as `stale`, never as well."""

    def __init__(self, parts: Iterable[str], stale_after: float = 15.0) -> None:
        self._found: dict[str, Found] = {part: Found("fail", "starting", time.monotonic()) for part in parts}
        self._stale_after = stale_after
        self._ready: set[str] = set()

    def tell(self, part: str, code: str, *, ready: bool = True) -> None:
        """Note how a part is: `ok`, or what is wrong. A change is logged. `ready`: where it is well it is ready too."""
        before = self._found[part]
        self._found[part] = Found("pass" if code == "ok" else "fail", code, time.monotonic())
        if code == "ok" and ready:
            self._ready.add(part)
        if before.code != code:
            level = logging.INFO if code == "ok" else logging.WARNING
            log.log(level, "%s: %s", part, code, extra={"fields": {"component": part, "code": code}})

    def components(self) -> dict[str, tuple[Status, str]]:
        """Return status and code of each part as it stands now."""
        now = time.monotonic()
        return {
            part: ("fail", "stale")
            if found.status == "pass" and now - found.at > self._stale_after
            else (found.status, found.code)
            for part, found in self._found.items()
        }

    def document(self) -> tuple[int, dict[str, Any]]:
        """Return HTTP status and body: 200 while all is well, else 503. It names parts, and no more."""
        components = self.components()
        is_well = all(status == "pass" for status, _ in components.values())
        body = {
            "schemaVersion": 1,
            "status": "pass" if is_well else "fail",
            "components": [
                {"name": name, "status": status, "code": code} for name, (status, code) in components.items()
            ],
        }
        return (200 if is_well else 503), body

    def ready(self) -> tuple[int, dict[str, Any]]:
        """Return HTTP status and body: 200 once each part has been ready since the start, whatever it is now."""
        waiting = [part for part in self._found if part not in self._ready]
        return (503 if waiting else 200), {"ready": not waiting, "waitingFor": waiting}


async def watch_postgres(pool: ConnectionPool, health: Health) -> None:
    """Look for ever whether this service may read the event store and append to it."""
    while True:
        health.tell("postgres", await _postgres(pool))
        await asyncio.sleep(_INTERVAL)


async def _postgres(pool: ConnectionPool) -> str:
    try:
        async with asyncio.timeout(_TIMEOUT), pool.connection(timeout=_TIMEOUT) as connection:
            cursor = await connection.execute(probe_query())
            row = await cursor.fetchone()
    except (TimeoutError, PoolTimeout):
        return "timeout"
    except psycopg.Error as error:
        return failure_code(error) or "unreachable"
    return "ok" if row is not None and row[1] else "denied"
