"""The functions of Terraform 1.11 and those that OpenTofu adds, by name."""

from __future__ import annotations

from collections.abc import Mapping

from sovereign_guard.read.hcl.language.functions import (
    collections,
    encoding,
    files,
    hashing,
    network,
    numbers,
    texts,
    times,
    types,
)
from sovereign_guard.read.hcl.language.functions.function import Function

FUNCTIONS: Mapping[str, Function] = {
    function.name: function
    for module in (collections, encoding, files, hashing, network, numbers, texts, times, types)
    for function in module.FUNCTIONS
}
"""`try`, `can`, `templatefile` and `templatestring` are not here: they evaluate expressions themselves."""
