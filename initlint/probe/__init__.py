"""Running a model once, forward and backward, and measuring whether it can learn.

Importing this package loads nothing else: `check` never needs what is in here, and PyTorch is loaded by what measures
only. A target runs in a process of its own (`initlint.probe.containment`).
"""
