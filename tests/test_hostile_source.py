"""Source written by an attacker: bounded time and memory, nothing read outside, nothing told, no silent pass.

Every configuration here also holds one bucket that must fail, `aws_s3_bucket.control`. Whatever stands beside
it, it must be in the report and must not pass; and the command must end by itself, within the memory that it
is given, with one of the exit codes that say something of the input.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.builders import SENSITIVE, Plan, Refers
from tests.command import PROGRAM

resource = pytest.importorskip("resource", reason="memory is limited as POSIX systems do")

TIMEOUT = 60
MEMORY = 1_500 << 20
SECRET = "S3cr3tHunter2zz"

PROVIDER = 'provider "aws" {\n  region = "eu-west-3"\n}\n'
BUCKET = 'resource "aws_s3_bucket" "%s" {\n  tags = { data_classification = %s }\n}\n'
CONTROL = BUCKET % ("control", '"sensitive"')
ELSEWHERE = 'endpoints {\n    s3 = "https://s3.gra.io.cloud.ovh.net"\n  }\n'
"""What makes the buckets of a provider those of a company that nobody outside Europe can compel."""

Files = Mapping[str, str | bytes]
Make = Callable[[Path], object]


@dataclass(frozen=True)
class Outcome:
    """What a run said."""

    code: int
    report: dict[str, Any]
    everything: str

    def verdict(self, address: str) -> str:
        found = {one["address"]: one["verdict"] for one in self.report["resources"]}
        return str(found.get(address, "absent"))

    @property
    def messages(self) -> str:
        return "\n".join(f"{one['file']}:{one['line']} {one['message']}" for one in self.report["errors"])


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def write(folder: Path, files: Files) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def start(
    folder: Path, *arguments: str, cache: Path, env: dict[str, str] | None = None, memory: int = MEMORY
) -> subprocess.CompletedProcess[bytes]:
    command = [PROGRAM] if PROGRAM else [sys.executable, "-m", "sovereign_guard"]

    def limit() -> None:
        if memory:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    return subprocess.run(
        [*command, *arguments],
        cwd=folder,
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
        preexec_fn=limit,
        env={**os.environ, "XDG_CACHE_HOME": str(cache), **(env or {})},
    )


def attack(
    folder: Path, *arguments: str, cache: Path, env: dict[str, str] | None = None, memory: int = MEMORY
) -> Outcome:
    """Scan a folder; its control must have been judged, and must not have passed."""
    given = arguments or (".",)
    done = start(folder, "scan", *given, "--format", "json", cache=cache, env=env, memory=memory)
    errors = done.stderr.decode(errors="replace")
    assert done.returncode in (1, 3), (done.returncode, errors[-2000:])
    assert "Traceback" not in errors
    outcome = Outcome(done.returncode, json.loads(done.stdout), done.stdout.decode() + errors)
    controls = [one for one in outcome.report["resources"] if one["address"].endswith(".control")]
    assert controls, "the control was not seen"
    assert all(one["verdict"] in ("fail", "unknown") for one in controls)
    return outcome


def with_local(expression: str, more: str = "") -> Files:
    body = f"locals {{\n  z = {expression}\n{more}}}\n"
    return {"main.tf": PROVIDER + CONTROL + body + BUCKET % ("b", "local.z")}


def chain(length: int, first: str, step: str) -> Files:
    """Give locals of which each is made of the one before it, twice as large as that."""
    lines = [f"  a0 = {first}\n"]
    lines += [f"  a{at} = {step.replace('@', f'local.a{at - 1}')}\n" for at in range(1, length)]
    return with_local(f"local.a{length - 1}", "".join(lines))


def nested_for(depth: int, innermost: str) -> str:
    """Give an expression that doubles a value at each depth, without a local between."""
    found = innermost.replace("@", f"v{depth}")
    for at in range(depth, 0, -1):
        source = f"[v{at - 1}, v{at - 1}]" if at > 1 else '["x", "x"]'
        found = f"[for v{at} in [{source}] : {found}][0]"
    return found


def resources_in_chain(length: int, first: str, step: str) -> Files:
    lines = [PROVIDER, CONTROL, f'resource "aws_s3_bucket" "r0" {{\n  x = {first}\n}}\n']
    for at in range(1, length):
        before = f"aws_s3_bucket.r{at - 1}.x"
        lines.append(f'resource "aws_s3_bucket" "r{at}" {{\n  x = {step.replace("@", before)}\n')
        lines.append(f"  tags = {{ data_classification = {before} }}\n}}\n")
    return {"main.tf": "".join(lines)}


# -- work that explodes --------------------------------------------------------------------------------------


ALIASES = "".join(f"a{at}: &a{at} [*a{at - 1}, *a{at - 1}]\\n" for at in range(1, 40))

EXPLOSIONS = [
    pytest.param(chain(40, '"x"', '"${@}${@}"'), id="texts"),
    pytest.param(chain(40, '["x"]', "[@, @]"), id="lists"),
    pytest.param(chain(40, '{ a = "x" }', "{ a = @, b = @ }"), id="objects"),
    pytest.param(chain(40, '{ a = "x" }', "merge({ a = @ }, { b = @ })"), id="merge"),
    pytest.param(chain(40, '["x"]', "concat(@, @)"), id="concat"),
    pytest.param(chain(40, '["x"]', "try([@, @], 1)"), id="try"),
    pytest.param(chain(40, '["x"]', "[can(@), @, @]"), id="can"),
    pytest.param(chain(40, '"x"', "jsonencode([@, @])"), id="jsonencode"),
    pytest.param(chain(40, '"x"', 'format("%s%s", @, @)'), id="format"),
    pytest.param(chain(40, 'sensitive("x")', "[@, @]"), id="sensitive"),
    pytest.param(chain(40, "[var.nothing]", "[@, @]"), id="unknown"),
    pytest.param(chain(40, '["x"]', "flatten([for v in @ : [v, v]])"), id="flatten"),
    pytest.param(with_local(nested_for(40, "length(@)")), id="nested-for"),
    pytest.param(with_local(nested_for(40, "(true ? @ : @)")), id="nested-for-typed"),
    pytest.param(
        {"main.tf": PROVIDER + CONTROL + BUCKET % ("b", nested_for(32, "@"))},
        id="nested-for-in-resource",
    ),
    pytest.param(
        {
            **chain(18, '["x"]', "[@, @]"),
            "x.tf": BUCKET % ("e", "[for at in range(1000) : local.a17 == local.a17]"),
        },
        id="equality",
    ),
    pytest.param(
        with_local(
            "[for i in range(1000) : length(jsonencode(local.m))]",
            "  m = [for i in range(1000) : range(400)]\n",
        ),
        id="arguments",
    ),
    pytest.param(resources_in_chain(40, '"x"', '"${@}${@}"'), id="resources-texts"),
    pytest.param(resources_in_chain(30, '"x"', "[@, @]"), id="resources-lists"),
    pytest.param(resources_in_chain(30, '"x"', "{ a = @, b = @ }"), id="resources-objects"),
    pytest.param(with_local("setproduct(range(1000), range(1000), range(1000))"), id="setproduct"),
    pytest.param(
        with_local("[for i in range(1000) : setproduct(range(700), range(300))]"),
        id="setproducts",
    ),
    pytest.param(with_local("range(1e300)"), id="range"),
    pytest.param(with_local("range(0, 1, 1e-300)"), id="range-of-nothing"),
    pytest.param(with_local("toset([for i in range(1000000) : i])"), id="set"),
    pytest.param(with_local('replace("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "/(a+)+$/", "b")'), id="replace"),
    pytest.param(with_local(f'regex("(a*)*(b*)*c", "{"a" * 50_000}")'), id="regex"),
    pytest.param(with_local('regex("((a{100}){100}){100}", "a")'), id="regex-size"),
    pytest.param(with_local(f'replace("{"a" * 10_000}", "", "{"b" * 10_000}")'), id="replace-nothing"),
    pytest.param(with_local('format("%1000000000d", 1)'), id="format-width"),
    pytest.param(with_local('format("%.1000000000f", 1)'), id="format-precision"),
    pytest.param(with_local('indent(1000000000, "a\\nb")'), id="indent"),
    pytest.param(with_local("pow(10, 400)"), id="pow"),
    pytest.param(with_local("1e2000 * 1e2000"), id="product"),
    pytest.param(with_local(f"{'9' * 1999} * {'9' * 1999}"), id="digits"),
    pytest.param(with_local("1e1000000"), id="exponent"),
    pytest.param(
        with_local("1e-2000 * 1e-2000"),
        id="small-product",
    ),
    pytest.param(with_local(f'jsondecode("{"[" * 50_000}")'), id="jsondecode"),
    pytest.param(with_local(f'yamldecode("{"[" * 5_000}")'), id="yamldecode"),
    pytest.param(with_local(f'yamldecode("a0: &a0 [x, x]\\n{ALIASES}")'), id="yaml-bomb"),
    pytest.param(with_local(f'length("{chr(0x301) * 100_000}")'), id="accents"),
]


@pytest.mark.parametrize("files", EXPLOSIONS)
def test_work_is_bounded(files: Files, tmp_path: Path, cache: Path) -> None:
    write(tmp_path, files)
    attack(tmp_path, cache=cache)


# -- depth ---------------------------------------------------------------------------------------------------

DEPTHS = {
    "parentheses": "(" * 5_000 + "1" + ")" * 5_000,
    "not": "!" * 5_000 + "true",
    "conditionals": "".join("false ? 1 : " for _ in range(5_000)) + "2",
    "conditions": "true ? " * 5_000 + "1" + " : 2" * 5_000,
    "sum": "1" + " + 1" * 20_000,
    "lists": "[" * 5_000 + "]" * 5_000,
    "objects": "{ a = " * 5_000 + "1" + "}" * 5_000,
    "calls": "upper(" * 5_000 + '"a"' + ")" * 5_000,
    "indexes": "local.z" + "[0]" * 20_000,
    "splats": "local.z" + "[*]" * 2_000,
    "loops": "".join(f"[for v{at} in [1, 2] : " for at in range(60)) + "1" + "]" * 60,
    "interpolations": '"' + "${1}" * 50_000 + '"',
    "directives": "<<E\n" + "%{ if true }a%{ endif }\n" * 20_000 + "E\n",
    "nested-directives": "<<E\n" + "%{ if true }" * 20_000 + "%{ endif }" * 20_000 + "\nE\n",
}


@pytest.mark.parametrize("name", DEPTHS)
def test_depth_is_bounded(name: str, tmp_path: Path, cache: Path) -> None:
    write(tmp_path, with_local(DEPTHS[name]))
    found = attack(tmp_path, cache=cache)
    assert found.verdict("aws_s3_bucket.control") in ("fail", "unknown")
    assert found.verdict("aws_s3_bucket.b") == "unknown"


def test_a_long_chain_of_locals(tmp_path: Path, cache: Path) -> None:
    lines = "".join(f"  a{at} = local.a{at - 1}\n" for at in range(1, 5_000))
    write(tmp_path, with_local("local.a4999", f'  a0 = "public"\n{lines}'))
    assert attack(tmp_path, cache=cache).verdict("aws_s3_bucket.b") != "pass"


def test_deep_json(tmp_path: Path, cache: Path) -> None:
    deep = '{"locals": {"z": ' + "[" * 10_000 + "]" * 10_000 + "}}"
    write(tmp_path, {"main.tf": PROVIDER + CONTROL, "deep.tf.json": deep})
    found = attack(tmp_path, cache=cache)
    assert found.code == 3
    assert "deep.tf.json:1 values are nested too deeply" in found.messages


def test_deep_blocks(tmp_path: Path, cache: Path) -> None:
    deep = 'resource "aws_s3_bucket" "deep" {\n' + "a {\n" * 200 + "}\n" * 200 + "}\n"
    write(tmp_path, {"main.tf": PROVIDER + CONTROL + deep})
    found = attack(tmp_path, cache=cache)
    assert found.code == 3
    assert "blocks are nested too deeply" in found.messages


# -- files that are no HCL -----------------------------------------------------------------------------------

DAMAGED = [
    pytest.param('locals {\n  z = "' + "x" * 300_000, id="quote"),
    pytest.param("locals {\n  z = <<E\n" + "x\n" * 100_000, id="heredoc"),
    pytest.param("a {\n" * 5_000, id="braces"),
    pytest.param("locals {\n  z = " + "(" * 50_000, id="parentheses"),
    pytest.param('resource "a" "b" {\n  x = = 1\n}\n' * 1_000, id="many"),
    pytest.param("a" + " a" * 20_000 + '\n("\n', id="words"),
    pytest.param("a" * 50 + '\n("\n', id="word"),
    pytest.param('"${' * 2_000 + "1" + '}"' * 2_000, id="interpolations"),
]


@pytest.mark.parametrize("text", DAMAGED)
def test_damaged_files(text: str, tmp_path: Path, cache: Path) -> None:
    write(tmp_path, {"main.tf": PROVIDER + CONTROL, "bad.tf": text})
    found = attack(tmp_path, cache=cache)
    assert found.code == 3
    assert found.verdict("aws_s3_bucket.control") == "fail"
    assert "bad.tf:" in found.messages


def test_bytes_that_are_no_text(tmp_path: Path, cache: Path) -> None:
    text = (PROVIDER + CONTROL).encode() + b'# \xff\nresource "aws_s3_bucket" "b\xff" {\n  x = "\xfe"\n}\n'
    write(tmp_path, {"main.tf": text})
    assert attack(tmp_path, cache=cache).verdict("aws_s3_bucket.control") == "fail"


def test_control_characters_reach_no_terminal(tmp_path: Path, cache: Path) -> None:
    hostile = (
        b'resource "aws_s3_bucket" "b\x1b[31m" {\n  tags = { data_classification = "a\x1b]0;x\x07" }\n}\n'
    )
    write(tmp_path, {"main.tf": (PROVIDER + CONTROL).encode() + hostile, "x\x1b[2J.tf": b"x = ("})
    attack(tmp_path, cache=cache)
    for arguments in (("scan", "."), ("explain", "aws_s3_bucket.control", ".")):
        done = start(tmp_path, *arguments, cache=cache)
        assert b"\x1b" not in done.stdout + done.stderr
        assert b"\x07" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(b"x\xff.tf", id="file"),
        pytest.param(b"m\xff/main.tf", id="folder"),
    ],
)
def test_names_that_are_no_text(name: bytes, tmp_path: Path, cache: Path) -> None:
    write(
        tmp_path, {"main.tf": PROVIDER + CONTROL, os.fsdecode(name): BUCKET % ("b", '"sensitive"') + "x = ("}
    )
    attack(tmp_path, cache=cache)


def test_a_long_heredoc(tmp_path: Path, cache: Path) -> None:
    heredoc = "<<E\n" + ("x" * 79 + "\n") * 250_000 + "E\n"
    write(tmp_path, {"main.tf": PROVIDER + CONTROL, "long.tf": f"locals {{\n  z = {heredoc}}}\n"})
    attack(tmp_path, cache=cache)


# -- modules and instances -----------------------------------------------------------------------------------


def call(name: str, source: str, more: str = "") -> str:
    return f'module "{name}" {{\n  source = "{source}"\n{more}}}\n'


def levels(count: int, each: str) -> Files:
    """Give modules that call the next one, `each` says how; the last one holds a bucket."""
    files: dict[str, str | bytes] = {"main.tf": PROVIDER + CONTROL + each.replace("@", "./l1")}
    for at in range(1, count):
        files[f"l{at}/main.tf"] = each.replace("@", f"../l{at + 1}")
    files[f"l{count}/main.tf"] = BUCKET % ("b", '"public"')
    return files


def test_an_absurd_count(tmp_path: Path, cache: Path) -> None:
    write(tmp_path, {"main.tf": PROVIDER + CONTROL.replace("{\n", "{\n  count = 1000000000\n", 1)})
    done = start(tmp_path, "scan", ".", "--format", "json", cache=cache)
    assert done.returncode == 1
    (found,) = json.loads(done.stdout)["resources"]
    assert (found["address"], found["verdict"]) == ("aws_s3_bucket.control[*]", "fail")


def test_an_absurd_for_each(tmp_path: Path, cache: Path) -> None:
    many = 'toset([for p in setproduct(range(700), range(700)) : join("-", p)])'
    bucket = (BUCKET % ("many", '"sensitive"')).replace("{\n", f"{{\n  for_each = {many}\n", 1)
    write(tmp_path, {"main.tf": PROVIDER + CONTROL + bucket})
    assert attack(tmp_path, cache=cache).verdict("aws_s3_bucket.many[*]") == "fail"


def test_modules_that_multiply_by_count(tmp_path: Path, cache: Path) -> None:
    write(tmp_path, levels(8, call("m", "@", "  count = var.n\n")))
    assert attack(tmp_path, cache=cache).report["summary"]["resources"] == 2


def test_modules_that_multiply_by_calls(tmp_path: Path, cache: Path) -> None:
    write(tmp_path, levels(28, call("m", "@") + call("n", "@")))
    attack(tmp_path, cache=cache)


def test_a_long_chain_of_modules(tmp_path: Path, cache: Path) -> None:
    write(tmp_path, levels(60, call("m", "@")))
    found = attack(tmp_path, cache=cache)
    assert found.code == 3
    assert "nested more than" in found.messages


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"main.tf": CONTROL + call("m", "./")}, id="itself"),
        pytest.param({"main.tf": CONTROL + call("m", ".//", "  count = 0\n")}, id="itself-no-time"),
        pytest.param(
            {"a/main.tf": CONTROL + call("m", "../b"), "b/main.tf": CONTROL + call("m", "../a")},
            id="mutually",
        ),
    ],
)
def test_modules_that_call_themselves_are_judged(files: Files, tmp_path: Path, cache: Path) -> None:
    write(tmp_path, files)
    assert attack(tmp_path, cache=cache).code == 3


@pytest.mark.parametrize(
    "caller", [pytest.param("unused/main.tf", id="beside"), pytest.param("prod/examples/main.tf", id="below")]
)
def test_no_caller_hides_a_root(caller: str, tmp_path: Path, cache: Path) -> None:
    above = "../" if caller.startswith("prod") else "../prod"
    provider = "" if caller.startswith("prod") else PROVIDER
    write(tmp_path, {"prod/main.tf": provider + CONTROL, caller: call("m", above, "  count = 0\n")})
    attack(tmp_path, cache=cache)


def test_a_module_that_calls_itself_below_the_root(tmp_path: Path, cache: Path) -> None:
    files: Files = {
        "main.tf": PROVIDER + CONTROL + call("m", "./m"),
        "m/main.tf": BUCKET % ("b", '"public"') + call("again", "../m", "  count = 100\n"),
    }
    write(tmp_path, files)
    found = attack(tmp_path, cache=cache)
    assert found.code == 3
    assert "m/main.tf:4 " in found.messages
    assert "it calls itself" in found.messages


def test_a_module_that_calls_itself_through_links(tmp_path: Path, cache: Path) -> None:
    write(tmp_path, {"main.tf": PROVIDER + CONTROL + call("c", "./c")})
    write(tmp_path, {"c/main.tf": BUCKET % ("b", '"public"') + call("m", "./a") + call("n", "./a/a")})
    (tmp_path / "c" / "a").symlink_to(".")
    attack(tmp_path, cache=cache)


def test_a_module_that_is_installed_is_judged(tmp_path: Path, cache: Path) -> None:
    manifest = {
        "Modules": [
            {"Key": "", "Dir": "."},
            {"Key": "m", "Source": "registry.terraform.io/acme/bucket/aws", "Dir": ".terraform/modules/m"},
        ]
    }
    files: Files = {
        "main.tf": PROVIDER + call("m", "acme/bucket/aws"),
        ".terraform/modules/modules.json": json.dumps(manifest),
        ".terraform/modules/m/main.tf": CONTROL,
    }
    write(tmp_path, files)
    attack(tmp_path, cache=cache)


@pytest.mark.parametrize("folder", ["../../../../etc", "/etc", "..", "\0", "x\0y", "nowhere"])
def test_a_manifest_leads_nowhere_else(folder: str, tmp_path: Path, cache: Path) -> None:
    inside = tmp_path / "in"
    manifest = json.dumps(
        {"Modules": [{"Key": "m", "Source": "registry.terraform.io/acme/bucket/aws", "Dir": folder}]}
    )
    write(inside, {"main.tf": PROVIDER + CONTROL + call("m", "acme/bucket/aws")})
    write(inside, {".terraform/modules/modules.json": manifest})
    found = attack(inside, cache=cache)
    assert found.code == 3
    assert found.verdict("module.m") == "unknown"


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"Modules": [1, {"Key": 1, "Dir": 2}]}', "[" * 50_000])
def test_a_damaged_manifest(text: str, tmp_path: Path, cache: Path) -> None:
    write(tmp_path, {"main.tf": PROVIDER + CONTROL + call("m", "acme/bucket/aws")})
    write(tmp_path, {".terraform/modules/modules.json": text})
    assert attack(tmp_path, cache=cache).verdict("module.m") == "unknown"


@pytest.mark.parametrize(
    "text", [b"provider {", b"\xff\xfe", b"(" * 20_000, b'provider "" {\n}\n', b"x {" * 900]
)
def test_a_damaged_lock_file(text: bytes, tmp_path: Path, cache: Path) -> None:
    write(tmp_path, {"main.tf": PROVIDER + CONTROL, ".terraform.lock.hcl": text})
    assert attack(tmp_path, cache=cache).verdict("aws_s3_bucket.control") == "fail"


@pytest.mark.parametrize(
    "source",
    [
        "/etc",
        "../../etc",
        "./../..",
        "./\\u0000",
        pytest.param("./" + "x" * 300, id="long"),
    ],
)
def test_sources_outside(source: str, tmp_path: Path, cache: Path) -> None:
    write(tmp_path / "in", {"main.tf": PROVIDER + CONTROL + call("m", source)})
    found = attack(tmp_path / "in", cache=cache)
    assert found.verdict("module.m") == "unknown"


# -- values that depend on themselves ------------------------------------------------------------------------

CYCLES = {
    "locals": "locals {\n  a = local.b\n  b = local.a\n}\n" + BUCKET % ("b", "local.a"),
    "try": 'locals {\n  a = try(local.b, "public")\n  b = try(local.a, "public")\n}\n'
    + BUCKET % ("b", "local.a"),
    "resources": BUCKET % ("b", "aws_s3_bucket.c.tags.x") + BUCKET % ("c", "aws_s3_bucket.b.tags.x"),
    "count": (BUCKET % ("b", '"sensitive"')).replace("{\n", "{\n  count = length(aws_s3_bucket.c)\n", 1)
    + (BUCKET % ("c", '"sensitive"')).replace("{\n", "{\n  count = length(aws_s3_bucket.b)\n", 1),
    "module": call("m", "./m", "  x = module.m[0].x\n  count = module.m[0].x\n"),
    "modules": call("m", "./m", "  x = module.n.x\n") + call("n", "./m", "  x = module.m.x\n"),
    "source": 'module "m" {\n  source = module.n.x\n}\nmodule "n" {\n  source = module.m.x\n}\n',
    "data": (
        'provider "aws" {\n  alias = "x"\n  for_each = toset([data.aws_region.c.name])\n'
        "  region = data.aws_region.c.name\n}\n"
        'data "aws_region" "c" {\n  provider = aws.x[data.aws_region.c.name]\n}\n'
        'resource "aws_s3_bucket" "b" {\n  provider = aws.x[data.aws_region.c.name]\n'
        '  tags = { data_classification = "sensitive" }\n}\n'
    ),
}


@pytest.mark.parametrize("name", CYCLES)
def test_cycles(name: str, tmp_path: Path, cache: Path) -> None:
    child = 'variable "x" {}\n' + BUCKET % ("b", "var.x") + 'output "x" {\n  value = var.x\n}\n'
    write(tmp_path, {"main.tf": PROVIDER + CONTROL + CYCLES[name], "m/main.tf": child})
    found = attack(tmp_path, cache=cache)
    assert all(one["verdict"] in ("fail", "unknown") for one in found.report["resources"])


# -- files that are none, and files elsewhere ----------------------------------------------------------------


def _link(name: str, target: str) -> Make:
    def make(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target)

    return make


def _fifo(name: str) -> Make:
    def make(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(folder / name)

    return make


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(_fifo("x.tf"), 3, id="fifo"),
        pytest.param(lambda folder: (folder / "x.tf").mkdir(), 1, id="folder"),
        pytest.param(_link("x.tf", "nowhere"), 3, id="broken"),
        pytest.param(_link("x.tf", "x.tf"), 3, id="loop"),
        pytest.param(_link("x.tf", "/dev/zero"), 3, id="device"),
        pytest.param(_link("x.tf", "/etc/passwd"), 3, id="elsewhere"),
        pytest.param(_link("below", "."), 1, id="folder-loop"),
        pytest.param(_fifo("terraform.tfvars"), 3, id="fifo-values"),
        pytest.param(_fifo("a.auto.tfvars.json"), 3, id="fifo-json"),
        pytest.param(_fifo(".terraform.lock.hcl"), 1, id="fifo-lock"),
        pytest.param(_fifo(".git"), 1, id="fifo-git"),
        pytest.param(_link(".terraform/environment", "/dev/zero"), 1, id="device-workspace"),
        pytest.param(_fifo(".terraform/environment"), 1, id="fifo-workspace"),
    ],
)
def test_files_that_are_none(make: Make, code: int, tmp_path: Path, cache: Path) -> None:
    write(tmp_path, {"main.tf": PROVIDER + CONTROL})
    make(tmp_path)
    found = attack(tmp_path, cache=cache)
    assert found.code == code
    assert found.verdict("aws_s3_bucket.control") == "fail"


OUTSIDE = "told-to-nobody"


@pytest.mark.parametrize(
    ("expression", "link"),
    [
        ('file("../outside/told")', None),
        ('file("${path.module}/../outside/told")', None),
        ('file("link")', ("link", "../outside/told")),
        ('file("link/told")', ("link", "../outside")),
        ('templatefile("link", {})', ("link", "../outside/told")),
        ('file("/proc/self/environ")', None),
        ('join(",", fileset("..", "**"))', None),
        ('join(",", fileset("link", "*"))', ("link", "../outside")),
        ("terraform.workspace", (".terraform/environment", "../../outside/told")),
    ],
)
def test_nothing_is_read_outside(
    expression: str, link: tuple[str, str] | None, tmp_path: Path, cache: Path
) -> None:
    inside = tmp_path / "inside"
    write(tmp_path, {"outside/told": OUTSIDE, f"outside/{OUTSIDE}": ""})
    write(inside, with_local(expression))
    if link is not None:
        _link(*link)(inside)
    found = attack(inside, cache=cache, env={"TOLD": OUTSIDE})
    assert OUTSIDE not in found.everything


# -- what Terraform reads and what it does not ---------------------------------------------------------------


def test_a_name_that_terraform_reads(tmp_path: Path, cache: Path) -> None:
    write(tmp_path, {"main.tf": PROVIDER, "#evil.tf": CONTROL})
    attack(tmp_path, cache=cache)


PLAN = Plan().provider("aws", region="eu-west-3").add("aws_s3_bucket.control", bucket="x", tags=SENSITIVE)
TRUE_SOURCE = PROVIDER + CONTROL.replace("{\n", '{\n  bucket = "x"\n', 1)
MORE = (
    'dynamic "endpoints" {\n    for_each = [1]\n    content {\n'
    '      s3 = "https://s3.gra.io.cloud.ovh.net"\n    }\n  }\n'
)
CLEARED = "a failing plan passes by files in the working directory, and nothing in the report says so"


@pytest.mark.parametrize("options", [(), ("--ignore-repo-config",)], ids=["plain", "ignoring"])
@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"x_override.tofu": f'provider "aws" {{\n  {ELSEWHERE}}}\n'}, id="override.tofu"),
        pytest.param({"main.tofu": TRUE_SOURCE.replace('3"\n', f'3"\n  {MORE}', 1)}, id="dynamic"),
        pytest.param({"x_override.tf": f'provider "aws" {{\n  {ELSEWHERE}}}\n'}, id="later"),
    ],
)
def test_source_does_not_clear_a_plan(
    files: Files, options: tuple[str, ...], tmp_path: Path, cache: Path
) -> None:
    write(tmp_path, {"main.tf": TRUE_SOURCE, **files})
    PLAN.write(tmp_path / "plan.json")
    found = attack(tmp_path, "plan.json", *options, cache=cache, memory=0)
    assert found.verdict("aws_s3_bucket.control") == "fail"


def test_only_files_that_made_the_plan_explain_it(tmp_path: Path, cache: Path) -> None:
    plan = Plan().provider("aws", region=Refers("local.r"), endpoints={"s3": Refers("local.e")})
    plan.add("aws_s3_bucket.control", bucket="x", tags=SENSITIVE).write(tmp_path / "plan.json")
    source = TRUE_SOURCE.replace('"eu-west-3"', "local.r\n  endpoints {\n    s3 = local.e\n  }", 1)
    values = 'locals {\n  r = "eu-west-3"\n  e = "https://s3.eu-west-3.amazonaws.com"\n}\n'
    lie = 'locals {\n  e = "https://s3.gra.io.cloud.ovh.net"\n}\n'
    write(tmp_path, {"main.tf": source + values, "x_override.tofu": lie})
    attack(tmp_path, "plan.json", cache=cache, memory=0)


def test_source_that_contradicts_the_plan_is_not_used(tmp_path: Path, cache: Path) -> None:
    write(tmp_path, {"main.tf": TRUE_SOURCE.replace('"eu-west-3"', f'"us-east-1"\n  {ELSEWHERE}', 1)})
    PLAN.write(tmp_path / "plan.json")
    found = attack(tmp_path, "plan.json", "--source", ".", cache=cache, memory=0)
    assert found.verdict("aws_s3_bucket.control") == "fail"
    assert "is not used" in found.everything


# -- values of variables -------------------------------------------------------------------------------------

VARIABLE = 'variable "v" {\n%s}\n'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("terraform.tfvars", "v = " + "[" * 20_000 + "\n", id="deep"),
        pytest.param(
            "terraform.tfvars.json",
            '{"v": ' + "[" * 9_000 + "]" * 9_000 + "}",
            id="deep-json",
        ),
        pytest.param("terraform.tfvars.json", '{"v": "\\ud800"}', id="surrogate"),
        pytest.param("terraform.tfvars.json", '{"v": NaN}', id="nan"),
        pytest.param("terraform.tfvars.json", '{"v": ' + "9" * 5_000 + "}", id="digits"),
        pytest.param(
            "terraform.tfvars.json",
            '{"v": -Infinity}',
            id="infinity",
        ),
        pytest.param(
            "terraform.tfvars.json",
            '{"v": 1e100000000}',
            id="exponent",
        ),
        pytest.param(
            "terraform.tfvars",
            "".join(f"v{at} = {at}\n" for at in range(100_000)),
            id="many",
        ),
    ],
)
def test_files_of_values(name: str, text: str, tmp_path: Path, cache: Path) -> None:
    write(tmp_path, {"main.tf": PROVIDER + CONTROL + VARIABLE % "" + BUCKET % ("b", "var.v"), name: text})
    attack(tmp_path, cache=cache)


@pytest.mark.parametrize("kind", ["string", "list(string)"])
@pytest.mark.parametrize(
    "value",
    ["\x1b[31m", "(", "[" * 20_000, '${file("/etc/passwd")}', '"' + "${" * 300, "\udcff"],
    ids=["escape", "parenthesis", "deep", "template", "open", "bytes"],
)
def test_values_of_the_environment(value: str, kind: str, tmp_path: Path, cache: Path) -> None:
    write(
        tmp_path, {"main.tf": PROVIDER + CONTROL + VARIABLE % f"  type = {kind}\n" + BUCKET % ("b", "var.v")}
    )
    found = attack(tmp_path, cache=cache, env={"TF_VAR_v": value, "TF_VAR_": "x", "TF_WORKSPACE": "\udcff"})
    assert "root:x:" not in found.everything


SECRET_USES = [
    "var.v",
    '"x-${var.v}"',
    "[var.v][0]",
    "[for one in [var.v] : one][0]",
    "merge({ a = var.v }, {}).a",
    "keys({ (var.v) = 1 })[0]",
    "try(tonumber(var.v), var.v)",
    "tonumber(var.v)",
    'regex("^z$", var.v)',
    "jsondecode(var.v)",
    "local.m[var.v]",
    "lookup(local.m, var.v)",
    "file(var.v)",
    "formatdate(var.v, var.v)",
    "jsonencode({ a = var.v })",
    "templatestring(local.t, { x = var.v })",
    "provider::acme::say(var.v)",
]


def test_secrets_are_told_to_nobody(tmp_path: Path, cache: Path) -> None:
    """Also not through the error of a function, or of a value that does not fit."""
    text = PROVIDER + CONTROL + VARIABLE % "  sensitive = true\n" + 'locals {\n  m = {}\n  t = "$${x}"\n}\n'
    text += "".join(BUCKET % (f"b{at}", use) for at, use in enumerate(SECRET_USES))
    text += 'resource "aws_s3_bucket" "k" {\n  bucket = var.v\n  tags = { (var.v) = "x" }\n}\n'
    text += 'provider "openstack" {\n  auth_url = "https://${var.v}.example/v3"\n  password = var.v\n}\n'
    text += 'resource "openstack_objectstorage_container_v1" "o" {\n'
    text += '  metadata = { classification = "sensitive" }\n}\n'
    for kind in ("number", "object({ a = number })"):
        folder = tmp_path / kind[:6]
        write(
            folder,
            {"main.tf": text + VARIABLE.replace('"v"', '"w"') % f"  type = {kind}\n  sensitive = true\n"},
        )
        values = ("--var", f"v={SECRET}", "--var", f"w={SECRET}")
        attack(folder, ".", *values, cache=cache)
        for arguments in (
            ("scan", "."),
            ("scan", ".", "--format", "json"),
            *(("explain", f"aws_s3_bucket.{name}", ".") for name in ("b0", "b1", "k")),
            ("explain", "openstack_objectstorage_container_v1.o", "."),
        ):
            done = start(folder, *arguments, *values, cache=cache)
            assert SECRET.lower().encode() not in (done.stdout + done.stderr).lower(), arguments


def test_secrets_are_no_keys(tmp_path: Path, cache: Path) -> None:
    each = 'resource "aws_s3_bucket" "b" {\n  for_each = toset([var.v])\n}\n'
    write(tmp_path, {"main.tf": PROVIDER + CONTROL + VARIABLE % "  sensitive = true\n" + each})
    assert SECRET not in attack(tmp_path, ".", "--var", f"v={SECRET}", cache=cache).everything


# -- the cache -----------------------------------------------------------------------------------------------


def _made_a_fifo(entry: Path) -> None:
    entry.unlink()
    os.mkfifo(entry)


def entry_of(cache: Path) -> Path:
    (found,) = (path for path in (cache / "sovereign-guard" / "source").rglob("*") if len(path.name) == 62)
    return found


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda entry: entry.write_bytes(b""), id="empty"),
        pytest.param(lambda entry: entry.write_bytes(entry.read_bytes()[:-3]), id="cut"),
        pytest.param(lambda entry: entry.write_bytes(b"\xff" * 4_000), id="noise"),
        pytest.param(lambda entry: (entry.unlink(), entry.mkdir()), id="folder"),
        pytest.param(
            _made_a_fifo,
            id="fifo",
        ),
        pytest.param(
            lambda entry: (entry.unlink(), entry.symlink_to("/dev/zero")),
            id="device",
        ),
    ],
)
def test_a_spoilt_cache_changes_nothing(spoil: Make, tmp_path: Path, cache: Path) -> None:
    own = tmp_path / "cache"
    shutil.copytree(cache, own, ignore=shutil.ignore_patterns("source"))
    folder = tmp_path / "in"
    write(folder, {"main.tf": PROVIDER + CONTROL})
    attack(folder, cache=own)
    spoil(entry_of(own))
    assert attack(folder, cache=own).verdict("aws_s3_bucket.control") == "fail"


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    write(tmp_path, {"main.tf": PROVIDER + CONTROL})
    assert attack(tmp_path, cache=Path("/dev/null")).verdict("aws_s3_bucket.control") == "fail"


def test_runs_at_once_share_a_cache(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write(
        folder, {f"f{at}.tf": BUCKET % (f"b{at}", '"sensitive"') for at in range(100)} | {"main.tf": PROVIDER}
    )
    command = [PROGRAM] if PROGRAM else [sys.executable, "-m", "sovereign_guard"]
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    runs = [
        subprocess.Popen(
            [*command, "scan", ".", "--format", "json"], cwd=folder, env=env, stdout=subprocess.PIPE
        )
        for _ in range(4)
    ]
    said = [run.communicate(timeout=TIMEOUT)[0] for run in runs]
    assert [run.returncode for run in runs] == [1] * 4
    assert len({json.dumps(json.loads(one)["resources"]) for one in said}) == 1
