"""The debugger's list of fibers, of a running process and of a core file: every waiting handler with its name and place.
Usage: fibers_test.py FOLDER_OF_PROGRAMS [unittest arguments]. Skipped without gdb, or where a process may not be traced."""
import http.client
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts/gdb/tutti_fibers.py"
PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve() / "waiting_service" if len(sys.argv) > 1 else None
WAITERS = 3


def gdb(*words):
    done = subprocess.run(["gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off", *map(str, words), "-x", str(SCRIPT), "-ex", "tutti-fibers"], capture_output=True, text=True, timeout=240)
    if "ptrace: Operation not permitted" in done.stderr:
        raise unittest.SkipTest("processes may not be traced here")
    return done.stdout + done.stderr


class Fibers(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="tutti-fibers-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.service = subprocess.Popen([PROGRAM, "--tutti.http.listen=127.0.0.1:0", "--tutti.admin.listen=off", "--tutti.log.format=json"],
                                        stdout=subprocess.PIPE, text=True, cwd=self.folder, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
        self.addCleanup(self.stop)
        for line in self.service.stdout:
            found = re.search(r"127\.0\.0\.1:(\d+)", line)
            if found:
                break
        self.clients = [http.client.HTTPConnection("127.0.0.1", int(found.group(1)), timeout=60) for _ in range(WAITERS)]
        for client in self.clients:
            client.request("POST", "/wait", '{"name": "Ada"}', {"Content-Type": "application/json"})

    def stop(self):
        for client in self.clients:
            client.close()
        self.service.kill()
        self.service.wait()
        self.service.stdout.close()

    def waiting(self, said):
        return re.findall(r"fiber 0x[0-9a-f]+ 'waiter\.wait_long': parked, interruptible.*\n(?:  #.*\n)*?  #\d+ (?:.*)linger.*waiting_service\.cpp:\d+", said)

    def test_the_waiting_handlers_of_a_process(self):
        # The requests may still be on their way when the process is stopped for the first time.
        for _ in range(20):
            said = gdb("-p", self.service.pid)
            if len(self.waiting(said)) == WAITERS:
                break
        self.assertEqual(len(self.waiting(said)), WAITERS, said)
        self.assertRegex(said, r"\d+ fibers, and \d+ pooled stacks without one")

    @unittest.skipIf(PROGRAM and b"__asan_init" in PROGRAM.read_bytes(), "gdb writes no whole core of a program with AddressSanitizer")
    def test_the_waiting_handlers_of_a_core_file(self):
        self.test_the_waiting_handlers_of_a_process()  # the requests have arrived
        core = pathlib.Path(self.folder, "core")
        subprocess.run(["gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-p", str(self.service.pid), "-ex", f"generate-core-file {core}"], capture_output=True, timeout=240, check=True)
        self.assertEqual(len(self.waiting(gdb(PROGRAM, core))), WAITERS)


if __name__ == "__main__":
    if not shutil.which("gdb"):
        print("skipped: there is no gdb; scripts/setup installs it")
        sys.exit(77)
    unittest.main()
