# ---
# jupyter:
#   labs:
#     minutes: {smoke: 0.7, quick: 7.9}
#     data: [faces]
# ---

# %% [markdown]
# # Lab 06: The anime-face DCGAN
#
# You have a few hundred faces, and you want thousands. In this lab you size a DCGAN for images of *your* size, find out why a
# few hundred images are a problem and what helps, train it, watch the faces grow, and save what came of it in seven ways.
#
# **You will learn** to
#
# - say what GANs are used for, and what the six best-known types add to one another,
# - work out the layers of both networks for images of any size,
# - tell noise from fixed noise, and augmentation that leaks from augmentation that does not,
# - show in numbers that a discriminator knows its training images by heart,
# - save, load, interrupt and resume, and say which files you would never open,
# - judge whose faces a generator draws, and what it could be misused for.
#
# **Time:** about 8 minutes of computing on two CPU cores, four hours with exercises and questions.
# **Before you start:** lab 04 (convolutions, the DCGAN).

# %% setup=true
import inspect
import logging
import tempfile
from pathlib import Path

import imageio.v2 as imageio
import joblib
import keras
import numpy as np
import pandas as pd
import PIL.Image
import tensorflow as tf
from IPython.display import display

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
# ## What GANs are for
#
# This lab goes through *Practical 8* of a course, a DCGAN for anime faces of 100x100 pixels; "the document" always means that
# one. It opens with uses. Five of them, each with what goes in and what comes out:
#
# | use | in | out | an example |
# | --- | --- | --- | --- |
# | drawing images, and frames of video | noise | an image, a film | people, animals or clothes that do not exist |
# | 3-D models | noise | a shape | furniture for a game or for virtual reality |
# | more data | noise, often a label | training images | rare cases for a classifier |
# | image to image | an image | another image | a sketch becomes a photo, summer becomes winter |
# | text to image | a sentence | an image | "a girl with pink hair and glasses" |
#
# Today diffusion models do most of the text-to-image work. They are another family: most of them have no discriminator.
#
# Six types are the usual map of the field. Read the table from top to bottom: each row adds one main idea to the first.
#
# | type | what is new | how it works | good for | mind |
# | --- | --- | --- | --- | --- |
# | **vanilla** GAN | the game itself | two dense networks and cross-entropy | small images, toy data | oscillates; draws a few kinds only (mode collapse) |
# | **CGAN** | a condition *y* | G and D both get a label or other hint beside their input | "a dog, please" | needs labels |
# | **DCGAN** | convolutions | strided and transposed convolutions in place of pooling and hidden dense layers; batch norm | images of moderate size; this lab | one scale, no control |
# | **LAPGAN** | a pyramid | draws small, enlarges, adds a band of detail; a conditional pair for each level | larger images from small networks | one training for each level |
# | **SRGAN** | enlarging | G turns a small image into a large one; a content loss on deep features, and D for sharpness | old photographs, satellite images | detail is invented, not recovered |
# | **CycleGAN** | unpaired translation | two G, two D; there and back again has to give the first image | horses and zebras, seasons, styles | can hide what it needs for the way back |
#
# And where it went from there, in five lines: the **StyleGAN** family steers coarse and fine features of a face separately;
# **attention** (SAGAN, AttnGAN) lets far parts of an image, or words, look at each other; **WGAN** and WGAN-GP swap the loss for
# a distance whose gradient does not fade; **Pix2Pix** (with pairs) and CycleGAN (without) translate, SRGAN enlarges; **ProGAN**
# and **BigGAN** are about size: high resolution, large batches. Lab 07 has the table of all types, with their losses.

# %% [markdown]
# ## Parameters
#
# One parameter matters most: with `image_folder = None` the lab draws its own faces; name a folder of pictures, and it takes
# those, of whatever size and kind they are. With `networks = "mine"` the main training takes the generator that you write in
# exercise 3, in every profile; `"document"` takes Practical 8's pair with its own Adam (100x100 images, for a GPU).

# %% setup=true
profile = profiles.current()
print(profile)

SEED = 42
keras.utils.set_random_seed(SEED)
# No notes on how often functions are compiled: every new GAN has its own.
# And none on the age of .h5, which section 9 speaks of.
tf.get_logger().setLevel("ERROR")
logging.getLogger("absl").setLevel(logging.ERROR)

# data
image_folder = None  # or the path of a folder with your own pictures, as "my_faces"
# Where sections 6 to 9 save. Name a folder that outlives the session, as "my_run", and
# the main training goes on where it stopped, when you run the lab again.
run_folder = None
image_size = profile.pick(smoke=24, quick=48, full=100)
face_count = profile.pick(smoke=80, quick=580, full=580)  # to train on, at most
held_out_count = profile.pick(smoke=70, quick=500, full=500)  # never trained on

# architecture
networks = "mine"  # or "document", for images of 100x100
latent_dim = profile.pick(smoke=8, quick=64, full=200)

# optimisation
batch_size = 16  # small, because the data is small: 37 steps an epoch with 580 images
epochs = profile.pick(smoke=2, quick=72, full=500)
# Adam's rate, beta_1 and beta_2. The document's pair takes Keras' default betas.
adam = {"mine": (4e-4, 0.5, 0.999), "document": (1e-4, 0.9, 0.999)}[networks]
# How much of the running average of G's weights stays in each step:
average = profile.pick(smoke=0.9, quick=0.99, full=0.999)
# What D's images go through in the main training. () is the document's last run;
# all three together are slower, and meant for long trainings.
main_changes = profile.pick(
    smoke=("translation",),
    quick=("translation",),
    full=("colour", "translation", "cutout"),
)

# the experiment with augmentation
small_counts = profile.pick(smoke=(80,), quick=(205, 580), full=(205, 580))
experiment_steps = profile.pick(smoke=6, quick=500, full=4000)
experiment_parts = profile.pick(smoke=2, quick=6, full=10)  # measurements of each run


def new_optimizer():
    """Adam with the settings above. Each network needs one of its own."""
    rate, beta_1, beta_2 = adam
    return keras.optimizers.Adam(rate, beta_1, beta_2)


# %% [markdown]
# The document calls these the inputs and the key decisions. Here is what each is for, how one usually chooses it, and what is
# set above:
#
# | decision | what it is for | usual choice | the document / `quick` |
# | --- | --- | --- | --- |
# | image size | fixes the start size of G and the number of layers | a size that halves well: 32, 64, 128 | 100 / 48 |
# | image channels | last layer of G, first of D | 1 for grey, 3 for colour | 3 / 3 |
# | batch size | images in one step; bounded by memory | 32 to 128 with much data | 16 / 16 |
# | noise length (`latent_dim`) | how many numbers make one image different from another | 50 to 200 | 200 / 64 |
# | fixed noise | the same codes in every progress picture | 25, a sheet of 5 x 5 | 25 / 25 |
# | doublings of G, halvings of D | log2(image size / start size) doublings in G, about as many halvings in D | start near 8 | 2 and 4 / 3 and 3 |
# | loss | what both players pay | cross-entropy on raw scores | the same / the same |
# | optimizer | how they move | Adam with beta_1 = 0.5 | Adam(1e-4), beta_1 left at 0.9 / above |
#
# Two rows deserve a second look. The document recommends batches of 32 to 128 and beta_1 = 0.5, and its own program uses 16
# and 0.9: rules of thumb are where one starts, and not where one ends.

# %% [markdown]
# ## 1. The faces
#
# The document takes 580 pictures from a folder. Ours are drawn by a program, each with attributes and a caption, so nothing has
# to be downloaded. Some are set aside and never shown to D: they will tell us what D has learned by heart. The held-out and
# the training faces come from the same program, so they differ as two pages of one sketchbook do, and not more.

# %%
if image_folder is None:
    faces = data.draw_faces(face_count + held_out_count, image_size, seed=SEED)
    pixels, captions = faces.images, faces.captions
    held_out = min(held_out_count, len(pixels) - batch_size)
else:
    found = data.load_image_folder(image_folder, image_size, batch_size=2 * batch_size)
    print(found.summary)
    order = np.random.default_rng(SEED).permutation(len(found))
    pixels, captions = found.images[order], None
    held_out = min(held_out_count, len(found) // 5)

train_pixels, held_out_pixels = pixels[held_out:][:face_count], pixels[:held_out]
train_images = data.to_float(train_pixels, "tanh")
held_out_images = data.to_float(held_out_pixels, "tanh")
print(f"train {train_images.shape}, held out {held_out_images.shape}")
print(f"values from {train_images.min()} to {train_images.max()}")
visualize.show_grid(train_pixels[:40], title="Forty training images")

# %%
if captions:
    for number in range(4):
        print(f"{number + 1}. {captions[held_out + number]}")
    in_training = slice(held_out, held_out + len(train_pixels))
    for name in ("hair_colour", "hair_style", "skin", "glasses"):
        values = pd.Series(faces.attributes[name][in_training])
        share = values.value_counts(normalize=True).round(2)
        display(share.rename(f"{name}: share").to_frame().T)

# %% [markdown]
# ## 2. Sizes: the rules of thumb as functions
#
# **Upsampling** makes images larger, **downsampling** makes them smaller. A generator needs the first, because it goes from a
# short vector to a large image; a discriminator needs the second, because it goes from a large image to one number. There are
# two common layers for each:
#
# - up: `UpSampling2D` repeats every pixel (or blends between them), without a weight; `Conv2DTranspose` with stride 2 lets every
#   pixel paint a small pattern that is learned. Many call it *deconvolution*, the document too. It does not undo a
#   convolution, so *transposed convolution* is the better word.
# - down: `MaxPooling2D` keeps the largest of every four pixels, and forgets where it was; `Conv2D` with stride 2 learns what to
#   keep. DCGANs take strided convolutions, so that D's answer reaches G through every pixel, and not through one in four.

# %%
little = np.array([[1, 2, 0, 1], [3, 4, 1, 0], [0, 1, 5, 6], [1, 0, 7, 8]], "float32")
stamp = np.array([[1, 0.5], [0.5, 0]], "float32")  # what one pixel paints
paint = keras.layers.Conv2DTranspose(1, 2, strides=2, use_bias=False)
paint.build((None, 2, 2, 1))
paint.set_weights([stamp[:, :, None, None]])
small = keras.layers.MaxPooling2D()(little[None, :, :, None])
enlarged = {
    "an image": little,
    "MaxPooling2D": small,
    "UpSampling2D of that": keras.layers.UpSampling2D()(small),
    "Conv2DTranspose of that": paint(small),
}
visualize.show_matrices(
    {name: np.squeeze(np.asarray(image)) for name, image in enlarged.items()},
    title="Down, and up again in two ways",
)

# %% [markdown]
# Each layer with stride 2 doubles or halves the side. Then the sizes follow from one another:
#
# $$ \text{start} = \frac{\text{image size}}{2^n}, \qquad n = \text{number of doublings}. $$
#
# ### Exercise 1: the sides in a generator (2 points)
#
# Write the sides of the images inside G, from the start to the last layer. Where the division leaves a remainder, round the
# start **up**: what is too much can be cropped, what is missing cannot be made up.
#
# *Small example:* 100 pixels with 2 doublings gives 25, 50, 100; with 3 it gives 13, 26, 52, 104.


# %% answer="generator_sides"
def generator_sides(image_size, doublings):
    """Return the list of sides, start first: doublings + 1 whole numbers (int)."""
    ### BEGIN SOLUTION
    start = -(-image_size // 2**doublings)
    return [start * 2**step for step in range(doublings + 1)]
    ### END SOLUTION


# %% check="generator_sides" points=2
generator_sides = checks.lab06.generator_sides(generator_sides)
### BEGIN HIDDEN TESTS
checks.require("generator_sides")
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 2: the sides in a discriminator (2 points)
#
# D mirrors G: strided convolutions with padding "same". **Before you write:** the comments in the document's program say 100,
# 50, 25, 12, 6. Are they right? (Lab 04 has the rule for "same".)


# %% answer="discriminator_sides"
def discriminator_sides(image_size, halvings):
    """Return the list of sides, the image's first: halvings + 1 whole numbers (int)."""
    ### BEGIN SOLUTION
    sides = [image_size]
    for _ in range(halvings):
        sides.append((sides[-1] + 1) // 2)
    return sides
    ### END SOLUTION


# %% check="discriminator_sides" points=2
discriminator_sides = checks.lab06.discriminator_sides(discriminator_sides)
### BEGIN HIDDEN TESTS
checks.require("discriminator_sides")
### END HIDDEN TESTS

# %% [markdown]
# How many doublings? As many as bring the start near 8 pixels. A larger start costs parameters (the first dense layer has
# `latent_dim * start * start * filters` of them), a smaller one needs more layers. The table holds the rules for several sizes;
# put your own size in.

# %%
models.sizing_table([28, 64, 100, 48, 128, 200])

# %%
print(
    "The document takes 2 doublings for 100 pixels:",
    generator_sides(100, 2),
    "and 4 halvings:",
    discriminator_sides(100, 4),
)
models.sizing_table([28, 64, 100], doublings=2)

# %% [markdown]
# **What you should see:** for 64 pixels 8 => 16 => 32 => 64. For 100 there is a choice: 25 => 50 => 100 fits exactly and
# starts large; four doublings start at 7 and end at 112, of which 12 pixels are cropped. (The document also names 12 as the
# start for 100 with three doublings. 12.5 rounded *down* ends at 96: four pixels are missing, and stretching 96 to 100 blurs
# every face.)
#
# And D: 100, 50, 25, **13, 7**. If you believed the comments, you are in good company: whoever wrote them halved and dropped the
# remainder. "Same" rounds up, and the document's own printed summary says 13 and 7.

# %% [markdown] question="latent-and-batch" points=3
# **Question 1 (3 points).** (a) You have 100x100 images of *one* character in many poses, and 100x100 images of a thousand
# characters. Which needs the longer latent vector, and why is image size the weaker hint? (b) The document takes a batch of
# 16 "as data is small". Take the number of training images that *your* run printed. What would a batch of 128 change, per epoch
# and in each step?
#
# ### BEGIN SOLUTION
# **Model answer.** (a) The thousand characters: the latent vector has to hold what makes one image different from another,
# and one character differs only in pose. Size adds pixels, but neighbouring pixels mostly repeat each other; a large picture of
# a simple thing still needs few numbers. (b) My run trains on 580 images. With 16 an epoch has 37 steps, with 128 only 5 (4 full
# ones and a rest of 68): in the same number of epochs the weights move seven times less often, so one has to train longer or
# take a larger learning rate. In each step the gradient is less noisy and batch norm's statistics are steadier, at eight times
# the cost and memory.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | (a) what decides (1) | the thousand characters, because the code holds differences *between* images, and pixels repeat each other | the right set without a reason, or "more variety" without why size says less | image size decides |
# | (b) per epoch (1) | steps per epoch for both batches, from the own number of images | "fewer steps" without numbers | the same number of steps |
# | (b) in each step (1) | one effect with its direction: less noise in the gradient, steadier batch norm, more time or memory | an effect without a direction | nothing about the step |
#
# **Enough for full marks.** "The thousand: the code must hold what differs between images, while pixels next to each other say
# the same. 580 images: 37 steps an epoch with 16, 5 with 128; each step then has a less noisy gradient."
#
# **Typical wrong answer.** "Both need the same, they are both 100x100; a batch of 128 is faster." 0 of 3: size is taken for
# variety, and "faster" says nothing about how often or how well the weights move.
# ### END SOLUTION

# %% [markdown]
# ### The length of the noise
#
# There is no formula for it. The document weighs three lengths against each other, in our words:
#
# | latent length | for it | against it |
# | --- | --- | --- |
# | short, 16 to 50 | easy to train, small first layer | few directions: samples may look alike |
# | usual, about 100 | enough variety for digits and faces, trains well | a larger first layer |
# | long, 200 and more | room for rich data | many directions that mean nothing, which G has to learn to ignore; can be harder to train |
#
# Start in the `latent` column of the table above, or at 100. If the samples look too much alike, take more; if the training is
# unstable, take less. It is independent of the batch size: that only says how many codes a step draws.

# %% [markdown]
# ## 3. The networks
#
# First the document's pair for 100x100 images. Its rules for the layers, beside each other:
#
# | | generator | discriminator |
# | --- | --- | --- |
# | begins with | a dense layer and a reshape to a small image with many channels | the image, of the very shape that G makes |
# | then | transposed convolutions (or upsampling and a convolution) with stride 2 | convolutions with stride 2 |
# | normalisation | batch norm after each layer but the last | none in the first layer, optional further inside |
# | activation | ReLU or LeakyReLU; tanh at the end for images in [-1, 1], sigmoid for [0, 1] | LeakyReLU, so that no unit dies |
# | against overfitting | nothing | dropout |
# | ends with | as many channels as the image has | flatten, and one raw score |
# | depth | as many doublings as lead from the start to the image | about as many halvings: its mirror |
#
# Start simple: three or four convolutions each for 64x64, one more or wider ones for 100x100.
#
# **Before you run it:** what share of G's 33 million parameters sits in its first dense layer?

# %%
print(inspect.getsource(models.anime_pair).split('"""')[-1])
anime_generator, anime_discriminator = models.anime_pair()
anime_generator.summary()
anime_discriminator.summary()

# %%
visualize.show_layers(anime_generator)

# %%
visualize.show_layers(anime_discriminator)

# %%
counts = {"G": anime_generator.count_params(), "D": anime_discriminator.count_params()}
first = anime_generator.layers[0].count_params()
print(f"G {counts['G']:,}, D {counts['D']:,}")
print(f"G's first layer alone has {first:,}: {first / counts['G']:.0%}")

# %% [markdown]
# **What you should see:** 33,011,136 and 1,576,065 parameters, 97 % of G's in the first dense layer: 200 numbers times 160,000
# places. If you guessed less: a convolution uses the same few weights at every place, a dense layer has one for each pair of an
# input and a place.

# %% [markdown] question="filters" points=2
# **Question 2 (2 points).** The document writes that a generator has few filters in its early layers and more in later ones,
# and a discriminator the opposite. Compare with the summaries above. Which is it, and why is it done so?
#
# ### BEGIN SOLUTION
# **Model answer.** The summaries show the reverse of the sentence: G has 256, 128, 64 and then 3 channels, D 64, 128, 256, 512.
# Where the side is small, a pixel stands for a large part of the face, and many channels are needed to say what is there
# (hair, eye, which way it looks); near the image a pixel only has to say its colour and which edge passes through it. It is
# cheap, too: the work of a layer is side x side x channels in x channels out, so halving the channels when the side doubles
# keeps it in bounds; the other way round the last layers would cost most and know least.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | which it is (1) | the sentence is the wrong way round, with channels of both networks from the summaries | right for one network, or without numbers | repeats the sentence |
# | why (1) | what a pixel has to say where the side is small, or the cost of a layer | "more channels hold more", not tied to the side | no reason |
#
# **Enough for full marks.** "The reverse: G 256, 128, 64, 3, D 64, 128, 256, 512. Where the side is small each pixel describes
# a large part of the face and needs many channels."
#
# **Typical wrong answer.** "G needs more filters at the end because the image gets larger." 0 of 2: the summaries say 256 to
# 3, and a large side is the reason for *few* filters.
# ### END SOLUTION

# %% [markdown]
# ### Exercise 3: a generator for any size (3 points)
#
# Write a light generator: noise `(latent_dim,)` to images `(image_size, image_size, 3)` in [-1, 1], for *any* size from 16 on,
# odd ones too.
#
# - Dense and Reshape to `start x start`, then **at least two** enlarging layers: `Conv2DTranspose` with kernel 4, stride 2,
#   padding "same" (or `UpSampling2D` and a convolution);
# - channels that fall towards the image, 3 at the end, with tanh; batch norm and ReLU in between;
# - `Cropping2D` at the end where the last side is too large; at most 2,000,000 parameters for 48x48;
# - a Sequential or functional model without Lambda layers: section 9 saves it in formats that keep no code of yours.
#
# `models.doublings_for(image_size)` says how many doublings bring the start near 8. For small images that is one, and two are
# asked for. What you write here is what you train later, in every profile.


# %% answer="my_face_generator"
def my_face_generator(image_size, latent_dim):
    """Return a generator: noise (batch, latent_dim) => images in [-1, 1],
    (batch, image_size, image_size, 3)."""
    ### BEGIN SOLUTION
    sides = generator_sides(image_size, max(2, models.doublings_for(image_size)))
    # 96, 48, 24 for three doublings
    filters = [24 * 2 ** min(step, 3) for step in range(len(sides) - 1)][::-1]
    layers = [
        keras.Input((latent_dim,)),
        keras.layers.Dense(256, use_bias=False),
        keras.layers.BatchNormalization(momentum=0.9),
        keras.layers.ReLU(),
        keras.layers.Dense(sides[0] ** 2 * filters[0], use_bias=False),
        keras.layers.BatchNormalization(momentum=0.9),
        keras.layers.ReLU(),
        keras.layers.Reshape((sides[0], sides[0], filters[0])),
    ]
    for count in filters[1:]:
        layers += [
            keras.layers.Conv2DTranspose(
                count, 4, strides=2, padding="same", use_bias=False
            ),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.ReLU(),
        ]
    # The last doubling enlarges smoothly and then convolves:
    # that leaves less grain after a short training.
    layers.append(keras.layers.UpSampling2D(2, interpolation="bilinear"))
    layers.append(keras.layers.Conv2D(3, 3, padding="same", activation="tanh"))
    extra = sides[-1] - image_size
    if extra:
        edge = (extra // 2, extra - extra // 2)
        layers.append(keras.layers.Cropping2D((edge, edge)))
    return keras.Sequential(layers, name="my_face_generator")
    ### END SOLUTION


# %% check="my_face_generator" points=3
my_face_generator = checks.lab06.my_face_generator(my_face_generator)
### BEGIN HIDDEN TESTS
checks.require("my_face_generator")
### END HIDDEN TESTS


# %%
def new_pair():
    """What this lab trains: your generator and a light D, or the document's pair."""
    if networks == "document":
        return models.anime_pair(latent_dim)
    return models.Pair(
        my_face_generator(image_size, latent_dim),
        models.light_face_pair(image_size, latent_dim).discriminator,
    )


keras.utils.set_random_seed(SEED)
generator, discriminator = new_pair()
print(f"G {generator.count_params():,} parameters, D {discriminator.count_params():,}")
visualize.show_layers(generator)

# %%
visualize.show_layers(discriminator)

# %% [markdown]
# ### Noise and fixed noise
#
# Noise is a vector of standard normal numbers here (uniform ones in [-1, 1] would do as well). Every training step draws
# **new** noise. To *watch* the training we keep one batch of codes, the **fixed noise**, and draw the same codes again and
# again. First run both networks untrained.


# %%
def draw_noise(count, seed):
    """Standard normal codes (count, latent_dim), the same for the same seed."""
    codes = np.random.default_rng(seed).normal(size=(count, latent_dim))
    return codes.astype("float32")


fixed_noise = draw_noise(25, SEED)  # 5 x 5, as in the document
once, again = (generator(fixed_noise).numpy() for _ in range(2))
other = generator(draw_noise(25, SEED + 1)).numpy()
print("fixed noise drawn twice: largest difference", np.abs(once - again).max())
print("new noise:               largest difference", np.abs(once - other).max())
scores = discriminator(train_images[:3]), discriminator(once[:3])
print("untrained D says of real faces", scores[0].numpy().ravel().round(3))
print("               and of fakes   ", scores[1].numpy().ravel().round(3))
drawn = {"fixed noise": once, "the same again": again, "other noise": other}
visualize.show_sheets(
    # from [-1, 1] to [0, 1]
    {name: data.ready_to_show(samples, "tanh") for name, samples in drawn.items()},
    title="An untrained generator",
)

# %% [markdown] question="fixed-noise" points=2
# **Question 3 (2 points).** What would go wrong (a) if training used the fixed noise in every step, (b) if the pictures of
# progress used new noise every time? For (b) use the differences that your cell printed.
#
# ### BEGIN SOLUTION
# **Model answer.** (a) G would only have to make 25 good images, one for each code: it could learn 25 faces by heart, and
# codes between them would give anything. Training noise must cover the whole distribution. (b) Every picture would show other
# faces. Drawn twice from fixed noise my images differ by 0.0, drawn from other noise by up to 0.06, although nothing was trained
# in between: with new noise one cannot tell whether a face got better or whether another face was drawn.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | (a) training (1) | G needs to serve only those few codes, all others stay untrained | "it overfits" without saying to what | names no consequence |
# | (b) pictures (1) | change by training and change by other noise cannot be told apart, with the two differences that the cell printed | the same without the differences | "it would look worse" |
#
# **Enough for full marks.** "G would learn 25 faces by heart and nothing for other codes. Fixed noise gave a difference of 0.0,
# other noise one of 0.06 without any training, so progress could not be told from other codes."
#
# **Typical wrong answer.** "Fixed noise makes all images the same." 0 of 2: 25 different codes give 25 different images; the same
# code gives the same image, which is what one wants for watching.
# ### END SOLUTION

# %% [markdown]
# ## 4. Few images: augmentation
#
# D sees the same 580 images in every epoch. It is a strong network, so it may come to know them **by heart**: it calls
# these very images real and everything else fake, and G can do nothing about it. More images would help. **Augmentation**
# makes more: each time an image is shown, it is changed a little.
#
# ### a. Changing the data only
#
# The document flips, turns, zooms and changes the contrast of the *real* images, in every step.
# **Before you run it:** the images are in [-1, 1]. Look at the second row: what has happened to the dark parts?

# %%
# Its value_range is (0, 255) unless one says otherwise.
as_in_the_document = keras.layers.RandomContrast(0.1, seed=SEED)
repaired = keras.layers.RandomContrast(0.1, value_range=(-1, 1), seed=SEED)
rows = {
    "images": train_images[:8],
    "RandomContrast(0.1)": as_in_the_document(train_images[:8], training=True).numpy(),
    "value_range=(-1, 1)": repaired(train_images[:8], training=True).numpy(),
}
for name, changed in rows.items():
    print(f"{name:22} from {changed.min():.2f} to {changed.max():.2f}")
rows = {name: data.ready_to_show(changed, "tanh") for name, changed in rows.items()}
visualize.show_rows(rows, title="Eight images, and two settings of one layer")

# %% [markdown]
# **What you should see:** they have turned grey. Keras 3 cuts the result to [0, 255], so in [-1, 1] everything darker than middle
# grey becomes middle grey, and nothing says so. If you expected a mild change of contrast, so did the author. (The run that the
# document shows at the end has its augmentation switched off.) With the right range the layer does what it should. Now all
# four together:


# %%
def data_augmentation():
    """The document's four layers, for images in [-1, 1]."""
    return keras.Sequential(
        [
            keras.layers.RandomFlip("horizontal"),
            keras.layers.RandomRotation(0.1),  # up to a tenth of a turn: 36 degrees
            keras.layers.RandomZoom(0.1),
            keras.layers.RandomContrast(0.1, value_range=(-1, 1)),
        ],
        name="data_augmentation",
    )


class DataAugmentedGAN(training.GAN):
    """A GAN that changes the real images in every step, and leaves the fakes alone."""

    def __init__(self, *networks, augmentation, **arguments):
        super().__init__(*networks, **arguments)
        self.augmentation = augmentation

    def losses_of_step(self, images):
        return super().losses_of_step(self.augmentation(images, training=True))


keras.utils.set_random_seed(SEED)
changed = data_augmentation()(train_images[:20], training=True).numpy()
visualize.show_sheets(
    {
        "as they are": train_pixels[:20],
        "what D is told is real": data.ready_to_show(changed, "tanh"),
    },
    title="Augmentation of the data only",
)

# %% [markdown]
# D now has to call turned and mirrored faces *real*, and G's task is to draw what D calls real. What that does to the samples
# is called a **leak**. You will look for it in your own sheets.
#
# ### b. Changing both sides
#
# The remedy (Zhao et al. 2020; Karras et al. 2020): change **whatever D sees**, the real images and the fakes, in the same
# random way. Two conditions:
#
# 1. gradients must flow **through** the change, from D back to G: it has to be differentiable;
# 2. D is shown changed images in training only. What G draws is used as it is.
#
# Three changes do most of the work: colour, translation, and cutout (a grey square).
#
# **Is that enough to keep the change out of the samples?** Make it small enough to calculate. Say that a face stands in one of
# four ways: upright, turned by a quarter, upside down, turned by three quarters. The real faces have shares $p$ = (1, 0, 0, 0),
# G's faces have shares $q$. A random change moves faces from one way to another: a matrix $A$, whose entry (i, j) is the chance
# that a face in way $j$ is shown in way $i$. D compares $Ap$ with $Aq$ and nothing else. At best G reaches
#
# $$ A q = A p, \qquad \text{but we want} \qquad q = p. $$
#
# The first implies the second, whatever $p$ is, exactly if no two different $q$ give the same $Aq$, that is, if $A$ can be
# *inverted*. Here are two random changes. Both turn the face; only one of them loses track of which way it stood:

# %%
turned = [np.roll(np.eye(4), quarters, axis=0) for quarters in range(4)]
chances = {
    "any turn, chance 1/4 each": (0.25, 0.25, 0.25, 0.25),
    "left alone 70 %, else turned": (0.7, 0.1, 0.1, 0.1),
}
upright, any_way = np.array([1, 0, 0, 0]), np.array([0.4, 0.3, 0.2, 0.1])
for name, parts in chances.items():
    change = sum(chance * turn for chance, turn in zip(parts, turned, strict=True))
    print(f"{name}: rank {np.linalg.matrix_rank(change)} of 4")
    print("   D sees of upright faces ", (change @ upright).round(2))
    print("   D sees of a mixed bunch ", (change @ any_way).round(2))

# %% [markdown]
# With the first change D sees the same of upright and of mixed faces: G may draw any mixture and pays nothing for it, so the
# turn leaks although *both* sides are turned. With the second one (rank 4) D sees a difference, and G can only satisfy it with
# upright faces. The same holds for images and their far larger matrices: a change on both sides does not leak if its effect on
# the *distribution* can be undone.
#
# ### Exercise 4: a translation with gradients (3 points)
#
# Move each image of a batch by its own whole number of pixels: `rows[i]` down and `columns[i]` to the right (negative: up,
# left). Zeros come in, what leaves is lost. Only TensorFlow functions, or no gradient flows. One way: in output row `r`
# stands input row `r - rows[i]`; `tf.gather(images, indices, axis=1, batch_dims=1)` picks rows for each image by an index
# `(batch, height)`, and what comes from outside is set to zero (`tf.pad` can put a border of zeros around the images first).


# %% answer="translate"
def translate(images, rows, columns):
    """Return images (batch, height, width, channels), each moved down by its rows
    and to the right by its columns, both int32 (batch,)."""
    ### BEGIN SOLUTION
    for axis, shifts in ((1, rows), (2, columns)):
        side = images.shape[axis]
        border = [(0, 0)] * 4
        border[axis] = (side, side)
        # Where each pixel comes from, inside the border:
        source = tf.range(side)[None, :] + side - shifts[:, None]
        images = tf.gather(tf.pad(images, border), source, axis=axis, batch_dims=1)
    return images
    ### END SOLUTION


# %% check="translate" points=3
translate = checks.lab06.translate(translate)
### BEGIN HIDDEN TESTS
checks.require("translate")
### END HIDDEN TESTS

# %%
reach = image_size // 4
shifts = np.random.default_rng(SEED).integers(-reach, reach + 1, size=(2, 8))
rows, columns = (tf.constant(each, tf.int32) for each in shifts)
moved = translate(tf.constant(train_images[:8]), rows, columns).numpy()
visualize.show_rows(
    {"images": train_pixels[:8], "your translate": data.ready_to_show(moved, "tanh")},
    title="Each image has its own shift; zero is grey in [-1, 1]",
)

# %% [markdown]
# `labhelpers` does it with Keras' layers for translation and cutout, and one of its own for the colours. They stand in front
# of D and work in training only:

# %%
print(inspect.getsource(models.augmented).split('"""')[-1])
keras.utils.set_random_seed(SEED)
by_layer = {"images": train_pixels[:8]}
for layer in models.differentiable_augmentation():
    by_layer[layer.name] = data.ready_to_show(
        layer(train_images[:8], training=True), "tanh"
    )
both_sides = models.augmented(discriminator)
same = np.array_equal(both_sides(train_images[:8]), discriminator(train_images[:8]))
print("Outside of training the augmented D gives the same scores:", same)
visualize.show_rows(by_layer, title="Differentiable augmentation, one change a row")

# %% [markdown]
# ## 5. Does D know its images by heart?
#
# D can be asked: what does it score the images that it has trained on, and what does it score held-out ones, which are just
# as real? A D that has learned what faces are gives both the same. A D that knows its images by heart gives the held-out ones
# what it gives the fakes.
#
# ### Exercise 5: the gap (2 points)
#
# Return the mean raw score on the training images minus the mean raw score on the held-out images. Dropout must be off.


# %% answer="score_gap"
def score_gap(discriminator, train_images, held_out_images):
    """Return mean D(train) - mean D(held out), one number.
    Both are arrays (n, height, width, channels)."""
    ### BEGIN SOLUTION
    on_train = discriminator(train_images, training=False)
    on_held_out = discriminator(held_out_images, training=False)
    return float(tf.reduce_mean(on_train) - tf.reduce_mean(on_held_out))
    ### END SOLUTION


# %% check="score_gap" points=2
score_gap = checks.lab06.score_gap(score_gap)
### BEGIN HIDDEN TESTS
checks.require("score_gap")
### END HIDDEN TESTS

# %% [markdown]
# The judge of quality is a small network that has learned to read the attributes of drawn faces (hair, eyes, mouth, ...) and
# is frozen since. Its features give a FID: the distance between fakes and held-out faces. It is our own, so compare its
# numbers with each other only. (It has never seen photographs or other people's drawings: with a folder of your own, read it
# with caution.)

# %%
judge = judging.face_judge()
# Where few are held out, the training images have to serve as real ones, too.
few = len(held_out_pixels) < 2 * judge.feature_dim
real_pixels = pixels if few else held_out_pixels
reference = judging.real_reference(judge, judging.resized_for(judge, real_pixels))
fake_count = max(judge.feature_dim + 6, min(500, len(real_pixels)))


def fid_of(samples):
    """FID of samples in [0, 1], as ``sample`` gives them."""
    return judging.quality(
        judging.resized_for(judge, data.to_uint8(samples)), judge, reference
    ).fid


floor = reference.floor(fake_count)
why = " (too few are held out)" if few else ""
print(f"compared with {len(real_pixels)} real faces{why}")
if floor is None:
    print("floor: too few real images")
else:
    print(f"floor: {floor[0]:.1f}, between halves of {floor[1]} images each")

# %% [markdown]
# Now four kinds of training, each on few and on more images, all with the same number of steps: no augmentation, of the data
# only, of both sides, and both sides with translation alone. 580 images are what the document has. 205 is the size of a folder
# of real anime faces on which we tried this lab out; an afternoon's search often brings no more. It is also about a third, so
# that every image is seen three times as often in the same number of steps. The training step is the one you know; read it
# once more.

# %%
print(inspect.getsource(training.adversarial_step).split('"""')[-1])

# %% [markdown]
# **Before you run it:** sketch D's mean score on training images and on held-out images over the epochs, for 205 images without
# augmentation. Which of the eight runs will have the largest gap between the two?


# %%
both_kinds = {
    "both sides": ("colour", "translation", "cutout"),
    "both: translation only": ("translation",),
}
kinds = ("none", "data only", *both_kinds)[: profile.pick(smoke=3, quick=4, full=4)]


def experiment(kind, count):
    """Train a light pair on so many images, and return its curves and 25 samples."""
    keras.utils.set_random_seed(SEED)
    pair = models.light_face_pair(image_size, latent_dim)
    if kind == "data only":
        gan = DataAugmentedGAN(*pair, augmentation=data_augmentation(), ema=0.99)
    elif kind in both_kinds:
        changes = models.differentiable_augmentation(changes=both_kinds[kind])
        augmented = models.augmented(pair.discriminator, changes)
        gan = training.GAN(pair.generator, augmented, ema=0.99)
    else:
        gan = training.GAN(*pair, ema=0.99)
    optimizers = (keras.optimizers.Adam(4e-4, 0.5) for _ in range(2))
    gan.compile(*optimizers, steps_per_execution=4)
    chosen = train_images[:count]

    def measure(model):
        plain = pair.discriminator  # without the augmentation in front of it
        # Fakes in [-1, 1], as D takes them:
        fakes = model(model.noise_from_seed(fake_count, seed=3))
        gap = float(score_gap(plain, chosen, held_out_images))
        on_held_out = float(tf.reduce_mean(plain(held_out_images, training=False)))
        on_fakes = float(tf.reduce_mean(plain(fakes, training=False)))
        return {
            "train": on_held_out + gap,
            "held out": on_held_out,
            "fakes": on_fakes,
            "fid": fid_of(data.ready_to_show(fakes, "tanh")),
        }

    steps_an_epoch = -(-len(chosen) // batch_size)
    total = max(experiment_parts, experiment_steps // steps_an_epoch)
    watch = training.Quality(measure, every=max(1, total // experiment_parts))
    gan.fit(chosen, batch_size=batch_size, epochs=total, callbacks=[watch])
    curves = {
        name: [values[name] for values in watch.values]
        for name in ("train", "held out", "fakes", "fid")
    }
    return {
        "epochs": watch.epochs,
        "samples": gan.sample(fixed_noise),
        "seconds": sum(gan.epoch_seconds),
        **curves,
    }


runs = {
    count: {}
    for count in sorted({min(count, len(train_images)) for count in small_counts})
}


def run_experiments(counts):
    """Run every kind of training on so many images, and keep what came out."""
    for count in counts:
        for kind in kinds:
            runs[count][kind] = experiment(kind, count)
            seconds = runs[count][kind]["seconds"]
            print(f"{count} images, augmentation {kind}: {seconds:.0f} s")


run_experiments(list(runs)[:1])  # few images

# %%
run_experiments(list(runs)[1:])  # more images, where there are more

# %%
visualize.plot_curve_grid(
    {
        "D's mean score": {
            f"{count} images": {
                f"{kind}, {part}": (run["epochs"], run[part])
                for kind, run in by_kind.items()
                for part in ("train", "held out")
            }
            for count, by_kind in runs.items()
        },
        "FID": {
            f"{count} images": {
                kind: (run["epochs"], run["fid"]) for kind, run in by_kind.items()
            }
            for count, by_kind in runs.items()
        },
    },
    title="D's scores on training (solid) and held-out faces (dashed), and FID below",
    xlabel="epoch",
)

# %%
table = pd.DataFrame(
    [
        {
            "images": count,
            "augmentation": kind,
            "epochs": run["epochs"][-1],
            "D on training": round(run["train"][-1], 2),
            "D on held out": round(run["held out"][-1], 2),
            "D on fakes": round(run["fakes"][-1], 2),
            "gap": round(run["train"][-1] - run["held out"][-1], 2),
            "FID": round(run["fid"][-1], 1),
            "best FID": round(min(run["fid"]), 1),
        }
        for count, by_kind in runs.items()
        for kind, run in by_kind.items()
    ]
).set_index(["images", "augmentation"])
table

# %%
most = max(runs)
for some_kinds in (kinds[:2], kinds[2:]):
    sheets = {kind: runs[most][kind]["samples"] for kind in some_kinds}
    title = f"The same 25 codes after training on {most} images"
    display(visualize.show_sheets(sheets, title=title))

# %% [markdown] question="leak" points=5
# **Question 4 (5 points).** (a) Compare your sheets: which signs of a leak do you see under "data only", and what do the
# sheets of "both sides" show in the same place? (b) Use the argument with the matrix $A$ of section 4b. Both sides are
# changed; may the change turn up in the samples if every image is turned upside down, always? If every image is mirrored with
# a chance of one half? Say why, for both. (c) What does your table say about the gap: where is it largest, what brings it
# down, and does the run with the smallest gap have the best FID?
#
# ### BEGIN SOLUTION
# **Model answer.** (a) Under "data only" several faces lean to the side, and outlines are soft, as in turned and enlarged images.
# On the sheets of "both sides" the faces stand upright: the change is in what D sees, not in what G draws. (b) Always upside
# down: no, it does not turn up. $A$ only swaps upright with upside down, turning once more undoes it, so $Aq = Ap$ leaves only
# $q = p$: G draws upright faces. Mirrored with a chance of one half: yes, it may. A face and its mirror image are shown to D
# equally often whichever of the two G draws; both rows of $A$ are (1/2, 1/2), rank 1 of 2, nothing undoes that, so G may draw any
# share of mirrored faces. (c) (Our `quick` run.) On 205 images the gap is 1.19 without, 0.23 with the data only, 0.05 with all
# three changes and 0.17 with translation on both sides; on 580 images 0.38, 0.08, -0.03 and -0.01. So it is largest where few
# images are seen often and unchanged, and any augmentation brings it down. FID was best *without* augmentation all the same: 578
# (205 images) and 566 (580), against 695 to 1128 with it. So the run with the largest gap has FID 578, and the one with the
# smallest (580, both sides) 1082: the gap says what D has learned by heart, FID how the samples look. Perhaps
# 500 steps are too few for the first to harm the second.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | (a) the leak (1) | names a sign seen in the own "data only" sheet (leaning, soft or cut faces) and compares with "both sides"; or says that the own sheets show none, with what was looked at | a sign, without the comparison | what a leak is, without the sheets |
# | (b) upside down (1) | no leak, because the change can be undone | "no" without a reason | yes |
# | (b) mirrored (1) | may leak, because both give D the same mixture, which cannot be undone | "yes" without a reason | no |
# | (c) the gap (1) | largest and smallest gap from the own table, and what brings it down | numbers without what they show, or the reverse | no numbers of the own run |
# | (c) gap and FID (1) | compares the FIDs of the runs with the largest and the smallest gap, and concludes that the two are different things, as far as the own table shows it | the FIDs, without a conclusion | takes a small gap for a good FID |
#
# **Enough for full marks.** "Under 'data only' several faces lean and are soft, under 'both sides' they stand straight. Upside
# down can be undone, so it does not leak; a mirror with chance 1/2 gives D the same mixture either way, so it may. My largest
# gap is 1.19 (205, none, FID 578), my smallest -0.03 (580, both sides, FID 1082). Any augmentation brings the gap down,
# but a small gap is not yet a good FID."
#
# **Typical wrong answer.** "Upside down leaks, because D only ever sees faces upside down and so G learns to draw them that
# way." 0 of 1 for this part: D turns what G draws, too; a fake drawn upside down would be shown upright, beside reals that are
# upside down.
# ### END SOLUTION

# %% [markdown]
# **What you should see** (`quick`; the scores swing from epoch to epoch, and this is one seed):
#
# - *The gap.* With 205 images and no augmentation D prefers its own images clearly after 38 epochs, although one program drew them
#   all. Every kind of augmentation closes most of the gap. With 580 images, and 13 epochs in the same number of steps, it is
#   smaller from the start. If you expected the largest gap anywhere else: in as many steps, each of few images is seen more often.
# - *The leak.* Under "data only" faces lean and outlines are soft; on the other sheets they stand upright.
# - *FID.* 500 steps are the beginning of a training, and a game with changed images is harder to learn. The gap shows the illness
#   early, FID shows the damage late, if at all: to see whether the black curve turns up in the end, run it for longer
#   (`experiment_steps`).

# %% [markdown]
# ## 6. The training
#
# Now the real training: your generator against a light D, on all training faces. In `quick` D sees moved images only: the
# other two changes cost time in every step, and pay in long trainings. What draws is not G itself but a **running average** of
# its weights (`ema`): G swings to and fro with D's last advice, and the average of its last hundred steps is steadier.
#
# Per step: draw noise, draw fakes, move, score real and fake, D takes its step, score the fakes again, G takes its step. Per
# epoch: both mean losses, the time, and now and then the sheet of fixed noise, which grows in place.
# Checkpoints are saved on the way: if you named a `run_folder`, an interrupted training goes on from the last one.
#
# **Before you run it:** after how many epochs will you see the first eyes? And where will both losses go?


# %%
def with_changes(discriminator):
    """D as the main training uses it: what it is shown is changed first."""
    changes = models.differentiable_augmentation(changes=main_changes)
    return models.augmented(discriminator, changes)


keras.utils.set_random_seed(SEED)
generator, discriminator = new_pair()
gan = training.GAN(
    generator,
    with_changes(discriminator),
    losses.non_saturating(),
    ema=average,
    name="faces",
)
gan.compile(new_optimizer(), new_optimizer(), steps_per_execution=8)
growing = training.SampleGrid(
    lambda samples: visualize.sheet(samples, columns=5),
    fixed_noise,
    every=max(1, epochs // 24),
)
folder = Path(run_folder or tempfile.mkdtemp(prefix="lab06-"))
gan.fit(
    train_images,
    batch_size=batch_size,
    initial_epoch=training.resume(gan, folder / "training"),
    epochs=epochs,
    callbacks=[
        growing,
        training.Checkpoints(folder / "training", every=max(1, epochs // 24)),
        training.StopOnNonFinite(),
    ],
)
print(f"{epochs} epochs, {len(gan.step_history['g_loss']):,} steps")
seconds_per_epoch = float(np.mean(gan.epoch_seconds[1:] or [np.nan]))
print(f"{seconds_per_epoch:.1f} s per epoch")

# %%
steps_per_epoch = -(-len(train_images) // batch_size)
gen_losses, disc_losses = (
    np.reshape(gan.step_history[name], (-1, steps_per_epoch)).mean(axis=1).tolist()
    for name in ("g_loss", "d_loss")
)
visualize.plot_losses(
    {"g_loss": gen_losses, "d_loss": disc_losses},
    title=f"Losses per epoch; last: G {gen_losses[-1]:.2f}, D {disc_losses[-1]:.2f}",
    ylabel="loss (nats)",
)

# %% [markdown] question="reading-the-plot" points=4
# **Question 5 (4 points).** The document trains 580 images for 500 epochs without augmentation, and its plot ends at **G 9.57,
# D 0.0067** nats. (a) What probability does D give its fakes and its real images, roughly? (b) Who is winning, does the plot
# show that D knows its images by heart, and which two measurements of this lab would tell? (c) What can G still learn from
# such a D? (d) Name two changes against it. How far has *your* plot gone in the same direction? Give its last values.
#
# ### BEGIN SOLUTION
# **Model answer.** (a) G's loss is the mean of -log D(fake), so D(fake) is about exp(-9.57) = 0.00007; D's loss is the sum of
# both parts, 0.0067 nats in all, so D(real) is at least about exp(-0.0067) = 99.3 %. (b) D has won: it tells these 580 images
# from the fakes without a doubt. The plot does not say *how*: such losses need no memory. The document's program, run as
# printed on 580 drawn faces (`benchmarks/documents/practical8.py`), has D at 0.07 nats on average in its second epoch and at
# 0.01 in its third, and D then gives held-out faces the same mean score as its own (13.8). The gap between its scores on
# training and held-out images would show whether it knows its images by heart, and an FID that stops falling whether the
# samples still profit. (c) The non-saturating loss still gives G a gradient (its slope in the score is close to 1), but one
# that only says how to get away from what this D holds for fakes, which need not be towards faces. (d) More images, and
# augmentation of both sides; or a slower or weaker D (dropout, a smaller rate, fewer epochs). My own plot ends at G 2.29 and D
# 0.57 nats after 72 epochs: D is ahead, D(fake) is about exp(-2.29) = 0.10, and it has not won.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | (a) probabilities (1) | both, from exp of minus the loss | one of them | reads the losses as probabilities |
# | (b) what happened (1) | D is winning; the plot does not show whether by heart; two measurements (gap or held-out scores, and FID) | D is winning, with one measurement, or taken for granted that it is by heart | "the training converged" |
# | (c) what G learns (1) | there is a gradient, and it leads away from what D calls fake, not surely towards faces | "little", without a reason | "nothing, the gradient is 0" |
# | (d) changes and own plot (1) | two changes, and the own last values read in the right direction | one of the two parts | neither |
#
# **Enough for full marks.** "D(fake) = exp(-9.57), about 0.00007, D(real) about 0.99. D has won; the plot does not say whether
# by heart, the gap and FID would. G's slope is still near 1 but points only away from what D calls fake. More images, both
# sides augmented; mine ended at G 2.29, D 0.57, far less."
#
# **Typical wrong answer.** "D's loss is nearly 0, so the training has converged; G's loss is high because G is bad and its
# gradient has vanished." 0 of 4: in balance D's loss would be near 1.386, and the non-saturating gradient does not vanish
# here.
# ### END SOLUTION

# %% top="Left forty faces drawn by a program, right forty faces that the finished GAN drew from noise"
samples = gan.sample(40, seed=1)
visualize.show_sheets(
    {"training images": train_pixels[:40], "drawn from noise by the GAN": samples},
    columns=8,
)

# %% [markdown] question="samples" points=3
# **Question 6 (3 points).** Look at your sheet of samples. (a) Name two things that are right and two that are still wrong, and
# count one of the wrong ones: in how many of the 40? (b) Say for one of the wrong ones what in the network, the data or the
# training might be the reason, and (c) how you would find out whether it is.
#
# ### BEGIN SOLUTION
# **Model answer.** (Our `quick` run.) (a) Right: hair, face, neck and collar are where they belong; eyes have pupils and
# highlights and sit at one height. Wrong: the hair and the background have grain, in all 40; the two eyes of a face often
# differ in colour, clearly so in about 10 of 40; about 7 are smeared; ribbons and glasses are missing or only stains. (b) A possible
# reason: two eyes are far apart for kernels of 4, so perhaps only the dense layers can make them agree. (c) Widen G's first dense layers, or begin at 3x3,
# train for as long, and count again: if this is the reason, fewer than 10 pairs of eyes should differ.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | (a) what is seen (1) | two right and two wrong things that can be seen in the sheet, one of them counted | three of the four, or no count | general words ("blurry") |
# | (b) a reason (1) | a plausible reason in network, data or training for one wrong thing | names the place without saying how it acts | none |
# | (c) a test (1) | one change to make, and what one would then expect to see | "train for longer", without what to look for | none |
#
# **Enough for full marks.** "Right: eyes at one height, hair around the face. Wrong: grain in all 40, eyes of two colours in 10
# of 40. Eyes are further apart than a kernel reaches; with wider dense layers in G fewer should differ."
#
# **Typical wrong answer.** "The faces are not realistic because the GAN is not good enough; more epochs help." Half a point at
# most: nothing is counted, and neither the reason nor the test says what would change.
# ### END SOLUTION

# %% [markdown]
# **What you should see** (`quick`): after some 24 epochs there are faces, with the first eyes; after 72 they are recognisable:
# hair that frames a face, two eyes with highlights, a mouth, a neck and a collar, in most of the hair colours. They are plain
# faces with bangs: nearly all samples have short or long loose hair, and twin tails, buns, ribbons and glasses hardly occur. A
# few are smeared. Everything is grainier than a drawn face. D is ahead: its loss falls and G's rises, slowly and without a
# jump. If you expected both to fall: one player's gain is the other's loss, and neither curve says how good the pictures are.

# %% [markdown]
# ## 7. The GIF
#
# ### Exercise 6: how long is a frame? (1 point)
#
# The document writes `duration=0.3` and means 0.3 seconds. `imageio` takes milliseconds today, so it asks for frames of 0.3
# ms; the file stores 0, and every viewer plays as fast as it likes. What may one ask for? A GIF stores the time of a frame in
# whole hundredths of a second, and many viewers slow frames down that are shorter than two of them. Return the number of
# milliseconds nearest to the wish that is a multiple of 10 (of two equally near ones, either), and at least 20.


# %% answer="frame_milliseconds"
def frame_milliseconds(frames_per_second):
    """Return how long each frame of a GIF stays: milliseconds that a GIF can store."""
    ### BEGIN SOLUTION
    return max(20, 10 * round(100 / frames_per_second))
    ### END SOLUTION


# %% check="frame_milliseconds" points=1
frame_milliseconds = checks.lab06.frame_milliseconds(frame_milliseconds)
### BEGIN HIDDEN TESTS
checks.require("frame_milliseconds")
### END HIDDEN TESTS

# %%
gif = folder / "anime_dcgan.gif"
# The sheets show every pixel three times. A GIF is embedded in the notebook,
# so it shows each once and stays small.
side = min(growing.frames[0].shape[0] // 3, 250)
frames = [
    np.asarray(
        PIL.Image.fromarray(frame).resize((side, side), PIL.Image.Resampling.BOX)
    )
    for frame in growing.frames
]
for epoch, frame in zip(growing.epochs, growing.frames, strict=True):
    imageio.imwrite(folder / f"image_at_epoch_{epoch:04d}.png", frame)
imageio.mimsave(gif, frames, duration=frame_milliseconds(4), loop=0)
with imageio.get_reader(gif) as reader:
    stays = reader.get_meta_data()["duration"]
print(f"{len(frames)} frames of {stays} ms, {gif.stat().st_size / 1e6:.2f} MB")

# %% [markdown]
# **The same 25 codes, growing:** the first frame is the untrained generator, the last one is the end of the training. The
# still below shows four moments, for viewers that do not move.

# %%
visualize.show_animation(
    gif, title="The same 25 codes, from the untrained generator on"
)

# %%
moments = np.unique(np.linspace(0, len(growing.frames) - 1, 4).astype(int))
visualize.show_pictures(
    {f"{growing.epochs[i]} epochs": growing.frames[i] for i in moments},
    title="The same 25 codes at four moments",
)

# %% [markdown]
# ## 8. Does it copy?
#
# 580 images are few enough to be learned by heart, by G as well. For ten samples we look for the nearest training image.

# %%
fakes = data.to_uint8(samples[:10])
nearest = judging.nearest_images(fakes, train_pixels)
real_nearest = judging.nearest_images(held_out_pixels[:50], train_pixels)
per_pixel = np.sqrt(np.prod(train_pixels.shape[1:]))
print("root mean square of the differences, in grey levels of 255")
print("fakes to the nearest:", (nearest.distances[:, 0] / per_pixel).round(0))
mean = (real_nearest.distances[:, 0] / per_pixel).mean()
print(f"held-out faces to the nearest, mean: {mean:.1f}")
visualize.show_pairs(
    train_pixels[nearest.indices[:, 0]],
    fakes,
    left_title="Nearest training images",
    right_title="Samples",
)

# %% [markdown]
# **What you should see** (`quick`): fakes are about as far from their nearest training image as held-out faces are from
# theirs, and those surely are no copies. The samples are softer than drawn faces, and soft images are near to everything, so a
# small distance alone would not prove a copy. The nearest image has a similar background and hair, and is somebody else.
#
# ### Whose faces?
#
# G draws what it was shown, or a part of it. Section 1 printed how often each hair colour, skin and pair of glasses occurs in the
# training faces. Which attributes come, and how often, was decided by whoever wrote the drawing program, as it is decided for
# photographs by whoever collects them, and by who is photographed at all.

# %% [markdown] question="bias-and-misuse" points=4
# **Question 7 (4 points).** (a) Take one attribute from section 1's tables that you can recognise (glasses, dark skin, a hair
# style; with a folder of your own, count it in 40 of its images first). Count it in your 40 samples. How many would you expect if G drew the training shares, and what did you find? (b)
# Where can a face generator's bias come from: name one cause in the data and one in the training. (c) Face generators trained
# on photographs exist. Name one misuse and who is harmed by it. (d) You are about to publish such a generator. Name one thing
# that you would do or measure first, and what it does *not* prevent.
#
# ### BEGIN SOLUTION
# **Model answer.** (a) (Our `quick` run.) 22 % of the training faces wear glasses, so I expect 9 of 40. I find none that is
# more than a stain. (b) In the data: whoever collects decides; here the drawing program gives 12 % of the faces brown skin,
# because somebody wrote 0.12. In the training: what is rare is seen rarely, D asks for it rarely, and a G that leaves it out
# loses little, so rare kinds are dropped first. (c) False profile pictures: invented people who vote, review, or win trust for
# a fraud; harmed are those who are deceived, and, where a face resembles somebody real, that person. (d) Publish the shares of
# the groups in the training data and in 1,000 samples beside each other, so that users see who is missing. That does not
# prevent misuse: fake profiles need no balanced data.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | (a) the count (1) | expected number (share times 40) and counted number, compared | one of the two numbers | no numbers |
# | (b) two causes (1) | one in the data, one in the training | one of them | "the AI is biased" |
# | (c) misuse (1) | a concrete misuse and who is harmed | one of the two | none |
# | (d) before publishing (1) | one action or measurement, and what it does not prevent | the action alone | none |
#
# **Enough for full marks.** "Glasses: expected 0.22 x 40 = 9, counted 0. Data: whoever collects decides who is in it;
# training: rare kinds are dropped first. Fake profiles deceive the people who trust them. I would compare the shares of data
# and samples; that does not stop anybody from making fake profiles."
#
# **Typical wrong answer.** "A GAN draws what is in the data, so it cannot be more biased than the data." Earns nothing for
# (b): rare kinds are dropped in training, which the count shows.
# ### END SOLUTION

# %% [markdown]
# ## 9. Saving, in seven ways
#
# There are many ways to save a GAN, and they keep different things. We use each of the document's, load it back into **new**
# networks, and check that the same noise gives the same faces, to the last bit.

# %%
before = generator(fixed_noise).numpy()  # what must come back
saved = []  # one row for each way


def fresh_pair():
    """New networks with other random weights."""
    keras.utils.set_random_seed(SEED + 100)
    return new_pair()


def note(way, path, keeps, lacks, same):
    """Add a row to the table, with the size on disk."""
    files = [path] if path.is_file() else sorted(path.iterdir())
    size = sum(file.stat().st_size for file in files) / 1e6
    saved.append(
        {
            "way": way,
            "MB": round(size, 3),
            "keeps": keeps,
            "lacks": lacks,
            "comes back the same": same,
        }
    )


differs = not np.array_equal(fresh_pair().generator(fixed_noise), before)
print("untrained networks draw something else:", differs)

# %% [markdown]
# **TensorFlow's checkpoint** with both networks and both optimizers, as in the document:

# %%
parts = {
    "generator": generator,
    "discriminator": discriminator,
    "generator_optimizer": gan.generator_optimizer,
    "discriminator_optimizer": gan.discriminator_optimizer,
}
checkpoint_folder = folder / "training_checkpoints"
tf.train.Checkpoint(**parts).save(str(checkpoint_folder / "ckpt"))

new_generator, new_discriminator = fresh_pair()
new_optimizers = new_optimizer(), new_optimizer()
# Without build there would be nothing to restore Adam's moments into.
new_optimizers[0].build(new_generator.trainable_variables)
new_optimizers[1].build(new_discriminator.trainable_variables)
restored = tf.train.Checkpoint(
    generator=new_generator,
    discriminator=new_discriminator,
    generator_optimizer=new_optimizers[0],
    discriminator_optimizer=new_optimizers[1],
)
restored.restore(tf.train.latest_checkpoint(str(checkpoint_folder))).expect_partial()
same = np.array_equal(new_generator(fixed_noise), before)
moments_back = all(
    np.array_equal(new, old)
    for new, old in zip(
        new_optimizers[0].variables, gan.generator_optimizer.variables, strict=True
    )
)
print("the same faces:", same, "| the same moments of Adam:", moments_back)
note(
    "tf.train.Checkpoint",
    checkpoint_folder,
    "weights and both optimizers",
    "the networks' code, random states, losses",
    same,
)

# %% [markdown]
# **The losses**, as `.npy` and with joblib:

# %%
np.save(folder / "gen_losses.npy", np.array(gen_losses))
np.save(folder / "disc_losses.npy", np.array(disc_losses))
loaded = training.load_trusted(folder / "gen_losses.npy")
note(
    "losses as .npy",
    folder / "gen_losses.npy",
    "one array",
    "everything else",
    np.array_equal(loaded, gen_losses),
)

joblib.dump({"gen": gen_losses, "disc": disc_losses}, folder / "gan_losses.joblib")
loaded = training.load_trusted(folder / "gan_losses.joblib", i_trust_this_file=True)
note(
    "losses with joblib",
    folder / "gan_losses.joblib",
    "any Python object",
    "everything else",
    loaded["gen"] == gen_losses,
)

# %% [markdown]
# **The weights** with joblib. They come without the networks: build those first, with the same layers in the same order.

# %%
joblib.dump(
    {
        "gen_weights": generator.get_weights(),
        "disc_weights": discriminator.get_weights(),
    },
    folder / "weights.joblib",
)
weights = training.load_trusted(folder / "weights.joblib", i_trust_this_file=True)
new_generator, new_discriminator = fresh_pair()
new_generator.set_weights(weights["gen_weights"])
new_discriminator.set_weights(weights["disc_weights"])
same = np.array_equal(new_generator(fixed_noise), before)
note(
    "weights with joblib",
    folder / "weights.joblib",
    "weights of both",
    "layers, optimizers, random states",
    same,
)

# %% [markdown]
# **Whole networks**, as `.h5` (the old format, which Keras calls legacy) and as `.keras`. Nothing has to be built before:
# layers and weights are in the file.

# %%
for suffix, name in (("h5", ".h5 (old)"), ("keras", ".keras")):
    path = folder / f"generator.{suffix}"
    generator.save(path)
    discriminator.save(folder / f"discriminator.{suffix}")
    try:
        same = np.array_equal(training.load_trusted(path)(fixed_noise), before)
    except (TypeError, ValueError) as error:
        print(f"{name} cannot be loaded: {error}")
        same = False
    note(
        name,
        path,
        "layers and weights of one network",
        "optimizers, random states, losses",
        same,
    )

# %% [markdown]
# ### Exercise 7: everything that a resume needs (3 points)
#
# To go on *exactly* where a training stopped, weights are not enough. Return a dict with the keys `generator`,
# `discriminator`, `generator_optimizer`, `discriminator_optimizer`; each value is a list with a NumPy **copy** of every
# variable of that part, in order. Every one: also those that no optimizer moves, such as batch norm's running statistics, and
# the state from which dropout draws its random numbers. A Keras network offers several lists of its variables; print their
# lengths for a small network with batch norm and dropout before you choose.


# %% answer="take_snapshot"
def take_snapshot(
    generator, discriminator, generator_optimizer, discriminator_optimizer
):
    """Return a dict of four lists of NumPy arrays:
    all that the two networks and their optimizers hold."""
    ### BEGIN SOLUTION
    parts = {
        "generator": generator,
        "discriminator": discriminator,
        "generator_optimizer": generator_optimizer,
        "discriminator_optimizer": discriminator_optimizer,
    }
    return {
        name: [np.asarray(variable).copy() for variable in part.variables]
        for name, part in parts.items()
    }
    ### END SOLUTION


# %% check="take_snapshot" points=3
take_snapshot = checks.lab06.take_snapshot(take_snapshot)
### BEGIN HIDDEN TESTS
checks.require("take_snapshot")
### END HIDDEN TESTS

# %% [markdown]
# `labhelpers` keeps the same and more: the running average, the random states of the noise and of the augmentation, the losses
# of every step. It writes the new file beside the old one and then moves it into its place, so that a power cut leaves a whole
# file.

# %%
path = training.save_checkpoint(gan, folder / "exact", epochs_done=epochs)
keras.utils.set_random_seed(SEED + 100)
new_generator, new_discriminator = new_pair()
new_gan = training.GAN(new_generator, with_changes(new_discriminator), ema=average)
new_gan.compile(new_optimizer(), new_optimizer())
done = training.resume(new_gan, folder / "exact")
same = np.array_equal(new_generator(fixed_noise), before)
same_average = np.array_equal(new_gan.sample(fixed_noise), gan.sample(fixed_noise))
note(
    "labhelpers' checkpoint",
    path,
    "all of it, random states and losses too",
    "the networks' code",
    same and same_average,
)
pd.set_option("display.max_colwidth", None)
pd.DataFrame(saved).set_index("way")

# %% [markdown]
# **What you should see:** True in every row of the last column (but for `.h5`, if your generator cuts with a slice or calls
# functions of `keras.ops`: the old format knows layers only), and very different sizes: with both optimizers a checkpoint is
# about three times as large as the weights, because Adam keeps two more numbers for each. Which of these files you may open
# when they come from somebody else is another matter.
#
# ### A file from a stranger
#
# `joblib`, `pickle` and `np.load(..., allow_pickle=True)` *run* what the file tells them to. Here is such a file. It does no
# harm, but it could.


# %%
class Surprise:
    """What this becomes when it is loaded is up to the file: here, a call of print."""

    def __reduce__(self):
        return print, ("   >>> this line was printed BY THE FILE, while it was loaded",)


joblib.dump(Surprise(), folder / "nice_weights.joblib")
print("loaded with joblib:")
joblib.load(folder / "nice_weights.joblib")
print("loaded with load_trusted:")
try:
    training.load_trusted(folder / "nice_weights.joblib")
except training.UntrustedFileError as error:
    print("  ", error)

# %% [markdown] question="strangers" points=3
# **Question 8 (3 points).** A stranger offers you trained faces as `weights.joblib`, `generator.keras`, `generator.h5`,
# `weights.npz` and a notebook that makes them. (a) Which would you open, and how? (b) What do the ones that you refuse have in
# common? Point to the line of your own output that shows it. (c) You only want to *draw* faces later; you want to *go on
# training* later; you want to *publish* the model. Which row of your table do you take for each?
#
# ### BEGIN SOLUTION
# **Model answer.** (a) `weights.npz` with `allow_pickle=False`: numbers only. `generator.keras` with `safe_mode=True` (the
# default) and an up-to-date Keras, because older ones had ways around the guard; `generator.h5` only by a Keras that guards
# it as well, or after a look at its config for Lambda layers. Not `weights.joblib`, and the notebook only after reading it,
# on a machine that has nothing to lose. (b) They contain instructions, not only data: loading or running them is running a
# stranger's program with my rights. My output says "this line was printed BY THE FILE, while it was loaded". (c) Draw: `.keras`
# of the generator (or of its average): layers and weights, nothing to build. Go on: labhelpers' checkpoint, or
# `tf.train.Checkpoint` where the random states may differ: both networks and both optimizers. Publish: `.keras`, or plain arrays
# beside the code that builds the network, never joblib.
#
# **Rubric.**
#
# | criterion | full | half | none |
# | --- | --- | --- | --- |
# | (a) which (1) | joblib refused, arrays without pickle accepted, `.keras` only in safe mode | joblib refused, but no condition for the others | opens joblib |
# | (b) why (1) | loading runs the stranger's code, with the line of the own output | the same without the line, or "they may hold viruses" | size, age or format as the reason |
# | (c) for what (1) | three fitting rows | two | one or none |
#
# **Enough for full marks.** "npz with allow_pickle=False, and .keras in safe mode; not joblib or the unread notebook, because
# loading them runs their code: my output says 'printed BY THE FILE'. Draw: .keras; go on: labhelpers' checkpoint; publish:
# .keras."
#
# **Typical wrong answer.** "I open the .keras and the joblib file, both hold only weights; h5 is dangerous because it is old."
# No point: a joblib file is a pickle, `.keras` is opened without a condition, age is no danger by itself, and (c) is missing.
# ### END SOLUTION

# %% [markdown]
# ### Interrupt and resume
#
# The same training twice: once without a stop, once with the plug pulled early in the third epoch. The second one is
# resumed in a *new* model with other random weights. **Before you run it:** will the two end with nearly the same weights, or
# with exactly the same?


# %%
class PullThePlug(keras.callbacks.Callback):
    """Stops everything, in the way that the stop button does."""

    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.epoch) == 2:
            raise KeyboardInterrupt


def small_training(seed):
    keras.utils.set_random_seed(seed)
    pair = models.light_face_pair(image_size, latent_dim, filters=8)
    both = models.augmented(pair.discriminator)
    small = training.GAN(pair.generator, both, ema=average)
    small.compile(new_optimizer(), new_optimizer(), steps_per_execution=1)
    return small


some = train_images[:64]
whole = small_training(SEED)
whole.fit(some, batch_size=batch_size, epochs=4, progress=False)

stopped = small_training(SEED)
try:
    stopped.fit(
        some,
        batch_size=batch_size,
        epochs=4,
        progress=False,
        callbacks=[training.Checkpoints(folder / "resume"), PullThePlug()],
    )
except KeyboardInterrupt:
    print("interrupted after", len(stopped.step_history["g_loss"]), "recorded steps")

resumed = small_training(SEED + 1)
done = training.resume(resumed, folder / "resume")
print("resumed after epoch", done)
resumed.fit(some, batch_size=batch_size, initial_epoch=done, epochs=4, progress=False)

difference = max(
    float(np.abs(np.asarray(a, "float64") - np.asarray(b, "float64")).max())
    for a, b in zip(whole.variables, resumed.variables, strict=True)
)
print("largest difference of any variable:", difference)
same = whole.step_history == resumed.step_history
print(f"the same losses in all {len(whole.step_history['d_loss'])} steps: {same}")

# %% [markdown]
# **What you should see:** 0.0, exactly the same. What was done of the third epoch is lost and done again, with the same noise,
# the same order of images, the same dropout and the same augmentation, because the checkpoint keeps the random states, too. If
# you said "nearly": that is what you get from weights and optimizers alone. The training goes on well, but with other random
# numbers, so the two runs drift apart.
#
# ## 10. Results
#
# Your numbers in one table. *Precision* is the share of samples that lie among real faces, *recall* the share of real faces
# that lie among samples: where it is low, much of what is real is never drawn.

# %%
drawn = data.to_uint8(gan.sample(fake_count, seed=3))
quality = judging.quality(
    judging.resized_for(judge, drawn), judge, reference, details=True
)
gap = float(score_gap(discriminator, train_images[:500], held_out_images))
row = {
    "image": f"{image_size}x{image_size}",
    "faces": len(train_images),
    "parameters of G": generator.count_params(),
    "parameters of D": discriminator.count_params(),
    "epochs": epochs,
    "seconds per epoch": round(seconds_per_epoch, 2),
    "last g_loss": round(gen_losses[-1], 2),
    "last d_loss": round(disc_losses[-1], 2),
    "gap": round(gap, 2),
    "FID": round(quality.fid, 1),
    "floor": None if quality.floor is None else round(quality.floor, 1),
    "precision": round(quality.precision, 2),
    "recall": round(quality.recall, 2),
}
pd.DataFrame([row]).T.rename(columns={0: "this run"})

# %% [markdown]
# ## 11. Deliverables
#
# - This notebook, executed, with your generator and your answers to the eight questions.
# - The loss plot, the figure of D's scores and FID, the sheet of samples, the GIF, and the table of ways to save.
#
# **Where next?** All of this used one loss. In lab 07 eleven losses play the same games, in the plane and on digits. The next
# cell lists what is answered and what is missing.
