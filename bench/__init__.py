"""Speed as ratios: what Sluice takes against what the same work takes by hand, measured in the same run."""
