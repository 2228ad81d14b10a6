"""ReLU, linear maps and moves of entries as they are spelled in PyTorch, against the module's own forward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from test_readers_assembly import values_of

from polyrelu.errors import NetworkError
from polyrelu.readers import from_torch

torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional


class Forward(nn.Module):
    """A linear layer, for vectors, and a function after it."""

    def __init__(self, function: Callable[..., Any], shape: tuple[int, ...] = (4,)) -> None:
        super().__init__()
        self.shape, self.function = shape, function
        n = int(np.prod(shape))
        generator = torch.Generator().manual_seed(n)
        self.weight = nn.Parameter(torch.randint(-6, 7, (n, 3), generator=generator) / 4)
        self.bias = nn.Parameter(torch.randint(-6, 7, (n,), generator=generator) / 4)
        self.register_buffer("w", torch.randint(-6, 7, (3, 4), generator=generator) / 4)
        self.register_buffer("k", torch.randint(-6, 7, (2, 3, 2, 3), generator=generator) / 4)

    def forward(self, x: Any) -> Any:
        return self.function(self, F.linear(x, self.weight, self.bias).reshape(x.shape[0], *self.shape))


def set_where_negative(m: Any, h: Any) -> Any:
    h[h < 0] = 0
    return h


def with_a_kink(h: Any, g: Any) -> Any:
    return torch.where(h[:, :1] > 1, g + h[:, :1], g + 1)


def above_half(h: Any) -> Any:
    return torch.where(h > 0.5, h, 0.5)


RELUS: dict[str, Callable[[Any, Any], Any]] = {
    "maximum": lambda m, h: torch.maximum(h, torch.zeros_like(h)),
    "fmax": lambda m, h: torch.fmax(h.new_zeros(h.shape), h),
    "where": lambda m, h: torch.where(h > 0, h, 0),
    "where of a tensor": lambda m, h: torch.where(h >= 0, h, torch.zeros_like(h)),
    "where of the negative": lambda m, h: torch.where(h < 0, 0.0, h),
    "where not": lambda m, h: torch.where(~(h <= 0), h, 0.0),
    "a method": lambda m, h: h.where(h > 0, torch.zeros(4)),
    "reflected": lambda m, h: torch.where(torch.zeros(4) < h, h, torch.zeros(1, 4)),
    "a product": lambda m, h: h * (h > 0),
    "a product of floats": lambda m, h: (h > 0).float() * h,
    "a product of its type": lambda m, h: h * (h > 0).to(h.dtype),
    "a product of integers": lambda m, h: h.gt(0).int().type_as(h) * h,
    "a product with one minus": lambda m, h: h * (1 - (h < 0).float()),
    "sign": lambda m, h: h * (torch.sign(h) + 1) / 2,
    "heaviside": lambda m, h: h * torch.heaviside(h, torch.tensor(0.5, dtype=h.dtype)),
    "masked_fill": lambda m, h: h.masked_fill(h < 0, 0),
    "set in place": set_where_negative,
    "clamp by a tensor": lambda m, h: h.clamp(min=torch.zeros(4)),
}

OTHERS: dict[str, tuple[Callable[[Any, Any], Any], tuple[int, ...]]] = {
    "leaky where": (lambda m, h: torch.where(h > 0, h, 0.25 * h), (4,)),
    "leaky where, shifted": (lambda m, h: torch.where(h > 0.5, 2 * h + 1, 3 - 2 * h), (4,)),
    "absolute by sign": (lambda m, h: h * torch.sign(h), (4,)),
    "where by another": (lambda m, h: torch.where(h > h.flip(1), h, h.flip(1)), (4,)),
    "where of a relu": (lambda m, h: with_a_kink(h, torch.relu(h)), (4,)),
    "where of layers": (lambda m, h: above_half(torch.relu(h)) + h, (4,)),
    "a constant mask": (lambda m, h: torch.where(torch.tensor([True, False, True, True]), h, -h), (4,)),
    "a comparison of constants": (lambda m, h: h * (0 * h >= 0) + h * (0 * h > 0) - h * (h * 0 + 1 > 0), (4,)),
    "max along an axis": (lambda m, h: h.max(dim=1).values, (4,)),
    "max along an axis, unpacked": (lambda m, h: torch.min(h, 1, keepdim=True)[0], (4,)),
    "clamp between tensors": (lambda m, h: torch.clamp(h, -torch.ones(4), torch.arange(4.0)), (4,)),
    "norms": (lambda m, h: torch.norm(h, p=1, dim=1) + torch.linalg.vector_norm(h, torch.inf, dim=1), (4,)),
    "einsum": (lambda m, h: torch.einsum("bi,oi->bo", h, m.w), (4,)),
    "einsum of three": (lambda m, h: torch.einsum("bi, oi, oj -> bj", h, m.w, m.w), (4,)),
    "einsum without a result": (lambda m, h: torch.einsum("...i,oi", h, m.w), (2, 4)),
    "einsum of a diagonal": (lambda m, h: torch.einsum("bii->bi", h), (3, 3)),
    "tensordot": (lambda m, h: torch.tensordot(h, m.k, dims=([1, 2], [2, 1])), (2, 3)),
    "tensordot of the last": (lambda m, h: torch.tensordot(m.w, h, dims=([1], [1])), (4,)),
    "bmm": (lambda m, h: torch.bmm(h, m.w.T[None]), (2, 4)),
    "baddbmm": (lambda m, h: torch.baddbmm(h[:, :, :3], h, m.w.T[None], beta=0.5, alpha=2), (2, 4)),
    "matmul from the left": (lambda m, h: m.w @ h, (4, 2)),
    "inner": (lambda m, h: torch.inner(h, m.w), (4,)),
    "addcmul": (lambda m, h: torch.addcmul(h, h, m.w[0], value=0.5), (4,)),
    "lerp": (lambda m, h: torch.lerp(h, h.flip(1), 0.25), (4,)),
    "cumsum": (lambda m, h: h.cumsum(1), (4,)),
    "transposed convolution": (
        lambda m, h: F.conv_transpose2d(h, m.k, stride=(2, 1), padding=(1, 0), output_padding=(1, 0)), (2, 2, 3),
    ),
    "transposed convolution in groups": (
        lambda m, h: F.conv_transpose2d(h, m.k, torch.ones(6), 3, 1, 2, groups=2, dilation=(3, 2)), (2, 2, 3),
    ),
    "transposed convolution of lines": (lambda m, h: F.conv_transpose1d(h, m.k[:, :, 0], padding=2), (2, 5)),
    "nearest by size": (lambda m, h: F.interpolate(h, size=(5, 2)), (1, 2, 3)),
    "nearest by a factor": (lambda m, h: nn.Upsample(scale_factor=2)(h), (1, 2, 3)),
    "pixel shuffle": (lambda m, h: nn.PixelShuffle(2)(h), (4, 1, 2)),
    "pixel unshuffle": (lambda m, h: F.pixel_unshuffle(h, 2), (1, 2, 4)),
    "adaptive maxima": (lambda m, h: F.adaptive_max_pool2d(h, (2, 3)), (1, 3, 5)),
    "adaptive maxima of lines": (lambda m, h: F.adaptive_max_pool1d(h, 2), (2, 5)),
    "moves": (lambda m, h: torch.roll(h, 1, -1).movedim(1, -1).ravel().view_as(h) + h.tile(1, 1, 1), (2, 3)),
    "stacks": (lambda m, h: torch.hstack([h, h.repeat_interleave(2, 1)]).expand_as(h.new_ones(1, 12)), (4,)),
}  # fmt: skip


def agrees(module: Any, *, exact: bool = True) -> Any:
    """The network, whose values at random points are those of the module in doubles: dyadic numbers, so exactly."""
    network = from_torch(module, 3)
    rng = np.random.default_rng(1)
    for _ in range(20):
        x = rng.integers(-12, 13, 3) / 4
        with torch.no_grad():
            expected = module.double()(torch.tensor(x)[None]).numpy().ravel().tolist()
        assert values_of(network, x) == expected
    return network


@pytest.mark.parametrize("name", RELUS)
def test_a_relu_is_one_neuron_however_it_is_spelled(name: str) -> None:
    module = Forward(RELUS[name])
    plain = from_torch(Forward(lambda m, h: torch.relu(h)))
    network = from_torch(module)
    assert network.architecture == plain.architecture == (3, 4, 4)
    agrees(module)


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.filterwarnings("ignore")
def test_other_spellings_agree_with_the_forward(name: str) -> None:
    function, shape = OTHERS[name]
    agrees(Forward(function, shape))


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda m, h: torch.where(h > 0, h, -1), "choices|comparison between values that are not seen to be equal"),
        (lambda m, h: h * (h > 1), "not seen to be equal"),
        (lambda m, h: torch.where(h > 0, h.flip(1), 0), "not seen to be equal"),
        (lambda m, h: h > 0, "got a comparison"),
        (lambda m, h: (h > 0).float(), "got a comparison"),
        (lambda m, h: torch.relu((h > 0).float()), "relu of a comparison is not read, since it jumps"),
        (lambda m, h: (h > 0).float() @ m.w.T, "matmul of a comparison"),
        (lambda m, h: (h > 0) & (h < 1), "and of a comparison"),
        (lambda m, h: h + (h > 0), "sums with constants"),
        (lambda m, h: h if (h > 0).all() else -h, "all of a tensor is not read"),
        (lambda m, h: h * h.max(1)[1], "indices of maxima"),
        (lambda m, h: h.max(1).indices.float(), "indices of maxima"),
        (lambda m, h: torch.einsum("bi,bi->b", h, h), "product of two values"),
        (lambda m, h: torch.norm(h, dim=1), "norms only those of order 1"),
        (lambda m, h: F.interpolate(h[:, None], size=7, mode="linear"), "interpolation in mode 'linear'"),
        (lambda m, h: torch.rand_like(h) + h, "rand_like is not read"),
        (lambda m, h: h.int() * h, "int is not read"),
    ],
)
def test_what_stays_refused_says_why(function: Any, text: str) -> None:
    with pytest.raises(NetworkError, match=text) as caught:
        from_torch(Forward(function))
    assert str(caught.value).startswith(("Forward: ", "output: "))
    assert len(str(caught.value)) < 400


def test_a_float_beside_a_comparison_in_a_module_of_doubles() -> None:
    with pytest.raises(NetworkError, match="multiply the value by it"):
        from_torch(Forward(lambda m, h: h * ((h > 0) * 0.1)).double())
    assert from_torch(Forward(lambda m, h: h * ((h > 0) * 0.5)).double()).architecture == (3, 4, 4)
