"""Alt texts tell what is drawn: numbers, names, and where curves go."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from labhelpers import visualize
from labhelpers.visualize.alt import LONGEST, alt_text

X = np.arange(5)
POINTS = np.array([[0.0, 2.0], [2.0, 2.0]])


def curve(values, **options):
    return alt_text(visualize.plot_curves({"FID": (X[: len(values)], values)}, title="t", xlabel="epoch", ylabel="y"))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([300, 120, 60, 30, 26], "FID falls from 300 to 26, over epoch 0 to 4."),
        ([1, 2, 3], "FID rises from 1 to 3, over epoch 0 to 2."),
        ([2, 2, 2], "FID stays at 2, over epoch 0 to 2."),
        ([1, 9, 1.1], "FID begins at 1 and ends at 1.1, highest 9, over epoch 0 to 2."),
        ([5, 0, 3], "FID falls from 5 to 3, lowest 0, over epoch 0 to 2."),
        ([5], "FID is 5, over epoch 0 to 0."),
        ([4, 2, np.nan], "FID falls from 4 to 2, not finite 1 times, over epoch 0 to 2."),
        ([np.nan, np.inf], "FID has no values, over epoch 0 to 1."),
    ],
)
def test_a_curve_is_told_by_where_it_goes(values, told):
    assert curve(values) == f"t: y: {told}"


def test_levels_are_told_by_their_heights():
    figure = visualize.plot_curves(
        {"g_ mine": (X, X)}, title="t", xlabel="x", ylabel="loss", levels={"guessing": 0.693147}
    )
    assert alt_text(figure) == "t: loss: mine rises from 0 to 4; guessing at 0.693, over x 0 to 4."


def test_the_raw_curve_behind_a_smooth_one_is_not_told_twice():
    figure = visualize.plot_losses({"loss": list(range(9))}, title="t", ylabel="nats", smooth=3)
    assert alt_text(figure) == "t: nats: loss (mean of 3) rises from 1 to 7, over epoch 3 to 9."


def test_a_sheet_tells_how_many_how_bright_and_how_different():
    images = np.zeros((2, 4, 6, 1))
    images[1] = 1
    told = "2 images of 4 by 6 pixels, mean brightness 0.50, differing by 0.50 a pixel"
    assert alt_text(visualize.show_grid(images, title="two")) == f"two: {told}."
    alike = np.zeros((2, 4, 6, 1))
    alike[:, 2:] = 1
    assert "mean brightness 0.50, differing by 0.00 a pixel" in alt_text(visualize.show_grid(alike))
    rows = visualize.show_rows({"a": images, "b": images[:1]}, title="rows")
    assert alt_text(rows) == f"rows. 2 panels. a: {told}. b: 1 image of 4 by 6 pixels, mean brightness 0.00."


def test_points_bars_histograms_and_matrices_tell_their_numbers():
    points = visualize.show_points({"real": POINTS}, centres=POINTS[:1], limit=3, title="t")
    assert "centres of the real modes: 1 point around (0, 2), spread 0; 2 points around (1, 2)" in alt_text(points)
    counts = visualize.plot_counts({"fake": [3, 4]}, ["zero", "one"], title="t")
    assert alt_text(counts) == "t: fake: zero = 3, one = 4."
    spread = visualize.plot_histograms({"D": {"fake": np.full(9, 0.51)}}, title="t", xlabel="x")
    assert alt_text(spread) == "t. D: fake: mean 0.512."
    matrices = visualize.show_matrices({"A": np.array([[1, 2], [3, 4]])})
    assert alt_text(matrices) == "A: 2 by 2, row by row 1 2; 3 4."


def test_boxes_are_read_out():
    figure = visualize.show_pipeline([("noise", "100 numbers"), ("generator", "dense")], title="What")
    assert alt_text(figure) == "What: noise; 100 numbers; generator; dense."


def test_a_long_text_ends_with_how_much_is_missing():
    sheets = {f"after {epoch} epochs": np.zeros((3, 2, 2, 1)) for epoch in range(14)}
    text = alt_text(visualize.show_sheets(sheets, title="Growing"))
    assert len(text) < LONGEST + 60
    assert text.startswith("Growing. 14 panels. after 0 epochs: 3 images")
    told = text.count("3 images")
    assert 5 < told < 14
    assert text.endswith(f" {14 - told} more are not described.")


def test_an_animation_keeps_the_file_and_tells_its_ends(tmp_path):
    black, white = Image.new("L", (4, 4), 0), Image.new("L", (4, 4), 255)
    black.save(tmp_path / "a.gif", save_all=True, append_images=[white], duration=100, loop=0)
    data, metadata = visualize.show_animation(tmp_path / "a.gif", title="Growing")._repr_mimebundle_()
    told = "Growing: 2 frames, mean brightness 0.00 at first and 1.00 at last."
    assert data["text/plain"] == metadata["image/gif"]["alt"] == told
    assert data["text/html"].startswith(f'<img alt="{told}" src="data:image/gif;base64,R0lGOD')


def test_a_kernel_shows_a_figure_once_with_its_text_also_as_a_tag():
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    try:
        figure = visualize.show_grid(np.zeros((1, 2, 2, 1)), title='"<b>"')
        data, metadata = shell.display_formatter.format(figure)
    finally:
        InteractiveShell.clear_instance()
    assert set(data) == {"text/plain", "text/html", "image/png"}
    told = '"<b>": 1 image of 2 by 2 pixels, mean brightness 0.00.'
    assert data["text/plain"] == metadata["image/png"]["alt"] == told
    assert data["text/html"].startswith('<img alt="&quot;&lt;b&gt;&quot;: 1 image')
    assert data["image/png"] in data["text/html"]
