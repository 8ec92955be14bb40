"""The four reference networks of MLPerf Tiny, layer by layer.

Source: C. Banbury et al., "MLPerf Tiny Benchmark", NeurIPS Datasets and Benchmarks 2021, arXiv:2106.07597, and its
reference models, github.com/mlcommons/tiny. Convolutions pad as TensorFlow's `same` does: what is left over goes below
and to the right. Batch normalisations and activations are layers of their own; a bias before a batch normalisation is
left out, as it has no effect there.
"""

from __future__ import annotations

from simint.errors import InputError
from simint.network.builder import FeatureMap, LayerBuilder, Padding, Pair
from simint.network.network import Network

MLPERF_TINY_FORM = "mlperf:NAME, NAME one of resnet8, dscnn, mobilenetv1-025, autoencoder"


def mlperf_tiny_network(word: str) -> Network:
    """The network of a word such as `mlperf:resnet8`; InputError says which there are."""
    _, _, name = word.partition(":")
    if name == "resnet8":
        return _resnet8(word)
    if name == "dscnn":
        return _dscnn(word)
    if name == "mobilenetv1-025":
        return _mobilenet(word)
    if name == "autoencoder":
        return _autoencoder(word)
    raise InputError(f"network {word!r}: write {MLPERF_TINY_FORM}")


def _resnet8(word: str) -> Network:
    """Image classification, 32 x 32 x 3: a convolution and three residual stacks of 16, 32 and 64 channels."""
    builder = LayerBuilder((3, 32, 32))
    x = _conv_bn_relu(builder, builder.input, 16, (3, 3))
    for filters, stride in ((16, 1), (32, 2), (64, 2)):
        strides = (stride, stride)
        y = _conv_bn_relu(builder, x, filters, (3, 3), strides)
        y = builder.batch_norm(builder.conv(y, filters, (3, 3), pad=same(y, (3, 3), (1, 1))))
        # The projection has a bias and no batch normalisation.
        shortcut = x if stride == 1 else builder.conv(x, filters, (1, 1), strides, bias=True)
        x = builder.relu(builder.add(y, shortcut))
    return _classified(builder, x, 10, word)


def _dscnn(word: str) -> Network:
    """Keyword spotting, 49 x 10 MFCC: a wide convolution and four depthwise-separable ones of 64 channels."""
    builder = LayerBuilder((1, 49, 10))
    x = _conv_bn_relu(builder, builder.input, 64, (10, 4), (2, 2))
    for _ in range(4):
        x = _separable(builder, x, 64, (1, 1))
    return _classified(builder, x, 12, word)


def _mobilenet(word: str) -> Network:
    """Visual wake words, 96 x 96 x 3: MobileNetV1 with a width multiplier of 0.25."""
    builder = LayerBuilder((3, 96, 96))
    x = _conv_bn_relu(builder, builder.input, 8, (3, 3), (2, 2))
    filters = (16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256, 256)
    strides = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
    for channels, stride in zip(filters, strides, strict=True):
        x = _separable(builder, x, channels, (stride, stride))
    return _classified(builder, x, 2, word)


def _autoencoder(word: str) -> Network:
    """Anomaly detection: 5 frames of 128 mel bands through a bottleneck of 8, and back."""
    builder = LayerBuilder((640, 1, 1))
    x = builder.input
    for units in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        x = builder.relu(builder.batch_norm(builder.fully_connected(x, units)))
    builder.fully_connected(x, 640, bias=True)
    return Network(name=word, layers=tuple(builder.layers), notes="MLPerf Tiny reference network, arXiv:2106.07597")


def _classified(builder: LayerBuilder, x: FeatureMap, classes: int, word: str) -> Network:
    builder.fully_connected(builder.global_average_pool(x), classes, bias=True)
    return Network(name=word, layers=tuple(builder.layers), notes="MLPerf Tiny reference network, arXiv:2106.07597")


def _conv_bn_relu(
    builder: LayerBuilder, x: FeatureMap, filters: int, kernel: Pair, stride: Pair = (1, 1)
) -> FeatureMap:
    y = builder.conv(x, filters, kernel, stride, same(x, kernel, stride))
    return builder.relu(builder.batch_norm(y))


def _separable(builder: LayerBuilder, x: FeatureMap, filters: int, stride: Pair) -> FeatureMap:
    y = builder.depthwise(x, (3, 3), stride, same(x, (3, 3), stride))
    return _conv_bn_relu(builder, builder.relu(builder.batch_norm(y)), filters, (1, 1))


def same(x: FeatureMap, kernel: Pair, stride: Pair) -> Padding:
    """TensorFlow's `same` padding: the output has a position for every stride of the input."""
    _, height, width = x.shape
    rows = max((-(-height // stride[0]) - 1) * stride[0] + kernel[0] - height, 0)
    columns = max((-(-width // stride[1]) - 1) * stride[1] + kernel[1] - width, 0)
    return (rows // 2, rows - rows // 2, columns // 2, columns - columns // 2)
