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
from sovereign_guard.errors import ConfigurationError, SovereignGuardError, reason_of
from sovereign_guard.language import later, say, say_many
from sovereign_guard.model.policy import OnUnknown
from sovereign_guard.request import day_of, in_pipeline

VARIABLES = (
    *(
        "SOVEREIGN_GUARD_BASELINE",
        "SOVEREIGN_GUARD_CATALOG",
        "SOVEREIGN_GUARD_CONFIG",
        "SOVEREIGN_GUARD_DEBUG",
        "SOVEREIGN_GUARD_FORMAT",
        "SOVEREIGN_GUARD_LANG",
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


class State(StrEnum):
    """How a check turned out; `broken`: runs fail, or cannot be relied on."""

    OK = later("ok")
    WARNING = later("warning")
    BROKEN = later("broken")


class Check(msgspec.Struct, frozen=True):
    """What was looked at, what was found, and what to do about it; `hint` may be empty.

    `name` is one for `say`, as the value of `state` is.
    """

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
            found.append(Check(name, State.WARNING, say("this could not be looked at: {error}", error=error)))
    return found


# -- the installation ----------------------------------------------------------------------------------------


def _installation(_here: _Surroundings) -> Iterator[Check]:
    place = Path(__file__).parent.parent
    yield Check(
        "installation",
        State.OK,
        say(
            "sovereign-guard {version} in {place}, Python {python} ({program}).",
            version=__version__,
            place=place,
            python=platform.python_version(),
            program=sys.executable,
        ),
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
            say("tree-sitter cannot be used, so no source can be read: {error}.", error=error),
            say("Reinstall: pip install --force-reinstall tree-sitter tree-sitter-hcl"),
        )
        return
    told = say(
        "tree-sitter {version} and tree-sitter-hcl {grammar} read source.",
        version=_version_here("tree-sitter"),
        grammar=_version_here("tree-sitter-hcl"),
    )
    yield Check("parser", State.OK, told)


def _catalog(_here: _Surroundings) -> Iterator[Check]:
    folder = rules_folder()
    if is_checkout(folder):
        there = cache_path(folder).is_file()
        catalog = load()
        if not there and not cache_path(folder).is_file():
            yield Check(
                "rules",
                State.WARNING,
                say(
                    "a checkout, {folder}; compiled anew by each run, which costs a second or more.",
                    folder=folder,
                ),
                say("Make the cache folder writable (see below)."),
            )
        else:
            yield Check(
                "rules",
                State.OK,
                say("a checkout, {folder}; compiled.", folder=folder)
                if there
                else say("a checkout, {folder}; compiled just now, since the last change.", folder=folder),
            )
    else:
        catalog = load()
        try:
            decode((folder / COMPILED_NAME).read_bytes())
            yield Check(
                "rules", State.OK, say("those of the installed package, {folder}; compiled.", folder=folder)
            )
        except (OSError, msgspec.DecodeError):
            yield Check(
                "rules",
                State.WARNING,
                say(
                    "those of the installed package, {folder}; the compiled form is missing or "
                    "damaged, so each run compiles them anew.",
                    folder=folder,
                ),
                say("Reinstall: pip install --force-reinstall sovereign-guard"),
            )
    yield _age(catalog, day_of(None))


def _age(catalog: Catalog, today: str) -> Check:
    """Say how old the facts are; the limit is that of the warning in reports (judge)."""
    old = today > f"{int(catalog.as_of[:4]) + 1}{catalog.as_of[4:]}"
    return Check(
        later("catalog"),
        State.WARNING if old else State.OK,
        say("the facts are of {day}, more than a year ago.", day=catalog.as_of)
        if old
        else say("the facts are of {day}.", day=catalog.as_of),
        say("Upgrade sovereign-guard: companies are bought and sold.") if old else "",
    )


def _second_opinion(_here: _Surroundings) -> Iterator[Check]:
    ours, theirs = _distribution(OURS), _distribution(THEIRS)
    if ours is not None and theirs is not None:
        yield _both(later("second opinion"), ours, theirs)
    elif ours is not None:
        yield Check(
            later("second opinion"),
            State.OK,
            say("{ours} {version} is asked where tree-sitter finds fault.", ours=OURS, version=ours.version),
        )
    elif theirs is not None:
        yield Check(
            later("second opinion"),
            State.OK,
            say(
                "none: {theirs} {version}, which is Checkov's, has the place of {ours} here. Files in which "
                "tree-sitter wrongly finds fault are told as damaged (exit code 3).",
                theirs=THEIRS,
                version=theirs.version,
                ours=OURS,
            ),
            say("For both, install sovereign-guard with its extra hcl2 into another environment."),
        )
    else:
        yield Check(
            later("second opinion"),
            State.OK,
            say(
                "none: {ours} is not installed. Files in which tree-sitter wrongly finds fault are told as "
                "damaged (exit code 3).",
                ours=OURS,
            ),
            say("To add it: pipx install --force 'sovereign-guard[hcl2]' (never beside Checkov)."),
        )


def _both(name: str, ours: metadata.Distribution, theirs: metadata.Distribution) -> Check:
    """Say what breaks where both are installed."""
    suffers = {
        OURS: say("it is that of {name}, so Checkov does not start, or misreads source", name=OURS),
        THEIRS: say("it is that of {name}, so sovereign-guard has no second opinion there", name=THEIRS),
        None: say("its files are a mixture of both, so neither works"),
    }[_owner(ours, theirs)]
    place = Path(str(theirs.locate_file("")))
    return Check(
        name,
        State.BROKEN,
        say(
            "{ours} {our_version} and {theirs} {their_version} are installed together in {place}, and both "
            "bring the module hcl2: {suffers}.",
            ours=OURS,
            our_version=ours.version,
            theirs=THEIRS,
            their_version=theirs.version,
            place=place,
            suffers=suffers,
        ),
        say(
            "Keep two environments. In this one: pip uninstall -y {ours} {theirs}; then pip install "
            "{theirs}=={their_version} if it is Checkov's, else pip install {ours}=={our_version}.",
            ours=OURS,
            our_version=ours.version,
            theirs=THEIRS,
            their_version=theirs.version,
        ),
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
    return found.version if found else say("(version not known)")


# -- Checkov -------------------------------------------------------------------------------------------------


def _checkov(here: _Surroundings) -> Iterator[Check]:
    checkov = _distribution("checkov")
    if checkov is not None:
        yield Check("Checkov", State.OK, say("{version}, in this environment.", version=checkov.version))
    else:
        yield from _checkov_elsewhere(here)
    from sovereign_guard.for_checkov.path import checks_folder

    yield Check(later("Checkov checks"), State.OK, say("complete, in {folder}.", folder=checks_folder()))


def _checkov_elsewhere(here: _Surroundings) -> Iterator[Check]:
    program = shutil.which("checkov", path=here.environment.get("PATH", os.defpath))
    if program is None:
        yield Check(
            "Checkov", State.OK, say("neither in this environment nor on the PATH; scans do without it.")
        )
        return
    packages = _packages_of(program)
    checkov = next((found for one in packages if (found := _distribution("checkov", one))), None)
    if checkov is None:
        yield Check(
            "Checkov",
            State.WARNING,
            say("{program}, whose environment could not be found.", program=program),
            say("Our checks need sovereign-guard in Checkov's own environment."),
        )
        return
    for one in packages:
        ours, theirs = _distribution(OURS, one), _distribution(THEIRS, one)
        if ours is not None and theirs is not None:
            yield _both("Checkov", ours, theirs)
    beside = next((found for one in packages if (found := _distribution("sovereign-guard", one))), None)
    about = {"version": checkov.version, "program": program}
    if beside is None:
        yield Check(
            "Checkov",
            State.WARNING,
            say(
                "{version}, {program}; sovereign-guard is not in its environment, so our checks cannot be "
                "loaded there.",
                **about,
            ),
            say(
                "{python} -m pip install sovereign-guard, without the extra hcl2.",
                python=_interpreter(program),
            ),
        )
    elif beside.version != __version__:
        yield Check(
            "Checkov",
            State.WARNING,
            say(
                "{version}, {program}; sovereign-guard is {there} there and {here} here.",
                **about,
                there=beside.version,
                here=__version__,
            ),
            say("Bring both to one version."),
        )
    else:
        told = say(
            "{version}, {program}, with sovereign-guard {beside} beside it.", **about, beside=beside.version
        )
        yield Check("Checkov", State.OK, told)


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
                say(
                    "{anywhere} lies in the checkout that is judged, and was not started.", anywhere=anywhere
                ),
                say("Take its folder off the PATH: what a change brings along would run with your rights."),
            )
    if not found:
        yield Check(
            "terraform",
            State.OK,
            say("neither terraform nor tofu on the PATH; source and plans in JSON are read without them."),
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
        late = say(
            "{program} does not tell its version within {seconds} s.", program=program, seconds=_SECONDS
        )
        return Check(name, State.WARNING, late)
    except OSError as error:
        return Check(
            name,
            State.WARNING,
            say("{program} cannot be started: {reason}.", program=program, reason=reason_of(error)),
        )
    told = re.match(rb"(?:Terraform|OpenTofu) v(\d[\w.+-]*)", done.stdout)
    if done.returncode or told is None:
        return Check(
            name,
            State.WARNING,
            say(
                "{program} does not tell its version (exit code {returncode}).",
                program=program,
                returncode=done.returncode,
            ),
        )
    return Check(
        name,
        State.OK,
        say(
            "{version}, {program}; started only on --allow-terraform.",
            version=told[1].decode(),
            program=program,
        ),
    )


def _cache(here: _Surroundings) -> Iterator[Check]:
    base = here.environment.get("XDG_CACHE_HOME") or ""
    folder = (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "sovereign-guard"  # noqa: PTH117
    nearest = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    if not (nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)):
        yield Check(
            "cache",
            State.WARNING,
            say("{folder} cannot be written, so each run parses all source anew.", folder=folder),
            say("Let XDG_CACHE_HOME name a folder that can be written."),
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
    about = {"folder": folder, "files": files, "size": size / 1_000_000}
    if files > _MOST_FILES:
        told = say("{folder}, more than {files:,} files, more than {size:,.1f} MB.", **about)
    else:
        told = say("{folder}, {files:,} files, {size:,.1f} MB.", **about)
    yield Check("cache", State.OK, told)


def _checkout(here: _Surroundings) -> Iterator[Check]:
    folder = here.folder.resolve()
    root = next((one for one in (folder, *folder.parents) if (one / ".git").exists()), None)
    if root is not None:
        yield Check("checkout", State.OK, say("{root}; nothing outside of it is read.", root=root))
    else:
        yield Check(
            "checkout",
            State.WARNING,
            say(
                "{folder} is in no git checkout: no source outside of it is read, and "
                "{file_name} is looked for in every folder above it.",
                folder=folder,
                file_name=FILE_NAME,
            ),
            say("Run scans in the checkout: what counts as the repository's own word depends on it."),
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
        if near:
            hint = say("Is {name} meant?", name=near[0])
        else:
            hint = say("These do: {names}.", names=", ".join(VARIABLES))
        yield Check(
            "variables", State.WARNING, say("{name} is set, and means nothing here.", name=name), hint
        )
    if known or not strange:
        told = say("set: {names}.", names=", ".join(known)) if known else say("set: none of ours.")
        yield Check("variables", State.OK, told)


def _configuration(here: _Surroundings) -> Iterator[Check]:
    from sovereign_guard.for_checkov.wishes import wishes_of
    from sovereign_guard.request import request_of

    wishes = wishes_of(here.environment)
    file = wishes.config
    if file is None and not wishes.ignore_repo_config:
        found = find_repository_file(here.folder)
        file = str(found) if found is not None else None
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
    if file:
        told = say_many(
            "{file}, {number} statement heard.",
            "{file}, {number} statements heard.",
            len(statements.accepted),
            file=file,
        )
        yield Check("configuration", State.OK, told)
    else:
        yield Check("configuration", State.OK, say("none."), say("To make one: sovereign-guard init"))
    for refused in statements.refused:
        yield Check(
            "configuration",
            State.WARNING,
            say("not heard: {what} [{where}]", what=refused.what, where=refused.where),
        )
    yield Check(later("policy"), State.OK, f"{policy.id} ({say(policy.source)}).")
    on_unknown = statements.on_unknown or policy.on_unknown
    pipeline = in_pipeline(here.environment)
    fails = on_unknown is OnUnknown.FAIL
    if pipeline:
        told = (
            say("this is a pipeline, and what is unknown makes a run fail.")
            if fails
            else say("this is a pipeline, and what is unknown makes a run warn.")
        )
    elif not fails:
        told = say("this is no pipeline, and what is unknown makes a run warn.")
    elif statements.on_unknown is None:
        told = say(
            "this is no pipeline, and what is unknown makes a run fail; with --on-unknown warn-locally they "
            "would warn here."
        )
    else:
        told = say("this is no pipeline, and what is unknown makes a run fail.")
    yield Check(later("unknowns"), State.OK, told)


_LOOKS: tuple[tuple[str, Callable[[_Surroundings], Iterator[Check]]], ...] = (
    (later("installation"), _installation),
    (later("rules"), _catalog),
    (later("parser"), _parser),
    (later("second opinion"), _second_opinion),
    (later("Checkov checks"), _checkov),
    ("terraform", _terraform),
    (later("cache"), _cache),
    (later("checkout"), _checkout),
    (later("variables"), _variables),
    (later("configuration"), _configuration),
)
"""In the order in which they are told."""
