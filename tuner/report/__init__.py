"""Tables to figures, figures to one page, pages to files; :func:`write_report` is the way in."""

from __future__ import annotations

from tuner.report.files import ReportFiles, write_report

__all__ = ["ReportFiles", "write_report"]
