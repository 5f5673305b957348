"""A rename that the input tells of changes no finding's identity."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sovereign_guard.judge.fingerprints import fingerprint
from sovereign_guard.model.address import steps, without_keys
from sovereign_guard.read.moves import Moves
from tests.builders import sensitive_bucket
from tests.command import run, run_json

PROVIDER = 'provider "aws" {\n  region = "eu-west-3"\n}\n'
LABEL = 'tags = { data-classification = "confidential" }'


def bucket(name: str, more: str = "") -> str:
    return f'resource "aws_s3_bucket" "{name}" {{\n  {more}\n  {LABEL}\n}}\n'


def moved(before: str, after: str) -> str:
    return f"moved {{\n  from = {before}\n  to   = {after}\n}}\n"


def prints(folder: Path, text: str, *arguments: str) -> dict[str, str]:
    """Return the fingerprint of SOV001 by address."""
    (folder / "main.tf").write_text(PROVIDER + text)
    _code, report = run_json("scan", ".", *arguments, cwd=folder)
    assert report["errors"] == []
    return {one["address"]: one["fingerprint"] for one in report["findings"] if one["rule"] == "SOV001"}


def test_a_renamed_resource_keeps_its_fingerprint(tmp_path: Path) -> None:
    before = prints(tmp_path, bucket("old"))
    after = prints(tmp_path, bucket("new") + moved("aws_s3_bucket.old", "aws_s3_bucket.new"))
    assert list(after) == ["aws_s3_bucket.new"]
    assert set(before.values()) == set(after.values())
    assert prints(tmp_path, bucket("new")).values() != after.values()


def test_a_chain_of_renames_leads_to_the_oldest(tmp_path: Path) -> None:
    text = (
        bucket("c")
        + moved("aws_s3_bucket.b", "aws_s3_bucket.c")
        + moved("aws_s3_bucket.a", "aws_s3_bucket.b")
    )
    assert prints(tmp_path, text) == {"aws_s3_bucket.c": fingerprint("SOV001", "aws_s3_bucket.a")}


def test_renames_in_a_circle_come_to_an_end(tmp_path: Path) -> None:
    text = (
        bucket("a")
        + moved("aws_s3_bucket.b", "aws_s3_bucket.a")
        + moved("aws_s3_bucket.a", "aws_s3_bucket.b")
    )
    assert prints(tmp_path, text) == {"aws_s3_bucket.a": fingerprint("SOV001", "aws_s3_bucket.b")}


def test_all_instances_follow_and_a_key_may_come_or_go(tmp_path: Path) -> None:
    text = bucket("new", 'for_each = toset(["x.y", "z"])')
    text += moved("aws_s3_bucket.old", "aws_s3_bucket.new") + moved(
        "aws_s3_bucket.one", 'aws_s3_bucket.old["z"]'
    )
    assert prints(tmp_path, text) == {
        'aws_s3_bucket.new["x.y"]': fingerprint("SOV001", 'aws_s3_bucket.old["x.y"]'),
        'aws_s3_bucket.new["z"]': fingerprint("SOV001", "aws_s3_bucket.one"),
    }


def test_into_a_module_and_inside_of_one(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    inner = bucket("b") + moved("aws_s3_bucket.a", "aws_s3_bucket.b")
    (tmp_path / "m" / "main.tf").write_text(inner)
    text = 'module "data" {\n  source = "./m"\n  count = 2\n}\n' + moved(
        "aws_s3_bucket.top", "module.data[1].aws_s3_bucket.a"
    )
    text += moved("module.old", "module.data")
    assert prints(tmp_path, text) == {
        "module.data[0].aws_s3_bucket.b": fingerprint("SOV001", "module.old[0].aws_s3_bucket.a"),
        "module.data[1].aws_s3_bucket.b": fingerprint("SOV001", "aws_s3_bucket.top"),
    }


def test_a_name_that_only_begins_alike_is_another(tmp_path: Path) -> None:
    text = bucket("new_2") + moved("aws_s3_bucket.old", "aws_s3_bucket.new")
    assert prints(tmp_path, text) == {"aws_s3_bucket.new_2": fingerprint("SOV001", "aws_s3_bucket.new_2")}


def test_json_syntax(tmp_path: Path) -> None:
    (tmp_path / "moved.tf.json").write_text(
        json.dumps({"moved": [{"from": "aws_s3_bucket.old", "to": "aws_s3_bucket.new"}]})
    )
    assert prints(tmp_path, bucket("new")) == {
        "aws_s3_bucket.new": fingerprint("SOV001", "aws_s3_bucket.old")
    }


def test_a_plan_tells_the_address_before(tmp_path: Path) -> None:
    plan = sensitive_bucket(region="eu-west-3").build()
    (change,) = plan["resource_changes"]
    change["previous_address"] = "aws_s3_bucket.old"
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    _code, report = run_json("scan", "plan.json", cwd=tmp_path)
    assert {one["fingerprint"] for one in report["findings"]} == {fingerprint("SOV001", "aws_s3_bucket.old")}


def test_a_baseline_knows_a_resource_by_its_old_name(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(PROVIDER + bucket("old"))
    assert run("baseline", ".", "-o", "b.json", cwd=tmp_path).returncode == 0
    (tmp_path / "main.tf").write_text(PROVIDER + bucket("new"))
    assert run("scan", ".", "--baseline", "b.json", cwd=tmp_path).returncode == 1
    (tmp_path / "main.tf").write_text(
        PROVIDER + bucket("new") + moved("aws_s3_bucket.old", "aws_s3_bucket.new")
    )
    assert run("scan", ".", "--baseline", "b.json", cwd=tmp_path).returncode == 0


def test_a_baseline_written_after_a_rename_holds_when_the_moved_block_goes(tmp_path: Path) -> None:
    text = PROVIDER + bucket("new")
    (tmp_path / "main.tf").write_text(text + moved("aws_s3_bucket.old", "aws_s3_bucket.new"))
    assert run("baseline", ".", "-o", "b.json", cwd=tmp_path).returncode == 0
    (tmp_path / "main.tf").write_text(text)
    assert run("scan", ".", "--baseline", "b.json", cwd=tmp_path).returncode == 0


# -- addresses -----------------------------------------------------------------------------------------------

NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,5}", fullmatch=True)
KEYS = st.one_of(
    st.just(""),
    st.integers(0, 99).map(lambda n: f"[{n}]"),
    st.text(max_size=6).map(lambda t: f"[{json.dumps(t)}]"),
)


@given(st.lists(st.tuples(NAMES, KEYS), min_size=1, max_size=6))
def test_an_address_is_divided_at_its_own_dots_only(parts: list[tuple[str, str]]) -> None:
    written = [name + key for name, key in parts]
    assert steps(".".join(written)) == written
    assert without_keys(".".join(written)) == ".".join(name for name, _key in parts)


@given(st.lists(st.tuples(NAMES, NAMES), max_size=20), NAMES)
def test_renames_always_end(pairs: list[tuple[str, str]], name: str) -> None:
    moves = Moves({"": [(f"t.{before}", f"t.{after}") for before, after in pairs]})
    found = moves.before(f"t.{name}")
    assert len(set(found)) == len(found) <= 100
    assert f"t.{name}" not in found


@pytest.mark.parametrize("address", ["", "a", "module", "module.a", "a[", 'a["', "a]b.c"])
def test_what_is_no_address_is_left_alone(address: str) -> None:
    assert Moves({"": [("x.y", "z.w")]}).before(address) == ()
