"""What there is to index: ``describe`` names it, ``walk`` finds files, ``records`` reads rows out of record files."""
