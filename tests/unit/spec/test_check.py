"""Settings, components and metrics against the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tuner.errors import Problem, SpecError
from tuner.spec import parse_spec, warnings_for
from tuner.spec.catalogue import Catalogue, Component, Setting
from tuner.spec.settings import variants
from tuner.spec.values import StudySpec

Space = Callable[..., StudySpec]
Said = Callable[..., list[str]]
Problems = Callable[[str], list[Problem]]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("unit: 8", "4:3: unit: no setting of that name; did you mean 'units'?"),
        ("zzz: 8", "4:3: zzz: no setting of that name; say with `sets:` which setting it gives a value to"),
        (
            "width: {sets: unitz, value: 8}",
            "4:17: width: sets 'unitz', which is no setting; did you mean 'units'?",
        ),
        ("units: 0", "4:10: units: found 0, but units takes a whole number from 1 to 512"),
        ("units: {low: 0, high: 16}", "4:16: units: low 0, but units takes a whole number from 1 to 512"),
        ("units: {low: 8, high: 999}", "4:25: units: high 999, but units takes a whole number from 1 to 512"),
        (
            "units: {low: 8.0, high: 16.0}",
            "4:16: units: low 8.0, but units takes a whole number from 1 to 512; write 8",
        ),
        ("units: [8, 16.0]", "4:14: units: found 16.0, but units takes a whole number from 1 to "
        "512; write 16"),
        (
            'units: [8, "16"]',
            "4:14: units: found '16', but units takes a whole number from 1 to 512; write 16 without quotes",
        ),
        ("units: true", "4:10: units: found true, but units takes a whole number from 1 to 512"),
        (
            "dropout: {low: 0, high: 1}",
            "4:18: dropout: low 0 makes it a whole number, but it takes any number; write low: 0.0",
        ),
        ("dropout: {low: 0.0, high: 1.0}", "4:29: dropout: high 1.0, but dropout takes a number "
        "from 0 to 0.9"),
        ("dropout: 0,2", "4:12: dropout: found '0,2', but dropout takes a number from 0 to 0.9; write 0.2"),
        ("batch_size: 0", "4:15: batch_size: found 0, but batch_size takes a whole number of at least 1"),
        ("bidirectional: no", "4:18: bidirectional: found 'no', but bidirectional takes true or "
        "false; write false"),
        ("bidirectional: [0, 1]", "4:19: bidirectional: found 0, but bidirectional takes true or false"),
        ("monitor: acuracy", "4:12: monitor: found 'acuracy', but monitor takes loss or accuracy; "
         "did you mean 'accuracy'?"),
        ("monitor: [loss, 3]", "4:19: monitor: found 3, but monitor takes loss or accuracy"),
        ("note: 5", '4:9: note: found 5, but note takes a text; write "5"'),
        ("family: [lstm, gruu]", "4:18: family: found 'gruu', but family takes lstm, gru or tfidf_dense; "
         "did you mean 'gru'?"),
        ("embedding: glov", "4:14: embedding: found 'glov', but embedding takes trained, glove or tfidf; "
         "did you mean 'glove'?"),
        ("optimizer: Adam", "4:14: optimizer: found 'Adam', but optimizer takes adam or sgd; "
         "did you mean 'adam'?"),
    ],
)  # fmt: skip
def test_names_what_a_setting_does_not_take(space_problems: Said, line: str, said: str) -> None:
    assert said in space_problems(line)


def test_a_real_setting_takes_whole_numbers_as_choices(space_of: Space) -> None:
    assert space_of("dropout: [0, 0.5]", rest="fixed: {learning_rate: 1}\n")


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("fixed: {epoch: 3}", "5:9: fixed.epoch: no setting of that name; did you mean 'epochs'?"),
        ("fixed: {epochs: 0}", "5:17: fixed.epochs: found 0, expected a whole number from 1 to 100"),
        (
            "fixed: {epochs: 1.0}",
            "5:17: fixed.epochs: found 1.0, expected a whole number from 1 to 100; write 1",
        ),
        ("sampler: tpee", "5:10: sampler.name: found 'tpee', expected tpe or grid; did you mean 'tpe'?"),
        (
            "sampler: {name: tpe, startup: 3}",
            "5:22: sampler.startup: tpe has no such option, expected startup_trials; "
            "did you mean 'startup_trials'?",
        ),
        (
            "sampler: {name: grid, points: 3}",
            "5:23: sampler.points: grid has no such option, expected no options",
        ),
        (
            "sampler: {name: tpe, startup_trials: 0}",
            "5:38: sampler.startup_trials: found 0, expected a whole number of at least 1",
        ),
        ("pruner: nothing", "5:9: pruner.name: found 'nothing', expected pareto, median or none"),
        ("pruner: {name: pareto, floor: 2}", "5:31: pruner.floor: found 2, expected a number from 0 to 1"),
        (
            "pruner: {name: pareto, floor_metric: acuracy}",
            "5:38: pruner.floor_metric: found 'acuracy', expected one of the logged metrics "
            "(accuracy, loss, training_time_s or specificity); did you mean 'accuracy'?",
        ),
        (
            "pruner: median",
            "5:9: pruner: 'median' needs exactly one objective, found 2; choose pareto, mo_asha or none",
        ),
        (
            "objectives: [{metric: specifity, direction: maximize}]",
            "5:23: objectives[0].metric: found 'specifity', expected one of the logged metrics "
            "(accuracy, loss, training_time_s or specificity); did you mean 'specificity'?",
        ),
        (
            "objectives: [{metric: loss, direction: minimize}, {metric: loss, direction: maximize}]",
            "5:60: objectives[1].metric: 'loss' is an objective already; leave one out",
        ),
    ],
)
def test_names_what_does_not_exist(space_problems: Said, rest: str, said: str) -> None:
    assert space_problems("units: 8", rest=f"{rest}\n") == [said]


def test_names_sources_and_their_options(problems_of: Problems) -> None:
    rest = "task: binary\nspace: {units: 8}\n"
    assert [str(each) for each in problems_of(f"data: {{source: review, dataset: imdb}}\n{rest}")] == [
        "study.yaml:1:16: data.source: found 'review', expected reviews or file; did you mean 'reviews'?"
    ]
    assert [str(each) for each in problems_of(f"data: {{source: reviews, dataset: imbd}}\n{rest}")] == [
        "study.yaml:1:34: data.dataset: found 'imbd', expected imdb; did you mean 'imdb'?"
    ]
    assert [str(each) for each in problems_of(f"data: {{source: file}}\n{rest}")] == [
        "study.yaml:1:16: data.path is missing; file needs a text; The file"
    ]


def test_a_metric_of_another_task_is_refused(problems_of: Problems) -> None:
    (problem,) = problems_of(
        "data: {source: reviews}\ntask: multiclass\nspace: {units: 8}\n"
        "objectives: [{metric: specificity, direction: maximize}]\n"
    )
    assert problem.message == (
        "objectives[0].metric: specificity is not measured in a multiclass task, only in binary"
    )
    assert problem.hint == "choose accuracy, loss or training_time_s"


def test_a_single_objective_may_have_any_pruner(space_of: Space) -> None:
    rest = "objectives: [{metric: loss, direction: minimize}]\npruner: median\n"
    assert space_of("units: 8", rest=rest).pruner.name == "median"


def test_a_grid_needs_values_that_can_be_counted(space_problems: Said) -> None:
    assert space_problems(
        "dropout: {low: 0.0, high: 0.5}", "units: {low: 8, high: 16}", rest="sampler: grid\n"
    ) == ["4:3: dropout: continuous, but the sampler grid visits every value; give it a step or choices"]
    assert not space_problems("dropout: {low: 0.0, high: 0.5, step: 0.1}", rest="sampler: grid\n")


def test_a_family_must_take_what_its_embedding_gives(space_problems: Said) -> None:
    assert space_problems("family: [lstm, gru, tfidf_dense]", "embedding: [trained, glove]") == [
        "5:3: embedding: family tfidf_dense takes features, but embedding trained gives tokens "
        "(pairs of this kind: 2); add `when: {family: [lstm, gru]}`; tfidf_dense then takes tfidf by itself"
    ]
    assert not space_problems(
        "family: [lstm, gru, tfidf_dense]",
        "embedding: {choices: [trained, glove], when: {family: [lstm, gru]}}",
    )


@pytest.mark.parametrize(
    ("lines", "rest", "hint"),
    [
        (
            ("family: [lstm, tfidf_dense]", "embedding: [trained, tfidf]"),
            "",
            "keep only trained in embedding; add `when: {family: lstm}`; tfidf_dense then takes "
            "tfidf by itself",
        ),
        (
            ("embedding: [trained, tfidf]", "family: [lstm, tfidf_dense]"),
            "",
            "keep only lstm in family; add `when: {embedding: trained}`; tfidf then takes "
            "tfidf_dense by itself",
        ),
        (("embedding: [trained, tfidf]",), "fixed: {family: lstm}\n", "keep only trained in embedding"),
        (
            ("family: tfidf_dense", "embedding: trained"),
            "",
            "choose other values for family or embedding",
        ),
        (
            ("units: 8",),
            "fixed: {family: tfidf_dense, embedding: trained}\n",
            "choose a family and an embedding source of the same kind",
        ),
        (
            ("optimizer: [adam, sgd]", "family: [lstm, tfidf_dense]",
             "embedding: {choices: [trained, glove], when: {optimizer: sgd}}"),
            "",
            "narrow its condition to `when: {family: lstm}`; tfidf_dense then takes tfidf by itself",
        ),
    ],
)  # fmt: skip
def test_proposes_how_families_and_embeddings_match(
    space_problems: Said, lines: tuple[str, ...], rest: str, hint: str
) -> None:
    (said,) = space_problems(*lines, rest=rest)
    assert said.split("; ", 1)[1] == hint


def test_a_value_must_fit_the_component_that_reads_it(space_problems: Said) -> None:
    assert space_problems("family: [lstm, tfidf_dense]", "dense_units: [0, 64]") == [
        "5:3: dense_units: 0 does not fit family tfidf_dense, expected a whole number from 1 to 512; "
        "give each its own parameter with `sets:` and `when:`"
    ]
    assert not space_problems("family: lstm", "dense_units: [0, 64]")
    assert space_problems("family: [lstm, tfidf_dense]", rest="fixed: {dense_units: 0}\n") == [
        "5:22: fixed.dense_units: 0 does not fit family tfidf_dense, expected a whole number from 1 to 512; "
        "move it to `space` with a `when:`"
    ]


def test_a_setting_without_a_default_must_be_given_where_it_is_read(catalogue: Catalogue) -> None:
    vectors = Component("vectors", "A file.", (Setting("vectors_path", "text", None, "The file."),), "tokens")
    wider = replace(catalogue, embeddings={**catalogue.embeddings, "vectors": vectors})

    def check(space: str) -> StudySpec:
        return parse_spec(f"data: {{source: reviews}}\ntask: binary\nspace: {space}\n", "f", wider)

    with pytest.raises(SpecError, match="vectors_path is missing; embedding vectors needs a text"):
        check("{embedding: [trained, vectors]}")
    with pytest.raises(SpecError, match="vectors_path is missing"):
        check("{embedding: [trained, vectors], vectors_path: {value: a, when: {embedding: trained}}}")
    assert check("{embedding: [trained, vectors], vectors_path: {value: a, when: {embedding: vectors}}}")
    assert check("{embedding: [trained, glove]}")


def test_settings_of_one_name_keep_all_their_declarations(catalogue: Catalogue) -> None:
    known = variants(catalogue)
    assert [setting.low for setting in known["dense_units"]] == [0, 1]
    assert len(known["learning_rate"]) == 1
    assert known["family"][0].choices == ("lstm", "gru", "tfidf_dense")


@pytest.mark.parametrize(
    ("lines", "warning"),
    [
        (
            ("family: [lstm, gru, tfidf_dense]", "units: [8, 16]"),
            "units is sampled but has no effect with family tfidf_dense; add `when: {family: [lstm, gru]}`",
        ),
        (
            ("optimizer: [adam, sgd]", "momentum: {value: 0.5}"),
            "momentum is set but has no effect with optimizer adam; add `when: {optimizer: sgd}`",
        ),
        (
            ("momentum: [0.5, 0.9]", "optimizer: [adam, sgd]"),
            "momentum is sampled but has no effect with optimizer adam; "
            "declare optimizer before it and add `when: {optimizer: sgd}`",
        ),
        (
            ("layers: [1, 2]", "family: [lstm, tfidf_dense]", "units: {choices: [8, 16], when: {layers: 1}}"),
            "units is sampled but has no effect with family tfidf_dense; add {family: lstm} to its condition",
        ),
        (
            ("family: lstm", "tfidf_features: [10, 20]"),
            "tfidf_features is sampled but has no effect in any trial; remove it",
        ),
        (
            ("family: [lstm, tfidf_dense]", "embedding_dimension: [10, 20]"),
            "embedding_dimension is sampled but has no effect with family tfidf_dense; "
            "add `when: {family: lstm}`",
        ),
    ],
)
def test_warns_of_what_has_no_effect(
    space_of: Space, catalogue: Catalogue, lines: tuple[str, ...], warning: str
) -> None:
    assert warning in warnings_for(space_of(*lines), catalogue)


def test_a_proposed_condition_silences_its_warning(space_of: Space, catalogue: Catalogue) -> None:
    spec = space_of(
        "family: [lstm, gru, tfidf_dense]", "units: {choices: [8, 16], when: {family: [lstm, gru]}}"
    )
    assert warnings_for(spec, catalogue) == []


def test_warns_of_fixed_settings_that_no_trial_reads(space_of: Space, catalogue: Catalogue) -> None:
    spec = space_of("family: lstm", rest="fixed: {tfidf_features: 10, units: 8}\n")
    assert warnings_for(spec, catalogue) == ["fixed.tfidf_features has no effect in any trial; remove it"]
