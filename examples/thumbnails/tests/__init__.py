"""Rehearsals of bad days."""
