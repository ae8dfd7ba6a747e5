"""TLS of the tests: a CA, certificates of it, and a server in front of a plain one."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from tests.e2e.deliveries import ROOT
from tests.e2e.polling import eventually
from tests.e2e.processes import Process
from worker.cli.processes import free_port

DAY = datetime.timedelta(days=1)


class Authority:
    """A CA, whose `ca_file` is to be trusted or not."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        usage = x509.KeyUsage(
            *(False, False, False, False, False, True, True, False, False)
        )
        certificate = (
            self._signed(self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.ca_file = folder / f"{name}.pem"
        self.ca_file.write_bytes(certificate.public_bytes(Encoding.PEM))

    def certify(self, address: str) -> Path:
        """A file with a certificate for an address, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, address)])
        names = [x509.IPAddress(ipaddress.ip_address(address))]
        ours = x509.AuthorityKeyIdentifier.from_issuer_public_key(
            self._key.public_key()
        )
        certificate = (
            self._signed(name, key)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(ours, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        path = self._folder / f"{address}.pem"
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(certificate.public_bytes(Encoding.PEM) + secret)
        return path

    def _signed(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey
    ) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - DAY)
            .not_valid_after(now + DAY)
        )


@contextmanager
def tls_in_front(folder: Path, target: int, certificate: Path) -> Iterator[int]:
    """A port that speaks TLS, and passes on to a plain port."""
    port = free_port()
    command = (sys.executable, "-m", "tests.brokers.tls_front")
    arguments = (str(port), str(target), str(certificate))
    process = Process((*command, *arguments), {}, ROOT, folder / f"tls-{port}")
    try:
        eventually(lambda: process.answers(_listens(port)), "the TLS server")
        yield port
    finally:
        process.kill_group()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
