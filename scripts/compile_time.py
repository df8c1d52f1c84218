"""The headers stay light: a service file of the shop compiles in at most 1.9 times, a test file in at most 2.5 times the
CPU time of a file that only includes gtest (g++, -O0, median of 5)."""
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
SERVICE_MAX, TEST_MAX, RUNS = 1.9, 2.5, 5
SHOP = ROOT / "examples/shop"


def embed(kind, folder, namespace, name, header):
    """What tutti_embed() generates, so that no build has to come first."""
    subprocess.run(["cmake", f"-DFOLDER={folder}", f"-DHEADER={header}", f"-DNAMESPACE={namespace}", f"-DNAME={name}",
                    f"-DKIND={kind}", "-P", ROOT / "cmake/embed_sources.cmake"], check=True)


def cpu_seconds(source, includes):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["g++", "-std=c++20", "-O0", "-c", source, "-o", os.devnull, *[f"-I{i}" for i in includes]], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


with tempfile.TemporaryDirectory() as folder:
    gtest = pathlib.Path(folder) / "gtest_only.cpp"
    gtest.write_text("#include <gtest/gtest.h>\n")
    for migrations in SHOP.glob("*/migrations"):
        service = migrations.parent.name
        embed("migrations", migrations, service, "migrations", f"{folder}/{service}/migrations.hpp")
    embed("files", SHOP / "storefront/web", "storefront", "page", f"{folder}/storefront/page.hpp")
    includes = [ROOT / "include", SHOP, folder]
    files = {p: SERVICE_MAX for p in sorted(SHOP.glob("*/*.cpp")) if not p.stem.endswith("_test") and p.stem == p.parent.name}
    files |= {p: TEST_MAX for p in sorted(SHOP.glob("*/*_test.cpp"))}
    times = {p: [] for p in [gtest, *files]}
    for _ in range(RUNS):  # in turn, so that noise meets all alike
        for path in times:
            times[path].append(cpu_seconds(path, includes))

base = statistics.median(times[gtest])
print(f"gtest alone: {base:.2f} s CPU")
over = False
for path, limit in files.items():
    seconds = statistics.median(times[path])
    over |= seconds / base > limit
    print(f"{path.relative_to(ROOT)}: {seconds:.2f} s, {seconds / base:.2f} x (at most {limit} x){'  OVER' if seconds / base > limit else ''}")
sys.exit(1 if over else 0)
