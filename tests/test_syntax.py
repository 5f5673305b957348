"""HCL's native syntax -> our syntax tree: structure, positions, faults, and expressions."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sovereign_guard.read.hcl.syntax.expressions import (
    MAX_DEPTH,
    NotAnExpressionError,
    composed,
    parse_expression,
    parse_template,
)
from sovereign_guard.read.hcl.syntax.native import MAX_BLOCK_DEPTH, parse_native
from sovereign_guard.read.hcl.syntax.tree import (
    Access,
    Attribute,
    Binary,
    Block,
    Body,
    Call,
    Comment,
    Conditional,
    Expression,
    For,
    GetAttribute,
    GetIndex,
    Literal,
    Name,
    Number,
    ObjectExpression,
    Splat,
    Step,
    Structure,
    Template,
    TemplateFor,
    TemplateIf,
    TupleExpression,
    Unary,
)

A, B, C, D, E, F, G = (Name(name) for name in "abcdefg")


def parsed(text: str) -> Expression:
    return parse_expression(text.encode())


def resolved(data: bytes, structure: Structure) -> Structure:
    """The structure with each attribute's expression in it."""
    return Structure(_resolved(data, structure.body), structure.comments, structure.faults)


def _resolved(data: bytes, body: Body) -> Body:
    return Body(
        tuple(
            Attribute(
                one.name,
                one.at,
                one.start,
                one.end,
                one.expression if one.expression is not None else parse_expression(data[one.start : one.end]),
            )
            for one in body.attributes
        ),
        tuple(Block(one.type, one.labels, one.at, one.end, _resolved(data, one.body)) for one in body.blocks),
    )


def sound(text: str | bytes) -> Structure:
    """The structure of a text that has no faults."""
    data = text if isinstance(text, bytes) else text.encode()
    structure = parse_native(data)
    assert structure.faults == ()
    return resolved(data, structure)


def value(text: str) -> Expression | None:
    """The expression of a file's only attribute."""
    (attribute,) = sound(text).body.attributes
    return attribute.expression


# -- numbers with an exponent --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["1e9", "1E9", "1e+09", "10e3", "1.5e-3", "1.25E+2", "0e0", "1", "0.10", "00012", "9" * 40]
)
def test_a_number_is_kept_as_it_is_written(text: str) -> None:
    assert parsed(text) == Number(text)
    assert value(f"x = {text}\n") == Number(text)
    assert value(f"x = [{text},{text}]\n") == TupleExpression((Number(text), Number(text)))
    assert value(f"x = -{text}\n") == Unary("-", Number(text))
    assert value(f"x = 1 - {text}\n") == Binary("-", Number("1"), Number(text))
    assert value(f"x = (a)-{text}\n") == Binary("-", A, Number(text))
    assert value(f"x = a - -{text}\n") == Binary("-", A, Unary("-", Number(text)))
    assert value(f"x = a[{text}]\n") == Access(A, (GetIndex(Number(text)),))


def test_the_second_of_two_numbers_may_have_an_exponent() -> None:
    assert value("x = 1-1e3\n") == Binary("-", Number("1"), Number("1e3"))
    assert value("x = 1e3-2e3\n") == Binary("-", Number("1e3"), Number("2e3"))


def test_what_only_looks_like_an_exponent_stays_what_it_is() -> None:
    structure = sound(
        '# 1e9 sovereign-guard: 1e9\nb "1e9" "x1e9" {\n  a1e9 = "1e9 ${1e9} 1e9"\n  c = d-1e9\n}\n'
        "e = <<T1e9\n1e9 ${1e9}\nT1e9\nf = é1e9\n"
    )
    template = Template((Literal("1e9 "), Number("1e9"), Literal(" 1e9")))
    (block,) = structure.body.blocks
    assert structure.comments == (Comment(6, "1e9"),)
    assert block.labels == ("1e9", "x1e9")
    assert [(one.name, one.expression) for one in block.body.attributes] == [
        ("a1e9", template),
        ("c", Name("d-1e9")),
    ]
    assert [one.expression for one in structure.body.attributes] == [
        Template((Literal("1e9 "), Number("1e9"), Literal("\n"))),
        Name("é1e9"),
    ]


# -- expressions whose reading is easily got wrong; each answer is that of HashiCorp's own parser ------------

ANSWERS: dict[str, Expression] = {
    "a ? b : c ? d : e": Conditional(A, B, Conditional(C, D, E)),
    "a ? b : c ? d : e ? f : g": Conditional(A, B, Conditional(C, D, Conditional(E, F, G))),
    "a ? b ? c : d : e": Conditional(A, Conditional(B, C, D), E),
    "(a ? b : c) ? d : e": Conditional(Conditional(A, B, C), D, E),
    "a ? b : c || d ? e : f": Conditional(A, B, Conditional(Binary("||", C, D), E, F)),
    "[for a in b : c ? d : e ? f : g]": For(
        None, "a", B, None, Conditional(C, D, Conditional(E, F, G)), None, grouping=False
    ),
    '"${a ? b : c ? d : e}"': Template((Conditional(A, B, Conditional(C, D, E)),)),
    "a - b - c": Binary("-", Binary("-", A, B), C),
    "a + b * c": Binary("+", A, Binary("*", B, C)),
    "a == b == c": Binary("==", Binary("==", A, B), C),
    "a || b && c": Binary("||", A, Binary("&&", B, C)),
    "a == b && c < d": Binary("&&", Binary("==", A, B), Binary("<", C, D)),
    "!a == b": Binary("==", Unary("!", A), B),
    "-a.b": Unary("-", Access(A, (GetAttribute("b"),))),
    "--1": Unary("-", Unary("-", Number("1"))),
    "a-b": Name("a-b"),
    "a -b": Binary("-", A, B),
    "a.*.b[0].c": Access(
        A,
        (Splat((GetAttribute("b"),), full=False), GetIndex(Number("0")), GetAttribute("c")),
    ),
    "a[*].b[0]": Access(A, (Splat((GetAttribute("b"), GetIndex(Number("0")))),)),
    "a[*].b.*.c": Access(A, (Splat((GetAttribute("b"), Splat((GetAttribute("c"),), full=False))),)),
    "a.0.b": Access(A, (GetIndex(Number("0")), GetAttribute("b"))),
    "(a.b).c": Access(Access(A, (GetAttribute("b"),)), (GetAttribute("c"),)),
    "{a = b}": ObjectExpression(((Literal("a"), B),)),
    "{(a) = b}": ObjectExpression(((A, B),)),
    "{true = b}": ObjectExpression(((Literal("true"), B),)),
    "{a : b, c = d}": ObjectExpression(((Literal("a"), B), (Literal("c"), D))),
    "provider::a::b(c...)": Call("provider::a::b", (C,), expand=True),
    '"$${a}"': Literal("${a}"),
    '"$$${a}"': Literal("$${a}"),
    '"%%{a}"': Literal("%{a}"),
    '"$"': Literal("$"),
    '"100%"': Literal("100%"),
    '"$a $$ %%"': Literal("$a $$ %%"),
    '"${a}"': Template((A,)),
    '"${"a"}"': Template((Literal("a"),)),
    '"${true}b"': Template((Literal(True), Literal("b"))),
    '"b${null}c"': Template((Literal("b"), Literal(None), Literal("c"))),
    '"${ {a=b}["a"] }"': Template(
        (Access(ObjectExpression(((Literal("a"), B),)), (GetIndex(Literal("a")),)),)
    ),
    r'"\"\\\n\t\u00e9\U0001F600"': Literal('"\\\n\té😀'),
    '" ${~ a ~} "': Template((A,)),
    '"%{ if a ~} b %{~ else }c%{ endif }"': Template(
        (TemplateIf(A, Template((Literal("b"),)), Template((Literal("c"),))),)
    ),
    '"%{ for a, b in c }${a}%{ endfor }"': Template((TemplateFor("a", "b", C, Template((A,))),)),
    "(a\n  ? b\n  : c)": Conditional(A, B, C),
    "{\n  a = b.c\n  (d) = e\n}": ObjectExpression(((Literal("a"), Access(B, (GetAttribute("c"),))), (D, E))),
    "<<X\n  a\nX": Literal("  a\n"),
    "<<X\nX": Literal(""),
    "<<-X\n    a\n\n      ${b}\n    X": Template((Literal("a\n\n  "), B, Literal("\n"))),
    "<<-X\n  ${a}\n    b\n  X": Template((A, Literal("\n  b\n"))),
    "<<X\r\na\r\n  b\r\nX": Literal("a\r\n  b\r\n"),
    '<<X\n\\n "${a}" $${b}\nX': Template((Literal('\\n "'), A, Literal('" ${b}\n'))),
    "<<X\n%{ if a ~}\n  b\n%{ endif ~}\nc\nX": Template(
        (TemplateIf(A, Template((Literal("  b\n"),)), Template(())), Literal("c\n"))
    ),
}


@pytest.mark.parametrize("text", ANSWERS)
def test_an_expression_is_read_as_terraform_reads_it(text: str) -> None:
    assert value(f"x = {text}\n") == ANSWERS[text]
    if not text.startswith("<<"):
        assert parsed(text) == ANSWERS[text]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a b",
        "a,b",
        "a =",
        "= a",
        "(a",
        "a)",
        "[a",
        "{a}",
        "a ?",
        "a ? b",
        '"a',
        '"${a"',
        '"\\x"',
        "@",
        "a\nb = c",
        "a = b",
        "[for a in b]",
        "a..b",
        "a[]",
        "f(,)",
        "1.",
        "\x00",
        "<<X\na",
        "%{ if a }",
        "x {}",
    ],
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(NotAnExpressionError):
        parsed(text)


def test_a_template_by_itself() -> None:
    assert parse_template("plain $ { %") == Template((Literal("plain $ { %"),))
    assert parse_template("a ${b}") == Template((Literal("a "), B))
    assert parse_template("${b}\n") == Template((B, Literal("\n")))
    assert parse_template('"${b}" \\n\r\n') == Template((Literal('"'), B, Literal('" \\n\r\n')))
    assert parse_template("%{ if a ~}\n b\n%{ endif }") == Template(
        (TemplateIf(A, Template((Literal(" b\n"),)), Template(())),)
    )
    assert parse_template("${<<X\nb\nX\n}") == Template((Literal("b\n"),))
    for wrong in ("${", "${a", "%{ if a }", "%{ endif }", "${a b}"):
        with pytest.raises(NotAnExpressionError):
            parse_template(wrong)


# -- structure, positions, comments --------------------------------------------------------------------------


def test_blocks_attributes_and_where_they_stand() -> None:
    text = 'a = 1\nb "c" d {\n  e = [\n    f\n  ]\n  g { h = (i) }\n}\nj = <<X\nk\nX\n'
    structure = sound(text)
    cut = {
        one.name: (text[one.at :][: len(one.name)], text[one.start : one.end])
        for one in (
            *structure.body.attributes,
            *structure.body.blocks[0].body.attributes,
            *structure.body.blocks[0].body.blocks[0].body.attributes,
        )
    }
    assert cut == {
        "a": ("a", "1"),
        "j": ("j", "<<X\nk\nX"),
        "e": ("e", "[\n    f\n  ]"),
        "h": ("h", "(i)"),
    }
    (block,) = structure.body.blocks
    assert (block.type, block.labels) == ("b", ("c", "d"))
    assert text[block.at : block.end].startswith('b "c" d {')
    assert text[block.at : block.end].endswith("}\n}")
    (inner,) = block.body.blocks
    assert text[inner.at : inner.end] == "g { h = (i) }"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_byte_order_mark_and_newlines_of_windows(bom: bytes, newline: str) -> None:
    text = '# c\né = "ü"\nb "ß" {\n  a = [\n    1,\n  ]\n}\n'
    data = bom + text.replace("\n", newline).encode()
    structure = sound(data)
    (attribute,) = structure.body.attributes
    assert (attribute.name, attribute.expression) == ("é", Literal("ü"))
    assert data[attribute.start : attribute.end].decode() == '"ü"'
    (block,) = structure.body.blocks
    assert block.labels == ("ß",)
    assert block.body.attributes[0].expression == TupleExpression((Number("1"),))


@pytest.mark.parametrize("text", ["", "\n", "\r\n", " ", "# a", "# a\n", "// a", "/* a\n*/", "\ufeff"])
def test_files_with_nothing_in_them(text: str) -> None:
    assert parse_native(text.encode()).body == Body()
    assert parse_native(text.encode()).faults == ()


def test_comments_that_speak_to_us() -> None:
    text = (
        "# sovereign-guard: level=a\n"
        "b {\n"
        "  // é sovereign-guard:level=b  \n"
        "  c = 1 # sovereign-guard: level=c\n"
        "  d = [1, /* sovereign-guard: level=d */ 2]\n"
        '  e = "# sovereign-guard: level=e"\n'
        "  f = <<X\n# sovereign-guard: level=f\nX\n"
        "  # another comment\n"
        "}\n"
        "/*\n sovereign-guard: level=g\n*/\n"
    )
    comments = sound(text).comments
    assert [comment.text for comment in comments] == [f"level={name}" for name in "abcdg"]
    data = text.encode()
    assert [comment.at for comment in comments] == [
        data.index(b"sovereign-guard", data.index(start.encode()))
        for start in ("# sov", "// é", "1 # sov", "/* sov", "/*\n")
    ]


# -- faults --------------------------------------------------------------------------------------------------

DAMAGED = [
    "b {\n  c = \n}\n",
    "b {\n  c = [1, 2\n}\n",
    "b {\n  c = )\n}\n",
    "b {\n  c = 'd'\n}\n",
    'b {\n  c = "${d"\n}\n',
    "b {\n  c == 1\n}\n",
    "b {\n  @\n}\n",
    "b {\n  c = d e f\n}\n",
    "<<<<<<< HEAD\n",
]


@pytest.mark.parametrize("damage", DAMAGED)
def test_what_stands_before_and_after_the_damage_is_kept(damage: str) -> None:
    before = 'first "x" {\n  a = 1\n}\n\n'
    after = '\nlast "y" {\n  a = 2\n}\n'
    structure = parse_native((before + damage + after).encode())
    assert structure.faults
    assert [block.type for block in structure.body.blocks if block.type != "b"] == ["first", "last"]
    within = range(len(before), len(before) + len(damage) + 1)
    assert structure.faults[0].at in within
    assert all(fault.message for fault in structure.faults)


def test_a_damaged_block_is_not_half_read() -> None:
    structure = parse_native(b"b {\n  a = 1\n  c = )\n}\nd {\n}\n")
    assert [block.type for block in structure.body.blocks] == ["d"]


@pytest.mark.parametrize(
    "data",
    [
        b"\x00",
        b"a = \x00\n",
        b"a = 1\n\x00",
        b"\xff\xfe",
        b"\xff = 1\n",
        b"a = 'x'\n",
        b'a = "x\n',
        b"b {\n",
        b"}\n",
        b"a = <<X\nb\n",
        b"a = 1,\n",
        b"a = 1; b = 2\n",
        b'"a" = 1\n',
        b"1a = 1\n",
    ],
)
def test_what_is_not_hcl_is_a_fault(data: bytes) -> None:
    structure = parse_native(data)
    assert structure.faults
    assert all(0 <= fault.at <= len(data) for fault in structure.faults)


# -- hostile files -------------------------------------------------------------------------------------------

DEEP = {
    "parentheses": lambda n: "(" * n + "1" + ")" * n,
    "tuples": lambda n: "[" * n + "]" * n,
    "objects": lambda n: "{a=" * n + "1" + "}" * n,
    "calls": lambda n: "f(" * n + ")" * n,
    "templates": lambda n: '"${' * n + "1" + '}"' * n,
    "unary": lambda n: "!" * n + "a",
    "indexes": lambda n: "a[" * n + "0" + "]" * n,
    "conditionals": lambda n: "a ? b : " * n + "c",
    "operators": lambda n: "1 + " * n + "1",
    "for": lambda n: "[for a in b : " * n + "1" + "]" * n,
    "directives": lambda n: '"' + "%{ if a }" * n + "%{ endif }" * n + '"',
    "heredocs": lambda n: "${<<X\n" * n,
}


@pytest.mark.parametrize("kind", DEEP)
@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 5_000])
def test_deep_expressions_are_refused(kind: str, depth: int) -> None:
    text = DEEP[kind](depth)
    with pytest.raises(NotAnExpressionError) as error:
        parsed(text)
    assert 0 <= error.value.at <= len(text) + 2
    structure = parse_native(f"b {{\n}}\nx = {text}\n".encode())
    assert [block.type for block in structure.body.blocks] == ["b"]


@pytest.mark.parametrize("kind", ["parentheses", "tuples", "calls", "unary", "conditionals"])
def test_moderate_depth_is_read(kind: str) -> None:
    assert parsed(DEEP[kind](30)) is not None


def test_deep_templates_are_refused() -> None:
    with pytest.raises(NotAnExpressionError):
        parse_template("%{ if a }" * 5_000 + "%{ endif }" * 5_000)


def test_deep_blocks_are_a_fault_and_cost_only_themselves() -> None:
    deep = "a {\n" * 5_000 + "}\n" * 5_000
    structure = parse_native(f"b {{\n}}\n{deep}c {{\n}}\n".encode())
    assert [block.type for block in structure.body.blocks] == ["b", "c"]
    assert [fault.at for fault in structure.faults] != []
    shallow = "a {\n" * MAX_BLOCK_DEPTH + "}\n" * MAX_BLOCK_DEPTH
    assert parse_native(shallow.encode()).faults == ()


def test_a_large_heredoc() -> None:
    lines = 'x ${a} "$${b}" y\n' * 3_000
    expression = value(f"x = <<X\n{lines}X\n")
    assert isinstance(expression, Template)
    assert expression.parts.count(A) == 3_000
    assert value(f"x = <<X\n{'y' * 2_000_000}\nX\n") == Literal("y" * 2_000_000 + "\n")


def test_many_attributes_in_one_block() -> None:
    structure = sound("b {\n" + "".join(f"  a{at} = {at}\n" for at in range(20_000)) + "}\n")
    assert len(structure.body.blocks[0].body.attributes) == 20_000


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | st.text('${}%"\\()[]<->=~:?,.#/* \n\rabX1e', max_size=40).map(str.encode))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    structure = parse_native(data)
    assert all(0 <= fault.at <= len(data) for fault in structure.faults)
    for attribute in structure.body.attributes:
        with suppress(NotAnExpressionError):
            parse_expression(data[attribute.start : attribute.end])
    with suppress(NotAnExpressionError):
        parse_expression(data)
    with suppress(NotAnExpressionError):
        parse_template(data.decode("utf-8", "replace"))


# -- what is printed is read again ---------------------------------------------------------------------------

_PRECEDENCE = {
    "||": 1,
    "&&": 2,
    **dict.fromkeys(("==", "!="), 3),
    **dict.fromkeys(("<", "<=", ">", ">="), 4),
    **dict.fromkeys("+-", 5),
    **dict.fromkeys("*/%", 6),
}
_KEYWORDS = {"true", "false", "null", "for", "if", "in", "else", "endif", "endfor"}
_ESCAPED = re.compile(r'[\\"\x00-\x1f\x7f]|[$%]\{|[$%]+$')


def _text(text: str) -> str:
    return _ESCAPED.sub(
        lambda found: (
            f"{found[0][0]}{found[0]}"
            if found[0].endswith("{") and text[found.start() - 1 : found.start()] != found[0][0]
            else "".join(f"\\u{ord(one):04x}" for one in found[0])
        ),
        text,
    )


def _parts(parts: tuple[Expression, ...]) -> str:
    made = ""
    for part in parts:
        match part:
            case Literal(value=str() as text):
                made += _text(text)
            case TemplateIf(condition=condition, then=then, otherwise=otherwise):
                other = f"%{{ else }}{_parts(otherwise.parts)}" if otherwise.parts else ""
                made += f"%{{ if {printed(condition)} }}{_parts(then.parts)}{other}%{{ endif }}"
            case TemplateFor(key=key, value=name, collection=collection, body=body):
                names = name if key is None else f"{key}, {name}"
                made += f"%{{ for {names} in {printed(collection)} }}{_parts(body.parts)}%{{ endfor }}"
            case _:
                made += f"${{{printed(part)}}}"
    return made


def _steps(steps: tuple[Step, ...]) -> str:
    made = ""
    for step in steps:
        match step:
            case GetAttribute(name=name):
                made += f".{name}"
            case GetIndex(key=key):
                made += f"[{printed(key)}]"
            case Splat(steps=inner, full=full):
                made += ("[*]" if full else ".*") + _steps(inner)
    return made


def printed(expression: Expression, above: int = 0) -> str:
    """The expression in HCL; `above`: precedence of the operator that it is an operand of."""
    match expression:
        case Literal(value=str() as text):
            return f'"{_text(text)}"'
        case Literal(value=word):
            return {True: "true", False: "false", None: "null"}[word]
        case Number(text=text):
            return text
        case Name(name=name):
            return name
        case Access(source=source, steps=steps):
            root = source.name if isinstance(source, Name) else f"({printed(source)})"
            return root + _steps(steps)
        case Template(parts=parts):
            return f'"{_parts(parts)}"'
        case Unary(operator=operator, operand=operand):
            return operator + printed(operand, 7)
        case Binary(operator=operator, left=left, right=right):
            own = _PRECEDENCE[operator]
            text = f"{printed(left, own)} {operator} {printed(right, own + 1)}"
            return f"({text})" if own < above else text
        case Conditional(condition=condition, then=then, otherwise=otherwise):
            text = f"{printed(condition, 1)} ? {printed(then)} : {printed(otherwise)}"
            return f"({text})" if above else text
        case TupleExpression(items=items):
            return f"[{', '.join(map(printed, items))}]"
        case ObjectExpression(items=pairs):
            return "{" + ", ".join(f"{_key(key)} = {printed(one)}" for key, one in pairs) + "}"
        case For():
            return _for(expression)
        case Call(name=name, arguments=arguments, expand=expand):
            return f"{name}({', '.join(map(printed, arguments))}{'...' if expand else ''})"
    raise AssertionError(expression)


def _key(key: Expression) -> str:
    return printed(key) if isinstance(key, Literal) and isinstance(key.value, str) else f"({printed(key)})"


def _for(one: For) -> str:
    names = one.value if one.key is None else f"{one.key}, {one.value}"
    start = f"for {names} in {printed(one.collection)} : "
    condition = "" if one.condition is None else f" if {printed(one.condition)}"
    if one.result_key is None:
        return f"[{start}{printed(one.result)}{condition}]"
    grouping = "..." if one.grouping else ""
    return f"{{{start}{printed(one.result_key)} => {printed(one.result)}{grouping}{condition}}}"


names = st.from_regex(r"[a-z_][a-z0-9_]{0,5}(-[a-z]{1,2})?", fullmatch=True).filter(
    lambda name: name not in _KEYWORDS
)
characters = st.characters(codec="utf-8", exclude_characters="\ufeff")
texts = st.text(characters, max_size=6).map(composed) | st.text('${}%\\"~\n ab', max_size=6)
literals = st.one_of(texts, st.booleans(), st.none()).map(Literal)
numbers = st.from_regex(r"(0|[1-9][0-9]{0,5})(\.[0-9]{1,3})?([eE][-+]?[0-9]{1,2})?", fullmatch=True).map(
    Number
)


def _larger(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    attributes = st.builds(GetAttribute, names)
    indexes = st.builds(GetIndex, inner)
    steps = st.lists(attributes | indexes, max_size=3).map(tuple)
    splats = st.builds(
        lambda each, key, rest: (Splat(tuple(each), full=False), *((GetIndex(key), *rest) if key else ())),
        st.lists(attributes, max_size=2),
        st.none() | inner,
        steps,
    ) | st.builds(lambda each: (Splat(each),), steps)
    chains = st.builds(lambda first, last: (*first, *last), steps, st.just(()) | splats).filter(bool)
    bodies = st.lists(literals | inner, max_size=3).map(_joined).map(lambda parts: Template(parts))
    directives = st.builds(TemplateIf, inner, bodies, bodies) | st.builds(
        TemplateFor, st.none() | names, names, inner, bodies
    )
    templates = (
        st.lists(literals | inner | directives, min_size=1, max_size=4)
        .map(_joined)
        .filter(lambda parts: any(not _is_text(part) for part in parts))
        .map(lambda parts: Template(parts))
    )
    return st.one_of(
        st.builds(Access, inner, chains),
        templates,
        st.builds(Unary, st.sampled_from("-!"), inner.filter(lambda one: not isinstance(one, Unary))),
        st.builds(Binary, st.sampled_from(sorted(_PRECEDENCE)), inner, inner),
        st.builds(Conditional, inner, inner, inner),
        st.builds(TupleExpression, st.lists(inner, max_size=3).map(tuple)),
        st.builds(ObjectExpression, st.lists(st.tuples(inner, inner), max_size=3).map(tuple)),
        st.builds(For, st.none() | names, names, inner, st.none(), inner, st.none() | inner),
        st.builds(For, st.none() | names, names, inner, inner, inner, st.none() | inner, st.booleans()),
        st.builds(
            lambda name, given, expand: Call(name, given, expand and bool(given)),
            names | names.map(lambda name: f"provider::{name}::f"),
            st.lists(inner, max_size=3).map(tuple),
            st.booleans(),
        ),
    )


def _is_text(part: Expression) -> bool:
    return isinstance(part, Literal) and isinstance(part.value, str)


def _joined(parts: list[Expression]) -> tuple[Expression, ...]:
    """Texts beside each other are one; an empty one is none."""
    made: list[Expression] = []
    for part in parts:
        if _is_text(part) and not part.value:
            continue
        if made and _is_text(part) and _is_text(made[-1]):
            made[-1] = Literal(composed(made[-1].value + part.value))
        else:
            made.append(part)
    return tuple(made)


_LEAVES = st.one_of(literals, numbers, names.map(Name))


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> Expression:
    """Expressions of every kind, nested no deeper than that."""
    return draw(_LEAVES if depth == 0 else _trees(depth))


@cache
def _trees(depth: int) -> st.SearchStrategy[Expression]:
    return _LEAVES | _larger(expressions(depth - 1))


@settings(max_examples=300, deadline=None)
@given(expressions())
def test_what_is_printed_is_read_again(expression: Expression) -> None:
    text = printed(expression)
    assert parsed(text) == expression
    assert value(f"x = {text}\n") == expression
    assert value(f"b = {{\n  c = {text}\n  d = (\n{text}\n)\n}}\n") == ObjectExpression(
        ((Literal("c"), expression), (Literal("d"), expression))
    )
