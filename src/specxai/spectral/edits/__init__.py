"""Components scaled or removed, checked against the real network."""
