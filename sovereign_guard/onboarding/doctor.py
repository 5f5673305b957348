"""A look at an installation and its surroundings: what is amiss, and what to do.

Programs are looked for on the PATH without what lies in the checkout, and only `terraform version` and
`tofu version` are started, in an empty folder. Nothing is downloaded.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from importlib import metadata
from pathlib import Path

import msgspec

from sovereign_guard import __version__
from sovereign_guard.catalog import Catalog, load
from sovereign_guard.catalog.compiled import COMPILED_NAME, cache_path, decode
from sovereign_guard.catalog.discovery import FILE_NAME, find_repository_file, lies_in_repository
from sovereign_guard.catalog.folder import is_checkout, rules_folder
from sovereign_guard.errors import ConfigurationError, SovereignGuardError
from sovereign_guard.model.policy import OnUnknown
from sovereign_guard.request import day_of, in_pipeline

VARIABLES = (
    *(
        "SOVEREIGN_GUARD_BASELINE",
        "SOVEREIGN_GUARD_CATALOG",
        "SOVEREIGN_GUARD_CONFIG",
        "SOVEREIGN_GUARD_DEBUG",
        "SOVEREIGN_GUARD_FORMAT",
    ),
    *("SOVEREIGN_GUARD_IGNORE_REPO_CONFIG", "SOVEREIGN_GUARD_NO_INLINE_WAIVERS"),
    *("SOVEREIGN_GUARD_ON_UNKNOWN", "SOVEREIGN_GUARD_POLICY"),
)
"""All that mean something to us."""

_OTHER_VARIABLES = frozenset(
    {"SOVEREIGN_GUARD_UNDER_TEST", "SOVEREIGN_GUARD_CHECKOV", "_SOVEREIGN_GUARD_COMPLETE"}
)
_PREFIX = "SOVEREIGN_GUARD_"
_SECONDS = 10
_MOST_FILES = 100_000
"""Files of the cache folder that are counted."""

OURS = "python-hcl2"
THEIRS = "bc-python-hcl2"
_WITHOUT = "Files in which tree-sitter wrongly finds fault are told as damaged (exit code 3)."


class State(StrEnum):
    """How a check turned out; `broken`: runs fail, or cannot be relied on."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


class Check(msgspec.Struct, frozen=True):
    """What was looked at, what was found, and what to do about it; `hint` may be empty."""

    name: str
    state: State
    message: str
    hint: str = ""


class _Surroundings(msgspec.Struct, frozen=True):
    environment: Mapping[str, str]
    folder: Path


def checkup(environment: Mapping[str, str], folder: Path) -> list[Check]:
    """Look at everything that a run rests on.

    Args:
        environment: variables of the process.
        folder: from which scans are run.

    """
    here = _Surroundings(environment, folder)
    found: list[Check] = []
    for name, look in _LOOKS:
        try:
            found.extend(look(here))
        except SovereignGuardError as error:
            found.append(Check(name, State.BROKEN, str(error)))
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: no home folder
            found.append(Check(name, State.WARNING, f"this could not be looked at: {error}"))
    return found


# -- the installation ----------------------------------------------------------------------------------------


def _installation(_here: _Surroundings) -> Iterator[Check]:
    place = Path(__file__).parent.parent
    yield Check(
        "installation",
        State.OK,
        f"sovereign-guard {__version__} in {place}, Python {platform.python_version()} ({sys.executable}).",
    )


def _parser(_here: _Surroundings) -> Iterator[Check]:
    try:
        import tree_sitter_hcl
        from tree_sitter import Language, Parser

        Parser(Language(tree_sitter_hcl.language())).parse(b"a = 1\n")
    except (ImportError, ValueError, AttributeError, OSError) as error:
        yield Check(
            "parser",
            State.BROKEN,
            f"tree-sitter cannot be used, so no source can be read: {error}.",
            "Reinstall: pip install --force-reinstall tree-sitter tree-sitter-hcl",
        )
        return
    versions = " and ".join(f"{name} {_version_here(name)}" for name in ("tree-sitter", "tree-sitter-hcl"))
    yield Check("parser", State.OK, f"{versions} read source.")


def _catalog(_here: _Surroundings) -> Iterator[Check]:
    folder = rules_folder()
    if is_checkout(folder):
        there = cache_path(folder).is_file()
        state = "compiled" if there else "compiled just now, since the last change"
        catalog = load()
        if not there and not cache_path(folder).is_file():
            yield Check(
                "rules",
                State.WARNING,
                f"a checkout, {folder}; compiled anew by each run, which costs a second or more.",
                "Make the cache folder writable (see below).",
            )
        else:
            yield Check("rules", State.OK, f"a checkout, {folder}; {state}.")
    else:
        catalog = load()
        try:
            decode((folder / COMPILED_NAME).read_bytes())
            yield Check("rules", State.OK, f"those of the installed package, {folder}; compiled.")
        except (OSError, msgspec.DecodeError):
            yield Check(
                "rules",
                State.WARNING,
                f"those of the installed package, {folder}; the compiled form is missing or damaged, so "
                "each run compiles them anew.",
                "Reinstall: pip install --force-reinstall sovereign-guard",
            )
    yield _age(catalog, day_of(None))


def _age(catalog: Catalog, today: str) -> Check:
    """Say how old the facts are; the limit is that of the warning in reports (judge)."""
    old = today > f"{int(catalog.as_of[:4]) + 1}{catalog.as_of[4:]}"
    return Check(
        "catalog",
        State.WARNING if old else State.OK,
        f"the facts are of {catalog.as_of}{', more than a year ago' if old else ''}.",
        "Upgrade sovereign-guard: companies are bought and sold." if old else "",
    )


def _second_opinion(_here: _Surroundings) -> Iterator[Check]:
    ours, theirs = _distribution(OURS), _distribution(THEIRS)
    if ours is not None and theirs is not None:
        yield _both("second opinion", ours, theirs)
    elif ours is not None:
        yield Check(
            "second opinion", State.OK, f"{OURS} {ours.version} is asked where tree-sitter finds fault."
        )
    elif theirs is not None:
        yield Check(
            "second opinion",
            State.OK,
            f"none: {THEIRS} {theirs.version}, which is Checkov's, has the place of {OURS} here. {_WITHOUT}",
            "For both, install sovereign-guard with its extra hcl2 into another environment.",
        )
    else:
        yield Check(
            "second opinion",
            State.OK,
            f"none: {OURS} is not installed. {_WITHOUT}",
            "To add it: pipx install --force 'sovereign-guard[hcl2]' (never beside Checkov).",
        )


def _both(name: str, ours: metadata.Distribution, theirs: metadata.Distribution) -> Check:
    """Say what breaks where both are installed."""
    suffers = {
        OURS: f"it is that of {OURS}, so Checkov does not start, or misreads source",
        THEIRS: f"it is that of {THEIRS}, so sovereign-guard has no second opinion there",
        None: "its files are a mixture of both, so neither works",
    }[_owner(ours, theirs)]
    place = Path(str(theirs.locate_file("")))
    return Check(
        name,
        State.BROKEN,
        f"{OURS} {ours.version} and {THEIRS} {theirs.version} are installed together in {place}, and both "
        f"bring the module hcl2: {suffers}.",
        f"Keep two environments. In this one: pip uninstall -y {OURS} {THEIRS}; then pip install "
        f"{THEIRS}=={theirs.version} if it is Checkov's, else pip install {OURS}=={ours.version}.",
    )


def _owner(ours: metadata.Distribution, theirs: metadata.Distribution) -> str | None:
    """Return the distribution whose module `hcl2` it is, None for a mixture of both.

    Each has recorded the digests of its files. Those of the one that was installed first no longer hold.
    """
    whole = [name for name, one in ((OURS, ours), (THEIRS, theirs)) if _is_whole(one)]
    return whole[0] if len(whole) == 1 else None


def _is_whole(distribution: metadata.Distribution) -> bool:
    """Whether the files of its module `hcl2` are those that it came with."""
    import base64
    import hashlib

    recorded = [
        file
        for file in distribution.files or ()
        if file.parts[:1] == ("hcl2",) and file.suffix in (".py", ".lark") and file.hash is not None
    ]
    for file in recorded:
        try:
            content = Path(str(file.locate())).read_bytes()
        except OSError:
            return False
        assert file.hash is not None  # noqa: S101 - chosen above
        digest = hashlib.new(file.hash.mode, content).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
            return False
    return bool(recorded)


def _distribution(name: str, path: str | None = None) -> metadata.Distribution | None:
    """Return an installed distribution of this environment, or of a folder of packages."""
    context = {"name": name} if path is None else {"name": name, "path": [path]}
    return next(iter(metadata.distributions(**context)), None)


def _version_here(name: str) -> str:
    found = _distribution(name)
    return found.version if found else "(version not known)"


# -- Checkov -------------------------------------------------------------------------------------------------


def _checkov(here: _Surroundings) -> Iterator[Check]:
    checkov = _distribution("checkov")
    if checkov is not None:
        yield Check("Checkov", State.OK, f"{checkov.version}, in this environment.")
    else:
        yield from _checkov_elsewhere(here)
    from sovereign_guard.for_checkov.path import checks_folder

    yield Check("Checkov checks", State.OK, f"complete, in {checks_folder()}.")


def _checkov_elsewhere(here: _Surroundings) -> Iterator[Check]:
    program = shutil.which("checkov", path=here.environment.get("PATH", os.defpath))
    if program is None:
        yield Check("Checkov", State.OK, "neither in this environment nor on the PATH; scans do without it.")
        return
    packages = _packages_of(program)
    checkov = next((found for one in packages if (found := _distribution("checkov", one))), None)
    if checkov is None:
        yield Check(
            "Checkov",
            State.WARNING,
            f"{program}, whose environment could not be found.",
            "Our checks need sovereign-guard in Checkov's own environment.",
        )
        return
    for one in packages:
        ours, theirs = _distribution(OURS, one), _distribution(THEIRS, one)
        if ours is not None and theirs is not None:
            yield _both("Checkov", ours, theirs)
    beside = next((found for one in packages if (found := _distribution("sovereign-guard", one))), None)
    said = f"{checkov.version}, {program}"
    if beside is None:
        yield Check(
            "Checkov",
            State.WARNING,
            f"{said}; sovereign-guard is not in its environment, so our checks cannot be loaded there.",
            f"{_interpreter(program)} -m pip install sovereign-guard, without the extra hcl2.",
        )
    elif beside.version != __version__:
        yield Check(
            "Checkov",
            State.WARNING,
            f"{said}; sovereign-guard is {beside.version} there and {__version__} here.",
            "Bring both to one version.",
        )
    else:
        yield Check("Checkov", State.OK, f"{said}, with sovereign-guard {beside.version} beside it.")


def _interpreter(program: str) -> str:
    """Return the Python that a console script names in its first line; empty where it names none."""
    with open(program, "rb") as file:  # noqa: PTH123 - follows links, as the system does
        first = file.readline(1000)
    if not first.startswith(b"#!"):
        return ""
    words = first[2:].decode(errors="replace").split()
    return words[0] if words and os.path.basename(words[0]).startswith("python") else ""  # noqa: PTH119


def _packages_of(program: str) -> list[str]:
    """Return the folders of packages beside a console script's Python, without starting it."""
    interpreter = _interpreter(program)
    if not interpreter:
        return []
    environment = Path(interpreter).parent.parent
    return sorted(str(path) for path in environment.glob("lib*/python3*/site-packages"))


# -- surroundings --------------------------------------------------------------------------------------------


def _terraform(here: _Surroundings) -> Iterator[Check]:
    entries = here.environment.get("PATH", os.defpath).split(os.pathsep)
    outside = [one for one in entries if one and not lies_in_repository(Path(one), (here.folder,))]
    found = False
    for name in ("terraform", "tofu"):
        program = shutil.which(name, path=os.pathsep.join(outside)) if outside else None
        if program is not None and not lies_in_repository(Path(program), (here.folder,)):
            found = True
            yield _version_of(name, program, outside)
            continue
        anywhere = program or shutil.which(name, path=os.pathsep.join(entries))
        if anywhere is not None:
            found = True
            yield Check(
                name,
                State.WARNING,
                f"{anywhere} lies in the checkout that is judged, and was not started.",
                "Take its folder off the PATH: what a change brings along would run with your rights.",
            )
    if not found:
        yield Check(
            "terraform",
            State.OK,
            "neither terraform nor tofu on the PATH; source and plans in JSON are read without them.",
        )


def _version_of(name: str, program: str, path: list[str]) -> Check:
    """Ask a program for its version, in an empty folder and with next to nothing of our environment."""
    environment = {"PATH": os.pathsep.join(path), "CHECKPOINT_DISABLE": "1", "HOME": str(Path.home())}
    try:
        with tempfile.TemporaryDirectory() as empty:
            done = subprocess.run(  # noqa: S603 - found outside of the checkout
                [program, "version"],
                cwd=empty,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
    except subprocess.TimeoutExpired:
        return Check(name, State.WARNING, f"{program} does not tell its version within {_SECONDS} s.")
    except OSError as error:
        return Check(name, State.WARNING, f"{program} cannot be started: {error.strerror}.")
    told = re.match(rb"(?:Terraform|OpenTofu) v(\d[\w.+-]*)", done.stdout)
    if done.returncode or told is None:
        return Check(
            name, State.WARNING, f"{program} does not tell its version (exit code {done.returncode})."
        )
    return Check(name, State.OK, f"{told[1].decode()}, {program}; started only on --allow-terraform.")


def _cache(here: _Surroundings) -> Iterator[Check]:
    base = here.environment.get("XDG_CACHE_HOME") or ""
    folder = (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "sovereign-guard"  # noqa: PTH117
    nearest = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    if not (nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)):
        yield Check(
            "cache",
            State.WARNING,
            f"{folder} cannot be written, so each run parses all source anew.",
            "Let XDG_CACHE_HOME name a folder that can be written.",
        )
        return
    files = size = 0
    for place, _folders, names in os.walk(folder):
        for name in names:
            try:
                size += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118
            except OSError:
                continue
            files += 1
        if files > _MOST_FILES:
            break
    least = "more than " if files > _MOST_FILES else ""
    yield Check("cache", State.OK, f"{folder}, {least}{files:,} files, {least}{_megabytes(size)}.")


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB"


def _checkout(here: _Surroundings) -> Iterator[Check]:
    folder = here.folder.resolve()
    root = next((one for one in (folder, *folder.parents) if (one / ".git").exists()), None)
    if root is not None:
        yield Check("checkout", State.OK, f"{root}; nothing outside of it is read.")
    else:
        yield Check(
            "checkout",
            State.WARNING,
            f"{folder} is in no git checkout: no source outside of it is read, and {FILE_NAME} is looked for "
            "in every folder above it.",
            "Run scans in the checkout: what counts as the repository's own word depends on it.",
        )


def _variables(here: _Surroundings) -> Iterator[Check]:
    from difflib import get_close_matches

    known = [name for name in VARIABLES if here.environment.get(name)]
    strange = False
    for name in sorted(here.environment):
        if name in VARIABLES or name in _OTHER_VARIABLES or not here.environment[name]:
            continue
        near = get_close_matches(name.upper(), VARIABLES, 1, 0.85)
        if not near and not name.upper().startswith(_PREFIX):
            continue
        strange = True
        hint = f"Is {near[0]} meant?" if near else f"These do: {', '.join(VARIABLES)}."
        yield Check("variables", State.WARNING, f"{name} is set, and means nothing here.", hint)
    if known or not strange:
        yield Check("variables", State.OK, f"set: {', '.join(known) or 'none of ours'}.")


def _configuration(here: _Surroundings) -> Iterator[Check]:
    from sovereign_guard.for_checkov.wishes import wishes_of
    from sovereign_guard.request import request_of

    wishes = wishes_of(here.environment)
    file = wishes.config
    if file is None and not wishes.ignore_repo_config:
        found = find_repository_file(here.folder)
        file = str(found) if found is not None else None
    told = file or "none"
    try:
        request = request_of((str(here.folder),), msgspec.structs.replace(wishes, config=file))
    except ConfigurationError as error:
        for problem in error.problems:
            yield Check("configuration", State.BROKEN, str(problem))
        return
    except SovereignGuardError as error:
        yield Check("configuration", State.BROKEN, str(error))
        return
    statements, policy = request.statements, request.policy
    heard = f", {_statements(len(statements.accepted))} heard" if file else ""
    yield Check(
        "configuration", State.OK, f"{told}{heard}.", "" if file else "To make one: sovereign-guard init"
    )
    for refused in statements.refused:
        yield Check("configuration", State.WARNING, f"not heard: {refused.what} [{refused.where}]")
    yield Check("policy", State.OK, f"{policy.id} ({policy.source}).")
    on_unknown = statements.on_unknown or policy.on_unknown
    pipeline = in_pipeline(here.environment)
    where = "this is a pipeline" if pipeline else "this is no pipeline"
    hook = ""
    if not pipeline and on_unknown is OnUnknown.FAIL and statements.on_unknown is None:
        hook = "; with --on-unknown warn-locally they would warn here"
    yield Check("unknowns", State.OK, f"{where}, and what is unknown makes a run {_does(on_unknown)}{hook}.")


def _does(on_unknown: OnUnknown) -> str:
    return "fail" if on_unknown is OnUnknown.FAIL else "warn"


def _statements(number: int) -> str:
    return f"{number} statement{'' if number == 1 else 's'}"


_LOOKS: tuple[tuple[str, Callable[[_Surroundings], Iterator[Check]]], ...] = (
    ("installation", _installation),
    ("rules", _catalog),
    ("parser", _parser),
    ("second opinion", _second_opinion),
    ("Checkov checks", _checkov),
    ("terraform", _terraform),
    ("cache", _cache),
    ("checkout", _checkout),
    ("variables", _variables),
    ("configuration", _configuration),
)
"""In the order in which they are told."""
