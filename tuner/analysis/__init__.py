"""Stored trials to tables: the front, a study's status, and how numbers are worded for people."""
