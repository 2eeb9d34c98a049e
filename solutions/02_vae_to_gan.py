# ---
# jupyter:
#   labs:
#     minutes: {smoke: 0.4, quick: 1.8}
#     data: [mnist]
# ---

# %% [markdown]
# # Lab 02: From VAE to GAN
#
# In lab 01 you trained an encoder and a decoder. Now you take them apart and put them together the other way round: the
# decoder becomes a **generator**, the encoder becomes a **discriminator**, and without any new layer but one you have a
# GAN.
#
# **You will learn** to
#
# - use a trained decoder as a generator, without any training step, and judge what it draws with a number (FID),
# - turn an encoder into a discriminator, and say what the two have in common and what not,
# - assemble $D(G(z))$ and read what a discriminator says that has not learned yet,
# - compare VAEs and GANs: their roles, their strengths and their weaknesses.
#
# **Time:** about 2 minutes of computing on two CPU cores, two hours with exercises and questions. **Before you start:**
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

# %%
visualize.show_pipeline(
    [
        ("noise z", "32 numbers from\na normal distribution"),
        ("generator", "the VAE's decoder\n32 => 256 => 784"),
        ("image", "real or fake?"),
        ("discriminator", "the VAE's encoder\n784 => 256 => 1"),
        ("score", "one number"),
    ],
    title="What you will have built: the VAE, turned round",
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

# architecture: two numbers can be plotted, 32 leave room for good images
latent_dim = 32
latent_dims = (2, latent_dim)

# optimisation of the VAE: as in lab 01
batch_size = 128
vae_epochs = profile.pick(smoke=2, quick=8, full=20)
vae_learning_rate = 8e-3

# optimisation of the GAN: both networks with the same, gentle Adam. A beta_1 of 0.5 forgets old gradients sooner, because
# the other player changes what is right.
gan_epochs = profile.pick(smoke=1, quick=6, full=30)
gan_learning_rate = 2e-4
gan_beta_1 = 0.5

# judging: fakes for FID after every epoch, and for the table at the end
few_samples = profile.pick(smoke=100, quick=5000, full=10_000)
many_samples = profile.pick(smoke=200, quick=10_000, full=10_000)
# XLA makes dense networks faster once it has compiled them; None asks for it where it pays. A smoke run ends before that.
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
# trick* writes a random code as mean plus scaled noise, so that gradients pass through the dice. The *decoder* draws an
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
# | decoder | a code $z \sim \mathcal{N}(0, I)$ | an image | **generator**: the same in and out |
# | encoder | an image | 2 x 32 numbers about the image | **discriminator**: one number about the image |
#
# So a decoder *is* a generator as it stands. An encoder is a discriminator but for its last layer: it has to give up
# coding the image, and judge it instead.
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
# A generator needs noise and draws images. The decoder has learned to draw images from codes, and KL has kept these
# codes close to $\mathcal{N}(0, I)$. So: draw standard normal noise, decode, done. No training step, no discriminator.
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
# image into features; a Gaussian is fitted to the features of each set; FID is the distance of the two Gaussians. It is
# 0 for equal sets, and grows when images look wrong **or** when kinds of images are missing. Our network is a small
# MNIST classifier with 64 features, trained once for this course. So our FIDs compare only with each other, not with
# published ones.
#
# A FID is read against its **floor**: the FID of real images against other real images. No generator can be expected to
# get below it.

# %%
judge = judging.mnist_judge()
reference = judging.real_reference(
    judge, digits.test_images, digits.train_images[: len(digits.test_images)]
)
decoder_quality = {}
for dim, model in vaes.items():
    noise = np.random.default_rng(0).normal(size=(many_samples, dim)).astype("float32")
    decoder_quality[dim] = judging.quality(model.sample(noise), judge, reference)
    print(f"decoder with latent_dim {dim:2d}: {decoder_quality[dim]}")

# %% [markdown]
# **What you should see** (`quick`): an FID of about 140 with two dimensions and of about 45 with 32. Two numbers cannot
# say enough about an image, so every digit is a blurred average. With 32 numbers the strokes are clear, but some drawn
# codes lie where the decoder never learned anything, and come out as no digit at all. Both are far above the floor of
# about 0.5.
#
# For comparison: pictures of pure noise get a FID of several hundred.

# %% [markdown] question="decoder-as-generator" points=3
# **Question 1 (3 points).** Explain how a VAE's decoder can be used as a GAN's generator. Why does it work without any
# training step, which part of the VAE's loss makes it work, and why are its new images worse than its reconstructions?
#
# ### BEGIN SOLUTION
# **Model answer.** Both are functions from a random vector to an image, with the same shapes: z from N(0, I) goes in,
# an image comes out. The decoder was trained to turn codes into images, so it needs no further step to generate: draw z
# from the prior and decode. KL makes it work: it pulls the encoder's distributions towards N(0, I), so the decoder was
# trained on codes like the ones that we draw. Without KL the codes could lie anywhere. New images are worse because the
# match is not perfect: reconstructions use codes that the encoder chose for a real image, whereas drawn codes also fall
# between and beyond the regions that the encoder uses, where the decoder never learned anything; there it mixes strokes
# of several digits. And a decoder trained on a mean over many codes draws averages, which are blurred.
#
# **Rubric.** 1 point: same interface, z from the prior to an image, so sampling is decoding. 1 point: KL keeps the
# codes near the prior. 1 point: reason for the gap (prior and used codes differ, or blur by averaging).
# ### END SOLUTION

# %% [markdown]
# ## 4. Exercise 1: the encoder as a discriminator (3 points)
#
# The encoder is a stack `pixels`, `hidden` (256 units, ReLU), and then two heads `mean` and `log_var`. Everything up to
# `hidden` is its **trunk**: what it knows about seeing digits. A discriminator needs one number. So:
#
# - keep the trunk of the encoder, **with its trained weights** (share the layers or copy them, as you like);
# - put **one** dense unit on it, with bias and **without** an activation. Its output is a *logit*, a score from minus to plus
#   infinity. $D(x) = \sigma(\text{score})$ is the probability that $x$ is real;
# - leave the encoder itself unchanged, and freeze nothing.
#
# Useful: `encoder.get_layer("hidden").output`, `encoder.input`, `keras.models.clone_model`, `layers.Dense`. A
# functional, a Sequential or a subclassed model are all fine.
#
# *Check by hand:* $784 \cdot 256 + 256$ parameters in the trunk and $256 + 1$ in the head make 201,217.


# %% answer="build_discriminator"
def build_discriminator(encoder):
    """Return a keras.Model from images to one logit each, on the trunk of the encoder."""
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
    """Your discriminator on a copy of the encoder; as a functional model, however you wrote it."""
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
#
# | | encoder of the VAE | discriminator of the GAN |
# |---|---|---|
# | input | a real image | a real **or a fake** image |
# | output | a Gaussian over codes: 32 means, 32 log variances | one score: real or fake |
# | question | *which* image is it? What must the decoder know to draw it again? | *how real* is it? |
# | keeps | as much about the image as KL allows | only what tells real from fake |
# | trained with | the decoder, on the same loss | against the generator, on a loss of its own |
# | labels | none: the image is its own target | made for free: data is real, what G draws is fake |
# | the other network needs it for | a code to decode, during training | a gradient that says how to look more real |
# | after training | can be used: codes, clusters, interpolation | is usually thrown away |

# %% [markdown] question="encoder-discriminator" points=4
# **Question 2 (4 points).** Discuss the differences between the VAE's encoder and the GAN's discriminator: input,
# output, what each is asked, how each is trained, and what each gives to the other network. Which part did you reuse,
# and why is that part useful for both?
#
# ### BEGIN SOLUTION
# **Model answer.** The encoder sees real images only and gives a distribution over codes, 64 numbers here: it says
# *which* image it is, with as much detail as KL allows. The discriminator sees real and fake images and gives one
# score: it says how real the image looks and may forget everything else. The encoder is trained together with the
# decoder down one loss (reconstruction + KL); the discriminator is trained against the generator with its own loss,
# whose labels cost nothing. The encoder hands the decoder a code; the discriminator hands the generator a gradient,
# never an image. We reused the trunk, 784 => 256 with ReLU: it has learned features of strokes, which help to describe
# a digit and also to see what is odd about a fake. Only the head is new.
#
# **Rubric.** 1 point: inputs and outputs (code distribution against one score; real against real and fake). 1 point:
# question asked, what may be forgotten. 1 point: together down one loss against adversarial. 1 point: code against
# gradient, and the trunk as shared features.
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
logits = np.asarray(assembled(fixed_noise[latent_dim]))
print(
    "noise",
    fixed_noise[latent_dim].shape,
    "=> image",
    digits.image_shape,
    "=> logits",
    logits.shape,
)
print(
    f"{generator.count_params():,} + {discriminator.count_params():,} = {assembled.count_params():,} parameters"
)

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
    print(
        f"D says about {name:15s} {values.mean():.2f} on average (spread {values.std():.2f})"
    )
right = np.mean(
    [(before["real"] > 0.5).mean(), (before["fake (decoder)"] < 0.5).mean()]
)
print(f"share of right answers on real and fake: {right:.0%}")
visualize.plot_histograms(
    {"untrained head": before},
    title="An untrained D: real and fake look the same to it",
    xlabel="D(x)",
)

# %% [markdown]
# **What you should see:** about one half, for real images as well as for fakes: both histograms lie over each other,
# and D is right in about half of the cases, like a coin. The values differ from image to image, because the trunk sees
# differences, but the new unit does not know what they mean. Pure noise may land somewhere else: such images are unlike
# all others, yet D does not know whether that is a good sign.
#
# ## 7. Train it: a warm start against a cold one
#
# Now let both networks play. D goes down its loss on real and fake images, G goes down its own, which falls where D
# takes the fakes for real (lab 03 shows every line of this). We train the same architecture twice, with the same
# settings:
#
# - **warm**: generator = the VAE's decoder, discriminator = your network on the VAE's encoder;
# - **cold**: the same networks with new random weights.
#
# **Before you run it:** draw both curves of FID on paper. Where does each start? Does the warm one get better from the
# first epoch on? Where do they end?

# %%
cold_vae = training.VAE(
    models.dense_encoder(digits.image_shape, latent_dim),
    models.dense_decoder(digits.image_shape, latent_dim),
)
starts = {"warm": vae, "cold": cold_vae}


def fid(model):
    """FID of a few thousand samples, always from the same noise."""
    samples = model.sample(few_samples, seed=1)
    return judging.quality(samples, judge, reference).fid


gans, fids, growing = {}, {}, {}
for name, start in starts.items():
    keras.utils.set_random_seed(SEED)
    gan = training.GAN(
        copy_of(start.decoder), discriminator_of(start.encoder), name=f"gan_{name}"
    )
    gan.compile(
        keras.optimizers.Adam(gan_learning_rate, gan_beta_1),
        keras.optimizers.Adam(gan_learning_rate, gan_beta_1),
        jit_compile=jit_compile,
    )
    quality = training.Quality(fid)
    growing[name] = training.SampleGrid(
        visualize.sheet, fixed_noise[latent_dim][:16], every=max(1, gan_epochs // 3)
    )
    untrained = fid(gan)
    gan.fit(
        images.train,
        batch_size=batch_size,
        epochs=gan_epochs,
        callbacks=[growing[name], quality],
    )
    gans[name] = gan
    fids[name] = (
        [0, *quality.epochs],
        [untrained, *(value["fid"] for value in quality.values)],
    )
    print(
        f"{name}: {np.mean(gan.epoch_seconds):.1f} s per epoch, FID {' => '.join(f'{v:.0f}' for v in fids[name][1])}"
    )

# %%
levels = {"decoder as it was": decoder_quality[latent_dim].fid}
if decoder_quality[latent_dim].floor is not None:
    levels["floor: real against real"] = decoder_quality[latent_dim].floor
visualize.plot_curves(
    {f"{name} start": curve for name, curve in fids.items()},
    levels=levels,
    title="FID by epoch of adversarial training: warm against cold",
    xlabel="epochs of adversarial training",
    ylabel="FID (log scale)",
    log=True,
)

# %%
visualize.show_rows(
    {
        "VAE's decoder": vae.sample(fixed_noise[latent_dim][:10]),
        "GAN, warm start": gans["warm"].sample(fixed_noise[latent_dim][:10]),
        "GAN, cold start": gans["cold"].sample(fixed_noise[latent_dim][:10]),
    },
    title="The same ten noise vectors through three generators",
)

# %% [markdown]
# **What you should see** (`quick`): the warm start begins at the FID of the decoder, about 45, and falls slowly to
# about 26. The cold start begins above 300, stays there for two epochs, and ends at about 52: it has not yet reached
# what the decoder could do without any adversarial step. In the rows of images the soft grey strokes of the VAE become
# hard and bright, but frayed: D has an eye for grey blur, and G has learned to avoid it.

# %%
visualize.plot_losses(
    {name: gans["warm"].step_history[name] for name in ("g_loss", "d_loss")},
    title="Warm start: losses of every training step",
    xlabel="training step",
    ylabel="loss (nats)",
    smooth=50,
)

# %% [markdown]
# If D only guessed, its loss would be $2 \log 2 = 1.386$ and G's $\log 2 = 0.693$. Neither curve has to fall: each
# player's loss depends on how good the other one is.

# %%
after = {
    "real": opinion(gans["warm"].discriminator, images.test[:judged]),
    "fake (GAN)": opinion(
        gans["warm"].discriminator, gans["warm"].sample(judged, seed=3)
    ),
    "noise": opinion(gans["warm"].discriminator, shown["noise"]),
}
visualize.plot_histograms(
    {"before": before, "after": after},
    title="What D says before and after the training (warm start)",
    xlabel="D(x)",
)

# %% [markdown]
# **What you should see:** before, D had no reason for what it said, whatever it said about noise. Now it rejects noise
# with full certainty, and says about one half about real images *and* about G's: G has kept up with it. That fits the
# loss of D, which ends near 1.36, close to the 1.386 of guessing.

# %% [markdown] question="warm-cold" points=3
# **Question 3 (3 points).** Read your plot of FID. Where do the two starts begin and end, and what happens to the warm
# one in the first epochs? Explain that first part: who knows what at that time, and why can training make a good
# generator worse for a while?
#
# ### BEGIN SOLUTION
# **Model answer.** In our `quick` run the warm start begins at the FID of the decoder, about 45, and ends at about 26;
# the cold one begins at about 330, because its generator draws noise, and ends at about 52, still above the decoder. At
# first the warm one gains little (in its second epoch its FID even rises a little). Its generator is good, but its
# discriminator knows nothing about real and fake: the trunk is trained, the head is random, and D's loss starts above
# the 1.386 of guessing. G follows its gradients all the same, and they lead nowhere in particular. Only after D has
# found out what is wrong with the decoder's images (grey, blurred strokes) can its gradient help. So handing over a
# good generator is not enough: without a good discriminator it is first pushed about.
#
# **Rubric.** 1 point: own numbers for start and end of both. 1 point: the warm curve's first epochs described as they
# are. 1 point: explained by a D that does not know anything yet.
# ### END SOLUTION

# %% [markdown]
# ## 8. Reconstructed and generated
#
# The two pictures that this lab is about: what a VAE is trained for (draw a given image again), and what a GAN is
# trained for (draw an image that could be real).

# %%
visualize.show_sheets(
    {
        "real test images": digits.test_images[:25],
        "VAE: reconstructed": vae.reconstruct(images.test[:25]),
        "GAN: generated": gans["warm"].sample(fixed_noise[latent_dim]),
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
drawn = {}
for name, sample, seconds in (
    ("VAE's decoder", vae.sample, vae.epoch_seconds),
    ("GAN, warm start", gans["warm"].sample, gans["warm"].epoch_seconds),
    ("GAN, cold start", gans["cold"].sample, gans["cold"].epoch_seconds),
):
    noise = (
        np.random.default_rng(5)
        .normal(size=(many_samples, latent_dim))
        .astype("float32")
    )
    drawn[name] = sample(noise)
    quality = judging.quality(drawn[name], judge, reference)
    print(f"{name}: {quality}")
    # Neighbours among 10,000 against 10,000 take a minute; every third image will do.
    third = judge.features(drawn[name][::3])
    precision, recall = judging.precision_recall(reference.features[::3], third)
    rows.append(
        {
            "generator": name,
            "parameters of G": generator.count_params(),
            "seconds per epoch": round(float(np.median(seconds)), 2),
            "FID": round(quality.fid, 1),
            "floor": None if quality.floor is None else round(quality.floor, 2),
            "precision": round(precision, 2),
            "recall": round(recall, 2),
        }
    )
pd.DataFrame(rows).set_index("generator")

# %% [markdown]
# **Precision** is the share of fakes that lie among real images (do they look right?), **recall** the share of real
# images that lie among the fakes (is every kind of image there?).
#
# **What you should see** (`quick`): adversarial training lowers the FID, and precision stays about the same, but
# **recall falls**: lowest for the cold start, highest for the VAE's decoder. A VAE pays for every training image that
# it cannot reconstruct, so it leaves none out. A GAN pays only for what it draws, and nothing for what it never draws.

# %%
counts = {
    name: judging.class_histogram(judge.probabilities(pictures[:1000]))
    for name, pictures in drawn.items()
}
visualize.plot_counts(
    counts,
    digits.class_names,
    title="Which digit the judge sees in up to 1,000 images of each generator",
)

# %% [markdown]
# ### Does it copy?

# %%
fakes = data.to_uint8(drawn["GAN, warm start"][:10])
nearest = judging.nearest_images(fakes, digits.train_images)
visualize.show_pairs(
    digits.train_images[nearest.indices[:, 0]],
    fakes,
    left_title="Nearest training images",
    right_title="Images of the GAN, warm start",
)

# %% [markdown]
# **What you should see:** similar digits, not the same ones. The generator has not learned training images by heart.

# %% [markdown] question="vae-gan" points=4
# **Question 4 (4 points).** Compare the roles of VAEs and GANs in generative modelling: what is each trained for, and
# what can each do that the other cannot? Name two strengths and two weaknesses of each, and use at least one number and
# one picture of this lab.
#
# ### BEGIN SOLUTION
# **Model answer.** A VAE is trained to code and to draw again what it is shown, a GAN to draw what could be real. The
# VAE also has an encoder (codes for given images, interpolation between them, the search for odd ones) and a bound on
# the likelihood; a GAN has neither. Strengths of the VAE: one loss that falls, so training is stable and can be
# compared by the ELBO; every training image has to be reconstructed, so it leaves no kind out. Weaknesses: blurred
# images, because it averages over what could be; prior and used codes do not quite match, so new images are worse than
# reconstructions. Strengths of the GAN: sharp images, because an average is easily seen to be fake; no likelihood and
# no fixed distance of pixels needed. Weaknesses: training is a game: it can oscillate or collapse to few kinds, and the
# losses do not tell how good it is; no encoder, no likelihood. In our run adversarial training from the same weights
# lowered the FID from about 45 to about 25, and lowered recall, too (own numbers); the sheets show brighter, harder
# strokes.
#
# **Rubric.** 1 point: what each is trained for, and a thing only one of them can do. 1 point: two strengths and two
# weaknesses of the VAE. 1 point: the same for the GAN. 1 point: own number and own picture, read rightly.
# ### END SOLUTION

# %% [markdown]
# ## 9. Deliverables
#
# - This notebook with your two functions: the VAE, and the GAN made of it.
# - The pictures of reconstructed (VAE) and generated (GAN) images, the plot of FID, and the table with your numbers.
# - Your answers to the four questions.
#
# **Where next?** Here `fit` did the training. Lab 03 opens it: both losses, the step with two tapes, and what can go
# wrong in the game. The next cell lists what is answered and what is missing.
