#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# coffer-monitor alone, with a peer that speaks its protocol (lib/monitor.py): streams, terminals, ends, and peers that
# do not behave.

setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	command -v busybox >/dev/null || skip "needs busybox-static"
}

# A test's body is Python on standard input.
py() {
	{
		echo 'from monitor import *'
		cat
	} | PYTHONPATH=$BATS_TEST_DIRNAME/lib PYTHONDONTWRITEBYTECODE=1 timeout 300 python3 - 3>&-
}

# --- The plain way ----------------------------------------------------------------------------------------------------

@test "a container's life, in order" {
	py <<-'END'
		c = Container("echo one; sleep 0.1; echo two >&2; sleep 0.1; echo three")
		peer = c.launch(OWNER, START)
		pid, start_time = struct.unpack("=i4xQ", peer.until(CREATED))
		stat = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
		assert start_time == int(stat[19])
		assert int(stat[1]) == c.pid, "it is the monitor's child"
		status = peer.exit()
		assert peer.kinds() == b"CR121X", peer.kinds()
		assert peer.out == b"one\nthree\n" and peer.err == b"two\n"
		assert (status["exitCode"], status["signal"], status["pid"]) == (0, 0, pid)
		assert 0 < status["startedAt"] < status["finishedAt"] < time.time_ns()
		assert c.status() == status
		assert c.wait() == 0
		c.assert_gone()
		assert [(e["stream"], e["log"]) for e in c.logged()] == [
		    ("stdout", "one\n"), ("stderr", "two\n"), ("stdout", "three\n")]
		assert os.listdir(c.dir).count("attach") == 0
		assert c.monitor_log() == ""
	END
}

@test "exit codes and signals" {
	py <<-'END'
		for script, code, sig in (("exit 0", 0, 0), ("exit 7", 7, 0), ("exit 255", 255, 0),
		                          ("kill -9 1; trap '' TERM; exit 3", 3, 0)):
		    c = Container(script)
		    status = c.run(OWNER)
		    assert (status["exitCode"], status["signal"]) == (code, sig), (script, status)
		    assert c.wait() == code
		for sig in (9, 15, 10):
		    c = Container("exec sleep 60")
		    if sig != 9: # process 1 of a namespace does not get what it does not handle
		        c.share_host_pids()
		    peer = c.launch(OWNER, START)
		    peer.until(STARTED)
		    peer.signal(sig)
		    status = peer.exit()
		    assert (status["exitCode"], status["signal"]) == (128 + sig, sig), status
		    c.wait()
		    c.assert_gone()
	END
}

@test "the program gets clean signals, streams and umask, and nothing of ours" {
	py <<-'END'
		c = Container("grep -E 'Sig(Blk|Ign)|Umask' /proc/self/status; ls /proc/1/fd; true")
		c.run(OWNER)
		fields = c.peer.out.decode().split()
		assert fields == ["Umask:", "0022", "SigBlk:", "0" * 16, "SigIgn:", "0" * 16, "0", "1", "2"], fields
	END
}

@test "ps shows whose monitor it is, and it holds nothing of its starter" {
	py <<-'END'
		foreign = os.path.join(os.environ["BATS_TEST_TMPDIR"], "foreign")
		os.dup2(os.open(foreign, os.O_WRONLY | os.O_CREAT), 77, inheritable=True)
		c = Container("echo ready; sleep 60", name="my-web")
		c.launch(OWNER, START).until_out(b"ready")
		assert open(f"/proc/{c.pid}/comm").read() == "coffer-monitor\n"
		assert open(f"/proc/{c.pid}/cmdline").read().split("\0")[:2] == ["coffer-monitor", "my-web"]
		assert os.getsid(c.pid) == c.pid
		# Files that its starter had open without meaning it to.
		files = {os.readlink(f"/proc/{c.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{c.pid}/fd")}
		assert foreign not in files and not any(name.endswith("/rootfs") for name in files), files
		c.peer.signal(9)
		c.peer.exit()
	END
}

@test "an idle monitor needs little memory" {
	[ "$COFFER_SANITIZED" = no ] || skip "sanitizers need more than the rest"
	py <<-'END'
		c = Container("for i in 1 2 3; do echo $i; done; echo ready; exec sleep 60", open_stdin=True)
		c.launch(OWNER, START).until_out(b"ready")
		time.sleep(0.2)
		rollup = dict(line.split()[:2] for line in list(open(f"/proc/{c.pid}/smaps_rollup"))[1:])
		assert int(rollup["Anonymous:"]) < 300, rollup # KiB; the rest is the program's file, shared by all
		c.peer.signal(9)
		c.peer.exit()
	END
}

@test "neither much output, nor restarts, nor health checks make it grow" {
	[ "$COFFER_SANITIZED" = no ] || skip "sanitizers need more than the rest"
	py <<-'END'
		records = os.path.join(os.environ["BATS_TEST_TMPDIR"], "records")
		os.mkdir(records)
		c = Container("seq 1 200000; [ -e /tmp/go ] || exit 1; exec sleep 60", restart=2, recordsPath=records,
		              health={"args": ["true"], "interval": 10**7, "timeout": 10**10, "startInterval": 10**7, "retries": 3})
		c.launch(START).until(STARTED)
		c.peer.close()
		wait_until(lambda: c.status()["restartCount"] >= 3)
		c.go()
		def checked():
		    try:
		        return len(json.load(open(os.path.join(records, "health.json")))["Log"]) == 5
		    except FileNotFoundError:
		        return False
		wait_until(lambda: c.status()["state"] == "running" and checked())
		rollup = dict(line.split()[:2] for line in list(open(f"/proc/{c.pid}/smaps_rollup"))[1:])
		assert int(rollup["Anonymous:"]) < 500, rollup # KiB; the rest is the program's file
		c.attach().stop(9)
		c.wait()
	END
}

@test "the root filesystem is an overlay where the plan says so" {
	py <<-'END'
		c = Container("echo new >/new; cat /lower; rm /lower; ls /")
		rootfs = os.path.join(c.dir, "rootfs")
		top, upper, work = (os.path.join(c.top, name) for name in ("top", "upper", "work"))
		for folder in (top, upper, work):
		    os.mkdir(folder)
		with open(os.path.join(top, "lower"), "w") as file:
		    file.write("from the top layer\n")
		c.plan |= {"lower": [top, rootfs], "upper": upper, "work": work}
		c.run(OWNER)
		lines = c.peer.out.decode().splitlines()
		assert lines[0] == "from the top layer" and "new" in lines and "lower" not in lines, lines
		assert open(os.path.join(upper, "new")).read() == "new\n"
		assert not os.path.exists(os.path.join(rootfs, "new")) and os.path.exists(os.path.join(top, "lower"))
		c.wait()
		c.assert_gone()
		# Without an upper directory nothing can be written.
		del c.plan["upper"], c.plan["work"]
		c.config["process"]["args"][2] = "cat /lower; echo x >/new || echo refused"
		os.unlink(os.path.join(c.dir, "status.json"))
		c.run(OWNER)
		assert c.peer.out == b"from the top layer\nrefused\n", c.peer.out + c.peer.err
		c.wait()
	END
}

# --- Output -----------------------------------------------------------------------------------------------------------

@test "a last line without a newline is delivered and logged" {
	py <<-'END'
		c = Container("printf 'a\nlast'; printf err >&2")
		c.run(OWNER)
		assert c.peer.out == b"a\nlast" and c.peer.err == b"err"
		assert {e["log"] for e in c.logged()} == {"a\n", "last", "err"}
	END
}

@test "much output arrives whole, in the log within its limit" {
	py <<-'END'
		lines = 600000 # more than three files of 10 MiB
		c = Container(f"seq 1 {lines}")
		c.run(OWNER)
		assert c.peer.out == b"".join(b"%d\n" % i for i in range(1, lines + 1))
		sizes = [os.path.getsize(c.log + suffix) for suffix in ("", ".1", ".2")]
		assert max(sizes) <= 10 << 20 and sizes[1] > 9 << 20, sizes
		assert not os.path.exists(c.log + ".3")
		assert c.logged()[-1]["log"] == f"{lines}\n"
	END
}

@test "output that nobody reads goes to the log all the same" {
	py <<-'END'
		c = Container("sleep 0.3; seq 1 100000")
		c.launch(START).until(STARTED)
		c.peer.close()
		wait_until(lambda: os.path.exists(c.cleaned))
		assert c.wait() == 0
		assert [int(e["log"]) for e in c.logged()] == list(range(1, 100001))
	END
}

@test "no log is kept where none is wanted" {
	py <<-'END'
		c = Container("echo hi", log=None)
		c.run(OWNER)
		assert c.peer.out == b"hi\n" and not os.path.exists(c.log)
	END
}

@test "somebody else who holds the stream open does not delay the end, nor takes the output away" {
	py <<-'END'
		c = Container("echo ready; sleep 0.3; seq 1 5000")
		peer = c.launch(OWNER, START)
		pid = struct.unpack("=i4xQ", peer.until(CREATED))[0]
		peer.until_out(b"ready")
		stranger = os.open(f"/proc/{pid}/fd/1", os.O_WRONLY)
		began = time.monotonic()
		peer.exit()
		assert time.monotonic() - began < STALL
		assert peer.out == b"ready\n" + b"".join(b"%d\n" % i for i in range(1, 5001))
		c.assert_gone()
	END
}

# --- Input ------------------------------------------------------------------------------------------------------------

@test "standard input is /dev/null unless it is wanted" {
	py <<-'END'
		c = Container("while ! [ -e /tmp/go ]; do sleep 0.02; done; stat -L -c %t,%T /proc/self/fd/0; cat; echo end")
		c.launch(OWNER, START).send(STDIN, b"ignored")
		open(os.path.join(c.dir, "rootfs/tmp/go"), "w").close()
		c.peer.exit()
		assert c.peer.out == b"1,3\nend\n", c.peer.out
	END
}

@test "input is echoed, and ends with an empty packet" {
	py <<-'END'
		c = Container("cat; echo end", openStdin=True)
		peer = c.launch(OWNER, START)
		peer.send(STDIN, b"hello\n")
		peer.until_out(b"hello\n")
		peer.send(STDIN, b"again")
		peer.send(STDIN)
		peer.exit()
		assert peer.out == b"hello\nagainend\n", peer.out
	END
}

@test "much input waits for a slow reader, while other peers are heard" {
	py <<-'END'
		import hashlib, threading
		c = Container("trap 'echo usr1' USR1; while ! [ -e /tmp/go ]; do sleep 0.02; done; sha256sum", openStdin=True)
		peer = c.launch(OWNER, START)
		peer.until(STARTED)
		data = os.urandom(20 << 20)
		def feed():
		    for at in range(0, len(data), 65535):
		        peer.send(STDIN, data[at:at + 65535])
		    peer.send(STDIN)
		feeder = threading.Thread(target=feed)
		feeder.start()
		time.sleep(0.5)
		assert feeder.is_alive(), "it is held back"
		other = c.attach()
		other.signal(10)
		other.until_out(b"usr1\n")
		c.go()
		peer.exit()
		feeder.join()
		assert hashlib.sha256(data).hexdigest().encode() in peer.out
	END
}

@test "stdin_once: input ends with the peer that gave it, or with the owner" {
	py <<-'END'
		c = Container("cat; echo end", openStdin=True, stdinOnce=True)
		c.launch(OWNER, START).until(STARTED)
		c.wait_for_socket()
		giver = c.attach()
		giver.send(STDIN, b"x")
		c.peer.until_out(b"x")
		giver.close()
		assert c.peer.exit()["exitCode"] == 0 and c.peer.out == b"xend\n"

		c = Container("cat; echo end", openStdin=True, stdinOnce=True)
		c.launch(OWNER, START).until(STARTED)
		c.peer.close()
		assert c.wait() == 0
	END
}

@test "without stdin_once it outlives its giver" {
	py <<-'END'
		c = Container("cat; echo end", openStdin=True)
		c.launch(OWNER, START).until(STARTED)
		c.wait_for_socket()
		for text in (b"one\n", b"two\n"):
		    giver = c.attach()
		    giver.send(STDIN, text)
		    c.peer.until_out(text)
		    giver.close()
		c.peer.send(STDIN)
		c.peer.exit()
		assert c.peer.out == b"one\ntwo\nend\n"
	END
}

@test "a program that closes its input does not hold anybody up" {
	py <<-'END'
		c = Container("exec <&-; echo closed; sleep 0.5", openStdin=True)
		peer = c.launch(OWNER, START)
		peer.until_out(b"closed")
		for _ in range(50):
		    peer.send(STDIN, b"x" * 60000)
		assert peer.exit()["exitCode"] == 0
	END
}

# --- Terminals --------------------------------------------------------------------------------------------------------

@test "a terminal: one stream, echo, size" {
	py <<-'END'
		c = Container("stty size; stty -echo; read line; echo \"got $line\"; sleep 0.2; stty size; echo err >&2",
		              terminal=True, openStdin=True)
		c.config["process"]["consoleSize"] = {"height": 30, "width": 100}
		peer = c.launch(OWNER, START)
		peer.until_out(b"30 100")
		peer.send(STDIN, b"hello\n")
		peer.until_out(b"got hello")
		peer.resize(50, 132)
		status = peer.exit()
		assert status["exitCode"] == 0
		assert b"50 132" in peer.out and b"err" in peer.out and peer.err == b"", peer.out
		assert {e["stream"] for e in c.logged()} == {"stdout"}
		c.assert_gone()
	END
}

@test "a terminal's interrupt, and its hang-up at the end" {
	py <<-'END'
		c = Container("trap 'echo interrupted; exit 4' INT; echo ready; while :; do sleep 0.05; done",
		              terminal=True, openStdin=True)
		peer = c.launch(OWNER, START)
		peer.until_out(b"ready")
		peer.send(STDIN, b"\x03")
		assert peer.exit()["exitCode"] == 4
		assert b"interrupted" in peer.out
	END
}

@test "a terminal's output arrives whole" {
	py <<-'END'
		c = Container("stty -opost; seq 1 200000", terminal=True)
		c.run(OWNER)
		assert c.peer.out == b"".join(b"%d\n" % i for i in range(1, 200001)), len(c.peer.out)
	END
}

@test "resizing without a terminal is nothing" {
	py <<-'END'
		c = Container("echo ready; sleep 0.2")
		peer = c.launch(OWNER, START)
		peer.until_out(b"ready")
		peer.resize(10, 10)
		assert peer.exit()["exitCode"] == 0
	END
}

# --- Peers ------------------------------------------------------------------------------------------------------------

@test "several peers get the same, and each gets the end" {
	py <<-'END'
		c = Container("while ! [ -e /tmp/go ]; do sleep 0.02; done; seq 1 50000; echo err >&2; exit 5")
		peer = c.launch(OWNER, START)
		peer.until(STARTED)
		c.wait_for_socket()
		others = [c.attach() for _ in range(3)]
		time.sleep(0.1)
		c.go()
		import threading
		threads = [threading.Thread(target=p.exit) for p in others]
		[t.start() for t in threads]
		assert peer.exit()["exitCode"] == 5
		[t.join() for t in threads]
		for other in others:
		    assert other.out == peer.out and other.err == b"err\n" and other.packets[-1] == peer.packets[-1]
	END
}

@test "a peer that does not read is dropped, and the container goes on (M3)" {
	py <<-'END'
		c = Container("seq 1 1000000; echo done >/tmp/done; sleep 60")
		c.launch(START).until(STARTED)
		began = time.monotonic()
		wait_until(lambda: os.path.exists(os.path.join(c.dir, "rootfs/tmp/done")))
		assert STALL - 1 < time.monotonic() - began < 3 * STALL
		assert c.logged()[-1]["log"] == "1000000\n"
		assert "a peer did not read" in c.monitor_log()
		wait_until(lambda: b"" == c.peer.sock.recv(65536))
		other = c.attach()
		other.signal(9)
		assert other.exit()["signal"] == 9
		wait_until(lambda: os.path.exists(c.cleaned))
	END
}

@test "the owner's pace is the container's: it is not dropped, and loses nothing (M3)" {
	py <<-'END'
		c = Container("seq 1 1000000; echo done >/tmp/done")
		peer = c.launch(OWNER, START)
		peer.until(STARTED)
		time.sleep(STALL + 2)
		assert not os.path.exists(os.path.join(c.dir, "rootfs/tmp/done"))
		assert peer.exit()["exitCode"] == 0
		assert peer.out.endswith(b"1000000\n")
	END
}

@test "an owner that goes, or is dropped, while output is on its way to it holds up nobody" {
	py <<-'END'
		for leave in (lambda p: p.send(b"?"), lambda p: p.close()):
		    c = Container("seq 1 200000; echo done >/tmp/done")
		    peer = c.launch(OWNER, START)
		    peer.until(STARTED)
		    time.sleep(1) # it does not read, and much more comes than there is room for
		    leave(peer)
		    wait_until(lambda: os.path.exists(os.path.join(c.dir, "rootfs/tmp/done")))
		    c.wait()
	END
}

@test "a peer that is slow gets everything, at its own speed" {
	py <<-'END'
		c = Container("seq 1 200000")
		peer = c.launch(OWNER, START)
		while packet := peer.receive():
		    time.sleep(0.02)
		assert peer.out == b"".join(b"%d\n" % i for i in range(1, 200001))
		assert peer.kinds() == b"CR1X"
	END
}

@test "peers that talk nonsense are dropped, and nobody else notices" {
	py <<-'END'
		c = Container("cat", openStdin=True)
		peer = c.launch(OWNER, START)
		peer.until(STARTED)
		c.wait_for_socket()
		nonsense = [b"Z", b"\0", b"1out", b"X{}", b"R", b"S", b"k", b"k\0\0\0\0", b"k\xff\xff\xff\x7f", b"w12345",
		            b"oo", b"i" * 65537, b"T", b"T" + struct.pack("=iii", 65, 0, 0),
		            b"T" + struct.pack("=iii", 15, -2, 0), b"T" + struct.pack("=iii", 15, 0, 99)]
		for packet in nonsense:
		    hostile = c.attach()
		    hostile.sock.send(packet)
		    assert hostile.receive() is None, packet
		peer.send(STDIN, b"fine")
		peer.send(STDIN)
		assert peer.exit()["exitCode"] == 0 and peer.out == b"fine"
		assert c.monitor_log().count("makes no sense") == len(nonsense)
	END
}

@test "more peers than there is place for are turned away" {
	py <<-'END'
		c = Container("echo ready; sleep 60")
		peer = c.launch(OWNER, START)
		peer.until_out(b"ready")
		c.wait_for_socket()
		others = [c.attach() for _ in range(15)]
		one_too_many = c.attach()
		assert one_too_many.receive() is None
		others[7].close()
		time.sleep(0.2)
		c.attach().signal(9)
		assert peer.exit()["signal"] == 9
	END
}

@test "who says something and leaves is heard, though output for it is on its way" {
	py <<-'END'
		# Not so much that the owner, who does not read, would hold it up.
		c = Container("while :; do echo $((n += 1)); sleep 0.2; done")
		c.launch(OWNER, START).until_out(b"1")
		c.wait_for_socket()
		os.kill(c.pid, signal.SIGSTOP)
		hasty = c.attach()
		hasty.send(RESIZE, b"\1\0\1\0") # something, so that it is heard after it was sent output
		os.kill(c.pid, signal.SIGCONT)
		hasty.receive()
		os.kill(c.pid, signal.SIGSTOP)
		time.sleep(0.5) # the next line waits for the monitor
		hasty.signal(9)
		hasty.close()
		os.kill(c.pid, signal.SIGCONT)
		assert c.peer.exit()["signal"] == 9
	END
}

@test "the attach socket is for its owner and root only" {
	py <<-'END'
		c = Container("echo ready; sleep 60")
		peer = c.launch(OWNER, START)
		peer.until_out(b"ready")
		path = os.path.join(c.dir, "attach")
		wait_until(lambda: os.path.exists(path))
		assert os.stat(path).st_mode & 0o777 == 0o600
		# Even if the file's mode let them in.
		for folder in (os.environ["BATS_TEST_TMPDIR"], c.top, c.dir):
		    os.chmod(folder, 0o755)
		os.chmod(path, 0o666)
		where = os.open(c.dir, os.O_RDONLY)
		child = os.fork()
		if child == 0:
		    try:
		        os.setresuid(65534, 65534, 65534)
		        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		        sock.connect(f"/proc/self/fd/{where}/attach")
		        sock.settimeout(TIMEOUT)
		        os._exit(0 if sock.recv(10) == b"" else 1)
		    except ConnectionResetError:
		        os._exit(0)
		    finally:
		        os._exit(2)
		assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
		peer.signal(9)
		peer.exit()
		assert "another user" in c.monitor_log()
	END
}

# --- Starting ---------------------------------------------------------------------------------------------------------

@test "a created container waits for its start" {
	py <<-'END'
		c = Container("echo started")
		peer = c.launch()
		peer.until(CREATED)
		c.wait_for_socket()
		assert c.status()["state"] == "created" and c.status()["startedAt"] == 0
		time.sleep(0.2)
		# Another than the starter may start it, and the starter may leave.
		other = c.attach()
		time.sleep(0.1)
		peer.close()
		time.sleep(0.2)
		other.send(OWNER)
		other.send(START)
		assert other.exit()["exitCode"] == 0
		assert other.out == b"started\n"
		c.assert_gone()
	END
}

@test "when its starter dies, a container that was only created is torn down" {
	py <<-'END'
		c = Container("echo never")
		c.launch(OWNER).until(CREATED)
		c.peer.close()
		assert c.wait() == 125
		c.assert_gone()
		assert c.status()["error"]["code"] == "E-CANCELLED"
		assert not c.is_locked() and os.path.exists(c.cleaned)
	END
}

@test "stopped or killed before its start" {
	py <<-'END'
		c = Container("echo never")
		c.launch(OWNER).until(CREATED)
		os.kill(c.pid, signal.SIGTERM)
		error = json.loads(c.peer.until(ERROR))
		assert error["code"] == "E-CANCELLED", error
		assert c.wait() == 125
		c.assert_gone()

		c = Container("echo never")
		c.launch(OWNER).until(CREATED)
		c.peer.signal(9)
		assert json.loads(c.peer.until(ERROR))["code"] == "E-CANCELLED"
		c.assert_gone()
	END
}

@test "what cannot be created or started says why, and leaves nothing" {
	py <<-'END'
		def nothing(c): pass
		def missing_program(c): c.config["process"]["args"] = ["nosuchprogram"]
		def not_executable(c): c.config["process"]["args"] = ["/dev/pts"]
		def broken_script(c):
		    with open(os.path.join(c.dir, "rootfs/bin/broken"), "w") as file:
		        file.write("#!/no/such\n")
		    os.chmod(os.path.join(c.dir, "rootfs/bin/broken"), 0o755)
		    c.config["process"]["args"] = ["broken"]
		def bad_config(c): c.config["process"]["cwd"] = 5
		def no_process(c): del c.config["process"]
		def bad_plan(c): c.plan["openStdin"] = "yes"
		def no_rootfs(c): shutil.rmtree(os.path.join(c.dir, "rootfs"))
		def no_log(c): c.plan["log"]["path"] = "/nonexistent/log"
		def bad_lower(c): c.plan["lower"] = ["/nonexistent"]
		for change, codes, status in (
		    (missing_program, ["E-EXEC-NOTFOUND"], 127), (not_executable, ["E-EXEC-DIR", "E-EXEC-PERM"], 126),
		    (broken_script, ["E-EXEC-INTERP"], 127), (bad_config, ["E-SPEC"], 125), (no_process, ["E-SPEC"], 125),
		    (bad_plan, ["E-INTERNAL"], 125), (no_rootfs, None, 125), (no_log, ["E-NOT-FOUND"], 125),
		    (bad_lower, None, 125)):
		    c = Container()
		    change(c)
		    peer = c.launch(OWNER, START)
		    error = json.loads(peer.until(ERROR))
		    assert peer.receive() is None, "ERROR is the last"
		    assert codes is None or error["code"] in codes, (change, error)
		    assert error["stage"] in ("create", "exec"), error
		    assert c.wait() == status, change
		    assert c.status()["exitCode"] == status and c.status()["error"] == error
		    assert not c.is_locked() and not os.path.exists(c.cleaned), change
		    c.assert_gone()
	END
}

@test "it waits for its plan, and ends with a starter who leaves before that" {
	py <<-'END'
		c = Container("echo planned")
		peer = c.launch(planned=False)
		c.write()
		peer.send(PLAN)
		peer.send(START)
		assert peer.exit()["exitCode"] == 0 and peer.out == b"planned\n"
		c.wait()
		for packet in None, START:
		    c = Container()
		    peer = c.launch(planned=False)
		    peer.send(packet) if packet else peer.sock.close()
		    assert c.wait() == 125
		    assert c.status()["state"] == "exited" and "is gone" in c.status()["error"]["message"]
		    assert not c.is_locked()
		    c.assert_gone()
	END
}

@test "without a starter and a lock it starts at once, and locks by itself" {
	py <<-'END'
		c = Container("echo hi; exec sleep 60")
		c.write()
		import subprocess
		command = [os.path.join(os.environ["COFFER_BIN"], "coffer-monitor"), "web", c.dir]
		process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
		wait_until(lambda: os.path.exists(c.log) and c.logged())
		assert c.is_locked()
		# There is one monitor for a container.
		second = subprocess.run(command, stdin=subprocess.DEVNULL)
		assert second.returncode == 125 and "locked" in c.monitor_log()
		c.attach().signal(9)
		assert process.wait(TIMEOUT) == 137
		c.assert_gone()
	END
}

@test "the wrong arguments: usage, 125" {
	run "$COFFER_BIN/coffer-monitor"
	[ "$status" -eq 125 ]
	[[ $output == usage:* ]]
	run "$COFFER_BIN/coffer-monitor" name relative/dir
	[ "$status" -eq 125 ]
	run "$COFFER_BIN/coffer-monitor" name /nonexistent
	[ "$status" -eq 125 ]
}

# --- Ends -------------------------------------------------------------------------------------------------------------

@test "the cleanup runs when nobody owns the end, and only then" {
	py <<-'END'
		c = Container()
		c.run(OWNER)
		c.wait()
		assert not os.path.exists(c.cleaned)
		c = Container()
		c.run()
		c.wait()
		assert os.path.exists(c.cleaned)
		# An owner that leaves as soon as it knows has still said that it will see to it.
		for _ in range(20):
		    c = Container()
		    c.launch(OWNER, START).until(EXIT)
		    c.peer.close()
		    c.wait()
		    assert not os.path.exists(c.cleaned)
	END
}

@test "when the cleanup runs, the lock is free and the end recorded" {
	py <<-'END'
		c = Container("exit 3")
		c.plan["cleanup"] = ["/bin/sh", "-c", f"flock -n {c.dir}/lock grep -c exitCode.:3 {c.dir}/status.json >{c.cleaned}"]
		c.run()
		c.wait()
		assert open(c.cleaned).read() == "1\n"
	END
}

@test "a cleanup that fails or is missing is noted, and that is all" {
	py <<-'END'
		c = Container("exit 3", cleanup=["/bin/false"])
		c.run()
		assert c.wait() == 3 and "failed with status 1" in c.monitor_log()
		c = Container("exit 3", cleanup=["/no/such/program"])
		c.run()
		assert c.wait() == 3 and "/no/such/program" in c.monitor_log()
	END
}

@test "an owner that is killed leaves the container running, and the end to the monitor" {
	py <<-'END'
		c = Container("echo ready; while ! [ -e /tmp/go ]; do sleep 0.02; done; echo later; exit 6")
		c.launch(OWNER, START).until_out(b"ready")
		c.peer.close() # which is what the monitor sees of a SIGKILL
		time.sleep(0.3)
		assert c.status()["state"] == "running" and c.processes() and c.is_locked()
		c.go()
		assert c.wait() == 6
		assert c.logged()[-1]["log"] == "later\n" and os.path.exists(c.cleaned)
		c.assert_gone()
	END
}

@test "a monitor that is killed frees its lock" {
	py <<-'END'
		c = Container("echo ready; sleep 60")
		c.launch(OWNER, START).until_out(b"ready")
		assert c.is_locked() and c.status()["state"] == "running"
		os.kill(c.pid, signal.SIGKILL)
		c.wait()
		assert not c.is_locked()
		try:
		    assert c.peer.receive() is None
		except ConnectionResetError:
		    pass
	END
}

@test "SIGTERM and SIGINT to the monitor are the container's stop signal" {
	py <<-'END'
		for sent, stop_signal, name in ((signal.SIGTERM, 0, "TERM"), (signal.SIGINT, 0, "TERM"),
		                                (signal.SIGTERM, 10, "USR1")):
		    c = Container(f"trap 'exit 9' {name}; echo ready; while :; do sleep 0.02; done", stopSignal=stop_signal)
		    c.launch(OWNER, START).until_out(b"ready")
		    for ignored in (signal.SIGHUP, signal.SIGUSR2, signal.SIGPIPE, signal.SIGALRM):
		        os.kill(c.pid, ignored)
		    os.kill(c.pid, sent)
		    assert c.peer.exit()["exitCode"] == 9
	END
}

@test "stop: the signal first, SIGKILL when its time is over, and the earliest time of several" {
	py <<-'END'
		c = Container("trap 'exit 9' TERM; echo ready; while :; do sleep 0.02; done")
		c.launch(OWNER, START).until_out(b"ready")
		c.peer.stop(timeout_ms=60000)
		assert c.peer.exit()["exitCode"] == 9

		deaf = "trap 'echo heard' TERM USR1; echo ready; while :; do sleep 0.02; done"
		c = Container(deaf, stopSignal=10)
		c.launch(OWNER, START).until_out(b"ready")
		c.peer.stop() # without a time
		c.peer.until_out(b"heard")
		c.peer.stop(15, 60000)
		c.peer.until_out(b"heard\nheard")
		c.peer.stop(15, 100)
		c.peer.stop(15, 60000)
		status = c.peer.exit()
		assert (status["exitCode"], status["signal"]) == (137, 9), status
		c.wait()
		c.assert_gone()
	END
}

@test "stop before the start is its end" {
	py <<-'END'
		c = Container("true")
		c.launch(OWNER).until(CREATED)
		c.peer.stop(timeout_ms=0)
		assert b"was stopped before it was started" in c.peer.until(ERROR)
		c.wait()
		c.assert_gone()
	END
}

@test "restarts: in place, after a pause that doubles, until it has failed often enough" {
	py <<-'END'
		c = Container("echo run >>/tmp/runs; cat /tmp/runs; exit 3", restart=1, restartMax=3)
		status = c.run(OWNER)
		assert (status["state"], status["exitCode"], status["restartCount"]) == ("restarting", 3, 1), status
		assert c.wait() == 3
		status = c.status()
		assert (status["state"], status["exitCode"], status["restartCount"]) == ("exited", 3, 3), status
		assert not status["stoppedByHand"]
		c.assert_gone()
		assert [e["log"] for e in c.logged()] == ["run\n"] * (1 + 2 + 3 + 4)
		assert os.path.exists(c.cleaned), "the first owner has gone with its run"
		assert c.monitor_log() == ""
	END
}

@test "restarts: not after success if only failure counts, and never without a policy" {
	py <<-'END'
		for plan in ({"restart": 1}, {"restart": 0}, {}):
		    c = Container("exit 0", **plan)
		    assert c.run(OWNER)["state"] == "exited"
		    assert c.status()["restartCount"] == 0
		c = Container("exit 1")
		assert c.run(OWNER)["state"] == "exited"
		assert not c.status()["stoppedByHand"]
	END
}

@test "restarts: who attaches meanwhile gets the next run, with its input" {
	py <<-'END'
		c = Container("echo $$ ready; read x; echo got $x; exit 1", openStdin=True, restart=2)
		c.launch(OWNER, START).until_out(b"ready")
		for word in (b"one", b"two", b"three"):
		    peer = c.peer if word == b"one" else c.attach()
		    if word != b"one":
		        wait_until(lambda: c.status()["state"] == "running")
		    peer.send(STDIN, word + b"\n")
		    status = peer.exit()
		    assert b"got " + word in peer.out and status["state"] == "restarting"
		peer = c.attach()
		peer.stop()
		wait_until(lambda: c.status()["state"] == "exited")
		c.wait()
		c.assert_gone()
	END
}

@test "restarts: stop or SIGKILL in the pause end it, as does our SIGTERM, which is nobody's hand" {
	py <<-'END'
		def in_long_pause():
		    c = Container("exit 1", restart=3)
		    c.launch(START, OWNER)
		    c.peer.exit()
		    wait_until(lambda: c.status()["restartCount"] > 4)
		    wait_until(lambda: c.status()["state"] == "restarting")
		    return c
		for act in (lambda p: p.stop(), lambda p: p.signal(9)):
		    c = in_long_pause()
		    peer = c.attach()
		    act(peer)
		    status = peer.exit()
		    assert (status["state"], status["exitCode"], status["stoppedByHand"]) == ("exited", 1, True), status
		    c.wait()
		    c.assert_gone()
		c = in_long_pause()
		os.kill(c.pid, signal.SIGTERM)
		c.wait()
		assert not c.status()["stoppedByHand"] and os.path.exists(c.cleaned)
		c.assert_gone()
	END
}

@test "restarts: what was stopped or killed on purpose stays down" {
	py <<-'END'
		for act in (lambda p: p.stop(timeout_ms=1000), lambda p: p.signal(9), lambda p: p.signal(15)):
		    c = Container("trap 'exit 4' TERM; echo ready; while :; do sleep 0.02; done", restart=2)
		    c.launch(OWNER, START).until_out(b"ready")
		    act(c.peer)
		    status = c.peer.exit()
		    assert status["state"] == "exited" and status["stoppedByHand"], status
		    c.wait()
		c = Container("trap 'exit 4' USR1; echo ready; while :; do sleep 0.02; done", restart=2)
		c.launch(OWNER, START).until_out(b"ready")
		c.peer.signal(10)
		assert c.peer.exit()["state"] == "restarting"
		wait_until(lambda: c.status()["state"] == "running")
		c.attach().stop(9)
		c.wait()
		c.assert_gone()
	END
}

@test "restarts: one that cannot be started again stays down, and says why" {
	py <<-'END'
		c = Container("rm /bin/sh; exit 1", restart=2)
		os.symlink("busybox", os.path.join(c.dir, "rootfs/bin/rm"))
		c.run(OWNER)
		assert c.wait() == 127
		status = c.status()
		assert (status["state"], status["exitCode"]) == ("exited", 127), status
		assert "sh" in status["error"]["message"]
		c.assert_gone()
	END
}

@test "a monitor killed in the pause leaves the last run's end" {
	py <<-'END'
		c = Container("exit 6", restart=2)
		c.launch(START, OWNER)
		c.peer.exit()
		wait_until(lambda: c.status()["restartCount"] > 3 and c.status()["state"] == "restarting")
		assert c.is_locked()
		os.kill(c.pid, signal.SIGKILL)
		wait_until(lambda: not c.is_locked())
		assert c.status()["exitCode"] == 6
	END
}

@test "all processes die with the first" {
	py <<-'END'
		c = Container("sleep 60 & sleep 60 & echo ready; read x", openStdin=True)
		peer = c.launch(OWNER, START)
		peer.until_out(b"ready")
		pids = c.processes()
		assert len(pids) == 3, pids
		peer.send(STDIN)
		peer.exit()
		assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)
		c.assert_gone()
	END
}

@test "also in the host's pid namespace, where the kernel does not see to it" {
	py <<-'END'
		c = Container("sleep 60 & sleep 60 & (sleep 60 & exec true) & echo ready; read x", openStdin=True)
		c.share_host_pids()
		peer = c.launch(OWNER, START)
		peer.until_out(b"ready")
		wait_until(lambda: len(c.processes()) == 4)
		pids = c.processes()
		peer.send(STDIN)
		assert peer.exit()["exitCode"] == 1
		assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)
		c.assert_gone()
	END
}

@test "orphans of the host's pid namespace are reaped while the container runs" {
	py <<-'END'
		c = Container("for i in 1 2 3 4 5; do (sleep 0.1 & exec true); done; sleep 0.4; echo ready; sleep 60")
		c.share_host_pids()
		c.launch(OWNER, START).until_out(b"ready")
		children = open(f"/proc/{c.pid}/task/{c.pid}/children").read().split()
		assert len(children) == 1, children
		c.peer.signal(9)
		c.peer.exit()
	END
}

@test "out of memory is recorded, with limit and peak" {
	[ -e /sys/fs/cgroup/memory ] || grep -qsw memory /sys/fs/cgroup/cgroup.controllers || skip "no memory controller"
	py <<-'END'
		c = Container("tail /dev/zero; exit 3")
		c.config["linux"]["resources"] = {"memory": {"limit": 16 << 20, "swap": 16 << 20}}
		c.config["mounts"][1:] = []
		os.mknod(os.path.join(c.dir, "rootfs/dev/zero"), 0o20666, os.makedev(1, 5))
		status = c.run(OWNER)
		assert status["exitCode"] == 3 and status["oomKilled"] is True, status
		assert status["memoryLimit"] == 16 << 20 and status["memoryPeak"] > 10 << 20, status
		c = Container("exit 3")
		assert c.run(OWNER)["oomKilled"] is False
	END
}

@test "nothing is left" {
	[ -z "$(pgrep -f "^coffer-monitor .*$BATS_RUN_TMPDIR/" || true)" ]
	[ -z "$(find /sys/fs/cgroup -maxdepth 2 -name "coffer-monitor-${BATS_RUN_TMPDIR: -6}-*")" ]
	run grep -F "$BATS_RUN_TMPDIR/" /proc/self/mountinfo
	[ -z "$output" ]
}
