"""Who finds the better front in the same time: ``tuner``, or what a person would pick instead.

Every method gets the same texts, the same space and the same seconds on the same two cores, runs in
processes of its own, and leaves what it found with the moment at which it knew it
(:mod:`benchmarks.front.record`). What the members of its fronts are worth is then measured again for all
of them in one way (:mod:`benchmarks.front.remeasure`), and only that is compared
(:mod:`benchmarks.front.score`).
"""
