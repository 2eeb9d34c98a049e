# ---
# jupyter:
#   labs:
#     minutes: {smoke: 0.6, quick: 4.4}
#     data: [mnist]
# ---

# %% [markdown]
# # Lab 02: From VAE to GAN
#
# In lab 01 you trained an encoder and a decoder. Now you take them apart and put them together the other way round: the
# decoder becomes a **generator**, the encoder becomes a **discriminator**, and with a single new layer you have a GAN.
#
# **You will learn** to
#
# - use a trained decoder as a generator, without any training step, and judge what it draws with a number (FID),
# - turn an encoder into a discriminator, and say what the two have in common and what not,
# - assemble $D(G(z))$ and read what a discriminator says before it has learned,
# - compare VAEs and GANs: their roles, their strengths and their weaknesses.
#
# **Time:** about 4 minutes of computing on two CPU cores, two hours with exercises and questions. **Before you start:**
# lab 01, above all the decoder and the two parts of its loss.
#
# **How the exercises work.** Write your code where it says so and run the check below it. If you skip an exercise, the
# lab goes on with `labhelpers`' own version.

# %% setup=true
import inspect

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import layers

from labhelpers import checks, data, judging, models, profiles, training, visualize

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

# architecture: two numbers can be plotted, 32 leave room for good images
latent_dim = 32
latent_dims = (2, latent_dim)

# optimisation of the VAE: as in lab 01
batch_size = 128
vae_epochs = profile.pick(smoke=2, quick=8, full=20)
vae_learning_rate = 8e-3

# optimisation of the GAN: both networks with the same, gentle Adam. A beta_1 of 0.5
# forgets old gradients sooner: once the other player has moved, they may be bad advice.
gan_epochs = profile.pick(smoke=1, quick=6, full=30)
gan_seeds = profile.pick(smoke=(SEED,), quick=(SEED, 1, 2), full=(SEED, 1, 2))
gan_learning_rate = 2e-4
gan_beta_1 = 0.5

# judging: every FID of this lab is measured on so many images
judged_samples = profile.pick(smoke=100, quick=5000, full=10_000)
# XLA makes dense networks faster once it has compiled them; None asks for it where it
# pays. A smoke run ends before that.
jit_compile = profile.pick(smoke=False, quick=None, full=None)

# %%
digits = data.load_mnist().first(train_count, test_count)
print(digits)
images = digits.scaled("sigmoid")  # the decoder ends in a sigmoid: [0, 1]
visualize.show_grid(digits.train_images[:20], title="Twenty training images")

# %% [markdown]
# ## 1. Two kinds of generative models
#
# **A VAE** (lab 01) has four parts. The *encoder* presses an image into a distribution over codes, a mean and a
# variance. The *latent space* is where these codes live: few numbers that keep what matters. The *reparameterisation
# trick* writes a random code as mean plus scaled noise, so that gradients pass through it. The *decoder* draws an
# image from a code. Encoder and decoder work **together**: both go down the same loss.
#
# **A GAN** (generative adversarial network, Goodfellow et al. 2014) has two parts. The *generator* $G$ makes fake data
# from random noise. The *discriminator* $D$ looks at an image and says how real it looks. They work **against** each
# other: D learns to tell fakes from real images, G learns to fool D. Nobody ever shows G a real image; all it knows of
# them comes through D's gradient.
#
# **Turning one into the other.** Look at what goes in and what comes out:
#
# | in the VAE | in | out | in the GAN |
# |---|---|---|---|
# | decoder | a code $z$, 32 numbers | an image | **generator**: in and out have the same shapes |
# | encoder | an image | 2 x 32 numbers about the image | **discriminator**: one number about the image |

# %%
visualize.show_pipeline(
    [
        ("noise z", "32 numbers from\na normal distribution"),
        ("generator", "the VAE's decoder\n32 => 256 => 784"),
        ("image", "real or fake?"),
        ("discriminator", "the VAE's encoder\n784 => 256 => 1"),
        ("score", "one number"),
    ],
    title="The VAE, turned round",
)

# %% [markdown]
# So a decoder fits where a generator is needed. But for its last layer, an encoder is a discriminator: it has to stop
# coding the image and start judging it.
#
# ## 2. Train the VAE
#
# The networks and the training are those of lab 01, once with two latent dimensions and once with 32.

# %%
print(inspect.getsource(models.dense_decoder).split('"""')[-1])

# %%
vaes = {}
for dim in latent_dims:
    keras.utils.set_random_seed(SEED)
    vae = training.VAE(
        models.dense_encoder(digits.image_shape, dim),
        models.dense_decoder(digits.image_shape, dim),
        name=f"vae_{dim}",
    )
    steps = vae_epochs * -(-len(images.train) // batch_size)
    schedule = keras.optimizers.schedules.CosineDecay(vae_learning_rate, steps)
    vae.compile(keras.optimizers.Adam(schedule), jit_compile=jit_compile)
    vae.fit(images.train, batch_size=batch_size, epochs=vae_epochs)
    vaes[dim] = vae
vae = vaes[latent_dim]
pd.DataFrame(
    [
        {
            "latent_dim": dim,
            **{
                name: round(value, 1) for name, value in model.elbo(images.test).items()
            },
        }
        for dim, model in vaes.items()
    ]
).set_index("latent_dim")

# %%
visualize.plot_losses(
    {f"latent_dim {dim}": model.history.history["loss"] for dim, model in vaes.items()},
    title="Loss of both VAEs: more room, better bound",
    ylabel="nats per image",
)

# %% [markdown]
# ## 3. The decoder as a generator, without any training step
#
# A generator takes noise and draws images. So: draw standard normal noise, decode, done. No training step, no
# discriminator.
#
# **Before you run it:** the 32-dimensional VAE reconstructs far better. Will its *new* images be better, too?

# %%
fixed_noise = {
    dim: np.random.default_rng(SEED).normal(size=(25, dim)).astype("float32")
    for dim in latent_dims
}
visualize.show_sheets(
    {
        "real test images": digits.test_images[:25],
        **{
            f"decoder, latent_dim {dim}": vaes[dim].sample(fixed_noise[dim])
            for dim in latent_dims
        },
    },
    title="New images from a decoder that was never told to generate",
)

# %% [markdown]
# ### How good? A number
#
# **FID** (Fréchet inception distance, Heusel et al. 2017) compares two *sets* of images. A frozen network turns every
# image into features; a Gaussian is fitted to the features of each set; FID is the squared Fréchet distance of the two
# Gaussians. It is 0 for equal sets, and grows when images look wrong **or** when kinds of images are missing. Our network
# is a small MNIST classifier with 64 features, trained once for this course. So our FIDs compare only with each other,
# not with published ones.
#
# A FID is read against its **floor**: the FID of real images against other real images. No generator can be expected to
# get below it.

# %%
judge = judging.mnist_judge()
reference = judging.real_reference(
    judge, digits.test_images, digits.train_images[: len(digits.test_images)]
)


def quality_of(pictures):
    """FID of images, with the floor beside it."""
    return judging.quality(pictures, judge, reference)


# %% [markdown]
# In the VAE's training the decoder saw other codes than it does now: each was drawn from the Gaussian that the *encoder*
# gave for a training image, $q(z \mid x)$. So let the same decoder draw from both: from $\mathcal{N}(0, I)$, as a
# generator, and from the codes of training images.
#
# **Before you run it:** each of the two models gets two FIDs. For which model will they differ more, as a ratio?

# %%
judged_noise = {
    dim: np.random.default_rng(1).normal(size=(judged_samples, dim)).astype("float32")
    for dim in latent_dims
}
rows = []
for dim, model in vaes.items():
    noise = judged_noise[dim]
    mean, log_var = model.encoder.predict(images.train[:judged_samples], verbose=0)
    in_use = mean + np.exp(log_var / 2) * noise[: len(mean)]
    found = {"N(0, I)": quality_of(model.sample(noise))}
    found["q(z|x)"] = quality_of(model.sample(in_use))
    floor = found["N(0, I)"].floor
    rows.append(
        {
            "latent_dim": dim,
            **{f"FID, codes from {name}": round(q.fid, 1) for name, q in found.items()},
            "floor": None if floor is None else round(floor, 2),
        }
    )
pd.DataFrame(rows).set_index("latent_dim")

# %% [markdown] question="decoder-as-generator" points=3
# **Question 1 (3 points).** Explain how a VAE's decoder can be used as a GAN's generator, without any training step.
# Which part of the VAE's loss makes that possible? And why are new images worse than those from the codes of training
# images? Support your reason with your table.
#
# ### BEGIN SOLUTION
# **Model answer.** (Figures of one `quick` run.) Both are functions from a random vector to an image, with the same
# shapes: draw z from N(0, I), decode, and there is a new image; nothing has to be trained. KL makes it possible: it pulls
# the encoder's Gaussians towards N(0, I), so the decoder was trained on codes that resemble those that we draw now.
# Without KL the codes could lie anywhere. But they only resemble them: together the Gaussians of all images do not fill
# N(0, I) exactly, so some drawn codes lie where the decoder was never trained, and it draws mixtures of strokes there. In
# my table the model with 32 dimensions gets an FID of 46.1 with codes from N(0, I) and of 9.7 with codes of training
# images. The decoder is the same in both columns, so its blur is in both; only the codes differ.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | as a generator (1) | takes a random vector, gives an image: draw z from N(0, I) and decode | "same shapes", without where z comes from | it has to be trained against D first |
# | what makes it possible (1) | KL: it keeps the codes of training images near N(0, I) | "the loss regularises the latent space" | the reconstruction loss |
# | the gap (1) | the codes in use and N(0, I) differ, same decoder; both FIDs of one model quoted | the reason without the numbers, or the numbers without the reason | blur by averaging (reconstructions are blurred, too) |
#
# **Enough for full marks.** Draw z from N(0, I) and decode it. KL has kept the codes near N(0, I), but not equal to it:
# with 32 dimensions FID is 46.1 from N(0, I) and 9.7 from the codes of training images, with the same decoder, so it is
# the codes, not the blur.
#
# **Typical wrong answer.** "New images are worse because a VAE averages, and averages are blurred." Nothing for the gap:
# images from the codes of training images come out of the same averaging decoder, and have the lower FID.
# ### END SOLUTION

# %% [markdown]
# **What you should see** (`quick`): with two dimensions FID is about 140 from $\mathcal{N}(0, I)$ and 115 from the codes
# in use: two numbers cannot say enough about an image, so shapes are blurred whichever codes are decoded. With 32
# dimensions the strokes are clear, and it is 46 against 10, almost five times as much: here the codes make the
# difference. And yes, the new images of the better VAE are better, too (46 against 140), though far behind its
# reconstructions. For comparison: pictures of uniform noise get an FID of about 245.

# %% [markdown]
# ## 4. Exercise 1: the encoder as a discriminator (3 points)
#
# The encoder is a stack `pixels`, `hidden` (256 units, ReLU), and then two heads `mean` and `log_var`. Everything up to
# `hidden` is its **trunk**: what it knows about seeing digits. A discriminator needs one number. So:
#
# - keep the trunk of the encoder, **with its trained weights** (share the layers or copy them, as you like);
# - put **one** dense unit on it, with bias and **without** an activation. Its output is a *logit*, a score from minus to
#   plus infinity. $D(x) = \sigma(\text{score})$ is the probability that $x$ is real;
# - leave the encoder itself unchanged, and freeze nothing.
#
# Useful: `encoder.get_layer("hidden").output`, `encoder.input`, `keras.models.clone_model`, `layers.Dense`. A
# functional, a Sequential or a subclassed model are all fine.
#
# *Check by hand:* $784 \cdot 256 + 256$ parameters in the trunk and $256 + 1$ in the head make 201,217.


# %% answer="build_discriminator"
def build_discriminator(encoder):
    """Return a keras.Model: images => one logit each, on the encoder's trunk."""
    ### BEGIN SOLUTION
    trunk = keras.models.clone_model(encoder)
    trunk.set_weights(encoder.get_weights())
    logits = layers.Dense(1, name="logit")(
        trunk.get_layer("hidden").output
    )  # (batch, 256) => (batch, 1)
    return keras.Model(trunk.input, logits, name="discriminator")
    ### END SOLUTION


# %% check="build_discriminator" points=3
build_discriminator = checks.lab02.build_discriminator(build_discriminator)
### BEGIN HIDDEN TESTS
checks.require("build_discriminator")
### END HIDDEN TESTS

# %% [markdown]
# If your version **shares** the layers, the discriminator's training will change the encoder, too. We want to keep the
# VAE as it is for the comparison at the end, so from here on the lab works on copies of its networks.


# %%
def copy_of(network):
    """The same network with the same weights, but its own."""
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    return copy


def discriminator_of(encoder):
    """Your discriminator on a copy of the encoder, as a functional model."""
    pictures = keras.Input(digits.image_shape)
    return keras.Model(
        pictures, build_discriminator(copy_of(encoder))(pictures), name="discriminator"
    )


generator = copy_of(vae.decoder)
discriminator = discriminator_of(vae.encoder)
discriminator.summary(expand_nested=True)

# %%
visualize.show_layers(models.discriminator_from_encoder(vae.encoder))

# %% [markdown]
# ### Who does what?

# %% [markdown] question="encoder-discriminator" points=4
# **Question 2 (4 points).** Copy this table into your answer and fill in its last five rows, in your own words. Then say
# in two or three sentences which part of the encoder you reused, which part is new, and why the reused part may be useful
# for both tasks.
#
# | | encoder of the VAE | discriminator of the GAN |
# |---|---|---|
# | which images it sees | real ones only | real ones and fakes |
# | what it gives out | a Gaussian over codes: 32 means, 32 log variances | one score: how real |
# | what it is asked | | |
# | what it may forget about an image | | |
# | trained with or against whom, on which loss | | |
# | what its partner gets from it | | |
# | what it is good for after training | | |
#
# ### BEGIN SOLUTION
# **Model answer.**
#
# | | encoder of the VAE | discriminator of the GAN |
# |---|---|---|
# | what it is asked | *which* image is it? What must the decoder know to draw it again? | *how real* is it? |
# | what it may forget | what is not worth its price in KL | all that does not tell real from fake, such as which digit it is |
# | trained with or against whom | with the decoder, both down one loss: reconstruction + KL | against the generator, on a loss of its own; its labels cost nothing (data is real, what G draws is fake) |
# | what its partner gets | a code to decode | a gradient that says how to look more real, never an image |
# | what it is good for after training | codes for images, interpolation | usually nothing: G draws without it, and it is thrown away |
#
# I reused the trunk, 784 => 256 with ReLU; only the head, 256 => 1, is new. The trunk has learned features of strokes.
# They were made to describe a digit, but whoever knows how strokes look may also see what is odd about a fake.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | after training (1) | codes (or interpolation, compression) against usually nothing, with the reason that G draws without it | one of the two | "both generate images" |
# | asked and forgotten (1) | which image against how real; what each may drop | one of the two rows right | "both classify images" |
# | training and partner (1) | together down one loss against each other on two; a code against a gradient | one of the two rows right | the discriminator needs labelled digits |
# | the trunk (1) | names trunk (reused) and head (new), and a reason why features serve both | names them without a reason | the whole encoder was reused |
#
# **Enough for full marks.** "Asked: which image / how real. May forget: what is not worth its KL / which digit it is.
# Trained: with the decoder, one loss / against G, each its own loss. Partner gets: a code / a gradient. Afterwards: codes
# for images / nothing, G draws alone. Reused: 784 => 256; new: the head. Features of strokes describe digits, and also
# show odd strokes."
#
# **Typical wrong answer.** "The encoder compresses, the discriminator classifies; both end in a dense layer." Half a
# point, if the table says at least what each is asked. What each may forget, what it is trained with, what its partner
# gets, and which part was reused, is missing.
# ### END SOLUTION

# %% [markdown]
# ## 5. Exercise 2: assemble D(G(z)) (2 points)
#
# The generator draws, the discriminator judges what was drawn. Put both into **one** `keras.Model` from noise to
# logits. It must hold the two networks themselves (no copies), work for a generator of any latent dimension
# (`generator.input_shape` tells), and leave both trainable.


# %% answer="assemble_gan"
def assemble_gan(generator, discriminator):
    """Return a keras.Model from noise (batch, latent_dim) to the logits of D(G(z))."""
    ### BEGIN SOLUTION
    noise = keras.Input(generator.input_shape[1:])
    return keras.Model(noise, discriminator(generator(noise)), name="gan")
    ### END SOLUTION


# %% check="assemble_gan" points=2
assemble_gan = checks.lab02.assemble_gan(assemble_gan)
### BEGIN HIDDEN TESTS
checks.require("assemble_gan")
### END HIDDEN TESTS

# %%
assembled = assemble_gan(generator, discriminator)
noise = fixed_noise[latent_dim]
logits = np.asarray(assembled(noise))
print("noise", noise.shape, "=> image", digits.image_shape, "=> logits", logits.shape)
counts = [net.count_params() for net in (generator, discriminator, assembled)]
print("{:,} + {:,} = {:,} parameters".format(*counts))

# %% [markdown]
# ## 6. What does a discriminator say that has not learned yet?
#
# The trunk is trained, but not to judge; the new unit has random weights. **Before you run it:** what will D say about
# real images, about fakes, and about pure noise? What should it say if it knows nothing?


# %%
def opinion(discriminator, pictures):
    """D(x) in [0, 1] for each image."""
    return np.asarray(tf.sigmoid(discriminator(pictures))).ravel()


judged = min(1000, len(images.test))
shown = {
    "real": images.test[:judged],
    "fake (decoder)": vae.sample(
        np.random.default_rng(1).normal(size=(judged, latent_dim)).astype("float32")
    ),
    "noise": np.random.default_rng(2)
    .uniform(size=(judged, *digits.image_shape))
    .astype("float32"),
}
before = {name: opinion(discriminator, pictures) for name, pictures in shown.items()}
for name, values in before.items():
    print(f"D says about {name:15s} {values.mean():.2f} on average", end="")
    print(f" (spread {values.std():.2f})")
right = [(before["real"] > 0.5).mean(), (before["fake (decoder)"] < 0.5).mean()]
print(f"share of right answers on real and fake: {np.mean(right):.0%}")
visualize.plot_histograms(
    {"untrained head": before}, title="What an untrained D says", xlabel="D(x)"
)

# %% [markdown]
# One head is one throw of the random weights. Here are 200 of them on the same trunk.

# %%
trunk = keras.Model(vae.encoder.input, vae.encoder.get_layer("hidden").output)
features = {name: np.asarray(trunk(pictures)) for name, pictures in shown.items()}
edge = np.sqrt(6 / (256 + 1))  # how Keras draws the weights of a dense layer (Glorot)
heads = np.random.default_rng(SEED).uniform(-edge, edge, size=(256, 200))
scores = {name: values @ heads for name, values in features.items()}  # (images, heads)
for name, values in scores.items():
    means = np.asarray(tf.sigmoid(values)).mean(axis=0)
    low, middle, high = np.quantile(means, [0.05, 0.5, 0.95])
    print(f"mean of D on {name:15s} median {middle:.2f}, nine of ten heads ", end="")
    print(f"from {low:.2f} to {high:.2f}")
right = (scores["real"] > 0).mean(axis=0) + (scores["fake (decoder)"] < 0).mean(axis=0)
low, high = np.quantile(right / 2, [0.05, 0.95])
print(f"right answers on real and fake: nine of ten heads from {low:.0%} to {high:.0%}")

# %% [markdown]
# **What you should see:** the histograms of real and fake lie over each other, and D is right in about half of the cases,
# like a coin (nine of ten heads between about 46 % and 54 %). But the *mean* of D is not one half: it depends on the
# throw, and lies between about 0.15 and 0.8 for nine of ten heads. If you expected 0.5 everywhere: that is what a D
# should say if it knew that it knows nothing. An untrained one does not know that; it has opinions, and no reason for
# them. That real and fake get the *same* opinion is what counts. Pure noise may land anywhere: such images are unlike all
# others, yet D does not know whether that is a good sign.
#
# ## 7. Train it: a warm start against a cold one
#
# Now let both networks play. D goes down its loss on real and fake images, G goes down its own, which falls where D takes
# the fakes for real (lab 03 shows every line of this). We train the same architecture with the same settings from three
# starts:
#
# - **warm**: generator = the VAE's decoder, discriminator = your network on the VAE's encoder;
# - **warm G**: the VAE's decoder as well, but all of the discriminator has new random weights;
# - **cold**: both networks have new random weights.
#
# Each start plays with three different seeds: for the new weights, the order of the images, and the noise. One run alone
# would not tell what is due to the start and what to chance.
#
# **Before you run it:** draw the curves of FID on paper. Where does each start begin? Which way does the warm one go in
# its first epochs? Which ends lowest?

# %%
new_pair = {
    "decoder": lambda: models.dense_decoder(digits.image_shape, latent_dim),
    "encoder": lambda: models.dense_encoder(digits.image_shape, latent_dim),
}
starts = {
    "warm": (lambda: copy_of(vae.decoder), lambda: vae.encoder),
    "warm G": (lambda: copy_of(vae.decoder), new_pair["encoder"]),
    "cold": (new_pair["decoder"], new_pair["encoder"]),
}


def fid(model):
    """FID of images from always the same noise."""
    return quality_of(model.sample(judged_noise[latent_dim])).fid


def play(name, seed):
    """Train a GAN from a start; return it, and its FID before and after each epoch."""
    keras.utils.set_random_seed(seed)
    new_generator, new_encoder = starts[name]
    gan = training.GAN(
        new_generator(), discriminator_of(new_encoder()), name=name.replace(" ", "_")
    )
    gan.compile(
        keras.optimizers.Adam(gan_learning_rate, gan_beta_1),
        keras.optimizers.Adam(gan_learning_rate, gan_beta_1),
        jit_compile=jit_compile,
    )
    quality = training.Quality(fid)
    untrained = fid(gan)
    callbacks = [quality]
    if (name, seed) == ("warm", SEED):
        noise = fixed_noise[latent_dim][:16]
        every = max(1, gan_epochs // 3)
        callbacks.append(training.SampleGrid(visualize.sheet, noise, every=every))
    gan.fit(images.train, batch_size=batch_size, epochs=gan_epochs, callbacks=callbacks)
    return gan, [untrained, *(value["fid"] for value in quality.values)]


gans, fids, drawn = {}, {}, {"VAE's decoder": vae.sample(judged_noise[latent_dim])}
for name in starts:
    for seed in gan_seeds:
        gan, fids[name, seed] = play(name, seed)
        if seed == SEED:
            gans[name] = gan
            drawn[f"GAN, {name}"] = gan.sample(judged_noise[latent_dim])
table = pd.DataFrame(fids, index=range(gan_epochs + 1)).T.round(1)
table.index.names, table.columns.name = ["start", "seed"], "FID after epoch"
table

# %%
floor = quality_of(digits.test_images[:judged_samples]).floor
visualize.plot_curves(
    {
        f"{name}, middle of {len(gan_seeds)}": (
            range(gan_epochs + 1),
            np.median([fids[name, seed] for seed in gan_seeds], axis=0),
        )
        for name in starts
    },
    levels={} if floor is None else {"floor: real against real": floor},
    title="FID by epoch of adversarial training, from three starts",
    xlabel="epochs of adversarial training",
    ylabel="FID (log scale)",
    log=True,
)

# %%
visualize.show_rows(
    {name: pictures[:10] for name, pictures in drawn.items()},
    title="The same ten noise vectors through four generators",
)

# %% [markdown]
# The first three rows look related, column by column: the warm generators began as the decoder, and what a noise vector
# meant to it is not forgotten at once.

# %%
visualize.plot_losses(
    {name: gans["warm"].step_history[name] for name in ("g_loss", "d_loss")},
    title="Warm start: losses of every training step",
    xlabel="training step",
    ylabel="loss (nats)",
    smooth=50,
)

# %% [markdown]
# If D said 1/2 about every image, its loss would be $2 \log 2 = 1.386$ and G's $\log 2 = 0.693$. Neither curve has to
# fall: each player's loss depends on how good the other one is.

# %%
after = {
    "real": opinion(gans["warm"].discriminator, images.test[:judged]),
    "fake (GAN)": opinion(gans["warm"].discriminator, drawn["GAN, warm"][:judged]),
    "noise": opinion(gans["warm"].discriminator, shown["noise"]),
}
for name, values in after.items():
    print(f"D says about {name:12s} {values.mean():.2f} on average")
visualize.plot_histograms(
    {"before": before, "after": after},
    title="What D says before and after the training (warm start)",
    xlabel="D(x)",
)

# %% [markdown]
# **What you should see:** before, D had no reason for what it said. Now it rejects noise
# with full certainty, and gives real images and G's much the same: near one half, so G has kept up with it.

# %% [markdown] question="warm-cold" points=3
# **Question 3 (3 points).** Read your table. Where do the three starts begin and end? What does the FID of the warm start
# do in its first two epochs: is it the same in all seeds? Compare warm with warm G: how much did the *discriminator's*
# inherited trunk change? And how much the *generator's* inherited weights (warm G against cold)? Say which of these
# differences are larger than the differences between seeds.
#
# ### BEGIN SOLUTION
# **Model answer.** (Figures of one `quick` run.) Warm and warm G begin at the FID of the decoder, 46.1, the cold start at
# 328, where its generator draws noise. After six epochs warm ends at 26.3, 26.8 and 38.4 (seeds 42, 1, 2), warm G at
# 16.4, 16.4 and 17.2, cold at 52.7, 50.3 and 55.8. In its first two epochs the warm start does not do the same in all
# seeds: twice it falls to about 37 at once and then stays there, and once (seed 2) it first rises to 46.6 and falls to
# 41.2 after that. Warm and warm G differ by 10 to 21, and the seeds of warm by 12, those of warm G by 1: in all three
# seeds the *new* discriminator is better, so the inherited trunk of D did not help here, it held the game up. Warm G
# against cold differ by 34 to 39, much more than any seeds: the decoder's weights are what the VAE brings.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | begin and end (1) | own numbers for all three starts, over the seeds (range or middle) | one seed only, or one start missing | no numbers |
# | the first epochs (1) | described as they are in the own table, seed by seed | described for one seed as if it held for all | what one expected instead of what the table says |
# | which part helped (1) | both comparisons, each held against the spread over seeds (or: the same sign in every seed) | both without the spread, or one comparison with it | "the warm start is better", without saying which part |
#
# **Enough for full marks.** "Warm goes from 46 to between 26 and 38, warm G from 46 to 16 or 17, cold from 328 to between
# 50 and 56. Warm falls to 37 in one epoch with two seeds and is at 38 after two; with the third it first rises to 47 and
# is at 41 after two. Warm G ends 10 to 21 lower than warm, in every seed, where the seeds of warm differ by 12 and those
# of warm G by 1: the old trunk of D does not help. Warm G ends 34 to 39 below cold, much more than any seeds differ: it
# is the generator's weights that help."
#
# **Typical wrong answer.** "The warm start is better because both networks are pretrained." Nothing for the numbers,
# nothing for which part helped: the table can tell the two networks apart.
# ### END SOLUTION

# %% [markdown]
# **What you should see** (`quick`): warm G ends lowest, at an FID of 16 to 17, then warm, at 26 to 38; six epochs are not
# enough for the cold start to catch up (50 to 56). The warm start falls at once with two seeds, and first rises a little
# with the third. The surprise: with a *new* discriminator the VAE's decoder gets further, in all three of our seeds, than
# with the discriminator that inherited the encoder's trunk. If you expected "more pretraining, better start", so did we.
# A guess at the reason: the trunk was trained to describe real digits, and its units have no use for what only fakes
# show, so D has to unlearn before it can teach. Whatever the reason is, a warm start of D is not free.

# %% [markdown]
# ## 8. Reconstructed and generated
#
# The two pictures that this lab is about: what a VAE is trained for (draw a given image again), and what a GAN is
# trained for (draw an image that could be real).

# %% top="Three sheets of digits: real ones, how the VAE redraws them, and new ones that the GAN made up"
visualize.show_sheets(
    {
        "real test images": digits.test_images[:25],
        "VAE: reconstructed": vae.reconstruct(images.test[:25]),
        "GAN: generated": drawn["GAN, warm"][:25],
    },
    title="Reconstructed (VAE) and generated (GAN)",
)

# %% [markdown]
# A GAN has no encoder: you cannot ask it to draw *this* image again. That is why the right sheet does not match the
# left one.
#
# ### The table

# %%
rows = []
contestants = {"VAE's decoder": vae} | {f"GAN, {n}": gan for n, gan in gans.items()}
for name, model in contestants.items():
    quality = quality_of(drawn[name])
    # Neighbours take long to find: one set of 3,334 against another will do.
    real = reference.features[::3]
    precision, recall = judging.precision_recall(
        real, judge.features(drawn[name][: len(real)])
    )
    rows.append(
        {
            "generator": name,
            "parameters of G": generator.count_params(),
            "seconds per epoch": round(float(np.median(model.epoch_seconds)), 2),
            "FID": round(quality.fid, 1),
            "floor": None if quality.floor is None else round(quality.floor, 2),
            "precision": round(precision, 2),
            "recall": round(recall, 2),
        }
    )
pd.DataFrame(rows).set_index("generator")

# %% [markdown]
# The GANs' FIDs are those after the last epoch in section 7, for the first seed. **Precision** is the share of fakes that
# lie among real images (do they look right?), **recall** the share of real images that lie among the fakes (is every kind
# of image there?).
#
# **Before you look at the next chart:** the recall of the cold GAN is far below the others. Are whole digits missing?
#
# %%
visualize.plot_counts(
    {
        name: judging.class_histogram(judge.probabilities(pictures[:1000]))
        for name, pictures in drawn.items()
    },
    digits.class_names,
    title="Which digit the judge sees in up to 1,000 images of each generator",
)

# %% [markdown]
# ### Does it copy?

# %%
fakes = data.to_uint8(drawn["GAN, warm"][:10])
nearest = judging.nearest_images(fakes, digits.train_images)
visualize.show_pairs(
    digits.train_images[nearest.indices[:, 0]],
    fakes,
    left_title="Nearest training images",
    right_title="Images of the GAN, warm start",
)

# %% [markdown]
# **What you should see:** similar digits, not the same ones: these ten show no sign of copying. That is no proof. Ten are
# few; pixels are a poor measure (a copy that is shifted by two pixels looks far away); and a G that *has* learned
# something by heart need not show it in these ten.

# %% [markdown] question="vae-gan" points=4
# **Question 4 (4 points).** Compare the roles of VAEs and GANs in generative modelling: what is each trained for, and
# what can each do that the other cannot? Name two strengths and two weaknesses of each. Support what you say with at
# least two numbers (one of them precision or recall) and one picture of your run.
#
# ### BEGIN SOLUTION
# **Model answer.** (Figures of one `quick` run.) A VAE is trained to code images and to draw them again, a GAN to draw
# what could be real. Only the VAE has an encoder (codes for given images, interpolation between them) and a bound on the
# likelihood; only the GAN needs no fixed distance between pixels: its loss is learned. *Strengths of the VAE:* one loss
# that falls, so training is stable and runs can be compared by the ELBO; every training image has to be reconstructed, so
# it leaves no kind out. *Weaknesses:* blurred images, because it averages over what could be; codes in use and the prior
# do not quite match, so new images are worse than reconstructions. *Strengths of the GAN:* sharp strokes, since blur is
# easily seen to be fake; drawing is all it does, so nothing is lost between training and use: its noise is N(0, I) in
# both. *Weaknesses:* training is a game that can oscillate or collapse to few kinds, and its losses do not say how good
# it is; no encoder, no likelihood. In my run adversarial training from the decoder's weights lowered the FID from 46.1 to
# 26.3 (warm) and 16.4 (warm G), and recall went from 0.51 to 0.49 and 0.72; the cold GAN, with FID 52.7, has a recall of
# 0.09: only one in eleven real images lies among its fakes, although precision, 0.75, is as high as the VAE's 0.74. All
# ten digits are in its chart (274 threes and 19 zeros of 1,000), so it seems to leave out ways of writing them. The rows
# of images show brighter, harder strokes than the VAE's.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | roles (1) | what each is trained for, and one thing that only one of them can do | one of the two | both "generate images" |
# | the VAE (1) | two strengths and two weaknesses that hold | two or three of the four | at most one |
# | the GAN (1) | two strengths and two weaknesses that hold | two or three of the four | at most one |
# | evidence (1) | two own numbers, one of them precision or recall, and one picture, each used for a claim | one number, or numbers without a claim | none |
#
# **Enough for full marks.** "A VAE codes and redraws, and has an encoder; a GAN draws what could be real. VAE: + stable,
# one loss; + leaves no kind out; - blur; - prior and codes differ. GAN: + sharp; + no fixed pixel distance; - unstable; -
# losses do not tell quality. FID 46 against 26, so the game pays; recall .51 for the VAE and .09 for the cold GAN, which
# leaves much out; the rows of images show the GAN's harder strokes."
#
# **Typical wrong answer.** "GANs are better because their images are sharper (FID 26 against 46); VAEs are good for
# compression." Half a point, for the evidence: two numbers with a claim, but neither of them precision or recall. What
# each is trained for is not said, and one strength each is too few.
# ### END SOLUTION

# %% [markdown]
# **What you should see** (`quick`): all four have about the same precision, but recall runs from 0.09 for the cold GAN to
# 0.72 for warm G. If you expected digits to be missing: the judge sees all ten in the cold GAN's images, too, though
# unevenly, 274 threes and 19 zeros in a thousand. So it seems to be variety within the digits that is missing. Can the
# loss explain it? A VAE pays for every training image that it cannot reconstruct, so its decoder knows all kinds. A GAN's
# generator pays only for what it draws; for a kind of image that it never draws it pays *indirectly* at most, through a D
# that becomes ever surer that such images are real. So a cold GAN may leave kinds out, and one that starts from a decoder
# that knows them all need not. That fits, but one run does not prove it.

# %% [markdown]
# ## 9. Deliverables
#
# - This notebook with your two functions: the VAE, and the GAN made of it.
# - The pictures of reconstructed (VAE) and generated (GAN) images, the plot of FID, and the table with your numbers.
# - Your answers to the four questions.
#
# **Where next?** Here `fit` did the training. Lab 03 opens it: both losses, the step with two tapes, and what can go
# wrong in the game. The next cell lists what is answered and what is missing.
