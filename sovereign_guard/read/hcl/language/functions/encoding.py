"""Functions that write values as texts and read them back: Base64, CSV, JSON, URLs, YAML, character sets.

Semantics: what Terraform 1.11 does, see tests/functions; for `base64gunzip` and `urldecode`, the
documentation of OpenTofu (https://opentofu.org/docs/language/functions/); read 2026-11-24.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sovereign_guard.language import say
from sovereign_guard.model.value import Reason, Unknown
from sovereign_guard.read.hcl.language.functions.function import Function, Parameter
from sovereign_guard.read.hcl.language.functions.texts import made
from sovereign_guard.read.hcl.language.types import STRING, parse_number, text_of
from sovereign_guard.read.hcl.language.values import (
    MAX_ELEMENTS,
    MAX_TEXT,
    EvaluationError,
    LimitError,
    List,
    Value,
)

_MAX_DEPTH = 100
"""Values nested in one another, as in YAML."""

_MAX_MEMBERS = 100
"""Members of one gzip file."""


# Texts and bytes.


def _utf8(data: bytes) -> str:
    try:
        return made(data.decode())
    except UnicodeDecodeError:
        raise EvaluationError(say("the bytes are not UTF-8")) from None


def _base64(data: bytes) -> str:
    from base64 import b64encode

    return made(b64encode(data).decode())


def bytes_of(text: str) -> bytes:
    """Return the bytes that a text in Base64 stands for; line breaks in it are passed over.

    Raises:
        EvaluationError: it is not Base64.

    """
    from base64 import b64decode

    joined = text.replace("\r", "").replace("\n", "")
    try:
        if len(joined) % 4 == 0:
            return b64decode(joined, validate=True)
    except ValueError:
        pass
    raise EvaluationError(say("the text is not Base64"))


def _base64encode(text: str) -> Value:
    return _base64(text.encode())


def _base64decode(text: str) -> Value:
    return _utf8(bytes_of(text))


def _base64gzip(_given: str) -> Value:
    # Every implementation of gzip compresses in its own way, and Terraform's is that of Go.
    return Unknown(Reason.UNSUPPORTED, "base64gzip()", say("compressed bytes"))


def _base64gunzip(text: str) -> Value:
    import zlib

    waiting = bytes_of(text)
    found = b""
    for _member in range(_MAX_MEMBERS):
        reader = zlib.decompressobj(wbits=31)
        try:
            found += reader.decompress(waiting, MAX_TEXT + 1 - len(found))
        except zlib.error:
            raise EvaluationError(say("the bytes are not compressed with gzip")) from None
        if len(found) > MAX_TEXT:
            raise LimitError(say("the text would be too long"))
        if not reader.eof:
            raise EvaluationError(say("the compressed bytes end too early"))
        waiting = reader.unused_data
        if not waiting:
            break
    else:
        raise LimitError(say("there are too many compressed members"))
    try:
        return made(found.decode())
    except UnicodeDecodeError:
        raise LimitError(say("bytes that are not UTF-8 cannot be told")) from None


# Character sets.

_CHARACTER_SETS = {
    "utf_8": "utf-8 csutf8",
    "utf_16": "utf-16 csutf16",
    "utf_16_be": "utf-16be csutf16be",
    "utf_16_le": "utf-16le csutf16le",
    "ascii": "us-ascii ansi_x3.4-1968 ansi_x3.4-1986 cp367 csascii ibm367 iso-ir-6 iso646-us iso_646.irv:1991"
    " us",
    "latin_1": "iso-8859-1 cp819 csisolatin1 ibm819 iso-ir-100 iso_8859-1 iso_8859-1:1987 l1 latin1",
    "iso8859_2": "iso-8859-2 csisolatin2 iso-ir-101 iso_8859-2 iso_8859-2:1987 l2 latin2",
    "iso8859_3": "iso-8859-3 csisolatin3 iso-ir-109 iso_8859-3 iso_8859-3:1988 l3 latin3",
    "iso8859_4": "iso-8859-4 csisolatin4 iso-ir-110 iso_8859-4 iso_8859-4:1988 l4 latin4",
    "iso8859_5": "iso-8859-5 csisolatincyrillic cyrillic iso-ir-144 iso_8859-5 iso_8859-5:1988",
    "iso8859_6": "iso-8859-6 arabic asmo-708 csisolatinarabic ecma-114 iso-ir-127 iso_8859-6 iso_8859-6:1987"
    " iso-8859-6-e csiso88596e iso_8859-6-e iso-8859-6-i csiso88596i iso_8859-6-i",
    "iso8859_7": "iso-8859-7 csisolatingreek ecma-118 elot_928 greek greek8 iso-ir-126 iso_8859-7"
    " iso_8859-7:1987",
    "iso8859_8": "iso-8859-8 csisolatinhebrew hebrew iso-ir-138 iso_8859-8 iso_8859-8:1988"
    " iso-8859-8-e csiso88598e iso_8859-8-e iso-8859-8-i csiso88598i iso_8859-8-i",
    "iso8859_9": "iso-8859-9 csisolatin5 iso-ir-148 iso_8859-9 iso_8859-9:1989 l5 latin5",
    "iso8859_10": "iso-8859-10 csisolatin6 iso-ir-157 iso_8859-10:1992 l6 latin6",
    "iso8859_13": "iso-8859-13 csiso885913",
    "iso8859_14": "iso-8859-14 csiso885914 iso-celtic iso-ir-199 iso_8859-14 iso_8859-14:1998 l8 latin8",
    "iso8859_15": "iso-8859-15 csiso885915 iso_8859-15 latin-9",
    "iso8859_16": "iso-8859-16 csiso885916 iso-ir-226 iso_8859-16 iso_8859-16:2001 l10 latin10",
    "cp037": "ibm037 cp037 csibm037 ebcdic-cp-ca ebcdic-cp-nl ebcdic-cp-us ebcdic-cp-wt",
    "cp437": "437 cp437 cspc8codepage437 ibm437",
    "cp850": "850 cp850 cspc850multilingual ibm850",
    "cp852": "852 cp852 cspcp852 ibm852",
    "cp855": "855 cp855 csibm855 ibm855",
    "cp858": "ibm00858 ccsid00858 cp00858 csibm00858 pc-multilingual-850+euro",
    "cp860": "860 cp860 csibm860 ibm860",
    "cp862": "862 cp862 cspc862latinhebrew ibm862",
    "cp863": "863 cp863 csibm863 ibm863",
    "cp865": "865 cp865 csibm865 ibm865",
    "cp866": "866 cp866 csibm866 ibm866",
    "cp1140": "ibm01140 ccsid01140 cp01140 csibm01140 ebcdic-us-37+euro",
    "koi8_r": "koi8-r cskoi8r",
    "mac_roman": "macintosh csmacintosh mac",
    "cp874": "windows-874 cswindows874",
    "cp949": "euc-kr cseuckr",
    **{
        f"cp{page}": f"windows-{page} cswindows{page}"
        for page in (1250, 1251, 1252, 1253, 1254, 1256, 1257, 1258)
    },
}
"""Python's name of each character set, and the names that Terraform knows it by."""

_CODECS = {name: codec for codec, names in _CHARACTER_SETS.items() for name in names.split()}
_UNTOLD_NAMES = (
    "big5 csbig5 euc-jp cseucpkdfmtjapanese extended_unix_code_packed_format_for_japanese gb18030 csgb18030"
    " gbk cp936 csgbk ms936 windows-936 hz-gb-2312 iso-2022-jp csiso2022jp shift_jis csshiftjis ms_kanji"
    " koi8-u cskoi8u windows-1255 cswindows1255 ibm1047 csibm1047 ibm-1047"
)
"""Character sets that Terraform knows and Python has in another form or not at all."""

_UNTOLD = frozenset(_UNTOLD_NAMES.split())

_UNASSIGNED = re.compile("[\x80-\x9f]")
_WITHOUT_CONTROLS = re.compile(r"iso8859_(?!9$)")
"""Sets that Python completes with the control characters 80 to 9F and Terraform does not."""


def _codec(name: str) -> str:
    lower = name.lower()
    if lower in _UNTOLD:
        raise LimitError(say("what this character set makes of the text cannot be told"))
    if lower not in _CODECS:
        raise EvaluationError(say("there is no such character set"))
    return _CODECS[lower]


def _textencodebase64(text: str, name: str) -> Value:
    codec = _codec(name)
    if _WITHOUT_CONTROLS.match(codec) and _UNASSIGNED.search(text):
        raise EvaluationError(say("the character set lacks a character of the text"))
    try:
        if codec == "utf_16":
            return _base64(b"\xfe\xff" + text.encode("utf_16_be"))
        return _base64(text.encode(codec))
    except UnicodeEncodeError:
        raise EvaluationError(say("the character set lacks a character of the text")) from None


def _textdecodebase64(text: str, name: str) -> Value:
    codec = _codec(name)
    data = bytes_of(text)
    if codec == "utf_16" and data[:2] not in (b"\xfe\xff", b"\xff\xfe"):
        codec = "utf_16_be"
    try:
        found = data.decode(codec)
    except UnicodeDecodeError:
        raise EvaluationError(say("the bytes are not of the character set")) from None
    if "\ufffd" in found or (_WITHOUT_CONTROLS.match(codec) and _UNASSIGNED.search(found)):
        raise EvaluationError(say("the bytes are not of the character set"))
    return made(found)


# URLs.

_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def _urlencode(text: str) -> Value:
    from urllib.parse import quote_plus

    return made(quote_plus(text))


def _urldecode(text: str) -> Value:
    from urllib.parse import unquote_to_bytes

    if _BAD_PERCENT.search(text):
        raise EvaluationError(say("a percent sign must be followed by two hexadecimal digits"))
    try:
        return made(unquote_to_bytes(text.replace("+", " ")).decode())
    except UnicodeDecodeError:
        raise LimitError(say("bytes that are not UTF-8 cannot be told")) from None


# CSV.


def _csvdecode(text: str) -> Value:
    rows = _rows(text)
    if not rows:
        raise EvaluationError(say("the CSV has no header"))
    header, *others = rows
    if len(set(header)) < len(header):
        raise EvaluationError(say("two columns have the same name"))
    if any(len(row) != len(header) for row in others):
        raise EvaluationError(say("a row of the CSV has not as many fields as the header"))
    return List(dict(zip(header, row, strict=True)) for row in others)


def _rows(text: str) -> list[list[str]]:
    """Return the fields of each line, by the rules of Go's `encoding/csv` (RFC 4180, strict about quotes)."""
    text = text.replace("\r\n", "\n").removesuffix("\r")
    rows: list[list[str]] = []
    fields = at = 0
    while at < len(text):
        if text[at] == "\n":
            at += 1
            continue
        row: list[str] = []
        ended = False
        while not ended:
            field, at = _quoted_field(text, at) if text.startswith('"', at) else _plain_field(text, at)
            row.append(made(field))
            ended = at == len(text) or text[at] == "\n"
            at += 1
        rows.append(row)
        fields += len(row)
        if fields > MAX_ELEMENTS:
            raise LimitError(say("the CSV holds too many fields"))
    return rows


_FIELD = re.compile('[^,\n"]*')
_QUOTED = re.compile('"((?:[^"]|"")*)"')


def _plain_field(text: str, at: int) -> tuple[str, int]:
    """Return a field, and where it ends: at a comma, at a line break or at the end of the text."""
    found = _FIELD.match(text, at)
    assert found is not None  # noqa: S101 - the pattern matches nothing, too
    if text.startswith('"', found.end()):
        raise EvaluationError(say("the CSV has a quote inside a field without quotes"))
    return found[0], found.end()


def _quoted_field(text: str, at: int) -> tuple[str, int]:
    found = _QUOTED.match(text, at)
    if found is None or text[found.end() : found.end() + 1] not in ("", ",", "\n"):
        raise EvaluationError(say("the CSV has a field whose quotes are not closed, or not at its end"))
    return found[1].replace('""', '"'), found.end()


# JSON.

_JSON_ESCAPED = re.compile(r'["\\<>&\x00-\x1f\u2028\u2029]')
_JSON_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class _Json:
    """Writes JSON as Go does: keys sorted, no spaces, and escapes for what HTML would misread."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._length = 0
        self._nodes = 0

    def text(self, value: Value) -> str:
        """Return the JSON of a wholly known value."""
        self._write(value, 0)
        return "".join(self._out)

    def _put(self, text: str) -> None:
        self._out.append(text)
        self._length += len(text)
        if self._length > MAX_TEXT:
            raise LimitError(say("the JSON would be too long"))

    def _write(self, value: Value, depth: int) -> None:
        self._nodes += 1
        if self._nodes > MAX_ELEMENTS or depth > _MAX_DEPTH:
            raise LimitError(say("the value is too large to be written as JSON"))
        if value is None:
            self._put("null")
        elif isinstance(value, str):
            self._put(_json_text(value))
        elif isinstance(value, dict):
            before = "{"
            for name, part in sorted(value.items(), key=lambda pair: pair[0]):
                self._put(f"{before}{_json_text(name)}:")
                self._write(part, depth + 1)
                before = ","
            self._put("}" if value else "{}")
        elif isinstance(value, tuple):
            before = "["
            for part in value:
                self._put(before)
                self._write(part, depth + 1)
                before = ","
            self._put("]" if value else "[]")
        else:
            self._put(text_of(value))


def _json_text(text: str) -> str:
    return (
        '"'
        + _JSON_ESCAPED.sub(lambda found: _JSON_SHORT.get(found[0]) or f"\\u{ord(found[0]):04x}", text)
        + '"'
    )


def _jsonencode(value: Value) -> Value:
    return _Json().text(value)


def _jsondecode(text: str) -> Value:
    import json

    try:
        found = json.loads(
            text, parse_int=_json_number, parse_float=_json_number, parse_constant=_no_constant
        )
    except RecursionError:
        raise LimitError(say("the JSON is nested too deeply")) from None
    except ValueError:
        raise EvaluationError(say("the text is not valid JSON")) from None
    if text.count(",") > MAX_ELEMENTS and _count(found) > MAX_ELEMENTS:
        raise LimitError(say("the JSON holds too many elements"))
    return _from_json(found, 0)


def _count(value: Value) -> int:
    count = 0
    waiting = [value]
    while waiting:
        part = waiting.pop()
        count += 1
        if isinstance(part, list | dict):
            waiting.extend(part.values() if isinstance(part, dict) else part)
    return count


def _json_number(text: str) -> Value:
    try:
        return parse_number(text)
    except EvaluationError:
        raise LimitError(say("a number in the JSON is too large")) from None


def _no_constant(_name: str) -> Value:
    raise EvaluationError(say("the text is not valid JSON"))


def _from_json(value: Value, depth: int) -> Value:
    if depth > _MAX_DEPTH:
        raise LimitError(say("the JSON is nested too deeply"))
    if isinstance(value, str):
        # Half of a pair of surrogates becomes the sign for what is no character.
        return made(_SURROGATE.sub("\ufffd", value))
    if isinstance(value, list):
        return tuple(_from_json(part, depth + 1) for part in value)
    if isinstance(value, dict):
        return {_from_json(name, depth): _from_json(part, depth + 1) for name, part in value.items()}
    return value


_SURROGATE = re.compile("[\ud800-\udfff]")


# YAML.


def _yamldecode(text: str) -> Value:
    from sovereign_guard.read.hcl.language.functions import yamls

    return yamls.decode(text)


def _yamlencode(value: Value) -> Value:
    from sovereign_guard.read.hcl.language.functions import yamls

    return yamls.encode(value)


# Table.

_TEXT = Parameter(STRING)
_VALUE = Parameter(null=True)


def _function(run: Callable[..., Value], *parameters: Parameter) -> Function:
    return Function(run.__name__[1:], parameters, run)


FUNCTIONS: tuple[Function, ...] = (
    _function(_base64decode, _TEXT),
    _function(_base64encode, _TEXT),
    _function(_base64gunzip, _TEXT),
    _function(_base64gzip, _TEXT),
    _function(_csvdecode, _TEXT),
    _function(_jsondecode, _TEXT),
    Function("jsonencode", (_VALUE,), _jsonencode, encodes=True),
    _function(_textdecodebase64, _TEXT, _TEXT),
    _function(_textencodebase64, _TEXT, _TEXT),
    _function(_urldecode, _TEXT),
    _function(_urlencode, _TEXT),
    _function(_yamldecode, _TEXT),
    Function("yamlencode", (_VALUE,), _yamlencode, encodes=True),
)
