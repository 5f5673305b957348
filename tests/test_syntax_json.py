"""HCL's JSON syntax -> the same syntax tree as the native syntax gives."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sovereign_guard.read.hcl.syntax.expressions import composed
from sovereign_guard.read.hcl.syntax.json_syntax import MAX_DEPTH, parse_json
from sovereign_guard.read.hcl.syntax.native import parse_native
from sovereign_guard.read.hcl.syntax.tree import (
    Attribute,
    Block,
    Body,
    Comment,
    Expression,
    Literal,
    Name,
    Number,
    ObjectExpression,
    Structure,
    Template,
    TupleExpression,
    Unary,
)
from tests.test_syntax import resolved


def sound(content: Any) -> Structure:
    """The structure of a file without faults, from its text or from what its text stands for."""
    data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    structure = parse_json(data)
    assert structure.faults == ()
    return structure


def shape(body: Body) -> object:
    """What a body says, without where it stands; a template of one text is that text."""
    return (
        {one.name: one.expression for one in body.attributes},
        [(one.type, one.labels, shape(one.body)) for one in body.blocks],
    )


def same(content: Any, native: str) -> None:
    """Both syntaxes say the same."""
    data = native.encode()
    assert shape(sound(content).body) == shape(resolved(data, parse_native(data)).body)


def value(content: Any) -> Expression | None:
    """The expression that a JSON value is in a resource."""
    (block,) = sound({"resource": {"a": {"b": {"x": content}}}}).body.blocks
    return block.body.attributes[0].expression


# -- expressions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a", Literal("a")),
        ("", Literal("")),
        ("$a 100% $ {", Literal("$a 100% $ {")),
        ('é\n\t"\\😀', Literal('é\n\t"\\😀')),
        ("${a}", Template((Name("a"),))),
        ("${a}b", Template((Name("a"), Literal("b")))),
        ("a\n${b}\n", Template((Literal("a\n"), Name("b"), Literal("\n")))),
        ("$${a}", Template((Literal("${a}"),))),
        ('${f("a")}', None),
        ("\\n ${a}", Template((Literal("\\n "), Name("a")))),
        (True, Literal(True)),
        (None, Literal(None)),
        (1, Number("1")),
        (-1.5, Unary("-", Number("1.5"))),
        ([], TupleExpression(())),
        (["a", "${b}"], TupleExpression((Literal("a"), Template((Name("b"),))))),
        ({}, ObjectExpression(())),
        ({"a": 1}, ObjectExpression(((Literal("a"), Number("1")),))),
        ({"${a}": {"b-c": [None]}}, None),
        ({"//": "kept"}, ObjectExpression(((Literal("//"), Literal("kept")),))),
    ],
)
def test_values(content: Any, expected: Expression | None) -> None:
    found = value(content)
    if expected is not None:
        assert found == expected


def test_keys_and_calls_within_texts() -> None:
    same(
        {"resource": {"a": {"b": {"x": '${f("a", {c = d})}', "y": {"${k}": 1}}}}},
        'resource "a" "b" {\n  x = "${f("a", {c = d})}"\n  y = {"${k}" = 1}\n}\n',
    )


@pytest.mark.parametrize("text", ["0", "-0", "1", "-12", "1.5", "1e9", "1E+09", "-1.5e-3", "9" * 40])
def test_numbers_are_kept_as_they_are_written(text: str) -> None:
    (block,) = sound(f'{{"locals": {{"x": {text}}}}}').body.blocks
    number: Expression = Number(text.removeprefix("-"))
    assert block.body.attributes[0].expression == (Unary("-", number) if text.startswith("-") else number)


# -- Terraform's blocks --------------------------------------------------------------------------------------


def test_blocks_and_their_labels() -> None:
    same(
        {
            "resource": {"a": {"b": {"x": "1"}, "c": {"x": "2"}}, "d": {"e": {}}},
            "data": {"a": {"b": {"x": 1}}},
            "ephemeral": {"a": {"b": {"x": 1}}},
            "provider": {"a": {"x": 1}},
            "variable": {"a": {}},
            "output": {"a": {"value": "${b}"}},
            "module": {"a": {"source": "./b"}},
            "check": {"a": {"assert": {"condition": "${b}", "error_message": "c"}}},
            "locals": {"a": 1},
            "terraform": {"required_version": ">= 1"},
            "moved": {"from": "a.b", "to": "c.d"},
            "removed": {"from": "a.b", "lifecycle": {"destroy": False}},
            "import": {"to": "a.b", "id": "${c}"},
        },
        """
        resource "a" "b" {
          x = "1"
        }
        resource "a" "c" {
          x = "2"
        }
        resource "d" "e" {
        }
        data "a" "b" {
          x = 1
        }
        ephemeral "a" "b" {
          x = 1
        }
        provider "a" {
          x = 1
        }
        variable "a" {
        }
        output "a" {
          value = "${b}"
        }
        module "a" {
          source = "./b"
        }
        check "a" {
          assert {
            condition     = "${b}"
            error_message = "c"
          }
        }
        locals {
          a = 1
        }
        terraform {
          required_version = ">= 1"
        }
        moved {
          from = a.b
          to   = c.d
        }
        removed {
          from = a.b
          lifecycle {
            destroy = false
          }
        }
        import {
          to = a.b
          id = "${c}"
        }
        """,
    )


def test_several_blocks_in_arrays() -> None:
    same(
        {
            "provider": {"a": [{"region": "x"}, {"alias": "y", "region": "z"}]},
            "resource": [{"a": {"b": {"x": 1}}}, {"a": {"c": {"x": 2}}}],
            "locals": [{"a": 1}, {"b": 2}],
            "moved": [{"from": "a", "to": "b"}, {"from": "c", "to": "d"}],
            "variable": [],
            "output": None,
        },
        'provider "a" {\n region = "x"\n}\nprovider "a" {\n alias = "y"\n region = "z"\n}\n'
        'resource "a" "b" {\n x = 1\n}\nresource "a" "c" {\n x = 2\n}\n'
        "locals {\n a = 1\n}\nlocals {\n b = 2\n}\n"
        "moved {\n from = a\n to = b\n}\nmoved {\n from = c\n to = d\n}\n",
    )


def test_a_file_that_is_an_array_and_keys_that_are_there_twice() -> None:
    same('[{"locals": {"a": 1}}, {"locals": {"b": 2}}]', "locals {\n a = 1\n}\nlocals {\n b = 2\n}\n")
    same('{"locals": {"a": 1}, "locals": {"b": 2}}', "locals {\n a = 1\n}\nlocals {\n b = 2\n}\n")
    same(
        '{"resource": {"a": {"b": {"x": 1}}, "a": {"c": {"x": 2}}}}',
        'resource "a" "b" {\n x = 1\n}\nresource "a" "c" {\n x = 2\n}\n',
    )


def test_what_a_resource_holds() -> None:
    same(
        {
            "resource": {
                "a": {
                    "b": {
                        "provider": "aws.paris",
                        "depends_on": ["a.c", "module.d"],
                        "count": "${length(var.e)}",
                        "tags": {"Name": "x-${var.f}"},
                        "rule": [{"g": 1}],
                        "lifecycle": {
                            "ignore_changes": ["tags", 'tags["h"]'],
                            "prevent_destroy": True,
                            "replace_triggered_by": ["a.i[0]"],
                            "precondition": [{"condition": "${j}", "error_message": "k"}],
                        },
                        "connection": {"host": "${self.ip}"},
                        "provisioner": [
                            {"local-exec": {"command": "l ${m}", "when": "destroy"}},
                            {"file": {"connection": {"host": "n"}}},
                        ],
                        "dynamic": {
                            "setting": {
                                "for_each": "${var.o}",
                                "iterator": "p",
                                "content": {
                                    "q": "${p.value}",
                                    "dynamic": {"inner": [{"for_each": [1], "content": {}}]},
                                },
                            }
                        },
                    }
                }
            }
        },
        """
        resource "a" "b" {
          provider   = aws.paris
          depends_on = [a.c, module.d]
          count      = "${length(var.e)}"
          tags       = { "Name" = "x-${var.f}" }
          rule       = [{ "g" = 1 }]
          lifecycle {
            ignore_changes       = [tags, tags["h"]]
            prevent_destroy      = true
            replace_triggered_by = [a.i[0]]
            precondition {
              condition     = "${j}"
              error_message = "k"
            }
          }
          connection {
            host = "${self.ip}"
          }
          provisioner "local-exec" {
            command = "l ${m}"
            when    = destroy
          }
          provisioner "file" {
            connection {
              host = "n"
            }
          }
          dynamic "setting" {
            for_each = "${var.o}"
            iterator = p
            content {
              q = "${p.value}"
              dynamic "inner" {
                for_each = [1]
                content {
                }
              }
            }
          }
        }
        """,
    )
    same(
        {"resource": {"a": {"b": {"lifecycle": {"ignore_changes": "all"}}}}},
        'resource "a" "b" {\n lifecycle {\n ignore_changes = all\n }\n}\n',
    )


def test_what_terraform_holds() -> None:
    same(
        {
            "terraform": {
                "required_providers": {
                    "aws": {"source": "hashicorp/aws", "configuration_aliases": ["aws.b"]},
                    "c": "~> 1",
                },
                "backend": {"s3": {"bucket": "d", "endpoints": {"s3": "e"}}},
                "cloud": {"organization": "f", "workspaces": {"name": "g"}},
                "provider_meta": {"h": {"i": 1}},
                "encryption": {
                    "key_provider": {"pbkdf2": {"j": {"passphrase": "${var.k}"}}},
                    "method": {"aes_gcm": {"l": {"keys": "${key_provider.pbkdf2.j}"}}},
                    "state": {"method": "${method.aes_gcm.l}", "fallback": {}},
                },
            }
        },
        """
        terraform {
          required_providers {
            aws = {
              source                = "hashicorp/aws"
              configuration_aliases = [aws.b]
            }
            c = "~> 1"
          }
          backend "s3" {
            bucket    = "d"
            endpoints = { "s3" = "e" }
          }
          cloud {
            organization = "f"
            workspaces {
              name = "g"
            }
          }
          provider_meta "h" {
            i = 1
          }
          encryption {
            key_provider "pbkdf2" "j" {
              passphrase = "${var.k}"
            }
            method "aes_gcm" "l" {
              keys = "${key_provider.pbkdf2.j}"
            }
            state {
              method = "${method.aes_gcm.l}"
              fallback {
              }
            }
          }
        }
        """,
    )


def test_variables_outputs_and_modules() -> None:
    same(
        {
            "variable": {
                "a": {
                    "type": "object({b = optional(list(string), [])})",
                    "default": {"b": ["$${c}"]},
                    "sensitive": True,
                    "validation": {"condition": "${d}", "error_message": "e"},
                }
            },
            "output": {"f": {"value": ["${g}"], "description": "h", "depends_on": ["a.b"]}},
            "module": {
                "i": {
                    "source": "./j",
                    "providers": {"aws": "aws.k", "aws.l": "aws"},
                    "depends_on": ["module.m"],
                    "for_each": "${n}",
                    "type": "o",
                }
            },
        },
        """
        variable "a" {
          type      = object({b = optional(list(string), [])})
          default   = { "b" = ["$$${"$"}{c}"] }
          sensitive = true
          validation {
            condition     = "${d}"
            error_message = "e"
          }
        }
        output "f" {
          value       = ["${g}"]
          description = "h"
          depends_on  = [a.b]
        }
        module "i" {
          source     = "./j"
          providers  = { aws = aws.k, aws.l = aws }
          depends_on = [module.m]
          for_each   = "${n}"
          type       = "o"
        }
        """.replace('"$$${"$"}{c}"', '"$\\u0024{c}"'),
    )


def test_a_default_is_no_template() -> None:
    (block,) = sound({"variable": {"a": {"default": "${b}", "description": "%{ c"}}}).body.blocks
    assert [one.expression for one in block.body.attributes] == [Literal("${b}"), Literal("%{ c")]


def test_a_key_that_is_no_block_of_terraform_is_an_attribute() -> None:
    body = sound({"resouce": {"a": {"b": {"c": "${"}}}}).body
    assert [one.name for one in body.attributes] == ["resouce"]
    assert body.blocks == ()


# -- positions and comments ----------------------------------------------------------------------------------


def test_where_things_stand() -> None:
    text = '{"é": 1,\n "resource": {"a": {"b": {"x": [1, "ü"]},\n "c": [{"y": 1}, {"z": true }]}}}'
    data = text.encode()
    body = parse_json(data).body
    first, second, third = body.blocks
    assert data[first.at : first.end] == '"b": {"x": [1, "ü"]}'.encode()
    assert data[second.at : second.end] == b'{"y": 1}'
    assert data[third.at : third.end] == b'{"z": true }'
    (attribute,) = first.body.attributes
    assert data[attribute.at :].startswith(b'"x"')
    assert data[attribute.start : attribute.end] == '[1, "ü"]'.encode()


def test_comments() -> None:
    text = (
        '{"//": "sovereign-guard: level=a",'
        '"resource": {"b": {"c": {"//": "é sovereign-guard: level=b ",'
        ' "tags": {"//": "sovereign-guard: no"}}},'
        ' "//": "sovereign-guard: level=c"},'
        '"module": {"d": {"//": "another", "x": "sovereign-guard: no"},'
        ' "e": {"//": {"metadata": "sovereign-guard: no"}}},'
        '"locals": {"//": "\\u0073overeign-guard: level=d"}}'
    )
    data = text.encode()
    structure = sound(text)
    assert [comment.text for comment in structure.comments] == [f"level={name}" for name in "abcd"]
    assert [data[comment.at :][:16] for comment in structure.comments[:3]] == [b"sovereign-guard:"] * 3
    assert structure.comments[3] == Comment(data.rindex(b'"//"'), "level=d")
    for block in structure.body.blocks:
        assert all(one.name != "//" for one in block.body.attributes)
    (resource,) = [block for block in structure.body.blocks if block.type == "resource"]
    assert resource.at < structure.comments[1].at < resource.end


# -- faults --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", 0),
        ("{", 1),
        (' {"a" 1}', 6),
        ('{"a": }', 6),
        ('{"a": 1', 7),
        ('{"a": 1,}', 8),
        ('{"a": [1,]}', 9),
        ('{"a": [1 2]}', 9),
        ('{"a": 1 "b": 2}', 8),
        ("{a: 1}", 1),
        ("{1: 2}", 1),
        ('{"a": 01}', 6),
        ('{"a": 1.}', 6),
        ('{"a": +1}', 6),
        ('{"a": .5}', 6),
        ('{"a": NaN}', 6),
        ('{"a": tru}', 6),
        ('{"a": truer}', 6),
        ("{\"a\": 'b'}", 6),
        ('{"a": "b', 6),
        ('{"a": "é\\x"}', 9),
        ('{"a": "b\nc"}', 8),
        ('{"a": 1} x', 9),
        ('{"a": 1}}', 8),
        ("{]", 1),
        ("// a\n{}", 0),
        ("\x00", 0),
        ("1", 0),
        ('"a"', 0),
        ("[1]", 1),
        ('{"resource": 5}', 13),
        ('{"resource": {"a": {"b": "c"}}}', 25),
        ('{"resource": {"a": {"b": {"x": 1, "x": 2}}}}', 34),
        ('{"locals": {"a": {"b": 1, "b": 2}}}', 26),
        ('{"resource": {"a": {"b": {"x": "${"}}}}', 31),
        ('{"resource": {"a": {"b": {"x": {"${": 1}}}}}', 32),
        ('{"resource": {"a": {"b": {"depends_on": ["${c}"]}}}}', 41),
        ('{"resource": {"a": {"b": {"lifecycle": 1}}}}', 39),
        ('{"locals": [[1]]}', 13),
    ],
)
def test_a_fault_has_its_place(text: str, at: int) -> None:
    structure = parse_json(text.encode())
    assert structure.faults != ()
    assert structure.faults[0].at == at
    assert structure.faults[0].message


def test_the_blocks_before_a_break_are_kept() -> None:
    text = '{"resource": {"a": {"b": {"x": 1}, "c": {"y": {"z": 1}, "w": [1'
    structure = parse_json(text.encode())
    assert [(block.labels, len(block.body.attributes)) for block in structure.body.blocks] == [
        (("a", "b"), 1)
    ]
    assert [fault.at for fault in structure.faults] == [len(text)]


def test_a_fault_costs_the_one_block_that_it_is_in() -> None:
    content = {
        "resource": {
            "a": {
                "b": {"x": "${"},
                "c": [{"x": 1}, {"lifecycle": {"precondition": {"condition": "${"}}}, {"x": 2}],
                "d": 1,
                "e": {},
            },
            "f": 2,
        }
    }
    structure = parse_json(json.dumps(content).encode())
    assert [block.labels for block in structure.body.blocks] == [("a", "c"), ("a", "c"), ("a", "e")]
    assert len(structure.faults) == 4
    assert list(structure.faults) == sorted(structure.faults, key=lambda fault: fault.at)


# -- hostile files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", ["[", '{"a":', '{"resource":{"a":{"b":', '{"locals":{"a":[[{"b":'])
def test_depth_is_bounded(start: str) -> None:
    structure = parse_json((start * 5_000).encode())
    assert structure.faults != ()
    assert structure.body.blocks == ()


def test_deep_values_are_read_down_to_the_bound() -> None:
    depth = MAX_DEPTH - 2
    structure = sound(f'{{"locals": {{"a": {"[" * depth}{"]" * depth}}}}}')
    (block,) = structure.body.blocks
    assert isinstance(block.body.attributes[0].expression, TupleExpression)


def test_a_large_file() -> None:
    count = 20_000
    content = {"resource": {"a": {f"b{at}": {"x": at, "y": "${c.d}", "é": "ü"} for at in range(count)}}}
    assert len(sound(content).body.blocks) == count


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40) | st.text('{}[]":,\\u0 1-.e+trufalsn${}//é\n', max_size=40).map(str.encode))
def test_no_bytes_raise_anything(data: bytes) -> None:
    structure = parse_json(data)
    valid = False
    with suppress(ValueError):
        valid = isinstance(json.loads(data.decode("utf-8"), parse_constant=_refuse), dict)
    if not valid and not data.startswith(b"["):
        with suppress(UnicodeDecodeError):
            data.decode("utf-8")
            assert structure.faults != () or data.startswith(b"\xef\xbb\xbf")
    assert all(0 <= fault.at <= len(data) for fault in structure.faults)


def _refuse(text: str) -> None:
    raise ValueError(text)


texts = st.text(st.characters(codec="utf-8"), max_size=8).map(composed)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(0, 10**20) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(plain, st.sampled_from([None, 1]), st.booleans())
def test_plain_json_is_read_as_it_is(content: Any, indent: int | None, escaped: bool) -> None:
    text = json.dumps({"variable": {"a": {"default": content}}}, indent=indent, ensure_ascii=escaped)
    (block,) = sound(text).body.blocks
    assert block == Block("variable", ("a",), block.at, block.end, block.body)
    (attribute,) = block.body.attributes
    assert attribute == Attribute(
        "default", attribute.at, attribute.start, attribute.end, attribute.expression
    )
    assert json.loads(text.encode()[attribute.start : attribute.end]) == content
    assert _plain(attribute.expression) == content


def _plain(expression: Expression | None) -> Any:
    match expression:
        case Literal(value=value):
            return value
        case Number(text=text):
            return int(text)
        case TupleExpression(items=items):
            return [_plain(item) for item in items]
        case ObjectExpression(items=pairs):
            return {_plain(key): _plain(one) for key, one in pairs}
    raise AssertionError(expression)
