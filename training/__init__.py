"""Trains the models of the `starter` profile. Nothing at run time imports this package."""
