"""Quality of answers: judged queries, metrics, tests of significance, and a gate for CI."""
