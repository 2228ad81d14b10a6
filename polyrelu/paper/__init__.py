"""The statements of Ergen & Grillo, Topological Expressivity of ReLU Neural Networks (COLT 2024), as functions.

Bounds on regions, cells and Betti numbers, and stability over a polytope. The paper's networks are built in
`polyrelu.constructions`, and its definition of topological expressivity is computed in `polyrelu.analysis`.
"""
