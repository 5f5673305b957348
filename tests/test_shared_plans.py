"""Real plans of other projects: none may break, be miscounted or meet a provider that is not in the catalog.

They lie in SOVEREIGN_GUARD_PLANS or, without it, in shared/plans beside the checkout. What is expected is
read from the plans themselves, with nothing of the program's own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.command import run

GIVEN = os.environ.get("SOVEREIGN_GUARD_PLANS")
FOLDER = (
    Path(GIVEN).resolve() if GIVEN else Path(__file__).resolve().parent.parent.parent / "shared" / "plans"
)
PLANS = sorted(FOLDER.glob("*.json"))
AS_OF = ("--as-of", "2026-11-24")

TEST_ONLY = {"test", "tfcoremock", "corner", "example"}
"""Last parts of the addresses of providers for tests and examples: nobody knows where those would lie."""

needs_plans = pytest.mark.skipif(
    not PLANS, reason="no real plans here: set SOVEREIGN_GUARD_PLANS to a folder"
)
each_plan = pytest.mark.parametrize("plan", PLANS or [Path("none")], ids=lambda path: path.name)


def test_the_folder_that_was_given_holds_plans() -> None:
    if GIVEN is None:
        pytest.skip("SOVEREIGN_GUARD_PLANS is not set")
    assert PLANS, f"no *.json in {FOLDER}"


def load(path: Path) -> dict[str, Any]:
    raw = path.read_bytes()
    utf16 = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    return json.loads(raw.decode("utf-16" if utf16 else "utf-8-sig"))


def entries(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What the input holds, an entry for each instance, with its mode, type and provider."""
    yield from document.get("resource_changes") or ()
    yield from (deferred["resource_change"] for deferred in document.get("deferred_changes") or ())
    if "values" in document:
        modules = [document["values"].get("root_module", {})]
        for module in modules:
            yield from module.get("resources", ())
            modules.extend(module.get("child_modules", ()))
    if "version" in document and "resource_changes" not in document:
        for block in document.get("resources") or ():
            yield from (block | {"instance": instance} for instance in block["instances"])


def test_only(entry: dict[str, Any]) -> bool:
    return (entry.get("provider_name") or entry["type"].partition("_")[0]).rpartition("/")[2] in TEST_ONLY


test_only.__test__ = False  # type: ignore[attr-defined]  # A predicate, whatever its name.


@needs_plans
@each_plan
def test_judged(plan: Path, tmp_path: Path) -> None:
    done = run("scan", str(plan), *AS_OF, "--format", "json", cwd=tmp_path)
    assert done.returncode in (0, 1, 3), done.stderr.decode()
    assert b"Traceback" not in done.stderr
    report = json.loads(done.stdout)
    for error in report["errors"]:
        assert error["message"]
        assert error["hint"]
    assert bool(report["errors"]) == (done.returncode == 3)

    held = list(entries(load(plan)))
    managed = [entry for entry in held if entry.get("mode", "managed") == "managed"]
    assert report["summary"]["resources"] == len(managed)
    assert len(report["resources"]) == len(held)

    for_tests = {entry["type"] for entry in held if test_only(entry)}
    for resource in report["resources"]:
        reason = resource["unknown"].get("operator", "")
        if resource["type"] in for_tests:
            assert reason, f"{resource['address']} is of a provider made for tests and was placed"
            assert resource["operators"] == []
        else:
            assert "not in the catalog" not in reason, f"{resource['address']} ({resource['provider']})"
            assert "made for tests" not in reason, f"{resource['address']} ({resource['provider']})"


@needs_plans
@each_plan
def test_told_and_explained(plan: Path, tmp_path: Path) -> None:
    judged = run("scan", str(plan), *AS_OF, cwd=tmp_path)
    assert judged.returncode in (0, 1, 3), judged.stderr.decode()
    assert b"Traceback" not in judged.stderr
    held = list(entries(load(plan)))
    text = judged.stdout.decode()
    managed = sum(entry.get("mode", "managed") == "managed" for entry in held)
    assert f"\n{managed} resource{'' if managed == 1 else 's'}: " in text
    address = next((entry["address"] for entry in held if "address" in entry), None)
    if address is None:
        return
    explained = run("explain", address, str(plan), *AS_OF, cwd=tmp_path)
    assert explained.returncode == (3 if judged.returncode == 3 else 0), explained.stderr.decode()
    assert b"Traceback" not in explained.stderr
    assert address in explained.stdout.decode()
