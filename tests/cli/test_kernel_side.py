"""What is sent to the kernel of a submission."""

from __future__ import annotations

import ast
from importlib import resources

from labhelpers.cli.grade.kernel import kernel_side


def test_it_is_the_file_byte_for_byte() -> None:
    file = resources.files("labhelpers.cli.grade").joinpath("kernel_side.py")
    assert kernel_side().encode() == file.read_bytes()


def test_it_is_one_function_and_imports_nothing_of_ours() -> None:
    module = ast.parse(kernel_side())
    names = [node.name for node in module.body if isinstance(node, ast.FunctionDef)]
    assert names == ["_kernel_side"]
    kinds = {type(node) for node in module.body[1:-1]}
    assert kinds == {ast.ImportFrom}, "a docstring, imports, and the function: no name is left behind"
    imported = {node.module for node in ast.walk(module) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(module) if isinstance(node, ast.Import) for alias in node.names}
    assert not [name for name in imported if name and name.startswith("labhelpers")]


def test_it_is_never_imported_here() -> None:
    import sys

    import labhelpers.cli.grade  # noqa: F401

    assert "labhelpers.cli.grade.kernel_side" not in sys.modules
