"""A real batch from a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from torch import Tensor, nn

from initlint.probe.errors import ProbeError
from initlint.probe.inputs.batch import Inputs, redraw
from initlint.probe.inputs.find import find_inputs


class Pair(nn.Module):
    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        return image * mask


class Labelled(nn.Module):
    def forward(self, image: Tensor, labels: Tensor) -> Tensor:
        return image + labels


class Whole(nn.Module):
    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        return batch["image"]


def saved(folder: Path, content: Any, name: str = "batch.pt") -> str:
    torch.save(content, folder / name)
    return str(folder / name)


def read(path: str, model: nn.Module | None = None, **settings: Any) -> Inputs:
    return find_inputs(model or nn.Linear(2, 2), file=path, **settings)


def refusal(path: str) -> ProbeError:
    with pytest.raises(ProbeError) as caught:
        read(path)
    assert caught.value.stage == "inputs"
    assert path in caught.value.message
    return caught.value


def test_a_tensor_is_the_only_argument_and_keeps_its_values(tmp_path: Path) -> None:
    batch = torch.randn(4, 2)
    inputs = read(saved(tmp_path, batch))
    assert torch.equal(inputs.args[0], batch)
    assert (inputs.batch, inputs.kwargs, inputs.target) == (4, {}, None)
    assert inputs.source.endswith("batch.pt")


def test_a_tuple_holds_the_arguments_in_order(tmp_path: Path) -> None:
    inputs = read(saved(tmp_path, (torch.ones(4, 2), torch.zeros(4))), Pair())
    assert [tuple(value.shape) for value in inputs.args] == [(4, 2), (4,)]


def test_a_dict_goes_in_by_name_and_its_target_to_the_loss(tmp_path: Path) -> None:
    content = {"image": torch.ones(4, 2), "mask": torch.ones(4, 2), "labels": torch.arange(4)}
    inputs = read(saved(tmp_path, content), Pair())
    assert set(inputs.kwargs) == {"image", "mask"}
    assert inputs.target is not None and inputs.target.tolist() == [0, 1, 2, 3]


def test_a_target_that_forward_takes_goes_to_forward(tmp_path: Path) -> None:
    inputs = read(saved(tmp_path, {"image": torch.ones(4), "labels": torch.ones(4)}), Labelled())
    assert set(inputs.kwargs) == {"image", "labels"}
    assert inputs.target is None


def test_a_dict_with_other_names_is_the_one_argument(tmp_path: Path) -> None:
    inputs = read(saved(tmp_path, {"image": torch.ones(4)}), Whole())
    assert list(inputs.args[0]) == ["image"]


def test_numpy_archives_go_in_by_name_or_in_order(tmp_path: Path) -> None:
    numpy.savez(tmp_path / "named.npz", image=numpy.ones((4, 2)), mask=numpy.ones((4, 2)))
    numpy.savez(tmp_path / "ordered.npz", numpy.ones((4, 2)), numpy.ones(4))
    numpy.save(tmp_path / "one.npy", numpy.ones((4, 2), dtype="float32"))
    assert set(read(str(tmp_path / "named.npz"), Pair()).kwargs) == {"image", "mask"}
    assert len(read(str(tmp_path / "ordered.npz"), Pair()).args) == 2
    assert read(str(tmp_path / "one.npy")).args[0].shape == (4, 2)


def test_floats_become_the_type_the_model_runs_in_and_integers_stay(tmp_path: Path) -> None:
    path = saved(tmp_path, (torch.ones(4, dtype=torch.float64), torch.ones(4, dtype=torch.int32)))
    assert [value.dtype for value in read(path, Pair()).args] == [torch.float32, torch.int32]


def test_drawing_again_puts_another_sample_in_every_place_and_keeps_pairs_together(tmp_path: Path) -> None:
    path = saved(tmp_path, {"image": torch.arange(5.0), "mask": torch.arange(5.0), "target": torch.arange(5)})
    inputs = read(path, Pair())
    for seed in range(7):
        fresh = redraw(inputs, seed)
        assert (fresh.kwargs["image"] != inputs.kwargs["image"]).all()
        assert torch.equal(fresh.kwargs["image"], fresh.kwargs["mask"])
        assert torch.equal(fresh.kwargs["image"].long(), fresh.target)


class Payload:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (os.environ["INITLINT_TEST_FOLDER"],))


def test_code_in_a_file_is_refused_and_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INITLINT_TEST_FOLDER", str(tmp_path / "ran"))
    path = saved(tmp_path, Payload())
    assert "could run code" in refusal(path).message
    numpy.save(tmp_path / "batch.npy", numpy.array([Payload()], dtype=object), allow_pickle=True)
    refusal(str(tmp_path / "batch.npy"))
    assert not (tmp_path / "ran").exists()
    with pytest.raises(FileExistsError):  # the file would have done it, and does
        (tmp_path / "ran").mkdir()
        torch.load(path, weights_only=False)


@pytest.mark.parametrize("suffix", [".pt", ".npz", ".npy"])
@pytest.mark.parametrize("content", [b"", b"no batch at all", b"PK\x03\x04 broken"])
def test_a_broken_file_is_named(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"batch{suffix}"
    path.write_bytes(content)
    refusal(str(path))


def test_files_that_hold_no_tensors_or_are_of_another_kind_or_missing_are_named(tmp_path: Path) -> None:
    assert "a str" in refusal(saved(tmp_path, {"image": "text"})).message
    assert "nothing" in refusal(saved(tmp_path, [])).message
    (tmp_path / "batch.csv").write_text("1,2")
    assert ".npz" in refusal(str(tmp_path / "batch.csv")).message
    assert "no such file" in refusal(str(tmp_path / "absent.pt")).message


def test_without_numpy_the_remedy_is_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "batch.npy").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "numpy", None)
    error = refusal(str(tmp_path / "batch.npy"))
    assert "needs numpy" in error.message and "Install numpy" in error.remedy
