"""What a user asks, by whichever front, -> the Request of a run: policy, configuration, whose word counts."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sovereign_guard.catalog import Catalog, load
from sovereign_guard.catalog.discovery import find_repository_file, lies_in_repository, repository_root
from sovereign_guard.errors import UsageError
from sovereign_guard.language import say, say_many
from sovereign_guard.ledger import BASELINE, CATALOG, CONFIGURATION, POLICY, reading
from sovereign_guard.model.policy import OnUnknown, Policy, RepositoryWord, Statements, Trust
from sovereign_guard.model.value import Evidence
from sovereign_guard.model.waiver import Baseline, WaiverTerms
from sovereign_guard.pipeline import Request
from sovereign_guard.read import SourceOptions

if TYPE_CHECKING:
    from sovereign_guard.catalog.statements import Configuration

STDIN = "-"
DEFAULT_POLICY = "three-circles"
_PIPELINE = (
    *("CI", "TF_BUILD", "JENKINS_URL", "BUILD_ID"),
    *("TEAMCITY_VERSION", "CODEBUILD_BUILD_ARN", "bamboo_planKey", "GO_PIPELINE_LABEL"),
)
"""Of these a pipeline sets one: GitHub, GitLab and most others CI, Azure TF_BUILD; Jenkins, TeamCity, AWS
CodeBuild, Bamboo and GoCD their own (https://github.com/watson/ci-info/blob/master/vendors.json)."""


class Wishes(msgspec.Struct, frozen=True):
    """What the options of the command line say, or of another front; each as the user wrote it.

    Attributes:
        policy: id or file. config: file.
        ignore_repo_config: use nothing that lies in the scanned repository but what raises levels.
        inline_waivers: whether waivers in comments count.
        on_unknown: `fail`, `warn`, or `warn-locally`: warn unless this is a pipeline or the configuration
            says otherwise.
        as_of: ISO day.
        source: see SourceOptions.beside.
        assignments, workspace: see SourceOptions.
        environment: of the process; what a run takes of it is listed in its report.

    """

    policy: str | None = None
    config: str | None = None
    ignore_repo_config: bool = False
    inline_waivers: bool = True
    on_unknown: str | None = None
    allow_terraform: bool = False
    as_of: str | None = None
    fail_on: str = "all"
    workspace: str | None = None
    cache: bool = True
    source: str | None = None
    baseline: str | None = None
    catalog: str | None = None
    uses_baseline: bool = True
    assignments: tuple[tuple[str, str], ...] = ()
    environment: Mapping[str, str] = {}


def request_of(paths: tuple[str, ...], wishes: Wishes) -> Request:
    """Return the request that a user's wishes come to.

    Args:
        paths: inputs as written; `-` is standard input.

    Raises:
        UsageError: a file, date or policy is not there or not right; ConfigurationError: with all faults.

    """
    known = load()
    repositories = _repositories(paths)
    configuration = _configuration(wishes.config, repositories, ignored=wishes.ignore_repo_config)
    wanted = wishes.policy or (configuration.policy if configuration else None)
    beside = Path() if wishes.policy or configuration is None else configuration.path.parent
    asked_at = configuration.policy_line if configuration and not wishes.policy else None
    chosen = _policy(wanted, beside, known, repositories, asked_at)
    statements = Statements()
    known, told = _own_catalog(wishes, configuration, repositories, chosen, known)
    if configuration is not None:
        statements, known = configuration.statements(
            known, chosen, policy_is_pinned=wishes.policy is not None
        )
    statements = msgspec.structs.replace(
        statements,
        accepted=(*told.accepted, *statements.accepted),
        refused=(*told.refused, *statements.refused),
    )
    on_unknown = _on_unknown(wishes, statements)
    if on_unknown is not None:
        statements = msgspec.structs.replace(statements, on_unknown=on_unknown)
    ignored = wishes.ignore_repo_config
    if ignored or not wishes.inline_waivers:
        statements = msgspec.structs.replace(statements, inline_waivers=False)
    baseline, statements = _baseline(wishes, configuration, repositories, chosen, statements)
    environment = {
        name: value
        for name, value in wishes.environment.items()
        if name.startswith(("TF_VAR_", "TF_WORKSPACE"))
    }
    return Request(
        paths=paths,
        catalog=known,
        policy=chosen,
        statements=statements,
        day=day_of(wishes.as_of),
        source=SourceOptions(
            assignments=wishes.assignments,
            environment=environment,
            workspace=wishes.workspace,
            cache=wishes.cache,
            beside="" if wishes.source is None and ignored else wishes.source,
        ),
        allow_terraform=wishes.allow_terraform,
        only_introduced=wishes.fail_on == "introduced",
        baseline=baseline,
        root=str(repository_root(Path())),
    )


def day_of(given: str | None) -> str:
    """Return an ISO day: the given one, or today's.

    Raises:
        UsageError: it is not a day.

    """
    if given is None:
        return time.strftime("%Y-%m-%d", time.gmtime())
    try:
        return date(*time.strptime(given, "%Y-%m-%d")[:3]).isoformat()
    except ValueError:
        raise UsageError(
            say("{given!r} is not a date.", given=given), hint=say("Write it as 2026-11-24.")
        ) from None


def in_pipeline(environment: Mapping[str, str]) -> bool:
    """Whether the environment is that of a pipeline."""
    return any(environment.get(name, "") not in ("", "false", "0") for name in _PIPELINE)


def _on_unknown(wishes: Wishes, statements: Statements) -> OnUnknown | None:
    if wishes.on_unknown != "warn-locally":
        return None if wishes.on_unknown is None else OnUnknown(wishes.on_unknown)
    if statements.on_unknown is not None or in_pipeline(wishes.environment):
        return None
    return OnUnknown.WARN


def _own_catalog(
    wishes: Wishes,
    configuration: Configuration | None,
    repositories: tuple[Path, ...],
    policy: Policy,
    known: Catalog,
) -> tuple[Catalog, Statements]:
    """Return the catalog with the organisation's own laid over it, and what is to be told of that."""
    if wishes.catalog is not None:
        path, where = Path(wishes.catalog), "--catalog"
    elif configuration is not None and configuration.catalog is not None:
        path, where = configuration.catalog, configuration.catalog_place
    else:
        return known, Statements()
    if lies_in_repository(path, repositories) and not policy.trust.catalog:
        what = say("catalog {path}: the policy accepts none that lies in the repository", path=path)
        return known, Statements(refused=(Evidence(what, where),))
    if not path.is_dir():
        raise UsageError(
            say("{path} is no folder.", path=path),
            hint=say("A catalog of your own is a folder laid out as rules/catalog/."),
        )
    with reading(CATALOG):
        extended, names = known.laid_over(path)
    return extended, Statements(
        accepted=(Evidence(say("catalog {path}: {names}", path=path, names=", ".join(names)), where),)
    )


def _baseline(
    wishes: Wishes,
    configuration: Configuration | None,
    repositories: tuple[Path, ...],
    policy: Policy,
    statements: Statements,
) -> tuple[Baseline | None, Statements]:
    """Return the baseline in force, and the statements with what was made of it."""
    if not wishes.uses_baseline:
        return None, statements
    if wishes.baseline is not None:
        path, where = Path(wishes.baseline), "--baseline"
    elif configuration is not None and configuration.baseline is not None:
        path, where = configuration.baseline, configuration.baseline_place
    else:
        return None, statements
    inside = lies_in_repository(path, repositories)
    if inside and wishes.ignore_repo_config:
        raise UsageError(
            say("{path} lies in the repository that is judged, of which nothing is to be used.", path=path),
            hint=say("Give a --baseline from outside, or leave out --ignore-repo-config."),
        )
    if inside and not policy.trust.baseline:
        refused = Evidence(
            say("baseline {path}: the policy accepts none that lies in the repository", path=path), where
        )
        return None, msgspec.structs.replace(statements, refused=(*statements.refused, refused))
    from sovereign_guard.catalog.baseline import read_baseline

    with reading(BASELINE):
        baseline = read_baseline(path)
    what = say_many(
        "baseline {path} of {day}: {number} finding stood",
        "baseline {path} of {day}: {number} findings stood",
        len(baseline.entries),
        path=path,
        day=baseline.written,
    )
    accepted = Evidence(what, where)
    return baseline, msgspec.structs.replace(statements, accepted=(*statements.accepted, accepted))


def _repositories(paths: tuple[str, ...]) -> tuple[Path, ...]:
    """Return folders of what is judged: the working directory, and where the inputs lie."""
    return (Path(), *dict.fromkeys(_folder(Path(path)) for path in paths if path != STDIN))


def _folder(path: Path) -> Path:
    return path if os.path.isdir(path) else path.parent  # noqa: PTH112 - never raises


def _configuration(
    given: str | None, repositories: tuple[Path, ...], *, ignored: bool
) -> Configuration | None:
    path = Path(given) if given is not None else None if ignored else find_repository_file(Path())
    if path is None:
        return None
    if given is None:
        # As a user would name it: where a checkout lies on this machine belongs in no report.
        path = Path(os.path.relpath(path))
    inside = given is None or lies_in_repository(path, repositories)
    if inside and ignored:
        raise UsageError(
            say(
                "{given} lies in the repository that is judged, of which nothing is to be used.", given=given
            ),
            hint=say("Give a --config from outside, or leave out --ignore-repo-config."),
        )
    from sovereign_guard.catalog.statements import read_configuration

    with reading(CONFIGURATION):
        return read_configuration(path, from_repository=inside)


def _policy(
    wanted: str | None,
    beside: Path,
    known: Catalog,
    repositories: tuple[Path, ...],
    asked_at: tuple[str, int] | None,
) -> Policy:
    """Return the policy; one that the judged repository has written cannot widen what counts of its word."""
    name = wanted or DEFAULT_POLICY
    if name in known.policies:
        return known.policies[name]
    path = beside / name
    if not path.is_file():
        raise UsageError(
            say("no policy {name!r}: neither a shipped one nor a file.", name=name),
            hint=say("Shipped: {names}.", names=", ".join(known.policies)),
            file=asked_at[0] if asked_at else None,
            line=asked_at[1] if asked_at else None,
        )
    from sovereign_guard.catalog.policies import read_policy

    with reading(POLICY):
        policy = read_policy(path, known.vocabulary.levels, known.rules, tuple(known.policies))
    if not lies_in_repository(path, repositories):
        return policy
    usual = WaiverTerms()
    terms = msgspec.structs.replace(policy.waivers, max_days=min(policy.waivers.max_days, usual.max_days))
    trust = policy.trust
    if trust.operators is RepositoryWord.ANY:
        trust = msgspec.structs.replace(trust, operators=Trust().operators)
    trust = msgspec.structs.replace(trust, catalog=False)
    return msgspec.structs.replace(policy, trust=trust, waivers=terms)
