"""A document with three sections, each a chunk of its own."""

GUIDE = """# Keys

Every service signs its tokens with a key of its own, made when the service is first set up and kept in the store of
secrets beside its certificates. Nobody reads keys by hand, and no key is ever written to a log or a message.

## Rotation

Keys are rotated every ninety days by the night job. The old key stays valid for one more day, so that tokens signed
shortly before the change can still be checked; after that day it is wiped from every machine that held it.

## Recovery

A lost key is restored from the sealed envelope in the vault. Two people have to be present, both sign the book, and
a new envelope is sealed on the same day, so that the next loss finds the vault as the first one did.
"""
