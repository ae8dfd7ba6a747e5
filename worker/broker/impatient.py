"""Connections to RabbitMQ that wait for no answer for long. Floor 2."""

from __future__ import annotations

from typing import Any

from kombu.transport import pyamqp


class Transport(pyamqp.Transport):  # type: ignore[misc]
    """Like Celery's own, but each read and write has the connection's timeout.

    Without it a RabbitMQ that hangs would hold up even the end of a connection to it.
    """

    def establish_connection(self) -> Any:
        """Return a connection, with the timeout on its socket."""
        connection = super().establish_connection()
        connection.sock.settimeout(self.client.connect_timeout)
        return connection
