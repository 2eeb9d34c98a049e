"""TensorFlow without its log, so that red under a cell means an error."""

from __future__ import annotations

import os
import sys
import tempfile


def import_tensorflow() -> str:
    """Import TensorFlow, and keep what its C++ code logs meanwhile out of the notebook.

    Some lines are written before TensorFlow reads ``TF_CPP_MIN_LOG_LEVEL``. They go to file
    descriptor 2 itself, so it points elsewhere during the import; a failing import shows them.

    Returns:
        A sentence for the end of a set-up cell: the versions, and whether there is a GPU.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        descriptor = os.dup(2)
    except OSError:  # a program without a console, as Windows has them: nothing to hide
        return _import()
    sys.stderr.flush()
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            sentence = _import()
        except BaseException:
            aside.seek(0)
            os.write(descriptor, aside.read())
            raise
        finally:
            os.dup2(descriptor, 2)
            os.close(descriptor)
    return sentence


def _import() -> str:
    import tensorflow as tf

    from labhelpers import __version__

    gpus = tf.config.list_physical_devices("GPU")
    if tuple(map(int, tf.__version__.split(".")[:2])) < (2, 21):
        # What these versions log later, in red: a pass over graphs that fails on some of
        # ours, and XLA's first compilation.
        tf.config.optimizer.set_experimental_options({"remapping": False})
        tf.function(tf.negative, jit_compile=True)(tf.zeros(1))
    # Many networks in one notebook: each is traced anew, and that is no fault.
    tf.get_logger().setLevel("ERROR")
    on = "with a GPU" if gpus else "without a GPU"
    if not gpus and "google.colab" in sys.modules:
        on += " (Runtime > Change runtime type offers one)"
    return f"Ready: labhelpers {__version__} and TensorFlow {tf.__version__}, {on}."
