"""DSSE envelopes with Ed25519. The library that does the arithmetic is imported only here, when asked for."""

from __future__ import annotations

import base64
import binascii
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from sovereign_guard.errors import UsageError, reason_of
from sovereign_guard.evidence.wire import Envelope, Signature
from sovereign_guard.language import say

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
_MOST_KEY = 64_000
"""Bytes of a key file."""


def private_key(path: str) -> Ed25519PrivateKey:
    """Read the key that signs: Ed25519, PKCS#8, PEM, without a passphrase.

    Raises:
        UsageError: it is not there or is no such key, or the extra `seal` is not installed.

    """
    _installed()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = _read(path)
    try:
        key = load_pem_private_key(data, password=None)
    except TypeError:
        raise UsageError(
            say("this key is protected by a passphrase."),
            hint=say("Give one without, from the pipeline's own store of secrets."),
            file=path,
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise _no_key(path, private=True) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(path, private=True)
    return key


def public_key(path: str) -> Ed25519PublicKey:
    """Read the key that checks: Ed25519, PEM.

    Raises:
        UsageError: it is not there or is no such key, or the extra `seal` is not installed.

    """
    _installed()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    data = _read(path)
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        raise _no_key(path, private=False) from None
    if not isinstance(key, Ed25519PublicKey):
        raise _no_key(path, private=False)
    return key


def keyid(key: Ed25519PublicKey) -> str:
    """Return the SHA-256 of the public key (DER, SubjectPublicKeyInfo), hexadecimal."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def envelope_of(payload: bytes, key: Ed25519PrivateKey) -> Envelope:
    """Sign a statement."""
    signed = base64.b64encode(key.sign(authenticated(PAYLOAD_TYPE, payload))).decode()
    return Envelope(
        PAYLOAD_TYPE, base64.b64encode(payload).decode(), (Signature(keyid(key.public_key()), signed),)
    )


def payload_of(envelope: Envelope) -> bytes | None:
    """Return what an envelope holds; None where that is not written as we write it."""
    try:
        payload = base64.b64decode(envelope.payload, validate=True)
    except (binascii.Error, ValueError):
        return None
    if envelope.payload_type != PAYLOAD_TYPE or base64.b64encode(payload).decode() != envelope.payload:
        return None
    return payload


def is_signed_by(envelope: Envelope, key: Ed25519PublicKey) -> bool:
    """Whether some signature of the envelope is this key's."""
    from cryptography.exceptions import InvalidSignature

    payload = payload_of(envelope)
    if payload is None:
        return False
    for one in envelope.signatures:
        try:
            key.verify(
                base64.b64decode(one.sig, validate=True), authenticated(envelope.payload_type, payload)
            )
        except (InvalidSignature, binascii.Error, ValueError):
            continue
        return one.keyid == keyid(key)
    return False


def authenticated(kind: str, payload: bytes) -> bytes:
    """Return the bytes that are signed: DSSE's pre-authentication encoding."""
    name = kind.encode()
    return b"DSSEv1 %d %b %d %b" % (len(name), name, len(payload), payload)


def _installed() -> None:
    try:
        import cryptography  # noqa: F401 - only whether it is there
    except ImportError:
        raise UsageError(
            say("signatures need the package cryptography, which is not installed."),
            hint="pip install 'sovereign-guard[seal]'",
        ) from None


def _read(path: str) -> bytes:
    try:
        with Path(path).open("rb") as stream:
            return stream.read(_MOST_KEY)
    except OSError as error:
        raise UsageError(
            say("the key cannot be read: {reason}.", reason=reason_of(error)), file=path
        ) from None
    except ValueError:
        raise UsageError(say("this is not a file name."), file=repr(path)) from None


def _no_key(path: str, *, private: bool) -> UsageError:
    if private:
        return UsageError(
            say("this is no private Ed25519 key in PEM (PKCS#8)."),
            hint="openssl genpkey -algorithm ed25519 -out seal.pem",
            file=path,
        )
    return UsageError(
        say("this is no public Ed25519 key in PEM."),
        hint="openssl pkey -in seal.pem -pubout -out seal.pub.pem",
        file=path,
    )
