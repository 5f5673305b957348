"""The engine is run once for what a runner of Checkov works on; then each block's answer is looked up.

Whatever keeps the engine from judging a block is an answer too: FAILED, with what happened. Nothing that it
finds is lost: what belongs to no block that Checkov asks about is told at the first that it does.
"""

from __future__ import annotations

import gc
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from sovereign_guard.errors import SovereignGuardError
from sovereign_guard.for_checkov.index import Index, PlanIndex, RealPaths, SourceIndex
from sovereign_guard.for_checkov.values import PASSED, Answer, Block, Run
from sovereign_guard.for_checkov.wishes import wishes_of
from sovereign_guard.language import say
from sovereign_guard.model.finding import Assessment, Finding, InputProblem, Report, Verdict
from sovereign_guard.pipeline import assess
from sovereign_guard.processes import collector_paused
from sovereign_guard.read.hcl.project.files import Reader, boundary_of, folders_below
from sovereign_guard.read.hcl.project.terragrunt import NAMES
from sovereign_guard.read.hcl.syntax import Parser
from sovereign_guard.report.standing import whose_word
from sovereign_guard.report.words import clean
from sovereign_guard.request import request_of

_SOURCE = (".tf", ".tf.json", ".tofu", ".tofu.json")
_MOST_INSTANCES = 5
"""Findings that are told in full at a block which Checkov has not expanded."""


class Answers:
    """What is said of every block of one run."""

    def __init__(self, run: Run, environment: Mapping[str, str]) -> None:
        self.run = run
        with collector_paused():
            self._parts = [_Part(run, paths, blocks, environment) for paths, blocks in _divided(run)]
            self._by_block = {block: part for part in self._parts for block in part.blocks}
            # These live as long as the process, and so does Checkov's graph: the collector need not look
            # through them again and again.
            gc.freeze()
        self._asked: set[Block] = set()
        self._told: set[str] = set()

    def of(self, rule: str, block: Block) -> Answer:
        """Return what a rule says of a block."""
        self.note(block)
        part = self._by_block.get(block)
        if part is None:
            return Answer(
                "FAILED", (say("sovereign-guard was not told of this resource before it was asked."),)
            )
        answer = part.of(rule, block)
        if rule in self._told:
            return answer
        self._told.add(rule)
        elsewhere = tuple(text for one in self._parts for text in one.elsewhere(rule))
        if not elsewhere:
            return answer
        own = answer.details if answer.result == "FAILED" else ()
        return Answer("FAILED", (*own, *elsewhere))

    def note(self, block: Block) -> None:
        """Remember that Checkov has asked about a block."""
        self._asked.add(block)

    def words(self) -> tuple[str, ...]:
        """Return what beside the catalog and a shipped policy the answers rest on."""
        return tuple(dict.fromkeys(part.word for part in self._parts if part.word))

    @property
    def empty(self) -> bool:
        """Whether there was nothing to judge: a folder without source, of which Checkov scans many."""
        return all(part.empty for part in self._parts)

    def untold(self) -> tuple[str, ...]:
        """Return what Checkov has asked nothing about although it fails."""
        texts: list[str] = []
        for part in self._parts:
            if not self._asked:
                texts.extend(text for rule in part.rules for text in part.elsewhere(rule))
            texts.extend(
                say("{address} ({file}) fails.", address=block.address or block.name, file=block.file)
                for block in part.blocks
                if block not in self._asked and part.fails(block)
            )
        return tuple(dict.fromkeys(texts))


def failure(error: Exception) -> Answer:
    """Return the answer where nothing could be found out."""
    if isinstance(error, SovereignGuardError):
        return Answer(
            "FAILED", (say("sovereign-guard could not judge this. {reason}", reason=_clean(str(error))),)
        )
    return Answer(
        "FAILED",
        (
            say(
                "sovereign-guard: internal error, {error}: {reason}.",
                error=type(error).__name__,
                reason=_clean(str(error)),
            ),
            say("This is a defect of sovereign-guard and no verdict was reached. Please report it."),
        ),
    )


class _Part:
    """One run of the engine: a plan, or all source of a run of Checkov.

    Attributes:
        rules: that were in force. word: see `report.standing.whose_word`.
        empty: there was no source in the folder that was to be judged.

    """

    def __init__(
        self, run: Run, paths: tuple[str, ...], blocks: tuple[Block, ...], environment: Mapping[str, str]
    ) -> None:
        self.blocks = blocks
        self.rules: tuple[str, ...] = ("SOV003",)
        self.word = ""
        self.empty = False
        self._whole: Answer | None = None
        self._answers: dict[Block, dict[str, Answer]] = {}
        self._elsewhere: defaultdict[str, list[str]] = defaultdict(list)
        try:
            report = assess(request_of(paths, wishes_of(environment)))
            self.rules = tuple(report.rules)
            self.word = whose_word(report)
            self.empty = not report.inventories and not _holds_source(run.root_folder)
            self._fill(run, report)
        except Exception as error:  # noqa: BLE001 - Checkov passes over a check that raises, with exit code 0
            self._whole = failure(error)

    def of(self, rule: str, block: Block) -> Answer:
        """Return what a rule says of a block."""
        return self._whole or self._answers[block].get(rule, PASSED)

    def fails(self, block: Block) -> bool:
        """Whether any rule fails a block."""
        if self._whole is not None:
            return True
        return any(one.result == "FAILED" for one in self._answers[block].values())

    def elsewhere(self, rule: str) -> Iterable[str]:
        """Return what a rule says of nothing that Checkov asks about."""
        if self._whole is not None:
            return () if self.blocks else self._whole.details
        return self._elsewhere.get(rule, ())

    def _fill(self, run: Run, report: Report) -> None:
        plan = run.framework == "terraform_plan"
        index: Index = PlanIndex(report) if plan else SourceIndex(report)
        scope = _Scope(run, report)
        by_resource: defaultdict[tuple[str, str], list[Finding]] = defaultdict(list)
        for finding in report.findings:
            by_resource[finding.input, finding.address].append(finding)
        problems, unplaced = _placed(report.problems, self.blocks, scope)
        covered: set[tuple[str, str]] = set()
        for block in self.blocks:
            found = index.find(block)
            texts = problems.get(block, ())
            if found is None:
                texts = (*texts, _unheard_of(block))
                self._answers[block] = {rule: Answer("FAILED", texts) for rule in self.rules}
                continue
            keys = dict.fromkeys((item.input, item.resource.address) for item in found)
            covered.update(keys)
            findings = [finding for key in keys for finding in by_resource.get(key, ())]
            answers = _answers(report, findings, several=_several(found))
            if texts:
                answers = {
                    rule: Answer("FAILED", (*texts, *_failing(answers.get(rule)))) for rule in self.rules
                }
            self._answers[block] = answers
        for problem in unplaced:
            for rule in self.rules:
                self._elsewhere[rule].append(_problem_text(problem))
        for key, findings in by_resource.items():
            if key in covered:
                continue
            for rule, answer in _answers(report, findings, several=True).items():
                if answer.result == "FAILED" and scope.holds(findings[0].file, findings[0].address):
                    self._elsewhere[rule].append(
                        _clean(
                            say(
                                "Checkov asks about no resource that this belongs to, so it is told here, "
                                "once (of {input}):",
                                input=findings[0].input,
                            )
                        )
                    )
                    self._elsewhere[rule].extend(answer.details)


class _Scope:
    """What of a report a run of Checkov has to tell; the rest is another run's, or was left out."""

    def __init__(self, run: Run, report: Report) -> None:
        self._run = run
        self._real = RealPaths()
        self._patterns = tuple(_pattern(path) for path in run.excluded)
        native = any((item.resource.file or "").endswith((".tf", ".tofu")) for item in report.assessments)
        json = any((item.resource.file or "").endswith(".json") for item in report.assessments)
        # Each of the two source runners tells what is in its files; one of them, what is in none.
        self._tells_json = run.framework == "terraform_json" or not run.enables("terraform_json") or not json
        self._tells_native = run.framework == "terraform" or not run.enables("terraform") or not native

    def holds(self, file: str | None, address: str) -> bool:
        """Whether a finding is for this run to tell."""
        if self._run.framework == "terraform_plan":
            return True
        if not address or file is None:
            return self._tells_native
        tells = self._tells_json if file.endswith(".json") else self._tells_native
        return tells and self.reaches(file)

    def reaches(self, file: str) -> bool:
        """Whether Checkov looks at a file, or would if it could read it."""
        real = self._real.of(file)
        if self._run.files:
            return real in self._run.files
        return not any(pattern.search(real) for pattern in self._patterns)


def _holds_source(folder: str) -> bool:
    """Whether a folder, or one below it, holds a file from which the reader would have read anything."""
    if not folder:
        return True
    top = Path(folder)
    return next(folders_below(top, Reader(boundary_of(top), Parser(cache=False)), NAMES), None) is not None


def _pattern(excluded: str) -> re.Pattern[str]:
    """Compile a path to leave out as Checkov does."""
    try:
        return re.compile(re.escape(excluded) if re.match(r"^\.[^.]", excluded) else excluded)
    except re.error:
        return re.compile(re.escape(excluded))


def _divided(run: Run) -> list[tuple[tuple[str, ...], tuple[Block, ...]]]:
    """Return what the engine is to be run on, each with the blocks that it answers for."""
    if run.framework == "terraform_plan":
        by_plan: dict[str, list[Block]] = {file: [] for file in run.files if _is_meant_as_plan(file, run)}
        for block in run.blocks:
            by_plan.setdefault(block.file, []).append(block)
        return [((_shown(plan),), tuple(blocks)) for plan, blocks in by_plan.items()]
    if run.root_folder:
        paths: tuple[str, ...] = (_shown(run.root_folder),)
    else:
        paths = tuple(_shown(file) for file in run.files if file.endswith(_SOURCE))
    return [(paths, run.blocks)] if paths else []


def _is_meant_as_plan(file: str, run: Run) -> bool:
    """Whether a file given to Checkov is to be a plan, also where Checkov cannot read it as one."""
    if not file.endswith(".json"):
        return False
    if "all" not in run.enabled:
        return True
    try:
        with Path(file).open("rb") as stream:
            head = stream.read(1 << 16)
    except OSError:
        return False
    return head.startswith(b"PK") or b'"format_version"' in head or b'"planned_values"' in head


def _shown(path: str) -> str:
    """Return a path as somebody in the working directory would write it."""
    here = os.path.realpath(".")
    if path == here:
        return "."
    return os.path.relpath(path, here) if path.startswith(here + os.sep) else path


def _placed(
    problems: tuple[InputProblem, ...], blocks: tuple[Block, ...], scope: _Scope
) -> tuple[dict[Block, tuple[str, ...]], list[InputProblem]]:
    """Return what could not be read, at the blocks nearest to it, and what is near none."""
    real = RealPaths()
    near: defaultdict[str, list[Block]] = defaultdict(list)
    for block in blocks:
        file = real.of(block.file)
        for place in dict.fromkeys((file, os.path.dirname(file), real.of(block.root))):  # noqa: PTH120
            if place:
                near[place].append(block)
    placed: defaultdict[Block, list[str]] = defaultdict(list)
    unplaced: list[InputProblem] = []
    for problem in problems:
        file = real.of(problem.file or problem.input)
        if not scope.reaches(problem.file or problem.input) and file != real.of(problem.input):
            continue
        # Its file, its folder, then the root module that it was read for.
        places = (file, os.path.dirname(file), real.of(problem.input))  # noqa: PTH120
        chosen = next((near[place] for place in places if place in near), None)
        if chosen is None:
            unplaced.append(problem)
        for block in chosen or ():
            placed[block].append(_problem_text(problem))
    return {block: tuple(texts) for block, texts in placed.items()}, unplaced


def _answers(report: Report, findings: Iterable[Finding], *, several: bool) -> dict[str, Answer]:
    """Return what the rules say by which anything was found."""
    by_rule: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_rule[finding.outcome.rule].append(finding)
    return {rule: _answer(report, found, several=several) for rule, found in by_rule.items()}


def _answer(report: Report, findings: list[Finding], *, several: bool) -> Answer:
    warned = [one for one in findings if _warns(one)]
    open_ones = [one for one in findings if one.waiver is None and not one.in_baseline and not _warns(one)]
    if open_ones:
        shown = open_ones[:_MOST_INSTANCES]
        details = [line for one in shown for line in _finding_text(one, several=several)]
        if len(open_ones) > len(shown):
            details.append(
                say("... and {number} more instances of this block.", number=len(open_ones) - len(shown))
            )
        return Answer("FAILED", tuple(details))
    waiver = next((one.waiver for one in findings if one.waiver is not None), None)
    if waiver is not None:
        return Answer(
            "SKIPPED",
            comment=_clean(
                say(
                    "{reason} (until {day}, {where})",
                    reason=waiver.reason,
                    day=waiver.until,
                    where=waiver.where,
                )
            ),
        )
    if warned:
        # A waiver that only another input needs, a plan say, would else be in the way here.
        return Answer(
            "SKIPPED", comment=_clean(say("warns only: {message}", message=warned[0].outcome.message))
        )
    path = report.baseline.path if report.baseline is not None else ""
    return Answer("SKIPPED", comment=_clean(say("in the baseline {path}", path=path).rstrip()))


def _warns(finding: Finding) -> bool:
    """Whether a finding only warns of what is known (an unknown that warns does not pass)."""
    return finding.outcome.verdict is Verdict.FAIL and not finding.outcome.counts


def _failing(answer: Answer | None) -> tuple[str, ...]:
    return answer.details if answer is not None and answer.result == "FAILED" else ()


def _finding_text(finding: Finding, *, several: bool) -> Iterable[str]:
    outcome = finding.outcome
    address = f"{finding.address or finding.input}: " if several else ""
    yield _clean(f"{address}{outcome.message}")
    if outcome.verdict == "unknown":
        yield say("What cannot be determined does not pass.")
    for one in outcome.evidence:
        yield _clean(f"- {one.what} ({one.where})" if one.where else f"- {one.what}")


def _problem_text(problem: InputProblem) -> str:
    return _clean(
        say(
            "Not judged as a whole. {where}: {message} {hint}",
            where=problem.where,
            message=problem.message,
            hint=problem.hint,
        ).rstrip()
    )


def _clean(text: str) -> str:
    """Make control characters visible, where there are any."""
    return text if text.isprintable() else clean(text)


def _several(found: tuple[Assessment, ...]) -> bool:
    return len({item.resource.address for item in found}) > 1


def _unheard_of(block: Block) -> str:
    return _clean(
        say(
            "sovereign-guard knows no resource {address} in {file}.",
            address=block.address or block.name,
            file=_shown(block.file),
        )
    )
