"""State and rules of DataZone, one module per concern; ``entities`` holds the data, ``session`` one operation."""
