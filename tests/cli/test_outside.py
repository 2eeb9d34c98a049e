"""What is decided outside of the student's process, and what is seen of it there."""

from __future__ import annotations

import textwrap
import time
from typing import Any

import pytest

from labhelpers.checks import core, lab01
from labhelpers.cli import labs
from labhelpers.cli.grade import forks
from labhelpers.cli.grade.kernel import Kernel
from labhelpers.cli.grade.outside import DECIDED_OUTSIDE
from labhelpers.cli.grade.plan import Plan, Plans
from labhelpers.cli.grade.scoring import _step, _Verdict, run_to_end

pytestmark = pytest.mark.skipif(not forks.CAN_FORK, reason="without forks a check runs beside the answer")


def plan_of(number: str) -> Plan:
    return Plans(120, 900).plan(labs.find_lab(number).stem)


def verdicts(number: str, answers: list[tuple[str, str]]) -> list[_Verdict]:
    """What comes of answers to exercises of one lab, in one kernel, or in a new one after an answer that spoils it."""
    plan = plan_of(number)
    exercises = {each.name: each for each in plan.exercises}

    async def all_of_them() -> list[_Verdict]:
        found: list[_Verdict] = []
        while len(found) < len(answers):
            async with Kernel(plan) as kernel:
                await kernel.start()
                for name, source in answers[len(found) :]:
                    end = time.monotonic() + 120
                    found.append(await _step(kernel, exercises[name], textwrap.dedent(source), end))
                    if found[-1].spoils_kernel:
                        break
        return found

    return run_to_end(all_of_them())


def test_every_exercise_that_is_decided_outside_is_one_and_has_one_name() -> None:
    for part, names in DECIDED_OUTSIDE.items():
        exercises = {each.name: each for each in plan_of(part[3:]).exercises}
        for name in names:
            assert exercises[name].outside
            assert exercises[name].part == part
            assert exercises[name].defines == (name,)


# Answers of lab 01, for which the judge must say what the check says beside them.
ANSWERS = {
    "right": ("sample_z", "def sample_z(mean, log_var, epsilon): return mean + tf.exp(log_var / 2) * epsilon"),
    "variance": ("sample_z", "def sample_z(mean, log_var, epsilon): return mean + tf.exp(log_var) * epsilon"),
    "NumPy": ("sample_z", "def sample_z(m, v, e): return np.asarray(m) + np.exp(np.asarray(v) / 2) * np.asarray(e)"),
    "no gradient": ("sample_z", "def sample_z(m, v, e): return tf.stop_gradient(m) + tf.exp(v / 2) * e"),
    "a gradient that is wrong": ("sample_z", "def sample_z(m, v, e): return m + tf.exp(tf.stop_gradient(v) / 2) * e"),
    "does not compile": (
        "sample_z", "def sample_z(m, v, e):\n    v.numpy() if hasattr(v, 'numpy') else v.shape[0] + 1\n"
        "    return m + tf.exp(v / 2) * e",
    ),
    "nothing": ("sample_z", "def sample_z(mean, log_var, epsilon): pass"),
    "no function": ("sample_z", "sample_z = 3"),
    "None": ("sample_z", "sample_z = None"),
    "raises": ("sample_z", "def sample_z(*a): raise KeyError('there')"),
    "TensorFlow raises": ("sample_z", "def sample_z(m, v, e): return tf.ones((2, 3)) @ tf.ones((2, 3))"),
    "an error of its own": ("sample_z", "class Odd(Exception): pass\ndef sample_z(*a): raise Odd('x')"),
    "not answered": ("sample_z", "def sample_z(*a): raise NotImplementedError"),
    "infinite": ("sample_z", "def sample_z(m, v, e): return m + e * np.inf"),
    "a function of Keras' sizes": ("kl_divergence", "def kl_divergence(m, v): return keras.ops.sum(m, -1)"),
    "a keyword": ("kl_divergence", "def kl_divergence(m, v): return 0.5 * tf.reduce_sum(m**2 + tf.exp(v) - 1 - v, 1)"),
    "a tuple": ("kl_divergence", "def kl_divergence(m, v): return m, v"),
    "an object": ("kl_divergence", "def kl_divergence(m, v): return object()"),
    "text": ("kl_divergence", "def kl_divergence(m, v): return 'text'"),
    "two values": ("vae_loss", "def vae_loss(*a): return 1.0, [2.0]"),
    "three numbers": ("vae_loss", "def vae_loss(*a): return np.float32(1), 2, {'kl': True}"),
}  # fmt: skip


@pytest.fixture(scope="module")
def judged() -> dict[str, _Verdict]:
    return dict(zip(ANSWERS, verdicts("01", [*ANSWERS.values()]), strict=True))


@pytest.mark.parametrize("case", ANSWERS)
def test_the_judge_says_what_the_check_says_beside_the_answer(judged: dict[str, _Verdict], case: str) -> None:
    import keras
    import numpy as np
    import tensorflow as tf

    name, source = ANSWERS[case]
    names: dict[str, Any] = {"np": np, "tf": tf, "keras": keras}
    exec(source, names)
    getattr(lab01, name)(names[name])
    line = core.outcomes[name].line
    found = judged[case]
    assert found.status == core.outcomes[name].verdict
    if found.status == "unanswered":
        return
    said = line.partition(" ✓ ")[2] or line.partition(" ✗ ")[2]
    said = said.replace("StagingError", "TypeError")  # what AutoGraph makes of it in a process that has the source
    assert found.reason.replace("StagingError", "TypeError") == said.replace(core.GOES_ON, "").strip()


# Points without work, tried on exercises that are decided outside; none may come out right.
CHEATING = {
    "what a frame above holds": """
        def kl_divergence(m, v):
            import sys
            frame = sys._getframe(1)
            while frame:
                for name in ("right", "expected", "stand_in"):
                    if name in frame.f_locals:
                        value = frame.f_locals[name]
                        return value(m, v) if callable(value) else tf.constant(value, tf.float32)
                frame = frame.f_back
            return m
    """,
    "the checks, put back": """
        from labhelpers.checks import core, numeric
        def kl_divergence(m, v):
            kept = numeric.expect_close, numeric.to_array, np.allclose, core._judge
            def all_of(*functions):
                numeric.expect_close, numeric.to_array, np.allclose, core._judge = functions
            all_of(*4 * [lambda *a, **k: all_of(*kept) or core.Outcome("right", "")])
            return m
    """,
    "the outcome": """
        from labhelpers.checks import core
        def kl_divergence(m, v):
            core.outcomes["kl_divergence"] = core.Outcome("right", "")
            return m
    """,
}
OWN = {
    "an alias": "f = losses.kl_divergence\ndef kl_divergence(m, v): return f(m, v)",
    "a name that is put together": """
        def kl_divergence(m, v): return getattr(losses, "kl_" + "divergence")(m, v)
    """,
    "from a table": """
        table = {name: value for name, value in vars(losses).items() if "diverg" in name}
        def kl_divergence(m, v): return [*table.values()][0](m, v)
    """,
    "a partial": "import functools\nkl_divergence = functools.partial(losses.kl_divergence)",
    "compiled": "kl_divergence = tf.function(losses.kl_divergence)",
    "compiled, and called": "f = tf.function(losses.kl_divergence)\ndef kl_divergence(m, v): return f(m, v)",
    "an object": """
        class Divergence:
            inside = staticmethod(losses.kl_divergence)
            def __call__(self, m, v): return self.inside(m, v)
        kl_divergence = Divergence()
    """,
    "by way of another": """
        def kl_divergence(m, v):
            from labhelpers.losses import variational
            return variational.kl_divergence(mean=m, log_var=v)
    """,
    "in a thread": """
        from concurrent.futures import ThreadPoolExecutor
        f = losses.kl_divergence
        def kl_divergence(m, v):
            with ThreadPoolExecutor(1) as pool:
                return pool.submit(f, m, v).result()
    """,
}
HONEST = {
    "compared with labhelpers' own": """
        def kl_divergence(m, v): return 0.5 * tf.reduce_sum(m**2 + tf.exp(v) - 1 - v, axis=-1)
        ones = tf.ones((2, 3))
        print(kl_divergence(ones, ones) - losses.kl_divergence(ones, ones))
    """,
}


@pytest.fixture(scope="module")
def tried() -> dict[str, _Verdict]:
    cases = {**CHEATING, **OWN, **HONEST}
    return dict(zip(cases, verdicts("01", [("kl_divergence", source) for source in cases.values()]), strict=True))


@pytest.mark.parametrize("case", CHEATING)
def test_what_an_answer_finds_or_changes_beside_it_earns_nothing(tried: dict[str, _Verdict], case: str) -> None:
    assert tried[case].status in ("wrong", "changes the checker", "does not run"), tried[case]


@pytest.mark.parametrize("case", OWN)
def test_labhelpers_own_version_is_seen_under_every_name(tried: dict[str, _Verdict], case: str) -> None:
    assert tried[case].status == "wrong"
    assert "labhelpers' own" in tried[case].reason


@pytest.mark.parametrize("case", HONEST)
def test_labhelpers_own_version_may_be_compared_with(tried: dict[str, _Verdict], case: str) -> None:
    assert tried[case].status == "right", tried[case]


def test_it_is_seen_where_the_check_runs_beside_the_answer() -> None:
    alias = "f = getattr(models, 'assemble_' + 'gan')\ndef assemble_gan(g, d): return f(g, d)"
    inherited = "from labhelpers.models.transformer import PositionEmbedding as P\nclass PositionalEmbedding(P): pass"
    (found,) = verdicts("02", [("assemble_gan", alias)])
    assert (found.status, "labhelpers' own" in found.reason) == ("wrong", True), found
    exercise = next(e for e in plan_of("05").exercises if e.name == "PositionalEmbedding")
    assert not exercise.outside
    (found,) = verdicts("05", [("PositionalEmbedding", inherited)])
    assert (found.status, "labhelpers' own" in found.reason) == ("wrong", True), found
