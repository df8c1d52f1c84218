"""What a push, and what a stranger's request, makes of the shop's webhook: the repository's hook and Debian's webhook are real, a
script that only writes down its words stands in for Buildbot's client."""
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
DELIVERY = ROOT / "examples/shop/delivery"
GITHUB = ROOT / "tests/foreign/node_modules/@octokit/webhooks-methods"
SECRET = "a secret of 25 characters"
ADA = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com", "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com"}


def until(condition, what):
    end = time.monotonic() + 30
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited 30 s in vain for {what}")
        time.sleep(0.02)


class Webhook(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tutti-webhook-"))
        self.addCleanup(shutil.rmtree, self.folder)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.repository, self.copy = self.folder / "shop.git", self.folder / "shop"
        self.git("init", "--quiet", "--bare", "--initial-branch", "main", self.repository, cwd=self.folder)
        shutil.copy(DELIVERY / "hooks/post-receive", self.repository / "hooks/")
        (self.repository / "delivery.secret").write_text(SECRET + "\n")
        self.git("config", "delivery.webhook", f"http://127.0.0.1:{self.port}/hooks/shop", cwd=self.repository)
        self.git("clone", "--quiet", self.repository, self.copy, cwd=self.folder)
        self.git("checkout", "--quiet", "-b", "main")

        (self.folder / "bin").mkdir()
        (self.folder / "deliveries").mkdir()
        (self.folder / "password").write_text("pass")
        self.sent, self.log, self.refusals = self.folder / "sent", self.folder / "log", self.folder / "refusals"
        self.sent.touch()
        buildbot = self.folder / "bin/buildbot"
        buildbot.write_text(f'#!/bin/sh\n[ ! -e {self.refusals} ] || {{ rm {self.refusals}; exit 1; }}\necho "$@" >>{self.sent}\n')
        buildbot.chmod(0o755)
        self.start()

    def start(self):
        with open(self.log, "a") as log:
            self.server = subprocess.Popen(
                ["webhook", "-template", "-hooks", DELIVERY / "webhook/hooks.yaml", "-ip", "127.0.0.1", "-port", str(self.port), "-verbose"], stdout=log, stderr=log,
                env={**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}", "WEBHOOK_SECRET": SECRET, "WEBHOOK_COMMAND": str(DELIVERY / "webhook/on-push"),
                     "DELIVERIES": str(self.folder / "deliveries"), "REPOSITORY": str(self.repository), "BUILDBOT": "127.0.0.1:1", "BUILDBOT_PASSWORD_FILE": str(self.folder / "password")})
        self.addCleanup(self.stop)
        until(lambda: self.request(b"", method="GET", path="/")[0] == 200, "webhook")

    def stop(self):
        self.server.terminate()
        self.server.wait()

    def git(self, *words, cwd=None):
        done = subprocess.run(["git", *map(str, words)], cwd=cwd or self.copy, env={**os.environ, **ADA}, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip() + done.stderr.strip()

    def commit(self, message):
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def request(self, body, signature=None, event="push", delivery=None, method="POST", path="/hooks/shop", **headers):
        signature = signature if signature is not None else "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        words = {"Content-Type": "application/json", "X-GitHub-Event": event, "X-GitHub-Delivery": delivery or str(uuid.uuid4()), "X-Hub-Signature-256": signature, **headers}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, {name: value for name, value in words.items() if value})
            reply = connection.getresponse()
            return reply.status, reply.read()
        except OSError as error:
            return 0, str(error).encode()
        finally:
            connection.close()

    def event(self, commit, ref="refs/heads/main"):
        return json.dumps({"ref": ref, "after": commit, "pusher": {"name": "ada"}}).encode()

    def built(self, handled):
        """The commits that Buildbot was told of, once so many events have been handled."""
        until(lambda: self.log.read_text().count("finished handling shop") >= handled, f"{handled} events to be handled:\n{self.log.read_text()}")
        return [line.split("--revision ")[1].split()[0] for line in self.sent.read_text().splitlines()]

    def test_a_push_of_main_is_built_and_no_other(self):
        commit = self.commit('it "quotes" $(and) more\n\nover lines; ünd Zeichen')
        self.assertEqual(self.git("push", "--quiet", "origin", "HEAD:main"), "")
        self.assertEqual(self.built(1), [commit])
        self.assertIn("--branch main", self.sent.read_text())
        self.git("tag", "v1")
        self.git("push", "--quiet", "origin", "v1", "HEAD:refs/heads/other")
        self.git("push", "--quiet", "origin", ":other")
        self.assertEqual(self.built(4), [commit])

    @unittest.skipUnless(GITHUB.is_dir(), "npm's @octokit is missing; make setup installs it")
    def test_githubs_own_event_and_signature_are_taken(self):
        send = ["node", pathlib.Path(__file__).with_name("github_push.cjs"), f"http://127.0.0.1:{self.port}/hooks/shop"]
        self.assertEqual(subprocess.run([*send, SECRET], capture_output=True, text=True, check=True).stdout, "202\n")
        self.assertEqual(subprocess.run([*send, "wrong"], capture_output=True, text=True, check=True).stdout, "403\n")
        self.assertEqual(self.built(1), [], "it is of another repository")

    def test_what_is_not_signed_is_refused(self):
        commit = self.commit("one")
        self.git("push", "--quiet", "origin", "HEAD:main")
        body = self.event(commit)
        other = "sha256=" + hmac.new(b"another secret", body, hashlib.sha256).hexdigest()
        old = "sha1=" + hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()
        for signature in (other, old, "sha256=", "sha256=zz", "0" * 64, False):
            self.assertEqual(self.request(body, signature=signature)[0], 403, signature)
        good = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        self.assertEqual(self.request(self.event("0" * 40), signature=good)[0], 403, "the signature of another body")
        self.assertEqual(self.built(1), [commit])

    def test_what_is_no_push_event_is_refused(self):
        body = self.event(self.commit("one"))
        self.assertEqual(self.request(body, event="issues")[0], 403)
        for delivery in ("1", "../../etc/passwd", str(uuid.uuid4()) + "x"):
            self.assertEqual(self.request(body, delivery=delivery)[0], 403, delivery)
        self.assertEqual(self.request(body, method="GET")[0], 405)
        self.assertEqual(self.request(body, path="/hooks/other")[0], 404)
        self.assertEqual(self.sent.read_text(), "")

    def test_a_replay_builds_nothing(self):
        first = self.commit("one")
        self.git("push", "--quiet", "origin", "HEAD:main")
        self.assertEqual(self.built(1), [first])
        second, delivery = self.commit("two"), str(uuid.uuid4())
        self.git("push", "--quiet", "origin", "HEAD:main")
        self.assertEqual(self.built(2), [first, second])
        # The old event is still signed; its commit is not what main points to. The new one comes twice under one id.
        self.assertEqual(self.request(self.event(first))[0], 202)
        self.assertEqual(self.built(3), [first, second])
        self.assertEqual(self.request(self.event(second), delivery=delivery)[0], 202)
        self.built(4)
        self.assertEqual(self.request(self.event(second), delivery=delivery)[0], 202)
        self.assertEqual(self.built(5), [first, second, second])

    def test_large_and_broken_bodies_leave_it_working(self):
        megabytes = b'{"ref": "' + b"x" * 10_000_000 + b'"}'
        self.assertEqual(self.request(megabytes, signature="sha256=" + "0" * 64)[0], 403)
        for body in (b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"ref": 1}'):
            self.assertNotIn(self.request(body, signature="sha256=" + "0" * 64)[0], (0, 202), body[:20])
        commit = self.commit("after all of that")
        self.git("push", "--quiet", "origin", "HEAD:main")
        self.assertEqual(self.built(1), [commit])

    def test_a_push_is_taken_while_the_webhook_is_down(self):
        self.stop()
        commit = self.commit("nobody hears it")
        self.assertIn("the webhook was not told of refs/heads/main", self.git("push", "--quiet", "origin", "HEAD:main"))
        self.assertEqual(self.git("ls-remote", self.repository, "main").split()[0], commit)

    def test_a_ci_server_that_is_down_is_told_later(self):
        self.refusals.touch()
        commit = self.commit("one")
        self.git("push", "--quiet", "origin", "HEAD:main")
        self.assertEqual(self.built(1), [commit])


class Steps(unittest.TestCase):
    """The frame around every step, with a copy of the steps and a step of the test's own."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tutti-steps-"))
        self.addCleanup(shutil.rmtree, self.folder)
        shutil.copytree(DELIVERY, self.folder / "shop/delivery")
        (self.folder / "shop/CMakeLists.txt").write_text("project(shop VERSION 1.2.3)\n")
        self.out = self.folder / "out"

    def step(self, body, name="try"):
        file = self.folder / "shop/delivery/steps" / name
        file.write_text(f'#!/usr/bin/env bash\n. "$(dirname "$0")/common" 1\n{body}\n')
        file.chmod(0o755)
        return subprocess.run([file], capture_output=True, text=True, cwd="/", env={**os.environ, "OUT": str(self.out)})

    def test_what_a_step_says_is_shown_and_kept_with_its_time(self):
        done = self.step('echo "version $version"; fail "no"')
        self.assertEqual((done.returncode, done.stdout), (1, "version 1.2.3\ntry: no\n"))
        self.assertEqual((self.out / "try.log").read_text(), done.stdout)
        self.assertRegex((self.out / "times").read_text(), r"^try \d+ 1\n$")

    def test_a_step_that_takes_too_long_is_stopped(self):
        done = self.step("sleep 600")
        self.assertEqual(done.returncode, 124)
        self.assertIn("try took longer than 1 s and was stopped", (self.out / "try.log").read_text())

    def test_the_report_is_a_line_for_each_step(self):
        self.step("true", "one")
        self.step("exit 3", "two")
        done = subprocess.run([self.folder / "shop/delivery/steps/report"], capture_output=True, text=True, env={**os.environ, "OUT": str(self.out)})
        self.assertRegex(done.stdout, r"^one +\d+\.\d s  ok\ntwo +\d+\.\d s  failed \(exit 3\)\n$")


if __name__ == "__main__":
    missing = [program for program in ("webhook", "jq", "git", "curl") if not shutil.which(program)]
    if missing:
        print(f"skipped: {', '.join(missing)} is missing; scripts/setup delivery installs it")
        sys.exit(77)
    unittest.main()
