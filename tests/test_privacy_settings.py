"""DATA_KEY and the days that things are kept."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet

from worker.errors import SettingsFault
from worker.model import Retention
from worker.settings import Needs, load_settings

NEW, OLD = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_unset_nothing_is_encrypted_and_all_is_kept_as_the_law_asks() -> None:
    settings = load_settings({}, Needs.NOTHING)

    assert settings.data_keys == ()
    assert settings.retention == Retention(90, 365, 1095)


def test_several_keys_are_read_newest_first() -> None:
    settings = load_settings({"DATA_KEY": f" {NEW} , {OLD},"}, Needs.NOTHING)

    assert settings.data_keys == (NEW, OLD)
    assert NEW not in repr(settings)


@pytest.mark.parametrize(
    "value",
    ["?", NEW[:-2], f"{NEW},{OLD}x", f"{NEW} {OLD}", "é", "+" * 43 + "="],
    ids=["short", "cut off", "too long", "no comma", "not ASCII", "usual base64"],
)
def test_a_malformed_key_says_how_to_make_one_and_is_not_shown(value: str) -> None:
    with pytest.raises(SettingsFault, match="generate_key") as raised:
        load_settings({"DATA_KEY": value}, Needs.NOTHING)

    assert value not in str(raised.value)


@pytest.mark.parametrize("name", ["BODY", "PARKED", "LEDGER"])
def test_days_are_whole_numbers(name: str) -> None:
    with pytest.raises(SettingsFault, match=f"RETAIN_{name}_DAYS has to be a whole"):
        load_settings({f"RETAIN_{name}_DAYS": "0"}, Needs.NOTHING)


def test_a_row_is_not_deleted_before_its_body() -> None:
    days = {"RETAIN_PARKED_DAYS": "500", "RETAIN_LEDGER_DAYS": "400"}

    with pytest.raises(SettingsFault, match="RETAIN_LEDGER_DAYS has to be at least"):
        load_settings(days, Needs.NOTHING)
