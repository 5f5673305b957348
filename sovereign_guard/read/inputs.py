"""The paths of the command line -> inventories, and a problem for each input that could not be read."""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.errors import InputError
from sovereign_guard.language import say
from sovereign_guard.ledger import INPUT, note
from sovereign_guard.model.finding import InputProblem
from sovereign_guard.model.resource import Inventory
from sovereign_guard.read.beside import with_source
from sovereign_guard.read.configuration import root_values
from sovereign_guard.read.content import STDIN, Content, is_binary_plan, read_content
from sovereign_guard.read.options import SourceOptions
from sovereign_guard.read.plan import read_plan, with_duplicates
from sovereign_guard.read.state import read_raw_state, read_shown_state
from sovereign_guard.read.wire import DocumentWire

_DECODER = msgspec.json.Decoder(DocumentWire)
_BYTE = re.compile(r"\(byte (\d+)\)")
_FORMAT = re.compile(r"[01](?:\.\d+)*")
_EMPTY_STATE = frozenset({"format_version", "terraform_version", "values", "checks", "timestamp"})
"""What `terraform show -json` may print of a state without resources."""
_ENCRYPTED = "encrypted_data"
_HEAD = 4096
_SOURCE = (".tf", ".tf.json", ".tofu", ".tofu.json")
_LOG_MARK = b'"@level"'


def read_all(
    paths: tuple[str, ...], *, allow_terraform: bool, options: SourceOptions, catalog: Catalog
) -> tuple[tuple[Inventory, ...], tuple[InputProblem, ...]]:
    """Read every input; one that cannot be read does not hide the others.

    Args:
        paths: folders and files of source, plans, states, or `-` for standard input. A path that is given
            twice is read once.
        allow_terraform: whether a binary plan may be read by starting `terraform` or `tofu`.
        options: how source is read. catalog: what is known of providers, whose schemas source lacks.

    Raises:
        UsageError: an option is malformed.


    """
    inventories: list[Inventory] = []
    problems: list[InputProblem] = []
    judged: set[Path] = set()
    for path in dict.fromkeys(paths):
        try:
            if is_source(path):
                found, faults = read_source(path, options, catalog, judged)
                inventories.extend(found)
                problems.extend(faults)
                continue
            content = _shown_by_terraform(path) if allow_terraform and _binary(path) else read_content(path)
            inventory, faults = _read_one(content, options, catalog)
        except RecursionError:
            problems.append(
                InputProblem(
                    path,
                    say("this JSON is nested too deeply to be read."),
                    say("Is this the output of Terraform?"),
                    path,
                )
            )
        except InputError as error:
            problems.append(
                InputProblem(path, error.message, error.hint, error.file or path, error.line, error.column)
            )
        else:
            inventories.append(inventory)
            problems.extend(faults)
    return tuple(inventories), tuple(problems)


def _binary(path: str) -> bool:
    if path == STDIN:
        return False
    try:
        with Path(path).open("rb") as stream:
            return is_binary_plan(stream.read(4))
    except (OSError, ValueError):
        return False  # read_content tells what is wrong with it.


def is_source(path: str) -> bool:
    """Whether a path of the command line is a folder or a file of source."""
    return path != STDIN and (path.endswith(_SOURCE) or os.path.isdir(path))  # noqa: PTH112 - a hot text


def read_source(
    path: str, options: SourceOptions, catalog: Catalog, judged: set[Path]
) -> tuple[list[Inventory], list[InputProblem]]:
    """Read a folder of source, or the folder of a file of source."""
    from sovereign_guard.read.hcl import read_source as read

    return read(path, options, catalog, judged)


def _shown_by_terraform(path: str) -> Content:
    from sovereign_guard.read.terraform import show_plan

    # The digest is that of the file which a pipeline goes on to apply.
    shown, binary = show_plan(path), Path(path).read_bytes()
    note(INPUT, path, binary)
    return Content(path, shown, digested=binary)


def _read_one(
    content: Content, options: SourceOptions, catalog: Catalog
) -> tuple[Inventory, list[InputProblem]]:
    document = _decode(content)
    if document.format_version is not None:
        if not _FORMAT.fullmatch(document.format_version):
            raise InputError(
                say(
                    "this is in format {version!r}; formats 0.x and 1.x are read.",
                    version=document.format_version[:40],
                ),
                hint=say("Upgrade sovereign-guard, or use a Terraform or OpenTofu that writes format 1.x."),
                file=content.path,
            )
        if document.values is not None:
            return with_duplicates(read_shown_state(content, document))
        if (
            document.resource_changes is not None
            or document.deferred_changes is not None
            or document.configuration is not None
            or len(document.planned_values)
            or document.errored
        ):
            inventory, problems = read_plan(content, document)
            inventory, found = with_source(inventory, root_values(document.variables or {}), options, catalog)
            return inventory, [*problems, *found]
        unknown = _keys(content) - _EMPTY_STATE
        if not unknown:
            return read_shown_state(content, document), []
        holds = ", ".join(sorted(unknown)[:5])
        raise InputError(
            say("this is JSON of Terraform, but neither a plan nor a state: it holds {keys}.", keys=holds),
            hint=say("Run: terraform show -json tfplan > plan.json"),
            file=content.path,
        )
    if document.version is not None and (document.resources is not None or document.lineage is not None):
        return with_duplicates(read_raw_state(content, document))
    if _ENCRYPTED in _keys(content):
        raise InputError(
            say("this is a state that OpenTofu has encrypted."),
            hint=say("Run: tofu show -json > state.json, where its key is configured."),
            file=content.path,
        )
    raise InputError(
        say("this is JSON, but neither a plan nor a state: it has no `format_version`."),
        hint=(
            say("This is the log of `terraform plan -json`; run `terraform show -json tfplan` instead.")
            if document.log_level
            else say("Run: terraform show -json tfplan > plan.json")
        ),
        file=content.path,
    )


def _keys(content: Content) -> set[str]:
    return set(msgspec.json.decode(content.data, type=dict[str, msgspec.Raw]))


def _decode(content: Content) -> DocumentWire:
    try:
        return _DECODER.decode(content.data)
    except msgspec.ValidationError as error:
        raise InputError(
            say("this JSON is not in the shape that Terraform writes: {error}.", error=str(error)[:300]),
            hint=say("Give the output of `terraform show -json` unchanged."),
            file=content.path,
        ) from None
    except msgspec.DecodeError as error:
        raise _malformed(content, str(error)) from None
    except UnicodeDecodeError as error:
        raise InputError(
            say("this is not UTF-8: {reason}.", reason=error.reason),
            hint=say("Write it again as UTF-8."),
            file=content.path,
        ) from None
    except RecursionError:
        raise InputError(
            say("this JSON is nested too deeply to be read."),
            hint=say("Is this the output of Terraform?"),
            file=content.path,
        ) from None


def _malformed(content: Content, message: str) -> InputError:
    if _LOG_MARK in content.data[:_HEAD]:
        return InputError(
            say("this is the log of `terraform plan -json`, not a plan."),
            hint=say("Run: terraform show -json tfplan > plan.json"),
            file=content.path,
        )
    match = _BYTE.search(message)
    truncated = "truncated" in message
    line, column = content.position(len(content.data) if truncated or not match else int(match[1]))
    problem = (
        say("this JSON ends in the middle.")
        if truncated
        else say("this is not JSON: {error}.", error=_BYTE.sub("", message).strip())
    )
    return InputError(
        problem,
        hint=say(
            "Did the command that wrote it fail or run out of disk? Run it again: terraform show -json tfplan"
        ),
        file=content.path,
        line=line,
        column=column,
    )
