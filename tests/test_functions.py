"""Expressions mean what they mean to Terraform: see tests/functions/README.md."""

import contextlib
import importlib.util
import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from sovereign_guard.model.value import Reason, Sensitive, Unknown
from sovereign_guard.read.hcl.language.evaluate import FunctionScope, evaluate_text
from sovereign_guard.read.hcl.language.functions import FUNCTIONS
from sovereign_guard.read.hcl.language.functions.function import Files, call
from sovereign_guard.read.hcl.language.types import text_of
from sovereign_guard.read.hcl.language.values import (
    EvaluationError,
    List,
    Map,
    Pending,
    Set,
    is_number,
    same,
    unknown_in,
)
from tests.test_function_unknowns import KIND_NOT_TOLD, without_kinds

HERE = Path(__file__).parent / "functions"
FILES = Files(root=HERE.resolve(), base=HERE.resolve())
FOLDER = "{folder}"

EVALUATED_APART = {"can", "templatefile", "templatestring", "try"}
"""Not in FUNCTIONS: they are given expressions, not values."""

IMPURE = {"bcrypt", "plantimestamp", "timestamp", "uuid"}
"""What they return differs from run to run."""

NOT_RECORDABLE = IMPURE | {"type"}
"""`type` is for the console alone."""

OPENTOFU_ONLY = {
    "assumeequal",
    "assumelistlength",
    "assumelistlengthmax",
    "assumelistlengthmin",
    "assumemaplength",
    "assumemaplengthmax",
    "assumemaplengthmin",
    "assumenotnull",
    "assumesetlength",
    "assumesetlengthmax",
    "assumesetlengthmin",
    "assumestringprefix",
    "base64gunzip",
    "cidrcontains",
    "urldecode",
}
"""Terraform does not know them; `convert` too, which is given a type and so is evaluated apart."""

RECORDED_WITH, SIGNATURES = json.loads((HERE / "signatures.json").read_text()).values()


def records():
    for path in sorted(HERE.glob("*.json")):
        if path.name != "signatures.json":
            for case in json.loads(path.read_text(), parse_float=Decimal):
                yield pytest.param(case, id=f"{path.stem}: {case['expression']}"[:120])


@pytest.mark.parametrize("case", list(records()))
def test_the_value_is_terraforms(case, monkeypatch):
    monkeypatch.setenv("HOME", str(FILES.base))
    if "error" in case:
        with pytest.raises(EvaluationError):
            pytest.fail(f"{evaluate_text(case['expression'], FILES)!r}, but Terraform: {case['error']}")
        return
    if "unknown" in case:
        with contextlib.suppress(EvaluationError):
            assert unknown_in(evaluate_text(case["expression"], FILES)) is not None
        return
    found = evaluate_text(case["expression"], FILES)
    if any(f"{name}(" in case["expression"] for name in NOT_COMPUTED) and isinstance(found, Unknown):
        return
    assert difference(found, case["value"], case["type"]) == "", found
    assert sensitivity(found) == case.get("sensitive", "none"), found


def difference(found, value, wanted):
    """Return where a value of ours is not the recorded one, empty if it is."""
    if isinstance(found, Sensitive):
        return difference(found.value, value, wanted)
    if value is None:
        return "" if found is None else f"{found!r} is not null"
    kind, element = (wanted, None) if isinstance(wanted, str) else wanted
    if kind == "string":
        value = value.replace(FOLDER, str(FILES.base))
        return "" if isinstance(found, str) and found == value else f"{found!r} is not the text {value!r}"
    if kind == "number":
        return "" if is_number(found) and found == value else f"{found!r} is not the number {value!r}"
    if kind == "bool":
        return "" if found is value else f"{found!r} is not {value!r}"
    if kind in ("list", "set", "tuple"):
        if type(found) is not {"list": List, "set": Set, "tuple": tuple}[kind] or len(found) != len(value):
            return f"{found!r} is not a {kind} of {len(value)}"
        elements = element if kind == "tuple" else [element] * len(value)
        if kind == "set" and not isinstance(element, str):
            return _differs_as_set(found, value, element)
        return _first(map(difference, found, value, elements))
    if type(found) is not {"map": Map, "object": dict}[kind] or found.keys() != value.keys():
        return f"{found!r} is not a {kind} of {sorted(value)}"
    types = element if kind == "object" else dict.fromkeys(value, element)
    return _first(difference(found[name], value[name], types[name]) for name in value)


def _differs_as_set(found, value, element):
    """Compare sets of collections: their order is one of Terraform's hashes, on which nothing rests."""
    left = list(value)
    for part in found:
        same = next((one for one in left if not difference(part, one, element)), None)
        if same is None:
            return f"{part!r} is not in the set"
        left.remove(same)
    return ""


def _first(differences):
    return next((text for text in differences if text), "")


def sensitivity(value):
    if isinstance(value, Sensitive):
        return "whole"
    return "part" if _holds_sensitive(value) else "none"


def _holds_sensitive(value):
    if isinstance(value, dict):
        return any(_holds_sensitive(part) for part in value.values())
    if isinstance(value, tuple):
        return any(_holds_sensitive(part) for part in value)
    return isinstance(value, Sensitive)


# The comparison itself.


@pytest.mark.parametrize(
    ("found", "value", "wanted"),
    [
        (("a",), ["a"], ["list", "string"]),
        (List(("a",)), ["a"], ["tuple", ["string"]]),
        (List(("a",)), ["a"], ["set", "string"]),
        (Map(a=1), {"a": 1}, ["object", {"a": "number"}]),
        ({"a": 1}, {"a": 1}, ["map", "number"]),
        (List((1,)), ["1"], ["list", "string"]),
        (True, 1, "number"),
        (1, True, "bool"),
        ("", None, "string"),
        (Decimal("0.1"), Decimal("0.10000000000000000000000000000000000001"), "number"),
        (Unknown(Reason.UNSUPPORTED, ""), "a", "string"),
    ],
)
def test_the_comparison_tells_kinds_apart(found, value, wanted):
    assert difference(found, value, wanted) != ""


# That nothing is left out.


def recorded(name):
    path = HERE / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else []


@pytest.mark.parametrize("name", sorted(SIGNATURES.keys() - EVALUATED_APART - {"type"}))
def test_every_function_of_terraform_is_there(name):
    assert name in FUNCTIONS
    function, signature = FUNCTIONS[name], SIGNATURES[name]
    assert len(function.parameters) + function.least >= signature["parameters"]
    assert (function.variadic is not None) == signature["variadic"]


@pytest.mark.parametrize("name", sorted((SIGNATURES.keys() | EVALUATED_APART) - NOT_RECORDABLE))
def test_every_function_has_ten_recorded_expressions(name):
    expressions = {case["expression"] for case in recorded(name) if f"{name}(" in case["expression"]}
    assert len(expressions) >= 10


def test_the_language_has_its_expressions_too():
    assert len({case["expression"] for case in recorded("language")}) >= 150


def test_every_function_is_terraforms_or_a_named_exception():
    assert FUNCTIONS.keys() - SIGNATURES.keys() == OPENTOFU_ONLY


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
def test_the_list_of_functions_is_that_of_terraform():
    record = _recorder()
    if record.version() != RECORDED_WITH:
        pytest.skip(f"terraform {record.version()} is installed, and the records are of {RECORDED_WITH}")
    assert record.signatures() == SIGNATURES


def test_records_are_of_the_expressions_beside_them():
    record = _recorder()
    for path in sorted((HERE / "expressions").glob("*.txt")):
        written = record.expressions_of(path.read_text())
        assert [case["expression"] for case in recorded(path.stem)] == written, f"record {path.stem} again"
    assert {path.stem for path in HERE.glob("*.json")} - {"signatures"} == {
        path.stem for path in (HERE / "expressions").glob("*.txt")
    }


def _recorder():
    specification = importlib.util.spec_from_file_location("record", HERE / "record.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


# Impure functions: their arguments are checked, what they return is not known.


@pytest.mark.parametrize(
    "expression", ["timestamp()", "plantimestamp()", "uuid()", 'bcrypt("a")', 'bcrypt("a", 4)']
)
def test_what_differs_from_run_to_run_is_not_known(expression):
    found = evaluate_text(expression, FILES)
    assert isinstance(found, Unknown)
    assert unknown_in(evaluate_text(f'"at ${{{expression}}}"', FILES)) is not None


@pytest.mark.parametrize(
    "expression", ["timestamp(1)", "uuid(1)", "bcrypt()", 'bcrypt("a", "b")', "bcrypt([])"]
)
def test_impure_functions_take_no_other_arguments(expression):
    with pytest.raises(EvaluationError):
        evaluate_text(expression, FILES)


# Functions that only OpenTofu has, after https://opentofu.org/docs/language/functions/ (read 2026-11-24).


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('assumeequal("a", "a")', "a"),
        ('assumeequal("1", 1)', 1),
        ('assumeequal(["a"], tolist(["a"]))', List(("a",))),
        ("assumeequal(null, null)", None),
        ('assumenotnull("a")', "a"),
        ("assumenotnull([])", ()),
        ('assumestringprefix("vpc-1", "vpc-")', "vpc-1"),
        ('assumestringprefix("vpc-1", "")', "vpc-1"),
        ("assumestringprefix(15, 1)", "15"),
        ('assumelistlength(["a", "b"], 1, 2)', List(("a", "b"))),
        ('assumelistlengthmin(["a"], 1)', List(("a",))),
        ('assumelistlengthmax(["a"], 1)', List(("a",))),
        ('assumesetlength(["a", "a"], 1, 1)', Set(("a",))),
        ('assumesetlengthmin(["a", "b"], 2)', Set(("a", "b"))),
        ("assumesetlengthmax([], 0)", Set()),
        ('assumemaplength({ a = "b" }, 1, 1)', Map(a="b")),
        ('assumemaplengthmin({ a = "b" }, 1)', Map(a="b")),
        ("assumemaplengthmax({}, 0)", Map()),
        ('base64gunzip("H4sIAAAAAAAA/8pIzcnJBwQAAP//hqYQNgUAAAA=")', "hello"),
        ('cidrcontains("192.168.2.0/20", "192.168.2.1")', True),
        ('cidrcontains("192.168.2.0/20", "192.168.2.0/22")', True),
        ('cidrcontains("192.168.2.0/20", "192.126.2.1")', False),
        ('cidrcontains("192.168.2.0/20", "192.126.2.0/18")', False),
        ('cidrcontains("fe80::/48", "fe80::1")', True),
        ('urldecode("Hello%20World%21")', "Hello World!"),
        ('urldecode("%E2%98%83")', "\N{SNOWMAN}"),
        ('urldecode("a+b")', "a b"),
    ],
)
def test_functions_of_opentofu(expression, value):
    found = evaluate_text(expression, FILES)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "expression",
    [
        'assumeequal("a", "b")',
        'assumeequal("a", 1)',
        'assumeequal(null, "a")',
        "assumenotnull(null)",
        'assumestringprefix("subnet-1", "vpc-")',
        'assumestringprefix(["a"], "a")',
        'assumelistlength(["a"], 2, 3)',
        'assumelistlengthmin(["a"], 2)',
        'assumelistlengthmin(["a"], 0.5)',
        'assumelistlengthmax(["a", "b"], 1)',
        'assumesetlengthmin(["a", "a"], 2)',
        'assumesetlengthmax(["a", "b"], 1)',
        'assumemaplengthmin({ a = "b" }, 2)',
        'assumemaplengthmax({ a = "b" }, 0)',
        'base64gunzip("aGVsbG8=")',
        'base64gunzip("...")',
        'cidrcontains("192.168.2.0/20", "fe80::1")',
        'cidrcontains("192.168.2.0/20", "hello")',
        'urldecode("%zz")',
    ],
)
def test_errors_of_functions_of_opentofu(expression):
    with pytest.raises(EvaluationError):
        evaluate_text(expression, FILES)


def test_every_function_of_opentofu_is_tested():
    cases = [*test_functions_of_opentofu.pytestmark, *test_errors_of_functions_of_opentofu.pytestmark]
    texts = "".join(str(mark.args[1]) for mark in cases)
    assert not {name for name in OPENTOFU_ONLY if f"{name}(" not in texts}


# Whatever stands in the place of an unknown value, what was said without it stays true.

UNKNOWN = Unknown(Reason.AFTER_APPLY, "here")

NOT_COMPUTED = ("base64gzip",)
"""Its bytes are those of one compressor, which is not ours: the result is Unknown, and never another."""


@pytest.mark.parametrize("name", sorted(SIGNATURES.keys() - EVALUATED_APART - NOT_RECORDABLE))
def test_what_is_known_in_spite_of_unknowns_holds_for_all_values(name, monkeypatch):
    monkeypatch.setenv("HOME", str(FILES.base))
    calls = 0
    for arguments, result in calls_of(name):
        for changed in with_an_unknown(tuple(arguments)):
            calls += 1
            found = call(FUNCTIONS[name], changed, FILES)
            if name == "lookup" and unknown_in(arguments[0]) is None and unknown_in(changed[0]) is not None:
                continue  # The default's attributes may be those that the unknown element has.
            if name in KIND_NOT_TOLD:
                found, result = as_texts(without_kinds(found)), as_texts(without_kinds(result))
            assert is_part_of(found, result), f"{name}{changed} is {found!r}, {name}{arguments} is {result!r}"
    assert calls or not SIGNATURES[name]["parameters"]


def calls_of(name):
    """Return the arguments and the result of every call of a function in its recorded expressions."""
    found = []

    def noting(_scope, called, arguments):
        if called not in FUNCTIONS:
            raise EvaluationError("there is no such function")
        result = call(FUNCTIONS[called], arguments, FILES)
        if called == name and unknown_in(tuple(arguments)) is None:
            found.append((arguments, result))
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FunctionScope, "call", noting)
        for case in recorded(name):
            with contextlib.suppress(EvaluationError):
                evaluate_text(case["expression"], FILES)
    return found


def with_an_unknown(value):
    """Return all that a tuple, list, map or object is with one part of it unknown, at whatever depth."""
    if isinstance(value, Set):
        return
    for key in value if isinstance(value, dict) else range(len(value) if isinstance(value, tuple) else 0):
        for part in [UNKNOWN, *with_an_unknown(value[key])]:
            if isinstance(value, dict):
                yield type(value)({**value, key: part})
            else:
                yield type(value)((*value[:key], part, *value[key + 1 :]))


def as_texts(value):
    """Make texts of numbers and bools, which beside an unknown text would have become some."""
    if isinstance(value, Sensitive):
        return as_texts(value.value)
    if isinstance(value, Pending):
        return Pending(lambda name: as_texts(value.attribute(name)), value.unknown)
    if isinstance(value, Set):
        return Set(as_texts(part) for part in value)
    if isinstance(value, dict):
        return {name: as_texts(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return tuple(as_texts(part) for part in value)
    return text_of(value) if isinstance(value, bool) or is_number(value) else value


def is_part_of(found, whole):
    if isinstance(found, Unknown):
        return True
    if isinstance(found, Sensitive):
        found = found.value
    if isinstance(whole, Sensitive):
        whole = whole.value
    if isinstance(found, Pending):
        return isinstance(whole, dict) and all(is_part_of(found.attribute(k), v) for k, v in whole.items())
    if isinstance(found, Set) and unknown_in(found) is not None:
        # Two of its parts may turn out to be one.
        return isinstance(whole, tuple) and all(any(is_part_of(part, one) for part in found) for one in whole)
    if isinstance(found, dict):
        return (
            type(found) is type(whole)
            and found.keys() == whole.keys()
            and all(is_part_of(found[key], whole[key]) for key in found)
        )
    if isinstance(found, tuple):
        return type(found) is type(whole) and len(found) == len(whole) and all(map(is_part_of, found, whole))
    return same(found, whole)
