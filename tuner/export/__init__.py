"""Kept models outside of Keras: read by their bytes, computed in NumPy, compared with what Keras predicts.

``kept_weights`` reads a trial's folder, ``texts`` makes a model's inputs from what it keeps, ``numpy_layers``
and ``numpy_families`` compute, ``keras_side`` has Keras predict in a process of its own, ``agreement``
compares.

Nothing here imports Keras, and nothing that is read is run.
"""
