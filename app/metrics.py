"""Figures for Prometheus, one registry per process."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds in seconds."""


class Durations(Collector):
    """How long operations took, by kind. Only the event loop writes, so counting needs none of the library's locks."""

    def __init__(self) -> None:
        self._counts = {kind: [0] * (len(BUCKETS) + 1) for kind in ("query", "mutation", "subscription")}
        self._sums = dict.fromkeys(self._counts, 0.0)

    def observe(self, kind: str, seconds: float) -> None:
        self._counts[kind][bisect_left(BUCKETS, seconds)] += 1
        self._sums[kind] += seconds

    def collect(self) -> Iterator[HistogramMetricFamily]:
        family = HistogramMetricFamily("anju_request_seconds", "Time to run an operation", labels=["kind"])
        bounds = [*map(str, BUCKETS), "+Inf"]
        for kind, counts in self._counts.items():
            family.add_metric([kind], list(zip(bounds, accumulate(counts), strict=True)), self._sums[kind])
        yield family


class Metrics:
    """The edge's figures. Labels are few and fixed: no operation names, no accounts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.failures = Counter(
            "anju_request_failures", "Requests that failed as a whole, by error code", ["code"], registry=self.registry
        )
        self.under_way = Gauge("anju_requests_under_way", "Requests being executed", registry=self.registry)
        self.connections = Gauge("anju_connections", "Open WebSocket and SSE connections", registry=self.registry)
        self.subscriptions = Gauge("anju_subscriptions", "Running subscriptions", registry=self.registry)
        self.documents = Gauge("anju_documents", "Documents in the cache", registry=self.registry)
        durations = Durations()
        self.registry.register(durations)
        self.answered = durations.observe

    def failed(self, code: str) -> None:
        """A request was refused or failed as a whole."""
        self.failures.labels(code).inc()

    def exposition(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self.registry)
