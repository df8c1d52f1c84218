"""Reads off the programs of an optimised build that the linker and the compiler hardened them (SECURITY.md)."""

import pathlib
import subprocess
import sys
import unittest

BIN = pathlib.Path(sys.argv.pop(1))


def read(flag, program):
    return subprocess.run(["readelf", "-W", flag, program], capture_output=True, text=True, check=True).stdout


class Hardening(unittest.TestCase):
    def test_programs_are_hardened(self):
        for name in ("hello", "tutti", "shop-payments"):
            program = BIN / name
            with self.subTest(name):
                self.assertIn("DYN (Position-Independent Executable file)", read("-h", program))
                segments = read("-l", program)
                self.assertIn("GNU_RELRO", segments)
                self.assertRegex(segments, r"GNU_STACK.* RW +0x", "an executable stack")
                self.assertIn("BIND_NOW", read("-d", program))
                self.assertNotIn("TEXTREL", read("-d", program))
                symbols = read("--dyn-syms", program)
                self.assertIn("__stack_chk_fail", symbols)
                self.assertRegex(symbols, r"__(memcpy|read|memmove|snprintf|vsnprintf)_chk")


unittest.main()
