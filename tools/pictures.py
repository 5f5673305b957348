"""Makes the pictures of the README: docs/images/report.png and docs/images/run.svg.

Both show real runs of this checkout. `python tools/pictures.py` needs the development tools and, for the
first picture, Chromium (the variable CHROMIUM names another than the one on the path). Nothing is loaded
from elsewhere. Look at what came out: tests only say that both pictures are there and small.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
ESTATE = ROOT / "fixtures" / "health-estate"
TOWN = ROOT / "fixtures" / "tutorial"
DAY = "2026-11-24"
LEFT_OUT = "[...]"
LARGEST = 300_000
"""Bytes of a picture at most: every clone carries them."""

_WIDTH = 1280
_HEIGHT = 900
_COLUMNS = 100
_FONTS = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
_PROGRAM = (sys.executable, "-m", "sovereign_guard")


def report(target: Path, chromium: str) -> None:
    """Take a picture of the top of the report about the health estate.

    Args:
        target: the PNG to write. chromium: the browser's program.

    """
    from playwright.sync_api import sync_playwright

    with TemporaryDirectory() as folder:
        page_file = Path(folder, "report.html")
        arguments = ("scan", "plan.json", "--source", ".", "--as-of", DAY, "-o", f"html={page_file}")
        done = subprocess.run(  # noqa: S603 - our own program
            [*_PROGRAM, *arguments], cwd=ESTATE, env=_environment(), check=False, capture_output=True
        )
        if done.returncode != 1:
            raise SystemExit(f"the report was not written: {done.stderr.decode()}")
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(
                viewport={"width": _WIDTH, "height": _HEIGHT}, color_scheme="light", reduced_motion="reduce"
            )
            page.goto(page_file.as_uri())
            page.screenshot(path=target)
            browser.close()


def run(target: Path) -> None:
    """Write what a scan of the tutorial's folder prints, in colours, as a picture of a terminal.

    Args:
        target: the SVG to write.

    """
    console = Console(record=True, width=_COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ sovereign-guard scan .", style="bold"))
    printed, code = _printed("scan", ".")
    console.print(Text.from_ansi("\n".join(_cut(printed.strip("\n").splitlines()))))
    console.print(Text("$ echo $?", style="bold"))
    console.print(Text(str(code)))
    drawn = console.export_svg(title="sovereign-guard", theme=MONOKAI, unique_id="run")
    # The fonts that rich would load come from a content delivery network; the reader's own will do.
    drawn = _FONTS.sub("", drawn).replace("Fira Code", "ui-monospace")
    target.write_text(drawn, encoding="utf-8")


def _cut(lines: list[str]) -> Iterator[str]:
    """Yield the beginning and the end of a report, for all of it is too high for a picture."""
    addresses = [
        number for number, line in enumerate(lines) if re.match(r"\S* *\S*aws_s3_bucket\S*.*\(create\)", line)
    ]
    yield from lines[: addresses[2]]
    yield LEFT_OUT
    end = max(number for number, line in enumerate(lines) if " resources: " in line)
    yield from lines[end:]


def _printed(*arguments: str) -> tuple[str, int]:
    """Return what a command prints on a terminal, with its colours, and its exit code."""
    import pty

    leader, follower = pty.openpty()
    with TemporaryDirectory() as folder:
        town = shutil.copytree(TOWN, Path(folder, "town"))
        process = subprocess.Popen(  # noqa: S603 - our own program
            [*_PROGRAM, *arguments], cwd=town, env=_environment(), stdout=follower, stderr=follower
        )
        os.close(follower)
        printed = b""
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:
                break
            if not piece:
                break
            printed += piece
        code = process.wait()
    os.close(leader)
    return printed.decode().replace("\r\n", "\n"), code


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SOVEREIGN_GUARD_")}
    kept.pop("NO_COLOR", None)
    return {**kept, "COLUMNS": str(_COLUMNS), "TERM": "xterm-256color", "SOVEREIGN_GUARD_LANG": "en"}


def main() -> int:
    """Make both pictures, and say how large they are."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.stderr.write("no Chromium is installed; CHROMIUM can name its program.\n")
        return 1
    IMAGES.mkdir(exist_ok=True)
    report(IMAGES / "report.png", chromium)
    run(IMAGES / "run.svg")
    sizes = {path.name: path.stat().st_size for path in (IMAGES / "report.png", IMAGES / "run.svg")}
    for name, size in sizes.items():
        sys.stdout.write(f"docs/images/{name}: {size:,} bytes\n")
    return 0 if max(sizes.values()) <= LARGEST else 1


if __name__ == "__main__":
    sys.exit(main())
