"""The stubs say what the module has."""

import ast
import inspect
import unittest
from pathlib import Path

import callsign_gateway as cg
from callsign_gateway import _native

STUB = Path(cg.__file__).with_name("_native.pyi")
# What Python gives every class, and what is no part of the face.
COMMON = {"__doc__", "__module__", "__reduce__", "__repr__", "__str__", "__hash__", "__eq__", "__ne__", "__lt__", "__le__",
          "__gt__", "__ge__", "__new__", "__weakref__", "__iter__", "__next__", "__class_getitem__", "__match_args__"}


def members(body):
    return {one.name for one in body if isinstance(one, ast.FunctionDef)} - COMMON


class Stubs(unittest.TestCase):
    def setUp(self):
        self.stub = {one.name: one for one in ast.parse(STUB.read_text()).body if isinstance(one, ast.ClassDef)}

    def test_every_class_and_every_member_is_in_the_stub_and_the_other_way(self):
        classes = {name: one for name, one in vars(_native).items() if isinstance(one, type)}
        self.assertEqual(set(self.stub), set(classes))
        self.assertEqual(set(cg.__all__), set(classes) | {"__version__"})
        for name, one in classes.items():
            if not issubclass(one, BaseException):
                self.assertEqual(members(self.stub[name].body), set(vars(one)) - COMMON, name)

    def test_every_class_and_every_member_says_what_it_is(self):
        for name, one in vars(_native).items():
            if isinstance(one, type):
                self.assertTrue(one.__doc__, name)
                for member, value in vars(one).items():
                    if not member.startswith("__"):
                        self.assertTrue(inspect.getdoc(value), f"{name}.{member}")

    def test_the_package_says_that_it_is_typed(self):
        self.assertTrue(Path(cg.__file__).with_name("py.typed").exists())


if __name__ == "__main__":
    unittest.main()
