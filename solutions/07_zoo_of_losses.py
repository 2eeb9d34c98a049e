# ---
# jupyter:
#   labs:
#     minutes: {smoke: 0.8, quick: 13}
#     data: [mnist]
# ---

# %% [markdown]
# # Lab 07: The zoo of losses
#
# Since 2014 there have been dozens of GANs, and many of them differ in a single line: what the two players pay. In this
# lab eleven of these losses play the same three games, with the same generators and equal steps of G, and you read the
# results. Then two GANs get a ten-valued input beside the noise: one is told what it means, the other finds a meaning itself.
#
# **You will learn** to
#
# - work out what the best D says under a loss, and what G can learn from it,
# - say what LSGAN, WGAN, SAGAN, EBGAN and BEGAN change in the gradient, and why a critic must not be steep,
# - read a table of results: modes, good samples, FID, seconds, and what it does not tell you,
# - draw the digit that you ask for (CGAN), and find the digits without labels (InfoGAN).
#
# **Time:** about 13 minutes of computing on two CPU cores, four hours with exercises and questions.
# **Before you start:** labs 03 and 04.
#
# **How the exercises work.** Write your code where it says so and run the check below it. If you skip an exercise, the
# lab goes on with `labhelpers`' own version. What you write in exercises 3 to 6 is going to play in compiled training steps:
# there, use TensorFlow's functions, no NumPy and no Python `if` over a tensor.

# %% setup=true
import dataclasses
import inspect

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from IPython.display import Markdown, Math, display

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

# %% [markdown]
# ## Parameters

# %% setup=true
profile = profiles.current()
print(profile)

SEED = 0
keras.utils.set_random_seed(SEED)
# no notes on how often functions are compiled: every new GAN has its own
tf.get_logger().setLevel("ERROR")

# who plays: all, or in a smoke run one of each kind
few = ("non-saturating", "hinge", "WGAN", "WGAN-GP", "BEGAN")
players = profile.pick(smoke=few, quick=None, full=None)

# the games; every G takes as many steps as there are batches in so many epochs
# (`labs zoo --results` plays the same)
run = zoo.RUNS[profile.name]
print(run)

# the two with a ten-valued input
told_batch = profile.pick(smoke=32, quick=64, full=64)
conditional_epochs = profile.pick(smoke=1, quick=3, full=30)
info_epochs = profile.pick(smoke=1, quick=4, full=50)
told_count = profile.pick(smoke=128, quick=50_000, full=60_000)

# XLA makes dense networks faster once it has compiled them. A smoke run ends first.
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
# **History: what each added**, in the order in which the first preprints appeared. *Venue* is where it was published after
# that, often a year later: this is why you find two different years for many of them. Sort the table by any column with
# `sort_values`.

# %%
zoo.table("year", "venue", "key_feature", "paper")

# %% [markdown]
# Two things that tables like these often get wrong: SPA-GAN stands for *spatial attention* (not "style preserving"), and
# LSGAN takes raw scores, without a sigmoid. **The formulas** of all 24 types, with a legend of their symbols, stand in section
# 13, after the exercises.
#
# This lab is about the objectives. Throughout, $r = D(x)$ and $f = D(G(z))$ are raw scores, $\mathbb{E}$ is the mean over a
# batch, $\mathrm{sp}(t) = \log(1 + e^t)$ and $[t]_+ = \max(0, t)$. In the code each loss is a **value**: two functions of the
# scores, perhaps **terms** that are paid besides (a penalty, a controller), a number of critic steps, a clip, and recommended
# optimizers. The training step of lab 03 runs them all.

# %%
for make in (losses.non_saturating, losses.least_squares):
    loss = make()
    print(f"{loss.name}: {loss.source}; {loss.critic_steps} step(s) of D")
    display(Math(loss.formula))
print(inspect.getsource(losses.least_squares).split('"""')[-1])

# %% [markdown]
# ## 2. Exercise 1: what the best D says (3 points)
#
# G never sees the data. All it knows of them is what D says, so ask what a *perfect* D would say. At a place $x$ let $p$
# be the density of the real images and $q$ that of the fakes. Both means in $L_D$ are sums over all places, so
# D may choose its score $s$ at each place by itself, and chooses the one that costs least there:
#
# | loss | what D pays at this place |
# | --- | --- |
# | cross-entropy | $p\, \mathrm{sp}(-s) + q\, \mathrm{sp}(s)$ |
# | least squares, D wants 1 for real images and 0 for fakes | $\tfrac12\, p\, (s - 1)^2 + \tfrac12\, q\, s^2$ |
# | hinge: D pays for real images below $+1$ and for fakes above $-1$ | $p\, [1 - s]_+ + q\, [1 + s]_+$ |
#
# Find the best $s$ for each of the three. Lab 03 found the best *probability* for the cross-entropy; here you want the **score**.
#
# *Small example:* where the fakes are as dense as the real images, $p = q$, the best scores are 0 and 0.5, and with hinge
# everything from $-1$ to 1 costs the same (return any of them).


# %% answer="best_scores"
def best_scores(real_density, fake_density):
    """Return the best s for cross-entropy, least squares and hinge, each (n,)."""
    ### BEGIN SOLUTION
    p, q = real_density, fake_density
    # cross-entropy: slope -p (1 - sigmoid(s)) + q sigmoid(s) = 0
    cross_entropy = tf.math.log(p / q)
    # least squares: slope p (s - 1) + q s = 0
    least_squares = p / (p + q)
    # hinge: straight from -1 to 1 with slope q - p, and dearer beyond
    hinge = tf.sign(p - q)
    return cross_entropy, least_squares, hinge
    ### END SOLUTION


# %% check="best_scores" points=3
best_scores = checks.lab07.best_scores(best_scores)
### BEGIN HIDDEN TESTS
checks.require("best_scores")
### END HIDDEN TESTS

# %% [markdown]
# Three answers of very different kind: one without limits, one in [0, 1], one that knows only two values. What does G make of
# them? **Before you run it:** the next plot shows what G pays for one fake, and how hard it is pushed, when D gives this fake
# the score $f$. G's losses are $\mathrm{sp}(-f)$ (non-saturating), $-\mathrm{sp}(f)$ (saturating), $\tfrac12 (f - 1)^2$ (least
# squares: it wants the score 1) and $-f$ (hinge and WGAN). Where is each curve flat? Which of them pushes a fake *back* that D
# already takes for real?

# %%
scores = tf.linspace(-6.0, 6.0, 241)
paid, pushed = {}, {}
for name, loss in {
    "non-saturating": losses.non_saturating(),
    "saturating": losses.saturating(),
    "least squares": losses.least_squares(),
    "hinge, Wasserstein": losses.hinge(),
}.items():
    with tf.GradientTape() as tape:
        tape.watch(scores)
        each = [loss.generator(f[None], f[None]) for f in tf.unstack(scores)]
        each = tf.stack(each)
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

# %% [markdown] question="gradients" points=3
# **Question 1 (3 points).** A fake lies far on the real side of D's border, at $f = 5$. Read off your plots what G pays for it
# with the non-saturating, the least-squares and the hinge loss, and which push it gets. Why can it be good to push such a fake
# back? And what would a sigmoid before the squares undo? Work out loss and slope of $\tfrac12 (\sigma(f) - 1)^2$ at $f = 5$
# and at $f = -5$.
#
# ### BEGIN SOLUTION
# **Model answer.** Non-saturating: log(1 + e^-5) = 0.0067, slope -0.0067: practically nothing. Least squares: (5 - 1)^2 / 2 =
# 8, slope +4: pushed back, hard. Hinge: -5, slope -1: pushed on in the same direction as any other fake. A push back can be
# good because D has learned to give the data about 1: a score of 5 means that the fake lies somewhere where D only
# extrapolates, perhaps far from all data, and being on the right side of the border is not the same as being near the data. A
# sigmoid squeezes all scores into (0, 1). At f = 5 it gives 0.993: loss 0.00002, slope -0.00004, so nothing is pulled back any
# more. At f = -5 it gives 0.0067: the loss is 0.493, nearly the most that it can be, but the slope is only -0.0066, because
# the sigmoid itself is flat there: the worst fakes get no push, as with the saturating loss.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | three losses at f = 5 (1) | pays about 0, 8, -5 and slopes about 0, +4, -1 | one of the six numbers wrong or missing, or only the signs of the slopes | two or more wrong |
# | why back (1) | a high score is not the same as lying near the data: D extrapolates there, or gives real images about 1 | "so that it does not go too far", without why that is bad | none, or "because D is fooled" |
# | the sigmoid (1) | the slope vanishes on both sides, with the loss at -5 near 1/2 (or: large) | the slope vanishes, on one side only or without numbers | says that the loss vanishes at -5, or that nothing changes |
#
# **Enough for full marks.** 0.007, 8 and -5, slopes -0.007, 4, -1. Real images get about 1, so a score of 5 is a place that D
# does not know, perhaps far from the data. After a sigmoid the slopes at 5 and -5 are -0.00004 and -0.0066: no push on either
# side, though the loss at -5 is 0.49.
#
# **Typical wrong answer.** "After a sigmoid loss and slope are both 0 at f = -5." The loss is largest there; only the slope
# vanishes. The third point is lost; the others can still be earned.
# ### END SOLUTION

# %% [markdown]
# **What you should see:** the saturating loss is flat for bad fakes (left), the non-saturating one for good ones. Hinge
# and Wasserstein push with the same force everywhere. If you expected hinge to be flat beyond its margin: that is *D's*
# loss, G's has no margin. Least squares is the only one whose slope changes sign, at $f = 1$, the score that G wants.
#
# ## 3. Exercise 2: a distance instead of a decision (2 points)
#
# **WGAN** asks another question: how much work is it to carry the fakes to where the data are? This is the *earth mover's*
# or Wasserstein distance: the mean way that a point has to go, under the **cheapest** plan that brings each fake to a real
# point of its own.
#
# Write it for points on a line, as many fakes as real ones. Which plan is cheapest there? (Draw four points and two plans that
# cross, and two that don't.) One line is enough.
#
# *Small example:* real $[0, 3]$, fake $[7, 1]$. Carrying 7 to 0 and 1 to 3 is a way of 4.5 on average; there is a better plan,
# of 2.5.


# %% answer="earth_mover"
def earth_mover(real, fake):
    """Return the earth mover's distance of two sets of points on a line, (n,) each."""
    ### BEGIN SOLUTION
    # Ways that cross can be uncrossed, and get no longer: the n-th to the n-th.
    return tf.reduce_mean(tf.abs(tf.sort(real) - tf.sort(fake)))
    ### END SOLUTION


# %% check="earth_mover" points=2
earth_mover = checks.lab07.earth_mover(earth_mover)
### BEGIN HIDDEN TESTS
checks.require("earth_mover")
### END HIDDEN TESTS

# %% [markdown]
# Now slide a cloud of fakes (deviation 0.3) away from the real ones, and ask each loss how far apart they are. For the
# cross-entropy and hinge that is what the best D, yours, wins over a D that has no idea.
#
# **Before you run it:** the clouds part at about 1.5. What will each curve do beyond that?

# %%
place = np.linspace(-4, 8, 4001)
step = place[1] - place[0]
shifts = np.linspace(0, 4, 41)
cloud = np.random.default_rng(SEED).normal(scale=0.3, size=2000).astype(np.float32)


def density(shift):
    """A Gaussian of deviation 0.3 around `shift`, nowhere quite 0."""
    bell = np.exp(-0.5 * ((place - shift) / 0.3) ** 2) / (0.3 * np.sqrt(2 * np.pi))
    return tf.constant(bell + 1e-6, tf.float32)


found = {"earth mover": [], "cross-entropy": [], "hinge": []}
for shift in shifts:
    p, q = density(0.0), density(shift)
    by_entropy, _, by_hinge = (tf.cast(s, tf.float32) for s in best_scores(p, q))
    best = step * tf.reduce_sum(
        p * tf.nn.softplus(-by_entropy) + q * tf.nn.softplus(by_entropy)
    )
    found["cross-entropy"].append(2 * np.log(2) - float(best))
    best = step * tf.reduce_sum(
        p * tf.nn.relu(1 - by_hinge) + q * tf.nn.relu(1 + by_hinge)
    )
    found["hinge"].append(2 - float(best))
    moved = tf.constant(cloud + np.float32(shift))
    found["earth mover"].append(float(earth_mover(tf.constant(cloud), moved)))
visualize.plot_curves(
    {name: (shifts, np.array(values)) for name, values in found.items()},
    title="How far apart are two clouds?",
    xlabel="distance of their centres",
    ylabel="what the loss says",
)

# %% [markdown]
# **What you should see:** as soon as the clouds no longer overlap, the best D of both decisions has won all that there is to
# win, and says the same at every distance: a fake at 2 and a fake at 4 are equally false, and to move from 4 to 3 is worth
# nothing. (If you expected them to grow on: they are bounded, by $2 \log 2$ and 2.) The earth mover's distance keeps growing,
# and so tells G in which direction it is getting warmer. A real D is far from perfect, which is what saves the other losses;
# but this is what a critic is for.
#
# It cannot be computed by sorting in 784 dimensions. But it can be read from a **critic**: a network whose score may rise by
# at most 1 for each unit of distance, and that tries to set real and fake as far apart as it can:
#
# $$W = \max_{\lVert D \rVert_L \le 1} \; \mathbb{E}\, r - \mathbb{E}\, f .$$
#
# The critic *minimises* the negative of that, and G carries its fakes uphill: $L_D = \mathbb{E}\, f - \mathbb{E}\, r$ and
# $L_G = -\mathbb{E}\, f$. So $L_D$ is below 0 and *rises* towards 0 as the fakes get better; the distance is $-L_D$, and falls.
#
# ## 4. Exercise 3: a margin on several scales (2 points)
#
# The **hinge** loss of SAGAN and BigGAN is that of a support vector machine: you have met D's side in exercise 1. G just wants
# high scores, as in WGAN. A formula like $\mathbb{E}\,[1 - r]_+$ leaves two things open, which code has to decide:
#
# - *What is a mean over what?* Each score is judged for itself, then averaged.
# - *What if D gives several scores?* Pix2PixHD has a D for each of two or three sizes of the image, and each gives a map
#   with a score for every patch; StyleGAN-T has several heads. Then `real_scores` and `fake_scores` are **lists** of tensors of
#   different shapes. Every scale has to count the same, though one has a thousand patches and the next a single score, and three
#   scales must not cost more than one.
#
# Write D's and G's loss, for a single tensor and for a list (or a tuple) of them.
#
# *Small example:* for the scores $r = [0.5]$, $f = [-2]$ D pays $0.5 + 0$ and G pays 2. For the list of this scale and a
# second one with $r = [1, 1]$, $f = [0, 0]$, D pays $(0.5 + 1) / 2$.


# %% answer="hinge_losses"
def hinge_losses(real_scores, fake_scores):
    """Return d_loss and g_loss, two scalars; the scores are a tensor, or a list."""
    ### BEGIN SOLUTION
    if not isinstance(real_scores, list | tuple):
        real_scores, fake_scores = [real_scores], [fake_scores]
    d_losses, g_losses = [], []
    for real, fake in zip(real_scores, fake_scores, strict=True):
        real_part = tf.reduce_mean(tf.nn.relu(1 - real))
        fake_part = tf.reduce_mean(tf.nn.relu(1 + fake))
        d_losses.append(real_part + fake_part)
        g_losses.append(-tf.reduce_mean(fake))
    return tf.reduce_mean(d_losses), tf.reduce_mean(g_losses)
    ### END SOLUTION


# %% check="hinge_losses" points=2
hinge_losses = checks.lab07.hinge_losses(hinge_losses)
### BEGIN HIDDEN TESTS
checks.require("hinge_losses")
### END HIDDEN TESTS

# %% [markdown]
# ## 5. A critic must not be steep
#
# $W$ is a maximum over functions of slope at most 1. Two ways to hold a network to that:
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
# Where does the 1 come from? The best critic has slope exactly 1 along the lines of the *cheapest plan*, from each fake to the
# real image that it is carried to. WGAN-GP does not know that plan: it takes random pairs, and asks for 1 between them, too.
# That is a rule of thumb, and it works.
#
# ## 6. Exercise 4: the gradient penalty (4 points)
#
# Write $P$, without the factor 10. `mix` holds one $u$ for each image, (batch,). Your penalty is going to play on points in the
# plane, (batch, 2), as well as on images, (batch, 28, 28, 1). Four traps, all of them found in public code: the norm is over
# **everything** but the batch; each image has **its own** norm and its own $u$; the square root has an infinite slope
# at 0, which turns the weights into NaN; and the batch size is not fixed.
#
# *Hints:* a `tf.GradientTape` must `watch` a tensor that is no variable. Differentiate the *sum* of the scores: each score
# depends on its own image only, so one call gives all gradients. A tape inside the tape of the training step is no
# problem. `len(real.shape)` is the number of axes.
#
# *Small example:* the critic $2 \sum_i x_i$ over 4 pixels has the gradient $(2, 2, 2, 2)$ everywhere, of norm 4: $P =
# 9$.


# %% answer="gradient_penalty"
def gradient_penalty(critic, real, fake, mix):
    """Return the mean of (norm - 1)^2; real and fake are (batch, ...) of any shape."""
    ### BEGIN SOLUTION
    rank = len(real.shape)
    share = tf.reshape(mix, [-1] + [1] * (rank - 1))  # (batch,) => (batch, 1, ...)
    mixed = share * real + (1 - share) * fake
    with tf.GradientTape() as tape:
        tape.watch(mixed)
        total = tf.reduce_sum(critic(mixed))
    gradient = tape.gradient(total, mixed)
    squares = tf.reduce_sum(tf.square(gradient), axis=list(range(1, rank)))  # (batch,)
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
# **EBGAN** and **BEGAN** replace D by an **autoencoder**. Its error is the energy $e(x)$: low where it can
# reconstruct, and so low for the data, as long as it is trained on the data alone. So D gives one number, but learns from
# every pixel.
#
# - **EBGAN**: fakes should have an energy of at least the margin $m$, $L_D = \mathbb{E}\, e(x) + \mathbb{E}\,[m - e(G)]_+$.
#   G lowers the energy of its fakes, and pays a **pull-away term**: the mean squared cosine between the codes of its
#   fakes, 1 if all are alike, 0 if they are orthogonal.
# - **BEGAN** has no margin but a controller. $L_D = \mathbb{E}\, e(x) - k\, \mathbb{E}\, e(G)$: D lowers the energy of the data, and, as
#   far as $k$ lets it, raises that of the fakes.
#
# ## 8. Exercise 5: BEGAN's controller (2 points)
#
# The players are in balance when the mean energy of the fakes is $\gamma$ times that of the real images, say half of it. A
# controller keeps them there, like a thermostat: after each step it moves $k$ by `rate` times what is missing to this goal. In
# **which direction**? Think of fakes whose energy is too low: should D care more about them from now on, or less? And $k$ is a
# share: it never leaves $[0, 1]$.
#
# The same numbers tell how far the training has come. The paper's measure $M$ is the mean error of the real images, plus by
# how much the goal is missed, whichever way. Return both, $k$ and $M$.
#
# *Small example:* energies of 5 (real) and 2 (fake), $\gamma = 0.5$: 0.5 is missing to the goal of 2.5, and $M = 5.5$.


# %% answer="update_k"
def update_k(k, real_energy, fake_energy, gamma=0.5, rate=0.001):
    """Return the next k and M, two scalars; the energies are (batch, 1)."""
    ### BEGIN SOLUTION
    real, fake = tf.reduce_mean(real_energy), tf.reduce_mean(fake_energy)
    missing = gamma * real - fake
    # Fakes whose energy is too low: D must push it up, so k grows.
    return tf.clip_by_value(k + rate * missing, 0.0, 1.0), real + tf.abs(missing)
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

# %% [markdown]
# ## 9. The contest in the plane
#
# Both games are small: the **ring** of 8 Gaussians from lab 03, and a **grid** of 25. Every G has the same networks, the same
# noise and takes the same number of steps on batches of 128, all learning rates fall to 0, and the samples come from a running
# average of G. That is all that is equal. The critics of WGAN and WGAN-GP train five times for each step of G: that is their
# price, and you will see it in the seconds. The two autoencoders are other networks than the D of the rest. And each
# contestant has settings of its own, all in this table:

# %%
zoo.settings("points")

# %% [markdown]
# These settings are not always those of the papers. In the plane WGAN clips at 0.1 instead of 0.01, WGAN-GP's penalty weighs 0.1
# instead of 10 (as in its authors' own program for points), and EBGAN's margin is 1 instead of 10: a constant that suits images
# of 784 pixels, and a training of a hundred thousand steps, need not suit two coordinates. BEGAN's $k$ moves ten times faster,
# for the same reason.
#
# One contestant needs a word, since no exercise asked for it. **Relativistic + R1 + R2** is the loss of R3GAN (Huang et al.
# 2024): D compares each fake with a real image, $L_D = \mathbb{E}\, \mathrm{sp}(f - r)$, $L_G = \mathbb{E}\, \mathrm{sp}(r -
# f)$, and pays for its gradient at the real images (R1) and at the fakes (R2).
#
# One call, `zoo.train(contestant, task, epochs)`, does each training.

# %%
print(inspect.getsource(zoo.train).split('"""')[-1])

# %% [markdown]
# **Your own functions play:** wherever your check was green, hinge, WGAN-GP and BEGAN use *your* code below.


# %%
def with_term(loss, amount):
    """The same loss, its first term computed by `amount`."""
    yours = dataclasses.replace(loss.terms[0], amount=amount)
    return dataclasses.replace(loss, terms=(yours, *loss.terms[1:]))


def your_penalty(seen):
    """Your gradient penalty, from what the critic has seen in a step."""
    mix = seen.drawn["mix"]
    return gradient_penalty(seen.score, seen.real_images, seen.fake_images, mix)


def your_hinge(loss):
    """Your hinge losses."""
    return dataclasses.replace(
        loss,
        discriminator=lambda real, fake: hinge_losses(real, fake)[0],
        generator=lambda real, fake: hinge_losses(real, fake)[1],
    )


def your_controller(loss):
    """What D is paid for the fakes' energy, with your k."""
    constants = loss.arguments["gamma"], loss.arguments["rate"]

    def amount(seen):
        real, fake = seen.real["energy"], seen.fake["energy"]
        k, _ = update_k(seen.state["k"], real, fake, *constants)
        return -seen.state["k"] * tf.reduce_mean(fake), {"k": k}

    return with_term(loss, amount)


yours = {
    "hinge": your_hinge,
    "WGAN-GP": lambda loss: with_term(loss, your_penalty),
    "BEGAN": your_controller,
}


def with_your_code(contestant):
    """The contestant, its losses changed where there is something of yours."""
    change = yours.get(contestant.name, lambda loss: loss)
    changed = {
        kind: lambda make=make: change(make())
        for kind, make in contestant.losses.items()
    }
    return dataclasses.replace(contestant, losses=changed)


contestants = [
    with_your_code(contestant)
    for contestant in zoo.CONTESTANTS
    if players is None or contestant.name in players
]
print(", ".join(contestant.name for contestant in contestants))

rows = {contestant.name: {} for contestant in contestants}  # the table of results


def play(task, epochs, players):
    """Let these play one game, print what came of each, and enter it in the table."""
    found = {}
    for contestant in players:
        played = zoo.train(contestant, task, epochs, seed=SEED, jit_compile=jit_compile)
        found[contestant.name] = played
        rows[contestant.name] |= zoo.columns_of(task, played)
        numbers = [f"{name} {value:.3g}" for name, value in played.after.items()]
        numbers = ", ".join(numbers)
        print(f"{contestant.name:<25} {numbers:<24} {played.seconds:5.1f} s")
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
    found = -found["energy"] if isinstance(found, dict) else found
    return np.reshape(found, (steps, steps))


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
# **How steep did the critics get?** The next cell measures the norm of D's gradient at 2,000 places between real points and
# fakes, the share of D's weights that lie just at the clip's two ends ($\pm 0.1$ here), and the largest of them all.


# %%
def slopes(gan, count=2000):
    """Norm of the gradient of D's score at places between real points and fakes."""
    mix = np.random.default_rng(SEED).uniform(size=(count, 1)).astype(np.float32)
    real, fake = ring.data[:count], gan.sample(count, seed=1)[: len(ring.data)]
    between = tf.constant(mix[: len(real)] * real + (1 - mix[: len(real)]) * fake)
    with tf.GradientTape() as tape:
        tape.watch(between)
        total = tf.reduce_sum(gan.discriminator(between, training=False))
    return np.linalg.norm(tape.gradient(total, between), axis=1)


steepness = {}
for name, played in ring_rounds.items():
    if name in ("non-saturating", "hinge", "non-saturating + R1", "WGAN", "WGAN-GP"):
        low, middle, high = np.quantile(slopes(played.gan), (0.1, 0.5, 0.9))
        weights = [w.ravel() for w in played.gan.discriminator.get_weights()]
        sizes = np.abs(np.concatenate(weights))
        steepness[name] = {
            "slope, lowest tenth": low,
            "median": middle,
            "highest tenth": high,
            "weights at 0.1": np.mean(np.abs(sizes - 0.1) < 1e-4),
            "largest weight": np.max(sizes),
        }
pd.DataFrame.from_dict(steepness, orient="index").round(2)

# %% [markdown] question="smooth-critic" points=3
# **Question 2 (3 points).** What would a critic do to $\mathbb{E}\, r - \mathbb{E}\, f$ without any limit to its slope, and to
# G's gradient with it? Then read your table: what did clipping, and what did the penalty, do to weights and slopes? Name a
# price of each. Finally: why is there no batch norm in a critic with a gradient penalty, and why one $u$ for each image and
# not for each pixel?
#
# ### BEGIN SOLUTION
# **Model answer.** Without a limit the critic widens the gap for ever: doubling its last weights doubles it, and with it the
# gradient that G gets; the gap is then no distance, and G's steps grow without end. Our table: the clip put 41 % of WGAN's
# weights at its two ends, and its slope lies between 0.12 and 1.27 (lowest and highest tenth, median 0.68); the penalty left the
# weights free and held the slope between 0.28 and 1.37 (median 1.1), around the 1 that it asks for. (Hinge's D, which nothing
# holds, has a median slope of 9.7.) The price of the clip: a critic made of extreme weights, hence a simple one, and a limit to
# the slope that nobody knows in advance. The price of the penalty: a gradient of a gradient in every step of D, so time, and one
# more constant, and the 1 holds only near the lines where it is asked for. Batch norm makes the score of one image depend on the
# others in the batch, so the gradient at an image would no longer be that image's own. One u for each image puts the mixed image
# on the straight line from a fake to a real image; with one u for each pixel it is a patchwork of both that lies on no such line.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | without a limit (1) | the gap (or the score) grows without end by scaling weights, so it is no distance, or G's gradient grows with it | "training gets unstable", without the growing gap | none, or "D gets too good" |
# | the table, and prices (1) | own shares of weights or slopes for both, and one price of each | figures for one of the two, or prices without figures | neither |
# | batch norm and u (1) | batch norm ties the gradient to other images; one u keeps the mixture on a line between a real image and a fake | one of the two | neither |
#
# **Enough for full marks.** Doubling the last layer doubles the gap, so without a limit it says nothing. In my table 41 % of
# WGAN's weights lie at the clip (a crude critic), while WGAN-GP's median slope is 1.1, close to the 1 it asks for, at the price
# of time. Batch norm would mix other images into each gradient; one u for each image keeps the mixture on the line between a fake
# and a real image.
#
# **Typical wrong answer.** "A steep critic makes training unstable; clipping and the penalty make it stable. Batch norm is too
# slow." Half a point for the first criterion, none for the others: no figures, and nothing on u.
# ### END SOLUTION

# %% [markdown]
# **What you should see** (`quick`): most find all eight modes with at least four of five samples good: both cross-entropies,
# least squares (0, 1, 1), hinge, R1, relativistic, WGAN-GP and, just, WGAN; most of their landscapes have eight hills. R1's is
# far flatter than the plain loss's: that is what its penalty is for. The slowest are the two critics, WGAN-GP above all: five
# steps of D for one of G, and a gradient of a gradient in each.
#
# The others lose modes, or come close to it. For the first we know why, since we varied the cause; the other two explanations are
# guesses.
#
# - **Least squares (-1, 1, 0)** misses one or two modes. Its G wants the score 0, *between* fake and real, which is also what a D
#   may say of a place that it cannot judge. With three seeds it found 6, 6 and 7 modes; the same D with a G that wants 1, the
#   score of real points, found 8 each time, with 92 % good. With a fifth of the points it found none at all. Mao et al. did not
#   choose these numbers by trial: with $b - c = 1$ and $b - a = 2$, and the best D in every step, G minimises the Pearson
#   $\chi^2$ divergence. A D that is still learning is not that D.
# - **EBGAN** is near it: it found all eight with each of three seeds (0.83 to 0.86 good), but without its pull-away term only six
#   in one of two runs. A guess: D's autoencoder reconstructs what it has been shown, and a mode that G has left costs G nothing;
#   the pull-away term keeps the fakes' codes, and with them the fakes, apart.
# - **BEGAN** draws one spot or one short line, with three seeds out of three; in our run it lies beside a mode, so that not one
#   is found. We thought of its autoencoder, whose code is one
#   number, but with a code of two numbers it collapses just as well. What is left is a guess: its G pays for energy only, so a
#   single spot that D reconstructs well is as good as eight modes, and $\gamma$ balances the *mean* error, which a single spot
#   can have, too. BEGAN was made for faces.
#
# In the curves, both cross-entropies settle near 1.35 for D (guessing: 1.386). The non-saturating G ends near 0.8 (guessing:
# 0.693); the saturating one is paid what D pays for the fakes, so its curve lies below 0 (guessing: -0.693). Both critics' d_loss
# rises to 0: no distance is left. Hinge's rises towards 2, what an undecided D pays.
#
# **Before you run it:** the next game has 25 modes on a grid, and every G takes 14,400 steps. Will those that won on the ring win
# here, too? And will a loss that finds all modes also draw them well?

# %%
# the table has their figures: eleven pairs of networks need not stay in memory
del ring_rounds
grid = zoo.grid_task(run.toy_count, seed=SEED)
grid_rounds = play(grid, run.grid_epochs, contestants)

# %%
grid_points = data.toys.grid(run.toy_count, seed=SEED)
scale = np.abs(grid_points.centres).max()  # the games were played at size 1
visualize.show_points(
    {
        "real": grid_points.points[:500],
        **{
            name: scale * played.gan.sample(500, seed=1)
            for name, played in grid_rounds.items()
        },
    },
    centres=grid_points.centres,
    limit=5.2,
    title="The grid: real points, and the fakes of each loss",
)

# %% [markdown]
# **What you should see** (`quick`): four losses with one step of D find nearly all 25 modes, with almost nine of ten samples
# good: non-saturating, least squares (0, 1, 1), R1 and relativistic (0.86, 0.89, 0.89 and 0.87, medians of three seeds). The
# saturating loss (0.91) and WGAN-GP (0.87, one run each) belong to them, too. Single runs went down to 0.78, so a difference of a
# few hundredths says nothing. Hinge, as good as any on the ring, found 23 modes, but drew only 57 of 100 samples well. WGAN
# found 23, too, with 27 of 100 good. So the winners of the ring are not all winners here, and to find all modes is one thing, to
# draw them well another.
#
# Look where the bad samples are: on **bridges** between the modes. G is continuous and its noise is one cloud, so it cannot cut
# it into 25 pieces, only stretch it thin; with more steps the bridges get thinner. The same contestants, given 4,000 steps
# instead of 14,400, found 22 to 25 modes, too, but at most 41 % of their samples were good. So before you say of a loss that it
# fails, ask how long it was trained.
#
# ## 10. The contest on MNIST
#
# The dense pair of lab 03, twice as wide, the same for all but for the D of the two autoencoders. The judge is the frozen
# classifier that you know from lab 03: FID on its features, for 10,000 fakes against 10,000 test images. (It cannot be compared
# with published FIDs, which use another network.) An untrained G shows where everybody starts. In the settings below two more
# differ from the papers': WGAN plays with Adam without momentum instead of RMSprop(5e-5), and BEGAN with $\gamma = 0.7$ instead
# of 0.5, and again with ten times the paper's rate for $k$.

# %%
zoo.settings("images")

# %% [markdown]
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

# %% top="Digits drawn with eleven losses, a row each, under a row of real ones"
visualize.show_rows(
    {
        "real": mnist.test_images[:14],
        **{
            name: played.gan.sample(14, seed=1) for name, played in digit_rounds.items()
        },
    },
    title="Equal steps of G, eleven losses",
)

# %%
show_losses(digit_rounds, "MNIST")

# %% [markdown]
# Three curves deserve a closer look: those that might say how far the training has come. (BEGAN's M is the one of exercise 5.)

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
# **Question 3 (3 points).** What does each of the three curves above measure, from where to where does yours go, and which of
# them says that the samples get better? What should a good run of the non-saturating loss look like, and why does its curve
# not tell how good the samples are?
#
# ### BEGIN SOLUTION
# **Model answer.** WGAN-GP: the critic's gap E r - E f estimates the distance between fakes and data. In our run it falls from 15
# to about 3 and stays there: the samples get better, fast at first. BEGAN's M is the error of the real images plus what is
# missing to the balance; it falls from 0.55 to 0.18, which says that the autoencoder has learned and that both errors are in
# balance, and it goes with better samples. So these two say that samples get better. The cross-entropy's d_loss measures how well
# D tells the two apart *now*, not how far apart they are: it wanders around 1 and falls to 0.7, although the samples get better,
# because D gets better, too. In a good run it stays at a middling height, at best near 1.386, where D can only guess; a loss that
# goes to 0 would be a bad sign, since D has won.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | the critic's gap (1) | an estimate of the distance between real and fake; own figures, falling; says that samples get better | distance without figures, or falling without what it is | "the loss of the critic" |
# | M (1) | error of the real images plus imbalance; own figures, falling | one of the two parts, or no figures | neither part |
# | d_loss (1) | how well D tells them apart at the moment; both players improve, so it may stay or fall while samples get better; good is neither 0 nor a steady fall | "1.386 is the balance", without why it says nothing of the samples | "the lower the better" |
#
# **Enough for full marks.** The critic's gap estimates the distance: 15 to 3, samples get better. M, error of real images plus
# what is missing to the balance, falls from 0.55 to 0.18, samples get better, too. d_loss (about 1, later 0.7) only says how well
# this D tells apart this G's fakes: both learn, so it need not fall; near 1.386 D guesses, near 0 it has won.
#
# **Typical wrong answer.** "The d_loss falls, so the samples get better." It fell because D got better. No point for the third
# criterion.
# ### END SOLUTION

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

# %% [markdown] question="which-loss" points=4
# **Question 4 (4 points).** Read your table. Which loss is best on which game, and at what cost in seconds? Is the order the same
# in the three games? Name the losses that failed somewhere, with your figures, and what may be the reason. Which loss would you
# take for (a) a first try on a new data set, (b) a deep critic without batch norm, (c) a class-conditional model on many classes,
# (d) finding odd images? What would you have to do before you call one loss better than another?
#
# ### BEGIN SOLUTION
# **Model answer.** (Figures of our `quick` run.) Ring: hinge, least squares (0, 1, 1) and both cross-entropies are level, with
# all eight modes and 0.90 to 0.91 good, in 6 to 7 s each. Grid: the saturating loss has 25 modes with 0.91 good in 14 s; least
# squares (0, 1, 1) with 0.89 (21 s), R1 with 0.88 (23 s) and WGAN-GP with 0.87 (77 s) differ from it by no more than seeds do.
# MNIST: WGAN-GP, FID 26 in 103 s; then, with FID 30 each, relativistic + R1 + R2 in 41 s and WGAN in 47 s. So the order changes
# from game to game. Failures: BEGAN in the plane (no mode of the ring, 3 of the grid; perhaps because its G pays for energy only,
# and one spot is as good as eight), least squares (-1, 1, 0) (6 modes of the ring, 20 of the grid; perhaps because a score of 0
# lies between fake and real and says little), the saturating loss on digits (FID 143; perhaps because its gradient vanishes where
# D is sure). (a) Non-saturating, perhaps with R1: simple, fast, well known. (b) WGAN-GP, made for critics without batch norm, if
# there is time for five steps. (c) Hinge with spectral norm, as SAGAN and BigGAN have it. (d) EBGAN: the energy of an image says
# how odd it is. Before I call one better: several seeds with their spread, rates and constants tuned for each with equal effort,
# equal time as well as equal steps, more data sets, and recall beside FID. Here each has one seed and one setting.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | best by game (1) | the best of each of the three games (or those that one seed cannot tell apart) with own figures and seconds, and that the order changes | one game or the seconds missing | no figures |
# | failures (1) | at least two losses with own figures, and a possible reason for each, worded as one | one loss, or figures without reasons | none |
# | four choices (1) | four losses, each with a reason that fits its purpose | two or three | one or none |
# | a fair comparison (1) | several seeds, and settings tuned for each (or equal time) | one of them | "train longer" |
#
# **Enough for full marks.** Ring: hinge and three others are level, 0.90 to 0.91 good in 6 to 7 s; grid: saturating, 25 modes and
# 91 % good in 14 s, two others within 3 %; MNIST: WGAN-GP, FID 26 in 103 s, so the order changes. BEGAN found no mode of the
# ring, maybe because one spot of low energy is enough for its G; the saturating loss has FID 143, maybe for want of a gradient.
# (a) non-saturating, simple and fast; (b) WGAN-GP, made for critics without batch norm; (c) hinge, as in BigGAN; (d) EBGAN, its
# energy measures oddity. First I would run several seeds and tune the rate of each.
#
# **Typical wrong answer.** "WGAN-GP is the best loss, since its FID is lowest." It is on one game, with five steps of D for one
# and one seed: half a point for the first criterion at most, and none for the fair comparison.
# ### END SOLUTION

# %% [markdown]
# **What you should see** (`quick`): the order is **not** that of the ring. Every loss gets far below the untrained G, none near
# the floor; what came out best here was only average there, and BEGAN, last on the ring, draws clean strokes.
#
# Read the seconds, too: the two critics bought their FID with five steps of D for each of G. Relativistic with both penalties
# gets to WGAN's FID with a single step, at about twice the time of a loss without penalties. The saturating loss gets no gradient
# from a D that is sure of itself. Here its D learns five times more slowly than the others', which the table of settings shows,
# and it still comes last; with the rate of the others its FID was still above 300 after four epochs (one run).
#
# ## 11. CGAN: ask for a digit
#
# A **conditional** GAN is told a label $y$. G gets it beside the noise; D gets it beside the image, so that a perfect 3
# is *fake* if a 7 was asked for. Objective and step are those of lab 03, with $D(x, y)$ and $G(z, y)$. The networks are
# the light DCGAN of lab 04; D gets the label as ten more image channels, all 0 but one.

# %%
print(inspect.getsource(models.conditional_pair).split('"""')[-1])
print(inspect.getsource(training.ConditionalGAN.deal))

# %% [markdown]
# **Before you run it:** after a few epochs, how many of 1,000 digits will be the ones that were asked for?

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
    f"the classifier sees the digit that was asked for in {agreement:.1%} "
    f"of {run.sample_count:,}"
)
print(cgan_quality)

# %% [markdown]
# **What you should see** (`quick`): after three epochs nearly every digit is the one that was asked for, 97.4 % by the judge's
# count, so 974 of 1,000, and FID is about 1. If you guessed less: the label takes the hardest decision off G. Slant, width and
# style are what is left to the noise. Each column has its label, and each image noise of its own.
#
# ## 12. InfoGAN: find the digits without labels
#
# InfoGAN gets no labels. Its latent vector holds 62 plain numbers, a **category** of 10 values (one-hot) and two uniform
# **codes** in $[-1, 1]$, in this order. (Our G doubles the category before its first layer: ten numbers of which one is 1 are
# quiet beside 62 normal ones, and with the doubling the categories agree with the digits after half the steps.) A network $Q$
# on D's trunk must read the codes back from the image: both players pay for its errors. So G has to make the codes *visible*:
# the mutual information $I(c; G(z, c))$ is pushed up through a lower bound.
#
# $$L = L_{GAN} - \lambda\, \big(\mathbb{E} \log Q(c \mid G(z, c)) + H(c)\big), \qquad \lambda = 1 .$$
#
# (The paper takes 1 for the category and less for the continuous codes; we take 1 for both.) The easiest way to make ten values
# visible is to draw ten different things. Which ones, nobody says.
#
# ### Exercise 6: what unreadable codes cost (3 points)
#
# Write what both players pay, $-\mathbb{E} \log Q(c \mid G(z, c))$. The formula does not say how Q gives a probability, nor
# which numbers are codes:
#
# - `latent` is what G drew from, (batch, 62 + 10 + 2): noise, category, uniform codes. Take the number of categories and of codes
#   from what was read, not 10 and 2 by name.
# - `read["category"]`, (batch, 10), holds the *logits* of a distribution over the categories.
# - `read["uniform"]`, (batch, 2), holds for each code the *mean* of a Gaussian of variance 1: $\log Q$ of the code is the logarithm of its density.
# - Codes are independent: their log probabilities add up.
# - Leave out everything that no network can change: the entropy $H(c)$, and the Gaussian's constant.
#
# The result must have a finite gradient even where logits are in the hundreds: Q may be very sure, and wrong.
#
# *Small example:* if all logits are 0 and both means are right, the cost is $\log 10 = 2.303$; if one of the two means is off
# by 2 it is 2 more.


# %% answer="codes_loss"
def codes_loss(latent, read):
    """Return what it costs that Q cannot read the codes: one number."""
    ### BEGIN SOLUTION
    categories, uniform = read["category"].shape[1], read["uniform"].shape[1]
    category = latent[:, -categories - uniform : -uniform]
    codes = latent[:, -uniform:]
    error = tf.nn.softmax_cross_entropy_with_logits(category, read["category"])
    squares = tf.reduce_sum(tf.square(read["uniform"] - codes), axis=1)
    return tf.reduce_mean(error + 0.5 * squares)
    ### END SOLUTION


# %% check="codes_loss" points=3
codes_loss = checks.lab07.codes_loss(codes_loss)
### BEGIN HIDDEN TESTS
checks.require("codes_loss")
### END HIDDEN TESTS

# %% [markdown]
# **Before you run it:** InfoGAN trains with your term. Will each category be one digit? Which digits may end up together?

# %%
keras.utils.set_random_seed(SEED)
infogan = training.InfoGAN(*models.info_pair(), ema=0.99, name="InfoGAN")
infogan.adversarial_loss = with_term(
    infogan.adversarial_loss, lambda seen: codes_loss(seen.batch.source, seen.fake)
)
infogan.compile(
    keras.optimizers.Adam(1e-3, 0.5),
    keras.optimizers.Adam(2e-4, 0.5),
    steps_per_execution=16,
)
rng = np.random.default_rng(SEED)
ten = np.arange(10)
# eight noise vectors, the same for each category
plain = np.tile(rng.normal(size=(8, 62)), (10, 1))
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
    f"{sum(infogan.epoch_seconds):.0f} s; information "
    f"{infogan.step_history['information'][-1]:.2f} of at most {np.log(10):.2f} nats"
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
    f"cluster purity of the fakes: {purity:.2f}; of Q's categories for real test "
    f"images: {on_real:.2f}; by chance about 0.11"
)
pd.crosstab(categories, seen, rownames=["category"], colnames=["digit seen"])

# %% [markdown] question="conditions" points=3
# **Question 5 (3 points).** CGAN and InfoGAN both have a ten-valued input. Who tells each of them what it means? What do
# agreement and purity measure, and what would be cheating? Name, from your rows and your table and with its counts, a category
# that holds two digits, or a digit in two categories, and say why that may happen.
#
# ### BEGIN SOLUTION
# **Model answer.** CGAN is told by the labels of the training images: category 3 means 3 because D has seen real threes together
# with it. InfoGAN is told by nobody: the term only asks that the category can be read from the image, and ten differences that
# are easy to read happen to be mostly the digits; which number belongs to which digit is chance. Agreement is the share of CGAN's
# images in which an independent classifier sees the label that was asked for; purity is the share of InfoGAN's images that show
# the most frequent digit of their category. Cheating would be to judge with D or Q, which were trained together with G; to let
# InfoGAN see labels; to allow more categories than digits (purity grows by itself); or to draw one picture a category. In our
# `quick` run category 0 holds 500 sevens and 431 nines, category 2 603 nines and 351 sevens. A possible reason is that the two
# digits share most of their strokes, so that the step between them is small; and a border between open and round heads, say, is
# as easy to read as one between two digits.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | who tells (1) | CGAN: real images with their labels, through D; InfoGAN: nobody, only that Q can read it | one of the two | neither |
# | measures (1) | what is counted in both, and one way to cheat | both without cheating, or one with it | neither |
# | own mixture (1) | a category or a digit of the own run, with its figures, and a reason | the mixture without a reason | none |
#
# **Enough for full marks.** Real labels tell CGAN, through D; nobody tells InfoGAN, it only has to be readable. Agreement: how
# often the judge sees the digit asked for; purity: how often it sees the commonest digit of the category; judging with Q would be
# cheating. In my table category 0 holds 500 sevens and 431 nines; they look alike, so one category can hold both and still be
# read.
#
# **Typical wrong answer.** "InfoGAN knows the digits because Q is a classifier." Q has never seen a label. No point for the first
# criterion.
# ### END SOLUTION

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
# **What you should see** (`quick`): in our run half of the categories are one digit in at least four of five images (0, 3, 6, and
# two kinds of ones), two others share the sevens and nines, and none is the twos'. Which ones is different in every run, so your
# guess need not be wrong if our rows disagree. Purity is 0.75 for the fakes, and Q sorts real test images, which it was never
# trained to sort, with 0.65. The information in the last batch is 1.73 nats (in another run it reached its bound of 2.30): most
# categories *can* be read off the image, whether or not each is what we call a digit. Code 1 goes from wide to narrow, code 2
# leans most figures to the right; and neither is style alone: along both, category 0 passes between 4 and 9, even within the
# trained range.
#
# Purity alone can be cheated. If G drew one single picture for each category, whatever the noise, purity could be near 1, and the
# GAN would be collapsed. So look at the rows, too: are the eight of a row different?
#
# ## 13. The formulas of all 24 types
#
# You have met nine of the 24 by their code, and SAGAN's loss. Here are all of them in formulas, from the registry; what is marked
# *not yet* has no lab so far. First the legend, then what D and G minimise, with the constants that authors chose.

# %%
Markdown(zoo.legend())

# %%
Markdown(zoo.formulas())

# %% [markdown]
# Few of them are new from end to end. Look through them for what you know: the cross-entropy of the vanilla GAN is in twelve
# cards, hinge in three, the squares of LSGAN in four. What changes is mostly what D is shown, and which term is added.
#
# ## 14. Deliverables
#
# - This notebook with your six functions, executed.
# - The ring, the grid and the digits of each loss; D's landscapes; the table of results.
# - CGAN's sheet with its agreement; InfoGAN's sheet with its purity and traversals.
# - Your answers to the five questions.
#
# The command `labs zoo --results` makes the table of results again, for this profile.
#
# **Where next?** The registry lists what is not built yet: translation, pyramids, styles, text and diffusion. The next
# cell lists what is answered and what is missing.
