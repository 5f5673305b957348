"""Reading a binary plan through `terraform show -json` or `tofu show -json`.

Only on `--allow-terraform`: it starts the provider programs that the plan's folder has installed.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from sovereign_guard.errors import InputError
from sovereign_guard.language import say
from sovereign_guard.model.wording import also

PROGRAMS = ("terraform", "tofu")

_SECONDS = 600


def show_plan(path: str) -> bytes:
    """Return what `terraform show -json PATH` prints, run in the plan's folder.

    Raises:
        InputError: neither program is there, or both refuse the plan.

    """
    found = [(name, where) for name in PROGRAMS if (where := shutil.which(name))]
    if not found:
        raise InputError(
            say("this is a binary plan, and neither terraform nor tofu is on the PATH."),
            hint=say("Install one, or give the plan as JSON."),
            file=path,
        )
    file = Path(path).resolve()
    said: list[str] = []
    for name, program in found:
        try:
            done = subprocess.run(  # noqa: S603 - the user asked for it by --allow-terraform
                [program, "show", "-json", "-no-color", str(file)],
                cwd=file.parent,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            said.append(say("{program} did not end within {seconds} s", program=name, seconds=_SECONDS))
            continue
        if done.returncode == 0:
            return done.stdout
        said.append(
            say("{program} says: {text}", program=name, text=_one_line(done.stderr.decode(errors="replace")))
        )
    raise InputError(
        say("this binary plan could not be shown: {reasons}.", reasons=also(said)),
        hint=say("Run `terraform init` in its folder first, and use the program and version that made it."),
        file=path,
    )


def _one_line(text: str) -> str:
    # Terraform draws a frame around its errors.
    words = " ".join(text.replace("\u2502", " ").replace("\u2577", " ").replace("\u2575", " ").split())
    return words if len(words) <= 400 else f"{words[:400]}..."
