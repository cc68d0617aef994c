"""Tables to figures, figures to one page, pages to files.

The ways in are :func:`write_report` and :func:`write_comparison`.
"""

from __future__ import annotations

from tuner.report.files import ReportFiles, write_comparison, write_report

__all__ = ["ReportFiles", "write_comparison", "write_report"]
