"""A data set of images: where it came from, its labels, and its views in the range of a model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labhelpers.data.ranges import Activation, to_float


@dataclass(frozen=True)
class ScaledImages:
    """Training and test images as a model of one last activation takes them.

    Attributes:
        train: float32 (n, height, width, channels) in the range of ``activation``.
        test: the same for the test images.
        activation: ``"sigmoid"`` or ``"tanh"``.
    """

    train: np.ndarray
    test: np.ndarray
    activation: Activation


@dataclass(frozen=True)
class LabeledImages:
    """A data set of images with labels.

    Attributes:
        name: what it is, as in a title.
        source: where it came from, in a few words.
        train_images: uint8 (n, height, width, channels).
        train_labels: int64 (n,).
        test_images: uint8 (m, height, width, channels).
        test_labels: int64 (m,).
        class_names: one name per label value.
    """

    name: str
    source: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple[str, ...]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        height, width, channels = self.train_images.shape[1:]
        return height, width, channels

    def scaled(self, activation: Activation) -> ScaledImages:
        """The images for a model whose last activation is ``"sigmoid"`` ([0, 1]) or ``"tanh"`` ([-1, 1])."""
        return ScaledImages(
            to_float(self.train_images, activation),
            to_float(self.test_images, activation),
            activation,
        )

    def first(self, train: int, test: int | None = None) -> LabeledImages:
        """The first images only: a smaller data set for a shorter run."""
        return LabeledImages(
            self.name,
            self.source,
            self.train_images[:train],
            self.train_labels[:train],
            self.test_images[:test],
            self.test_labels[:test],
            self.class_names,
        )

    def __str__(self) -> str:
        height, width, channels = self.image_shape
        return (
            f"{self.name}: {len(self.train_images):,} training and {len(self.test_images):,} test images of "
            f"{height}x{width}x{channels}, from {self.source}"
        )
