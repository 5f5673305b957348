"""Arithmetic as Terraform does it: binary floating point with 512 bits of precision.

Source: github.com/zclconf/go-cty uses math/big.Float with that precision, and prints the shortest decimal
that reads back as the same number (math/big, Float.Text('f', -1)); read 2026-11-24.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

PRECISION = 512
_EXACT_BITS = PRECISION - 2
_MAX_EXPONENT = 4_000
"""Binary exponent beyond which we do not compute: the digits would fill pages."""


def add(left: int | Decimal, right: int | Decimal) -> int | Decimal:
    """Return the sum."""
    return rounded(_binary(left) + _binary(right))


def subtract(left: int | Decimal, right: int | Decimal) -> int | Decimal:
    """Return the difference."""
    return rounded(_binary(left) - _binary(right))


def multiply(left: int | Decimal, right: int | Decimal) -> int | Decimal:
    """Return the product."""
    return rounded(_binary(left) * _binary(right))


def divide(left: int | Decimal, right: int | Decimal) -> int | Decimal:
    """Return the quotient; raises ZeroDivisionError."""
    return rounded(_binary(left) / _binary(right))


def remainder(left: int | Decimal, right: int | Decimal) -> int | Decimal:
    """Return what is left of a division whose quotient is cut to a whole number; by zero, all of it."""
    one, other = _binary(left), _binary(right)
    if other == 0:
        return left
    quotient = _nearest(one / other)
    whole = abs(quotient.numerator) // quotient.denominator
    whole = whole if quotient >= 0 else -whole
    return rounded(one - _nearest(other * whole))


def rounded(value: Fraction) -> int | Decimal:
    """Return the number that stands for an exact result: a whole one as int, else its shortest decimal.

    Raises:
        OverflowError: it is too large or too small to be written out.

    """
    mantissa, exponent = _mantissa(value)
    if abs(exponent) > _MAX_EXPONENT:
        raise OverflowError
    if mantissa == 0 or exponent >= 0 or value.denominator == 1:
        found = mantissa << exponent if exponent >= 0 else mantissa >> -exponent
        if exponent >= 0 or mantissa == found << -exponent:
            return found
    return _shortest(mantissa, exponent)


def _binary(value: int | Decimal) -> Fraction:
    """Return the binary number that a decimal one is read as."""
    return _nearest(Fraction(value))


def _nearest(value: Fraction) -> Fraction:
    mantissa, exponent = _mantissa(value)
    return Fraction(mantissa << exponent) if exponent >= 0 else Fraction(mantissa, 1 << -exponent)


def _mantissa(value: Fraction) -> tuple[int, int]:
    """Return (m, e) with m * 2**e nearest to the value and m of at most 512 bits; ties go to the even one."""
    numerator, denominator = abs(value.numerator), value.denominator
    if numerator == 0:
        return 0, 0
    exponent = numerator.bit_length() - denominator.bit_length() - PRECISION
    while True:
        top, bottom = (
            (numerator, denominator << exponent) if exponent >= 0 else (numerator << -exponent, denominator)
        )
        mantissa, left = divmod(top, bottom)
        if mantissa.bit_length() > PRECISION:
            exponent += 1
        elif mantissa.bit_length() < PRECISION:
            exponent -= 1
        else:
            break
    if 2 * left > bottom or (2 * left == bottom and mantissa & 1):
        mantissa += 1
    return (mantissa if value > 0 else -mantissa), exponent


def _shortest(mantissa: int, exponent: int) -> int | Decimal:
    """Return the decimal of fewest digits that reads back as mantissa * 2**exponent (exponent below 0)."""
    size = abs(mantissa)
    is_power = size & (size - 1) == 0
    # Halfway to the neighbours, over the common power 2**(exponent - 2), and so with as many decimal places.
    places = 2 - exponent
    scale = 5**places
    digits = str(4 * size * scale)
    lower = str((4 * size - (1 if is_power else 2)) * scale).zfill(len(digits))
    upper = str((4 * size + 2) * scale)
    if len(upper) > len(digits):
        digits, lower = f"0{digits}", f"0{lower}"
    inclusive = size & 1 == 0
    last = len(upper.rstrip("0"))
    kept = len(digits)
    down = up = False
    for at, digit in enumerate(digits):
        down = lower[at] != digit or (inclusive and at + 1 == len(lower.rstrip("0")))
        up = digit != upper[at] and (inclusive or chr(ord(digit) + 1) < upper[at] or at + 1 < last)
        if down or up:
            kept = at + 1
            break
    head, tail = int(digits[:kept]), digits[kept:]
    if up and not down:
        head += 1
    elif up and down and tail:
        half = "5".ljust(len(tail), "0")
        head += 1 if tail > half or (tail == half and head & 1) else 0
    found = Decimal(f"{-head if mantissa < 0 else head}E{len(tail) - places}")
    return int(found) if found == found.to_integral_value() else found
