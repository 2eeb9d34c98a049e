"""The contest of the zoo: one call for every loss, results that one command makes again."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from labhelpers import zoo
from labhelpers.cli import main as labs
from labhelpers.cli.build import README, readme_drift, readme_with_tables
from labhelpers.losses import LOSSES, TERMS


def small(task: zoo.Task) -> zoo.Task:
    return dataclasses.replace(task, samples=100)


@pytest.mark.parametrize("contestant", zoo.CONTESTANTS, ids=lambda contestant: contestant.name)
def test_every_contestant_plays_in_the_plane(contestant: zoo.Contestant) -> None:
    result = zoo.train(contestant, small(zoo.ring_task(256)), 2, jit_compile=False, progress=False)
    assert all(np.isfinite(values).all() for values in result.gan.step_history.values())
    assert 0 <= result.after["good"] <= 1
    assert result.seconds > 0
    loss = contestant.losses["points"]()
    assert len(result.gan.step_history["g_loss"]) == 2 * loss.critic_steps * -(-256 // (128 * loss.critic_steps))
    assert float(result.gan.generator_optimizer.learning_rate) == pytest.approx(0.0, abs=1e-9)
    steps = result.gan.discriminator_optimizer.iterations
    assert int(steps) == loss.critic_steps * len(result.gan.step_history["g_loss"])


# One seeded run of 2,400 steps of G a loss: the least modes (of 8) and share of good samples. A seed gives the same
# numbers on one machine; another processor rounds otherwise, so the floors lie well below what was seen. EBGAN may
# lose modes in lab 07, too, where it is explained.
RING: dict[str, tuple[int, float]] = {
    "non-saturating": (7, 0.5),
    "saturating": (7, 0.5),
    "least squares (0, 1, 1)": (7, 0.5),
    "hinge": (7, 0.5),
    "non-saturating + R1": (7, 0.5),
    "relativistic + R1 + R2": (7, 0.5),
    "WGAN": (7, 0.3),
    "WGAN-GP": (7, 0.3),
    "EBGAN": (4, 0.3),
}


@pytest.mark.parametrize("name", RING)
def test_the_ring_is_learned(name: str) -> None:
    modes, good = RING[name]
    contestant = next(each for each in zoo.CONTESTANTS if each.name == name)
    result = zoo.train(contestant, zoo.ring_task(), 3, jit_compile=False, progress=False)
    assert result.after["modes"] >= modes
    assert result.after["good"] >= good


def test_the_grid_is_learned_in_the_steps_that_lab_07_gives_it() -> None:
    contestant = next(each for each in zoo.CONTESTANTS if each.name == "non-saturating + R1")
    epochs = zoo.RUNS["quick"].grid_epochs
    result = zoo.train(contestant, zoo.grid_task(), epochs, jit_compile=False, progress=False)
    assert result.after["modes"] >= 20
    assert result.after["good"] >= 0.75  # 0.86 and more were seen; another processor rounds otherwise


def test_every_built_loss_has_a_contestant_of_a_known_type() -> None:
    names = {kind.name for kind in zoo.ZOO}
    assert {contestant.gan_type for contestant in zoo.CONTESTANTS} <= names
    losses = [contestant.losses[kind]() for contestant in zoo.CONTESTANTS for kind in ("points", "images")]
    played, terms = {loss.name for loss in losses}, {term.name for loss in losses for term in loss.terms}
    assert played <= set(LOSSES)
    assert terms <= set(TERMS)
    assert terms >= {"gradient_penalty", "r1", "pull_away_term", "controlled_fakes"}
    assert played >= {
        "non_saturating",
        "saturating",
        "least_squares",
        "wgan",
        "wgan_gp",
        "hinge",
        "ebgan",
        "began",
    }


def test_the_settings_are_those_that_are_played_with() -> None:
    for kind in ("points", "images"):
        table = zoo.settings(kind)
        assert list(table.index) == [contestant.name for contestant in zoo.CONTESTANTS]
        assert table.loc["WGAN", "steps of D"] == table.loc["WGAN-GP", "steps of D"] == 5
        assert (table["steps of D"].drop(["WGAN", "WGAN-GP"]) == 1).all()
        assert table.loc["EBGAN", "D"] == "autoencoder, code of 32"
        for contestant in zoo.CONTESTANTS:
            loss, row = contestant.losses[kind](), table.loc[contestant.name]
            assert row["loss"].startswith(f"{loss.name}(")
            assert all(f"{value:g}" in row["loss"] for value in loss.arguments.values())
            rates = [float(recipe().learning_rate) for recipe in contestant.optimizers[kind]]
            assert [f"{rate:g}" in cell for rate, cell in zip(rates, row.iloc[2:4], strict=True)] == [True, True]
    assert "r1(gamma=1, every=1) + r2(gamma=1, every=1)" in zoo.settings("images").loc["relativistic + R1 + R2", "loss"]
    assert zoo.settings("points", zoo.CONTESTANTS[:1]).iloc[0].to_list() == [
        *("non_saturating()", 1, "Adam(0.001, beta1 0.5, beta2 0.999)", "Adam(0.001, beta1 0.5, beta2 0.999)"),
        "gives scores",
    ]


def test_a_seed_fixes_the_result() -> None:
    task = small(zoo.ring_task(256))
    first, second, other = (
        zoo.train(zoo.CONTESTANTS[0], task, 1, seed=seed, jit_compile=False, progress=False).gan.sample(20)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_the_table_has_a_row_a_contestant_and_the_grid_is_judged_on_its_own_scale() -> None:
    task = zoo.grid_task(256)
    assert np.abs(task.data).max() < 1.1
    centres = np.stack(np.meshgrid([-1, -0.5, 0, 0.5, 1], [-1, -0.5, 0, 0.5, 1]), axis=-1).reshape(-1, 2)
    assert task.judge(centres.astype(np.float32)) == {"modes": 25, "good": 1.0}
    table = zoo.compete([(small(task), 1)], zoo.CONTESTANTS[:2])
    assert list(table.index) == ["non-saturating", "saturating"]
    assert list(table.columns) == ["grid modes", "grid good", "grid seconds"]


def test_the_readme_agrees_with_the_registry() -> None:
    assert readme_drift() is None
    text = README.read_text(encoding="utf-8")
    assert all(f"| {kind.name} |" in text for kind in zoo.ZOO)
    assert text.count("| not yet |") == sum(kind.built == "not yet" for kind in zoo.ZOO) > 0
    assert readme_with_tables(text.replace("| CGAN |", "| CGANS |")) == text


def test_labs_zoo_sorts_and_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert labs(["zoo", "--sort", "built"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "not yet" in lines[-1]
    assert "lab 03" in lines[2]
    assert labs(["zoo", "--sort", "colour"]) == 2
    assert "no column colour" in capsys.readouterr().err
