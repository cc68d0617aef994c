"""``tuner diagnose``: what is wrong with the best trials of a study, and what to try."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tuner.cli.console import one_line, remark, write_json
from tuner.cli.options import TrialNumber, format_option, name_argument, open_ledger, pick, storage_option

if TYPE_CHECKING:
    from tuner.analysis.diagnosis import Finding

__all__ = ["diagnose"]


@click.command(epilog="Example:\n\n  tuner diagnose quickstart")
@name_argument
@click.argument("number", metavar="[TRIAL]", required=False, type=TrialNumber())
@storage_option
@format_option("text", "json")
def diagnose(name: str | None, number: int | None, storage: str, form: str) -> None:
    """Say what is wrong with the members of the front, or with one trial, and what to try.

    Names underfitting, overfitting, time that buys nothing, ends of the space that the front has reached,
    trials that never learned and a fast kernel that was lost; each with its numbers and with parameters
    for the `space:` of a next study. Says "no finding" where the numbers prove none.
    """
    from tuner.analysis.diagnosis import diagnose as findings_of
    from tuner.analysis.seconds import unlike
    from tuner.analysis.symptoms import records_of
    from tuner.catalogue import catalogue_of_kept

    ledger = open_ledger(storage)
    chosen = pick(ledger, name)
    study = ledger.study(chosen)
    catalogue = catalogue_of_kept(study.spec, study.base_dir)
    records = records_of(ledger, chosen)
    findings = findings_of(records, catalogue, number)
    if form == "json":
        write_json(document(chosen, number, findings))
        return
    if not findings:
        click.echo("no finding")
    for index, finding in enumerate(findings):
        click.echo(("\n" if index else "") + _written(finding))
    if mixed := unlike(chosen, records.trials, records.members, study.spec.objectives):
        remark(mixed)


def document(study: str, number: int | None, findings: list[Finding]) -> dict[str, Any]:
    """Return a diagnosis as its JSON says it; the keys are a promise, see docs/json.md."""
    return {
        "study": study,
        "trial": number,
        "findings": [
            {
                "kind": finding.kind,
                "means": finding.rule.means,
                "trials": list(finding.trials),
                "cases": [{"trials": list(case.trials), "evidence": case.evidence} for case in finding.cases],
                "proposals": [
                    {
                        "parameter": proposal.parameter.name,
                        "setting": proposal.parameter.sets,
                        "value": proposal.value,
                        "target": proposal.target,
                    }
                    for proposal in finding.proposals
                ],
                "space": finding.space,
            }
            for finding in findings
        ],
    }


def _written(finding: Finding) -> str:
    """Write a finding as text whose last part can be pasted into a file."""
    trials = ", ".join(map(str, finding.trials))
    lines = [f"{finding.kind}: trial{'s' * (len(finding.trials) > 1)} {trials}"]
    lines += [f"  {one_line(sentence)}" for sentence in finding.sentences]
    if finding.rule.beside:
        lines.append(f"  What helps too: {finding.rule.beside}.")
    if finding.space:
        lines += ["  Try any of these in a next study:", "", *finding.space.rstrip("\n").split("\n")]
    return "\n".join(lines)
