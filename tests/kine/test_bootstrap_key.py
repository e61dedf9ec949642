"""Whether a K3s token fits a store, by the key that a real K3s v1.35.0 wrote for the token `kinetune`."""

from __future__ import annotations

import hashlib

import pytest

from kinetune.kine.bootstrap_key import TokenCheck, TokenOutcome, check_token
from kinetune.model.failure import UsageFailure
from kinetune.model.transfer import BootstrapKey

# server/token and the key of the same server.
FULL = "K102c0d3341e42c168060ca62ca5ce067345ff76287f5fba46ce16e3beb2ab8edba::server:kinetune\n"
KEY = BootstrapKey("/bootstrap/4c1bfd531e2d", 11_749)
OTHER = BootstrapKey("/bootstrap/0123456789ab", 11_749)
CA_HASH = FULL[3:67]


def key_of(text: str, size: int = 1) -> BootstrapKey:
    return BootstrapKey(f"/bootstrap/{hashlib.sha256(text.encode()).hexdigest()[:12]}", size)


@pytest.mark.parametrize("token", [FULL, "kinetune", "kinetune\n", "K10::server:kinetune", "K10:kinetune"])
def test_a_short_and_a_full_token_fit_the_key(token: str) -> None:
    assert check_token([KEY], token) == TokenCheck(TokenOutcome.FITS, (KEY.name,))


@pytest.mark.parametrize(
    "token", ["Kinetune", " kinetune", "kinetune ", f"K10{CA_HASH}::server:other", "::server:kinetune"]
)
def test_another_token_does_not_fit(token: str) -> None:
    assert check_token([KEY], token) == TokenCheck(TokenOutcome.OTHER_TOKEN, (KEY.name,))


def test_several_keys_are_named_if_one_of_them_fits() -> None:
    assert check_token([OTHER, KEY], FULL) == TokenCheck(TokenOutcome.SEVERAL_KEYS, (OTHER.name, KEY.name))
    assert check_token([OTHER, key_of("x")], FULL).outcome is TokenOutcome.OTHER_TOKEN


def test_an_empty_value_is_a_first_start_in_progress() -> None:
    empty = BootstrapKey(KEY.name, 0)
    assert check_token([empty], FULL) == TokenCheck(TokenOutcome.EMPTY_KEY, (KEY.name,))
    assert check_token([OTHER, empty], "another") == TokenCheck(TokenOutcome.EMPTY_KEY, (KEY.name,))


def test_a_store_without_a_key_fits_no_token_and_contradicts_none() -> None:
    assert check_token([], FULL) == TokenCheck(TokenOutcome.NO_KEY)


def test_keys_of_old_releases_fit_because_k3s_converts_them() -> None:
    assert check_token([key_of("")], FULL).outcome is TokenOutcome.FITS
    assert check_token([key_of(FULL.rstrip())], FULL).outcome is TokenOutcome.FITS


def test_a_password_may_contain_colons() -> None:
    assert check_token([key_of("a::b:c")], f"K10{CA_HASH}::server:a::b:c").outcome is TokenOutcome.FITS
    assert check_token([key_of("a::b:c")], "a::b:c").outcome is TokenOutcome.FITS


@pytest.mark.parametrize(
    "token",
    [
        "",
        "\n",
        f"K10{CA_HASH}",
        f"K10{CA_HASH}::server:",
        f"K10{CA_HASH[:-1]}::server:SECRET",
        "abcdef.0123456789abcdef",
    ],
)
def test_a_text_with_which_no_server_starts_is_refused_without_quoting_it(token: str) -> None:
    with pytest.raises(UsageFailure) as refused:
        check_token([KEY], token)
    assert "SECRET" not in str(refused.value)
    assert "0123456789abcdef" not in str(refused.value)
