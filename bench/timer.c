/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timer - time several commands against each other, fairly.
 *
 *	timer [options] [-f FILE] ['LABEL: COMMAND [ARG...] [; COMMAND...]' ...]
 *
 * Each contestant is a line of FILE or an argument. A contestant with several commands is timed from the start of the
 * first to the end of the last. '...' quotes a word; {n} in a word becomes a number that no other run has; the command
 * %wait waits for the processes that the commands before it left behind.
 *
 * Machines drift: other work comes and goes, caches warm, clocks change. So all contestants run in every round, each
 * round in another order, and what is compared are medians of the same rounds.
 *
 * One run of a contestant:
 *	1. Every command is started by vfork and exec (posix_spawn), so that the size of this process does not matter.
 *	   stdin and stdout are /dev/null, stderr is kept for the report.
 *	2. The clock (CLOCK_MONOTONIC) stops when the last command has exited. That is the run's time.
 *	3. timer is a subreaper: processes that the commands left behind are its children now. It waits for them before
 *	   anybody else runs; how long that took is reported as "after", and their CPU time is added to the contestant's.
 *
 * A contestant that fails in a warm-up round is left out, and the report says why.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONTESTANTS = 32, MAX_WORDS = 128 };

enum metric {
	WALL_MS,
	CPU_MS,	  /* user and system */
	AFTER_MS, /* from the end of the last command to the end of the last process */
	RSS_KIB,  /* of the largest process */
	N_METRICS
};

struct sample {
	double of[N_METRICS];
};

struct contestant {
	char *label;
	char *words[MAX_WORDS]; /* a NULL after each command, two after the last */
	struct sample *samples; /* of runs that succeeded */
	size_t n_samples;
	size_t failures;
	char failure[800]; /* the first one's reason */
	bool left_out;
};

static struct contestant contestants[MAX_CONTESTANTS];
static size_t n_contestants;

static struct {
	size_t rounds;
	size_t warmup;
	unsigned int gap_ms;
	unsigned int timeout_s;
	const char *title;
	const char *json;
} option = { .rounds = 60, .warmup = 5, .timeout_s = 60, .title = "bench" };

static posix_spawn_file_actions_t spawn_files;
static posix_spawnattr_t spawn_attributes;
static int stderr_fd;
static volatile sig_atomic_t timed_out, interrupted;

static _Noreturn void die(const char *what, const char *name)
{
	fprintf(stderr, "timer: %s '%s': %s\n", what, name, strerror(errno));
	exit(2);
}

static _Noreturn void die_invalid(const char *what, const char *name)
{
	fprintf(stderr, "timer: %s: '%s'\n", what, name);
	exit(2);
}

static double now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* ---- Contestants ------------------------------------------------------------------------------------------------ */

static const char blanks[] = " \t\n";

/* The next word of *@at, NULL at the end. @ret_quoted: parts of it were in quotes, so it is no separator. */
static char *next_word(const char **at, bool *ret_quoted)
{
	const char *p = *at + strspn(*at, blanks);
	if (!*p)
		return NULL;
	char *word = malloc(strlen(p) + 1);
	if (!word)
		die("read", *at);
	size_t len = 0;
	bool inside = false;
	*ret_quoted = false;
	for (; *p && (inside || !strchr(blanks, *p)); p++) {
		if (*p == '\'')
			inside = !inside, *ret_quoted = true;
		else
			word[len++] = *p;
	}
	if (inside)
		die_invalid("a quote is missing", *at);
	word[len] = '\0';
	*at = p;
	return word;
}

static void contestant_add(const char *line)
{
	line += strspn(line, blanks);
	if (!*line || *line == '#')
		return;
	const char *at = strstr(line, ": ");
	if (!at)
		die_invalid("not of the form 'label: command'", line);
	if (n_contestants == MAX_CONTESTANTS)
		die_invalid("too many contestants", line);
	struct contestant *c = &contestants[n_contestants++];
	c->label = strndup(line, (size_t)(at - line));
	if (!c->label)
		die("read", line);
	at++;

	size_t n = 0;
	bool quoted;
	for (char *word; (word = next_word(&at, &quoted)); n++) {
		if (n >= MAX_WORDS - 2)
			die_invalid("too many words", line);
		c->words[n] = word;
		if (!quoted && strcmp(word, ";") == 0) {
			if (n == 0 || !c->words[n - 1])
				die_invalid("a command is missing", line);
			c->words[n] = NULL;
			free(word);
		}
	}
	if (n == 0 || !c->words[n - 1])
		die_invalid("a command is missing", line);
}

static void contestants_read(const char *path)
{
	FILE *file = fopen(path, "re");
	if (!file)
		die("open", path);
	char *line = NULL;
	size_t size = 0;
	while (getline(&line, &size, file) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		contestant_add(line);
	}
	if (ferror(file))
		die("read", path);
	free(line);
	fclose(file);
}

/* ---- One run ---------------------------------------------------------------------------------------------------- */

/* A copy of @word in which {n} is @serial. */
static char *expand(const char *word, unsigned long serial)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	for (const char *hole; out && (hole = strstr(word, "{n}")); word = hole + 3)
		fprintf(out, "%.*s%lu", (int)(hole - word), word, serial);
	if (!out || fputs(word, out) < 0 || fclose(out) != 0)
		die("expand", word);
	return text;
}

/* What the run wrote last to stderr, without the line's end. */
static const char *stderr_last_line(void)
{
	static char text[400];
	off_t end = lseek(stderr_fd, 0, SEEK_END);
	off_t start = end > (off_t)sizeof text - 1 ? end - (off_t)sizeof text + 1 : 0;
	ssize_t n = pread(stderr_fd, text, sizeof text - 1, start);
	while (n > 0 && strchr("\n\r ", text[n - 1]))
		n--;
	text[n > 0 ? n : 0] = '\0';
	const char *newline = strrchr(text, '\n');
	return newline ? newline + 1 : text;
}

/* Keep the reason of the first failure. */
__attribute__((format(printf, 2, 3))) static bool failed(struct contestant *c, const char *format, ...)
{
	char what[256];
	va_list args;
	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	const char *said = stderr_last_line();
	if (!*c->failure)
		snprintf(c->failure, sizeof c->failure, "%s%s%s", what, *said ? ": " : "", said);
	return false;
}

static void kill_children(void)
{
	FILE *children = fopen("/proc/thread-self/children", "re");
	if (!children)
		return;
	int pid;
	while (fscanf(children, "%d", &pid) == 1)
		kill(pid, SIGKILL);
	fclose(children);
}

/* Wait for @pid, or for any child if it is -1, and charge it to @s. Returns false if there is no such child. */
static bool reap(pid_t pid, struct sample *s, int *ret_status)
{
	struct rusage used;
	while (wait4(pid, ret_status, 0, &used) < 0) {
		if (errno != EINTR)
			return false;
		if (timed_out) /* the timer goes on ticking, so that their orphans are killed too */
			kill_children();
	}
	s->of[CPU_MS] += (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e3;
	s->of[CPU_MS] += (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e3;
	if (s->of[RSS_KIB] < (double)used.ru_maxrss)
		s->of[RSS_KIB] = (double)used.ru_maxrss;
	return true;
}

static void reap_all(struct sample *s)
{
	int status;
	while (reap(-1, s, &status))
		;
}

static bool run_command(struct contestant *c, char **argv, struct sample *s)
{
	if (strcmp(argv[0], "%wait") == 0) {
		reap_all(s);
		return true;
	}
	pid_t pid;
	int r = posix_spawnp(&pid, argv[0], &spawn_files, &spawn_attributes, argv, environ);
	if (r != 0)
		return failed(c, "cannot start '%s': %s", argv[0], strerror(r));
	int status = 0;
	reap(pid, s, &status);
	if (timed_out)
		return failed(c, "'%s' took longer than %u s", argv[0], option.timeout_s);
	if (WIFSIGNALED(status))
		return failed(c, "'%s' was killed by signal %d", argv[0], WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return failed(c, "'%s' exited with %d", argv[0], WEXITSTATUS(status));
	return true;
}

static bool run(struct contestant *c, struct sample *ret)
{
	static unsigned long serial;
	char *words[MAX_WORDS] = { NULL };
	serial++;
	for (size_t i = 0; i < MAX_WORDS; i++)
		words[i] = c->words[i] ? expand(c->words[i], serial) : NULL;
	if (ftruncate(stderr_fd, 0) < 0 || lseek(stderr_fd, 0, SEEK_SET) < 0)
		die("empty", "stderr");
	usleep(option.gap_ms * 1000);

	const struct itimerval limit = { .it_value.tv_sec = option.timeout_s, .it_interval.tv_usec = 100000 };
	timed_out = 0;
	setitimer(ITIMER_REAL, &limit, NULL);

	struct sample s = { 0 };
	bool ok = true;
	double start_ms = now_ms();
	for (char **command = words; ok && *command; command++) {
		ok = run_command(c, command, &s);
		while (*command)
			command++;
	}
	double end_ms = now_ms();
	reap_all(&s);
	s.of[WALL_MS] = end_ms - start_ms;
	s.of[AFTER_MS] = now_ms() - end_ms;
	if (ok && timed_out)
		ok = failed(c, "it left processes behind that ran for %u s", option.timeout_s);

	const struct itimerval never = { 0 };
	setitimer(ITIMER_REAL, &never, NULL);
	for (size_t i = 0; i < MAX_WORDS; i++)
		free(words[i]);
	*ret = s;
	return ok;
}

/* ---- All rounds ------------------------------------------------------------------------------------------------- */

/*
 * Every contestant once. Each round starts one further, and every other round goes backwards, so that nobody always runs
 * in the wake of the same neighbour.
 */
static void play_round(size_t round, bool warmup)
{
	for (size_t i = 0; i < n_contestants && !interrupted; i++) {
		size_t step = round % 2 ? n_contestants - i : i;
		struct contestant *c = &contestants[(round + step) % n_contestants];
		struct sample s;
		if (c->left_out)
			continue;
		if (!run(c, &s)) {
			c->failures++;
			c->left_out = warmup;
		} else if (!warmup) {
			c->samples[c->n_samples++] = s;
		}
	}
}

/* ---- The report ------------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* All values of one metric in order. The next call overwrites them. */
static const double *sorted(const struct contestant *c, enum metric metric)
{
	static double *values;
	free(values);
	values = calloc(c->n_samples, sizeof *values);
	if (!values)
		die("summarize", c->label);
	for (size_t i = 0; i < c->n_samples; i++)
		values[i] = c->samples[i].of[metric];
	qsort(values, c->n_samples, sizeof *values, compare);
	return values;
}

static double median(const struct contestant *c, enum metric metric)
{
	const double *values = sorted(c, metric);
	return (values[(c->n_samples - 1) / 2] + values[c->n_samples / 2]) / 2;
}

/* The value that @percent of all do not exceed (nearest rank). */
static double percentile(const struct contestant *c, enum metric metric, size_t percent)
{
	size_t rank = (c->n_samples * percent + 99) / 100;
	return sorted(c, metric)[rank > 0 ? rank - 1 : 0];
}

/* Of medians, to the first contestant. 0 if that one has no times. */
static double ratio(const struct contestant *c)
{
	return contestants[0].n_samples > 0 ? median(c, WALL_MS) / median(&contestants[0], WALL_MS) : 0;
}

static void print_table(void)
{
	int width = 12;
	for (size_t i = 0; i < n_contestants; i++)
		if ((int)strlen(contestants[i].label) > width)
			width = (int)strlen(contestants[i].label);

	/* What exec replaces counts in the new program's maximum, too: nothing smaller than timer can be seen. */
	struct rusage self;
	getrusage(RUSAGE_SELF, &self);

	printf("%s: %zu rounds after %zu to warm up; milliseconds; ratio to %s\n", option.title, option.rounds,
	       option.warmup, contestants[0].label);
	printf("  %-*s %8s %8s %8s %8s %8s %8s %8s %7s\n", width, "", "median", "p90", "min", "ratio", "cpu", "after",
	       "rss KiB", "failed");
	for (size_t i = 0; i < n_contestants; i++) {
		const struct contestant *c = &contestants[i];
		if (c->n_samples == 0)
			continue;
		printf("  %-*s %8.2f %8.2f %8.2f ", width, c->label, median(c, WALL_MS), percentile(c, WALL_MS, 90),
		       percentile(c, WALL_MS, 0));
		if (ratio(c) > 0)
			printf("%8.2f ", ratio(c));
		else
			printf("%8s ", "-");
		char rss[32];
		double rss_kib = percentile(c, RSS_KIB, 100);
		snprintf(rss, sizeof rss, "%s%.0f", rss_kib <= (double)self.ru_maxrss ? "<" : "", rss_kib);
		printf("%8.2f %8.2f %8s %7zu\n", median(c, CPU_MS), median(c, AFTER_MS), rss, c->failures);
	}
	for (size_t i = 0; i < n_contestants; i++)
		if (contestants[i].failures > 0)
			printf("  %s: %s: %s\n", contestants[i].label,
			       contestants[i].left_out ? "left out" : "first failure", contestants[i].failure);
}

static void json_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p == '"' || *p == '\\')
			fprintf(out, "\\%c", *p);
		else if (*p < 0x20 || *p >= 0x7f)
			fprintf(out, "\\u%04x", *p);
		else
			fputc(*p, out);
	}
	fputc('"', out);
}

static void write_json(const char *path)
{
	FILE *out = fopen(path, "we");
	if (!out)
		die("create", path);
	fputs("{\"title\":", out);
	json_string(out, option.title);
	fprintf(out, ",\"rounds\":%zu,\"warmup\":%zu,\"contestants\":[", option.rounds, option.warmup);
	for (size_t i = 0; i < n_contestants; i++) {
		const struct contestant *c = &contestants[i];
		fputs(i > 0 ? ",\n{\"label\":" : "\n{\"label\":", out);
		json_string(out, c->label);
		fprintf(out, ",\"left_out\":%s,\"failures\":%zu,\"failure\":", c->left_out ? "true" : "false",
			c->failures);
		json_string(out, c->failure);
		if (c->n_samples > 0) {
			fprintf(out, ",\"median_ms\":%.4f,\"p90_ms\":%.4f,\"min_ms\":%.4f", median(c, WALL_MS),
				percentile(c, WALL_MS, 90), percentile(c, WALL_MS, 0));
			if (ratio(c) > 0)
				fprintf(out, ",\"ratio\":%.4f", ratio(c));
			fprintf(out, ",\"cpu_ms\":%.4f,\"after_ms\":%.4f,\"max_rss_kib\":%.0f", median(c, CPU_MS),
				median(c, AFTER_MS), percentile(c, RSS_KIB, 100));
		}
		fputs(",\"samples_ms\":[", out);
		for (size_t k = 0; k < c->n_samples; k++)
			fprintf(out, "%s%.4f", k > 0 ? "," : "", c->samples[k].of[WALL_MS]);
		fputs("]}", out);
	}
	fputs("\n]}\n", out);
	if (fclose(out) != 0)
		die("write", path);
}

/* ---- Start ------------------------------------------------------------------------------------------------------ */

static void on_signal(int signal)
{
	if (signal == SIGALRM)
		timed_out = 1;
	else
		interrupted = 1;
}

static void prepare(void)
{
	/* Without SA_RESTART: wait4() is to return. */
	const struct sigaction action = { .sa_handler = on_signal };
	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		die("become", "subreaper");

	stderr_fd = memfd_create("stderr", MFD_CLOEXEC);
	if (stderr_fd < 0)
		die("create", "stderr");
	/* A process group of its own: ^C reaches timer, which ends after the current run and leaves nothing half-done. */
	if (posix_spawn_file_actions_init(&spawn_files) != 0 ||
	    posix_spawn_file_actions_addopen(&spawn_files, 0, "/dev/null", O_RDONLY, 0) != 0 ||
	    posix_spawn_file_actions_addopen(&spawn_files, 1, "/dev/null", O_WRONLY, 0) != 0 ||
	    posix_spawn_file_actions_adddup2(&spawn_files, stderr_fd, 2) != 0 ||
	    posix_spawnattr_init(&spawn_attributes) != 0 ||
	    posix_spawnattr_setflags(&spawn_attributes, POSIX_SPAWN_SETPGROUP) != 0)
		die("prepare", "posix_spawn");
}

static unsigned int parse_number(const char *text, unsigned int min)
{
	char *end;
	errno = 0;
	unsigned long value = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end || *text == '-' || value < min || value > 1000000)
		die_invalid("not a usable number", text);
	return (unsigned int)value;
}

static _Noreturn void usage(FILE *out, int status)
{
	fputs("usage: timer [options] [-f FILE] ['LABEL: COMMAND [ARG...] [; COMMAND [ARG...]]...' ...]\n"
	      "\n"
	      "  -f, --file FILE     read contestants from FILE, one a line\n"
	      "  -r, --rounds N      time N rounds (60)\n"
	      "  -w, --warmup N      play N rounds before that (5)\n"
	      "  -g, --gap MS        rest before each run (0)\n"
	      "  -t, --timeout S     kill a run that takes longer (60)\n"
	      "  -T, --title TEXT    name of the table\n"
	      "  -j, --json FILE     write the numbers to FILE too\n"
	      "\n"
	      "In a command, {n} is a number that no other run has; %wait as a command waits for the\n"
	      "processes that the commands before it left behind.\n",
	      out);
	exit(status);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "file", required_argument, NULL, 'f' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "warmup", required_argument, NULL, 'w' },
		{ "gap", required_argument, NULL, 'g' },
		{ "timeout", required_argument, NULL, 't' },
		{ "title", required_argument, NULL, 'T' },
		{ "json", required_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	for (int opt; (opt = getopt_long(argc, argv, "f:r:w:g:t:T:j:h", options, NULL)) != -1;) {
		switch (opt) {
		case 'f':
			contestants_read(optarg);
			break;
		case 'r':
			option.rounds = parse_number(optarg, 1);
			break;
		case 'w':
			option.warmup = parse_number(optarg, 1);
			break;
		case 'g':
			option.gap_ms = parse_number(optarg, 0);
			break;
		case 't':
			option.timeout_s = parse_number(optarg, 1);
			break;
		case 'T':
			option.title = optarg;
			break;
		case 'j':
			option.json = optarg;
			break;
		case 'h':
			usage(stdout, 0);
		default:
			usage(stderr, 2);
		}
	}
	for (int i = optind; i < argc; i++)
		contestant_add(argv[i]);
	if (n_contestants == 0)
		usage(stderr, 2);
	for (size_t i = 0; i < n_contestants; i++) {
		contestants[i].samples = calloc(option.rounds, sizeof(struct sample));
		if (!contestants[i].samples)
			die("remember samples of", contestants[i].label);
	}

	prepare();
	for (size_t round = 0; round < option.warmup; round++)
		play_round(round, true);
	for (size_t round = 0; round < option.rounds; round++)
		play_round(round, false);
	if (interrupted)
		return 130;
	print_table();
	if (option.json)
		write_json(option.json);
	size_t measured = 0;
	for (size_t i = 0; i < n_contestants; i++)
		measured += contestants[i].n_samples > 0;
	return measured > 0 ? 0 : 1;
}
