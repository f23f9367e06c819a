"""Checks in the background. Requests are answered from the board, so no number of them can load a database."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from reference_service.checks.check import PASS, Check, CheckFailed, Verdict, failure_code
from reference_service.health import Component, Result, assess
from reference_service.settings import Timing

log = logging.getLogger(__name__)


class Board:
    """The last result of every component, and how often each code was seen."""

    def __init__(self, names: Iterable[str], interval: float) -> None:
        self._results: dict[str, Result | None] = dict.fromkeys(names)
        self._interval = interval
        self.counts: Counter[tuple[str, str]] = Counter()

    def record(self, name: str, result: Result) -> Result | None:
        """Keep a component's new result and return the one before."""
        previous, self._results[name] = self._results[name], result
        self.counts[name, result.code] += 1
        return previous

    def components(self) -> list[Component]:
        """Return every component as it stands now."""
        now = time.monotonic()
        return [assess(name, result, now, self._interval) for name, result in self._results.items()]


@dataclass(frozen=True)
class _Finding:
    result: Result
    detail: str | None


async def watch(check: Check, board: Board, timing: Timing) -> None:
    """Check one component for ever, and sooner again while it fails. Closes the check's client when cancelled."""
    try:
        while True:
            finding = await _run(check, timing.timeout)
            previous = board.record(check.name, finding.result)
            if previous is None or previous.code != finding.result.code:
                _report(check.name, finding)
            await asyncio.sleep(timing.retry if finding.result.status == "fail" else timing.interval)
    finally:
        await check.close()


async def _run(check: Check, timeout: float) -> _Finding:
    started = time.monotonic()
    verdict: Verdict = PASS
    detail: str | None = None
    try:
        # Cancels the probe, which hangs up its client before it lets go.
        async with asyncio.timeout(timeout):
            verdict = await check.probe()
    except Exception as error:  # noqa: BLE001 (whatever a driver raises is a failed check, not a dead monitor)
        # Only words are kept: the exception's frames would hold a driver's half-open connection.
        verdict, detail = Verdict("fail", failure_code(error)), _describe(error)
    finished = time.monotonic()
    latency = finished - started if verdict.seconds is None else verdict.seconds
    return _Finding(Result(verdict.status, verdict.code, latency, finished, datetime.now(UTC)), detail)


def _report(name: str, finding: _Finding) -> None:
    result = finding.result
    level = logging.INFO if result.status == "pass" else logging.WARNING
    fields: dict[str, object] = {"component": name, "status": result.status, "code": result.code}
    if finding.detail:
        fields["error"] = finding.detail
    log.log(level, "%s: %s (%s)", name, result.status, result.code, extra={"fields": fields})


def _describe(error: Exception) -> str | None:
    cause = error.__cause__ if isinstance(error, CheckFailed) else error
    return None if cause is None else f"{type(cause).__name__}: {cause}".removesuffix(": ")
