"""Records what Terraform makes of expressions: `expressions/NAME.txt` becomes `NAME.json`.

Usage: python tests/functions/record.py [--console] [NAME ...]

See README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

HERE = Path(__file__).resolve().parent
SIGNATURES = "signatures.json"
FOLDER = "{folder}"
"""Stands in a record for the folder that Terraform worked in."""

_BLOCK = "---"

# Three outputs: what the expression is, and where in it there is something sensitive (a state does not say).
_OUTPUTS = """output "{name}" {{
  sensitive = true
  value     = [(
{expression}
  )]
}}

output "{name}_whole" {{
  value = nonsensitive(issensitive(
{expression}
  ))
}}

output "{name}_part" {{
  value = nonsensitive(issensitive(jsonencode([
{expression}
  ])))
}}
"""


def main(arguments: list[str]) -> int:
    """Record, or compare with the console, and return an exit code."""
    parser = argparse.ArgumentParser(description="Record what Terraform makes of expressions.")
    parser.add_argument("--console", action="store_true", help="compare the records with `terraform console`")
    parser.add_argument("names", nargs="*", metavar="NAME", help="by default all")
    chosen = parser.parse_args(arguments)
    names = chosen.names or sorted(path.stem for path in (HERE / "expressions").glob("*.txt"))
    if chosen.console:
        return compare_with_console(names)
    record(names)
    record_signatures()
    return 0


def record(names: list[str]) -> None:
    """Write `NAME.json` for each name."""
    expressions = {name: expressions_of((HERE / "expressions" / f"{name}.txt").read_text()) for name in names}
    found = ask({f"{n}_{at}": text for n in names for at, text in enumerate(expressions[n])})
    for name in names:
        lines = [
            encode({"expression": text, **found[f"{name}_{at}"]}) for at, text in enumerate(expressions[name])
        ]
        (HERE / f"{name}.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")
        errors = sum("error" in found[f"{name}_{at}"] for at in range(len(lines)))
        print(f"{name}: {len(lines)} expressions, {errors} of them errors")


def expressions_of(text: str) -> list[str]:
    """Return the expressions of a file: one a line, or several lines between two lines `---`."""
    found: list[str] = []
    block: list[str] | None = None
    for line in text.split("\n"):
        if line == _BLOCK:
            if block is not None:
                found.append("\n".join(block))
            block = [] if block is None else None
        elif block is not None:
            block.append(line)
        elif line.strip() and not line.startswith("#"):
            found.append(line)
    if block is not None:
        raise ValueError("a block is not closed")
    return found


def ask(expressions: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Return what Terraform makes of expressions, all of them in one configuration.

    Terraform names the files of all faulty expressions at once, first those with faults of syntax, then those
    that fail while they are evaluated. They are taken away, until it accepts the rest: three or four runs.
    """
    answers: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made).resolve()
        shutil.copytree(HERE / "files", folder / "files", symlinks=True)
        for name, text in expressions.items():
            (folder / f"{name}.tf").write_text(_OUTPUTS.format(name=name, expression=text))
        while errors := _apply(folder):
            for name, message in errors.items():
                answers[name] = {"error": message}
                (folder / f"{name}.tf").unlink()
        state = (folder / "terraform.tfstate").read_text().replace(str(folder), FOLDER)
        outputs = json.loads(state, parse_float=Decimal)["outputs"]
    for name in expressions.keys() - answers.keys():
        if f"{name}_part" not in outputs or outputs[f"{name}_part"]["value"] is None:
            answers[name] = {"unknown": True}
            continue
        answer = {"value": outputs[name]["value"][0], "type": outputs[name]["type"][1][0]}
        if outputs[f"{name}_part"]["value"]:
            answer["sensitive"] = "whole" if outputs[f"{name}_whole"]["value"] else "part"
        answers[name] = answer
    return answers


def _apply(folder: Path) -> dict[str, str]:
    """Apply the configuration in a folder, and return the first error of each file that has some."""
    done = _terraform(folder, "apply", "-auto-approve", "-json")
    errors: dict[str, str] = {}
    for line in done.stdout.splitlines():
        diagnostic = json.loads(line).get("diagnostic") or {} if line.startswith("{") else {}
        if diagnostic.get("severity") == "error" and diagnostic.get("range", {}).get("filename"):
            detail = diagnostic["detail"].partition("\ngoroutine")[
                0
            ]  # Terraform shows where a function broke down.
            message = f"{diagnostic['summary']}: {detail}".replace(str(folder), FOLDER)
            errors.setdefault(Path(diagnostic["range"]["filename"]).stem, message)
    if done.returncode != 0 and not errors:
        raise RuntimeError(f"terraform failed without naming a file:\n{done.stdout}{done.stderr}")
    return errors


def _terraform(folder: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "CHECKPOINT_DISABLE": "1"}
    return subprocess.run(
        ["terraform", *arguments], cwd=folder, env=environment, input=given, capture_output=True, text=True
    )


def compare_with_console(names: list[str]) -> int:
    """Give every recorded expression of one line to a console of its own; tell where that says otherwise."""
    count = different = 0
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made).resolve()
        shutil.copytree(HERE / "files", folder / "files", symlinks=True)
        for name in names:
            for case in json.loads((HERE / f"{name}.json").read_text(), parse_float=Decimal):
                if "\n" in case["expression"]:
                    continue
                count += 1
                probe = f"nonsensitive(base64encode(jsonencode([{case['expression']}])))\n"
                done = _terraform(folder, "console", given=probe)
                if "unknown" in case:
                    agrees = "(known after apply)" in done.stdout
                elif "error" in case:
                    agrees = done.returncode != 0
                else:
                    wanted = encode([case["value"]]).replace(FOLDER, str(folder))
                    agrees = done.returncode == 0 and encode(_console_value(done.stdout)) == wanted
                if not agrees:
                    different += 1
                    print(f"{name}: {case['expression']}\n{done.stdout}{done.stderr}")
    print(f"{count} expressions, {different} differ")
    return 1 if different else 0


def _console_value(shown: str) -> Any:
    import base64

    return json.loads(base64.b64decode(shown.strip().strip('"')), parse_float=Decimal)


def record_signatures() -> None:
    """Write down Terraform's version and every function that it has."""
    lines = [f"{encode(name)}: {encode(of)}" for name, of in signatures().items()]
    head = f'{{"terraform": {encode(version())}, "functions": {{\n'
    (HERE / SIGNATURES).write_text(head + ",\n".join(lines) + "\n}}\n")


def version() -> str:
    """Return the version of the Terraform that is installed."""
    done = _terraform(HERE, "version", "-json")
    return str(json.loads(done.stdout)["terraform_version"])


def signatures() -> dict[str, Any]:
    """Return of every function of the Terraform that is installed how many parameters it has."""
    done = _terraform(HERE, "metadata", "functions", "-json")
    return {
        name: {"parameters": len(of.get("parameters", ())), "variadic": "variadic_parameter" in of}
        for name, of in sorted(json.loads(done.stdout)["function_signatures"].items())
        if not name.startswith("core::")  # Each stands there twice, as itself and as `core::` so.
    }


def encode(value: Any) -> str:
    """Return a value as JSON, numbers with all their digits."""
    return msgspec.json.Encoder(decimal_format="number").encode(_encodable(value)).decode()


def _encodable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _encodable(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_encodable(part) for part in value]
    return Decimal(value) if type(value) is int else value  # msgspec refuses an `int` of more than 64 bits.


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
