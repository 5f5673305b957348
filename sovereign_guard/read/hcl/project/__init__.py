"""Folders of source: files, modules, variables, instances, providers -> Inventory."""
