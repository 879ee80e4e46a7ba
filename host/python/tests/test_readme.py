"""The README's program does what it says."""

import contextlib
import io
import os
import re
import tempfile
import unittest

from .platform import ROOT

README = (ROOT / "host" / "python" / "README.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


class Readme(unittest.TestCase):
    def test_the_programs_run_one_after_the_other(self):
        self.assertGreaterEqual(len(PROGRAMS), 2)
        names, heard = {}, io.StringIO()
        before = os.getcwd()
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            try:
                for program in PROGRAMS:
                    with contextlib.redirect_stdout(heard):
                        exec(compile(program, "README.md", "exec"), names)
                names["gateway"].close()
            finally:
                os.chdir(before)
        self.assertTrue(heard.getvalue().startswith("+14155550100 AREA_CODE\n"), heard.getvalue())


if __name__ == "__main__":
    unittest.main()
