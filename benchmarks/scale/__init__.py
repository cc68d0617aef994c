"""How a study's size tells: 100, 1,000 and 10,000 trials, on SQLite and on PostgreSQL, without any training.

python -m benchmarks.scale.run            # both databases, about ten minutes
"""

NAME = "many"
"""Of the study."""
