"""The bytes of an input: found, bounded, decoded, hashed, and recognised by what they hold."""

from __future__ import annotations

import codecs
import hashlib
import sys
import threading
from pathlib import Path

from sovereign_guard.errors import InputError
from sovereign_guard.language import later, say
from sovereign_guard.ledger import INPUT, note

MAX_BYTES = 2 << 30
"""Largest input, in bytes: 16 times the plan of 100,000 resources."""

STDIN = "-"

_ZIP = b"PK\x03\x04"
_HEAD = 4096
_PIECE = 1 << 20
_SHOW = later("terraform show -json {path} > plan.json   (or: tofu show -json {path} > plan.json)")


class Content:
    """UTF-8 bytes of a JSON input, and the digest of the file as it lies on disk.

    The digest is computed on a second thread while the first decodes: hashing lets go of the interpreter's
    lock.
    """

    def __init__(self, path: str, raw: bytes, digested: bytes | None = None) -> None:
        """Take the bytes of an input, and those of the file that its digest is of, where they differ."""
        self.path = path
        self._digest = hashlib.sha256()
        self._hasher = threading.Thread(
            target=self._digest.update, args=(raw if digested is None else digested,)
        )
        self._hasher.start()
        self.data = _as_utf8(path, raw)
        self._validate()

    @property
    def sha256(self) -> str:
        """Digest of the file as read, hexadecimal."""
        self._hasher.join()
        return self._digest.hexdigest()

    def _validate(self) -> None:
        """Refuse what is not UTF-8 anywhere: the decoder skips most of an input without a look at its text.

        Raises:
            InputError: with the place of the first fault.

        """
        if self.data.isascii():
            return
        decoder = codecs.getincrementaldecoder("utf-8")()
        view = memoryview(self.data)
        for start in range(0, len(view), _PIECE):
            end = start + _PIECE
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(view[start:end], final=end >= len(view))
            except UnicodeDecodeError as error:
                line, column = self.position(start - pending + error.start)
                raise InputError(
                    say("this is not UTF-8: {reason}.", reason=error.reason),
                    hint=say("Write it again as UTF-8."),
                    file=self.path,
                    line=line,
                    column=column,
                ) from None

    def position(self, byte: int) -> tuple[int, int]:
        """Return line and column (from 1, in bytes) of a byte offset."""
        line = self.data.count(b"\n", 0, byte) + 1
        return line, byte - self.data.rfind(b"\n", 0, byte)


def is_binary_plan(head: bytes) -> bool:
    """Whether these first bytes are those of a file of `terraform plan -out`, which is a zip archive."""
    return head.startswith(_ZIP)


def read_content(path: str) -> Content:
    """Read a file, or standard input for `-`.

    Raises:
        InputError: it is missing, a directory, empty, too large, a binary plan, or not text that can be JSON.

    """
    if path == STDIN:
        raw = sys.stdin.buffer.read(MAX_BYTES + 1)
        _check(path, raw[:_HEAD], len(raw))
        note(INPUT, path, raw)
        return Content(path, raw)
    file = Path(path)
    try:
        if file.is_dir():
            raise InputError(
                say("this is a directory, and this version reads plans and states."),
                hint=say(
                    "Give a plan: terraform plan -out=tfplan && terraform show -json tfplan > plan.json"
                ),
                file=path,
            )
        if not file.is_file() and not file.is_fifo():
            problem = say("no such file.") if not file.exists() else say("this is not a regular file.")
            raise InputError(
                problem,
                hint=say("Give a folder of source, a plan JSON, a state, or - for standard input."),
                file=path,
            )
        with file.open("rb") as stream:
            head = stream.read(_HEAD)
            _check(path, head, file.stat().st_size if file.is_file() else len(head))
            if stream.seekable():
                stream.seek(0)
                head = b""
            raw = head + stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise _too_large(path)
    except OSError as error:
        raise InputError(
            say("this file cannot be read: {why}.", why=error.strerror),
            hint=say("Check its permissions."),
            file=path,
        ) from None
    except ValueError:
        raise InputError(say("this is not a file name."), file=repr(path)) from None
    note(INPUT, path, raw)
    return Content(path, raw)


def _too_large(path: str) -> InputError:
    return InputError(
        say("this input is larger than {most} GiB, the most that is read.", most=MAX_BYTES >> 30),
        hint=say("Split the configuration into smaller root modules."),
        file=path,
    )


def _check(path: str, head: bytes, size: int) -> None:
    """Refuse by the first bytes what cannot be JSON, before the rest is read."""
    if size > MAX_BYTES:
        raise _too_large(path)
    if not head.strip():
        if size > len(head):
            return  # Something may follow the blanks; the decoder tells.
        raise InputError(
            say("this input is empty."),
            hint=say("Did the command that should have written it fail? Run: terraform show -json tfplan"),
            file=path,
        )
    if is_binary_plan(head):
        raise InputError(
            say("this is a binary plan, which only Terraform can read."),
            hint=say(
                "Run: {command}. Or give --allow-terraform, which runs that for you and so starts provider "
                "programs from the plan's folder.",
                command=say(_SHOW, path=path),
            ),
            file=path,
        )
    start = _as_utf8(path, head, partial=True).lstrip()[:1]
    if start != b"{":
        raise InputError(
            say("this is not JSON of Terraform: it does not begin with an object."),
            hint=say("Run: {command}", command=say(_SHOW, path="tfplan")),
            file=path,
            line=1,
            column=1,
        )


def _as_utf8(path: str, raw: bytes, *, partial: bool = False) -> bytes:
    """Return UTF-8 without byte order mark, from UTF-8 or UTF-16 (what PowerShell's `>` writes)."""
    if raw.startswith(b"\xef\xbb\xbf"):
        return raw[3:]
    encoding = ""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif raw[:2] == b"{\x00":
        encoding = "utf-16-le"
    elif raw[:2] == b"\x00{":
        encoding = "utf-16-be"
    if not encoding:
        return raw
    whole = raw[: len(raw) & ~1] if partial else raw
    try:
        return whole.decode(encoding, "replace" if partial else "strict").encode()
    except UnicodeError as error:
        raise InputError(
            say("this is marked as UTF-16 but is not: {error}.", error=error),
            hint=say("Write it again as UTF-8."),
            file=path,
        ) from None
