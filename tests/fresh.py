"""Programs of others in an environment of their own, and this checkout as somebody else would get it."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import venv
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROGRAMS = ("pre-commit>=3.2", "check-jsonschema>=0.30", "zizmor>=1.20")
_NO_INDEX = re.compile(r"No matching distribution found|Connection|Name or service not known|Retrying", re.I)
_OURS = re.compile(
    r"CI$|TF_|JENKINS_|BUILD_|GIT_|GITHUB_|GITLAB_|PYTHON|VIRTUAL_ENV|SOVEREIGN_GUARD_|PRE_COMMIT"
)


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that is made once a session, however many workers share it."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / name
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            (folder / ".made").touch()
    return folder


def programs(factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the programs PROGRAMS; skips where pip reaches no package index."""

    def make(folder: Path) -> None:
        venv.create(folder / "venv", with_pip=True)
        pip = [folder / "venv" / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--quiet"]
        done = call(*pip, "install", *PROGRAMS, cwd=folder, check=False)
        if done.returncode and _NO_INDEX.search(done.stderr):
            pytest.skip(f"pip reaches no package index, so {' and '.join(PROGRAMS)} cannot be installed")
        assert done.returncode == 0, done.stderr

    return made_once(factory, "programs", make) / "venv" / "bin"


def checkout(factory: pytest.TempPathFactory) -> Path:
    """Return a git repository of one commit that holds this checkout with what is not committed yet."""

    def make(folder: Path) -> None:
        listed = call("git", "ls-files", "-co", "--exclude-standard", "-z", cwd=ROOT).stdout
        for name in listed.split("\0"):
            if name and (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, folder / name)
        repository(folder)
        commit(folder)

    return made_once(factory, "checkout", make)


def repository(folder: Path) -> None:
    call("git", "init", "--quiet", "--initial-branch=main", cwd=folder)


def commit(
    folder: Path, env: Mapping[str, str] | None = None, *, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Commit all there is in a folder, as a person would: hooks run."""
    call("git", "add", "--all", cwd=folder)
    return call("git", "commit", "--quiet", "--message", "A change", cwd=folder, env=env, check=check)


def head(folder: Path) -> str:
    return call("git", "rev-parse", "HEAD", cwd=folder).stdout.strip()


def call(
    *command: str | Path,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    check: bool = True,
    timeout: float = 600,
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**environment(), **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert not check or done.returncode == 0, f"{command}: {done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done


def environment() -> dict[str, str]:
    """Return the environment of a laptop: nothing of the pipeline or the hook that runs these tests."""
    plain = {name: value for name, value in os.environ.items() if not _OURS.match(name)}
    author = {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "A Person"), ("EMAIL", "person@valmont.example"))
    }
    return {**plain, **author, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
