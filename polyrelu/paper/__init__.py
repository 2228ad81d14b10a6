"""What Ergen & Grillo, Topological Expressivity of ReLU Neural Networks (COLT 2024), say of networks, as functions."""
