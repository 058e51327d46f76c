"""Carrying out what was decided: reserve, call, settle."""
