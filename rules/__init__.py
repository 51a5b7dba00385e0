"""The rules that ship with initlint: one module each.

The package is imported as ``initlint_rules``; under another name every rule would exist twice.
"""

if __name__ != "initlint_rules":
    raise ImportError(f"import this package as 'initlint_rules', not as {__name__!r}")
