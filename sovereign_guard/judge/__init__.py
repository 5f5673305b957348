"""Policy and facts -> verdicts and findings, three-valued and exact."""

from sovereign_guard.judge.judge import judge

__all__ = ["judge"]
