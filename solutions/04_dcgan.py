# ---
# jupyter:
#   labs:
#     minutes: {smoke: 0.8, quick: 10}
#     data: [mnist]
# ---

# %% [markdown]
# # Lab 04: DCGAN
#
# Dense layers forget that a picture is a plane. In this lab you build a GAN out of **convolutions**, train it, give a dense GAN
# the same time, and find out in numbers whose digits are better.
#
# **You will learn** to
#
# - say how large the output of a convolution and of a transposed convolution is, and how many numbers each learns,
# - write the generator and the discriminator of a course's convolutional GAN, and read the tables of a published DCGAN,
# - find a bug in a training that runs without an error, and repair it,
# - design a DCGAN of your own within a budget, choose its settings, and judge it against the vanilla GAN of lab 03 after
#   equal time.
#
# **Time:** about 10 minutes of computing on two CPU cores, four hours with exercises and questions.
# **Before you start:** labs 02 and 03: the two players, their losses, the training step.

# %% setup=true
import inspect
import time
import warnings

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from tqdm.auto import tqdm

from labhelpers import (
    checks,
    data,
    judging,
    losses,
    models,
    profiles,
    training,
    visualize,
)

# %% [markdown]
# ## Parameters
#
# The run profile sets the defaults: `smoke` takes seconds and is only good for tests, `quick` is made for a laptop, `full` for
# a GPU.

# %% setup=true
profile = profiles.current()
print(profile)

SEED = 42
keras.utils.set_random_seed(SEED)

# data
train_count = profile.pick(smoke=512, quick=60_000, full=60_000)
test_count = profile.pick(smoke=200, quick=10_000, full=10_000)
# fakes that are judged
sample_count = profile.pick(smoke=200, quick=10_000, full=10_000)

# Lab 2's GAN (section 6): its own 50 "epochs" of 128 batches of 128 in `full`
lab2_steps = profile.pick(smoke=1, quick=1200, full=6400)
lab2_batch_size = profile.pick(smoke=8, quick=32, full=128)

# your DCGAN (section 7): how often it sees the training images unless you choose
latent_dim = 64
default_epochs = profile.pick(smoke=1, quick=3, full=20)

# %%
digits = data.load_mnist().first(train_count, test_count)
images = digits.scaled("tanh")
print(digits)
print(
    "train:",
    images.train.shape,
    "from",
    images.train.min(),
    "to",
    images.train.max(),
    "as tanh makes them",
)
visualize.show_grid(digits.train_images[:30], title="Thirty training images")

# %% [markdown]
# ## 1. Convolution: from large to small
#
# A convolution lays a small kernel on the image, multiplies what lies under it number by number, and adds up: one output
# number. Then the kernel moves on by `stride` pixels. `padding` first puts a border of that many zeros around the image, on
# **each** side.
#
# **Before you run it:** a 3x3 kernel on a 5x5 image, stride 1, no padding. In how many places does it fit?

# %%
image = np.array(
    [
        [0, 1, 2, 1, 0],
        [1, 3, 4, 3, 1],
        [2, 4, 5, 4, 2],
        [1, 3, 4, 3, 1],
        [0, 1, 2, 1, 0],
    ],
    dtype="float32",
)
kernel = np.array([[0, 1, 0], [1, 2, 1], [0, 1, 0]], dtype="float32")
convolved = tf.nn.conv2d(
    image[None, :, :, None], kernel[:, :, None, None], strides=1, padding="VALID"
)
visualize.show_matrices(
    {
        "image, 5x5": image,
        "kernel, 3x3": kernel,
        "output, 3x3": convolved.numpy()[0, :, :, 0],
    },
    title="Convolution: 5 => 3. Check one number by hand",
)

# %% [markdown]
# Check the output in the middle: $2 \cdot 5 + 4 + 4 + 4 + 4 = 26$. **Your prediction:** nine places, three across and three
# down. If you said 25, one for each pixel, your kernel stuck out over the edge at 16 of them: that is what padding is for.
#
# ### Exercise 1: the size after a convolution (2 points)
#
# Find the formula for the side of the output. Think of the left edge of the kernel: where may it stand first, where last, and
# how many strides lie between? Where the kernel would stick out, there is no output.
#
# *Small example:* size 5, kernel 3, stride 1, padding 0 gives 3.


# %% answer="conv_output_size"
def conv_output_size(size, kernel, stride, padding):
    """Return the side of the output; `padding` zeros lie on each side."""
    ### BEGIN SOLUTION
    return (size + 2 * padding - kernel) // stride + 1
    ### END SOLUTION


# %% check="conv_output_size" points=2
conv_output_size = checks.lab04.conv_output_size(conv_output_size)
### BEGIN HIDDEN TESTS
checks.require("conv_output_size")
### END HIDDEN TESTS

# %% [markdown]
# ## 2. Transposed convolution: from small to large
#
# A generator goes the other way. A **transposed convolution** takes each input number, multiplies the whole kernel by it, and
# *stamps* the result onto the output; the next input's stamp lies `stride` pixels further. Where stamps overlap, they add up.
# `padding` now **cuts** that many pixels off each side of the result.
#
# **Before you run it:** a 2x2 image, a 3x3 kernel, stride 1. How large is the output, and where do all four stamps overlap?

# %%
small = np.array([[1, 2], [3, 4]], dtype="float32")
kernel = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]], dtype="float32")
layer = keras.layers.Conv2DTranspose(1, 3, use_bias=False)
layer.build((None, 2, 2, 1))
layer.set_weights([kernel[:, :, None, None]])
stamps = {}
for row, column in np.ndindex(2, 2):
    alone = np.zeros_like(small)
    alone[row, column] = small[row, column]
    stamps[f"stamp of the {small[row, column]:.0f}"] = layer(
        alone[None, :, :, None]
    ).numpy()[0, :, :, 0]
visualize.show_matrices(
    {
        "input, 2x2": small,
        "kernel, 3x3": kernel,
        **stamps,
        "sum: output, 4x4": layer(small[None, :, :, None]).numpy()[0, :, :, 0],
    },
    columns=4,
    title="Transposed convolution: 2 => 4. The output is the sum of four stamps",
)

# %% [markdown]
# **Your prediction:** 4x4, and all four stamps overlap on the 2x2 pixels in the middle (some of the products there are 0,
# because the kernel has zeros). If you said 6x6, you put the stamps side by side: that is what stride 3 does.
#
# It is called *transposed* because of this: written as a matrix that acts on the flattened image, a convolution from 4x4 to
# 2x2 is a 4x16 matrix, and the transposed convolution with the same kernel multiplies by the transpose of that matrix. It is
# also what back-propagation through a convolution computes. It does **not** undo a convolution: the shape comes back, the
# values do not.
#
# ### Exercise 2: the size after a transposed convolution (2 points)
#
# How far is it from the first pixel of the first stamp to the last pixel of the last one? Then cut the padding off both sides.
#
# *Small example:* size 2, kernel 3, stride 1, padding 0 gives 4.


# %% answer="transposed_output_size"
def transposed_output_size(size, kernel, stride, padding):
    """Return the side of the output; `padding` pixels are cut off each side."""
    ### BEGIN SOLUTION
    # PyTorch writes (size - 1) * stride - 2 * padding + 1 * (kernel - 1) + 1, the same;
    # its factor 1 is the dilation.
    return (size - 1) * stride + kernel - 2 * padding
    ### END SOLUTION


# %% check="transposed_output_size" points=2
transposed_output_size = checks.lab04.transposed_output_size(transposed_output_size)
### BEGIN HIDDEN TESTS
checks.require("transposed_output_size")
### END HIDDEN TESTS

# %% [markdown]
# The layer by its arguments, in PyTorch (where the course has it from) and in Keras:
#
# | `torch.nn.ConvTranspose2d(` | what it is | `keras.layers.Conv2DTranspose(` |
# | --- | --- | --- |
# | `in_channels` | channels of the input | not asked for: read from the input |
# | `out_channels` | channels of the output, one filter each | `filters` |
# | `kernel_size` | side of the kernel, or (height, width) | `kernel_size` |
# | `stride` | pixels from one stamp to the next, or (down, across) | `strides` |
# | `padding` | how much is cut off each side, or (top and bottom, left and right) | `padding="valid"`: nothing; `"same"`: so much that the output is `size * strides` |
# | `bias` | whether a number is added to each output channel | `use_bias` |
#
# PyTorch's documentation says that `dilation * (kernel_size - 1) - padding` zeros are added to each side of the input. It
# thinks of the ordinary convolution that would give the same result: a larger `padding` means *fewer* zeros and a smaller
# output.
#
# An image has two sides, and each follows your formula on its own: $H_{out}$ from $H_{in}$, $W_{out}$ from $W_{in}$, with
# its own kernel side, stride and padding. In Keras, `padding="same"` promises `size / strides` (rounded up) for a convolution.
# The next cell compares your functions with real layers, on oblong images.

# %%
rows = []
for height, width, kernel_size, strides, padding in [
    (5, 5, (3, 3), (1, 1), (0, 0)),
    (28, 28, (4, 4), (2, 2), (1, 1)),
    (28, 14, (3, 3), (2, 2), (1, 1)),
    (7, 9, (5, 3), (1, 2), (2, 0)),
    (28, 20, (5, 4), (3, 2), (0, 1)),
]:
    blank = tf.zeros((1, height, width, 1))
    padded = keras.layers.ZeroPadding2D(padding)(blank)
    down = keras.layers.Conv2D(1, kernel_size, strides)(padded)
    up = keras.layers.Conv2DTranspose(1, kernel_size, strides)(blank)
    cut = keras.layers.Cropping2D(padding)(up)
    # your formula twice: once down, once across
    sides = list(zip((height, width), kernel_size, strides, padding, strict=True))
    rows.append(
        {
            "H, W": (height, width),
            "kernel": kernel_size,
            "stride": strides,
            "padding": padding,
            "convolution": tuple(down.shape[1:3]),
            "yours": tuple(conv_output_size(*side) for side in sides),
            "transposed": tuple(cut.shape[1:3]),
            "yours ": tuple(transposed_output_size(*side) for side in sides),
        }
    )
pd.DataFrame(rows)

# %% [markdown]
# ### Checkerboards
#
# With stride 2, how many stamps fall on each output pixel? We count: all inputs 1, all kernel weights 1.
#
# **Before you run it:** one kernel is 3 wide, the other 4. Which one treats all pixels alike?

# %%
counts = {}
for kernel_size in (3, 4):
    layer = keras.layers.Conv2DTranspose(
        1, kernel_size, 2, padding="same", use_bias=False, kernel_initializer="ones"
    )
    counts[f"kernel {kernel_size}, stride 2"] = layer(tf.ones((1, 5, 5, 1))).numpy()[
        0, :, :, 0
    ]
visualize.show_matrices(counts, title="Stamps on each output pixel")

# %%
tall = tf.random.stateless_normal((1, 14, 14, 16), seed=(SEED, 0))
drawn = {}
for kernel_size in (3, 4):
    layer = keras.layers.Conv2DTranspose(
        1, kernel_size, 2, padding="same", kernel_initializer="random_uniform"
    )
    keras.utils.set_random_seed(SEED)
    layer.build(tall.shape)
    layer.set_weights([np.abs(layer.get_weights()[0]), layer.get_weights()[1]])
    drawn_image = layer(tf.abs(tall)).numpy()
    drawn[f"kernel {kernel_size}, stride 2"] = (
        drawn_image - drawn_image.min()
    ) / np.ptp(drawn_image)
visualize.show_sheets(
    drawn, columns=1, title="One untrained layer each, positive random weights", width=5
)

# %% [markdown] question="transposed-convolution" points=4
# **Question 1 (4 points).** (a) What is a transposed convolution? Explain it with the stamps of your picture, not with the
# word "inverse". (b) Why does a generator need such a layer, and what can it do that plain enlarging (each pixel four times)
# cannot? (c) From 7x7x128 to 14x14x64: how many weights does a transposed convolution with kernel 4 have, and how many a dense
# layer? Leave out the biases. What does the small number cost or bring? (d) Which of your two kernels leaves a checkerboard?
# Quote your counts, say why, and name a remedy.
#
# ### BEGIN SOLUTION
# **Model answer.** (a) It multiplies the whole kernel by each input number and adds these stamps up on the output, one
# stride apart; so with stride 2 the side doubles. In the picture the 2x2 input makes four 3x3 stamps whose sum is 4x4.
# (b) The generator has to go from a short code to a large image, so it needs a layer that makes the side larger; and
# this one *learns* how to fill the new pixels, while plain enlarging has no weights and draws blocks. (c) 4 * 4 * 128 * 64 =
# 131,072 against (7 * 7 * 128) * (14 * 14 * 64) = 78,675,968. The one kernel is used at every place, so a stroke is drawn the
# same way wherever it lies, and neighbouring pixels are drawn together; what lies far apart has to be arranged by other layers.
# (d) Kernel 3 with stride 2: my counts go 1, 2, 1, 2 in one row and 2, 4, 2, 4 in the next, because 3 is no multiple of 2 and
# the stamps overlap unevenly. Kernel 4 gives 4 everywhere inside. Remedy: a kernel that is a multiple of the stride, or
# enlarging first and an ordinary convolution after it.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | what it is (1) | the kernel times each input number, added up a stride apart (or: the transposed matrix, or zeros between the inputs), and the side grows | only one of the two: how it works, or that the side grows | "the inverse of a convolution" |
# | why in a generator (1) | a code has to become an image, and the way of enlarging is learned | only that the image gets larger | no reason |
# | weights (1) | both numbers right, and a consequence of sharing (same stroke everywhere, neighbours together, fewer to learn) | one number right, or both without a consequence | neither |
# | checkerboard (1) | kernel 3, with counts of the own picture and the reason, and a remedy | kernel 3 with counts, but no reason or no remedy | kernel 4, or no counts |
#
# **Enough for full marks.** "Each input number stamps the kernel onto the output, stamps lie a stride apart and add up,
# so the image grows; G must turn a code into an image and learns here how to enlarge, which copying pixels cannot.
# 131,072 against 78,675,968 weights: shared, so a stroke looks the same everywhere. Kernel 3: my counts go 1, 2 in one
# row and 2, 4 in the next, as 3 is no multiple of stride 2; use kernel 4."
#
# **Typical wrong answer.** "It undoes a convolution, and it has fewer weights than a dense layer." No point: it gives
# back the shape of a convolution's input, never its values, and nothing is counted.
# ### END SOLUTION

# %% [markdown]
# **What you should see:** with kernel 3 some pixels get four times as many stamps as others, and the untrained layer draws a
# **checkerboard**. Training can even that out, but it has to. With kernel 4, a multiple of the stride, all pixels inside get
# equally many. That makes checkerboards weaker, not impossible: of four neighbouring pixels each is drawn with four of the
# sixteen weights, and where these four sets differ, as they may after training, a pattern is left.

# %% [markdown]
# ## 3. A convolutional GAN for MNIST

# %%
visualize.show_pipeline(
    [
        ("noise", "100 numbers"),
        ("generator", "7x7 => 14x14 => 28x28\ntransposed convolutions"),
        ("image", "real or fake"),
        ("discriminator", "28x28 => 14x14 => 7x7\nstrided convolutions"),
        ("score", "one number"),
    ],
    title="Convolutions on both sides",
)

# %% [markdown]
# ### Exercise 3: Lab 2's networks (3 points)
#
# Write the two networks of a course's Lab 2 from their description. All strided convolutions have kernel 4, stride 2 and
# padding "same", and every layer has its bias.
#
# | generator | output | | discriminator | output |
# | --- | --- | --- | --- | --- |
# | noise | `latent_dim` | | image | 28x28x1 |
# | dense, no activation | 7 * 7 * 256 | | convolution, 64 filters, then LeakyReLU(0.2) | 14x14x64 |
# | reshape | 7x7x256 | | convolution, 128 filters, then LeakyReLU(0.2) | 7x7x128 |
# | transposed convolution, 128 filters, ReLU | 14x14x128 | | flatten | 6272 |
# | transposed convolution, 64 filters, ReLU | 28x28x64 | | dense, **no sigmoid** | 1 |
# | transposed convolution, 1 filter, kernel 7, stride 1, tanh | 28x28x1 | | | |
#
# With `latent_dim=100` the generator has 1,925,633 parameters and the discriminator 138,561. Any kind of Keras model will do:
# `keras.Sequential`, functional, or a class of your own that has been called once before you return it.
#
# Lab 2's own discriminator ends in a sigmoid. Ours gives the raw score, because our losses contain the sigmoid. And Lab 2 trains
# on images in [0, 1], while its tanh could draw down to -1. That alone is no mistake, as you saw in lab 03: UW's dense GAN draws
# digits in this way. It only leaves the lower half of tanh's range unused. Here all images are in [-1, 1].


# %% answer="cnn_networks"
def cnn_networks(latent_dim=100):
    """Return Lab 2's generator and its discriminator, which gives raw scores."""
    ### BEGIN SOLUTION
    same = {"kernel_size": 4, "strides": 2, "padding": "same"}
    noise = keras.Input((latent_dim,))
    x = keras.layers.Dense(7 * 7 * 256)(noise)
    x = keras.layers.Reshape((7, 7, 256))(x)
    x = keras.layers.Conv2DTranspose(128, activation="relu", **same)(x)  # => 14x14
    x = keras.layers.Conv2DTranspose(64, activation="relu", **same)(x)  # => 28x28
    x = keras.layers.Conv2DTranspose(1, 7, padding="same", activation="tanh")(x)

    image = keras.Input((28, 28, 1))
    y = keras.layers.Conv2D(64, **same)(image)  # => 14x14
    y = keras.layers.LeakyReLU(0.2)(y)
    y = keras.layers.Conv2D(128, **same)(y)  # => 7x7
    y = keras.layers.LeakyReLU(0.2)(y)
    y = keras.layers.Dense(1)(keras.layers.Flatten()(y))
    return (
        keras.Model(noise, x, name="cnn_generator"),
        keras.Model(image, y, name="cnn_discriminator"),
    )
    ### END SOLUTION


# %% check="cnn_networks" points=3
cnn_networks = checks.lab04.cnn_networks(cnn_networks)
### BEGIN HIDDEN TESTS
checks.require("cnn_networks")
### END HIDDEN TESTS

# %%
cnn_generator, cnn_discriminator = cnn_networks(latent_dim=100)
cnn_generator.summary()
cnn_discriminator.summary()

# %%
visualize.show_layers(cnn_generator)

# %%
visualize.show_layers(cnn_discriminator)

# %% [markdown]
# **What you should see:** two thirds of the generator's parameters are in its first dense layer, and the discriminator has
# a fourteenth of the generator's. Fewer weights do not make it the weaker player.
#
# Two functions in these networks deserve a closer look: LeakyReLU inside D, and the sigmoid at its end (ours is in the loss).

# %%
scores = np.linspace(-6, 6, 121)
sigmoid = 1 / (1 + np.exp(-scores))
visualize.plot_functions(
    scores,
    {
        "LeakyReLU, slope 0.2": np.where(scores > 0, scores, 0.2 * scores),
        "ReLU": np.maximum(scores, 0),
        "sigmoid": sigmoid,
    },
    derivatives={
        "LeakyReLU, slope 0.2": np.where(scores > 0, 1, 0.2),
        "ReLU": np.where(scores > 0, 1.0, 0.0),
        "sigmoid": sigmoid * (1 - sigmoid),
    },
    title="Left: the functions; right: the slopes that gradients are multiplied by",
)

# %% [markdown] question="activations" points=4
# **Question 2 (4 points).** What are LeakyReLU and the sigmoid, and what is each for in the discriminator? Read the slopes of all
# three functions at -4 off your right-hand picture: what would ReLU do to the generator if it stood in D? And why does our D
# end in a raw score?
#
# ### BEGIN SOLUTION
# **Model answer.** LeakyReLU gives x for x > 0 and 0.2 x otherwise; the sigmoid is 1 / (1 + exp(-x)), which squeezes any
# score into (0, 1), so that D's output can be read as the probability "real" that binary cross-entropy needs. My slopes
# at -4: LeakyReLU 0.2, ReLU 0, sigmoid 0.018. G learns only from the gradient that comes through D. Where a unit of D is
# negative, ReLU passes none of it on, and a unit that is negative for all images never recovers; LeakyReLU's slope is at
# least 0.2 everywhere. The sigmoid's slope is almost 0 far from 0, too, but there the logarithm of the cross-entropy
# undoes that: -log(sigmoid(s)) has slope -0.98 at -4. But in float32 sigmoid(s) *is* 1 from a score of about 17 on, and
# log(1 - sigmoid(s)) is log(0). So the sigmoid goes into the loss: softplus of the raw score is the same cross-entropy,
# and right at scores of +-100, too.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | the functions (1) | both right, in formula or words, LeakyReLU with its slope for negative values | one right | neither |
# | ReLU in D (1) | slopes 0.2 and 0 at -4, and that G's gradient comes through D (or: units that are dead for good) | the slopes without what they mean for G, or the reverse | neither |
# | what the sigmoid is for (1) | the score becomes the probability of "real" | only "squeezes into (0, 1)" | neither |
# | the raw score (1) | rounding: the sigmoid of a large score becomes exactly 1 (or 0), so log(0) or no slope; put together with the logarithm in the loss this does not happen | "it is more stable", without a reason, or "the sigmoid's slope vanishes", without the logarithm behind it | neither |
#
# **Enough for full marks.** "LeakyReLU is x above 0 and 0.2 x below; the sigmoid turns a score into the probability of real, as
# cross-entropy needs it. At -4 the slopes are 0.2 (leaky), 0 (ReLU), 0.02 (sigmoid): ReLU would stop the gradient that G gets
# through D. The sigmoid of a large score is rounded to 1, and log(1 - 1) is infinite, so the loss takes the raw score."
#
# **Typical wrong answer.** "LeakyReLU avoids vanishing gradients, the sigmoid turns D's score into the probability of
# real, and we leave it out because its slope vanishes." One and a half points: one for what the sigmoid is for, half for
# its slope. Behind it stands a logarithm, which undoes that; neither function is given, no slope was read, and whose
# gradient is meant stays open.
# ### END SOLUTION

# %% [markdown]
# ## 4. Reading a published DCGAN
#
# The 64x64 DCGAN that many courses show has no dense layer at all: the noise is a 1x1 image with 100 channels.
# 1x1 => 4x4 => 8x8 => 16x16 => 32x32 => 64x64, and back again in the discriminator.
#
# ### Exercise 4: count the parameters (2 points)
#
# How many numbers does a convolution learn (transposed or not) that has a square kernel of side `kernel`, `channels_in` input
# and `channels_out` output channels, with or without a bias?
#
# *Small example:* kernel 4, 100 channels in, 512 out, no bias: 819,200.


# %% answer="count_parameters"
def count_parameters(kernel, channels_in, channels_out, bias):
    """Return how many numbers a convolution learns; `bias` is True or False."""
    ### BEGIN SOLUTION
    weights = kernel * kernel * channels_in * channels_out
    return weights + channels_out if bias else weights
    ### END SOLUTION


# %% check="count_parameters" points=2
count_parameters = checks.lab04.count_parameters(count_parameters)
### BEGIN HIDDEN TESTS
checks.require("count_parameters")
### END HIDDEN TESTS

# %% [markdown]
# Now the two tables, row by row: what the course's tables (made with PyTorch) say, what our Keras layers have, and what your
# formula gives. Batch norm learns two numbers a channel; its running mean and variance are not trained, so PyTorch's summary
# leaves them out and Keras' total counts them.

# %%
# fmt: off
uw_generator = [
    819_200, 1_024, 0,  # ConvTranspose2d, BatchNorm2d, ReLU: 4x4x512
    2_097_152, 512, 0,  # 8x8x256
    524_288, 256, 0,  # 16x16x128
    131_072, 128, 0,  # 32x32x64
    3_072, 0,  # ConvTranspose2d, Tanh: 64x64x3
]
uw_discriminator = [
    3_072, 0,  # Conv2d, LeakyReLU: 32x32x64
    131_072, 256, 0,  # Conv2d, BatchNorm2d, LeakyReLU: 16x16x128
    524_288, 512, 0,  # 8x8x256
    2_097_152, 1_024, 0,  # 4x4x512
    8_192, 0,  # Conv2d, Sigmoid: 1x1x1
]
# fmt: on


def compare_with_table(network, table):
    """One row for each layer of the table: its output, and three counts."""
    rows = []
    skipped = (keras.layers.Reshape, keras.layers.Flatten)
    for layer in network.layers:
        if isinstance(layer, skipped):
            continue
        formula = ""
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose):
            formula = count_parameters(
                layer.kernel_size[0],
                layer.input.shape[-1],
                layer.filters,
                layer.use_bias,
            )
        trained = sum(int(np.prod(weight.shape)) for weight in layer.trainable_weights)
        rows.append(
            {
                "layer": type(layer).__name__,
                "output": layer.output.shape[1:],
                "ours": trained,
                "formula": formula,
            }
        )
    in_loss = {
        "layer": "(sigmoid: in our loss)",
        "output": "",
        "ours": 0,
        "formula": "",
    }
    rows += [in_loss] * (len(table) - len(rows))
    frame = pd.DataFrame(rows)
    frame.insert(2, "table", table)
    frame["agrees"] = frame["table"] == frame["ours"]
    return frame


dcgan_generator, dcgan_discriminator = models.dcgan_pair()
table = compare_with_table(dcgan_generator, uw_generator)
print(f"G: {table['ours'].sum():,} parameters that train")
print(f"the course's table: {sum(uw_generator):,}")
table

# %%
table = compare_with_table(dcgan_discriminator, uw_discriminator)
print(f"D: {table['ours'].sum():,} parameters that train")
print(f"the course's table: {sum(uw_discriminator):,}")
table

# %%
visualize.show_layers(dcgan_generator)

# %% [markdown]
# **What you should see:** 3,576,704 and 2,765,568, and every row agrees.
#
# ## 5. Find the bug: three batches of training
#
# Before Keras 3, many programs trained a GAN like this: compile D alone; then set `discriminator.trainable = False` and compile a
# second model, D(G(z)), in which only G moves. The flag was meant to count for the second model only, because D had been
# compiled already. The next cell does just that and then trains for three batches.
#
# **Before you run it:** the losses change from batch to batch. Does D learn?


# %%
keras.utils.set_random_seed(SEED)
frozen_generator, frozen_discriminator = cnn_networks(latent_dim=100)
cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)

frozen_discriminator.compile(
    keras.optimizers.Adam(2e-4), cross_entropy, jit_compile=False
)
frozen_discriminator.trainable = False
noise_input = keras.Input((100,))
both = keras.Model(noise_input, frozen_discriminator(frozen_generator(noise_input)))
both.compile(keras.optimizers.Adam(2e-4), cross_entropy, jit_compile=False)


def weights_of(network):
    return [weight.numpy() for weight in network.weights]


start = {"G": weights_of(frozen_generator), "D": weights_of(frozen_discriminator)}
rng = np.random.default_rng(SEED)
warnings.simplefilter("ignore")
for number in range(3):
    noise = rng.normal(size=(32, 100)).astype("float32")
    real_images = images.train[32 * number : 32 * number + 32]
    fakes = frozen_generator(noise)
    d_real = frozen_discriminator.train_on_batch(real_images, np.ones((32, 1)))
    d_fake = frozen_discriminator.train_on_batch(fakes, np.zeros((32, 1)))
    g = both.train_on_batch(noise, np.ones((32, 1)))
    print(f"batch {number + 1}: D loss {d_real + d_fake:.4f}, G loss {g:.4f}")
warnings.simplefilter("default")

# %% [markdown] question="bug" points=2
# **Question 3 (2 points).** Find out before you read on. Which two numbers would you print for each network to know for sure
# whether it trains? Print them in a cell of your own (`start` holds all weights from before the training) and write down what
# came out. And why do the printed losses not tell you?
#
# ### BEGIN SOLUTION
# **Model answer.** The number of trainable weights, and how far the weights have moved (the largest absolute difference
# from `start`). For D I got 0 trainable weights and a distance of exactly 0.0; for G 8 weights and about 0.0006: only G
# trains. The losses do not tell, because every batch is new and G does move, so they change although D stays as it is;
# and a GAN's losses need not fall anyway.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | the evidence (1) | for both networks: trainable weights (or gradient norms) and distance moved, with the own numbers (0 and 0.0 for D, neither for G) | one of the two kinds of numbers, or for D only | no numbers |
# | why the losses hide it (1) | they change through new batches or through the moving G | only "a GAN's losses need not fall" | "the losses are too small", or nothing |
#
# **Enough for full marks.** "D: 0 trainable weights, moved by 0.0; G: 8 weights, moved by 0.0006. The losses change all the
# same, because each batch is new and G moves."
#
# **Typical wrong answer.** "D's loss changes from batch to batch, so it learns." No point: a loss on another batch
# changes for a network that stands still, too.
# ### END SOLUTION

# %%
for name, network in (("D", frozen_discriminator), ("G", frozen_generator)):
    moved = max(
        float(np.abs(new - old).max())
        for new, old in zip(weights_of(network), start[name], strict=True)
    )
    print(f"{name}: {len(network.trainable_weights)} trainable weights,", end=" ")
    print(f"the one that moved furthest moved by {moved:.6f}")

# %% [markdown]
# **What you should see:** D has 0 trainable weights, and no weight of it has moved at all. If you expected it to learn,
# you are in good company: up to Keras 2 it did. Keras 3 reads the flag when a training function is first *used*, and by
# then it says `False` for everybody. Nothing fails. All that Keras has to say is one warning, "The model does not have
# any trainable weights", easily lost among others; our cell had switched warnings off. And G learns to please a judge who
# knows nothing. Lab 2's program as printed does the same under Keras 3: its D moved by exactly 0.0
# (`benchmarks/documents/lab2_cnn.py`).
#
# ### Repair it (3 points)
#
# A flag that two models share is the wrong tool. Say instead **which variables each optimizer moves**: take the gradient of
# D's loss with respect to D's variables, and of G's loss with respect to G's. Both networks stay trainable all the time.
# Use the same `noise` for both players, and
#
# - `d_loss` = mean of softplus(-real_logits) + mean of softplus(fake_logits),
# - `g_loss` = mean of softplus(-fake_logits), where its gradient goes through D to G.


# %% answer="repaired_step"
def repaired_step(
    generator,
    discriminator,
    generator_optimizer,
    discriminator_optimizer,
    real_images,
    noise,
):
    """Train D and then G on one batch; return d_loss, g_loss."""
    ### BEGIN SOLUTION
    with tf.GradientTape() as g_tape:
        fake_images = generator(noise, training=True)
    with tf.GradientTape() as d_tape:
        real_logits = discriminator(real_images, training=True)
        fake_logits = discriminator(fake_images, training=True)
        d_loss = tf.reduce_mean(tf.nn.softplus(-real_logits))
        d_loss += tf.reduce_mean(tf.nn.softplus(fake_logits))
    variables = discriminator.trainable_variables
    discriminator_optimizer.apply(d_tape.gradient(d_loss, variables), variables)

    # G's tape goes on: the same fakes, scored by the D that has just learned
    with g_tape:
        fake_logits = discriminator(fake_images, training=True)
        g_loss = tf.reduce_mean(tf.nn.softplus(-fake_logits))
    variables = generator.trainable_variables
    generator_optimizer.apply(g_tape.gradient(g_loss, variables), variables)
    return d_loss, g_loss
    ### END SOLUTION


# %% check="repaired_step" points=3
repaired_step = checks.lab04.repaired_step(repaired_step)
### BEGIN HIDDEN TESTS
checks.require("repaired_step")
### END HIDDEN TESTS

# %% [markdown]
# The engine that trains the rest of this lab works in the same way, and it refuses a frozen network. Whether you freeze
# before `compile` or after it, you get a sentence instead of a discriminator that stands still:

# %%
frozen_generator, frozen_discriminator = models.cnn_pair()
frozen_discriminator.trainable = False
try:
    frozen_gan = training.GAN(frozen_generator, frozen_discriminator)
    frozen_gan.compile()
except ValueError as error:
    print("frozen before compile:", error)

frozen_discriminator.trainable = True
frozen_gan.compile()
frozen_discriminator.trainable = False
try:
    frozen_gan.fit(images.train[:64])
except ValueError as error:
    print("frozen after compile:", error)

# %% [markdown]
# ## 6. Read the code, comment every line
#
# Here is Lab 2's training in a modern form, with your `cnn_networks` and your `repaired_step`. In `full` it makes Lab 2's 6,400
# steps of 128 images. Two things are mended: D learns, and one compiled step takes the place of `predict` and three calls of
# `train_on_batch`, which is about twice as fast. Four more are changed: the range of the images, the raw score, Adam's betas
# (0.5 and 0.99 instead of 0.9 and 0.999), and in `quick` the batch. This generator is large (55 million multiplications to draw
# one image, and twice that to learn from it), so in `quick` it sees only 38,400 images, in batches of 32: that gives four times
# as many steps as batches of 128 would.
#
# **Before you run it:** which of the ten digits will you recognise first, after so short a training?


# %%
def train_lab2_gan(images, steps, batch_size):
    generator, discriminator = cnn_networks(latent_dim=100)
    generator_optimizer = keras.optimizers.Adam(2e-4, beta_1=0.5, beta_2=0.99)
    discriminator_optimizer = keras.optimizers.Adam(2e-4, beta_1=0.5, beta_2=0.99)
    generator_optimizer.build(generator.trainable_variables)
    discriminator_optimizer.build(discriminator.trainable_variables)
    step = tf.function(repaired_step)
    players = (generator, discriminator, generator_optimizer, discriminator_optimizer)
    rng = np.random.default_rng(SEED)
    history = {"g_loss": [], "d_loss": []}
    for _ in tqdm(range(steps)):
        rows = rng.integers(len(images), size=batch_size)
        real_images = tf.constant(images[rows])
        noise = tf.random.normal((batch_size, 100))
        d_loss, g_loss = step(*players, real_images, noise)
        history["g_loss"].append(float(g_loss))
        history["d_loss"].append(float(d_loss))
    return generator, history


keras.utils.set_random_seed(SEED)
started = time.perf_counter()
lab2_generator, lab2_history = train_lab2_gan(images.train, lab2_steps, lab2_batch_size)
lab2_seconds = time.perf_counter() - started
print(f"{lab2_steps:,} steps of {lab2_batch_size} images in {lab2_seconds:.0f} s")

# %%
lab2_noise = np.random.default_rng(1).normal(size=(50, 100)).astype("float32")
visualize.show_grid(
    data.ready_to_show(lab2_generator(lab2_noise).numpy(), "tanh"),
    columns=10,
    title=f"Lab 2's generator after {lab2_steps:,} steps",
)

# %% [markdown]
# **What you should see** (`quick`): digits, many of them with a broken or a doubled stroke; all ten are there, but not
# equally often. If you guessed that the one comes first, as the simplest digit: in our run threes led, and ones and zeros
# came late. What is simple for us need not be near to what the networks start from.

# %% [markdown]
# **Question 4 (4 points): comment every line.** Copy the body of `train_lab2_gan` into the function below and put a comment on
# **every** line, at its end or right above it. Do not repeat the code in English ("makes an Adam optimizer"): say what the
# line is *for*, and what would go wrong without it.


# %% question="comment-every-line" points=4
def train_lab2_gan_commented(images, steps, batch_size):
    """The same training, with a comment on every line."""
    ### BEGIN SOLUTION
    # **Model answer.**
    # two fresh players; 100 numbers of noise make an image
    generator, discriminator = cnn_networks(latent_dim=100)
    # small steps: in a game a large one overshoots what the other player will answer
    generator_optimizer = keras.optimizers.Adam(2e-4, beta_1=0.5, beta_2=0.99)
    # D's own: Adam keeps running means for each weight, so no two networks can share it
    discriminator_optimizer = keras.optimizers.Adam(2e-4, beta_1=0.5, beta_2=0.99)
    # makes those running means now, because a compiled function may make no variables
    generator_optimizer.build(generator.trainable_variables)
    # the same for D, with D's variables only: this optimizer can move nothing else
    discriminator_optimizer.build(discriminator.trainable_variables)
    # compiled once: without it Python runs every operation by itself, far more slowly
    step = tf.function(repaired_step)
    # what every step needs in the same order
    players = (generator, discriminator, generator_optimizer, discriminator_optimizer)
    # its own random numbers with a seed, so that two runs see the same batches
    rng = np.random.default_rng(SEED)
    # the losses of every step, to draw the curves from
    history = {"g_loss": [], "d_loss": []}
    # one step is one batch; the bar says how long it will take
    for _ in tqdm(range(steps)):
        # which real images: drawn anew, or D would see the same order again and again
        rows = rng.integers(len(images), size=batch_size)
        # in [-1, 1] like the fakes: D should not tell them apart by the range alone
        real_images = tf.constant(images[rows])
        # new codes every time, or G would learn to draw a few images only
        noise = tf.random.normal((batch_size, 100))
        # D learns "real: high score, fake: low"; then G learns to get high scores
        d_loss, g_loss = step(*players, real_images, noise)
        # as a plain number: a kept tensor would keep memory
        history["g_loss"].append(float(g_loss))
        # near 2 log 2 = 1.39 D only guesses; near 0 it knows every fake, and the slope
        # that it then gives G is large but may no longer point to better digits
        history["d_loss"].append(float(d_loss))
    # D has done its work: images need the generator only
    return generator, history


# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | every line (1) | a comment on all lines | on at least half of them | on fewer |
# | purposes (1) | nearly all say what a line is for | about half do | they repeat the code in English |
# | roles (1) | noise, losses and the two optimizers are explained rightly | two of these three | fewer |
# | what goes wrong (1) | at least two things that fail without a line (one optimizer for both, no tf.function, images in another range, the same noise again, tensors kept) | one | none |
#
# **Enough for full marks.** Such short comments, from the first line to the last:
# "both players, untrained"; "moves G: small steps"; "moves D: one optimizer each,
# Adam's means belong to one network"; "G's means, now: a compiled step makes no
# variables"; "D's"; "compiled, else far slower"; "what each step needs";
# "own seed: the same batches again"; "room for the curves"; "one batch each time";
# "which real images"; "D's examples of real"; "noise: what G makes its images of";
# "D is paid for telling real from fake, G for fooling D"; "G's curve, a plain number:
# a kept tensor fills the memory"; "D's curve"; "G is all one needs to draw".
#
# **Typical wrong answer.** "Creates the optimizer", "loops over the steps" and so
# on, on every line: 1 point, for the first criterion.
### END SOLUTION


# %% [markdown]
# This cell counts for you (it gives no points):

# %%
lines = inspect.getsource(train_lab2_gan_commented).splitlines()[2:]
lines = [line.strip() for line in lines if line.strip()]
code = [number for number, line in enumerate(lines) if not line.startswith("#")]
code = [number for number in code if not lines[number].startswith("raise NotImpl")]
done = sum("#" in lines[number] or lines[number - 1].startswith("#") for number in code)
print(f"{done} of {len(code)} lines of code carry a comment")

# %% [markdown]
# ## 7. The assignment: a DCGAN of your own
#
# Generate handwritten digits with a DCGAN that you design. You are free in the number of layers and channels, in activations and
# regularisation, and in the settings of the training: epochs, batch size, learning rate, optimizer. The rules:
#
# - `my_generator(latent_dim)` makes 28x28x1 images in [-1, 1] (end in tanh). **Transposed convolutions** with strides
#   do the enlarging (7 => 14 => 28 is the easy way): no upsampling or pooling layers, at most two dense layers, at most
#   1,200,000 parameters;
# - `my_discriminator()` gives one raw score: **convolutions with strides** do the shrinking (no pooling layers; a global one
#   before the score is fine), at most two dense layers, at most 500,000 parameters.
#
# Any kind of Keras model will do; every call makes a new network. The rules of the DCGAN paper are a good start: strides instead of pooling, batch norm
# in both networks but not at G's output nor at D's input, no hidden dense layers, ReLU in G, LeakyReLU(0.2) in D. Later
# practice added two: a kernel that is a multiple of the stride (the paper has 5, most have 4), and no bias where batch
# norm follows, which has one of its own. Small networks make many steps in a minute, and on two cores that counts more
# than width. You may break one of the paper's rules: a single hidden dense layer lets a small network see the digit as a
# whole.


# %% answer="my_generator"
def my_generator(latent_dim=64):
    """Noise (batch, latent_dim) => images (batch, 28, 28, 1) in [-1, 1]."""
    ### BEGIN SOLUTION
    return keras.Sequential(
        [
            keras.Input((latent_dim,)),
            keras.layers.Dense(256, use_bias=False),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.ReLU(),
            keras.layers.Dense(7 * 7 * 64, use_bias=False),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.ReLU(),
            keras.layers.Reshape((7, 7, 64)),
            keras.layers.Conv2DTranspose(
                32, 4, strides=2, padding="same", use_bias=False
            ),  # 7x7 => 14x14
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.ReLU(),
            keras.layers.Conv2DTranspose(
                1, 4, strides=2, padding="same", activation="tanh"
            ),  # 14x14 => 28x28
        ],
        name="my_generator",
    )
    ### END SOLUTION


# %% check="my_generator" points=3
my_generator = checks.lab04.my_generator(my_generator)
### BEGIN HIDDEN TESTS
checks.require("my_generator")
### END HIDDEN TESTS


# %% answer="my_discriminator"
def my_discriminator():
    """Images (batch, 28, 28, 1) => raw scores (batch, 1)."""
    ### BEGIN SOLUTION
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(32, 4, strides=2, padding="same"),  # 28x28 => 14x14
            keras.layers.LeakyReLU(0.2),
            keras.layers.Conv2D(
                64, 4, strides=2, padding="same", use_bias=False
            ),  # 14x14 => 7x7
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.LeakyReLU(0.2),
            keras.layers.Flatten(),
            keras.layers.Dense(128),
            keras.layers.LeakyReLU(0.2),
            keras.layers.Dense(1),
        ],
        name="my_discriminator",
    )
    ### END SOLUTION


# %% check="my_discriminator" points=3
my_discriminator = checks.lab04.my_discriminator(my_discriminator)
### BEGIN HIDDEN TESTS
checks.require("my_discriminator")
### END HIDDEN TESTS

# %% [markdown]
# **First run both untrained.** What will the generator draw, and what will the discriminator say of real and fake?


# %%
def fresh_networks():
    """Your two networks with new weights, ready for the engine."""
    noise, image = keras.Input((latent_dim,)), keras.Input((28, 28, 1))
    generator = keras.Model(noise, my_generator(latent_dim)(noise), name="G")
    discriminator = keras.Model(image, my_discriminator()(image), name="D")
    return generator, discriminator


keras.utils.set_random_seed(SEED)
generator, discriminator = fresh_networks()
fixed_noise = np.random.default_rng(SEED).normal(size=(40, latent_dim))
untrained = generator(fixed_noise).numpy()
print(
    "scores of real images:", discriminator(images.train[:4]).numpy().ravel().round(3)
)
print("scores of fake images:", discriminator(untrained[:4]).numpy().ravel().round(3))
visualize.show_grid(
    data.ready_to_show(untrained[:10], "tanh"),
    title="Drawn by the untrained generator",
    width=6,
)

# %% [markdown]
# **What you should see:** grey texture in which each code looks a little different, and scores near 0: D says "perhaps" to
# everything. If you expected scores of fakes to be lower: nobody has told D yet which images are real.
#
# ### Your settings
#
# All settings of the training stand in one cell, the second from here. Run it and the two cells under it as often as you
# like: each run with a name of its own adds a row to your table. The step of the engine is your `repaired_step`, for any
# loss and any number of networks (`training.adversarial_step??` shows it).
#
# `average` needs a word. The players never come to rest, so G's weights swing around what would be best. A running mean
# of them swings less: after every step, mean = 0.995 * mean + 0.005 * weights. With it, the images come from the mean; it
# costs next to nothing.
#
# `make_loss` needs one, too: its second term is the **R1 penalty** of Mescheder et al. (2018):
# $\frac{\gamma}{2}\, \mathbb{E} \lVert \nabla_x D(x) \rVert^2$ over real images $x$, with $\gamma = 0.5$. D pays for a score that
# changes steeply where the data is. G learns from D's slope alone, so a D that is less steep gives gentler advice. The gradient of
# a gradient takes time, so D pays in every fourth step only, and then four times as much (Karras et al. 2020).
#
# **Before you run it:** once you have a first row, train again without the penalty, under another name (let `make_loss` return
# `losses.non_saturating()`). Which of the two will have the lower FID, and by what factor?

# %%
runs = {}
judge = judging.mnist_judge()
reference = judging.real_reference(
    judge, digits.test_images, digits.train_images[: len(digits.test_images)]
)

# %%
# Your settings: change what you like, then run this cell and the two below.
run_name = "starting point"
epochs = default_epochs
batch_size = 64
average = 0.995  # of G's weights; None: draw with G itself


def make_loss():
    """What both minimise, and what D pays for a steep score."""
    return losses.non_saturating().plus(losses.r1(0.5, every=4))


def make_optimizer():
    """One for each player; another kind of optimizer is welcome, too."""
    return keras.optimizers.Adam(8e-4, beta_1=0.5, beta_2=0.99)


# %% [markdown]
# The sheet shows the same forty codes as training goes on. **Before you run it:** after how many epochs will you recognise the
# first digits?

# %%
keras.utils.set_random_seed(SEED)
gan = training.GAN(
    *fresh_networks(),
    make_loss(),
    ema=average,
    name="dcgan",
)
gan.compile(make_optimizer(), make_optimizer(), steps_per_execution=16)
growing = training.SampleGrid(
    lambda samples: visualize.sheet(samples, columns=10),
    fixed_noise,
    every=max(1, epochs // 8),
)
clock = training.TimeBudget(seconds=float("inf"))
gan.fit(
    images.train,
    batch_size=batch_size,
    epochs=epochs,
    callbacks=[growing, clock, training.StopOnNonFinite()],
)
steps_made = len(gan.step_history["g_loss"])
print(f"{steps_made:,} steps in {clock.used:.0f} s")

# %%
found = judging.quality(gan.sample(sample_count, seed=2), judge, reference)
optimizer = gan.generator_optimizer
runs[run_name] = {
    "run": run_name,
    "parameters of G": gan.generator.count_params(),
    "parameters of D": gan.discriminator.count_params(),
    "epochs": epochs,
    "batch": batch_size,
    "optimizer": type(optimizer).__name__,
    "rate": float(f"{float(np.asarray(optimizer.learning_rate)):.3g}"),
    "average": average,
    "penalty": ", ".join(term.name for term in make_loss().terms) or "none",
    "seconds": round(clock.used),
    "FID": round(found.fid, 2),
}
print(found)
pd.DataFrame(runs.values()).set_index("run")

# %% top="Sixty-four handwritten digits, drawn by a convolutional GAN after three epochs of training"
visualize.show_grid(
    gan.sample(64, seed=3),
    columns=16,
    title="Sixty-four digits that nobody wrote",
)

# %% [markdown]
# **What you should see** (`quick`): digits that can be read after the first epoch already, and after three most of them
# are well formed; about one in six still lies between two digits or has a gap. Our FID was 0.82, with a floor of 0.53; it
# sees far less of such flaws than you do.
#
# **FID** compares the fakes with the test images on the features of a frozen classifier (lab 03); its *floor* is what as many
# real training images get. These FIDs come from our own classifier: do not compare them with published ones.
#
# The starting point was found by trial. What we tried (`quick`, batches of 64, FID of the average):
#
# | settings | seed | 2,814 steps | 4,690 steps |
# | --- | --- | --- | --- |
# | Adam(8e-4, 0.5, 0.99), R1 | 42 | 0.82 | |
# | the same | 1 | 0.76 | 0.50 |
# | the same | 2 | 0.87 | 0.70 |
# | the same | 0 | | 0.57 |
# | Adam(4e-4, 0.5, 0.999), R1 | 0 | | 1.03 |
# | Adam(8e-4, 0.5, 0.99) without R1 | 42 | 2.7 and 2.8 | |
# | the same | 0 | 3.06 | 2.95 |
# | Adam(1.2e-3, 0.5, 0.99) without R1, the rate falling to 5 % over the last third | 0 | 3.21 | |
#
# A cell is one run (where there are two figures, one each). If you guessed that the penalty would cost more than it brings:
# it makes an epoch longer, and leaves less than a third of the FID. After 4,690 steps FID hardly tells the fakes from real
# digits. Your settings, and above all your networks, may do better in less time.
#
# ### The class's table
#
# The next cell prints your runs, one a line, to paste into a sheet that the whole class shares. Paste the lines of the
# others between the quotes of the second cell, and it sorts all of them. Whose networks won: the largest, the longest
# trained, or neither?
#
# Everything below uses the run that you made last.

# %%
me = "anonymous"  # a name for the class's table
mine = pd.DataFrame([{"who": me, **run} for run in runs.values()])
print(mine.to_csv(sep="|", index=False, header=False))

# %%
from_the_class = """
"""
lines = [line.split("|") for line in from_the_class.splitlines() if line.strip()]
whole_class = pd.concat([mine.astype(str), pd.DataFrame(lines, columns=mine.columns)])
whole_class.sort_values("FID", key=pd.to_numeric).set_index(["who", "run"])

# %% [markdown]
# ### The vanilla GAN, for the same time
#
# Now the dense pair of lab 03, for as many **seconds** as your DCGAN has just trained (`TimeBudget` stops it; the time for
# compiling is not counted). Its steps are much cheaper, so it makes many more of them. It gets the same loss with the same penalty,
# and keeps the gentle settings of lab 03, Adam(2e-4, 0.5), and batches of 128. (Not the best that we found there:
# Adam(1e-3, 0.5, 0.99) came to an FID of about 20 in fewer steps.)
#
# **Before you run it:** which will have the lower FID, and by what factor?

# %%
keras.utils.set_random_seed(SEED)
vanilla = training.GAN(*models.vanilla_pair(), make_loss(), ema=average, name="vanilla")
vanilla.compile()
budget = training.TimeBudget(seconds=max(clock.used, 1.0))
vanilla.fit(images.train, batch_size=128, epochs=100_000, callbacks=[budget])
vanilla_steps = len(vanilla.step_history["g_loss"])
print(f"{vanilla_steps:,} steps in {budget.used:.0f} s")

# %% [markdown]
# ## 8. The losses of both players

# %%
visualize.plot_losses(
    {name: gan.step_history[name] for name in ("g_loss", "d_loss")},
    title="DCGAN: losses of every step",
    ylabel="loss (nats)",
    xlabel="step",
    smooth=50,
)

# %%
visualize.plot_losses(
    {name: vanilla.step_history[name] for name in ("g_loss", "d_loss")},
    title="Vanilla GAN: losses of every step",
    ylabel="loss (nats)",
    xlabel="step",
    smooth=200,
)

# %%
block = max(1, steps_made // 80)  # each point is the mean of this many steps


def block_means(values):
    whole = np.asarray(values)[: len(values) // block * block]
    return whole.reshape(-1, block).mean(axis=1)


visualize.plot_losses(
    {
        "on real images": block_means(gan.step_history["d_real_accuracy"]),
        "on fakes": block_means(gan.step_history["d_fake_accuracy"]),
    },
    title="DCGAN: how often D is right (0.5: it guesses)",
    ylabel="share of the batch",
    xlabel=f"blocks of {block} steps",
)

# %% [markdown] question="loss-plot" points=2
# **Question 5 (2 points).** Read your loss plots. Who is ahead in each game, by which reference value, and does the game settle?
# Then compare the levels of the two GANs with their sheets (draw them first: they are at the top of section 9): does a loss tell
# you how good the images are?
#
# ### BEGIN SOLUTION
# **Model answer.** (Figures of one `quick` run.) In both games D is ahead, and ever less so. DCGAN: D's loss starts below 1,
# rises, and ends at about 1.3, a little below 2 log 2 = 1.39 (guessing); G's falls from more than 3 to about 0.85, above
# log 2 = 0.69; D is right on nine of ten images at the start and on 62 % of them at the end. So the game settles near the
# point where D guesses. Dense GAN: after some swings much the same levels, D's at about 1.25 and G's at 0.8. By their
# losses the two games look alike; yet the DCGAN's sheet shows smooth digits and the dense GAN's frayed ones, many in
# fragments. So a loss says how the players stand to each other, not how good the images are: that needs a measure from
# outside, such as FID.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | reading the plot (1) | values of the own plot against a reference (2 log 2 = 1.39 for D, log 2 = 0.69 for G, or 50 % accuracy), and who is ahead | who is ahead, without a reference value | no values |
# | what a loss tells (1) | the balance of the two players, not the quality of the images, with the levels and the sheets of the two GANs as evidence | the same without evidence | "G's loss rises, so the images get worse" |
#
# **Enough for full marks.** "D leads in both games: its loss settles at about 1.3 and 1.25, below 1.39. The levels are nearly
# the same, and yet the dense GAN's sheet is far worse: losses show who leads, not how good the images are."
#
# **Typical wrong answer.** "G's loss goes up, so G gets worse and training should have been stopped." No point: no
# reference value, and a rising loss of G only says that D has become better at telling them apart.
# ### END SOLUTION

# %% [markdown]
# ## 9. The fifty best
#
# The original assignment asks for the 50 *best* samples. Who says which are best? The obvious judge is the discriminator: draw
# many samples and keep those with the highest scores.
#
# **Before you run it:** compare the best with fifty random ones. What will the choice cost?

# %%
noise = gan.noise_from_seed(profile.pick(smoke=200, quick=2000, full=2000), seed=1)
parts = [noise[start : start + 500] for start in range(0, len(noise), 500)]
# D scores what G draws, in [-1, 1]: gan(noise); `sample` gives the same in [0, 1]
scores = np.concatenate(
    [gan.discriminator(gan(part)).numpy().ravel() for part in parts]
)
many = gan.sample(noise)
best = many[np.argsort(-scores)[:50]]
random_50 = many[:50]
vanilla_50 = vanilla.sample(50, seed=1)
visualize.show_sheets(
    {
        "DCGAN: D's favourite 50": best,
        "DCGAN: 50 at random": random_50,
        "vanilla GAN: 50 at random": vanilla_50,
    },
    columns=5,
)

# %% [markdown]
# The table counts which digit our frozen classifier sees in each sample.

# %%
rows = []
for name, chosen in (
    ("best of the DCGAN", best),
    ("random DCGAN", random_50),
    ("random vanilla", vanilla_50),
):
    probabilities = judge.probabilities(chosen)
    counts = judging.class_histogram(probabilities)
    confidence = float(probabilities.max(axis=1).mean())
    rows.append(
        {
            "fifty samples": name,
            "judge's mean confidence": round(confidence, 3),
            **{str(digit): int(count) for digit, count in enumerate(counts)},
        }
    )
pd.DataFrame(rows).set_index("fifty samples")

# %% [markdown] question="fifty-best" points=2
# **Question 6 (2 points).** What does ranking by D do to the fifty? Quote the table: what is gained, and what is lost? May you
# compare two models by their fifty best?
#
# ### BEGIN SOLUTION
# **Model answer.** (Figures of one `quick` run.) The judge's mean confidence rises from 0.89 for the random fifty to 0.97
# for the favourites, and I see fewer gaps among these. But not one of them is a 4, a 5 or a 9, where the random fifty have
# 3, 7 and 7, and 30 of the fifty are zeros or eights instead of 9: looks are bought with variety. And no: each model would
# be ranked by its own D, and the choice hides what a model draws badly, which is just what a comparison should show.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | what it does (1) | two observations with own numbers, one on looks (confidence, flaws) and one on variety (counts by digit) | one of them with numbers | no numbers |
# | comparing models (1) | no, because the choice hides the failures (or the missing digits) that tell models apart, or because each D has a taste of its own | "no", without a reason | "yes" |
#
# **Enough for full marks.** "Confidence rises from 0.89 to 0.97, but no 4, 5 and 9 is left: nicer looks, less variety.
# No: the choice hides what a model cannot draw."
#
# **Typical wrong answer.** "The best fifty are the sharpest, so they show how good the model is." No point: no number,
# and they show what D likes among 2,000.
# ### END SOLUTION

# %% [markdown]
# **What you should see:** if you guessed that variety pays for looks, look at the counts: D's favourites are not spread
# over the ten digits as the random fifty are. Which digits D likes differs from run to run.
#
# ## 10. Better or not? In numbers
#
# Beside FID: **precision** is the share of fakes that lie among real images, **recall** the share of real images that lie among
# the fakes.

# %%
rows = []
for name, model, used, batch in (
    ("DCGAN", gan, clock.used, batch_size),
    ("vanilla", vanilla, budget.used, 128),
):
    samples = model.sample(sample_count, seed=2)
    quality = judging.quality(samples, judge, reference, details=True)
    print(f"{name}: {quality}")
    per_step = used / len(model.step_history["g_loss"])
    seen = judging.class_histogram(judge.probabilities(samples))
    rows.append(
        {
            "model": name,
            "parameters of G": model.generator.count_params(),
            "parameters of D": model.discriminator.count_params(),
            "seconds": round(used),
            "seconds per epoch": round(per_step * len(images.train) / batch, 1),
            "FID": round(quality.fid, 1),
            "floor": None if quality.floor is None else round(quality.floor, 2),
            "precision": round(quality.precision, 2),
            "recall": round(quality.recall, 2),
            "digits": int((seen > 0).sum()),
        }
    )
results = pd.DataFrame(rows).set_index("model")
ratio = results["FID"]["vanilla"] / results["FID"]["DCGAN"]
print(f"vanilla FID / DCGAN FID = {ratio:.1f}")
results

# %% [markdown] question="better" points=4
# **Question 7 (4 points).** Are the DCGAN's samples better than the vanilla GAN's? Answer (a) with your numbers: FID
# against its floor, precision and recall, and what each of the latter two says that FID does not; (b) with what you see
# in strokes, noise and variety, and a reason in how the two networks are built; (c) was the comparison fair?
#
# ### BEGIN SOLUTION
# **Model answer.** (Figures of one `quick` run.) (a) Yes: after equal time FID is 0.8 (DCGAN) against 29.5 (dense), with
# a floor of 0.5. Precision is 0.73 against 0.72: the judge finds about as many fakes of either near to real images,
# though my eye does not. Recall is 0.83 against 0.23: the dense GAN leaves out most ways of writing, which precision
# cannot see. (b) The dense GAN leaves stray bright pixels and frayed strokes: every pixel has weights of its own; the
# DCGAN draws smooth, connected strokes: one kernel draws all places. (c) Time and loss were equal; the steps (2,814 against
# 33,246), the parameters of G (866,177 against 114,064), the batch and Adam's settings were not, and the dense GAN did
# not get the best ones of lab 03. It did not lack steps, but how much of the gap comes from the convolutions and how much
# from size and settings, this comparison does not tell.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | FID (1) | both own FIDs, read against the floor | both FIDs, no floor | no numbers |
# | precision and recall (1) | both own pairs, with what they mean for looks and for variety | the pairs without a meaning, or one of the two | neither |
# | what one sees (1) | a visible difference in the own sheets and its reason in the networks (shared kernels against weights for each pixel) | a difference without a reason | "the DCGAN looks better" |
# | fairness (1) | what was equal (time) and at least one thing that was not (steps, parameters, rate, batch), and what follows | one of the two | "yes" or "no" only |
#
# **Enough for full marks.** "FID 0.8 against 29.5 with a floor of 0.5: better. Precision 0.73 against 0.72 says how many
# fakes look real, recall 0.83 against 0.23 how many ways of writing are covered: the dense GAN leaves most of them out.
# Its fakes have stray bright pixels, since each pixel has weights of its own; the DCGAN's kernels draw all places alike.
# Time was equal; steps, parameters and Adam's settings were not, so nothing follows for equal sizes or for the best
# settings of each."
#
# **Typical wrong answer.** "Yes, its FID is lower and its images are sharper; it was fair, as both trained equally long."
# One point: half for a difference without a reason, half for the equal time; there is no number.
# ### END SOLUTION

# %% [markdown]
# **What you should see:** by FID the DCGAN wins by a wide margin, by a factor of 37 in our run (if you predicted two or
# three, you were too careful), although the dense GAN had made twelve times as many steps. (Lab 03's best settings
# reached about 20 with fewer steps: that is still 25 times as much.) Now look at the dense GAN's precision: it may well
# be as high as the DCGAN's. Fakes that crowd in a few places among real images count as good; that most real images have
# no fake near them, only recall says.

# %% [markdown]
# ## 11. Does it copy?
#
# For ten fakes we look for the nearest training image, pixel by pixel. **Before you run it:** if G had learned images by heart,
# what would you see, and which root mean square difference would be printed?

# %%
fakes = data.to_uint8(random_50[:10])
nearest = judging.nearest_images(fakes, digits.train_images)
differences = (nearest.distances[:, 0] / 28).round(0)
print("root mean square difference in grey levels:", differences)
visualize.show_pairs(
    digits.train_images[nearest.indices[:, 0]],
    fakes,
    left_title="Nearest training images",
    right_title="Fakes of the DCGAN",
)

# %% [markdown]
# **What you should see:** mostly the same digit in a similar hand, but not the same image: strokes start and end elsewhere. A
# copy would have shown twins, and differences near 0; ours are 41 to 66 grey levels. So these ten show no sign of copying; they do not prove that nothing was
# learned by heart.
#
# ## 12. Deliverables
#
# - This notebook with your networks and your settings, executed, and your answers to the seven questions (question 4 is code).
# - The loss plots of both players, the three sheets of fifty, the table of your runs and the results table with your numbers.
#
# **Where next?** Convolutions look at neighbours. Lab 05 builds a GAN whose layers look at the whole image at once:
# transformers. The next cell lists what is answered and what is missing.
