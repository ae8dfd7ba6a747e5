"""`python -m tests.brokers.tls_front PORT TARGET CERT`: TLS before a plain port."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import sys
from asyncio import StreamReader, StreamWriter


async def pump(source: StreamReader, sink: StreamWriter) -> None:
    """Pass on what comes, and that nothing comes any more."""
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    sink.close()


async def serve(port: int, target: int, cert: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert)

    async def forward(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            inner = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, inner[1]), pump(inner[0], writer))

    server = await asyncio.start_server(forward, "127.0.0.1", port, ssl=context)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
