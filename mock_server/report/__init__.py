"""The client under test, judged by what the mock has seen of it.

Each finding is one pure function of the evidence (`JUDGES`); none needs the mock to be running.
"""

from mock_server.report.evidence import Evidence, Terms
from mock_server.report.finding import Finding
from mock_server.report.judges import FINDINGS, JUDGES, judge
from mock_server.report.report import Report

__all__ = ["FINDINGS", "JUDGES", "Evidence", "Finding", "Report", "Terms", "judge"]
