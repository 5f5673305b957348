"""Functions of numbers.

Terraform computes `pow` and `log` in binary floating point of 64 bits, everything else in such of 512 bits.
What it shows of a number is the shortest decimal that stands for the same binary one.
"""

from __future__ import annotations

import math
from decimal import Context, Decimal
from fractions import Fraction
from typing import TypeAlias

from sovereign_guard.language import say
from sovereign_guard.read.hcl.language.functions.function import Function, Parameter
from sovereign_guard.read.hcl.language.types import ANY, NUMBER, convert
from sovereign_guard.read.hcl.language.values import EvaluationError, LimitError, Value, number

Number: TypeAlias = int | Decimal

_BITS = 512
_FLOAT_BITS = 53

_MAX_DIGITS = 2_000
"""Digits of a number that `parseint` reads."""

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def binary(value: Number | Fraction) -> Fraction:
    """Return what Terraform holds for a number: the nearest one of 512 binary digits."""
    exact = Fraction(value)
    if exact.denominator == 1 and exact.numerator.bit_length() <= _BITS:
        return exact
    unit = _unit(exact, _BITS)
    # `round` takes the even one of two that are equally near, as Terraform does.
    return round(exact / unit) * unit


def _unit(value: Fraction, bits: int) -> Fraction:
    """Return what the last of so many binary digits of a number stands for."""
    # The quotient has so many digits before its point, or one more.
    unit = Fraction(2) ** (abs(value.numerator).bit_length() - value.denominator.bit_length() - bits)
    return unit if abs(value) < unit * (1 << bits) else unit * 2


def shortest(value: Fraction, bits: int = _BITS) -> Number:
    """Return a result as Terraform shows it: with the fewest digits that tell it from its neighbours."""
    held = binary(value)
    if held.denominator == 1 and held.numerator.bit_length() <= bits:
        return held.numerator
    unit = _unit(held, bits)
    even = (held / unit).numerator % 2 == 0
    few, many = 1, 2 + bits
    while few < many:
        digits = (few + many) // 2
        distance = abs(Fraction(_in_decimal(held, digits)) - held) * 2
        if distance < unit or (even and distance == unit):
            many = digits
        else:
            few = digits + 1
    return number(_in_decimal(held, few))


def _in_decimal(value: Fraction, digits: int) -> Decimal:
    return Context(prec=digits).divide(Decimal(value.numerator), Decimal(value.denominator))


def whole(value: Number) -> int:
    """Return a number that has to be whole and of 64 bits.

    Raises:
        EvaluationError: it is not.

    """
    if not isinstance(value, int) or not -(1 << 63) <= value < 1 << 63:
        raise EvaluationError(say("a whole number is required"))
    return value


def _abs(value: Number) -> Value:
    # Not `abs`: it rounds a Decimal to the 28 digits of the current context.
    return value.copy_abs() if isinstance(value, Decimal) else abs(value)


def _ceil(value: Number) -> Value:
    return math.ceil(value)


def _floor(value: Number) -> Value:
    return math.floor(value)


def _max(*values: Number) -> Value:
    return max(values)


def _min(*values: Number) -> Value:
    return min(values)


def _signum(value: Number) -> Value:
    exact = whole(value)
    return (exact > 0) - (exact < 0)


def _sum(values: Value) -> Value:
    if not isinstance(values, tuple):
        raise EvaluationError(say("a list, set or tuple of numbers is required"))
    if not values:
        raise EvaluationError(say("there is nothing to sum"))
    total = Fraction(0)
    for value in values:
        if value is None:
            raise EvaluationError(say("null cannot be summed"))
        found = convert(value, NUMBER)
        total = binary(total + binary(found))
    return shortest(total)


def _parseint(text: Value, base: Number) -> Value:
    if not isinstance(text, str):
        raise EvaluationError(say("the first argument must be a string"))
    radix = whole(base)
    if not 2 <= radix <= 62:
        raise EvaluationError(say("the base must be a whole number between 2 and 62"))
    digits = text[1:] if text[:1] in ("+", "-") else text
    if len(digits) > _MAX_DIGITS:
        raise LimitError(say("the number is too long"))
    values = [_ALPHABET.find(digit if radix > 36 else digit.lower()) for digit in digits]
    if not values or not all(0 <= value < radix for value in values):
        raise EvaluationError(say("this is not a number in that base"))
    found = 0
    for value in values:
        found = found * radix + value
    return -found if text[0] == "-" else found


def _log(value: Number, base: Number) -> Value:
    try:
        logarithm, of_base = _natural_log(_float(value)), _natural_log(_float(base))
    except ValueError:
        raise EvaluationError(say("there is no such logarithm")) from None
    if of_base == 0 and logarithm != 0:
        raise LimitError(say("the result is infinite"))
    return _from_float(logarithm / of_base if of_base else math.nan)


def _natural_log(value: float) -> float:
    return -math.inf if value == 0 else math.log(value)


def _pow(value: Number, power: Number) -> Value:
    try:
        return _from_float(_float_power(_float(value), _float(power)))
    except (OverflowError, ZeroDivisionError):
        raise LimitError(say("the result is infinite")) from None
    except ValueError:
        raise EvaluationError(say("there is no such power")) from None


def _float_power(base: float, power: float) -> float:
    """Return a power, rounded as Go's `math.Pow` rounds on its way, which is not always to the nearest.

    The whole part of the power is done by repeated squaring of the mantissa, the rest by a logarithm.
    """
    if power == 0 or base == 1:
        return 1.0
    if base == 0 or abs(power) >= 1 << 63:
        return float(base**power)
    if power == 0.5:
        return math.sqrt(base)
    if power == -0.5:
        return 1 / math.sqrt(base)
    rest, turns = math.modf(abs(power))
    if rest != 0 and base < 0:
        raise ValueError
    mantissa, exponent = 1.0, 0
    if rest != 0:
        if rest > 0.5:
            rest -= 1
            turns += 1
        mantissa = math.exp(rest * math.log(base))
    squared, squared_exponent = math.frexp(base)
    left = int(turns)
    while left:
        if not -(1 << 12) < squared_exponent < 1 << 12:
            # What follows would only overflow further.
            exponent += squared_exponent
            break
        if left & 1:
            mantissa *= squared
            exponent += squared_exponent
        squared *= squared
        squared_exponent *= 2
        if abs(squared) < 0.5:
            squared *= 2
            squared_exponent -= 1
        left >>= 1
    if power < 0:
        mantissa, exponent = 1 / mantissa, -exponent
    return math.ldexp(mantissa, exponent)


def _float(value: Number) -> float:
    try:
        return float(value)
    except OverflowError:
        raise EvaluationError(say("the number is too large")) from None


def _from_float(value: float) -> Number:
    if math.isnan(value):
        raise EvaluationError(say("there is no such number"))
    if math.isinf(value):
        raise LimitError(say("the result is infinite"))
    return shortest(Fraction(value), _FLOAT_BITS)


_NUMBER = Parameter(NUMBER)

FUNCTIONS: tuple[Function, ...] = (
    Function("abs", (_NUMBER,), _abs),
    Function("ceil", (_NUMBER,), _ceil),
    Function("floor", (_NUMBER,), _floor),
    Function("log", (_NUMBER, _NUMBER), _log),
    Function("max", (), _max, variadic=_NUMBER, least=1),
    Function("min", (), _min, variadic=_NUMBER, least=1),
    Function("parseint", (Parameter(ANY), _NUMBER), _parseint),
    Function("pow", (_NUMBER, _NUMBER), _pow),
    Function("signum", (_NUMBER,), _signum),
    Function("sum", (Parameter(ANY),), _sum),
)
