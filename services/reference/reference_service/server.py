"""The running service: HTTP server, background checks, watchdog, and how they start and stop."""

import asyncio
import contextlib
import gc
import logging
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import uvicorn

from reference_service.app import create_app
from reference_service.checks import check_makers
from reference_service.monitor import Board, watch
from reference_service.notify import notify, watchdog_interval
from reference_service.settings import Settings

log = logging.getLogger("reference_service")

# With uvicorn's own pauses this keeps a stop below the two seconds that the unit may rely on.
_GRACE_SECONDS = 1

# How long a connection that was taken has to bring its request, once the service is to stop.
_FIRST_REQUEST_SECONDS = 2


class _Server(uvicorn.Server):
    """uvicorn that says when it serves, idles, and leaves signals to us (its own handler ends in killing itself)."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serving = asyncio.Event()
        self.stopping = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.serving.set()

    async def main_loop(self) -> None:
        # uvicorn's own loop wakes ten times a second to see whether to stop, and once to renew the Date header.
        while not self.stopping.is_set():
            await self.on_tick(0)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self.stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # uvicorn hangs up on a connection that was taken but has not yet brought its request.
        for server in self.servers:
            server.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_REQUEST_SECONDS):
                # Two rounds of the loop at least: one that was accepted gets its protocol in the next.
                await asyncio.sleep(0.01)
                while any(getattr(each, "cycle", each) is None for each in self.server_state.connections):  # noqa: ASYNC110 (uvicorn has no event for it)
                    await asyncio.sleep(0.01)
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(settings: Settings, listener: socket.socket) -> None:
    """Serve on `listener` until SIGTERM or SIGINT."""
    asyncio.run(_serve(settings, listener))


async def _serve(settings: Settings, listener: socket.socket) -> None:
    makers = check_makers(settings)
    board = Board(makers, settings.timing.interval)
    server = _Server(
        uvicorn.Config(
            create_app(settings.service.name, board, settings.declared()),
            loop="asyncio",
            http="h11",
            ws="none",
            interface="asgi3",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )

    def stop() -> None:
        notify("STOPPING=1")
        server.should_exit = True
        server.stopping.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)

    serving = asyncio.create_task(server.serve(sockets=[listener]))
    announced = asyncio.create_task(server.serving.wait())
    await asyncio.wait([serving, announced], return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        announced.cancel()
        await serving
        return
    notify("READY=1")
    log.info("serving on port %d", settings.service.port)
    tasks = [asyncio.create_task(_keep_watchdog())]
    # One thread, so that the first driver is in use while the next one loads, and /livez answers meanwhile.
    with ThreadPoolExecutor(1) as loader:
        for make in makers.values():
            check = await loop.run_in_executor(loader, make)
            tasks.append(asyncio.create_task(watch(check, board, settings.timing)))
    gc.freeze()
    gc.enable()
    await serving
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=0.5)


async def _keep_watchdog() -> None:
    interval = watchdog_interval()
    while interval:
        notify("WATCHDOG=1")
        await asyncio.sleep(interval)
