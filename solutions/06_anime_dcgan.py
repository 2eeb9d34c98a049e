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
# few hundred images are a problem and what helps, train it, watch the faces grow, and save the result in every way there is.
#
# **You will learn** to
#
# - work out the layers of both networks for any size of images,
# - tell noise from fixed noise, and augmentation that leaks from augmentation that does not,
# - see in numbers that a discriminator knows its training images by heart,
# - save, load, interrupt and resume, and say which files you would never open.
#
# **Time:** about 8 minutes of computing on two CPU cores, four hours with exercises and questions.
# **Before you start:** lab 04 (convolutions, the DCGAN).

# %% setup=true
import inspect
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

# %%
visualize.show_grid(
    data.draw_faces(20, 64, seed=7).images,
    columns=10,
    title="Faces: drawn ones. Yours will come from noise",
)

# %% [markdown]
# ## Parameters
#
# One parameter matters most: with `image_folder = None` the lab draws its own faces; name a folder of pictures, and it takes
# those, of whatever size and kind they are.

# %% setup=true
profile = profiles.current()
print(profile)

SEED = 42
keras.utils.set_random_seed(SEED)
tf.get_logger().setLevel(
    "ERROR"
)  # no notes on how often functions are compiled: every new GAN has its own

# data
image_folder = None  # or the path of a folder with your own pictures, as "my_faces"
image_size = profile.pick(smoke=24, quick=48, full=100)
face_count = profile.pick(smoke=80, quick=580, full=580)  # to train on, at most
held_out_count = profile.pick(smoke=70, quick=500, full=500)  # never trained on

# architecture
latent_dim = profile.pick(smoke=8, quick=64, full=200)

# optimisation
batch_size = 16  # small, because the data is small: 37 steps an epoch with 580 images
epochs = profile.pick(smoke=2, quick=72, full=500)
# The document's Adam(1e-4) with its default beta_1 in `full`. The light pair bears more, and has less time.
learning_rate = profile.pick(smoke=4e-4, quick=4e-4, full=1e-4)
beta_1 = profile.pick(smoke=0.5, quick=0.5, full=0.9)
average = profile.pick(
    smoke=0.9, quick=0.99, full=0.999
)  # decay of the running average of G's weights
# What D's images go through in the main training. () is the document's last run; all three are slower, and for long ones.
main_changes = profile.pick(
    smoke=("translation",),
    quick=("translation",),
    full=("colour", "translation", "cutout"),
)

# the experiment with augmentation
small_counts = profile.pick(smoke=(80,), quick=(205, 580), full=(205, 580))
experiment_steps = profile.pick(smoke=6, quick=500, full=4000)
experiment_parts = profile.pick(smoke=2, quick=6, full=10)  # measurements of each run

# %% [markdown]
# ## 1. The faces
#
# The document takes 580 pictures from a folder. Ours are drawn by a program, each with attributes and a caption, so nothing has
# to be downloaded. A few are set aside and never shown to D: they will tell us what D has learned by heart. The held-out and
# the training faces come from the same drawer, so they differ as two pages of one sketchbook do, and not more.

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
train_images, held_out_images = (
    data.to_float(train_pixels, "tanh"),
    data.to_float(held_out_pixels, "tanh"),
)
print(
    "train:",
    train_images.shape,
    "from",
    train_images.min(),
    "to",
    train_images.max(),
    "| held out:",
    held_out_images.shape,
)
visualize.show_grid(train_pixels[:40], title="Forty training images")

# %%
if captions:
    for number in range(4):
        print(f"{number + 1}. {captions[held_out + number]}")
    display(
        pd.Series(faces.attributes["hair_colour"])
        .value_counts()
        .rename("faces")
        .to_frame()
        .T
    )

# %% [markdown]
# ## 2. Sizes: the rules of thumb as functions
#
# **Upsampling** makes images larger, **downsampling** makes them smaller. A generator needs the first, because it goes from a
# short vector to a large image; a discriminator needs the second, because it goes from a large image to one number. Both do it
# by layers with stride 2, so each layer doubles or halves the side. Then the sizes follow from one another:
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
    """Return the list of sides, start first: doublings + 1 whole numbers."""
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
# D mirrors G: strided convolutions with padding "same". **Before you write:** the document's comments say 100, 50, 25, 12, 6.
# Its own printed summary disagrees. Who is right? (Lab 04 has the rule for "same".)


# %% answer="discriminator_sides"
def discriminator_sides(image_size, halvings):
    """Return the list of sides, the image's first: halvings + 1 whole numbers."""
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
# start for 100 with three doublings. 12.5 rounded *down* ends at 96: four pixels are missing, and stretching 96 to 100 would
# blur every face.)
#
# **The latent length** has no formula. Too short, and there are not enough different codes for different images; too long,
# and G has to learn what to do with many directions that mean nothing. The table's `latent` column is where one starts; if
# the samples look all alike, take more, and if training is unstable, less. How *different* the images are counts more than
# their size. **The batch size** has nothing to do with the latent length: it says how many codes (and real images) a step
# sees.

# %% [markdown] question="latent-and-batch" points=3
# **Question 1 (3 points).** (a) You have 100x100 images of *one* character in many poses, and 100x100 images of a thousand
# characters. Which needs the longer latent vector, and why is image size the weaker hint? (b) The document takes a batch of
# 16 "as data is small". What would a batch of 128 change with 580 images, per epoch and per step?
#
# ### BEGIN SOLUTION
# **Model answer.** (a) The thousand characters: the latent vector has to hold what makes one image different from another,
# and one character differs only in pose. Size adds pixels, but neighbouring pixels say the same again; a large picture of a
# simple thing still needs few numbers. (b) With 16 an epoch has 37 steps, with 128 only 5 (4 full ones and a rest of 68): the
# same number of epochs makes seven times fewer moves of the weights, so one has to train longer or take a larger learning
# rate. Each step costs eight times as much, its gradient is less noisy, and batch norm's statistics are steadier. A batch of
# 128 is also a fifth of all images, so D sees each of them in the same company more often. More memory is needed, too.
#
# **Rubric.** 1 point: variety of the data decides, with the reason. 1 point: steps per epoch for both sizes. 1 point: one
# effect on the step (noise of the gradient, batch-norm statistics, memory, time).
# ### END SOLUTION

# %% [markdown]
# ## 3. The networks
#
# First the document's pair for 100x100 images. **Before you run it:** where do most of G's 33 million parameters sit?

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
print(
    f"G {counts['G']:,}, D {counts['D']:,}; G's first layer alone has {first:,}: {first / counts['G']:.0%}"
)
print(
    "D's sides:",
    [
        layer.output.shape[1]
        for layer in anime_discriminator.layers
        if isinstance(layer, keras.layers.Conv2D)
    ],
)

# %% [markdown]
# **What you should see:** 33,011,136 and 1,576,065 parameters, 97 % of G's in the first dense layer. D's sides are 50, 25,
# **13, 7**.
#
# The rules for the layers, from the DCGAN paper and the document: G is dense, reshape, then transposed convolutions with
# batch norm and (Leaky)ReLU, tanh at the end; D is strided convolutions with LeakyReLU and dropout, no batch norm in its
# first layer, one raw score at the end; and the two are roughly mirror images.

# %% [markdown] question="filters" points=2
# **Question 2 (2 points).** The document writes that a generator has few filters in its early layers and more in later ones,
# and a discriminator the opposite. Compare with the summaries above. Which is it, and why is it done so?
#
# ### BEGIN SOLUTION
# **Model answer.** The networks do the reverse of the sentence: G has 256, 128, 64 and then 3 channels, D 64, 128, 256, 512.
# Where the side is small, a pixel stands for a large part of the face, and many channels are needed to say what is there
# (hair, eye, which way it looks); near the image a pixel only has to say its colour and which edge passes through it. It is
# cheap, too: the work of a layer is side x side x channels in x channels out, so halving the channels when the side doubles
# keeps it in bounds; the other way round the last layers would cost most and know least.
#
# **Rubric.** 1 point: the document's sentence is the wrong way round, with the numbers of the summary. 1 point: meaning per
# pixel or cost.
# ### END SOLUTION

# %% [markdown]
# ### Exercise 3: a generator for any size (3 points)
#
# Write a light generator: noise `(latent_dim,)` to images `(image_size, image_size, 3)` in [-1, 1], for *any* size of at
# least 16.
#
# - Dense and Reshape to `start x start`, then at least two enlarging layers: `Conv2DTranspose` with kernel 4, stride 2, padding
#   "same" (or `UpSampling2D` and a convolution);
# - filters that fall towards the image, the last one 3, with tanh; batch norm and ReLU in between;
# - `Cropping2D` at the end where the last side is too large; at most 2,000,000 parameters for 48x48.
#
# `models.doublings_for(image_size)` says how many doublings bring the start near 8. What you write here is what you train
# later.


# %% answer="my_face_generator"
def my_face_generator(image_size, latent_dim):
    """Return a generator: noise (batch, latent_dim) => images (batch, image_size, image_size, 3) in [-1, 1]."""
    ### BEGIN SOLUTION
    sides = generator_sides(image_size, max(2, models.doublings_for(image_size)))
    layers = [
        keras.Input((latent_dim,)),
        keras.layers.Dense(256, use_bias=False),
        keras.layers.BatchNormalization(momentum=0.9),
        keras.layers.ReLU(),
    ]
    filters = [24 * 2 ** min(step, 3) for step in range(len(sides) - 1)][
        ::-1
    ]  # 96, 48, 24 for three doublings
    layers += [
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
    # The last doubling enlarges smoothly and then convolves: that leaves less grain after a short training.
    layers.append(keras.layers.UpSampling2D(2, interpolation="bilinear"))
    layers.append(keras.layers.Conv2D(3, 3, padding="same", activation="tanh"))
    extra = sides[-1] - image_size
    if extra:
        layers.append(
            keras.layers.Cropping2D(
                ((extra // 2, extra - extra // 2), (extra // 2, extra - extra // 2))
            )
        )
    return keras.Sequential(layers, name="my_face_generator")
    ### END SOLUTION


# %% check="my_face_generator" points=3
my_face_generator = checks.lab06.my_face_generator(my_face_generator)
### BEGIN HIDDEN TESTS
checks.require("my_face_generator")
### END HIDDEN TESTS


# %%
def new_pair():
    """The pair that this lab trains: the document's in `full` at its own size, your generator and a light D otherwise."""
    if profile.name == "full" and image_size == 100:
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
# Noise is a vector of standard normal numbers here (uniform ones in [-1, 1] would do as well).
# Every training step draws **new** noise, so that G learns to make a face of *any* code and not of a few. To *watch* it we
# keep one batch of codes, the **fixed noise**, and draw the same codes again and again. First run both networks untrained.

# %%
fixed_noise = (
    np.random.default_rng(SEED).normal(size=(25, latent_dim)).astype("float32")
)  # 5 x 5, as in the document
once, again = (generator(fixed_noise).numpy() for _ in range(2))
other = generator(
    np.random.default_rng(SEED + 1).normal(size=(25, latent_dim)).astype("float32")
).numpy()
print("fixed noise drawn twice: largest difference", np.abs(once - again).max())
print("new noise:               largest difference", np.abs(once - other).max())
print(
    "untrained D says of real faces",
    discriminator(train_images[:3]).numpy().ravel().round(3),
    "and of fakes",
    discriminator(once[:3]).numpy().ravel().round(3),
)
drawn = {"fixed noise": once, "the same again": again, "other noise": other}
visualize.show_sheets(
    {
        name: data.ready_to_show(samples, "tanh") for name, samples in drawn.items()
    },  # from [-1, 1] to [0, 1]
    title="An untrained generator",
)

# %% [markdown] question="fixed-noise" points=2
# **Question 3 (2 points).** What would go wrong (a) if training used the fixed noise in every step, (b) if the pictures of
# progress used new noise every time?
#
# ### BEGIN SOLUTION
# **Model answer.** (a) G would only have to make 25 good images, one for each code: it could learn 25 faces by heart, and
# codes between them would give anything. Training noise must cover the whole distribution. (b) Every picture would show other
# faces, so one could not tell whether a face got better or whether another face was drawn; with fixed codes the same face is
# seen growing, and when all 25 become alike (collapse), one sees it at once.
#
# **Rubric.** 1 point each.
# ### END SOLUTION

# %% [markdown]
# ## 4. Few images: augmentation
#
# D sees the same 580 images in every epoch. It is a strong network, so sooner or later it knows them **by heart**: it calls
# these very images real and everything else fake, and G can do nothing about it. More images would help. **Augmentation**
# makes more: each time an image is shown, it is changed a little.
#
# ### a. Changing the data only
#
# The document flips, turns, zooms and changes the contrast of the *real* images, in every step.
# **Before you run it:** the images are in [-1, 1]. Look at the second row: what has happened to the dark parts?

# %%
as_in_the_document = keras.layers.RandomContrast(
    0.1, seed=SEED
)  # its value_range is (0, 255) unless one says otherwise
repaired = keras.layers.RandomContrast(0.1, value_range=(-1, 1), seed=SEED)
rows = {
    "images": train_images[:8],
    "RandomContrast(0.1)": as_in_the_document(train_images[:8], training=True).numpy(),
    "value_range=(-1, 1)": repaired(train_images[:8], training=True).numpy(),
}
for name, changed in rows.items():
    print(f"{name:22} from {changed.min():.2f} to {changed.max():.2f}")
rows = {name: data.ready_to_show(changed, "tanh") for name, changed in rows.items()}
visualize.show_rows(rows, title="A contrast that cuts at 0")

# %% [markdown]
# **What you should see:** Keras 3 cuts the result to [0, 255]. In [-1, 1] everything darker than middle grey becomes middle
# grey, and nothing says so. (The run that the document shows at the end has its augmentation switched off.) With the right
# range the layer does what it should. Now all four together:


# %%
def data_augmentation():
    """The document's four layers, for images in [-1, 1]."""
    return keras.Sequential(
        [
            keras.layers.RandomFlip("horizontal"),
            keras.layers.RandomRotation(
                0.1
            ),  # up to a tenth of a full turn: 36 degrees
            keras.layers.RandomZoom(0.1),
            keras.layers.RandomContrast(0.1, value_range=(-1, 1)),
        ],
        name="data_augmentation",
    )


class DataAugmentedGAN(training.GAN):
    """A GAN that changes the real images before every step, and leaves the fakes as they are."""

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
# D now has to call turned and mirrored faces *real*. G's task is to draw what D calls real. So G will draw turned faces: the
# augmentation **leaks** into the samples.
#
# ### b. Changing both sides
#
# The remedy (Zhao et al. 2020; Karras et al. 2020): change **whatever D sees**, the real images and the fakes, in the same
# random way. Then a turned fake gains nothing, because the upright one would have been turned as well. Two conditions:
#
# 1. gradients must flow **through** the change, from D back to G: it has to be differentiable;
# 2. D is shown changed images in training only. What G draws is used as it is.
#
# Three changes do most of the work: colour, translation, and cutout (a grey square).
#
# ### Exercise 4: a translation with gradients (3 points)
#
# Move each image of a batch by its own whole number of pixels: `rows[i]` down and `columns[i]` to the right (negative: up,
# left). Zeros come in, what leaves is lost. Only TensorFlow functions, or no gradient flows. One way: in output row `r`
# stands input row `r - rows[i]`; `tf.gather(images, indices, axis=1, batch_dims=1)` picks rows for each image by an index
# `(batch, height)`, and what came from outside is set to zero (or cut from a frame of zeros, `tf.pad`).


# %% answer="translate"
def translate(images, rows, columns):
    """Return images (batch, height, width, channels) moved by int32 rows (batch,) down and columns (batch,) right."""
    ### BEGIN SOLUTION
    for axis, shifts in ((1, rows), (2, columns)):
        side = images.shape[axis]
        frame = [(0, 0)] * 4
        frame[axis] = (side, side)
        source = (
            tf.range(side)[None, :] + side - shifts[:, None]
        )  # where each pixel comes from, inside the frame
        images = tf.gather(tf.pad(images, frame), source, axis=axis, batch_dims=1)
    return images
    ### END SOLUTION


# %% check="translate" points=3
translate = checks.lab06.translate(translate)
### BEGIN HIDDEN TESTS
checks.require("translate")
### END HIDDEN TESTS

# %%
reach = image_size // 4
shifts = (
    np.random.default_rng(SEED).integers(-reach, reach + 1, size=(2, 8)).astype("int32")
)
moved = translate(
    tf.constant(train_images[:8]), tf.constant(shifts[0]), tf.constant(shifts[1])
).numpy()
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
    """Return mean D(train) - mean D(held out), one number; both are arrays (n, height, width, channels)."""
    ### BEGIN SOLUTION
    on_train = tf.reduce_mean(discriminator(train_images, training=False))
    return float(
        on_train - tf.reduce_mean(discriminator(held_out_images, training=False))
    )
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
few = (
    len(held_out_pixels) < 2 * judge.feature_dim
)  # then the training images have to serve as the real ones, too
real_pixels = pixels if few else held_out_pixels
reference = judging.real_reference(judge, judging.resized_for(judge, real_pixels))
fake_count = max(judge.feature_dim + 6, min(500, len(real_pixels)))


def fid_of(samples):
    """FID of samples in [0, 1], as ``sample`` gives them."""
    return judging.quality(
        judging.resized_for(judge, data.to_uint8(samples)), judge, reference
    ).fid


floor = reference.floor(fake_count)
print(
    "compared with",
    len(real_pixels),
    "real faces" + (" (too few are held out)" if few else ""),
)
print(
    "floor:",
    "too few real images"
    if floor is None
    else f"{floor[0]:.1f}, between halves of {floor[1]} images each",
)

# %% [markdown]
# Now three kinds of training, each on few and on more images, all with the same number of steps: no augmentation, of the data
# only, of both sides. The training step is the one you know; read it once more.

# %%
print(inspect.getsource(training.adversarial_step).split('"""')[-1])

# %% [markdown]
# **Before you run it:** sketch D's mean score on training images and on held-out images over the epochs, for 205 images without
# augmentation. Where do you expect the largest gap?


# %%
def experiment(kind, count):
    """Train a light pair on so many images, and return its curves and 25 samples."""
    keras.utils.set_random_seed(SEED)
    networks = models.light_face_pair(image_size, latent_dim)
    if kind == "data only":
        gan = DataAugmentedGAN(*networks, augmentation=data_augmentation(), ema=average)
    elif kind in both_kinds:
        changes = models.differentiable_augmentation(changes=both_kinds[kind])
        gan = training.GAN(
            networks.generator,
            models.augmented(networks.discriminator, changes),
            ema=average,
        )
    else:
        gan = training.GAN(*networks, ema=average)
    gan.compile(
        keras.optimizers.Adam(4e-4, 0.5),
        keras.optimizers.Adam(4e-4, 0.5),
        steps_per_execution=4,
    )
    chosen = train_images[:count]

    def measure(model):
        plain = networks.discriminator  # without the augmentation in front of it
        fakes = model(
            model.noise_from_seed(fake_count, seed=3)
        )  # in [-1, 1], as D takes them
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


both_kinds = {
    "both sides": ("colour", "translation", "cutout"),
    "both: translation only": ("translation",),
}
kinds = ("none", "data only", *both_kinds)[: profile.pick(smoke=3, quick=4, full=4)]
runs = {
    count: {}
    for count in sorted({min(count, len(train_images)) for count in small_counts})
}


def run_experiments(counts):
    for count in counts:
        for kind in kinds:
            runs[count][kind] = experiment(kind, count)
            print(
                f"{count} images, augmentation {kind}: {runs[count][kind]['seconds']:.0f} s"
            )


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
    display(
        visualize.show_sheets(
            sheets, title=f"Samples after training on {most} images: which faces lean?"
        )
    )

# %% [markdown]
# **What you should see** (`quick`; the scores swing from epoch to epoch, and this is one seed):
#
# - *The gap.* With 205 images and no augmentation D gives its own images 2.1 and held-out faces 0.9, a gap of 1.2 after 38
#   epochs, although one drawer drew both. Every kind of augmentation closes most of it: 0.1 to 0.3 is left. With 580 images
#   and 13 epochs it is 0.4 without, and 0.1 or less with. Fewer images, more passes: more is learned by heart.
# - *The leak.* Under "data only" faces lean to the side and are soft, as turned and enlarged images are. On the other sheets
#   they stand upright.
# - *FID does not thank us yet.* It is lowest **without** augmentation: 600 and 627, against 658 to 1180 with it. 500 steps
#   are the beginning of a training. D is not spoiled so early, and a game with changed images is harder to learn. The gap
#   shows the illness early, FID shows the damage late: run it for longer (`experiment_steps`), and look for the epoch where
#   the black curve turns up. Of the changes on both sides, translation alone costs least at this point.

# %% [markdown] question="leak" points=3
# **Question 4 (3 points).** (a) Why does augmentation of the data only leak into the samples, and why does the same change on
# both sides not? (b) A change that is applied to *every* image, always the same way (say, always turned upside down), is
# shown to both sides. Would G still learn to draw upright faces? (c) What does your table say about the gap?
#
# ### BEGIN SOLUTION
# **Model answer.** (a) D learns "real" from what it is shown, and that are turned and mirrored faces; G is rewarded for
# drawing the same distribution. With both sides, D compares changed reals with changed fakes; G is rewarded when its
# *changed* images look like changed reals, and for random changes that mostly leave the face recognisable this is the case
# when the unchanged ones match: the unchanged image is among what D sees, and an image that is turned already would be turned
# too far. (b) Yes: turning is invertible, so the two changed distributions are equal only if the unchanged ones are. (What
# does leak even on both sides is a *random* change that cannot be told from another image, such as turning by 0, 90, 180 or
# 270 degrees with equal chance: then G may draw any of the four.) (c) (Figures of our `quick` run.) On 205 images the gap is
# 1.16 without, 0.31 with the data only, 0.13 with all three changes and 0.14 with translation on both sides; on 580 images
# 0.39, 0.06, -0.01 and 0.02. So a few images are learned by heart soonest, and any augmentation hinders it. A small gap is not
# yet a good FID: after 500 steps FID was best without augmentation.
#
# **Rubric.** 1 point: what D calls real is what G draws. 1 point: both sides: equality of the changed distributions implies
# equality of the unchanged ones, for changes that can be undone in distribution. 1 point: own numbers for the gap, read
# correctly.
# ### END SOLUTION

# %% [markdown]
# ## 6. The training
#
# Now the real training: your generator against a light D, on all training faces. In `quick` D sees moved images only: the
# other two changes cost time in every step, and pay in long trainings. What draws is not G itself but a **running average**
# of its weights (`ema`): G swings to and fro with D's last advice, and the average of its last hundred or so steps is
# steadier. `full` takes the document's pair and settings, for a GPU.
#
# Per step: draw noise, draw fakes, move, score real and fake, D takes its step, score the fakes again, G takes its step. Per
# epoch: both mean losses, the time, and now and then the sheet of fixed noise, which grows in place.
#
# **Before you run it:** after how many epochs will you see the first eyes?


# %%
def with_changes(discriminator):
    """D as the main training uses it: what it is shown is changed first."""
    return models.augmented(
        discriminator, models.differentiable_augmentation(changes=main_changes)
    )


keras.utils.set_random_seed(SEED)
generator, discriminator = new_pair()
gan = training.GAN(
    generator,
    with_changes(discriminator),
    losses.non_saturating(),
    ema=average,
    name="faces",
)
gan.compile(
    keras.optimizers.Adam(learning_rate, beta_1),
    keras.optimizers.Adam(learning_rate, beta_1),
    steps_per_execution=8,
)
growing = training.SampleGrid(
    lambda samples: visualize.sheet(samples, columns=5),
    fixed_noise,
    every=max(1, epochs // 24),
)
history = gan.fit(
    train_images,
    batch_size=batch_size,
    epochs=epochs,
    callbacks=[growing, training.StopOnNonFinite()],
).history
print(
    f"{epochs} epochs, {len(gan.step_history['g_loss']):,} steps; {np.mean(gan.epoch_seconds[1:]):.1f} s per epoch"
)

# %%
gen_losses, disc_losses = history["g_loss"], history["d_loss"]
visualize.plot_losses(
    {"g_loss": gen_losses, "d_loss": disc_losses},
    title=f"Losses per epoch; last: G {gen_losses[-1]:.2f}, D {disc_losses[-1]:.2f}",
    ylabel="loss (nats)",
)

# %%
samples = gan.sample(40, seed=1)
visualize.show_sheets(
    {"training images": train_pixels[:40], "samples of new noise": samples},
    columns=8,
    title="Real and drawn from noise",
)

# %% [markdown]
# **What you should see** (`quick`): after 24 epochs there are faces, after 72 they are recognisable: hair that frames a face,
# two eyes with highlights at the right height, a mouth, a neck, a collar. Still wrong: grain in hair and background, two eyes
# of different colours, ribbons and glasses that are only stains, and hardly any twin tails. D is ahead: its loss goes from
# 1.1 down to 0.6 and G's from 1.1 up to 2.3, slowly and without a jump.

# %% [markdown] question="reading-the-plot" points=4
# **Question 5 (4 points).** The document trains 580 images for 500 epochs without augmentation, and its plot ends at **G
# 9.57, D 0.0067** nats. (a) What probability does D give its fakes and its real images on average, roughly? (b) What has
# happened, and which two things in this lab would show it? (c) How much can G still learn? (d) What would you change? Compare
# with your own plot.
#
# ### BEGIN SOLUTION
# **Model answer.** (a) G's loss is the mean of -log D(fake), so D(fake) is about exp(-9.57) = 0.00007; D's loss is the sum of
# both parts, 0.0067 nats in all, so D is right on real images with at least exp(-0.0067) = 99.3 %. (b) D has won: it tells
# all 580 images from the fakes without a doubt. That alone does not say *how*; the gap between its scores on training and
# held-out images shows that it knows its images by heart, and FID that stops falling (or rises) shows that the samples do not
# profit. (c) The non-saturating loss still gives G a gradient (its slope in the score is close to 1), but one that only says
# how to get away from what this D holds for fakes, not towards faces; the loss itself says nothing of the images. (d) More
# images, augmentation of both sides, a weaker or slower D (dropout, a smaller learning rate, fewer epochs, label smoothing),
# stopping at the best FID. With augmentation of both sides our own losses end at G 2.32 and D 0.59 nats after 72 epochs, both
# still drifting apart, with a gap of 0.33: D is ahead, and has not won.
#
# **Rubric.** 1 point: both numbers as probabilities. 1 point: overfitting named and a way to show it (held-out scores, FID).
# 1 point: what G's gradient and loss still tell. 1 point: two remedies, and the own plot.
# ### END SOLUTION

# %% [markdown]
# ## 7. The GIF
#
# ### Exercise 6: how long is a frame? (1 point)
#
# The document writes `duration=0.3` and means 0.3 seconds. `imageio` takes **milliseconds** today, so it asks for frames of
# 0.3 ms, which a GIF stores as 0: the viewer plays as fast as it likes. Return the right number for so many frames a second.


# %% answer="frame_milliseconds"
def frame_milliseconds(frames_per_second):
    """Return how long each frame of a GIF stays, in milliseconds."""
    ### BEGIN SOLUTION
    return 1000 / frames_per_second
    ### END SOLUTION


# %% check="frame_milliseconds" points=1
frame_milliseconds = checks.lab06.frame_milliseconds(frame_milliseconds)
### BEGIN HIDDEN TESTS
checks.require("frame_milliseconds")
### END HIDDEN TESTS

# %%
folder = Path(
    tempfile.mkdtemp(prefix="lab06-")
)  # name a folder of your own to keep what is saved below
gif = folder / "anime_dcgan.gif"
# The sheets show every pixel three times. A GIF is embedded in the notebook, so it shows each once and stays small.
side = min(growing.frames[0].shape[0] // 3, 250)
frames = [
    np.asarray(
        PIL.Image.fromarray(frame).resize((side, side), PIL.Image.Resampling.BOX)
    )
    for frame in growing.frames
]
imageio.mimsave(gif, frames, duration=frame_milliseconds(4), loop=0)
with imageio.get_reader(gif) as reader:
    stays = reader.get_meta_data()["duration"]
print(f"{len(frames)} frames of {stays} ms, {gif.stat().st_size / 1e6:.2f} MB")

# %% [markdown]
# **The same 25 codes, growing:** the first frame is the untrained generator, the last one is the end of the training. The
# still below shows four moments, for readers whose viewer does not move.

# %%
try:
    from tensorflow_docs.vis import embed

    display(embed.embed_file(str(gif)))
except ImportError:  # Colab comes without it
    from IPython.display import Image

    display(Image(filename=str(gif)))

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
print(
    "fakes to the nearest training image:   ",
    (nearest.distances[:, 0] / per_pixel).round(0),
    "grey levels (root mean square)",
)
print(
    "held-out faces to the nearest one, mean:",
    (real_nearest.distances[:, 0] / per_pixel).mean().round(1),
)
visualize.show_pairs(
    train_pixels[nearest.indices[:, 0]],
    fakes,
    left_title="Nearest training images",
    right_title="Samples",
)

# %% [markdown]
# **What you should see** (`quick`): 37 to 48 grey levels to the nearest training image, and 45 for held-out faces, which
# surely are no copies. The samples are softer than drawn faces, and soft images are near to everything. The nearest image has
# the same background and a similar hair, and is somebody else.

# %% [markdown] question="samples" points=2
# **Question 6 (2 points).** Look at your sheet of samples. Name two things that are right and two that are still wrong, and
# say for one of the wrong ones what in the network, the data or the training might be the reason.
#
# ### BEGIN SOLUTION
# **Model answer.** (Our `quick` run.) Right: hair, face, neck and collar are where they belong, eyes have pupils and
# highlights and sit at one height; hair has mostly one colour, and skin tones are those of the data. Wrong: the two eyes of a
# face often differ in colour; ribbons and glasses are stains; hair and background have grain; twin tails and buns are rare
# (recall is 0.21 at a precision of 0.94: what is drawn is plausible, much is left out). Reasons: two eyes are far apart for
# kernels of 4, so only the dense layers can make them agree; ribbons are in 40 % and glasses in 20 % of 580 images, so there
# are few to learn them from; the grain is what is left of 2,664 steps of a small network, and D's loss shows that it could
# still tell.
#
# **Rubric.** 1 point: two right and two wrong things that can be seen. 1 point: a plausible reason for one of them.
# ### END SOLUTION

# %% [markdown]
# ## 9. Saving, in every way
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


def note(way, path, keeps, lacks, risk, same):
    """Add a row to the table, with the size on disk."""
    files = [path] if path.is_file() else sorted(path.iterdir())
    size = sum(file.stat().st_size for file in files) / 1e6
    saved.append(
        {
            "way": way,
            "MB": round(size, 3),
            "keeps": keeps,
            "lacks": lacks,
            "risk": risk,
            "comes back the same": same,
        }
    )


print(
    "untrained networks draw something else:",
    not np.array_equal(fresh_pair().generator(fixed_noise), before),
)

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
new_optimizers = (
    keras.optimizers.Adam(learning_rate, beta_1),
    keras.optimizers.Adam(learning_rate, beta_1),
)
for optimizer, network in zip(
    new_optimizers, (new_generator, new_discriminator), strict=True
):
    optimizer.build(
        network.trainable_variables
    )  # without this there is nothing to restore the moments into
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
    "the networks' code, dice, losses",
    "numbers only",
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
    "numbers only (pickles are refused)",
    np.array_equal(loaded, gen_losses),
)

joblib.dump({"gen": gen_losses, "disc": disc_losses}, folder / "gan_losses.joblib")
loaded = training.load_trusted(folder / "gan_losses.joblib", i_trust_this_file=True)
note(
    "losses with joblib",
    folder / "gan_losses.joblib",
    "any Python object",
    "everything else",
    "RUNS CODE when it is loaded",
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
    "layers, optimizers, dice",
    "RUNS CODE when it is loaded",
    same,
)

# %% [markdown]
# **Whole networks**, as `.h5` (the old format; Keras warns) and as `.keras`. Nothing has to be built before: layers and
# weights are in the file.

# %%
for suffix, name in (("h5", ".h5 (old)"), ("keras", ".keras")):
    path = folder / f"generator.{suffix}"
    generator.save(path)
    discriminator.save(folder / f"discriminator.{suffix}")
    loaded = training.load_trusted(path)
    same = np.array_equal(loaded(fixed_noise), before)
    note(
        name,
        path,
        "layers and weights of one network",
        "optimizers, dice, losses",
        "code only in Lambda layers: refused",
        same,
    )

# %% [markdown]
# ### Exercise 7: everything that a resume needs (3 points)
#
# To go on *exactly* where a training stopped, weights are not enough. Return a dict with the keys `generator`,
# `discriminator`, `generator_optimizer`, `discriminator_optimizer`; each value is a list with a NumPy **copy** of every
# variable of that part, in order. Which list of a Keras network also has batch norm's running statistics *and* the state of
# dropout's dice: `trainable_variables`, `weights` or `variables`?


# %% answer="take_snapshot"
def take_snapshot(
    generator, discriminator, generator_optimizer, discriminator_optimizer
):
    """Return a dict of four lists of NumPy arrays: all that the two networks and their optimizers hold."""
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
# `labhelpers` keeps the same and more: the running average, the dice of the noise and of the augmentation, the losses of
# every step. It writes numbers only, beside the old file, and then moves the new one into its place, so a power cut leaves a
# whole file.

# %%
path = training.save_checkpoint(gan, folder / "exact", epochs_done=epochs)
keras.utils.set_random_seed(SEED + 100)
new_generator, new_discriminator = new_pair()
new_gan = training.GAN(new_generator, with_changes(new_discriminator), ema=average)
new_gan.compile(
    keras.optimizers.Adam(learning_rate, beta_1),
    keras.optimizers.Adam(learning_rate, beta_1),
)
done = training.resume(new_gan, folder / "exact")
same = np.array_equal(new_generator(fixed_noise), before) and np.array_equal(
    new_gan.sample(fixed_noise), gan.sample(fixed_noise)
)
note(
    "labhelpers' checkpoint",
    path,
    "all of it, dice and losses too",
    "the networks' code",
    "numbers only",
    same,
)
pd.set_option("display.max_colwidth", None)
pd.DataFrame(saved).set_index("way")

# %% [markdown]
# **What you should see:** True in every row of the last column, and different sizes: with both optimizers a checkpoint is
# about three times as large as the weights, because Adam keeps two more numbers for each.
#
# ### A file from a stranger
#
# `joblib`, `pickle` and `np.load(..., allow_pickle=True)` *run* what the file tells them to. Here is such a file. It does no
# harm, but it could.


# %%
class Surprise:
    """What this object becomes when it is loaded is decided by the file: here, a call of print."""

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
# **Question 7 (3 points).** A stranger offers you trained faces as `weights.joblib`, `generator.keras`, `generator.h5`,
# `weights.npz` and a notebook that makes them. (a) Which would you open, and how? (b) What does each of the ones you refuse
# have in common? (c) You only want to *draw* faces later; you want to *go on training* later; you want to *publish* the
# model. Which way of saving do you take for each?
#
# ### BEGIN SOLUTION
# **Model answer.** (a) `weights.npz` with `allow_pickle=False`: numbers only. `generator.keras` with `safe_mode=True` (the
# default) and an up-to-date Keras, because older ones had ways around the guard; `generator.h5` only by a Keras that guards
# it as well, or after a look at its config for Lambda layers. Not `weights.joblib`, and the notebook only after reading it,
# on a machine that has nothing to lose. (b) They contain instructions, not only data: loading or running them is running a
# stranger's program with my rights. (c) Draw: `.keras` of the generator (or of its average): layers and weights, small,
# nothing to build. Go on: the checkpoint with both networks, both optimizers and the states of the dice. Publish: `.keras` or
# plain arrays (`.npz`) beside the code that builds the network, never a pickle.
#
# **Rubric.** 1 point: pickle/joblib refused, arrays accepted, `.keras` with safe mode. 1 point: loading them runs code. 1
# point: three fitting choices.
# ### END SOLUTION

# %% [markdown]
# ### Interrupt and resume
#
# The same training twice: once without a stop, once with the plug pulled in the middle of the third epoch. The second one is
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
    small = training.GAN(
        pair.generator, models.augmented(pair.discriminator), ema=average
    )
    small.compile(
        keras.optimizers.Adam(4e-4, 0.5),
        keras.optimizers.Adam(4e-4, 0.5),
        steps_per_execution=1,
    )
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
print(
    "the same losses in all",
    len(whole.step_history["d_loss"]),
    "steps:",
    whole.step_history == resumed.step_history,
)

# %% [markdown]
# **What you should see:** 0.0. What was done of the third epoch is lost and done again, with the same noise, the same order
# of images, the same dropout and the same augmentation, because the checkpoint keeps the dice, too.
#
# ## 10. Results
#
# Your numbers in one table.

# %%
quality = judging.quality(
    judging.resized_for(judge, data.to_uint8(gan.sample(fake_count, seed=3))),
    judge,
    reference,
    details=True,
)
pd.DataFrame(
    [
        {
            "image": f"{image_size}x{image_size}",
            "faces": len(train_images),
            "parameters of G": generator.count_params(),
            "parameters of D": discriminator.count_params(),
            "epochs": epochs,
            "seconds per epoch": round(float(np.mean(gan.epoch_seconds[1:])), 2),
            "last g_loss": round(gen_losses[-1], 2),
            "last d_loss": round(disc_losses[-1], 2),
            "gap": round(
                float(score_gap(discriminator, train_images[:500], held_out_images)), 2
            ),
            "FID": round(quality.fid, 1),
            "floor": None if quality.floor is None else round(quality.floor, 1),
            "precision": round(quality.precision, 2),
            "recall": round(quality.recall, 2),
        }
    ]
).T.rename(columns={0: "this run"})

# %% [markdown]
# ## 11. Deliverables
#
# - This notebook, executed, with your generator and your answers to the seven questions.
# - The loss plot, the figure of D's scores and FID, the sheet of samples, the GIF, and the table of ways to save.
#
# **Where next?** All of this used one loss. Lab 07 keeps the networks and changes the loss. The next cell lists what is
# answered and what is missing.
