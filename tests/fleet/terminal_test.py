"""What `tutti up` prints, and where it cannot: colours, long lines, floods, readers that stop or go away."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
import unittest

from fleet_program import Fleet, text_of, until

TALKER = "services:\n  a: {restart: 'no', command: [sh, -c, 'echo hello; echo \"format=$$TUTTI_LOG_FORMAT\"']}\n  longer: {restart: 'no', command: ['true']}\n"


def processor_seconds(pid):
    fields = text_of("/proc/%d/stat" % pid).rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Terminal(Fleet):
    def on_terminal(self, text, columns=80):
        """What a person would see."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = self.up(text, stdout=slave, stderr=slave)
        os.close(slave)
        seen = b""
        try:
            while select.select([master], [], [], 30)[0]:
                seen += os.read(master, 65536)
        except OSError:  # the other end is closed
            pass
        os.close(master)
        self.ended(process)
        return seen.decode().replace("\r\n", "\n")

    def test_colours_names_and_keeps_services_readable(self):
        seen = self.on_terminal(TALKER)

        self.assertIn("\x1b[36ma      |\x1b[0m hello", seen)
        self.assertIn("| format=text", re.sub(r"\x1b\[\d+m", "", seen))
        names = set(re.findall(r"\x1b\[(\d+)m(a|longer) +[|*]", seen))
        self.assertEqual(len({colour for colour, _ in names}), 2, names)

    def test_what_failed_stands_out(self):
        seen = self.on_terminal("services:\n  a: {restart: 'no', command: ['false']}\n")

        self.assertIn("\x1b[1;31mexited with 1; it is not started again: restart is no\x1b[0m", seen)

    def test_no_color_takes_the_colours_only(self):
        self.environment["NO_COLOR"] = "1"
        seen = self.on_terminal(TALKER)

        self.assertNotIn("\x1b", seen)
        self.assertIn("a      | format=text\n", seen)

    def test_a_dumb_terminal_gets_no_colours(self):
        self.environment["TERM"] = "dumb"
        self.assertNotIn("\x1b", self.on_terminal(TALKER))

    def test_an_empty_no_color_says_nothing(self):
        self.environment["NO_COLOR"] = ""
        self.assertIn("\x1b[36m", self.on_terminal(TALKER))

    def test_a_file_gets_lines_without_colours_and_services_their_own_format(self):
        self.ended(self.up(TALKER))

        self.assertNotIn("\x1b", self.printed())
        self.assertIn("a      | format=\n", self.printed())
        self.assertRegex(self.printed(), r"longer \* exited with 0\n")

    def test_a_narrow_terminal_changes_nothing(self):
        seen = self.on_terminal("services:\n  %s: {restart: 'no', command: [echo, '%s']}\n" % ("n" * 40, "word " * 20), columns=20)

        self.assertIn("n" * 40 + " |\x1b[0m " + "word " * 20, seen)

    def test_one_long_name_does_not_push_the_others_to_the_side(self):
        self.ended(self.up("services:\n  a: {restart: 'no', command: ['true']}\n  %s: {restart: 'no', command: ['true']}\n" % ("n" * 60)))

        self.assertIn("\na" + " " * 23 + " * exited", self.printed())

    def test_tells_what_to_open_when_all_are_ready(self):
        port = 30000 + os.getpid() % 2000
        process = self.up("services:\n  web: {command: [sleep, '1000'], ports: ['0.0.0.0:%d:80']}\n  a: {command: [sleep, '1000']}\n" % port)
        self.until_ready()

        self.assertRegex(self.printed(), r"tutti \* all services are ready after \d+\.\d s; Ctrl-C stops them\n"
                                         r"tutti \* open http://127\.0\.0\.1:%d \(web\)\n$" % port)
        self.assertEqual(self.stopped(process), 0)


class Output(Fleet):
    def test_a_line_of_a_megabyte_arrives_in_pieces(self):
        self.ended(self.up("services:\n  a: {restart: 'no', command: [sh, -c, 'yes x | head -c 2000000 | tr -d \"\\n\"']}\n"))

        pieces = re.findall(r"a +\| (x+)\n", self.printed())
        self.assertEqual(sum(map(len, pieces)), 1_000_000)
        self.assertLessEqual(max(map(len, pieces)), 64 * 1024)

    def test_a_flood_is_printed_whole_and_keeps_nobody_else_from_printing(self):
        began = time.monotonic()
        process = self.up("services:\n  flood: {restart: 'no', command: [seq, '1', '500000']}\n"
                          "  calm: {command: [sh, -c, 'while :; do echo tick; sleep 0.1; done']}\n")
        self.until_printed(r"flood +\* exited with 0")
        took = time.monotonic() - began
        self.assertEqual(self.stopped(process), 0)

        numbers = re.findall(r"flood +\| (\d+)\n", self.printed())
        self.assertEqual(len(numbers), 500_000)
        self.assertEqual(numbers[0] + numbers[-1], "1500000")
        self.assertLess(took, 20)
        self.assertIn("calm  | tick", self.printed())

    def test_a_flood_without_end_does_not_hold_up_ctrl_c(self):
        process = self.up("services:\n  flood: {command: ['yes']}\n")
        self.until_printed(r"\| y\n")

        process.send_signal(signal.SIGINT)

        self.assertEqual(self.ended(process, 20), 0)

    def test_a_service_that_closes_its_output_runs_on_and_costs_nothing(self):
        process = self.up("services:\n  a: {command: [sh, -c, 'echo bye; exec >&- 2>&-; echo 1 > closed; exec sleep 1000']}\n")
        self.until_written("closed")
        self.until_printed(r"\| bye")
        before = processor_seconds(process.pid)

        end = time.monotonic() + 1
        until(lambda: time.monotonic() > end, "a second")

        self.assertLess(processor_seconds(process.pid) - before, 0.3)
        self.assertEqual(self.stopped(process), 0, self.printed())
        self.assertNotIn("restart 1", self.printed())

    def test_a_reader_that_goes_away_is_told_of_and_the_fleet_goes_on(self):
        read, write = os.pipe()
        process = self.up("services:\n  a: {command: [sh, -c, 'while :; do echo tick >> ticks; echo tick; sleep 0.05; done']}\n", stdout=write)
        os.close(write)
        os.read(read, 10)
        os.close(read)

        self.until_printed(r"^tutti: the output cannot be written any more: Broken pipe; the fleet goes on \(tutti ps shows it\)\n$")
        ticks = self.until_written("ticks").count("\n")
        until(lambda: text_of(self.path("ticks")).count("\n") > ticks + 3, "it ticks on")
        self.assertEqual(self.run_tutti("ps", "--data", "data").returncode, 0)
        self.assertEqual(self.stopped(process), 0)

    def test_a_reader_that_stops_reading_holds_up_neither_services_nor_ctrl_c(self):
        read, write = os.pipe()
        process = self.up("services:\n  a: {command: [sh, -c, 'seq 1 400000; echo 1 > written; exec sleep 1000']}\n", stdout=write)
        os.close(write)

        self.until_written("written")  # 5 MB that nobody has read

        process.send_signal(signal.SIGINT)
        self.assertEqual(self.ended(process, 15), 0)
        os.close(read)

    def test_a_reader_that_comes_back_is_told_what_it_missed(self):
        read, write = os.pipe()
        process = self.up("services:\n  a: {command: [sh, -c, 'seq 1 400000; echo 1 > written; exec sleep 1000']}\n", stdout=write)
        os.close(write)
        self.until_written("written")

        seen = b""
        while not re.search(rb"tutti \* \d+ lines were not printed: nobody read the output\n", seen):
            self.assertTrue(select.select([read], [], [], 20)[0], seen[-300:])
            seen += os.read(read, 65536)

        missed = int(re.search(rb"(\d+) lines were not printed", seen).group(1))
        self.assertEqual(len(re.findall(rb"a     \| \d+\n", seen)) + missed, 400_000)
        self.assertEqual(self.stopped(process), 0)
        os.close(read)

    def test_a_closed_stdout_is_no_file_of_the_fleet(self):
        process = self.up("services:\n  a: {command: [sh, -c, 'echo hello; exec sleep 1000']}\n", preexec_fn=lambda: os.close(1))
        self.until_ready()

        self.assertEqual(self.stopped(process), 0)

        self.assertEqual(text_of(self.path("data/fleet.lock")), "")
        self.assertEqual(self.printed(), "")


unittest.main()
