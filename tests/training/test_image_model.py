"""``fit``: every step is logged, data of any size is taken, and what does not suit the model is a sentence."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from labhelpers.training.image_model import ImageModel, StepLosses, xla_pays


class Watcher(ImageModel):
    """Learns nothing, and logs what it is shown."""

    loss_names = ("loss", "rows")
    output_activation = "sigmoid"

    def losses_of_step(self, data: Any) -> dict[str, Any]:
        assert self.compiled_step
        return self.compiled_step(data)


class WatcherOfTwo(Watcher):
    """Logs of two arrays how far their rows are apart."""

    arrays = ("images", "numbers")


def compiled(watcher: Watcher) -> Watcher:
    def step(data: Any) -> dict[str, Any]:
        first, *rest = data if isinstance(data, tuple) else (data,)
        apart = [tf.reduce_max(tf.abs(first - each)) for each in rest]
        return {"loss": apart[0] if apart else tf.reduce_mean(first), "rows": tf.shape(first)[0]}

    watcher.compile_step(step, xla=False, steps_per_execution=2)
    watcher.built = True
    return watcher


def numbers(count: int) -> np.ndarray:
    return (np.arange(count, dtype=np.float32) / count)[:, None]


def test_fit_keeps_every_step_and_means_of_epochs_with_a_partial_batch() -> None:
    watcher = compiled(Watcher())
    history = watcher.fit(numbers(21), batch_size=5, epochs=3, progress=False)
    assert set(history.history) == {"loss", "rows"}
    assert watcher.step_history["rows"] == [5, 5, 5, 5, 1] * 3
    for name, values in history.history.items():
        steps = np.array(watcher.step_history[name]).reshape(3, 5)
        np.testing.assert_allclose(values, steps.mean(axis=1), rtol=1e-5)
    # Weighted by its rows, the mean of every epoch is that of all images.
    weighted = np.multiply(*(watcher.step_history[name] for name in ("loss", "rows"))).reshape(3, 5).sum(axis=1)
    np.testing.assert_allclose(weighted, numbers(21).sum(), rtol=1e-5)
    assert len(watcher.epoch_seconds) == 3


def test_a_larger_data_set_after_a_smaller_one() -> None:
    watcher = compiled(Watcher())
    watcher.fit(numbers(8), batch_size=4, epochs=1, progress=False)
    watcher.fit(numbers(40), batch_size=4, epochs=1, progress=False)
    watcher.fit(numbers(8), batch_size=4, epochs=1, progress=False)
    assert watcher.step_history["rows"] == [4] * 14


def test_an_epoch_has_its_own_order_and_a_seed_fixes_it() -> None:
    def shown(seed: int, **epochs: int) -> list[float]:
        keras.utils.set_random_seed(seed)
        watcher = compiled(Watcher())
        watcher.fit(numbers(6), batch_size=1, progress=False, **epochs)
        return watcher.step_history["loss"]

    whole = shown(1, epochs=2)
    assert whole[:6] != whole[6:]
    assert shown(1, epochs=2) == whole
    assert shown(1, initial_epoch=1, epochs=2) == whole[6:], "a resume sees the order of the epoch that it resumes"
    assert shown(2, epochs=2) != whole


def test_rows_of_paired_arrays_stay_together() -> None:
    watcher = compiled(WatcherOfTwo())
    watcher.fit(numbers(10), numbers(10), batch_size=3, epochs=1, progress=False)
    assert watcher.step_history == {"loss": [0.0] * 4, "rows": [3, 3, 3, 1]}


def test_an_epoch_of_unpaired_arrays_is_one_of_the_longest() -> None:
    watcher = compiled(WatcherOfTwo())
    watcher.paired = False
    watcher.fit(numbers(4), numbers(10), batch_size=3, epochs=1, progress=False)
    assert watcher.step_history["rows"] == [3, 3, 3, 1]
    assert max(watcher.step_history["loss"]) > 0


def test_callbacks_of_keras_work() -> None:
    watcher = compiled(Watcher())
    stop = keras.callbacks.EarlyStopping(monitor="loss", min_delta=1e9, patience=1)
    history = watcher.fit(numbers(20), batch_size=8, epochs=9, callbacks=[stop], progress=False)
    assert len(history.history["loss"]) == 2


def test_what_does_not_suit_the_model_is_a_sentence() -> None:
    one, two = compiled(Watcher()), compiled(WatcherOfTwo())
    with pytest.raises(ValueError, match="ends in sigmoid"):
        one.fit(numbers(5) * 2 - 1)
    with pytest.raises(ValueError, match="There are no images"):
        one.fit(numbers(5)[:0])
    with pytest.raises(ValueError, match=r"Watcher\.fit got 2 array\(s\), expected 1: images\."):
        one.fit(numbers(5), np.arange(5))
    with pytest.raises(ValueError, match=r"Watcher\.fit got 0 array\(s\), expected 1"):
        one.fit()
    with pytest.raises(ValueError, match=r"got 1 array\(s\), expected 2: images, numbers\."):
        two.fit(numbers(5))
    with pytest.raises(ValueError, match="There are 1,000 images, 999 numbers, expected as many of each: row i"):
        two.fit(numbers(1000), numbers(999))


def test_step_losses_are_means_so_far() -> None:
    metric = StepLosses(("a", "b"), capacity=3)
    metric.update_state({"a": 1.0, "b": 2.0})
    metric.update_state({"a": 3.0, "b": 2.0})
    assert {name: float(value) for name, value in metric.result().items()} == {"a": 2.0, "b": 2.0}
    np.testing.assert_array_equal(metric.by_step()["a"], [1.0, 3.0])
    metric.reset_state()
    assert metric.by_step()["a"].size == 0


@pytest.mark.parametrize(("gpus", "expected"), [([], (True, False)), (["GPU"], (True, True))])
def test_xla_pays_without_convolutions_and_on_a_gpu(
    gpus: list[str], expected: tuple[bool, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    dense = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    inside = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Conv2DTranspose(1, 3)])
    convolutional = keras.Sequential([keras.Input((4, 4, 1)), inside, keras.layers.Flatten()])
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus)
    assert (xla_pays(dense), xla_pays(dense, convolutional)) == expected
