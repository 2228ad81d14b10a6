"""Networks: exact, immutable and evaluable, with exact slices of their input space and interval bounds.

Files and models of other libraries become networks in `polyrelu.readers`; the paper's networks are built in
`polyrelu.constructions`; cells are made in `polyrelu.geometry`.
"""

from polyrelu.network.network import Network

__all__ = ["Network"]
