"""Writes a sealed folder: the report, what it was judged by, and digests of what was judged."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sovereign_guard import __version__
from sovereign_guard import ledger as ledgers
from sovereign_guard.catalog import Catalog
from sovereign_guard.catalog.compiled import encode
from sovereign_guard.catalog.folder import rules_folder
from sovereign_guard.errors import UsageError, reason_of
from sovereign_guard.evidence import wire
from sovereign_guard.evidence.facts import facts_used
from sovereign_guard.evidence.statement import predicate_of, statement_of
from sovereign_guard.language import language, say
from sovereign_guard.ledger import Entry, Ledger
from sovereign_guard.model.finding import Report
from sovereign_guard.model.policy import OnUnknown
from sovereign_guard.model.screen import Screen
from sovereign_guard.pipeline import Request, write
from sovereign_guard.report.words import clean

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

BUILT_IN = "built in"
"""Path of what ships with the program."""

_FILES = {
    ledgers.CONFIGURATION: wire.CONFIGURATION,
    ledgers.POLICY: wire.POLICY,
    ledgers.BASELINE: wire.BASELINE,
}


class Sealed(msgspec.Struct, frozen=True):
    """What became of a sealing: the report, the folder, its files, and the id of the key that signed."""

    report: Report
    folder: str
    files: tuple[str, ...]
    inputs: int
    keyid: str | None

    @property
    def told(self) -> str:
        """Return in words what was written."""
        by = say("not signed") if self.keyid is None else say("signed by the key {keyid}", keyid=self.keyid)
        return say(
            "Sealed in {folder}: {files} files, {inputs} inputs by their digest, {by}.",
            folder=clean(self.folder),
            files=len(self.files),
            inputs=self.inputs,
            by=by,
        )


def sealed(
    folder: str,
    key: str | None,
    judge: Callable[[], tuple[Request, Report]],
    options: Mapping[str, object],
) -> Sealed:
    """Judge, and write down what the verdict rests on.

    Args:
        folder: to write; it is made where it is missing. A sealed folder is replaced.
        key: file of the private key that signs; None: nobody does.
        judge: the run. options: what the command line asked for (`wire.Options`; others are passed over).

    Raises:
        UsageError: the folder holds something else or cannot be written, or the key is none; before judging.

    """
    if not folder:
        raise UsageError(say("--seal-key signs what --seal writes."), hint=say("Give --seal DIR as well."))
    signer = _signer(key)
    _check(folder)
    with ledgers.opened() as ledger:
        request, report = judge()
    files, inputs = _contents(request, report, ledger, options)
    signed_by = None
    if signer is not None:
        from sovereign_guard.evidence.signature import envelope_of

        envelope = envelope_of(files[wire.STATEMENT], signer)
        files[wire.ENVELOPE] = wire.written(envelope)
        signed_by = envelope.signatures[0].keyid
    files[wire.SUMS] = wire.sums({name: wire.digest_of(data) for name, data in files.items()})
    _write(folder, files)
    return Sealed(report, folder, tuple(sorted(files)), inputs, signed_by)


def version_of(catalog: Catalog) -> wire.CatalogVersion:
    """Return which facts a catalog holds."""
    return wire.CatalogVersion(catalog.as_of, wire.digest_of(encode(catalog.data.packed)))


def report_bytes(report: Report) -> bytes:
    """Return report.json."""
    return b"".join(write(report, "json", Screen()))


def _signer(key: str | None) -> Ed25519PrivateKey | None:
    if key is None:
        return None
    from sovereign_guard.evidence.signature import private_key

    return private_key(key)


# -- contents ------------------------------------------------------------------------------------------------


def _contents(
    request: Request, report: Report, ledger: Ledger, options: Mapping[str, object]
) -> tuple[dict[str, bytes], int]:
    """Return every file that a statement speaks of, and the statement; and the number of inputs."""
    files = {wire.REPORT: report_bytes(report)}
    read = [_placed(entry, files) for entry in ledger.entries]
    if wire.POLICY not in files:
        read.append(_placed(_built_in_policy(request.policy.id), files))
    read.sort(key=lambda one: (one.role, one.path, one.sha256))
    inputs = wire.Inputs(wire.INPUTS_SCHEMA, tuple(read))
    version = version_of(request.catalog)
    asked = _asked(request, version, options)
    files[wire.CATALOG] = wire.written(facts_used(report, request.catalog, request.day, version))
    files[wire.INPUTS] = wire.written(inputs)
    files[wire.REQUEST] = wire.written(asked)
    facts = msgspec.json.decode(files[wire.REPORT], type=wire.ReportFacts)
    digests = {name: wire.digest_of(data) for name, data in files.items()}
    files[wire.STATEMENT] = wire.written(statement_of(digests, read, predicate_of(facts, asked)))
    return files, sum(not one.file for one in read)


def _built_in_policy(name: str) -> Entry:
    data = (rules_folder() / "policies" / f"{name}.yaml").read_bytes()
    return Entry(ledgers.POLICY, BUILT_IN, wire.digest_of(data), len(data), data)


def _placed(entry: Entry, files: dict[str, bytes]) -> wire.Read:
    """Put the bytes of what things are judged by among the files, and say where."""
    path, name = _legible(entry.path), ""
    if entry.data is not None:
        shipped = Path(entry.path).is_relative_to(rules_folder())
        if shipped:
            path = BUILT_IN
        name = (
            wire.POLICY_BASE
            if shipped
            else _FILES.get(entry.role) or f"{wire.OWN_CATALOG}/{'/'.join(Path(path).parts[-2:])}"
        )
        if name in files and files[name] != entry.data:
            raise UsageError(
                say("this file changed while it was read."), hint=say("Seal again."), file=entry.path
            )
        files[name] = entry.data
    return wire.Read(entry.role, path, entry.sha256, entry.size, name)


def _legible(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _asked(request: Request, version: wire.CatalogVersion, options: Mapping[str, object]) -> wire.Asked:
    wanted = {name: options[name] for name in wire.Options.__struct_fields__ if name in options}
    on_unknown = request.statements.on_unknown or request.policy.on_unknown
    if wanted.get("on_unknown") == "warn-locally":
        # What it came to, since whoever judges again may do so elsewhere.
        warns = request.statements.on_unknown is OnUnknown.WARN
        wanted["on_unknown"] = OnUnknown.WARN.value if warns else None
    values = [_given(kind, text) for kind, text in request.source.assignments]
    values += [
        wire.Given("environment", name, wire.stretched(name, value))
        for name, value in sorted(request.source.environment.items())
    ]
    source = request.policy.source
    return wire.Asked(
        schema=wire.REQUEST_SCHEMA,
        tool=wire.Tool("sovereign-guard", __version__),
        catalog=version,
        policy=wire.PolicyUsed(request.policy.id, source, wire.POLICY),
        on_unknown=on_unknown,
        day=request.day,
        language=language(),
        paths=tuple(map(_legible, request.paths)),
        options=msgspec.convert(wanted, wire.Options),
        values=tuple(values),
    )


def _given(kind: str, text: str) -> wire.Given:
    if kind == "file":
        return wire.Given("file", _legible(text), "")
    name, _equals, value = text.partition("=")
    return wire.Given("option", _legible(name.strip()), wire.stretched(name.strip(), value))


# -- the folder ----------------------------------------------------------------------------------------------


def _check(folder: str) -> None:
    """Refuse a folder that holds anything but a seal of ours.

    Raises:
        UsageError: it does, or cannot be looked into.

    """
    try:
        entries = sorted(os.listdir(folder))  # noqa: PTH208 - names alone
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(
            say("the folder to seal cannot be used: {reason}.", reason=reason_of(error)), file=folder
        ) from None
    except ValueError:
        raise UsageError(say("this is not a file name."), file=repr(folder)) from None
    strange = [name for name in entries if name not in (*wire.OURS, wire.OWN_CATALOG)]
    is_seal = {wire.STATEMENT, wire.SUMS} <= set(entries)
    if entries and (strange or not is_seal):
        raise UsageError(
            say("this folder is not empty, and it is no sealed folder that could be replaced."),
            hint=say("Give a new folder, or an empty one."),
            file=folder,
        )


def _write(folder: str, files: dict[str, bytes]) -> None:
    """Write the files, the sums last: without them the folder is no whole seal."""
    top = Path(folder)
    try:
        top.mkdir(parents=True, exist_ok=True)
        _clear(top)
        for name in sorted(files, key=lambda name: (name == wire.SUMS, name)):
            path = top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            # Never through a link that somebody has put there.
            with path.open("xb") as stream:
                stream.write(files[name])
    except OSError as error:
        raise UsageError(
            say("the sealed folder cannot be written: {reason}.", reason=reason_of(error)), file=folder
        ) from None


def _clear(top: Path) -> None:
    """Take an earlier seal away: files of ours by name, and nothing else."""
    for name in (wire.SUMS, *wire.OURS):
        (top / name).unlink(missing_ok=True)
    own = top / wire.OWN_CATALOG
    if not own.is_symlink() and own.is_dir():
        for path in sorted(own.rglob("*"), reverse=True):
            if stat.S_ISDIR(path.lstat().st_mode):
                path.rmdir()
            else:
                path.unlink()
        own.rmdir()
    else:
        own.unlink(missing_ok=True)
