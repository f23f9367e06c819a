"""Prometheus metrics: requests, messages, the projection, the parts' health."""

import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from .health import Health

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The metrics of one application, in a registry of their own."""

    def __init__(self, health: Health) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.registry.register(_HealthCollector(health))
        self.requests = Counter(
            "http_requests",
            "Requests answered, by their route's pattern.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "http_request_duration_seconds",
            "From a request's headers to its answer.",
            ["route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.messages = Counter(
            "consumed_messages", "Messages of the queue, by what became of them.", ["outcome"], registry=self.registry
        )
        self.position = Gauge(
            "projection_position", "Position of the last event that is in the read model.", registry=self.registry
        )

    def render(self) -> bytes:
        """Return the exposition."""
        return generate_latest(self.registry)

    def measured(self, app: App) -> App:
        """Return the application, counted and timed."""

        async def counting(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                return await app(scope, receive, send)
            started = time.perf_counter()
            status = 500

            async def noting(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            try:
                await app(scope, receive, noting)
            finally:
                # A pattern, never a path: there are few of them.
                route = getattr(scope.get("route"), "path", "other")
                self.requests.labels(route, scope["method"], str(status)).inc()
                self.seconds.labels(route).observe(time.perf_counter() - started)

        return counting


class _HealthCollector:
    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "health_component_status", "1 for the status the component has.", labels=["component", "status"]
        )
        for name, (status, _) in self._health.components().items():
            for word in ("pass", "fail"):
                family.add_metric([name, word], float(status == word))
        yield family
