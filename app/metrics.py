"""Figures for Prometheus, one registry per process."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
KINDS = ("query", "mutation", "subscription")


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
        seconds = Histogram(
            "anju_request_seconds", "Time to run an operation", ["kind"], buckets=BUCKETS, registry=self.registry
        )
        self._seconds = {kind: seconds.labels(kind) for kind in KINDS}

    def answered(self, kind: str, seconds: float) -> None:
        """An operation was executed."""
        self._seconds[kind].observe(seconds)

    def failed(self, code: str) -> None:
        """A request was refused or failed as a whole."""
        self.failures.labels(code).inc()

    def exposition(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self.registry)
