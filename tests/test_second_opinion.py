"""The second opinion on syntax: python-hcl2's reading, in our own tree, must be that of tree-sitter."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sovereign_guard.read.hcl.syntax import second
from sovereign_guard.read.hcl.syntax.native import parse_native
from sovereign_guard.read.hcl.syntax.second import NotInstalledError, read, second_opinion
from sovereign_guard.read.hcl.syntax.tree import (
    Binary,
    Body,
    Call,
    Conditional,
    Expression,
    Literal,
    Name,
    Number,
    ObjectExpression,
    Template,
    Unary,
)
from tests.test_syntax import resolved

DATA = Path(__file__).parent / "data" / "syntax"
FIXTURES = Path(__file__).parent.parent / "fixtures"
EXPRESSIONS = DATA.joinpath("expressions.txt").read_text("utf-8").splitlines()
LINES = DATA.joinpath("lines.txt").read_text("utf-8").removesuffix("\n").split("\n----\n")

FILES = [
    "",
    "\n",
    "# a",
    "# a\n",
    "// a\n",
    "/* a\n */\n",
    "a = 1",
    "a=1\n",
    "a = 1 # b",
    "/* b */ a = 1\n",
    "a = 1 /* b */\n",
    "\n\n\na = 1\n\n\n\nb = 2\n\n",
    "a {}\n",
    "a {\n}\n",
    "a {\n\n}\n",
    "a {}",
    "a { b = 1 }\n",
    'a "b" {}\n',
    'a "b" "c" {\n  d = 1\n}\n',
    "a b {}\n",
    'a b "c" d {}\n',
    'a"b"{\n}\n',
    "a { # b\n}\n",
    "a { /* b */ }\n",
    "a {\n  # b\n}\n",
    "a {\n  b = 1 # c\n  # d\n}\n",
    "a {\n} # b\n",
    "a {\n}\na {\n}\n",
    'a {\n  b "c" {\n    d = 1\n  }\n  e = 2\n  f {\n  }\n}\n',
    'a "é" {\n}\n',
    'a "b c" {\n}\n',
    'a "b\\"c" {\n}\n',
    'a "\\u00e9" {\n}\n',
    'a "b$c" {\n}\n',
    'a "" {\n}\n',
    "for {\n}\n",
    "in {\n}\n",
    "if = 1\n",
    "null = 1\n",
    "true = 1\n",
    "for_each = a\n",
    "endif = 1\n",
    "a-b = 1\n",
    "_a = 1\n",
    "\ufeffa = 1\n",
    '\ufeffa "b" {\n  c = "é"\n}\n',
    "a = 1\r\nb = 2\r\n",
    'a "b" {\r\n  c = 1 # d\r\n  e = [\r\n    1,\r\n  ]\r\n}\r\n',
    "a = <<X\r\nb\r\n  ${c}\r\nX\r\nd = 1\r\n",
    "a = <<-X\r\n  b\r\n    c\r\n  X\r\nd = 1\r\n",
    "a = <<X\nb\nX\n",
    "a = [<<X\nb\nX\n]\n",
    "a {\n  b = <<X\nc\nX\n}\n",
    'a = <<X\n${"\\n"}\nX\n',
    "a = <<X\n\\\nX\n",
    "a = <<X\n~ ~ $ {a} % {b}\nX\n",
    "a = <<X\n${f(\n b,\n c\n)}\nX\n",
    'a = "${f(\nb\n)}"\n',
    "a\t=\tb\n",
    "\ta = b\n",
    "# sovereign-guard: level=a\na = b # sovereign-guard: level=b\n// é sovereign-guard: level=é\n",
    "a = [\n  1, # sovereign-guard: level=a\n  2\n  /* sovereign-guard: level=b */\n]\n",
    "a = (b # sovereign-guard: level=a\n  && c)\n/*\n sovereign-guard: level=b\n*/\n",
    'a = "# sovereign-guard: no"\nb = <<X\n# sovereign-guard: no\nX\n',
]

NOT_READ_BY_HCL2 = {
    "--1": "it knows one sign before an operand",
    "!!a": "it knows one sign before an operand",
    "1-1e3": "it takes a minus without space for the sign of the number",
    "(a)-1e5": "it takes a minus without space for the sign of the number",
    "a -1e5": "it takes a minus without space for the sign of the number",
    "/* c */ a": "it knows no comment before an expression",
}


def same(data: bytes) -> None:
    """Both parsers accept it and agree on everything: expressions, positions, comments."""
    ours = parse_native(data)
    assert ours.faults == ()
    assert read(data) == resolved(data, ours)


@pytest.mark.parametrize("text", [text for text in EXPRESSIONS if text not in NOT_READ_BY_HCL2])
def test_expressions_of_one_line(text: str) -> None:
    same(f"x = {text}\ny = 1\n".encode())


@pytest.mark.parametrize("text", LINES)
def test_expressions_over_lines(text: str) -> None:
    same(f"x = {text}\ny = 1\n".encode())


@pytest.mark.parametrize("text", LINES)
def test_expressions_over_lines_in_a_block_of_a_file_from_windows(text: str) -> None:
    same(f'b "c" {{\n  x = {text}\n  y = 1\n}}\n'.replace("\n", "\r\n").encode())


@pytest.mark.parametrize("text", FILES)
def test_files(text: str) -> None:
    same(text.encode())


@pytest.mark.parametrize(
    "path", sorted(FIXTURES.rglob("*.tf")), ids=lambda path: str(path.relative_to(FIXTURES))
)
def test_fixtures(path: Path) -> None:
    data = path.read_bytes()
    structure = read(data)
    if structure is None:
        assert _has_what_hcl2_lacks(data), f"python-hcl2 no longer reads {path.name}"
        return
    assert structure == resolved(data, parse_native(data))


def _has_what_hcl2_lacks(data: bytes) -> bool:
    """Names outside ASCII, and strip markers in interpolations."""
    return not data.isascii() or b"${~" in data or b"~}" in data


@pytest.mark.parametrize("text", NOT_READ_BY_HCL2)
def test_expressions_that_python_hcl2_refuses(text: str) -> None:
    """Should a later version read one, it belongs to those that are compared."""
    assert read(f"x = {text}\n".encode()) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("é = 1\n", "names are ASCII"),
        ("a = <<É\nb\nÉ\n", "so are the marks of heredocs"),
        ('a = "${~ b ~}"\n', "no strip markers in interpolations"),
        ("a = <<X\n${~ b}\nX\n", "no strip markers in interpolations"),
        ('a = "${\nb\n}"\n', "no newline after the brace of an interpolation"),
        ("a /* b */ = 1\n", "no comment before the equals sign"),
        ("a = {for k, v in m : k\n=> v}\n", "no newline before the arrow"),
        ("a = b[ * ]\n", "no space in a splat"),
        ("a = b ::c(d)\n", "no space in the name of a function"),
        ("a = <<X\nb\n  X  \n", "no space after the mark that ends a heredoc"),
        ('a = "b$${"\n', "an escaped marker must have its closing brace"),
    ],
)
def test_files_that_python_hcl2_refuses(text: str, reason: str) -> None:
    """Terraform accepts them."""
    assert read(text.encode()) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a = 1 b = 2\n", "newlines between arguments are not asked for"),
        ("a {} b {}\n", "newlines between blocks are not asked for"),
        ("a { b = 1 c = 2 }\n", "nor within a block of one line"),
        ("a\n{\n}\n", "a brace may stand on the next line"),
        ("a = 1\n+ 2\n", "an operator continues the line before"),
        ("a = b\n? c : d\n", "an operator continues the line before"),
        ("a = <<X\nb\nX", "a heredoc may end with the file"),
        ("a = b.0.1\n", "legacy indexes in a row"),
    ],
)
def test_files_that_python_hcl2_accepts_and_terraform_does_not(text: str, reason: str) -> None:
    """What it makes of them is what was meant; nothing is lost."""
    assert read(text.encode()) is not None


@pytest.mark.parametrize(
    "text",
    [
        'a = "\\x"\n',
        'a = "\\u12"\n',
        'a = "b\nc"\n',
        'a "b${c}" {\n}\n',
        'a = "%{ if b }c"\n',
        'a = "%{ endif }"\n',
        'a = "%{ if b }%{ else }%{ else }%{ endif }"\n',
        'a = "%{ for b in c }%{ endif }"\n',
        "a = <<X\n${b\nX\n",
    ],
)
def test_what_python_hcl2_accepts_and_the_adapter_refuses(text: str) -> None:
    assert read(text.encode()) is None


@pytest.mark.parametrize(
    "text", ["a = ", "a {", "}", "a = 'b'", "a = [1", 'a = "b', "a = <<X\nb\n", "\x00", "a b"]
)
def test_what_neither_accepts(text: str) -> None:
    assert read(text.encode()) is None
    assert parse_native(text.encode()).faults


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-1e9", Unary("-", Number("1e9"))),
        (
            "{\n a = b\n (c) = d\n}",
            ObjectExpression(((Literal("a"), Name("b")), (Name("c"), Name("d")))),
        ),
        (
            "{\n a = b ? c : d\n (e) = f\n}",
            ObjectExpression(
                (
                    (Literal("a"), Conditional(Name("b"), Name("c"), Name("d"))),
                    (Name("e"), Name("f")),
                )
            ),
        ),
        (
            "{\n a = b\n -c = d\n}",
            ObjectExpression(((Literal("a"), Name("b")), (Unary("-", Name("c")), Name("d")))),
        ),
        ('"$$${a}"', Literal("$${a}")),
        ('"\x00"', Literal("\x00")),
        ("<<X\nX${a}\nX", Template((Literal("X"), Name("a"), Literal("\n")))),
    ],
)
def test_what_the_grammar_of_tree_sitter_cannot_read(text: str, expected: Expression) -> None:
    """Each is valid; the answer is that of HashiCorp's own parser."""
    structure = read(f"x = {text}\n".encode())
    assert structure is not None
    assert structure.body.attributes[0].expression == expected


def test_a_literal_in_an_interpolation_is_not_joined_to_the_text_beside_it() -> None:
    structure = read(b'a = "b${null}c${true}d${1}${"e"}f"\n')
    assert structure is not None
    assert structure.body.attributes[0].expression == Template(
        (
            Literal("b"),
            Literal(None),
            Literal("c"),
            Literal(True),
            Literal("d"),
            Number("1"),
            Literal("ef"),
        )
    )


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=40) | st.text('${}%"\\()[]<->=~:?,.#/* \n\rabX1e', max_size=30).map(str.encode))
def test_no_bytes_raise_anything(data: bytes) -> None:
    structure = read(data)
    assert structure is None or structure.faults == ()


# -- in a process of its own ---------------------------------------------------------------------------------


def test_the_answer_of_the_process_is_that_of_the_reader() -> None:
    data = 'a "é" {\n  b = f(-1e9, "${c}")\n}\n# sovereign-guard: level=d\n'.encode()
    assert second_opinion(data) == read(data) is not None
    assert second_opinion(b"") is not None
    assert second_opinion(b"a = ") is None


def test_a_large_file_is_not_given_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second, "MAX_BYTES", 5)
    monkeypatch.setattr(sys, "executable", "/there/is/nothing")
    assert second_opinion(b"a = 10") is None


def test_its_time_is_bounded_and_nothing_is_left_running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second, "MAX_SECONDS", 0.05)
    assert second_opinion(b"a = 1\n") is None
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize("brackets", ["()", "[]", "{}"])
def test_depth_is_bounded(brackets: str) -> None:
    opening, closing = ("{a=", "}") if brackets == "{}" else tuple(brackets)
    assert second_opinion(f"x = {opening * 5000}1{closing * 5000}\n".encode()) is None


def test_deep_answers_come_back_whole_or_not_at_all() -> None:
    data = f"x = {'[' * 150}{']' * 150}\n".encode()
    structure = second_opinion(data)
    assert structure is None or structure == resolved(data, parse_native(data))


def test_it_is_said_when_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(NotInstalledError):
        second_opinion(b"a = 1\n")


def test_another_package_of_the_same_name_is_not_taken_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Checkov brings a fork that installs a module `hcl2` too."""
    other = tmp_path / "hcl2"
    other.mkdir()
    other.joinpath("__init__.py").write_text("def loads(text): return {}\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(NotInstalledError):
        second_opinion(b"a = 1\n")


def test_nothing_is_imported_from_the_folder_that_is_scanned(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("hcl2", "lark", "msgspec", "sovereign_guard", "re"):
        tmp_path.joinpath(f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    structure = second_opinion(b"a = 1\n")
    assert structure is not None
    assert structure.body != Body()
    assert not tmp_path.joinpath("ran").exists()


def test_what_the_process_answers_is_checked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    impostor = tmp_path / "python"
    impostor.write_text("#!/bin/sh\nprintf 'garbage'\n")
    impostor.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(impostor))
    assert second_opinion(b"a = 1\n") is None
    impostor.write_text("#!/bin/sh\nkill -9 $$\n")
    assert second_opinion(b"a = 1\n") is None


def test_operators_next_to_comments() -> None:
    structure = read(b"a = b /* c */ + d\ne = (f # g\n  / h)\n")
    assert structure is not None
    assert [one.expression for one in structure.body.attributes] == [
        Binary("+", Name("b"), Name("d")),
        Binary("/", Name("f"), Name("h")),
    ]


def test_functions_of_providers() -> None:
    structure = read(b"a = provider::b::c(d...)\n")
    assert structure is not None
    assert structure.body.attributes[0].expression == Call("provider::b::c", (Name("d"),), expand=True)
