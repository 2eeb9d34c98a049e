"""A program that is one of two workers of a training, in two processes of this machine.

Arguments: its number, both ports, the folder of checkpoints, and, perhaps, the epoch in which it dies.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def main() -> None:
    number, *ports = map(int, sys.argv[1:4])
    folder, dies_in = sys.argv[4], int(sys.argv[5]) if len(sys.argv) > 5 else None
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
    os.environ["TF_CONFIG"] = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": number}})

    import keras
    import numpy as np
    import tensorflow as tf

    strategy = tf.distribute.MultiWorkerMirroredStrategy()

    from labhelpers.training import GAN, Checkpoints, TimeBudget, resume
    from tests.training.small_gan import POINTS, pair_with_dropout

    with strategy.scope():
        keras.utils.set_random_seed(1)
        gan = GAN(*pair_with_dropout(), ema=0.9)
        gan.compile(keras.optimizers.SGD(0.05), keras.optimizers.SGD(0.05))

    class Dies(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if dies_in is not None and int(gan.epoch.numpy()) == dies_in:
                os._exit(9)

    said: dict[str, Any] = {"resumed": resume(gan, folder)}
    try:
        gan.fit(POINTS, batch_size=64, epochs=3, progress=False, callbacks=[TimeBudget(1.0)])
    except ValueError as error:
        said["budget"] = str(error)
    try:
        gan.fit(
            POINTS,
            batch_size=64,
            epochs=3,
            initial_epoch=said["resumed"],
            progress=False,
            callbacks=[Checkpoints(folder), Dies()],
        )
    except ConnectionError as error:
        said["lost"] = str(error)
    said["sum"] = [float(np.asarray(weight, np.float64).sum()) for weight in gan.weights]
    said["losses"] = gan.step_history
    print(json.dumps(said), flush=True)
    os._exit(0)  # a worker without the other one would wait for it on its way out


if __name__ == "__main__":
    main()
