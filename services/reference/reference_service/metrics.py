"""Prometheus metrics. Only imported by the first scrape: it isn't needed to start."""

from collections.abc import Iterator

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from reference_service.monitor import Board

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


def render(board: Board) -> bytes:
    """Return the exposition of the board and of the process itself."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    registry.register(_BoardCollector(board))
    return generate_latest(registry)
