"""Small data sets in the layouts in which the real ones are published."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

SIGNALS = [f"{kind}_{axis}" for kind in ("body_acc", "body_gyro", "total_acc") for axis in "xyz"]
SCALE = 1 / 4096
# Some of the published training and test subjects; 5 and 11 are held out for validation by default.
TRAINING_SUBJECTS, TEST_SUBJECTS = (1, 3, 5, 11, 17, 23, 28), (2, 4)


def har_arrays(seed: int = 0) -> dict[str, Any]:
    """The arrays of `har_windows.npz`: three windows of every subject and activity."""
    rng = np.random.default_rng(seed)
    arrays: dict[str, Any] = {"scale": np.float64(SCALE)}
    for part, subjects in (("train", TRAINING_SUBJECTS), ("test", TEST_SUBJECTS)):
        who, label = (side.ravel() for side in np.meshgrid(subjects, np.tile(np.arange(1, 7), 3), indexing="ij"))
        x = rng.integers(-9000, 9000, (len(who), 9, 128)) + 300 * np.arange(9)[:, None]
        arrays |= {f"x_{part}": x.astype(np.int16), f"y_{part}": label.astype(np.uint8)}
        arrays |= {f"subject_{part}": who.astype(np.uint8)}
    return arrays


def write_har_windows(folder: Path, arrays: dict[str, Any]) -> Path:
    np.savez(folder / "har_windows.npz", **arrays)
    return folder / "har_windows.npz"


def write_har_folder(folder: Path, arrays: dict[str, Any]) -> Path:
    """The folder as published: fields of 16 characters with exponents of three digits, as on Windows."""
    root = folder / "UCI HAR Dataset"
    for part in ("train", "test"):
        signals = root / part / "Inertial Signals"
        signals.mkdir(parents=True)
        values = arrays[f"x_{part}"] * float(arrays["scale"])
        for channel, signal in enumerate(SIGNALS):
            lines = ["".join(published_number(value) for value in row) for row in values[:, channel]]
            (signals / f"{signal}_{part}.txt").write_text("\n".join(lines) + "\n")
        for name, key in (("y", "y"), ("subject", "subject")):
            (root / part / f"{name}_{part}.txt").write_text("".join(f"{n}\n" for n in arrays[f"{key}_{part}"]))
    return root


def published_number(value: float) -> str:
    mantissa, exponent = f"{value:.7e}".split("e")
    return f"{mantissa}e{exponent[0]}{int(exponent[1:]):03d}".rjust(16)


class Python2Pickler(pickle._Pickler):
    """Writes byte strings as Python 2 did: as its plain `str`."""

    dispatch: ClassVar[dict[Any, Any]] = dict(pickle._Pickler.dispatch)

    def save_str(self, text: bytes) -> None:
        self.write(pickle.BINSTRING + len(text).to_bytes(4, "little") + text)
        self.memoize(text)

    dispatch[bytes] = save_str


def python2_pickle(thing: Any) -> bytes:
    stream = io.BytesIO()
    Python2Pickler(stream, protocol=2).dump(thing)
    # The home of NumPy's arrays at that time.
    return stream.getvalue().replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


def cifar_images(samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 3, 32, 32) as bytes and balanced labels, shuffled."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (samples, 3, 32, 32)).astype(np.uint8), rng.permutation(np.arange(samples) % 10)


def write_cifar_batches(folder: Path, samples: int = 60) -> Path:
    """Five training batches and a test batch of `samples` images each, batch k from seed k (the test batch from 6)."""
    root = folder / "cifar-10-batches-py"
    root.mkdir()
    for number, name in enumerate([*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"], start=1):
        x, y = cifar_images(samples, number)
        batch = {
            b"batch_label": name.encode(),
            b"labels": [int(label) for label in y],
            b"data": x.reshape(samples, -1),
            b"filenames": [f"image_{row}.png".encode() for row in range(samples)],
        }
        (root / name).write_bytes(python2_pickle(batch))
    return root
