"""Fitting a ranking to judged queries, and telling whether it is better on queries that it was not fitted to."""
