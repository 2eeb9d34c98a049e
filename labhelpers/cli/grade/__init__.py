"""``labs grade``: score answered notebooks.

A student's file is read as data and never run. Its answer cells are merged, by grade id, into the trusted lab that is
built from ``solutions/``, and only what scoring needs is run, in a kernel of its own: the cells tagged ``setup``, then
answer and check (with hidden tests) of every exercise. An answer that raises, loops for ever, or ends the kernel costs
its own points and nobody else's: the kernel is started anew and the other exercises go on.

What stands between an answer and points that it has not earned:

* Where bubblewrap can make one, each kernel runs in a sandbox (``isolation``): no network, no other processes, nothing
  of the account to read, only its own folder to write.
* What takes numbers and gives numbers is decided by the judge (``outside``), a process without student's code.
* Any other check runs beside IPython, not through it, in a namespace in which every name of the lab has its trusted
  value; outcomes are emptied before it. What an answer prints is not read, and exit hooks never run.
* A seal over the checks, ``labhelpers``, built-ins, NumPy, TensorFlow's and Keras' public functions is taken before the
  first answer, kept in the scoring process, and compared after every answer and after every check. The parts of a check
  look themselves whether something is replaced, so that what is put back in time is seen, too.
* An audit hook, which Python cannot remove, refuses to open the solutions, start processes, open connections, send
  signals, or go through ctypes or the garbage collector. Memory and file size are limited where the system can do it.
* The kernel gets a fresh folder as home and working directory, and an environment without the caller's variables.
* labhelpers' own versions tell when an answer calls them. Answers that touch the machinery are named in the report for
  a person to read.

What it does not stop: where answer and check share a process, whoever studies these files can still reach the check
through stack frames or compiled code. Without a sandbox, TensorFlow's own file operations bypass the audit hook, and an
answer can read whatever the account can read.
"""

from labhelpers.cli.grade.command import add_arguments, main
from labhelpers.cli.grade.score import ExerciseScore, ManualAnswer, Score

__all__ = ["ExerciseScore", "ManualAnswer", "Score", "add_arguments", "main"]
