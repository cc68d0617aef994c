"""Runs a recorded study again without training: through any pruner, sampler, order and count of workers.

In the order of the flow: ``recorded`` (curves, from a database or a file), ``sampled`` (what a sampler would
begin next of them), ``simulate`` (who trains when, and who is pruned), ``judge`` (what that saved and what it
lost), ``compare`` (several pruners and samplers over several orders). Nothing here trains, writes to a
database or knows a terminal.
"""
