/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/death.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"

static const char *const CAUSES[] = {
	[DEATH_NONE] = "none",
	[DEATH_EXITED] = "exited",
	[DEATH_STOPPED] = "stopped",
	[DEATH_KILLED] = "killed",
	[DEATH_SIGNAL] = "signal",
	[DEATH_OOM] = "oom",
	[DEATH_START_FAILED] = "start-failed",
	[DEATH_MONITOR_LOST] = "monitor-lost",
};

void death_add(struct death *death, const char *fmt, ...)
{
	va_list args;
	if (death->n_evidence == DEATH_EVIDENCE_MAX)
		return;
	va_start(args, fmt);
	vsnprintf(death->evidence[death->n_evidence++], sizeof death->evidence[0], fmt, args);
	va_end(args);
}

/* --- JSON --- */

static const char *confidence(const struct death *death)
{
	return death->cause == DEATH_SIGNAL ? "unknown" : death->likely ? "likely" : "proven";
}

void death_to_json(const struct death *death, const char *key, struct json_object *object)
{
	if (death->cause == DEATH_NONE)
		return;
	struct json_object *section = json_add_object(object, key);
	json_add_string(section, "cause", CAUSES[death->cause]);
	json_add_string(section, "by", death->by);
	json_add_string(section, "confidence", confidence(death));
	struct json_object *evidence = json_add_array(section, "evidence");
	for (int i = 0; i < death->n_evidence; i++)
		json_append_string(evidence, death->evidence[i]);
}

static int read_evidence(const struct json_node *section, struct death *death, struct error *err)
{
	struct json_node list;
	int r = json_get_array(section, "evidence", &list, err);
	for (size_t i = 0; r > 0 && i < json_array_length(&list); i++) {
		struct json_node element = json_array_at(&list, i);
		const char *text;
		r = json_as_string(&element, &text, err);
		if (r < 0)
			return r;
		death_add(death, "%s", text);
		r = 1;
	}
	return r;
}

int death_from_json(const struct json_node *object, const char *key, struct death *ret, struct error *err)
{
	struct json_node section;
	struct death death = { 0 };
	const char *cause, *by = "", *sure = "";
	int r = json_get_object(object, key, &section, err);
	if (r <= 0)
		return r;
	if ((r = json_need_string(&section, "cause", &cause, err)) < 0 ||
	    (r = json_get_string(&section, "by", &by, err)) < 0 ||
	    (r = json_get_string(&section, "confidence", &sure, err)) < 0 ||
	    (r = read_evidence(&section, &death, err)) < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(CAUSES); i++)
		if (streq(cause, CAUSES[i]))
			death.cause = (enum death_cause)i;
	str_copy(death.by, sizeof death.by, by);
	death.likely = streq(sure, "likely");
	*ret = death;
	return 1;
}

/* --- Rules --- */

static void set(struct death *death, enum death_cause cause, const char *by)
{
	death->cause = cause;
	str_copy(death->by, sizeof death->by, by);
}

static const char *level_name(enum oom_level level)
{
	static const char *const names[] = {
		[OOM_LEVEL_NONE] = "an unknown limit",
		[OOM_LEVEL_OWN] = "its own limit",
		[OOM_LEVEL_PARENT] = "a parent's limit",
		[OOM_LEVEL_HOST] = "host",
	};
	return names[level];
}

static enum oom_level level_of(const struct death_facts *facts)
{
	if (facts->logged.level != OOM_LEVEL_NONE)
		return facts->logged.level;
	bool own_is_gone = facts->oom_kills == 0 && facts->counted != OOM_LEVEL_PARENT;
	return own_is_gone ? OOM_LEVEL_OWN : facts->counted;
}

/* What v1 says of no limit is a number of pages that no machine has. */
static void add_memory(const struct death_facts *facts, struct death *death)
{
	static const int64_t none = INT64_MAX / 2;
	if (facts->peak > 0 && facts->limit > 0 && facts->limit < none)
		death_add(death, "its memory: at most %" PRId64 " of %" PRId64 " KiB in use", facts->peak >> 10,
			  facts->limit >> 10);
}

static void killed_for_memory(const struct death_facts *facts, struct death *death)
{
	const struct oom_kill *logged = &facts->logged;
	bool is_logged = logged->level != OOM_LEVEL_NONE;
	set(death, DEATH_OOM, level_name(level_of(facts)));
	death->likely = !is_logged;
	if (is_logged && logged->pid > 0)
		death_add(death, "the kernel's log has an OOM kill in its cgroup: process %" PRId64 " (%s)",
			  logged->pid, logged->name);
	else if (is_logged)
		death_add(death, "the kernel's log has an OOM kill in its cgroup");
	if (facts->oom_kills > 0)
		death_add(death, "%sits cgroup counts %" PRIu64 " processes killed for memory",
			  facts->as_group ? "the whole container was killed as a group: " : "", facts->oom_kills);
	else if (facts->missed_kills > 0)
		death_add(death,
			  "its cgroup was removed before it was read; the kernel killed %" PRIu64
			  " processes for memory just before",
			  facts->missed_kills);
	add_memory(facts, death);
	if (facts->refaults > 0)
		death_add(death, "%" PRIu64 " pages of files were read again after they had been taken away for room",
			  facts->refaults);
}

static void ended_by_itself(const struct death_facts *facts, struct death *death)
{
	set(death, facts->asked_to_stop ? DEATH_STOPPED : DEATH_EXITED,
	    facts->asked_to_stop && facts->sent_by ? facts->sent_by : "itself");
	death_add(death, "exit code %d", facts->exit_code);
}

static void ended_by_signal(const struct death_facts *facts, struct death *death)
{
	if (facts->sent_by) {
		set(death, facts->sent_is_stop ? DEATH_STOPPED : DEATH_KILLED, facts->sent_by);
		death_add(death, "coffer sent SIG%s", signal_name(facts->signal));
		return;
	}
	set(death, DEATH_SIGNAL, "unknown");
	death_add(death, "SIG%s, which coffer did not send", signal_name(facts->signal));
}

static void add_earlier(const struct death_facts *facts, struct death *death)
{
	char last[96] = "";
	if (facts->logged.pid > 0)
		snprintf(last, sizeof last, " (the last: %" PRId64 ", %s)", facts->logged.pid, facts->logged.name);
	death_add(death, "%" PRIu64 " processes in it were killed for memory earlier%s, which is not why it ended",
		  facts->oom_kills, last);
}

void death_classify(const struct death_facts *facts, struct death *ret)
{
	struct death death = { 0 };
	bool for_memory = facts->signal == SIGKILL && !facts->sent_by &&
			  (facts->oom_kills > 0 || facts->missed_kills > 0 || facts->logged.level != OOM_LEVEL_NONE);
	if (facts->start_failed)
		set(&death, DEATH_START_FAILED, "coffer");
	else if (for_memory)
		killed_for_memory(facts, &death);
	else if (facts->signal)
		ended_by_signal(facts, &death);
	else
		ended_by_itself(facts, &death);
	if (!for_memory && facts->oom_kills > 0)
		add_earlier(facts, &death);
	*ret = death;
}

/* --- The kernel's log --- */

/* The value of "key=" in a list with commas; its length in *ret_len. */
static const char *find_value(const char *line, const char *key, size_t *ret_len)
{
	const char *at = strstr(line, key);
	if (!at)
		return NULL;
	at += strlen(key);
	*ret_len = strcspn(at, ",\n");
	return at;
}

/* Whether the cgroup of this name is @path or lies in it. */
static bool is_within(const char *name, size_t len, const char *path)
{
	size_t path_len = strlen(path);
	return len >= path_len && strncmp(name, path, path_len) == 0 && (len == path_len || name[path_len] == '/');
}

/* The last place of @word before @end. */
static const char *find_last(const char *text, const char *end, const char *word)
{
	const char *last = NULL;
	for (const char *at = text; (at = strstr(at, word)) && at < end; at++)
		last = at;
	return last;
}

/* ",task=NAME,pid=PID,uid=UID" ends the line; the name is the process's own choice, and may have commas. */
static void find_victim(const char *line, struct oom_kill *kill)
{
	const char *pid = find_last(line, line + strlen(line), ",pid=");
	const char *task = pid ? find_last(line, pid, ",task=") : NULL;
	if (!task || sscanf(pid, ",pid=%" SCNd64, &kill->pid) != 1)
		return;
	const char *name = task + strlen(",task=");
	_cleanup_free_ char *text = mem_strndup(name, (size_t)(pid - name));
	str_escape_control(text, kill->name, sizeof kill->name);
}

struct oom_kill death_parse_kernel_line(const char *line, const char *path)
{
	static const struct oom_kill none = { .level = OOM_LEVEL_NONE };
	struct oom_kill kill = none;
	size_t task_len, memcg_len;
	if (!*path || !strstr(line, "oom-kill:constraint="))
		return none;
	const char *task = find_value(line, ",task_memcg=", &task_len);
	if (!task || !is_within(task, task_len, path))
		return none;
	const char *memcg = find_value(line, ",oom_memcg=", &memcg_len);
	if (!memcg)
		kill.level = OOM_LEVEL_HOST; /* "global_oom" */
	else
		kill.level = is_within(memcg, memcg_len, path) ? OOM_LEVEL_OWN : OOM_LEVEL_PARENT;
	find_victim(line, &kill);
	return kill;
}
