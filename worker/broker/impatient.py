"""Connections to RabbitMQ that wait for no answer for long. Floor 2."""

from __future__ import annotations

from typing import Any

from kombu.transport import pyamqp


class Transport(pyamqp.Transport):
    """Like Celery's own, but each read and write has the connection's timeout.

    Without it a RabbitMQ that hangs would hold up even the end of a connection to it.
    """

    def establish_connection(self) -> Any:
        """Return a connection, with the timeout on its socket."""
        connection: Any = super().establish_connection()  # type: ignore[no-untyped-call]
        client: Any = self.client
        connection.sock.settimeout(client.connect_timeout)
        return connection
