"""A policy file -> a Policy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from sovereign_guard.catalog.folder import rules_folder
from sovereign_guard.catalog.yaml_file import YamlFile, read_yaml
from sovereign_guard.errors import ConfigurationError
from sovereign_guard.language import language, say
from sovereign_guard.model.knowledge import RuleText
from sovereign_guard.model.policy import Jurisdictions, OnUnknown, Policy, RepositoryWord, Requirement, Trust
from sovereign_guard.model.waiver import WaiverTerms


def read_policy(
    path: Path, levels: tuple[str, ...], rules: Mapping[str, RuleText], shipped: tuple[str, ...]
) -> Policy:
    """Read a policy file of the user.

    Args:
        path: the file.
        levels: the vocabulary's levels, lowest first.
        rules: texts of all rules. shipped: ids of the shipped policies, which `extends` may name.

    Raises:
        UsageError: it cannot be read. ConfigurationError: it is not a policy; all faults at once.

    """
    folder = rules_folder()
    file = read_yaml(path)
    file.check("policy", folder)
    file.data = file.data if isinstance(file.data, dict) else {}
    if "extends" in file.data:
        base = file.data["extends"]
        if base in shipped:
            inherited = read_yaml(folder / "policies" / f"{base}.yaml").data
            inherited.pop("fr", None)  # What its own texts say in French is not what these say.
            own = {key: value for key, value in file.data.items() if key != "extends"}
            levels_of_both = {
                name: {**inherited["levels"].get(name, {}), **own.get("levels", {}).get(name, {})}
                for name in (*inherited["levels"], *own.get("levels", {}))
            }
            areas = {**inherited.get("areas", {}), **own.get("areas", {})}
            file.data = {**inherited, **own, "areas": areas, "levels": levels_of_both}
        else:
            file.fault(
                say("no shipped policy {base!r}.", base=base),
                "extends",
                hint=say("Shipped: {names}.", names=", ".join(shipped)),
            )
    if file.data.get("id") in shipped:
        file.fault(
            say("{id} is the id of a shipped policy.", id=file.data["id"]),
            "id",
            hint=say("Give yours a name of its own."),
        )
    policy = policy_from(file, levels, rules, source=str(path))
    if policy is None or file.problems:
        raise ConfigurationError(file.problems)
    title = file.data.get(language(), {}).get("title", policy.title)
    return msgspec.structs.replace(policy, title=title)


def policy_from(
    file: YamlFile, levels: tuple[str, ...], rules: Mapping[str, RuleText], source: str
) -> Policy | None:
    """Turn a file into a Policy; None, with faults recorded, where it cannot be.

    Args:
        file: checked against the schema; what does not fit is no longer in its data.

    """
    data = file.data
    areas: dict[str, list[str]] = data.get("areas", {})

    def level_index(name: str, *path: str | int) -> int:
        if name in levels:
            return levels.index(name)
        file.fault(
            say("no level {name!r}.", name=name), *path, hint=say("Levels: {names}.", names=", ".join(levels))
        )
        return 0

    def codes(names: list[str], *path: str | int) -> tuple[str, ...]:
        found: list[str] = []
        for position, name in enumerate(names):
            if name in areas:
                found.extend(areas[name])
            elif name.isupper():
                found.append(name)
            else:
                file.fault(
                    say("no area {name!r}.", name=name),
                    *path,
                    position,
                    hint=say("Areas here: {names}.", names=", ".join(areas))
                    if areas
                    else say("Areas here: none."),
                )
        return tuple(sorted(set(found)))

    def jurisdictions(entry: dict[str, Any], level: str, key: str) -> Jurisdictions | None:
        if key not in entry:
            return None
        condition = entry[key]
        return Jurisdictions(
            allow=codes(condition["allow"], "levels", level, key, "allow") if "allow" in condition else None,
            forbid=codes(condition.get("forbid", []), "levels", level, key, "forbid"),
        )

    requirements = [Requirement() for _ in levels]
    for name, entry in data.get("levels", {}).items():
        index = level_index(name, "levels", name)
        requirements[index] = Requirement(
            control=jurisdictions(entry, name, "control"),
            territory=jurisdictions(entry, name, "territory"),
            internal=entry.get("internal", False),
            qualification=entry.get("qualification"),
            presence_counts=entry.get("presence_counts", False),
            suppliers_count=entry.get("suppliers_count", False),
            external_keys_lower=entry.get("external_keys") == "lower",
        )
    repository = data.get("repository", {})
    terms = data.get("waivers", {})

    def waivable(key: str) -> tuple[str, ...] | None:
        accepted = repository.get(key, True)
        if isinstance(accepted, bool):
            return None if accepted else ()
        for position, name in enumerate(accepted):
            if name not in rules:
                known = ", ".join(sorted(rules))
                file.fault(
                    say("no rule {name}.", name=name),
                    "repository",
                    key,
                    position,
                    hint=say("Rules: {names}.", names=known),
                )
        return tuple(accepted)

    policy = Policy(
        id=data.get("id", ""),
        title=data.get("title", ""),
        source=source,
        requirements=tuple(requirements),
        unlabelled=level_index(data["unlabelled"], "unlabelled") if "unlabelled" in data else 0,
        on_unknown=OnUnknown(data.get("on_unknown", "fail")),
        optional_rules=switched_on(file, rules),
        trust=Trust(
            operators=RepositoryWord(repository.get("operators", "gaps")),
            levels=repository.get("levels", True),
            rules=repository.get("rules", True),
            waivers=waivable("waivers"),
            inline_waivers=waivable("inline_waivers"),
            baseline=repository.get("baseline", True),
            catalog=repository.get("catalog", False),
        ),
        waivers=WaiverTerms(
            max_days=terms.get("max_days", WaiverTerms().max_days),
            approver=terms.get("approver", False),
            unused_fails=terms.get("unused") == "fail",
        ),
    )
    return None if file.problems else policy


def switched_on(file: YamlFile, rules: Mapping[str, RuleText]) -> tuple[str, ...]:
    """Return the ids of the optional rules that a file's `rules` switches on; what cannot be is a fault."""
    found: list[str] = []
    for name, state in file.data.get("rules", {}).items():
        on = state in ("on", True)
        if name not in rules:
            file.fault(
                say("no rule {name}.", name=name),
                "rules",
                name,
                hint=say("Rules: {names}.", names=", ".join(sorted(rules))),
            )
        elif not on and not rules[name].optional:
            optional = ", ".join(sorted(one.id for one in rules.values() if one.optional))
            file.fault(
                say("{name} cannot be switched off.", name=name),
                "rules",
                name,
                hint=say("Optional rules: {names}.", names=optional),
            )
        elif on and rules[name].optional:
            found.append(name)
    return tuple(sorted(found))
