"""Streams of income, a folder each."""
