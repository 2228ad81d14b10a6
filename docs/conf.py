"""Sphinx configuration: sphinx-build -W --keep-going -n docs build/docs."""

import polyrelu

project = "polyrelu"
author = "the polyrelu developers"
copyright = "the polyrelu developers, BSD 3-Clause licence"
version = release = polyrelu.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
exclude_patterns = ["figures"]
nitpicky = True

# Names in docstrings are links where they can be. Types of other libraries have no pages here.
default_role = "py:obj"
nitpick_ignore = [
    ("py:class", "polyrelu.plotting.subject.CycleLike"),
    ("py:class", "polyrelu.geometry.clipping.T"),
    ("py:class", "polyrelu.network.slices.Restricted"),
    ("py:class", "polyrelu.readers.restriction.Restriction"),
]
nitpick_ignore_regex = [("py:obj", ".*"), ("py:class", r"(?!polyrelu\.).*")]
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
numpydoc_show_class_members = False  # docs/api.md lists them

myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"polyrelu {release}"
html_copy_source = False
