"""How good samples are: distances, neighbours, modes and classes, and the frozen judges whose eyes they look through.

Images are uint8, or floats in [0, 1]; ``sample`` of a model gives them so. ``python -m labhelpers.judging.train``
trains the judges anew.
"""

from labhelpers.judging.classes import class_histogram, cluster_purity, label_agreement
from labhelpers.judging.distances import (
    KernelDistance,
    frechet_distance,
    kernel_distance,
)
from labhelpers.judging.faces import face_judge
from labhelpers.judging.judge import Judge, resized_for
from labhelpers.judging.mnist import mnist_judge
from labhelpers.judging.modes import ModeCoverage, mode_coverage
from labhelpers.judging.neighbours import (
    NearestImages,
    PrecisionRecall,
    nearest_images,
    precision_recall,
)
from labhelpers.judging.quality import (
    FeatureNetwork,
    Quality,
    RealReference,
    quality,
    real_reference,
)

__all__ = [
    "FeatureNetwork",
    "Judge",
    "KernelDistance",
    "ModeCoverage",
    "NearestImages",
    "PrecisionRecall",
    "Quality",
    "RealReference",
    "class_histogram",
    "cluster_purity",
    "face_judge",
    "frechet_distance",
    "kernel_distance",
    "label_agreement",
    "mnist_judge",
    "mode_coverage",
    "nearest_images",
    "precision_recall",
    "quality",
    "real_reference",
    "resized_for",
]
