"""A real Celery worker over the broker: results by rpc://, retries, a time in the future, remote control."""
import datetime
import os
import subprocess
import sys
import unittest

from broker_program import BrokerProgram, until


class Celery(BrokerProgram):
    words = ("--data", "data")

    def setUp(self):
        super().setUp()
        here = os.path.dirname(os.path.abspath(__file__))
        os.environ["BROKER_URL"] = "pyamqp://guest:guest@127.0.0.1:%d//" % self.port
        sys.path.insert(0, here)
        import celery_tasks
        self.tasks = celery_tasks
        with open(self.path("worker.log"), "wb") as log:
            self.worker = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "celery_tasks", "worker", "-c", "2", "-l", "INFO"],
                cwd=self.folder, env={**os.environ, "PYTHONPATH": here}, stdout=log, stderr=log)
        until(lambda: " ready." in self.said(), self.said, 60)

    def tearDown(self):
        self.worker.terminate()
        self.worker.wait(30)
        super().tearDown()

    def said(self):
        with open(self.path("worker.log")) as f:
            return f.read()

    def test_tasks_results_retries_and_control(self):
        results = [self.tasks.add.delay(n, 1) for n in range(50)]
        self.assertEqual([r.get(timeout=30) for r in results], list(range(1, 51)))

        self.assertEqual(self.tasks.stubborn.delay().get(timeout=30), 2)

        with self.assertRaisesRegex(ValueError, "no"):
            self.tasks.fail.delay().get(timeout=30)

        later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
        self.assertEqual(self.tasks.add.apply_async((1, 2), eta=later).get(timeout=30), 3)

        pongs = self.tasks.app.control.ping(timeout=5, limit=1)
        self.assertEqual([list(pong.values())[0] for pong in pongs], [{"ok": "pong"}])


if __name__ == "__main__":
    unittest.main()
