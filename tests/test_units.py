"""Lengths that people write, against the same lengths in nm by hand."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fibgap.errors import InputError
from fibgap.units import length_nm, parse_number, require_unit, unit_exponent


@pytest.mark.parametrize(
    ("text", "nm"),
    [
        ("2.5nm", 2.5),
        ("2,5 nm", 2.5),
        ("0.01 um", 10),
        ("0,346 um", 346),
        ("10 Å", 1),
        ("10 A\u030a", 1),  # angstrom as two characters
        ("10 \u212b", 1),  # and as the sign of its own
        ("1e-3 mm", 1000),
        ("1.0894 \u00b5m", 1089.4),  # micro sign
        ("1.0894\u03bcm", 1089.4),  # Greek letter
        (r"1.0894 \u00B5m", 1089.4),  # as ImageJ writes it into a TIFF
        ("3 microns", 3000),
        ("3.46E-7 m", 346),
        ("-0.5 UM", -500),
        ("\u22120.5um", -500),  # the minus sign of typesetting
        ("  .5 nm ", 0.5),
        ("5.nm", 5),
        ("12 pm", 0.012),
    ],
)
def test_lengths_by_hand(text, nm):
    """A number with a unit is that many nm, exactly as the decimal number says."""
    assert length_nm(text) == nm


@given(st.integers(-(10**7), 10**7), st.integers(0, 6), st.sampled_from(["nm", "um", "mm", "m"]))
def test_decimals_are_rounded_once(digits, places, unit):
    """0.1 + 0.2 never happens: the float is the one nearest to the decimal number in nm."""
    number = Decimal(digits).scaleb(-places)
    expected = float(number * {"nm": 1, "um": 10**3, "mm": 10**6, "m": 10**9}[unit])
    assert length_nm(f"{number:f} {unit}") == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5", "voxel '5' has no unit: write one of nm, um, mm, m, Å"),
        ("5 kV", "voxel '5 kV' has the unit 'kV', which is no length"),
        ("5 px", "the unit 'px', which is no length"),
        ("5 nm 3", "the unit 'nm 3'"),
        ("tall", "voxel 'tall' is no number with a unit"),
        ("", "voxel '' is no number"),
        ("nm", "voxel 'nm' is no number"),
        ("nan nm", "voxel 'nan nm' is no number"),
        ("inf nm", "voxel 'inf nm' is no number"),
        ("1e999 m", "voxel '1e999 m' is too large"),
        ("1,000 nm", "voxel '1,000' can be read with a decimal comma or as thousands"),
        ("1,234.5 nm", "voxel '1,234' can be read"),
        ("1 000 nm", "the unit '000 nm'"),
    ],
)
def test_what_is_no_length_fails_by_name(text, message):
    """A number without a unit, a unit of something else and text are refused with their words."""
    with pytest.raises(InputError, match=message):
        length_nm(text, name="voxel")


def test_a_given_unit_is_for_numbers_without_one():
    """A unit beside a number is taken for a bare number, and must agree with a written one."""
    assert length_nm("0.346", unit="um") == 346
    assert length_nm("0.346 µm", unit="microns") == 346
    with pytest.raises(InputError, match=r"length '346 nm' is in nm, but um is given as its unit"):
        length_nm("346 nm", unit="um")
    with pytest.raises(InputError, match="has the unit 'inch', which is no length"):
        length_nm("1", unit="inch")
    with pytest.raises(InputError, match="--unit is 'inch', which is no unit of length"):
        require_unit("inch", "--unit")


def test_commas():
    """A comma is a decimal one unless it could group thousands; who knows better says so."""
    assert parse_number("0,500") == Decimal("0.5")  # no group begins with 0
    assert parse_number("1,0894") == Decimal("1.0894")  # groups have three digits
    assert parse_number("1000,500") == Decimal("1000.5")  # and at most three before the comma
    assert parse_number("1,089", decimal_comma=True) == Decimal("1.089")
    assert parse_number("1,089", decimal_comma=False) is None


def test_angstrom_is_not_ampere():
    """A bare A is a current in many a header, so it is no unit of length."""
    assert unit_exponent("A") is None
    assert unit_exponent("s") is None
