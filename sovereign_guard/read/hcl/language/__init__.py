"""Expressions -> values, as Terraform and OpenTofu evaluate them.

    values       what a value is: known, Unknown, Sensitive, or an object of which a part is known
    types        types, and conversion to them
    floats       arithmetic with the precision of Terraform's
    evaluate     expressions in a scope that is handed in; the budget that bounds the work
    functions    the functions by name, one module a family

Nothing here knows of files of source, modules or resources: names get their meaning from the scope
(`project.instance`). Functions that read files are told what they may read.
"""
