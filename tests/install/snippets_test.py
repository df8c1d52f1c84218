"""Every C++ snippet of the guide and of README.md stands in a source that the build compiles.

A snippet's lines are looked for in one file, in their order; between two of them the file may say more. Spaces and comments
do not count, and `...` on a line stands for anything. Usage: snippets_test.py compile_commands.json
"""
import json
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs/guide").glob("*.md"))]


def bare(text):
    """Without comments and without any space."""
    return re.sub(r"\s+", "", re.sub(r"(^|\s)//[^\n]*", "", text))


def snippets(page):
    text = page.read_text()
    for found in re.finditer(r"^```cpp\n(.*?)^```", text, re.M | re.S):
        line = text[: found.start()].count("\n") + 2
        yield f"{page.relative_to(ROOT)}:{line}", found.group(1)


def pieces(snippet):
    lines = (re.sub(r"(^|\s)//.*", "", line) for line in snippet.splitlines())
    return [piece for line in lines for piece in map(bare, line.split("...")) if piece]


def missing_piece(wanted, source):
    """The first piece that the source does not have after those before it; None if all are there."""
    at = 0
    for piece in wanted:
        found = source.find(piece, at)
        if found < 0:
            return piece
        at = found + len(piece)
    return None


class Snippets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        compiled = {pathlib.Path(unit["directory"], unit["file"]).resolve() for unit in json.loads(COMMANDS.read_text())}
        units = {path for path in compiled if (ROOT / "examples") in path.parents}
        # A header is compiled if it lies beside a unit of its service.
        headers = {header for folder in {unit.parent for unit in units} for header in folder.glob("*.hpp")}
        cls.units = units
        cls.sources = {path: bare(path.read_text()) for path in units | headers}

    def test_every_example_is_compiled(self):
        for path in sorted((ROOT / "examples").rglob("*.cpp")):
            self.assertIn(path, self.units)

    def test_every_snippet_is_compiled(self):
        for place, snippet in (found for page in PAGES for found in snippets(page)):
            with self.subTest(snippet=place):
                wanted = pieces(snippet)
                self.assertTrue(wanted, "an empty snippet")
                missing = {path: missing_piece(wanted, source) for path, source in self.sources.items()}
                if None in missing.values():
                    continue
                best = max(missing, key=lambda path: wanted.index(missing[path]))
                self.fail(f"no example has it; {best.relative_to(ROOT)} comes nearest and lacks: {missing[best]}")

    def test_a_snippet_that_differs_is_found(self):
        source = bare("int a = 1;  // one\nint b = 2;\n")
        self.assertIsNone(missing_piece(pieces("int a = 1;\nint b = 2;   // two"), source))
        self.assertIsNone(missing_piece(pieces("int a ...;"), source))
        self.assertEqual(missing_piece(pieces("int b = 2;\nint a = 1;"), source), "inta=1;")


if __name__ == "__main__":
    COMMANDS = pathlib.Path(sys.argv.pop(1))
    unittest.main()
