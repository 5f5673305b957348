"""Where states lie: a root module's own, and those that `terraform_remote_state` reads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sovereign_guard.catalog import Catalog
from sovereign_guard.catalog.catalog import BACKEND
from sovereign_guard.catalog.data import BackendKind
from sovereign_guard.language import later, say
from sovereign_guard.model.resource import (
    Backend,
    Change,
    Directive,
    Family,
    ProviderConfiguration,
    Resource,
    TreeAttributes,
)
from sovereign_guard.model.value import Reason, Sensitive, Tree, Unknown, plain, walk
from sovereign_guard.model.waiver import Waiver
from sovereign_guard.model.wording import both
from sovereign_guard.read.hcl.language.values import EvaluationError
from sovereign_guard.read.hcl.project.encryption import Encryption
from sovereign_guard.read.hcl.project.estate import Estate
from sovereign_guard.read.hcl.project.instance import BodyAttributes, ModuleInstance, any_number, suffix

MODE = "backend"

_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*"
_URL = re.compile(rf"(?P<scheme>{_SCHEME})://(?P<authority>[^/?#\s]*)(?P<path>[^?#\s]*)(?P<rest>\S*)")
_PAIR = re.compile(
    r"\s*(?P<name>[A-Za-z_]+)\s*=\s*(?:'(?P<quoted>(?:[^'\\]|\\.)*)'|(?P<bare>[^\s']*))(?=\s|\Z)"
)
_ADDRESSES = re.compile(rf"{_SCHEME}://\S+(?:\s+{_SCHEME}://\S+)+")
_SERVICE = "{service}"


def backends_of(estate: Estate) -> tuple[Backend, ...]:
    """Return the backend of a root module, where it has one, and the states that it and what it calls read.

    Terraform ignores the backends of modules that are called. Without one, state is a file beside the module.
    """
    encryption = Encryption(estate.root.module.encryptions, estate.root.evaluator)
    found = list(_own(estate, encryption))
    if any(module.remote_states for module in estate.used.values()):
        for instance in _instances(estate.root):
            for address in instance.module.remote_states:
                found.extend(_read(estate.catalog, instance, address, encryption))
    return tuple(found)


def _instances(root: ModuleInstance) -> Iterator[ModuleInstance]:
    waiting = [root]
    while waiting:
        instance = waiting.pop()
        yield instance
        for name in reversed(instance.module.calls):
            waiting.extend(reversed(instance.children(name) or ()))


# -- the backend of the root module --------------------------------------------------------------------------


def _own(estate: Estate, encryption: Encryption) -> Iterator[Backend]:
    root = estate.root
    section = root.module.backend
    said = encryption.of_state()
    untold = estate.unit.state if estate.unit is not None else None
    if section is None:
        if untold is not None:
            resource = _placed("terraform.backend", "", {}, untold, file=estate.path)
            yield Backend(resource, own=True, encryption=said)
        return
    kind = section.labels[0] if section.labels else section.type
    address = f"terraform.{section.type}" if section.type == kind else f"terraform.{section.type}.{kind}"
    written = BodyAttributes(section, root.evaluator, {}, address).everything(frozenset())
    settings, unknown = _understood(
        estate.catalog.backend(kind),
        written,
        address,
        later("no {names}, so it is completed by -backend-config or the environment, which are not read"),
    )
    line, column = section.position
    resource = _placed(
        address,
        kind,
        settings,
        untold or unknown,
        file=section.file.path,
        line=line,
        column=column,
        directives=root.module.directives_at(section),
    )
    yield Backend(resource, own=True, encryption=said)


def _placed(
    address: str,
    kind: str,
    settings: dict[str, Tree],
    unknown: Unknown | None,
    *,
    module: str = "",
    index: int | str | None = None,
    file: str | None = None,
    line: int | None = None,
    column: int | None = None,
    directives: tuple[Directive | Waiver, ...] = (),
) -> Resource:
    """Return what stands for a state, as if its kind of backend were a provider with one resource."""
    provider = BACKEND + kind if kind else ""
    configuration = ProviderConfiguration(f"{MODE}.{kind}" if kind else MODE, provider, settings, unknown)
    return Resource(
        address,
        module,
        index,
        Family(MODE, kind, provider, (configuration,)),
        Change.CREATE,
        TreeAttributes(settings),
        None,
        None,
        file=file,
        line=line,
        column=column,
        directives=directives,
    )


# -- states that are read ------------------------------------------------------------------------------------


def _read(
    catalog: Catalog, instance: ModuleInstance, address: str, encryption: Encryption
) -> Iterator[Backend]:
    section = instance.module.resources[address]
    try:
        expansion = instance.expansion(section)
    except EvaluationError as error:
        expansion = any_number(Unknown(Reason.UNSUPPORTED, section.place, str(error)), "count")
    line, column = section.position
    for place in expansion.places:
        full = f"{instance.address}.{address}" if instance.address else address
        full += suffix(place.key, expansion)
        named, config = instance.body(address, place).select(("backend", "config"))
        kind = plain(named)
        unknown = kind if isinstance(kind, Unknown) else None
        if unknown is None and (not isinstance(kind, str) or not kind):
            unknown = Unknown(Reason.UNSUPPORTED, full, say("its backend is not named"))
        written, untold = _config(config, full)
        kind = "" if unknown is not None else kind
        settings, incomplete = _understood(
            catalog.backend(kind),
            written,
            full,
            later("no {names}, so it is completed by the environment, which is not read"),
        )
        resource = _placed(
            full,
            kind,
            settings,
            unknown or untold or incomplete,
            module=instance.address,
            index=place.key,
            file=section.file.path,
            line=line,
            column=column,
            directives=instance.directives_at(section),
        )
        yield Backend(resource, own=False, encryption=encryption.of_remote_state(full))


def _config(config: Tree, origin: str) -> tuple[dict[str, Tree], Unknown | None]:
    """Return the arguments in `config` (a block, before Terraform 0.12), and why they are not known."""
    hidden = isinstance(config, Sensitive)
    config = plain(config)
    if isinstance(config, list) and len(config) == 1:
        config = plain(config[0])
    if config is None:
        return {}, None
    if isinstance(config, Unknown):
        return {}, config
    if not isinstance(config, dict):
        return {}, Unknown(Reason.UNSUPPORTED, f"{origin}.config", say("this is no object"))
    if hidden:
        config = {name: _marked(value) for name, value in config.items()}
    return config, None


def _marked(value: Tree) -> Tree:
    return value if value is None or isinstance(value, Unknown | Sensitive) else Sensitive(value)


# -- what arguments say --------------------------------------------------------------------------------------


def _understood(
    kind: BackendKind | None, written: dict[str, Tree], origin: str, elsewhere: str
) -> tuple[dict[str, Tree], Unknown | None]:
    """Return arguments as they are looked at, and an Unknown where some are given elsewhere.

    Of what holds credentials, the host alone is kept.

    Args:
        kind: of backend; None where it is not known. written: the arguments. origin: where they stand.
        elsewhere: what is said of the `{names}` that are missing: what else can give them.

    """
    settings = {name: _without_credentials(value, f"{origin}.{name}") for name, value in written.items()}
    if kind is None:
        return settings, None
    for old, path in kind.renamed.items():
        _move(settings, old, tuple(path.split(".")))
    missing = [name for name in kind.required if plain(settings.get(name)) in (None, "")]
    if not missing or _points(kind, settings):
        return settings, None
    return settings, Unknown(Reason.NOT_SET, origin, say(elsewhere, names=both(missing)))


def _move(settings: dict[str, Tree], old: str, path: tuple[str, ...]) -> None:
    """Give an argument its newer name, where that is not set."""
    value = settings.get(old)
    if plain(value) in (None, "") or walk(settings, path):
        return
    holder = settings
    for name in path[:-1]:
        below = plain(holder.get(name))
        holder[name] = below = dict(below) if isinstance(below, dict) else {}
        holder = below
    holder[path[-1]] = value


def _points(kind: BackendKind, settings: dict[str, Tree]) -> bool:
    """Whether the arguments themselves say where the state goes."""
    keys = [key for service in kind.table.services for key in service.keys]
    for setting in kind.provider.endpoints:
        for key in keys if _SERVICE in setting.setting else ("",):
            path = tuple(setting.setting.replace(_SERVICE, key).split("."))
            if any(plain(node) not in ("", []) for node in walk(settings, path)):
                return True
    return False


def _without_credentials(tree: Tree, origin: str) -> Tree:
    """Return a value in which URLs and connection strings are cut down to scheme, host and path."""
    if isinstance(tree, Sensitive):
        return _marked(_without_credentials(tree.value, origin))
    if isinstance(tree, dict):
        return {name: _without_credentials(part, f"{origin}.{name}") for name, part in tree.items()}
    if isinstance(tree, list):
        return [_without_credentials(part, origin) for part in tree]
    if not isinstance(tree, str):
        return tree
    text = tree.strip()
    if _ADDRESSES.fullmatch(text):
        return [_url(one, origin) for one in text.split()]
    if "://" in text.partition("=")[0]:
        return _url(text, origin)
    pairs = _pairs(text)
    if pairs is None:
        return tree
    return pairs.get("hostaddr") or pairs.get("host") or _unnamed(origin)


def _url(text: str, origin: str) -> Tree:
    found = _URL.fullmatch(text)
    if found is None or found["authority"].count("@") > 1:
        return Unknown(Reason.NOT_STATED, origin, say("this is not a plain URL or host name"))
    host = found["authority"].rpartition("@")[2]
    # PostgreSQL's parameters count for more than what stands before the path.
    given = re.search(r"[?&]host(?:addr)?=([^&#]*)", found["rest"])
    if given is not None and found["scheme"].lower() in ("postgres", "postgresql"):
        return given[1] or _unnamed(origin)
    if not host:
        return _unnamed(origin)
    return f"{found['scheme']}://{host}{found['path']}"


def _pairs(text: str) -> dict[str, str] | None:
    """Return what a connection string of the form `host=... user=...` says; None where it is none."""
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _PAIR.match(text, at)
        if match is None:
            return None
        found[match["name"].lower()] = match["quoted"] if match["bare"] is None else match["bare"]
        at = match.end()
    known = {"host", "hostaddr", "user", "password", "dbname", "port", "service", "passfile"}
    return found if known & found.keys() else None


def _unnamed(origin: str) -> Unknown:
    return Unknown(Reason.NOT_SET, origin, say("the connection string names no host"))
