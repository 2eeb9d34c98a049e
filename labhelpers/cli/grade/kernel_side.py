"""What runs inside the kernel: the seal, the audit hook and the checks.

The text of this file is sent to the kernel of each submission before its set-up cells; it imports nothing of labhelpers
at the top, and it is never imported. It runs in a namespace of its own, so that an answer finds no name of it in the
lab's, and cannot put a name of its own before a built-in one here.
"""

from __future__ import annotations

from typing import Any


def _kernel_side(limits: dict[str, int], forbidden: dict[str, str]) -> None:  # noqa: PLR0915  (what it holds is reachable from no namespace)
    """Install the handler of scoring requests in this kernel.

    Args:
        limits: bytes of memory and of a file that the kernel may use.
        forbidden: the places that must not be read, and what to call that.
    """
    import contextlib
    import hashlib
    import importlib
    import os
    import sys
    import types

    import numpy as np
    from IPython.core.getipython import get_ipython

    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # Windows has none

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits["file"], limits["file"]))
        resource.setrlimit(resource.RLIMIT_DATA, (limits["memory"], limits["memory"]))

    shell: Any = get_ipython()
    session = shell.kernel.session
    namespace: dict[str, Any] = shell.user_ns
    streams = (sys.stdout, sys.stderr)
    trusted: dict[str, Any] = {}
    watched: list[tuple[str, dict[str, Any], str]] = []
    held: list[object] = []
    verdict: dict[str, Any] = {}
    refused: list[str] = []
    # fmt: off
    libraries = {
        "builtins", "functools", "math", "operator", "json", "contextlib", "numpy", "numpy.linalg",
        "numpy.random", "numpy.testing", "numpy._core.numeric", "numpy._core.fromnumeric", "tensorflow",
        "tensorflow.math", "tensorflow.nn", "tensorflow.linalg", "tensorflow.random",
    }
    # fmt: on

    class Sink:
        def write(self, text: str) -> int:
            return len(text)

        def flush(self) -> None:
            pass

    def identity(value: Any, depth: int = 2) -> Any:
        """What changes when an object is replaced, or a function gets other code."""
        held.append(value)
        parts: list[Any] = [id(value)]
        if isinstance(value, types.FunctionType):
            cells = []
            for cell in value.__closure__ or ():
                with contextlib.suppress(ValueError):  # not filled yet
                    cells.append(cell.cell_contents)
            defaults = [
                value.__code__,
                *(value.__defaults__ or ()),
                *(value.__kwdefaults__ or {}).values(),
            ]
            held.extend(defaults)
            parts += [id(each) for each in defaults]
            parts += [
                identity(cell, depth - 1) if depth else id(cell) for cell in cells
            ]
        elif isinstance(value, type) and depth:
            parts += [
                (name, identity(part, depth - 1))
                for name, part in sorted(vars(value).items())
                if isinstance(
                    part, (types.FunctionType, staticmethod, classmethod, property)
                )
            ]
        elif (
            isinstance(value, np.ndarray)
            and value.dtype != object
            and value.size < 10_000
        ):
            parts.append(value.tobytes())
        elif (
            type(value).__name__ == "_ArrayFunctionDispatcher"
        ):  # how NumPy wraps its public functions
            parts.append(identity(value._implementation, depth - 1))
        return tuple(parts)

    def fingerprint(label: str, table: dict[str, Any], name: str) -> str:
        if name not in table:
            return "gone"
        value = table[name]
        if isinstance(value, types.ModuleType) and not label.startswith("labhelpers"):
            return value.__name__  # TensorFlow swaps its lazy loaders for modules
        return hashlib.sha256(repr(identity(value)).encode()).hexdigest()[:12]

    def watch(label: str, table: dict[str, Any], everything: bool) -> None:
        for name, value in list(table.items()):
            if name.startswith("__") and name != "__import__" and label != "builtins":
                continue
            if name == "_" or (
                name == "outcomes" and label.startswith("labhelpers.checks")
            ):
                continue
            kinds = (
                types.FunctionType,
                types.BuiltinFunctionType,
                types.ModuleType,
                type,
                np.ndarray,
            )
            if everything or isinstance(value, kinds) or callable(value):
                watched.append((label, table, name))

    def seal() -> list[list[str]]:
        """A digest of every watched object, and what hooks into Python's and IPython's running of code."""
        size = len(held)
        lines = [
            [label, name, fingerprint(label, table, name)]
            for label, table, name in watched
        ]
        if size:
            del held[
                size:
            ]  # the first call holds the originals, so that no id is used twice
        (core,) = cores
        lines.append(
            [
                "IPython",
                "ast_transformers",
                repr([id(each) for each in shell.ast_transformers]),
            ]
        )
        lines.append(["Python", "trace", repr((sys.gettrace(), sys.getprofile()))])
        lines.append(
            [
                "labhelpers.checks.core",
                "outcomes",
                repr((id(core.outcomes), type(core.outcomes))),
            ]
        )
        lines.append(
            [
                "modules",
                "modules",
                repr([id(sys.modules.get(label)) for label in modules]),
            ]
        )
        return lines

    modules: list[str] = []
    cores: list[Any] = []

    def begin(parts: list[str]) -> dict[str, Any]:
        for part in parts:
            importlib.import_module(f"labhelpers.checks.{part}")
        cores.append(importlib.import_module("labhelpers.checks.core"))
        hidden = set(shell.user_ns_hidden) | {
            "In",
            "Out",
            "exit",
            "quit",
            "open",
            "get_ipython",
        }
        trusted.update(
            (n, v)
            for n, v in namespace.items()
            if not n.startswith("_") and n not in hidden
        )
        modules.extend(
            n
            for n in list(sys.modules)
            if n.split(".")[0] == "labhelpers" or n in libraries
        )
        for name in modules:
            watch(
                name,
                vars(sys.modules[name]),
                name.startswith("labhelpers.checks") or name == "builtins",
            )
        watch("the lab", dict(trusted), False)
        sys.addaudithook(audit)
        return {"seal": seal()}

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event in opens:
            for argument in arguments:
                if isinstance(argument, (str, bytes, os.PathLike)):
                    path = realpath(argument)
                    for place, what in forbidden.items():
                        if path.startswith(place):
                            refuse(what)
            return
        if event == "object.__setattr__":
            if arguments[1] == "__code__":
                refuse("changing a function's code")
            return
        if event in closed or event.startswith("ctypes."):
            refuse(event)

    def refuse(what: str) -> None:
        if what not in refused:
            refused.append(what)
        raise PermissionError(f"scoring allows no {what}")

    def realpath(path: str | bytes | os.PathLike[str]) -> str:
        try:
            return str(normal(resolve(decode(path))))
        except (OSError, ValueError):
            return ""

    normal, resolve, decode = os.path.normcase, os.path.realpath, os.fsdecode
    # fmt: off
    opens = {"open", "os.listdir", "os.scandir", "os.link", "os.symlink", "os.rename", "shutil.copyfile"}
    closed = {
        "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty",
        "os.startfile", "os.kill", "os.killpg", "pty.spawn", "signal.pthread_kill", "socket.connect",
        "socket.bind", "gc.get_objects", "gc.get_referrers", "gc.get_referents", "resource.prlimit",
        "resource.setrlimit", "sys.settrace", "sys.setprofile", "sys.addaudithook",
    }
    # fmt: on

    def clear(names: list[str]) -> dict[str, Any]:
        """Before an answer: its own names unbound, the lab's names as they should be."""
        restore(names)
        for name in names:
            namespace.pop(name, None)
        refused.clear()
        return {}

    def restore(names: list[str]) -> list[str]:
        sys.stdout, sys.stderr = streams
        changed = [
            n
            for n, v in trusted.items()
            if n not in names and namespace.get(n) is not v
        ]
        namespace.update((name, trusted[name]) for name in changed)
        return changed

    def inspect_answer(names: list[str]) -> dict[str, Any]:
        """After an answer: what it changed, what it lacks, and whether it hands in an object of labhelpers."""
        rebound = restore(names)
        absent = [name for name in names if name not in namespace]
        borrowed = []
        for name in names:
            value = namespace.get(name)
            module = getattr(value, "__module__", None)
            ours = isinstance(module, str) and module.split(".")[0] == "labhelpers"
            if (ours and isinstance(value, (types.FunctionType, type))) or any(
                value is each
                for each in trusted.values()
                if isinstance(each, types.FunctionType)
            ):
                borrowed.append(name)
        return {
            "rebound": rebound,
            "absent": absent,
            "borrowed": borrowed,
            "refused": [*refused],
            "seal": seal(),
        }

    def check(names: list[str], source: str) -> dict[str, Any]:
        outcomes = cores[0].outcomes
        outcomes.clear()
        verdict.clear()
        scope = {
            **trusted,
            **{name: namespace[name] for name in names if name in namespace},
            "__name__": "__main__",
        }
        before = dict(scope)
        error = ""
        sys.stdout = sys.stderr = Sink()
        try:
            exec(compile(source, "<check>", "exec"), scope)
        except BaseException as raised:
            try:
                error = f"{type(raised).__name__}: {str(raised)[:600]}"
            except BaseException:
                error = "an error that cannot be printed"
        finally:
            sys.stdout, sys.stderr = streams
        made = {
            n: v
            for n, v in scope.items()
            if not n.startswith("__") and (n not in before or v is not before[n])
        }
        trusted.update(made)
        trusted.update(
            (name, namespace[name])
            for name in names
            if name in namespace and name not in made
        )
        namespace.update(made)
        verdict.update(
            error=error,
            outcomes={
                str(name): [str(each.verdict), str(each.line)[:600]]
                for name, each in outcomes.items()
            },
        )
        return {}

    def report() -> dict[str, Any]:
        return {**verdict, "refused": [*refused], "seal": seal()}

    def handle(stream: Any, ident: Any, message: Any) -> None:
        content = message["content"]
        try:
            reply = requests[content["request"]](*content["arguments"])
        except BaseException as error:
            reply = {"fault": f"{type(error).__name__}: {error}"}
        send(stream, "labs_reply", reply, parent=message, ident=ident)

    requests: dict[str, Any] = {
        "begin": begin,
        "clear": clear,
        "inspect": inspect_answer,
        "check": check,
        "report": report,
    }
    send = session.send
    shell.kernel.shell_handlers["labs_request"] = handle
