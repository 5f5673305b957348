"""What lies in the judged repository: its configuration file, and any other.

Kept apart so that looking for one imports nothing heavy.
"""

from __future__ import annotations

import os
from pathlib import Path

from sovereign_guard.errors import UsageError
from sovereign_guard.language import say

FILE_NAME = ".sovereign-guard.yaml"
_MISSPELT = ".sovereign-guard.yml"


def find_repository_file(start: Path) -> Path | None:
    """Return the repository's configuration: in a folder, or in one above it up to the repository's root.

    It need not be readable: a link that leads nowhere is told when it is read, since it may raise levels.

    Raises:
        UsageError: there is one by a name under which nobody would read it.

    """
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        path = candidate / FILE_NAME
        if os.path.lexists(path):
            return path
        if os.path.lexists(candidate / _MISSPELT):
            raise UsageError(
                say("a configuration is called {file_name}; this one is not read.", file_name=FILE_NAME),
                hint=say("Rename it to {file_name}.", file_name=FILE_NAME),
                file=os.path.relpath(candidate / _MISSPELT),
            )
        if (candidate / ".git").exists():
            return None
    return None


def repository_root(start: Path) -> Path:
    """Return the root of the git checkout that a folder lies in, or the folder where it lies in none."""
    folder = Path(os.path.realpath(start))
    return next((found for found in (folder, *folder.parents) if (found / ".git").exists()), folder)


def lies_in_repository(path: Path, starts: tuple[Path, ...]) -> bool:
    """Whether a file lies in a repository that is judged, so that the judged change can have written it.

    Args:
        path: the file. If it is a link, both where the link stands and where it leads are looked at.
        starts: the working directory and the folders of the inputs. Each stands for the git checkout that it
            lies in, or for itself.

    """
    # Without following the last link, and with; `resolve` would raise where links go round in a circle.
    names = (Path(os.path.abspath(path)), Path(os.path.realpath(path)))  # noqa: PTH100
    for start in starts:
        root = repository_root(start)
        if any(name.is_relative_to(root) for name in names):
            return True
    return False
