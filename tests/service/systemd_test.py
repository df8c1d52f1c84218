"""What `abacus systemd` prints, judged by systemd itself."""
import os, re, shutil, subprocess, sys, tempfile, unittest

ABACUS = os.path.abspath(sys.argv.pop(1))


def run(*arguments):
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


class InAFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def unit(self, *flags):
        path = os.path.join(self.folder, "abacus.service")
        with open(path, "w") as file:
            subprocess.run([ABACUS, "systemd", *flags], stdout=file, check=True, timeout=60)
        return path


@unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd-analyze; Debian's package systemd has it")
class Judged(InAFolder):
    def exposure(self, *flags):
        code, text = run("systemd-analyze", "security", "--offline=true", "--no-pager", self.unit(*flags))
        self.assertEqual(code, 0, text)
        return float(re.search(r"Overall exposure level for abacus\.service: ([0-9.]+)", text)[1])

    def test_verify_finds_nothing(self):
        for flags in [], ["--abacus.key=50% of $x; 'y'"], ["--tutti.http.listen=0.0.0.0:443"]:
            with self.subTest(flags=flags):
                self.assertEqual(run("systemd-analyze", "verify", "--man=no", self.unit(*flags)), (0, ""))

    def test_it_exposes_little(self):
        self.assertLessEqual(self.exposure(), 1.4)

    def test_a_low_port_costs_one_capability(self):
        self.assertLessEqual(self.exposure("--tutti.http.listen=0.0.0.0:443"), 1.7)


class Path(InAFolder):
    def start_line(self, *command, folder=None):
        done = subprocess.run([*command, "systemd"], capture_output=True, text=True, cwd=folder, check=True, timeout=60)
        return re.search("^ExecStart=(.*)$", done.stdout, re.M)[1]

    def test_a_link_that_an_upgrade_switches_stays_a_link(self):
        os.mkdir(self.folder + "/1.0")
        os.symlink(ABACUS, self.folder + "/1.0/abacus")
        os.symlink("1.0", self.folder + "/current")

        self.assertEqual(self.start_line(self.folder + "/current/abacus"), self.folder + "/current/abacus")

    def test_a_relative_path_becomes_absolute(self):
        self.assertEqual(self.start_line("./" + os.path.basename(ABACUS), folder=os.path.dirname(ABACUS)), ABACUS)

    def test_a_call_that_names_no_path_finds_the_binary(self):
        binary = os.open(ABACUS, os.O_RDONLY)
        self.addCleanup(os.close, binary)
        call = "import os, sys; os.execve(int(sys.argv[1]), ['abacus', 'systemd'], os.environ)"
        done = subprocess.run([sys.executable, "-c", call, str(binary)],
                              pass_fds=[binary], capture_output=True, text=True, timeout=60)

        self.assertIn("\nExecStart=%s\n" % os.path.realpath(ABACUS), done.stdout, done.stderr)


if __name__ == "__main__":
    unittest.main()
