"""Policy and facts -> verdicts and findings, three-valued and exact."""

from sovereign_guard.judge.instead import with_choices
from sovereign_guard.judge.judge import judge

__all__ = ["judge", "with_choices"]
