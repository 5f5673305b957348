"""What stands behind the checks that Checkov loads: the engine's answers, block by block.

Nothing here imports Checkov.
"""
