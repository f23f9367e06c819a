"""The service's own function: its event loop gets to run when it should."""

import asyncio

from reference_service.checks.check import PASS, CheckFailed, Verdict

_PAUSE = 0.01
_WARN_SECONDS = 0.25
_FAIL_SECONDS = 1.0


class EventLoopCheck:
    """Measures how late the event loop wakes a sleeper."""

    name = "service"

    async def probe(self) -> Verdict:
        """Sleep a little and see how much longer it took."""
        loop = asyncio.get_running_loop()
        due = loop.time() + _PAUSE
        await asyncio.sleep(_PAUSE)
        return judge_lag(max(0.0, loop.time() - due))

    async def close(self) -> None:
        """Nothing is held."""


def judge_lag(seconds: float) -> Verdict:
    """Return what an event loop's lag means. Raises CheckFailed."""
    if seconds >= _FAIL_SECONDS:
        raise CheckFailed("event-loop-stalled")
    if seconds >= _WARN_SECONDS:
        return Verdict("warn", "event-loop-slow", seconds)
    return Verdict(PASS.status, PASS.code, seconds)
