"""Sheets of images: tiled, in rows, side by side, laid out over the latent plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image, ImageSequence

from labhelpers.data.ranges import require_ready
from labhelpers.described import Described
from labhelpers.visualize.style import STYLE, WIDTH, finished, headline


def tile(images: np.ndarray, columns: int, *, gap: int = 1) -> np.ndarray:
    """Put images into one picture, row by row, with white gaps of equal size.

    Args:
        images: (n, height, width, channels); 1 or 3 channels; any range, which is kept.
        columns: images a row.
        gap: pixels between images.

    Returns:
        (rows * height + gaps, columns * width + gaps, channels); empty places are white.
    """
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    white = 255 if images.dtype == np.uint8 else 1
    picture = np.full(
        (rows * (height + gap) - gap, columns * (width + gap) - gap, channels),
        white,
        dtype=images.dtype,
    )
    for index, image in enumerate(images):
        top, left = index // columns * (height + gap), index % columns * (width + gap)
        picture[top : top + height, left : left + width] = image
    return picture


def sheet(images: np.ndarray, columns: int = 8) -> np.ndarray:
    """Put images into one picture, each pixel enlarged three times, as a frame of an animation.

    Args:
        images: (n, height, width, channels), as ``show_grid`` takes them.
        columns: images a row.

    Returns:
        uint8, (height, width) for grey images and (height, width, 3) for colour.
    """
    tiled = tile(to_unit(images), columns)
    enlarged = np.rint(tiled * 255).astype(np.uint8).repeat(3, axis=0).repeat(3, axis=1)
    return enlarged[..., 0] if enlarged.shape[-1] == 1 else enlarged


def show_grid(
    images: np.ndarray, *, columns: int = 10, title: str = "", width: float = WIDTH
) -> Figure:
    """A sheet of images.

    Args:
        images: (n, height, width, channels): uint8, or floats in [0, 1].
        columns: images a row.
        title: what to see.
        width: of the figure, in inches.
    """
    images = to_unit(images)
    picture = tile(images, columns)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            figsize=(
                width,
                width * picture.shape[0] / picture.shape[1] + (0.4 if title else 0),
            )
        )
        _draw(axes, picture, title, seen(images))
        figure.tight_layout(pad=0.3)
    return finished(figure)


def show_pairs(
    left: np.ndarray,
    right: np.ndarray,
    *,
    left_title: str,
    right_title: str,
    columns: int = 5,
    width: float = WIDTH,
) -> Figure:
    """Two sheets side by side: real images or originals on the left, fake ones or reconstructions on the right.

    Args:
        left: (n, height, width, channels).
        right: (m, height, width, channels).
        left_title: what the left sheet shows.
        right_title: what the right sheet shows.
        columns: images a row in each sheet.
        width: of the figure, in inches.
    """
    both = [to_unit(images) for images in (left, right)]
    sheets = [tile(images, columns) for images in both]
    with plt.rc_context(STYLE):
        ratio = max(picture.shape[0] / picture.shape[1] for picture in sheets)
        figure, axes = plt.subplots(1, 2, figsize=(width, width / 2 * ratio + 0.5))
        titles = (left_title, right_title)
        for axis, picture, title, images in zip(
            axes, sheets, titles, both, strict=True
        ):
            _draw(axis, picture, title, seen(images))
        figure.tight_layout(pad=0.5)
    return finished(figure)


def show_rows(
    rows: Mapping[str, np.ndarray], *, title: str = "", width: float = WIDTH
) -> Figure:
    """One labelled row of images for each entry, so that columns can be compared.

    Args:
        rows: label to images (n, height, width, channels), the same n for each.
        title: what to see.
        width: of the figure, in inches.
    """
    ready = {label: to_unit(images) for label, images in rows.items()}
    with plt.rc_context(STYLE):
        sheets = {label: tile(images, len(images)) for label, images in ready.items()}
        ratio = (
            next(iter(sheets.values())).shape[0] / next(iter(sheets.values())).shape[1]
        )
        figure, axes = plt.subplots(
            len(rows),
            1,
            figsize=(width, len(rows) * (width * 0.8 * ratio + 0.08) + 0.5),
            squeeze=False,
        )
        for axis, (label, picture) in zip(axes[:, 0], sheets.items(), strict=True):
            _draw(axis, picture, "", f"{label}: {seen(ready[label])}")
            axis.text(
                -0.01, 0.5, label, transform=axis.transAxes, ha="right", va="center"
            )
        top = 1.0
        if title:
            headline(figure, title)
            top -= 0.35 / figure.get_figheight()
        figure.tight_layout(pad=0.4, rect=(0, 0, 1, top))
    return finished(figure)


def show_sheets(
    sheets: Mapping[str, np.ndarray],
    *,
    columns: int = 5,
    title: str = "",
    width: float = WIDTH,
) -> Figure:
    """Several sheets of images side by side, each under its own title; real images first.

    Args:
        sheets: title to images (n, height, width, channels), the same n for each.
        columns: images a row in each sheet.
        title: what to see.
        width: of the figure, in inches.
    """
    ready = {name: to_unit(images) for name, images in sheets.items()}
    return _side_by_side(
        {name: tile(images, columns) for name, images in ready.items()},
        [seen(images) for images in ready.values()],
        title,
        width,
    )


def show_pictures(
    pictures: Mapping[str, np.ndarray], *, title: str = "", width: float = WIDTH
) -> Figure:
    """Finished pictures, such as the frames of a sample grid, side by side, each under its own title.

    Args:
        pictures: title to picture (height, width) or (height, width, channels): uint8, or floats in [0, 1].
        title: what to see.
        width: of the figure, in inches.
    """
    told = []
    for picture in pictures.values():
        white = 255 if picture.dtype == np.uint8 else 1
        height, across = picture.shape[:2]
        brightness = float(np.mean(picture)) / white
        told.append(f"{height} by {across} pixels, mean brightness {brightness:.2f}")
    return _side_by_side(pictures, told, title, width)


def _side_by_side(
    pictures: Mapping[str, np.ndarray], told: Sequence[str], title: str, width: float
) -> Figure:
    with plt.rc_context(STYLE):
        ratio = max(
            picture.shape[0] / picture.shape[1] for picture in pictures.values()
        )
        height = width / len(pictures) * ratio + 0.4 + (0.4 if title else 0)
        figure, axes = plt.subplots(
            1, len(pictures), figsize=(width, height), squeeze=False
        )
        for axis, (name, picture), text in zip(
            axes[0], pictures.items(), told, strict=True
        ):
            _draw(axis, picture, name, text)
        if title:
            headline(figure, title)
        figure.tight_layout(pad=0.5)
    return finished(figure)


def show_animation(path: Path, *, title: str) -> Described:
    """A GIF, kept in the notebook, with an alt text that tells its first and last frame.

    Args:
        path: of the file.
        title: what to see, for the alt text.
    """
    with Image.open(path) as film:
        frames = [
            np.asarray(f.convert("L")) / 255 for f in ImageSequence.Iterator(film)
        ]
    first, last = frames[0].mean(), frames[-1].mean()
    told = f"{len(frames)} frames, mean brightness {first:.2f} at first and {last:.2f} at last"
    return Described(path.read_bytes(), f"{title}: {told}.", "image/gif")


def plot_manifold(images: np.ndarray, limit: float, *, title: str) -> Figure:
    """Decoded images at the points of a square grid in a 2-d latent space.

    Args:
        images: (steps * steps, height, width, channels), as ``grid_codes`` orders them: rows from the top down.
        limit: the grid goes from -limit to limit on both axes.
        title: what to see.
    """
    images = to_unit(images)
    steps = round(len(images) ** 0.5)
    picture = tile(images, steps, gap=0)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH * 0.85, WIDTH * 0.85))
        axes.imshow(
            picture.squeeze(),
            extent=(-limit, limit, -limit, limit),
            vmin=0,
            vmax=1,
            label=f"{seen(images)}, {steps} by {steps} codes from {-limit:g} to {limit:g}",
        )
        axes.set(title=title, xlabel="z[0]", ylabel="z[1]")
        axes.grid(visible=False)
        figure.tight_layout()
    return finished(figure)


def to_unit(images: np.ndarray) -> np.ndarray:
    """Images that are uint8, or floats in [0, 1], as floats in [0, 1]."""
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(
            f"The images have shape {images.shape}, expected (n, height, width, 1 or 3). Reshape them."
        )
    if images.dtype.kind == "f":
        # What a diverged model draws is black: its training must come to the sentence that says which loss broke.
        images = np.nan_to_num(images.astype(np.float64), nan=0.0)
    require_ready(images)
    return images / 255.0 if images.dtype == np.uint8 else np.clip(images, 0, 1)


def seen(images: np.ndarray) -> str:
    """What an alt text says of images (n, height, width, channels) in [0, 1]: how many, how bright, how different."""
    count, height, width, _ = images.shape
    told = (
        f"{count} {'image' if count == 1 else 'images'} of {height} by {width} pixels"
    )
    told += f", mean brightness {images.mean():.2f}"
    if count > 1:
        told += f", differing by {images.std(axis=0).mean():.2f} a pixel"
    return told


def _draw(axes: Axes, picture: np.ndarray, title: str, told: str) -> None:
    white = 255 if picture.dtype == np.uint8 else 1
    axes.imshow(
        picture.squeeze(axis=-1) if picture.shape[-1] == 1 else picture,
        vmin=0,
        vmax=white,
        label=told,
    )
    axes.set_axis_off()
    axes.set_title(title)
