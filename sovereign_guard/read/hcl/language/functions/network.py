"""Functions of IP networks.

Semantics: Terraform's documentation, "IP Network Functions"
(https://developer.hashicorp.com/terraform/language/functions), what `terraform console` prints, and for
`cidrcontains` OpenTofu's documentation (https://opentofu.org/docs/language/functions/cidrcontains); read
2026-11-24. Where a number is out of range, Terraform often shifts its bits to odd places rather than refuse;
so does this.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from sovereign_guard.language import say
from sovereign_guard.read.hcl.language.functions.function import Function, Parameter
from sovereign_guard.read.hcl.language.types import NUMBER, STRING
from sovereign_guard.read.hcl.language.values import EvaluationError, LimitError, List

_LEADING_ZEROS = re.compile(r"(?<![0-9A-Fa-f])0+(?=[0-9A-Fa-f])")
_V4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_DECIMAL = re.compile(r"[0-9]+")
_MAX_LENGTH = 1_000
"""Characters of a network; only zeros in front of its numbers can make it so long."""

_MAPPED = 0xFFFF << 32
"""Where the IPv4 addresses lie among those of IPv6 (RFC 4291, section 2.5.5.2)."""
_WORD = 1 << 64
_MAX_STEP_BITS = 32


class _Network(NamedTuple):
    """Lowest address, length of the prefix, and number of bits in an address (32 or 128)."""

    start: int
    prefix: int
    bits: int

    @property
    def end(self) -> int:
        """Highest address."""
        return self.start | (1 << self.bits - self.prefix) - 1


def _network(text: str) -> _Network:
    """Read a network such as `10.1.0.0/16`; bits of the host are dropped.

    Raises:
        EvaluationError: it is none.

    """
    _check_length(text)
    written, _slash, length = text.partition("/")
    address = _address(written)
    if address is not None and _DECIMAL.fullmatch(length):
        value, bits = address
        prefix = int(length)
        if prefix <= bits:
            return _Network(value >> bits - prefix << bits - prefix, prefix, bits)
    raise EvaluationError(say("a network such as 10.1.0.0/16 is required"))


def _check_length(text: str) -> None:
    if len(text) > _MAX_LENGTH:
        raise LimitError(say("the network is longer than those that are read"))


def _address(text: str) -> tuple[int, int] | None:
    """Return an address and its number of bits. Zeros in front of a number do not make it octal."""
    from ipaddress import AddressValueError, IPv6Address

    _check_length(text)
    if not text.isascii():
        return None
    text = _LEADING_ZEROS.sub("", text)
    if _V4.fullmatch(text):
        parts = [int(part) for part in text.split(".")]
        return (int.from_bytes(bytes(parts), "big"), 32) if max(parts) <= 255 else None
    if "%" in text:
        return None
    try:
        return int(IPv6Address(text)), 128
    except AddressValueError:
        return None


def _is_mapped(value: int) -> bool:
    return value >> 32 == 0xFFFF


def _written(value: int, bits: int) -> str:
    """Return an address as text; IPv4 ones in IPv6 form are written as IPv4."""
    from ipaddress import IPv4Address, IPv6Address

    if bits == 32 or _is_mapped(value):
        return str(IPv4Address(value & 0xFFFFFFFF))
    return str(IPv6Address(value))


def _written_network(value: int, prefix: int, bits: int) -> str:
    if not 0 <= prefix <= bits:
        return "<nil>"  # what Terraform prints
    shown = max(prefix - 96, 0) if bits == 128 and _is_mapped(value) else prefix
    return f"{_written(value, bits)}/{shown}"


def _whole(number: int | Decimal) -> int:
    if not isinstance(number, int):
        raise EvaluationError(say("a whole number is required"))
    return number


def _machine(number: int | Decimal) -> int:
    """Return a whole number that fits into 64 bits."""
    whole = _whole(number)
    if not -(_WORD >> 1) <= whole < _WORD >> 1:
        raise EvaluationError(say("the number is out of range"))
    return whole


def _inserted(network: _Network, number: int, length: int) -> int:
    """Return the network's address with a number put in right before the bit `length`."""
    if number == 0:
        return network.start
    shift = network.bits - length
    if shift <= network.bits:
        value = abs(network.start | number << shift)
        if value < 1 << network.bits:
            return value
    raise EvaluationError(say("the number is out of range"))


def _cidrhost(prefix: str, hostnum: int | Decimal) -> str:
    number = _whole(hostnum)
    network = _network(prefix)
    highest = network.end - network.start
    if number < 0:
        from_the_end = -number - 1
        number = highest - from_the_end
        too_large = from_the_end > highest
    else:
        # Terraform compares the lower 64 bits only, as a signed number.
        low = number % _WORD
        too_large = (low - _WORD if low >= _WORD >> 1 else low) > highest
    if too_large:
        raise EvaluationError(say("the network does not hold so many addresses"))
    length = 32 if network.bits == 32 or _is_mapped(network.start) else 128
    return _written(_inserted(network, number, length), network.bits)


def _cidrnetmask(prefix: str) -> str:
    network = _network(prefix)
    if network.bits == 128 and not _is_mapped(network.start):
        raise EvaluationError(say("only IPv4 networks have a netmask"))
    host_bits = network.bits - network.prefix
    return _written((1 << network.bits) - (1 << host_bits), network.bits)


def _cidrsubnet(prefix: str, newbits: int | Decimal, netnum: int | Decimal) -> str:
    more, number = _machine(newbits), _whole(netnum)
    network = _network(prefix)
    length = network.prefix + more
    if length > network.bits:
        raise EvaluationError(say("the network has not so many bits left"))
    if 0 <= more < 64 and abs(number) % _WORD >= 1 << more:
        raise EvaluationError(say("the new bits do not hold such a number"))
    return _written_network(_inserted(network, number, length), length, network.bits)


def _cidrsubnets(prefix: str, *newbits: int | Decimal) -> List:
    network = _network(prefix)
    beyond = 1 << network.bits
    made: list[str] = []
    last = (network.start - 1) % beyond
    for number in newbits:
        more = _machine(number)
        if not 1 <= more <= _MAX_STEP_BITS:
            raise EvaluationError(say("a network can be extended by 1 to 32 bits"))
        length = network.prefix + more
        if length > network.bits:
            raise EvaluationError(say("the network has not so many bits left"))
        size = 1 << network.bits - length
        start = (last | size - 1) + 1
        last = start + size - 1
        # Terraform takes the first IPv4 address in IPv6 form for the end of all addresses, too.
        over = start >= beyond or (network.bits == 128 and (_is_mapped(start - 1) or start == _MAPPED))
        if over or not network.start <= start <= network.end:
            raise EvaluationError(say("the network has no room left for all these subnets"))
        made.append(_written_network(start, length, network.bits))
    return List(made)


def _cidrcontains(containing_prefix: str, contained: str) -> bool:
    outer = _network(containing_prefix)
    address = None if "/" in contained else _address(contained)
    inner = _network(contained) if address is None else _Network(address[0], address[1], address[1])
    one, other = _as_v4(outer), _as_v4(inner)
    if one.bits != other.bits:
        raise EvaluationError(say("one of the networks is of IPv4 and the other of IPv6"))
    return one.start <= other.start and other.end <= one.end


def _as_v4(network: _Network) -> _Network:
    if network.bits == 128 and network.prefix >= 96 and _is_mapped(network.start):
        return _Network(network.start & 0xFFFFFFFF, network.prefix - 96, 32)
    return network


_TEXT, _NUMBER = Parameter(STRING), Parameter(NUMBER)

FUNCTIONS: tuple[Function, ...] = (
    Function("cidrcontains", (_TEXT, _TEXT), _cidrcontains),
    Function("cidrhost", (_TEXT, _NUMBER), _cidrhost),
    Function("cidrnetmask", (_TEXT,), _cidrnetmask),
    Function("cidrsubnet", (_TEXT, _NUMBER, _NUMBER), _cidrsubnet),
    Function("cidrsubnets", (_TEXT,), _cidrsubnets, variadic=_NUMBER),
)
