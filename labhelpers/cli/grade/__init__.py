"""``labs grade``: score answered notebooks.

A student's file is read as data and never run. Its answer cells are merged, by grade id, into the trusted lab that is
built from ``solutions/``, and only what scoring needs is run, in a kernel of its own: the cells tagged ``setup``, then
answer and check (with hidden tests) of every exercise. An answer that raises, loops for ever, or ends the kernel costs
its own points and nobody else's: the kernel is started anew and the other exercises go on.

What stands between an answer and points that it has not earned:

* The check runs beside IPython, not through it, in a namespace in which every name of the lab has its trusted value;
  outcomes are emptied before it. What an answer prints is not read, and exit hooks never run.
* A seal over the checks, ``labhelpers``, built-ins, NumPy and TensorFlow's public functions is taken before the first
  answer, kept in the scoring process, and compared after every answer and after every check.
* An audit hook, which Python cannot remove, refuses to open the solutions, start processes, open connections, send
  signals, or go through ctypes or the garbage collector. Memory and file size are limited where the system can do it.
* The kernel gets a fresh folder as home and working directory, and an environment without the caller's variables.
* Answers that call labhelpers' own version, or that touch the machinery, are named in the report for a person to read.

What it does not stop: answer and check share a process. Whoever studies this file can still reach the check through
stack frames or compiled code, and TensorFlow's own file operations bypass the audit hook. The account that runs the
scoring can read whatever it can read. For hostile students, run it in a container without network, and look at the
answers that the report names.
"""

from labhelpers.cli.grade.command import add_arguments, main
from labhelpers.cli.grade.score import ExerciseScore, ManualAnswer, Score

__all__ = ["ExerciseScore", "ManualAnswer", "Score", "add_arguments", "main"]
