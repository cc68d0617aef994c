"""What a rule proposes: values of the study's own, in a form that `tuner check` takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tuner.analysis.proposals import Proposal, applied, outwards, proposals_for, snippet
from tuner.analysis.rules import RULES, Change
from tuner.catalogue import CATALOGUE
from tuner.spec import dump_spec, parse_spec
from tuner.spec.values import IntParameter, Is, StudySpec, Value
from tuner.storage.records import TrialRecord

FILE = """\
data: {source: file, path: reviews.csv, text: text, label: label}
task: binary
fixed: {epochs: 3, dropout: 0.3}
space:
  family: [lstm, tfidf_dense]
  units: {low: 8, high: 64, log: true, when: {family: lstm}}
  optimizer: [adam, sgd]
  learning_rate: {low: 1e-4, high: 1e-2, log: true, when: {optimizer: adam}}
  sgd_rate: {sets: learning_rate, low: 0.01, high: 0.5, log: true, when: {optimizer: sgd}}
"""
SPEC = parse_spec(FILE, "file", CATALOGUE)


def ran(spec: StudySpec = SPEC, epochs: int = 3, **params: Value) -> TrialRecord:
    """A trial as the ledger gives it, with the settings that it ran with."""
    given = {"family": "lstm", "units": 16, "optimizer": "adam", "learning_rate": 1e-3, **params}
    active = {name: value for name, value in given.items() if name in {each.name for each in spec.space}}
    if active.get("optimizer") == "sgd":
        active.pop("learning_rate", None)
    settings = {**spec.fixed, **active}
    if "sgd_rate" in active:
        settings["learning_rate"] = settings.pop("sgd_rate")
    return TrialRecord(0, "COMPLETE", params=active, settings=CATALOGUE.complete(settings), epochs=epochs)


def proposed(trial: TrialRecord, *changes: Change, spec: StudySpec = SPEC) -> list[Proposal]:
    return proposals_for(trial, changes, spec, CATALOGUE)


def text_of(trial: TrialRecord, *changes: Change, spec: StudySpec = SPEC) -> str:
    return snippet(proposed(trial, *changes, spec=spec))


def test_a_searched_parameter_keeps_its_scale_and_its_condition() -> None:
    assert text_of(ran(units=64), Change("units", "times", 2)) == (
        "space:\n  # was 8 to 64, log\n  units: {low: 8, high: 128, log: true, when: {family: lstm}}\n"
    )


def test_a_fixed_setting_is_searched_between_old_and_new() -> None:
    assert text_of(ran(), Change("dropout", "plus", 0.1)) == (
        "space:\n  # was 0.3 in `fixed`: take it out there\n  dropout: [0.3, 0.4]\n"
    )


def test_a_default_is_searched_under_the_condition_that_makes_it_count() -> None:
    assert text_of(ran(), Change("sequence_length", "times", 1.5)) == (
        "space:\n  # was 200, the default\n  sequence_length: {choices: [200, 300], when: {family: lstm}}\n"
    )


FAMILIES = """\
data: {source: file, path: reviews.csv, text: text, label: label}
task: binary
space:
  family: [lstm, cnn, gru, tfidf_dense]
  dropout: {low: 0.0, high: 0.5}
"""


def test_a_default_that_others_do_not_share_is_searched_for_those_who_do() -> None:
    """`dense_units` is 100 of a CNN, 256 of a TF-IDF network and 0, none at all, of recurrent ones."""
    spec, change = parse_spec(FAMILIES, "file", CATALOGUE), Change("dense_units", "times", 2, above=0)

    assert text_of(ran(spec, family="cnn"), change, spec=spec) == (
        "space:\n  # was 100, the default\n  dense_units: {choices: [100, 200], when: {family: cnn}}\n"
    )
    assert "dense_units: {choices: [256, 512], when: {family: tfidf_dense}}" in text_of(
        ran(spec, family="tfidf_dense"), change, spec=spec
    )
    assert "dense_units: {choices: [0, 64], when: {family: [lstm, gru]}}" in text_of(
        ran(spec, family="gru"), Change("dense_units", "plus", 64), spec=spec
    )


def test_a_parameter_of_that_name_for_other_trials_stays() -> None:
    text = FAMILIES + "  dense_units: {low: 8, high: 64, when: {family: cnn}}\n"
    spec = parse_spec(text, "file", CATALOGUE)

    proposals = proposed(ran(spec, family="gru"), Change("dense_units", "plus", 64), spec=spec)

    assert snippet(proposals).endswith(
        "  dense_units_2: {sets: dense_units, choices: [0, 64], when: {family: [lstm, gru]}}\n"
    )
    assert {each.name for each in applied(spec, proposals).space} > {each.name for each in spec.space}


def test_a_default_that_all_share_needs_no_condition() -> None:
    spec = parse_spec(FAMILIES.replace("lstm, cnn, gru, tfidf_dense", "lstm, gru"), "file", CATALOGUE)

    assert "  dense_units: [0, 64]\n" in text_of(ran(spec), Change("dense_units", "plus", 64), spec=spec)


def test_a_setting_that_was_fixed_for_all_families_is_searched_for_all() -> None:
    text = FAMILIES.replace("space:", "fixed: {dense_units: 50}\nspace:")
    spec = parse_spec(text, "file", CATALOGUE)

    assert "  dense_units: [50, 100]\n" in text_of(
        ran(spec, family="cnn"), Change("dense_units", "times", 2), spec=spec
    )


def test_a_setting_of_another_name_is_found_by_what_it_sets() -> None:
    (proposal,) = proposed(ran(optimizer="sgd", sgd_rate=0.4), Change("learning_rate", "times", 3.0))
    assert (proposal.parameter.name, proposal.value, proposal.target) == ("sgd_rate", 0.4, 1.2)


@pytest.mark.parametrize(
    ("change", "trial"),
    [
        (Change("units", "times", 2), ran(family="tfidf_dense")),
        (Change("units", "times", 2, most=16), ran(units=16)),
        (Change("units", "times", 0.5, least=16), ran(units=16)),
        (Change("recurrent_dropout", "plus", 0.1, above=0.0), ran()),
        (Change("learning_rate", "times", 3.0, below=0.0005), ran()),
        (Change("learning_rate", "times", 3.0, where={"optimizer": ("sgd",)}), ran()),
        (Change("epochs", "times", 2, epochs_used_up=True), ran(epochs=2)),
        (Change("bidirectional", "to", False), ran()),
        (Change("no_such_setting", "times", 2), ran()),
    ],
)
def test_a_change_outside_its_limits_is_not_proposed(change: Change, trial: TrialRecord) -> None:
    assert proposed(trial, change) == []


def test_units_listed_by_layer_are_changed_in_their_list() -> None:
    fixed = {**SPEC.fixed, "layer_units": "[128, 64]"}
    spec = replace(SPEC, space=tuple(each for each in SPEC.space if each.name != "units"), fixed=fixed)
    units, listed = Change("units", "times", 2), Change("layer_units", "times", 2, most=512)

    assert text_of(ran(spec), units, listed, spec=spec) == (
        "space:\n"
        "  # was [128, 64] in `fixed`: take it out there\n"
        "  layer_units: {choices: [[128, 64], [256, 128]], when: {family: lstm}}\n"
    )
    assert proposed(ran(), listed) == []


def test_what_would_not_pass_the_check_is_not_proposed() -> None:
    # Narrowed to adam, sgd_rate could never be active; the checker refuses such a file.
    assert proposed(ran(optimizer="sgd", sgd_rate=0.1), Change("optimizer", "to", "adam")) == []


def test_a_trial_of_a_family_that_is_gone_has_no_proposals() -> None:
    trial = replace(ran(), settings={"family": "gone"})
    assert proposed(trial, Change("units", "times", 2)) == []


TRIALS: Mapping[str, TrialRecord] = {
    "lstm": ran(),
    "large lstm": ran(units=64, learning_rate=0.01),
    "sgd": ran(optimizer="sgd", sgd_rate=0.01),
    "tfidf": ran(family="tfidf_dense"),
}


@pytest.mark.parametrize("trial", TRIALS.values(), ids=TRIALS)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kind)
def test_every_proposal_and_all_together_pass_the_check(rule: object, trial: TrialRecord) -> None:
    changes = next(each.changes for each in RULES if each is rule)
    proposals = proposed(trial, *changes)

    for chosen in [proposals, *([each] for each in proposals)]:
        assert parse_spec(dump_spec(applied(SPEC, chosen)), "changed", CATALOGUE).space


def test_the_rules_say_what_people_do_by_hand() -> None:
    """Figures of the table that people go by: 128 -> 256 units, dropout 0.3 -> 0.2, and so on."""
    spec = parse_spec(
        "data: {source: file, path: reviews.csv}\ntask: binary\n"
        "fixed: {family: lstm, bidirectional: true, layers: 2, dense_units: 64, sequence_length: 200,"
        " vocabulary_size: 10000, epochs: 15, dropout: 0.3, recurrent_dropout: 0.2, patience: 3}\n"
        "space: {units: [64, 128]}\n",
        "file",
        CATALOGUE,
    )
    trial = ran(spec, epochs=15, units=128)

    def targets(kind: str) -> dict[str, Value]:
        rule = next(each for each in RULES if each.kind == kind)
        return {each.parameter.sets: each.target for each in proposed(trial, *rule.changes, spec=spec)}

    assert targets("underfitting") == {
        "units": 256, "dense_units": 128, "layers": 3, "sequence_length": 300, "vocabulary_size": 15000,
        "epochs": 25, "dropout": 0.2,
    }  # fmt: skip
    assert targets("overfitting") == {
        "dropout": 0.4, "recurrent_dropout": 0.3, "units": 64, "patience": 2, "vocabulary_size": 5000,
    }  # fmt: skip
    assert targets("too slow") == {
        "bidirectional": False, "batch_size": 64, "sequence_length": 150, "vocabulary_size": 5000,
    }  # fmt: skip
    assert targets("fast kernel lost") == {"recurrent_dropout": 0.0}
    assert targets("never learned") == {"learning_rate": 0.003}


def units(low: int = 8, high: int = 64) -> IntParameter:
    return IntParameter("units", "units", low, high, log=True, when=Is("family", ("lstm",)))


def test_an_end_goes_out_with_its_condition() -> None:
    proposal = outwards(units(), "high", ran(units=64), 2.0, 0.5, SPEC, CATALOGUE)

    assert proposal == Proposal(units(high=128), "was 8 to 64, log", 64, 128)


def test_an_end_that_the_setting_itself_has_does_not_go_out() -> None:
    assert outwards(units(low=1), "low", ran(), 2.0, 0.5, SPEC, CATALOGUE) is None


@pytest.mark.parametrize(
    ("words", "longest", "proposed_settings"),
    [
        (38, 20, []),
        (9_998, 20, []),  # and two ids that no word has
        (9_999, 20, ["vocabulary_size"]),
        (38, 21, ["sequence_length"]),
        (None, None, ["sequence_length", "vocabulary_size"]),
    ],
)
def test_what_the_texts_have_no_use_for_is_not_proposed(
    words: int | None, longest: int | None, proposed_settings: list[str]
) -> None:
    spec = parse_spec(FILE.replace("epochs: 3", "epochs: 3, sequence_length: 20"), "file", CATALOGUE)
    facts = {"different_words": words, "longest_text_words": longest} if words and longest else {}
    trial = replace(ran(spec), facts=facts)
    changes = (Change("sequence_length", "times", 1.5), Change("vocabulary_size", "times", 1.5))

    assert [each.parameter.sets for each in proposed(trial, *changes, spec=spec)] == proposed_settings


def test_a_vocabulary_is_halved_only_below_what_the_texts_have() -> None:
    change = Change("vocabulary_size", "times", 0.5)

    assert proposed(replace(ran(), facts={"different_words": 38}), change) == []
    assert len(proposed(replace(ran(), facts={"different_words": 6_000}), change)) == 1


def test_an_end_beyond_what_the_texts_have_does_not_move_out() -> None:
    lengths = IntParameter("sequence_length", "sequence_length", 10, 20)
    spec = replace(SPEC, space=(*SPEC.space, lengths))
    trial = replace(ran(spec, sequence_length=20), facts={"longest_text_words": 20})

    assert outwards(lengths, "high", trial, 2.0, 0.5, spec, CATALOGUE) is None
    longer = replace(trial, facts={"longest_text_words": 50})
    assert outwards(lengths, "high", longer, 2.0, 0.5, spec, CATALOGUE) is not None
