"""A service of this folder as a child process with free ports: what the tests ask of each of them."""
import json
import pathlib
import subprocess
import urllib.error
import urllib.request

from brokers import free_port


class ServiceProgram:
    def __init__(self, program, uri, folder, *more):
        """`uri`: of its broker; empty: none."""
        self.http, self.admin = free_port(), free_port()
        self.log = pathlib.Path(folder) / ("log-%d" % self.http)
        broker = ["--tutti.broker.uri=" + uri, "--tutti.broker.backoff_longest=500ms"] if uri else []
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [program, "--tutti.http.listen=127.0.0.1:%d" % self.http, "--tutti.admin.listen=127.0.0.1:%d" % self.admin,
                 "--tutti.data=" + str(folder), *broker, *more], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def ready(self):
        """Empty if it is, otherwise why not."""
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d/readyz" % self.admin, timeout=10):
                return ""
        except urllib.error.HTTPError as error:
            return error.read().decode()
        except OSError as error:
            return str(error)

    def get(self, path):
        """The JSON that it answers."""
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (self.http, path), timeout=10) as reply:
            return json.load(reply)

    def post(self, path, body, headers={}):
        """Status and text; 0 if there was no answer."""
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (self.http, path), json.dumps(body).encode(),
                                         {"content-type": "application/json", **headers})
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def metrics(self):
        with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % self.admin, timeout=10) as reply:
            return reply.read().decode()

    def metric(self, name):
        """The sum of the series whose line begins so."""
        return sum(float(line.rsplit(" ", 1)[1]) for line in self.metrics().splitlines() if line.startswith(name))

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        said = self.log.read_text()
        assert "ERROR: " not in said and "runtime error" not in said, said
