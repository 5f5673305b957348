"""Writes rules/catalog/carriers/ID.yaml: which resource types take a provider's default labels.

    python tools/carriers.py FOLDER DAY

FOLDER holds one zip for each provider (aws.zip, google.zip, google-beta.zip), in which `meta.json` gives
`version` and `source` (the package that it was made from, a wheel of CDK for Terraform), and
`resources/TYPE.json` the schema of a type: `a` its attributes, `b` its blocks as [nesting, min, max, schema].
DAY is the day of the review.

A type takes default labels if its schema has the attribute in which the provider gives them together with
its own. The schemas of datadog and azapi do not show that: their files are written by hand from the code.
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

CARRIERS = Path(__file__).resolve().parent.parent / "rules" / "catalog" / "carriers"
ATTRIBUTES = {
    "aws": ("tags_all",),
    "google": ("effective_labels", "metadata.effective_labels"),
    "google-beta": ("effective_labels", "metadata.effective_labels"),
}
"""Where each provider gives labels with its defaults merged; `metadata` is that of the Knative types."""
WORDS = {
    "aws": ("the AWS provider", "default tags"),
    "google": ("the Google Cloud provider", "default labels"),
    "google-beta": ("the Google Cloud provider with features in beta", "default labels"),
}
WIDTH = 130


def attributes(schema: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Give the paths of a schema's attributes, those in blocks too."""
    for name in schema["a"]:
        yield prefix + name
    for name, block in schema["b"].items():
        yield from attributes(block[3], f"{prefix}{name}.")


def flow(key: str, names: list[str]) -> str:
    """Return a YAML list in flow form, in lines."""
    lines = textwrap.fill(", ".join(names), WIDTH, initial_indent="  ", subsequent_indent="  ")
    return f"{key}: [\n{lines}\n]"


def page(provider: str, store: ZipFile, day: str) -> str:
    """Return the file of one provider."""
    meta = json.loads(store.read("meta.json"))
    carrying: list[str] = []
    without: list[str] = []
    for name in sorted(store.namelist()):
        if name.startswith("resources/"):
            found = set(attributes(json.loads(store.read(name))))
            types = without if found.isdisjoint(ATTRIBUTES[provider]) else carrying
            types.append(Path(name).stem)
    whose, what = WORDS[provider]
    package, binding = meta["source"].removesuffix("-py3-none-any.whl").rsplit("-", 1)
    title = f"Schema of the provider, version {meta['version']} (prebuilt binding {binding})"
    return f"""\
# Which resource types of {whose} take the {what} of its configuration.
# Made by tools/carriers.py from the schema of one version: do not edit the lists.
provider: {provider}
version: {meta["version"]}
attributes: [{", ".join(ATTRIBUTES[provider])}]
{flow("carrying", carrying)}
{flow("without", without)}
reviewed: {day}
sources:
  schema:
    title: "{title}: attribute names and types"
    publisher: HashiCorp (CDK for Terraform)
    url: "https://pypi.org/project/{package.replace("_", "-")}/{binding}/"
    consulted: {day}
    read: true
"""


def main(folder: str, day: str) -> None:
    """Write the files of all providers whose schema tells."""
    for provider in ATTRIBUTES:
        with ZipFile(Path(folder) / f"{provider}.zip") as store:
            (CARRIERS / f"{provider}.yaml").write_text(page(provider, store, day), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
