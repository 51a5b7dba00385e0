"""The command line. `main` is the entry point; each command has a module of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

OK, FOUND, FAILED, INTERRUPTED = 0, 1, 2, 130
"""Exit codes. 130 is what shells give for a program ended by Ctrl-C."""


def main() -> None:
    """Run the command line of this process, and end it at once: to take apart what is known of a large program, object by
    object, takes as long as a tenth of the run."""
    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # its reader has left, or it is closed
            stream.flush()
    os._exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; return its exit code. Says what goes wrong on standard error, never as a traceback."""
    import click

    for stream in (sys.stdout, sys.stderr):  # a terminal without UTF-8 must not end the run
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        return _run(arguments)
    except click.UsageError as error:
        error.show()
    except click.ClickException as error:
        _say(f"error: {error.format_message()}")
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        close_output()
        return OK
    except Exception as error:
        _explain(error, is_verbose=bool({"-v", "--verbose"} & set(arguments)))
    return FAILED


def _run(arguments: Sequence[str]) -> int:
    from initlint.cli.group import initlint

    code = initlint.main(list(arguments), prog_name="initlint", standalone_mode=False)
    sys.stdout.flush()
    return code if isinstance(code, int) else OK


def close_output() -> None:
    """Let the rest of standard output go nowhere: its reader has left."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explain(error: Exception, *, is_verbose: bool) -> None:
    """Tell a mistake of the user's from one of ours."""
    from initlint.baseline import BaselineError
    from initlint.configuration import ConfigurationError
    from initlint.rule import RulePackError
    from initlint.selection import SelectionError

    if isinstance(error, (BaselineError, ConfigurationError, RulePackError, SelectionError)):
        _say(f"error: {error}")
        return
    _say(f"internal error: {type(error).__name__}: {error}")
    _say("This is a fault in initlint, not in your code. Please report it with the details that --verbose shows.")
    if is_verbose:
        import traceback

        traceback.print_exception(type(error), error, error.__traceback__)


def _say(text: str) -> None:
    print(f"initlint: {text}", file=sys.stderr)
