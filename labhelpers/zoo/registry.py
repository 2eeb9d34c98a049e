"""The zoo: 24 types of GAN as data, from which every table of the series is made.

Facts that course material often gets wrong are right here: SPA-GAN means *spatial attention*, not "style preserving";
EBGAN's pull-away term is squared; LSGAN takes raw scores, without a sigmoid.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class GanType:
    """One type of GAN.

    Attributes:
        name: the short name.
        year: of the preprint, or of the conference where the type is better known by that.
        idea: what is new in it.
        key_feature: the part without which it would be another GAN.
        objective: what D and G minimise, in plain text; r = D(x) and f = D(G(z)) are raw scores, sp(t) = log(1 + e^t),
            [t]+ = max(0, t), E is the mean over the batch.
        architecture: the networks.
        use: what it is good for.
        paper: authors and title.
        loss: the function of ``labhelpers.losses`` that makes its loss, or "" where its loss is not built here yet.
        lab: the number of the lab that trains it, or "" where none does yet.
    """

    name: str
    year: int
    idea: str
    key_feature: str
    objective: str
    architecture: str
    use: str
    paper: str
    loss: str = ""
    lab: str = ""

    @property
    def built(self) -> str:
        """What of it is here: ``"lab NN"``, ``"loss"``, or ``"not yet"``."""
        if self.lab:
            return f"lab {self.lab}"
        return "loss" if self.loss else "not yet"


ZOO: tuple[GanType, ...] = (
    GanType(
        "Vanilla GAN",
        2014,
        "A generator learns from a discriminator that learns to tell its samples from real ones",
        "Minimax game; in practice the non-saturating generator loss",
        "D: E sp(-r) + E sp(f). G: E sp(-f), or saturating -E sp(f)",
        "Two small dense networks",
        "The idea itself; toy data, digits",
        "Goodfellow et al., Generative Adversarial Nets",
        loss="non_saturating",
        lab="03",
    ),
    GanType(
        "CGAN",
        2014,
        "Both networks are told a condition, such as a class label",
        "The condition goes into G and into D",
        "as vanilla, with D(x, y) and G(z, y)",
        "Any pair with an extra input",
        "Images of a class that is asked for",
        "Mirza and Osindero, Conditional Generative Adversarial Nets",
        lab="07",
    ),
    GanType(
        "DCGAN",
        2015,
        "Convolutions all the way, and rules that make them train",
        "Strided and transposed convolutions instead of pooling; batch norm; LeakyReLU in D",
        "as vanilla",
        "Convolutional pair without pooling and without hidden dense layers",
        "Images of moderate size; features",
        "Radford, Metz and Chintala, Unsupervised Representation Learning with DCGANs",
        loss="non_saturating",
        lab="04",
    ),
    GanType(
        "LAPGAN",
        2015,
        "Draw coarse first, then add one band of detail after the other",
        "A conditional GAN for each level of a Laplacian pyramid, trained apart",
        "cross-entropy at each level; D sees the enlarged image plus the band",
        "One pair for each level of the pyramid",
        "Larger images from small networks",
        "Denton et al., Deep Generative Image Models using a Laplacian Pyramid",
    ),
    GanType(
        "InfoGAN",
        2016,
        "Codes that mean something, without labels",
        "A network Q, on D's trunk, must read the codes back from the image",
        "vanilla, minus lambda (= 1) times a lower bound on the mutual information between code and image",
        "DCGAN pair; 62 noise values, one 10-way code, two uniform codes",
        "Disentangled factors: digit, slant, width",
        "Chen et al., InfoGAN",
        lab="07",
    ),
    GanType(
        "EBGAN",
        2016,
        "D gives an energy: how badly it can reconstruct the image",
        "An autoencoder as D, a margin for fakes, and a squared pull-away term in G",
        "D: E e(x) + E [m - e(G)]+. G: E e(G) + 0.1 PT, PT = mean over pairs of cos^2 of the fakes' codes",
        "Autoencoder as D",
        "A dense training signal; anomaly scores",
        "Zhao, Mathieu and LeCun, Energy-based Generative Adversarial Network",
        loss="ebgan",
        lab="07",
    ),
    GanType(
        "Pix2Pix",
        2016,
        "Translate an image, learnt from pairs",
        "Conditional D on patches, plus L1",
        "cross-entropy on (input, output) + 100 * L1 of output and target",
        "U-Net generator, patch discriminator",
        "Sketch to photo, labels to street",
        "Isola et al., Image-to-Image Translation with Conditional Adversarial Networks",
    ),
    GanType(
        "SRGAN",
        2017,
        "Enlarge an image four times with believable detail",
        "Content loss on deep features",
        "content loss + 0.001 * adversarial loss; G is first trained on squared error",
        "Residual generator with pixel shuffle",
        "Super-resolution",
        "Ledig et al., Photo-Realistic Single Image Super-Resolution Using a GAN",
    ),
    GanType(
        "LSGAN",
        2017,
        "Squares instead of cross-entropies",
        "A fake far beyond the border still gets a gradient",
        "D: 1/2 E (r - b)^2 + 1/2 E (f - a)^2. G: 1/2 E (f - c)^2; (a, b, c) = (0, 1, 1) or (-1, 1, 0)",
        "Any pair whose D puts out raw scores",
        "A calmer training than with cross-entropy",
        "Mao et al., Least Squares Generative Adversarial Networks",
        loss="least_squares",
        lab="07",
    ),
    GanType(
        "WGAN",
        2017,
        "Estimate the earth mover's distance instead of telling real from fake",
        "A critic whose weights are clipped, so that it stays Lipschitz",
        "D: E f - E r. G: -E f; D's weights clipped to 0.01; 5 critic steps",
        "Any pair; the critic's score is unbounded",
        "A loss that falls as the samples get better",
        "Arjovsky, Chintala and Bottou, Wasserstein GAN",
        loss="wgan",
        lab="07",
    ),
    GanType(
        "WGAN-GP",
        2017,
        "Hold the critic's gradient at norm 1 instead of clipping",
        "Gradient penalty between real and fake",
        "as WGAN + 10 E (|grad D(x^)| - 1)^2, x^ between real and fake",
        "Critic without batch norm",
        "Stable training of deeper networks",
        "Gulrajani et al., Improved Training of Wasserstein GANs",
        loss="wgan_gp",
        lab="07",
    ),
    GanType(
        "BEGAN",
        2017,
        "Match the distributions of reconstruction errors, and keep the players in balance",
        "A controller moves the weight k of the fakes",
        "D: E L(x) - k E L(G). G: E L(G). k moves by 0.001 (0.5 L(x) - L(G)) and stays in [0, 1]",
        "Autoencoder as D",
        "Smooth faces; a measure of convergence",
        "Berthelot, Schumm and Metz, BEGAN: Boundary Equilibrium GANs",
        loss="began",
        lab="07",
    ),
    GanType(
        "CycleGAN",
        2017,
        "Translate between two kinds of images without pairs",
        "There and back again must give the same image",
        "squared-error GAN both ways + 10 * L1 of the cycle + 5 * identity",
        "Two generators, two patch discriminators",
        "Style transfer, seasons, horses and zebras",
        "Zhu et al., Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks",
    ),
    GanType(
        "ProGAN",
        2018,
        "Grow both networks while they train",
        "New layers fade in from 4x4 upwards",
        "WGAN-GP + 0.001 r^2",
        "Equalised learning rate, pixel norm, minibatch deviation",
        "High resolution",
        "Karras et al., Progressive Growing of GANs",
    ),
    GanType(
        "BigGAN",
        2018,
        "What scale does: large batches, wide networks",
        "Class-conditional batch norm from a shared embedding",
        "hinge",
        "Residual, spectral norm, projection discriminator",
        "Many classes at once; truncation",
        "Brock, Donahue and Simonyan, Large Scale GAN Training",
    ),
    GanType(
        "SAGAN",
        2019,
        "Far parts of an image may look at each other",
        "Self-attention in both networks, its gain starting at 0",
        "hinge D: E [1 - r]+ + E [1 + f]+. G: -E f",
        "Convolutions with one attention layer, spectral norm",
        "Objects whose parts fit together",
        "Zhang et al., Self-Attention Generative Adversarial Networks",
        loss="hinge",
    ),
    GanType(
        "StyleGAN",
        2018,
        "A code for each scale steers the drawing",
        "Mapping network, styles by AdaIN, noise, a learned constant",
        "vanilla + (gamma / 2) |grad D(x)|^2 (R1)",
        "8-layer mapping, synthesis from a constant",
        "Faces; mixing of styles",
        "Karras, Laine and Aila, A Style-Based Generator Architecture",
    ),
    GanType(
        "StyleGAN2",
        2019,
        "No more blobs",
        "Weight demodulation instead of AdaIN; lazy R1; path length",
        "as StyleGAN, R1 every 16 steps, path length every 4",
        "Skip generator, residual discriminator",
        "The reference for photorealistic faces",
        "Karras et al., Analyzing and Improving the Image Quality of StyleGAN",
    ),
    GanType(
        "StyleGAN3",
        2021,
        "Details move with the object, not with the pixel grid",
        "Filtered (alias-free) nonlinearities, Fourier input",
        "as StyleGAN2, without path length",
        "Up, nonlinearity, down, with filters",
        "Video and motion",
        "Karras et al., Alias-Free Generative Adversarial Networks",
    ),
    GanType(
        "AttnGAN",
        2018,
        "Draw from a caption, word by word",
        "Attention from image regions to words, and a text-image matching loss",
        "per stage unconditional + conditional cross-entropy, + lambda * DAMSM",
        "Several stages",
        "Text to image",
        "Xu et al., AttnGAN",
    ),
    GanType(
        "Pix2PixHD",
        2018,
        "Pix2Pix at high resolution",
        "Discriminators at two or three scales, feature matching",
        "squared-error GAN + 10 * feature matching",
        "Global, then local generator",
        "Label maps to photos of 2048x1024",
        "Wang et al., High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs",
    ),
    GanType(
        "SPA-GAN",
        2020,
        "D shows G where to look",
        "Spatial attention from D multiplies G's input",
        "CycleGAN + L1 between first decoder features of real and generated images",
        "CycleGAN with attention from D",
        "Translation that keeps the background",
        "Emami et al., SPA-GAN: Spatial Attention GAN for Image-to-Image Translation",
    ),
    GanType(
        "Diffusion-GAN",
        2022,
        "Noise on real and fake images keeps D from memorising",
        "D sees images after a random number of diffusion steps",
        "vanilla on D(q(x, t), t)",
        "Any pair, D told t; T follows D's overfitting",
        "Small data sets, stable training",
        "Wang et al., Diffusion-GAN: Training GANs with Diffusion",
    ),
    GanType(
        "StyleGAN-T",
        2023,
        "Fast text to image with a GAN",
        "Frozen features with several heads as D, text alignment by CLIP",
        "hinge over all heads + text similarity",
        "StyleGAN generator with text in its styles",
        "Text to image at GAN speed",
        "Sauer et al., StyleGAN-T: Unlocking the Power of GANs for Fast Large-Scale Text-to-Image Synthesis",
    ),
)
"""All types. ``table()`` shows them; the README's table is made of them, too."""


def table(*columns: str) -> pd.DataFrame:
    """The zoo as a table, a row a type in the order of the years, which ``sort_values`` sorts by any column.

    Args:
        columns: names of attributes of ``GanType``; year, idea, use and built unless given.

    Raises:
        ValueError: there is no such column.
    """
    chosen = columns or ("year", "idea", "use", "built")
    known = [*GanType.__dataclass_fields__, "built"]
    unknown = [column for column in chosen if column not in known]
    if unknown:
        raise ValueError(
            f"The zoo has no column {', '.join(unknown)}; it has {', '.join(known)}."
        )
    rows = [
        {"type": gan.name, **{column: getattr(gan, column) for column in chosen}}
        for gan in ZOO
    ]
    order = sorted(range(len(ZOO)), key=lambda index: (ZOO[index].year, index))
    return pd.DataFrame([rows[index] for index in order]).set_index("type")


def markdown(*columns: str) -> str:
    """``table(*columns)`` as a Markdown table, for the README."""
    shown = table(*columns).reset_index()
    rows = [
        list(shown.columns),
        ["---"] * len(shown.columns),
        *shown.astype(str).to_numpy().tolist(),
    ]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
        for row in rows
    )
