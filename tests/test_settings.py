"""The settings: all faults at once, each with its fix; secrets never shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from worker import sources
from worker.errors import SettingsFault
from worker.settings import Needs, Settings, load_settings

ROOT = Path(__file__).parents[1]
EVERYTHING = Needs.WEBHOOK_SECRETS | Needs.SALESFORCE
GOOD = {
    "CONFIG_DIR": str(ROOT / "config"),
    "CORA_WEBHOOK_SECRET": "cora-secret-value",
    "ALTUR_WEBHOOK_SECRET": "MDEyMzQ1Njc4OWFiY2RlZg==",
    "VOCOBASE_WEBHOOK_SECRET": "whsec_vocobase-secret-value",
    "FREECLIMB_SIGNING_SECRET": "sigsec_freeclimb-secret-value",
    "SALESFORCE_DOMAIN": "acme.my",
    "SALESFORCE_CLIENT_ID": "client-id",
    "SALESFORCE_CLIENT_SECRET": "client-secret-value",
}


def faults(needs: Needs = EVERYTHING, **changes: str | None) -> tuple[str, ...]:
    variables = {k: v for k, v in {**GOOD, **changes}.items() if v is not None}
    with pytest.raises(SettingsFault, match="cannot be used") as caught:
        load_settings(variables, needs)
    return caught.value.faults


def good(needs: Needs = EVERYTHING, **changes: str) -> Settings:
    return load_settings({**GOOD, **changes}, needs)


def test_every_missing_variable_is_named_at_once_with_its_fix() -> None:
    with pytest.raises(SettingsFault, match="cannot be used") as caught:
        load_settings({"CONFIG_DIR": GOOD["CONFIG_DIR"]}, EVERYTHING)

    named = [fault.split()[0] for fault in caught.value.faults]
    assert sorted(named) == sorted(set(GOOD) - {"CONFIG_DIR"})
    assert all(":" in fault for fault in caught.value.faults)


def test_what_a_process_does_not_need_may_stay_unset() -> None:
    settings = load_settings({"CONFIG_DIR": GOOD["CONFIG_DIR"]}, Needs.NOTHING)

    assert settings.salesforce is None
    assert sorted(settings.connections) == ["altur", "cora", "freeclimb", "vocobase"]
    assert settings.database_url == "sqlite:///crm-sync.db"


@pytest.mark.parametrize("token", ["short", "x" * 15, "a b" * 9, "é" * 20, "a\tb" * 9])
def test_a_token_that_is_short_or_cannot_be_sent_is_a_fault(token: str) -> None:
    (fault,) = faults(METRICS_TOKEN=token)

    assert fault.startswith("METRICS_TOKEN has to be 16 or more")
    assert token not in fault


def test_the_token_for_the_metrics_may_be_unset_or_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("a-token-of-the-tests\n", encoding="utf-8")
    settings = good(METRICS_TOKEN_FILE=str(path))

    assert good().metrics_token == ""
    assert settings.metrics_token == "a-token-of-the-tests"
    assert "a-token" not in repr(settings)


def test_the_pause_comes_not_before_the_slowing_down() -> None:
    found = faults(API_BUDGET_PERCENT="90", API_PAUSE_PERCENT="80")
    defaults = good()

    assert found == (
        "API_PAUSE_PERCENT has to be at least API_BUDGET_PERCENT: 80 is less than 90",
    )
    assert (defaults.api_budget_percent, defaults.api_pause_percent) == (80, 95)


def test_secrets_are_in_no_repr() -> None:
    shown = repr(good(DATABASE_URL="postgresql://user:pass-word@host/db"))

    for secret in ("secret-value", "pass-word", GOOD["ALTUR_WEBHOOK_SECRET"]):
        assert secret not in shown


def test_several_secrets_are_accepted_while_rotating() -> None:
    settings = good(CORA_WEBHOOK_SECRET="new, old")

    assert settings.connections["cora"].secrets == ("new", "old")


def test_a_secret_can_be_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("from-a-file\n", encoding="utf-8")
    variables = {k: v for k, v in GOOD.items() if k != "SALESFORCE_CLIENT_SECRET"}

    settings = load_settings(
        {**variables, "SALESFORCE_CLIENT_SECRET_FILE": str(path)}, EVERYTHING
    )

    assert settings.salesforce is not None
    assert settings.salesforce.client_secret == "from-a-file"


def test_a_file_that_cannot_be_read_is_a_fault() -> None:
    (fault,) = faults(
        SALESFORCE_CLIENT_SECRET=None, SALESFORCE_CLIENT_SECRET_FILE="/nowhere"
    )

    assert fault.startswith("SALESFORCE_CLIENT_SECRET_FILE cannot be read")


def test_a_variable_and_its_file_at_once_are_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "id"
    path.write_text("x", encoding="utf-8")

    (fault,) = faults(SALESFORCE_CLIENT_ID_FILE=str(path))

    assert fault.startswith("SALESFORCE_CLIENT_ID and SALESFORCE_CLIENT_ID_FILE")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DATABASE_URL", "mysql://x", "has to be sqlite:///file or postgresql://"),
        ("REDIS_URL", "http://x", "has to be redis://host:port/number"),
        ("DATABASE_URL", "postgresql://u:p@ss@host:54x/db", "with %40 for @"),
        ("DATABASE_URL", "sqlite:oops", "has to be sqlite:///file"),
        ("REDIS_URL", "redis://host:63x/0", "has to be redis://host:port"),
        ("LANES", "0", "has to be a whole number from 1 to 1024"),
        ("BULK_THRESHOLD", "0", "has to be a whole number from 200"),
        ("MAX_BODY_BYTES", "1 MB", "has to be a whole number"),
        ("SALESFORCE_API_VERSION", "v67", "has to look like 67.0"),
        ("SALESFORCE_DOMAIN", "http://acme.my", "http:// is only for a local org"),
        ("SALESFORCE_DOMAIN", "login", "refuses client credentials"),
        ("ALTUR_WEBHOOK_SECRET", "not base64!", "is not base64"),
    ],
)
def test_a_wrong_value_is_a_fault_that_says_what_is_right(
    name: str, value: str, said: str
) -> None:
    (fault,) = faults(**{name: value})

    assert fault.startswith(name)
    assert said in fault
    assert "p@ss" not in fault


@pytest.mark.parametrize(
    ("domain", "url"),
    [
        ("acme.my", "https://acme.my.salesforce.com"),
        ("acme--test.sandbox.my", "https://acme--test.sandbox.my.salesforce.com"),
        ("https://acme.my.salesforce.com/", "https://acme.my.salesforce.com"),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001"),
    ],
)
def test_the_domain_gives_the_login_url(domain: str, url: str) -> None:
    salesforce = good(SALESFORCE_DOMAIN=domain).salesforce

    assert salesforce is not None
    assert salesforce.url == url


def pem(bits: int = 2048, *, password: bytes | None = None) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    locked = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked).decode()


@pytest.fixture(scope="module")
def key() -> str:
    return pem()


def by_key(key: str, **changes: str) -> Settings:
    variables = {k: v for k, v in GOOD.items() if k != "SALESFORCE_CLIENT_SECRET"}
    user = {"SALESFORCE_USERNAME": "user@example.com", "SALESFORCE_PRIVATE_KEY": key}
    return load_settings({**variables, **user, **changes}, EVERYTHING)


@pytest.mark.parametrize("ends", ["\n", "\\n"])
def test_a_user_logs_in_by_a_key_in_place_of_the_clients_secret(
    key: str, ends: str
) -> None:
    settings = by_key(key.strip().replace("\n", ends))

    login = settings.salesforce
    assert login is not None
    assert (login.username, login.private_key) == ("user@example.com", key.strip())
    assert login.client_secret == ""
    assert key.splitlines()[3] not in repr(settings)


def test_the_key_may_be_in_a_file(key: str, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text(key, encoding="utf-8")

    login = by_key("", SALESFORCE_PRIVATE_KEY_FILE=str(path)).salesforce

    assert login is not None
    assert login.private_key == key.strip()


@pytest.mark.parametrize(
    ("domain", "audience"),
    [
        ("acme.my", "https://login.salesforce.com"),
        ("acme.develop.my", "https://login.salesforce.com"),
        ("https://acme.my.salesforce.com", "https://login.salesforce.com"),
        ("login", "https://login.salesforce.com"),
        ("http://127.0.0.1:8001", "https://login.salesforce.com"),
        ("acme--test.sandbox.my", "https://test.salesforce.com"),
        ("acme--test.my", "https://test.salesforce.com"),
        ("acme.scratch.my", "https://test.salesforce.com"),
        ("test", "https://test.salesforce.com"),
    ],
)
def test_the_domain_gives_the_audience_of_the_assertion(
    key: str, domain: str, audience: str
) -> None:
    login = by_key(key, SALESFORCE_DOMAIN=domain).salesforce

    assert login is not None
    assert login.audience == audience


def test_the_audience_can_be_set(key: str) -> None:
    login = by_key(key, SALESFORCE_AUDIENCE="https://acme.my.site.com/").salesforce

    assert login is not None
    assert login.audience == "https://acme.my.site.com"


USER = "user@example.com"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"SALESFORCE_CLIENT_SECRET": None, "SALESFORCE_USERNAME": USER},
            "SALESFORCE_PRIVATE_KEY is not set",
        ),
        (
            {
                "SALESFORCE_CLIENT_SECRET": None,
                "SALESFORCE_USERNAME": USER,
                "SALESFORCE_PRIVATE_KEY_FILE": "/nowhere",
            },
            "SALESFORCE_PRIVATE_KEY_FILE cannot be read",
        ),
        (
            {
                "SALESFORCE_CLIENT_SECRET": None,
                "SALESFORCE_USERNAME": USER,
                "SALESFORCE_PRIVATE_KEY": "-----BEGIN CERTIFICATE-----",
            },
            "SALESFORCE_PRIVATE_KEY has to be an RSA key",
        ),
        ({"SALESFORCE_AUDIENCE": "login"}, "SALESFORCE_AUDIENCE has to be"),
        ({"TOKEN_KEY": "too short"}, "TOKEN_KEY has to be 32 bytes"),
        ({"TOKEN_KEY": "é"}, "TOKEN_KEY has to be 32 bytes"),
    ],
)
def test_a_wrong_login_by_key_is_one_fault(
    changes: dict[str, str | None], said: str
) -> None:
    (fault,) = faults(**changes)

    assert fault.startswith(said)
    assert "too short" not in fault


def test_a_key_without_its_user_and_one_way_too_many_are_faults(key: str) -> None:
    without_user = faults(SALESFORCE_PRIVATE_KEY=key, SALESFORCE_CLIENT_SECRET=None)
    both = faults(SALESFORCE_PRIVATE_KEY=key, SALESFORCE_USERNAME=USER)

    assert [f.split(":")[0] for f in without_user] == ["SALESFORCE_USERNAME is not set"]
    assert [f.split(":")[0] for f in both] == [
        "SALESFORCE_CLIENT_SECRET and SALESFORCE_USERNAME are both set"
    ]


@pytest.mark.parametrize(("bits", "password"), [(1024, None), (2048, b"locked")])
def test_a_key_that_is_weak_or_locked_is_a_fault(
    bits: int, password: bytes | None
) -> None:
    (fault,) = faults(
        SALESFORCE_CLIENT_SECRET=None,
        SALESFORCE_USERNAME=USER,
        SALESFORCE_PRIVATE_KEY=pem(bits, password=password),
    )

    assert fault.startswith("SALESFORCE_PRIVATE_KEY has to be an RSA key")


def test_the_key_of_the_shared_token_is_in_no_repr() -> None:
    key = Fernet.generate_key().decode()

    settings = good(TOKEN_KEY=key)

    assert settings.token_key == key
    assert key not in repr(settings)
    assert good().token_key == ""


CONNECTIONS = """
cora-texas:
  source: cora
  secrets: CORA_TEXAS_SECRET
  timezone: America/Nowhere
Bad Name:
  source: cora
  secrets: CORA_TEXAS_SECRET
acme:
  source: acme
  secrets: ACME_SECRET
altur:
  source: altur
  secret: ALTUR_WEBHOOK_SECRET
  options:
    signature: v3
"""


def test_every_fault_of_the_connections_is_found_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "connections.yaml").write_text(CONNECTIONS, encoding="utf-8")

    found = faults(CONFIG_DIR=str(tmp_path), CORA_TEXAS_SECRET="x")

    lines = [fault.removeprefix(str(tmp_path)) for fault in found]
    assert lines == [
        "/connections.yaml:5:13: no time zone 'America/Nowhere':"
        " use a name such as America/Chicago",
        "/connections.yaml:6:1: 'Bad Name' is not a name of lower case letters,"
        " digits and -",
        "/connections.yaml:10:11: no source 'acme'",
        "/connections.yaml:14:3: unknown key 'secret' (did you mean 'secrets'?)",
        "/connections.yaml:16:16: 'v3' is not one of: v2, v1",
    ]


def test_a_folder_without_connections_says_what_to_do() -> None:
    (fault,) = faults(CONFIG_DIR="/nowhere")

    assert fault.endswith("start in the project's folder, or set CONFIG_DIR")


def test_the_example_environment_is_accepted_as_it_is() -> None:
    lines = (ROOT / "config" / "env.example").read_text(encoding="utf-8").splitlines()
    variables = dict(line.split("=", 1) for line in lines if line and line[0] != "#")

    load_settings({**variables, "CONFIG_DIR": GOOD["CONFIG_DIR"]}, EVERYTHING)


def test_every_variable_is_in_the_example() -> None:
    example = (ROOT / "config" / "env.example").read_text(encoding="utf-8")
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "worker" / "settings").glob("*.py")
    )
    read = {word.strip('"') for word in code.split() if word.startswith('"')}
    names = {w.strip('",()') for w in read if w.strip('",()').isupper()}

    missing = {n for n in names if len(n) > 3 and f"\n{n}=" not in example}
    assert missing == set()


def test_config_mappings_fixtures_and_sources_name_the_same_vendors() -> None:
    names = set(sources.names())

    assert {c.source for c in good().connections.values()} == names
    assert {p.name for p in (ROOT / "mappings").iterdir() if p.is_dir()} == names
    assert {p.name for p in (ROOT / "tests" / "fixtures").iterdir()} - {"org"} == names
