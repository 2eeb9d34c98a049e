"""Every tiny game is trained by ``fit``, saved, loaded, killed and resumed to the bit, with XLA and without."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from labhelpers import losses
from labhelpers.losses import Batch, Seen
from labhelpers.training import GAN, Checkpoints, Game, carry_weights, resume
from tests.training import games
from tests.training.games import GAMES, new_game, play, state_of
from tests.training.killing import run_until_killed


def assert_same(one: Game, other: Game) -> None:
    for first, second in zip(state_of(one), state_of(other), strict=True):
        np.testing.assert_array_equal(first, second)
    assert one.step_history == other.step_history


@pytest.fixture(scope="module")
def whole() -> dict[str, Game]:
    """Each game, trained for three epochs without a stop."""
    trained = {}
    for name in GAMES:
        trained[name] = new_game(name, seed=1)
        play(trained[name], name, 3)
    return trained


@pytest.mark.parametrize("name", GAMES)
def test_fit_moves_what_players_own_and_logs_every_loss(name: str, whole: dict[str, Game]) -> None:
    game = whole[name]
    start = new_game(name, seed=1)
    owned = {network for names in game.players.values() for network in names}
    for network in game.network_names:
        pairs = zip(start.networks[network].get_weights(), game.networks[network].get_weights(), strict=True)
        moved = [not np.array_equal(before, after) for before, after in pairs]
        # The last bias of a critic may stay: it adds the same to real and to fake scores.
        assert sum(moved) >= len(moved) - 1 if network in owned else not any(moved), network
    assert tuple(game.step_history) == game.names_of_losses()
    for key, values in game.step_history.items():
        assert len(values) == 3 * -(-games.COUNT // (games.BATCH * game.batches_per_step)), key
        assert np.isfinite(values).all(), key
    for average in game.averaged:
        assert (getattr(game, f"ema_{average}") is None) == (game.ema is None)


@pytest.mark.parametrize("name", GAMES)
def test_save_and_load_keep_everything(name: str, whole: dict[str, Game], tmp_path: Path) -> None:
    game = whole[name]
    game.save(tmp_path / "game.keras")
    again = keras.models.load_model(tmp_path / "game.keras")
    assert again.adversarial_loss == game.adversarial_loss
    assert again.state.keys() == game.state.keys()
    for first, second in zip(state_of(game), state_of(again), strict=True):
        if first.shape != (2,) or first.dtype.kind == "f":  # a .keras file does not keep random states
            np.testing.assert_array_equal(first, second)
    if name == "four networks and a pool":  # the one with a step of its own; every new fit is traced for a second
        play(again, name, 4, initial_epoch=3)


VICTIM = """
import sys, time
from pathlib import Path
import keras, numpy as np
from labhelpers.training import Checkpoints
from tests.training.games import GAMES, new_game, play
folder = Path(sys.argv[1])

class Stop(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if self.epoch == 2:
            raise InterruptedError  # in the middle of the third epoch: what it has done so far is lost
    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

for name in GAMES:
    try:
        play(new_game(name, seed=1), name, 3, callbacks=[Checkpoints(folder / name), Stop()])
    except InterruptedError:
        pass
last = list(GAMES)[-1]
savez = np.savez
def half(file, **arrays):
    savez(file, **dict(list(arrays.items())[: len(arrays) // 2]))
    file.flush()
    (folder / "now").touch()
    time.sleep(600)
np.savez = half
play(new_game(last, seed=5), last, 1, callbacks=[Checkpoints(folder / last)])
"""


@pytest.fixture(scope="module")
def after_the_kill(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoints of every game after two epochs, of a process that was killed in the middle of another save."""
    folder = tmp_path_factory.mktemp("games")
    run_until_killed(VICTIM, folder, "now")
    return folder


@pytest.mark.parametrize("name", GAMES)
def test_a_killed_game_goes_on_as_if_nothing_had_happened(
    name: str, whole: dict[str, Game], after_the_kill: Path
) -> None:
    again = new_game(name, seed=99)  # other weights, noise and dropout: all must come from the file
    assert resume(again, after_the_kill / name) == 2
    play(again, name, 3, initial_epoch=2, callbacks=[Checkpoints(after_the_kill / name)])
    assert_same(whole[name], again)


@pytest.mark.parametrize("name", GAMES)
def test_xla_and_single_steps_train_the_same(name: str) -> None:
    histories = []
    for arguments in ({}, {"jit_compile": True, "steps_per_execution": 1}):
        game = new_game(name, seed=1, **arguments)
        for network in game.networks.values():
            for layer in network.layers:
                if isinstance(layer, keras.layers.Dropout):
                    layer.rate = 0.0  # XLA draws other numbers from the same seed; noise is drawn outside
        game.fit(
            *(array[: 2 * games.BATCH * game.batches_per_step] for array in GAMES[name][1]), batch_size=games.BATCH
        )
        histories.append(game.step_history)
    for key, values in histories[0].items():
        # Sums are taken in another order, and two steps of Adam hand that on.
        np.testing.assert_allclose(histories[1][key], values, rtol=1e-3, atol=1e-4, err_msg=key)


def test_lazy_terms_are_paid_in_every_nth_step(whole: dict[str, Game]) -> None:
    history = whole["lazy R1 and path length"].step_history
    for name, every in (("r1", 4), ("path_length", 2)):
        paid = np.flatnonzero(np.array(history[name]) > 0)
        np.testing.assert_array_equal(paid, np.arange(0, len(history[name]), every))
    mean = np.array(history["path_mean"])
    assert (np.diff(mean)[1::2] != 0).all(), "it moves when it is paid"
    assert (np.diff(mean)[0::2] == 0).all(), "and stays when it is not"


def test_paths_of_equal_length_cost_nothing() -> None:
    game = games.style_gan()
    term = game.adversarial_loss.terms[1]
    seen = _seen(game, tf.ones((3, *games.SHAPE)))
    state = {"path_mean": tf.constant(0.0)}
    amount, kept = term.amount(_with_state(seen, state))
    w = game.generator.get_layer("mapping")(seen.batch.source)
    kernel = game.generator.get_layer("synthesis").layers[0]
    images = np.asarray(kernel(w))
    gradients = ((1 - images**2) * np.ones((3, 16))) @ np.asarray(kernel.kernel).T
    lengths = np.sqrt((gradients**2).sum(axis=1))
    assert float(kept["path_mean"]) == pytest.approx(0.01 * lengths.mean(), rel=1e-5)
    assert float(amount) == pytest.approx(((lengths - 0.01 * lengths.mean()) ** 2).mean(), rel=1e-5)


def _seen(game: GAN, direction: Any) -> Any:
    noise = tf.constant(np.random.default_rng(0).normal(size=(3, 3)).astype(np.float32))
    batch = Batch(tf.zeros((3, *games.SHAPE)), noise, drawn={"direction": direction})
    return Seen(batch, game.generator(noise), None, None, game.discriminator, networks=game.networks)


def _with_state(seen: Any, state: dict[str, Any]) -> Any:
    return dataclasses.replace(seen, state=state)


def test_pixels_and_content_by_hand() -> None:
    game = games.translation()
    fake, real = tf.fill((2, *games.SHAPE), 0.5), tf.fill((2, *games.SHAPE), -0.25)
    seen = Seen(Batch(real, None), fake, None, None, game.discriminator, networks=game.networks)
    terms = {term.name: term for term in game.adversarial_loss.terms}
    assert float(terms["pixels"].amount(seen)) == pytest.approx(0.75)
    kernel = np.asarray(game.content.layers[-1].kernel)
    by_hand = np.mean((0.75 * kernel.sum(axis=0)) ** 2)
    assert float(terms["content"].amount(seen)) == pytest.approx(by_hand, rel=1e-5)


def test_the_pool_hands_out_earlier_fakes(whole: dict[str, Game]) -> None:
    pools = {name: np.asarray(value) for name, value in whole["four networks and a pool"].state.items()}
    for pool in pools.values():
        assert (np.abs(pool).sum(axis=(1, 2, 3)) > 0).all(), "every slot was filled"
        assert np.abs(pool).max() <= 1


def test_state_of_tensors_follows_the_images(whole: dict[str, Game]) -> None:
    found = np.asarray(whole["state of tensors"].state["mean_real"])
    steps = len(whole["state of tensors"].step_history["g_loss"])
    # The running mean of random batches of these images comes near to their mean, less what it has kept of its start.
    expected = games.IMAGES.mean(axis=0) * (1 - 0.9**steps)
    assert np.abs(found - expected).max() < 0.35
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.5


def test_a_stage_starts_where_the_first_one_ended_and_the_fade_moves() -> None:
    keras.utils.set_random_seed(0)
    first = games.coarse_stage()
    first.compile(jit_compile=False)
    first.fit(games.IMAGES, batch_size=games.BATCH, epochs=2, progress=False)
    second = new_game("a stage that fades in", seed=3)
    carried = carry_weights(first, second)
    assert carried == ["discriminator/score", "generator/trunk"]
    noise = tf.constant(np.random.default_rng(1).normal(size=(5, 3)), tf.float32)
    images = first.generator(noise)
    zeros, ones = tf.zeros((5, 1)), tf.ones((5, 1))
    np.testing.assert_allclose(second.generator([noise, zeros]), images, atol=1e-6)
    np.testing.assert_allclose(second.discriminator([images, zeros]), first.discriminator(images), atol=1e-6)
    pure = second.generator([noise, ones])
    fine = second.generator.get_layer("fine")(second.generator.get_layer("trunk")(noise))
    np.testing.assert_allclose(np.reshape(pure, (5, 16)), fine, atol=1e-6)
    ema = second.ema_generator.get_layer("trunk").get_weights()
    for found, expected in zip(ema, first.ema_generator.get_layer("trunk").get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)
    drawn = {"noise": tf.zeros((2, 3))}
    shares = []
    for step in (0, 4, 8, 20):
        second.generator_optimizer.iterations.assign(step)
        shares.append(float(second.deal(tf.zeros((2, *games.SHAPE)), drawn).told_to_generator[0][0, 0]))
    assert shares == [0.0, 0.5, 1.0, 1.0]


def test_a_relativistic_loss_sees_real_images_through_the_d_that_has_learned() -> None:
    seen: dict[str, list[np.ndarray]] = {"discriminator": [], "generator": []}

    def record(player: str) -> Any:
        def function(real: Any, fake: Any) -> Any:
            seen[player].append(np.asarray(real))
            return tf.reduce_mean(tf.nn.softplus(real - fake)) * (1 if player == "generator" else -1)

        return function

    for relativistic in (False, True):
        keras.utils.set_random_seed(0)
        loss = dataclasses.replace(
            losses.non_saturating(),
            discriminator=record("discriminator"),
            generator=record("generator"),
            relativistic=relativistic,
        )
        game = GAN(games.drawing_network(3, "g"), games.judging_network("d"), loss)
        game.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1), jit_compile=False)
        tf.config.run_functions_eagerly(True)
        try:
            game.losses_of_step(tf.constant(games.IMAGES[:4]))
        finally:
            tf.config.run_functions_eagerly(False)
        assert np.array_equal(seen["discriminator"][-1], seen["generator"][-1]) != relativistic


def test_what_does_not_fit_is_a_sentence() -> None:
    game = new_game("four networks and a pool", seed=0)
    with pytest.raises(ValueError, match=r"got 1 array\(s\), expected 2: images of A, images of B"):
        game.fit(games.IMAGES)
    pairs = new_game("L1 and content in three critic steps", seed=0)
    with pytest.raises(ValueError, match="18 faces, 13 drawings, expected as many of each"):
        pairs.fit(games.IMAGES, games.OTHERS)
    with pytest.raises(ValueError, match="something named 'fit' already"):
        GAN(games.drawing_network(3, "g"), games.judging_network("d"), helpers={"fit": games.judging_network("e")})
