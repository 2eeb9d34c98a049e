"""The zoo: 24 types of GAN as data, from which every table of the series is made.

Facts that course material often gets wrong are right here: SPA-GAN means *spatial attention*, not "style preserving";
EBGAN's pull-away term is squared; LSGAN takes raw scores, without a sigmoid.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class GanType:
    r"""One type of GAN.

    Attributes:
        name: the short name.
        preprint: number of the first preprint on arXiv, year and month first: 1611.04076 is of November 2016.
        venue: where it was published after that, with the year; "preprint only" where it was not.
        idea: what is new in it.
        key_feature: the part without which it would be another GAN.
        d_loss: what D minimises, in LaTeX; every symbol is one of ``LEGEND``.
        g_loss: what G minimises, the same way.
        constants: what the paper or its code chose, and what a formula leaves out, in Markdown; "" if nothing.
        architecture: the networks.
        use: what it is good for.
        paper: authors and title, the source of the formulas unless ``constants`` names another.
        loss: the function of ``labhelpers.losses`` that makes its loss, or "" where its loss is not built here yet.
        lab: the number of the lab that trains it, or "" where none does yet.
    """

    name: str
    preprint: str
    venue: str
    idea: str
    key_feature: str
    d_loss: str
    g_loss: str
    constants: str
    architecture: str
    use: str
    paper: str
    loss: str = ""
    lab: str = ""

    @property
    def year(self) -> int:
        """The year of the first preprint."""
        return 2000 + int(self.preprint[:2])

    @property
    def built(self) -> str:
        """What of it is here: ``"lab NN"``, ``"loss"``, or ``"not yet"``."""
        if self.lab:
            return f"lab {self.lab}"
        return "loss" if self.loss else "not yet"

    @property
    def link(self) -> str:
        """The preprint as a link in Markdown."""
        return f"[arXiv:{self.preprint}](https://arxiv.org/abs/{self.preprint})"


LEGEND: tuple[tuple[str, str], ...] = (
    ("x", "a real image; in a translation the image that goes in"),
    (
        "y",
        "what is told besides: a label or a caption; in a translation the image that should come out",
    ),
    (
        "z",
        "noise, drawn from a normal distribution here, in some papers from a uniform one",
    ),
    ("G, F", "the generator; in a translation there and back the second one"),
    (
        "D",
        "the discriminator or critic (also written $f_w$): a raw score, any real number; a probability is $\\sigma(D)$",
    ),
    ("r, f", "the scores $D(x)$ of a real and $D(G(z))$ of a fake image"),
    (
        r"\mathbb{E}",
        "the mean over the data and the noise; in practice over a batch",
    ),
    (
        r"\mathrm{sp}",
        r"softplus, $\mathrm{sp}(t) = \log(1 + \exp t)$; $\mathrm{sp}(-r) = -\log \sigma(r)$ and "
        r"$\mathrm{sp}(f) = -\log(1 - \sigma(f))$ are the two halves of the cross-entropy",
    ),
    (r"[\,\cdot\,]_+", r"the positive part, $[t]_+ = \max(0, t)$"),
    (
        r"L_D, L_G",
        "what the discriminator and the generator minimise",
    ),
    (
        r"\lVert\cdot\rVert_1, \lVert\cdot\rVert",
        "the mean absolute value over all pixels (or features), and the Euclidean norm over all of them",
    ),
    (r"\nabla", "the gradient, here always with respect to an image"),
    (r"\lambda", "the weight of a further term"),
    (
        "a, b, c",
        r"LSGAN's targets; InfoGAN's code is called $c$, too, and StyleGAN2's running mean $a$",
    ),
    (r"I(c; x)", "the mutual information between a code and an image"),
    (
        "Q",
        "InfoGAN's reader: the probability it gives to a code, having seen the image",
    ),
    (
        "e",
        "the energy of an image: the error with which an autoencoder $D$ reconstructs it",
    ),
    ("m", "the margin: how much energy a fake should have"),
    (
        r"\mathrm{PT}",
        "the pull-away term: the mean squared cosine between the codes of different fakes",
    ),
    ("k", r"BEGAN's controller, between 0 and 1: how much the fakes count in $L_D$"),
    (r"\gamma", "a ratio of energies (BEGAN), or the weight of R1 (the StyleGANs)"),
    (r"\hat x", "a point on the line between a real image and a fake one"),
    ("w", "a network's weights"),
    (r"\phi", "the features that a frozen, trained network sees in an image or a text"),
    ("u", "the next coarser image, enlarged"),
    (
        r"\ell",
        "the number of a level, a stage, a layer or a head; $n$ is how many there are",
    ),
    ("s", "the number of a scale; $S$ is how many there are"),
    ("W", "a matrix of weights"),
    (
        r"\mathbf{1}, \mathbf{I}",
        r"the matrix of ones, the identity matrix ($\mathbf{1} - \mathbf{I}$ leaves the diagonal out; $\odot$ multiplies entry by entry)",
    ),
    (
        "J, v",
        r"the derivative of the image by the style, and a random image of normal pixels",
    ),
    ("A", r"where $D$ looks, as a map from 0 to 1"),
    (
        r"q(\cdot, t), T",
        r"$t$ steps of diffusion: an image, faded and with noise added; at most $T$ steps",
    ),
    (r"\angle", "the angle between two vectors"),
    (r"\mathrm{DAMSM}", "AttnGAN's matching loss between words and parts of the image"),
)
"""The symbols of all formulas: LaTeX, and what it means in Markdown."""

_D_VANILLA = r"\mathbb{E}\,\mathrm{sp}(-r) + \mathbb{E}\,\mathrm{sp}(f)"
_G_VANILLA = r"\mathbb{E}\,\mathrm{sp}(-f)"
_D_LABELS = r"\mathbb{E}\,[1 - D(x, y)]_+ + \mathbb{E}\,[1 + D(G(z, y), y)]_+"
_D_R1 = _D_VANILLA + r" + \tfrac{\gamma}{2}\, \mathbb{E}\,\lVert \nabla D(x) \rVert^2"
_PENALTY = r"10\, \mathbb{E}\,(\lVert \nabla D(\hat x) \rVert - 1)^2"

ZOO: tuple[GanType, ...] = (
    GanType(
        "Vanilla GAN",
        "1406.2661",
        "NeurIPS 2014",
        "A generator learns from a discriminator that learns to tell its samples from real ones",
        "Minimax game; in practice the non-saturating generator loss",
        _D_VANILLA,
        _G_VANILLA + r" \quad\text{or, saturating,}\quad -\mathbb{E}\,\mathrm{sp}(f)",
        r"With the saturating $L_G$ this is the game $\min_G \max_D\, \mathbb{E} \log \sigma(r) + "
        r"\mathbb{E} \log(1 - \sigma(f))$.",
        "Two small dense networks",
        "The idea itself; toy data, digits",
        "Goodfellow et al., Generative Adversarial Nets",
        loss="non_saturating",
        lab="03",
    ),
    GanType(
        "CGAN",
        "1411.1784",
        "preprint only",
        "Both networks are told a condition, such as a class label",
        "The condition goes into G and into D",
        r"\mathbb{E}\,\mathrm{sp}(-D(x, y)) + \mathbb{E}\,\mathrm{sp}(D(G(z, y), y))",
        r"\mathbb{E}\,\mathrm{sp}(-D(G(z, y), y))",
        "",
        "Any pair with an extra input",
        "Images of a class that is asked for",
        "Mirza and Osindero, Conditional Generative Adversarial Nets",
        lab="07",
    ),
    GanType(
        "LAPGAN",
        "1506.05751",
        "NeurIPS 2015",
        "Draw coarse first, then add one band of detail after the other",
        "A conditional GAN for each level of a Laplacian pyramid, trained apart",
        r"\mathbb{E}\,\mathrm{sp}(-D_\ell(x_\ell)) + \mathbb{E}\,\mathrm{sp}(D_\ell(u_\ell + G_\ell(z, u_\ell)))",
        r"\mathbb{E}\,\mathrm{sp}(-D_\ell(u_\ell + G_\ell(z, u_\ell)))",
        r"For each level apart; $G_\ell$ draws the band of detail $x_\ell - u_\ell$. The coarsest level is a plain GAN.",
        "One pair for each level of the pyramid",
        "Larger images from small networks",
        "Denton et al., Deep Generative Image Models using a Laplacian Pyramid",
    ),
    GanType(
        "DCGAN",
        "1511.06434",
        "ICLR 2016",
        "Convolutions all the way, and rules that make them train",
        "Strided and transposed convolutions instead of pooling; batch norm; LeakyReLU in D",
        _D_VANILLA,
        _G_VANILLA,
        "Adam(2e-4, beta1 0.5), batches of 128, weights from a normal distribution of deviation 0.02, LeakyReLU of slope 0.2.",
        "Convolutional pair without pooling and without hidden dense layers",
        "Images of moderate size; features",
        "Radford, Metz and Chintala, Unsupervised Representation Learning with DCGANs",
        loss="non_saturating",
        lab="04",
    ),
    GanType(
        "InfoGAN",
        "1606.03657",
        "NeurIPS 2016",
        "Codes that mean something, without labels",
        "A network Q, on D's trunk, must read the codes back from the image",
        _D_VANILLA + r" - \lambda\, \mathbb{E} \log Q(c \mid G(z, c))",
        _G_VANILLA + r" - \lambda\, \mathbb{E} \log Q(c \mid G(z, c))",
        r"$\lambda = 1$ for the category, smaller for continuous codes. Up to a constant, the entropy of $c$, the mean of $\log Q$ is a lower bound on $I(c; G(z, c))$. "
        "Adam with beta1 0.5, 2e-4 for D and 1e-3 for G.",
        "DCGAN pair; 62 noise values, one 10-way code, two uniform codes",
        "Disentangled factors: digit, slant, width",
        "Chen et al., InfoGAN",
        lab="07",
    ),
    GanType(
        "EBGAN",
        "1609.03126",
        "ICLR 2017",
        "D gives an energy: how badly it can reconstruct the image",
        "An autoencoder as D, a margin for fakes, and a squared pull-away term in G",
        r"\mathbb{E}\, e(x) + \mathbb{E}\,[m - e(G(z))]_+",
        r"\mathbb{E}\, e(G(z)) + 0.1\, \mathrm{PT}",
        "The energy is the Euclidean norm of the error; $m = 10$ on MNIST.",
        "Autoencoder as D",
        "A dense training signal; anomaly scores",
        "Zhao, Mathieu and LeCun, Energy-based Generative Adversarial Network",
        loss="ebgan",
        lab="07",
    ),
    GanType(
        "SRGAN",
        "1609.04802",
        "CVPR 2017",
        "Enlarge an image four times with believable detail",
        "Content loss on deep features",
        r"\mathbb{E}\,\mathrm{sp}(-D(y)) + \mathbb{E}\,\mathrm{sp}(D(G(x)))",
        r"\mathbb{E}\,\lVert \phi(y) - \phi(G(x)) \rVert^2 + 0.001\, \mathbb{E}\,\mathrm{sp}(-D(G(x)))",
        r"$x$ is the small image, $y$ the large one; the squares are a mean over VGG's features. $G$ is first trained on "
        "the squared error of the pixels. Adam(1e-4).",
        "Residual generator with pixel shuffle",
        "Super-resolution",
        "Ledig et al., Photo-Realistic Single Image Super-Resolution Using a GAN",
    ),
    GanType(
        "LSGAN",
        "1611.04076",
        "ICCV 2017",
        "Squares instead of cross-entropies",
        "A fake far beyond the border still gets a gradient",
        r"\tfrac12\, \mathbb{E}\,(r - b)^2 + \tfrac12\, \mathbb{E}\,(f - a)^2",
        r"\tfrac12\, \mathbb{E}\,(f - c)^2",
        r"$(a, b, c) = (0, 1, 1)$, or $(-1, 1, 0)$, with which $G$ minimises the Pearson $\chi^2$ divergence. Raw scores, "
        "without a sigmoid.",
        "Any pair whose D puts out raw scores",
        "A calmer training than with cross-entropy",
        "Mao et al., Least Squares Generative Adversarial Networks",
        loss="least_squares",
        lab="07",
    ),
    GanType(
        "Pix2Pix",
        "1611.07004",
        "CVPR 2017",
        "Translate an image, learnt from pairs",
        "Conditional D on patches, plus L1",
        r"\tfrac12\, \mathbb{E}\,\mathrm{sp}(-D(x, y)) + \tfrac12\, \mathbb{E}\,\mathrm{sp}(D(x, G(x, z)))",
        r"\mathbb{E}\,\mathrm{sp}(-D(x, G(x, z))) + 100\, \mathbb{E}\,\lVert y - G(x, z) \rVert_1",
        r"$z$ is dropout, in use when sampling, too; $D$ gives a score for each patch. Adam(2e-4, beta1 0.5).",
        "U-Net generator, patch discriminator",
        "Sketch to photo, labels to street",
        "Isola et al., Image-to-Image Translation with Conditional Adversarial Networks",
    ),
    GanType(
        "WGAN",
        "1701.07875",
        "ICML 2017",
        "Estimate the earth mover's distance instead of telling real from fake",
        "A critic whose weights are clipped, so that it stays Lipschitz",
        r"\mathbb{E} f - \mathbb{E} r",
        r"-\mathbb{E} f",
        r"After each step of $D$ its weights are clipped to $[-0.01, 0.01]$; 5 steps of $D$ for one of $G$; RMSprop(5e-5).",
        "Any pair; the critic's score is unbounded",
        "A curve that means something: minus the critic's loss, the estimated distance, falls as the samples get better",
        "Arjovsky, Chintala and Bottou, Wasserstein GAN",
        loss="wgan",
        lab="07",
    ),
    GanType(
        "CycleGAN",
        "1703.10593",
        "ICCV 2017",
        "Translate between two kinds of images without pairs",
        "There and back again must give the same image",
        r"\tfrac12\, \mathbb{E}\,(D(y) - 1)^2 + \tfrac12\, \mathbb{E}\, D(G(x))^2",
        r"\mathbb{E}\,(D(G(x)) - 1)^2 + 10\, \mathbb{E}\,\lVert F(G(x)) - x \rVert_1 "
        r"+ 5\, \mathbb{E}\,\lVert G(y) - y \rVert_1",
        r"The same once more for the way back: $F$ with a $D$ of its own, $x$ and $y$ exchanged. The last term, identity, "
        "is used where colours should stay. D sees fakes from a pool of 50 earlier ones; Adam(2e-4, beta1 0.5).",
        "Two generators, two patch discriminators",
        "Style transfer, seasons, horses and zebras",
        "Zhu et al., Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks",
    ),
    GanType(
        "BEGAN",
        "1703.10717",
        "preprint only",
        "Match the distributions of reconstruction errors, and keep the players in balance",
        "A controller moves the weight k of the fakes",
        r"\mathbb{E}\, e(x) - k\, \mathbb{E}\, e(G(z))",
        r"\mathbb{E}\, e(G(z))",
        r"After each step $k$ grows by $0.001\,(\gamma\, \mathbb{E}\, e(x) - \mathbb{E}\, e(G(z)))$ and is clipped to $[0, 1]$; "
        r"it starts at 0, $\gamma = 0.5$. The energy is the mean absolute error.",
        "Autoencoder as D",
        "Smooth faces; a measure of convergence",
        "Berthelot, Schumm and Metz, BEGAN: Boundary Equilibrium GANs",
        loss="began",
        lab="07",
    ),
    GanType(
        "WGAN-GP",
        "1704.00028",
        "NeurIPS 2017",
        "Hold the critic's gradient at norm 1 instead of clipping",
        "Gradient penalty between real and fake",
        r"\mathbb{E} f - \mathbb{E} r + " + _PENALTY,
        r"-\mathbb{E} f",
        r"5 steps of $D$ for one of $G$; Adam(1e-4, beta1 0, beta2 0.9).",
        "Critic without batch norm",
        "Stable training of deeper networks",
        "Gulrajani et al., Improved Training of Wasserstein GANs",
        loss="wgan_gp",
        lab="07",
    ),
    GanType(
        "ProGAN",
        "1710.10196",
        "ICLR 2018",
        "Grow both networks while they train",
        "New layers fade in from 4x4 upwards",
        r"\mathbb{E} f - \mathbb{E} r + " + _PENALTY + r" + 0.001\, \mathbb{E}\, r^2",
        r"-\mathbb{E} f",
        r"One step of $D$ for one of $G$; Adam(1e-3, beta1 0, beta2 0.99); the samples come from an average of $G$ "
        "(decay 0.999).",
        "Equalised learning rate, pixel norm, minibatch deviation",
        "High resolution",
        "Karras et al., Progressive Growing of GANs",
    ),
    GanType(
        "AttnGAN",
        "1711.10485",
        "CVPR 2018",
        "Draw from a caption, word by word",
        "Attention from image regions to words, and a text-image matching loss",
        r"\tfrac12\, \mathbb{E}\,[\mathrm{sp}(-D_\ell(x)) + \mathrm{sp}(D_\ell(G_\ell(z, y)))] "
        r"+ \tfrac12\, \mathbb{E}\,[\mathrm{sp}(-D_\ell(x, y)) + \mathrm{sp}(D_\ell(G_\ell(z, y), y))]",
        r"\sum_{\ell=1}^{n} \tfrac12\, \mathbb{E}\,[\mathrm{sp}(-D_\ell(G_\ell(z, y))) "
        r"+ \mathrm{sp}(-D_\ell(G_\ell(z, y), y))] + \lambda\, \mathrm{DAMSM}",
        r"One $D$ for each of the $n = 3$ stages. $\lambda = 5$ on birds; in the code $D$ also sees real images with wrong "
        "captions, and $G$ pays a KL term for its random caption code.",
        "Several stages",
        "Text to image",
        "Xu et al., AttnGAN",
    ),
    GanType(
        "Pix2PixHD",
        "1711.11585",
        "CVPR 2018",
        "Pix2Pix at high resolution",
        "Discriminators at two or three scales, feature matching",
        r"\sum_{s=1}^{S} \tfrac12\, \mathbb{E}\,[(D_s(x, y) - 1)^2 + D_s(x, G(x))^2]",
        r"\sum_{s=1}^{S} \mathbb{E}\,(D_s(x, G(x)) - 1)^2 + \tfrac{10}{S} \sum_{s=1}^{S} \sum_{\ell} "
        r"\tfrac{4}{n + 1}\, \mathbb{E}\,\lVert D_s^{\ell}(x, y) - D_s^{\ell}(x, G(x)) \rVert_1",
        r"The sum at the end is the feature matching: $D_s^{\ell}$ is what layer $\ell$ puts out, $n = 3$. These are the "
        "code's weights; the code adds a content loss on VGG's features.",
        "Global, then local generator",
        "Label maps to photos of 2048x1024",
        "Wang et al., High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs",
    ),
    GanType(
        "SAGAN",
        "1805.08318",
        "ICML 2019",
        "Far parts of an image may look at each other",
        "Self-attention in both networks, its gain starting at 0",
        _D_LABELS,
        r"-\mathbb{E}\, D(G(z, y), y)",
        "The hinge loss; without labels leave $y$ out. Spectral norm in both networks; Adam with beta1 0 and beta2 0.9, "
        "4e-4 for D and 1e-4 for G.",
        "Convolutions with one attention layer, spectral norm",
        "Objects whose parts fit together",
        "Zhang et al., Self-Attention Generative Adversarial Networks",
        loss="hinge",
    ),
    GanType(
        "BigGAN",
        "1809.11096",
        "ICLR 2019",
        "What scale does: large batches, wide networks",
        "Class-conditional batch norm from a shared embedding",
        _D_LABELS,
        r"-\mathbb{E}\, D(G(z, y), y) + 0.0001 \sum_W \lVert W^\top W \odot (\mathbf{1} - \mathbf{I}) \rVert^2",
        r"The last term keeps the columns of $G$'s matrices apart. Averaged $G$ (decay 0.9999); $z$ is cut off at a "
        "threshold when sampling (truncation).",
        "SAGAN's, with residual blocks and a projection discriminator",
        "Many classes at once; truncation",
        "Brock, Donahue and Simonyan, Large Scale GAN Training",
    ),
    GanType(
        "StyleGAN",
        "1812.04948",
        "CVPR 2019",
        "A code for each scale steers the drawing",
        "Mapping network, styles by AdaIN, noise, a learned constant",
        _D_R1,
        _G_VANILLA,
        r"$\gamma = 10$; grows progressively, as ProGAN; two codes are mixed in 90 % of the images.",
        "8-layer mapping, synthesis from a constant, grown from 8x8 upwards",
        "Faces; mixing of styles",
        "Karras, Laine and Aila, A Style-Based Generator Architecture",
    ),
    GanType(
        "SPA-GAN",
        "1908.06616",
        "IEEE Transactions on Multimedia 2021",
        "D shows G where to look",
        "Spatial attention from D multiplies G's input",
        r"\tfrac12\, \mathbb{E}\,(D(y) - 1)^2 + \tfrac12\, \mathbb{E}\, D(G(A(x) \odot x))^2",
        r"\mathbb{E}\,(D(G(A(x) \odot x)) - 1)^2 + 10\, \mathbb{E}\,\lVert F(G(A(x) \odot x)) - x \rVert_1 "
        r"+ \lambda\, \mathbb{E}\,\lVert \phi(x) - \phi(G(A(x) \odot x)) \rVert_1",
        r"The same once more for the way back. $A$ comes from the other way's $D$, which knows $x$; $F$ gets its image with "
        r"attention, too. Here $\phi$ is $G$'s own first decoder layer; we could not verify the weight $\lambda$.",
        "CycleGAN with attention from D",
        "Translation that keeps the background",
        "Emami et al., SPA-GAN: Spatial Attention GAN for Image-to-Image Translation",
    ),
    GanType(
        "StyleGAN2",
        "1912.04958",
        "CVPR 2020",
        "No more blobs",
        "Weight demodulation instead of AdaIN; lazy R1; path length",
        _D_R1,
        _G_VANILLA + r" + 2\, \mathbb{E}\,(\lVert J^\top v \rVert - a)^2",
        r"$\gamma = 10$, R1 in every 16th step; path length in every 4th step of $G$ in the code, every 8th in the paper; $a$ is "
        "the running mean of the norm. Adam(2e-3, beta1 0, beta2 0.99).",
        "Skip generator, residual discriminator",
        "The reference for photorealistic faces",
        "Karras et al., Analyzing and Improving the Image Quality of StyleGAN",
    ),
    GanType(
        "StyleGAN3",
        "2106.12423",
        "NeurIPS 2021",
        "Details move with the object, not with the pixel grid",
        "Filtered (alias-free) nonlinearities, Fourier input",
        _D_R1,
        _G_VANILLA,
        r"No path length, mixing or noise; $\gamma$ is chosen for each data set and resolution. Adam with beta1 0 and beta2 0.99, "
        "2.5e-3 for G and 2e-3 for D.",
        "Up, nonlinearity, down, with filters",
        "Video and motion",
        "Karras et al., Alias-Free Generative Adversarial Networks",
    ),
    GanType(
        "Diffusion-GAN",
        "2206.02262",
        "ICLR 2023",
        "Noise on real and fake images keeps D from memorising",
        "D sees images after a random number of diffusion steps",
        r"\mathbb{E}\,\mathrm{sp}(-D(q(x, t), t)) + \mathbb{E}\,\mathrm{sp}(D(q(G(z), t), t))",
        r"\mathbb{E}\,\mathrm{sp}(-D(q(G(z), t), t))",
        r"$T$, between 10 and 1,000, follows $D$'s overfitting: every 4 steps it grows or shrinks with the sign of "
        r"$\mathbb{E}\,\mathrm{sign}(r) - 0.6$. The noise has a deviation of 0.05.",
        "Any pair, D told t; T follows D's overfitting",
        "Small data sets, stable training",
        "Wang et al., Diffusion-GAN: Training GANs with Diffusion",
    ),
    GanType(
        "StyleGAN-T",
        "2301.09515",
        "ICML 2023",
        "Fast text to image with a GAN",
        "Frozen features with several heads as D, text alignment by CLIP",
        r"\sum_{\ell=1}^{n} (\mathbb{E}\,[1 - D_\ell(x, y)]_+ + \mathbb{E}\,[1 + D_\ell(G(z, y), y)]_+)",
        r"-\sum_{\ell=1}^{n} \mathbb{E}\, D_\ell(G(z, y), y) + \lambda\, \mathbb{E}\,\angle(\phi(G(z, y)), \phi(y))^2",
        r"The heads read a frozen DINO, $\phi$ is CLIP; $\lambda$ is small, and used at low resolution. "
        "Adam(2e-3, beta1 0, beta2 0.99).",
        "StyleGAN generator with text in its styles",
        "Text to image at GAN speed",
        "Sauer et al., StyleGAN-T: Unlocking the Power of GANs for Fast Large-Scale Text-to-Image Synthesis",
    ),
)
"""All types, in the order of their first preprints. ``table()`` shows them; the README's table is made of them, too."""


def table(*columns: str) -> pd.DataFrame:
    """The zoo as a table, a row a type in the order of the preprints, which ``sort_values`` sorts by any column.

    Args:
        columns: names of attributes of ``GanType``; year, idea, use and built unless given.

    Raises:
        ValueError: there is no such column.
    """
    chosen = columns or ("year", "idea", "use", "built")
    known = [*GanType.__dataclass_fields__, "year", "built", "link"]
    unknown = [column for column in chosen if column not in known]
    if unknown:
        raise ValueError(
            f"The zoo has no column {', '.join(unknown)}; it has {', '.join(known)}."
        )
    rows = [
        {"type": gan.name, **{column: getattr(gan, column) for column in chosen}}
        for gan in ZOO
    ]
    return pd.DataFrame(rows).set_index("type")


def markdown(*columns: str) -> str:
    """``table(*columns)`` as a Markdown table, for the README."""
    shown = table(*columns).reset_index()
    return _markdown(list(shown.columns), shown.astype(str).to_numpy().tolist())


def formulas(*names: str) -> str:
    """What D and G minimise, as cards in Markdown with LaTeX: a headline, two formulas, constants and source a type.

    Args:
        names: of types; all 24 unless given.

    Raises:
        ValueError: there is no such type.
    """
    known = [gan.name for gan in ZOO]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(
            f"The zoo has no type {', '.join(unknown)}; it has {', '.join(known)}."
        )
    return "\n\n".join(_card(gan) for gan in ZOO if not names or gan.name in names)


def legend() -> str:
    """``LEGEND`` as a Markdown table."""
    rows = [[f"${symbol}$", meaning] for symbol, meaning in LEGEND]
    return _markdown(["symbol", "meaning"], rows)


def _card(gan: GanType) -> str:
    # An equation of its own for each player: one long line would not fit the width of a notebook.
    equations = f"$$L_D = {gan.d_loss}$$\n\n$$L_G = {gan.g_loss}$$"
    notes = " ".join(
        part for part in (gan.constants, f"*{gan.paper}*, {gan.link}.") if part
    )
    return f"**{gan.name}** ({gan.year}; {gan.venue}; {gan.built})\n\n{equations}\n\n{notes}"


def _markdown(head: list[str], rows: list[list[str]]) -> str:
    # A bar inside a cell would end it; in LaTeX \mid and \lVert say the same.
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
        for row in (head, ["---"] * len(head), *rows)
    )
