"""Finding people and groups by what is asked for: a query to spans of terms, page by page.

Strings compare without case and accents. Nothing here reads a whole directory: a query has to say
something that the index of terms can be asked for, and one request looks at a bounded number of
candidates; a page that ends for that reason has a place where the next one goes on.
"""
