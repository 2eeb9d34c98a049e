# ---
# jupyter:
#   labs:
#     minutes: {smoke: 0.6, quick: 5}
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
# - sample from a distribution so that gradients still flow (the reparameterisation trick),
# - write the loss of a variational autoencoder (VAE) in nats per image, and find a famous mistake in it,
# - read a latent space: scatter plot, manifold, interpolation,
# - say what the KL term and the number of latent dimensions do, with numbers that you measured.
#
# **Time:** about 5 minutes of computing on two CPU cores, two to three hours with exercises and questions.
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

from labhelpers import checks, data, losses, models, profiles, training, visualize

# %%
visualize.show_pipeline(
    [
        ("image", "28x28 pixels"),
        ("encoder", "784 → 256 → 2 + 2"),
        ("code z", "2 numbers,\nwith noise"),
        ("decoder", "2 → 256 → 784"),
        ("new image", "28x28 pixels"),
    ],
    title="What you will have built: a picture goes through two numbers and comes back",
)

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
# Eight times Adam's default, falling to 0 along a cosine: such small dense networks bear it and get much further in the
# same time. With 1e-3 and 20 epochs the test ELBO stays about 4 nats lower.
learning_rate = 8e-3
# XLA makes dense networks faster once it has compiled them; None asks for it where it pays. A smoke run ends before that.
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
print(
    "train:",
    images.train.shape,
    images.train.dtype,
    "from",
    images.train.min(),
    "to",
    images.train.max(),
)
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
#
# **One objective for both.** For every encoder and decoder,
#
# $$\log p_\theta(x) \;\ge\; \underbrace{\mathbb{E}_{z \sim q_\phi(z \mid x)} \log p_\theta(x \mid z)}_{-\text{ reconstruction loss}}
# \;-\; \underbrace{D_{KL}\big(q_\phi(z \mid x) \,\|\, p(z)\big)}_{\text{KL}} .$$
#
# The right side is the *evidence lower bound*, **ELBO**. We maximise it, that is, we minimise reconstruction loss + KL.
# The first part asks: is the image likely under what we decode? The second asks: how far is the encoder's Gaussian from the
# one that we will draw new codes from? Both are measured in *nats* (information in base $e$), per image.

# %% [markdown]
# ## 3. The networks
#
# The builders are plain functions in `labhelpers/models/variational.py`. Here is the encoder as it is written there:

# %%
print(inspect.getsource(models.dense_encoder))

# %%
encoder = models.dense_encoder(digits.image_shape, latent_dim)
decoder = models.dense_decoder(digits.image_shape, latent_dim)
encoder.summary()
decoder.summary()

# %% [markdown]
# Check one number by hand: the hidden layer of the encoder has $784 \cdot 256$ weights and 256 biases, 200,960 in all.
#
# **Before you run the next cell:** the networks are untrained. What will the decoder draw for four random codes?

# %%
visualize.show_layers(encoder)

# %%
untrained = decoder(
    np.random.default_rng(SEED).normal(size=(4, latent_dim)).astype("float32")
).numpy()
mean, log_var = encoder(images.test[:4])
print("mean", mean.shape, "log_var", log_var.shape, "decoded", untrained.shape)
visualize.show_grid(
    untrained, columns=4, title="Untrained decoder: every pixel near 0.5", width=4
)

# %% [markdown]
# ## 4. Exercise 1: the reparameterisation trick (2 points)
#
# We need a random code from $\mathcal{N}(\mu, \sigma^2)$. A plain "draw a sample" has no derivative: how would the sample
# change if $\mu$ grew a little? Nobody can tell, because the dice would be thrown anew. So we throw the dice **outside** of
# the network: $\epsilon \sim \mathcal{N}(0, 1)$ comes in as data, and the code is an ordinary function of $\mu$, $\sigma$ and
# $\epsilon$:
#
# $$z = \mu + \sigma \cdot \epsilon .$$
#
# Now $\partial z / \partial \mu = 1$ and $\partial z / \partial \sigma = \epsilon$. The encoder hands you
# `log_var` $= \log \sigma^2$, so first work out how to get $\sigma$ from it.
#
# *Small example:* $\mu = 1$, $\log \sigma^2 = \log 4$, $\epsilon = 1$ gives $z = 1 + 2 \cdot 1 = 3$.


# %% answer="sample_z"
def sample_z(mean, log_var, epsilon):
    """Return codes with this mean and log variance from standard normal noise; all shapes (batch, latent_dim)."""
    ### BEGIN SOLUTION
    return mean + tf.exp(0.5 * log_var) * epsilon
    ### END SOLUTION


# %% check="sample_z" points=2
sample_z = checks.lab01.sample_z(sample_z)
### BEGIN HIDDEN TESTS
checks.require("sample_z")
### END HIDDEN TESTS

# %% [markdown]
# ## 5. Exercise 2: the KL divergence (3 points)
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
    """Return the KL divergence to the standard normal, in nats per image, shape (batch,)."""
    ### BEGIN SOLUTION
    return 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_var) - 1 - log_var, axis=1)
    ### END SOLUTION


# %% check="kl_divergence" points=3
kl_divergence = checks.lab01.kl_divergence(kl_divergence)
### BEGIN HIDDEN TESTS
checks.require("kl_divergence")
### END HIDDEN TESTS

# %% [markdown]
# ## 6. Exercise 3: the loss in nats per image (3 points)
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
    """Return the scalars loss, reconstruction, kl; images and reconstructions are (batch, height, width, channels)."""
    ### BEGIN SOLUTION
    p = tf.clip_by_value(reconstructions, 1e-7, 1 - 1e-7)
    pixels = images * tf.math.log(p) + (1 - images) * tf.math.log(1 - p)
    reconstruction = -tf.reduce_mean(tf.reduce_sum(pixels, axis=(1, 2, 3)))
    kl = tf.reduce_mean(
        0.5 * tf.reduce_sum(mean**2 + tf.exp(log_var) - 1 - log_var, axis=1)
    )
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
# Your three functions are all that is new. The rest is the usual step:
#
# - encode the batch; draw the noise outside; sample; decode;
# - compute the loss under a gradient tape;
# - ask the tape for the gradients of both networks, and let Adam move the weights.
#
# `@tf.function` compiles the step: Python runs once, to trace it, and not in every step.

# %%
optimizer = keras.optimizers.Adam(1e-3)
variables = encoder.trainable_variables + decoder.trainable_variables
optimizer.build(variables)


@tf.function(reduce_retracing=True)
def my_step(batch):
    epsilon = tf.random.normal((tf.shape(batch)[0], latent_dim))  # the dice, outside
    with tf.GradientTape() as tape:
        mean, log_var = encoder(batch)  # (batch, 28, 28, 1) => 2 x (batch, 2)
        reconstructions = decoder(
            sample_z(mean, log_var, epsilon)
        )  # (batch, 2) => (batch, 28, 28, 1)
        loss, reconstruction, kl = vae_loss(batch, reconstructions, mean, log_var, 1.0)
    optimizer.apply(tape.gradient(loss, variables), variables)
    return reconstruction, kl


# %% [markdown]
# **Before you run it:** an untrained decoder gives every pixel 0.5. What does that cost, for 784 pixels at $\log 2$ nats each?

# %%
for start in range(0, min(len(images.train), 20_000), batch_size):
    reconstruction, kl = my_step(images.train[start : start + batch_size])
    if start // batch_size % 30 == 0:
        print(
            f"step {start // batch_size:4d}: reconstruction {reconstruction:6.1f} nats, KL {kl:5.2f} nats"
        )

# %% [markdown]
# **What you should see:** about $784 \log 2 = 543$ nats at first, and a steep fall. (With the `smoke` profile there are only a
# few steps.) Your own code trains a network.
#
# ## 8. Find the bug (2 points)
#
# This is the loss of a course that many students took. It runs, it falls, and the images come out all the same:
#
# ```python
# def course_loss(images, reconstructions, mean, log_var):
#     pixels = keras.losses.binary_crossentropy(images, reconstructions)   # mean over the last axis
#     reconstruction = tf.reduce_mean(pixels) * 28 * 28
#     kl = -0.5 * tf.reduce_sum(1 + log_var - tf.square(mean) - tf.exp(log_var))
#     return reconstruction + kl
# ```
#
# First see what it does. The next cell trains the same networks with it for one epoch.


# %%
def course_loss(images, reconstructions, mean, log_var):
    pixels = keras.losses.binary_crossentropy(images, reconstructions)
    reconstruction = tf.reduce_mean(pixels) * 28 * 28
    kl = -0.5 * tf.reduce_sum(1 + log_var - tf.square(mean) - tf.exp(log_var))
    return reconstruction + kl


def train_one_epoch(loss_function):
    """Train new networks for one epoch with a loss of (images, reconstructions, mean, log_var) and return them."""
    keras.utils.set_random_seed(SEED)
    encoder = models.dense_encoder(digits.image_shape, latent_dim)
    decoder = models.dense_decoder(digits.image_shape, latent_dim)
    optimizer = keras.optimizers.Adam(1e-3)
    variables = encoder.trainable_variables + decoder.trainable_variables
    optimizer.build(variables)

    @tf.function(reduce_retracing=True)
    def step(batch):
        epsilon = tf.random.normal((tf.shape(batch)[0], latent_dim))
        with tf.GradientTape() as tape:
            mean, log_var = encoder(batch)
            loss = loss_function(
                batch, decoder(sample_z(mean, log_var, epsilon)), mean, log_var
            )
        optimizer.apply(tape.gradient(loss, variables), variables)

    for start in range(0, len(images.train), batch_size):
        step(images.train[start : start + batch_size])
    return encoder, decoder


bug_encoder, bug_decoder = train_one_epoch(course_loss)
bug_mean, bug_log_var = bug_encoder(images.test[:1000])
print(
    f"KL: {tf.reduce_mean(losses.kl_divergence(bug_mean, bug_log_var)):.5f} nats per image"
)
visualize.show_pairs(
    digits.test_images[:10],
    bug_decoder(bug_mean[:10]).numpy(),
    left_title="Original",
    right_title="Reconstructed with the course's loss",
)

# %% [markdown]
# **What you should see:** a KL of almost 0 and ten times the same grey blur. The code says nothing about the image any more.
# Find the line that is wrong, think about what it does to a batch of 128, and write the loss as it was meant. Return only the
# scalar loss.


# %% answer="repaired_loss"
def repaired_loss(images, reconstructions, mean, log_var):
    """Return reconstruction + KL as one scalar, in nats per image, for a batch of any size and images of any size."""
    ### BEGIN SOLUTION
    p = tf.clip_by_value(reconstructions, 1e-7, 1 - 1e-7)
    pixels = images * tf.math.log(p) + (1 - images) * tf.math.log(1 - p)
    reconstruction = -tf.reduce_sum(pixels, axis=(1, 2, 3))
    kl = 0.5 * tf.reduce_sum(tf.square(mean) + tf.exp(log_var) - 1 - log_var, axis=1)
    return tf.reduce_mean(reconstruction + kl)
    ### END SOLUTION


# %% check="repaired_loss" points=2
repaired_loss = checks.lab01.repaired_loss(repaired_loss)
### BEGIN HIDDEN TESTS
checks.require("repaired_loss")
### END HIDDEN TESTS

# %%
_, repaired_decoder = repaired = train_one_epoch(repaired_loss)
repaired_mean, repaired_log_var = repaired[0](images.test[:1000])
print(
    f"KL: {tf.reduce_mean(losses.kl_divergence(repaired_mean, repaired_log_var)):.2f} nats per image"
)
visualize.show_pairs(
    digits.test_images[:10],
    repaired_decoder(repaired_mean[:10]).numpy(),
    left_title="Original",
    right_title="Reconstructed with the repaired loss",
)

# %% [markdown] question="bug" points=2
# **Question 1 (2 points).** Which line was wrong, by which factor did it weigh KL too much, and why does that make all
# reconstructions equal?
#
# ### BEGIN SOLUTION
# **Model answer.** The line `kl = -0.5 * tf.reduce_sum(...)` sums over the latent dimensions *and over the batch*, while the
# reconstruction is a mean over the batch. So KL weighs as much as the batch is large: 128 times too much (a beta-VAE with
# beta = 128). Telling two images apart costs KL; at 128 times the price it never pays, so the encoder gives every image the
# prior, mean 0 and variance 1. The code then carries no information, and the best the decoder can do is to draw the average image.
#
# **Rubric.** 1 point: names the sum over the batch and the factor 128 (the batch size). 1 point: explains that the encoder
# falls back to the prior, so the code carries no information and the decoder draws the mean.
# ### END SOLUTION

# %% [markdown] question="reparameterisation" points=3
# **Question 2 (3 points).** Why do we use the reparameterisation trick? What would go wrong if the code were drawn with a
# sampling operation inside the network, and which gradients does the trick give us?
#
# ### BEGIN SOLUTION
# **Model answer.** The loss is an expectation over codes drawn from a distribution whose parameters we want to train. A
# sampling operation is not a differentiable function of those parameters, so back-propagation stops there and the encoder
# gets no gradient from the reconstruction. With z = mu + sigma * epsilon the randomness is an input that does not depend on
# the weights, and z is a differentiable function of mu and sigma: dz/dmu = 1, dz/dsigma = epsilon. The gradient of the
# expectation is then estimated by the gradient at the sample, without bias and with little variance; estimators that only use
# the value of the loss (score function, REINFORCE) are also unbiased but far noisier.
#
# **Rubric.** 1 point: sampling blocks the gradient to the encoder. 1 point: noise moved outside, z a deterministic
# differentiable function. 1 point: names the gradients (1 and epsilon), or the low variance against score-function estimators.
# ### END SOLUTION

# %% [markdown]
# ## 9. Train it properly
#
# From here on the same step runs inside `fit`. `labhelpers.training.VAE` is a `keras.Model`; its step is the function below,
# with the same lines as yours.

# %%
print(inspect.getsource(training.vae_step))


# %%
def train(
    encoder, decoder, epochs, *, rate=learning_rate, beta=1.0, callbacks=(), name="vae"
):
    """Make a VAE of two networks, train it, and return it."""
    vae = training.VAE(encoder, decoder, beta=beta, name=name)
    steps = epochs * -(-len(images.train) // batch_size)
    optimizer = keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(rate, steps)
    )
    vae.compile(optimizer, jit_compile=jit_compile)
    vae.fit(images.train, batch_size=batch_size, epochs=epochs, callbacks=callbacks)
    return vae


# %% [markdown]
# We keep sixteen **fixed codes** and decode them as training goes on: the same codes every time, so that you see the decoder
# change and not the dice.
#
# **Before you run it:** which digits do you expect to appear first, and which will still be blurred at the end?

# %%
keras.utils.set_random_seed(SEED)
fixed_codes = (
    np.random.default_rng(SEED).normal(size=(16, latent_dim)).astype("float32")
)
growing = training.SampleGrid(
    visualize.sheet, fixed_codes, every=profile.pick(smoke=1, quick=3, full=4)
)
vae = train(
    models.dense_encoder(digits.image_shape, latent_dim),
    models.dense_decoder(digits.image_shape, latent_dim),
    epochs,
    callbacks=[growing],
)
print(
    f"{np.mean(vae.epoch_seconds[1:]):.2f} s per epoch, {sum(vae.epoch_seconds):.0f} s in all"
)

# %%
visualize.plot_losses(
    {name: vae.history.history[name] for name in ("loss", "reconstruction")},
    title="Loss and its reconstruction part; the gap between them is KL",
    ylabel="nats per image",
)

# %% [markdown]
# **What you should see:** both curves fall together and flatten. KL is the small gap between them: about 6 nats, which is what
# the two numbers say about an image.
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
# **What you should see:** 0 and 1 have places of their own, 4 and 9 (or 3, 5 and 8) share one. There are no large holes, which
# is the work of KL.
#
# ### The manifold
# Now the other way: take a grid of codes and decode each.

# %%
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
# We take two test images of different digits and walk on a straight line from one code to the other. The second row mixes the
# pixels instead.

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
# The ELBO on **test** images is an honest score: a lower bound on the log probability of images that the network has not seen.
# The gap to the true $\log p(x)$ is what the encoder gets wrong. Draw $K$ codes for an image and weigh each by how well it
# explains it, and the bound becomes tighter (importance-weighted bound):
#
# $$\log p(x) \;\ge\; \mathbb{E} \log \frac{1}{K} \sum_{k=1}^{K} \frac{p_\theta(x \mid z_k)\, p(z_k)}{q_\phi(z_k \mid x)} .$$
#
# **Before you run it:** will the bound with 50 codes be above or below the ELBO?

# %%
bounds = vae.elbo(images.test)
few = images.test[: profile.pick(smoke=50, quick=1000, full=10_000)]
weighted = vae.importance_weighted_bound(few, samples=50)
print(
    f"test ELBO                   {bounds['elbo']:8.2f} nats per image ({len(images.test):,} images)"
)
print(f"  reconstruction {bounds['reconstruction']:.2f}, KL {bounds['kl']:.2f}")
print(f"ELBO on the first {len(few):,}        {vae.elbo(few)['elbo']:8.2f}")
print(f"importance-weighted, K = 50 {weighted:8.2f} on the same images")

# %% [markdown]
# **What you should see** (`quick`): an ELBO of about -152 nats, and a bound that is 2 to 3 nats tighter on the same images. Grey pixels
# count as probabilities here, so do not compare these numbers with papers that use black-and-white MNIST.

# %% [markdown] question="bound" points=2
# **Question 3 (2 points).** The importance-weighted bound is above the ELBO. What does the gap tell you about the encoder, and
# does a tighter bound mean that the *decoder* draws better images?
#
# ### BEGIN SOLUTION
# **Model answer.** Both are lower bounds on the same log p(x). The gap of the ELBO is the KL divergence from the encoder's
# Gaussian to the true posterior p(z|x). If 50 weighted codes gain several nats, the true posterior is not a Gaussian with
# diagonal covariance as the encoder says (or the encoder places it badly). The decoder is the same in both numbers: only our
# estimate of how probable it makes the images improved, not the images.
#
# **Rubric.** 1 point: gap = mismatch between encoder and true posterior. 1 point: same decoder, so the same images; only the
# estimate changes.
# ### END SOLUTION

# %% [markdown]
# ### A convolutional variant
#
# Dense layers do not know that neighbouring pixels belong together. Convolutions do (lab 04 explains the transposed ones).
# Same latent dimension, same loss.
#
# **Before you run it:** it has far fewer weights per layer. Will it be better or worse after a few epochs, and faster or slower?

# %%
keras.utils.set_random_seed(SEED)
conv = train(
    models.conv_encoder(digits.image_shape, latent_dim),
    models.conv_decoder(digits.image_shape, latent_dim),
    conv_epochs,
    rate=2e-3,  # convolutions do not bear the high rate: their units die, and leave grey patches
    name="conv_vae",
)
rows = []
for name, model in (("dense", vae), ("convolutional", conv)):
    rows.append(
        {
            "model": name,
            "parameters": model.encoder.count_params() + model.decoder.count_params(),
            "epochs": len(model.epoch_seconds),
            "seconds per epoch": round(float(np.mean(model.epoch_seconds[-3:])), 2),
            "test ELBO (nats)": round(model.elbo(images.test)["elbo"], 2),
        }
    )
pd.DataFrame(rows).set_index("model")

# %%
visualize.show_rows(
    {
        "original": digits.test_images[:10],
        "dense": vae.reconstruct(images.test[:10]),
        "conv": conv.reconstruct(images.test[:10]),
    },
    title="The same test images through both models",
)

# %% [markdown]
# ## 12. What KL does: the beta sweep
#
# Multiply KL by a weight $\beta$ and train again: 0 (no KL at all: a plain autoencoder with noise), 0.1, 1 (the VAE), and 4
# (a $\beta$-VAE, Higgins et al. 2017).
#
# **Before you run it:** for which $\beta$ will the codes spread furthest from 0? For which will the reconstruction be best, and
# for which will *new* samples be best?

# %%
sweep = {}
for beta in betas:
    keras.utils.set_random_seed(SEED)
    sweep[beta] = train(
        models.dense_encoder(digits.image_shape, latent_dim),
        models.dense_decoder(digits.image_shape, latent_dim),
        beta_epochs,
        beta=beta,
        name=f"beta_{beta:g}",
    )
rows = []
for beta, model in sweep.items():
    bounds = model.elbo(images.test)
    spread = float(model.encode(images.test).std())
    rows.append(
        {
            "beta": beta,
            **{k: round(v, 2) for k, v in bounds.items()},
            "spread of the means": round(spread, 2),
        }
    )
pd.DataFrame(rows).set_index("beta")

# %%
new_codes = np.random.default_rng(7).normal(size=(10, latent_dim)).astype("float32")
visualize.show_rows(
    {f"beta {beta:g}": model.sample(new_codes) for beta, model in sweep.items()},
    title="New images: codes from N(0, I), the same for every row",
)

# %% [markdown]
# **What you should see** (`quick`): with $\beta = 0$ the means run away from 0 and KL is huge, so codes drawn from $\mathcal{N}(0, I)$ fall
# into a small part of the plane that the decoder hardly used. With $\beta = 4$ the codes crowd around 0, reconstruction gets worse,
# and the ELBO, which weighs both parts once, is worse, too.

# %% [markdown] question="kl" points=4
# **Question 4 (4 points).** How does the KL divergence affect the latent space? Use your table and the pictures: what happens
# to spread, holes and samples at $\beta = 0$, and what do you pay at $\beta = 4$?
#
# ### BEGIN SOLUTION
# **Model answer.** KL pulls every encoder Gaussian towards N(0, I): means towards 0, variances towards 1. So the codes of all
# images together fill the region that we draw new codes from, without holes, and neighbouring codes overlap, which makes the
# decoder smooth between them. At beta = 0 nothing holds the codes: the means spread over a much larger area (in our run their
# standard deviation is many times that at beta = 1), the variances shrink, reconstruction is at its best or close to it, and samples from N(0, I) show only the few
# digits near the origin. At beta = 4 KL falls to a few nats, the codes overlap so much that images are confused,
# and the reconstruction loses about 3 nats against beta = 1. beta = 1 maximises the bound on log p(x); other values trade one against the other.
#
# **Rubric.** 1 point: pull towards the prior (mean 0, variance 1). 1 point: fills the region, smooth, no holes, so sampling works.
# 1 point: beta = 0 read from own numbers (spread, KL, poor samples). 1 point: beta = 4 read from own numbers (low KL, worse
# reconstruction).
# ### END SOLUTION

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
    by_dim[dim] = train(
        models.dense_encoder(digits.image_shape, dim),
        models.dense_decoder(digits.image_shape, dim),
        comparison_epochs,
        name=f"latent_dim_{dim}",
    )
rows = [
    {
        "latent_dim": dim,
        **{name: round(value, 2) for name, value in model.elbo(images.test).items()},
    }
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
visualize.show_rows(
    {
        f"latent_dim {dim}": model.sample(
            np.random.default_rng(3).normal(size=(10, dim)).astype("float32")
        )
        for dim, model in by_dim.items()
    },
    title="New images: codes from N(0, I)",
)

# %% [markdown]
# **What you should see** (`quick`): reconstruction falls by tens of nats from 2 to 32 dimensions, KL grows to about 25 nats, and their sum
# still gets much better: above -107 nats at 32. But look at the new images: sharp reconstructions do not make
# sharp samples.

# %% [markdown] question="latent-dim" points=4
# **Question 5 (4 points).** How does `latent_dim` change the reconstruction? Give your measured numbers for all dimensions, explain
# why KL grows, and say why new samples do not get better in step with the reconstructions.
#
# ### BEGIN SOLUTION
# **Model answer.** More dimensions can carry more information about the image: in our `quick` run the reconstruction falls from about 147 nats
# (2) to about 80 nats (32) while KL, the number of nats that the code carries, rises from about 6 to about 25. The sum
# improves by far, so the extra information is worth its price. It does not grow in proportion: dimensions that do not pay for
# their KL stay at the prior, and their gain falls off. New samples are drawn from the whole of N(0, I): in many dimensions the encoder's codes fill only
# part of that space, so many drawn codes lie where the decoder was never trained, and they come out as mixtures of strokes.
#
# **Rubric.** 1 point: own numbers for all dimensions. 1 point: more information, better reconstruction, with diminishing
# returns. 1 point: KL as the information in the code, so it grows. 1 point: mismatch between prior and the codes in use, so samples lag behind.
# ### END SOLUTION

# %% [markdown]
# ## 14. Deliverables
#
# - This notebook with your code, the executed pictures, and your answers to the five questions.
# - The two tables (beta, latent_dim) with your numbers.
#
# **Where next?** The decoder turns random codes into images without ever looking at one while it draws. Lab 02 takes it out of this
# model and makes it the generator of a GAN. The next cell lists what is answered and what is missing.
