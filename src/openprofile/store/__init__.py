"""Where it is kept: a drawer, from (tenant, owner, facet, id) to a version and a text."""
