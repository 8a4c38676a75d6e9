# SPDX-License-Identifier: Apache-2.0
#
# Judge what one test file printed in TAP, for tests/run.
#
# Input: the file's output. Variables: status (its exit status), seconds (its time limit), reports (how many files
# sanitizers wrote), ms (the time it took), counts (the file to write "passed failed skipped" to).
# Output: one line of counts, then every failure with what was printed around it, and every skip with its reason.

function note(line) { notes = notes "    " line "\n" }

# What was printed outside TAP belongs to the result that follows it, or to the crash.
function flush_stray(   i) {
	for (i = stray > 20 ? stray - 20 : 0; i < stray; i++)
		note("  | " strays[i])
	stray = 0
}

function fail(reason) { failed++; note(reason) }

# cmocka indents its plan, and prints one per group of tests.
/^[ \t]*1\.\.[0-9]+/ {
	plans++
	plan = $0
	sub(/^[ \t]*1\.\./, "", plan)
	planned += plan + 0
	if (plan + 0 == 0 && tolower(plan) ~ /# *skip/) {
		skipped++
		sub(/^[^#]*# */, "", plan)
		note(plan)
	}
	next
}

# cmocka says "not ok 1 # SKIP name".
/^(not )?ok( |$)/ && tolower($0) ~ /# *skip/ {
	seen++
	skipped++
	in_failure = stray = 0
	line = $0
	sub(/^(not )?ok */, "", line)
	note("skipped " line)
	next
}

/^ok( |$)/ {
	seen++
	passed++
	in_failure = stray = 0
	next
}

/^not ok( |$)/ {
	seen++
	fail($0)
	flush_stray()
	in_failure = 1
	next
}

/^Bail out!/ { fail($0); next }

in_failure { note("  " $0); next }

# A comment of TAP that explains no failure; bats marks its own warnings so.
/^#/ && !/warning/ { next }

{ strays[stray++] = $0 }

END {
	missing = planned - seen
	if (status == 124)
		note("stopped after " seconds " s")
	if (missing > 0) {
		note(missing " of " planned " tests did not run")
		failed += missing
	}
	if (!plans)
		fail("printed no plan")
	else if (planned + seen + skipped == 0)
		fail("holds no test")
	else if (status != 0 && failed == 0)
		fail("exit status " status ", though no test failed")
	if (reports > 0)
		fail(reports " sanitizer report" (reports > 1 ? "s" : ""))
	if (failed)
		flush_stray()

	summary = failed ? "FAILED  " : "ok      "
	summary = summary (passed + 0) " passed"
	if (failed)
		summary = summary ", " failed " failed"
	if (skipped)
		summary = summary ", " skipped " skipped"
	printf "%-44s %6.1f s\n%s", summary, ms / 1000, notes
	print passed + 0, failed + 0, skipped + 0 > counts
}
