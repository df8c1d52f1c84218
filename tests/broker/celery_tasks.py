"""The tasks of celery_test.py, as a worker loads them."""
import os

import celery

app = celery.Celery("tasks", broker=os.environ["BROKER_URL"], backend="rpc://")
app.conf.update(broker_connection_retry=False, task_acks_late=True, worker_prefetch_multiplier=4)


@app.task
def add(a, b):
    return a + b


@app.task(bind=True, max_retries=3)
def stubborn(self):
    if self.request.retries < 2:
        raise self.retry(countdown=0.2)
    return self.request.retries


@app.task
def fail():
    raise ValueError("no")
