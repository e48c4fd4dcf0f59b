"""The query language: what the options of a request ask, carried out on the items of a list."""
