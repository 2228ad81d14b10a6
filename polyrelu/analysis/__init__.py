"""From a network to an answer about it.

Betti numbers of regions, verified claims, identity of two networks, estimates before the work, and what depth gains.
Each function here combines functions of the rooms above, and adds no geometry or algebra of its own.
"""
