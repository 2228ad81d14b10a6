"""The checker of certificates of polyrelu: one module, `__main__`, to be read from top to bottom."""
