"""Functions that a model defines: they are inlined by `onnx.inliner`, once the size of the result is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyrelu.errors import LimitError, MissingDependencyError, NetworkError
from polyrelu.exact.rational import describe
from polyrelu.files import reason

MAX_NODES = 10**5
"""Maximum number of nodes after the inlining: functions that call functions may double it with every line."""


def inlined(model: Any) -> Any:
    """The model with its functions replaced by what they contain; the model itself if it has none.

    NetworkError for functions that call themselves, LimitError for more than MAX_NODES nodes.
    """
    if not model.functions:
        return model
    try:
        from onnx.inliner import inline_local_functions
    except ImportError:
        raise MissingDependencyError(
            "reading the functions of a model needs onnx 1.15 or newer: pip install -U 'polyrelu[onnx]'", "onnx"
        ) from None
    functions = {(f.domain, f.name): f for f in model.functions}
    if len(functions) < len(model.functions):
        raise NetworkError("a function of the model is there twice")
    sizes: dict[tuple[str, str], int] = {}
    for key in functions:
        _measure(key, functions, sizes)
    count = sum(sizes.get(call, 1) for call in _calls(model.graph.node))
    if count > MAX_NODES:
        raise LimitError(
            f"has {describe(count)} nodes with those of its functions, more than the {MAX_NODES} that are read"
        )
    try:
        return inline_local_functions(model)
    except Exception as error:  # whatever the library raises for a function that is not valid
        raise NetworkError(f"the functions of the model cannot be inlined: {reason(error)}") from None


def _measure(key: tuple[str, str], functions: dict[tuple[str, str], Any], sizes: dict[tuple[str, str], int]) -> None:
    """Find the number of nodes of a function, and of all that it calls, with those of its calls."""
    path = [key]
    begun: set[tuple[str, str]] = set()  # those that are not measured yet are on the path
    while path:
        here = path[-1]
        if here in sizes:
            path.pop()
            continue
        called = list(_calls(functions[here].node))
        missing = [call for call in dict.fromkeys(called) if call in functions and call not in sizes]
        begun.add(here)
        if missing:
            if any(call in begun for call in missing):
                raise NetworkError(f"the function {describe(here[1])} of the model calls itself")
            path.extend(missing)
        else:
            sizes[here] = sum(sizes.get(call, 1) for call in called)
            path.pop()


def _calls(nodes: Any) -> Iterator[tuple[str, str]]:
    """The domain and the name of the operator of every node, also in subgraphs."""
    stack = list(nodes)
    while stack:
        node = stack.pop()
        yield node.domain, node.op_type
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs) if attribute.HasField("g") else attribute.graphs:
                stack.extend(graph.node)
