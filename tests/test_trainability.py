"""The benchmark against training: its models, their labels, and how they are counted. Nothing is trained here."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The benchmarks are scripts, not a part of the package."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def test_every_source_is_a_program_that_defines_its_target() -> None:
    from trainability.catalogue import models

    for model in models():
        defined = {
            node.name for node in ast.parse(model.source).body if isinstance(node, ast.ClassDef | ast.FunctionDef)
        }
        assert model.target in defined, model.name


def test_the_generator_writes_the_same_sources_again() -> None:
    from trainability.catalogue import models

    assert models() == models()


def test_every_model_has_a_label_of_its_very_source() -> None:
    from trainability import labels
    from trainability.catalogue import models

    assert {labels.key(model) for model in models()} == set(labels.read(labels.LABELS))


def test_failing_and_learning_models_are_both_common() -> None:
    from trainability import labels

    runs = labels.read(labels.LABELS)
    for optimizer, least in (("SGD", 0.35), ("Adam", 0.2)):
        reached = [labels.best(model, optimizer) for model in runs.values()]
        failed = sum(accuracy is not None and accuracy <= labels.TRAINED for accuracy in reached)
        assert None not in reached and len(reached) >= 240
        assert least <= failed / len(reached) <= 0.65


def test_the_area_under_the_curve_counts_a_tie_as_half_a_win() -> None:
    from trainability.ranking import roc_auc

    assert roc_auc([0.9, 0.5], [0.5, 0.1]) == (1 + 1 + 0.5 + 1) / 4
    assert roc_auc([0.1], [0.9]) == 0
    with pytest.raises(ValueError, match="only one kind"):
        roc_auc([], [0.1])


def test_precision_is_of_what_was_said_and_recall_of_what_failed() -> None:
    from trainability.ranking import precision_recall

    pairs = [(True, True), (True, True), (True, False), (False, True), (False, False), (True, True)]
    assert precision_recall(pairs) == (3 / 4, 3 / 4)
    assert precision_recall([(True, False), (True, True), (False, False)]) == (1 / 2, 1)


def test_a_template_drops_the_line_of_an_empty_piece_and_keeps_the_indentation_of_many() -> None:
    from trainability.model import fill

    assert fill("def f():\n    $nothing\n    $lines\n    return $value", nothing=[], lines=["a", "b"], value="c") == (
        "def f():\n    a\n    b\n    return c\n"
    )
