/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled filters on disk.
 *
 *  1. A file's name is a hash of its key; its content is a head, the program, and the whole key.
 *  2. The program is used only if the key in the file is the same as ours to the byte.
 *  3. The key holds everything that decides about the program, the versions of libseccomp and of this file included.
 *     What does not decide about it (flags, the listener's path) is not stored: it comes from the profile at each start.
 *  4. Nobody else may have written the file: it is ours, and not writable by others.
 *  5. It is not flushed to the disk, so after a power cut it may hold anything; a checksum tells.
 *
 * Format 1 changes whenever the same profile would give another program.
 */
#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "runtime/seccomp-program.h"

#define FORMAT "coffer seccomp 1"

struct head {
	char format[16];
	uint64_t checksum; /* of all that follows */
	uint32_t count;	   /* instructions */
	uint32_t key_size;
};
static_assert(sizeof(FORMAT) - 1 == sizeof(((struct head *)0)->format), "fills the field, without a terminator");

/* --- the key: numbers in binary, strings with their terminators, lists with their lengths --- */

static void put_number(struct str *key, uint64_t number)
{
	str_append_len(key, &number, sizeof number);
}

static void put_string(struct str *key, const char *text)
{
	str_append_len(key, text, strlen(text) + 1);
}

static void put_strings(struct str *key, char *const *list)
{
	put_number(key, strv_count(list));
	for (; list && *list; list++)
		put_string(key, *list);
}

static void put_optional(struct str *key, const struct optional_u64 *number)
{
	put_number(key, number->set);
	put_number(key, number->set ? number->value : 0);
}

static void put_rule(struct str *key, const struct spec_seccomp_rule *rule)
{
	put_strings(key, rule->names);
	put_string(key, rule->action);
	put_optional(key, &rule->errno_ret);
	put_number(key, rule->n_args);
	for (size_t i = 0; i < rule->n_args; i++) {
		put_number(key, rule->args[i].index);
		put_number(key, rule->args[i].value);
		put_number(key, rule->args[i].value_two);
		put_string(key, rule->args[i].op);
	}
}

void seccomp_cache_key(const struct spec_seccomp *profile, struct str *key)
{
	const struct scmp_version *library = seccomp_version();
	put_number(key, (uint64_t)library->major << 32 | library->minor << 16 | library->micro);
	put_number(key, seccomp_api_get()); /* what the kernel can do, as libseccomp sees it */
	put_number(key, seccomp_arch_native());
	put_string(key, profile->default_action);
	put_optional(key, &profile->default_errno_ret);
	put_strings(key, profile->architectures);
	put_number(key, profile->n_rules);
	for (size_t i = 0; i < profile->n_rules; i++)
		put_rule(key, &profile->rules[i]);
}

/* --- hashing --- */

/*
 * Eight bytes at a time, multiplied by an odd constant and folded. It spreads keys over names and finds torn files;
 * nothing is trusted for its sake.
 */
static uint64_t hash(uint64_t state, const void *data, size_t size)
{
	const char *at = data;
	while (size > 0) {
		uint64_t word = 0;
		size_t n = size < sizeof word ? size : sizeof word;
		memcpy(&word, at, n);
		state = (state ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		state ^= state >> 32;
		at += n;
		size -= n;
	}
	return state;
}

struct cache_name {
	char text[32];
};

static struct cache_name cache_name(const struct str *key)
{
	struct cache_name name;
	snprintf(name.text, sizeof name.text, "%016" PRIx64 ".bpf", hash(key->len, key->data, key->len));
	return name;
}

static uint64_t checksum(const struct head *head, const void *content)
{
	size_t size = head->count * sizeof(struct sock_filter) + head->key_size;
	return hash(size, content, size);
}

/* --- reading --- */

/* Whether we wrote it, and it has a size that it can have. */
static bool is_ours(int fd, size_t least, size_t most, size_t *ret_size)
{
	struct stat st;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022) ||
	    st.st_size < (off_t)least || st.st_size > (off_t)most)
		return false;
	*ret_size = (size_t)st.st_size;
	return true;
}

/* The content of a file of ours, read at once; NULL if there is none. */
static char *read_ours(int dir, const char *name, size_t least, size_t most, size_t *ret_size)
{
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return NULL;
	if (!is_ours(fd, least, most, ret_size)) {
		log_warn("seccomp: '%s' in the cache of filters is not a file that we wrote there", name);
		return NULL;
	}
	_cleanup_free_ char *bytes = mem_alloc(*ret_size);
	return fd_read_full(fd, bytes, *ret_size) == (ssize_t)*ret_size ? TAKE_PTR(bytes) : NULL;
}

static bool is_whole(const struct head *head, const char *content, size_t content_size)
{
	return memcmp(head->format, FORMAT, sizeof head->format) == 0 && head->count > 0 &&
	       head->count <= BPF_MAXINSNS &&
	       content_size == head->count * sizeof(struct sock_filter) + head->key_size &&
	       head->checksum == checksum(head, content);
}

bool seccomp_cache_load(int dir, const struct str *key, struct bpf_program *ret)
{
	struct cache_name name = cache_name(key);
	struct head head;
	size_t size, least = sizeof head + sizeof(struct sock_filter),
		     most = sizeof head + BPF_MAXINSNS * sizeof(struct sock_filter) + key->len;
	_cleanup_free_ char *bytes = read_ours(dir, name.text, least, most, &size);
	if (!bytes)
		return false;
	memcpy(&head, bytes, sizeof head);
	const char *content = bytes + sizeof head;
	if (!is_whole(&head, content, size - sizeof head)) {
		log_warn("seccomp: '%s' in the cache of filters is damaged", name.text);
		return false;
	}
	size_t program_size = head.count * sizeof(struct sock_filter);
	if (head.key_size != key->len || memcmp(content + program_size, key->data, key->len) != 0)
		return false;
	*ret = (struct bpf_program){ .instructions = mem_dup(content, program_size), .count = head.count };
	return true;
}

/* --- writing --- */

void seccomp_cache_store(int dir, const struct str *key, const struct bpf_program *program)
{
	_cleanup_str_ struct str file = { 0 };
	struct head head = { .count = (uint32_t)program->count, .key_size = (uint32_t)key->len };
	memcpy(head.format, FORMAT, sizeof head.format);
	str_append_len(&file, &head, sizeof head);
	str_append_len(&file, program->instructions, program->count * sizeof *program->instructions);
	str_append_len(&file, key->data, key->len);
	head.checksum = checksum(&head, file.data + sizeof head);
	memcpy(file.data, &head, sizeof head);

	struct error err = { 0 };
	if (file_write_atomic(dir, cache_name(key).text, file.data, file.len, 0600, 0, &err) < 0)
		log_failure(LOG_LEVEL_WARN, "keep a compiled seccomp filter", &err);
}
