"""Judges anew what a sealed folder was judged from, where all of that is at hand with the same digests.

A sealed folder may come from anybody: what it names is read only inside the folder that whoever checks it has
named (or the checkout in which that lies), no program is started, and nothing of it is trusted to be true.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from sovereign_guard import ledger as ledgers
from sovereign_guard.catalog.discovery import find_repository_file, repository_root
from sovereign_guard.catalog.folder import rules_folder
from sovereign_guard.catalog.statements import read_configuration
from sovereign_guard.errors import SovereignGuardError
from sovereign_guard.evidence.facts import facts_used
from sovereign_guard.evidence.seal import BUILT_IN, report_bytes, version_of
from sovereign_guard.evidence.wire import (
    Asked,
    CatalogVersion,
    Inputs,
    Options,
    ReportFacts,
    digest_of,
    stretched,
    written,
)
from sovereign_guard.language import say
from sovereign_guard.pipeline import assess
from sovereign_guard.request import STDIN, Wishes, request_of

_PIECE = 1 << 20
_DEEP = ("here",) * 16
"""Folders below which the copies of files are laid, so that `../` in their paths leads to where it did."""


class Again(msgspec.Struct, frozen=True):
    """What judging anew came to.

    Attributes:
        absent: what is not at hand, so that nothing was judged. changed: what is, with other bytes.
        report: report.json as it would be today; None where nothing was judged.
        more: files that were read today and not then. failed: why it could not be judged.
        catalog: the facts of today. facts_file: catalog.json as it would be today.
        policy: digest of the shipped policy of today; empty where another was in force.
        moved: whether copies from the folder were used, whose paths the report tells.

    """

    absent: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    report: bytes | None = None
    facts: ReportFacts | None = None
    more: tuple[str, ...] = ()
    failed: str = ""
    catalog: CatalogVersion | None = None
    facts_file: bytes = b""
    policy: str = ""
    moved: bool = False


def judged_again(
    asked: Asked,
    inputs: Inputs,
    files: Mapping[str, bytes],
    base: Path,
    values: Mapping[str, str],
    environment: Mapping[str, str],
) -> Again:
    """Judge anew.

    Args:
        asked, inputs, files: of the sealed folder, found to be as they were sealed.
        base: folder that stands for the one in which the sealed run was started.
        values: of variables, by name, where --var gave them. environment: of the process.

    """
    ground = repository_root(base)
    absent, changed = _at_hand(asked, inputs, base, ground)
    assignments, missing = _assignments(asked, values)
    absent += missing
    # Only what a run reads of the environment, each once: a folder of anybody's may name a million.
    given = {one.name: one.digest for one in asked.values if one.by == "environment"}
    variables = {
        name: environment[name]
        for name in given
        if name in environment and name.startswith(("TF_VAR_", "TF_WORKSPACE"))
    }
    same = {name for name, value in variables.items() if stretched(name, value) == given[name]}
    for one in asked.values:
        if one.by == "environment" and (one.name not in same or one.digest != given[one.name]):
            absent.append(say("the environment variable {name}, with the same value", name=one.name))
    if absent or changed:
        return Again(tuple(absent), tuple(changed))
    with tempfile.TemporaryDirectory() as copies, _standing_in(base), ledgers.opened() as ledger:
        try:
            options, not_laid = _laid_out(asked.options, inputs, files, ground, Path(copies))
        except SovereignGuardError as error:
            return Again(failed=str(error))
        if not_laid:
            return Again(tuple(dict.fromkeys(not_laid)))
        wishes = Wishes(
            policy=options.policy,
            config=options.config,
            ignore_repo_config=options.ignore_repo_config,
            inline_waivers=not options.no_inline_waivers,
            on_unknown=options.on_unknown,
            as_of=asked.day,
            fail_on=options.fail_on,
            workspace=options.workspace,
            cache=False,
            source=options.source,
            baseline=options.baseline,
            catalog=options.catalog,
            assignments=assignments,
            environment=variables,
        )
        try:
            request = request_of(asked.paths, wishes)
            found = assess(request)
            report = report_bytes(found)
            version = version_of(request.catalog)
            facts_file = written(facts_used(found, request.catalog, request.day, version))
        except SovereignGuardError as error:
            return Again(failed=str(error))
        known = {(one.role, one.sha256) for one in inputs.files}
        more = sorted(
            {one.path for one in ledger.entries if one.data is None and (one.role, one.sha256) not in known}
        )
        return Again(
            report=report,
            facts=msgspec.json.decode(report, type=ReportFacts),
            more=tuple(more),
            catalog=version,
            facts_file=facts_file,
            moved=options != asked.options,
            policy=_shipped(request.policy.id) if request.policy.source == BUILT_IN else "",
        )


def _shipped(policy: str) -> str:
    return digest_of((rules_folder() / "policies" / f"{policy}.yaml").read_bytes())


@contextlib.contextmanager
def _standing_in(base: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(base)
    try:
        yield
    finally:
        os.chdir(before)


# -- what is at hand -----------------------------------------------------------------------------------------


def _at_hand(asked: Asked, inputs: Inputs, base: Path, ground: Path) -> tuple[list[str], list[str]]:
    """Return what is missing of the files that were judged, and what has other bytes."""
    absent: list[str] = []
    changed: list[str] = []
    for one in inputs.files:
        place = _inside(one.path, base, ground)
        if one.file and place is None:
            continue  # Its copy is at hand.
        if one.file and one.path == BUILT_IN:
            continue
        digest = _digest(place) if place is not None and one.path != STDIN else None
        if digest is None:
            absent.append(one.path)
        elif digest != one.sha256:
            changed.append(one.path)
    named = [one.name for one in asked.values if one.by == "file"]
    absent.extend(
        path
        for path in (*asked.paths, *named, asked.options.source)
        if path and (path == STDIN or _inside(path, base, ground) is None)
    )
    if not any(not one.file for one in inputs.files):
        absent.append(say("any input that could be read"))
    if asked.options.allow_terraform:
        # Whoever checks a folder has not agreed to start programs for it.
        absent.append(say("what terraform or tofu said of a binary plan"))
    return list(dict.fromkeys(absent)), changed


def _inside(path: str, base: Path, ground: Path) -> Path | None:
    """Return where a path leads; None where that is outside, wherever its links lead."""
    try:
        found = Path(os.path.realpath(base / path))
    except (OSError, ValueError):
        return None
    return found if found.is_relative_to(ground) or found.is_relative_to(os.path.realpath(base)) else None


def _digest(path: Path) -> str | None:
    digest = hashlib.sha256()
    try:
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            while piece := stream.read(_PIECE):
                digest.update(piece)
    except (OSError, ValueError):
        return None
    return digest.hexdigest()


def _assignments(asked: Asked, values: Mapping[str, str]) -> tuple[tuple[tuple[str, str], ...], list[str]]:
    """Return --var and --var-file in their order, and what of them is not at hand."""
    found: list[tuple[str, str]] = []
    missing: list[str] = []
    wanted = {one.name for one in asked.values if one.by == "option"}
    digests = {name: stretched(name, value) for name, value in values.items() if name in wanted}
    for one in asked.values:
        if one.by == "file":
            found.append(("file", one.name))
        elif one.by == "option":
            if digests.get(one.name) == one.digest:
                found.append(("var", f"{one.name}={values[one.name]}"))
            else:
                missing.append(say("--var {name}, with the same value", name=one.name))
    return tuple(found), missing


# -- what it is judged by ------------------------------------------------------------------------------------


def _laid_out(
    options: Options, inputs: Inputs, files: Mapping[str, bytes], ground: Path, copies: Path
) -> tuple[Options, list[str]]:
    """Return the options with copies in the place of what lay outside, and what cannot be laid out.

    What lies in the checkout is used where it lies: whose word counts depends on that.
    """
    base, here = Path.cwd(), copies.joinpath(*_DEEP)
    laid: dict[str, Path] = {}
    lost: list[str] = []
    for one in inputs.files:
        if not one.file or one.path == BUILT_IN or _inside(one.path, base, ground) is not None:
            continue
        place = _mirrored(one.path, here, copies)
        if place is None or one.file not in files:
            lost.append(one.path)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(files[one.file])
        laid[os.path.normpath(one.path)] = place
    changed: dict[str, str] = {}
    for name in ("policy", "config", "baseline", "catalog"):
        given: str | None = getattr(options, name)
        if given is None or _inside(given, base, ground) is not None:
            continue
        wanted = os.path.normpath(given)
        copy = _mirrored(given, here, copies)
        if copy is None or not any(path == wanted or path.startswith(wanted + os.sep) for path in laid):
            lost.append(given)
        else:
            changed[name] = str(copy)
    options = msgspec.structs.replace(options, **changed)
    if not lost:
        lost = _beyond(options, ground, copies)
    return options, lost


def _beyond(options: Options, ground: Path, copies: Path) -> list[str]:
    """Return what the configuration names that lies neither in the checkout nor among the copies."""
    found = Path(options.config) if options.config is not None else None
    if found is None and not options.ignore_repo_config:
        found = find_repository_file(Path())
    if found is None:
        return []
    configuration = read_configuration(found, from_repository=False)
    named = [configuration.catalog, configuration.baseline]
    if configuration.policy is not None:
        named.append(found.parent / configuration.policy)
    return [
        str(path)
        for path in named
        if path is not None
        and _inside(str(path), Path.cwd(), ground) is None
        and not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(copies))
    ]


def _mirrored(path: str, here: Path, copies: Path) -> Path | None:
    """Return where the copy of a file goes, which must be among the copies."""
    if os.path.isabs(path):  # noqa: PTH117 - a text of the folder's
        return Path(os.path.normpath(f"{copies}/root/{os.path.normpath(path).lstrip('/')}"))
    found = Path(os.path.normpath(here / path))
    return found if found.is_relative_to(copies) and found != copies else None
