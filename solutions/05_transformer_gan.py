# ---
# jupyter:
#   labs:
#     minutes: {smoke: 0.8, quick: 10}
#     data: [mnist]
# ---

# %% [markdown]
# # Lab 05: Transformer GAN
#
# A convolution looks at neighbours. A **transformer** lets every part of an image look at every other part in one layer.
# In this lab you write attention yourself, build a generator and a discriminator out of it, and find out why their first
# digits are broken along invisible lines, and how to mend them.
#
# **You will learn** to
#
# - write attention with several heads, and show why it needs positions,
# - cut images into patches and add patches up again, and write a layer whose weight Keras tracks,
# - build both networks of a transformer GAN, and train them,
# - compare two architectures fairly: same data, same steps, same penalty, each with an Adam of its own; parameters, seconds,
#   FID, recall, and where the network looks.
#
# **Time:** about 10 minutes of computing on two CPU cores, four to five hours with exercises and questions.
# **Before you start:** labs 03 and 04, and what a dense layer does to a sequence (the same to each element).

# %% setup=true
import inspect

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

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
train_count = profile.pick(smoke=512, quick=50_000, full=60_000)
test_count = profile.pick(smoke=200, quick=10_000, full=10_000)
# fakes that are judged
sample_count = profile.pick(smoke=200, quick=10_000, full=10_000)

# architecture
latent_dim = 64

# optimisation: the same epochs, penalty and average for all light pairs
batch_size = 64
epochs = profile.pick(smoke=1, quick=3, full=30)
# Adam forgets old squared gradients sooner with 0.99 than with 0.999:
# in a game they are soon out of date.
transformer_rates = {"learning_rate": 1e-3, "beta_1": 0.5, "beta_2": 0.99}
cnn_rates = {"learning_rate": 4e-4, "beta_1": 0.5}
# Weight of the penalty that keeps D smooth, and how often D pays it.
r1_gamma, r1_every = 0.5, 4
# Samples come from a running average of G, which is steadier than G itself.
average = 0.998
# The course's own pair is larger: it gets a time, not a number of epochs.
course_seconds = profile.pick(smoke=1, quick=170, full=1800)
course_batch_size = profile.pick(smoke=8, quick=64, full=128)

# %%
digits = data.load_mnist().first(train_count, test_count)
images = digits.scaled("tanh")
print(digits)
low, high = images.train.min(), images.train.max()
print(f"train: {images.train.shape} from {low:g} to {high:g}, as tanh makes them")

# %% [markdown]
# ## 1. Where transformers come from
#
# The transformer was made for **language**. From 2014 on translation programs read a sentence word by word with a
# recurrent network, and what stood at the start had to survive many steps. *Attention*, a look back at all words read so
# far, soon helped them (Bahdanau et al. 2015). Vaswani et al. (2017, *Attention Is All You Need*) dropped the recurrence
# and kept the help: every word looks at all words at once, and *learns* which of them matter to it. GPT and BERT (both
# 2018) are stacks of such layers.
#
# **Images** came later. An image is no sentence, and comparing all pixels with all pixels is too much. The *Vision
# Transformer* (ViT; Dosovitskiy et al. 2021) cuts the image into square patches and treats each as a word. Trained on
# very large data sets it beats convolutional networks; with little data it falls behind them: what a convolution knows
# from the start, that neighbours belong together, a transformer has to learn.
#
# **GANs** took attention up in small doses: SAGAN (2018) puts one attention layer between convolutions. TransGAN (Jiang et
# al. 2021) and ViTGAN (Lee et al. 2022) build both networks from transformer blocks. That is what we do here:

# %%
visualize.show_pipeline(
    [
        ("noise", "64 numbers"),
        ("generator", "16 tokens, attention,\n16 patches"),
        ("image", "real or fake"),
        ("discriminator", "16 patches,\n16 tokens, attention"),
        ("score", "one number"),
    ],
    title="A transformer GAN: no convolution in either network",
)

# %% [markdown]
# ## 2. Self-attention
#
# The input is a sequence of $n$ **tokens**, each a vector of $d$ numbers: the rows of $X$. Three learned matrices make from
# each token a **query** (what am I looking for?), a **key** (what do I offer?) and a **value** (what do I say?):
# $Q = X W_Q$, $K = X W_K$, $V = X W_V$. Each query is compared with all keys; a softmax turns a row of these scores into
# weights that sum to 1; the output of a token is the mean of all values with these weights:
#
# $$\mathrm{Attention}(Q, K, V) = \mathrm{softmax}\!\left( \frac{Q K^\top}{\sqrt{d_k}} \right) V .$$
#
# Without the division the scores would grow with the root of the key's length $d_k$, and the softmax would soon pick one
# token only.
#
# ### Exercise 1: attention (2 points)
#
# The formula is written for one sequence. Your function must work for **any number of axes in front**: a batch of
# sequences, or a batch of sequences for each of several heads. There may be more keys than queries. Return two things:
# the output (..., n, e) and the weights (..., n, m).
#
# *Hints:* for arrays with more than two axes, `tf.matmul` multiplies the last two and keeps the rest; a plain
# `tf.transpose` turns *all* axes around. Scores can be large: a softmax written with bare exponentials overflows,
# `tf.nn.softmax` does not. Your function will run inside of compiled networks that train: TensorFlow only, no NumPy.


# %% answer="attention"
def attention(query, key, value):
    """Gather values: query (..., n, d), key (..., m, d), value (..., m, e).

    Returns the output (..., n, e) and the weights (..., n, m).
    """
    ### BEGIN SOLUTION
    scores = tf.matmul(query, key, transpose_b=True)
    weights = tf.nn.softmax(scores / key.shape[-1] ** 0.5, axis=-1)
    return tf.matmul(weights, value), weights
    ### END SOLUTION


# %% check="attention" points=2
attention = checks.lab05.attention(attention)
### BEGIN HIDDEN TESTS
checks.require("attention")
### END HIDDEN TESTS

# %% [markdown]
# **By hand:** three tokens of two numbers, and all three matrices the identity, so $Q = K = V = X$.
#
# **Before you run it:** the first two tokens are alike, the third is different. To whom will each of them listen?

# %%
tokens = np.array([[2.0, 0.0], [2.0, 0.5], [0.0, 2.0]], np.float32)
output, weights = (np.asarray(each) for each in attention(*[tf.constant(tokens)] * 3))
visualize.show_matrices(
    {"tokens": tokens, "weights": weights.round(2), "output": output.round(2)},
    title="Self-attention on three tokens: a row each",
    cell=0.5,
)

# %% [markdown]
# **What you should see:** token 1 listens to itself and to token 2 alike (49 % each), token 2 gives itself 52 % and token
# 1 43 %; 3 and 5 % are left for token 3, which mostly listens to itself. Alike means: a large scalar product. (Check one
# weight with a pocket calculator: the scores of token 1 are 2.83, 2.83 and 0.) Each output is a mean of the three values
# with weights between 0 and 1, so it lies inside the triangle of the three tokens: tokens 1 and 2 have nearly met, and
# token 3 has moved a little towards them.
#
# ### Exercise 2: several heads (2 points)
#
# One softmax gives one set of weights: it cannot look for two things at once. **Several heads** look for several things
# side by side. Split queries, keys and values, after the multiplication with their matrices, into $h$ equal parts along
# the *features*: head 1 gets the first $d / h$ numbers of every token, head 2 the next ones, and so on. Each head does
# attention on its own part. Lay what the heads gather side by side again, $d$ numbers per token, and multiply with a
# fourth matrix, which mixes it. The input itself is not added here.
#
# Return the output (batch, n, d) and the weights of all heads (batch, heads, n, n).
#
# *Hint:* `tf.reshape` never moves numbers, it only counts them anew. Which axis has to be split? And which axes must come
# last for your `attention` to work on all heads at once?


# %% answer="multi_head"
def multi_head(tokens, matrices, heads):
    """Self-attention with several heads: tokens (batch, n, d), four matrices (d, d).

    The matrices are those of the queries, the keys, the values, and the output.
    Returns the output (batch, n, d) and the weights (batch, heads, n, n).
    """
    ### BEGIN SOLUTION
    _, count, features = tokens.shape

    def split(matrix):
        parts = tf.reshape(tokens @ matrix, (-1, count, heads, features // heads))
        return tf.transpose(parts, (0, 2, 1, 3))  # batch, heads, tokens, features

    gathered, weights = attention(*(split(matrix) for matrix in matrices[:3]))
    side_by_side = tf.reshape(
        tf.transpose(gathered, (0, 2, 1, 3)), (-1, count, features)
    )
    return side_by_side @ matrices[3], weights
    ### END SOLUTION


# %% check="multi_head" points=2
multi_head = checks.lab05.multi_head(multi_head)
### BEGIN HIDDEN TESTS
checks.require("multi_head")
### END HIDDEN TESTS

# %% [markdown]
# A layer around your function: it owns the four matrices, so Keras trains them, and it keeps the weights of its latest
# call, so that we can look at them later. It has $4 d^2$ parameters, however many tokens and heads there are.


# %% setup=true
class SelfAttention(keras.layers.Layer):
    """Self-attention with your heads: (batch, tokens, features) in and out."""

    def __init__(self, heads=4, **kwargs):
        super().__init__(**kwargs)
        self.heads = heads

    def build(self, input_shape):
        d = input_shape[-1]
        names = ("query", "key", "value", "output")
        self.matrices = [self.add_weight((d, d), name=name) for name in names]

    def call(self, tokens):
        output, self.last_weights = multi_head(tokens, self.matrices, self.heads)
        return output

    def get_config(self):
        return {**super().get_config(), "heads": self.heads}


# %% [markdown]
# ### Attention knows no order
#
# **Before you run it:** we shuffle the tokens and look at the outputs, shuffled in the same way. How far do they differ?

# %%
layer = SelfAttention(heads=4)
sequence = tf.random.stateless_normal((1, 49, 128), seed=(SEED, 1))
order = np.random.default_rng(SEED).permutation(49)
shuffled = tf.gather(sequence, order, axis=1)
straight = tf.gather(layer(sequence), order, axis=1)
difference = float(tf.reduce_max(tf.abs(layer(shuffled) - straight)))
print(f"{layer.count_params():,} parameters; largest difference {difference:.1e}")

# %% [markdown]
# **What you should see:** nothing but rounding. If you expected a large difference: an output is a weighted *sum* over
# all tokens, and a sum does not care about the order of its terms. What this means for images is asked in Question 1; the
# remedy is built in section 4.
#
# ## 3. Exercise 3: patches (4 points)
#
# What is a token of an image? A pixel would be too fine: attention compares all pairs, 784 x 784 of them. So a grid
# divides the image into square **cells**, and each cell gives one token: a 28x28 image has 49 cells of 4x4 or 16 cells of
# 7x7.
#
# The **patch** of a cell is the cell itself, or a little more: it may reach over the borders of its cell by `overlap`
# pixels on all four sides. With cells of 7x7 and `overlap=2` a patch has 11x11 = 121 pixels, and neighbouring patches
# share some. What lies outside of the image is 0.
#
# Patches come row by row from the top, from the left within a row, and so do the pixels inside a patch.
#
# *Small example:* the 4x4 image with the pixels 0 to 15 and cells of 2x2 gives, without overlap, [0 1 4 5], [2 3 6 7],
# [8 9 12 13], [10 11 14 15]. With `overlap=1` the first patch has 4x4 pixels: [0 0 0 0 0 0 1 2 0 4 5 6 0 8 9 10]; its first
# row and its first column lie outside.
#
# **3a (2 points).** Write `patchify`. Images come as (batch, height, width, channels); both sides are multiples of `patch_size`.
# Gradients must flow through it, and through 3b, so stay in TensorFlow.


# %% answer="patchify"
def patchify(images, patch_size, overlap):
    """Cut images into patches: (batch, cells, side * side * channels).

    side = patch_size + 2 * overlap.
    """
    ### BEGIN SOLUTION
    _, height, width, channels = images.shape
    side = patch_size + 2 * overlap
    around = [[0, 0], [overlap, overlap], [overlap, overlap], [0, 0]]
    padded = tf.pad(images, around)
    patches = [
        padded[:, top : top + side, left : left + side]
        for top in range(0, height, patch_size)
        for left in range(0, width, patch_size)
    ]
    flat = (-1, len(patches), side * side * channels)
    return tf.reshape(tf.stack(patches, axis=1), flat)
    ### END SOLUTION


# %% check="patchify" points=2
patchify = checks.lab05.patchify(patchify)
### BEGIN HIDDEN TESTS
checks.require("patchify")
### END HIDDEN TESTS

# %% [markdown]
# **3b (2 points).** Write the way back: lay each patch over its cell, and where patches overlap **add** their pixels up.
# What falls outside of the image is lost. `image_shape` is (height, width, channels).
#
# *Hint:* one way is a picture of zeros per patch, with the patch in its place (`tf.pad` does that), and the sum of all of them.


# %% answer="add_up"
def add_up(patches, patch_size, overlap, image_shape):
    """Images (batch, *image_shape) from patches (batch, cells, side**2 * channels)."""
    ### BEGIN SOLUTION
    height, width, channels = image_shape
    side, columns = patch_size + 2 * overlap, width // patch_size
    total = 0.0
    for number in range(patches.shape[1]):
        top, left = number // columns * patch_size, number % columns * patch_size
        tile = tf.reshape(patches[:, number], (-1, side, side, channels))
        below, right = height - patch_size - top, width - patch_size - left
        total += tf.pad(tile, [[0, 0], [top, below], [left, right], [0, 0]])
    return total[:, overlap : overlap + height, overlap : overlap + width]
    ### END SOLUTION


# %% check="add_up" points=2
add_up = checks.lab05.add_up(add_up)
### BEGIN HIDDEN TESTS
checks.require("add_up")
### END HIDDEN TESTS

# %% [markdown]
# **Before you run it:** we cut a digit and add its patches up again, without and with overlap. Which of the two gives the
# digit back?

# %%
one = tf.constant((images.train[:1] + 1) / 2)  # in [0, 1], so that black adds nothing
touching, overlapping = patchify(one, 7, 0), patchify(one, 7, 2)
back = [add_up(touching, 7, 0, (28, 28, 1)), add_up(overlapping, 7, 2, (28, 28, 1))]
for name, image in zip(("without overlap", "with overlap"), back, strict=True):
    print(f"{name}: differs by up to {np.abs(np.asarray(image) - one).max():.2f}")
drawn = [
    visualize.tile(np.asarray(patches).reshape(16, side, side, 1), 4)
    for patches, side in ((touching, 7), (overlapping, 11))
]
visualize.show_pictures(
    {
        "an image": digits.train_images[0],
        "16 patches of 7x7": drawn[0],
        "16 patches of 11x11": drawn[1],
        "11x11 added up / 4": np.asarray(back[1])[0] / 4,
    },
    title="Patches that touch, and patches that overlap",
)

# %% [markdown]
# **What you should see:** without overlap the digit comes back exactly. With overlap it does not, and cannot: a pixel
# near one border of a cell lies in two patches and counts twice, near a corner it lies in four. That is no fault. A
# *generator* is not asked to give anything back: it may learn patches that give a good image when they are added up.
#
# **A mistake to learn from.** The course's Lab 2 made its tokens in another way: flatten the image, `Dense(128)`, and then
# `Reshape((49, 128))`. Count the numbers before you run it: how many go into the reshape, how many should come out?

# %%
flat = keras.layers.Dense(128, activation="relu")(
    keras.layers.Flatten()(keras.Input((28, 28, 1)))
)
try:
    keras.layers.Reshape((49, 128))(flat)
except ValueError as error:
    print("ValueError:", str(error).split("\x1b[1m")[-1].split("\x1b")[0])

# %% [markdown]
# 128 go in, $49 \cdot 128 = 6272$ should come out: it cannot work. Even with 6,272 units it would not cut the image: each
# "token" would see all pixels. With patches, 49 patches of 16 pixels go through **one** dense layer to 128 features each.
#
# ## 4. Exercise 4: positions as a layer (2 points)
#
# We add a **learned vector for each position** to the tokens: token 0 always gets the same vector, token 1 another one. Lab 2
# meant to do this, too:
#
# ```python
# positions = layers.Embedding(input_dim=49, output_dim=128)(tf.range(49))
# x += positions
# ```
#
# **Before you run it:** the embedding has $49 \cdot 128 = 6272$ numbers. How many parameters will a model have that does
# nothing else?

# %%
inputs = keras.Input((49, 128))
untracked = keras.Model(inputs, inputs + keras.layers.Embedding(49, 128)(tf.range(49)))
print(f"with Lab 2's lines: {untracked.count_params():,} parameters")

# %% [markdown]
# **What you should see:** none. If you expected 6,272: `tf.range(49)` is a constant, so the embedding of it is computed
# **once**, while the model is built, and added as a constant. Nothing fails, and no warning is printed.
#
# Write the layer. Make the weight in `build` with `self.add_weight(shape=..., initializer=...)`: then Keras knows it, trains
# it, and saves it. `input_shape` is `(batch, tokens, features)`.


# %% answer="PositionalEmbedding"
class PositionalEmbedding(keras.layers.Layer):
    """Adds a trained vector to each token, one for each position.

    Takes and returns (batch, tokens, features).
    """

    def build(self, input_shape):
        ### BEGIN SOLUTION
        self.positions = self.add_weight(
            shape=tuple(input_shape[1:]), initializer="random_normal", name="positions"
        )
        ### END SOLUTION

    def call(self, tokens):
        ### BEGIN SOLUTION
        return tokens + self.positions
        ### END SOLUTION


# %% check="PositionalEmbedding" points=2
PositionalEmbedding = checks.lab05.PositionalEmbedding(PositionalEmbedding)
### BEGIN HIDDEN TESTS
checks.require("PositionalEmbedding")
### END HIDDEN TESTS

# %%
tracked = keras.Model(inputs, PositionalEmbedding()(inputs))
print(f"with your layer: {tracked.count_params():,} parameters")

# %% [markdown] question="positions" points=2
# **Question 1 (2 points).** Why does a transformer need positions and a convolution does not? Use the number that you
# measured under "Attention knows no order". And what would a network lose whose positions stay random constants, as in
# Lab 2's lines?
#
# ### BEGIN SOLUTION
# **Model answer.** Attention treats its tokens as a set: my shuffled tokens gave the same outputs, shuffled, up to a
# difference of about 1e-6, which is rounding. The dense layers that follow do the same to every token. So without
# positions nobody could tell the patch at the top left from the one at the bottom right. A convolution has the geometry
# built in: each weight of its kernel belongs to a fixed offset, "one pixel to the left". Random constants do tell the
# places apart, so a network can work with them. But they do not learn: it cannot give neighbouring places similar
# vectors. And they are no weights: they are not saved as such, and a network built again draws others.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | set against offsets (1) | says that attention gives shuffled outputs for shuffled tokens, with the own number, and that a kernel's weights belong to fixed offsets | one of the two sides, or both without the number | "transformers need positions" without a reason |
# | constants (1) | says that constants tell places apart, and that they do not learn (or are lost when the model is built again) | only one of the two | says that constants are as good as none |
#
# **Enough for full marks.** "Shuffled tokens gave shuffled outputs (difference 1e-6): attention does not know where a
# token is, while a kernel's weights belong to offsets. Random constants mark the places, but nothing useful can be
# learned into them."
#
# **Typical wrong answer.** "Without trained positions the network sees a heap of patches, so Lab 2's GAN cannot learn."
# Half a point for the heap of patches (the number and the kernel are missing), none for the constants: they do mark the
# places.
# ### END SOLUTION

# %% [markdown]
# ## 5. Exercise 5: a transformer block (2 points)
#
# A block has two branches, each behind a **norm** and each **added** to what comes in (a *residual* connection):
#
# $$T' = T + \mathrm{Attention}(\mathrm{Norm}(T)), \qquad T'' = T' + \mathrm{Dense}_2(\mathrm{Dense}_1(\mathrm{Norm}(T'))) .$$
#
# - *Norm* is a `LayerNormalization`: it brings the numbers of *one token* to mean 0 and variance 1, and then scales and
#   shifts them. Two norms of their own.
# - *Attention* is your `SelfAttention(heads)`.
# - *Dense 1* has twice as many units as a token has features, and a GELU (a smooth ReLU); *Dense 2* goes back to the
#   features. They work on each token alone, with the same weights for all.
#
# With 8 features that makes 568 parameters. `tokens` is symbolic, as `keras.Input` makes it: call layers on it and return
# the result.


# %% answer="transformer_block"
def transformer_block(tokens, heads):
    """One block: tokens (batch, n, d) in and out."""
    ### BEGIN SOLUTION
    features = tokens.shape[-1]
    normed = keras.layers.LayerNormalization()(tokens)
    tokens = tokens + SelfAttention(heads)(normed)
    hidden = keras.layers.LayerNormalization()(tokens)
    hidden = keras.layers.Dense(2 * features, activation="gelu")(hidden)
    return tokens + keras.layers.Dense(features)(hidden)
    ### END SOLUTION


# %% check="transformer_block" points=2
transformer_block = checks.lab05.transformer_block(transformer_block)
### BEGIN HIDDEN TESTS
checks.require("transformer_block")
### END HIDDEN TESTS

# %% [markdown]
# ## 6. Exercise 6: both networks (4 points)
#
# Now build a generator and a discriminator without any convolution. Your parts are `PositionalEmbedding()` and
# `transformer_block(tokens, heads)`. For the patches there are two layers, which do what your two functions do, only
# faster: `models.Patchify(patch_size, overlap)` and `models.Unpatchify(image_shape, patch_size, overlap)`.
#
# **6a (2 points).** `my_generator(latent_dim, overlap)` starts from `keras.Input((latent_dim,))`:
#
# 1. one dense layer without activation makes 16 tokens of 128 numbers from the noise,
# 2. positions, one block with 4 heads, and one more norm,
# 3. one dense layer without activation makes the pixels of each token's patch (how many are there?),
# 4. the patches become an image of 28x28, and a tanh keeps its pixels in [-1, 1]. Mind the order: patches are added up.
#
# With 64 numbers of noise this has 273,713 parameters without overlap and 283,001 with an overlap of 2.
#
# **Before you write it:** which step holds the most weights?


# %% answer="my_generator"
def my_generator(latent_dim, overlap):
    """A keras.Model from noise (batch, latent_dim) to images (batch, 28, 28, 1)."""
    ### BEGIN SOLUTION
    noise = keras.Input((latent_dim,))
    tokens = keras.layers.Dense(16 * 128)(noise)
    tokens = keras.layers.Reshape((16, 128))(tokens)
    tokens = PositionalEmbedding()(tokens)
    tokens = transformer_block(tokens, 4)
    tokens = keras.layers.LayerNormalization()(tokens)
    patches = keras.layers.Dense((7 + 2 * overlap) ** 2)(tokens)
    sums = models.Unpatchify((28, 28, 1), 7, overlap)(patches)
    return keras.Model(noise, keras.layers.Activation("tanh")(sums))
    ### END SOLUTION


# %% check="my_generator" points=2
my_generator = checks.lab05.my_generator(my_generator)
### BEGIN HIDDEN TESTS
checks.require("my_generator")
### END HIDDEN TESTS

# %% [markdown]
# **6b (2 points).** `my_discriminator(overlap)` starts from `keras.Input((28, 28, 1))`: patches, one dense layer without
# activation to 128 features for each, positions, one block with 4 heads, one more norm, all tokens laid end to end, one
# raw score. 142,721 parameters without overlap, 151,937 with an overlap of 2.


# %% answer="my_discriminator"
def my_discriminator(overlap):
    """A keras.Model from images (batch, 28, 28, 1) to raw scores (batch, 1)."""
    ### BEGIN SOLUTION
    image = keras.Input((28, 28, 1))
    tokens = keras.layers.Dense(128)(models.Patchify(7, overlap)(image))
    tokens = PositionalEmbedding()(tokens)
    tokens = transformer_block(tokens, 4)
    tokens = keras.layers.LayerNormalization()(tokens)
    return keras.Model(image, keras.layers.Dense(1)(keras.layers.Flatten()(tokens)))
    ### END SOLUTION


# %% check="my_discriminator" points=2
my_discriminator = checks.lab05.my_discriminator(my_discriminator)
### BEGIN HIDDEN TESTS
checks.require("my_discriminator")
### END HIDDEN TESTS

# %%
visualize.show_layers(models.light_transformer_pair(latent_dim).generator)

# %% [markdown]
# In G the block holds 131,968 weights, and the first dense layer a little more, $65 \cdot 2048 = 133{,}120$: it has to
# give each of the 16 tokens a start of its own. If you expected the attention: it has only $4 \cdot 128^2 = 65{,}536$, a
# quarter of G.

# %% [markdown]
# ## 7. Lab 2's own pair
#
# In `labhelpers` the pair of Lab 2 has trained positions, and a discriminator that cuts real patches, 49 of 4x4.
# Everything else is as the document has it, but for the sigmoid at D's end, which is in our loss. Compare it with yours: attention and dense layers *replace* the tokens here,
# they are not added to them; the norm stands behind them; and G ends in two transposed convolutions, which draw over all
# borders.

# %%
print(inspect.getsource(models.transformer_pair))

# %% [markdown]
# **Before you run it:** in which layers do most of the parameters sit? In the attention?

# %%
course_pair = models.transformer_pair()
for network in course_pair:
    counts = {layer.name: layer.count_params() for layer in network.layers}
    largest = sorted(counts.items(), key=lambda each: -each[1])[:3]
    print(f"{network.name}: {network.count_params():,} parameters;", dict(largest))

# %% [markdown]
# **What you should see:** 1,052,737 parameters in G and 1,075,585 in D (as printed in the document, G counts 1,046,465:
# without the 6,272 of its positions). In G, 60 % of them are in the first dense layer; in D, three quarters are in the
# dense layer after `Flatten`. The attention is a quarter of each.
#
# ### The GAN (the document's *to do*)
#
# Lab 2 ends with a *to do*: make a GAN of both networks and train it. The training step is the one that you wrote in lab
# 03: D takes a step on real images and fakes, then G takes a step against the new D, and each optimizer moves its own
# network only. `training.GAN` is that step as a Keras model, so two lines assemble it. What belongs to this lab is the
# choice of networks, loss, optimizers, and the time: a step of this pair is slow, so we give it three minutes.
#
# **Before you run it:** will it draw digits in that time?

# %%
keras.utils.set_random_seed(SEED)
course_gan = training.GAN(
    *course_pair, losses.non_saturating(), ema=0.99, name="course"
)
course_gan.compile(
    keras.optimizers.Adam(2e-4, 0.5),
    keras.optimizers.Adam(2e-4, 0.5),
    steps_per_execution=4,
    jit_compile=False,
)
course_clock = training.TimeBudget(course_seconds)
course_gan.fit(
    images.train,
    batch_size=course_batch_size,
    epochs=100,
    callbacks=[course_clock, training.StopOnNonFinite()],
)
course_steps = len(course_gan.step_history["g_loss"])
print(f"{course_steps:,} steps in {course_clock.used:.0f} s")
course_samples = course_gan.sample(sample_count, seed=2)
visualize.show_grid(
    course_samples[:40],
    title=f"Lab 2's transformer pair after {course_steps:,} steps",
)

# %% [markdown]
# **What you should see** (`quick`): no digits, and all images alike. In one run of ours (416 steps) they were one
# repeated texture of 4x4 pixels, with an FID of 321; in another (648 steps) a black square with a torn white edge, with an
# FID of 379. If you expected strokes at least: the steps are slow (4.1 ms per image, four and a half to seven times as much
# as with the pairs that follow), so in three minutes there are few of them. Whether more steps would be enough, these runs
# do not tell.
#
# ## 8. Your pair, with patches that touch
#
# Now your own pair, which is a fifth as large. First **without overlap**: each token of G draws its own 7x7 pixels, and
# each token of D sees its own.
#
# One thing more. Nothing limits how steeply a transformer's score may change: dot-product attention is not Lipschitz,
# that is, no number bounds its slope over all inputs (Kim et al. 2021), since its scores are products of two tokens. The
# norms in front tame that, but they promise no small slope. And G learns badly from a steep D. So D pays the **R1
# penalty** of lab 04, $\frac{\gamma}{2}\, \mathbb{E} \lVert \nabla_x D(x) \rVert^2$ on the real images (Mescheder et al. 2018): it
# may not change steeply where the data is. It costs time, since it needs the gradient of a gradient, so D pays it in
# every fourth step only, and then four times as much (Karras et al. 2020).
#
# **Before you run it:** where do you expect the first flaws in the digits?


# %%
def train(pair, rates, name):
    """Train a pair on the common terms; the GAN, and the seconds it took."""
    loss = losses.non_saturating().plus(losses.r1(r1_gamma, every=r1_every))
    gan = training.GAN(*pair, loss, ema=average, name=name)
    gan.compile(
        keras.optimizers.Adam(**rates),
        keras.optimizers.Adam(**rates),
        steps_per_execution=16,
        jit_compile=False,
    )
    clock = training.TimeBudget(seconds=float("inf"))
    gan.fit(
        images.train,
        batch_size=batch_size,
        epochs=epochs,
        callbacks=[clock, training.StopOnNonFinite()],
    )
    print(f"{len(gan.step_history['g_loss']):,} steps in {clock.used:.0f} s")
    return gan, clock.used


keras.utils.set_random_seed(SEED)
touching_pair = my_generator(latent_dim, 0), my_discriminator(0)
touching_gan, touching_seconds = train(touching_pair, transformer_rates, "touching")
touching_samples = touching_gan.sample(sample_count, seed=2)
visualize.show_grid(touching_samples[:40], title="Your pair, patches of 7x7 that touch")

# %% [markdown]
# How large is the jump from one column of pixels to the next? In real digits it changes smoothly from the edge to the
# middle. We draw it for your samples, and condense it into one number, the **border ratio**: the jump across the middle
# border of the grid over the mean of the jumps right beside it, divided by the same for real digits. 1 means: nothing
# special happens at this border.


# %%
def jumps(pictures, axis):
    """Mean absolute difference of neighbouring pixels, for each place along an axis."""
    others = tuple(each for each in range(4) if each != axis)
    return np.abs(np.diff(pictures, axis=axis)).mean(axis=others)


def border_ratio(pictures, place=13):
    """Jump across the middle border over the jumps beside it, against real digits."""
    values = []
    for axis in (1, 2):
        found, real = jumps(pictures, axis), jumps(real_pictures, axis)
        own, theirs = (
            2 * each[place] / (each[place - 1] + each[place + 1])
            for each in (found, real)
        )
        values.append(own / theirs)
    return float(np.mean(values))


real_pictures = digits.test_images / 255
places = np.arange(1, 28)
visualize.plot_curves(
    {
        "real": (places, jumps(real_pictures, 2)),
        "patches that touch": (places, jumps(touching_samples, 2)),
    },
    title="Jumps between columns: the grid of 7x7 cells shows at 7, 14 and 21",
    xlabel="columns to the left of the jump",
    ylabel="mean jump (grey values, 0 to 1)",
)

# %%
print(f"border ratio of patches that touch: {border_ratio(touching_samples):.2f}")

# %% [markdown]
# **What you should see:** a border ratio above 1 (1.14 in our run), and strokes that break or shift where they cross one
# of six invisible lines. Did you expect flaws elsewhere, in thin strokes say? The curve decides: it leaves the real one
# at the three upright lines, most at the middle one, and hardly elsewhere. (The border ratio takes the middle lines of
# both directions.)

# %% [markdown] question="borders" points=2
# **Question 2 (2 points).** Why do the strokes break at just these lines? Look at both networks: who draws the two sides
# of a border, and who looks at both of them? Then say what should happen if the patches of both networks overlap by 2
# pixels, and why, before you run the next cells. Use your border ratio.
#
# ### BEGIN SOLUTION
# **Model answer.** My border ratio is 1.14: across the middle border of the grid pixels jump 14 % more than they
# should. In G the two sides of a border are drawn by two tokens, each with 49 pixels of its own; they agree only as far
# as attention makes them. And D hardly objects: it cuts at the very same lines, so no token of D sees both sides of a
# border. A broken stroke is not inside of any patch; only by comparing the features of two tokens could D notice it,
# pixel row by pixel row. With an overlap of 2 a patch of D holds two pixels from beyond each border: a break is now a
# pattern *inside* one patch, which its first dense layer can learn to see, so G is punished for it. In G each pixel
# near a border is a sum of what two tokens draw, so both shape it, and it can change smoothly. The ratio should fall to
# about 1.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | who draws, who looks (1) | with the own ratio: two tokens of G draw the two sides, and no token of D sees both | one of the networks, or both without the ratio | "the patches are too large" or "too little training" |
# | what overlap does (1) | expects a ratio near 1, because D's patches now hold both sides of a border (G's shared pixels may be named besides) | expects it without that reason | expects no change, or only blur |
#
# **Enough for full marks.** "My ratio is 1.14. Two tokens of G draw the two sides, and no token of D sees both of them, so
# nobody punishes the break. When D's patches overlap, the break lies inside a patch and is seen: the ratio should fall to
# about 1."
#
# **Typical wrong answer.** "Attention is too weak, with more blocks the breaks go away." Nothing for the first criterion,
# unless it says that D does not look across the border; the second is missing.
# ### END SOLUTION

# %% [markdown]
# ## 9. Your pair, with patches that overlap
#
# Same networks, same settings, same number of steps; only `overlap` is 2 instead of 0.

# %%
keras.utils.set_random_seed(SEED)
pair = my_generator(latent_dim, 2), my_discriminator(2)
gan, seconds = train(pair, transformer_rates, "overlapping")

# %% top="Eighty handwritten digits drawn by a GAN made of two transformers"
samples = gan.sample(sample_count, seed=2)
visualize.show_grid(
    samples[:80],
    columns=16,
    title="Digits by two transformers, patches that overlap",
)

# %%
visualize.plot_curves(
    {
        "real": (places, jumps(real_pictures, 2)),
        "patches that touch": (places, jumps(touching_samples, 2)),
        "patches that overlap": (places, jumps(samples, 2)),
    },
    title="Jumps between columns, without and with overlap",
    xlabel="columns to the left of the jump",
    ylabel="mean jump (grey values, 0 to 1)",
)

# %%
for name, each in (("touch", touching_samples), ("overlap", samples)):
    print(f"border ratio of patches that {name}: {border_ratio(each):.2f}")
visualize.show_sheets(
    {
        "real": digits.test_images[:24],
        "patches that touch": touching_samples[:24],
        "patches that overlap": samples[:24],
    },
    columns=4,
)

# %% [markdown]
# **What you should see:** the peaks are gone, the border ratio is 1.01 (1.14 without overlap), and the strokes run
# through. No convolution was needed, and next to no parameters: 9,288 more in G, 9,216 more in D. What mends the borders
# is the overlap. Whether that of G, of D, or both, this run does not say: both were changed at once. (The lesson is not ours: ViTGAN's discriminator cuts patches
# that overlap, as yours does; T2T-ViT overlaps its patches, too, and Swin transformers shift their windows from layer to
# layer, both 2021.)
#
# ### The convolutional pair on the same terms
#
# To compare fairly, the light DCGAN of lab 04 gets the same images, the same number of steps, the same penalty and the
# same average; only its Adam is its own, with a rate of 4e-4 and the usual $\beta_2$ of 0.999.

# %%
keras.utils.set_random_seed(SEED)
cnn, cnn_seconds = train(models.light_dcgan_pair(latent_dim), cnn_rates, "cnn")

# %%
visualize.plot_losses(
    {name: gan.step_history[name] for name in ("g_loss", "d_loss")},
    title="Transformer GAN (overlap): losses of every step",
    ylabel="loss (nats)",
    xlabel="step",
    smooth=50,
)

# %%
visualize.plot_losses(
    {name: cnn.step_history[name] for name in ("g_loss", "d_loss")},
    title="CNN GAN: losses of every step",
    ylabel="loss (nats)",
    xlabel="step",
    smooth=50,
)

# %% [markdown]
# ## 10. Compare
#
# Sheets first. **Before you read the table:** which sheet looks better to you, and what gives the other one away?

# %%
cnn_samples = cnn.sample(sample_count, seed=2)
visualize.show_sheets(
    {
        "real": digits.test_images[:50],
        "CNN GAN": cnn_samples[:50],
        "transformer GAN": samples[:50],
    },
    columns=5,
)

# %%
judge = judging.mnist_judge()
reference = judging.real_reference(
    judge, digits.test_images, digits.train_images[: len(digits.test_images)]
)
contest = {
    "Lab 2's transformer": (
        course_gan,
        course_samples,
        course_clock.used,
        course_batch_size,
    ),
    "yours, touching": (touching_gan, touching_samples, touching_seconds, batch_size),
    "yours, overlapping": (gan, samples, seconds, batch_size),
    "CNN": (cnn, cnn_samples, cnn_seconds, batch_size),
}
rows, counts = [], {}
for name, (model, drawn, used, per_step) in contest.items():
    quality = judging.quality(drawn, judge, reference, details=True)
    print(f"{name}: {quality}")
    probabilities = judge.probabilities(drawn)
    sure = probabilities.max(axis=1) > 0.9
    counts[name] = np.bincount(probabilities.argmax(axis=1)[sure], minlength=10)
    steps = len(model.step_history["g_loss"])
    rows.append(
        {
            "pair": name,
            "weights of G": model.generator.count_params(),
            "weights of D": model.discriminator.count_params(),
            "steps": steps,
            "seconds": round(used),
            "ms per image": round(1000 * used / steps / per_step, 2),
            "FID": round(quality.fid, 1),
            "precision": round(quality.precision, 2),
            "recall": round(quality.recall, 2),
            "border": round(border_ratio(drawn), 2),
            "clear": round(float(sure.mean()), 2),
        }
    )
probabilities = judge.probabilities(digits.test_images)
sure = probabilities.max(axis=1) > 0.9
counts["real digits"] = np.bincount(probabilities.argmax(axis=1)[sure], minlength=10)
rows.append({"pair": "real digits", "border": 1.0, "clear": round(sure.mean(), 2)})
floor = "none" if quality.floor is None else f"{quality.floor:.2f}"
print(f"floor of the FID: {floor} (real digits against other real digits)")
table = pd.DataFrame(rows, dtype=object).set_index("pair")
table.where(table.notna(), "").T

# %% [markdown]
# *Clear* is the share of samples of which the frozen classifier is more than 90 % sure: what it doubts is often broken.
# And which digits are there? We count the clear ones.

# %%
pd.DataFrame(counts, index=pd.Index(range(10), name="digit")).T

# %% [markdown] question="comparison" points=4
# **Question 3 (4 points).** Compare your overlapping pair with the CNN, and with your pair without overlap, by your own
# numbers: parameters and time, FID against its floor, precision and recall, all ten digits, clear ones. What do the
# remaining flaws in the sheets look like, and what do they have to do with what each network knows from the start?
#
# ### BEGIN SOLUTION
# **Model answer.** (Figures of one `quick` run.) *Cost:* my overlapping pair has 434,938 weights, the CNN 1,301,410,
# three times as many; yet for the same 2,346 steps the transformer took 0.91 ms per image and the CNN 0.58: the number of
# weights does not tell the time. *Quality:* FID 4.1 against 2.3 for the CNN and 8.5 without overlap, all over a floor of
# 0.53; precision 0.64, 0.63 and 0.60; recall 0.79, 0.85 and 0.75: the CNN is ahead by what it covers, not by how many
# fakes look real. *Digits:* all ten are there in each of the three, hundreds of times; the classifier is sure of 68 % of
# my overlapping samples, of 69 % of the CNN's and of 59 % without overlap (real digits: 95 %). *Flaws:* without overlap
# strokes break at the lines of the grid. With overlap what is left are strokes that end in the middle of nowhere, or two
# digits in one: each part looks right, but the parts do not agree. The CNN's flaws are blobs and open loops. The CNN
# knows from the start that neighbours belong together, since the same small kernels run over the whole image; the
# transformer has to learn it, and gets a part of it as a gift when its patches overlap.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | cost (1) | own numbers for weights and for time, CNN against transformer | only one of the two | no numbers |
# | quality (1) | own FIDs with the floor, and precision or recall, for the pairs compared | FID without the floor, or without precision and recall | "looks better" |
# | digits (1) | says from the own table whether all ten are there, and compares the shares of clear ones | one of the two | neither |
# | flaws and their reason (1) | names a flaw seen in the own sheets, and connects it with locality: built into the CNN, learned (or partly given by overlap) in the transformer | a flaw or the reason | neither |
#
# **Enough for full marks.** "434,938 weights against 1,301,410, 0.91 against 0.58 ms per image. FID 4.1 (overlap), 8.5
# (touching), 2.3 (CNN), floor 0.53, recall 0.79, 0.75, 0.85. All ten digits in each, clear 68 %, 59 %, 69 %. Mine have
# strokes that stop suddenly: parts that do not agree, since a transformer has to learn what belongs together, and a CNN's
# kernels have it built in."
#
# **Typical wrong answer.** "The CNN is better: its FID is 2.3 against 4.1, and it has 1,301,410 parameters against
# 434,938." Half a point for cost (no time), half for quality (no floor, no recall), none for the rest.
# ### END SOLUTION

# %% [markdown]
# **What you should see** (`quick`): in our run the CNN is first with an FID of 2.3, then your pair with overlap (4.1) and
# without (8.5). Some two thirds of the samples of the first two are clear to the classifier (69 and 68 %), against 95 %
# of the real digits, so not every digit is whole in either sheet: if one looked much better to you, the table does not
# say so. Lab 2's pair shows that no number may be read alone: in the run with the repeated texture its precision was 1.0,
# yet its recall 0.0, and not one digit was clear. Times depend on what else the machine does, and another seed gives other numbers, so a
# small difference between two rows says little.
#
# ## 11. Where does the discriminator look?
#
# Attention weights can be looked at. Your layer has kept those of its latest call. We feed images to the discriminator of
# your overlapping pair, and read for **one patch** how much it takes from each of the 16, averaged over the four heads.
#
# **Before you run it:** will the weights be the same for all images? Will a patch look at its neighbours, or elsewhere?

# %%
looking = [
    layer
    for layer in gan.discriminator._flatten_layers()
    if hasattr(layer, "last_weights")
]


def weights_for(batch):
    """All attention weights of D for some images: (n, heads, from, to)."""
    gan.discriminator(batch)
    return np.asarray(looking[0].last_weights)


def map_of(batch, query):
    """How much the patch at (row, column) takes from every one: (n, rows, columns)."""
    row, column = query
    return weights_for(batch).mean(axis=1)[:, 4 * row + column].reshape(-1, 4, 4)


query = (1, 2)
fakes = gan(gan.noise_from_seed(4, seed=3))  # in [-1, 1], as D takes them
visualize.show_attention(
    digits.test_images[:4],
    map_of(images.test[:4], query),
    data.ready_to_show(np.asarray(fakes), "tanh"),  # in [0, 1]
    map_of(fakes, query),
    query=query,
    title="What the framed cell's patch takes from each other in D (mean of 4 heads)",
)

# %%
found = weights_for(images.test[:200])
entropy = -(found * np.log(found + 1e-12)).sum(axis=-1).mean(axis=(0, 2))
spread = found.mean(axis=1).std(axis=0).mean() / found.mean()
print(f"entropy of the weights by head: {entropy.round(2)} nats")
print(f"evenly spread over 16 patches it would be {np.log(16):.2f} nats")
print(f"from image to image a weight varies by {100 * spread:.0f} % of the mean weight")

# %% [markdown] question="attention-maps" points=2
# **Question 4 (2 points).** Read your maps and numbers. Does the framed patch listen to its neighbours only? Is the attention
# the same for each image? And what can such a map *not* tell you?
#
# ### BEGIN SOLUTION
# **Model answer.** (Figures of one `quick` run.) No: in my maps the framed patch takes most from itself or from a patch
# beside it, but also from far ones: for the fake 5 (fourth row) from the bottom of the digit, two rows below. In one
# layer it can compare itself with any place, which a small kernel cannot. The heads' entropies, 1.57, 1.60, 1.64 and 1.47
# nats, lie below 2.77, so the weights are not even: each head spreads over about as many patches as exp(entropy) says, 4
# to 5 of 16. The attention is not the same for each image: a weight varies by 79 % of the mean from image to image, since
# queries and keys are made from the content. The map does not tell how much a patch matters for the score: the values,
# the residual path and the layers behind decide what is done with what was gathered, and the mean over the heads hides
# what each of them does.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | reading (1) | far patches or not, and the same for each image or not, both with an own number or a named map | one of the two, or both without evidence | no reading of own maps |
# | limits (1) | a large weight is no proof of importance, with a reason (values, residual path, later layers, or the mean over heads) | without a reason | says that the map shows what matters for the score |
#
# **Enough for full marks.** "For the fake 5 the map is bright two rows below the frame, too, and a weight varies by 79 %
# between images. A large weight need not matter for the score: later layers may ignore the value."
#
# **Typical wrong answer.** "D looks at the bright patches, so these decide whether the digit is real." Half a point at
# most for reading (no evidence, one half), none for limits: this is just what the map cannot tell.
# ### END SOLUTION

# %% [markdown]
# Had the weights been the same for all images, the last line would say 0 %; ours says 79 %. Had the patch looked at its
# direct neighbours only, the maps would be dark elsewhere; ours are brightest in the frame and beside it, but far patches
# shine, too. If you expected a fixed pattern, as a convolution has: queries and keys are made from the content of the
# patches, so the pattern is made anew for each image.
#
# ## 12. Does it copy?
#
# **Before you run it:** the fakes stand beside the training images that are nearest to them, pixel by pixel. How would
# you recognise a copy?

# %%
ten = data.to_uint8(samples[100:110])
nearest = judging.nearest_images(ten, digits.train_images)
distances = (nearest.distances[:, 0] / 28).round(0)
print("root mean square difference in grey levels:", distances)
visualize.show_pairs(
    digits.train_images[nearest.indices[:, 0]],
    ten,
    left_title="Nearest training images",
    right_title="Fakes of the transformer",
)

# %% [markdown]
# A copy would differ by a few grey levels at most. In our run the ten distances are 26 to 63 grey levels: no sign of
# copying. That is no proof: a network can have learned parts of images by heart, or images that are unlike these ten
# samples.

# %% [markdown] question="strengths" points=4
# **Question 5 (4 points).** What are the strengths and the challenges of CNNs and of transformers in GANs? Name at least
# two strengths and two challenges of each, and say for which task you would choose which, with one observation of your
# own from this lab.
#
# ### BEGIN SOLUTION
# **Model answer.** *CNNs.* Strengths: locality and the same kernel everywhere are built in, so they learn from little
# data and few steps; the cost grows only linearly with the number of pixels; and their training is well understood
# (strided convolutions and batch norm since 2015, spectral norm since 2018). Challenges: one layer sees only a small
# neighbourhood, so global structure, such as two matching eyes, needs depth; transposed convolutions can leave
# checkerboards. *Transformers.* Strengths: every patch sees every other in the first layer, so distant parts can agree;
# the weights depend on the content; the same block serves images, text, and both together. Challenges: attention compares
# all pairs, so its cost grows with the square of the number of tokens; locality is not built in, so they need more data
# or steps; D has no bounded slope, so a penalty is needed; positions have to be supplied. *Choice.* For few images on a
# small machine I take a CNN. For much data, or where text steers the image, a transformer, or a CNN with one attention
# layer (SAGAN). *Observed here:* my transformer without overlap had a border ratio of 1.14 and an FID of 8.5; two pixels
# of overlap, a bit of locality, brought them to 1.01 and 4.1.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | CNN, strengths and challenges (1) | two of each | three in all, or two of one kind only | fewer |
# | transformer, strengths (1) | two | one | none, or "better quality" without a reason |
# | transformer, challenges (1) | two | one | none |
# | choice (1) | a task for each, with a reason, and an observation with a number of the own run | without the number | no task |
#
# **Enough for full marks.** "CNN: learns from few images, cost linear in pixels; but one layer sees little, and
# checkerboards. Transformer: distant patches meet in one layer, and text fits in as more tokens; but the cost is
# quadratic in tokens, and locality must be learned. Few images: CNN, since locality need not be learned; captions:
# transformer, since words are just more tokens. Here overlap alone brought my FID from 8.5 to 4.1:
# locality is worth much."
#
# **Typical wrong answer.** "CNNs are old and only see locally, transformers see everything and are state of the art."
# Nothing for the CNN (one challenge), half a point for the transformer's strengths, nothing else.
# ### END SOLUTION

# %% [markdown]
# ## 13. Deliverables
#
# - This notebook with your code for both networks (and lab 04 for the convolutional ones), executed.
# - Generated images of all pairs: the sheets of sections 7, 9 and 10. The comparison table and the count of digits with
#   your numbers.
# - Your answers to the five questions.
#
# **Where next?** Lab 06 leaves grey digits for faces in colour. The next cell lists what is answered and what is missing.
