"""The command line: one file per command, and the only code that knows streams, colours and exit codes.

===============  =========================================================================
``run``          entry point; the one place where exceptions become messages and exit codes
``app``          the table of commands
``grouped``      lets a command take its options as dataclasses
``*_options``    flags shared by commands, and how they become requests to the library
``output``       stdout and stderr
``views``        how results look: one file per kind of result
===============  =========================================================================

Every other file is the command that it is named after.
"""
