"""What Checkov asks about, and what it is answered."""

from __future__ import annotations

from typing import Literal

import msgspec

Framework = Literal["terraform", "terraform_json", "terraform_plan"]
FRAMEWORKS: tuple[Framework, ...] = ("terraform", "terraform_json", "terraform_plan")


class Block(msgspec.Struct, frozen=True):
    """A resource or data source as Checkov asks about it.

    Attributes:
        file: absolute path of the file that it is written in, or of the plan.
        mode: `managed` or `data`.
        name: with an instance key where Checkov has expanded the block (`a[0]`).
        address: with its module path, as far as Checkov has expanded that; empty where Checkov tells none.
            In source it has no `data.` before a data source.
        root: folder of the root module whose calls lead to it; empty where Checkov tells none.

    """

    file: str
    mode: str
    type: str
    name: str
    address: str = ""
    root: str = ""


class Run(msgspec.Struct, frozen=True):
    """What one of Checkov's runners works on.

    Attributes:
        root_folder: the folder that is scanned; empty where files are given instead.
        files: absolute paths of the files given, if any.
        enabled: names of the frameworks that are asked for; `all` among them by default.
        excluded: patterns of paths that Checkov leaves out.
        blocks: all that it will ask about.

    """

    framework: Framework
    root_folder: str
    files: tuple[str, ...] = ()
    enabled: tuple[str, ...] = ("all",)
    excluded: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()

    def enables(self, framework: Framework) -> bool:
        """Whether Checkov runs a framework, this one or another."""
        return framework in self.enabled or "all" in self.enabled


class Answer(msgspec.Struct, frozen=True):
    """What a check says of a block; `comment`: why it is skipped."""

    result: Literal["PASSED", "FAILED", "SKIPPED"]
    details: tuple[str, ...] = ()
    comment: str = ""


PASSED = Answer("PASSED")
