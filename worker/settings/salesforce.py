"""How to log in to the org, and the key that seals the token in Redis. Floor 2."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from worker.model import OrgLogin
from worker.settings.environment import Environment

LEAST_KEY_BITS = 2048
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\Z", re.IGNORECASE)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_LOGIN_HOSTS = ("login.salesforce.com", "test.salesforce.com")


def org_login(environment: Environment) -> OrgLogin:
    """Return how to log in: by a private key where a user is named, else a secret."""
    domain = environment.required(
        "SALESFORCE_DOMAIN", "set the org's My Domain name, such as acme.my"
    )
    fix = "copy it from the org's External Client App"
    version = environment.text("SALESFORCE_API_VERSION", "67.0")
    if not re.fullmatch(r"\d{2,3}\.0", version):
        environment.faults.append("SALESFORCE_API_VERSION has to look like 67.0")
    client_id = environment.required("SALESFORCE_CLIENT_ID", fix)
    username, private_key = _user(environment)
    by_key = bool(username or private_key)
    url = _url(environment, domain, by_key=by_key) if domain else ""
    return OrgLogin(
        url=url,
        client_id=client_id,
        client_secret=_client_secret(environment, fix, by_key=by_key),
        api_version=version,
        username=username,
        private_key=private_key,
        audience=_audience(environment, url),
    )


def token_key(environment: Environment) -> str:
    """Return the key for the token that all processes share; unset, none is shared."""
    key = environment.text("TOKEN_KEY")
    try:
        Fernet(key or Fernet.generate_key())
    except ValueError:
        environment.faults.append(
            "TOKEN_KEY has to be 32 bytes in URL-safe base64; make one:"
            " python -c 'from cryptography.fernet import Fernet as F;"
            " print(F.generate_key().decode())'"
        )
    return key


def _user(environment: Environment) -> tuple[str, str]:
    """Return the user and the key of the JWT bearer flow, both or neither."""
    username = environment.text("SALESFORCE_USERNAME")
    faults_before = len(environment.faults)
    # A line of .env has no room for the lines of a key.
    private_key = environment.text("SALESFORCE_PRIVATE_KEY").replace("\\n", "\n")
    is_given = private_key or len(environment.faults) > faults_before
    if username and not is_given:
        environment.faults.append(
            "SALESFORCE_PRIVATE_KEY is not set: SALESFORCE_USERNAME logs in by a key;"
            " set SALESFORCE_PRIVATE_KEY_FILE, or unset SALESFORCE_USERNAME"
        )
    if private_key and not username:
        environment.faults.append(
            "SALESFORCE_USERNAME is not set: name the user that SALESFORCE_PRIVATE_KEY"
            " logs in"
        )
    if private_key and not _is_good_key(private_key):
        environment.faults.append(
            "SALESFORCE_PRIVATE_KEY has to be an RSA key of 2048 bits or more, as PEM"
            " without a password: openssl genrsa -out salesforce.pem 2048"
        )
    return username, private_key


def _is_good_key(pem: str) -> bool:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return isinstance(key, RSAPrivateKey) and key.key_size >= LEAST_KEY_BITS


def _client_secret(environment: Environment, fix: str, *, by_key: bool) -> str:
    if not by_key:
        return environment.required("SALESFORCE_CLIENT_SECRET", fix)
    if environment.text("SALESFORCE_CLIENT_SECRET"):
        environment.faults.append(
            "SALESFORCE_CLIENT_SECRET and SALESFORCE_USERNAME are both set: unset the"
            " one that is not how crm-sync logs in"
        )
    return ""


def _audience(environment: Environment, url: str) -> str:
    """Return whom the assertion is for: Salesforce's door, not the org's own."""
    host = urlsplit(url).hostname or ""
    is_test = (
        host == "test.salesforce.com"
        # Sandboxes are acme--name.sandbox.my, and acme--name.my where they are old.
        or "--" in host.split(".")[0]
        or host.endswith((".sandbox.my.salesforce.com", ".scratch.my.salesforce.com"))
    )
    found = environment.text(
        "SALESFORCE_AUDIENCE", f"https://{_LOGIN_HOSTS[1 if is_test else 0]}"
    )
    parts = urlsplit(found)
    if parts.scheme != "https" or not parts.hostname or parts.path.strip("/"):
        environment.faults.append(
            "SALESFORCE_AUDIENCE has to be a login host such as"
            " https://login.salesforce.com"
        )
    return found.rstrip("/")


def _url(environment: Environment, domain: str, *, by_key: bool) -> str:
    """Return the login URL; plain HTTP is for the local org on this machine alone."""
    if domain.startswith("http://"):
        parts = urlsplit(domain)
        if parts.hostname in _LOOPBACK:
            return f"http://{parts.netloc}"
    host = domain.removeprefix("https://").rstrip("/")
    is_shared = host in ("login", "test") or host.startswith(("login.", "test."))
    if not _HOST.match(host):
        environment.faults.append(
            "SALESFORCE_DOMAIN has to be a My Domain name such as acme.my or"
            " acme--test.sandbox.my; http:// is only for a local org on 127.0.0.1"
        )
    elif is_shared and not by_key:
        environment.faults.append(
            f"SALESFORCE_DOMAIN is {host!r}, which refuses client credentials:"
            " set the org's My Domain name, such as acme.my"
        )
    suffix = "" if host.endswith(".salesforce.com") else ".salesforce.com"
    return f"https://{host}{suffix}"
