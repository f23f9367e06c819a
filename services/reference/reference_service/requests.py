"""What was asked and how long it took, for /metrics. Plain counts: the first scrape only loads prometheus_client."""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

# Seconds: what answers from memory is in the first of them, what asks a database in the last.
BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass
class Durations:
    """How many took at most so long (the last: longer than all), and all of it, in seconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    total: float = 0.0


class Requests:
    """Counts requests by route, method and status. A route is a pattern, never a path: there are few of them."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str, int]] = Counter()
        self.durations: dict[str, Durations] = {}

    def record(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request that was answered."""
        self.counts[route, method, status] += 1
        durations = self.durations.setdefault(route, Durations())
        durations.counts[bisect_left(BUCKETS, seconds)] += 1
        durations.total += seconds
