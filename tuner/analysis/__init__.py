"""Stored trials to what is said of them: front, status, tables, comparisons, diagnosis, wording.

A diagnosis in the order of its modules: ``rules`` (the table: thresholds and remedies), ``symptoms`` and
``edges`` (when a fault shows), ``bounds`` and ``proposals`` (what to try), ``diagnosis`` (all of it). A
comparison: ``levels`` (groups), ``measures`` and ``spread`` (what they measured), ``comparison`` (what tells
them apart).
"""
