"""Compose files as people write them, read by `tutti config` and by PyYAML with Compose's rules written out here once more:
both must come to the same."""
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

import yaml

TUTTI = os.path.abspath(sys.argv.pop(1))
FILES = pathlib.Path(__file__).with_name("compose_files")
SURROUNDINGS = {"PATH": os.environ["PATH"], "FLOW_UID": "1000", "ADMIN_USER": ""}
# A null of an environment must differ from an empty text; all else is text, as tutti reads it.
NULL = object()


class Loader(yaml.SafeLoader):
    pass


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in ("tag:yaml.org,2002:merge", "tag:yaml.org,2002:null")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}
Loader.add_constructor("tag:yaml.org,2002:null", lambda loader, node: NULL)


def interpolated(value):
    if isinstance(value, dict):
        return {key: interpolated(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [interpolated(inner) for inner in value]
    if not isinstance(value, str):
        return value

    def variable(match):
        if match.group() == "$$":
            return "$"
        return SURROUNDINGS.get(match.group(1)) or match.group(2)
    return re.sub(r"\$\$|\$\{(\w+):-([^}]*)\}", variable, value)


def words(value):
    return value if isinstance(value, list) else shlex.split(value)


def variables(value):
    if isinstance(value, list):
        value = {entry.partition("=")[0]: entry.partition("=")[2] for entry in value}
    return {key: text for key, text in value.items() if text is not NULL}


def duration(text):
    units = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)(ms|[smh])", text))


def port(value):
    if isinstance(value, dict):
        host, published, target = value.get("host_ip", ""), value.get("published", ""), value["target"]
    else:
        host, published, target = re.fullmatch(r"(?:(?:(\[.*\]|[\d.]*):)?([\d-]*):)?(\d+)(?:/tcp)?", value).groups()
    return "%s:%s -> %s" % (host or "127.0.0.1", published or "any", target)


def dependencies(value):
    if isinstance(value, list):
        value = {name: {} for name in value}
    shown = {"service_started": "", "service_healthy": " (healthy)", "service_completed_successfully": " (completed)"}
    return [name + shown[how.get("condition", "service_started")] for name, how in value.items()]


def health(value):
    test = value.get("test", "NONE")
    if value.get("disable") == "true" or test in ("NONE", ["NONE"]):
        return "none"
    if isinstance(test, str):
        return "/bin/sh -c " + test
    return " ".join(test[1:] if test[0] == "CMD" else ["/bin/sh", "-c", test[1]])


def waited_for(services):
    return {name for service in services.values() if isinstance(service.get("depends_on"), dict)
            for name, how in service["depends_on"].items() if how.get("condition") == "service_completed_successfully"}


def expected(text):
    """The services of the file as `tutti config` prints them, by name."""
    services = interpolated(yaml.load(text, Loader))["services"]
    out = {}
    for name, s in services.items():
        if s.get("profiles"):
            continue
        command = words(s.get("entrypoint", [])) + words(s.get("command", []))
        restart = s.get("restart", "no" if name in waited_for(services) else "always")
        lines = [("command", " ".join(command)), ("replicas", s.get("deploy", {}).get("replicas", s.get("scale", "1"))), ("transport", "http")]
        lines += [("port", port(p)) for p in s.get("ports", [])]
        lines += [("depends on", d) for d in sorted(dependencies(s.get("depends_on", {})))]
        lines += [("environment", "%s=%s" % entry) for entry in sorted(variables(s.get("environment", {})).items(), key=lambda e: e[0].encode())]
        lines += [("health", health(s.get("healthcheck", {}))), ("restart", restart),
                  ("stop", "%s, killed after %d ms" % (s.get("stop_signal", "SIGTERM"), duration(s.get("stop_grace_period", "10s"))))]
        out[name] = "".join("  %-16s%s\n" % line for line in lines)
    return out


def shown(text):
    """The services that were printed, by name; in which order one depends on others means nothing."""
    out = {}
    for block in re.split(r"\n\n(?=[\w.-]+\n  command  )", text)[1:]:
        name, lines = block.rstrip("\n").split("\n", 1)
        is_dependency = re.compile("  depends on ").match
        lines = lines.split("\n")
        ordered = iter(sorted(filter(is_dependency, lines)))
        out[name] = "".join((next(ordered) if is_dependency(line) else line) + "\n" for line in lines)
    return out


class ComposeFiles(unittest.TestCase):
    maxDiff = None

    def test_come_to_the_same_as_by_pyyaml(self):
        files = sorted(FILES.iterdir())
        self.assertGreater(len(files), 5)
        for file in files:
            with self.subTest(file.name):
                run = subprocess.run([TUTTI, "config", "-f", file], capture_output=True, text=True, env=SURROUNDINGS, cwd=tempfile.gettempdir())
                self.assertEqual(run.returncode, 0, run.stderr)
                self.assertEqual(shown(run.stdout), expected(file.read_text()))


unittest.main()
