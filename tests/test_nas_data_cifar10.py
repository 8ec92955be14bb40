"""CIFAR-10: the Python batches as published, the .npz files, and files that are something else."""

from __future__ import annotations

import pickle
import pickletools
from pathlib import Path

import numpy as np
import pytest
from nas_data_files import cifar_images, python2_pickle, write_cifar_batches

from nas.data import load_data, open_test
from nas.data.split import class_counts
from simint.errors import InputError


def bytes_of(x: np.ndarray) -> list[bytes]:
    """The samples in the bytes of the file: [-1, 1] back to 0 to 255."""
    return [np.rint(sample * 127.5 + 127.5).astype(np.uint8).tobytes() for sample in x]


def test_the_batches_are_those_of_python_2(tmp_path: Path) -> None:
    root = write_cifar_batches(tmp_path)
    content = (root / "data_batch_1").read_bytes()
    names = {operation.name for operation, _, _ in pickletools.genops(content)}
    assert "BINSTRING" in names
    assert not names & {"SHORT_BINBYTES", "BINBYTES"}
    theirs = pickle.loads(content, encoding="bytes")
    assert set(theirs) == {b"batch_label", b"labels", b"data", b"filenames"}


def test_every_image_is_in_one_split(tmp_path: Path) -> None:
    data = load_data("cifar10", write_cifar_batches(tmp_path).parent)
    test = open_test(data)
    assert data.input_shape == (3, 32, 32)
    assert (len(data.train), len(data.validation), len(test)) == (270, 30, 60)
    assert class_counts(data.validation, 10).tolist() == [3] * 10
    label = {}
    for number in range(1, 7):
        x, y = cifar_images(60, number)
        label |= {image.tobytes(): int(kind) for image, kind in zip(x, y, strict=True)}
    seen = [
        (image, int(kind))
        for split in (data.train, data.validation, test)
        for image, kind in zip(bytes_of(split.x), split.y, strict=True)
    ]
    assert sorted(seen) == sorted(label.items())
    assert bytes_of(test.x) == [image.tobytes() for image in cifar_images(60, 6)[0]]


def test_scaled_as_published(tmp_path: Path) -> None:
    data = load_data("cifar10", write_cifar_batches(tmp_path))
    raw = cifar_images(60, 6)[0]
    # x / 255, then mean 0.5 and deviation 0.5.
    np.testing.assert_allclose(open_test(data).x, (raw / 255 - 0.5) / 0.5, atol=1e-6)
    by_channel = load_data("cifar10", tmp_path, statistics="channel")
    np.testing.assert_allclose(by_channel.train.x.mean(axis=(0, 2, 3), dtype=np.float64), 0, atol=1e-6)
    np.testing.assert_allclose(by_channel.train.x.std(axis=(0, 2, 3), dtype=np.float64), 1, atol=1e-5)


def test_the_batches_come_before_the_jpeg_files(tmp_path: Path) -> None:
    for name, seed in (("train_a", 1), ("train_b", 2), ("test", 3)):
        x, y = cifar_images(60, seed)
        np.savez(tmp_path / f"cifar10_{name}.npz", x=x.transpose(0, 2, 3, 1), y=y.astype(np.uint8))
    through_jpeg = load_data("cifar10", tmp_path)
    assert "JPEG" in through_jpeg.source
    assert bytes_of(open_test(through_jpeg).x) == [image.tobytes() for image in cifar_images(60, 3)[0]]
    write_cifar_batches(tmp_path)
    assert "as published" in load_data("cifar10", tmp_path).source


class Harmful:
    def __reduce__(self):
        return print, ("code of a file was called",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a CIFAR-10 batch"),
        (b"no pickle at all", "not a CIFAR-10 batch"),
        (pickle.dumps(Harmful()), "it asks for builtins.print"),
        (pickle.dumps([1, 2]), "a dictionary of data and labels"),
        (python2_pickle({b"labels": [1]}), "data must be bytes of shape"),
        (python2_pickle({b"data": np.zeros((2, 3072)), b"labels": [1, 1]}), "data must be bytes of shape"),
        (python2_pickle({b"data": np.zeros((2, 3072), np.uint8)}), "labels must be a list"),
        (python2_pickle({b"data": np.zeros((2, 3072), np.uint8), b"labels": [1]}), "1 labels for 2 samples"),
        (python2_pickle({b"data": np.zeros((1, 3072), np.uint8), b"labels": [10]}), "labels are 0 to 9, got 10"),
        (None, "cannot be read"),
    ],
)
def test_wrong_batches(tmp_path: Path, content: bytes | None, message: str, capsys) -> None:
    path = write_cifar_batches(tmp_path) / "data_batch_3"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        load_data("cifar10", tmp_path)
    assert "data_batch_3" in str(caught.value)
    assert capsys.readouterr().out == "", "a file's code was called"


def test_a_batch_cut_short(tmp_path: Path) -> None:
    path = write_cifar_batches(tmp_path) / "data_batch_2"
    path.write_bytes(path.read_bytes()[:50_000])
    with pytest.raises(InputError, match="data_batch_2: not a CIFAR-10 batch"):
        load_data("cifar10", tmp_path)
