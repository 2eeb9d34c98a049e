"""The adversarial training step, and the model whose ``fit`` runs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from labhelpers.data.images import ready_to_show
from labhelpers.losses.adversarial import AdversarialLoss, Tensor, non_saturating
from labhelpers.training.base import ImageModel, xla_pays


def adversarial_step(
    generator: keras.Model,
    discriminator: keras.Model,
    generator_optimizer: keras.optimizers.Optimizer,
    discriminator_optimizer: keras.optimizers.Optimizer,
    loss: AdversarialLoss,
    real_images: Tensor,
    noise: Sequence[Tensor],
    mix: Sequence[Tensor] = (),
    control: Sequence[tf.Variable] = (),
) -> dict[str, Tensor]:
    """One step of the game: D learns to tell the fakes from the real images, then G learns from the D that has learnt.

    1. G draws fakes from the noise, and its tape remembers how.
    2. D scores the real images and the fakes, and takes a step down its own loss.
    3. The D that has just learnt scores the same fakes again; G takes a step down its loss, through D, which stays.

    Args:
        generator: from noise (batch, latent_dim) to images.
        discriminator: from images to logits (batch, 1).
        generator_optimizer: built on the generator's variables.
        discriminator_optimizer: built on the discriminator's variables.
        loss: what both of them pay.
        real_images: (batch, ...) for each of the loss's ``critic_steps``, all in one tensor, in the range of the
            generator's last layer. The k-th of n steps takes the images k, k + n, k + 2 n and so on.
        noise: a batch of noise (batch, latent_dim) for each of these steps.
        mix: for a loss with a penalty, one number in [0, 1) an image (batch,) for each of these steps.
        control: for a loss with a controller, its value.

    Returns:
        The scalars named in ``loss.names``; ``d_loss`` is without the penalty.

    Raises:
        ValueError: a network has nothing to train.
    """
    if loss.penalty and len(mix) != len(noise):
        raise ValueError(
            f"The loss {loss.name!r} has a penalty and needs {len(noise)} tensors `mix` of shape (batch,), one a step "
            f"of D, but got {len(mix)}. Draw them uniformly from [0, 1)."
        )
    for step, latent in enumerate(noise):
        batch = real_images[step :: len(noise)]
        with tf.GradientTape() as generator_tape:
            fake_images = generator(latent, training=True)
        with tf.GradientTape() as discriminator_tape:
            real_logits = discriminator(batch, training=True)
            fake_logits = discriminator(fake_images, training=True)
            d_loss = loss.discriminator(real_logits, fake_logits, *control)
            penalty = loss.penalty(discriminator, batch, fake_images, mix[step]) if loss.penalty else 0.0
            d_total = d_loss + penalty
        _descend(discriminator_tape, d_total, discriminator, discriminator_optimizer)
        if loss.clip_weights is not None:
            for weight in discriminator.trainable_variables:
                weight.assign(tf.clip_by_value(weight, -loss.clip_weights, loss.clip_weights))
    with generator_tape:
        g_loss = loss.generator(real_logits, discriminator(fake_images, training=True))
    _descend(generator_tape, g_loss, generator, generator_optimizer)
    losses = {"g_loss": g_loss, "d_loss": d_loss}
    if loss.penalty:
        losses["penalty"] = penalty
    if loss.controller:
        control[0].assign(loss.controller.update(control[0], real_logits, fake_logits))
        losses[loss.controller.name] = tf.convert_to_tensor(control[0])
    return losses | {name: monitor(real_logits, fake_logits) for name, monitor in loss.monitors.items()}


def _descend(tape: tf.GradientTape, loss: Tensor, network: keras.Model, optimizer: keras.optimizers.Optimizer) -> None:
    """One step of a network, and of nothing else, down its loss."""
    variables = _variables_to_train(network)
    optimizer.apply(tape.gradient(loss, variables), variables)


def _variables_to_train(network: keras.Model) -> list[keras.Variable]:
    variables = network.trainable_variables
    if not variables:
        raise ValueError(
            f"The network {network.name!r} has 0 trainable variables (its `trainable` is {network.trainable}), so it "
            "would never learn; each optimizer here moves its own network only, so nothing has to be frozen. "
            f"Set {network.name}.trainable = True and compile again."
        )
    return variables


@keras.saving.register_keras_serializable(package="labhelpers")
class GAN(ImageModel):
    """A generator and a discriminator that learn against each other; calling it draws images from noise.

    ``fit`` (of ``ImageModel``) runs ``adversarial_step``. Which network an optimizer moves is fixed by the variables
    that it is given: no network is ever frozen. ``save`` and ``keras.models.load_model`` keep everything but the random
    states; for an exact resume there are ``Checkpoints``.

    Args:
        generator: from noise (batch, latent_dim) to images; its last activation fixes the scale of the images.
        discriminator: from images to raw scores (batch, 1), without a sigmoid.
        loss: what both pay.
        ema: decay of a running average of the generator's weights, such as 0.999, or None for none. The first steps
            decay faster, so that the start is soon forgotten. Source: Yazici et al. 2019, section 4.

    Attributes:
        ema_generator: the averaged generator, or None.

    Raises:
        ValueError: the networks do not fit together, or ``ema`` is no decay.
    """

    takes_labels = False

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        loss: AdversarialLoss | None = None,
        *,
        ema: float | None = None,
        **kwargs: Any,
    ) -> None:
        self.adversarial_loss = loss or non_saturating()
        self.loss_names = self.adversarial_loss.names
        self.batches_per_step = self.adversarial_loss.critic_steps
        super().__init__(**kwargs)
        if generator.outputs[0].shape[1:] != discriminator.inputs[0].shape[1:]:
            raise ValueError(
                f"The generator makes images of shape {generator.outputs[0].shape[1:]}, but the discriminator takes "
                f"{discriminator.inputs[0].shape[1:]}. Build both for the same image_shape."
            )
        if ema is not None and not 0 <= ema < 1:
            raise ValueError(f"ema is {ema}, expected a decay in [0, 1) such as 0.999, or None for no average.")
        self.generator = generator
        self.discriminator = discriminator
        self.ema = ema
        self.ema_generator = None
        if ema is not None:
            self.ema_generator = keras.models.clone_model(generator)
            self.ema_generator.set_weights(generator.get_weights())
            self.ema_generator.trainable = False
        controller = self.adversarial_loss.controller
        self._draw: Any = None
        self.control: tuple[keras.Variable, ...] = ()
        if controller:
            start = keras.initializers.Constant(controller.start)
            self.control = (self.add_weight((), initializer=start, trainable=False, name=controller.name),)
        self.built = True

    @property
    def latent_dim(self) -> int:
        """Length of a noise vector."""
        return int(self.generator.inputs[0].shape[-1])

    @property
    def output_activation(self) -> str:
        """The generator's last activation: ``"tanh"``, ``"sigmoid"`` or ``"linear"``."""
        return last_activation(self.generator)

    def compile(
        self,
        generator_optimizer: keras.optimizers.Optimizer | None = None,
        discriminator_optimizer: keras.optimizers.Optimizer | None = None,
        *,
        steps_per_execution: int = 32,
        jit_compile: bool | None = None,
    ) -> None:
        """Fix the optimizers, and build each on the variables of its own network.

        Args:
            generator_optimizer: the one that the loss recommends unless given.
            discriminator_optimizer: the same, for D.
            steps_per_execution: training steps that one call of the compiled function runs.
            jit_compile: whether to use XLA; where it pays unless given.

        Raises:
            ValueError: a network has nothing to train.
        """
        generator_variables = _variables_to_train(self.generator)
        discriminator_variables = _variables_to_train(self.discriminator)
        generator_optimizer = generator_optimizer or self.adversarial_loss.generator_optimizer()
        discriminator_optimizer = discriminator_optimizer or self.adversarial_loss.discriminator_optimizer()
        if generator_optimizer is discriminator_optimizer:
            raise ValueError(
                "Both networks got the same optimizer, expected one each: an optimizer keeps one network's moments. "
                "Make two, even if their settings are the same."
            )
        if jit_compile is None:
            jit_compile = xla_pays(self.generator, self.discriminator)

        self.compile_step(
            self.step, xla=jit_compile, optimizer=generator_optimizer, steps_per_execution=steps_per_execution
        )
        self.discriminator_optimizer = discriminator_optimizer
        generator_optimizer.build(generator_variables)
        discriminator_optimizer.build(discriminator_variables)
        self._compile_arguments = {"steps_per_execution": steps_per_execution, "jit_compile": jit_compile}

    @property
    def generator_optimizer(self) -> keras.optimizers.Optimizer:
        """The optimizer of the generator."""
        return self.optimizer

    @property
    def optimizers(self) -> tuple[keras.optimizers.Optimizer, keras.optimizers.Optimizer]:
        """Both optimizers, the generator's first."""
        return self.generator_optimizer, self.discriminator_optimizer

    def step(self, batch: Any, noise: Sequence[Tensor], mix: Sequence[Tensor]) -> dict[str, Tensor]:
        """What is compiled: an ``adversarial_step`` of these networks on a batch of real images."""
        networks, loss = (self.generator, self.discriminator), self.adversarial_loss
        return adversarial_step(*networks, *self.optimizers, loss, batch, noise, mix, self.control)

    def draw_noise(self, count: Tensor) -> Tensor:
        """Noise (count, latent_dim) to train on."""
        return self.noise(count, self.latent_dim)

    def losses_of_step(self, images: Any) -> dict[str, Tensor]:
        """One ``step`` with fresh noise, and the step of the average."""
        steps, count = self.batches_per_step, tf.shape(tf.nest.flatten(images)[0])[0]
        if steps > 1:
            # An epoch's last batch may hold fewer images than there are steps of D: each needs at least one.
            again = tf.range(steps) % count
            images = tf.cond(count < steps, lambda: tf.gather(images, again), lambda: images)
            count = tf.maximum(count, steps)
        sizes = [(count + steps - 1 - step) // steps for step in range(steps)]
        noise = [self.draw_noise(size) for size in sizes]
        mix: Sequence[Tensor] = ()
        if self.adversarial_loss.penalty:
            mix = [keras.random.uniform((size,), seed=self.seed_generator) for size in sizes]
        assert self.compiled_step
        losses = self.compiled_step(images, noise, mix)
        if self.ema_generator is not None:
            self._follow(self.ema_generator, self.ema)
        return losses

    def _follow(self, average: keras.Model, decay: float | None) -> None:
        """Move every weight of the average, batch-norm statistics too, a little towards the generator's."""
        steps = tf.cast(self.generator_optimizer.iterations.value, tf.float32)
        keep = tf.minimum(decay, (1 + steps) / (10 + steps))
        for mean, weight in zip(average.weights, self.generator.weights, strict=True):
            mean.assign(mean + (1 - keep) * (weight - mean))

    def fit(self, images: np.ndarray, labels: np.ndarray | None = None, **kwargs: Any) -> keras.callbacks.History:
        """Train on images; see ``ImageModel.fit``.

        Raises:
            ValueError: the model is not compiled, a network is frozen, or the images do not suit the networks.
        """
        if labels is not None and not self.takes_labels:
            raise ValueError(
                f"{type(self).__name__} got labels, but it learns from images alone. Leave them out, or train a "
                "training.ConditionalGAN."
            )
        if not self.compiled:
            raise ValueError("This GAN is not compiled, so it has no optimizers. Call gan.compile() before gan.fit().")
        for network, optimizer in zip((self.generator, self.discriminator), self.optimizers, strict=True):
            found, built = len(_variables_to_train(network)), len(optimizer._trainable_variables)
            if found != built:
                raise ValueError(
                    f"The network {network.name!r} has {found} trainable variables, but its optimizer was built on "
                    f"{built}: something was frozen or thawed after compile. Undo it, or compile again."
                )
        expected = tuple(self.discriminator.inputs[0].shape[1:])
        if images.shape[1:] != expected:
            raise ValueError(
                f"These images have shape {images.shape[1:]}, but the discriminator takes {expected}. "
                "Reshape the images, or build the networks for this image_shape."
            )
        return super().fit(images, labels, **kwargs)

    def call(self, noise: Tensor, training: bool = False) -> Tensor:
        """Images from noise (batch, latent_dim), by the averaged generator where there is one."""
        return (self.ema_generator or self.generator)(noise, training=training)

    def sample(self, count_or_noise: int | np.ndarray, *, seed: int = 0, batch_size: int = 500) -> np.ndarray:
        """Images that the generator draws, in inference mode.

        Args:
            count_or_noise: how many images, or noise (n, latent_dim).
            seed: of the noise for a number of images: the same seed gives the same noise. Training is not disturbed.
            batch_size: images at a time.

        Returns:
            float32 array (n, ...): images in [0, 1], ready to show and to judge, whatever G's last layer is; points as
            they are. What D is to score comes from ``gan(noise)``, which stays in G's own range.

        Raises:
            ValueError: the noise has another length than the generator takes.
        """
        if isinstance(count_or_noise, int | np.integer):
            noise = self.noise_from_seed(int(count_or_noise), seed)
        else:
            noise = np.asarray(count_or_noise)
        if noise.ndim != 2 or noise.shape[1] != self.latent_dim:
            raise ValueError(
                f"The noise has shape {noise.shape}, but this generator takes (n, {self.latent_dim}). "
                "Draw it with that length, or give only the number of images."
            )
        return self._drawn(noise, batch_size=batch_size)

    def noise_from_seed(self, count: int, seed: int) -> np.ndarray:
        """Noise (count, latent_dim) to sample with, float32: the same seed gives the same noise."""
        return np.random.default_rng(seed).normal(size=(count, self.latent_dim)).astype(np.float32)

    def _drawn(self, *inputs: np.ndarray, batch_size: int) -> np.ndarray:
        """What ``call`` makes of arrays, some rows at a time, ready to show."""
        if self._draw is None:
            self._draw = tf.function(self.call, reduce_retracing=True)
        cuts = range(0, len(inputs[0]), batch_size)
        parts = [self._draw(*(tf.constant(array[i : i + batch_size]) for array in inputs)) for i in cuts]
        return ready_to_show(np.concatenate([np.asarray(part) for part in parts]), self.output_activation)

    def get_config(self) -> dict[str, Any]:
        """What rebuilds this model: both networks, the loss by its name and arguments, the decay."""
        return {
            **super().get_config(),
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "loss": self.adversarial_loss.to_config(),
            "ema": self.ema,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> GAN:
        """The inverse of ``get_config``."""
        config = dict(config)
        config["generator"] = keras.saving.deserialize_keras_object(config["generator"])
        config["discriminator"] = keras.saving.deserialize_keras_object(config["discriminator"])
        config["loss"] = AdversarialLoss.from_config(config["loss"])
        return cls(**config)

    def get_compile_config(self) -> dict[str, Any]:
        """What compiles this model again: both optimizers and how steps are run."""
        if not self.compiled:
            return {}
        generator_optimizer, discriminator_optimizer = map(keras.saving.serialize_keras_object, self.optimizers)
        return {
            "generator_optimizer": generator_optimizer,
            "discriminator_optimizer": discriminator_optimizer,
            **self._compile_arguments,
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """The inverse of ``get_compile_config``."""
        self.compile(**keras.saving.deserialize_keras_object(config))


def last_activation(generator: keras.Model) -> str:
    """The activation that fixes the range of what a network puts out.

    Layers that only reshape are looked through.

    Raises:
        ValueError: it is not tanh, sigmoid or linear.
    """
    for layer in reversed(generator.layers):
        if isinstance(layer, keras.Model):
            return last_activation(layer)
        if hasattr(layer, "activation"):
            name = keras.activations.serialize(layer.activation)
            if name not in ("tanh", "sigmoid", "linear"):
                raise ValueError(
                    f"The generator {generator.name!r} ends in {name}, expected tanh (images in [-1, 1]), sigmoid "
                    "([0, 1]) or linear (points). Change its last layer."
                )
            return str(name)
    return "linear"
