"""The few words that the Docker tests speak. They run below scripts/dockerd, which gives them a daemon of their own."""
import json
import os
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*command, check=True, cwd=None, env=None):
    """What the command wrote to stdout."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=cwd, env={**os.environ, **(env or {})})
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout.rstrip("\n")


def docker(*words, **rules):
    return run("docker", *words, **rules)


def until(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.05)  # the daemon tells nobody: it has to be asked


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ask(url, method="GET", body=None, headers=None):
    """Status and content; (0, reason) where nobody answers."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers or {}, method=method), timeout=10) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError as error:
        return 0, str(error).encode()


class Container:
    """A container that runs in the background and is removed at the end."""

    def __init__(self, image, *words, command=()):
        self.id = docker("run", "--detach", *words, image, *command)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            print(self.logs()[-4000:])
        docker("rm", "--force", "--volumes", self.id, check=False)

    def inspect(self):
        return json.loads(docker("inspect", self.id))[0]

    def state(self):
        return self.inspect()["State"]

    def url(self, port=8080):
        return f"http://{self.inspect()['NetworkSettings']['IPAddress']}:{port}"

    def logs(self):
        return subprocess.run(["docker", "logs", self.id], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout

    def until_ready(self):
        until(lambda: self.inspect()["NetworkSettings"]["IPAddress"] and ask(self.url(9090) + "/readyz")[0] == 200, "the service to be ready")
        return self

    def wait(self):
        return int(docker("wait", self.id))
