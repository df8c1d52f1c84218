"""docs/guide/first-service.md, followed word for word in an empty folder: its files are written, its commands run, and what
they print is held against what the page says. Only the ports are others, so that it runs beside anything."""
import pathlib
import re
import socket
import subprocess

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/guide/first-service.md"
LINES_MAX = 60  # of the service and its test
READY = "for _ in $(seq 300); do build/counter health >/dev/null 2>&1 && break; sleep 0.1; done"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def files_of(page):
    return {name: text for name, text in re.findall(r"^`([\w.]+)`[^`]*(?:`[^`\n]+`[^`]*)*?\n```(?:cpp|cmake)\n(.*?)^```", page, re.M | re.S)}


def commands_of(page):
    """(command, what it prints)"""
    blocks = re.findall(r"^```console\n(.*?)^```", page, re.M | re.S)
    return [(command, expected) for block in blocks for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.M)]


def says(expected, printed):
    """`...` stands for anything."""
    at = 0
    for piece in expected.strip().split("..."):
        found = printed.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def follow(home, environment):
    """`home` is where the page finds $HOME/tutti. Returns what went wrong, as sentences."""
    page = PAGE.read_text()
    files, commands = files_of(page), commands_of(page)
    if len(files) != 5 or len(commands) < 6:
        return [f"the page has the files {sorted(files)} and {len(commands)} commands, expected 5 and at least 6"]
    lines = sum(len(text.splitlines()) for name, text in files.items() if name != "CMakeLists.txt")
    if lines >= LINES_MAX:
        return [f"the service and its test are {lines} lines long, expected less than {LINES_MAX}"]
    folder = home / "counter"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)

    http, admin = free_port(), free_port()
    script = ["set -o pipefail"]
    for command, _ in commands:
        script.append(command.replace("localhost:8080", f"localhost:{http}"))
        script.append(READY if command.endswith("&") else ":")
        script.append("echo; echo --- next")
    script.append("kill -INT %1; wait %1; echo drained with $?")
    environment = {**environment, "HOME": str(home), "TUTTI_HTTP_LISTEN": f"127.0.0.1:{http}", "TUTTI_ADMIN_LISTEN": f"127.0.0.1:{admin}"}
    # -m: a background job of a shell without it ignores SIGINT, and it is Ctrl-C that the page speaks of.
    done = subprocess.run(["bash", "-m", "-c", "\n".join(script)], cwd=folder, env=environment, text=True, timeout=280,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    printed = done.stdout.split("--- next\n")
    wrong = [f"{command}: printed\n{output}\nexpected\n{expected}" for (command, expected), output in zip(commands, printed) if not says(expected, output)]
    if "100% tests passed" not in printed[0]:
        wrong.append(f"{commands[0][0]}: expected every test to pass\n{printed[0]}")
    if "drained with 0" not in printed[-1]:
        wrong.append(f"Ctrl-C: {printed[-1]}, expected to be drained with 0")
    return wrong
