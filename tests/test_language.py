"""Which language is spoken; that it changes nothing but words; and that no word is left in another.

Texts are said through `language.say` and looked up in sovereign_guard/locale/. What a program reads (keys and
identifiers of JSON, exit codes, fingerprints) is the same in every language.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from sovereign_guard import language
from sovereign_guard.__main__ import given
from sovereign_guard.language import DOMAIN, LANGUAGES, LOCALE, say, say_many, speaking, wanted
from sovereign_guard.model.finding import Severity, Verdict
from tests.command import LANGUAGE_VARIABLES, PROGRAM, neutral, run

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "sovereign_guard"
FIXTURES = ROOT / "fixtures"
CATALOGS = sorted(LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """Compile the texts of a checkout, as its installation does, where they have changed since."""
    for path in CATALOGS:
        made = path.with_suffix(".mo")
        if not made.is_file() or made.stat().st_mtime < path.stat().st_mtime:
            with path.open("rb") as source, made.open("wb") as target:
                write_mo(target, read_po(source, locale=path.parent.parent.name))


# -- the choice of the language ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "environment", "expected"),
    [
        (None, {}, "en"),
        ("fr", {}, "fr"),
        (None, {"SOVEREIGN_GUARD_LANG": "fr"}, "fr"),
        (None, {"LC_ALL": "fr"}, "fr"),
        (None, {"LC_MESSAGES": "fr"}, "fr"),
        (None, {"LANG": "fr"}, "fr"),
        # Each of them comes before the next.
        ("en", {"SOVEREIGN_GUARD_LANG": "fr"}, "en"),
        (None, {"SOVEREIGN_GUARD_LANG": "en", "LC_ALL": "fr"}, "en"),
        (None, {"LC_ALL": "fr", "LC_MESSAGES": "en", "LANG": "en"}, "fr"),
        (None, {"LC_MESSAGES": "fr", "LANG": "en"}, "fr"),
        # What is empty is not set.
        (None, {"SOVEREIGN_GUARD_LANG": "", "LC_ALL": "", "LANG": "fr"}, "fr"),
        # Regions, character sets and spellings.
        (None, {"LANG": "fr_FR.UTF-8"}, "fr"),
        (None, {"LANG": "fr_BE@euro"}, "fr"),
        (None, {"LANG": "fr-CA"}, "fr"),
        (None, {"LANG": "FR.ISO-8859-15"}, "fr"),
        (None, {"LANG": "en_GB.UTF-8"}, "en"),
        # No language: English, also where a variable that counts less asks for another.
        (None, {"LANG": "C"}, "en"),
        (None, {"LANG": "POSIX"}, "en"),
        (None, {"LC_ALL": "C.UTF-8", "LANG": "fr_FR.UTF-8"}, "en"),
        # A language that is not spoken here.
        (None, {"LANG": "de_DE.UTF-8"}, "en"),
        (None, {"SOVEREIGN_GUARD_LANG": "tlh", "LANG": "fr"}, "en"),
    ],
)
def test_the_first_that_asks_is_heard(option: str | None, environment: dict[str, str], expected: str) -> None:
    assert wanted(option, environment) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], None),
        (["scan", "."], None),
        (["--lang", "fr", "scan", "."], "fr"),
        (["scan", ".", "--lang=fr"], "fr"),
        (["scan", "--lang", "fr", "."], "fr"),
        (["--lang", "fr", "scan", "--lang", "en"], "en"),
        (["scan", "--", "--lang", "fr"], None),
        (["scan", "--", "--lang=fr"], None),
        (["scan", "--lang"], None),
        (["scan", "--language", "fr"], None),
        # Refused by the command line, in the language of the environment.
        (["scan", "--lang", "tlh"], None),
        (["scan", "--lang", "fr_FR"], None),
    ],
)
def test_arguments_choose_before_they_are_parsed(arguments: list[str], expected: str | None) -> None:
    assert given(arguments) == expected


def _usage(*arguments: str, **environment: str) -> str:
    return run(*arguments, env={"LC_ALL": "", **environment}).stdout.decode()


@pytest.mark.parametrize(
    ("arguments", "environment", "first"),
    [
        (("--help",), {}, "Usage:"),
        (("--lang", "fr", "--help"), {}, "Utilisation"),
        (("scan", "--help", "--lang=fr"), {}, "Utilisation"),
        (("catalog", "--lang", "fr", "show", "--help"), {}, "Utilisation"),
        (("--help",), {"SOVEREIGN_GUARD_LANG": "fr"}, "Utilisation"),
        (("--help",), {"LC_ALL": "fr_FR.UTF-8"}, "Utilisation"),
        (("--help",), {"LC_MESSAGES": "fr_FR.UTF-8"}, "Utilisation"),
        (("--help",), {"LANG": "fr_FR.UTF-8"}, "Utilisation"),
        (("--help", "--lang", "en"), {"SOVEREIGN_GUARD_LANG": "fr", "LANG": "fr_FR"}, "Usage:"),
        (("--help",), {"SOVEREIGN_GUARD_LANG": "en", "LC_ALL": "fr_FR.UTF-8"}, "Usage:"),
        # gettext's own variable is heard by neither side, so that no page mixes two languages.
        (("--help",), {"LANGUAGE": "fr"}, "Usage:"),
    ],
)
def test_the_command_speaks_as_it_is_asked(
    arguments: tuple[str, ...], environment: dict[str, str], first: str
) -> None:
    assert _usage(*arguments, **environment).startswith(first)


def test_every_command_has_the_option() -> None:
    import click

    from sovereign_guard.cli import cli

    def walk(command: click.Command) -> Iterator[click.Command]:
        yield command
        if isinstance(command, click.Group):
            for below in command.commands.values():
                yield from walk(below)

    commands = list(walk(cli))
    assert len(commands) > 12
    for command in commands:
        assert [one for one in command.params if one.name == "lang"], command.name


@pytest.mark.parametrize(
    "arguments", [("--lang", "tlh", "scan"), ("scan", "--lang=tlh"), ("doctor", "--lang", "")]
)
def test_a_language_that_is_not_spoken_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert b"--lang" in done.stderr
    assert all(f"'{one}'".encode() in done.stderr for one in LANGUAGES)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("scan", "--nope"), "L'option '--nope' n'existe pas."),
        (("nope",), "La commande 'nope' n'existe pas."),
        (("explain",), "Argument manquant"),
        (("doctor", "x"), "Argument en trop (x)"),
        (("scan", "--format", "x"), "n'est pas parmi 'text', 'json'"),
        (("scan", "--config"), "L'option '--config' demande une valeur."),
        (("scan", "--policy", "nope"), "la politique 'nope' n'existe pas"),
        (("scan", "--config", "nope.yaml"), "fichier ou dossier inexistant"),
    ],
)
def test_errors_are_french_whoever_finds_them(arguments: tuple[str, ...], told: str) -> None:
    done = run(*arguments, "--lang", "fr") if arguments[-1] != "--config" else run("--lang", "fr", *arguments)
    assert done.returncode == 2
    # Releases of click differ in whether the name stands in quotes.
    assert told.replace("'", "") in done.stderr.decode().replace("'", "")


def test_the_same_process_can_speak_both() -> None:
    with speaking("fr"):
        assert language.language() == "fr"
        assert say("FILE") == "FICHIER"
        with speaking("en"):
            assert say("FILE") == "FILE"
    assert language.language() == "en"


def test_numbers_choose_their_form() -> None:
    one, many = "{number} finding written to {file}.", "{number} findings written to {file}."
    assert [say_many(one, many, number, file="f").split()[1] for number in (0, 1, 2)] == [
        *("findings", "finding", "findings")
    ]
    with speaking("fr"):  # In which none is singular.
        assert [say_many(one, many, number, file="f").split()[1] for number in (0, 1, 2)] == [
            *("constat", "constat", "constats")
        ]


def test_nothing_is_looked_up_under_the_name_of_the_catalogs_own_head() -> None:
    """gettext answers an empty text with the head of the catalog."""
    with speaking("fr"):
        assert say("") == ""


# -- only words change ---------------------------------------------------------------------------------------

_SCENARIOS = (
    "aws-on-unknown-endpoint",
    "default-tags-two-aliases",
    "flow-backup-fail",
    "health-estate",
    "keys-unknown",
    "label-outside-vocabulary",
    "lowered-label",
    "secnumcloud-policy",
    "state-fail",
    "tags-after-apply",
)
_WORDS = frozenset(
    {
        *("what", "message", "hint", "evidence", "ground_text", "title", "name", "reason", "warnings"),
        *("detail", "why", "remedy", "fix", "note", "notice", "description"),
    }
)
"""Keys of the report whose values are for people."""


def _report(scenario: str, form: str, code: str) -> tuple[int, bytes]:
    folder = FIXTURES / scenario
    config = folder / ".sovereign-guard.yaml"
    options = ("--config", str(config)) if config.is_file() else ()
    done = run("scan", "plan.json", "--format", form, *options, "--lang", code, cwd=folder)
    assert done.returncode in (0, 1, 3), done.stderr.decode()
    return done.returncode, done.stdout


def _compare(one: Any, other: Any, path: str = "", *, words: bool = False) -> None:
    assert type(one) is type(other), path
    if isinstance(one, dict):
        assert list(one) == list(other), path
        for key in one:
            _compare(one[key], other[key], f"{path}/{key}", words=words or key in _WORDS)
    elif isinstance(one, list):
        assert len(one) == len(other), path
        for at, (left, right) in enumerate(zip(one, other, strict=True)):
            _compare(left, right, f"{path}/{at}", words=words)
    elif path.endswith("/where") and isinstance(one, str):
        # Words, and the file and line that they stand for.
        assert re.findall(r"\S+:[0-9]+", one) == re.findall(r"\S+:[0-9]+", other), path
    elif "/unknown/" in path and isinstance(one, str):
        # A reason, and then what is to be told of it.
        assert one.partition(": ")[0] == other.partition(": ")[0], path
    elif not (words and isinstance(one, str)):
        assert one == other, path


@pytest.mark.parametrize("scenario", [one for one in _SCENARIOS if (FIXTURES / one / "plan.json").is_file()])
def test_keys_identifiers_and_exit_codes_are_the_same(scenario: str) -> None:
    english, french = (_report(scenario, "json", code) for code in ("en", "fr"))
    assert english[0] == french[0]
    _compare(json.loads(english[1]), json.loads(french[1]))


@pytest.mark.parametrize("scenario", ["flow-backup-fail", "health-estate", "keys-unknown"])
def test_sarif_identifies_the_same_results(scenario: str) -> None:
    def identity(content: bytes) -> object:
        (one,) = json.loads(content)["runs"]
        return (
            [rule["id"] for rule in one["tool"]["driver"]["rules"]],
            [
                (
                    result["ruleId"],
                    result["level"],
                    result.get("kind"),
                    result.get("partialFingerprints"),
                    [place.get("physicalLocation") for place in result.get("locations", ())],
                )
                for result in one["results"]
            ],
        )

    english, french = (_report(scenario, "sarif", code) for code in ("en", "fr"))
    assert english[0] == french[0]
    assert identity(english[1]) == identity(french[1])


def test_a_baseline_of_one_language_holds_in_the_other(tmp_path: Path) -> None:
    plan = str(FIXTURES / "health-estate" / "plan.json")
    assert run("baseline", plan, "-o", "b.json", "--lang", "fr", cwd=tmp_path).returncode == 0
    assert run("scan", plan, "--baseline", "b.json", "--lang", "en", cwd=tmp_path).returncode == 0


def test_a_configuration_to_start_from_says_the_same_in_both(tmp_path: Path) -> None:
    plan = str(FIXTURES / "health-estate" / "plan.json")
    english, french = (
        run("init", plan, "-o", "-", "--lang", code, cwd=tmp_path).stdout.decode() for code in ("en", "fr")
    )
    settings = [
        [line.partition("  ##")[0].rstrip() for line in text.splitlines() if re.match(r"#(?!#)", line)]
        for text in (english, french)
    ]
    assert settings[0] == settings[1]
    assert english != french


# -- the catalogs --------------------------------------------------------------------------------------------


def _messages(path: Path) -> list[Message]:
    with path.open("rb") as file:
        return [one for one in read_po(file, locale=path.parent.parent.name) if one.id]


def _forms(text: object) -> list[str]:
    return [str(one) for one in text] if isinstance(text, list | tuple) else [str(text or "")]


def _places(text: str) -> list[str]:
    """Return the places of a text that values take, with their formats."""
    return sorted(re.findall(r"(?<!\{)\{[^{}]*\}", text.replace("{{", "").replace("}}", "")))


def test_there_is_a_catalog_of_every_language() -> None:
    assert {path.parent.parent.name for path in CATALOGS} == set(LANGUAGES) - {"en"}


@pytest.mark.parametrize("path", CATALOGS, ids=lambda path: path.parent.parent.name)
def test_every_text_has_a_translation_with_the_same_places(path: Path) -> None:
    messages = _messages(path)
    assert len(messages) > 300
    faults = []
    for message in messages:
        asked = [_places(one) for one in _forms(message.id)]
        for form in _forms(message.string):
            if not form:
                faults.append(f"no translation: {message.id!r}")
            elif _places(form) not in asked:
                faults.append(f"other places: {message.id!r}: {form!r}")
    assert not faults, "\n".join(faults)


def test_french_has_its_spaces() -> None:
    """Before : ; ? ! » and after « stands a no-break space, so that no line begins with a mark."""
    path = LOCALE / "fr" / "LC_MESSAGES" / f"{DOMAIN}.po"
    faults = [
        form
        for message in _messages(path)
        for form in _forms(message.string)
        if re.search(r" [:;?!»](?=\s|$)|« ", form)
    ]
    assert not faults, "\n".join(faults)


# -- no text is left unsaid: by reading the code -------------------------------------------------------------

_SAID = frozenset({"say", "say_many", "later"})
_WORD = r"[A-Za-z]{2,}"
_SENTENCE = re.compile(rf"{_WORD}['\u2019)\"`]?[,;:.]? [(\"'`]?(?:{_WORD}|\0)|\0[,;:.]? {_WORD}")
"""Two words, or a word and a value, one after the other."""

_DEFECTS = frozenset({"AssertionError", "KeyError", "NotImplementedError", "TypeError", "ValueError"})
"""Errors of Python's own: whoever calls catches them, or they are defects, of which the log is in English."""

_EVERYWHERE = (
    # What Terraform itself calls things, where evidence says in which block something stands.
    "(provider|backend|local) \0(, \0)?",
    "\0? \\(deposed \0\\)",
    # The program and its version.
    "sovereign-guard \0",
)
"""Patterns of the whole of a text that stays as it is in every module."""

_NOT_SAID: dict[str, tuple[str, ...]] = {
    # Commands to type, which are the same in every language, and the name that begins each line of stderr.
    "cli.py": (
        r"sovereign-guard (scan|baseline|init|catalog|suggest|verify)\b.*",
        r"terraform plan .*",
        # Said where there are no texts to say it with.
        r"the texts of the language \0 are not compiled; .*",
        r"checkov -d .*",
        r"(bash|zsh|fish):  .*",
        "sovereign-guard: \0\n",
    ),
    # A path that means something; commands to type; a value that programs compare.
    "evidence/seal.py": ("built in",),
    "evidence/signature.py": (r"openssl .*", r"pip install .*"),
    "report/cyclonedx.py": (r"pip install .*",),
    "report/naming.py": ("unknown: \0",),
    "checkov_hook.py": ("sovereign-guard: \0\n",),
    "for_checkov/front.py": ("sovereign-guard: \0[.]?",),
    # A command; and the name of a check where the catalog cannot be asked: names of checks stay as they are.
    "checkov_checks/sovereign_guard_checks.py": (
        "pip install sovereign-guard",
        "sovereign-guard cannot judge",
    ),
    "report/listings.py": ("catalog show [A-Z]+", "rules RULE"),
    # Settings of the file that is written, switched off.
    "onboarding/init.py": ("# +.*",),
    # What a library says, to tell one of its faults from others.
    "catalog/yaml_file.py": ("nesting depth",),
    "read/hcl/language/functions/yamls.py": ("nesting depth",),
    # Names by which a message is found that is said.
    "catalog/source.py": ("kind of flow", "kind of service", "region table"),
    "read/hcl/syntax/json_syntax.py": ("(key|value) or .", "[a-z_]+( [a-z_]+)+"),
    "report/standing.py": ("[a-z]+([- ][a-z]+)+",),
    "report/junit.py": ("test case", "more finding", "reading \0", "</?[a-z\0]+[ \0].*"),
    "report/markdown.py": ("more step",),
    "pipeline.py": ("resolving and classifying",),
    # Terraform's own mark for what it does not show.
    "model/value.py": ("\\(sensitive value\\)",),
    # Files of the catalog, and arguments of a block, as places of evidence.
    "resolve/endpoint.py": ("\0; rules/catalog/endpoints.yaml, \0",),
    "resolve/region.py": ("\0; rules/catalog/regions/\0.yaml",),
    "read/hcl/project/inventory.py": ("\0, (count|for_each)",),
    # HCL that is written, and names of its blocks.
    "read/hcl/project/terragrunt.py": (
        "  [a-z]+ .*\\{.*",
        '  backend "\0" \0\n',
        'generate "\0"',
        "[a-z_]+, \0",
    ),
    # A type, in a quoted annotation.
    "propagate/ends.py": ("tuple\\[.*",),
    # Names of character sets, and what stands around a key in a file.
    "read/hcl/language/functions/encoding.py": (
        "[a-z0-9_.:-]+[a-z0-9_.: -]* cs[a-z0-9\0][a-z0-9_.: -]*",
        "windows-\0 cswindows\0",
    ),
    "read/hcl/language/functions/hashing.py": ("-----END \0-----", "[A-Z]+ (PRIVATE )?KEY", "PRIVATE KEY"),
    # Formats that a program reads: a command of a workflow, and the line of a compiler.
    "report/github.py": ("::warning title=.*",),
    "report/text.py": ("\0: error: \0 \0",),
}
"""Texts that nobody reads in a language, by module, as patterns of the whole text; each group with why.

In an f-string, a NUL stands for each value. Add here only what a program reads or what is to be typed.
"""


def _said_or_bare(tree: ast.AST) -> Iterator[ast.AST]:
    """Give what is not to be looked at: texts that are said, docstrings, parts of f-strings, defects."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            for part in node.values:
                if isinstance(part, ast.Constant):
                    yield part
                elif isinstance(part, ast.FormattedValue) and part.format_spec is not None:
                    yield from ast.walk(part.format_spec)
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if (
                name in _SAID
                or name in _DEFECTS
                or (name == "compile" and isinstance(node.func, ast.Attribute))
            ):
                for argument in node.args:
                    yield from ast.walk(argument)


def unsaid(source: str) -> Iterator[tuple[int, str]]:
    """Give line and text of what reads like a sentence and is not said."""
    tree = ast.parse(source)
    seen = {id(node) for node in _said_or_bare(tree)}
    for node in ast.walk(tree):
        if id(node) in seen:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)
            text = "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if _SENTENCE.search(text):
            yield node.lineno, text


def _modules() -> list[str]:
    return sorted(
        path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"
    )


@pytest.mark.parametrize("module", _modules())
def test_every_sentence_of_the_code_is_said(module: str) -> None:
    allowed = [re.compile(pattern, re.DOTALL) for pattern in _NOT_SAID.get(module, ())]
    everywhere = [re.compile(pattern) for pattern in _EVERYWHERE]
    found = list(unsaid((PACKAGE / module).read_text(encoding="utf-8")))
    left = [
        f"{module}:{line}: {text!r}"
        for line, text in found
        if not any(pattern.fullmatch(text) for pattern in (*allowed, *everywhere))
    ]
    assert not left, "\n".join(left)
    idle = [one.pattern for one in allowed if not any(one.fullmatch(text) for _line, text in found)]
    assert not idle, f"nothing in {module} is like {idle}: take it out of the list"


def test_the_reading_of_the_code_finds_what_is_not_said() -> None:
    source = '''
"""A docstring of words."""
_TABLE = {"x": later("kept for later")}
_LOOK = re.compile("two words")
def f(a, b):
    """Another docstring."""
    say("a sentence", what=f"{a} is here")
    say_many("one thing", "many things", b)
    raise Error("left behind", hint=f"{a} words", kind="identifier")
'''
    assert {text for _line, text in unsaid(source)} == {"left behind", "\0 words", "\0 is here"}


# -- no text is left unsaid: by running the command in a language of brackets --------------------------------

_BRACKETS = """
import gettext, sys
from sovereign_guard import language

class Brackets(gettext.NullTranslations):
    def gettext(self, message):
        return f"\\u27e6{message}\\u27e7" if message else message
    def ngettext(self, one, many, number):
        return self.gettext(one if number == 1 else many)

words = Brackets()
# As `__main__` tells them to gettext, of which click asks its own words.
gettext.gettext, gettext.ngettext = words.gettext, words.ngettext
language.speak("fr", words)
sys.argv[0] = "sovereign-guard"
from sovereign_guard.cli import main
main()
"""

_ESTATE = "fixtures/health-estate/plan.json"
_UNSURE = "fixtures/keys-unknown/plan.json"
_RUNS: tuple[tuple[str, ...], ...] = (
    ("scan", _ESTATE),
    ("scan", _ESTATE, "--verbose"),
    ("scan", _ESTATE, "--quiet"),
    ("scan", _ESTATE, "--policy", "secnumcloud"),
    ("scan", _UNSURE, "fixtures/flow-backup-fail/plan.json", "fixtures/state-fail/plan.json"),
    ("scan", _ESTATE, "--format", "markdown"),
    ("scan", _UNSURE, "--format", "markdown"),
    ("scan", "fixtures/label-outside-vocabulary/plan.json", "--format", "markdown"),
    ("explain", "REPLACED", _ESTATE),
    ("explain", "REPLACED", _UNSURE),
    ("rules",),
    ("rules", "SOV001"),
    ("catalog", "show", "aws"),
    ("catalog", "show", "ovhcloud"),
    ("catalog", "show", "aws_s3_bucket"),
    ("catalog", "show", "eu-west-3"),
    ("catalog", "coverage"),
    ("catalog", "coverage", _ESTATE),
    ("catalog", "operators"),
    ("doctor",),
    ("init", _ESTATE, "-o", "-"),
    ("init", _UNSURE, "-o", "-"),
    # Errors.
    ("scan", "nowhere"),
    ("scan", "README.md"),
    ("scan", _ESTATE, "--policy", "nope"),
    ("scan", _ESTATE, "--config", "nope.yaml"),
    ("scan", _ESTATE, "--as-of", "soon"),
    ("scan", "--nope"),
    ("scan", "--lang", "tlh"),
    ("scan", "--format", "x"),
    ("nope",),
    ("explain",),
    ("explain", "aws_nothing.at_all", _ESTATE),
    ("rules", "SOV999"),
    ("catalog", "show", "nope"),
    ("schema", "nope"),
    # Help.
    ("--help",),
    *((name, "--help") for name in ("scan", "baseline", "explain", "init", "doctor", "rules", "catalog")),
    *(("catalog", name, "--help") for name in ("show", "coverage", "verify", "operators")),
    *((name, "--help") for name in ("checkov-path", "completion", "schema")),
)

_TYPED = re.compile(
    r"\s*(sovereign-guard|terraform|tofu|checkov|bash:|zsh:|fish:)\s.*"
    # A setting of the file that `init` writes; what follows its own ## is said.
    r"|#(?!#)[^#]*"
)
"""Lines, or beginnings of them, that hold commands and settings."""


@cache
def _data() -> str:
    """Return all that comes from the catalog and the fixtures, in which names and titles are as they are."""
    files = [*(ROOT / "rules").rglob("*.yaml"), *FIXTURES.rglob("*.tf"), *FIXTURES.rglob("*.json")]
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in sorted(files))
    # `--quiet` has verdict and severity as they stand in JSON: editors and scripts read its lines.
    quiet = (f"{verdict} {severity}" for verdict in Verdict for severity in Severity)
    return _letters(" ".join((*texts, *quiet)))


def _letters(text: str) -> str:
    """Return the words of a text alone: neither marks nor the ends of lines part what belongs together."""
    words = " ".join(re.findall(r"[^\W\d_]+", text))
    return f" {words} "


def outside(text: str) -> Iterator[str]:
    """Give runs of two words or more that stand outside of the brackets, line by line."""
    depth = 0
    for line in text.splitlines():
        kept: list[str] = []
        for char in line:
            if char == "\u27e6":
                depth += 1
                kept.append("  ")
            elif char == "\u27e7":
                depth = max(0, depth - 1)
                kept.append("  ")
            elif depth == 0:
                kept.append(char)
        if line.rstrip().endswith(("...", "…")) and depth:
            depth = 0  # A text that is cut short has lost its end.
        left = _TYPED.sub("  ", "".join(kept), count=1)
        left = re.sub(r"`[^`]*`|https?://\S+", "  ", left)
        for cell in re.split(r" {2,}|\t|\|", left):
            yield from _runs(cell)


def _runs(cell: str) -> Iterator[str]:
    """Give the runs of plain words; what holds digits, dots or underscores is a name of something."""
    words: list[str] = []
    for token in [*cell.split(), "0"]:
        bare = re.fullmatch(r"[(\"'*]*([^\W\d_]+(?:['\u2019-][^\W\d_]+)*)([)\"'*]*[,;:.!?]*)", token)
        country = bare is not None and len(bare[1]) == 2 and bare[1].isupper()
        plain = bare is not None and len(bare[1]) > 1 and not country
        if words and (not plain or token.startswith("(")):
            if len(words) > 1:
                yield " ".join(words)
            words = []
        if bare is not None and plain:
            words.append(bare[1])
            if bare[2] and len(words) > 1:
                yield " ".join(words)
            if bare[2]:
                words = []


def _address(plan: str) -> str:
    """Return an address of a plan that something was found at."""
    done = run("scan", plan, "--format", "json", cwd=ROOT)
    return str(json.loads(done.stdout)["findings"][0]["address"])


@pytest.mark.skipif(bool(PROGRAM), reason="speaks by way of the modules of the checkout")
@pytest.mark.parametrize("arguments", _RUNS, ids=" ".join)
def test_what_is_printed_was_said(arguments: tuple[str, ...], tmp_path: Path) -> None:
    if "REPLACED" in arguments:
        arguments = tuple(_address(arguments[-1]) if one == "REPLACED" else one for one in arguments)
    done = subprocess.run(
        [sys.executable, "-c", _BRACKETS, *arguments],
        cwd=ROOT,
        env={**neutral(os.environ), "COLUMNS": "140", "SOVEREIGN_GUARD_IGNORE_REPO_CONFIG": "1"},
        capture_output=True,
        timeout=120,
        check=False,
    )
    printed = done.stdout.decode() + done.stderr.decode()
    assert "Traceback" not in printed, printed
    left = [one for one in outside(printed) if _letters(one) not in _data()]
    assert not left, "\n".join(dict.fromkeys(left))


def test_the_language_of_brackets_shows_what_was_not_said() -> None:
    shown = (
        "⟦Usage:⟧ x\n⟦all of this⟧: left behind, 3 things\naws_s3_bucket.a  two words\n"
        "⟦cut short...\nseen again\n"
    )
    assert list(outside(shown)) == ["left behind", "two words", "seen again"]


def test_a_neutral_environment_asks_for_nothing() -> None:
    asked = neutral(dict.fromkeys(LANGUAGE_VARIABLES, "fr_FR.UTF-8"))
    assert wanted(None, asked) == "en"
