"""Benchmarks that are programs of their own: the codecs beside other libraries, fibers."""
import json
import re

from measuring import loaded

SIZES = ("small", "1 KB", "20 KB")
FIBERS = {"spawn": "enter a pooled fiber, run, return", "switch": "let others run", "mutex": "a mutex handed", "timer": "a timer armed"}


def codecs(options):
    program = options.program("codec_peers")
    if not program:
        print("\nthe codecs beside other libraries are left out: they are not installed (scripts/setup bench)")
        return None
    sizes = json.loads(loaded([program, "7" if options.quick else "21"]))
    print(f"\n{'codecs, ns':16} {'bytes':>6}  each: nanoseconds (how many times as long as tutti)")
    for size in sizes:
        for what in ("json decode", "json encode", "msgpack decode", "msgpack encode"):
            row = size[what]
            others = ", ".join(f"{name} {seen['ns']:.0f} ({seen['times']:.2f})" for name, seen in row.items() if name != "tutti")
            print(f"{what:16} {size['json_bytes' if what.startswith('json') else 'msgpack_bytes']:6}  tutti {row['tutti']['ns']:.0f}; {others or 'msgpack-cxx is left out: it is not installed (scripts/setup bench)'}")
    return dict(zip(SIZES, sizes))


def fibers(options):
    out = loaded([options.program("fiber_bench")])
    print("\n" + out.rstrip(), flush=True)
    return {name: float(re.search(rf"^{re.escape(line)}.*?([0-9.]+) ns$", out, re.M).group(1)) for name, line in FIBERS.items()}


def run(options, wanted):
    results = {}
    if wanted("codecs") and (sizes := codecs(options)):
        results["codecs"] = sizes
    if wanted("fibers"):
        results["fibers"] = fibers(options)
    return results
