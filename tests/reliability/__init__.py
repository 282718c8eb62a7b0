"""Races, shuffles and kills: a tenth of their size in `make test`, whole in `make reliability`."""
