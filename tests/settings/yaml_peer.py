"""Prints documents that PyYAML writes and how PyYAML reads them, in the form of yaml_suite.mjs (without values: YAML 1.1
and 1.2 resolve plain scalars differently). Structures and styles are drawn at random from a fixed seed."""
import random
import string
import sys

import yaml

draw = random.Random(20)
ALPHABET = string.ascii_letters + string.digits + " " * 8 + ":#-?{}[],&*!|>'\"%@`\\/=~._+\n\té€🎵\x07"


def text():
    plain = ["", "null", "yes", "0x1f", "1e3", "~", "<<", "---", "...", "- a", "a: b", "a #b", " lead", "trail ", "two\n\nlines\n", "# no comment"]
    return draw.choice(plain) if draw.random() < 0.3 else "".join(draw.choice(ALPHABET) for _ in range(draw.randint(1, 60)))


def scalar():
    return draw.choice([text(), draw.randint(-10**9, 10**9), draw.random(), True, False, None])


def value(depth, leaf):
    kind = draw.random()
    if depth == 0 or kind < 0.4:
        return leaf()
    if kind < 0.7:
        return [value(depth - 1, leaf) for _ in range(draw.randint(0, 5))]
    return {text(): value(depth - 1, leaf) for _ in range(draw.randint(0, 5))}


def sized(string):
    return f"{len(string.encode())}:{string}"


def structure(node):
    if isinstance(node, yaml.ScalarNode):
        return ("q" if node.style else "p") + sized(node.value)
    if isinstance(node, yaml.SequenceNode):
        return "[" + "".join(map(structure, node.value)) + "]"
    return "{" + "".join("k" + sized(key.value) + structure(item) for key, item in node.value) + "}"


def show(name, document):
    for part in (name, "read", document, structure(yaml.compose(document, Loader=yaml.SafeLoader)), ""):
        sys.stdout.buffer.write(f"{len(part.encode())}\n{part}".encode())


shared = {"a": ["x", "y"], "b": {"c": "d"}}  # written with anchors and aliases
for number in range(1000):
    style = draw.choice([None, None, "'", '"', "|", ">"])
    content = value(4, text if style else scalar)  # a number in quotes would get a tag
    if number % 10 == 0:
        content = [shared, shared["a"], content, shared["b"]]
    show(f"drawn-{number}", yaml.safe_dump(
        content, default_style=style, default_flow_style=draw.choice([None, True, False]),
        allow_unicode=draw.choice([True, False]), width=draw.choice([20, 80, 1000]), indent=draw.choice([2, 3, 8]),
        explicit_start=draw.choice([True, False]), explicit_end=draw.choice([True, False]), sort_keys=False))
