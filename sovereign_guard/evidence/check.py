"""Checks a sealed folder: every digest, what it says of itself, its signature, and the verdict."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from sovereign_guard import __version__
from sovereign_guard.catalog import load
from sovereign_guard.errors import EXIT_CLEAN, EXIT_FINDINGS, EXIT_INPUT, UsageError
from sovereign_guard.evidence import wire
from sovereign_guard.evidence.again import Again, judged_again
from sovereign_guard.evidence.folder import Folder, read_folder
from sovereign_guard.evidence.seal import version_of
from sovereign_guard.evidence.signature import is_signed_by, keyid, payload_of, public_key
from sovereign_guard.evidence.statement import predicate_of, statement_of
from sovereign_guard.language import language, say, say_many
from sovereign_guard.report.words import clean

T = TypeVar("T")
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
_MOST_TOLD = 20


class Checked(msgspec.Struct, frozen=True):
    """What a check came to.

    Attributes:
        faults: what has been changed, or differs. unreadable: what cannot be understood.
        notes: what else there is to know.
        exit_code: 0 intact, and the same verdict where it was judged anew; 1 not; 3 it cannot be read.

    """

    faults: tuple[str, ...]
    unreadable: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """See the class."""
        if self.faults:
            return EXIT_FINDINGS
        return EXIT_INPUT if self.unreadable else EXIT_CLEAN

    @property
    def lines(self) -> tuple[str, ...]:
        """Everything in words: the sum first, then faults, then notes."""
        if self.faults:
            sum_up = say("NOT AS SEALED, or judged otherwise today:")
        elif self.unreadable:
            sum_up = say("CANNOT BE READ:")
        else:
            sum_up = say("INTACT: every file is as it was sealed.")
        return tuple(map(clean, (sum_up, *self.faults, *self.unreadable, *self.notes)))


class _Opened(msgspec.Struct, frozen=True):
    """The files of a folder, understood."""

    statement: wire.Statement
    asked: wire.Asked
    inputs: wire.Inputs
    report: wire.ReportFacts


def check(
    path: str,
    key: str | None,
    inputs: str | None,
    values: Mapping[str, str],
    environment: Mapping[str, str],
) -> Checked:
    """Check a sealed folder.

    Args:
        key: file of the public key that must have signed it. inputs: folder in which the run was started, or
            a copy of it; by default the working directory.
        values: of variables that the run was given by --var. environment: of the process.

    Raises:
        UsageError: it is no sealed folder, or the key or the folder of inputs is none.
        InputError: something in it cannot be read.

    """
    if inputs is not None and not Path(inputs).is_dir():
        raise UsageError(say("this is no folder."), file=inputs)
    public = public_key(key) if key is not None else None
    folder = read_folder(path)
    digests = {name: wire.digest_of(data) for name, data in folder.files.items()}
    missing = [name for name in (wire.POLICY, wire.CATALOG) if name not in digests]
    faults = [say("{name}: is no file, and no part of a seal", name=name) for name in folder.strange]
    faults += [say("{name}: is missing", name=name) for name in missing]
    faults += _sums_faults(folder, digests)
    notes: list[str] = []
    opened, unreadable = _open(folder)
    if opened is not None:
        faults += _statement_faults(opened, digests)
    envelope_faults, signed = _envelope_faults(folder)
    faults += envelope_faults
    envelope = _decoded(folder, wire.ENVELOPE, wire.Envelope)
    if public is None:
        notes.append(
            say("signature: there is one, by the key {keyid}; not checked (give --key)", keyid=signed)
            if signed
            else say("signature: none; whoever can write to the folder can write all of it anew")
        )
    elif envelope is not None and is_signed_by(envelope, public):
        notes.append(say("signature: good, by the key {keyid}", keyid=keyid(public)))
    else:
        faults.append(say("signature: none of the key {keyid}", keyid=keyid(public)))
    if opened is not None and not faults and not unreadable:
        notes += _versions(opened.asked)
        base = Path(inputs or ".").resolve()
        again = judged_again(opened.asked, opened.inputs, folder.files, base, values, environment)
        found, told = _compared(again, opened, folder.files, insisted=inputs is not None)
        faults += found
        notes += told
    elif faults:
        notes.append(say("verdict: not judged anew, since the folder is not as it was sealed"))
    return Checked(tuple(dict.fromkeys(faults)), tuple(unreadable), tuple(notes))


# -- the folder ----------------------------------------------------------------------------------------------


def _sums_faults(folder: Folder, digests: Mapping[str, str]) -> list[str]:
    """Tell how the folder differs from SHA256SUMS, which is held against what it must be, to the byte."""
    if wire.SUMS not in folder.files:
        return [say("{name}: is missing", name=wire.SUMS)]
    there = folder.files[wire.SUMS]
    if there == wire.sums(digests):
        return []
    listed: dict[str, str] = {}
    for line in there.decode("utf-8", "surrogateescape").splitlines():
        match = _LINE.fullmatch(line)
        if match:
            listed[match[2]] = match[1]
    faults: list[str] = []
    for name in sorted({*listed, *digests} - {wire.SUMS}):
        if name not in digests:
            faults.append(say("{name}: is missing", name=_shown(name)))
        elif name not in listed:
            unsealed = say("{name}: was not sealed, or its line in SHA256SUMS was changed", name=_shown(name))
            faults.append(unsealed)
        elif listed[name] != digests[name]:
            faults.append(say("{name}: is not what was sealed (SHA-256 differs)", name=_shown(name)))
    return faults or [say("{name}: was changed", name=wire.SUMS)]


def _open(folder: Folder) -> tuple[_Opened | None, list[str]]:
    """Return the files understood, and which cannot be."""
    statement = _decoded(folder, wire.STATEMENT, wire.Statement)
    asked = _decoded(folder, wire.REQUEST, wire.Asked)
    inputs = _decoded(folder, wire.INPUTS, wire.Inputs)
    report = _decoded(folder, wire.REPORT, wire.ReportFacts)
    if statement is not None and asked is not None and inputs is not None and report is not None:
        return _Opened(statement, asked, inputs, report), []
    named = ((wire.STATEMENT, statement), (wire.REQUEST, asked), (wire.INPUTS, inputs), (wire.REPORT, report))
    return None, [
        say("{name}: cannot be understood, or was written by another version", name=name)
        for name, value in named
        if value is None
    ]


def _decoded(folder: Folder, name: str, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(folder.files[name], type=kind) if name in folder.files else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        return None


def _statement_faults(opened: _Opened, digests: Mapping[str, str]) -> list[str]:
    """Tell what the statement says otherwise than the files do."""
    statement = opened.statement
    faults: list[str] = []
    kinds = (statement.type, statement.predicate_type)
    if kinds != (wire.STATEMENT_TYPE, wire.PREDICATE_TYPE):
        faults.append(say("{name}: is a statement of another kind", name=wire.STATEMENT))
    faults += [
        say("{name}: says of {file} what is not so", name=wire.INPUTS, file=_shown(one.file))
        for one in opened.inputs.files
        if one.file and digests.get(one.file) != one.sha256
    ]
    right = statement_of(digests, opened.inputs.files, predicate_of(opened.report, opened.asked))
    said = {(one.name, one.digest.get("sha256", "")) for one in statement.subject}
    wanted = {(one.name, one.digest["sha256"]) for one in right.subject}
    faults += [
        say("{name}: says of {file} what is not so", name=wire.STATEMENT, file=_shown(name))
        for name in sorted({name for name, _digest in said ^ wanted})
    ]
    if statement.predicate != right.predicate:
        faults.append(say("{name}: sums up another report or request", name=wire.STATEMENT))
    if not faults and statement != right:
        faults.append(say("{name}: was changed", name=wire.STATEMENT))
    return faults


def _envelope_faults(folder: Folder) -> tuple[list[str], str]:
    """Tell what is wrong with the envelope whoever signed it, and the id of the key that it names."""
    if wire.ENVELOPE not in folder.files:
        return [], ""
    envelope = _decoded(folder, wire.ENVELOPE, wire.Envelope)
    if envelope is None or not envelope.signatures:
        return [say("{name}: is no signed envelope", name=wire.ENVELOPE)], ""
    if payload_of(envelope) != folder.files.get(wire.STATEMENT):
        return [say("{name}: signs another statement than this one", name=wire.ENVELOPE)], ""
    return [], _shown(envelope.signatures[0].keyid[:80])


def _shown(name: str) -> str:
    """Return a name as it can be printed: in a folder of anybody's it may hold anything."""
    return clean(name.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))


# -- the verdict ---------------------------------------------------------------------------------------------


def _versions(asked: wire.Asked) -> list[str]:
    """Tell which versions sealed it, where this one is another."""
    notes = []
    if asked.tool.version != __version__:
        notes.append(
            say("version: sealed by {then}, this is {now}", then=_shown(asked.tool.version), now=__version__)
        )
    now = version_of(load())
    # An organisation's own catalog changes the digest; the day of the shipped one does not tell that.
    if asked.catalog.as_of != now.as_of or (asked.options.catalog is None and asked.catalog != now):
        notes.append(
            say(
                "catalog: sealed with the facts of {then}, those of today are of {now} or otherwise others",
                then=_shown(asked.catalog.as_of),
                now=now.as_of,
            )
        )
    return notes


def _compared(
    again: Again, opened: _Opened, sealed: Mapping[str, bytes], *, insisted: bool
) -> tuple[list[str], list[str]]:
    """Return how the verdict of today differs, and what else there is to say of it.

    Args:
        sealed: the files. insisted: whoever checks has said where the inputs are.

    """
    if again.changed:
        told = [say("input {path}: is not what was judged", path=_shown(path)) for path in again.changed]
        left = say("verdict: not judged anew, since inputs have changed")
        return (told[:_MOST_TOLD], [left]) if insisted else ([], [*told[:_MOST_TOLD], left])
    if again.absent:
        names = ", ".join(_shown(name) for name in again.absent[:_MOST_TOLD])
        return [], [say("verdict: not judged anew; not at hand: {names}", names=names)]
    if again.failed:
        return [say("verdict: cannot be reached anew: {reason}", reason=again.failed)], []
    if again.facts is None:
        return [], []
    then, now = opened.report, again.facts
    more = [say("input {path}: is read today and was not then", path=_shown(path)) for path in again.more]
    faults = _resources(then, now) + _findings(then, now)
    faults += _written_otherwise(again, opened, sealed)
    if then.exit_code != now.exit_code:
        faults.append(
            say("verdict: the exit code was {then}, and is {now}", then=then.exit_code, now=now.exit_code)
        )
    if faults:
        # What was not there may well be why.
        return _cut([*more, *faults]), []
    note = say(
        "verdict: judged anew, the same: exit code {code}, {findings} findings",
        code=now.exit_code,
        findings=len(now.findings),
    )
    same = say("report: the same to the byte") if again.report == sealed[wire.REPORT] else ""
    return [], [note, *([same] if same else []), *more[:_MOST_TOLD]]


def _written_otherwise(again: Again, opened: _Opened, sealed: Mapping[str, bytes]) -> list[str]:
    """Tell which files this very version would write otherwise from the same facts, in the same language.

    Of another version nothing is told: its words may be others.
    """
    asked = opened.asked
    if asked.tool.version != __version__ or asked.catalog != again.catalog:
        return []
    faults = []
    if (
        asked.language == language()
        and not again.moved
        and not again.more
        and again.report != sealed[wire.REPORT]
    ):
        faults.append(say("{name}: is not what the same inputs give today", name=wire.REPORT))
    if again.facts_file != sealed[wire.CATALOG]:
        faults.append(say("{name}: is not what the same inputs give today", name=wire.CATALOG))
    if again.policy and again.policy != wire.digest_of(sealed[wire.POLICY]):
        faults.append(say("{name}: is not the policy that ships with this version", name=wire.POLICY))
    return faults


def _resources(then: wire.ReportFacts, now: wire.ReportFacts) -> list[str]:
    def verdicts(report: wire.ReportFacts) -> dict[tuple[str, str, str], str]:
        return {
            (one.input, one.address, one.deposed or ""): one.verdict
            for one in (*report.resources, *report.backends)
        }

    before, after = verdicts(then), verdicts(now)
    return [
        say(
            "verdict: {address} was {then}, and is {now}",
            address=_shown(key[1]),
            then=_shown(before.get(key, "-")),
            now=after.get(key, "-"),
        )
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]


def _findings(then: wire.ReportFacts, now: wire.ReportFacts) -> list[str]:
    def counted(report: wire.ReportFacts) -> Counter[tuple[str, str, str, str]]:
        return Counter((one.rule, one.address or "", one.verdict, one.fingerprint) for one in report.findings)

    before, after = counted(then), counted(now)
    gone = [
        say("finding: {rule} {verdict} at {address} is gone", rule=rule, verdict=verdict, address=_shown(at))
        for rule, at, verdict, _fingerprint in sorted((before - after).elements())
    ]
    new = [
        say("finding: {rule} {verdict} at {address} is new", rule=rule, verdict=verdict, address=_shown(at))
        for rule, at, verdict, _fingerprint in sorted((after - before).elements())
    ]
    return gone + new


def _cut(faults: list[str]) -> list[str]:
    if len(faults) <= _MOST_TOLD:
        return faults
    left = len(faults) - _MOST_TOLD
    more = say_many("and {number} more difference", "and {number} more differences", left)
    return [*faults[:_MOST_TOLD], more]
