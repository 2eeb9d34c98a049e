# ---
# jupyter:
#   labs:
#     minutes: {smoke: 0.7, quick: 4}
#     data: [mnist]
# ---

# %% [markdown]
# # Lab 01: Variational autoencoder
#
# You will build a network that squeezes a picture of a digit into **two numbers** and draws it again from them. Then you
# will let it draw digits that nobody ever wrote.
#
# **You will learn** to
#
# - write a decoder, from two numbers to an image,
# - sample from a distribution so that gradients still flow (the reparameterisation trick),
# - write the loss of a variational autoencoder (VAE) in nats per image, and mend a loss that breaks one,
# - read a latent space: scatter plot, manifold, interpolation,
# - say what the KL term and the number of latent dimensions do, with numbers that you measured.
#
# **Time:** about 4 minutes of computing on two CPU cores, two to three hours with exercises and questions.
# **Before you start:** you know what a dense layer, a loss and a gradient are, and you have used `fit` once.
#
# **How the exercises work.** Write your code where it says so and run the check below it. The check tells you in one line
# what is right, or what came out and what was expected. If you skip an exercise, the lab goes on with `labhelpers`' own
# version, so you can always run the whole notebook. Your answers are saved with the notebook itself.

# %% setup=true
import inspect

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import layers

from labhelpers import checks, data, losses, models, profiles, training, visualize

# %% [markdown]
# ## Parameters
#
# Everything that you may want to change is here. The run profile sets the defaults: `smoke` takes seconds and is only good
# for tests, `quick` is made for a laptop, and `full` trains for the 20 epochs of the original course.

# %% setup=true
profile = profiles.current()
print(profile)

SEED = 42
keras.utils.set_random_seed(SEED)

# data
train_count = profile.pick(smoke=1024, quick=60_000, full=60_000)
test_count = profile.pick(smoke=200, quick=10_000, full=10_000)

# architecture
latent_dim = 2
latent_dims = profile.pick(smoke=(2, 8), quick=(2, 8, 32), full=(2, 8, 32))

# optimisation
batch_size = 128
epochs = profile.pick(smoke=2, quick=18, full=20)
comparison_epochs = profile.pick(smoke=1, quick=10, full=20)
conv_epochs = profile.pick(smoke=1, quick=4, full=20)
betas = profile.pick(
    smoke=(0.0, 4.0), quick=(0.0, 0.1, 1.0, 4.0), full=(0.0, 0.1, 1.0, 4.0)
)
beta_epochs = profile.pick(smoke=1, quick=5, full=20)
# Eight times Adam's default, falling to 0 along a cosine. For the dense networks and 4
# epochs it was the best of 4e-3, 8e-3 and 16e-3, or less than 1 nat from it.
learning_rate = 8e-3
# A quarter of that for the convolutional pair. After 4 epochs, two seeds each, the test
# ELBO was -161.5 and -161.7 with 2e-3, -163.5 and -160.9 with 4e-3, -163.2 and -157.5
# with 8e-3: the high rate may win, and may lose more. So we take the steady one.
conv_learning_rate = 2e-3
# XLA makes dense networks faster once it has compiled them; None asks for it where it
# pays. A smoke run ends before that.
jit_compile = profile.pick(smoke=False, quick=None, full=None)

# %% [markdown]
# ## 1. The data
#
# Handwritten digits, 28x28 pixels. They are stored as whole numbers from 0 to 255. Our decoder will end in a sigmoid, whose
# values lie between 0 and 1, so we ask for the view in that range.

# %%
digits = data.load_mnist().first(train_count, test_count)
print(digits)
images = digits.scaled("sigmoid")
low, high = images.train.min(), images.train.max()
print("train:", images.train.shape, images.train.dtype, "from", low, "to", high)
visualize.show_grid(digits.train_images[:30], title="Thirty training images")

# %% [markdown]
# ## 2. The idea
#
# **A story of how images come about.** First nature draws a short code $z$ from a standard normal distribution,
# $p(z) = \mathcal{N}(0, I)$. Then a *decoder* turns the code into an image: it gives every pixel the probability of being
# white, $p_\theta(x \mid z)$. If we knew good weights $\theta$, we could make new images for ever: draw $z$, decode.
#
# **The trouble.** To train the decoder we need to know which codes could have made a given image. Almost all codes could
# not, and trying them all is hopeless.
#
# **The way out.** A second network, the *encoder*, guesses. For an image $x$ it gives the mean $\mu$ and the variance
# $\sigma^2$ of a Gaussian over codes, $q_\phi(z \mid x) = \mathcal{N}(\mu, \mathrm{diag}(\sigma^2))$. It returns
# $\log \sigma^2$ (`log_var`), which may be any number, so the network needs no rule to keep variances positive.

# %%
visualize.show_pipeline(
    [
        ("image", "28x28 pixels"),
        ("encoder", "784 → 256 → 2 + 2"),
        ("code z", "2 numbers,\nwith noise"),
        ("decoder", "2 → 256 → 784"),
        ("new image", "28x28 pixels"),
    ],
    title="A picture goes through two numbers and comes back",
)

# %% [markdown]
# **One objective for both.** For every encoder and decoder, and an image $x$ of black and white pixels,
#
# $$\log p_\theta(x) \;\ge\; \underbrace{\mathbb{E}_{z \sim q_\phi(z \mid x)} \log p_\theta(x \mid z)}_{-\text{ reconstruction loss}}
# \;-\; \underbrace{D_{KL}\big(q_\phi(z \mid x) \,\|\, p(z)\big)}_{\text{KL}} .$$
#
# The right side is the *evidence lower bound*, **ELBO**. We maximise it, that is, we minimise reconstruction loss + KL.
# The first part asks: is the image likely under what we decode? The second asks: how far is the encoder's Gaussian from the
# one that we will draw new codes from? Both are measured in *nats* (information in base $e$), per image.
#
# **Grey pixels.** MNIST's pixels lie anywhere between 0 and 1, and the decoder only knows black and white. So read a
# pixel of 0.7 as one that is white in 70 % of the copies of this image. The reconstruction loss below is then the *mean*
# over all such copies, and the ELBO bounds the mean of $\log p_\theta$ over the copies. It is no bound on the probability
# of the grey image itself: this decoder gives none.

# %% [markdown]
# ## 3. The networks
#
# The course asks for functions and architectures in files of their own. Here the encoder is one: a plain function in
# `labhelpers/models/variational.py`. This is how it is written there:

# %%
print(inspect.getsource(models.dense_encoder))

# %%
encoder = models.dense_encoder(digits.image_shape, latent_dim)
encoder.summary()
visualize.show_layers(encoder)

# %% [markdown]
# Check one number by hand: the hidden layer of the encoder has $784 \cdot 256$ weights and 256 biases, 200,960 in all.
#
# ### Exercise 1: the decoder (3 points)
#
# The decoder is yours. It takes codes (batch, `latent_dim`) and gives images (batch, 28, 28, 1):
#
# - a hidden layer of 256 units with ReLU, as in the encoder;
# - one probability for each pixel, so every value lies between 0 and 1, whatever the code; the pixels are independent of
#   each other;
# - both layers with bias, nothing else to train, and nothing random: the noise is in the code already.
#
# Each call makes a new network. A functional model, a `Sequential` or a class of your own are all fine.
#
# *Check by hand* that this makes 202,256 parameters for two latent dimensions.


# %% answer="build_decoder"
def build_decoder(latent_dim):
    """Return a keras.Model: codes (batch, latent_dim) => images (batch, 28, 28, 1)."""
    ### BEGIN SOLUTION
    codes = keras.Input((latent_dim,))
    x = layers.Dense(256, activation="relu")(codes)
    x = layers.Dense(28 * 28, activation="sigmoid")(x)
    return keras.Model(codes, layers.Reshape((28, 28, 1))(x), name="decoder")
    ### END SOLUTION


# %% check="build_decoder" points=3
build_decoder = checks.lab01.build_decoder(build_decoder)
### BEGIN HIDDEN TESTS
checks.require("build_decoder")
### END HIDDEN TESTS

# %% [markdown]
# From here on every dense decoder of this lab is made by your function.
#
# **Before you run the next cell:** the decoder is untrained. What will it draw for four random codes?


# %%
def dense_pair(latent_dim):
    """A new encoder, and your decoder; as a functional model, however you wrote it."""
    codes = keras.Input((latent_dim,), name="codes")
    decoder = keras.Model(codes, build_decoder(latent_dim)(codes), name="decoder")
    return models.dense_encoder(digits.image_shape, latent_dim), decoder


encoder, decoder = dense_pair(latent_dim)
four_codes = np.random.default_rng(SEED).normal(size=(4, latent_dim))
untrained = decoder(four_codes.astype("float32")).numpy()
mean, log_var = encoder(images.test[:4])
print("mean", mean.shape, "log_var", log_var.shape, "decoded", untrained.shape)
print(f"pixels from {untrained.min():.2f} to {untrained.max():.2f}")
visualize.show_grid(untrained, columns=4, title="An untrained decoder", width=4)

# %% [markdown]
# **What you should see:** four grey squares with a faint grain, every pixel near 0.5. If you expected black and white
# noise: the initial weights are small, so the last layer's scores lie near 0, and a sigmoid makes 0.5 of 0.

# %% [markdown]
# ## 4. Exercise 2: a random code (2 points)
#
# We need a random code from $\mathcal{N}(\mu, \sigma^2)$. The *reparameterisation trick* draws the randomness **outside**
# of the networks: $\epsilon \sim \mathcal{N}(0, 1)$ comes in as data, and the code is
#
# $$z = \mu + \sigma \cdot \epsilon .$$
#
# The encoder hands you `log_var` $= \log \sigma^2$, so first work out how to get $\sigma$ from it.
#
# *Small example:* $\mu = 1$, $\log \sigma^2 = \log 4$, $\epsilon = 1$ gives $z = 1 + 2 \cdot 1 = 3$.


# %% answer="sample_z"
def sample_z(mean, log_var, epsilon):
    """Return codes with this mean and log variance, made of standard normal noise.

    All shapes are (batch, latent_dim).
    """
    ### BEGIN SOLUTION
    return mean + tf.exp(0.5 * log_var) * epsilon
    ### END SOLUTION


# %% check="sample_z" points=2
sample_z = checks.lab01.sample_z(sample_z)
### BEGIN HIDDEN TESTS
checks.require("sample_z")
### END HIDDEN TESTS

# %% [markdown]
# ### Why so roundabout?
#
# NumPy can draw from $\mathcal{N}(\mu, \sigma^2)$ in one call. Let us compare. The cell below
#
# 1. asks for the gradient of a code with respect to $\mu$, once through NumPy's sampler and once through your `sample_z`;
# 2. estimates the slope of an expectation in two ways. The cost is $z^2$ for one code with $\mu = 1$, $\sigma = 0.5$.
#    Since $\mathbb{E} z^2 = \mu^2 + \sigma^2$, its slope with respect to $\mu$ is exactly $2 \mu = 2$. The first way
#    differentiates through $z = \mu + \sigma \epsilon$. The second, the *score function* (REINFORCE), gets by with the
#    cost alone: cost times $\epsilon / \sigma$.
#
# **Before you run it:** which of the four lines will not be a number? Of the two estimates, is one wrong?


# %%
def numpy_sampler(mean, log_var):
    """Codes from NumPy's own normal distribution."""
    rng = np.random.default_rng(SEED)
    draw = lambda m, v: rng.normal(m, np.exp(v / 2)).astype("float32")  # noqa: E731
    return tf.numpy_function(draw, [mean, log_var], tf.float32)


one_mean, one_log_var = (
    tf.constant([[1.0]]),
    tf.constant([[2 * np.log(0.5)]], "float32"),
)
for name, sampler in (
    ("NumPy's sampler", numpy_sampler),
    ("your sample_z", lambda m, v: sample_z(m, v, tf.constant([[0.3]]))),
):
    with tf.GradientTape() as tape:
        tape.watch(one_mean)
        code = sampler(one_mean, one_log_var)
    print(f"gradient through {name:16s}", tape.gradient(code, one_mean))

epsilon = np.random.default_rng(SEED).normal(size=100_000)
code = 1.0 + 0.5 * epsilon
for name, slopes in (
    ("through the code", 2 * code),
    ("score function", code**2 * epsilon / 0.5),
):
    print(f"slope, {name:17s} mean {slopes.mean():.2f}, one draw +- {slopes.std():.2f}")

# %% [markdown] question="reparameterisation" points=3
# **Question 1 (3 points).** Why do we use the reparameterisation trick in VAEs? Say what would happen to the encoder if the
# code came from NumPy's sampler, why the trick mends that, and what your last two lines say about the trick
# against an estimate that gets by without it.
#
# ### BEGIN SOLUTION
# **Model answer.** (Figures of one `quick` run.) The encoder can only learn from the reconstruction if a gradient comes
# back through the code. NumPy's sampler hands out a number and no derivative: my first line says None, so the encoder
# would get no gradient from the reconstruction, only from KL. With z = mu + sigma * epsilon the noise is an input like
# the data: it does not depend on any weight, and z is an ordinary differentiable function of mu and sigma (dz/dmu = 1,
# dz/dsigma = epsilon). My second line says that with sample_z it is 1. The score function needs no gradient through the
# code, and its mean is right, too (2.00 for both, the truth is 2), but a single draw is off by 4.7 instead of 1.0. We
# train with one draw per image, so we want the estimate that scatters less.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | what breaks (1) | a sampler passes no gradient back, so the encoder does not learn from the reconstruction; points to the None | "the sampling is not differentiable", without what that means for the encoder | sampling is too slow, or too random |
# | what the trick does (1) | the noise comes from outside and depends on no weight, z is a differentiable function of mu and sigma | only repeats the formula | z is no longer random |
# | the comparison (1) | both means are right (or near 2), one draw scatters several times more with the score function; own numbers | only that one is better, without numbers or without "both are right on average" | the score function is wrong |
#
# **Enough for full marks.** Through the sampler the gradient is None, so the reconstruction teaches the encoder nothing;
# with the noise as an input that depends on no weight, z is a differentiable function of mu and sigma. Both estimates
# have mean 2, but one draw is off by 1.0 with the trick and by 4.7 with the score function.
#
# **Typical wrong answer.** "Because random numbers cannot be differentiated; the trick makes z deterministic." It earns
# 0.5: half for what breaks (nothing is said about the encoder), nothing for what the trick does (z is as random as
# before, only its noise comes from outside), and nothing is read from the run.
# ### END SOLUTION

# %% [markdown]
# **What you should see:** `None` through NumPy's sampler, and 1 through your function. Both estimates have a mean near 2,
# so neither is wrong; but single draws scatter by 1.0 in one case and by almost 5 in the other. If you thought that only
# the first kind can be right: the score function is honest, it is just noisy, and is used where nothing can be
# differentiated.

# %% [markdown]
# ## 5. Exercise 3: the KL divergence (3 points)
#
# For two Gaussians the KL divergence has a closed form. Against the standard normal, summed over the latent dimensions $j$:
#
# $$D_{KL} = \frac{1}{2} \sum_j \left( \mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2 \right) .$$
#
# It is 0 if $\mu = 0$ and $\sigma = 1$, and positive everywhere else. Return **one value per image**, shape `(batch,)`.
#
# *Small example:* $\mu = (1, -2)$ and $\sigma = (2, 1)$ give
# $\frac{1}{2}\big[(1 + 4 - 1 - \log 4) + (4 + 1 - 1 - 0)\big] = 3.307$ nats.


# %% answer="kl_divergence"
def kl_divergence(mean, log_var):
    """Return KL to the standard normal, in nats per image, shape (batch,)."""
    ### BEGIN SOLUTION
    return 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_var) - 1 - log_var, axis=1)
    ### END SOLUTION


# %% check="kl_divergence" points=3
kl_divergence = checks.lab01.kl_divergence(kl_divergence)
### BEGIN HIDDEN TESTS
checks.require("kl_divergence")
### END HIDDEN TESTS

# %% [markdown]
# ## 6. Exercise 4: the loss in nats per image (3 points)
#
# For a pixel with value $x$ and a decoder that gives it the probability $p$, the log likelihood is
# $x \log p + (1 - x) \log (1 - p)$. Pixels are independent given the code, so the likelihood of an image is a product, and
# its logarithm is a **sum over the pixels**. Then we average over the images of the batch:
#
# - `reconstruction`: minus the log likelihood, summed over the pixels of an image, averaged over the batch;
# - `kl`: your `kl_divergence`, averaged over the batch;
# - `loss` = `reconstruction` + `beta` * `kl`. With `beta` = 1 it is minus the ELBO; section 12 plays with other values.
#
# A sigmoid can reach exactly 0 or 1 in float32, and $\log 0$ is minus infinity. So keep the probabilities between $10^{-7}$
# and $1 - 10^{-7}$ with `tf.clip_by_value(tensor, low, high)`.
#
# *Small example:* an image of two pixels $(1, 0)$, decoded as $(0.5, 0.5)$, costs $2 \log 2 = 1.386$ nats.


# %% answer="vae_loss"
def vae_loss(images, reconstructions, mean, log_var, beta):
    """Return the scalars loss, reconstruction, kl.

    Images and reconstructions are (batch, height, width, channels), of any size and
    number of channels.
    """
    ### BEGIN SOLUTION
    p = tf.clip_by_value(reconstructions, 1e-7, 1 - 1e-7)
    pixels = images * tf.math.log(p) + (1 - images) * tf.math.log(1 - p)
    reconstruction = -tf.reduce_mean(tf.reduce_sum(pixels, axis=(1, 2, 3)))
    kl = tf.reduce_mean(kl_divergence(mean, log_var))
    return reconstruction + beta * kl, reconstruction, kl
    ### END SOLUTION


# %% check="vae_loss" points=3
vae_loss = checks.lab01.vae_loss(vae_loss)
### BEGIN HIDDEN TESTS
checks.require("vae_loss")
### END HIDDEN TESTS

# %% [markdown]
# ## 7. One training step, line by line
#
# Your four functions are all that is new. The rest is the usual step:
#
# - encode the batch; draw the noise outside; sample; decode;
# - compute the loss under a gradient tape;
# - ask the tape for the gradients of both networks, and let Adam move the weights.
#
# `@tf.function` compiles the step. Python runs only while TensorFlow *traces* it, that is, writes down what is to be
# computed. So the `print` in it shows how often that happens.

# %%
optimizer = keras.optimizers.Adam(1e-3)
variables = encoder.trainable_variables + decoder.trainable_variables
optimizer.build(variables)


@tf.function(reduce_retracing=True)
def my_step(batch):
    print("(Python is here: tracing a step for batches of shape", batch.shape, ")")
    epsilon = tf.random.normal((tf.shape(batch)[0], latent_dim))  # noise, from outside
    with tf.GradientTape() as tape:
        mean, log_var = encoder(batch)  # (batch, 28, 28, 1) => 2 x (batch, 2)
        z = sample_z(mean, log_var, epsilon)
        reconstructions = decoder(z)  # (batch, 2) => (batch, 28, 28, 1)
        loss, reconstruction, kl = vae_loss(batch, reconstructions, mean, log_var, 1.0)
    optimizer.apply(tape.gradient(loss, variables), variables)
    return reconstruction, kl


# %% [markdown]
# **Before you run it:** an untrained decoder gives every pixel 0.5. What does that cost, for 784 pixels at $\log 2$ nats
# each? And how often will Python run, in 157 steps?

# %%
for start in range(0, min(len(images.train), 20_000), batch_size):
    reconstruction, kl = my_step(images.train[start : start + batch_size])
    if start // batch_size % 30 == 0:
        print(
            f"step {start // batch_size:4d}: reconstruction {reconstruction:6.1f} nats",
            end="",
        )
        print(f", KL {kl:5.2f} nats")

# %% [markdown]
# **What you should see:** about $784 \log 2 = 543$ nats at first, and a steep fall. Your own code trains a network.
# Python ran **once**: all batches hold 128 images, so one trace serves every step. (A batch of another size would make it
# run once more.) If you guessed 157: that is what plain Python would do. (With the `smoke` profile there are only eight
# steps.)
#
# ## 8. Find the bug (3 points)
#
# `document_loss` below is the loss as the course's document prints it. It runs, and it falls. The cell trains the same
# networks with it for one epoch. (Keras' `binary_crossentropy` takes the mean over the last axis, and clips probabilities
# by itself.)
#
# **Before you run it:** compare it with your own loss. Will the reconstructions be sharper, the same, or worse?


# %%
def document_loss(images, reconstructions, mean, log_var):
    pixels = keras.losses.binary_crossentropy(images, reconstructions)
    reconstruction = tf.reduce_mean(pixels) * 28 * 28
    kl = -0.5 * tf.reduce_sum(1 + log_var - tf.square(mean) - tf.exp(log_var))
    return reconstruction + kl


def train_one_epoch(loss_function):
    """Train new networks for one epoch, and return them.

    The loss takes (images, reconstructions, mean, log_var) and gives one value, or one
    for each image.
    """
    keras.utils.set_random_seed(SEED)
    encoder, decoder = dense_pair(latent_dim)
    optimizer = keras.optimizers.Adam(1e-3)
    variables = encoder.trainable_variables + decoder.trainable_variables
    optimizer.build(variables)

    @tf.function(reduce_retracing=True)
    def step(batch):
        epsilon = tf.random.normal((tf.shape(batch)[0], latent_dim))
        with tf.GradientTape() as tape:
            mean, log_var = encoder(batch)
            reconstructions = decoder(sample_z(mean, log_var, epsilon))
            loss = tf.reduce_mean(loss_function(batch, reconstructions, mean, log_var))
        optimizer.apply(tape.gradient(loss, variables), variables)

    for start in range(0, len(images.train), batch_size):
        step(images.train[start : start + batch_size])
    return encoder, decoder


def show_one_epoch(loss_function, name):
    """Train with a loss; print KL on test images, and show ten reconstructions."""
    encoder, decoder = train_one_epoch(loss_function)
    mean, log_var = encoder(images.test[:1000])
    kl = tf.reduce_mean(losses.kl_divergence(mean, log_var))
    drawn = decoder(mean).numpy()
    print(f"{name}: KL {kl:.5f} nats per image; from image to image ", end="")
    print(f"a reconstructed pixel varies by {drawn.std(axis=0).mean():.5f}")
    return visualize.show_pairs(
        digits.test_images[:10],
        drawn[:10],
        left_title="Original",
        right_title=f"Reconstructed with {name}",
    )


show_one_epoch(document_loss, "the document's loss")

# %% [markdown]
# **Mend it.** Three things in these four lines work only by luck, or not at all:
#
# - one line is wrong for every batch, and spoils the training that you have just seen;
# - one is right for 28x28 images and for no other size;
# - one is right for grey images and not for colour.
#
# So that nothing can hide in a sum or a mean over the batch, return **one value for each image**, shape `(batch,)`; the
# training loop averages. The check uses images of several sizes, some with three channels.


# %% answer="repaired_loss"
def repaired_loss(images, reconstructions, mean, log_var):
    """Return reconstruction + KL of each image in nats, shape (batch,).

    Images are (batch, height, width, channels), of any size and number of channels.
    """
    ### BEGIN SOLUTION
    pixels = keras.losses.binary_crossentropy(images, reconstructions)
    channels = images.shape[-1]  # their mean is taken, we want the sum
    reconstruction = channels * tf.reduce_sum(pixels, axis=(1, 2))
    kl = -0.5 * tf.reduce_sum(1 + log_var - tf.square(mean) - tf.exp(log_var), axis=1)
    return reconstruction + kl
    ### END SOLUTION


# %% check="repaired_loss" points=3
repaired_loss = checks.lab01.repaired_loss(repaired_loss)
### BEGIN HIDDEN TESTS
checks.require("repaired_loss")
### END HIDDEN TESTS

# %%
show_one_epoch(repaired_loss, "the repaired loss")

# %% [markdown] question="bug" points=3
# **Question 2 (3 points).** Which line spoiled the training, and by what factor did it overweight KL, here and in
# general? What did that do to the reconstructions, and why? Use what both runs printed. Name one more line that had to
# change, and say why that one did no harm on MNIST.
#
# ### BEGIN SOLUTION
# **Model answer.** (Figures of one `quick` run.) The line `kl = -0.5 * tf.reduce_sum(...)` sums over the latent
# dimensions *and over the batch*, while the reconstruction is a mean over the batch. So KL weighs as much as the batch is
# large: 128 times too much here, which is a beta-VAE with beta = 128. To tell two images apart costs KL, and at 128 times
# its price that never pays: the encoder gives every image the prior, mean 0 and variance 1. My first run printed a KL of
# 0.002 nats, the second 4.4. So the code says nothing about the image, and the best that the decoder can do is one
# average picture for all: a pixel hardly varies from image to image. The line with `tf.reduce_mean(pixels) * 28 * 28` had
# to change, too: mean times 784 is the sum over the pixels only if there are 28 * 28 of them with one channel, and on
# MNIST there are. (Or: `binary_crossentropy` takes the mean over the channels, and the mean over MNIST's single channel
# is the sum, too.)
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | the line and the factor (1) | the KL line sums over the batch; factor = batch size, 128 here | the line without a factor, or the factor without saying where it comes from | another line |
# | why alike (1) | KL costs too much, so the encoder gives every image the prior and the code says nothing; the decoder draws an average; KL of both runs quoted | the same without the numbers, or only "the code carries nothing" | "it learns too slowly", "too blurred" |
# | the other line (1) | mean * 28 * 28 is a sum over pixels only for 784 values, which MNIST's images have; or: `binary_crossentropy` takes the mean over channels, which is the sum for MNIST's one channel | names the line only | none, or says that it spoiled this training, too |
#
# **Enough for full marks.** `tf.reduce_sum` in the KL line sums over the batch, so KL counts as many times too much as
# the batch is large, 128 times here. KL fell to 0.002 nats (4.4 after the repair), so every image gets the same code
# distribution, and the decoder draws the average of all. `* 28 * 28` fits images of 784 values only, and MNIST's have 784.
#
# **Typical wrong answer.** "The loss is summed instead of averaged, so the gradients are 128 times too large and the
# training diverges." Half a point, for the factor: it is KL alone that is summed. If both parts were, all gradients would
# be 128 times larger, which Adam hardly notices.
# ### END SOLUTION

# %% [markdown]
# **What you should see:** with the document's loss a KL of almost 0 and ten times the same grey blur; with the repaired
# one 4.4 nats, and shapes that differ. If you expected the document's loss to do about as well: it differs from yours by
# the weight of KL alone, and that is enough. The document trains for 20 epochs. We ran its program as printed for that
# long: at the end KL is 0.000001 nats, and the reconstruction costs 205.9 nats, no less than one average training image
# drawn for every test image (205.8). With the KL line repaired it ends at 148.2 + 5.8 nats
# (`benchmarks/documents/lab1_vae.py`).

# %% [markdown]
# ## 9. Train it properly
#
# From here on the same step runs inside `fit`. `labhelpers.training.VAE` is a `keras.Model`; its step is the function
# below, with the same lines as yours.

# %%
print(inspect.getsource(training.vae_step))


# %%
def train(
    encoder, decoder, epochs, *, rate=learning_rate, beta=1.0, callbacks=(), name="vae"
):
    """Make a VAE of two networks, train it, and return it."""
    vae = training.VAE(encoder, decoder, beta=beta, name=name)
    steps = epochs * -(-len(images.train) // batch_size)
    schedule = keras.optimizers.schedules.CosineDecay(rate, steps)
    vae.compile(keras.optimizers.Adam(schedule), jit_compile=jit_compile)
    vae.fit(images.train, batch_size=batch_size, epochs=epochs, callbacks=callbacks)
    return vae


# %% [markdown]
# We keep sixteen **fixed codes** and decode them as training goes on: always the same ones, so whatever changes is the
# decoder's doing.
#
# **Before you run it:** sixteen random codes will not give sixteen clear digits. Which kinds do you expect to be blurred
# even at the end?

# %%
keras.utils.set_random_seed(SEED)
fixed_codes = np.random.default_rng(SEED).normal(size=(16, latent_dim))
growing = training.SampleGrid(
    visualize.sheet,
    fixed_codes.astype("float32"),
    every=profile.pick(smoke=1, quick=3, full=4),
)
vae = train(*dense_pair(latent_dim), epochs, callbacks=[growing])
seconds = np.array(vae.epoch_seconds)
print(f"{seconds[1:].mean():.2f} s per epoch, {seconds.sum():.0f} s in all")

# %%
visualize.plot_losses(
    {name: vae.history.history[name] for name in ("loss", "reconstruction")},
    title="Loss and its reconstruction part; the gap between them is KL",
    ylabel="nats per image",
)

# %% [markdown]
# **What you should see:** both curves fall together and flatten; KL is the small gap between them, about 6 nats. It is
# the *rate*: an upper bound on what the codes tell about the images (section 13 comes back to it).
#
# At the end the 0, the 6s and a 7 of our run are clear (`quick`). The blurred ones are mixtures: 4 and 9, 3 and 5 and 8,
# 2 with something else. Section 10 shows where their codes lie: if you guessed "digits that look alike", look whether
# those are neighbours in the plane.
#
# ## 10. Look at what it learned
#
# ### Reconstructions
# **Before you run it:** the code has two numbers. Which pairs of digits will the network confuse?

# %%
visualize.show_pairs(
    digits.test_images[:25],
    vae.reconstruct(images.test[:25]),
    left_title="Test images",
    right_title="Their reconstructions from 2 numbers",
)

# %% [markdown]
# ### The latent plane
# Every point is a test image, placed at its mean code and coloured by its digit. The network never saw a label.

# %%
codes = vae.encode(images.test)
visualize.plot_latent(
    codes,
    digits.test_labels,
    digits.class_names,
    title="Test images in the latent plane, by digit",
)

# %% [markdown]
# **What you should see:** 0 and 1 have places of their own; 4 and 9 share one, and 3, 5 and 8 touch or overlap. Pairs
# that lie together here are those that you saw mixed up in the reconstructions. If you guessed others, such as 1 and 7:
# look for them in the plane, each training arranges the digits anew. There are no large holes.
#
# ### The manifold
# Now the other way: take a grid of codes and decode each.

# %% top="A square of digits that blend into each other: what the decoder draws at each point of its plane"
limit = 2.5
visualize.plot_manifold(
    vae.sample(visualize.grid_codes(limit, 17)),
    limit,
    title="What the decoder draws at each point of the plane",
)

# %% [markdown]
# Compare with the scatter plot: the same digit is in the same place. Between two digits there are images that are half of
# each.
#
# ### Interpolation
# We take two test images of different digits and walk on a straight line from one code to the other. The second row mixes
# the pixels instead.

# %%
first, second = (
    int(np.flatnonzero(digits.test_labels == digit)[0]) for digit in (0, 7)
)
path = vae.sample(visualize.line_between(codes[first], codes[second], 11))
mixed = visualize.line_between(
    images.test[first].ravel(), images.test[second].ravel(), 11
).reshape(-1, *digits.image_shape)
visualize.show_rows(
    {"codes": path, "pixels": mixed},
    title="From a 0 to a 7: through the latent plane, and through pixels",
)

# %% [markdown]
# **What you should see:** the upper row passes through images that all look drawn by one pen; the lower row is a double
# exposure.
#
# ### Walk by hand
# Where widgets run, two sliders move through the plane. Elsewhere you see the walk along both axes.

# %%
visualize.walk_latent_plane(vae.sample, limit)

# %% [markdown]
# ## 11. How good is it? ELBO and a tighter bound
#
# The ELBO on **test** images is an honest score: a lower bound for images that the network has not seen. Draw $K$ codes
# for an image instead of one, and take the mean of their weights before the logarithm, and the bound becomes tighter (the
# importance-weighted bound, Burda et al. 2016):
#
# $$\mathbb{E} \log \frac{1}{K} \sum_{k=1}^{K} \frac{p_\theta(x \mid z_k)\, p(z_k)}{q_\phi(z_k \mid x)}
# \qquad z_1, \dots, z_K \sim q_\phi(z \mid x) .$$
#
# For $K = 1$ it is the ELBO. For very large $K$ it no longer matters which $q_\phi$ the codes came from. Both rate the
# same decoder on the same images, and for grey pixels both bound the mean of $\log p_\theta$ over black-and-white copies.
#
# **Before you run it:** a lower bound that is tighter is *higher*. By how much with 50 codes: a tenth of a nat, a few
# nats, or dozens?

# %%
bounds = vae.elbo(images.test)
few = images.test[: profile.pick(smoke=50, quick=1000, full=10_000)]
weighted = vae.importance_weighted_bound(few, samples=50)
print(
    f"test ELBO, {len(images.test):6,} images    {bounds['elbo']:8.2f} nats per image"
)
print(f"  reconstruction {bounds['reconstruction']:.2f}, KL {bounds['kl']:.2f}")
print(f"ELBO on the first {len(few):6,}    {vae.elbo(few)['elbo']:8.2f}")
print(f"importance-weighted, K = 50 {weighted:8.2f} on the same images")

# %% [markdown] question="bound" points=2
# **Question 3 (2 points).** By how much is the bound with 50 codes above the ELBO on the same images? What does this gap
# tell you about the *encoder*, and does the tighter bound mean that the *decoder* draws better images?
#
# ### BEGIN SOLUTION
# **Model answer.** (Figures of one `quick` run.) The bound is -147.05 nats, 2.4 above the ELBO of the same images
# (-149.47). The weights p(x|z) p(z) / q(z|x) would all be equal if the encoder's Gaussian were the true posterior p(z|x),
# the distribution of the codes that really could have made the image; then 50 codes would gain nothing. So the gain shows
# that the two do not match: the posterior is not a Gaussian with diagonal covariance, or the encoder puts it in the wrong
# place. The decoder is the same in both numbers, so its images are the same, too: only our estimate of how probable it
# makes the images got better.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | the encoder (1) | the gap in nats from the own run, and: the encoder's Gaussian is not the true posterior | one of the two | "the encoder is undertrained" or "overfits", nothing on the posterior |
# | the decoder (1) | same decoder, same images; only the estimate changed | "no", without a reason | "yes" |
#
# **Enough for full marks.** The bound is 2.4 nats higher, because the encoder's Gaussian is not quite the true posterior.
# No: it is the same decoder, only rated more exactly.
#
# **Typical wrong answer.** "The bound is 2 nats better because 50 codes give the decoder more information." Half a point,
# if the gap is the run's own; each image is decoded from one code at a time, and nothing was trained in between.
# ### END SOLUTION

# %% [markdown]
# **What you should see** (`quick`): an ELBO of about -151 nats, and a bound that is 2.4 nats higher on the same images: a
# few, then. That is the least by which the encoder's Gaussians miss the true posteriors; with more codes the bound would,
# on average, go on growing. These are grey pixels: papers that use black-and-white MNIST bound something else, so do not
# compare.

# %% [markdown]
# ### A convolutional variant
#
# Dense layers do not know that neighbouring pixels belong together. Convolutions do (lab 04 explains the transposed
# ones). The pair in `labhelpers` has nearly as many parameters as the dense one, and the same latent dimension and loss.
# To be fair, two budgets: the dense pair trains once for as many **epochs**, and once for about as many **seconds**. Each
# kind has its own learning rate, chosen among three: for the dense pair the best, or less than 1 nat from it, for the
# convolutional pair the steadiest.
#
# **Before you run it:** which will be better for the same epochs? Which for the same seconds?

# %%
contest = {}
keras.utils.set_random_seed(SEED)
contest["convolutional"] = train(
    models.conv_encoder(digits.image_shape, latent_dim),
    models.conv_decoder(digits.image_shape, latent_dim),
    conv_epochs,
    rate=conv_learning_rate,
    name="conv_vae",
)
conv_seconds = sum(contest["convolutional"].epoch_seconds)
as_long = max(1, round(conv_seconds / float(np.median(vae.epoch_seconds))))
for name, dense_epochs in (
    ("dense, same epochs", conv_epochs),
    ("dense, same seconds", as_long),
):
    keras.utils.set_random_seed(SEED)
    contest[name] = train(*dense_pair(latent_dim), dense_epochs, name="dense_vae")
rows = [
    {
        "model": name,
        "parameters": model.encoder.count_params() + model.decoder.count_params(),
        "epochs": len(model.epoch_seconds),
        "seconds": round(sum(model.epoch_seconds), 1),
        "test ELBO (nats)": round(model.elbo(images.test)["elbo"], 2),
    }
    for name, model in contest.items()
]
pd.DataFrame(rows).set_index("model")

# %%
visualize.show_rows(
    {
        "original": digits.test_images[:10],
        **{
            name: model.reconstruct(images.test[:10]) for name, model in contest.items()
        },
    },
    title="The same test images through all three",
)

# %% [markdown]
# **What you should see** (`quick`): for the same epochs the dense pair is ahead by 3 to 4 nats (with 4 epochs and three
# seeds -157.4, -158.5 and -158.4, against -161.1, -161.5 and -161.7), and for the same seconds by much more (9 nats in
# our run), since it makes three to four of its epochs in the time of one. If you expected convolutions to win, as they do
# for large pictures: here everything has to pass through two numbers, and the digits are small and centred. One guess is
# that the two numbers, and not the layers, are what limits both. A higher rate makes the convolutional pair win with one
# seed (-157.5 with 8e-3) and lose with another (-163.2).
#
# ## 12. What KL does: the beta sweep
#
# Multiply KL by a weight $\beta$ and train again: 0 (no KL at all: a plain autoencoder with noise), 0.1, 1 (the VAE), and 4
# (a $\beta$-VAE, Higgins et al. 2017).
#
# **Before you run it:** for which $\beta$ will the codes spread furthest from 0? For which will the reconstruction be
# best, and for which will *new* samples be best?

# %%
sweep = {}
for beta in betas:
    keras.utils.set_random_seed(SEED)
    sweep[beta] = train(
        *dense_pair(latent_dim), beta_epochs, beta=beta, name=f"beta_{beta:g}"
    )
rows = [
    {
        "beta": beta,
        **{k: round(v, 2) for k, v in model.elbo(images.test).items()},
        "spread of the means": round(float(model.encode(images.test).std()), 2),
    }
    for beta, model in sweep.items()
]
pd.DataFrame(rows).set_index("beta")

# %%
new_codes = np.random.default_rng(7).normal(size=(10, latent_dim)).astype("float32")
visualize.show_rows(
    {f"beta {beta:g}": model.sample(new_codes) for beta, model in sweep.items()},
    title="New images: codes from N(0, I), the same for every row",
)

# %% [markdown] question="kl" points=4
# **Question 4 (4 points).** How does the KL divergence affect the latent space? Say what it pulls the encoder towards,
# and what that is good for when we draw new images. Then use your table and the pictures: what happens to the spread, KL
# and the samples at $\beta = 0$, and what do you pay, and get, at $\beta = 4$?
#
# ### BEGIN SOLUTION
# **Model answer.** (Figures of one `quick` run.) KL pulls the Gaussian of every image towards N(0, I): its mean towards
# 0, its variance towards 1. So all codes together fill the region that we draw new codes from, and neighbours overlap, so
# the decoder has to be smooth between them and there are no large holes: a code from N(0, I) lands where the decoder has
# been trained. At beta = 0 nothing holds the codes: the means spread 13.1 instead of 1.3 and KL is 247 nats instead of 5.7;
# reconstruction is the best of all (145 nats against 151). But a code from N(0, I) falls into a small spot in the middle
# of that wide plane, and the ten new images are all a 3, a 5, an 8 or a mixture of them. At beta = 4 I pay with the
# reconstruction (157 nats against 151) and get a lower KL (3.5 instead of 5.7): the Gaussians overlap so much that more
# images are confused. beta = 1 maximises the bound; the others trade one part against the other.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | the pull (1) | means towards 0 *and* variances towards 1 (towards N(0, I)) | only "regularises", or only the means | pulls images of one digit together |
# | what for (1) | the codes in use cover what the prior draws (no holes, or overlap and smoothness), so new samples work | only "smooth", or only "no holes", without new samples | better reconstructions |
# | beta = 0 (1) | own numbers for spread *and* KL, compared with beta = 1, and what is wrong with the new samples in the picture (few kinds, mixtures) | two of these three | no number, or only one |
# | beta = 4 (1) | own numbers: KL lower, reconstruction worse than at beta = 1 | one of the two, or without numbers | nothing is lost |
#
# **Enough for full marks.** It pulls every code's Gaussian to mean 0 and variance 1, so that codes drawn from N(0, I) are
# ones the decoder knows. At beta = 0 the spread is 13.1 (1.3 at beta = 1), KL 247 (5.7), and the new images are mixtures
# of 3, 5 and 8 only; at beta = 4 KL falls to 3.5, and reconstruction costs 157 nats, 6 more than at beta = 1.
#
# **Typical wrong answer.** "KL makes the latent space Gaussian; with beta = 4 it is more Gaussian and the samples are
# better." Half a point, for the pull: what is that for, and what does it cost? No number from the table, so nothing for
# beta = 0 and beta = 4.
# ### END SOLUTION

# %% [markdown]
# **What you should see** (`quick`): with $\beta = 0$ the means run far from 0 (a spread of 12 to 13, against 1.3 at
# $\beta = 1$) and KL is 190 to 250 nats. Reconstruction is the best there, 144 to 146 nats, and costs 6 to 8 nats more at
# $\beta = 4$ than at 1. (These are ranges over three seeds; the ELBO, which weighs both parts once, was best at $\beta =
# 1$ in all.) New samples are worst at $\beta = 0$, where codes from $\mathcal{N}(0, I)$ fall into a small spot of a wide
# plane: in our run all ten are a 3, a 5, an 8 or a mixture. Each of the other three rows has clear digits and blurred
# ones, and ten codes are too few to say which is best. If you expected the best reconstructions and the best samples at
# the same $\beta$: KL buys samples, and is paid in reconstruction.

# %% [markdown]
# ## 13. How many latent dimensions?
#
# The same dense networks with more room in the middle, all trained for the same number of epochs.
#
# **Before you run it:** with more dimensions, which part of the loss falls, and which grows?

# %%
by_dim = {}
for dim in latent_dims:
    keras.utils.set_random_seed(SEED)
    by_dim[dim] = train(*dense_pair(dim), comparison_epochs, name=f"latent_dim_{dim}")
rows = [
    {"latent_dim": dim, **{k: round(v, 2) for k, v in model.elbo(images.test).items()}}
    for dim, model in by_dim.items()
]
pd.DataFrame(rows).set_index("latent_dim")

# %%
visualize.show_rows(
    {
        "original": digits.test_images[:10],
        **{
            f"latent_dim {dim}": model.reconstruct(images.test[:10])
            for dim, model in by_dim.items()
        },
    },
    title="Reconstructions",
)

# %%
rng = np.random.default_rng(3)
visualize.show_rows(
    {
        f"latent_dim {dim}": model.sample(rng.normal(size=(10, dim)))
        for dim, model in by_dim.items()
    },
    title="New images: codes from N(0, I)",
)

# %% [markdown]
# ### What KL counts
#
# KL, averaged over images, is called the **rate**. It is the sum of two parts that are never negative: what the codes
# tell about the images (their *mutual information*), and how far all codes together are from $\mathcal{N}(0, I)$. So the
# rate bounds the information from above, and it does not measure it. A second bound is easy: whoever knows which of the
# $N$ training images it is knows everything, so the codes of $N$ images cannot carry more than $\log N$ nats about them.

# %%
largest = by_dim[max(latent_dims)]
rate = largest.elbo(images.train)["kl"]
print(
    f"rate of {len(images.train):,} training images, {largest.latent_dim} dimensions: ",
    end="",
)
print(f"{rate:.1f} nats; log N = {np.log(len(images.train)):.1f} nats")

# %% [markdown] question="latent-dim" points=4
# **Question 5 (4 points).** How does `latent_dim` change the reconstruction? Give your numbers for all dimensions. Why
# does the rate grow, and why must it be more than the information in the codes in your largest model? Why do *new*
# samples not improve as much as the reconstructions?
#
# ### BEGIN SOLUTION
# **Model answer.** (Figures of one `quick` run.) Reconstruction costs 147, 97 and 82 nats with 2, 8 and 32 dimensions,
# and KL is 5.9, 15.9 and 23.8. More dimensions can tell the decoder more about the image, so the reconstruction gets
# better; all that gets through costs rate, and training pays the price as long as the reconstruction gains more. The
# gains shrink: six more dimensions gain 50 nats, another 24 only 15. The rate of the largest model, about 24 nats, is
# more than log 60,000 = 11.0 nats, and no code of 60,000 images can carry more than that about which one it is, so about
# 13 of these nats or more are no information: all codes together are not distributed as N(0, I). That is also why new
# samples lag behind: they are drawn from the whole of N(0, I), and in many dimensions the codes of real images fill only
# part of it, so many drawn codes lie where the decoder was never trained, and what it draws there are mixtures of
# strokes.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | numbers (1) | reconstruction and KL for all dimensions from the own table | one of the two parts, or not all dimensions | no numbers |
# | reconstruction (1) | more dimensions let more of the image through, so reconstruction improves, with shrinking gains | "more dimensions are better" | more dimensions overfit |
# | the rate (1) | information costs rate, so the rate grows; it is above log N, so it cannot all be information (an upper bound) | only one of these two | "KL is the information in the code" |
# | new samples (1) | drawn codes (prior) and the codes in use differ, more so in many dimensions | "the latent space has holes", without the prior | "the decoder is not good enough", "blur" |
#
# **Enough for full marks.** Reconstruction 147, 97, 82 nats; KL 5.9, 15.9, 23.8. Every dimension lets more of the image
# through, with shrinking gains, and pays for it in KL. 23.8 is more than log 60,000 = 11.0, so the rate is only an upper
# bound. New codes come from N(0, I), the codes in use cover only a part of it, and the smaller a part the more dimensions
# there are.
#
# **Typical wrong answer.** "With 32 dimensions reconstruction and samples are both best, because the code carries 24 nats
# of information." Half a point for the reconstruction. 24 nats cannot be information (log N is 11), and nothing is said
# on why samples lag behind.
# ### END SOLUTION

# %% [markdown]
# **What you should see** (`quick`): reconstruction falls, from about 147 nats with 2 dimensions to about 82 with 32, and
# KL grows, from 6 to about 24 nats; their sum gets much better, from -153 to about -106 as an ELBO. If you expected KL to
# grow in step with the dimensions: a dimension that does not pay for its KL stays at the prior, at a price of 0. And
# sharp reconstructions do not make sharp samples.

# %% [markdown]
# ## 14. Deliverables
#
# - This notebook with your code, the executed pictures, and your answers to the five questions.
# - The three tables (budget, beta, latent_dim) with your numbers.
#
# **Where next?** The decoder turns random codes into images without ever looking at one while it draws. Lab 02 takes it
# out of this model and makes it the generator of a GAN. The next cell lists what is answered and what is missing.
