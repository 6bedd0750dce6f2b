"""How fast the mock is, as ratios to a bare handler on the same machine in the same run."""
