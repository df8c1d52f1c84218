"""examples/shop/delivery/ssh/deploy: versions come to two hosts, a bad one goes back. Twice: with ssh and scp replaced by ones that
run everything in a folder for each host, and with the real ones and an sshd of the test's own."""
import getpass, os, pwd, shutil, signal, socket, subprocess, sys, tempfile, unittest, urllib.request

BINARIES = os.path.abspath(sys.argv.pop(1))
DEPLOY = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../examples/shop/delivery/ssh/deploy"))
NAME = "shop-payments"

SSH = """#!/bin/sh
# ssh OPTIONS HOST COMMAND
while [ $# -gt 2 ]; do shift; done
[ -d "$HOSTS/$1" ] || exit 255
cd "$HOSTS/$1" && exec sh -c "$2"
"""
SCP = """#!/bin/sh
# scp OPTIONS FILE HOST:PATH
while [ $# -gt 2 ]; do shift; done
exec cp "$1" "$HOSTS/${2%%:*}/${2#*:}"
"""
# What systemd does on a real host. A zombie has ended: who reaps it is not our matter.
RESTART = """#!/bin/sh
cd "$(dirname "$0")" && . ./env
if [ -e pid ]; then
  kill "$(cat pid)"
  while grep -q '^State:[[:space:]]*[^Z]' "/proc/$(cat pid)/status" 2>/dev/null; do sleep 0.05; done
fi
setsid opt/shop-payments/current/shop-payments >>log 2>&1 </dev/null &
echo $! >pid
"""
# It starts, and stays unhealthy.
UNHEALTHY = """#!/bin/sh
case "$1" in
  --version) echo "payments 9 (contract 1.0)" ;;
  health) echo "the card processor is not reachable" >&2; exit 1 ;;
  *) exec sleep 600 ;;
esac
"""
# As a host without its libraries answers.
NO_LIBRARIES = """#!/bin/sh
echo "error while loading shared libraries" >&2
exit 127
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)


class Host:
    def __init__(self, folder):
        self.folder = folder
        self.admin = free_port()
        write(folder + "/env", "export TUTTI_DATA=. TUTTI_HTTP_LISTEN=127.0.0.1:%d TUTTI_ADMIN_LISTEN=127.0.0.1:%d\n" % (free_port(), self.admin))
        write(folder + "/restart", RESTART, 0o755)

    def versions(self):
        return sorted(os.listdir(self.folder + "/opt/" + NAME))

    def current(self):
        return os.readlink("%s/opt/%s/current" % (self.folder, NAME))

    def running(self):
        with open(self.folder + "/pid") as file:
            return os.readlink("/proc/%s/exe" % file.read().strip()).split("/")[-2]

    def ready(self):
        with urllib.request.urlopen("http://127.0.0.1:%d/readyz" % self.admin, timeout=10) as answer:
            return answer.status == 200

    def stop(self):
        if os.path.exists(self.folder + "/pid"):
            with open(self.folder + "/pid") as file:
                os.kill(int(file.read()), signal.SIGKILL)


class Story:
    """What holds whatever carries it to the hosts."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.hosts = [Host(self.folder + "/hosts/" + name) for name in ("one", "two")]
        for host in self.hosts:
            self.addCleanup(host.stop)
        self.environment = dict(os.environ, ROOT="opt", RESTART="./restart", HEALTH=". ./env; opt/%s/current/%s health" % (NAME, NAME),
                                HEALTH_SECONDS="20", SSH_OPTIONS="", HOSTS=self.folder + "/hosts")
        self.connect()

    def binary(self, text=None):
        path = "%s/built-%d/%s" % (self.folder, len(os.listdir(self.folder)), NAME)
        if text is None:
            os.makedirs(os.path.dirname(path))
            shutil.copy(os.path.join(BINARIES, NAME), path)
        else:
            write(path, text, 0o755)
        return path

    def deploy(self, binary, version, *hosts, **environment):
        done = subprocess.run([DEPLOY, binary, version, *(hosts or ("one", "two"))], env=dict(self.environment, **environment),
                              capture_output=True, text=True, timeout=200)
        return done.returncode, done.stdout + done.stderr

    def expect(self, code, got):
        self.assertEqual(got[0], code, got[1])
        return got[1]

    def state(self):
        return [(host.current(), host.running(), host.ready()) for host in self.hosts]

    def test_a_new_version_and_back_again(self):
        self.expect(0, self.deploy(self.binary(), "1.0"))
        self.expect(0, self.deploy(self.binary(), "1.1"))
        self.assertEqual(self.state(), [("1.1", "1.1", True)] * 2)

        self.expect(0, self.deploy(self.binary(), "1.0"))
        self.assertEqual(self.state(), [("1.0", "1.0", True)] * 2)

    def test_an_unhealthy_version_goes_back_and_never_reaches_the_second_host(self):
        self.expect(0, self.deploy(self.binary(), "1.0"))

        told = self.expect(1, self.deploy(self.binary(UNHEALTHY), "2.0", HEALTH_SECONDS="2"))

        self.assertIn("the card processor is not reachable", told)
        self.assertIn("one: 1.0 runs again", told)
        self.assertEqual(self.state(), [("1.0", "1.0", True)] * 2)
        self.assertNotIn("2.0", self.hosts[1].versions())

    def test_what_does_not_run_on_the_host_disturbs_nothing(self):
        self.expect(0, self.deploy(self.binary(), "1.0", "one"))
        with open(self.hosts[0].folder + "/pid") as file:
            before = file.read()

        told = self.expect(1, self.deploy(self.binary(NO_LIBRARIES), "2.0", "one"))

        self.assertIn("error while loading shared libraries", told)
        with open(self.hosts[0].folder + "/pid") as file:
            self.assertEqual(file.read(), before)
        self.assertEqual(self.hosts[0].current(), "1.0")


class Folders(Story, unittest.TestCase):
    def connect(self):
        write(self.folder + "/path/ssh", SSH, 0o755)
        write(self.folder + "/path/scp", SCP, 0o755)
        self.environment["PATH"] = self.folder + "/path:" + os.environ["PATH"]

    def test_a_first_version_that_fails_leaves_the_host_to_its_owner(self):
        told = self.expect(1, self.deploy(self.binary(UNHEALTHY), "1.0", HEALTH_SECONDS="1"))

        self.assertIn("there is no version before it", told)

    def test_a_host_that_is_not_reached_stops_it(self):
        told = self.expect(1, self.deploy(self.binary(), "1.0", "nowhere", "one"))

        self.assertIn("nowhere: not reached", told)
        self.assertFalse(os.path.exists(self.hosts[0].folder + "/opt"))

    def test_run_again_it_goes_on_where_it_stopped(self):
        binary = self.binary()
        self.expect(1, self.deploy(binary, "1.0", "one", "nowhere", "two"))

        told = self.expect(0, self.deploy(binary, "1.0"))

        self.assertIn("one: runs 1.0 already", told)
        self.assertIn("two: runs 1.0\n", told)

    def test_old_versions_are_forgotten_but_never_the_one_to_go_back_to(self):
        for version in "1.0", "1.1", "1.2":
            self.expect(0, self.deploy(self.binary(), version, "one", KEEP="2"))
        self.assertEqual(self.hosts[0].versions(), ["1.1", "1.2", "current"])

        self.expect(0, self.deploy(self.binary(), "1.3", "one", KEEP="1"))
        self.assertEqual(self.hosts[0].versions(), ["1.2", "1.3", "current"])

    def test_what_it_cannot_use_is_refused(self):
        for arguments in [], ["1.0"], ["1/0", "one"], ["current", "one"], ["..", "one"], ["$(id)", "one"]:
            with self.subTest(arguments=arguments):
                done = subprocess.run([DEPLOY, self.binary(), *arguments], env=self.environment, capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 2, done.stderr)


def no_sshd():
    if not (shutil.which("sshd") or os.path.exists("/usr/sbin/sshd")):
        return "there is no sshd; Debian's openssh-server has it"
    if os.getuid() == 0 and "sshd" not in [user.pw_name for user in pwd.getpwall()]:
        return "there is no user sshd; Debian's openssh-server makes it"
    if os.getuid() == 0 and not os.path.isdir("/run/sshd"):
        return "there is no /run/sshd; the service ssh makes it"
    return None


@unittest.skipIf(no_sshd(), no_sshd())
class OverSsh(Story, unittest.TestCase):
    """Both hosts are one sshd on a loopback port; which one is meant decides the folder where the commands start."""

    def connect(self):
        keys = self.folder + "/keys"
        os.mkdir(keys)
        for key in "host", "one", "two":
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", keys + "/" + key], check=True)
        allowed = ""
        for name in "one", "two":
            with open(keys + "/%s.pub" % name) as file:
                allowed += 'command="cd %s/hosts/%s && eval \\"$SSH_ORIGINAL_COMMAND\\"" %s' % (self.folder, name, file.read())
        write(keys + "/allowed", allowed)
        port = free_port()
        write(keys + "/sshd_config", "ListenAddress 127.0.0.1:%d\nHostKey %s/host\nAuthorizedKeysFile %s/allowed\nPidFile none\n"
              "StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n"
              "Subsystem sftp /usr/lib/openssh/sftp-server\n" % (port, keys, keys))
        write(keys + "/config", "Host *\n  HostName 127.0.0.1\n  Port %d\n  User %s\n  IdentityFile %s/%%n\n  IdentitiesOnly yes\n"
              "  UserKnownHostsFile %s/known\n  HostKeyAlias host\n" % (port, getpass.getuser(), keys, keys))
        with open(keys + "/host.pub") as file:
            write(keys + "/known", "host " + file.read())
        self.environment["SSH_OPTIONS"] = "-F %s/config" % keys
        sshd = shutil.which("sshd") or "/usr/sbin/sshd"
        daemon = subprocess.Popen([sshd, "-D", "-e", "-f", keys + "/sshd_config"], stderr=subprocess.PIPE, text=True)
        self.addCleanup(daemon.communicate)
        self.addCleanup(daemon.terminate)  # this one first
        told = ""
        for line in daemon.stderr:
            told += line
            if "listening" in line:
                return
        self.fail("sshd did not start: " + told)


if __name__ == "__main__":
    unittest.main()
