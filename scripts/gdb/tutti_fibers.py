"""For gdb: `tutti-fibers` lists every fiber of the process with its handler, what it waits for and where.

    gdb -p PID -batch -x /usr/share/tutti/gdb/tutti_fibers.py -ex tutti-fibers
    gdb PROGRAM core -batch -x /usr/share/tutti/gdb/tutti_fibers.py -ex 'tutti-fibers 20'

The number is how many frames are shown of each (8). Works on a running process and on a core file; it writes nothing into
either. The program needs debug information (-g, CMAKE_BUILD_TYPE=RelWithDebInfo).

A fiber's control block lies at the upper end of its stack's mapping and says where the mapping begins: so they are found among
the mappings, and the process keeps no list for us. A stopped fiber's registers lie where its context switch left them
(boost::context's fcontext, System V x86-64: rbp at 0x38, rip at 0x40), and frame pointers lead on from there.
"""
import re

import gdb

RBP, RIP = 0x38, 0x40
HIDDEN = re.compile(r"^tutti::runtime::(Shard::(suspend|run_fiber|fiber_main)|\(anonymous namespace\)::begin)\b")


def word(address):
    return int.from_bytes(gdb.selected_inferior().read_memory(address, 8).tobytes(), "little")


def mappings():
    """(begin, end) of the readable mappings without a file; of a core file: of its segments."""
    for begin, end in re.findall(r"0x([0-9a-f]+) - 0x([0-9a-f]+) is load", gdb.execute("info files", to_string=True)):
        yield int(begin, 16), int(end, 16)
    for line in gdb.execute("info proc mappings", to_string=True).splitlines():
        found = re.match(r"\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+0x[0-9a-f]+\s+0x[0-9a-f]+\s*(\S*)\s*(.*)", line)
        if not found:
            continue
        begin, end, rights, name = found.groups()
        if "r" in (rights or "r") and not name.strip():
            yield int(begin, 16), int(end, 16)


def fibers(kind):
    """The control blocks, by the mapping that each must lie at the end of."""
    pointer = kind.pointer()
    for begin, end in mappings():
        at = (end - kind.sizeof) & ~63
        for candidate in range(at, max(at - 256, begin), -16):
            try:
                fiber = gdb.Value(candidate).cast(pointer).dereference()
                start, guard = int(fiber["mapping"]), int(fiber["guard_bytes"])
                if start + guard == begin and start + int(fiber["mapping_bytes"]) == end:
                    yield fiber
                    break
            except gdb.MemoryError:
                break


def frames(fiber, running):
    """Program counters, the innermost first."""
    if running:
        return
    machine = int(fiber["machine"])
    pc, frame = word(machine + RIP), word(machine + RBP)
    low, high = machine, int(fiber["mapping"]) + int(fiber["mapping_bytes"])
    while pc:
        yield pc
        if not low <= frame < high - 16:
            return
        low, pc, frame = frame + 16, word(frame + 8), word(frame)


def described(pc):
    """(function, place) of a return address."""
    block = gdb.block_for_pc(pc - 1)
    while block and block.function is None:
        block = block.superblock
    line = gdb.find_pc_line(pc - 1)
    if block:
        name = block.function.print_name
    else:
        found = re.match(r"(.*?)( \+ \d+)? in section", gdb.execute(f"info symbol {pc - 1}", to_string=True))
        name = found.group(1) if found else hex(pc)
    return name, f"{line.symtab.filename}:{line.line}" if line.symtab else ""


class TuttiFibers(gdb.Command):
    """tutti-fibers [FRAMES]: every fiber with its handler, what it waits for and where (8 frames, or FRAMES of them)."""

    def __init__(self):
        super().__init__("tutti-fibers", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        if argument and not argument.isdigit():
            raise gdb.GdbError("tutti-fibers: give the number of frames that are wanted, or nothing")
        try:
            kind = gdb.lookup_type("tutti::runtime::Fiber")
        except gdb.error:
            raise gdb.GdbError("tutti-fibers: the program has no debug information of tutti: build it and tutti with -g") from None
        shown, idle = 0, 0
        for fiber in fibers(kind):
            state = str(fiber["state"]).split("::")[-1]
            if state == "idle":
                idle += 1
                continue
            shown += 1
            self.show(fiber, state, int(argument or 8))
        print(f"{shown} fibers, and {idle} pooled stacks without one")

    @staticmethod
    def show(fiber, state, most):
        notes = [state]
        if state == "parked":
            notes.append("interruptible" if fiber["interruptible"] else "not interruptible")
        if fiber["cancelled"]:
            notes.append("cancelled")
        name = text(fiber["name"])
        print(f"fiber {int(fiber.address):#x} {name!r}: {', '.join(notes)}, shard {int(fiber['shard']):#x}")
        number = 0
        for pc in frames(fiber, state == "running"):
            function, place = described(pc)
            if HIDDEN.match(function):
                continue
            print(f"  #{number} {function} {place}".rstrip())
            number += 1
            if number == most:
                break


def text(view):
    """The text of a std::string_view (libstdc++: _M_len, _M_str)."""
    length, data = int(view["_M_len"]), view["_M_str"]
    return data.string(length=length) if length else ""


TuttiFibers()
