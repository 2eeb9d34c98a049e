# ---
# jupyter:
#   labs:
#     minutes: {smoke: 0.6, quick: 4.7}
#     data: [mnist]
# ---

# %% [markdown]
# # Lab 05: Transformer GAN
#
# A convolution looks at neighbours. A **transformer** lets every part of an image look at every other part in one layer. In
# this lab you cut images into patches, tell the network where each patch belongs, assemble a GAN out of transformers, and
# compare it with the convolutional one on the same budget.
#
# **You will learn** to
#
# - compute self-attention by hand on three tokens, and show why it needs positions,
# - cut images into patches and put them together again, and write a layer whose weight Keras tracks,
# - assemble a GAN as a `keras.Model` with a training step of its own,
# - compare two architectures fairly: parameters, seconds, FID, recall, and where the network looks.
#
# **Time:** about 5 minutes of computing on two CPU cores, four hours with exercises and questions.
# **Before you start:** lab 04, and what a dense layer does to a sequence (the same to each element).

# %% setup=true
import inspect
import time

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

# %%
visualize.show_pipeline(
    [
        ("noise", "64 numbers"),
        ("generator", "16 tokens, attention,\n16 patches of 7x7"),
        ("image", "real or fake"),
        ("discriminator", "16 patches of 7x7,\n16 tokens, attention"),
        ("score", "one number"),
    ],
    title="A transformer GAN: no convolution in either network",
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
sample_count = profile.pick(
    smoke=200, quick=10_000, full=10_000
)  # fakes that are judged

# architecture
latent_dim = 64
patch_size = 7  # 16 tokens

# optimisation
batch_size = 64
images_to_see = profile.pick(
    smoke=512, quick=100_000, full=1_800_000
)  # the same for both light pairs
# Adam forgets old squared gradients sooner with 0.99 than with 0.999: in a game they are soon out of date.
transformer_rates = {"learning_rate": 5e-4, "beta_1": 0.5, "beta_2": 0.99}
r1_gamma = (
    0.5  # weight of the penalty that keeps the transformer's discriminator smooth
)
transformer_ema = 0.995  # the samples come from a running average of G, which is steadier than G itself
cnn_rates = {"learning_rate": 4e-4, "beta_1": 0.5}
# The course's own pair is large for a laptop: a few steps show that it runs, `full` trains it.
course_steps = profile.pick(smoke=1, quick=30, full=6400)
course_batch_size = profile.pick(smoke=8, quick=64, full=128)

# %%
digits = data.load_mnist().first(train_count, test_count)
images = digits.scaled("tanh")
epochs = max(1, round(images_to_see / len(images.train)))
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

# %% [markdown]
# ## 1. Self-attention
#
# The input is a sequence of $n$ **tokens**, each a vector of $d$ numbers: the rows of $X$. Three learned matrices make from
# each token a **query** (what am I looking for?), a **key** (what do I offer?) and a **value** (what do I say?):
# $Q = X W_Q$, $K = X W_K$, $V = X W_V$. Each query is compared with all keys; a softmax turns a row of these scores into
# weights that sum to 1; the output of a token is the mean of all values with these weights:
#
# $$\mathrm{Attention}(Q, K, V) = \mathrm{softmax}\!\left( \frac{Q K^\top}{\sqrt{d_k}} \right) V .$$
#
# Without the root of the key's length $d_k$ the scores would grow with it, and the softmax would pick one token only.
#
# **By hand:** three tokens of two numbers, and all three matrices the identity, so $Q = K = V = X$.
#
# **Before you run it:** the first two tokens are alike, the third is different. To whom will each of them listen?

# %%
tokens = np.array([[2.0, 0.0], [2.0, 0.5], [0.0, 2.0]])
attention_scores = tokens @ tokens.T / np.sqrt(2)
weights = np.exp(attention_scores) / np.exp(attention_scores).sum(axis=1, keepdims=True)
visualize.show_matrices(
    {
        "tokens": tokens,
        "scores": attention_scores.round(2),
        "weights": weights.round(2),
        "output": (weights @ tokens).round(2),
    },
    title="Self-attention on three tokens: a row each",
    cell=0.5,
)

# %% [markdown]
# Check one number: the score of token 1 for itself is $2 \cdot 2 / \sqrt 2 = 2.83$. Each row of the weights sums to 1. The
# outputs of tokens 1 and 2 stay near each other; all three have moved a little towards the mean.
#
# **Several heads** do this side by side with smaller matrices of their own, and one more matrix mixes their outputs. A layer
# with $h$ heads of key length $d_k$ on tokens of $d$ numbers has $4 d \cdot h d_k$ weights, whatever the number of tokens: with
# $d = 128$, $h = 4$, $d_k = 128$ that is 262,144, and 1,664 biases.
#
# ### Attention cannot count
#
# **Before you run it:** we shuffle the tokens and look at the outputs, shuffled in the same way. How far do they differ?

# %%
attention = keras.layers.MultiHeadAttention(num_heads=4, key_dim=128)
sequence = tf.random.stateless_normal((1, 49, 128), seed=(SEED, 1))
order = np.random.default_rng(SEED).permutation(49)
shuffled = tf.gather(sequence, order, axis=1)
straight = tf.gather(attention(sequence, sequence), order, axis=1)
difference = float(tf.reduce_max(tf.abs(attention(shuffled, shuffled) - straight)))
print(f"{attention.count_params():,} parameters; largest difference {difference:.1e}")

# %% [markdown]
# **What you should see:** nothing but rounding. Attention treats its input as a *set*. For an image that is fatal: without more
# help a face and the same patches in a heap are one and the same. So every token gets a **position** added (section 3).
#
# ## 2. Exercise 1: patches (4 points)
#
# What is a token of an image? A pixel would be too fine: attention compares all pairs, 784 x 784 of them. So we cut the image
# into square patches and flatten each: a 28x28 image has 49 patches of 4x4 (16 numbers each) or 16 patches of 7x7 (49
# numbers each).
#
# Patches come row by row from the top, from the left within a row, and so do the pixels inside a patch.
#
# *Small example:* the 4x4 image with the pixels 0 to 15 and patches of 2x2 gives [0 1 4 5], [2 3 6 7], [8 9 12 13],
# [10 11 14 15].
#
# *Hint:* `tf.reshape` never moves numbers, it only counts them anew. Split height into (rows, patch_size) and width into
# (columns, patch_size), bring the axes into the right order with `tf.transpose`, and flatten. The inverse does it backwards.


# %% answer="patchify"
def patchify(images, patch_size):
    """Cut images (batch, height, width, channels) into (batch, patches, patch_size * patch_size * channels)."""
    ### BEGIN SOLUTION
    _, height, width, channels = images.shape
    rows, columns = height // patch_size, width // patch_size
    cut = tf.reshape(images, (-1, rows, patch_size, columns, patch_size, channels))
    ordered = tf.transpose(
        cut, (0, 1, 3, 2, 4, 5)
    )  # batch, row, column, then the pixels of a patch
    return tf.reshape(ordered, (-1, rows * columns, patch_size * patch_size * channels))
    ### END SOLUTION


# %% check="patchify" points=2
patchify = checks.lab05.patchify(patchify)
### BEGIN HIDDEN TESTS
checks.require("patchify")
### END HIDDEN TESTS


# %% answer="unpatchify"
def unpatchify(patches, patch_size, image_shape):
    """Put patches together again into images (batch, height, width, channels); image_shape is without the batch."""
    ### BEGIN SOLUTION
    height, width, channels = image_shape
    rows, columns = height // patch_size, width // patch_size
    cut = tf.reshape(patches, (-1, rows, columns, patch_size, patch_size, channels))
    return tf.reshape(
        tf.transpose(cut, (0, 1, 3, 2, 4, 5)), (-1, height, width, channels)
    )
    ### END SOLUTION


# %% check="unpatchify" points=2
unpatchify = checks.lab05.unpatchify(unpatchify)
### BEGIN HIDDEN TESTS
checks.require("unpatchify")
### END HIDDEN TESTS

# %%
cut = patchify(tf.constant(images.train[:1]), 4)
back = unpatchify(cut, 4, digits.image_shape)
print(
    "patches:",
    cut.shape,
    " there and back differs by",
    float(tf.reduce_max(tf.abs(back - images.train[:1]))),
)
patches_drawn = np.asarray(cut).reshape(49, 4, 4, 1)
visualize.show_sheets(
    {
        "an image": digits.train_images[:1],
        "its 49 patches of 4x4": visualize.tile((patches_drawn + 1) / 2, 7)[None],
    },
    columns=1,
    width=6,
)

# %% [markdown]
# **A mistake to learn from.** The course's Lab 2 made its tokens in another way: flatten the image, `Dense(128)`, and then
# `Reshape((49, 128))`. Count the numbers before you run it: 128 go in, $49 \cdot 128 = 6272$ should come out.

# %%
flat = keras.layers.Dense(128, activation="relu")(
    keras.layers.Flatten()(keras.Input((28, 28, 1)))
)
try:
    keras.layers.Reshape((49, 128))(flat)
except ValueError as error:
    print("ValueError:", " ".join(str(error).split())[:150])

# %% [markdown]
# It cannot work, and even with 6,272 units it would not cut the image: each "token" would see all pixels. With patches, 49
# patches of 16 pixels go through **one** dense layer to 128 features each.
#
# ## 3. Exercise 2: positions as a layer (3 points)
#
# We add a **learned vector for each position** to the tokens: token 0 always gets the same vector, token 1 another one. Lab 2
# meant to do this, too:
#
# ```python
# positions = layers.Embedding(input_dim=49, output_dim=128)(tf.range(49))
# x += positions
# ```
#
# **Before you run it:** the embedding has $49 \cdot 128 = 6272$ numbers. How many parameters will the model have with this
# line, how many with a proper layer?


# %%
def course_generator(add_positions, latent_dim=100):
    """Lab 2's transformer generator; add_positions is what it does with the tokens."""
    noise = keras.Input((latent_dim,))
    x = keras.layers.Dense(7 * 7 * 128, activation="relu")(noise)
    x = add_positions(keras.layers.Reshape((49, 128))(x))  # 49 tokens of 128
    x = keras.layers.MultiHeadAttention(num_heads=4, key_dim=128)(x, x)
    x = keras.layers.LayerNormalization()(x)
    x = keras.layers.Dense(128, activation="relu")(x)
    x = keras.layers.LayerNormalization()(x)
    x = keras.layers.Reshape((7, 7, 128))(x)
    x = keras.layers.Conv2DTranspose(
        64, 4, strides=2, padding="same", activation="relu"
    )(x)  # 7x7 => 14x14
    x = keras.layers.Conv2DTranspose(
        1, 4, strides=2, padding="same", activation="tanh"
    )(x)  # 14x14 => 28x28
    return keras.Model(noise, x)


untracked = course_generator(
    lambda x: x + keras.layers.Embedding(49, 128)(tf.range(49))
)
print(f"with Lab 2's line: {untracked.count_params():,} parameters")
print(
    "weights named embedding:",
    [weight.path for weight in untracked.weights if "embedding" in weight.path],
)

# %% [markdown]
# **What you should see:** 1,046,465 parameters, and no weight of an embedding among them. `tf.range(49)` is a constant, so the
# embedding of it is computed **once**, while the model is built, and added as a constant: random numbers that never learn.
# Nothing fails.
#
# Write the layer. Make the weight in `build` with `self.add_weight(shape=..., initializer=...)`: then Keras knows it, trains
# it, and saves it. `input_shape` is `(batch, tokens, features)`.


# %% answer="PositionalEmbedding"
class PositionalEmbedding(keras.layers.Layer):
    """Adds a trained vector to each token, one for each position: (batch, tokens, features) in and out."""

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


# %% check="PositionalEmbedding" points=3
PositionalEmbedding = checks.lab05.PositionalEmbedding(PositionalEmbedding)
### BEGIN HIDDEN TESTS
checks.require("PositionalEmbedding")
### END HIDDEN TESTS

# %%
tracked = course_generator(PositionalEmbedding())
print(
    f"with your layer: {tracked.count_params():,} parameters, {tracked.count_params() - untracked.count_params():,} more"
)

# %% [markdown] question="positions" points=2
# **Question 1 (2 points).** Why does a transformer need positions and a convolution does not? What would the generator of Lab 2
# lose if its positions stayed random constants, and what if there were none at all?
#
# ### BEGIN SOLUTION
# **Model answer.** Attention and the dense layers that follow treat all tokens alike, whatever their order: shuffled tokens in
# give shuffled tokens out. A convolution has the geometry built in: a kernel weight belongs to a fixed offset. Random constants
# already break the symmetry, so the network can tell the places apart, but it cannot learn vectors in which neighbouring places
# are similar, and the constants are easily lost when the model is rebuilt from its code and its saved weights. (In this generator the first
# dense layer also gives each token weights of its own, so a little of the order survives without positions; in the discriminator the
# attention would see a heap of patches, and only its last dense layer, which has a weight for each place, could tell the order.)
#
# **Rubric.** 1 point: permutation equivariance of attention against the fixed offsets of a kernel. 1 point: constants tell
# places apart but do not learn (or are lost on rebuilding); none at all leaves a set.
# ### END SOLUTION

# %% [markdown]
# ## 4. The course's pair, as far as it can work
#
# In `labhelpers` the pair of Lab 2 has trained positions, and a discriminator that cuts patches. Everything else is the
# course's. Note the shapes: in the generator noise => 49 tokens of 128 => attention => 7x7x128 => 14x14 => 28x28.

# %%
print(inspect.getsource(models.transformer_pair))
course_pair = models.transformer_pair()
course_pair.generator.summary()
course_pair.discriminator.summary()

# %%
visualize.show_layers(course_pair.generator)

# %% [markdown]
# **What you should see:** 1,052,737 parameters in G and 1,075,585 in D. In G, 60 % of them are in the first dense layer; in D,
# three quarters are in the dense layer after `Flatten`. The attention itself is a quarter of each.
#
# ## 5. Exercise 3: the GAN itself (4 points)
#
# Lab 2 ends here with a *TO DO*: assemble generator and discriminator and train them. Do it as Keras means it: a `keras.Model`
# with a `train_step` of its own. Then `fit` does the rest: batches, epochs, history, progress.
#
# `train_step(real_images)` gets one batch, in steps:
#
# - draw noise for as many fakes as there are real images (`tf.shape(real_images)[0]`; the last batch may be smaller),
# - D's loss: mean of softplus(-real_logits) + mean of softplus(fake_logits), one step of D's optimizer on D's variables,
# - G's loss: mean of softplus(-fake_logits), one step of G's optimizer on G's variables,
# - return `{"g_loss": ..., "d_loss": ...}`.


# %% answer="MyGAN"
class MyGAN(keras.Model):
    """A generator and a discriminator that train each other under fit."""

    def __init__(self, generator, discriminator):
        super().__init__()
        self.generator = generator
        self.discriminator = discriminator

    def compile(self, generator_optimizer, discriminator_optimizer, **kwargs):
        super().compile(optimizer=generator_optimizer, **kwargs)
        self.generator_optimizer = generator_optimizer
        self.discriminator_optimizer = discriminator_optimizer

    def train_step(self, real_images):
        ### BEGIN SOLUTION
        noise = tf.random.normal(
            (tf.shape(real_images)[0], self.generator.input_shape[-1])
        )
        with tf.GradientTape() as tape:
            real_logits = self.discriminator(real_images, training=True)
            fake_logits = self.discriminator(
                self.generator(noise, training=True), training=True
            )
            d_loss = tf.reduce_mean(tf.nn.softplus(-real_logits)) + tf.reduce_mean(
                tf.nn.softplus(fake_logits)
            )
        variables = self.discriminator.trainable_variables
        self.discriminator_optimizer.apply(tape.gradient(d_loss, variables), variables)

        with tf.GradientTape() as tape:
            fake_logits = self.discriminator(
                self.generator(noise, training=True), training=True
            )
            g_loss = tf.reduce_mean(tf.nn.softplus(-fake_logits))
        variables = self.generator.trainable_variables
        self.generator_optimizer.apply(tape.gradient(g_loss, variables), variables)
        return {"g_loss": g_loss, "d_loss": d_loss}
        ### END SOLUTION


# %% check="MyGAN" points=4
MyGAN = checks.lab05.MyGAN(MyGAN)
### BEGIN HIDDEN TESTS
checks.require("MyGAN")
### END HIDDEN TESTS

# %% [markdown]
# Now it trains the course's pair. (In `quick` for a few steps only, to see that it runs and how long a step takes.)

# %%
keras.utils.set_random_seed(SEED)
course_gan = MyGAN(*course_pair)
course_gan.compile(
    keras.optimizers.Adam(2e-4, 0.5),
    keras.optimizers.Adam(2e-4, 0.5),
    jit_compile=False,
)
batches = (
    tf.data.Dataset.from_tensor_slices(images.train).shuffle(10_000, seed=SEED).repeat()
)
batches = batches.batch(course_batch_size)
# The first step traces and compiles; the clock starts after it.
course_gan.fit(batches.take(1), shuffle=False, verbose=0)
started = time.perf_counter()
course_history = course_gan.fit(
    batches.take(course_steps), shuffle=False, verbose=0
).history
course_seconds = (
    (time.perf_counter() - started)
    / course_steps
    * len(images.train)
    / course_batch_size
)
print(
    {name: round(values[-1], 3) for name, values in course_history.items()},
    f"about {course_seconds:.0f} s per epoch",
)
course_samples = course_gan.generator(
    np.random.default_rng(0).normal(size=(10, 100)).astype("float32")
)
visualize.show_grid(
    data.ready_to_show(course_samples, "tanh"),  # from [-1, 1] to [0, 1]
    title=f"The course's pair after {course_steps + 1} steps",
    width=6,
)

# %% [markdown]
# ## 6. A light pair that learns on a laptop
#
# In the course's pair attention and dense layers *replace* the tokens instead of adding to them, there are 49 tokens, and most
# of the weights are far from the attention. The light pair is built as transformers are built today:
#
# - **residual** blocks: attention and feed-forward layers are *added* to the tokens, with the norm in front of them;
# - 16 patches of 7x7, and one block in each network;
# - no convolution at all: G's last layer turns each token into the pixels of its patch.

# %%
print(inspect.getsource(models.light_transformer_pair))
keras.utils.set_random_seed(SEED)
transformer_pair = models.light_transformer_pair(
    latent_dim, digits.image_shape, patch=patch_size
)
transformer_pair.generator.summary()

# %% [markdown]
# Transformers make strong discriminators that change steeply from image to image, and G learns badly from steep slopes. So D also
# pays an **R1 penalty**, $\frac{\gamma}{2}\, \mathbb{E} \lVert \nabla_x D(x) \rVert^2$ on the real images (Mescheder et al. 2018): it may not
# change steeply where the data is. It costs time, since it needs the gradient of a gradient.
#
# **Before you run it:** each token draws its own 7x7 patch. Where do you expect the first flaws in the digits?

# %%
fixed_noise = (
    np.random.default_rng(SEED).normal(size=(40, latent_dim)).astype("float32")
)
loss = losses.non_saturating().plus(losses.r1(gamma=r1_gamma))
gan = training.GAN(*transformer_pair, loss, ema=transformer_ema, name="transformer")
gan.compile(
    keras.optimizers.Adam(**transformer_rates),
    keras.optimizers.Adam(**transformer_rates),
    steps_per_execution=16,
    jit_compile=False,
)
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
print(f"{len(gan.step_history['g_loss']):,} steps in {clock.used:.0f} s")

# %% [markdown]
# ### The convolutional pair on the same budget
#
# The light DCGAN of lab 04, for the same number of steps and images. Its own settings, which suit it best.

# %%
keras.utils.set_random_seed(SEED)
cnn = training.GAN(
    *models.light_dcgan_pair(latent_dim), losses.non_saturating(), name="cnn"
)
cnn.compile(
    keras.optimizers.Adam(**cnn_rates),
    keras.optimizers.Adam(**cnn_rates),
    steps_per_execution=16,
)
cnn_clock = training.TimeBudget(seconds=float("inf"))
cnn.fit(
    images.train,
    batch_size=batch_size,
    epochs=epochs,
    callbacks=[cnn_clock, training.StopOnNonFinite()],
)
print(f"{len(cnn.step_history['g_loss']):,} steps in {cnn_clock.used:.0f} s")

# %%
visualize.plot_losses(
    {name: gan.step_history[name] for name in ("g_loss", "d_loss")},
    title="Transformer GAN: losses of every step",
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
# ## 7. Compare
#
# Sheets first. **Before you read the table:** which sheet looks better to you, and what gives the other one away?

# %%
visualize.show_sheets(
    {
        "real": digits.test_images[:50],
        "CNN GAN": cnn.sample(50, seed=1),
        "transformer GAN": gan.sample(50, seed=1),
    },
    columns=5,
)

# %%
judge = judging.mnist_judge()
reference = judging.real_reference(
    judge, digits.test_images, digits.train_images[: len(digits.test_images)]
)
rows, counts = [], {}
for name, model, used in (
    ("CNN, light", cnn, cnn_clock.used),
    ("transformer, light", gan, clock.used),
):
    samples = model.sample(sample_count, seed=2)
    quality = judging.quality(samples, judge, reference, details=True)
    print(f"{name}: {quality}")
    probabilities = judge.probabilities(samples)
    sure = probabilities.max(axis=1) > 0.9
    counts[name] = np.bincount(probabilities.argmax(axis=1)[sure], minlength=10)
    steps = len(model.step_history["g_loss"])
    rows.append(
        {
            "pair": name,
            "parameters of G": model.generator.count_params(),
            "parameters of D": model.discriminator.count_params(),
            "seconds per epoch": round(
                used / steps * -(-len(images.train) // batch_size), 1
            ),
            "steps": steps,
            "FID": round(quality.fid, 1),
            "floor": None if quality.floor is None else round(quality.floor, 2),
            "precision": round(quality.precision, 2),
            "recall": round(quality.recall, 2),
        }
    )
rows.append(
    {
        "pair": "transformer, course",
        "parameters of G": course_gan.generator.count_params(),
        "parameters of D": course_gan.discriminator.count_params(),
        "seconds per epoch": round(course_seconds, 1),
        "steps": course_steps + 1,
    }
)
pd.DataFrame(rows).set_index("pair")

# %% [markdown]
# Which digits are there? We count the samples in which the frozen classifier sees a digit with more than 90 % confidence.

# %%
pd.DataFrame(counts, index=pd.Index(range(10), name="digit")).T

# %% [markdown]
# **What you should see** (`quick`): a FID of about 8 for the CNN and about 21 for the transformer, which has a third of the parameters and
# takes more than twice the time per epoch. Every digit is there in both rows, hundreds of times out of 10,000; most of the transformer's
# samples leave the classifier in doubt.

# %% [markdown] question="comparison" points=4
# **Question 2 (4 points).** Compare the two light pairs with your numbers: parameters, time per epoch, FID against its floor,
# precision and recall, all ten digits. What do the flaws in the two sheets look like, and where do they come from?
#
# ### BEGIN SOLUTION
# **Model answer.** (Figures of our `quick` run.) With the same 1,564 steps the CNN reaches a FID of 7.8 and a recall of 0.77, the transformer
# 20.6 and 0.61; the floor is 0.5, precision 0.59 against 0.55. The transformer has a third of the parameters (417,458 against
# 1,301,410) and still takes 2.4 times as long per epoch, a good part of it for the R1 penalty: parameters do not tell the cost. All ten digits are there in
# both, but the transformer draws fewer that the classifier is sure of. Its flaws follow the patches: strokes break or jump at the borders of the 7x7 squares, because
# each patch is drawn by its own token and nothing but attention keeps neighbours together. The CNN's flaws are blobs and open loops: its strokes are smooth
# everywhere, since the same small kernels run over all borders. Built-in knowledge about neighbourhood is worth a lot when data and
# steps are few.
#
# **Rubric.** 1 point: own figures for parameters and time. 1 point: own FID against the floor, precision, recall. 1 point: digits counted,
# and flaws at the patch borders named. 1 point: reason: locality is built into the CNN, the transformer has to learn it.
# ### END SOLUTION

# %% [markdown]
# ## 8. Where does the discriminator look?
#
# Attention weights can be looked at. We take the discriminator's attention layer, feed it images, and read for **one patch** how
# much it listens to each of the 16, averaged over the four heads.
#
# **Before you run it:** will the weights be the same for all images? Will a patch look at its neighbours, or elsewhere?

# %%
layer = gan.discriminator.get_layer("block_0_attention")
to_tokens = keras.Model(gan.discriminator.input, layer.input[0])


def attention_of(batch, query):
    """How much the patch at (row, column) attends to every patch: (n, rows, columns)."""
    tokens = to_tokens(batch)
    _, weights = layer(
        tokens, tokens, return_attention_scores=True
    )  # (n, heads, from, to)
    side = digits.image_shape[0] // patch_size
    return (
        weights.numpy()
        .mean(axis=1)[:, query[0] * side + query[1]]
        .reshape(-1, side, side)
    )


query = (1, 2)
noise = gan.noise_from_seed(4, seed=3)
visualize.show_attention(
    digits.test_images[:4],
    attention_of(images.test[:4], query),
    gan.sample(noise),
    attention_of(
        gan(noise), query
    ),  # D takes what G draws, in [-1, 1]; sample() brings it to [0, 1]
    query=query,
    title="What the framed patch attends to in D (mean of 4 heads)",
)

# %%
weights = layer(
    to_tokens(images.test[:200]),
    to_tokens(images.test[:200]),
    return_attention_scores=True,
)[1].numpy()
entropy = -(weights * np.log(weights + 1e-12)).sum(axis=-1).mean(axis=(0, 2))
print(
    f"entropy of the weights by head: {entropy.round(2)} nats; evenly spread over 16 patches: {np.log(16):.2f}"
)

# %% [markdown] question="attention-maps" points=2
# **Question 3 (2 points).** Read the maps and the entropies. Does the framed patch listen to its neighbours only? Is the attention
# the same for each image? And what can such a map *not* tell you?
#
# ### BEGIN SOLUTION
# **Model answer.** The framed patch listens to itself, to neighbours and to patches at the other end of the digit: in one layer it can compare
# itself with any place, which a small kernel cannot. The weights change with the image and follow the ink, since queries and keys are computed
# from the content; empty corners get less than an even share. The heads' entropies (2.0 to 2.2 nats in our `quick` run) are below log 16 = 2.77:
# they have preferences, about exp(2.1) = 8 patches each. The map shows which values are mixed, not what is done with them: values, the residual path and the
# layers behind decide, and the mean over heads hides what each one does, so a large weight is no proof that a patch mattered for the score.
#
# **Rubric.** 1 point: read from own maps/entropies (far patches, dependence on content). 1 point: weights are not importance
# (values, residual path, later layers, mean over heads).
# ### END SOLUTION

# %% [markdown]
# ## 9. Does it copy?

# %%
ten = data.to_uint8(gan.sample(10, seed=4))
nearest = judging.nearest_images(ten, digits.train_images)
print(
    "root mean square difference in grey levels:",
    (nearest.distances[:, 0] / 28).round(0),
)
visualize.show_pairs(
    digits.train_images[nearest.indices[:, 0]],
    ten,
    left_title="Nearest training images",
    right_title="Fakes of the transformer",
)

# %% [markdown] question="strengths" points=4
# **Question 4 (4 points).** What are the strengths and the challenges of CNNs and of transformers in GANs? Name at least two
# strengths and two challenges of each, and say for which task you would choose which.
#
# ### BEGIN SOLUTION
# **Model answer.** *CNNs.* Strengths: locality and shift equivariance are built in, so they learn from little data and few steps; cost grows
# linearly with the number of pixels; two decades of recipes (strides, batch norm, spectral norm) make their training well understood. Challenges: one
# layer sees only a small neighbourhood, so global structure (symmetry, two matching eyes, a closed loop) needs depth or large kernels; transposed
# convolutions can leave checkerboards; the same kernels everywhere suit textures better than long-range relations.
# *Transformers.* Strengths: every patch sees every other in the first layer, so global relations are easy; weights depend on the content; the same
# block serves images, text and both together, and quality keeps growing with data and size. Challenges: cost grows with the square of
# the number of tokens, so high resolutions need windows or stages; no built-in locality, so they need more data, augmentation or longer
# training, and show patch borders; adversarial training is less stable: transformer discriminators overpower G or need gradient
# penalties and an averaged generator; positions have to be supplied.
# *Choice.* Few images, small machine, textures: CNN. Much data, text conditions, long-range structure: a transformer, or
# a hybrid such as a CNN with an attention layer in the middle (SAGAN).
#
# **Rubric.** 1 point: two strengths of CNNs. 1 point: two challenges of CNNs. 1 point: two strengths and two challenges of
# transformers. 1 point: a reasoned choice that uses an observation of this lab.
# ### END SOLUTION

# %% [markdown]
# ## 10. Deliverables
#
# - This notebook with your code for both GANs (your `MyGAN`, and lab 04 for the convolutional one), executed.
# - Generated images of both models: the three sheets. The comparison table and the count of digits with your numbers.
# - Your answers to the four questions.
#
# **Where next?** Lab 06 leaves grey digits for colour faces at 100x100. The next cell lists what is answered and what is missing.
