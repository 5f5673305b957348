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
)

if TYPE_CHECKING:
    from sovereign_guard.catalog import Catalog
    from sovereign_guard.model.finding import Report
    from sovereign_guard.model.screen import Detail, Screen
    from sovereign_guard.pipeline import Request

FORMAT_NAMES = ("text", "json", "sarif", "junit", "gitlab", "github", "markdown", "csv", "html")
"""As in report.FORMATS, which is not imported for `--help`."""

WITH_FLOWS = frozenset({"html"})
"""Formats that draw the flows of sensitive data, step by step."""

_LONG_WORK = 20_000_000
"""Bytes of input from which a progress bar is shown on a terminal."""

_EPILOG = """\b
Exit codes: 0 nothing found; 1 findings; 2 usage or configuration error; 3 some input could not be read
or understood as a whole; 4 internal error.
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EPILOG)
@click.version_option(__version__, prog_name="sovereign-guard", message="%(prog)s %(version)s")
def cli() -> None:
    """Fail a Terraform or OpenTofu plan when sensitive data would land under a forbidden jurisdiction.

    \b
    sovereign-guard scan .
    terraform plan -out=tfplan && terraform show -json tfplan > plan.json && sovereign-guard scan plan.json
    """  # noqa: D301 - click reads the escape


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
                metavar="ID|FILE",
                envvar="SOVEREIGN_GUARD_POLICY",
                help="Policy to judge by (default three-circles).",
            ),
            click.option(
                "--config",
                metavar="FILE",
                envvar="SOVEREIGN_GUARD_CONFIG",
                help="Configuration instead of the repository's .sovereign-guard.yaml.",
            ),
            click.option(
                "--ignore-repo-config",
                is_flag=True,
                envvar="SOVEREIGN_GUARD_IGNORE_REPO_CONFIG",
                help="Use nothing from the scanned repository.",
            ),
            click.option(
                "--no-inline-waivers",
                is_flag=True,
                envvar="SOVEREIGN_GUARD_NO_INLINE_WAIVERS",
                help="Hear no waivers in comments of the source.",
            ),
            click.option(
                "--baseline",
                metavar="FILE",
                envvar="SOVEREIGN_GUARD_BASELINE",
                help="What stood when this file was written does not fail the run.",
            ),
            click.option(
                "--catalog",
                metavar="DIR",
                envvar="SOVEREIGN_GUARD_CATALOG",
                help="Catalog of your own, laid over the shipped one.",
            ),
            click.option(
                "--on-unknown",
                type=click.Choice(["fail", "warn", "warn-locally"]),
                envvar="SOVEREIGN_GUARD_ON_UNKNOWN",
                help="Over the policy's own `on_unknown`; warn-locally: warn, unless this is a pipeline or "
                "the configuration says otherwise.",
            ),
            click.option(
                "--allow-terraform",
                is_flag=True,
                help="Read binary plans through terraform or tofu: starts programs from their folder.",
            ),
            click.option(
                "--var",
                "variables",
                metavar="NAME=VALUE",
                multiple=True,
                expose_value=False,
                help="Value of a root module variable, for source.",
            ),
            click.option(
                "--var-file",
                metavar="FILE",
                multiple=True,
                expose_value=False,
                help="File of variable values, for source.",
            ),
            click.option("--workspace", metavar="NAME", help="Value of terraform.workspace, for source."),
            click.option(
                "--source",
                metavar="DIR",
                help="Folder of the source that plans were made from (default: the working directory, where "
                "it declares the plan's blocks; empty: none).",
            ),
            click.option(
                "--no-cache",
                is_flag=True,
                help="Parse all source anew, and keep nothing of it.",
            ),
            click.option(
                "--as-of", metavar="DATE", help="Day on which ownership and other dated facts are looked at."
            ),
        )
    ):
        command = option(command)
    return command


@cli.command(cls=_Ordered)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@_shared_options
@click.option(
    "--fail-on",
    type=click.Choice(["introduced", "all"]),
    default="all",
    show_default=True,
    help="Which findings decide the exit code.",
)
@click.option(
    "--format",
    "-f",
    "output_format",
    type=click.Choice(FORMAT_NAMES),
    default="text",
    show_default=True,
    envvar="SOVEREIGN_GUARD_FORMAT",
    help="Format of standard output, or of an --output that names none.",
)
@click.option(
    "--output",
    "-o",
    "outputs",
    metavar="[FORMAT=]FILE",
    multiple=True,
    help="Write there instead of to standard output; can be repeated, one for each format.",
)
@click.option(
    "--quiet",
    "-q",
    "detail",
    flag_value="quiet",
    help="Text: a line for each finding, nothing if there is none.",
)
@click.option(
    "--verbose", "-v", "detail", flag_value="verbose", help="Text: also what passes, with operator and level."
)
@click.pass_context
def scan(
    context: click.Context,
    /,
    paths: tuple[str, ...],
    fail_on: str,
    output_format: str,
    outputs: tuple[str, ...],
    detail: str | None,
    **options: Any,
) -> None:
    """Judge source, plans and states.

    PATH is a folder of source, a plan or state from `terraform show -json`, a state file, or - for standard
    input; by default the working directory.

    \b
    sovereign-guard scan .
    sovereign-guard scan plan.json --policy three-circles --fail-on introduced
    sovereign-guard scan plan.json -o sarif=sovereignty.sarif -o junit=sovereignty.xml
    """  # noqa: D301 - click reads the escape
    from msgspec.structs import replace

    from sovereign_guard.model.screen import Detail
    from sovereign_guard.pipeline import write

    wanted = Detail(detail or "usual")
    asked = context.get_parameter_source("output_format") is ParameterSource.COMMANDLINE
    files = _outputs(outputs, output_format, asked=asked)
    request = _request(paths or (".",), fail_on=fail_on, **options)
    if any(name in WITH_FLOWS for name, _file in files):
        request = replace(request, flows=True)
    report = _assess(request)
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
                f"two reports cannot both be written to {file or 'standard output'}.",
                hint="Give each --output a file of its own.",
            )
        seen.add(place)
    return files


def _output(given: str, usual: str) -> tuple[str, str | None]:
    """Return the format and the file of an --output; None is standard output (`FORMAT=-`)."""
    name, equals, file = given.partition("=")
    if not _names_format(given):
        if given in FORMAT_NAMES:
            raise UsageError(
                f"--output {given}: no file is named.",
                hint=f"Write --output {given}={given}.out, or ./{given}.",
            )
        if equals and name.isalpha() and not Path(given).parent.name:
            raise UsageError(
                f"--output {given}: no format {name!r}.", hint=f"Formats: {', '.join(FORMAT_NAMES)}."
            )
        name, file = usual, given
    if not file:
        raise UsageError(f"--output {given}: no file is named.", hint="Write --output sarif=report.sarif.")
    return name, None if file == "-" else file


def _names_format(given: str) -> bool:
    """Whether an --output says which format it is for."""
    name, equals, _file = given.partition("=")
    return bool(equals) and name in FORMAT_NAMES


@cli.command(cls=_Ordered)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@_shared_options
@click.option(
    "--output",
    "-o",
    default=".sovereign-guard-baseline.json",
    show_default=True,
    metavar="FILE",
    help="Write there; - is standard output.",
)
@click.pass_context
def baseline(context: click.Context, /, paths: tuple[str, ...], output: str, **options: Any) -> None:
    """Write down what stands today, so that only new findings fail.

    A finding that grows graver, or whose data grows more sensitive, is new. Write it anew as findings go.

    \b
    sovereign-guard baseline .
    sovereign-guard scan . --baseline .sovereign-guard-baseline.json
    """  # noqa: D301 - click reads the escape
    from sovereign_guard.report.baseline import stands, write

    request = _request(paths or (".",), fail_on="all", uses_baseline=False, **options)
    report = _assess(request)
    for problem in report.problems:
        _complain(f"{problem.where}: {problem.message} {problem.hint}")
    file = None if output == "-" else output
    _emit(write(report, request.root, request.day), file)
    if file:
        number = sum(map(stands, report.findings))
        click.echo(f"{number} finding{'' if number == 1 else 's'} written to {file}.", err=True)
    context.exit(report.exit_code if report.problems else 0)


@cli.command(cls=_Ordered)
@click.argument("address")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@_shared_options
@click.pass_context
def explain(context: click.Context, /, address: str, paths: tuple[str, ...], **options: Any) -> None:
    """Tell the whole reasoning for one resource of source, a plan or a state."""
    from sovereign_guard.report.explain import explain as explain_one

    request = _request(paths or (".",), fail_on="all", **options)
    report = _assess(request)
    for problem in report.problems:
        _complain(f"{problem.where}: {problem.message} {problem.hint}")
    text = explain_one(report, address, request.catalog, request.day, _screen())
    _emit([text.encode(errors="replace")], None)
    context.exit(report.exit_code if report.problems else 0)


@cli.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--output",
    "-o",
    default=".sovereign-guard.yaml",
    show_default=True,
    metavar="FILE",
    help="Write there; - is standard output. A file that exists is left alone.",
)
def init(paths: tuple[str, ...], output: str) -> None:
    """Look at source, plans or states, and write a commented configuration that fits them.

    It says which providers, label keys and hosts are there, and what only you can tell of them.

    \b
    sovereign-guard init .
    sovereign-guard init plan.json -o -
    """  # noqa: D301 - click reads the escape
    from sovereign_guard.catalog.discovery import FILE_NAME, find_repository_file
    from sovereign_guard.onboarding.init import starter
    from sovereign_guard.request import Wishes, request_of

    if output != "-" and os.path.lexists(output):
        raise UsageError(
            f"{output} is there already, and is left as it is.",
            hint="Write to another with --output FILE, or to -.",
        )
    above = find_repository_file(Path()) if output == FILE_NAME else None
    if above is not None:
        raise UsageError(
            f"{os.path.relpath(above)} holds for this folder too, and a new file would hide it.",
            hint="Add to that one what `sovereign-guard init -o -` shows.",
        )
    request = request_of(paths or (".",), Wishes(ignore_repo_config=True, environment=os.environ))
    report = _assess(request)
    for problem in report.problems:
        _complain(f"{problem.where}: {problem.message} {problem.hint}")
    _emit([starter(report, request).encode()], None if output == "-" else output)
    if output != "-":
        click.echo(f"{output} written. Next: sovereign-guard scan {' '.join(paths) or '.'}", err=True)
    click.get_current_context().exit(report.exit_code if report.problems else 0)


@cli.command()
def doctor() -> None:
    """Look at this installation and its surroundings, and say what is amiss and what to do."""
    from sovereign_guard.onboarding.doctor import State, checkup
    from sovereign_guard.report.words import paint, wrap

    screen = _screen()
    colours = {State.OK: "green", State.WARNING: "yellow", State.BROKEN: "red"}
    checks = checkup(os.environ, Path())
    for check in checks:
        mark = f"{check.state.value:<8}"
        told = wrap(f"{check.name}: {check.message} {check.hint}".rstrip(), screen, f"{mark} ", " " * 9)
        click.echo(told.replace(mark, paint(mark, colours[check.state], screen), 1))
    broken = any(check.state is State.BROKEN for check in checks)
    click.get_current_context().exit(EXIT_USAGE if broken else 0)


@cli.command(name="checkov-path")
def checkov_path() -> None:
    """Print the folder of our Checkov checks, once it is found to be whole.

    \b
    checkov -d . --external-checks-dir "$(sovereign-guard checkov-path)"
    """  # noqa: D301 - click reads the escape
    from sovereign_guard.for_checkov.path import checks_folder

    click.echo(str(checks_folder()))


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes a shell complete our commands and options.

    \b
    bash:  eval "$(sovereign-guard completion bash)"               in ~/.bashrc
    zsh:   eval "$(sovereign-guard completion zsh)"                in ~/.zshrc
    fish:  sovereign-guard completion fish | source                in ~/.config/fish/config.fish
    """  # noqa: D301 - click reads the escape
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:
        raise UsageError(f"no completion for {shell}.", hint="There is one for bash, zsh and fish.")
    click.echo(found(cli, {}, "sovereign-guard", "_SOVEREIGN_GUARD_COMPLETE").source())


@cli.command()
@click.argument("rule", required=False)
def rules(rule: str | None) -> None:
    """List the rules, or tell one of them (SOV001)."""
    from sovereign_guard.report.listings import rule_text, rules_table

    found = _catalog().rules
    if rule is None:
        _emit([rules_table(found, _screen()).encode()], None)
        return
    text = found.get(rule.upper())
    if text is None:
        raise UsageError(f"no rule {rule!r}.", hint=f"Rules: {', '.join(found)}.")
    _emit([rule_text(text, _screen()).encode()], None)


@cli.group()
def catalog() -> None:
    """Look into what is known of operators, providers, regions and labels."""


@catalog.command("show")
@click.argument("name", metavar="ID")
def catalog_show(name: str) -> None:
    """Show an operator, provider or region table with its sources."""
    from sovereign_guard.report.listings import show

    _emit([show(_catalog(), name, _today(), _screen()).encode()], None)


@catalog.command("coverage", cls=_Ordered)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@_shared_options
def catalog_coverage(paths: tuple[str, ...], **options: Any) -> None:
    """Tell what the catalog holds, or what of source, plans and states it does not know.

    \b
    sovereign-guard catalog coverage
    sovereign-guard catalog coverage plan.json
    """  # noqa: D301 - click reads the escape
    from sovereign_guard.onboarding.coverage import counts, gaps
    from sovereign_guard.report.layout import table
    from sovereign_guard.report.words import wrap

    screen = _screen()
    request = _request(paths or (".",), fail_on="all", **options)
    if not paths:
        rows = [(f"{number:,}", what) for what, number in counts(request.catalog)]
        click.echo("\n".join(table(("number", "of"), rows, screen)))
        return
    report = _assess(request)
    for problem in report.problems:
        _complain(f"{problem.where}: {problem.message} {problem.hint}")
    found = gaps(report, request.catalog)
    if found:
        lines = [(f"{one.resources:,}", one.what, one.name) for one in found]
        click.echo("\n".join(table(("resources", "what", "not known"), lines, screen)))
        for hint in dict.fromkeys(one.hint for one in found):
            click.echo(wrap(hint, screen, "  "))
    else:
        click.echo("The catalog knows all providers, types, hosts, regions and owners that are there.")
    click.get_current_context().exit(report.exit_code if report.problems else 0)


@catalog.command("verify")
@click.argument("folder", required=False, metavar="[DIR]")
@click.option("--as-of", metavar="DATE", help="Day by which reviews may be too old; today by default.")
def catalog_verify(folder: str | None, as_of: str | None) -> None:
    """Check every fact of the shipped catalog, or of one of your own (DIR) laid over it.

    Shape, names that lead nowhere, dates that contradict one another, spellings that mean two things,
    patterns that are never asked, facts without a source, reviews that are too old.
    """
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
    click.echo(f"{wrong} faults, {old} reviews that are too old, on {day}.")
    click.get_current_context().exit(EXIT_USAGE if wrong else 0)


def _listing_command(section: str) -> None:
    @catalog.command(section, help=f"List the {section} of the catalog.")
    def _list() -> None:
        from sovereign_guard.report.listings import listing

        _emit([listing(_catalog(), section, _today(), _screen()).encode()], None)


for _section in ("operators", "providers", "regions", "labels"):
    _listing_command(_section)


@cli.command()
@click.argument("name", metavar="NAME")
def schema(name: str) -> None:
    """Print a JSON Schema: report, configuration, policy, operator, provider, regions, labels, ..."""
    from sovereign_guard.catalog.folder import rules_folder

    folder = rules_folder() / "schemas"
    known = sorted(path.name.removesuffix(".schema.json") for path in folder.glob("*.schema.json"))
    if name not in known:
        raise UsageError(f"no schema {name!r}.", hint=f"Schemas: {', '.join(known)}.")
    _emit([(folder / f"{name}.schema.json").read_bytes()], None)


def main() -> None:
    """Run the command line, turning every error into a message and the exit code of the contract."""
    # From here to the end (`_leave`), reports included: a collection looks at millions of values for nothing.
    gc.disable()
    try:
        code = cli.main(prog_name="sovereign-guard", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = EXIT_USAGE
    except click.Abort:
        _complain("interrupted.")
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
            f"internal error, {type(error).__name__}: {error}. This is a defect of sovereign-guard and no "
            "verdict was reached. Please report it with the output of the same command under "
            "SOVEREIGN_GUARD_DEBUG=1."
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
        task = bar.add_task(STAGES[0], total=len(STAGES))

        def advance(stage: str) -> None:
            bar.update(task, description=stage, completed=STAGES.index(stage))

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
        where = output or "standard output"
        raise UsageError(f"the report cannot be written: {error.strerror}.", file=where) from None


def _complain(text: str) -> None:
    """Tell one thing on standard error, in one line: a name in the input may hold line breaks of its own."""
    from sovereign_guard.report.words import clean

    sys.stderr.write(f"sovereign-guard: {clean(text)}\n")
