"""What runs inside the judge: a check whose answer is in another process.

The text of this file is sent to a kernel that runs no student's code. A check there calls its answer as always; what it
gives and what comes back travels as numbers, by way of the process that scores. The expected values never leave.
"""

from __future__ import annotations

from typing import Any


def _judge_side() -> None:  # noqa: PLR0915  (one place for both directions)
    """Install the handler of the judge's requests in this kernel."""
    import base64
    import builtins
    import importlib
    import queue
    import sys
    import threading

    import numpy as np
    import tensorflow as tf
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    send = shell.kernel.session.send
    asked: queue.Queue[dict[str, Any]] = queue.Queue()
    answered: queue.Queue[dict[str, Any]] = queue.Queue()

    class Sink:
        def write(self, text: str) -> int:
            return len(text)

        def flush(self) -> None:
            pass

    def ask(question: dict[str, Any]) -> dict[str, Any]:
        asked.put({"call": question})
        reply = answered.get()
        if "raised" in reply:
            raise rebuilt(*reply["raised"])
        return reply

    def rebuilt(kind: str, text: str) -> BaseException:
        """The error that the answer raised, of its own class where that is Python's or TensorFlow's."""
        known = getattr(builtins, kind, None)
        if isinstance(known, type) and issubclass(known, BaseException):
            known = type(kind, (known,), {"__str__": lambda error: text})
            try:
                return known(text)
            except TypeError:  # it takes more than a text
                return RuntimeError(text)
        known = getattr(tf.errors, kind, None)
        if isinstance(known, type):
            return known(None, None, text)
        return type(kind, (Exception,), {})(text)

    def numbers(array: Any) -> dict[str, Any]:
        array = np.asarray(array)
        return {
            "dtype": array.dtype.str if array.dtype.kind != "V" else str(array.dtype),
            "shape": list(array.shape),
            "data": base64.b64encode(array.tobytes()).decode(),
        }

    def array_of(packed: dict[str, Any]) -> Any:
        kind = np.dtype(packed["dtype"])
        if kind.hasobject:
            raise TypeError("no numbers")
        data = bytearray(base64.b64decode(packed["data"]))
        return np.ndarray(packed["shape"], kind, data)

    def pack(value: Any, tensors: list[Any]) -> dict[str, Any]:  # noqa: PLR0911  (one for each kind)
        """What an answer is given: tensors apart, for their gradients."""
        if isinstance(value, (tf.Tensor, tf.Variable)):
            tensors.append(tf.convert_to_tensor(value))
            return {"tensor": len(tensors) - 1}
        if isinstance(value, np.ndarray):
            return {"array": numbers(value)}
        if isinstance(value, np.generic):
            return {"scalar": numbers(value)}
        if isinstance(value, (list, tuple)):
            kind = "list" if isinstance(value, list) else "tuple"
            return {kind: [pack(part, tensors) for part in value]}
        if isinstance(value, dict):
            return {"dict": [[key, pack(part, tensors)] for key, part in value.items()]}
        if isinstance(value, float):
            return {"float": value.hex()}
        if value is None or isinstance(value, (bool, int, str)):
            return {"value": value}
        raise TypeError(f"a {type(value).__name__} cannot be given to an answer here")

    def unpack(packed: dict[str, Any], tensor: Any) -> Any:  # noqa: PLR0911  (one for each kind)
        """What an answer returned; ``tensor`` makes a tensor of its number and its packed form."""
        ((kind, inside),) = packed.items()
        if kind == "tensor":
            return tensor(*inside)
        if kind == "array":
            return array_of(inside)
        if kind == "scalar":
            return array_of(inside)[()]
        if kind in ("list", "tuple"):
            parts = [unpack(part, tensor) for part in inside]
            return parts if kind == "list" else tuple(parts)
        if kind == "dict":
            return {str(key): unpack(part, tensor) for key, part in inside}
        if kind == "float":
            return float.fromhex(inside)
        if kind == "value" and (inside is None or isinstance(inside, (bool, int, str))):
            return inside
        return type(str(inside), (), {"__module__": "answer"})()

    class Answer:
        """The answer, as a check calls it."""

        @tf.autograph.experimental.do_not_convert
        def __call__(self, *arguments: Any, **options: Any) -> Any:
            tensors: list[Any] = []
            given = pack([list(arguments), options], tensors)
            if any(tf.is_symbolic_tensor(each) for each in tensors):
                return in_graph(given, tensors)
            question = {
                "given": given,
                "tensors": [numbers(each.numpy()) for each in tensors],
            }
            return returned(question, tensors, ask({"do": "call", **question}))

    def returned(question: dict[str, Any], tensors: list[Any], reply: Any) -> Any:
        def tensor(number: int, packed: dict[str, Any]) -> Any:
            value = tf.constant(array_of(packed))
            if not tensors or not value.dtype.is_floating:
                return value

            @tf.custom_gradient
            def of_the_answer(*inputs: Any) -> Any:
                def slope(upstream: Any) -> Any:
                    found = ask(
                        {
                            "do": "slope",
                            **question,
                            "of": number,
                            "upstream": numbers(upstream.numpy()),
                        }
                    )["slopes"]
                    return [
                        None if each is None else tf.constant(array_of(each))
                        for each in found
                    ]

                return tf.identity(value), slope

            return of_the_answer(*tensors)

        return unpack(reply["returned"], tensor)

    def in_graph(given: dict[str, Any], tensors: list[Any]) -> Any:
        """The answer inside of a graph: it is compiled in its own process, and run there when the graph runs."""
        kinds = [
            {"dtype": each.dtype.name, "shape": each.shape.as_list()}
            for each in tensors
        ]
        reply = ask({"do": "compile", "given": given, "kinds": kinds})["returned"]
        outputs: list[Any] = []
        unpack(reply, lambda number, kind: outputs.append(kind))

        def run(*values: Any) -> list[Any]:
            question = {
                "given": given,
                "tensors": [numbers(each.numpy()) for each in values],
            }
            made: list[Any] = []
            packed = ask({"do": "call", "compiled": True, **question})["returned"]
            unpack(packed, lambda _, one: made.append(tf.constant(array_of(one))))
            return made

        made = tf.py_function(run, tensors, [tf.as_dtype(o["dtype"]) for o in outputs])
        for one, output in zip(made, outputs, strict=True):
            one.set_shape(output["shape"])
        return unpack(reply, lambda number, _: made[number])

    def run_check(part: str, name: str, source: str) -> None:
        core = importlib.import_module("labhelpers.checks.core")
        module = importlib.import_module(f"labhelpers.checks.{part}")
        core.outcomes.clear()
        error = ""
        try:
            facts = ask({"do": "describe"})
            answer: Any = Answer()
            if facts["borrowed"]:
                check = getattr(module, name)
                place = check.__code__.co_freevars.index("stand_in")
                answer = check.__closure__[place].cell_contents
            elif not facts["callable"]:
                kind = str(facts["kind"])
                answer = None if kind == "NoneType" else type(kind, (), {})()
            scope = {
                "checks": importlib.import_module("labhelpers.checks"),
                name: answer,
            }
            exec(compile(source, "<check>", "exec"), scope)
        except BaseException as raised:
            error = f"{type(raised).__name__}: {str(raised)[:600]}"
        outcomes = {
            key: [str(each.verdict), str(each.line)[:600]]
            for key, each in core.outcomes.items()
        }
        asked.put({"done": {"error": error, "outcomes": outcomes}})

    def start(*arguments: str) -> dict[str, Any]:
        sys.stdout = sys.stderr = Sink()
        threading.Thread(target=run_check, args=arguments, daemon=True).start()
        return asked.get()

    def resume(reply: dict[str, Any]) -> dict[str, Any]:
        answered.put(reply)
        return asked.get()

    def handle(stream: Any, ident: Any, message: Any) -> None:
        content = message["content"]
        try:
            reply = requests[content["request"]](*content["arguments"])
        except BaseException as error:
            reply = {"fault": f"{type(error).__name__}: {error}"}
        send(stream, "labs_reply", reply, parent=message, ident=ident)

    requests: dict[str, Any] = {"start": start, "resume": resume}
    shell.kernel.shell_handlers["labs_request"] = handle
