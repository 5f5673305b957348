"""The command line: the only place that prints and exits."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from click.core import ParameterSource

from sovereign_guard import __version__
from sovereign_guard.errors import (
    EXIT_INTERNAL,
    EXIT_USAGE,
    ConfigurationError,
    SovereignGuardError,
    UsageError,
    reason_of,
)
from sovereign_guard.language import LANGUAGES, lacks_texts, language, say, say_many

if TYPE_CHECKING:
    from sovereign_guard.catalog import Catalog
    from sovereign_guard.model.finding import Report
    from sovereign_guard.model.screen import Detail, Screen
    from sovereign_guard.pipeline import Request

FORMAT_NAMES = (
    "text",
    "json",
    "sarif",
    "junit",
    "gitlab",
    "github",
    "markdown",
    "csv",
    "html",
    "oscal",
    "cyclonedx",
)
"""As in report.FORMATS, which is not imported for `--help`."""

WITH_FLOWS = frozenset({"html", "cyclonedx"})
"""Formats that tell the flows of sensitive data, step by step."""

_LONG_WORK = 20_000_000
"""Bytes of input from which a progress bar is shown on a terminal."""

_AS_IT_STANDS = "\b\n"
"""Begins a paragraph of help that click is not to wrap."""

_EPILOG = _AS_IT_STANDS + say(
    "Exit codes: 0 nothing found; 1 findings; 2 usage or configuration error; 3 some input could not be "
    "read\nor understood as a whole; 4 internal error."
)


def _help(*paragraphs: str, examples: tuple[str, ...] = ()) -> str:
    """Return the help text of a command: said paragraphs, then commands to type, which are not said."""
    shown = (_AS_IT_STANDS + "\n".join(examples),) if examples else ()
    return "\n\n".join((*paragraphs, *shown))


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_EPILOG,
    help=_help(
        say(
            "Fail a Terraform or OpenTofu plan when sensitive data would land under a forbidden jurisdiction."
        ),
        examples=(
            "sovereign-guard scan .",
            "terraform plan -out=tfplan && terraform show -json tfplan > plan.json && "
            "sovereign-guard scan plan.json",
        ),
    ),
)
@click.version_option(__version__, prog_name="sovereign-guard", message="%(prog)s %(version)s")
def cli() -> None:
    """Hold the commands."""


class _Ordered(click.Command):
    """A command that remembers in which order --var and --var-file were given: the last word counts."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        """Note the order before click sorts the options by name."""
        parser = self.make_parser(context)
        _values, _left, order = parser.parse_args(args=list(arguments))
        given: dict[str, list[str]] = {}
        for name in ("variables", "var_file"):
            found = _values.get(name)
            given[name] = list(found) if isinstance(found, list | tuple) else []
        assignments = []
        for parameter in order:
            if given.get(parameter.name):
                kind = "var" if parameter.name == "variables" else "file"
                assignments.append((kind, given[parameter.name].pop(0)))
        context.meta["assignments"] = tuple(assignments)
        return super().parse_args(context, arguments)


def _shared_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every command that judges."""
    for option in reversed(
        (
            click.option(
                "--policy",
                metavar=say("ID|FILE"),
                envvar="SOVEREIGN_GUARD_POLICY",
                help=say("Policy to judge by (default three-circles)."),
            ),
            click.option(
                "--config",
                metavar=say("FILE"),
                envvar="SOVEREIGN_GUARD_CONFIG",
                help=say("Configuration instead of the repository's .sovereign-guard.yaml."),
            ),
            click.option(
                "--ignore-repo-config",
                is_flag=True,
                envvar="SOVEREIGN_GUARD_IGNORE_REPO_CONFIG",
                help=say("Use nothing from the scanned repository."),
            ),
            click.option(
                "--no-inline-waivers",
                is_flag=True,
                envvar="SOVEREIGN_GUARD_NO_INLINE_WAIVERS",
                help=say("Hear no waivers in comments of the source."),
            ),
            click.option(
                "--baseline",
                metavar=say("FILE"),
                envvar="SOVEREIGN_GUARD_BASELINE",
                help=say("What stood when this file was written does not fail the run."),
            ),
            click.option(
                "--catalog",
                metavar=say("DIR"),
                envvar="SOVEREIGN_GUARD_CATALOG",
                help=say("Catalog of your own, laid over the shipped one."),
            ),
            click.option(
                "--on-unknown",
                type=click.Choice(["fail", "warn", "warn-locally"]),
                envvar="SOVEREIGN_GUARD_ON_UNKNOWN",
                help=say(
                    "Over the policy's own `on_unknown`; warn-locally: warn, unless this is a pipeline or "
                    "the configuration says otherwise."
                ),
            ),
            click.option(
                "--allow-terraform",
                is_flag=True,
                help=say("Read binary plans through terraform or tofu: starts programs from their folder."),
            ),
            click.option(
                "--var",
                "variables",
                metavar=say("NAME=VALUE"),
                multiple=True,
                expose_value=False,
                help=say("Value of a root module variable, for source."),
            ),
            click.option(
                "--var-file",
                metavar=say("FILE"),
                multiple=True,
                expose_value=False,
                help=say("File of variable values, for source."),
            ),
            click.option(
                "--workspace", metavar=say("NAME"), help=say("Value of terraform.workspace, for source.")
            ),
            click.option(
                "--source",
                metavar=say("DIR"),
                help=say(
                    "Folder of the source that plans were made from (default: the working directory, where "
                    "it declares the plan's blocks; empty: none)."
                ),
            ),
            click.option(
                "--no-cache",
                is_flag=True,
                help=say("Parse all source anew, and keep nothing of it."),
            ),
            click.option(
                "--as-of",
                metavar=say("DATE"),
                help=say("Day on which ownership and other dated facts are looked at."),
            ),
        )
    ):
        command = option(command)
    return command


@cli.command(
    cls=_Ordered,
    help=_help(
        say("Judge source, plans and states."),
        say(
            "PATH is a folder of source, a plan or state from `terraform show -json`, a state file, or - for "
            "standard input; by default the working directory."
        ),
        examples=(
            "sovereign-guard scan .",
            "sovereign-guard scan plan.json --policy three-circles --fail-on introduced",
            "sovereign-guard scan plan.json -o sarif=sovereignty.sarif -o junit=sovereignty.xml",
        ),
    ),
)
@click.argument("paths", nargs=-1, metavar=say("[PATH]..."))
@_shared_options
@click.option(
    "--fail-on",
    type=click.Choice(["introduced", "all"]),
    default="all",
    show_default=True,
    help=say("Which findings decide the exit code."),
)
@click.option(
    "--format",
    "-f",
    "output_format",
    type=click.Choice(FORMAT_NAMES),
    default="text",
    show_default=True,
    envvar="SOVEREIGN_GUARD_FORMAT",
    help=say("Format of standard output, or of an --output that names none."),
)
@click.option(
    "--output",
    "-o",
    "outputs",
    metavar=say("[FORMAT=]FILE"),
    multiple=True,
    help=say("Write there instead of to standard output; can be repeated, one for each format."),
)
@click.option(
    "--quiet",
    "-q",
    "detail",
    flag_value="quiet",
    help=say("Text: a line for each finding, nothing if there is none."),
)
@click.option(
    "--verbose",
    "-v",
    "detail",
    flag_value="verbose",
    help=say("Text: also what passes, with operator and level."),
)
@click.option("--seal", metavar="DIR", help=say("Also write there what the verdict rests on, with digests."))
@click.option("--seal-key", metavar="FILE", help=say("Sign that with this Ed25519 key (PEM)."))
@click.pass_context
def scan(
    context: click.Context,
    /,
    paths: tuple[str, ...],
    fail_on: str,
    output_format: str,
    outputs: tuple[str, ...],
    detail: str | None,
    seal: str | None,
    seal_key: str | None,
    **options: Any,
) -> None:
    """Judge, and write the reports."""
    from msgspec.structs import replace

    from sovereign_guard.model.screen import Detail
    from sovereign_guard.pipeline import write

    wanted = Detail(detail or "usual")
    asked = context.get_parameter_source("output_format") is ParameterSource.COMMANDLINE
    files = _outputs(outputs, output_format, asked=asked)

    def judge() -> tuple[Request, Report]:
        request = _request(paths or (".",), fail_on=fail_on, **options)
        if any(name in WITH_FLOWS for name, _file in files):
            request = replace(request, flows=True)
        return request, _assess(request)

    if seal is None and seal_key is None:
        report = judge()[1]
    else:
        from sovereign_guard.evidence import sealed

        found = sealed(seal or "", seal_key, judge, {"fail_on": fail_on, **options})
        report = found.report
        click.echo(found.told, err=True)
    for name, file in files:
        _emit(write(report, name, _screen(wanted) if file is None else _plain_screen(wanted)), file)
    if ("text", None) not in files:
        for problem in report.problems:
            _complain(f"{problem.where}: {problem.message} {problem.hint}")
    context.exit(report.exit_code)


def _outputs(given: tuple[str, ...], usual: str, *, asked: bool) -> list[tuple[str, str | None]]:
    """Return format and file of each output; None is standard output.

    Args:
        given: each --output. usual: the format of one that names none.
        asked: whether --format was given: then it is for standard output, unless an --output takes either.

    Raises:
        UsageError: one cannot be, or two would be written over one another.

    """
    files = [_output(one, usual) for one in given]
    taken = any(
        file is None or not _names_format(one) for one, (_name, file) in zip(given, files, strict=True)
    )
    if not files or (asked and not taken):
        files.append((usual, None))
    seen: set[str | None] = set()
    for _name, file in files:
        place = None if file is None else os.path.realpath(file)
        if place in seen:
            raise UsageError(
                say("two reports cannot both be written to {file}.", file=file or say("standard output")),
                hint=say("Give each --output a file of its own."),
            )
        seen.add(place)
    return files


def _output(given: str, usual: str) -> tuple[str, str | None]:
    """Return the format and the file of an --output; None is standard output (`FORMAT=-`)."""
    name, equals, file = given.partition("=")
    if not _names_format(given):
        if given in FORMAT_NAMES:
            raise UsageError(
                say("--output {given}: no file is named.", given=given),
                hint=say("Write --output {given}={given}.out, or ./{given}.", given=given),
            )
        if equals and name.isalpha() and not Path(given).parent.name:
            raise UsageError(
                say("--output {given}: no format {name!r}.", given=given, name=name),
                hint=say("Formats: {names}.", names=", ".join(FORMAT_NAMES)),
            )
        name, file = usual, given
    if not file:
        raise UsageError(
            say("--output {given}: no file is named.", given=given),
            hint=say("Write --output {example}.", example="sarif=report.sarif"),
        )
    return name, None if file == "-" else file


def _names_format(given: str) -> bool:
    """Whether an --output says which format it is for."""
    name, equals, _file = given.partition("=")
    return bool(equals) and name in FORMAT_NAMES


@cli.command(
    help=_help(
        say("Check a folder that `scan --seal` has written, and judge anew where the inputs are at hand."),
        say(
            "Exit codes: 0 intact, and the same verdict; 1 changed, or another verdict; 2 usage; 3 it cannot "
            "be read."
        ),
        examples=("sovereign-guard scan . --seal evidence", "sovereign-guard verify evidence"),
    ),
)
@click.argument("folder", metavar="DIR")
@click.option("--key", metavar="FILE", help=say("Public key (PEM) that must have signed it."))
@click.option(
    "--inputs",
    metavar="DIR",
    help=say("Folder in which the scan was started, or a copy of it (default: the working directory)."),
)
@click.option(
    "--var",
    "variables",
    metavar="NAME=VALUE",
    multiple=True,
    help=say("As the scan was given it: none is sealed."),
)
def verify(folder: str, key: str | None, inputs: str | None, variables: tuple[str, ...]) -> None:
    """Check a sealed folder."""
    from sovereign_guard.evidence import check

    values = dict(one.partition("=")[::2] for one in variables)
    found = check(folder, key, inputs, values, os.environ)
    click.echo("\n".join(found.lines))
    click.get_current_context().exit(found.exit_code)


@cli.command(
    cls=_Ordered,
    help=_help(
        say("Write down what stands today, so that only new findings fail."),
        say(
            "A finding that grows graver, or whose data grows more sensitive, is new. Write it anew as "
            "findings go."
        ),
        examples=(
            "sovereign-guard baseline .",
            "sovereign-guard scan . --baseline .sovereign-guard-baseline.json",
        ),
    ),
)
@click.argument("paths", nargs=-1, metavar=say("[PATH]..."))
@_shared_options
@click.option(
    "--output",
    "-o",
    default=".sovereign-guard-baseline.json",
    show_default=True,
    metavar=say("FILE"),
    help=say("Write there; - is standard output."),
)
@click.pass_context
def baseline(context: click.Context, /, paths: tuple[str, ...], output: str, **options: Any) -> None:
    """Judge, and write the baseline."""
    from sovereign_guard.report.baseline import stands, write

    request = _request(paths or (".",), fail_on="all", uses_baseline=False, **options)
    report = _assess(request)
    for problem in report.problems:
        _complain(f"{problem.where}: {problem.message} {problem.hint}")
    file = None if output == "-" else output
    _emit(write(report, request.root, request.day), file)
    if file:
        told = say_many(
            "{number} finding written to {file}.",
            "{number} findings written to {file}.",
            sum(map(stands, report.findings)),
            file=file,
        )
        click.echo(told, err=True)
    context.exit(report.exit_code if report.problems else 0)


@cli.command(
    cls=_Ordered, help=say("Tell the whole reasoning for one resource of source, a plan or a state.")
)
@click.argument("address", metavar=say("ADDRESS"))
@click.argument("paths", nargs=-1, metavar=say("[PATH]..."))
@_shared_options
@click.pass_context
def explain(context: click.Context, /, address: str, paths: tuple[str, ...], **options: Any) -> None:
    """Judge, and explain one resource."""
    from sovereign_guard.report.explain import explain as explain_one

    request = _request(paths or (".",), fail_on="all", **options)
    report = _assess(request)
    for problem in report.problems:
        _complain(f"{problem.where}: {problem.message} {problem.hint}")
    text = explain_one(report, address, request.catalog, request.day, _screen())
    _emit([text.encode(errors="replace")], None)
    context.exit(report.exit_code if report.problems else 0)


@cli.command(
    cls=_Ordered,
    help=_help(
        say("List what may stand in the place of what fails, and what is lost in the exchange."),
        say(
            "For each kind of service that fails: how many resources, and the offers that the policy would "
            "pass."
        ),
        examples=(
            "sovereign-guard suggest .",
            "sovereign-guard suggest plan.json --policy secnumcloud --format json",
        ),
    ),
)
@click.argument("paths", nargs=-1, metavar=say("[PATH]..."))
@_shared_options
@click.option(
    "--format",
    "-f",
    "output_format",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help=say("Format of standard output, or of --output."),
)
@click.option("--output", "-o", metavar=say("FILE"), help=say("Write there instead of to standard output."))
@click.pass_context
def suggest(
    context: click.Context, /, paths: tuple[str, ...], output_format: str, output: str | None, **options: Any
) -> None:
    """Judge, and tell what may be used instead."""
    from sovereign_guard.model.screen import Detail
    from sovereign_guard.report.suggest import as_json, as_text

    report = _assess(_request(paths or (".",), fail_on="all", **options))
    for problem in report.problems:
        _complain(f"{problem.where}: {problem.message} {problem.hint}")
    screen = _screen() if output is None else _plain_screen(Detail.USUAL)
    text = as_json(report) if output_format == "json" else as_text(report, screen).encode(errors="replace")
    _emit([text], output)
    context.exit(report.exit_code if report.problems else 0)


@cli.command(
    help=_help(
        say("Look at source, plans or states, and write a commented configuration that fits them."),
        say("It says which providers, label keys and hosts are there, and what only you can tell of them."),
        examples=("sovereign-guard init .", "sovereign-guard init plan.json -o -"),
    )
)
@click.argument("paths", nargs=-1, metavar=say("[PATH]..."))
@click.option(
    "--output",
    "-o",
    default=".sovereign-guard.yaml",
    show_default=True,
    metavar=say("FILE"),
    help=say("Write there; - is standard output. A file that exists is left alone."),
)
def init(paths: tuple[str, ...], output: str) -> None:
    """Judge, and write a configuration to start from."""
    from sovereign_guard.catalog.discovery import FILE_NAME, find_repository_file
    from sovereign_guard.onboarding.init import starter
    from sovereign_guard.request import Wishes, request_of

    if output != "-" and os.path.lexists(output):
        raise UsageError(
            say("{file} is there already, and is left as it is.", file=output),
            hint=say("Write to another with --output FILE, or to -."),
        )
    above = find_repository_file(Path()) if output == FILE_NAME else None
    if above is not None:
        raise UsageError(
            say(
                "{file} holds for this folder too, and a new file would hide it.", file=os.path.relpath(above)
            ),
            hint=say("Add to that one what `sovereign-guard init -o -` shows."),
        )
    request = request_of(paths or (".",), Wishes(ignore_repo_config=True, environment=os.environ))
    report = _assess(request)
    for problem in report.problems:
        _complain(f"{problem.where}: {problem.message} {problem.hint}")
    _emit([starter(report, request).encode()], None if output == "-" else output)
    if output != "-":
        told = say(
            "{file} written. Next: sovereign-guard scan {paths}", file=output, paths=" ".join(paths) or "."
        )
        click.echo(told, err=True)
    click.get_current_context().exit(report.exit_code if report.problems else 0)


@cli.command(
    help=say("Look at this installation and its surroundings, and say what is amiss and what to do.")
)
def doctor() -> None:
    """Look, and say what was found."""
    from sovereign_guard.onboarding.doctor import State, checkup
    from sovereign_guard.report.words import paint, wrap

    screen = _screen()
    colours = {State.OK: "green", State.WARNING: "yellow", State.BROKEN: "red"}
    checks = checkup(os.environ, Path())
    for check in checks:
        mark = f"{say(check.state.value):<8}"
        text = say(
            "{what}: {message} {hint}", what=say(check.name), message=check.message, hint=check.hint
        ).rstrip()
        told = wrap(text, screen, f"{mark} ", " " * 9)
        click.echo(told.replace(mark, paint(mark, colours[check.state], screen), 1))
    broken = any(check.state is State.BROKEN for check in checks)
    click.get_current_context().exit(EXIT_USAGE if broken else 0)


@cli.command(
    name="checkov-path",
    help=_help(
        say("Print the folder of our Checkov checks, once it is found to be whole."),
        examples=('checkov -d . --external-checks-dir "$(sovereign-guard checkov-path)"',),
    ),
)
def checkov_path() -> None:
    """Print the folder."""
    from sovereign_guard.for_checkov.path import checks_folder

    click.echo(str(checks_folder()))


@cli.command(
    help=_help(
        say("Print what makes a shell complete our commands and options."),
        examples=(
            'bash:  eval "$(sovereign-guard completion bash)"               in ~/.bashrc',
            'zsh:   eval "$(sovereign-guard completion zsh)"                in ~/.zshrc',
            "fish:  sovereign-guard completion fish | source                in ~/.config/fish/config.fish",
        ),
    )
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script for a shell."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:
        raise UsageError(
            say("no completion for {shell}.", shell=shell), hint=say("There is one for bash, zsh and fish.")
        )
    click.echo(found(cli, {}, "sovereign-guard", "_SOVEREIGN_GUARD_COMPLETE").source())


@cli.command(help=say("List the rules, or tell one of them (SOV001)."))
@click.argument("rule", required=False, metavar=say("[RULE]"))
def rules(rule: str | None) -> None:
    """List rules."""
    from sovereign_guard.report.listings import rule_text, rules_table

    found = _catalog().rules
    if rule is None:
        _emit([rules_table(found, _screen()).encode()], None)
        return
    text = found.get(rule.upper())
    if text is None:
        raise UsageError(
            say("no rule {rule!r}.", rule=rule), hint=say("Rules: {names}.", names=", ".join(found))
        )
    _emit([rule_text(text, _screen()).encode()], None)


@cli.group(help=say("Look into what is known of operators, providers, regions and labels."))
def catalog() -> None:
    """Hold the commands that show the catalog."""


@catalog.command("show", help=say("Show an operator, provider or region table with its sources."))
@click.argument("name", metavar="ID")
def catalog_show(name: str) -> None:
    """Show one entry."""
    from sovereign_guard.report.listings import show

    _emit([show(_catalog(), name, _today(), _screen()).encode()], None)


@catalog.command(
    "coverage",
    cls=_Ordered,
    help=_help(
        say("Tell what the catalog holds, or what of source, plans and states it does not know."),
        examples=("sovereign-guard catalog coverage", "sovereign-guard catalog coverage plan.json"),
    ),
)
@click.argument("paths", nargs=-1, metavar=say("[PATH]..."))
@_shared_options
def catalog_coverage(paths: tuple[str, ...], **options: Any) -> None:
    """Count what is known, or name what is not."""
    from sovereign_guard.onboarding.coverage import counts, gaps
    from sovereign_guard.report.layout import table
    from sovereign_guard.report.words import wrap

    screen = _screen()
    request = _request(paths or (".",), fail_on="all", **options)
    if not paths:
        rows = [(f"{number:,}", what) for what, number in counts(request.catalog)]
        click.echo("\n".join(table((say("number"), say("of")), rows, screen)))
        return
    report = _assess(request)
    for problem in report.problems:
        _complain(f"{problem.where}: {problem.message} {problem.hint}")
    found = gaps(report, request.catalog)
    if found:
        lines = [(f"{one.resources:,}", one.what, one.name) for one in found]
        heads = (say("resources"), say("what"), say("not known"))
        click.echo("\n".join(table(heads, lines, screen)))
        for hint in dict.fromkeys(one.hint for one in found):
            click.echo(wrap(hint, screen, "  "))
    else:
        click.echo(say("The catalog knows all providers, types, hosts, regions and owners that are there."))
    click.get_current_context().exit(report.exit_code if report.problems else 0)


@catalog.command(
    "verify",
    help=_help(
        say("Check every fact of the shipped catalog, or of one of your own (DIR) laid over it."),
        say(
            "Shape, names that lead nowhere, dates that contradict one another, spellings that mean two "
            "things, patterns that are never asked, facts without a source, reviews that are too old."
        ),
    ),
)
@click.argument("folder", required=False, metavar=say("[DIR]"))
@click.option(
    "--as-of", metavar=say("DATE"), help=say("Day by which reviews may be too old; today by default.")
)
def catalog_verify(folder: str | None, as_of: str | None) -> None:
    """Compile, check, and tell every fault."""
    from sovereign_guard.catalog.folder import is_checkout, rules_folder
    from sovereign_guard.catalog.verify import verify
    from sovereign_guard.request import day_of

    day = day_of(as_of)
    known = _catalog()
    rules = rules_folder()
    if is_checkout(rules):
        # Not from what was compiled before: the files are what is asked about.
        from sovereign_guard.catalog.source import compile_rules

        compile_rules(rules)
    if folder is not None:
        known, names = known.laid_over(Path(folder))
        click.echo(f"{folder}: {', '.join(names)}")
    faults = verify(known, day)
    for fault in faults:
        click.echo(f"{fault.where}: {fault.what}.")
    wrong = sum(not fault.stale for fault in faults)
    old = len(faults) - wrong
    click.echo(
        say("{wrong} faults, {old} reviews that are too old, on {day}.", wrong=wrong, old=old, day=day)
    )
    click.get_current_context().exit(EXIT_USAGE if wrong else 0)


def _listing_command(section: str, about: str) -> None:
    @catalog.command(section, help=about)
    def _list() -> None:
        from sovereign_guard.report.listings import listing

        _emit([listing(_catalog(), section, _today(), _screen()).encode()], None)


_listing_command("operators", say("List the operators of the catalog."))
_listing_command("providers", say("List the providers of the catalog."))
_listing_command("regions", say("List the regions of the catalog."))
_listing_command("labels", say("List the labels of the catalog."))


@cli.command(
    help=say("Print a JSON Schema: report, configuration, policy, operator, provider, regions, labels, ...")
)
@click.argument("name", metavar=say("NAME"))
def schema(name: str) -> None:
    """Print one of rules/schemas."""
    from sovereign_guard.catalog.folder import rules_folder

    folder = rules_folder() / "schemas"
    known = sorted(path.name.removesuffix(".schema.json") for path in folder.glob("*.schema.json"))
    if name not in known:
        raise UsageError(
            say("no schema {name!r}.", name=name), hint=say("Schemas: {names}.", names=", ".join(known))
        )
    _emit([(folder / f"{name}.schema.json").read_bytes()], None)


def _speak_too(command: click.Command) -> None:
    """Give a command, and those below it, the option that chooses the language.

    By the time it is parsed `__main__` has chosen: what is left is to refuse a language that is not spoken.
    """
    command.params.append(
        click.Option(
            ["--lang"],
            type=click.Choice(LANGUAGES),
            expose_value=False,
            help=say("Language to speak (default: the environment's)."),
        )
    )
    command.options_metavar = say("[OPTIONS]")
    if isinstance(command, click.Group):
        command.subcommand_metavar = say("COMMAND [ARGS]...")
        for below in command.commands.values():
            _speak_too(below)


_speak_too(cli)


def main() -> None:
    """Run the command line, turning every error into a message and the exit code of the contract."""
    # From here to the end (`_leave`), reports included: a collection looks at millions of values for nothing.
    gc.disable()
    if lacks_texts():
        _complain(f"the texts of the language {language()!r} are not compiled; install the checkout again.")
    try:
        code = cli.main(prog_name="sovereign-guard", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = EXIT_USAGE
    except click.Abort:
        _complain(say("interrupted."))
        code = EXIT_USAGE
    except ConfigurationError as error:
        for problem in error.problems:
            _complain(str(problem))
        code = error.exit_code
    except SovereignGuardError as error:
        _complain(str(error))
        code = error.exit_code
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`); there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = EXIT_INTERNAL
    except Exception as error:
        if os.environ.get("SOVEREIGN_GUARD_DEBUG"):
            raise
        _complain(
            say(
                "internal error, {kind}: {error}. This is a defect of sovereign-guard and no verdict was "
                "reached. Please report it with the output of the same command under "
                "SOVEREIGN_GUARD_DEBUG=1.",
                kind=type(error).__name__,
                error=error,
            )
        )
        code = EXIT_INTERNAL
    _leave(code if isinstance(code, int) else 0)


def _leave(code: int) -> NoReturn:
    """Exit at once: taking millions of values apart first would cost a tenth of a large run."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = code or EXIT_INTERNAL
    os._exit(code)


# -- what a run is asked to do -------------------------------------------------------------------------------


def _request(paths: tuple[str, ...], *, no_inline_waivers: bool, no_cache: bool, **options: Any) -> Request:
    from sovereign_guard.request import Wishes, request_of

    wishes = Wishes(
        **options,
        inline_waivers=not no_inline_waivers,
        cache=not no_cache,
        assignments=click.get_current_context().meta.get("assignments", ()),
        environment=os.environ,
    )
    return request_of(paths, wishes)


def _catalog() -> Catalog:
    from sovereign_guard.catalog import load

    return load()


def _today() -> str:
    from sovereign_guard.request import day_of

    return day_of(None)


# -- terminal ------------------------------------------------------------------------------------------------


def _assess(request: Request) -> Report:
    from sovereign_guard.pipeline import STAGES, assess

    if not sys.stderr.isatty() or _size(request.paths) < _LONG_WORK:
        return assess(request)
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(say(STAGES[0]), total=len(STAGES))

        def advance(stage: str) -> None:
            bar.update(task, description=say(stage), completed=STAGES.index(stage))

        return assess(request, advance)


def _size(paths: tuple[str, ...]) -> int:
    return sum(Path(path).stat().st_size for path in paths if path != "-" and os.path.isfile(path))  # noqa: PTH113


def _screen(detail: Detail | None = None) -> Screen:
    import shutil

    from sovereign_guard.model.screen import Detail, Screen

    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Screen(
        width=min(shutil.get_terminal_size((100, 24)).columns, 140),
        colour=coloured,
        detail=detail or Detail.USUAL,
    )


def _plain_screen(detail: Detail) -> Screen:
    from sovereign_guard.model.screen import Screen

    return Screen(detail=detail)


def _emit(pieces: Iterable[bytes], output: str | None) -> None:
    try:
        if output is None:
            stream = sys.stdout.buffer
            for piece in pieces:
                stream.write(piece)
            stream.flush()
            return
        with Path(output).open("wb") as file:
            file.writelines(pieces)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(
            say("the report cannot be written: {reason}.", reason=reason_of(error)),
            file=output or say("standard output"),
        ) from None


def _complain(text: str) -> None:
    """Tell one thing on standard error, in one line: a name in the input may hold line breaks of its own."""
    from sovereign_guard.report.words import clean

    sys.stderr.write(f"sovereign-guard: {clean(text)}\n")
