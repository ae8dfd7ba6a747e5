"""The line between the workers and the org, which can be made slow or half-open."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

CHUNK_BYTES = 65_536


class Line:
    """Passes TCP on from a port of its own to the org's.

    While it is held connections are made and requests passed on, and nothing comes
    back; then all are cut. `delay_seconds` is for each piece.
    """

    def __init__(self, to_port: int) -> None:
        self._to = ("127.0.0.1", to_port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._passes = threading.Event()
        self._passes.set()
        self._closed = threading.Event()
        self._word = b""
        self.delay_seconds = 0.0
        own_port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{own_port}"
        # The org answers nobody who asks for another host.
        self._hosts = _host(own_port), _host(to_port)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def held(self, word: bytes = b"") -> Iterator[None]:
        """Let nothing come back once the word was sent, and cut all at the end."""
        self._word = word
        self._passes.clear()
        try:
            yield
        finally:
            self.cut()
            self._passes.set()

    def cut(self) -> None:
        """Close every connection, in the middle of whatever it is at."""
        with self._lock:
            sockets, self._open = self._open, set()
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._closed.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._passes.set()
        self.cut()
        self._thread.join()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near:
            try:
                far = socket.create_connection(self._to)
            except OSError:
                return
            with far:
                with self._lock:
                    self._open |= {near, far}
                asked = threading.Event()
                back = threading.Thread(target=self._answer, args=(far, near, asked))
                back.start()
                self._ask(near, far, asked)
                back.join()
                with self._lock:
                    self._open -= {near, far}

    def _ask(
        self, near: socket.socket, far: socket.socket, asked: threading.Event
    ) -> None:
        with _both_closed(near, far):
            while piece := near.recv(CHUNK_BYTES):
                if not self._passes.is_set() and self._word in piece:
                    asked.set()
                self._closed.wait(self.delay_seconds)
                far.sendall(piece.replace(*self._hosts))

    def _answer(
        self, far: socket.socket, near: socket.socket, asked: threading.Event
    ) -> None:
        with _both_closed(near, far):
            while piece := far.recv(CHUNK_BYTES):
                self._closed.wait(self.delay_seconds)
                if asked.is_set():
                    self._passes.wait()
                near.sendall(piece)


@contextlib.contextmanager
def _both_closed(*sockets: socket.socket) -> Iterator[None]:
    """Shut both sides, however the block ends."""
    with contextlib.suppress(OSError):
        yield
    for one in sockets:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


def _host(port: int) -> bytes:
    return f"Host: 127.0.0.1:{port}".encode()
