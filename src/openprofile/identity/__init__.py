"""Tokens: the keys that sign them, the check that turns one into a Caller, the local authority."""
