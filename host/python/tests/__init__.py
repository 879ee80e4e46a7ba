"""Tests of the package callsign-gateway: `python3 -m unittest discover --start-directory tests --top-level-directory .`"""
