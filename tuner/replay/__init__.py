"""Runs a recorded study again without training: its curves through any pruner, order and count of workers.

In the order of the flow: ``recorded`` (curves, from a database or a file), ``simulate`` (who trains when,
and who is pruned), ``judge`` (what that saved and what it lost), ``compare`` (several pruners over several
orders). Nothing here trains, writes to a database or knows a terminal.
"""
