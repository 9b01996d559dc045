"""``python -m embedctl``, and the ``embedctl`` script."""

from __future__ import annotations

from .cli.run import main

if __name__ == "__main__":
    main()
