"""Anime-style faces drawn by the program, each with its attributes, its line drawing and a caption.

The faces need no download and no licence. They serve as images for a GAN, as pairs (line drawing to face), as unpaired
domains (blond hair to pink hair), as captioned images, and as a ground truth to judge conditional models by.

How a face is drawn: attributes and shape are numbers drawn from the seed (``attributes``); every part of the face
(``parts``) is made of smooth curves in a plane whose unit is the edge of the image (``geometry``), and fits the others
by the measures that they share (``head``); Pillow fills the curves on a canvas several times larger than the image, and
averaging blocks of the canvas into pixels smooths every edge (``canvas``). The line drawing is made by the same calls
on a second picture, where a filled shape is white with a black outline: what a shape hides in the face it also hides in
the line drawing, so both are in register.
"""

from labhelpers.data.faces.attributes import (
    ATTRIBUTES,
    FaceAttributes,
    FaceShape,
    draw_attributes,
)
from labhelpers.data.faces.captions import describe_face
from labhelpers.data.faces.drawn_faces import DrawnFaces, draw_faces
from labhelpers.data.faces.face import draw_face

__all__ = [
    "ATTRIBUTES",
    "DrawnFaces",
    "FaceAttributes",
    "FaceShape",
    "describe_face",
    "draw_attributes",
    "draw_face",
    "draw_faces",
]
