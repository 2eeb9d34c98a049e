# ---
# jupyter:
#   labs:
#     minutes: {smoke: 0.5, quick: 3.3}
#     data: [mnist, fashion_mnist]
# ---

# %% [markdown]
# # Lab 03: Vanilla GAN
#
# Two networks, one game. The **generator** draws, the **discriminator** judges, and each gets better because the other
# one does. You will write both losses and the training step, watch the game in the plane, where nothing can hide, and
# then play it with digits and with clothes.
#
# **You will learn** to
#
# - write the two competing costs in a form that never overflows, and say why one form of the generator's is used and
#   the other not,
# - take one training step with two gradient tapes, in which each network moves down its own loss only,
# - see equilibrium, oscillation and mode collapse with your own eyes,
# - read the curves of a GAN: losses that do not fall, and an accuracy on its way to 50 %.
#
# **Time:** less than 4 minutes of computing on two CPU cores, four hours with exercises and questions. **Before you
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

# %%
visualize.show_pipeline(
    [
        ("noise z", "100 numbers"),
        ("generator", "100 => 128 => 784"),
        ("fake image", "28x28\nand real ones, too"),
        ("discriminator", "784 => 128 => 1"),
        ("real or fake?", "one score"),
    ],
    title="What you will have built: two dense networks that play against each other",
)

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
ring_epochs = profile.pick(
    smoke=2, quick=200, full=200
)  # of 50 steps each; smoke: 4 steps
collapse_epochs = profile.pick(smoke=2, quick=16, full=16)

# MNIST with the settings of the original course
latent_dim = 100
epochs = profile.pick(smoke=1, quick=5, full=5)
learning_rate = 1e-3
weight_decay = 1e-5
# MNIST with gentler settings, those of the DCGAN paper: a smaller step, and a shorter memory of old gradients (beta_1)
gentle_epochs = profile.pick(smoke=1, quick=20, full=60)
gentle_rate, gentle_beta_1 = 2e-4, 0.5

# Fashion-MNIST with the deep dense networks
fashion_epochs = profile.pick(smoke=2, quick=15, full=60)
checkpoint_every = profile.pick(smoke=1, quick=15, full=15)

# judging
sample_count = profile.pick(smoke=200, quick=10_000, full=10_000)
# XLA makes dense networks faster once it has compiled them; None asks for it where it pays. A smoke run ends before that.
jit_compile = profile.pick(smoke=False, quick=None, full=None)

# %% [markdown]
# ## 1. The two players
#
# Our data $x$ come from a distribution $p_{data}$ that nobody can write down: handwritten digits, faces, cars,
# bedrooms.
#
# **The generator** $G$ takes a noise vector $z$ from a normal distribution and turns it into a sample $G(z)$ of the
# same size as the data. New noise gives a new sample, so there is no end of them. It is asked for more than one good
# picture: its samples should be *distributed* as the data are. Its distribution is called $p_{model}$.
#
# **The discriminator** $D$ takes an input of that size and gives one number, the probability that it is real: 1 for a
# photograph of a car, 0 for a drawing that $G$ made of one. It is an ordinary binary classifier. Its labels cost
# nothing.
#
# **The confrontation.** $D$ sees real samples and fakes and learns to tell them apart. $G$ never sees a real sample. It
# only learns, from $D$'s gradient, how its fakes would have to change to look more real. So $D$ is opponent and teacher
# at once. If all goes well, the fakes become so good that $D$ can only guess: its accuracy falls to **50 %**. That this
# can go far was seen in 2018, when a portrait painted by a GAN was sold for 432,500 dollars.
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
# *Watch the signs.* The slides of the original course drop the minus signs of $J^{(D)}$ and then still write
# $\arg\min_{\theta_d} J^{(D)}$ and $J^{(G)} = -\frac{1}{2} \mathbb{E} \log(1 - D(G(z)))$ with $\arg\min_{\theta_g}$.
# Followed to the letter, $D$ would learn to be wrong and $G$ to look fake. Ask yourself for each cost: what happens to
# $D(G(z))$ when it falls?
#
# ## 3. Exercise 1: the best discriminator (2 points)
#
# Let us stand still for a moment: $G$ is fixed, and $D$ may say anything it likes at every point $x$. With both
# densities known,
#
# $$J^{(D)} = -\tfrac{1}{2} \int p_{data}(x) \log D(x) \, dx - \tfrac{1}{2} \int p_{model}(x) \log (1 - D(x)) \, dx .$$
#
# Each $x$ can be treated alone: minimise $-p_{data} \log D - p_{model} \log (1 - D)$. Set the derivative by $D$ to 0
# and solve. Your function gets both densities (numbers or arrays) and returns the best $D$.
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
        f"{when}: the best D pays {cost:.3f} (without the factor 1/2; guessing pays 2 log 2 = {2 * np.log(2):.3f})"
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
# **What you should see:** at the start the best $D$ is a soft step: almost 0 among the fakes, almost 1 among the data.
# Its slope in between is what shows $G$ the way. In equilibrium, with $p_{model} = p_{data}$, the best $D$ is **1/2
# everywhere**: it knows nothing and can know nothing. It then pays $2 \log 2 = 1.386$, and $G$ (below) $\log 2 =
# 0.693$. Remember these two numbers.
#
# ## 4. Exercises 2 and 3: both losses, from scores (2 + 2 points)
#
# Our $D$ ends without a sigmoid. It puts out a **score** (logit) $s$, and $D(x) = \sigma(s) = 1 / (1 + e^{-s})$. That
# is for the computer's sake: in float32 $\sigma(100)$ is exactly 1, and $\log(1 - 1)$ is minus infinity. With scores,
# the same numbers are harmless:
#
# $$-\log \sigma(s) = \log(1 + e^{-s}) = \mathrm{softplus}(-s), \qquad -\log (1 - \sigma(s)) = \mathrm{softplus}(s) .$$
#
# TensorFlow's `tf.nn.softplus` is exact for every score. (`keras.losses.BinaryCrossentropy(from_logits=True)` does the
# same.)
#
# **Exercise 2.** `discriminator_loss`: the mean cross-entropy of the real images (label 1) **plus** that of the fakes
# (label 0). We leave the factor 1/2 out, as most programs do.
#
# *Small example:* scores of 0 mean "I do not know": the loss is $\log 2 + \log 2 = 1.386$.


# %% answer="discriminator_loss"
def discriminator_loss(real_logits, fake_logits):
    """Return D's loss, a scalar, from its scores of a batch of real and of a batch of fake images."""
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
        # One score a "batch": the mean over a batch of one is the loss of that score.
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

# %% [markdown]
# **What you should see:** two straight lines that cross. The minimax gradient is $D(G(z))$ itself: it is **0 just where
# the fakes are bad**, so G gets no help when it needs it most. It *saturates*. The non-saturating gradient is $1 -
# D(G(z))$: largest for bad fakes, and small for good ones. Both vanish at the same saddle point, so the goal is the
# same and only the way differs.

# %% [markdown] question="costs" points=3
# **Question 1 (3 points).** Write down both costs of the zero-sum game, and say which player goes up and which goes
# down. Why is $G$ trained with the non-saturating loss instead? Use the plot: what do both gradients do while $D(G(z))$
# is near 0?
#
# ### BEGIN SOLUTION
# **Model answer.** J(D) = -1/2 E log D(x) - 1/2 E log(1 - D(G(z))), J(G) = -J(D). D maximises the value E log D(x) + E
# log(1 - D(G(z))) by gradient ascent (it minimises J(D)), G minimises it by gradient descent. At the start D easily
# recognises the fakes, so D(G(z)) is near 0. The gradient of the minimax loss with respect to the score has the size
# D(G(z)), so it is near 0, too, and G hardly learns. The non-saturating loss -log D(G(z)) has the gradient 1 - D(G(z)),
# near 1 for bad fakes: G learns fastest where it is worst. It is no longer a zero-sum game, but the equilibrium is the
# same.
#
# **Rubric.** 1 point: both costs with right signs, and ascent/descent. 1 point: minimax gradient vanishes at D(G(z))
# near 0, non-saturating one is near 1. 1 point: consequence for learning at the start.
# ### END SOLUTION

# %% [markdown]
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
# Two losses, two tapes, two optimizers. Nothing has to be frozen: which network moves is decided by the variables that
# you hand to `tape.gradient(loss, variables)` and `optimizer.apply(gradients, variables)`. You may compute step 4
# before or after D has moved (both are in use). Return `d_loss, g_loss`. The step will be compiled with `tf.function`,
# so stay in TensorFlow.


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
        fake_images = generator(
            noise, training=True
        )  # (batch, latent_dim) => (batch, ...)
        real_logits = discriminator(
            real_images, training=True
        )  # (batch, ...) => (batch, 1)
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
    """D on a grid (rows from the top down), and the direction in which G's loss falls at every fake."""
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
dice = np.random.default_rng(SEED)
shown_noise = dice.normal(size=(60, 2)).astype("float32")
panels, my_losses = {}, []
for step in tqdm(range(1, max(game_steps) + 1), desc="your own step"):
    real_points = ring.points[dice.integers(len(ring.points), size=ring_batch)]
    noise = dice.normal(size=(ring_batch, 2)).astype("float32")
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
# **What you should see** (`quick`): after 20 steps D is one smooth slope, and all arrows point **up that slope**, not
# to the nearest real points: G knows of the data only what D tells it. After 300 steps the slope lies in another
# direction, and the fakes run after it. After 1,500 steps D has eight small hills, and each fake is pulled to the
# nearest one.
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
# From here on `training.GAN`, a `keras.Model`, does the training with `fit`. Its step is one function of two **players**, each a
# network with its optimizer. Read it line by line; the terms, the clipping and the state are for the losses of lab 07, and
# empty here.
#
# - The `table` is where both players sit: it lets D `look` at the images, and adds up what they `pay` for terms.
# - For each batch (one here): G draws fakes from the noise, and `generator_tape` remembers how.
# - `discriminator_tape` is open while D looks at the real images and the fakes, and its loss is computed from the scores.
# - `descend` asks that tape for the gradient with respect to D's variables only, and D's optimizer moves them.
# - Then `generator_tape` is opened **again**: the D that has just learned scores *the same* fakes, and G's loss is
#   computed from these scores. So one
#   generator pass serves both updates.
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
def play(loss, generator_rate, discriminator_rate, beta_1, epochs, name, decay=True):
    """Train on the ring; return the GAN, what was seen on the way, and the coverage at the end."""
    keras.utils.set_random_seed(SEED)
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
        seen[f"after epoch {model.epoch.numpy() + 1}"] = model.sample(500, seed=1)
        found = judging.mode_coverage(
            model.sample(2500, seed=2), ring.centres, ring.sigma
        )
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
# **What you should see** (`quick`): all eight modes with both losses, and more than nine of ten samples good. Both
# losses of the players come to rest near 1.37 and 0.74, close to $2 \log 2 = 1.386$ and $\log 2 = 0.693$: this game is
# nearly in balance. The minimax loss works here as well, because D never gets far ahead on eight dots. On images it
# does.
#
# ### Mode collapse, made visible
#
# Now we break the balance on purpose: G learns four times as fast as D, with Adam's default memory. D always judges the
# fakes of yesterday.
#
# **Before you run it:** what is the best thing that G can do if D hardly moves?

# %%
_, seen, coverage = play(
    losses.non_saturating(), 2e-3, 5e-4, 0.9, collapse_epochs, "collapse", decay=False
)
print(f"at the end: {coverage}")
visualize.show_points(
    seen,
    centres=ring.centres,
    limit=2.2,
    title="Collapse: all fakes in one place, which moves on",
    columns=4,
)

# %% [markdown]
# **What you should see** (`quick`): one clump instead of eight modes, in another place in every picture. All noise
# vectors lead to the spot where D gives the highest score at this moment: that is **mode collapse**. Soon D has learned
# that this spot is full of fakes and lowers its score there; now another spot is highest, and the whole clump jumps.
# The players run in circles and nobody arrives: that is **oscillation**.
#
# ## 9. Exercise 5: find the bug in the data (2 points)
#
# Now real images. The course's program loads MNIST like this:
#
# ```python
# def preprocess(images):                       # uint8, 0 to 255
#     return images.astype("float32") / 255.0
# ```
#
# and trains a generator that ends in **tanh** on it. It runs. Where is the bug? Compare the two ranges.

# %%
digits = data.load_mnist().first(train_count, test_count)
print(digits)


# %%
def course_preprocess(images):
    return images.astype("float32") / 255.0


def train_briefly(real_images, steps):
    """Your own step on the dense pair, with the course's settings; return the generator and D's last scores."""
    keras.utils.set_random_seed(SEED)
    generator, discriminator = models.vanilla_pair(latent_dim, digits.image_shape)
    optimizers = [
        keras.optimizers.Adam(learning_rate, weight_decay=weight_decay)
        for _ in range(2)
    ]
    for optimizer, network in zip(optimizers, (generator, discriminator), strict=True):
        optimizer.build(network.trainable_variables)
    step = tf.function(train_step, reduce_retracing=True)
    dice = np.random.default_rng(SEED)
    for _ in tqdm(range(steps), desc="course's data"):
        batch = real_images[dice.integers(len(real_images), size=batch_size)]
        step(
            generator,
            discriminator,
            *optimizers,
            batch,
            dice.normal(size=(batch_size, latent_dim)).astype("float32"),
        )
    return generator


wrong_data = course_preprocess(digits.train_images)
wrong_steps = profile.pick(smoke=4, quick=500, full=500)
wrong_generator = train_briefly(wrong_data, wrong_steps)
wrong_fakes = wrong_generator(
    np.random.default_rng(1).normal(size=(500, latent_dim)).astype("float32")
).numpy()
below = {
    name: (pictures < 0).any(axis=(1, 2, 3)).mean()
    for name, pictures in (("real", wrong_data), ("fake", wrong_fakes))
}
print(
    f"images with a pixel below 0: real {below['real']:.0%}, fake {below['fake']:.0%}"
)
print(
    f"pixels that are exactly 0:   real {(wrong_data == 0).mean():.0%}, fake {(wrong_fakes == 0).mean():.0%}"
)
visualize.show_pairs(
    wrong_data[:10],
    np.clip(wrong_fakes[:10], 0, 1),
    left_title="Real images in [0, 1]",
    right_title=f"Fakes of a tanh after {wrong_steps} steps, cut to [0, 1]",
)

# %% [markdown]
# **What you should see:** *every* fake has pixels below 0, and no real image has. D needs no idea of digits: one look
# at the sign gives the fakes away. And the background, four fifths of every image, is exactly 0, which lies in the
# **middle** of a tanh, where it is steepest: G has to hit that value to the last digit, pixel by pixel. At -1 the tanh
# is flat, and black comes for free.
#
# The engine refuses such data:

# %%
try:
    gan = training.GAN(*models.vanilla_pair(latent_dim, digits.image_shape))
    gan.compile(jit_compile=False)
    gan.fit(wrong_data, epochs=1)
except ValueError as error:
    print(f"ValueError: {error}")

# %% [markdown]
# Repair the function: uint8 images in, float32 images out, in the range that a tanh can reach. Black should be -1 and
# white 1.


# %% answer="preprocess"
def preprocess(images):
    """Return uint8 images (n, height, width, channels) as float32 in the range of tanh."""
    ### BEGIN SOLUTION
    return (images.astype("float32") - 127.5) / 127.5
    ### END SOLUTION


# %% check="preprocess" points=2
preprocess = checks.lab03.preprocess(preprocess)
### BEGIN HIDDEN TESTS
checks.require("preprocess")
### END HIDDEN TESTS

# %% [markdown]
# ## 10. MNIST with the dense pair
#
# G: 100 => 128 => 784, LeakyReLU, tanh. D: 784 => 128 => 1, LeakyReLU, no sigmoid (the loss has it). Both with Adam, a
# learning rate of 1e-3 and a weight decay of 1e-5, batches of 128, 5 epochs: the settings of the course. (One
# difference: PyTorch's Adam adds the decay to the gradient (L2 regularisation), Keras' Adam shrinks the weights
# directly. At 1e-5 you will not see it.) Its program also leaves the data unshuffled and drops the last, smaller batch;
# `fit` here shuffles, and takes every image.

# %%
print(inspect.getsource(models.vanilla_pair).split('"""')[-1])
images = preprocess(digits.train_images)
print("images", images.shape, images.dtype, "from", images.min(), "to", images.max())
generator, discriminator = models.vanilla_pair(latent_dim, digits.image_shape)
generator.summary()
discriminator.summary()

# %%
visualize.show_layers(generator)

# %% [markdown]
# **Before you run it:** sketch both losses over 2,345 steps. Does one of them fall to 0? Will five epochs be enough for
# ten digits?

# %%
fixed_noise = (
    np.random.default_rng(SEED).normal(size=(50, latent_dim)).astype("float32")
)
judge = judging.mnist_judge()
reference = judging.real_reference(
    judge, digits.test_images, digits.train_images[: len(digits.test_images)]
)


def sheet_of_50(samples):
    return visualize.sheet(samples, columns=10)


def digits_in(model, count=1000):
    """How many of so many samples the judge takes for each digit."""
    return judging.class_histogram(judge.probabilities(model.sample(count, seed=4)))


def new_gan(rate, beta_1, name):
    """The dense pair with fresh weights, compiled."""
    keras.utils.set_random_seed(SEED)
    gan = training.GAN(
        *models.vanilla_pair(latent_dim, digits.image_shape),
        losses.non_saturating(),
        name=name,
    )
    gan.compile(
        keras.optimizers.Adam(rate, beta_1, weight_decay=weight_decay),
        keras.optimizers.Adam(rate, beta_1, weight_decay=weight_decay),
        jit_compile=jit_compile,
    )
    return gan


course_gan = new_gan(learning_rate, 0.9, "course's settings")
course_growing = training.SampleGrid(sheet_of_50, fixed_noise)
before = course_gan.sample(fixed_noise)
course_gan.fit(
    images,
    batch_size=batch_size,
    epochs=epochs,
    callbacks=[course_growing, training.StopOnNonFinite()],
)
print(
    f"{np.mean(course_gan.epoch_seconds[1:] or course_gan.epoch_seconds):.1f} s per epoch"
)

# %%
smooth = min(100, len(course_gan.step_history["g_loss"]) // 4 + 1)
visualize.plot_losses(
    {name: course_gan.step_history[name] for name in ("g_loss", "d_loss")},
    title="Losses of every iteration, the course's five epochs",
    xlabel="iteration",
    ylabel="loss (nats)",
    smooth=smooth,
)

# %%
visualize.show_sheets(
    {
        "before training": before[:25],
        "after training": course_gan.sample(fixed_noise)[:25],
    },
    title="The same noise before and after the course's training",
)

# %%
visualize.show_grid(
    course_gan.sample(fixed_noise),
    columns=10,
    title="Fifty samples after the course's five epochs",
)

# %% [markdown]
# **What you should see** (`quick`): for the first two epochs D is far too strong. Its loss is almost 0 and G's stands
# at 2 to 6 nats. Then G finds something that fools D for a while, and both losses begin to swing, G's up to 10 nats.
# The curves never settle, and they do not tell you how good the images are. The fifty samples do: speckled blobs, and
# all of them alike, whatever the noise. That is **mode collapse** on images. Five epochs with these settings are a
# start, not a result.
#
# ### The same game, played more gently
#
# Same networks, same loss, same data. Only Adam changes: a step five times smaller, and $\beta_1 = 0.5$ instead of 0.9,
# so that it forgets old gradients sooner. In a game an old gradient is bad advice, because the opponent has moved
# since. And it plays longer.

# %%
gan = new_gan(gentle_rate, gentle_beta_1, "gentle settings")
growing = training.SampleGrid(
    sheet_of_50, fixed_noise, every=max(1, gentle_epochs // 5)
)
fid_count = min(5000, sample_count)
quality = training.Quality(
    lambda model: (
        judging.quality(model.sample(fid_count, seed=6), judge, reference).fid
    ),
    every=max(1, gentle_epochs // 5),
)
gan.fit(
    images,
    batch_size=batch_size,
    epochs=gentle_epochs,
    callbacks=[growing, quality, training.StopOnNonFinite()],
)
print(f"{np.mean(gan.epoch_seconds[1:] or gan.epoch_seconds):.1f} s per epoch")
print(
    "FID by epoch:",
    {
        epoch: round(value["fid"], 1)
        for epoch, value in zip(quality.epochs, quality.values, strict=True)
    },
)

# %%
visualize.show_pairs(
    digits.train_images[:50],
    gan.sample(fixed_noise),
    left_title="Real digits",
    right_title="Fifty samples, gentle settings",
    columns=10,
)

# %%
epochs_played = np.arange(1, gentle_epochs + 1)
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
    title="D's accuracy, slowly on its way to 50 %",
    xlabel="epoch",
    ylabel="right answers (%)",
)

# %%
visualize.plot_losses(
    {name: gan.step_history[name] for name in ("g_loss", "d_loss")},
    title="Losses of every iteration, gentle settings",
    xlabel="iteration",
    ylabel="loss (nats)",
    smooth=smooth,
)

# %% [markdown]
# **What you should see** (`quick`): in the first epoch D calls nearly everything real, then it learns to tell the two
# apart, and as G gets better, D's accuracy sinks to between 65 and 80 %, on its way to 50 %, but not there: this G still
# leaves traces, and D finds new ones. The losses end near 1.0 for D and 1.4 for G. In equilibrium they would be 1.386 and
# 0.693.
#
# ### Are all ten digits there?
#
# **Before you run it:** a generator that draws only perfect ones fools D in every single case. Would D's accuracy tell?
# What would?

# %%
found = {"course's settings": digits_in(course_gan), "gentle settings": digits_in(gan)}
visualize.plot_counts(
    found,
    digits.class_names,
    title="Which digits the judge sees among 1,000 samples of each GAN",
)

# %%
rows = []
for name, model in (("course's settings", course_gan), ("gentle settings", gan)):
    samples = model.sample(sample_count, seed=5)
    judged = judging.quality(samples, judge, reference)
    print(f"{name}: {judged}")
    # Neighbours among 10,000 against 10,000 take a minute; every third image will do.
    precision, recall = judging.precision_recall(
        reference.features[::3], judge.features(samples[::3])
    )
    rows.append(
        {
            "dense GAN": name,
            "parameters": generator.count_params() + discriminator.count_params(),
            "epochs": len(model.epoch_seconds),
            "seconds per epoch": round(float(np.median(model.epoch_seconds)), 2),
            "FID": round(judged.fid, 1),
            "floor": None if judged.floor is None else round(judged.floor, 2),
            "precision": round(precision, 2),
            "recall": round(recall, 2),
            "digits found": int((found[name] > 0).sum()),
        }
    )
pd.DataFrame(rows).set_index("dense GAN")

# %% [markdown]
# **What you should see** (`quick`): among the blobs of the course's settings the judge, who has to name some digit,
# sees an 8 nearly always. The gentle settings show all ten digits, the rarest about thirty times in 1,000. FID
# falls from about 320 to about 80; the floor is 0.5, so there is a lot of room for better networks. Recall is 0 for the
# blobs and not much more for the gentle settings: ten kinds of digits are there, but not the many ways of writing them.
# **One number never tells the whole story.**
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
# **What you should see:** similar digits with other strokes. It has not learned them by heart; a dense generator also
# leaves single bright pixels behind, because every pixel has weights of its own. Lab 04 mends that with convolutions.

# %% [markdown] question="players" points=3
# **Question 2 (3 points).** What does G learn, and what does D learn? Say for each what goes in, what comes out, which
# data it ever sees, and where its training signal comes from. What does G's noise vector do?
#
# ### BEGIN SOLUTION
# **Model answer.** G maps noise z (100 normal numbers) to an image of the data's size. It learns a transformation that
# makes its outputs distributed like the data. It never sees a real image: its only signal is the gradient of D's score
# with respect to its fake. D maps an image to one number, how probable it is that the image is real. It sees real and
# fake images with free labels and learns the difference between the two distributions: at its best p_data / (p_data +
# p_model). The noise is where variety comes from: each z gives another image, so one network stands for a whole
# distribution; without it G could draw one image only.
#
# **Rubric.** 1 point: G (in, out, never sees real data, learns a distribution). 1 point: D (in, out, both kinds,
# density ratio). 1 point: signal by gradient through D, and the role of the noise.
# ### END SOLUTION

# %% [markdown] question="balance" points=3
# **Question 3 (3 points).** When is the game in balance? What do D(x), both losses and D's accuracy read there? Look at
# your curves: how close do they come? Is an accuracy of 50 % alone a proof that the fakes are good?
#
# ### BEGIN SOLUTION
# **Model answer.** In balance p_model = p_data; the best D is 1/2 everywhere, d_loss = 2 log 2 = 1.386, g_loss = log
# 2 = 0.693, accuracy 50 % on real and on fake images, and neither player can gain by a move of its own. On the ring
# the losses came to rest near 1.37 and 0.74, nearly in balance. With the gentle settings on digits the accuracy sank
# to between 65 and 80 %, and the losses stayed near 1.0 and 1.4 and kept swinging (own numbers). 50 % alone proves
# nothing: D may be weak or just untrained (lab 02: a new D also says 1/2), or G may draw one perfect kind of image.
# One must look at samples, at the counts of digits, and at FID.
#
# **Rubric.** 1 point: p_model = p_data and D = 1/2. 1 point: numbers 1.386, 0.693, 50 % compared with own curves. 1
# point: why 50 % is necessary but not sufficient.
# ### END SOLUTION

# %% [markdown] question="collapse" points=4
# **Question 4 (4 points).** What are oscillation and mode collapse? Show each with a picture or a number of your own,
# from the ring and from the digits. Explain with the ring why the collapsed fakes do not stay in one place, and why D's
# losses alone do not show a collapse.
#
# ### BEGIN SOLUTION
# **Model answer.** Oscillation: the players chase each other; each step is right against yesterday's opponent, so
# losses and samples swing instead of settling (the loss curves of my own steps, or the course's five epochs, where
# g_loss swings between 2 and 10 nats). Mode collapse: G draws few kinds only. On the ring with a fast G all fakes sit
# in one place; among 1,000 samples of the course's settings the judge sees almost only one digit (own counts), with the
# gentle ones all ten. It does not stay because G goes where D gives the highest score now; D then learns that this
# place is full of fakes and lowers its score there, so the highest place is elsewhere and G moves on. The losses do not
# show it: D judges single images, and each collapsed image may look real by itself, so both losses can look balanced.
#
# **Rubric.** 1 point: oscillation with own evidence. 1 point: collapse with own evidence from ring and digits. 1 point:
# why it moves on. 1 point: D judges one image at a time, so losses say little about variety.
# ### END SOLUTION

# %% [markdown] question="strong-discriminator" points=3
# **Question 5 (3 points).** What happens when D becomes too strong early in the training? Explain it with the gradients
# of section 5 and with the shape of a D that is sure everywhere. Name two things that one can do about it. And what if
# D is too weak?
#
# ### BEGIN SOLUTION
# **Model answer.** If D is sure that all fakes are fake, D(G(z)) is near 0. With the minimax loss G's gradient is then
# near 0, and it stops learning. The non-saturating loss keeps the gradient at D's score near 1, but a D that is sure
# everywhere is flat around the fakes (D(x) = 0 without a slope), so the gradient that reaches the image is small or
# points nowhere useful: G gets little feedback. (The [0, 1] data were such a case: one look at the sign was enough. So
# were the first two epochs of the course's settings, with D's loss near 0.) Remedies: the non-saturating loss, a
# smaller learning rate or fewer parameters for D, noise or augmentation on both kinds of images, dropout, smoothed
# labels, other losses (lab 07). A D that is too weak gives no useful direction either: G runs to where that D happens
# to be high, and collapses.
#
# **Rubric.** 1 point: D(G(z)) near 0, minimax gradient vanishes. 1 point: flat D, little feedback for G. 1 point: two
# sensible remedies and the weak D.
# ### END SOLUTION

# %% [markdown]
# ## 11. Fashion-MNIST with deep dense networks
#
# Clothes instead of digits, and deeper networks: G 128-256-512-1024 with batch normalisation, D 512-256-1, both with
# LeakyReLU(0.2) and weights drawn by `he_uniform` (whose spread suits ReLUs; Keras' default is `glorot_uniform`).
# **Batch normalisation** brings every unit of a layer to mean 0 and variance 1 over the batch and then learns a scale
# and a shift. It keeps the signals of a deep network in a range where gradients are useful.
#
# The images go from [0, 255] to [-1, 1] with your `preprocess`: $(x - 127.5) / 127.5$.

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
# networks, both optimizers and the state of the dice, so that `resume` goes on as if nothing had happened (lab 06 says
# more).
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
folder = Path(tempfile.mkdtemp(prefix="lab03_"))
fashion_growing = training.SampleGrid(
    sheet_of_50, fixed_noise, every=max(1, fashion_epochs // 5)
)
fashion_gan.fit(
    clothes_images,
    batch_size=batch_size,
    epochs=fashion_epochs,
    callbacks=[
        fashion_growing,
        training.Checkpoints(folder, every=checkpoint_every),
        training.StopOnNonFinite(),
    ],
)
for epoch, seconds in enumerate(fashion_gan.epoch_seconds, start=1):
    if epoch <= 3 or epoch == fashion_epochs:
        print(
            f"time for epoch {epoch}: {seconds:.1f} s"
            + ("  (with compiling)" if epoch == 1 else "")
        )
print(
    "the checkpoint holds",
    training.resume(fashion_gan, folder),
    "epochs in",
    sum(f.stat().st_size for f in folder.iterdir()) // 2**20,
    "MiB",
)

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

# %% [markdown]
# **What you should see** (`quick`): shapes that you can name, trousers, shoes, coats, bags and T-shirts, of speckled
# cloth: every pixel has weights of its own, so nothing makes neighbours agree. D's accuracy sinks towards 60 %. The
# first epoch is longer than the others, because the step is compiled in it.

# %%
fakes = data.to_uint8(fashion_gan.sample(fixed_noise[:10]))
nearest = judging.nearest_images(fakes, clothes.train_images)
visualize.show_pairs(
    clothes.train_images[nearest.indices[:, 0]],
    fakes,
    left_title="Nearest training images",
    right_title="Samples of the GAN",
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

# %% [markdown]
# ## 12. Deliverables
#
# - This notebook with your five functions, executed.
# - The losses of every iteration, the sheets of fifty samples (10 by 5) of both settings, the chart of digits, and the table.
# - The ring: decision and arrows, both losses, the collapse.
# - The clothes, with time per epoch and D's accuracy.
# - Your answers to the five questions.
#
# **Where next?** Lab 04 replaces the dense layers by convolutions and asks, in numbers, whether the digits get better.
# The next cell lists what is answered and what is missing.
