"""What README.md shows of runs: the rules, and what commands print. Run as a script, this brings it up to date."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
TABLE = re.compile(r"(?<=<!-- rules -->\n).*(?=<!-- end of rules -->\n)", re.DOTALL)
CONSOLE = re.compile(r"(?<=^```console\n\$ )(initlint [^\n]*)\n.*?(?=^```$)", re.MULTILINE | re.DOTALL)
NUMBER = r"-?\d+(\.\d+)?(e[+-]?\d+)?%?"
BARS = r"[▁▂▃▄▅▆▇█▏▎▍▌▋▊▉_]+"
HEADINGS = ("code", "name", "severity", "default", "reports")


def refreshed(text: str) -> str:
    """The text with what the commands print today. Raises `ValueError` if it has no place for it."""
    if not TABLE.search(text) or not CONSOLE.search(text):
        raise ValueError("no place for the table of rules, or no command with its output")
    text = TABLE.sub(lambda found: table(), text)
    return CONSOLE.sub(lambda found: f"{found[1]}\n{printed(found[1])}", text)


def without_numbers(text: str) -> str:
    """The text, what `initlint probe` prints in it freed of what differs between machines: digits, bars and wrapping."""
    return CONSOLE.sub(lambda found: _skeleton(found[0]) if found[1].startswith("initlint probe") else found[0], text)


def _skeleton(printed: str) -> str:
    return " ".join(re.sub(NUMBER, "0", re.sub(BARS, " ", printed)).split()) + "\n"


def table() -> str:
    """What `initlint rule --all` lists, as Markdown."""
    rows = [
        (rule["code"], f"`{rule['name']}`", rule["severity"], "on" if rule["default"] else "opt-in", rule["summary"])
        for rule in json.loads(printed("initlint rule --all --format json"))
    ]
    lines = [HEADINGS, ("---",) * len(HEADINGS), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def printed(command: str) -> str:
    """What an `initlint` command line prints at the root of the project. Raises `ValueError` if it fails."""
    arguments = command.removeprefix("initlint ").split()
    done = subprocess.run([sys.executable, "-m", "initlint", *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise ValueError(f"{command}: exit code {done.returncode}: {done.stderr}")
    return done.stdout


if __name__ == "__main__":
    README.write_text(refreshed(README.read_text(encoding="utf-8")), encoding="utf-8")
