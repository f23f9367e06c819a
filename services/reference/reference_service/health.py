"""What is known of a component's health, and what it means as it grows old."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Status = Literal["pass", "warn", "fail"]

# After how many intervals without a new result the last one counts as warn, and then as fail.
WARN_AFTER_INTERVALS = 2.5
FAIL_AFTER_INTERVALS = 5.0

_SEVERITY: dict[Status, int] = {"pass": 0, "warn": 1, "fail": 2}


@dataclass(frozen=True)
class Result:
    """One finished check. `latency` in seconds; `finished` on the monotonic clock, `time` on the wall's."""

    status: Status
    code: str
    latency: float
    finished: float
    time: datetime


@dataclass(frozen=True)
class Declared:
    """What a component is called in a health document: its componentType, and its check."""

    kind: str
    check: str


@dataclass(frozen=True)
class Component:
    """A component as it stands now: its last result, with its age (seconds) taken into account."""

    name: str
    status: Status
    code: str
    result: Result | None
    age: float | None


def assess(name: str, result: Result | None, now: float, interval: float) -> Component:
    """Judge a component's last result at `now` (monotonic). A pass that grew old is never told as a pass."""
    if result is None:
        return Component(name, "fail", "starting", None, None)
    age = max(0.0, now - result.finished)
    status, code = result.status, result.code
    if age > FAIL_AFTER_INTERVALS * interval and status != "fail":
        status, code = "fail", "stale"
    elif age > WARN_AFTER_INTERVALS * interval and status == "pass":
        status, code = "warn", "stale"
    return Component(name, status, code, result, age)


def worst(statuses: list[Status]) -> Status:
    """Return the most severe status; pass where there is none."""
    return max(statuses, key=_SEVERITY.__getitem__, default="pass")
