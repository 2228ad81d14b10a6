"""The folder of this file is where `support`, the helpers of the tests, is imported from."""
