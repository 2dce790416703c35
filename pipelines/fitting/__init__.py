"""All streams fitted as one: the work database in, tables of a fit out. Knows no stream by name."""
