"""A parser: files whose lines stand from the last to the first."""

from embedctl.records import ParsedDocument


def parse(data, path):
    return ParsedDocument("\n".join(reversed(data.decode().splitlines())) + "\n", "text/plain")
