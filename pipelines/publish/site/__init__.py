"""The pages of a release: one question a page, every number led back to the table it stands in."""
