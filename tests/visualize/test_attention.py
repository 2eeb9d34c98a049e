"""Attention: the framed patch is the one that asks, and all maps share a scale."""

from __future__ import annotations

import numpy as np

from labhelpers import visualize


def test_the_asking_patch_is_framed_and_all_maps_share_a_scale():
    images = np.full((2, 8, 12, 1), 0.5, np.float32)
    maps = np.full((2, 2, 3), 1 / 6)
    sharp = np.zeros((2, 2, 3))
    sharp[:, 1, 2] = 1
    figure = visualize.show_attention(images, maps, images, sharp, query=(1, 2), title="t")
    real, even, fake, focused = figure.axes[:4]
    assert [axis.get_title(loc="left") for axis in (real, even, fake, focused)] == [
        "real",
        "its attention",
        "fake",
        "its attention",
    ]
    frame, shifted = even.patches[0], real.patches[0]
    assert (frame.get_xy(), frame.get_width(), frame.get_height()) == ((8, 4), 4, 4)
    assert shifted.get_xy() == (7.5, 3.5), "the middle of an image's first pixel is at 0"
    assert even.images[0].get_clim() == focused.images[0].get_clim() == (0, 1)
