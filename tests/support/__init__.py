"""Known answers and second routes for the tests: modules that no test framework collects."""
