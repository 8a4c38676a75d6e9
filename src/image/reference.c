/* SPDX-License-Identifier: Apache-2.0 */
#include "image/reference.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/digest.h"

#define DEFAULT_REGISTRY "docker.io"
#define LEGACY_REGISTRY "index.docker.io" /* the same one, by the name that it had first */
#define OFFICIAL_PREFIX "library/"
#define DEFAULT_TAG "latest"

enum {
	REPOSITORY_LENGTH_MAX = 255,
	REGISTRY_LENGTH_MAX = 255,
	TAG_LENGTH_MAX = 128,
};

/* --- complaints --- */

/* As much of a name as a message can hold, each byte of it as \xNN, and still say what is wrong with it, digests too. */
#define NAME_FORMAT "%.128s"

static int invalid(const char *text, struct error *err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int invalid(const char *text, struct error *err, const char *fmt, ...)
{
	_cleanup_str_ struct str why = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vappendf(&why, fmt, args);
	va_end(args);
	return err_set(err, ERR_IMG_REF, "invalid image name \"" NAME_FORMAT "\": invalid reference format: %s", text,
		       str_text(&why));
}

/* @at is the offending character inside @text, or its end. */
static int unexpected(const char *text, const char *at, const char *where, struct error *err)
{
	size_t position = (size_t)(at - text) + 1;
	if (!*at)
		return invalid(text, err, "%s ends too early, at character %zu", where, position);
	if ((unsigned char)*at >= 0x80)
		return invalid(text, err, "%s may not hold the byte 0x%02x, at character %zu", where,
			       (unsigned char)*at, position);
	return invalid(text, err, "%s may not have '%c' there, at character %zu", where, *at, position);
}

/* --- the grammar; each of these checks the characters from @at up to @end --- */

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
	return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

/* domain-component ['.' domain-component]*, where a component neither begins nor ends with '-'. */
static int check_host_name(const char *text, const char *at, const char *end, struct error *err)
{
	for (const char *component = at;; component = at + 1) {
		for (at = component; at < end && (is_alnum(*at) || *at == '-');)
			at++;
		if (at < end && *at != '.')
			return unexpected(text, at, "a registry's name", err);
		if (at == component || *component == '-')
			return unexpected(text, component, "a registry's name", err);
		if (at[-1] == '-')
			return unexpected(text, at - 1, "a registry's name", err);
		if (at == end)
			return 0;
	}
}

/* "[2001:db8::1]" */
static int check_ipv6(const char *text, const char *at, const char *end, struct error *err)
{
	const char *inside = ++at;
	while (at < end && (isxdigit((unsigned char)*at) || *at == ':'))
		at++;
	if (at == inside || *at != ']')
		return unexpected(text, at, "an IPv6 address in brackets", err);
	return at + 1 == end ? 0 : unexpected(text, at + 1, "a registry's name", err);
}

static int check_registry(const char *text, const char *end, struct error *err)
{
	if (end - text > REGISTRY_LENGTH_MAX)
		return invalid(text, err, "the registry's name is longer than %d characters", REGISTRY_LENGTH_MAX);
	bool bracketed = *text == '[';
	const char *from = bracketed ? memchr(text, ']', (size_t)(end - text)) : text;
	const char *colon = from ? memchr(from, ':', (size_t)(end - from)) : NULL;
	const char *host_end = colon ? colon : end;
	int r = bracketed ? check_ipv6(text, text, host_end, err) : check_host_name(text, text, host_end, err);
	if (r < 0 || !colon)
		return r;
	const char *at = colon + 1;
	while (at < end && isdigit((unsigned char)*at))
		at++;
	return at == end && at > colon + 1 ? 0 : unexpected(text, at, "a registry's port", err);
}

/* separator := /[_.]|__|[-]+/ */
static const char *skip_separator(const char *at)
{
	if (*at == '.')
		return at + 1;
	if (*at == '_')
		return at + (at[1] == '_' ? 2 : 1);
	return at + strspn(at, "-");
}

/* path-component ['/' path-component]*, where a path-component is alpha-numeric [separator alpha-numeric]*. */
static int check_repository(const char *text, const char *at, const char *end, struct error *err)
{
	for (const char *c = at; c < end; c++)
		if (*c >= 'A' && *c <= 'Z')
			return invalid(text, err, "repository name must be lowercase, and has '%c' at character %zu",
				       *c, (size_t)(c - text) + 1);
	if (at == end)
		return invalid(text, err, "repository name must have at least one component");
	for (;;) {
		const char *word = at;
		while (at < end && is_lower_alnum(*at))
			at++;
		if (at == word)
			return unexpected(text, at, "a repository's name", err);
		if (at == end)
			return 0;
		const char *behind = *at == '/' ? at + 1 : skip_separator(at);
		if (behind == at)
			return unexpected(text, at, "a repository's name", err);
		at = behind;
	}
}

static int check_tag(const char *text, const char *at, const char *end, struct error *err)
{
	if (end - at > TAG_LENGTH_MAX)
		return invalid(text, err, "a tag has at most %d characters, this one %zu", TAG_LENGTH_MAX,
			       (size_t)(end - at));
	for (const char *c = at; c < end; c++)
		if (!is_alnum(*c) && *c != '_' && (c == at || (*c != '.' && *c != '-')))
			return unexpected(text, c, "a tag", err);
	return at < end ? 0 : unexpected(text, at, "a tag", err);
}

/* What an image's id looks like, which therefore no name may. */
static bool is_identifier(const char *text)
{
	return strlen(text) == DIGEST_HEX_LENGTH && strspn(text, "0123456789abcdef") == DIGEST_HEX_LENGTH;
}

/* --- reading --- */

/*
 * Where the registry's name ends (at its slash), or NULL: the first component is a registry only if it cannot be the
 * first of a path on the default one.
 */
static const char *find_registry_end(const char *text)
{
	const char *slash = strpbrk(text, "/@");
	if (!slash || *slash == '@')
		return NULL;
	size_t len = (size_t)(slash - text);
	if (len == strlen("localhost") && str_starts_with(text, "localhost"))
		return slash;
	for (size_t i = 0; i < len; i++)
		if (strchr(".:[", text[i]) || isupper((unsigned char)text[i]))
			return slash;
	return NULL;
}

/* The parts of a name, as pointers into it; each ends where the next begins. */
struct parts {
	const char *registry_end; /* or NULL */
	const char *repository, *repository_end;
	const char *tag, *tag_end; /* NULL without a tag */
	const char *digest;	   /* or NULL */
};

static struct parts split(const char *text)
{
	struct parts parts = { .registry_end = find_registry_end(text) };
	parts.repository = parts.registry_end ? parts.registry_end + 1 : text;
	parts.repository_end = parts.repository + strcspn(parts.repository, ":@");
	const char *at = parts.repository_end;
	if (*at == ':') {
		parts.tag = at + 1;
		parts.tag_end = at = parts.tag + strcspn(parts.tag, "@");
	}
	if (*at == '@')
		parts.digest = at + 1;
	return parts;
}

static int check_parts(const char *text, const struct parts *parts, struct error *err)
{
	int r = parts->registry_end ? check_registry(text, parts->registry_end, err) : 0;
	if (r == 0)
		r = check_repository(text, parts->repository, parts->repository_end, err);
	if (r == 0 && parts->tag)
		r = check_tag(text, parts->tag, parts->tag_end, err);
	if (r == 0 && parts->digest) {
		r = digest_check(parts->digest, err);
		if (r < 0)
			err_wrap(err, "invalid image name \"" NAME_FORMAT "\": invalid reference format", text);
	}
	return r;
}

static char *copy(const char *from, const char *end)
{
	return mem_strndup(from, (size_t)(end - from));
}

static void fill(const char *text, const struct parts *parts, struct image_reference *reference)
{
	reference->registry = parts->registry_end ? copy(text, parts->registry_end) : mem_strdup(DEFAULT_REGISTRY);
	if (streq(reference->registry, LEGACY_REGISTRY)) {
		free(reference->registry);
		reference->registry = mem_strdup(DEFAULT_REGISTRY);
	}
	reference->repository = copy(parts->repository, parts->repository_end);
	if (streq(reference->registry, DEFAULT_REGISTRY) && !strchr(reference->repository, '/')) {
		char *official = mem_printf(OFFICIAL_PREFIX "%s", reference->repository);
		free(reference->repository);
		reference->repository = official;
	}
	reference->digest = mem_strdup(parts->digest);
	if (parts->tag)
		reference->tag = copy(parts->tag, parts->tag_end);
	else if (!parts->digest)
		reference->tag = mem_strdup(DEFAULT_TAG);
}

int reference_parse(const char *text, struct image_reference *ret, struct error *err)
{
	if (!*text)
		return invalid(text, err, "it is empty");
	if (is_identifier(text))
		return invalid(text, err,
			       "it is an image's id and no name: cannot specify 64-byte hexadecimal strings");
	struct parts parts = split(text);
	int r = check_parts(text, &parts, err);
	if (r < 0)
		return r;
	_cleanup_reference_ struct image_reference reference = { 0 };
	fill(text, &parts, &reference);
	if (strlen(reference.repository) > REPOSITORY_LENGTH_MAX)
		return invalid(text, err, "repository name must not be more than %d characters", REPOSITORY_LENGTH_MAX);
	*ret = reference;
	reference = (struct image_reference){ 0 };
	return 0;
}

bool reference_is_short(const char *text)
{
	return !find_registry_end(text);
}

void reference_done(struct image_reference *reference)
{
	free(reference->registry);
	free(reference->repository);
	free(reference->tag);
	free(reference->digest);
	*reference = (struct image_reference){ 0 };
}

/* --- writing --- */

static char *with_suffixes(char *repository, const struct image_reference *reference)
{
	_cleanup_free_ char *name = repository;
	return mem_printf("%s%s%s%s%s", name, reference->tag ? ":" : "", reference->tag ? reference->tag : "",
			  reference->digest ? "@" : "", reference->digest ? reference->digest : "");
}

static char *full_repository(const struct image_reference *reference)
{
	return mem_printf("%s/%s", reference->registry, reference->repository);
}

char *reference_full(const struct image_reference *reference)
{
	return with_suffixes(full_repository(reference), reference);
}

char *reference_familiar(const struct image_reference *reference)
{
	return with_suffixes(reference_familiar_repository(reference), reference);
}

char *reference_familiar_repository(const struct image_reference *reference)
{
	if (!streq(reference->registry, DEFAULT_REGISTRY))
		return full_repository(reference);
	const char *official = str_after(reference->repository, OFFICIAL_PREFIX);
	const char *shorter = official && !strchr(official, '/') ? official : reference->repository;
	/* Shorter, but still read as the same name: "docker.io/localhost/x" is not "localhost/x". */
	if (find_registry_end(shorter) || is_identifier(shorter))
		return full_repository(reference);
	return mem_strdup(shorter);
}
