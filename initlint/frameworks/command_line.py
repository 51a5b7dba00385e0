"""What the names of command-line parsers mean."""

from __future__ import annotations

PARSERS = ("ArgumentParser", "ArgParser")
"""Last names of the classes, of argparse and configargparse."""
PARSED = "parse_args"
"""Their method that gives the options."""
DEFAULTS_OF_ACTIONS: dict[object, object] = {"store_true": False, "store_false": True}
"""Action of an option -> its value where it is not given."""
