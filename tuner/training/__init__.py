"""Runs one trial: from a request to its outcome, with a report after every epoch.

In the order of the flow: ``device`` first of all, ``settings``, ``precision`` and ``optimizers``, ``feed``
(batches), ``steps`` (what one step computes), ``stopwatch``, ``course`` (best epoch, early stopping),
``chance`` (whether anything was learned), ``checkpoint``, ``event_file`` (for TensorBoard), ``loop`` (the
trial), ``kept_model``, ``evaluate`` (the test split). Keras and TensorFlow are imported inside functions, for
the registries here are read by processes that must not load them.
"""
