"""InfoGAN's term: G must put its codes into the image so that they can be read back."""

from __future__ import annotations

import math

import tensorflow as tf

from labhelpers.arrays import Tensor
from labhelpers.losses.core import Term, registered_term
from labhelpers.losses.seen import Seen


@registered_term
def codes_error(categories: int, uniform: int, weight: float = 1.0) -> Term:
    """Both players pay for the errors in reading the codes back from the fakes.

    This is minus a lower bound on the mutual information between codes and image, up to the entropy of the codes, which
    is constant: cross-entropy of the category, squared error of the uniform codes as a Gaussian of variance 1. The
    monitor ``information`` is the bound of the category alone; it cannot exceed log(categories).

    The codes are the last ``categories + uniform`` columns of the source; D puts out ``{"category": logits (batch,
    categories), "uniform": (batch, uniform)}`` beside its score.

    Args:
        categories: values of the categorical code.
        uniform: number of uniform codes.
        weight: lambda.

    Source: Chen et al. 2016, equations 5 and 6, appendix C.
    """

    def category_error(seen: Seen) -> Tensor:
        wanted = seen.batch.source[:, -categories - uniform : -uniform or None]
        return tf.reduce_mean(
            tf.nn.softmax_cross_entropy_with_logits(wanted, seen.fake["category"])
        )

    def amount(seen: Seen) -> Tensor:
        wanted = seen.batch.source[:, seen.batch.source.shape[1] - uniform :]
        squares = 0.5 * tf.reduce_sum(tf.square(seen.fake["uniform"] - wanted), axis=1)
        return category_error(seen) + tf.reduce_mean(squares)

    return Term(
        "both",
        amount,
        weight,
        formula=rf"-{weight:g}\, \mathbb{{E}} \log Q(c \mid G(z, c))",
        source="Chen et al. 2016, InfoGAN, equation 5",
        monitors={
            "information": lambda seen: math.log(categories) - category_error(seen)
        },
    )
