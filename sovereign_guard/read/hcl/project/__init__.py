"""Folders of source -> modules and their instances -> Inventory.

From the disk to what is judged:

    roots         a path -> its root modules; where the rest of the program comes in
    files         folders and files on disk, never outside a boundary
    source        a file with its expressions; a block with what override files change in it
    directives    comments that are addressed to us
    module        one folder: its blocks by what they are
    variables     values given to variables, in Terraform's order
    estate        one root module with all that it calls: what its instances share
    instance      instances of modules and blocks; what names mean inside them
    providers     which provider configuration a block uses, and what it says
    links         which blocks an expression refers to, without evaluating it
    encryption    what OpenTofu's `encryption` block does to states
    backends      where states lie: a root module's own, and those that it reads
    terragrunt    Terragrunt's units as root modules, with the values that Terragrunt gives them
    inventory     all of this as the stages after `read` want it
"""
