"""Runs a program with a broker of its own, whose URI it finds in BROKER_URI. Arguments: embedded or rabbitmq, the program
tutti, the program and its arguments."""
import os
import subprocess
import sys

from brokers import RABBITMQ, Embedded, RabbitMQ

kind, tutti, command = sys.argv[1], sys.argv[2], sys.argv[3:]
if kind == "rabbitmq" and not RABBITMQ.exists():
    print("skipped: rabbitmq-server is not installed")
    sys.exit(77)
broker = Embedded(tutti) if kind == "embedded" else RabbitMQ()
try:
    code = subprocess.run(command, env=dict(os.environ, BROKER_URI="amqp://guest:guest@127.0.0.1:%d" % broker.port)).returncode
finally:
    broker.end()
sys.exit(code)
