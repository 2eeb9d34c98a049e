"""Data sets of the labs: digits, clothes, faces, points, and the student's own pictures. Loads no TensorFlow."""

from labhelpers.data.digits import (
    DataFileError,
    embedded_digits,
    load_fashion_mnist,
    load_mnist,
)
from labhelpers.data.directory import data_directory
from labhelpers.data.faces import (
    DrawnFaces,
    FaceAttributes,
    draw_attributes,
    draw_face,
    draw_faces,
)
from labhelpers.data.folder import FolderImages, load_image_folder
from labhelpers.data.images import LabeledImages, ScaledImages
from labhelpers.data.ranges import ready_to_show, require_range, to_float, to_uint8
from labhelpers.data.toys import grid, ring

__all__ = [
    "DataFileError",
    "DrawnFaces",
    "FaceAttributes",
    "FolderImages",
    "LabeledImages",
    "ScaledImages",
    "data_directory",
    "draw_attributes",
    "draw_face",
    "draw_faces",
    "embedded_digits",
    "grid",
    "load_fashion_mnist",
    "load_image_folder",
    "load_mnist",
    "ready_to_show",
    "require_range",
    "ring",
    "to_float",
    "to_uint8",
]
