"""Source (HCL and its JSON form) -> Inventory, one for each root module.

Four steps, each knowing only those before it:

    syntax               bytes -> syntax tree: blocks at once, expressions when somebody asks for them
    language             expressions -> values, known or Unknown
    project              folders -> modules, variables, instances, provider configurations
    project.inventory    instances -> Inventory, as a plan would give it

Nothing is downloaded or executed, and nothing outside the checkout is read. docs/source.md tells what users
are promised, docs/architecture.md why it is built so.
"""

from sovereign_guard.read.hcl.project.roots import read_source, source_of_plan

__all__ = ["read_source", "source_of_plan"]
