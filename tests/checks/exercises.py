"""What holds for the exercises of every lab; a lab's own file says which answers are right and which are wrong."""

from __future__ import annotations

import re

import pytest

from labhelpers import checks


class Exercises:
    """The tests of a lab's checks, for a subclass that names them.

    Attributes:
        lab: as ``lab01``.
        right: for each exercise, differently written right answers.
        wrong: for each exercise, likely wrong answers, each with words that the printed line must hold.
    """

    lab: str
    right: dict
    wrong: dict

    def pytest_generate_tests(self, metafunc):
        """Give each test its exercises, or their answers."""
        for argument, answers in (("right_answer", self.right), ("mutant", self.wrong)):
            if argument in metafunc.fixturenames:
                cases = [
                    pytest.param(name, answer, id=f"{name}-{number}")
                    for name in answers
                    for number, answer in enumerate(answers[name])
                ]
                metafunc.parametrize(("name", argument), cases)
                return
        if "name" in metafunc.fixturenames:
            metafunc.parametrize("name", self.right)

    def check(self, name):
        return getattr(getattr(checks, self.lab), name)

    def test_right_answers_are_accepted(self, name, right_answer, capsys):
        assert self.check(name)(right_answer) is right_answer, capsys.readouterr().out
        checks.require(name)

    def test_wrong_answers_are_rejected_with_a_helpful_line(self, name, mutant, capsys):
        answer, hint = mutant
        returned = self.check(name)(answer)
        line = capsys.readouterr().out
        assert returned is not answer, line
        assert line.count("\n") == 1, line
        assert line.startswith(f"{name} ✗"), line
        assert hint in line, line
        assert re.search(r"expected|raised", line), line
        assert line.rstrip().endswith("The lab goes on with labhelpers' version."), line
        with pytest.raises(AssertionError):
            checks.require(name)

    def test_unanswered_and_broken_answers_go_on(self, name, capsys):
        def stub(*arguments):
            raise NotImplementedError

        def broken(*arguments):
            raise RuntimeError("my own\nmistake")

        check = self.check(name)
        for answer, words in (
            (stub, "not answered yet"),
            (broken, "raised RuntimeError: my own mistake"),
            (5, "is an int, expected a function"),
        ):
            assert callable(check(answer))
            line = capsys.readouterr().out
            assert words in line, line
            with pytest.raises(AssertionError, match=words):
                checks.require(name)

    def test_the_stand_in_is_right_but_not_an_answer(self, name, capsys):
        check = self.check(name)
        stand_in = check(None)
        assert check.__wrapped__(stand_in)
        check(stand_in)
        assert "labhelpers' own version" in capsys.readouterr().out
        # AutoGraph prints three lines of warning for a lambda whose source it cannot find in a file.
        assert getattr(stand_in, "__name__", "") != "<lambda>"

    def test_every_exercise_has_enough_answers(self):
        exercises = {name for name, part in vars(getattr(checks, self.lab)).items() if hasattr(part, "__wrapped__")}
        assert self.right.keys() == self.wrong.keys() == exercises
        for name in exercises:
            assert len(self.right[name]) >= 3, name
            assert len(self.wrong[name]) >= 5, name
