/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/seccomp-profile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/seccomp-default.h"
#include "runtime/capability.h"
#include "runtime/seccomp-words.h"

enum {
	PROFILE_SIZE_MAX = 1 << 20,
	ARGUMENT_INDEX_MAX = 5,
};

/* Up to three digits; returns what follows them, or NULL. */
static const char *take_number(const char *at, uint32_t *ret)
{
	size_t digits = strspn(at, "0123456789");
	*ret = 0;
	for (size_t i = 0; i < digits; i++)
		*ret = *ret * 10 + (uint32_t)(at[i] - '0');
	return digits > 0 && digits <= 3 ? at + digits : NULL;
}

/* "4.8" as 4 << 16 | 8; returns what follows, or NULL. */
static const char *parse_kernel_version(const char *text, uint32_t *ret)
{
	uint32_t version, revision;
	const char *at = take_number(text, &version);
	at = at && *at == '.' ? take_number(at + 1, &revision) : NULL;
	if (at)
		*ret = version << 16 | revision;
	return at;
}

/* What rules' conditions are about. */
struct subject {
	uint64_t capabilities;
	const char *architecture; /* in Docker's words */
	uint32_t kernel;
};

static struct subject get_subject(uint64_t capabilities)
{
	struct subject subject = { .capabilities = capabilities, .architecture = "" };
#if defined(__x86_64__)
	subject.architecture = "amd64";
#elif defined(__aarch64__)
	subject.architecture = "arm64";
#endif
	struct utsname name;
	if (uname(&name) == 0)
		(void)parse_kernel_version(name.release, &subject.kernel);
	return subject;
}

/* --- conditions. An answer, or a negative code. --- */

enum answer { NOT_ASKED, NO, YES };

static int ask_architecture(const struct json_node *filter, const struct subject *subject, struct error *err)
{
	_cleanup_strv_ char **names = NULL;
	int r = json_get_strv(filter, "arches", &names, err);
	if (r <= 0 || !*names)
		return r < 0 ? r : NOT_ASKED;
	return strv_contains(names, subject->architecture) ? YES : NO;
}

/* A capability that has no name here is one that the container does not have. */
static bool has_capability(const struct subject *subject, const char *name)
{
	int capability = capability_from_name(name, NULL);
	return capability >= 0 && (subject->capabilities & capability_bit(capability));
}

static int ask_capabilities(const struct json_node *filter, const struct subject *subject, bool all, struct error *err)
{
	_cleanup_strv_ char **names = NULL;
	int r = json_get_strv(filter, "caps", &names, err);
	if (r <= 0 || !*names)
		return r < 0 ? r : NOT_ASKED;
	size_t held = 0;
	for (char **name = names; *name; name++)
		held += has_capability(subject, *name);
	return held >= (all ? strv_count(names) : 1) ? YES : NO;
}

static int ask_kernel(const struct json_node *filter, const struct subject *subject, struct error *err)
{
	const char *text;
	uint32_t least;
	int r = json_get_string(filter, "minKernel", &text, err);
	if (r <= 0 || str_is_empty(text))
		return r < 0 ? r : NOT_ASKED;
	const char *rest = parse_kernel_version(text, &least);
	if (!rest || *rest)
		return json_error(filter, err, "\"minKernel\" is '%s', not a version such as 4.8", text);
	return subject->kernel >= least ? YES : NO;
}

/* Whether one of the conditions in rule[@key] is answered with @wanted; @all: it needs each of its capabilities. */
static int has_answer(const struct json_node *rule, const char *key, const struct subject *subject, bool all,
		      enum answer wanted, struct error *err)
{
	struct json_node filter;
	int r = json_get_object(rule, key, &filter, err);
	if (r <= 0)
		return r;
	int architecture = ask_architecture(&filter, subject, err);
	if (architecture < 0)
		return architecture;
	int capabilities = ask_capabilities(&filter, subject, all, err);
	if (capabilities < 0)
		return capabilities;
	int kernel = ask_kernel(&filter, subject, err);
	if (kernel < 0)
		return kernel;
	return architecture == (int)wanted || capabilities == (int)wanted || kernel == (int)wanted;
}

/* All that it includes must hold, and nothing that it excludes may. */
static int rule_applies(const struct json_node *rule, const struct subject *subject, struct error *err)
{
	int r = has_answer(rule, "includes", subject, true, NO, err);
	if (r == 0)
		r = has_answer(rule, "excludes", subject, false, YES, err);
	return r < 0 ? r : r == 0;
}

/* --- checking and copying. Missing members are left out. --- */

static int check_word(const struct json_node *node, const char *word, const char *const *words, const char *what,
		      struct error *err)
{
	for (const char *const *known = words; *known; known++)
		if (streq(*known, word))
			return 0;
	int r = json_error(node, err, "unknown %s '%s'", what, word);
	const char *nearest = str_nearest(word, words);
	if (nearest)
		(void)err_hint(err, "did you mean %s?", nearest);
	return r;
}

static int copy_word(const struct json_node *from, const char *key, const char *const *words, const char *what,
		     struct json_object *to, struct error *err)
{
	const char *word;
	struct json_node member;
	int r = json_need_string(from, key, &word, err);
	if (r < 0)
		return r;
	(void)json_get(from, key, &member);
	json_add_string(to, key, word);
	return check_word(&member, word, words, what, err);
}

static int copy_words(const struct json_node *from, const char *key, const char *const *words, const char *what,
		      struct json_object *to, struct error *err)
{
	struct json_node array;
	int r = json_get_array(from, key, &array, err);
	if (r <= 0)
		return r;
	struct json_object *list = json_add_array(to, key);
	for (size_t i = 0; i < json_array_length(&array); i++) {
		struct json_node element = json_array_at(&array, i);
		const char *word;
		r = json_as_string(&element, &word, err);
		if (r < 0 || (words && (r = check_word(&element, word, words, what, err)) < 0))
			return r;
		json_append_string(list, word);
	}
	return 1;
}

static int copy_number(const struct json_node *from, const char *key, uint64_t max, struct json_object *to,
		       struct error *err)
{
	uint64_t number;
	int r = json_get_u64(from, key, max, &number, err);
	if (r > 0)
		json_object_object_add(to, key, json_object_new_uint64(number));
	return r;
}

static int copy_string(const struct json_node *from, const char *key, struct json_object *to, struct error *err)
{
	const char *text;
	int r = json_get_string(from, key, &text, err);
	if (r > 0)
		json_add_string(to, key, text);
	return r;
}

/* --- rules --- */

/* "names", or the "name" of older profiles. */
static int copy_names(const struct json_node *rule, struct json_object *to, struct error *err)
{
	struct json_node names;
	const char *name = "";
	int r = json_get_string(rule, "name", &name, err);
	if (r < 0)
		return r;
	r = json_get_array(rule, "names", &names, err);
	if (r < 0)
		return r;
	bool many = r > 0 && json_array_length(&names) > 0;
	if (many && *name)
		return json_error(rule, err, "has both \"name\" and \"names\"");
	if (!many && !*name)
		return json_error(rule, err, "names no system call");
	if (many)
		return copy_words(rule, "names", NULL, NULL, to, err);
	json_append_string(json_add_array(to, "names"), name);
	return 1;
}

static int copy_argument(const struct json_node *from, struct json_object *to, struct error *err)
{
	int r;
	if ((r = json_as_object(from, err)) < 0 || (r = copy_number(from, "index", ARGUMENT_INDEX_MAX, to, err)) < 0 ||
	    (r = copy_number(from, "value", UINT64_MAX, to, err)) < 0 ||
	    (r = copy_number(from, "valueTwo", UINT64_MAX, to, err)) < 0)
		return r;
	return copy_word(from, "op", seccomp_operator_words(), "operator", to, err);
}

static int copy_arguments(const struct json_node *rule, struct json_object *to, struct error *err)
{
	struct json_node array;
	int r = json_get_array(rule, "args", &array, err);
	if (r <= 0 || json_array_length(&array) == 0)
		return r;
	struct json_object *list = json_add_array(to, "args");
	for (size_t i = 0; i < json_array_length(&array); i++) {
		struct json_node element = json_array_at(&array, i);
		struct json_object *argument = json_object_new_object();
		json_object_array_add(list, argument);
		r = copy_argument(&element, argument, err);
		if (r < 0)
			return r;
	}
	return 1;
}

static int copy_rule(const struct json_node *rule, struct json_object *to, struct error *err)
{
	int r;
	if ((r = copy_names(rule, to, err)) < 0 ||
	    (r = copy_word(rule, "action", seccomp_action_words(), "action", to, err)) < 0 ||
	    (r = copy_number(rule, "errnoRet", UINT16_MAX, to, err)) < 0)
		return r;
	return copy_arguments(rule, to, err);
}

/* A rule that does not apply is checked all the same: what is wrong in a profile shows on every machine. */
static int convert_rule(const struct json_node *rule, const struct subject *subject, struct json_object *rules,
			struct error *err)
{
	int r = json_as_object(rule, err);
	if (r < 0)
		return r;
	int applies = rule_applies(rule, subject, err);
	if (applies < 0)
		return applies;
	_cleanup_json_ struct json_object *copy = json_object_new_object();
	r = copy_rule(rule, copy, err);
	if (r >= 0 && applies)
		json_object_array_add(rules, TAKE_PTR(copy));
	return r;
}

static int convert_rules(const struct json_node *profile, const struct subject *subject, struct json_object *to,
			 struct error *err)
{
	struct json_node array;
	int r = json_get_array(profile, "syscalls", &array, err);
	if (r <= 0)
		return r;
	struct json_object *rules = json_add_array(to, "syscalls");
	for (size_t i = 0; i < json_array_length(&array); i++) {
		struct json_node rule = json_array_at(&array, i);
		r = convert_rule(&rule, subject, rules, err);
		if (r < 0)
			return r;
	}
	return 1;
}

/* --- architectures --- */

/* The entry of "archMap" for this machine becomes "architectures". */
static int convert_map_entry(const struct json_node *entry, struct json_object *to, struct error *err)
{
	_cleanup_json_ struct json_object *copy = json_object_new_object();
	int r = json_as_object(entry, err);
	if (r < 0)
		return r;
	r = copy_word(entry, "architecture", seccomp_architecture_words(), "architecture", copy, err);
	if (r < 0)
		return r;
	r = copy_words(entry, "subArchitectures", seccomp_architecture_words(), "architecture", copy, err);
	if (r < 0)
		return r;
	const char *word = json_object_get_string(json_object_object_get(copy, "architecture"));
	if (!streq_null(word, seccomp_native_architecture()))
		return 0;
	struct json_object *list = json_add_array(to, "architectures");
	json_append_string(list, word);
	struct json_object *others = json_object_object_get(copy, "subArchitectures");
	for (size_t i = 0; others && i < json_object_array_length(others); i++)
		json_append_string(list, json_object_get_string(json_object_array_get_idx(others, i)));
	return 1;
}

static int convert_architectures(const struct json_node *profile, struct json_object *to, struct error *err)
{
	struct json_node map, list;
	int r = json_get_array(profile, "architectures", &list, err);
	if (r < 0)
		return r;
	bool listed = r > 0 && json_array_length(&list) > 0;
	r = json_get_array(profile, "archMap", &map, err);
	if (r < 0)
		return r;
	bool mapped = r > 0 && json_array_length(&map) > 0;
	if (listed && mapped)
		return json_error(&map, err, "cannot stand beside \"architectures\"");
	if (!mapped)
		return copy_words(profile, "architectures", seccomp_architecture_words(), "architecture", to, err);
	for (size_t i = 0; i < json_array_length(&map); i++) {
		struct json_node entry = json_array_at(&map, i);
		r = convert_map_entry(&entry, to, err);
		if (r < 0)
			return r;
	}
	return 1;
}

/* --- the whole --- */

/* Newer names than libseccomp's may be right; what the default profile does not have either is likely a slip. */
static void warn_of_unknown_names(const char *file, struct json_object *profile)
{
	_cleanup_str_ struct str unknown = { 0 };
	struct json_object *rules = json_object_object_get(profile, "syscalls");
	for (size_t i = 0; rules && i < json_object_array_length(rules); i++) {
		struct json_object *names = json_object_object_get(json_object_array_get_idx(rules, i), "names");
		for (size_t k = 0; k < json_object_array_length(names); k++) {
			const char *name = json_object_get_string(json_object_array_get_idx(names, k));
			if (!seccomp_knows_syscall(name) && !seccomp_default_names(name))
				str_appendf(&unknown, " %s", name);
		}
	}
	if (unknown.len)
		log_warn("seccomp profile %s: unknown system calls:%s", file, unknown.data);
}

static int convert(const struct json_node *profile, uint64_t capabilities, struct json_object *to, struct error *err)
{
	struct subject subject = get_subject(capabilities);
	int r;
	if ((r = json_as_object(profile, err)) < 0 ||
	    (r = copy_word(profile, "defaultAction", seccomp_action_words(), "action", to, err)) < 0 ||
	    (r = copy_number(profile, "defaultErrnoRet", UINT16_MAX, to, err)) < 0 ||
	    (r = convert_architectures(profile, to, err)) < 0 ||
	    (r = copy_words(profile, "flags", seccomp_flag_words(), "flag", to, err)) < 0 ||
	    (r = copy_string(profile, "listenerPath", to, err)) < 0 ||
	    (r = copy_string(profile, "listenerMetadata", to, err)) < 0)
		return r;
	return convert_rules(profile, &subject, to, err);
}

int seccomp_profile_parse(const char *text, size_t len, const char *name, uint64_t capabilities,
			  struct json_object **ret, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	int r = json_parse(text, len, name, ERR_SEC_SECCOMP, &document, err);
	if (r < 0)
		return r;
	struct json_node root = json_root(&document);
	_cleanup_json_ struct json_object *profile = json_object_new_object();
	r = convert(&root, capabilities, profile, err);
	if (r < 0)
		return r;
	warn_of_unknown_names(name, profile);
	*ret = TAKE_PTR(profile);
	return 0;
}

int seccomp_profile_load(const char *path, uint64_t capabilities, struct json_object **ret, struct error *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_sys_code(err, ERR_SEC_SECCOMP, errno, "open seccomp profile '%s'", path);
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = fd_read_text(fd, PROFILE_SIZE_MAX, path, &text, &len, err);
	return r < 0 ? r : seccomp_profile_parse(text, len, path, capabilities, ret, err);
}
