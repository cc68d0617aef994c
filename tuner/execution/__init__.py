"""Runs a study: a coordinator that decides and writes, workers that train, messages between them.

``launch`` opens everything and starts the ``Coordinator``; the coordinator asks, places, hears, decides
and tells; an ``Executor`` (``local``: child processes) keeps ``worker`` processes alive and carries
``messages``. The coordinator's process never imports TensorFlow.
"""
