"""Functions of digests, of identifiers made from them, and of RSA.

Semantics: Terraform's documentation, "Hash and Crypto Functions"
(https://developer.hashicorp.com/terraform/language/functions), and what `terraform console` prints; read
2026-11-24.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable

from sovereign_guard.language import later, say
from sovereign_guard.model.value import Reason, Unknown
from sovereign_guard.read.hcl.language.functions.function import Function, Parameter
from sovereign_guard.read.hcl.language.types import NUMBER, STRING
from sovereign_guard.read.hcl.language.values import EvaluationError, Value, failed

MADE_AT_APPLY = frozenset({"bcrypt", "uuid"})
"""Functions whose result is another at each call: in a plan it is "known after apply"."""

_NAMESPACES = {
    "dns": "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    "url": "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
    "oid": "6ba7b812-9dad-11d1-80b4-00c04fd430c8",
    "x500": "6ba7b814-9dad-11d1-80b4-00c04fd430c8",
}
"""The namespaces of RFC 9562, section 6.6."""

_HYPHENED = re.compile(r"(?:[0-9a-fA-F]{8})(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PLAIN = re.compile(r"[0-9a-fA-F]{32}")
_URN = "urn:uuid:"

_MAX_MODULUS_BITS = 8_192
_MAX_KEY_BYTES = 32_000
_PEM_BEGIN = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----[ \t]*\n")
_OPENSSH_MAGIC = b"openssh-key-v1\0"
_SEQUENCE, _INTEGER, _OCTET_STRING = 0x30, 0x02, 0x04
_RSA_OID = bytes.fromhex("06092a864886f70d010101")
_MIN_PADDING = 8


def digest(algorithm: str, data: bytes, *, as_base64: bool = False) -> str:
    """Return the digest of some bytes, hexadecimal or as base64."""
    found = hashlib.new(algorithm, data, usedforsecurity=False).digest()
    return base64.b64encode(found).decode() if as_base64 else found.hex()


def _text_digest(algorithm: str, *, as_base64: bool = False) -> Callable[[str], str]:
    def run(text: str) -> str:
        return digest(algorithm, text.encode(), as_base64=as_base64)

    return run


def _made_at_apply(name: str) -> Callable[..., Value]:
    def run(*_arguments: Value) -> Unknown:
        return Unknown(Reason.AFTER_APPLY, f"{name}()", say("it is another at each run"))

    return run


def _uuidv5(namespace: str, name: str) -> str:
    key = bytes.fromhex(_hexadecimal(_NAMESPACES.get(namespace, namespace)))
    made = bytearray(hashlib.sha1(key + name.encode(), usedforsecurity=False).digest()[:16])
    made[6] = (made[6] & 0x0F) | 0x50  # version 5
    made[8] = (made[8] & 0x3F) | 0x80  # the variant of RFC 9562
    text = made.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _hexadecimal(text: str) -> str:
    """Return the 32 digits of a UUID in any of the shapes that Terraform takes."""
    if _PLAIN.fullmatch(text):
        return text
    if text[: len(_URN)].lower() == _URN:
        text = text[len(_URN) :]
    elif len(text.encode()) == 38:
        text = text[1:-1]  # Whether what stands around it are braces, nobody looks.
    if not _HYPHENED.fullmatch(text):
        raise EvaluationError(say("the namespace is none of dns, url, oid, x500, and no UUID"))
    return text.replace("-", "")


# -- RSA -----------------------------------------------------------------------------------------------------


class _RsaKey:
    """A private key.

    Raises:
        ValueError: its parts do not belong together.

    """

    def __init__(self, modulus: int, public: int, private: int, primes: tuple[int, int]) -> None:
        self.modulus = modulus
        self._private = private
        self._primes = primes
        one, other = primes
        consistent = (
            1 < public < 1 << 31
            and one > 1
            and other > 1
            and one * other == modulus
            and (public * private - 1) % (one - 1) == 0
            and (public * private - 1) % (other - 1) == 0
        )
        if not consistent:
            raise ValueError("the parts of the key do not belong together")
        self._inverse = pow(other, -1, one)

    def power(self, cipher: int) -> int:
        """Return the message's number, by the Chinese remainder theorem (a quarter of the work)."""
        one, other = self._primes
        left = pow(cipher, self._private % (one - 1), one)
        right = pow(cipher, self._private % (other - 1), other)
        return right + (left - right) * self._inverse % one * other


def _rsadecrypt(ciphertext: str, private_key: str) -> Value:
    cipher = _base64(ciphertext, later("the ciphertext must be base64"))
    key = _private_key(private_key)
    if isinstance(key, Unknown):
        return key
    size = (key.modulus.bit_length() + 7) // 8
    number = int.from_bytes(cipher, "big")
    # Go's arithmetic takes whole machine words, so some bytes more than the modulus has, if they are zero.
    if size < _MIN_PADDING + 3 or len(cipher) > -(-size // 8) * 8 or number >= key.modulus:
        raise EvaluationError(say("the ciphertext cannot be decrypted with this key"))
    message = key.power(number).to_bytes(size, "big")
    end = message.find(b"\0", 2)
    if message[:2] != b"\0\2" or end < 2 + _MIN_PADDING:
        raise EvaluationError(say("the ciphertext cannot be decrypted with this key"))
    try:
        return message[end + 1 :].decode()
    except UnicodeDecodeError:
        return failed(say("what is decrypted is not text"), "rsadecrypt()")


def _base64(text: str, complaint: str) -> bytes:
    try:
        return base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        raise EvaluationError(say(complaint)) from None


def _private_key(text: str) -> _RsaKey | Unknown:
    """Return the RSA key of the first PEM block."""
    if len(text) > _MAX_KEY_BYTES:
        return failed(say("the private key is larger than those that are read"), "rsadecrypt()")
    text = text.replace("\r\n", "\n")
    begin = _PEM_BEGIN.search(text)
    end = text.find(f"-----END {begin[1]}-----", begin.end()) if begin is not None else -1
    if begin is None or end < 0:
        raise EvaluationError(say("the private key is not in PEM form"))
    kind, lines = begin[1], text[begin.end() : end].split("\n")
    headers = [line for line in lines if ":" in line]
    if any("ENCRYPTED" in header for header in headers):
        raise EvaluationError(say("the private key is protected by a passphrase"))
    body = "".join(line.strip() for line in lines if ":" not in line)
    data = _base64(body, later("the private key is not in PEM form"))
    try:
        if kind == "RSA PRIVATE KEY":
            return _pkcs1(data)
        if kind == "PRIVATE KEY":
            return _pkcs1(_pkcs8(data))
        if kind == "OPENSSH PRIVATE KEY":
            return _openssh(data)
    except (IndexError, ValueError):
        raise EvaluationError(say("the private key is malformed")) from None
    raise EvaluationError(say("the private key is not one of RSA"))


def _pkcs1(data: bytes) -> _RsaKey | Unknown:
    """Read RSAPrivateKey of RFC 8017, appendix A.1.2."""
    body, rest = _element(data, _SEQUENCE)
    if rest:
        raise ValueError("trailing bytes")
    numbers: list[int] = []
    while body and len(numbers) < 9:
        content, body = _element(body, _INTEGER)
        numbers.append(int.from_bytes(content, "big", signed=True))
    if numbers[0] == 1:
        return failed(say("RSA keys of more than two primes are not read"), "rsadecrypt()")
    if numbers[0] != 0 or len(numbers) != 9 or body or min(numbers[1:]) <= 0:
        raise ValueError("not an RSA key")
    return _key(numbers[1], numbers[2], numbers[3], (numbers[4], numbers[5]))


def _key(modulus: int, public: int, private: int, primes: tuple[int, int]) -> _RsaKey | Unknown:
    if modulus.bit_length() > _MAX_MODULUS_BITS:
        return failed(say("the private key is larger than those that are read"), "rsadecrypt()")
    return _RsaKey(modulus, public, private, primes)


def _pkcs8(data: bytes) -> bytes:
    """Return the RSA key inside PrivateKeyInfo of RFC 5958."""
    body, _rest = _element(data, _SEQUENCE)
    _version, body = _element(body, _INTEGER)
    algorithm, body = _element(body, _SEQUENCE)
    if not algorithm.startswith(_RSA_OID):
        raise EvaluationError(say("the private key is not one of RSA"))
    return _element(body, _OCTET_STRING)[0]


def _element(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """Return the content of the first element of some DER, and what follows it.

    Raises:
        ValueError, IndexError: it has another tag, or ends in the middle.

    """
    if data[0] != tag:
        raise ValueError("another tag is wanted")
    length, start = data[1], 2
    if length >= 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big")
    if start + length > len(data):
        raise ValueError("it ends in the middle")
    return data[start : start + length], data[start + length :]


def _openssh(data: bytes) -> _RsaKey | Unknown:
    """Read an unprotected key in OpenSSH's own form (PROTOCOL.key in its sources)."""
    if not data.startswith(_OPENSSH_MAGIC):
        raise ValueError("not in OpenSSH's form")
    cipher, data = _field(data[len(_OPENSSH_MAGIC) :])
    derivation, data = _field(data)
    if cipher != b"none" or derivation != b"none":
        raise EvaluationError(say("the private key is protected by a passphrase"))
    _options, data = _field(data)
    if data[:4] != (1).to_bytes(4, "big"):
        raise ValueError("one key is wanted")
    _public, data = _field(data[4:])
    private, _rest = _field(data)
    if private[:4] != private[4:8]:
        raise ValueError("the check numbers differ")
    kind, private = _field(private[8:])
    if kind != b"ssh-rsa":
        raise EvaluationError(say("the private key is not one of RSA"))
    numbers: list[int] = []
    for _ in range(6):  # modulus, public and private exponent, the primes' inverse, the primes
        content, private = _field(private)
        numbers.append(int.from_bytes(content, "big", signed=True))
    if min(numbers) <= 0:
        raise ValueError("not an RSA key")
    return _key(numbers[0], numbers[1], numbers[2], (numbers[4], numbers[5]))


def _field(data: bytes) -> tuple[bytes, bytes]:
    length = int.from_bytes(data[:4], "big")
    if len(data) < 4 + length:
        raise ValueError("it ends in the middle")
    return data[4 : 4 + length], data[4 + length :]


_TEXT = Parameter(STRING)

FUNCTIONS: tuple[Function, ...] = (
    Function("base64sha256", (_TEXT,), _text_digest("sha256", as_base64=True)),
    Function("base64sha512", (_TEXT,), _text_digest("sha512", as_base64=True)),
    Function("bcrypt", (_TEXT,), _made_at_apply("bcrypt"), variadic=Parameter(NUMBER)),
    Function("md5", (_TEXT,), _text_digest("md5")),
    Function("rsadecrypt", (_TEXT, _TEXT), _rsadecrypt),
    Function("sha1", (_TEXT,), _text_digest("sha1")),
    Function("sha256", (_TEXT,), _text_digest("sha256")),
    Function("sha512", (_TEXT,), _text_digest("sha512")),
    Function("uuid", (), _made_at_apply("uuid")),
    Function("uuidv5", (_TEXT, _TEXT), _uuidv5),
)
