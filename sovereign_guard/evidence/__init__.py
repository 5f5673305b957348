"""Evidence that can be kept: a sealed folder of what a verdict rests on, and the check of such a folder.

seal writes the folder: report, policy, facts, digests of the inputs. statement is what the folder says of
itself, signature what somebody puts around that. folder reads one that may come from anybody, check tells
what has been changed in it, and again whether the verdict is the same today.
"""

from sovereign_guard.evidence.check import Checked, check
from sovereign_guard.evidence.seal import Sealed, sealed

__all__ = ["Checked", "Sealed", "check", "sealed"]
