"""Sources to index: ``describe`` names them, ``walk`` finds files, ``records`` reads rows of record files."""
