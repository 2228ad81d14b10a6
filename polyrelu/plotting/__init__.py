"""Pictures of networks, complexes, regions and cycles: figures by matplotlib, interactive pages by plotly, and TikZ.

The libraries are optional and imported only when something is drawn: pip install 'polyrelu[plot]'; TikZ code needs
none. Cells are exact until their positions are rounded for drawing. Everything else is computed in the rooms above.
"""

from polyrelu.plotting.bars import KINDS, plot_persistence
from polyrelu.plotting.colouring import COLOURINGS
from polyrelu.plotting.draw import plot, plot_html
from polyrelu.plotting.figure import SUFFIXES
from polyrelu.plotting.grid import plot_grid
from polyrelu.plotting.layers import plot_layers
from polyrelu.plotting.page import SUFFIX as HTML
from polyrelu.plotting.separation import plot_separation
from polyrelu.plotting.slider import plot_slices
from polyrelu.plotting.subject import MAX_DIM
from polyrelu.plotting.tikz import SUFFIX as TEX
from polyrelu.plotting.tikz import plot_tikz

__all__ = [
    "COLOURINGS",
    "HTML",
    "KINDS",
    "MAX_DIM",
    "SUFFIXES",
    "TEX",
    "plot",
    "plot_grid",
    "plot_html",
    "plot_layers",
    "plot_persistence",
    "plot_separation",
    "plot_slices",
    "plot_tikz",
]
