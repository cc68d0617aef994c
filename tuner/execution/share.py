"""What the workers of a session have of this machine: how many they are, cores, GPUs and memory of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tuner.execution.cores import Cores, cores_here
from tuner.execution.placement import Place, in_words, plan_places, sharing
from tuner.execution.room import Room, divide
from tuner.execution.threads import Threads
from tuner.spec.values import ExecutionSpec, Value
from tuner.training.gpus import Gpus, count_gpus, gpus_here

__all__ = ["Share", "share_machine"]


@dataclass(frozen=True)
class Share:
    """What the workers of a session have.

    Attributes:
        cores: Of this process.
        room: How many workers there are, and their memory.
        places: One a worker.
        remarks: What a person should know: GPUs that cannot be used, why there are fewer workers than cores,
            trials that do not fit, other threads than the study began with, idle cores, and what workers
            share.
    """

    cores: Cores
    room: Room
    places: Sequence[Place]
    remarks: Sequence[str] = ()

    def __str__(self) -> str:
        return in_words(self.places, self.cores)

    @property
    def facts(self) -> dict[str, Value]:
        """What is kept of it with the session; later ones hold on to ``threads``."""
        gpus = len({place.gpu for place in self.places} - {None})
        return {
            "workers": len(self.places),
            "threads": self.places[0].threads,
            **({"gpus": gpus} if gpus else {}),
            **({} if self.cores.quota is None else {"cpu_quota": self.cores.quota}),
        }


def share_machine(
    execution: ExecutionSpec,
    begun: int | None,
    largest: int | None,
    *,
    idle: bool = False,
    cores: Cores | None = None,
    gpus: Gpus | None = None,
) -> Share:
    """Divide this machine among the workers of a session.

    Args:
        execution: What is declared, with what the command line says in its place.
        begun: Threads that each worker had when the study began, or None.
        largest: What the largest trial takes with its worker, in bytes, or None if that is unknown.
        idle: Whether there is nothing to train; then nothing is to be known of threads and of sharing, nor
            from TensorFlow.
        cores, gpus: Default to those of this process.

    Raises:
        InputError: If there are to be more workers than a machine could start.
    """
    cores = cores or cores_here(quietest_first=not idle)
    here = gpus or (Gpus(count_gpus()) if idle else gpus_here())
    kept = Threads(execution.threads, begun)
    wanted = kept.wanted(on_gpu=here.count > 0)
    room = divide(execution, execution.workers, cores, here.count, largest, threads=wanted)
    places = plan_places(room.workers, cores, wanted, here.count, execution.gpu_memory_limit_mib)
    told = () if idle else (*kept.remarks(places, cores), *sharing(places, cores))
    remarks = tuple(remark for remark in (here.remark, room.remark, room.shortage, *told) if remark)
    return Share(cores, room, places, remarks)
