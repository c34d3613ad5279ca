"""Personal data at rest (PRI-6): what is stored tells nothing without the keys, and opens in its own place only."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.accounts import Account
from models.sealed import (
    INDEX_BYTES,
    SHARED,
    Context,
    DerivedVault,
    Kind,
    Sealed,
    SealedError,
    normalised,
    reveal,
    seal_into,
)

PHONE = "13812345678"
HERE = Context("person", "phone", "0190")
KEYS = {1: b"a" * 32, 2: b"b" * 32}


@pytest.fixture
def vault() -> DerivedVault:
    return DerivedVault(KEYS)


def test_a_value_opens_where_it_was_sealed(vault: DerivedVault) -> None:
    sealed = vault.seal(PHONE, Kind.PHONE, "370303", HERE)
    assert vault.open(sealed.ciphertext, "370303", HERE) == PHONE
    assert sealed.mask == "138****5678"
    assert PHONE.encode() not in sealed.ciphertext + sealed.blind_index


@pytest.mark.parametrize(
    ("county", "context"),
    [
        ("451122", HERE),
        ("370303", HERE._replace(table="account")),
        ("370303", HERE._replace(column="guardian_phone")),
        ("370303", HERE._replace(row="0191")),
    ],
)
def test_moved_to_another_place_it_does_not_open(vault: DerivedVault, county: str, context: Context) -> None:
    sealed = vault.seal(PHONE, Kind.PHONE, "370303", HERE)
    with pytest.raises(SealedError):
        vault.open(sealed.ciphertext, county, context)


def test_no_damaged_byte_goes_unnoticed(vault: DerivedVault) -> None:
    ciphertext = vault.seal(PHONE, Kind.PHONE, "370303", HERE).ciphertext
    for position in range(len(ciphertext)):
        damaged = bytearray(ciphertext)
        damaged[position] ^= 1
        with pytest.raises(SealedError):
            vault.open(bytes(damaged), "370303", HERE)
    for length in range(len(ciphertext)):
        with pytest.raises(SealedError):
            vault.open(ciphertext[:length], "370303", HERE)


def test_the_stored_bytes_name_algorithm_and_key(vault: DerivedVault) -> None:
    ciphertext = vault.seal(PHONE, Kind.PHONE, "370303", HERE).ciphertext
    assert ciphertext[:3] == bytes([1, 0, 1])
    assert len(ciphertext) == 3 + 12 + len(PHONE) + 16


def test_equal_values_have_equal_indexes_and_different_ciphertexts(vault: DerivedVault) -> None:
    first, second = (vault.seal(PHONE, Kind.PHONE, "370303", HERE) for _ in range(2))
    assert first.blind_index == second.blind_index == vault.index(PHONE, Kind.PHONE, "370303")
    assert first.ciphertext != second.ciphertext
    assert len(first.blind_index) == INDEX_BYTES


def test_indexes_of_two_counties_kinds_or_keys_do_not_compare(vault: DerivedVault) -> None:
    indexes = {
        vault.index(PHONE, Kind.PHONE, "370303"),
        vault.index(PHONE, Kind.PHONE, "451122"),
        vault.index(PHONE, Kind.PHONE, SHARED),
        vault.index(PHONE, Kind.BANK_ACCOUNT, "370303"),
        DerivedVault({1: b"c" * 32}).index(PHONE, Kind.PHONE, "370303"),
    }
    assert len(indexes) == 5


def test_after_rotation_old_values_open_and_are_found(vault: DerivedVault) -> None:
    old = vault.seal(PHONE, Kind.PHONE, "370303", HERE)
    rotated = DerivedVault(KEYS, current=2)
    new = rotated.seal(PHONE, Kind.PHONE, "370303", HERE)
    assert new.ciphertext[:3] == bytes([1, 0, 2])
    assert rotated.open(old.ciphertext, "370303", HERE) == rotated.open(new.ciphertext, "370303", HERE) == PHONE
    assert new.blind_index == old.blind_index
    with pytest.raises(SealedError, match="unknown algorithm or key"):
        DerivedVault({1: KEYS[1]}).open(new.ciphertext, "370303", HERE)


@pytest.mark.parametrize("masters", [{}, {1: b"short"}, {0: b"a" * 32}, {1 << 16: b"a" * 32}, {2: b"a" * 32}])
def test_keys_that_do_not_serve_are_refused_at_start(masters: dict[int, bytes]) -> None:
    with pytest.raises(ValueError, match="master key"):
        DerivedVault(masters)


@pytest.mark.parametrize(
    ("kind", "written", "read"),
    [
        (Kind.PHONE, "+86 138-1234-5678", PHONE),
        (Kind.PHONE, "0086 138 1234 5678", PHONE),
        (Kind.PHONE, PHONE, PHONE),
        (Kind.PHONE, "１３８１２３４５６７８", PHONE),
        (Kind.ID_NUMBER, "11010519491231002x", "11010519491231002X"),
        (Kind.BANK_ACCOUNT, "6222 0000 0000 0000", "6222000000000000"),
    ],
)
def test_spellings_of_one_value_are_one(kind: Kind, written: str, read: str) -> None:
    assert normalised(written, kind) == read


@given(st.text(max_size=40), st.sampled_from(["", "370303"]))
def test_every_text_survives_normalised(value: str, county: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        return
    vault = DerivedVault(KEYS)
    sealed = vault.seal(value, Kind.BANK_ACCOUNT, county, HERE)
    assert vault.open(sealed.ciphertext, county, HERE) == normalised(value, Kind.BANK_ACCOUNT)


def test_neither_keys_nor_values_show_in_logs(vault: DerivedVault) -> None:
    vault.index(PHONE, Kind.PHONE, "370303")  # fills the derived keys
    assert repr(vault) == "DerivedVault(current=1, index_key=1)"
    assert repr(vault.seal(PHONE, Kind.PHONE, "370303", HERE)) == "Sealed('138****5678')"
    assert "13812345678" not in f"{Sealed(b'x', b'y', '138****5678')!s}"


def test_a_row_takes_its_three_columns_and_gives_the_value_back(vault: DerivedVault) -> None:
    row = Account(display_name="王小明")
    seal_into(row, "phone", PHONE, Kind.PHONE, vault)
    assert isinstance(row.id, uuid.UUID)
    assert row.phone_mask == "138****5678"
    assert row.phone_index == vault.index(PHONE, Kind.PHONE, SHARED)
    assert reveal(row, "phone", vault) == PHONE

    copied = Account(id=uuid.UUID(int=1), phone_sealed=row.phone_sealed)
    with pytest.raises(SealedError):
        reveal(copied, "phone", vault)

    seal_into(row, "phone", None, Kind.PHONE, vault)
    assert (row.phone_sealed, row.phone_index, row.phone_mask) == (None, None, None)
    assert reveal(row, "phone", vault) is None
