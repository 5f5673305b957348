"""A commented `.sovereign-guard.yaml` for an estate that is there already.

Two kinds of lines: `##` is prose, `# ` a setting that is switched off. Take the `# ` off a block and fill in
what is empty, and the file stays valid. What is left empty is refused, or in a waiver makes it cover nothing.
Names from the input stand in comments with their control characters made visible, and in settings only where
they have the plain format that the setting asks for, or in quotes.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from sovereign_guard.catalog import Catalog
from sovereign_guard.language import say, say_many
from sovereign_guard.model.finding import Report
from sovereign_guard.onboarding.estate import Estate, HostSeen, LabelSeen, ProviderSeen, survey
from sovereign_guard.pipeline import Request
from sovereign_guard.report.words import clean

_WIDTH = 100
_LONGEST = 60
_LONGEST_GLOB = 300
_MOST_PROVIDERS = 20
_MOST_HOSTS = 20
_MOST_LABELS = 15
_MOST_KEYS = 25
_MOST_TYPES = 5

_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
_PROVIDER = re.compile(r"([a-z0-9.-]+/)?[a-z0-9_-]+/[a-z0-9_-]+")
_REGISTRY = re.compile(r"[a-z0-9.-]+")
"""As in rules/schemas/configuration.schema.json."""

_RULER = 98


def starter(report: Report, request: Request) -> str:
    """Return the text of a configuration that states nothing yet, and shows what there is to state.

    Args:
        report: of the estate as it stands.
        request: from which the report was made.

    """
    estate = survey(report, request.catalog)
    sections = (
        _head(report, request),
        _estate(estate, request.catalog),
        _policy(report, request.catalog),
        _operators(estate, request.catalog),
        _mirrors(estate),
        _levels(report, estate),
        _findings(report, estate, request),
    )
    return "\n".join(line for section in sections for line in section) + "\n"


# -- sections ------------------------------------------------------------------------------------------------


def _head(report: Report, request: Request) -> Iterator[str]:
    yield from _prose(
        say_many(
            "Written by `sovereign-guard init {paths}` on {day}, from {number:,} input. Nothing here is "
            "switched on: with this file a scan finds the same as without it.",
            "Written by `sovereign-guard init {paths}` on {day}, from {number:,} inputs. Nothing here is "
            "switched on: with this file a scan finds the same as without it.",
            len(report.inventories),
            paths=_paths(request),
            day=request.day,
        )
    )
    yield from _prose(
        say(
            'Settings are the lines with a single #. Take the "# " off a block, fill in '
            'what is "", leave out what does not fit. `sovereign-guard schema '
            "configuration` prints the whole format."
        )
    )
    if report.problems:
        yield from _prose(
            say_many(
                "{number:,} error: not everything could be read, so there may be more than is listed here.",
                "{number:,} errors: not everything could be read, so there may be more than is listed here.",
                len(report.problems),
            )
        )


def _estate(estate: Estate, catalog: Catalog) -> Iterator[str]:
    yield from _title(say("What is there"))
    yield from _prose(say("Providers, the number of their resources, and who operates these:"))
    shown = estate.providers[:_MOST_PROVIDERS]
    wide = max((len(_short(one.address)) for one in shown), default=0)
    for one in shown:
        yield f"##   {_short(one.address):<{wide}}  {one.resources:>6,}  {_run_by(one, catalog)}"
    yield from _more(len(estate.providers) - len(shown))
    if estate.labels:
        yield from _title(say("Labels that say how sensitive data is"))
        labels = estate.labels[:_MOST_LABELS]
        wide = max(len(_label(one)) for one in labels)
        for label in labels:
            yield f"##   {_label(label):<{wide}}  {label.resources:>6,}  {label.meaning}"
        yield from _more(len(estate.labels) - len(labels))
    else:
        yield from _title(say("No label says how sensitive data is"))
    if estate.likely:
        yield from _prose(
            say(
                "These keys look like such labels, and the vocabulary does not know them: {keys}. What they "
                "say is not heard. Add a label that is heard (`sovereign-guard catalog labels`), such as "
                "sovereignty-level, or state levels below.",
                keys=_keys(estate.likely),
            )
        )
    if estate.other:
        yield from _prose(say("Keys that say nothing of that: {keys}.", keys=_keys(estate.other)))
    if estate.hidden:
        yield from _prose(
            say_many(
                "Labels that Terraform marks sensitive, on {number:,} resource, are left out.",
                "Labels that Terraform marks sensitive, on {number:,} resources, are left out.",
                estate.hidden,
            )
        )


def _policy(report: Report, catalog: Catalog) -> Iterator[str]:
    yield from _title(say("Policy"))
    yield from _prose(
        say(
            "Shipped: {names}; or a file of your own, relative to this one.",
            names=", ".join(catalog.policies),
        )
    )
    name = report.policy.id if report.policy.id in catalog.policies else next(iter(catalog.policies))
    yield f"# policy: {name}"
    if report.summary.unknown:
        yield from _prose(
            say_many(
                "{number:,} resource is unknown. Let it warn until you have settled what you can, then take "
                "this out again.",
                "{number:,} resources are unknown. Let them warn until you have settled what you can, then "
                "take this out again.",
                report.summary.unknown,
            )
        )
        yield "# on_unknown: warn"


def _operators(estate: Estate, catalog: Catalog) -> Iterator[str]:
    hosts = [one for one in estate.hosts if _HOST.fullmatch(one.host)]
    providers = [one for one in estate.providers if _statable(one, catalog)]
    strange = [one.host for one in estate.hosts if not _HOST.fullmatch(one.host)]
    strange += [one.address for one in estate.providers if not one.catalogued and one not in providers]
    if not hosts and not providers and not strange:
        return
    yield from _title(say("Whose these are, only you can tell"))
    if hosts or providers:
        yield from _prose(
            say(
                "Until that is stated, sensitive data there is `unknown`. An id of "
                "`sovereign-guard catalog operators` brings its facts with it: then leave out "
                "name, seat, controlled_from and internal. Hosts of one operator go into one "
                "entry. For a provider it must hold of all its resources."
            )
        )
        yield "# operators:"
    for host in hosts[:_MOST_HOSTS]:
        yield f'#   - endpoints: ["{host.host}"]  ## {_reached(host)}'
        yield from _entry()
    yield from _more(len(hosts) - _MOST_HOSTS)
    for one in providers[:_MOST_PROVIDERS]:
        if not one.catalogued:
            why = say_many(
                "{number:,} resource: not in the catalog",
                "{number:,} resources: not in the catalog",
                one.resources,
            )
        else:
            why = say_many(
                "{number:,} resource: no endpoint is told",
                "{number:,} resources: no endpoint is told",
                one.resources,
            )
        yield f'#   - providers: ["{one.address}"]  ## {why}'
        yield from _entry()
    yield from _more(len(providers) - _MOST_PROVIDERS)
    if strange:
        names = ", ".join(_short(name) for name in strange[:_MOST_HOSTS])
        yield from _prose(
            say(
                "These cannot be stated, since they are no plain host names or addresses: {names}.",
                names=names,
            )
        )
        yield from _more(len(strange) - _MOST_HOSTS)


def _entry() -> Iterator[str]:
    yield '#     id: ""'
    yield '#     name: ""'
    yield '#     seat: ""              ## ' + say("country, as FR")
    yield "#     controlled_from: []   ## " + say("countries of whoever controls it; none: not known")
    yield "#     internal: false       ## " + say("true: your own cloud")
    yield '#     reason: ""'


def _mirrors(estate: Estate) -> Iterator[str]:
    hosts = [host for host in estate.mirrors if _REGISTRY.fullmatch(host)]
    if not hosts:
        return
    yield from _title(say("Registries that serve providers of the public registry"))
    yield from _prose(
        say(
            "If these are mirrors of it, their providers are those that the catalog knows. "
            "This counts only in a file from outside the repository, given with --config, "
            "unless the policy trusts the repository."
        )
    )
    yield f"# mirrors: [{', '.join(_quoted(host) for host in hosts[:_MOST_HOSTS])}]"


def _levels(report: Report, estate: Estate) -> Iterator[str]:
    if not estate.unlabelled:
        return
    yield from _title(say("Data without a label"))
    number = sum(found for _type, found, _address in estate.unlabelled)
    level = report.levels[report.policy.unlabelled]
    types = ", ".join(
        f"{_short(name)} {found:,}" for name, found, _address in estate.unlabelled[:_MOST_TYPES]
    )
    rest = len(estate.unlabelled) - _MOST_TYPES
    if rest > 0:
        types = say("{names} and {number} more types", names=types, number=rest)
    yield from _prose(
        say_many(
            "{number:,} resource that may hold data is judged as {level}, for want of a label: {types}. "
            "Label them, or state their level here: it can only raise. The address is a glob.",
            "{number:,} resources that may hold data are judged as {level}, for want of a label: {types}. "
            "Label them, or state their level here: it can only raise. The address is a glob.",
            number,
            level=level,
            types=types,
        )
    )
    yield "# levels:"
    yield f"#   - address: {_quoted(_glob(estate.unlabelled[0][2]))}"
    yield f'#     level: ""             ## {", ".join(report.levels)}'
    yield '#     reason: ""'
    yield from _prose(say("Once all are labelled, let none be forgotten:"))
    yield '# rules: {SOV007: "on"}'


def _findings(report: Report, estate: Estate, request: Request) -> Iterator[str]:
    yield from _title(say("Findings"))
    number = len(report.findings)
    failing = sum(map(report.decides, report.findings))
    if not number:
        yield from _prose(say("None today."))
        return
    today = say_many("{number:,} finding today", "{number:,} findings today", number)
    if failing:
        yield from _prose(
            say_many(
                "{today}, of which {number:,} makes a run fail.",
                "{today}, of which {number:,} make a run fail.",
                failing,
                today=today,
            )
        )
        yield from _prose(
            say(
                "To let only new ones fail, settle what is above, write down what is left with "
                "`sovereign-guard baseline {paths}`, and switch this on. Write it anew as findings go.",
                paths=_paths(request),
            )
        )
    else:
        yield from _prose(say("{today}, none of which makes a run fail.", today=today))
    if failing:
        yield "# baseline: .sovereign-guard-baseline.json"
    if estate.waivable:
        rule, address = estate.waivable
        yield from _prose(
            say_many(
                "A decision to live with a finding, with its end (at most {number:,} day from now) and its "
                "reason:",
                "A decision to live with a finding, with its end (at most {number:,} days from now) and its "
                "reason:",
                report.policy.waivers.max_days,
            )
        )
        yield "# waivers:"
        yield f"#   - address: {_quoted(_glob(address))}"
        yield f"#     rules: [{rule}]"
        yield '#     until: ""             ## ' + say("the last day, as 2027-03-31")
        if report.policy.waivers.approver:
            yield '#     approver: ""'
        yield '#     reason: ""'


# -- words ---------------------------------------------------------------------------------------------------


def _statable(one: ProviderSeen, catalog: Catalog) -> bool:
    """Whether a statement about a provider would be heard, and is wanted."""
    if not _PROVIDER.fullmatch(one.address):
        return False
    if one.catalogued:
        return one.unset > 0
    host, _slash, rest = one.address.partition("/")
    return one.unknown > 0 and not ("/" in rest and catalog.provider(rest, "") and _REGISTRY.fullmatch(host))


def _run_by(one: ProviderSeen, catalog: Catalog) -> str:
    if one.nothing:
        return say("places nothing")
    names = []
    for name in one.operators:
        operator = catalog.operator(name)
        names.append(f"{operator.name} ({operator.seat.country})" if operator else name)
    if one.unknown:
        if not one.catalogued:
            names.append(say("not in the catalog"))
        elif one.unknown == one.resources and not names:
            names.append(say("not known"))
        else:
            names.append(say("not known for {number:,}", number=one.unknown))
    return clean(", ".join(names))


def _reached(host: HostSeen) -> str:
    names = ", ".join(
        (*(_short(name) for name in host.providers[:3]), *(["..."] if host.providers[3:] else ()))
    )
    return say_many(
        "{number:,} resource of {providers}",
        "{number:,} resources of {providers}",
        host.resources,
        providers=names,
    )


def _label(one: LabelSeen) -> str:
    return f"{_short(one.key)} = {_short(one.value)}" if one.key else _short(one.value)


def _keys(keys: tuple[tuple[str, int], ...]) -> str:
    names = ", ".join(f"{_short(key)} ({number:,})" for key, number in keys[:_MOST_KEYS])
    rest = len(keys) - _MOST_KEYS
    return say("{names} and {number:,} more", names=names, number=rest) if rest > 0 else names


def _paths(request: Request) -> str:
    return " ".join(shlex.quote(path) for path in request.paths)


def _glob(address: str) -> str:
    """Return a glob that fits an address, of bounded length and without control characters."""
    text = "".join(char if char.isprintable() else "?" for char in address[:_LONGEST_GLOB])
    return text if len(address) <= _LONGEST_GLOB else f"{text}*"


def _quoted(text: str) -> str:
    """Return a printable text in double quotes, as YAML has it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _short(text: str) -> str:
    text = clean(text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _title(text: str) -> Iterator[str]:
    yield ""
    yield f"## -- {text} ".ljust(_RULER, "-")


def _more(number: int) -> Iterator[str]:
    if number > 0:
        yield "##   " + say("and {number:,} more", number=number)


def _prose(text: str) -> Iterator[str]:
    line = "##"
    for word in clean(text).split(" "):
        if len(line) + 1 + len(word) > _WIDTH and line != "##":
            yield line
            line = "##"
        line = f"{line} {word}"
    yield line
