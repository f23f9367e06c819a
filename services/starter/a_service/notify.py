"""systemd's notifications: sd_notify(3), sd_watchdog_enabled(3). Nothing happens where nobody listens."""

import asyncio
import os
import socket


def notify(state: str) -> None:
    """Tell the service manager, READY=1 say."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.setblocking(False)
            channel.sendto(state.encode(), address)
    except OSError:
        return


async def keep_watchdog() -> None:
    """Say twice within the unit's WatchdogSec= that the event loop still gets to run: else systemd restarts it."""
    interval = int(os.environ.get("WATCHDOG_USEC") or 0) / 2_000_000
    while interval:
        notify("WATCHDOG=1")
        await asyncio.sleep(interval)
