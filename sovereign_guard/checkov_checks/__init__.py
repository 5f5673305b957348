"""The folder that Checkov loads with `--external-checks-dir`; without this file it would skip it in silence.

Checkov executes every other file here by itself, so there is one, and it holds no more than must be there.
"""
