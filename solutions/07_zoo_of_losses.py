# ---
# jupyter:
#   labs:
#     minutes: {smoke: 0.8, quick: 13.8}
#     data: [mnist]
# ---

# %% [markdown]
# # Lab 07: The zoo of losses
#
# Same networks, many losses. Since 2014 there have been dozens of GANs, and many of them differ in a single line: what
# the two players pay. In this lab eleven of these losses play the same three games, under one budget, and you read the
# results. Then two GANs are told something: one gets labels, one finds its own.
#
# **You will learn** to
#
# - write the losses of LSGAN, WGAN and SAGAN and the penalty of WGAN-GP, from scores,
# - say what each of them changes in the gradient, and why a critic must not be steep,
# - read a table of results: modes, good samples, FID, seconds, and what it does not tell you,
# - draw the digit that you ask for (CGAN), and find the digits without labels (InfoGAN).
#
# **Time:** about 14 minutes of computing on two CPU cores, four hours with exercises and questions. **Before you start:** lab 03.
#
# **How the exercises work.** Write your code where it says so and run the check below it. If you skip an exercise, the
# lab goes on with `labhelpers`' own version.

# %% setup=true
import dataclasses
import inspect

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from IPython.display import Math, display

from labhelpers import (
    checks,
    data,
    judging,
    losses,
    models,
    profiles,
    training,
    visualize,
    zoo,
)

# %%
visualize.show_pipeline(
    [
        ("one pair", "the same networks\nthe same noise"),
        ("eleven losses", "cross-entropy, squares,\nmargins, distances, energies"),
        ("three games", "ring, grid, MNIST\nthe same number of steps"),
        ("one table", "modes, good samples\nFID, seconds"),
    ],
    title="What you will have made: a contest of eleven losses",
)

# %% [markdown]
# ## Parameters

# %% setup=true
profile = profiles.current()
print(profile)

SEED = 0
keras.utils.set_random_seed(SEED)
tf.get_logger().setLevel(
    "ERROR"
)  # no notes on how often functions are compiled: every new GAN has its own

# who plays: all, or in a smoke run one of each kind
few = ("non-saturating", "least squares (0, 1, 1)", "WGAN-GP", "BEGAN")
players = profile.pick(smoke=few, quick=None, full=None)

# the games; every G takes as many steps as there are batches in so many epochs (`labs zoo` plays the same)
run = zoo.RUNS[profile.name]
print(run)

# the two that are told something
told_batch = profile.pick(smoke=32, quick=64, full=64)
conditional_epochs = profile.pick(smoke=1, quick=3, full=30)
info_epochs = profile.pick(smoke=1, quick=4, full=50)
told_count = profile.pick(smoke=128, quick=50_000, full=60_000)

# XLA makes dense networks faster once it has compiled them. A smoke run ends before that.
jit_compile = profile.pick(smoke=False, quick=None, full=None)

# %% [markdown]
# ## 1. The zoo
#
# First the map. The tables come from the package's own registry, `labhelpers.zoo`; the column *built* says which lab
# trains a type, and shows what is not built yet as such.
#
# **Types: the idea, and what it is good for**

# %%
pd.set_option("display.max_colwidth", None)
zoo.table("idea", "architecture", "use", "built")

# %% [markdown]
# **History: what each added**, in the order of the years. Sort it by any column with `sort_values`.

# %%
zoo.table("year", "key_feature", "paper").sort_values(["year", "type"])

# %% [markdown]
# **Losses.** With $r = D(x)$ and $f = D(G(z))$, raw scores throughout; $sp(t) = \log(1 + e^t)$, $[t]_+ = \max(0, t)$.

# %%
zoo.table("objective", "built")

# %% [markdown]
# Two things that tables like these often get wrong: SPA-GAN stands for *spatial attention* (not "style preserving"), and
# LSGAN takes raw scores, without a sigmoid.
#
# This lab is about the objectives. In the code each of them is a **value**: two functions of the scores, perhaps **terms** that are
# paid besides (a penalty, a controller), a number of critic steps, a clip, and recommended optimizers. The training step of lab 03 runs them all.

# %%
for make in (losses.non_saturating, losses.least_squares, losses.hinge, losses.wgan_gp):
    loss = make()
    print(f"{loss.name}: {loss.source}; {loss.critic_steps} step(s) of D")
    display(Math(loss.formula))
print(inspect.getsource(losses.hinge).split('"""')[-1])

# %% [markdown]
# ## 2. Exercise 1: least squares (2 points)
#
# The cross-entropy has a blind spot. A fake that D already calls real ($f = 5$, say) costs G almost nothing, however
# far from the data it lies. **LSGAN** asks for numbers instead of sides: D should say $b$ to real images and $a$ to
# fakes, and G wants $c$:
#
# $$L_D = \tfrac12\, \mathbb{E}\,(r - b)^2 + \tfrac12\, \mathbb{E}\,(f - a)^2, \qquad
# L_G = \tfrac12\, \mathbb{E}\,(f - c)^2 .$$
#
# Too good is now as wrong as too bad. Write both with $(a, b, c) = (0, 1, 1)$, on the **raw scores**.
#
# *Small example:* for $r = f = 0$ both losses are 0.5.


# %% answer="least_squares_losses"
def least_squares_losses(real_logits, fake_logits):
    """Return d_loss and g_loss, two scalars."""
    ### BEGIN SOLUTION
    d_loss = 0.5 * tf.reduce_mean(tf.square(real_logits - 1)) + 0.5 * tf.reduce_mean(
        tf.square(fake_logits)
    )
    g_loss = 0.5 * tf.reduce_mean(tf.square(fake_logits - 1))
    return d_loss, g_loss
    ### END SOLUTION


# %% check="least_squares_losses" points=2
least_squares_losses = checks.lab07.least_squares_losses(least_squares_losses)
### BEGIN HIDDEN TESTS
checks.require("least_squares_losses")
### END HIDDEN TESTS

# %% [markdown]
# ## 3. Exercise 2: a distance instead of a decision (2 points)
#
# **WGAN** asks another question: how much work is it to carry the fakes to where the data are? This is the *earth mover's*
# or Wasserstein distance. It can be read from a **critic**: a network whose score may rise by at most 1 for each
# unit of distance, and that tries to set real and fake as far apart as it can:
#
# $$W = \max_{\lVert D \rVert_L \le 1} \; \mathbb{E}\, r - \mathbb{E}\, f .$$
#
# The critic *minimises* the negative of that, and G carries its fakes uphill:
#
# $$L_D = \mathbb{E}\, f - \mathbb{E}\, r, \qquad L_G = -\mathbb{E}\, f .$$
#
# *Small example:* for $r = [3]$, $f = [1]$ the critic pays $-2$ and G pays $-1$. Losses below 0 are fine here.


# %% answer="wasserstein_losses"
def wasserstein_losses(real_logits, fake_logits):
    """Return d_loss and g_loss, two scalars."""
    ### BEGIN SOLUTION
    d_loss = tf.reduce_mean(fake_logits) - tf.reduce_mean(real_logits)
    g_loss = -tf.reduce_mean(fake_logits)
    return d_loss, g_loss
    ### END SOLUTION


# %% check="wasserstein_losses" points=2
wasserstein_losses = checks.lab07.wasserstein_losses(wasserstein_losses)
### BEGIN HIDDEN TESTS
checks.require("wasserstein_losses")
### END HIDDEN TESTS

# %% [markdown]
# ## 4. Exercise 3: a margin (2 points)
#
# The **hinge** loss of SAGAN and BigGAN is that of a support vector machine. D pays for real images below $+1$ and for
# fakes above $-1$, each image for itself, and nothing beyond; G pays as in WGAN:
#
# $$L_D = \mathbb{E}\,[1 - r]_+ + \mathbb{E}\,[1 + f]_+, \qquad L_G = -\mathbb{E}\, f .$$
#
# *Small example:* for $r = [0.5]$, $f = [-2]$ D pays $0.5 + 0$.


# %% answer="hinge_losses"
def hinge_losses(real_logits, fake_logits):
    """Return d_loss and g_loss, two scalars."""
    ### BEGIN SOLUTION
    d_loss = tf.reduce_mean(tf.nn.relu(1 - real_logits)) + tf.reduce_mean(
        tf.nn.relu(1 + fake_logits)
    )
    g_loss = -tf.reduce_mean(fake_logits)
    return d_loss, g_loss
    ### END SOLUTION


# %% check="hinge_losses" points=2
hinge_losses = checks.lab07.hinge_losses(hinge_losses)
### BEGIN HIDDEN TESTS
checks.require("hinge_losses")
### END HIDDEN TESTS

# %% [markdown]
# **Before you run it:** the next plot shows what G pays for one fake, and how hard it is pushed. Where is each curve
# flat? Which of them pushes a fake *back* that D already takes for real?

# %%
scores = tf.linspace(-4.0, 4.0, 161)
paid, pushed = {}, {}
for name, function in {
    "non-saturating": losses.non_saturating().generator,
    "saturating": losses.saturating().generator,
    "least squares": lambda real, fake: least_squares_losses(real, fake)[1],
    "hinge, Wasserstein": lambda real, fake: hinge_losses(real, fake)[1],
}.items():
    with tf.GradientTape() as tape:
        tape.watch(scores)
        each = tf.stack(
            [function(score[None], score[None]) for score in tf.unstack(scores)]
        )
    paid[name], pushed[name] = each.numpy(), tape.gradient(each, scores).numpy()
display(
    visualize.plot_curves(
        {name: (scores.numpy(), values) for name, values in paid.items()},
        title="What G pays for one fake",
        xlabel="score f of the fake",
        ylabel="G's loss",
    )
)
visualize.plot_curves(
    {name: (scores.numpy(), values) for name, values in pushed.items()},
    title="The slope that pushes it: below 0 towards higher scores, above 0 back",
    xlabel="score f of the fake",
    ylabel="slope of G's loss",
)

# %% [markdown]
# **What you should see:** the saturating loss is flat for bad fakes (left), the non-saturating one for good ones. Hinge
# and Wasserstein push with the same force everywhere: their slope is $-1$. Least squares is the only one whose slope
# changes sign, at $f = 1$: it pulls a fake back that D takes for "too real", because such a fake lies far from the data, too.

# %% [markdown] question="gradients" points=3
# **Question 1 (3 points).** A fake lies far on the real side of D's border, at $f = 5$. What does G pay for it with the
# non-saturating, the least-squares and the hinge loss, and which push does it get? Why is that push wanted? And what
# would a sigmoid before the squares undo?
#
# ### BEGIN SOLUTION
# **Model answer.** Non-saturating: log(1 + e^-5) = 0.0067, slope -0.0067: practically nothing, although such a fake may lie far from all
# data; being on the right side is enough. Least squares: (5 - 1)^2 / 2 = 8, slope +4: it is pushed back towards the border,
# and so to where the real images are. Hinge: -5, slope -1: pushed on in the same direction, as hard as any other fake; only D can stop that, by
# changing. The push back is wanted because D knows the data near them only: a score far above that of real images is extrapolation, not reality.
# A sigmoid squeezes all scores into (0, 1): at f = 5 it gives 0.993, and its own slope is 0.0066, so loss and slope vanish there (and at f = -5, where
# G needs help most). The squares would be as flat as the saturating loss.
#
# **Rubric.** 1 point: three losses and slopes. 1 point: why a fake on the real side still needs a push. 1 point: the
# sigmoid's slope flattens the squares on both sides.
# ### END SOLUTION

# %% [markdown]
# ## 5. A critic must not be steep
#
# Without a limit the critic's gap grows for ever: doubling all weights of the last layer doubles it. Two ways to hold
# it:
#
# - **WGAN** clips every trainable weight to $[-0.01, 0.01]$ after each step of D. Only the trainable ones: the
#   statistics of a batch norm are no weights.
# - **WGAN-GP** asks for the gradient itself: between real and fake images its norm should be 1,
#
# $$P = \mathbb{E}\,\big(\lVert \nabla_{\hat x} D(\hat x) \rVert_2 - 1\big)^2, \qquad
# \hat x = u\, x + (1 - u)\, G(z), \quad u \sim U(0, 1),$$
#
#   with **one** $u$ for each image. The loss gets $10 P$. Both take five steps of D for one of G, each with fresh images.
#
# ## 6. Exercise 4: the gradient penalty (4 points)
#
# Write $P$, without the factor 10. `mix` holds one $u$ an image, (batch,). Four traps, all of them found in
# public code: the norm is over **all** pixels of an image; each image has **its own** norm and its own $u$; the
# square root has an infinite slope at 0, which turns the weights into NaN; and the batch size is not fixed.
#
# *Hints:* a `tf.GradientTape` must `watch` a tensor that is no variable. Differentiate the *sum* of the scores: each score
# depends on its own image only, so one call gives all gradients. A tape inside the tape of the training step is no
# problem.
#
# *Small example:* the critic $2 \sum_i x_i$ over 4 pixels has the gradient $(2, 2, 2, 2)$ everywhere, of norm 4: $P =
# 9$.


# %% answer="gradient_penalty"
def gradient_penalty(critic, real_images, fake_images, mix):
    """Return the mean of (norm - 1)^2 over the batch; images are (batch, height, width, channels)."""
    ### BEGIN SOLUTION
    share = tf.reshape(mix, (-1, 1, 1, 1))  # (batch,) => (batch, 1, 1, 1)
    mixed = share * real_images + (1 - share) * fake_images
    with tf.GradientTape() as tape:
        tape.watch(mixed)
        total = tf.reduce_sum(critic(mixed))
    squares = tf.reduce_sum(
        tf.square(tape.gradient(total, mixed)), axis=(1, 2, 3)
    )  # (batch,)
    norm = tf.sqrt(tf.maximum(squares, 1e-12))  # at 0 the root's slope is infinite
    return tf.reduce_mean(tf.square(norm - 1))
    ### END SOLUTION


# %% check="gradient_penalty" points=4
gradient_penalty = checks.lab07.gradient_penalty(gradient_penalty)
### BEGIN HIDDEN TESTS
checks.require("gradient_penalty")
### END HIDDEN TESTS

# %% [markdown]
# ## 7. Energies
#
# **EBGAN** and **BEGAN** replace D by an **autoencoder**. Its error is the energy $E(x)$: low where it can
# reconstruct, so low for the data, if only the data were used for training it. So D gives one number, but learns from
# every pixel.
#
# - **EBGAN**: fakes should have an energy of at least the margin $m$, $L_D = \mathbb{E} E(x) + \mathbb{E}[m - E(G)]_+$.
#   G lowers the energy of its fakes, and pays a **pull-away term**: the mean squared cosine between the codes of its
#   fakes, 1 if all are alike, 0 if they are orthogonal.
# - **BEGAN** has no margin but a controller. $L_D = \mathbb{E} E(x) - k\, \mathbb{E} E(G)$, and $k$ is moved so that
#   $\mathbb{E} E(G) = \gamma\, \mathbb{E} E(x)$ with $\gamma = 0.5$.
#
# ## 8. Exercise 5: BEGAN's controller (2 points)
#
# $$k \leftarrow \mathrm{clip}\big(k + \lambda\, (\gamma\, \mathbb{E} E(x) - \mathbb{E} E(G)),\; 0,\; 1\big).$$
#
# *Small example:* $k = 0.3$, energies 5 and 0.5, $\gamma = 0.5$, $\lambda = 0.1$: $k$ becomes $0.5$.


# %% answer="update_k"
def update_k(k, real_energy, fake_energy, gamma=0.5, rate=0.001):
    """Return the next k; the energies are (batch, 1)."""
    ### BEGIN SOLUTION
    balance = gamma * tf.reduce_mean(real_energy) - tf.reduce_mean(fake_energy)
    return tf.clip_by_value(k + rate * balance, 0.0, 1.0)
    ### END SOLUTION


# %% check="update_k" points=2
update_k = checks.lab07.update_k(update_k)
### BEGIN HIDDEN TESTS
checks.require("update_k")
### END HIDDEN TESTS

# %%
alike, apart = np.ones((8, 8), "float32"), np.eye(8, dtype="float32")
print("pull-away term of eight equal codes: ", float(losses.mean_squared_cosine(alike)))
print("pull-away term of orthogonal codes:  ", float(losses.mean_squared_cosine(apart)))

# %% [markdown] question="smooth-critic" points=3
# **Question 2 (3 points).** Why must a critic not be steep, and what do clipping and the gradient penalty do about it? What is the
# price of each? Why is there no batch norm in a critic with a gradient penalty, and why one $u$ for each image and not for each pixel?
#
# ### BEGIN SOLUTION
# **Model answer.** E r - E f is a distance only if the score rises by at most 1 for each unit of distance (1-Lipschitz); without that limit the
# critic makes the gap as large as it likes by scaling its weights, and G's gradient with it. Clipping bounds every weight, and with it the slope, but crudely: weights
# pile up at the two ends, the critic becomes almost linear, the gradients shrink or grow layer by layer with the clip, and the limit it gives is unknown. The penalty asks for slope 1 directly where G
# moves, between real and fake; the price is time, the gradient of a gradient, and one more constant. Batch norm makes the score of one image depend on the others in
# the batch, so that the gradient at an image is no longer that image's own. One u for each image puts the mixed image on the straight line from a fake to a real
# image, along which the optimal critic has slope 1; with one u for each pixel it is a patchwork that lies on no such line.
#
# **Rubric.** 1 point: Lipschitz limit, and what happens without. 1 point: clipping against penalty with a price for each. 1
# point: batch norm and u.
# ### END SOLUTION

# %% [markdown]
# ## 9. The contest in the plane
#
# Your own functions play: wherever your check was green, the contestant below uses *your* losses. Both games are small:
# the **ring** of 8 Gaussians from lab 03, and a **grid** of 25. The networks, the noise and the number of G's steps are
# the same for all, and all learning rates fall to 0. Where they start, and the constants of a loss, are each contestant's own
# (`zoo.CONTESTANTS`). The critics of WGAN and WGAN-GP train five times for each step of G: that is their price, and you will see
# it in the seconds.
#
# One contestant needs a word, since no exercise asked for it. **Relativistic + R1 + R2** is the loss of R3GAN (Huang et al. 2024): D
# compares each fake with a real image, $L_D = \mathbb{E} \log(1 + e^{f - r})$, $L_G = \mathbb{E} \log(1 + e^{r - f})$, and pays for
# its gradient at the real images (R1) and at the fakes (R2).
#
# One call, `zoo.train(contestant, task, epochs)`, does each training.

# %%
print(inspect.getsource(zoo.train).split('"""')[-1])


# %%
def your_penalty(seen):
    """Your gradient penalty, from what the critic has seen in a step."""
    return gradient_penalty(
        seen.score, seen.real_images, seen.fake_images, seen.drawn["mix"]
    )


def with_your(contestant, both):
    """A contestant that plays with your functions in the place of labhelpers' own."""

    def make(kind):
        loss = contestant.losses[kind]()
        changes = {
            "discriminator": lambda real, fake: both(real, fake)[0],
            "generator": lambda real, fake: both(real, fake)[1],
        }
        if (
            loss.terms and kind == "images"
        ):  # yours is for images of (height, width, channels)
            changes["terms"] = (
                dataclasses.replace(loss.terms[0], amount=your_penalty),
            )
        return dataclasses.replace(loss, **changes)

    return dataclasses.replace(
        contestant,
        losses={kind: lambda kind=kind: make(kind) for kind in contestant.losses},
    )


yours = {
    "least squares (0, 1, 1)": least_squares_losses,
    "WGAN": wasserstein_losses,
    "WGAN-GP": wasserstein_losses,
    "hinge": hinge_losses,
}
contestants = [
    with_your(contestant, yours[contestant.name])
    if contestant.name in yours
    else contestant
    for contestant in zoo.CONTESTANTS
    if players is None or contestant.name in players
]
print(", ".join(contestant.name for contestant in contestants))


rows = {contestant.name: {} for contestant in contestants}  # the table of results


def play(task, epochs, players):
    """Let these contestants play one game, print what came of each, and enter it in the table."""
    found = {}
    for contestant in players:
        found[contestant.name] = zoo.train(
            contestant, task, epochs, seed=SEED, jit_compile=jit_compile
        )
        rows[contestant.name] |= zoo.columns_of(task, found[contestant.name])
        numbers = ", ".join(
            f"{name} {value:.3g}"
            for name, value in found[contestant.name].after.items()
        )
        print(
            f"{contestant.name:<25} {numbers:<24} {found[contestant.name].seconds:5.1f} s"
        )
    return found


def show_losses(rounds, game):
    """Both players' losses of every step, a panel a loss."""
    curves = {
        name: {key: played.gan.step_history[key] for key in ("g_loss", "d_loss")}
        for name, played in rounds.items()
    }
    title = f"Losses of every step on {game}, each on its own scale"
    return visualize.plot_panels(curves, title=title, xlabel="step of G", smooth=50)


# %% [markdown]
# **Before you run it:** which losses will find all eight modes? Which will be slowest?

# %%
ring = zoo.ring_task(run.toy_count, seed=SEED)
ring_rounds = play(ring, run.ring_epochs, contestants)

# %%
ring_points = data.toys.ring(run.toy_count, seed=SEED)
visualize.show_points(
    {
        "real": ring_points.points[:500],
        **{
            name: played.gan.sample(500, seed=1) for name, played in ring_rounds.items()
        },
    },
    centres=ring_points.centres,
    limit=1.6,
    title="The ring: real points, and the fakes of each loss",
)

# %% [markdown]
# **D's landscape.** What each D says about every point of the plane, on its own scale: orange is where it sees reality.
# For the two autoencoders it is minus the energy.


# %%
def landscape(gan, limit, steps=60):
    """D's score on a square grid, rows from the top down."""
    grid = visualize.grid_codes(limit, steps)
    found = gan.discriminator(grid, training=False)
    return np.reshape(
        -found["energy"] if isinstance(found, dict) else found, (steps, steps)
    )


visualize.plot_landscapes(
    {
        name: (landscape(played.gan, 1.6), played.gan.sample(200, seed=1))
        for name, played in ring_rounds.items()
    },
    centres=ring_points.centres,
    limit=1.6,
    title="D's landscape at the end: eight hills, or not",
)

# %%
show_losses(ring_rounds, "the ring")

# %% [markdown]
# **What you should see** (`quick`): most find all eight modes with at least four of five samples good: both
# cross-entropies, least squares (0, 1, 1), hinge, R1, relativistic, WGAN-GP and, just, WGAN. Their landscapes have eight hills. R1's is far
# flatter than the plain loss's, 0.35 from white to orange against 11: that is what its penalty is for.
#
# The others lose something, or are near it:
#
# - **Least squares (-1, 1, 0)** misses two modes. Its G wants the score 0, *between* fake and real: that is also what D says
#   of places that it cannot judge, so nothing pulls the fakes up to where the data are. With a fifth of the real
#   points it found none at all.
# - **EBGAN** found all eight in our last run, and six in one before it. D's autoencoder reconstructs what it has been shown; a
#   mode that G has left for a while costs G nothing, and the pull-away term pushes *codes* apart, not points.
# - **BEGAN** draws one short line and never gets away from it. Its D is an autoencoder whose code is one number, so one curve
#   through the plane costs no energy, and its G pays for energy only: any spot on that curve is as good as eight modes. $\gamma$
#   balances the *mean* error, and a single spot can have the right mean. BEGAN was made for faces.
#
# In the curves, the cross-entropies settle near 1.35 for D and 0.8 for G (guessing: 1.386 and 0.693). Both critics' losses go to 0:
# no distance is left. Hinge rises towards 2, what an undecided D pays.

# %%
del (
    ring_rounds
)  # the table has their figures: eleven pairs of networks need not stay in memory
grid = zoo.grid_task(run.toy_count, seed=SEED)
grid_rounds = play(grid, run.grid_epochs, contestants)

# %%
grid_points = data.toys.grid(run.toy_count, seed=SEED)
visualize.show_points(
    {
        "real": grid_points.points[:500],
        **{
            name: 4 * played.gan.sample(500, seed=1)
            for name, played in grid_rounds.items()
        },
    },
    centres=grid_points.centres,
    limit=5.2,
    title="The grid: real points, and the fakes of each loss",
)

# %% [markdown]
# **What you should see** (`quick`): this game is harder, and nobody wins it in so few steps. Most losses find 22 to 25 of the 25 modes,
# but only 8 to 41 of 100 samples are good; least squares (0, 1, 1) does best. Look where the bad ones are: on **bridges**
# between the modes. G is continuous and its noise is one cloud, so it cannot cut it into 25 pieces, only stretch it thin. Hinge
# has learned the frame of the grid first; least squares (-1, 1, 0) is as vague as before; BEGAN draws one curve, since one
# number is its code. A plain GAN trained for longer is reported with 17 of 25 modes and 95 % good samples: fewer modes, drawn well.
# Modes and good samples are two different things.
#
# ## 10. The contest on MNIST
#
# The dense pair of lab 03, twice as wide, the same for all but for the two autoencoders. The judge is the frozen classifier of lab 04:
# FID on its features, for 10,000 fakes against 10,000 test images. (It cannot be compared with published FIDs, which use
# another network.) An untrained G shows where everybody starts.
#
# **Before you run it:** will the order be that of the ring?

# %%
del grid_rounds
digits = zoo.digits_task(run.train_count, run.sample_count)
mnist = data.load_mnist().first(run.train_count, run.sample_count)
plain = [
    contestant
    for contestant in contestants
    if contestant.losses["images"]().critic_steps == 1
]
digit_rounds = play(
    digits,
    run.digit_epochs,
    [contestant for contestant in plain if not contestant.energy],
)

# %% [markdown]
# Now the two autoencoders, and then the two critics with their five steps for one.

# %%
digit_rounds |= play(
    digits,
    run.digit_epochs,
    [contestant for contestant in contestants if contestant.energy],
)

# %%
digit_rounds |= play(
    digits,
    run.digit_epochs,
    [contestant for contestant in contestants if contestant not in plain],
)

# %%
visualize.show_rows(
    {
        "real": mnist.test_images[:14],
        **{
            name: played.gan.sample(14, seed=1) for name, played in digit_rounds.items()
        },
    },
    title="The same budget, eleven losses",
)

# %%
show_losses(digit_rounds, "MNIST")

# %% [markdown]
# **One table.** The floor is the FID of real training images against the test images.

# %%
judge = judging.mnist_judge()
reference = judging.real_reference(
    judge, mnist.test_images, mnist.train_images[: run.sample_count]
)
results = pd.DataFrame.from_dict(rows, orient="index")
floor = reference.floor(run.sample_count)
print(
    "FID of real images, the floor:",
    "too few images to say" if floor is None else f"{floor[0]:.2f}",
)
results.round(2).sort_values("MNIST FID")

# %% [markdown]
# **What you should see** (`quick`): an untrained G has a FID of 306. All losses get below half of that, from 26 (WGAN-GP), 30
# (WGAN and relativistic) and 46 (R1, EBGAN) to 143 (saturating); the floor is 0.5. The order is **not** that of the plane: what came out best here was only
# average there, and BEGAN, last on the ring, draws clean strokes.
#
# Read the seconds, too. The two critics took 44 and 67 s, the others 13 to 19 s: they bought their FID with five steps of D for each of G. A
# penalty on one step (R1) costs a third more time, and lowers the FID by a third; the relativistic loss with both penalties takes about
# twice the time of a loss without any, and gets to WGAN's FID with a single step of D. The saturating loss gets no gradient from a D that is
# sure; here its D learns five times more slowly than the others', and it still comes last. With the rate of the others it was still above 300 after four epochs.
#
# Two curves deserve a closer look: those that measure how far the training has come.

# %%
measures = {
    "WGAN-GP: distance, r - f": (
        "WGAN-GP",
        lambda history: -np.array(history["d_loss"]),
    ),
    "BEGAN: convergence M": ("BEGAN", lambda history: np.array(history["convergence"])),
    "non-saturating: d_loss": (
        "non-saturating",
        lambda history: np.array(history["d_loss"]),
    ),
}
visualize.plot_panels(
    {
        title: {"measure": read(digit_rounds[name].gan.step_history)}
        for title, (name, read) in measures.items()
    },
    title="Which curve says that the samples get better?",
    xlabel="step of G",
    columns=3,
    smooth=50,
)

# %% [markdown] question="plots" points=3
# **Question 3 (3 points).** What does each of the three curves above mean, and which of them says that the samples get better? What should a good
# run of the non-saturating loss look like, and why does its curve not fall?
#
# ### BEGIN SOLUTION
# **Model answer.** WGAN-GP: the critic's gap E r - E f estimates the distance between fakes and data (exactly only for a perfect
# critic of slope 1). It falls from 15 to about 3 and stays there: the samples get better, fast at first. BEGAN's M is the error of the real
# images plus the imbalance |gamma E(x) - E(G)|; it falls from 0.55 to 0.18, which says that the autoencoder has learned and both errors are in balance, and
# goes with better samples. The cross-entropy's d_loss measures how well D tells the two apart *now*, not how far apart they are: it
# wanders around 1 and falls to 0.7, although the samples get better, because D gets better faster. In balance it would rest at 1.386, and a
# loss that goes to 0 would be a bad sign: D has won, and G gets no more help.
#
# **Rubric.** 1 point: the critic's gap as an estimate of the distance, falling. 1 point: M, error of the real images plus imbalance, falling. 1 point: the
# cross-entropy measures the balance between the players (1.386 when D guesses), not quality.
# ### END SOLUTION

# %% [markdown] question="which-loss" points=4
# **Question 4 (4 points).** Read your table. Which loss is best on which game, and at what cost in seconds? Is the order the same in the three games? Name the
# losses that failed somewhere, and why. Which loss would you take for (a) a first try on a new data set, (b) a deep critic without batch norm,
# (c) a class-conditional model on many classes, (d) finding odd images? What would you have to do before you call one loss better than another?
#
# ### BEGIN SOLUTION
# **Model answer.** (Figures of our `quick` run.) Ring: hinge and the cross-entropies, 0.90 to 0.91 good in 8 to 9 s each. Grid: least squares (0, 1, 1), 41 % good in 5 s; for
# modes alone WGAN and WGAN-GP, all 25. MNIST: WGAN-GP, FID 26 in 67 s, WGAN 30 in 44 s; with one step of D relativistic + R1 + R2, 30 in twice the time of hinge; R1, 46 in 19 s. The order changes from game to game. Failures:
# BEGAN in the plane (one-number code, energy only), least squares (-1, 1, 0) on the ring (target 0 does not pull towards the data), the saturating loss on digits
# (gradient vanishes when D is sure). (a) Non-saturating, perhaps with R1: simple, fast, known. (b) WGAN-GP, made for critics
# without batch norm, if the time is there. (c) Hinge with spectral norm, as in SAGAN and BigGAN. (d) EBGAN: the energy of an image
# says how odd it is. Before calling one better: several seeds with their spread, learning rates tuned for each with equal effort, equal
# time as well as equal steps, more data sets, and recall beside FID. Here each has one seed and one setting.
#
# **Rubric.** 1 point: best by game with own numbers and seconds. 1 point: failures explained. 1 point: four reasoned choices. 1 point: several seeds, tuned settings for each,
# equal budgets.
# ### END SOLUTION

# %% [markdown]
# ## 11. CGAN: ask for a digit
#
# A **conditional** GAN is told a label $y$. G gets it beside the noise; D gets it beside the image, so that a perfect 3
# is *fake* if a 7 was asked for. Objective and step are those of lab 03, with $D(x, y)$ and $G(z, y)$. The networks are
# the light DCGAN of lab 04; D gets the label as ten more image channels, all 0 but one.

# %%
print(inspect.getsource(models.conditional_pair).split('"""')[-1])
print(inspect.getsource(training.ConditionalGAN.deal))

# %% [markdown]
# **Before you run it:** after two epochs, how many of 1,000 digits will be the ones that were asked for?

# %%
del digit_rounds
told_images, told_labels = digits.data[:told_count], mnist.train_labels[:told_count]
keras.utils.set_random_seed(SEED)
cgan = training.ConditionalGAN(*models.conditional_pair(), ema=0.99, name="CGAN")
cgan.compile(
    keras.optimizers.Adam(4e-4, 0.5),
    keras.optimizers.Adam(4e-4, 0.5),
    steps_per_execution=16,
)
asked = np.tile(np.arange(10), 8)
cgan_growing = training.SampleGrid(
    lambda samples: visualize.sheet(samples, columns=10), asked
)
cgan.fit(
    told_images,
    told_labels,
    batch_size=told_batch,
    epochs=conditional_epochs,
    callbacks=[cgan_growing, training.StopOnNonFinite()],
)
print(f"{sum(cgan.epoch_seconds):.0f} s")

# %%
visualize.show_grid(
    cgan.sample(asked, seed=1), columns=10, title="Asked for 0 to 9, from left to right"
)

# %%
wanted = np.arange(run.sample_count) % 10
drawn = cgan.sample(wanted, seed=2)
agreement = judging.label_agreement(judge.probabilities(drawn), wanted)
cgan_quality = judging.quality(drawn, judge, reference)
print(
    f"the classifier sees the digit that was asked for in {agreement:.1%} of {run.sample_count:,}"
)
print(cgan_quality)

# %% [markdown]
# **What you should see** (`quick`): after three epochs nearly every digit is the one that was asked for, 97.8 % by the judge's count, and FID is about
# 1: the label takes the hardest decision off G. Slant, width and style are what is left to the noise. Each column has
# its label, and each image noise of its own.
#
# ## 12. InfoGAN: find the digits without labels
#
# InfoGAN gets no labels. Its latent vector holds 62 plain numbers, a **category** of 10 values and two uniform **codes**. A network $Q$ on
# D's trunk must read the codes back from the image: both players pay for its errors. So G has to make the codes *visible*: the
# mutual information $I(c; G(z, c))$ is pushed up through a lower bound.
#
# $$L = L_{GAN} - \lambda\, \big(\mathbb{E} \log Q(c \mid G(z, c)) + H(c)\big), \qquad \lambda = 1 .$$
#
# The easiest way to make ten values visible is to draw ten different things. Which ones, nobody says.

# %%
print(inspect.getsource(losses.codes_error).split('"""')[-1])

# %% [markdown]
# **Before you run it:** will each category be one digit? Which digits may end up together?

# %%
keras.utils.set_random_seed(SEED)
infogan = training.InfoGAN(*models.info_pair(), ema=0.99, name="InfoGAN")
infogan.compile(
    keras.optimizers.Adam(1e-3, 0.5),
    keras.optimizers.Adam(2e-4, 0.5),
    steps_per_execution=16,
)
rng = np.random.default_rng(SEED)
ten = np.arange(10)
plain = np.tile(
    rng.normal(size=(8, 62)), (10, 1)
)  # eight noise vectors, the same for each category
by_category = infogan.with_codes(plain, np.repeat(ten, 8), np.zeros((80, 2)))
infogan.fit(
    told_images,
    batch_size=told_batch,
    epochs=info_epochs,
    callbacks=[
        training.SampleGrid(
            lambda samples: visualize.sheet(samples, columns=8), by_category
        ),
        training.StopOnNonFinite(),
    ],
)
print(
    f"{sum(infogan.epoch_seconds):.0f} s; information {infogan.step_history['information'][-1]:.2f} of at most {np.log(10):.2f} nats"
)

# %%
visualize.show_rows(
    {
        f"category {value}": infogan.sample(by_category[8 * value : 8 * value + 8])
        for value in ten
    },
    title="A row for each category, the same eight noise vectors in each",
)

# %%
categories = rng.integers(10, size=run.sample_count)
latent = infogan.with_codes(
    rng.normal(size=(run.sample_count, 62)),
    categories,
    rng.uniform(-1, 1, size=(run.sample_count, 2)),
)
seen = judge.probabilities(infogan.sample(latent)).argmax(axis=1)
purity = judging.cluster_purity(categories, seen)
on_real = judging.cluster_purity(
    infogan.read_categories(data.to_float(mnist.test_images, "tanh")), mnist.test_labels
)
print(
    f"cluster purity of the fakes: {purity:.2f}; of Q's categories for real test images: {on_real:.2f}; by chance about 0.11"
)

# %% [markdown]
# **Traversals.** One category, one noise vector, and each uniform code from $-2$ to 2 (trained on $-1$ to 1).

# %%
way = np.linspace(-2, 2, 10)
zeros = np.zeros(10)
rows_shown = {}
for value in ten[:4]:
    for code in (0, 1):
        uniform = np.stack([way, zeros] if code == 0 else [zeros, way], axis=1)
        latent = infogan.with_codes(
            np.repeat(plain[:1], 10, axis=0), np.full(10, value), uniform
        )
        rows_shown[f"category {value}, code {code + 1}"] = infogan.sample(latent)
visualize.show_rows(rows_shown, title="Each uniform code from -2 (left) to 2 (right)")

# %% [markdown]
# **What you should see** (`quick`): about half of the rows are one digit, others hold two that look alike: 4 and 9, 2 and 3, 5 and 9. Purity
# is 0.77 for the fakes, and Q sorts real test images, which it was never trained to sort, with 0.70. The information is at its
# bound of 2.30 nats: each category *is* visible, whether or not it is what we call a digit. The uniform codes have found slant
# (code 2) and width with thickness (code 1), and beyond the trained range they go on for a while, and then turn a 9 into a 4.
#
# Purity alone can be cheated. If G drew one single picture for each category, whatever the noise, purity could be near 1, and
# the GAN would be collapsed. So look at the rows, too: are the eight of a row different?

# %% [markdown] question="conditions" points=3
# **Question 5 (3 points).** CGAN and InfoGAN both have a ten-valued input. Who tells each of them what it means? What do agreement and purity measure, and
# what would be cheating? Name a category that holds two digits, or a digit in two categories, and say why that happens.
#
# ### BEGIN SOLUTION
# **Model answer.** CGAN is told by the labels of the training images: category 3 means 3 because D has seen real threes together with it. InfoGAN is told by nobody: the mutual
# information only asks that the category can be read from the image, and the ten most visible differences in the data happen to be mostly the digits; which number belongs to which digit is chance. Agreement is the share
# of CGAN's images in which an independent classifier sees the label that was asked for; purity the share of InfoGAN's images that show the most frequent digit of their
# category. Cheating: judging with D or Q, which were trained together with G; letting InfoGAN see labels; more categories than digits (purity grows by itself); one picture a category (collapse). In our run
# category 2 holds nines and fours, category 8 threes and twos: they share most of their strokes, so the step between them is small, and a boundary between thin and thick, or upright and slanted, images can be as easy
# to read as one between the two digits.
#
# **Rubric.** 1 point: labels against mutual information. 1 point: both measures and what would be cheating. 1 point: own mixed category, with a reason.
# ### END SOLUTION

# %% [markdown]
# ## 13. Deliverables
#
# - This notebook with your five functions, executed.
# - The ring, the grid and the digits of each loss; D's landscapes; the table of results.
# - CGAN's sheet with its agreement; InfoGAN's sheet with its purity and traversals.
# - Your answers to the five questions.
#
# The command `labs zoo --results` makes the table of results again, for this profile.
#
# **Where next?** The registry lists what is not built yet: translation, pyramids, styles, text and diffusion. The next
# cell lists what is answered and what is missing.
