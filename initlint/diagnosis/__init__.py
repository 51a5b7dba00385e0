"""From a measured network to a verdict: what is wrong with it, how bad that is, and where it begins."""
