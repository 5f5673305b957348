"""First steps: a configuration to start from, and a look at an installation.

Nothing here prints or exits.
"""
