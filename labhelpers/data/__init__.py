"""Data sets of the labs: digits, clothes, faces and the student's own pictures. Loads no TensorFlow."""

from labhelpers.data.digits import DataFileError, embedded_digits, load_fashion_mnist, load_mnist
from labhelpers.data.directory import data_directory
from labhelpers.data.images import LabeledImages, ScaledImages, require_range, to_float, to_uint8

__all__ = [
    "DataFileError",
    "LabeledImages",
    "ScaledImages",
    "data_directory",
    "embedded_digits",
    "load_fashion_mnist",
    "load_mnist",
    "require_range",
    "to_float",
    "to_uint8",
]
