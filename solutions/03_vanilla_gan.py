# ---
# jupyter:
#   labs:
#     minutes: {smoke: 0.5, quick: 8}
#     data: [mnist, fashion_mnist]
# ---

# %% [markdown]
# # Lab 03: Vanilla GAN
#
# Two networks, one game. The **generator** draws, the **discriminator** judges, and each gets better because the other
# one does. You will write both losses, the training step and both networks, watch the game in the plane, where nothing
# can hide, and then play it with digits and with clothes.
#
# **You will learn** to
#
# - write the two competing costs in a form that never overflows, and say why one form of the generator's is used and
#   the other not,
# - take one training step with two gradient tapes, in which each network moves down its own loss only,
# - build a generator and a discriminator from their sizes,
# - see equilibrium, oscillation and mode collapse with your own eyes,
# - find out by a fair experiment which of two settings makes the difference.
#
# **Time:** about 8 minutes of computing on two CPU cores, and two sittings of about two and a half hours with
# exercises and questions. The first sitting plays in the plane; there is a clear stop before the digits. **Before you
# start:** lab 02, and what a gradient tape is (lab 01).
#
# **How the exercises work.** Write your code where it says so and run the check below it. If you skip an exercise, the
# lab goes on with `labhelpers`' own version.

# %% setup=true
import inspect
import tempfile
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import PIL.Image
import tensorflow as tf
from IPython.display import display
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
from labhelpers.data import toys

# %% [markdown]
# ## Parameters

# %% setup=true
profile = profiles.current()
print(profile)

SEED = 42
keras.utils.set_random_seed(SEED)

# data
train_count = profile.pick(smoke=512, quick=60_000, full=60_000)
test_count = profile.pick(smoke=200, quick=10_000, full=10_000)
fashion_count = profile.pick(smoke=256, quick=12_000, full=60_000)
batch_size = 128

# the game in the plane
ring_batch = 256
game_steps = profile.pick(smoke=(2, 4, 6), quick=(20, 300, 1500), full=(20, 300, 3000))
# epochs on the ring have 50 steps each, in a smoke run 4
ring_epochs = profile.pick(smoke=2, quick=200, full=200)
collapse_epochs = profile.pick(smoke=2, quick=16, full=16)
few_epochs = profile.pick(smoke=2, quick=48, full=48)
few_seed = 43

# MNIST with the settings of UW's course
latent_dim = 100
epochs = profile.pick(smoke=1, quick=5, full=5)
learning_rate = 1e-3
weight_decay = 1e-5
# the experiment: every cell of the table has these epochs and these seeds
seeds = profile.pick(smoke=(42,), quick=(42, 43, 44), full=(42, 43, 44))
# gentler settings, those of the DCGAN paper: a smaller step, and a shorter memory
gentle_rate, gentle_beta_1 = 2e-4, 0.5

# the best digits: more epochs, and what else helps
best_epochs = profile.pick(smoke=1, quick=30, full=100)
best_rate, best_beta_1, best_beta_2 = 1e-3, 0.5, 0.99

# Fashion-MNIST with the deep dense networks
fashion_epochs = profile.pick(smoke=2, quick=15, full=60)
checkpoint_every = profile.pick(smoke=1, quick=15, full=15)
# Name a folder that outlives the session, as "my_run", and the training on clothes
# goes on where it stopped, when you run the lab again.
run_folder = None

# judging
sample_count = profile.pick(smoke=200, quick=10_000, full=10_000)
# XLA makes dense networks faster once it has compiled them; None asks for it
# where it pays. A smoke run ends before that.
jit_compile = profile.pick(smoke=False, quick=None, full=None)

# %% [markdown]
# # First sitting: the game
#
# ## 1. The two players
#
# Our data $x$ come from a distribution $p_{data}$ that nobody can write down: handwritten digits, faces, cars,
# bedrooms.
#
# **The generator** $G$ takes a noise vector $z$ from a normal distribution and turns it into a sample $G(z)$ of the
# same size as the data. New noise gives a new sample, as often as you like. One good picture is not enough: its samples
# should be *distributed* as the data are. Trained on faces, it should draw faces that no camera has seen, of many
# people; trained on cars, cars; trained on bedrooms, bedrooms. Its distribution is called $p_{model}$.
#
# **The discriminator** $D$ takes an input of that size and gives one number, the probability that it is real: 1 for a
# photograph of a car, 0 for a car that $G$ drew, however good a car it is. The question is never *what* is shown, only
# *where it comes from*. $D$ is an ordinary binary classifier, and its labels cost nothing.
#
# **The confrontation.** $D$ sees real samples and fakes and learns to tell them apart. $G$ only learns, from $D$'s
# gradient, how its fakes would have to change to look more real. So $D$ is opponent and teacher at once. If all goes
# well, the fakes become so good that $D$ can only guess. (The public took notice in 2018, when a portrait printed from a
# GAN's output was sold for 432,500 dollars.)

# %%
visualize.show_game(
    noise="100 numbers",
    generator="100 => 128 => 784",
    images="28x28 pixels",
    discriminator="784 => 128 => 1",
    title="The whole architecture: fakes and real data meet in front of D",
)

# %% [markdown]
# Solid arrows carry samples, dashed ones gradients. Follow them: real data reach $D$ and nothing else. $D$'s loss moves
# $D$ alone. $G$'s loss comes back *through* $D$, into the fake, and from there into $G$; $D$ does not move on the way.
#
# ## 2. The competing costs
#
# $D$ says $D(x)$ about real samples and $D(G(z))$ about fakes. It is a classifier, so its cost is the cross-entropy:
#
# $$J^{(D)} = -\tfrac{1}{2}\, \mathbb{E}_{x \sim p_{data}} \log D(x) \;-\; \tfrac{1}{2}\, \mathbb{E}_{z} \log\big(1 - D(G(z))\big),
# \qquad J^{(G)} = -J^{(D)} .$$
#
# What one wins, the other loses: a **zero-sum game**, also written as
#
# $$\min_{G} \max_{D} \;\; \mathbb{E}_{x} \log D(x) + \mathbb{E}_{z} \log\big(1 - D(G(z))\big) .$$
#
# $D$ climbs this value (gradient *ascent*), $G$ goes down it (gradient *descent*). What we look for is no minimum but a
# **saddle point**: a place where neither player can gain by a move of its own, a Nash equilibrium.
#
# ## 3. Exercise 1: the best discriminator (2 points)
#
# Let us stand still for a moment: $G$ is fixed, and $D$ may say anything it likes at every point $x$. With both
# densities known,
#
# $$J^{(D)} = -\tfrac{1}{2} \int p_{data}(x) \log D(x) \, dx - \tfrac{1}{2} \int p_{model}(x) \log (1 - D(x)) \, dx .$$
#
# Each $x$ can be treated alone: minimise $-p_{data} \log D - p_{model} \log (1 - D)$. Set the derivative with respect
# to $D$ to 0 and solve. Your function gets both densities (numbers or arrays) and returns the best $D$.
#
# *Small example:* where real data are four times as dense as fakes, 0.8 against 0.2, the best $D$ says 0.8.


# %% answer="optimal_discriminator"
def optimal_discriminator(p_data, p_model):
    """Return the D(x) that minimises D's cost, from both densities at x."""
    ### BEGIN SOLUTION
    # -p/D + q/(1 - D) = 0  =>  D = p / (p + q)
    return p_data / (p_data + p_model)
    ### END SOLUTION


# %% check="optimal_discriminator" points=2
optimal_discriminator = checks.lab03.optimal_discriminator(optimal_discriminator)
### BEGIN HIDDEN TESTS
checks.require("optimal_discriminator")
### END HIDDEN TESTS

# %% [markdown]
# **Before you run it:** real data around 1, fakes around -1. Where is the best $D$ near 1, near 0, near 1/2? And what
# becomes of it when the fakes move to where the data are?


# %%
def gaussian(x, mean, deviation):
    return np.exp(-((x - mean) ** 2) / (2 * deviation**2)) / (
        deviation * np.sqrt(2 * np.pi)
    )


x = np.linspace(-4, 4, 401)
p_data = gaussian(x, 1.0, 0.7)
for mean, deviation, when in (
    (-1.0, 0.9, "At the start"),
    (1.0, 0.7, "In equilibrium"),
):
    p_model = gaussian(x, mean, deviation)
    best = optimal_discriminator(p_data, p_model)
    cost = -np.trapezoid(p_data * np.log(best) + p_model * np.log(1 - best), x)
    print(
        f"{when}: the best D pays {cost:.3f}, without the factor 1/2 "
        f"(guessing pays 2 log 2 = {2 * np.log(2):.3f})"
    )
    display(
        visualize.plot_curves(
            {
                "real density p_data": (x, p_data),
                "g_ density p_model": (x, p_model),
                "d_ best D(x)": (x, best),
            },
            title=f"{when}: two densities and the best D between them",
            xlabel="x",
            ylabel="density, and D(x)",
        )
    )

# %% [markdown]
# **What you should see:** at the start the best $D$ is a soft step: almost 0 among the fakes, almost 1 among the data,
# and 1/2 where the two densities cross. If you expected 1/2 at $x = 0$, halfway between the two centres, look again:
# the crossing lies a little off, because the fakes are spread wider. The slope in between is what shows $G$ the way. In
# equilibrium, with $p_{model} = p_{data}$, the best $D$ is **1/2 everywhere**, and a flat $D$ has no slope: $G$ has
# nowhere better to go. $D$ then pays $2 \log 2 = 1.386$, and $G$ (below) $\log 2 = 0.693$. Remember these two numbers.
#
# ## 4. Exercises 2 and 3: both losses, from scores (2 + 2 points)
#
# Our $D$ ends without a sigmoid. It puts out a **score** (logit) $s$, and $D(x) = \sigma(s) = 1 / (1 + e^{-s})$. That
# is for the computer's sake: in float32 $\sigma(100)$ is exactly 1, and $\log(1 - 1)$ is minus infinity. With scores,
# the same numbers are harmless:
#
# $$-\log \sigma(s) = \log(1 + e^{-s}) = \mathrm{softplus}(-s), \qquad -\log (1 - \sigma(s)) = \mathrm{softplus}(s) .$$
#
# TensorFlow's `tf.nn.softplus` is accurate for every score, however large. (`keras.losses.BinaryCrossentropy(from_logits=True)` does the
# same.)
#
# **Exercise 2.** `discriminator_loss`: the mean cross-entropy of the real images (label 1) **plus** that of the fakes
# (label 0). We leave the factor 1/2 out, as most programs do.
#
# *Small example:* scores of 0 mean "I do not know": the loss is $\log 2 + \log 2 = 1.386$.


# %% answer="discriminator_loss"
def discriminator_loss(real_logits, fake_logits):
    """Return D's loss, a scalar, from its scores of real and of fake images."""
    ### BEGIN SOLUTION
    real_loss = tf.reduce_mean(tf.nn.softplus(-real_logits))  # -log D(x)
    fake_loss = tf.reduce_mean(tf.nn.softplus(fake_logits))  # -log(1 - D(G(z)))
    return real_loss + fake_loss
    ### END SOLUTION


# %% check="discriminator_loss" points=2
discriminator_loss = checks.lab03.discriminator_loss(discriminator_loss)
### BEGIN HIDDEN TESTS
checks.require("discriminator_loss")
### END HIDDEN TESTS

# %% [markdown]
# **Exercise 3.** `generator_loss`. In the zero-sum game $G$ would minimise $\mathbb{E} \log(1 - D(G(z)))$, the
# *minimax* or *saturating* loss. In practice it minimises
#
# $$J^{(G)} = -\mathbb{E}_z \log D(G(z)),$$
#
# the **non-saturating** loss: the cross-entropy of the fakes with the label *real*. Both want $D(G(z))$ to grow.
# Section 5 shows the difference. Write the non-saturating one.


# %% answer="generator_loss"
def generator_loss(fake_logits):
    """Return G's non-saturating loss, a scalar, from D's scores of the fakes."""
    ### BEGIN SOLUTION
    return tf.reduce_mean(tf.nn.softplus(-fake_logits))
    ### END SOLUTION


# %% check="generator_loss" points=2
generator_loss = checks.lab03.generator_loss(generator_loss)
### BEGIN HIDDEN TESTS
checks.require("generator_loss")
### END HIDDEN TESTS

# %% [markdown]
# ## 5. Minimax against non-saturating: the gradient at the start
#
# At the start the fakes are bad and $D$ knows it: $D(G(z))$ is near 0. Which of the two losses gives $G$ a push there?
#
# **Before you run it:** sketch $\log(1 - D)$ and $-\log D$ for $D$ between 0 and 1. Where is each steep?

# %%
scores = tf.linspace(-6.0, 6.0, 121)
says = tf.sigmoid(scores).numpy()  # D(G(z))
slopes = {}
for name, loss in (
    ("non-saturating", losses.non_saturating()),
    ("minimax", losses.saturating()),
):
    with tf.GradientTape() as tape:
        tape.watch(scores)
        # A "batch" of one score: its mean is the loss of that score.
        each = tf.stack(
            [loss.generator(score[None], score[None]) for score in tf.unstack(scores)]
        )
    slopes[name] = np.abs(tape.gradient(each, scores).numpy())
visualize.plot_curves(
    {name: (says, slope) for name, slope in slopes.items()},
    title="How hard each loss pushes G, by what D says about its fake",
    xlabel="D(G(z))",
    ylabel="size of the gradient at D's score",
)

# %% [markdown] question="costs" points=3
# **Question 1 (3 points).** (a) The slides of a well-known course have the signs wrong: they write
# $J^{(D)} = \frac{1}{2} \mathbb{E} \log D(x) + \frac{1}{2} \mathbb{E} \log(1 - D(G(z)))$ with $\arg\min_{\theta_d}
# J^{(D)}$, and $J^{(G)} = -\frac{1}{2} \mathbb{E} \log(1 - D(G(z)))$ with $\arg\min_{\theta_g} J^{(G)}$. Followed to
# the letter, what would $D$ and $G$ learn? Mend it. (b) Read both curves of your plot where $D(G(z))$ is 0.05, and give
# the two numbers. (c) What do they mean for the first hundred steps of a training?
#
# ### BEGIN SOLUTION
# **Model answer.** (a) E log D(x) is smallest where D(x) is near 0, and E log(1 - D(G(z))) where D(G(z)) is near 1: a D
# that minimises the sum learns to call real images fake and fakes real. The G of the slides minimises -log(1 - D(G(z))),
# which is smallest where D(G(z)) is 0: against a right D it would learn to look fake. (Against the D of the slides, which
# says 0 to *real* images, the two mistakes cancel for G: it moves towards the data after all.) Mended: D *maximises* 1/2
# E log D(x) + 1/2 E log(1 - D(G(z))), or minimises its negative, and G minimises +1/2 E log(1 - D(G(z))). (b) At 0.05 the
# minimax gradient is 0.05 and the non-saturating one 0.95. (c) At the start D recognises the fakes, so D(G(z)) is near 0.
# With the minimax loss G then gets a twentieth of the push or less and hardly moves; with the non-saturating one it gets
# nearly the whole push, just where it is worst. That is why the latter is used.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | signs (1) | says what D would learn and that G seeks D(G(z)) = 0 ("to look fake", or: with the slides' D the two errors cancel for G), and gives costs or directions that are right | one network only, or no mended version | repeats the slides |
# | reading (1) | about 0.05 (minimax) and about 0.95 (non-saturating) | one of them, or the two swapped | no numbers |
# | meaning (1) | bad fakes at the start, so one loss hardly moves G there and the other moves it most | says only which loss is used | no link to the start of the training |
#
# **Enough for full marks.** "D would call real images fake and fakes real, G would seek D(G(z)) = 0, that is, try to look
# fake to a right D; D has to maximise, and G has to minimise E log(1 - D(G(z))). At 0.05 I read 0.05 (minimax) and 0.95.
# At the start all fakes are bad, so minimax hardly moves G and the other loss moves it most."
#
# **Typical wrong answer.** "Minimax has no gradient because log(1 - D) is 0 for D = 0." It mixes up the value and the
# slope (log(1 - D) has slope -1 with respect to D there; it is the slope with respect to the *score* that vanishes): no
# point for the meaning, unless the numbers are read and used.
# ### END SOLUTION

# %% [markdown]
# **What you should see:** two straight lines that cross. The minimax gradient is $D(G(z))$ itself, so it is **0 just
# where the fakes are bad**: it *saturates*. The non-saturating gradient is $1 - D(G(z))$: largest for bad fakes, small
# for good ones. In your sketch the slopes are those with respect to $D$: $-1/(1 - D)$, steep near 1, and $-1/D$, steep
# near 0. $G$ is reached through the *score*, so both are multiplied by the slope of the sigmoid, $D(1 - D)$, and that
# leaves $-D$ and $-(1 - D)$. Both lines meet at $D = 1/2$ with a push of 1/2: at the equilibrium it is not the loss that
# lets $G$ rest. $G$ rests there because the best $D$ is flat in $x$, so the push, times a slope of 0, is 0. The goal is
# the same for both losses, and only the way differs.
#
# ## 6. Exercise 4: one training step with two tapes (4 points)
#
# The usual recipe, in plain words:
#
# For every batch:
#
# 1. Draw fakes: $G(z)$ for a batch of noise.
# 2. $D$ scores the real images and the fakes. Compute `discriminator_loss`.
# 3. Gradient of that loss with respect to **D's** variables only; D's optimizer takes a step.
# 4. $D$ scores the fakes. Compute `generator_loss`.
# 5. Gradient of that loss, *through* D, with respect to **G's** variables only; G's optimizer takes a step.
#
# Two losses, two tapes, two optimizers. You may compute step 4 before or after D has moved (both are in use). Use
# `tape.gradient(loss, variables)` and `optimizer.apply(gradients, variables)`, and return `d_loss, g_loss`. The step
# will be compiled with `tf.function`, so stay in TensorFlow.
#
# **If you know PyTorch:** its `loss.backward()` has no list of variables. It adds a gradient to *every* parameter that
# the loss depends on, and those of $D$'s loss on the fakes include $G$'s. Programs therefore write `D(fake.detach())`:
# **detach** gives the same numbers without the history of how they were made, so the backward pass ends at the fake.
# For $G$'s own step the fake is *not* detached. (And `zero_grad()` clears what the other step has left behind.) Its
# counterpart here is `tf.stop_gradient`; whether you need it, you can tell after the exercise.


# %% answer="train_step"
def train_step(
    generator,
    discriminator,
    generator_optimizer,
    discriminator_optimizer,
    real_images,
    noise,
):
    """Take one step of both networks and return the scalars d_loss, g_loss."""
    ### BEGIN SOLUTION
    with tf.GradientTape() as generator_tape, tf.GradientTape() as discriminator_tape:
        # (batch, latent_dim) => (batch, ...)
        fake_images = generator(noise, training=True)
        # (batch, ...) => (batch, 1)
        real_logits = discriminator(real_images, training=True)
        fake_logits = discriminator(fake_images, training=True)
        d_loss = discriminator_loss(real_logits, fake_logits)
        g_loss = generator_loss(fake_logits)
    d_gradients = discriminator_tape.gradient(d_loss, discriminator.trainable_variables)
    g_gradients = generator_tape.gradient(g_loss, generator.trainable_variables)
    discriminator_optimizer.apply(d_gradients, discriminator.trainable_variables)
    generator_optimizer.apply(g_gradients, generator.trainable_variables)
    return d_loss, g_loss
    ### END SOLUTION


# %% check="train_step" points=4
train_step = checks.lab03.train_step(train_step)
### BEGIN HIDDEN TESTS
checks.require("train_step")
### END HIDDEN TESTS

# %% [markdown] question="players" points=3
# **Question 2 (3 points).** Each of these three sentences is true because of certain places in *your* step. Name the
# places, and say what would happen if they were changed as described.
#
# (a) G never sees a real image, and still learns from them. *Change:* G's loss is computed from `tf.stop_gradient(...)`
# of the fakes. (b) D's loss depends on G's weights, and still D's step leaves G alone. *Change:* the gradient of D's
# loss is asked for with respect to the variables of both networks, and applied to both. (c) One G stands for a whole
# distribution. *Change:* every step, and every sample later, gets the same noise vector.
#
# ### BEGIN SOLUTION
# **Model answer.** (a) Real images enter only `discriminator(real_images)`. What G gets is the gradient of `g_loss`,
# which is taken through D into `fake_images` and on to G's variables; D's weights carry what was learned from the real
# images. With `stop_gradient` on the fakes the path from `g_loss` to G is cut: the gradients are None (the optimizer
# raises an error), and G cannot learn. (b) `discriminator_tape.gradient(d_loss, discriminator.trainable_variables)`
# names D's variables only, so no `detach` or `stop_gradient` is needed, although the tape saw G. If G were moved along,
# it would step *down* D's loss: it would make its fakes easier to recognise. (c) `noise` is drawn anew for each batch
# and is G's only input. With one and the same vector, G has one output: it can learn one image, not a distribution,
# and all samples are equal.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | signal (1) | real images go into D only; G's gradient comes through D and the fake; cut, G gets none | only that G learns through D, or only the consequence | says that G compares itself with real images |
# | whose variables (1) | the list given to `gradient` decides; moved along, G would help D | only the place, or only the consequence | says that D is frozen, or that the tape cannot see G |
# | noise (1) | noise is G's only input, so the same vector gives one image | "less variety" without a reason | noise is taken for a disturbance |
#
# **Enough for full marks.** "(a) Only `discriminator(real_images)` sees them; `g_loss` reaches G through D and the
# fake, and with stop_gradient nothing arrives. (b) I ask D's tape for `discriminator.trainable_variables` only;
# otherwise G would step down D's loss and become easier to catch. (c) `noise` is G's only input: with the same vector it
# always draws the same image."
#
# **Typical wrong answer.** "(b) G does not move because D's tape does not record it." It does record G here; the list of
# variables decides: half a point if the consequence is right, otherwise none.
# ### END SOLUTION

# %% [markdown]
# ## 7. The game in the plane
#
# Eight small Gaussians on a circle: the "images" are points with two coordinates, and there are eight kinds of them.
# Here we can see everything: where the fakes are, what $D$ says at every point, and where its gradient sends each fake.

# %%
ring = toys.ring(profile.pick(smoke=1024, quick=12_800, full=12_800), seed=SEED)
keras.utils.set_random_seed(SEED)
toy_generator, toy_discriminator = models.toy_pair(latent_dim=2)
toy_generator.summary()
toy_discriminator.summary()

# %% [markdown]
# **Before you run it:** D has learned for a few steps only. Will it be right everywhere, or just roughly? Which way
# will the arrows on the fakes point: towards the nearest real points, or up D's slope?


# %%
def decision(discriminator, fake_points, limit=1.8, steps=60):
    """D on a grid (rows from the top), and where G's loss falls at every fake."""
    grid = visualize.grid_codes(limit, steps)
    says = tf.sigmoid(discriminator(grid)).numpy().reshape(steps, steps)
    points = tf.constant(fake_points)
    with tf.GradientTape() as tape:
        tape.watch(points)
        loss = generator_loss(discriminator(points))
    return says, -tape.gradient(loss, points).numpy()


my_step = tf.function(train_step, reduce_retracing=True)
toy_optimizers = [keras.optimizers.Adam(1e-3, beta_1=0.5) for _ in range(2)]
for optimizer, network in zip(
    toy_optimizers, (toy_generator, toy_discriminator), strict=True
):
    optimizer.build(network.trainable_variables)
rng = np.random.default_rng(SEED)
shown_noise = rng.normal(size=(60, 2)).astype("float32")
panels, my_losses = {}, []
for step in tqdm(range(1, max(game_steps) + 1), desc="your own step"):
    real_points = ring.points[rng.integers(len(ring.points), size=ring_batch)]
    noise = rng.normal(size=(ring_batch, 2)).astype("float32")
    my_losses.append(
        [
            float(value)
            for value in my_step(
                toy_generator, toy_discriminator, *toy_optimizers, real_points, noise
            )
        ]
    )
    if step in game_steps:
        fake_points = toy_generator(shown_noise).numpy()
        says, pulls = decision(toy_discriminator, fake_points)
        panels[f"after {step} steps"] = (says, ring.points[:200], fake_points, pulls)
visualize.plot_decision(
    panels, limit=1.8, title="D's decision (orange: real), and where it sends the fakes"
)

# %% [markdown]
# **What you should see** (`quick`): after 20 steps D is one smooth slope, right only roughly, and all arrows point **up
# that slope**. If you expected them to point to the nearest real points: G knows of the data only what D tells it.
# After 300 steps the slope lies in another direction, and the fakes run after it. After 1,500 steps D has eight small
# hills, and now the two answers agree: up the slope *is* towards the nearest real points.
#
# The next plot tells the same story: a chase with regular swings, then, once D has found the eight hills, a calmer
# game.

# %%
visualize.plot_losses(
    dict(zip(("d_loss", "g_loss"), np.transpose(my_losses).tolist(), strict=True)),
    title="Losses of your own steps: they swing, they do not fall to 0",
    xlabel="training step",
    ylabel="loss (nats)",
    smooth=25,
)

# %% [markdown]
# ## 8. The engine's step, read aloud
#
# From here on `training.GAN`, a `keras.Model`, can do the training with `fit`. Its step is one function of two
# **players**, each a network with its optimizer. Read it line by line; the terms, the clipping and the state are for the
# losses of lab 07, and empty here.
#
# - The `table` is where both players sit: it lets D `look` at the images, and adds up what they `pay` for terms.
# - For each batch (one here): G draws fakes from the noise, and `generator_tape` remembers how.
# - `discriminator_tape` is open while D looks at the real images and the fakes, and its loss is computed from the
#   scores. It is opened *after* the fakes were drawn, so for this tape the fakes are plain numbers: this order detaches
#   them.
# - `descend` asks that tape for the gradient with respect to D's variables only, and D's optimizer moves them.
# - Then `generator_tape` is opened **again**: the D that has just learned scores *the same* fakes, and G's loss is
#   computed from these scores. So one generator pass serves both updates.
# - `descend` moves G's variables, and only them.
# - Losses and D's accuracy go out by name. They stay on the device; `fit` fetches them once an epoch.

# %%
print(inspect.getsource(training.adversarial_step).split('"""')[-1])
print(inspect.getsource(training.Player.descend))

# %% [markdown]
# Now the ring for longer, with both losses of $G$. We count **modes**: a sample is *good* within three standard
# deviations of a centre, and a mode is found if a good sample belongs to it.
#
# **Before you run it:** eight modes, one G. Will it find them all?


# %%
def play(
    loss,
    generator_rate,
    discriminator_rate,
    beta_1,
    epochs,
    name,
    decay=True,
    seed=SEED,
):
    """Train on the ring; return the GAN, panels on the way, the coverage at the end."""
    keras.utils.set_random_seed(seed)
    gan = training.GAN(*models.toy_pair(latent_dim=2), loss, name=name)
    steps = epochs * -(-len(ring.points) // ring_batch)
    optimizers = [
        keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(rate, steps) if decay else rate,
            beta_1,
        )
        for rate in (generator_rate, discriminator_rate)
    ]
    gan.compile(*optimizers, jit_compile=False)
    seen = {}

    def look(model):
        points = model.sample(2500, seed=2)
        found = judging.mode_coverage(points, ring.centres, ring.sigma)
        title = f"{model.epoch.numpy() + 1}: {found.found} modes, {found.good:.0%} good"
        seen[title] = points[:500]
        return {"modes": found.found, "good": found.good}

    quality = training.Quality(look, every=max(1, epochs // 8))
    gan.fit(ring.points, batch_size=ring_batch, epochs=epochs, callbacks=[quality])
    return (
        gan,
        seen,
        judging.mode_coverage(gan.sample(2500, seed=2), ring.centres, ring.sigma),
    )


ring_results = {
    loss.name: play(loss, 1e-3, 1e-3, 0.5, ring_epochs, f"ring, {loss.name}")
    for loss in (losses.non_saturating(), losses.saturating())
}
for name, (_, _, coverage) in ring_results.items():
    print(f"{name}: {coverage}")
visualize.show_points(
    {
        "real": ring.points[:500],
        **{name: gan.sample(500, seed=1) for name, (gan, _, _) in ring_results.items()},
    },
    centres=ring.centres,
    limit=1.6,
    title="The ring: real points, and fakes with both losses of G",
    columns=3,
)

# %%
gan = ring_results["non_saturating"][0]
smooth = min(200, len(gan.step_history["d_loss"]) // 4 + 1)
visualize.plot_losses(
    {name: gan.step_history[name] for name in ("g_loss", "d_loss")},
    title="Ring: towards log 2 for G and 2 log 2 for D",
    xlabel="training step",
    ylabel="loss (nats)",
    smooth=smooth,
)

# %% [markdown]
# **What you should see** (`quick`): all eight modes with both losses, and more than nine of ten samples good. The losses
# come to rest near 1.37 (D) and 0.74 (G), close to $2 \log 2 = 1.386$ and $\log 2 = 0.693$: this game is nearly in
# balance. The minimax loss works here as well; our guess is that D never gets far ahead on eight dots. What tips the
# balance in other games? The two **architectures** (a D with far more capacity than G), the **settings** (rates,
# batches, Adam's memory), and how **complex the data** are: eight dots are easier than ten digits, and those are easier
# than clothes. You will meet all three.
#
# ### Mode collapse, made visible
#
# Now we break the balance on purpose, twice. Both games have Adam's default memory, $\beta_1 = 0.9$. In the first one, **D**
# learns four times as fast as G. In the second one, **G** learns four times as fast as D, so that D always judges the
# fakes of yesterday. (Also, both games are shorter than the balanced one; the second keeps its rates constant, so that
# nothing comes to rest; and the first is shown with the one of our four seeds in which G ends on few modes.) The title of
# each panel names the epoch, and counts the modes that at least one of 2,500 samples hits, and the good samples.
#
# **Before you run it:** what is the best thing that G can do if D hardly moves? And which of the two games looks worse?

# %%
few_gan, seen, coverage = play(
    losses.non_saturating(), 1e-3, 4e-3, 0.9, few_epochs, "few modes", seed=few_seed
)
print(f"at the end: {coverage}")
print("good samples of each mode:", coverage.counts)
print(f"d_loss of the last epoch: {few_gan.history.history['d_loss'][-1]:.2f}")
visualize.show_points(
    seen,
    centres=ring.centres,
    limit=2.2,
    title=f"D four times as fast, seed {few_seed}: G ends on a few of the modes",
    columns=4,
)

# %%
clump_gan, seen, coverage = play(
    losses.non_saturating(), 2e-3, 5e-4, 0.9, collapse_epochs, "collapse", decay=False
)
print(f"at the end: {coverage}")
print(f"d_loss of the last epoch: {clump_gan.history.history['d_loss'][-1]:.2f}")
visualize.show_points(
    seen,
    centres=ring.centres,
    limit=7.0,
    title="G four times as fast: one clump, which moves on (wider frame)",
    columns=4,
)

# %%
visualize.plot_losses(
    {name: clump_gan.step_history[name] for name in ("g_loss", "d_loss")},
    title="The losses of the collapse",
    xlabel="training step",
    ylabel="loss (nats)",
    smooth=min(50, len(clump_gan.step_history["g_loss"]) // 4 + 1),
)

# %% [markdown] question="collapse" points=4
# **Question 3 (4 points).** (a) What is oscillation? Show it with numbers from a loss curve, or with places from your panels. (b)
# What is mode collapse? Compare the modes and the good samples of your last pictures with those of the balanced game.
# (c) Why does the clump not stay where it is? (d) Nothing in G's loss rewards variety. Which property of
# `generator_loss(discriminator(fake_images))` makes that so, and would you have seen the collapse from the two loss
# curves alone? (The last epochs' `d_loss` is printed above the pictures.)
#
# ### BEGIN SOLUTION
# **Model answer.** (Figures of one `quick` run.) (a) Oscillation: each player's step is right against the opponent of a
# moment ago, so both chase each other instead of settling. In the second collapse the clump is in another place in every
# panel. (b) Mode collapse: G maps nearly all noise to a few outputs, or one. The balanced game found 8 of 8 modes with 97
# % good samples. With the fast D, G ends on 4 modes, with about half of the samples good, and never draws the other four;
# with the fast G most panels hit 0 or 1 modes, with at most a few percent good. (c) All fakes go to where D's score is
# highest now. D then learns that this place is full of fakes and lowers its score there; the highest place is elsewhere,
# and the whole clump follows. (d) The loss is a mean over single scores: D judges one image at a time and never sees that
# all fakes are the same, so two equal fakes pay the same as two different ones, and nothing pushes fakes apart. The
# curves alone tell little: with the clump d_loss stays between 1.25 and 1.55, about as in equilibrium, but because D lags
# behind, not because the fakes are good. With the four modes d_loss is near 0.7: D notices that something is wrong, but
# not what.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | oscillation (1) | chase explained, own numbers or panels | only one of the two | only "it is unstable" |
# | collapse (1) | many noises to few outputs, own modes and shares for both games | only one game, or no numbers | confuses it with bad samples in general |
# | moving on (1) | highest score now, D learns, the highest place is elsewhere | only that D learns | no reason |
# | blind losses (1) | single samples are judged, and own curves are read | only one of the two | "the losses show it" without numbers |
#
# **Enough for full marks.** "(a) Each reacts to the other's last move, so they chase: the clump is elsewhere in each
# panel. (b) G sends all noise to one place, 0 or 1 modes and hardly a good sample, or to 4 modes with half of them good,
# against 8 modes and over 90 %. (c) It sits where D's score is highest; D lowers the score there, another place is now
# highest, so it moves. (d) The mean of single scores cannot see that fakes are equal; my d_loss near 1.4 looks like
# balance."
#
# **Typical wrong answer.** "Collapse happens because every collapsed fake looks real, so both losses are balanced." In
# this collapse hardly a fake lies on a mode: the losses look balanced because D lags. No point for (d) unless own curves
# are read.
# ### END SOLUTION

# %% [markdown]
# **What you should see** (`quick`): with the fast D the fakes thin out to an arc over the lower half of the ring. At the
# end G finds 4 of 8 modes, about half of its samples are good, and the upper four are never drawn: a collapse onto *a
# few* modes. This is one seed of the four that we tried; with the others G found all eight, very unevenly. With the fast
# G nearly all noise vectors lead to one spot, where D gives the highest score at this moment: 0 or 1 modes, hardly a good
# sample, and once the clump is thrown far out of the ring. So the second game looks worse, by modes and by good samples.
# Both are **mode collapse**; the second one also never rests. Soon D has learned that this spot is full of fakes and
# lowers its score there; now another spot is highest, and the clump jumps. If you expected that G would sit down on the
# best of the eight modes and stay: that would be its best move against a D that never moves at all. This D does move, a
# little late, so G is already gone when D arrives. The players run in circles: that is **oscillation**.

# %% [markdown]
# # Stop here
#
# **This is the end of the first sitting.** You have both losses, a training step, and a feeling for the game. Save the
# notebook. When you come back, run everything above once (*Run > Run All Above Selected Cell*; it takes about two
# minutes), so that your functions are there again.

# %% [markdown]
# # Second sitting: digits and clothes
#
# ## 9. Exercise 5: the two networks (3 + 2 points)
#
# Now real images, and networks of your own. They are those of the University of Washington's GAN lab:
#
# - **G**: 100 numbers => 128 units, LeakyReLU with slope 0.01 => 784 numbers, tanh, in the form of an image of
#   28x28x1. **114,064** parameters.
# - **D**: an image of 28x28x1 => 784 numbers => 128 units, LeakyReLU with slope 0.01 => one score, *without* a sigmoid.
#   **100,609** parameters.
#
# All layers are dense, and have biases. The course's own classes fix the batch size in the network; yours should take a
# batch of any size. (Careful: the slope of Keras' LeakyReLU is 0.3 unless you say otherwise.) Every call of your
# function should build a *new* network. Sequential, functional or subclassed: as you like.


# %% answer="build_generator"
def build_generator():
    """Return a new G: noise (batch, 100) to images (batch, 28, 28, 1)."""
    ### BEGIN SOLUTION
    return keras.Sequential(
        [
            keras.Input((100,)),
            keras.layers.Dense(128),
            keras.layers.LeakyReLU(negative_slope=0.01),
            keras.layers.Dense(28 * 28, activation="tanh"),
            keras.layers.Reshape((28, 28, 1)),
        ],
        name="generator",
    )
    ### END SOLUTION


# %% check="build_generator" points=3
build_generator = checks.lab03.build_generator(build_generator)
### BEGIN HIDDEN TESTS
checks.require("build_generator")
### END HIDDEN TESTS


# %% answer="build_discriminator"
def build_discriminator():
    """Return a new D: images (batch, 28, 28, 1) to scores (batch, 1)."""
    ### BEGIN SOLUTION
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(128),
            keras.layers.LeakyReLU(negative_slope=0.01),
            keras.layers.Dense(1),
        ],
        name="discriminator",
    )
    ### END SOLUTION


# %% check="build_discriminator" points=2
build_discriminator = checks.lab03.build_discriminator(build_discriminator)
### BEGIN HIDDEN TESTS
checks.require("build_discriminator")
### END HIDDEN TESTS

# %% [markdown]
# ## 10. The course's program, as it is printed
#
# The course trains this pair in PyTorch. Its ingredients, and what they are here:
#
# | there | here |
# | --- | --- |
# | `transforms.ToTensor()`: uint8 images become floats, divided by 255, so they lie in [0, 1] | `images / 255` |
# | `DataLoader(..., batch_size=128, shuffle=False, drop_last=True)` | a `tf.data.Dataset` in batches |
# | `model.to(device)`: the GPU where there is one | TensorFlow places everything itself |
# | `BCELoss` after a sigmoid | your losses, from scores |
# | `Adam(lr=1e-3, weight_decay=1e-5)`, 5 epochs | the same (*) |
# | lists of both losses, one number an iteration | the same |
#
# (*) PyTorch's Adam adds the decay to the gradient (L2 regularisation), Keras' Adam shrinks the weights directly. A weight
# with a clear gradient hardly feels either at 1e-5. One without any, such as that of a border pixel that is always black,
# PyTorch's Adam drives to 0 in some thirty steps, since it divides even a tiny gradient by its own size; Keras' leaves it.

# %%
digits = data.load_mnist().first(train_count, test_count)
print(digits)
print("the devices here:", [device.name for device in tf.config.list_logical_devices()])
course_images = digits.train_images.astype("float32") / 255
judge = judging.mnist_judge()
reference = judging.real_reference(
    judge, digits.test_images, digits.train_images[: len(digits.test_images)]
)
fixed_noise = (
    np.random.default_rng(SEED).normal(size=(50, latent_dim)).astype("float32")
)
judged_noise = (
    np.random.default_rng(5)
    .normal(size=(min(5000, sample_count), latent_dim))
    .astype("float32")
)


# %%
def play_digits(real_images, rate, beta_1, seed):
    """Your step on your networks; return G before and after, and all losses."""
    keras.utils.set_random_seed(seed)
    generator, discriminator = build_generator(), build_discriminator()
    optimizers = [
        keras.optimizers.Adam(rate, beta_1, weight_decay=weight_decay) for _ in range(2)
    ]
    for network, optimizer, shape in (
        (generator, optimizers[0], (1, latent_dim)),
        (discriminator, optimizers[1], (1, *digits.image_shape)),
    ):
        network(tf.zeros(shape))  # a subclassed network gets its weights here
        optimizer.build(network.trainable_variables)
    before = np.asarray(generator(fixed_noise))
    # The loader: batches in the order of the file, without the last, smaller one.
    loader = tf.data.Dataset.from_tensor_slices(real_images).batch(
        batch_size, drop_remainder=True
    )
    step = tf.function(train_step, reduce_retracing=True)
    losses_seen = []
    for _ in tqdm(range(epochs), desc=f"seed {seed}, epochs", leave=False):
        for batch in loader:
            noise = tf.random.normal((batch_size, latent_dim))
            losses_seen.append(
                step(generator, discriminator, *optimizers, batch, noise)
            )
    d_losses, g_losses = np.array(losses_seen).T
    return generator, before, {"g_loss": g_losses, "d_loss": d_losses}


# %% [markdown]
# **Before you run it:** sketch both losses over 2,340 iterations. Does one of them fall to 0? Will five epochs be
# enough for ten digits?

# %%
course_generator, before, course_losses = play_digits(
    course_images, learning_rate, 0.9, seeds[0]
)
after = np.asarray(course_generator(fixed_noise))
visualize.plot_losses(
    {name: values.tolist() for name, values in course_losses.items()},
    title="Losses of every iteration, the course's five epochs",
    xlabel="iteration",
    ylabel="loss (nats)",
    smooth=min(100, len(course_losses["g_loss"]) // 4 + 1),
)

# %%
visualize.show_sheets(
    {
        "before training": np.clip(before[:25], 0, 1),
        "after training": np.clip(after[:25], 0, 1),
    },
    title="The same noise before and after the course's training, cut to [0, 1]",
)

# %%
visualize.show_grid(
    np.clip(after, 0, 1),
    columns=10,
    title="Fifty samples of the course's program after its five epochs",
)

# %% [markdown]
# **What you should see** (`quick`): in the first few hundred iterations D is far ahead: its loss is near 0.3, and G's
# near 3.5 nats, with peaks of 9. Then G comes closer, though D stays ahead, and both swing. If you expected one of them to fall to 0 as the
# pictures get better: each loss is measured against an opponent that moves, so the curves never say how good the images
# are. The fifty samples do: zeros, threes and nines that you can read, twos, and grey blobs in between. The judge sees
# seven of the ten digits, FID is near 200. That is a start, drawn by two tiny networks in five epochs.
#
# We have also run the course's own program, in PyTorch, as it is printed
# (`benchmarks/documents/uw_lab7.py`): with its seed of 55 it draws zeros, threes and nines as well (FID 230), with another
# seed more of them (196), and with a third one it collapses to a single grey shape (342). Remember this spread when you
# compare settings.
#
# ## 11. Exercise 6: two ranges, there and back (1 + 1 points)
#
# The course's images lie in [0, 1], and its tanh reaches from -1 to 1: the generator has to learn to use its upper half
# only. It can, as you have just seen. Most programs bring the images to [-1, 1] instead, so that both **ranges match**:
# black is -1 and white is 1. Is that better? The next section finds out. You need both ways.
#
# `preprocess`: uint8 images in, float32 images in [-1, 1] out. `back_to_pixels`: its inverse. Every one of the 256 grey
# values must come back as it was, and what a network puts a little outside of [-1, 1] must not wrap round.


# %% answer="preprocess"
def preprocess(images):
    """Return uint8 images (n, height, width, channels) as float32 in [-1, 1]."""
    ### BEGIN SOLUTION
    return (images.astype("float32") - 127.5) / 127.5
    ### END SOLUTION


# %% check="preprocess" points=1
preprocess = checks.lab03.preprocess(preprocess)
### BEGIN HIDDEN TESTS
checks.require("preprocess")
### END HIDDEN TESTS


# %% answer="back_to_pixels"
def back_to_pixels(images):
    """Return float images in [-1, 1] as uint8: the inverse of preprocess."""
    ### BEGIN SOLUTION
    return np.clip(np.rint(images * 127.5 + 127.5), 0, 255).astype("uint8")
    ### END SOLUTION


# %% check="back_to_pixels" points=1
back_to_pixels = checks.lab03.back_to_pixels(back_to_pixels)
### BEGIN HIDDEN TESTS
checks.require("back_to_pixels")
### END HIDDEN TESTS

# %% [markdown]
# ## 12. A fair experiment: range and settings
#
# Two things could matter: the **range** of the images, [0, 1] or [-1, 1], and Adam's **settings**, the course's (1e-3,
# $\beta_1 = 0.9$) or the gentler ones of the DCGAN paper (2e-4, $\beta_1 = 0.5$: a step a fifth as large, and a shorter
# memory of old gradients). Whoever changes both at once learns about neither. So we play all four combinations (a *factorial*
# experiment), with the same networks, for the same number of epochs, and each with three seeds, because one run proves
# nothing. The judge looks at 5,000 samples of each: FID (the lower the better), and the digits that it sees at least ten
# times among 1,000 samples.
#
# **Before you run it:** rank the four cells. Which of the two choices makes the bigger difference?

# %%
images = preprocess(digits.train_images)
ranges = {
    "[0, 1]": (course_images, lambda fakes: np.clip(fakes, 0, 1)),
    "[-1, 1]": (images, back_to_pixels),
}
settings = {
    f"{learning_rate:g}, 0.9": (learning_rate, 0.9),
    f"{gentle_rate:g}, {gentle_beta_1:g}": (gentle_rate, gentle_beta_1),
}


def digits_in(pictures):
    """How many of the first 1,000 pictures the judge takes for each digit."""
    return judging.class_histogram(judge.probabilities(pictures[:1000]))


rows, cell_sheets, cell_losses = [], {}, {}
for range_name, (real_images, to_show) in ranges.items():
    for setting, (rate, beta_1) in settings.items():
        fids, found, early = [], [], []
        for seed in seeds:
            generator, _, seen = play_digits(real_images, rate, beta_1, seed)
            pictures = to_show(np.asarray(generator.predict(judged_noise, verbose=0)))
            fids.append(judging.quality(pictures, judge, reference).fid)
            found.append(int((digits_in(pictures) >= 10).sum()))
            early.append(float(seen["d_loss"][:500].mean()))
            if seed == seeds[0]:
                cell_sheets[f"{range_name}: {setting}"] = pictures[:25]
                cell_losses[f"{range_name}, Adam {setting}"] = seen
        rows.append(
            {
                "range": range_name,
                "Adam": setting,
                "epochs": epochs,
                "FID, median": round(float(np.median(fids))),
                "FID of each seed": ", ".join(f"{fid:.0f}" for fid in fids),
                "digits found": ", ".join(map(str, found)),
                "d_loss, first 500 steps": round(float(np.median(early)), 2),
            }
        )
floor = reference.floor(len(judged_noise))
print(f"the floor, real images against real images: FID {floor and round(floor[0], 2)}")
pd.DataFrame(rows).set_index(["range", "Adam"])

# %%
visualize.show_sheets(
    cell_sheets,
    title=f"The four cells after {epochs} epochs (range: rate, beta_1), first seed",
    width=8.0,
)

# %%
visualize.plot_panels(
    cell_losses,
    title="Both losses in the four cells, first seed",
    xlabel="iteration",
    columns=4,
    smooth=50,
)

# %% [markdown]
# Two numbers about the first step help to explain the table. A generator that has not learned yet draws grey noise
# around 0, whatever the range of the data. How far is that from the real images, as $D$ gets to see them?

# %%
keras.utils.set_random_seed(SEED)
first_fakes = np.asarray(build_generator()(judged_noise[:200]))
pd.DataFrame(
    [
        {
            "range": name,
            "mean of the real images": round(float(real.mean()), 2),
            "contrast of the real images": round(float(real[:200].std()), 2),
            "mean of the first fakes": round(float(first_fakes.mean()), 2),
            "mean distance, real to fake": round(
                float(np.linalg.norm(real[:200] - first_fakes, axis=(1, 2)).mean()), 1
            ),
        }
        for name, (real, _) in ranges.items()
    ]
).set_index("range")

# %% [markdown]
# And if you have an explanation, test it: give the images another range. [-1, 0] is as narrow as [0, 1] and lies
# elsewhere; [-0.5, 0.5] is as narrow and lies in the middle. This is your own experiment; change the numbers and the
# seed as often as you like (a run takes about ten seconds).

# %%
my_low, my_high, my_seed = -0.5, 0.5, seeds[0]
my_generator, _, _ = play_digits(
    my_low + course_images * (my_high - my_low), learning_rate, 0.9, my_seed
)
mine = np.asarray(my_generator.predict(judged_noise, verbose=0))
mine = np.clip((mine - my_low) / (my_high - my_low), 0, 1)
print(
    f"range [{my_low:g}, {my_high:g}], Adam {learning_rate:g}, 0.9:",
    judging.quality(mine, judge, reference),
)
visualize.show_grid(mine[:20], columns=10, title="Twenty samples of my own range")

# %% [markdown] question="range" points=4
# **Question 4 (4 points).** (a) Read your table: what does the range do at the course's settings, and what at the gentle
# ones? Give medians, and say whether the three seeds overlap. (b) Which choice makes the bigger difference, and is the
# effect of the range the same at both settings? (c) Offer an explanation of what the range does, with at least two
# numbers from the tables and curves above. (d) Which part of (c) have your runs shown, and which is a guess? Use your own
# range.
#
# ### BEGIN SOLUTION
# **Model answer.** (Figures of one `quick` run.) (a) At the course's settings the medians are 203 for [0, 1] (seeds 183
# to 219) and 293 for [-1, 1] (271 to 318), at the gentle ones 153 (151 to 154) and 237 (214 to 261): the seeds of the two
# ranges do not overlap at either setting. (b) After five epochs [0, 1] is ahead by 90 at the course's settings and by 84
# at the gentle ones; the gentle settings are ahead by 50 to 56 in both ranges. So here the range makes the bigger
# difference, and its effect hardly depends on the settings: 90 and 84 differ by less than the seeds of three of the four
# cells. This need not hold after more epochs, or with other initial weights. (c) The first fakes are grey, around 0.
# Images in [-1, 1] are twice as far from that as those in [0, 1] (28 against 13), mostly because their black lies at -1,
# and their contrast is twice as large. So D has an easier time in the beginning: its loss over the first 500 steps is
# 0.17 against 0.29 at the course's settings, and about 0.8 against 1.2 at the gentle ones. A D that is far ahead teaches
# G little, and five epochs are soon over. (d) Shown: that the range as a whole changes the early d_loss and the FID, over
# three seeds. A guess: that the early distance is *why*, because distance, contrast and the place in the tanh all changed
# together. My own range speaks against it: [-0.5, 0.5] is as narrow as [0, 1] and nearly as near to the first fakes (distance 16 against 13; [-1, 1]: 28), and
# yet its FID was 288, as with [-1, 1] (one seed). So the *place* matters more than I thought. In [0, 1] four fifths of
# all pixels are 0, just where an untrained G already is: that is my next guess.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | reading (1) | medians of all four cells, and the spread of the seeds or whether they overlap | medians only, or two cells | no numbers |
# | interaction (1) | which difference is bigger, and whether the effect of the range depends on the settings, both from own numbers | one of the two | "[0, 1] is a bug", against the own table |
# | explanation (1) | a mechanism with two own numbers (distance or contrast, early losses) | a mechanism without numbers | "tanh cannot do it" |
# | evidence (1) | separates what was varied from what is guessed, and uses the own range | one of the two | presents the guess as shown |
#
# **Enough for full marks.** "(a) Medians 203 against 293 (course) and 153 against 237 (gentle), and the seeds do not
# overlap (183 to 219 and 271 to 318; 151 to 154 and 214 to 261). (b) After five epochs the range counts for 90 at the
# course's settings and for 84 at the gentle ones, so it hardly depends on them; the settings count for 50 to 56. (c) Real
# images in [-1, 1] are 28 away from the first grey fakes instead of 13, so D wins early: d_loss 0.17 instead of 0.29. (d)
# Only the range was varied, so its effect is shown; that the distance causes it is my guess, and my [-0.5, 0.5] with FID
# 288, as narrow as [0, 1] and yet as bad as [-1, 1], speaks against it."
#
# **Typical wrong answer.** "Data in [0, 1] do not fit a tanh, so the program with [0, 1] fails." The table says the
# opposite at both settings: no point for the reading and none for the explanation.
# ### END SOLUTION

# %% [markdown]
# **What you should see** (`quick`): after five epochs the narrow range [0, 1] is ahead of [-1, 1] at both settings, and
# the gentle settings are ahead of the course's in both ranges. So data in [0, 1] are no bug: a tanh can stay in its upper
# half, and the program profits from it. Neither is [0, 1] a law. In PyTorch, which also starts from other weights, the
# medians of three seeds at the same five epochs are 230 ([0, 1]) and 330 ([-1, 1]) at the course's settings, but 138 and
# 113 at the gentle ones: there the other range wins. Nor is it the width alone: [-0.5, 0.5] gave FID 288 with our first
# seed; in PyTorch it gave 308, and [-1, 0] gave 288 (both medians of three seeds). If your ranking was wrong, you are in
# good company; that is what experiments are for.
#
# `labhelpers`' engine, which we use from here on, takes only matching ranges. That is a rule of the house, so that
# pictures never come out half grey; it is no law of GANs.
#
# ## 13. The best digits of a dense GAN
#
# What can these two small networks draw if we treat them well? Matching ranges, $\beta_1 = 0.5$ as in the gentle
# settings, but the full rate of 1e-3, a shorter memory also for the size of the gradients ($\beta_2 = 0.99$), no weight
# decay, shuffled batches, and more epochs. In a game an old gradient may be bad advice, because the opponent has moved
# since.
#
# Your networks go into the engine. It asks a generator for its last activation, to know the range of its images; yours
# may be of any build, so we say it.


# %%
def engine_pair():
    """Your two networks, each with a named input, as the engine takes them."""
    noise, image = keras.Input((latent_dim,)), keras.Input(digits.image_shape)
    return (
        keras.Model(noise, build_generator()(noise), name="my_generator"),
        keras.Model(image, build_discriminator()(image), name="my_discriminator"),
    )


def sheet_of_50(samples):
    return visualize.sheet(samples, columns=10)


keras.utils.set_random_seed(SEED)
gan = training.GAN(*engine_pair(), losses.non_saturating(), name="best digits")
gan.compile(
    keras.optimizers.Adam(best_rate, best_beta_1, best_beta_2),
    keras.optimizers.Adam(best_rate, best_beta_1, best_beta_2),
    jit_compile=jit_compile,
)
growing = training.SampleGrid(sheet_of_50, fixed_noise, every=max(1, best_epochs // 10))
quality = training.Quality(
    lambda model: (
        judging.quality(model.sample(len(judged_noise), seed=6), judge, reference).fid
    ),
    every=max(1, best_epochs // 6),
)
gan.fit(
    images,
    batch_size=batch_size,
    epochs=best_epochs,
    callbacks=[growing, quality, training.StopOnNonFinite()],
)
print(f"{np.mean(gan.epoch_seconds[1:] or gan.epoch_seconds):.1f} s per epoch")
visualize.plot_curves(
    {"FID": (quality.epochs, [value["fid"] for value in quality.values])},
    title="FID falls as the digits get better (logarithmic scale)",
    xlabel="epoch",
    ylabel="FID",
    log=True,
)

# %%
visualize.show_pairs(
    digits.train_images[:50],
    gan.sample(fixed_noise),
    left_title="Real digits",
    right_title="Fifty samples of the dense GAN",
    columns=10,
)

# %% top="Sixty handwritten digits, all different, drawn by two small dense networks"
visualize.show_grid(
    gan.sample(60, seed=7),
    columns=12,
    title="Sixty digits that nobody wrote, drawn by your dense GAN",
)

# %%
epochs_played = np.arange(1, best_epochs + 1)
history = gan.history.history
visualize.plot_curves(
    {
        "d_ accuracy on real images": (
            epochs_played,
            100 * np.array(history["d_real_accuracy"]),
        ),
        "d_ accuracy on fakes": (
            epochs_played,
            100 * np.array(history["d_fake_accuracy"]),
        ),
    },
    levels={"guessing": 50.0},
    title="D's accuracy on the digits, and the 50 % of guessing",
    xlabel="epoch",
    ylabel="right answers (%)",
)

# %%
visualize.plot_losses(
    {name: gan.step_history[name] for name in ("g_loss", "d_loss")},
    title="Losses of every iteration, best digits",
    xlabel="iteration",
    ylabel="loss (nats)",
    smooth=min(100, len(gan.step_history["g_loss"]) // 4 + 1),
)

# %% [markdown]
# ### Are all ten digits there?
#
# **Before you run it:** a generator draws nothing but *perfect* ones, as good as those of MNIST. Is the best D fooled?
# What does it say about a one, what do both players pay, and how many of the fakes does it catch?
#
# Your `optimal_discriminator` knows. About 11 % of MNIST's images are ones, a share of 0.11. At a picture of a one,
# $p_{data}$ is that share times the density of ones, and $p_{model}$ is the density of ones itself; everywhere else
# $p_{model} = 0$.

# %%
share = float((digits.train_labels == 1).mean())
says_one = float(optimal_discriminator(share, 1.0))
says_rest = float(optimal_discriminator(1.0, 0.0))
d_cost = -share * np.log(says_one) - np.log(1 - says_one)  # the other digits cost 0
g_cost = -np.log(says_one)
print(f"ones among the real images: {share:.2%}")
print(f"the best D says {says_one:.3f} to a one, and {says_rest:.0f} to anything else")
print(f"d_loss {d_cost:.2f} (balance: 1.39), g_loss {g_cost:.2f} (balance: 0.69)")
print(f"D is right on 100 % of the fakes and on {1 - share:.0%} of the real images")

# %%
judged_sets = {
    "course, first seed": np.clip(
        np.asarray(course_generator.predict(judged_noise, verbose=0)), 0, 1
    ),
    "best digits": gan.sample(sample_count, seed=5),
    "uniform noise": np.random.default_rng(0).uniform(
        size=(len(judged_noise), *digits.image_shape)
    ),
    "one real one, copied": np.repeat(
        digits.train_images[digits.train_labels == 1][:1], len(judged_noise), axis=0
    ),
}
visualize.plot_counts(
    {
        name: digits_in(judged_sets[name])
        for name in ("course, first seed", "best digits")
    },
    digits.class_names,
    title="Which digits the judge sees among 1,000 samples of each GAN",
)

# %%
rows = []
for name, samples in judged_sets.items():
    judged = judging.quality(samples, judge, reference)
    print(f"{name}: {judged}")
    # Neighbours among 10,000 against 10,000 take a minute; every third image will do.
    precision, recall = judging.precision_recall(
        reference.features[::3], judge.features(samples[::3])
    )
    rows.append(
        {
            "samples": name,
            "FID": round(judged.fid, 1),
            "floor": None if judged.floor is None else round(judged.floor, 2),
            "precision": round(precision, 2),
            "recall": round(recall, 2),
            "digits found": int((digits_in(samples) >= 10).sum()),
        }
    )
pd.DataFrame(rows).set_index("samples")

# %% [markdown] question="balance" points=3
# **Question 5 (3 points).** (a) What do D(x), both losses and D's accuracy read in balance, and how close do the last
# epochs of *your* digits come? (b) A classmate says: "A generator that draws only perfect ones fools D in every single
# case, so the accuracy is 50 %." What does your cell say about the best D, and for which D would the classmate be right?
# (c) So is an accuracy of 50 % a proof of good fakes? What else in your tables tells?
#
# ### BEGIN SOLUTION
# **Model answer.** (Figures of one `quick` run.) (a) In balance p_model = p_data, D(x) = 1/2 everywhere, d_loss = 2 log 2 =
# 1.386, g_loss = log 2 = 0.693, and D is right on 50 % of real and of fake images. My digits end with d_loss near 1.0 and
# g_loss near 1.4, and D is right on 71 to 74 %: not there. (b) The best D says 0.10 to a one: ones are 11 % of the real
# images but all of the fakes, so nine of ten ones that it meets are fakes. It catches every fake, d_loss is 0.36, and
# g_loss 2.29. The classmate would be right about a D that lags behind or is too weak to notice how frequent ones are. (c)
# No. 50 % is what a perfect G leads to, but an untrained D is right in half of the cases, too (lab 02), and on the ring a D that
# lagged paid almost 2 log 2 for a collapsed G. The digits found, recall, FID and the sheet tell more.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | balance (1) | 1/2, 1.386, 0.693, 50 %, and own last values | the four numbers, or own values only | neither |
# | perfect ones (1) | the best D says about 0.10 and is not fooled; only a D that lags (or is too weak) would be | only the number, or only that D is not fooled | agrees with the classmate |
# | proof (1) | 50 % does not prove it, with a reason and another measure from the own tables | no reason, or no measure | "yes" |
#
# **Enough for full marks.** "(a) 1/2, 1.386, 0.693, 50 %; mine are 1.0, 1.4 and 72 %. (b) The best D says 0.10, because
# ones are far more frequent among the fakes; only a D that lags is fooled. (c) No, an untrained D is right half of the time, too; digits
# found and recall show what is missing."
#
# **Typical wrong answer.** "Each fake is a perfect one, so D cannot tell it from a real one." For a single picture it
# cannot be sure, but it knows that ones are nine times as frequent among the fakes, and bets accordingly: no point for
# (b).
# ### END SOLUTION

# %% [markdown]
# **What you should see** (`quick`): all ten digits, most of them easy to read, though grainy. FID falls fast at first, to
# about 100 after five epochs and 43 after fifteen, and then slowly to about 20 after thirty (the floor is near 0.5, so
# there is room for better networks). D's accuracy sinks to 63 % in the first seven epochs, and then *rises* a little, to
# between 70 and 75 %: D improves, too. The losses end near 1.0 for D and 1.4 for G. In equilibrium they would be 1.386
# and 0.693: this G still leaves traces, and D finds them.
#
# If you thought that the best D is fooled by perfect ones: it is not. It says 0.10, because nine of ten ones that it
# meets are fakes. Only a D that lags behind is fooled, as on the ring.
#
# The last two rows of the table are a warning about the judge. FID compares the means and the covariances of 64 features
# of a network that was trained on digits. **Uniform noise**, which is no digit at all, gets FID 245: better than one
# perfect picture copied 5,000 times (382), and than the cell [-1, 1] of your experiment at the course's settings (293).
# Far from what the judge knows, its numbers say "far away" and no more. Precision, recall, the digits found and your own
# eyes belong to it. **One number never tells the whole story.**
#
# ### Does it copy?

# %%
fakes = data.to_uint8(gan.sample(fixed_noise[:10]))
nearest = judging.nearest_images(fakes, digits.train_images)
visualize.show_pairs(
    digits.train_images[nearest.indices[:, 0]],
    fakes,
    left_title="Nearest training images",
    right_title="Samples of the GAN",
)

# %% [markdown]
# **What you should see:** similar digits with other strokes, so these ten show no sign of copying. (Ten samples cannot
# show that *nothing* was learned by heart.) A dense generator also leaves single bright pixels behind, because every
# pixel has weights of its own. Lab 04 mends that with convolutions.
#
# ## 14. Fashion-MNIST with deep dense networks
#
# Clothes instead of digits, and deeper networks: G 128-256-512-1024 with batch normalisation, D 512-256-1, both with
# LeakyReLU(0.2) and weights drawn by `he_uniform` (whose spread suits ReLUs; Keras' default is `glorot_uniform`). The
# images go from [0, 255] to [-1, 1] with your `preprocess`.
#
# ### Exercise 7: find the bug in the batch normalisation (2 points)
#
# **Batch normalisation** brings every unit of a layer to mean 0 and variance 1 over the batch, and then learns a scale
# and a shift. It keeps the signals of a deep network in a range where gradients are useful. That is the promise. The
# program that these networks come from writes `BatchNormalization(momentum=0.1, epsilon=0.8)`. It runs, and it trains.
# Watch what leaves the layer:

# %%
printed_layer = keras.layers.BatchNormalization(momentum=0.1, epsilon=0.8)
for deviation in (0.1, 0.5, 2.0):
    batch = np.random.default_rng(0).normal(scale=deviation, size=(1000, 1))
    leaves = np.asarray(printed_layer(batch.astype("float32"), training=True))
    print(
        f"goes in with standard deviation {deviation}: leaves with {leaves.std():.2f}"
    )

# %% [markdown]
# The layer computes $(x - \mu) / \sqrt{\sigma^2 + \epsilon}$, and $\epsilon$ is there to avoid a division by 0. Where
# might the 0.8 come from? There is a widespread PyTorch program with `nn.BatchNorm1d(256, 0.8)`. The signature is
# `BatchNorm1d(num_features, eps=1e-05, momentum=0.1)`: whoever wrote it probably meant a momentum, and hit eps. The
# program above copies both numbers, 0.8 and PyTorch's default 0.1. Is at least the 0.1 right? Look up what *momentum*
# means in both libraries (`help(keras.layers.BatchNormalization)`).
#
# Return the Keras layer that does what `nn.BatchNorm1d(n)` with PyTorch's own defaults does.


# %% answer="batch_norm"
def batch_norm():
    """Return a new Keras layer that acts as nn.BatchNorm1d(n) with its defaults."""
    ### BEGIN SOLUTION
    return keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
    ### END SOLUTION


# %% check="batch_norm" points=2
batch_norm = checks.lab03.batch_norm(batch_norm)
### BEGIN HIDDEN TESTS
checks.require("batch_norm")
### END HIDDEN TESTS

# %% [markdown]
# The networks below keep the layer as printed, because it is their program that we look at.

# %%
print(inspect.getsource(models.deep_dense_pair).split('"""')[-1])

# %%
try:
    clothes = data.load_fashion_mnist().first(fashion_count, test_count)
except FileNotFoundError as error:
    clothes = digits.first(fashion_count)
    print(f"{error}\nUntil then this section goes on with the digits.")
print(clothes)
clothes_images = preprocess(clothes.train_images)
visualize.show_grid(
    clothes.train_images[:30], title=f"Thirty training images: {clothes.name}"
)

# %%
deep_generator, deep_discriminator = models.deep_dense_pair(
    latent_dim, clothes.image_shape
)
deep_generator.summary()
deep_discriminator.summary()

# %%
visualize.show_layers(deep_generator)

# %% [markdown]
# Adam gets a learning rate and two betas: $\beta_1$ and $\beta_2$ are the decay rates of its running averages of the
# gradient and of its square. A long training should survive a crash: every 15 epochs a **checkpoint** keeps both
# networks, both optimizers and the random state, so that `resume` goes on as if nothing had happened (lab 06 says more).
# With a `run_folder` named at the top, running the lab again does just that, also in a new session.
# And after *every* epoch a **picture** of the same noise is saved, so that you can look through the training later.
#
# **Before you run it:** this pair has almost ten times as many parameters as the first one. How much longer will an
# epoch take?

# %%
keras.utils.set_random_seed(SEED)
fashion_gan = training.GAN(deep_generator, deep_discriminator, name="Fashion GAN")
fashion_gan.compile(
    keras.optimizers.Adam(2e-4, beta_1=0.5, beta_2=0.999),
    keras.optimizers.Adam(2e-4, beta_1=0.5, beta_2=0.999),
    jit_compile=jit_compile,
)
folder = Path(run_folder or tempfile.mkdtemp(prefix="lab03_"))
(folder / "pictures").mkdir(parents=True, exist_ok=True)
done = training.resume(fashion_gan, folder)
fashion_growing = training.SampleGrid(sheet_of_50, fixed_noise)
fashion_gan.fit(
    clothes_images,
    batch_size=batch_size,
    initial_epoch=done,
    epochs=fashion_epochs,
    callbacks=[
        fashion_growing,
        keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: PIL.Image.fromarray(
                fashion_growing.frames[-1]
            ).save(folder / "pictures" / f"epoch_{epoch + 1:03d}.png")
        ),
        training.Checkpoints(folder, every=checkpoint_every),
        training.StopOnNonFinite(),
    ],
)
for epoch, seconds in enumerate(fashion_gan.epoch_seconds, start=done + 1):
    if epoch <= done + 3 or epoch == fashion_epochs:
        print(
            f"time for epoch {epoch}: {seconds:.1f} s"
            + ("  (with compiling)" if epoch == done + 1 else "")
        )
pictures = sorted((folder / "pictures").iterdir())
print(len(pictures), "pictures:", pictures[0].name, "to", pictures[-1].name)
print("the checkpoint holds", training.resume(fashion_gan, folder), "epochs")

# %%
visualize.show_pairs(
    clothes.train_images[:50],
    fashion_gan.sample(fixed_noise),
    left_title=f"Real: {clothes.name}",
    right_title=f"Fakes after {fashion_epochs} epochs",
    columns=10,
)

# %%
fashion_epochs_played = np.arange(1, fashion_epochs + 1)
fashion_history = fashion_gan.history.history
visualize.plot_curves(
    {
        "d_ accuracy on real images": (
            fashion_epochs_played,
            100 * np.array(fashion_history["d_real_accuracy"]),
        ),
        "d_ accuracy on fakes": (
            fashion_epochs_played,
            100 * np.array(fashion_history["d_fake_accuracy"]),
        ),
    },
    levels={"guessing": 50.0},
    title=f"D's accuracy on {clothes.name}",
    xlabel="epoch",
    ylabel="right answers (%)",
)

# %%
visualize.plot_losses(
    {name: fashion_gan.step_history[name] for name in ("g_loss", "d_loss")},
    title=f"Losses of every iteration: {clothes.name}",
    xlabel="iteration",
    ylabel="loss (nats)",
    smooth=min(50, len(fashion_gan.step_history["g_loss"]) // 4 + 1),
)

# %%
pd.DataFrame(
    [
        {
            "GAN": name,
            "parameters of G": model.generator.count_params(),
            "parameters of D": model.discriminator.count_params(),
            "images per epoch": count,
            "seconds per epoch": round(float(np.median(model.epoch_seconds)), 2),
            "ms per 1,000 images": round(
                1e6 * float(np.median(model.epoch_seconds)) / count
            ),
            "D's accuracy at the end (%)": round(
                50
                * (
                    model.history.history["d_real_accuracy"][-1]
                    + model.history.history["d_fake_accuracy"][-1]
                )
            ),
        }
        for name, model, count in (
            ("dense", gan, len(images)),
            ("deep dense", fashion_gan, len(clothes_images)),
        )
    ]
).set_index("GAN")

# %% [markdown] question="strong-discriminator" points=3
# **Question 6 (3 points).** What happens when D becomes too strong early in the training? (a) Find the cell of your
# experiment in section 12 (or another run above) in which D was strongest in the first 500 iterations, and give both
# losses there. (b) Explain with section 5 what D(G(z)) near 0 does to each of the two losses of G, and why a D that is
# sure everywhere helps little even where the gradient at the score is 1. (c) Name two remedies. And what goes wrong if D
# is too weak?
#
# ### BEGIN SOLUTION
# **Model answer.** (Figures of one `quick` run.) (a) D was strongest with images in [-1, 1] and the course's settings: in
# the first 500 iterations d_loss was about 0.2 and g_loss about 3.7 on average; with [0, 1] they were 0.3 and 3.6, with
# the gentle settings d_loss was 0.8 ([-1, 1]) and 1.2 ([0, 1]), and g_loss about 0.7 in both. (b) D(G(z)) is near 0 then.
# The minimax loss pushes with D(G(z)), so G hardly moves. The non-saturating loss keeps the push at the score near 1, but
# what reaches the image is this push times D's slope at the image. A D that is sure everywhere need not change much
# around the fakes, and where it does, its slope shows what gives the fakes away now, not what a digit looks like: G gets
# little useful feedback. (c) Remedies: a lower rate or fewer parameters for D, a shorter memory (beta_1 = 0.5), dropout
# or smoothed labels, noise or augmentation on both kinds of images, other losses (lab 07). A D that is too weak is no
# help either: G runs to wherever that D happens to be high, and collapses, as on the ring.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | evidence (1) | one run named, with both losses, and D recognised as strong | a run without numbers | none of the own runs |
# | gradients (1) | minimax vanishes at the score; the other stays near 1, but a D that is flat (or sure) around the fakes gives no useful direction | one of the two | "there is no gradient" without saying where |
# | remedies (1) | two that make sense, and what a weak D does | one, or no weak D | none |
#
# **Enough for full marks.** "(a) [-1, 1] with 1e-3 and 0.9: d_loss 0.2, g_loss 3.7 at the start. (b) Near 0
# minimax pushes with nearly 0; the other loss pushes with nearly 1, but times the slope of a D that is flat around the
# fakes, so little arrives. (c) A lower rate for D, or dropout in D. If D is too weak, G runs to an arbitrary high place
# and collapses."
#
# **Typical wrong answer.** "With the non-saturating loss a strong D is no problem." The push at the score stays, but
# what reaches the image is that push times D's slope there, and the slope need not point to better images: half a point
# for the gradients.
# ### END SOLUTION

# %% [markdown]
# **What you should see** (`quick`): shapes that you can name, trousers, shoes, coats, bags and T-shirts, of speckled
# cloth: every pixel has weights of its own, so nothing makes neighbours agree. D's accuracy sinks towards 60 %. The first
# epoch is longer than the others, because the step is compiled in it. Per image the deep pair takes about ten times as
# long as the small one, much as it has almost ten times as many parameters. An *epoch* takes only about twice as long,
# because it has 12,000 images instead of 60,000: if you said ten times, you had the step in mind.

# %%
fakes = data.to_uint8(fashion_gan.sample(fixed_noise[:10]))
nearest = judging.nearest_images(fakes, clothes.train_images)
visualize.show_pairs(
    clothes.train_images[nearest.indices[:, 0]],
    fakes,
    left_title="Nearest training images",
    right_title="Samples of the GAN",
)

# %% [markdown]
# ## 15. Deliverables
#
# - This notebook with your nine functions, executed.
# - The ring: decision and arrows, both losses, both collapses with their counts.
# - The losses of every iteration and the sheet of fifty samples (10 by 5) of the course's program.
# - The table of the experiment, and your own range.
# - The best digits: FID by epoch, D's accuracy, the chart of digits, the table.
# - The clothes, with time per epoch and D's accuracy.
# - Your answers to the six questions.
#
# **Where next?** Lab 04 replaces the dense layers by convolutions and asks, in numbers, whether the digits get better.
# The next cell lists what is answered and what is missing.
