"""How good are the answers: judged queries, metrics, tests of significance, and a gate for CI."""
