"""The line between the workers and the org, which can be made slow or half-open."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

CHUNK_BYTES = 65_536


class Line:
    """Passes TCP on from a port of its own to the org's.

    While it is held connections are made and requests are read, and nothing comes
    back; then those that were held are cut. `delay_seconds` is for each piece.
    """

    def __init__(self, to_port: int) -> None:
        self._to = ("127.0.0.1", to_port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._passes = threading.Event()
        self._passes.set()
        self._closed = threading.Event()
        self.delay_seconds = 0.0
        own_port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{own_port}"
        # The org answers nobody who asks for another host.
        self._hosts = _host(own_port), _host(to_port)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Let nothing come back, and cut what is open at the end."""
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
                back = threading.Thread(target=self._pass, args=(far, near, True))
                back.start()
                self._pass(near, far, False)
                back.join()
                with self._lock:
                    self._open -= {near, far}

    def _pass(self, out_of: socket.socket, into: socket.socket, is_back: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := out_of.recv(CHUNK_BYTES):
                if self.delay_seconds:
                    self._closed.wait(self.delay_seconds)
                if is_back:
                    self._passes.wait()
                into.sendall(piece if is_back else piece.replace(*self._hosts))
        for one in (out_of, into):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def _host(port: int) -> bytes:
    return f"Host: 127.0.0.1:{port}".encode()
