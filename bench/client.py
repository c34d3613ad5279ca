"""The load generator: keep-alive connections without pipelining, one loop over epoll, no more work than counting.

Written for being cheap (some fifteen microseconds a request), because it shares its core with the database: what it
costs is taken from all contenders alike.
"""

import select
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

RECEIVE = 1 << 18


class LoadError(Exception):
    """A server gave anything but a plain good answer."""


@dataclass
class Sample:
    """What one round showed."""

    seconds: float = 0.0
    latencies: list[int] = field(default_factory=list)
    """Nanoseconds from sending to the answer's last byte."""
    body_bytes: int = 0

    @property
    def rps(self) -> float:
        return len(self.latencies) / self.seconds

    def quantile_ms(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] / 1e6


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    sent: int = 0
    wanted: int = 0
    """Bytes of the answer still to come; 0 before its head was read."""
    head: bytes = b""


def drive(port: int, requests: Iterator[bytes], *, connections: int, seconds: float) -> Sample:
    """Send requests to 127.0.0.1:port for some seconds, each connection the next one when its answer is complete."""
    sample = Sample()
    poll = select.epoll()
    open_: dict[int, _Connection] = {}
    clock = time.perf_counter_ns
    latencies = sample.latencies
    try:
        for _ in range(connections):
            connection = _Connection(_connect(port))
            open_[connection.socket.fileno()] = connection
            poll.register(connection.socket.fileno(), select.EPOLLIN)
        started = clock()
        for connection in open_.values():
            connection.sent = clock()
            connection.socket.sendall(next(requests))
        end = started + int(seconds * 1e9)
        waiting = len(open_)
        while waiting:
            for fileno, _ in poll.poll(10):
                connection = open_[fileno]
                received = connection.socket.recv(RECEIVE)
                if not received:
                    raise LoadError("the server closed a connection")
                if connection.wanted:
                    connection.wanted -= len(received)
                else:
                    connection.wanted = _still_wanted(connection, received, sample)
                    if connection.wanted < 0:
                        connection.wanted = 0
                        continue
                if connection.wanted:
                    continue
                now = clock()
                latencies.append(now - connection.sent)
                if now < end:
                    connection.sent = now
                    connection.socket.sendall(next(requests))
                else:
                    waiting -= 1
        sample.seconds = (clock() - started) / 1e9
    finally:
        for connection in open_.values():
            connection.socket.close()
        poll.close()
    return sample


def ask(port: int, request: bytes) -> tuple[int, bytes]:
    """One request by itself: status and body."""
    with connected(port) as sock:
        return exchange(sock, request)


def connected(port: int) -> socket.socket:
    """A connection for one request after the other."""
    sock = _connect(port)
    sock.settimeout(30)
    return sock


def exchange(sock: socket.socket, request: bytes) -> tuple[int, bytes]:
    """One request over a connection: status and body."""
    sock.sendall(request)
    data = b""
    while b"\r\n\r\n" not in data:
        data += _received(sock)
    head, _, body = data.partition(b"\r\n\r\n")
    length = _length(head)
    while len(body) < length:
        body += _received(sock)
    return int(head[9:12]), body


def _received(sock: socket.socket) -> bytes:
    data = sock.recv(RECEIVE)
    if not data:
        raise LoadError("the server closed the connection")
    return data


def _connect(port: int) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port), timeout=10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.settimeout(10)
    return sock


def _still_wanted(connection: _Connection, received: bytes, sample: Sample) -> int:
    data = connection.head + received if connection.head else received
    end = data.find(b"\r\n\r\n")
    if end < 0:
        connection.head = data
        return -1
    connection.head = b""
    # GraphQL errors come with status 200 or 4xx, and first in the body.
    if not data.startswith(b"HTTP/1.1 200") or data.find(b'"errors"', end, end + 40) >= 0:
        raise LoadError(data[:2000].decode("utf-8", "replace"))
    length = _length(data[:end])
    sample.body_bytes += length
    return length - (len(data) - end - 4)


def _length(head: bytes) -> int:
    lowered = head.lower()
    at = lowered.find(b"content-length:")
    if at < 0:
        raise LoadError(f"no content-length in {head[:300]!r}")
    line_end = lowered.find(b"\r\n", at)
    return int(lowered[at + 15 : line_end if line_end >= 0 else None])
