"""Values: tensors whose entries are exact functions of the input, in place of tensors in a module's forward."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import isfinite
from typing import Any

from polyrelu.errors import NetworkError, PolyreluError
from polyrelu.exact.floats import fraction_of, nearest
from polyrelu.files import reason
from polyrelu.readers.assembly import Assembly
from polyrelu.readers.signals import Monotone, Signal
from polyrelu.readers.steps import Step
from polyrelu.readers.torch.aten import RESULTS, adapted
from polyrelu.readers.torch.comparisons import OF_STEPS
from polyrelu.readers.torch.operations import KEEPING, LIKE, OPERATIONS, VIEWS, Extremes
from polyrelu.readers.torch.tensors import as_array


class _Storage:
    """The number of changes in place, shared by the views of one tensor."""

    def __init__(self) -> None:
        self.version = 0


class Value:
    """A tensor in a forward. A value notices when it was changed in place through another view.

    `precision` is the type of all floats of the module.
    """

    def __init__(
        self, assembly: Assembly, signal: Signal | Step, precision: Any, storage: _Storage | None = None
    ) -> None:
        self._assembly = assembly
        self._signal = signal
        self.precision = precision
        self._storage = storage or _Storage()
        self._version = self._storage.version

    @property
    def signal(self) -> Signal | Step:
        """The value, or the comparison. NetworkError if it was changed through a view, which is not followed."""
        if self._version != self._storage.version:
            raise NetworkError(f"{self._assembly.place}: a tensor is used after a view of it was changed in place")
        return self._signal

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None) -> Any:
        """Any function of PyTorch of which a Value is an argument."""
        name = getattr(func, "__name__", str(func))
        if name == "__get__":  # of a property
            name = getattr(getattr(func, "__self__", None), "__name__", name)
        if getattr(func, "namespace", None) == "aten" or getattr(getattr(func, "op", None), "namespace", "") == "aten":
            return of_aten(name.split(".")[0], args, kwargs or {})
        return _applied(name, args, kwargs or {})

    def __getattr__(self, name: str) -> Any:
        base = name.removesuffix("_")
        if name.startswith("_") or not (base in OPERATIONS or base in OF_STEPS or base in LIKE):
            raise AttributeError(f"{name} of a tensor is not read")
        return lambda *args, **kwargs: _applied(name, (self, *args), kwargs)

    @property
    def dtype(self) -> Any:
        """As of a tensor."""
        import torch

        return torch.bool if isinstance(self._signal, Step) and self._signal.truth else self.precision

    @property
    def shape(self) -> Any:
        """As of a tensor."""
        import torch

        return torch.Size(self._signal.shape)

    def size(self, dim: int | None = None) -> Any:
        """As of a tensor."""
        return self.shape if dim is None else self.shape[dim]

    def dim(self) -> int:
        """As of a tensor."""
        return len(self._signal.shape)

    @property
    def ndim(self) -> int:
        """As of a tensor."""
        return self.dim()

    def numel(self) -> int:
        """As of a tensor."""
        return self._signal.size

    @property
    def T(self) -> Any:
        """As of a tensor."""
        return _applied("t", (self,), {})

    @property
    def device(self) -> Any:
        """As of a tensor."""
        import torch

        return torch.device("cpu")

    __array_ufunc__ = None  # so that NumPy's arrays leave operators to the methods below
    requires_grad = is_cuda = is_sparse = is_quantized = is_nested = False

    def is_floating_point(self) -> bool:
        """As of a tensor."""
        return True

    def __len__(self) -> int:
        return int(self.shape[0])

    def __iter__(self) -> Iterator[Any]:
        return iter(_applied("unbind", (self,), {}))

    def __bool__(self) -> bool:
        raise NetworkError(f"{self._assembly.place}: the forward branches on values of its tensors")

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, Value) and isinstance(index._signal, Step):  # h[h < 0] = 0
            if isinstance(value, int | float):
                _applied("masked_fill_", (self, index, value), {})
                return
            raise NetworkError(f"{self._assembly.place}: entries chosen by a comparison are only set to one number")
        raise NetworkError(f"{self._assembly.place}: entries of a tensor are changed in place, which is not followed")


def _operator(name: str) -> Callable[..., Any]:
    return lambda *args: _applied(name, args, {})


_OPERATORS = ("add", "radd", "iadd", "sub", "rsub", "isub", "mul", "rmul", "imul", "truediv", "rtruediv", "itruediv")
_OTHERS = ("matmul", "rmatmul", "neg", "pos", "abs", "getitem", "pow", "floordiv", "eq", "ne", "lt", "le", "gt", "ge")
_BITS = ("invert", "and", "or", "xor")
for _name in (*_OPERATORS, *_OTHERS, *_BITS):
    setattr(Value, f"__{_name}__", _operator(f"__{_name}__"))


def _applied(name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """A function of PyTorch, by its name, of values and constants."""
    values = [x for x in (*args, *kwargs.values()) if isinstance(x, Value)]
    values += [y for x in (*args, *kwargs.values()) if isinstance(x, list | tuple) for y in x if isinstance(y, Value)]
    assembly, dtype = values[0]._assembly, values[0].precision
    kwargs = dict(kwargs)
    in_place = bool(kwargs.pop("inplace", False))
    if name.startswith("__") and name.endswith("__"):
        base = name.strip("_")
        if base in _OPERATORS and base.startswith("i"):
            base, in_place = base[1:], True
    else:
        base = name.lstrip("_")  # some functions have a private name here
        if base.endswith("_"):
            base, in_place = base[:-1], True
    if base in LIKE:
        return _like(base, args, kwargs)
    steps = any(isinstance(value._signal, Step) for value in values)
    if steps and base not in OF_STEPS and base not in ("where", "masked_fill"):
        raise NetworkError(
            f"{assembly.place}: {base} of a comparison is not read, since it jumps: only its products with values, and "
            "choices between values, that are equal where it changes; write them with relu, maximum or clamp"
        )
    table = OF_STEPS if steps and base in OF_STEPS else OPERATIONS
    if base not in table:
        raise NetworkError(
            f"{assembly.place}: {base} is not read: it is not piecewise linear, or not among the known operations"
        )
    final = any(isinstance(value._signal, Monotone) for value in values)
    if final and base not in KEEPING:
        raise NetworkError(
            f"{assembly.place}: {base} of a sigmoid or softmax is not read: only a final one is left out"
        )
    double = dtype.itemsize == 8
    if steps and double and any(isinstance(x, float) and nearest(fraction_of(x), "single") != x for x in args):
        raise NetworkError(  # of a comparison, or of what it was converted to
            f"{assembly.place}: {base} of a comparison and a float may be one of singles: multiply the value by it"
        )
    if base == "rrelu" and "lower" in kwargs and "upper" in kwargs:  # PyTorch takes the mean of doubles, then rounds it
        total = fraction_of(float(kwargs["lower"])) + fraction_of(float(kwargs["upper"]))
        kwargs["lower"] = kwargs["upper"] = nearest(fraction_of(nearest(total)) / 2)
    try:
        positional = [_plain(x, double) for x in args]
        result = table[base](assembly, *positional, **{key: _plain(x, double) for key, x in kwargs.items()})
    except (TypeError, ValueError, IndexError) as error:
        if isinstance(error, PolyreluError):
            raise
        raise NetworkError(f"{assembly.place}: {base} with these arguments is not read: {reason(error)}") from None
    if isinstance(result, Extremes):
        return Extremes(Value(assembly, result.values, dtype), _Places(assembly))
    if final:
        result = result.final()
    if in_place:
        target = args[0] if args else values[0]
        if not isinstance(target, Value):
            raise NetworkError(f"{assembly.place}: {base} changes a constant tensor in place; write it out of place")
        if result.shape != target._signal.shape:
            raise NetworkError(f"{assembly.place}: {base} in place changes the shape")
        target._signal = result
        target._storage.version += 1
        target._version = target._storage.version
        return target
    storage = values[0]._storage if base in VIEWS else None
    if isinstance(result, Signal | Step):
        same = storage is not None and result is values[0]._signal
        return values[0] if same else Value(assembly, result, dtype, storage)
    return tuple(Value(assembly, signal, dtype, storage) for signal in result)


def of_aten(name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """A function of ATen, by its name, of values and constants."""
    if name.startswith(("sym_size", "sym_numel")):
        return args[0].numel() if name == "sym_numel" else args[0].size(*args[1:])
    if name in ("_assert_tensor_metadata", "_assert_async"):
        return None
    base, positional, named = adapted(name, args, kwargs)
    result = _applied(base, positional, named)
    return (result, *(None,) * (RESULTS[name] - 1)) if name in RESULTS else result


class _Places:
    """The places of maxima, which are not read."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None) -> Any:
        """Any function of PyTorch of which they are an argument."""
        found = next((x for x in args if isinstance(x, cls)), None)
        raise NetworkError(f"{found._assembly.place + ': ' if found else ''}{_PLACES}")

    def __getattr__(self, name: str) -> Any:
        raise NetworkError(f"{self._assembly.place}: {_PLACES}")


_PLACES = "the indices of maxima and minima are not piecewise linear; the values alone are read"


def _like(name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """A constant tensor of the shape, or of the type, of a value."""
    import torch

    pattern, *others = args
    if not isinstance(pattern, Value) or any(isinstance(x, Value) for x in (*others, *kwargs.values())):
        raise NetworkError(f"{name} of these arguments is not read")
    pattern._assembly.check_size(pattern._signal.shape)
    bare = torch.empty(pattern._signal.shape, dtype=pattern.dtype)
    if name.startswith("new_"):
        return getattr(bare, name)(*others, **kwargs)
    return getattr(torch, name)(bare, *others, **kwargs)


def _plain(argument: Any, double: bool) -> Any:
    """An argument as the operations take it: signals and arrays.

    A float becomes what PyTorch uses in its place: in a module of single (or lower) precision, the single of it.
    """
    if isinstance(argument, Value):
        return argument.signal
    if isinstance(argument, list | tuple):
        # as indices, lists and tuples differ
        return (list if isinstance(argument, list) else tuple)(_plain(x, double) for x in argument)
    if isinstance(argument, float) and not double:
        return nearest(fraction_of(argument), "single") if isfinite(argument) else argument
    if isinstance(argument, type):  # of tensors: it has their methods
        return argument
    return as_array(argument) if hasattr(argument, "numpy") and hasattr(argument, "detach") else argument
