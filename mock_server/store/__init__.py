"""Accounts, jobs, uploads and references: the only mutable thing of the mock."""
