"""What stays the same while a study runs, and how a trial's request is written from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tuner.data.reading import whole_path
from tuner.search.space import settings_of
from tuner.spec.catalogue import Catalogue
from tuner.spec.own import is_own
from tuner.spec.values import FixedParameter, Params, StudySpec, Value
from tuner.training.graphs import OUTSIDE
from tuner.trial import TrialRequest, trial_seed

__all__ = ["StudyPlan", "tensorboard_folder", "trial_folder", "with_whole_paths"]


def trial_folder(study_dir: Path, number: int) -> Path:
    """Return the folder of one trial, keyed by its number so that whoever continues it finds it."""
    return study_dir / "trials" / str(number)


def tensorboard_folder(study_dir: Path) -> Path:
    """Return the folder of a study that TensorBoard is to look at, with one of each trial in it."""
    return study_dir / "tensorboard"


@dataclass(frozen=True)
class StudyPlan:
    """What stays the same while a study runs.

    Attributes:
        name: The study's name.
        spec: Its declaration.
        catalogue: What the declaration's names mean.
        dataset_dirs: Folder of the encoded dataset for each cleaning level.
        cache_dir: Where prepared embeddings are shared.
        study_dir: ``<studies>/<name>``.
        base_dir: The folder that the declaration's relative paths start from.
    """

    name: str
    spec: StudySpec
    catalogue: Catalogue
    dataset_dirs: Mapping[str, Path]
    cache_dir: Path
    study_dir: Path
    base_dir: Path

    def trial_dir(self, number: int) -> Path:
        """Return the folder of one trial; see :func:`trial_folder`."""
        return trial_folder(self.study_dir, number)

    def settings(self, params: Params) -> dict[str, Value]:
        """Complete sampled parameters to the settings that a trial is run with."""
        given = {**self.spec.fixed, **settings_of(self.spec.space, params)}
        return with_whole_paths(self.catalogue.complete(given), self.catalogue, self.base_dir)

    def request(self, number: int, params: Params) -> TrialRequest:
        """Write down what a worker needs for trial ``number`` with these sampled parameters."""
        return self.request_for(number, self.settings(params))

    def request_for(self, number: int, settings: Params) -> TrialRequest:
        """Write down what a worker needs for trial ``number`` with these complete settings."""
        return TrialRequest(
            study=self.name,
            number=number,
            params=dict(settings),
            seed=trial_seed(self.spec.seed, number),
            task=self.spec.task,
            dataset_dir=str(self.dataset_dirs[str(settings["cleaning"])]),
            cache_dir=str(self.cache_dir),
            trial_dir=str(self.trial_dir(number)),
            code_dir=str(self.base_dir) if is_own(settings["family"]) else "",
            tensorboard_dir=str(tensorboard_folder(self.study_dir) / str(number))
            if self.spec.tensorboard
            else "",
            graph_returns=self._graphs_return(),
        )

    def _graphs_return(self) -> bool:
        """Whether trials of this study share graphs: by plan, and not once in a while by chance."""
        searched = {each.sets for each in self.spec.space if not isinstance(each, FixedParameter)}
        return self.spec.repeats > 1 or searched <= OUTSIDE


def with_whole_paths(settings: Params, catalogue: Catalogue, base_dir: Path) -> dict[str, Value]:
    """Return settings whose paths no longer depend on the folder that they were declared in.

    Raises:
        DataError: If a path begins with the home of a user that there is not.
    """
    known = catalogue.settings()
    return {
        name: str(whole_path(str(value), base_dir)) if value and known[name].kind == "path" else value
        for name, value in settings.items()
    }
