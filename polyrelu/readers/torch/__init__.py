"""PyTorch: modules, and files of state dicts."""

from polyrelu.readers.torch.files import read_state_dict
from polyrelu.readers.torch.modules import from_torch

__all__ = ["from_torch", "read_state_dict"]
