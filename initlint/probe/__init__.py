"""Run a model once, forward and backward, and measure whether it can learn. Imports torch only where it runs."""
