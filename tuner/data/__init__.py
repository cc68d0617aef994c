"""Sources, cleaning, splits, encoding and batches: from a declared source to arrays that workers map.

In the order of the flow: ``sources`` and ``reading``, ``labels``, ``splits``, ``prepare``, ``cleaning``,
``encode``, ``batches``; ``guess`` serves ``tuner init``. No model and no search library is known here.
"""
