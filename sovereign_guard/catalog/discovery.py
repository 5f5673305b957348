"""Finding the repository's own configuration file. Kept apart so that looking for one imports nothing heavy."""

from __future__ import annotations

from pathlib import Path

FILE_NAME = ".sovereign-guard.yaml"


def find_repository_file(start: Path) -> Path | None:
    """Return the repository's configuration: in a folder, or in one above it up to the repository's root."""
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        path = candidate / FILE_NAME
        if path.is_file():
            return path
        if (candidate / ".git").exists():
            return None
    return None


def lies_in_repository(path: Path, start: Path) -> bool:
    """Whether a file lies in the repository that is judged, so that the judged change can have written it.

    That is the working directory and what lies below it, and, in a git checkout, all of the checkout.
    """
    file = path.resolve()
    folder = start.resolve()
    root = next(
        (candidate for candidate in (folder, *folder.parents) if (candidate / ".git").exists()), folder
    )
    return file.is_relative_to(root)
