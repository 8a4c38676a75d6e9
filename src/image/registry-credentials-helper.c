/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "image/registry-credentials-internal.h"

enum {
	OUTPUT_MAX = 64 * 1024,
	TIMEOUT_MS = 120 * 1000, /* somebody may have to type the word that opens the store */
};

/* What such programs print, with status 1, for what they do not have. */
#define NOT_FOUND_WORDS "credentials not found in native keychain"

/* In $PATH; free() it. NULL if it is not there. */
static char *find_program(const char *name)
{
	const char *path = getenv("PATH");
	_cleanup_strv_ char **folders = strv_split(str_is_empty(path) ? "/usr/local/bin:/usr/bin:/bin" : path, ':');
	for (char **folder = folders; folder && *folder; folder++) {
		_cleanup_free_ char *candidate = **folder == '/' ? mem_printf("%s/%s", *folder, name) : NULL;
		if (candidate && access(candidate, X_OK) == 0)
			return TAKE_PTR(candidate);
	}
	return NULL;
}

static int make_input(const char *text, struct error *err)
{
	_cleanup_close_ int fd = memfd_create("credentials", MFD_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "make a file in memory");
	int r = fd_write_all(fd, text, strlen(text));
	if (r < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, r < 0 ? -r : errno, "write for a credential helper");
	return TAKE_FD(fd);
}

/* All that it prints, within its time. */
static int read_output(int fd, struct str *output, struct error *err)
{
	int64_t deadline = time_monotonic_ns() + TIMEOUT_MS * NSEC_PER_MSEC;
	char buf[4096];
	for (;;) {
		int left = (int)(MAX(deadline - time_monotonic_ns(), INT64_C(0)) / NSEC_PER_MSEC);
		struct pollfd poller = { .fd = fd, .events = POLLIN };
		if (poll(&poller, 1, left) < 0 && errno == EINTR)
			continue;
		if (!poller.revents)
			return err_set(err, ERR_TIMEOUT, "it does not answer");
		ssize_t n = RETRY_ON_EINTR(read(fd, buf, sizeof buf));
		if (n <= 0)
			return 0;
		str_append_len(output, buf, (size_t)n);
		if (output->len > OUTPUT_MAX)
			return err_set(err, ERR_INVALID, "its answer has no end");
	}
}

/* Returns its exit status. */
static int run(const char *path, const char *verb, const char *input, struct str *output, struct error *err)
{
	_cleanup_close_ int in = make_input(input, err);
	int ends[2], status;
	pid_t pid;
	if (in < 0)
		return in;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	_cleanup_close_ int out = ends[0], theirs = ends[1];
	char *argv[] = { (char *)path, (char *)verb, NULL };
	int r = process_spawn(
		&(struct process_spawn){ .path = path, .argv = argv, .stdio = { in, theirs, STDERR_FILENO } }, &pid,
		err);
	if (r < 0)
		return r;
	fd_close(TAKE_FD(theirs));
	r = read_output(out, output, err);
	if (r < 0)
		(void)kill(pid, SIGKILL);
	int waited = process_wait(pid, &status, r < 0 ? NULL : err);
	return r < 0 ? r : waited < 0 ? waited : process_exit_code(status);
}

/* The first line, for people. */
static const char *first_line(struct str *output)
{
	if (output->len > 0)
		output->data[strcspn(output->data, "\n")] = '\0';
	return str_text(output);
}

/* Returns its exit status, 0 or 1; the words of a failure are in @output then. */
static int ask(const char *helper, const char *verb, const char *input, struct str *output, struct error *err)
{
	_cleanup_free_ char *name = mem_printf("docker-credential-%s", helper);
	_cleanup_free_ char *path = find_program(name);
	if (!path)
		return err_set(err, ERR_REG_AUTH, "%s: executable file not found in $PATH", name);
	int r = run(path, verb, input, output, err);
	if (r < 0)
		return err_wrap(err, "%s %s", name, verb);
	return r != 0;
}

static int failed(const char *helper, const char *verb, struct str *output, struct error *err)
{
	return err_set(err, ERR_REG_AUTH, "docker-credential-%s %s: %.300s", helper, verb,
		       output->len ? first_line(output) : "it failed without a word");
}

static int take(const char *helper, const struct str *output, struct credentials *ret, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	const char *user, *secret;
	int r = json_parse(str_text(output), output->len, helper, ERR_REG_AUTH, &document, err);
	if (r < 0)
		return r;
	struct json_node root = json_root(&document);
	r = json_as_object(&root, err);
	if (r >= 0)
		r = json_need_string(&root, "Username", &user, err);
	if (r >= 0)
		r = json_need_string(&root, "Secret", &secret, err);
	if (r < 0)
		return r;
	if (streq(user, "<token>"))
		*ret = (struct credentials){ .identity_token = mem_strdup(secret), .user = mem_strdup(user) };
	else
		credentials_make(user, secret, ret);
	ret->source = mem_printf("docker-credential-%s", helper);
	return 1;
}

int credentials_helper_get(const char *helper, const char *key, struct credentials *ret, struct error *err)
{
	struct str output = { 0 };
	int r = ask(helper, "get", key, &output, err);
	if (r > 0)
		r = str_starts_with(str_text(&output), NOT_FOUND_WORDS) ? 0 : failed(helper, "get", &output, err);
	else if (r == 0)
		r = take(helper, &output, ret, err);
	if (output.data)
		explicit_bzero(output.data, output.len);
	str_done(&output);
	return r;
}

int credentials_helper_store(const char *helper, const struct credentials_entry *entry, struct error *err)
{
	_cleanup_json_ struct json_object *input = json_object_new_object();
	_cleanup_str_ struct str output = { 0 };
	bool token = entry->identity_token != NULL;
	json_add_string(input, "ServerURL", credentials_key(entry->registry));
	json_add_string(input, "Username", token ? "<token>" : entry->user);
	json_add_string(input, "Secret", token ? entry->identity_token : entry->password);
	int r = ask(helper, "store", json_text(input), &output, err);
	return r > 0 ? failed(helper, "store", &output, err) : r;
}

int credentials_helper_erase(const char *helper, const char *key, struct error *err)
{
	_cleanup_str_ struct str output = { 0 };
	int r = ask(helper, "erase", key, &output, err);
	if (r > 0 && !str_starts_with(str_text(&output), NOT_FOUND_WORDS))
		return failed(helper, "erase", &output, err);
	return r < 0 ? r : 0;
}
