"""Prints the ten slowest gtest cases and the reasons of skipped ones, from the XML reports of a run."""
import glob
import sys
import xml.etree.ElementTree as xml

cases, skipped = [], []
for path in sorted(glob.glob(sys.argv[1] + "/*.xml")):
    for case in xml.parse(path).getroot().iter("testcase"):
        name = f'{case.get("classname")}.{case.get("name")}'
        cases.append((float(case.get("time", "0")), name))
        for reason in case.iter("skipped"):
            skipped.append((name, (reason.get("message") or "").split("\n")[-1]))
print(f"{len(cases)} gtest cases; the slowest ten:")
for seconds, name in sorted(cases, reverse=True)[:10]:
    print(f"  {seconds:7.2f} s  {name}")
for name, reason in skipped:
    print(f"  skipped: {name}: {reason}")
