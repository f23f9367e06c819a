"""Prometheus metrics. Only imported by the first scrape: it isn't needed to start."""

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from reference_service.monitor import Board
from reference_service.requests import BUCKETS, Requests

MEDIA_TYPE = CONTENT_TYPE_LATEST
_STATUSES = ("pass", "warn", "fail")


class _BoardCollector:
    def __init__(self, board: Board) -> None:
        self._board = board

    def collect(self) -> Iterator[Metric]:
        components = self._board.components()
        status = GaugeMetricFamily(
            "health_component_status", "1 for the status the component has.", labels=["component", "status"]
        )
        latency = GaugeMetricFamily(
            "health_check_latency_seconds", "Latency the last check observed.", labels=["component"]
        )
        age = GaugeMetricFamily("health_check_age_seconds", "Age of the last check's result.", labels=["component"])
        total = CounterMetricFamily("health_checks", "Finished checks by outcome.", labels=["component", "code"])
        for component in components:
            for word in _STATUSES:
                status.add_metric([component.name, word], float(component.status == word))
            if component.result and component.age is not None:
                latency.add_metric([component.name], component.result.latency)
                age.add_metric([component.name], component.age)
        for (name, code), count in sorted(self._board.counts.copy().items()):
            total.add_metric([name, code], count)
        yield from (status, latency, age, total)


class _RequestsCollector:
    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    def collect(self) -> Iterator[Metric]:
        total = CounterMetricFamily(
            "http_requests", "Requests answered, by their route's pattern.", labels=["route", "method", "status"]
        )
        for (route, method, status), count in sorted(self._requests.counts.copy().items()):
            total.add_metric([route, method, str(status)], count)
        duration = HistogramMetricFamily(
            "http_request_duration_seconds", "From a request's headers to its answer.", labels=["route"]
        )
        for route, durations in sorted(self._requests.durations.copy().items()):
            bounds = [*map(str, BUCKETS), "+Inf"]
            duration.add_metric([route], list(zip(bounds, accumulate(durations.counts), strict=True)), durations.total)
        yield from (total, duration)


def render(board: Board, requests: Requests) -> bytes:
    """Return the exposition of the board, of requests and of the process itself."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    registry.register(_BoardCollector(board))
    registry.register(_RequestsCollector(requests))
    return generate_latest(registry)
